"""`limit: max`: pages as long as the API gives them, and shorter ones where it refuses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from messaging_assets.foundation.failures import MendDescription
from messaging_assets.sandbox import Fault, Request
from messaging_assets_tests.faults.one_list import OneList

BY_MAX = {"type": "offset", "limit": "max"}
IN_PARAMETER: dict[str, tuple[str, dict[str, Any]]] = {
    "messages/by_page": ("per_page", {"type": "page_number", "base_page": 1}),
    "messages/by_cursor": ("limit", {"type": "cursor", "cursor_path": "next_cursor"}),
    "messages/by_link": ("limit", {"type": "json_link", "next_url_path": "next"}),
}


@dataclass(frozen=True)
class TooLong(Fault):
    """Meets requests for long pages."""

    def meets(self, request: Request) -> bool:
        return super().meets(request) and int(request.query["limit"]) > 60


def sizes(requests: list[Request], name: str = "limit") -> list[int]:
    return [int(request.query[name]) for request in requests]


def test_the_first_sync_finds_the_longest_page_and_the_next_one_begins_with_it(one_list: OneList) -> None:
    one_list.sandbox.settings.most_asked = 200
    first, then = one_list.sync(BY_MAX), one_list.sync(BY_MAX)
    assert (first.sentence, len(first.ids), sizes(first.requests)[:3]) == ("", 250, [1000, 500, 200])
    assert (first.receipt["limit"], first.receipt["retry_reasons"]) == (200, {"400": 2})
    assert set(sizes(then.requests)) == {200}
    assert "retry_reasons" not in then.receipt


def test_a_larger_page_is_tried_anew_where_the_bound_of_the_file_is_lower_than_what_was_found(
    one_list: OneList,
) -> None:
    one_list.sync(BY_MAX)
    outcome = one_list.sync({**BY_MAX, "maximum_limit": 70})
    assert set(sizes(outcome.requests)) == {70}
    assert set(sizes(one_list.sync(BY_MAX).requests)) == {1000}


@pytest.mark.parametrize("status", [413, 422])
def test_other_words_for_too_long_are_understood(one_list: OneList, status: int) -> None:
    one_list.sandbox.fault(TooLong(api=one_list.api, status=status))
    outcome = one_list.outcome(BY_MAX)
    assert (outcome.sentence, len(outcome.ids), outcome.receipt["limit"]) == ("", 250, 50)


def test_a_page_beyond_the_bytes_that_the_file_allows_is_asked_for_with_fewer_rows(one_list: OneList) -> None:
    one_list.client["maximum_bytes"] = 4_000
    outcome = one_list.outcome(BY_MAX)
    assert (outcome.sentence, len(outcome.ids)) == ("", 250)
    assert outcome.receipt["retry_reasons"]["too large"] > 0


def test_what_is_wrong_with_every_size_is_red_as_it_is_without_the_word(one_list: OneList) -> None:
    one_list.fault(status=400)
    outcome = one_list.outcome(BY_MAX)
    assert isinstance(outcome.failure, MendDescription)
    assert "answered 400" in outcome.sentence
    assert sizes(outcome.requests) == [1000, 500, 200, 100, 50]


@pytest.mark.parametrize(("status", "times"), [(404, 1), (500, 4)])
def test_another_trouble_is_no_matter_of_size(one_list: OneList, status: int, times: int) -> None:
    one_list.fault(status=status)
    outcome = one_list.outcome(BY_MAX)
    assert not outcome.green
    assert sizes(outcome.requests) == [1000] * times


def test_a_later_page_that_is_refused_is_red(one_list: OneList) -> None:
    one_list.fault(status=400, after=1)
    outcome = one_list.outcome({**BY_MAX, "maximum_limit": 100})
    assert "answered 400" in outcome.sentence
    assert set(sizes(outcome.requests)) == {100}


def test_rows_count_as_they_come_where_an_api_sends_fewer_without_a_word(one_list: OneList) -> None:
    one_list.sandbox.settings.page_cap = 100
    outcome = one_list.outcome(BY_MAX)
    assert (outcome.sentence, len(outcome.ids), outcome.asked[:3]) == ("", 250, [0, 100, 200])
    assert set(sizes(outcome.requests)) == {1000}


@pytest.mark.parametrize("path", IN_PARAMETER)
@pytest.mark.parametrize("in_flight", [1, 8])
def test_numbered_pages_tokens_and_links_take_the_size_in_a_parameter(
    one_list: OneList, path: str, in_flight: int
) -> None:
    name, paginator = IN_PARAMETER[path]
    one_list.client["max_in_flight"], one_list.sandbox.settings.most_asked = in_flight, 100
    outcome = one_list.outcome({**paginator, "limit": "max", "limit_param": name}, path=path)
    assert (outcome.sentence, len(outcome.ids), outcome.receipt["limit"]) == ("", 250, 100)
    assert sizes(outcome.requests, name)[:4] == [1000, 500, 200, 100]
    assert set(sizes(outcome.requests, name)[3:]) == {100}
