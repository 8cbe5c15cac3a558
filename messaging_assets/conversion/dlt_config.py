"""A dlt rest_api dictionary -> an API file: its words are ours, so that most of it stays as it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from messaging_assets.conversion.outcome import NO_PAGINATOR, Converted, Draft, falls_alone
from messaging_assets.conversion.secret_fields import PARTS, in_path, joined, taken_apart
from messaging_assets.conversion.texts import (
    USUAL_PAGE,
    Hole,
    Lose,
    Settings,
    below,
    doubled,
    filled,
    has,
    named,
    only,
    quoted,
)
from messaging_assets.discovery.found import plain_name
from messaging_assets.files.rules.mistakes import step_into
from messaging_assets.files.rules.secrets import IN_AUTH

_STEPS = "processing_steps"
_CODE = (_STEPS, "response_actions", "session", "convert", "last_value_func")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*")
_PARENT = re.compile(r"\{resources\.([^.{}]+)\.")
# What dlt fills in a text, and which of it also stands where other braces mean themselves.
_FILLED = re.compile(r"\{[A-Za-z_][\w.-]*\}")
_OF_OTHERS = re.compile(r"(\{(?:resources|incremental)\.[\w.-]+\})")
# A start or an end may be the time of asking, less some time.
_BOUNDS = ("initial_value", "end_value")
# What the time of asking in a request cannot lie before it, as no such unit has one length.
_NO_LENGTH = re.compile(r"now-\d+(mo|y):")


class _Ways(NamedTuple):
    """How a list authenticates that says nothing of it, and which of that goes with each request all the same."""

    every: list[Any]
    fields: list[Any]


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
    way, fields = _ways(client, converted.settings, lose)
    converted.client.update(_plain(client, converted.settings, lose))
    ways = _Ways([*way, *fields], fields)
    if ways.every:
        converted.client["auth"] = joined(ways.every)
    told = below(converted.lose, "resource_defaults")
    defaults, ways = _resource(config.get("resource_defaults") or {}, converted.settings, told, ways)
    converted.defaults.update(defaults)
    is_paged = "paginator" in converted.client or "paginator" in (defaults.get("endpoint") or {})
    resources = config.get("resources") or []
    written = [one if isinstance(one, str) else step_into(one, "name") for one in resources]
    names = {one: plain_name(one, "rows") for one in written if isinstance(one, str) and not _NAME.fullmatch(one)}
    for one in resources:
        _add(_renamed(one, names) if names else one, converted, is_paged, ways)


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    """A resource with other resources called as the file calls them, such as `user_groups` for `user-groups`."""
    if isinstance(value, Mapping):
        names_one = ("resource",) if value.get("type") == "resolve" else ()
        return {
            key: names.get(one, one) if key in names_one and isinstance(one, str) else _renamed(one, names)
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [_renamed(one, names) for one in value]
    if not isinstance(value, str):
        return value
    return _PARENT.sub(lambda found: f"{{resources.{names.get(found[1], found[1])}.", value)


def _add(written: Any, converted: Converted, is_paged: bool, ways: _Ways) -> None:
    one: Any = {"name": written, "endpoint": {"path": written}} if isinstance(written, str) else written
    name = step_into(one, "name")
    if not isinstance(one, Mapping) or not isinstance(name, str):
        code = only(one)
        made_by = re.match(r"(\w+)\(", code.name) if code else None
        draft = converted.draft(made_by[1] if made_by else name if isinstance(name, str) else "rows")
        draft.give_up(f"it is made by {code.name if code else 'code'}, which is not run here; write it by hand")
        return
    draft = converted.draft(name)
    if _NAME.fullmatch(name):
        draft.name = name
    else:
        one = {**one, "endpoint": {"path": name, **_as_endpoint(one.get("endpoint"))}}
    with falls_alone(draft):
        _fill(draft, one, converted, is_paged, ways)


def _as_endpoint(written: Any) -> Mapping[str, Any]:
    return written if isinstance(written, Mapping) else {"path": written} if written else {}


def _fill(draft: Draft, one: Mapping[str, Any], converted: Converted, is_paged: bool, ways: _Ways) -> None:
    own = {word: value for word, value in one.items() if word != "name"}
    draft.raw = {"endpoint": {}, **_resource(own, converted.settings, draft.lose, ways)[0]}
    if isinstance(draft.raw["endpoint"], str):
        draft.raw["endpoint"] = {"path": draft.raw["endpoint"]}
    draft.is_form = "data" in draft.endpoint
    if "path" not in draft.endpoint and step_into(one.get("endpoint"), "path") is not None:
        draft.give_up("its path is not known without running the file")
    if not is_paged and draft.endpoint.get("paginator", "auto") in ("auto", {"type": "auto"}):
        draft.ask(NO_PAGINATOR, "endpoint")


def _resource(raw: Mapping[str, Any], settings: Settings, lose: Lose, ways: _Ways) -> tuple[dict[str, Any], _Ways]:
    """A resource, or what stands for all of them, as the file has it, and how its requests authenticate."""
    written = dict(raw)
    endpoint = written.pop("endpoint", None)
    made = _plain(written, settings, lose)
    in_endpoint = below(lose, "endpoint")
    if isinstance(endpoint, Mapping):
        endpoint = dict(endpoint)
        own, fields = _ways(endpoint, settings, in_endpoint)
        path = in_path(endpoint.get("path"), settings)
        if has(path, "setting", "in_path") and not has(path, "unknown"):
            endpoint["path"] = filled(path, settings, below(in_endpoint, "path"), is_doubled=False, is_address=True)
        made["endpoint"] = _plain(endpoint, settings, in_endpoint)
        if own or fields:
            # Fields go with each request, whatever its auth is; an auth takes the place of another one.
            ways = _Ways([*(own + ways.fields if own else ways.every), *fields], [*ways.fields, *fields])
            made["endpoint"]["auth"] = joined(ways.every)
    elif endpoint is not None:
        made["endpoint"] = _plain(endpoint, settings, in_endpoint)
    return {name: one for name, one in made.items() if one is not None}, ways


def _ways(holder: dict[str, Any], settings: Settings, lose: Lose) -> tuple[list[Any], list[Any]]:
    """Take authentication out of a client or an endpoint: what `auth` says, and secrets among its fields."""
    auth = holder.pop("auth", None)
    ways: list[Any] = []
    fields: list[Any] = []
    if isinstance(auth, str):
        ways.append({"type": auth})
    elif isinstance(auth, Mapping):
        # A secret's value stays where it is; which variable takes its place follows from the type.
        told = {name: one for name, one in auth.items() if name not in {*IN_AUTH, "session"}}
        way = {"type": auth.get("type", "bearer"), **_plain(told, settings, below(lose, "auth"))}
        ways.append(_by_assertion(way) if "auth_endpoint" in way else way)
        for name in (one for one in auth if one in IN_AUTH and has(auth[one], "secret", "setting")):
            if beside := "".join(one for one in auth[name] if isinstance(one, str)):
                words = f"its {name} has {quoted(beside)} beside the secret; the variable takes both"
                lose(words, "auth", kind="question")
    elif has(auth, "unknown", "setting", "secret"):
        lose("authentication is made by code, which is not run here; say it in auth", "auth")
    for part in PARTS:
        if isinstance(holder.get(part), Mapping):
            holder[part], found = taken_apart(holder[part], part, holder.get("method"), below(lose, part))
            fields += found
            if found and not holder[part] and part != "data":
                del holder[part]
    return ways, fields


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
        for name, one in _with_format(value, lose).items():
            written = _as_said(name, one, lose)
            found = _plain(written, settings, below(lose, name))
            if name == "paginator" and step_into(found, "type") == "offset" and "limit" not in found:
                told = f"how long is a page? {USUAL_PAGE} rows are asked for"
                lose(told, name, kind="question")
                found = {**found, "limit": USUAL_PAGE}
            is_left = name in PARTS and one and found == {}
            if (found is not None or one is None) and not is_left:
                made[name] = found
        return made
    if isinstance(value, list) and not any(isinstance(one, Hole) for one in value):
        several = [_plain(one, settings, lose) for one in value]
        return [one for one, before in zip(several, value, strict=True) if one is not None or before is None]
    return _plain_text(value, settings, lose)


def _plain_text(value: Any, settings: Settings, lose: Lose) -> Any:
    if isinstance(value, str) and "{{" not in value and "{" in _FILLED.sub("", value):
        lose("its braces are taken to mean themselves, as in a query; do they?", kind="question")
        return "".join(one if place % 2 else doubled(one) for place, one in enumerate(_OF_OTHERS.split(value)))
    if any(_NO_LENGTH.match(one) for one in named(value, "now")):
        lose("a time that lies months or years before now is left out here; write it in days, {now-30d:iso}")
        return None
    # dlt's own placeholders keep their single braces.
    return filled(value, settings, lose, is_doubled=False) if isinstance(value, list) else value


def _with_format(value: Mapping[str, Any], lose: Lose) -> Mapping[str, Any]:
    """A cursor whose start or end is a time before now, with how that is written."""
    holes = [only(value[name]) for name in _BOUNDS if name in value and "cursor_path" in value]
    written = {hole.name.partition(":")[2] for hole in holes if hole and hole.kind == "now"} - {"iso"}
    if len(written) != 1 or "format" in value:
        return value
    [pattern] = written
    told = f"start and end are sent as {pattern}, also once records have come; is that right?"
    lose(told, "format", kind="question")
    return {**value, "format": pattern}


def _as_said(name: str, value: Any, lose: Lose) -> Any:
    """What a word says without code; None where that is nothing."""
    if name in _CODE:
        rest = _without_code(name, value)
        if rest != value:
            lose(f"{name} is code, which no API file holds; see steps, or definitions_for from Python", name)
        return rest or None
    hole = only(value) if name in _BOUNDS else None
    return (hole.name.partition(":")[0].removeprefix("now") or "now") if hole and hole.kind == "now" else value


def _without_code(name: str, value: Any) -> Any:
    """What is no code of a word that may be; None where nothing is left."""
    if name == _STEPS or not isinstance(value, list) or any(isinstance(one, Hole) for one in value):
        is_code = name == _STEPS or "kind='unknown'" in repr(value)
        return None if value and is_code else value
    return [one for one in value if "kind='unknown'" not in repr(one)]
