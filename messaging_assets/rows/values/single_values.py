"""One value at a time, converted only where nothing is lost: "7" to 7, 7 to 7.0; everything else is a `Misfit`."""

from __future__ import annotations

import base64
import binascii
import datetime
import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from messaging_assets.rows.values.nested import Misfit, text_of, to_json

_EXACT_UP_TO = 2**53  # the largest integer up to which a double holds every integer
_DIGITS_OF_A_DOUBLE = 15  # so many decimal digits any double gives back as they were
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_TIME = re.compile(r"([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)[0-9]*(?:Z|[+]00:00)?")


def has_lost_digits(value: Any, type_: Any) -> bool:
    """Whether a number may have had more digits than the double that JSON is read into; a text keeps all of them."""
    return type(value) is float and len(Decimal(repr(value)).as_tuple().digits) > _DIGITS_OF_A_DOUBLE


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
    if (
        type(value) is not float
        and repr(number) != value
        and Decimal(value) != (int(number) if type(value) is int else Decimal(repr(number)))
    ):
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


CAREFUL: dict[str, Callable[[Any], Any]] = {
    "text": text_of,
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
