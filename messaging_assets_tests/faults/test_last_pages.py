"""How a list says that it is over: by itself, by a flag, by its last record; and what only looks like that."""

from __future__ import annotations

import json
from typing import Any

import pytest

from messaging_assets.description.api import ApiDescription
from messaging_assets.foundation.failures import MendDescription, ReadIncomplete
from messaging_assets.sandbox import Request
from messaging_assets_tests.faults.one_list import OneList, Outcome
from messaging_assets_tests.one_table import OneTable
from messaging_assets_tests.raw_server import RawServer, answer

TOKENS = {"type": "cursor", "cursor_path": "end", "cursor_param": "from"}
PAGES: dict[str, tuple[list[int], str]] = {"": ([1, 2], "a"), "a": ([], "b"), "b": ([3], "c"), "c": ([], "c")}


def asked(request: Request, name: str) -> str:
    """A parameter of the query."""
    return request.query.get(name, "")


def answers(one_list: OneList, make: Any) -> None:
    """Let the API answer with what `make` gives for a request."""
    one_list.fault(rewrite=lambda payload, request: make(request))


def rows(*keys: int) -> list[dict[str, Any]]:
    return [{"id": key, "at": key // 3} for key in keys]


def in_pages(pages: dict[str, tuple[list[int], str]], link: str | None = None) -> Any:
    def make(request: Request) -> dict[str, Any]:
        keys, end = pages[asked(request, "from")]
        return {"data": rows(*keys), "end": f"{link}?from={end}" if link else end}

    return make


@pytest.mark.parametrize("kind", ["token", "relative link", "absolute link"])
def test_an_empty_page_that_names_itself_is_the_end(one_list: OneList, kind: str) -> None:
    links = {"relative link": "messages", "absolute link": f"{one_list.sandbox.url}/messaging/v1/messages"}
    answers(one_list, in_pages(PAGES, links.get(kind)))
    outcome = one_list.outcome(TOKENS if kind == "token" else {"type": "json_link", "next_url_path": "end"})
    assert (outcome.sentence, outcome.ids) == ("", [1, 2, 3])
    assert outcome.verdict == "read to the end"
    assert outcome.receipt["how_it_ended"] == {"an empty page that names itself": 1}


@pytest.mark.parametrize("wrong", [([], "a"), ([3], "c")], ids=["an empty page names another", "a page with rows"])
def test_another_circle_stays_red(one_list: OneList, wrong: tuple[list[int], str]) -> None:
    answers(one_list, in_pages({**PAGES, "c": wrong}))
    outcome = one_list.outcome(TOKENS)
    assert isinstance(outcome.failure, ReadIncomplete), outcome


def export(flag: Any = lambda is_last: is_last, count: int = 30, size: int = 10) -> Any:
    """A list by time, where each page begins with the moment of the last row before."""

    def make(request: Request) -> dict[str, Any]:
        rest = [row for row in rows(*range(count)) if row["at"] >= int(asked(request, "from") or 0)]
        part, is_last = rest[:size], len(rest) <= size
        said = flag(is_last)
        end = part[-1]["at"]
        body = {
            "data": part,
            "end": end,
            "next": f"messages?from={end}",
            "page": {} if said is None else {"over": None if said == "null" else said},
        }
        # Rows of one moment come in no order.
        moment = [row for row in part if row["at"] == part[0]["at"]]
        return {**body, "data": [*moment[::-1], *part[len(moment) :]]}

    return make


FLAGS: dict[str, tuple[Any, dict[str, Any]]] = {
    "true": (lambda is_last: is_last, {}),
    "a text": (lambda is_last: str(is_last), {}),
    "a number": (lambda is_last: int(is_last), {}),
    "false": (lambda is_last: not is_last, {"end_value": False}),
    "a word": (lambda is_last: "DONE" if is_last else "MORE", {"end_value": "DONE"}),
    "null at the end": (lambda is_last: "null" if is_last else "more", {"end_value": None}),
    "there at the end": (lambda is_last: is_last or None, {}),
}


@pytest.mark.parametrize(("kind", "disposition"), [*((kind, "merge") for kind in FLAGS), ("true", "append")])
def test_a_flag_of_the_end_ends_an_export_whose_pages_share_a_row(
    one_list: OneList, kind: str, disposition: str
) -> None:
    flag, words = FLAGS[kind]
    one_list.resource["write_disposition"] = disposition
    answers(one_list, export(flag))
    paginator = {**TOKENS, "end_path": "page.over", **words}
    outcome = one_list.outcome(paginator)
    assert (outcome.sentence, sorted(map(int, outcome.ids))) == ("", list(range(30)))
    assert outcome.verdict == "read to the end", outcome.reason
    assert outcome.receipt["how_it_ended"] == {"the API said that there is no more": 1}


def by_page(one_list: OneList, flags: list[Any]) -> Any:
    def make(request: Request) -> dict[str, Any]:
        page = int(asked(request, "page") or int(asked(request, "offset") or 0) // 2 or 0)
        # Some give the last page once more for whatever is behind it.
        place = min(page, len(flags) - 1)
        body = {
            "data": rows(2 * place, 2 * place + 1),
            "over": flags[place],
            "next": f"{one_list.sandbox.url}/messaging/v1/messages?page={page + 1}",
        }
        return {name: value for name, value in body.items() if value is not None}

    return make


PAGINATORS: list[dict[str, Any]] = [
    {"type": "page_number"},
    {"type": "offset", "limit": 2},
    {"type": "json_link"},
    {"type": "auto"},
]


@pytest.mark.parametrize("paginator", PAGINATORS, ids=lambda one: one["type"])
def test_every_way_of_paging_takes_the_flag(one_list: OneList, paginator: dict[str, Any]) -> None:
    answers(one_list, by_page(one_list, [False, False, True]))
    outcome = one_list.outcome(
        {**paginator, "end_path": "over", "overlap": 0} if "limit" in paginator else {**paginator, "end_path": "over"}
    )
    assert (outcome.sentence, outcome.ids) == ("", list(range(6)))
    assert outcome.receipt["how_it_ended"] == {"the API said that there is no more": 1}


def test_one_page_that_is_not_the_last_is_red(one_list: OneList) -> None:
    answers(one_list, by_page(one_list, [False]))
    outcome = one_list.outcome({"type": "single_page", "end_path": "over"})
    assert isinstance(outcome.failure, ReadIncomplete)
    assert "although the API said that there is more" in outcome.sentence


def test_a_flag_that_is_never_there_is_a_doubt(one_list: OneList) -> None:
    answers(one_list, in_pages(PAGES))
    outcome = one_list.sync({**TOKENS, "end_path": "page.over"})
    assert (outcome.green, outcome.verdict) == (True, "unknown")
    assert "nothing was ever at end_path 'page.over'" in outcome.reason


def test_a_flag_without_a_truth_value_asks_for_end_value(one_list: OneList) -> None:
    answers(one_list, export(lambda is_last: "DONE" if is_last else "MORE"))
    outcome = one_list.outcome({**TOKENS, "end_path": "page.over"})
    assert isinstance(outcome.failure, MendDescription)
    assert "holds no truth value on page 1; write in end_value what means the end" in outcome.sentence


def test_end_value_without_a_place_is_refused(one_list: OneList) -> None:
    with pytest.raises(ValueError, match="end_value needs end_path"):
        one_list.describe({**TOKENS, "end_value": "DONE"})


def search(
    keys: list[int], size: int = 2, is_inclusive: bool = False, of: Any = lambda row: [row["at"], row["id"]]
) -> Any:
    """A search that goes on behind the sort values of the last row, in the body."""

    def make(request: Request) -> dict[str, Any]:
        after = json.loads(request.body).get("search_after")
        every = rows(*keys)
        start = next((place for place, row in enumerate(every) if of(row) == after), -1) + (0 if is_inclusive else 1)
        start = start if after is not None else 0
        return {"hits": {"hits": [{**row, "sort": of(row)} for row in every[start : start + size]]}}

    return make


BODY: dict[str, Any] = {"method": "POST", "data_selector": "hits.hits", "json": {"size": 2}}
SEARCH = {"type": "cursor", "cursor_path": "hits.hits[-1].sort", "cursor_body_path": "search_after"}


def searched(one_list: OneList, make: Any, **words: Any) -> Outcome:
    answers(one_list, make)
    return one_list.outcome({**SEARCH, **words}, **BODY)


@pytest.mark.parametrize("count", [0, 5])
@pytest.mark.parametrize(
    "of", [lambda row: [row["at"], row["id"]], lambda row: {"k": row["id"]}], ids=["list", "object"]
)
def test_the_next_page_begins_behind_the_sort_values_of_the_last_record(one_list: OneList, count: int, of: Any) -> None:
    outcome = searched(one_list, search(list(range(1, count + 1)), of=of))
    assert (outcome.sentence, outcome.ids) == ("", list(range(1, count + 1)))
    assert outcome.verdict == "read to the end"


def test_the_next_page_begins_behind_the_last_record_though_that_one_is_set_aside(one_list: OneList) -> None:
    one_list.resource["columns"] = {"at": {"data_type": "bigint"}}
    one_list.resource["maximum_set_aside_share"] = 1.0
    every = [1, 2, 3, 4, 5]

    def make(request: Request) -> dict[str, Any]:
        body: dict[str, Any] = search(every)(request)
        for row in body["hits"]["hits"]:
            row["at"] = "no number" if row["id"] == 2 else row["at"]
        return body

    outcome = searched(one_list, make)
    assert outcome.ids == [1, 3, 4, 5], outcome.sentence


@pytest.mark.parametrize("is_inclusive", [False, True])
def test_the_next_page_ends_before_the_first_record(one_list: OneList, is_inclusive: bool) -> None:
    """A history whose pages have the newest rows last, as chats show them."""

    def make(request: Request) -> dict[str, Any]:
        before = int(request.query.get("before", 99)) + is_inclusive
        return {"data": [row for row in rows(*range(1, 10)) if row["id"] < before][-4:]}

    answers(one_list, make)
    outcome = one_list.outcome({"type": "cursor", "cursor_path": "data[0].id", "cursor_param": "before"})
    assert (outcome.sentence, outcome.ids) == ("", list(range(1, 10)))
    assert outcome.verdict == "read to the end", outcome.reason


@pytest.mark.parametrize("count", [1, 5])
def test_a_page_that_begins_with_the_record_that_was_asked_for_is_no_repeat(one_list: OneList, count: int) -> None:
    outcome = searched(one_list, search(list(range(1, count + 1)), is_inclusive=True))
    assert (outcome.sentence, outcome.ids) == ("", list(range(1, count + 1)))
    assert outcome.verdict == "read to the end", outcome.reason


def test_a_full_page_that_names_itself_is_red(one_list: OneList) -> None:
    """More rows of one sort value than fit into a page: those behind it cannot be asked for."""
    outcome = searched(one_list, search([3, 4, 5], is_inclusive=True, of=lambda row: [row["at"]]))
    assert isinstance(outcome.failure, ReadIncomplete), outcome


def test_a_last_record_without_the_token_is_red(one_list: OneList) -> None:
    outcome = searched(one_list, search([1, 2, 3], of=lambda row: [row["id"]] if row["id"] != 2 else None))
    assert isinstance(outcome.failure, MendDescription)
    assert "has no value there on page 1" in outcome.sentence


def test_a_list_cannot_stand_in_a_query(one_list: OneList) -> None:
    answers(one_list, search([1, 2, 3]))
    outcome = one_list.outcome({**SEARCH, "cursor_body_path": None, "cursor_param": "after"}, **BODY)
    assert isinstance(outcome.failure, MendDescription)
    assert "but a list, which only a JSON body can take; write cursor_body_path" in outcome.sentence


def test_the_words_of_the_end_are_in_every_paginator() -> None:
    for kind in ("page_number", "header_link", "json_link", "cursor", "header_cursor", "single_page", "auto"):
        paginator = {"type": kind, "end_path": "meta.done", "end_value": "yes"}
        client = {"base_url": "https://api.example.com", "paginator": paginator}
        ApiDescription.model_validate({"name": "chat", "client": client, "resources": [{"name": "messages"}]})


def test_a_look_behind_the_end_that_is_refused_hides_no_page_that_nobody_asked_for(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An API that counts from 0, asked from 1 on, whose page behind the empty one is refused."""
    asked = list[int]()

    def talk(connection: Any, path: str, number: int) -> None:
        asked.append(page := int(path.partition("page=")[2].partition("&")[0]))
        rows = [{"id": page * 2 + more} for more in range(2)] if page < 3 else []
        connection.sendall(answer({}, status="400 Bad Request") if page > 3 else answer({"data": rows}))

    endpoint = {"path": "/list", "data_selector": "data", "error_handler": {"max_retries": 0}}
    with RawServer(talk) as server:
        monkeypatch.setenv("GENERIC_REST__BASE_URL", server.url)
        synced = one_table.sync(endpoint=endpoint | {"paginator": {"type": "page_number", "base_page": 1}})
    # Pages leave side by side, but for those behind the end.
    assert (sorted(asked[:4]), asked[4:]) == ([1, 2, 3, 4], [1, 0])
    assert not synced.green
    assert "page 0 holds rows that did not come, so the API counts its pages from 0" in synced.error
