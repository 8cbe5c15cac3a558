"""The table of cases and outcomes, made from the fault suite: `python -m messaging_assets_tests.faults.tested_cases`.

A test's name says what happens and what comes of it, so the names are the table; a name stays only as long as its
test passes.
"""

from __future__ import annotations

import ast
from pathlib import Path

SUITE = Path(__file__).parent
PAGE = SUITE.parent.parent / "docs" / "tested-cases.md"
_HEAD = """# The cases that are played

Each line is the name of a test of `messaging_assets_tests/faults/`, which plays the case over real sockets; most run
with many values. [What can go wrong, and what to do](reliability.md) is the page for readers. This one is made by
`python -m messaging_assets_tests.faults.tested_cases`.
"""


def page() -> str:
    """The whole page as Markdown."""
    parts = [_HEAD]
    for path in sorted(SUITE.glob("test_*.py")):
        module = ast.parse(path.read_text(encoding="utf-8"))
        heading, _, _ = (ast.get_docstring(module) or path.stem).partition("\n")
        tests = [node.name for node in module.body if isinstance(node, ast.FunctionDef) and node.name[:5] == "test_"]
        lines = "\n".join(f"- {_sentence(name)}" for name in tests)
        parts.append(f"## {heading}\n\n`{path.name}`\n\n{lines}\n")
    return "\n".join(parts)


def _sentence(name: str) -> str:
    words = name.removeprefix("test_").replace("_", " ")
    return f"{words[0].upper()}{words[1:]}."


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
