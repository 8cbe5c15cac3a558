"""Questions to a loaded table, in SQL that every dlt SQL destination understands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from dlt import Dataset

from messaging_assets.description.api import Resource
from messaging_assets.description.names import HISTORY
from messaging_assets.description.table import MergeDisposition
from messaging_assets.destination.profile import configured_profile
from messaging_assets.foundation.redaction import plain_address
from messaging_assets.seams.dlt_names import DEFAULT_VALIDITY_COLUMN_NAMES, DatabaseException, columns_in, columns_of
from messaging_assets.tables.notes.doubted_windows import Doubt, doubted_windows
from messaging_assets.tables.table_rows import TableRows, dataset_rows, limited


@dataclass(frozen=True)
class TableCounts:
    """What one query of a table found.

    Args:
        exists: False before anything was loaded.
        rows: rows in the table.
        repeated_keys: keys that more than one row has.
        nulls: rows without a value, by column; all rows where the table has no such column.
    """

    exists: bool
    rows: int = 0
    repeated_keys: int = 0
    nulls: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Validity:
    """How a table that keeps old versions of its rows (dlt's `scd2`) tells those that are still valid.

    Args:
        column: holds the end of a version.
        still_valid: what stands there while there is none; None for null.
    """

    column: str
    still_valid: str | None = None


def validity(resource: Resource) -> Validity | None:
    """Which rows must not share a key, where the table keeps old versions of them (dlt's `scd2`)."""
    written = resource.write_disposition
    if not isinstance(written, MergeDisposition) or written.strategy != "scd2":
        return None
    _, end = written.validity_column_names or DEFAULT_VALIDITY_COLUMN_NAMES
    return Validity(end, written.active_record_timestamp)


class LoadedTable:
    """A table of one resource in its destination.

    Args:
        dataset: the dataset it is in.
        table: the resource's name, or that of a child table.
    """

    def __init__(self, dataset: Dataset, table: str) -> None:
        self._dataset, self._table = dataset, table
        self._full_name: str | None = None
        self._longest = configured_profile().longest_name

    @property
    def full_name(self) -> str:
        """The table's name as SQL has it, without quotes; known without opening it once more after any question."""
        if self._full_name is None:
            with self._open():
                pass
        return str(self._full_name)

    @property
    def place(self) -> str:
        """The database, or the file, that the table is in, as an address without user and password."""
        client: Any = self._dataset.destination_client
        # What dlt itself shows of it.
        told = str(client.config)
        return plain_address(told) if "://" in told else told

    def named(self, suffix: str) -> str:
        """The name in the destination of a table whose name has more behind this one's, such as `__rejected`."""
        client: Any = self._dataset.destination_client
        return TableRows(client.sql_client, client.schema, self._longest).name_of(self._table + suffix)

    def nested(self, tables: Sequence[str]) -> list[str]:
        """Those of some tables, as dlt names them, that lists nested in this one's rows went to."""
        client: Any = self._dataset.destination_client
        separator = client.schema.naming.PATH_SEPARATOR
        return [name for name in tables if name.startswith(self.named("") + separator)]

    def count(
        self, keys: Sequence[str] = (), columns: Sequence[str] = (), validity: Validity | None = None
    ) -> TableCounts:
        """Count rows, repeated keys and nulls in one query.

        Args:
            keys: the primary key's columns, several for a composite key; empty to leave them out.
            columns: columns whose nulls are counted.
            validity: which rows must not share a key; None where none must.
        """
        with self._open() as table:
            there = table.columns()
            if there is None:
                return TableCounts(exists=False)
            known = [name for name in columns if table.plain(name) in there]
            nulls = [f"COUNT(*) - COUNT({table.quoted(name)})" for name in known]
            has_keys = bool(keys) and all(table.plain(key) in there for key in keys)
            query = _grouped(table, keys, nulls, validity) if has_keys else _plain(table, nulls)
            [found] = table.grouped(query) if has_keys else table.rows(query)
            rows, repeated, *counts = (int(value or 0) for value in found)
        counted = dict(zip(known, counts, strict=True))
        if keys and not has_keys and rows > 1:
            repeated = rows  # without the column, no row can be told from another
        return TableCounts(True, rows, repeated, {name: counted.get(name, rows) for name in columns})

    def valid_rows(self, validity: Validity | None) -> int:
        """How many rows are still valid; 0 where there is no table, or none that keeps old versions."""
        with self._open() as table:
            there = table.columns()
            if there is None or (validity and table.plain(validity.column) not in there):
                return 0
            return int(table.rows(f"SELECT COUNT(*) FROM {table.name} WHERE {_is_valid(table, validity)}")[0][0])

    def repeated_keys(
        self, keys: Sequence[str], limit: int = 10, validity: Validity | None = None
    ) -> list[tuple[Any, ...]]:
        """Some of the keys that more than one row has; none where the table has no such columns."""
        with self._open() as table:
            names = [table.quoted(key) for key in keys]
            where = " AND ".join([*(f"{name} IS NOT NULL" for name in names), _is_valid(table, validity)])
            listed = ", ".join(names)
            query = f"SELECT {listed} FROM {table.name} WHERE {where} GROUP BY {listed} HAVING COUNT(*) > 1"
            return table.some_rows(query, keys, limit)

    def keys_without(self, column: str, keys: Sequence[str], limit: int = 10) -> list[tuple[Any, ...]]:
        """Some of the keys whose row has no value in a column; none where the table has no such columns."""
        with self._open() as table:
            listed = ", ".join(table.quoted(key) for key in keys)
            query = f"SELECT {listed} FROM {table.name} WHERE {table.quoted(column)} IS NULL"
            return table.some_rows(query, (*keys, column), limit)

    def first_rows(self, limit: int) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Names of the table's columns and some of its rows, as the destination gives them; empty without a table."""
        with self._open() as table:
            return table.first_rows(limit)

    def doubted_windows(self, api: str, resource: Resource) -> list[Doubt]:
        """What of the windows that were loaded into it is in doubt."""
        assert resource.partitions is not None
        with dataset_rows(self._dataset, self._longest) as rows:
            history = rows.qualified(HISTORY)
            return doubted_windows(rows.select, history, api, resource.name, resource.partitions.begins)

    @contextmanager
    def _open(self) -> Iterator[_OpenTable]:
        with dataset_rows(self._dataset, self._longest) as rows:
            table = _OpenTable(rows, self._table)
            self._full_name = table.plain_name
            yield table


class _OpenTable:
    """A table while a connection to its destination is open."""

    def __init__(self, rows: TableRows, table: str) -> None:
        self._client, self._rows = rows.client, rows
        self.name, self.plain_name = rows.qualified(table), rows.qualified(table, quote=False)

    def plain(self, column: str) -> str:
        """A column's name for comparison; destinations fold the case of names each in its way."""
        return self._rows.column_name(column).lower()

    def quoted(self, column: str) -> str:
        return self._rows.column(column)

    def columns(self) -> set[str] | None:
        """Names of the table's columns; None where there is no table. Nothing is scanned."""
        found = columns_in(self._client, self.name)
        return None if found is None else {name.lower() for name in found}

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self._client.execute_query(query) as cursor:
            return [tuple(row) for row in cursor.fetchall()]

    def grouped(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query that groups a whole table, in little memory where the destination knows how to."""
        if little := getattr(self._client, "in_little_memory", None):
            # With a disk that is full it cannot be done so.
            with suppress(DatabaseException), little():
                return self.rows(query)
        return self.rows(query)

    def first_rows(self, limit: int) -> tuple[list[str], list[tuple[Any, ...]]]:
        if self.columns() is None:
            return [], []
        query = limited(f"SELECT * FROM {self.name}", limit, self._client.capabilities.sqlglot_dialect)
        with self._client.execute_query(query) as cursor:
            return columns_of(cursor), [tuple(row) for row in cursor.fetchall()]

    def some_rows(self, query: str, columns: Sequence[str], limit: int) -> list[tuple[Any, ...]]:
        there = self.columns() or set()
        if not all(self.plain(name) in there for name in columns):
            return []
        return self.grouped(limited(query, limit, self._client.capabilities.sqlglot_dialect))


def _is_valid(table: _OpenTable, validity: Validity | None) -> str:
    if validity is None:
        return "1 = 1"
    column, still_valid = table.quoted(validity.column), validity.still_valid
    return f"{column} IS NULL" if still_valid is None else f"{column} = '{still_valid}'"


def _plain(table: _OpenTable, nulls: Sequence[str]) -> str:
    return f"SELECT {', '.join(['COUNT(*)', '0', *nulls])} FROM {table.name}"


def _grouped(table: _OpenTable, keys: Sequence[str], nulls: Sequence[str], validity: Validity | None) -> str:
    """Plain counts, which need no groups, beside the keys that more than one row has."""
    names = [table.quoted(key) for key in keys]
    where = " AND ".join(
        [*(f"{name} IS NOT NULL" for name in names), *([_is_valid(table, validity)] if validity else [])]
    )
    listed = ", ".join(names)
    repeated = f"SELECT {listed} FROM {table.name} WHERE {where} GROUP BY {listed} HAVING COUNT(*) > 1"
    counts = ["COUNT(*)", f"(SELECT COUNT(*) FROM ({repeated}) by_key)", *nulls]
    return f"SELECT {', '.join(counts)} FROM {table.name}"
