"""Texts with expressions between double braces -> pieces; most expressions are Python too, whose parser reads them."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any, TypeAlias, cast

from messaging_assets.conversion.components.values import Ref, Unknown, value_of
from messaging_assets.conversion.texts import quoted

_EXPRESSION = re.compile(r"\{\{-?(.*?)-?\}\}", re.DOTALL)
_SETTING = re.compile(r"\bconfig(?:\.get\(|\[)\s*['\"]([A-Za-z_][\w.-]*)['\"]")
_OF_REQUESTS = re.compile(r"\b(response|record|headers|stream_\w+|next_page_token|parameters|creation_response)\b")
_PARAMETERS = frozenset({"parameters", "options"})


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
    # Each second one is an expression.
    for place, part in enumerate(_EXPRESSION.split(text)):
        pieces += _evaluated(part, parameters, depth) if place % 2 else [part]
    joined: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and joined and isinstance(joined[-1], str):
            joined[-1] += piece
        elif piece != "" or not joined:
            joined.append(piece)
    return joined[1:] if len(joined) > 1 and joined[0] == "" else joined


def settings_alone(text: Any) -> list[str]:
    """The settings of a text that is a program, and takes nothing but settings; none for any other text."""
    return settings_of(text) if isinstance(text, str) and "{%" in text else []


def settings_of(text: Any) -> list[str]:
    """The settings of a text that takes nothing but settings; none for any other text."""
    if not isinstance(text, str) or _OF_REQUESTS.search(text):
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


def elements_of(text: Any, parameters: Mapping[str, Any]) -> list[str]:
    """The elements of an expression that is a list, each as a text; none for anything else."""
    node = condition(text, parameters) if isinstance(text, str) and _EXPRESSION.fullmatch(text.strip()) else None
    return [f"{{{{ {ast.unparse(one)} }}}}" for one in node.elts] if isinstance(node, ast.List) else []


def literal_of(pieces: list[Any]) -> Any:
    """A text with holes that is an object or a list as Python writes it: that, with the holes in it."""
    text = "".join(one if isinstance(one, str) else f"__hole_{place}__" for place, one in enumerate(pieces))
    try:
        read = ast.parse(text.strip(), mode="eval").body if text.strip()[:1] in ("{", "[") else None
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        read = None

    def value(node: ast.AST) -> Any:
        if isinstance(node, ast.Dict) and any("__hole_" in ast.unparse(one) for one in node.keys if one):
            raise ValueError
        if isinstance(node, ast.Dict) and all(isinstance(one, ast.Constant) for one in node.keys):
            return {
                str(ast.literal_eval(key)): value(one) for key, one in zip(node.keys, node.values, strict=True) if key
            }
        if isinstance(node, (ast.List, ast.Tuple)):
            return [value(one) for one in node.elts]
        is_hole = isinstance(node, ast.Name) and node.id.startswith("__hole_")
        written = node.id if is_hole and isinstance(node, ast.Name) else ast.literal_eval(node)
        if not isinstance(written, str) or "__hole_" not in written:
            return written
        parts = re.split(r"__hole_(\d+)__", written)
        every = [pieces[int(one)] if place % 2 else one for place, one in enumerate(parts)]
        return [one for one in every if one != ""]

    try:
        return pieces if read is None else value(read)
    except ValueError:
        return pieces


def tree(expression: str, parameters: Mapping[str, Any]) -> ast.expr | None:
    """An expression as a tree with its parameters filled in; None where Python cannot read it."""
    # What is put together by a tilde is text, whatever it was.
    plain = expression.strip().replace(" ~ ", " + '' + ")
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


def _short(text: str) -> str:
    return f"'{quoted(text)}'"
