"""Which record is which: a hash for each, by its key where it has one.

Python gives -1 and -2 one hash, and numbers that are 2**61 - 1 apart too, so a number is hashed as its text.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import orjson

from messaging_assets.answers.bad_lines import BadLine
from messaging_assets.answers.field_names import FieldReason
from messaging_assets.answers.names_twice import NamedTwice
from messaging_assets.foundation import json_paths

# Why an object or a list makes no key, as the end of a reason.
ONE_VALUE = "and a key is one value"
# No text of an API begins like this, so that the number 1 and the text "1" stay two keys.
_NUMBER = "\0%s"
_TRUTHS = ("\0false", "\0true")


@dataclass(frozen=True)
class PageKeys:
    """The keys of one page, derived once.

    Args:
        hashes: one of each row's key, in order.
        bad: why a row cannot be loaded, by its place.
        parts: a list of values for each field of the key; without a key, or among other things, the rows.
    """

    hashes: list[int]
    bad: dict[int, str]
    parts: list[list[Any]]

    def __len__(self) -> int:
        return len(self.hashes)

    @property
    def digest(self) -> str:
        """A short text that is the same in every process."""
        return hashlib.blake2b(repr(self.parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    def only(self, places: list[int]) -> PageKeys:
        """The keys of some of the rows; the parts stay those of the whole page."""
        if len(places) == len(self.hashes):
            return self
        bad = {new: self.bad[old] for new, old in enumerate(places) if old in self.bad}
        return PageKeys([self.hashes[place] for place in places], bad, self.parts)


def page_keys(rows: list[Any], names: tuple[str, ...], strange: Counter[int] | None = None) -> PageKeys:
    """The keys of a page.

    Args:
        rows: its records, as the API sent them.
        names: the primary key's fields; without any, a record is what is in it.
        strange: how often each row without a key came on this page before; counts on.
    """
    # A record in which a name comes twice is a dictionary too, of a type of its own.
    columns = _columns(rows, names) if set(map(type, rows)) <= {dict} else None
    if columns and _are_plain(columns):
        return PageKeys(_hashes(columns), {}, columns)
    hashes, bad = _one_by_one(rows, names, Counter() if strange is None else strange)
    if columns is None:
        return PageKeys(hashes, bad, [[row.get(name) if type(row) is dict else row for row in rows] for name in names])
    return PageKeys(hashes, bad, columns or [rows[:]])


def keys_of(rows: list[Any], names: tuple[str, ...]) -> tuple[list[int], dict[int, str]]:
    """The hashes of a page's keys, and why rows cannot be loaded, by place; see `page_keys`."""
    keys = page_keys(rows, names)
    return keys.hashes, keys.bad


def _one_by_one(rows: list[Any], names: tuple[str, ...], strange: Counter[int]) -> tuple[list[int], dict[int, str]]:
    keys: list[int] = []
    bad: dict[int, str] = {}
    for place, row in enumerate(rows):
        if type(row) is dict:
            if not names:
                keys.append(_content(row))
                continue
            key = tuple(map(row.get, names))
            if None not in key and not any(isinstance(part, (dict, list)) for part in key):
                keys.append(hash_of(key))
                continue
        bad[place] = _why(row, names)
        content = _content(row)
        # Two of a kind on one page are two records; the same one on two pages is one that came again.
        strange[content] += 1
        keys.append(hash((content, strange[content])))
    return keys, bad


def _why(row: Any, names: tuple[str, ...]) -> str:
    if isinstance(row, NamedTwice):
        return FieldReason("a name that comes twice", row.name)
    if isinstance(row, BadLine):
        return row.reason
    return why_no_key(row, names) if type(row) is dict else "not an object"


def why_no_key(row: Mapping[str, Any], names: Sequence[str]) -> str:
    """Why a record has no key: which of its fields are missing, null, or no plain values.

    Args:
        row: the record.
        names: the key's fields.
    """
    for name in names:
        if isinstance(value := row.get(name), (dict, list)):
            return f"{name} is {'an object' if isinstance(value, dict) else 'a list'}, {ONE_VALUE}"
    for name in names:
        for path in (name, name.replace("__", ".")):
            found = json_paths.find_values(path, row) if row.get(name) is None and "." in path else ()
            if any(value is not None and not isinstance(value, (dict, list)) for value in found):
                return f"no {name}, which stands inside another field (steps: copy)"
    return f"no {'/'.join(names)}"


def hash_of(key: Iterable[Any]) -> int:
    """The hash of one key, given by its parts; 1 and 1.0 have one hash, `true` has another."""
    return hash(tuple(map(_hashable, key)))


def hashes_of(keys: Sequence[tuple[Any, ...]]) -> list[int]:
    """The same for many keys at once."""
    columns = list(zip(*keys, strict=True))
    return _hashes(columns) if _are_plain(columns) else [hash_of(key) for key in keys]


def told_apart(part: Any) -> Any:
    """A part of a key such that `true` and 1, which Python calls equal, are two."""
    return _TRUTHS[part] if isinstance(part, bool) else part


def whole_number(value: Any) -> int | None:
    """A count as APIs write it, `250`, `250.0` or `"250"`; None for anything else."""
    if isinstance(value, str) and value.strip().isdigit():
        return int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _content(row: Any) -> int:
    try:
        return hash(orjson.dumps(row, default=str))
    except (TypeError, ValueError):
        return hash(repr(row))


def _columns(rows: list[Any], names: tuple[str, ...]) -> list[list[Any]] | None:
    """The values of each field; None where a row lacks one, or is no record."""
    try:
        return [list(map(itemgetter(name), rows)) for name in names]
    except (KeyError, TypeError, IndexError):
        return None


def _are_plain(columns: Sequence[Sequence[Any]]) -> bool:
    return all(set(map(type, column)) <= {str, int} for column in columns)


def _hashes(columns: Sequence[Sequence[Any]]) -> list[int]:
    return list(map(hash, zip(*map(_texts, columns), strict=True)))


def _texts(column: Sequence[Any]) -> Iterable[Any]:
    kinds = set(map(type, column))
    return column if kinds == {str} else map(_NUMBER.__mod__, column) if kinds == {int} else map(_hashable, column)


def _hashable(part: Any) -> Any:
    if isinstance(part, bool):
        return told_apart(part)
    if isinstance(part, float) and part.is_integer():
        part = int(part)
    return _NUMBER % int(part) if isinstance(part, int) else part
