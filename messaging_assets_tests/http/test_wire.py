"""The wire: an answer belongs to its question, comes by a deadline, and has a size."""

from __future__ import annotations

import gzip
import os
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import brotli
import pytest
import requests
from backports import zstd

from messaging_assets.description.api import Client, Endpoint
from messaging_assets.foundation.failures import MendDescription, SyncFailure, TryAgainLater
from messaging_assets.http.exchange import Exchange
from messaging_assets.http.pacing import Pacing
from messaging_assets.http.wire.answer import Answer
from messaging_assets.http.wire.body import read_body
from messaging_assets.http.wire.terms import Terms
from messaging_assets.http.wire.transport import Transport
from messaging_assets.reading.receipt import Receipt
from messaging_assets_tests.own_process import in_a_process
from messaging_assets_tests.raw_server import RawServer, Talk, answer

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
GOOD = b'{"data": [{"id": 1}]}'


class Asker:
    """Asks a server as a sync does, without one."""

    def __init__(self, url: str, retries: int = 0, **client: Any) -> None:
        self.url, closing = url, threading.Event()
        described = Client(base_url=url, **client)
        self.transport = Transport(url, described, requests.cookies.RequestsCookieJar(), closing)
        self.exchange = Exchange(self.transport, Pacing(None, None), closing)
        handler = {"max_retries": retries, "backoff_factor": 0.01}
        self.terms = Terms("chat.users", Endpoint(path="/users", error_handler=handler), Receipt())

    def ask(self, path: str = "/users") -> Answer:
        return self.exchange.answer(requests.Request("GET", self.url + path).prepare(), self.terms)

    def close(self) -> None:
        self.exchange.closing.set()
        self.transport.close()


@pytest.fixture
def asking() -> Iterator[Callable[..., tuple[RawServer, Asker]]]:
    """Starts a server that talks so, and who asks it."""
    started: list[tuple[RawServer, Asker]] = []

    def start(talk: Talk, **settings: Any) -> tuple[RawServer, Asker]:
        server = RawServer(talk).__enter__()
        started.append((server, Asker(server.url, **settings)))
        return started[-1]

    yield start
    for server, asker in started:
        asker.close()
        server.__exit__(None, None, None)


def own(path: str) -> bytes:
    """An answer that says which question it belongs to."""
    return answer({"for": path})


INTERIM: dict[str, bytes] = {
    "100": b"HTTP/1.1 100 Continue\r\n\r\n",
    "102": b"HTTP/1.1 102 Processing\r\n\r\n",
    "103 with headers": b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nContent-Length: 7\r\n\r\n",
    "several": b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 199 Soon\r\n\r\n",
}


@pytest.mark.parametrize("interim", INTERIM)
def test_an_answer_behind_an_interim_one_belongs_to_its_question(asking: Any, interim: str) -> None:
    def talk(connection: socket.socket, path: str, number: int) -> None:
        connection.sendall(INTERIM[interim])
        time.sleep(0.02)
        connection.sendall(own(path))

    server, asker = asking(talk)
    assert [asker.ask(path).json() for path in ("/a", "/b", "/c")] == [{"for": one} for one in ("/a", "/b", "/c")]
    assert server.connections == 1


SURPLUS: dict[str, Callable[[str], bytes]] = {
    "a second answer": lambda path: own(path) + own("/stranger"),
    "a byte": lambda path: own(path) + b"x",
    "the start of another": lambda path: own(path) + b"HTTP/1.1 200 OK\r\nContent-Le",
    "behind the last chunk": lambda path: (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body := f'{{"for": "{path}"}}'.encode())
        + body + b"\r\n0\r\n\r\n" + own("/stranger")
    ),
    "two lengths": lambda path: (
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n"
        % len(body := f'{{"for": "{path}"}}'.encode())
        + body + b"\r\n0\r\n\r\n"
    ),
    "a body behind no content": lambda path: (
        b"HTTP/1.1 204 No Content\r\n\r\n" + own("/stranger") if path == "/a" else own(path)
    ),
}  # fmt: skip


@pytest.mark.parametrize("surplus", SURPLUS)
def test_what_comes_behind_an_answer_is_no_answer(asking: Any, surplus: str) -> None:
    server, asker = asking(lambda connection, path, number: connection.sendall(SURPLUS[surplus](path)))
    for path in ("/a", "/b", "/c"):
        with suppress(MendDescription):  # the 204, which is no list
            assert asker.ask(path).json() == {"for": path}
    assert server.connections > 1


@pytest.mark.parametrize("headers", ["", "Connection: close\r\n"])
def test_lines_behind_a_length_that_is_too_small_leave_the_table_in_doubt(asking: Any, headers: str) -> None:
    lines = b'{"id": 1}\n{"id": 2}\n'

    def talk(connection: socket.socket, path: str, number: int) -> None:
        length = len(lines) if path == "/whole" else len(lines) // 2
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n{headers}Content-Length: {length}\r\n\r\n"
        connection.sendall(head.encode() + lines)
        if headers:
            connection.shutdown(socket.SHUT_WR)

    _, asker = asking(talk)
    whole, cut = asker.ask("/whole").parsed, asker.ask("/cut").parsed
    assert (len(whole), whole.doubt) == (2, None)
    assert (len(cut), "Content-Length" in str(cut.doubt)) == (1, True)


def test_what_comes_late_behind_an_answer_is_no_answer(asking: Any) -> None:
    def talk(connection: socket.socket, path: str, number: int) -> None:
        connection.sendall(own(path))
        time.sleep(0.05)
        connection.sendall(own("/late"))

    server, asker = asking(talk)
    for path in ("/a", "/b"):
        assert asker.ask(path).json() == {"for": path}
        time.sleep(0.15)
    assert server.connections == 2


@pytest.mark.parametrize(
    "first",
    [
        answer({"error": "busy"}, status="503 Busy"),
        answer(b"<html>"),
        answer(b'{"data": ['),
        answer(b"never gzip", "Content-Encoding: gzip\r\n"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\n\r\n",
        b"nonsense\r\n\r\n",
    ],
    ids=["503", "html", "broken JSON", "broken gzip", "cut off", "101", "no HTTP"],
)
def test_a_connection_is_not_used_again_after_trouble(asking: Any, first: bytes) -> None:
    def talk(connection: socket.socket, path: str, number: int) -> object:
        connection.sendall(first if number == 1 else own(path))
        return b"Content-Length: 100" not in first or number > 1

    server, asker = asking(talk, retries=1)
    assert asker.ask("/a").json() == {"for": "/a"}
    assert server.connections == 2


def test_a_connection_is_used_again_after_good_answers(asking: Any) -> None:
    server, asker = asking(lambda connection, path, number: connection.sendall(own(path)))
    for _ in range(5):
        asker.ask()
    assert server.connections == 1


DRIPS: dict[str, tuple[bytes, bytes]] = {
    "status line": (b"HTTP/1.1 200 ", b"O"),
    "header": (b"HTTP/1.1 200 OK\r\nX: ", b"a"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X: a\r\n"),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body": (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b" "),
    "body until the end": (b'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{"data": []}', b" "),
    "chunk size": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=", b"a"),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "trailer": (b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n{"data":[]}\r\n0\r\n', b"X: a\r\n"),
    "gzip preamble": (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9999\r\n\r\n\x1f\x8b\x08\x08" + b"\0" * 6, b"a"
    ),
    "error": (b"HTTP/1.1 503 Busy\r\nContent-Length: 1000\r\n\r\n", b"a"),
}  # fmt: skip


def dripping(start: bytes, drop: bytes, then: bytes = b"") -> Talk:
    def talk(connection: socket.socket, path: str, number: int) -> object:
        connection.sendall(start)
        time.sleep(0.05 if then else 0)
        connection.sendall(then)
        until = time.monotonic() + 20
        while time.monotonic() < until:
            connection.sendall(drop)
            time.sleep(0.05)
        return False

    return talk


def asked_in_vain(asker: Asker) -> tuple[str, float]:
    """Why there was no answer, and after how many seconds."""
    started = time.monotonic()
    with pytest.raises(SyncFailure) as caught:
        asker.ask()
    return str(caught.value), time.monotonic() - started


@pytest.mark.parametrize("where", DRIPS)
def test_an_answer_that_drips_ends_at_the_deadline(asking: Any, where: str) -> None:
    _, asker = asking(dripping(*DRIPS[where]), timeout={"total": 0.3})
    sentence, seconds = asked_in_vain(asker)
    assert "raise client.timeout.total (0.3 s)" in sentence
    assert seconds < 5


def test_a_deadline_begins_anew_with_each_request(asking: Any) -> None:
    def talk(connection: socket.socket, path: str, number: int) -> None:
        time.sleep(0.15)
        connection.sendall(own(path))

    _, asker = asking(talk, timeout={"total": 1})
    for _ in range(8):
        assert asker.ask().json()


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 Connection established\r\n\r\n"], ids=["CONNECT", "TLS"])
def test_a_proxy_or_a_handshake_that_drips_ends_at_the_deadline(
    asking: Any, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    # A TLS record of 16,384 bytes, or a header, of which one byte comes at a time.
    proxy, _ = asking(dripping(said, b"\x16" if said else b"H", b"\x16\x03\x03\x40\x00" if said else b""))
    monkeypatch.setenv("https_proxy", proxy.url)
    asker = Asker("https://localhost:9", timeout={"total": 0.3, "connect": 5})
    sentence, seconds = asked_in_vain(asker)
    asker.close()
    assert "client.timeout.total" in sentence
    assert seconds < 4


def test_a_session_that_closes_cuts_off_what_is_under_way(asking: Any) -> None:
    _, asker = asking(dripping(*DRIPS["body"]))
    threading.Timer(0.2, asker.exchange.closing.set).start()
    assert asked_in_vain(asker)[1] < 5


def bomb(megabytes: int, wbits: int = 31) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    return b"".join([*(packer.compress(b" " * 2**20) for _ in range(megabytes)), packer.flush()])


LARGE: dict[str, Callable[[], bytes]] = {
    "announced": lambda: answer(b" " * 1_000_001),
    "gzip": lambda: answer(bomb(20), "Content-Encoding: gzip\r\n"),
    "brotli": lambda: answer(brotli.compress(b"0" * 20_000_000, quality=1), "Content-Encoding: br\r\n"),
    "zstd": lambda: answer(zstd.compress(b"0" * 20_000_000), "Content-Encoding: zstd\r\n"),
    "raw deflate": lambda: answer(bomb(20, -15), "Content-Encoding: deflate\r\n"),
    "many members": lambda: answer(gzip.compress(b" " * 100_000) * 20, "Content-Encoding: gzip\r\n"),
    "empty blocks": lambda: answer(gzip.compress(b"")[:10] + b"\0\0\0\xff\xff" * 300_000, "Content-Encoding: gzip\r\n"),
    "chunks": lambda: CHUNKED + b"10000\r\n%b\r\n" % (b" " * 65536) * 20,
    "until the end": lambda: b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b" " * 2_000_000,
}  # fmt: skip


@pytest.mark.parametrize("kind", LARGE)
def test_an_answer_beyond_its_size_is_red_and_says_which_limit_to_raise(asking: Any, kind: str) -> None:
    _, asker = asking(lambda connection, path, number: connection.sendall(LARGE[kind]()), maximum_bytes=1_000_000)
    sentence, _ = asked_in_vain(asker)
    assert "sent more than 1,000,000 bytes; ask for smaller pages, or raise client.maximum_bytes" in sentence


@pytest.mark.skipif(not hasattr(os, "fork"), reason="limits of memory are POSIX")
def test_a_bomb_is_refused_within_the_memory_that_its_bound_takes() -> None:
    def ask(url: str) -> str:
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * resource.getpagesize() + 2 * 64_000_000
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        return asked_in_vain(Asker(url, maximum_bytes=64_000_000))[0]

    packed = answer(bomb(500), "Content-Encoding: gzip\r\n")
    with RawServer(lambda connection, path, number: connection.sendall(packed)) as server:
        url = server.url
        _, sentence = in_a_process(lambda: ask(url))
    assert "sent more than 64,000,000 bytes" in sentence


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(GOOD, mtime=0)),
        ("x-gzip", gzip.compress(GOOD, mtime=0)),
        ("GZIP", gzip.compress(GOOD[:9], mtime=0) + gzip.compress(GOOD[9:], mtime=0)),
        ("deflate", zlib.compress(GOOD)),
        ("deflate", zlib.compress(GOOD)[2:-4]),
        ("identity, gzip", gzip.compress(GOOD, mtime=0)),
        ("gzip", gzip.compress(GOOD, mtime=0) + b"\0" * 7),
        ("br", brotli.compress(GOOD)),
        ("zstd", zstd.compress(GOOD)),
        ("zstd", zstd.compress(GOOD[:9]) + b"\x50\x2a\x4d\x18\x04\0\0\0skip" + zstd.compress(GOOD[9:])),
        ("", GOOD),
    ],
)
@pytest.mark.parametrize("step", [1, 100_000])
def test_one_content_encoding_is_taken_off_however_the_bytes_come(
    asking: Any, encoding: str, body: bytes, step: int
) -> None:
    whole = answer(body, f"Content-Encoding: {encoding}\r\n" if encoding else "")

    def talk(connection: socket.socket, path: str, number: int) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(whole), step):
            connection.sendall(whole[start : start + step])

    # As many bytes as are allowed are none too many.
    _, asker = asking(talk, maximum_bytes=max(len(GOOD), len(body)))
    assert asker.ask().content == GOOD


class _Pieces:
    """A body that comes in pieces of so many bytes, as urllib3 gives it."""

    length_remaining = 0

    def __init__(self, body: bytes, size: int) -> None:
        self._body, self._size = body, size

    def read1(self, decode_content: bool) -> bytes:
        piece, self._body = self._body[: self._size], self._body[self._size :]
        return piece


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_every_member_of_a_gzip_body_is_read_wherever_a_piece_ends(size: int) -> None:
    body = gzip.compress(b"one,") + gzip.compress(b"two,") + gzip.compress(b"three") + b"\0\0"
    assert read_body(_Pieces(body, size), "gzip", 1000) == b"one,two,three"


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br, gzip", "lzma", ", ".join(["gzip"] * 500)])
def test_more_than_one_encoding_or_a_strange_one_is_red(asking: Any, encoding: str) -> None:
    body = gzip.compress(gzip.compress(GOOD))
    _, asker = asking(lambda c, path, number: c.sendall(answer(body, f"Content-Encoding: {encoding}\r\n")))
    with pytest.raises(MendDescription, match="content encoding that nobody asked for"):
        asker.ask()


@pytest.mark.parametrize("name", ["br", "zstd"])
def test_without_the_extra_that_reads_an_encoding_nobody_asks_for_it_and_it_is_named(
    asking: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("messaging_assets.http.wire.body.ACCEPTED_ENCODINGS", "gzip, deflate")
    _, asker = asking(lambda c, path, number: c.sendall(answer(GOOD, f"Content-Encoding: {name}\r\n")))
    with pytest.raises(MendDescription, match="install messaging_assets with its extra compression"):
        asker.ask()


@pytest.mark.parametrize(
    ("encoding", "kept"),
    [("gzip", gzip.compress(GOOD, mtime=0)), ("br", brotli.compress(GOOD)), ("zstd", zstd.compress(GOOD))],
)
@pytest.mark.parametrize("broken", [lambda kept: kept[:-4], lambda kept: kept[:8] + b"\xff" * 40 + kept[8:]])
def test_a_compressed_body_that_is_cut_off_or_broken_is_asked_for_again(
    asking: Any, encoding: str, kept: bytes, broken: Callable[[bytes], bytes]
) -> None:
    def talk(connection: socket.socket, path: str, number: int) -> None:
        connection.sendall(answer(broken(kept) if number == 1 else kept, f"Content-Encoding: {encoding}\r\n"))

    server, asker = asking(talk, retries=1)
    assert asker.ask().content == GOOD
    assert len(server.asked) == 2


@pytest.mark.parametrize("header", ["X: " + "a" * 70_000, "\r\n".join(f"X-{one}: a" for one in range(150))])
def test_headers_that_are_too_large_are_told_as_such(asking: Any, header: str) -> None:
    _, asker = asking(lambda connection, path, number: connection.sendall(answer(GOOD, f"{header}\r\n")))
    with pytest.raises(TryAgainLater, match="sent headers that are too large to be read"):
        asker.ask()


@pytest.mark.parametrize(
    ("attributes", "is_sent"), [("Path=/", True), ("Path=/gate", False), ("Path=/; Secure", False)], ids=str
)
def test_a_cookie_that_comes_with_a_redirect_goes_where_it_leads(asking: Any, attributes: str, is_sent: bool) -> None:
    gate = f"HTTP/1.1 302 Found\r\nLocation: /inside\r\nSet-Cookie: sid=new; {attributes}\r\nContent-Length: 0\r\n\r\n"
    server, asker = asking(
        lambda connection, path, number: connection.sendall(gate.encode() if path == "/users" else own(path))
    )
    asked = requests.Request("GET", f"{server.url}/users", headers={"Cookie": "theme=dark; sid=old"}).prepare()

    assert asker.exchange.answer(asked, asker.terms).json() == {"for": "/inside"}
    sent = "theme=dark; sid=new" if is_sent else "theme=dark; sid=old"
    assert server.asked[-1].split("Cookie: ")[1].split("\r\n")[0] == sent


def test_no_proxy_counts_for_the_server_that_is_asked(asking: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy, _ = asking(lambda connection, path, number: connection.sendall(answer({"by": "proxy"})))
    server, _ = asking(lambda connection, path, number: connection.sendall(answer({"by": "server"})))
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.setenv("no_proxy", "localhost")
    inside, outside = Asker(server.url.replace("127.0.0.1", "localhost")), Asker(server.url)
    assert (inside.ask().json(), outside.ask().json()) == ({"by": "server"}, {"by": "proxy"})
    inside.close()
    outside.close()


def test_a_proxy_may_be_named_without_its_scheme(asking: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy, _ = asking(lambda connection, path, number: connection.sendall(answer({"by": "proxy"})))
    monkeypatch.setenv("http_proxy", proxy.url.replace("http://127.0.0.1", "localhost"))
    outside = Asker("http://api.example.com")
    assert outside.ask().json() == {"by": "proxy"}
    outside.close()


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy"])
def test_a_proxy_that_lets_nobody_through_is_named_by_its_variable(
    asking: Any, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv(variable, f"http://user:s3cret@127.0.0.1:{free.getsockname()[1]}")
        _, asker = asking(lambda connection, path, number: False, retries=0)
        with pytest.raises(TryAgainLater) as failure:
            asker.ask()

    assert "through the proxy that the environment names (HTTP_PROXY, HTTPS_PROXY); see whether" in str(failure.value)
    assert "s3cret" not in str(failure.value)


@pytest.mark.parametrize(
    ("proxy", "said"),
    [
        ("me:s3cret at proxy", "names a proxy by what is no address; write http:// or https://, host and port"),
        ("http://me:s3cret@", "names a proxy by what is no address"),
        ("ftp://me:s3cret@proxy:1", "names a proxy by what is no address"),
        ("socks5://me:s3cret@proxy:1", "names a SOCKS proxy, which needs PySocks; install it"),
    ],
)
def test_a_proxy_that_cannot_be_asked_is_told_by_its_variable(
    proxy: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("all_proxy", proxy)

    with pytest.raises(MendDescription) as failure:
        Asker("http://api.example.com")

    assert f"HTTP_PROXY (or ALL_PROXY) {said}" in str(failure.value)
    assert "s3cret" not in str(failure.value)


@pytest.mark.parametrize(
    ("asked", "to", "status", "is_refused"),
    [
        ("a=2", "/users/", 301, True),
        ("a=2", "/users/", 302, True),
        ("a=2", "/users/?a=2&b=1", 301, False),
        ("a=2", "/files/7", 302, False),
        ("a=2", "/v2/users", 301, True),
        ("a=2", "/v2/users", 308, True),
        ("a=2", "/v2/users?b=2", 308, False),
        ("page=1", "/v2/users", 301, False),
        ("page=1", "/users", 301, False),
        ("page=2", "/users", 301, True),
        ("page=1&a=2", "/users/", 301, True),
    ],
)
def test_a_redirect_that_drops_what_was_asked_is_red(
    asking: Any, asked: str, to: str, status: int, is_refused: bool
) -> None:
    def talk(connection: socket.socket, path: str, number: int) -> None:
        is_first = path.startswith("/users?")
        connection.sendall(answer({}, f"Location: {to}\r\n", f"{status} Moved") if is_first else own(path))

    _, asker = asking(talk)
    if not is_refused:
        assert asker.ask(f"/users?{asked}").json() == {"for": to}
        return
    with pytest.raises(MendDescription, match="without the parameters that it was asked with"):
        asker.ask(f"/users?{asked}")
