"""Names that an API, its tables, its columns and its headers can have, and names that would become one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from messaging_assets.description.names import HEADER_VALUE, HISTORY, LONGEST, PLAIN, RESERVED_STEMS, identifier
from messaging_assets.files.rules.mistakes import Mistake, Place, mapping, step_into

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_RESOURCE = re.compile(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*")


def name_mistakes(raw: Mapping[str, Any], name: str) -> Iterator[Mistake]:
    """A mistake for each name that cannot be, or that means the same table or column as another.

    Args:
        raw: the description as it was written.
        name: the API's name.
    """
    if not PLAIN.fullmatch(name) or len(name) > LONGEST:
        yield Mistake((), f"the API's name, {_shown(name)}, {_RULE}, such as team_chat; rename the file")
    elif name in RESERVED_STEMS:
        yield Mistake((), f"the API's name, '{name}', means something else to dlt or the database; rename the file")
    yield from _dataset(raw.get("dataset"))
    resources = raw.get("resources")
    listed = list(enumerate(resources if isinstance(resources, list) else ()))
    named = [(index, own, step_into(one, "table_name")) for index, one in listed if (own := _name_of(one))]
    yield from _resource_names([(index, name) for index, name, _ in named])
    yield from _tables(named)
    yield from _columns(raw)
    yield from header_mistakes(mapping(raw.get("client")).get("headers"), ("client", "headers"))


_RULE = f"must be up to {LONGEST} small letters, digits and single underscores, a letter first"


def _dataset(named: Any) -> Iterator[Mistake]:
    if not isinstance(named, str):
        return
    if not PLAIN.fullmatch(named) or len(named) > LONGEST:
        yield Mistake(("dataset",), f"{_shown(named)} {_RULE}, such as raw_chat")
    elif named in RESERVED_STEMS:
        yield Mistake(("dataset",), f"'{named}' means something else to dlt or the database; name another, raw_{named}")


def _name_of(resource: Any) -> str | None:
    name = resource if isinstance(resource, str) else step_into(resource, "name")
    return name if isinstance(name, str) else None


def _resource_names(named: Iterable[tuple[int, str]]) -> Iterator[Mistake]:
    names: set[str] = set()
    for index, name in named:
        place = ("resources", index, "name")
        if not _RESOURCE.fullmatch(name) or len(name) > LONGEST:
            yield Mistake(
                place,
                f"{_shown(name)} must be up to {LONGEST} letters, digits and single underscores, a letter first; "
                "write its path under endpoint.path",
            )
            continue
        if name.lower() in names:
            yield Mistake(place, f"a resource named '{name}' is there already; each needs a name of its own")
        names.add(name.lower())


def _tables(named: Iterable[tuple[int, str, Any]]) -> Iterator[Mistake]:
    """A mistake for each name of a table that cannot be, or that another resource's table has."""
    tables: dict[str, tuple[str, str]] = {}
    for index, name, given in named:
        written, place = (given, "table_name") if isinstance(given, str) else (name, "name")
        if not _RESOURCE.fullmatch(written) or len(written) > LONGEST:
            if given is not None:
                told = (
                    f"{_shown(written)} must be up to {LONGEST} letters, digits and single underscores, a letter first"
                )
                yield Mistake(("resources", index, place), told)
            continue
        table = identifier(written)
        other, its_name = tables.setdefault(table, (name, written))
        if table == HISTORY:
            told = f"'{written}' is the table of this API's syncs; give it another table_name"
            yield Mistake(("resources", index, place), told)
        elif other != name:
            told = f"'{written}' and '{its_name}' would share the table {table}; give one of them another table_name"
            yield Mistake(("resources", index, place), told)


def _columns(raw: Mapping[str, Any]) -> Iterator[Mistake]:
    defaults = listed_columns(step_into(raw.get("resource_defaults"), "columns"))
    yield from _one_table((("resource_defaults", "columns", *step), name) for step, name in defaults)
    yield from _unnamed(step_into(raw.get("resource_defaults"), "columns"), ("resource_defaults", "columns"))
    resources = raw.get("resources")
    for index, resource in enumerate(resources if isinstance(resources, list) else ()):
        columns = step_into(resource, "columns")
        place = ("resources", index, "columns")
        own = listed_columns(columns)
        inherited = [name for _, name in defaults if name not in {one for _, one in own}]
        yield from _one_table([((*place, *step), name) for step, name in own], inherited)
        yield from _unnamed(columns, place)


def listed_columns(columns: Any) -> list[tuple[tuple[str | int], str]]:
    """The columns of a mapping or a list: the step to each, and its name."""
    if isinstance(columns, Mapping):
        return [((name,), name) for name in columns if isinstance(name, str)]
    named = ((index, step_into(one, "name")) for index, one in enumerate(columns if isinstance(columns, list) else ()))
    return [((index,), name) for index, name in named if isinstance(name, str)]


def _one_table(placed: Iterable[tuple[Place, str]], inherited: Iterable[str] = ()) -> Iterator[Mistake]:
    columns = {identifier(name): name for name in inherited}
    for place, name in placed:
        column = identifier(name)
        if columns.get(column) == name:
            yield Mistake(place, "this column comes twice")
        elif column in columns:
            yield Mistake(place, f"'{name}' and '{columns[column]}' would share the column {column}; keep one")
        columns.setdefault(column, name)


def _unnamed(columns: Any, place: Place) -> Iterator[Mistake]:
    if isinstance(columns, list):
        unnamed = (index for index, one in enumerate(columns) if not isinstance(step_into(one, "name"), str))
        yield from (
            Mistake((*place, index), "a column in a list needs a name; write {name: ..., data_type: ...}")
            for index in unnamed
        )
    elif isinstance(columns, Mapping):
        for key, column in columns.items():
            if (step_into(column, "name") or key) != key:
                yield Mistake((*place, key, "name"), "a column is named by its key; leave name out")


def _shown(name: str) -> str:
    # Behind a ? may be a secret.
    is_plain = len(name) <= LONGEST and name.isprintable() and "?" not in name
    return f"'{name}'" if name and is_plain else "this name"


def header_mistakes(headers: Any, place: Place) -> Iterator[Mistake]:
    """A mistake for each header that no request can have (RFC 9110, 5.1 and 5.5).

    Args:
        headers: as they were written.
        place: where they were written.
    """
    for name, value in mapping(headers).items():
        if not _HEADER_NAME.fullmatch(str(name)):
            words = "is no name of a header; write letters, digits and hyphens, without the colon"
            yield Mistake((*place, name), words)
        elif isinstance(value, str) and not HEADER_VALUE.fullmatch(value):
            words = "a header is one line, of letters that Latin-1 has, without spaces around it; write it so"
            yield Mistake((*place, name), words)
