"""Rows of the peer and of our table, compared as sets: names as the table has them, nulls left out."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
from dlt.common.normalizers.naming.snake_case import NamingConvention

_NAMING = NamingConvention()
_PATTERNS = ("%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z", "%Y/%m/%d %H:%M:%S %z", "%a, %d %b %Y %H:%M:%S %z")


@lru_cache(maxsize=10_000)
def _name(written: str) -> str:
    return _NAMING.normalize_identifier(written)


def our_rows(database: Path, dataset: str, table: str) -> list[dict[str, Any]] | None:
    """The rows of one of our tables; None where there is none."""
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        try:
            found = connection.execute(f'SELECT * FROM "{dataset}"."{table}"')
        except duckdb.CatalogException:
            return None
        names = [one[0] for one in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def difference(theirs: Iterable[Mapping[str, Any]], ours: Iterable[Mapping[str, Any]]) -> str | None:
    """In which way rows differ, in one sentence; None where they are the same."""
    first, second = _sets(list(theirs), list(ours))
    if first == second:
        return None
    only_first, only_second = first - second, second - first
    if len(first) != len(second):
        return f"{len(first)} different rows of theirs, {len(second)} of ours; {_example(only_first, only_second)}"
    return f"{len(only_first)} of {len(first)} rows differ; {_example(only_first, only_second)}"


def has_more(theirs: Iterable[Mapping[str, Any]], ours: Iterable[Mapping[str, Any]]) -> bool:
    """Whether each of their rows is among ours."""
    first, second = _sets(list(theirs), list(ours))
    return first < second


def _sets(theirs: list[Mapping[str, Any]], ours: list[Mapping[str, Any]]) -> tuple[set[Any], set[Any]]:
    moments = {name for row in ours for name, one in row.items() if isinstance(one, (dt.datetime, dt.date))}
    known = {name for row in theirs for name in map(_name, row)}
    own = {name for row in ours for name in row if name not in known and name.startswith("_")}
    first = {_row({_name(name): one for name, one in row.items()}, moments) for row in theirs}
    return first, {_row({name: one for name, one in row.items() if name not in own}, moments) for row in ours}


def _example(first: set[Any], second: set[Any]) -> str:
    one, two = (dict(min(some, key=str)) if some else {} for some in (first, second))
    names = sorted(name for name in {*one, *two} if one.get(name) != two.get(name))
    return "; ".join(f"{name}: {str(one.get(name))[:60]} / {str(two.get(name))[:60]}" for name in names[:4])


def _row(row: Mapping[str, Any], moments: set[str]) -> frozenset[tuple[str, str]]:
    values = ((name, _plain(one, name in moments)) for name, one in row.items())
    return frozenset((name, one) for name, one in values if one not in (None, "null", "[]", "{}"))


def _plain(value: Any, is_moment: bool) -> str | None:
    if value is None:
        return None
    if is_moment:
        return _moment(value)
    if isinstance(value, str) and value[:1] in ("{", "[") and value[-1:] in ("}", "]"):
        try:
            value = json.loads(value)
        except ValueError:
            return value
    if isinstance(value, (dict, list)):
        return json.dumps(_without_nulls(value), sort_keys=True, default=str)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float, Decimal)):
        return str(int(value)) if value == int(value) else str(float(value))
    return str(value)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(one) for name, one in value.items() if one is not None}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value


def _moment(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return str((value if value.tzinfo else value.replace(tzinfo=dt.timezone.utc)).timestamp())
    if isinstance(value, dt.date):
        return str(dt.datetime(value.year, value.month, value.day, tzinfo=dt.timezone.utc).timestamp())
    if isinstance(value, (int, float)) or str(value).replace(".", "").isdigit():
        seconds = float(value)
        return str(seconds / 1000 if seconds > 10**11 else seconds)
    for text in (str(value).replace("Z", "+00:00"), f"{str(value)[:19]}+00:00"):
        try:
            return _moment(dt.datetime.fromisoformat(text))
        except ValueError:
            continue
    for pattern in _PATTERNS:
        try:
            return _moment(dt.datetime.strptime(str(value), pattern))  # noqa: DTZ007 - each pattern has a zone
        except ValueError:
            continue
    return str(value)
