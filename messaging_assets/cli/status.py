"""`messaging-assets status`: what Dagster's history says of each asset, and when it is synced next."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from messaging_assets.foundation.printed_json import JsonCommand, print_json
from messaging_assets.foundation.redaction import one_line
from messaging_assets.seams.foreign_words import words_of_error

if TYPE_CHECKING:
    from dagster import AssetCheckKey, AssetKey, DagsterEvent, DagsterInstance, RunRecord

    from messaging_assets.description.api import ApiDescription, Resource
    from messaging_assets.orchestration.history import History


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


@click.command(name="status", cls=JsonCommand, short_help="Show each asset's last sync, verdict, checks and next tick.")
@click.argument("apis", nargs=-1, metavar="[APIS]...")
@click.option("--json", "as_json", is_flag=True, help="Print the assets as one JSON object.")
@click.option(
    *("--watch", "every"),
    type=click.FloatRange(min=1),
    is_flag=False,
    flag_value=5.0,
    metavar="[SECONDS]",
    help="Show them anew every so many seconds, else five, until Ctrl-C.",
)
def command(apis: tuple[str, ...], as_json: bool, every: float | None) -> None:
    r"""Tell what Dagster's history says of each asset: last sync, rows, verdict, lag, checks, next tick.

    APIS are names of APIs or paths of their files; without them all that the project has, its components included.
    Asks no API and reads no table. History is in DAGSTER_HOME, else in the project's .messaging_assets/dagster. Exit
    status 1 if a last run failed, an asset is stale by its `freshness`, a check failed with ERROR, or a file is broken.

    \b
    messaging-assets status
    messaging-assets status team_messaging apis/chat.yaml --json
    messaging-assets status --watch
    """
    if every and as_json:
        raise click.UsageError("--watch shows a table; leave one of --watch and --json out")
    while True:
        is_right = _shown_once(apis, as_json, every)
        if every is None:
            raise SystemExit(0 if is_right else 1)
        try:
            time.sleep(every)
        except KeyboardInterrupt:
            raise SystemExit(0 if is_right else 1) from None


def _shown_once(apis: tuple[str, ...], as_json: bool, every: float | None) -> bool:
    """Show the assets as they are now, of files as they are now; whether all is well."""
    from messaging_assets.cli.chosen_api import chosen_apis
    from messaging_assets.foundation.dagster_home import settle_dagster_home
    from messaging_assets.foundation.folders import settle_environment

    files = chosen_apis(apis)
    settle_dagster_home(settle_environment())
    statuses = read_statuses(files.descriptions)
    broken = {name: str(error) for name, error in files.broken.items()}
    is_right = not broken and not any(status.is_wrong for status in statuses)
    if as_json:
        assets = [{**asdict(status), "is_wrong": status.is_wrong} for status in statuses]
        print_json({"is_right": is_right, "assets": assets, "broken_files": broken})
    else:
        if every:
            click.clear()  # of a terminal alone
            click.echo(f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S}, anew every {every:g} s; Ctrl-C ends it")
        print_statuses(statuses, broken)
    return is_right


def read_statuses(descriptions: Sequence[ApiDescription]) -> list[AssetStatus]:
    """What Dagster's history, in the home that is settled, says of each asset of some APIs."""
    from dagster import AssetCheckKey, DagsterInstance

    from messaging_assets.assets.checks import checks_of
    from messaging_assets.assets.translator import asset_key
    from messaging_assets.orchestration.history import history_of

    every = [
        (description, resource, asset_key(description, resource.name))
        for description in descriptions
        for resource in description.resources_in_full.values()
    ]
    checks = [[AssetCheckKey(key, name) for name in checks_of(resource)] for _, resource, key in every]
    statuses = []
    with DagsterInstance.get() as instance:
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
    from messaging_assets.assets.receipt_metadata import stored_result

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
            _add_run(instance, record, f"{description.name}__{resource.name}", status, is_its_sync)
    return status


def _utc(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, timezone.utc).isoformat(timespec="seconds")


def _add_run(instance: DagsterInstance, record: RunRecord, step: str, status: AssetStatus, is_its_sync: bool) -> None:
    """The last run that was to sync the asset, and what became of it where it did not, or not yet."""
    from dagster import DagsterEventType, DagsterRunStatus

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
    status.reason = f"run {run.run_id} ended as {run.status.value.lower()} before its step was over"
    for entry in instance.get_records_for_run(run.run_id, of_type=DagsterEventType.STEP_FAILURE).records:
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


def named(asset: str, reason: str) -> str:
    """A reason with the asset's name before it, where it does not begin with that, as most sentences do."""
    begins = re.match(rf"{re.escape(asset.replace('/', '.'))}\b", reason)
    return reason if begins else f"{asset}: {reason}"


def _add_checks(history: History, checks: Sequence[AssetCheckKey], status: AssetStatus) -> None:
    for check_key in checks:
        record = history.checks.get(check_key)
        evaluation = record.evaluation if record and record.status.value in ("SUCCEEDED", "FAILED") else None
        if evaluation is not None:
            status.checks += 1
            if not evaluation.passed:
                status.failed_checks[check_key.name] = evaluation.severity.value


def _next_tick(history: History, description: ApiDescription, resource: Resource) -> str:
    """When the resource's schedule ticks next, in ISO 8601, or what stands in its way."""
    from messaging_assets.assets.partitions import partitions_definition
    from messaging_assets.orchestration.jobs import job_name, partitioned_job_name
    from messaging_assets.seams.dagster_inside import InstigatorType, cron_string_iterator

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


def print_statuses(statuses: Sequence[AssetStatus], broken: Mapping[str, str]) -> None:
    """A table of them; below it why a run failed, which checks did, and what is wrong with files."""
    from rich.table import Table
    from rich.text import Text

    from messaging_assets.cli.chosen_api import wide_console
    from messaging_assets.reading.receipt import Verdict

    console = wide_console()
    # What has no room is broken, and never cut.
    whole = partial(Text, overflow="fold")
    columns = ["asset", "state", "lag", "rows", "verdict", "checks", "next tick"]
    has_room = console.width >= 120
    table = Table(*columns, *(["last run"] if has_room else []))
    for one in statuses:
        passed = f"{one.checks - len(one.failed_checks)}/{one.checks}" if one.checks else ""
        rows = "" if one.rows is None else f"{one.rows:,}"
        lag = "" if one.lag_seconds is None else ago(one.lag_seconds)
        cells = [one.asset, one.state, lag, rows, one.verdict or "", passed, one.next_tick]
        if has_room:
            took = "" if one.last_run_seconds is None else f", {ago(one.last_run_seconds)}"
            cells.append(f"{one.last_run[:8]}{took}" if one.last_run else "")
        quiet = one.verdict == Verdict.UNKNOWN.words or one.failed_checks
        table.add_row(*map(whole, cells), style="red" if one.is_wrong else "yellow" if quiet else None)
    if statuses:
        console.print(table)
    for one in statuses:
        if one.reason:
            console.print(one_line(named(one.asset, one.reason)), style="red", soft_wrap=True, markup=False)
        for name, severity in one.failed_checks.items():
            console.print(f"{one.asset}: check {name} failed ({severity})", soft_wrap=True, markup=False)
    for text in broken.values():
        console.print(text, style="red", soft_wrap=True, markup=False)


def ago(seconds: float) -> str:
    """A duration in its largest whole unit."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
