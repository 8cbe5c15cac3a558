"""The job of an API, which syncs all its resources, and the question whether one of its runs is under way."""

import os
import socket

from dagster import (
    AssetSelection,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    RunsFilter,
)

from messaging_assets.assets.translator import asset_key
from messaging_assets.description.api import ApiDescription
from messaging_assets.seams.dagster_inside import JobOfFew

_UNFINISHED = [
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]
# Of a run that no launcher of Dagster's looks after: the machine and the number of its process.
PROCESS_TAG = "messaging_assets/process"


def job_name(api: str) -> str:
    """The name of the job that syncs an API."""
    return f"{api}_sync"


def partitioned_job_name(api: str, windows: str) -> str:
    """The name of the job that syncs the resources of an API that are read in windows, such as daily ones."""
    return f"{api}_{windows}_sync"


def build_jobs(description: ApiDescription) -> list[JobOfFew]:
    """The jobs of an API, checks included; none where no resource is selected.

    `<api>_sync` covers the resources that are read as a whole, `<api>_<type>_sync` those of one length of window:
    one job cannot hold two partition definitions.
    """
    name, words = description.name, description.description or ""
    whole = {job_name(name): list(description.unpartitioned)}
    windows: dict[str, list[str]] = {}
    for resource in description.resources_in_full.values():
        if resource.partitions:
            windows.setdefault(partitioned_job_name(name, resource.partitions.type), []).append(resource.name)
    return [
        JobOfFew(
            job,
            selection=AssetSelection.assets(*(asset_key(description, resource) for resource in resources)),
            description=f"Syncs {', '.join(resources)} of {name} and answers the checks. {words}".strip(),
            # Dagster's run queue can be limited by it, an API at a time.
            tags={"messaging_assets/api": name},
        )
        for job, resources in {**whole, **windows}.items()
        if resources
    ]


def unfinished_run(instance: DagsterInstance, job: str, whole: bool = False) -> DagsterRun | None:
    """The newest run of a job that is queued or under way, whoever started it; None where all are finished.

    Args:
        instance: keeps the runs.
        job: the job's name.
        whole: pass over runs of some of the job's assets, as a sensor requests them.
    """
    runs = instance.get_runs(RunsFilter(job_name=job, statuses=_UNFINISHED))
    return next((run for run in runs if not (whole and run.asset_selection) and not is_gone(run)), None)


def of_this_process() -> dict[str, str]:
    """The tag of a run whose steps are in this process."""
    return {PROCESS_TAG: f"{socket.gethostname()} {os.getpid()}"}


def is_gone(run: DagsterRun) -> bool:
    """Whether an unfinished run will never finish, as its process was killed; only of this machine is that known."""
    machine, _, number = run.tags.get(PROCESS_TAG, "").rpartition(" ")
    # A run that repeats another has its tags, and a process of its own.
    if run.parent_run_id or machine != socket.gethostname() or not number.isdigit() or os.name == "nt":
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except OSError:
        pass  # it is another user's
    return False


def waiting_for(run: DagsterRun) -> str:
    """The sentence of a tick that is skipped because of an unfinished run."""
    state = run.status.value.lower().replace("_", " ")
    return f"{run.job_name} is not finished: run {run.run_id} is {state}; a later tick starts the next."
