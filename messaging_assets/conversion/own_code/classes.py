"""The classes of a connector's own code, as its files beside the manifest have them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from messaging_assets.foundation.regular_files import read_regular

_LARGEST = 1_000_000
_MOST_BASES = 5


@dataclass
class OwnClass:
    """A class, with what it inherits of others in its file.

    Args:
        name: the class's name.
        base: what it is made of that is not the connector's own; empty where that is nothing, or several things.
        methods: its functions, inherited ones too.
        constants: texts that the class itself has, by name.
    """

    name: str
    base: str
    methods: dict[str, ast.FunctionDef] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)


class OwnCode:
    """The code beside a manifest.

    Args:
        folder: of the manifest; None where there is none.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._read = cache(self._parsed)

    def find(self, class_name: str) -> OwnClass | None:
        """A class by its whole name, such as `source_chat.components.Tags`; None where its code is not there."""
        *steps, name = class_name.split(".")
        if self._folder is None or not steps or not all(one.isidentifier() for one in (*steps, name)):
            return None
        # The first name is that of the package, whose folder has the manifest.
        return self._found(self._folder.joinpath(*steps[1:]), name)

    def _found(self, place: Path, name: str, depth: int = 0) -> OwnClass | None:
        """A class of a module, or of one that the module has it from."""
        for file in (place.with_suffix(".py"), place / "__init__.py"):
            tree = self._read(file)
            if tree is None or depth > _MOST_BASES:
                continue
            if found := _class_in(tree, name):
                return found
            for one in tree.body:
                if isinstance(one, ast.ImportFrom) and name in [alias.name for alias in one.names] and one.level == 1:
                    return self._found(file.parent.joinpath(*(one.module or "").split(".")), name, depth + 1)
        return None

    @staticmethod
    def _parsed(file: Path) -> ast.Module | None:
        try:
            return ast.parse(read_regular(file, _LARGEST))
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def _class_in(tree: ast.Module, name: str, depth: int = 0) -> OwnClass | None:
    classes = {one.name: one for one in tree.body if isinstance(one, ast.ClassDef)}
    node = classes.get(name)
    if node is None or depth > _MOST_BASES:
        return None
    bases = [name_of(one) for one in node.bases]
    above = _class_in(tree, bases[0], depth + 1) if len(bases) == 1 else None
    found = OwnClass(name, above.base if above else bases[0] if len(bases) == 1 else "")
    if above:
        found.methods |= above.methods
        found.constants |= above.constants
    for one in node.body:
        if isinstance(one, ast.FunctionDef):
            found.methods[one.name] = one
        elif isinstance(one, ast.Assign) and isinstance(one.value, ast.Constant) and isinstance(one.value.value, str):
            found.constants |= {name_of(target): one.value.value for target in one.targets}
    return found


def name_of(node: ast.AST | None) -> str:
    """The last name in an expression: `create` of `InterpolatedString.create`; empty where it has none."""
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def returned(method: ast.FunctionDef) -> list[ast.expr]:
    """What a function returns, in each of its ways."""
    found = [one.value for one in ast.walk(method) if isinstance(one, ast.Return) and one.value is not None]
    return [one for each in found for one in ([each.body, each.orelse] if isinstance(each, ast.IfExp) else [each])]


def is_of_base(node: ast.AST, method: str) -> bool:
    """Whether an expression calls the base's own method."""
    is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method
    return is_call and isinstance(node.func.value, ast.Call) and name_of(node.func.value) == "super"  # type: ignore[attr-defined]


def calls(method: ast.AST, *names: str) -> Iterator[ast.Call]:
    """The calls of functions with these names."""
    for one in ast.walk(method):
        if isinstance(one, ast.Call) and name_of(one) in names:
            yield one


def constant(node: ast.AST | None) -> str | None:
    """A text that stands in the code; None for anything else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
