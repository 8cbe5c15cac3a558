"""The table of one resource: its pipeline, its connection, and what the destination knows of its syncs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from dlt import Pipeline, Schema

from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.description.windows import Window
from messaging_assets.destination.names import schema_name
from messaging_assets.destination.pipelines import build_pipeline, keeps_rows_by_sql, open_database
from messaging_assets.foundation.failures import SyncFailure, TryAgainLater
from messaging_assets.foundation.folders import ProjectFolders
from messaging_assets.loading.kept_receipt import KeptReceipt, ReceiptFile
from messaging_assets.loading.sync_lock import only_load
from messaging_assets.loading.table.overtaken import finished_loads, refuse_older_rows, refuse_other_types
from messaging_assets.reading.receipt import ReadResult
from messaging_assets.tables.notes.sync_history import HistoryRow, add_row
from messaging_assets.tables.notes.sync_ledger import SyncLedger
from messaging_assets.tables.reconciliation import Load, reconcile
from messaging_assets.tables.table_rows import TableRows, table_rows

# Seconds that a failed sync waits for the DuckDB file, to leave its row of history there.
_WAIT_FOR_HISTORY = 5.0


class ResourceTable:
    """The table of one resource, with its pipeline, its ledger in the destination and its kept receipt.

    Args:
        description: the API.
        resource: the resource, read in its window if it has one.
        folders: where working files are.
        window: the window of time that this sync reads, if it is one.
        receipts: keeps the receipt of a read until Dagster has it.

    Attributes:
        pipeline: the resource's pipeline; made afresh for each load, because dagster-dlt takes its schema apart.
        ledger: what the destination knows of the resource's syncs; None where that is only files.
        loads_before: the loads that no window can overtake this sync by: those that it found finished, and its own.
    """

    def __init__(
        self,
        description: ApiDescription,
        resource: Resource,
        folders: ProjectFolders,
        window: Window | None,
        receipts: ReceiptFile,
    ) -> None:
        self.description, self.resource, self.folders, self.window = description, resource, folders, window
        self.receipts, self.asset = receipts, description.asset_of(resource)
        self.schema_name = schema_name(description, resource)
        self.ledger: SyncLedger | None = None
        self._held, self.loads_before = ExitStack(), frozenset[str]()
        self.pipeline = self.fresh_pipeline()

    def fresh_pipeline(self) -> Pipeline:
        """The resource's pipeline, made anew."""
        self.pipeline = build_pipeline(self.description, self.resource, self.folders)
        return self.pipeline

    def new_ledger(self) -> SyncLedger:
        """What the destination knows now of the resource's syncs."""
        if self.may_be_overtaken:
            self.loads_before = finished_loads(self.pipeline, self.schema_name)
        names = self.schema_name, self.asset, self.window
        return SyncLedger(self.pipeline, *names, self.is_beside_others, self.receipts.address)

    def hold(self) -> None:
        """Keep a database that is a file open up to `let_go`, and a table whose windows are synced side by side."""
        self.let_go()
        self._held.enter_context(open_database(self.pipeline))
        if self.is_beside_others:
            self._held.enter_context(only_load(self.asset, self.pipeline))

    def let_go(self) -> None:
        """Let other processes have the database, above all while the API is read."""
        self._held.close()

    @property
    def is_beside_others(self) -> bool:
        """Whether other windows of the resource may be synced meanwhile."""
        return bool(self.folders.window)

    @property
    def may_be_overtaken(self) -> bool:
        """Whether a row that it has read may be loaded by another window before."""
        return self.is_beside_others and self.resource.disposition == "merge"

    @contextmanager
    def tables(self) -> Iterator[TableRows]:
        """The resource's tables, while a connection is open."""
        self.fresh_pipeline()
        self.ask_for_schema()
        with table_rows(self.pipeline) as rows:
            yield rows

    @property
    def is_gone(self) -> bool:
        """Whether the destination has no such table."""
        if not keeps_rows_by_sql():
            return False
        with self.tables() as rows:
            return not rows.is_there(self.resource.table)

    @property
    def schema(self) -> Schema:
        """dlt's schema of a table that was loaded."""
        self.ask_for_schema()
        return self.pipeline.default_schema

    @property
    def is_appended(self) -> bool:
        """Whether rows are appended, so that a load that is repeated doubles them."""
        return self.resource.disposition == "append"

    def forget_working_files(self) -> None:
        """Begin dlt's working files anew."""
        self.pipeline.drop()
        self.receipts.forget()

    def is_newest(self, kept: KeptReceipt) -> bool:
        """Whether a kept receipt is that of the newest sync."""
        return self.ledger is not None and self.ledger.agrees(kept.load_ids)

    def reconcile(self, *loads: Load) -> None:
        """Hold loads against the table.

        Raises:
            LoadDiffers: the table does not have the rows that were written.
        """
        try:
            for load in loads:
                reconcile(self.pipeline, self.resource, self.asset, load)
        except SyncFailure:
            # What this read brought is to be read again.
            self.receipts.forget()
            raise

    def note(self, load_ids: Sequence[str], result: ReadResult | None) -> None:
        """Tell the destination what is about to be loaded, and of which read if that is over."""
        if self.ledger:
            self.hold()
            if self.is_beside_others:
                # What this sync loaded itself, in this pass or one before it, is no other window's.
                self.loads_before |= {*load_ids}
                self.refuse_overtaken(self.loads_before)
            self.ledger.note(load_ids, result)

    def refuse_overtaken(self, before: frozenset[str]) -> None:
        """Stop before a load (TryAgainLater) that does not fit those beyond `before`, and keep nothing of it."""
        try:
            refuse_other_types(self.pipeline, self.schema_name, self.asset)
            if self.may_be_overtaken:
                refuse_older_rows(self.pipeline, self.schema_name, self.resource, self.asset, before)
        except TryAgainLater:
            self.forget_working_files()
            raise

    def add_to_history(self, row: HistoryRow) -> None:
        """Add a sync's row to the history by itself, where the destination has answered this sync before."""
        if self.ledger is None:
            return
        client: Any = self.fresh_pipeline().sql_client()
        client.longest_wait = _WAIT_FOR_HISTORY
        with suppress(Exception), client:  # the failure that it tells of is told all the same
            add_row(client, row)

    def ask_for_schema(self) -> None:
        """Take the schema from the destination where the working files do not have it, because they were dropped."""
        if not self.pipeline.default_schema_name:
            self.pipeline.sync_destination()
