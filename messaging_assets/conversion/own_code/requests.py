"""Requesters, error handlers and retrievers of own code that add waiting to what they are made of."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from messaging_assets.conversion.own_code.classes import OwnClass, constant, is_of_base, name_of, returned

# What the base itself has under a private name, and arguments that say what is sent.
_OF_BASE = frozenset(
    {"_url", "_url_base", "_path", "_authenticator", "_http_client", "_http_method", "_parameters"}
    | {"_request_options_provider", "_get_request_options", "_request_headers", "_request_params", "_join_url"}
    | {"_request_body_data", "_request_body_json", "_get_url", "_get_mapping"}
)
_SENT = frozenset(
    {"path", "stream_state", "stream_slice", "next_page_token", "request_headers", "request_params", "log_formatter"}
    | {"request_body_data", "request_body_json"}
)


def as_requester(own: OwnClass, component: Mapping[str, Any]) -> dict[str, Any] | None:
    """The requester that a class is where it waits, and sends what the manifest says; None for any other."""
    if own.base != "HttpRequester":
        return None
    for name, method in own.methods.items():
        if name == "__post_init__":
            is_known = _only_prepares(method)
        elif name == "send_request":
            is_known = _passes_on(method)
        else:
            is_known = name.startswith("_") and not name.startswith("__") and name not in _OF_BASE
        if not is_known:
            return None
    told = f"its code ({own.name}) may wait between requests; if the API wants that, write requests_per_second"
    return {**component, "type": "HttpRequester", "$notes": [("question", told)]}


def _only_prepares(method: ast.FunctionDef) -> bool:
    """Whether a class is made as its base, with things of its own beside, and options that its fields say."""
    for one in ast.walk(method):
        if not isinstance(one, ast.Assign):
            continue
        for target in one.targets:
            name, is_own = name_of(target), isinstance(target, ast.Attribute)
            if name == "request_options_provider" and _is_of_fields(one.value):
                continue
            if is_own and (not name.startswith("_") or name in _OF_BASE):
                return False
    return any(is_of_base(one, "__post_init__") for one in ast.walk(method))


def _is_of_fields(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or name_of(node) != "InterpolatedRequestOptionsProvider" or node.args:
        return False
    words = {one.arg: one.value for one in node.keywords if one.arg not in ("config", "parameters")}
    return all(isinstance(value, ast.Attribute) and value.attr == name for name, value in words.items())


def _passes_on(method: ast.FunctionDef) -> bool:
    """Whether a request goes to the base as it came, without words that only the class itself knows."""
    if not all(is_of_base(one, "send_request") for one in returned(method)):
        return False
    known = set()
    for one in ast.walk(method):
        if isinstance(one, ast.Call) and name_of(one) == "pop" and isinstance(one.func, ast.Attribute):
            taken = constant(one.args[0]) if one.args else None
            if taken is not None and taken not in _SENT:
                known.add(one.func.value)
        if isinstance(one, ast.Call) and is_of_base(one, "send_request"):
            known |= {word.value for word in one.keywords if word.arg is None}
    return all(one in known for one in ast.walk(method) if isinstance(one, ast.Name) and one.id == "kwargs")


def as_error_handler(own: OwnClass, component: Mapping[str, Any]) -> dict[str, Any] | None:
    """The error handler that a class is where it only waits, or asks again after an exception; None for any other."""
    method = own.methods.get("interpret_response")
    if own.base != "DefaultErrorHandler" or method is None or own.methods.keys() != {"interpret_response"}:
        return None
    if not all(is_of_base(one, "interpret_response") or _asks_again(one) for one in returned(method)):
        return None
    # Of a broken connection there is no answer that a rule could be about.
    tests = [one.test for one in ast.walk(method) if isinstance(one, ast.If)]
    if not all(name_of(one) == "isinstance" for one in tests):
        return None
    found = {**component, "type": "DefaultErrorHandler"}
    if method.decorator_list:
        told = f"its code ({own.name}) may wait after an answer; if the API wants that, write requests_per_second"
        found["$notes"] = [("question", told)]
    return found


def _asks_again(node: ast.expr) -> bool:
    words = {one.arg: one.value for one in node.keywords} if isinstance(node, ast.Call) else {}
    return name_of(node) == "ErrorResolution" and name_of(words.get("response_action")) == "RETRY"


def as_retriever(own: OwnClass, component: Mapping[str, Any]) -> dict[str, Any] | None:
    """The retriever that a class is made of, with a word on what it may do beside that; None for any other."""
    if own.base != "SimpleRetriever" or not {"requester", "record_selector"} <= component.keys():
        return None
    told = f"it is read by custom code ({own.name}), which may do more than the manifest says"
    return {**component, "type": "SimpleRetriever", "$notes": [("loss", told)]}
