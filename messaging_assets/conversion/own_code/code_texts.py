"""Expressions of a class's code -> texts of a manifest, where they are simple enough to be the same."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from messaging_assets.conversion.own_code.classes import OwnClass, constant, name_of

# What leaves a text what it is: a setting filled in, bytes and back.
_SAME = frozenset({"create", "eval", "encode", "decode", "strip", "string"})
_MOST_STEPS = 30


class CodeTexts:
    """What expressions in a class are, as texts of the manifest.

    Args:
        own: the class.
        component: what the manifest has of it.
    """

    def __init__(self, own: OwnClass, component: Mapping[str, Any]) -> None:
        self._own, self._component = own, component

    def of(self, node: ast.AST | None, method: ast.FunctionDef, depth: int = 0) -> str | None:
        """The text of an expression; None where it may be anything else.

        Args:
            node: the expression.
            method: the function that it is in, whose own names count.
        """
        if node is None or depth > _MOST_STEPS:
            return None
        if (text := constant(node)) is not None:
            return text
        if isinstance(node, ast.JoinedStr):
            return self._joined(node.values, method, depth)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return self._joined([node.left, node.right], method, depth)
        if isinstance(node, ast.FormattedValue):
            return self.of(node.value, method, depth + 1) if node.conversion == -1 and not node.format_spec else None
        if path := setting_of(node):
            return "{{ config" + "".join(f"['{step}']" for step in path) + " }}"
        if isinstance(node, ast.Attribute) and name_of(node.value) == "self":
            return self._field(node.attr, depth)
        if isinstance(node, ast.Name):
            return self.of(assigned(method, node.id), method, depth + 1)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _SAME:
            is_made = node.func.attr == "create" and node.args
            return self.of(node.args[0] if is_made else node.func.value, method, depth + 1)
        return None

    def _joined(self, nodes: list[ast.expr], method: ast.FunctionDef, depth: int) -> str | None:
        texts = [self.of(one, method, depth + 1) for one in nodes]
        return None if None in texts else "".join(one for one in texts if one is not None)

    def _field(self, name: str, depth: int) -> str | None:
        """What `self.<name>` is: a field of the manifest, else what the class is made with."""
        if isinstance(self._component.get(name), str):
            return str(self._component[name])
        made = self._own.methods.get("__post_init__")
        value = assigned(made, name) if made else None
        return self.of(value, made, depth + 1) if made and value else self._own.constants.get(name)

    def basic(self, node: ast.AST | None, method: ast.FunctionDef) -> tuple[str, str] | None:
        """The two halves of `Basic ...` in a header; None where it is anything else."""
        if not (isinstance(node, ast.JoinedStr) and constant(node.values[0]) == "Basic " and len(node.values) == 2):
            return None
        coded = node.values[1].value if isinstance(node.values[1], ast.FormattedValue) else None
        while isinstance(coded, (ast.Name, ast.Call)) and name_of(coded) != "b64encode":
            if isinstance(coded, ast.Name):
                coded = assigned(method, coded.id)
            else:
                coded = coded.func.value if isinstance(coded.func, ast.Attribute) else None
        text = self.of(coded.args[0], method) if isinstance(coded, ast.Call) and coded.args else None
        halves = text.split("}}:") if text else []
        return (halves[0] + "}}", halves[1]) if len(halves) == 2 else None


def assigned(method: ast.FunctionDef, name: str) -> ast.expr | None:
    """What a name, or an attribute of `self`, is set to in a function; None where nothing or several things are."""
    found = [
        one.value
        for one in ast.walk(method)
        if isinstance(one, ast.Assign) and len(one.targets) == 1 and name_of(one.targets[0]) == name
    ]
    return found[0] if len(found) == 1 else None


def setting_of(node: ast.AST | None) -> tuple[str, ...]:
    """The path of a setting that an expression takes, `self.config["a"].get("b")`; empty where it takes none."""
    if isinstance(node, ast.Subscript):
        base, step = node.value, constant(node.slice)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get" and node.args:
        base, step = node.func.value, constant(node.args[0])
    else:
        return ()
    if step is None:
        return ()
    is_of_self = isinstance(base, ast.Attribute) and name_of(base.value) == "self"
    if (is_of_self or isinstance(base, ast.Name)) and name_of(base) in ("config", "_config"):
        return (step,)
    above = setting_of(base)
    return (*above, step) if above else ()
