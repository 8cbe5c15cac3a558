"""Moments of a column: texts and numbers as times in UTC, with the digits of a second that the table keeps.

A time that names no zone is one of the column's. One that comes twice, when clocks are set back, is the first. One that
is left out, when they are set forward, is read by the clock before.
"""

from __future__ import annotations

import calendar
import datetime
import re
from datetime import timezone, tzinfo
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from messaging_assets.foundation.moments import datetime_of, moment_of, written
from messaging_assets.rows.values.nested import Misfit

_NO_SECONDS = "out of range for epoch seconds (let steps cast it, such as epoch_ms, or declare bigint)"
_FIRST_MOMENT, _LAST_MOMENT = -62135596800, 253402300799  # years 1 to 9999 in epoch seconds
_NOTHING, _ELSEWHERE = datetime.timedelta(), timezone(datetime.timedelta(hours=1))
_SECONDS, _MICROSECONDS = pa.timestamp("s", "UTC"), pa.timestamp("us", "UTC")
DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}  # of a second, by Arrow's word for the unit


def moments_of(values: list[Any], type_: Any, zone: tzinfo | None = None) -> tuple[Any, frozenset[int]]:
    """ISO 8601 texts as moments in UTC.

    Args:
        values: the texts, None where a record has none.
        type_: the Arrow type.
        zone: that of texts without an offset; None for UTC, as dlt has it.

    Returns:
        An Arrow array, and the places of texts with more digits of a second than it keeps.

    Raises:
        pyarrow.ArrowInvalid, ValueError: one of them is something else.
    """
    texts = pa.array(values, pa.string())
    try:
        return _in_range(texts.cast(type_)), frozenset()
    except pa.ArrowInvalid:
        pass
    longer, rounding = _beyond(type_)
    rounded = pc.indices_nonzero(pc.match_substring_regex(texts, rounding).fill_null(False)).to_pylist()
    exact = pc.replace_substring_regex(texts, longer, r"\1")
    try:
        array = exact.cast(pa.timestamp(type_.unit, "UTC"))
    except pa.ArrowInvalid:
        array = _in_zone(exact.cast(pa.timestamp(type_.unit)), zone)
    return _in_range(array.cast(type_)), frozenset(rounded)


def _in_zone(array: Any, zone: tzinfo | None) -> Any:
    """Times on the clocks of a zone as moments.

    Raises:
        pyarrow.ArrowInvalid, ValueError: one of them is in no year of Python's.
    """
    if zone is None:
        return pc.assume_timezone(array, "UTC")
    # By Python's own zones, as cursors are read; those of Arrow are not on every machine.
    clocks = pc.floor_temporal(array, unit="second").cast(pa.timestamp("s")).to_pylist()
    ahead = [clock and int((clock.replace(tzinfo=zone).utcoffset() or _NOTHING).total_seconds()) for clock in clocks]
    steps = pc.multiply(pa.array(ahead, pa.int64()), 10 ** DIGITS[array.type.unit])
    return pc.subtract_checked(array.cast(pa.int64()), steps).cast(pa.timestamp(array.type.unit, "UTC"))


def names_no_zone(value: Any) -> bool:
    """Whether a value is a moment only in a zone that it does not name."""
    try:
        return moment(value, _SECONDS) != moment(value, _SECONDS, _ELSEWHERE)
    except Misfit:
        return False


def with_zone(value: Any, zone: tzinfo | None) -> Any:
    """A value that is a moment of a zone which it does not name, as a text that does; any other one as it is."""
    if zone is None or not names_no_zone(value):
        return value
    exact = moment_of(value, zone=zone)
    return written(Decimal(moment(value, _MICROSECONDS, zone)).scaleb(-6) if exact is None else exact, "iso")


def _in_range(array: Any) -> Any:
    """Moments of the years 1 to 9999; an offset may carry a text past them.

    Raises:
        ValueError: one is outside.
    """
    ends = pc.min_max(array.cast(pa.int64())).as_py()
    steps = 10 ** DIGITS[array.type.unit]
    if ends["min"] is not None and not _FIRST_MOMENT <= ends["min"] // steps <= ends["max"] // steps <= _LAST_MOMENT:
        raise ValueError
    return array


def _beyond(type_: Any) -> tuple[str, str]:
    """What finds digits of a second that a type does not keep, and what finds those that are not zero."""
    digits = DIGITS[type_.unit]
    return (rf"(\.\d{{{digits}}})\d+" if digits else r"()\.\d+"), rf"[.,]\d{{{digits}}}\d*[1-9]"


def is_finer(value: Any, type_: Any) -> bool:
    """Whether a value has more digits of a second than a type keeps."""
    if isinstance(value, str):
        return bool(re.search(_beyond(type_)[1], value))
    steps = 10 ** DIGITS[type_.unit]
    return isinstance(value, float) and round(value * steps) / steps != value


def moment(value: Any, type_: Any, zone: tzinfo | None = None) -> int:
    """A moment in units of the type since 1970, further digits cut off; see `moments_of` for the zone."""
    steps: int = 10 ** DIGITS[type_.unit]
    if type(value) in (int, float):
        if not _FIRST_MOMENT <= value <= _LAST_MOMENT:
            raise Misfit(_NO_SECONDS)
        epoch: int = round(value * steps)
        return epoch
    if isinstance(value, str):
        try:
            return int(moments_of([value], type_, zone)[0].cast(pa.int64())[0].as_py())
        except (pa.ArrowInvalid, ValueError):
            value = _parsed(value, zone)
    if not isinstance(value, datetime.datetime):
        raise Misfit("not a moment in time")
    try:
        named = value if value.tzinfo or zone is None else value.replace(tzinfo=zone)
        seconds = calendar.timegm(named.utctimetuple())
    except OverflowError:
        raise Misfit("not a moment in time") from None
    return (seconds * 1_000_000 + value.microsecond) * steps // 1_000_000


def _parsed(text: str, zone: tzinfo | None) -> Any:
    """A text in one of ISO 8601's rarer shapes, as dlt reads them, or as mail headers or .NET have it."""
    from messaging_assets.seams.dlt_values import parse_iso_like_datetime

    try:
        # Of mail headers, the day of the week may be left out: 1 Mar 2026 10:00:00 +0000.
        is_other = text[:1].isalpha() or text[:1] == "/" or " " in text[1:3]
        if is_other and (moment := moment_of(text, zone=zone or timezone.utc)) is not None:
            return datetime_of(moment)
        # Its parser also takes "2024", which is no moment.
        return parse_iso_like_datetime(text) if len(text) > 9 else None
    except (ValueError, OverflowError, TypeError):
        raise Misfit(_NO_SECONDS if text.isdigit() and len(text) > 10 else "not a moment in time") from None
