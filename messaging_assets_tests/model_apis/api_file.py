"""The API file that describes an API of these traits."""

from __future__ import annotations

from typing import Any

from messaging_assets_tests.model_apis import moments
from messaging_assets_tests.model_apis.bodies import FIELDS
from messaging_assets_tests.model_apis.traits import FLAT, FURTHER, JSON, LINKED, WINDOWS, Traits

COLUMNS: dict[str, Any] = {
    "id": {"data_type": "bigint", "nullable": False},
    "name": {"data_type": "text"},
    "amount": {"data_type": "double"},
    "is_on": {"data_type": "bool"},
    "tags": {"data_type": "json"},
}


def file_of(one: Traits, url: str) -> dict[str, Any]:
    """The whole file."""
    resources = [_list(one)]
    if one["parents"]:
        parent: dict[str, Any] = {"path": "/parents", "data_selector": "data", "paginator": "single_page"}
        if one["is_parent_paged"]:
            parent["paginator"] = {"type": "offset", "limit": 2}
        resources.insert(0, {"name": "parents", "primary_key": "id", "selected": False, "endpoint": parent})
    return {
        "client": {"base_url": url, "max_in_flight": one["ahead"], **_auth(one, url)},
        "resource_defaults": {"endpoint": {"error_handler": {"max_retries": 3, "backoff_factor": 0}}},
        "resources": resources,
    }


def _auth(one: Traits, url: str) -> dict[str, Any]:
    ways: dict[str, Any] = {
        "api_key": {"type": "api_key", "name": "key", "location": "query"},
        "oauth2": {"type": "oauth2", "token_url": f"{url}/token"},
    }
    return {} if one["auth"] == "none" else {"auth": ways.get(one["auth"], one["auth"])}


def _list(one: Traits) -> dict[str, Any]:
    resource: dict[str, Any] = {"name": "rows", "endpoint": _endpoint(one), "write_disposition": one["disposition"]}
    if one["is_keyed"]:
        resource["primary_key"] = "id"
    if one["kinds"]:
        resource["for_each"] = {"kind": one["kinds"]}
    if one["parents"]:
        resource["include_from_parent"] = ["id"]
    if one["deletes"] != "ignore":
        resource["deletes"] = one["deletes"]
    if one["deletes"] != "ignore" or one["disposition"] == "replace":
        resource["maximum_deleted_share"] = 1
    return {**resource, **({"columns": columns} if (columns := _columns(one)) else {})}


def _columns(one: Traits) -> dict[str, Any]:
    is_typed = one["format"] in (*JSON, "ndjson")
    if is_typed and not one["is_declared"]:
        return {}
    at = "bigint" if "epoch" in one["stamp"] else "timestamp"
    return {**COLUMNS, "at": {"data_type": at}, **({} if is_typed else {"tags": {"data_type": "text"}})}


def _endpoint(one: Traits) -> dict[str, Any]:
    endpoint: dict[str, Any] = {
        "path": "/parents/{resources.parents.id}/rows" if one["parents"] else "/rows",
        "data_selector": "$" if one["format"] in FLAT else "answer.rows.row" if one["format"] == "xml" else "data",
        "paginator": _paginator(one),
    }
    if one["format"] != "json":
        endpoint["format"] = {"columns": FIELDS} if one["format"] == "lists" else one["format"]
    if one["has_beside"]:
        endpoint["include_from_answer"] = {"answered": "answer.place" if one["format"] == "xml" else "place"}
    if one["method"] == "POST":
        endpoint["method"] = "POST"
    if one["kinds"]:
        endpoint["json" if one["method"] == "POST" else "params"] = {"kind": "{for_each.kind}"}
    if one["range"] != "all":
        endpoint["incremental"] = _incremental(one)
    return endpoint


def _paginator(one: Traits) -> Any:
    kind, in_body = one["paging"], one["method"] == "POST"
    inside = "answer." if one["format"] == "xml" else ""
    ends: dict[str, Any] = {}
    if one["total"] == "more":
        ends["has_more_path"] = f"{inside}has_more"
        ends |= {"end_path": ends.pop("has_more_path"), "end_value": False} if kind in LINKED else {}
    rows = {"rows_total_path": f"{inside}total"} if one["total"] == "told" else {}
    if kind == "single_page":
        return kind
    if kind == "offset":
        own: dict[str, Any] = {"limit": one["limit"], "total_path": f"{inside}total" if rows else None}
        if in_body:
            own |= {"offset_body_path": "offset", "limit_body_path": "limit"}
        if one["overlap"] is not None and one["overlap"] < one["limit"]:
            own["overlap"] = one["overlap"]
        return {"type": kind, **own, **ends}
    if kind == "page_number":
        return {"type": kind, **({"page_body_path": "page"} if in_body else {}), **rows, **ends}
    to = {"cursor_body_path": "cursor"} if in_body else {"cursor_param": "cursor"}
    if kind == "cursor":
        later = {"next_request": {"path": FURTHER}} if one["further"] == "alone" else {}
        return {"type": kind, "cursor_path": "next", **to, **later, **rows, **ends}
    if kind == "last_id":
        last = {"json": "data[-1].id", "lists": "data[-1][0]", "xml": "answer.rows.row[-1].id"}.get(
            one["format"], "$[-1].id"
        )
        to = {"cursor_body_path": "after"} if in_body else {"cursor_param": "after"}
        return {"type": "cursor", "cursor_path": last, **to, **rows}
    if kind == "header_cursor":
        return {"type": kind, "cursor_key": "X-Next", **to, **rows, **ends}
    return {"type": kind, **({"next_url_path": "next"} if kind == "json_link" else {}), **rows}


def _incremental(one: Traits) -> dict[str, Any]:
    said: dict[str, Any] = {"cursor_path": "at"}
    begin = moments.written(moments.BEGIN, one["stamp"])
    if "epoch" in one["stamp"]:
        said["cursor_format"] = one["stamp"]
    if one["asked"]:
        said["format"] = one["asked"]
    if one["range"] in ("since", "after", "between", *WINDOWS):
        said["start_param"] = "since"
    if one["range"] in ("between", *WINDOWS):
        said["end_param"] = "until"
    if one["range"] == "after":
        said["range_start"] = "open"
    if one["range"] == "newest_first":
        said["row_order"] = "desc"
    if one["range"] in WINDOWS:
        said |= {"initial_value": begin, "step": "P30D"}
    if one["range"] == "most":
        said["maximum_results"] = 6
    if one["lag"]:
        said["lag"] = one["lag"]
    return said
