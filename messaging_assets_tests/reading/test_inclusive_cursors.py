"""Lists whose next page begins with the record that it was asked for, read from where the last sync ended."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from messaging_assets.description.api import Endpoint
from messaging_assets.reading.evidence.claims import Claims
from messaging_assets_tests.one_table import OneTable
from messaging_assets_tests.raw_server import RawServer, answer


def test_a_sync_to_which_only_the_last_row_comes_again_is_no_list_that_ignores_paging(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"id": number} for number in range(1, 26)]

    def talk(connection: Any, path: str, number: int) -> None:
        begin = int(parse_qs(urlsplit(path).query).get("from", ["0"])[0])
        connection.sendall(answer({"rows": [row for row in rows if row["id"] >= begin][:10]}))

    endpoint = {
        "path": "/events",
        "data_selector": "rows",
        "paginator": {"type": "cursor", "cursor_path": "rows[-1].id", "cursor_param": "from"},
        "incremental": {"cursor_path": "id", "cursor_format": "number", "start_param": "from", "initial_value": 0},
    }
    with RawServer(talk) as server:
        monkeypatch.setenv("GENERIC_REST__BASE_URL", server.url)
        first, second = one_table.sync(endpoint=endpoint), one_table.sync()
        rows.append({"id": 99})
        third = one_table.sync()
    assert (first.green, second.green, third.green) == (True, True, True), second.error
    assert second.receipt["verdict"] == "read to the end"
    assert [row["id"] for row in one_table.rows()] == [row["id"] for row in rows]


def test_pages_of_one_row_that_never_get_past_it_are_no_end_of_the_list(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def talk(connection: Any, path: str, number: int) -> None:
        query = parse_qs(urlsplit(path).query)
        rows = [{"id": one} for one in range(int(query.get("from", ["1"])[0]), 25)]
        connection.sendall(answer({"rows": rows[: int(query["limit"][0])]}))

    paginator = {"type": "cursor", "cursor_path": "rows[-1].id", "cursor_param": "from"}
    endpoint = {"path": "/events", "data_selector": "rows", "params": {"limit": 1}, "paginator": paginator}
    with RawServer(talk) as server:
        monkeypatch.setenv("GENERIC_REST__BASE_URL", server.url)
        assert "repeats rows of an earlier page and brings nothing new" in one_table.sync(endpoint=endpoint).error


@pytest.mark.parametrize("part", ["params", "variables", "page"])
def test_the_size_of_a_page_is_known_inside_a_body_too(part: str) -> None:
    body = {"method": "event.get", part: {"limit": 50, "sort": "id"}, "aggregations": {"terms": {"size": 7}}}
    endpoint = Endpoint.model_validate({"path": "/rpc", "method": "POST", "json": json.loads(json.dumps(body))})
    assert Claims("api.rows", endpoint).asked_sizes == [50]
