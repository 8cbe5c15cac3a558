"""Rows before a mark whose read was in doubt may be missing: each later sync says so, until the range is read anew."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from messaging_assets.description.api import Incremental
from messaging_assets.reading.cursors.mark import HELD, LEFT_IN_DOUBT, mark_at
from messaging_assets.reading.cursors.marks import CursorMarks
from messaging_assets.sandbox import Fault, Sandbox
from messaging_assets_tests.interrupted_sync import sync
from messaging_assets_tests.one_step import Done, alone
from messaging_assets_tests.one_table import RESOURCE, OneTable

# Nothing but the test opens the file.
pytestmark = pytest.mark.usefixtures("open_database")

ENDPOINT: dict[str, Any] = {
    "path": "v1/resource",
    "data_selector": "data",
    "paginator": "single_page",
    "incremental": {"cursor_path": "at", "start_param": "since"},
}
# A list of which nothing says that it is whole, and one of which nothing says otherwise.
CUT_OFF, WHOLE = {"data": [{"id": 1, "at": 1}, {"id": 2, "at": 2}], "next": "a2"}, {"data": [{"id": 2, "at": 2}]}


def _sync(one_table: OneTable, answer: dict[str, Any], config: dict[str, Any] | None = None, **own: Any) -> Done:
    one_table.sandbox.faults.clear()
    one_table.sandbox.fault(
        Fault(api="generic_rest", rewrite=lambda payload, request: {"data": []} if request.offset else answer)
    )
    described = one_table.describe(**{"endpoint": ENDPOINT, **own})
    return alone(described, RESOURCE, one_table.history, config=config)


@pytest.mark.parametrize(("disposition", "in_doubt"), [("append", 1), ("merge", 2)])
@pytest.mark.parametrize("way_on", ["keep_mark", "full_refresh"])
def test_each_sync_behind_a_range_that_was_left_in_doubt_is_unknown_until_somebody_decides(
    one_table: OneTable, disposition: str, in_doubt: int, way_on: str
) -> None:
    own: dict[str, Any] = {"write_disposition": disposition}
    for _ in range(in_doubt):
        assert _sync(one_table, CUT_OFF, **own).receipt["verdict"] == "unknown"
    # The range that came last is asked for once more by a merge.
    later = [_sync(one_table, WHOLE, **own).receipt for _ in range(3)]
    assert [one["verdict"] for one in later] == ["unknown"] * 3
    reasons = [one["verdict_reason"] for one in later]
    assert all("an earlier read of them was in doubt (" in one and "keep_mark" in one for one in reasons)
    assert "'next'" in reasons[-1]

    decided = _sync(one_table, WHOLE, {way_on: True}, **own)

    assert decided.receipt["verdict"] == "read to the end"
    assert _sync(one_table, WHOLE, **own).receipt["verdict"] == "read to the end"


def test_a_doubt_of_a_merge_is_over_once_its_range_came_without_one(one_table: OneTable) -> None:
    assert _sync(one_table, CUT_OFF).receipt["verdict"] == "unknown"
    assert _sync(one_table, WHOLE).receipt["verdict"] == "read to the end"
    assert _sync(one_table, WHOLE).receipt["verdict"] == "read to the end"

    other_way = {**ENDPOINT, "paginator": {"type": "offset", "limit": 5}}
    one_table.sandbox.forget()

    assert "another than before" not in _sync(one_table, WHOLE, endpoint=other_way).receipt["verdict_reason"]
    assert {request.query["since"] for request in one_table.sandbox.requests} == {"2"}


def test_a_range_that_was_left_in_doubt_is_read_anew_by_another_paginator(one_table: OneTable) -> None:
    for answer in (CUT_OFF, CUT_OFF, WHOLE):
        _sync(one_table, answer)

    mended = _sync(one_table, WHOLE, endpoint={**ENDPOINT, "paginator": {"type": "offset", "limit": 5}})

    assert "the paginator of the file is another" in mended.receipt["verdict_reason"]
    assert _sync(one_table, WHOLE).receipt["verdict"] == "read to the end"


@pytest.mark.parametrize(
    "own",
    [
        {"for_each": {"team": ["a", "b"]}, "params": {"team": "{for_each.team}"}},
        {"cursor": {"end_param": "until", "step": "P3D"}},
        {},
    ],
    ids=["lists", "windows", "one list"],
)
def test_a_merge_asks_again_for_a_list_or_window_beside_whose_rows_stood_that_it_may_not_be_whole(
    one_table: OneTable, own: dict[str, Any]
) -> None:
    days = {number: datetime.now(timezone.utc) - timedelta(days=9 - number) for number in range(1, 9)}
    rows = [{"id": number, "at": day.strftime("%Y-%m-%dT%H:%M:%SZ")} for number, day in days.items()]
    cursor = {"cursor_path": "at", "start_param": "since", "initial_value": "-10d", **own.get("cursor", {})}
    lists = {"for_each": own.get("for_each"), "primary_key": ["_team", "id"] if own.get("for_each") else "id"}
    endpoint = {**ENDPOINT, "incremental": cursor, "params": own.get("params", {})}

    def synced(lost: int | None) -> dict[str, Any]:
        def of_range(payload: Any, request: Any) -> dict[str, Any]:
            asked = request.query
            found = [row for row in rows if asked["since"] <= row["at"] < asked.get("until", "9")]
            if asked.get("team") == "b" or lost not in [row["id"] for row in found]:
                return {"data": found}
            return {"data": [row for row in found if row["id"] != lost], "unreachable": ["eu"]}

        one_table.sandbox.faults.clear()
        one_table.sandbox.fault(Fault(api="generic_rest", rewrite=of_range))
        described = one_table.describe(endpoint=endpoint, **lists)
        return alone(described, RESOURCE, one_table.history).receipt

    def count() -> int:
        return len(one_table.rows(f"SELECT id FROM {RESOURCE}"))

    whole = len(rows) * (2 if "for_each" in own else 1)
    assert (synced(lost=2)["verdict"], count()) == ("unknown", whole - 1)
    assert (synced(lost=None)["verdict"], count()) == ("read to the end", whole)


@pytest.mark.parametrize("by_change", [False, True], ids=["cursor", "changed parents"])
@pytest.mark.parametrize("disposition", ["merge", "append"])
def test_lists_of_which_a_filter_let_no_row_pass_are_not_gone_on_from_without_a_word(
    one_table: OneTable, disposition: str, by_change: bool
) -> None:
    lists: dict[str, Any] = {
        "for_each": {"team": ["a", "b"]},
        "primary_key": ["_team", "id"],
        "write_disposition": disposition,
    }
    lists |= {"only_changed_parents": True} if by_change else {}
    endpoint = {**ENDPOINT, "params": {"team": "{for_each.team}"}}
    answer = {"data": [{"id": number, "at": number, "kind": 7} for number in range(20)]}
    own: dict[str, Any] = {"endpoint": endpoint, **lists}
    for _ in range(4):
        assert _sync(one_table, answer, steps=[{"filter": "@.kind == '7'"}], **own).receipt["verdict"] == "unknown"

    config = {"full_refresh": True} if disposition == "append" else None
    mended = _sync(one_table, answer, config, steps=[{"filter": "@.kind == 7"}], **own)

    assert mended.receipt["verdict"] == "read to the end"
    assert len(one_table.rows()) == 40


@pytest.mark.parametrize(("lag", "verdict"), [(3, "read to the end"), (1, "unknown")])
def test_a_range_that_was_left_in_doubt_is_read_anew_by_a_lag_that_reaches_before_it(
    one_table: OneTable, lag: int, verdict: str
) -> None:
    endpoint = {**ENDPOINT, "incremental": {**ENDPOINT["incremental"], "lag": lag}}
    for at, sign in ((10, {}), (12, {"next": "a2"}), (14, {"next": "a2"})):
        _sync(one_table, {"data": [{"id": at, "at": at}], **sign}, endpoint=endpoint)

    for at in (16, 18):
        later = _sync(one_table, {"data": [{"id": at, "at": at}]}, endpoint=endpoint)
        assert later.receipt["verdict"] == verdict, later.receipt["verdict_reason"]


@pytest.mark.parametrize("disposition", ["append", "merge"])
def test_a_doubt_about_a_list_without_newer_rows_is_over_once_it_came_without_one(
    one_table: OneTable, disposition: str
) -> None:
    quiet = [_sync(one_table, WHOLE | sign, write_disposition=disposition) for sign in ({}, *[{"next": "a2"}] * 2)]
    quiet += [_sync(one_table, WHOLE, write_disposition=disposition) for _ in range(2)]

    assert [one.receipt["verdict"] for one in quiet[-2:]] == ["read to the end"] * 2


def test_a_range_that_the_file_closes_leaves_no_doubt_before_a_mark_that_it_does_not_move() -> None:
    own = Incremental.model_validate({"cursor_path": "at", "start_param": "since", "end_value": 30})
    marks = CursorMarks("api/list", own, ("id",), {"": mark_at(own, 10)}, takes_repeats=False)
    marks.cursor("").newer([{"id": 1, "at": 20}], page=1)

    marks.close("", moves=True, is_in_doubt=True)

    assert LEFT_IN_DOUBT not in marks.of_all(())[""]


def _closed(kept: dict[str, Any], is_in_doubt: bool, takes_repeats: bool = True) -> dict[str, Any]:
    own = Incremental.model_validate({"cursor_path": "at", "start_param": "since"})
    marks = CursorMarks("api/list", own, ("id",), kept, takes_repeats=takes_repeats)
    for name in ("busy", "quiet"):
        marks.cursor(name).newer([{"id": 1, "at": 20}], page=1)
        marks.close(name, moves=True, is_in_doubt=is_in_doubt and name == "busy")
    return marks.of_all(())


@pytest.mark.parametrize("takes_repeats", [True, False])
def test_of_many_lists_the_one_in_doubt_alone_says_so_and_goes_on_saying_it(takes_repeats: bool) -> None:
    own = Incremental.model_validate({"cursor_path": "at", "start_param": "since"})
    held = mark_at(own, 5) | ({HELD: mark_at(own, 10)} if takes_repeats else {})
    doubted = _closed({"busy": held, "quiet": mark_at(own, 5)}, True, takes_repeats)

    assert doubted["busy"]["last_value"] == (10 if takes_repeats else 20)
    sure = _closed(doubted, False, takes_repeats)
    for marks in (doubted, sure):
        assert {name for name, mark in marks.items() if LEFT_IN_DOUBT in mark} == {"busy"}
    assert sure["busy"]["last_value"] == 20


def test_windows_that_came_without_a_doubt_take_the_mark_past_what_was_held() -> None:
    cursor = {"cursor_path": "at", "start_param": "since", "end_param": "until", "step": "P1D"}
    own = Incremental.model_validate({**cursor, "initial_value": "2025-01-01T00:00:00Z"})
    day = "2025-01-0{}T12:00:00Z".format
    marks = CursorMarks("api/list", own, ("id",), {"": mark_at(own, day(1)) | {HELD: mark_at(own, day(2))}}, True)
    windows = marks.windows("")
    for window in windows:
        is_sure = window.start < windows.range.start + 3 * 86_400
        windows.is_over(window, 1, is_read=True, is_in_doubt=not is_sure, is_moved=False)
    marks.cursor("").newer([{"id": 1, "at": day(8)}], page=1)
    marks.close("", moves=True, is_in_doubt=True)

    mark = marks.of_all(())[""]

    assert mark["last_value"] > day(3)
    assert LEFT_IN_DOUBT not in mark


@pytest.mark.parametrize("takes_repeats", [True, False])
def test_a_doubt_of_a_range_that_the_next_sync_asks_for_all_the_same_leaves_none(takes_repeats: bool) -> None:
    own = Incremental.model_validate({"cursor_path": "at", "start_param": "since"})
    held = mark_at(own, 20) | ({HELD: mark_at(own, 20)} if takes_repeats else {})
    mark = _closed({"busy": held}, True, takes_repeats)["busy"]
    assert mark["last_value"] == 20
    assert LEFT_IN_DOUBT not in mark


@pytest.mark.parametrize(
    ("takes_repeats", "begun", "is_over"), [(True, 15, True), (True, 5, False), (False, 15, False)]
)
def test_a_range_that_was_left_in_doubt_is_known_once_a_lag_had_it_read_anew(
    takes_repeats: bool, begun: int, is_over: bool
) -> None:
    own = Incremental.model_validate({"cursor_path": "at", "start_param": "since", "lag": 10})
    kept = {"": mark_at(own, 20) | {LEFT_IN_DOUBT: begun}}
    for is_in_doubt in (True, False):
        marks = CursorMarks("api/list", own, ("id",), kept, takes_repeats=takes_repeats, is_asked_for=True)
        marks.cursor("").newer([{"id": 1, "at": 21}], page=1)
        marks.close("", moves=True, is_in_doubt=is_in_doubt)
        assert (LEFT_IN_DOUBT not in marks.of_all(())[""]) is (is_over and not is_in_doubt)
        assert marks.left_in_doubt(()) == (is_in_doubt or not is_over)


def test_of_a_parent_that_is_gone_no_row_is_missing_and_its_mark_still_says_what_it_said() -> None:
    own = Incremental.model_validate({"cursor_path": "at", "start_param": "since"})
    kept = {"gone": mark_at(own, 5) | {LEFT_IN_DOUBT: 1}, "same": mark_at(own, 5) | {LEFT_IN_DOUBT: 1}}
    marks = CursorMarks("api/list", own, ("id",), kept, takes_repeats=True)
    assert (marks.left_in_doubt(()), marks.left_in_doubt(["same"])) == (0, 1)
    assert LEFT_IN_DOUBT in marks.of_all(())["gone"]


@pytest.mark.parametrize("first", [1, 4])
def test_a_window_that_is_in_doubt_for_the_first_time_is_asked_for_again(first: int) -> None:
    cursor = {"cursor_path": "at", "start_param": "since", "end_param": "until", "step": "P1D"}
    own = Incremental.model_validate({**cursor, "initial_value": "-9d"})
    now = datetime.now(timezone.utc)
    day = [(now - timedelta(days=9 - number)).strftime("%Y-%m-%dT%H:%M:%SZ") for number in range(10)]
    kept: dict[str, Any] = {}
    left = []
    for in_doubt in (first, 6, 6):
        marks = CursorMarks("api/list", own, ("id",), kept, takes_repeats=True)
        windows = marks.windows("")
        for window in windows:
            is_sure = not window.start <= (now - timedelta(days=9 - in_doubt)).timestamp() < window.end
            windows.is_over(window, 1, is_read=True, is_in_doubt=not is_sure, is_moved=False)
        marks.cursor("").newer([{"id": 1, "at": day[8]}], page=1)
        marks.close("", moves=True, is_in_doubt=True)
        kept = marks.of_all(())
        left.append(LEFT_IN_DOUBT in kept[""])
    assert left == [False, False, True]


def test_a_read_that_goes_on_behind_an_interruption_still_has_the_doubts_of_what_came_before(
    known_sandbox: Sandbox,
) -> None:
    page: dict[str, Any] = {"page_size": 20, "checkpoint": {"pages": 2}}
    known_sandbox.settings.page_size = 20
    del known_sandbox.rows("messaging", "messages")[200:]

    known_sandbox.fault(
        Fault(api="messaging", offset=0, rewrite=lambda payload, request: {**payload, "unreachable": ["eu"]})
    )
    known_sandbox.fault(Fault(api="messaging", offset=140, status=500))
    assert not sync(**page)["green"]
    known_sandbox.faults.clear()

    resumed = sync(**page)["metadata"]

    assert resumed["messaging_assets/resumed_rows"] > 100
    assert resumed["messaging_assets/verdict"] == "unknown"
    assert "unreachable" in resumed["messaging_assets/verdict_reason"]
