"""How the lists of a tap-rest-api-msdk config go on, and what of them is new -> `paginator`, `incremental`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from messaging_assets.conversion.outcome import NO_PAGINATOR, Draft
from messaging_assets.conversion.texts import doubled, unusual
from messaging_assets.discovery.found import without_nothing

_OFFSETS = ("offset", "style1")
# Rows of a page that the tap asks for where nobody says how many.
_PAGE = 25
_START = "{incremental.start_value}"
_WRITTEN = "%Y-%m-%dT%H:%M:%S"
# What a style of links sends beside `since`, by the key of what is new.
_SORTED = {"updated_at": {"sort": "updated", "direction": "asc"}, "commit_timestamp": {"direction": "desc"}}
_SORTED |= {key: {"sort": "created", "direction": "desc"} for key in ("starred_at", "created_at")}
_IN_BODY = {"cursor": ("cursor",), "page_number": ("page",), "offset": ("offset", "limit")}


def selector(path: str) -> str:
    """A path of the tap as an API file has it: the list, where the tap says each of its elements."""
    plain = path.strip().removeprefix("$").removeprefix(".").replace("[-1:]", "[-1]")
    return plain.removesuffix("[*]").removesuffix(".") or "$"


def add_paging(draft: Draft, config: Mapping[str, Any], in_body: bool) -> None:
    """Say how pages go on, in a stream's resource.

    Args:
        draft: the resource, whose parameters lose what would be sent twice.
        config: the tap's.
        in_body: whether parameters are sent in the body.
    """
    asked = str(config.get("pagination_request_style") or "default")
    answered = str(config.get("pagination_response_style") or "default")
    size, size_param = config.get("pagination_page_size"), config.get("pagination_limit_per_page_param")
    if asked in ("offset_paginator", "simple_offset_paginator", "style1"):
        paginator: dict[str, Any] | None = _offset(draft, config)
    else:
        paginator = _paginator(asked, answered, config)
        if paginator and size and (size_param or answered == "header_link"):
            draft.params[size_param or "per_page"] = size
    if paginator:
        words = _IN_BODY.get(paginator["type"], ()) if in_body else ()
        places = {f"{word}_body_path": paginator.pop(f"{word}_param", word) for word in words}
        draft.endpoint["paginator"] = {**paginator, **places}
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
    sent = {word: draft.params.pop(name or word.removesuffix("_param"), None) for word, name in names.items()}
    if first == 1:
        told = "the first offset is 1, the tap's own default; does the API count from 0?"
        draft.ask(told, "endpoint", "paginator")
    size = str(config.get("pagination_page_size") or sent["limit_param"] or _PAGE)
    said = unusual({**names, "offset": first or None})
    return {"type": "offset", "limit": int(size) if size.isdigit() else _PAGE, **said, "total_path": None}


def _paginator(asked: str, answered: str, config: Mapping[str, Any]) -> dict[str, Any] | None:
    next_param, token = config.get("pagination_next_page_param"), config.get("next_page_token_path")
    if asked == "page_number_paginator":
        words = {"page_param": next_param, "has_more_path": selector(token) if token else "hasMore"}
        return {"type": "page_number", "base_page": config.get("pagination_initial_offset", 1), **unusual(words)}
    if asked in ("header_link_paginator", "restapi_header_link_paginator"):
        return {"type": "header_link"}
    if asked == "simple_header_paginator" and not token:
        return {"type": "header_cursor", "cursor_key": "X-Next-Page", "cursor_param": next_param or "page"}
    if asked == "single_page_paginator":
        return {"type": "single_page"}
    if not token and asked != "jsonpath_paginator":
        return None
    path = selector(token or "$.next_page")
    if answered == "hateoas_body":
        return {"type": "json_link", "next_url_path": path}
    usual = "offset" if answered in _OFFSETS else "page"
    return {"type": "cursor", "cursor_path": path, "cursor_param": next_param or usual}


def add_mark(draft: Draft, said: Mapping[str, Any], answered: str, in_body: bool) -> None:
    """Say which field is the mark, and how what is new is asked for.

    Args:
        draft: the stream's resource.
        said: what the config says of the stream.
        answered: the style by which the tap makes parameters.
        in_body: whether they are sent in the body.
    """
    key = str(said["replication_key"] or "")
    if not key:
        return
    incremental: dict[str, Any] = {"cursor_path": key, "initial_value": said["start_date"]}
    if re.search(r"[a-z]_.*[A-Z]|[A-Z].*_", key):
        told = f"the tap makes '{key}' of fields inside others; write the path that the API has, such as a.b"
        draft.ask(told, "endpoint", "incremental")
    field, query = said["source_search_field"], str(said["source_search_query"] or "")
    if answered == "header_link":
        incremental["start_param"] = "since"
        draft.params.update(_SORTED.get(key, {}))
    elif field and (query or answered == "hateoas_body"):
        asked = _asked(query or "gt$last_run_date", in_body)
        if asked is None:
            draft.lose(f"what it sends as {field} is not said; write start_param", "endpoint", "incremental")
        elif asked == _START:
            incremental |= {"start_param": field, "format": _WRITTEN}
        else:
            draft.params[field] = asked
            incremental["format"] = _WRITTEN
    elif answered != "hateoas_body":
        draft.params.update({"sort": "asc", "order_by": key})
    draft.endpoint["incremental"] = without_nothing(incremental)


def _asked(query: str, in_body: bool) -> Any:
    """What asks for what is new: a text, or in a body the JSON that it is; None where it takes no start."""
    if "last_run_date" not in query:
        return None
    try:
        return _with_start(json.loads(query) if in_body else query)
    except ValueError:
        return None


def _with_start(value: Any) -> Any:
    if isinstance(value, dict):
        return {doubled(name): _with_start(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_with_start(one) for one in value]
    if not isinstance(value, str):
        return value
    return doubled(value.replace("${last_run_date}", "$last_run_date")).replace("$last_run_date", _START)
