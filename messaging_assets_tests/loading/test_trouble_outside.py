"""What goes wrong beside the API: the destination, the disk, a cancelled run; the next try is exactly right."""

from __future__ import annotations

import os
import resource as limits
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from messaging_assets.sandbox import Sandbox
from messaging_assets.tables.loaded_table import LoadedTable
from messaging_assets_tests.commits import Commits
from messaging_assets_tests.interrupted_sync import sync
from messaging_assets_tests.one_table import OneTable
from messaging_assets_tests.own_process import in_a_process, start_server

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals, limits and fork are POSIX")
ONE_RETRY = {"error_handler": {"max_retries": 1, "backoff_factor": 0}}


@pytest.fixture
def messages(known_sandbox: Sandbox) -> Sandbox:
    start_server()
    known_sandbox.forget()
    known_sandbox.settings.page_size = 500
    del known_sandbox.rows("messaging", "messages")[1000:]
    return known_sandbox


def _keys(sandbox: Sandbox) -> list[str]:
    return sorted(row["id"] for row in sandbox.rows("messaging", "messages"))


def _gone_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the first question to a loaded table fail, as that to a database that has just gone."""
    count, asked = LoadedTable.count, []

    def failing(table: LoadedTable, *arguments: Any, **more: Any) -> Any:
        asked.append(table)
        if len(asked) == 1:
            raise ConnectionError("server closed the connection of 'somebody' unexpectedly")
        return count(table, *arguments, **more)

    monkeypatch.setattr(LoadedTable, "count", failing)


@pytest.mark.sampled
@pytest.mark.parametrize("config", [None, {"forget_state": True}, {"full_refresh": True}])
def test_rows_are_not_appended_again_when_the_destination_goes_away_behind_the_load(
    messages: Sandbox, monkeypatch: pytest.MonkeyPatch, config: dict[str, Any] | None
) -> None:
    _gone_once(monkeypatch)

    synced = sync(write_disposition="append", endpoint=ONE_RETRY, config=config, is_in_dagster=True)

    assert synced["green"]
    assert synced["ids"] == _keys(messages)
    assert len(messages.asked("messaging", "messages")) == 3


def test_a_check_that_could_not_ask_fails_in_a_sentence_and_the_next_run_asks_the_table_alone(
    messages: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    _gone_once(monkeypatch)
    failed = sync(write_disposition="append")
    messages.forget()
    synced = sync(write_disposition="append")

    assert failed["error"].startswith("messaging.messages: its rows could not be loaded; mend the cause")
    assert failed["error"].endswith("(ConnectionError: server closed the connection of '...' unexpectedly).")
    assert "somebody" not in failed["error"]
    assert messages.requests == []
    assert synced["ids"] == _keys(messages)
    # Only what fails keeps a result for the next run.
    sync(write_disposition="append")
    assert messages.requests


@pytest.mark.sampled(2)
@pytest.mark.parametrize("number", [27, 28, 30, 32, 34, 36])
def test_an_append_with_nested_rows_that_was_killed_has_none_of_them_twice(messages: Sandbox, number: int) -> None:
    for row in messages.rows("messaging", "messages"):
        row["tags"] = ["a", "b"]

    def synced() -> Any:
        return sync(write_disposition="append", nested="tables")

    def killed() -> Any:
        Commits(number, is_after=True)
        return synced()

    in_a_process(synced)
    ended, _ = in_a_process(killed)
    _, again = in_a_process(synced)

    assert ended == signal.SIGKILL
    assert len(again["ids"]) == 2000
    assert _children() == 4000


def _children() -> int:
    import duckdb

    from messaging_assets.foundation.folders import project_folders

    with duckdb.connect(str(project_folders().database)) as connection:
        return int(connection.table("messaging.messages__tags").count("*").fetchall()[0][0])


@pytest.mark.soak
def test_a_cancelled_run_goes_on_behind_its_last_commit(messages: Sandbox) -> None:
    def cancelled() -> Any:
        taken = iter(range(1_000))
        judge = GuardedPaginator.update_state

        def interrupted(self: GuardedPaginator, response: Any, data: list[Any] | None = None) -> None:
            if next(taken) == 7:
                # What Dagster sends to the process of a run that is cancelled in the UI.
                os.kill(os.getpid(), signal.SIGTERM)
            judge(self, response, data)

        GuardedPaginator.update_state = interrupted  # type: ignore[method-assign]
        return sync(100, is_in_dagster=True, checkpoint={"pages": 2})

    from messaging_assets.reading.paging.guarded import GuardedPaginator

    ended, stopped = in_a_process(cancelled)
    messages.forget()
    _, again = in_a_process(lambda: sync(100, checkpoint={"pages": 2}))

    assert (ended, stopped["green"]) == (0, False)
    assert (messages.asked("messaging", "messages")[0].offset or 0) >= 300
    assert again["ids"] == _keys(messages)


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("number", "moment"),
    [
        (signal.SIGTERM, "while reading"),
        (signal.SIGINT, "while reading"),
        (signal.SIGTERM, "while loading"),
        (signal.SIGINT, "while loading"),
        (signal.SIGTERM, "while loading, and what is open does not close"),
    ],
)
def test_a_cancelled_run_ends_at_once_and_is_not_tried_again(messages: Sandbox, number: int, moment: str) -> None:
    def cancelled() -> Any:
        from messaging_assets.loading.table.resource_table import ResourceTable
        from messaging_assets.reading.paging.guarded import GuardedPaginator
        from messaging_assets.seams.destinations.dlt_duckdb import PlainCopyJob

        owner: Any = GuardedPaginator if moment == "while reading" else PlainCopyJob
        name = "update_state" if moment == "while reading" else "run"
        ours, let_go = getattr(owner, name), ResourceTable.let_go

        def unclosed(self: ResourceTable) -> None:
            let_go(self)
            raise OSError("the connection is gone")

        def interrupted(*arguments: Any) -> Any:
            setattr(owner, name, ours)
            if "does not close" in moment:
                ResourceTable.let_go = unclosed  # type: ignore[method-assign]
            os.kill(os.getpid(), number)
            return ours(*arguments)

        setattr(owner, name, interrupted)
        return sync(100, endpoint=ONE_RETRY, is_in_dagster=True)

    ended, stopped = in_a_process(cancelled)
    asked = len(messages.asked("messaging", "messages"))
    _, again = in_a_process(lambda: sync(100))

    assert (ended, stopped["green"]) == (0, False)
    assert stopped["tries"] == 1
    assert stopped["error"].startswith("messaging.messages: its run was interrupted; start it again")
    assert asked < 20
    assert again["ids"] == _keys(messages)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("way", ["merge", "replace", "append"])
@pytest.mark.parametrize("moment", ["while reading", "while loading"])
def test_a_full_disk_costs_no_row(messages: Sandbox, way: str, moment: str) -> None:
    _, first = in_a_process(lambda: sync(write_disposition=way))
    messages.grow("messaging", "messages", 1500)

    def on_a_full_disk() -> Any:
        from messaging_assets.seams.destinations.dlt_duckdb import PlainCopyJob

        copy = PlainCopyJob.run

        def full(job: Any = None) -> Any:
            # No file grows beyond this any more: neither one of dlt's nor DuckDB's log.
            limits.setrlimit(limits.RLIMIT_FSIZE, (10_000, limits.RLIM_INFINITY))
            return copy(job) if job else None

        if moment == "while loading":
            patched: Any = PlainCopyJob
            patched.run = full
        else:
            full()
        return sync(write_disposition=way)

    ended, failed = in_a_process(on_a_full_disk)
    _, again = in_a_process(lambda: sync(write_disposition=way))

    assert (ended, failed["green"]) == (0, False)
    assert "run it again" in failed["error"]
    assert again["ids"] == (sorted([*first["ids"], *_keys(messages)]) if way == "append" else _keys(messages))


@pytest.mark.sampled
@pytest.mark.xdist_group("killed-postgres")
@pytest.mark.parametrize("way", ["merge", "replace", "append"])
def test_a_database_that_goes_away_while_loading_costs_no_second_request(
    messages: Sandbox, postgres: Any, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    address = postgres.new_database()
    monkeypatch.setenv("DESTINATION_TYPE", "postgres")
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", address)

    def goes_away() -> Any:
        from messaging_assets.seams.destinations.dlt_postgres import _CopyJob

        copy = _CopyJob.run

        def shut(job: Any) -> None:
            postgres.allow_connections(address, False)
            copy(job)

        _CopyJob.run = shut  # type: ignore[assignment, method-assign]
        return sync(write_disposition=way)

    ended, failed = in_a_process(goes_away)
    postgres.allow_connections(address, True)
    messages.forget()
    _, again = in_a_process(lambda: sync(write_disposition=way))

    assert (ended, failed["green"]) == (0, False)
    assert messages.requests == []
    assert again["ids"] == _keys(messages)


def test_no_rows_lie_about_in_the_working_folder_after_a_sync(messages: Sandbox) -> None:
    from messaging_assets.foundation.folders import project_folders

    for way in ("merge", "replace", "append"):
        assert sync(write_disposition=way)["green"]
    left = [path for path in project_folders().pipelines.rglob("*.*") if path.is_file()]
    assert left
    assert not [path for path in left if {".parquet", ".jsonl", ".insert_values", ".gz"} & set(path.suffixes)]


def test_a_destination_of_sqlalchemy_loads_and_is_checked(
    one_table: OneTable, clean_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESTINATION_TYPE", "sqlalchemy")
    monkeypatch.setenv("DESTINATION__SQLALCHEMY__CREDENTIALS", f"sqlite:///{clean_room / 'tables.db'}")
    one_table.sync([{"id": 1, "v": "a"}, {"id": 2, "v": "b"}], preview_rows=1)
    synced = one_table.sync([{"id": 2, "v": "c"}, {"id": 3, "v": "d"}, {"id": None}])

    assert synced.green, synced.error
    assert synced.receipt["dagster/row_count"] == 3
    assert synced.checks["id_is_unique"].passed
    assert not synced.checks["no_record_rejected"].passed
