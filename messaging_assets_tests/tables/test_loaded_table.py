"""Questions to a loaded table, answered by DuckDB."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

import dlt
import pytest
from dlt import Schema

from messaging_assets.seams.destinations import dlt_duckdb
from messaging_assets.tables.loaded_table import LoadedTable, TableCounts, Validity
from messaging_assets.tables.table_rows import limited
from messaging_assets_tests.one_table import RESOURCE, OneTable


@pytest.fixture
def table(one_table: OneTable) -> LoadedTable:
    """A table of two keyed columns, made by hand below a table that a sync made."""
    one_table.sync([{"id": 1, "Part Name": "a"}], write_disposition="append", primary_key=None)
    one_table.execute(f"INSERT INTO {RESOURCE} BY NAME (SELECT * REPLACE (2 AS id) FROM {RESOURCE})")
    return LoadedTable(one_table.dataset(), RESOURCE)


def insert(one_table: OneTable, *rows: tuple[Any, Any]) -> None:
    for number, (key, part) in enumerate(rows):
        one_table.execute(
            f"INSERT INTO {RESOURCE} (id, part_name, _dlt_load_id, _dlt_id) "
            f"VALUES ({'NULL' if key is None else key}, {'NULL' if part is None else repr(part)}, '1', 'x{number}')"
        )


def test_rows_repeated_keys_and_nulls_are_counted(one_table: OneTable, table: LoadedTable) -> None:
    insert(one_table, (2, None), (3, "a"), (3, "b"), (None, "c"), (None, "c"))
    assert table.count(["id"], ["Part Name", "id"]) == TableCounts(True, 7, 2, {"Part Name": 1, "id": 2})
    assert table.count(["id", "Part Name"]) == TableCounts(True, 7, 0, {})
    assert table.count(columns=["Part Name"]) == TableCounts(True, 7, 0, {"Part Name": 1})
    assert sorted(table.repeated_keys(["id"])) == [(2,), (3,)]
    assert table.repeated_keys(["id"], limit=1) in ([(2,)], [(3,)])
    assert table.keys_without("Part Name", ["id"]) == [(2,)]


def test_the_place_of_a_table_is_told_without_user_and_password() -> None:
    destination = dlt.destinations.postgres("postgresql://load:s3cret@db.example.com:5432/raw?sslmode=require")
    table = LoadedTable(dlt.dataset(destination, "chat", Schema("chat")), "messages")
    assert table.place == "postgresql://db.example.com:5432/raw"


def test_an_empty_table_has_no_rows_and_a_missing_one_does_not_exist(one_table: OneTable, table: LoadedTable) -> None:
    one_table.execute(f"DELETE FROM {RESOURCE}")
    assert table.count(["id"], ["id"]) == TableCounts(True, 0, 0, {"id": 0})
    missing = LoadedTable(one_table.dataset(), "never_loaded")
    assert missing.count(["id"], ["id"]) == TableCounts(exists=False)
    assert missing.repeated_keys(["id"]) == []
    assert missing.keys_without("id", ["id"]) == []


def test_a_missing_column_is_null_in_every_row_and_keeps_no_row_apart(table: LoadedTable) -> None:
    assert table.count(["id", "nowhere"], ["nowhere", "id"]) == TableCounts(True, 2, 2, {"nowhere": 2, "id": 0})
    assert table.repeated_keys(["nowhere"]) == []
    assert table.keys_without("nowhere", ["id"]) == []


@pytest.mark.sampled
@pytest.mark.parametrize(("end", "expected"), [(None, 1), ("b", 0), ("a", 1)])
def test_only_versions_that_are_valid_must_have_keys_of_their_own(
    one_table: OneTable, table: LoadedTable, end: str | None, expected: int
) -> None:
    insert(one_table, (1, "a"), (3, None), (3, None), (3, "b"))
    assert table.count(["id"], validity=Validity("part_name", end)) == TableCounts(True, 6, expected)
    assert len(table.repeated_keys(["id"], validity=Validity("part_name", end))) == expected


def test_the_full_name_is_the_one_that_sql_takes(table: LoadedTable) -> None:
    assert table.full_name == "generic_rest.resource_name"


@pytest.mark.parametrize(
    ("dialect", "expected"),
    [
        ("duckdb", "SELECT a FROM t WHERE b IS NULL LIMIT 3"),
        ("tsql", "SELECT TOP 3 a FROM t WHERE b IS NULL"),
        (None, "SELECT a FROM t WHERE b IS NULL LIMIT 3"),
    ],
)
def test_a_limit_is_written_as_the_dialect_has_it(dialect: str | None, expected: str) -> None:
    assert limited("SELECT a FROM t WHERE b IS NULL", 3, dialect) == expected


def test_a_scan_groups_in_little_memory_and_leaves_the_bound_as_it_was(one_table: OneTable, table: LoadedTable) -> None:
    with one_table.dataset().sql_client as client:
        client.execute_sql("SET threads = 2")
        before = memory_of(client)
        with client.in_little_memory():
            assert memory_of(client) == "80.0 MiB" != before
        assert memory_of(client) == before
        client.execute_sql("SET memory_limit = '64MiB'")
        with client.in_little_memory():
            assert memory_of(client) == "64.0 MiB"


def test_a_scan_that_little_memory_does_not_do_for_takes_more(
    one_table: OneTable, table: LoadedTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert(one_table, (2, None), (3, "a"))
    monkeypatch.setattr(dlt_duckdb, "LITTLE_MEMORY", 1)
    assert table.count(["id"]) == TableCounts(True, 4, 1, {})


def memory_of(client: Any) -> str:
    [(found,)] = client.execute_sql("SELECT current_setting('memory_limit')")
    return str(found)


@pytest.mark.parametrize("name", ["cur", "query"])
def test_a_table_may_have_the_name_of_a_variable_of_dlts(one_table: OneTable, name: str) -> None:
    for _ in range(2):
        one_table.sync([{"id": 1}, {"id": 2}], table_name=name)
    assert LoadedTable(one_table.dataset(), name).count(["id"]) == TableCounts(True, 2, 0, {})


def test_a_signal_in_the_middle_of_a_query_ends_it_as_it_ends_anything_else(one_table: OneTable) -> None:
    one_table.sync([{"id": 1}])
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    ending = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    try:
        with one_table.dataset().sql_client as client:
            # DuckDB waits for what its other threads do, and the query would take hours.
            client.execute_sql("SET threads = 1")
            ending.start()
            with pytest.raises(KeyboardInterrupt):
                client.execute_sql("SELECT sum(sqrt(range)) FROM range(1000000000000)")
    finally:
        ending.cancel()
        signal.signal(signal.SIGINT, before)
