"""How the values of one cursor compare, which moments they are, and how they are written in a request.

A value compares only where its order is known: numbers (texts of them too) and moments. Letters have an order as well,
but hardly ever the one that rows came in: "Wed, 01 Jan" stands before no "Thu, 02 Jan".
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from datetime import date, datetime, timezone, tzinfo
from decimal import Decimal
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from messaging_assets.description import api as described
from messaging_assets.foundation import moments
from messaging_assets.reading.cursors.calendar_digits import as_calendar_digits, calendar_moment
from messaging_assets.reading.cursors.doubled_hour import LONGEST, may_be_same
from messaging_assets.reading.cursors.relative_times import is_relative, resolved

# Clocks of two machines differ by so many seconds without anybody minding.
TOLERANCE = 60
# The first day that calendar's digits can be, and the hours that have ten of them, as seconds since 1970 have.
_FIRST_DAY, _FIRST_HOUR, _LAST_HOUR = 19700101, 10**9, 10**10
# Ids of many APIs, nanoseconds since 1970 and Windows' ticks are all so large.
_NO_KNOWN_UNIT = Decimal("1e16")
# Every digit stands at its place, so that the letters of such texts are in the order of what they mean.
_UNIFORM = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")


class NoOrder(Exception):
    """Two values of which it is not known which is the later one."""


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
class Order:
    """The order of one cursor's values.

    Args:
        reading: how records write it, as the file declares it: a unit of time since 1970, a pattern of strptime,
            `number` (of no time), `text` (its letters are its order); None where values show it.
        zone: the zone of moments that name none; None where the file does not say.
        now: when the sync began.
    """

    reading: str | None = None
    zone: tzinfo | None = None
    now: datetime = field(default_factory=lambda: datetime.now(timezone.utc))

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

    def earlier(self, one: Any, other: Any) -> Any:
        """Of two values at one place the one that is the earlier at its first reading."""
        first, second = self.moment(one), self.moment(other)
        return one if first is not None and second is not None and first < second else other

    def _are_of_two_lengths(self, one: Decimal, other: Decimal) -> bool:
        """Whether one number is a calendar's day, and the other a time of day."""
        if self.reading is not None or min(one, other) < _FIRST_DAY:
            return False
        left, right = self.calendar_digits(one), self.calendar_digits(other)
        return bool(left and right and len(left) != len(right))

    def has_place(self, value: Any) -> bool:
        """Whether a value has a place in the order."""
        try:
            self._meaning(value)
        except NoOrder:
            return False
        return True

    def _meaning(self, value: Any) -> tuple[str, Any]:
        if isinstance(value, bool):
            raise NoOrder
        if self.reading == "text":
            if isinstance(value, str):
                return "text", str(value)
            raise NoOrder
        if self.pattern is None and (number := moments.number_of(value)) is not None:
            return "number", number
        moment = moments.moment_of(value, self.pattern, self._zone)
        if moment is None:
            raise NoOrder
        return "moment", moment

    def _at(self, value: Any) -> Decimal:
        moment = self.moment(value)
        if moment is None:
            raise NoOrder
        return moment

    def moment(self, value: Any) -> Decimal | None:
        """The moment that a value is, a number by its declared unit or by its size; None where it is none."""
        number = None if self.pattern else moments.number_of(value)
        if number is None:
            return None if self.reading == "text" else moments.moment_of(value, self.pattern, self._zone)
        if digits := self.calendar_digits(number):
            return calendar_moment(digits, self._zone)
        unit = self.unit(number)
        return None if unit is None else number.scaleb(-unit)

    def unit(self, number: Decimal) -> int | None:
        """A number's unit of time since 1970 as digits of a second; None where it is none."""
        if self.reading is None:
            return None if self.calendar_digits(number) else moments.unit_of(number)
        return moments.EPOCHS.get(self.reading)

    def calendar_digits(self, number: Decimal) -> str | None:
        """The digits of a number that is a calendar's moment, such as 20250105 or 20250301000500; else None."""
        # Ten digits that are a past moment as seconds since 1970 are those.
        if (
            self.reading is not None
            or number < _FIRST_DAY
            or (_FIRST_HOUR <= number < _LAST_HOUR and number <= self._latest)
        ):
            return None
        digits = str(int(number)) if number == number.to_integral_value() else ""
        return digits if calendar_moment(digits, self._zone) is not None else None

    def is_day(self, value: Any) -> bool:
        """Whether a value says a day and no time of it."""
        number = None if self.pattern else moments.number_of(value)
        if number is not None:
            return len(self.calendar_digits(number) or "") == 8
        return moments.is_day(value) and self.has_place(value)

    def is_ahead(self, value: Any) -> bool:
        """Whether a value is a moment that the sync's own start, and what clocks differ by, lies before."""
        moment = self.moment(value)
        return moment is not None and moment > self._latest

    def is_past(self, value: Any) -> bool:
        """Whether a value is a moment from 2001 on up to now, which numbers that are times mostly are."""
        moment = self.moment(value)
        return moment is not None and 978_307_200 < moment <= self._latest

    @cached_property
    def _latest(self) -> Decimal:
        return Decimal(self.now.timestamp()) + TOLERANCE

    def ends(self, values: list[Any]) -> tuple[Any, Any] | None:
        """The lowest and the highest of a page's values that Python itself compares as the cursor does; else None."""
        kinds, reading = set(map(type, values)), self.reading
        if kinds and kinds <= {int, float} and self.pattern is None and reading != "text":
            return (min(values), max(values)) if math.isfinite(sum(values)) else None
        if kinds != {str}:
            return None
        is_uniform = reading is None and len(set(map(len, values))) == 1 and all(map(_UNIFORM.fullmatch, values))
        return (min(values), max(values)) if is_uniform or reading == "text" else None

    def behind(self, value: Any, lag: float, in_days: bool, forward: bool = False) -> Any:
        """The value by so much earlier, written as it is.

        Args:
            value: a cursor's.
            lag: seconds, or days; of numbers that are no time, so many.
            in_days: whether the lag is of days, and the day's beginning counts.
            forward: whether it is to be later, for a cursor that goes backward.

        Raises:
            NoOrder: it is neither number nor moment, or a number so large that its unit is not known.
        """
        step = Decimal(repr(lag)) * (1 if forward else -1)
        number = None if self.pattern else moments.number_of(value)
        if number is None:
            moment = self._at(value)
            if moments.is_day(value) or in_days:
                step *= moments.DAY
                moment = moment if moments.is_day(value) else self._day_of(moment, forward)
            try:
                return moments.written_like(value, moment + step, self.pattern, self._zone)
            except OverflowError:
                return value
        if digits := self.calendar_digits(number):
            moment = self._at(value)
            if len(digits) == 8 or in_days:
                step *= moments.DAY
                moment = self._day_of(moment, forward) if len(digits) > 8 else moment
            return _like_number(value, Decimal(as_calendar_digits(moment + step, len(digits), self._zone)))
        unit = self.unit(number)
        if unit is None and self.reading is None and abs(number) >= _NO_KNOWN_UNIT:
            raise NoOrder
        if unit is not None:
            step = (step * (moments.DAY if in_days else 1)).scaleb(unit)
        return _like_number(value, number + step)

    @staticmethod
    def _day_of(moment: Decimal, forward: bool) -> Decimal:
        return moment + (moments.DAY if forward else 0) - moment % moments.DAY

    def write(self, moment: Decimal, sample: Any, is_end: bool = False) -> Any:
        """A moment in the way that a sample of this cursor is written; None where no sample shows it."""
        if self.reading in moments.EPOCHS:
            return moments.written(moment, self.reading, self._zone, is_end)
        number = None if sample is None or self.pattern else moments.number_of(sample)
        if number is not None:
            if digits := self.calendar_digits(number):
                return _like_number(sample, Decimal(as_calendar_digits(moment, len(digits), self._zone, is_end)))
            unit = self.unit(number)
            return None if unit is None else _like_number(sample, moment.scaleb(unit))
        if sample is not None and self.moment(sample) is not None:
            return moments.written_like(sample, moment, self.pattern, self._zone)
        if self.pattern is not None:
            return moments.written(moment, self.pattern, self._zone, is_end)
        return None

    @property
    def pattern(self) -> str | None:
        """The pattern of strptime that the file declares."""
        return self.reading if self.reading and "%" in self.reading else None

    @property
    def _zone(self) -> tzinfo:
        return self.zone or timezone.utc


PLAIN = Order()


def _like_number(sample: Any, number: Decimal) -> Any:
    if isinstance(sample, str):
        whole, _, digits = sample.removeprefix("-").partition(".")
        text = f"{number.quantize(Decimal(1).scaleb(-len(digits)), rounding='ROUND_FLOOR'):f}"
        return text if number < 0 else text.zfill(len(sample) if whole.startswith("0") and len(whole) > 1 else 0)
    return type(sample)(number) if isinstance(sample, float) else int(number // 1)


def order_of(own: described.Incremental, now: datetime) -> Order:
    """The order that a file's cursor has.

    Args:
        own: the cursor.
        now: when the sync began.
    """
    return Order(own.cursor_format, ZoneInfo(own.timezone) if own.timezone else None, now)


def request_values(own: described.Incremental, last: Any, now: datetime) -> dict[str, Any]:
    """What `{incremental.<name>}` means in a request.

    Args:
        own: the cursor as the file has it.
        last: how far an earlier sync came, None where there was none.
        now: when the sync began.

    Raises:
        NoOrder: a value cannot be written as the file wants it.
    """
    order, initial = order_of(own, now), resolved(own.initial_value, now)
    start = lagged(own, order, last, initial) if last is not None else initial
    own_initial = None if is_relative(own.initial_value) else own.initial_value
    sample = own_initial if last is None else last
    begun = _written(own, order, start, sample)
    values = {"start_value": begun, "last_value": begun, "initial_value": _written(own, order, initial, sample)}
    try:
        # Who wants both ends gets now for the one that the file does not say.
        end = now if own.end_value is None and own.last_value_func not in ("min", min) else resolved(own.end_value, now)
        values["end_value"] = _written(own, order, end, sample, is_end=is_closed(own))
    except NoOrder:
        if own.end_value is not None or own.end_param is not None:
            raise
        values["end_value"] = None
    return values


def lagged(own: described.Incremental, order: Order, last: Any, initial: Any) -> Any:
    """From where rows are asked for, once an earlier sync came as far as `last`: not before where the file begins.

    Raises:
        NoOrder: a value is neither number nor moment.
    """
    if not own.lag or own.last_value_func not in ("max", "min", max, min) or is_closed(own):
        return last
    is_backward = own.last_value_func in ("min", min)
    # dlt's rule: a file that begins with a day counts its lag in days.
    in_days = moments.is_day(own.initial_value) and moments.moment_of(own.initial_value) is not None
    start = order.behind(last, own.lag, in_days, is_backward)
    if initial is None or (order.compare(start, initial) > 0) != is_backward:
        return start
    return initial


def bound_of(own: described.Incremental, order: Order, moment: Decimal, sample: Any, is_end: bool) -> Any:
    """A moment as a request takes it for one end of a range.

    Args:
        own: the cursor as the file has it.
        order: how its values compare.
        moment: seconds since 1970.
        sample: a value as the API writes it; None where there is none.
        is_end: whether the range ends there.

    Raises:
        NoOrder: it cannot be written as the file wants it.
    """
    return _written(own, order, moments.datetime_of(moment), sample, is_end)


def is_closed(own: described.Incremental) -> bool:
    """Whether the file says where the range ends, so that no state is kept."""
    return own.end_value not in (None, "now")


def _written(own: described.Incremental, order: Order, value: Any, sample: Any, is_end: bool = False) -> Any:
    if value is None:
        return None
    if own.format is not None:
        moment = order.moment(value)
        if moment is None:
            raise NoOrder
        is_up = is_end != (own.last_value_func in ("min", min))
        text = moments.written(moment, own.format, order.zone or timezone.utc, is_up)
        return own.convert(text) if own.convert else text
    is_shown = value is sample or isinstance(sample, (datetime, date))
    if isinstance(value, datetime) and is_shown and own.convert is None:
        # As Python writes it, it would have a blank in place of the T.
        exact = moments.moment_of(value, zone=order.zone or timezone.utc)
        assert exact is not None
        return moments.written(exact, "iso")
    if isinstance(value, datetime) and not is_shown:
        moment = moments.moment_of(value)
        assert moment is not None
        shown = order.write(moment, sample, is_end)
        if shown is None and sample is not None and moments.number_of(sample) is not None:
            raise NoOrder
        # Whole seconds, which every API reads.
        value = moments.written(moment // 1, "iso") if shown is None else shown
    return own.convert(value) if own.convert else value
