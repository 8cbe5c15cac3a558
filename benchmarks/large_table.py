"""A table as a sync makes it, but of ten million rows, and the scan that a person would write to check it."""

from __future__ import annotations

from pathlib import Path

import duckdb

# The questions that the checks answer: keys once, nothing null that must not be.
SCAN = """
import json, sys, time, duckdb
with duckdb.connect(sys.argv[1], read_only=True) as connection:
    started = time.perf_counter()
    rows, keys, *nulls = connection.execute(
        "SELECT count(*), count(DISTINCT id), count(*) - count(id), count(*) - count(channel_id), "
        f"count(*) - count(sent_at) FROM {sys.argv[2]}"
    ).fetchone()
    seconds = time.perf_counter() - started
print(json.dumps({"seconds": seconds, "facts": {"rows": rows, "keys": keys, "nulls": nulls}}))
"""


def make_table(database: Path, table: str, rows: int) -> None:
    """Fill a table up to a number of rows with copies of its own under other keys."""
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            f"INSERT INTO {table} "
            "SELECT * EXCLUDE (place, n) REPLACE (printf('msg_%09d', n) AS id, printf('%014d', n) AS _dlt_id) "
            f"FROM (SELECT *, row_number() OVER () - 1 AS place FROM {table}) JOIN range(1000, {rows}) AS numbers(n) "
            "ON place = n % 1000"
        )
        found = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        assert found == (rows,), found
