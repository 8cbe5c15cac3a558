"""What stands where a list or a token would: a sentence in place of the list, and the number 0 for a token."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets_tests.scripted_list import Asked, read

PAGES = {"type": "page_number", "base_page": 1}
CURSOR = {"type": "cursor", "cursor_path": "next", "cursor_param": "after"}
ROWS = [{"id": number} for number in range(30)]
ERROR = {"path": "code", "values": [17]}


@pytest.mark.parametrize(
    ("instead", "verdict"),
    [
        ({"msg": "slow down"}, "unknown"),
        ({"msg": "No more results found"}, "read to the end"),
        ({"page": 3, "took": 12}, "read to the end"),
        ({}, "read to the end"),
    ],
    ids=str,
)
def test_a_sentence_in_place_of_the_list_may_be_an_error(instead: dict[str, Any], verdict: str) -> None:
    def pages(asked: Asked) -> Any:
        return (
            {"data": ROWS[asked["page"] * 10 - 10 :][: 10 if asked["page"] < 2 else 5]}
            if asked["page"] < 3
            else instead
        )

    came = read(pages, {**PAGES, "empty_when_missing": True})
    assert came.verdict == verdict
    assert ("says something at" in came.reason) == (verdict == "unknown")


def test_a_sentence_is_the_end_where_the_file_says_that_an_answer_without_the_list_is() -> None:
    def pages(asked: Asked) -> Any:
        return {"data": ROWS[:10] if asked["page"] == 1 else ROWS[10:15]} if asked["page"] < 3 else {"error": "too far"}

    assert read(pages, {**PAGES, "end_on_missing_selector": True}).verdict == "read to the end"


def test_a_sentence_in_place_of_the_only_list_is_seen_and_a_file_can_say_what_an_error_is() -> None:
    def answers(asked: Asked) -> Any:
        return {"msg": "Keine Treffer"}

    only = {"type": "single_page", "empty_when_missing": True}
    assert read(answers, only).verdict == "unknown"
    assert read(answers, only, error_in_body=ERROR).verdict == "read to the end"


def numbered(*tokens: Any, **beside: Any) -> Any:
    """An API whose pages of ten rows name these tokens, one behind the other."""

    def answers(asked: Asked) -> Any:
        place = [None, *tokens].index(asked.get("after"))
        return {"data": ROWS[place * 10 : place * 10 + 10], "next": tokens[place], **beside}

    return answers


@pytest.mark.parametrize(
    ("tokens", "verdict"),
    [
        ((0,), "unknown"),
        ((2, 1, 0), "unknown"),
        ((17, 40, 0), "read to the end"),
        (("b", 0), "read to the end"),
        ((20, None), "read to the end"),
        ((20, ""), "read to the end"),
        ((20, False), "read to the end"),
    ],
    ids=str,
)
def test_the_number_0_may_be_a_token_where_the_others_lead_down_to_it(tokens: tuple[Any, ...], verdict: str) -> None:
    assert read(numbered(*tokens), CURSOR).verdict == verdict


@pytest.mark.parametrize("proof", [{"has_more": False}, {"total": 10}], ids=str)
def test_the_number_0_is_the_end_where_the_api_says_so(proof: dict[str, Any]) -> None:
    assert read(numbered(0, **proof), CURSOR).verdict == "read to the end"


def test_the_number_0_is_the_end_where_the_file_says_so_or_a_page_is_short() -> None:
    assert read(numbered(0), {**CURSOR, "end_path": "next", "end_value": 0}).verdict == "read to the end"
    assert read(numbered(0), {**CURSOR, "limit": 20, "limit_param": "size"}).verdict == "read to the end"
