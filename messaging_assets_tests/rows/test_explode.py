"""Lists that stand side by side, as series of a monitoring API have them, become records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from messaging_assets.description.api import ApiDescription
from messaging_assets.foundation.folders import settle_environment
from messaging_assets_tests.one_step import alone
from messaging_assets_tests.one_table import RESOURCE, OneTable, replayed

EXPLODE: dict[str, Any] = {
    "primary_key": ["host", "at"],
    "steps": [{"explode": ["at", "value"]}, {"cast": {"at": "epoch_ms"}}],
    "columns": {"at": {"data_type": "timestamp"}, "value": {"data_type": "double"}},
}
DAY = 1_767_225_600_000


def series(host: str, *values: Any, first: int = DAY) -> dict[str, Any]:
    return {"host": host, "at": [first + number * 60_000 for number in range(len(values))], "value": list(values)}


def came(table: OneTable) -> list[tuple[Any, ...]]:
    found = table.rows('SELECT * FROM resource_name ORDER BY host, "at"')
    return [(row["host"], f"{row['at']:%H:%M}", row["value"]) for row in found]


def test_each_place_is_a_record_beside_the_other_fields_as_often_as_it_is_read(one_table: OneTable) -> None:
    rows = [series("a", 1.5, None, 2.5), series("b"), {"host": "c"}, {"host": "d", "at": None, "value": []}]
    for _ in range(2):
        synced = one_table.sync(rows, **EXPLODE)
        assert synced.green, synced.error
        assert synced.receipt["rows_read"] == 4
        # Two more of the first, and none of each other.
        assert (synced.receipt["rows_made"], synced.receipt["rows_filtered"]) == (2, 3)
        assert came(one_table) == [("a", "00:00", 1.5), ("a", "00:01", None), ("a", "00:02", 2.5)]
    assert one_table.sync([*rows, series("b", 7.0)]).green
    assert len(came(one_table)) == 4


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([1.0], "value: a list that is not as long as the one beside it"),
        (None, "value: a list that is not as long as the one beside it"),
        (5.0, "value: no list"),
        ({"a": 1}, "value: no list"),
    ],
)
def test_a_record_whose_lists_do_not_fit_is_set_aside_and_replayed_by_reading_it(
    one_table: OneTable, value: Any, reason: str
) -> None:
    rows = [series("a", 1.0), series("b", 1.0), series("c", 1.0), series("d", 1.0)]
    odd = {**series("e", 1.0, 2.0), "value": value}
    synced = one_table.sync([*rows, odd], **EXPLODE)
    assert [row["reason"] for row in one_table.rejected()] == [reason], synced.error
    assert [host for host, *_ in came(one_table)] == ["a", "b", "c", "d"]
    assert list(replayed(one_table).left) == ["a field of it is no list, or not as long as the one beside it"]
    [left] = replayed(one_table, steps=[{"explode": ["at"]}, {"cast": {"at": "epoch_ms"}}]).left
    assert left == "explode makes several records of it, so it must be read from the API again"
    assert one_table.sync([*rows, series("e", 1.0, 2.0)], **EXPLODE).green
    assert len(came(one_table)) == 6


def test_objects_of_one_list_may_be_flattened_behind_it(one_table: OneTable) -> None:
    rows = [{"order": 7, "lines": [{"no": 1, "item": {"sku": "x"}}, {"no": 2, "item": {"sku": "y"}}]}]
    steps = [{"explode": ["lines"]}, {"flatten": ["lines"]}]
    synced = one_table.sync(rows, primary_key=["order", "lines__no"], steps=steps)
    assert synced.green, synced.error
    found = one_table.rows("SELECT * FROM resource_name ORDER BY lines__no")
    assert found == [
        {"order": 7, "lines__no": 1, "lines__item__sku": "x"},
        {"order": 7, "lines__no": 2, "lines__item__sku": "y"},
    ]


def test_the_cursor_is_that_of_the_records_that_are_made(one_table: OneTable) -> None:
    incremental = {"cursor_path": "at"}
    endpoint = {"path": "v1/resource", "data_selector": "data", "paginator": "single_page", "incremental": incremental}
    own = {**EXPLODE, "endpoint": endpoint, "write_disposition": "append"}
    assert one_table.sync([series("a", 1.0, 2.0)], **own).green
    assert one_table.sync([series("a", 1.0, 2.0, 3.0), series("b", 4.0, first=DAY + 120_000)]).green
    assert one_table.sync([series("a", 3.0, 5.0, first=DAY + 120_000)]).green
    assert [(host, value) for host, _, value in came(one_table)] == [
        ("a", 1.0),
        ("a", 2.0),
        ("a", 3.0),
        ("a", 5.0),
        ("b", 4.0),
    ]


def test_a_field_that_no_record_has_is_in_doubt_as_every_record_is_left_out(one_table: OneTable) -> None:
    steps = [{"explode": ["points"]}]
    synced = one_table.sync([{"id": 1}, {"id": 2}], steps=steps)
    assert synced.green, synced.error
    assert synced.receipt["verdict"] == "unknown"
    assert "no record has points as the explode looks for it" in synced.receipt["verdict_reason"]
    assert (synced.receipt["rows_made"], synced.receipt["rows_filtered"]) == (0, 2)
    # As a list of which each record has an empty one.
    assert one_table.sync([{"id": 1, "points": []}]).receipt["verdict"] != "unknown"


def twice(row: dict[str, Any]) -> Iterator[Any]:
    yield {**row, "side": "left"}
    yield [{**row, "side": "right"}]


@pytest.mark.parametrize(
    "own",
    [
        {"steps": [{"explode": ["side"]}, {"filter": "@.side != 'none'"}]},
        {"processing_steps": [{"yield_map": twice}]},
    ],
)
def test_children_are_asked_for_below_each_record_that_is_made(one_table: OneTable, own: dict[str, Any]) -> None:
    plain = {"data_selector": "data", "paginator": "single_page"}
    parent = {"name": "hosts", "endpoint": {"path": "v1/resource", **plain}, **own}
    below = {"path": "v1/resource?of={resources.hosts.id}&at={resources.hosts.side}", **plain}
    kids = one_table.describe(endpoint=below, include_from_parent=["id", "side"], primary_key=["_hosts_side"])
    written = kids.model_dump(exclude_unset=True, by_alias=True)
    one_table.serve([{"id": 1, "side": ["left", "none", "right"]}])
    settle_environment()
    described = ApiDescription.model_validate({**written, "resources": [parent, *written["resources"]]})
    synced = alone(described, RESOURCE, one_table.history)
    assert synced.green, synced.error
    found = one_table.rows("SELECT DISTINCT _hosts_id, _hosts_side FROM resource_name ORDER BY 2")
    assert [(row["_hosts_id"], row["_hosts_side"]) for row in found] == [(1, "left"), (1, "right")]
