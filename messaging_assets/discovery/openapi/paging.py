"""Parameters and answers of an API document -> how each of its lists goes on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from messaging_assets.answers.beside_list import is_beside, list_names
from messaging_assets.answers.row_totals import is_total
from messaging_assets.description.names import identifier
from messaging_assets.discovery.found import without_nothing
from messaging_assets.discovery.live import paging_signs as signs
from messaging_assets.discovery.openapi.document import Document, Operation, Parameter, schema_type
from messaging_assets.discovery.openapi.parents import ListEndpoint
from messaging_assets.discovery.openapi.schema import ListShape
from messaging_assets.foundation.json_paths import quoted_path

_LARGEST_PAGE, _USUAL_PAGE = 500, 100
# So many lists that go on alike show how another one with their parameters goes on.
_ALIKE = 2
# Parameters that take the last row's key, and by their names nothing else.
_AFTER_KEYS = ("starting_after", "after_id", "last_id")
# What an answer calls the place where the next page begins.
_ONWARDS = ("next", "cursor", "continu", "iterator")


@dataclass(frozen=True)
class Paging:
    """How a list goes on.

    Args:
        paginator: as an API file has it; None where the document shows none.
        params: what goes with it, such as a size.
        is_of_others: whether the list's own answer shows no place for it, but those of other lists do.
    """

    paginator: dict[str, Any] | None
    params: Mapping[str, Any]
    is_of_others: bool = False


def paging_of_all(document: Document, lists: Sequence[ListEndpoint]) -> dict[str, Paging]:
    """How each list goes on, by its name; one whose answer does not show it goes on as those with its parameters."""
    found = {one.name: Paging(*paging_of(document, one.operation, one.shape, one.keys)) for one in lists}
    by_parameters: dict[frozenset[str], Counter[tuple[tuple[str, Any], ...]]] = {}
    for one in lists:
        asked, onwards = _asked_onwards(one.operation), _onwards_beside_list(found[one.name].paginator or {})
        if asked and onwards:
            by_parameters.setdefault(asked, Counter())[onwards] += 1
    for one in lists:
        counted = by_parameters.get(_asked_onwards(one.operation), Counter())
        onwards, times = next(iter(counted.most_common(1)), ((), 0))
        if found[one.name].paginator is None and times >= _ALIKE and times > counted.total() / 2:
            found[one.name] = Paging(dict(onwards), _sizes(_query_of(one.operation)), is_of_others=True)
    return found


def _asked_onwards(operation: Operation) -> frozenset[str]:
    """The parameters that ask for a part of a list; empty where none of them takes a token."""
    names = [one.name for one in operation.of("query") if not one.is_credential]
    takes = any(signs.is_cursor(name) for name in names)
    return frozenset(name for name in names if signs.is_paging(name) or signs.is_cursor(name)) if takes else frozenset()


def _onwards_beside_list(paginator: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """The words of a paginator that follows a link or a token beside the list, but for its count; else none."""
    token = paginator.get("cursor_path", "")
    is_beside_list = "next_url_path" in paginator or token.rpartition(".")[0].isidentifier() or token.isidentifier()
    return tuple(one for one in paginator.items() if one[0] != "rows_total_path") if is_beside_list else ()


def _query_of(operation: Operation) -> dict[str, Parameter]:
    return {signs.spelled(parameter.name): parameter for parameter in operation.of("query")}


def _sizes(query: Mapping[str, Parameter]) -> dict[str, Any]:
    """The parameter that asks for a page's size, with the size; empty where none does."""
    size = _first(query, signs.SIZES)
    return {size.name: _page_size(size)} if size else {}


def paging_of(
    document: Document, operation: Operation, shape: ListShape, keys: Sequence[str]
) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """The paginator that parameters and answer describe, None for none, and parameters that go with it.

    Args:
        keys: the fields that seem to be a record's key.
    """
    query = _query_of(operation)
    leaves = dict(_leaves(document, shape.envelope))
    total, pages = _counts(leaves, shape.selector)
    size, params = _first(query, signs.SIZES), _sizes(query)
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
        if param is None:
            param = next((one for one in takers if signs.is_cursor(one) and not signs.is_backwards(one)), None)
            # A place that is called as the parameter is holds what it takes.
            path = next((own for own, (key, _) in leaves.items() if signs.spelled(key) == param), path)
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
