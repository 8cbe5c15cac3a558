"""Authenticators of own code -> authenticators of a manifest: a choice of ways, a prefix, a token that is asked for."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from messaging_assets.conversion.own_code.classes import OwnClass, calls, constant, returned
from messaging_assets.conversion.own_code.code_texts import CodeTexts, assigned, setting_of

_BASES = ("NoAuth", "DeclarativeAuthenticator", "AbstractHeaderAuthenticator")
_HEADER_METHODS = {"auth_header", "token", "get_auth_header"}


def as_authenticator(own: OwnClass, component: Mapping[str, Any]) -> dict[str, Any] | None:
    """The component that an authenticator's class is; None where its code does something else."""
    if own.base not in _BASES:
        return None
    texts = CodeTexts(own, component)
    return _chosen(own, component) or _header(own, texts) or _asked_for(own, texts)


def _chosen(own: OwnClass, component: Mapping[str, Any]) -> dict[str, Any] | None:
    """One of the authenticators in its fields, by a setting."""
    method = own.methods.get("__new__")
    names = [one.id if isinstance(one, ast.Name) else "" for one in returned(method)] if method else []
    if len(names) < 2 or not all(isinstance(component.get(one), Mapping) for one in names):
        return None
    values: dict[str, str] = {}
    path: tuple[str, ...] = ()
    for one in ast.walk(method) if method else ():
        chosen = one.body if isinstance(one, ast.IfExp) else one.body[0] if isinstance(one, ast.If) else None
        chosen = chosen.value if isinstance(chosen, ast.Return) else chosen
        test = getattr(one, "test", None)
        if isinstance(chosen, ast.Name) and isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Eq):
            value, found = constant(test.comparators[0]), assigned_path(test.left, method)
            if value is not None and found and path in ((), found):
                values[chosen.id], path = value, found
    # What no value chooses is an old way, or what is left.
    ordered = sorted(names, key=lambda one: one not in values)
    return {
        "type": "SelectiveAuthenticator",
        "authenticator_selection_path": list(path),
        "authenticators": {values.get(one, one): component[one] for one in ordered},
    }


def assigned_path(node: ast.AST, method: ast.FunctionDef | None) -> tuple[str, ...]:
    """The path of a setting, which may go by a name in between."""
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and method:
        above, step = setting_of(assigned(method, node.value.id)), constant(node.slice)
        if above and step:
            return (*above, step)
    return setting_of(node)


def _header(own: OwnClass, texts: CodeTexts) -> dict[str, Any] | None:
    """A header of a text and a secret."""
    if not own.methods or not own.methods.keys() <= _HEADER_METHODS | {"__post_init__"}:
        return None
    said = {name: returned(one) for name, one in own.methods.items()}
    name, text = None, None
    if len(said.get("token", ())) == 1 and len(said.get("auth_header", ())) == 1:
        name = texts.of(said["auth_header"][0], own.methods["auth_header"])
        text = texts.of(said["token"][0], own.methods["token"])
    found = said.get("get_auth_header", ())
    if len(found) == 1 and isinstance(found[0], ast.Dict) and len(found[0].values) == 1:
        name = constant(found[0].keys[0])
        text = texts.of(found[0].values[0], own.methods["get_auth_header"])
    if not name or not text or "{{" not in text:
        return None
    return {"type": "ApiKeyAuthenticator", "header": name, "api_token": text}


def _asked_for(own: OwnClass, texts: CodeTexts) -> dict[str, Any] | None:
    """A token that one POST to a server brings, which then goes behind Bearer."""
    asking = [(one, call) for one in own.methods.values() for call in calls(one, "post")]
    is_bearer = any(
        constant(one.values[0]) == "Bearer "
        for method in own.methods.values()
        for one in ast.walk(method)
        if isinstance(one, ast.JoinedStr) and one.values
    )
    takes = [constant(one) for method in own.methods.values() for one in ast.walk(method)]
    if len(asking) != 1 or not is_bearer or "access_token" not in takes:
        return None
    method, call = asking[0]
    words = {one.arg: one.value for one in call.keywords}
    url = texts.of(words.get("url") or (call.args[0] if call.args else None), method)
    basic = _basic_of(words.get("headers"), texts, method)
    if url is None or basic is None or not words.keys() <= {"url", "headers", "timeout"}:
        return None
    address, _, query = url.partition("?")
    fields = dict(parse_qsl(query))
    return {
        "type": "OAuthAuthenticator",
        "token_refresh_endpoint": address,
        "client_id": basic[0],
        "client_secret": basic[1],
        "grant_type": fields.pop("grant_type", "client_credentials"),
        "refresh_request_body": fields,
        "refresh_request_headers": {"Authorization": "Basic"},
        "send_refresh_request_as_query_params": True,
    }


def _basic_of(node: ast.AST | None, texts: CodeTexts, method: ast.FunctionDef) -> tuple[str, str] | None:
    """Name and password of a header, beside which only its content's type is sent."""
    held = assigned(method, node.id) if isinstance(node, ast.Name) else node
    if not isinstance(held, ast.Dict):
        return None
    fields = {(constant(name) or "").lower(): value for name, value in zip(held.keys, held.values, strict=True)}
    if not fields.keys() <= {"authorization", "content-type", "accept"}:
        return None
    return texts.basic(fields.get("authorization"), method)
