"""Dagster: where its storage is, runs that hang, and whether what is switched on can tick."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from messaging_assets.cli.health.symptom import Symptom
from messaging_assets.foundation.failures import counted

if TYPE_CHECKING:
    from dagster import DagsterInstance

_LONG_HOURS = 24.0


def dagster(home: Path) -> Iterator[Symptom]:
    """What Dagster remembers, and whether its daemon is alive.

    Args:
        home: where its storage is.
    """
    from dagster import DagsterRunStatus, RunsFilter

    from messaging_assets.foundation.dagster_home import opened_instance

    with opened_instance(whole=True) as instance:
        yield from _daemon(instance)
        going_on = instance.get_run_records(RunsFilter(statuses=[DagsterRunStatus.STARTED]))
        ages = [(time.time() - (one.start_time or time.time())) / 3600 for one in going_on]
        stale = [one.dagster_run.run_id[:8] for one, hours in zip(going_on, ages, strict=True) if hours > _LONG_HOURS]
        if stale:
            what = f"runs that began more than {_LONG_HOURS:.0f} hours ago are still under way: {', '.join(stale)}"
            yield Symptom("runs", "warning", what, "look at them in the UI; terminate those whose process is gone")
        yield Symptom("Dagster", "good", f"its home is {home}, {counted(len(going_on), 'run')} under way")


def _daemon(instance: DagsterInstance) -> Iterator[Symptom]:
    if instance.is_ephemeral:
        return
    # Only a schedule or sensor that is switched on needs a daemon.
    switched_on = [one for one in instance.all_instigator_state() if one.is_running]
    if not switched_on:
        yield Symptom("schedules", "note", "no schedule or sensor is switched on", "switch them on under Automation")
        return
    number = "1 schedule or sensor is" if len(switched_on) == 1 else f"{len(switched_on)} schedules and sensors are"
    needed = [one for one in instance.get_daemon_statuses().values() if one.required]
    dead = [one.daemon_type.lower() for one in needed if not one.healthy]
    if dead:
        who = "Dagster's daemon is" if len(dead) == len(needed) else f"of Dagster's daemon {', '.join(dead)} is"
        what = f"{number} switched on, but {who} not alive"
        yield Symptom("daemon", "wrong", what, "start messaging-assets dev, or dagster-daemon run")
    else:
        yield Symptom("daemon", "good", f"alive; {number} switched on")
