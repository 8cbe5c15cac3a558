"""Decoders, selectors, transformations, keys and schemas of a manifest -> what becomes of an answer."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from messaging_assets.conversion.components.expressions import condition, single
from messaging_assets.conversion.components.parts import Part
from messaging_assets.conversion.components.values import Ref, value_of
from messaging_assets.conversion.manifest.cursors import is_mark, takes_look_back
from messaging_assets.conversion.manifest.scope import Scope
from messaging_assets.conversion.outcome import Draft
from messaging_assets.conversion.reading import schema_beside
from messaging_assets.conversion.texts import only, quoted
from messaging_assets.description.names import identifier
from messaging_assets.discovery.found import without_nothing
from messaging_assets.foundation.json_paths import quoted_path

_OPERATORS = {ast.Eq: "==", ast.NotEq: "!=", ast.Gt: ">", ast.GtE: ">=", ast.Lt: "<", ast.LtE: "<="}
_SELECTOR, _STEPS = ("endpoint", "data_selector"), ("steps",)
_TYPES = {"CsvDecoder": "csv", "CsvParser": "csv", "JsonlDecoder": "ndjson", "JsonLineParser": "ndjson"}
_TYPES |= {"IterableDecoder": "csv"}
_TYPES |= {"XmlDecoder": "xml", "JsonDecoder": "json", "JsonParser": "json", "": "json"}
# A line is one value, whatever is in it: no text has this character.
_LINES = {"type": "csv", "columns": ["record"], "delimiter": "\x1f", "quote_char": None}
# Around another one; what is packed is opened whatever the file says.
_AROUND = {"GzipDecoder": "decoder", "GzipParser": "inner_parser", "ZipfileDecoder": "decoder"}
_AROUND["CompositeRawDecoder"] = "parser"


def add_selector(scope: Scope, selector: Part | None) -> None:
    """Say where the records are."""
    extractor = selector.part("extractor") if selector else None
    if extractor is None or extractor.is_custom or extractor.kind not in ("", "DpathExtractor"):
        shown = extractor.shown if extractor else "nothing"
        scope.draft.lose(f"its records are taken out of the answer by {shown}; write data_selector", *_SELECTOR)
        return
    path = extractor["field_path"]
    steps = [scope.written(one, extractor, *_SELECTOR, is_doubled=False) for one in path or []]
    if extractor["record_expander"]:
        scope.draft.lose("its records are elements of a list inside each record; write data_selector", *_SELECTOR)
    if any(path or []) and not any(steps):
        told = "where its records are is said by something that the manifest does not have, so the whole answer is one"
        scope.draft.ask(f"{told}. Where are they? Write data_selector", *_SELECTOR)
    written = ""
    for place, step in enumerate(steps, 1):
        if step == "*":
            written += ".*" if place == len(steps) else "[*]"
        elif step not in (None, ""):
            written += f".{quoted_path(str(step))}"
    scope.draft.endpoint["data_selector"] = written.lstrip(".") or "$"
    if extractor["$column"]:
        # Each text is a record, with the text as its value.
        scope.draft.step("rename", value=str(extractor["$column"]))


def add_filter(scope: Scope, selector: Part | None) -> None:
    """Say which records are kept."""
    part = selector.part("record_filter") if selector else None
    if part is None:
        return
    if part.is_custom:
        scope.draft.lose(f"its records are filtered by {part.shown}; more rows come than before", *_STEPS)
        return
    if part["condition"] in (None, ""):
        return
    read = condition(part["condition"], part.parameters)
    if (name := _only_where_given(read)) and scope.settings.value(name) is None:
        told = f"records are kept by the setting '{name}' where it is given; without it all of them are"
        scope.draft.lose(told, *_STEPS, kind="setting")
        return
    several = read.values if isinstance(read, ast.BoolOp) and isinstance(read.op, ast.And) else [read]
    found = [_comparison(scope, one, part) for one in several]
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


def leave_to_parents(scope: Scope) -> None:
    """Take a mark out that is a field of the parent's: it tells which lists may have changed, and nothing of rows."""
    mark = scope.draft.endpoint.get("incremental", {}).get("cursor_path")
    if mark in _of_parents(scope):
        del scope.draft.endpoint["incremental"]
        if not scope.draft.raw.get("only_changed_parents"):
            told = f"its mark {mark} is its parent's, which is no mark of rows; see only_changed_parents"
            scope.draft.ask(told, "endpoint")


def add_key(scope: Scope, stream: Part) -> None:
    """Say what tells rows apart, and what becomes of rows that come again."""
    written = stream["primary_key"]
    keys = written if isinstance(written, list) else [written]
    names: list[str] = []
    for key in keys:
        steps = [str(one) for one in (key if isinstance(key, list) else [key]) if one not in (None, "")]
        name = "_".join(steps)
        if len(steps) > 1:
            scope.draft.step("copy", **{name: quoted_path(*steps)})
        names += [name] if name else []
    if names and scope.draft.endpoint.get("data_selector") != "$" and {*names} <= _of_parents(scope):
        told = f"its key, {', '.join(names)}, is its parent's, so of each parent's rows one would stay; it is left out"
        scope.draft.ask(f"{told}. Which primary_key has a row?", "endpoint")
        names = []
    scope.draft.tell_rows_apart(names)
    incremental = {} if names else scope.draft.endpoint.get("incremental", {})
    if incremental.pop("lag", None):
        scope.draft.lose("rows of its look back would come twice, as it has no key; name a primary_key", "endpoint")
    if step := incremental.pop("step", None):
        told = f"without a key, rows at the border of two windows would come twice, so its step, {step}, is left out"
        scope.draft.ask(f"{told}, and one request asks for all. Which primary_key has a row?", "endpoint")


def _of_parents(scope: Scope) -> set[str]:
    """The columns that rows take from their parents."""
    taken = {"_" + place.replace(".", "_", 1) for place in scope.parents.values()}
    steps = scope.draft.raw.get("steps", ())
    return {new for one in steps for old, new in one.get("rename", {}).items() if old in taken} | taken


def add_columns(scope: Scope, stream: Part, folder: Path | None) -> None:
    """Declare keys and times, as the schema has them; other fields get the type that comes, as schemas are off.

    Args:
        scope: of the stream.
        stream: which has the schema, or the name of its file.
        folder: of the manifest, with such files below it.
    """
    loader = next(iter(stream.parts("schema_loader")), None)
    schema = loader["schema"] if loader else None
    if schema is None and (loader is None or loader.kind in ("", "JsonFileSchemaLoader")):
        text = scope.text(loader["file_path"] if loader else None, loader or stream)
        name = scope.text(stream["name"], stream)
        schema = schema_beside(folder, PurePosixPath(text).stem if isinstance(text, str) else str(name))
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    key = scope.draft.raw.get("primary_key") or []
    keys = [key] if isinstance(key, str) else key
    columns: dict[str, Any] = {}
    renamed = _renamed(scope, list(properties) if isinstance(properties, Mapping) else [], keys)
    for sent, field in properties.items() if isinstance(properties, Mapping) else ():
        name = renamed.get(str(sent), str(sent))
        type_ = _type_of(field) if isinstance(field, Mapping) else None
        if name in keys:
            columns[name] = {**({"data_type": type_} if type_ not in (None, "json") else {}), "nullable": False}
        elif type_ in ("timestamp", "date"):
            columns[name] = {"data_type": type_}
    if columns:
        scope.draft.raw["columns"] = columns


def _renamed(scope: Scope, names: list[str], keys: list[str]) -> dict[str, str]:
    """Other names for fields that would share a column, as `createdAt` beside `created_at`; keys and marks stay."""
    needed = [*keys, scope.cursor_field]
    taken: dict[str, str] = {}
    renamed: dict[str, str] = {}
    for name in sorted(names, key=lambda one: one not in needed):
        if taken.setdefault(identifier(name), name) != name:
            renamed[name] = f"{name}_2"
    if renamed:
        scope.draft.step("rename", **renamed)
        told = ", ".join(f"{old} beside {taken[identifier(old)]}" for old in renamed)
        scope.draft.ask(f"of two fields with one column, one is called so with _2 behind it: {told}", *_STEPS)
    return renamed


def _type_of(field: Mapping[str, Any]) -> str | None:
    types = field.get("type")
    known = {*(types if isinstance(types, list) else [types])} - {"null", None}
    if known == {"string"}:
        return {"date-time": "timestamp", "date": "date"}.get(str(field.get("format")), "text")
    names = {"integer": "bigint", "number": "double", "boolean": "bool", "object": "json", "array": "json"}
    return names.get(next(iter(known))) if len(known) == 1 else None


def add_format(draft: Draft, decoder: Part | None) -> bool:
    """Say what a stream's answers are written in; whether a word of the file does, else the stream is given up."""
    while decoder is not None and decoder.kind in _AROUND:
        # Parsers have other names for what decoders have.
        decoder = decoder.part(_AROUND[decoder.kind]) or decoder.part("parser")
    if decoder is None:
        return True
    if decoder.is_custom or decoder.kind not in _TYPES:
        draft.give_up(f"its answers are read by {decoder.shown}; write it by hand, see format")
        return False
    words = without_nothing(_words_of(decoder))
    if decoder.kind == "IterableDecoder":
        draft.endpoint["format"] = dict(_LINES)
    elif words != {"type": "json"}:
        draft.endpoint["format"] = words["type"] if len(words) == 1 else words
    return True


def _words_of(decoder: Part) -> dict[str, Any]:
    words: dict[str, Any] = {"type": _TYPES[decoder.kind]}
    encoding = decoder["encoding"]
    if isinstance(encoding, str) and encoding.lower().replace("-", "") not in ("utf8", "utf_8"):
        words["encoding"] = encoding
    if words["type"] == "csv":
        delimiter = single(decoder["delimiter"], decoder.parameters)
        # In a manifest a tab may be written out.
        delimiter = "\t" if delimiter == "\\t" else delimiter
        if delimiter == "\t":
            words["type"] = "tsv"
        elif delimiter not in (None, ",") and isinstance(delimiter, str):
            words["delimiter"] = delimiter
        if isinstance(lines := decoder["skip_rows_before_header"], int) and lines:
            words["skip_rows_before_header"] = lines
        if isinstance(missing := decoder["set_values_to_none"], list):
            words["null_values"] = [str(one) for one in missing]
    return words
