"""The table of a list that had no row yet: with the columns whose types the file says."""

from __future__ import annotations

from dlt import Schema

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
