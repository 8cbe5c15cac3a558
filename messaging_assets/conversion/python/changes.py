"""What a Python file changes in place: where only a run would tell how, the dictionary is in doubt."""

from __future__ import annotations

import ast

from messaging_assets.conversion.python.values import ReadDict, ReadList, Values

# Methods by which a list or a dictionary becomes another.
CHANGING = frozenset({*dir(list), *dir(dict)}) - {
    "copy",
    "count",
    "index",
    "get",
    "items",
    "keys",
    "values",
    "fromkeys",
}


def doubt_changes(values: Values, node: ast.AST, but: ast.AST | None = None) -> None:
    """Tell of whatever a statement or an expression may change that only a run would tell.

    Args:
        values: what its names stand for.
        node: the statement, or an expression such as `resources.pop()`.
        but: a part of it that is followed.
    """
    for one in ast.walk(node):
        for target in _changed_by(one) if one is not but else ():
            holder, line = values.value(target), target.lineno
            if isinstance(holder, (ReadDict, ReadList)):
                told = f"the dictionary is changed later, which is not read; see line {line}"
                holder.doubts.append(f"{told}, and write here what that adds")


def _changed_by(node: ast.AST) -> list[ast.expr]:
    """The expressions whose value is changed in place, such as `config["resources"].append(...)`."""
    match node:
        case ast.Assign() | ast.Delete():
            return [one.value for one in node.targets if isinstance(one, ast.Subscript)]
        case ast.AugAssign():
            return [node.target]
        case ast.Call(func=ast.Attribute(value=holder, attr=name)) if name in CHANGING:
            return [holder]
    return []
