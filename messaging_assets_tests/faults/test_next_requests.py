"""Lists whose further pages are asked for otherwise than the first: elsewhere, otherwise, or by a token alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from messaging_assets.assets.credentials import build_credentials
from messaging_assets.description.pagination import CursorPaginator
from messaging_assets.discovery.first_pages import Reader
from messaging_assets.files.api_files import describe
from messaging_assets.foundation.redaction import Redaction
from messaging_assets_tests.one_table import OneTable
from messaging_assets_tests.threaded_server import OfSecret, answering

SIZE, EVERY = 2, 7
TOKEN = {"type": "cursor", "cursor_path": "token", "cursor_param": "token"}
SCROLL = {"type": "cursor", "cursor_path": "token", "cursor_body_path": "token"}
ALONE = {**TOKEN, "next_request": {}}


class Search(OfSecret):
    """Refuses whatever comes beside a token, and takes one at `/v1/next` alone where it is told so.

    Attributes:
        refuses: the token that is not answered; empty for none.
        takes: what it takes beside a token.
    """

    def __init__(self) -> None:
        super().__init__()
        self.is_next_elsewhere, self.refuses = False, ""
        self.takes = frozenset[str]()

    def answer(self, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        """What is answered to a request that has its secret."""
        sent = {**query, **(body if isinstance(body, dict) else {})}
        token = str(sent.pop("token", ""))
        sent = {name: one for name, one in sent.items() if name not in {"keep", *self.takes}}
        is_odd = bool(token and sent) or (self.is_next_elsewhere and bool(token) != (path == "/v1/next"))
        if is_odd or (token and token == self.refuses):
            return 400, {"message": "nothing else goes with a token"}
        start = int(token or 0)
        more = {"token": str(start + SIZE)} if start + SIZE < EVERY else {}
        return 200, {"data": [{"id": one} for one in range(EVERY)][start : start + SIZE], **more}


@pytest.fixture
def search(monkeypatch: pytest.MonkeyPatch) -> Iterator[Search]:
    server = Search()
    with answering(server):
        monkeypatch.setenv("GENERIC_REST__BASE_URL", f"{server.address}/v1/")
        yield server


def endpoint(paginator: dict[str, Any], **words: Any) -> dict[str, Any]:
    return {
        "path": "find",
        "data_selector": "data",
        "paginator": paginator,
        "error_handler": {"max_retries": 0},
    } | words


def ids(table: OneTable) -> list[int]:
    return [row["id"] for row in table.rows()]


def test_a_token_that_takes_nothing_beside_it_comes_alone(one_table: OneTable, search: Search) -> None:
    synced = one_table.sync(endpoint=endpoint(ALONE, params={"state": "open", "size": SIZE}))

    assert (synced.error, ids(one_table)) == ("", [*range(EVERY)])
    assert synced.receipt["verdict"] == "read to the end"
    assert search.asked[:2] == [
        ("/v1/find", {"state": "open", "size": "2"}, None),
        ("/v1/find", {"token": "2"}, None),
    ]


def test_a_search_goes_on_at_another_path_with_another_body(one_table: OneTable, search: Search) -> None:
    search.is_next_elsewhere = True
    later = {"path": "/next", "params": {"keep": "1m"}, "json": {"keep": "1m"}}

    synced = one_table.sync(
        endpoint=endpoint({**SCROLL, "next_request": later}, method="POST", json={"query": "*", "size": SIZE})
    )

    assert (synced.error, ids(one_table)) == ("", [*range(EVERY)])
    assert search.asked[1:3] == [
        ("/v1/next", {"keep": "1m"}, {"keep": "1m", "token": "2"}),
        ("/v1/next", {"keep": "1m"}, {"keep": "1m", "token": "4"}),
    ]


def test_a_form_holds_the_token_alone(one_table: OneTable, search: Search) -> None:
    form = endpoint({**SCROLL, "next_request": {"data": {}}}, method="POST", data={"query": "*"})

    synced = one_table.sync(endpoint=form)

    assert (synced.error, ids(one_table)) == ("", [*range(EVERY)])
    assert [body for _, _, body in search.asked[:2]] == [{"query": "*"}, {"token": "2"}]


def test_a_text_begins_a_list_that_goes_on_by_a_form(one_table: OneTable, search: Search) -> None:
    form = endpoint({**SCROLL, "next_request": {"data": {}}}, method="POST", data='{{"query": "*"}}')
    described = {"client": {"base_url": "https://api.example.com"}}

    assert describe({**described, "resources": [{"name": "found", "endpoint": form}]}, "generic_rest")
    synced = one_table.sync(endpoint=form)

    assert (synced.error, ids(one_table)) == ("", [*range(EVERY)])


def test_further_pages_have_values_written_as_the_first_has_them(one_table: OneTable, search: Search) -> None:
    keep: dict[str, Any] = {"archived": True, "where": {"a": {"b": 1}}, "text": "{{x}}", "several": [True, 2]}
    search.takes = frozenset(keep)

    synced = one_table.sync(endpoint=endpoint({**TOKEN, "next_request": {"params": keep}}, params=keep))
    by_query = [{**query, "token": ""} for _, query, _ in search.asked[:2]]
    search.asked.clear()
    form = {**SCROLL, "next_request": {"data": keep}}
    one_table.sync(endpoint=endpoint(form, method="POST", data=keep))

    assert synced.error == ""
    assert by_query[0] == {"archived": "true", "where": '{"a":{"b":1}}', "text": "{x}", "several": "2", "token": ""}
    assert by_query[0] == by_query[1]
    assert [{**body, "token": ""} for _, _, body in search.asked[:2]] == by_query


@pytest.mark.parametrize("limit", [SIZE, "max"])
def test_the_size_of_a_page_goes_with_each_of_them(one_table: OneTable, search: Search, limit: Any) -> None:
    search.takes = frozenset({"size"})

    synced = one_table.sync(endpoint=endpoint({**ALONE, "limit": limit, "limit_param": "size"}))

    assert (synced.error, ids(one_table)) == ("", [*range(EVERY)])
    assert len({query["size"] for _, query, _ in search.asked}) == 1


def test_a_look_at_the_first_pages_asks_for_further_ones_as_a_sync_does(one_table: OneTable, search: Search) -> None:
    search.is_next_elsewhere = True
    described = one_table.describe(endpoint=endpoint({**TOKEN, "next_request": {"path": "/next"}}))

    reader = Reader(described, build_credentials(described), Redaction())
    came = reader.read(described.resources_in_full["resource_name"], 3)

    assert came.failure is None
    assert [path for path, _, _ in search.asked] == ["/v1/find", "/v1/next", "/v1/next"]


def test_an_interrupted_read_goes_on_by_the_token_alone(one_table: OneTable, search: Search) -> None:
    search.refuses = "6"
    words: Any = {"endpoint": endpoint(ALONE, params={"state": "open"}), "checkpoint": {"pages": 1}}

    failed, kept = one_table.sync(**words), ids(one_table)
    search.refuses = ""
    search.asked.clear()
    synced = one_table.sync(**words)

    assert not failed.green
    assert 0 < len(kept) < EVERY
    assert (synced.error, ids(one_table)) == ("", [*range(EVERY)])
    assert search.asked[0][1].keys() == {"token"}


@pytest.mark.parametrize(
    ("paginator", "words", "step"),
    [
        (TOKEN, {"params": {"state": "open"}}, "if it takes nothing beside the token, write next_request: {} in the"),
        ({**TOKEN, "cursor_param": "ignored"}, {}, "if further pages are asked for elsewhere, write next_request in"),
    ],
    ids=["refused", "repeated"],
)
def test_a_page_that_is_asked_for_otherwise_is_told_of_the_word_for_it(
    one_table: OneTable, search: Search, paginator: Any, words: Any, step: str
) -> None:
    synced = one_table.sync(endpoint=endpoint(paginator, **words))

    assert not synced.green
    assert step in synced.error


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({"path": "https://other.example.com/next"}, "is a path below client.base_url"),
        ({"params": {"since": "{incremental.start_value}"}}, "takes no placeholder of a list"),
        ({"path": "/of/{resources.channels.id}/next"}, "takes no placeholder of a list"),
        ({"json": {}, "data": {}}, "a request has one body"),
        ({"path": ""}, "is no path; write one, or leave it out"),
        ({"path": "/of/{id}"}, "nothing fills braces here; write the value, and"),
        ({"json": {"{job.id}": [1]}}, "nothing fills braces here"),
        ({"data": {"query": ["{"]}}, "nothing fills braces here"),
        ({"params": {"since": {"type": "incremental", "cursor_path": "at"}}}, "takes no type: incremental"),
        ({"params": {"of": [{"a": 1}]}}, "an object cannot be one of several values"),
    ],
    ids=[
        "another host",
        "a start",
        "a parent",
        "two bodies",
        "no path",
        "a name",
        "a job",
        "a lone brace",
        "a cursor",
        "objects in a list",
    ],
)
def test_what_a_further_page_cannot_be_asked_with_is_refused(written: Any, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        CursorPaginator.model_validate({**TOKEN, "next_request": written})


def test_a_form_with_a_place_below_a_field_for_the_token_is_refused() -> None:
    with pytest.raises(ValidationError, match="a form has fields and nothing below them; name one field"):
        CursorPaginator.model_validate({**SCROLL, "cursor_body_path": "a.b", "next_request": {"data": {}}})
