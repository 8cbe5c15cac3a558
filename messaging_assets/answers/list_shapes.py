"""Lists that are no lists of objects, made such: plain values, and objects kept under their keys."""

from __future__ import annotations

from typing import Any

from messaging_assets.foundation import json_paths

# As dlt names them where it makes a table of a list of plain values.
VALUE = "value"
KEY = "_key"
_EVERY = ".*"


def is_keyed(path: str, body: Any) -> bool:
    """Whether a selector such as `users.*` finds the records of one object, each under its key."""
    return _keyed(path, body) is not None


def to_objects(path: str, keys: tuple[str, ...], body: Any, rows: list[Any]) -> None:
    """Make objects of a page's rows, in place: `{value: ...}` where that is a key, and `_key` beside what it names.

    Args:
        path: the selector.
        keys: the primary key's fields.
        body: the answer's JSON.
        rows: what the selector found.
    """
    if VALUE in keys and not any(isinstance(row, dict) for row in rows):
        # What is no plain value stays what it is, and is set aside.
        rows[:] = [{VALUE: row} if type(row) in (str, int, float) else row for row in rows]
    named = _keyed(path, body)
    if named is not None and len(named) == len(rows):
        rows[:] = [{KEY: name, **row} for name, row in zip(named, rows, strict=True)]


def _keyed(path: str, body: Any) -> dict[str, Any] | None:
    if not path.endswith(_EVERY):
        return None
    found = json_paths.find_values(path.removesuffix(_EVERY), body)
    if len(found) != 1 or not isinstance(found[0], dict):
        return None
    return found[0] if all(type(row) is dict for row in found[0].values()) else None
