"""Extractors and cursors of own code -> those of a manifest: texts made into records, a mark that no request takes."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from messaging_assets.conversion.own_code.classes import OwnClass, constant, is_of_base, name_of, returned
from messaging_assets.conversion.own_code.code_texts import assigned

# A cursor that sends how long its windows are.
_OF_STEP = {"__post_init__", "_get_request_options", "_partition_daterange"}
_EXTRACTORS = ("DpathExtractor", "RecordExtractor")


def as_extractor(own: OwnClass, component: Mapping[str, Any]) -> dict[str, Any] | None:
    """The extractor that a class is where it makes `{"name": text}` of each text; None for any other."""
    method = own.methods.get("extract_records")
    if own.base not in _EXTRACTORS or method is None or own.methods.keys() != {"extract_records"}:
        return None
    made = [one for one in returned(method) if not (isinstance(one, ast.List) and not one.elts)]
    if len(made) != 1 or not isinstance(made[0], ast.ListComp) or len(made[0].generators) != 1:
        return None
    element, each = made[0].elt, made[0].generators[0]
    if not isinstance(element, ast.Dict) or len(element.keys) != 1 or each.ifs:
        return None
    column = constant(element.keys[0])
    is_itself = isinstance(element.values[0], ast.Name) and name_of(each.target) == name_of(element.values[0])
    source = assigned(method, each.iter.id) if isinstance(each.iter, ast.Name) else each.iter
    path = _path_of(source, method, component) if source is not None else None
    if not column or not is_itself or path is None:
        return None
    return {"type": "DpathExtractor", "field_path": path, "$column": column}


def _path_of(node: ast.expr, method: ast.FunctionDef, component: Mapping[str, Any]) -> list[Any] | None:
    """Where in the answer a list is: at the manifest's own path, or under a name of the body."""
    if is_of_base(node, "extract_records"):
        path = component.get("field_path")
        return list(path) if isinstance(path, list) else None
    if not (isinstance(node, ast.Call) and name_of(node) == "get" and isinstance(node.func, ast.Attribute)):
        return None
    body = node.func.value
    body = assigned(method, body.id) or body if isinstance(body, ast.Name) else body
    step = constant(node.args[0]) if node.args else None
    return [step] if step and isinstance(body, ast.Call) and name_of(body) in ("decode", "json") else None


def as_cursor(own: OwnClass, component: Mapping[str, Any]) -> dict[str, Any] | None:
    """The cursor that a class is where records have the mark and no request takes it; None for any other."""
    if own.base == "DatetimeBasedCursor" and own.methods.keys() <= _OF_STEP and component.get("step_option"):
        return {**component, "type": "DatetimeBasedCursor"}
    option = own.methods.get("_get_request_option")
    asks = [one for name, one in own.methods.items() if name.startswith("get_request_")]
    if own.base != "DeclarativeCursor" or option is None or not component.get("cursor_field"):
        return None
    is_silent = all(isinstance(one, ast.Dict) and not one.keys for one in returned(option))
    passes_on = all(name_of(one) == "_get_request_option" for method in asks for one in returned(method))
    slices = own.methods.get("stream_slices")
    if not is_silent or not passes_on or slices is None:
        return None
    notes = [
        f"its code ({own.name}) keeps a mark that it puts into no request; with a parameter for it, fewer rows come"
    ]
    found = {"type": "DatetimeBasedCursor", "cursor_field": component["cursor_field"]}
    if parents := component.get("parent_stream_configs"):
        notes.append(f"it is read for each of its parent's records, as far as its code ({own.name}) shows; is it?")
        found["parent_stream_configs"] = parents
    return {**found, "$notes": [("question", one) for one in notes]}
