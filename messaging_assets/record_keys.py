"""Which record is which: a hash for each, by its key where it has one."""

from __future__ import annotations

from collections import Counter
from typing import Any

import orjson


def keys_of(rows: list[Any], names: tuple[str, ...]) -> tuple[list[int], dict[int, str]]:
    """A hash of each row's key, in order, and which rows cannot be loaded, with the reason.

    Args:
        rows: a page's records, as the API sent them.
        names: the primary key's fields; without any, a record is what is in it.
    """
    keys: list[int] = []
    bad: dict[int, str] = {}
    strange: Counter[int] = Counter()
    for place, row in enumerate(rows):
        if type(row) is dict:
            if not names:
                keys.append(_content(row))
                continue
            key = tuple(map(row.get, names))
            if None not in key and not any(isinstance(part, (dict, list)) for part in key):
                keys.append(hash(key))
                continue
        bad[place] = f"no {'/'.join(names)}" if type(row) is dict else "not an object"
        content = _content(row)
        # Two of a kind on one page are two records; the same one on two pages is one that came again.
        strange[content] += 1
        keys.append(hash((content, strange[content])))
    return keys, bad


def _content(row: Any) -> int:
    try:
        return hash(orjson.dumps(row, default=str))
    except (TypeError, ValueError):
        return hash(repr(row))
