"""A tap-rest-api-msdk config -> an API file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from messaging_assets.conversion.endpoint_words import USUAL_PAGE, unusual
from messaging_assets.conversion.outcome import NO_PAGINATOR, Converted, Draft, falls_alone
from messaging_assets.conversion.secret_fields import is_secret_field, joined, secret_name, taken_apart
from messaging_assets.conversion.texts import Hole, Lose, below, doubled, filled
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
_GRANTS = {
    "client_credentials": "oauth2",
    "refresh_token": "oauth2_refresh_token",
    "password": "oauth2_password",
}
_PARAMS = {"offset": "offset", "style1": "offset"}


def from_tap(config: Mapping[str, Any], converted: Converted) -> None:
    """Fill an API in from a tap's config; values of secrets are not looked at.

    Args:
        config: as its file has it.
        converted: is filled in.
    """
    address = _text(config.get("api_url"))
    converted.client["base_url"] = filled(
        address, converted.settings, below(converted.lose, "client", "base_url"), is_doubled=False, is_address=True
    )
    auth = _auth(config, converted)
    if config.get("backoff_type") == "message":
        converted.lose("it reads how long to wait from the message of an answer, which no word says", "client")
    for stream in config.get("streams") or []:
        if isinstance(stream, Mapping):
            _add(stream, config, converted, auth)


def _text(value: Any) -> Any:
    """A text with the variables of a shell as holes."""
    if not isinstance(value, str) or not _VARIABLE.search(value):
        return value
    pieces = _VARIABLE.split(value)
    return [
        Hole("setting", one.lower()) if number % 2 else one for number, one in enumerate(pieces) if number % 2 or one
    ]


def _auth(config: Mapping[str, Any], converted: Converted) -> list[dict[str, Any]]:
    method = config.get("auth_method") or "no_auth"
    if method == "bearer_token":
        return [{"type": "bearer"}]
    if method == "basic":
        return [{"type": "http_basic"}]
    if method == "api_key":
        # The tap itself sends the last of several.
        names = list(config.get("api_keys") or {"X-API-KEY": None})
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
    extras = config.get("oauth_extras")
    more = {
        name: f"{{secret.{secret_name(name)}}}"
        if is_secret_field(name, one)
        else filled(_text(one), converted.settings, lose, is_doubled=False)
        for name, one in (extras.items() if isinstance(extras, Mapping) else ())
    }
    if grant not in _GRANTS:
        more = {"grant_type": grant, **more}
    way = {
        "type": _GRANTS.get(grant, "oauth2"),
        "token_url": filled(
            _text(config.get("access_token_url")), converted.settings, lose, is_doubled=False, is_address=True
        ),
        "scopes": filled(_text(config.get("scope")), converted.settings, lose, is_doubled=False),
        "access_token_request_data": more,
        "default_token_expiration": config.get("oauth_expiration_secs"),
    }
    return [without_nothing(way)]


def _aws(config: Mapping[str, Any], converted: Converted) -> list[dict[str, Any]]:
    said = config.get("aws_credentials")
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
    path = filled(_text(said["path"] or "/"), converted.settings, below(draft.lose, "endpoint", "path"), True, True)
    draft.endpoint["path"] = path
    ways = list(auth)
    in_body = bool(config.get("use_request_body_not_params"))
    for part, word, location in (("params", "params", "query"), ("headers", "headers", "header")):
        fields = {**(config.get(word) or {}), **(stream.get(word) or {})}
        kept, found = taken_apart(fields, location, below(draft.lose, "endpoint", "auth"))
        ways += found
        lose = below(draft.lose, "endpoint", part)
        written = {name: _written(one, converted, lose) for name, one in kept.items()}
        draft.endpoint[part] = {name: one for name, one in written.items() if one is not None}
    draft.endpoint["auth"] = joined(ways)
    draft.endpoint["data_selector"] = _selector(str(said["records_path"] or "$[*]"))
    _add_paging(draft, config)
    _add_mark(draft, said)
    if in_body:
        draft.endpoint["method"] = "POST"
        draft.endpoint["json"] = draft.endpoint.pop("params", {})
        draft.lose("it sends its parameters in the body; see that method and json are right", "endpoint", "json")
    draft.tell_rows_apart([str(one) for one in said["primary_keys"] or []])
    if said["except_keys"]:
        draft.ask("nested values are a JSON column each; nested: tables makes tables of lists", "nested")


def _written(value: Any, converted: Converted, lose: Lose) -> Any:
    found = _text(value)
    if isinstance(found, str):
        return doubled(found)
    return value if found is value else filled(found, converted.settings, lose)


def _selector(path: str) -> str:
    plain = path.strip().removeprefix("$").removeprefix(".")
    return plain.removesuffix("[*]").removesuffix(".") or "$"


def _add_paging(draft: Draft, config: Mapping[str, Any]) -> None:
    asked = str(config.get("pagination_request_style") or "default")
    answered = str(config.get("pagination_response_style") or "default")
    size, size_param = config.get("pagination_page_size"), config.get("pagination_limit_per_page_param")
    if asked in ("offset_paginator", "simple_offset_paginator", "style1"):
        draft.endpoint["paginator"] = _offset(draft, config)
    elif paginator := _paginator(asked, answered, config):
        draft.endpoint["paginator"] = paginator
        if size and (size_param or answered == "header_link"):
            draft.params[size_param or "per_page"] = size
    else:
        told = f"its pages go on by {asked}; declare the paginator"
        draft.ask(NO_PAGINATOR if asked == "default" else told, "endpoint")
    if config.get("pagination_results_limit"):
        draft.lose("it stops after a number of rows; here the list is read to its end", "endpoint", "paginator")


def _offset(draft: Draft, config: Mapping[str, Any]) -> dict[str, Any]:
    names = {
        "offset_param": config.get("pagination_next_page_param"),
        "limit_param": config.get("pagination_limit_per_page_param"),
    }
    first = config.get("pagination_initial_offset", 1)
    for word, name in names.items():
        draft.params.pop(name or word.removesuffix("_param"), None)
    if first == 1:
        told = "the first offset is 1, the tap's own default; does the API count from 0?"
        draft.ask(told, "endpoint", "paginator")
    size = config.get("pagination_page_size")
    said = unusual({**names, "offset": first or None})
    return {"type": "offset", "limit": size or USUAL_PAGE, **said, "total_path": None}


def _paginator(asked: str, answered: str, config: Mapping[str, Any]) -> dict[str, Any] | None:
    next_param, token = config.get("pagination_next_page_param"), config.get("next_page_token_path")
    if asked == "page_number_paginator":
        words = {"page_param": next_param, "has_more_path": _selector(token) if token else "hasMore"}
        return {"type": "page_number", "base_page": config.get("pagination_initial_offset", 1), **unusual(words)}
    if asked in ("header_link_paginator", "restapi_header_link_paginator"):
        return {"type": "header_link"}
    if asked == "simple_header_paginator" and not token:
        return {"type": "header_cursor", "cursor_key": "X-Next-Page", "cursor_param": next_param or "page"}
    if asked == "single_page_paginator":
        return {"type": "single_page"}
    if not token and asked != "jsonpath_paginator":
        return None
    path = _selector(token or "$.next_page")
    if answered == "hateoas_body":
        return {"type": "json_link", "next_url_path": path}
    return {"type": "cursor", "cursor_path": path, "cursor_param": next_param or _PARAMS.get(answered, "page")}


def _add_mark(draft: Draft, said: Mapping[str, Any]) -> None:
    key = said["replication_key"]
    if not key:
        return
    incremental: dict[str, Any] = {"cursor_path": key, "initial_value": said["start_date"]}
    field, query = said["source_search_field"], str(said["source_search_query"] or "")
    if field and query in ("$last_run_date", "${last_run_date}"):
        incremental |= {"start_param": field, "format": "%Y-%m-%dT%H:%M:%S"}
    elif field and "last_run_date" in query:
        text = doubled(query.replace("{last_run_date}", "last_run_date"))
        draft.params[field] = text.replace("$last_run_date", "{incremental.start_value}")
        incremental["format"] = "%Y-%m-%dT%H:%M:%S"
    elif field:
        draft.lose(f"what it sends as {field} is not said; write start_param", "endpoint", "incremental")
    draft.endpoint["incremental"] = without_nothing(incremental)
