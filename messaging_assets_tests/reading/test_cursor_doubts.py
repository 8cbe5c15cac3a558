"""Where a cursor's order is not known, or is another than the file says, no row is left out for it."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from messaging_assets.description.api import Incremental
from messaging_assets.reading.cursors.order import Order
from messaging_assets.reading.cursors.request_values import request_values
from messaging_assets.reading.cursors.row_order import RowOrder
from messaging_assets.reading.times.doubled_hour import may_be_same, span_of
from messaging_assets_tests.one_table import OneTable
from messaging_assets_tests.reading.test_list_cursor import Synced

NOW = datetime(2026, 1, 10, 12, tzinfo=timezone.utc)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("declared", "values", "is_contradicted"),
    [
        ("desc", ["2025-02-19", "2025-01-01", "2025-02-18"], True),
        ("desc", ["2025-02-19", "2025-02-19", None, "odd", "2025-01-01"], False),
        ("asc", [1, 2, 2, 3], False),
        ("asc", [1, 3, 2], True),
        (None, [3, 1, 2], False),
    ],
)
def test_a_row_that_stands_otherwise_contradicts_the_order(
    declared: Any, values: list[Any], is_contradicted: bool
) -> None:
    row_order = RowOrder(declared, Order(now=NOW), may_hold=False)
    for page, value in enumerate(values, 1):
        row_order.note([value], page)
    assert row_order.is_contradicted == is_contradicted


def test_a_list_with_pinned_old_rows_is_read_to_its_end(one_table: OneTable) -> None:
    one_table.page_size = 4
    cursor = {"cursor_path": "at", "initial_value": "2025-02-01T00:00:00Z", "row_order": "desc"}
    endpoint = {
        "path": "v1/resource",
        "data_selector": "data",
        "paginator": {"type": "offset", "limit": 4, "overlap": 0},
        "incremental": cursor,
    }
    days = ["02-19", "01-01", "02-18", "01-02", "02-17", "02-16", "02-15"]
    rows = [{"id": place, "at": f"2025-{day}T00:00:00Z"} for place, day in enumerate(days)]

    synced = one_table.sync(rows, endpoint=endpoint)

    assert [row["id"] for row in one_table.rows()] == [0, 2, 4, 5, 6]
    assert "another order than row_order says" in synced.receipt["verdict_reason"]


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (datetime(2025, 1, 1, tzinfo=timezone.utc), "2025-01-01T00:00:00Z"),
        (datetime(2025, 1, 1), "2025-01-01T00:00:00Z"),  # noqa: DTZ001 - a YAML file can have it
        (datetime(2025, 1, 1, 1, 0, 0, 500_000, timezone(timedelta(hours=1))), "2025-01-01T00:00:00.5Z"),
        (date(2025, 1, 1), date(2025, 1, 1)),
    ],
)
def test_a_moment_of_the_file_is_sent_as_iso_8601_has_it(value: Any, sent: Any) -> None:
    own = Incremental.model_validate({"cursor_path": "at", "initial_value": value, "end_param": "until"})
    values = request_values(own, None, NOW)
    assert values["start_value"] == sent
    assert values["end_value"] == "2026-01-10T12:00:00Z"


@pytest.mark.parametrize(
    ("end", "within", "after"),
    [
        ("2025-01-31", "2025-01-31T10:00:00Z", "2025-02-01T00:00:00Z"),
        (date(2025, 1, 31), "2025-01-31T10:00:00Z", "2025-02-01T00:00:00Z"),
        ("20250131", "20250131100000", "20250201000000"),
        ("2025-01-31", "2025-01-31", "2025-02-01"),
    ],
)
def test_a_range_that_is_closed_by_a_day_has_that_day(end: Any, within: str, after: str) -> None:
    assert Synced([within, after], end_value=end, range_end="closed").taken == [within]
    assert Synced([within, after], end_value=end, range_end="open").taken == []


def test_two_times_in_the_hour_that_comes_twice_have_no_known_order() -> None:
    assert span_of("2025-10-26 02:15:00", None, BERLIN) is not None
    assert span_of("2025-10-26 03:15:00", None, BERLIN) is None
    assert span_of("2025-03-30 02:15:00", None, BERLIN) is None
    assert span_of("2025-10-26T02:15:00Z", None, BERLIN) is None
    assert span_of("26.10.2025 02:15", "%d.%m.%Y %H:%M", BERLIN) is not None
    assert may_be_same("2025-10-26 02:15:00", "2025-10-26 02:50:00", None, BERLIN)
    assert not may_be_same("2025-10-26 02:50:00", "2025-10-26 03:00:00", None, BERLIN)
    assert not may_be_same("2025-10-26 01:59:59", "2025-10-26 02:00:00", None, BERLIN)


def test_an_append_knows_the_rows_of_the_doubled_hour_again_and_takes_those_of_its_second_pass() -> None:
    own: dict[str, Any] = {"timezone": "Europe/Berlin", "initial_value": "2025-10-01", "merge": False, "keyed": False}
    first = Synced(["2025-10-26 01:30:00", "2025-10-26 02:50:00", "2025-10-26 02:10:00"], **own)
    assert first.last == "2025-10-26 02:10:00"

    second = Synced(["2025-10-26 02:10:00", "2025-10-26 02:50:00", "2025-10-26 02:15:00"], mark=first.mark, **own)
    third = Synced(["2025-10-26 02:15:00", "2025-10-26 03:05:00"], mark=second.mark, **own)

    assert second.taken == ["2025-10-26 02:15:00"]
    assert third.taken == ["2025-10-26 03:05:00"]
    assert third.last == "2025-10-26 03:05:00"
