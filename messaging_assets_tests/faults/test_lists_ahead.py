"""Lists of parents that are asked for ahead of their turn: rows, order and receipt as one list after the other."""

from __future__ import annotations

import json
from typing import Any

import pytest

from messaging_assets.description.api import ApiDescription
from messaging_assets.foundation.failures import MendDescription
from messaging_assets_tests.faults.one_list import OneList, read_alone
from messaging_assets_tests.faults.signing_api import Came, signing_api

TOLD = (
    *("rows_read", "distinct_keys", "duplicates", "rows_loaded", "pages", "passes", "parents"),
    *("verdict", "verdict_reason", "how_it_ended", "rows_api_says", "parents_left_out", "rows_set_aside"),
)
PAGINATORS: dict[str, dict[str, Any]] = {
    "offset": {"type": "offset", "limit": 10},
    "page_number": {"type": "page_number", "base_page": 1},
    "cursor": {"type": "cursor", "cursor_path": "next", "cursor_param": "after"},
    "json_link": {"type": "json_link", "next_url_path": "link"},
}
CHANNELS = [f"c{number:02d}" for number in range(24)]


class Channels:
    """Channels whose posts are lists of many lengths, read over a socket.

    Args:
        one_list: the sandbox's list.
        broken: channels whose list is refused.

    Attributes:
        more: more words of the posts' endpoint.
        faults: what goes wrong beside.
    """

    def __init__(self, one_list: OneList, broken: str = "") -> None:
        self._one_list, self._broken = one_list, broken
        self.more: dict[str, Any] = {}
        self.faults: list[dict[str, Any]] = []

    def described(self, case: str, side_by_side: bool) -> ApiDescription:
        """The API, which answers from here on."""
        one_list = self._one_list
        one_list.client["max_in_flight"] = 8 if side_by_side else 1
        described = one_list.describe().model_dump(exclude_unset=True)
        params = {"channel": "{resources.channels.slug}"}
        posts = {**one_list.endpoint, "paginator": PAGINATORS[case], "params": params, **self.more}
        described["resources"] = [
            {"name": "channels", "primary_key": "id", "endpoint": {**one_list.endpoint, "paginator": "single_page"}},
            {"name": "posts", "primary_key": "id", "parallelized": side_by_side, "endpoint": posts},
        ]
        one_list.sandbox.faults.clear()
        one_list.sandbox.forget()
        for fault in self.faults:
            one_list.fault(**fault)
        one_list.fault(rewrite=self._answer)
        return ApiDescription.model_validate(described)

    def read(self, case: str, side_by_side: bool) -> tuple[Any, dict[str, Any], list[Any]]:
        """Read the posts of all channels: why it failed, the receipt, and the ids in the order in which they came."""
        failure, receipt, came = read_alone(self.described(case, side_by_side), "posts", self._one_list.secrets)
        return failure, receipt, [row["id"] for row in came]

    @property
    def asked(self) -> list[Any]:
        """Which channels were asked for, in order."""
        return [request.query.get("channel") for request in self._one_list.sandbox.requests]

    def _answer(self, payload: Any, request: Any) -> Any:
        channel = request.query.get("channel")
        if channel is None:
            return {"data": [{"id": number, "slug": slug} for number, slug in enumerate(CHANNELS)]}
        if channel in self._broken.split():
            return {"error": "gone"}
        length = int(channel[1:]) * 7 % 45
        rows = [{"id": f"{channel} {number:02d}", "at": f"{50 - number}"} for number in range(length)]
        query = request.query
        start = int(query.get("offset") or query.get("after") or (int(query.get("page") or 1) - 1) * 10)
        following = start + 10 if start + 10 < length else None
        link = f"{request.path}?channel={channel}&offset={following}" if following else None
        return {"data": rows[start : start + 10], "next": following, "link": link and f"?{link.partition('?')[2]}"}


@pytest.mark.sampled
@pytest.mark.parametrize("case", PAGINATORS)
def test_rows_order_and_receipt_are_those_of_one_list_after_the_other(one_list: OneList, case: str) -> None:
    channels = Channels(one_list)

    failure, after, in_turn = channels.read(case, side_by_side=False)
    other_failure, beside, came = channels.read(case, side_by_side=True)

    assert (failure, other_failure) == (None, None)
    assert came == in_turn
    assert {name: beside.get(name) for name in TOLD} == {name: after.get(name) for name in TOLD}
    assert beside["most_in_flight"] > 1
    assert after["most_in_flight"] == 1


def test_passing_faults_in_lists_that_are_read_ahead_are_mended(one_list: OneList) -> None:
    one_list.endpoint["error_handler"] = {"max_retries": 8, "backoff_factor": 0}
    channels = Channels(one_list)
    _, after, in_turn = channels.read("cursor", side_by_side=False)
    channels.faults = [{"status": (429, 500, 503)[number % 3], "after": 5 * number, "times": 1} for number in range(6)]
    channels.faults += [{"reset": True, "after": 5 * number + 2, "times": 1} for number in range(6)]

    failure, beside, came = channels.read("cursor", side_by_side=True)

    assert failure is None
    assert came == in_turn
    assert {name: beside.get(name) for name in TOLD} == {name: after.get(name) for name in TOLD}
    assert beside["retries"] == 12


def test_a_list_that_is_refused_is_told_as_in_its_turn(one_list: OneList) -> None:
    channels = Channels(one_list, broken="c09 c14")

    failure, after, in_turn = channels.read("offset", side_by_side=False)
    other_failure, beside, came = channels.read("offset", side_by_side=True)

    assert isinstance(failure, MendDescription)
    assert str(other_failure) == str(failure)
    assert came == in_turn
    assert beside["rows_read"] == after["rows_read"]


def test_lists_in_the_order_of_their_cursor_are_not_read_past_their_marks(one_list: OneList) -> None:
    """What a list ends by, only the mark of an earlier sync tells; so one page of each is asked for ahead."""
    channels = Channels(one_list)
    channels.more = {"incremental": {"cursor_path": "at", "row_order": "desc", "initial_value": "00"}}

    outcomes = [one_list.run(channels.described("cursor", side_by_side=True), "posts") for _ in range(2)]

    assert [outcome.sentence for outcome in outcomes] == ["", ""]
    assert len(outcomes[0].requests) > len(outcomes[1].requests) == 1 + len(CHANNELS)
    assert outcomes[1].receipt["most_in_flight"] > 1


def test_the_first_list_is_over_before_others_are_asked_for(one_list: OneList) -> None:
    """What is wrong with every list costs one request, and not eight."""
    channels = Channels(one_list, broken=" ".join(CHANNELS))

    failure, _, _ = channels.read("offset", side_by_side=True)

    assert failure is not None
    assert channels.asked == [None, CHANNELS[0]]


def test_nothing_is_asked_ahead_while_too_many_bytes_wait(one_list: OneList, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("messaging_assets.http.pages_ahead.MOST_BYTES", -1)

    failure, receipt, came = Channels(one_list).read("offset", side_by_side=True)

    assert failure is None
    assert len(came) == receipt["distinct_keys"]
    assert receipt["most_in_flight"] == 1


def test_each_list_has_the_cookies_of_its_own_answers(one_list: OneList) -> None:
    """An API that keeps in a cookie which list goes on answers another one's next page with nothing."""
    with signing_api() as api:

        def answer(came: Came) -> tuple[int, dict[str, str], bytes]:
            channel, start = came.query.get("channel"), int(came.query.get("after", 0))
            if channel is None:
                return 200, {}, json.dumps({"data": [{"id": slug, "slug": slug} for slug in CHANNELS]}).encode()
            is_own = not start or came.headers["Cookie"] == f"list={channel}"
            rows = [{"id": f"{channel} {start}"}] if is_own else []
            body = {"data": rows, "next": start + 1 if start < 3 and is_own else None}
            return 200, {"Set-Cookie": f"list={channel}; Path=/"}, json.dumps(body).encode()

        api.answer = answer  # type: ignore[method-assign]
        described = Channels(one_list).described("cursor", side_by_side=True)
        failure, receipt, came = read_alone(described, "posts", {**(one_list.secrets or {}), "base_url": api.url})

    assert failure is None
    assert [row["id"] for row in came] == [f"{slug} {number}" for slug in CHANNELS for number in range(4)]
    assert receipt["most_in_flight"] > 1
