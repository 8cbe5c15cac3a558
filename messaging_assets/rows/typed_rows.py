"""A batch of records as Arrow columns, with what cannot be loaded and why."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from messaging_assets.rows.hard_deletes import HARD_DELETED
from messaging_assets.seams.dlt_names import C_DLT_ID
from messaging_assets.seams.dlt_values import get_row_hash


@dataclass
class TypedRows:
    """A batch of records as Arrow columns.

    Args:
        rows: the records, fields of one column under one name; those in `bad` are not to be used.
        arrays: a column's values by its name, as long as the rows.
        bad: why a record cannot be loaded, by its place.
        dropped: places and fields of values that the schema contract discards.
        deleted: for each record whether the API says that it is deleted; empty where dlt finds that by itself.
    """

    rows: list[dict[str, Any]]
    arrays: dict[str, Any] = field(default_factory=dict)
    bad: dict[int, str] = field(default_factory=dict)
    dropped: list[tuple[int, str]] = field(default_factory=list)
    deleted: list[bool] = field(default_factory=list)

    @property
    def good(self) -> list[int]:
        """Places of the records that can be loaded."""
        return [place for place in range(len(self.rows)) if place not in self.bad]

    def leave_out(self, column: str, reasons: Mapping[int, str]) -> None:
        """Leave records out because of a value in a column; the first reason for a record stays."""
        for place, reason in reasons.items():
            self.bad.setdefault(place, f"{column}: {reason}")

    def leave_out_empty(self, columns: Iterable[str]) -> None:
        """Leave out the records that have no value in one of these columns."""
        for column in sorted(columns):
            array = self.arrays.get(column)
            if array is None:
                empty = list(range(len(self.rows)))
            else:
                nulls = array.is_null().to_pylist() if array.null_count else []
                empty = [place for place, is_null in enumerate(nulls) if is_null]
            for place in empty:
                self.bad.setdefault(place, f"no {column}")

    def mark_deleted(self, deleted: list[bool] | None) -> None:
        """Take a truth value for each record, which says whether it is deleted, as a column of ours; None for none."""
        if deleted is None:
            return
        self.deleted = deleted
        self.arrays[HARD_DELETED] = pa.array(deleted, pa.bool_())

    def records(self, are_versions: bool = False) -> list[dict[str, Any]]:
        """The records that can be loaded, for dlt to type them.

        Args:
            are_versions: whether dlt makes a row's id of what is in it, which a null would make another.
        """
        if are_versions:
            return [{name: one for name, one in row.items() if one is not None} for row in self.records()]
        for place, name in self.dropped:
            self.rows[place] = {one: value for one, value in self.rows[place].items() if one != name}
        if self.deleted:
            return [{**self.rows[place], HARD_DELETED: self.deleted[place]} for place in self.good]
        return [self.rows[place] for place in self.good]

    def table(self, required: frozenset[str], versions_with: Collection[str] | None = None) -> Any:
        """The records that can be loaded as an Arrow table.

        Args:
            required: columns in which every row has a value.
            versions_with: columns of JSON, where a row's id is made of what is in it; None where it is random.
        """
        # dlt warns of every batch whose keys could be null when its own schema says that they are not.
        fields = [pa.field(name, array.type, name not in required) for name, array in self.arrays.items()]
        kept = pa.array(self.good, pa.int64())
        arrays = [array.take(kept) if self.bad else array for array in self.arrays.values()]
        row_id = pa.field(C_DLT_ID, pa.string(), False)
        if versions_with is None:
            ids = _row_ids(len(kept))
        else:
            ids = pa.array(_versions(dict(zip(self.arrays, arrays, strict=True)), versions_with), pa.string())
        return pa.table([*arrays, ids], pa.schema([*fields, row_id]))


def _row_ids(count: int) -> Any:
    """Random ids of rows, as dlt gives them (it would write each file a second time to add them)."""
    text = base64.b64encode(os.urandom(12 * count))
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), count, [None, pa.py_buffer(text)]).cast(pa.string())


def _versions(arrays: Mapping[str, Any], nested: Collection[str]) -> Iterator[str]:
    """A hash for each row of what the table has of it, as dlt makes it of what was sent.

    A field that is null or missing, 1 or 1.0, one way to write a moment or another: nobody could tell such versions of
    a row apart in the table.
    """
    columns = [_told_apart(array, name in nested) for name, array in arrays.items()]
    for row in zip(*columns, strict=True):
        held = {name: value for name, value in zip(arrays, row, strict=True) if value is not None}
        yield str(get_row_hash(held))


def _told_apart(array: Any, is_nested: bool) -> list[Any]:
    # Python's own moments have no nanoseconds.
    values: list[Any] = (array.cast(pa.int64()) if pa.types.is_timestamp(array.type) else array).to_pylist()
    return [None if one is None else _in_order(one) for one in values] if is_nested else values


def _in_order(text: str) -> str:
    """A text of JSON with its names in order; its numbers stay as they are, however long."""
    return json.dumps(json.loads(text, parse_float=str), sort_keys=True)
