"""Lists that are no lists of objects, made such: plain values, lists of values, objects kept under their keys.

And answers that leave a list out, or have several in its place.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import Any

from messaging_assets.answers.bad_lines import BadLine
from messaging_assets.answers.beside_list import plain_word
from messaging_assets.answers.field_names import NAME
from messaging_assets.foundation import json_paths

# As dlt names them where it makes a table of a list of plain values.
VALUE = "value"
KEY = "_key"
_EVERY, _EVERY_OF_ANSWER = ".*", "*"
# Lists deeper in each of what an object holds by keys: `rooms.*.timeline.events[*]`.
_INSIDE = re.compile(r"([^\[\]*?]*\*)\.([^\[\]*?@]+)\[\*\]")
# An answer that has one of these is more than records by their keys.
_BESIDE = frozenset(("error", "errors", "meta", "metadata", "links", "paging", "pagination", "page_info"))
# An object that has one of these says something, and is no map of values by their keys.
_SAYS = _BESIDE | {"message", "msg", "code", "status", "detail", "reason", "error_code", "error_message"}
# What answers call the list that they are asked for; others may stand beside it.
_USUAL_NAMES = frozenset(("data", "items", "results", "records", "entries", "values", "value", "rows"))
# What stands beside a list, and is none of the kind.
_OTHER_NAMES = frozenset(
    (
        *("links", "errors", "warnings", "facets", "aggregations", "fields", "sort", "filters"),
        *("columns", "schema", "included", "includes", "meta", "notices", "validation_errors", "notifications"),
    )
)
# Where a list is empty. Some languages have one empty table for lists and objects, and write it as {}.
STANDS_FOR_NOTHING: tuple[Any, ...] = (None, {}, "")
_PLAIN = (str, int, float, bool)


def is_keyed(path: str, body: Any) -> bool:
    """Whether a selector finds what one object holds by keys: records or plain values at `users.*`, lists of records at
    `users.*[*]`.

    The lists may lie deeper in each of what it holds: `rooms.*.timeline.events[*]`.
    """
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
        rows[:] = [{VALUE: row} if type(row) in _PLAIN[:3] else row for row in rows]
    keyed = _keyed(path, body) or {}
    named = [name for name, held in keyed.items() for _ in (held if isinstance(held, list) else (held,))]
    if named and len(named) == len(rows):
        rows[:] = [_with_key(name, row, keys) for name, row in zip(named, rows, strict=True)]


def _with_key(name: str, row: Any, keys: tuple[str, ...]) -> Any:
    if type(row) is dict:
        return {KEY: name, **row}
    return {KEY: name, VALUE: row} if KEY in keys and (row is None or type(row) in _PLAIN) else row


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


def _keyed(path: str, body: Any, may_lack: bool = False) -> dict[str, Any] | None:
    if inside := _INSIDE.fullmatch(path):
        holders = _keyed(inside[1], body, may_lack=True)
        inner = {name: json_paths.find_values(inside[2], held) for name, held in (holders or {}).items()}
        # As of a list of objects, one of them may leave its list out.
        lists = {name: one[0] for name, one in inner.items() if one and one[0] not in STANDS_FOR_NOTHING}
        are_lists = all(len(inner[name]) == 1 and isinstance(one, list) for name, one in lists.items())
        return lists if holders is not None and are_lists and (lists or not holders) else None
    kind_of_each, path = (list, path[:-3]) if path.endswith("*[*]") else (dict, path)
    may_lack |= kind_of_each is list
    is_of_answer = path == _EVERY_OF_ANSWER
    if not is_of_answer and not path.endswith(_EVERY):
        return None
    found = json_paths.find_values("$" if is_of_answer else path.removesuffix(_EVERY), body)
    if found == [[]]:
        # PHP writes an object without a key so.
        return {}
    if len(found) != 1 or not isinstance(found[0], dict):
        return None
    if is_of_answer and any(plain_word(name) in _BESIDE for name in found[0]):
        return None
    # What is null under its key has no list; as a record it would be a bad one.
    there = {name: held for name, held in found[0].items() if not (may_lack and held is None)}
    are_all = all(type(held) is kind_of_each for held in there.values())
    if kind_of_each is dict and not is_of_answer and not any(plain_word(name) in _SAYS for name in there):
        kinds = {type(held) for held in there.values()} - {type(None)}
        are_all = are_all or (bool(kinds) and kinds <= {*_PLAIN})
    return there if are_all and (there or not found[0]) else None


def leaves_out(path: str, body: Any) -> bool:
    """Whether nothing is at a path of an answer, or what stands for nothing."""
    return isinstance(body, dict) and all(value in STANDS_FOR_NOTHING for value in json_paths.find_values(path, body))


def selector_for_several(path: str, keys: tuple[str, ...], body: Any) -> str:
    """What selects all that one object holds, where a path finds no list; nothing where no object is likely to.

    Where the path takes all of its lists, these are named. Else it is what the object holds by keys: objects, or
    anything where the file says that the key is the primary key.
    """
    before, wildcard, _ = path.removesuffix("[*]").rpartition("*")
    holder = json_paths.first_value(before.rstrip(".") or "$", body) if wildcard else None
    names = list_names_in(holder) if isinstance(holder, dict) else []
    if len(names) > 1:
        return f"{before.rstrip('.') or '$'}[{','.join(map(repr, names))}][*]"
    every = "*" if path == "$" else f"{path}.*"
    # Of `*.status`, what each key has is the record, and `status` a field of it.
    every = f"{before}*" if wildcard and not path.endswith("*") else every
    held = _keyed(every, body) or {}
    return every if (held and KEY in keys) or any(isinstance(one, dict) for one in held.values()) else ""


def selector_inside(path: str, rows: list[Any]) -> str:
    """What selects the records inside a list of lists; nothing where its lists hold no records."""
    if not isinstance(rows[0], list) or not ("*" in path or any(isinstance(one, dict) for one in rows[0])):
        return ""
    return f"{path}[*]" if "*" in path else f"{path}[*][*]"


def list_names_in(holder: dict[str, Any]) -> list[str]:
    """The keys of an object under which lists are, but those that look like values."""
    return [key for key, value in holder.items() if isinstance(value, list) and NAME.fullmatch(key)]


def kind(value: Any) -> str:
    """What a value is, in words that do not show it."""
    names = {dict: "an object", list: "a list", str: "a text", bool: "a truth value", type(None): "null"}
    return names.get(type(value), "a number")


def likeliest_list(body: Any, keys: Sequence[str], names: Sequence[str]) -> tuple[str, list[str]]:
    """The list that dlt takes for that of an answer, and others that are as likely.

    Args:
        body: the answer's JSON.
        keys: the fields of the primary key; a list without them is not as likely.
        names: what the list may be called, beside the usual names.
    """
    from messaging_assets.seams.dlt_rest_client import find_response_page_data

    path, _ = find_response_page_data(body)
    if len(path) != 1 or path[0] in _USUAL_NAMES or path[0] in names or not isinstance(body, dict):
        return ".".join(path) or "$", []
    others = [name for name in list_names_in(body) if name != path[0] and plain_word(name) not in _OTHER_NAMES]
    return path[0], [name for name in others if any(map(partial(_has, keys), body[name]))]


def _has(keys: Sequence[str], row: Any) -> bool:
    return isinstance(row, dict) and all(row.get(key) is not None for key in keys)
