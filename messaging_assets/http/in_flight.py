"""How many requests of an API are under way at once."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

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
