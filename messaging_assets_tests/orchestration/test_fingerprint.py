"""What the new-data sensor asks an API, and what counts as news; over real sockets."""

from __future__ import annotations

import time
from typing import Any

import pytest

from messaging_assets.orchestration.automation import look
from messaging_assets.sandbox import Fault
from messaging_assets_tests.watch import Watch, one_resource


def test_a_tick_sends_one_request_a_resource_and_asks_for_one_token(known_sandbox, team):
    for _ in range(2):
        known_sandbox.forget()
        team.tick()
        for name in ("users", "channels", "messages", "token"):
            assert len(known_sandbox.asked("team_messaging", name)) == 1
        assert len(known_sandbox.requests) == 4


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 503},
        {"status": 429, "headers": {"Retry-After": "600"}},
        {"status": 401},
        {"reset": True},
        {"truncate": True},
        {"body": b"<html>"},
        {"error_in_200": "busy"},
    ],
)
def test_whatever_the_answer_nothing_is_asked_twice(known_sandbox, messages, team, fault):
    for watch in (messages, team):
        known_sandbox.forget()
        known_sandbox.fault(Fault(**fault))
        started = time.monotonic()
        assert watch.skipped().startswith("Nothing new in 0 resources of ")
        assert time.monotonic() - started < look.LOOKING_TIME
        data = [one for one in known_sandbox.requests if one.resource != "token"]
        assert len(data) == len({one.resource for one in data})


def test_without_a_count_it_asks_behind_the_last_known_row(known_sandbox, messages):
    known_sandbox.settings.total = False
    assert messages.requested() == {"messages"}
    messages.materialized("messages", distinct_keys=2500)
    assert messages.skipped().startswith("Nothing new")
    assert [one.offset for one in known_sandbox.requests] == [0, 2499]
    known_sandbox.grow("messaging", "messages", 3)
    assert messages.requested() == {"messages"}
    messages.materialized("messages", distinct_keys=2503)
    assert messages.skipped().startswith("Nothing new")


@pytest.mark.parametrize("past_the_end", [200, 400])
def test_without_a_count_rows_that_went_are_news(known_sandbox, messages, past_the_end):
    known_sandbox.settings.total, known_sandbox.settings.past_end_status = False, past_the_end
    messages.materialized("messages", distinct_keys=2500)
    assert messages.skipped().startswith("Nothing new in 1 resource")
    del known_sandbox.rows("messaging", "messages")[2400:]
    outcome = messages.tick()
    assert bool(outcome.run_requests) == (past_the_end == 200)
    assert past_the_end == 200 or "answered 400" in outcome.skip_message


def test_an_empty_list_without_a_count_has_no_news_until_a_row_comes(known_sandbox, messages):
    known_sandbox.settings.total = False
    rows = known_sandbox.rows("messaging", "messages")
    kept = rows[:1]
    rows.clear()
    messages.materialized("messages", distinct_keys=0)
    assert messages.skipped().startswith("Nothing new")
    rows += kept
    assert messages.requested() == {"messages"}


INCREMENTAL: list[dict[str, Any]] = [
    {"incremental": {"cursor_path": "timestamp", "start_param": "since", "initial_value": "2025-01-01"}},
    {
        "incremental": {"cursor_path": "timestamp", "initial_value": "2025-01-01"},
        "params": {"since": "{incremental.start_value}"},
    },
    {"params": {"since": {"type": "incremental", "cursor_path": "timestamp", "initial_value": "2025-01-01"}}},
]


@pytest.mark.parametrize("endpoint", INCREMENTAL)
def test_an_incremental_resource_is_asked_from_its_last_cursor_on(known_sandbox, dagster_instance, endpoint):
    watch = Watch(one_resource(endpoint), dagster_instance)
    assert watch.requested() == {"messages"}
    last = known_sandbox.rows("messaging", "messages")[-1]["timestamp"]
    watch.materialized("messages", last_cursor=last)
    assert watch.skipped().startswith("Nothing new")
    assert [one.query["since"] for one in known_sandbox.requests] == ["2025-01-01", last]
    [new] = known_sandbox.grow("messaging", "messages", 1)
    assert watch.requested() == {"messages"}
    watch.materialized("messages", last_cursor=new["timestamp"])
    assert watch.skipped().startswith("Nothing new")


def test_after_a_sync_that_got_no_row_the_cursor_before_it_counts(known_sandbox, dagster_instance):
    watch = Watch(one_resource(INCREMENTAL[0]), dagster_instance)
    last = known_sandbox.rows("messaging", "messages")[-1]["timestamp"]
    watch.materialized("messages", last_cursor=last)
    watch.materialized("messages", rows_read=0)
    watch.materialized("messages", rows_read=0)
    assert watch.skipped().startswith("Nothing new")
    assert known_sandbox.requests[0].query["since"] == last


def test_a_second_row_with_the_last_cursor_is_news_once(known_sandbox, dagster_instance):
    watch = Watch(one_resource(INCREMENTAL[0]), dagster_instance)
    rows = known_sandbox.rows("messaging", "messages")
    watch.materialized("messages", last_cursor=rows[-1]["timestamp"])
    assert watch.skipped().startswith("Nothing new")
    rows.append({**rows[-1], "id": "another"})
    assert watch.requested() == {"messages"}
    watch.materialized("messages", last_cursor=rows[-1]["timestamp"])
    assert watch.skipped().startswith("Nothing new")


def test_a_cursor_is_converted_as_the_file_says(known_sandbox, dagster_instance):
    incremental = {"cursor_path": "timestamp", "start_param": "since", "convert": lambda text: text[:10]}
    watch = Watch(one_resource({"incremental": incremental}), dagster_instance)
    watch.materialized("messages", last_cursor="2025-12-24T01:02:03Z")
    watch.tick()
    assert [one.query["since"] for one in known_sandbox.requests] == ["2025-12-24"]


def test_an_incremental_resource_without_any_start_is_asked_without_one(known_sandbox, dagster_instance):
    endpoint = {"incremental": {"cursor_path": "timestamp"}, "params": {"since": "{incremental.start_value}"}}
    assert Watch(one_resource(endpoint), dagster_instance).requested() == {"messages"}
    assert "since" not in known_sandbox.requests[0].query


@pytest.mark.parametrize("header", ["ETag", "Last-Modified"])
def test_where_nothing_is_counted_a_mark_in_the_headers_tells_of_news(known_sandbox, dagster_instance, header):
    paginator = {"type": "cursor", "cursor_path": "next_cursor", "cursor_param": "cursor"}
    watch = Watch(one_resource({"path": "v1/messages/by_cursor", "paginator": paginator}), dagster_instance)
    known_sandbox.fault(Fault(headers={header: "one"}, times=2))
    assert watch.requested() == {"messages"}
    watch.materialized("messages")
    known_sandbox.rows("messaging", "messages")[0]["content"] = "seen only by who looks at the page"
    assert watch.skipped().startswith("Nothing new")
    known_sandbox.fault(Fault(headers={header: "two"}))
    assert watch.requested() == {"messages"}


@pytest.mark.parametrize(
    ("style", "paginator"),
    [
        ("by_cursor", {"type": "cursor", "cursor_path": "next_cursor", "cursor_param": "cursor"}),
        ("by_link", {"type": "json_link", "next_url_path": "next"}),
        ("by_link", {"type": "header_link"}),
        ("by_page", {"type": "page_number", "base_page": 1, "total_path": None}),
        ("by_cursor", "single_page"),
        ("by_link", "auto"),
    ],
)
def test_where_nothing_is_counted_the_first_page_tells_of_news(known_sandbox, dagster_instance, style, paginator):
    known_sandbox.settings.total = False
    watch = Watch(one_resource({"path": f"v1/messages/{style}", "paginator": paginator}), dagster_instance)
    assert watch.requested() == {"messages"}
    watch.materialized("messages", distinct_keys=2500)
    assert watch.skipped().startswith("Nothing new")
    known_sandbox.rows("messaging", "messages")[0]["content"] = "edited"
    assert watch.requested() == {"messages"}
    assert len(known_sandbox.requests) == 3


def test_a_count_under_a_path_of_its_own_tells_of_news_at_the_end(known_sandbox, dagster_instance):
    paginator = {"type": "page_number", "base_page": 1, "total_path": None, "rows_total_path": "total"}
    watch = Watch(one_resource({"path": "v1/messages/by_page", "paginator": paginator}), dagster_instance)
    watch.requested()
    watch.materialized("messages", rows_api_says=2500)
    known_sandbox.grow("messaging", "messages", 1)
    assert watch.requested() == {"messages"}
