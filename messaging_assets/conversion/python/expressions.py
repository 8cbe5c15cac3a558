"""Expressions of a Python file -> values, as far as its text tells them."""

from __future__ import annotations

import ast
import builtins
import operator
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from messaging_assets.conversion.python.known_calls import (
    CLASSES,
    DICTIONARIES,
    looked_up,
    method,
    moment,
    plain_call,
)
from messaging_assets.conversion.python.values import (
    MOST,
    Code,
    NotKnown,
    ReadDict,
    ReadList,
    Values,
    as_text,
    is_known,
    is_text,
    joined,
)
from messaging_assets.conversion.texts import Hole, quoted
from messaging_assets.description.ways.secret_signs import names_secret

_OPERATORS: Mapping[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.FloorDiv: operator.floordiv,
    ast.Div: operator.truediv, ast.Mod: operator.mod,
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge, ast.In: lambda one, several: one in several, ast.Is: operator.is_,
    ast.NotIn: lambda one, several: one not in several, ast.IsNot: operator.is_not,
}  # fmt: skip
_WRONG = (NotKnown, ArithmeticError, LookupError, TypeError, ValueError, AttributeError)


def read(values: Values, node: ast.AST) -> Any:
    """What an expression stands for, with holes for what only running tells."""
    try:
        found = _WAYS[type(node)](values, node)
    except _WRONG:
        text = ast.unparse(node)
        return moment(text) or looked_up(node) or [Hole("unknown", quoted(text))]
    if isinstance(found, (ReadDict, ReadList)) and not isinstance(node, (ast.Name, ast.Subscript, ast.Attribute)):
        # What was made of something in doubt is in doubt.
        found.doubts += [told for told in values.doubts(node) if told not in found.doubts]
    return found


def put(values: Values, made: ReadDict, key: ast.expr | None, one: ast.expr) -> None:
    """Put a value into a dictionary; without a key all that another one has."""
    value = values.value(one)
    if key is None and isinstance(value, dict):
        made.update(value)
    elif key is not None and isinstance(name := values.value(key), (str, int)):
        made[name] = _settled(value, one)
    else:
        unsure = one if key is None else key
        shown = f"what {quoted(ast.unparse(unsure))} stands for in line {unsure.lineno}"
        made.doubts.append(f"{shown} is not known without running the file, so it is left out; write it here")


def _settled(value: Any, node: ast.AST) -> Any:
    """A value as a config may have it."""
    return [Hole("unknown", quoted(ast.unparse(node)))] if isinstance(value, Code) else as_text(value)


def _dict(values: Values, node: ast.Dict) -> ReadDict:
    made = ReadDict(node.lineno)
    for key, one in zip(node.keys, node.values, strict=True):
        put(values, made, key, one)
    return made


def _list(values: Values, node: ast.List | ast.Tuple | ast.Set) -> ReadList:
    made = ReadList()
    for one in node.elts:
        inner = one.value if isinstance(one, ast.Starred) else one
        value = values.value(inner)
        is_more = isinstance(one, ast.Starred) and isinstance(value, list) and not is_text(value)
        made += value if is_more else [_settled(value, inner)]
    return made


def _name(values: Values, node: ast.Name) -> Any:
    if node.id in values.names:
        found = values.names[node.id]
        if isinstance(found, Code) and not found.constants:
            raise NotKnown
        return found
    if node.id in ("max", "min"):
        return node.id
    if hasattr(builtins, node.id):
        raise NotKnown
    return [Hole("secret" if names_secret(node.id) else "setting", node.id.lower())]


def _format(values: Values, node: ast.FormattedValue) -> Any:
    if node.conversion not in (-1, ord("s")):
        raise NotKnown
    if node.format_spec is not None:
        return format(values.known(node.value), values.known(node.format_spec))
    return values.value(node.value)


def _binary(values: Values, node: ast.BinOp) -> Any:
    left, right = values.value(node.left), values.value(node.right)
    if isinstance(node.op, ast.Add) and isinstance(left, ReadList) and isinstance(right, ReadList):
        return ReadList([*left, *right])
    if isinstance(node.op, ast.BitOr) and isinstance(left, ReadDict) and isinstance(right, dict):
        return ReadDict(left.line, {**left, **right})
    if isinstance(node.op, ast.Add) and (is_text(left) or is_text(right)) and not moment(ast.unparse(node)):
        return joined(left, right)
    if isinstance(node.op, ast.Mod) and isinstance(left, str):
        return left % (tuple(values.known(node.right)) if isinstance(right, list) else values.known(node.right))
    return _OPERATORS[type(node.op)](values.known(node.left), values.known(node.right))


def _unary(values: Values, node: ast.UnaryOp) -> Any:
    value = values.known(node.operand)
    return not value if isinstance(node.op, ast.Not) else -value if isinstance(node.op, ast.USub) else +value


def _compare(values: Values, node: ast.Compare) -> Any:
    [compared], [other] = node.ops, node.comparators
    return _OPERATORS[type(compared)](values.known(node.left), values.known(other))


def _bool(values: Values, node: ast.BoolOp) -> Any:
    value: Any = None
    for one in node.values:
        value = values.known(one)
        if bool(value) is isinstance(node.op, ast.Or):
            break
    return value


def _if(values: Values, node: ast.IfExp) -> Any:
    try:
        return values.value(node.body if values.known(node.test) else node.orelse)
    except NotKnown:
        names = {one.id for one in ast.walk(node.body) if isinstance(one, ast.Name)}
        is_nothing = isinstance(node.orelse, ast.Constant) and not node.orelse.value
        if not (is_nothing and isinstance(node.test, ast.Name) and node.test.id in names):
            raise
        # A way that a token switches on, `{..., token} if token else None`.
        return values.value(node.body)


def _subscript(values: Values, node: ast.Subscript) -> Any:
    holder = values.value(node.value)
    if not isinstance(holder, (ReadDict, ReadList)):
        raise NotKnown
    return holder[values.known(node.slice)]


def _attribute(values: Values, node: ast.Attribute) -> Any:
    holder = values.value(node.value)
    if not isinstance(holder, Code):
        raise NotKnown
    return holder.constants[node.attr]


def _several(values: Values, node: ast.ListComp | ast.GeneratorExp | ast.SetComp) -> ReadList:
    rounds = islice(_rounds(values, node.generators), MOST)
    return ReadList(_settled(values.value(node.elt), node.elt) for _ in rounds)


def _several_by_name(values: Values, node: ast.DictComp) -> ReadDict:
    made = ReadDict(node.lineno)
    for _ in islice(_rounds(values, node.generators), MOST):
        put(values, made, node.key, node.value)
    return made


def _rounds(values: Values, generators: list[ast.comprehension]) -> Iterator[None]:
    """The rounds of a comprehension; in each one its names stand for what they are then."""
    if not generators:
        yield None
        return
    before = dict(values.names)
    first, rest = generators[0], generators[1:]
    for one in values.elements(first.iter):
        values.bind(first.target, one)
        if all(values.known(test) for test in first.ifs):
            yield from _rounds(values, rest)
    values.names.clear()
    values.names.update(before)


def _call(values: Values, node: ast.Call) -> Any:
    name = called(node.func)
    if name.lower() in CLASSES:
        kind, words = CLASSES[name.lower()]
        given = {word: as_text(values.value(one)) for word, one in zip(words, node.args, strict=False)}
        return _keywords(values, node, {"type": kind, **given})
    if name in DICTIONARIES and not node.args:
        return _keywords(values, node, {})
    if name == "cast" and len(node.args) == 2:
        return values.value(node.args[1])
    code = values.names.get(name) if isinstance(node.func, ast.Name) else None
    if isinstance(code, Code) and code.function is not None:
        return values.returned(code.function, node, values)
    if isinstance(code, Code) and code.constants:
        return code
    return _as_read(_called_plainly(values, node, name), node)


def _called_plainly(values: Values, node: ast.Call, name: str) -> Any:
    if isinstance(node.func, ast.Attribute) and name == "join":
        between, parts = values.known(node.func.value), values.elements(node.args[0])
        return joined(*[text for one in parts for text in (between, one)][1:])
    arguments = [values.known(one) for one in node.args]
    words = {str(one.arg): values.known(one.value) for one in node.keywords}
    if isinstance(node.func, ast.Attribute):
        holder = values.value(node.func.value)
        if isinstance(holder, dict) or (not isinstance(holder, list) and is_known(holder)):
            return method(holder, name, arguments, words)
    return plain_call(name, arguments, words)


def _as_read(value: Any, node: ast.Call) -> Any:
    if isinstance(value, dict):
        return value if isinstance(value, ReadDict) else ReadDict(node.lineno, value)
    if isinstance(value, list) and not is_text(value):
        return ReadList(_as_read(one, node) for one in value)
    return value


def _keywords(values: Values, node: ast.Call, given: Mapping[str, Any]) -> ReadDict:
    made = ReadDict(node.lineno, given)
    for one in node.keywords:
        put(values, made, ast.Constant(one.arg) if one.arg else None, one.value)
    return made


def called(node: ast.AST) -> str:
    """The name of a function that is called."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


_WAYS: Mapping[type[ast.AST], Callable[[Values, Any], Any]] = {
    ast.Constant: lambda values, node: node.value,
    ast.Dict: _dict,
    ast.List: _list,
    ast.Tuple: _list,
    ast.Set: _list,
    ast.Name: _name,
    ast.JoinedStr: lambda values, node: joined(*map(values.value, node.values)),
    ast.FormattedValue: _format,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.Compare: _compare,
    ast.BoolOp: _bool,
    ast.IfExp: _if,
    ast.Subscript: _subscript,
    ast.Attribute: _attribute,
    ast.ListComp: _several,
    ast.GeneratorExp: _several,
    ast.SetComp: _several,
    ast.DictComp: _several_by_name,
    ast.Call: _call,
}
