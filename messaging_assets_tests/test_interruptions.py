"""Killed at every step, and started again: the table is exactly right, and finished work is not asked for again."""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from typing import Any

import pytest

from messaging_assets.sandbox import Fault, Sandbox
from messaging_assets_tests.interrupted_sync import import_all, in_a_process, sync

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kill -9 and fork are POSIX")

# Where dlt is when the process dies: "before" or "after" the call, and which one of its calls.
POINTS = [
    ("dlt.pipeline.pipeline.Pipeline._sync_destination", "before", 1),
    ("dlt.pipeline.pipeline.Pipeline._sync_destination", "after", 1),
    ("dlt.extract.extract.Extract.commit_packages", "before", 1),
    ("dlt.extract.extract.Extract.commit_packages", "after", 1),
    ("dlt.pipeline.pipeline.Pipeline.normalize", "before", 1),
    ("dlt.normalize.normalize.Normalize.spool_schema_files", "before", 1),
    ("dlt.normalize.normalize.Normalize.spool_schema_files", "after", 1),
    ("dlt.pipeline.pipeline.Pipeline.load", "before", 1),
    ("dlt.load.load.Load.start_new_jobs", "before", 1),
    ("dlt.destinations.impl.duckdb.duck.DuckDbCopyJob.run", "before", 1),
    ("dlt.destinations.impl.duckdb.duck.DuckDbCopyJob.run", "after", 1),
    ("dlt.destinations.sql_jobs.SqlMergeFollowupJob.generate_sql", "after", 1),
    ("dlt.load.load.Load.complete_package", "before", 1),
    ("dlt.load.load.Load.complete_package", "after", 1),
    ("dlt.pipeline.pipeline.Pipeline.load", "after", 1),
    ("dagster_dlt.resource.DagsterDltResource.extract_resource_metadata", "before", 1),
]
# Other ways of writing share all but the last steps with a merge.
LATE = [point for point in POINTS if ".load" in point[0] or "duckdb" in point[0]]
CASES = [(*point, "merge") for point in POINTS]
CASES += [(*point, disposition) for point in LATE for disposition in ("replace", "append")]


def _die_at(point: str, when: str, number: int) -> None:
    """Make this process kill itself, as `kill -9` would, around one call."""
    module_and_class, method = point.rsplit(".", 1)
    module, owner_name = module_and_class.rsplit(".", 1)
    owner = getattr(import_module(module), owner_name)
    original, calls = getattr(owner, method), iter(range(1, 1_000_000))

    def dying(*args: Any, **kwargs: Any) -> Any:
        is_it = next(calls) == number
        if is_it and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*args, **kwargs)
        if is_it:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    wrapped = (
        classmethod(lambda cls, *a, **k: dying(*a, **k)) if isinstance(vars(owner).get(method), classmethod) else dying
    )
    setattr(owner, method, wrapped)


@pytest.fixture
def messages(known_sandbox: Sandbox) -> Sandbox:
    """The sandbox with 2,000 messages, four pages of 500, in a process that has all imports behind it."""
    known_sandbox.settings.page_size = 500
    del known_sandbox.rows("messaging", "messages")[2000:]
    import_all()
    return known_sandbox


def _keys(sandbox: Sandbox) -> list[str]:
    return sorted(row["id"] for row in sandbox.rows("messaging", "messages"))


@pytest.mark.parametrize(
    ("point", "when", "number", "disposition"),
    CASES,
    ids=[f"{disposition}-{when}-{point.split('.')[-1]}" for point, when, _, disposition in CASES],
)
def test_a_sync_that_was_killed_is_exactly_right_after_the_next(
    messages: Sandbox, point: str, when: str, number: int, disposition: str
) -> None:
    def killed() -> Any:
        _die_at(point, when, number)
        return sync(write_disposition=disposition)

    ended, _ = in_a_process(killed)
    assert ended == signal.SIGKILL
    ended, again = in_a_process(lambda: sync(write_disposition=disposition))

    assert ended == 0
    assert again["green"]
    assert again["ids"] == _keys(messages)
    assert again["metadata"]["dagster/row_count"] == 2000


def test_rows_that_were_fetched_before_a_kill_are_loaded_without_another_request(messages: Sandbox) -> None:
    def killed() -> Any:
        _die_at("dlt.pipeline.pipeline.Pipeline.normalize", "before", 1)
        return sync()

    in_a_process(killed)
    messages.forget()
    _, again = in_a_process(sync)

    assert messages.requests == []
    assert again["ids"] == _keys(messages)
    assert again["metadata"]["messaging_assets/rows_read"] == 2000
    assert "messaging_assets/resumed" in again["metadata"]


def test_fetched_rows_of_another_description_are_not_taken_for_async(messages: Sandbox) -> None:
    def killed() -> Any:
        _die_at("dlt.pipeline.pipeline.Pipeline.normalize", "before", 1)
        return sync()

    in_a_process(killed)
    messages.forget()
    _, again = in_a_process(lambda: sync(columns={"id": {"data_type": "text", "nullable": False}}))

    assert messages.asked("messaging", "messages")
    assert again["ids"] == _keys(messages)


def test_a_kill_before_the_read_is_over_reads_it_again(messages: Sandbox) -> None:
    def killed() -> Any:
        _die_at("messaging_assets.reading.Reading.take", "before", 3)
        return sync()

    ended, _ = in_a_process(killed)
    assert ended == signal.SIGKILL
    messages.forget()
    _, again = in_a_process(sync)

    assert len(messages.asked("messaging", "messages")) >= 4
    assert again["ids"] == _keys(messages)


def test_rows_loaded_late_delete_nothing_while_a_record_was_set_aside(messages: Sandbox) -> None:
    def spoil(payload: Any, request: Any) -> Any:
        payload["data"][0]["id"] = None
        return payload

    def whole() -> Any:
        return sync(endpoint={"total": "exact"}, deletes="remove")

    def killed() -> Any:
        _die_at("dlt.pipeline.pipeline.Pipeline.normalize", "before", 1)
        return whole()

    in_a_process(whole)
    messages.fault(Fault(api="messaging", offset=0, rewrite=spoil))
    in_a_process(killed)
    messages.forget()
    _, again = in_a_process(whole)

    assert messages.requests == []
    assert again["metadata"]["messaging_assets/rows_set_aside"] == 1
    assert again["ids"] == _keys(messages)
