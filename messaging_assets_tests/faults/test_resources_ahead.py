"""Lists of the next resources of a run, asked for while one before them is synced: the same rows and receipts."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import Counter
from functools import partial
from typing import Any

import pytest
from dagster import DagsterInstance, materialize

from messaging_assets.assets.credentials import build_credentials
from messaging_assets.assets.resource_asset import build_assets
from messaging_assets.description.api import ApiDescription
from messaging_assets.foundation.folders import project_folders
from messaging_assets.http.session import ApiSession
from messaging_assets.loading.passes.reads_ahead import LONGEST_LEFT, OLDEST, ReadBegun, ReadsAhead, may_begin
from messaging_assets.sandbox import Fault, Request
from messaging_assets_tests.faults.one_list import AT_ONCE, OneList, ids, tables
from messaging_assets_tests.own_process import in_a_process

TOLD = (
    *("rows_read", "distinct_keys", "duplicates", "rows_loaded", "pages", "passes", "requests", "retries"),
    *("verdict", "verdict_reason", "how_it_ended", "rows_api_says", "rows_set_aside", "bytes"),
)
NAMES = ("list_1", "list_2", "list_3")
ROWS = 120
BY_TEN = {"type": "offset", "limit": 10}


@pytest.fixture
def one_list(one_list: OneList) -> OneList:
    one_list.has(ROWS)
    return one_list


def described(one_list: OneList, paginator: Any, client: Any = None, **resource: Any) -> ApiDescription:
    """An API with several resources, all of which are the sandbox's list."""
    words = one_list.describe(paginator).model_dump(exclude_unset=True)
    [own] = words["resources"]
    words["client"] |= {"max_in_flight": 4, **(client or {})}
    words["resources"] = [
        {**own, **resource, "name": name, "endpoint": {**own["endpoint"], "params": {"list": name}}} for name in NAMES
    ]
    return ApiDescription.model_validate(words)


def run_of(description: ApiDescription, secrets: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """One run of all resources in this process; the receipts of those that are green."""
    with DagsterInstance.ephemeral() as instance:
        result = materialize(
            build_assets(description),
            instance=instance,
            resources={f"{description.name}_credentials": build_credentials(description, secrets)},
            raise_on_error=False,
        )
        return {
            event.asset_key.path[-1]: {
                name.removeprefix("messaging_assets/"): value.value
                for name, value in event.materialization.metadata.items()
            }
            for event in result.get_asset_materialization_events()
            if event.asset_key
        }


class Run:
    """A run of several resources in one process, and what it left.

    Args:
        one_list: the sandbox's list, which all of them read.
        paginator: how it is paged.
        client: more words of the client.
        resource: more words of each resource.
    """

    def __init__(self, one_list: OneList, paginator: Any = BY_TEN, client: Any = None, **resource: Any) -> None:
        self.description = described(one_list, paginator, client, **resource)
        one_list.sandbox.forget()
        self.metadata = run_of(self.description, one_list.secrets)
        self.requests: list[Request] = list(one_list.sandbox.requests)

    @property
    def asked(self) -> list[str]:
        """Which list each request was for, in the order of their arrival."""
        return [request.query["list"] for request in self.requests]

    @property
    def is_side_by_side(self) -> bool:
        """Whether lists were asked for before the one in front of them had come."""
        return self.asked != sorted(self.asked, key=NAMES.index)

    def rows(self, name: str) -> list[Any]:
        """The keys in a resource's table."""
        return [row["id"] for row in tables(project_folders(), self.description.name, name)[0]]

    def receipt(self, name: str) -> dict[str, Any]:
        """What the receipt of a resource tells of its read."""
        return {one: self.metadata[name].get(one) for one in TOLD}


class _Of(Fault):
    def meets(self, request: Request) -> bool:
        """Only requests for the second list."""
        return request.query.get("list") == "list_2"


def _by_cursor(rows: list[Any], request: Request) -> dict[str, Any]:
    start = int(request.query.get("after", 0))
    more = {"next": str(start + 10)} if start + 10 < len(rows) else {}
    return {"data": rows[start : start + 10], **more}


@pytest.mark.sampled
@pytest.mark.parametrize(
    "paginator", [BY_TEN, {"type": "cursor", "cursor_path": "next", "cursor_param": "after"}], ids=["offset", "cursor"]
)
def test_rows_and_receipts_are_those_of_one_resource_after_the_other(one_list: OneList, paginator: Any) -> None:
    one_list.sandbox.settings.page_size, one_list.sandbox.settings.latency = 10, 0.01
    if paginator is not BY_TEN:
        one_list.fault(rewrite=lambda payload, request: _by_cursor(one_list.rows, request))
    after, beside = Run(one_list, paginator, parallelized=False), Run(one_list, paginator)

    assert not after.is_side_by_side
    assert beside.is_side_by_side
    for name in NAMES:
        assert beside.rows(name) == after.rows(name) == ids(ROWS)
        assert beside.receipt(name) == after.receipt(name)
    assert Counter(beside.asked) == Counter(after.asked)


def test_what_is_new_is_asked_for_ahead_by_the_mark_of_the_sync_before(one_list: OneList) -> None:
    one_list.sandbox.settings.latency = 0.01
    one_list.endpoint["incremental"] = {"cursor_path": "number", "start_param": "since", "initial_value": 0}
    # Its numbers are no times, so the first sync leaves the last page to the second.
    Run(one_list), Run(one_list)
    first = {request.query["since"] for request in Run(one_list, parallelized=False).requests}
    one_list.has(ROWS + 10)
    run = Run(one_list)

    assert {request.query["since"] for request in run.requests} == first == {f"{ROWS - 1}"}
    assert run.is_side_by_side
    assert [run.rows(name) for name in NAMES] == [ids(ROWS + 10)] * 3
    assert set(Counter(run.asked).values()) == {len(run.asked) // 3}


def test_a_request_that_says_when_it_is_sent_is_not_asked_for_ahead(one_list: OneList) -> None:
    own = {"cursor_path": "at", "start_param": "since", "initial_value": "2025-01-01T00:00:00Z", "end_param": "until"}
    one_list.endpoint["incremental"] = {**own, "end_value": "now"}
    one_list.has([{"id": f"row_{number:05d}", "at": f"2025-02-01T00:00:{number:02d}Z"} for number in range(30)])
    run = Run(one_list)

    assert not run.is_side_by_side
    assert [run.rows(name) for name in NAMES] == [ids(30)] * 3


def test_the_server_never_has_more_requests_at_once_than_one_resource_alone_may_send(one_list: OneList) -> None:
    # Long, so that requests meet on a busy machine too.
    one_list.sandbox.settings.latency = 0.05
    run = Run(one_list)
    moments = [(request.at, 1) for request in run.requests] + [(one.answered or one.at, -1) for one in run.requests]
    at_once = [sum(by for _, by in sorted(moments)[:place]) for place in range(len(moments))]

    assert run.is_side_by_side
    assert 1 < max(at_once) <= 4


def test_where_requests_are_few_none_goes_before_those_of_the_list_in_its_turn(one_list: OneList) -> None:
    one_list.has(40)
    run = Run(one_list, client={"requests_per_second": 200})

    assert [run.rows(name) for name in NAMES] == [ids(40)] * 3
    last = {name: len(run.asked) - run.asked[::-1].index(name) for name in NAMES}
    assert run.asked.index("list_2") + 1 >= last["list_1"]


def test_a_resource_that_fails_leaves_the_others(one_list: OneList) -> None:
    one_list.endpoint["error_handler"] = {**AT_ONCE, "max_retries": 0}
    one_list.sandbox.fault(_Of(status=400))
    run = Run(one_list)

    assert sorted(run.metadata) == sorted(set(NAMES) - {"list_2"})
    assert [run.rows(name) for name in NAMES] == [ids(ROWS), [], ids(ROWS)]
    assert run.asked.count("list_2") == 1


class _Dead(Fault):
    def meets(self, request: Request) -> bool:
        """A token of the second list that was given out before the first list was over."""
        query = request.query
        if query["list"] == "list_1":
            self.is_over = query.get("after") == "110"
        is_dead = query["list"] == "list_2" and "after" in query and not self.is_alive
        self.is_alive = self.is_alive or (query["list"] == "list_2" and "after" not in query and self.is_over)
        return is_dead

    is_over = is_alive = False


def _left_behind_the_first_page(one_list: OneList, monkeypatch: pytest.MonkeyPatch, fault: Fault) -> Run:
    """A run of lists by a cursor, each of which is left behind its first page until its turn."""
    monkeypatch.setattr("messaging_assets.loading.passes.reads_ahead.MOST_BYTES", 0)
    # Latency lets the second list be begun while the first lasts.
    one_list.sandbox.settings.latency = 0.05
    one_list.sandbox.fault(fault)
    one_list.fault(rewrite=lambda payload, request: _by_cursor(one_list.rows, request))
    run = Run(one_list, {"type": "cursor", "cursor_path": "next", "cursor_param": "after"})
    assert run.is_side_by_side
    return run


@pytest.mark.sampled
@pytest.mark.parametrize("seconds", [LONGEST_LEFT, -1.0], ids=["as an error tells", "as time tells"])
def test_a_list_whose_token_did_not_live_until_its_turn_is_read_from_its_start(
    one_list: OneList, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    monkeypatch.setattr("messaging_assets.loading.passes.reads_ahead.LONGEST_LEFT", seconds)
    run = _left_behind_the_first_page(one_list, monkeypatch, _Dead(status=410))

    assert [run.rows(name) for name in NAMES] == [ids(ROWS)] * 3
    starts = [one.query for one in run.requests if one.query["list"] == "list_2" and "after" not in one.query]
    assert len(starts) == 2


def test_a_list_that_stays_broken_behind_what_was_read_ahead_is_red(
    one_list: OneList, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_list.endpoint["error_handler"] = {**AT_ONCE, "max_retries": 0}
    run = _left_behind_the_first_page(one_list, monkeypatch, _Broken(status=400))

    assert sorted(run.metadata) == sorted(set(NAMES) - {"list_2"})
    assert sum(_Broken().meets(one) for one in run.requests) == 2


class _Broken(Fault):
    def meets(self, request: Request) -> bool:
        """Only the third page of the second list."""
        return request.query["list"] == "list_2" and request.query.get("after") == "20"


def test_a_list_that_is_asked_for_by_post_waits_for_its_turn(one_list: OneList) -> None:
    [own] = one_list.describe().resources_in_full.values()
    posted = own.model_copy(update={"endpoint": own.endpoint.model_copy(update={"method": "post"})})

    assert may_begin(own)
    assert not may_begin(posted)


def test_what_is_wrong_with_all_lists_costs_a_request_each(one_list: OneList) -> None:
    one_list.endpoint["error_handler"] = {**AT_ONCE, "max_retries": 0}
    one_list.fault(status=401)
    run = Run(one_list)

    assert run.asked == [*NAMES]
    assert not run.metadata


def _killed(words: dict[str, Any], secrets: dict[str, Any]) -> None:
    """A run that is killed when the second list is about to be read, and the third is read ahead."""
    take = ReadsAhead.take

    def dying(self: ReadsAhead, resource: Any, *arguments: Any) -> Any:
        if resource.name == "list_2":
            os.kill(os.getpid(), signal.SIGKILL)
        return take(self, resource, *arguments)

    ReadsAhead.take = dying  # type: ignore[assignment,method-assign]
    run_of(ApiDescription.model_validate(words), secrets)


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is POSIX")
def test_a_run_that_is_killed_has_left_nothing_of_what_it_read_ahead(sandbox: Any) -> None:
    one_list = OneList(sandbox)
    one_list.has(ROWS)
    words = described(one_list, BY_TEN, write_disposition="append").model_dump(exclude_unset=True)
    ended, _ = in_a_process(partial(_killed, words, one_list.secrets))
    run = Run(one_list, write_disposition="append")

    assert ended == signal.SIGKILL
    assert [len(run.rows(name)) for name in NAMES] == [2 * ROWS, ROWS, ROWS]


def test_no_thread_is_left_behind(one_list: OneList) -> None:
    one_list.sandbox.fault(_Of(truncate=True))
    before = {one for one in threading.enumerate() if one.name.startswith("pages")}
    Run(one_list)

    assert {one for one in threading.enumerate() if one.name.startswith("pages")} <= before


def _begun(one_list: OneList) -> tuple[ReadsAhead, ReadBegun]:
    """A read of the second resource that is begun before its turn, when the destination knew of three syncs of it."""
    description = one_list.describe()
    ahead = ReadsAhead(description, project_folders(), "run", [*description.resources_in_full.values()])
    url = one_list.sandbox.url
    begun = ReadBegun(ApiSession(url, description.client), {}, url)
    begun.counts.asked()
    ahead._begun[one_list.name] = begun
    ahead._generations = {f"{one_list.api}_{one_list.name}": 3}
    return ahead, begun


@pytest.mark.parametrize(
    ("syncs", "seconds", "is_taken"),
    [(3, 0.0, True), (4, 0.0, False), (None, 0.0, False), (3, OLDEST + 1, False)],
    ids=["right", "another process loaded it", "not counted", "too old"],
)
def test_what_was_begun_is_taken_while_it_is_the_newest_and_counted_in_any_case(
    one_list: OneList, syncs: int | None, seconds: float, is_taken: bool
) -> None:
    ahead, begun = _begun(one_list)
    begun.began -= seconds
    [resource] = one_list.describe().resources_in_full.values()
    let_go: list[bool] = []
    taken, counts = ahead.take(resource, one_list.sandbox.url, syncs, lambda: let_go.append(True))

    assert (taken is begun) == is_taken
    # Nobody is kept from the destination while requests that are under way for nothing are waited for.
    assert let_go == [True] * (not is_taken)
    assert counts is begun.counts
    begun.session.close()
    assert ahead.take(resource, one_list.sandbox.url, syncs)[0] is None


def test_an_api_at_another_address_is_asked_anew(one_list: OneList) -> None:
    ahead, _ = _begun(one_list)
    [resource] = one_list.describe().resources_in_full.values()

    assert ahead.take(resource, "http://127.0.0.1:1", 3)[0] is None
