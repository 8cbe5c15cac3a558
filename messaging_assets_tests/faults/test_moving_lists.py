"""Lists that change while they are read: mended by a second pass or an overlap, or said to be unknown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from messaging_assets_tests.faults.one_list import OFFSETS, OneList, ids, made

Change = Callable[[list[dict[str, Any]]], None]


def insert_in_front(rows: list[dict[str, Any]]) -> None:
    rows[:0] = [made(1000 + len(rows) + number) for number in range(3)]


def delete_in_front(rows: list[dict[str, Any]]) -> None:
    del rows[:3]


def move_to_the_front(rows: list[dict[str, Any]]) -> None:
    rows.insert(0, rows.pop(-2))


def insert_at_the_end(rows: list[dict[str, Any]]) -> None:
    rows.append(made(2000 + len(rows)))


def swap(rows: list[dict[str, Any]]) -> None:
    """A row deleted and another one added at once leave the count as it was."""
    del rows[0]
    insert_at_the_end(rows)


CHANGES: dict[str, Change] = {
    "inserts in front": insert_in_front,
    "deletes in front": delete_in_front,
    "a row moves to the front": move_to_the_front,
    "a row is added at the end": insert_at_the_end,
}


def changing(one_list: OneList, change: Change, times: int | None = 1, total: bool = True) -> None:
    """Let the list change right after its first page was answered."""

    def rewrite(payload: dict[str, Any], request: Any) -> dict[str, Any]:
        change(one_list.rows)
        return payload if total else {"data": payload["data"]}

    one_list.fault(rewrite=rewrite, offset=0, times=times)
    one_list.sandbox.settings.total = total


@pytest.mark.sampled
@pytest.mark.parametrize("case", CHANGES)
def test_a_list_that_moves_once_is_mended_by_a_second_pass(one_list: OneList, case: str) -> None:
    changing(one_list, CHANGES[case])
    outcome = one_list.sync()
    assert outcome.green, outcome.sentence
    assert set(outcome.ids) == {row["id"] for row in one_list.rows}
    assert outcome.verdict == "read to the end"
    assert outcome.receipt["passes"] == 2
    assert outcome.receipt["requests"] == len(outcome.requests)


@pytest.mark.sampled
@pytest.mark.parametrize("case", ["inserts in front", "a row is added at the end", "deletes in front"])
def test_a_live_feed_is_unknown_and_green_never_red_for_ever(one_list: OneList, case: str) -> None:
    changing(one_list, CHANGES[case], times=None)
    outcome = one_list.sync()
    assert outcome.green, outcome.sentence
    assert outcome.verdict == "unknown"
    assert "total moved from" in outcome.reason
    assert outcome.receipt["passes"] == 2


@pytest.mark.sampled
@pytest.mark.parametrize("passes", [1, 3, 5])
def test_the_number_of_passes_is_the_files(one_list: OneList, passes: int) -> None:
    one_list.resource["passes"] = passes
    changing(one_list, insert_at_the_end, times=None)
    outcome = one_list.sync()
    assert outcome.green, outcome.sentence
    assert outcome.receipt["passes"] == passes


def test_a_row_that_moves_in_every_pass_is_red_because_the_total_tells(one_list: OneList) -> None:
    changing(one_list, move_to_the_front, times=None)
    outcome = one_list.sync()
    assert not outcome.green
    assert "the API says it has 250 rows, 249 different ones came" in outcome.sentence
    assert outcome.failure is not None
    assert outcome.failure.retryable
    assert outcome.table == []


@pytest.mark.sampled
@pytest.mark.parametrize("case", ["inserts in front", "a row moves to the front"])
def test_rows_that_come_twice_tell_where_no_total_does(one_list: OneList, case: str) -> None:
    changing(one_list, CHANGES[case], total=False)
    outcome = one_list.sync()
    assert outcome.green, outcome.sentence
    assert set(outcome.ids) == {row["id"] for row in one_list.rows}
    assert outcome.receipt["passes"] == 2
    assert outcome.receipt["duplicates"] == 0


def test_deletes_without_a_total_are_never_called_proven(one_list: OneList) -> None:
    changing(one_list, delete_in_front, total=False)
    outcome = one_list.sync()
    assert outcome.green
    assert outcome.verdict == "read to the end"
    assert outcome.receipt["passes"] == 2
    assert "each page joined the next" in outcome.reason


@pytest.mark.parametrize("case", ["inserts in front", "deletes in front"])
@pytest.mark.parametrize("total", [True, False], ids=["total", "no total"])
def test_an_overlap_mends_in_one_pass(one_list: OneList, case: str, total: bool) -> None:
    throughout = set(ids(3, 250))
    changing(one_list, CHANGES[case], total=total)
    outcome = one_list.outcome({**OFFSETS, "overlap": 5})
    assert outcome.green, outcome.sentence
    assert throughout <= set(outcome.ids)
    assert outcome.verdict == "read to the end"
    assert "the overlap shows" in outcome.reason
    assert outcome.receipt["passes"] == 1


def test_more_deletes_than_the_overlap_holds_are_read_again(one_list: OneList) -> None:
    def delete_many(rows: list[dict[str, Any]]) -> None:
        del rows[50:150]

    changing(one_list, delete_many, total=False)
    outcome = one_list.sync({**OFFSETS, "overlap": 5})
    assert outcome.green, outcome.sentence
    assert set(outcome.ids) == {row["id"] for row in one_list.rows}
    assert outcome.receipt["passes"] == 2


@pytest.mark.parametrize("overlap", [1, 5, 99])
@pytest.mark.parametrize("rows", [0, 3, 100, 250])
def test_an_overlap_without_any_movement_is_proof(one_list: OneList, overlap: int, rows: int) -> None:
    one_list.has(rows)
    one_list.sandbox.settings.total = False
    outcome = one_list.outcome({**OFFSETS, "overlap": overlap})
    assert outcome.green, outcome.sentence
    assert outcome.ids == ids(rows)
    assert outcome.verdict == ("proven" if rows else "read to the end")
    assert outcome.receipt["rows_read"] == rows
    assert outcome.receipt["duplicates"] == 0


def test_bad_records_in_an_overlap_are_set_aside_once(one_list: OneList) -> None:
    rows = [made(number) for number in range(250)]
    rows[97] = {"number": 97}
    one_list.has(rows)
    outcome = one_list.sync({**OFFSETS, "overlap": 5})
    assert outcome.green, outcome.sentence
    assert outcome.verdict == "proven"
    assert outcome.receipt["rows_set_aside"] == len(outcome.rejected) == 1
    assert outcome.receipt["distinct_keys"] == 250


def test_an_overlap_that_the_server_caps_is_unknown_not_endless(one_list: OneList) -> None:
    one_list.has(20)
    one_list.sandbox.settings.page_cap = 3
    outcome = one_list.sync({**OFFSETS, "overlap": 5})
    assert outcome.green, outcome.sentence
    assert outcome.ids == ids(20)
    assert outcome.verdict == "unknown"


def test_a_delete_and_an_insert_at_once_are_seen_though_an_exact_total_stays(one_list: OneList) -> None:
    changing(one_list, swap)
    outcome = one_list.sync(total="exact")
    assert outcome.green, outcome.sentence
    assert outcome.verdict == "proven"
    assert outcome.receipt["passes"] == 2
    assert set(outcome.ids) == {row["id"] for row in one_list.rows}


@pytest.mark.parametrize("total", ["exact", "at_least"])
def test_page_numbers_are_never_proven_by_a_count(one_list: OneList, total: str) -> None:
    changing(one_list, swap)
    paginator = {"type": "page_number", "base_page": 1, "rows_total_path": "total"}
    outcome = one_list.outcome(paginator, path="messages/by_page", total=total)
    assert outcome.green, outcome.sentence
    assert outcome.verdict == "read to the end"


@pytest.mark.parametrize(("number", "verdict"), [(1, "unknown"), (3, "read to the end")], ids=["other", "the same"])
def test_of_a_key_twice_on_one_page_the_last_wins_and_is_in_doubt_where_it_has_other_content(
    one_list: OneList, number: int, verdict: str
) -> None:
    one_list.has([{"id": "a", "number": number}, {"id": "b", "number": 2}, {"id": "a", "number": 3}])
    outcome = one_list.sync(total="ignore")
    assert outcome.green, outcome.sentence
    assert {row["id"]: row["number"] for row in outcome.table} == {"a": 3, "b": 2}
    assert outcome.receipt["duplicates"] == 1
    assert outcome.verdict == verdict


def test_equal_rows_of_a_list_without_a_key_are_all_there_wherever_pages_join(one_list: OneList) -> None:
    one_list.resource |= {"write_disposition": "append", "primary_key": None}
    one_list.has([{"id": number // 5, "name": "same"} for number in range(23)])

    outcome = one_list.sync({**OFFSETS, "limit": 4}, total="exact")

    assert outcome.ids == [number // 5 for number in range(23)]
    assert outcome.verdict == "read to the end"
    assert "without a primary_key" in outcome.reason


@pytest.mark.parametrize("total", ["exact", "ignore"])
def test_an_overlap_of_equal_rows_without_a_key_proves_nothing(one_list: OneList, total: str) -> None:
    """A list without a key whose page begins with a row that only equals the one before: never proven."""
    one_list.resource |= {"write_disposition": "append", "primary_key": None, "passes": 1}
    one_list.has([{"id": name} for name in "abxxxcd"])

    def delete_and_insert(payload: Any, request: Any) -> Any:
        if request.offset == 0:
            one_list.rows[:] = [*one_list.rows[1:], {"id": "e"}]
        return payload

    one_list.fault(rewrite=delete_and_insert, times=1)
    outcome = one_list.outcome({**OFFSETS, "limit": 3, "overlap": 1}, total=total)

    assert outcome.ids.count("x") == 2
    assert outcome.verdict == "read to the end"
    assert "without a primary_key" in outcome.reason


def test_a_list_without_a_key_that_moves_is_unknown_and_not_taken_for_whole(one_list: OneList) -> None:
    one_list.resource |= {"write_disposition": "append", "primary_key": None, "passes": 1}
    changing(one_list, insert_in_front)

    outcome = one_list.sync(total="exact")

    assert outcome.green
    assert outcome.verdict == "unknown"
    assert "without a primary_key" in outcome.reason
