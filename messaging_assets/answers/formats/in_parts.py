"""Lines or a table in a file, as the records of one part after the other, which need not be in memory at once.

The file is read twice: first to its end, to see that it is whole and that each check of a short answer holds, and then
for its records. So none is handed on of a body that turns out to be cut off.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any, BinaryIO

from messaging_assets.answers.formats.archives import unfolded_pieces
from messaging_assets.answers.formats.delimited import delimited_records
from messaging_assets.answers.formats.json_lines import records_of_lines
from messaging_assets.answers.formats.json_text import Unreadable
from messaging_assets.answers.formats.texts import Records, encoding_of, in_another_encoding, is_full_part
from messaging_assets.description.endpoint import Format

LONGEST_LINE = 64_000_000
_START = 200


@dataclass(frozen=True)
class Spooled:
    """A long body in a file.

    Args:
        file: holds it.
        written: its format, one of lines or tables.
        encoding: what the file or the Content-Type says.
        has_end: whether it is known that its last byte came.
        most: how many bytes all files of an archive may have together.
        refuse: sees from the start of a file that it is in no other format.
    """

    file: BinaryIO
    written: Format
    encoding: str | None
    has_end: bool
    most: int
    refuse: Callable[[bytes], None]

    def proven(self) -> Iterator[Records]:
        """The parts of a body that was read to its end and is whole; the last one says what is doubtful about it.

        Raises:
            Unreadable, TooFar: see `decoded`.
        """
        whole = Records()
        number = sum(1 for _ in self._records(whole, _Measure()))
        if not (number or self.has_end or whole.header):
            raise Unreadable("an empty body")
        return self._parts(whole)

    def _parts(self, whole: Records) -> Iterator[Records]:
        measure = _Measure()
        part = Records()
        for record in self._records(Records(), measure):
            if is_full_part(len(part), measure.size):
                part.header, part.goes_on, before = whole.header, True, part.before + len(part)
                yield part
                part, measure.size = Records(), 0
                part.before = before
            part.append(record)
        part.header, part.has_end, part.doubt = whole.header, self.has_end, whole.doubt
        yield part

    def _records(self, of: Records, measure: _Measure) -> Iterator[Any]:
        headers = set()
        for pieces in unfolded_pieces(self.file, self.most, self.written.members):
            one = Records()
            yield from self._records_of(pieces, one, measure)
            headers.add(one.header)
            if len(headers) > 1:
                raise Unreadable("a zip archive whose files have different headers (members in format names some)")
            of.header = one.header
        if not (self.has_end or measure.is_ended):
            name = self.written.type.upper()
            of.doubt = f"{name} came without a length, and its last line without an end: it may be cut off"

    def _records_of(self, pieces: Iterator[bytes], of: Records, measure: _Measure) -> Iterator[Any]:
        start = b""
        for piece in pieces:
            start += piece
            if len(start) >= _START:
                break
        body = io.BufferedReader(Pieces(chain([start], pieces)))
        self.refuse(start)
        encoding, errors = encoding_of(start, self.encoding)
        text = io.TextIOWrapper(body, encoding, errors, newline="")
        try:
            if self.written.type != "ndjson":
                yield from delimited_records(measure.lines(text), self.written, of, lambda: measure.is_ended)
                return
            text.reconfigure(newline="\n")
            yield from records_of_lines(line.encode("utf-8", "surrogateescape") for line in measure.lines(text))
        except UnicodeError:
            raise in_another_encoding(encoding) from None


class _Measure:
    """Lines as they are read: how long they were since somebody asked, and whether the last one had an end."""

    def __init__(self) -> None:
        self.size, self.is_ended = 0, True

    def lines(self, text: io.TextIOWrapper) -> Iterator[str]:
        is_first = True
        for line in iter(partial(text.readline, LONGEST_LINE), ""):
            self.is_ended = line.endswith(("\n", "\r"))
            if len(line) >= LONGEST_LINE and not self.is_ended:
                raise Unreadable(f"a line of more than {LONGEST_LINE:,} characters")
            self.size += len(line)
            yield line.removeprefix("\ufeff") if is_first else line
            is_first = False


class Pieces(io.RawIOBase):
    """A file of the pieces that come."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, room: Any) -> int:
        while not self._rest:
            if (piece := next(self._pieces, None)) is None:
                return 0
            self._rest = memoryview(piece)
        size = min(len(room), len(self._rest))
        room[:size], self._rest = self._rest[:size], self._rest[size:]
        return size
