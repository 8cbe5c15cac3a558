"""JSON paths in answers: dlt's language for them, each path compiled once and plain names looked up directly."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")


@lru_cache(maxsize=1024)
def compiled(path: str) -> Any:
    """The path as dlt takes it without parsing it again (a millisecond, on every page)."""
    from dlt.common import jsonpath

    return jsonpath.compile_path(path) if _names(path) is None else _plain_path()(path)


@lru_cache(maxsize=1)
def _plain_path() -> type[Any]:
    from jsonpath_ng.jsonpath import DatumInContext, JSONPath

    class PlainPath(JSONPath):
        """Names with dots between them, looked up directly; jsonpath wraps every value on the way."""

        def __init__(self, path: str) -> None:
            self._path = path

        def find(self, datum: Any) -> list[Any]:
            """See JSONPath."""
            return [DatumInContext(value) for value in find_values(self._path, datum)]

        def __str__(self) -> str:
            return self._path

    return PlainPath


@lru_cache(maxsize=1024)
def _names(path: str) -> tuple[str, ...] | None:
    return tuple(path.split(".")) if _PLAIN.fullmatch(path) else None


def find_values(path: str, body: Any) -> list[Any]:
    """Every value that a path finds in parsed JSON, as dlt's `jsonpath.find_values` does."""
    names = _names(path)
    if names is None:
        return [match.value for match in compiled(path).find(body)]
    for name in names:
        if not isinstance(body, dict) or name not in body:
            return []
        body = body[name]
    return [body]


def quoted_path(*names: str) -> str:
    """A JSON path from names, quoted where they are not plain; `$` for none."""
    plain = re.compile(r"(?!where$|parent$)[A-Za-z_][A-Za-z0-9_]*")
    return ".".join(name if plain.fullmatch(name) else f"'{name}'" for name in names) or "$"
