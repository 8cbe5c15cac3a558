"""The schedule of an API, from the cron line in its file."""

from collections.abc import Sequence
from typing import Any

from dagster import (
    DefaultScheduleStatus,
    RunRequest,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    SkipReason,
    build_schedule_from_partitioned_job,
    schedule,
)

from messaging_assets.description.api import ApiDescription
from messaging_assets.description.automation import Schedule, cron_in_words
from messaging_assets.orchestration.automation.jobs import job_name, unfinished_run, waiting_for
from messaging_assets.seams.dagster_inside import UnresolvedAssetJobDefinition


def build_schedules(description: ApiDescription, jobs: Sequence[UnresolvedAssetJobDefinition]) -> list[Any]:
    """The schedule `<api>_schedule` where the file has one, and one per length of window.

    They are switched on in the file or in the UI.
    A tick is skipped while a run of the whole job is unfinished, so that syncs longer than their interval do not
    pile up. A sensor's run of some resources does not keep the others waiting: two syncs of one resource wait
    for each other themselves.

    Args:
        description: the API.
        jobs: its jobs, as `build_jobs` gives them.
    """
    own = description.schedule
    if own is None:
        return []
    windows = [_windows(description, own, job) for job in jobs if job.name != job_name(description.name)]
    whole = [_whole(description, own, job) for job in jobs if job.name == job_name(description.name)]
    return whole + windows


def _windows(description: ApiDescription, own: Schedule, job: UnresolvedAssetJobDefinition) -> Any:
    """The schedule of resources that are read in windows: each window when it is over."""
    return build_schedule_from_partitioned_job(
        job,
        name=f"{job.name.removesuffix('_sync')}_schedule",
        description=f"Syncs each window of {description.name} when it is over.",
        default_status=_status(own),
    )


def _whole(description: ApiDescription, own: Schedule, job: UnresolvedAssetJobDefinition) -> ScheduleDefinition:

    @schedule(
        job=job,
        cron_schedule=own.cron,
        execution_timezone=own.timezone,
        name=f"{description.name}_schedule",
        description=f"Syncs every resource of {description.name}: {_words(own.cron)}, {own.timezone} time.",
        default_status=_status(own),
    )
    def sync_all(context: ScheduleEvaluationContext) -> RunRequest | SkipReason:
        run = unfinished_run(context.instance, job.name, whole=True)
        return SkipReason(waiting_for(run)) if run else RunRequest()

    return sync_all


def _status(own: Schedule) -> DefaultScheduleStatus:
    return DefaultScheduleStatus.RUNNING if own.switched_on else DefaultScheduleStatus.STOPPED


def _words(cron: str) -> str:
    return cron_in_words(cron) or f"'{cron}'"
