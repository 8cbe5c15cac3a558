"""A refresh token that is good once, and several machines: one asks at a time, with the token that came last."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from cryptography.fernet import Fernet

from messaging_assets.foundation.failures import MendDescription, SetSecret, TryAgainLater
from messaging_assets.foundation.redaction import Redaction
from messaging_assets.http.ways.shared_token import KEY, STORE, SharedToken, shared_store
from messaging_assets_tests.faults.one_list import OneList
from messaging_assets_tests.faults.test_refresh_tokens import FIRST, Rotating, api, chat, once  # noqa: F401

pytestmark = pytest.mark.xdist_group("shared-tokens")


@pytest.fixture
def store(postgres: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a database that the environment names, with a key."""
    address = str(postgres.new_database())
    monkeypatch.setenv(STORE, address)
    monkeypatch.setenv(KEY, Fernet.generate_key().decode())
    return address


def shared(first: str = FIRST) -> SharedToken:
    made = shared_store(Redaction())
    assert made is not None
    return made("chat", first)


def rows(address: str) -> list[tuple[str, str]]:
    engine = sqlalchemy.create_engine(address, poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        found = connection.execute(sqlalchemy.text("SELECT name, token FROM messaging_assets_tokens"))
        return [(str(name), str(token)) for name, token in found]


def test_another_machine_goes_on_with_the_token_that_came_last(
    store: str,
    chat: OneList,  # noqa: F811
    api: Rotating,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    for machine in ("one", "two", "one"):
        monkeypatch.setenv("MESSAGING_ASSETS_HOME", str(tmp_path / machine))
        outcome = once(chat)
        assert outcome.green, outcome.sentence
    assert (api.good, api.refusals) == ("canary-refresh-3", 0)
    assert not list(tmp_path.rglob("tokens"))
    [(_, kept)] = rows(store)
    assert "canary" not in kept


def test_a_second_machine_waits_until_the_next_token_is_kept(store: str) -> None:
    found: list[str] = []

    def second() -> None:
        with shared().held() as token:
            found.append(token)

    first, other = shared(), threading.Thread(target=second)
    with first.held() as token:
        assert token == FIRST
        other.start()
        first.keep("canary-second")
        assert not found
    other.join()
    assert found == ["canary-second"]


def test_a_machine_that_fails_or_dies_lets_go(store: str) -> None:
    with pytest.raises(ZeroDivisionError), shared().held():
        raise ZeroDivisionError
    with shared().held() as token:
        assert token == FIRST


def test_a_token_is_kept_although_the_connection_died_meanwhile(postgres: Any, store: str) -> None:
    first = shared()
    with first.held():
        postgres.allow_connections(store, False)
        postgres.allow_connections(store, True)
        first.keep("canary-second")
    with shared().held() as token:
        assert token == "canary-second"


def test_a_token_that_was_set_anew_begins_a_row_of_its_own(store: str) -> None:
    for first in (FIRST, "canary-another"):
        with shared(first).held() as token:
            assert token == first
    assert len(rows(store)) == 2


def test_a_key_can_be_replaced_by_naming_the_old_one_behind_it(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with shared().held():
        pass
    old, new = shared_key(), Fernet.generate_key().decode()
    monkeypatch.setenv(KEY, new)
    with pytest.raises(SetSecret, match="was encrypted by another key; set MESSAGING_ASSETS_TOKENS_KEY to"):
        shared().held().__enter__()
    monkeypatch.setenv(KEY, f"{new},{old}")
    with shared().held():
        pass
    monkeypatch.setenv(KEY, new)
    with shared().held() as token:
        assert token == FIRST


def shared_key() -> str:
    return os.environ[KEY]


def test_a_database_that_is_away_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STORE, "postgresql://me:canary-password@127.0.0.1:1/none")
    monkeypatch.setenv(KEY, Fernet.generate_key().decode())
    with pytest.raises(TryAgainLater) as caught, shared().held():
        pass
    assert "the place where refresh tokens are kept cannot be used (OperationalError)" in str(caught.value)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("place", ["s3://bucket/tokens", "/mnt/shared", "mysql://me@host/x"])
def test_a_place_whose_locks_do_not_hold_between_machines_is_refused(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STORE, place)
    with pytest.raises(MendDescription, match=r"no address of a PostgreSQL database, .*; set "):
        shared_store(Redaction())


@pytest.mark.parametrize("key", ["", "canary"])
def test_tokens_are_never_shared_without_a_key(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STORE, "postgresql://me@host/x")
    monkeypatch.setenv(KEY, key)
    with pytest.raises(SetSecret, match="holds no key") as caught:
        shared_store(Redaction())
    assert "canary" not in str(caught.value)
