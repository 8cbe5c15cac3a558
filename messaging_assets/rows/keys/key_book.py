"""Which keys came before in one read: two records can be one in three ways.

as_sent    the API sent a key on more than one page; the reading notes it
in_part    a key is in the batch in hand, or in an earlier one of this load (`rows/keys/part_keys.py`)
in_table   two keys of the API are one in the table (`rows/keys/table_keys.py`)
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Any

import orjson

from messaging_assets.answers.record_keys import hashes_of
from messaging_assets.description.api import Resource
from messaging_assets.reading.evidence.seen_keys import SentKeys
from messaging_assets.rows.keys.table_keys import TableKeys
from messaging_assets.rows.keys.versions import Versions


class KeyBook:
    """The keys of one read, shared by its lists and by its loads.

    Args:
        resource: what the file says of the table.
        is_child: whether the records are a child's, whose keys may hold a parent's fields.
        from_parent: the names of a child's fields that come from its parent's record.

    Attributes:
        names: the key's fields, where records with one key replace each other before the load; else empty.
        may_sort: whether dlt sorts records with one key by a column of the file's.
        is_child: whether the records are a child's.
        from_values: the columns that `for_each` gives, as a sentence says them.
        sees_repeats: whether repeats are seen behind the processing steps; else the reading sees them.
        as_sent: the keys that the API sent more than once.
        in_table: the keys as the table has them.
        versions: tells which of two records with one key is the newer one.
    """

    def __init__(self, resource: Resource, is_child: bool = False, from_parent: Set[str] = frozenset()) -> None:
        # An append-only table keeps every version, and where a merge has a column to sort by, dlt finds the last.
        strategy = getattr(resource.write_disposition, "strategy", None)
        self.may_sort = resource.disposition == "merge" and strategy in (None, "delete-insert")
        is_sorted = self.may_sort and any(column.dedup_sort for column in resource.columns.values())
        self.names = () if is_sorted or resource.disposition == "append" else resource.keys
        self.is_child, self._from_parent = is_child, from_parent
        self.from_values = ", ".join(f"_{name}" for name in resource.for_each or {})
        # The reading sees what repeats, but not behind a parent's fields and processing steps.
        self._has_windows = resource.endpoint.has_step
        repeats = is_child or self._has_windows or bool(resource.processing_steps or resource.steps)
        self.sees_repeats = bool(self.names) and repeats
        self.as_sent = SentKeys(are_counted=not self.sees_repeats)
        self.in_table, self.versions = TableKeys(), Versions(resource)
        # Maps each key already handed out to a hash of its record. Filled only when `sees_repeats`.
        self._loaded: dict[int, int] = {}

    def load(self, keys: Sequence[tuple[Any, ...]], rows: Sequence[dict[str, Any]]) -> None:
        """Note that records are handed out under these keys."""
        self._loaded.update(zip(hashes_of(keys), map(self.content, rows), strict=True))

    def loaded(self, hashed: int) -> int | None:
        """The hash of the record that was handed out under a key; None where none was."""
        return self._loaded.get(hashed)

    @property
    def earlier(self) -> Set[int]:
        """Hashes of the keys that are, or may be, in a batch that was handed out before."""
        return self._loaded.keys() if self.sees_repeats else self.as_sent.again

    def content(self, row: dict[str, Any]) -> int:
        """What tells whether two records with one key are the same; 0 where nobody asks."""
        if self._names_parent and not self._has_windows:
            return 0
        own = {name: value for name, value in row.items() if name not in self._from_parent}
        try:
            return hash(orjson.dumps(own, option=orjson.OPT_SORT_KEYS))
        except TypeError:  # integers that are too large for it
            return hash(repr(sorted(own.items())))

    def are_two(self, one: int, other: int) -> bool:
        """Whether contents of one key are of two records, and not of one that a later window has in a newer version."""
        is_of_windows = self._has_windows and (not self.is_child or self._names_parent)
        return one != other and not is_of_windows

    def is_loaded(self, hashed: int, row: dict[str, Any]) -> bool:
        """Whether a window repeats a record as it was handed out, so that nothing of it is new."""
        return self._has_windows and self._loaded.get(hashed) == self.content(row)

    @property
    def _names_parent(self) -> bool:
        return not self._from_parent.isdisjoint(self.names)
