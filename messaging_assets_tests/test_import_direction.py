"""No room imports one further down the drawing in `messaging_assets/__init__.py`, so that each can be read alone.

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
DRAWN = re.findall(r"^    ([a-z_]+(?:/[a-z_]+)*)/ ", messaging_assets.__doc__ or "", re.MULTILINE)
ORDER = {room.replace("/", "."): place for place, room in enumerate(DRAWN)}
# What users import, and the front door: one line each, at the very end.
DOORS = {"__init__", "definitions", "description_files", "rest_api"}
FEWEST, MOST = 3, 12


def room_of(module: str) -> str:
    """The room that a module is in, by its dotted name within the package."""
    return next((room for room in sorted(ORDER, key=len, reverse=True) if f"{module}.".startswith(f"{room}.")), module)


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
            parts = ".".join((node.module or "").split(".")[1:])
            found |= {room_of(".".join(filter(None, (parts, alias.name)))) for alias in node.names}
        waiting += ast.iter_child_nodes(node)
    return found


def modules_of(room: str) -> list[Path]:
    """The modules of a room, without those of rooms inside it."""
    return sorted((PACKAGE / room.replace(".", "/")).glob("*.py"))


def test_every_module_is_in_a_room_of_the_drawing_and_few_are_in_each() -> None:
    drawn = {path for room in ORDER for path in modules_of(room)}
    doors = {PACKAGE / f"{name}.py" for name in DOORS}
    assert set(PACKAGE.rglob("*.py")) == drawn | doors
    sizes = {room: len([path for path in modules_of(room) if not path.stem.startswith("__")]) for room in ORDER}
    assert {room: size for room, size in sizes.items() if not FEWEST <= size <= MOST} == {}


@pytest.mark.parametrize("room", ORDER)
def test_a_room_imports_only_rooms_above_it(room: str) -> None:
    below = {
        (path.stem, other)
        for path in modules_of(room)
        for other in imported_at_once(path)
        if other != room and ORDER.get(other, len(ORDER)) > ORDER[room]
    }
    assert below == set()


@pytest.mark.parametrize("room", ORDER)
def test_a_room_says_what_it_is_for(room: str) -> None:
    front = (PACKAGE / room.replace(".", "/") / "__init__.py").read_text(encoding="utf-8")
    assert len((ast.get_docstring(ast.parse(front)) or "").splitlines()) >= 3


def test_an_import_from_below_is_seen(tmp_path: Path) -> None:
    module = tmp_path / "failures.py"
    module.write_text("from messaging_assets.assets.sync import sync\nfrom messaging_assets.cli import demo\n")
    assert imported_at_once(module) == {"assets", "cli"}
