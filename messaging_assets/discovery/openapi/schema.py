"""Response schemas of an API document -> where the list is, its columns, its key, and how it is paged."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from messaging_assets.answers.beside_list import is_beside, list_names
from messaging_assets.answers.row_totals import is_total
from messaging_assets.description.names import identifier
from messaging_assets.discovery.columns import likeliest_key
from messaging_assets.discovery.found import without_nothing
from messaging_assets.discovery.live import paging_signs as signs
from messaging_assets.discovery.openapi.document import Document, Operation, Parameter, is_nullable, schema_type
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
_LARGEST_PAGE, _USUAL_PAGE = 500, 100
_LONGEST_WORDS = 200
# Parameters that take the last row's key, and by their names nothing else.
_AFTER_KEYS = ("starting_after", "after_id", "last_id")
# What an answer calls the place where the next page begins.
_ONWARDS = ("next", "cursor", "continu", "iterator")
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
            if _is_object(item):
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


def _is_object(schema: Mapping[str, Any]) -> bool:
    return schema_type(schema) == "object" and bool(schema.get("properties"))


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


def paging_of(
    document: Document, operation: Operation, shape: ListShape, keys: Sequence[str]
) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """The paginator that parameters and answer describe, None for none, and parameters that go with it.

    Args:
        keys: the fields that seem to be a record's key.
    """
    query = {signs.spelled(parameter.name): parameter for parameter in operation.of("query")}
    leaves = dict(_leaves(document, shape.envelope))
    total, pages = _counts(leaves, shape.selector)
    size = _first(query, signs.SIZES)
    params = {size.name: _page_size(size)} if size else {}
    reference = _reference(operation, query, leaves)
    if reference:
        return without_nothing({**reference, "rows_total_path": total}), params
    offset = _first({name: one for name, one in query.items() if _is_number(one)}, signs.OFFSETS)
    number = _first(query, signs.NUMBERS)
    if offset:
        paginator = {"type": "offset", "limit": _page_size(size) if size else _USUAL_PAGE}
        # SCIM (RFC 7644) counts from one; its documents seldom say so.
        first = 1 if (signs.spelled(offset.name), shape.selector) == ("start_index", "Resources") else 0
        paginator |= {"offset": 1} if _first_number(offset, first) == 1 else {}
        paginator |= {} if offset.name == "offset" else {"offset_param": offset.name}
        paginator |= {} if size is None or size.name == "limit" else {"limit_param": size.name}
        return {**paginator, **({} if total == "total" else {"total_path": total})}, {}
    if number:
        base = 0 if _first_number(number, 1) == 0 else 1
        paginator = {"type": "page_number", "base_page": base, "page_param": number.name}
        return without_nothing({**paginator, "total_path": pages, "rows_total_path": total}), params
    goes_both_ways = "before" in query and any(signs.says_more(name) for name, _ in leaves.values())
    after = _first(_takers(query), (*_AFTER_KEYS, *(("after",) if goes_both_ways else ())))
    if after and len(keys) == 1:
        last = f"{shape.selector}[-1].{quoted_path(*keys)}"
        return {"type": "cursor", "cursor_path": last, "cursor_param": after.name}, params
    return None, {}


def _counts(leaves: Mapping[str, tuple[str, str | None]], selector: str) -> tuple[str | None, str | None]:
    """Where an answer counts all rows, and all pages; what calls itself a total is one, a count may be a page's."""
    numbers = {path: name for path, (name, kind) in leaves.items() if kind == "integer"}
    to_list = list_names(selector)
    totals = [
        path
        for path, name in numbers.items()
        if is_total(name) and not signs.is_number_of_pages(name) and is_beside(list_names(path), to_list)
    ]
    totals.sort(key=lambda path: "total" not in identifier(path))
    # A count of a page is the number of its rows to some, and of all pages to others.
    pages = (path for path, name in numbers.items() if signs.is_number_of_pages(name) and "count" not in name.lower())
    return next(iter(totals), None), next(pages, None)


def _is_number(parameter: Parameter) -> bool:
    """Whether a parameter can count rows: a start that is a text is a moment to most."""
    is_text = schema_type(parameter.schema) == "string"
    return not is_text or ("format" not in parameter.schema and signs.spelled(parameter.name) != "start")


def _takers(query: Mapping[str, Parameter]) -> dict[str, Parameter]:
    """Parameters that can take a row's key: no moments."""
    return {name: one for name, one in query.items() if not str(one.schema.get("format", "")).startswith("date")}


def _reference(
    operation: Operation, query: Mapping[str, Parameter], leaves: Mapping[str, tuple[str, str | None]]
) -> dict[str, Any] | None:
    """A paginator that follows links or cursors, where the document shows one."""
    # A number takes no token.
    takers = {name: one for name, one in _takers(query).items() if schema_type(one.schema) not in ("integer", "number")}
    for path, (name, kind) in leaves.items():
        words = identifier(path)
        if kind not in ("string", "link", "token") or signs.is_backwards(name):
            continue
        if not any(word in words for word in _ONWARDS):
            continue
        param = next((one for one in map(signs.spelled, signs.cursor_params(name)) if one in takers), None)
        param = param or next((one for one in takers if signs.is_cursor(one) and not signs.is_backwards(one)), None)
        is_link = kind == "link" or (
            kind == "string"
            and (any(word in words for word in ("link", "url", "href")) or identifier(name) in ("next", "next_page"))
        )
        if param and kind != "link" and not (is_link and param in (*signs.NUMBERS, *signs.OFFSETS)):
            return {"type": "cursor", "cursor_path": path, "cursor_param": query[param].name}
        if is_link:
            return {"type": "json_link", "next_url_path": path}
    if any(header.lower() == "link" for header in operation.headers):
        return {"type": "header_link"}
    return None


def _leaves(
    document: Document, schema: Mapping[str, Any], names: tuple[str, ...] = ()
) -> Iterator[tuple[str, tuple[str, str | None]]]:
    """The plain values around a list: path, own name and type of each."""
    for key, raw in (schema.get("properties") or {}).items():
        value = document.resolved(raw)
        kind = schema_type(value)
        if kind == "object" and len(names) < 2:
            yield from _leaves(document, value, (*names, key))
        elif kind != "array":
            yield quoted_path(*names, key), (key, _kind_of_text(value) if kind == "string" else kind)


def _kind_of_text(schema: Mapping[str, Any]) -> str:
    """Whether a text is a `link` or a `token`, by its format, its example or its description; else a `string`."""
    example, words = str(schema.get("example", "")), str(schema.get("description", ""))
    if schema.get("format") in ("uri", "url", "uri-reference") or example.startswith(("http", "/")):
        return "link"
    if re.search(r"\b(url|uri|link)\b", words, re.IGNORECASE):
        return "link"
    return "token" if re.search(r"\b(token|cursor)\b", words, re.IGNORECASE) else "string"


def _first(query: Mapping[str, Parameter], names: Sequence[str]) -> Parameter | None:
    return next((query[name] for name in map(signs.spelled, names) if name in query), None)


def _first_number(parameter: Parameter, otherwise: int) -> Any:
    """Where a parameter begins to count: what the API takes where nothing is sent tells more than what it allows."""
    return parameter.schema.get("default", parameter.schema.get("minimum", otherwise))


def _page_size(parameter: Parameter) -> int:
    most, usual = parameter.schema.get("maximum"), parameter.schema.get("default")
    if isinstance(most, (int, float)) and most >= 1:
        return min(int(most), _LARGEST_PAGE)
    return max(int(usual), 1) if isinstance(usual, int) else _USUAL_PAGE
