"""The end of a list is evidence: what an answer says beside the list is believed more than the file's paginator."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from requests import Request
from requests.structures import CaseInsensitiveDict

from messaging_assets.description.api import Endpoint
from messaging_assets.foundation.failures import SyncFailure
from messaging_assets.foundation.json_paths import are_names, find_values
from messaging_assets.reading.list_context import ListContext
from messaging_assets.reading.paging.paginators import build_paginator
from messaging_assets.reading.receipt import Receipt
from messaging_assets_tests.faults.one_list import OneList, ids, made

CURSOR = {"type": "cursor", "cursor_path": "meta.next"}
LINK = {"type": "json_link", "next_url_path": "links.next"}
OFFSETS = {"type": "offset", "limit": 10}
PAGES = {"type": "page_number", "base_page": 1}
Pages = Callable[[dict[str, Any], int], Any]


@dataclass
class Read:
    """What came of reading a list."""

    verdict: str
    reason: str
    ids: list[int]
    requests: int


def rows(number: int, start: int = 0) -> list[dict[str, Any]]:
    return [{"id": row} for row in range(start, start + number)]


def read(
    pages: Pages | Any, paginator: Any, headers: dict[str, str] | None = None, known: bool = True, **endpoint: Any
) -> Read:
    """Read a list by the paginator itself; a sync of each would take a hundred times as long."""
    whole = Endpoint.model_validate({"paginator": paginator, "data_selector": "data", **endpoint})
    receipt, came, asked = Receipt(), list[int](), 0
    source = ListContext("api.list", whole, ("id",), receipt, None, lambda row, reason, page: None)
    source.so_far.is_start_known = known
    one = build_paginator(source)
    request = Request("GET", "https://api.invalid/list", params=dict(whole.params))
    one.init_request(request)
    try:
        while one.has_next_page:
            body = pages(dict(request.params), asked) if callable(pages) else pages
            asked += 1
            assert asked < 300, "the read never ends"
            page = list(body["data"])
            answer = SimpleNamespace(
                parsed=body,
                request=request.prepare(),
                url=request.url,
                links={},
                headers=CaseInsensitiveDict(headers or {}),
                json=lambda b=body: b,
            )
            one.update_state(answer, page)
            came += [row["id"] for row in page]
            one.update_request(request)
    except SyncFailure as failure:
        return Read("red", str(failure), came, asked)
    return Read(receipt.finding.verdict.words, receipt.finding.reason, came, asked)


MORE: dict[str, Any] = {
    "has_more": True,
    "more": True,
    "pageInfo": {"hasNextPage": True, "endCursor": "x"},
    "isLast": False,
    "done": False,
    "next": "/list?page=2",
    "paging": {"cursors": {"after": "abc"}},
    "marker": "m-3",
    "@odata.nextLink": "https://api.invalid/list?$skiptoken=3",
    "odata.nextLink": "list?$skiptoken=3",
    "_links": {"next": {"href": "/list?page=2"}},
    "meta": {"total_count": 2500},
    "total": 2500,
    "total_pages": 4,
    "info": {"more_records": True},
    "response_metadata": {"next_cursor": "dGVhbQ"},
    "per_page": 3,
    "IsTruncated": True,
    "hits": {"total": {"value": 50}},
    "timed_out": True,
    "warnings": ["results truncated due to limit"],
}
MORE_IN_HEADERS = {
    "X-Total-Count": "90",
    "Content-Range": "items 0-2/90",
    "Link": '</list?page=2>; rel="next"',
    "X-Next-Page": "2",
    "X-Total-Pages": "3",
    "x-ms-continuation": "abc",
}


@pytest.mark.parametrize("paginator", [CURSOR, LINK, "single_page"], ids=str)
@pytest.mark.parametrize("key", [*MORE, *MORE_IN_HEADERS])
def test_an_only_page_with_any_sign_of_more_is_unknown_and_the_place_is_named(key: str, paginator: Any) -> None:
    body = {"data": rows(3)} | ({key: MORE[key]} if key in MORE else {})
    headers = {key: MORE_IN_HEADERS[key]} if key in MORE_IN_HEADERS else {}
    came = read(body, paginator, headers)
    assert came.verdict == "unknown"
    assert key in came.reason or key == "per_page"


@pytest.mark.parametrize("selector", ["$['result']['items']", "result.items.[*]", "$..items", "result.items"])
def test_what_stands_beside_a_list_is_heard_however_its_selector_is_spelled(one_list: OneList, selector: str) -> None:
    one_list.fault(rewrite=lambda payload, request: {"result": {"items": rows(3), "has_more": True}})
    outcome = one_list.outcome({"type": "single_page"}, data_selector=selector)
    assert (outcome.ids, outcome.verdict) == ([0, 1, 2], "unknown")
    assert "'result.has_more' says that there is more" in outcome.reason


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_method_that_is_written_small_is_taken(one_list: OneList, method: str) -> None:
    outcome = one_list.outcome({"type": "single_page"}, method=method, data_selector="data")
    assert outcome.green, outcome.sentence


WHOLE: list[dict[str, Any]] = [
    {"page": 1, "per_page": 20, "next": None, "count": 20},
    {"count": 20, "unread_count": 900, "online_count": 5},
    {"code": 0, "status": "ok", "error": None, "errors": []},
    {"api": {"total": 999}},
    {"rate_limit": {"total": 5000, "remaining": 4999}},
    {"has_more": False, "next_cursor": "x"},
    {"pageInfo": {"hasNextPage": False, "endCursor": "x"}},
    {"nextSyncToken": "abc", "next_run": "2025-01-01", "total_time": 900},
    {"success": True, "result_info": {"page": 1, "per_page": 25, "count": 20, "total_count": 20, "total_pages": 1}},
    {"size": 20, "limit": 25, "start": 0, "isLastPage": True},
    {"links": {"self": "/list", "first": "/list", "last": "/list"}},
    {"next": False, "next_page": 0, "next_cursor": "0", "timed_out": False},
    {"total": 20, "per_page": 20},
]


@pytest.mark.parametrize("paginator", [CURSOR, LINK, "single_page", "header_link"], ids=str)
@pytest.mark.parametrize("beside", WHOLE, ids=str)
def test_a_whole_list_stays_green_whatever_stands_beside_it(beside: dict[str, Any], paginator: Any) -> None:
    headers = {"X-RateLimit-Limit": "5000", "X-Total": "20", "X-Next-Page": "", "Link": '</list>; rel="first"'}
    assert read({"data": rows(20), **beside}, paginator, headers).verdict == "read to the end"
    assert read({"data": rows(20), **beside}, paginator).verdict == "read to the end"


def test_a_full_only_page_is_no_end_where_nothing_was_ever_at_the_place_of_the_next() -> None:
    came = read({"data": rows(100)}, CURSOR)
    assert came.verdict == "unknown"
    assert "nothing was ever at 'meta.next', and the only page was full (100 rows)" in came.reason
    assert read({"data": rows(100), "meta": {"next": None}}, CURSOR).verdict == "read to the end"
    assert read({"data": rows(99)}, CURSOR, params={"limit": 100}).verdict == "read to the end"
    assert read({"data": rows(40)}, CURSOR, params={"limit": 40}).verdict == "unknown"


@pytest.mark.parametrize("words", [{"json": {"limit": 40}}, {"data": {"limit": 40}}], ids=["a body", "a form"])
def test_a_page_that_is_as_long_as_its_request_says_is_full(words: dict[str, Any]) -> None:
    assert read({"data": rows(40)}, CURSOR, method="POST", **words).verdict == "unknown"
    assert read({"data": rows(39)}, CURSOR, method="POST", **words).verdict == "read to the end"


def test_a_place_that_was_at_work_ends_the_list_but_not_against_a_plain_word() -> None:
    def pages(params: dict[str, Any], asked: int) -> Any:
        return {"data": rows(10, asked * 10), "meta": {"next": "a" if asked < 1 else None}, "cursor": "c", **beside}

    beside: dict[str, Any] = {}
    assert read(pages, CURSOR).verdict == "read to the end"
    beside = {"has_more": True}
    assert read(pages, CURSOR).verdict == "unknown"


def test_has_more_path_null_says_that_such_a_word_is_not_to_be_believed() -> None:
    body = {"data": rows(3), "has_more": True}
    assert read(body, {**CURSOR, "has_more_path": None}).verdict == "read to the end"


def moving(name: str, gone: int, paged: str = "cursor", **beside: Any) -> Pages:
    """A list of 30, in pages of 10, of which some vanish in front before the second request."""

    def pages(params: dict[str, Any], asked: int) -> Any:
        every = rows(30)[gone if asked else 0 :]
        start = {
            "cursor": int(params.get("cursor") or 0),
            "offset": int(params.get("offset") or 0),
            "page": (int(params.get("page") or 1) - 1) * 10,
        }[paged]
        page = every[max(start, 0) : start + min(10, int(params.get("limit") or 10))] if start >= 0 else []
        following = {"next": start + 10} if paged == "cursor" and start + 10 < len(every) else {}
        counts = {name: len(every)} if name else {}
        return {"data": page, "meta": {**following, **counts}, "item_count": len(page), **beside}

    return pages


@pytest.mark.parametrize("name", ["total", "totalCount", "filtered_count", "count", "list_count", "recordsTotal"])
def test_a_count_that_nobody_declared_and_that_moves_is_a_list_that_moved(name: str) -> None:
    came = read(moving(name, gone=4), CURSOR)
    assert came.verdict == "unknown"
    assert f"'meta.{name}' moved from 30 to 26" in came.reason
    assert read(moving(name, gone=0), CURSOR).verdict == "read to the end"
    assert read(moving(name, gone=4), CURSOR, total="ignore").verdict == "read to the end"


@pytest.mark.parametrize("name", ["unread_count", "member_count", "total_time", "count_of_calls"])
def test_a_number_that_counts_something_else_may_move(name: str) -> None:
    assert read(moving(name, gone=4), CURSOR).verdict == "read to the end"


@pytest.mark.parametrize("own", ["of the page", "so far", "left"])
def test_a_count_of_the_page_of_the_rows_so_far_or_of_those_left_is_no_total(own: str) -> None:
    def pages(params: dict[str, Any], asked: int) -> Any:
        start = int(params.get("cursor") or 0)
        page = rows(25)[start : start + 10]
        number = {"of the page": len(page), "so far": start + len(page), "left": 25 - start - len(page)}[own]
        return {"data": page, "count": number, "meta": {"next": start + 10 if start + 10 < 25 else None}}

    assert read(pages, CURSOR).verdict == "read to the end"


@pytest.mark.parametrize("last", [1, 0])
def test_a_number_of_pages_that_counts_those_left_moves_with_each_page(last: int) -> None:
    def pages(params: dict[str, Any], asked: int) -> Any:
        start = int(params.get("cursor") or 0)
        left = 3 - start // 10 + last - 1
        return {
            "data": rows(30)[start : start + 10],
            "page_count": left,
            "meta": {"next": start + 10 if start < 20 else None},
        }

    assert read(pages, CURSOR).verdict == "read to the end"


@pytest.mark.parametrize(("total", "verdict"), [(30, "unknown"), (20, "read to the end")])
def test_a_list_that_is_asked_for_what_is_new_is_counted_too(total: int, verdict: str) -> None:
    def pages(params: dict[str, Any], asked: int) -> Any:
        start = int(params.get("cursor") or 0)
        return {"data": rows(20)[start : start + 10], "total": total, "meta": {"next": 10 if not start else None}}

    came = read(pages, CURSOR, incremental={"cursor_path": "id", "start_param": "since", "initial_value": 0})

    assert (len(came.ids), came.verdict) == (20, verdict)


def test_an_offset_list_that_nothing_counts_overlaps_by_a_row_and_sees_what_moves() -> None:
    quiet, moved = read(moving("", 0, "offset"), OFFSETS), read(moving("", 6, "offset"), OFFSETS)
    plain = read(moving("", 0, "offset"), {**OFFSETS, "overlap": 0})
    assert quiet.ids == list(range(30))
    assert quiet.verdict == "read to the end"
    assert quiet.requests <= plain.requests + 1
    assert moved.verdict == "unknown"
    assert "the rows at a page join were gone" in moved.reason
    assert read(moving("", 6, "offset"), {**OFFSETS, "overlap": 0}).verdict == "read to the end"
    assert read(moving("total", 0, "offset"), OFFSETS).requests == plain.requests


@pytest.mark.parametrize(("number", "limit"), [(250, 100), (200, 100), (199, 100), (2500, 100), (3, 100), (10, 2)])
def test_the_overlap_costs_one_request_at_most(number: int, limit: int) -> None:
    def pages(params: dict[str, Any], asked: int) -> Any:
        return {"data": rows(number)[params["offset"] : params["offset"] + params["limit"]]}

    came = read(pages, {"type": "offset", "limit": limit})
    assert came.ids == list(range(number))
    assert came.requests <= -(-number // limit) + 1 + 1


def test_an_api_that_takes_whole_pages_only_is_read_without_the_overlap() -> None:
    def pages(params: dict[str, Any], asked: int) -> Any:
        start = params["offset"] // 10 * 10
        return {"data": rows(30)[start : start + 10]}

    assert read(pages, OFFSETS).ids == list(range(30))


def test_a_page_list_that_nothing_counts_looks_at_its_first_page_once_more() -> None:
    quiet, moved = read(moving("", 0, "page"), PAGES), read(moving("", 6, "page"), PAGES)
    assert (quiet.verdict, quiet.ids, quiet.requests) == ("read to the end", list(range(30)), 6)
    assert moved.verdict == "unknown"
    assert "the first page holds other rows" in moved.reason
    assert read(moving("total", 0, "page"), PAGES).requests == 4


@pytest.mark.parametrize(("first", "base"), [(1, 0), (0, 1)])
@pytest.mark.parametrize("number", [5, 25])
def test_a_first_sync_asks_for_the_page_before_its_first_once(first: int, base: int, number: int) -> None:
    def pages(params: dict[str, Any], asked: int) -> Any:
        start = (params["page"] - first) * 10
        return {"data": rows(number)[start : start + 10] if start >= 0 else []}

    wrong = read(pages, {"type": "page_number", "base_page": base}, known=False)
    assert wrong.verdict == "red"
    assert f"the API counts its pages from {first}; write base_page: {first}" in wrong.reason
    right = read(pages, {"type": "page_number", "base_page": first}, known=False)
    assert (right.verdict, right.ids) == ("read to the end", list(range(number)))
    assert right.requests <= read(pages, {"type": "page_number", "base_page": first}).requests + 1


FAILED: list[dict[str, Any]] = [
    {"ok": False},
    {"success": False, "message": "secret-content"},
    {"status": "error"},
    {"result": "FAILED"},
    {"meta": {"status": "error"}},
    {"code": 429, "message": "secret-content"},
    {"errcode": 40001, "errmsg": "secret-content"},
    {"statusCode": 403},
    {"status": {"code": 5, "message": "secret-content"}},
    {"Error": {"Code": "secret-content"}},
    {"stat": "fail"},
    {"code": "RATE_LIMITED", "message": "secret-content"},
]
FINE: list[dict[str, Any]] = [
    {"ok": True, "status": 200},
    {"code": 0, "message": "nothing found"},
    {"code": 20000, "message": "成功"},
    {"code": 1, "msg": "success"},
    {"status": "active", "message": "hello"},
    {"error": {"code": 0, "message": ""}, "errors": []},
    {"success": 1, "failed": 0},
    {"result": "success", "error": False},
    {"type": "message", "state": "failed"},
]


@pytest.mark.parametrize("said", FAILED, ids=str)
def test_an_answer_that_says_it_failed_is_red_without_rows_and_unknown_beside_some(said: dict[str, Any]) -> None:
    none, some = read({"data": [], **said}, "single_page"), read({"data": rows(2), **said}, "single_page")
    assert (none.verdict, some.verdict) == ("red", "unknown")
    assert "an empty list beside" in none.reason
    assert "say error_in_body: {path: " in none.reason
    assert "secret-content" not in none.reason + some.reason


@pytest.mark.parametrize("said", FINE, ids=str)
def test_an_answer_that_says_it_is_well_is_believed(said: dict[str, Any]) -> None:
    for page in (rows(2), []):
        assert read({"data": page, **said}, "single_page").verdict == "read to the end"


PATHS = {
    "@odata.nextLink": "link",
    "odata.nextLink": "dotted",
    "next page": "blank",
    "$next": "dollar",
    "x.$next": "below",
    "a.b.c": "deep",
    "page-info.next": "dashed",
    "'@odata.nextLink'": "link",
    "$.next page": "blank",
}


@pytest.mark.parametrize("path", PATHS)
def test_a_path_means_the_keys_as_the_api_writes_them(path: str) -> None:
    body = {
        "@odata.nextLink": "link",
        "odata.nextLink": "dotted",
        "next page": "blank",
        "$next": "dollar",
        "x": {"$next": "below"},
        "a": {"b.c": "deep"},
        "page-info": {"next": "dashed"},
    }
    assert find_values(path, body) == [PATHS[path]]


@pytest.mark.parametrize("path", ["links[0].href", "data[*].row", "a..b", "$", "@", "a.*", "data where x", "a,b"])
def test_an_operator_of_the_language_stays_one(path: str) -> None:
    assert not are_names(path)


def test_a_refusal_in_the_body_leaves_the_table_as_it_was_and_is_declared_by_its_value(one_list: OneList) -> None:
    one_list.resource |= {"write_disposition": "replace"}
    assert one_list.sync().green
    one_list.fault(rewrite=lambda payload, request: {**payload, "data": [], "success": False})
    outcome = one_list.sync()
    assert not outcome.green
    assert outcome.ids == ids(250)
    assert "error_in_body: {path: success, unless: true}" in outcome.sentence
    declared = one_list.sync(error_in_body={"path": "success", "unless": True})
    assert "answered 200 with an error at 'success'" in declared.sentence


@pytest.mark.parametrize(
    ("declared", "said", "green"),
    [
        ({"path": "meta.status", "values": ["timeout"]}, {"meta": {"status": "timeout"}}, False),
        ({"path": "meta.status", "values": ["timeout"]}, {"meta": {"status": "done"}}, True),
        ({"path": "code", "values": [7, 8]}, {"code": "8"}, False),
        ({"path": "ok", "unless": True}, {"ok": "true"}, True),
        ({"path": "ok", "unless": True}, {}, False),
    ],
)
def test_the_values_of_an_error_are_those_that_the_file_names(
    one_list: OneList, declared: Any, said: Any, green: bool
) -> None:
    one_list.has(3)
    one_list.fault(rewrite=lambda payload, request: {**payload, **said})
    assert one_list.outcome({"type": "single_page"}, error_in_body=declared).green is green


def test_a_text_in_a_record_ignores_no_list_and_a_value_may(one_list: OneList) -> None:
    one_list.has([{**made(0), "text": "not_in_channel"}])
    said = [{"content": "not_in_channel", "action": "ignore"}]
    assert one_list.sync({"type": "single_page"}, response_actions=said).ids == ids(1)
    one_list.fault(body=json.dumps({"ok": False, "error": "not_in_channel"}).encode())
    by_value = [{"path": "error", "values": ["not_in_channel"], "action": "ignore"}]
    outcome = one_list.sync({"type": "single_page"}, response_actions=by_value)
    assert (outcome.green, outcome.verdict) == (True, "unknown")
