"""A JSON text in a file: what stands around its list, and where its records lie, which are parsed part by part.

The text is read to its end first, record by record, and none is kept. So none is handed on of a text that is cut off.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator

from messaging_assets.answers.formats.json_text import Unreadable, parse
from messaging_assets.answers.formats.laid_out import Cut, Laid, NotInParts
from messaging_assets.answers.formats.texts import is_full_part

_PIECE = 1 << 20
# One record, or one value beside the list.
_LONGEST = 64_000_000
# Of a value that is not there to its end, the error is so close to what was read last, or begins with a quote.
_CLOSE = 16
_SPACE = re.compile(r"[ \t\r\n]*")


def laid_json(pieces: Iterable[bytes], names: tuple[str, ...]) -> Laid:
    """Read a JSON text to its end.

    Args:
        pieces: the text, in UTF-8.
        names: the keys that lead to its list; none where the text is the list.

    Raises:
        NotInParts: no list is there, or it is too deep, or a single value is too long.
        Unreadable: it is cut off or broken, or beside the list a name comes twice.
    """
    scan = _Scan(pieces)
    try:
        scan.whole(names)
    except RecursionError:
        raise NotInParts from None
    if not scan.has_list:
        raise NotInParts
    return Laid(parse("".join(scan.around).encode("utf-8", "surrogateescape"), None), names, scan.cuts)


class _Scan:
    """Goes through a text once.

    Attributes:
        around: the text in pieces, without what is in its list.
        cuts: where its records are.
        has_list: whether there was one.
    """

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._window = _Window(iter(pieces))
        self.around: list[str] = []
        self.cuts: list[Cut] = []
        self.has_list = False

    def whole(self, names: tuple[str, ...]) -> None:
        """Go through all of it; the names lead to the list."""
        if self._window.sign() == "\ufeff":
            self._window.at += 1
        self._value_at(names)
        if self._window.sign():
            raise _broken()

    def _value_at(self, names: tuple[str, ...]) -> None:
        sign = self._window.sign()
        if sign != ("{" if names else "["):
            raise NotInParts if sign or not self.around else _broken()
        if names:
            self._object(names)
        else:
            self._list()

    def _object(self, names: tuple[str, ...]) -> None:
        self._take("{")
        if self._window.sign() == "}":
            self._take("}")
            return
        while True:
            if self._window.sign() != '"':
                raise _broken()
            key = self._beside()
            self._take(":")
            if key == names[0]:
                self._value_at(names[1:])
            else:
                self._beside()
            if self._take(",}") == "}":
                return

    def _beside(self) -> object:
        window = self._window
        value = window.value()
        self.around.append(window.text[window.start : window.at])
        return value

    def _list(self) -> None:
        window, self.has_list = self._window, True
        window.at += 1
        self.around.append("[]")
        if window.sign() == "]":
            window.at += 1
            return
        skipped, rows = window.cut(), 0
        while True:
            window.value()
            rows += 1
            sign, is_full = window.sign(), is_full_part(rows, window.size)
            if is_full or sign == "]":
                self.cuts.append(Cut(skipped, window.cut(), rows))
            if sign not in (",", "]"):
                raise _broken()
            window.at += 1
            if sign == "]":
                return
            if is_full:
                window.sign()
                skipped, rows = window.cut(), 0

    def _take(self, signs: str) -> str:
        sign = self._window.sign()
        if not sign or sign not in signs:
            raise _broken()
        self._window.at += 1
        self.around.append(sign)
        return sign


class _Window:
    """The text that is looked at, from where somebody stands in it to where it was read.

    Attributes:
        text: what is looked at.
        at: the place in it.
        start: where the value began that came last.
    """

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._decoder = pieces, codecs.getincrementaldecoder("utf-8")("surrogateescape")
        # Python refuses to convert more than 4,300 digits to an integer.
        self._raw = json.JSONDecoder(parse_int=float).raw_decode
        self.text, self.at, self.start = "", 0, 0
        self._is_over, self._from, self._bytes = False, 0, 0

    @property
    def size(self) -> int:
        """How far it went since the last `cut`: bytes, or letters of them."""
        return self._bytes + self.at - self._from

    def cut(self) -> int:
        """How many bytes it went since the last one."""
        self._count()
        size, self._bytes = self._bytes, 0
        return size

    def sign(self) -> str:
        """The next character that is no space; empty at the end."""
        while True:
            self.at = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]
            if self.at < len(self.text) or self._is_over:
                return self.text[self.at : self.at + 1]
            self._read_on()

    def value(self) -> object:
        """Go behind the value that comes next, which is not to be kept: its integers are none.

        Raises:
            Unreadable: none comes, or it is cut off.
            NotInParts: it is too long.
        """
        self.sign()
        while True:
            try:
                value, end = self._raw(self.text, self.at)
            except json.JSONDecodeError as error:
                is_here = error.pos < len(self.text) - _CLOSE and self.text[error.pos] != '"'
                if is_here or self._is_over:
                    raise _broken() from None
            else:
                # Of a number that ends with what was read, more digits may follow.
                if end < len(self.text) or self._is_over:
                    self.start, self.at = self.at, end
                    return value
            self._read_on()

    def _read_on(self) -> None:
        """Read a piece, the longer the more there is of a value that does not end."""
        self._count()
        rest = self.text[self.at :]
        if len(rest) > _LONGEST:
            raise NotInParts
        came, size = [rest], 0
        while size < max(_PIECE, len(rest)) and not self._is_over:
            piece = next(self._pieces, None)
            self._is_over = piece is None
            came.append(self._decoder.decode(piece or b"", final=self._is_over))
            size += len(piece or b"")
        self.text, self.at, self._from = "".join(came), 0, 0

    def _count(self) -> None:
        self._bytes += len(self.text[self._from : self.at].encode("utf-8", "surrogateescape"))
        self._from = self.at


def _broken() -> Unreadable:
    return Unreadable("JSON that is cut off or broken")
