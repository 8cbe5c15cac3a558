"""A server on loopback that says what a test tells it to, byte by byte."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any, Protocol, TypeVar

import pytest

Talk = Callable[[socket.socket, str, int], object]


class Talking(Protocol):
    """An API that a test makes up."""

    def talk(self, connection: Any, path: str, number: int) -> None:
        """Answer a request."""


Api = TypeVar("Api", bound=Talking)


class RawServer:
    """Listens on a free port; a context manager.

    Args:
        talk: is called for each request with its connection, its path and its number; False closes the connection.

    Attributes:
        asked: the heads of all requests, in order of arrival.
        connections: how many were accepted.
    """

    def __init__(self, talk: Talk) -> None:
        self.asked: list[str] = []
        self.connections = 0
        self._talk, self._open = talk, set[socket.socket]()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> RawServer:
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        # A thread that waits in accept() wakes by this, and not by close() alone.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in list(self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                self._open.add(connection)
                self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
                self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        came = b""
        with connection, suppress(OSError):
            while True:
                while b"\r\n\r\n" not in came:
                    if not (more := connection.recv(65536)):
                        return
                    came += more
                head, _, came = came.partition(b"\r\n\r\n")
                length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
                while length and len(came) < int(length[1]):
                    came += connection.recv(65536)
                came = came[int(length[1]) :] if length else came
                self.asked.append(head.decode("latin-1"))
                if self._talk(connection, head.decode("latin-1").split()[1], len(self.asked)) is False:
                    return


def served(api: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """The body of a fixture: an API that the one table is synced from, while it is served.

    Args:
        api: talks to a connection.
        monkeypatch: says where it is.
    """
    with RawServer(api.talk) as server:
        monkeypatch.setenv("GENERIC_REST__BASE_URL", server.url)
        yield api


def answer(body: Any, headers: str = "", status: str = "200 OK") -> bytes:
    """A whole answer; `body` is bytes or becomes JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(data)}\r\n{headers}\r\n".encode() + data
