"""The measurements that are made only where they are named: a PostgreSQL server is needed, or half an hour."""

from __future__ import annotations

import statistics
from pathlib import Path

from benchmarks.comparison import apart, expect_rows
from benchmarks.goals import Outcome, Spread
from benchmarks.measuring import ChildFailed, contender, new_home, serving

_COUNT = 'SELECT count(*), count(DISTINCT id) FROM bench."rows"'


def postgres(folder: Path, rounds: int) -> Outcome:
    """300,000 rows into a PostgreSQL server of its own, which waits for no disk; beyond the sync of one page."""
    from messaging_assets_tests.postgres_server import installed, running

    if (programs := installed()) is None:
        raise ChildFailed("there is no PostgreSQL server; on Debian it is the package postgresql")
    outcome, sizes = Outcome("postgres", "300,000 rows into PostgreSQL, beyond the sync of one page"), (1_000, 300_000)
    with running(programs) as server:
        for size in sizes:
            with serving(size, 1_000) as url:
                for number in range(rounds):
                    place = server.new_database()
                    where = {"DESTINATION_TYPE": "postgres", "DESTINATION__POSTGRES__CREDENTIALS": place}
                    home = new_home(folder / f"{number} {size}")
                    outcome.add(f"ours, {size:,} rows", contender("ours", url, 1_000, home, where))
                    apart(_expect_rows, place, size)
    start = statistics.median(outcome.inner(f"ours, {sizes[0]:,} rows"))
    beyond = [seconds - start for seconds in outcome.inner(f"ours, {sizes[1]:,} rows")]
    outcome.expect("wall time", Spread(tuple(beyond)), 5, unit=" s")
    return outcome


def ten_million(folder: Path, rounds: int) -> Outcome:
    """Peak memory at 10,000,000 rows, once."""
    rows = 10_000_000
    outcome, home = Outcome("ten_million", f"{rows:,} rows, 1,000 a page"), new_home(folder / "ours")
    with serving(rows, 1_000) as url:
        outcome.add("ours", contender("ours", url, 1_000, home))
    apart(expect_rows, home, rows)
    outcome.expect("peak memory", Spread(tuple(outcome.peak("ours"))), 400, unit=" MB")
    return outcome


def _expect_rows(address: str, rows: int) -> None:
    import psycopg2

    connection = psycopg2.connect(address)
    try:
        with connection.cursor() as cursor:
            cursor.execute(_COUNT)
            found = cursor.fetchone()
    finally:
        connection.close()
    assert found == (rows, rows), f"{found} rows and keys instead of {rows}"
