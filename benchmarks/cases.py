"""The measurements: one function a row of the table of goals, each comparing the tables that it made.

Each takes a folder of its own and a number of rounds. In a round the contenders run one after another, every one in
a fresh process, so that a slow minute of the machine is on all sides of a ratio.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from benchmarks import costs, on_demand, ours, slow_apis
from benchmarks.comparison import TABLE, apart, compare, database, expect_rows
from benchmarks.goals import Outcome, Spread, ratio
from benchmarks.long_answers import long_answers
from benchmarks.measuring import Measurement, asked, contender, measure, new_home, serving

_ROWS = 100_000
_FEW = 1_000
# Checks alone ask the API nothing.
_NOBODY = "http://127.0.0.1:1"


def one_asset(folder: Path, rounds: int) -> Outcome:
    """The sync of one asset in process, with and without declared columns."""
    outcome = Outcome("one_asset", f"{_ROWS:,} rows, 100 a page, no delay, the sync of one asset")
    contenders: dict[str, tuple[str, dict[str, Any]]] = {
        "ours": ("ours", {}),
        "ours, undeclared": ("ours", {"declared": False}),
        "stock": ("stock", {}),
        "floor": ("floor", {}),
    }
    with serving(_ROWS, 100) as url:
        for number in range(rounds):
            homes = {name: new_home(folder / f"{number} {name}") for name in contenders}
            for name, (kind, choices) in contenders.items():
                outcome.add(name, contender(kind, url, 100, homes[name], **choices))
            same = _compared(homes, "floor")
    outcome.notes.append(f"{same:,} rows are the same in all four tables")
    outcome.expect("stock to ours", ratio(outcome.inner("stock"), outcome.inner("ours")), 10, "at least")
    outcome.expect("ours to the floor", ratio(outcome.inner("ours"), outcome.inner("floor")), 1.6)
    undeclared = ratio(outcome.inner("stock"), outcome.inner("ours, undeclared"))
    outcome.expect("stock to ours without declared columns", undeclared, 4, "at least")
    return outcome


def whole_process(folder: Path, rounds: int) -> Outcome:
    """`dagster asset materialize`, start included."""
    outcome = Outcome("whole_process", f"{_ROWS:,} rows as `dagster asset materialize`, start included")
    with serving(_ROWS, 100) as url:
        for number in range(rounds):
            homes = {name: new_home(folder / f"{number} {name}") for name in ("ours", "stock")}
            outcome.add(
                "ours", _ours_as_process(url, homes["ours"], ["asset", "materialize", "--select", "bench/rows"])
            )
            outcome.add("stock", _stock_as_process(url, homes["stock"], ["asset", "materialize", "--select", "*"]))
            same = _compared(homes, "stock")
    outcome.notes.append(f"{same:,} rows are the same in both tables")
    outcome.expect("wall time, ours to stock", ratio(outcome.wall("ours"), outcome.wall("stock")), 0.25)
    outcome.expect("CPU time, ours to stock", ratio(outcome.cpu("ours"), outcome.cpu("stock")), 0.25)
    outcome.expect("memory, ours to stock", ratio(outcome.peak("ours"), outcome.peak("stock")), 0.125)
    return outcome


def memory(folder: Path, rounds: int) -> Outcome:
    """Peak memory at 100,000 and at 1,000,000 rows."""
    outcome = Outcome("memory", "peak memory of the process, 1,000 rows a page")
    for rows in (_ROWS, 10 * _ROWS):
        with serving(rows, 1_000) as url:
            for number in range(rounds if rows == _ROWS else 1):
                home = new_home(folder / f"{number} {rows}")
                run = contender("ours", url, 1_000, home)
                outcome.add(f"ours, {rows:,} rows", run)
                apart(expect_rows, home, rows)
        peak = Spread(tuple(outcome.peak(f"ours, {rows:,} rows")))
        outcome.expect(f"{rows:,} rows", peak, 400, unit=" MB")
    return outcome


def few_changes(folder: Path, rounds: int) -> Outcome:
    """1,000 changed rows into a table of 100,000 and into one of 1,000,000; an incremental resource's requests."""
    outcome = Outcome("few_changes", f"{_FEW:,} changed rows into a table")
    for rows in (_ROWS, 10 * _ROWS):
        home = new_home(folder / str(rows))
        with serving(rows, 1_000) as url:
            contender("ours", url, 1_000, home)
        for number in range(rounds):
            # Every round changes the rows for another time, so that no round finds them in the table already.
            with serving(_FEW, 100, changed=_FEW * (number % 2 == 0)) as url:
                outcome.add(f"ours, into {rows:,}", contender("ours", url, 100, home))
        apart(expect_rows, home, rows)
    small, large = (outcome.inner(f"ours, into {rows:,}") for rows in (_ROWS, 10 * _ROWS))
    outcome.expect("1,000,000 to 100,000", ratio(large, small), 1.3)
    _count_new_pages(outcome, folder)
    return outcome


def _count_new_pages(outcome: Outcome, folder: Path) -> None:
    """Read a list of 100 pages, add 3 pages, and count what the next sync asks."""
    home, limit = new_home(folder / "incremental"), 100
    for rows in (10_000, 10_300):
        with serving(rows, limit) as url:
            contender("ours", url, limit, home, incremental=True)
            requests = asked(url)
        apart(expect_rows, home, rows)
    # The newest row comes once more, so that 301 rows are 4 pages, and one more confirms the end.
    outcome.expect("requests of an incremental sync for 3 new pages of 103", Spread((requests,)), 5, unit=" requests")


def checks(folder: Path, rounds: int) -> Outcome:
    """All checks of a table of 10,000,000 rows, without a sync, and one hand-written scan with the same answers."""
    from benchmarks.large_table import SCAN, make_table

    outcome = Outcome("checks", "all checks of a table of 10,000,000 rows")
    home = new_home(folder / "ours")
    with serving(_FEW, 100) as url:
        contender("ours", url, 100, home)
    for _ in range(rounds):
        outcome.add("ours, 1,000 rows", contender("ours", _NOBODY, 100, home, only_checks=True))
    apart(make_table, database(home), TABLE, 10_000_000)
    for _ in range(rounds):
        outcome.add("ours", contender("ours", _NOBODY, 100, home, only_checks=True))
        outcome.add("one scan", measure([sys.executable, "-c", SCAN, str(database(home)), TABLE], home))
    outcome.notes.append(f"{outcome.runs['ours'][0].facts['checks']} checks")
    start = statistics.median(outcome.inner("ours, 1,000 rows"))
    scanning = [seconds - start for seconds in outcome.inner("ours")]
    words = "ours, less the run of the same checks on 1,000 rows, to one scan"
    outcome.expect(words, ratio(scanning, outcome.inner("one scan")), 1.3)
    return outcome


def loading(folder: Path, rounds: int) -> Outcome:
    """The load of the code location with 5 and with 200 API files, beside the imports it cannot do without."""
    outcome = Outcome("loading", "load of the code location as a process")
    homes = {number: new_home(folder / str(number)) for number in (0, 5, 200)}
    for number, home in homes.items():
        (home / "apis").mkdir()
        for place in range(number):
            names = ["users", "channels", "messages"]
            _write_api(home / "apis" / f"api_{place}.yaml", "https://api.example.com", 100, resources=names)
    bare, full = "import dagster, dlt", "import messaging_assets.definitions"
    for _ in range(rounds + 1):  # the first round compiles
        outcome.add("import dagster, dlt", measure([sys.executable, "-c", bare], homes[0]))
        for number in (5, 200):
            where = {"MESSAGING_ASSETS_APIS": str(homes[number] / "apis")}
            outcome.add(f"{number} files", measure([sys.executable, "-c", full], homes[number], **where))
    for runs in outcome.runs.values():
        del runs[0]
    for number, bound in ((5, 1.5), (200, 3.0)):
        measured = ratio(outcome.wall(f"{number} files"), outcome.wall("import dagster, dlt"))
        outcome.expect(f"{number} API files to the imports", measured, bound)
    return outcome


def one_process(folder: Path, rounds: int) -> Outcome:
    """One page of one asset as `dagster asset materialize`, into a table that is there."""
    outcome = Outcome("one_process", "one asset of one file, 100 rows, as `dagster asset materialize`")
    home, words = new_home(folder / "ours"), ["asset", "materialize", "--select", "bench/rows"]
    with serving(100, 100) as url:
        for _ in range(rounds + 1):  # the first round compiles, and makes Dagster's storage
            outcome.add("ours", _ours_as_process(url, home, words))
    del outcome.runs["ours"][0]
    outcome.expect("wall time", Spread(tuple(outcome.wall("ours"))), 3.2, unit=" s")
    return outcome


def many_files(folder: Path, rounds: int) -> Outcome:
    """The load of a code location of 1,000 files with five resources each."""
    outcome = Outcome("many_files", "load of a code location of 1,000 files x 5 resources")
    home = new_home(folder / "ours")
    (home / "apis").mkdir()
    names = ["users", "channels", "messages", "queues", "alerts"]
    for place in range(1_000):
        _write_api(home / "apis" / f"api_{place}.yaml", "https://api.example.com", 100, resources=names)
    command = [sys.executable, "-c", "import messaging_assets.definitions"]
    for _ in range(rounds):
        outcome.add("ours", measure(command, home, MESSAGING_ASSETS_APIS=str(home / "apis")))
    outcome.expect("CPU seconds", Spread(tuple(outcome.cpu("ours"))), 15, unit=" CPU s")
    return outcome


def three_small(folder: Path, rounds: int) -> Outcome:
    """Three resources of 100 rows in one job, ours with checks, as a whole process."""
    names = ["users", "channels", "messages"]
    outcome = Outcome("three_small", "three resources of 100 rows in one job, start included, ours with all checks")
    with serving(100, 100) as url:
        for number in range(rounds):
            homes = {name: new_home(folder / f"{number} {name}") for name in ("ours", "stock")}
            words = ["job", "execute", "-j", "bench_sync"]
            outcome.add("ours", _ours_as_process(url, homes["ours"], words, resources=names))
            outcome.add("stock", _stock_as_process(url, homes["stock"], words, BENCH_RESOURCES=",".join(names)))
            same = [
                apart(compare, database(homes["ours"]), f"bench.{name}", database(homes["stock"]), f"bench.{name}")
                for name in names
            ]
    outcome.notes.append(f"{sum(same)} rows are the same in both databases")
    outcome.expect("wall time, ours to stock", ratio(outcome.wall("ours"), outcome.wall("stock")), 1.0)
    return outcome


CASES: dict[str, Callable[[Path, int], Outcome]] = {
    one.__name__: one
    for one in (
        *(one_asset, whole_process),
        *(slow_apis.slow_api, slow_apis.children, slow_apis.windows, slow_apis.short_list),
        slow_apis.eight_resources,
        *(memory, long_answers, few_changes, checks, loading, many_files, three_small, one_process),
        *(costs.other_loads, costs.cost_by_rows, costs.cost_by_latency),
        *(on_demand.postgres, on_demand.ten_million),
    )
}
ON_DEMAND = frozenset({"postgres", "ten_million"})
# Left out where it is to be quick: what takes long whatever the number of rounds.
LONG = frozenset({"whole_process", "memory", "long_answers", "few_changes", "checks", "many_files"})


def _ours_as_process(url: str, home: Path, words: list[str], **choices: Any) -> Measurement:
    (home / "apis").mkdir(exist_ok=True)
    _write_api(home / "apis" / f"{ours.API}.yaml", url, 100, **choices)
    command = [sys.executable, "-m", "dagster", *words, "-m", "messaging_assets.definitions"]
    return measure(command, home, MESSAGING_ASSETS_APIS=str(home / "apis"))


def _stock_as_process(url: str, home: Path, words: list[str], **variables: str) -> Measurement:
    command = [sys.executable, "-m", "dagster", *words, "-m", "benchmarks.stock"]
    return measure(command, home, BENCH_URL=url, BENCH_DATABASE=str(home / "tables.duckdb"), **variables)


def _write_api(file: Path, url: str, limit: int, **choices: Any) -> None:
    file.write_text(yaml.safe_dump(ours.description(url, limit, **choices), sort_keys=False))


def _compared(homes: dict[str, Path], reference: str) -> int:
    """Rows of every contender's table, all the same as those of one of them."""
    where = {name: "main.rows" if name == "floor" else TABLE for name in homes}
    first = database(homes[reference]), where[reference]
    return min(apart(compare, *first, database(home), where[name]) for name, home in homes.items() if name != reference)
