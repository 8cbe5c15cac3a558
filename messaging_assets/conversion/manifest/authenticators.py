"""Authenticators of a manifest -> ways of authentication; the secrets themselves are asked for by their variables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from messaging_assets.conversion.manifest.expressions import Ref, pieces_of
from messaging_assets.conversion.manifest.parts import Part
from messaging_assets.conversion.manifest.scope import Scope
from messaging_assets.conversion.secret_fields import way_of
from messaging_assets.conversion.texts import Hole, below
from messaging_assets.discovery.found import without_nothing
from messaging_assets.files.rules.secret_signs import names_secret

_LOCATIONS = {"request_parameter": "query", "header": "header", "body_json": "body", "body_data": "body"}
_PLACE = ("endpoint", "auth")


def way_in(scope: Scope, part: Part | None, base_url: str) -> dict[str, Any] | None:
    """The way of authentication that an authenticator is; None where there is none, or none that can be said."""
    if part is None or part.kind == "NoAuth":
        return None
    known = {
        "ApiKeyAuthenticator": _api_key,
        "BearerAuthenticator": _bearer,
        "BasicHttpAuthenticator": _basic,
        "OAuthAuthenticator": _oauth,
    }
    if part.kind in known:
        return known[part.kind](scope, part)
    if part.kind == "SessionTokenAuthenticator":
        return _session(scope, part, base_url)
    if part.kind == "LegacySessionTokenAuthenticator":
        return _old_session(scope, part)
    if part.kind == "SelectiveAuthenticator":
        return _selected(scope, part, base_url)
    scope.draft.lose(f"it authenticates by {part.shown}; say under auth how, if a word does", *_PLACE)
    return None


def _secret(scope: Scope, value: Any, part: Part) -> Any:
    """A text in which each setting is a secret, as it goes where secrets go."""
    text = scope.text(value, part)
    parts = [text] if isinstance(text, str) else list(text or [])
    return [Hole("secret", one.name) if isinstance(one, Hole) and one.kind == "setting" else one for one in parts]


def _api_key(scope: Scope, part: Part) -> dict[str, Any] | None:
    option = part.part("inject_into")
    name, location = part["header"], "header"
    if option:
        location = _LOCATIONS.get(str(option["inject_into"]), "header")
        path = option["field_path"]
        name = ".".join(map(str, path)) if isinstance(path, list) else option["field_name"]
    name = scope.written(name, part, *_PLACE, is_doubled=False)
    if not name or (location == "body" and "." in str(name)):
        scope.draft.lose("its key goes into a field inside the body, where no way of authentication puts one", *_PLACE)
        return None
    return way_of(str(name), location, _secret(scope, part["api_token"], part), below(scope.draft.lose, *_PLACE))


def _bearer(scope: Scope, part: Part) -> dict[str, Any] | None:
    text = _secret(scope, part["api_token"], part)
    prefix = "".join(one for one in text[:-1] if isinstance(one, str)) if len(text) > 1 else ""
    if any(isinstance(one, Hole) and one.kind == "unknown" for one in text) or not isinstance(text[-1], Hole):
        scope.draft.lose("its token is made of more than one secret; set the whole of it as the token", *_PLACE)
        return {"type": "bearer"}
    return {"type": "bearer", "prefix": f"Bearer {prefix}"} if prefix else {"type": "bearer"}


def _basic(scope: Scope, part: Part) -> dict[str, Any]:
    empty = None
    for half in ("username", "password"):
        value = scope.text(part[half], part)
        if value in (None, ""):
            empty = half
        elif isinstance(value, str) or len(value) > 1:
            told = f"the {half} is a text of the manifest's own, or more than one setting; set the whole of it"
            scope.draft.ask(told, *_PLACE)
    return without_nothing({"type": "http_basic", "empty": empty})


def _oauth(scope: Scope, part: Part) -> dict[str, Any] | None:
    grant = scope.text(part["grant_type"] or "refresh_token", part)
    grant = grant if isinstance(grant, str) else "refresh_token"
    if grant not in ("client_credentials", "refresh_token") or part["use_profile_assertion"] in (True, "true"):
        scope.draft.lose(f"it asks for tokens by the grant {grant}, which no word says", *_PLACE)
        return None
    address = scope.written(part["token_refresh_endpoint"], part, *_PLACE, is_doubled=False, is_address=True)
    updater = part.part("refresh_token_updater")
    way: dict[str, Any] = {
        "type": "oauth2" if grant == "client_credentials" else "oauth2_refresh_token",
        "token_url": address,
        "scopes": scope.written(part["scopes"], part, *_PLACE, is_doubled=False) or None,
        "access_token_name": _unlike(part["access_token_name"], "access_token"),
        "expires_in_name": _unlike(part["expires_in_name"], "expires_in"),
        "refresh_token_name": _unlike((updater and updater["refresh_token_name"]) or None, "refresh_token"),
    }
    if grant == "client_credentials":
        del way["refresh_token_name"]
    way["access_token_request_data"] = _token_fields(scope, part)
    if _by_header(scope, part):
        way["client_authentication"] = "header"
    for name, usual in (("client_id_name", "client_id"), ("client_secret_name", "client_secret")):
        if _unlike(part[name], usual):
            scope.draft.lose(f"it calls {usual} '{part[name]}' when it asks for a token, which no word says", *_PLACE)
    if part["send_refresh_request_as_query_params"]:
        scope.draft.lose("it asks for a token by parameters of the address, which no word says", *_PLACE)
    return without_nothing(way)


def _unlike(value: Any, usual: str) -> str | None:
    return str(value) if value and value != usual else None


def _token_fields(scope: Scope, part: Part) -> dict[str, Any]:
    body = part["refresh_request_body"]
    fields: dict[str, Any] = {}
    for name, value in body.items() if isinstance(body, Mapping) else ():
        # These are sent by themselves, whatever the manifest repeats.
        if name in ("client_id", "client_secret", "refresh_token", "grant_type"):
            continue
        text = scope.text(value, part)
        if names_secret(name, text if isinstance(text, str) else None):
            scope.draft.lose(f"the secret '{name}' goes with the request for a token, which no word says", *_PLACE)
        elif (found := scope.written(value, part, *_PLACE, is_doubled=False)) is not None:
            fields[name] = found
    return fields


def _by_header(scope: Scope, part: Part) -> bool:
    headers = part["refresh_request_headers"]
    is_basic = False
    for name, value in headers.items() if isinstance(headers, Mapping) else ():
        if name.lower() == "authorization" and str(value).strip().lower().startswith("basic"):
            is_basic = True
        elif name.lower() not in ("content-type", "accept"):
            scope.draft.lose(f"it sends the header {name} when it asks for a token, which no word says", *_PLACE)
    return is_basic


def _session(scope: Scope, part: Part, base_url: str) -> dict[str, Any] | None:
    login, sent = part.part("login_requester"), part.part("request_authentication")
    path = ".".join(map(str, part["session_token_path"] or []))
    if login is None or sent is None or not path:
        scope.draft.lose("it logs in by a request that the manifest does not describe", *_PLACE)
        return None
    address = scope.written(login["url"] or login["url_base"], login, *_PLACE, is_doubled=False, is_address=True)
    said = scope.written(login["path"], login, *_PLACE, is_doubled=False) or ""
    whole = "/".join(filter(None, (str(address or "").rstrip("/"), said.lstrip("/"))))
    body = next((one for one in map(login.own.get, ("request_body_json", "request_body_data")) if one), None)
    names = {half: _field_of(body, half) for half in ("username", "password")}
    option = sent.part("inject_into")
    is_header = sent.kind.endswith("BearerAuthenticator") or (option is not None and option["inject_into"] == "header")
    why = None
    if str(login["http_method"] or "GET").upper() != "POST" or not all(names.values()):
        why = "by something else than a POST with a name and a password in its body"
    elif not is_header:
        why = "and sends the token elsewhere than in a header"
    elif urlsplit(whole)[:2] != urlsplit(base_url)[:2]:
        why = "at another address than the API's"
    if why:
        scope.draft.lose(f"it logs in {why}, which session does not say", *_PLACE)
        return None
    headers = {"Authorization": f"Bearer {{{path}}}"}
    if option is not None and not sent.kind.endswith("BearerAuthenticator"):
        headers = {str(option["field_name"]): path}
    encoding = None if login["request_body_json"] else "form"
    fields = {f"{half}_field": name for half, name in names.items() if name != half}
    base = base_url.rstrip("/")
    below_base = whole[len(base) :] if whole.startswith(base) else "/" + whole.split("/", 3)[-1]
    return {
        "type": "session",
        "login": without_nothing({"path": below_base, **fields, "encoding": encoding}),
        "headers": headers,
    }


def _field_of(body: Any, half: str) -> str | None:
    """The field of a login's body for the name or the password."""
    for name, value in body.items() if isinstance(body, Mapping) else ():
        taken = [one.last for one in pieces_of(str(value), {}) if isinstance(one, Ref) and one.root == "config"]
        is_password = any(word in f"{name} {taken}".lower() for word in ("pass", "secret", "key"))
        if taken and is_password == (half == "password"):
            return str(name)
    return None


def _old_session(scope: Scope, part: Part) -> dict[str, Any] | None:
    path = scope.written(part["login_url"], part, *_PLACE, is_doubled=False)
    if not path or not part["header"] or not part["session_token_response_key"] or "://" in path:
        scope.draft.lose("it logs in by a request that session does not say", *_PLACE)
        return None
    login = {"path": "/" + path.lstrip("/")}
    return {"type": "session", "login": login, "headers": {part["header"]: part["session_token_response_key"]}}


def _selected(scope: Scope, part: Part, base_url: str) -> dict[str, Any] | None:
    """One of several ways: the one that a setting names, else the first that can be said."""
    several = part["authenticators"]
    path = ".".join(map(str, part["authenticator_selection_path"] or []))
    several = several if isinstance(several, Mapping) else {}
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
        scope.draft.ask(f"the way '{name}' was taken; for {others}, give --setting {path}=...", *_PLACE)
    return way
