"""How many requests of an API are under way at once."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median

# Answers are slow when they take so many times as long as the fastest ones lately, and so many seconds more.
_TIMES_SLOWER, _SLOWER = 2.0, 0.05
# How many rounds are lately.
_LATELY = 16


class _UnderWay:
    """How many requests are under way, how many were at most, and on average while any was."""

    def __init__(self) -> None:
        self.now, self.peak = 0, 0
        self._since = self._busy = self._together = 0.0

    @property
    def mean(self) -> float:
        return self._together / self._busy if self._busy else 0.0

    def moves(self, by: int) -> None:
        """So many more are under way from now on."""
        now = time.monotonic()
        if self.now:
            self._busy += now - self._since
            self._together += (now - self._since) * self.now
        self._since, self.now = now, self.now + by
        self.peak = max(self.peak, self.now)


class _Rounds:
    """How long answers take, a round of them after the other, by what was asked for."""

    def __init__(self) -> None:
        # Seconds that the answers of this round took, and the median ones of the rounds before.
        self._this: dict[str, list[float]] = {}
        self._before: dict[str, deque[float]] = {}

    def came(self, of: str, seconds: float, together: int) -> bool | None:
        """Whether the round that ends with this answer was slow; None while the round lasts.

        Args:
            of: what was asked for.
            seconds: how long the answer took.
            together: how many answers make a round.
        """
        lately = self._this.setdefault(of, [])
        lately.append(seconds)
        if len(lately) < together:
            return None
        usual, before = median(lately), self._before.setdefault(of, deque(maxlen=_LATELY))
        lately.clear()
        before.append(usual)
        return usual > _TIMES_SLOWER * min(before) + _SLOWER


class Level:
    """How many requests are under way at once: more while answers come as fast as before, fewer where they do not.

    It doubles with each round of answers, until the first sign of trouble. From then on it grows by one a round, falls
    by a quarter when answers are slow, and by half when the API is busy. That is TCP's way to share a line (RFC 5681).

    Args:
        most: requests under way at once, at most.
        start: how many may be at first.

    Attributes:
        now: how many may be.
    """

    def __init__(self, most: int, start: int = 2) -> None:
        self._most, self.now = most, min(start, most)
        self._free = threading.Condition()
        self._under_way, self._rounds = _UnderWay(), _Rounds()
        self._is_starting, self._was_full = True, False
        self._cut_at = 0.0
        # Requests that wait for a place, and those of them that let all others go before.
        self._waiting = self._behind = 0

    @property
    def mean(self) -> float:
        """How many requests were under way on average, while any was."""
        return self._under_way.mean

    @property
    def peak(self) -> int:
        """How many requests were under way at most."""
        return self._under_way.peak

    @property
    def others_under_way(self) -> int:
        """How many requests are under way beside the one that was just answered."""
        return max(self._under_way.now - 1, 0)

    @contextmanager
    def place(self, is_behind: Callable[[], bool] = lambda: False) -> Iterator[None]:
        """A request's place among those under way; waits until there is one.

        Args:
            is_behind: whether it lets every other request go before; asked while it waits.
        """
        with self._free:
            self._wait(is_behind)
            self._moves(1)
        try:
            yield
        finally:
            with self._free:
                self._moves(-1)
                # Whoever is woken alone may be one that lets another go before.
                self._free.notify_all() if self._behind else self._free.notify()

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
            is_slow = self._rounds.came(of, seconds, self.now)
            if is_slow:
                self._go_to(self.now * 3 // 4)
            # A level that nobody needed was not tried.
            elif is_slow is False and self._was_full:
                self._was_full = False
                self.now = min(self.now * 2 if self._is_starting else self.now + 1, self._most)
                self._free.notify_all()

    def _wait(self, is_behind: Callable[[], bool]) -> None:
        began_behind = is_behind()
        self._waiting, self._behind = self._waiting + 1, self._behind + began_behind
        try:
            while self._under_way.now >= self.now or (self._waiting > self._behind and is_behind()):
                self._free.wait()
        finally:
            self._waiting, self._behind = self._waiting - 1, self._behind - began_behind

    def _go_to(self, level: int) -> None:
        self.now, self._is_starting, self._cut_at = max(level, 1), False, time.monotonic()

    def _moves(self, by: int) -> None:
        self._under_way.moves(by)
        self._was_full = self._was_full or self._under_way.now >= self.now
