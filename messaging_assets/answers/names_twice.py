"""Objects in which a name comes twice, of which a reader may keep either value (RFC 8259, section 4).

A record like that is set aside. In what stands around the records it makes the answer unreadable: the list itself may
be the value that was dropped.
"""

from __future__ import annotations

from typing import Any

import orjson

# The end of a name and what follows it; written alike in a text, but with a backslash before.
_NAMED = b'":'


class NamedTwice(dict[str, Any]):
    """An object that has a name twice.

    Attributes:
        name: the first such name.
    """

    name = ""


def may_name_twice(body: bytes, parsed: Any) -> bool:
    """Whether more names stand in a body than came out of it: a tenth of parsing for flat records, else a half.

    Args:
        body: the JSON as it came.
        parsed: what it says.

    Returns:
        True where only a reader of each pair can tell.
    """
    written = body.count(_NAMED)
    if written == _names_of_flat(parsed):
        return False
    try:
        return orjson.dumps(parsed).count(_NAMED) != written
    except TypeError:
        # Deeper than it writes.
        return True


def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object for json's `object_pairs_hook`, of its own kind where a name comes twice."""
    plain = dict(pairs)
    if len(plain) == len(pairs):
        return plain
    twice, seen = NamedTwice(plain), set[str]()
    twice.name = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
    return twice


def settle(parsed: Any) -> str | None:
    """Make each record that holds such an object one itself.

    Args:
        parsed: what `object_of` made; its lists are changed in place.

    Returns:
        The name that comes twice outside of all records; None where none does.
    """
    waiting = [parsed]
    while waiting:
        value = waiting.pop()
        if isinstance(value, NamedTwice):
            return value.name
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            for place, record in enumerate(value):
                if (inner := _within(record)) is not None and not isinstance(record, NamedTwice):
                    value[place] = twice = NamedTwice(record if isinstance(record, dict) else {})
                    twice.name = inner.name
    return None


def _names_of_flat(parsed: Any) -> int:
    """The number of names where neither records nor what stands around them holds another object; else too few."""
    values = parsed.values() if type(parsed) is dict else [parsed]
    count = len(parsed) if type(parsed) is dict else 0
    for value in values:
        if type(value) is dict:
            count += len(value)
        elif type(value) is list and set(map(type, value)) == {dict}:
            count += sum(map(len, value))
    return count


def _within(value: Any) -> NamedTwice | None:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, NamedTwice):
            return one
        waiting += one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
    return None
