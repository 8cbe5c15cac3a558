"""Times that are the digits of a calendar, and numbers so large that nobody knows their unit."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from messaging_assets.description.api import Incremental
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.foundation.moments import unit_of
from messaging_assets.reading.cursors.order import Order, order_of
from messaging_assets.reading.cursors.request_values import request_values
from messaging_assets.reading.times.calendar_digits import as_calendar_digits, calendar_moment
from messaging_assets.reading.times.notation import NoOrder
from messaging_assets_tests.one_table import OneTable
from messaging_assets_tests.reading.test_list_cursor import Synced

NOW = datetime(2026, 1, 10, 12, tzinfo=timezone.utc)
NANO = 1_700_000_000_000_000_000


@pytest.mark.parametrize(
    ("digits", "moment"),
    [
        ("20250301", "2025-03-01T00:00:00Z"),
        ("2025030123", "2025-03-01T23:00:00Z"),
        ("202503012359", "2025-03-01T23:59:00Z"),
        ("20250301235958", "2025-03-01T23:59:58Z"),
        ("20250301235958123", "2025-03-01T23:59:58.123Z"),
    ],
)
def test_digits_of_a_calendar_are_read_and_written_at_any_length(digits: str, moment: str) -> None:
    seconds = calendar_moment(digits)
    assert seconds is not None
    assert seconds == Decimal(str(datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp()))
    assert as_calendar_digits(seconds, len(digits)) == digits
    berlin = ZoneInfo("Europe/Berlin")
    assert as_calendar_digits(seconds, 14, berlin) == str(int(as_calendar_digits(seconds, 14)) + 10_000) or (
        len(digits) > 8
    )


@pytest.mark.parametrize("digits", ["20251301", "20250230", "2025030124", "20250301236100", "1700000000", "18991230"])
def test_other_digits_are_no_calendar(digits: str) -> None:
    assert calendar_moment(digits) is None


def test_an_end_is_never_cut_off() -> None:
    assert as_calendar_digits(Decimal("1740787200.5"), 14, is_end=True) == "20250301000001"
    assert as_calendar_digits(Decimal("1740787201"), 8, is_end=True) == "20250302"


@pytest.mark.parametrize(
    ("last", "start"),
    [
        ("20250301000500", "20250228230500"),
        (20250301000500, 20250228230500),
        ("202503010005", "202502282305"),
        (2025030100, 2025022823),
        (1740787500, 1740783900),
        (1740787500000, 1740783900000),
        ("20250301000500123", "20250228230500123"),
    ],
)
def test_a_lag_counts_in_the_calendar(last: Any, start: Any) -> None:
    own = Incremental.model_validate({"cursor_path": "at", "lag": 3600, "initial_value": None})
    assert request_values(own, last, NOW)["start_value"] == start


def test_now_is_written_with_as_many_digits_as_records_have() -> None:
    own = Incremental.model_validate({"cursor_path": "at", "initial_value": "20240101000000", "end_param": "until"})
    assert request_values(own, None, NOW)["end_value"] == "20260110120000"
    assert request_values(own, 2025030100, NOW)["end_value"] == 2026011012


def test_a_day_ends_a_range_of_times() -> None:
    order = Order(now=NOW)
    assert order.compare("20250131", "20250130235959") > 0
    assert order.compare(20250131, 20250131000000) == 0


def test_ten_digits_that_are_past_as_seconds_are_seconds() -> None:
    assert Order(now=datetime(2040, 1, 1, tzinfo=timezone.utc)).unit(Decimal(2025030100)) == 0
    assert Order(now=NOW).unit(Decimal(2025030100)) is None


def test_numbers_of_no_known_unit_take_no_lag_unless_the_file_says_what_they_are() -> None:
    own: dict[str, Any] = {"cursor_path": "at", "lag": 3600, "initial_value": "0"}
    for last in (str(NANO), 638_700_000_000_000_000, 133_800_000_000_000_000):
        with pytest.raises(MendDescription, match="declare cursor_format"):
            Synced(mark={"last_value": last, "unique_hashes": []}, **own)
    nanoseconds = Incremental.model_validate({**own, "cursor_format": "epoch_ns"})
    assert request_values(nanoseconds, str(NANO), NOW)["start_value"] == str(NANO - 3600 * 10**9)
    number = Incremental.model_validate({**own, "cursor_format": "number"})
    assert request_values(number, NANO, NOW)["start_value"] == NANO - 3600


def test_windows_ticks_are_no_microseconds() -> None:
    assert unit_of(Decimal("133800000000000000")) is None
    assert unit_of(Decimal("1700000000000000")) == 6


def test_a_row_of_2099_in_nanoseconds_freezes_no_mark() -> None:
    far = 4_070_908_800 * 10**9
    with pytest.raises(MendDescription, match="more than one unit"):
        Synced([NANO, far])
    declared = Synced([NANO, far], cursor_format="epoch_ns")
    assert (declared.last, declared.ahead) == (NANO, 1)
    # Ids of this size only ever grow a little.
    assert Synced([NANO, 2 * 10**18]).last == 2 * 10**18


def test_what_cannot_be_lagged_says_so() -> None:
    order = order_of(Incremental.model_validate({"cursor_path": "at"}), NOW)
    with pytest.raises(NoOrder):
        order.behind(NANO, 5, in_days=False)
    assert order.behind(1000, 5, in_days=False) == 995


def test_a_late_row_within_the_lag_of_a_calendars_digits_is_loaded(one_table: OneTable) -> None:
    cursor = {"cursor_path": "at", "initial_value": 20240101000000, "lag": 3600, "start_param": "since"}
    endpoint = {"path": "v1/resource", "data_selector": "data", "paginator": "single_page", "incremental": cursor}
    rows = [{"id": 1, "at": 20250228200000}, {"id": 2, "at": 20250301000500}]
    one_table.sync(rows, endpoint=endpoint)
    one_table.sandbox.forget()

    one_table.sync([*rows, {"id": 3, "at": 20250228233500}])

    assert [row["id"] for row in one_table.rows()] == [1, 2, 3]
    [asked] = one_table.sandbox.asked("generic_rest", "resource_name")
    assert asked.query["since"] == "20250228230500"
