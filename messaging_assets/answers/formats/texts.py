"""Bytes as text, and lines of it as a list of records that also knows what is odd about the whole."""

from __future__ import annotations

import codecs
from email.message import Message
from functools import lru_cache
from typing import Any

from messaging_assets.answers.formats.json_text import Unreadable

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


PART_ROWS = 10_000
# Of the text that they are written in; as Python's values they take ten times as much.
PART_BYTES = 8_000_000
# Codecs of host names, which take the square of a long text's time.
_OF_NAMES = ("idna", "punycode")


class Portion:
    """What an answer says, where that may be one part of it.

    Attributes:
        before: how many records of the same answer came before these.
        goes_on: whether records of the same answer follow.
    """

    before = 0
    goes_on = False

    @property
    def is_begun(self) -> bool:
        """Whether records of the same answer came before these."""
        return self.before > 0

    @property
    def is_part(self) -> bool:
        """Whether there are other parts."""
        return self.is_begun or self.goes_on


class PartOfList(list[Any], Portion):
    """Some records of an answer that is a list."""


class PartOfObject(dict[str, Any], Portion):
    """An answer that is an object, with some records in place of its list."""


class Document(dict[str, Any]):
    """One of several objects that came in one archive, each with a list of its own.

    Attributes:
        place: which of them it is, as sentences say it.
        is_begun: whether others of the same archive came before it.
        goes_on: whether others of the same archive follow.
    """

    place = ""
    is_begun = goes_on = False


class Records(list[Any], Portion):
    """The records of an answer that is nothing but records: a list, as parsed JSON could be.

    Attributes:
        header: the names that the answer itself gives to its columns; None where it has none.
        doubt: why there may be more of it than came, as a clause; None where nothing says so.
        has_end: whether it is known that its last byte came.
        closing: the last line where it is no record, and may tell of the others; set by who knows the key.
    """

    header: tuple[str, ...] | None = None
    doubt: str | None = None
    has_end = True
    closing: dict[str, Any] | None = None

    @property
    def only_object(self) -> dict[str, Any] | None:
        """The only record, of lines; it may be an error in JSON. None where it is none."""
        is_alone = len(self) == 1 and self.header is None and not self.is_part
        return self[0] if is_alone and isinstance(self[0], dict) else None


def is_full_part(rows: int, size: int) -> bool:
    """Whether so many records, of so many bytes, are enough for one part."""
    return rows >= PART_ROWS or size >= PART_BYTES


def media_type(content_type: str) -> str:
    """The type in a Content-Type header, in small letters and without parameters."""
    return content_type.partition(";")[0].strip().lower()


@lru_cache
def charset_of(content_type: str) -> str | None:
    """The charset that a Content-Type header names; of the defaults that HTTP once had for texts none is left."""
    header = Message()
    header["Content-Type"] = content_type
    try:
        charset = header.get_content_charset()
    except (ValueError, LookupError):
        return None
    return None if charset in _OF_NAMES else charset


def as_text(body: bytes, encoding: str | None) -> str:
    """A body as text, in which bytes that are no UTF-8 stay apart, so that their records alone are set aside.

    Args:
        body: the bytes.
        encoding: what the file or the Content-Type says; a mark at the start of the body says more.

    Raises:
        Unreadable: it is in another encoding.
    """
    name, errors = encoding_of(body, encoding)
    try:
        return body.decode(name, errors).removeprefix("\ufeff")
    except UnicodeError:
        raise in_another_encoding(name) from None


def encoding_of(start: bytes, encoding: str | None) -> tuple[str, str]:
    """The encoding of a text that starts so, and Python's word for what becomes of other bytes; see `as_text`.

    Args:
        start: its first bytes.
        encoding: what the file or the Content-Type says; UTF-8 where that is nothing, or no encoding of texts.
    """
    name = next((name for mark, name in _MARKS if start.startswith(mark)), encoding or "utf-8")
    try:
        "a".encode(name)
    except LookupError:
        return encoding_of(start, None)
    return name, "surrogateescape" if codecs.lookup(name).name == "utf-8" else "strict"


def in_another_encoding(name: str) -> Unreadable:
    """What to raise of a text that is not written in an encoding."""
    return Unreadable(f"bytes that are no {name} (encoding in format names another)")
