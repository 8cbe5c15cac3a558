"""One sync as it was asked for, and what it leaves."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dagster import AssetExecutionContext

from messaging_assets.assets.metadata.hidden_metadata import without_secrets
from messaging_assets.assets.metadata.receipt_metadata import history_row, plain_metadata
from messaging_assets.assets.sync_config import SyncConfig
from messaging_assets.assets.translator import ApiTranslator, asset_key
from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.description.windows import Window
from messaging_assets.foundation.folders import ProjectFolders
from messaging_assets.foundation.redaction import Redaction
from messaging_assets.loading.passes.reads_ahead import ReadsAhead, may_begin
from messaging_assets.reading.receipt import ReadResult, Receipt
from messaging_assets.seams.dagster_dlt import DagsterDltResource
from messaging_assets.seams.dagster_inside import keys_of_this_process
from messaging_assets.tables.notes.sync_history import HistoryRow

# Runs of one process that are remembered, because a step of one may be tried again.
_MOST_RUNS = 8
_runs: dict[tuple[str, str], ReadsAhead] = {}


@dataclass(frozen=True)
class SyncResult:
    """What a sync leaves.

    Args:
        metadata: all metadata of its materialization, receipt included.
        read: how complete its read was.
        partition_rows: rows in the table by partition, where the sync was of partitions.
        acknowledge: to be called when Dagster has it. Until then another try takes the same result, because its rows
            are loaded: to read them again would append them twice.
        redaction: knows the sync's secrets, for whatever else is shown of it.
    """

    metadata: dict[str, Any]
    read: ReadResult
    partition_rows: Mapping[str, int] = field(default_factory=dict)
    acknowledge: Callable[[], None] = lambda: None
    redaction: Redaction = field(default_factory=Redaction)


@dataclass
class SyncTask:
    """What is read and loaded, for whom, and what was counted of it so far.

    Args:
        context: of the op that syncs.
        description: the API.
        resource: the resource, read in its window if it has one.
        window: the window of time that is read, if it is one.
        config: what the run asks for.
        loader: runs dlt and reports it to Dagster.
        translator: names what dlt loads for Dagster.
        folders: where working files are.
        ahead: the reads that the run begins before their turn.
        receipt: what was counted; each pass begins a new one.
        started: when it began, on the clock that only ever goes forward.
    """

    context: AssetExecutionContext
    description: ApiDescription
    resource: Resource
    window: Window | None
    config: SyncConfig
    loader: DagsterDltResource
    translator: ApiTranslator
    folders: ProjectFolders
    ahead: ReadsAhead
    receipt: Receipt = field(default_factory=Receipt)
    started: float = field(default_factory=time.monotonic)

    @property
    def redaction(self) -> Redaction:
        """Knows the secrets of the sync, and of those beside it."""
        return self.ahead.redaction

    @property
    def asset(self) -> str:
        """The asset's name in logs and errors."""
        return self.description.asset_of(self.resource)

    def plain(self, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """Metadata as plain values without secrets, fit for a file or a table."""
        return plain_metadata(without_secrets(metadata, self.redaction))

    def history(self, metadata: Mapping[str, Any], failure: str | None = None) -> HistoryRow:
        """What `sync_history` keeps of it; `failure` is the sentence of a sync that failed."""
        plain, seconds = self.plain(metadata), time.monotonic() - self.started
        return history_row(self.description, self.resource.name, self.window, plain, seconds, failure)


def reads_ahead(context: AssetExecutionContext, description: ApiDescription, folders: ProjectFolders) -> ReadsAhead:
    """Those of the run that an op belongs to."""
    of = context.run.run_id, description.name
    if of not in _runs:
        # Some end between two steps, and leave what they have begun.
        while len(_runs) >= _MOST_RUNS:
            _runs.pop(next(iter(_runs))).drop()
        every = description.resources_in_full.values() if description.client.max_in_flight > 1 else []
        by_key = {asset_key(description, one.name): one for one in every if may_begin(one)}
        keys = keys_of_this_process(context) if len(by_key) > 1 else []
        _runs[of] = ReadsAhead(description, folders, of[0], [by_key[key] for key in keys if key in by_key])
    return _runs[of]


def end_run(context: AssetExecutionContext, description: ApiDescription) -> None:
    """Drop what a run has begun, because it is interrupted."""
    if (ahead := _runs.get((context.run.run_id, description.name))) is not None:
        ahead.drop()
