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
