"""Dagster's own folder in this project: run history that survives a restart, and no telemetry."""

from __future__ import annotations

import os
from pathlib import Path

import click

from messaging_assets.foundation.folders import ProjectFolders
from messaging_assets.foundation.private_files import write_private

DAGSTER_YAML = """\
# Written once by messaging-assets; edit it freely, it is not written again.
# Reference: https://docs.dagster.io/deployment/oss/dagster-yaml
telemetry: {enabled: false}
nux: {enabled: false}  # no sign-up dialog over the first page

concurrency:
  runs:
    max_concurrent_runs: 4
    # Two runs of one API load the same tables; the second waits for the first.
    tag_concurrency_limits:
      - key: messaging_assets/api
        limit: 1
        value: {applyLimitPerUniqueValue: true}

# A run that does not get started is marked as failed instead of waiting for ever.
run_monitoring: {enabled: true, start_timeout_seconds: 300}

# Lines of the package, such as for whom a sync waits, stand in the run's log.
python_logs: {managed_python_loggers: [messaging_assets], python_log_level: INFO}

# Ticks that did nothing are kept for a day, the others for a month.
retention:
  schedule: {purge_after_days: {skipped: 1, failure: 30, success: 30}}
  sensor: {purge_after_days: {skipped: 1, failure: 30, success: 30}}
"""


def settle_dagster_home(folders: ProjectFolders) -> Path:
    """Point Dagster at the project's own folder, for this process and its children.

    A DAGSTER_HOME that is set already wins and is left as it is.

    Returns:
        Where Dagster keeps its storage.

    Raises:
        click.UsageError: DAGSTER_HOME names no folder, or does not say the whole path, which Dagster insists on.
    """
    named = os.environ.get("DAGSTER_HOME")
    if named and not Path(named).is_dir():
        raise click.UsageError(f"DAGSTER_HOME names {named}, which is no folder; set it to the one that Dagster uses")
    if named and not Path(named).is_absolute():
        whole = Path(named).resolve()
        raise click.UsageError(f"DAGSTER_HOME names {named}, which is not a whole path; set it to {whole}")
    if named:
        return Path(named)
    home = folders.make().dagster
    settings = home / "dagster.yaml"
    is_new = not settings.exists()
    if is_new:
        # At once, because one that a full disk cut off would never be written again.
        partial = settings.with_suffix(".partial")
        write_private(partial, DAGSTER_YAML)
        partial.replace(settings)
    os.environ["DAGSTER_HOME"] = str(home)
    if is_new:
        _make_storage()
    return home


def _make_storage() -> None:
    """Create Dagster's databases now: two processes that both find them missing crash each other."""
    from dagster import DagsterInstance

    with DagsterInstance.get() as instance:
        instance.get_runs_count()
        instance.all_instigator_state()
        instance.all_asset_keys()
