"""Pages and docstrings are read by people in a hurry: no sentence of theirs has more than 25 words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from messaging_assets_tests.programs import CHECKOUT

MOST = 25
PAGES = [
    CHECKOUT / "README.md",
    CHECKOUT / "CONTRIBUTING.md",
    CHECKOUT / "CHANGELOG.md",
    *sorted((CHECKOUT / "docs").glob("*.md")),
]
# Written by a program, one line a case.
EXCEPT = {"tested-cases.md"}
_NO_PROSE = re.compile(r"^```.*?^```$|^[|#][^\n]*$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"!?\[([^]]*)\]\([^)]*\)")


def sentences(markdown: str) -> Iterator[str]:
    """The sentences of a page without its headings, tables and code; a colon or semicolon ends a thought too."""
    text = _LINK.sub(r"\1", re.sub(r"`[^`]*`", "X", _NO_PROSE.sub("", markdown)))
    for paragraph in re.split(r"\n\s*\n|\n\s*(?=- |\d+\. )", text):
        yield from re.split(r"(?<=[.!?:;])\s+", " ".join(paragraph.split()))


def too_long(markdown: str) -> list[str]:
    """The sentences with more words than anybody keeps in mind."""
    return [one for one in sentences(markdown) if len(re.findall(r"\w[\w'’.-]*", one)) > MOST]


@pytest.mark.parametrize("page", [page for page in PAGES if page.name not in EXCEPT], ids=lambda page: page.stem)
def test_no_sentence_of_a_page_is_longer_than_one_reads_at_once(page: Path) -> None:
    assert too_long(page.read_text(encoding="utf-8")) == []


def docstrings(module: str) -> Iterator[str]:
    """The docstrings of a module, without what is set as a table or a list of names."""
    for node in ast.walk(ast.parse(module)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            text = ast.get_docstring(node) or ""
            yield "\n".join(line for line in text.splitlines() if not re.search(r"\S {2,}\S", line))


def test_no_sentence_of_a_docstring_is_longer_than_one_reads_at_once() -> None:
    found = {
        str(path.relative_to(CHECKOUT)): long
        for path in sorted((CHECKOUT / "messaging_assets").rglob("*.py"))
        if path.name not in {"program.py", "discover.py"}  # examples of commands, which are no sentences
        and (long := [one for text in docstrings(path.read_text("utf-8")) for one in too_long(text)])
    }
    assert found == {}


def test_a_long_docstring_is_found() -> None:
    long = "word " * 26
    [text] = [one for one in docstrings(f'def f():\n    """Short.\n\n    {long}\n    """\n') if one]
    assert len(too_long(text)) == 1


def test_a_long_sentence_is_found_and_a_table_a_list_or_code_is_none() -> None:
    long = "word " * 26
    assert len(too_long(f"# A title\n{long}.\n\n- {long}\n- short\n")) == 2
    assert too_long(f"| {long} | a cell |\n|---|---|\n\n```text\n{long}\n```\n\n`{long}`\n\n# {long}\n") == []
    assert too_long(f"{'word ' * 20}: {'word ' * 20}. [{'x ' * 5}](https://a.invalid/{'b' * 99})") == []
