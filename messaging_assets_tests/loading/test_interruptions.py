"""Killed at any moment, and started again: every row is right, and finished work is not asked for again."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from messaging_assets.sandbox import Fault, Sandbox
from messaging_assets_tests import interrupted_sync
from messaging_assets_tests.commits import Commits
from messaging_assets_tests.interrupted_sync import table_rows
from messaging_assets_tests.own_process import Process, in_a_process, start_server, undisputed

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kill -9 and fork are POSIX")

WAYS = [(destination, way) for way in ("merge", "replace", "append") for destination in ("duckdb", "postgres")]
# Up to here a sync reads and normalizes, which is the same in every way of writing: one of them is killed there.
COMMON = 26
# Every destination and way of writing has at least so many.
FEWEST = 40
# Where the commits end, whatever the destination and the way of writing.
MOST = 52
PAGE = 50
# One whole read of the changed list: three pages, and the empty one that confirms the end.
WHOLE = 4
sync = partial(interrupted_sync.sync, page_size=PAGE)
Row = tuple[str, ...]


@dataclass
class Place:
    """A project that was synced once, and whose API changed since.

    Args:
        sandbox: the API.
        way: how rows are written.
        before: the rows that the first sync left.
        upstream: the rows that the API has now.
    """

    sandbox: Sandbox
    way: str
    before: list[Row]
    upstream: list[Row]

    def sync(self) -> Any:
        """One more sync, which closes over no sandbox."""
        # The first sync is shared by tests, whose sandboxes have an address each.
        return partial(sync, write_disposition=self.way, config={"allow_many_deletes": True})

    def expected(self, syncs: int = 1) -> list[Row]:
        """The table after a number of further syncs."""
        if self.way == "append":
            return sorted(self.before + self.upstream * syncs)
        kept = [] if self.way == "replace" else self.before
        return sorted({row[0]: row for row in kept + self.upstream}.values())

    def is_read_over(self) -> bool:
        """Whether the killed sync had all rows, and its receipt, on disk or in the table."""
        working = Path(os.environ["MESSAGING_ASSETS_HOME"]) / ".messaging_assets" / "pipelines"
        packages = ("normalize/extracted", "load/normalized", "load/loaded")
        is_fetched = any(any((working / "messaging__messages" / folder).glob("*")) for folder in packages)
        return is_fetched and (working / "messaging__messages.receipt.json").exists()

    def assert_red_table_is_whole(self) -> None:
        """Until the next sync the table has newer whole rows at most, never fewer than before and never doubled."""
        _, rows = in_a_process(table_rows)
        assert rows in (sorted(self.before), self.expected()), f"{len(rows)} rows"

    def assert_next_sync_is_right(self, copies: tuple[int, ...] = (1,)) -> None:
        is_over = self.is_read_over()
        self.sandbox.forget()
        ended, again = in_a_process(partial(undisputed, self.sync()))

        assert ended == 0
        assert again["green"], again["error"]
        assert again["rows"] in [self.expected(number) for number in copies], f"{len(again['rows'])} rows"
        assert again["metadata"]["dagster/row_count"] == len(again["rows"])
        assert len(self.sandbox.asked("messaging", "messages")) == (0 if is_over else WHOLE)


def _rows(sandbox: Sandbox) -> list[Row]:
    return [(row["id"], row["message_id"], row["content"]) for row in sandbox.rows("messaging", "messages")]


@pytest.fixture(scope="module")
def synced_once(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], tuple[Path, str]]:
    """The folder and the database's address that the first sync of a destination and a way of writing left."""
    return {}


@pytest.fixture
def place(
    known_sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    request: Any,
    tmp_path_factory: pytest.TempPathFactory,
    synced_once: dict[tuple[str, str], tuple[Path, str]],
) -> Any:
    """Gives the project for a destination and a way of writing, in folders and a database of its own."""
    start_server()
    known_sandbox.settings.page_size = PAGE
    served = known_sandbox.rows("messaging", "messages")
    every = list(served)[: 4 * PAGE]
    home = Path(os.environ["MESSAGING_ASSETS_HOME"])

    def use_database(destination: str, like: str | None = None) -> str:
        if destination == "duckdb":
            return ""
        address: str = request.getfixturevalue("postgres").new_database(like)
        monkeypatch.setenv("DESTINATION_TYPE", "postgres")
        monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", address)
        return address

    def sync_once(destination: str, way: str) -> tuple[Path, str]:
        address = use_database(destination)
        _, first = in_a_process(lambda: sync(write_disposition=way))
        assert first["rows"] == sorted(_rows(known_sandbox))
        return home.rename(tmp_path_factory.mktemp("synced_once") / "home"), address

    def at(destination: str, way: str) -> Place:
        served[:] = every[: 2 * PAGE]
        before = _rows(known_sandbox)
        if (destination, way) not in synced_once:
            synced_once[destination, way] = sync_once(destination, way)
        folder, address = synced_once[destination, way]
        shutil.copytree(folder, home, dirs_exist_ok=True)
        use_database(destination, address)
        served[:] = [row | {"content": f"changed {row['content']}"} for row in every[PAGE : 2 * PAGE]]
        served.extend(every[2 * PAGE :])
        return Place(known_sandbox, way, before, _rows(known_sandbox))

    return at


def _aimed() -> Iterator[Any]:
    """Kill points: each sixth commit while it reads, each second while it loads; destinations and ways in turn.

    `make soak` kills each destination and way of writing before and after each of its commits.
    """
    for turn, number in enumerate((*range(0, COMMON, 6), *range(COMMON, MOST, 2))):
        destination, way = WAYS[turn % 6]
        group = pytest.mark.xdist_group(f"killed-{destination}")
        # A destination and way comes every sixth time: once before a commit, once after it.
        yield pytest.param(destination, way, number, turn // 6 % 2 == turn % 2, marks=group)


@pytest.mark.sampled(6)
@pytest.mark.parametrize(("destination", "way", "number", "is_after"), list(_aimed()))
def test_killed_at_a_commit_the_next_sync_is_right(
    place: Any, destination: str, way: str, number: int, is_after: bool
) -> None:
    assert _kill_at(place(destination, way), number, is_after) or number >= FEWEST


@pytest.mark.sampled
@pytest.mark.parametrize("destination", ["duckdb", "postgres"])
@pytest.mark.parametrize("number", [COMMON + 2, COMMON + 4])
def test_killed_while_the_clock_was_set_back_the_next_sync_is_right(place: Any, destination: str, number: int) -> None:
    assert _kill_at(place(destination, "append"), number, is_after=True, seconds_back=3600)


def _kill_at(project: Place, number: int, is_after: bool, seconds_back: float = 0) -> bool:
    """Whether there was such a commit to be killed at."""
    synced = project.sync()

    def killed() -> Any:
        from dlt.extract import storage

        storage.create_load_id = lambda: str(time.time() - seconds_back)  # type: ignore[attr-defined]
        commits = Commits(number, is_after)
        synced()
        return len(commits.seen)

    ended, commits = in_a_process(killed)
    if ended == 0:
        assert commits <= number
        project.assert_next_sync_is_right((2,))
        return False
    assert ended == signal.SIGKILL
    # With the last one the sync is over, but for what Dagster notes.
    is_last = not project.is_read_over() and number > COMMON
    project.assert_red_table_is_whole()
    project.assert_next_sync_is_right((2,) if is_last else (1,))
    return True


@pytest.mark.soak
@pytest.mark.parametrize(("destination", "way"), WAYS)
@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
def test_killed_at_every_commit_the_next_sync_is_right(place: Any, destination: str, way: str, is_after: bool) -> None:
    number = 0
    while _kill_at(place(destination, way), number, is_after):
        shutil.rmtree(os.environ["MESSAGING_ASSETS_HOME"])
        number += 1
    assert COMMON < number < MOST


# A destination and a way of writing each; the seeds between them are soaked.
FEW_SEEDS = (0, 3, 4)


def _random(seeds: Iterable[int]) -> Iterator[Any]:
    for seed in seeds:
        destination, way = WAYS[seed % 6]
        yield pytest.param(destination, way, seed, marks=pytest.mark.xdist_group(f"killed-{destination}"))


@pytest.mark.sampled
@pytest.mark.parametrize(("destination", "way", "seed"), list(_random(FEW_SEEDS)))
def test_killed_at_a_random_moment_the_next_sync_is_right(place: Any, destination: str, way: str, seed: int) -> None:
    _kill_sometime(place(destination, way), seed)


@pytest.mark.soak
@pytest.mark.parametrize(("destination", "way", "seed"), list(_random(set(range(612)) - {*FEW_SEEDS})))
def test_killed_at_hundreds_of_random_moments(place: Any, destination: str, way: str, seed: int) -> None:
    _kill_sometime(place(destination, way), seed)


def _kill_sometime(project: Place, seed: int) -> None:
    """Kill a sync from outside; which moment that is, the machine's load decides, and it must not matter."""
    forgotten, synced = Path(os.environ["MESSAGING_ASSETS_HOME"]) / "forgotten", project.sync()

    def noted() -> Any:
        from messaging_assets.loading.kept_receipt import ReceiptFile

        forget = ReceiptFile.forget

        def noted_forget(self: ReceiptFile) -> None:
            forgotten.write_text(f"{forgotten.read_text() if forgotten.exists() else ''}.")
            forget(self)

        ReceiptFile.forget = noted_forget  # type: ignore[method-assign]
        return synced()

    process = Process(noted)
    time.sleep(random.Random(seed).uniform(0.0, 1.2))
    process.kill()
    ended, _ = process.wait()
    # The receipt is forgotten when a sync begins to read, and when it is over.
    is_over = forgotten.exists() and len(forgotten.read_text()) == 2
    copies = (2,) if ended == 0 else (1, 2) if is_over else (1,)
    project.assert_next_sync_is_right(copies)


# What may pass for a sync, and what it may do


@pytest.fixture
def messages(known_sandbox: Sandbox) -> Sandbox:
    start_server()
    rows = known_sandbox.rows("messaging", "messages")
    del rows[4 * PAGE :]
    return known_sandbox


def _fetched_only(**resource: Any) -> Any:
    """A sync that is killed when its rows are fetched, before anything is loaded."""
    from dlt.pipeline.pipeline import Pipeline

    Pipeline.normalize = lambda *args, **more: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment]
    return sync(**resource)


def _ids(sandbox: Sandbox) -> list[str]:
    return sorted(row["id"] for row in sandbox.rows("messaging", "messages"))


def test_fetched_rows_of_another_description_are_not_taken_for_a_sync(messages: Sandbox) -> None:
    ended, _ = in_a_process(_fetched_only)
    messages.forget()
    _, again = in_a_process(lambda: sync(columns={"id": {"data_type": "text", "nullable": False}}))

    assert ended == signal.SIGKILL
    assert messages.asked("messaging", "messages")
    assert again["ids"] == _ids(messages)


@pytest.mark.xdist_group("killed-postgres")
def test_what_was_fetched_is_loaded_where_the_state_that_came_with_it_is_there_already(
    messages: Sandbox, postgres_destination: None
) -> None:
    parts: dict[str, Any] = {"checkpoint": {"rows": 2 * PAGE}}

    def killed() -> Any:
        from dlt.common.storages import PackageStorage

        saved, ended = PackageStorage.save_pending_transition, []

        def save(self: PackageStorage, load_id: str, name: str, *more: Any) -> None:
            ended.extend([name] if name.startswith("_dlt_pipeline_state") else [])
            if len(ended) == 2:  # the first and the last part
                os.kill(os.getpid(), signal.SIGKILL)
            saved(self, load_id, name, *more)

        PackageStorage.save_pending_transition = save  # type: ignore[method-assign, assignment]
        return sync(**parts)

    ended, _ = in_a_process(killed)
    messages.forget()
    _, again = in_a_process(lambda: sync(**parts))

    assert ended == signal.SIGKILL
    assert messages.requests == []
    assert again["ids"] == _ids(messages)


def test_rows_loaded_late_delete_nothing_while_a_record_was_set_aside(messages: Sandbox) -> None:
    def spoil(payload: Any, request: Any) -> Any:
        payload["data"][0]["id"] = None
        return payload

    whole: dict[str, Any] = {"endpoint": {"total": "exact"}, "deletes": "remove"}
    in_a_process(lambda: sync(**whole))
    messages.fault(Fault(api="messaging", offset=0, rewrite=spoil))
    ended, _ = in_a_process(lambda: _fetched_only(**whole))
    messages.forget()
    _, again = in_a_process(lambda: sync(**whole))

    assert ended == signal.SIGKILL
    assert messages.requests == []
    assert again["metadata"]["messaging_assets/rows_set_aside"] == 1
    assert again["ids"] == _ids(messages)


def test_an_answer_of_which_some_loads_were_committed_is_read_again(messages: Sandbox) -> None:
    messages.settings.page_size = 2000
    whole: dict[str, Any] = {
        "endpoint": {"paginator": {"type": "single_page"}},
        "checkpoint": {"rows": PAGE},
        "deletes": "remove",
    }

    def killed() -> Any:
        from dlt.pipeline.pipeline import Pipeline

        from messaging_assets.answers.formats import texts
        from messaging_assets.http.wire import transport

        patch = pytest.MonkeyPatch()
        patch.setattr(texts, "PART_ROWS", 20)
        patch.setattr(transport, "SPOOLED_FROM", 0)
        load, loads = Pipeline.load, iter(range(3))

        def third_kills(*args: Any, **more: Any) -> Any:
            if next(loads) == 2:
                os.kill(os.getpid(), signal.SIGKILL)
            return load(*args, **more)

        Pipeline.load = third_kills  # type: ignore[method-assign]
        return sync(**whole)

    ended, _ = in_a_process(killed)
    _, committed = in_a_process(table_rows)
    _, again = in_a_process(lambda: sync(**whole))

    assert ended == signal.SIGKILL
    assert PAGE <= len(committed) < 4 * PAGE
    assert again["green"]
    assert again["ids"] == _ids(messages)
