"""Dagster's storage in SQLite keeps its files open, and loses nothing by that."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from dagster import DagsterInstance, DagsterRunStatus, job, op
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.sql import get_alembic_config

from messaging_assets.seams.dagster_storage import remember_storage

remember_storage()


@op
def nothing() -> None: ...


@job
def one_op() -> None:
    nothing()


def test_a_file_of_events_stays_open_between_events(tmp_path: Path) -> None:
    with DagsterInstance.local_temp(str(tmp_path)) as instance:
        run = one_op.execute_in_process(instance=instance)
    files = list(tmp_path.rglob(f"{run.run_id}.db-wal"))
    assert files, "who closes the file last takes this one away, and waits for the disk"
    with closing(sqlite3.connect(files[0].with_suffix(".db"))) as other:
        (rows,) = other.execute("SELECT count(*) FROM event_logs").fetchone()
    assert rows == len(instance.all_logs(run.run_id))


def test_an_event_waits_for_the_disk_and_so_does_a_run(tmp_path: Path) -> None:
    with DagsterInstance.local_temp(str(tmp_path)) as instance:
        run = one_op.execute_in_process(instance=instance)
        assert instance.get_run_by_id(run.run_id).status is DagsterRunStatus.SUCCESS  # type: ignore[union-attr]
        events, runs = instance.event_log_storage, instance.run_storage
        assert isinstance(events, SqliteEventLogStorage)
        assert isinstance(runs, SqliteRunStorage)
        with events.run_connection(run.run_id) as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        with runs.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2


def test_a_home_that_is_made_anew_in_its_old_place_has_its_own_events(tmp_path: Path) -> None:
    runs = []
    for _ in range(2):
        with DagsterInstance.local_temp(str(tmp_path)) as instance:
            runs.append(one_op.execute_in_process(instance=instance).run_id)
            assert [run.run_id for run in instance.get_runs()] == runs[-1:]
            assert instance.all_logs(runs[-1])
        for file in sorted(tmp_path.rglob("*"), reverse=True):
            file.rmdir() if file.is_dir() else file.unlink()


def test_migrations_of_others_are_read_as_they_are(tmp_path: Path) -> None:
    from dagster._core.storage.event_log.sqlite import sqlite_event_log

    config = get_alembic_config(sqlite_event_log.__file__)
    assert ScriptDirectory.from_config(config) is ScriptDirectory.from_config(config)
    config.set_main_option("script_location", str(tmp_path))
    try:
        assert ScriptDirectory.from_config(config) is not ScriptDirectory.from_config(config)
    finally:
        get_alembic_config.cache_clear()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_gets_no_open_file_and_no_held_lock(tmp_path: Path) -> None:
    open_files = Path("/proc/self/fd")
    if not open_files.is_dir():
        pytest.skip("open files of a process are told by /proc")
    with DagsterInstance.local_temp(str(tmp_path)) as instance:
        run_id = one_op.execute_in_process(instance=instance).run_id
        run = instance.get_run_by_id(run_id)
        before = len(instance.all_logs(run_id))
        child = os.fork()
        if child == 0:
            targets = map(os.path.realpath, open_files.iterdir())
            kept = [one for one in targets if one.startswith(str(tmp_path)) and ".db" in one]
            instance.report_engine_event("of the child", run)
            os._exit(len(kept))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        instance.report_engine_event("of the parent", run)
        assert len(instance.all_logs(run_id)) == before + 2
