"""The headers of an answer, line by line, as RFC 9112 lets a careful client read them.

Python's own reader ends at the first line that it does not understand and says nothing: whatever stands behind it, a
link to the next page among it, would be lost. Here each line is read, or the answer is refused.
"""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterable
from io import BytesIO
from typing import Any

# A name is a token (RFC 9110, section 5.6.2). Bytes beyond ASCII are no part of one, but of no other thing either.
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z\x80-\xff-]+")
# Lines of which nothing has to be made plain.
_PLAIN = re.compile(rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+: ?[^ \t\r\n\0](?:[^\r\n\0]*[^ \t\r\n\0])?\r\n)*\r\n")
_NOT_IN_A_VALUE = re.compile(rb"[\r\n\0]")
_ENDS = (b"\r\n", b"\n")


class UnreadableHeaders(http.client.HTTPException):
    """A line of the headers is none, so that nobody knows what it was to say."""


class StrangeTransfer(http.client.HTTPException):
    """The answer comes in a transfer coding that nobody asked for."""


def header_block(stream: Any) -> BytesIO:
    """The headers that come next from a connection, in lines that every reader understands alike.

    A value over several lines becomes one (RFC 9112, section 5.2). So does one with a bare CR or a NUL in it (section
    2.2; RFC 9110, section 5.5). Blanks before a colon are taken away (RFC 9112, section 5.1). A header whose
    name is not ASCII, or empty as those that HTTP/2 has of its own, is left out: nobody here looks for it.

    Args:
        stream: the connection's bytes, behind the status line.

    Raises:
        UnreadableHeaders: a line has no name and colon, such as one half of a header that was torn, or the end is
            missing.
        http.client.HTTPException: they are too many, or too long.
    """
    lines: list[bytes] = http.client._read_headers(stream)  # type: ignore[attr-defined]
    if not lines or lines[-1] not in _ENDS:
        raise UnreadableHeaders("the headers have no end")
    if _PLAIN.fullmatch(block := b"".join(lines)):
        return BytesIO(block)
    return BytesIO(b"".join(b"%b: %b\r\n" % one for one in _fields(lines[:-1])) + b"\r\n")


def check_framing(headers: http.client.HTTPMessage) -> None:
    """Refuse an answer that does not say where it ends (RFC 9112, sections 6.1 and 6.3).

    Raises:
        UnreadableHeaders: its length is no number.
        StrangeTransfer: it comes in another transfer coding than chunks.
    """
    codings = ", ".join(headers.get_all("Transfer-Encoding", ())).lower()
    if codings not in ("", "chunked", "identity"):
        raise StrangeTransfer("the transfer coding is another than chunks")
    lengths = headers.get_all("Content-Length", ()) if codings != "chunked" else ()
    if not all(length.isascii() and length.isdigit() for length in lengths) or len({*map(int, lengths)}) > 1:
        raise UnreadableHeaders("the length is no number")


def _fields(lines: Iterable[bytes]) -> list[tuple[bytes, bytes]]:
    fields: list[tuple[bytes, bytes]] = []
    for line in lines:
        plain = _NOT_IN_A_VALUE.sub(b" ", line.rstrip(b"\r\n"))
        name, colon, value = plain.partition(b":")
        if fields and plain[:1] in (b" ", b"\t"):
            name, value = fields[-1]
            fields[-1] = name, b"%b %b" % (value, plain.strip(b" \t"))
        elif colon and (not name or _NAME.fullmatch(name.rstrip(b" \t"))):
            fields.append((name.rstrip(b" \t"), value.strip(b" \t")))
        else:
            raise UnreadableHeaders("a line of the headers has no name and colon")
    return [field for field in fields if field[0] and field[0].isascii()]
