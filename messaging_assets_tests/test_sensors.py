"""The new-data sensor: what it asks, what it requests, what it says; over real sockets."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from typing import Any

import pytest
from dagster import (
    AssetKey,
    AssetMaterialization,
    DagsterInstance,
    DagsterRunStatus,
    DefaultSensorStatus,
    RunRequest,
    build_sensor_context,
)
from dagster._core.definitions.sensor_definition import SensorExecutionData
from dagster._core.test_utils import create_run_for_test

from messaging_assets import sensors
from messaging_assets.api_definitions import definitions_for
from messaging_assets.api_description import ApiDescription
from messaging_assets.credentials import build_credentials, credentials_key
from messaging_assets.fingerprint import Probe
from messaging_assets.sandbox import Fault, Sandbox
from messaging_assets.sensors import build_sensors

OFFSET = {"type": "offset", "limit": 100}


def described(api: str, resources: list[dict[str, Any]], **changes: Any) -> ApiDescription:
    key = {"type": "api_key", "name": "api_key", "location": "query"}
    return ApiDescription.model_validate(
        {
            "name": api,
            "client": {"base_url": "http://sandbox.invalid", "auth": key},
            "resource_defaults": {
                "primary_key": "id",
                "write_disposition": "merge",
                "endpoint": {"data_selector": "data", "paginator": OFFSET},
            },
            "resources": resources,
            "sensor": {"minimum_interval": 30},
            **changes,
        }
    )


def one_resource(changes: dict[str, Any] | None = None, **more: Any) -> ApiDescription:
    endpoint = {"path": "v1/messages", **(changes or {})}
    return described("messaging", [{"name": "messages", "endpoint": endpoint}], **more)


def team_chat(*more: dict[str, Any], **changes: Any) -> ApiDescription:
    lists = [{"name": name, "endpoint": f"v1/{name}"} for name in ("users", "channels", "messages")]
    client = {"base_url": "http://sandbox.invalid", "auth": {"type": "oauth2"}}
    return described("team_messaging", [*lists, *more], client=client, **changes)


class Watch:
    """A sensor, its cursor kept as the daemon keeps it."""

    def __init__(self, description: ApiDescription, instance: DagsterInstance) -> None:
        self.api, self.instance = description.name, instance
        self.cursor: str | None = None
        self.description, self.definitions = description, definitions_for(description)
        self.repository = self.definitions.get_repository_def()
        self.sensor = self.repository.get_sensor_def(f"{self.api}_new_data")

    def tick(self) -> SensorExecutionData:
        key = credentials_key(self.api)
        context = build_sensor_context(
            self.instance,
            self.cursor,
            repository_def=self.repository,
            sensor_name=self.sensor.name,
            resources={key: build_credentials(self.description)},
        )
        with context:
            outcome = self.sensor.evaluate_tick(context)
        assert (outcome.cursor != self.cursor) == bool(outcome.run_requests), "the cursor moves with a run request"
        self.cursor = outcome.cursor
        return outcome

    def request(self) -> RunRequest:
        """The one run that a tick requests."""
        [request] = self.tick().run_requests or []
        return request

    def requested(self) -> set[str]:
        """The resources that a tick requests."""
        outcome = self.tick()
        assert len(outcome.run_requests or []) <= 1
        return {key.path[1] for request in outcome.run_requests or [] for key in request.asset_selection or []}

    def skipped(self) -> str:
        """Why a tick requests nothing."""
        outcome = self.tick()
        assert not outcome.run_requests
        return str(outcome.skip_message)

    def materialized(self, *resources: str, **metadata: Any) -> None:
        """Let the resources look as their sync leaves them."""
        named = {f"messaging_assets/{name}": value for name, value in metadata.items()}
        for resource in resources:
            event = AssetMaterialization(AssetKey([self.api, resource]), metadata=named)
            self.instance.report_runless_asset_event(event)


@pytest.fixture
def dagster_instance() -> Iterator[DagsterInstance]:
    """A history in memory, because these tests start no process."""
    with DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def messages(known_sandbox: Sandbox, dagster_instance: DagsterInstance) -> Watch:
    return Watch(one_resource(), dagster_instance)


@pytest.fixture
def team(known_sandbox: Sandbox, dagster_instance: DagsterInstance) -> Watch:
    return Watch(team_chat(), dagster_instance)


# The definition


def test_a_file_without_a_sensor_has_none_and_one_with_it_waits_to_be_switched_on():
    assert build_sensors(one_resource(sensor=None)) == []
    [sensor] = build_sensors(one_resource())
    assert (sensor.name, sensor.job_name) == ("messaging_new_data", "messaging_sync")
    assert sensor.minimum_interval_seconds == 30
    assert sensor.default_status == DefaultSensorStatus.STOPPED


# What is requested


def test_the_first_tick_requests_everything(team):
    assert team.requested() == {"users", "channels", "messages"}


def test_the_first_tick_of_a_resource_that_was_synced_before_requests_it_too(messages):
    messages.materialized("messages", rows_api_says=2500, distinct_keys=2500)
    assert messages.requested() == {"messages"}


def test_a_tick_without_news_requests_nothing(team):
    team.requested()
    team.materialized("users", "channels", "messages", rows_api_says=1)
    assert team.skipped() == "Nothing new in 3 resources of team_messaging."
    assert team.skipped() == "Nothing new in 3 resources of team_messaging."


def test_growth_of_one_resource_requests_that_one(known_sandbox, team):
    team.requested()
    team.materialized("users", "channels", "messages", rows_api_says=1)
    known_sandbox.grow("team_messaging", "messages", 1)
    assert team.requested() == {"messages"}
    team.materialized("messages", rows_api_says=2)
    assert team.skipped().startswith("Nothing new")


def test_a_list_that_changes_to_and_fro_gets_a_run_key_of_its_own_each_time(known_sandbox, messages):
    rows, keys = known_sandbox.rows("messaging", "messages"), []
    for _ in range(3):
        keys.append(messages.request().run_key)
        messages.materialized("messages", rows_api_says=1)
        rows.append(rows[0]) if len(rows) == 2500 else rows.pop()
    assert len(set(keys)) == 3


def test_a_cursor_that_was_reset_repeats_no_run_key(messages, monkeypatch):
    first = messages.request()
    messages.materialized("messages", rows_api_says=1)
    later = time.time() + 10
    monkeypatch.setattr("messaging_assets.sensor_cursor.time.time", lambda: later)
    messages.cursor = None
    assert first.run_key != messages.request().run_key


@pytest.mark.parametrize("cursor", ["", "broken", "[]", '{"number": 1}', '{"number": 1, "resources": {"a": {"b": 1}}}'])
def test_a_cursor_that_is_none_counts_as_a_first_tick(messages, cursor):
    messages.cursor = cursor
    assert messages.requested() == {"messages"}


def test_a_request_whose_run_left_nothing_is_repeated_at_growing_intervals(messages, monkeypatch):
    messages.requested()
    assert "messages: not synced by the last run; requested again later." in messages.skipped()
    now = time.time()
    for seconds, expected in ((31, {"messages"}), (61, set()), (95, {"messages"}), (200, set())):
        monkeypatch.setattr("messaging_assets.sensor_cursor.time.time", lambda at=now + seconds: at)
        assert messages.requested() == expected, seconds
    messages.materialized("messages", rows_api_says=1)
    monkeypatch.setattr("messaging_assets.sensor_cursor.time.time", lambda: now + 9999)
    assert messages.skipped() == "Nothing new in 1 resource of messaging."


@pytest.mark.parametrize("status", [DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING])
def test_a_tick_is_skipped_while_a_run_is_unfinished_and_asks_nothing(known_sandbox, messages, status):
    run = create_run_for_test(messages.instance, job_name="messaging_sync", status=status)
    assert messages.skipped().startswith(f"messaging_sync is not finished: run {run.run_id} is ")
    assert known_sandbox.requests == []


def test_a_finished_run_stops_no_tick(messages):
    create_run_for_test(messages.instance, job_name="messaging_sync", status=DagsterRunStatus.FAILURE)
    assert messages.requested() == {"messages"}


@pytest.mark.parametrize("total", [True, False])
def test_after_the_requested_run_there_is_no_news_until_rows_come(known_sandbox, dagster_instance, total):
    known_sandbox.settings.total = total
    lists = [{"name": name, "endpoint": f"v1/{name}"} for name in ("users", "channels")]
    client = {"base_url": "http://sandbox.invalid", "auth": {"type": "oauth2"}}
    watch = Watch(described("team_messaging", lists, client=client), dagster_instance)
    request = watch.request()
    job = watch.definitions.resolve_job_def("team_messaging_sync")
    assert job.execute_in_process(instance=dagster_instance, asset_selection=request.asset_selection).success
    assert watch.skipped() == "Nothing new in 2 resources of team_messaging."
    known_sandbox.grow("team_messaging", "users", 1)
    selected = watch.request().asset_selection
    result = job.execute_in_process(instance=dagster_instance, asset_selection=selected)
    assert [one.asset_key for one in result.get_asset_materialization_events()] == [
        AssetKey(["team_messaging", "users"])
    ]
    assert result.get_asset_check_evaluations()
    assert watch.skipped() == "Nothing new in 2 resources of team_messaging."


# Children


def child(**more: Any) -> dict[str, Any]:
    path = "v1/channels/{resources.channels.id}/messages"
    return {"name": "channel_messages", "endpoint": {"path": path}, **more}


def test_children_are_requested_with_their_parent_and_never_asked(known_sandbox, dagster_instance):
    watch = Watch(team_chat(child()), dagster_instance)
    everything = {"users", "channels", "messages", "channel_messages"}
    assert watch.requested() == everything
    watch.materialized(*everything, rows_api_says=1)
    known_sandbox.grow("team_messaging", "channels", 1)
    assert watch.requested() == {"channels", "channel_messages"}
    assert len([one for one in known_sandbox.requests if "/channels/" in one.path]) == 0
    assert "channel_messages: synced when the list of their parents changes" in str(watch.sensor.description)


def test_a_child_that_was_never_synced_is_requested_though_its_parent_shows_no_news(known_sandbox, dagster_instance):
    paginator = {"type": "offset", "limit": 100, "total_path": None}
    channels = {"name": "channels", "endpoint": {"path": "v1/channels", "paginator": paginator}}
    client = {"base_url": "http://sandbox.invalid", "auth": {"type": "oauth2"}}
    watch = Watch(described("team_messaging", [channels, child()], client=client), dagster_instance)
    watch.materialized("channels", distinct_keys=40)
    assert watch.requested() == {"channel_messages"}


def test_the_parents_of_a_lone_child_are_asked_though_they_are_not_selected(known_sandbox, dagster_instance):
    channels = {"name": "channels", "endpoint": "v1/channels", "selected": False}
    client = {"base_url": "http://sandbox.invalid", "auth": {"type": "oauth2"}}
    watch = Watch(described("team_messaging", [channels, child()], client=client), dagster_instance)
    assert watch.requested() == {"channel_messages"}
    watch.materialized("channel_messages")
    assert watch.skipped().startswith("Nothing new")
    known_sandbox.grow("team_messaging", "channels", 1)
    assert watch.requested() == {"channel_messages"}


# What is asked


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
        assert time.monotonic() - started < sensors.LOOKING_TIME
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


# What goes wrong


def test_an_api_that_asks_to_be_left_alone_is_left_alone(known_sandbox, messages):
    known_sandbox.fault(Fault(status=429, headers={"Retry-After": "600"}))
    said = messages.skipped()
    assert "messaging.messages: the API asks to be left alone for 600 s; a later tick looks again." in said
    assert len(known_sandbox.requests) == 1


def test_one_resource_in_trouble_does_not_hide_the_news_of_the_others(known_sandbox, team, capsys):
    known_sandbox.fault(Fault(api="team_messaging", resource="users", status=500))
    assert team.requested() == {"channels", "messages"}
    assert "WARNING - team_messaging.users: GET " in capsys.readouterr().err
    known_sandbox.faults.clear()
    assert team.requested() == {"users"}


def test_trouble_without_news_is_named(known_sandbox, team):
    team.requested()
    team.materialized("users", "channels", "messages", rows_api_says=1)
    known_sandbox.fault(Fault(api="team_messaging", resource="users", status=500))
    said = team.skipped()
    assert said.startswith("Nothing new in 2 resources of team_messaging. team_messaging.users: GET ")
    assert "answered 500" in said


def test_a_secret_that_is_not_set_is_named_and_nothing_is_asked(known_sandbox, messages, monkeypatch):
    monkeypatch.delenv("MESSAGING__API_KEY")
    assert "set MESSAGING__API_KEY in the environment" in messages.skipped()
    assert known_sandbox.requests == []


def test_a_refused_client_is_named(known_sandbox, team):
    known_sandbox.client = ("sandbox-client", "another-secret")
    said = team.skipped()
    assert "refused the client (invalid_client)" in said
    assert {one.resource for one in known_sandbox.requests} == {"token"}


def test_an_api_that_is_down_is_named(known_sandbox, messages):
    known_sandbox.stop()
    assert "could not be reached" in messages.skipped()


def test_an_api_that_hangs_does_not_hold_the_tick(known_sandbox, messages, monkeypatch):
    monkeypatch.setattr(sensors, "LOOKING_TIME", 0.2)
    known_sandbox.settings.latency = 3
    started = time.monotonic()
    assert "messaging.messages: no answer within this tick; the next looks again." in messages.skipped()
    assert time.monotonic() - started < 3


def test_a_used_up_budget_does_not_hold_the_tick(known_sandbox, dagster_instance, monkeypatch):
    monkeypatch.setattr(sensors, "LOOKING_TIME", 1)
    client = {
        "base_url": "http://sandbox.invalid",
        "auth": {"type": "oauth2"},
        "requests_per_second": 0.01,
        "max_in_flight": 1,
    }
    lists = [{"name": name, "endpoint": f"v1/{name}"} for name in ("users", "channels")]
    watch = Watch(described("team_messaging", lists, client=client), dagster_instance)
    said = watch.skipped()
    assert said.count("no answer within this tick") == 2
    assert len(known_sandbox.requests) == 1


def test_a_defect_is_named_without_its_text(known_sandbox, messages, monkeypatch):
    def broken(_: Any) -> str:
        raise KeyError("sandbox-key-messaging")

    monkeypatch.setattr(Probe, "fingerprint", broken)
    said = messages.skipped()
    assert "messaging.messages: looking for new data failed with KeyError" in said
    assert "sandbox-key" not in said


def test_no_secret_is_in_cursor_log_or_words(known_sandbox, messages, team, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    texts = []
    for fault in (None, Fault(status=401), Fault(reset=True)):
        if fault:
            known_sandbox.fault(fault)
        for watch in (messages, team):
            outcome = watch.tick()
            texts += [str(outcome), str(watch.cursor)]
        known_sandbox.faults.clear()
    logged = "\n".join([*texts, caplog.text, *capsys.readouterr(), *(str(record.args) for record in caplog.records)])
    tokens = [
        one.headers["authorization"].split()[1] for one in known_sandbox.requests if "authorization" in one.headers
    ]
    assert tokens
    for secret in ("sandbox-key-messaging", "sandbox-client-secret", *tokens):
        assert secret not in logged
    assert any(record.name == "urllib3.connectionpool" for record in caplog.records)


def test_no_record_is_in_the_cursor(messages):
    messages.requested()
    kept = json.loads(str(messages.cursor))["resources"]["messages"]
    assert len(kept["fingerprint"]) == 16
    assert "msg_" not in str(messages.cursor)
