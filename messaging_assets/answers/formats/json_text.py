"""A JSON text, parsed once and without changing a value.

orjson is fast but reads integers beyond 64 bits as floats and refuses NaN, lone surrogates and bytes that
are no UTF-8; bodies with such things are read again by Python's own parser, which keeps them apart, so that
one strange record does not sink its page.
"""

from __future__ import annotations

import json
import math
import re
import sys
import threading
from typing import Any

import orjson

from messaging_assets.answers.field_names import shown_name
from messaging_assets.answers.names_twice import may_name_twice, object_of, settle

# 19 digits are the first that can exceed a signed 64-bit integer; those of a text or behind a point are no integer.
_LONG_NUMBER = re.compile(rb"[^\".0-9][0-9]{19}")
_DIGITS_AS_ZERO = bytes(48 if 48 <= byte <= 57 else byte for byte in range(256))
_LONG_RUN = b"0" * 19
_DEEPEST = 20_000
_recursion = threading.Lock()


class Unreadable(ValueError):
    """The body is not what it should be, or not clear; the text says what it looks like, never what is in it."""


class WrongFormat(Unreadable):
    """The body is in another format than was agreed, so that no later try can help."""


class NotFinite:
    """A number that JSON does not know or a double cannot hold: NaN, Infinity, 1e400."""

    def __init__(self, text: str) -> None:
        # No dataclass: orjson would write one as an object, and the number would be a value after all.
        self.text = text

    def __str__(self) -> str:
        return self.text


def parse(body: bytes, encoding: str | None) -> Any:
    """Parse a JSON body exactly.

    Args:
        body: the decoded (not compressed) bytes.
        encoding: the charset that the Content-Type names, if any.

    Returns:
        Python's plain values; integers of any size, `NotFinite` for NaN and its like, surrogates kept, `NamedTwice`
        for records in which a name comes twice.

    Raises:
        Unreadable: the body is empty, HTML, cut off, or otherwise not JSON, or outside of its records a name comes
            twice.
    """
    if not body.strip():
        raise Unreadable("an empty body")
    if encoding and not is_utf8(encoding):
        body = as_utf8(body, encoding)
    # The pattern takes twice as long as parsing; a run of one character is found at once.
    if _LONG_RUN not in body.translate(_DIGITS_AS_ZERO) or not _LONG_NUMBER.search(body):
        try:
            parsed = orjson.loads(body)
        except orjson.JSONDecodeError:
            pass
        else:
            if not may_name_twice(body, parsed):
                return parsed
    parsed = _parse_carefully(body)
    if (name := settle(parsed)) is not None:
        raise Unreadable(f"JSON in which a name comes twice ({shown_name(name)})")
    return parsed


def is_utf8(encoding: str | None) -> bool:
    """Whether a text of which this encoding is said, or none, is read as UTF-8."""
    return not encoding or encoding.lower().replace("_", "-") in ("utf-8", "utf8", "ascii", "us-ascii")


def as_utf8(body: bytes, encoding: str) -> bytes:
    """The same text in UTF-8; the body as it is where it is not in that encoding."""
    try:
        return body.decode(encoding).encode()
    except (LookupError, UnicodeError):
        return body


def _parse_carefully(body: bytes) -> Any:
    text = body.decode("utf-8-sig", "surrogateescape")
    # The limit belongs to the whole process, so that one thread at a time may lift it.
    with _recursion:
        limit = sys.getrecursionlimit()
        try:
            # Deep nesting is one record's fault; it is parsed here so that the record alone can be set aside.
            sys.setrecursionlimit(max(limit, _DEEPEST))
            return json.loads(
                text, parse_int=_integer, parse_float=_real, parse_constant=NotFinite, object_pairs_hook=object_of
            )
        except RecursionError:
            raise Unreadable("JSON that nests too deep") from None
        except ValueError:
            pass
        finally:
            sys.setrecursionlimit(limit)
    raise Unreadable(_looks_like(body))


def _integer(digits: str) -> Any:
    # Python refuses to convert more than 4,300 digits; no column can hold them, so the record is set aside.
    return int(digits) if len(digits) < 4000 else NotFinite(digits)


def _real(digits: str) -> Any:
    number = float(digits)
    return number if math.isfinite(number) else NotFinite(digits)


def _looks_like(body: bytes) -> str:
    start = body.lstrip()[:1]
    if start == b"<":
        return "HTML or XML in place of JSON"
    if start in (b"{", b"["):
        return "JSON that is cut off or broken"
    return "something that is not JSON"
