"""The door to an API that is at several hosts: one transport for each, all of them within what the file allows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import requests
from requests.cookies import RequestsCookieJar

from messaging_assets.description.api import Client
from messaging_assets.description.ways.origins import Origin, is_among, or_allow, origin
from messaging_assets.http.wire.answer import Answer
from messaging_assets.http.wire.transport import OtherOrigin, Transport

# Connections to so many further hosts are kept open.
_MOST_KEPT = 20


class HostsTransport(Transport):
    """Sends requests to the API's own server, and to its further hosts; see Transport for what it takes and raises."""

    def __init__(self, url: str, client: Client, cookies: RequestsCookieJar, closing: threading.Event) -> None:
        super().__init__(url, client, cookies, closing)
        self._made = partial(Transport, client=client, cookies=cookies, closing=closing, watchdog=self._watchdog)
        self._lock = threading.Lock()
        # With each, how many requests are under way; the one that was asked last is the last.
        self._others: dict[Origin, tuple[Transport, int]] = {}

    def __call__(self, request: requests.PreparedRequest, takes_parts: bool = False) -> Answer:
        """See Transport."""
        there = origin(str(request.url))
        if there == self.origin:
            return super().__call__(request, takes_parts)
        if not is_among(there, self.client.allowed_hosts, self.origin):
            raise OtherOrigin(or_allow(there, self.origin))
        with self._to(there, str(request.url)) as other:
            return other(request, takes_parts)

    def close(self) -> None:
        """See Transport."""
        super().close()
        for other, _ in self._others.values():
            other.close()

    @contextmanager
    def _to(self, there: Origin, url: str) -> Iterator[Transport]:
        with self._lock:
            other, asked = self._others.pop(there) if there in self._others else (self._made(url), 0)
            self._others[there] = other, asked + 1
        try:
            yield other
        finally:
            with self._lock:
                self._others[there] = other, self._others[there][1] - 1
                idle = [one for one, (_, asked) in self._others.items() if not asked]
                for one in idle[: max(len(self._others) - _MOST_KEPT, 0)]:
                    self._others.pop(one)[0].close()
