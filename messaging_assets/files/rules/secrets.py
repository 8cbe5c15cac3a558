"""Finds secrets in a description, where none belongs; never repeats what it found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from messaging_assets.description.ways.secret_signs import (
    PLACEHOLDER,
    certain_look_of,
    is_ordinary,
    is_password,
    look_of,
    names_secret,
    pairs_in,
    undone,
)
from messaging_assets.files.rules.mistakes import Mistake, Place, value_at, written

# The fields of ApiCredentials, and a token that was asked for beforehand.
IN_AUTH = frozenset(
    {"api_key", "token", "username", "password", "client_id", "client_secret", "access_token", "refresh_token"}
    | {"private_key", "secret_key", "access_key_id", "secret_access_key", "session_token"}
)
# The ways of authentication that ask a token server.
_ASKING = (
    "oauth2", "oauth2_client_credentials", "oauth2_refresh_token", "oauth2_password", "oauth2_jwt_bearer",
)  # fmt: skip
# Where the file says that what stands at a path is no secret, although it looks like one.
NOT_SECRET = "not_secret"
# Parts of a request, whose fields have the API's names.
_IN_REQUESTS = frozenset({"headers", "params", "json", "data", "access_token_request_data"})
# Texts for people, whose addresses lead to pages.
_PROSE = frozenset({"description", "owners", "tags"})
# Keys of records in a path: hexadecimal ones, of the usual lengths; behind the name of what people open by its key,
# such as a spreadsheet; a base, table, view, record or field of Airtable.
_IDENTITY = re.compile(
    r"(?<=/)(?:[0-9a-f]{24}|[0-9a-f]{32}|(?:app|tbl|viw|rec|fld)[A-Za-z0-9]{14})(?=$|[/?.])"
    r"|(?<=/)(?P<kind>spreadsheets|documents|databases|files|folders|items|boards|sheets)/[A-Za-z0-9_-]{16,64}(?=$|[/?.:])"
)
_NAMES, _VALUES = ("name", "key", "field", "param", "parameter", "header"), ("value", "val", "content", "data")


def secret_mistakes(raw: Mapping[str, Any], name: str) -> Iterator[Mistake]:
    """A mistake for each secret in a description, but for those that its `not_secret` names.

    Args:
        raw: the description as it was written.
        name: the API's name, from which the names of its secrets follow.
    """
    endpoints = [("client",), *_endpoints(raw)]
    for place in [("client", "base_url"), *(p for one in endpoints for p in _token_addresses(raw, one))]:
        yield from _in_address(raw, place)
    told: set[Place] = set()
    for place in endpoints:
        for mistake in _in_auth(raw, (*place, "auth"), name):
            told.add(mistake.place)
            yield mistake
    excused = _excused(raw)
    used: set[str] = set()
    for mistake in [*_named(raw, endpoints, name), *_looking_so(raw, (), name)]:
        path = written(mistake.place, raw)
        if path in excused:
            used.add(path)
        elif mistake.place not in told:
            told.add(mistake.place)
            yield mistake
    for path, index in excused.items():
        if path not in used:
            words = "nothing that looks like a secret stands at this path; take it out, or write the path of an error"
            yield Mistake((NOT_SECRET, index), words)


def secrets_in_comments(text: str) -> Iterator[Mistake]:
    """A mistake for each line of a file whose comment holds a secret."""
    for number, line in enumerate(text.split("\n"), start=1):
        comment = re.search(r"(?:^|\s)#(.*)", line)
        if comment and (what := certain_look_of(comment[1]) or _behind_a_name(comment[1])):
            yield Mistake(
                (), f"a comment here looks like {what}; no secret belongs in an API file, take it out", number
            )


def _endpoints(raw: Mapping[str, Any]) -> Iterator[Place]:
    yield ("resource_defaults", "endpoint")
    resources = raw.get("resources")
    for index in range(len(resources) if isinstance(resources, list) else 0):
        yield ("resources", index, "endpoint")


def _ways(raw: Mapping[str, Any], place: Place) -> list[Place]:
    """Where the ways of authentication of an endpoint stand: one, or a list of them."""
    auth = value_at(raw, (*place, "auth"))
    several = range(len(auth)) if isinstance(auth, (list, tuple)) else ()
    return [(*place, "auth", index) for index in several] or [(*place, "auth")]


def _further(place: Place) -> tuple[Place, ...]:
    """Where an endpoint, or the client, says what further pages are asked with."""
    return (*place, "paginator", "next_request"), (*place, "job", "paginator", "next_request")


def _parts(place: Place) -> list[Place]:
    return [(*place, part) for part in ("params", "json", "data")]


def _steps(raw: Mapping[str, Any], endpoint: Place) -> list[Place]:
    """Where the resource of an endpoint sets fields to values."""
    steps = value_at(raw, (*endpoint[:-1], "steps"))
    count = len(steps) if isinstance(steps, list) else 0
    return [(*endpoint[:-1], "steps", index, word) for index in range(count) for word in ("constant", "template")]


def _token_addresses(raw: Mapping[str, Any], place: Place) -> list[Place]:
    return [(*way, word) for way in _ways(raw, place) for word in ("token_url", "access_token_url")]


def _excused(raw: Mapping[str, Any]) -> dict[str, int]:
    listed = raw.get(NOT_SECRET)
    return {one: index for index, one in enumerate(listed) if isinstance(one, str)} if isinstance(listed, list) else {}


def _in_auth(raw: Mapping[str, Any], place: Place, name: str) -> Iterator[Mistake]:
    auth = value_at(raw, place)
    if isinstance(auth, (list, tuple)):
        for index in range(len(auth)):
            yield from _in_auth(raw, (*place, index), name)
        return
    if not isinstance(auth, Mapping):
        if auth in _ASKING:
            yield Mistake((*place, "token_url"), "is missing; add it: the address to ask for a token")
        return
    kind = auth.get("type")
    is_oauth = kind in _ASKING if isinstance(kind, str) else False
    if is_oauth and not (auth.get("token_url") or auth.get("access_token_url")):
        yield Mistake((*place, "token_url"), "is missing; add it: the address to ask for a token")
    for key in (key for key in auth if key in IN_AUTH):
        said = _instead(name, key)
        if key in ("username", "password") and auth[key] in ("", None):
            said = f"write empty: {key}, where the API wants none; else leave it out"
        elif key in ("api_key", "token") and str(auth[key]).startswith("{secret."):
            said = "a secret is named here: write secret: and what stands behind the dot"
        yield Mistake((*place, key), said)


def _named(raw: Mapping[str, Any], endpoints: Iterable[Place], name: str) -> Iterator[Mistake]:
    """Secrets that stand in a field named like one, wherever a request has fields."""
    for place in endpoints:
        for part in [(*place, "headers"), *(p for one in (place, *_further(place)) for p in _parts(one))]:
            yield from _in_request(value_at(raw, part), part, name)
        for step in _steps(raw, place):
            yield from _in_request(value_at(raw, step), step, name)
        yield from _in_request(value_at(raw, (*place[:-1], "tags")), (*place[:-1], "tags"), name)
        for way in _ways(raw, place):
            for word in ("access_token_request_data", "params", "claims", "jwt_headers"):
                yield from _in_request(value_at(raw, (*way, word)), (*way, word), name)
        own = _names_in_queries(raw, place)
        path = place if isinstance(value_at(raw, place), str) else (*place, "path")
        further = [(*one, "path") for one in _further(place)]
        for address in (path, *further, *_token_addresses(raw, place)):
            yield from _in_query(raw, address, name, own)
    yield from _in_query(raw, ("client", "base_url"), name)


def _in_request(value: Any, place: Place, name: str) -> Iterator[Mistake]:
    if isinstance(value, list):
        for index, one in enumerate(value):
            yield from _in_request(one, (*place, index), name)
    elif isinstance(value, str) and place[-1] == "data":
        form = parse_qsl(undone(value))
        yield from [Mistake(place, _under_auth(name))] if any(names_secret(*pair) for pair in form) else []
    elif isinstance(value, Mapping):
        for key, one in value.items():
            if isinstance(key, str) and _holds_secret(key, one, "headers" in place):
                yield Mistake((*place, key), _under_auth(name))
            elif isinstance(one, (Mapping, list)):
                yield from _in_request(one, (*place, key), name)
        # A list of pairs: {name: api_key, value: ...}.
        named = next((value[key] for key in _NAMES if isinstance(value.get(key), str)), "")
        yield from (
            Mistake((*place, key), _under_auth(name)) for key in _VALUES if _holds_secret(named, value.get(key))
        )


def _holds_secret(field: str, value: Any, in_header: bool = False) -> bool:
    return any(names_secret(field, leaf, in_header) for leaf in _leaves(value))


def _leaves(value: Any) -> Iterator[Any]:
    """The plain values in a field; those of a parameter that dlt fills are none."""
    if isinstance(value, Mapping):
        if value.get("type") not in ("incremental", "resolve"):
            for one in value.values():
                yield from _leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(one)
    elif value is not None:
        yield value


def _looking_so(value: Any, place: Place, name: str) -> Iterator[Mistake]:
    """Secrets that are known by their look, in any key or text of a description."""
    if isinstance(value, Mapping):
        for key, one in value.items():
            if place == () and key == NOT_SECRET:
                continue
            if isinstance(key, str) and look_of(key):
                yield Mistake((*place, "?"), f"a key here looks like a secret: {_under_auth(name)}")
            else:
                yield from _looking_so(one, (*place, key), name)
    elif isinstance(value, (list, tuple)):
        for index, one in enumerate(value):
            yield from _looking_so(one, (*place, index), name)
    elif isinstance(value, str) and (what := _look_at(value, place)):
        yield Mistake(place, f"looks like {what}; {_under_auth(name)}")


def _look_at(text: str, place: Place) -> str | None:
    step = next((str(step) for step in reversed(place) if isinstance(step, str)), "")
    if step in ("base_url", "token_url", "access_token_url"):
        # A user in one of these has a mistake of its own.
        text = re.sub(r"//[^/@]*@", "//", text)
    is_prose = bool(_PROSE & set(map(str, place))) and not _IN_REQUESTS & set(map(str, place))
    is_address = step in ("path", "base_url", "endpoint")
    if is_address and (what := certain_look_of(text) or look_of(_IDENTITY.sub(r"\g<kind>", text))):
        return what
    if not is_address and (what := look_of(text, step, is_prose)):
        return what
    is_name = place[:1] == ("resources",) and (len(place) == 2 or (len(place) == 3 and place[-1] == "name"))
    if is_name:
        return None
    # What an address sends by name is judged by `_in_query`.
    return _behind_a_name(text, step not in ("path", "base_url", "endpoint"))


def _behind_a_name(text: str, passwords_too: bool = True) -> str | None:
    found = (
        len(one) >= 8 and (not is_ordinary(one) or (passwords_too and is_password(one))) and names_secret(key, one)
        for key, one in pairs_in(text)
    )
    return "a secret behind its name" if any(found) else None


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
    """A secret behind a name in a path or an address; `names` are parameters that take one here."""
    address = value_at(raw, place)
    given = _parameters_in(address) if isinstance(address, str) else ()
    if any(names_secret(key, one) or (key in names and not PLACEHOLDER.fullmatch(one)) for key, one in given):
        yield Mistake(place, _under_auth(name))


def _parameters_in(address: str) -> list[tuple[str, str]]:
    """What an address sends by name: behind ? and #, and behind ; in its path, however often it is encoded."""
    parts = [part for each in {address, undone(address)} for part in re.split("[?#;&]", each)[1:]]
    return [pair for part in parts for pair in parse_qsl(part)]


def _names_in_queries(raw: Mapping[str, Any], endpoint: Place) -> list[str]:
    """The parameters by which this endpoint sends its key, such as a plain `key`."""
    places = (("client",), ("resource_defaults", "endpoint"), endpoint)
    auths = [value_at(raw, way) for place in places for way in _ways(raw, place)]
    in_query = [auth for auth in auths if isinstance(auth, Mapping) and auth.get("location") in ("query", "param")]
    return [auth["name"] for auth in in_query if isinstance(auth.get("name"), str)]


def _under_auth(name: str) -> str:
    told = f"no secret belongs in an API file; describe it under auth ({_places(name)})"
    return f"{told}, or name this path under {NOT_SECRET} if it is none"


def _instead(name: str, key: str) -> str:
    way = {"refresh_token": "write type: oauth2_refresh_token and ", "access_token": "write type: bearer and "}
    places = _places(name, "token" if key == "access_token" else key)
    return f"no secret belongs in an API file; {way.get(key, '')}{places}"


def _places(name: str, key: str | None = None) -> str:
    if key is None:
        return f"its value goes into the environment as {name.upper()}__API_KEY, __TOKEN, ..."
    return f"set {name.upper()}__{key.upper()} in the environment or {key} under [sources.{name}] in .dlt/secrets.toml"
