"""The windows that a list's range is read in: from its mark to now, one after the other, the oldest first.

Whether an API takes a border for the one window, for the other or for both is not known. So each window but the first
is asked for from a moment before its start on, the least that a request can say. A merge keeps each row once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta, timezone
from decimal import Decimal
from typing import Any

from messaging_assets.description import api as described
from messaging_assets.description.windows import length_of
from messaging_assets.foundation import moments
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.reading.cursors.mark import mark_at
from messaging_assets.reading.cursors.order import Order
from messaging_assets.reading.cursors.request_values import bounds_of, is_closed, lagged, request_values
from messaging_assets.reading.times.doubled_hour import LONGEST
from messaging_assets.reading.times.notation import NoOrder
from messaging_assets.reading.times.relative_times import is_relative, resolved

# More windows of one list than this are a mistake in the file.
_MOST = 100_000
_NO_MOMENT = "one end of it is no moment, so it cannot be cut into windows"
_DECLARE = "declare cursor_format as records have it, and format as the API wants it"
_UNITS = (1, 60, 3600, moments.DAY)
# Clocks are set back at such a moment, in seconds.
_HALF_HOUR = 1800
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


class TimeRange:
    """From when to when a list is asked for, and where that can be cut.

    Args:
        asset: the asset's name in errors.
        own: the cursor as the file has it, with a step.
        order: how its values compare.
        mark: how far an earlier sync came.

    Attributes:
        start: where it begins, in seconds since 1970.
        end: where it ends.

    Raises:
        MendDescription: it has no end, or so many windows that the file cannot mean them.
    """

    def __init__(self, asset: str, own: described.Incremental, order: Order, mark: Mapping[str, Any] | None) -> None:
        self._asset, self._own, self._order = asset, own, order
        self._kept = None if is_closed(own) else mark
        last = self._kept["last_value"] if self._kept else None
        self._last = None if is_relative(last) else last
        initial = resolved(own.initial_value, order.now)
        try:
            self._values = request_values(own, self._last, order.now)
            start = initial if self._last is None else lagged(own, order, self._last, initial)
        except NoOrder:
            raise self._refused(_NO_MOMENT, _DECLARE) from None
        self._sample = own.initial_value if self._last is None and not is_relative(own.initial_value) else self._last
        self._ways = own.ways
        self.start = self._moment(start)
        self.end = self._end()
        self._length = Decimal(int(length_of(str(own.step)).total_seconds()))
        self._is_by_day = not self._differ(self._midnight(self.start), self._midnight(self.start) + 3600)
        if (self.end - self.start) / self._length > _MOST:
            raise self._refused(f"step {own.step} cuts it into more than {_MOST:,} windows", "write a longer step")

    @property
    def has_marks(self) -> bool:
        """Whether windows are known by marks; those of a closed range are by their names."""
        return not is_closed(self._own)

    @property
    def newest(self) -> Decimal:
        """Where the window of a step's length begins that it ends with."""
        return max(self.start, (self.end - self._length) // 1)

    @property
    def latest(self) -> Decimal:
        """Half a step before its end, the latest moment that a list without newer rows is known up to."""
        return max(self.start, (self.end - self._length / 2) // 1)

    def border(self, start: Decimal) -> Decimal:
        """Where a window ends that begins at a moment."""
        border = (start + self._length) // 1
        if self._is_by_day:
            # The next midnight at least: a day and a half later is on the next day wherever clocks are changed.
            border = max(self._midnight(border), self._midnight(self._midnight(start) + moments.DAY * 3 // 2))
        while self._is_twice(border):
            border = (border // _HALF_HOUR + 1) * _HALF_HOUR
        return min(border, self.end) if border > start else self.end

    def middle(self, start: Decimal, end: Decimal) -> Decimal | None:
        """Where a window is cut in two; None where no request can say so short a time."""
        middle = (start + end) / 2 // 1
        middle = self._midnight(middle) if self._is_by_day else middle
        while self._is_twice(middle):
            middle = (middle - 1) // _HALF_HOUR * _HALF_HOUR
        return middle if start < middle < end and self._differ(middle, start) else None

    def asked(self, start: Decimal, end: Decimal) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """What `{incremental.<name>}` means in the requests for a window, and the mark before it."""
        values, mark = dict(self._values), dict(self._kept) if self._kept else None
        if start > self.start:
            asked = start - next((unit for unit in _UNITS if self._differ(start - unit, start)), moments.DAY)
            values |= self._bounds("start_value", asked) | self._bounds("last_value", asked)
            mark = self._mark(asked)
        if end < self.end:
            values |= self._bounds("end_value", end, is_end=True)
        return values, mark

    def _mark(self, moment: Decimal) -> dict[str, Any] | None:
        """A mark at a moment that the API's clock has reached, but never before the earlier sync's, as with a lag."""
        if not self.has_marks:
            return None
        moment = min(moment, self._order.start.at // 1)
        if self._last is not None and moment <= self._moment(self._last):
            return dict(self._kept or {})
        value = self._order.write(moment, self._sample)
        return mark_at(self._own, moments.written(moment // 1, "iso") if value is None else value)

    def _end(self) -> Decimal:
        own, order = self._own, self._order
        end = self._moment(order.now if own.end_value is None else resolved(own.end_value, order.now))
        is_whole_day = own.range_end == "closed" and order.is_day(own.end_value)
        return max(end + moments.DAY * is_whole_day, self.start)

    def _moment(self, value: Any) -> Decimal:
        moment = self._order.moment(value)
        if moment is None:
            raise self._refused(_NO_MOMENT, _DECLARE)
        return moment

    def _midnight(self, moment: Decimal) -> Decimal:
        zone = self._order.zone or timezone.utc
        day = moments.datetime_of(moment, zone).replace(hour=0, minute=0, second=0, microsecond=0)
        return moments.moment_of(day) or Decimal(0)

    def _is_twice(self, moment: Decimal) -> bool:
        """Whether requests write it as they write another moment, because the clock of their zone is set back."""
        zone = self._order.zone
        if zone is None or self._is_by_day:
            return False
        offsets = [moments.datetime_of(moment + by, zone).utcoffset() for by in (-LONGEST, LONGEST)]
        back = int(((offsets[0] or timedelta()) - (offsets[1] or timedelta())).total_seconds())
        return back > 0 and not all(self._differ(moment, other) for other in (moment - back, moment + back))

    def _bounds(self, name: str, moment: Decimal, is_end: bool = False) -> dict[str, Any]:
        return bounds_of(self._ways, self._order, name, moment, self._sample, is_end)

    def _differ(self, one: Decimal, other: Decimal) -> bool:
        """Whether requests write two moments differently, in each way."""
        first, second = self._bounds("", one), self._bounds("", other)
        return all(first[way] != second[way] for way in first)

    def _refused(self, what: str, next_step: str) -> MendDescription:
        return MendDescription(f"the range of '{self._own.cursor_path}': {what}", next_step, where=self._asset)


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
        return self._window(self.range.newest, self.range.end)

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
