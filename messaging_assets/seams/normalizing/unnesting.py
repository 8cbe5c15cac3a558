"""Documents as tables of columns: the fields of objects beside each other, each list in a table of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from operator import itemgetter
from typing import Any

# Since dlt 1.30: its caches of names and levels, the names of its own columns, and how it makes ids.
from dlt.common.normalizers.json.helpers import get_nested_row_hash, get_row_hash
from dlt.common.normalizers.json.relational import DataItemNormalizer
from dlt.common.normalizers.utils import generate_dlt_ids

_PLAIN = frozenset({type(None)})
_NESTED = frozenset({dict, list})


class NotPlain(Exception):
    """Something that dlt's own normalizer decides row by row."""


@dataclass
class TableRows:
    """The rows of one table.

    Args:
        name: the table.
        path: the names that its name is made of.
        parent: the table in whose rows these were nested; None for the root.
        owners: for each row its parent's place.
        places: for each row its place in its list.
        columns: values by column, None where a row has none.
        ids: for each row its `_dlt_id`.
        roots: for each row the `_dlt_id` of the row at the root.
    """

    name: str
    path: tuple[str, ...]
    parent: TableRows | None = None
    owners: list[int] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    columns: dict[str, list[Any]] = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)
    roots: list[str] = field(default_factory=list)


def unnested(rows: list[dict[str, Any]], table: str, normalizer: DataItemNormalizer, load_id: str) -> list[TableRows]:
    """Documents as tables with dlt's own columns, parents before their children.

    Args:
        rows: the documents.
        table: the root table.
        normalizer: dlt's, of the schema.
        load_id: of the load that they go with.

    Raises:
        NotPlain: dlt has to decide.
    """
    level = normalizer._get_table_nesting_level(table, normalizer.max_nesting) or 0
    tables: list[TableRows] = []
    _unnest(TableRows(table, (table,)), rows, level, normalizer, tables)
    if len({one.name for one in tables}) < len(tables):
        raise NotPlain
    for one in tables:
        _identify(one, rows, normalizer, load_id)
    return tables


def _unnest(
    into: TableRows, rows: list[dict[str, Any]], level: int, normalizer: DataItemNormalizer, tables: list[TableRows]
) -> None:
    """Take the rows of a table apart, and those of the lists in them, as dlt's `_flatten` and `_normalize_list` do."""
    tables.append(into)
    lists: list[tuple[tuple[str, ...], list[Any]]] = []
    waiting: list[tuple[tuple[str, ...], list[dict[str, Any]], int]] = [((), rows, level)]
    while waiting:
        path, objects, left = waiting.pop()
        for key, values in _by_field(objects).items():
            if not key.strip():
                raise NotPlain
            own = normalizer._normalize_identifier(key)
            name = normalizer._shorten_fragments(*path, own) if path else own
            kinds = set(map(type, values)) - _PLAIN
            if kinds & _NESTED and not normalizer._is_nested_type(into.name, name, left):
                if kinds == {dict}:
                    waiting.append(((*path, own), [value or {} for value in values], left - 1))
                elif kinds == {list}:
                    lists.append(((*path, normalizer._normalize_table_identifier(key)), values))
                else:
                    raise NotPlain
            elif into.columns.setdefault(name, values) is not values:
                raise NotPlain
    for path, values in lists:
        _unnest_list(into, path, values, level - 1, normalizer, tables)


def _unnest_list(
    parent: TableRows,
    path: tuple[str, ...],
    values: list[Any],
    level: int,
    normalizer: DataItemNormalizer,
    tables: list[TableRows],
) -> None:
    items: list[Any] = []
    whole = parent.path + path
    into = TableRows(normalizer._shorten_fragments(*whole), whole, parent)
    for owner, value in enumerate(values):
        if value:
            items += value
            into.owners += [owner] * len(value)
            into.places += range(len(value))
    if not items:
        return
    kinds = set(map(type, items))
    if not normalizer._should_be_nested(into.name) or (list in kinds and len(kinds) > 1):
        raise NotPlain
    if kinds == {list}:
        # dlt makes a table between, so that a list of lists is a level deeper.
        items, level = [{"list": item} for item in items], level - 1
    elif kinds != {dict}:
        items = [item if type(item) is dict else {normalizer.c_value: item} for item in items]
    _unnest(into, items, level, normalizer, tables)


def _by_field(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Each field's values, None where a row has none."""
    first = list(rows[0])
    if len(first) > 1 and set(map(len, rows)) == {len(first)}:
        try:
            return dict(zip(first, map(list, zip(*map(itemgetter(*first), rows), strict=True)), strict=True))
        except KeyError:
            pass
    return {name: [row.get(name) for row in rows] for name in dict.fromkeys(chain.from_iterable(rows))}


def _identify(one: TableRows, rows: Sequence[dict[str, Any]], normalizer: DataItemNormalizer, load_id: str) -> None:
    """Give a table's rows their ids, as dlt's `_add_row_id` and `_get_propagated_values` do."""
    parent, names = one.parent, normalizer
    of_dlt = (names.c_dlt_id, names.c_dlt_root_id, names.c_dlt_parent_id, names.c_dlt_load_id, names.c_dlt_list_idx)
    if not one.columns.keys().isdisjoint(of_dlt):
        raise NotPlain
    handing = normalizer._get_propagation_mapping
    handed = handing(one.name, parent is None) if handing and normalizer.propagation_config else {}
    # dlt may be told to hand other columns down too.
    if handed and (parent is not None or dict(handed) != {names.c_dlt_id: names.c_dlt_root_id}):
        raise NotPlain
    if parent is None:
        one.ids = _root_ids(one, rows, normalizer)
        one.roots = one.ids if handed else []
        one.columns[normalizer.c_dlt_load_id] = [load_id] * len(rows)
    else:
        parents = [parent.ids[owner] for owner in one.owners]
        one.ids = list(map(get_nested_row_hash, parents, repeat(one.name), one.places))
        one.columns[normalizer.c_dlt_parent_id] = parents
        one.columns[normalizer.c_dlt_list_idx] = one.places
        if parent.roots:
            one.roots = one.columns[normalizer.c_dlt_root_id] = [parent.roots[owner] for owner in one.owners]
    one.columns[normalizer.c_dlt_id] = one.ids


def _root_ids(one: TableRows, rows: Sequence[dict[str, Any]], normalizer: DataItemNormalizer) -> list[str]:
    kind = normalizer._get_root_row_id_type(one.name)
    if kind == "row_hash":
        return [get_row_hash(row) for row in rows]
    if kind != "key_hash":
        return generate_dlt_ids(len(rows))
    names = normalizer._get_primary_key(one.name)
    if not one.columns.keys() >= set(names):
        raise NotPlain
    keys = zip(*(one.columns[name] for name in names), strict=True)
    return [get_row_hash(dict(zip(names, key, strict=True)), subset=names) for key in keys]
