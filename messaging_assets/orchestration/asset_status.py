"""What Dagster's history says of each asset: its last run and sync, its checks, and when it is synced next."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from dagster import AssetCheckKey, DagsterEvent, DagsterEventType, DagsterInstance, DagsterRunStatus

from messaging_assets.assets.checks import checks_of
from messaging_assets.assets.metadata.receipt_metadata import stored_result
from messaging_assets.assets.partitions import partitions_definition
from messaging_assets.assets.translator import asset_key
from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.orchestration.jobs import job_name, partitioned_job_name
from messaging_assets.seams.dagster_inside import InstigatorType, cron_string_iterator
from messaging_assets.seams.foreign_words import words_of_error


@dataclass
class AssetStatus:
    """What Dagster remembers of one asset.

    Args:
        asset: the key's parts with a slash between them.
        state: `never synced`, `running`, `failed`, `stale` or `synced`; of several the first that is true.
        last_run: the id of the last run that was to sync it.
        last_run_started_at: when that began, ISO 8601 in UTC.
        last_run_seconds: how long the whole run took; None while it is not over.
        verdict: how complete the last run's sync was; None where it failed or is not over.
        synced_at: when it was last materialized, by that run or an earlier one, ISO 8601 in UTC.
        lag_seconds: how long ago that is.
        synced_verdict: how complete that sync was.
        rows: rows of the table then.
        last_cursor: the highest cursor value that is loaded, of an incremental resource.
        checks: checks that were answered.
        failed_checks: those that failed, by name; severity by name.
        next_tick: when the schedule starts the next sync, or what stands in its way.
        reason: why the last run failed.
    """

    asset: str
    state: str = "never synced"
    last_run: str | None = None
    last_run_started_at: str | None = None
    last_run_seconds: float | None = None
    verdict: str | None = None
    synced_at: str | None = None
    lag_seconds: float | None = None
    synced_verdict: str | None = None
    rows: int | None = None
    last_cursor: str | None = None
    checks: int = 0
    failed_checks: dict[str, str] = field(default_factory=dict)
    next_tick: str = "no schedule"
    reason: str | None = None

    @property
    def is_wrong(self) -> bool:
        """Whether somebody has to look: it failed, is stale, or a check that is loud failed."""
        return self.state in ("failed", "stale") or "ERROR" in self.failed_checks.values()


def read_statuses(descriptions: Sequence[ApiDescription]) -> list[AssetStatus]:
    """What Dagster's history, in the home that is settled, says of each asset of some APIs."""
    statuses = []
    with DagsterInstance.get() as instance:
        for description in descriptions:
            for resource in description.resources_in_full.values():
                status = _status(instance, description, resource)
                status.next_tick = _next_tick(instance, description, resource)
                statuses.append(status)
    return statuses


def _status(instance: DagsterInstance, description: ApiDescription, resource: Resource) -> AssetStatus:
    key = asset_key(description, resource.name)
    status = AssetStatus("/".join(key.path))
    entry = next((record.asset_entry for record in instance.get_asset_records([key])), None)
    event = entry.last_materialization if entry else None
    if event is not None and event.asset_materialization is not None:
        stored = event.asset_materialization.metadata.items()
        metadata: dict[str, Any] = {name: value.value for name, value in stored}
        status.state = "synced"
        status.synced_at = _utc(event.timestamp)
        status.lag_seconds = max(round(time.time() - event.timestamp, 1), 0.0)
        status.rows = metadata.get("dagster/row_count")
        if read := stored_result(metadata):
            status.verdict = status.synced_verdict = read.finding.verdict.words
        status.last_cursor = metadata.get("messaging_assets/last_cursor")
        limit = resource.freshness.fail_after * 3600 if resource.freshness else None
        if limit is not None and status.lag_seconds > limit:
            status.state = "stale"
    run_id = entry.last_run_id if entry else None
    if run_id:
        is_its_sync = event is not None and event.run_id == run_id
        _add_run(instance, run_id, f"{description.name}__{resource.name}", status, is_its_sync)
    _add_checks(instance, resource, key, status)
    return status


def _utc(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, timezone.utc).isoformat(timespec="seconds")


def _add_run(instance: DagsterInstance, run_id: str, step: str, status: AssetStatus, is_its_sync: bool) -> None:
    """The last run that was to sync the asset, and what became of it where it did not, or not yet."""
    status.last_run = run_id
    record = instance.get_run_record_by_id(run_id)
    if record is None:
        return
    run, start, end = record.dagster_run, record.start_time, record.end_time
    status.last_run_started_at = _utc(start) if start else None
    status.last_run_seconds = round(end - start, 1) if start and end else None
    if is_its_sync or run.status is DagsterRunStatus.SUCCESS:
        return
    status.verdict = None
    if not run.is_finished:
        status.state = "running"
        return
    status.state = "failed"
    status.reason = f"run {run_id} ended as {run.status.value.lower()} before its step was over"
    for entry in instance.get_records_for_run(run_id, of_type=DagsterEventType.STEP_FAILURE).records:
        failed = entry.event_log_entry.dagster_event
        if failed is not None and failed.step_key == step:
            status.reason = reason_of(failed)


def reason_of(failed: DagsterEvent) -> str | None:
    """Why a step failed, in the sentence that it was told."""
    data = failed.step_failure_data
    told = data.user_failure_data.description if data.user_failure_data else None
    if told or data.error is None:
        return told
    return words_of_error(data.error)


def _add_checks(instance: DagsterInstance, resource: Resource, key: Any, status: AssetStatus) -> None:
    keys = [AssetCheckKey(key, name) for name in checks_of(resource)]
    answered = instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
    for check_key, record in answered.items():
        evaluation = record.evaluation if record.status.value in ("SUCCEEDED", "FAILED") else None
        if evaluation is not None:
            status.checks += 1
            if not evaluation.passed:
                status.failed_checks[check_key.name] = evaluation.severity.value


def _next_tick(instance: DagsterInstance, description: ApiDescription, resource: Resource) -> str:
    """When the resource's schedule ticks next, in ISO 8601, or what stands in its way."""
    api, own, windows = description.name, description.schedule, partitions_definition(resource)
    # The sensor looks at lists that are read as a whole.
    sensor = None if windows else description.sensor
    job = partitioned_job_name(api, resource.partitions.type) if resource.partitions else job_name(api)
    if own and _is_on(instance, InstigatorType.SCHEDULE, f"{job.removesuffix('_sync')}_schedule", own.switched_on):
        if not _daemon_runs(instance, "SCHEDULER"):
            return "none: no Dagster daemon runs"
        cron, zone = (windows.get_cron_schedule(), windows.timezone) if windows else (own.cron, own.timezone)
        tick = next(cron_string_iterator(time.time(), cron, zone))
        return str(tick.isoformat(timespec="minutes"))
    if sensor and _is_on(instance, InstigatorType.SENSOR, f"{api}_new_data", sensor.switched_on):
        runs = _daemon_runs(instance, "SENSOR")
        return f"looks every {sensor.minimum_interval} s" if runs else "none: no Dagster daemon runs"
    return "schedule is off" if own else "sensor is off" if sensor else "no schedule"


def _is_on(instance: DagsterInstance, kind: Any, name: str, by_default: bool) -> bool:
    states = instance.all_instigator_state(instigator_type=kind)
    switched = [state.is_running for state in states if state.instigator_name == name]
    return any(switched) if switched else by_default


def _daemon_runs(instance: DagsterInstance, kind: str) -> bool:
    found = instance.get_daemon_statuses([kind]).get(kind)
    return bool(found and found.healthy)
