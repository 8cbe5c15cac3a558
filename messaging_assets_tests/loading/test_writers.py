"""More than one writer on one database: they wait for each other, then go on, and never ask the API twice."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from messaging_assets.foundation.failures import TryAgainLater
from messaging_assets.loading.sync_lock import only_sync_in_database
from messaging_assets.sandbox import Fault, Sandbox
from messaging_assets_tests.interrupted_sync import sync
from messaging_assets_tests.own_process import Process, in_a_process, start_server

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="fork is POSIX")


@pytest.fixture
def messages(known_sandbox: Sandbox) -> Sandbox:
    known_sandbox.settings.page_size = 500
    del known_sandbox.rows("messaging", "messages")[1000:]
    start_server()
    return known_sandbox


def _database() -> Path:
    from messaging_assets.foundation.folders import project_folders

    return project_folders().database


def _hold(seconds: float) -> None:
    """Open the DuckDB file as a person's shell would, until somebody is heard to wait, or it takes too long."""
    import duckdb

    _database().parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(_database())):
        (_database().parent / "held").touch()
        latest = time.monotonic() + seconds
        while time.monotonic() < latest and not (_database().parent / "heard").exists():
            time.sleep(0.01)


def _held(seconds: float) -> Process:
    holder = Process(lambda: _hold(seconds))
    while not (_database().parent / "held").exists():
        time.sleep(0.01)
    return holder


def _impatient(bound: float) -> Any:
    from messaging_assets.seams.destinations import dlt_duckdb as waiting_duckdb

    waiting_duckdb.LONGEST_WAIT = bound
    return sync()


def _telling() -> Any:
    """A sync, with the lines that this project's own loggers wrote."""
    lines: list[str] = []

    def note(record: logging.LogRecord) -> None:
        lines.append(record.getMessage())
        if "holds the DuckDB file" in lines[-1]:
            (_database().parent / "heard").touch()

    handler = logging.Handler()
    handler.emit = note  # type: ignore[method-assign]
    logging.getLogger("messaging_assets").addHandler(handler)
    return {**sync(), "lines": [line for line in lines if "waiting for" in line]}


def test_a_sync_waits_for_whoever_holds_the_file_and_says_so_in_one_line(messages: Sandbox) -> None:
    holder = _held(60)
    _, synced = in_a_process(_telling)
    holder.wait()

    assert synced["green"]
    assert len(synced["ids"]) == 1000
    assert synced["lines"] == [f"waiting for process {holder.pid}, which holds the DuckDB file"]


def test_a_sync_that_waits_for_nobody_says_nothing_of_it(messages: Sandbox) -> None:
    assert in_a_process(_telling)[1]["lines"] == []


def test_a_sync_that_waits_for_another_of_its_resource_says_for_which_process(messages: Sandbox) -> None:
    messages.fault(Fault(api="messaging", latency=1.0, times=1))
    first = Process(sync)
    while not messages.requests:
        time.sleep(0.01)
    _, second = in_a_process(_telling)

    assert first.wait()[1]["green"]
    assert second["green"]
    assert second["lines"][0] == f"messaging.messages is being synced by process {first.pid}; waiting for it"


def test_after_the_bound_the_error_names_the_process_that_holds_the_file(messages: Sandbox) -> None:
    holder = _held(30)
    _, synced = in_a_process(lambda: _impatient(0.3))
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()

    assert not synced["green"]
    assert f"process {holder.pid}" in synced["error"]


def test_a_lock_met_at_load_time_costs_no_second_request(messages: Sandbox) -> None:
    in_a_process(sync)
    asked, is_held = threading.Event(), threading.Event()

    def answer_when_held(payload: Any, request: Any) -> Any:
        asked.set()
        is_held.wait(20)
        return payload

    # The file is taken while the API is read, which is when a sync does not hold it.
    messages.fault(Fault(api="messaging", offset=500, times=1, rewrite=answer_when_held))
    reading = Process(lambda: _impatient(0.3))
    asked.wait(20)
    holder = _held(30)
    is_held.set()
    _, refused = reading.wait()
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    messages.forget()
    _, again = in_a_process(sync)

    assert not refused["green"]
    assert again["green"]
    assert messages.requests == []
    assert len(again["ids"]) == 1000


def test_one_resource_synced_twice_at_once_is_synced_one_after_the_other(messages: Sandbox) -> None:
    both = [Process(sync), Process(sync)]
    results = [process.wait()[1] for process in both]

    assert [result["green"] for result in results] == [True, True]
    assert all(len(result["ids"]) == 1000 for result in results)
    assert all(result["metadata"]["dagster/row_count"] == 1000 for result in results)


def test_a_resource_that_is_held_for_too_long_is_refused_in_a_sentence(tmp_path: Path) -> None:
    from messaging_assets.foundation.failures import TryAgainLater
    from messaging_assets.loading.sync_lock import only_sync_of

    with (
        only_sync_of("team.users", tmp_path, "team__users"),
        pytest.raises(TryAgainLater, match=f"process {os.getpid()} has been syncing it"),
        only_sync_of("team.users", tmp_path, "team__users", longest_wait=0.1),
    ):
        pass


def test_the_lock_of_a_killed_sync_is_free_at_once(messages: Sandbox, tmp_path: Path) -> None:
    from messaging_assets.loading.sync_lock import only_sync_of

    def dies() -> None:
        with only_sync_of("team.users", tmp_path, "team__users"):
            os.kill(os.getpid(), signal.SIGKILL)

    ended, _ = in_a_process(dies)

    assert ended == signal.SIGKILL
    with only_sync_of("team.users", tmp_path, "team__users", longest_wait=0):
        pass


@pytest.mark.xdist_group("killed-postgres")
def test_two_machines_that_sync_one_resource_into_postgres_do_it_one_after_the_other(
    messages: Sandbox, postgres_destination: None, tmp_path: Path
) -> None:
    messages.fault(Fault(api="messaging", latency=0.1))
    messages.forget()

    def machine(name: str) -> Process:
        def work() -> Any:
            home = tmp_path / name
            home.mkdir()
            os.environ["MESSAGING_ASSETS_HOME"] = str(home)
            return sync(write_disposition="append")

        return Process(work)

    ended = [process.wait() for process in [machine("one"), machine("two")]]

    assert [(status, synced["green"]) for status, synced in ended] == [(0, True)] * 2
    offsets = [request.offset for request in messages.asked("messaging", "messages")]
    once = offsets[: len(offsets) // 2]
    assert offsets == once * 2
    rows = max((synced["ids"] for _, synced in ended), key=len)
    assert rows == sorted([row["id"] for row in messages.rows("messaging", "messages")] * 2)


@pytest.mark.xdist_group("killed-postgres")
def test_a_resource_that_another_machine_holds_for_too_long_is_refused_in_a_sentence(
    clean_room: Path, postgres: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dlt

    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", postgres.new_database())
    monkeypatch.setenv("DESTINATION_TYPE", "postgres")
    pipelines = [
        dlt.pipeline("chat__users", pipelines_dir=str(clean_room / name), destination="postgres", dataset_name="chat")
        for name in ("one", "two")
    ]
    with (
        only_sync_in_database("chat.users", pipelines[0]),
        pytest.raises(TryAgainLater, match="another machine has been syncing it into this database for more than"),
        only_sync_in_database("chat.users", pipelines[1], longest_wait=0.2),
    ):
        pass
    with only_sync_in_database("chat.users", pipelines[1], longest_wait=0.2):
        pass


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(5))
def test_many_writers_at_once_lose_and_repeat_nothing(messages: Sandbox, seed: int) -> None:
    """Ten processes at once, in two ways of writing, a third of them killed."""
    ways = ("merge", "replace")

    def work(number: int) -> Any:
        return sync(100 + 50 * (number % 3), write_disposition=ways[number % 2])

    for attempt in range(4):
        processes = [Process(lambda number=number: work(number)) for number in range(10)]  # type: ignore[misc]
        time.sleep(0.3 + 0.2 * ((seed + attempt) % 4))
        for process in processes[::3]:
            process.kill()
        ended = [process.wait() for process in processes]
        assert all(synced["green"] for status, synced in ended if status == 0)
    _, last = in_a_process(lambda: sync(write_disposition="merge"))
    assert last["ids"] == sorted(row["id"] for row in messages.rows("messaging", "messages"))
