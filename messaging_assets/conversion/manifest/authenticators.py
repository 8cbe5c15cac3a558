"""Authenticators of a manifest -> ways of authentication; the secrets themselves are asked for by their variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, get_args
from urllib.parse import urlsplit

from messaging_assets.conversion.components.expressions import pieces_of
from messaging_assets.conversion.components.parts import Part
from messaging_assets.conversion.components.values import Ref
from messaging_assets.conversion.manifest.scope import Scope
from messaging_assets.conversion.manifest.sent_secrets import (
    PLACE,
    address_of,
    location_of,
    secret_in,
    secrets_within,
    text_with_secrets,
)
from messaging_assets.conversion.secret_fields import in_turn, secret_name, way_of
from messaging_assets.conversion.texts import GRANTS, Hole, below, has
from messaging_assets.description.ways.secret_signs import names_secret
from messaging_assets.description.ways.signatures import JwtAlgorithm
from messaging_assets.discovery.found import without_nothing
from messaging_assets.files.rules.mistakes import mapping, step_into
from messaging_assets.files.rules.templates import texts_of

_OF_SESSION = {"query": "params", "header": "headers", "body": "body"}
_REQUEST_NAMES = ("client_id", "client_secret", "grant_type", "refresh_token")


def way_in(scope: Scope, part: Part | None, base_url: str) -> dict[str, Any] | None:
    """The way of authentication that an authenticator is; None where there is none, or none that can be said."""
    if part is None or part.kind == "NoAuth":
        return None
    known: dict[str, Callable[[Scope, Part], dict[str, Any] | None]] = {
        "ApiKeyAuthenticator": _api_key,
        "BearerAuthenticator": _bearer,
        "BasicHttpAuthenticator": _basic,
        "OAuthAuthenticator": _oauth,
        "JwtAuthenticator": _own_token,
        "LegacySessionTokenAuthenticator": _old_session,
        "MultipleTokenAuthenticator": lambda one, of: in_turn(
            of["header"], of["auth_method"], below(one.draft.lose, *PLACE)
        ),
        "SessionTokenAuthenticator": partial(_session, base_url=base_url),
        "SelectiveAuthenticator": partial(_selected, base_url=base_url),
    }
    if way := known.get(part.kind.removeprefix("RateLimited")):
        return way(scope, part)
    scope.draft.lose(f"it authenticates by {part.shown}; say under auth how, if a word does", *PLACE)
    return None


def _api_key(scope: Scope, part: Part) -> dict[str, Any] | None:
    name, location = location_of(part.part("inject_into"), part["header"])
    name = scope.written(name, part, *PLACE, is_doubled=False)
    if not name:
        scope.draft.lose("its key goes into a field that is not named", *PLACE)
        return None
    if step_into(part["inject_into"], "inject_into") == "body_data" and not scope.draft.endpoint.get("json"):
        scope.draft.endpoint.setdefault("data", {})
        scope.draft.is_form = True
    return way_of(
        str(name), location, text_with_secrets(scope, part["api_token"], part), below(scope.draft.lose, *PLACE)
    )


def _bearer(scope: Scope, part: Part) -> dict[str, Any] | None:
    text = text_with_secrets(scope, part["api_token"], part)
    prefix = "".join(one for one in text[:-1] if isinstance(one, str)) if len(text) > 1 else ""
    if any(isinstance(one, Hole) and one.kind == "unknown" for one in text) or not isinstance(text[-1], Hole):
        scope.draft.lose("its token is made of more than one secret; set the whole of it as the token", *PLACE)
        return {"type": "bearer"}
    return {"type": "bearer", "prefix": f"Bearer {prefix}"} if prefix else {"type": "bearer"}


def _basic(scope: Scope, part: Part) -> dict[str, Any]:
    empty = None
    for half in ("username", "password"):
        value = scope.text(part[half], part)
        if value in (None, ""):
            empty = half
        elif isinstance(value, str) or len(value) > 1:
            scope.draft.ask(f"the {half} is a text, or more than one setting; set the whole of it", *PLACE)
    return without_nothing({"type": "http_basic", "empty": empty})


def _own_token(scope: Scope, part: Part) -> dict[str, Any] | None:
    token = _jwt(scope, part)
    option = part.part("request_option")
    if token is None or (option is not None and option["inject_into"] != "header"):
        scope.draft.lose("its token cannot be said; say under auth how it is signed and sent", *PLACE)
        return None
    prefix = scope.text(part["header_prefix"], part)
    return {
        "type": "jwt",
        **token,
        **({"name": str(option["field_name"])} if option is not None else {}),
        "prefix": f"{prefix} " if isinstance(prefix, str) and prefix else "",
    }


def _jwt(scope: Scope, part: Part) -> dict[str, Any] | None:
    """What the client signs, as `jwt` and `assertion` have it; None where its algorithm is not known."""
    algorithm = scope.text(part["algorithm"], part)
    if algorithm not in get_args(JwtAlgorithm):
        return None
    if part["base64_encode_secret_key"] in (True, "true"):
        scope.draft.ask("it signs with the key's base64; set that as the secret", *PLACE)
    words = ("jwt_payload", "jwt_headers")
    said = {word: {**(part[word] or {}), **(part[f"additional_{word}"] or {})} for word in words}
    return without_nothing(
        {
            "secret": secret_in(scope, part["secret_key"], part) or "private_key",
            "algorithm": algorithm,
            "passphrase": secret_in(scope, part["passphrase"], part),
            "claims": secrets_within(scope, said["jwt_payload"], part),
            "jwt_headers": secrets_within(scope, said["jwt_headers"], part),
            "token_duration": part["token_duration"] if isinstance(part["token_duration"], int) else 1200,
        }
    )


def _oauth(scope: Scope, part: Part) -> dict[str, Any] | None:
    grant = scope.text(part["grant_type"] or "refresh_token", part)
    grant = grant if isinstance(grant, str) else "refresh_token"
    by_assertion = part["use_profile_assertion"] in (True, "true")
    signed = part.part("profile_assertion") if by_assertion else None
    assertion = _jwt(scope, signed) if signed is not None else None
    if by_assertion and assertion is None:
        scope.draft.lose(f"it asks for tokens by the grant {grant}, which no word says", *PLACE)
        return None
    address = address_of(scope, part["token_refresh_endpoint"], part)
    updater = part.part("refresh_token_updater")
    kind = "oauth2_jwt_bearer" if by_assertion else GRANTS.get(grant, "oauth2")
    names = {usual: _unlike(part[f"{usual}_name"], usual) for usual in _REQUEST_NAMES}
    way: dict[str, Any] = {
        "type": kind,
        "token_url": address,
        "assertion": assertion,
        "scopes": scope.written(part["scopes"], part, *PLACE, is_doubled=False) or None,
        "access_token_name": _unlike(part["access_token_name"], "access_token"),
        "expires_in_name": _unlike(part["expires_in_name"], "expires_in"),
        "request_names": {usual: name for usual, name in names.items() if name},
        "encoding": "query" if part["send_refresh_request_as_query_params"] in (True, "true") else None,
    }
    if kind == "oauth2_refresh_token":
        way["refresh_token_name"] = _unlike((updater and updater["refresh_token_name"]) or None, "refresh_token")
    more = {} if kind != "oauth2" or grant == "client_credentials" else {"grant_type": grant}
    way["access_token_request_data"] = {**more, **_token_fields(scope, part, kind)}
    if _by_header(scope, part):
        way["client_authentication"] = "header"
    return without_nothing(way)


def _unlike(value: Any, usual: str) -> str | None:
    return str(value) if value and value != usual else None


def _token_fields(scope: Scope, part: Part, kind: str) -> dict[str, Any]:
    body = part["refresh_request_body"]
    # These are sent by themselves, whatever the manifest repeats.
    known = {"client_id", "client_secret", "refresh_token", "grant_type"}
    known |= {"username", "password"} if kind == "oauth2_password" else set()
    fields: dict[str, Any] = {}
    for name, value in body.items() if isinstance(body, Mapping) else ():
        if name in known:
            continue
        text = scope.text(value, part)
        found: Any
        if names_secret(name, text if isinstance(text, str) else None) or has(text, "secret"):
            is_literal = not has(text, "secret", "setting")
            found = f"{{secret.{secret_name(name)}}}" if is_literal else secrets_within(scope, value, part)
        else:
            found = scope.written(value, part, *PLACE, is_doubled=False)
        if found is not None:
            fields[name] = found
    return fields


def _by_header(scope: Scope, part: Part) -> bool:
    headers = part["refresh_request_headers"]
    is_basic = False
    for name, value in headers.items() if isinstance(headers, Mapping) else ():
        if name.lower() == "authorization" and str(value).strip().lower().startswith("basic"):
            is_basic = True
        elif name.lower() not in ("content-type", "accept"):
            scope.draft.lose(f"it sends the header {name} when it asks for a token, which no word says", *PLACE)
    return is_basic


def _session(scope: Scope, part: Part, base_url: str) -> dict[str, Any] | None:
    login, sent = part.part("login_requester"), part.part("request_authentication")
    path = ".".join(map(str, part["session_token_path"] or []))
    if login is None or sent is None or not path:
        scope.draft.lose("it logs in by a request that the manifest does not describe", *PLACE)
        return None
    address = address_of(scope, login["url"] or login["url_base"], login)
    said = scope.written(login["path"] or "", login, *PLACE, is_doubled=False)
    if said is None:
        return None
    whole = "/".join(filter(None, (str(address or "").rstrip("/"), said.lstrip("/"))))
    asked = _login(scope, login)
    if asked is None or urlsplit(whole)[:2] != urlsplit(base_url)[:2]:
        of_other = "by something else than a name, a password or a key"
        why = of_other if asked is None else "at another address than the API's"
        scope.draft.lose(f"it logs in {why}, which session does not say", *PLACE)
        return None
    base = base_url.rstrip("/")
    below_base = whole[len(base) :] if whole.startswith(base) else "/" + whole.split("/", 3)[-1]
    option = None if sent.kind.endswith("BearerAuthenticator") else sent.part("inject_into")
    name, location = location_of(option, "Authorization")
    return {
        "type": "session",
        "login": {"path": below_base, **asked},
        _OF_SESSION[location]: {name: path if option else f"Bearer {{{path}}}"},
    }


def _login(scope: Scope, login: Part) -> dict[str, Any] | None:
    """What a login sends; None where that is neither a name, a password nor a key."""
    is_get = str(login["http_method"] or "GET").upper() == "GET"
    places = ("request_parameters",) if is_get else ("request_body_json", "request_body_data")
    place = next((one for one in places if login.own.get(one)), places[0])
    body, own = mapping(login.own.get(place)), mapping(login["request_headers"]).items()
    names = {half: _field_of(body, half) for half in ("username", "password")}
    by = login.part("authenticator")
    is_basic = by is not None and by.kind == "BasicHttpAuthenticator"
    headers = None if is_basic else _headers_of_login(scope, by)
    others = {name: one for name, one in body.items() if name not in names.values()}
    more = {name: one for name, one in own if name.lower() not in ("content-type", "accept", "authorization")}
    is_by_key = any(has(scope.text(one, login), "secret") for _, one in texts_of([others, more], ()))
    if not (is_basic or headers or is_by_key or any(names.values())):
        return None
    asked = {
        "method": "GET" if is_get else None,
        "fields": secrets_within(scope, others, login),
        "headers": {**(headers or {}), **secrets_within(scope, more, login)},
        "encoding": "basic" if is_basic else "form" if place == "request_body_data" else None,
    }
    return without_nothing(asked) | {
        f"{half}_field": one for half, one in names.items() if one != half and not is_basic
    }


def _headers_of_login(scope: Scope, by: Part | None) -> dict[str, str] | None:
    """The header by which a login itself authenticates; None where there is none."""
    way = way_in(scope, by, "")
    if way is None or way["type"] not in ("bearer", "api_key") or way.get("location", "header") != "header":
        return None
    usual = {"bearer": ("Bearer ", "token"), "api_key": ("", "api_key")}[way["type"]]
    prefix, secret = way.get("prefix", usual[0]), way.get("secret", usual[1])
    return {str(way.get("name", "Authorization")): f"{prefix}{{secret.{secret}}}"}


def _field_of(body: Mapping[str, Any], half: str) -> str | None:
    """The field of a login's body for the name or the password; another secret is neither."""
    for name, value in body.items():
        pieces = pieces_of(value, {}) if isinstance(value, str) else []
        taken = [one.last for one in pieces if isinstance(one, Ref) and one.root == "config"]
        is_password = any(word in f"{name} {taken}".lower() for word in ("pass", "secret", "key"))
        is_other = not is_password and any(map(names_secret, taken))
        if taken and not is_other and is_password == (half == "password"):
            return str(name)
    return None


def _old_session(scope: Scope, part: Part) -> dict[str, Any] | None:
    path = scope.written(part["login_url"], part, *PLACE, is_doubled=False)
    if not path or not part["header"] or not part["session_token_response_key"] or "://" in path:
        scope.draft.lose("it logs in by a request that session does not say", *PLACE)
        return None
    token = {part["header"]: part["session_token_response_key"]}
    return {"type": "session", "login": {"path": "/" + path.lstrip("/")}, "headers": token}


def _selected(scope: Scope, part: Part, base_url: str) -> dict[str, Any] | None:
    """One of several ways: the one that a setting names, else the first that can be said."""
    several = part["authenticators"] if isinstance(part["authenticators"], Mapping) else {}
    path = ".".join(map(str, part["authenticator_selection_path"] or []))
    scope.settings.asked.add(path)
    wanted = scope.settings.given.get(path)
    names = [name for name in several if wanted in (None, name)] or list(several)
    before = list(scope.draft.losses)
    for name in names:
        del scope.draft.losses[len(before) :]
        way = way_in(scope, Part(several[name], part.parameters), base_url)
        if way is not None:
            break
    else:
        return None
    others = ", ".join(one for one in several if one != name)
    if others and wanted is None:
        scope.draft.ask(f"the way '{name}' was taken; for {others}, give --setting {path}=...", *PLACE)
    return way
