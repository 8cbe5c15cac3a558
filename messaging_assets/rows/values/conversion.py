"""Values of one column, from what JSON gives to what the table holds, without altering one in silence.

Each type has a fast way for a whole column whose values have the expected Python types. It has a careful way for one
value (`single_values.py`, `moments.py`). What does not fit is a `Misfit`; `rows/columns.py` decides what becomes of its
record.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from messaging_assets.rows.values.moments import DIGITS, is_finer, moment, moments_of
from messaging_assets.rows.values.nested import INVALID_UNICODE, Misfit, to_json_texts
from messaging_assets.rows.values.single_values import CAREFUL, has_lost_digits

LARGEST_VALUE = 16_000_000
_TRUTHS = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}
# Of any other type an empty text is how an API writes that there is no value.
_TAKING_EMPTY = frozenset(("text", "json", "binary"))
# So many digits are no date.
_EPOCH = re.compile(r"[0-9]{9,10}(\.[0-9]{1,6})?")


@dataclass(frozen=True)
class Converted:
    """A column's values as Arrow, with the places that did not fit.

    Args:
        array: as long as the values that came; null where one did not fit.
        misfits: reason by place.
        rounded: places of values with more digits of a second than the table keeps. A decimal's may have more than a
            JSON number keeps on the way.
    """

    array: Any
    misfits: dict[int, str]
    rounded: frozenset[int] = frozenset()


def arrow_type(
    data_type: str, precision: int | None = None, scale: int | None = None, timezone: bool | None = None
) -> Any:
    """The Arrow type that holds a dlt data type, as dlt itself maps them."""
    if data_type in ("decimal", "wei"):
        digits, places = (precision or 38), (scale if scale is not None else 0 if precision else 9)
        if data_type == "wei":
            digits, places = precision or 76, 0
        return pa.decimal128(digits, places) if digits <= 38 else pa.decimal256(digits, places)
    if data_type == "timestamp":
        return pa.timestamp(_unit(precision), None if timezone is False else "UTC")
    if data_type == "bigint" and precision:
        return {8: pa.int8(), 16: pa.int16(), 32: pa.int32()}.get(precision, pa.int64())
    return _ARROW_TYPES[data_type]


def _unit(precision: int | None) -> str:
    return next(unit for unit, digits in DIGITS.items() if digits >= min(6 if precision is None else precision, 9))


def convert(values: list[Any], data_type: str, type_: Any, zone: tzinfo | None = None) -> Converted:
    """Convert a column's values.

    Args:
        values: one per record, None where the record has none.
        data_type: dlt's word for the type.
        type_: the Arrow type, from `arrow_type`.
        zone: the zone of moments that name none; None for UTC.
    """
    kinds = set(map(type, values))
    kinds.discard(type(None))
    if not kinds:
        return Converted(pa.nulls(len(values), type_), {})
    try:
        if data_type == "timestamp" and kinds == {str}:
            return _moments(values, type_, zone)
        if data_type == "json":
            return Converted(_plain(pa.array(to_json_texts(values), pa.binary()).cast(type_)), {})
        if data_type == "bigint" and kinds == {str}:
            texts = pa.array(values, pa.string())
            numbers = texts.cast(pa.int64())
            # "007" would be altered.
            if numbers.cast(pa.string()).equals(texts):
                return Converted(numbers.cast(type_), {})
        if kinds <= _FAST_KINDS.get(data_type, frozenset()):
            array = pa.array(values, type_)
            return Converted(_plain(array) if data_type == "text" else array, {})
    except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError, ValueError, OverflowError):
        pass
    return _one_by_one(values, data_type, type_, zone)


def convert_declared(values: list[Any], data_type: str, type_: Any, zone: tzinfo | None = None) -> Converted:
    """The same for a column that the file declares: texts, as a table has them, are what their type makes of them.

    A truth value may be `1`, `t` or `TRUE`, a moment the seconds since 1970. An empty text is no value but of a text.
    """
    kinds = set(map(type, values))
    if str not in kinds:
        return convert(values, data_type, type_, zone)
    if data_type not in _TAKING_EMPTY and "" in values:
        values = [None if value == "" else value for value in values]
    if data_type == "bool":
        values = [_TRUTHS.get(value.lower(), value) if type(value) is str else value for value in values]
    elif data_type == "timestamp":
        try:
            # Most are dates alone.
            return _moments(values, type_, zone)
        except (pa.ArrowInvalid, pa.ArrowTypeError, ValueError):
            values = [
                float(value) if type(value) is str and value[4:5] != "-" and _EPOCH.fullmatch(value) else value
                for value in values
            ]
    return convert(values, data_type, type_, zone)


def _moments(values: list[Any], type_: Any, zone: tzinfo | None) -> Converted:
    array, rounded = moments_of(values, type_, zone)
    return Converted(array, {}, rounded)


def data_type_of(value: Any) -> str:
    """The type that dlt gives a column by its first value; ISO 8601 texts with a time are timestamps."""
    kind = type(value)
    if kind is str:
        from messaging_assets.seams.dlt_values import is_iso_timestamp

        # A moment starts with a year; the full parser is slow and asked only when that is so.
        if value[:4].isdigit() and is_iso_timestamp(str, value):
            return "timestamp"
        return "text"
    return _INFERRED.get(kind, "json")


def _one_by_one(values: list[Any], data_type: str, type_: Any, zone: tzinfo | None) -> Converted:
    misfits: dict[int, str] = {}
    rounded: set[int] = set()
    kept: list[Any] = []
    is_rounded = _ROUNDED.get(data_type)
    for place, value in enumerate(values):
        try:
            kept.append(None if value is None else _fitting(value, data_type, type_, zone))
        except Misfit as misfit:
            misfits[place] = str(misfit)
            kept.append(None)
        else:
            if is_rounded and value is not None and is_rounded(value, type_):
                rounded.add(place)
    return Converted(pa.array(kept, type_), misfits, frozenset(rounded))


def _fitting(value: Any, data_type: str, type_: Any, zone: tzinfo | None) -> Any:
    """The value as Arrow takes it, once Arrow agrees that it fits the type."""
    plain = moment(value, type_, zone) if data_type == "timestamp" else CAREFUL[data_type](value)
    if data_type == "double":
        return plain
    try:
        scalar = pa.scalar(plain, type_)
        if type_ == pa.string():
            _plain(pa.array([plain], type_))
    except Misfit:
        raise
    except UnicodeEncodeError:
        raise Misfit(INVALID_UNICODE) from None
    except (pa.ArrowInvalid, pa.ArrowTypeError, ValueError, OverflowError):
        raise Misfit(f"out of range for {type_}") from None
    return plain if data_type == "timestamp" else scalar.as_py()


def _plain(array: Any) -> Any:
    """The texts, if a table can hold them.

    Raises:
        Misfit: one has a NUL character, or is too large.
    """
    if pc.any(pc.match_substring(array, "\x00")).as_py():
        raise Misfit("a NUL character")
    if (pc.max(pc.binary_length(array)).as_py() or 0) > LARGEST_VALUE:
        raise Misfit(f"larger than {LARGEST_VALUE:,} bytes")
    return array


_ARROW_TYPES: dict[str, Any] = {
    "text": pa.string(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "binary": pa.binary(),
    "json": pa.string(),
}
_FAST_KINDS: dict[str, frozenset[type]] = {
    "text": frozenset({str}),
    "bigint": frozenset({int}),
    "double": frozenset({float, int}),
    "bool": frozenset({bool}),
}
# JSON knows the first three; the others come from a user's own processing steps.
_INFERRED: dict[type, str] = {bool: "bool", int: "bigint", float: "double", Decimal: "decimal", bytes: "binary"}
_INFERRED |= {datetime.datetime: "timestamp", datetime.date: "date", datetime.time: "time"}

# Types that keep less than some values have, and what tells such a value.
_ROUNDED: dict[str, Callable[[Any, Any], bool]] = {
    "timestamp": is_finer,
    "time": is_finer,
    "text": has_lost_digits,
    "decimal": has_lost_digits,
    "wei": has_lost_digits,
}
