"""Response schemas of an API document -> where the list is, its columns and its key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from messaging_assets.description.names import identifier
from messaging_assets.discovery.columns import likeliest_key
from messaging_assets.discovery.found import without_nothing
from messaging_assets.discovery.live import paging_signs as signs
from messaging_assets.discovery.openapi.document import Document, Operation, is_nullable, schema_type
from messaging_assets.discovery.sensitive_signs import sign_by_schema
from messaging_assets.foundation.json_paths import quoted_path
from messaging_assets.seams.dlt_rest_client import NON_RECORD_KEY_PATTERNS, RECORD_KEY_PATTERNS

_TYPES = {
    "string": "text",
    "integer": "bigint",
    "number": "double",
    "boolean": "bool",
    "object": "json",
    "array": "json",
}
_LONGEST_WORDS = 200
# What some APIs put around everything they answer.
_WRAPPERS = RECORD_KEY_PATTERNS | {"result", "response", "body", "_embedded", "embedded", "d", "page", "list"}


@dataclass(frozen=True)
class ListShape:
    """Where an answer has its list.

    Args:
        selector: the JSON path of the list.
        item: the schema of a record.
        envelope: what stands around the list.
        others: the JSON paths of other lists beside it.
    """

    selector: str
    item: Mapping[str, Any]
    envelope: Mapping[str, Any] = field(default_factory=dict)
    others: tuple[str, ...] = ()


def find_list(document: Document, operation: Operation, name: str) -> ListShape | str:
    """Where a good answer has its list; a clause that says what it is instead, where it is no list."""
    schema = operation.schema
    if schema is None:
        return "the document does not say what its answer holds"
    if schema_type(schema) == "array":
        item = document.resolved(schema.get("items"))
        return ListShape("$", item) if schema_type(item) == "object" else "it answers a list of plain values"
    if schema_type(schema) != "object":
        return "its answer is no list"
    lists = list(_lists(document, schema, name))
    if not lists:
        return "it answers one object"
    around = {part for names, _ in lists for part in names}
    names, record = min(lists, key=lambda one: _rank(one[0], name))
    held = [schema]
    for around_it in names[:-1]:
        held.append(document.resolved(held[-1]["properties"][around_it]))
    is_envelope = all(signs.is_around(key) for one in held for key in one["properties"] if key not in around)
    is_envelope |= any(signs.is_paging(parameter.name) for parameter in operation.of("query"))
    if _rank(names, name) < 2 or is_envelope:
        others = tuple(quoted_path(*one) for one, _ in lists if one != names)
        return ListShape(quoted_path(*names), record, schema, others)
    return "it answers one object"


def _lists(
    document: Document, schema: Mapping[str, Any], resource: str, names: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    for key, raw in (schema.get("properties") or {}).items():
        value = document.resolved(raw)
        if schema_type(value) == "array":
            item = document.resolved(value.get("items"))
            if schema_type(item) == "object" and item.get("properties"):
                yield (*names, key), item
        elif schema_type(value) == "object" and _may_hold(names) and key not in NON_RECORD_KEY_PATTERNS:
            for found, record in _lists(document, value, resource, (*names, key)):
                # What is called otherwise is a record, and other lists in it are parts of that.
                if key.lower() in _WRAPPERS or min(_rank(found, key), _rank(found, resource)) < 2:
                    yield found, record


def _may_hold(names: tuple[str, ...]) -> bool:
    """Whether an object inside those of these names can be around the list: only what wraps answers goes deeper."""
    return len(names) < 2 and all(name.lower() in _WRAPPERS for name in names)


def _rank(names: tuple[str, ...], resource: str) -> int:
    """How likely a list holds the records: 0 and 1 by its name, more by its depth."""
    if names[-1].lower().strip("_") in RECORD_KEY_PATTERNS:
        return 0
    return 1 if identifier(names[-1]) in (resource, resource.rpartition("_")[2]) else 1 + len(names)


def columns_of(
    document: Document, item: Mapping[str, Any], resource: str
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """The columns of a record, as an API file has them, without those of no one type or with colliding names.

    Returns:
        Them, and why nobody should see the values of some, by name.
    """
    written = item.get("required")
    required = written if isinstance(written, list) else []
    columns: dict[str, dict[str, Any]] = {}
    sensitive: dict[str, str] = {}
    taken: set[str] = set()
    for name, raw in (item.get("properties") or {}).items():
        schema = document.resolved(raw)
        data_type = _data_type(schema)
        if not isinstance(name, str) or data_type is None or schema.get("writeOnly") or identifier(name) in taken:
            continue
        taken.add(identifier(name))
        words: dict[str, Any] = {"data_type": data_type}
        if schema.get("format") == "uint64":
            words |= {"data_type": "decimal", "precision": 20, "scale": 0}
        if name in required and not is_nullable(schema):
            words["nullable"] = False
        format_ = schema.get("format") or document.resolved(schema.get("items")).get("format")
        if sign := sign_by_schema(name, words["data_type"], resource, format_):
            words["sensitive"], sensitive[name] = True, sign
        columns[name] = without_nothing({**words, "description": _words(schema.get("description"))})
    return columns, sensitive


def _data_type(schema: Mapping[str, Any]) -> str | None:
    # The second is no format of the specification, and common all the same.
    if schema.get("format") in ("date-time", "dateTime") and schema_type(schema) == "string":
        return "timestamp"
    if schema.get("format") == "date" and schema_type(schema) == "string":
        return "date"
    kind = schema_type(schema)
    if kind is None and schema.get("enum"):
        return "text" if all(isinstance(one, str) for one in schema["enum"]) else None
    return _TYPES.get(kind or "")


def _words(text: Any) -> str | None:
    """The first sentence of a description; None where there is none."""
    if not isinstance(text, str) or not text.strip():
        return None
    words = " ".join(text.split())
    sentence = re.split(r"(?<!\be\.g)(?<!\bi\.e)\.\s", words)[0].rstrip(".")
    return sentence if len(sentence) <= _LONGEST_WORDS else f"{sentence[:_LONGEST_WORDS]}..."


def key_of(columns: Mapping[str, Any], resource: str) -> str | None:
    """The field whose name says that it is a record's key; None for none."""
    usable = [name for name, column in columns.items() if column["data_type"] in ("text", "bigint")]
    return likeliest_key(usable, resource)
