"""Lists of the next resources of a run, asked for while one before them is synced: the same rows and receipts."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import pytest
from dagster import DagsterInstance, materialize

from messaging_assets.assets.credentials import build_credentials
from messaging_assets.assets.reads_ahead import OLDEST, ReadBegun, ReadsAhead
from messaging_assets.assets.resource_asset import build_assets
from messaging_assets.description.api import ApiDescription
from messaging_assets.foundation.folders import project_folders
from messaging_assets.http.session import ApiSession
from messaging_assets.sandbox import Fault, Request
from messaging_assets_tests.faults.one_list import AT_ONCE, OneList, ids, tables

TOLD = (
    *("rows_read", "distinct_keys", "duplicates", "rows_loaded", "pages", "passes", "requests", "retries"),
    *("verdict", "verdict_reason", "how_it_ended", "rows_api_says", "rows_set_aside", "bytes"),
)
NAMES = ("list_1", "list_2", "list_3", "list_4")
BY_TEN = {"type": "offset", "limit": 10}


class Run:
    """A run of several resources in one process, and what it left.

    Args:
        one_list: the sandbox's list, which all of them read.
        paginator: how it is paged.
        client: more words of the client.
        resource: more words of each resource.
    """

    def __init__(self, one_list: OneList, paginator: Any = BY_TEN, client: Any = None, **resource: Any) -> None:
        self._one_list = one_list
        self.description = self._described(paginator, {"max_in_flight": 4, **(client or {})}, resource)
        one_list.sandbox.forget()
        credentials = build_credentials(self.description, one_list.secrets)
        with DagsterInstance.ephemeral() as instance:
            result = materialize(
                build_assets(self.description),
                instance=instance,
                resources={f"{one_list.api}_credentials": credentials},
                raise_on_error=False,
            )
            self.metadata = {
                event.asset_key.path[-1]: {
                    name.removeprefix("messaging_assets/"): value.value
                    for name, value in event.materialization.metadata.items()
                }
                for event in result.get_asset_materialization_events()
                if event.asset_key
            }
        self.requests: list[Request] = list(one_list.sandbox.requests)

    def _described(self, paginator: Any, client: dict[str, Any], resource: dict[str, Any]) -> ApiDescription:
        described = self._one_list.describe(paginator).model_dump(exclude_unset=True)
        [own] = described["resources"]
        described["client"] |= client
        described["resources"] = [
            {**own, **resource, "name": name, "endpoint": {**own["endpoint"], "params": {"list": name}}}
            for name in NAMES
        ]
        return ApiDescription.model_validate(described)

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


@pytest.mark.parametrize(
    "paginator", [BY_TEN, {"type": "cursor", "cursor_path": "next", "cursor_param": "after"}], ids=["offset", "cursor"]
)
def test_rows_and_receipts_are_those_of_one_resource_after_the_other(one_list: OneList, paginator: Any) -> None:
    one_list.sandbox.settings.page_size, one_list.sandbox.settings.latency = 10, 0.01
    one_list.has(120)
    if paginator is not BY_TEN:
        one_list.fault(rewrite=lambda payload, request: _by_cursor(one_list.rows, request))
    after, beside = Run(one_list, paginator, parallelized=False), Run(one_list, paginator)

    assert not after.is_side_by_side
    assert beside.is_side_by_side
    for name in NAMES:
        assert beside.rows(name) == after.rows(name) == ids(120)
        assert beside.receipt(name) == after.receipt(name)
    assert Counter(beside.asked) == Counter(after.asked)


def test_the_server_never_has_more_requests_at_once_than_one_resource_alone_may_send(one_list: OneList) -> None:
    one_list.sandbox.settings.latency = 0.01
    run = Run(one_list)
    moments = [(request.at, 1) for request in run.requests] + [(one.answered or one.at, -1) for one in run.requests]
    at_once = [sum(by for _, by in sorted(moments)[:place]) for place in range(len(moments))]

    assert run.is_side_by_side
    assert 1 < max(at_once) <= 4


def test_where_requests_are_few_none_goes_before_those_of_the_list_in_its_turn(one_list: OneList) -> None:
    one_list.has(40)
    run = Run(one_list, client={"requests_per_second": 200})

    assert [run.rows(name) for name in NAMES] == [ids(40)] * 4
    last = {name: len(run.asked) - run.asked[::-1].index(name) for name in NAMES}
    assert run.asked.index("list_2") + 1 >= last["list_1"]


def test_a_resource_that_fails_leaves_the_others(one_list: OneList) -> None:
    one_list.endpoint["error_handler"] = {**AT_ONCE, "max_retries": 0}
    one_list.sandbox.fault(_Of(status=400))
    run = Run(one_list)

    assert sorted(run.metadata) == sorted(set(NAMES) - {"list_2"})
    assert [run.rows(name) for name in NAMES] == [ids(250), [], ids(250), ids(250)]
    assert run.asked.count("list_2") == 1


def test_what_is_wrong_with_all_lists_costs_a_request_each(one_list: OneList) -> None:
    one_list.endpoint["error_handler"] = {**AT_ONCE, "max_retries": 0}
    one_list.fault(status=401)
    run = Run(one_list)

    assert run.asked == [*NAMES]
    assert not run.metadata


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
    taken, counts = ahead.take(resource, one_list.sandbox.url, syncs)

    assert (taken is begun) == is_taken
    assert counts is begun.counts
    begun.session.close()
    assert ahead.take(resource, one_list.sandbox.url, syncs)[0] is None


def test_an_api_at_another_address_is_asked_anew(one_list: OneList) -> None:
    ahead, _ = _begun(one_list)
    [resource] = one_list.describe().resources_in_full.values()

    assert ahead.take(resource, "http://127.0.0.1:1", 3)[0] is None
