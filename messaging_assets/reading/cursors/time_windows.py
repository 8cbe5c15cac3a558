"""The windows that a list's range is read in: from its mark to now, one after the other, the oldest first.

Whether an API takes a border for the one window, for the other or for both is not known. So each window but the first
is asked for from a moment before its start on, the least that a request can say. A merge keeps each row once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from messaging_assets.foundation import moments
from messaging_assets.reading.cursors.time_range import TimeRange

# What stands between a list's name and its window's; no list's name has it.
SEPARATOR = "@"


@dataclass(eq=False)
class Window:
    """One window of a list's range.

    Args:
        of: the range.
        start: its first moment, in seconds since 1970.
        end: the moment that it ends before.
        values: what `{incremental.<name>}` means in its requests.
        mark: how far the list has come when all windows before it are loaded; None where an API was never read.

    Attributes:
        is_read: whether it was read to its end.
        is_halved: whether it is to be read in two halves instead.
    """

    of: TimeWindows
    start: Decimal
    end: Decimal
    values: Mapping[str, Any]
    mark: dict[str, Any] | None
    is_read: bool = False
    is_halved: bool = field(default=False, init=False)

    @property
    def name(self) -> str:
        """The name of its reading."""
        return f"{self.of.name}{SEPARATOR}{self.start}/{self.end}"

    @property
    def is_first(self) -> bool:
        """Whether the range begins with it."""
        return self.start == self.of.range.start

    @property
    def is_last(self) -> bool:
        """Whether the range ends with it."""
        return self.end == self.of.range.end

    @property
    def shown(self) -> str:
        """Where it begins, as people read it."""
        return str(moments.written(self.start // 1, "iso"))

    def halve(self) -> bool:
        """Have it read in two halves; whether a request can ask for them."""
        self.is_halved = self.of.range.middle(self.start, self.end) is not None
        return self.is_halved


class TimeWindows:
    """The windows of one list's range, and how far they were read.

    Args:
        name: the list's name.
        range_: its range.

    Attributes:
        rows: different rows of the windows that were read.
        doubts_before: how much of the read was in doubt when the range began.
        is_moved: whether the list moved while a window of it was read.
        is_in_doubt: whether rows of a window may be missing.
        doubted: the mark before the first window that is in doubt; None where none is.
    """

    def __init__(self, name: str, range_: TimeRange) -> None:
        self.name, self.range = name, range_
        self.rows = self.doubts_before = 0
        self.is_moved = self.is_in_doubt = False
        self.doubted: dict[str, Any] | None = None
        self._current: Window | None = None

    def __iter__(self) -> Iterator[Window]:
        """The windows, each when the one before it was read; a window that was not read is the last one."""
        start, end = self.range.start, self.range.border(self.range.start)
        waiting: list[Decimal] = []
        while True:
            window = self._current = self._window(start, end)
            yield window
            if window.is_halved:
                waiting.append(end)
                end = self.range.middle(start, end) or end
            elif not window.is_read or window.is_last:
                return
            else:
                start, end = end, waiting.pop() if waiting else self.range.border(end)

    def following(self, window: Window) -> Iterator[Window]:
        """The windows behind one that is no half, as they will come where none of them is to be read in halves."""
        end = window.end
        while end < self.range.end:
            start, end = end, self.range.border(end)
            yield self._window(start, end)

    @property
    def newest(self) -> Window:
        """The window of a step's length that the range ends with."""
        return self._window(max(self.range.start, (self.range.end - self.range.length) // 1), self.range.end)

    @property
    def safe_mark(self) -> dict[str, Any] | None:
        """How far the list has come, without the window under way and what follows a doubt."""
        return self.doubted if self.is_in_doubt or self._current is None else self._current.mark

    @property
    def last_mark(self) -> dict[str, Any] | None:
        """Where the window under way begins, as a mark; before a short one, for rows that are shown a while later."""
        if self._current is None:
            return None
        return self.range.asked(min(self._current.start, self.range.latest), self.range.end)[1]

    @property
    def is_read(self) -> bool:
        """Whether its last window was read."""
        return self._current is not None and self._current.is_last and self._current.is_read

    def is_over(self, window: Window, rows: int, is_read: bool, is_in_doubt: bool, is_moved: bool) -> bool:
        """A window is over; whether the range is.

        Args:
            window: which one.
            rows: how many different ones came.
            is_read: whether it was read to its end.
            is_in_doubt: whether rows of it may be missing.
            is_moved: whether it moved while it was read.
        """
        window.is_read = is_read
        self.rows += rows
        self.is_moved = self.is_moved or is_moved
        if is_in_doubt and not self.is_in_doubt:
            self.is_in_doubt, self.doubted = True, window.mark
        return window.is_last or not is_read

    def _window(self, start: Decimal, end: Decimal) -> Window:
        return Window(self, start, end, *self.range.asked(start, end))
