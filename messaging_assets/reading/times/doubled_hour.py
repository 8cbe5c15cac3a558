"""Local times that name no zone, in the hour that comes twice when clocks are set back: they are one of two moments."""

from __future__ import annotations

from datetime import timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any

from messaging_assets.foundation import moments

_ELSEWHERE = timezone(timedelta(hours=1))
# No clock is set back by more.
LONGEST = 2 * 3600


def set_back_near(moment: Decimal, zone: tzinfo) -> int:
    """By how many seconds the clock of a zone is set back about a moment; 0 or less where it is not.

    Args:
        moment: seconds since 1970.
        zone: the zone.
    """
    offsets = [moments.datetime_of(moment + by, zone).utcoffset() for by in (-LONGEST, LONGEST)]
    return int(((offsets[0] or timedelta()) - (offsets[1] or timedelta())).total_seconds())


def span_of(value: Any, pattern: str | None, zone: tzinfo) -> tuple[Decimal, Decimal] | None:
    """The two moments that a value may be; None where it is one moment, or none.

    Args:
        value: what a record holds.
        pattern: the pattern of strptime that the file declares.
        zone: the zone of what names none.
    """
    wall, first = moments.moment_of(value, pattern), moments.moment_of(value, pattern, zone)
    if wall is None or first is None or wall == moments.moment_of(value, pattern, _ELSEWHERE):
        return None
    second = moments.moment_of(moments.datetime_of(wall).replace(tzinfo=None, fold=1), zone=zone)
    return (first, second) if second is not None and second > first else None


def may_be_same(one: Any, other: Any, pattern: str | None, zone: tzinfo) -> bool:
    """Whether it is not known which of two values is the later one, because of such an hour."""
    spans = [span_of(value, pattern, zone) for value in (one, other)]
    if spans == [None, None]:
        return False
    whole = []
    for value, span in zip((one, other), spans, strict=True):
        moment = moments.moment_of(value, pattern, zone)
        if moment is None:
            return False
        whole.append(span or (moment, moment))
    (first, last), (begin, end) = whole
    return first <= end and begin <= last
