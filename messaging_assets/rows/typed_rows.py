"""A batch of records as Arrow columns, with what cannot be loaded and why."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
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

    def mark_deleted(self, deleted: list[bool]) -> None:
        """Take a truth value for each record, which says whether it is deleted, as a column of ours."""
        self.deleted = deleted
        self.arrays[HARD_DELETED] = pa.array(deleted, pa.bool_())

    def records(self) -> list[dict[str, Any]]:
        """The records that can be loaded, for dlt to type them."""
        for place, name in self.dropped:
            self.rows[place] = {one: value for one, value in self.rows[place].items() if one != name}
        if self.deleted:
            return [{**self.rows[place], HARD_DELETED: self.deleted[place]} for place in self.good]
        return [self.rows[place] for place in self.good]

    def table(self, required: frozenset[str], are_versions: bool = False) -> Any:
        """The records that can be loaded as an Arrow table.

        Args:
            required: columns in which every row has a value.
            are_versions: whether a row's id is made of what is in it, as dlt tells versions of rows apart.
        """
        # dlt warns of every batch whose keys could be null when its own schema says that they are not.
        fields = [pa.field(name, array.type, name not in required) for name, array in self.arrays.items()]
        kept = pa.array(self.good, pa.int64())
        arrays = [array.take(kept) if self.bad else array for array in self.arrays.values()]
        row_id = pa.field(C_DLT_ID, pa.string(), False)
        ids = pa.array(map(_version, self.records()), pa.string()) if are_versions else _row_ids(len(kept))
        return pa.table([*arrays, ids], pa.schema([*fields, row_id]))


def _row_ids(count: int) -> Any:
    """Random ids of rows, as dlt gives them (it would write each file a second time to add them)."""
    text = base64.b64encode(os.urandom(12 * count))
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), count, [None, pa.py_buffer(text)]).cast(pa.string())


def _version(record: Mapping[str, Any]) -> str:
    """The hash that dlt gives a row by its fields, as they were sent."""
    try:
        return str(get_row_hash(dict(record)))
    except TypeError:  # integers that are too large for it
        return str(get_row_hash({"": json.dumps(record, sort_keys=True, default=str)}))
