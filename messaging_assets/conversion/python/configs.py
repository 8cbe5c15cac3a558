"""A rest_api dictionary out of a Python file, read and never run.

Statements are followed in their order, as far as their text tells what they do. Lists may be filled later, as by
loops over known names. What only running the file would tell becomes a hole.
"""

from __future__ import annotations

import ast
from typing import Any

from messaging_assets.conversion.python.statements import Statements
from messaging_assets.conversion.python.values import ReadDict, ReadList

_READERS = ("rest_api_source", "rest_api_resources")
_WANTED = frozenset({"client", "resources"})


def config_in(text: str, name: str) -> tuple[dict[str, Any], list[str]]:
    """The config of a Python file, and a sentence on each other one in it.

    Args:
        text: the file's text.
        name: what to call it.

    Raises:
        ValueError: it holds none, or is no Python.
    """
    try:
        tree = ast.parse(text)
        found = _configs(tree)
    except (SyntaxError, ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise ValueError(f"{name} is no Python that can be read{f', line {line}' if line else ''}.") from None
    if not found:
        raise ValueError(f"{name} holds no dictionary with client and resources.")
    others = [f"the file has another config, in line {one.line}; give each a file of its own" for one in found[1:]]
    return found[0], [*_doubts(found[0]), *others]


def _configs(tree: ast.Module) -> list[ReadDict]:
    """The configs of a module and of its functions, each once; first those that dlt's readers get."""
    module = Statements(_READERS)
    module.run(tree.body)
    scopes = [module, *(module.inside(one) for one in ast.walk(tree) if isinstance(one, _FUNCTIONS))]
    passed = [one for scope in scopes for one in scope.passed]
    named = [one for scope in scopes for one in scope.made]
    distinct: dict[int, ReadDict] = {}
    for one in (*passed, *named):
        if isinstance(one, ReadDict) and one.keys() >= _WANTED and repr(one) not in map(repr, distinct.values()):
            distinct.setdefault(one.line, one)
    return list(distinct.values())


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def _doubts(value: Any) -> list[str]:
    """What is not sure of a value, and of whatever is in it."""
    told: dict[str, None] = {}
    waiting = [value]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, (ReadDict, ReadList)):
            told |= dict.fromkeys(one.doubts)
        waiting += one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
    return list(told)
