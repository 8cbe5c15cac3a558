"""An API that hands out each row once is never green with rows missing that it gave."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets.description.endpoint import Endpoint
from messaging_assets.loading.passes.judgement import may_repeat
from messaging_assets.reading.evidence.repeats import Repeats
from messaging_assets.reading.receipt import Finding, Receipt, Verdict
from messaging_assets_tests.one_table import OneTable
from messaging_assets_tests.raw_server import RawServer, answer
from messaging_assets_tests.scripted_list import Asked, read


@pytest.mark.sampled
@pytest.mark.parametrize("count", [{}, {"total": 9}], ids=["counts nothing", "counts what is left"])
def test_a_post_list_that_forgets_what_it_answers_keeps_what_came_and_is_in_doubt(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch, count: dict[str, int]
) -> None:
    waiting = [{"id": number} for number in range(4)]

    def talk(connection: Any, path: str, number: int) -> None:
        taken, waiting[:] = waiting[:2], waiting[2:]
        connection.sendall(answer({"data": taken, **{name: most + len(waiting) for name, most in count.items()}}))

    endpoint = {"path": "/take", "method": "POST", "data_selector": "data", "paginator": {"type": "page_number"}}
    with RawServer(talk) as server:
        monkeypatch.setenv("GENERIC_REST__BASE_URL", server.url)
        synced = one_table.sync(endpoint=endpoint)
    assert (synced.green, synced.receipt["verdict"], synced.receipt["passes"]) == (True, "unknown", 1)
    assert [row["id"] for row in one_table.rows()] == [0, 1, 2, 3]


def test_a_post_list_that_forgets_what_it_answers_is_asked_for_one_page_after_the_other(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page asked ahead at a place where the list does not go on would be thrown away, and its rows with it."""
    waiting, sizes = [{"id": number} for number in range(31)], {5: 3}

    def talk(connection: Any, path: str, number: int) -> None:
        size = sizes.get(number, 4)
        taken, waiting[:] = waiting[:size], waiting[size:]
        connection.sendall(answer({"data": taken}))

    paginator = {"type": "offset", "limit": 4, "offset_body_path": "offset", "limit_body_path": "limit"}
    endpoint = {"path": "/take", "method": "POST", "data_selector": "data", "paginator": paginator}
    with RawServer(talk) as server:
        monkeypatch.setenv("GENERIC_REST__BASE_URL", server.url)
        assert one_table.sync(endpoint=endpoint).green
    assert [row["id"] for row in one_table.rows()] == [*range(31)]


@pytest.mark.parametrize(
    ("method", "totals", "is_ahead"),
    [("GET", None, True), ("POST", None, False), ("POST", (24, 16, 8), False), ("POST", (24, 24, 24), True)],
    ids=str,
)
def test_a_post_list_is_asked_ahead_where_its_count_stays(method: str, totals: Any, is_ahead: bool) -> None:
    rows = [{"id": number} for number in range(24)]

    def pages(asked: Asked) -> Any:
        start = asked["offset"]
        return {"data": rows[start : start + 4], **({"total": totals[min(start // 4, 2)]} if totals else {})}

    came = read(pages, {"type": "offset", "limit": 4}, key=None, method=method)
    assert any(came.ahead) is is_ahead


def test_rows_of_a_read_before_that_do_not_come_again_are_a_doubt() -> None:
    receipt = Receipt(repeats=Repeats(frozenset({1, 2})))
    receipt.add(Finding(Verdict.READ_TO_THE_END, "an empty page"))
    assert receipt.finding.verdict.words == "unknown"
    assert "the first 2 rows of an earlier read of this sync did not come again" in receipt.finding.reason
    receipt.repeats.page([2], [])
    assert receipt.finding.verdict.words == "read to the end"


def test_rows_without_a_key_may_have_changed_since_the_read_before() -> None:
    repeats = Repeats(frozenset({1}), are_known=False)
    assert repeats.doubt
    repeats.page([5], [])
    assert repeats.doubt is None


@pytest.mark.parametrize(
    ("words", "may"),
    [
        ({"method": "POST", "paginator": "single_page"}, False),
        ({"method": "POST", "paginator": {"type": "cursor", "cursor_path": "next", "cursor_body_path": "at"}}, True),
        ({"method": "GET", "paginator": "single_page"}, True),
    ],
    ids=str,
)
def test_a_list_is_read_again_only_where_a_request_does_no_more_than_to_read(words: Any, may: bool) -> None:
    endpoint, receipt = Endpoint.model_validate(words), Receipt()
    assert may_repeat(endpoint, receipt) is may
    receipt.repeats.page([1], [1])
    assert may_repeat(endpoint, receipt)
