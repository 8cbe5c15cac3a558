"""Pages read ahead of their turn: the same rows, in the same order, with the same receipt as one by one."""

from __future__ import annotations

import itertools
import sys
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from messaging_assets.description.api import ApiDescription, Client
from messaging_assets.foundation.failures import ReadIncomplete, TryAgainLater
from messaging_assets.http.session import ApiSession
from messaging_assets_tests.faults.one_list import OneList, Outcome, ids

BY_TEN = {"type": "offset", "limit": 10}
BY_PAGE = {"type": "page_number", "base_page": 1}
WINDOW = 8
PAGINATORS = {
    "offset": (BY_TEN, "messages"),
    "overlap": ({**BY_TEN, "overlap": 2}, "messages"),
    "page_number": (BY_PAGE, "messages/by_page"),
}
TOLD = ("rows_read", "distinct_keys", "duplicates", "rows_loaded", "pages", "passes", "verdict", "how_it_ended")


def came_of(one_list: OneList, in_flight: int, case: str = "offset", **endpoint: Any) -> Outcome:
    paginator, path = PAGINATORS[case]
    one_list.client["max_in_flight"] = in_flight
    one_list.sandbox.settings.page_size = 10
    return one_list.outcome(paginator, path=path, **endpoint)


@pytest.mark.parametrize("case", PAGINATORS)
@pytest.mark.parametrize("total", [True, False], ids=["total", "no total"])
def test_the_receipt_is_the_same_as_one_by_one(one_list: OneList, case: str, total: bool) -> None:
    one_list.sandbox.settings.total = total
    outcomes = [came_of(one_list, in_flight, case) for in_flight in (1, WINDOW)]
    for outcome in outcomes:
        assert outcome.green, outcome.sentence
        assert outcome.ids == ids(250)
    one_by_one, ahead = ({name: outcome.receipt.get(name) for name in TOLD} for outcome in outcomes)
    assert one_by_one == ahead
    assert len(outcomes[1].requests) < len(outcomes[0].requests) + WINDOW


def test_rows_arrive_in_order(one_list: OneList) -> None:
    one_list.resource |= {"write_disposition": "append", "primary_key": None}
    one_list.fault(latency=0.05, offset=30, times=1)
    outcome = came_of(one_list, WINDOW, total="ignore")
    assert outcome.green, outcome.sentence
    one_by_one = [row["id"] for row in sorted(outcome.table, key=lambda row: row["number"])]
    assert outcome.ids == one_by_one == ids(250)


def test_pages_do_leave_side_by_side(one_list: OneList) -> None:
    one_list.sandbox.settings.latency = 0.02
    outcome = came_of(one_list, WINDOW)
    overlapping = [one for one, other in itertools.pairwise(outcome.requests) if other.at < (one.answered or other.at)]
    assert len(overlapping) > 10


@pytest.mark.parametrize("case", PAGINATORS)
@pytest.mark.parametrize("total", [True, False], ids=["total", "no total"])
def test_a_short_list_costs_at_most_one_request_more_than_one_by_one(one_list: OneList, case: str, total: bool) -> None:
    """No more pages are asked ahead than came, because nobody knows where a list ends; what came in vain is told."""
    paginator, path = PAGINATORS[case]
    one_list.sandbox.settings.total, one_list.sandbox.settings.page_size = total, 10
    one_list.has(24)
    costs = []
    for in_flight in (1, WINDOW):
        one_list.client["max_in_flight"] = in_flight
        outcome = one_list.read(one_list.describe(paginator, path=path), one_list.name)
        assert outcome.green, outcome.sentence
        costs.append(len(outcome.requests))
        assert outcome.receipt["empty_requests"] >= len(outcome.requests) - outcome.receipt["pages"]

    assert costs[0] <= costs[1] <= costs[0] + 1


@pytest.mark.parametrize("case", ["offset", "page_number"])
def test_requests_past_the_end_are_bounded(one_list: OneList, case: str) -> None:
    one_list.sandbox.settings.total = False
    outcome = came_of(one_list, WINDOW, case)
    beyond = [offset for offset in outcome.asked if offset is not None and offset >= 250]
    assert 1 <= len(beyond) <= WINDOW


@pytest.mark.parametrize("total", [True, False], ids=["total", "no total"])
def test_a_refusal_past_the_end_is_harmless_when_nobody_waits_for_it(one_list: OneList, total: bool) -> None:
    one_list.sandbox.settings.past_end_status = 404
    one_list.sandbox.settings.total = total
    outcome = came_of(one_list, WINDOW, error_handler={"backoff_factor": 0})
    assert not outcome.green
    one_list.sandbox.forget()
    outcome = one_list.outcome({**BY_TEN, "end_status_codes": [404]})
    assert outcome.green, outcome.sentence
    assert outcome.ids == ids(250)


@pytest.mark.parametrize("fault", [{"status": 503}, {"reset": True}, {"truncate": True}, {"body": b"<html>"}], ids=str)
def test_a_passing_fault_in_a_page_read_ahead_is_mended(one_list: OneList, fault: Any) -> None:
    one_list.fault(**fault, offset=70, times=2)
    outcome = came_of(one_list, WINDOW)
    assert outcome.green, outcome.sentence
    assert outcome.ids == ids(250)
    assert outcome.receipt["retries"] == 2


def test_a_lasting_fault_in_a_page_read_ahead_is_red(one_list: OneList) -> None:
    one_list.fault(status=503, offset=70)
    outcome = came_of(one_list, WINDOW)
    assert isinstance(outcome.failure, TryAgainLater)
    assert "answered 503 4 times" in outcome.sentence
    assert outcome.table == []


def test_a_short_page_in_the_middle_loses_nothing(one_list: OneList) -> None:
    one_list.fault(rewrite=lambda payload, request: {**payload, "data": payload["data"][:4]}, offset=50)
    outcome = came_of(one_list, WINDOW)
    assert outcome.green, outcome.sentence
    assert outcome.ids == ids(250)
    assert outcome.receipt["pages"] == 27


def test_a_page_that_looks_like_the_end_and_is_not_only_costs_a_pause(one_list: OneList) -> None:
    long, short = {"text": "x" * 2_000}, {"text": "x"}

    def lean(payload: dict[str, Any], request: Any) -> dict[str, Any]:
        return {**payload, "data": [{**row, **(short if request.offset == 100 else long)} for row in payload["data"]]}

    one_list.fault(rewrite=lean)
    outcome = came_of(one_list, WINDOW)
    assert outcome.green, outcome.sentence
    assert outcome.ids == ids(250)
    assert sorted(offset or 0 for offset in outcome.asked) == [*range(0, 260, 10)]


def test_pages_of_changing_sizes_are_not_guessed_ahead(one_list: OneList) -> None:
    def halve(payload: dict[str, Any], request: Any) -> dict[str, Any]:
        return {**payload, "data": payload["data"][: 5 + len(str(request.offset)) * (request.offset % 2)]}

    one_list.has(60)
    one_list.fault(rewrite=halve)
    outcome = came_of(one_list, WINDOW)
    assert outcome.ids == ids(60)


def test_an_offset_that_is_ignored_fails_before_a_window_opens(one_list: OneList) -> None:
    one_list.sandbox.settings.ignore_offset = True
    outcome = came_of(one_list, WINDOW)
    assert isinstance(outcome.failure, ReadIncomplete)
    assert len(outcome.requests) == 2


def test_a_cap_on_pages_holds_for_pages_read_ahead(one_list: OneList) -> None:
    one_list.client["max_in_flight"] = WINDOW
    one_list.resource["passes"] = 1
    outcome = one_list.sync({**BY_TEN, "maximum_pages": 4})
    assert not outcome.green
    assert len(outcome.requests) == 4


def test_a_429_in_the_window_lets_the_whole_window_wait(one_list: OneList) -> None:
    one_list.sandbox.settings.requests_per_second = 20
    outcome = came_of(one_list, WINDOW)
    assert outcome.green, outcome.sentence
    assert outcome.ids == ids(250)
    assert outcome.receipt["retries"] <= 2 * WINDOW


def test_lists_that_are_read_side_by_side_get_their_own_pages_only(
    one_list: OneList, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lists of `parallelized` whose requests differ in a header alone: no page of one is taken for the other's."""
    with ApiSession(one_list.sandbox.url, Client(base_url=one_list.sandbox.url)) as session:
        monkeypatch.setattr(session.ahead, "_answered", lambda waiting, answer: None)

        def page(reading: Any, offset: int) -> Any:
            request: Any = requests.Request("GET", one_list.sandbox.url, {"X-Channel": reading.name})
            request.params, request.reading = {"offset": offset}, reading
            return request

        class List:
            auth, asset, ending = None, "chat.posts", SimpleNamespace(how=None)

            def __init__(self, name: str) -> None:
                so_far = SimpleNamespace(unless=None, jobs=None)
                self.name, self.context = name, SimpleNamespace(number=len(name), so_far=so_far)

            def ahead(self, request: Any) -> list[Any]:
                return [page(self, 10)]

        lists = [List(name) for name in ("general", "random")]
        for offset in (0, 10):
            for reading in lists:
                prepared: Any = session.prepare_request(page(reading, offset))
                assert prepared.headers["X-Channel"] == reading.name
                assert prepared.reading is reading


@pytest.mark.sampled
@pytest.mark.parametrize("in_flight", [1, WINDOW])
def test_children_that_are_read_side_by_side_are_all_there(one_list: OneList, in_flight: int) -> None:
    """The lists of several parents at once, with threads that change places often: each row once, and counted."""
    lists = {name: [{"id": f"{name}{number}"} for number in range(40)] for name in "abcdef"}

    def answer(payload: Any, request: Any) -> Any:
        rows = lists.get(request.headers.get("x-channel", ""), [{"slug": name, "id": name} for name in lists])
        return {"data": rows[request.offset or 0 :][:10]}

    one_list.client["max_in_flight"] = in_flight
    endpoint = {**one_list.endpoint, "paginator": BY_TEN}
    description = one_list.describe().model_dump(exclude_unset=True)
    description["resources"] = [
        {"name": "channels", "primary_key": "id", "endpoint": endpoint},
        {
            "name": "posts",
            "primary_key": "id",
            "parallelized": True,
            "endpoint": {**endpoint, "headers": {"X-Channel": "{resources.channels.slug}"}},
        },
    ]
    one_list.fault(rewrite=answer)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        outcome = one_list.run(ApiDescription.model_validate(description), "posts")
    finally:
        sys.setswitchinterval(before)

    assert outcome.green, outcome.sentence
    assert len(set(outcome.ids)) == len(outcome.ids) == outcome.receipt["distinct_keys"] == 240


def test_a_page_asked_ahead_that_lies_behind_the_empty_one_may_be_refused(one_list: OneList) -> None:
    """It left as a page of the list, and by its turn the list is over."""
    one_list.sandbox.settings.total = False
    one_list.fault(status=404, offset=260)
    one_list.fault(rewrite=lambda payload, _: {"data": payload["data"]})
    for in_flight in (1, WINDOW):
        outcome = came_of(one_list, in_flight, "page_number")
        assert outcome.green, outcome.sentence
        assert outcome.ids == ids(250)
        assert outcome.receipt["how_it_ended"] == {"an empty page": 1}
