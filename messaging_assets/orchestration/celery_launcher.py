"""Dagster's launcher of runs as tasks of Celery, under which a run that somebody cancels stays cancelled."""

# Since dagster-celery 0.29.1: its `terminate` ends the task and nothing else.
from dagster_celery import launcher


class CeleryRunLauncher(launcher.CeleryRunLauncher):  # type: ignore[misc]
    """Notes that a run is to be cancelled before its task is ended, as Dagster's other launchers do.

    Without that note the run ends as failed, and `run_retries` starts it again.
    """

    def terminate(self, run_id: str) -> bool:
        """See CeleryRunLauncher of dagster-celery."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        self._instance.report_run_canceling(run)
        return bool(super().terminate(run_id))
