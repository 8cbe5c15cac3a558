"""What Dagster's history holds of many assets, asked for in a few queries however many they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dagster import AssetCheckKey, AssetKey, DagsterInstance, RunsFilter

from messaging_assets.seams.dagster_inside import InstigatorType

# As many as any database takes in one statement.
_AT_ONCE = 500
_DAEMONS = ("SCHEDULER", "SENSOR")


@dataclass(frozen=True)
class History:
    """The newest that is known of each thing.

    Args:
        assets: Dagster's entry of each asset that has one.
        runs: records of the assets' last runs, by run id.
        checks: the last answer of each check that has one.
        switched: whether a schedule or sensor is on, by kind and name, where somebody switched it.
        daemons: which of Dagster's daemons run.
    """

    assets: Mapping[AssetKey, Any]
    runs: Mapping[str, Any]
    checks: Mapping[AssetCheckKey, Any]
    switched: Mapping[tuple[InstigatorType, str], bool]
    daemons: frozenset[str]


def history_of(instance: DagsterInstance, keys: Sequence[AssetKey], checks: Sequence[AssetCheckKey]) -> History:
    """Ask an instance for all that it has of these assets and checks."""
    assets = {
        record.asset_entry.asset_key: record.asset_entry
        for some in in_parts(keys)
        for record in instance.get_asset_records(some)
    }
    run_ids = list(dict.fromkeys(entry.last_run_id for entry in assets.values() if entry.last_run_id))
    runs = {
        record.dagster_run.run_id: record
        for some in in_parts(run_ids)
        for record in instance.get_run_records(RunsFilter(run_ids=list(some)))
    }
    answers: dict[AssetCheckKey, Any] = {}
    for some in in_parts(checks):
        answers.update(instance.event_log_storage.get_latest_asset_check_execution_by_key(some))
    switched: dict[tuple[InstigatorType, str], bool] = {}
    for kind in (InstigatorType.SCHEDULE, InstigatorType.SENSOR):
        for state in instance.all_instigator_state(instigator_type=kind):
            one = (kind, state.instigator_name)
            switched[one] = switched.get(one, False) or state.is_running
    daemons = instance.get_daemon_statuses(_DAEMONS)
    running = frozenset(name for name in _DAEMONS if (found := daemons.get(name)) and found.healthy)
    return History(assets, runs, answers, switched, running)


def in_parts(many: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """As many things at once as one statement takes."""
    for start in range(0, len(many), _AT_ONCE):
        yield many[start : start + _AT_ONCE]
