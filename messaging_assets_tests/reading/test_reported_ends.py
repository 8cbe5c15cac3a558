"""Ends of lists that users of other tools reported as lost rows, or as lists without an end."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets.answers.beside_list import address_in
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
    assert "write stop_after_empty_page: true" in found.reason


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
