from __future__ import annotations

import gc
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from dagster import DagsterInstance, DagsterRunStatus, materialize
from dagster._core.scheduler.instigation import InstigatorStatus
from dagster._daemon.types import DaemonHeartbeat
from rich.console import Console

from messaging_assets.assets.credentials import build_credentials, credentials_key
from messaging_assets.assets.resource_asset import build_assets
from messaging_assets.cli.status import ago, command
from messaging_assets.files.api_files import read_file
from messaging_assets.foundation.folders import settle_environment
from messaging_assets.orchestration.api_definitions import definitions_for
from messaging_assets.sandbox import Fault, Sandbox
from messaging_assets.seams.dagster_dlt import DagsterDltResource
from messaging_assets_tests.running_dagster import switch

# Nothing but the test opens the file.
pytestmark = pytest.mark.usefixtures("open_database")

CHAT = """\
client: {base_url: "https://x.invalid", auth: {type: api_key, name: api_key, location: query}}
resources:
  - name: messages
    primary_key: id
    write_disposition: merge
    freshness: {fail_after: 1}
    endpoint:
      path: v1/messages
      data_selector: data
      paginator: {type: offset, limit: 500}
      error_handler: {max_retries: 0}
    columns:
      id: {data_type: text, nullable: false}
      edited_at: {data_type: timestamp, nullable: NULLABLE}
      timestamp: {data_type: timestamp}
schedule: {cron: "0 6 * * *", timezone: UTC}
"""


@pytest.fixture
def file(clean_room: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = clean_room / "apis"
    folder.mkdir()
    (folder / "chat.yaml").write_text(CHAT.replace("NULLABLE", "true"))
    monkeypatch.setenv("MESSAGING_ASSETS_APIS", str(folder))
    monkeypatch.setenv("CHAT__BASE_URL", f"{sandbox.url}/messaging")
    monkeypatch.setenv("CHAT__API_KEY", sandbox.keys["messaging"])
    return folder / "chat.yaml"


def status(*words: str) -> Result:
    return CliRunner().invoke(command, list(words))


def only() -> dict[str, Any]:
    """The one asset, as --json has it."""
    assets: list[dict[str, Any]] = json.loads(status("--json").stdout)["assets"]
    return assets[0]


WINDOWS = 'partitions: {type: daily, start: "2025-01-01", start_param: since, end_param: until, column: timestamp}'


def sync(file: Path, instance: DagsterInstance, window: str | None = None) -> None:
    settle_environment()
    description = read_file(file)
    resources = {"dlt": DagsterDltResource(), credentials_key("chat"): build_credentials(description)}
    materialize(
        build_assets(description), instance=instance, resources=resources, raise_on_error=False, partition_key=window
    )


def test_before_the_first_sync_nothing_is_wrong(file: Path, stored_instance: DagsterInstance) -> None:
    shown = status()
    assert shown.exit_code == 0, shown.output
    assert "chat/messages" in shown.output
    assert "never synced" in shown.output
    assert "schedule is off" in shown.output


def test_a_synced_asset_has_rows_verdict_lag_and_checks(file: Path, stored_instance: DagsterInstance) -> None:
    sync(file, stored_instance)
    one = only()
    assert (one["state"], one["rows"], one["verdict"]) == ("synced", 2_500, "read to the end")
    assert one["synced_verdict"] == one["verdict"]
    assert 0 <= one["lag_seconds"] < 3_600
    assert one["checks"] > 2
    assert one["failed_checks"] == {}
    assert status().exit_code == 0


def test_a_failed_run_is_told_in_its_sentence_and_keeps_what_was_before(
    file: Path, sandbox: Sandbox, stored_instance: DagsterInstance
) -> None:
    sync(file, stored_instance)
    sandbox.fault(Fault(api="messaging", status=404))
    sync(file, stored_instance)
    shown = status()
    assert shown.exit_code == 1
    assert "\nchat.messages: GET" in shown.output
    assert "answered 404; compare path" in shown.output
    assert (only()["state"], only()["rows"]) == ("failed", 2_500)


def test_a_failed_run_is_not_called_complete_because_an_older_one_was(
    file: Path, sandbox: Sandbox, stored_instance: DagsterInstance
) -> None:
    sync(file, stored_instance)
    assert "read to the end" in status().output
    sandbox.fault(Fault(api="messaging", status=404))
    sync(file, stored_instance)
    assert (only()["verdict"], only()["synced_verdict"]) == (None, "read to the end")
    assert "read to the end" not in status().output


def test_a_reason_that_does_not_name_the_asset_is_told_with_it(file: Path, stored_instance: DagsterInstance) -> None:
    sync(file, stored_instance)
    for ending in (DagsterRunStatus.STARTED, DagsterRunStatus.CANCELED):
        job = definitions_for(read_file(file)).resolve_job_def("chat_sync")
        run = stored_instance.create_run_for_job(job, status=ending)
        one = only()
        assert (one["last_run"], one["verdict"]) == (run.run_id, None)
        assert one["state"] == ("running" if ending is DagsterRunStatus.STARTED else "failed")
    assert f"\nchat/messages: run {run.run_id} ended as canceled before its step was over\n" in status().output


def test_a_run_whose_process_was_killed_has_failed(
    file: Path, stored_instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("messaging_assets.orchestration.asset_status.is_gone", lambda run: True)
    job = definitions_for(read_file(file)).resolve_job_def("chat_sync")
    run = stored_instance.create_run_for_job(job, status=DagsterRunStatus.STARTED)
    assert only()["state"] == "failed"
    assert f"the process of run {run.run_id} was killed; run it again" in status().output


def test_a_child_whose_parent_failed_is_told_of_it(
    file: Path, sandbox: Sandbox, stored_instance: DagsterInstance
) -> None:
    child = "  - {name: parts, endpoint: {path: 'v1/messages/{resources.messages.id}', paginator: single_page}}\n"
    file.write_text(CHAT.replace("NULLABLE", "true").replace("schedule:", f"{child}schedule:"))
    sandbox.fault(Fault(api="messaging", status=404))
    sync(file, stored_instance)
    told = [one["reason"] for one in json.loads(status("--json").output)["assets"]]
    assert "answered 404" in told[0]
    assert (
        told[1] == "chat.parts was not asked, as its parent messages failed in that run; mend that, and run both again"
    )


def test_the_last_run_is_told_with_its_start_and_its_seconds(
    file: Path, sandbox: Sandbox, stored_instance: DagsterInstance
) -> None:
    assert (only()["last_run"], only()["last_run_started_at"], only()["last_run_seconds"]) == (None, None, None)
    for fault in (None, Fault(api="messaging", status=404)):
        if fault is not None:
            sandbox.fault(fault)
        sync(file, stored_instance)
        [run, *_] = stored_instance.get_run_records(limit=1)
        one = only()
        assert one["last_run"] == run.dagster_run.run_id
        assert run.start_time is not None
        assert run.end_time is not None
        assert datetime.fromisoformat(one["last_run_started_at"]).timestamp() == int(run.start_time)
        assert one["last_run_seconds"] == pytest.approx(run.end_time - run.start_time, abs=0.1)
        assert f" {one['last_run'][:8]}, " in status().output


def test_a_narrow_terminal_is_not_given_the_last_run(
    file: Path, stored_instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "last run" in status().output
    monkeypatch.setattr(
        "messaging_assets.cli.tables.wide_console", lambda: Console(width=100, force_terminal=True, color_system=None)
    )
    assert "last run" not in status().output


def test_a_loud_check_that_failed_is_wrong(file: Path, stored_instance: DagsterInstance) -> None:
    file.write_text(CHAT.replace("NULLABLE", "false"))
    sync(file, stored_instance)
    assert only()["failed_checks"] == {"edited_at_is_not_null": "ERROR"}
    shown = status()
    assert shown.exit_code == 1
    assert "check edited_at_is_not_null failed (ERROR): nulls: 2,375, rows: 2,500" in shown.output


def test_an_asset_is_stale_by_its_own_freshness(
    file: Path, stored_instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync(file, stored_instance)
    import time

    later = time.time() + 2 * 3_600
    monkeypatch.setattr("messaging_assets.cli.status.time.time", lambda: later)
    assert only()["state"] == "stale"
    assert status().exit_code == 1


def test_the_next_tick_is_told_only_where_a_daemon_can_start_it(file: Path, stored_instance: DagsterInstance) -> None:
    import time

    switch(stored_instance, InstigatorStatus.RUNNING)
    assert only()["next_tick"] == "none: no Dagster daemon runs"
    stored_instance.add_daemon_heartbeat(DaemonHeartbeat(time.time(), "SCHEDULER", "it", []))
    assert only()["next_tick"].endswith("T06:00+00:00")


def test_a_schedule_that_its_file_switches_on_is_on_until_somebody_switches_it_off(
    file: Path, stored_instance: DagsterInstance
) -> None:
    file.write_text(CHAT.replace("NULLABLE", "true").replace("timezone: UTC", "timezone: UTC, switched_on: true"))
    assert only()["next_tick"] == "none: no Dagster daemon runs"
    switch(stored_instance, InstigatorStatus.STOPPED)
    assert only()["next_tick"] == "schedule is off"


def test_the_next_tick_of_windows_is_that_of_their_own_schedule(file: Path, stored_instance: DagsterInstance) -> None:
    import time

    file.write_text(
        CHAT.replace("NULLABLE", "true").replace("freshness: {fail_after: 1}", WINDOWS)
        + "sensor: {minimum_interval: 60, switched_on: true}\n"
    )
    for heard in ("SCHEDULER", "SENSOR"):
        stored_instance.add_daemon_heartbeat(DaemonHeartbeat(time.time(), heard, "it", []))
    assert only()["next_tick"] == "schedule is off"
    switch(stored_instance, InstigatorStatus.RUNNING)
    assert only()["next_tick"] == "schedule is off"
    switch(stored_instance, InstigatorStatus.RUNNING, "chat_daily_schedule")
    assert only()["next_tick"].endswith("T00:00+00:00")


def test_a_window_that_failed_is_told_until_it_is_synced_itself(
    file: Path, sandbox: Sandbox, stored_instance: DagsterInstance
) -> None:
    file.write_text(CHAT.replace("NULLABLE", "true").replace("freshness: {fail_after: 1}", WINDOWS))
    sandbox.fault(Fault(api="messaging", status=404, times=2))
    for window in ("2025-01-01", "2025-01-02", "2025-01-03", "2025-01-01"):
        sync(file, stored_instance, window)
    shown = status()
    assert "chat/messages: the window 2025-01-02 failed and was not synced since" in shown.output
    assert (shown.exit_code, only()["state"]) == (1, "failed")
    sync(file, stored_instance, "2025-01-02")
    assert (status().exit_code, only()["state"]) == (0, "synced")


def test_a_narrow_terminal_cuts_no_name(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "messaging_assets.cli.tables.wide_console", lambda: Console(width=60, force_terminal=True, color_system=None)
    )
    shown = "".join(line.split("│")[1].strip() for line in status().output.splitlines() if line.startswith("│"))
    assert shown == "chat/messages"


def test_a_broken_file_is_wrong(file: Path, stored_instance: DagsterInstance) -> None:
    (file.parent / "bad.yaml").write_text("client: {}\n")
    shown = status()
    assert shown.exit_code == 1
    assert "bad.yaml:1: client.base_url: is missing" in shown.output
    assert status("chat").exit_code == 0
    assert status(str(file)).exit_code == 0
    assert "bad.yaml:1: client.base_url: is missing" in status("bad").output
    by_path = json.loads(status(str(file), str(file.parent / "bad.yaml"), "--json").stdout)
    assert ([one["asset"] for one in by_path["assets"]], list(by_path["broken_files"])) == (["chat/messages"], ["bad"])


def test_an_unknown_api_and_a_missing_home_are_the_commands_mistake(
    file: Path, clean_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = status("talk")
    assert (unknown.exit_code, "there is no API 'talk' in " in unknown.output) == (2, True)
    monkeypatch.setenv("DAGSTER_HOME", str(clean_room / "nowhere"))
    missing = status()
    assert (missing.exit_code, "which is no folder" in missing.output) == (2, True)


@pytest.mark.parametrize(("seconds", "words"), [(5, "5 s"), (300, "5 min"), (7_200, "2 h"), (400_000, "5 d")])
def test_lag_is_told_in_its_largest_unit(seconds: float, words: str) -> None:
    assert ago(seconds) == words


def test_status_is_watched_until_it_is_interrupted(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("messaging_assets.cli.status.time.sleep", sleep)
    watched = status("--watch")
    assert (watched.exit_code, slept) == (0, [5.0, 5.0])
    assert watched.output.count("never synced") == watched.output.count("anew every 5 s") == 2
    slept.clear()
    assert "anew every 60 s" in status("--watch", "60").output
    assert "leave one of --watch and --json out" in status("--watch", "60", "--json").output


def test_a_file_that_breaks_while_it_is_watched_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            raise KeyboardInterrupt
        file.write_text("client: {}\n")

    monkeypatch.setattr("messaging_assets.cli.status.time.sleep", sleep)
    watched = status("--watch", "1")
    assert watched.exit_code == 1
    assert "chat.yaml" in watched.output


def test_the_history_is_asked_as_often_for_many_assets_as_for_few(stored_instance: DagsterInstance) -> None:
    from dagster import AssetCheckKey, AssetKey, AssetMaterialization

    from messaging_assets.orchestration.history import history_of

    def questions(number: int) -> list[str]:
        asked: list[str] = []

        class Counting:
            event_log_storage = stored_instance.event_log_storage

            def __getattr__(self, name: str) -> Any:
                asked.append(name)
                return getattr(stored_instance, name)

        keys = [AssetKey(["chat", f"list_{one}"]) for one in range(number)]
        for key in keys:
            stored_instance.report_runless_asset_event(AssetMaterialization(key))
        history = history_of(Counting(), keys, [AssetCheckKey(key, "id_is_unique") for key in keys])  # type: ignore[arg-type]
        assert set(history.assets) == set(keys)
        return asked

    assert questions(30) == questions(3)


@pytest.mark.parametrize("watch", [[], ["--watch"]], ids=["once", "watched"])
def test_the_collector_keeps_away_from_one_look_alone(watch: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []

    def read(_: object) -> list[object]:
        seen.append(gc.isenabled())
        raise KeyboardInterrupt

    monkeypatch.setattr("messaging_assets.orchestration.asset_status.read_statuses", read)
    CliRunner().invoke(command, watch)

    assert seen == [bool(watch)]
    assert gc.isenabled()
