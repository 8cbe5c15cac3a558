"""Finds secrets in a description, where none belongs; never repeats what it found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from messaging_assets.description_problems import Mistake, Place, value_at

# The fields of ApiCredentials, and a token that was asked for beforehand.
IN_AUTH = frozenset(
    {"api_key", "token", "username", "password", "client_id", "client_secret", "access_token", "refresh_token"}
)
# Names that mean a secret in a header, a parameter or a body; dashes count as underscores.
_IN_REQUESTS = frozenset(
    {"authorization", "proxy_authorization", "cookie", "x_api_key", "x_auth_token", "private_token", "api_key"}
    | {"apikey", "api_token", "apitoken", "auth_token", "access_token", "client_secret", "password", "secret", "token"}
)
# What stands for a parent's or a parameter's value is no secret.
_PLACEHOLDER = re.compile(r"\{[^{}]+\}")


def secret_mistakes(raw: Mapping[str, Any], name: str) -> Iterator[Mistake]:
    """A mistake for each secret in a description.

    Args:
        raw: the description as it was written.
        name: the API's name, from which the names of its secrets follow.
    """
    yield from _in_address(raw, ("client", "base_url"))
    for place in [("client",), *_endpoints(raw)]:
        yield from _in_auth(raw, (*place, "auth"), name)
        path = place if isinstance(value_at(raw, place), str) else (*place, "path")
        yield from _in_query(raw, path, name, _names_in_queries(raw, place))
        for part in ("headers", "params", "json", "data"):
            yield from _in_request(value_at(raw, (*place, part)), (*place, part), name)


def _endpoints(raw: Mapping[str, Any]) -> Iterator[Place]:
    yield ("resource_defaults", "endpoint")
    resources = raw.get("resources")
    for index in range(len(resources) if isinstance(resources, list) else 0):
        yield ("resources", index, "endpoint")


def _in_auth(raw: Mapping[str, Any], place: Place, name: str) -> Iterator[Mistake]:
    auth = value_at(raw, place)
    if not isinstance(auth, Mapping):
        if auth in ("oauth2", "oauth2_client_credentials"):
            yield Mistake((*place, "token_url"), "is missing: the address to ask for a token")
        return
    for key in ("token_url", "access_token_url"):
        yield from _in_address(raw, (*place, key))
        yield from _in_query(raw, (*place, key), name)
    kind = auth.get("type")
    is_oauth = kind in ("oauth2", "oauth2_client_credentials") if isinstance(kind, str) else False
    if is_oauth and not (auth.get("token_url") or auth.get("access_token_url")):
        yield Mistake((*place, "token_url"), "is missing: the address to ask for a token")
    for key in auth:
        if key in IN_AUTH:
            yield Mistake((*place, key), _instead(name, key))
    yield from _in_request(auth.get("access_token_request_data"), (*place, "access_token_request_data"), name)


def _in_request(value: Any, place: Place, name: str) -> Iterator[Mistake]:
    if isinstance(value, list):
        for index, one in enumerate(value):
            yield from _in_request(one, (*place, index), name)
    if not isinstance(value, Mapping):
        return
    for key, one in value.items():
        if isinstance(one, (Mapping, list)):
            yield from _in_request(one, (*place, key), name)
        elif _means_secret(key) and one and "{resources." not in str(one):
            yield Mistake((*place, key), _under_auth(name))


def _means_secret(key: Any) -> bool:
    return isinstance(key, str) and key.lower().replace("-", "_") in _IN_REQUESTS


def _in_address(raw: Mapping[str, Any], place: Place) -> Iterator[Mistake]:
    address = value_at(raw, place)
    try:
        parts = urlsplit(address) if isinstance(address, str) else None
    except ValueError:
        return
    if parts and "@" in parts.netloc:
        yield Mistake(place, "no user or password belongs in an address; describe them under auth (type: http_basic)")
    elif parts and (parts.fragment or (parts.query and place[-1] == "base_url")):
        yield Mistake(place, "an address ends before ? and #; parameters go under endpoint.params, secrets under auth")


def _in_query(raw: Mapping[str, Any], place: Place, name: str, names: Iterable[str] = ()) -> Iterator[Mistake]:
    """A secret behind the ? of a path or an address; `names` are parameters that take one here."""
    address = value_at(raw, place)
    given = parse_qsl("&".join(re.split("[?#]", address)[1:])) if isinstance(address, str) else ()
    if any((_means_secret(key) or key in names) and not _PLACEHOLDER.fullmatch(one) for key, one in given):
        yield Mistake(place, _under_auth(name))


def _names_in_queries(raw: Mapping[str, Any], endpoint: Place) -> list[str]:
    """The parameters by which this endpoint sends its key, such as a plain `key`."""
    auths = [value_at(raw, (*place, "auth")) for place in (("client",), ("resource_defaults", "endpoint"), endpoint)]
    written = [auth for auth in auths if isinstance(auth, Mapping) and auth.get("location") in ("query", "param")]
    return [auth["name"] for auth in written if isinstance(auth.get("name"), str)]


def _under_auth(name: str) -> str:
    return f"no secret belongs in an API file; describe it under auth ({_places(name)})"


def _instead(name: str, key: str) -> str:
    if key in ("access_token", "refresh_token"):
        key = "token"
        return f"no secret belongs in an API file; write type: bearer and {_places(name, key)}"
    return f"no secret belongs in an API file; {_places(name, key)}"


def _places(name: str, key: str | None = None) -> str:
    if key is None:
        return f"its value goes into the environment as {name.upper()}__API_KEY, __TOKEN, ..."
    return f"set {name.upper()}__{key.upper()} in the environment or {key} under [sources.{name}] in .dlt/secrets.toml"
