"""One property over random APIs: the rows come whole, or the sync is red, or its verdict is no better than the truth.

The truth of a list that moves while it is read: a row that the API had from the first request to the last must have
been read. An API may insert and delete between any two requests, or change the order of its rows; one that does both at
once can hide a row from everybody, and nothing is claimed about it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st
from requests import Request

from messaging_assets.description.api import Endpoint
from messaging_assets.foundation.failures import SyncFailure
from messaging_assets.reading.list_context import ListContext
from messaging_assets.reading.paging.paginators import build_paginator
from messaging_assets.reading.receipt import Receipt, Verdict

KINDS = {"offset": "offset", "page_number": "page", "cursor": "cursor"}


@dataclass
class Api:
    """A list, how it pages, what it says of its size, and what happens to it before which request."""

    style: str
    rows: list[int]
    cap: int
    total: str
    changes: dict[int, list[tuple[str, int, int]]]
    short: dict[int, int]
    empty: frozenset[int] = frozenset()
    asked: int = 0
    throughout: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.throughout = set(self.rows)
        self._next = len(self.rows)

    def answer(self, params: dict[str, Any]) -> dict[str, Any]:
        for change in self.changes.get(self.asked, []) if self.asked else []:
            self._change(*change)
        size = min(self.cap, int(params.get("limit", self.cap)))
        start = int(params.get(KINDS[self.style]) or 0) * (size if self.style == "page_number" else 1)
        page = self.rows[start : start + min(size, self.short.get(self.asked, size))]
        page = [] if self.asked in self.empty else page
        self.asked += 1
        body: dict[str, Any] = {"data": [{"id": row} for row in page]}
        if self.style == "cursor":
            body["next"] = start + len(page) if start + len(page) < len(self.rows) else None
        told = {"honest": len(self.rows), "page": len(page), "zero": 0, "five": 5}
        return body | ({"total": told[self.total]} if self.total in told else {})

    def _change(self, kind: str, one: int, other: int) -> None:
        if kind == "insert":
            self.rows.insert(one % (len(self.rows) + 1), self._next)
            self._next += 1
        elif self.rows and kind == "delete":
            self.throughout.discard(self.rows.pop(one % len(self.rows)))
        elif self.rows:
            self.rows.insert(other % len(self.rows), self.rows.pop(one % len(self.rows)))


@dataclass
class Read:
    """What came of reading an API."""

    verdict: Verdict
    ids: list[int]
    reason: str


def read(api: Api, policy: str, limit: int, overlap: int) -> Read:
    paginators: dict[str, dict[str, Any]] = {
        "offset": {"type": "offset", "limit": limit, "overlap": min(overlap, limit - 1)},
        "page_number": {"type": "page_number", "rows_total_path": "total"},
        "cursor": {"type": "cursor", "cursor_path": "next", "rows_total_path": "total"},
    }
    endpoint = Endpoint.model_validate({"paginator": paginators[api.style], "data_selector": "data", "total": policy})
    receipt, ids = Receipt(), list[int]()
    source = ListContext("api.list", endpoint, ("id",), receipt, None, lambda row, reason, page: None)
    paginator = build_paginator(source)
    request = Request("GET", "https://api.invalid/list", params={})
    paginator.init_request(request)
    try:
        while paginator.has_next_page:
            assert api.asked < 500, "the read never ends"
            body = api.answer(dict(request.params))
            rows = list(body["data"])
            answer = SimpleNamespace(
                parsed=body,
                url=request.url,
                request=request.prepare(),
                links={},
                headers={},
                json=lambda body=body: body,
            )
            paginator.update_state(answer, rows)
            ids += [row["id"] for row in rows]
            paginator.update_request(request)
    except SyncFailure as failure:
        return Read(Verdict.INCOMPLETE, ids, str(failure))
    return Read(receipt.finding.verdict, ids, receipt.finding.reason)


number = st.integers(0, 60)
moments = st.integers(1, 8)
inserts_and_deletes = st.tuples(st.sampled_from(["insert", "delete"]), number, number)
moves = st.tuples(st.just("move"), number, number)
one_kind = st.sampled_from(["insert", "delete", "move"]).flatmap(lambda kind: st.tuples(st.just(kind), number, number))


def histories(change: Any) -> Any:
    return st.dictionaries(moments, st.lists(change, min_size=1, max_size=4), max_size=3)


@st.composite
def apis(draw: Any, changes: Any = None, styles: Any = ("offset", "page_number", "cursor"), short: bool = False) -> Api:
    return Api(
        style=draw(st.sampled_from(styles)),
        rows=list(range(draw(st.integers(0, 40)))),
        cap=draw(st.integers(1, 15)),
        total=draw(st.sampled_from(["honest", "none", "page", "zero", "five"])),
        changes=draw(histories(changes)) if changes is not None else {},
        short=draw(st.dictionaries(st.integers(0, 8), st.integers(1, 5), max_size=3)) if short else {},
    )


policies = st.sampled_from(["exact", "at_least", "ignore"])
limits = st.integers(1, 12)
overlaps = st.integers(0, 4)


def holds(api: Api, policy: str, limit: int, overlap: int, least: Verdict) -> None:
    """Whoever gets a verdict of `least` or better has read every row that was there throughout."""
    result = read(api, policy if api.total == "honest" or policy != "exact" else "at_least", limit, overlap)
    event(f"{api.style}: {result.verdict.words}")
    assert len(set(result.ids)) >= len(result.ids) or result.verdict >= Verdict.UNKNOWN, "a row came twice, unsaid"
    if result.verdict <= least:
        assert api.throughout <= set(result.ids), f"{result.verdict.words}: {result.reason}"


@settings(max_examples=300)
@given(apis(styles=["offset"], short=True), policies, limits, overlaps)
def test_a_quiet_api_is_read_whole_or_red_however_it_sizes_its_pages(
    api: Api, policy: str, limit: int, overlap: int
) -> None:
    holds(api, policy, limit, overlap, Verdict.UNKNOWN)


@settings(max_examples=200)
@given(apis(), policies, limits, overlaps)
def test_a_quiet_api_is_read_whole_or_red_whatever_its_paging(api: Api, policy: str, limit: int, overlap: int) -> None:
    holds(api, policy, limit, overlap, Verdict.UNKNOWN)


@settings(max_examples=300)
@given(apis(inserts_and_deletes), policies, limits, overlaps)
def test_proven_is_true_of_a_list_with_inserts_and_deletes(api: Api, policy: str, limit: int, overlap: int) -> None:
    holds(api, policy, limit, overlap, Verdict.PROVEN)


@settings(max_examples=300)
@given(apis(moves), policies, limits, overlaps)
def test_proven_is_true_of_a_list_whose_rows_change_places(api: Api, policy: str, limit: int, overlap: int) -> None:
    holds(api, policy, limit, overlap, Verdict.PROVEN)


@settings(max_examples=300)
@given(apis(), st.sampled_from(["insert", "delete", "move"]), st.data(), policies, limits, overlaps)
def test_a_told_total_shows_every_change_of_one_kind(
    api: Api, kind: str, data: Any, policy: str, limit: int, overlap: int
) -> None:
    api.total = "honest"
    api.changes = data.draw(histories(st.tuples(st.just(kind), number, number)))
    policy = "at_least" if policy == "ignore" else policy
    holds(api, policy, limit, overlap, Verdict.READ_TO_THE_END)


@settings(max_examples=150)
@given(apis(inserts_and_deletes, styles=["offset"]), st.integers(2, 12), st.integers(1, 4))
def test_an_overlap_mends_what_it_calls_read_to_the_end(api: Api, limit: int, overlap: int) -> None:
    holds(api, "ignore", limit, overlap, Verdict.READ_TO_THE_END)


@settings(max_examples=150)
@given(apis(), st.integers(0, 6), limits, overlaps)
def test_an_empty_page_that_was_none_is_red_where_the_total_is_told(
    api: Api, when: int, limit: int, overlap: int
) -> None:
    api.total, api.empty = "honest", frozenset({when})
    holds(api, "at_least", limit, overlap, Verdict.UNKNOWN)
