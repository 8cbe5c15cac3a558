"""All SQL of ours on the tables of a dataset: counting, deleting and changing rows, and which loads are finished.

Every statement takes its names from `destination/table_names.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from dlt import Dataset, Pipeline, Schema

from messaging_assets.destination.profile import DestinationProfile
from messaging_assets.destination.table_names import TableNames
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.seams.dlt_names import C_DLT_LOAD_ID, DatabaseUndefinedRelation
from messaging_assets.seams.dlt_settings import own_settings
from messaging_assets.tables.notes.moments import as_in_column


class TableMissing(MendDescription):
    """A table that dlt loaded rows into is not in the destination; to run it once with full_refresh makes it anew."""


class TableRows(TableNames):
    """The tables of a dataset while a connection to its destination is open."""

    def largest(self, table: str, column: str) -> Any:
        """The largest value that a column has; None where it has none, or dlt does not know it."""
        if not self.hints(table, column).get("data_type"):
            return None
        try:
            return self.select(f"SELECT MAX({self.column(column)}) FROM {self.qualified(table)}")[0][0]
        except DatabaseUndefinedRelation:
            return None

    def select(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query.

        Raises:
            DatabaseUndefinedRelation: a table of it is not there.
        """
        return [tuple(row) for row in self.client.execute_sql(query, *self._bound(values)) or ()]

    def _execute(self, statement: str, values: Sequence[Any]) -> None:
        self.client.execute_sql(statement, *self._bound(values))

    def _bound(self, values: Sequence[Any]) -> Iterator[Any]:
        return (as_in_column(value, self.client) for value in values)

    def was_filled(self, table: str) -> bool:
        """Whether dlt ever loaded rows into a table."""
        return self.name_of(table) in self.schema.data_table_names(seen_data_only=True)

    def has_rows(self, table: str) -> bool:
        """Whether a table has any row, which asks for less than their number.

        Raises:
            TableMissing: see `count`.
        """
        name = self.qualified(table)
        try:
            return bool(self.select(limited(f"SELECT 1 FROM {name}", 1, self.client.capabilities.sqlglot_dialect)))
        except DatabaseUndefinedRelation:
            # It tells which table is missing, or that none was made yet.
            return bool(self.count(table))

    def is_there(self, table: str) -> bool:
        """Whether the destination has a table, whatever dlt knows of it."""
        try:
            self.select(f"SELECT 1 FROM {self.qualified(table)} WHERE 1 = 0")
        except DatabaseUndefinedRelation:
            return False
        return True

    def count(self, table: str, where: str = "1 = 1", values: Sequence[Any] = ()) -> int:
        """How many rows of a table meet a condition; none before the first was loaded.

        Raises:
            TableMissing: dlt loaded rows into the table, and it is not there.
        """
        try:
            return int(self.select(f"SELECT COUNT(*) FROM {self.qualified(table)} WHERE {where}", values)[0][0])
        except DatabaseUndefinedRelation:
            if not self.was_filled(table):
                return 0
        name = self.qualified(table, quote=False)
        raise TableMissing(
            "rows were loaded into this table, and it is not in the destination",
            "if somebody dropped it, run its asset once with full_refresh, which makes it anew",
            where=name,
        )

    def count_by_load(self, table: str, where: str = "1 = 1", values: Sequence[Any] = ()) -> dict[str, int]:
        """How many rows that meet a condition each load brought; none where there is no table."""
        load = self.column(C_DLT_LOAD_ID)
        query = f"SELECT {load}, COUNT(*) FROM {self.qualified(table)} WHERE {where} GROUP BY {load}"
        try:
            return {str(load_id): int(rows) for load_id, rows in self.select(query, values)}
        except DatabaseUndefinedRelation:
            return {}

    def delete(self, table: str, where: str, values: Sequence[Any] = ()) -> int:
        """Delete the rows of a table that meet a condition; how many.

        Raises:
            TableMissing: see `count`.
        """
        if gone := self.count(table, where, values):
            self._execute(f"DELETE FROM {self.qualified(table)} WHERE {where}", values)
        return gone

    def update(self, table: str, column: str, value: Any, where: str, values: Sequence[Any] = ()) -> None:
        """Give a column of the rows that meet a condition a value."""
        changed = f"UPDATE {self.qualified(table)} SET {self.column(column)} = %s WHERE {where}"
        self._execute(changed, (value, *values))

    def of_loads(self, load_ids: Sequence[str], condition: str = "", word: str = "IN") -> str:
        """A condition for the rows of some loads that also meet another one; its values come before the loads'."""
        places = ", ".join(["%s"] * len(load_ids))
        loads = f"{self.column(C_DLT_LOAD_ID)} {word} ({places})"
        return f"{condition} AND {loads}" if condition else loads

    def of_other_loads(self, load_ids: Sequence[str], condition: str = "") -> str:
        """A condition for the rows of all other loads that also meet another one."""
        return self.of_loads(load_ids, condition, "NOT IN")

    def is_loaded(self, load_id: str) -> bool:
        """Whether a load reached its end, by dlt's own note of it."""
        where = f"{self.column('status')} = 0 AND {self.column('load_id')} = %s"
        try:
            return bool(self.select(f"SELECT COUNT(*) FROM {self._loads} WHERE {where}", (load_id,))[0][0])
        except DatabaseUndefinedRelation:
            return False

    def last_finished(self, schema_name: str) -> str | None:
        """The newest load of a schema that reached its end; None before the first.

        Raises:
            DatabaseUndefinedRelation: nothing was ever loaded into this dataset.
        """
        [(found,)] = self._of_finished(f"MAX({self.column('load_id')})", schema_name)
        # ClickHouse gives an empty text where others give null.
        return str(found) if found else None

    def finished(self, schema_name: str) -> frozenset[str]:
        """The loads of a schema that reached their end."""
        try:
            return frozenset(str(one) for (one,) in self._of_finished(self.column("load_id"), schema_name))
        except DatabaseUndefinedRelation:
            return frozenset()

    def _of_finished(self, what: str, schema_name: str) -> list[tuple[Any, ...]]:
        where = f"{self.column('status')} = 0 AND {self.column('schema_name')} = %s"
        return self.select(f"SELECT {what} FROM {self._loads} WHERE {where}", (schema_name,))

    @property
    def _loads(self) -> str:
        return str(self.client.make_qualified_table_name(self.schema.loads_table_name))


@contextmanager
def table_rows(pipeline: Pipeline, schema: Schema | None = None) -> Iterator[TableRows]:
    """Open a connection to the tables of a pipeline.

    Args:
        pipeline: the resource's pipeline.
        schema: the dlt schema that the tables were made by; None for the pipeline's own.
    """
    client: Any = pipeline.destination_client()
    with client.sql_client as sql:
        yield TableRows(sql, schema or client.schema, DestinationProfile(pipeline.destination).longest_name)


@contextmanager
def dataset_rows(dataset: Dataset, longest: int | None, longest_wait: float | None = None) -> Iterator[TableRows]:
    """Open a connection to the tables of a dataset, for questions that need no pipeline.

    Args:
        dataset: the dataset.
        longest: characters of the longest name that dlt made.
        longest_wait: seconds to wait for a DuckDB file that another process has; None for the bound of all syncs.
    """
    with own_settings():
        client: Any = dataset.destination_client
        sql_client: Any = dataset.sql_client
        if longest_wait is not None:
            sql_client.longest_wait = longest_wait
        with sql_client as sql:
            yield TableRows(sql, client.schema, longest)


def limited(query: str, limit: int, dialect: str | None) -> str:
    """A query that gives a number of rows at most, in the dialect's own spelling (LIMIT, TOP, FETCH)."""
    # Imported late: few processes ask for it.
    from sqlglot import exp, parse_one

    parsed = parse_one(query, read=dialect)
    assert isinstance(parsed, exp.Select)
    return parsed.limit(limit).sql(dialect=dialect)
