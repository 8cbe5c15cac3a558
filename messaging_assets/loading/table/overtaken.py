"""Rows that other windows loaded while one was read: what was read before must not be put in their place.

Windows of one resource are read side by side. A row that moves from a window to another meanwhile is in both reads. A
merge by key would keep the version that is loaded last, not the one that was read last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlt import Pipeline

from messaging_assets.foundation.failures import TryAgainLater
from messaging_assets.seams.dlt_names import C_DLT_LOAD_ID, DatabaseUndefinedRelation, columns_of
from messaging_assets.seams.dlt_packages import normalized_packages
from messaging_assets.tables.reconciliation import values_in_files
from messaging_assets.tables.table_rows import table_rows

if TYPE_CHECKING:
    from messaging_assets.loading.table.resource_table import ResourceTable


def finished_loads(pipeline: Pipeline, schema_name: str) -> frozenset[str]:
    """The loads of a resource that came to their end so far.

    Args:
        pipeline: the resource's pipeline.
        schema_name: the name of its dlt schema.
    """
    with table_rows(pipeline) as rows:
        loads = rows.qualified("_dlt_loads")
        query = f"SELECT {rows.column('load_id')} FROM {loads} WHERE {rows.column('schema_name')} = %s"
        try:
            return frozenset(str(load_id) for (load_id,) in rows.select(query, (schema_name,)))
        except DatabaseUndefinedRelation:
            return frozenset()


def refuse_older_rows(table: ResourceTable, before: frozenset[str]) -> None:
    """Stop before a merge that could put older versions in the place of newer rows; they are to be read again.

    Args:
        table: the table, with the packages that are about to be loaded.
        before: the loads that were finished when the read began.

    Raises:
        TryAgainLater: rows of a later load have keys that are about to be loaded.
    """
    pipeline, resource = table.pipeline, table.resource
    if not (later := sorted(finished_loads(pipeline, table.schema_name) - before)):
        return
    naming = pipeline.default_schema.naming
    keys = [naming.normalize_path(key) for key in resource.keys or resource.merge_keys]
    own = naming.normalize_tables_path(resource.table)
    with table_rows(pipeline) as rows:
        places, listed = ", ".join(["%s"] * len(later)), ", ".join(map(rows.column, keys))
        where = f"{rows.column(C_DLT_LOAD_ID)} IN ({places})"
        with rows.client.execute_query(f"SELECT * FROM {rows.qualified(resource.table)} WHERE 1 = 0") as cursor:
            if not {*keys} <= {*columns_of(cursor)}:
                return  # of windows without rows, whose keys have no type yet
        there = rows.select(f"SELECT {listed} FROM {rows.qualified(resource.table)} WHERE {where}", tuple(later))
    newer = {tuple(map(_as_read, row)) for row in there}
    packages = normalized_packages(pipeline).glob("*")
    if any(row in newer for package in packages for row in values_in_files(package, own, keys)):
        table.forget_working_files()
        raise TryAgainLater(
            "rows that it read have come into another window meanwhile, which may have loaded newer versions of them",
            "run it again, so that it is read again",
            where=table.asset,
        )


def _as_read(value: Any) -> Any:
    # Numbers and moments are equal in whatever form they come; binary values of the database are not.
    return bytes(value) if isinstance(value, memoryview) else value
