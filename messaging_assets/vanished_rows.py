"""Rows that a complete read no longer brought, because they were deleted upstream.

Every load writes the rows that came with its own `_dlt_load_id`, so what is left with another id did not come.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from dlt.destinations.exceptions import DatabaseUndefinedRelation
from dlt.pipeline.pipeline import Pipeline

from messaging_assets.api_description import Resource
from messaging_assets.table_columns import DELETED_AT
from messaging_assets.taking_away import refuse_too_many


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
        unmarked = f"{client.escape_column_name(DELETED_AT)} IS NULL" if resource.deletes == "mark" else ""
        vanished = rows_of_other_loads(client, load_ids, unmarked)
        gone = count_rows(client, resource.name, vanished, load_ids)
        rows = count_rows(client, resource.name, unmarked or "1 = 1")
        refuse_too_many(resource, asset, gone, rows, allow_many)
        if not gone:
            return 0
        if resource.deletes == "remove":
            return delete_rows(client, resource.name, vanished, load_ids)
        table = client.make_qualified_table_name(resource.name)
        client.execute_sql(
            f"UPDATE {table} SET {client.escape_column_name(DELETED_AT)} = %s WHERE {vanished}",
            datetime.now(timezone.utc),
            *load_ids,
        )
    return gone


def rows_of_loads(client: Any, load_ids: Sequence[str], condition: str = "", word: str = "IN") -> str:
    """A condition for the rows of some loads that also meet another one; its values come before the loads'."""
    places = ", ".join(["%s"] * len(load_ids))
    loads = f"{client.escape_column_name('_dlt_load_id')} {word} ({places})"
    return f"{condition} AND {loads}" if condition else loads


def rows_of_other_loads(client: Any, load_ids: Sequence[str], condition: str) -> str:
    """A condition for the rows of all other loads that also meet another one."""
    return rows_of_loads(client, load_ids, condition, "NOT IN")


def delete_rows(client: Any, name: str, where: str, values: Sequence[Any]) -> int:
    """Delete a table's rows that meet a condition; how many."""
    if gone := count_rows(client, name, where, values):
        client.execute_sql(f"DELETE FROM {client.make_qualified_table_name(name)} WHERE {where}", *values)
    return gone


def count_rows(client: Any, name: str, where: str, values: Sequence[Any] = ()) -> int:
    """How many of a table's rows meet a condition; none where there is no table."""
    query = f"SELECT COUNT(*) FROM {client.make_qualified_table_name(name)} WHERE {where}"
    try:
        return int(client.execute_sql(query, *values)[0][0])
    except DatabaseUndefinedRelation:
        return 0
