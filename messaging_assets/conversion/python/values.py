"""What a Python file calls things: names and their values, with holes for what only a run would tell."""

from __future__ import annotations

import ast
import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from messaging_assets.conversion.texts import Hole

MOST = 1000


class NotKnown(Exception):
    """Only a run would tell."""


class ReadDict(dict[Any, Any]):
    """A dictionary, with the line that it begins in and what is not sure of it."""

    def __init__(self, line: int, values: Mapping[Any, Any] | None = None) -> None:
        super().__init__(values or {})
        self.line, self.doubts = line, list[str]()


class ReadList(list[Any]):
    """A list, with what is not sure of it."""

    def __init__(self, values: Any = ()) -> None:
        super().__init__(values)
        self.doubts = list[str]()


class Code:
    """A function, a class or something imported, which is not run.

    Args:
        function: of the file itself, if it is one.
        constants: of a class of the file, by name.
    """

    def __init__(self, function: ast.FunctionDef | None = None, constants: Mapping[str, Any] | None = None) -> None:
        self.function, self.constants = function, constants or {}

    def __deepcopy__(self, _: Any) -> Code:
        return self


class Values:
    """The names of a scope, and how expressions of them are read.

    Args:
        names: what they stand for.
        read: reads an expression.
        returned: takes a function of the file and the arguments of a call, and says what it returns.
    """

    def __init__(
        self,
        names: dict[str, Any],
        read: Callable[[Values, ast.AST], Any],
        returned: Callable[[ast.FunctionDef, ast.Call, Values], Any],
    ) -> None:
        self.names, self._read, self.returned = names, read, returned
        # Names whose value a choice that only a run makes may have changed, and of which name they have it.
        self.several: dict[str, str] = {}

    def value(self, node: ast.AST) -> Any:
        """A value, with holes for what only running tells."""
        return self._read(self, node)

    def known(self, node: ast.AST) -> Any:
        """A value without a hole.

        Raises:
            NotKnown: only a run would tell.
        """
        value = self.value(node)
        if not is_known(value):
            raise NotKnown
        return value

    def doubts(self, node: ast.AST) -> list[str]:
        """What is not sure of the names in an expression: which value they have, and what is in that."""
        names = [one.id for one in ast.walk(node) if isinstance(one, ast.Name)]
        told = "is set more than once in the file, and the last was taken; is it right?"
        own = [f"{self.several[one]} {told}" for one in names if one in self.several]
        held = [one for one in map(self.names.get, names) if isinstance(one, (ReadDict, ReadList))]
        return [*own, *(doubt for one in held for doubt in one.doubts)]

    def elements(self, node: ast.expr) -> list[Any]:
        """What a loop goes over.

        Raises:
            NotKnown: only a run would tell.
        """
        over = self.value(node)
        several = list(over) if isinstance(over, dict) else over
        if not isinstance(several, list) or any(isinstance(one, Hole) for one in several) or len(several) > MOST:
            raise NotKnown
        return several

    def call_it(self, name: str, value: Any, node: ast.AST, is_perhaps: bool) -> None:
        """Let a name stand for the value of an expression, or perhaps for what it stood for already."""
        before = self.names.get(name, value)
        origins = [
            self.several[one.id] for one in ast.walk(node) if isinstance(one, ast.Name) and one.id in self.several
        ]
        self.names[name] = value
        self.several.pop(name, None)
        if is_perhaps and repr(before) != repr(value):
            self.several[name] = name
        elif origins:
            self.several[name] = origins[0]

    def bind(self, target: ast.expr, value: Any) -> None:
        """Let a name stand for a value, or several names for the values of a list.

        Raises:
            NotKnown: what the names stand for is not known.
        """
        if isinstance(target, ast.Name):
            self.names[target.id] = value
        elif isinstance(target, (ast.Tuple, ast.List)) and isinstance(value, list) and len(target.elts) == len(value):
            for one, part in zip(target.elts, value, strict=True):
                self.bind(one, part)
        else:
            raise NotKnown


def is_known(value: Any) -> bool:
    """Whether a value has no hole anywhere."""
    if isinstance(value, dict):
        return all(map(is_known, value.values()))
    return all(map(is_known, value)) if isinstance(value, list) else not isinstance(value, (Hole, Code))


def is_text(value: Any) -> bool:
    """Whether a value is a text with holes."""
    return isinstance(value, list) and any(isinstance(one, Hole) for one in value)


def as_text(value: Any) -> Any:
    """A moment as a text; any other value as it is."""
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, dt.date) else value


def joined(*values: Any) -> Any:
    """Values as one text, a plain one where nothing is open in them."""
    parts = [part for one in values for part in (one if is_text(one) else [str(as_text(one))])]
    return parts if any(isinstance(one, Hole) for one in parts) else "".join(parts)
