"""A long answer that was read to its end: what it says around its list, and where the records of its parts lie."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

from messaging_assets.answers.formats.json_text import parse
from messaging_assets.answers.formats.texts import PartOfList, PartOfObject


class NotInParts(Exception):
    """The list is not where it can be read in parts: the answer is read at once, and judged, as a short one."""


class Scratch(Protocol):
    """A file for as long as somebody needs it."""

    file: BinaryIO

    def take(self, pieces: list[bytes]) -> None:
        """Put pieces behind what is there."""


@dataclass(frozen=True)
class Cut:
    """Where the records of a part lie, with commas between them.

    Args:
        skipped: bytes between those before and these.
        size: bytes of these.
        rows: how many they are.
    """

    skipped: int
    size: int
    rows: int


@dataclass(frozen=True)
class Laid:
    """An answer whose records lie in a file, as JSON.

    Args:
        around: the whole, with an empty list in place of its records.
        names: the keys that lead to the list; none where it is the whole.
        cuts: where the records of each part are.
    """

    around: Any
    names: tuple[str, ...]
    cuts: list[Cut]

    def parts(self, file: Any) -> Iterator[PartOfList | PartOfObject]:
        """The answer with the records of one part after the other; once without any where there are none.

        Args:
            file: where they lie, from its start.
        """
        before = 0
        for place, cut in enumerate(self.cuts or [Cut(0, 0, 0)], 1):
            file.read(cut.skipped)
            part = self._with(parse(b"[" + file.read(cut.size) + b"]", None))
            part.before, part.goes_on = before, place < len(self.cuts)
            before += cut.rows
            yield part

    def _with(self, rows: list[Any]) -> PartOfList | PartOfObject:
        if not self.names:
            return PartOfList(rows)
        whole = PartOfObject(self.around)
        holder: dict[str, Any] = whole
        for name in self.names[:-1]:
            holder[name] = holder = dict(holder[name])
        holder[self.names[-1]] = rows
        return whole
