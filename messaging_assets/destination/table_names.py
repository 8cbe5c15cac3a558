"""The names that tables and columns have in a destination.

A file's names are not the table's: dlt writes `goneRows` as `gone_rows`, shortens what is too long for the destination,
and each naming convention has a way of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any

from dlt import Schema


class TableNames:
    """Names in a dataset.

    Args:
        client: dlt's SQL client.
        schema: the dlt schema that the tables were made by; its naming convention gives them their names.
        longest: characters of the longest name that dlt made.
    """

    def __init__(self, client: Any, schema: Schema, longest: int | None) -> None:
        self.client, self.schema = client, schema
        self._naming = copy(schema.naming)
        self._naming.max_length = longest  # type: ignore[assignment]

    def name_of(self, table: str) -> str:
        """The name that dlt gave the table of a resource, or of the rejected records or a nested list of one."""
        # A child's name has two underscores, which normalize_table_identifier would make one.
        return str(self._naming.normalize_tables_path(table))

    def qualified(self, table: str, quote: bool = True) -> str:
        """The table's name for SQL, with its dataset."""
        return str(self.client.make_qualified_table_name(self.name_of(table), quote=quote))

    def column_name(self, column: str) -> str:
        """The name that dlt gave a column."""
        return str(self._naming.normalize_path(column))

    def column(self, column: str) -> str:
        """The column's name for SQL."""
        return str(self.client.escape_column_name(self.column_name(column)))

    def hints(self, table: str, column: str) -> Mapping[str, Any]:
        """dlt's hints of a column; none where dlt does not know it."""
        known = self.schema.tables.get(self.name_of(table), {}).get("columns", {})
        return known.get(self.column_name(column), {})
