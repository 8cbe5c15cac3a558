"""Tables and receipts of the benchmark, compared: row for row, whatever order and types they have."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.measuring import Measurement

TABLE = "bench.rows"
_MOMENT = "epoch_us(CAST({0} AS TIMESTAMPTZ))"
_COLUMNS = {
    "id": "{0}",
    "channel_id": "CAST({0} AS BIGINT)",
    "sender": "{0}",
    "content": "{0}",
    "priority": "CAST({0} AS BIGINT)",
    "score": "round(CAST({0} AS DOUBLE), {1})",
    "delivered": "CAST({0} AS BOOLEAN)",
    "sent_at": _MOMENT,
    "edited_at": _MOMENT,
}
_REACTIONS = "coalesce(json_extract_string(CAST(reactions AS JSON), '$[0].emoji'), ''), "
_COUNTS = "coalesce(CAST(json_extract(CAST(reactions AS JSON), '$[0].count') AS BIGINT), 0)"


class TablesDiffer(AssertionError):
    """Two contenders made different tables, so their times compare nothing."""


def compare(first: Path, first_table: str, second: Path, second_table: str, digits: int = 15) -> int:
    """The number of rows of two tables that are the same.

    Args:
        first, second: DuckDB files.
        first_table, second_table: tables in them, `schema.table`.
        digits: how many places behind the point of a number are compared.

    Raises:
        TablesDiffer: a row is in one and not in the other, or more often.
    """
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"ATTACH '{first}' AS one (READ_ONLY); ATTACH '{second}' AS two (READ_ONLY)")
        one, two = (
            _rows(connection, name, table, digits) for name, table in (("one", first_table), ("two", second_table))
        )
        connection.execute(f"CREATE TEMP TABLE a AS {one}; CREATE TEMP TABLE b AS {two}")
        missing = connection.execute("SELECT count(*) FROM (FROM a EXCEPT ALL FROM b)").fetchone()
        added = connection.execute("SELECT count(*) FROM (FROM b EXCEPT ALL FROM a)").fetchone()
        rows = connection.execute("SELECT count(*) FROM a").fetchone()
    assert missing
    assert added
    assert rows
    if missing[0] or added[0]:
        raise TablesDiffer(f"{missing[0]} rows of {first} are not in {second}, {added[0]} the other way round")
    return int(rows[0])


def _rows(connection: duckdb.DuckDBPyConnection, database: str, table: str, digits: int) -> str:
    values = ", ".join(f"{how.format(name, digits)} AS {name}" for name, how in _COLUMNS.items())
    schema, name = table.split(".")
    found = connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = ? AND schema_name = ?",
        [database, schema],
    ).fetchall()
    if (name, "reactions") in found:
        return f"SELECT {values}, {_REACTIONS} {_COUNTS} FROM {database}.{table}"
    # dlt made a child table of what is nested; here no record has more than one of them.
    child = f"{database}.{table}__reactions"
    nested = "coalesce(emoji, ''), coalesce(CAST(count AS BIGINT), 0)"
    return (
        f"SELECT {values}, {nested} FROM {database}.{table} AS r LEFT JOIN {child} AS c ON c._dlt_parent_id = r._dlt_id"
    )


def apart(work: Callable[..., Any], *arguments: Any) -> Any:
    """Do work in a process of its own: as the kernel counts, a child's peak memory begins with its parent's size."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def database(home: Path) -> Path:
    """Where a contender's table is."""
    own = home / ".messaging_assets" / "warehouse.duckdb"
    return own if own.exists() else home / "tables.duckdb"


def in_order(home: Path, table: str) -> None:
    """See that a table's rows are in the order of their keys."""
    with duckdb.connect(str(database(home)), read_only=True) as connection:
        ids = [one for (one,) in connection.execute(f"SELECT id FROM {table} ORDER BY rowid").fetchall()]
    assert ids == sorted(ids), f"{home}: the rows are not in the order of the list"


def same_receipt(run: Measurement, other: Measurement) -> None:
    """A receipt says the same however many requests were under way; only waiting, ends and homes may differ."""
    own, others = dict(run.facts), dict(other.facts)
    may_differ = ("seconds", "waited_seconds", "requests", "empty_requests", "mean_in_flight", "most_in_flight")
    for name in (*may_differ, "database_in_full"):
        own.pop(name, None), others.pop(name, None)
    assert own == others, json.dumps({name: (own.get(name), others.get(name)) for name in own | others}, default=str)


def expect_rows(home: Path, rows: int) -> None:
    """See that a table has each of the server's rows once."""
    import duckdb

    with duckdb.connect(str(database(home)), read_only=True) as connection:
        found = connection.execute(f"SELECT count(*), count(DISTINCT id) FROM {TABLE}").fetchone()
    assert found == (rows, rows), f"{home}: {found} rows and keys instead of {rows}"
