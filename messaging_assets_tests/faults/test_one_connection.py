"""Children that are asked for over one connection: what goes wrong with one parent's is none of another's."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from messaging_assets.description.api import ApiDescription
from messaging_assets.foundation.failures import CapReached, MendDescription
from messaging_assets_tests.faults.one_list import OneList, Outcome
from messaging_assets_tests.raw_server import RawServer, answer

PARENTS = ("A", "B", "C")
LATE = answer({"data": [{"id": "late"}]})
Say = Callable[[socket.socket, bytes], object]


def in_two(connection: socket.socket, whole: bytes) -> None:
    connection.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")
    time.sleep(0.02)
    connection.sendall(whole)


def chunked(whole: bytes) -> bytes:
    body = whole.partition(b"\r\n\r\n")[2]
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


# What happens to the first request for each parent's children; False closes the connection.
FAULTS: dict[str, Say] = {
    "interim": in_two,
    "503": lambda connection, whole: connection.sendall(answer({}, status="503 Busy") + LATE),
    "html": lambda connection, whole: connection.sendall(answer(b"<html>") + LATE),
    "broken JSON": lambda connection, whole: connection.sendall(answer(b'{"data": [') + LATE),
    "broken gzip": lambda connection, whole: connection.sendall(answer(b"x", "Content-Encoding: gzip\r\n") + LATE),
    "cut off": lambda connection, whole: bool(connection.sendall(whole[:-3])),
    "reset": lambda connection, whole: False,
    "surplus": lambda connection, whole: connection.sendall(whole + LATE),
    "surplus chunks": lambda connection, whole: connection.sendall(chunked(whole) + LATE),
    "torn header": lambda connection, whole: connection.sendall(b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n" + LATE),
    "other coding": lambda connection, whole: connection.sendall(answer(b"", "Transfer-Encoding: x\r\n") + LATE),
    "no HTTP": lambda connection, whole: connection.sendall(b"SSH-2.0-x\r\n" + LATE),
    "named twice": lambda connection, whole: connection.sendall(answer(b'{"data": [], "data": []}') + LATE),
    "too late": lambda connection, whole: (time.sleep(0.4), connection.sendall(whole)),
}


def came_of(one_list: OneList, server: RawServer, client: dict[str, Any], **child: Any) -> Outcome:
    """What comes of the children of the three parents."""
    endpoint = {"data_selector": "data", "paginator": "single_page"}
    again = {"error_handler": {"max_retries": 2, "backoff_factor": 0.01}}
    path = {"path": "parents/{resources.parents.id}/children"}
    description = {
        "name": one_list.api,
        "client": {**one_list.client, "base_url": server.url, "max_in_flight": 1, **client},
        "resources": [
            {"name": "parents", "primary_key": "id", "endpoint": {"path": "parents", **endpoint}},
            {"name": "children", "include_from_parent": ["id"], "endpoint": {**path, **endpoint, **again, **child}},
        ],
    }
    return one_list.came(ApiDescription.model_validate(description), "children")


@pytest.mark.parametrize("fault", FAULTS)
def test_each_parent_has_its_own_children(one_list: OneList, fault: str) -> None:
    met: set[str] = set()

    def talk(connection: socket.socket, path: str, number: int) -> object:
        parent = path.split("?")[0].split("/")[2:3]
        if not parent:
            return connection.sendall(answer({"data": [{"id": one} for one in PARENTS]}))
        whole = answer({"data": [{"id": f"{parent[0]}{one}"} for one in range(2)]})
        if parent[0] in met:
            return connection.sendall(whole)
        met.add(parent[0])
        return FAULTS[fault](connection, whole)

    with RawServer(talk) as server:
        outcome = came_of(one_list, server, {"timeout": {"total": 0.2}} if fault == "too late" else {})
    assert outcome.green, outcome.sentence
    assert [(row["_parents_id"], row["id"]) for row in outcome.table] == [
        (parent, f"{parent}{one}") for parent in PARENTS for one in range(2)
    ]


def test_empty_pages_without_end_are_red_and_say_which_limit_to_raise(one_list: OneList) -> None:
    def talk(connection: socket.socket, path: str, number: int) -> None:
        rows = [{"id": number}] if number in (1, 4) else []
        connection.sendall(answer({"data": rows, "next": f"cursor {number}"}))

    paginator = {"type": "cursor", "cursor_path": "next", "cursor_param": "cursor", "maximum_empty_pages": 5}
    with RawServer(talk) as server:
        one_list.client["base_url"] = server.url
        outcome = one_list.outcome(paginator)
        assert len(server.asked) == 9
    assert isinstance(outcome.failure, CapReached)
    assert "maximum_empty_pages (5) was reached before the end; raise it in the file" in outcome.sentence


def test_a_record_with_too_many_fields_is_set_aside_and_a_table_is_red(one_list: OneList) -> None:
    one_list.resource["maximum_fields"] = 20
    one_list.has([{"id": "good", "number": 1}, {"id": "large", **{f"field_{one}": 1 for one in range(20)}}])
    outcome = one_list.sync()
    assert outcome.green, outcome.sentence
    assert outcome.ids == ["good"]
    assert [row["reason"] for row in outcome.rejected] == ["more than 20 fields (maximum_fields)"]

    one_list.has([{"id": f"row {row}", f"key_{row}": 1} for row in range(30)])
    outcome = one_list.sync()
    assert isinstance(outcome.failure, MendDescription)
    assert "more than 20 different fields" in outcome.sentence
    assert "raise maximum_fields" in outcome.sentence


def test_a_record_that_nests_too_deep_is_set_aside(one_list: OneList) -> None:
    # Deeper than orjson reads; how deep Python reads is another number in each of its releases.
    text = b"[" * 1200 + b"]" * 1200
    one_list.has([{"id": "good", "value": [1]}, {"id": "deep", "value": "DEEP"}])
    one_list.fault(rewrite=lambda payload, request: _dumped(payload).replace(b'"DEEP"', text))
    outcome = one_list.sync()
    assert outcome.green, outcome.sentence
    assert outcome.ids == ["good"]
    assert [row["reason"] for row in outcome.rejected] == ["value: nested too deep"]


def _dumped(payload: Any) -> bytes:
    return answer(payload).partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize(
    "location", ["http:\\\\stranger.invalid", "//me@stranger.invalid/", "http://[", "http://stranger.invalid:99999", " http://x"]
)  # fmt: skip
def test_a_redirect_to_what_is_no_address_is_red(one_list: OneList, location: str) -> None:
    one_list.fault(status=302, headers={"Location": location})
    outcome = one_list.outcome()
    assert isinstance(outcome.failure, MendDescription)
    assert len(outcome.requests) == 1


@pytest.mark.parametrize(
    "link",
    [
        "http://[",
        "//[",
        "http://stranger.invalid\\@{own}/x",
        "\thttp://{own}/x",
        "http://{own}:x/",
        "http:///x",
        "\\\\x",
    ],
)
def test_a_next_link_that_is_no_address_is_red(one_list: OneList, link: str) -> None:
    link = link.format(own=one_list.sandbox.url.partition("//")[2])
    one_list.fault(rewrite=lambda payload, request: {**payload, "next": link})
    outcome = one_list.outcome({"type": "json_link", "next_url_path": "next"}, path="messages/by_link")
    assert isinstance(outcome.failure, MendDescription), outcome.sentence
    assert len(outcome.requests) == 1
