"""Expressions between double braces -> what they take, where they are simple enough to say without code.

Most are expressions of Python too, whose parser reads them: names with steps behind them, `get`, filters that change
nothing, a default behind `or`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, cast

from messaging_assets.conversion.texts import quoted

_EXPRESSION = re.compile(r"\{\{-?(.*?)-?\}\}", re.DOTALL)
_SETTING = re.compile(r"\bconfig(?:\.get\(|\[)\s*['\"]([A-Za-z_][\w.-]*)['\"]")
_OF_REQUESTS = re.compile(r"\b(response|record|headers|stream_\w+|next_page_token|parameters|creation_response)\b")
# Filters that leave a text, a number or a moment what it is.
_SAME = frozenset({"string", "int", "float", "urlencode", "trim", "list"})
_DATES = frozenset({"format_datetime", "str_to_datetime", "timestamp"})
_PARAMETERS = frozenset({"parameters", "options"})


@dataclass(frozen=True)
class Ref:
    """A value that an expression takes.

    Args:
        root: where it is: `config`, `response`, `record`, `stream_partition`, `now`, ...
        path: the steps from there.
        default: what is taken where nothing is there.
        format: how a moment is written, where the expression says it.
        added: a number that is added to it.
        is_cut: whether only a part of it is taken, as by `split`.
        days: of `now`, how many days after it.
        choice: a value of a setting, the text that it chooses, and that for any other.
    """

    root: str
    path: tuple[str | int, ...] = ()
    default: Any = None
    format: str | None = None
    added: int = 0
    is_cut: bool = False
    days: int = 0
    choice: tuple[Any, str, str] | None = None

    @property
    def name(self) -> str:
        """Its steps with dots between them."""
        return ".".join(map(str, self.path))

    @property
    def last(self) -> str:
        """Its last step."""
        return str(self.path[-1]) if self.path else ""


@dataclass(frozen=True)
class Unknown:
    """An expression that is too much for an API file."""

    words: str


Piece: TypeAlias = "str | Ref | Unknown"


def pieces_of(text: str, parameters: Mapping[str, Any], depth: int = 0) -> list[Piece]:
    """A text in pieces; those that stand as they are joined.

    Args:
        text: as the manifest has it.
        parameters: what `parameters` is here.
    """
    if "{%" in text or depth > 5:
        return [Unknown(_short(text))]
    pieces: list[Piece] = []
    end = 0
    for found in _EXPRESSION.finditer(text):
        pieces.append(text[end : found.start()])
        pieces += _evaluated(found[1], parameters, depth)
        end = found.end()
    pieces.append(text[end:])
    joined: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and joined and isinstance(joined[-1], str):
            joined[-1] += piece
        elif piece != "" or not joined:
            joined.append(piece)
    return joined[1:] if len(joined) > 1 and joined[0] == "" else joined


def settings_alone(text: Any) -> list[str]:
    """The settings of a text that is a program, and takes nothing but settings; none for any other text."""
    if not isinstance(text, str) or "{%" not in text or _OF_REQUESTS.search(text):
        return []
    return sorted({one[1] for one in _SETTING.finditer(text)})


def single(text: Any, parameters: Mapping[str, Any]) -> Any:
    """What a text is that is one expression: a reference, a literal value, or something unknown."""
    if not isinstance(text, str):
        return text
    stripped = text.strip()
    found = _EXPRESSION.fullmatch(stripped)
    if found and stripped.count("{{") == 1:
        return _value(found[1], parameters)
    pieces = pieces_of(text, parameters)
    return pieces[0] if len(pieces) == 1 else Unknown(_short(text))


def condition(text: Any, parameters: Mapping[str, Any]) -> ast.expr | None:
    """A condition as a tree; None where Python cannot read it."""
    found = _EXPRESSION.fullmatch(str(text).strip())
    return tree(found[1] if found else str(text), parameters)


def tree(expression: str, parameters: Mapping[str, Any]) -> ast.expr | None:
    """An expression as a tree with its parameters filled in; None where Python cannot read it."""
    plain = expression.strip().replace(" ~ ", " + ")
    if " if " in plain and " else " not in plain:
        plain += " else ''"
    try:
        # In brackets, because an expression may take several lines.
        read = ast.parse(f"({plain})", mode="eval")
        return cast("ast.Expression", _Filling(parameters).visit(read)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


class _Filling(ast.NodeTransformer):
    """Puts the values of parameters in their places."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._parameters = parameters

    def visit(self, node: ast.AST) -> ast.AST:
        """See NodeTransformer."""
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
            # `parameters.path or parameters.name`: the first that is given.
            node.values = [cast("ast.expr", self.visit(one)) for one in node.values]
            first = next((one for one in node.values if not (isinstance(one, ast.Constant) and not one.value)), None)
            return first if isinstance(first, ast.Constant) else node
        found = value_of(node) if isinstance(node, (ast.Subscript, ast.Attribute, ast.Call)) else None
        if isinstance(found, Ref) and found.root in _PARAMETERS and found.path and not (found.added or found.is_cut):
            value = _parameter(found, self._parameters)
            return ast.Constant(value) if value is None or isinstance(value, (str, int, float)) else node
        return self.generic_visit(node)


def _evaluated(expression: str, parameters: Mapping[str, Any], depth: int) -> list[Piece]:
    value = _value(expression, parameters)
    if isinstance(value, str) and "{{" in value:
        return pieces_of(value, parameters, depth + 1)
    if isinstance(value, list):
        return value
    if isinstance(value, (Ref, Unknown)):
        return [value]
    return ["" if value is None else str(value).lower() if isinstance(value, bool) else str(value)]


def _value(expression: str, parameters: Mapping[str, Any]) -> Any:
    read = tree(expression, parameters)
    value = Unknown("") if read is None else value_of(read)
    if isinstance(value, Ref) and value.root in _PARAMETERS:
        return _parameter(value, parameters)
    return Unknown(_short(expression)) if isinstance(value, Unknown) else value


def _parameter(ref: Ref, parameters: Mapping[str, Any]) -> Any:
    """The value of a parameter, else the default of whoever takes it."""
    found: Any = parameters
    for step in ref.path:
        found = found.get(step) if isinstance(found, Mapping) else None
    return ref.default if found is None else found


def value_of(node: ast.AST) -> Any:
    """What a tree takes: a reference, a literal value, a list of pieces for a joined text, or something unknown."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Dict) and not node.keys:
        # What stands for nothing, behind `or` and in `get`.
        return None
    if isinstance(node, ast.Name):
        literal = {"true": True, "false": False, "none": None, "null": None}
        return literal[node.id] if node.id in literal else Ref(node.id)
    if isinstance(node, (ast.Attribute, ast.Subscript)):
        base = value_of(node.value)
        step = node.attr if isinstance(node, ast.Attribute) else value_of(node.slice)
        is_step = isinstance(base, Ref) and isinstance(step, (str, int)) and not base.added
        return replace(base, path=(*base.path, step)) if is_step and not base.is_cut else _cut(base)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(value_of(node.operand), int):
        return -value_of(node.operand)
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
        return _or(value_of(node.values[0]), value_of(node.values[1]))
    if isinstance(node, ast.IfExp):
        return _chosen(node) or _if(value_of(node.body), value_of(node.orelse))
    if isinstance(node, ast.BinOp):
        return _operation(node)
    return _call(node) if isinstance(node, ast.Call) else Unknown("")


def _or(first: Any, second: Any) -> Any:
    if not isinstance(first, Ref) or isinstance(second, Unknown):
        return Unknown("")
    return first if isinstance(second, Ref) else replace(first, default=second)


def _if(first: Any, second: Any) -> Any:
    """`a if a else b`; what stands there when nothing is asked for is of no interest."""
    if isinstance(first, Ref):
        return first if second in ("", None) or isinstance(second, Ref) else _or(first, second)
    return second if first in ("", None) and isinstance(second, Ref) else Unknown("")


def _chosen(node: ast.IfExp) -> Ref | None:
    """One of two texts, by the value of a setting."""
    test, first, second = node.test, value_of(node.body), value_of(node.orelse)
    if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Eq) and len(test.ops) == 1:
        left, right = value_of(test.left), value_of(test.comparators[0])
    else:
        is_not = isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
        left, right = value_of(test.operand if isinstance(test, ast.UnaryOp) else test), not is_not
    is_choice = isinstance(left, Ref) and left.root == "config" and isinstance(first, str) and isinstance(second, str)
    return replace(left, choice=(right, first, second)) if is_choice else None


def _operation(node: ast.BinOp) -> Any:
    left = value_of(node.left)
    if isinstance(node.op, ast.BitOr):
        name = node.right.id if isinstance(node.right, ast.Name) else ""
        if isinstance(node.right, ast.Call) and getattr(node.right.func, "id", "") == "default" and node.right.args:
            return _or(left, value_of(node.right.args[0]))
        return left if name in _SAME else Unknown("")
    right = value_of(node.right)
    if isinstance(node.op, ast.Mult) and isinstance(left, Ref) and (left.format, right) == ("%s", 1000):
        return replace(left, format="%ms")
    if isinstance(node.op, ast.Add):
        if isinstance(left, Ref) and type(right) is int:
            return replace(left, added=left.added + right)
        sides = [*(left if isinstance(left, list) else [left]), *(right if isinstance(right, list) else [right])]
        return sides if all(isinstance(one, (str, Ref)) for one in sides) else Unknown("")
    return Unknown("")


def _call(node: ast.Call) -> Any:
    arguments = [value_of(one) for one in node.args]
    words = {one.arg: value_of(one.value) for one in node.keywords}
    if isinstance(node.func, ast.Attribute):
        base = value_of(node.func.value)
        if not isinstance(base, Ref):
            return Unknown("")
        if node.func.attr == "get" and arguments and isinstance(arguments[0], (str, int)):
            default = arguments[1] if len(arguments) > 1 and isinstance(arguments[1], (str, int, float)) else None
            return replace(base, path=(*base.path, arguments[0]), default=default)
        if node.func.attr == "strftime" and arguments:
            return replace(base, format=arguments[0])
        return base if node.func.attr in ("isoformat", "strip", "json") else _cut(base)
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name in ("now_utc", "today_utc"):
        return Ref("now")
    if name == "max" and len(arguments) == 2:
        # Of a setting and so many days ago: no further back than the days.
        moments = [one for one in arguments if isinstance(one, Ref) and one.root == "now" and one.days < 0]
        others = [one for one in arguments if isinstance(one, Ref) and one.root == "config"]
        return replace(moments[0], default=others[0].name) if moments and others else Unknown("")
    if name == "day_delta" and arguments and isinstance(arguments[0], int):
        return Ref("now", days=arguments[0], format=words.get("format", arguments[1] if len(arguments) > 1 else None))
    if name in _DATES and arguments and isinstance(arguments[0], Ref):
        format_ = "%s" if name == "timestamp" else (arguments[1] if len(arguments) > 1 else words.get("format"))
        return replace(arguments[0], format=format_ if isinstance(format_, str) else arguments[0].format)
    return Unknown("")


def _cut(base: Any) -> Any:
    return replace(base, is_cut=True) if isinstance(base, Ref) else Unknown("")


def _short(text: str) -> str:
    return f"'{quoted(text)}'"
