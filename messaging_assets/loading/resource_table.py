"""The table of one resource, and what a sync puts right there before and after its rows are loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from dlt import Pipeline, Schema

from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.description.windows import Window
from messaging_assets.destination.names import REJECTED, schema_name
from messaging_assets.destination.pipelines import build_pipeline, keeps_rows_by_sql, loaded_dataset, open_database
from messaging_assets.foundation.failures import MendDescription, SyncFailure
from messaging_assets.foundation.folders import ProjectFolders
from messaging_assets.loading.kept_receipt import KeptReceipt, ReceiptFile
from messaging_assets.loading.recovery import finished_before, is_loaded, load_pending, take_back_unfinished
from messaging_assets.reading.cursors.marks import cursor_of
from messaging_assets.reading.receipt import Finding, ReadResult, Receipt, Verdict
from messaging_assets.seams.dlt_names import DatabaseException
from messaging_assets.tables.altered_tables import refuse_foreign_table, refuse_unknown_rows
from messaging_assets.tables.child_tables import remove_orphans
from messaging_assets.tables.failed_loads import put_away
from messaging_assets.tables.housekeeping import tidy_up
from messaging_assets.tables.loaded_table import LoadedTable
from messaging_assets.tables.notes.sync_history import HistoryRow, add_row
from messaging_assets.tables.notes.sync_ledger import SyncLedger
from messaging_assets.tables.reconciliation import Load, reconcile
from messaging_assets.tables.table_rows import TableRows, table_rows
from messaging_assets.tables.taking_away import Read, TakenOut, is_of_news, refuse_in_doubt, why_nothing_goes
from messaging_assets.tables.vanished_rows import delete_vanished
from messaging_assets.tables.window_rows import is_taken_back, replace_window, take_back

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
        warn: takes a line for the run's log.

    Attributes:
        pipeline: the resource's pipeline; made afresh for each load, because dagster-dlt takes its schema apart.
        ledger: what the destination knows of the resource's syncs; None where that is only files.
    """

    def __init__(
        self,
        description: ApiDescription,
        resource: Resource,
        folders: ProjectFolders,
        window: Window | None,
        receipts: ReceiptFile,
        warn: Callable[[str], None],
    ) -> None:
        self._description, self._resource, self._folders, self._window = description, resource, folders, window
        self._receipts, self._warn = receipts, warn
        self._asset = description.asset_of(resource)
        self._schema_name = schema_name(description, resource)
        self.ledger: SyncLedger | None = None
        self._held = ExitStack()
        self.pipeline = self.fresh_pipeline()

    def fresh_pipeline(self) -> Pipeline:
        """The resource's pipeline, made anew."""
        self.pipeline = build_pipeline(self._description, self._resource, self._folders)
        return self.pipeline

    def hold(self) -> None:
        """Keep a database that is a file open for the steps that follow, up to `let_go`."""
        self.let_go()
        self._held.enter_context(open_database(self.pipeline))

    def let_go(self) -> None:
        """Let other processes have the database, above all while the API is read."""
        self._held.close()

    @contextmanager
    def tables(self) -> Iterator[TableRows]:
        """The resource's tables, while a connection is open."""
        self.fresh_pipeline()
        self._ask_for_schema()
        with table_rows(self.pipeline) as rows:
            yield rows

    @property
    def is_gone(self) -> bool:
        """Whether the destination has no such table."""
        if not keeps_rows_by_sql():
            return False
        with self.tables() as rows:
            return not rows.is_there(self._resource.name)

    @property
    def schema(self) -> Schema:
        """dlt's schema of a table that was loaded."""
        self._ask_for_schema()
        return self.pipeline.default_schema

    @property
    def is_appended(self) -> bool:
        """Whether rows are appended, so that a load that is repeated doubles them."""
        return self._resource.disposition == "append"

    def forget_working_files(self) -> None:
        """Begin dlt's working files anew."""
        self.pipeline.drop()
        self._receipts.forget()

    def open_ledger(self, is_anew: bool = False) -> None:
        """Find out what the destination knows, and finish the syncs of other windows that ended before their end.

        Args:
            is_anew: whether everything is read from its beginning, as somebody asked.

        Raises:
            MendDescription: the table is not one that this sync may go on with.
        """
        self.pipeline.activate()
        name = self.pipeline.default_schema_name
        if name and name not in self.pipeline.schema_names:
            # A kill while they were dropped left some of them; what they held is read again.
            self.forget_working_files()
        self.hold()
        refuse_foreign_table(self.pipeline, self._schema_name, self._resource.name, self._asset)
        self.ledger = SyncLedger(self.pipeline, self._schema_name, self._asset, self._window)
        if self.is_appended and cursor_of(self._resource.endpoint) and not (self.ledger.syncs or is_anew):
            refuse_unknown_rows(self.pipeline, self._schema_name, self._resource.name, self._asset)
        self._finish_open_syncs(self.ledger)

    def take_back(self) -> None:
        """Take out what loads that did not finish have appended."""
        begun = self.ledger.unfinished() if self.ledger else []
        take_back_unfinished(self.pipeline, self._appended_tables, self._schema_name, begun)
        if self.is_appended:
            self.remove_orphans()

    def load_pending(self, kept: KeptReceipt | None) -> list[Load]:
        """Load what an earlier sync fetched and did not load.

        Args:
            kept: the receipt of that sync's read, if it was over.
        """
        assert self.ledger is not None
        if self.ledger.is_addition and self.pipeline.has_pending_data:
            # A replay of records set aside, which are still there.
            self.pipeline.drop()
        self._note_kept_read(kept, self.ledger)
        return load_pending(self.pipeline, self._resource, kept is not None, self.ledger.agrees)

    def confirm_loaded(self, kept: KeptReceipt, loads: list[Load]) -> bool:
        """Whether the read of a kept receipt is loaded, so that there is nothing to ask of the API.

        Args:
            kept: the receipt of the read.
            loads: what was just loaded of it; empty where an earlier process did that.

        Raises:
            LoadDiffers: the table does not have its rows.
        """
        # What is appended is there for good, whatever was loaded since.
        is_good = self.is_newest(kept) or (self.is_appended and self._window is None)
        if not is_good or not is_loaded(self.pipeline, kept.load_ids[-1]):
            return False
        if not loads:
            self.reconcile(*finished_before(self.pipeline, kept.load_ids[-1], self._window is None))
        return True

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
                reconcile(self.pipeline, self._resource, self._asset, load)
        except SyncFailure:
            # What this read brought is to be read again.
            self._receipts.forget()
            raise

    def note(self, load_ids: Sequence[str], result: ReadResult | None) -> None:
        """Tell the destination what is about to be loaded, and of which read if that is over."""
        if self.ledger:
            self.hold()
            self.ledger.note(load_ids, result)

    def refuse_to_take_away(self, receipt: Receipt, allow_many: bool, is_refreshed: bool) -> None:
        """Stop before a load that swaps a table, or retires its rows, after a read that may lack some of them.

        Args:
            receipt: what was counted.
            allow_many: whether the run says that a larger share may go.
            is_refreshed: whether the run begins with an empty table anyway.

        Raises:
            MendDescription: more rows would go than the file allows at once.
            ReadIncomplete: the read is in doubt.
        """
        left_before = self.ledger.left_before if self.ledger else None
        table = LoadedTable(loaded_dataset(self._description, self._resource, self._folders), self._resource.name)
        refuse_in_doubt(self._resource, self._asset, table, receipt, left_before, allow_many, is_refreshed)

    def settle(
        self,
        load_ids: Sequence[str],
        result: ReadResult,
        allow_many: bool,
        history: Callable[[TakenOut], HistoryRow],
    ) -> TakenOut:
        """Take out what a complete read no longer brought, and note that the sync is done.

        Args:
            load_ids: the loads of the sync.
            result: how complete its read was.
            allow_many: whether the run says that a larger share may go.
            history: what is kept of the sync.
        """
        taken = self._take_out(load_ids, result, allow_many)
        if self.ledger:
            self.ledger.is_done(history=replace(history(taken), sync_id=self.ledger.own.sync_id))
        return taken

    def add_to_history(self, row: HistoryRow) -> None:
        """Add a sync's row to the history by itself, where the destination has answered this sync before."""
        if self.ledger is None:
            return
        client: Any = self.fresh_pipeline().sql_client()
        client.longest_wait = _WAIT_FOR_HISTORY
        # The failure that it tells of is told all the same.
        with suppress(Exception), client:
            add_row(client, row)

    def delete_vanished(self, load_ids: Sequence[str], allow_many: bool) -> int:
        """Mark or remove rows that were deleted upstream; how many.

        Raises:
            MendDescription: more rows would go than the file allows at once.
        """
        try:
            gone = delete_vanished(self.pipeline, self._resource, self._asset, load_ids, allow_many)
        except MendDescription:
            # The next run asks the API again, which may have its rows back.
            self._receipts.forget()
            raise
        if gone:
            self.remove_orphans()
        return gone

    def replace_window(self, window: Window, load_ids: Sequence[str], read: Read, allow_many: bool = False) -> TakenOut:
        """Take out the earlier rows of a window.

        Raises:
            SyncFailure: see `tables/window_rows.py`; what came is taken back then.
        """
        try:
            return replace_window(self.pipeline, self._resource, self._asset, window, load_ids, read, allow_many)
        except SyncFailure:
            # What came is taken back, so it is to be read again; in this order, because each may be the last.
            self._receipts.forget()
            take_back(self.pipeline, self._resource, load_ids)
            raise
        finally:
            self.remove_orphans()

    def remove_orphans(self) -> None:
        """Delete rows of child tables whose parent row is gone."""
        remove_orphans(self.pipeline, self._resource, self._schema_name)

    def tidy(self) -> dict[str, Any]:
        """Remove what is past its retention, at most once a day; what there is to tell of it, as metadata."""
        return tidy_up(self._description, self._resource, self._folders)

    def put_away(self, why: str) -> Path | None:
        """Let nobody try again what the destination refused for good; the next run reads anew.

        Args:
            why: the sentence that a person reads; it is kept beside the package.

        Returns:
            The package's new place below the project's folder, if there was one.
        """
        self._receipts.forget()
        with suppress(DatabaseException):  # else the next run takes it back
            take_back_unfinished(self.pipeline, self._appended_tables, self._schema_name)
        place = put_away(self.pipeline, self._folders, why)
        return place.relative_to(self._folders.home) if place else None

    @property
    def _appended_tables(self) -> list[str]:
        return [self._resource.name + REJECTED] + [self._resource.name] * self.is_appended

    def _ask_for_schema(self) -> None:
        """Take the schema from the destination where the working files do not have it, because they were dropped."""
        if not self.pipeline.default_schema_name:
            self.pipeline.sync_destination()

    def _note_kept_read(self, kept: KeptReceipt | None, ledger: SyncLedger) -> None:
        """Note a kept read in the ledger where its sync ended before it could do that itself."""
        if kept is None or ledger.agrees(kept.load_ids) or not ledger.is_where_it_was(kept.noted_before):
            return
        ledger.note(kept.load_ids, kept.result)
        self.ledger = SyncLedger(ledger.pipeline, self._schema_name, self._asset, self._window)

    def _finish_open_syncs(self, ledger: SyncLedger) -> None:
        """Take out what other windows' runs replaced, where they ended between their load and this, on any machine."""
        for one in ledger.open_and_read():
            if not is_loaded(self.pipeline, one.load_ids[-1]):
                continue
            if one.window is not None:
                self._ask_for_schema()
                if not is_taken_back(self.pipeline, self._resource, one):
                    try:
                        read = Read(Finding(Verdict(one.verdict or 0), ""), one.set_aside)
                        self.replace_window(one.window, one.load_ids, read)
                    except SyncFailure as failure:
                        self._warn(f"of an earlier run: {failure}")
            ledger.is_done(one)

    def _take_out(self, load_ids: Sequence[str], result: ReadResult, allow_many: bool) -> TakenOut:
        if self._window is None and self._resource.deletes == "ignore":
            return TakenOut()
        self.fresh_pipeline()
        is_newest = self.ledger is None or self.ledger.is_newest()
        read = Read(result.finding, result.rows_set_aside, is_newest, is_of_news(self._resource))
        if self._window is not None:
            return self.replace_window(self._window, load_ids, read, allow_many)
        if why := why_nothing_goes("deletes", read):
            return TakenOut({"messaging_assets/deletes": f"none, because {why}"})
        return TakenOut({"messaging_assets/rows_deleted": self.delete_vanished(load_ids, allow_many)})
