"""Records of a stream, made from its schema; the same request gets the same ones."""

from __future__ import annotations

import datetime as dt
import itertools
import zlib
from typing import Any

DAYS = 20
NOW = dt.datetime.now(dt.timezone.utc).replace(microsecond=0)
FIRST = NOW - dt.timedelta(days=DAYS)


def number_of(text: str) -> int:
    """A number that stands for a text, the same in each run."""
    return zlib.crc32(text.encode()) % 900_000_000 + 100_000_000


def record(schema: dict[str, Any], seed: str, index: int) -> dict[str, Any]:
    """A record with a value for each field of a schema; texts and numbers differ from record to record."""
    properties = schema.get("properties")
    fields = properties if isinstance(properties, dict) else {}
    return {name: _value(one, f"{seed}.{name}", index, 0) for name, one in fields.items() if isinstance(one, dict)}


def _value(schema: dict[str, Any], seed: str, index: int, depth: int) -> Any:
    options = schema.get("oneOf") or schema.get("anyOf")
    if isinstance(options, list):
        first = next((one for one in options if isinstance(one, dict) and one.get("type") != "null"), {})
        return _value(first, seed, index, depth)
    if isinstance(schema.get("enum"), list) and schema["enum"]:
        return next((one for one in schema["enum"] if one is not None), None)
    types = schema.get("type")
    kind = next((one for one in (types if isinstance(types, list) else [types]) if one != "null"), None)
    if kind == "object" or (kind is None and "properties" in schema):
        return _object(schema, seed, index, depth)
    if kind == "array":
        items = schema.get("items")
        return [_value(items, seed, index, depth + 1)] if isinstance(items, dict) and depth < 4 else []
    if kind == "integer":
        return number_of(seed) * 100 + index
    if kind == "number":
        return index + 0.5
    if kind == "boolean":
        return index % 2 == 0
    return _text(schema, seed, index)


def _object(schema: dict[str, Any], seed: str, index: int, depth: int) -> Any:
    fields = schema.get("properties")
    if depth > 4 or not isinstance(fields, dict) or not fields:
        return {"some": f"value {index}"}
    return {
        name: _value(one, f"{seed}.{name}", index, depth + 1) for name, one in fields.items() if isinstance(one, dict)
    }


def _text(schema: dict[str, Any], seed: str, index: int) -> str:
    if schema.get("format") == "date-time":
        return moment(index).strftime("%Y-%m-%dT%H:%M:%SZ")
    if schema.get("format") == "date":
        return moment(index).strftime("%Y-%m-%d")
    return f"t{number_of(seed)}x{index}"


def moment(index: int) -> dt.datetime:
    """The time of a record: they lie a good day apart, all of them past."""
    return FIRST + dt.timedelta(days=1.5 * index + 1, hours=index, minutes=7)


def put(value: Any, path: list[Any], what: Any) -> None:
    """Set what stands at a path, below whatever is there."""
    for step, after in itertools.pairwise(path):
        below = value.get(step) if isinstance(value, dict) else None
        if not isinstance(below, dict):
            below = {}
            value[step] = below
        value = below
        del after
    if isinstance(value, dict):
        value[path[-1]] = what


def at(value: Any, path: list[Any]) -> Any:
    """What stands at a path; None where nothing does."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value
