"""How the values of one cursor are written: which moments they are, and how another moment is written like them.

Args and results that are moments are seconds since 1970.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone, tzinfo
from decimal import Decimal
from functools import cached_property
from typing import Any

from messaging_assets.foundation import moments
from messaging_assets.reading.times.calendar_digits import as_calendar_digits, calendar_moment

# Clocks of two machines differ by so many seconds without anybody minding.
TOLERANCE = 60
# The first day that calendar's digits can be, and the hours that have ten of them, as seconds since 1970 have.
FIRST_DAY, _FIRST_HOUR, _LAST_HOUR = 19700101, 10**9, 10**10
# Ids of many APIs, nanoseconds since 1970 and Windows' ticks are all so large.
_NO_KNOWN_UNIT = Decimal("1e16")


class NoOrder(Exception):
    """Two values of which it is not known which is the later one."""


@dataclass(frozen=True)
class Notation:
    """How the values of one cursor are written.

    Args:
        reading: how records write it, as the file declares it: a unit of time since 1970, a pattern of strptime,
            `number` (of no time), `text` (its letters are its order); None where values show it.
        zone: the zone of moments that name none; None where the file does not say.
        now: when the sync began.
    """

    reading: str | None = None
    zone: tzinfo | None = None
    now: datetime = field(default_factory=lambda: datetime.now(timezone.utc))

    @property
    def pattern(self) -> str | None:
        """The pattern of strptime that the file declares."""
        return self.reading if self.reading and "%" in self.reading else None

    @property
    def _zone(self) -> tzinfo:
        return self.zone or timezone.utc

    @cached_property
    def _latest(self) -> Decimal:
        return Decimal(self.now.timestamp()) + TOLERANCE

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
            or number < FIRST_DAY
            or (_FIRST_HOUR <= number < _LAST_HOUR and number <= self._latest)
        ):
            return None
        digits = str(int(number)) if number == number.to_integral_value() else ""
        return digits if calendar_moment(digits, self._zone) is not None else None

    def is_day(self, value: Any) -> bool:
        """Whether a value says a day and no time of it."""
        if self.pattern and isinstance(value, str):
            return not moments.has_time_of_day(self.pattern) and self.has_place(value)
        number = None if self.pattern else moments.number_of(value)
        if number is not None:
            return len(self.calendar_digits(number) or "") == 8
        return moments.is_day(value) and self.has_place(value)

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
            if (is_day := self.is_day(value)) or in_days:
                step *= moments.DAY
                moment = moment if is_day else _day_of(moment, forward)
            try:
                return moments.written_like(value, moment + step, self.pattern, self._zone)
            except OverflowError:
                return value
        if digits := self.calendar_digits(number):
            moment = self._at(value)
            if len(digits) == 8 or in_days:
                step *= moments.DAY
                moment = _day_of(moment, forward) if len(digits) > 8 else moment
            return like_number(value, Decimal(as_calendar_digits(moment + step, len(digits), self._zone)))
        unit = self.unit(number)
        if unit is None and self.reading is None and abs(number) >= _NO_KNOWN_UNIT:
            raise NoOrder
        if unit is not None:
            step = (step * (moments.DAY if in_days else 1)).scaleb(unit)
        return like_number(value, number + step)

    def write(self, moment: Decimal, sample: Any, is_end: bool = False) -> Any:
        """A moment in the way that a sample of this cursor is written; None where no sample shows it."""
        if self.reading in moments.EPOCHS:
            return moments.written(moment, self.reading, self._zone, is_end)
        number = None if sample is None or self.pattern else moments.number_of(sample)
        if number is not None:
            if digits := self.calendar_digits(number):
                return like_number(sample, Decimal(as_calendar_digits(moment, len(digits), self._zone, is_end)))
            unit = self.unit(number)
            return None if unit is None else like_number(sample, moment.scaleb(unit))
        if sample is not None and self.moment(sample) is not None:
            return moments.written_like(sample, moment, self.pattern, self._zone)
        if self.pattern is not None:
            return moments.written(moment, self.pattern, self._zone, is_end)
        return None


def _day_of(moment: Decimal, forward: bool) -> Decimal:
    return moment + (moments.DAY if forward else 0) - moment % moments.DAY


def like_number(sample: Any, number: Decimal) -> Any:
    """A number as a sample of the same API is written: its type, its digits, its zeros in front."""
    if isinstance(sample, str):
        whole, _, digits = sample.removeprefix("-").partition(".")
        text = f"{number.quantize(Decimal(1).scaleb(-len(digits)), rounding='ROUND_FLOOR'):f}"
        return text if number < 0 else text.zfill(len(sample) if whole.startswith("0") and len(whole) > 1 else 0)
    return type(sample)(number) if isinstance(sample, float) else int(number // 1)
