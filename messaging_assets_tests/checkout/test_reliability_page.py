"""The page for readers about what can go wrong quotes what the package really says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from messaging_assets_tests.programs import CHECKOUT
from messaging_assets_tests.rooms import PACKAGE

PAGE = (CHECKOUT / "docs" / "reliability.md").read_text(encoding="utf-8")


def quotations(page: str) -> list[str]:
    """The sentences that a page quotes: what stands in code and has at least three words."""
    return [one for one in re.findall(r"`([^`]+)`", page) if len(one.split()) > 2 and "=" not in one]


def is_said(quotation: str, said: str) -> bool:
    """Whether some text has all the fixed parts of a quotation, in their order."""
    parts = [re.escape(part) for part in re.split("…", quotation)]
    return re.search(r"[^\0]*?".join(parts), said) is not None


@cache
def said_in(package: Path) -> str:
    """Every text of the package's code, with a dot for what is filled in, and a null character between two texts."""
    return "\0".join(text for file in package.rglob("*.py") for text in _texts(file.read_text(encoding="utf-8")))


def _texts(code: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)


def test_every_sentence_that_the_page_quotes_is_one_of_the_packages() -> None:
    said = said_in(PACKAGE)

    assert len(quotations(PAGE)) > 40
    assert [one for one in quotations(PAGE) if not is_said(one, said)] == []


def test_a_sentence_that_nothing_says_is_found() -> None:
    assert quotations("red: `the moon is in the way`, `page` and `a=b c d`") == ["the moon is in the way"]
    assert not is_said("the moon is in the way", said_in(PACKAGE))
    assert is_said("… moved from … to …", said_in(PACKAGE))
