"""Whether a table has the rows that its marks are of: one that was put back from an older copy lacks the newest.

A mark stands in dlt's state, which is another table. So what was noted beside it is compared with what is there.
"""

from __future__ import annotations

import dlt

from messaging_assets.description.resource import Resource
from messaging_assets.description.table import MergeDisposition
from messaging_assets.rows.written_rows import Written
from messaging_assets.seams.dlt_names import C_DLT_LOAD_ID
from messaging_assets.tables.table_rows import TableRows, limited

_LAST = "messaging_assets_last_rows"


def store_last_rows(resource: Resource, written: Written, load_id: str) -> None:
    """Let it be stored with a load that goes on from a mark that the table has rows of it.

    Args:
        resource: the resource with the file's defaults merged in.
        written: the rows of the load.
        load_id: the load.
    """
    if not written.rows or not (resource.endpoint.has_cursor or resource.only_changed_parents):
        return
    merge = resource.write_disposition if isinstance(resource.write_disposition, MergeDisposition) else None
    # A row that is there already may stay as an earlier load wrote it, and one that deletes leaves none.
    keeps_rows = merge and (merge.strategy in ("insert-only", "scd2") or merge.skip_unchanged_rows)
    is_filtered = merge and (merge.source_filter or merge.destination_scope)
    if keeps_rows or is_filtered or written.deleted:
        forget_last_rows()
    else:
        dlt.current.resource_state()[_LAST] = load_id


def forget_last_rows() -> None:
    """Let nothing be expected of the table."""
    dlt.current.resource_state().pop(_LAST, None)


def are_gone(rows: TableRows, table: str) -> bool:
    """Whether no row of the load that is noted is there, and none of a later one.

    Args:
        rows: the tables.
        table: the resource's own.
    """
    load_id = dlt.current.resource_state().get(_LAST)
    if load_id is None:
        return False
    # A bound value's place is nothing that can be parsed.
    query = f"SELECT 1 FROM {rows.qualified(table)} WHERE {rows.column(C_DLT_LOAD_ID)} >= '{load_id}'"
    return not rows.select(limited(query, 1, rows.client.capabilities.sqlglot_dialect))
