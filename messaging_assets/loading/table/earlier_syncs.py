"""What earlier syncs of a resource left in its table and in its working files, finished or taken back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path

from messaging_assets.destination.names import REJECTED
from messaging_assets.foundation.failures import SyncFailure, TryAgainLater
from messaging_assets.loading import recovery
from messaging_assets.loading.kept_receipt import KeptReceipt
from messaging_assets.loading.recovery import finished_before, is_loaded, take_back_unfinished
from messaging_assets.loading.table.account_view import out_of_view
from messaging_assets.loading.table.removal import replace_window
from messaging_assets.loading.table.resource_table import ResourceTable
from messaging_assets.reading.cursors.marks import cursor_of
from messaging_assets.reading.receipt import Finding, Verdict
from messaging_assets.seams.dlt_names import DatabaseException
from messaging_assets.seams.dlt_packages import begin_loads_after
from messaging_assets.tables import failed_loads
from messaging_assets.tables.altered_tables import (
    refuse_foreign_table,
    refuse_taken_name,
    refuse_unknown_rows,
)
from messaging_assets.tables.child_tables import remove_orphans
from messaging_assets.tables.notes.sync_ledger import SyncLedger
from messaging_assets.tables.reconciliation import Load
from messaging_assets.tables.taking_away import Read
from messaging_assets.tables.window_rows import is_taken_back


def open_ledger(table: ResourceTable, warn: Callable[[str], None], is_anew: bool = False) -> None:
    """Find out what the destination knows, and finish the syncs of other windows that ended before their end.

    Args:
        table: the table.
        warn: takes a line for the run's log.
        is_anew: whether everything is read from its beginning, as somebody asked.

    Raises:
        MendDescription: the table is not one that this sync may go on with.
    """
    table.pipeline.activate()
    name = table.pipeline.default_schema_name
    if name and name not in table.pipeline.schema_names:
        # A kill while they were dropped left some of them; what they held is read again.
        table.forget_working_files()
    table.hold()
    refuse_foreign_table(table.pipeline, table.schema_name, table.resource.table, table.asset)
    table.ledger = table.new_ledger()
    begin_loads_after(load_id for one in table.ledger.syncs for load_id in one.load_ids)
    if not table.ledger.syncs:
        refuse_taken_name(table.pipeline, table.schema_name, table.resource.table, table.asset)
    if table.is_appended and cursor_of(table.resource.endpoint) and not (table.ledger.syncs or is_anew):
        refuse_unknown_rows(table.pipeline, table.schema_name, table.resource.table, table.asset)
    _finish_open_syncs(table, table.ledger, warn)


def take_back(table: ResourceTable) -> None:
    """Take out what loads that did not finish have appended."""
    begun = table.ledger.unfinished() if table.ledger else []
    take_back_unfinished(table.pipeline, _appended_to(table), table.schema_name, begun)
    if table.is_appended:
        remove_orphans(table.pipeline, table.resource, table.schema_name)


def load_pending(table: ResourceTable, kept: KeptReceipt | None) -> list[Load]:
    """Load what an earlier sync fetched and did not load.

    Args:
        table: the table.
        kept: the receipt of that sync's read, if it was over.
    """
    assert table.ledger is not None
    if table.ledger.is_addition and table.pipeline.has_pending_data:
        # A replay of records set aside, which are still there.
        table.pipeline.drop()
    if table.may_be_overtaken and kept is None and table.pipeline.has_pending_data:
        # Which other windows were loaded since it was read, nobody knows.
        table.forget_working_files()
        return []
    if table.pipeline.has_pending_data:
        # Of a read whose rows are nowhere, only a job that it began is gone on with, from where the ledger stands.
        _note_kept_read(table, kept, table.ledger)

    def fits() -> bool:
        if table.is_beside_others:
            try:
                table.refuse_overtaken(frozenset((*kept.finished_before, *kept.load_ids) if kept else ()))
            except TryAgainLater:
                return False
        return True

    # What is pending may begin with the drop of the table.
    with out_of_view(table.description, table.resource) if table.pipeline.has_pending_data else nullcontext():
        return recovery.load_pending(table.pipeline, table.resource, kept is not None, table.ledger.agrees, fits)


def confirm_loaded(table: ResourceTable, kept: KeptReceipt, loads: list[Load]) -> bool:
    """Whether the read of a kept receipt is loaded, so that there is nothing to ask of the API.

    Args:
        table: the table.
        kept: the receipt of the read.
        loads: what was just loaded of it; empty where an earlier process did that.

    Raises:
        LoadDiffers: the table does not have its rows.
    """
    # What is appended is there for good, whatever was loaded since; behind a mark the list is asked for what is newer.
    is_whole_list = table.is_appended and table.window is None and not cursor_of(table.resource.endpoint)
    is_good = table.is_newest(kept) or is_whole_list
    if not is_good or not is_loaded(table.pipeline, kept.load_ids[-1]):
        return False
    if not loads:
        table.reconcile(*finished_before(table.pipeline, kept.load_ids[-1], table.window is None))
    return True


def put_away(table: ResourceTable, why: str) -> Path | None:
    """Let nobody try again what the destination refused for good; the next run reads anew.

    Args:
        table: the table.
        why: the sentence that a person reads; it is kept beside the package.

    Returns:
        The package's new place below the project's folder, if there was one.
    """
    table.receipts.forget()
    with suppress(DatabaseException):  # else the next run takes it back
        take_back_unfinished(table.pipeline, _appended_to(table), table.schema_name)
    place = failed_loads.put_away(table.pipeline, table.folders, why)
    return place.relative_to(table.folders.home) if place else None


def _appended_to(table: ResourceTable) -> list[str]:
    """The tables to which rows are only ever added."""
    return [table.resource.table + REJECTED] + [table.resource.table] * table.is_appended


def _note_kept_read(table: ResourceTable, kept: KeptReceipt | None, ledger: SyncLedger) -> None:
    """Note a kept read in the ledger where its sync ended before it could do that itself."""
    if kept is None or ledger.agrees(kept.load_ids) or not ledger.is_where_it_was(kept.noted_before):
        return
    ledger.note(kept.load_ids, kept.result)
    table.ledger = table.new_ledger()


def _finish_open_syncs(table: ResourceTable, ledger: SyncLedger, warn: Callable[[str], None]) -> None:
    """Take out what other windows' runs replaced, where they ended between their load and this, on any machine."""
    for one in ledger.open_and_read():
        if not is_loaded(table.pipeline, one.load_ids[-1]):
            continue
        if one.window is not None:
            table.ask_for_schema()
            if not is_taken_back(table.pipeline, table.resource, one):
                try:
                    read = Read(Finding(Verdict(one.verdict or 0), ""), one.set_aside)
                    replace_window(table, one.window, one.load_ids, read)
                except SyncFailure as failure:
                    warn(f"of an earlier run: {failure}")
        ledger.is_done(one)
