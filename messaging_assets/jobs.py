"""The job of an API, which syncs all its resources, and the question whether one of its runs is under way."""

from dagster import (
    AssetSelection,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    RunsFilter,
    define_asset_job,
)

# The type of what define_asset_job gives; Dagster keeps it out of its public names.
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from messaging_assets.api_description import ApiDescription
from messaging_assets.translator import asset_key

_UNFINISHED = [
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]


def job_name(api: str) -> str:
    """The name of the job that syncs an API."""
    return f"{api}_sync"


def build_jobs(description: ApiDescription) -> list[UnresolvedAssetJobDefinition]:
    """The job `<api>_sync` over every resource of the API, checks included; none where no resource is selected."""
    keys = [asset_key(description.name, name) for name in description.resources_in_full]
    if not keys:
        return []
    words = f"Syncs every resource of {description.name} and answers the checks. {description.description or ''}"
    job = define_asset_job(
        job_name(description.name), selection=AssetSelection.assets(*keys), description=words.strip()
    )
    return [job]


def unfinished_run(instance: DagsterInstance, job: str, whole: bool = False) -> DagsterRun | None:
    """The newest run of a job that is queued or under way, whoever started it; None where all are finished.

    Args:
        instance: keeps the runs.
        job: the job's name.
        whole: pass over runs of some of the job's assets, as a sensor requests them.
    """
    runs = instance.get_runs(RunsFilter(job_name=job, statuses=_UNFINISHED))
    return next((run for run in runs if not (whole and run.asset_selection)), None)


def waiting_for(run: DagsterRun) -> str:
    """The sentence of a tick that is skipped because of an unfinished run."""
    state = run.status.value.lower().replace("_", " ")
    return f"{run.job_name} is not finished: run {run.run_id} is {state}; a later tick starts the next."
