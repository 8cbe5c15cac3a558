"""What is news: assets and checks that turned red since the last message, and those that are green again.

A run that failed and was made good before anybody was told is no news. Neither is what was told and has not changed;
what stays red is told again once a day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from dagster import (
    AssetCheckEvaluation,
    AssetCheckKey,
    AssetCheckSeverity,
    AssetKey,
    AssetRecordsFilter,
    DagsterError,
    DagsterEvent,
    DagsterEventType,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    PartitionKeyRange,
    RunsFilter,
    RunStatusChangeRecordsFilter,
    SensorEvaluationContext,
)

from messaging_assets.assets.checks import COMPLETE, VALID_FILE
from messaging_assets.assets.metadata.receipt_metadata import told_numbers
from messaging_assets.reading.receipt import Verdict
from messaging_assets.seams.dagster_inside import AssetCheckExecutionRecord, AssetCheckExecutionRecordStatus

RED, WARNING, GREEN = "red", "warning", "green again"
_AGAIN_AFTER = 86_400.0
_MOST_RUNS = 100
# Runs of one check that may be under way together.
_MOST_AT_ONCE = 25
_PARTITION, _RANGE = "dagster/partition", "dagster/asset_partition_range_"
# As Dagster's command line writes a range of partitions.
_TO = "..."
_VERDICTS = {verdict.words for verdict in Verdict}
# What our own checks count; all else that a check found may be a record's.
_COUNTED = ("rows", "nulls", "repeated_keys", "rows_set_aside")
_ANSWERED = {AssetCheckExecutionRecordStatus.FAILED, AssetCheckExecutionRecordStatus.SUCCEEDED}


@dataclass(frozen=True)
class News:
    """One asset, check or job that is red, warns, or is green again.

    Args:
        state: `red`, `warning` or `green again`.
        text: the sentence, without a secret and without a record.
        run_id: the run that showed it.
        at: when that was, in seconds since 1970.
        asset: the asset's key as text; None where a run failed that has none.
        check: the check's name, if it is about one.
        partition: the partition of the run, if it had one, or the first and the last with dots between them.
        job: the run's job.
        receipt: the verdict and the numbers of the sync.
        told_at: when it was told, in seconds since 1970.
    """

    state: str
    text: str
    run_id: str
    at: float
    asset: str | None = None
    check: str | None = None
    partition: str | None = None
    job: str | None = None
    receipt: Mapping[str, Any] = field(default_factory=dict)
    told_at: float = 0.0

    @property
    def key(self) -> str:
        """What it is about, the same for red and green."""
        return "|".join(part or "" for part in (self.asset or f"job {self.job}", self.check, self.partition))

    @property
    def name(self) -> str:
        """What it is about, for people."""
        name = self.asset or f"the job {self.job}"
        return f"{name} ({self.partition})" if self.partition else name

    def is_told_by(self, told: News | None, now: float) -> bool:
        """Whether an earlier message said the same; other digits alone make no other sentence."""
        if told is None or now - told.told_at >= _AGAIN_AFTER:
            return False
        return (told.state, _without_digits(told.text)) == (self.state, _without_digits(self.text))


def newest_failed_run(instance: DagsterInstance) -> int:
    """The number of the newest run that failed, from which on the next ones are news."""
    wanted = RunStatusChangeRecordsFilter(DagsterEventType.RUN_FAILURE)
    return next((one.storage_id for one in instance.fetch_run_status_changes(wanted, limit=1).records), 0)


def failed_runs(context: SensorEvaluationContext, after: int) -> tuple[list[News], int]:
    """What failed in the runs of this code location behind a number, and the number behind which to go on."""
    wanted = RunStatusChangeRecordsFilter(DagsterEventType.RUN_FAILURE, after_storage_id=after)
    records = context.instance.fetch_run_status_changes(wanted, limit=_MOST_RUNS, ascending=True).records
    found: list[News] = []
    for record in records:
        run = context.instance.get_run_by_id(record.event_log_entry.run_id)
        if run is not None and _is_of_here(context, run):
            found += _of_run(context, run, record.event_log_entry.timestamp)
    return found, records[-1].storage_id if records else after


def failing_checks(context: SensorEvaluationContext) -> list[News]:
    """The checks whose last answer is no; one that is being asked again counts as it was before.

    A run that goes on may try again, and answer otherwise.
    """
    repository, storage = context.repository_def, context.instance.event_log_storage
    keys = sorted(repository.asset_graph.asset_check_keys, key=str) if repository else []
    failing = []
    for key, last in storage.get_latest_asset_check_execution_by_key(keys).items():
        if last.status == AssetCheckExecutionRecordStatus.SUCCEEDED:
            continue
        answered = storage.get_asset_check_execution_history(key, _MOST_AT_ONCE, status=_ANSWERED)
        runs = ((one, context.instance.get_run_by_id(one.run_id)) for one in answered)
        ended = next(((one, run) for one, run in runs if run is None or run.is_finished), None)
        if ended and ended[0].status == AssetCheckExecutionRecordStatus.FAILED:
            failing.append(_of_check(context.instance, key, *ended))
    return failing


def made_good(context: SensorEvaluationContext, red: News) -> News | None:
    """The news that a run which failed was made good since, by a later sync or a later run of its job."""
    if red.asset is None:
        later = datetime.fromtimestamp(red.at, timezone.utc)
        good = RunsFilter(job_name=red.job, statuses=[DagsterRunStatus.SUCCESS], updated_after=later)
        runs = context.instance.get_runs(good, limit=1)
        return _green(red, runs[0].run_id) if runs else None
    key = AssetKey.from_user_string(red.asset)
    partitions = _partitions(context, key, red.partition)
    # A range of hours over years is too much for a question.
    wanted = AssetRecordsFilter(key, partitions if len(partitions) == 1 else None, after_timestamp=red.at)
    left, found, cursor = set(partitions), None, None
    while True:
        records = context.instance.fetch_materializations(wanted, limit=1000 if left else 1, cursor=cursor)
        for record in records.records:
            found = found or record
            left.discard(record.partition_key)
        if not left and found is not None:
            made = found.asset_materialization
            return _green(red, found.run_id, told_numbers(made.metadata) if made else {})
        if not records.has_more:
            return None
        cursor = records.cursor


def _partitions(context: SensorEvaluationContext, key: AssetKey, named: str | None) -> list[Any]:
    """The partitions that a failed run was for: one, each of a range, or none of an asset without."""
    first, is_range, last = (named or "").partition(_TO)
    graph = context.repository_def.asset_graph if context.repository_def else None
    known = graph.get(key).partitions_def if graph is not None and graph.has(key) else None
    try:
        if is_range and known is not None:
            return list(known.get_partition_keys_in_range(PartitionKeyRange(first, last)))
    except (DagsterError, ValueError):
        # The file has other partitions by now.
        pass
    return [first, last] if is_range else [named] if named else []


def passes_again(context: SensorEvaluationContext, red: News) -> News:
    """The news that a check passes again."""
    receipt, run_id = _last_sync(context.instance, AssetKey.from_user_string(red.asset or ""))
    return _green(red, run_id or red.run_id, receipt)


def is_known(context: SensorEvaluationContext, red: News) -> bool:
    """Whether the code location still has what was told of."""
    if context.repository_def is None:
        return True
    if red.asset is None:
        return context.repository_def.has_job(red.job or "")
    graph, key = context.repository_def.asset_graph, AssetKey.from_user_string(red.asset)
    if red.check is None:
        return graph.has(key)
    return AssetCheckKey(key, red.check) in graph.asset_check_keys


def _is_of_here(context: SensorEvaluationContext, run: DagsterRun) -> bool:
    """Whether a run is of the sensor's own code location, as Dagster's sensors of runs decide it."""
    own, origin = context.code_location_origin, run.remote_job_origin
    theirs = origin.repository_origin.code_location_origin.location_name if origin else None
    return (own.location_name if own else None) == theirs


def _of_run(context: SensorEvaluationContext, run: DagsterRun, at: float) -> Iterator[News]:
    logged = context.instance.all_logs(run.run_id, of_type=DagsterEventType.STEP_FAILURE)
    failures = [entry.dagster_event for entry in logged if entry.dagster_event is not None]
    repository = context.repository_def
    made = repository.assets_defs_by_key.items() if repository else ()
    steps = {key: assets.node_def.name for key, assets in made if assets.is_executable}
    of_assets = [(key, failed) for failed in failures for key, step in steps.items() if step == failed.step_key]
    for key, failed in of_assets:
        text, receipt = _sentence(failed), _receipt_of(failed)
        partition = _partition(context, run, key)
        yield News(RED, text, run.run_id, at, key.to_user_string(), None, partition, run.job_name, receipt)
    if not of_assets:
        early = f"{run.job_name} failed before a step did; the run's log says why."
        text = _sentence(failures[0]) if failures else early
        for key in sorted(run.asset_selection or ()):
            partition = _partition(context, run, key)
            yield News(RED, text, run.run_id, at, key.to_user_string(), None, partition, run.job_name)
        if not run.asset_selection:
            yield News(RED, text, run.run_id, at, job=run.job_name)


def _partition(context: SensorEvaluationContext, run: DagsterRun, key: AssetKey) -> str | None:
    """The run's partition, or range of them, of an asset that has some; one without is made good by any later sync."""
    graph = context.repository_def.asset_graph if context.repository_def else None
    if graph is None or not graph.has(key) or not graph.get(key).is_partitioned:
        return None
    first, last = run.tags.get(f"{_RANGE}start"), run.tags.get(f"{_RANGE}end")
    return run.tags.get(_PARTITION) or (f"{first}{_TO}{last}" if first and last else None)


def _sentence(failure: DagsterEvent) -> str:
    """Our own failures are sentences without secrets; of a stranger's, its name must do."""
    data = failure.step_failure_data
    if data.user_failure_data and data.user_failure_data.description:
        return data.user_failure_data.description.split("\n")[0]
    # Dagster wraps what was raised; the innermost name says most.
    error = data.error
    while error and error.cause:
        error = error.cause
    kind = error.cls_name if error else "an error"
    return f"{failure.step_key} failed with {kind}; the run's log says more."


def _receipt_of(failure: DagsterEvent) -> dict[str, Any]:
    told = failure.step_failure_data.user_failure_data
    return told_numbers(told.metadata) if told else {}


def _of_check(
    instance: DagsterInstance, key: AssetCheckKey, last: AssetCheckExecutionRecord, run: DagsterRun | None
) -> News:
    evaluation = last.evaluation
    is_warning = evaluation is not None and evaluation.severity == AssetCheckSeverity.WARN
    asset = key.asset_key.to_user_string()
    receipt, _ = _last_sync(instance, key.asset_key)
    return News(
        WARNING if is_warning else RED,
        f"{asset}: {_found(key.name, evaluation)}",
        last.run_id,
        last.create_timestamp,
        asset,
        key.name,
        job=run.job_name if run else None,
        receipt=receipt,
    )


def _found(name: str, evaluation: AssetCheckEvaluation | None) -> str:
    """What a check found, in words and numbers of ours."""
    found = {known: value.value for known, value in evaluation.metadata.items()} if evaluation else {}
    if name == COMPLETE and found.get("verdict") in _VERDICTS:
        return f"{found['verdict']}: {found.get('reason')}"
    if name == VALID_FILE and evaluation and evaluation.description:
        first, *others = evaluation.description.splitlines()
        return first + (f" ({len(others)} more on the asset's page)" if others else "")
    counted = {one.replace("_", " "): found[one] for one in _COUNTED if isinstance(found.get(one), int)}
    numbers = ", ".join(f"{one}: {number:,}" for one, number in counted.items())
    return f"the check {name} failed{f' ({numbers})' if numbers else ''}; the asset's page shows what it found."


def _last_sync(instance: DagsterInstance, asset: AssetKey) -> tuple[dict[str, Any], str | None]:
    last = instance.get_latest_materialization_event(asset)
    made = last.asset_materialization if last else None
    return (told_numbers(made.metadata), last.run_id) if last and made else ({}, None)


def _green(red: News, run_id: str, receipt: Mapping[str, Any] | None = None) -> News:
    what = f"the check {red.check} passes again" if red.check else "a later run succeeded"
    return News(
        GREEN, f"{red.name}: {what}.", run_id, red.at, red.asset, red.check, red.partition, red.job, receipt or {}
    )


def _without_digits(text: str) -> str:
    return re.sub(r"\d+", "", text)
