"""The rooms of the package: the drawing in `messaging_assets/__init__.py`, and what its modules import."""

from __future__ import annotations

import ast
import re
from pathlib import Path

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
    """The rooms that a module imports when it is imported itself, those for types alone included."""
    found: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "messaging_assets":
            parts = ".".join((node.module or "").split(".")[1:])
            found |= {room_of(".".join(filter(None, (parts, alias.name)))) for alias in node.names}
        waiting += ast.iter_child_nodes(node)
    return found


def modules_of(room: str) -> list[Path]:
    """The modules of a room, without those of rooms inside it."""
    return sorted((PACKAGE / room.replace(".", "/")).glob("*.py"))
