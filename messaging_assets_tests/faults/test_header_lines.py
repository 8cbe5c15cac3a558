"""Headers of answers: each line is read as RFC 9112 says, or the answer is refused and asked for again."""

from __future__ import annotations

import http.client
import socket
import time
from io import BytesIO
from typing import Any

import pytest

from messaging_assets.foundation.failures import TryAgainLater
from messaging_assets.http.wire.header_lines import UnreadableHeaders, header_block
from messaging_assets_tests.faults.one_list import OneList
from messaging_assets_tests.http.test_wire import GOOD, asking
from messaging_assets_tests.raw_server import RawServer, answer

__all__ = ["asking"]


def read(block: bytes) -> list[tuple[str, str]]:
    return http.client.parse_headers(header_block(BytesIO(block))).items()


@pytest.mark.parametrize(
    ("block", "found"),
    [
        (b"Link : <a>\r\nX: 1\r\n\r\n", [("Link", "<a>"), ("X", "1")]),
        (b"Link: <a>;\r\n\trel=next\r\nX: 1\r\n\r\n", [("Link", "<a>; rel=next"), ("X", "1")]),
        (b"X: a\rLink: b\r\nY: c\0d\r\n\r\n", [("X", "a Link: b"), ("Y", "c d")]),
        (b"X-\xc3\xa9: a\r\nLink: <a>\r\n\r\n", [("Link", "<a>")]),
        (b"Transfer-Encoding: chunked \t\r\nX:\r\n\r\n", [("Transfer-Encoding", "chunked"), ("X", "")]),
        (b"A: 1\nB: 2\n\n", [("A", "1"), ("B", "2")]),
        (b":status: 200\r\nX: 1\r\n: a\r\n\r\n", [("X", "1")]),
        (b"\r\n", []),
    ],
)
def test_a_header_block_is_read_in_full(block: bytes, found: list[tuple[str, str]]) -> None:
    assert read(block) == found


@pytest.mark.parametrize(
    "block",
    [
        b"X: 1\r\nno colon\r\nLink: <a>\r\n\r\n",
        b" X: 1\r\n\r\n",
        b"Link: <http://a/\r\nm?time=1:2>; rel=next\r\n\r\n",
        b"X: 1\r\n",
        b"X: 1\r\nLink: <htt",
        b"",
    ],
)
def test_a_header_block_with_a_line_that_is_none_is_refused(block: bytes) -> None:
    with pytest.raises(UnreadableHeaders):
        read(block)


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKS = b"14\r\n" + GOOD + b"\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (OK + b"no colon\r\nContent-Length: 20\r\n\r\n" + GOOD, "sent headers that cannot be read"),
        (OK + b"Content-Length: 20\r\nX: 1", "sent headers that cannot be read"),
        (OK + b"Content-Length: +20\r\n\r\n" + GOOD, "sent headers that cannot be read"),
        (OK + b"Content-Length: 20\r\nContent-Length: 5\r\n\r\n" + GOOD, "sent headers that cannot be read"),
        (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + CHUNKS, "in a transfer coding that nobody asked for"),
        (b"HTTP/1.1 103 Hints\r\n\r\n" * 200, "sent interim answers (1xx) without end"),
        (b"HTTP/1.1 abc OK\r\n\r\n", "answered with something that is no HTTP/1.1"),
        (b"HTTP/2.0 200 OK\r\n\r\n", "answered with something that is no HTTP/1.1"),
        (b"SSH-2.0-OpenSSH_9\r\n", "answered with something that is no HTTP/1.1"),
        (b"\x15\x03\x01\x00\x02\x02\x0a", "answered with something that is no HTTP/1.1"),
        (GOOD, "answered with something that is no HTTP/1.1"),
        (b"", "closed the connection before it answered"),
    ],
)
def test_an_answer_that_is_no_http_is_asked_for_again_and_told_as_what_it_is(
    asking: Any, said: bytes, words: str
) -> None:
    def talk(connection: socket.socket, path: str, number: int) -> bool:
        connection.sendall(said)
        return False

    server, asker = asking(talk, retries=1)
    with pytest.raises(TryAgainLater, match="2 times") as failure:
        asker.ask()
    assert words in str(failure.value)
    assert "could not be reached" not in str(failure.value)
    assert len(server.asked) == server.connections == 2


def test_strange_headers_that_can_be_read_lose_nothing(asking: Any) -> None:
    _, asker = asking(lambda connection, path, number: connection.sendall(answer(GOOD, "X-\xe9: 1\r\nLink : <b>\r\n")))
    assert asker.ask().headers["link"] == "<b>"


LINES = {"a name that is not ASCII": "X-\xe9: a\r\n", "nothing": "", "a blank before the colon": "X : a\r\n"}


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("colon", [":", " :", ":\r\n "])
def test_a_link_behind_a_strange_header_is_followed(one_list: OneList, line: str, colon: str) -> None:
    def talk(connection: socket.socket, path: str, number: int) -> bool:
        link = "" if "page=2" in path else f'Link{colon} <{server.url}/messages?page=2>;\r\n rel="next"\r\n'
        body = {"data": [{"id": "2" if "page=2" in path else "1"}]}
        connection.sendall(answer(body, f"Connection: close\r\n{LINES[line]}{link}"))
        return False

    with RawServer(talk) as server:
        one_list.client["base_url"] = server.url
        outcome = one_list.outcome({"type": "header_link"})
    assert outcome.green, outcome.sentence
    assert outcome.ids == ["1", "2"]


def test_a_link_behind_a_line_that_is_none_makes_the_sync_red(one_list: OneList) -> None:
    def talk(connection: socket.socket, path: str, number: int) -> bool:
        connection.sendall(answer({"data": [{"id": 1}]}, f'no colon\r\nLink: <{server.url}/2>; rel="next"\r\n'))
        return False

    with RawServer(talk) as server:
        one_list.client["base_url"] = server.url
        outcome = one_list.outcome({"type": "header_link"})
    assert "sent headers that cannot be read 4 times; ask the vendor" in outcome.sentence


def test_long_headers_are_read_in_a_time_that_grows_with_their_length() -> None:
    begun = time.process_time()
    for line in (b"X: a" + b" " * 60_000 + b"b\r\n", b"a" * 60_000 + b":\r\n", b"X" + b" " * 60_000 + b":\r\n"):
        assert len(read(line * 90 + b"\r\n")) == 90
    assert time.process_time() - begun < 10
