"""Paginators of a manifest -> ours; no paginator is a question, because nobody knows whether there are more pages."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from messaging_assets.conversion.components.expressions import condition, single
from messaging_assets.conversion.components.parts import Part, target_of
from messaging_assets.conversion.components.values import Ref, Unknown, value_of
from messaging_assets.conversion.manifest.scope import Scope
from messaging_assets.conversion.outcome import NO_PAGINATOR
from messaging_assets.conversion.texts import USUAL_PAGE, quoted, unusual
from messaging_assets.discovery.found import without_nothing
from messaging_assets.foundation.json_paths import quoted_path

_PLACE = ("endpoint", "paginator")


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
    limit = _named(option, "limit", scope)
    if not limit:
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
    return {"type": "offset", "limit": size or USUAL_PAGE, **unusual({**where, **limit}), "total_path": None}


def _page_number(scope: Scope, part: Part, strategy: Part, token: Part | None) -> dict[str, Any]:
    _add_size(scope, part, strategy)
    first = scope.written(strategy["start_from_page"], strategy, *_PLACE) or 0
    if strategy["start_from_page"] is None and strategy["inject_on_first_request"] is not True:
        scope.draft.ask("does the API count pages from 0, or from 1? The manifest does not say; 0 is taken", *_PLACE)
    begins = {"base_page": int(first)} if str(first) in ("0", "1") else {"base_page": 1, "page": int(first)}
    return {"type": "page_number", **begins, **unusual(_counter(token, "page", scope))}


def _counter(token: Part | None, word: str, scope: Scope) -> dict[str, Any]:
    """The words that say where a number goes; a question where the manifest says nothing of it."""
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
    if not named and scope.token:
        named = dict([scope.token])
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
    paginator |= _flag(goes_on, True, path, paginator, scope.draft.endpoint.get("data_selector")) or {}
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
        found = _one_end(one, path, paginator, scope.draft.endpoint.get("data_selector"))
        if found is None:
            return _unread(scope, written)
        words.update(found)
    return words


def _unread(scope: Scope, written: Any) -> dict[str, Any]:
    words = quoted(written, 100)
    scope.draft.ask(f"it stops by the condition {words}; does the token end by itself? If not, add end_path", *_PLACE)
    return {}


def _one_end(node: ast.expr, path: str, paginator: dict[str, Any], selector: Any) -> dict[str, Any] | None:
    text = ast.unparse(node)
    # A short or an empty page: an empty one is the end here, and a short one is none.
    if "last_page_size" in text or "last_record" in text or "| length" in text or "len(" in text:
        is_zero = text.replace(" ", "").endswith(("==0", "<1", "<=0")) or text.startswith("not ")
        takes = paginator["type"] in ("cursor", "json_link", "header_link")
        return {"stop_after_empty_page": True} if is_zero and takes else {}
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return _flag(value_of(node.operand), True, path, paginator, selector)
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        left, right = value_of(node.left), value_of(node.comparators[0])
        if isinstance(node.ops[0], (ast.NotIn,)) and isinstance(left, str):
            return {}
        if isinstance(node.ops[0], (ast.Eq, ast.Is)) and isinstance(left, Ref):
            if right in (None, "", 0) and not isinstance(right, bool):
                return {} if _is_token(left, path) else None
            if isinstance(right, bool):
                return _flag(left, not right, path, paginator, selector)
            if isinstance(right, str) and right.lower() in ("false", "true") and left.root == "headers":
                return _flag(left, right.lower() == "false", path, paginator, selector)
            if isinstance(right, str) and left.root == "response" and left.path:
                return {"end_path": quoted_path(*left.path), "end_value": right}
        return {} if all(isinstance(one, Ref) and one.root == "response" for one in (left, right)) else None
    found = value_of(node)
    return {} if found is False else _flag(found, False, path, paginator, selector)


def _is_token(found: Any, path: str) -> bool:
    own = found.name if found.root == "headers" else quoted_path(*found.path)
    return own == path or path.startswith(f"{own}.")


def _flag(
    found: Any, goes_on_when_true: bool, path: str, paginator: dict[str, Any], selector: Any
) -> dict[str, Any] | None:
    """A truth value of the answer: whether there is more, or whether it is over."""
    if not isinstance(found, Ref) or found.root not in ("response", "headers"):
        return None
    if _is_token(found, path):
        return {} if goes_on_when_true else None
    if found.root == "headers":
        return {"stop_after_empty_page": True} if paginator["type"] == "header_link" else None
    if not all(isinstance(one, str) for one in found.path):
        return None
    place = quoted_path(*found.path)
    if place == selector:
        return {"stop_after_empty_page": True} if paginator["type"] in ("cursor", "json_link", "header_link") else {}
    if goes_on_when_true and paginator["type"] in ("cursor", "offset", "page_number"):
        return {"has_more_path": place}
    return {"end_path": place, "end_value": False} if goes_on_when_true else {"end_path": place}
