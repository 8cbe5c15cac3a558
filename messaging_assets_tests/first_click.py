"""The README, followed word by word as a person does: in a clone, with an empty home folder and a bare environment.

    python -m messaging_assets_tests.first_click      clones this checkout, and stops at the first thing that is wrong

Every command is run, every file written, and every line that the README shows is looked for in what was printed. The
button is pressed twice. A clean room would hide what a checkout brings along, such as its own `.dlt/config.toml`.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import requests

from messaging_assets.sandbox import Sandbox
from messaging_assets_tests.conftest import TELEMETRY_OFF
from messaging_assets_tests.docs_pages import blocks_of, in_a_pipe
from messaging_assets_tests.programs import CHECKOUT
from messaging_assets_tests.running_dagster import ask, free_port, materialize, wait_until_it_answers

ASSETS = """{ assetNodes { assetKey { path } isMaterializable
  assetMaterializations(limit: 9) { runId }
  assetChecksOrError { ... on AssetChecks { checks { name executionForLatestMaterialization { status } } } } } }"""
# All that the README may count on, beside where a machine has its package index and its certificates.
KEPT = re.compile(r"PATH|LANG|(PIP|UV|SSL)_\w+|\w+_CA_BUNDLE|(?i:\w+_proxy)")


def press(ui: str, sandbox: str, database: Path, times: int, apis: Mapping[str, str] | None = None) -> None:
    """Press "Materialize all", and compare every table with the sandbox after each time.

    Args:
        ui: where `messaging-assets dev` serves.
        sandbox: the sandbox's address.
        database: the DuckDB file that the assets are loaded into.
        times: how often.
        apis: the API of the sandbox behind each group, where they differ in name; None presses all as shipped.

    Raises:
        AssertionError: an asset is red, a check did not pass, or a table has other rows than the API.
    """
    for pressed in range(1, times + 1):
        # The sandbox grows as real APIs do, so a table lies between what was there before and after.
        before = _counts(sandbox)
        keys = [node["assetKey"]["path"] for node in ask(ui, ASSETS)["assetNodes"] if node["isMaterializable"]]
        materialize(ui, keys, location=_location(ui))
        after = _counts(sandbox)
        with duckdb.connect(str(database), read_only=True) as connection:
            for group, resource in keys:
                rows = connection.execute(f'SELECT count(*), count(DISTINCT id) FROM "{group}"."{resource}"').fetchone()
                api = (apis or {}).get(group, group)
                assert rows, (group, resource)
                least, most = before[api, resource], after[api, resource]
                assert rows[0] == rows[1], f"{group}/{resource}: {rows[0]} rows, {rows[1]} ids"
                assert least <= rows[0] <= most, f"{group}/{resource}: {rows[0]} rows of {least} to {most}"
        for node in ask(ui, ASSETS)["assetNodes"]:
            if node["isMaterializable"]:
                _assert_green(node, pressed)


def sandbox_of(log: Path) -> str:
    """The sandbox's address in what `messaging-assets dev` printed."""
    [address] = re.findall(r"^The sandbox plays .* at (http://\S+)$", log.read_text(), re.MULTILINE)
    return str(address)


def _counts(sandbox: str) -> dict[tuple[str, str], int]:
    served: list[dict[str, Any]] = requests.get(sandbox, timeout=10).json()
    return {(one["api"], one["resource"]): one["rows"] for one in served}


def _location(ui: str) -> str:
    found = ask(ui, "{ repositoriesOrError { ... on RepositoryConnection { nodes { location { name } } } } }")
    [node] = found["repositoriesOrError"]["nodes"]
    return str(node["location"]["name"])


def _assert_green(node: dict[str, Any], pressed: int) -> None:
    name = "/".join(node["assetKey"]["path"])
    assert len(node["assetMaterializations"]) >= pressed, name
    checks = node["assetChecksOrError"]["checks"]
    assert checks, name
    for check in checks:
        status = (check["executionForLatestMaterialization"] or {}).get("status")
        assert status == "SUCCEEDED", f"{name}: {check['name']} is {status}"


def fresh_clone(folder: Path) -> Path:
    """A clone of what this checkout has committed, with its changes that are not."""
    clone = folder / "clone"
    subprocess.run(["git", "clone", "--quiet", str(CHECKOUT), str(clone)], check=True)
    changed = subprocess.run(["git", "diff", "HEAD", "--binary"], cwd=CHECKOUT, check=True, capture_output=True).stdout
    if changed.strip():
        subprocess.run(["git", "apply", "-"], cwd=clone, input=changed, check=True)
    return clone


@contextmanager
def _made(command: list[str], log: Path, **more: Any) -> Iterator[subprocess.Popen[bytes]]:
    """What make started; Ctrl-C reaches it and all its children, as from a terminal."""
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True, **more)
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(timeout=300)


def follow(clone: Path, own: dict[str, str], sandbox: Sandbox) -> None:
    """Do what the README says, from its first block to its last."""
    printed = ""
    for block in blocks_of((clone / "README.md").read_text(encoding="utf-8")):
        if block.word:
            (clone / block.word).parent.mkdir()
            (clone / block.word).write_text(block.text, encoding="utf-8")
        elif block.language == "sh":
            for line in block.text.splitlines():
                printed += _command(shlex.split(line, comments=True), clone, own, sandbox)
        elif block.language == "text":
            shown = " ".join(printed.split())
            missing = [line for line in block.text.splitlines() if in_a_pipe(line) not in shown]
            assert not missing, f"not printed: {missing}"
        else:
            assert block.language == "python", f"nobody follows a block of {block.language}"
            subprocess.run([clone / ".venv" / "bin" / "python", "-c", block.text], cwd=clone, env=own, check=True)


def _command(command: list[str], clone: Path, own: dict[str, str], sandbox: Sandbox) -> str:
    """Run one command, and return what it printed."""
    match command:
        case ["make", "dev"]:
            _develop(clone, own)
        case ["export", setting]:
            # The README's API is nobody's, and its secret is the reader's own.
            own[setting.partition("=")[0]] = sandbox.keys["messaging"]
            own["TEAM_CHAT__BASE_URL"] = f"{sandbox.url}/messaging"
        case [_, *_]:
            done = subprocess.run(command, cwd=clone, env=own, stdout=subprocess.PIPE, text=True, check=False)
            sys.stdout.write(done.stdout)
            assert done.returncode == 0, f"{shlex.join(command)} ended with {done.returncode}"
            return done.stdout
    return ""


def _develop(clone: Path, own: Mapping[str, str]) -> None:
    """`make dev`, and its button."""
    port, log = free_port(), clone.with_name("dev.log")
    with _made(["make", "dev", f"ARGS=--port {port}"], log, env=own, cwd=clone) as process:
        wait_until_it_answers(f"http://127.0.0.1:{port}", process, log)
        known = ask(f"http://127.0.0.1:{port}", ASSETS)["assetNodes"]
        assert not [node for node in known if node["assetMaterializations"]], "the UI tells of the demo's tables"
        press(f"http://127.0.0.1:{port}", sandbox_of(log), clone / ".messaging_assets" / "warehouse.duckdb", 2)


def main() -> None:
    """Follow the README in a fresh clone with an empty home folder."""
    with tempfile.TemporaryDirectory(prefix="first_click_") as folder, Sandbox() as sandbox:
        home = Path(folder) / "home"
        home.mkdir()
        own = {name: value for name, value in os.environ.items() if KEPT.fullmatch(name)}
        own |= {"HOME": str(home), **TELEMETRY_OFF}
        clone = fresh_clone(Path(folder))
        follow(clone, own, sandbox)
        left = sorted({path.name for path in home.iterdir()} & {".dagster", ".dlt", ".dg", ".messaging_assets"})
        assert not left, f"the home folder was written to: {left}"
        strange = subprocess.run(
            ["git", "status", "--short"], cwd=clone, check=True, capture_output=True, text=True
        ).stdout
        changed = [line for line in strange.splitlines() if line.startswith("??") and line != "?? apis/"]
        assert not changed, f"files that git would take: {changed}"
    sys.stdout.write("first click: every command, file and line of the README is right in a fresh clone\n")


if __name__ == "__main__":
    main()
