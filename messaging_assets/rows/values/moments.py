"""Moments of a column: texts and numbers as times in UTC, with the digits of a second that the table keeps."""

from __future__ import annotations

import calendar
import datetime
import re
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from messaging_assets.foundation.moments import datetime_of, moment_of
from messaging_assets.rows.values.nested import Misfit

_FIRST_MOMENT, _LAST_MOMENT = -62135596800, 253402300799  # years 1 to 9999 in epoch seconds
DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}  # of a second, by Arrow's word for the unit


def moments_of(values: list[Any], type_: Any) -> tuple[Any, frozenset[int]]:
    """ISO 8601 texts as moments in UTC; texts without an offset are UTC, as dlt has it.

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
        array = pc.assume_timezone(exact.cast(pa.timestamp(type_.unit)), "UTC")
    return _in_range(array.cast(type_)), frozenset(rounded)


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


def moment(value: Any, type_: Any) -> int:
    """A moment in units of the type since 1970, further digits cut off."""
    steps: int = 10 ** DIGITS[type_.unit]
    if type(value) in (int, float):
        if not _FIRST_MOMENT <= value <= _LAST_MOMENT:
            raise Misfit("out of range for epoch seconds (milliseconds are declared as bigint)")
        epoch: int = round(value * steps)
        return epoch
    if isinstance(value, str):
        try:
            return int(moments_of([value], type_)[0].cast(pa.int64())[0].as_py())
        except (pa.ArrowInvalid, ValueError):
            value = _parsed(value)
    if not isinstance(value, datetime.datetime):
        raise Misfit("not a moment in time")
    try:
        seconds = calendar.timegm(value.utctimetuple())
    except OverflowError:
        raise Misfit("not a moment in time") from None
    return (seconds * 1_000_000 + value.microsecond) * steps // 1_000_000


def _parsed(text: str) -> Any:
    """A text in one of ISO 8601's rarer shapes, as dlt reads them, or as mail headers or .NET have it."""
    from messaging_assets.seams.dlt_values import parse_iso_like_datetime

    try:
        if (text[:1].isalpha() or text[:1] == "/") and (moment := moment_of(text)) is not None:
            return datetime_of(moment)
        # Its parser also takes "2024", which is no moment.
        return parse_iso_like_datetime(text) if len(text) > 9 else None
    except (ValueError, OverflowError, TypeError):
        raise Misfit("not a moment in time") from None
