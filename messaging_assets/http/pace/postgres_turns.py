"""The turns of an API's requests as a row of PostgreSQL: one statement, one round trip, the server's clock."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import psycopg2
import psycopg2.errors
import psycopg2.extensions

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


class PostgresTurns:
    """See Turns.

    Args:
        address: of the database.
        api: the API's name.

    Raises:
        ValueError: the address cannot be read.
    """

    refusals: tuple[type[Exception], ...] = (psycopg2.Error,)

    def __init__(self, address: str, api: str) -> None:
        try:
            psycopg2.extensions.parse_dsn(address)
        except psycopg2.Error:
            raise ValueError("address") from None
        self._address, self._api = address, api
        self._connection: Any = None

    @property
    def is_open(self) -> bool:
        """See Turns."""
        return self._connection is not None

    def turn(self, pause: float) -> float:
        """See Turns."""
        return self._execute(_TURN, pause)

    def held(self) -> float:
        """See Turns."""
        return self._execute(_HELD)

    def hold(self, seconds: float) -> float:
        """See Turns."""
        return self._execute(_HOLD, seconds)

    def close(self) -> None:
        """See Turns."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg2.Error):
                connection.close()

    def _execute(self, statement: str, seconds: float = 0.0) -> float:
        """The one number that a statement answers with; 0 if it has none."""
        if self._connection is None:
            self._connection = self._connected()
        with self._connection.cursor() as cursor:
            cursor.execute(statement, {"api": self._api, "seconds": seconds})
            found = cursor.fetchone()
        return float(found[0]) if found else 0.0

    def _connected(self) -> Any:
        connection = psycopg2.connect(
            self._address,
            connect_timeout=5,
            application_name="messaging_assets",
            options="-c statement_timeout=5000 -c synchronous_commit=off",
        )
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT to_regclass('{_TABLE}')")
            if cursor.fetchone()[0] is None:
                # Two that make it at once are one too many for PostgreSQL, and then it is there.
                with suppress(psycopg2.errors.UniqueViolation, psycopg2.errors.DuplicateTable):
                    cursor.execute(_MAKE)
        return connection
