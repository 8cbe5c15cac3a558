"""A tap-rest-api-msdk config -> an API file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from messaging_assets.conversion.outcome import Converted, Draft, falls_alone
from messaging_assets.conversion.secret_fields import in_path, is_secret_field, joined, secret_name, taken_apart
from messaging_assets.conversion.tap_lists import add_mark, add_paging, selector
from messaging_assets.conversion.texts import GRANTS, Hole, Lose, at_itself, below, doubled, filled
from messaging_assets.description.ways.secret_signs import names_secret
from messaging_assets.discovery.found import without_nothing

# What a stream may say itself, and else the tap says for all.
_SHARED = (
    "path",
    "records_path",
    "primary_keys",
    "replication_key",
    "start_date",
    "source_search_field",
    "source_search_query",
    "except_keys",
    "schema",
)
_VARIABLE = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?")


def from_tap(config: Mapping[str, Any], converted: Converted) -> None:
    """Fill an API in from a tap's config; values of secrets are not looked at.

    Args:
        config: as its file has it.
        converted: is filled in.
    """
    streams = [one for one in as_value(config.get("streams")) or [] if isinstance(one, Mapping)]
    address, above = str(config.get("api_url") or ""), ""
    if not all(one.get("path", config.get("path")) for one in streams):
        address, above = at_itself(address)
    converted.client["base_url"] = filled(
        _text(address),
        converted.settings,
        below(converted.lose, "client", "base_url"),
        is_doubled=False,
        is_address=True,
    )
    auth = _auth(config, converted)
    waits = str(config.get("backoff_param") or "Retry-After")
    if config.get("backoff_type") == "message":
        waits = "message of an answer"
    if config.get("backoff_type") and waits.lower() != "retry-after":
        converted.lose(f"it reads how long to wait from the {waits}, which no word says", "client")
    for stream in streams:
        _add(
            {**stream, "path": f"{above.rstrip('/')}{stream.get('path', config.get('path')) or ''}"},
            config,
            converted,
            auth,
        )


def as_value(written: Any) -> Any:
    """A value of a config; one that stands in a variable of the environment is JSON."""
    if isinstance(written, str) and written.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(written)
        except ValueError:
            return written
    return written


def _text(value: Any) -> Any:
    """A text with the variables of a shell as holes, in whatever holds it."""
    if isinstance(value, Mapping):
        return {str(name): _text(one) for name, one in value.items()}
    if not isinstance(value, str) or not _VARIABLE.search(value):
        return value
    pieces = _VARIABLE.split(value)
    return [
        Hole("secret" if names_secret(one) else "setting", one.lower()) if number % 2 else one
        for number, one in enumerate(pieces)
        if number % 2 or one
    ]


def _auth(config: Mapping[str, Any], converted: Converted) -> list[dict[str, Any]]:
    method = config.get("auth_method") or "no_auth"
    if method == "bearer_token":
        return [{"type": "bearer"}]
    if method == "basic":
        return [{"type": "http_basic"}]
    if method == "api_key":
        # The tap itself sends the last of several.
        names = list(as_value(config.get("api_keys")) or {"X-API-KEY": None})
        return [{"type": "api_key", "name": names[-1], "location": "header"}]
    if method == "oauth":
        return _oauth(config, converted)
    if method == "aws":
        return _aws(config, converted)
    if method != "no_auth":
        converted.lose(f"it authenticates by {method}, which no word says", "client", "auth")
    return []


def _oauth(config: Mapping[str, Any], converted: Converted) -> list[dict[str, Any]]:
    grant = config.get("grant_type") or "client_credentials"
    lose = below(converted.lose, "client", "auth")
    extras = as_value(config.get("oauth_extras"))
    more = {
        name: f"{{secret.{secret_name(name)}}}"
        if is_secret_field(name, one)
        else filled(_text(one), converted.settings, lose, is_doubled=False)
        for name, one in (extras.items() if isinstance(extras, Mapping) else ())
    }
    if grant not in GRANTS:
        more = {"grant_type": grant, **more}
    way = {
        "type": GRANTS.get(grant, "oauth2"),
        "token_url": filled(
            _text(config.get("access_token_url")), converted.settings, lose, is_doubled=False, is_address=True
        ),
        "scopes": filled(_text(config.get("scope")), converted.settings, lose, is_doubled=False),
        "access_token_request_data": more,
        "default_token_expiration": config.get("oauth_expiration_secs"),
    }
    return [without_nothing(way)]


def _aws(config: Mapping[str, Any], converted: Converted) -> list[dict[str, Any]]:
    said = as_value(config.get("aws_credentials"))
    said = said if isinstance(said, Mapping) else {}
    region, service = str(said.get("aws_region") or ""), str(said.get("aws_service") or "")
    if not (region and service):
        converted.lose("it signs for AWS without a region or a service; write both in auth", "client", "auth")
        return []
    way = {"type": "aws_sigv4", "region": region, "service": service}
    return [{**way, "temporary": True} if said.get("aws_session_token") else way]


def _add(
    stream: Mapping[str, Any], config: Mapping[str, Any], converted: Converted, auth: list[dict[str, Any]]
) -> None:
    draft = converted.draft(str(stream.get("name") or "rows"))
    with falls_alone(draft):
        _fill(draft, stream, config, converted, auth)


def _fill(
    draft: Draft,
    stream: Mapping[str, Any],
    config: Mapping[str, Any],
    converted: Converted,
    auth: list[dict[str, Any]],
) -> None:
    said = {word: stream.get(word, config.get(word)) for word in _SHARED}
    path, of_path = in_path(_text(said["path"] or "/"), converted.settings), below(draft.lose, "endpoint", "path")
    draft.endpoint["path"] = filled(path, converted.settings, of_path, True, True)
    ways = list(auth)
    in_body = bool(config.get("use_request_body_not_params"))
    for part, sent_in in (("params", "json" if in_body else "params"), ("headers", "headers")):
        fields = _text({**(as_value(config.get(part)) or {}), **(as_value(stream.get(part)) or {})})
        kept, found = taken_apart(fields, sent_in, "POST", below(draft.lose, "endpoint", "auth"))
        ways += found
        lose = below(draft.lose, "endpoint", part)
        written = {name: _written(one, converted, lose) for name, one in kept.items()}
        draft.endpoint[part] = {name: one for name, one in written.items() if one is not None}
    draft.endpoint["auth"] = joined(ways)
    draft.endpoint["data_selector"] = selector(str(said["records_path"] or "$[*]"))
    add_paging(draft, config, in_body)
    add_mark(draft, said, str(config.get("pagination_response_style") or "default"), in_body)
    if in_body:
        draft.endpoint["method"] = "POST"
        draft.endpoint["json"] = draft.endpoint.pop("params", {})
        draft.lose("it sends its parameters in the body; see that method and json are right", "endpoint", "json")
    draft.tell_rows_apart([str(one) for one in said["primary_keys"] or []])
    if config.get("store_raw_json_message"):
        draft.lose("it keeps each record whole in _sdc_raw_json; nested values are JSON columns here", "nested")
    if said["except_keys"]:
        draft.ask("nested values are a JSON column each; nested: tables makes tables of lists", "nested")


def _written(value: Any, converted: Converted, lose: Lose) -> Any:
    return doubled(value) if isinstance(value, str) else filled(value, converted.settings, lose)
