"""Rows that other windows loaded while one was read: what was read before must not be put in their place.

Windows of one resource are read side by side. A row that moves from a window to another meanwhile is in both reads. A
merge by key would keep the version that is loaded last, not the one that was read last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from messaging_assets.foundation.failures import TryAgainLater
from messaging_assets.seams.dlt_names import columns_in
from messaging_assets.seams.dlt_packages import normalized_packages
from messaging_assets.tables.reconciliation import values_in_files
from messaging_assets.tables.table_rows import table_rows

if TYPE_CHECKING:
    from messaging_assets.loading.table.resource_table import ResourceTable


def finished_loads(table: ResourceTable) -> frozenset[str]:
    """The loads of a table's resource that reached their end so far."""
    with table_rows(table.pipeline) as rows:
        return rows.finished(table.schema_name)


def refuse_older_rows(table: ResourceTable, before: frozenset[str]) -> None:
    """Stop before a merge that could put older versions in the place of newer rows; they are to be read again.

    Args:
        table: the table, with the packages that are about to be loaded.
        before: the loads that were finished when the read began.

    Raises:
        TryAgainLater: rows of a later load have keys that are about to be loaded.
    """
    with table_rows(table.pipeline) as rows:
        if not (later := sorted(rows.finished(table.schema_name) - before)):
            return
        name, fields = rows.qualified(table.resource.table), table.resource.keys or table.resource.merge_keys
        keys = [rows.column_name(field) for field in fields]
        if not {*keys} <= {*(columns_in(rows.client, name) or ())}:
            return  # of windows without rows, whose keys have no type yet
        query = f"SELECT {', '.join(map(rows.column, fields))} FROM {name} WHERE {rows.of_loads(later)}"
        newer = {tuple(map(_as_read, row)) for row in rows.select(query, later)}
        own = rows.name_of(table.resource.table)
    packages = normalized_packages(table.pipeline).glob("*")
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
