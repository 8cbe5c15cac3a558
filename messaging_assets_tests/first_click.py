"""The README's first minutes, as a person has them: a clone, two commands, and one button pressed twice.

    python -m messaging_assets_tests.first_click      clones this checkout, and stops at the first thing that is wrong

A clean room hides what a checkout brings along, such as its own `.dlt/config.toml`. So this one has none but the home
folder: it is empty.
"""

from __future__ import annotations

import os
import re
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

from messaging_assets_tests.programs import CHECKOUT
from messaging_assets_tests.running_dagster import ask, free_port, materialize, wait_until_it_answers

ASSETS = """{ assetNodes { assetKey { path } isMaterializable
  assetMaterializations(limit: 9) { runId }
  assetChecksOrError { ... on AssetChecks { checks { name executionForLatestMaterialization { status } } } } } }"""
# What a person may have set for work of another kind; the two commands are promised without it.
FOREIGN = (
    "DAGSTER",
    "DLT",
    "DESTINATION",
    "MESSAGING",
    "RUNTIME__",
    "PYTHONPATH",
    "PYTHONDONTWRITEBYTECODE",
    "VIRTUAL",
)


def press_twice(ui: str, sandbox: str, database: Path, apis: Mapping[str, str] | None = None) -> None:
    """Press "Materialize all" twice, and compare every table with the sandbox after each.

    Args:
        ui: where `messaging-assets dev` serves.
        sandbox: the sandbox's address.
        database: the DuckDB file that the assets are loaded into.
        apis: the API of the sandbox behind each group, where they differ in name; None presses all as shipped.

    Raises:
        AssertionError: an asset is red, a check did not pass, or a table has other rows than the API.
    """
    for press in (1, 2):
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
                _assert_green(node, press)


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


def _assert_green(node: dict[str, Any], press: int) -> None:
    name = "/".join(node["assetKey"]["path"])
    assert len(node["assetMaterializations"]) >= press, name
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
            process.wait(timeout=60)


def main() -> None:
    """Follow the README in a fresh clone with an empty home folder."""
    with tempfile.TemporaryDirectory(prefix="first_click_") as folder:
        home = Path(folder) / "home"
        home.mkdir()
        own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        own["HOME"] = str(home)
        clone = fresh_clone(Path(folder))
        subprocess.run(["make", "demo"], cwd=clone, env=own, check=True)
        port, log = free_port(), Path(folder) / "dev.log"
        with _made(["make", "dev", f"ARGS=--port {port}"], log, env=own, cwd=clone) as process:
            wait_until_it_answers(f"http://127.0.0.1:{port}", process, log)
            known = ask(f"http://127.0.0.1:{port}", ASSETS)["assetNodes"]
            assert not [node for node in known if node["assetMaterializations"]], "the UI tells of the demo's tables"
            press_twice(f"http://127.0.0.1:{port}", sandbox_of(log), clone / ".messaging_assets" / "warehouse.duckdb")
        left = sorted({path.name for path in home.iterdir()} & {".dagster", ".dlt", ".dg", ".messaging_assets"})
        assert not left, f"the home folder was written to: {left}"
        strange = subprocess.run(
            ["git", "status", "--short"], cwd=clone, check=True, capture_output=True, text=True
        ).stdout
        changed = [line for line in strange.splitlines() if line.startswith("??")]
        assert not changed, f"files that git would take: {changed}"
    sys.stdout.write("first click: make demo, make dev and Materialize all, twice, are right in a fresh clone\n")


if __name__ == "__main__":
    main()
