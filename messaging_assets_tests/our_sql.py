"""The SQL of this package: where it is written, and what of it a test's syncs send to DuckDB."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import messaging_assets

_HOME = Path(messaging_assets.__file__).parent
_BEGINS = re.compile(
    r"\s*(SELECT|INSERT INTO|DELETE FROM|UPDATE|CREATE|ALTER TABLE|DROP|COMMENT ON|WITH RECURSIVE|SET \w+ =) "
)


def written() -> Iterator[tuple[str, str]]:
    """Each text in the code that begins as SQL does: its file, and a pattern of what is sent of it."""
    for path in sorted(_HOME.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            if id(node) not in parts and _BEGINS.match(_filled(node, "x")):
                yield str(path.relative_to(_HOME)), _filled(node, None)


def _filled(node: ast.AST, place: str | None) -> str:
    """A text of the code with something in the place of each value; as a pattern where that is None."""
    values = node.values if isinstance(node, ast.JoinedStr) else [node]
    found = ""
    for value in values:
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            text = value.value
            # `{}` is filled by format, and `ours` by the name of a table.
            found += text if place else re.sub(r"\\\{\\\}|ours", ".*", re.escape(text))
        elif isinstance(value, ast.FormattedValue):
            found += place or ".*"
    return found


@contextmanager
def recorded(room: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """Note each statement that this package sends to DuckDB through dlt; dlt's own are left out."""
    from messaging_assets.seams.destinations.dlt_duckdb import _WaitingSqlClient as Client

    statements: set[str] = set()
    for method in ("execute_sql", "execute_query"):
        room.setattr(Client, method, _noting(getattr(Client, method), statements))
    yield statements


def _noting(execute: Any, statements: set[str]) -> Any:
    def noted(self: Any, sql: Any, *values: Any, **more: Any) -> Any:
        if _HOME in Path(sys._getframe(1).f_code.co_filename).parents:
            statements.add(str(sql))
        return execute(self, sql, *values, **more)

    return noted
