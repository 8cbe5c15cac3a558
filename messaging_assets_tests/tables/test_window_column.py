"""Windows anywhere in a request, and the time that places a row in one: whatever it is, it works or is refused."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from messaging_assets.description.api import Resource
from messaging_assets.description.windows import Window
from messaging_assets.files.api_files import describe, read_file
from messaging_assets.files.rules.mistakes import InvalidDescription
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.reading.times.asked_windows import in_window
from messaging_assets.sandbox import Sandbox
from messaging_assets.tables.window_column import WindowColumn, bounds_in
from messaging_assets_tests.interrupted_sync import sync

# Nothing but the test opens the file.
pytestmark = pytest.mark.usefixtures("open_database")

BERLIN = ZoneInfo("Europe/Berlin")
START, END = datetime(2025, 3, 2, tzinfo=timezone.utc), datetime(2025, 3, 3, tzinfo=timezone.utc)
DAILY: dict[str, Any] = {"type": "daily", "start": "2025-01-01", "column": "at"}


def _resource(endpoint: dict[str, Any] | None = None, columns: Any = None, **partitions: Any) -> Resource:
    described = {"name": "logs", "endpoint": endpoint or {}, "columns": columns or {}}
    return Resource.model_validate({**described, "partitions": {**DAILY, **partitions}})


def test_a_window_stands_wherever_a_request_has_room_for_it() -> None:
    endpoint = {
        "path": "logs/{window.start}/rows",
        "params": {"q": "at>={window.start} at<{window.end}", "kind": "{{kept}}"},
        "json": {"range": {"from": "{window.start}", "to": ["{partition.end}"]}, "since": "{incremental.start_value}"},
        "headers": {"X-From": "{window.start}"},
        "incremental": {"cursor_path": "at"},
    }
    asked = in_window(_resource(endpoint, format="epoch_ms"), Window(START, END, "at")).endpoint
    assert asked.path == "logs/1740873600000/rows"
    assert asked.params == {"q": "at>=1740873600000 at<1740960000000", "kind": "{{kept}}"}
    # Alone in its place a number stays one.
    assert asked.json_body == {"range": {"from": 1740873600000, "to": [1740960000000]}}
    assert asked.headers == {"X-From": 1740873600000}
    assert asked.incremental is None


def test_a_window_in_a_path_is_encoded_and_its_end_is_optional() -> None:
    resource = _resource({"path": "logs/{window.start}"}, format="%Y/%m/%d %H:%M", start_param="since")
    asked = in_window(resource, Window(START, END, "at")).endpoint
    assert asked.path == "logs/2025%2F03%2F02%2000%3A00"
    assert asked.params == {"since": "2025/03/02 00:00"}
    # Slashes of the placeholder's own format are those of the path.
    asked = in_window(_resource({"path": "logs/{window.start:%Y/%m}"}), Window(START, END, "at")).endpoint
    assert asked.path == "logs/2025/03"


@pytest.mark.parametrize(
    ("endpoint", "partitions", "message"),
    [
        ("{path: /s}", "column: at", "nothing tells the API which window is meant"),
        (
            "{path: /s, params: {q: '{window.begin}'}}",
            "column: at, start_param: since",
            "nothing fills the placeholder",
        ),
        (
            "{path: /s, params: {q: '{window.start:>9}'}}",
            "column: at, start_param: s",
            "no value is written so; behind the colon",
        ),
        ("{path: /s}", "column: at, start_param: since, format: epoch_days", "is no way to write a moment"),
    ],
)
def test_a_window_that_cannot_be_asked_for_is_refused(
    tmp_path: Path, endpoint: str, partitions: str, message: str
) -> None:
    text = f"""
client: {{base_url: "https://api.example.com"}}
resources:
  - name: logs
    endpoint: {endpoint}
    partitions: {{type: daily, start: "2025-01-01", {partitions}}}
"""
    (tmp_path / "logs_api.yaml").write_text(text)
    with pytest.raises(InvalidDescription, match=message):
        read_file(tmp_path / "logs_api.yaml")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("2025-03-02", "declare columns.at with data_type: date"),
        ("Sun, 02 Mar 2025 01:00:00 GMT", "declare columns.at with data_type: timestamp"),
        ("soon", "holds what is no time"),
        ([1], "holds what is no time"),
        (5, "holds numbers that are no seconds"),
    ],
)
def test_a_column_that_is_no_time_is_refused_before_anything_is_loaded(value: Any, message: str) -> None:
    with pytest.raises(MendDescription, match=message):
        WindowColumn("api.logs", _resource()).place([{"id": 1, "at": value}])


def test_a_column_that_no_row_has_is_refused_at_the_end_and_an_empty_window_is_not() -> None:
    column = WindowColumn("api.logs", _resource())
    column.ended()
    column.place([{"id": 1}])
    with pytest.raises(MendDescription, match="none of 1 rows has"):
        column.ended()


def test_times_in_two_units_are_refused() -> None:
    with pytest.raises(MendDescription, match="not all in one unit"):
        WindowColumn("api.logs", _resource()).place([{"at": 1740873600}, {"at": 1740873600000}])


def test_a_column_inside_of_others_becomes_one_of_its_own() -> None:
    column = WindowColumn("api.logs", _resource(column="meta.at"))
    [row, without] = column.place([{"meta": {"at": "2025-03-02T01:00:00Z"}}, {"meta": {}}])
    assert row["meta__at"] == "2025-03-02T01:00:00Z"
    assert without["meta__at"] is None


@pytest.mark.parametrize(
    ("hints", "largest", "bounds"),
    [
        ({"data_type": "timestamp"}, None, (START, END)),
        ({"data_type": "date"}, None, (START.date(), END.date())),
        ({"data_type": "bigint"}, 1740900000, (1740873600, 1740960000)),
        ({"data_type": "bigint"}, 1740900000000, (1740873600000, 1740960000000)),
        ({"data_type": "double"}, 1740900000.5, (1740873600, 1740960000)),
        ({"data_type": "bigint"}, None, None),
        ({"data_type": "bigint"}, 7, None),
        ({"data_type": "text"}, "2025", None),
        ({}, None, None),
    ],
)
def test_a_windows_bounds_are_what_its_column_holds(hints: dict[str, Any], largest: Any, bounds: Any) -> None:
    assert bounds_in(hints, START, END, largest) == bounds


def test_local_times_without_a_zone_are_those_of_the_windows_zone() -> None:
    day = datetime(2025, 3, 30, tzinfo=BERLIN), datetime(2025, 3, 31, tzinfo=BERLIN)
    naive = bounds_in({"data_type": "timestamp", "timezone": False}, *day, None)
    assert naive is not None
    assert [one.isoformat() for one in naive] == ["2025-03-30T00:00:00", "2025-03-31T00:00:00"]


@pytest.mark.sampled
@pytest.mark.parametrize("place", ["epoch", "path"])
@pytest.mark.parametrize("disposition", ["merge", "append"])
def test_a_window_by_milliseconds_or_by_a_path_is_replaced_when_it_is_read_again(
    known_sandbox: Sandbox, place: str, disposition: str
) -> None:
    rows = known_sandbox.rows("messaging", "messages")
    del rows[300:]
    for row in rows:
        moment = datetime.fromisoformat(row["timestamp"].replace("Z", "+00:00"))
        row |= {"ms": int(moment.timestamp() * 1000), "meta": {"at": row["timestamp"]}}
    day = rows[150]["timestamp"][:10]
    partitions = {
        "type": "daily",
        "start": "2025-01-01",
        "start_param": "since",
        "end_param": "until",
        "column": "ms" if place == "epoch" else "meta.at",
    }
    known_sandbox.settings.page_size = 500

    def run() -> dict[str, Any]:
        columns = {"id": {"data_type": "text"}}
        return sync(partition_key=day, partitions=partitions, columns=columns, write_disposition=disposition)

    first = run()
    gone = next(row for row in rows if row["timestamp"].startswith(day))
    rows.remove(gone)
    second = run()

    assert first["green"]
    assert second["green"], second
    assert set(first["ids"]) - set(second["ids"]) == {gone["id"]}
    assert len(second["ids"]) == len(first["ids"]) - 1


@pytest.mark.parametrize(
    ("zone", "column", "value", "is_refused"),
    [
        ("Europe/Berlin", {"data_type": "timestamp"}, "2025-03-02T10:00:00", True),
        ("Europe/Berlin", None, "2025-03-02 10:00:00", True),
        ("Europe/Berlin", None, "2025-03-02T10:00:00+01:00", False),
        ("UTC", {"data_type": "timestamp"}, "2025-03-02T10:00:00", False),
        ("Europe/Berlin", {"data_type": "timestamp", "timezone": "UTC"}, "2025-03-02T10:00:00", False),
        ("Europe/Berlin", {"data_type": "timestamp", "timezone": "Asia/Tokyo"}, "2025-03-02T10:00:00", False),
        ("Europe/Berlin", {"data_type": "timestamp", "timezone": False}, "2025-03-02T10:00:00", False),
        ("Europe/Berlin", {"data_type": "timestamp"}, "2025-03-02", False),
        ("Europe/Berlin", {"data_type": "date"}, "2025-03-02", False),
    ],
)
def test_times_without_a_zone_are_placed_in_windows_of_one_only_where_theirs_is_said(
    zone: str, column: Any, value: str, is_refused: bool
) -> None:
    placed = WindowColumn("logs.logs", _resource(columns={"at": column} if column else None, timezone=zone))
    with pytest.raises(MendDescription, match="timezone: the zone of these times") if is_refused else nullcontext():
        placed.place([{"at": value}])


@pytest.mark.parametrize(
    ("zone", "windows", "is_refused"),
    [
        ("Europe/Berlin", "UTC", True),
        (False, "Europe/Berlin", True),
        (False, "UTC", False),
        ("UTC", "Europe/Berlin", False),
    ],
)
def test_hours_are_no_windows_of_times_whose_hour_comes_twice(zone: Any, windows: str, is_refused: bool) -> None:
    resource = {
        "name": "logs",
        "primary_key": "id",
        "write_disposition": "merge",
        "columns": {"at": {"data_type": "timestamp", "timezone": zone}},
        "partitions": {**DAILY, "type": "hourly", "timezone": windows, "start_param": "since"},
    }
    with pytest.raises(InvalidDescription, match="an hour comes twice") if is_refused else nullcontext():
        describe({"client": {"base_url": "https://api.example.com"}, "resources": [resource]}, "chat")
