"""PostgreSQL as others set it up: what a server, a database or the environment says of a connection changes no row."""

from __future__ import annotations

import os
import time
from typing import Any

import pytest

from messaging_assets.foundation.failures import TryAgainLater
from messaging_assets.loading.sync_lock import only_sync_in_database
from messaging_assets_tests.one_table import API, RESOURCE, OneTable

ROW: dict[str, Any] = {"id": 1, "at": "9999-12-31T23:59:59Z", "text": "日本 é", "real": 0.1 + 0.2, "raw": "\\x it's"}
COLUMNS = {"at": {"data_type": "timestamp"}}


def execute(*statements: str) -> None:
    """Let the test's database do something, each by itself."""
    import psycopg2

    connection = psycopg2.connect(os.environ["DESTINATION__POSTGRES__CREDENTIALS"])
    connection.autocommit = True
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    connection.close()


def tell_database(*settings: str) -> None:
    """Give the test's database settings, which each of its later connections begins with."""
    name = os.environ["DESTINATION__POSTGRES__CREDENTIALS"].rsplit("/", 1)[1]
    execute(*(f"ALTER DATABASE {name} SET {setting}" for setting in settings))


def synced_twice(table: OneTable) -> None:
    for rows in ([ROW], [ROW, {**ROW, "id": 2}]):
        synced = table.sync(rows, columns=COLUMNS)
        assert synced.green, synced.error
        assert synced.receipt["rows_set_aside"] == 0
    for loaded in table.rows():
        assert loaded["at"].isoformat() == "9999-12-31T23:59:59+00:00"
        assert (loaded["text"], loaded["real"], loaded["raw"]) == (ROW["text"], ROW["real"], ROW["raw"])
    assert [row["id"] for row in table.rows()] == [1, 2]


def test_what_a_database_says_of_its_sessions_changes_no_row(postgres_table: OneTable) -> None:
    tell_database(
        "timezone TO 'Asia/Kathmandu'",
        "datestyle TO 'German, DMY'",
        "extra_float_digits TO 0",
        "bytea_output TO 'escape'",
        "standard_conforming_strings TO off",
        "default_transaction_isolation TO 'serializable'",
    )

    synced_twice(postgres_table)


def test_what_the_environment_says_of_a_session_changes_no_row(
    postgres_table: OneTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGCLIENTENCODING": "LATIN1", "PGTZ": "Asia/Kathmandu", "PGDATESTYLE": "German"}.items():
        monkeypatch.setenv(name, value)

    synced_twice(postgres_table)


def test_a_lock_outlives_the_time_after_which_a_server_ends_idle_connections(postgres_table: OneTable) -> None:
    tell_database("idle_session_timeout TO '200ms'")
    with only_sync_in_database("one", postgres_table.pipeline()):
        time.sleep(0.6)
        with (
            pytest.raises(TryAgainLater, match="another machine has been syncing it"),
            only_sync_in_database("other", postgres_table.pipeline(), longest_wait=0.1),
        ):
            pass


def test_a_sync_waits_for_another_beyond_the_time_that_a_database_gives_a_statement(postgres_table: OneTable) -> None:
    tell_database("statement_timeout TO '200ms'")
    begun = time.monotonic()
    with (
        only_sync_in_database("one", postgres_table.pipeline()),
        pytest.raises(TryAgainLater, match="another machine has been syncing it"),
        only_sync_in_database("other", postgres_table.pipeline(), longest_wait=1.0),
    ):
        pass
    assert time.monotonic() - begun >= 1.0


def test_a_limit_of_time_that_ended_a_load_is_named(postgres_table: OneTable) -> None:
    import psycopg2

    assert postgres_table.sync([ROW], columns=COLUMNS).green
    tell_database("lock_timeout TO '50ms'")
    other = psycopg2.connect(os.environ["DESTINATION__POSTGRES__CREDENTIALS"])
    other.cursor().execute(f"LOCK TABLE {API}.{RESOURCE} IN ACCESS EXCLUSIVE MODE")

    failed = postgres_table.sync([ROW, {**ROW, "id": 2}], columns=COLUMNS)
    other.close()

    assert "the database ended a statement for its lock_timeout; end what holds the table, or give" in failed.error
    assert postgres_table.sync([ROW, {**ROW, "id": 2}], columns=COLUMNS).green


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([{"id": 1, **{f"field_{number}": "x" * 20 for number in range(700)}}], "(row is too big: size "),
        (
            [{f"{first}_{number}": 1 for number in range(900)} | {"id": first} for first in "ab"],
            "(tables can have at most",
        ),
    ],
    ids=["a row", "columns"],
)
def test_what_is_too_large_for_a_table_is_not_tried_again(
    postgres_table: OneTable, rows: list[dict[str, Any]], told: str
) -> None:
    failed = postgres_table.sync(rows, maximum_fields=3000)

    assert f"rows are larger than the database, or an index of the table, can keep {told}" in failed.error
    assert "let steps drop fields or put some into one, or drop the index" in failed.error
    assert "failed_loads" in failed.error


def test_a_database_that_takes_no_writes_is_called_so(postgres_table: OneTable) -> None:
    tell_database("default_transaction_read_only TO on")

    failed = postgres_table.sync([ROW], columns=COLUMNS)

    assert "the destination takes no writes now; see whether it is a standby" in failed.error
    assert "(cannot execute CREATE SCHEMA in a read-only transaction)" in failed.error


def test_a_user_who_may_make_no_schema_is_told_which_right_is_missing(
    postgres_table: OneTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = os.environ["DESTINATION__POSTGRES__CREDENTIALS"]
    # Roles are of the whole server, which other tests use too.
    execute("DROP ROLE IF EXISTS without_rights", "CREATE ROLE without_rights LOGIN")
    head, _, tail = address.partition("://")
    place = tail.rpartition("@")[2]
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", f"{head}://without_rights:none@{place}")

    failed = postgres_table.sync([ROW], columns=COLUMNS)

    assert "the destination's user may not do what a sync does; let it write there" in failed.error
    assert "(permission denied for database" in failed.error


@pytest.mark.parametrize(
    ("user", "told"),
    [
        ("without_connections", "(too many connections for role without_connections); let it take more connections"),
        ("nobody_known", "(role nobody_known does not exist); see whether it runs, and lets this user in from here"),
    ],
)
def test_a_server_that_takes_no_connection_is_told_with_its_reason(
    postgres_table: OneTable, monkeypatch: pytest.MonkeyPatch, user: str, told: str
) -> None:
    execute("DROP ROLE IF EXISTS without_connections", "CREATE ROLE without_connections LOGIN CONNECTION LIMIT 0")
    place = os.environ["DESTINATION__POSTGRES__CREDENTIALS"].rpartition("@")[2]
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", f"postgresql://{user}:none@{place}")

    assert f"the destination takes no connection {told}" in postgres_table.sync([ROW], columns=COLUMNS).error


def test_a_database_in_another_encoding_refuses_what_it_cannot_keep_and_says_so(
    postgres_table: OneTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESSAGING_ASSETS_PROBE", "true")
    address = os.environ["DESTINATION__POSTGRES__CREDENTIALS"]
    execute("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", f"{address.rsplit('/', 1)[0]}/latin")

    refused = postgres_table.sync([ROW], columns=COLUMNS).error
    assert "the database is in LATIN1, which has not every letter that came; load into one whose encoding is" in refused
    assert postgres_table.sync([{**ROW, "text": "é"}], columns=COLUMNS).green
    assert [row["text"] for row in postgres_table.rows()] == ["é"]
