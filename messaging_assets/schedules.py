"""The schedule of an API, from the cron line in its file."""

from collections.abc import Sequence

from dagster import (
    DefaultScheduleStatus,
    RunRequest,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    SkipReason,
    schedule,
)
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from messaging_assets.api_description import ApiDescription
from messaging_assets.cron_words import cron_in_words
from messaging_assets.jobs import job_name, unfinished_run, waiting_for


def build_schedules(
    description: ApiDescription, jobs: Sequence[UnresolvedAssetJobDefinition]
) -> list[ScheduleDefinition]:
    """The schedule `<api>_schedule` where the file has one; it is switched on in the UI.

    A tick is skipped while a run of the whole job is unfinished, so that syncs longer than their interval do not
    pile up. A sensor's run of some resources does not keep the others waiting: two syncs of one resource wait
    for each other themselves.

    Args:
        description: the API.
        jobs: its jobs, as `build_jobs` gives them.
    """
    own = description.schedule
    job = next((job for job in jobs if job.name == job_name(description.name)), None)
    if own is None or job is None:
        return []

    @schedule(
        job=job,
        cron_schedule=own.cron,
        execution_timezone=own.timezone,
        name=f"{description.name}_schedule",
        description=f"Syncs every resource of {description.name}: {_words(own.cron)}, {own.timezone} time.",
        default_status=DefaultScheduleStatus.STOPPED,
    )
    def sync_all(context: ScheduleEvaluationContext) -> RunRequest | SkipReason:
        run = unfinished_run(context.instance, job.name, whole=True)
        return SkipReason(waiting_for(run)) if run else RunRequest()

    return [sync_all]


def _words(cron: str) -> str:
    return cron_in_words(cron) or f"'{cron}'"
