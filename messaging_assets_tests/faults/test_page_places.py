"""Lists whose requests say in a text of their own which page they ask for: a query, a path, a value in a body."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from messaging_assets.files.api_files import InvalidDescription, describe
from messaging_assets_tests.one_table import OneTable
from messaging_assets_tests.threaded_server import OfSecret, answering

SIZE, EVERY = 2, 7
QUERY = (
    "SELECT * FROM rooms WHERE of = {resources.sites.id} STARTPOSITION {paginator.offset} MAXRESULTS {paginator.limit}"
)
OFFSETS = {"type": "offset", "limit": SIZE, "offset": 1, "total_path": None, "overlap": 0}
NUMBERS = {"type": "page_number", "base_page": 1}


class Database(OfSecret):
    """Answers queries that say which rows they want, and nothing beside them.

    Attributes:
        refuses: the first row that is not answered.
    """

    def __init__(self) -> None:
        super().__init__()
        self.refuses = 0

    def answer(self, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        """What is answered to a request that has its secret."""
        sent = json.dumps([path, query, body])
        found = re.search(r"STARTPOSITION (\d+) MAXRESULTS (\d+)|(?:page/|\"number\": )(\d+)", sent)
        if not found or query.keys() - {"query"} or f"STARTPOSITION {self.refuses} " in sent:
            return 400, {"message": "no such query"}
        first, size = (int(found[1]) - 1, int(found[2])) if found[1] else ((int(found[3]) - 1) * SIZE, SIZE)
        return 200, {"data": [{"id": one} for one in range(EVERY)][max(first, 0) : max(first + size, 0)]}


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    server = Database()
    with answering(server):
        monkeypatch.setenv("GENERIC_REST__BASE_URL", f"{server.address}/v1/")
        yield server


def endpoint(paginator: dict[str, Any] = OFFSETS, path: str = "query", **words: Any) -> dict[str, Any]:
    asked = {"path": path, "data_selector": "data", "paginator": paginator, "error_handler": {"max_retries": 0}}
    return asked | words


def query(of: str = "7") -> dict[str, str]:
    return {"query": QUERY.replace("{resources.sites.id}", of)}


def ids(table: OneTable) -> list[int]:
    return [row["id"] for row in table.rows()]


def test_a_query_says_from_which_row_on_it_wants_how_many(one_table: OneTable, database: Database) -> None:
    synced = one_table.sync(endpoint=endpoint(params=query()))

    assert (synced.error, ids(one_table)) == ("", [*range(EVERY)])
    assert synced.receipt["verdict"] == "read to the end"
    starts = [int(sent["query"].split()[-3]) for _, sent, _ in database.asked]
    assert {1, 3, 5, 7, 8} <= {*starts}
    assert {sent["query"].split()[-1] for _, sent, _ in database.asked} == {str(SIZE)}


def test_a_step_of_the_path_is_the_number_of_the_page(one_table: OneTable, database: Database) -> None:
    synced = one_table.sync(endpoint=endpoint(NUMBERS, "rooms/page/{paginator.page}"))

    assert (synced.error, ids(one_table)) == ("", [*range(EVERY)])
    assert ("/v1/rooms/page/2", {}, None) in database.asked


def test_a_place_in_a_body_keeps_what_stands_beside_it(one_table: OneTable, database: Database) -> None:
    body = {"page": {"number": "{paginator.page}", "of": ["{{x}}", "page/{{y}}"]}}

    synced = one_table.sync(endpoint=endpoint(NUMBERS, method="POST", json=body))

    assert (synced.error, ids(one_table)) == ("", [*range(EVERY)])
    assert ("/v1/query", {}, {"page": {"number": 2, "of": ["{x}", "page/{y}"]}}) in database.asked


def test_a_place_stands_beside_braces_that_mean_themselves(one_table: OneTable, database: Database) -> None:
    text = '{{"page": {{"of": {{}}, "number": {paginator.page}}}}}'

    synced = one_table.sync(endpoint=endpoint(NUMBERS, method="POST", data=text))

    assert (synced.error, ids(one_table)) == ("", [*range(EVERY)])
    assert ("/v1/query", {}, {"page": {"of": {}, "number": 2}}) in database.asked


def test_an_interrupted_read_goes_on_with_the_query_for_the_next_row(one_table: OneTable, database: Database) -> None:
    database.refuses = 7
    words: Any = {"endpoint": endpoint(params=query()), "checkpoint": {"pages": 1}}

    failed, kept = one_table.sync(**words), ids(one_table)
    database.refuses = 0
    database.asked.clear()
    synced = one_table.sync(**words)

    assert not failed.green
    assert 0 < len(kept) < EVERY
    assert (synced.error, ids(one_table)) == ("", [*range(EVERY)])
    assert "STARTPOSITION 1 " not in database.asked[0][1]["query"]


def test_a_size_that_is_refused_is_asked_for_smaller_in_the_text_too(one_table: OneTable, database: Database) -> None:
    synced = one_table.sync(endpoint=endpoint({**OFFSETS, "limit": "max", "maximum_limit": 4}, params=query()))

    assert (synced.error, ids(one_table)) == ("", [*range(EVERY)])
    assert {sent["query"].split()[-1] for _, sent, _ in database.asked} == {"4"}


def test_each_parent_has_its_own_query_for_each_of_its_pages(one_table: OneTable, database: Database) -> None:
    whole = endpoint(params={"query": QUERY.replace("resources.sites.id", "for_each.site")})

    synced = one_table.sync(endpoint=whole, for_each={"site": [4, 5]}, primary_key=["id", "_site"])

    assert synced.error == ""
    assert len(ids(one_table)) == 2 * EVERY
    asked = {sent["query"] for _, sent, _ in database.asked}
    assert {one for one in asked if "STARTPOSITION 3" in one} == {
        f"SELECT * FROM rooms WHERE of = {site} STARTPOSITION 3 MAXRESULTS 2" for site in (4, 5)
    }


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (endpoint(NUMBERS, params=query()), "the list's paginator has no offset for it; type: offset has"),
        (endpoint({"type": "cursor"}, "of/{paginator.page}"), "the list's paginator has no page for it"),
        (endpoint({**OFFSETS, "offset_param": "at"}, params=query()), "offset_param puts the offset elsewhere; take"),
        (endpoint(headers={"Range": "{paginator.offset}"}), "no header says which page is asked for; write it in path"),
        (
            endpoint(params={"q": {"{paginator.offset}": 1}}),
            "no name says which page is asked for; write it in a value",
        ),
        (endpoint(NUMBERS, "of/{at}", params={"at": "p{paginator.page}"}), "its value goes into the path; write"),
        (endpoint(params={"q": "{paginator.offset:>5}"}), "nothing fills the placeholder"),
        (endpoint(params={"q": "{paginator.token}"}), "nothing fills the placeholder"),
        (
            {
                "path": "exports",
                "method": "POST",
                "json": {"at": "{paginator.offset}"},
                "job": {"poll": "/at/{job.id}"},
            },
            "this request begins a job, and asks for no page",
        ),
    ],
    ids=[
        "of another type",
        "of a cursor",
        "put elsewhere",
        "a header",
        "a name",
        "bound",
        "a format",
        "a token",
        "a job",
    ],
)
def test_a_place_for_a_page_that_nothing_fills_is_refused(words: Any, told: str) -> None:
    described = {"client": {"base_url": "https://api.example.com"}, "resources": [{"name": "rooms", "endpoint": words}]}

    with pytest.raises(InvalidDescription, match=re.escape(told)):
        describe(described, "generic_rest")


def test_the_clients_own_paginator_fills_a_text_too() -> None:
    client = {"base_url": "https://api.example.com", "paginator": NUMBERS}

    assert describe(
        {"client": client, "resources": [{"name": "rooms", "endpoint": {"path": "of/{paginator.page}"}}]}, "a"
    )
