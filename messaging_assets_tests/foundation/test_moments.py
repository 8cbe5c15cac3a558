"""Moments as APIs write them: read exactly, written again in the same way, and never guessed."""

from __future__ import annotations

from datetime import timedelta, timezone
from decimal import Decimal
from email.utils import format_datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messaging_assets.foundation.moments import datetime_of, moment_of, unit_of, written, written_like

NOON = Decimal(1736078400)  # 5 January 2025, 12:00 in UTC

ONE_MOMENT = [
    "2025-01-05T12:00:00Z",
    "2025-01-05t12:00:00z",
    "2025-01-05 12:00:00",
    "2025-01-05T14:00:00+02:00",
    "2025-01-05T14:00:00.000000000+0200",
    "2025-01-05 06:30:00 -0530",
    "2025/01/05 12:00",
    "2025-01-05T12:00:00,0Z",
    "20250105T120000Z",
    "2025-01-05 12:00:00 UTC",
    "Sun, 05 Jan 2025 12:00:00 GMT",
    "Sun, 5 Jan 2025 14:00:00 +0200",
    "5 Jan 2025 12:00 GMT",
    "Sun Jan 05 12:00:00 +0000 2025",
    "Sun Jan  5 12:00:00 2025",
    "/Date(1736078400000)/",
    "/Date(1736078400000+0200)/",
]


@pytest.mark.parametrize("text", ONE_MOMENT)
def test_every_way_to_write_a_moment_is_read_and_written_again(text: str) -> None:
    assert moment_of(text) == NOON
    assert written_like(text, NOON).upper() == text.upper()
    assert moment_of(written_like(text, NOON - 86_400)) == NOON - 86_400


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "10:00",
        "v1.2.3",
        "2025-13-01",
        "2025-02-30T00:00:00Z",
        "0000-00-00 00:00:00",
        "Sun, 05 Foo 2025 12:00:00 GMT",
        "Sun, 05 Jan 2025 12:00:00 CEST",
        "2025-01-05T12:00:00Z, or later",
        "01/05/2025",
        "/Date(now)/",
    ],
)
def test_what_is_no_moment_for_sure_is_none(text: str) -> None:
    assert moment_of(text) is None


def test_moments_beyond_what_python_holds_are_moments_too() -> None:
    last = moment_of("9999-12-31T23:59:59-02:00")
    assert last is not None
    assert last > (moment_of("9999-12-31T23:59:59Z") or 0)
    assert moment_of("2025-01-05T24:00:00Z") == NOON + 43_200
    assert moment_of("2025-01-05T12:00:00.0000002Z") == NOON + Decimal("2e-7")


def test_a_local_time_is_of_the_zone_that_is_named() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert moment_of("2025-01-05T13:00:00", zone=berlin) == NOON
    assert moment_of("2025-07-05T14:00:00", zone=berlin) == moment_of("2025-07-05T12:00:00Z")
    # Two hours before half past four there was another hour, which the clocks left out.
    before = (moment_of("2025-03-30T04:30:00", zone=berlin) or 0) - 7200
    assert written_like("2025-03-30T04:30:00", Decimal(before), zone=berlin) == "2025-03-30T01:30:00"


@pytest.mark.parametrize(
    ("format_", "start", "end"),
    [
        ("epoch_seconds", 1736078400, 1736078401),
        ("epoch_ms", 1736078400250, 1736078400250),
        ("epoch_us", 1736078400250000, 1736078400250000),
        ("date", "2025-01-05", "2025-01-06"),
        ("iso", "2025-01-05T12:00:00.25Z", "2025-01-05T12:00:00.25Z"),
        ("%d.%m.%Y %H:%M:%S", "05.01.2025 12:00:00", "05.01.2025 12:00:01"),
    ],
)
def test_a_format_cuts_off_at_a_start_and_loses_nothing_at_an_end(
    format_: str, start: str | int, end: str | int
) -> None:
    moment = NOON + Decimal("0.25")
    assert written(moment, format_) == start
    assert written(moment, format_, is_end=True) == end


def test_a_unit_shows_by_size_alone_and_no_number_has_two() -> None:
    assert [unit_of(Decimal(number)) for number in (5, 1735786800, 1735786800000, 1735786800000000, 4 * 10**11)] == [
        None,
        0,
        3,
        6,
        None,
    ]


@settings(max_examples=60)
@given(
    st.integers(-2_208_988_800, 253_000_000_000),
    st.integers(-840, 840),
    st.sampled_from(["iso", "blank", "mail"]),
)
def test_any_moment_in_any_zone_is_read_to_the_second_and_written_as_it_was(
    seconds: int, minutes: int, shape: str
) -> None:
    moment = datetime_of(Decimal(seconds), timezone(timedelta(minutes=minutes)))
    text = {"iso": moment.isoformat(), "blank": moment.isoformat(" "), "mail": format_datetime(moment)}[shape]

    read = moment_of(text)

    assert read is not None
    assert datetime_of(read) == moment
    assert written_like(text, read) == text
