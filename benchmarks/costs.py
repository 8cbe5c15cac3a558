"""The measurements of cost: against the number of rows, against the latency of the API, and of a start."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

from benchmarks.comparison import apart, compare, database
from benchmarks.goals import Outcome, Spread
from benchmarks.measuring import contender, new_home, serving

_TABLE = "bench.rows"
# Lists of the plot against latency.
PAGES, DELAYS = 50, (0.0, 0.05, 0.1, 0.3)
_IN_FLIGHT = 8


def cost_by_rows(folder: Path, rounds: int) -> Outcome:
    """The sync of lists from 1,000 rows on, to 1,000,000 where there is more than one round."""
    outcome = Outcome("cost_by_rows", "the sync of one asset, 1,000 rows a page")
    for rows in (1_000, 10_000, 100_000, 1_000_000)[: 4 if rounds > 1 else 3]:
        with serving(rows, 1_000) as url:
            for number in range(rounds if rows < 1_000_000 else 1):
                # The stock stack takes five minutes and 30 GB for a million rows.
                for name in ("ours", "floor", "stock")[: 3 if rows < 1_000_000 else 2]:
                    home = new_home(folder / f"{number} {rows} {name}")
                    outcome.add(f"{name}, {rows:,} rows", contender(name, url, 1_000, home))
    return outcome


def cost_by_latency(folder: Path, rounds: int) -> Outcome:
    """The sync of 50 pages from an API that takes up to 300 ms for an answer."""
    outcome = Outcome("cost_by_latency", f"{PAGES} pages of 100 rows, max_in_flight {_IN_FLIGHT}")
    for delay in DELAYS:
        with serving(100 * PAGES, 100, delay) as url:
            for number in range(rounds):
                homes = {name: new_home(folder / f"{number} {delay} {name}") for name in ("ours", "floor")}
                for name, home in homes.items():
                    choices: dict[str, Any] = {"in_flight": _IN_FLIGHT} if name == "ours" else {}
                    run = contender(name, url, 100, home, **choices)
                    outcome.add(f"{name}, {delay * 1000:.0f} ms", run)
                same = apart(compare, database(homes["ours"]), _TABLE, database(homes["floor"]), "main.rows")
    outcome.notes.append(f"{same:,} rows are the same in both tables")
    return outcome


def other_loads(folder: Path, rounds: int) -> Outcome:
    """100,000 rows with their nested lists as tables, and as a table of versions, beyond the sync of one page."""
    versions = {"disposition": "merge", "strategy": "scd2"}
    rows = 100_000
    ways: dict[str, dict[str, Any]] = {"nested: tables": {"nested": "tables"}, "scd2": {"disposition": versions}}
    outcome = Outcome("other_loads", f"{rows:,} rows, 1,000 a page, beyond the sync of one page")
    for size in (1_000, rows):
        with serving(size, 1_000) as url:
            for number in range(rounds):
                for name, choices in ways.items():
                    home = new_home(folder / f"{number} {size} {name}")
                    outcome.add(f"{name}, {size:,} rows", contender("ours", url, 1_000, home, **choices))
    for name, goal in zip(ways, (5, 3), strict=True):
        start = statistics.median(outcome.inner(f"{name}, 1,000 rows"))
        beyond = [seconds - start for seconds in outcome.inner(f"{name}, {rows:,} rows")]
        outcome.expect(name, Spread(tuple(beyond)), goal, unit=" s")
    return outcome
