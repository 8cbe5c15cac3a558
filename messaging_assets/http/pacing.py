"""The pace of an API's requests: its budget, and what it asked to be left alone for (`Retry-After`, RFC 9110)."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from messaging_assets.http.gates import gate_of


class Pacing:
    """Lets requests through at most so many a second, and none while the API asked to be left alone.

    Args:
        file: the gate's file, the same for every step of one API; None for a pace of this object alone.
        requests_per_second: the API's budget; None means no budget, only holds.
        closing: set when the sync ends early, so that nobody sleeps on.

    Raises:
        MendSettings: `MESSAGING_ASSETS_GATE` cannot be used.
    """

    def __init__(
        self, file: Path | None, requests_per_second: float | None, closing: threading.Event | None = None
    ) -> None:
        self._gate = gate_of(file)
        self._pause = 1 / requests_per_second if requests_per_second else 0.0
        self._closing = closing or threading.Event()

    def pass_through(self) -> float:
        """Wait for this request's turn; returns the seconds waited."""
        started = time.monotonic()
        while (wait := self._gate.turn(self._pause) if self._pause else self._gate.held()) > 0:
            if self._closing.wait(wait):
                break
            # Who waited may have been overtaken by a hold, and takes a turn behind it.
            if self._pause and self._gate.held() <= 0:
                break
        return time.monotonic() - started

    def hold(self, seconds: float) -> None:
        """Let no request of this API leave for so many seconds: one was told to wait, so all wait."""
        self._gate.hold(seconds)

    def close(self) -> None:
        """Let go what the gate holds open."""
        self._gate.close()
