"""Dagster's own folder in this project: run history that survives a restart, and no telemetry."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from messaging_assets.foundation.folders import ProjectFolders
from messaging_assets.foundation.private_files import write_private

if TYPE_CHECKING:
    from dagster import DagsterInstance

# What Dagster says of its settings, without their values, which may be secrets.
_WRONG_SETTING = re.compile(
    r"(?:Received unexpected config entr\w+|Missing required config entr\w+|Invalid scalar|Value) .*?"
    r"at (?:path root[\w:]*|the root)"
)
_NO_MODULE = re.compile(r"Couldn't import module (\w+)")
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


@contextmanager
def opened_instance() -> Iterator[DagsterInstance]:
    """Dagster's own storage, in the home that is settled.

    Raises:
        click.ClickException: Dagster does not begin with the `dagster.yaml` there.
    """
    from dagster import DagsterInstance

    try:
        instance = DagsterInstance.get()
    except Exception as error:  # noqa: BLE001 - Dagster's, YAML's or the database's own
        file = Path(os.environ["DAGSTER_HOME"]) / "dagster.yaml"
        raise click.ClickException(f"Dagster does not begin with {file} ({_said(error)}") from None
    with instance:
        yield instance


def _said(error: Exception) -> str:
    """What is wrong with Dagster's settings, without a value of them, and what to do."""
    line = getattr(getattr(error, "problem_mark", None), "line", None)
    if line is not None:
        return f"line {line + 1} is no YAML); correct it"
    if found := _NO_MODULE.search(str(error)):
        return f"{found[1]} is not installed); install it: pip install {found[1].replace('_', '-')}"
    if found := _WRONG_SETTING.search(str(error)):
        return f"{found[0]}); correct it"
    return f"{type(error).__name__}); dagster instance info shows more"


def _make_storage() -> None:
    """Create Dagster's databases now: two processes that both find them missing crash each other."""
    with opened_instance() as instance:
        instance.get_runs_count()
        instance.all_instigator_state()
        instance.all_asset_keys()
