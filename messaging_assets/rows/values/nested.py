"""Lists, objects and whole records as JSON text, and what in them no table can hold."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import chain, count
from typing import Any

import orjson

from messaging_assets.answers.field_names import DLT_PREFIX
from messaging_assets.answers.formats.json_text import Unreadable, parse
from messaging_assets.answers.names_twice import NamedTwice

# Made anew by each process, so that no record can hold it.
_MARK = secrets.token_hex(16)
_CUT = f',"{_MARK}",'.encode()
_DEEPEST = 250
# dlt takes nested rows apart by recursion, and names files by their tables; no file has a name of more than 255 bytes.
_DEEPEST_TABLES, _LONGEST_TABLE = 100, 200
_TOO_DEEP = "nested too deep for tables (max_table_nesting)"
_OF_JSON = frozenset({str, int, float, bool, dict, list, type(None)})
_SHOWN_DEPTH = 40
_NUL = re.compile(r"(?<!\\)(\\\\)*\\u0000")  # an escaped NUL, and no escaped backslash before "u0000"


# The reason of a text that is in another charset than was believed.
INVALID_UNICODE = "invalid unicode"


class Misfit(ValueError):
    """A value does not fit its column; the text is a reason without the value."""


class StepReason(str):
    """Why a step cannot take a record; `taken` is how many steps took it before."""

    taken: int

    def __new__(cls, reason: str, taken: int) -> StepReason:
        made = super().__new__(cls, reason)
        made.taken = taken
        return made


def value_in(text: Any) -> Any:
    """What a JSON text says; an empty one says nothing, and any other value is itself.

    Raises:
        Misfit: it is none, or an object in it has a name twice.
    """
    if not isinstance(text, str):
        return text
    try:
        # As a list, so that a name that comes twice is found at the top, too.
        [value] = parse(f"[{text.strip() or 'null'}]".encode("utf-8", "surrogateescape"), None)
    except (Unreadable, ValueError):
        raise Misfit("a text that is no JSON") from None
    if isinstance(value, NamedTwice):
        raise Misfit("JSON in which a name comes twice")
    return value


def to_json(value: Any) -> str:
    """A nested value as JSON text, every value kept.

    Raises:
        Misfit: it nests too deep, or holds what JSON or text cannot.
    """
    try:
        text = orjson.dumps(value).decode()
    except (TypeError, ValueError):
        text = _careful_json(value)
    if "\\u0000" in text and _NUL.search(text):
        raise Misfit("a NUL character")
    return text


def text_of(value: Any) -> str:
    """A text as it is, and any other value as JSON.

    Raises:
        Misfit: see `to_json`.
    """
    return value if isinstance(value, str) else to_json(value)


def to_json_texts(values: list[Any]) -> list[bytes | None]:
    """A column of nested values as JSON texts, None where there is none.

    One call for the column and a cut at a mark that no record holds: a call for each value takes ten times as long.

    Raises:
        ValueError, TypeError: one of them needs the careful way.
    """
    marked: list[Any] = [_MARK] * (2 * len(values) - 1)
    marked[::2] = values
    whole = orjson.dumps(marked)
    texts = whole[1:-1].split(_CUT)
    if len(texts) != len(values) or b"\\u0000" in whole:
        raise ValueError
    return [None if text == b"null" else text for text in texts]


def _careful_json(value: Any) -> str:
    if depth(value) > _DEEPEST:
        raise Misfit("nested too deep")
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        text.encode()
    except UnicodeEncodeError:
        raise Misfit(INVALID_UNICODE) from None
    except (TypeError, ValueError):
        raise Misfit("not a finite number") from None
    return text


def depth(value: Any) -> int:
    """How deep lists and objects nest in a value, 1 for a plain one; found without recursion."""
    levels, layer = 0, [value]
    while layer:
        levels += 1
        layer = [inner for outer in layer for inner in _inner(outer)]
    return levels


def room_for_tables(table: str, normalize: Callable[[str], str]) -> int | None:
    """Characters that a nested list's table may add to the name of its root; None where dlt shortens long names."""
    is_shortened = len(normalize("n" * _LONGEST_TABLE)) < _LONGEST_TABLE
    return None if is_shortened else _LONGEST_TABLE - len(normalize(table)) - 2


def unfit_for_tables(
    values: list[Any], normalize: Callable[[str], str], room: int | None = None, levels: int | None = None
) -> dict[int, str]:
    """Why values of a column do not fit dlt's child tables, by their places; see `refuse_for_tables`."""
    unfit: dict[int, str] = {}
    for place, value in [] if all_fit_tables(values, normalize, room) else enumerate(values):
        try:
            refuse_for_tables(value, normalize, room, levels)
        except Misfit as misfit:
            unfit[place] = str(misfit)
    return unfit


def all_fit_tables(values: list[Any], normalize: Callable[[str], str], room: int | None = None) -> bool:
    """Whether dlt's child tables can hold a column, told layer by layer; False where each value is to be looked at."""
    fields, rows = values, list[Any]()
    levels = length = 0
    while fields or rows:
        if (levels := levels + 1) > _DEEPEST_TABLES or (room is not None and length > room):
            return False
        every = fields + rows
        if not set(map(type, every)) <= _OF_JSON:
            return False
        numbers = [one for one in every if type(one) is int]
        if numbers and not -(2**63) <= min(numbers) <= max(numbers) < 2**63:
            return False
        objects = [one for one in every if type(one) is dict]
        shapes = {(tuple(one), False) for one in objects} | {(tuple(one), True) for one in rows if type(one) is dict}
        if any(why or are_one for why, are_one in (_named(normalize, *shape) for shape in shapes)):
            return False
        fields = list(chain.from_iterable(map(dict.values, objects)))
        # Of a name in capitals, dlt makes one that is up to twice as long.
        length += 2 + 2 * max((len(name) for names, _ in shapes for name in names), default=2)
        # An object's fields may be columns beside it under the name of another.
        if dict in set(map(type, fields)) and any(twins(one, normalize) for one in objects if _holds_object(one)):
            return False
        rows = list(chain.from_iterable(one for one in every if type(one) is list))
    return True


def _holds_object(value: dict[str, Any]) -> bool:
    return dict in set(map(type, value.values()))


def refuse_for_tables(
    value: Any, normalize: Callable[[str], str], room: int | None = None, levels: int | None = None
) -> None:
    """See that dlt's child tables can hold a nested value whole.

    Args:
        normalize: dlt's naming.
        room: characters that the name of a list's table may take beside those of the column's; None: it is shortened.
        levels: how deep lists get tables of their own (max_table_nesting); None: all of them.

    Raises:
        Misfit: an integer is beyond 64 bits, two names become one, or a name is empty or one that dlt writes itself.
            So it is with lists that nest deeper than tables can be named.
    """
    if levels is None and depth(value) > _DEEPEST_TABLES:
        raise Misfit(_TOO_DEEP)
    layer: list[tuple[Any, bool, int]] = [(value, False, 0)]
    for level in count():
        if not layer:
            return
        longest = max((length for one, _, length in layer if type(one) is list), default=0)
        if room is not None and longest > room and (levels is None or level < 2 * levels):
            raise Misfit(_TOO_DEEP)
        for one, is_row, _ in layer:
            if type(one) is int and not -(2**63) <= one < 2**63:
                raise Misfit("an integer beyond 64 bits inside a nested value")
            if not isinstance(one, dict):
                continue
            _refuse_names(one, is_row, normalize)
        layer = [
            (inner, isinstance(outer, list), length + _added(name, inner, normalize))
            for outer, _, length in layer
            for name, inner in _named_inner(outer)
        ]


def _refuse_names(one: dict[str, Any], is_row: bool, normalize: Callable[[str], str]) -> None:
    # Most rows of a list have the same names, and no object among them.
    why, are_one = _named(normalize, tuple(one), is_row)
    if why:
        raise Misfit(why)
    if twins(one, normalize) if _holds_object(one) else are_one:
        raise Misfit("two nested fields for one column")


def _named_inner(value: Any) -> Iterator[tuple[str | None, Any]]:
    return iter(value.items()) if isinstance(value, dict) else ((None, inner) for inner in _inner(value))


def _added(name: str | None, value: Any, normalize: Callable[[str], str]) -> int:
    """What a step into an object or a list adds to a table's name; dlt makes a table `list` of a list in a list."""
    return 2 + len(normalize(name)) if name is not None else len("__list") if isinstance(value, list) else 0


@lru_cache(maxsize=1_000)
def _named(normalize: Callable[[str], str], names: tuple[str, ...], is_row: bool) -> tuple[str | None, bool]:
    """Why an object's fields cannot be columns by their names alone, and whether two of them would be one column."""
    if not all(map(str.strip, names)):
        return "a nested field without a name", False
    columns = list(map(normalize, names))
    if is_row and any(name.startswith(DLT_PREFIX) for name in columns):
        return "a nested field with a name that dlt keeps for itself", False
    return None, len(set(columns)) < len(columns)


def twins(record: dict[str, Any], normalize: Callable[[str], str]) -> tuple[str, str] | None:
    """Paths of two fields that are one column where dlt gives each field of an object its own; None where none are."""
    first: dict[str, str] = {}
    for column, path in _leaves(record, normalize):
        if (other := first.setdefault(column, path)) != path:
            return other, path
    return None


def _leaves(record: dict[str, Any], normalize: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    """The columns that an object's fields are, with their paths; without recursion, in the fields' order."""
    waiting: list[tuple[str, str, Any]] = [("", "", record)]
    while waiting:
        column, path, value = waiting.pop()
        if not isinstance(value, dict):
            yield column, path
            continue
        for name, inner in reversed(value.items()):
            own = normalize(name) if name.strip() else ""
            waiting.append((f"{column}__{own}" if path else own, f"{path}.{name}" if path else name, inner))


def shown(record: Any, largest: int) -> tuple[str, bool]:
    """A record as text for people, and whether something was left out of it because it is too deep or too long.

    Args:
        record: whatever the API sent.
        largest: characters of the text at most.
    """
    is_deep = depth(record) > _SHOWN_DEPTH
    text = json.dumps(_pruned(record, _SHOWN_DEPTH) if is_deep else record, default=str)
    return text[:largest], is_deep or len(text) > largest


def _pruned(value: Any, levels: int) -> Any:
    if not isinstance(value, (dict, list)):
        return value
    if levels == 0:
        return "..."
    if isinstance(value, list):
        return [_pruned(inner, levels - 1) for inner in value]
    return {name: _pruned(inner, levels - 1) for name, inner in value.items()}


def _inner(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value
