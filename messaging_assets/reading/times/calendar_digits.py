"""Moments that are written as the digits of a calendar and nothing else: 20250301000500, as a number or a text.

Their size is that of times since 1970 which are a thousand years away, so the calendar is asked first.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone, tzinfo
from decimal import Decimal

from messaging_assets.foundation import moments

# Year, month and day; the hour, the minute, the second and its thousandths as well.
_LENGTHS = (8, 10, 12, 14, 17)
_FIRST_YEAR, _LAST_YEAR = 1970, 2100
# What stands for no end in sight: the last day of all, or nothing but nines.
_LAST_DAY = "99991231"
_STEPS = {8: timedelta(days=1), 10: timedelta(hours=1), 12: timedelta(minutes=1), 14: timedelta(seconds=1)}


def calendar_moment(digits: str, zone: tzinfo = timezone.utc) -> Decimal | None:
    """The moment that digits are, from 1970 to 2100, or one that stands for no end; None where they are no such one.

    Args:
        digits: of a number or a text.
        zone: the zone that they are of.
    """
    if (
        len(digits) not in _LENGTHS
        or digits[:2] not in ("19", "20", "21", "99")
        or not (digits.isascii() and digits.isdigit())
    ):
        return None
    if not digits.strip("9"):
        digits = _LAST_DAY.ljust(len(digits), "0")
    parts = [digits[:4], *(digits[place : place + 2] for place in range(4, min(len(digits), 14), 2))]
    try:
        moment = datetime(*map(int, parts))  # type: ignore[arg-type]  # noqa: DTZ001 - the zone is the file's
    except ValueError:
        return None
    if not (_FIRST_YEAR <= moment.year <= _LAST_YEAR or digits.startswith(_LAST_DAY)):
        return None
    whole = moments.moment_of(moment, zone=zone)
    assert whole is not None
    return whole + (Decimal(digits[14:]).scaleb(-3) if len(digits) == 17 else 0)


def as_calendar_digits(moment: Decimal, length: int, zone: tzinfo = timezone.utc, is_end: bool = False) -> str:
    """A moment as so many digits; what they cannot hold is cut off, and at an end added.

    Raises:
        OverflowError: the moment is not in the years 1 to 9999.
    """
    local = moments.datetime_of(moment, zone)
    written = f"{local:%Y%m%d%H%M%S}{local.microsecond // 1000:03d}".rjust(17, "0")[:length]
    if is_end and (cut := calendar_moment(written, zone)) is not None and cut < moment:
        return as_calendar_digits(cut + Decimal(str(_STEPS.get(length, timedelta(0)).total_seconds())), length, zone)
    return written
