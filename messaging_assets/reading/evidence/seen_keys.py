"""The hashes of all keys that a list has brought so far, in little memory."""

from __future__ import annotations

import mmap
import tempfile
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, field
from operator import or_
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

# So many are in a set of Python's, at 70 bytes a key, before they are sorted.
_FEW = 50_000
# A longer run would take more memory while it is made than the others together.
_LONGEST_RUN = 1_000_000
# So much shorter than the run before it, a new one stays beside it.
_MUCH_SHORTER = 4
# Four bits of a filter for each key of the longest run, of which a key sets one; a key that is in none of the runs
# meets one that is set once in five times at most.
_FILTER_BYTES = 1 << 19


class SeenKeys:
    """A set of 64-bit hashes that only grows.

    The newest are in a set of Python's, all others in sorted runs of plain numbers, at 8 bytes a key. A filter takes
    half a byte more, because most keys are in no run. A run that grows no more goes to a temporary file without a
    name, which the system reads again as it needs.
    """

    def __init__(self, keys: Iterable[int] = ()) -> None:
        self.few: set[int] = set(keys)
        self.runs: list[Any] = []
        self.bits = bytearray()
        self.on_disk: list[tuple[Any, mmap.mmap, bytearray]] = []

    def __len__(self) -> int:
        return sum(map(len, (*self.runs, *(run for run, _, _ in self.on_disk))), len(self.few))

    def among(self, keys: Set[int]) -> set[int]:
        """Those of the keys that were seen."""
        found = self.few.intersection(keys)
        if self.runs and (likely := _likely(keys, self.bits)):
            found.update(_in_runs(self.runs, likely))
        for run, pages, bits in self.on_disk:
            if likely := _likely(keys, bits):
                found.update(_in_runs([run], likely))
                # Pages that were looked at would count as this process's memory until another needs it.
                if hasattr(mmap, "MADV_DONTNEED"):
                    pages.madvise(mmap.MADV_DONTNEED)
        return found

    def add(self, keys: Set[int]) -> None:
        """Note keys that were not seen."""
        self.few |= keys
        if len(self.few) > _FEW:
            few, self.few = self.few, set()
            run = _sorted(pa.array(few, pa.int64()))
            while self.runs and len(self.runs[-1]) + len(run) <= _LONGEST_RUN:
                if len(self.runs[-1]) > _MUCH_SHORTER * len(run):
                    break
                run = _sorted(pa.concat_arrays([self.runs.pop(), run]))
            new: Iterable[int] = few
            # The one before can take no other; it stays in memory where there is no room on disk.
            if self.runs and len(self.runs[-1]) + len(run) > _LONGEST_RUN and (moved := _moved(self.runs[-1])):
                self.on_disk.append((*moved, self.bits))
                self.runs.pop()
                # Keys of an earlier one, which found no room on disk, are in that filter alone.
                self.bits, new = bytearray(self.bits if self.runs else b""), _numbers(run)
            self.runs.append(run)
            self.bits = self.bits or bytearray(_FILTER_BYTES)
            for key in new:
                self.bits[key >> 3 & _FILTER_BYTES - 1] |= 1 << (key & 7)

    def take(self, other: SeenKeys) -> None:
        """Note all keys of another, none of which was seen."""
        self.runs += other.runs
        self.on_disk += other.on_disk
        self.bits = bytearray(map(or_, self.bits, other.bits)) or self.bits or other.bits
        self.add(other.few)


def _sorted(keys: Any) -> Any:
    return keys.take(pc.array_sort_indices(keys))


def _moved(run: Any) -> tuple[Any, mmap.mmap] | None:
    """A run in a temporary file, and the file's pages; None where none can be written."""
    try:
        with tempfile.TemporaryFile() as file:
            file.write(memoryview(run.buffers()[1])[: run.nbytes])
            file.flush()
            pages = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError:
        return None
    return pa.Array.from_buffers(run.type, len(run), [None, pa.py_buffer(pages)]), pages


def _likely(keys: Iterable[int], bits: bytearray) -> list[int]:
    """Those of the keys that may be in a filter's runs."""
    return [key for key in keys if bits[key >> 3 & _FILTER_BYTES - 1] >> (key & 7) & 1]


def _numbers(run: Any) -> memoryview:
    return memoryview(run.buffers()[1]).cast("B").cast("q")[: len(run)]


def _in_runs(runs: Iterable[Any], keys: list[int]) -> Iterator[int]:
    for run in runs:
        numbers, last = _numbers(run), len(run) - 1
        yield from (key for key in keys if numbers[min(bisect_left(numbers, key), last)] == key)


@dataclass
class SentKeys:
    """Keys that the API sent on more than one page, in all lists of a resource.

    Args:
        again: hashes of them.
        are_counted: whether a reading counts them as duplicates; else they are counted behind the processing steps.
    """

    again: set[int] = field(default_factory=set)
    are_counted: bool = True
