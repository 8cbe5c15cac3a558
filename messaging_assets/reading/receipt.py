"""What a sync saw, and whether that was everything.

The verdict of a read, from best to worst, and what each does to the asset:

    proven            nothing can have slipped between pages; deletes may rely on it     green
    read to the end   the end was confirmed, nothing contradicts it                      green
    unknown           signs are bad but prove nothing, as on a live feed                 green, check warns
    incomplete        rows are known to be missing, or the end was not reached           the step fails

Proven means: every row that the API had from the first request to the last one was read, provided that the API keeps
its rows in one order. A count alone proves that only for a list of one page: a row deleted and another one added
between two requests leave the count as it was, and a third row slips through.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Literal

from messaging_assets.foundation.failures import clause


class Verdict(IntEnum):
    """How complete a read was; a higher value is worse."""

    PROVEN = 0
    READ_TO_THE_END = 1
    UNKNOWN = 2
    INCOMPLETE = 3

    @property
    def words(self) -> str:
        """The verdict as people read it."""
        return self.name.lower().replace("_", " ")

    @classmethod
    def of_words(cls, words: str) -> Verdict:
        """The verdict that people read so."""
        return cls[words.upper().replace(" ", "_")]


@dataclass(frozen=True)
class Finding:
    """A verdict with its reason.

    Args:
        verdict: how complete the read was.
        what: what speaks for that verdict, as a clause.
        next_step: what to do about it, as a clause.
        moved: whether another pass may mend it.
        is_left: whether a response action left a list before its first page.
        kind: what it is about: the resource's own `list`, its `parents`, or a `cap` that the file sets.
    """

    verdict: Verdict
    what: str
    next_step: str = ""
    moved: bool = False
    is_left: bool = False
    kind: Literal["list", "parents", "cap"] = "list"

    @property
    def reason(self) -> str:
        """The reason as people read it: a clause that can follow a colon."""
        return clause("parents" if self.kind == "parents" else "", self.what, self.next_step)


@dataclass(frozen=True)
class ReadResult:
    """What is kept of a read that is over.

    Args:
        finding: how complete it was, and why.
        rows_set_aside: records that went to the rejected table.
        rows_loaded: rows that were written.
        left: hashes of the lists that a response action left before their first page, and so without a row.
        split: how many values went beside the column of their field, by column.
    """

    finding: Finding
    rows_set_aside: int = 0
    rows_loaded: int = 0
    left: frozenset[str] = frozenset()
    split: Mapping[str, int] = field(default_factory=dict)


@dataclass
class Counts:
    """Counts of one sync of one resource; safe to write from several threads.

    Rows are records as the API sent them; bytes are decompressed; seconds are spent waiting for the API's
    pace, retries and Retry-After, not for its answers.

    No row goes without a count: those that were read, and those that processing steps made of them, were loaded, set
    aside, filtered by processing steps, before the mark of an incremental read, or came again (duplicates; a table
    that rows are appended to has them too).
    """

    requests: int = 0
    pages: int = 0
    rows_read: int = 0
    duplicates: int = 0
    rows_loaded: int = 0
    values_rounded: int = 0
    values_dropped: int = 0
    values_split: int = 0
    bytes: int = 0
    waited_seconds: float = 0.0
    passes: int = 1
    parents: int | None = None
    parents_left_out: int | None = None
    resumed_rows: int | None = None
    rows_read_again: int | None = None
    not_resumed: str | None = None
    rows_hard_deleted: int = 0
    rows_of_unknown_deletion: int = 0
    rows_filtered: int | None = None
    rows_made: int | None = None
    rows_before_mark: int | None = None
    rows_dated_ahead: int | None = None
    rows_api_says: int | None = None
    distinct_keys: int = 0
    first_cursor: Any = None
    last_cursor: Any = None
    retries: Counter[str] = field(default_factory=Counter)
    set_aside: Counter[str] = field(default_factory=Counter)
    split: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    page_lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    """Held while a page is judged, because lists that are read side by side count in one receipt."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

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

    def resumed(self, rows: int, again: int) -> None:
        """A read goes on behind so many different records, `again` of which were read once more to make sure."""
        self.resumed_rows = (self.resumed_rows or 0) + rows
        self.rows_read_again = (self.rows_read_again or 0) + again

    @property
    def counts_of_rows(self) -> dict[str, int]:
        """What became of values and rows that are in no verdict, as an interrupted read keeps it."""
        names = (
            "values_rounded",
            "values_dropped",
            "values_split",
            "rows_hard_deleted",
            "rows_of_unknown_deletion",
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

    def met_cursors(self, values: list[Any], key: Callable[[Any], Any]) -> None:
        """Cursor values came, which compare by their key; the lowest and the highest are kept."""
        values = [value for value in (self.first_cursor, self.last_cursor, *values) if value is not None]
        if values:
            self.first_cursor, self.last_cursor = min(values, key=key), max(values, key=key)

    def beside(self, column: str, values: int) -> None:
        """So many values went to this column, beside the one of their field, which is of another type."""
        self.values_split += values
        self.split[column] += values

    def dated_ahead(self, rows: int, last: Any) -> None:
        """So many rows are dated after the sync's start, and the mark stays at the last cursor value before it."""
        self.rows_dated_ahead, self.last_cursor = rows, last

    @property
    def rows_set_aside(self) -> int:
        """Records that went to the rejected table."""
        return sum(self.set_aside.values())

    def carry_over(self, earlier: Counts) -> None:
        """Add what an earlier, repeated pass cost, so that the numbers are those of the whole sync."""
        self.not_resumed = self.not_resumed or earlier.not_resumed
        self.passes = earlier.passes + 1
        self.requests += earlier.requests
        self.bytes += earlier.bytes
        self.waited_seconds += earlier.waited_seconds
        self.retries.update(earlier.retries)


@dataclass
class Receipt(Counts):
    """What a sync of one resource saw: its counts, and how complete its lists are.

    Args:
        lists_open: lists that were begun and not ended.
        lists_begun: lists of parents that were begun.
        lists_ignored: those of them that a response action left before their first page.
        findings: what the ended lists came to.
        left: hashes of the lists that a response action left before their first page, and so without a row.
    """

    lists_open: int = 0
    lists_begun: int = 0
    lists_ignored: int = 0
    findings: list[Finding] = field(default_factory=list)
    left: set[str] = field(default_factory=set)

    def found(self, verdict: Verdict, what: str, next_step: str = "", *, of_parents: bool = False) -> None:
        """Note what speaks for a verdict."""
        self.add(Finding(verdict, what, next_step, kind="parents" if of_parents else "list"))

    def add(self, finding: Finding) -> None:
        """Note one list's finding; once a reason, so that a thousand parents make no thousand lines."""
        if finding not in self.findings:
            self.findings.append(finding)

    def deletion_unknown(self, rows: int, column: str) -> None:
        """Rows stay whose `hard_delete` column holds what is not known to mean a deletion."""
        if rows:
            self.rows_of_unknown_deletion += rows
            self.found(
                Verdict.READ_TO_THE_END,
                f"rows were kept of which it is not known whether '{column}' calls them deleted "
                "(rows_of_unknown_deletion)",
                "let a step make a truth value of it",
            )

    @property
    def result(self) -> ReadResult:
        """What is kept of the read when it is over."""
        left, split = frozenset(self.left), dict(self.split)
        return ReadResult(self.finding, self.rows_set_aside, self.rows_loaded, left, split)

    @property
    def finding(self) -> Finding:
        """The worst finding; a list that was begun and not ended makes the read incomplete."""
        return self._worst_of([*self.findings, *self._of_lists()])

    @property
    def finding_of_read_lists(self) -> Finding:
        """The worst finding of the lists that a response action did not leave unread."""
        read = [one for one in self.findings if not one.is_left]
        return self._worst_of(read or [Finding(Verdict.READ_TO_THE_END, "")])

    def _worst_of(self, findings: list[Finding]) -> Finding:
        # Of two findings that are as bad, the one about the resource's own rows says more.
        worst = max(findings, key=lambda one: (one.verdict, one.kind != "parents"), default=None)
        if worst is not None and (worst.verdict is Verdict.INCOMPLETE or not self.lists_open):
            return worst
        return Finding(Verdict.INCOMPLETE, "the end of the list was not reached" if self.pages else "nothing was read")

    def _of_lists(self) -> list[Finding]:
        """A finding where not one of the parents' lists was given: no permission looks like no rows then."""
        if not self.lists_begun or self.lists_ignored < self.lists_begun:
            return []
        number = "the only parent's list" if self.lists_begun == 1 else f"the lists of all {self.lists_begun} parents"
        why = f"{number} went unanswered, as response_actions ignore, so nothing is known of their rows"
        return [Finding(Verdict.UNKNOWN, why, "see whether the API still lets these credentials read them")]
