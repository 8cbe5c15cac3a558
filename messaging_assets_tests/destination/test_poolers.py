"""PostgreSQL behind a pooler: a lock that is a connection's holds only where connections are one's own."""

from __future__ import annotations

import os
from itertools import cycle
from typing import Any

import pytest
from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy.engine import make_url

from messaging_assets.destination.profile import configured_profile
from messaging_assets.foundation.failures import MendSettings
from messaging_assets.http.ways.shared_token import SharedToken
from messaging_assets.loading.probe import probe
from messaging_assets.seams.destinations.pooled_sessions import refuse_lent_sessions
from messaging_assets_tests.one_table import OneTable
from messaging_assets_tests.postgres_pooler import pooler

ROWS = [{"id": 1}, {"id": 2}]
LENT = "the address of a pooler that lends a connection for a transaction at a time, so no lock of a sync holds there"


class Connection:
    """What psycopg2 opens, of a server whose processes answer in turn."""

    def __init__(self, told: int, *processes: int) -> None:
        self._told, self._processes = told, cycle(processes)

    def get_backend_pid(self) -> int:
        return self._told

    def cursor(self) -> Connection:
        return self

    __enter__ = cursor

    def __exit__(self, *error: object) -> None:
        """Its cursor, or the connection itself, ends."""

    def execute(self, statement: str) -> None:
        assert statement == "SELECT pg_backend_pid()"

    def fetchone(self) -> tuple[int]:
        return (next(self._processes),)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Connection(9, 1), Connection(9, 1)),
        (Connection(9, 1, 2), Connection(9, 3)),
        (Connection(9, 1), Connection(9, 2, 1)),
    ],
    ids=["the last one is given first", "each in turn", "another client was between"],
)
def test_a_connection_that_is_lent_is_refused(one: Connection, other: Connection) -> None:
    with pytest.raises(MendSettings, match=f"^chat: THE_SETTING is {LENT}; name the server itself, or"):
        refuse_lent_sessions(one, lambda: other, "THE_SETTING", "chat")


@pytest.mark.parametrize("one", [Connection(1, 1), Connection(9, 1)], ids=["the server", "a pooler"])
def test_a_connection_of_ones_own_is_taken(one: Connection) -> None:
    refuse_lent_sessions(one, lambda: Connection(9, 2), "THE_SETTING", "chat")


def test_a_sync_through_lent_connections_stops_before_the_first_request(
    postgres_table: OneTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pooler(os.environ["DESTINATION__POSTGRES__CREDENTIALS"], "transaction") as behind:
        monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", behind)
        failed = postgres_table.sync(ROWS)
        with pytest.raises(MendSettings, match=LENT):
            probe("generic_rest", configured_profile())
    assert f"DESTINATION__POSTGRES__CREDENTIALS is {LENT}; name the server itself" in failed.error
    assert postgres_table.sandbox.requests == []


def test_a_sync_through_a_poolers_sessions_loads(postgres_table: OneTable, monkeypatch: pytest.MonkeyPatch) -> None:
    address = os.environ["DESTINATION__POSTGRES__CREDENTIALS"]
    with pooler(address, "session") as behind:
        monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", behind)
        assert postgres_table.sync(ROWS).green
    # It does not pass on the schema that dlt asks for.
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", address)
    assert [row["id"] for row in postgres_table.rows()] == [1, 2]


def test_no_refresh_token_is_used_up_through_lent_connections(postgres: Any) -> None:
    with pooler(postgres.new_database(), "transaction") as behind:
        url = make_url(behind).set(drivername="postgresql+psycopg2")
        token = SharedToken("chat", "first", url, MultiFernet([Fernet(Fernet.generate_key())]))
        with pytest.raises(MendSettings, match=f"chat: MESSAGING_ASSETS_TOKENS is {LENT}"), token.held():
            pass
