"""From a description to dlt: the source of one resource, which loads the typed batches that a read makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import dlt
from dlt.sources import DltResource, DltSource

from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.description.names import DELETED_AT
from messaging_assets.destination.names import REJECTED, schema_name
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.rows.hard_deletes import dlt_hints
from messaging_assets.seams.dlt_settings import own_settings

if TYPE_CHECKING:
    from messaging_assets.rows.batches import Batches

# What dlt notes of a table and its columns when a file says how rows are merged.
_MERGE_HINTS = ("x-merge-", "x-boundary-timestamp")
_VALIDITY = ("x-valid-from", "x-valid-to")
_COLUMN_HINTS = {
    *("primary_key", "merge_key", "hard_delete", "dedup_sort", "x-row-version", "x-active-record-timestamp"),
    *_VALIDITY,
}
_REJECTED_COLUMNS: dict[str, Any] = {
    "reason": {"data_type": "text", "nullable": False},
    "fields": {"data_type": "text"},
    "page": {"data_type": "bigint"},
    "rejected_at": {"data_type": "timestamp"},
    "record": {"data_type": "text"},
    "is_cut": {"data_type": "bool"},
    "steps": {"data_type": "text"},
}


def build_source(
    description: ApiDescription, resource: Resource, rows: Callable[[], Iterator[Any]], disposition: Any
) -> DltSource:
    """A dlt source whose one resource loads the batches that `rows` gives.

    Args:
        description: the API.
        resource: the resource with the file's defaults merged in.
        rows: gives Arrow tables or lists of records; called when dlt extracts.
        disposition: dlt's write disposition, short or long.
    """

    def batches() -> Iterator[Any]:
        yield from rows()

    reader = _reader(resource, batches, disposition)
    return dlt.source(lambda: reader, name=schema_name(description, resource))()


def definition_source(resource: Resource) -> DltSource:
    """The source that an asset is defined from; nothing is ever read with it.

    All of them share one schema, because making one costs more than everything else about a definition.
    """
    return DltSource(_definition_schema(), "messaging_assets", [_table(resource, [], resource.write_disposition)])


@lru_cache(maxsize=1)
@own_settings()
def _definition_schema() -> dlt.Schema:
    return dlt.Schema("messaging_assets")


def _reader(resource: Resource, rows: Callable[[], Iterator[Any]] | list[Any], disposition: Any) -> DltResource:
    reader = _table(resource, rows, disposition)
    # dlt begins a variant with the resource's own columns and keys; a rejected record has none of them.
    rejected: dict[str, Any] = {"table_name": resource.table + REJECTED, "create_table_variant": True}
    reader.apply_hints(**rejected, columns={}, primary_key=(), merge_key=(), write_disposition="append")
    reader.apply_hints(**rejected, columns=_REJECTED_COLUMNS)
    return reader


def _table(resource: Resource, rows: Callable[[], Iterator[Any]] | list[Any], disposition: Any) -> DltResource:
    written = disposition if isinstance(disposition, str) else disposition.model_dump(exclude_none=True)
    hints: dict[str, Any] = {
        "name": resource.table,
        "primary_key": list(resource.keys) or None,
        "merge_key": resource.merge_key,
        "write_disposition": written,
        "columns": dlt_columns(resource),
        "max_table_nesting": resource.max_table_nesting if resource.nested == "tables" else 0,
    }
    return dlt.resource(rows, **hints)


def forget_hints(schema: dlt.Schema, resource: Resource, asset: str, is_anew: bool) -> None:
    """Take out of dlt's schema what an earlier version of the file said of merging, which dlt itself never forgets.

    Args:
        schema: that of the source which is extracted, with what earlier syncs left in it.
        resource: what the file says now.
        asset: the asset's name in errors.
        is_anew: whether the table is dropped before the load.

    Raises:
        MendDescription: the table keeps versions of rows, and the file does not, or in another way.
    """
    naming = schema.naming
    table: Any = schema.tables.get(naming.normalize_tables_path(resource.table))
    if table is None:
        return
    said: Any = _reader(resource, [], resource.write_disposition).compute_table_schema()
    columns = {naming.normalize_path(name): column for name, column in said["columns"].items()}
    kept = _versions(table, table["columns"])
    if not is_anew and kept and kept != _versions(said, columns):
        raise MendDescription(
            "its table keeps old versions of rows (scd2), and the file does not any more, or in another way",
            "run it once with full_refresh, which reads everything into a new table, or give it another table_name",
            where=asset,
        )
    for hint in [one for one in table if one.startswith(_MERGE_HINTS) and one not in said]:
        del table[hint]
    for name, column in table["columns"].items():
        for hint in (_COLUMN_HINTS & column.keys()) - columns.get(name, {}).keys():
            del column[hint]


def _versions(table: Mapping[str, Any], columns: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The columns that tell valid versions of rows, and what stands for no end; none where a table keeps none."""
    if table.get("x-merge-strategy") != "scd2":
        return []
    ends = [(name, column) for hint in _VALIDITY for name, column in columns.items() if column.get(hint)]
    return [(name, str(column.get("x-active-record-timestamp"))) for name, column in ends]


def dlt_columns(resource: Resource) -> dict[str, Any]:
    """The declared columns in dlt's words.

    A column may be null in the table though the file says `nullable: false`, unless it is a key: a null that
    came is loaded and shown by its check, where a constraint would make the load of every other row fail.
    """
    own = {"nullable", "sensitive"}
    deleted_at = {DELETED_AT: {"name": DELETED_AT, "data_type": "timestamp", "nullable": True}}
    declared = {
        name: {
            "name": name,
            **column.model_dump(exclude_unset=True, exclude=own | ({"timezone"} if column.zone else set())),
            "nullable": name not in resource.keys,
        }
        for name, column in resource.columns.items()
    }
    declared |= {name: {**declared.get(name, {}), **hints} for name, hints in dlt_hints(resource).items()}
    return declared | (deleted_at if resource.deletes == "mark" else {})


def emit(batches: Batches, resource: Resource) -> Iterator[Any]:
    """The batch so far as dlt takes it: rows for the table, and rejected records for theirs."""
    for item in batches.flush():
        yield from emit_rows(batches, resource, item)
    rejected = batches.rejected()
    if rejected:
        yield dlt.mark.with_table_name(rejected, resource.table + REJECTED)


def emit_rows(batches: Batches, resource: Resource, item: Any) -> Iterator[Any]:
    """One item of a batch, with what is new of its columns."""
    # Where nested values go to tables, dlt finds those itself.
    is_known = {"json": True, "tables": False}[resource.nested]
    columns: Any = {name: hint for name, hint in batches.hints.items() if is_known or hint.get("data_type") != "json"}
    if columns:
        batches.hints.clear()
        item = dlt.mark.with_hints(item, dlt.mark.make_hints(columns=columns))
    yield item
