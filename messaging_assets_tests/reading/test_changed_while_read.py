"""A row of an earlier page that changes while its list is read: the mark is never set beyond what it has then."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from messaging_assets.description.api import Incremental
from messaging_assets.reading.cursors import row_digests
from messaging_assets.reading.cursors.marks import CursorMarks
from messaging_assets.reading.cursors.order import PLAIN
from messaging_assets.reading.cursors.row_order import PageTops
from messaging_assets_tests.one_table import OneTable
from messaging_assets_tests.raw_server import answer, served

PAGE = 10


class ChangingList:
    """Rows in the order of their ids; each change gives a row the next number, or the time by the API's clock.

    Args:
        table: is synced from it.

    Attributes:
        is_numbered: whether changes are numbered.
        behind: how many seconds the API's clock is behind.
        has_count: whether answers say the last number of all.
        at_row: what happens before the page is made that begins with a row; False: its answer is no JSON.
    """

    def __init__(self, table: OneTable) -> None:
        self.table, self.rows, self.asked = table, list[dict[str, Any]](), list[Any]()
        self.is_numbered, self.behind, self.has_count = True, 0, False
        self.at_row: dict[int, Callable[[], object]] = {}
        self._number = 0

    @property
    def _now(self) -> datetime:
        return datetime.now(timezone.utc) - timedelta(seconds=self.behind)

    def change(self, *ids: int) -> None:
        """Rows change, or come, one after the other."""
        for one in ids:
            self._number += 1
            self.rows = [row for row in self.rows if row["id"] != one]
            self.rows.append({"id": one, "at": self._number if self.is_numbered else self._now.isoformat()})
            self.rows.sort(key=lambda row: int(row["id"]))

    def sync(self, incremental: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        """One sync, green or red; its receipt."""
        self.asked.clear()
        endpoint = {
            "path": "/v1/rows",
            "data_selector": "data",
            "paginator": {"type": "offset", "limit": PAGE, "overlap": 0},
            "incremental": {"cursor_path": "at", "start_param": "since", **(incremental or {})},
            "error_handler": {"max_retries": 0},
        }
        return self.table.sync(endpoint=endpoint, **more).receipt

    def talk(self, connection: Any, path: str, number: int) -> None:
        """Answer with a page."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        since, start = query.get("since"), int(query.get("offset", 0))
        self.asked.append(since)
        is_good = self.at_row.pop(start, lambda: None)() is not False
        came = [row for row in self.rows if since is None or row["at"] >= (int(since) if self.is_numbered else since)]
        page = {"data": came[start : start + PAGE], **({"last": self._number} if self.has_count else {})}
        connection.sendall(answer(page if is_good else b"-", f"Date: {format_datetime(self._now, usegmt=True)}\r\n"))

    @property
    def is_in_table(self) -> bool:
        """Whether the table has what the API has."""
        rows = [
            {"id": row["id"], "at": row["at"] if self.is_numbered else row["at"].isoformat()}
            for row in self.table.rows()
        ]
        return rows == self.rows


@pytest.fixture
def api(one_table: OneTable, monkeypatch: pytest.MonkeyPatch) -> Iterator[ChangingList]:
    """A list that changes, and is served."""
    yield from served(ChangingList(one_table), monkeypatch)


@pytest.mark.parametrize("order", [range(1, 36), [5, 4, *range(6, 36), 1, 2, 3]], ids=["ascending", "mixed"])
def test_numbers_that_count_changes_lose_no_row_that_changes_while_its_list_is_read(
    api: ChangingList, order: Any
) -> None:
    api.change(*order)
    # The second row is of the first page, which came.
    api.at_row[30] = lambda: api.change(2, 35)
    first = api.sync()
    assert not api.is_in_table
    assert "once more" in first["mark_held"]

    api.sync()
    assert api.is_in_table
    # What an earlier sync met is not read a third time.
    api.change(7)
    last = api.sync()
    assert api.is_in_table
    assert api.asked[0] == "37"
    assert (last["rows_loaded"], "mark_held" in last) == (1, False)


@pytest.mark.parametrize("order", [range(1, 36), [5, 4, *range(6, 36), 1, 2, 3]], ids=["ascending", "mixed"])
@pytest.mark.parametrize("key", [{}, {"primary_key": None}], ids=["keyed", "without a key"])
def test_an_append_has_such_a_row_with_the_next_sync_and_none_twice(
    api: ChangingList, order: Any, key: dict[str, Any]
) -> None:
    api.change(*order)
    api.at_row[30] = lambda: api.change(2, 35)
    first = api.sync(write_disposition="append", **key)
    versions = {(row["id"], row["at"]) for row in api.table.rows()}
    assert (first["rows_loaded"], (2, 36) in versions, (35, 37) in versions) == (35, False, True)

    for _ in range(2):
        api.sync(write_disposition="append", **key)
        rows = [(row["id"], row["at"]) for row in api.table.rows()]
        assert sorted(rows) == sorted(versions | {(2, 36)})
    # All are known, so the mark stands at the last of them.
    api.sync(write_disposition="append", **key)
    assert api.asked[0] == "37"


def test_an_append_of_more_rows_than_it_can_know_again_goes_as_far_as_they_do(
    api: ChangingList, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_digests, "ABOVE_KEPT", 20)
    api.change(*range(1, 36))
    api.sync(write_disposition="append")
    api.sync(write_disposition="append")
    assert (api.asked[0], len(api.table.rows())) == ("35", 35)


@pytest.mark.parametrize(
    "more",
    [
        {"incremental": {"lag": 1}},
        {"incremental": {"row_order": "asc"}},
        {"incremental": {"row_order": "asc"}, "write_disposition": "append"},
    ],
)
def test_the_mark_goes_as_far_as_the_rows_where_the_file_says_how_they_come(
    api: ChangingList, more: dict[str, Any]
) -> None:
    api.change(*range(1, 36))
    first = api.sync(**more)
    api.sync(**more)
    assert api.asked[0] == ("34" if "lag" in more.get("incremental", {}) else "35")
    assert "mark_held" not in first


def test_a_number_of_the_answer_that_counts_changes_loses_no_row_that_changes_while_its_list_is_read(
    api: ChangingList,
) -> None:
    api.has_count = True
    api.change(*range(1, 36))
    api.at_row[30] = lambda: api.change(2, 35)
    beside = {"cursor_path": "last", "cursor_in": "answer"}
    first = api.sync(beside)
    assert ("once more" in first["mark_held"], api.is_in_table) == (True, False)
    last = api.sync(beside)
    assert (api.asked[0], "mark_held" in last, api.is_in_table) == ("35", False, True)


@pytest.mark.parametrize("is_numbered", [True, False], ids=["numbers", "times"])
def test_a_row_that_changes_between_two_tries_of_one_read_comes_with_the_next_sync(
    api: ChangingList, is_numbered: bool
) -> None:
    api.is_numbered = is_numbered
    api.change(*range(1, 36))
    checkpoint: dict[str, Any] = {"checkpoint": {"pages": 1}}
    # Not JSON, so that the try fails behind the pages that it committed.
    api.at_row[20] = lambda: False
    api.sync(**checkpoint)
    assert 0 < len(api.table.rows()) < 35
    api.change(2)
    time.sleep(0.02)
    api.change(33)

    resumed = api.sync(**checkpoint)
    assert (resumed["resumed_rows"], api.is_in_table) == (10, False)
    api.sync(**checkpoint)
    assert api.is_in_table


def test_an_api_whose_clock_is_behind_loses_no_row_that_changes_while_its_list_is_read(api: ChangingList) -> None:
    api.is_numbered, api.behind = False, 40
    api.change(*range(1, 36))
    time.sleep(1.1)
    api.at_row[30] = lambda: (api.change(2), time.sleep(0.02), api.change(35))[0]
    first = api.sync()
    assert (api.is_in_table, first["rows_dated_ahead"]) == (False, 1)
    api.sync()
    assert api.is_in_table


@pytest.mark.parametrize(
    ("pages", "held"),
    [
        # One page is of one moment.
        ([[3, 1, 9]], None),
        ([[1, 2], [3, 4]], 2),
        ([[1, 2], [3, 4], [5]], 4),
        ([[9, 8], [7, 6]], None),
        # A row that changed among those of its page: the list is in another order.
        ([[1, 2], [3, 6, 5], [7]], 2),
        ([[1, 5], [2, 9], [3, 4]], 5),
        # Pages that begin with the row that the one before ended with.
        ([[1, 2], [2, 3], [3, 4]], 3),
        ([[10, 9], [], [8, 11]], 10),
    ],
)
def test_a_mark_goes_as_far_as_rows_are_known_to_have_been_there(pages: list[list[int]], held: int | None) -> None:
    tops = PageTops(PLAIN)
    for number, page in enumerate(pages, 1):
        tops.note(number, page)
    reached = max(value for page in pages for value in page)
    assert tops.held_at(reached, None) == held
    # An earlier sync met it all.
    assert tops.held_at(reached, reached) is None
    again = PageTops(PLAIN)
    again.go_on(tops.state)
    assert again.held_at(reached, None) == held


def test_a_row_without_a_number_is_no_sign_of_where_a_page_ends() -> None:
    own = Incremental.model_validate({"cursor_path": "at", "on_cursor_value_missing": "include"})
    cursor = CursorMarks("chat.messages", own, ("id",), {}, True, True).cursor("")
    pages: list[list[Any]] = [[None, 5, 1], [None, None], [2, 9]]
    for number, page in enumerate(pages, 1):
        cursor.newer([{"id": place, "at": at} for place, at in enumerate(page)], number)
    assert cursor.mark
    assert cursor.mark["last_value"] == 5


def test_a_held_mark_keeps_how_far_its_rows_came_also_where_it_is_in_doubt() -> None:
    own = Incremental.model_validate({"cursor_path": "at"})

    def read(kept: dict[str, Any], *pages: list[int], is_in_doubt: bool = False) -> Any:
        marks = CursorMarks("chat.messages", own, ("id",), {"": kept} if kept else {}, True, True)
        for number, page in enumerate(pages, 1):
            marks.cursor("").newer([{"id": at, "at": at} for at in page], number)
        marks.close("", moves=True, is_in_doubt=is_in_doubt)
        return marks.of_all([])[""]

    first = read({}, [1, 5], [2, 9])
    assert first["last_value"] == 5
    doubted = read(first, [6, 7], [5, 12], is_in_doubt=True)
    assert doubted["last_value"] == 5
    assert read(doubted, [6, 7], [5, 20])["last_value"] == 12


def test_a_held_mark_of_a_list_that_no_longer_comes_is_kept_and_not_told_of() -> None:
    own = Incremental.model_validate({"cursor_path": "at"})

    def read(kept: dict[str, Any], *lists: str) -> CursorMarks:
        marks = CursorMarks("chat.messages", own, ("id",), kept, True, True)
        for name in lists:
            for number, page in enumerate([[1, 5], [9, 2]], 1):
                marks.cursor(name).newer([{"id": at, "at": at} for at in page], number)
            marks.close(name, moves=True)
        return marks

    first = read({}, "general", "random")
    kept = first.of_all([])
    second = read(kept, "general")
    assert (first.seen.is_one_held, second.seen.is_one_held) == (True, False)
    assert second.of_all([])["random"] == kept["random"]
