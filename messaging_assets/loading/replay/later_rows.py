"""Which records set aside the table has in a later version, so that to load them would undo an update."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

from messaging_assets.description.api import Resource
from messaging_assets.loading.replay.set_aside import SetAside
from messaging_assets.reading.times.zones import zones_of
from messaging_assets.rows.batches import merge_strategy
from messaging_assets.rows.values.conversion import arrow_type, convert
from messaging_assets.seams.dlt_names import C_DLT_LOAD_ID, DatabaseUndefinedRelation
from messaging_assets.tables.table_rows import TableRows


def have_later_version(rows: TableRows, resource: Resource, records: Sequence[SetAside]) -> set[str]:
    """The ids of those records whose key a later load wrote; with `insert-only` any load.

    Args:
        rows: the dataset's tables.
        resource: a resource whose rows are merged by its key.
        records: at most as many as one statement takes.
    """
    hints = [rows.hints(resource.table, name) for name in resource.keys]
    if not records or not hints or not all(hint.get("data_type") for hint in hints):
        return set()
    zones = zones_of(resource)
    columns = [
        _values(hint, zones.get(name), [(one.record or {}).get(name) for one in records])
        for name, hint in zip(resource.keys, hints, strict=True)
    ]
    first = [value for value in dict.fromkeys(columns[0]) if value is not None]
    if not first:
        return set()
    loads: dict[tuple[Any, ...], str] = {}
    listed = ", ".join(map(rows.column, (*resource.keys, C_DLT_LOAD_ID)))
    places = ", ".join(["%s"] * len(first))
    query = f"SELECT {listed} FROM {rows.qualified(resource.table)} WHERE {rows.column(resource.keys[0])} IN ({places})"
    try:
        for *key, load_id in rows.select(query, first):
            loads[tuple(key)] = max(str(load_id), loads.get(tuple(key), ""))
    except DatabaseUndefinedRelation:
        return set()
    is_any = merge_strategy(resource) == "insert-only"
    keyed = zip(zip(*columns, strict=True), records, strict=True)
    return {one.row_id for key, one in keyed if key in loads and (is_any or loads[key] > one.load_id)}


def _values(hint: Any, zone: tzinfo | None, sent: list[Any]) -> list[Any]:
    """Values as the key's column has them; None where one does not fit."""
    type_ = arrow_type(hint["data_type"], hint.get("precision"), hint.get("scale"), hint.get("timezone"))
    found: list[Any] = convert(sent, hint["data_type"], type_, zone).array.to_pylist()
    return found
