"""Paginators of a manifest -> ours; no paginator is a question, because nobody knows whether there are more pages."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any

from messaging_assets.conversion.components.expressions import condition, single
from messaging_assets.conversion.components.page_ends import flag, one_end
from messaging_assets.conversion.components.parts import Part, target_of
from messaging_assets.conversion.components.values import Ref, Unknown, value_of
from messaging_assets.conversion.manifest.scope import Scope
from messaging_assets.conversion.outcome import NO_PAGINATOR
from messaging_assets.conversion.texts import USUAL_PAGE, quoted, unusual
from messaging_assets.description.names import PARTS_OF_REQUEST
from messaging_assets.description.parents import changed
from messaging_assets.discovery.found import without_nothing
from messaging_assets.foundation.json_paths import quoted_path

_PLACE = ("endpoint", "paginator")
# How many rows a query wants, beside from which one on.
_SIZE_IN_TEXT = re.compile(r"(?i)(\b(?:maxresults|limit|top|first|size)\W{1,3})(?:(\d+)|\{setting\.(\w+)\})")


def add_paginator(scope: Scope, part: Part | None) -> None:
    """Say how a stream's pages go on, in its resource."""
    if part is None or part.kind == "NoPagination":
        scope.draft.ask(NO_PAGINATOR, "endpoint")
        return
    strategy = part.part("pagination_strategy")
    if part.is_custom or strategy is None or strategy.is_custom:
        shown = (strategy if strategy is not None and not part.is_custom else part).shown
        scope.draft.ask(f"its pages go on by {shown}; declare the paginator", "endpoint")
        return
    token = part.part("page_token_option")
    ways = {"OffsetIncrement": _offset, "PageIncrement": _page_number, "CursorPagination": _cursor}
    if strategy.kind not in ways:
        scope.draft.ask(f"its pages go on by {strategy.shown}; declare the paginator", "endpoint")
        return
    paginator = ways[strategy.kind](scope, part, strategy, token)
    if paginator:
        scope.draft.endpoint["paginator"] = paginator


def name_pages(scope: Scope, part: Part | None) -> None:
    """Tell the stream's scope what its texts say of the page, where no option of the paginator puts that anywhere."""
    strategy = part.part("pagination_strategy") if part is not None else None
    if part is not None and strategy is not None and target_of(part.part("page_token_option")) is None:
        scope.page.counted = {"OffsetIncrement": "offset", "PageIncrement": "page"}.get(strategy.kind, "")


def _is_in_texts(scope: Scope, word: str) -> bool:
    return f"{{paginator.{word}}}" in repr([scope.draft.endpoint.get(part) for part in PARTS_OF_REQUEST])


def _size_in_texts(scope: Scope) -> int | None:
    """How many rows the text asks for that says from which one on; the paginator puts that there from now on."""
    found: list[int] = []

    def put(match: re.Match[str]) -> str:
        written = match[2] or scope.settings.declared.get(match[3])
        if not str(written).isdigit():
            return match[0]
        found.append(int(str(written)))
        return f"{match[1]}{{paginator.limit}}"

    for part in {"params", "json", "data"} & scope.draft.endpoint.keys():
        scope.draft.endpoint[part] = changed(
            scope.draft.endpoint[part],
            lambda text: _SIZE_IN_TEXT.sub(put, text) if "{paginator.offset}" in text else text,
        )
    return found[0] if found else None


def goes_by_links(part: Part | None) -> bool:
    """Whether a later page is asked for by its link alone, which says all that the first page was asked for."""
    token = part.part("page_token_option") if part is not None else None
    return token is not None and token.kind == "RequestPath"


def _size(scope: Scope, strategy: Part) -> int | None:
    value = scope.written(strategy["page_size"], strategy, *_PLACE)
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def _named(option: Part | None, word: str, scope: Scope) -> dict[str, Any]:
    """The words that say where a number or token goes; the parameters lose what would be sent twice."""
    target = target_of(option)
    if target is None:
        return {}
    place, name = target[0], ".".join(target[1])
    if place == "headers":
        scope.draft.lose(f"it sends {word} in the header {name}, which no paginator does", *_PLACE)
        return {}
    if place == "params":
        scope.draft.endpoint.get("params", {}).pop(name, None)
    return {f"{word}_param" if place == "params" else f"{word}_body_path": name}


def _offset(scope: Scope, part: Part, strategy: Part, token: Part | None) -> dict[str, Any]:
    size, option = _size(scope, strategy), part.part("page_size_option")
    is_in_texts = _is_in_texts(scope, "offset")
    size = (_size_in_texts(scope) if is_in_texts else None) or size
    limit = _named(option, "limit", scope)
    if not limit and not _is_in_texts(scope, "limit"):
        # A size that is sent with each request anyway is the paginator's own.
        sent = scope.draft.endpoint.get("params", {})
        same = next((name for name, value in sent.items() if size is not None and str(value) == str(size)), None)
        if same:
            sent.pop(same)
            limit = {"limit_param": same}
        else:
            scope.draft.ask("which parameter takes the size of a page? It is sent as limit", *_PLACE)
    if size is None:
        scope.draft.ask(f"how long is a page? {USUAL_PAGE} rows are asked for", *_PLACE)
    where = _counter(token, "offset", scope)
    begins = {"offset": scope.page.first} if is_in_texts and scope.page.first else {}
    return {"type": "offset", "limit": size or USUAL_PAGE, **begins, **unusual({**where, **limit}), "total_path": None}


def _page_number(scope: Scope, part: Part, strategy: Part, token: Part | None) -> dict[str, Any]:
    _add_size(scope, part, strategy)
    first = scope.written(strategy["start_from_page"], strategy, *_PLACE) or 0
    if _is_in_texts(scope, "page"):
        first = scope.page.first if scope.page.first is not None else first
    elif strategy["start_from_page"] is None and strategy["inject_on_first_request"] is not True:
        scope.draft.ask("does the API count pages from 0, or from 1? The manifest does not say; 0 is taken", *_PLACE)
    begins = {"base_page": int(first)} if str(first) in ("0", "1") else {"base_page": 1, "page": int(first)}
    return {"type": "page_number", **begins, **unusual(_counter(token, "page", scope))}


def _counter(token: Part | None, word: str, scope: Scope) -> dict[str, Any]:
    """The words that say where a number goes; a question where the manifest says nothing of it."""
    if _is_in_texts(scope, word):
        return {}
    if target_of(token) is None:
        scope.draft.ask(f"which parameter takes the number? It is sent as {word}", *_PLACE)
    return _named(token, word, scope)


def _add_size(scope: Scope, part: Part, strategy: Part) -> None:
    """Send the size of a page with each request, where the paginator has no word for it."""
    target, size = target_of(part.part("page_size_option")), _size(scope, strategy)
    if target is None or size is None:
        return
    place, name = target[0], ".".join(target[1])
    path = name.split(".") if place in ("json", "data") else [name]
    scope.draft.send(place, path, str(size) if place == "headers" else size)


def _cursor(scope: Scope, part: Part, strategy: Part, token: Part | None) -> dict[str, Any] | None:
    value = single(strategy["cursor_value"], strategy.parameters)
    if _is_sum(value):
        return _counted(scope, part, strategy, value)
    _add_size(scope, part, strategy)
    value, goes_on = _condition_of_token(scope, strategy, value)
    found = _token_path(scope, value)
    # What is added to a page's number makes the next one's; to a record's own field it makes no page.
    is_of_record = isinstance(value, Ref) and value.added and value.root.startswith("last_record")
    if found is None or is_of_record:
        words = value.words if isinstance(value, Unknown) else "more than one value"
        scope.draft.ask(f"the next page's token is made by {words}; declare the paginator", "endpoint")
        return None
    place, path = found
    named = _named(token, "cursor", scope)
    if not named and scope.page.token:
        named = dict([scope.page.token])
    is_link = (token is not None and token.kind == "RequestPath") or (isinstance(value, Ref) and value.is_cut)
    paginator: dict[str, Any]
    if place == "headers":
        is_next = path.lower().startswith("link.next")
        if is_link or is_next:
            paginator = {"type": "header_link"}
        else:
            paginator = {"type": "header_cursor", "cursor_key": path, **named}
    elif isinstance(value, Ref) and value.added:
        # The number of the page that came, plus one.
        page = {word.replace("cursor", "page"): name for word, name in named.items()}
        paginator = {"type": "page_number", "base_page": 1, **unusual(page)}
        scope.draft.ask("is the first page number 1? It is counted from there", *_PLACE)
    elif is_link:
        paginator = {"type": "json_link", "next_url_path": path}
        if isinstance(value, Ref) and value.is_cut:
            scope.draft.ask(f"a token is cut out of '{path}'; is that a link? It is followed as one", *_PLACE)
    else:
        paginator = {"type": "cursor", "cursor_path": path, **unusual(named)}
        if not named:
            scope.draft.ask("which parameter takes the next page's token? It is sent as cursor", *_PLACE)
    paginator |= flag(goes_on, True, path, paginator, scope.draft.endpoint.get("data_selector")) or {}
    return without_nothing(
        {**paginator, **_end(scope, strategy["stop_condition"], path, paginator, strategy.parameters)}
    )


def _condition_of_token(scope: Scope, strategy: Part, value: Any) -> tuple[Any, Ref | None]:
    """A token, and what else the answer has to have for it, such as rows."""
    node = condition(strategy["cursor_value"], strategy.parameters)
    if _token_path(scope, value) or not isinstance(node, ast.IfExp) or value_of(node.orelse) not in (None, ""):
        return value, None
    goes_on = value_of(node.test)
    is_known = isinstance(goes_on, Ref) and goes_on.root == "response"
    return (value_of(node.body), goes_on) if is_known else (value, None)


def _is_sum(value: Any) -> bool:
    """Whether a token is two numbers of the answer: where the page begins, and how long it is."""
    is_list = isinstance(value, list) and len(value) == 2
    return is_list and all(isinstance(one, Ref) and one.root == "response" and one.path for one in value)


def _counted(scope: Scope, part: Part, strategy: Part, value: list[Ref]) -> dict[str, Any]:
    """Pages whose token is the next row's number."""
    paginator = _offset(scope, part, strategy, part.part("page_token_option"))
    node = condition(strategy["stop_condition"], strategy.parameters)
    parts = node.values if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or) else [node]
    for one in parts:
        found = value_of(one) if one is not None else None
        if isinstance(found, Ref) and found.root == "response" and found.path:
            paginator["end_path"] = quoted_path(*found.path)
        if isinstance(one, ast.Compare) and isinstance(one.ops[0], (ast.GtE, ast.Gt)):
            total = value_of(one.comparators[0])
            if value_of(one.left) == value and isinstance(total, Ref) and total.root == "response":
                paginator["total_path"] = quoted_path(*total.path)
    return paginator


def _token_path(scope: Scope, value: Any) -> tuple[str, str] | None:
    """Where the next page's token is: in the `response` or its `headers`, and the path there."""
    if not isinstance(value, Ref) or value.other:
        return None
    if value.root == "headers":
        return "headers", value.name
    path = quoted_path(*value.path) if value.path and all(isinstance(o, str) for o in value.path) else None
    if value.root == "response" and path:
        return "response", path
    if value.root == "response" and value.path:
        return "response", "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in value.path).lstrip(".")
    selector = scope.draft.endpoint.get("data_selector", "$")
    if value.root == "last_record" and path:
        return "response", f"{selector}[-1].{path}"
    if value.root == "last_records" and value.path[:1] == (-1,) and len(value.path) > 1:
        return "response", f"{selector}[-1].{quoted_path(*value.path[1:])}"
    return None


def _end(
    scope: Scope, written: Any, path: str, paginator: dict[str, Any], parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """The words that say what a condition to stop says; none where the token's own end says it."""
    if written in (None, ""):
        return {}
    read = condition(written, parameters)
    if read is None:
        return _unread(scope, written)
    words: dict[str, Any] = {}
    for one in read.values if isinstance(read, ast.BoolOp) and isinstance(read.op, ast.Or) else [read]:
        found = one_end(one, path, paginator, scope.draft.endpoint.get("data_selector"))
        if found is None:
            return _unread(scope, written)
        words.update(found)
    return words


def _unread(scope: Scope, written: Any) -> dict[str, Any]:
    words = quoted(written, 100)
    scope.draft.ask(f"it stops by the condition {words}; does the token end by itself? If not, add end_path", *_PLACE)
    return {}
