"""The turns of an API's requests on one machine: in memory, or in a file.

The file is small and under an operating-system lock; it holds moments of the machine's monotonic clock, which nobody
sets. The lock is free again when its process dies, so a killed run blocks nobody.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock

from messaging_assets.foundation.private_files import PRIVATE_FILE, make_private, read_private, write_private

# No API asks for more, so a moment further away than this is none of ours.
_LONGEST_HOLD = 24 * 3600.0


class _Moments(NamedTuple):
    free_at: float = 0.0
    held_until: float = 0.0


class OwnGate:
    """A gate in a file, or in memory where there is none."""

    def __init__(self, file: Path | None) -> None:
        self._file, self._memory, self._lock = file, _Moments(), threading.Lock()
        self._file_lock: FileLock | None = None
        if file is not None:
            make_private(file.parent)
            self._file_lock = FileLock(f"{file}.lock", mode=PRIVATE_FILE)

    def turn(self, pause: float) -> float:
        with self._locked():
            moments, now = self._read(), time.monotonic()
            turn = max(now, *moments)
            self._write(moments._replace(free_at=turn + pause))
        return turn - now

    def held(self) -> float:
        return self._read().held_until - time.monotonic()

    def hold(self, seconds: float) -> None:
        with self._locked():
            moments = self._read()
            self._write(moments._replace(held_until=max(moments.held_until, time.monotonic() + seconds)))

    def close(self) -> None:
        """Nothing is open between two turns."""

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._lock:
            if self._file_lock is None:
                yield
                return
            with self._file_lock:
                yield

    def _read(self) -> _Moments:
        if self._file is None:
            return self._memory
        try:
            free_at, held_until, written = map(float, read_private(self._file).split())
        except (OSError, ValueError):
            return _Moments()
        # The clock begins anew when the machine does.
        is_ours = written <= time.monotonic() and max(free_at, held_until) - written < _LONGEST_HOLD
        return _Moments(free_at, held_until) if is_ours else _Moments()

    def _write(self, moments: _Moments) -> None:
        self._memory = moments
        if self._file is not None:
            write_private(self._file, f"{moments.free_at!r} {moments.held_until!r} {time.monotonic()!r}")
