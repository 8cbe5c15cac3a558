"""When a request may leave: the rate of an API's requests, and how many of them are under way at once.

One gate per API holds the rate, shared by all steps on this machine.

The gate is a small file under an operating-system lock. It holds the moment from which the next request may leave, and
the one at which that was written. Both are by the machine's monotonic clock, which nobody sets. The lock
dies with its process, so a killed run blocks nobody; a kept limiter library would need a database or a server for
the same.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from filelock import FileLock

from messaging_assets.foundation.private_files import PRIVATE_FILE, make_private, read_private, write_private
from messaging_assets.http.wire.rate_limits import Allowance

# No API asks for more, so a moment further away than this is none of ours.
_LONGEST_HOLD = 24 * 3600.0
# Answers are slow when they take so many times as long as the fastest ones lately, and so many seconds more.
_TIMES_SLOWER, _SLOWER = 2.0, 0.05
# How many rounds are lately.
_LATELY = 16


class Level:
    """How many requests are under way at once: more while answers come as fast as before, fewer where they do not.

    It doubles with each round of answers, until the first sign of trouble. From then on it grows by one a round, falls
    by a quarter when answers are slow, and by half when the API is busy. That is TCP's way to share a line (RFC 5681).

    Args:
        most: requests under way at once, at most.
        start: how many may be at first.

    Attributes:
        now: how many may be.
        peak: how many were at most.
    """

    def __init__(self, most: int, start: int = 2) -> None:
        self._most, self.now = most, min(start, most)
        self._free = threading.Condition()
        self._under_way, self.peak = 0, 0
        self._since = self._busy = self._together = 0.0
        self._is_starting, self._was_full = True, False
        self._cut_at = 0.0
        # Seconds that the answers of this round took, and the median ones of the rounds before, by what was asked for.
        self._round: dict[str, list[float]] = {}
        self._rounds: dict[str, deque[float]] = {}

    @property
    def mean(self) -> float:
        """How many requests were under way on average, while any was."""
        return self._together / self._busy if self._busy else 0.0

    @property
    def others_under_way(self) -> int:
        """How many requests are under way beside the one that was just answered."""
        return max(self._under_way - 1, 0)

    @contextmanager
    def place(self) -> Iterator[None]:
        """A request's place among those under way; waits until there is one."""
        with self._free:
            while self._under_way >= self.now:
                self._free.wait()
            self._moves(1)
        try:
            yield
        finally:
            with self._free:
                self._moves(-1)
                self._free.notify()

    def came(self, of: str, seconds: float, is_busy: bool) -> None:
        """An answer came.

        Args:
            of: what was asked for; lists of one kind take alike long.
            seconds: how long it took.
            is_busy: whether it says that the API has too much to do.
        """
        with self._free:
            if is_busy:
                # Answers of one round tell of the same trouble.
                if time.monotonic() - self._cut_at > seconds:
                    self._go_to(self.now // 2)
                return
            lately = self._round.setdefault(of, [])
            lately.append(seconds)
            if len(lately) < self.now:
                return
            usual, before = median(lately), self._rounds.setdefault(of, deque(maxlen=_LATELY))
            lately.clear()
            before.append(usual)
            if usual > _TIMES_SLOWER * min(before) + _SLOWER:
                self._go_to(self.now * 3 // 4)
                return
            # A level that nobody needed was not tried.
            if not self._was_full:
                return
            self._was_full = False
            self.now = min(self.now * 2 if self._is_starting else self.now + 1, self._most)
            self._free.notify_all()

    def _go_to(self, level: int) -> None:
        self.now, self._is_starting, self._cut_at = max(level, 1), False, time.monotonic()

    def _moves(self, by: int) -> None:
        now = time.monotonic()
        if self._under_way:
            self._busy += now - self._since
            self._together += (now - self._since) * self._under_way
        self._since, self._under_way = now, self._under_way + by
        self.peak = max(self.peak, self._under_way)
        self._was_full = self._was_full or self._under_way >= self.now


class Pacing:
    """Lets requests through at most so many a second, and none while the API asked to be left alone.

    Args:
        file: the gate's file, the same for every step of one API.
        requests_per_second: the API's budget; None means no budget, only holds.
        closing: set when the sync ends early, so that nobody sleeps on.
        most_in_flight: requests under way at once, at most.
        start_in_flight: how many may be at first.

    Attributes:
        level: how many requests are under way at once.
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
        self._file = file
        self._pause = 1 / requests_per_second if requests_per_second else 0.0
        self._closing = closing or threading.Event()
        self._held_until = 0.0
        # The API's own limit: requests that may still leave, and until when that holds.
        self._left, self._left_until = 0, 0.0
        self._lock = threading.Lock()
        if file is not None and self._pause:
            make_private(file.parent)
            self._file_lock: FileLock | None = FileLock(f"{file}.lock", mode=PRIVATE_FILE)
        else:
            self._file_lock = None

    def pass_through(self) -> float:
        """Wait for this request's turn; returns the seconds waited."""
        started = time.monotonic()
        while (turn := self._allowed_from()) > (now := time.monotonic()):
            if self._closing.wait(turn - now):
                break
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

    def allow(self, allowed: Allowance, longest: float) -> None:
        """The API says how many more requests it takes; those under way may be among them.

        Args:
            allowed: how many, and for how long that holds.
            longest: seconds that a wait takes at most. Where it would take longer, the request leaves, and the answer
                to it says what to do.
        """
        with self._lock:
            self._left = allowed.requests - self.level.others_under_way
            self._left_until = time.monotonic() + allowed.seconds if allowed.seconds <= longest else 0.0

    def _allowed_from(self) -> float:
        with self._lock:
            self._left -= 1
            return self._left_until if self._left < 0 else 0.0

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
