"""Tables of nested lists (`nested: tables`), whose rows go when the row they were nested in goes."""

from __future__ import annotations

import json
from contextlib import suppress

from dlt import Pipeline, Schema

from messaging_assets.description.api import Resource
from messaging_assets.seams.dlt_names import C_DLT_ID, get_nested_tables
from messaging_assets.tables.table_rows import TableMissing, table_rows


def remove_orphans(pipeline: Pipeline, resource: Resource, schema_name: str) -> int:
    """Delete child rows whose parent row is not there.

    Args:
        pipeline: the resource's pipeline.
        resource: its nested lists.
        schema_name: the name of its dlt schema, which is asked of the destination; the working folder may be new.

    Returns:
        Rows deleted.
    """
    if resource.nested != "tables":
        return 0
    with pipeline.destination_client() as client:
        stored = client.get_stored_schema(schema_name)  # type: ignore[attr-defined]
    if stored is None:
        return 0
    schema, gone = Schema.from_stored_schema(json.loads(stored.schema)), 0
    root = schema.naming.normalize_tables_path(resource.table)
    with table_rows(pipeline, schema) as rows:
        parent_id, row_id = rows.column("_dlt_parent_id"), rows.column(C_DLT_ID)
        # From the top down, so that grandchildren go with children.
        for table in get_nested_tables(schema.tables, root, include_self=False):
            orphaned = f"{parent_id} NOT IN (SELECT {row_id} FROM {rows.qualified(str(table['parent']))})"
            # A table that somebody dropped has no orphans.
            with suppress(TableMissing):
                gone += rows.delete(str(table["name"]), orphaned)
    return gone
