"""An API gives the first cursor by a request of its own; after that the last page's begins the next sync."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from messaging_assets.files.api_files import describe
from messaging_assets.files.rules.mistakes import InvalidDescription
from messaging_assets.foundation.folders import settle_environment
from messaging_assets_tests.one_step import Done, alone
from messaging_assets_tests.one_table import RESOURCE, OneTable
from messaging_assets_tests.raw_server import answer, served

INCREMENTAL = {"cursor_path": "token", "cursor_in": "answer", "start_param": "since"}
FIRST = {"path": "/first", "params": {"of": "me"}, "cursor_path": "data.token"}


class Changing:
    """An API with rows, two a page, a log of their changes, and a token that stands for a place in the log."""

    def __init__(self) -> None:
        self.rows, self.log, self.asked = dict.fromkeys(range(5), 0), list[int](), list[str]()
        self.forgotten, self.changes_at, self.fails_at, self.first = 0, "", "", None
        self.lists_all = True

    def change(self, number: int) -> None:
        """A row changes."""
        self.rows[number] = self.rows.get(number, 0) + 1
        self.log.append(number)

    def talk(self, connection: Any, path: str, number: int) -> None:
        """Answer a request."""
        url = urlsplit(path)
        asked = {name: values[0] for name, values in parse_qs(url.query).items() if name != "api_key"}
        self.asked.append("first" if url.path == "/first" else asked.get("since") or asked.get("page", "all"))
        if url.path == "/first":
            assert asked == {"of": "me"}
            connection.sendall(answer({"data": {"token": len(self.log)}} if self.first is None else self.first))
        elif "since" in asked:
            self._changes(connection, int(asked["since"]))
        elif not self.lists_all or self.asked[-1] == self.fails_at:
            connection.sendall(answer({}, status="400 Bad Request"))
        else:
            page = int(asked["page"])
            found = [{"id": one, "changes": self.rows[one]} for one in sorted(self.rows)[2 * page - 2 : 2 * page]]
            if self.changes_at == asked["page"]:
                self.change(0)
            connection.sendall(answer({"data": found}))

    def _changes(self, connection: Any, since: int) -> None:
        if since < self.forgotten:
            connection.sendall(answer({}, status="410 Gone"))
            return
        found = [{"id": one, "changes": self.rows[one]} for one in dict.fromkeys(self.log[since : since + 50])]
        connection.sendall(answer({"data": found, "token": len(self.log)}))


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Changing]:
    yield from served(Changing(), monkeypatch)


def sync(table: OneTable, pages: Any = None, config: Any = None, **first: Any) -> Done:
    paginator = pages or {"type": "single_page"}
    endpoint = {"path": "/list", "data_selector": "data", "paginator": paginator, "error_handler": {"max_retries": 0}}
    endpoint["incremental"] = {**INCREMENTAL, "first_mark": {**FIRST, **first}}
    if not first:
        endpoint["response_actions"] = [{"status_code": 410, "action": "restart"}]
    settle_environment()
    described = table.describe(endpoint=endpoint, parallelized=False)
    return alone(described, RESOURCE, table.history, config=config)


def has(table: OneTable, api: Changing) -> bool:
    return {row["id"]: row["changes"] for row in table.rows()} == api.rows


PAGES = {"type": "page_number", "base_page": 1}


def test_what_changes_during_the_first_read_comes_with_the_second(one_table: OneTable, api: Changing) -> None:
    api.changes_at = "2"
    synced = sync(one_table, PAGES)
    assert synced.green, synced.error
    assert synced.receipt["verdict"] == "read to the end"
    assert api.asked[:3] == ["first", "1", "2"]
    assert not has(one_table, api)

    api.change(9)
    assert sync(one_table).green
    assert api.asked[-1] == "0"
    assert has(one_table, api)
    assert sync(one_table).green
    assert api.asked[-1] == "2"
    assert api.asked.count("first") == 1


def test_a_token_that_is_forgotten_gives_way_to_another_first_one_and_a_whole_read(
    one_table: OneTable, api: Changing
) -> None:
    assert sync(one_table, PAGES).green
    api.change(3)
    api.change(7)
    api.forgotten, api.asked = 2, []
    assert sync(one_table, PAGES).green
    assert api.asked[:4] == ["0", "first", "1", "2"]
    assert has(one_table, api)
    assert sync(one_table).green
    assert api.asked[-1] == "2"


def test_a_read_that_goes_on_keeps_the_cursor_from_before_it_began(one_table: OneTable, api: Changing) -> None:
    one_table.described["checkpoint"] = {"pages": 1}
    api.fails_at = "3"
    assert not sync(one_table, PAGES).green
    assert len(one_table.rows()) > 0
    api.change(0)
    api.fails_at = ""
    synced = sync(one_table, PAGES)
    assert synced.green, synced.error
    assert synced.receipt["resumed_rows"]
    assert api.asked.count("first") == 1
    assert sync(one_table).green
    assert has(one_table, api)


@pytest.mark.parametrize("disposition", ["append", "merge"])
def test_a_log_of_changes_begins_at_its_first_cursor(one_table: OneTable, api: Changing, disposition: str) -> None:
    api.lists_all = False
    api.change(0)
    typed = {name: {"data_type": "bigint"} for name in ("id", "changes")}
    one_table.described |= {"write_disposition": disposition, "columns": typed}
    assert sync(one_table, starts_read=True).green
    assert api.asked == ["first", "1"]
    assert one_table.rows() == []
    # A table that was empty then is none that somebody emptied.
    assert sync(one_table, starts_read=True).green
    api.change(4)
    assert sync(one_table, starts_read=True).green
    assert api.asked == ["first", "1", "1", "1"]
    assert [row["id"] for row in one_table.rows()] == [4]

    api.forgotten = 9
    synced = sync(one_table, starts_read=True)
    assert "run it with forget_state, which begins behind what changed since" in synced.error
    api.forgotten = 0
    one_table.execute("DELETE FROM resource_name")
    assert "the table has no rows any more" in sync(one_table, starts_read=True).error


def test_a_table_of_changes_alone_is_not_dropped_for_those_that_come_from_now_on(
    one_table: OneTable, api: Changing
) -> None:
    assert sync(one_table, starts_read=True).green
    api.change(4)
    assert sync(one_table, starts_read=True).green
    asked = len(api.asked)
    refused = sync(one_table, config={"full_refresh": True}, starts_read=True)
    assert "run it with forget_state, which leaves the table as it is" in refused.error
    assert (len(one_table.rows()), len(api.asked)) == (1, asked)
    assert sync(one_table, config={"forget_state": True}, starts_read=True).green
    assert len(one_table.rows()) == 1
    assert sync(one_table, PAGES, config={"full_refresh": True}).green


@pytest.mark.parametrize("said", [{}, {"data": {"token": None}}, {"data": {"token": ""}}, []], ids=str)
def test_an_answer_without_the_cursor_is_told(one_table: OneTable, api: Changing, said: Any) -> None:
    api.first = said
    assert (
        "the answer of first_mark has no cursor at 'data.token'; correct path and cursor_path" in sync(one_table).error
    )
    assert api.asked == ["first"]


@pytest.mark.parametrize(
    ("endpoint", "message"),
    [
        ({"incremental": {"cursor_in": "record"}}, "write cursor_in: answer"),
        ({"incremental": {"initial_value": "5"}}, "take initial_value out"),
        ({"path": "/a/{resources.parents.id}"}, "one list, without parents"),
        (
            {
                "incremental": {"first_mark": {**FIRST, "starts_read": True}},
                "response_actions": [{"status_code": 410, "action": "restart"}],
            },
            "which would be lost; take restart out",
        ),
        ({"incremental": {"first_mark": {**FIRST, "path": "/{resources.parents.id}"}}}, "nothing fills its braces"),
        ({"incremental": {"first_mark": {**FIRST, "path": "https://other.example.com"}}}, "below client.base_url"),
    ],
    ids=str,
)
def test_it_is_refused_where_it_means_nothing(endpoint: dict[str, Any], message: str) -> None:
    incremental = {**INCREMENTAL, "first_mark": FIRST, **endpoint.pop("incremental", {})}
    resources = [
        {"name": "parents", "endpoint": "/parents", "primary_key": "id"},
        {"name": "children", "endpoint": {"path": "/a", "incremental": incremental, **endpoint}},
    ]
    with pytest.raises(InvalidDescription, match=message):
        describe({"client": {"base_url": "https://api.example.com"}, "resources": resources}, "chat")
