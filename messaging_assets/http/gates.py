"""Where the turns of an API's requests are kept: in memory, in a file of this machine, or in a row of PostgreSQL.

The file is small and under an operating-system lock; it holds moments of the machine's monotonic clock, which nobody
sets. The row is for several machines: one statement, one round trip, the server's clock. Both are free again when
their process dies, so a killed run blocks nobody.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from filelock import FileLock

from messaging_assets.foundation.failures import MendSettings
from messaging_assets.foundation.private_files import PRIVATE_FILE, make_private, read_private, write_private

GATE_VARIABLE = "MESSAGING_ASSETS_GATE"
# No API asks for more, so a moment further away than this is none of ours.
_LONGEST_HOLD = 24 * 3600.0
# Seconds after which a server that did not answer is asked again.
_ASKED_AGAIN = 30.0
_TABLE = "messaging_assets_pace"
# Nothing is lost with the server's memory but a pause, so nobody waits for its disk.
_MAKE = (
    f"CREATE UNLOGGED TABLE IF NOT EXISTS {_TABLE} "
    "(api text PRIMARY KEY, free_at timestamptz NOT NULL, held_until timestamptz NOT NULL)"
)
_PAUSE, _NOW = "make_interval(secs => %(seconds)s)", "clock_timestamp()"
_TURN = (
    f"INSERT INTO {_TABLE} AS gate VALUES (%(api)s, {_NOW} + {_PAUSE}, 'epoch') ON CONFLICT (api) DO UPDATE "
    f"SET free_at = greatest(gate.free_at, gate.held_until, {_NOW}) + {_PAUSE} "
    f"RETURNING extract(epoch FROM free_at - {_PAUSE} - {_NOW})::float8"
)
_HELD = f"SELECT extract(epoch FROM held_until - {_NOW})::float8 FROM {_TABLE} WHERE api = %(api)s"
_HOLD = (
    f"INSERT INTO {_TABLE} AS gate VALUES (%(api)s, {_NOW}, {_NOW} + {_PAUSE}) ON CONFLICT (api) DO UPDATE "
    f"SET held_until = greatest(gate.held_until, {_NOW} + {_PAUSE}) RETURNING 0::float8"
)
_logger = logging.getLogger(__name__)


class Gate(Protocol):
    """Who may ask an API next. All times are seconds from now."""

    def turn(self, pause: float) -> float:
        """Take the next turn, behind which no other comes for `pause`; returns when it is."""
        ...

    def held(self) -> float:
        """How long the API is to be left alone; zero or less if it is not."""
        ...

    def hold(self, seconds: float) -> None:
        """Leave the API alone."""
        ...

    def close(self) -> None:
        """Let go what it holds open."""
        ...


def gate_of(file: Path | None) -> Gate:
    """The gate of an API: of all machines where `MESSAGING_ASSETS_GATE` says so, else of this one.

    Args:
        file: the gate's file on this machine, named as the API; None for a gate of this object alone.

    Raises:
        MendSettings: the variable cannot be used.
    """
    own = _OwnGate(file)
    address = os.environ.get(GATE_VARIABLE)
    return _SharedGate(address, file.name, own) if address and file is not None else own


class _Moments(NamedTuple):
    free_at: float = 0.0
    held_until: float = 0.0


class _OwnGate:
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


class _SharedGate:
    """A gate in a row of PostgreSQL; this machine's own stands in while the server cannot be asked.

    So the sync goes on: what an API does about too many requests, it says itself, and that is obeyed.
    """

    def __init__(self, address: str, api: str, own: Gate) -> None:
        self._address, self._api, self._own = address, api, own
        self._lock, self._asked_again, self._is_told = threading.Lock(), 0.0, False
        self._connection: Any = None
        self._psycopg2 = _driver(address)

    def turn(self, pause: float) -> float:
        seconds = self._ask(_TURN, pause)
        return self._own.turn(pause) if seconds is None else max(seconds, self._own.held())

    def held(self) -> float:
        return max(self._ask(_HELD) or 0.0, self._own.held())

    def hold(self, seconds: float) -> None:
        self._own.hold(seconds)
        self._ask(_HOLD, seconds)

    def close(self) -> None:
        with self._lock:
            self._disconnect()

    def _ask(self, statement: str, seconds: float = 0.0) -> float | None:
        """The one number that a statement answers with; 0 if it has none; None where nobody answers."""
        with self._lock:
            if time.monotonic() < self._asked_again:
                return None
            # A connection that was idle for long may be gone, though the server is there.
            for is_last in (self._connection is None, True):
                try:
                    return self._execute(statement, {"api": self._api, "seconds": seconds})
                except self._psycopg2.Error as error:
                    self._disconnect()
                    if is_last:
                        self._unreachable(error)
                        break
        return None

    def _execute(self, statement: str, values: dict[str, Any]) -> float:
        if self._connection is None:
            self._connection = self._psycopg2.connect(
                self._address,
                connect_timeout=5,
                application_name="messaging_assets",
                options="-c statement_timeout=5000 -c synchronous_commit=off",
            )
            self._connection.autocommit = True
            with self._connection.cursor() as cursor:
                self._make_table(cursor)
        with self._connection.cursor() as cursor:
            cursor.execute(statement, values)
            found = cursor.fetchone()
        return float(found[0]) if found else 0.0

    def _make_table(self, cursor: Any) -> None:
        cursor.execute(f"SELECT to_regclass('{_TABLE}')")
        if cursor.fetchone()[0] is None:
            # Two that make it at once are one too many for PostgreSQL, and then it is there.
            with suppress(self._psycopg2.errors.UniqueViolation, self._psycopg2.errors.DuplicateTable):
                cursor.execute(_MAKE)

    def _unreachable(self, error: Exception) -> None:
        self._asked_again = time.monotonic() + _ASKED_AGAIN
        if not self._is_told:
            self._is_told = True
            # The driver's text may hold the address.
            _logger.warning(
                "%s: the database of %s cannot be asked (%s); until it can, budget and holds are those of this machine "
                "alone",
                self._api,
                GATE_VARIABLE,
                type(error).__name__,
            )

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(self._psycopg2.Error):
                connection.close()


def _driver(address: str) -> Any:
    """The driver, once it has understood the address.

    Raises:
        MendSettings: there is none, or the address is none of PostgreSQL's.
    """
    if not address.startswith(("postgresql://", "postgres://")):
        raise MendSettings(
            "it is no address of PostgreSQL", "write postgresql://user:password@host/database", where=GATE_VARIABLE
        )
    try:
        import psycopg2
        import psycopg2.errors
        import psycopg2.extensions
    except ImportError:
        raise MendSettings(
            "its driver is not installed", "pip install 'messaging_assets[postgres]'", where=GATE_VARIABLE
        ) from None
    try:
        psycopg2.extensions.parse_dsn(address)
    except psycopg2.Error:
        # Its text holds the address, password and all.
        raise MendSettings(
            "it cannot be read", "write postgresql://user:password@host/database", where=GATE_VARIABLE
        ) from None
    return psycopg2
