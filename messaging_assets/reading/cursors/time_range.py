"""From when to when a list is asked for, and where that can be cut into windows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timezone
from decimal import Decimal
from typing import Any

from messaging_assets.description import api as described
from messaging_assets.description.windows import length_of
from messaging_assets.foundation import moments
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.reading.cursors.mark import mark_at
from messaging_assets.reading.cursors.order import Order
from messaging_assets.reading.cursors.request_values import bounds_of, is_closed, lagged, request_values
from messaging_assets.reading.times.doubled_hour import set_back_near
from messaging_assets.reading.times.notation import NoOrder
from messaging_assets.reading.times.relative_times import is_relative, midnight, resolved

# More windows of one list than this are a mistake in the file.
_MOST = 100_000
_NO_MOMENT = "one end of it is no moment, so it cannot be cut into windows"
_DECLARE = "declare cursor_format as records have it, and format as the API wants it"
_UNITS = (1, 60, 3600, moments.DAY)
# Clocks are set back at such a moment, in seconds.
_HALF_HOUR = 1800


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
        length: how long its windows are, in seconds.

    Raises:
        MendDescription: it has no end, or so many windows that the file cannot mean them.
    """

    def __init__(self, asset: str, own: described.Incremental, order: Order, mark: Mapping[str, Any] | None) -> None:
        self._asset, self._own, self._order = asset, own, order
        self._kept, self._ways = None if is_closed(own) else mark, own.ways
        last = self._kept["last_value"] if self._kept else None
        self._last = None if is_relative(last) else last
        initial = resolved(own.initial_value, order.now)
        try:
            self._values = request_values(own, self._last, order.now)
            start = initial if self._last is None else lagged(own, order, self._last, initial)
        except NoOrder:
            raise self._refused(_NO_MOMENT, _DECLARE) from None
        self._sample = own.initial_value if self._last is None and not is_relative(own.initial_value) else self._last
        self.start = self._moment(start)
        self.end = self._end()
        self.length = Decimal(int(length_of(str(own.step)).total_seconds()))
        self._is_by_day = not self._differ(self._midnight(self.start), self._midnight(self.start) + 3600)
        if own.is_of_window and own.range_end == "open" and self._is_by_day:
            # Whose end is today has yesterday for its last day.
            self.end = max(self._midnight(self.end), self.start)
        if (self.end - self.start) / self.length > _MOST:
            raise self._refused(f"step {own.step} cuts it into more than {_MOST:,} windows", "write a longer step")

    @property
    def has_marks(self) -> bool:
        """Whether windows are known by marks; those of a closed range are by their names."""
        return not is_closed(self._own)

    @property
    def latest(self) -> Decimal:
        """Half a step before its end, the latest moment that a list without newer rows is known up to."""
        return self.end if self._own.is_of_window else max(self.start, (self.end - self.length / 2) // 1)

    def border(self, start: Decimal) -> Decimal:
        """Where a window ends that begins at a moment."""
        border = (start + self.length) // 1
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
        own, values, mark = self._own, dict(self._values), dict(self._kept) if self._kept else None
        if start > self.start:
            asked = start if own.is_of_window else start - self._least(start)
            values |= self._bounds("start_value", asked) | self._bounds("last_value", asked)
            mark = self._mark(asked)
        if end < self.end:
            # An API that sends what lies at the end is asked for the moment before it, where no row says its own.
            is_sent = own.is_of_window and own.range_end == "closed"
            values |= self._bounds("end_value", end - self._least(end) * is_sent, is_end=not is_sent)
        return values, mark

    def _least(self, moment: Decimal) -> Decimal:
        """The least time before a moment that requests tell from it."""
        return Decimal(next((one for one in _UNITS if self._differ(moment - one, moment)), moments.DAY))

    def _mark(self, moment: Decimal) -> dict[str, Any] | None:
        """A mark at a moment that the API's clock has reached, but never before the earlier sync's, as with a lag."""
        if not self.has_marks:
            return None
        if (now := self._order.start.at // 1) < moment:
            moment = self._earlier(moment) if self._own.is_of_window else now
        if self._last is not None and moment <= self._moment(self._last):
            return dict(self._kept or {})
        # A day in the file would be no sample of windows that begin within one.
        sample = None if self._own.is_of_window and not self._is_by_day else self._sample
        value = self._order.write(moment, sample)
        return mark_at(self._own, moments.written(moment // 1, "iso") if value is None else value)

    def _earlier(self, start: Decimal) -> Decimal:
        """Where the window begins that ends where another one begins."""
        return self._midnight(start - self.length) if self._is_by_day else start - self.length

    def _end(self) -> Decimal:
        own, order = self._own, self._order
        end = self._moment(order.now if own.end_value is None else resolved(own.end_value, order.now))
        is_whole_day = own.range_end == "closed" and order.is_day(own.end_value)
        return max(end + moments.DAY * is_whole_day, self.start)

    def _moment(self, value: Any) -> Decimal:
        if (moment := self._order.moment(value)) is None:
            raise self._refused(_NO_MOMENT, _DECLARE)
        return moment

    def _midnight(self, moment: Decimal) -> Decimal:
        return midnight(moment, self._order.zone or timezone.utc)

    def _is_twice(self, moment: Decimal) -> bool:
        """Whether requests write it as they write another moment, because the clock of their zone is set back."""
        if (zone := self._order.zone) is None or self._is_by_day:
            return False
        back = set_back_near(moment, zone)
        return back > 0 and not all(self._differ(moment, other) for other in (moment - back, moment + back))

    def _bounds(self, name: str, moment: Decimal, is_end: bool = False) -> dict[str, Any]:
        return bounds_of(self._ways, self._order, name, moment, self._sample, is_end)

    def _differ(self, one: Decimal, other: Decimal) -> bool:
        """Whether requests write two moments differently, in each way."""
        first, second = self._bounds("", one), self._bounds("", other)
        return all(first[way] != second[way] for way in first)

    def _refused(self, what: str, next_step: str) -> MendDescription:
        return MendDescription(f"the range of '{self._own.cursor_path}': {what}", next_step, where=self._asset)
