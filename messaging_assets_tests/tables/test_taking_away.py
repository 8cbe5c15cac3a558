"""Nothing is taken away on a read that is not the whole list, whatever would take it."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets.reading.receipt import Finding, Verdict
from messaging_assets.sandbox import Sandbox
from messaging_assets.tables.taking_away import Read, Way, why_nothing_goes
from messaging_assets_tests.interrupted_sync import sync
from messaging_assets_tests.one_table import OneTable

# Nothing but the test opens the file.
pytestmark = pytest.mark.usefixtures("open_database")

REPLACE: dict[str, Any] = {"write_disposition": "replace"}
VERSIONS: dict[str, Any] = {"write_disposition": {"disposition": "merge", "strategy": "scd2"}}


@pytest.mark.parametrize("way", ["deletes", "window", "replace", "scd2", "merge_key"])
def test_each_way_takes_a_proven_read_and_none_in_doubt(way: Way) -> None:
    proven = Finding(Verdict.PROVEN, "all came")
    assert why_nothing_goes(way, Read(proven)) is None
    assert why_nothing_goes(way, Read(Finding(Verdict.UNKNOWN, "it moved"))) is not None
    assert why_nothing_goes(way, Read(proven, is_newest=False)) == "another sync loaded it meanwhile"
    assert why_nothing_goes(way, Read(proven, is_of_news=True)) == "only what is new was asked for"
    assert (why_nothing_goes(way, Read(proven, set_aside=2)) is None) == (way in ("replace", "merge_key"))
    to_the_end = why_nothing_goes(way, Read(Finding(Verdict.READ_TO_THE_END, "")))
    assert (to_the_end is None) == (way != "deletes")
    a_round_number = why_nothing_goes(way, Read(Finding(Verdict.UNKNOWN, "it ended at 100", may_be_chance=True)))
    assert (a_round_number is None) == (way != "deletes")


@pytest.mark.parametrize("hint", [{"merge_key": "name"}, {"columns": {"name": {"merge_key": True}}}])
def test_a_merge_key_takes_no_row_away_after_a_read_in_doubt(one_table: OneTable, hint: dict[str, Any]) -> None:
    """Rows that came twice from page to page say that others may have been missed."""
    one_table.page_size = 5
    way: dict[str, Any] = {"write_disposition": "merge", "primary_key": "id", "passes": 1, **hint}
    one_table.sync([{"id": number, "name": "a"} for number in range(7)], **way)

    again = one_table.sync([{"id": number, "name": "a"} for number in (0, 1, 2, 3, 4, 0, 5)])

    assert "merge_key would take away rows of its values that did not come" in again.error
    assert [row["id"] for row in one_table.rows()] == list(range(7))


@pytest.mark.parametrize("way", [REPLACE, VERSIONS])
def test_a_list_of_a_round_number_is_swapped_again_and_refused_only_where_it_shrank_to_it(
    one_table: OneTable, way: dict[str, Any]
) -> None:
    """100 rows in one answer may be all, or as many as an API gives at once."""
    one_table.page_size = 1_000
    way = way | {"endpoint": {"path": "v1/resource", "data_selector": "data", "paginator": "single_page"}}
    grown = [one_table.sync([{"id": number} for number in range(rows)], **way) for rows in (99, 100, 100, 101)]
    refused = one_table.sync([{"id": number} for number in range(100)])

    assert [one.receipt["verdict"] for one in grown] == ["read to the end", "unknown", "unknown", "read to the end"]
    assert "ended at exactly 100 rows" in refused.error
    assert len(one_table.rows()) == 101


@pytest.mark.sampled
@pytest.mark.parametrize(("left", "share"), [(0, None), (1, None), (7, 0.2)])
def test_a_replaced_list_that_shrinks_by_more_than_the_file_allows_is_refused(
    one_table: OneTable, left: int, share: float | None
) -> None:
    rows = [{"id": number} for number in range(10)]
    one_table.sync(rows, **REPLACE, maximum_deleted_share=share)
    refused = one_table.sync(rows[:left])

    assert f"no longer has {10 - left} of 10 rows" in refused.error
    assert "allow_many_deletes" in refused.error
    assert [row["id"] for row in one_table.rows()] == list(range(10))


def test_a_replaced_list_may_shrink_by_what_the_file_allows_and_grow_as_it_likes(one_table: OneTable) -> None:
    rows = [{"id": number} for number in range(20)]
    assert one_table.sync(rows[:10], **REPLACE).green
    assert one_table.sync(rows[:3]).green
    assert one_table.sync(rows).green
    assert one_table.sync(rows[:1], maximum_deleted_share=1.0).green
    assert [row["id"] for row in one_table.rows()] == [0]


@pytest.mark.sampled
@pytest.mark.parametrize("left", [0, 1])
def test_no_more_versions_are_retired_at_once_than_the_file_allows(one_table: OneTable, left: int) -> None:
    one_table.sync([{"id": number} for number in range(10)], **VERSIONS, maximum_deleted_share=0.8)
    refused = one_table.sync([{"id": number} for number in range(left)])

    assert f"no longer has {10 - left} of 10 rows" in refused.error
    assert [row for row in one_table.rows(own_only=False) if row["_dlt_valid_to"]] == []


def test_retired_versions_are_no_rows_that_could_go(one_table: OneTable) -> None:
    one_table.sync([{"id": number, "state": "new"} for number in range(4)], **VERSIONS, maximum_deleted_share=0.8)
    one_table.sync([{"id": number, "state": "old"} for number in range(4)])
    again = one_table.sync([{"id": 0, "state": "gone"}])

    assert again.green
    assert len([row for row in one_table.rows(own_only=False) if not row["_dlt_valid_to"]]) == 1


def test_a_run_may_let_a_replaced_list_shrink(known_sandbox: Sandbox) -> None:
    rows = known_sandbox.rows("messaging", "messages")
    del rows[100:]
    sync(**REPLACE)
    del rows[1:]
    assert not sync(**REPLACE)["green"]
    assert sync(**REPLACE, config={"allow_many_deletes": True})["ids"] == [rows[0]["id"]]


def test_a_table_is_swapped_at_first_and_no_more_after_a_read_in_doubt(one_table: OneTable) -> None:
    """Rows that came twice from page to page say that others may have been missed."""
    one_table.page_size = 5
    twice = [{"id": number} for number in (0, 1, 2, 3, 4, 0, 5)]
    first = one_table.sync(twice, **REPLACE, passes=1)
    again = one_table.sync(twice)

    assert first.receipt["verdict"] == "unknown"
    assert "replace would swap out rows that may well be there" in again.error
    assert [row["id"] for row in one_table.rows()] == list(range(6))


def test_a_replaced_table_loses_no_rows_to_records_that_were_set_aside(one_table: OneTable) -> None:
    one_table.sync([{"id": number} for number in range(10)], **REPLACE)
    synced = one_table.sync([{"id": None if number < 3 else number} for number in range(10)])

    assert synced.green
    assert synced.receipt["rows_set_aside"] == 3
