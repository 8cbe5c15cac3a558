"""`messaging-assets dev`: the Dagster UI on this project, with the sandbox playing the shipped APIs."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path
from threading import Event, Thread
from typing import IO
from urllib.request import ProxyHandler, Request, build_opener

import click

from messaging_assets.foundation.dagster_home import opened_instance, settle_dagster_home
from messaging_assets.foundation.dg_project import dg_project
from messaging_assets.foundation.folders import SHIPPED_APIS, checkout, project_folders
from messaging_assets.foundation.printed_json import JsonCommand, print_json
from messaging_assets.foundation.private_files import PRIVATE_FILE

SEED = 7
_PATIENCE, _EACH_LOOK = 15.0, 1.0
# Of so many files that changed the names are shown.
_NAMED = 3
_RELOAD = "mutation { reloadWorkspace { ... on Workspace { locationEntries { locationOrLoadError { __typename } } } } }"
_LOADED, _NOT_LOADED = (
    "so the code location was loaded anew",
    "and the code location cannot be loaded; its error is above",
)
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@click.command(cls=JsonCommand, short_help="Open the Dagster UI, with the sandbox playing the shipped APIs.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address the UI listens on.")
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Port of the UI.  [default: 3000, or a free one when that is taken]"
)
@click.option("--sandbox/--no-sandbox", default=True, show_default=True, help="Whether to start the sandbox.")
@click.option(
    "--grow-every", type=float, default=60.0, show_default=True, metavar="SECONDS",
    help="How often the sandbox's APIs get newer rows, for sensors to find; 0 is never.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the addresses as one JSON object, and all else as errors.")
def dev(host: str, port: int | None, sandbox: bool, grow_every: float, as_json: bool) -> None:
    r"""Open the Dagster UI on this project; Ctrl-C ends it and all it started.

    The sandbox plays the shipped APIs of which no secret or address is set; those that are set are asked as they
    are. A project of dg gets its own code location in place of them. Tables, run history and all else stay in
    .messaging_assets/ (a DAGSTER_HOME that is set wins). A new or changed API file is in the UI some seconds later.

    \b
    messaging-assets dev
    messaging-assets dev --port 3100 --no-sandbox
    """
    if port is not None:
        _refuse_taken(host, port)
    home = settle_dagster_home(project_folders())
    with opened_instance(whole=True):
        pass  # it begins; else each of its processes would say why not, at length
    for number in _ENDING:
        signal.signal(number, signal.default_int_handler)
    played = _apis_to_play() if sandbox else []
    with only_one(home) as lock, _sandbox(played, grow_every, is_quiet=as_json) as environment:
        port = port or _free_port(host)
        if as_json:
            told = {"address": f"http://{host}:{port}", "run_history": str(home), "sandbox": sorted(played)}
            print_json(told, indent=None)
        else:
            click.echo(f"Run history: {home}")
        arguments = ["--host", host, "--port", str(port), *_workspace()]
        # `dagster dev` advises `dg dev`, which needs a project of dg's own layout.
        command = [sys.executable, "-W", "ignore::FutureWarning", "-m", "dagster", "dev", *arguments]
        output = sys.stderr if as_json else None
        with _reloading(host, port, is_quiet=as_json):
            asked = {**os.environ, **past_proxies(os.environ), **environment}
            raise SystemExit(_run_until_told(command, asked, output, lock))


@contextmanager
def only_one(home: Path, verb: str = "dev") -> Iterator[int | None]:
    """Stop where another one runs on the same folder: two daemons would both start what is scheduled.

    Yields:
        The lock's open file. Whoever has it open holds the lock, so that what outlives this process does.
    """
    try:
        lock = os.open(home / f".{verb}.lock", os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
    except OSError:
        yield None  # a folder of the user's that cannot be written
        return
    try:
        with suppress(OSError):  # a file system without locks
            _hold(lock, home, verb)
        yield lock
    finally:
        os.close(lock)


def _hold(lock: int, home: Path, verb: str) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        process = os.pread(lock, 20, 0).decode(errors="replace").strip()
        holder = f" (process {process})" if process else ""
        told = f"messaging-assets {verb} runs on {home} already{holder}; end it first"
        step = "set DAGSTER_HOME to another folder" if verb == "dev" else "wait for it"
        raise click.ClickException(f"{told}, or {step}.") from None
    os.ftruncate(lock, 0)


def _refuse_taken(host: str, port: int) -> None:
    """Stop where another program listens: Dagster's daemon would run on without its UI."""
    try:
        socket.create_server((host, port)).close()
    except socket.gaierror:
        return  # a name that the web server may know
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        told = f"{host}:{port} cannot be used ({reason}); choose another --port, or --host."
        raise click.ClickException(told) from None


def _free_port(host: str) -> int:
    """Dagster's own port, or any that is free."""
    for port in (3000, 0):
        with suppress(OSError), socket.create_server((host, port)) as free:
            return int(free.getsockname()[1])
    return 3000


def _apis_to_play() -> list[str]:
    """The shipped APIs that are served here and about which the user has set nothing."""
    from messaging_assets.files.api_files import api_folders

    if SHIPPED_APIS not in [folder.resolve() for folder in api_folders()]:
        return []
    names = sorted(path.stem for path in SHIPPED_APIS.glob("*.yaml") if not path.stem.startswith("_"))
    return [name for name in names if not _is_set_by_user(name)]


def _is_set_by_user(api: str) -> bool:
    import dlt

    if any(name.startswith(f"{api.upper()}__") for name in os.environ):
        return True
    return bool(dlt.secrets.get(f"sources.{api}"))


@contextmanager
def _sandbox(apis: list[str], grow_every: float, is_quiet: bool = False) -> Iterator[Mapping[str, str]]:
    """Run the sandbox in a process of its own; yields the variables that point the APIs at it."""
    if not apis:
        click.echo("No API is played by the sandbox.", err=is_quiet)
        yield {}
        return
    grow = ["--grow-every", str(grow_every)] if grow_every > 0 else []
    command = [sys.executable, "-m", "messaging_assets.sandbox", "--port", "0", "--seed", str(SEED), *grow]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            address = process.stdout.readline().strip() if process.stdout else ""
            if not address:
                raise click.ClickException("the sandbox did not start; its error is above")
            click.echo(f"The sandbox plays {', '.join(apis)} at {address}", err=is_quiet)
            yield _variables(address, apis)
        finally:
            process.terminate()


def past_proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables by which no proxy is asked for what this machine itself answers, as the sandbox and the UI do.

    Args:
        environment: the variables as they are; hosts that they name stay. Python prefers the small name.
    """
    named = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    hosts = named if named == "*" else ",".join(filter(None, (named, "localhost,127.0.0.1")))
    return {"no_proxy": hosts, "NO_PROXY": hosts}


def _variables(address: str, apis: list[str]) -> dict[str, str]:
    with build_opener(ProxyHandler({})).open(f"{address}/_control", timeout=10) as answer:
        every: dict[str, str] = json.load(answer)["environment"]
    prefixes = tuple(f"{api.upper()}__" for api in apis)
    return {name: value for name, value in every.items() if name.startswith(prefixes)}


def _workspace() -> list[str]:
    """The code location of a `dg` project; else the checkout's workspace file; else the package's module."""
    from messaging_assets.files.api_files import api_folders

    project = dg_project()
    if project is not None and not api_folders():
        if project.definitions_module is None:
            raise click.ClickException(f"{project.root} has autoload_defs, which Dagster's own `dg dev` opens")
        return ["-m", project.definitions_module, "-d", str(project.source)]
    folder = checkout()
    return ["-w", str(folder / "workspace.yaml")] if folder else ["-m", "messaging_assets.definitions"]


@contextmanager
def _reloading(host: str, port: int, is_quiet: bool) -> Iterator[None]:
    """Let the UI load its code location anew whenever an API file or dlt's settings changed."""
    is_over = Event()
    Thread(target=_reload_with_files, args=[host, port, is_quiet, is_over], daemon=True).start()
    try:
        yield
    finally:
        is_over.set()


def _reload_with_files(host: str, port: int, is_quiet: bool, is_over: Event) -> None:
    loaded = seen = _watched()
    while not is_over.wait(_EACH_LOOK):
        # An editor may write a file in several steps.
        before, seen = seen, _watched()
        changed = sorted({path.name for path, _ in seen.items() ^ loaded.items()})
        if changed and seen == before and (then := _reload(host, port)):
            loaded = seen
            more = f" and {len(changed) - _NAMED} more" if len(changed) > _NAMED else ""
            click.echo(f"{', '.join(changed[:_NAMED])}{more} changed, {then}.", err=is_quiet)


def _watched() -> dict[Path, tuple[int, int]]:
    """The files on which the definitions depend, each with the time of its last change and its bytes."""
    from messaging_assets.files.api_files import api_folders
    from messaging_assets.files.components import component_files

    files: list[Path] = []
    with suppress(OSError):  # a folder went meanwhile
        files += [path for folder in api_folders() for path in folder.glob("*.y*ml")]
        files += (project_folders().home / ".dlt").glob("*.toml")
        if (project := dg_project()) is not None:
            # A component may name a file anywhere.
            files += [one.file.resolve() for one in component_files() if one.file]
            files += [path for kind in ("*.y*ml", "component.py") for path in project.defs_folder.rglob(kind)]
    found = {}
    for path in files:
        with suppress(OSError):  # it went meanwhile
            found[path] = (path.stat().st_mtime_ns, path.stat().st_size)
    return found


def _reload(host: str, port: int) -> str | None:
    """Let the UI load its code location anew, and say as a clause how that went; None where it is not there yet."""
    asked = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    address = f"http://{f'[{asked}]' if ':' in asked else asked}:{port}/graphql"
    request = Request(address, json.dumps({"query": _RELOAD}).encode(), {"Content-Type": "application/json"})
    try:
        with build_opener(ProxyHandler({})).open(request, timeout=_PATIENCE * 20) as answer:
            return _NOT_LOADED if b"PythonError" in answer.read() else _LOADED
    except (OSError, HTTPException):
        return None


def _run_until_told(
    command: list[str], environment: Mapping[str, str], output: IO[str] | None = None, lock: int | None = None
) -> int:
    """Run a command until it ends or this process is told to end, and end it then.

    It gets a session of its own. So Ctrl-C reaches it once, from here. It does not reach it a second time from the
    terminal, while it shuts its own children down.

    Returns:
        Exit status: 0 after a signal.
    """
    kept = [] if lock is None else [lock]
    process = subprocess.Popen(command, env=environment, start_new_session=True, stdout=output, pass_fds=kept)
    for one in kept:
        os.pwrite(one, str(process.pid).encode(), 0)
    told: list[int] = []

    def pass_on(number: int, _: object) -> None:
        told.append(number)
        process.send_signal(signal.SIGTERM if len(told) == 1 else signal.SIGKILL)

    for number in _ENDING:
        signal.signal(number, pass_on)
    status = process.wait()
    _end_group(process.pid)
    return 0 if told else status


def _end_group(group: int) -> None:
    """End what is left of a process group: Dagster's code server outlives the others by some seconds."""
    end = time.monotonic() + _PATIENCE
    with suppress(ProcessLookupError):  # nothing is left
        os.killpg(group, signal.SIGTERM)
        while time.monotonic() < end:
            os.killpg(group, 0)
            time.sleep(0.1)
        os.killpg(group, signal.SIGKILL)
