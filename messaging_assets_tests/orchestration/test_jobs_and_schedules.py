"""Jobs and schedules: what they select, when a tick is skipped."""

from __future__ import annotations

import socket
import subprocess
import sys
from datetime import datetime, timezone
from typing import Any

import pytest
from dagster import (
    AssetKey,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    DefaultScheduleStatus,
    Definitions,
    RunRequest,
    build_schedule_context,
)
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.test_utils import create_run_for_test

from messaging_assets.description.api import ApiDescription
from messaging_assets.orchestration.api_definitions import definitions_for
from messaging_assets.orchestration.automation.jobs import (
    PROCESS_TAG,
    build_jobs,
    is_gone,
    of_this_process,
    unfinished_run,
)
from messaging_assets.orchestration.automation.schedules import build_schedules

NOON = datetime(2025, 6, 1, 12, tzinfo=timezone.utc)
UNFINISHED = (
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
)
FINISHED = (DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED)


def described(**changes: Any) -> ApiDescription:
    return ApiDescription.model_validate(
        {
            "name": "chat",
            "description": "A team chat.",
            "client": {"base_url": "http://chat.invalid"},
            "resource_defaults": {"primary_key": "id", "write_disposition": "merge"},
            "resources": [{"name": "users"}, {"name": "messages"}, {"name": "drafts", "selected": False}],
            "schedule": {"cron": "0 * * * *", "timezone": "Europe/Berlin"},
            **changes,
        }
    )


def tick(description: ApiDescription, instance: DagsterInstance) -> tuple[list[RunRequest], str]:
    """What a tick at noon requests, and why nothing where it does not."""
    repository = definitions_for(description).get_repository_def()
    schedule = repository.get_schedule_def(f"{description.name}_schedule")
    # Left open, the context would leave its own instance behind for whoever loads definitions next.
    with build_schedule_context(instance, scheduled_execution_time=NOON, repository_def=repository) as context:
        outcome = schedule.evaluate_tick(context)
    return list(outcome.run_requests or []), outcome.skip_message or ""


def test_the_job_covers_every_selected_resource_and_its_checks():
    definitions: Definitions = definitions_for(described())
    job = definitions.resolve_job_def("chat_sync")
    assert job.asset_layer.selected_asset_keys == {AssetKey(["chat", "users"]), AssetKey(["chat", "messages"])}
    checked = {key.asset_key for key in job.asset_layer.asset_graph.asset_check_keys}
    assert checked == job.asset_layer.selected_asset_keys
    assert job.description == "Syncs users, messages of chat and answers the checks. A team chat."


DAYS = {"type": "daily", "start": "2025-01-01", "start_param": "since", "end_param": "until", "column": "sent_at"}


def test_resources_read_in_windows_have_a_job_and_a_schedule_per_length_of_window():
    windows = [{"name": "messages", "partitions": DAYS}, {"name": "calls", "partitions": {**DAYS, "type": "hourly"}}]
    repository = definitions_for(
        described(resources=[{"name": "users"}, *windows], sensor={"minimum_interval": 60})
    ).get_repository_def()
    keys = {
        name: {key.path[-1] for key in repository.get_job(name).asset_layer.selected_asset_keys}
        for name in ("chat_sync", "chat_daily_sync", "chat_hourly_sync")
    }
    assert keys == {"chat_sync": {"users"}, "chat_daily_sync": {"messages"}, "chat_hourly_sync": {"calls"}}
    assert repository.has_schedule_def("chat_daily_schedule")
    assert repository.has_schedule_def("chat_hourly_schedule")


# Dagster's own schedule of a partitioned job calls what Dagster deprecates.
@pytest.mark.filterwarnings("ignore:Function `JobDefinition.run_request_for_partition`:DeprecationWarning")
def test_the_schedule_of_windows_asks_for_the_window_that_is_over():
    repository = definitions_for(described(resources=[{"name": "messages", "partitions": DAYS}])).get_repository_def()
    schedule = repository.get_schedule_def("chat_daily_schedule")
    with build_schedule_context(scheduled_execution_time=NOON, repository_def=repository) as context:
        outcome = schedule.evaluate_tick(context)
    assert [request.partition_key for request in outcome.run_requests or []] == ["2025-05-31"]


def test_the_job_leaves_other_apis_alone():
    both = Definitions.merge(definitions_for(described()), definitions_for(described(name="forum")))
    job = both.resolve_job_def("chat_sync")
    assert {key.path[0] for key in job.asset_layer.selected_asset_keys} == {"chat"}


def test_an_api_without_a_selected_resource_has_no_job_and_no_schedule():
    nothing = described(resources=[{"name": "users", "selected": False}])
    assert build_jobs(nothing) == []
    assert build_schedules(nothing, []) == []


def test_a_file_without_a_schedule_has_none():
    without = described(schedule=None)
    assert build_schedules(without, build_jobs(without)) == []


def test_the_schedule_is_the_files_and_waits_to_be_switched_on():
    [schedule] = build_schedules(described(), build_jobs(described()))
    assert (schedule.name, schedule.job_name) == ("chat_schedule", "chat_sync")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 * * * *", "Europe/Berlin")
    assert schedule.default_status == DefaultScheduleStatus.STOPPED
    assert schedule.description == "Syncs every resource of chat: every full hour, Europe/Berlin time."


@pytest.mark.parametrize("switched_on", [True, False])
def test_what_a_file_switches_on_ticks_from_the_start(switched_on):
    api = described(
        resources=["users", {"name": "messages", "partitions": DAYS}],
        resource_defaults={"primary_key": "id"},
        schedule={"cron": "0 * * * *", "switched_on": switched_on},
        sensor={"switched_on": switched_on},
    )
    repository = definitions_for(api).get_repository_def()
    every: list[Any] = [*repository.schedule_defs, *repository.sensor_defs]
    ticking = {one.name: one.default_status.value for one in every}
    status = "RUNNING" if switched_on else "STOPPED"
    assert ticking == dict.fromkeys(["chat_schedule", "chat_daily_schedule", "chat_new_data"], status)


def test_a_cron_line_without_words_is_shown_as_it_is():
    odd = described(schedule={"cron": "7 3 * * 5#2"})
    [schedule] = build_schedules(odd, build_jobs(odd))
    assert schedule.description == "Syncs every resource of chat: '7 3 * * 5#2', UTC time."


def test_a_tick_asks_for_one_run_of_everything(stored_instance):
    [request], _ = tick(described(), stored_instance)
    assert request.asset_selection is None


def run_with(instance: DagsterInstance, status: DagsterRunStatus, job: str = "chat_sync", **more: Any) -> DagsterRun:
    repository = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("here"), "__repository__")
    origin = RemoteJobOrigin(repository, job)
    run: DagsterRun = create_run_for_test(instance, job_name=job, status=status, remote_job_origin=origin, **more)
    return run


@pytest.mark.parametrize("status", UNFINISHED)
def test_a_tick_is_skipped_while_the_run_before_it_is_unfinished(stored_instance, status):
    run = run_with(stored_instance, status)
    requested, said = tick(described(), stored_instance)
    assert requested == []
    assert said.startswith(f"chat_sync is not finished: run {run.run_id} is ")


@pytest.mark.parametrize("status", FINISHED)
def test_a_finished_run_stops_no_tick(stored_instance, status):
    run_with(stored_instance, status)
    assert len(tick(described(), stored_instance)[0]) == 1


def test_a_run_of_some_resources_stops_no_tick(stored_instance):
    some = frozenset({AssetKey(["chat", "users"])})
    run_with(stored_instance, DagsterRunStatus.STARTED, asset_selection=some)
    assert len(tick(described(), stored_instance)[0]) == 1
    assert unfinished_run(stored_instance, "chat_sync") is not None


@pytest.mark.skipif(sys.platform == "win32", reason="signal 0 is POSIX")
def test_a_run_whose_process_was_killed_stops_no_tick_and_one_that_repeats_it_does(stored_instance):
    with subprocess.Popen([sys.executable, "-c", ""]) as program:
        program.wait()
    dead = {PROCESS_TAG: f"{socket.gethostname()} {program.pid}"}
    killed = run_with(stored_instance, DagsterRunStatus.STARTED, tags=dead)
    assert unfinished_run(stored_instance, "chat_sync") is None
    for tags in ({PROCESS_TAG: f"elsewhere {program.pid}"}, of_this_process()):
        assert not is_gone(killed.with_tags(tags))
    of_it = {"parent_run_id": killed.run_id, "root_run_id": killed.run_id}
    run_with(stored_instance, DagsterRunStatus.STARTED, "chat_sync", tags=dead, **of_it)
    assert unfinished_run(stored_instance, "chat_sync") is not None


def test_a_run_of_another_job_stops_no_tick(stored_instance):
    run_with(stored_instance, DagsterRunStatus.STARTED, "forum_sync")
    assert len(tick(described(), stored_instance)[0]) == 1
