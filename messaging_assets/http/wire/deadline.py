"""One deadline for a request, from the connection to the last byte, whatever the server is sending meanwhile.

Time limits of a socket begin anew with each byte, so that a server which drips is never late. A watchdog shuts the
socket instead, and whoever reads from it sees its end.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import requests


class TookTooLong(requests.Timeout):
    """The answer was not complete at the deadline."""


class Watched:
    """One request under its deadline.

    Attributes:
        is_over: whether its socket was shut.
        has_surplus: whether bytes came behind its answer.
    """

    def __init__(self, until: float) -> None:
        self.until = until
        self.is_over = self.has_surplus = False
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()

    @property
    def is_attached(self) -> bool:
        """Whether there is a socket to shut."""
        return self._socket is not None

    def attach(self, connected: socket.socket) -> None:
        """Watch this socket, by a handle of our own: TLS takes the first one over, and a closed one ends nothing."""
        with self._lock:
            if self._socket is None:
                self._socket = socket.fromfd(connected.fileno(), connected.family, connected.type)
        if self.is_over:
            self.shut()

    def shut(self) -> None:
        """End the request, wherever it is."""
        self.is_over = True
        with self._lock, suppress(OSError):
            if self._socket is not None:
                self._socket.shutdown(socket.SHUT_RDWR)

    def let_go(self) -> None:
        """Give the handle back."""
        with self._lock:
            if self._socket is not None:
                self._socket.close()
                self._socket = None


class Watchdog:
    """Shuts what is late, and everything once the session closes.

    Args:
        total: seconds that a request may take.
        closing: set when the session closes.
    """

    def __init__(self, total: float, closing: threading.Event) -> None:
        self.total = total
        self._closing = closing
        # In the order of their ends, because all have the same time.
        self._watched: dict[Watched, None] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def begin(self) -> Watched:
        """Watch the request that this thread is about to send."""
        watched = Watched(time.monotonic() + self.total)
        with self._lock:
            self._watched[watched] = None
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="deadline", daemon=True)
                self._thread.start()
        if self._closing.is_set():
            watched.shut()
        _current.watched = watched
        return watched

    def end(self, watched: Watched) -> None:
        """The request is over, well or badly."""
        _current.watched = None
        with self._lock:
            self._watched.pop(watched, None)
        watched.let_go()

    def _watch(self) -> None:
        while not self._closing.wait(self._shut_late()):
            pass
        with self._lock:
            left = list(self._watched)
        for watched in left:
            watched.shut()

    def _shut_late(self) -> float:
        """Shut what is late; seconds until something else can be, which a request that begins now cannot shorten."""
        now = time.monotonic()
        with self._lock:
            late = [watched for watched in self._watched if watched.until <= now]
            for watched in late:
                del self._watched[watched]
            first = next(iter(self._watched), None)
        for watched in late:
            watched.shut()
        return self.total if first is None else first.until - now


@contextmanager
def within(total: float) -> Iterator[Watched]:
    """Give what is asked inside so many seconds; it has to go through an `Adapter` of connections.py."""
    closing = threading.Event()
    watchdog = Watchdog(total, closing)
    watched = watchdog.begin()
    try:
        yield watched
    finally:
        watchdog.end(watched)
        closing.set()


_current = threading.local()


def current() -> Watched | None:
    """What this thread's request is watched by."""
    return getattr(_current, "watched", None)
