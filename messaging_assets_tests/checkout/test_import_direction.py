"""No room imports one further down the drawing in `messaging_assets/__init__.py`, so that each can be read alone.

An import for types alone counts, as who reads a module reads its types. One that a function makes for itself when it is
called does not: the drawing is about what a module needs to exist.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from messaging_assets_tests.rooms import DOORS, FEWEST, MOST, ORDER, PACKAGE, imported_at_once, modules_of


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
