"""Values of one column, from what JSON gives to what the table holds, without altering one in silence.

Each type has a fast way for a whole column whose values have the expected Python types, and a careful way for
one value. The careful way converts only where nothing is lost ("7" to 7, 7 to 7.0); everything else is a
`Misfit`, and what happens to the record is decided in `records.py`.
"""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

_UTC = pa.timestamp("us", "UTC")
_LARGEST_EXACT = 2**53
_FIRST_MOMENT, _LAST_MOMENT = -62135596800, 253402300799  # years 1 to 9999 in epoch seconds


class Misfit(ValueError):
    """A value does not fit its column; the text is a reason without the value."""


@dataclass(frozen=True)
class Converted:
    """A column's values as Arrow, with the places that did not fit.

    Args:
        array: as long as the values that came; null where one did not fit.
        misfits: reason by place.
        rounded: how many values had more digits of a second than a table keeps.
    """

    array: Any
    misfits: dict[int, str]
    rounded: int = 0


def arrow_type(data_type: str, precision: int | None = None, scale: int | None = None) -> Any:
    """The Arrow type that holds a dlt data type."""
    if data_type in ("decimal", "wei"):
        digits, places = (precision or 38), (scale if scale is not None else 0 if precision else 9)
        if data_type == "wei":
            digits, places = 76, 0
        return pa.decimal128(digits, places) if digits <= 38 else pa.decimal256(digits, places)
    return _ARROW_TYPES[data_type]


def convert(values: list[Any], data_type: str, type_: Any) -> Converted:
    """Convert a column's values.

    Args:
        values: one per record, None where the record has none.
        data_type: dlt's word for the type.
        type_: the Arrow type, from `arrow_type`.
    """
    kinds = set(map(type, values))
    kinds.discard(type(None))
    if not kinds:
        return Converted(pa.nulls(len(values), type_), {})
    if data_type == "timestamp" and kinds == {str}:
        return _moments(values, type_)
    if kinds <= _FAST_KINDS.get(data_type, frozenset()):
        try:
            array = pa.array(values, type_)
            if data_type == "text":
                _refuse_nul(array)
            return Converted(array, {})
        except (pa.ArrowInvalid, pa.ArrowTypeError, ValueError, OverflowError):
            pass
    return _one_by_one(values, data_type, type_)


def data_type_of(value: Any) -> str:
    """The type that dlt gives a column by its first value; ISO 8601 texts with a time are timestamps."""
    kind = type(value)
    if kind is str:
        from dlt.common.schema.detections import is_iso_timestamp

        # A moment starts with a year; the full parser is slow and asked only when that is so.
        if value[:4].isdigit() and is_iso_timestamp(str, value):
            return "timestamp"
        return "text"
    return _INFERRED.get(kind, "json")


def to_json(value: Any) -> str:
    """A nested value as JSON text, every value kept.

    Raises:
        Misfit: it nests too deep, or holds what JSON or text cannot.
    """
    try:
        text = orjson.dumps(value).decode()
    except (TypeError, ValueError):
        text = _careful_json(value)
    if "\\u0000" in text:
        raise Misfit("a NUL character")
    return text


def _careful_json(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        text.encode()
    except RecursionError:
        raise Misfit("nested too deep") from None
    except UnicodeEncodeError:
        raise Misfit("invalid unicode") from None
    except (TypeError, ValueError):
        raise Misfit("not a finite number") from None
    if _depth(value) > 250:
        raise Misfit("nested too deep")
    return text


def _depth(value: Any) -> int:
    depth, layer = 0, [value]
    while layer:
        depth += 1
        layer = [
            inner
            for outer in layer
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return depth


def _moments(values: list[Any], type_: Any) -> Converted:
    """ISO 8601 texts as moments in UTC; texts without an offset are UTC, as dlt has it."""
    try:
        return Converted(pa.array(values, pa.string()).cast(type_), {})
    except (pa.ArrowInvalid, ValueError):
        pass
    try:
        texts = pa.array(values, pa.string())
        exact = pc.replace_substring_regex(texts, r"(\.\d{6})\d+", r"\1")
        rounded = pc.sum(pc.match_substring_regex(texts, r"\.\d{6}\d*[1-9]")).as_py() or 0
        try:
            return Converted(exact.cast(type_), {}, rounded)
        except pa.ArrowInvalid:
            return Converted(pc.assume_timezone(exact.cast(pa.timestamp("us")), "UTC"), {}, rounded)
    except (pa.ArrowInvalid, ValueError):
        return _one_by_one(values, "timestamp", type_)


def _one_by_one(values: list[Any], data_type: str, type_: Any) -> Converted:
    careful, misfits, kept = _CAREFUL[data_type], {}, []
    for place, value in enumerate(values):
        try:
            kept.append(None if value is None else _fitting(careful(value), type_))
        except Misfit as misfit:
            misfits[place] = str(misfit)
            kept.append(None)
    return Converted(pa.array(kept, type_), misfits)


def _fitting(value: Any, type_: Any) -> Any:
    """The value, once Arrow agrees that it fits the type."""
    try:
        pa.scalar(value, type_)
    except UnicodeEncodeError:
        raise Misfit("invalid unicode") from None
    except (pa.ArrowInvalid, pa.ArrowTypeError, ValueError, OverflowError):
        raise Misfit(f"out of range for {type_}") from None
    if isinstance(value, str) and "\x00" in value:
        raise Misfit("a NUL character")
    return value


def _refuse_nul(array: Any) -> None:
    if pc.any(pc.match_substring(array, "\x00")).as_py():
        raise ValueError


def _text(value: Any) -> str:
    return value if isinstance(value, str) else to_json(value)


def _bigint(value: Any) -> int:
    if type(value) is float and value.is_integer() and abs(value) <= _LARGEST_EXACT:
        return int(value)
    if type(value) is str and value.lstrip("-").isdigit() and str(int(value[:25])) == value:
        value = int(value)
    if type(value) is not int:
        raise Misfit("not an integer")
    if not -(2**63) <= value < 2**63:
        raise Misfit("an integer beyond 64 bits (declare the column as decimal or text)")
    return value


def _double(value: Any) -> float:
    if type(value) is int and abs(value) > _LARGEST_EXACT and int(_as_float(value)) != value:
        raise Misfit("an integer that no double holds exactly")
    if type(value) is str and value.strip() != value:
        raise Misfit("not a number")
    if type(value) not in (int, float, str):
        raise Misfit("not a number")
    number = _as_float(value)
    if not math.isfinite(number):
        raise Misfit("not a finite number")
    return number


def _as_float(value: Any) -> float:
    try:
        return float(value)
    except (ValueError, OverflowError):
        raise Misfit("not a number") from None


def _bool(value: Any) -> bool:
    known = {True: True, False: False, "true": True, "false": False}
    if type(value) in (bool, str) and value in known:
        return known[value]
    raise Misfit("not a truth value")


def _timestamp(value: Any) -> datetime.datetime:
    if type(value) in (int, float):
        if not _FIRST_MOMENT <= value <= _LAST_MOMENT:
            raise Misfit("out of range for epoch seconds (milliseconds are declared as bigint)")
        return datetime.datetime.fromtimestamp(0, datetime.timezone.utc) + datetime.timedelta(seconds=value)
    if type(value) is not str:
        raise Misfit("not a moment in time")
    converted = _moment(value)
    return converted if converted.tzinfo else converted.replace(tzinfo=datetime.timezone.utc)


def _moment(text: str) -> datetime.datetime:
    from dlt.common.time import parse_iso_like_datetime

    for type_ in (_UTC, pa.timestamp("us")):
        try:
            moment: datetime.datetime = pa.scalar(text, pa.string()).cast(type_).as_py()
            return moment
        except (pa.ArrowInvalid, ValueError, OverflowError):
            continue
    try:
        parsed = parse_iso_like_datetime(text)
    except Exception:  # whatever the parser does not understand is no moment
        raise Misfit("not a moment in time") from None
    if not isinstance(parsed, datetime.datetime):
        raise Misfit("not a moment in time")
    return parsed


def _date(value: Any) -> datetime.date:
    try:
        return datetime.date.fromisoformat(value)
    except (TypeError, ValueError):
        raise Misfit("not a date") from None


def _time(value: Any) -> datetime.time:
    try:
        return datetime.time.fromisoformat(value.replace("Z", ""))
    except (AttributeError, TypeError, ValueError):
        raise Misfit("not a time of day") from None


def _decimal(value: Any) -> Decimal:
    if type(value) not in (int, float, str):
        raise Misfit("not a number")
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise Misfit("not a number") from None
    if not number.is_finite():
        raise Misfit("not a finite number")
    return number


def _binary(value: Any) -> bytes:
    import base64
    import binascii

    try:
        return base64.b64decode(value, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise Misfit("not base64") from None


_ARROW_TYPES: dict[str, Any] = {
    "text": pa.string(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "bool": pa.bool_(),
    "timestamp": _UTC,
    "date": pa.date32(),
    "time": pa.time64("us"),
    "binary": pa.binary(),
    "json": pa.string(),
}
_FAST_KINDS: dict[str, frozenset[type]] = {
    "text": frozenset({str}),
    "bigint": frozenset({int}),
    "double": frozenset({float}),
    "bool": frozenset({bool}),
}
_INFERRED: dict[type, str] = {bool: "bool", int: "bigint", float: "double"}
_CAREFUL: dict[str, Callable[[Any], Any]] = {
    "text": _text,
    "bigint": _bigint,
    "double": _double,
    "bool": _bool,
    "timestamp": _timestamp,
    "date": _date,
    "time": _time,
    "decimal": _decimal,
    "wei": _decimal,
    "binary": _binary,
    "json": to_json,
}
