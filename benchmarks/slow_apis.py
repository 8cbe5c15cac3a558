"""The measurements of APIs that answer slowly: where the time of a sync is that of its requests."""

from __future__ import annotations

import statistics
from datetime import timedelta
from pathlib import Path

from benchmarks.comparison import TABLE, apart, compare, database, in_order, same_receipt
from benchmarks.goals import Outcome, Spread, ratio
from benchmarks.measuring import asked, contender, new_home, serving
from benchmarks.server import APART, DAYS, PARENTS, ROWS_EACH

_ROWS = 100_000


def slow_api(folder: Path, rounds: int) -> Outcome:
    """1,000 pages at 50 ms with eight requests in flight, and what a sequential read makes of the same list."""
    pages, delay, in_flight = 1_000, 0.05, 8
    ideal = pages / in_flight * delay
    outcome = Outcome("slow_api", f"{pages:,} pages at {delay * 1000:.0f} ms, max_in_flight {in_flight}")
    with serving(_ROWS, 100) as url:
        home = new_home(folder / "sequential")
        sequential = contender("ours", url, 100, home, in_flight=1, disposition="append")
    with serving(100, 100) as url:
        for number in range(rounds):
            home = new_home(folder / f"{number} one page")
            outcome.add("ours, one page", contender("ours", url, 100, home, disposition="append"))
    with serving(_ROWS, 100, delay) as url:
        for number in range(rounds):
            home = new_home(folder / f"{number} ours")
            run = contender("ours", url, 100, home, in_flight=in_flight, disposition="append")
            outcome.add("ours", run)
            same_receipt(run, sequential)
            same = apart(compare, database(home), TABLE, database(folder / "sequential"), TABLE)
            apart(in_order, home, TABLE)
    outcome.notes.append(f"{same:,} rows in order, the same as in a sequential read, and the same receipt")
    start = statistics.median(outcome.inner("ours, one page"))
    reading = [seconds - start for seconds in outcome.inner("ours")]
    words = f"ours, less the sync of one page, to the ideal of {ideal:.2f} s"
    outcome.expect(words, ratio(reading, [ideal] * rounds), 1.15)
    return outcome


def children(folder: Path, rounds: int) -> Outcome:
    """The lists of 200 parents at 50 ms, as a user writes it, and what one list after the other makes of them."""
    delay, in_flight = 0.05, 8
    # A page of each list, and the empty one that confirms its end.
    ideal = PARENTS * 2 / in_flight * delay
    outcome = Outcome("children", f"the lists of {PARENTS} parents, {ROWS_EACH} rows each, at {delay * 1000:.0f} ms")
    with serving(100, 100) as url:
        home = new_home(folder / "sequential")
        sequential = contender("ours", url, 100, home, children=True, side_by_side=False, disposition="append")
        for number in range(rounds):
            one_page = contender("ours", url, 100, new_home(folder / f"{number} one page"), disposition="append")
            outcome.add("ours, one page", one_page)
    with serving(100, 100, delay) as url:
        for number in range(rounds):
            home = new_home(folder / f"{number} ours")
            asked(url)
            run = contender("ours", url, 100, home, children=True, disposition="append")
            outcome.add("ours", run)
            requests = asked(url)
            home = new_home(folder / f"{number} exact")
            exact = contender("ours", url, 100, home, children=True, disposition="append", total="exact")
            outcome.add("ours, total: exact", exact)
            requests_exact = asked(url)
            home = folder / f"{number} ours"
            same_receipt(run, sequential)
            same = apart(compare, database(home), TABLE, database(folder / "sequential"), TABLE)
            apart(in_order, home, TABLE)
    outcome.notes.append(f"{same:,} rows in order, the same as one list after the other, and the same receipt")
    start = statistics.median(outcome.inner("ours, one page"))
    beyond = Spread(tuple(seconds - start for seconds in outcome.inner("ours")))
    outcome.expect(f"ours, less the sync of one page (ideal: {ideal:.2f} s)", beyond, 4, unit=" s")
    # A reader that takes the API's count for the end asks once for the parents and once for each list.
    outcome.notes.append(f"{requests} requests, where a reader that believes each count sends {PARENTS + 1}")
    outcome.expect("requests to those, total: exact", Spread((requests_exact / (PARENTS + 1),)), 1.3)
    return outcome


def windows(folder: Path, rounds: int) -> Outcome:
    """A list of 384 pages by tokens at 50 ms: as one range, where each page names the next, and in windows of a day."""
    delay, pages = 0.05, DAYS * timedelta(days=1) // APART // 100
    outcome = Outcome("windows", f"{pages} pages by tokens at {delay * 1000:.0f} ms, as one range and day by day")
    with serving(100, 100) as url:
        for number in range(rounds):
            home = new_home(folder / f"{number} one page")
            outcome.add("ours, one page", contender("ours", url, 100, home))
    with serving(100, 100, delay) as url:
        for number in range(rounds):
            homes = {step: new_home(folder / f"{number} {step}") for step in (f"P{DAYS}D", "P1D")}
            for step, home in homes.items():
                outcome.add(f"ours, {step}", contender("ours", url, 100, home, timed=step))
            same = apart(compare, *(one for home in homes.values() for one in (database(home), TABLE)))
    outcome.notes.append(f"{same:,} rows are the same in both tables")
    start = statistics.median(outcome.inner("ours, one page"))
    for step, ideal, goal in ((f"P{DAYS}D", pages * delay, 1.05), ("P1D", pages / 8 * delay, 1.2)):
        beyond = [seconds - start for seconds in outcome.inner(f"ours, {step}")]
        words = f"{step}, less the sync of one page, to the ideal of {ideal:.1f} s"
        outcome.expect(words, ratio(beyond, [ideal] * rounds), goal)
    return outcome


def short_list(folder: Path, rounds: int) -> Outcome:
    """Requests for a list of 48 rows, 20 a page, of an API that counts nothing."""
    outcome = Outcome("short_list", "requests for 48 rows, 20 a page, without a total")
    costs: dict[int, list[int]] = {1: [], 8: []}
    with serving(48, 20, 0.02) as url:
        for number in range(rounds):
            for in_flight, own in costs.items():
                asked(url)
                home = new_home(folder / f"{number} {in_flight}")
                outcome.add(
                    f"{in_flight} in flight", contender("ours", url, 20, home, in_flight=in_flight, path="/untold")
                )
                own.append(asked(url))
    more = tuple(beside - after for beside, after in zip(costs[8], costs[1], strict=True))
    outcome.notes.append(f"{max(costs[1])} requests one by one: pages with rows, the page behind them, and a look back")
    outcome.expect("requests more than one by one", Spread(more), 1, unit=" requests")
    return outcome


def eight_resources(folder: Path, rounds: int) -> Outcome:
    """Eight resources of 20 pages each at 50 ms in one run, in process."""
    names, pages, delay = [f"list_{number}" for number in range(8)], 20, 0.05
    ideal = len(names) * pages / 8 * delay
    outcome = Outcome("eight_resources", f"{len(names)} resources of {pages} pages at {delay * 1000:.0f} ms in one run")
    with serving(100 * pages, 100, delay) as url:
        for number in range(rounds):
            outcome.add("ours", contender("ours", url, 100, new_home(folder / f"{number} ours"), resources=names))
    outcome.expect(f"seconds (ideal: {ideal:.2f} s)", Spread(tuple(outcome.inner("ours"))), 4, unit=" s")
    return outcome
