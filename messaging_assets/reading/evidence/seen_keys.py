"""The hashes of all keys that a list has brought so far, in little memory."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Set
from dataclasses import dataclass, field

# Up to here Python's own set is hardly larger than what would take its place, and faster.
_SMALL = 200_000
_KEYS_PER_BUCKET = 16


class SeenKeys:
    """A set of 64-bit hashes that only grows.

    Few are in a set of Python's, at 70 bytes a key; many are plain numbers in buckets of some ten, at 20 bytes.
    """

    def __init__(self, keys: Iterable[int] = ()) -> None:
        self._few: set[int] | None = set(keys)
        self._buckets: list[array[int]] = []
        self._number = 0

    def __len__(self) -> int:
        return self._number if self._few is None else len(self._few)

    def among(self, keys: Set[int]) -> set[int]:
        """Those of the keys that were seen."""
        if self._few is not None:
            return self._few.intersection(keys)
        buckets, mask = self._buckets, len(self._buckets) - 1
        return {key for key in keys if key in buckets[key & mask]}

    def add(self, keys: Set[int]) -> None:
        """Note keys that were not seen."""
        if self._few is None:
            self._put(keys)
            return
        self._few |= keys
        if len(self._few) > _SMALL:
            few, self._few = self._few, None
            self._put(few)

    def _put(self, fresh: Set[int]) -> None:
        self._number += len(fresh)
        before: list[array[int]] = []
        if self._number > len(self._buckets) * _KEYS_PER_BUCKET:
            before, size = self._buckets, 1 << (self._number // _KEYS_PER_BUCKET).bit_length()
            self._buckets = [array("q") for _ in range(size)]
        buckets, mask = self._buckets, len(self._buckets) - 1
        for bucket in (fresh, *before):
            for key in bucket:
                buckets[key & mask].append(key)


@dataclass
class SentKeys:
    """Keys that the API sent on more than one page, in all lists of a resource.

    Args:
        again: hashes of them.
        are_counted: whether a reading counts them as duplicates; else they are counted behind the processing steps.
    """

    again: set[int] = field(default_factory=set)
    are_counted: bool = True
