"""Records into batches, as whole syncs where a table decides: duplicates, drift, contracts, the two ways to load."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import dlt
import pytest
from dlt.common.schema import Schema
from hypothesis import given
from hypothesis import strategies as st

from messaging_assets.description.api import Resource
from messaging_assets.reading.receipt import Receipt
from messaging_assets.rows import batches as records
from messaging_assets.rows.batches import Batches
from messaging_assets.rows.targets import KnownTable
from messaging_assets_tests.one_step import alone
from messaging_assets_tests.one_table import RESOURCE, OneTable
from messaging_assets_tests.rows.test_column_values import JSON, same

MERGE: dict[str, Any] = {"disposition": "merge"}
KEYS = (0, 1, 2, 3, 5)
# Key 4 comes once in the first half, key 5 once in the second; all others twice.
TWICE = [{"id": key, "v": 0} for key in range(5)] + [{"id": key, "v": 1} for key in KEYS]


def batches(receipt: Receipt, **resource: Any) -> Batches:
    described = {"name": "things", "primary_key": "id", "write_disposition": "merge", **resource}
    naming = Schema("any").naming
    return Batches(
        Resource.model_validate(described),
        "api.things",
        KnownTable(naming.normalize_identifier),
        receipt,
        page=lambda: 1,
    )


# Duplicates


LAYOUTS = {
    "pages over batches": (3, 2),
    "pages in one batch": (5, 100),
    "batches over pages": (5, 3),
    "batches within a page": (10, 4),
    "many in a page": (10, 2),
}
WAYS: dict[str, Any] = {
    "merge": "merge",
    "replace": "replace",
    "upsert": {**MERGE, "strategy": "upsert"},
    "insert-only": {**MERGE, "strategy": "insert-only"},
}


def _meetings() -> Iterator[Any]:
    """Two ways of writing for each layout, and each way at least twice; `make soak` has all pairs."""
    for number, layout in enumerate(LAYOUTS):
        for way_number, way in enumerate(WAYS):
            is_pair = (number + way_number) % 2 == 0
            marks = [] if is_pair else [pytest.mark.soak]
            yield pytest.param(WAYS[way], *LAYOUTS[layout], marks=marks, id=f"{way}-{layout}")


@pytest.mark.sampled
@pytest.mark.parametrize(("disposition", "page_size", "batch_rows"), list(_meetings()))
def test_of_records_with_one_key_the_last_wins_wherever_they_meet(
    one_table: OneTable,
    monkeypatch: pytest.MonkeyPatch,
    disposition: Any,
    page_size: int,
    batch_rows: int,
) -> None:
    is_insert_only = disposition == WAYS["insert-only"]
    expected = {key: int(key == 5) if is_insert_only else 1 for key in KEYS}
    monkeypatch.setattr(records, "BATCH_ROWS", batch_rows)
    one_table.page_size = page_size
    synced = one_table.sync(TWICE, write_disposition=disposition, passes=1)
    assert synced.green
    assert {row["id"]: row["v"] for row in one_table.rows()} == {4: 0} | expected
    assert synced.receipt["dagster/row_count"] == 6
    assert synced.receipt["duplicates"] == 4
    assert synced.receipt["rows_loaded"] == 6


@pytest.mark.parametrize(("page_size", "batch_rows"), LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("is_newest_first", [True, False])
def test_of_versions_of_a_record_the_newest_by_the_cursor_wins_in_whatever_order_they_come(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch, page_size: int, batch_rows: int, is_newest_first: bool
) -> None:
    monkeypatch.setattr(records, "BATCH_ROWS", batch_rows)
    one_table.page_size = page_size
    rows = [{"id": key, "v": v, "at": f"2025-0{v + 1}-0{key + 1}T00:00:00Z"} for v in (0, 1) for key in range(5)]
    # A page that brings no new key would repeat an earlier one.
    later = lambda row, place: {**row, "id": place, "at": row["at"].replace("T00", "T01")}  # noqa: E731
    rows = [one for place, row in enumerate(rows, 5) for one in (row, later(row, place))]
    endpoint = {
        "path": "v1/resource",
        "data_selector": "data",
        "paginator": {"type": "offset", "limit": page_size, "overlap": 0},
        "incremental": {"cursor_path": "at", "start_param": "since"},
    }
    synced = one_table.sync(rows[::-1] if is_newest_first else rows, endpoint=endpoint, passes=1)
    assert synced.green, synced.error
    assert {row["id"]: row["v"] for row in one_table.rows() if row["id"] < 5} == dict.fromkeys(range(5), 1)
    assert synced.receipt["last_cursor"] == rows[-1]["at"]


ONE_KEY = [{"id": 1, "v": 1, "at": "2025-01-01T00:00:00Z"}, {"id": 1, "v": 2, "at": "2025-01-02T00:00:00Z"}]
BY_CURSOR: dict[str, Any] = {
    "endpoint": {
        "path": "v1/resource",
        "data_selector": "data",
        "paginator": "single_page",
        "incremental": {"cursor_path": "at"},
    }
}


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (ONE_KEY, {}),
        ([{**ONE_KEY[0], "v": 7}, ONE_KEY[0]], BY_CURSOR),
    ],
    ids=["no cursor", "one cursor"],
)
def test_records_of_one_page_that_share_a_key_and_differ_are_in_doubt(
    one_table: OneTable, rows: list[dict[str, Any]], told: dict[str, Any]
) -> None:
    synced = one_table.sync(rows, **told)
    assert synced.green
    assert (synced.receipt["verdict"], synced.receipt["duplicates"]) == ("unknown", 1)
    assert "add to primary_key what tells them apart" in synced.receipt["verdict_reason"]


def test_of_a_list_that_is_replaced_one_record_of_a_key_stays_and_what_to_do_is_of_use(one_table: OneTable) -> None:
    sort = {"v": {"data_type": "bigint", "dedup_sort": "desc"}}
    twice = one_table.sync(ONE_KEY, write_disposition="replace", columns=sort)
    assert [row["v"] for row in one_table.rows()] == [2]
    assert "or drop by steps what differs" in twice.receipt["verdict_reason"]
    mended = one_table.sync(ONE_KEY, columns={}, steps=[{"drop": ["v", "at"]}])
    assert (mended.green, mended.receipt["verdict"]) == (True, "read to the end")


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([ONE_KEY[0], ONE_KEY[0]], {}),
        (ONE_KEY, BY_CURSOR),
        (ONE_KEY, {"columns": {"at": {"data_type": "timestamp", "dedup_sort": "desc"}}}),
        (ONE_KEY, {"primary_key": ["id", "v"]}),
    ],
    ids=["the same twice", "the cursor tells", "the file tells", "another key"],
)
def test_records_of_one_page_are_in_no_doubt_where_nothing_of_them_is_lost_or_the_file_tells_which_counts(
    one_table: OneTable, rows: list[dict[str, Any]], told: dict[str, Any]
) -> None:
    assert one_table.sync(rows, **told).receipt["verdict"] != "unknown"


def test_a_list_of_changes_is_told_what_makes_its_rows_differ_and_is_green_with_it(one_table: OneTable) -> None:
    rows = [{"id": place % 2, "at": f"2025-01-0{place + 1}T00:00:00Z"} for place in range(6)]
    endpoint = {
        "path": "v1/resource",
        "data_selector": "data",
        "paginator": {"type": "offset", "limit": 2, "overlap": 0},
        "incremental": {"cursor_path": "at", "start_param": "since"},
    }
    one_table.page_size = 2
    error = one_table.sync(rows, endpoint=endpoint, passes=1).error
    assert "add at to primary_key or write append" in str(error)

    assert one_table.sync(endpoint=endpoint, primary_key=["id", "at"]).green
    assert len(one_table.rows()) == 6


def test_an_append_only_table_keeps_every_record(one_table: OneTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "BATCH_ROWS", 3)
    synced = one_table.sync(TWICE, write_disposition="append", passes=1)
    assert [row["v"] for row in one_table.rows("SELECT v FROM resource_name ORDER BY v")] == [0] * 5 + [1] * 5
    assert synced.receipt["rows_loaded"] == 10
    assert not synced.checks["id_is_unique"].passed


def test_a_bad_record_does_not_take_the_place_of_a_good_one_in_an_earlier_batch(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "BATCH_ROWS", 2)
    columns = {"v": {"data_type": "bigint"}}
    rows = [{"id": 1, "v": 1}, {"id": 2, "v": 2}, {"id": 3, "v": 3}, {"id": 1, "v": "bad"}]
    synced = one_table.sync(rows, columns=columns, passes=1)
    assert [row["v"] for row in one_table.rows()] == [1, 2, 3]
    assert synced.receipt["rows_set_aside"] == 1


def test_the_last_of_a_key_wins_in_a_replaced_table_with_nested_ones(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "BATCH_ROWS", 2)
    one_table.page_size = 2
    rows = [{"id": number, "v": 0, "tags": ["old"]} for number in (1, 2, 3, 4)]
    rows += [{"id": 1, "v": 1, "tags": ["new"]}, {"id": 5, "v": 0}]
    synced = one_table.sync(rows, write_disposition="replace", nested="tables", passes=1)
    assert synced.green
    assert [row["v"] for row in one_table.rows()] == [1, 0, 0, 0, 0]
    tags = one_table.rows(f"SELECT value FROM {RESOURCE}__tags ORDER BY value")
    assert [row["value"] for row in tags] == ["new", "old", "old", "old"]


def test_with_a_column_to_sort_by_dlt_finds_the_last_version(one_table: OneTable) -> None:
    columns = {"at": {"data_type": "bigint", "dedup_sort": "desc"}}
    one_table.sync([{"id": 1, "at": 9}, {"id": 1, "at": 3}], columns=columns)
    assert [row["at"] for row in one_table.rows()] == [9]


def test_the_last_version_by_a_column_is_found_over_all_pages_of_a_long_read(one_table: OneTable) -> None:
    one_table.page_size = 2
    columns = {"at": {"data_type": "bigint", "dedup_sort": "desc"}}
    rows = [{"id": 1, "at": 9}, {"id": 2, "at": 1}, {"id": 3, "at": 1}, {"id": 4, "at": 1}, {"id": 1, "at": 3}]
    one_table.sync(rows, columns=columns, checkpoint={"pages": 1}, passes=1)
    assert [row["at"] for row in one_table.rows(f"SELECT * FROM {RESOURCE} ORDER BY id")] == [9, 1, 1, 1]


def test_a_table_of_versions_keeps_the_old_one_and_gets_no_new_one_for_an_unchanged_row(one_table: OneTable) -> None:
    disposition = {**MERGE, "strategy": "scd2"}
    one_table.sync([{"id": 1, "v": 1}, {"id": 2, "v": 2}], write_disposition=disposition)
    one_table.sync()
    synced = one_table.sync([{"id": 1, "v": 1}, {"id": 2, "v": 3}])
    found = one_table.rows(f"SELECT id, v, _dlt_valid_to IS NULL AS valid FROM {RESOURCE} ORDER BY id, v")
    assert [tuple(row.values()) for row in found] == [(1, 1, True), (2, 2, False), (2, 3, True)]
    assert synced.checks["id_is_unique"].passed


SAME: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"w": None}, {}),
    ({}, {"w": None}),
    ({"v": 1.0}, {"v": 1}),
    ({"at": "2024-02-29T12:00:00+02:00"}, {"at": "2024-02-29T10:00:00Z"}),
    ({"doc": {"b": [1, {"z": None}], "a": 0.1}}, {"doc": {"a": 0.1, "b": [1, {"z": None}]}}),
]


@pytest.mark.parametrize("nested", ["json", "tables"])
def test_what_the_table_has_in_one_way_is_one_version_however_it_is_written(one_table: OneTable, nested: str) -> None:
    # dlt itself hashes what was sent, where it makes the rows.
    pairs = SAME if nested == "json" else SAME[:2]
    columns = {"v": {"data_type": "double"}, "at": {"data_type": "timestamp"}, "é": {"data_type": "text"}}
    for which in (0, 1):
        rows = [{"id": place, "é": "\u2028", **pair[which]} for place, pair in enumerate(pairs)]
        described = {"columns": columns, "nested": nested, "write_disposition": {**MERGE, "strategy": "scd2"}}
        assert one_table.sync(rows, **described).green
    assert len(one_table.rows()) == len(pairs)
    assert one_table.sync([{"id": 0, "é": "\u2028", "w": 1}, *rows[1:]]).green
    assert len(one_table.rows()) == len(pairs) + 1


def test_a_version_is_made_of_integers_beyond_64_bits_too(one_table: OneTable) -> None:
    rows = [{"id": 1, "doc": {"big": 2**70}}]
    for _ in range(2):
        assert one_table.sync(rows, write_disposition={**MERGE, "strategy": "scd2"}).green
    assert one_table.sync([{"id": 1, "doc": {"big": 2**70 + 1}}]).green
    assert [one["valid"] for one in one_table.rows(f"SELECT _dlt_valid_to IS NULL AS valid FROM {RESOURCE}")] in (
        [True, False],
        [False, True],
    )


def test_a_column_of_the_api_that_tells_versions_leaves_the_id_of_a_row_its_own(one_table: OneTable) -> None:
    disposition = {**MERGE, "strategy": "scd2", "row_version_column_name": "rev"}
    one_table.sync([{"id": 1, "rev": "a", "v": 1}], write_disposition=disposition)
    one_table.sync([{"id": 1, "rev": "a", "v": 2}])
    assert [one["v"] for one in one_table.rows()] == [1]
    one_table.sync([{"id": 1, "rev": "b", "v": 3}])
    assert [one["v"] for one in one_table.rows(f"SELECT v FROM {RESOURCE} ORDER BY v")] == [1, 3]


def test_a_table_of_versions_retires_nothing_after_a_read_in_doubt(one_table: OneTable) -> None:
    """Neither where records came twice from page to page, nor where one was set aside."""
    valid = f"SELECT id FROM {RESOURCE} WHERE _dlt_valid_to IS NULL ORDER BY id"
    one_table.sync([{"id": number} for number in range(8)], write_disposition={**MERGE, "strategy": "scd2"}, passes=1)
    one_table.page_size = 5
    moved = one_table.sync(TWICE)
    one_table.page_size = 100
    bad = one_table.sync([{"id": number} for number in (0, 1, None)])
    assert "scd2 would retire" in moved.error
    assert "a record was set aside, and scd2" in bad.error
    assert [row["id"] for row in one_table.rows(valid)] == list(range(8))
    assert "one key and different content" in one_table.sync(TWICE).error
    # What the API no longer has is retired.
    assert one_table.sync(TWICE[4:]).green
    assert [row["id"] for row in one_table.rows(valid)] == list(range(6))


@pytest.mark.sampled
@pytest.mark.parametrize("columns", [{}, {"id": {"data_type": "bigint"}}], ids=["not declared", "declared"])
def test_a_table_of_versions_retires_all_rows_of_a_list_that_is_empty_now(one_table: OneTable, columns: Any) -> None:
    one_table.sync([{"id": 1}], write_disposition={**MERGE, "strategy": "scd2"}, columns=columns)
    assert one_table.sync([]).green
    assert one_table.rows(f"SELECT id FROM {RESOURCE} WHERE _dlt_valid_to IS NULL") == []


def test_a_table_of_versions_is_loaded_whole_and_not_in_parts_that_would_retire_each_other(one_table: OneTable) -> None:
    one_table.page_size = 2
    rows = [{"id": number} for number in range(6)]
    synced = one_table.sync(rows, write_disposition={**MERGE, "strategy": "scd2"}, checkpoint={"pages": 1})
    assert synced.green
    valid = one_table.rows(f"SELECT id FROM {RESOURCE} WHERE _dlt_valid_to IS NULL ORDER BY id")
    assert [row["id"] for row in valid] == list(range(6))


@pytest.mark.sampled
@pytest.mark.parametrize(
    "by", [{"merge_key": "day"}, {"columns": {"day": {"data_type": "bigint", "merge_key": True}}}], ids=["key", "hint"]
)
def test_rows_that_share_a_merge_key_are_loaded_at_once_and_not_in_parts_that_would_delete_each_other(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch, by: dict[str, Any]
) -> None:
    monkeypatch.setattr(records, "BATCH_ROWS", 2)
    one_table.page_size = 2
    rows = [*({"id": number, "day": number % 2} for number in range(6)), {"id": 0, "day": 1}]
    one_table.sync(rows, passes=1, checkpoint={"pages": 1}, **by)
    found = one_table.rows(f"SELECT id, day FROM {RESOURCE} ORDER BY id")
    assert [tuple(row.values()) for row in found] == [(0, 1), (1, 1), (2, 0), (3, 1), (4, 0), (5, 1)]

    one_table.sync([{"id": 9, "day": 0}])
    found = one_table.rows(f"SELECT id, day FROM {RESOURCE} ORDER BY id")
    assert [tuple(row.values()) for row in found] == [(0, 1), (1, 1), (3, 1), (5, 1), (9, 0)]


@pytest.mark.sampled
@pytest.mark.parametrize("batch_rows", [2, 100])
def test_the_last_of_a_key_wins_across_the_parts_of_a_long_merge(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch, batch_rows: int
) -> None:
    monkeypatch.setattr(records, "BATCH_ROWS", batch_rows)
    one_table.page_size = 5
    synced = one_table.sync(TWICE, passes=1, checkpoint={"pages": 1})
    assert {row["id"]: row["v"] for row in one_table.rows()} == {4: 0} | dict.fromkeys(KEYS, 1)
    assert synced.receipt["rows_loaded"] == synced.receipt["dagster/row_count"] == 6


def test_a_batch_ends_by_bytes_too_so_that_large_records_do_not_fill_the_memory() -> None:
    receipt = Receipt()
    full = batches(receipt)
    full.add([{"id": 1}])
    assert full.is_full is False
    receipt.bytes += records.BATCH_BYTES
    full.add([{"id": 2}])
    assert full.is_full is True
    assert [table.num_rows for table in full.flush()] == [2]
    full.add([{"id": 3}])
    assert full.is_full is False


# Types that change


def test_a_value_that_fits_no_column_gets_the_column_that_dlt_would_give_it(one_table: OneTable) -> None:
    first = one_table.sync([{"id": 1, "v": 1}, {"id": 2, "v": "abc"}, {"id": 3, "v": {"a": 1}}, {"id": 4, "v": 1.5}])
    assert first.receipt["split_by_column"] == {"v__v_text": 1, "v__v_json": 1}
    assert not first.checks["column_schema_is_unchanged"].passed
    synced = one_table.sync([{"id": 5, "v": "later"}, {"id": 6, "v": "2025-01-01T00:00:00Z"}, {"id": 7, "v": True}])
    assert synced.receipt["rows_set_aside"] == 0
    assert one_table.columns() == {
        "id": "BIGINT",
        "v": "DOUBLE",
        "v__v_text": "VARCHAR",
        "v__v_json": "JSON",
        "v__v_bool": "BOOLEAN",
    }
    found = {row["id"]: {name: value for name, value in row.items() if value is not None} for row in one_table.rows()}
    kept = {key: list(row) for key, row in found.items()}
    assert kept == {
        1: ["id", "v"],
        2: ["id", "v__v_text"],
        3: ["id", "v__v_json"],
        4: ["id", "v"],
        5: ["id", "v__v_text"],
        6: ["id", "v__v_text"],
        7: ["id", "v__v_bool"],
    }


def test_null_an_empty_list_and_a_list_share_one_column(one_table: OneTable) -> None:
    one_table.sync([{"id": 1, "v": None}, {"id": 2, "v": []}, {"id": 3, "v": ["a"]}, {"id": 4}])
    assert [row["v"] for row in one_table.rows()] == [None, "[]", '["a"]', None]
    assert one_table.columns()["v"] == "JSON"


def test_a_first_value_that_no_column_holds_does_not_decide_the_type(one_table: OneTable) -> None:
    one_table.sync([{"id": 1, "v": float("nan")}, {"id": 2, "v": 1.5}])
    assert one_table.columns()["v"] == "DOUBLE"
    assert [row["id"] for row in one_table.rows()] == [2]


def test_digits_of_a_second_that_the_table_does_not_keep_are_counted(one_table: OneTable) -> None:
    rows = [{"id": 1, "at": "2025-01-01T00:00:00.123456789Z"}, {"id": 2, "at": "2025-01-01T00:00:00.123456Z"}]
    assert one_table.sync(rows).receipt["values_rounded"] == 1
    assert [row["at"].microsecond for row in one_table.rows()] == [123456, 123456]


def test_digits_that_a_number_loses_before_it_is_a_decimal_are_counted_and_a_text_keeps_them(
    one_table: OneTable,
) -> None:
    price: dict[str, Any] = {"data_type": "decimal", "precision": 38, "scale": 12}
    rows = [{"id": 1, "v": 1234567.123456789012}, {"id": 2, "v": "1234567.123456789012"}, {"id": 3, "v": 0.0075}]
    assert one_table.sync(rows, columns={"v": price}).receipt["values_rounded"] == 1
    assert str(one_table.rows()[1]["v"]) == "1234567.123456789012"


def test_a_file_that_gives_a_loaded_column_another_type_is_told_so(one_table: OneTable) -> None:
    one_table.sync([{"id": 1, "v": "a"}])
    synced = one_table.sync(columns={"v": {"data_type": "bigint"}})
    assert not synced.green
    assert synced.error == (
        "generic_rest.resource_name: column 'v' is text in the table and bigint in the file; give it the table's type, "
        "or run it once with full_refresh, so that it is made anew."
    )
    now = one_table.describe(columns={"v": {"data_type": "bigint"}})
    one_table.serve([{"id": 1, "v": 7}])
    assert alone(now, RESOURCE, one_table.history, config={"full_refresh": True}).green
    assert [row["v"] for row in one_table.rows()] == [7]


# Schema contracts

DECLARED = {"id": {"data_type": "bigint"}, "v": {"data_type": "bigint"}}
STRANGE = [{"id": 1, "v": 1}, {"id": 2, "v": 2, "extra": "x"}]


FIRST, LATER = False, True


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("contract", "nested", "loaded_before", "ids", "columns", "dropped"),
    [
        ("evolve", "json", FIRST, [1, 2], {"id", "v", "extra"}, 0),
        ("discard_value", "json", FIRST, [1, 2], {"id", "v"}, 1),
        ("discard_value", "tables", LATER, [1, 2], {"id", "v"}, 1),
        ("discard_row", "json", LATER, [1], {"id", "v"}, 0),
        ("discard_row", "tables", FIRST, [1], {"id", "v"}, 0),
        ({"columns": "discard_value", "tables": "evolve"}, "json", LATER, [1, 2], {"id", "v"}, 1),
    ],
    ids=["evolve", "value-first", "value-tables-later", "row-later", "row-tables-first", "columns alone"],
)
def test_a_schema_contract_holds_for_columns_that_nobody_declared(
    one_table: OneTable,
    contract: Any,
    nested: str,
    loaded_before: bool,
    ids: list[int],
    columns: set[str],
    dropped: int,
) -> None:
    one_table.describe(schema_contract=contract, columns=DECLARED, nested=nested)
    if loaded_before:
        one_table.sync([{"id": 1, "v": 0}])
    synced = one_table.sync(STRANGE)
    assert [row["id"] for row in one_table.rows()] == ids
    assert set(one_table.columns()) == columns
    assert synced.receipt["values_dropped"] == dropped
    assert synced.receipt["rows_set_aside"] == 2 - len(ids)


@pytest.mark.sampled
@pytest.mark.parametrize("loaded_before", [FIRST, LATER], ids=["on the first load", "later"])
def test_a_frozen_table_refuses_a_field_that_is_not_declared(one_table: OneTable, loaded_before: bool) -> None:
    one_table.describe(schema_contract="freeze", columns=DECLARED)
    if loaded_before:
        assert one_table.sync([{"id": 1, "v": 0, "extra": None}]).green
    synced = one_table.sync(STRANGE)
    assert not synced.green
    assert synced.error == (
        "generic_rest.resource_name: the API sends 'extra', a field that is not declared, and schema_contract freezes "
        "the columns; declare what it is, or let the contract evolve."
    )


@pytest.mark.parametrize(("sent", "is_let_in"), [("old", True), ("extra", False)])
def test_a_frozen_table_lets_in_what_a_rename_makes_and_no_field_of_the_apis_own(
    one_table: OneTable, sent: str, is_let_in: bool
) -> None:
    one_table.describe(schema_contract="freeze", columns=DECLARED, steps=[{"rename": {"old": "extra"}}])
    assert one_table.sync([{"id": 1, "v": 0}]).green
    synced = one_table.sync([{"id": 2, "v": 0, sent: "x"}])
    assert synced.green == is_let_in, synced.error
    assert is_let_in or "the API sends 'extra', a field that is not declared" in synced.error


def test_where_the_file_declares_no_column_the_first_load_says_what_the_contract_holds(one_table: OneTable) -> None:
    assert one_table.sync([{"id": 1, "v": 1}], schema_contract="freeze").green
    assert not one_table.sync([{"id": 1, "v": 1, "extra": 1}]).green


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("rule", "ids", "dropped"), [("discard_value", [1, 2], 1), ("discard_row", [1], 0), ("freeze", [1], 0)]
)
def test_a_contract_on_types_holds_for_columns_that_earlier_records_made(
    one_table: OneTable, rule: str, ids: list[int], dropped: int
) -> None:
    one_table.sync([{"id": 1, "v": 1}], schema_contract={"data_type": rule})
    synced = one_table.sync([{"id": 1, "v": 1}, {"id": 2, "v": "abc"}])
    assert synced.green == (rule != "freeze")
    assert [row["id"] for row in one_table.rows()] == ids
    assert set(one_table.columns()) == {"id", "v"}
    assert synced.receipt["values_dropped"] == dropped


# Nothing, and nulls


@pytest.mark.sampled
@pytest.mark.parametrize("disposition", ["merge", "replace", "append"])
def test_an_empty_first_list_makes_the_declared_table_and_green_checks(one_table: OneTable, disposition: str) -> None:
    columns = {"id": {"data_type": "bigint", "nullable": False}, "v": {"data_type": "text"}}
    synced = one_table.sync([], columns=columns, write_disposition=disposition)
    assert synced.green
    assert one_table.rows() == []
    assert all(check.passed for check in synced.checks.values())
    assert synced.receipt["dagster/row_count"] == 0


def test_an_empty_list_empties_a_replaced_table_and_leaves_a_merged_one(one_table: OneTable) -> None:
    one_table.sync([{"id": 1}])
    one_table.sync([])
    assert len(one_table.rows()) == 1
    synced = one_table.sync([], write_disposition="replace", maximum_deleted_share=1.0)
    assert synced.green
    assert one_table.rows() == []


@pytest.mark.sampled
@pytest.mark.parametrize("nested", ["json", "tables"])
def test_a_key_with_two_underscores_is_the_column_that_the_records_make(one_table: OneTable, nested: str) -> None:
    columns = {"id": {"data_type": "text"}, "_user__name": {"data_type": "text", "nullable": False}}
    keyed: dict[str, Any] = {"primary_key": ["id", "_user__name"], "columns": columns, "nested": nested}

    one_table.sync([{"id": "1", "_user__name": "a", "v": 0}, {"id": "1", "_user__name": "b", "v": 0}], **keyed)
    synced = one_table.sync([{"id": "1", "_user__name": "b", "v": 1}], **keyed)

    assert synced.green
    assert all(check.passed for check in synced.checks.values())
    assert [(row["_user__name"], row["v"]) for row in one_table.rows()] == [("a", 0), ("b", 1)]


def test_a_column_that_is_null_in_all_records_comes_with_its_first_value(one_table: OneTable) -> None:
    one_table.sync([{"id": 1, "v": None}, {"id": 2, "v": None}])
    assert set(one_table.columns()) == {"id"}
    one_table.sync([{"id": 3, "v": 7}])
    assert [row["v"] for row in one_table.rows()] == [None, None, 7]


def test_records_without_a_value_are_set_aside_where_no_column_is_known_and_are_rows_where_one_is(
    one_table: OneTable,
) -> None:
    synced = one_table.sync([{}, {"v": None}], primary_key=None, write_disposition="append")
    assert synced.receipt["set_aside_by_reason"] == {"no value in any field": 2}
    synced = one_table.sync([{"v": None}], columns={"v": {"data_type": "text"}})
    assert synced.receipt["rows_loaded"] == 1
    assert one_table.rows(f"SELECT * FROM {RESOURCE}") == [{"v": None}]


# The fast way and dlt's own

ROWS = [
    {
        "id": number,
        "name": f"é{number}",
        "price": number / 4,
        "at": f"2025-01-0{number}T12:00:00.5+02:00",
        "is_on": number % 2 == 0,
        "tags": [{"a": number, "b": [1, "x"]}] if number % 3 else None,
        "owner": {"name": "x", "Age": number},
        "none": None,
        "mixed": number if number < 3 else f"text {number}",
        "camelCase": number,
    }
    for number in range(1, 8)
]
HINTS: list[dict[str, Any]] = [
    {},
    {
        "id": {"data_type": "bigint"},
        "price": {"data_type": "decimal", "precision": 10, "scale": 3},
        "at": {"data_type": "timestamp"},
        "tags": {"data_type": "json"},
        "none": {"data_type": "text"},
    },
]


def load_plainly(rows: list[dict[str, Any]], columns: dict[str, Any], one_table: OneTable) -> None:
    """The same rows as dlt itself loads them, into the same table."""
    from messaging_assets.loading.source import dlt_columns

    resource = one_table.describe(columns=columns).resources_in_full[RESOURCE]
    plain = dlt.resource(
        rows,
        name=RESOURCE,
        primary_key="id",
        write_disposition="merge",
        columns=dlt_columns(resource),
        max_table_nesting=0,
    )
    source = dlt.source(lambda: plain, name=f"generic_rest_{RESOURCE}")()
    one_table.pipeline().run(source, loader_file_format="parquet")


def comparable(one_table: OneTable) -> tuple[dict[str, str], list[dict[str, Any]]]:
    columns = one_table.columns()
    rows = one_table.rows()
    for row in rows:
        for name, data_type in columns.items():
            if data_type == "JSON" and row[name] is not None:
                row[name] = json.loads(row[name])
    return columns, rows


@pytest.mark.sampled
@pytest.mark.parametrize("columns", HINTS, ids=["undeclared", "declared"])
def test_the_fast_way_makes_the_table_that_dlt_makes(one_table: OneTable, columns: dict[str, Any]) -> None:
    assert one_table.sync(ROWS, columns=columns).green
    fast = comparable(one_table)
    one_table.execute(f"DROP TABLE {RESOURCE}")
    for table in ("_dlt_version", "_dlt_loads", "_dlt_pipeline_state"):
        one_table.execute(f"DELETE FROM {table}")
    load_plainly(ROWS, columns, one_table)
    assert comparable(one_table) == fast


@pytest.mark.sampled
@pytest.mark.parametrize("first", ["fast", "plain"])
@pytest.mark.parametrize("columns", HINTS, ids=["undeclared", "declared"])
def test_a_table_that_was_made_one_way_goes_on_the_other_way(
    one_table: OneTable, first: str, columns: dict[str, Any]
) -> None:
    ways = [
        lambda rows: one_table.sync(rows, columns=columns),
        lambda rows: load_plainly(rows, columns, one_table),
    ]
    for load, rows in zip(ways if first == "fast" else ways[::-1], (ROWS[:4], ROWS[2:]), strict=True):
        load(rows)
    both = comparable(one_table)
    one_table.execute(f"DELETE FROM {RESOURCE}")
    assert one_table.sync(ROWS, columns=columns).green
    assert comparable(one_table) == both


def test_nested_values_become_tables_where_the_file_asks_and_change_sides_by_no_accident(one_table: OneTable) -> None:
    one_table.sync(ROWS[:3], nested="tables")
    assert [row["a"] for row in one_table.rows(f"SELECT a FROM {RESOURCE}__tags ORDER BY a")] == [1, 2]
    assert [row["owner__age"] for row in one_table.rows()] == [1, 2, 3]
    refused = one_table.sync(ROWS, nested="json")
    assert "was loaded with nested: tables, and the file says nested: json" in refused.error
    assert len(one_table.rows()) == 3
    assert one_table.sync(ROWS, nested="tables").green
    assert len(one_table.rows()) == 7


# Whatever comes

FIELDS = st.sampled_from(["a", "b", "A", "bC", "b_c", "é", "v"])
RECORDS = st.lists(
    st.fixed_dictionaries({"id": st.integers(0, 5)}, optional={}).flatmap(
        lambda base: st.dictionaries(FIELDS, JSON, max_size=4).map(lambda rest: {**rest, **base})
    ),
    max_size=8,
)


@given(RECORDS, st.sampled_from([None, "text", "bigint", "double", "timestamp", "json"]))
def test_every_value_that_goes_in_comes_out_equal_or_is_counted(rows: list[dict[str, Any]], data_type: str) -> None:
    receipt = Receipt()
    columns = {"a": {"data_type": data_type}} if data_type else {}
    collected = batches(receipt, columns=columns)
    for row in rows:
        collected.add([dict(row)])
    tables = list(collected.flush())
    loaded = {row["id"]: row for table in tables for row in table.to_pylist()}
    last = {row["id"]: row for row in rows}
    assert len(loaded) + receipt.rows_set_aside == len(last)
    assert receipt.rows_loaded == len(loaded)
    naming, rounded = Schema("any").naming.normalize_identifier, 0
    for key, kept in loaded.items():
        for field, value in last[key].items():
            if value is None:
                continue
            homes = {
                name: found
                for name, found in kept.items()
                if found is not None and (name == naming(field) or name.startswith(f"{naming(field)}__v_"))
            }
            assert len(homes) == 1, (field, value, kept)
            [(name, found)] = homes.items()
            rounded += not same(value, type_of(collected, name), found)
    assert rounded <= receipt.values_rounded


def type_of(collected: Batches, column: str) -> str:
    return collected.columns.data_type(column)
