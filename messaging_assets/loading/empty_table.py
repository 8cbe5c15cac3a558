"""The table of a list that had no row yet: with the columns whose types the file says."""

from __future__ import annotations

from dlt import Schema

from messaging_assets.description.resource import Resource
from messaging_assets.reading.times.zones import zones_of
from messaging_assets.rows.changed_columns import ZONE
from messaging_assets.seams.dlt_names import is_complete_column


def leave_out_untyped(schema: Schema, resource: str) -> None:
    """Take columns without a type, such as a key that nobody declared, out of a table's schema.

    The first row brings them. Until then dlt refuses a column that may not be null and has no type.

    Args:
        schema: dlt's schema of the resource, changed in place.
        resource: the resource's name.
    """
    table = schema.tables.get(schema.naming.normalize_tables_path(resource))
    columns = table["columns"] if table else {}
    for name in [name for name, column in columns.items() if not is_complete_column(column)]:
        del columns[name]


def note_zones(schema: Schema, resource: Resource) -> None:
    """Say in a new table's schema in which zone its moments are, before the first row is there to say it.

    Args:
        schema: dlt's schema of the resource, changed in place.
        resource: the resource with the file's defaults merged in.
    """
    table = schema.tables.get(schema.naming.normalize_tables_path(resource.table))
    for name, zone in zones_of(resource).items():
        column = table["columns"].get(schema.naming.normalize_path(name)) if table else None
        if column is not None and column.get("data_type") == "timestamp":
            column[ZONE] = zone.key  # type: ignore[literal-required]
