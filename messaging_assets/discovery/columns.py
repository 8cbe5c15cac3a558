"""Columns, keys and cursors from sample rows; only names, types and counts leave this room, never a value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations, pairwise
from typing import Any

from messaging_assets.answers.formats.json_text import NotFinite
from messaging_assets.description.names import identifier
from messaging_assets.discovery.found import plain_name
from messaging_assets.discovery.sensitive_signs import sign_by_values, signs_in
from messaging_assets.rows.values.conversion import data_type_of

# Fewer rows than this say nothing about nulls.
ENOUGH_ROWS = 20
_CHANGED = ("updated", "modified", "changed", "edited", "last_activity")
_CREATED = ("created", "inserted", "timestamp", "occurred", "fired", "sent", "received", "date", "time")
# Units of time since 1970, with a day in 2001; and patterns that cannot be another date than they seem.
_EPOCHS = {"epoch_seconds": 10**9, "epoch_ms": 10**12, "epoch_us": 10**15, "epoch_ns": 10**18}
_PATTERNS = ("%Y/%m/%d %H:%M:%S", "%Y%m%d%H%M%S", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d %b %Y %H:%M:%S")
# Names of things, which may be keys alone or within something.
_NAMES = ("name", "slug", "code", "number", "login", "user", "username")
# What `name` is usually unique within.
_SCOPES = ("vhost", "namespace", "project", "organization", "workspace", "tenant")


@dataclass
class Column:
    """What a field of the rows shows.

    Args:
        name: the field.
        types: dlt's data types of its values, with how often each came.
        values: how many rows have a value.
        distinct: how many different values came; 0 where they cannot be keys.
        is_wide: whether a whole number needs more than 64 bits.
        is_zero: whether every value is 0, which may be a whole number or a rate.
        is_ascending: whether no value is smaller than the one before.
        signs: how many values look like what nobody should see.
        written_as: how a number or a text that is called like a time writes it, as the step `cast` has it.
    """

    name: str
    types: Counter[str] = field(default_factory=Counter)
    values: int = 0
    distinct: int = 0
    is_wide: bool = False
    is_zero: bool = False
    is_ascending: bool = True
    signs: Counter[str] = field(default_factory=Counter)
    written_as: str | None = None

    @property
    def data_type(self) -> str | None:
        """The type that holds every value that came; None where they show none."""
        if self.is_zero:
            return None
        types = set(self.types)
        if len(types) > 1:
            if types == {"bigint", "double"}:
                return "double"
            return "json" if "json" in types else "text"
        only = next(iter(types), None)
        return "decimal" if only == "bigint" and self.is_wide else only

    def sign(self, resource: str) -> str | None:
        """Why nobody should see its values, as a clause; None where nothing says so."""
        return sign_by_values(self.name, self.data_type, resource, self.signs, self.values)


class Sample:
    """The rows that came, field by field.

    Args:
        rows: records as the API sent them.
        is_whole: whether they are all that the list has; what some rows always have, others may lack.
    """

    def __init__(self, rows: Sequence[Any], is_whole: bool = False) -> None:
        self.is_whole = is_whole
        self.rows = [row for row in rows if isinstance(row, dict)]
        self.columns = {name: _column(name, self.rows) for name in _names(self.rows)}
        counts = Counter(identifier(name) for name in self.columns)
        self.colliding = [name for name in self.columns if counts[identifier(name)] > 1]

    def described(self, keys: Iterable[str] = (), sensitive: Collection[str] = ()) -> dict[str, dict[str, Any]]:
        """The columns as an API file has them; those that show no type and those whose names collide are left out."""
        described = {}
        always = {*keys, *self.never_null()}
        for name, column in self.columns.items():
            if column.data_type is None or name in self.colliding or identifier(name).startswith("_dlt_"):
                continue
            described[name] = self._described(column, name in always)
            if name in sensitive:
                described[name]["sensitive"] = True
        return described

    def never_null(self) -> list[str]:
        """Fields beside the key that are taken never to be null: the likeliest cursor, or any of a whole list."""
        likely = self.columns.values() if self.is_whole else self.cursors()[:1]
        return [one.name for one in likely if one.values == len(self.rows) >= ENOUGH_ROWS]

    def _described(self, column: Column, is_never_null: bool) -> dict[str, Any]:
        words: dict[str, Any] = {"data_type": column.data_type}
        if column.data_type == "decimal":
            words |= {"precision": 38, "scale": 0}
        if is_never_null:
            words["nullable"] = False
        return words

    def sensitive(self, resource: str) -> dict[str, str]:
        """Why nobody should see the values of a column, by its name, for those of which something says so."""
        signs = {one.name: one.sign(resource) for one in self.columns.values() if one.name not in self.colliding}
        return {name: sign for name, sign in signs.items() if sign}

    def key(self, resource: str) -> tuple[str, ...]:
        """The key that the rows suggest: the likeliest single field, else two or three together; empty for none."""
        usable = [one for one in self.columns.values() if self._can_be_key(one)]
        single = [one for one in usable if one.distinct == len(self.rows)]
        named = sorted(single, key=lambda one: _unlikeliness(one.name, resource))
        if named and _unlikeliness(named[0].name, resource) < 9:
            return self._scoped(named[0].name)
        if len(self.rows) < 2:
            return ()
        likely = [one for one in usable if _unlikeliness(one.name, resource) < 9][:8]
        for size in (2, 3):
            for together in combinations(likely, size):
                names = tuple(one.name for one in together)
                if len({tuple(row[name] for name in names) for row in self.rows}) == len(self.rows):
                    return names
        return ()

    def _scoped(self, name: str) -> tuple[str, ...]:
        scope = next((one for one in _SCOPES if one in self.columns), None) if identifier(name) == "name" else None
        return (scope, name) if scope and self._can_be_key(self.columns[scope]) else (name,)

    def _can_be_key(self, column: Column) -> bool:
        return (
            column.values == len(self.rows) > 0
            and column.name not in self.colliding
            and column.data_type in ("text", "bigint")
            and len(column.types) == 1
        )

    def cursors(self) -> list[Column]:
        """Fields that tell when a row was last changed, the likeliest first; those that are often null come last."""
        moments = [one for one in self.columns.values() if _tells_time(one)]
        order = (*_CHANGED, *_CREATED)
        return sorted(moments, key=lambda one: (one.values < len(self.rows), _place(identifier(one.name), order)))

    def without_type(self) -> list[str]:
        """Fields that were null, or 0, in every row."""
        return [one.name for one in self.columns.values() if one.data_type is None]


def likeliest_key(names: Iterable[str], resource: str) -> str | None:
    """The name that looks most like a key's; None where none does."""
    ranked = sorted((_unlikeliness(name, resource), place, name) for place, name in enumerate(names))
    return ranked[0][2] if ranked and ranked[0][0] < 8 else None


def identity_of(keys: Sequence[str]) -> Callable[[Any], Hashable]:
    """What makes a row the same as another: its key where there is one, else all of it."""

    def identity(row: Any) -> Hashable:
        if keys and isinstance(row, dict) and all(isinstance(row.get(key), (str, int)) for key in keys):
            return tuple(row[key] for key in keys)
        return repr(row)

    return identity


def _names(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    yield from dict.fromkeys(name for row in rows for name in row if isinstance(name, str) and name.strip())


def _column(name: str, rows: Sequence[dict[str, Any]]) -> Column:
    values = [value for row in rows if (value := row.get(name)) is not None and not isinstance(value, NotFinite)]
    column = Column(name, Counter(data_type_of(value) for value in values), len(values))
    column.signs = signs_in(values)
    column.is_wide = any(type(value) is int and not -(2**63) <= value < 2**63 for value in values)
    column.is_zero = set(column.types) == {"bigint"} and not any(values)
    if set(column.types) <= {"text", "bigint", "timestamp"} and len(column.types) == 1:
        column.distinct = len(set(values))
        column.is_ascending = all(one <= other for one, other in pairwise(values))
    column.written_as = _written_as(column, values) if values and _tells_time(column) else None
    return column


def _written_as(column: Column, values: Sequence[Any]) -> str | None:
    """How moments are written that no type of a column reads: in a unit of time since 1970, or by a pattern."""
    if column.data_type == "bigint":
        return next((unit for unit, first in _EPOCHS.items() if all(first <= one < 4 * first for one in values)), None)
    return next(
        (way for way in _PATTERNS if column.data_type == "text" and all(_fits(one, way) for one in values)), None
    )


def _fits(value: str, pattern: str) -> bool:
    try:
        datetime.strptime(value, pattern)  # noqa: DTZ007 - only whether it can be read is asked
    except ValueError:
        return False
    return True


def _unlikeliness(name: str, resource: str) -> int:
    """How little a name looks like a key's: 0 for `id`, 9 and more for anything."""
    plain, one = identifier(name), plain_name(resource).removesuffix("s")
    exact = ["id", f"{one}_id", "uuid", "guid", "_id", "uid", "key", f"{one}_key"]
    if plain in exact:
        return exact.index(plain)
    if plain.replace("_", "") == f"{one}id".replace("_", ""):
        # The path has richmenus, and the record richMenuId.
        return len(exact) - 1
    if plain.endswith(("_id", "_uuid", "_key")) or plain in _NAMES:
        return 8
    return 8 if plain in _SCOPES else 9


def _tells_time(column: Column) -> bool:
    if column.data_type == "timestamp":
        return True
    words = identifier(column.name)
    by_name = words.endswith(("_at", "_time", "_ts")) or words in ("timestamp", "updated", "created", "modified")
    return by_name and column.data_type in ("bigint", "text")


def _place(word: str, order: Sequence[str]) -> int:
    return next((place for place, one in enumerate(order) if one in word), len(order))
