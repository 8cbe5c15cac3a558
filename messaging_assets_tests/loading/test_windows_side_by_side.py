"""Windows of one resource in PostgreSQL: read side by side, loaded one after the other, and none in another's way."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dlt
import pytest

from messaging_assets.foundation.failures import TryAgainLater
from messaging_assets.loading.sync_lock import only_load, only_sync_in_database
from messaging_assets.sandbox import Sandbox
from messaging_assets_tests.interrupted_sync import sync
from messaging_assets_tests.own_process import Process, start_server

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="fork is POSIX"),
    pytest.mark.xdist_group("killed-postgres"),
]

DAYS = ("2025-03-02", "2025-03-03")
WINDOW: dict[str, Any] = {
    "partitions": {
        "type": "daily",
        "start": "2025-03-01",
        "start_param": "since",
        "end_param": "until",
        "column": "timestamp",
    }
}


@pytest.fixture
def api(known_sandbox: Sandbox, postgres_destination: None) -> Sandbox:
    start_server()
    return known_sandbox


def _expected(api: Sandbox, *days: str) -> list[str]:
    return sorted(row["id"] for row in api.rows("messaging", "messages") if row["timestamp"].startswith(days))


def _machine(home: Path, day: str, read: Callable[[], object] = lambda: None, **resource: Any) -> Process:
    """A sync of one day; `read` is called in its process when the day was read, and nothing of it is loaded."""

    def work() -> Any:
        from messaging_assets.loading.passes.read_pass import ReadPass

        judge = ReadPass._judge
        ReadPass._judge = lambda one_pass: (judge(one_pass), read())  # type: ignore[method-assign, assignment]
        home.mkdir(exist_ok=True)
        os.environ["MESSAGING_ASSETS_HOME"] = str(home)
        return sync(partition_key=day, **WINDOW, **resource)

    return Process(work)


def _waits_for(signs: Path, own: str, other: str) -> Callable[[], None]:
    """Leave a sign, and wait for that of the other sync; in vain where that one waits for the end of this."""

    def wait() -> None:
        (signs / own).touch()
        _await(signs / other)

    return wait


def _await(sign: Path) -> None:
    latest = time.monotonic() + 60
    while not sign.exists():
        assert time.monotonic() < latest, f"{sign.name} was not read meanwhile"
        time.sleep(0.01)


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("disposition", "homes"),
    [("append", ("one", "two")), ("merge", ("one", "one"))],
    ids=["appended, two machines", "merged, one machine"],
)
def test_two_windows_are_read_at_the_same_time_and_every_row_is_there_once(
    api: Sandbox, tmp_path: Path, disposition: str, homes: tuple[str, str]
) -> None:
    both = [
        _machine(tmp_path / home, day, _waits_for(tmp_path, day, other), write_disposition=disposition)
        for home, day, other in zip(homes, DAYS, reversed(DAYS), strict=True)
    ]
    ended = [process.wait()[1] for process in both]

    assert [synced["error"] for synced in ended] == ["", ""]
    assert max((synced["ids"] for synced in ended), key=len) == _expected(api, *DAYS)
    assert not list(tmp_path.glob("*/.messaging_assets/windows/*/*/schemas")), "nothing is left behind"


def test_one_window_asked_for_twice_is_read_one_after_the_other(api: Sandbox, tmp_path: Path) -> None:
    both = [_machine(tmp_path / home, DAYS[0], write_disposition="append") for home in ("one", "two")]
    ended = [process.wait()[1] for process in both]

    assert [synced["error"] for synced in ended] == ["", ""]
    offsets = [request.offset for request in api.asked("messaging", "messages")]
    assert offsets == offsets[: len(offsets) // 2] * 2
    assert max((synced["ids"] for synced in ended), key=len) == _expected(api, DAYS[0])


def test_a_window_whose_sync_is_killed_while_another_is_read_is_read_again(api: Sandbox, tmp_path: Path) -> None:
    killed, other = DAYS
    waits = _waits_for(tmp_path, other, killed)
    dying = _machine(tmp_path / "one", killed, lambda: (waits(), os.kill(os.getpid(), 9)), write_disposition="append")
    living = _machine(tmp_path / "two", other, _waits_for(tmp_path, killed, other), write_disposition="append")
    assert dying.wait()[0] == 9
    assert living.wait()[1]["green"]
    again = _machine(tmp_path / "another", killed, write_disposition="append").wait()[1]

    assert again["green"], again["error"]
    assert again["ids"] == _expected(api, *DAYS)


def test_an_older_version_is_not_put_in_the_place_of_a_newer_one_that_another_window_loaded(
    api: Sandbox, tmp_path: Path
) -> None:
    early, late = DAYS
    older = _machine(tmp_path / "one", early, _waits_for(tmp_path, early, late))
    _await(tmp_path / early)
    moved = next(row for row in api.rows("messaging", "messages") if row["timestamp"].startswith(early))
    moved |= {"timestamp": f"{late}T12:00:00Z", "content": "newer"}
    assert _machine(tmp_path / "two", late).wait()[1]["green"]
    (tmp_path / late).touch()
    assert "have come into another window meanwhile" in older.wait()[1]["error"]
    synced = _machine(tmp_path / "one", early).wait()[1]

    assert synced["green"], synced["error"]
    assert synced["ids"] == _expected(api, *DAYS)
    assert [row[-1] for row in synced["rows"] if row[0] == moved["id"]] == ["newer"]


def test_a_row_that_comes_in_two_parts_of_one_window_is_no_other_windows(api: Sandbox, tmp_path: Path) -> None:
    first, *_ = [row for row in api.rows("messaging", "messages") if row["timestamp"].startswith(DAYS[0])]
    api.rows("messaging", "messages").append(first | {"timestamp": f"{DAYS[0]}T23:59:59Z", "content": "later"})
    parts: dict[str, Any] = {"checkpoint": {"pages": 1}, "endpoint": {"total": "ignore"}, "page_size": 5}

    synced = _machine(tmp_path / "one", DAYS[0], **parts).wait()[1]

    assert synced["green"], synced["error"]
    assert synced["metadata"]["messaging_assets/loads"] > 1
    assert [row[-1] for row in synced["rows"] if row[0] == first["id"]] == ["later"]


def test_a_column_that_comes_in_two_types_in_two_windows_is_read_again_by_the_one_that_loads_last(
    api: Sandbox, tmp_path: Path
) -> None:
    first, last = DAYS
    values: dict[str, Any] = {first: 5, last: "five"}
    for row in api.rows("messaging", "messages"):
        row["extra"] = values.get(row["timestamp"][:10])
    tried: dict[str, Any] = {
        "endpoint": {"error_handler": {"max_retries": 1, "backoff_factor": 0}},
        "is_in_dagster": True,
        "write_disposition": "append",
    }
    waiting = _machine(tmp_path / "one", last, _waits_for(tmp_path, last, first), **tried)
    _await(tmp_path / last)
    assert _machine(tmp_path / "two", first, **tried).wait()[1]["green"]
    (tmp_path / first).touch()
    synced = waiting.wait()[1]

    assert (synced["green"], synced["tries"]) == (True, 2), synced["error"]
    assert synced["ids"] == _expected(api, *DAYS)
    assert synced["metadata"]["messaging_assets/split_by_column"] == {"extra__v_text": len(_expected(api, last))}


def test_a_column_of_each_of_two_windows_is_known_to_the_next_one(api: Sandbox, tmp_path: Path) -> None:
    first, last = DAYS
    for row in api.rows("messaging", "messages"):
        row |= {first: {"early": 5}, last: {"late": 5}}.get(row["timestamp"][:10], {})
    waiting = _machine(tmp_path / "one", last, _waits_for(tmp_path, last, first), write_disposition="append")
    _await(tmp_path / last)
    assert _machine(tmp_path / "two", first, write_disposition="append").wait()[1]["green"]
    (tmp_path / first).touch()
    assert waiting.wait()[1]["green"]
    for row in api.rows("messaging", "messages"):
        row |= {"early": "five"} if row["timestamp"].startswith("2025-03-04") else {}
    synced = _machine(tmp_path / "three", "2025-03-04", write_disposition="append").wait()[1]

    assert synced["green"], synced["error"]
    assert list(synced["metadata"]["messaging_assets/split_by_column"]) == ["early__v_text"]


def _fetched(home: Path, day: str, **resource: Any) -> int:
    """A sync of one day that is killed when its rows are fetched, before anything is loaded; how it ended."""

    def killed() -> None:
        from dlt.pipeline.pipeline import Pipeline

        Pipeline.normalize = lambda *args, **more: os.kill(os.getpid(), 9)  # type: ignore[assignment]
        home.mkdir(exist_ok=True)
        os.environ["MESSAGING_ASSETS_HOME"] = str(home)
        sync(partition_key=day, **WINDOW, **resource)

    return Process(killed).wait()[0]


def test_a_merged_window_that_was_fetched_is_loaded_though_another_was_loaded_meanwhile(
    api: Sandbox, tmp_path: Path
) -> None:
    killed, other = DAYS
    assert _fetched(tmp_path / "one", killed) == 9
    assert _machine(tmp_path / "two", other).wait()[1]["green"]
    api.forget()
    again = _machine(tmp_path / "one", killed).wait()[1]

    assert again["green"], again["error"]
    assert api.requests == []
    assert again["ids"] == _expected(api, *DAYS)


def test_a_merged_window_that_was_fetched_is_read_again_where_another_has_newer_rows(
    api: Sandbox, tmp_path: Path
) -> None:
    killed, other = DAYS
    assert _fetched(tmp_path / "one", killed) == 9
    moved = next(row for row in api.rows("messaging", "messages") if row["timestamp"].startswith(killed))
    moved |= {"timestamp": f"{other}T12:00:00Z", "content": "newer"}
    assert _machine(tmp_path / "two", other).wait()[1]["green"]
    api.forget()
    again = _machine(tmp_path / "one", killed).wait()[1]

    assert again["green"], again["error"]
    assert api.requests
    assert again["ids"] == _expected(api, *DAYS)
    assert [row[-1] for row in again["rows"] if row[0] == moved["id"]] == ["newer"]


def _pipelines(folder: Path) -> list[dlt.Pipeline]:
    return [
        dlt.pipeline("chat__users", pipelines_dir=str(folder / name), destination="postgres", dataset_name="chat")
        for name in ("one", "two")
    ]


def test_two_windows_are_held_at_once_and_each_only_once_and_all_of_it_not_meanwhile(
    api: Sandbox, clean_room: Path
) -> None:
    one, two = _pipelines(clean_room)
    with only_sync_in_database("chat.users", one, window="monday"):
        with only_sync_in_database("chat.users", two, longest_wait=0.2, window="tuesday"):
            pass
        for window in ("monday", ""):
            with (
                pytest.raises(TryAgainLater, match="another machine has been syncing it"),
                only_sync_in_database("chat.users", two, longest_wait=0.2, window=window),
            ):
                pass
    with (
        only_sync_in_database("chat.users", one),
        pytest.raises(TryAgainLater, match="another machine has been syncing it"),
        only_sync_in_database("chat.users", two, longest_wait=0.2, window="monday"),
    ):
        pass


def test_a_table_is_loaded_by_one_at_a_time(api: Sandbox, clean_room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("messaging_assets.loading.sync_lock.LONGEST_WAIT", 0.2)
    one, two = _pipelines(clean_room)
    with only_load("chat.users", one), pytest.raises(TryAgainLater), only_load("chat.users", two):
        pass
    with only_load("chat.users", two):
        pass
