"""From where to where the rows of one list are new, by the file's cursor and the mark of the sync before."""

from __future__ import annotations

from typing import Any, Literal

from messaging_assets.description import api as described
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.reading.cursors.order import Direction, Order
from messaging_assets.reading.cursors.request_values import first_of_file, is_closed, lagged
from messaging_assets.reading.times.notation import NoOrder
from messaging_assets.reading.times.relative_times import is_relative, resolved


class CursorRange:
    """The range of cursor values that a read takes.

    Args:
        asset: the asset's name in errors.
        own: the incremental as the file has it.
        order: how its values compare.
        direction: in which direction the mark moves.
        last: how far an earlier sync came, None where there was none.

    Raises:
        MendDescription: the file's lag cannot be taken from that, or its range ends before it begins.
    """

    def __init__(self, asset: str, own: described.Incremental, order: Order, direction: Direction, last: Any) -> None:
        self._asset, self._own, self._order, self._direction = asset, own, order, direction
        self._initial = self._start = first_of_file(own, order)
        if last is not None:
            try:
                self._start = lagged(own, order, last, self._initial)
            except NoOrder:
                raise MendDescription(
                    f"the last sync's value of '{own.cursor_path}' is no moment, and no number whose unit is "
                    "known, so no lag can be taken from it",
                    "declare cursor_format, or take the lag out",
                    where=asset,
                ) from None
        # Rows behind `now` are taken; those behind a time before it are left for a later sync.
        self._end = None if own.end_value == "now" else resolved(own.end_value, order.now)
        # A range that is closed by a day has that whole day.
        has_whole_day = self._end is not None and own.range_end == "closed" and direction.is_up
        is_day = has_whole_day and order.is_day(self._end)
        self._after_end = order.behind(self._end, 1, True, True) if is_day else None
        self._refuse_if_empty(resolved(own.initial_value, order.now))

    def _refuse_if_empty(self, initial: Any) -> None:
        """See that the file's range does not end before it begins, as one that begins at -30d does some day."""
        own, end = self._own, self._end if self._after_end is None else self._after_end
        # A range from a day on whose end moves with the clock begins once the end has passed that day.
        is_to_come = is_relative(own.end_value) and not is_relative(own.initial_value)
        try:
            if is_to_come or initial is None or end is None or self._direction.is_further(end, initial):
                return
            is_same = self._direction.is_same(end, initial)
        except NoOrder:
            return
        if is_same and (own.range_end == "closed" or not is_closed(own)):
            return
        place = "at" if is_same else "behind"
        raise MendDescription(
            f"no row is in the range of '{own.cursor_path}', because initial_value lies {place} end_value",
            "write an earlier initial_value, or take end_value out where what is new is meant",
            where=self._asset,
        )

    def place_of(self, value: Any) -> Literal["before", "at start", "inside", "past end"]:
        """Where a value lies.

        Raises:
            NoOrder: it does not compare with the range's ends.
            MendDescription: it lies outside, because the file names another unit than the value's.
        """
        place = self._place_of(value)
        if place in ("before", "past end") and self._order.is_in_other_unit(value):
            raise MendDescription(
                f"'{self._own.cursor_path}' holds a moment in another unit than {self._own.cursor_format} by its size, "
                f"and so lies outside the range ({place})",
                "correct cursor_format, or take incremental out where records differ in it",
                where=self._asset,
            )
        return place

    def _place_of(self, value: Any) -> Literal["before", "at start", "inside", "past end"]:
        if self._is_past_end(value):
            return "past end"
        if self._start is None or self._direction.is_further(value, self._start):
            return "inside"
        return "at start" if self._direction.is_same(value, self._start) else "before"

    def has_inside(self, low: Any, high: Any) -> bool:
        """Whether these values and all between them are plainly inside, and none at an end."""
        further = self._direction.is_further
        is_behind_start = self._start is None or further(low, self._start)
        return is_behind_start and (self._end is None or further(self._end, high))

    def has_all_from(self, value: Any) -> bool:
        """Whether no row from a value on is before it."""
        if self._start is None:
            return True
        try:
            return value is not None and not self._direction.is_further(self._start, value)
        except NoOrder:
            return False

    def is_of_file(self, value: Any) -> bool:
        """Whether a value is not before what the file itself begins with."""
        least, direction = self._initial, self._direction
        return least is None or direction.is_same(value, least) or direction.is_further(value, least)

    def _is_past_end(self, value: Any) -> bool:
        if self._end is None or self._direction.is_further(self._end, value):
            return False
        if self._after_end is not None:
            return not self._direction.is_further(self._after_end, value)
        return self._own.range_end == "open" or not self._direction.is_same(value, self._end)
