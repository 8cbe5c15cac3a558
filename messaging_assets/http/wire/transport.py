"""The only door to the wire: one origin, one try of one request, under one deadline, and a body of a bounded size."""

from __future__ import annotations

import os
import ssl
import threading
import time
from contextlib import suppress
from email.utils import parsedate_to_datetime
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import requests
import urllib3
from requests.cookies import RequestsCookieJar, extract_cookies_to_jar
from requests.utils import get_environ_proxies, select_proxy

from messaging_assets.description.api import Client
from messaging_assets.description.ways.origins import origin
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.http.wire.answer import Answer
from messaging_assets.http.wire.body import read_body
from messaging_assets.http.wire.connections import Adapter
from messaging_assets.http.wire.deadline import TookTooLong, Watchdog, Watched
from messaging_assets.http.wire.spool import SPOOLED_FROM

_DAY = 86_400.0


class OtherOrigin(requests.RequestException):
    """A request was about to leave for a server that it is not meant for; nothing left."""


class Transport:
    """Sends requests to one server; safe to use from several threads.

    Args:
        url: an address at the server; no request goes to another origin.
        client: time limits, certificates, the largest answer and the number of requests in flight.
        cookies: where cookies of answers go, unless a request has a `jar` of its own.
        closing: set when the sync ends, which cuts off what is under way.
        watchdog: that of another transport, which this one shares.

    Raises:
        NoAddress: the address is none.
        MendDescription: the file of trusted certificates, or the address of the proxy, cannot be read.
    """

    def __init__(
        self,
        url: str,
        client: Client,
        cookies: RequestsCookieJar,
        closing: threading.Event,
        watchdog: Watchdog | None = None,
    ) -> None:
        self.origin = origin(url)
        self.client, self._cookies = client, cookies
        self._watchdog = watchdog or Watchdog(client.timeout.total, closing)
        limits = client.timeout
        verify = _trusted(client) if url.lower().startswith("https:") else True
        self._settings: dict[str, Any] = {
            "verify": verify,
            "proxies": _proxies(url),
            "timeout": (min(limits.connect, limits.total), min(limits.read, limits.total)),
            "stream": True,
        }
        self._adapter = Adapter(pool_maxsize=client.max_in_flight + 1)

    def __call__(self, request: requests.PreparedRequest, takes_parts: bool = False) -> Answer:
        """Send a request once and read its answer whole, a long one into a file if it is taken in parts.

        The connection is the answer's until `Answer.settle`.

        Raises:
            OtherOrigin: the request is meant for another server.
            NoAddress: its address is none.
            TookTooLong, TooLarge, StrangeEncoding: see there.
            requests.RequestException, urllib3.exceptions.HTTPError: it broke on the way.
        """
        if origin(str(request.url)) != self.origin:
            raise OtherOrigin
        watched = self._watchdog.begin()
        try:
            return self._answered(request, watched, takes_parts)
        except TookTooLong:
            raise
        except Exception:
            if watched.is_over:
                raise TookTooLong from None
            raise
        finally:
            self._watchdog.end(watched)

    def close(self) -> None:
        """Close the connections."""
        self._adapter.close()

    def jar_of(self, request: requests.PreparedRequest) -> RequestsCookieJar:
        """Where the cookies of a request's answer go."""
        jar: RequestsCookieJar = getattr(request, "jar", self._cookies)
        return jar

    def _answered(self, request: requests.PreparedRequest, watched: Watched, takes_parts: bool) -> Answer:
        began = time.time()
        # requests.Session.send would do more: redirects, hooks, cookies where none came.
        with self._adapter.send(request, **self._settings) as response:
            asked_at = _asked_at(began, response.headers.get("date"))
            if "set-cookie" in response.headers:
                extract_cookies_to_jar(self.jar_of(request), request, response.raw)  # type: ignore[no-untyped-call]
            line = getattr(response.raw, "connection", None)
            encodings = response.headers.get("content-encoding", "")
            try:
                spooled_from = SPOOLED_FROM if takes_parts and response.status_code == 200 else None
                body = read_body(response.raw, encodings, self.client.maximum_bytes, spooled_from)
                if watched.is_over:
                    # An end of the connection may pass for the end of a body.
                    raise TookTooLong
            except Exception:
                if line is not None:
                    line.drop()
                raise
        answer = Answer()
        answer.__dict__.update(response.__dict__)
        answer.raw, answer.asked_at = None, asked_at
        answer.take_body(body)
        # Which of the two ends an answer is a question that two readers answer differently (RFC 9112, section 6.3).
        is_ambiguous = "transfer-encoding" in response.headers and "content-length" in response.headers
        answer.line, answer.is_clean = line, not (watched.has_surplus or is_ambiguous)
        answer.has_surplus = watched.has_surplus and "transfer-encoding" not in response.headers
        return answer


def _asked_at(began: float, date: str | None) -> float:
    """The moment of which an answer is that came just now, in seconds since 1970.

    Where the server's clock is behind, a row that changes now has an earlier time than it has here. So has one of a
    cached answer (RFC 9110, section 6.6.1). A clock that is a day behind, or ahead, is none to go by.

    Args:
        began: when its request left.
        date: the time at which it was made, as its header says it.
    """
    with suppress(TypeError, ValueError):
        behind = time.time() - parsedate_to_datetime(str(date)).timestamp()
        return began - behind if 0 < behind < _DAY else began
    return began


def _proxies(url: str) -> dict[str, str]:
    """The proxies of the environment for this very server, because NO_PROXY names servers.

    Raises:
        MendDescription: what would be asked is none.
    """
    # requests takes the host of `localhost:3128` for a scheme.
    found = get_environ_proxies(url).items()
    proxies = {name: one if "://" in one else f"http://{one}" for name, one in found if one}
    if (named := select_proxy(url, proxies)) is None:
        return proxies
    variable = f"{url.partition(':')[0].upper()}_PROXY (or ALL_PROXY)"
    try:
        scheme, _, host, *_ = urllib3.util.parse_url(named)
    except urllib3.exceptions.LocationParseError:
        scheme = host = None
    if not host or scheme not in ("http", "https", "socks4", "socks4a", "socks5", "socks5h"):
        step = "write http:// or https://, host and port"
        raise MendDescription(f"{variable} names a proxy by what is no address", step)
    if scheme.startswith("socks") and find_spec("socks") is None:
        raise MendDescription(f"{variable} names a SOCKS proxy, which needs PySocks", "install it: pip install PySocks")
    return proxies


def _trusted(client: Client) -> str | bool:
    """The file, or folder, of certificates that are trusted; True: those of this machine.

    Raises:
        MendDescription: it cannot be read.
    """
    named = {"client.ca_file": client.ca_file}
    named |= {name: os.environ.get(name) for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")}
    for name, path in named.items():
        if path:
            try:
                _load(path)
            except OSError:  # which ssl's own error is, too
                what = f"{name} names {path}, which holds no certificates that can be read"
                raise MendDescription(what, "correct it") from None
            return path
    return True


@lru_cache(maxsize=16)
def _load(path: str) -> None:
    """Load certificates, once a process: those of a whole system take longer than many a list."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(**{"capath" if Path(path).is_dir() else "cafile": path})
