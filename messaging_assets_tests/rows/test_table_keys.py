"""Two keys of the API that a table holds as one: neither row takes the other's place unseen."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets.rows import batches as records
from messaging_assets.sandbox import Fault
from messaging_assets_tests.one_table import API, OneTable

MOMENTS = ("2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00")
NAMED: list[tuple[Any, Any, str, dict[str, Any]]] = [
    (*MOMENTS, "timestamp", {"data_type": "timestamp"}),
    ("1.10", "1.1", "decimal", {"data_type": "decimal", "precision": 10, "scale": 2}),
    ("12:00", "12:00:00", "time", {"data_type": "time"}),
    ("1.50", "1.5", "double", {"data_type": "double"}),
]
WAYS = [
    "merge",
    "replace",
    {"disposition": "merge", "strategy": "upsert"},
    {"disposition": "merge", "strategy": "scd2"},
]


@pytest.mark.sampled
@pytest.mark.parametrize(("one", "other", "data_type", "column"), NAMED)
@pytest.mark.parametrize("apart", [1, 3], ids=["in one batch", "in two parts"])
def test_the_second_of_two_keys_that_are_one_in_the_table_is_set_aside(
    one_table: OneTable,
    monkeypatch: pytest.MonkeyPatch,
    one: Any,
    other: Any,
    data_type: str,
    column: dict[str, Any],
    apart: int,
) -> None:
    monkeypatch.setattr(records, "BATCH_ROWS", 2)
    one_table.page_size = 2
    third = {"timestamp": "2027-01-01T00:00:00Z", "time": "13:00:00"}.get(data_type, "9")
    rows = [{"id": one, "v": 1}, {"id": third, "v": 2}, {"id": None, "v": 3}]
    rows.insert(apart, {"id": other, "v": 4})

    synced = one_table.sync(rows, columns={"id": column}, checkpoint={"pages": 1})

    assert synced.green
    assert sorted(row["v"] for row in one_table.rows()) == [1, 2]
    assert synced.receipt["rows_loaded"] == synced.receipt["rows_set_aside"] == 2
    reasons = [row["reason"] for row in one_table.rejected()]
    assert f"id: as {data_type} it is another record's key (text tells them apart)" in reasons
    assert not synced.checks["no_record_rejected"].passed


@pytest.mark.sampled
@pytest.mark.parametrize("way", WAYS, ids=["merge", "replace", "upsert", "scd2"])
def test_a_key_that_is_written_in_another_way_next_time_is_the_same_row(one_table: OneTable, way: Any) -> None:
    for at, key in enumerate(MOMENTS):
        columns = {"id": {"data_type": "timestamp"}}
        synced = one_table.sync([{"id": key, "v": at}], write_disposition=way, columns=columns)
        assert synced.green
        assert "rows_set_aside" not in synced.receipt or not synced.receipt["rows_set_aside"]
    query = "SELECT v FROM resource_name" + (" WHERE _dlt_valid_to IS NULL" if way == WAYS[-1] else "")
    assert one_table.rows(query) == [{"v": 1}]


def test_a_later_version_of_a_record_that_was_set_aside_does_not_take_the_others_place(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "BATCH_ROWS", 2)
    one_table.page_size = 2
    one, other = MOMENTS
    rows = [{"id": one, "v": 1}, {"id": other, "v": 2}, {"id": "2027-01-01T00:00:00Z", "v": 3}, {"id": other, "v": 4}]

    synced = one_table.sync(rows, passes=1, columns={"id": {"data_type": "timestamp"}})

    assert [row["v"] for row in one_table.rows()] == [1, 3]
    assert synced.receipt["rows_set_aside"] == 2


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("keys", "data_type", "resumed"),
    [(["1.10", "2", "3", "4", "1.1"], "decimal", None), ([1, 2, 3, 4, 5], "text", 2), ([1, 2, 3, 4, 5], "bigint", 2)],
    ids=["decimals", "numbers as texts", "numbers"],
)
def test_two_keys_that_are_one_in_the_table_are_told_apart_over_an_interruption(
    one_table: OneTable, keys: list[Any], data_type: str, resumed: int | None
) -> None:
    """Such a read begins anew; one whose keys cannot meet goes on."""
    one_table.page_size = 2
    settings: dict[str, Any] = {"columns": {"id": {"data_type": data_type}}, "checkpoint": {"pages": 1}}
    rows = [{"id": key, "v": at} for at, key in enumerate(keys)]

    def breaking(payload: Any, request: Any) -> Any:
        start = request.offset or 0
        return {"data": rows[start : start + 2]} if start < 4 else b"broken"

    one_table.sandbox.fault(Fault(api=API, rewrite=breaking))
    assert not one_table.sync(**settings).green
    synced = one_table.sync(rows)

    assert synced.green
    assert synced.receipt.get("resumed_rows") == resumed
    loaded = 5 if resumed else 4
    assert sorted(row["v"] for row in one_table.rows()) == list(range(loaded))
    assert synced.receipt["rows_set_aside"] == 5 - loaded


def test_a_number_and_a_text_are_two_keys_over_the_parts_of_a_read_too(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "BATCH_ROWS", 2)
    one_table.page_size = 2
    rows: list[dict[str, Any]] = [{"id": 1, "v": 1}, {"id": 2, "v": 2}, {"id": "1", "v": 3}, {"id": 3, "v": 4}]

    synced = one_table.sync(rows, checkpoint={"pages": 1})

    assert [row["v"] for row in one_table.rows()] == [1, 2, 4]
    assert [row["reason"] for row in one_table.rejected()] == ["id: not a number as the keys before it"]
    assert synced.receipt["rows_set_aside"] == 1


@pytest.mark.sampled
@pytest.mark.parametrize("way", ["merge", "replace"])
@pytest.mark.parametrize("batch_rows", [2, 100], ids=["in two batches", "in one batch"])
def test_keys_that_a_step_makes_one_are_one_row_and_said(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch, way: str, batch_rows: int
) -> None:
    monkeypatch.setattr(records, "BATCH_ROWS", batch_rows)
    one_table.page_size = 2

    def lower(row: dict[str, Any]) -> dict[str, Any]:
        return {**row, "id": row["id"].lower()}

    rows = [{"id": "A", "v": 1}, {"id": "b", "v": 2}, {"id": "c", "v": 3}, {"id": "a", "v": 4}]

    synced = one_table.sync(rows, write_disposition=way, processing_steps=[{"map": lower}])

    assert synced.green
    assert [(row["id"], row["v"]) for row in one_table.rows()] == [("a", 4), ("b", 2), ("c", 3)]
    assert synced.checks["id_is_unique"].passed
    assert synced.receipt["duplicates"] == 1
    assert synced.receipt["verdict"] == "unknown"
    assert "let them keep what tells the records apart" in synced.receipt["verdict_reason"]


def test_steps_that_leave_keys_apart_leave_the_verdict_too(one_table: OneTable) -> None:
    synced = one_table.sync([{"id": 1}, {"id": 2}], processing_steps=[{"map": lambda row: {**row, "v": 1}}])
    assert synced.receipt["duplicates"] == 0
    assert synced.receipt["verdict"] != "unknown"
