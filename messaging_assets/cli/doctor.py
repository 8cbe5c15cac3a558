"""`messaging-assets doctor`: whether this machine and project are fit for a sync, and what to do where they are not."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from messaging_assets.foundation.printed_json import JsonCommand, print_json

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from messaging_assets.foundation.folders import ProjectFolders

_PACKAGES = ("messaging_assets", "dagster", "dagster-dlt", "dagster-embedded-elt", "dlt", "duckdb")
_LEAST_FREE = 1_000_000_000
# A file from the future by more than this was written by another clock.
_CLOCK_SECONDS = 120.0
_LONG_RUN_HOURS = 24.0


@dataclass(frozen=True)
class Symptom:
    """One thing that was looked at.

    Args:
        about: what was looked at, in one or two words.
        level: `good`, `note`, `warning` or `wrong`.
        what: what was found.
        mend: what to do; empty where all is well.
    """

    about: str
    level: str
    what: str
    mend: str = ""


@click.command(name="doctor", cls=JsonCommand, short_help="Look for what would keep a sync from working here.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as one JSON object.")
def command(as_json: bool) -> None:
    r"""Look at versions, settings, folders, secrets, the destination, the clock and Dagster; say what to do for each.

    Asks no API and loads nothing; it connects to the destination. It shows no secret, only which are set. Exit status
    1 if something is wrong.

    \b
    messaging-assets doctor
    messaging-assets doctor --json
    """
    found = list(examine())
    is_right = not any(one.level == "wrong" for one in found)
    if as_json:
        print_json({"is_right": is_right, "found": [asdict(one) for one in found]})
    else:
        _print(found, is_right)
    raise SystemExit(0 if is_right else 1)


def examine() -> Iterator[Symptom]:
    """Look at everything, one thing after the other; what fails itself is told as a symptom."""
    from messaging_assets.foundation.dagster_home import settle_dagster_home
    from messaging_assets.foundation.folders import settle_environment

    folders = settle_environment().make()
    yield from _versions()
    looks: tuple[tuple[str, Callable[[], Iterator[Symptom]]], ...] = (
        ("folders", lambda: _folders(folders)),
        ("clock", lambda: _clock(folders)),
        ("settings", _settings),
        ("refresh tokens", _refresh_tokens),
        ("API files", _api_files),
        ("destination", lambda: _destination(folders)),
        ("Dagster", lambda: _dagster(settle_dagster_home(folders))),
    )
    for about, look in looks:
        try:
            yield from look()
        except Exception as error:  # noqa: BLE001 - a doctor goes on to the next thing
            from messaging_assets.assets.failure_sentence import as_failure

            yield Symptom(about, "wrong", str(as_failure(about, error)), "mend that first, and run doctor again")


def _versions() -> Iterator[Symptom]:
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = ""
    words = ", ".join(f"{name} {number}" for name, number in versions.items() if number)
    yield Symptom("versions", "good", f"Python {sys.version.split()[0]}, {words}")


def _folders(folders: ProjectFolders) -> Iterator[Symptom]:
    yield Symptom("project", "good", f"{folders.home}")
    free = shutil.disk_usage(folders.state).free
    if free < _LEAST_FREE:
        what = f"{free / 1e9:.1f} GB are free where {folders.state} is"
        yield Symptom("disk", "warning", what, "free some space, or a long read may end halfway")
    is_shut = [path for path in (folders.state, folders.pipelines, folders.locks) if not os.access(path, os.W_OK)]
    for path in is_shut:
        yield Symptom("folders", "wrong", f"{path} cannot be written", "see who owns it, and run as that user")


def _clock(folders: ProjectFolders) -> Iterator[Symptom]:
    files = [path for folder in (folders.pipelines, folders.dagster) for path in folder.glob("*")]
    newest = max((path.stat().st_mtime for path in files), default=0.0)
    if newest > time.time() + _CLOCK_SECONDS:
        what = f"files of this project are {(newest - time.time()) / 60:.0f} minutes younger than this machine's clock"
        yield Symptom("clock", "warning", what, "set the clock; times of loads and of starts would be wrong")


def _settings() -> Iterator[Symptom]:
    from messaging_assets.seams.dlt_settings import REFUSED

    for name, default in REFUSED.items():
        if os.environ.get(name, default).lower() != default.lower():
            what = f"the environment variable {name} changes what dlt writes, so every sync is refused"
            yield Symptom("settings", "wrong", what, f"unset {name}")


def _refresh_tokens() -> Iterator[Symptom]:
    from messaging_assets.foundation.redaction import Redaction
    from messaging_assets.http.ways.shared_token import shared_store

    if shared_store(Redaction()) is not None:
        yield Symptom("refresh tokens", "good", "they are shared with other machines, in a PostgreSQL database")


def _api_files() -> Iterator[Symptom]:
    from messaging_assets.assets.credentials import build_credentials
    from messaging_assets.description.authentication import secrets_of
    from messaging_assets.description.names import variable
    from messaging_assets.files.api_files import api_folders, project_files

    files, folders = project_files(), [str(folder) for folder in api_folders()]
    if not files.descriptions and not files.broken:
        what = f"there is no API file in {' or '.join(folders) or 'this project'}"
        yield Symptom("API files", "warning", what, "make one with messaging-assets discover, or copy _template.yaml")
    for name, error in files.broken.items():
        first = str(error).splitlines()[0]
        yield Symptom(f"API {name}", "wrong", f"its file is wrong: {first}", f"messaging-assets validate {name}")
    for description in files.descriptions:
        credentials = build_credentials(description)
        resources = description.resources_with_unselected.values()
        names = dict.fromkeys(secrets_of(description.auth_of(resource) for resource in resources))
        missing = [name for name in names if not credentials.look_up(description.name, name)]
        about, lists = f"API {description.name}", len(description.resources_in_full)
        if missing:
            variables = " and ".join(variable(description.name, name) for name in missing)
            yield Symptom(
                about, "warning", f"{lists} resources; no {' and no '.join(missing)} is set", f"set {variables}"
            )
        else:
            yield Symptom(
                about, "good", f"{lists} resources; {'every secret is set' if names else 'it needs no secret'}"
            )


def _destination(folders: ProjectFolders) -> Iterator[Symptom]:
    import dlt

    from messaging_assets.destination.pipelines import destination_profile
    from messaging_assets.seams.destinations.dlt_duckdb import DatabaseHeld
    from messaging_assets.seams.dlt_settings import own_settings

    profile = destination_profile(folders)
    if driver := profile.missing_driver():
        yield Symptom("destination", "wrong", driver.rstrip("."), "install it, and run doctor again")
        return
    if profile.is_files:
        yield Symptom("destination", "good", f"{profile.words}; files are not tried here")
        return
    if profile.kind == "duckdb" and not folders.database.exists():
        yield Symptom("destination", "good", f"{profile.words}; nothing is loaded yet")
        return
    client: Any = dlt.dataset(profile.destination, "doctor", profile.new_schema("doctor")).sql_client
    # Whoever holds the file may do so for long, and that is what to tell.
    client.longest_wait = 1.0
    try:
        with own_settings(), client:
            client.execute_sql("SELECT 1")
    except DatabaseHeld as held:
        yield Symptom("destination", "warning", held.what, "end that process, or let a sync wait for it")
    except Exception as error:  # noqa: BLE001 - whatever a driver raises; its words may hold the address' secrets
        what = f"{profile.words} does not answer ({type(error).__name__})"
        yield Symptom("destination", "wrong", what, "see that it runs, and what .dlt/ and the environment say of it")
    else:
        yield Symptom("destination", "good", f"{profile.words} answers")


def _dagster(home: Path) -> Iterator[Symptom]:
    from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

    with DagsterInstance.get() as instance:
        yield from _daemon(instance)
        going_on = instance.get_run_records(RunsFilter(statuses=[DagsterRunStatus.STARTED]))
        ages = [(time.time() - (one.start_time or time.time())) / 3600 for one in going_on]
        stale = [
            f"{one.dagster_run.run_id[:8]}"
            for one, hours in zip(going_on, ages, strict=True)
            if hours > _LONG_RUN_HOURS
        ]
        if stale:
            what = f"runs that began more than {_LONG_RUN_HOURS:.0f} hours ago are still under way: {', '.join(stale)}"
            yield Symptom("runs", "warning", what, "look at them in the UI; terminate those whose process is gone")
        yield Symptom("Dagster", "good", f"its storage is {home}, {len(going_on)} runs under way")


def _daemon(instance: DagsterInstance) -> Iterator[Symptom]:
    if instance.is_ephemeral:
        return
    # Only a schedule or sensor that is switched on needs a daemon.
    switched_on = [one for one in instance.all_instigator_state() if one.is_running]
    if not switched_on:
        yield Symptom("schedules", "note", "no schedule or sensor is switched on", "switch them on under Automation")
        return
    beats = instance.get_daemon_statuses().values()
    dead = ", ".join(one.daemon_type.lower() for one in beats if one.required and not one.healthy)
    if dead:
        what = (
            f"{len(switched_on)} schedules and sensors are switched on, but {dead} is not alive, so none of them ticks"
        )
        yield Symptom("daemon", "wrong", what, "start messaging-assets dev, or dagster-daemon run")
    else:
        yield Symptom("daemon", "good", f"alive; {len(switched_on)} schedules and sensors are switched on")


def _print(found: list[Symptom], is_right: bool) -> None:
    from rich.table import Table
    from rich.text import Text

    from messaging_assets.cli.chosen_api import wide_console

    styles = {"good": "green", "note": "dim", "warning": "yellow", "wrong": "bold red"}
    table = Table("", "about", "what was found", "what to do")
    for one in found:
        table.add_row(
            Text(one.level, style=styles[one.level]), one.about, Text(one.what, overflow="fold"), Text(one.mend)
        )
    console = wide_console()
    console.print(table)
    words = "Nothing here keeps a sync from working." if is_right else "Mend what is wrong, and run doctor again."
    console.print(words, style="green" if is_right else "bold red")
