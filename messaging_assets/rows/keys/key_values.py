"""The values of a key's column: two keys of the API must never become one in the table."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

_EXACT_UP_TO = 2**53


def unfit_keys(values: list[Any], kinds: dict[str, str], column: str, bad: dict[int, str]) -> Iterator[tuple[int, str]]:
    """Places of values that cannot be told from other keys, with the reason.

    Args:
        values: the column's, one per record; None where a record has none.
        kinds: what a key column's values are in JSON, by column; learns it from the first one.
        column: the column.
        bad: records that are left out anyway.
    """
    keys = ((place, one) for place, one in enumerate(values) if one is not None and place not in bad)
    if (first := next(keys, None)) is None:
        return
    kind = kinds.setdefault(column, _kind(first[1]))
    types = set(map(type, values)) - {type(None)}
    if types <= {str, int} and {_kind(one()) for one in types} == {kind}:
        return
    for place, value in chain([first], keys):
        if _kind(value) != kind:
            yield place, f"not a {kind} as the keys before it"
        elif type(value) is float and abs(value) >= _EXACT_UP_TO:
            yield place, "a number that no double holds exactly"


def _kind(value: Any) -> str:
    names = {str: "text", int: "number", float: "number", bool: "truth value"}
    return names.get(type(value), "value")
