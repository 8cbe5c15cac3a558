"""Error handlers of a manifest -> what is asked again, what is ignored and what is an error."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import product
from typing import Any

from messaging_assets.conversion.components.expressions import condition
from messaging_assets.conversion.components.parts import Part
from messaging_assets.conversion.components.values import Ref, tested, value_of
from messaging_assets.conversion.manifest.scope import Scope
from messaging_assets.conversion.texts import MOST_RETRIES, add_handler, quoted, retry_too
from messaging_assets.description.endpoint import RETRIED_STATUSES
from messaging_assets.foundation.json_paths import quoted_path

_HANDLER = ("endpoint", "error_handler")
_RETRIES = frozenset({"RETRY", "RATE_LIMITED", "REFRESH_TOKEN_THEN_RETRY"})
# What the product does by itself: a header that says when to come again, or that nothing is left until then.
_WAITS = frozenset({"retry-after"})
_LIMIT = re.compile(r"'retry-after' in headers|headers(?:\.get\(|\[)'x-ratelimit-remaining'[)\]] == '0'", re.IGNORECASE)
# A status that such headers come with, beside those that are asked again anyway.
_REFUSED = 403
# Words by a pattern: alternatives in groups, and nothing else that is none of them.
_PATTERN = re.compile(r"regex_search\('(?:\(\?i\))?(?:\\\\b)?((?:[\w ]|\((?:\?:)?\w+(?:\|\w+)*\))+)(?:\\\\b)?'\)")
_GROUP = re.compile(r"\((?:\?:)?([^()]*)\)")
_MOST_WORDS = 24


def add_errors(scope: Scope, handler: Part | None) -> None:
    """Say what an answer that is no list means."""
    if handler is None:
        return
    if handler.is_custom:
        scope.draft.lose(f"its errors are handled by {handler.shown}; see error_handler", *_HANDLER)
        return
    words: dict[str, Any] = {}
    for one, rule in _filters_of(handler):
        _add_rule(scope, rule, words)
        _add_patience(scope, one, words)
    for one in [handler, *handler.parts("error_handlers")]:
        _add_patience(scope, one, words)
    add_handler(scope.draft.endpoint, words)


def _filters_of(handler: Part) -> Iterator[tuple[Part, Part]]:
    """The response filters of a handler, those of handlers in it too, each with its handler."""
    for one in handler.parts("response_filters"):
        yield handler, one
    for inner in handler.parts("error_handlers"):
        yield from _filters_of(inner)


def _add_patience(scope: Scope, handler: Part, words: dict[str, Any]) -> None:
    retries = scope.written(handler["max_retries"], handler, *_HANDLER)
    if str(retries).isdigit() and int(retries) != 5:
        words["max_retries"] = min(int(retries), MOST_RETRIES)
    for one in handler.parts("backoff_strategies"):
        if one.kind in ("ConstantBackoffStrategy", "ExponentialBackoffStrategy"):
            seconds = scope.written(one["backoff_time_in_seconds"] or one["factor"], one, *_HANDLER)
            if isinstance(seconds, (int, float)) or str(seconds).replace(".", "", 1).isdigit():
                words["backoff_factor"] = float(seconds) if "." in str(seconds) else int(seconds)
        elif one.kind != "WaitTimeFromHeader" or str(one["header"]).lower() not in _WAITS:
            told = f"how long it waits before it asks again is said by {one.shown}; here by backoff_factor"
            scope.draft.ask(told, *_HANDLER)


def _add_rule(scope: Scope, rule: Part, words: dict[str, Any]) -> None:
    action, codes = str(rule["action"] or "").upper(), _codes(rule["http_codes"])
    content, predicate = rule["error_message_contains"], rule["predicate"]
    endpoint = scope.draft.endpoint
    if predicate:
        _add_condition(scope, rule, words, action, codes)
    elif action in _RETRIES and codes and not content:
        retry_too(words, (one for one in codes if 400 <= one < 600))
    elif action in _RETRIES and content and not codes:
        endpoint.setdefault("response_actions", []).append({"content": str(content), "action": "retry"})
    elif action == "IGNORE" and (codes or content):
        _ignore(endpoint, codes, content)
    elif action == "FAIL" and not (content and {*codes} & {*RETRIED_STATUSES}):
        # Any status that is not asked again is an error by itself.
        if retried := {*words.get("retry_on_status_codes", RETRIED_STATUSES)} & {*codes}:
            words["retry_on_status_codes"] = sorted({*words.get("retry_on_status_codes", RETRIED_STATUSES)} - retried)
    elif action not in ("", "SUCCESS") or any(not 200 <= one < 300 for one in codes):
        _tell(scope, action, content or ", ".join(map(str, codes)))


def _add_condition(scope: Scope, rule: Part, words: dict[str, Any], action: str, codes: list[int]) -> None:
    """Say what a rule says that looks into the answer."""
    endpoint, predicate = scope.draft.endpoint, str(rule["predicate"])
    actions = endpoint.setdefault("response_actions", [])
    found = _in_body(predicate, rule)
    if action in _RETRIES and _LIMIT.search(predicate.replace('"', "'")):
        retry_too(words, [_REFUSED])
    elif action == "IGNORE" and not codes and (several := _words_by_pattern(predicate)):
        actions += [{"content": one, "action": "ignore"} for one in several]
        told = f"the rule IGNORE for {quoted(predicate)} is one for each of the texts that it means"
        scope.draft.ask(f"{told}; which of them does the API send?", *_HANDLER)
    elif found and action == "IGNORE" and (told_by := _ignored(found)):
        actions += [{**one, **told_by} for one in ([{"status_code": one} for one in codes] or [{}])]
    elif found and action in (*_RETRIES, "FAIL") and "path" in found and not codes and "error_in_body" not in endpoint:
        endpoint["error_in_body"] = {**found, "retry": True} if action in _RETRIES else found
    else:
        _tell(scope, action, predicate)


def _words_by_pattern(predicate: str) -> list[str]:
    """The texts that a pattern in a predicate means, those with a capital too; none where they are too many."""
    found = _PATTERN.search(predicate)
    pieces = _GROUP.split(found[1]) if found else []
    # Each second piece is a group.
    texts = ["".join(one) for one in product(*(one.split("|") if at % 2 else [one] for at, one in enumerate(pieces)))]
    both = list(dict.fromkeys(one for text in texts for one in (text, text[:1].upper() + text[1:])))
    return both if pieces and len(both) <= _MOST_WORDS and all(len(one) > len("error") for one in both) else []


def _ignored(found: dict[str, Any]) -> dict[str, Any] | None:
    """An answer to ignore by a value in its body, or by words; None where the rule names neither."""
    if "values" in found or "content" in found:
        return {**found, "action": "ignore"}
    # Words that are looked for among an answer's fields are meant for its text.
    words = str(found["path"]).strip("'")
    return {"content": words, "action": "ignore"} if " " in words and len(found) == 1 else None


def _ignore(endpoint: dict[str, Any], codes: list[int], content: Any) -> None:
    actions = [{"status_code": one, "action": "ignore"} for one in codes] or [{"action": "ignore"}]
    actions = [{**one, "content": content} if content else one for one in actions]
    told = endpoint.setdefault("response_actions", [])
    for one in actions:
        told += [one] if one not in told else []


def _tell(scope: Scope, action: str, about: Any) -> None:
    shown = quoted(about)
    scope.draft.lose(f"the rule {action or 'without an action'} for {shown} is left out", *_HANDLER)


def _codes(written: Any) -> list[int]:
    several = written if isinstance(written, list) else [written]
    return sorted(int(one) for one in several if str(one).isdigit())


def _in_body(predicate: Any, rule: Part) -> dict[str, Any] | None:
    """What a predicate says about a value of the answer, in the words of an error in a body."""
    node = condition(predicate, rule.parameters)
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And) and len(node.values) == 2:
        # A field that is there, and has that value.
        there, compared = tested(node.values[0])[0], value_of(getattr(node.values[1], "left", node))
        node = node.values[1] if there == compared and isinstance(there, Ref) else node
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        left, right = value_of(node.left), value_of(node.comparators[0])
        if isinstance(node.ops[0], ast.In) and isinstance(left, str) and right == Ref("response"):
            return {"path": quoted_path(left)}
        if isinstance(node.ops[0], ast.In) and isinstance(left, str) and _path_of(right):
            return {"content": left}
        path = _path_of(left)
        if path and isinstance(node.ops[0], ast.Eq) and isinstance(right, (str, int, bool)):
            return {"path": path, "values": [right]}
        if path and isinstance(node.ops[0], ast.NotEq) and isinstance(right, (str, int, bool)):
            return {"path": path, "unless": right}
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        path = _path_of(value_of(node.operand))
        return {"path": path, "unless": True} if path else None
    path = _path_of(value_of(node)) if node is not None else None
    return {"path": path} if path else None


def _path_of(found: Any) -> str | None:
    is_field = isinstance(found, Ref) and found.root == "response" and found.path and not found.is_cut
    return quoted_path(*found.path) if is_field else None
