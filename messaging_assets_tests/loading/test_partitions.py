"""Windows of time: each run reads its window, the whole window, and nothing but the window."""

from __future__ import annotations

import os
import signal
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from messaging_assets.sandbox import Fault, Sandbox
from messaging_assets.tables import window_rows
from messaging_assets_tests.interrupted_sync import sync
from messaging_assets_tests.own_process import in_a_process

# Nothing but the test opens the file.
pytestmark = pytest.mark.usefixtures("open_database")

DAILY: dict[str, Any] = {
    "type": "daily",
    "start": "2025-01-01",
    "start_param": "since",
    "end_param": "until",
    "column": "timestamp",
}
COLUMNS = {"id": {"data_type": "text", "nullable": False}, "timestamp": {"data_type": "timestamp"}}


@pytest.fixture
def messages(known_sandbox: Sandbox) -> Sandbox:
    known_sandbox.settings.page_size = 500
    return known_sandbox


def _on(sandbox: Sandbox, day: str) -> list[str]:
    return sorted(row["id"] for row in sandbox.rows("messaging", "messages") if row["timestamp"].startswith(day))


def _run(day: str | None, **resource: Any) -> dict[str, Any]:
    return sync(partition_key=day, partitions=DAILY | resource.pop("partitions", {}), columns=COLUMNS, **resource)


def _child_rows() -> int:
    database = Path(os.environ["MESSAGING_ASSETS_HOME"]) / ".messaging_assets" / "warehouse.duckdb"
    with duckdb.connect(str(database), read_only=True) as connection:
        return int(connection.table("messaging.messages__tags").count("*").fetchall()[0][0])


def test_the_window_reaches_the_requests(messages: Sandbox) -> None:
    synced = _run("2025-03-02")

    assert synced["green"]
    assert synced["ids"] == _on(messages, "2025-03-02")
    for request in messages.asked("messaging", "messages"):
        assert request.query["since"] == "2025-03-02T00:00:00Z"
        assert request.query["until"] == "2025-03-03T00:00:00Z"


@pytest.mark.sampled
@pytest.mark.parametrize(
    "endpoint",
    [
        {"params": {"updated_after": {"type": "incremental", "cursor_path": "timestamp"}}},
        {"params": {"updated_after": "{incremental.start_value}"}, "incremental": {"cursor_path": "timestamp"}},
        {"incremental": {"cursor_path": "timestamp", "start_param": "updated_after"}},
    ],
    ids=["parameter", "placeholder", "start_param"],
)
def test_a_window_has_no_mark_so_that_an_old_one_is_read_whole_after_a_new_one(
    messages: Sandbox, endpoint: dict[str, Any]
) -> None:
    _run("2025-03-02", endpoint=endpoint)
    messages.forget()

    synced = _run("2025-02-02", endpoint=endpoint)

    assert synced["ids"] == _on(messages, "2025-02-02") + _on(messages, "2025-03-02")
    assert all("updated_after" not in request.query for request in messages.asked("messaging", "messages"))


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("format_", "since"),
    [
        ("epoch_seconds", "1740873600"),
        ("epoch_milliseconds", "1740873600000"),
        ("date", "2025-03-02"),
        ("%Y%m%d", "20250302"),
    ],
)
def test_moments_are_written_as_the_api_wants_them(messages: Sandbox, format_: str, since: str) -> None:
    _run("2025-03-02", partitions={"format": format_})

    assert messages.asked("messaging", "messages")[0].query["since"] == since


def test_the_time_zone_of_the_file_bounds_the_window(messages: Sandbox) -> None:
    _run("2025-03-02", partitions={"timezone": "Europe/Berlin"})

    assert messages.asked("messaging", "messages")[0].query["since"] == "2025-03-01T23:00:00Z"


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("type_", "key", "since", "until"),
    [
        ("hourly", "2025-03-02-05:00", "2025-03-02T05:00:00Z", "2025-03-02T06:00:00Z"),
        ("weekly", "2025-03-02", "2025-03-02T00:00:00Z", "2025-03-09T00:00:00Z"),
        ("monthly", "2025-02-01", "2025-02-01T00:00:00Z", "2025-03-01T00:00:00Z"),
    ],
)
def test_windows_have_the_length_of_their_type(messages: Sandbox, type_: str, key: str, since: str, until: str) -> None:
    start = {"weekly": "2024-12-29"}.get(type_, "2025-01-01")
    synced = _run(key, partitions={"type": type_, "start": start})

    asked = messages.asked("messaging", "messages")[0].query
    assert (asked["since"], asked["until"]) == (since, until)
    rows = messages.rows("messaging", "messages")
    assert synced["ids"] == sorted(row["id"] for row in rows if since <= row["timestamp"] < until)


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("day", "since", "until"),
    [
        ("2025-03-30", "2025-03-29T23:00:00Z", "2025-03-30T22:00:00Z"),
        ("2025-10-26", "2025-10-25T22:00:00Z", "2025-10-26T23:00:00Z"),
    ],
    ids=["23 hours", "25 hours"],
)
def test_a_day_on_which_clocks_change_is_as_long_as_it_is(messages: Sandbox, day: str, since: str, until: str) -> None:
    _run(day, partitions={"timezone": "Europe/Berlin"})

    asked = messages.asked("messaging", "messages")[0].query
    assert (asked["since"], asked["until"]) == (since, until)


@pytest.mark.sampled
@pytest.mark.parametrize("disposition", ["merge", "append"])
def test_running_a_window_again_replaces_exactly_that_window(messages: Sandbox, disposition: str) -> None:
    _run("2025-03-02", write_disposition=disposition)
    _run("2025-03-03", write_disposition=disposition)
    gone = _on(messages, "2025-03-02")[0]
    rows = messages.rows("messaging", "messages")
    rows[:] = [row for row in rows if row["id"] != gone]

    again = _run("2025-03-02", write_disposition=disposition)

    assert again["ids"] == sorted(_on(messages, "2025-03-02") + _on(messages, "2025-03-03"))
    assert gone not in again["ids"]


def test_each_partition_of_a_range_shows_the_rows_that_the_table_has_of_it(messages: Sandbox) -> None:
    beside = _run("2025-03-02", is_in_dagster=True)
    ranged = _run(None, partition_range=("2025-02-01", "2025-05-31"), is_in_dagster=True)

    counted = ranged["partition_rows"]
    assert len(counted) == 28 + 31 + 30 + 31
    assert counted == {day: len(_on(messages, day)) for day in counted}
    assert len(set(counted.values())) > 1
    assert beside["partition_rows"] == {"2025-03-02": counted["2025-03-02"]}
    assert ranged["metadata"]["dagster/row_count"] == sum(counted.values())
    # In the reader's order, where a partition's own metadata would be the last.
    assert list(ranged["metadata"]).index("dagster/partition_row_count") < 5


def test_a_window_that_became_empty_upstream_empties_in_the_table(messages: Sandbox) -> None:
    _run("2025-03-02")
    _run("2025-03-03")
    rows = messages.rows("messaging", "messages")
    rows[:] = [row for row in rows if not row["timestamp"].startswith("2025-03-02")]

    again = _run("2025-03-02")

    assert again["green"]
    assert again["ids"] == _on(messages, "2025-03-03")


@pytest.mark.sampled
@pytest.mark.parametrize("disposition", ["merge", "append"])
def test_a_window_loses_no_larger_share_than_the_file_allows(messages: Sandbox, disposition: str) -> None:
    before = _run("2025-03-02", write_disposition=disposition)["ids"]
    rows = messages.rows("messaging", "messages")
    rows[:] = [row for row in rows if not row["timestamp"].startswith("2025-03-02")]

    again = _run("2025-03-02", write_disposition=disposition, maximum_deleted_share=0.5)

    assert not again["green"]
    assert "rows of the window, more than maximum_deleted_share" in again["error"]
    assert again["ids"] == before


def test_a_row_at_the_end_of_an_inclusive_window_is_the_next_ones(messages: Sandbox) -> None:
    rows = messages.rows("messaging", "messages")
    rows[0]["timestamp"] = "2025-03-03T00:00:00Z"

    def inclusive(payload: Any, request: Any) -> Any:
        if request.query["until"] == "2025-03-03T00:00:00Z" and not request.offset:
            payload["data"] = [*payload["data"], dict(rows[0])]
        return payload

    messages.fault(Fault(api="messaging", rewrite=inclusive))
    for day in ("2025-03-02", "2025-03-03", "2025-03-02"):
        last = _run(day, write_disposition="append")

    assert last["ids"] == sorted(_on(messages, "2025-03-02") + _on(messages, "2025-03-03"))
    assert last["metadata"]["messaging_assets/rows_outside"] == 1


def test_an_inclusive_end_is_asked_for_the_last_moment_of_the_window(messages: Sandbox) -> None:
    _run("2025-03-02", partitions={"format": "date", "end_is_inclusive": True})

    [first, *_] = messages.asked("messaging", "messages")
    assert (first.query["since"], first.query["until"]) == ("2025-03-02", "2025-03-02")


@pytest.mark.sampled
@pytest.mark.parametrize("disposition", ["merge", "append"])
@pytest.mark.parametrize("written", ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ"], ids=["seconds", "minutes"])
def test_no_row_of_the_last_second_is_lost_where_the_end_is_inclusive_and_says_no_fraction(
    messages: Sandbox, written: str, disposition: str
) -> None:
    rows = messages.rows("messaging", "messages")
    rows[0]["timestamp"] = "2025-03-02T23:59:59.500Z"
    # Of an API that reads no more of a moment than it is sent.
    next_one = rows[1] | {"timestamp": "2025-03-03T00:00:00.400Z"}

    def inclusive(payload: Any, request: Any) -> Any:
        payload["data"] += [next_one] * (request.query["until"].startswith("2025-03-03T") and not request.offset)
        return payload

    messages.fault(Fault(api="messaging", rewrite=inclusive))
    format_ = {"format": written, "end_is_inclusive": True}
    for _ in range(2):
        synced = _run("2025-03-02", partitions=format_, write_disposition=disposition)

    expected = {*_on(messages, "2025-03-02"), *([next_one["id"]] if disposition == "merge" else [])}
    assert synced["ids"] == sorted(expected)
    assert synced["metadata"]["messaging_assets/verdict"] != "unknown"


@pytest.mark.parametrize(
    ("start", "timezone"), [("2025-03-02T00:00:00Z", "UTC"), ("2025-03-02T00:00+01:00", "Europe/Berlin")]
)
def test_a_start_may_name_the_offset_that_its_time_zone_has_then(start: str, timezone: str) -> None:
    from messaging_assets.assets.partitions import partitions_definition
    from messaging_assets.description.api import Resource

    partitions = {"type": "daily", "start": start, "timezone": timezone, "start_param": "s", "column": "at"}
    described = {"name": "messages", "primary_key": "id", "endpoint": {"path": "messages"}, "partitions": partitions}
    defined = partitions_definition(Resource.model_validate(described))
    assert defined is not None
    assert defined.get_first_partition_key() == "2025-03-02"


HOURLY = {"type": "hourly", "start": "2025-10-25", "timezone": "Europe/Berlin"}


@pytest.mark.parametrize("disposition", ["merge", "append"])
def test_each_of_two_hours_that_have_one_name_has_its_own_rows(messages: Sandbox, disposition: str) -> None:
    rows = messages.rows("messaging", "messages")[:2]
    rows[0]["timestamp"], rows[1]["timestamp"] = "2025-10-26T00:30:00Z", "2025-10-26T01:30:00Z"

    for hour in ("02:00", "02:00+0100", "02:00", "02:00+0100"):
        synced = _run(f"2025-10-26-{hour}", partitions=HOURLY, write_disposition=disposition)
        assert synced["green"], synced["error"]
        assert synced["metadata"]["messaging_assets/verdict"] != "unknown"

    assert synced["ids"] == sorted(row["id"] for row in rows)


@pytest.mark.parametrize(("hour", "written"), [("2025-10-26-02:00", "%Y-%m-%dT%H:%M:%S"), ("2025-10-26-04:00", "date")])
def test_a_window_that_begins_and_ends_with_the_same_words_is_red(messages: Sandbox, hour: str, written: str) -> None:
    synced = _run(hour, partitions=HOURLY | {"format": written})

    assert "writes the start and the end of this window alike" in synced["error"]


IGNORED = {"start_param": "from_time", "end_param": "to_time"}


def test_appended_windows_that_the_api_does_not_keep_to_are_refused_and_leave_nothing(messages: Sandbox) -> None:
    _run("2025-03-02", write_disposition="append")

    wide = _run("2025-03-03", write_disposition="append", partitions=IGNORED)

    assert not wide["green"]
    assert "of its rows lie outside the window from 2025-03-03T00:00:00+00:00" in wide["error"]
    assert "correct partitions" in wide["error"]
    assert wide["ids"] == _on(messages, "2025-03-02")


def test_merged_windows_that_the_api_does_not_keep_to_are_doubtful_and_delete_nothing(messages: Sandbox) -> None:
    rows = messages.rows("messaging", "messages")
    before = _run("2025-03-02")["ids"]
    del rows[:]
    messages.grow("messaging", "messages", 3)

    wide = _run("2025-03-02", partitions=IGNORED)

    assert wide["green"]
    assert wide["metadata"]["messaging_assets/verdict"] == "unknown"
    assert "lie outside the window" in wide["metadata"]["messaging_assets/verdict_reason"]
    assert set(before) <= set(wide["ids"])


def test_an_appended_window_is_not_doubled_by_a_read_in_doubt(messages: Sandbox) -> None:
    first_rows: list[Any] = []

    def moving(payload: Any, request: Any) -> Any:
        if request.offset and payload["data"]:
            payload["data"] = [*payload["data"], *first_rows]
        elif payload["data"]:
            first_rows[:] = payload["data"][:1]
        return payload

    messages.fault(Fault(api="messaging", rewrite=moving))
    once = _run("2025-03-02", write_disposition="append", page_size=10)
    again = _run("2025-03-02", write_disposition="append", page_size=10)

    assert once["metadata"]["messaging_assets/verdict"] == "unknown"
    assert again["ids"] == once["ids"]


def test_a_record_that_came_broken_keeps_its_earlier_row_in_a_merged_window(messages: Sandbox) -> None:
    before = _run("2025-03-02")["ids"]

    def spoil(payload: Any, request: Any) -> Any:
        if payload["data"]:
            payload["data"][0]["id"] = None
        return payload

    messages.fault(Fault(api="messaging", rewrite=spoil))
    again = _run("2025-03-02")

    assert again["ids"] == before
    assert "because a record was set aside" in again["metadata"]["messaging_assets/deletes"]


@pytest.mark.sampled
@pytest.mark.parametrize("disposition", ["merge", "append"])
def test_an_answer_that_is_ignored_empties_no_window(messages: Sandbox, disposition: str) -> None:
    endpoint = {"response_actions": [{"status_code": 404, "action": "ignore"}]}
    before = _run("2025-03-02", write_disposition=disposition, endpoint=endpoint)["ids"]
    messages.fault(Fault(api="messaging", status=404))

    again = _run("2025-03-02", write_disposition=disposition, endpoint=endpoint)

    assert again["ids"] == before
    assert again["green"] == (disposition == "merge")
    assert "they stay, run it again" in (again["error"] or "they stay, run it again")


def test_an_appended_record_without_a_time_is_in_no_window_and_is_set_aside(messages: Sandbox) -> None:
    def timeless(payload: Any, request: Any) -> Any:
        if payload["data"]:
            payload["data"][0]["timestamp"] = None
        return payload

    messages.fault(Fault(api="messaging", rewrite=timeless))
    _run("2025-03-02", write_disposition="append")
    again = _run("2025-03-02", write_disposition="append")

    assert len(again["ids"]) == len(_on(messages, "2025-03-02")) - 1
    assert again["metadata"]["messaging_assets/rows_set_aside"] == 1


def test_a_window_by_a_column_that_dlt_renames_is_replaced_too(messages: Sandbox) -> None:
    for row in messages.rows("messaging", "messages"):
        row["sentAt"] = row["timestamp"]
    for _ in range(2):
        last = _run("2025-03-02", write_disposition="append", partitions={"column": "sentAt"})

    assert last["green"], last["error"]
    assert last["ids"] == _on(messages, "2025-03-02")


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("zone", "disposition"),
    [
        ("America/New_York", "merge"),
        ("Asia/Tokyo", "append"),
        pytest.param("America/New_York", "append", marks=pytest.mark.soak),
        pytest.param("Asia/Tokyo", "merge", marks=pytest.mark.soak),
    ],
)
def test_days_without_a_time_are_those_of_the_windows_zone(messages: Sandbox, zone: str, disposition: str) -> None:
    def with_day(payload: Any, request: Any) -> Any:
        for row in payload["data"]:
            row["day"] = (
                datetime.fromisoformat(row["timestamp"].replace("Z", "+00:00"))
                .astimezone(ZoneInfo(zone))
                .date()
                .isoformat()
            )
        return payload

    messages.fault(Fault(api="messaging", rewrite=with_day))
    described: dict[str, Any] = {
        "partition_key": "2025-03-02",
        "partitions": DAILY | {"column": "day", "timezone": zone},
        "columns": COLUMNS | {"day": {"data_type": "date"}},
        "write_disposition": disposition,
    }
    first = sync(**described)
    sync(**described | {"partition_key": "2025-03-03"})

    again = sync(**described)

    assert first["green"]
    assert "messaging_assets/rows_outside" not in first["metadata"]
    assert again["green"]
    assert again["metadata"]["messaging_assets/rows_deleted"] == (len(first["ids"]) if disposition == "append" else 0)
    assert len(again["ids"]) == len(set(again["ids"])) > len(first["ids"]) > 0


def test_a_full_refresh_of_a_window_leaves_the_others(messages: Sandbox) -> None:
    _run("2025-03-02")
    again = _run("2025-03-03", config={"full_refresh": True})

    assert again["ids"] == sorted(_on(messages, "2025-03-02") + _on(messages, "2025-03-03"))


def test_nested_rows_go_with_the_rows_of_their_window(messages: Sandbox) -> None:
    for row in messages.rows("messaging", "messages"):
        row["tags"] = ["a", "b"]
    for _ in range(2):
        _run("2025-03-02", write_disposition="append", nested="tables")
    of_the_day, nested = len(_on(messages, "2025-03-02")), _child_rows()
    rows = messages.rows("messaging", "messages")
    rows[:] = [row for row in rows if not row["timestamp"].startswith("2025-03-02")]
    _run("2025-03-02", write_disposition="append", nested="tables")

    assert nested == 2 * of_the_day
    assert _child_rows() == 0


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 and fork are POSIX")
def test_a_run_killed_before_it_emptied_its_window_is_finished_by_another_windows_run(messages: Sandbox) -> None:
    def killed() -> Any:
        vars(window_rows)["replace_window"] = lambda *args: os.kill(os.getpid(), signal.SIGKILL)
        return _run("2025-03-02", write_disposition="append")

    _run("2025-03-02", write_disposition="append")
    ended, _ = in_a_process(killed)
    last = _run("2025-03-03", write_disposition="append")

    assert ended == signal.SIGKILL
    assert last["ids"] == sorted(_on(messages, "2025-03-02") + _on(messages, "2025-03-03"))


def test_a_run_without_a_partition_fails_in_a_sentence(messages: Sandbox) -> None:
    from dagster import build_asset_context

    from messaging_assets.assets.partitions import window_of
    from messaging_assets.description.api import Resource
    from messaging_assets.foundation.failures import MendDescription

    resource = Resource.model_validate({"name": "messages", "partitions": DAILY})
    with pytest.raises(MendDescription, match="this run names none; start it from its partitions"):
        window_of(build_asset_context(), resource, "messaging.messages")


def test_a_window_that_is_not_over_is_refused_and_one_that_is_just_over_is_read(messages: Sandbox) -> None:
    now = datetime.now(ZoneInfo("UTC"))
    hours = {"type": "hourly", "start": "2025-01-01"}
    # Two hours on, lest the clock strikes in between.
    refused = _run(f"{now + timedelta(hours=2):%Y-%m-%d-%H}:00", partitions=hours)
    assert f"its window ends at {now + timedelta(hours=3):%Y-%m-%dT%H}:00:00" in refused["error"]
    assert messages.requests == []
    assert _run(f"{now - timedelta(hours=1):%Y-%m-%d-%H}:00", partitions=hours)["green"]


MERGE = {"disposition": "merge"}
SKIPPING = {**MERGE, "strategy": "upsert", "skip_unchanged_rows": True}
MARK = {"deletes": "mark"}
BOUND = {"updated_after": {"type": "incremental", "cursor_path": "timestamp"}}
WHOLE = {"name": "messages", "primary_key": "id", "write_disposition": "merge"}
WINDOWS = {"name": "messages", "primary_key": "id", "write_disposition": "merge", "partitions": DAILY}


@pytest.mark.parametrize(
    ("message", "resources"),
    [
        (
            "share start and timezone",
            [WINDOWS, {**WINDOWS, "name": "calls", "partitions": {**DAILY, "start": "2024-01-01"}}],
        ),
        ("a window cannot replace a whole table", [{**WINDOWS, "write_disposition": "replace"}]),
        ("cannot tell which others are gone", [{**WINDOWS, "deletes": "remove"}]),
        ("insert-only leaves rows", [{**WINDOWS, "write_disposition": {**MERGE, "strategy": "insert-only"}}]),
        ("scd2 leaves rows", [{**WINDOWS, "write_disposition": {**MERGE, "strategy": "scd2"}}]),
        ("skip_unchanged_rows leaves them", [{**WINDOWS, "write_disposition": SKIPPING}]),
        ("skip_unchanged_rows leaves them", [{**WHOLE, "write_disposition": SKIPPING, "deletes": "mark"}]),
        ("insert-only leaves rows", [{**WHOLE, "write_disposition": {**MERGE, "strategy": "insert-only"}, **MARK}]),
        ("cannot tell which others are gone", [{**WHOLE, **MARK, "endpoint": {"path": "m", "params": BOUND}}]),
        ("a merge_key deletes all rows", [{**WINDOWS, "merge_key": "day"}]),
        ("a merge_key deletes all rows", [{**WHOLE, "merge_key": "day", "endpoint": {"path": "m", "params": BOUND}}]),
        ("is declared as text", [{**WINDOWS, "columns": {"timestamp": {"data_type": "text"}}}]),
        (
            "places rows in hours",
            [
                {
                    **WINDOWS,
                    "columns": {"timestamp": {"data_type": "date"}},
                    "partitions": {**DAILY, "type": "hourly"},
                }
            ],
        ),
        ("deletes go with write_disposition merge", [{"name": "users", "primary_key": "id", "deletes": "mark"}]),
        ("is no date", [{**WINDOWS, "partitions": {**DAILY, "start": "January"}}]),
        ("is no time zone", [{**WINDOWS, "partitions": {**DAILY, "timezone": "Mars/Olympus"}}]),
    ],
)
def test_what_contradicts_itself_is_refused(message: str, resources: list[dict[str, Any]]) -> None:
    from messaging_assets.files.api_files import InvalidDescription, describe

    with pytest.raises(InvalidDescription, match=message):
        describe({"client": {"base_url": "https://api.example.com"}, "resources": resources}, "chat")
