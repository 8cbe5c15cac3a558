"""The page about the architecture is true of the tree."""

from __future__ import annotations

import re

from messaging_assets_tests.architecture import PICTURE, arrows, picture
from messaging_assets_tests.programs import CHECKOUT
from messaging_assets_tests.rooms import ORDER, PACKAGE


def test_the_picture_is_that_of_the_imports() -> None:
    assert PICTURE.read_text(encoding="utf-8") == picture(), "run python -m messaging_assets_tests.architecture"


def test_every_arrow_of_the_picture_runs_upwards() -> None:
    assert arrows()
    assert [pair for pair in arrows() if ORDER[pair[0]] < ORDER[pair[1]]] == []


def test_the_files_on_the_way_of_a_record_are_there() -> None:
    page = (CHECKOUT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = re.findall(r"`([a-z_/]+\.py)`", page)
    assert len(named) > 12
    assert [name for name in named if not (PACKAGE / name).is_file() and not (PACKAGE.parent / name).is_file()] == []


MOST_FILES = 3
CHANGES = dict(
    re.findall(r"^\| (.+?) \| (.+?) \|$", (CHECKOUT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.MULTILINE)
)


def _files(change: str) -> list[str]:
    return re.findall(r"`([a-z_/]+\.(?:py|md))`", CHANGES[change])


def _using(name: str) -> set[str]:
    """Modules that name a class."""
    found = re.compile(rf"\b{name}\b")
    paths = (path for path in PACKAGE.rglob("*.py") if found.search(path.read_text(encoding="utf-8")))
    return {str(path.relative_to(PACKAGE)) for path in paths}


def test_each_common_change_is_in_few_files_that_are_there() -> None:
    changes = [change for change in CHANGES if _files(change)]
    assert len(changes) > 8
    for change in changes:
        files = _files(change)
        assert len(files) <= MOST_FILES, change
        missing = [name for name in files if not any((root / name).is_file() for root in (PACKAGE, CHECKOUT))]
        assert missing == [], change


def test_a_plain_way_of_authentication_is_named_in_the_listed_files_only() -> None:
    for name in ("BearerAuth", "HttpBasicAuth"):
        assert _using(name) <= set(_files("a way of authentication"))


def test_a_kind_of_check_is_in_the_listed_files_only() -> None:
    assert _using("AssetCheckSpec") == set(_files("a check"))
