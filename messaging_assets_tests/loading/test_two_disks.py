"""Two machines with disks of their own load into one database: what one left behind never undoes what the other did."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import duckdb
import pytest

from messaging_assets.sandbox import Sandbox
from messaging_assets_tests.interrupted_sync import sync, table_rows
from messaging_assets_tests.own_process import in_a_process, start_server, undisputed

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kill -9 and fork are POSIX")

DAY = "2025-03-02"
WINDOW = {"partitions": {"type": "daily", "start": "2025-03-01", "start_param": "since", "end_param": "until"}}
WINDOW["partitions"]["column"] = "timestamp"
DELETES = {"endpoint": {"total": "exact"}, "deletes": "remove", "maximum_deleted_share": 1.0}
NEWS = {"cursor_path": "timestamp", "initial_value": "2000-01-01T00:00:00Z"}
WAYS: dict[str, dict[str, Any]] = {
    "deletes": DELETES,
    "append": {"write_disposition": "append", "endpoint": {"incremental": NEWS}},
    "replace": {"write_disposition": "replace"},
    "scd2": {"write_disposition": {"disposition": "merge", "strategy": "scd2"}},
    "merged window": {**WINDOW, "partition_key": DAY},
    "appended window": {**WINDOW, "partition_key": DAY, "write_disposition": "append"},
}


class TwoDisks:
    """Two projects, each in a folder of its own, and one database.

    Args:
        sandbox: the API.
        folder: where the folders and the database are.
    """

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox, self.folder = sandbox, folder
        self.rows = sandbox.rows("messaging", "messages")
        days = [row for row in self.rows if row["timestamp"].startswith((DAY, "2025-03-03"))]
        others = [row for row in self.rows if row not in days]
        self.spare, self.rows[:] = others[200:300], days + others[:200]

    def sync(self, disk: str, before: Callable[[], None] = lambda: None, **resource: Any) -> Any:
        return _sync_on(self.folder / disk, before, resource)

    def dies(self, disk: str, moment: str, **resource: Any) -> None:
        assert self.sync(disk, MOMENTS[moment], **resource) == signal.SIGKILL

    def change(self) -> None:
        """Let rows go upstream, others come, and others have new content."""
        self.rows[:] = [{**row, "content": f"{row['content']}, changed"} for row in self.rows[5:]] + self.spare[:20]
        del self.spare[:20]

    def upstream(self, day: str = "") -> list[tuple[str, ...]]:
        rows = [row for row in self.rows if row["timestamp"].startswith(day)]
        return sorted((row["id"], row["message_id"], row["content"]) for row in rows)


def _sync_on(home: Path, before: Callable[[], None], resource: dict[str, Any]) -> Any:
    """The sync, or the signal that killed it."""

    def work() -> Any:
        home.mkdir(exist_ok=True)
        os.environ["MESSAGING_ASSETS_HOME"] = str(home)
        before()
        return undisputed(lambda: sync(**resource))

    ended, synced = in_a_process(work)
    return ended if synced is None else synced


def _kill(*args: Any, **more: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _dies_at(place: str, name: str, is_after: bool = False) -> Callable[[], None]:
    """What makes a process die when it calls a function, or when that returns.

    Args:
        place: the module, and the class within it if it is a method.
        name: the function.
        is_after: whether it dies when the function returns.
    """

    def prepare() -> None:
        owner = resolve_name(place)
        original = getattr(owner, name)
        setattr(owner, name, (lambda *args, **more: (original(*args, **more), _kill())) if is_after else _kill)

    return prepare


# In the order of a sync: a page is asked for; all pages came; their rows are on disk; they are in the form that is
# loaded; the server has copied them; they are in their table; dlt has noted that; they were counted; what is gone
# upstream is to be taken out; the sync is noted as done, and nobody was told.
MOMENTS = {
    "asked": _dies_at("messaging_assets.http.exchange:Exchange", "answer", is_after=True),
    "read": _dies_at("messaging_assets.loading.passes.read_pass:ReadPass", "_judge"),
    "fetched": _dies_at("dlt.pipeline.pipeline:Pipeline", "normalize"),
    "normalized": _dies_at("dlt.pipeline.pipeline:Pipeline", "load"),
    "copied": _dies_at("messaging_assets.seams.destinations.dlt_postgres:_CopyJob", "run", is_after=True),
    "placed": _dies_at("dlt.destinations.job_client_impl:SqlJobClientBase", "complete_load"),
    "noted": _dies_at("dlt.destinations.job_client_impl:SqlJobClientBase", "complete_load", is_after=True),
    "counted": _dies_at("messaging_assets.loading.table.resource_table:ResourceTable", "reconcile", is_after=True),
    "loaded": _dies_at("messaging_assets.loading.table.removal", "_take_out"),
    "done": _dies_at("messaging_assets.tables.notes.sync_ledger:SyncLedger", "is_done", is_after=True),
}


@pytest.fixture
def disks(known_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TwoDisks:
    start_server()
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", str(tmp_path / "one.duckdb"))
    return TwoDisks(known_sandbox, tmp_path)


def _valid(way: str) -> list[tuple[str, ...]]:
    return table_rows("WHERE _dlt_valid_to IS NULL" if way == "scd2" else "")


@pytest.fixture
def disks_of_postgres(disks: TwoDisks, postgres_destination: None) -> TwoDisks:
    """The same two machines, whose one database is a PostgreSQL server's."""
    return disks


@pytest.mark.sampled
@pytest.mark.parametrize("way", WAYS)
def test_what_one_machine_left_behind_is_not_used_once_the_other_has_synced(disks: TwoDisks, way: str) -> None:
    _both_sync_after_a_kill(disks, way, "loaded")


def _each_fault() -> Iterator[Any]:
    """Each way of writing killed at each moment; by default each moment once, and each way at least once."""
    for place, moment in enumerate(MOMENTS):
        for number, way in enumerate(WAYS):
            marks = () if number == place % len(WAYS) else pytest.mark.soak
            yield pytest.param(way, moment, marks=marks)


@pytest.mark.sampled(3)
@pytest.mark.parametrize(("way", "moment"), list(_each_fault()))
def test_two_machines_and_one_postgres_lose_and_double_nothing_whenever_one_is_killed(
    disks_of_postgres: TwoDisks, way: str, moment: str
) -> None:
    _both_sync_after_a_kill(disks_of_postgres, way, moment)


def test_the_other_machine_asks_for_nothing_again_that_is_committed(disks_of_postgres: TwoDisks) -> None:
    disks = disks_of_postgres
    parts: dict[str, Any] = {"page_size": 20, "checkpoint": {"pages": 2}}

    def at_the_third_part() -> None:
        from dlt.pipeline.pipeline import Pipeline

        load, parts = Pipeline.load, []

        def loaded(self: Any, *args: Any, **more: Any) -> Any:
            parts.append(1)
            return _kill() if len(parts) == 3 else load(self, *args, **more)

        Pipeline.load = loaded  # type: ignore[method-assign]

    assert disks.sync("one", at_the_third_part, **parts) == signal.SIGKILL
    committed = len(table_rows())
    disks.sandbox.forget()
    second = disks.sync("two", **parts)

    assert committed == 80
    # The last page of them is asked for again, to see that the list goes on where it stopped.
    assert min(int(one.query["offset"]) for one in disks.sandbox.asked("messaging", "messages")) == 60
    assert second["metadata"]["messaging_assets/resumed_rows"] == committed
    assert second["rows"] == disks.upstream()


def _both_sync_after_a_kill(disks: TwoDisks, way: str, moment: str) -> None:
    described = WAYS[way]
    disks.dies("one", moment, **described)
    if way != "append":
        disks.change()
    second = disks.sync("two", **described)
    between = _valid(way)
    again = disks.sync("one", **described)

    expected = disks.upstream(DAY if "window" in way else "")
    assert second["green"]
    assert between == expected
    assert again["green"]
    assert _valid(way) == expected
    assert len(expected) > 5


def test_a_load_that_the_destination_has_is_told_though_the_other_machine_has_synced_since(disks: TwoDisks) -> None:
    plain: dict[str, Any] = {"write_disposition": "append", "primary_key": None}
    disks.dies("one", "noted", **plain)
    disks.sync("two", **plain)
    again = disks.sync("one", **plain)

    assert again["green"], again["error"]
    assert "messaging_assets/resumed" in again["metadata"]
    assert again["rows"] == sorted(disks.upstream() * 2)


def test_later_rows_come_behind_a_load_that_the_destination_has_once_the_other_machine_has_synced(
    disks: TwoDisks,
) -> None:
    disks.dies("one", "noted", **WAYS["append"])
    disks.sync("two", **WAYS["append"])
    disks.rows.append({**disks.spare[0], "timestamp": "2025-12-01T00:00:00Z"})
    again = disks.sync("one", **WAYS["append"])

    assert again["green"], again["error"]
    assert again["rows"] == disks.upstream()


@pytest.mark.sampled
@pytest.mark.parametrize("way", ["append", "deletes"])
def test_a_machine_whose_result_nobody_was_told_tells_it_while_it_is_the_newest(disks: TwoDisks, way: str) -> None:
    disks.dies("one", "done", **WAYS[way])
    disks.sandbox.forget()
    again = disks.sync("one", **WAYS[way])

    assert again["green"]
    assert "messaging_assets/resumed" in again["metadata"]
    assert disks.sandbox.asked("messaging", "messages") == []
    assert again["rows"] == disks.upstream()


def test_a_window_that_one_machine_left_doubled_is_put_right_by_the_others_next_window(disks: TwoDisks) -> None:
    appended = WAYS["appended window"]
    disks.sync("one", **appended)
    disks.dies("one", "loaded", **appended)
    other = disks.sync("two", **{**appended, "partition_key": "2025-03-03"})

    assert other["rows"] == sorted(disks.upstream(DAY) + disks.upstream("2025-03-03"))


def test_a_read_during_which_another_machine_loaded_is_not_the_newest(disks: TwoDisks) -> None:
    other = disks.folder / "two"

    def meanwhile() -> None:
        from messaging_assets.loading.passes.read_pass import ReadPass

        judge = ReadPass._judge

        def judged(self: Any) -> None:
            ReadPass._judge = judge  # type: ignore[method-assign]
            _sync_on(other, lambda: None, WAYS["replace"])
            judge(self)

        ReadPass._judge = judged  # type: ignore[method-assign]

    refused = disks.sync("one", meanwhile, **WAYS["replace"])

    assert "another machine loaded it while it was read here" in refused["error"]
    assert refused["rows"] == disks.upstream()
    assert disks.sync("one", **WAYS["replace"])["green"]


def test_half_a_load_of_one_machine_is_taken_back_by_the_other_whatever_their_clocks_say(disks: TwoDisks) -> None:
    appended = WAYS["append"]

    def an_hour_ago() -> None:
        from dlt.extract import storage

        storage.create_load_id = lambda: str(time.time() - 3600)  # type: ignore[attr-defined]
        MOMENTS["normalized"]()

    disks.sync("two", **appended)
    gone = disks.rows[0]["id"]
    assert disks.sync("one", an_hour_ago, **appended) == signal.SIGKILL
    with duckdb.connect(str(disks.folder / "one.duckdb")) as connection:
        [load_ids] = connection.execute(
            "SELECT load_ids FROM messaging._messaging_assets_syncs ORDER BY generation DESC LIMIT 1"
        ).fetchall()[0]
        connection.execute("UPDATE messaging.messages SET _dlt_load_id = ? WHERE id = ?", [load_ids.strip('["]'), gone])
    disks.sync("two", **appended)

    assert gone not in [row[0] for row in _valid("append")]


@pytest.mark.sampled
@pytest.mark.parametrize("way", ["append", "replace"])
def test_a_receipt_of_another_address_passes_for_no_sync(
    disks: TwoDisks, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    disks.dies("one", "done", **WAYS[way])
    monkeypatch.setenv("MESSAGING__BASE_URL", os.environ["MESSAGING__BASE_URL"].replace("127.0.0.1", "localhost"))
    disks.sandbox.forget()
    again = disks.sync("one", **WAYS[way])

    # A mark says nothing of another API's rows, and to read anew would have these twice.
    why = "the API is asked at another address" if way == "append" else "came from another address of the API"
    assert why in again["error"]
    if way == "replace":
        again = disks.sync("one", **WAYS[way], config={"allow_many_deletes": True})
        assert again["green"], again["error"]
        assert disks.sandbox.asked("messaging", "messages")
    assert _valid(way) == disks.upstream()


@pytest.mark.sampled
@pytest.mark.parametrize("number", [0, 1], ids=["a function", "a closure"])
def test_an_append_knows_its_own_load_again_whatever_functions_describe_it(disks: TwoDisks, number: int) -> None:
    """In another process a function has another address, and nobody knows what a closure closes over."""
    steps = [{"filter": (_is_wanted, lambda row: row["id"] != number)[number]}]
    plain: dict[str, Any] = {"write_disposition": "append", "primary_key": None, "processing_steps": steps}
    disks.dies("one", "done", **plain)
    again = disks.sync("one", **plain)

    assert again["green"]
    assert again["rows"] == disks.upstream()


def _is_wanted(row: dict[str, Any]) -> bool:
    return bool(row["id"])
