"""When a request of an API may leave.

Four things count. Its budget; how long it asked to be left alone (`Retry-After`, RFC 9110); how many more it says that
it takes; and how many are under way at once.
"""

from __future__ import annotations

import copy
import threading
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from messaging_assets.http.in_flight import Level
from messaging_assets.http.pace.gate import gate_of
from messaging_assets.http.wire.rate_limits import Allowance


@dataclass
class _Limit:
    """The API's own limit: requests that may still leave, and until when that holds."""

    left: int = 0
    until: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Pacing:
    """Lets requests through at most so many a second, and none while the API asked to be left alone.

    Args:
        file: the gate's file, the same for every step of one API; None for a pace of this object alone.
        requests_per_second: the API's budget; None means no budget, only holds.
        closing: set when the sync ends early, so that nobody sleeps on.
        most_in_flight: requests under way at once, at most.
        start_in_flight: how many may be at first.

    Attributes:
        level: how many requests are under way at once.
        closing: set when the session ends early.
        is_behind: whether requests let those of the sessions beside this one go before.

    Raises:
        MendSettings: `MESSAGING_ASSETS_GATE` cannot be used.
    """

    def __init__(
        self,
        file: Path | None,
        requests_per_second: float | None,
        closing: threading.Event | None = None,
        most_in_flight: int = 1,
        start_in_flight: int = 2,
    ) -> None:
        self.level = Level(most_in_flight, start_in_flight)
        self._gate = gate_of(file)
        self._pause = 1 / requests_per_second if requests_per_second else 0.0
        self.closing = closing or threading.Event()
        self._limit = _Limit()
        self.is_behind = False

    def beside(self, closing: threading.Event) -> Pacing:
        """That of another session of the same API, which shares budget, limit and places with this one.

        Args:
            closing: set when that session ends.
        """
        other = copy.copy(self)
        other.closing = closing
        return other

    def place(self) -> AbstractContextManager[None]:
        """A request's place among those under way; waits until there is one."""
        return self.level.place(lambda: self.is_behind)

    def pass_through(self) -> float:
        """Wait for this request's turn; returns the seconds waited."""
        started = time.monotonic()
        while (turn := self._allowed_from()) > (now := time.monotonic()):
            if self.closing.wait(turn - now):
                break
        while (wait := self._gate.turn(self._pause) if self._pause else self._gate.held()) > 0:
            if self.closing.wait(wait):
                break
            # Who waited may have been overtaken by a hold, and takes a turn behind it.
            if self._pause and self._gate.held() <= 0:
                break
        return time.monotonic() - started

    def hold(self, seconds: float) -> None:
        """Let no request of this API leave for so many seconds: one was told to wait, so all wait."""
        self._gate.hold(seconds)

    def allow(self, allowed: Allowance, longest: float) -> None:
        """The API says how many more requests it takes; those under way may be among them.

        Args:
            allowed: how many, and for how long that holds.
            longest: seconds that a wait takes at most. Where it would take longer, the request leaves, and the answer
                to it says what to do.
        """
        with self._limit.lock:
            self._limit.left = allowed.requests - self.level.others_under_way
            self._limit.until = time.monotonic() + allowed.seconds if allowed.seconds <= longest else 0.0

    def close(self) -> None:
        """Let go what the gate holds open."""
        self._gate.close()

    def _allowed_from(self) -> float:
        with self._limit.lock:
            self._limit.left -= 1
            return self._limit.until if self._limit.left < 0 else 0.0
