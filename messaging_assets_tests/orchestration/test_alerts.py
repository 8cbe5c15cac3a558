"""Alerts: what is posted to the webhook, when, and what happens when it is down."""

from __future__ import annotations

import json
import logging
import re
import socket
import time
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
    DagsterInstance,
    DefaultSensorStatus,
    Definitions,
    Failure,
    MaterializeResult,
    SensorDefinition,
    asset,
    build_sensor_context,
    define_asset_job,
)
from dagster._core.definitions.sensor_definition import SensorExecutionData

from messaging_assets.orchestration.alerts import DAGSTER_VARIABLE, WEBHOOK_VARIABLE, build_alert_sensors
from messaging_assets_tests.raw_server import RawServer, answer

WEBHOOK = "https://user:pass-word@hooks.invalid/services/T00/secret-path?token=secret-query"
HOOK = re.compile(r"https://.*hooks\.invalid/")
SECRETS = ("pass-word", "secret-path", "secret-query")


class Location:
    """A code location with one job, whose assets do as the test says, and its two alert sensors."""

    def __init__(self, instance: DagsterInstance) -> None:
        self.instance, self.cursors = instance, dict[str, str | None]()
        self.error: Exception | None = None
        self.passes: dict[str, bool] = {"id_is_unique": True, "sync_is_complete": True}
        severities = {"id_is_unique": AssetCheckSeverity.ERROR, "sync_is_complete": AssetCheckSeverity.WARN}
        key = AssetKey(["chat", "messages"])

        @asset(key=key, check_specs=[AssetCheckSpec(name, asset=key) for name in self.passes])
        def messages() -> Any:
            if self.error:
                raise self.error
            yield MaterializeResult(
                check_results=[
                    AssetCheckResult(
                        check_name=name, passed=passes, severity=severities[name], metadata={"key": "record"}
                    )
                    for name, passes in self.passes.items()
                ]
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

    def tick(self, name: str) -> SensorExecutionData:
        cursor = self.cursors.get(name)
        sensor: SensorDefinition = self.repository.get_sensor_def(name)
        with build_sensor_context(self.instance, cursor, repository_def=self.repository, sensor_name=name) as context:
            outcome = sensor.evaluate_tick(context)
        self.cursors[name] = outcome.cursor
        return outcome


@pytest.fixture
def location(webhook: responses.RequestsMock) -> Any:
    with DagsterInstance.ephemeral() as instance:
        location = Location(instance)
        location.tick("run_failure_alert")
        yield location


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv(WEBHOOK_VARIABLE, WEBHOOK)
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


def test_the_alerts_are_on_where_a_webhook_is_named_and_off_where_not(monkeypatch):
    assert [one.default_status for one in build_alert_sensors()] == [DefaultSensorStatus.STOPPED] * 2
    monkeypatch.setenv(WEBHOOK_VARIABLE, WEBHOOK)
    assert [one.default_status for one in build_alert_sensors()] == [DefaultSensorStatus.RUNNING] * 2
    assert [one.name for one in build_alert_sensors()] == ["run_failure_alert", "check_failure_alert"]


@pytest.mark.parametrize("name", ["run_failure_alert", "check_failure_alert"])
def test_without_a_webhook_a_tick_says_how_to_name_one(location, webhook, monkeypatch, name):
    monkeypatch.delenv(WEBHOOK_VARIABLE)
    location.error, location.passes["id_is_unique"] = Failure("broken"), False
    location.run()
    assert f"set {WEBHOOK_VARIABLE}" in location.tick(name).skip_message
    assert posted(webhook) == []


# Runs


def test_a_failed_run_is_posted_once_with_its_first_sentence(location, webhook, monkeypatch):
    monkeypatch.setenv(DAGSTER_VARIABLE, "https://dagster.invalid/")
    location.error = Failure("chat.messages: answered 403; check the secrets.\nmore", metadata={"rows": "record"})
    run_id = location.run()
    location.tick("run_failure_alert")
    location.tick("run_failure_alert")
    assert posted(webhook) == [
        {
            "event": "run_failed",
            "text": "chat.messages: answered 403; check the secrets.",
            "job": "chat_sync",
            "run_id": run_id,
            "assets": ["chat/messages"],
            "url": f"https://dagster.invalid/runs/{run_id}",
        }
    ]


def test_a_run_that_succeeded_is_not_posted(location, webhook):
    location.run()
    location.tick("run_failure_alert")
    assert posted(webhook) == []


def test_of_a_strangers_failure_only_the_name_is_posted(location, webhook):
    location.error = ValueError("https://api.invalid/?key=a-secret")
    location.run()
    location.tick("run_failure_alert")
    [alert] = posted(webhook)
    assert alert["text"] == "chat__messages failed with ValueError; the run's log says more."
    assert alert["url"] is None
    assert "a-secret" not in json.dumps(alert)


def test_a_run_that_failed_before_any_step_is_posted(location, webhook):
    run = location.instance.get_run_by_id(location.run())
    location.instance.report_run_failed(run)
    location.tick("run_failure_alert")
    [alert] = posted(webhook)
    assert alert["text"] == "chat_sync failed before a step did; the run's log says why."


# Checks


def test_a_failed_check_is_posted_once(location, webhook):
    location.passes["id_is_unique"] = False
    run_id = location.run()
    location.tick("check_failure_alert")
    location.tick("check_failure_alert")
    assert posted(webhook) == [
        {
            "event": "checks_failed",
            "text": "chat/messages: the check id_is_unique failed; the asset's page shows what it found.",
            "job": "chat_sync",
            "run_id": run_id,
            "assets": ["chat/messages"],
            "checks": [{"asset": "chat/messages", "check": "id_is_unique", "severity": "ERROR"}],
            "url": None,
        }
    ]


def test_checks_that_pass_are_not_posted(location, webhook):
    location.run()
    assert location.tick("check_failure_alert").skip_message == "0 failing checks, 0 told now."
    assert posted(webhook) == []


def test_the_failed_checks_of_one_run_come_together(location, webhook):
    location.passes = dict.fromkeys(location.passes, False)
    location.run()
    location.tick("check_failure_alert")
    [alert] = posted(webhook)
    assert "failed (and 1 more)" in alert["text"]
    assert {check["check"]: check["severity"] for check in alert["checks"]} == {
        "id_is_unique": "ERROR",
        "sync_is_complete": "WARN",
    }


def test_an_error_is_told_each_time_and_a_warning_when_it_begins(location, webhook):
    told = []
    for passes in (False, False, True, False):
        location.passes = dict.fromkeys(location.passes, passes)
        location.run()
        location.tick("check_failure_alert")
        told.append([check["check"] for alert in posted(webhook) for check in alert["checks"]])
    both = ["id_is_unique", "sync_is_complete"]
    assert told == [both, ["id_is_unique"], [], both]


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
    location.error, location.passes["id_is_unique"] = None, False
    location.run()
    down(webhook, **answer)
    capsys.readouterr()
    for name in ("run_failure_alert", "check_failure_alert"):
        assert said in location.tick(name).skip_message
    logged = capsys.readouterr().err
    assert logged.count(said) == 2
    assert not any(secret in logged for secret in SECRETS)


def test_failed_checks_are_told_when_the_webhook_is_up_again(location, webhook):
    location.passes["id_is_unique"] = False
    location.run()
    down(webhook, status=503)
    location.tick("check_failure_alert")
    posted(webhook)
    down(webhook, json={})
    location.tick("check_failure_alert")
    assert [alert["event"] for alert in posted(webhook)] == ["checks_failed"]


def test_a_failed_run_is_posted_a_second_time_when_the_first_was_lost(location, webhook):
    location.error = Failure("broken")
    location.run()
    webhook.remove(responses.POST, HOOK)
    webhook.add(responses.POST, HOOK, status=503)
    webhook.add(responses.POST, HOOK, json={})
    assert location.tick("run_failure_alert").skip_message is None
    assert len(posted(webhook)) == 2


@pytest.mark.parametrize("address", ["no address", "ftp://hooks.invalid/", "http://[broken/", "http://"])
def test_an_address_that_is_none_is_told_too(location, webhook, monkeypatch, address):
    monkeypatch.setenv(WEBHOOK_VARIABLE, address)
    location.passes["id_is_unique"] = False
    location.run()
    assert f"see {WEBHOOK_VARIABLE}" in location.tick("check_failure_alert").skip_message


def test_the_log_of_the_http_library_hides_the_webhooks_path(location, monkeypatch, caplog, known_sandbox):
    monkeypatch.setenv(WEBHOOK_VARIABLE, f"{known_sandbox.url}/services/secret-path?token=secret-query")
    location.passes["id_is_unique"] = False
    location.run()
    caplog.set_level(logging.DEBUG)
    with responses.RequestsMock() as nothing:
        nothing.add_passthru(known_sandbox.url)
        assert "answered 404" in location.tick("check_failure_alert").skip_message
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
        location.tick("run_failure_alert")
        monkeypatch.setenv("http_proxy", proxy.url)
        location.run()
        location.tick("run_failure_alert")
    assert [head.split("\r\n")[0] for head in (*server.asked, *proxy.asked)] == [
        "POST /hook HTTP/1.1",
        f"POST {server.url}/hook HTTP/1.1",
    ]
    assert not any("authorization" in head.lower() for head in (*server.asked, *proxy.asked))


def test_a_webhook_that_drips_holds_no_tick(
    location: Any, webhook: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("messaging_assets.orchestration.alerts._TOTAL", 0.5)
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
        assert "the webhook could not be reached" in location.tick("check_failure_alert").skip_message
        assert time.monotonic() - begun < 5
