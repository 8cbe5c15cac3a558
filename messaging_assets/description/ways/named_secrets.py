"""A secret that a request names, as in `headers: {X-Key: "{secret.app_key}"}`, is a way of authentication.

So a secret joins in one place, at run time, however the file writes it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# All of a text, with what stands before the secret.
_NAMED = re.compile(r"([^{}]*)\{secret\.(\w+)\}")
# The parts of a request that may name one, and where the way of authentication puts it.
_LOCATIONS = {"headers": "header", "params": "query", "json": "body", "data": "body"}
_OF_ENDPOINT = ("path", *_LOCATIONS)
_IN_PATH = re.compile(r"\{secret\.(\w+)\}")


def with_secrets_in_auth(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A description whose requests name no secret: each is in the `auth` that goes with what named it.

    Args:
        raw: the description in the shape of an API file, however wrong; it is not changed.
    """
    client, of_client = _taken_out(raw.get("client"), ("headers",))
    every, shared = [*_ways(client), *of_client], of_client
    changed: dict[str, Any] = {"client": {**client, "auth": every}} if of_client else {}
    if (defaults := raw.get("resource_defaults")) is not None:
        shared = _joined(of_client, of_client, _taken_out(_endpoint(defaults), _OF_ENDPOINT)[1])
        changed["resource_defaults"] = defaults = _with_own(defaults, every, of_client)
        every = _ways(_endpoint(defaults)) or every
    if isinstance(resources := raw.get("resources"), list):
        changed["resources"] = [_with_own(one, every, shared) for one in resources]
    return {**raw, **changed}


def _with_own(resource: Any, every: list[Any], shared: list[Any]) -> Any:
    """A resource whose endpoint authenticates with what its requests name, and with what those of all resources name.

    Args:
        resource: the resource, or what stands for all of them.
        every: how it authenticates where its endpoint says nothing of that.
        shared: what the client's headers name, and for a resource what the defaults name.
    """
    endpoint, found = _taken_out(_endpoint(resource), _OF_ENDPOINT)
    own = _ways(endpoint)
    if not found and not (own and shared):
        return resource
    return {**resource, "endpoint": {**endpoint, "auth": _joined(own + shared if own else every, shared, found)}}


def _joined(ways: list[Any], shared: list[Any], found: list[dict[str, Any]]) -> list[Any]:
    """The ways with those that a request names, each in place of a shared one for the same field."""
    fields = [_field(one) for one in found]
    return [*(one for one in ways if one not in shared or _field(one) not in fields), *found]


def _field(way: Mapping[str, Any]) -> tuple[str, str]:
    name = str(way["name"])
    return way["location"], name.lower() if way["location"] == "header" else name


def _endpoint(resource: Any) -> Any:
    endpoint = resource.get("endpoint") if isinstance(resource, Mapping) else None
    return {"path": endpoint} if isinstance(endpoint, str) else endpoint


def _ways(place: Any) -> list[Any]:
    auth = place.get("auth") if isinstance(place, Mapping) else None
    return list(auth) if isinstance(auth, list) else [] if auth is None else [auth]


def _taken_out(place: Any, parts: tuple[str, ...]) -> tuple[Any, list[dict[str, Any]]]:
    """What has a path, headers, parameters or a body, without secrets, and the ways that put them there."""
    ways: list[dict[str, Any]] = []
    for part in parts:
        written = place.get(part) if isinstance(place, Mapping) else None
        named: list[dict[str, Any]] = []
        if isinstance(written, Mapping):
            written = _without_secrets(written, "", part, named)
        elif part == "path" and isinstance(written, str):
            named += [_in_path(secret) for secret in dict.fromkeys(_IN_PATH.findall(written))]
            written = _IN_PATH.sub(lambda found: str(_in_path(found[1])["name"]), written)
        place = {**place, part: written} if named else place
        ways += named
    return place, ways


def _in_path(secret: str) -> dict[str, Any]:
    """The way that puts a secret into a path. What stands there until then is a text that no address encodes."""
    return {"type": "api_key", "location": "path", "name": f"~secret.{secret}~", "secret": secret}


def _without_secrets(fields: Mapping[str, Any], above: str, part: str, ways: list[dict[str, Any]]) -> dict[str, Any]:
    """Fields without those that are secrets, in a body however deep; the ways that put them there join `ways`."""
    others = dict(fields)
    for name, one in fields.items():
        path = f"{above}{name}"
        if part == "json" and "." in str(name):
            continue  # the way's own name could not tell it from a field within a field
        if part == "json" and isinstance(one, Mapping):
            others[name] = _without_secrets(one, f"{path}.", part, ways)
        elif isinstance(one, str) and (found := _NAMED.fullmatch(one)):
            del others[name]
            before, secret = found.groups()
            way = {"type": "api_key", "location": _LOCATIONS[part], "name": path, "secret": secret}
            ways.append(way | ({"prefix": before} if before else {}))
    return others
