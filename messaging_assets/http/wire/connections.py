"""Connections that carry one question and its answer at a time, and are used again only when both are over.

What is private of http.client and urllib3 stands here and nowhere else, because neither has a door for it:

- final answers behind interim ones (RFC 9110, section 15.2), and the bytes behind an answer;
- the moment at which a connection goes back to its pool;
- the socket while a connection is still being made.
"""

from __future__ import annotations

import http.client
import socket
from functools import lru_cache
from typing import Any

from requests.adapters import HTTPAdapter

from messaging_assets.http.wire.deadline import current
from messaging_assets.http.wire.header_lines import check_framing, header_block

# A server has a reason for one or two.
_MOST_INTERIM_ANSWERS = 100


class TooManyInterim(http.client.HTTPException):
    """Interim answers come without a final one."""


class Reply(http.client.HTTPResponse):
    """An answer that begins behind interim ones, and tells whether bytes came behind its end."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._sock = sock
        # The connection's bytes, while `fp` is the headers alone. What a proxy says to CONNECT is read elsewhere.
        self._stream: Any = None

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(_MOST_INTERIM_ANSWERS):
            version, status, reason = super()._read_status()  # type: ignore[misc]
            # What follows a 101 is another protocol, so that one is final.
            is_final = not 100 <= status < 200 or status == http.client.SWITCHING_PROTOCOLS
            block: Any = header_block(self.fp) if self._stream is not None or not is_final else None
            if is_final:
                self.fp = block or self.fp
                return version, status, reason
        raise TooManyInterim("more interim answers than anybody needs")

    def begin(self) -> None:
        """Read status and headers; see HTTPResponse, which has no door for another reader of headers than its own."""
        if self.headers is None:
            self._stream = self.fp
            try:
                super().begin()
            finally:
                self.fp = self.fp and self._stream
            check_framing(self.headers)

    def _close_conn(self) -> None:
        watched = current()
        # Until the headers came it is no truth value.
        if isinstance(self.will_close, bool) and watched is not None:
            watched.has_surplus = self._is_more_there()
        super()._close_conn()  # type: ignore[misc]

    def _is_more_there(self) -> bool:
        before = self._sock.gettimeout()
        self._sock.settimeout(0)
        try:
            return bool(self.fp.peek(1))
        except (OSError, ValueError):
            # TLS says so where nothing waits.
            return False
        finally:
            self._sock.settimeout(before)


class Line:
    """A connection under a deadline, in our hands until `keep`. A mixin of urllib3's connections."""

    response_class = Reply
    sock: socket.socket | None
    is_held = False
    pool: Any = None

    def _new_conn(self) -> socket.socket:
        made: socket.socket = super()._new_conn()  # type: ignore[misc]
        if (watched := current()) is not None:
            watched.attach(made)
        return made

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Send a request; from here on the connection is held."""
        self.is_held = True
        if (watched := current()) is not None and self.sock is not None and not watched.is_attached:
            watched.attach(self.sock)
        super().request(*args, **kwargs)  # type: ignore[misc]

    def keep(self) -> None:
        """Let the next request have the connection."""
        pool, self.pool, self.is_held = self.pool, None, False
        if pool is not None:
            pool._put_conn(self)

    def drop(self) -> None:
        """Close the connection; whatever else comes over it belongs to no question."""
        self.close()  # type: ignore[attr-defined]
        self.keep()


class _Pool:
    """Takes a connection back when we say so. A mixin of urllib3's pools, which do it as soon as a body ends."""

    def _put_conn(self, conn: Any) -> None:
        if isinstance(conn, Line) and conn.is_held:
            conn.pool = self
        else:
            super()._put_conn(conn)  # type: ignore[misc]


@lru_cache
def _guarded(pool: type) -> type:
    line = type("Line", (Line, pool.ConnectionCls), {})  # type: ignore[attr-defined]
    return type("Pool", (_Pool, pool), {"ConnectionCls": line})


class Adapter(HTTPAdapter):
    """requests' own, with such connections, through a proxy too."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """See HTTPAdapter."""
        super().init_poolmanager(*args, **kwargs)
        _guard(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        """See HTTPAdapter."""
        return _guard(super().proxy_manager_for(*args, **kwargs))


def _guard(manager: Any) -> Any:
    classes = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {
        scheme: pool if issubclass(pool, _Pool) else _guarded(pool) for scheme, pool in classes.items()
    }
    return manager
