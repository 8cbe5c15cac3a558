"""A window that was in doubt is told of until it is read without one, whatever other windows came to since."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from messaging_assets.sandbox import Fault
from messaging_assets.tables.notes.doubted_windows import doubted_windows, left_in_doubt
from messaging_assets_tests.one_step import Done, alone
from messaging_assets_tests.one_table import API, RESOURCE, OneTable

ROWS: list[dict[str, Any]] = [{"id": day, "at": f"2025-01-0{day}T12:00:00Z"} for day in range(1, 6)]


@given(some.lists(some.tuples(some.integers(0, 12), some.integers(1, 6), some.booleans()), max_size=20))
def test_each_hour_is_in_doubt_whose_last_sync_was(syncs: list[tuple[int, int, bool]]) -> None:
    hours: dict[int, int | None] = {}
    for number, (start, length, is_sure) in enumerate(syncs):
        hours.update(dict.fromkeys(range(start, start + length), None if is_sure else number))
    told = [
        (start, start + length, "proven" if is_sure else "unknown", str(number))
        for number, (start, length, is_sure) in enumerate(syncs)
    ]

    found = left_in_doubt(told)

    shown = {hour: int(why) for start, end, why in found for hour in range(start, end)}
    assert shown == {hour: number for hour, number in hours.items() if number is not None}
    assert found == sorted(found)


def _doubted(rows: list[tuple[Any, ...]], begins: str = "2025-01-01T00:00:00+00:00") -> list[tuple[str, str]]:
    def select(query: str, values: Any) -> list[tuple[Any, ...]]:
        return [("2025-01-01",)] if "MIN" in query else rows

    found = doubted_windows(select, "sync_history", "chat", "messages", datetime.fromisoformat(begins))
    return [(start.isoformat(), end.isoformat()) for start, end, _ in found]


def test_windows_of_a_clock_that_is_set_back_are_compared_as_moments_where_the_destination_has_texts() -> None:
    hours = [("02:00:00+02:00", "02:00:00+01:00"), ("02:00:00+01:00", "03:00:00+01:00")]
    first, second = ([f"2025-10-26 {one}" for one in hour] for hour in hours)

    assert _doubted([(*first, "unknown", "more")]) == [("2025-10-26T00:00:00+00:00", "2025-10-26T01:00:00+00:00")]
    assert _doubted([(*first, "unknown", "more"), (*second, "unknown", "more"), (*first, "proven", "")]) == [
        ("2025-10-26T01:00:00+00:00", "2025-10-26T02:00:00+00:00")
    ]


def test_a_window_before_the_files_first_one_is_told_of_no_more() -> None:
    day = ("2025-01-02 00:00:00+00:00", "2025-01-03 00:00:00+00:00", "unknown", "more")

    assert _doubted([day], "2025-01-02T23:00:00+00:00")
    assert _doubted([day], "2025-01-03T00:00:00+00:00") == []


@pytest.mark.usefixtures("open_database")
def test_a_history_that_no_sync_made_tells_of_no_window(one_table: OneTable) -> None:
    one_table.execute(f"CREATE SCHEMA {API}")
    one_table.execute(f"CREATE TABLE {API}.sync_history (theirs INTEGER)")

    assert _sync(one_table, 1, {}).checks["sync_is_complete"].passed


def _sync(one_table: OneTable, day: int, sign: dict[str, Any]) -> Done:
    def page(payload: Any, request: Any) -> Any:
        return {"data": [row for row in ROWS if row["at"].startswith(request.query["since"][:10])], **sign}

    one_table.sandbox.faults.clear()
    one_table.sandbox.fault(Fault(api="generic_rest", rewrite=page))
    column = {"at": {"data_type": "timestamp"}}
    by_day = {"type": "daily", "start": "2025-01-01", "column": "at", "start_param": "since", "end_param": "until"}
    endpoint = {"path": "v1/resource", "data_selector": "data", "paginator": "single_page"}
    described = one_table.describe(partitions=by_day, columns=column, endpoint=endpoint)
    return alone(described, RESOURCE, one_table.history, partition_key=f"2025-01-0{day}")


@pytest.mark.usefixtures("open_database")
def test_a_window_in_doubt_is_warned_of_at_each_other_window_until_it_is_synced_again(one_table: OneTable) -> None:
    for day in (1, 2):
        assert not _sync(one_table, day, {"has_more": True}).checks["sync_is_complete"].passed

    other = _sync(one_table, 3, {})

    warned = other.checks["sync_is_complete"]
    assert (other.green, other.receipt["verdict"], warned.passed) == (True, "read to the end", False)
    reason = warned.metadata["reason"].value
    assert "the window from 2025-01-02" in reason
    assert "as in 1 more" in reason
    assert "'has_more'" in reason
    assert warned.metadata["windows_in_doubt"].value == 2
    assert _sync(one_table, 2, {}).checks["sync_is_complete"].metadata["windows_in_doubt"].value == 1
    assert _sync(one_table, 1, {}).checks["sync_is_complete"].passed
