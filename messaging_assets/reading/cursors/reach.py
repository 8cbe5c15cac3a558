"""How far the rows of a list reach, and in which unit of time their numbers are."""

from __future__ import annotations

from collections import Counter
from typing import Any

from messaging_assets.foundation import moments
from messaging_assets.reading.cursors.order import Direction, Order
from messaging_assets.reading.cursors.row_digests import RowDigests

# Nanoseconds since 1970, of 1985 and of 2065.
_NANOSECONDS, _FAR_NANOSECONDS = 5 * 10**17, 3 * 10**18


class Reach:
    """How far rows came, and which of them stand there.

    Args:
        direction: says what is farther.
        digests: tells the rows apart that stand there; None where nobody asks which they are.
        value: how far an earlier sync came; None where there was none.
        kept: which rows stood there, as often as equal ones did.
    """

    def __init__(
        self, direction: Direction, digests: RowDigests | None, value: Any = None, kept: Counter[str] | None = None
    ) -> None:
        self._direction, self._digests, self.value = direction, digests, value
        self._kept: Counter[str] = kept or Counter()
        self._came: Counter[str] = Counter()

    def take(self, value: Any, row: Any) -> None:
        """A row came; only the farthest ones count."""
        direction, digests = self._direction, self._digests
        if self.value is None or direction.is_further(value, self.value):
            self.value = direction.reached(value, self.value)
            self._kept, self._came = Counter(), Counter()
        elif direction.is_same(value, self.value):
            self.value = direction.earlier(value, self.value)
        else:
            return
        if digests is not None:
            digest = digests.of(row)
            self._came[digest] = self._came[digest] + 1 if digests.are_events else 1

    @property
    def hashes(self) -> Counter[str]:
        """What tells the rows apart that stand there, as often as equal ones do."""
        return self._kept | self._came


class Units:
    """In which units of time since 1970 the numbers of a cursor could be.

    Args:
        order: knows a number's unit by its size.
    """

    def __init__(self, order: Order) -> None:
        self._order = order
        self._units: set[int | str | None] = set()
        self._past: set[int | str | None] = set()

    def note(self, value: Any) -> None:
        """A value came; one that is no number, or whose unit the file declares, says nothing."""
        if self._order.reading is not None or not (number := moments.number_of(value)):
            return
        unit: int | str | None = self._order.unit(number)
        if unit is None and self._order.moment(value) is not None:
            unit = "calendar"
        self._units.add(unit)
        if self._order.is_past(value):
            self._past.add(unit)
        elif unit is None and number >= _NANOSECONDS:
            # Ids have this size too; ids of today beside such as nobody has yet are times, and some of them to come.
            self._past.add("ids" if number < _FAR_NANOSECONDS else "nanoseconds")

    @property
    def are_times(self) -> bool:
        """Whether all numbers could be times in one unit, and one of them is past."""
        return len(self._units) == 1 and self._units == self._past

    @property
    def are_mixed(self) -> bool:
        """Whether some numbers are surely times of one unit, and some of another."""
        return len(self._past) > 1
