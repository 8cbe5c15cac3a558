"""Rows that a complete read no longer brought: deleted upstream, or moved out of a window.

Every load writes the rows that came with its own `_dlt_load_id`, so what is left with another id did not come.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from dlt.destinations.exceptions import DatabaseUndefinedRelation
from dlt.pipeline.pipeline import Pipeline

from messaging_assets.api_description import Resource
from messaging_assets.dlt_source import DELETED_AT
from messaging_assets.failures import MendDescription
from messaging_assets.partitions import Window


def empty_window(pipeline: Pipeline, table: str, window: Window, load_ids: Sequence[str]) -> int:
    """Delete the window's rows that this run did not bring.

    Args:
        pipeline: the resource's pipeline.
        table: its table.
        window: from start up to, but without, end, by the window's column.
        load_ids: the loads of this run.

    Returns:
        Rows deleted.
    """
    with pipeline.sql_client() as client:
        column = client.escape_column_name(window.column)
        within = f"{column} >= %s AND {column} < %s"
        return _delete(client, table, load_ids, within, (window.start, window.end))


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
        MendDescription: more rows would go than the file allows at once.
    """
    with pipeline.sql_client() as client:
        unmarked, values = ("", ())
        if resource.deletes == "mark":
            unmarked = f"{client.escape_column_name(DELETED_AT)} IS NULL"
        gone = _count(client, resource.name, load_ids, unmarked)
        rows = _count(client, resource.name, (), unmarked)
        if gone > resource.maximum_deleted_share * rows and not allow_many:
            raise MendDescription(
                f"{asset}: the API no longer has {gone} of {rows} rows, more than maximum_deleted_share allows at "
                "once; if that is right, run it with allow_many_deletes: true."
            )
        if not gone:
            return 0
        if resource.deletes == "remove":
            return _delete(client, resource.name, load_ids, "", values)
        table, where, ids = _where(client, resource.name, load_ids, unmarked)
        client.execute_sql(
            f"UPDATE {table} SET {client.escape_column_name(DELETED_AT)} = %s WHERE {where}",
            datetime.now(timezone.utc),
            *ids,
        )
    return gone


def _delete(client: Any, name: str, load_ids: Sequence[str], condition: str, values: tuple[Any, ...]) -> int:
    gone = _count(client, name, load_ids, condition, values)
    if gone:
        table, where, ids = _where(client, name, load_ids, condition)
        client.execute_sql(f"DELETE FROM {table} WHERE {where}", *values, *ids)
    return gone


def _count(client: Any, name: str, load_ids: Sequence[str], condition: str, values: tuple[Any, ...] = ()) -> int:
    table, where, ids = _where(client, name, load_ids, condition)
    try:
        return int(client.execute_sql(f"SELECT COUNT(*) FROM {table} WHERE {where}", *values, *ids)[0][0])
    except DatabaseUndefinedRelation:
        return 0


def _where(client: Any, name: str, load_ids: Sequence[str], condition: str) -> tuple[str, str, tuple[str, ...]]:
    conditions = [condition] if condition else []
    if load_ids:
        places = ", ".join(["%s"] * len(load_ids))
        conditions.append(f"{client.escape_column_name('_dlt_load_id')} NOT IN ({places})")
    return client.make_qualified_table_name(name), " AND ".join(conditions or ["1 = 1"]), tuple(load_ids)
