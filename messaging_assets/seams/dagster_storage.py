"""Dagster's storage in SQLite, which is what an instance without a configured one has, without its detours.

Importing this imports Dagster, so what starts fast imports it late.
"""

import atexit
import inspect
import os
import sqlite3
from functools import lru_cache
from threading import Lock
from typing import Any

from alembic.script import ScriptDirectory

# Since Dagster 1.13.1: where an instance without a configured storage keeps its events, runs and ticks.
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.schedules.sqlite.sqlite_schedule_storage import SqliteScheduleStorage

# Since Dagster 1.13.1: where it looks, for each new file of events, which shape that is to have.
from dagster._core.storage.sql import ALEMBIC_SCRIPTS_LOCATION
from sqlalchemy import Engine, create_engine, event

_MOST_ENGINES = 16


@lru_cache(maxsize=1)
def remember_storage() -> None:
    """Let Dagster's storage in SQLite keep what reads and writes a file; once a process.

    Since Dagster 1.13.1: it makes an engine for each event, which compiles the same few statements anew, and opens the
    file for it. Whoever closes a file last writes what was committed into its pages, and waits for the disk. That takes
    ten times as long as the event. So one engine for each file is kept, and one idle connection.

    Each event still is on the disk before Dagster goes on, as without this.
    """
    kept: dict[str, tuple[Any, _Opened]] = {}
    one_at_a_time = Lock()

    def remembered(url: str, **named: Any) -> Any:
        key = repr((url, sorted(named.items())))
        with one_at_a_time:
            if key not in kept:
                if len(kept) >= _MOST_ENGINES:
                    kept.pop(next(iter(kept)))[1].close()
                engine = create_engine(url, **named)
                # Behind each event it would make a pool anew, which keeps nothing.
                engine.dispose = _nothing  # type: ignore[method-assign]
                kept[key] = engine, _Opened(engine)
            return kept[key][0]

    for function in (SqliteEventLogStorage.store_event, SqliteRunStorage.connect, SqliteScheduleStorage.connect):
        inspect.unwrap(function).__globals__["create_engine"] = remembered
    _remember_migrations()

    @atexit.register
    def close_all() -> None:
        for _, opened in list(kept.values()):
            opened.close()

    def before_fork() -> None:
        # A child must get neither a held lock nor an open file of SQLite, whose locks it would believe to have.
        one_at_a_time.acquire()
        close_all()

    if hasattr(os, "register_at_fork"):  # not where processes are never forked
        release = one_at_a_time.release
        os.register_at_fork(before=before_fork, after_in_parent=release, after_in_child=release)


def _nothing(close: bool = True) -> None:
    """What is left to do where an engine has a pool that keeps no connection."""


def _remember_migrations() -> None:
    """Let Dagster's ninety migrations be read once a process, where each new run reads all of them twice."""
    read: dict[Any, ScriptDirectory] = {}
    from_config = ScriptDirectory.from_config

    def remembered(config: Any) -> ScriptDirectory:
        if config.get_main_option("script_location") != ALEMBIC_SCRIPTS_LOCATION:
            return from_config(config)
        if not read:
            read["Dagster's"] = from_config(config)
        return read["Dagster's"]

    ScriptDirectory.from_config = staticmethod(remembered)  # type: ignore[method-assign]


class _Opened:
    """Keeps a file of SQLite open behind the connections of an engine.

    Args:
        engine: what opens the file.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        # Those of other processes, from which this one was forked, are not to be closed here.
        self._kept: list[sqlite3.Connection] = []
        self._process = 0
        event.listen(engine, "connect", self._connected)

    def _connected(self, connection: sqlite3.Connection, _: Any) -> None:
        if self._process == os.getpid() or not (database := self._engine.url.database):
            return
        # Another mode has nothing to keep; a new file gets this one a moment later.
        if connection.execute("PRAGMA journal_mode").fetchone() == ("wal",):
            self._process = os.getpid()
            self._kept.append(sqlite3.connect(database, check_same_thread=False))
            # Only what has read the file keeps it open.
            self._kept[-1].execute("PRAGMA user_version").fetchone()

    def close(self) -> None:
        """Let go of the file, where this process has opened it."""
        if self._process == os.getpid():
            self._process = 0
            # Threads that connect at once keep one each.
            while self._kept:
                self._kept.pop().close()
