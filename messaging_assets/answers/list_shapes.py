"""Lists that are no lists of objects, made such: plain values, lists of values, objects kept under their keys."""

from __future__ import annotations

from typing import Any

from messaging_assets.answers.bad_lines import BadLine
from messaging_assets.answers.beside_list import plain_word
from messaging_assets.foundation import json_paths

# As dlt names them where it makes a table of a list of plain values.
VALUE = "value"
KEY = "_key"
_EVERY, _EVERY_OF_ANSWER = ".*", "*"
# An answer that has one of these is more than records by their keys.
_BESIDE = frozenset(("error", "errors", "meta", "metadata", "links", "paging", "pagination", "page_info"))


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


def column_names(path: str, body: Any) -> list[str] | None:
    """The names that stand beside lists of values; None where each of them is no text of its own.

    Args:
        path: where they are, as a list of texts or one by one.
        body: the answer's JSON.
    """
    found = json_paths.find_values(path, body)
    names = found[0] if len(found) == 1 and isinstance(found[0], list) else found
    is_good = names and all(isinstance(name, str) and name.strip() for name in names) and len({*names}) == len(names)
    return names if is_good else None


def name_values(names: list[str], rows: list[Any], before: int = 0) -> None:
    """Make objects of rows that are lists of values, in place; one of another length is no record.

    Args:
        names: what the values are called.
        rows: the lists.
        before: how many rows of the answer came before these.
    """
    for place, row in enumerate(rows):
        if not isinstance(row, list) or isinstance(row, BadLine):
            continue
        if len(row) == len(names):
            rows[place] = dict(zip(names, row, strict=True))
        else:
            why = f"a row with {'more' if len(row) > len(names) else 'fewer'} values than there are columns"
            rows[place] = BadLine(row, why, f"row {before + place + 1}")


def _keyed(path: str, body: Any) -> dict[str, Any] | None:
    if not path.endswith(_EVERY) and path != _EVERY_OF_ANSWER:
        return None
    found = json_paths.find_values(path.removesuffix(_EVERY) if path != _EVERY_OF_ANSWER else "$", body)
    if found == [[]]:
        # PHP writes an object without a key so.
        return {}
    if len(found) != 1 or not isinstance(found[0], dict):
        return None
    if path == _EVERY_OF_ANSWER and any(plain_word(name) in _BESIDE for name in found[0]):
        return None
    return found[0] if all(type(row) is dict for row in found[0].values()) else None
