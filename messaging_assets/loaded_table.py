"""Questions to a loaded table, in SQL that every dlt SQL destination understands."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from dlt.destinations.exceptions import DatabaseUndefinedRelation
from dlt.pipeline.pipeline import Pipeline


@dataclass(frozen=True)
class TableCounts:
    """What one scan of a table found.

    Args:
        exists: False before anything was loaded.
        rows: rows in the table.
        repeated_keys: keys that more than one row has.
        nulls: rows without a value, by column.
    """

    exists: bool
    rows: int = 0
    repeated_keys: int = 0
    nulls: dict[str, int] = field(default_factory=dict)


class LoadedTable:
    """A table of one resource in its destination.

    Args:
        pipeline: the resource's pipeline; nothing is loaded with it.
        table: the resource's name.
    """

    def __init__(self, pipeline: Pipeline, table: str) -> None:
        self._pipeline, self._table = pipeline, table

    @property
    def full_name(self) -> str:
        """The table's name as SQL has it, without quotes."""
        with self._client() as client:
            return str(client.make_qualified_table_name(self._name(client), quote=False))

    def count(self, keys: Sequence[str] = (), columns: Sequence[str] = ()) -> TableCounts:
        """Count rows, repeated keys and nulls in one scan.

        Args:
            keys: the primary key's columns, several for a composite key; empty to leave them out.
            columns: columns whose nulls are counted.
        """
        with self._client() as client:
            quoted = {name: self._column(client, name) for name in (*keys, *columns)}
            table = client.make_qualified_table_name(self._name(client))
            nulls = [f"SUM(CASE WHEN {quoted[name]} IS NULL THEN 1 ELSE 0 END)" for name in columns]
            if not keys:
                query = f"SELECT {', '.join(['COUNT(*)', '0', *nulls])} FROM {table}"
            else:
                query = _grouped(table, [quoted[key] for key in keys], nulls)
            found = self._rows(client, query, 1)
        if found is None:
            return TableCounts(exists=False)
        rows, repeated, *counts = (int(value or 0) for value in found[0])
        return TableCounts(True, rows, repeated, dict(zip(columns, counts)))

    def repeated_keys(self, keys: Sequence[str], limit: int = 10) -> list[tuple[Any, ...]]:
        """Some of the keys that more than one row has."""
        with self._client() as client:
            names = ", ".join(self._column(client, key) for key in keys)
            table = client.make_qualified_table_name(self._name(client))
            query = f"SELECT {names} FROM {table} GROUP BY {names} HAVING COUNT(*) > 1"
            return self._rows(client, query, limit) or []

    def keys_without(self, column: str, keys: Sequence[str], limit: int = 10) -> list[tuple[Any, ...]]:
        """Some of the keys whose row has no value in a column."""
        with self._client() as client:
            names = ", ".join(self._column(client, key) for key in keys)
            table = client.make_qualified_table_name(self._name(client))
            query = f"SELECT {names} FROM {table} WHERE {self._column(client, column)} IS NULL"
            return self._rows(client, query, limit) or []

    @contextmanager
    def _client(self) -> Any:
        with self._pipeline.sql_client() as client:
            yield client

    def _name(self, client: Any) -> str:
        return str(self._naming().normalize_table_identifier(self._table))

    def _column(self, client: Any, name: str) -> str:
        return str(client.escape_column_name(self._naming().normalize_identifier(name)))

    def _naming(self) -> Any:
        from dlt.common.schema import Schema

        return Schema(self._pipeline.dataset_name).naming

    def _rows(self, client: Any, query: str, limit: int) -> list[tuple[Any, ...]] | None:
        # The limit is taken here and not in SQL, where it has two spellings.
        try:
            with client.execute_query(query) as cursor:
                return list(cursor.fetchmany(limit))
        except DatabaseUndefinedRelation:
            return None


def _grouped(table: str, keys: Sequence[str], nulls: Sequence[str]) -> str:
    """One scan for a key of any number of columns: rows per key inside, sums outside."""
    inner = [*keys, "COUNT(*) AS n_rows", *(f"{null} AS n_null_{place}" for place, null in enumerate(nulls))]
    has_key = " AND ".join(f"{key} IS NOT NULL" for key in keys)
    outer = [
        "SUM(n_rows)",
        f"SUM(CASE WHEN n_rows > 1 AND {has_key} THEN 1 ELSE 0 END)",
        *(f"SUM(n_null_{place})" for place in range(len(nulls))),
    ]
    return f"SELECT {', '.join(outer)} FROM (SELECT {', '.join(inner)} FROM {table} GROUP BY {', '.join(keys)}) by_key"
