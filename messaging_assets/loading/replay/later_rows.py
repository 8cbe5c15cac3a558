"""Which records set aside the table has in a later version, so that to load them would undo an update."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone, tzinfo
from typing import Any

from messaging_assets.description.api import Resource
from messaging_assets.loading.replay.set_aside import SetAside
from messaging_assets.reading.cursors.marks import cursor_of, is_backward
from messaging_assets.reading.cursors.order import order_of
from messaging_assets.reading.times.notation import NoOrder
from messaging_assets.reading.times.zones import name_behind, zones_of
from messaging_assets.rows.batches import merge_strategy
from messaging_assets.rows.values.conversion import arrow_type, convert
from messaging_assets.seams.dlt_names import C_DLT_LOAD_ID, DatabaseUndefinedRelation
from messaging_assets.tables.table_rows import TableRows


def later_versions(rows: TableRows, resource: Resource, records: Sequence[SetAside]) -> tuple[set[str], set[str]]:
    """Which records have their key in the table already.

    Args:
        rows: the dataset's tables.
        resource: a resource whose rows are merged by its key.
        records: at most as many as one statement takes.

    Returns:
        The ids of those that a later version is there of, with `insert-only` any; and of those that came in the same
        load as what is there, of which the cursor does not tell which is later.
    """
    columns = [_values(rows, resource, name, records) for name in resource.keys]
    if not records or not columns or not all(column is not None for column in columns):
        return set(), set()
    keys = list(zip(*(column or () for column in columns), strict=True))
    first = [value for value in dict.fromkeys(key[0] for key in keys) if value is not None]
    if not first:
        return set(), set()
    cursor = _cursor_column(resource)
    sent = _values(rows, resource, cursor, records) if cursor else None
    names = [*resource.keys, *([cursor] if cursor and sent else [])]
    listed, places = ", ".join(map(rows.column, (C_DLT_LOAD_ID, *names))), ", ".join(["%s"] * len(first))
    query = f"SELECT {listed} FROM {rows.qualified(resource.table)} WHERE {rows.column(resource.keys[0])} IN ({places})"
    there: dict[tuple[Any, ...], tuple[str, Any]] = {}
    try:
        for load_id, *found in rows.select(query, first):
            key, value = tuple(found[: len(resource.keys)]), found[-1] if sent else None
            there[key] = max((str(load_id), value), there.get(key, ("", None)), key=lambda one: one[0])
    except DatabaseUndefinedRelation:
        return set(), set()
    is_any, later, alike = merge_strategy(resource) == "insert-only", set[str](), set[str]()
    for place, (key, one) in enumerate(zip(keys, records, strict=True)):
        load_id, value = there.get(key, ("", None))
        if load_id and (is_any or load_id > one.load_id):
            later.add(one.row_id)
        elif load_id == one.load_id:
            is_later = _is_later(resource, value, sent[place] if sent else None)
            if is_later is not False:
                (alike if is_later is None else later).add(one.row_id)
    return later, alike


def _is_later(resource: Resource, there: Any, own: Any) -> bool | None:
    """Whether the row in the table is later than the record by their cursors; None where these do not tell."""
    cursor = cursor_of(resource.endpoint)
    if cursor is None or there is None or own is None:
        return None
    try:
        if isinstance(there, str):
            difference = order_of(cursor, datetime.now(timezone.utc)).compare(there, own)
        else:
            difference = int(there > own) - int(there < own)
    except (NoOrder, TypeError):
        return None
    return (difference > 0) != is_backward(cursor) if difference else None


def _cursor_column(resource: Resource) -> str | None:
    """The column of the cursor; None where it is none, or stands inside of another field."""
    cursor = cursor_of(resource.endpoint)
    if cursor is None or cursor.cursor_in in ("answer", "link") or "." in cursor.cursor_path:
        return None
    return name_behind(resource.steps, cursor.cursor_path)


def _values(rows: TableRows, resource: Resource, name: str, records: Sequence[SetAside]) -> list[Any] | None:
    """The records' values as a column has them, None where one does not fit; no list where there is no such column."""
    hint = rows.hints(resource.table, name)
    if not hint.get("data_type"):
        return None
    type_ = arrow_type(hint["data_type"], hint.get("precision"), hint.get("scale"), hint.get("timezone"))
    zone: tzinfo | None = zones_of(resource).get(name)
    sent = [(one.record or {}).get(name) for one in records]
    found: list[Any] = convert(sent, hint["data_type"], type_, zone).array.to_pylist()
    return found
