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
    from dagster import DagsterEvent, DagsterInstance

    from messaging_assets.description.api import ApiDescription, Resource


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
    from dagster import DagsterInstance

    statuses = []
    with DagsterInstance.get() as instance:
        for description in descriptions:
            for resource in description.resources_in_full.values():
                status = _status(instance, description, resource)
                status.next_tick = _next_tick(instance, description, resource)
                statuses.append(status)
    return statuses


def _status(instance: DagsterInstance, description: ApiDescription, resource: Resource) -> AssetStatus:
    from messaging_assets.assets.metadata.receipt_metadata import stored_result
    from messaging_assets.assets.translator import asset_key

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
    from dagster import DagsterEventType, DagsterRunStatus

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


def named(asset: str, reason: str) -> str:
    """A reason with the asset's name before it, where it does not begin with that, as most sentences do."""
    begins = re.match(rf"{re.escape(asset.replace('/', '.'))}\b", reason)
    return reason if begins else f"{asset}: {reason}"


def _add_checks(instance: DagsterInstance, resource: Resource, key: Any, status: AssetStatus) -> None:
    from dagster import AssetCheckKey

    from messaging_assets.assets.checks import checks_of

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
    from messaging_assets.assets.partitions import partitions_definition
    from messaging_assets.orchestration.jobs import job_name, partitioned_job_name
    from messaging_assets.seams.dagster_inside import InstigatorType, cron_string_iterator

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
