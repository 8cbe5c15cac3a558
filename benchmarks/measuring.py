"""Child processes measured from outside: wall and CPU seconds, and peak memory as the kernel counts it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parent.parent
_SETTINGS = {
    "DAGSTER_DISABLE_TELEMETRY": "1",
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "WARNING",
    "DO_NOT_TRACK": "1",
    "AIRBYTE_OFFLINE_MODE": "1",
    "PYTHONPATH": str(ROOT),
}


class ChildFailed(RuntimeError):
    """A measured process ended with an error; the text has the end of what it printed."""


@dataclass(frozen=True)
class Measurement:
    """One run of one contender.

    Args:
        wall: seconds of the whole process.
        cpu: CPU seconds of the process and its children.
        peak: megabytes of memory at most, of the largest process.
        inner: seconds of the sync alone, where the child tells them.
        facts: what else the child tells.
    """

    wall: float
    cpu: float
    peak: float
    inner: float = 0.0
    inner_cpu: float = 0.0
    facts: Mapping[str, Any] = field(default_factory=dict)


def new_home(folder: Path) -> Path:
    """A folder with a Dagster home that reports nothing."""
    folder.mkdir(parents=True)
    (folder / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    return folder


def measure(command: Sequence[str], home: Path, **variables: str) -> Measurement:
    """Run a command in a folder of its own and measure it.

    Args:
        command: program and arguments.
        home: its working folder, and Dagster's, dlt's and this project's home.
        variables: more of its environment.

    Raises:
        ChildFailed: it ended with an error.
    """
    printed, errors = home / "stdout.txt", home / "stderr.txt"
    started = time.perf_counter()
    with printed.open("wb") as out, errors.open("wb") as err:
        child = subprocess.Popen(command, cwd=home, env=_environment(home) | variables, stdout=out, stderr=err)
        _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise ChildFailed(f"{' '.join(command)} ended with {child.returncode}: {errors.read_text()[-2000:]}")
    told = _told(printed)
    return Measurement(
        wall,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2),
        told.get("seconds", 0.0),
        told.get("cpu", 0.0),
        told.get("facts", {}),
    )


def contender(
    name: str, url: str, limit: int, home: Path, variables: Mapping[str, str] | None = None, **choices: Any
) -> Measurement:
    """Run `benchmarks.contender` once, with more variables in its environment; see there."""
    words = [name, url, str(limit), str(home / "tables.duckdb"), json.dumps(choices)]
    return measure([sys.executable, "-m", "benchmarks.contender", *words], home, **(variables or {}))


@contextmanager
def serving(rows: int, limit: int, delay: float = 0.0, changed: int = 0) -> Iterator[str]:
    """The API in a process of its own; gives its address once every page is made."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {"port": port, "rows": rows, "limit": limit, "delay": delay, "changed": changed}
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    server = subprocess.Popen([sys.executable, "-m", "benchmarks.server", *words], cwd=ROOT)
    try:
        _wait_for(f"http://127.0.0.1:{port}", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def asked(url: str) -> int:
    """How many requests for rows the API had since this was asked last."""
    return int(requests.get(f"{url}/asked", timeout=10).json())


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and server.poll() is None:
        try:
            asked(url)
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return
    raise ChildFailed("the benchmark's own server did not start; run python -m benchmarks.server to see why")


def _environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    homes = dict.fromkeys(("MESSAGING_ASSETS_HOME", "DAGSTER_HOME", "DLT_DATA_DIR", "DLT_PROJECT_DIR"), str(home))
    return kept | _SETTINGS | homes


def _told(printed: Path) -> dict[str, Any]:
    lines = printed.read_text(errors="replace").strip().splitlines()
    try:
        told = json.loads(lines[-1]) if lines else {}
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
