"""What statements of a Python file change in place: where only a run would tell how, the dictionary is in doubt."""

from __future__ import annotations

import ast
from typing import cast

from messaging_assets.conversion.python.values import ReadDict, ReadList, Values

# Methods by which a list or a dictionary becomes another.
CHANGING = frozenset(
    ("append", "extend", "insert", "update", "setdefault", "pop", "popitem", "remove", "clear", "reverse", "sort")
)


def doubt_changes(values: Values, node: ast.stmt) -> None:
    """Tell of whatever a statement may change that only a run would tell."""
    for one in ast.walk(node):
        _doubt_holders(values, _targets(one), getattr(one, "lineno", 0))


def _doubt_holders(values: Values, targets: list[ast.expr], line: int) -> None:
    for target in targets:
        holder = values.value(target)
        if isinstance(holder, (ReadDict, ReadList)):
            told = f"the dictionary is changed later, which is not read; see line {line}"
            holder.doubts.append(f"{told}, and write here what that adds")


def doubt_changes_within(values: Values, node: ast.stmt) -> None:
    """Tell of what an expression changes within a statement, such as `first = resources.pop()`."""
    if not isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr, ast.Return)) or node.value is None:
        return
    for one in ast.walk(node.value):
        if one is not node.value or not isinstance(node, ast.Expr):
            _doubt_holders(values, _changed_by(one), node.lineno)


def _targets(node: ast.AST) -> list[ast.expr]:
    """The expressions whose value a statement changes in place, such as `config["resources"].append(...)`."""
    if isinstance(node, (ast.Assign, ast.Delete)):
        return [one.value for one in node.targets if isinstance(one, ast.Subscript)]
    return [node.target] if isinstance(node, ast.AugAssign) else _changed_by(node)


def _changed_by(node: ast.AST) -> list[ast.expr]:
    """What a call changes in place."""
    is_method = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CHANGING
    return [cast(ast.Attribute, cast(ast.Call, node).func).value] if is_method else []
