"""Whether a connection to PostgreSQL is one: a pooler in transaction mode gives each transaction another's.

There a lock that is the connection's holds nobody back, or is never let go, and what was SET is another's too.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from messaging_assets.foundation.failures import MendSettings

_ROUNDS = 5
_ASKED = "SELECT pg_backend_pid()"


def refuse_lent_sessions(
    connection: Any, another: Callable[[], AbstractContextManager[Any]], setting: str, where: str
) -> None:
    """Stop where a pooler lends a connection out between two of its statements.

    Args:
        connection: psycopg2's, which commits each statement.
        another: opens such a one of the same address.
        setting: where the address is from.
        where: what the error is about.

    Raises:
        MendSettings: it does.
    """
    # A server says its number at the login; a pooler says one of its own.
    if connection.get_backend_pid() == (first := _process(connection)):
        return
    with another() as other:
        # Whichever connection a pooler gave last it gives first, or each in turn.
        is_lent = any(_process(other) == first or _process(connection) != first for _ in range(_ROUNDS))
    if is_lent:
        raise MendSettings(
            f"{setting} is the address of a pooler that lends a connection for a transaction at a time, so no lock of "
            "a sync holds there",
            "name the server itself, or the pooler's port for sessions (pool_mode = session)",
            where=where,
        )


def _process(connection: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_ASKED)
        return int(cursor.fetchone()[0])
