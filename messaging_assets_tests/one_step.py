"""One asset, synced by its own op: alone, which is the shorter way by a third, or as a run of Dagster's.

Alone for what is about a sync; in a run for what Dagster makes of one: its tries, its events, its interruptions.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from dagster import (
    AssetCheckResult,
    AssetMaterialization,
    AssetsDefinition,
    AssetSelection,
    DagsterInstance,
    Failure,
    MaterializeResult,
    materialize,
)

from messaging_assets.assets.credentials import build_credentials, credentials_key
from messaging_assets.assets.resource_asset import build_assets
from messaging_assets.assets.translator import asset_key
from messaging_assets.description.api import ApiDescription
from messaging_assets.orchestration.asset_status import reason_of
from messaging_assets.seams.dagster_dlt import DagsterDltResource

_RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")


@dataclass
class Done:
    """What a sync left in Dagster.

    Attributes:
        error: why it is red, as a person reads it; empty when it is green.
        metadata: that of the materialization, or of the failure, as plain values.
        checks: what the checks found, by name.
        events: all that Dagster keeps of it, where it was a run.
        partition_rows: the rows of each partition of a run, by its key.
    """

    error: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    checks: dict[str, Any] = field(default_factory=dict)
    events: list[Any] = field(default_factory=list)
    partition_rows: dict[str, int] = field(default_factory=dict)

    @property
    def green(self) -> bool:
        """Whether the asset materialized, or its checks were answered."""
        return not self.error

    @property
    def receipt(self) -> dict[str, Any]:
        """The metadata without our namespace."""
        return {name.removeprefix("messaging_assets/"): value for name, value in self.metadata.items()}

    @property
    def tries(self) -> int:
        """How often Dagster tried."""
        return sum(event.is_step_start or event.is_step_restarted for event in self.events)


class History:
    """What an op asks an instance of Dagster's for: the materializations before."""

    def __init__(self) -> None:
        self._kept: list[AssetMaterialization] = []

    def report_runless_asset_event(self, event: AssetMaterialization) -> None:
        """Let it be the last."""
        self._kept.insert(0, event)

    def fetch_materializations(self, key: Any, limit: int) -> Any:
        """The last of an asset, the newest first."""
        found = [SimpleNamespace(asset_materialization=one) for one in self._kept if one.asset_key == key]
        return SimpleNamespace(records=found[:limit])


def context(**more: Any) -> Any:
    """What a sync uses of the context that Dagster gives an op; `more` is what the op itself uses."""
    plan = SimpleNamespace(get_executable_step_deps=dict)
    step = SimpleNamespace(execution_plan=plan, job_def=SimpleNamespace(asset_layer=None))
    return SimpleNamespace(
        log=logging.getLogger("dagster"),
        run=SimpleNamespace(run_id=uuid4().hex, run_config={}),
        job_def=SimpleNamespace(has_node_named=lambda name: False),
        retry_number=0,
        is_subset=False,
        has_assets_def=True,
        get_step_execution_context=lambda: step,
        **more,
    )


def alone(
    description: ApiDescription,
    name: str,
    history: History | DagsterInstance | None = None,
    *,
    secrets: Mapping[str, Any] | None = None,
    partition_key: str | None = None,
    config: Mapping[str, Any] | None = None,
    checks_only: bool = False,
) -> Done:
    """Do once what the op of a resource does.

    Args:
        description: the API.
        name: the resource.
        history: knows the syncs before, and this one afterwards; without it, there were none.
        secrets: those of the API; without them they are looked up where a user has them.
        partition_key: the window.
        config: what the run asks for.
        checks_only: whether only the checks are answered.
    """
    history = history or History()
    [asset] = [one for one in _assets(description) if one.key == asset_key(description, name)]
    given = context(
        instance=history,
        resources=SimpleNamespace(**_credentials(description, secrets)),
        op_execution_context=SimpleNamespace(op_config=dict(config or {})),
        selected_asset_keys=set() if checks_only else {asset.key},
        selected_asset_check_keys=asset.check_keys,
        has_partition_key=partition_key is not None,
        has_partition_key_range=False,
        partition_keys=[partition_key],
        partition_key=partition_key,
        add_asset_metadata=lambda *shown: None,
        log_event=lambda event: None,
        partition_time_window=partition_key and asset.partitions_def.time_window_for_partition_key(partition_key),
    )
    done = Done()
    try:
        for event in asset.op.compute_fn.decorated_fn(given):
            if isinstance(event, MaterializeResult):
                stored = AssetMaterialization(asset.key, metadata=event.metadata)
                history.report_runless_asset_event(stored)
                done.metadata = _plain(stored.metadata)
            for answer in [event] if isinstance(event, AssetCheckResult) else event.check_results:
                done.checks[str(answer.check_name)] = answer
    except Failure as failure:
        done.error, done.metadata = str(failure.description), _plain(failure.metadata)
    return done


def in_dagster(
    description: ApiDescription,
    instance: DagsterInstance | None = None,
    *,
    partition_key: str | None = None,
    partition_range: tuple[str, str] | None = None,
    config: Mapping[str, Any] | None = None,
    checks_only: bool = False,
) -> Done:
    """Materialize the one asset of an API in a run of Dagster's, in this process."""
    [asset] = _assets(description)
    result = materialize(
        [asset],
        instance=instance,
        resources={"dlt": DagsterDltResource(), **_credentials(description, None)},
        selection=AssetSelection.all_asset_checks() if checks_only else None,
        run_config={"ops": {asset.op.name: {"config": dict(config)}}} if config else None,
        partition_key=partition_key,
        tags=dict(zip(_RANGE, partition_range, strict=True)) if partition_range else None,
        raise_on_error=False,
    )
    done = Done(events=list(result.all_events))
    for event in result.get_asset_materialization_events():
        done.metadata = _plain(event.materialization.metadata)
        if event.materialization.partition:
            done.partition_rows[event.materialization.partition] = done.metadata["dagster/partition_row_count"]
    for failed in result.get_step_failure_events():
        told = failed.step_failure_data.user_failure_data
        done.error, done.metadata = reason_of(failed) or "no reason", _plain(told.metadata if told else {})
    done.checks = {one.check_name: one for one in result.get_asset_check_evaluations()}
    return done


def _assets(description: ApiDescription) -> list[Any]:
    return [one for one in build_assets(description) if isinstance(one, AssetsDefinition)]


def _credentials(description: ApiDescription, secrets: Mapping[str, Any] | None) -> dict[str, Any]:
    return {credentials_key(description.name): build_credentials(description, secrets)}


def _plain(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.value for name, value in metadata.items()}
