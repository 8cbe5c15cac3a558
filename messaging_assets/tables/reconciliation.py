"""Every load is held against the table: it has the rows that were written, whatever dlt says of its load.

The rows of a load carry its `_dlt_load_id`. How many of those written must be there depends on how they are written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from dlt import Pipeline

from messaging_assets.description.api import Resource
from messaging_assets.description.table import MergeDisposition
from messaging_assets.destination.names import REJECTED
from messaging_assets.destination.pipelines import keeps_rows_by_sql
from messaging_assets.foundation.failures import LoadDiffers
from messaging_assets.rows.batches import merge_strategy
from messaging_assets.rows.written_rows import Written
from messaging_assets.seams.dlt_names import DatabaseUndefinedRelation
from messaging_assets.seams.dlt_packages import ParsedLoadJobFileName
from messaging_assets.tables.loaded_table import validity


@dataclass(frozen=True)
class Load:
    """A load that is over.

    Args:
        load_id: dlt's name of it.
        written: the rows that it was given.
        nested: rows of its child tables by dlt's count, by table.
        is_last: whether nothing has changed its rows since: no later load, no window.
    """

    load_id: str
    written: Written
    nested: Mapping[str, int]
    is_last: bool = True


@dataclass(frozen=True)
class _Expected:
    """How many rows a query must find."""

    what: str
    query: str
    values: tuple[Any, ...]
    least: int
    most: int | None

    def difference(self, found: int) -> str | None:
        if self.least <= found and (self.most is None or found <= self.most):
            return None
        if self.most is None:
            wanted = f"{self.least} or more"
        else:
            wanted = f"{self.most}" if self.least == self.most else f"{self.least} to {self.most}"
        return f"{self.what} {found} rows, and was to have {wanted}"


def reconcile(pipeline: Pipeline, resource: Resource, asset: str, load: Load) -> None:
    """Compare the rows of a load with what was written, in one query.

    Where they differ, dlt's note that the load is finished goes. So the next run finds an unfinished load: what it
    appended is taken back, its cursors are forgotten, and everything is read again.

    Raises:
        LoadDiffers: names the table and both numbers.
    """
    if not keeps_rows_by_sql():
        return  # what dlt says of its jobs has to do for files
    with pipeline.sql_client() as client:
        expected = list(_Rules(pipeline, resource, client, load).expected())
        found = _counted(client, expected)
        differences = [one.difference(count) for one, count in zip(expected, found, strict=True)]
        difference = next((one for one in differences if one), None)
        if difference:
            loads = client.make_qualified_table_name(pipeline.default_schema.loads_table_name)
            client.execute_sql(f"DELETE FROM {loads} WHERE load_id = %s", load.load_id)
    if difference:
        raise LoadDiffers(
            f"after the load, {difference}; the load does not count, and the next run reads its rows again",
            "if it stays so, look for what else writes to the table",
            where=asset,
        )


def nested_rows(pipeline: Pipeline, load_id: str) -> dict[str, int]:
    """Rows by table as dlt's normalizer counted them in this process; empty where another one did."""
    trace = pipeline.last_trace
    info = trace.last_normalize_info if trace else None
    metrics = info.metrics.get(load_id) if info else None
    return {name: one.items_count for name, one in metrics[-1]["table_metrics"].items()} if metrics else {}


def rows_in_files(package: Path) -> dict[str, int]:
    """Rows by table as a package's Parquet files have them, for one that another process normalized."""
    rows: dict[str, int] = {}
    for path in package.glob("*_jobs/*.parquet"):
        table = ParsedLoadJobFileName.parse(path.name).table_name
        rows[table] = rows.get(table, 0) + int(pq.read_metadata(path).num_rows)
    return rows


def values_in_files(package: Path, table: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """The values of some columns in a package's Parquet files, a tuple for each row of a table.

    Args:
        package: the folder of the package.
        table: the table's name in the destination.
        columns: the columns' names there.
    """
    for path in package.glob("*_jobs/*.parquet"):
        if ParsedLoadJobFileName.parse(path.name).table_name == table:
            read = pq.read_table(path, columns=list(columns))
            yield from zip(*(read.column(name).to_pylist() for name in columns), strict=True)


class _Rules:
    """What the tables must have after a load."""

    def __init__(self, pipeline: Pipeline, resource: Resource, client: Any, load: Load) -> None:
        self._resource, self._client, self._load = resource, client, load
        self._schema = pipeline.default_schema
        naming = self._schema.naming
        self._table = naming.normalize_tables_path(resource.table)
        self._rejected = naming.normalize_tables_path(resource.table + REJECTED)
        self._load_id, self._row_id, self._parent_id = (
            client.escape_column_name(naming.normalize_identifier(name))
            for name in ("_dlt_load_id", "_dlt_id", "_dlt_parent_id")
        )
        written = resource.write_disposition
        self._merge = written if isinstance(written, MergeDisposition) else None
        self._strategy = merge_strategy(resource) if resource.disposition == "merge" else None

    def expected(self) -> Iterator[_Expected]:
        """The queries, and how many rows they must find."""
        written, own = self._load.written, f"{self._load_id} = %s"
        least, most = self._bounds()
        is_gone = self._resource.disposition == "replace" or self._strategy == "scd2"
        if most or is_gone:
            yield self._rows("has of this load", self._table, own, least, most)
        if self._load.is_last and not written.is_late:
            yield from self._in_all(most)
        if written.rejected:
            yield self._rows("has of this load", self._rejected, own, written.rejected, written.rejected)
        yield from self._nested(is_exact=least == most == written.rows)

    def _bounds(self) -> tuple[int, int]:
        """How many of the rows with this load's id are there, at least and at most."""
        written = self._load.written
        if self._resource.disposition != "merge" and not written.is_late:
            return (written.rows if self._load.is_last else 0), written.rows
        most = written.rows - written.deleted
        least = most
        if written.keys is not None and self._resource.keys:
            # Of the rows with one key the last counts; it may be one that deletes.
            most = min(written.keys, written.rows)
            least = max(most - written.deleted, 0)
        # A row that is in the table already stays as it is, or a condition of the file's own decides.
        is_compared = self._strategy == "scd2" or self._keeps_rows()
        is_filtered = self._merge and (self._merge.source_filter or self._merge.destination_scope)
        if is_compared or is_filtered or not self._load.is_last:
            least = 0
        return least, most

    def _in_all(self, most: int) -> Iterator[_Expected]:
        """How many rows the whole table must have."""
        if self._merge and (self._merge.source_filter or self._merge.destination_scope):
            return
        if self._resource.disposition == "replace":
            yield self._rows("has in all", self._table, "1 = 1", most, most)
        elif self._strategy == "scd2":
            if self._resource.keys and not self._resource.merge_keys and not self._load.written.keys:
                yield self._rows("has of valid versions", self._table, self._is_valid(), most, most)
        elif most and not self._load.written.deleted and self._keeps_rows():
            yield self._rows("has in all", self._table, "1 = 1", most, None)

    def _keeps_rows(self) -> bool:
        """Whether a row that is in the table may stay as an earlier load wrote it."""
        return self._strategy == "insert-only" or bool(self._merge and self._merge.skip_unchanged_rows)

    def _is_valid(self) -> str:
        valid = validity(self._resource)
        assert valid is not None
        column = self._client.escape_column_name(self._schema.naming.normalize_path(valid.column))
        return f"{column} IS NULL" if valid.still_valid is None else f"{column} = '{valid.still_valid}'"

    def _nested(self, is_exact: bool) -> Iterator[_Expected]:
        """Child rows, which have no load's id: those whose row, or whose row's row, is of this load."""
        of_load = {self._table: f"{self._load_id} = %s"}
        for name, table in self._schema.tables.items():
            parent = table.get("parent")
            if parent not in of_load:
                continue
            ids = f"SELECT {self._row_id} FROM {self._client.make_qualified_table_name(parent)} WHERE {of_load[parent]}"
            of_load[name] = f"{self._parent_id} IN ({ids})"
            if rows := self._load.nested.get(name, 0):
                yield self._rows("has of this load", name, of_load[name], rows if is_exact else 0, rows)

    def _rows(self, what: str, table: str, where: str, least: int, most: int | None) -> _Expected:
        name = self._client.make_qualified_table_name(table)
        values = (self._load.load_id,) if "%s" in where else ()
        query = f"SELECT COUNT(*) FROM {name} WHERE {where}"
        return _Expected(f"the table {table} {what}", query, values, least, most)


def _counted(client: Any, expected: list[_Expected]) -> list[int]:
    if not expected:
        return []
    query = "SELECT " + ", ".join(f"({one.query})" for one in expected)
    try:
        return [int(count) for count in client.execute_sql(query, *(v for one in expected for v in one.values))[0]]
    except DatabaseUndefinedRelation:
        if len(expected) == 1:
            return [0]
        return [_counted(client, [one])[0] for one in expected]
