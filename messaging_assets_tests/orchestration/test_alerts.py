"""Alerts: what is told, when and how often, and what happens when nobody takes it."""

from __future__ import annotations

import json
import logging
import re
import socket
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, cast

import pytest
import requests
import responses
from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetKey,
    DagsterEvent,
    DagsterEventType,
    DagsterInstance,
    DailyPartitionsDefinition,
    DefaultSensorStatus,
    Definitions,
    Failure,
    MaterializeResult,
    SensorDefinition,
    asset,
    build_sensor_context,
    define_asset_job,
    materialize,
)
from dagster._core.definitions.sensor_definition import SensorExecutionData

from messaging_assets.files.rules.mistakes import InvalidDescription, Problem
from messaging_assets.orchestration.alerts.delivery import FORMAT_VARIABLE, WEBHOOK_VARIABLE
from messaging_assets.orchestration.alerts.messages import DAGSTER_VARIABLE
from messaging_assets.orchestration.alerts.sensors import QUIET_VARIABLE, build_alert_sensors
from messaging_assets.orchestration.broken_files import broken_definitions
from messaging_assets_tests.raw_server import RawServer, answer

WEBHOOK = "https://user:pass-word@hooks.invalid/services/T00/secret-path?token=secret-query"
HOOK = re.compile(r"https://.*hooks\.invalid/")
SECRETS = ("pass-word", "secret-path", "secret-query")


class Location:
    """A code location with one job, whose assets do as the test says, and its two alert sensors."""

    def __init__(self, instance: DagsterInstance) -> None:
        self.instance, self.cursor = instance, cast("str | None", None)
        self.error: Exception | None = None
        self.metadata: dict[str, Any] = {}
        self.found: dict[str, Any] = {"key": "record"}
        self.passes: dict[str, bool] = {"id_is_unique": True, "sync_is_complete": True}
        severities = {"id_is_unique": AssetCheckSeverity.ERROR, "sync_is_complete": AssetCheckSeverity.WARN}
        key = AssetKey(["chat", "messages"])

        @asset(key=key, check_specs=[AssetCheckSpec(name, asset=key) for name in self.passes])
        def messages() -> Any:
            if self.error:
                for name in [name for name, passes in self.passes.items() if not passes]:
                    yield AssetCheckResult(check_name=name, passed=False)
                raise self.error
            yield MaterializeResult(
                metadata=self.metadata,
                check_results=[
                    AssetCheckResult(check_name=name, passed=passes, severity=severities[name], metadata=self.found)
                    for name, passes in self.passes.items()
                ],
            )

        @asset(key_prefix="chat")
        def users() -> None: ...

        self.definitions = Definitions(
            [messages, users], jobs=[define_asset_job("chat_sync")], sensors=build_alert_sensors()
        )
        self.repository = self.definitions.get_repository_def()

    def run(self) -> str:
        job = self.definitions.resolve_job_def("chat_sync")
        return job.execute_in_process(instance=self.instance, raise_on_error=False).run_id

    def tick(self, name: str = "webhook_alert") -> SensorExecutionData:
        sensor: SensorDefinition = self.repository.get_sensor_def(name)
        with build_sensor_context(
            self.instance, self.cursor, repository_def=self.repository, sensor_name=name
        ) as context:
            outcome = sensor.evaluate_tick(context)
        self.cursor = outcome.cursor
        return outcome


@pytest.fixture
def location(webhook: responses.RequestsMock) -> Any:
    with DagsterInstance.ephemeral() as instance:
        location = Location(instance)
        location.tick()
        yield location


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv(WEBHOOK_VARIABLE, WEBHOOK)
    monkeypatch.setenv(QUIET_VARIABLE, "0")
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add(responses.POST, HOOK, json={})
        yield mock


def posted(webhook: responses.RequestsMock) -> list[dict[str, Any]]:
    bodies = [json.loads(cast("bytes", call.request.body)) for call in webhook.calls]
    webhook.calls.reset()
    return bodies


def down(webhook: responses.RequestsMock, **answer: Any) -> None:
    webhook.replace(responses.POST, HOOK, **answer)


# On and off


def test_the_alerts_are_on_where_their_variable_is_set_and_off_where_not(monkeypatch):
    assert [one.default_status for one in build_alert_sensors()] == [DefaultSensorStatus.STOPPED] * 2
    monkeypatch.setenv(WEBHOOK_VARIABLE, WEBHOOK)
    on = {one.name: one.default_status for one in build_alert_sensors()}
    assert on == {"webhook_alert": DefaultSensorStatus.RUNNING, "mail_alert": DefaultSensorStatus.STOPPED}


def test_without_a_webhook_a_tick_says_how_to_name_one(location, webhook, monkeypatch):
    monkeypatch.delenv(WEBHOOK_VARIABLE)
    location.error = Failure("broken")
    location.run()
    assert f"set {WEBHOOK_VARIABLE}" in location.tick().skip_message
    assert posted(webhook) == []


# Runs


def test_a_failed_run_is_told_once_with_its_sentence_its_receipt_and_a_link(location, webhook, monkeypatch):
    monkeypatch.setenv(DAGSTER_VARIABLE, "https://dagster.invalid/")
    metadata: dict[str, Any] = {"rows": "record", "messaging_assets/requests": 7, "messaging_assets/verdict": "record"}
    location.error = Failure("chat.messages: answered 403; check the secrets.\nmore", metadata=metadata)
    run_id = location.run()
    location.tick()
    location.tick()
    assert posted(webhook) == [
        {
            "text": "red: chat.messages: answered 403; check the secrets.",
            "news": [
                {
                    "state": "red",
                    "text": "chat.messages: answered 403; check the secrets.",
                    "asset": "chat/messages",
                    "check": None,
                    "partition": None,
                    "job": "chat_sync",
                    "run_id": run_id,
                    "url": f"https://dagster.invalid/runs/{run_id}",
                    "receipt": {"requests": 7},
                }
            ],
        }
    ]


def test_a_run_that_succeeded_is_not_told(location, webhook):
    location.run()
    location.tick()
    assert posted(webhook) == []


def test_of_a_strangers_failure_only_the_name_is_told(location, webhook):
    location.error = ValueError("https://api.invalid/?key=a-secret")
    location.run()
    location.tick()
    [alert] = posted(webhook)
    assert alert["text"] == "red: chat__messages failed with ValueError; the run's log says more."
    assert alert["news"][0]["url"] is None
    assert "a-secret" not in json.dumps(alert)


def test_a_run_that_failed_before_any_step_is_told_and_is_green_when_its_job_is(location, webhook):
    run = location.instance.get_run_by_id(location.run())
    location.instance.report_run_failed(run)
    location.tick()
    location.run()
    location.tick()
    assert [alert["text"] for alert in posted(webhook)] == [
        "red: chat_sync failed before a step did; the run's log says why.",
        "green again: the job chat_sync: a later run succeeded.",
    ]


def test_an_asset_that_was_red_is_told_when_it_is_green_again_and_only_once(location, webhook):
    location.error = Failure("chat.messages: broken")
    location.run()
    location.tick()
    location.error, location.metadata = None, {"messaging_assets/verdict": "proven", "messaging_assets/rows_read": 3}
    good = location.run()
    location.tick()
    location.tick()
    _, recovered = posted(webhook)
    assert recovered["text"] == "green again: chat/messages: a later run succeeded."
    [news] = recovered["news"]
    assert (news["state"], news["run_id"]) == ("green again", good)
    assert news["receipt"] == {"verdict": "proven", "rows_read": 3}


def test_a_partition_that_failed_is_made_good_by_that_partition_alone(location, webhook):
    broken = {"2025-01-01"}

    @asset(key=["chat", "days"], partitions_def=DailyPartitionsDefinition("2025-01-01"))
    def days(context) -> None:
        if context.partition_key in broken:
            raise Failure("chat.days: broken")

    definitions = Definitions([days], sensors=build_alert_sensors())
    location.repository = definitions.get_repository_def()
    told = []
    for day in ("2025-01-01", "2025-01-02", "2025-01-01"):
        materialize([days], partition_key=day, instance=location.instance, raise_on_error=False)
        location.tick()
        told.append([(one["state"], one["partition"]) for alert in posted(webhook) for one in alert["news"]])
        if day == "2025-01-02":
            broken.clear()
    assert told == [[("red", "2025-01-01")], [], [("green again", "2025-01-01")]]


def test_a_backfill_that_failed_is_made_good_by_all_of_its_partitions(location, webhook):
    broken = [True]

    @asset(key=["chat", "days"], partitions_def=DailyPartitionsDefinition("2025-01-01"))
    def days(context) -> None:
        if broken:
            raise Failure("chat.days: broken")

    location.repository = Definitions([days], sensors=build_alert_sensors()).get_repository_def()
    told = []
    for first, last in (("01", "03"), ("04", "04"), ("01", "02"), ("03", "03")):
        ends = {"start": f"2025-01-{first}", "end": f"2025-01-{last}"}
        tags = {f"dagster/asset_partition_range_{end}": day for end, day in ends.items()}
        materialize([days], tags=tags, instance=location.instance, raise_on_error=False)
        broken.clear()
        location.tick()
        told.append([(one["state"], one["partition"]) for alert in posted(webhook) for one in alert["news"]])
    assert told == [[("red", "2025-01-01...2025-01-03")], [], [], [("green again", "2025-01-01...2025-01-03")]]


def test_what_was_made_good_before_anybody_was_told_is_no_news(location, webhook):
    location.error = Failure("chat.messages: broken")
    location.run()
    location.error = None
    location.run()
    location.tick()
    assert posted(webhook) == []


def test_what_stays_red_is_told_again_when_its_sentence_changes_or_a_day_is_over(location, webhook, monkeypatch):
    for sentence in ("chat.messages: 3 rows are lost", "chat.messages: 4 rows are lost", "chat.messages: no secret"):
        location.error = Failure(sentence)
        location.run()
        location.tick()
    assert [alert["text"][-4:] for alert in posted(webhook)] == ["lost", "cret"]
    day_after = time.time() + 86_401
    monkeypatch.setattr("messaging_assets.orchestration.alerts.sensors.time.time", lambda: day_after)
    location.tick()
    assert [alert["text"][-4:] for alert in posted(webhook)] == ["cret"]


# A digest


def test_one_message_has_all_that_turned_red_in_the_quiet_time(location, webhook, monkeypatch):
    location.error = Failure("chat.messages: broken")
    location.run()
    monkeypatch.setenv(QUIET_VARIABLE, "300")
    location.tick()
    location.error, location.passes = None, dict.fromkeys(location.passes, False)
    location.run()
    assert location.tick().skip_message.startswith("Quiet for ")
    assert len(posted(webhook)) == 1
    later = time.time() + 301
    monkeypatch.setattr("messaging_assets.orchestration.alerts.sensors.time.time", lambda: later)
    location.tick()
    [alert] = posted(webhook)
    assert alert["text"] == "1 red, 1 warning, 1 green again: chat/messages"


def test_a_quiet_time_that_is_no_number_is_said(location, monkeypatch):
    monkeypatch.setenv(QUIET_VARIABLE, "an hour")
    with pytest.raises(ValueError, match=f"{QUIET_VARIABLE} must be a number of seconds"):
        location.tick()


# Checks


def test_a_failed_check_is_told_when_it_fails_and_when_it_passes_again(location, webhook):
    for passes in (False, False, True, True, False):
        location.passes["id_is_unique"] = passes
        location.run()
        location.tick()
    alerts = posted(webhook)
    assert [alert["text"] for alert in alerts] == [
        "red: chat/messages: the check id_is_unique failed; the asset's page shows what it found.",
        "green again: chat/messages: the check id_is_unique passes again.",
        "red: chat/messages: the check id_is_unique failed; the asset's page shows what it found.",
    ]
    assert alerts[0]["news"][0]["check"] == "id_is_unique"
    assert "record" not in json.dumps(alerts)


def test_checks_that_pass_are_not_told(location, webhook):
    location.run()
    assert location.tick().skip_message == "0 red or warning, 0 told now."
    assert posted(webhook) == []


def test_a_check_that_warns_is_no_red_one(location, webhook):
    location.passes = dict.fromkeys(location.passes, False)
    location.run()
    location.tick()
    [alert] = posted(webhook)
    assert {one["check"]: one["state"] for one in alert["news"]} == {
        "id_is_unique": "red",
        "sync_is_complete": "warning",
    }


def test_a_step_that_fails_with_its_check_is_told_once(location, webhook):
    location.error, location.passes["sync_is_complete"] = Failure("chat.messages: rows are missing"), False
    location.run()
    location.tick()
    location.tick()
    location.error, location.passes["sync_is_complete"] = None, True
    location.run()
    location.tick()
    assert [alert["text"] for alert in posted(webhook)] == [
        "red: chat.messages: rows are missing",
        "green again: chat/messages: a later run succeeded.",
    ]


def test_a_check_that_a_failed_step_asked_again_is_told_with_the_step_and_is_not_green(location, webhook):
    location.passes["sync_is_complete"] = False
    location.run()
    location.tick()
    location.error = Failure("chat.messages: rows are missing")
    location.run()
    location.tick()
    location.error, location.passes["sync_is_complete"] = None, True
    location.run()
    location.tick()
    assert [alert["text"] for alert in posted(webhook)] == [
        "warning: chat/messages: the check sync_is_complete failed; the asset's page shows what it found.",
        "red: chat.messages: rows are missing",
        "green again: chat/messages: a later run succeeded.",
    ]


def test_a_check_is_told_once_its_run_is_over(location, webhook):
    location.passes["id_is_unique"] = False
    run = location.run()
    storage = location.instance.run_storage
    for kind, told in ((DagsterEventType.RUN_START, 0), (DagsterEventType.RUN_SUCCESS, 1)):
        storage.handle_run_event(run, DagsterEvent(kind.value, "chat_sync"), datetime.now(timezone.utc))
        location.tick()
        assert len(posted(webhook)) == told


def test_red_comes_before_warnings(location, webhook):
    location.passes = dict.fromkeys(reversed(location.passes), False)
    location.run()
    location.tick()
    [alert] = posted(webhook)
    assert [one["state"] for one in alert["news"]] == ["red", "warning"]


def test_a_check_tells_what_it_counted_and_nothing_of_a_record(location, webhook):
    location.passes["id_is_unique"] = False
    location.found |= {"rows": 3_000, "repeated_keys": 2}
    location.run()
    location.tick()
    [alert] = posted(webhook)
    assert "the check id_is_unique failed (rows: 3,000, repeated keys: 2); the" in alert["text"]
    assert "record" not in json.dumps(alert)


def test_a_broken_file_is_told_with_its_first_mistake_and_the_page_of_its_asset(location, webhook, monkeypatch):
    monkeypatch.setenv(DAGSTER_VARIABLE, "https://dagster.invalid")
    mistakes = [Problem("crm.yaml", 4, "resources.users", "unknown key"), Problem("crm.yaml", 5, "schedule", "unknown")]
    location.repository = Definitions.merge(
        location.definitions, broken_definitions({"crm": InvalidDescription(mistakes)})
    ).get_repository_def()
    [found] = location.tick("crm_broken_file").asset_events
    location.instance.report_runless_asset_event(found)
    location.cursor = None
    location.tick()
    [alert] = posted(webhook)
    assert (
        alert["text"] == "red: crm/broken_file: crm.yaml:4: resources.users: unknown key (1 more on the asset's page)"
    )
    assert alert["news"][0]["url"] == "https://dagster.invalid/assets/crm/broken_file"


# A webhook that is down


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"status": 500}, "the webhook at hooks.invalid answered 500."),
        ({"status": 302, "headers": {"Location": "https://elsewhere.invalid/"}}, "hooks.invalid answered 302."),
        ({"body": requests.ConnectionError(WEBHOOK)}, "the webhook could not be reached (ConnectionError)"),
        ({"body": requests.ReadTimeout(WEBHOOK)}, "the webhook could not be reached (ReadTimeout)"),
    ],
)
def test_a_webhook_that_is_down_is_told_in_one_sentence_without_its_address(location, webhook, answer, said, capsys):
    location.error = Failure("broken")
    location.run()
    down(webhook, **answer)
    capsys.readouterr()
    assert said in location.tick().skip_message
    logged = capsys.readouterr().err
    assert logged.count(said) == 1
    assert not any(secret in logged for secret in SECRETS)


def test_all_of_it_is_told_when_the_webhook_is_up_again(location, webhook):
    location.error = Failure("broken")
    location.run()
    location.passes["id_is_unique"] = False
    down(webhook, status=503)
    location.tick()
    posted(webhook)
    down(webhook, json={})
    location.tick()
    assert [alert["text"] for alert in posted(webhook)] == ["red: broken"]


@pytest.mark.parametrize("address", ["no address", "ftp://hooks.invalid/", "http://[broken/", "http://"])
def test_an_address_that_is_none_is_told_too(location, webhook, monkeypatch, address):
    monkeypatch.setenv(WEBHOOK_VARIABLE, address)
    location.passes["id_is_unique"] = False
    location.run()
    assert f"see {WEBHOOK_VARIABLE}" in location.tick().skip_message


def test_a_format_that_is_none_is_told_too(location, monkeypatch):
    monkeypatch.setenv(FORMAT_VARIABLE, "pager")
    location.passes["id_is_unique"] = False
    location.run()
    assert f"{FORMAT_VARIABLE} is none of json, slack, teams." in location.tick().skip_message


def test_the_log_of_the_http_library_hides_the_webhooks_path(location, monkeypatch, caplog, known_sandbox):
    monkeypatch.setenv(WEBHOOK_VARIABLE, f"{known_sandbox.url}/services/secret-path?token=secret-query")
    location.passes["id_is_unique"] = False
    location.run()
    caplog.set_level(logging.DEBUG)
    with responses.RequestsMock() as nothing:
        nothing.add_passthru(known_sandbox.url)
        assert "answered 404" in location.tick().skip_message
    assert any(record.name == "urllib3.connectionpool" for record in caplog.records)
    assert not any(secret in caplog.text for secret in SECRETS)


def test_netrc_gives_nothing_to_a_webhook_and_a_proxy_is_asked_where_one_is_named(
    location: Any, webhook: responses.RequestsMock, clean_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook.add_passthru("http://127.0.0.1")
    (clean_room / "home" / ".netrc").write_text("machine 127.0.0.1 login me password canary-secret\n")
    (clean_room / "home" / ".netrc").chmod(0o600)
    location.error = Failure("broken")
    location.run()
    with (
        RawServer(lambda connection, path, number: connection.sendall(answer({}))) as server,
        RawServer(lambda connection, path, number: connection.sendall(answer({}))) as proxy,
    ):
        monkeypatch.setenv(WEBHOOK_VARIABLE, f"{server.url}/hook")
        location.tick()
        monkeypatch.setenv("http_proxy", proxy.url)
        location.error = Failure("broken in another way")
        location.run()
        location.tick()
    assert [head.split("\r\n")[0] for head in (*server.asked, *proxy.asked)] == [
        "POST /hook HTTP/1.1",
        f"POST {server.url}/hook HTTP/1.1",
    ]
    assert not any("authorization" in head.lower() for head in (*server.asked, *proxy.asked))


def test_a_webhook_that_drips_holds_no_tick(
    location: Any, webhook: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("messaging_assets.orchestration.alerts.delivery._TOTAL", 0.5)
    webhook.add_passthru("http://127.0.0.1")
    location.passes["id_is_unique"] = False
    location.run()

    def drip(connection: socket.socket, path: str, number: int) -> None:
        for _ in range(100):
            connection.sendall(b"H")
            time.sleep(0.1)

    with RawServer(drip) as server:
        monkeypatch.setenv(WEBHOOK_VARIABLE, f"{server.url}/hook")
        begun = time.monotonic()
        assert "the webhook could not be reached" in location.tick().skip_message
        assert time.monotonic() - begun < 5
