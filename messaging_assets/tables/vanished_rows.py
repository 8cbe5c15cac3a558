"""Rows that a complete read no longer brought, because they were deleted upstream.

Every load writes the rows that came with its own `_dlt_load_id`, so what is left with another id did not come.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone

from dlt import Pipeline

from messaging_assets.description.api import Resource
from messaging_assets.description.names import DELETED_AT
from messaging_assets.tables.table_rows import table_rows
from messaging_assets.tables.taking_away import refuse_too_many


def delete_vanished(
    pipeline: Pipeline, resource: Resource, asset: str, load_ids: Sequence[str], allow_many: bool
) -> int:
    """Mark or remove the rows of a table that a proven read no longer brought.

    Args:
        pipeline: the resource's pipeline.
        resource: says whether rows are marked or removed, and which share of the table at most.
        asset: the asset's name in errors.
        load_ids: the loads of this sync.
        allow_many: whether the run says that a larger share may go.

    Returns:
        Rows marked or removed.

    Raises:
        MendDescription: more rows would go than the file allows at once, or the table is not there.
    """
    with table_rows(pipeline) as rows:
        unmarked = f"{rows.column(DELETED_AT)} IS NULL" if resource.deletes == "mark" else ""
        vanished = rows.of_other_loads(load_ids, unmarked)
        gone = rows.count(resource.table, vanished, load_ids)
        all_rows = rows.count(resource.table, unmarked or "1 = 1")
        refuse_too_many("deletes", resource, asset, gone, all_rows, allow_many)
        if not gone:
            return 0
        if resource.deletes == "remove":
            return rows.delete(resource.table, vanished, load_ids)
        rows.update(resource.table, DELETED_AT, datetime.now(timezone.utc), vanished, load_ids)
    return gone
