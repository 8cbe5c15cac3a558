"""Lengths of time in a manifest, as ISO 8601 writes them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

_DURATION = re.compile(
    r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?"
)
_SECONDS = (365 * 86_400, 30 * 86_400, 7 * 86_400, 86_400, 3_600, 60, 1)


@dataclass(frozen=True)
class Duration:
    """A length of time, in days; of months and years as many as they may have."""

    days: int


def seconds_of(duration: Any, is_longest: bool = False) -> int | None:
    """The seconds of a duration such as PT1H, a part of one as a whole; None where it is none.

    Args:
        duration: as ISO 8601 has it.
        is_longest: whether a month has 31 days, and a year 366; else 30 and 365.
    """
    found = _DURATION.fullmatch(str(duration))
    if found is None or not any(found.groups()):
        return None
    seconds = (366 * 86_400, 31 * 86_400, *_SECONDS[2:]) if is_longest else _SECONDS
    return math.ceil(sum(length * float(number or 0) for length, number in zip(seconds, found.groups(), strict=True)))
