"""How the values of one cursor compare, and in which direction a mark moves among them.

A value compares only where its order is known: numbers (texts of them too) and moments. Letters have an order as well,
but hardly ever the one that rows came in: "Wed, 01 Jan" stands before no "Thu, 02 Jan".
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property, cmp_to_key
from typing import Any
from zoneinfo import ZoneInfo

from messaging_assets.description import api as described
from messaging_assets.foundation import moments
from messaging_assets.reading.times.doubled_hour import LONGEST, may_be_same
from messaging_assets.reading.times.notation import FIRST_DAY, NoOrder, Notation
from messaging_assets.reading.times.read_start import ReadStart

_FIRST_OF_2001 = 978_307_200
# Every digit stands at its place, so that the letters of such texts of one zone are in the order of what they mean.
_UNIFORM = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(Z|[+-]\d\d:\d\d)")


class CursorText(str):
    """A text that compares as the number or moment that it is; it has no order where it is neither."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, str):
            return NotImplemented
        try:
            return PLAIN.compare(str(self), str(other)) == 0
        except NoOrder:
            return str(self) == str(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __lt__(self, other: str) -> bool:
        return PLAIN.compare(str(self), str(other)) < 0

    def __le__(self, other: str) -> bool:
        return PLAIN.compare(str(self), str(other)) <= 0

    def __gt__(self, other: str) -> bool:
        return PLAIN.compare(str(self), str(other)) > 0

    def __ge__(self, other: str) -> bool:
        return PLAIN.compare(str(self), str(other)) >= 0


@dataclass(frozen=True)
class Order(Notation):
    """The order of one cursor's values, which follows from how they are written."""

    @cached_property
    def start(self) -> ReadStart:
        """When the read began; the sync, until an answer says that it is of an earlier moment."""
        return ReadStart(self)

    def compare(self, one: Any, other: Any) -> int:
        """Less than, equal to or greater than 0, as the one is to the other.

        Raises:
            NoOrder: it is not known.
        """
        left, right = self._meaning(one), self._meaning(other)
        if left[0] != right[0] or (left[0] == "number" and self._are_of_two_lengths(left[1], right[1])):
            # A file may begin at a moment where the API counts milliseconds.
            left, right = (("moment", self._at(value)) for value in (one, other))
        if self._may_be_same(one, other, left, right):
            return 0
        return int(left[1] > right[1]) - int(left[1] < right[1])

    def _may_be_same(self, one: Any, other: Any, left: tuple[str, Any], right: tuple[str, Any]) -> bool:
        """Whether two times that name no zone lie in an hour that comes twice, where nobody knows which is later."""
        if self.zone is None or left[0] != "moment" or left[1] == right[1] or abs(left[1] - right[1]) > LONGEST:
            return False
        return may_be_same(one, other, self.pattern, self.zone)

    def _are_of_two_lengths(self, one: Decimal, other: Decimal) -> bool:
        """Whether one number is a calendar's day, and the other a time of day."""
        if self.reading is not None or min(one, other) < FIRST_DAY:
            return False
        left, right = self.calendar_digits(one), self.calendar_digits(other)
        return bool(left and right and len(left) != len(right))

    def earlier(self, one: Any, other: Any) -> Any:
        """Of two values at one place the one that is the earlier at its first reading."""
        first, second = self.moment(one), self.moment(other)
        return one if first is not None and second is not None and first < second else other

    def is_past(self, value: Any) -> bool:
        """Whether a value is a moment from 2001 on up to now, which numbers that are times mostly are."""
        moment = self.moment(value)
        return moment is not None and _FIRST_OF_2001 < moment <= self._latest

    def is_in_other_unit(self, value: Any) -> bool:
        """Whether a number is a moment of these years by its size, and of other ones by the unit that is declared."""
        number = moments.number_of(value) if self.reading in moments.EPOCHS else None
        unit = None if number is None else moments.unit_of(number)
        if unit is None or number is None or unit == self.unit(number):
            return False
        return _FIRST_OF_2001 < number.scaleb(-unit) <= self._latest and not self.is_past(value)

    def ends(self, values: list[Any]) -> tuple[Any, Any] | None:
        """The lowest and the highest of a page's values that Python itself compares as the cursor does; else None."""
        kinds, reading = set(map(type, values)), self.reading
        if kinds and kinds <= {int, float} and self.pattern is None and reading != "text":
            return (min(values), max(values)) if math.isfinite(sum(values)) else None
        if kinds != {str}:
            return None
        is_uniform = reading is None and len(set(map(len, values))) == 1 and _are_of_one_zone(values)
        return (min(values), max(values)) if is_uniform or reading == "text" else None

    def told(self, values: list[Any]) -> list[Any]:
        """Of a page's values those that may be the lowest or the highest; none that has no order."""
        return list(self.ends(values) or self.extremes(values))

    @property
    def key(self) -> Callable[[Any], Any]:
        """What two values with an order compare by."""
        return cmp_to_key(self.compare)

    def extremes(self, values: list[Any]) -> list[Any]:
        """The lowest and the highest of values that are moments in UTC; of others all that have a place."""
        placed = [value for value in values if self.has_place(value)]
        meanings = [self._meaning(value) for value in placed]
        if len(placed) < 3 or self.zone is not None or {kind for kind, _ in meanings} != {"moment"}:
            return placed
        moments = [moment for _, moment in meanings]
        return [placed[moments.index(min(moments))], placed[moments.index(max(moments))]]


def _are_of_one_zone(values: list[str]) -> bool:
    zones = {found and found[1] for found in map(_UNIFORM.fullmatch, values)}
    return len(zones) == 1 and None not in zones


PLAIN = Order()


def order_of(own: described.Incremental, now: datetime) -> Order:
    """The order that a file's cursor has.

    Args:
        own: the cursor.
        now: when the sync began.
    """
    return Order(own.cursor_format, ZoneInfo(own.timezone) if own.timezone else None, now)


class Direction:
    """Compares cursor values by the file's `last_value_func`.

    Args:
        own: the incremental as the file has it.
        order: how its values compare.
    """

    def __init__(self, own: described.Incremental, order: Order) -> None:
        self._func, self._order = own.last_value_func, order

    @property
    def is_up(self) -> bool:
        """Whether the highest value is the mark."""
        return self._func in ("max", max)

    def is_further(self, one: Any, other: Any) -> bool:
        """Whether a value lies beyond another in the direction that the mark moves.

        Raises:
            NoOrder: they do not compare.
        """
        func = self._func
        if self.is_up:
            return self._order.compare(one, other) > 0
        if func in ("min", min):
            return self._order.compare(one, other) < 0
        assert callable(func)
        return not self.is_same(one, other) and bool(_called(func, (one, other)) != _wrapped(other))

    def is_same(self, one: Any, other: Any) -> bool:
        """Whether two values stand at one place in the order."""
        if callable(func := self._func) and func not in (max, min):
            return bool(_called(func, (one,)) == _wrapped(other))
        return self._order.compare(one, other) == 0

    def earlier(self, one: Any, other: Any) -> Any:
        """Which of two values at one place a mark is set to, so that a row of the same place is asked for again."""
        return self._order.earlier(one, other) if self.is_up else other

    def reached(self, value: Any, before: Any) -> Any:
        """The mark behind a row; a function of the user's own may make another value of it."""
        func = self._func
        if not callable(func) or func in (max, min):
            return value
        return _plain(_called(func, (value,) if before is None else (value, before)))


def _called(func: Callable[..., Any], values: tuple[Any, ...]) -> Any:
    try:
        return func(tuple(map(_wrapped, values)))
    except TypeError:
        raise NoOrder from None


def _wrapped(value: Any) -> Any:
    return CursorText(value) if type(value) is str else value


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, str) else value
