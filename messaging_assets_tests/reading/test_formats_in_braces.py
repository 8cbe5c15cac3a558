"""`{incremental.start_value:date}`: each placeholder of a moment may say how it is written, wherever it stands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from http.server import HTTPServer
from typing import Any, ClassVar

import pytest

from messaging_assets.description.api import ApiDescription, Endpoint
from messaging_assets.description.windows import Window
from messaging_assets.files.api_files import describe
from messaging_assets.files.rules.mistakes import InvalidDescription
from messaging_assets.reading.cursors.marks import cursor_of
from messaging_assets.reading.cursors.order import order_of
from messaging_assets.reading.cursors.request_values import is_sent_before
from messaging_assets.reading.times.asked_windows import in_window, says_nothing
from messaging_assets_tests.one_step import alone
from messaging_assets_tests.threaded_server import Handler, answering

NOW = datetime(2025, 3, 5, tzinfo=timezone.utc)
ROWS = [{"id": 1, "at": "2025-03-02T10:00:00Z"}, {"id": 2, "at": "2025-03-02T11:30:00Z"}]
CURSOR = {"cursor_path": "at", "initial_value": "2025-03-01T22:15:00Z", "end_value": "2025-03-04T12:00:00Z"}
BODY = {
    "from": "{incremental.start_value:epoch_ms}",
    "to": "{incremental.end_value:date}",
    "q": "at>={incremental.start_value:%d.%m.%Y %H:%M} to {incremental.end_value:epoch_seconds}",
}
ASKED = {
    "path": "logs/{incremental.start_value:%Y/%m/%d}",
    "method": "POST",
    "params": {"day": "{incremental.start_value:date}", "since": "{incremental.start_value}"},
    "headers": {"X-Since": "{incremental.start_value:http}"},
    "json": BODY,
}


class _Api(Handler):
    requests: ClassVar[list[tuple[str, str, Any]]] = []

    def do_GET(self) -> None:
        body = json.loads(self.body() or b"null")
        self.requests.append((self.path, self.headers.get("X-Since", ""), body))
        self.reply(200, {"data": [{"id": 7, **ROWS[0]}] if self.path == "/channels" else ROWS})

    do_POST = do_GET


@pytest.fixture(name="requests")
def answered_requests(monkeypatch: pytest.MonkeyPatch, open_database: None) -> Iterator[list[tuple[str, str, Any]]]:
    """Address, header and body of each request that a server answered, which has the same rows for all."""
    monkeypatch.setattr(_Api, "requests", [])
    server = HTTPServer(("127.0.0.1", 0), _Api)
    with answering(server):
        monkeypatch.setenv("LOGS__BASE_URL", f"http://127.0.0.1:{server.server_port}")
        yield _Api.requests


def described(endpoint: dict[str, Any], **resource: Any) -> dict[str, Any]:
    """A file of a parent, which is not loaded, and the list that is asked for."""
    parent = {"name": "channels", "selected": False, "endpoint": {"path": "channels"}}
    own = {"name": "entries", "primary_key": "id", "write_disposition": "merge", "endpoint": endpoint, **resource}
    return {
        "client": {"base_url": "http://sandbox.invalid"},
        "resource_defaults": {"endpoint": {"data_selector": "data", "paginator": "single_page"}},
        "resources": [parent, own],
    }


def synced(raw: dict[str, Any], **how: Any) -> None:
    """Read the file as users' files are, and sync its list."""
    done = alone(ApiDescription.model_validate(describe(raw, "logs")), "entries", **how)
    assert (done.error, done.receipt["rows_loaded"]) == ("", 2)


def test_each_place_of_a_request_takes_the_mark_as_it_says(requests: list[Any]) -> None:
    synced(described({**ASKED, "incremental": CURSOR}))

    [[address, header, body]] = requests
    assert address == "/logs/2025/03/01?day=2025-03-01&since=2025-03-01T22%3A15%3A00Z"
    assert header == "Sat, 01 Mar 2025 22:15:00 GMT"
    # What a day cuts off of the end is asked for too.
    assert body == {"from": 1740867300000, "to": "2025-03-05", "q": "at>=01.03.2025 22:15 to 1741089600"}


def test_a_childs_request_takes_the_mark_and_a_time_of_its_parent_so(requests: list[Any]) -> None:
    of_parent = {"path": "channels/{resources.channels.id}/{resources.channels.at:date}", "params": {}}
    body = {"made": "{resources.channels.at:epoch_seconds}", "as": "on {resources.channels.at:%d.%m.%Y}"}
    synced(described({**ASKED, **of_parent, "json": BODY | body, "incremental": CURSOR}))

    [_, [address, header, body]] = requests
    assert (address, header) == ("/channels/1/2025-03-02", "Sat, 01 Mar 2025 22:15:00 GMT")
    assert (body["from"], body["made"], body["as"]) == (1740867300000, 1740909600, "on 02.03.2025")
    assert body["q"] == "at>=01.03.2025 22:15 to 1741089600"


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("logs/{resources.channels.at:%Y/%m}/{incremental.start_value:%Y/%m/%d}", "/logs/2025/03/2025/03/01"),
        ("logs/{for_each.day:%Y/%m}/{resources.channels.id}", "/logs/2025/01/1"),
        # What a value or a range's own format has is one segment.
        ("logs/{incremental.start_value}/{resources.channels.id}", "/logs/2025%2F03%2F01/1"),
    ],
)
def test_slashes_of_a_placeholders_own_format_are_those_of_the_path(requests: list[Any], path: str, asked: str) -> None:
    values = {"for_each": {"day": ["2025-01-02"]}} if "for_each" in path else {}
    synced(described({"path": path, "incremental": {**CURSOR, "format": "%Y/%m/%d"}}, **values))
    assert requests[-1][0].partition("?")[0] == asked


def test_a_parent_whose_field_is_no_time_is_left_out_and_counted(requests: list[Any]) -> None:
    raw = described({"path": "entries", "params": {"day": "{resources.channels.id:date}"}})
    done = alone(ApiDescription.model_validate(describe(raw, "logs")), "entries")

    assert "its 'id' is no text of a time, and the request takes one" in str(done.receipt)
    assert len(requests) == 1


def test_a_window_is_asked_for_as_each_placeholder_says(requests: list[Any]) -> None:
    asked = {
        "params": {"day": "{window.start:date}"},
        "json": {"from": "{window.start:epoch_ms}", "q": "<{window.end}"},
    }
    windows = {"type": "daily", "start": "2025-03-01", "column": "at", "end_param": "until"}
    synced(
        described({"path": "logs/{window.start:%Y-%m}", "method": "POST", **asked}, partitions=windows),
        partition_key="2025-03-02",
    )

    [[address, _, body]] = requests
    assert address == "/logs/2025-03?day=2025-03-02&until=2025-03-03T00%3A00%3A00Z"
    assert body == {"from": 1740873600000, "q": "<2025-03-03T00:00:00Z"}


@pytest.mark.parametrize(
    ("params", "is_nothing"),
    [
        ({"from": "{window.start:epoch_ms}", "to": "{window.end:date}"}, True),
        ({"from": "{window.start:date}", "to": "{window.end:epoch_ms}"}, False),
        ({"from": "{window.start:date} {window.start:%H}", "to": "{window.end:date} {window.end:%H}"}, False),
        ({"day": "{window.start:date}"}, False),
    ],
)
def test_an_hour_whose_end_is_written_as_its_start_in_each_format_asks_for_nothing(
    params: dict[str, Any], is_nothing: bool
) -> None:
    windows = {"type": "hourly", "start": "2025-03-01T00:00:00", "column": "at"}
    raw = described({"path": "logs", "params": params}, partitions=windows)
    resource = ApiDescription.model_validate(describe(raw, "logs")).resources[1]

    hour = Window(NOW.replace(hour=10), NOW.replace(hour=11), "at")
    assert says_nothing(resource, hour) == is_nothing


@pytest.mark.parametrize(
    ("hour", "asked"), [(10, "2025-03-02 from 10 to 10"), (23, "2025-03-02 from 23 to 23")], ids=["morning", "last"]
)
def test_an_inclusive_end_says_its_hour_and_its_day_of_one_moment(hour: int, asked: str) -> None:
    text = "{window.end:date} from {window.start:%H} to {window.end:%H}"
    windows = {"type": "hourly", "start": "2025-03-01T00:00:00", "column": "at", "end_is_inclusive": True}
    raw = described({"path": "logs", "params": {"q": text}}, partitions=windows)
    resource = ApiDescription.model_validate(describe(raw, "logs")).resources[1]

    start = datetime(2025, 3, 2, hour, tzinfo=timezone.utc)
    assert in_window(resource, Window(start, start + timedelta(hours=1), "at")).endpoint.params == {"q": asked}


def test_a_range_is_cut_where_every_format_of_it_can_say_so(requests: list[Any]) -> None:
    params = {"day": "{incremental.start_value:date}", "to": "{incremental.end_value:epoch_seconds}"}
    done = alone(
        ApiDescription.model_validate(
            describe(described({"path": "entries", "params": params, "incremental": {**CURSOR, "step": "P2D"}}), "logs")
        ),
        "entries",
    )

    assert done.error == ""
    # Windows are whole days, although the end could say seconds, and begin a day early.
    assert [address for address, _, _ in requests] == [
        "/entries?day=2025-03-01&to=1740960000",
        "/entries?day=2025-03-02&to=1741089600",
    ]


def test_a_request_that_says_the_mark_itself_somewhere_is_not_sent_from_before_it() -> None:
    def is_before(*texts: str) -> bool:
        asked = {"params": {f"p{place}": text for place, text in enumerate(texts)}}
        own = cursor_of(Endpoint.model_validate({"path": "entries", "incremental": {"cursor_path": "at"}, **asked}))
        return own is not None and is_sent_before(own, order_of(own, NOW), "2025-03-02T10:00:00Z")

    assert is_before("{incremental.start_value:date}")
    assert not is_before("{incremental.start_value:date}", "{incremental.start_value:epoch_seconds}")
    assert not is_before("{incremental.start_value:date}", "{incremental.start_value}")


@pytest.mark.parametrize(
    ("endpoint", "mistake"),
    [
        (
            {"params": {"a": "{incremental.start_value:days}"}},
            "no value is written so; behind the colon, write iso, date",
        ),
        ({"path": "a/{incremental.start_value:%Y-%m}"}, "names one month or year, and those behind the mark's are"),
        ({"path": "a/{resources.channels.at:.4}"}, "a path takes a field as it is, or as a moment's format says"),
        ({"params": {"a": "{window.start:>9}"}, "incremental": None}, "no value is written so"),
        (
            {
                "path": "a/{incremental.start_value:date}",
                "incremental": {"cursor_path": "n", "cursor_format": "number"},
            },
            "says that values are no times, and the placeholder's :date writes one",
        ),
        (
            {"incremental": {"cursor_path": "n", "cursor_format": "text", "format": "date", "start_param": "since"}},
            "says that values are no times, and format writes one",
        ),
    ],
)
def test_what_is_no_format_of_a_moment_or_of_one_month_alone_is_refused(endpoint: dict[str, Any], mistake: str) -> None:
    asked = {key: one for key, one in {"path": "a", "incremental": CURSOR, **endpoint}.items() if one is not None}
    windows = {"type": "daily", "start": "2025-03-01", "column": "at", "start_param": "from"}
    with pytest.raises(InvalidDescription, match=mistake):
        describe(described(asked, **({} if "incremental" in asked else {"partitions": windows})), "logs")


@pytest.mark.parametrize("wrong", [[], ["soon"], [7]])
def test_values_of_a_file_that_are_no_times_have_no_format_of_one(wrong: list[Any]) -> None:
    raw = described({"path": "logs/{for_each.day:%Y/%m}"}, for_each={"day": ["2025-03-01", *wrong]})
    if not wrong:
        assert describe(raw, "logs")
        return
    with pytest.raises(InvalidDescription, match="a value of its for_each is no text of a time"):
        describe(raw, "logs")


@pytest.mark.parametrize(
    "path",
    [
        "a/{incremental.start_value:%Y}/{incremental.start_value:%j}",
        "a/{incremental.start_value:%Y-%m}/{incremental.end_value:%Y-%m}",
        "a?from={incremental.start_value:%Y-%m}",
    ],
)
def test_a_path_that_says_a_day_or_an_end_too_is_taken(path: str) -> None:
    assert describe(described({"path": path, "incremental": CURSOR}), "logs")
