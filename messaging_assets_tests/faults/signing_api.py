"""An API that lets in only who signs right: it reckons each signature itself, from the bytes that came."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from messaging_assets_tests.threaded_server import Handler, answering

ROWS = [{"id": f"row_{number:05d}"} for number in range(5)]


class Came:
    """A request as it came."""

    def __init__(self, method: str, target: str, headers: Any, body: bytes) -> None:
        self.method, self.target, self.headers, self.body = method, target, headers, body

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.target).query).items()}

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


class SigningApi:
    """Pages of two rows behind `check`; tokens from `token`; both are the test's own."""

    def __init__(self) -> None:
        self.url = ""
        self.came: list[Came] = []
        self.check: Callable[[Came], bool] = lambda came: True
        self.token: Callable[[Came], tuple[int, dict[str, Any]]] = lambda came: (404, {})
        self.refusal: Callable[[Came], tuple[int, dict[str, str], bytes]] = lambda came: (401, {}, b"{}")
        self.date: str | None = None
        self.broken: list[int] = []

    def answer(self, came: Came) -> tuple[int, dict[str, str], bytes]:
        self.came.append(came)
        if came.path == "/token":
            status, said = self.token(came)
            return status, {}, json.dumps(said).encode()
        if not self.check(came):
            return self.refusal(came)
        if self.broken:
            return self.broken.pop(), {}, b"{}"
        first = int(came.query.get("offset", 0))
        return 200, {}, json.dumps({"data": ROWS[first : first + 2]}).encode()

    @property
    def lists(self) -> list[Came]:
        return [one for one in self.came if one.path != "/token"]


@contextmanager
def signing_api() -> Iterator[SigningApi]:
    """A running one."""
    api = SigningApi()

    class Answering(Handler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, headers, content = api.answer(Came(self.command, self.path, self.headers, self.body()))
            self.reply(status, content, headers)

        do_POST = do_GET

        def date_time_string(self, timestamp: float | None = None) -> str:
            return api.date or super().date_time_string(timestamp)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    api.url = f"http://127.0.0.1:{server.server_port}"
    with answering(server):
        yield api


def parts_of_token(token: str) -> SimpleNamespace:
    """Header, claims, what was signed and the signature of a JSON Web Token."""
    head, claims, signature = token.split(".")

    def decoded(part: str) -> bytes:
        return urlsafe_b64decode(part + "=" * (-len(part) % 4))

    read = {"header": json.loads(decoded(head)), "claims": json.loads(decoded(claims))}
    return SimpleNamespace(**read, signed=f"{head}.{claims}".encode(), signature=decoded(signature))
