"""One gate per API for the rate of its requests, shared by all steps on this machine.

The gate is a small file under an operating-system lock. It holds the moment from which the next request may leave, and
the one at which that was written. Both are by the machine's monotonic clock, which nobody sets. The lock
dies with its process, so a killed run blocks nobody; a kept limiter library would need a database or a server for
the same.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

from filelock import FileLock

from messaging_assets.foundation.private_files import PRIVATE_FILE, make_private, read_private, write_private

# No API asks for more, so a moment further away than this is none of ours.
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
            make_private(file.parent)
            self._file_lock: FileLock | None = FileLock(f"{file}.lock", mode=PRIVATE_FILE)
        else:
            self._file_lock = None

    def pass_through(self) -> float:
        """Wait for this request's turn; returns the seconds waited."""
        started = time.monotonic()
        while (turn := self._take_turn()) > (now := time.monotonic()):
            if self._closing.wait(turn - now):
                break
            if not self._pause:
                continue  # a hold may have been prolonged meanwhile
            break
        return time.monotonic() - started

    def hold(self, seconds: float) -> None:
        """Let no request of this API leave for so many seconds: one was told to wait, so all wait."""
        with self._lock:
            self._held_until = max(self._held_until, time.monotonic() + seconds)
            if self._file_lock:
                with self._file_lock:
                    self._write(max(self._read(), self._held_until))

    def _take_turn(self) -> float:
        with self._lock:
            if self._file_lock is None:
                return self._held_until
            with self._file_lock:
                turn = max(time.monotonic(), self._read())
                self._write(turn + self._pause)
                return turn

    def _read(self) -> float:
        assert self._file is not None
        try:
            moment, written = map(float, read_private(self._file).split())
        except (OSError, ValueError):
            return 0.0
        # The clock begins anew when the machine does.
        is_ours = written <= time.monotonic() and moment - written < _LONGEST_HOLD
        return moment if is_ours else 0.0

    def _write(self, moment: float) -> None:
        assert self._file is not None
        write_private(self._file, f"{moment!r} {time.monotonic()!r}")
