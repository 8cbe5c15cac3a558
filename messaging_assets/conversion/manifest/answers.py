"""Decoders, selectors, transformations, keys and schemas of a manifest -> what becomes of an answer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from messaging_assets.conversion.components.expressions import single
from messaging_assets.conversion.components.parts import Part
from messaging_assets.conversion.manifest.scope import Scope
from messaging_assets.conversion.outcome import Draft
from messaging_assets.conversion.reading import schema_beside
from messaging_assets.description.names import identifier
from messaging_assets.discovery.found import without_nothing
from messaging_assets.foundation.json_paths import quoted_path

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
    if expander := extractor.part("record_expander"):
        _expand(scope, expander)
    if extractor["$column"]:
        # Each text is a record, with the text as its value.
        scope.draft.step("rename", value=str(extractor["$column"]))


def _expand(scope: Scope, expander: Part) -> None:
    """Say that its records are the elements of a list inside each record, with what they take of that record."""
    endpoint = scope.draft.endpoint
    above = "" if endpoint["data_selector"] == "$" else str(endpoint["data_selector"])
    holder = above if above.endswith("*") else f"{above}[*]"
    steps = [
        str(scope.written(one, expander, *_SELECTOR, is_doubled=False))
        for one in expander["expand_records_from_field"] or []
    ]
    path = "".join("[*]" if one == "*" else f".{quoted_path(one)}" for one in steps)
    endpoint["data_selector"] = f"{holder}{path}[*]"
    shared: dict[str, str] = {}
    for one in expander.parts("parent_fields"):
        taken, name = one["parent_path"] or [], [str(step) for step in one["record_path"] or []]
        shared["__".join(name)] = f"{holder}.{quoted_path(*map(str, taken))}"
    if expander["remain_original_record"] is True:
        shared["original_record"] = f"{holder}.`this`"
    if shared:
        endpoint["include_from_answer"] = shared
    if expander["merge_parent"] is True:
        told = (
            "each record has all fields of the one around it there; name those that are wanted in include_from_answer"
        )
        scope.draft.lose(told, "endpoint", "include_from_answer")
    if expander["on_no_records"] == "emit_parent":
        scope.draft.lose("a record whose list is empty is a row itself there, and none here", *_SELECTOR)
    if expander["truncation_indicator_path"] or expander["truncated_list_retriever"]:
        flag = ".".join(map(str, expander["truncation_indicator_path"] or ["a field"]))
        told = f"where {flag} says that the list inside a record is cut, the rest is asked for elsewhere there"
        scope.draft.lose(f"{told}; write a resource below these records for it", *_SELECTOR)


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
    properties = properties_of(scope, stream, folder)
    key = scope.draft.raw.get("primary_key") or []
    keys = [key] if isinstance(key, str) else key
    columns: dict[str, Any] = {}
    renamed = _renamed(scope, list(properties), keys)
    for sent, field in properties.items():
        name = renamed.get(str(sent), str(sent))
        type_ = type_of(field) if isinstance(field, Mapping) else None
        if name in keys:
            columns[name] = {**({"data_type": type_} if type_ not in (None, "json") else {}), "nullable": False}
        elif type_ in ("timestamp", "date"):
            columns[name] = {"data_type": type_}
    if columns:
        scope.draft.raw["columns"] = columns


def properties_of(scope: Scope, stream: Part, folder: Path | None) -> Mapping[str, Any]:
    """The fields of a stream's records, by its schema; see `add_columns`."""
    loader = next(iter(stream.parts("schema_loader")), None)
    schema = loader["schema"] if loader else None
    if schema is None and (loader is None or loader.kind in ("", "JsonFileSchemaLoader")):
        text = scope.text(loader["file_path"] if loader else None, loader or stream)
        name = scope.text(stream["name"], stream)
        schema = schema_beside(folder, PurePosixPath(text).stem if isinstance(text, str) else str(name))
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    return properties if isinstance(properties, Mapping) else {}


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


def type_of(field: Mapping[str, Any]) -> str | None:
    """The data type of a field of a schema; None where it may have several."""
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
