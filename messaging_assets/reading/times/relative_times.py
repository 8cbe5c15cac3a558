"""Times that an API file says in relation to now: `now`, `-30d`, and durations of ISO 8601 such as `-P30D`."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from messaging_assets.foundation import moments

_AGO = re.compile(r"-(\d+) ?(s|min|h|d|w|mo|y)")
_DURATION = re.compile(
    r"-?P(?=.)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?"
)
_UNITS = ("y", "mo", "w", "d", "h", "min", "s")
_SECONDS = {"w": 7 * moments.DAY, "d": moments.DAY, "h": 3600, "min": 60, "s": 1}


def resolved(value: Any, now: datetime) -> Any:
    """A value of the file: `now`, a time before it such as `-30d` or `-P30D` as a moment, anything else as it is.

    The moment is in whole seconds, which every API reads.
    """
    now = now.replace(microsecond=0)
    if value == "now":
        return now
    if not isinstance(value, str):
        return value
    if found := _AGO.fullmatch(value):
        return _before(now, {found[2]: int(found[1])})
    if found := _DURATION.fullmatch(value):
        return _before(now, {name: int(one) for name, one in zip(_UNITS, found.groups(), strict=True) if one})
    return value


def _before(now: datetime, parts: dict[str, int]) -> datetime:
    months = parts.get("y", 0) * 12 + parts.get("mo", 0)
    year, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    day = now.day
    while True:
        try:
            moment = now.replace(year=year, month=month + 1, day=day)
            break
        except ValueError:
            # The month has no such day.
            if (day := day - 1) < 28:
                raise OverflowError("before the year 1") from None
    return moment - timedelta(seconds=sum(_SECONDS.get(name, 0) * one for name, one in parts.items()))


def is_relative(value: Any) -> bool:
    """Whether a value of the file is now, or a time before it."""
    return isinstance(value, str) and bool(value == "now" or _AGO.fullmatch(value) or _DURATION.fullmatch(value))


def midnight(moment: Decimal, zone: tzinfo) -> Decimal:
    """When the day of a moment begins in a zone, in seconds since 1970.

    Args:
        moment: seconds since 1970.
        zone: the zone.
    """
    day = moments.datetime_of(moment, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return moments.moment_of(day) or Decimal(0)
