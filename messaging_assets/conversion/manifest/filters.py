"""Filters of a manifest -> the step `filter`."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from messaging_assets.conversion.components.expressions import condition
from messaging_assets.conversion.components.parts import Part
from messaging_assets.conversion.components.values import Ref, tested, value_of
from messaging_assets.conversion.manifest.cursors import is_mark, takes_look_back
from messaging_assets.conversion.manifest.scope import Scope
from messaging_assets.conversion.texts import only, quoted
from messaging_assets.foundation.json_paths import quoted_path

_OPERATORS = {ast.Eq: "==", ast.NotEq: "!=", ast.Gt: ">", ast.GtE: ">=", ast.Lt: "<", ast.LtE: "<="}
_STEPS = ("steps",)


def add_filter(scope: Scope, selector: Part | None, properties: Mapping[str, Any]) -> None:
    """Say which records are kept.

    Args:
        scope: of the stream.
        selector: which has the filter.
        properties: the fields of its records, by its schema.
    """
    part = selector.part("record_filter") if selector else None
    if part is None:
        return
    if part.is_custom:
        scope.draft.lose(f"its records are filtered by {part.shown}; more rows come than before", *_STEPS)
        return
    if part["condition"] in (None, ""):
        return
    read = condition(part["condition"], part.parameters)
    if (name := _only_where_given(read) or _of_setting(read)) and scope.settings.value(name) is None:
        told = f"records are kept by the setting '{name}' where it is given; without it all of them are"
        scope.draft.lose(told, *_STEPS, kind="setting")
        return
    several = read.values if isinstance(read, ast.BoolOp) and isinstance(read.op, ast.And) else [read]
    found = [_kept(scope, one, part, properties) for one in several]
    if None in found:
        words = quoted(part["condition"], 100)
        scope.draft.lose(f"its filter {words} is left out, so more rows come; write it as a step", *_STEPS)
        return
    if any(found):
        scope.draft.raw.setdefault("steps", []).extend({"filter": one} for one in found if one)


def _only_where_given(node: ast.expr | None) -> str | None:
    """The setting without which a filter keeps everything, `not config.get('x') or ...`; None where there is none."""
    values = node.values if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or) else []
    negated = [value_of(one.operand) for one in values if isinstance(one, ast.UnaryOp) and isinstance(one.op, ast.Not)]
    return next((one.name for one in negated if isinstance(one, Ref) and one.root == "config" and one.path), None)


def _of_setting(node: ast.expr | None) -> str | None:
    """The setting by which records are kept, where all of them are without it; None for anything else."""
    if not isinstance(node, ast.IfExp):
        return None
    subject, wanted, is_true = tested(node.test)
    otherwise = value_of(node.orelse if is_true else node.body)
    is_choice = isinstance(subject, Ref) and subject.root == "config" and subject.path and wanted is True
    return subject.name if is_choice and otherwise is True else None


def _kept(scope: Scope, node: ast.expr | None, part: Part, properties: Mapping[str, Any]) -> str | None:
    """What a part of a condition keeps, in our words; empty where the mark of incremental says it already."""
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
        values = [one for one in node.values if not (isinstance(one, ast.Constant) and not one.value)]
        either = [_kept(scope, one, part, properties) for one in values]
        return " || ".join(map(str, either)) if all(one and "&" not in one for one in either) else None
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        other, operator = node.comparators[0], node.ops[0]
        if isinstance(node.left, ast.Constant) and isinstance(operator, (ast.In, ast.NotIn)):
            return _has_key(node.left.value, other, isinstance(operator, ast.In), properties)
        if isinstance(operator, (ast.In, ast.NotIn)) and isinstance(other, (ast.List, ast.Tuple)) and other.elts:
            return _one_of(scope, node.left, other.elts, isinstance(operator, ast.In), part)
        is_named_none = isinstance(other, ast.Name) and other.id == "none"
        if is_named_none or (isinstance(other, ast.Constant) and other.value is None):
            return _is_there(node.left, isinstance(operator, (ast.IsNot, ast.NotEq)))
        return _comparison(scope, node, part)
    if isinstance(node, ast.Constant):
        # What always holds keeps everything.
        return "" if node.value else None
    return _holds(node, properties) if node is not None else None


def _has_key(key: Any, holder: ast.expr, is_wanted: bool, properties: Mapping[str, Any]) -> str | None:
    """An object that has a key, or has it not."""
    found = value_of(holder)
    if not isinstance(found, Ref) or found.root != "record" or not found.is_plain or found.default:
        return None
    is_object = not found.path or _types(found, properties) == {"object"}
    return f"{'' if is_wanted else '!'}@.{quoted_path(*found.path, str(key))}" if is_object else None


def _one_of(scope: Scope, left: ast.expr, values: list[ast.expr], is_in: bool, part: Part) -> str | None:
    """A field that has one of several values, or none of them."""
    operator = ast.Eq() if is_in else ast.NotEq()
    each = [_comparison(scope, ast.Compare(left, [operator], [one]), part) for one in values]
    return (" || " if is_in else " && ").join(map(str, each)) if all(each) else None


def _field(node: ast.AST) -> str | None:
    """The record's field that an expression is, as a filter has it."""
    found = value_of(node)
    is_field = isinstance(found, Ref) and found.root == "record" and found.path and found.is_plain
    return f"@.{quoted_path(*found.path)}" if is_field and not found.default else None


def _is_there(left: ast.expr, is_wanted: bool) -> str | None:
    """A field that is not null, or that is; one that is missing is null where `get` takes it, and else it is not."""
    field = _field(left)
    if field is None:
        return None
    if not isinstance(left, ast.Call):
        return f"{field} {'!=' if is_wanted else '=='} null"
    return f"{field} && {field} != null" if is_wanted else f"!{field} || {field} == null"


def _holds(node: ast.expr, properties: Mapping[str, Any]) -> str | None:
    """A field that is true, or a list that is not empty, where the schema says that it is one."""
    subject, wanted, is_true = tested(node)
    is_field = isinstance(subject, Ref) and subject.root == "record" and subject.path and subject.is_plain
    if not is_field or wanted is not True or subject.default:
        return None
    path, known = f"@.{quoted_path(*subject.path)}", _types(subject, properties)
    if known == {"boolean"}:
        return f"{path} {'==' if is_true else '!='} true"
    return (path if is_true else f"!{path}") + "[0]" if known == {"array"} else None


def _types(field: Ref, properties: Mapping[str, Any]) -> set[Any]:
    """The types that a schema gives a field, without null."""
    found: Any = {"properties": properties}
    for step in field.path:
        inside = found.get("properties") if isinstance(found, Mapping) else None
        found = inside.get(step) if isinstance(inside, Mapping) else None
    types = found.get("type") if isinstance(found, Mapping) else None
    return {*(types if isinstance(types, list) else [types])} - {"null", None}


def _comparison(scope: Scope, node: ast.expr | None, part: Part) -> str | None:
    """A comparison in our words; empty where the mark of incremental says it already."""
    if not isinstance(node, ast.Compare) or len(node.ops) != 1:
        return None
    left, right = value_of(node.left), value_of(node.comparators[0])
    if is_mark(scope, left, node):
        return "" if takes_look_back(scope, node.comparators[0]) else None
    if not isinstance(left, Ref) or left.root != "record" or not left.path or not left.is_plain:
        return None
    field = left.name
    if isinstance(right, Ref):
        is_newer = right.root in ("stream_interval", "stream_slice", "stream_state") and field == scope.cursor_field
        if is_newer and "incremental" in scope.draft.endpoint and isinstance(node.ops[0], (ast.GtE, ast.Gt)):
            return ""
        hole = only(scope.text("{{ " + ast.unparse(node.comparators[0]) + " }}", part))
        right = scope.settings.value(hole.name, hole.default) if hole and hole.kind == "setting" else None
    operator = _OPERATORS.get(type(node.ops[0]))
    if operator is None or right is None or not isinstance(right, (str, int, float)):
        return None
    if isinstance(right, str) and ("'" in right or "{" in right):
        return None
    if _is_changed(node.left, right) or not _keeps_as(node.ops[0], left.default, right):
        return None
    value = f"'{right}'" if isinstance(right, str) else str(right).lower()
    names = [step for one in left.path for step in (one.split(".") if isinstance(one, str) else (one,))]
    return f"@.{quoted_path(*names)} {operator} {value}"


def _is_changed(node: ast.expr, right: Any) -> bool:
    """Whether a field is compared as something else than it comes, such as a number made of a text."""
    called = [one.func for one in ast.walk(node) if isinstance(one, ast.Call)]
    filters = [one.right for one in ast.walk(node) if isinstance(one, ast.BinOp) and isinstance(one.op, ast.BitOr)]
    names = {getattr(one, "id", getattr(one, "attr", "")) for one in (*called, *filters)} - {"get", "default", ""}
    # A text is itself as a text, and nothing else is called like a word.
    is_word = isinstance(right, str) and right.isalpha() and right not in ("True", "False", "None")
    return bool(names - {"string"} if is_word else names)


def _keeps_as(operator: ast.cmpop, default: Any, right: Any) -> bool:
    """Whether a record without the field is kept as a step keeps it, which knows no default: where `!=` holds alone."""
    if default is None or isinstance(operator, (ast.Eq, ast.NotEq)):
        return default is None or (bool(right) and default != right)
    return isinstance(operator, (ast.Gt, ast.GtE)) and default == 0 and not isinstance(right, str) and right > 0
