"""`include_from_request`: rows get the bounds of the window that they were asked for with."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from messaging_assets.description.api import ApiDescription, Incremental
from messaging_assets.description.windows import Window
from messaging_assets.files.api_files import describe
from messaging_assets.files.rules.mistakes import InvalidDescription
from messaging_assets.foundation import moments
from messaging_assets.reading.cursors.order import order_of
from messaging_assets.reading.cursors.time_range import TimeRange
from messaging_assets.reading.cursors.time_windows import TimeWindows
from messaging_assets.reading.times.asked_windows import in_window
from messaging_assets.reading.times.window_fields import fields_of_range
from messaging_assets_tests.one_table import OneTable
from messaging_assets_tests.raw_server import RawServer, answer

TODAY = datetime.now(timezone.utc).date()
STATS: dict[str, Any] = {
    "path": "/stats",
    "data_selector": "data",
    "paginator": "single_page",
    "error_handler": {"max_retries": 0},
    "include_from_request": {"day": "{incremental.start_value}"},
    "incremental": {
        "cursor_path": "day",
        "initial_value": str(TODAY - timedelta(days=3)),
        "start_param": "from",
        "end_param": "to",
        "format": "date",
        "step": "P1D",
    },
}
DAYS: dict[str, Any] = {"type": "daily", "start": "2025-01-01", "start_param": "from", "end_param": "to"}
DAYS |= {"format": "date", "column": "day"}


class Reports:
    """An API that adds up what happened from one day to another, and names no day in its rows.

    Args:
        is_inclusive: whether the last day is counted too.
    """

    def __init__(self, is_inclusive: bool) -> None:
        self.is_inclusive, self.asked = is_inclusive, list[tuple[str, str]]()
        self.sent_a_day = 10

    def __call__(self, connection: Any, path: str, number: int) -> None:
        query = parse_qs(urlsplit(path).query)
        first, last = (date.fromisoformat(query[name][0]) for name in ("from", "to"))
        self.asked.append((str(first), str(last)))
        days = (last - first).days + self.is_inclusive
        rows = [{"kind": kind, "sent": days * self.sent_a_day} for kind in ("mail", "text")] if days > 0 else []
        connection.sendall(answer({"data": rows}))


def _ranged(**own: Any) -> dict[str, Any]:
    return {**STATS, "incremental": {**STATS["incremental"], **own}}


@pytest.mark.parametrize("is_inclusive", [False, True])
def test_reports_of_days_have_their_day_and_the_last_one_is_read_again(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch, is_inclusive: bool
) -> None:
    reports, end = Reports(is_inclusive), {"range_end": "closed" if is_inclusive else "open"}
    whole = [str(TODAY - timedelta(days=ago)) for ago in (3, 2, 1, 0)][: 3 + is_inclusive]
    with RawServer(reports) as server:
        monkeypatch.setenv("GENERIC_REST__BASE_URL", server.url)
        first = one_table.sync(endpoint=_ranged(**end), primary_key=["day", "kind"])
        reports.sent_a_day, reports.asked = 11, []
        second = one_table.sync()
    assert (first.green, second.green) == (True, True), (first.error, second.error)
    rows = one_table.rows("SELECT * FROM resource_name ORDER BY day, kind")
    assert [row["day"] for row in rows[::2]] == whole
    assert [row["sent"] for row in rows[::2]] == [10] * (len(whole) - 1) + [11]
    assert reports.asked == [(whole[-1], str(TODAY))]


def test_a_partition_gives_its_rows_the_window_of_the_run() -> None:
    endpoint = {
        **{name: value for name, value in STATS.items() if name != "incremental"},
        "include_from_request": {
            "day": "{window.start}",
            "until": "{window.end:%d.%m.%Y}",
            "seconds": "{window.start:epoch_seconds}",
            "shown": "{{{window.start:date}}}",
        },
    }
    own = {"name": "stats", "primary_key": ["day", "kind"], "write_disposition": "merge", "partitions": DAYS}
    raw = {"client": {"base_url": "http://sandbox.invalid"}, "resources": [{**own, "endpoint": endpoint}]}
    described = describe(raw, "chat")
    day = datetime(2025, 1, 2, tzinfo=timezone.utc)
    resource = ApiDescription.model_validate(described).resources_with_unselected["stats"]
    given_ = in_window(resource, Window(day, day + timedelta(days=1), "day")).endpoint.include_from_request
    assert given_ == {"day": "2025-01-02", "until": "03.01.2025", "seconds": 1735776000, "shown": "{2025-01-02}"}


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({}, "2025-01-02T05:00:00Z"),
        ({"format": "date"}, "2025-01-02"),
        ({"format": "date", "timezone": "America/New_York"}, "2025-01-02"),
        ({"format": "date", "timezone": "America/Los_Angeles"}, "2025-01-01"),
        ({"format": "date", "cursor_format": "epoch_ms"}, 1735794000000),
        ({"cursor_format": "%d.%m.%Y %H:%M"}, "02.01.2025 05:00"),
        ({"cursor_format": "text"}, "2025-01-02T05:00:00Z"),
    ],
)
def test_a_bound_without_a_format_is_written_as_records_write_moments_or_else_requests(
    own: dict[str, Any], expected: Any
) -> None:
    cursor = Incremental.model_validate({"cursor_path": "at", **own})
    start = Decimal(1735794000)
    assert fields_of_range({"at": "{incremental.start_value}"}, cursor, start, start + 3600) == {"at": expected}


ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"]


@given(
    zone=some.sampled_from(ZONES),
    step=some.sampled_from(["PT1H", "PT6H", "P1D", "P7D"]),
    format_=some.sampled_from(["date", "iso", "epoch_seconds", "%Y-%m-%d %H:%M"]),
    range_end=some.sampled_from(["open", "closed"]),
    nows=some.lists(some.integers(0, 40 * 86_400), min_size=1, max_size=4).map(sorted),
    behind=some.sampled_from([0, 0, 40, 7_000]),
)
def test_windows_of_all_syncs_lie_side_by_side_and_each_begins_where_one_began_before(
    zone: str, step: str, format_: str, range_end: str, nows: list[int], behind: int
) -> None:
    cursor = Incremental.model_validate(
        {
            **STATS["incremental"],
            "initial_value": "2025-10-01",
            "timezone": zone,
            "step": step,
            "format": format_,
            "range_end": range_end,
        }
    ).sent((None,), is_of_window=True)
    begun = moments.moment_of("2025-10-01", zone=ZoneInfo(zone))
    assert begun is not None
    mark, ends = None, dict[Decimal, Decimal]()
    for now in nows:
        order = order_of(cursor, moments.datetime_of(begun + now))
        order.start.heard(float(order.start.at) - behind)
        windows = TimeWindows("", TimeRange("chat.stats", cursor, order, mark))
        read = []
        for window in windows:
            windows.is_over(window, 0, is_read=True, is_in_doubt=False, is_moved=False)
            read.append(window)
        assert all(one.end == following.start for one, following in pairwise(read))
        # A window that is over is never cut otherwise; one that was not is read again from where it began.
        # Where the API's clock is behind, so is the one before.
        assert read[0].start == (max(ends) if ends else begun) or (behind and read[0].start in ends)
        ends |= {one.start: one.end for one in read}
        mark = windows.last_mark
    assert all(ends[one] == following for one, following in pairwise(sorted(ends)))


def _file(endpoint: dict[str, Any], **resource: Any) -> dict[str, Any]:
    own = {"name": "stats", "primary_key": ["day", "kind"], "write_disposition": "merge", **resource}
    return {"client": {"base_url": "http://sandbox.invalid"}, "resources": [{**own, "endpoint": endpoint}]}


def _without(word: str, **words: Any) -> dict[str, Any]:
    return {name: value for name, value in STATS.items() if name != word} | words


@pytest.mark.parametrize(
    ("endpoint", "resource", "message"),
    [
        (_without("incremental"), {}, "rows are of no window here"),
        (_ranged(step=None), {}, "rows are of no window here"),
        ({**STATS, "include_from_request": {"day": "today"}}, {}, "takes bounds of a window"),
        ({**STATS, "include_from_request": {"day": "{window.start}"}}, {}, "takes bounds of a window"),
        ({**STATS, "include_from_request": {"day": "{incremental.start_value:days}"}}, {}, "takes bounds of a window"),
        ({**STATS, "include_from_request": {"day": "{incremental.start_value"}}, {}, "takes bounds of a window"),
        ({**STATS, "include_from_answer": {"day": "day"}}, {}, "include_from_answer gives this field"),
        (_ranged(maximum_results=10), {}, "read in halves"),
        ({**STATS, "response_actions": [{"status_code": 400, "action": "split"}]}, {}, "read in halves"),
        (_ranged(cursor_path="at"), {}, "windows overlap where rows have a time of their own"),
        ({**STATS, "include_from_request": {"day": "{incremental.end_value}"}}, {}, "the cursor is a window's start"),
        ({**STATS, "include_from_request": {"day": "d {incremental.start_value}"}}, {}, "is a window's start"),
        (
            {**STATS, "include_from_request": {"day": "{incremental.start_value:epoch_ms}"}},
            {},
            "write cursor_format: 'epoch_ms'",
        ),
        (_ranged(range_start="open"), {}, "read again as long as it grows"),
        (_ranged(lag=0.5), {}, "a multiple of step"),
        (_without("incremental"), {"partitions": {**DAYS, "partitions_per_run": 2}}, "a run is to read one"),
        (
            _without("incremental", include_from_request={"day": "{window.end}"}),
            {"partitions": DAYS},
            "a window's end lies behind it",
        ),
    ],
)
def test_it_is_refused_where_no_window_gives_it_or_rows_would_be_told_apart_wrongly(
    endpoint: dict[str, Any], resource: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidDescription, match=message):
        describe(_file(endpoint, **resource), "chat")


@pytest.mark.parametrize(
    ("endpoint", "resource"),
    [
        (STATS, {}),
        (_ranged(lag=2), {}),
        (_ranged(step="PT1H", format="iso", lag=7200, initial_value="-3d"), {}),
        (
            _ranged(cursor_format="epoch_ms") | {"include_from_request": {"day": "{incremental.start_value:epoch_ms}"}},
            {},
        ),
        (_without("incremental", include_from_request={"day": "{window.start:date}"}), {"partitions": DAYS}),
        (STATS, {"steps": [{"keep": ["kind"]}]}),
    ],
)
def test_it_is_taken_where_a_window_gives_it(endpoint: dict[str, Any], resource: dict[str, Any]) -> None:
    assert describe(json.loads(json.dumps(_file(endpoint, **resource))), "chat")
