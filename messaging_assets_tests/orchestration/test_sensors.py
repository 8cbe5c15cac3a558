"""The new-data sensor: what it requests, and what it says when something goes wrong; over real sockets."""

from __future__ import annotations

import json
import logging
import time
from typing import Any

import pytest
from dagster import AssetKey, DagsterRunStatus, DefaultSensorStatus
from dagster._core.test_utils import create_run_for_test

from messaging_assets.orchestration.automation import look
from messaging_assets.orchestration.automation.fingerprint import Probe
from messaging_assets.orchestration.automation.sensors import build_sensors
from messaging_assets.sandbox import Fault
from messaging_assets_tests.watch import Watch, described, one_resource, team_chat

# Nothing but the test opens the file.
pytestmark = pytest.mark.usefixtures("open_database")

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
    monkeypatch.setattr("messaging_assets.orchestration.automation.sensor_cursor.time.time", lambda: later)
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
        monkeypatch.setattr(
            "messaging_assets.orchestration.automation.sensor_cursor.time.time", lambda at=now + seconds: at
        )
        assert messages.requested() == expected, seconds
    messages.materialized("messages", rows_api_says=1)
    monkeypatch.setattr("messaging_assets.orchestration.automation.sensor_cursor.time.time", lambda: now + 9999)
    assert messages.skipped() == "Nothing new in 1 resource of messaging."


@pytest.mark.parametrize("status", [DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING])
def test_a_tick_is_skipped_while_a_run_is_unfinished_and_asks_nothing(known_sandbox, messages, status):
    run = create_run_for_test(messages.instance, job_name="messaging_sync", status=status)
    assert messages.skipped().startswith(f"messaging_sync is not finished: run {run.run_id} is ")
    assert known_sandbox.requests == []


def test_a_finished_run_stops_no_tick(messages):
    create_run_for_test(messages.instance, job_name="messaging_sync", status=DagsterRunStatus.FAILURE)
    assert messages.requested() == {"messages"}


@pytest.mark.sampled
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


def test_a_child_of_two_parents_is_requested_with_either_and_values_of_the_file_are_not_looked_at(
    known_sandbox, dagster_instance
):
    of_both = {"name": "seats", "endpoint": "v1/{resources.users.id}/{resources.channels.id}"}
    of_values = {"name": "regions", "endpoint": "v1/{for_each.region}/rows", "for_each": {"region": ["eu"]}}
    watch = Watch(team_chat(of_both, of_values), dagster_instance)
    everything = {"users", "channels", "messages", "seats"}
    assert watch.requested() == everything
    watch.materialized(*everything, rows_api_says=1)
    known_sandbox.grow("team_messaging", "channels", 1)
    assert watch.requested() == {"channels", "seats"}
    assert "regions: not looked at, one list for each value of the file" in str(watch.sensor.description)


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
    monkeypatch.setattr(look, "LOOKING_TIME", 0.2)
    known_sandbox.settings.latency = 3
    started = time.monotonic()
    assert "messaging.messages: no answer within this tick; the next looks again." in messages.skipped()
    assert time.monotonic() - started < 3


def test_a_used_up_budget_does_not_hold_the_tick(known_sandbox, dagster_instance, monkeypatch):
    monkeypatch.setattr(look, "LOOKING_TIME", 1)
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
