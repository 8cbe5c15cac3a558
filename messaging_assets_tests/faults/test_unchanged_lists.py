"""A list that the API says is the one it was: the table and the verdict stay; in doubt it is read."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from messaging_assets.description.api import ApiDescription
from messaging_assets.foundation.folders import settle_environment
from messaging_assets.foundation.redaction import Redaction
from messaging_assets.http.session import ApiSession
from messaging_assets.http.wire.validators import other_than, validator_of
from messaging_assets.orchestration.automation.fingerprint import Probe
from messaging_assets_tests.faults.one_list import _own, synced, tables
from messaging_assets_tests.one_step import History, alone
from messaging_assets_tests.raw_server import RawServer, answer

ROWS = [{"id": number} for number in range(3)]


class Api:
    """A list on one page, which it names; `named` is the header, `rows` the list."""

    def __init__(self) -> None:
        self.rows, self.named = list(ROWS), 'ETag: "first"'
        self.more: dict[str, Any] = {}
        self.date, self.named_again = "Sat, 01 Nov 2025 12:00:00 GMT", ""
        self.server = RawServer(self._talk)

    def _talk(self, connection: socket.socket, path: str, number: int) -> None:
        name, _, value = self.named.partition(": ")
        asked = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}[name]
        head = self.server.asked[-1]
        if f"{asked}: {value}\r\n" in f"{head}\r\n":
            connection.sendall(answer(b"", f"{self.named_again or self.named}\r\n", "304 Not Modified"))
            return
        number_of_page = int(path.partition("page=")[2] or 0)
        page = self.rows if not number_of_page else [self.rows[:2], self.rows[2:], []][min(number_of_page, 3) - 1]
        connection.sendall(answer({"data": page, **self.more}, f"{self.named}\r\nDate: {self.date}\r\n"))

    def described(self, **words: Any) -> ApiDescription:
        """The API with one list, whose `endpoint` is laid over the usual one."""
        endpoint = {"path": "/list", "data_selector": "data", "paginator": "single_page", "conditional": True}
        resource = {
            "name": "messages",
            "primary_key": "id",
            "write_disposition": "replace",
            **words,
            "endpoint": {**endpoint, **words.get("endpoint", {})},
        }
        return ApiDescription.model_validate(
            {"name": "naming", "client": {"base_url": self.server.url}, "resources": [resource]}
        )

    def sync(self, **words: Any) -> dict[str, Any]:
        """One sync: its receipt, and the ids in the table."""
        receipt = _own(synced(self.described(**words), "messages"))
        rows, _ = tables(settle_environment(), "naming", "messages")
        return {**receipt, "rows": sorted(row["id"] for row in rows)}


@pytest.fixture
def api(open_database: None) -> Iterator[Api]:
    one = Api()
    with one.server:
        yield one


@pytest.mark.sampled
@pytest.mark.parametrize("way", ["replace", "merge", "append"])
def test_a_list_that_is_as_it_was_leaves_the_table_as_it_is(api: Api, way: str) -> None:
    first = api.sync(write_disposition=way, deletes="remove" if way == "merge" else "ignore")

    second = api.sync(write_disposition=way, deletes="remove" if way == "merge" else "ignore")

    assert first["rows"] == second["rows"] == [0, 1, 2]
    assert (second["not_modified"], second["rows_read"], second["requests"]) == (1, 0, 1)
    assert second["verdict"] == first["verdict"]
    assert second["verdict_reason"] == (
        "the API says by its ETag that the list is the one that is in the table (304), which was read to the end"
    )


def test_a_list_that_is_another_one_is_read(api: Api) -> None:
    api.sync()
    api.rows, api.named = [{"id": 7}], 'ETag: "second"'

    assert api.sync()["rows"] == [7]
    assert api.sync()["not_modified"] == 1


def test_a_proven_list_stays_proven_by_a_strong_name_alone(api: Api) -> None:
    exact = {"endpoint": {"total": "exact", "paginator": {"type": "single_page", "rows_total_path": "total"}}}
    api.more = {"total": 3}
    assert api.sync(**exact)["verdict"] == "proven"
    assert api.sync(**exact)["verdict"] == "proven"

    for api.named in ('ETag: W/"weak"', "Last-Modified: Sat, 01 Nov 2025 10:00:00 GMT"):
        assert api.sync(**exact)["verdict"] == "proven"
        again = api.sync(**exact)
        assert (again["not_modified"], again["verdict"]) == (1, "read to the end")


def test_of_a_list_that_has_or_may_get_several_pages_the_name_of_one_says_nothing(api: Api) -> None:
    of_two_pages: Any = {"type": "page_number", "base_page": 1, "total_path": "pages"}
    for paginator, api.more in ((of_two_pages, {"pages": 2}), ("header_link", {})):
        for _ in range(2):
            assert "not_modified" not in api.sync(endpoint={"paginator": paginator})
    assert "If-None-Match" not in "".join(api.server.asked)


def _deleted_by_hand(api: Api) -> None:
    import duckdb

    with duckdb.connect(str(settle_environment().database)) as database:
        database.execute("DELETE FROM naming.messages WHERE id = 1")


def _loaded_by_another(api: Api) -> None:
    api.sync(endpoint={"conditional": False})


def _described_anew(api: Api) -> None:
    api.sync(endpoint={"path": "/other"})


@pytest.mark.sampled
@pytest.mark.parametrize("change", [_deleted_by_hand, _loaded_by_another, _described_anew])
def test_a_name_says_nothing_of_a_table_that_changed_since(api: Api, change: Callable[[Api], None]) -> None:
    api.sync()
    change(api)
    api.server.asked.clear()

    one = api.sync()

    assert one["rows"] == [0, 1, 2]
    assert "not_modified" not in one
    assert re.search("If-None-Match", api.server.asked[-1]) is None


def test_a_304_that_names_another_list_is_not_believed(api: Api) -> None:
    api.sync()
    api.rows, api.named_again = [{"id": 7}], 'ETag: "second"'

    one = api.sync()

    assert one["rows"] == [7]
    assert "not_modified" not in one


@pytest.mark.parametrize(
    ("named", "is_other"), [('"first-gzip"', False), ('W/"first"', False), ('"first2"', True), ("", False)]
)
def test_a_name_may_tell_of_its_encoding(named: str, is_other: bool) -> None:
    assert (other_than('"first"', {"ETag": named}) is not None) == is_other


@pytest.mark.parametrize(
    ("date", "is_name"),
    [("Sat, 01 Nov 2025 10:00:00 GMT", False), ("Sat, 01 Nov 2025 10:00:01 GMT", True), ("", False), ("now", False)],
)
def test_a_time_names_a_list_only_when_its_second_is_over(date: str, is_name: bool) -> None:
    modified = "Sat, 01 Nov 2025 10:00:00 GMT"

    assert validator_of({"Last-Modified": modified, "Date": date}) == (modified if is_name else None)


def test_a_list_in_doubt_is_read_again(api: Api) -> None:
    api.more = {"has_more": True}
    assert api.sync(write_disposition="merge")["verdict"] == "unknown"

    assert "not_modified" not in api.sync(write_disposition="merge")


def test_without_the_word_a_list_is_read_each_time(api: Api) -> None:
    for _ in range(2):
        assert "not_modified" not in api.sync(endpoint={"conditional": False})


def test_the_sensor_asks_only_for_news_of_a_list_that_has_a_name(api: Api) -> None:
    receipt = {"messaging_assets/validator": api.sync()["validator"]}
    description = api.described()
    resource = description.resources_in_full["messages"]

    def look() -> str | None:
        with ApiSession(api.server.url, description.client) as session, Redaction().on_loggers():
            return Probe(description, resource, session, None, api.server.url, receipt).fingerprint()

    assert look() is None
    api.named = 'ETag: "second"'
    assert look() is not None


def test_an_asset_whose_list_is_as_it_was_is_green_and_its_checks_look_at_the_table(
    api: Api,
) -> None:
    description = api.described(columns={"id": {"data_type": "bigint", "nullable": False}})
    settle_environment()
    history = History()
    for _ in range(2):
        done = alone(description, "messages", history, secrets={})

    shown = done.metadata
    assert shown["messaging_assets/not_modified"] == 1
    assert shown["dagster/row_count"] == 3
    assert shown["dagster/column_schema"].columns[0].name == "id"
    assert done.checks["id_is_unique"].passed
    assert all(one.passed for one in done.checks.values())
