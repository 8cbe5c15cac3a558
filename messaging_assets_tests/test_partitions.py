"""Windows of time: each run reads its window, the whole window, and nothing but the window."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets.sandbox import Sandbox
from messaging_assets_tests.interrupted_sync import sync

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


def test_the_window_reaches_the_requests(messages: Sandbox) -> None:
    synced = _run("2025-03-02")

    assert synced["green"]
    assert synced["ids"] == _on(messages, "2025-03-02")
    for request in messages.asked("messaging", "messages"):
        assert request.query["since"] == "2025-03-02T00:00:00Z"
        assert request.query["until"] == "2025-03-03T00:00:00Z"


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


def test_a_window_that_became_empty_upstream_empties_in_the_table(messages: Sandbox) -> None:
    _run("2025-03-02")
    _run("2025-03-03")
    rows = messages.rows("messaging", "messages")
    rows[:] = [row for row in rows if not row["timestamp"].startswith("2025-03-02")]

    again = _run("2025-03-02")

    assert again["green"]
    assert again["ids"] == _on(messages, "2025-03-03")


def test_a_run_without_a_partition_fails_in_a_sentence(messages: Sandbox) -> None:
    from dagster import build_asset_context

    from messaging_assets.api_description import Resource
    from messaging_assets.failures import MendDescription
    from messaging_assets.partitions import window_of

    resource = Resource.model_validate({"name": "messages", "partitions": DAILY})
    with pytest.raises(MendDescription, match="this run names none; start it from its partitions"):
        window_of(build_asset_context(), resource, "messaging.messages")


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
        ("deletes go with write_disposition merge", [{"name": "users", "primary_key": "id", "deletes": "mark"}]),
        ("is no date", [{**WINDOWS, "partitions": {**DAILY, "start": "January"}}]),
        ("is no time zone", [{**WINDOWS, "partitions": {**DAILY, "timezone": "Mars/Olympus"}}]),
    ],
)
def test_what_contradicts_itself_is_refused(message: str, resources: list[dict[str, Any]]) -> None:
    from messaging_assets.description_files import InvalidDescription, describe

    with pytest.raises(InvalidDescription, match=message):
        describe({"client": {"base_url": "https://api.example.com"}, "resources": resources}, "chat")
