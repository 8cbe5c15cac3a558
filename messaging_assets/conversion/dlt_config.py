"""A dlt rest_api dictionary -> an API file: its words are ours, so that most of it stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from messaging_assets.conversion.outcome import NO_PAGINATOR, Converted, Draft, falls_alone
from messaging_assets.conversion.secret_fields import joined, taken_apart
from messaging_assets.conversion.texts import USUAL_PAGE, Hole, Lose, Settings, below, filled, has, only
from messaging_assets.files.rules.mistakes import step_into
from messaging_assets.files.rules.secrets import IN_AUTH

_STEPS = "processing_steps"
_CODE = (_STEPS, "response_actions", "session", "convert", "last_value_func")
_LOCATIONS = {"headers": "header", "params": "query", "json": "body", "data": "body"}


def from_dlt(config: Mapping[str, Any], converted: Converted) -> None:
    """Fill an API in from a dictionary of dlt's rest_api.

    Args:
        config: the dictionary; what running its file would tell is a hole.
        converted: is filled in.
    """
    client = dict(config.get("client") or {})
    lose = below(converted.lose, "client")
    address, told = client.pop("base_url", None), below(lose, "base_url")
    converted.client["base_url"] = filled(address, converted.settings, told, is_doubled=False, is_address=True)
    ways = _ways(client, converted.settings, lose)
    converted.client.update(_plain(client, converted.settings, lose))
    if ways:
        converted.client["auth"] = ways
    defaults = _resource(
        config.get("resource_defaults") or {}, converted.settings, below(converted.lose, "resource_defaults")
    )
    converted.defaults.update(defaults)
    is_paged = "paginator" in converted.client or "paginator" in (defaults.get("endpoint") or {})
    for one in config.get("resources") or []:
        _add(one, converted, is_paged)


def _add(one: Any, converted: Converted, is_paged: bool) -> None:
    if isinstance(one, str):
        one = {"name": one, "endpoint": {"path": one}}
    name = step_into(one, "name")
    if not isinstance(one, Mapping) or not isinstance(name, str):
        draft = converted.draft(name if isinstance(name, str) else "rows")
        code = only(one)
        draft.give_up(f"it is made by {code.name if code else 'code'}, which is not run here; write it by hand")
        return
    draft = converted.draft(name)
    draft.name = name if name.isascii() else draft.name
    with falls_alone(draft):
        _fill(draft, one, converted, is_paged)


def _fill(draft: Draft, one: Mapping[str, Any], converted: Converted, is_paged: bool) -> None:
    own = {word: value for word, value in one.items() if word != "name"}
    draft.raw = {"endpoint": {}, **_resource(own, converted.settings, draft.lose)}
    if isinstance(draft.raw["endpoint"], str):
        draft.raw["endpoint"] = {"path": draft.raw["endpoint"]}
    if "path" not in draft.endpoint and step_into(one.get("endpoint"), "path") is not None:
        draft.give_up("its path is not known without running the file")
    if not is_paged and draft.endpoint.get("paginator", "auto") in ("auto", {"type": "auto"}):
        draft.ask(NO_PAGINATOR, "endpoint")


def _resource(raw: Mapping[str, Any], settings: Settings, lose: Lose) -> dict[str, Any]:
    written = dict(raw)
    endpoint = written.pop("endpoint", None)
    made = _plain(written, settings, lose)
    in_endpoint = below(lose, "endpoint")
    if isinstance(endpoint, Mapping):
        endpoint = dict(endpoint)
        ways = _ways(endpoint, settings, in_endpoint)
        path = endpoint.get("path")
        if has(path, "setting") and not has(path, "unknown", "secret"):
            endpoint["path"] = filled(path, settings, below(in_endpoint, "path"), is_doubled=False, is_address=True)
        made["endpoint"] = _plain(endpoint, settings, in_endpoint)
        if ways:
            made["endpoint"]["auth"] = ways
    elif endpoint is not None:
        made["endpoint"] = _plain(endpoint, settings, in_endpoint)
    return {name: one for name, one in made.items() if one is not None}


def _ways(holder: dict[str, Any], settings: Settings, lose: Lose) -> Any:
    """Take authentication out of a client or an endpoint: what `auth` says, and secrets among its fields."""
    auth = holder.pop("auth", None)
    ways: list[Any] = []
    if isinstance(auth, str):
        ways.append({"type": auth})
    elif isinstance(auth, Mapping):
        # A secret's value stays where it is; which variable takes its place follows from the type.
        told = {name: one for name, one in auth.items() if name not in {*IN_AUTH, "session"}}
        way = {"type": auth.get("type", "bearer"), **_plain(told, settings, below(lose, "auth"))}
        ways.append(_by_assertion(way) if "auth_endpoint" in way else way)
    elif has(auth, "unknown", "setting", "secret"):
        lose("authentication is made by code, which is not run here; say it in auth", "auth")
    for part, location in _LOCATIONS.items():
        if isinstance(holder.get(part), Mapping):
            holder[part], found = taken_apart(holder[part], location, below(lose, part))
            ways += found
            if found and not holder[part]:
                del holder[part]
    return joined(ways)


def _by_assertion(way: Mapping[str, Any]) -> dict[str, Any]:
    """dlt's own OAuthJWTAuth, which signs with RS256 for an hour; the scopes are in what it signs."""
    scopes = way.get("scopes")
    claims = {"scope": scopes if isinstance(scopes, str) else " ".join(scopes)} if scopes else {}
    assertion: dict[str, Any] = {"algorithm": "RS256", "token_duration": 3600, **({"claims": claims} if claims else {})}
    if "private_key_passphrase" in way:
        assertion["passphrase"] = "private_key_passphrase"
    return {"type": way["type"], "token_url": way["auth_endpoint"], "assertion": assertion}


def _plain(value: Any, settings: Settings, lose: Lose) -> Any:
    """A value with its holes filled; what stays open is left out and told."""
    if isinstance(value, Mapping):
        made = {}
        for name, one in value.items():
            if name in _CODE and (name == _STEPS or "kind='unknown'" in repr(one)):
                lose(f"{name} is code, which no API file holds; see steps, or definitions_for from Python", name)
                continue
            found = _plain(one, settings, below(lose, name))
            if name == "paginator" and step_into(found, "type") == "offset" and "limit" not in found:
                told = f"how long is a page? {USUAL_PAGE} rows are asked for"
                lose(told, name, kind="question")
                found = {**found, "limit": USUAL_PAGE}
            if found is not None or one is None:
                made[name] = found
        return made
    if isinstance(value, list) and not any(isinstance(one, Hole) for one in value):
        found = [_plain(one, settings, lose) for one in value]
        return [one for one, before in zip(found, value, strict=True) if one is not None or before is None]
    if isinstance(value, list):
        # dlt's own placeholders keep their single braces.
        return filled(value, settings, lose, is_doubled=False)
    return value
