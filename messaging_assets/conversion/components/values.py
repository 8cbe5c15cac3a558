"""What an expression takes, where it is simple enough to say without code.

That is names with steps behind them, `get`, filters that change nothing, a default behind `or`, a choice by a setting.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from messaging_assets.conversion.components.durations import Duration, seconds_of

# Filters that leave a text, a number or a moment what it is.
_SAME = frozenset({"string", "int", "float", "urlencode", "trim", "list"})
_DATES = frozenset({"format_datetime", "str_to_datetime", "timestamp"})


@dataclass(frozen=True)
class Ref:
    """A value that an expression takes.

    Args:
        root: where it is: `config`, `response`, `record`, `stream_partition`, `now`, ...
        path: the steps from there.
        default: what is taken where nothing is there.
        format: how a moment is written, where the expression says it.
        added: a number that is added to it.
        cut: the whole expression, where only a part of it is taken, as by `split`.
        days: of `now`, how many days after it.
        is_lower: whether it is written in small letters.
        other: what else is taken where nothing is there.
        choice: a value of a setting (true: any), the pieces that it chooses, and those for any other.
    """

    root: str
    path: tuple[str | int, ...] = ()
    default: Any = None
    format: str | None = None
    added: int = 0
    cut: str = ""
    days: int = 0
    is_lower: bool = False
    other: Ref | None = None
    choice: tuple[Any, list[Any], list[Any]] | None = None

    @property
    def is_cut(self) -> bool:
        """Whether only a part of it is taken."""
        return bool(self.cut)

    @property
    def is_plain(self) -> bool:
        """Whether the value itself is taken, or its default."""
        return not (self.cut or self.added or self.format or self.is_lower or self.other)

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
        return replace(base, path=(*base.path, step)) if is_step and not base.is_cut else _cut(base, node)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(value_of(node.operand), int):
        return -value_of(node.operand)
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
        first, *others = map(value_of, node.values)
        second = others[0] if len(others) == 1 else value_of(ast.BoolOp(node.op, node.values[1:]))
        return _or(first, second)
    if isinstance(node, ast.IfExp):
        return _if(node)
    if isinstance(node, ast.BinOp):
        return _operation(node)
    return _call(node) if isinstance(node, ast.Call) else Unknown("")


def _or(first: Any, second: Any) -> Any:
    if not isinstance(first, Ref) or isinstance(second, Unknown):
        return Unknown("")
    if _is_setting(first) and isinstance(second, Ref) and second.root == "now":
        return replace(first, default=second)
    return replace(first, other=second) if isinstance(second, Ref) else replace(first, default=second)


def _if(node: ast.IfExp) -> Any:
    """`a if b else c`: by the value of a setting, else `a or c`, else what is there when a range or parent is asked."""
    first, second = value_of(node.body), value_of(node.orelse)
    if _is_later(node.test, first, second):
        return replace(second, default=first.name)
    if _is_no_later_than_now(node.test, first, second):
        return first
    subject, wanted, is_true = tested(node.test)
    first, second = (first, second) if is_true else (second, first)
    if not isinstance(subject, Ref):
        return Unknown("")
    if isinstance(first, Ref) and _holds(subject, first) and wanted is True:
        # A range or a parent is always there when it is asked for.
        if second in ("", None) or (subject.root in ("stream_interval", "stream_slice") and not subject.path):
            return first
        # What is there may be null, where only that is looked at.
        is_other = isinstance(second, Ref) and second.root == "record" and isinstance(node.test, ast.Compare)
        is_value = subject.path == first.path and not is_other
        return _or(first, second) if is_value else Unknown("")
    if subject.root == "config" and subject.path:
        both = [_pieces(first), _pieces(second)]
        return Unknown("") if None in both else replace(subject, choice=(wanted, both[0] or [], both[1] or []))
    is_asked = subject.root.startswith("stream_") and wanted is True and subject.root != "stream_state"
    is_next = subject.root == "next_page_token" and isinstance(first, Ref)
    return first if is_asked or is_next else Unknown("")


def _is_later(test: ast.expr, first: Any, second: Any) -> bool:
    """Whether a setting is taken where it is later than so many days ago, and else those days."""
    compared = test.values[-1] if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else test
    if not isinstance(compared, ast.Compare) or not isinstance(compared.ops[0], (ast.Gt, ast.GtE)):
        return False
    is_days = isinstance(second, Ref) and second.root == "now" and second.days < 0 and _is_setting(first)
    return is_days and [value_of(compared.left), value_of(compared.comparators[0])] == [first, second]


def _is_no_later_than_now(test: ast.expr, first: Any, second: Any) -> bool:
    """Whether a moment is taken where it is earlier than the moment of asking, which marks are here anyway."""
    if not isinstance(test, ast.Compare) or not isinstance(test.ops[0], (ast.Lt, ast.LtE)):
        return False
    is_now = isinstance(second, Ref) and second.root == "now" and not second.days
    return is_now and [value_of(test.left), value_of(test.comparators[0])] == [first, second]


def _holds(above: Ref, below: Ref) -> bool:
    """Whether one thing is another, or holds it."""
    return above.root == below.root and below.path[: len(above.path)] == above.path


def tested(test: ast.expr) -> tuple[Any, Any, bool]:
    """What a condition looks at, which value of it is meant (true: any), and whether it holds for that."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        subject, wanted, is_true = tested(test.operand)
        return subject, wanted, not is_true
    if not isinstance(test, ast.Compare) or len(test.ops) != 1:
        return value_of(test), True, True
    operator, right = test.ops[0], test.comparators[0]
    is_true = isinstance(operator, (ast.Eq, ast.Is, ast.In))
    left, value = value_of(test.left), value_of(right)
    if isinstance(operator, (ast.In, ast.NotIn)):
        is_key = isinstance(left, str) and isinstance(value, Ref)
        return (replace(value, path=(*value.path, left)), True, is_true) if is_key else (None, None, True)
    if isinstance(right, ast.Name) and right.id in ("defined", "undefined"):
        return left, True, is_true == (right.id == "defined")
    if value in (None, "") and isinstance(operator, (ast.Is, ast.IsNot, ast.Eq, ast.NotEq)):
        return left, True, not is_true
    is_equal = isinstance(operator, (ast.Eq, ast.NotEq)) and isinstance(value, (str, int, float))
    return (left, value, is_true) if is_equal else (None, None, True)


def _pieces(value: Any) -> list[Any] | None:
    """A value as pieces of a text; None where it is not known."""
    several = value if isinstance(value, list) else [value]
    found = ["" if one is None else one for one in several]
    return found if all(isinstance(one, (str, int, Ref)) for one in found) else None


def _operation(node: ast.BinOp) -> Any:
    left = value_of(node.left)
    if isinstance(node.op, ast.BitOr):
        name = node.right.id if isinstance(node.right, ast.Name) else ""
        called = getattr(node.right.func, "id", "") if isinstance(node.right, ast.Call) else ""
        argument = value_of(node.right.args[0]) if isinstance(node.right, ast.Call) and node.right.args else None
        if called == "default":
            return _or(left, argument)
        if called == "join" and isinstance(node.left, ast.List):
            return _joined([value_of(one) for one in node.left.elts], argument)
        if name == "lower" and isinstance(left, Ref):
            return replace(left, is_lower=True)
        return left if name in _SAME else Unknown("")
    right = value_of(node.right)
    if isinstance(node.op, ast.Sub) and isinstance(left, Ref) and left.root == "now" and isinstance(right, Duration):
        return replace(left, days=left.days - right.days)
    if isinstance(node.op, ast.Mult) and isinstance(left, Ref) and (left.format, right) == ("%s", 1000):
        return replace(left, format="%ms")
    if isinstance(node.op, ast.Add):
        if isinstance(left, Ref) and type(right) is int:
            return replace(left, added=left.added + right)
        sides = [*(left if isinstance(left, list) else [left]), *(right if isinstance(right, list) else [right])]
        if (moment := _with_colon(sides)) is not None:
            return moment
        # Two fields alone may be numbers, of which the sum is meant.
        are_texts = all(isinstance(one, (str, Ref)) for one in sides)
        return sides if are_texts and any(getattr(one, "root", "") != "record" for one in sides) else Unknown("")
    return Unknown("")


def _with_colon(sides: list[Any]) -> Ref | None:
    """A moment whose zone gets its colon, `x[:-2] + ':' + x[-2:]`; of two moments the first, as both have one zone."""
    match sides:
        case [Ref() as first, ":", Ref() as last] if first.cut.endswith("[:-2]") and last.cut.endswith("[-2:]"):
            return replace(first, cut="", format="%:z") if first.root == last.root else None
    return None


def _joined(values: list[Any], between: Any) -> Any:
    """Several values as one text, as `join` makes it."""
    if not values or not isinstance(between, str) or not all(isinstance(one, (str, Ref)) for one in values):
        return Unknown("")
    return [piece for one in values for piece in (between, one)][1:]


def _call(node: ast.Call) -> Any:
    arguments = [value_of(one) for one in node.args]
    words = {one.arg: value_of(one.value) for one in node.keywords}
    if isinstance(node.func, ast.Attribute):
        base = value_of(node.func.value)
        if node.func.attr == "join" and base == "," and arguments and _is_setting(arguments[0]):
            # A list of a setting is given as such a text.
            return arguments[0]
        if node.func.attr == "join" and arguments and isinstance(arguments[0], Ref) and arguments[0].root == "now":
            # A moment in parts, with another text between them; how it is sent, its format says.
            return replace(arguments[0], cut="")
        if not isinstance(base, Ref):
            return Unknown("")
        if node.func.attr == "get" and arguments and isinstance(arguments[0], (str, int)):
            default = arguments[1] if len(arguments) > 1 and isinstance(arguments[1], (str, int, float)) else None
            return replace(base, path=(*base.path, arguments[0]), default=default)
        if node.func.attr == "strftime" and arguments:
            return replace(base, format=arguments[0])
        if node.func.attr == "timestamp" and isinstance(base, Ref) and base.root == "now":
            return replace(base, format="%s")
        return base if node.func.attr in ("isoformat", "strip", "rstrip", "json") else _cut(base, node)
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name in _DATES and arguments and isinstance(arguments[0], Ref):
        format_ = "%s" if name == "timestamp" else (arguments[1] if len(arguments) > 1 else words.get("format"))
        return replace(arguments[0], format=format_ if isinstance(format_, str) else arguments[0].format)
    return _moment(name, arguments, words)


def _moment(name: str, arguments: list[Any], words: Mapping[str | None, Any]) -> Any:
    """What a function makes of the time of asking."""
    if name in ("now_utc", "today_utc"):
        return Ref("now", format="%Y-%m-%d" if name == "today_utc" else None)
    if name == "max" and len(arguments) == 2:
        # Of a setting and so many days ago: no further back than the days.
        moments = [one for one in arguments if isinstance(one, Ref) and one.root == "now" and one.days < 0]
        others = [one for one in arguments if isinstance(one, Ref) and one.root == "config"]
        return replace(moments[0], default=others[0].name) if moments and others else Unknown("")
    if name == "duration" and arguments and (seconds := seconds_of(arguments[0], is_longest=True)):
        return Duration(math.ceil(seconds / 86_400))
    if name == "day_delta" and arguments and isinstance(arguments[0], int):
        written = words.get("format", arguments[1] if len(arguments) > 1 else "%Y-%m-%dT%H:%M:%S.%f%z")
        return Ref("now", days=arguments[0], format=written)
    return Unknown("")


def _is_setting(value: Any) -> bool:
    return isinstance(value, Ref) and value.root == "config"


def _cut(base: Any, node: ast.AST) -> Any:
    return replace(base, cut=ast.unparse(node)) if isinstance(base, Ref) else Unknown("")
