"""What was measured, in words and as CSV, with the machine and the versions beside it."""

from __future__ import annotations

import csv
import importlib.metadata
import os
import platform
from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path

from benchmarks.goals import Outcome, Spread

_PACKAGES = ("dagster", "dagster-dlt", "dlt", "duckdb", "pyarrow", "orjson", "requests")


def machine() -> str:
    """Processor, cores, memory, system, Python, and how many processes wanted a core lately, in one line."""
    cpu = next((line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "")
    kilobytes = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    size = f"{os.cpu_count()} cores, {kilobytes / 1024**2:.0f} GB"
    return f"{cpu or platform.machine()}, {size}, {system}, load {os.getloadavg()[1]:.0f}"


def versions() -> str:
    """The versions of what does the work."""
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES)


def in_words(outcome: Outcome) -> str:
    """One case as a table for a terminal."""
    lines = [
        f"\n{outcome.case}: {outcome.title}",
        f"  {'':28}{'sync s':>22}{'process s':>22}{'CPU s':>22}{'peak MB':>18}",
    ]
    for name in outcome.runs:
        cells = [_cell(read(name)) for read in (outcome.inner, outcome.wall, outcome.cpu)]
        lines.append(f"  {name:28}{''.join(f'{cell:>22}' for cell in cells)}{_cell(outcome.peak(name), 0):>18}")
    for goal in outcome.goals:
        mark = "met" if goal.is_met else "NOT MET"
        lines.append(f"  {goal.words}: {goal.measured}{goal.unit}, goal {goal.sense} {goal.bound:g}{goal.unit}: {mark}")
    return "\n".join(lines + [f"  {note}" for note in outcome.notes])


def write_csv(outcomes: Iterable[Outcome], folder: Path) -> None:
    """`runs.csv` has a line a process, `goals.csv` a line a goal."""
    folder.mkdir(parents=True, exist_ok=True)
    moment, where, what = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%MZ"), machine(), versions()
    with (folder / "runs.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        numbers = ["sync_seconds", "process_seconds", "cpu_seconds", "peak_mb"]
        writer.writerow(["case", "contender", "round", *numbers, "measured_at", "machine", "versions"])
        for outcome in outcomes:
            for name, runs in outcome.runs.items():
                for number, run in enumerate(runs, 1):
                    numbers = [f"{value:.3f}" for value in (run.inner, run.wall, run.cpu, run.peak)]
                    writer.writerow([outcome.case, name, number, *numbers, moment, where, what])
    with (folder / "goals.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["case", "goal", "median", "least", "most", "unit", "sense", "bound", "met"])
        for goal in (goal for outcome in outcomes for goal in outcome.goals):
            values = goal.measured.values
            numbers = [f"{value:.3f}" for value in (goal.measured.median, min(values), max(values))]
            writer.writerow([goal.case, goal.words, *numbers, goal.unit.strip(), goal.sense, goal.bound, goal.is_met])


def _cell(values: list[float], places: int = 2) -> str:
    if not any(values):
        return ""
    spread = Spread(tuple(values))
    low, high = min(values), max(values)
    shown = f"{spread.median:.{places}f}"
    return shown if len(values) == 1 else f"{shown} ({low:.{places}f}-{high:.{places}f})"


def _lines(file: str) -> list[str]:
    try:
        return Path(file).read_text().splitlines()
    except OSError:
        return []
