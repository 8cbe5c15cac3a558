"""What one sync of one resource counts: requests, pages, rows, values, parents, and what became of each."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from messaging_assets.reading.evidence.sought_fields import SoughtFields
from messaging_assets.reading.evidence.usual_caps import UsualCaps


@dataclass
class _Locked:
    """Counts that several threads may write."""

    page_lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    """Held while a page is judged, because lists that are read side by side count in one receipt."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)


@dataclass
class RequestCounts(_Locked):
    """What was asked. Bytes are decompressed; seconds are spent waiting for the API's pace, retries and Retry-After,
    not for its answers. What was in flight on average is that of the last pass. The validator is what the API calls a
    list that came on one page.
    """

    requests: int = 0
    pages: int = 0
    pages_with_rows: int = 0
    bytes: int = 0
    waited_seconds: float = 0.0
    mean_in_flight: float = 0.0
    most_in_flight: int = 0
    passes: int = 1
    retries: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    not_modified: int | None = None
    validator: str | None = None

    def asked(self) -> None:
        """One request left."""
        with self._lock:
            self.requests += 1

    def retried(self, reason: str) -> None:
        """One request is to be repeated, for this status or breakage."""
        with self._lock:
            self.retries[reason] += 1

    def waited(self, seconds: float) -> None:
        """So many seconds were spent waiting."""
        with self._lock:
            self.waited_seconds += seconds

    def received(self, number_of_bytes: int) -> None:
        """A body of so many bytes came."""
        with self._lock:
            self.bytes += number_of_bytes

    def were_in_flight(self, mean: float, most: int) -> None:
        """So many requests were under way at once, on average while any was, and at most."""
        with self._lock:
            self.mean_in_flight, self.most_in_flight = mean, max(self.most_in_flight, most)

    def add_requests(self, earlier: RequestCounts) -> None:
        """Count requests that left before these counts began."""
        with self._lock:
            self.requests += earlier.requests
            self.bytes += earlier.bytes
            self.waited_seconds += earlier.waited_seconds
            self.mean_in_flight = self.mean_in_flight or earlier.mean_in_flight
            self.most_in_flight = max(self.most_in_flight, earlier.most_in_flight)
            self.retries.update(earlier.retries)

    @property
    def empty_requests(self) -> int:
        """Requests that brought no row: to make sure of an end, asked ahead past it, repeated, or for an empty list."""
        return self.requests - self.pages_with_rows


@dataclass
class RowCounts(_Locked):
    """What became of rows, which are records as the API sent them.

    No row goes without a count. Those that were read, and those that processing steps made of them, were loaded or set
    aside; or processing steps filtered them; or they lie before the mark of an incremental read; or they came again
    (duplicates; a table that rows are appended to has them too).
    """

    rows_read: int = 0
    duplicates: int = 0
    rows_loaded: int = 0
    hard_deleted: int = 0
    maybe_deleted: int = 0
    rows_filtered: int | None = None
    rows_made: int | None = None
    rows_before_mark: int | None = None
    rows_dated_ahead: int | None = None
    rows_api_says: int | None = None
    distinct_keys: int = 0
    set_aside: Counter[str] = field(default_factory=Counter)

    def filtered(self, rows: int) -> None:
        """A processing step left so many rows out."""
        with self._lock:
            self.rows_filtered = (self.rows_filtered or 0) + rows

    def made(self, rows: int) -> None:
        """A processing step made so many rows more of one."""
        with self._lock:
            self.rows_made = (self.rows_made or 0) + rows

    def before_mark(self, rows: int) -> None:
        """So many rows came that an earlier sync had loaded, or that the cursor's range does not take."""
        with self._lock:
            self.rows_before_mark = (self.rows_before_mark or 0) + rows

    def announced(self, rows: int) -> None:
        """One list is over, of which the API said that it has so many rows."""
        self.rows_api_says = (self.rows_api_says or 0) + rows

    @property
    def rows_set_aside(self) -> int:
        """Records that went to the rejected table."""
        return sum(self.set_aside.values())


@dataclass
class ValueCounts(_Locked):
    """What became of single values, how far those of the cursor reach, and which fields steps looked for."""

    values_rounded: int = 0
    values_dropped: int = 0
    values_split: int = 0
    split: Counter[str] = field(default_factory=Counter)
    fields: SoughtFields = field(default_factory=SoughtFields)
    first_cursor: Any = None
    last_cursor: Any = None
    is_mark_held: bool = False

    def met_cursors(self, values: list[Any], key: Callable[[Any], Any]) -> None:
        """Cursor values came, which compare by their key; the lowest and the highest are kept."""
        values = [value for value in (self.first_cursor, self.last_cursor, *values) if value is not None]
        if values:
            self.first_cursor, self.last_cursor = min(values, key=key), max(values, key=key)

    def held_mark(self, last: Any) -> None:
        """The mark goes less far than the rows, because some may have changed while the list was read."""
        self.is_mark_held, self.last_cursor = True, last

    def beside(self, column: str, values: int) -> None:
        """So many values went to this column, beside the one of their field, which is of another type."""
        self.values_split += values
        self.split[column] += values


@dataclass
class ParentCounts(_Locked):
    """Parents, each of which has a list, rows that an interrupted read had loaded, and jobs, by what became of them."""

    parents: int | None = None
    parents_left_out: int | None = None
    parents_same: int | None = None
    parents_untold: int | None = None
    windows: int | None = None
    windows_halved: int | None = None
    resumed_rows: int | None = None
    rows_read_again: int | None = None
    not_resumed: str | None = None
    jobs: Counter[str] = field(default_factory=Counter)

    def resumed(self, rows: int, again: int) -> None:
        """A read goes on behind so many different records, `again` of which were read once more to make sure."""
        self.resumed_rows = (self.resumed_rows or 0) + rows
        self.rows_read_again = (self.rows_read_again or 0) + again


@dataclass
class Counts(RequestCounts, RowCounts, ValueCounts, ParentCounts):
    """Counts of one sync of one resource; safe to write from several threads.

    Args:
        rows_committed: those of the rows loaded whose part is in the table for good.
        caps: where lists ended.
    """

    rows_committed: int = 0
    caps: UsualCaps = field(default_factory=UsualCaps)

    @property
    def counts_of_rows(self) -> dict[str, int]:
        """What became of values and rows that are in no verdict, as an interrupted read keeps it."""
        names = (
            "values_rounded",
            "values_dropped",
            "values_split",
            "hard_deleted",
            "maybe_deleted",
            "rows_filtered",
            "rows_made",
            "rows_before_mark",
        )
        return {name: count for name in names if (count := getattr(self, name))}

    def take_over(self, set_aside: Mapping[str, int], counts: Mapping[str, int]) -> None:
        """Count what an interrupted read had counted of the rows that are not read again."""
        self.set_aside.update(set_aside)
        for name, count in counts.items():
            setattr(self, name, (getattr(self, name) or 0) + count)

    def dated_ahead(self, rows: int, last: Any) -> None:
        """So many rows are dated after the sync's start, and the mark stays at the last cursor value before it."""
        self.rows_dated_ahead, self.last_cursor = rows, last

    def carry_over(self, earlier: Counts) -> None:
        """Add what an earlier, repeated pass cost, so that the numbers are those of the whole sync."""
        self.not_resumed = self.not_resumed or earlier.not_resumed
        self.passes = earlier.passes + 1
        self.pages_with_rows += earlier.pages_with_rows
        self.add_requests(earlier)
        self.jobs.update(earlier.jobs)
