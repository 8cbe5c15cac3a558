"""dlt's normalizer of documents, which takes whole chunks of them where nothing in them is new to the schema."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from itertools import groupby
from typing import Any

import pyarrow as pa

# Since dlt 1.30: the writer of a table's files and their schema, and moments as a column has them.
from dlt.common.data_writers.writers import ParquetDataWriter
from dlt.common.libs.pyarrow import columns_to_arrow
from dlt.common.schema import TColumnSchema, TSchemaUpdate
from dlt.common.time import normalize_timezone

# Since dlt 1.30: a worker makes its normalizers of the classes that this module names.
from dlt.normalize import worker
from dlt.normalize.items_normalizers import JsonLItemsNormalizer

from messaging_assets.seams.normalizing.typed_columns import typed
from messaging_assets.seams.normalizing.unnesting import NotPlain, TableRows, unnested

# Fewer are done by dlt's own way before a chunk is looked at.
FEW = 100
# So many rows show dlt what is new in a chunk; each further time, more of them.
_FIRST_ROWS, _MORE = 250, 4
_is_ours: ContextVar[bool] = ContextVar("is_ours", default=False)


@contextmanager
def by_columns() -> Iterator[None]:
    """Let pipelines that are at work in the block normalize by columns; other pipelines of the process do not."""
    token = _is_ours.set(True)
    try:
        yield
    finally:
        _is_ours.reset(token)


class _EitherWriter(ParquetDataWriter):
    """dlt's writer of rows, which takes Arrow tables among them."""

    def write_data(self, items: Any) -> None:
        """See DataWriter."""
        for is_table, some in groupby(items, lambda item: isinstance(item, pa.Table)):
            if not is_table:
                super().write_data(list(some))
                continue
            assert self.schema is not None
            assert self.writer is not None
            for table in some:
                self.items_count += table.num_rows
                arrays = [
                    table.column(one.name) if one.name in table.column_names else pa.nulls(table.num_rows, one.type)
                    for one in self.schema
                ]
                self.writer.write_table(
                    pa.Table.from_arrays(arrays, schema=self.schema), row_group_size=self.parquet_format.row_group_size
                )


def _as_json_has_it(coerce: Callable[..., Any], to: str, own: str, value: Any) -> Any:
    """A truth value among texts as JSON writes it, where dlt makes it Python's."""
    is_truth_value = to == "text" and own == "bool" and _is_ours.get()
    return str(value).lower() if is_truth_value else coerce(to, own, value)


class NormalizerByColumns(JsonLItemsNormalizer):
    """dlt's normalizer of documents. A chunk that is not plain is dlt's alone, before anything of it is written."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._coerce_type = partial(_as_json_has_it, self._coerce_type)

    def _normalize_chunk(
        self, root_table_name: str, items: list[Any], may_have_pua: bool, skip_write: bool
    ) -> TSchemaUpdate:
        updates: TSchemaUpdate = {}
        rows = _FIRST_ROWS
        if not may_have_pua and not skip_write and _is_ours.get() and self._is_able:
            while len(items) >= FEW:
                try:
                    tables = self._tables(root_table_name, items)
                except NotPlain:
                    first, items = items[:rows], items[rows:]
                    rows *= _MORE
                    for name, found in super()._normalize_chunk(root_table_name, first, False, False).items():
                        updates.setdefault(name, []).extend(found)
                else:
                    self._write(tables)
                    return updates
        for name, found in super()._normalize_chunk(root_table_name, items, may_have_pua, skip_write).items():
            updates.setdefault(name, []).extend(found)
        return updates

    @property
    def _is_able(self) -> bool:
        has_filters = self._filtered_tables or self._filtered_tables_columns or self.schema._compiled_excludes
        return self.item_storage.writer_spec.file_format == "parquet" and not has_filters

    def _tables(self, root: str, items: list[Any]) -> dict[str, Any]:
        """A chunk as Arrow tables by name.

        Raises:
            NotPlain: dlt has to decide about something in it.
        """
        if not all(type(item) is dict and item for item in items):
            raise NotPlain
        return {
            one.name: self._table(one)
            for one in unnested(items, root, self.schema.data_item_normalizer, self.load_id)  # type: ignore[arg-type]
        }

    def _table(self, one: TableRows) -> Any:
        known = self.schema.tables.get(one.name)
        if known is None or known.get("parent") != (one.parent and one.parent.name):
            raise NotPlain
        columns = self.schema.get_table_columns(one.name)
        # No sync runs in another time zone of dlt's (`REFUSED` in seams/dlt_settings.py).
        schema = columns_to_arrow(columns, self.config.destination_capabilities, "UTC")
        arrays = {}
        for name, values in one.columns.items():
            if name in columns:
                own: set[Any] = {self._type_map.get(kind) for kind in set(map(type, values)) - {type(None)}}
                coerce, data_type = partial(self._coerced, columns[name]), str(columns[name]["data_type"])
                arrays[name] = typed(values, data_type, schema.field(name).type, own, coerce)
            elif any(value is not None for value in values):
                raise NotPlain
            else:
                self._null_only_columns.setdefault(one.name, set()).add(name)
        fields = [schema.field(name) for name in arrays]
        required = {field.name for field in schema if not field.nullable}
        if required - arrays.keys() or any(arrays[name].null_count for name in required):
            raise NotPlain
        return pa.Table.from_arrays(list(arrays.values()), schema=pa.schema(fields))

    def _coerced(self, column: TColumnSchema, value: Any) -> Any:
        to: Any = column["data_type"]
        own = self._py_type_to_sc_type(type(value))
        made = value if own == to else self._coerce_type(to, own, value)
        if to != "timestamp":
            return made
        # Since dlt 1.31: a destination may have moments of one kind only.
        zone = getattr(self, "_timezone_override", None)
        return normalize_timezone(made, bool(column.get("timezone", True)) if zone is None else zone)

    def _write(self, tables: dict[str, Any]) -> None:
        for name, table in tables.items():
            writer = self.item_storage._get_writer(self.load_id, self.schema.name, name)
            writer.writer_cls = _EitherWriter
            if writer._writer and not isinstance(writer._writer, _EitherWriter):
                # dlt has rows of its own in this file, with a writer that takes no others.
                writer._rotate_file()
            writer.write_data_item(table, self.schema.get_table_columns(name))
            self._report_progress(name, table.num_rows)


worker.JsonLItemsNormalizer = NormalizerByColumns  # type: ignore[attr-defined]
