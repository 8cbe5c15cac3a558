"""No module imports one further down the drawing in `messaging_assets/__init__.py`, so that each can be read alone.

Imports for types alone do not count, nor does an import that a function makes for itself when it is called: the
drawing is about what a module needs to exist.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import messaging_assets

PACKAGE = Path(messaging_assets.__file__).parent
DRAWN = re.findall(r"\b([a-z_]+)(?:\.py|/)(?![<\w])", messaging_assets.__doc__ or "")
ORDER = {name: place for place, name in enumerate(name for name in DRAWN if name != "apis")}
ROOMS = sorted({path.relative_to(PACKAGE).with_suffix("").parts[0] for path in PACKAGE.rglob("*.py")} - {"__init__"})


def imported_at_once(path: Path) -> set[str]:
    """The rooms that a module imports when it is imported itself."""
    found: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        is_for_types = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        if is_for_types or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "messaging_assets":
            parts = (node.module or "").split(".")[1:]
            found |= {parts[0]} if parts else {alias.name for alias in node.names}
        waiting += ast.iter_child_nodes(node)
    return found


def test_every_room_is_in_the_drawing_once() -> None:
    assert sorted(ORDER) == ROOMS
    assert len(ORDER) == len([name for name in DRAWN if name != "apis"])


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_rooms_above_it(room: str) -> None:
    paths = (PACKAGE / room).rglob("*.py") if (PACKAGE / room).is_dir() else [PACKAGE / f"{room}.py"]
    below = {name for path in paths for name in imported_at_once(path) if name != room and ORDER[name] > ORDER[room]}
    assert below == set()


def test_an_import_from_below_is_seen(tmp_path: Path) -> None:
    module = tmp_path / "failures.py"
    module.write_text("from messaging_assets.sync import sync\n")
    assert imported_at_once(module) == {"sync"}
