"""What stands beside a list becomes a field of each of its records, and may be part of the key."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest

from messaging_assets.files.api_files import describe
from messaging_assets.files.rules.mistakes import InvalidDescription
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.sandbox import Fault
from messaging_assets_tests.one_table import OneTable
from messaging_assets_tests.raw_server import RawServer, answer
from messaging_assets_tests.scripted_list import Asked, read

BESIDE: dict[str, Any] = {"include_from_answer": {"channel": "meta.channel", "none": "meta.none"}}


def test_each_record_has_what_stands_beside_its_page(one_table: OneTable, monkeypatch: pytest.MonkeyPatch) -> None:
    def talk(connection: Any, path: str, number: int) -> None:
        page = path.partition("page=")[2][0]
        rows = [{"id": 1}, {"id": 2}] if page in "12" else []
        connection.sendall(answer({"meta": {"channel": page}, "data": rows}))

    endpoint = {"path": "/list", "data_selector": "data", "paginator": {"type": "page_number", "base_page": 1}}
    with RawServer(talk) as server:
        monkeypatch.setenv("GENERIC_REST__BASE_URL", server.url)
        synced = one_table.sync(endpoint=endpoint | BESIDE, primary_key=["channel", "id"], parallelized=False)
    assert synced.green, synced.error
    found = one_table.rows("SELECT * FROM resource_name ORDER BY channel, id")
    assert [(row["channel"], row["id"]) for row in found] == [("1", 1), ("1", 2), ("2", 1), ("2", 2)]


def test_a_page_that_comes_twice_is_known_whatever_stands_beside_it() -> None:
    numbers = iter(range(100))

    def pages(asked: Asked) -> Any:
        return {"meta": {"channel": next(numbers)}, "data": [{"id": 1}, {"id": 2}]}

    with pytest.raises(Exception, match="repeats rows"):
        read(pages, {"type": "page_number"}, **BESIDE)


@pytest.mark.parametrize(("own", "is_refused"), [("a", False), ("b", True), (None, True)])
def test_a_field_of_the_records_own_is_never_written_over(own: str | None, is_refused: bool) -> None:
    def pages(asked: Asked) -> Any:
        return {"meta": {"channel": "a"}, "data": [{"id": 1}, {"id": 2, "channel": own}]}

    with pytest.raises(MendDescription, match="its own field 'channel'") if is_refused else nullcontext():
        read(pages, {"type": "single_page"}, **BESIDE)


@pytest.mark.parametrize(
    ("words", "message"),
    [({}, "without a primary_key"), ({"format": "csv"}, "an answer in csv has nothing beside its records")],
    ids=str,
)
def test_it_is_refused_where_it_says_nothing(words: dict[str, Any], message: str) -> None:
    resource = {"name": "messages", "endpoint": {"path": "/a", **BESIDE, **words}}
    with pytest.raises(InvalidDescription, match=message):
        describe({"client": {"base_url": "https://api.example.com"}, "resources": [resource]}, "chat")


@pytest.mark.parametrize(("more", "verdict"), [(None, "read to the end"), (True, "unknown")], ids=str)
def test_a_token_that_the_file_takes_for_the_next_sync_names_no_further_page(
    one_table: OneTable, more: bool | None, verdict: str
) -> None:
    def page(payload: Any, request: Any) -> Any:
        return {"data": [{"id": 1}], "next": 7, "has_more": more}

    one_table.sandbox.fault(Fault(api="generic_rest", rewrite=page))
    endpoint: dict[str, Any] = {"path": "v1/resource", "data_selector": "data", "paginator": "single_page"}
    endpoint["incremental"] = {"cursor_path": "next", "cursor_in": "answer", "start_param": "token"}

    assert one_table.sync(endpoint=endpoint).receipt["verdict"] == verdict
