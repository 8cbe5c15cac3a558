"""One gate per API for the rate of its requests, shared by all steps on this machine.

The gate is a small file under an operating-system lock: it holds the moment from which the next request
may leave. The lock dies with its process, so a killed run blocks nobody; a kept limiter library would need
a database or a server for the same.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

from filelock import FileLock

# A stored moment further away than this comes from a clock that was set back, not from a waiting request.
_LONGEST_HOLD = 24 * 3600.0


class Pacing:
    """Lets requests through at most so many a second, and none while the API asked to be left alone.

    Args:
        file: the gate's file, the same for every step of one API.
        requests_per_second: the API's budget; None means no budget, only holds.
        closing: set when the sync ends early, so that nobody sleeps on.
    """

    def __init__(
        self, file: Path | None, requests_per_second: float | None, closing: threading.Event | None = None
    ) -> None:
        self._file = file
        self._pause = 1 / requests_per_second if requests_per_second else 0.0
        self._closing = closing or threading.Event()
        self._held_until = 0.0
        self._lock = threading.Lock()
        if file is not None and self._pause:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._file_lock: FileLock | None = FileLock(f"{file}.lock")
        else:
            self._file_lock = None

    def pass_through(self) -> float:
        """Wait for this request's turn; returns the seconds waited."""
        started = time.monotonic()
        while (turn := self._take_turn()) > (now := time.time()):
            if self._closing.wait(turn - now):
                break
            if not self._pause:
                continue  # a hold may have been prolonged meanwhile
            break
        return time.monotonic() - started

    def hold(self, seconds: float) -> None:
        """Let no request of this API leave for so many seconds: one was told to wait, so all wait."""
        with self._lock:
            self._held_until = max(self._held_until, time.time() + seconds)
            if self._file_lock:
                with self._file_lock:
                    self._write(max(self._read(), self._held_until))

    def _take_turn(self) -> float:
        with self._lock:
            if self._file_lock is None:
                return self._held_until
            with self._file_lock:
                turn = max(time.time(), self._read())
                self._write(turn + self._pause)
                return turn

    def _read(self) -> float:
        assert self._file is not None
        try:
            moment = float(self._file.read_text() or 0)
        except (OSError, ValueError):
            return 0.0
        return moment if moment - time.time() < _LONGEST_HOLD else 0.0

    def _write(self, moment: float) -> None:
        assert self._file is not None
        self._file.write_text(repr(moment))
