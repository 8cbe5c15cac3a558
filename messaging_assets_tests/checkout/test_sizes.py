"""A class and a file fit in a head: a class has at most 150 lines and 12 attributes, a file at most 300 lines."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from messaging_assets_tests.rooms import PACKAGE

MOST_LINES_OF_CLASS, MOST_ATTRIBUTES, MOST_LINES_OF_FILE = 150, 12, 300
# A pydantic model has a field for each word of the API file, and a row of data one for each of its columns.
MODELS = {"ApiDescription", "Column", "Endpoint", "Incremental", "ResourceBase", "TokenServerAuth"}
ROWS = {
    "AssetStatus": "what `status` prints of an asset, in the order of its JSON",
    "Fault": "the ways in which an answer of the sandbox can be wrong",
    "HistoryRow": "the columns of sync_history",
    "Settings": "the settings of the sandbox",
}
TOO_LONG: set[str] = set()


def attributes_of(node: ast.ClassDef) -> set[str]:
    """The fields that a class declares, and what its methods set on `self`."""
    names = [one for one in ast.walk(node) if isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Store)]
    set_on_self = {one.attr for one in names if isinstance(one.value, ast.Name) and one.value.id == "self"}
    fields = [one for one in node.body if isinstance(one, (ast.Assign, ast.AnnAssign))]
    targets = [target for one in fields for target in (one.targets if isinstance(one, ast.Assign) else [one.target])]
    return set_on_self | {target.id for target in targets if isinstance(target, ast.Name)}


def too_large(path: Path) -> Iterator[str]:
    """The names of the classes of a module that are too large."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            if lines > MOST_LINES_OF_CLASS or len(attributes_of(node)) > MOST_ATTRIBUTES:
                yield node.name


def is_too_long(path: Path) -> bool:
    """Whether a file has too many lines."""
    return len(path.read_text(encoding="utf-8").splitlines()) > MOST_LINES_OF_FILE


def test_every_class_is_small_but_those_that_are_named_here() -> None:
    found = {name for path in PACKAGE.rglob("*.py") for name in too_large(path)}
    assert sorted(found - MODELS - ROWS.keys()) == []
    assert sorted((MODELS | ROWS.keys()) - found) == [], "these are small by now: take them out of the list"


def test_every_file_is_short_but_those_that_are_named_here() -> None:
    found = {str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py") if is_too_long(path)}
    assert sorted(found - TOO_LONG) == []
    assert sorted(TOO_LONG - found) == [], "these are short by now: take them out of the list"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("class Long:\n" + "    # a line\n" * 150 + "    x = 1\n", ["Long"]),
        ("class Fields:\n" + "".join(f"    a{one}: int\n" for one in range(13)), ["Fields"]),
        ("class Sets:\n    def f(self):\n" + "".join(f"        self.a{one} = 1\n" for one in range(13)), ["Sets"]),
        ("class Small:\n    a: int\n\n    def f(self):\n        self.b, self.c = 1, 2\n", []),
    ],
    ids=["lines", "fields", "set by methods", "small"],
)
def test_a_large_class_is_seen(tmp_path: Path, text: str, found: list[str]) -> None:
    module = tmp_path / "module.py"
    module.write_text(text)
    assert list(too_large(module)) == found


def test_a_long_file_is_seen(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text("x = 1\n" * 300)
    assert not is_too_long(module)
    module.write_text("x = 1\n" * 301)
    assert is_too_long(module)
