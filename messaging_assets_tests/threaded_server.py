"""A server of the standard library that answers in a thread of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit


class Handler(BaseHTTPRequestHandler):
    """Answers in one piece, and prints nothing."""

    def body(self) -> bytes:
        """What came with the request."""
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def reply(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        """Answer with bytes as they are, or with anything else as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class OfSecret(ThreadingHTTPServer):
    """Refuses what comes without its secret, the parameter `api_key`; what else it answers, its `answer` says.

    Attributes:
        asked: path, parameters without the secret, and body of each request that was answered.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _AsTold)
        self.asked: list[tuple[str, dict[str, str], Any]] = []

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        """The status of an answer, and what is in it."""
        raise NotImplementedError


class _AsTold(Handler):
    server: OfSecret

    def do_GET(self) -> None:
        asked, content = urlsplit(self.path), self.body()
        query = dict(parse_qsl(asked.query))
        if query.pop("api_key", None) is None:
            self.reply(401, {})
            return
        is_form = self.headers.get("Content-Type") == "application/x-www-form-urlencoded"
        body = dict(parse_qsl(content.decode())) if is_form else json.loads(content or b"null")
        self.server.asked.append((asked.path, query, body))
        self.reply(*self.server.answer(asked.path, query, body))

    do_POST = do_GET


@contextmanager
def answering(server: BaseServer) -> Iterator[None]:
    """Let a server answer in the block, and close it at its end."""
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
