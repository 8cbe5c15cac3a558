"""The fields that a file takes of records, parents and answers, and which of them none has.

A name may be mistyped, or the API may call its field otherwise since. Then a filter leaves out every record, and what
was to be dropped or hashed stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

CORRECT = "correct the name if the API calls it otherwise"
# A step's word, and the field's name or path as the file has it.
Sought = tuple[str, str]
Has = Callable[[dict[str, Any]], bool]


def found_by(word: str, paths: Mapping[str, Any]) -> dict[Sought, Has]:
    """How to tell whether a record has what the compiled JSON paths of a word lead to."""
    return {(word, name): partial(_finds, path) for name, path in paths.items()}


def _finds(path: Any, record: Any) -> bool:
    return bool(path.find(record))


@dataclass
class SoughtFields:
    """What steps sought in the records of one sync; several threads may write it.

    Args:
        met: in how many records something was looked for, until one had it.
        seen: what a record had.
    """

    met: Counter[Sought] = field(default_factory=Counter)
    seen: set[Sought] = field(default_factory=set)

    def look_for(self, wanted: Mapping[Sought, Has]) -> Callable[[dict[str, Any]], None]:
        """A look at one record after the other, which costs nothing once all was seen.

        Args:
            wanted: tells of each field whether a record has it.
        """
        open_: dict[Sought, Has] = dict(wanted)

        def look(record: dict[str, Any]) -> None:
            if not open_:
                return
            self.met.update([*open_])
            for one in [one for one, has in open_.items() if one in self.seen or has(record)]:
                self.seen.add(one)
                del open_[one]

        return look

    def note(self, word: str, name: str, is_there: bool) -> None:
        """Count one look for a field, and note whether it was there."""
        self.met[word, name] += 1
        if is_there:
            self.seen.add((word, name))

    @property
    def told(self) -> str:
        """What no record had, for people; empty where each was seen."""
        return ", ".join(f"{name} ({word})" for word, name in self.unseen())

    def unseen(self, *words: str, least: int = 1) -> list[Sought]:
        """What none of so many records had, in order; of some words only, if any are given."""
        unseen = (one for one, records in self.met.items() if records >= least and one not in self.seen)
        return sorted(one for one in unseen if not words or one[0] in words)
