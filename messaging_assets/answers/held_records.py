"""Records inside an answer that is taken for one object: listed, by their keys, as lists of values, or as columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Set
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

from messaging_assets.foundation.json_paths import quoted_path

Shape = Literal["objects", "by_key", "rows", "columns", "values"]

# Two settings that look alike make no list; a record may have that many parts of one shape.
_FEWEST, _ALIKE = 3, 0.6
_MANY, _SHARED_BY_MANY = 10, 0.8
# A record may well have a list of tags.
_FEWEST_VALUES = 20
_DEEPEST = 8
_LINK = frozenset(
    ("href", "url", "rel", "relation", "title", "templated", "type", "method", "name", "media", "hreflang")
)
_ADDRESS = frozenset(("href", "url"))


@dataclass(frozen=True)
class HeldRecords:
    """Records that an object holds.

    Args:
        path: the JSON path to them.
        number: how many there are.
        shape: how they are held. A list of objects, of lists or of plain values; an object of records by their keys,
            or of lists that are columns.
    """

    path: str
    number: int
    shape: Shape

    @property
    def are_by_key(self) -> bool:
        """Whether they stand in an object by their keys."""
        return self.shape == "by_key"

    @property
    def are_many(self) -> bool:
        """Whether there are more than a record would have parts of one shape."""
        return self.number >= _MANY

    @property
    def words(self) -> str:
        """What was found, as a clause."""
        where = "it" if self.path == "$" else f"'{self.path}' in it"
        told = {
            "objects": f"is a list of {self.number} objects",
            "by_key": f"holds {self.number} records by their keys",
            "rows": f"is a list of {self.number} lists of one length",
            "columns": f"holds columns of {self.number} values each",
            "values": f"is a list of {self.number} values",
        }
        return f"{where} {told[self.shape]}"


def held_records(body: Any, path: str = "$") -> HeldRecords | None:
    """The most records that an object holds, at any depth; None where it holds none.

    Args:
        body: the object.
        path: the JSON path that leads to it.
    """
    return max(every_held(body, path), key=lambda one: one.number, default=None)


def every_held(body: Any, path: str = "$") -> list[HeldRecords]:
    """All records that an object holds, by the containers that hold them; of one inside another only the outer.

    Args:
        body: the object.
        path: the JSON path that leads to it.
    """
    return list(_held(body, () if path == "$" else (path,))) if isinstance(body, Mapping) else []


def _held(body: Any, names: tuple[str, ...]) -> Iterator[HeldRecords]:
    """What a container holds, or else what the containers in it do."""
    if len(names) > _DEEPEST or not isinstance(body, (Mapping, list)):
        return
    if (shape := _shape_of_list(body) if isinstance(body, list) else _shape_of_object(body)) is not None:
        yield HeldRecords(_path(names), _number(body, shape), shape)
        return
    parts = body.items() if isinstance(body, Mapping) else (("[*]", one) for one in body)
    for name, value in parts:
        yield from _held(value, (*names, name if isinstance(body, list) else quoted_path(name)))


def _path(names: tuple[str, ...]) -> str:
    return ".".join(names).replace(".[*]", "[*]") or "$"


def _number(body: Mapping[str, Any] | list[Any], shape: Shape) -> int:
    if isinstance(body, list):
        return len(body)
    # Plain values beside records by their keys say something about them.
    return (
        len(next(iter(body.values()))) if shape == "columns" else sum(isinstance(one, Mapping) for one in body.values())
    )


def _shape_of_list(values: list[Any]) -> Shape | None:
    if len(values) > 1 and all(isinstance(one, Mapping) for one in values):
        return None if _are_links(set().union(*values)) else "objects"
    if len(values) >= _FEWEST and all(isinstance(one, list) and one for one in values):
        return "rows" if len({len(one) for one in values}) == 1 else None
    return "values" if len(values) >= _FEWEST_VALUES and not any(map(_is_container, values)) else None


def _shape_of_object(body: Mapping[str, Any]) -> Shape | None:
    values = list(body.values())
    records = [one for one in values if isinstance(one, Mapping)]
    if len(records) > len(values) / 2 and _are_records(records):
        return "by_key"
    lists = [one for one in values if isinstance(one, list)]
    if len(lists) > 1 and len(lists) == len(values) and len(lists[0]) >= _FEWEST:
        plain = not any(_is_container(value) for one in lists for value in one)
        return "columns" if plain and len({len(one) for one in lists}) == 1 else None
    return None


def _are_records(records: Collection[Mapping[str, Any]]) -> bool:
    """Whether objects are of one shape: those of a record's parts have different fields."""
    number, fields = len(records), Counter(chain.from_iterable(records))
    if number < _FEWEST or not fields or _are_links(fields.keys()):
        return False
    if sum(fields.values()) >= _ALIKE * number * len(fields):
        return True
    # Fields that only some of many records have say little.
    return number >= _MANY and max(fields.values()) >= _SHARED_BY_MANY * number


def _are_links(fields: Set[str]) -> bool:
    return fields <= _LINK and not fields.isdisjoint(_ADDRESS)


def _is_container(value: Any) -> bool:
    return isinstance(value, (Mapping, list))
