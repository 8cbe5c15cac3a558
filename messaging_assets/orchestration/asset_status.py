"""What Dagster's history says of each asset: its last run and sync, its checks, and when it is synced next."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from dagster import (
    AssetCheckKey,
    AssetKey,
    DagsterEvent,
    DagsterEventType,
    DagsterInstance,
    DagsterRunStatus,
    MetadataValue,
    RunRecord,
    RunsFilter,
)

from messaging_assets.assets.checks import checks_of
from messaging_assets.assets.metadata.receipt_metadata import stored_result
from messaging_assets.assets.partitions import partitions_definition
from messaging_assets.assets.translator import asset_key
from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.description.parents import ancestry
from messaging_assets.foundation.dagster_home import opened_instance
from messaging_assets.foundation.redaction import one_line
from messaging_assets.orchestration.automation.jobs import is_gone, job_name, partitioned_job_name
from messaging_assets.orchestration.history import History, history_of, in_parts
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
        found_by_checks: what those found, by name.
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
    found_by_checks: dict[str, str] = field(default_factory=dict)
    next_tick: str = "no schedule"
    reason: str | None = None

    @property
    def is_wrong(self) -> bool:
        """Whether somebody has to look: it failed, is stale, or a check that is loud failed."""
        return self.state in ("failed", "stale") or "ERROR" in self.failed_checks.values()


def read_statuses(descriptions: Sequence[ApiDescription]) -> list[AssetStatus]:
    """What Dagster's history, in the home that is settled, says of each asset of some APIs."""
    every = [
        (description, resource, asset_key(description, resource.name))
        for description in descriptions
        for resource in description.resources_in_full.values()
    ]
    checks = [[AssetCheckKey(key, name) for name in checks_of(resource)] for _, resource, key in every]
    statuses = []
    with opened_instance() as instance:
        history = history_of(instance, [key for _, _, key in every], [one for some in checks for one in some])
        for (description, resource, key), its_checks in zip(every, checks, strict=True):
            status = _status(instance, history, description, resource, key)
            _add_checks(history, its_checks, status)
            status.next_tick = _next_tick(history, description, resource)
            statuses.append(status)
    return statuses


def _status(
    instance: DagsterInstance, history: History, description: ApiDescription, resource: Resource, key: AssetKey
) -> AssetStatus:

    status = AssetStatus("/".join(key.path))
    entry = history.assets.get(key)
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
        status.last_run = run_id
        if record := history.runs.get(run_id):
            _add_run(instance, record, description, resource, status, is_its_sync)
    if resource.partitions and status.state in ("synced", "stale"):
        _add_windows(instance, key, resource, status)
    return status


def _add_windows(instance: DagsterInstance, key: AssetKey, resource: Resource, status: AssetStatus) -> None:
    """The windows that a run failed to sync, and none synced since: another window made nothing of them good."""
    storage, known = instance.event_log_storage, partitions_definition(resource)
    attempts = storage.get_latest_asset_partition_materialization_attempts_without_materializations(key)
    ended = [DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
    failed_runs = {
        run.run_id
        for some in in_parts(list({run_id for run_id, _ in attempts.values()}))
        for run in instance.get_runs(RunsFilter(run_ids=list(some), statuses=ended))
    }
    windows = [window for window, (run_id, _) in attempts.items() if run_id in failed_runs]
    failed = sorted(window for window in windows if known and known.has_partition_key(window))
    if failed:
        others = f" and {len(failed) - 1:,} more" if len(failed) > 1 else ""
        told = f"the window {failed[-1]}{others} failed and was not synced since"
        status.state, status.reason = "failed", f"{told}; see in the Dagster UI why, and start it there again"


def _utc(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, timezone.utc).isoformat(timespec="seconds")


def _add_run(
    instance: DagsterInstance,
    record: RunRecord,
    description: ApiDescription,
    resource: Resource,
    status: AssetStatus,
    is_its_sync: bool,
) -> None:
    """The last run that was to sync the asset, and what became of it where it did not, or not yet."""
    run, start, end = record.dagster_run, record.start_time, record.end_time
    status.last_run_started_at = _utc(start) if start else None
    status.last_run_seconds = round(end - start, 1) if start and end else None
    if is_its_sync or run.status is DagsterRunStatus.SUCCESS:
        return
    status.verdict = None
    if not run.is_finished and not is_gone(run):
        status.state = "running"
        return
    status.state = "failed"
    if not run.is_finished:
        status.reason = f"the process of run {run.run_id} was killed; run it again, which goes on from what is loaded"
        return
    status.reason = f"run {run.run_id} ended as {run.status.value.lower()} before its step was over"
    records = instance.get_records_for_run(run.run_id, of_type=DagsterEventType.STEP_FAILURE).records
    events = [event for one in records if (event := one.event_log_entry.dagster_event)]
    failed = {str(event.step_key).removeprefix(f"{description.name}__"): event for event in events}
    for one in ancestry(description, resource):
        if one.name in failed and one.name != resource.name:
            told = f"was not asked, as its parent {one.name} failed in that run; mend that, and run both again"
            status.reason = f"{description.name}.{resource.name} {told}"
            return
    if resource.name in failed:
        status.reason = reason_of(failed[resource.name])


def reason_of(failed: DagsterEvent) -> str | None:
    """Why a step failed, in the sentence that it was told."""
    data = failed.step_failure_data
    told = data.user_failure_data.description if data.user_failure_data else None
    if told or data.error is None:
        return told
    return words_of_error(data.error)


def _add_checks(history: History, checks: Sequence[AssetCheckKey], status: AssetStatus) -> None:
    for check_key in checks:
        record = history.checks.get(check_key)
        evaluation = record.evaluation if record and record.status.value in ("SUCCEEDED", "FAILED") else None
        if evaluation is not None:
            status.checks += 1
            if not evaluation.passed:
                status.failed_checks[check_key.name] = evaluation.severity.value
                status.found_by_checks[check_key.name] = _found(evaluation.metadata)


def _found(metadata: Mapping[str, MetadataValue[Any]]) -> str:
    """What a check found, in one line without the keys of rows."""
    plain = {name.rpartition("/")[2].replace("_", " "): value.value for name, value in metadata.items()}
    told = [
        f"{name}: {value:,}" if isinstance(value, int) else f"{name}: {value}"
        for name, value in plain.items()
        if isinstance(value, (int, str)) and value != "none"
    ]
    if isinstance(changes := plain.get("changes"), (list, tuple)):
        told.append(f"changes: {'; '.join(map(str, changes))}")
    return one_line(", ".join(told))


def _next_tick(history: History, description: ApiDescription, resource: Resource) -> str:
    """When the resource's schedule ticks next, in ISO 8601, or what stands in its way."""
    api, own, windows = description.name, description.schedule, partitions_definition(resource)
    # The sensor looks at lists that are read as a whole.
    sensor = None if windows else description.sensor
    job = partitioned_job_name(api, resource.partitions.type) if resource.partitions else job_name(api)
    schedule = (InstigatorType.SCHEDULE, f"{job.removesuffix('_sync')}_schedule")
    if own and history.switched.get(schedule, own.switched_on):
        if "SCHEDULER" not in history.daemons:
            return "none: no Dagster daemon runs"
        cron, zone = (windows.get_cron_schedule(), windows.timezone) if windows else (own.cron, own.timezone)
        tick = next(cron_string_iterator(time.time(), cron, zone))
        return str(tick.isoformat(timespec="minutes"))
    if sensor and history.switched.get((InstigatorType.SENSOR, f"{api}_new_data"), sensor.switched_on):
        return (
            f"looks every {sensor.minimum_interval} s"
            if "SENSOR" in history.daemons
            else "none: no Dagster daemon runs"
        )
    return "schedule is off" if own else "sensor is off" if sensor else "no schedule"
