"""The refresh token that comes next, kept in a PostgreSQL database where several machines sync one API.

Only there a lock holds between machines and dies with whoever held it: in a folder of the network or a bucket two
machines would use one token up, and the vendor would take that for a theft.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from messaging_assets.foundation.failures import MendDescription, SetSecret, TryAgainLater
from messaging_assets.foundation.redaction import Redaction

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

STORE, KEY = "MESSAGING_ASSETS_TOKENS", "MESSAGING_ASSETS_TOKENS_KEY"
_LONGEST_WAIT = 120
_TABLE = "messaging_assets_tokens"
# Two at once would both make it, and one of them fail.
_MAKE = (
    f"SELECT pg_advisory_xact_lock(hashtextextended('{_TABLE}', 1)); CREATE TABLE IF NOT EXISTS {_TABLE} "
    "(name text PRIMARY KEY, token text NOT NULL, kept_at timestamptz NOT NULL)"
)
_KEEP = (
    f"INSERT INTO {_TABLE} VALUES (:name, :token, now()) "
    "ON CONFLICT (name) DO UPDATE SET token = excluded.token, kept_at = excluded.kept_at"
)


def shared_store(redaction: Redaction, where: str = "") -> Callable[[str, str], SharedToken] | None:
    """What keeps tokens for several machines; None where the environment names no such place.

    Args:
        redaction: learns the place's password and the key.
        where: how to name the API in an error.

    Raises:
        MendDescription: the place is no PostgreSQL database.
        SetSecret: the key is missing, or none.
    """
    address, keys = os.environ.get(STORE, ""), os.environ.get(KEY, "").replace(",", " ").split()
    if not address:
        return None
    from cryptography.fernet import Fernet, MultiFernet
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url: Any = make_url(address)
    except ArgumentError:
        url = None
    if url is None or url.get_backend_name() not in ("postgresql", "postgres"):
        raise MendDescription(
            f"{STORE} is no address of a PostgreSQL database, and no other place has locks that hold between machines",
            f"set {STORE} to postgresql://..., or take it out and let one machine sync such an API",
            where=where,
        )
    redaction.add(*([str(url.password)] if url.password else []), *keys)
    try:
        if not keys:
            raise ValueError
        cipher = MultiFernet([Fernet(key) for key in keys])
    except ValueError:
        raise SetSecret(
            f"{KEY} holds no key by which refresh tokens could be encrypted",
            f"make one as docs/secrets.md shows, and set {KEY} on every machine",
            where=where,
        ) from None
    return lambda api, first: SharedToken(api, first, url.set(drivername="postgresql+psycopg2"), cipher)


class SharedToken:
    """Keeps what a token server handed out last, for all machines that have the same first token.

    Args:
        api: the API's name.
        first: the token that the user set; a token that is set anew begins a row of its own.
        url: the database.
        cipher: encrypts by the first key, and reads what any of the keys has encrypted.
    """

    def __init__(self, api: str, first: str, url: Any, cipher: MultiFernet) -> None:
        self._api, self._first, self._url, self._cipher = api, first, url, cipher
        self._name = f"{api}.{sha256(first.encode()).hexdigest()[:16]}"

    @contextmanager
    def held(self) -> Iterator[str]:
        """Hold the token, so that no other machine uses it up meanwhile; yields it.

        Raises:
            TryAgainLater: another one held it for all that time, or the database cannot be used.
            SetSecret: the token was encrypted by another key.
        """
        from sqlalchemy import create_engine, text
        from sqlalchemy.exc import SQLAlchemyError
        from sqlalchemy.pool import NullPool

        try:
            patience = {"connect_timeout": 30}
            self._engine = create_engine(
                self._url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=patience
            )
            connection = self._engine.connect()
        except (SQLAlchemyError, ImportError) as error:
            raise self._unusable(error) from None
        with connection as self._connection:
            try:
                connection.execute(text(f"SET lock_timeout = '{_LONGEST_WAIT}s'"))
                # The lock is the connection's: whoever dies lets go of it.
                connection.execute(text("SELECT pg_advisory_lock(hashtextextended(:name, 1))"), {"name": self._name})
                connection.execute(text(_MAKE))
                row = connection.execute(text(f"SELECT token FROM {_TABLE} WHERE name = :name"), {"name": self._name})
                kept = row.scalar()
            except SQLAlchemyError as error:
                raise self._unusable(error) from None
            token = self._opened(kept) if kept else self._first
            # Before the token is used up, because this shows that the next one can be kept.
            self.keep(token)
            yield token

    def keep(self, token: str) -> None:
        """Put a token into the place of the one before it, whole or not at all.

        Raises:
            TryAgainLater: the database does not take it.
        """
        from sqlalchemy import text
        from sqlalchemy.exc import SQLAlchemyError

        row = {"name": self._name, "token": self._cipher.encrypt(token.encode()).decode()}
        try:
            self._connection.execute(text(_KEEP), row)
        except SQLAlchemyError:
            # The one before it is used up; a connection that died meanwhile is no reason to lose this one too.
            try:
                with self._engine.connect() as another:
                    another.execute(text(_KEEP), row)
            except SQLAlchemyError as error:
                raise self._unusable(error) from None

    def _opened(self, kept: str) -> str:
        from cryptography.fernet import InvalidToken

        try:
            return self._cipher.decrypt(kept.encode()).decode()
        except InvalidToken:
            raise SetSecret(
                "the refresh token that is kept was encrypted by another key",
                f"set {KEY} to the key of the other machines, or to the new one and the old one with a comma between",
                where=self._api,
            ) from None

    def _unusable(self, error: Exception) -> TryAgainLater:
        code = getattr(getattr(error, "orig", None), "pgcode", None)
        if code == "55P03":
            words = f"another machine has been asking for a token for more than {_LONGEST_WAIT} s"
            return TryAgainLater(words, "wait for it or end it, and run again", where=self._api)
        reason = f"{type(error).__name__}{f', {code}' if code else ''}"
        step = f"see whether the database of {STORE} is up and takes this user; it needs the extra `postgres`"
        words = f"the place where refresh tokens are kept cannot be used ({reason})"
        return TryAgainLater(words, step, where=self._api)
