"""Ends of lists that users of other tools reported as lost rows, or as lists without an end."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets.answers.beside_list import address_in
from messaging_assets.description.endpoint import ResponseAction
from messaging_assets.foundation.failures import MendDescription
from messaging_assets_tests.one_table import OneTable
from messaging_assets_tests.raw_server import RawServer, answer
from messaging_assets_tests.scripted_list import Asked, read

ROWS = [{"id": number} for number in range(60)]
PAGES = {"type": "page_number", "base_page": 1}


# The last page, once more


def test_a_last_page_that_comes_again_behind_the_number_of_pages_is_the_end() -> None:
    def pages(asked: Asked) -> Any:
        page = min(asked["page"], 3)
        return {"data": ROWS[page * 20 - 20 : page * 20], "meta": {"page": page, "totalPages": 3}}

    found = read(pages, PAGES)

    assert (found.verdict, len(found.rows)) == ("read to the end", 60)


def test_a_page_that_comes_again_before_the_number_of_pages_is_a_list_that_ignores_its_page() -> None:
    def pages(asked: Asked) -> Any:
        page = min(asked["page"], 2)
        return {"data": ROWS[page * 20 - 20 : page * 20], "meta": {"totalPages": 3}}

    with pytest.raises(Exception, match="repeats rows of an earlier page"):
        read(pages, PAGES)


def test_an_empty_page_0_of_an_api_that_counts_from_1_is_told_with_base_page() -> None:
    def pages(asked: Asked) -> Any:
        return {"data": ROWS[asked["page"] * 20 - 20 : asked["page"] * 20] if asked["page"] else [], "pages": 3}

    found = read(pages, {"type": "page_number", "total_path": "pages"})

    assert found.verdict == "incomplete"
    assert "write base_page: 1" in found.reason


def test_a_page_behind_the_declared_number_of_pages_may_leave_its_list_out() -> None:
    def pages(asked: Asked) -> Any:
        rows = ROWS[asked["page"] * 20 - 20 : asked["page"] * 20]
        return {"page": {"totalPages": 3}, **({"_embedded": {"list": rows}} if rows else {})}

    found = read(pages, {**PAGES, "total_path": "page.totalPages"}, "_embedded.list")

    assert (found.verdict, len(found.rows)) == ("read to the end", 60)


# A page that is named, and has no rows


def test_a_link_that_says_that_its_page_has_no_results_is_none() -> None:
    link = '<https://a.invalid/?cursor=2>; rel="next"; results="{}"; cursor="2"'

    assert address_in(link.format("true"), "next") == "https://a.invalid/?cursor=2"
    assert address_in(link.format("false"), "next") is None


def test_empty_pages_that_name_a_next_one_for_ever_are_told_with_the_word_for_their_end() -> None:
    def pages(asked: Asked) -> Any:
        begin = int(asked.get("cursor", 0))
        return {"data": ROWS[begin : begin + 20], "next": str(begin + 20)}

    found = read(pages, {"type": "cursor", "cursor_path": "next", "maximum_empty_pages": 5})

    assert found.verdict == "incomplete"
    assert "stop_after_empty_page: true makes it one" in found.reason


@pytest.mark.parametrize("beside", [{"pageInfo": {"hasNextPage": False}}, {"has_more": False}], ids=str)
def test_an_empty_page_that_says_that_there_is_no_more_is_the_end_though_it_has_a_token(beside: dict[str, Any]) -> None:
    def pages(asked: Asked) -> Any:
        begin = int(asked.get("cursor", 0))
        more = beside if begin >= 40 else {}
        return {"data": ROWS[begin : begin + 20], "next": str(begin + 20), **more}

    found = read(pages, {"type": "cursor", "cursor_path": "next"})

    assert (found.verdict, len(found.rows), len(found.asked)) == ("read to the end", 60, 4)


@pytest.mark.parametrize(
    ("beside", "own"),
    [
        *(
            ({name: value}, {})
            for name, value in (("remaining", 0), ("truncated", False), ("done", True), ("pages", 1))
        ),
        ({"has_more": False}, {"stop_after_empty_page": False}),
        ({"has_more": False}, {"has_more_path": None}),
        ({"has_more": False, "hasNextPage": True}, {}),
    ],
    ids=str,
)
def test_an_empty_page_with_a_token_ends_no_list_where_nothing_or_the_file_denies_further_ones(
    beside: dict[str, Any], own: dict[str, Any]
) -> None:
    def pages(asked: Asked) -> Any:
        begin = int(asked.get("cursor", 0))
        if begin == 20:
            return {"data": [], "next": "40", **beside}
        return {"data": ROWS[begin : begin + 20], "next": "20" if begin == 0 else ""}

    assert len(read(pages, {"type": "cursor", "cursor_path": "next", **own}).rows) == 40


# Records by their keys


@pytest.mark.parametrize("selector", ["posts.*", "*"])
def test_numbered_pages_of_records_by_their_keys_are_looked_at_once_more_like_any_others(selector: str) -> None:
    def pages(asked: Asked) -> Any:
        rows = ROWS[asked["page"] * 20 - 20 : asked["page"] * 20]
        by_key = {f"k{row['id']}": row for row in rows}
        return by_key if selector == "*" else {"posts": by_key}

    found = read(pages, PAGES, selector)

    assert (found.verdict, len(found.rows)) == ("read to the end", 60)


def test_an_object_of_records_that_has_none_may_be_an_empty_list() -> None:
    assert read(lambda asked: {"users": []}, {"type": "single_page"}, "users.*").verdict == "read to the end"
    with pytest.raises(MendDescription, match="finds nothing"):
        read(lambda asked: {"users": None}, {"type": "single_page"}, "users.*")


# An address in a token's place


@pytest.mark.parametrize(
    "address", ["https://api.invalid/list?page_size=20&cursor={}", "/list?cursor={}", "?cursor={}"]
)
def test_of_a_next_page_that_is_named_by_its_address_a_cursor_takes_its_own_parameter(address: str) -> None:
    def pages(asked: Asked) -> Any:
        begin = int(asked.get("cursor", 0))
        return {"results": ROWS[begin : begin + 20], "next": address.format(begin + 20) if begin < 40 else None}

    found = read(pages, {"type": "cursor", "cursor_path": "next", "cursor_param": "cursor"}, "results")

    assert (found.verdict, len(found.rows)) == ("read to the end", 60)


# An answer that is an empty list


@pytest.mark.parametrize(("action", "verdict"), [("empty", "read to the end"), ("ignore", "unknown")])
def test_an_answer_that_says_that_nothing_was_found_is_an_empty_list_where_the_file_says_so(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch, action: str, verdict: str
) -> None:
    def talk(connection: Any, path: str, number: int) -> None:
        none = answer({"errors": ["No calls found"]}, status="404 Not Found")
        rows = {"data": [{"id": number, "at": f"2026-01-0{number}T00:00:00Z"}]}
        connection.sendall(none if number == 2 else answer(rows))

    endpoint = {
        "path": "/calls",
        "data_selector": "data",
        "paginator": "single_page",
        "incremental": {"cursor_path": "at", "initial_value": "2025-01-01T00:00:00Z", "start_param": "since"},
        "response_actions": [{"status_code": 404, "content": "No calls found", "action": action}],
    }
    with RawServer(talk) as server:
        monkeypatch.setenv("GENERIC_REST__BASE_URL", server.url)
        synced = [one_table.sync(endpoint=endpoint) for _ in range(3)]

    assert [one.green for one in synced] == [True, True, True]
    assert synced[1].receipt["verdict"] == verdict
    assert [row["id"] for row in one_table.rows()] == [1, 3]
    assert "since=2026-01-01" in server.asked[2]


@pytest.mark.parametrize("disposition", ["append", "merge"])
def test_an_append_loads_no_row_of_a_list_that_was_left_behind_a_page_as_it_would_come_again(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch, disposition: str
) -> None:
    rows = [{"id": number, "at": f"2026-01-0{number}T00:00:00Z"} for number in range(1, 5)]

    def talk(connection: Any, path: str, number: int) -> None:
        is_second = "cursor" in path
        page = {"data": rows[2:] if is_second else rows[:2], "next": None if is_second else "2"}
        is_left = number == 2 or (is_second and number > 4)
        connection.sendall(answer({}, status="403 Forbidden") if is_left else answer(page))

    endpoint = {
        "path": "/calls",
        "data_selector": "data",
        "paginator": {"type": "cursor", "cursor_path": "next"},
        "incremental": {"cursor_path": "at", "initial_value": "2025-01-01T00:00:00Z"},
        "response_actions": [{"status_code": 403, "action": "ignore"}],
    }
    with RawServer(talk) as server:
        monkeypatch.setenv("GENERIC_REST__BASE_URL", server.url)
        left, again, known = (one_table.sync(endpoint=endpoint, write_disposition=disposition) for _ in range(3))

    assert left.green == (disposition == "merge")
    assert left.green or "an append would have its rows again with the next sync; write merge" in left.error
    assert again.green
    # Nothing but rows behind the mark came of it, of which none comes twice.
    assert known.green, known.error
    assert known.receipt["verdict"] == "unknown"
    assert [row["id"] for row in one_table.rows()] == [1, 2, 3, 4]


def test_parents_that_have_no_rows_may_be_answered_so(one_table: OneTable, monkeypatch: pytest.MonkeyPatch) -> None:
    def talk(connection: Any, path: str, number: int) -> None:
        none = answer({"error": "no messages"}, status="404 Not Found")
        connection.sendall(none if "/2/" in path else answer({"data": [{"id": 7}]}))

    endpoint = {
        "path": "/users/{for_each.user}/messages",
        "data_selector": "data",
        "paginator": "single_page",
        "response_actions": [{"status_code": 404, "action": "empty"}],
    }
    with RawServer(talk) as server:
        monkeypatch.setenv("GENERIC_REST__BASE_URL", server.url)
        synced = one_table.sync(endpoint=endpoint, for_each={"user": [1, 2]})

    assert synced.receipt["verdict"] == "read to the end"
    assert [row["id"] for row in one_table.rows()] == [7]


def test_a_refusal_is_no_empty_list() -> None:
    with pytest.raises(ValueError, match="a 403 says nothing about rows; write action: ignore"):
        ResponseAction(status_code=403, action="empty")
    with pytest.raises(ValueError, match="a 503 says nothing about rows"):
        ResponseAction(status_code=503, action="empty")


# A page that leaves its list out, where each page names the next one


@pytest.mark.parametrize(
    ("last", "verdict"),
    [
        ({"links": {"self": "/list"}}, "read to the end"),
        ({"next": None, "page": {"totalElements": 60}}, "read to the end"),
        ({"page": {"totalElements": 90}}, "unknown"),
        ({"next": 9}, "unknown"),
        ({"error": "too deep"}, "unknown"),
        ({"has_more": True}, "unknown"),
    ],
    ids=str,
)
def test_a_page_without_its_list_that_names_no_next_one_is_the_end_unless_it_says_more(last: Any, verdict: str) -> None:
    def pages(asked: Asked) -> Any:
        page = int(asked.get("page", 1))
        return {"inside": {"list": ROWS[page * 20 - 20 : page * 20]}, "next": page + 1} if page < 4 else last

    paginator = {"type": "cursor", "cursor_path": "next", "cursor_param": "page", "end_on_missing_selector": True}
    found = read(pages, paginator, "inside.list")

    assert (found.verdict, len(found.rows)) == (verdict, 60)
