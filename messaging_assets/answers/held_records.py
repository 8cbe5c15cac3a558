"""Records inside an answer that is taken for one object: a list of them, or an object of them by their keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from messaging_assets.foundation.json_paths import quoted_path

# Two settings that look alike make no list; a record may have that many parts of one shape.
_FEWEST_BY_KEY, _ALIKE = 3, 0.6


@dataclass(frozen=True)
class HeldRecords:
    """Records that an object holds.

    Args:
        path: the JSON path to them.
        number: how many there are.
        are_by_key: whether they stand in an object by their keys, and not in a list.
    """

    path: str
    number: int
    are_by_key: bool

    @property
    def words(self) -> str:
        """What was found, as a clause."""
        where = "it" if self.path == "$" else f"'{self.path}' in it"
        return f"{where} holds {self.number} records by their keys" if self.are_by_key else self._list_words

    @property
    def _list_words(self) -> str:
        return f"'{self.path}' in it is a list of {self.number} objects"


def held_records(body: Any) -> HeldRecords | None:
    """The most records that an object holds, itself or one level down; None where it holds no more than one.

    Args:
        body: the object.
    """
    if not isinstance(body, Mapping):
        return None
    found = [HeldRecords("$", len(body), True)] if _are_records(body.values()) else []
    for name, value in body.items():
        if isinstance(value, list) and len(value) > 1 and all(isinstance(one, Mapping) for one in value):
            found.append(HeldRecords(quoted_path(name), len(value), False))
        elif isinstance(value, Mapping) and _are_records(value.values()):
            found.append(HeldRecords(quoted_path(name), len(value), True))
    return max(found, key=lambda one: one.number, default=None)


def _are_records(values: Any) -> bool:
    """Whether values are objects of one shape: those of a record's parts have different fields."""
    records = list(values)
    if len(records) < _FEWEST_BY_KEY or not all(isinstance(one, Mapping) and one for one in records):
        return False
    shared = set.intersection(*(set(one) for one in records))
    return len(shared) >= _ALIKE * len(set.union(*(set(one) for one in records)))
