"""By which time a column of ours places the rows of a table in their windows: rows placed otherwise would be missed."""

from __future__ import annotations

import dlt

from messaging_assets.description.windows import WINDOW_AT
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.loading.marks.target import ReadTarget
from messaging_assets.seams.dlt_names import columns_in
from messaging_assets.tables.table_rows import TableRows

_PLACED_BY = "messaging_assets_placed_by"


def refuse_rows_placed_otherwise(target: ReadTarget, rows: TableRows) -> None:
    """Stop before a window is read into a table whose rows another time has placed, or none.

    Its earlier rows would not be found there: an append would have them twice, and a merge let others go.

    Args:
        target: the resource that is read.
        rows: the table.

    Raises:
        MendDescription: names the other time, or says that there is none.
    """
    windows, table = target.resource.partitions, target.resource.table
    if windows is None or target.resource.placing_column != WINDOW_AT or not rows.is_there(table):
        return
    placed_by = dlt.current.resource_state().get(_PLACED_BY)
    if placed_by not in (None, windows.column) and rows.has_rows(table):
        raise MendDescription(
            f"partitions.column '{placed_by}' has placed the rows of its table in windows, and the file says "
            f"'{windows.column}'",
            "write the former again, or give it another table_name and run its windows anew",
            where=target.asset,
        )
    if target.resource.disposition != "append":
        return
    has_column = rows.column_name(WINDOW_AT) in (columns_in(rows.client, rows.qualified(table)) or ())
    unplaced = rows.count(table, f"{rows.column(WINDOW_AT)} IS NULL" if has_column else "1 = 1")
    if unplaced:
        type_ = rows.hints(table, windows.column_name).get("data_type")
        declare = f"declare columns.{windows.column_name} with data_type: {type_}, which places them, or "
        raise MendDescription(
            f"{unplaced} rows of its table are in no window, as they came before partitions.format said how "
            f"'{windows.column}' is written, so an append would have them twice",
            f"{declare if type_ in ('timestamp', 'date') else ''}give it another table_name and run its windows anew",
            where=target.asset,
        )


def store_placing(target: ReadTarget) -> None:
    """Let it be stored with the rows which time has placed them."""
    windows = target.resource.partitions
    if windows is not None and target.resource.placing_column == WINDOW_AT:
        dlt.current.resource_state()[_PLACED_BY] = windows.column
