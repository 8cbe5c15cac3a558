"""Everything that a sync makes lasting: statements and commits in a destination, files moved in the working folder.

A process that counts them can be made to kill itself before or after any one of them.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

_CLIENTS = (
    ("dlt.destinations.impl.duckdb.sql_client", "DuckDbSqlClient"),
    ("dlt.destinations.impl.postgres.sql_client", "Psycopg2SqlClient"),
)


class Commits:
    """Counts what this process makes lasting, from now on.

    Args:
        die_at: the number of the one (from 0) around which the process kills itself, as `kill -9` would.
        is_after: whether it dies after it, not before.
    """

    def __init__(self, die_at: int | None = None, is_after: bool = False) -> None:
        self.seen: list[str] = []
        self._die_at, self._is_after = die_at, is_after
        self._home = os.environ["MESSAGING_ASSETS_HOME"]
        self._count_files()
        for module, name in _CLIENTS:
            with suppress(ImportError):  # PostgreSQL's driver is an extra
                self._count_statements(getattr(import_module(module), name))

    def _count_files(self) -> None:
        from messaging_assets.loading.kept_receipt import ReceiptFile

        for name in ("rename", "replace"):
            setattr(os, name, self._counted(getattr(os, name), self._moved))
        for owner, name, label in (
            (shutil, "rmtree", lambda path, *_: self._moved(path, "")),
            (ReceiptFile, "forget", lambda _: "receipt forgotten"),
        ):
            setattr(owner, name, self._counted(getattr(owner, name), label))

    def _count_statements(self, client: Any) -> None:
        client.execute_query = self._counted_query(client.execute_query)
        client.commit_transaction = self._counted(client.commit_transaction, lambda _: "COMMIT")
        if "execute_fragments" in vars(client):
            client.execute_fragments = self._counted(client.execute_fragments, lambda _, parts: _statement(parts[0]))

    def _moved(self, source: Any, target: Any) -> str:
        if not str(source).startswith(self._home):
            return ""
        return f"{_place(source)} -> {_place(target) if target else 'gone'}"

    def _counted(self, original: Callable[..., Any], label: Callable[..., str]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            with self._around(label(*args)):
                return original(*args, **kwargs)

        return counted

    def _counted_query(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @contextmanager
        def counted(client: Any, query: str, *args: Any, **kwargs: Any) -> Iterator[Any]:
            with self._around(_statement(query)):
                opened = original(client, query, *args, **kwargs)
                cursor = opened.__enter__()
            try:
                yield cursor
            finally:
                opened.__exit__(None, None, None)

        return counted

    @contextmanager
    def _around(self, label: str) -> Iterator[None]:
        is_it = bool(label) and len(self.seen) == self._die_at
        if label:
            self.seen.append(label)
        if is_it and not self._is_after:
            os.kill(os.getpid(), signal.SIGKILL)
        try:
            yield
        finally:
            if is_it:
                os.kill(os.getpid(), signal.SIGKILL)


def _statement(query: Any) -> str:
    """A statement's first words; nothing for one that only reads, or that was counted as fragments."""
    words = query.split() if isinstance(query, str) else []
    return "" if not words or words[0].upper() in ("SELECT", "SET", "BEGIN") else " ".join(words[:3])


def _place(path: Any) -> str:
    found = Path(path)
    return f"{found.parent.name}/{found.name.split('.')[0]}"
