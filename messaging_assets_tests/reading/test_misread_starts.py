"""A start that an API reads otherwise than it was sent: in another time zone, or without the day that it names."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from messaging_assets.description.incremental import Incremental
from messaging_assets.reading.cursors.marks import CursorMarks
from messaging_assets.reading.cursors.order import order_of
from messaging_assets.reading.cursors.request_values import first_of_file
from messaging_assets.reading.cursors.row_digests import AT_MARK, START_SEEN, RowsAtMark
from messaging_assets.sandbox import Fault
from messaging_assets_tests.one_table import OneTable

MINUTES = {"format": "%Y-%m-%d %H:%M"}
ROWS = [{"id": number, "at": f"2026-01-0{number}T10:00:30Z"} for number in range(1, 4)]


def _sync(one_table: OneTable, rows: list[Any], **own: Any) -> Any:
    """Sync rows that are all that the API sends, whatever it is asked for."""
    one_table.sandbox.faults.clear()
    one_table.sandbox.fault(
        Fault(api="generic_rest", rewrite=lambda payload, request: {"data": rows[request.offset or 0 :]})
    )
    cursor = {"cursor_path": "at", "start_param": "since", "initial_value": "2025-01-01T00:00:00Z", **MINUTES, **own}
    paginator = {"type": "offset", "limit": 100, "overlap": 0}
    endpoint = {"path": "v1/resource", "data_selector": "data", "paginator": paginator, "incremental": cursor}
    return one_table.sync(endpoint=endpoint)


@pytest.mark.parametrize("disposition", ["merge", "append"])
def test_a_start_before_the_last_row_that_brings_it_never_again_is_in_doubt(
    one_table: OneTable, disposition: str
) -> None:
    one_table.described["write_disposition"] = disposition
    _sync(one_table, ROWS)

    synced = _sync(one_table, [{"id": 9, "at": "2026-01-09T10:00:30Z"}])

    assert synced.green
    assert synced.receipt["verdict"] == "unknown"
    assert "declare incremental.timezone" in synced.receipt["verdict_reason"]
    assert [row["id"] for row in one_table.rows()] == [1, 2, 3, 9]


@pytest.mark.parametrize(
    ("own", "again"),
    [
        ({}, ROWS[-1:]),
        # It was changed since, and stands elsewhere.
        ({}, [{"id": 3, "at": "2026-01-09T00:00:30Z"}]),
        # The start is the very moment, which an API may leave out.
        ({"format": "iso"}, []),
        ({"lag": 60}, ROWS[-1:]),
    ],
    ids=str,
)
def test_a_start_that_is_read_as_it_was_sent_is_in_no_doubt(
    one_table: OneTable, own: dict[str, Any], again: list[Any]
) -> None:
    _sync(one_table, ROWS, **own)
    assert _sync(one_table, again, **own).receipt["verdict"] == "read to the end"


def test_an_api_that_had_the_row_again_once_reads_starts_well_and_a_row_that_is_gone_later_is_no_sign(
    one_table: OneTable,
) -> None:
    _sync(one_table, ROWS)
    _sync(one_table, [*ROWS[-1:], {"id": 4, "at": "2026-01-04T10:00:30Z"}])
    assert _sync(one_table, []).receipt["verdict"] == "read to the end"


def test_a_lag_whose_rows_never_come_again_is_in_doubt(one_table: OneTable) -> None:
    _sync(one_table, ROWS, lag=3600)
    assert _sync(one_table, [], lag=3600).receipt["verdict"] == "unknown"


def _closed(lists: dict[str, bool], is_resumed: bool) -> CursorMarks:
    """Lists whose last row came again, or did not."""
    own = Incremental(cursor_path="at", format="%Y-%m-%d", start_param="since", initial_value="2026-01-01T00:00:00Z")
    first = CursorMarks("chat.messages", own, ("id",), {})
    for name in lists:
        first.cursor(name).newer([{"id": name, "at": "2026-01-05T10:00:00Z"}], 1)
        first.close(name, moves=True)
    second = CursorMarks("chat.messages", own, ("id",), first.of_all(()))
    for name, has_come in lists.items():
        second.cursor(name).known.by_key.came([{"id": name, "at": "2026-01-05T10:00:00Z"}] if has_come else [])
        second.close(name, moves=True, is_resumed=is_resumed)
    return second


def test_a_declared_zone_ends_the_doubt(one_table: OneTable) -> None:
    _sync(one_table, ROWS)
    assert _sync(one_table, []).receipt["verdict"] == "unknown"
    assert _sync(one_table, [], timezone="UTC").receipt["verdict"] == "read to the end"


def test_rows_at_a_mark_are_kept_once_and_those_of_another_key_are_forgotten() -> None:
    own = Incremental(cursor_path="at", format="%Y-%m-%d")
    at_mark = RowsAtMark(own, ("id",), None)
    for number in (1, 1, *range(30)):
        at_mark.take({"id": number, "key": -number}, is_further=False)

    assert len(at_mark.kept) == len(set(at_mark.kept)) == 20
    assert RowsAtMark(own, ("id",), at_mark.of_mark).are_awaited
    assert not RowsAtMark(own, ("key",), at_mark.of_mark).are_awaited
    assert not RowsAtMark(own, ("id",), {AT_MARK: ["of another form"]}).are_awaited


@pytest.mark.parametrize(("is_resumed", "is_seen", "is_missing"), [(False, False, True), (True, False, False)])
def test_a_read_that_goes_on_behind_an_interruption_misses_no_row_of_before(
    is_resumed: bool, is_seen: bool, is_missing: bool
) -> None:
    marks = _closed({"a": False}, is_resumed)
    assert (marks.seen.is_start_seen, marks.seen.is_start_missing) == (is_seen, is_missing)


def test_one_list_that_had_its_row_again_tells_how_the_api_reads_the_starts_of_all() -> None:
    seen = _closed({"a": True, "b": False}, is_resumed=False).seen
    assert (seen.is_start_seen, seen.is_start_missing) == (True, True)


@pytest.mark.parametrize(("backwards", "hour"), [(False, 0), (True, 10)])
def test_a_relative_start_that_is_sent_as_a_day_has_all_of_it_on_its_own_side(backwards: bool, hour: int) -> None:
    now = datetime(2026, 1, 10, 10, tzinfo=timezone.utc)
    order = "min" if backwards else "max"
    own = Incremental(cursor_path="at", format="%Y-%m-%d", initial_value="-3d", last_value_func=order)
    assert first_of_file(own, order_of(own, now)) == datetime(2026, 1, 7, hour, tzinfo=timezone.utc)


def test_the_names_under_which_a_mark_keeps_this_stay() -> None:
    assert (AT_MARK, START_SEEN) == ("messaging_assets_at_mark", "messaging_assets_start_seen")
