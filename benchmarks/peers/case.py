"""PyAirbyte and Singer beside ours and the floor: whole syncs at 1,000 rows a page, the table compared row for row."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.cases import TABLE, apart, database
from benchmarks.comparison import compare
from benchmarks.goals import Outcome, ratio
from benchmarks.measuring import ROOT, Measurement, contender, measure, new_home, serving

_CACHE = ROOT / "benchmarks" / ".cache"
_PEERS = {
    "PyAirbyte": ("airbyte_sync.py", ["airbyte==0.71.3"]),
    "Singer": ("singer_sync.py", ["tap-rest-api-msdk", "target-duckdb"]),
}
_ROWS, _LIMIT = 100_000, 1_000
# PyAirbyte keeps nine digits behind the point of a number.
_DIGITS = 8


def peers(folder: Path, rounds: int) -> Outcome:
    """The sync of one asset by every product that could be installed."""
    outcome = Outcome("peers", f"{_ROWS:,} rows, {_LIMIT:,} a page, no delay, into DuckDB")
    pythons = {name: python for name in _PEERS if (python := _python_of(name, outcome))}
    with serving(_ROWS, _LIMIT) as url:
        for number in range(rounds):
            home = new_home(folder / f"{number} ours")
            outcome.add("ours", contender("ours", url, _LIMIT, home))
            outcome.add("floor", contender("floor", url, _LIMIT, new_home(folder / f"{number} floor")))
            for name, python in pythons.items():
                theirs = new_home(folder / f"{number} {name}")
                outcome.add(name, _run(name, python, url, theirs))
                apart(compare, database(home), TABLE, database(theirs), TABLE, _DIGITS)
    outcome.notes.append("every table has the same rows, numbers compared to 8 places (PyAirbyte keeps 9)")
    for name in pythons:
        outcome.expect(f"{name} to ours", ratio(outcome.inner(name), outcome.inner("ours")), 3, "at least")
    return outcome


def _run(name: str, python: Path, url: str, home: Path) -> Measurement:
    script = Path(__file__).with_name(_PEERS[name][0])
    return measure([str(python), str(script), url, str(_LIMIT), str(home / "tables.duckdb")], home, PYTHONPATH="")


def _python_of(name: str, outcome: Outcome) -> Path | None:
    """The Python of a peer's virtual environment, which is made where it is missing; None where that fails."""
    folder = _CACHE / name.lower()
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        print(f"setting up {name} in {folder}", flush=True)
        try:
            subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=120)
            pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *_PEERS[name][1]]
            subprocess.run(pip, check=True, timeout=600)
        except (subprocess.SubprocessError, OSError) as error:
            outcome.notes.append(f"{name} could not be installed here ({type(error).__name__}) and is left out")
            return None
        (folder / "ready").touch()
    return python
