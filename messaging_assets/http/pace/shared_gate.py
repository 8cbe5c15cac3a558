"""The turns of an API's requests on several machines, which look into one server."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

from messaging_assets.http.pace.own_gate import OwnGate

# Seconds after which a server that did not answer is asked again.
_ASKED_AGAIN = 30.0
_logger = logging.getLogger(__name__)


class Turns(Protocol):
    """The turns of one API on a server, by the server's clock. All times are seconds from now.

    It connects when it is first asked, and is asked by one thread at a time.

    Attributes:
        refusals: the errors of its driver.
    """

    refusals: tuple[type[Exception], ...]

    @property
    def is_open(self) -> bool:
        """Whether there is a connection, which may be gone without a word."""
        ...

    def turn(self, pause: float) -> float:
        """Take the next turn, behind holds too; when it is."""
        ...

    def held(self) -> float:
        """How long the API is to be left alone."""
        ...

    def hold(self, seconds: float) -> float:
        """Leave the API alone; a longer hold stays. Returns nothing of use."""
        ...

    def close(self) -> None:
        """Let the connection go."""
        ...


class SharedGate:
    """A gate on a server; this machine's own stands in while the server cannot be asked.

    So the sync goes on: what an API does about too many requests, it says itself, and that is obeyed.

    Args:
        turns: the server's.
        own: the gate of this machine.
        api: the API's name in the warning.
        setting: what names the server.
    """

    def __init__(self, turns: Turns, own: OwnGate, api: str, setting: str) -> None:
        self._turns, self._own, self._api, self._setting = turns, own, api, setting
        self._lock, self._asked_again, self._is_told = threading.Lock(), 0.0, False

    def turn(self, pause: float) -> float:
        """See Gate."""
        seconds = self._ask(lambda: self._turns.turn(pause))
        return self._own.turn(pause) if seconds is None else max(seconds, self._own.held())

    def held(self) -> float:
        """See Gate."""
        return max(self._ask(self._turns.held) or 0.0, self._own.held())

    def hold(self, seconds: float) -> None:
        """See Gate."""
        self._own.hold(seconds)
        self._ask(lambda: self._turns.hold(seconds))

    def close(self) -> None:
        """See Gate."""
        with self._lock:
            self._turns.close()

    def _ask(self, question: Callable[[], float]) -> float | None:
        """What the server answers; None where nobody does."""
        with self._lock:
            if time.monotonic() < self._asked_again:
                return None
            # A connection that was idle for long may be gone, though the server is there.
            for is_last in (not self._turns.is_open, True):
                try:
                    return question()
                except self._turns.refusals as error:
                    self._turns.close()
                    if is_last:
                        self._unreachable(error)
                        break
        return None

    def _unreachable(self, error: Exception) -> None:
        self._asked_again = time.monotonic() + _ASKED_AGAIN
        if not self._is_told:
            self._is_told = True
            # The driver's text may hold the address.
            _logger.warning(
                "%s: the database of %s cannot be asked (%s); until it can, budget and holds are those of this machine "
                "alone",
                self._api,
                self._setting,
                type(error).__name__,
            )
