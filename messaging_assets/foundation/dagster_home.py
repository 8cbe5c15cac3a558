"""Dagster's own folder in this project: run history that survives a restart, and no telemetry."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click
from filelock import FileLock

from messaging_assets.foundation.folders import ProjectFolders
from messaging_assets.foundation.private_files import PRIVATE_FILE, SEE_STORAGE, write_private

if TYPE_CHECKING:
    from dagster import DagsterInstance

# What Dagster says of its settings, without their values, which may be secrets.
_WRONG_SETTING = re.compile(
    r"(?:Received unexpected config entr\w+|Missing required config entr\w+|Invalid scalar|Value) .*?"
    r"at (?:path root[\w:]*|the root)"
)
# Its words are short and hold no value of a row.
_SQLITE = re.compile(r"\(sqlite3\.OperationalError\) (.+)")
# Of alembic, behind two processes that began with an empty folder at once.
_MADE_TWICE = "more than one head present"
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
        click.UsageError: DAGSTER_HOME names no folder, or does not say the whole path, which Dagster insists on; or
            the path has a sign that Dagster takes for another.
    """
    named = os.environ.get("DAGSTER_HOME")
    if named and not Path(named).is_dir():
        raise click.UsageError(f"DAGSTER_HOME names {named}, which is no folder; set it to the one that Dagster uses")
    if named and not Path(named).is_absolute():
        whole = Path(named).resolve()
        raise click.UsageError(f"DAGSTER_HOME names {named}, which is not a whole path; set it to {whole}")
    home = Path(named) if named else folders.make().dagster
    # In an address of SQLite the path ends at the one, and as a pattern of files the other stands for a letter.
    if signs := [sign for sign in "?[" if sign in str(home)]:
        raise click.UsageError(
            f"Dagster finds neither storage nor dagster.yaml in {home}, for the {signs[0]} in its path; let "
            "DAGSTER_HOME name a folder without"
        )
    settings = home / "dagster.yaml"
    if not named and not settings.exists():
        # At once, because one that a full disk cut off would never be written again.
        partial = settings.with_suffix(".partial")
        write_private(partial, DAGSTER_YAML)
        partial.replace(settings)
    os.environ["DAGSTER_HOME"] = str(home)
    # A storage elsewhere has a server that minds two at once.
    if not settings.exists() or "storage" not in settings.read_text(encoding="utf-8", errors="replace"):
        _make_storage(home)
    return home


@contextmanager
def opened_instance(whole: bool = False) -> Iterator[DagsterInstance]:
    """Dagster's own storage, in the home that is settled.

    Args:
        whole: begin with what takes runs as well, which a run in this process does without.

    Raises:
        click.ClickException: Dagster does not begin with the `dagster.yaml` there.
    """
    from dagster import DagsterInstance

    try:
        instance = DagsterInstance.get()
        # Dagster begins with each of these when it is first asked for.
        for part in ("run_coordinator", *(("run_launcher", "scheduler") if whole else ())):
            getattr(instance, part)
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
    if found := _SQLITE.search(str(error)):
        return f"{found[1]}); {SEE_STORAGE}"
    if _MADE_TWICE in str(error):
        return "two processes made its storage at once); move the folders history and schedules away from there"
    return f"{type(error).__name__}); dagster instance info shows more"


def _make_storage(home: Path) -> None:
    """Create Dagster's databases now: two processes that both find them missing spoil them for ever."""
    with suppress(OSError), FileLock(home / ".storage.lock", mode=PRIVATE_FILE):
        if not (home / "schedules" / "schedules.db").exists():  # the last that is made
            with opened_instance() as instance:
                instance.get_runs_count()
                instance.all_asset_keys()
                instance.all_instigator_state()
