"""Tables of nested lists (`nested: tables`), whose rows go when the row they were nested in goes."""

from __future__ import annotations

import json

from dlt.common.schema import Schema
from dlt.common.schema.utils import get_nested_tables
from dlt.destinations.exceptions import DatabaseUndefinedRelation
from dlt.pipeline.pipeline import Pipeline

from messaging_assets.api_description import Resource


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
    root = schema.naming.normalize_table_identifier(resource.name)
    with pipeline.sql_client() as sql:
        parent_id, row_id = sql.escape_column_name("_dlt_parent_id"), sql.escape_column_name("_dlt_id")
        # From the top down, so that grandchildren go with children.
        for table in get_nested_tables(schema.tables, root, include_self=False):
            child, parent = (sql.make_qualified_table_name(str(name)) for name in (table["name"], table["parent"]))
            orphaned = f"{child} WHERE {parent_id} NOT IN (SELECT {row_id} FROM {parent})"
            try:
                count = int((sql.execute_sql(f"SELECT COUNT(*) FROM {orphaned}") or [(0,)])[0][0])
            except DatabaseUndefinedRelation:
                continue
            if count:
                sql.execute_sql(f"DELETE FROM {orphaned}")
            gone += count
    return gone
