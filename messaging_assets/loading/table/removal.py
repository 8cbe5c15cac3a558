"""Which rows go from a resource's table once a read is loaded: those deleted upstream, and a window's earlier ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from messaging_assets.description.windows import Window
from messaging_assets.destination.pipelines import loaded_dataset
from messaging_assets.foundation.failures import MendDescription, SyncFailure
from messaging_assets.loading.table.resource_table import ResourceTable
from messaging_assets.reading.receipt import ReadResult, Receipt
from messaging_assets.tables import window_rows
from messaging_assets.tables.child_tables import remove_orphans
from messaging_assets.tables.loaded_table import LoadedTable
from messaging_assets.tables.notes.sync_history import HistoryRow
from messaging_assets.tables.taking_away import Read, TakenOut, is_of_news, refuse_in_doubt, way_of, why_nothing_goes
from messaging_assets.tables.vanished_rows import delete_vanished


def refuse_to_take_away(table: ResourceTable, receipt: Receipt, allow_many: bool, is_refreshed: bool) -> None:
    """Stop before a load that swaps a table, or retires its rows, after a read that may lack some of them.

    Args:
        table: the table.
        receipt: what was counted.
        allow_many: whether the run says that a larger share may go.
        is_refreshed: whether the run begins with an empty table anyway.

    Raises:
        MendDescription: more rows would go than the file allows at once.
        ReadIncomplete: the read is in doubt.
    """
    left_before = table.ledger.left_before if table.ledger else None
    refuse_in_doubt(table.resource, table.asset, _as_loaded(table), receipt, left_before, allow_many, is_refreshed)


def rows_from_elsewhere(table: ResourceTable) -> int:
    """How many rows a sync finds in its table that came from another address of the API.

    Args:
        table: the table.

    Raises:
        MendDescription: the sync would take them out, or retire them, which is right only where the API has moved.
    """
    own = table.ledger.own.address if table.ledger else ""
    noted = [one.address for one in table.ledger.syncs if one.address] if table.ledger else []
    if not noted or noted[-1] == own:
        return 0
    rows = _as_loaded(table).count().rows
    if rows and (way_of(table.resource) or table.resource.deletes != "ignore" or table.window is not None):
        raise MendDescription(
            f"the {rows} rows of its table came from another address of the API, and this sync would let them go",
            "if the API has moved, run it once with allow_many_deletes: true; if these are two APIs, give one of the "
            "files another name or dataset",
            where=table.asset,
        )
    return rows


def _as_loaded(table: ResourceTable) -> LoadedTable:
    return LoadedTable(loaded_dataset(table.description, table.resource, table.folders), table.resource.table)


def settle(
    table: ResourceTable,
    load_ids: Sequence[str],
    result: ReadResult,
    allow_many: bool,
    history: Callable[[TakenOut], HistoryRow],
) -> TakenOut:
    """Take out what a complete read no longer brought, and note that the sync is done.

    Args:
        table: the table.
        load_ids: the loads of the sync.
        result: how complete its read was.
        allow_many: whether the run says that a larger share may go.
        history: what is kept of the sync.
    """
    taken = _take_out(table, load_ids, result, allow_many)
    if table.ledger:
        table.ledger.is_done(history=replace(history(taken), sync_id=table.ledger.own.sync_id))
    return taken


def _take_out(table: ResourceTable, load_ids: Sequence[str], result: ReadResult, allow_many: bool) -> TakenOut:
    if table.window is None and table.resource.deletes == "ignore":
        return TakenOut()
    table.fresh_pipeline()
    is_newest = table.ledger is None or table.ledger.is_newest()
    read = Read(result.finding, result.rows_set_aside, is_newest, is_of_news(table.resource))
    if table.window is not None:
        return replace_window(table, table.window, load_ids, read, allow_many)
    if why := why_nothing_goes("deletes", read):
        return TakenOut({"messaging_assets/deletes": f"none, because {why}"})
    return TakenOut({"messaging_assets/rows_deleted": _delete_vanished(table, load_ids, allow_many)})


def _delete_vanished(table: ResourceTable, load_ids: Sequence[str], allow_many: bool) -> int:
    """Mark or remove rows that were deleted upstream; how many.

    Raises:
        MendDescription: more rows would go than the file allows at once.
    """
    try:
        gone = delete_vanished(table.pipeline, table.resource, table.asset, load_ids, allow_many)
    except MendDescription:
        # The next run asks the API again, which may have its rows back.
        table.receipts.forget()
        raise
    if gone:
        remove_orphans(table.pipeline, table.resource, table.schema_name)
    return gone


def replace_window(
    table: ResourceTable, window: Window, load_ids: Sequence[str], read: Read, allow_many: bool = False
) -> TakenOut:
    """Take out the earlier rows of a window.

    Raises:
        SyncFailure: see `tables/window_rows.py`; what came is taken back then.
    """
    try:
        return window_rows.replace_window(
            table.pipeline, table.resource, table.asset, window, load_ids, read, allow_many
        )
    except SyncFailure:
        # What came is taken back, so it is to be read again; in this order, because each may be the last.
        table.receipts.forget()
        window_rows.take_back(table.pipeline, table.resource, load_ids)
        raise
    finally:
        remove_orphans(table.pipeline, table.resource, table.schema_name)
