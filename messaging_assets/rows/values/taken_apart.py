"""What lists and objects in a record hold, as fields and records of their own: the steps `flatten` and `explode`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from messaging_assets.description.table import INSIDE
from messaging_assets.rows.values.nested import Misfit


def flattened(row: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    """A record in which what objects hold, at any depth, has fields of its own.

    Args:
        row: the record.
        names: the fields with these objects.
    """
    made: dict[str, Any] = {}
    for name, value in row.items():
        found = _inside(name, value) if name in names and isinstance(value, dict) else None
        if found is None:
            made[name] = value
            continue
        fields = dict(found)
        # A field that is there already stays, and so does the object that would take its place.
        others = made.keys() | (row.keys() - {name})
        made |= fields if len(fields) == len(found) and others.isdisjoint(fields) else {name: value}
    return made


def _inside(name: str, value: dict[str, Any]) -> list[tuple[str, Any]]:
    """What an object holds, and the objects in it, each with the names on the way to it."""
    found: list[tuple[str, Any]] = [(name, value)]
    for path, one in found:
        if isinstance(one, dict):
            found.extend((f"{path}{INSIDE}{key}", within) for key, within in one.items())
    return [(path, one) for path, one in found if not isinstance(one, dict)]


def exploded(names: Sequence[str], row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A record for each place in lists that stand side by side in one; none of lists that are empty or missing.

    Args:
        names: the fields with these lists.
        row: the record, which `list_beside` takes.
    """
    for values in zip(*(row.get(name) or () for name in names), strict=True):
        yield row | dict(zip(names, values, strict=True))


def list_beside(names: Sequence[str], name: str, row: dict[str, Any]) -> None:
    """See that a field is a list as long as those beside it.

    Args:
        names: the fields with these lists.
        name: one of them.
        row: the record.

    Raises:
        Misfit: it is not.
    """
    value, first = row.get(name), row.get(names[0])
    if value is not None and not isinstance(value, list):
        raise Misfit("no list")
    if len(value or ()) != len(first or ()):
        raise Misfit("a list that is not as long as the one beside it")
