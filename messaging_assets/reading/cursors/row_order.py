"""In which order the rows of a list come, and what that says of those that follow and of those that changed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import le
from typing import Any, Literal

from messaging_assets.foundation import moments
from messaging_assets.reading.cursors.order import Order


class RowOrder:
    """A declared order, which one row that stands otherwise contradicts, such as an old one that is pinned on top.

    Args:
        declared: `asc` or `desc`; None where the file says nothing.
        order: how values compare.
        may_hold: whether the mark may go less far than the rows, so that some are loaded again.

    Attributes:
        tops: how far the values of its pages came; None where the mark goes as far as the rows.
        is_contradicted: whether a row came that the order has no place for.
    """

    def __init__(self, declared: Literal["asc", "desc"] | None, order: Order, may_hold: bool) -> None:
        self._declared, self._order = declared, order
        self._before: Any = None
        self.tops = PageTops(order) if may_hold else None
        self.is_contradicted = self._is_last_out = False

    def note(self, values: list[Any], page: int) -> None:
        """A page's values came, in their order."""
        if self.tops is not None and _may_count(values, self._order):
            self.tops.note(page, values)
        if self._declared is None or self.is_contradicted:
            return
        for value in values:
            if value is None or not self._order.has_place(value):
                continue
            if self._before is not None:
                step = self._order.compare(value, self._before)
                self.is_contradicted |= step > 0 if self._declared == "desc" else step < 0
            self._before = value

    def came(self, place: str | None) -> None:
        """A row came that lies there in the cursor's range; None where it has no place in it."""
        out = {"desc": "before", "asc": "past end"}
        self._is_last_out = self._declared is not None and place == out[self._declared]

    @property
    def holding(self) -> PageTops | None:
        """How far its pages came, where the mark may stay before their rows; None where it goes as far as they do."""
        return None if self._declared == "asc" and not self.is_contradicted else self.tops

    @property
    def is_past(self) -> bool:
        """Whether the rows that follow are out of the cursor's range, as the one that came last is."""
        return self._is_last_out and not self.is_contradicted


def _may_count(values: list[Any], order: Order) -> bool:
    """Whether values may say nothing of time, as the first of them shows."""
    first = next((value for value in values if value is not None), None)
    return order.reading == "text" or moments.number_of(first) is not None


class PageTops:
    """Up to which value no row was passed over, where values say nothing of time: numbers that count changes.

    A row of an earlier page may change while the list is read. Its number may then be lower than one of a later page,
    so that a mark there would pass it. What changed since the first page came has a higher number than any on it.
    Where all rows ascend, such rows are at the end of the list.

    Args:
        order: how values compare.
    """

    def __init__(self, order: Order) -> None:
        self._order = order
        self._first: Any = None
        self._before: Any = None
        self._last: Any = None
        self._page = 0
        self._ascends = True

    def note(self, page: int, values: list[Any]) -> None:
        """Values of a page came, in their order."""
        order = self._order
        placed = values if order.ends(values) else [one for one in values if order.has_place(one)]
        if not placed:
            return
        # Numbers compare as they are, which is much faster than by the cursor's order.
        numbers = placed if order.ends(placed) else list(map(moments.number_of, placed))
        keys: Any = list(map(order.key, placed)) if None in numbers else numbers
        low, high = (placed[keys.index(one)] for one in (min(keys), max(keys)))
        if page > self._page:
            self._before, self._last, self._page = self._higher(self._before, self._last), None, page
        self._last = self._higher(self._last, high)
        # A row that changed stands among those of its page, where a list is in another order.
        self._ascends = self._ascends and all(map(le, keys, keys[1:]))
        if self._before is None:
            self._first = self._last
        else:
            self._ascends &= order.compare(low, self._before) >= 0

    def held_at(self, reached: Any, *met: Any) -> Any:
        """How far the mark may go; None where it goes as far as the rows.

        Args:
            reached: how far those came.
            met: values that were there before this read, or None.
        """
        if self._before is None:
            return None
        sure = reduce(self._higher, met, self._before if self._ascends else self._first)
        return sure if self._order.compare(reached, sure) > 0 else None

    def least_held(self, last: Any) -> Any:
        """A value before which no mark of this read stays; None where no value came that says no time.

        Args:
            last: how far an earlier sync came, None where there was none.
        """
        return None if self._first is None else self._higher(self._first, last)

    @property
    def state(self) -> tuple[Any, ...]:
        """What is kept of a read that may be interrupted."""
        return (self._first, self._before, self._last, self._page, self._ascends)

    def go_on(self, state: Sequence[Any]) -> None:
        """Go on behind an interruption with what `state` gave; of an earlier release nothing was kept."""
        if state:
            self._first, self._before, self._last, self._page, self._ascends = state

    def _higher(self, one: Any, other: Any) -> Any:
        if one is None or other is None:
            return other if one is None else one
        return one if self._order.compare(one, other) >= 0 else other
