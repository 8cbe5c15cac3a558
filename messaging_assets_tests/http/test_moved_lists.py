"""A list that moved for good, asked with a key in its query."""

from __future__ import annotations

import socket

import pytest

from messaging_assets_tests.one_table import OneTable
from messaging_assets_tests.raw_server import RawServer, answer


def test_a_key_in_the_query_hides_no_parameters_that_a_redirect_drops(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def talk(connection: socket.socket, path: str, number: int) -> None:
        moved = answer({}, "Location: /v2/list\r\n", "301 Moved")
        connection.sendall(moved if path.startswith("/v1") else answer({"data": [{"id": 1}]}))

    with RawServer(talk) as server:
        monkeypatch.setenv("GENERIC_REST__BASE_URL", server.url)
        plain = {"data_selector": "data", "paginator": "single_page"}
        dropped = one_table.sync(endpoint={"path": "/v1/list", "params": {"state": "all"}, **plain})
        assert "without the parameters that it was asked with" in str(dropped.error)
        assert one_table.sync(endpoint={"path": "/v1/list", **plain}).green
