"""`step`: a range is read window by window, no row is lost or doubled at a border, and the mark moves in order."""

from __future__ import annotations

from datetime import datetime, timezone
from itertools import pairwise
from typing import Any

import pytest

from messaging_assets.description.api import Incremental
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.reading.cursors.order import order_of
from messaging_assets.reading.cursors.time_range import TimeRange
from messaging_assets.reading.cursors.time_windows import TimeWindows, Window
from messaging_assets.sandbox import Fault, Sandbox
from messaging_assets.sandbox.settings import Request
from messaging_assets_tests.interrupted_sync import sync

# Nothing but the test opens the file.
pytestmark = pytest.mark.usefixtures("open_database")

NOW = datetime(2025, 1, 20, 12, tzinfo=timezone.utc)
RANGE = {"cursor_path": "at", "initial_value": "2025-01-01T06:00:00Z", "step": "P7D", "start_param": "since"}


def _windows(mark: dict[str, Any] | None = None, behind: float = 0, **own: Any) -> TimeWindows:
    cursor = Incremental.model_validate({**RANGE, "end_param": "until", **own})
    order = order_of(cursor, NOW)
    order.start.heard(NOW.timestamp() - behind)
    return TimeWindows("", TimeRange("chat.messages", cursor, order, mark))


def _read(windows: TimeWindows, **how: Any) -> list[Window]:
    read = []
    for window in windows:
        windows.is_over(window, 0, **{"is_read": True, "is_in_doubt": False, "is_moved": False, **how})
        read.append(window)
    return read


def _asked(windows: list[Window]) -> list[tuple[Any, Any]]:
    return [(one.values["start_value"], one.values["end_value"]) for one in windows]


def test_windows_follow_each_other_and_each_but_the_first_begins_a_moment_early() -> None:
    assert _asked(_read(_windows())) == [
        ("2025-01-01T06:00:00Z", "2025-01-08T06:00:00Z"),
        ("2025-01-08T05:59:59Z", "2025-01-15T06:00:00Z"),
        ("2025-01-15T05:59:59Z", "2025-01-20T12:00:00Z"),
    ]


@pytest.mark.parametrize(
    ("own", "asked"),
    [
        ({"format": "epoch_seconds"}, [(1735711200, 1736316000), (1736315999, 1736920800), (1736920799, 1737374400)]),
        # A day is the least that a date can say, and a window begins with one.
        (
            {"format": "date"},
            [("2025-01-01", "2025-01-08"), ("2025-01-07", "2025-01-15"), ("2025-01-14", "2025-01-20")],
        ),
        ({"initial_value": "2025-01-19", "step": "PT1H"}, [("2025-01-19", "2025-01-20"), ("2025-01-19", "2025-01-20")]),
        ({"initial_value": "-P10D"}, [("2025-01-10T12:00:00Z", "2025-01-17T12:00:00Z")]),
    ],
)
def test_windows_are_written_as_the_request_wants_them(own: dict[str, Any], asked: list[tuple[Any, Any]]) -> None:
    assert _asked(_read(_windows(**own)))[: len(asked)] == asked


def test_a_closed_range_ends_where_the_file_says() -> None:
    windows = _read(_windows(end_value="2025-01-10", range_end="closed"))

    assert [window.values["end_value"] for window in windows] == ["2025-01-08T06:00:00Z", "2025-01-10"]
    # It keeps no mark, and one of an open range is not for it.
    assert {window.mark and window.mark["last_value"] for window in windows} == {None}


@pytest.mark.parametrize(
    ("own", "last"),
    [
        ({"format": "iso8601"}, "2025-01-11T00:00:00Z"),
        ({"format": "epoch_seconds"}, 1736553600),
        ({"format": "%Y-%m-%d %H:%M"}, "2025-01-11 00:00"),
        ({"format": "iso8601", "timezone": "Asia/Tokyo"}, "2025-01-10T15:00:00Z"),
        # An API that is asked for days has the whole day by itself.
        ({"format": "date"}, "2025-01-10"),
        ({"format": "%d.%m.%Y"}, "10.01.2025"),
        ({"format": "iso8601", "range_end": "open"}, "2025-01-10T00:00:00Z"),
    ],
)
def test_the_day_that_closes_a_range_is_asked_for_as_a_whole_where_requests_say_moments(
    own: dict[str, Any], last: Any
) -> None:
    windows = _read(_windows(**{"end_value": "2025-01-10", "range_end": "closed", **own}))

    assert windows[-1].values["end_value"] == last


def test_a_range_never_ends_before_it_begins_where_the_clock_of_the_api_is_ahead() -> None:
    mark = {"last_value": "2025-01-20T12:00:40Z", "unique_hashes": []}

    assert _asked(_read(_windows(mark))) == [("2025-01-20T12:00:40Z", "2025-01-20T12:00:40Z")]
    assert _asked(_read(_windows(mark, format="date"))) == [("2025-01-20", "2025-01-20")]


@pytest.mark.parametrize("own", [{}, {"format": "%Y-%m-%d %H:%M"}, {"format": "%Y%m%d%H%M%S"}])
def test_no_window_has_its_border_in_an_hour_that_comes_twice_on_the_clock_of_the_requests(own: dict[str, Any]) -> None:
    words = {"initial_value": "2025-10-26T00:00:00", "end_value": "2025-10-26T06:00:00", "timezone": "Europe/Berlin"}
    closed = _windows(**{**words, "step": "PT1H", **own})
    asked = _asked(_read(closed))

    assert all(start < end for start, end in asked)
    assert all(next_start < end for (_, end), (next_start, _) in pairwise(asked))
    midnight = closed.range.start
    assert closed.range.middle(midnight, midnight + 6 * 3600) == midnight + 3600 + 1800


def test_a_window_is_halved_down_to_a_second_and_its_halves_are_the_window() -> None:
    windows, seen = _windows(end_value="2025-01-01T06:00:04Z"), []
    for window in windows:
        seen.append((int(window.start % 60), int(window.end % 60), window.halve()))
        window.is_read = True

    assert seen == [
        (0, 4, True),
        (0, 2, True),
        (0, 1, False),
        (1, 2, False),
        (2, 4, True),
        (2, 3, False),
        (3, 4, False),
    ]


def test_after_a_window_that_was_not_read_none_follows_and_the_mark_stays_before_it() -> None:
    windows = _windows()
    for window in windows:
        windows.is_over(window, 0, is_read=window.is_first, is_in_doubt=not window.is_first, is_moved=False)

    assert window.start < windows.range.end
    assert windows.safe_mark is not None
    assert windows.safe_mark["last_value"] == "2025-01-08T05:59:59Z"


def test_behind_a_window_in_doubt_the_mark_stays_before_it() -> None:
    windows = _windows()
    _read(windows, is_in_doubt=True)

    assert windows.safe_mark is None
    assert windows.last_mark is not None
    assert windows.last_mark["last_value"] == "2025-01-15T05:59:59Z"


def test_behind_a_short_window_the_mark_leaves_half_a_step_for_rows_that_come_late() -> None:
    windows = _windows(initial_value="2025-01-06T11:00:00Z")
    last = _read(windows)[-1]

    assert last.values["start_value"] == "2025-01-20T10:59:59Z"
    assert windows.last_mark is not None
    assert windows.last_mark["last_value"] == "2025-01-16T23:59:59Z"
    (next_sync,) = _read(_windows(windows.last_mark))
    assert next_sync.values["start_value"] == "2025-01-16T23:59:59Z"


def test_no_window_takes_the_mark_beyond_what_the_clock_of_the_api_says() -> None:
    windows = _windows(behind=6 * 86_400)
    _read(windows)

    for mark in (windows.safe_mark, windows.last_mark):
        assert mark is not None
        assert mark["last_value"] == "2025-01-14T12:00:00Z"


def test_a_lag_goes_back_and_its_windows_take_no_mark_back() -> None:
    mark = {"last_value": "2025-01-19T00:00:00Z", "unique_hashes": ["a"]}
    windows = _read(_windows(mark, lag=10 * 86_400))

    assert _asked(windows)[0][0] == "2025-01-09T00:00:00Z"
    assert [window.mark for window in windows] == [mark, mark]


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"initial_value": "1970-01-01", "step": "PT1S"}, "more than 100,000 windows"),
        ({"initial_value": 7}, "no moment"),
    ],
)
def test_a_range_that_cannot_be_cut_is_told_of_in_a_sentence(own: dict[str, Any], said: str) -> None:
    with pytest.raises(MendDescription, match=said):
        _read(_windows(**own))


# Whole syncs, over a socket.


@pytest.fixture
def messages(known_sandbox: Sandbox, open_database: None) -> Sandbox:
    rows = known_sandbox.rows("messaging", "messages")
    # Rows of a whole year.
    rows[:] = rows[::6]
    return known_sandbox


class _Late(Fault):
    """Meets windows from the summer on."""

    def meets(self, request: Request) -> bool:
        """Whether the window begins then."""
        return request.query.get("since", "") > "2025-06-15"


def _synced(
    messages: Sandbox, page_size: int = 100, side_by_side: bool = True, config: Any = None, **own: Any
) -> dict[str, Any]:
    words = {"cursor_path": "timestamp", "initial_value": "2025-01-01T00:00:00Z", "step": "P60D"}
    cursor = {**words, "start_param": "since", "end_param": "until", **own}
    messages.forget()
    return sync(page_size, {"incremental": cursor}, config=config, parallelized=side_by_side)


def _starts(messages: Sandbox) -> list[str]:
    return sorted({request.query["since"] for request in messages.asked("messaging", "messages")})


def _keys(messages: Sandbox) -> list[str]:
    return sorted(row["id"] for row in messages.rows("messaging", "messages"))


def test_a_range_is_read_in_windows_that_each_have_an_end_and_the_next_sync_asks_for_the_last_one(
    messages: Sandbox,
) -> None:
    first = _synced(messages)
    windows = _starts(messages)
    again = _synced(messages)

    assert first["ids"] == again["ids"] == _keys(messages)
    assert first["metadata"]["messaging_assets/windows"] == len(windows) > 5
    assert sum(first["metadata"]["messaging_assets/how_it_ended"].values()) == len(windows)
    assert first["metadata"]["messaging_assets/verdict"] == "read to the end"
    (start,) = _starts(messages)
    assert start >= windows[-2]


def test_windows_are_asked_for_side_by_side_and_tell_what_they_tell_one_after_the_other(messages: Sandbox) -> None:
    messages.settings.latency = 0.01
    after = _synced(messages, page_size=10, side_by_side=False)
    one_by_one = [request.query["since"] for request in messages.asked("messaging", "messages")]
    beside = _synced(messages, page_size=10, config={"full_refresh": True})
    side_by_side = [request.query["since"] for request in messages.asked("messaging", "messages")]

    assert one_by_one == sorted(one_by_one)
    assert side_by_side != sorted(side_by_side)
    assert sorted(set(side_by_side))[:-1] == sorted(set(one_by_one))[:-1]
    assert beside["rows"] == after["rows"]
    for told in ("windows", "verdict", "verdict_reason", "how_it_ended", "rows_read", "pages", "duplicates"):
        assert beside["metadata"][f"messaging_assets/{told}"] == after["metadata"][f"messaging_assets/{told}"], told


@pytest.mark.sampled
@pytest.mark.parametrize("side_by_side", [True, False])
def test_a_window_that_fails_keeps_those_before_it_and_the_next_sync_goes_on_with_it(
    messages: Sandbox, side_by_side: bool
) -> None:
    messages.fault(_Late(api="messaging", status=400))
    failed = _synced(messages, side_by_side=side_by_side)
    first_failed = next(start for start in _starts(messages) if start > "2025-06-15")
    messages.faults.clear()
    synced = _synced(messages)

    assert not failed["green"]
    assert "write a shorter step" in failed["error"]
    before = [row["id"] for row in messages.rows("messaging", "messages") if row["timestamp"] < first_failed]
    assert failed["ids"] == sorted(before)
    assert _starts(messages)[0] == first_failed
    assert synced["ids"] == _keys(messages)


def test_a_window_with_too_many_rows_is_read_in_halves(messages: Sandbox) -> None:
    synced = _synced(messages, maximum_results=40)

    assert synced["ids"] == _keys(messages)
    assert synced["metadata"]["messaging_assets/windows_halved"] >= 4
    assert synced["metadata"]["messaging_assets/verdict"] == "read to the end"


def test_a_second_with_too_many_rows_is_red_and_says_where(messages: Sandbox) -> None:
    for row in messages.rows("messaging", "messages")[100:150]:
        row["timestamp"] = "2025-04-01T12:00:00Z"

    failed = _synced(messages, maximum_results=40)

    assert not failed["green"]
    assert "window from 2025-04-01T1" in failed["error"]
    assert "cannot be cut" in failed["error"]
