"""Values of one column, from what JSON gives to what the table holds, without altering one in silence.

Each type has a fast way for a whole column whose values have the expected Python types, and a careful way for
one value. The careful way converts only where nothing is lost ("7" to 7, 7 to 7.0); everything else is a
`Misfit`, and what happens to the record is decided in `rows/batches.py`.
"""

from __future__ import annotations

import base64
import binascii
import calendar
import datetime
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from messaging_assets.foundation.moments import datetime_of, moment_of
from messaging_assets.rows.nested import Misfit, to_json, to_json_texts

LARGEST_VALUE = 16_000_000
_EXACT_UP_TO = 2**53  # the largest integer up to which a double holds every integer
_DIGITS_OF_A_DOUBLE = 15  # so many decimal digits any double gives back as they were
_FIRST_MOMENT, _LAST_MOMENT = -62135596800, 253402300799  # years 1 to 9999 in epoch seconds
_DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}  # of a second, by Arrow's word for the unit
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_TIME = re.compile(r"([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)[0-9]*(?:Z|[+]00:00)?")


@dataclass(frozen=True)
class Converted:
    """A column's values as Arrow, with the places that did not fit.

    Args:
        array: as long as the values that came; null where one did not fit.
        misfits: reason by place.
        rounded: places of values with more digits of a second than the table keeps, or, as a decimal, more than a JSON
            number keeps on the way.
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
            digits, places = 76, 0
        return pa.decimal128(digits, places) if digits <= 38 else pa.decimal256(digits, places)
    if data_type == "timestamp":
        return pa.timestamp(_unit(precision), None if timezone is False else "UTC")
    if data_type == "bigint" and precision:
        return {8: pa.int8(), 16: pa.int16(), 32: pa.int32()}.get(precision, pa.int64())
    return _ARROW_TYPES[data_type]


def _unit(precision: int | None) -> str:
    return next(unit for unit, digits in _DIGITS.items() if digits >= min(6 if precision is None else precision, 9))


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
    try:
        if data_type == "timestamp" and kinds == {str}:
            return _moments(values, type_)
        if data_type == "json":
            return Converted(_plain(pa.array(to_json_texts(values), pa.binary()).cast(type_)), {})
        if kinds <= _FAST_KINDS.get(data_type, frozenset()):
            array = pa.array(values, type_)
            return Converted(_plain(array) if data_type == "text" else array, {})
    except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError, ValueError, OverflowError):
        pass
    return _one_by_one(values, data_type, type_)


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


def _moments(values: list[Any], type_: Any) -> Converted:
    """ISO 8601 texts as moments in UTC; texts without an offset are UTC, as dlt has it.

    Raises:
        pyarrow.ArrowInvalid, ValueError: one of them is something else.
    """
    texts = pa.array(values, pa.string())
    try:
        return Converted(_in_range(texts.cast(type_)), {})
    except pa.ArrowInvalid:
        pass
    longer, rounding = _beyond(type_)
    rounded = pc.indices_nonzero(pc.match_substring_regex(texts, rounding).fill_null(False)).to_pylist()
    exact = pc.replace_substring_regex(texts, longer, r"\1")
    try:
        array = exact.cast(pa.timestamp(type_.unit, "UTC"))
    except pa.ArrowInvalid:
        array = pc.assume_timezone(exact.cast(pa.timestamp(type_.unit)), "UTC")
    return Converted(_in_range(array.cast(type_)), {}, frozenset(rounded))


def _in_range(array: Any) -> Any:
    """Moments of the years 1 to 9999; an offset may carry a text past them.

    Raises:
        ValueError: one is outside.
    """
    ends = pc.min_max(array.cast(pa.int64())).as_py()
    steps = 10 ** _DIGITS[array.type.unit]
    if ends["min"] is not None and not _FIRST_MOMENT <= ends["min"] // steps <= ends["max"] // steps <= _LAST_MOMENT:
        raise ValueError
    return array


def _beyond(type_: Any) -> tuple[str, str]:
    """What finds digits of a second that a type does not keep, and what finds those that are not zero."""
    digits = _DIGITS[type_.unit]
    return (rf"(\.\d{{{digits}}})\d+" if digits else r"()\.\d+"), rf"[.,]\d{{{digits}}}\d*[1-9]"


def _one_by_one(values: list[Any], data_type: str, type_: Any) -> Converted:
    misfits: dict[int, str] = {}
    rounded: set[int] = set()
    kept: list[Any] = []
    is_rounded = _ROUNDED.get(data_type)
    for place, value in enumerate(values):
        try:
            kept.append(None if value is None else _fitting(value, data_type, type_))
        except Misfit as misfit:
            misfits[place] = str(misfit)
            kept.append(None)
        else:
            if is_rounded and value is not None and is_rounded(value, type_):
                rounded.add(place)
    return Converted(pa.array(kept, type_), misfits, frozenset(rounded))


def _fitting(value: Any, data_type: str, type_: Any) -> Any:
    """The value as Arrow takes it, once Arrow agrees that it fits the type."""
    plain = _moment(value, type_) if data_type == "timestamp" else _CAREFUL[data_type](value)
    try:
        scalar = pa.scalar(plain, type_)
        if type_ == pa.string():
            _plain(pa.array([plain], type_))
    except Misfit:
        raise
    except UnicodeEncodeError:
        raise Misfit("invalid unicode") from None
    except (pa.ArrowInvalid, pa.ArrowTypeError, ValueError, OverflowError):
        raise Misfit(f"out of range for {type_}") from None
    return plain if data_type == "timestamp" else scalar.as_py()


def _has_lost_digits(value: Any, type_: Any) -> bool:
    """Whether a number may have had more digits than the double that JSON is read into; a text keeps all of them."""
    return type(value) is float and len(Decimal(repr(value)).as_tuple().digits) > _DIGITS_OF_A_DOUBLE


def _is_finer(value: Any, type_: Any) -> bool:
    if isinstance(value, str):
        return bool(re.search(_beyond(type_)[1], value))
    steps = 10 ** _DIGITS[type_.unit]
    return isinstance(value, float) and round(value * steps) / steps != value


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


def _text(value: Any) -> str:
    return value if isinstance(value, str) else to_json(value)


def _bigint(value: Any) -> int:
    if type(value) is float and value.is_integer() and abs(value) <= _EXACT_UP_TO:
        return int(value)
    if type(value) is str and len(value) <= 20 and value.isascii() and value.removeprefix("-").isdigit():
        # "007" and "-0" are texts that a number would alter.
        value = int(value) if str(int(value)) == value else value
    if type(value) is not int:
        raise Misfit("not an integer")
    if not -(2**63) <= value < 2**63:
        raise Misfit("an integer beyond 64 bits (declare the column as decimal or text)")
    return value


def _double(value: Any) -> float:
    if type(value) not in (int, float, str, Decimal) or not _is_number(value):
        raise Misfit("not a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise Misfit("not a finite number")
    # A fraction is what the nearest double says it is; an integer or a text is kept digit by digit or not at all.
    if type(value) is not float and Decimal(value) != (int(number) if type(value) is int else Decimal(repr(number))):
        raise Misfit("a number that no double holds exactly")
    return number


def _is_number(value: Any) -> bool:
    return not isinstance(value, str) or bool(_NUMBER.fullmatch(value))


def _bool(value: Any) -> bool:
    # 1 is True in Python, and so are 1 and 0 of an API.
    known = {True: True, False: False, "true": True, "false": False}
    if type(value) in (bool, str, int) and value in known:
        return known[value]
    raise Misfit("not a truth value")


def _moment(value: Any, type_: Any) -> int:
    """A moment in units of the type since 1970, further digits cut off."""
    steps: int = 10 ** _DIGITS[type_.unit]
    if type(value) in (int, float):
        if not _FIRST_MOMENT <= value <= _LAST_MOMENT:
            raise Misfit("out of range for epoch seconds (milliseconds are declared as bigint)")
        epoch: int = round(value * steps)
        return epoch
    if isinstance(value, str):
        try:
            return int(_moments([value], type_).array.cast(pa.int64())[0].as_py())
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
    """A text in one of ISO 8601's rarer shapes, as dlt reads them, or as mail headers have it."""
    from messaging_assets.seams.dlt_values import parse_iso_like_datetime

    try:
        if text[:1].isalpha() and (moment := moment_of(text)) is not None:
            return datetime_of(moment)
        # Its parser also takes "2024", which is no moment.
        return parse_iso_like_datetime(text) if len(text) > 9 else None
    except (ValueError, OverflowError, TypeError):
        raise Misfit("not a moment in time") from None


def _date(value: Any) -> datetime.date:
    try:
        if isinstance(value, str) and len(value) == 10:
            value = datetime.date.fromisoformat(value)
    except ValueError:
        raise Misfit("not a date") from None
    if type(value) is not datetime.date:
        raise Misfit("not a date")
    return value


def _time(value: Any) -> datetime.time:
    try:
        found = _TIME.fullmatch(value) if isinstance(value, str) else None
        if found:
            whole, _, fraction = found[1].partition(".")
            value = datetime.time.fromisoformat(whole).replace(microsecond=int(fraction.ljust(6, "0") or 0))
    except ValueError:
        raise Misfit("not a time of day") from None
    if not isinstance(value, datetime.time) or value.tzinfo:
        raise Misfit("not a time of day")
    return value


def _decimal(value: Any) -> Decimal:
    if type(value) not in (int, float, str, Decimal) or not _is_number(value):
        raise Misfit("not a number")
    number = Decimal(repr(value) if type(value) is float else value)
    if not number.is_finite():
        raise Misfit("not a finite number")
    return number


def _binary(value: Any) -> bytes:
    try:
        return value if isinstance(value, bytes) else base64.b64decode(value, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise Misfit("not base64") from None


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
_CAREFUL: dict[str, Callable[[Any], Any]] = {
    "text": _text,
    "bigint": _bigint,
    "double": _double,
    "bool": _bool,
    "date": _date,
    "time": _time,
    "decimal": _decimal,
    "wei": _decimal,
    "binary": _binary,
    "json": to_json,
}
# Types that keep less than some values have, and what tells such a value.
_ROUNDED: dict[str, Callable[[Any, Any], bool]] = {
    "timestamp": _is_finer,
    "time": _is_finer,
    "decimal": _has_lost_digits,
    "wei": _has_lost_digits,
}
