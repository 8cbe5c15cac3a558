"""Children of changed parents only: no list is left out whose rows are not in the table as they were."""

from __future__ import annotations

import signal
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from messaging_assets.reading.changed_parents import ParentChanges
from messaging_assets_tests.faults.family import Family
from messaging_assets_tests.faults.one_list import OneList, synced
from messaging_assets_tests.one_step import History, alone
from messaging_assets_tests.open_database import let_go
from messaging_assets_tests.own_process import Process

CHATS: dict[str, Any] = {"name": "chats", "selected": False, "endpoint": {"path": "chats"}}
PARTS: dict[str, Any] = {
    "name": "parts",
    "only_changed_parents": "updated",
    "endpoint": {"path": "chats/{resources.chats.id}/parts"},
}
EVERY = [f"/chats/{number}/parts" for number in (1, 2, 3)]


class Chats:
    """Three chats and their parts, which change as a test wants; a list may answer with a status."""

    def __init__(self) -> None:
        self.updated: dict[int, Any] = dict.fromkeys((1, 2, 3), 100)
        self.title = ""
        self.refused: dict[str, int] = {}

    def __call__(self, path: str, query: dict[str, str]) -> list[Any] | int:
        """What is at an address."""
        if path == "/chats":
            return [{"id": one, "updated": at, "title": self.title} for one, at in self.updated.items() if at != "gone"]
        number = path.split("/")[2]
        return self.refused.get(number) or [{"id": f"{number}a", "of": self.updated[int(number)]}]


def asked(api: Family) -> list[str]:
    """The lists of parts that were asked for, in the order of their chats: they leave side by side."""
    return sorted(one for one in api.asked if one != "/chats")


def test_only_lists_of_changed_parents_are_asked_for_and_the_other_rows_stay(one_list: OneList) -> None:
    chats = Chats()
    with Family(one_list, chats).served() as api:
        first = api.sync("parts", CHATS, PARTS)
        assert asked(api) == EVERY
        chats.updated[2] = 200
        second = api.sync("parts", CHATS, PARTS)
        assert asked(api) == EVERY[1:2]
        third = api.sync("parts", CHATS, PARTS)
        assert asked(api) == []

    assert first.ids == second.ids == third.ids == ["1a", "2a", "3a"]
    assert [row["of"] for row in third.table] == [100, 200, 100]
    assert [one.receipt.get("parents_same") for one in (first, second, third)] == [None, 2, 3]
    assert third.verdict == "read to the end"
    assert "did not change since they were loaded" in third.reason


def test_lists_of_parents_that_did_not_change_are_read_once_more_where_a_run_asks_for_them(one_list: OneList) -> None:
    cursor = {"cursor_path": "of", "start_param": "since"}
    parts = {**PARTS, "endpoint": {**PARTS["endpoint"], "incremental": cursor}}
    came, history = [], History()
    with Family(one_list, Chats()).served() as api:
        for config in (None, None, {"read_from": "50"}, None):
            api.asked.clear()
            assert alone(api.describe("parts", CHATS, parts), "parts", history, config=config).green
            came.append(asked(api))
    assert came == [EVERY, [], [f"{one}?since=50" for one in EVERY], []]


@pytest.mark.sampled
@pytest.mark.parametrize("is_ignored", [False, True], ids=["failed", "ignored"])
def test_a_list_that_did_not_come_is_asked_for_until_it_does(one_list: OneList, is_ignored: bool) -> None:
    chats = Chats()
    actions = [{"status_code": 403, "action": "ignore"}] if is_ignored else []
    parts = {**PARTS, "endpoint": {**PARTS["endpoint"], "response_actions": actions}}
    with Family(one_list, chats).served() as api:
        api.sync("parts", CHATS, parts)
        chats.updated[2], chats.refused = 200, {"2": 403}
        refused = api.sync("parts", CHATS, parts)
        chats.refused.clear()
        mended = api.sync("parts", CHATS, parts)
        assert asked(api) == EVERY[1:2]

    assert refused.green == is_ignored
    assert [row["of"] for row in mended.table] == [100, 200, 100]


def test_a_list_in_doubt_is_asked_for_again(one_list: OneList) -> None:
    counted = {"paginator": {"type": "offset", "limit": 1}, "total": "ignore"}
    parts = {**PARTS, "endpoint": {**PARTS["endpoint"], **counted}}

    def moving(path: str, query: dict[str, str]) -> list[Any]:
        if path == "/chats":
            return [{"id": 1, "updated": 100}]
        # The same row on two pages, beside a new one.
        pages = [[{"id": "a"}], [{"id": "a"}, {"id": "b"}], []]
        return pages[min(int(query.get("offset", 0)), 2)]

    with Family(one_list, moving).served() as api:
        first = api.sync("parts", CHATS, parts, passes=1)
        api.sync("parts", CHATS, parts, passes=1)
        assert asked(api)

    assert first.verdict == "unknown"


def test_a_list_that_came_beside_an_error_is_asked_for_again(one_list: OneList) -> None:
    def failing(path: str, query: dict[str, str]) -> Any:
        rows = [{"id": path}] if path != "/chats" else [{"id": 1, "updated": 1}, {"id": 2, "updated": 1}]
        return {"data": rows, "errors": ["a shard is down"]} if path == "/chats/1/parts" else rows

    with Family(one_list, failing).served() as api:
        first = api.sync("parts", CHATS, PARTS)
        api.sync("parts", CHATS, PARTS)
        assert asked(api) == EVERY[:1]

    assert first.verdict == "unknown"


@pytest.mark.sampled
@pytest.mark.parametrize("change", ["path", "table"])
def test_every_list_is_asked_for_once_the_file_asks_for_others_or_the_table_is_empty(
    one_list: OneList, change: str, open_database: None
) -> None:
    import duckdb

    from messaging_assets.foundation.folders import project_folders

    parts = PARTS
    with Family(one_list, Chats()).served() as api:
        api.sync("parts", CHATS, parts)
        if change == "path":
            parts = {**PARTS, "endpoint": {**PARTS["endpoint"], "params": {"kind": "long"}}}
        else:
            with duckdb.connect(str(project_folders().database)) as database:
                database.execute("delete from family.parts")
        synced = api.sync("parts", CHATS, parts)
        assert len(asked(api)) == 3

    assert synced.ids == ["1a", "2a", "3a"]


def test_a_parent_that_was_gone_is_asked_for_when_it_is_back(one_list: OneList) -> None:
    chats = Chats()
    with Family(one_list, chats).served() as api:
        api.sync("parts", CHATS, PARTS)
        chats.updated[2] = "gone"
        api.sync("parts", CHATS, PARTS)
        chats.updated[2] = 100
        api.sync("parts", CHATS, PARTS)
        assert asked(api) == EVERY[1:2]


def test_a_mark_of_a_parent_that_did_not_change_is_kept(one_list: OneList, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("messaging_assets.reading.cursors.marks.GONE_KEPT", 1)
    chats = Chats()
    cursor = {"cursor_path": "of", "initial_value": 0, "start_param": "since"}
    parts = {**PARTS, "endpoint": {**PARTS["endpoint"], "incremental": cursor}}
    with Family(one_list, chats).served() as api:
        api.sync("parts", CHATS, parts)
        api.sync("parts", CHATS, parts)
        chats.updated = dict.fromkeys(chats.updated, 300)
        api.sync("parts", CHATS, parts)
        assert asked(api) == [f"{one}?since=100" for one in EVERY]


def test_the_whole_record_tells_where_no_field_is_named(one_list: OneList) -> None:
    chats = Chats()
    with Family(one_list, chats).served() as api:
        api.sync("parts", CHATS, PARTS, only_changed_parents=True)
        api.sync("parts", CHATS, PARTS, only_changed_parents=True)
        assert asked(api) == []
        chats.title = "new"
        api.sync("parts", CHATS, PARTS, only_changed_parents=True)
        assert asked(api) == EVERY


def test_a_field_that_no_parent_has_leaves_no_list_out(one_list: OneList) -> None:
    with Family(one_list, Chats()).served() as api:
        api.sync("parts", CHATS, PARTS, only_changed_parents="changed")
        synced = api.sync("parts", CHATS, PARTS, only_changed_parents="changed")
        assert asked(api) == EVERY

    assert synced.receipt["parents_untold"] == 3


def test_a_sync_that_is_killed_asks_again_for_what_is_not_loaded(one_list: OneList) -> None:
    chats, processes = Chats(), list[Process]()
    chats.updated[4] = 100

    def answers(path: str, query: dict[str, str]) -> list[Any] | int:
        if path == "/chats/4/parts" and processes:
            processes.pop().kill()
        return chats(path, query)

    with Family(one_list, answers).served() as api:
        api.sync("parts", CHATS, PARTS)
        chats.updated = dict.fromkeys(chats.updated, 200)
        let_go()
        described = api.describe("parts", CHATS, PARTS, checkpoint={"pages": 1}, parallelized=False)
        killed = Process(lambda: bool(synced(described, "parts")))
        processes.append(killed)
        ended, _ = killed.wait()
        # Changed again since its list was loaded, in a part that was committed.
        chats.updated[1] = 300
        api.sync("parts", CHATS, PARTS, checkpoint={"pages": 1}, parallelized=False)
        resumed = asked(api)
        last = api.sync("parts", CHATS, PARTS)
        assert asked(api) == EVERY[:1]

    assert ended == signal.SIGKILL
    assert resumed == ["/chats/3/parts", "/chats/4/parts"]
    assert [row["of"] for row in last.table] == [300, 200, 200, 200]


NOW = datetime(2025, 1, 5, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("said", "is_settled"),
    [
        (7, True),
        ("open", True),
        ("2025-01-05T11:58:00Z", True),
        ("2025-01-05T11:59:30Z", False),
        ("2025-01-05T12:00:30Z", False),
        (int(NOW.timestamp()) - 10, False),
        (int(NOW.timestamp() - 10) * 1000, False),
        ("2025-01-05", False),
        ("2025-01-04", True),
        (None, False),
    ],
)
def test_a_moment_just_gone_by_may_come_again_with_another_change(said: Any, is_settled: bool) -> None:
    first = ParentChanges("updated", {}, NOW)
    assert first.is_changed("list", {"updated": said}, "chats")
    first.loaded("list")

    second = ParentChanges("updated", first.of_all(()), NOW + timedelta(days=9))

    assert second.is_changed("list", {"updated": said}, "chats") != is_settled


def test_a_list_that_two_records_share_is_asked_for_where_they_differ() -> None:
    records = [{"updated": 1}, {"updated": 2}]
    first = ParentChanges("updated", {}, NOW)
    first.is_changed("list", records[0], "chats")
    first.came_again("list", records[1], "chats")
    first.loaded("list")

    assert first.of_all(()) == first.of_finished(["list"]) == {}


def test_what_is_known_of_a_list_is_of_the_field_that_the_file_names() -> None:
    row = {"updated": 1, "seen": 1}
    first = ParentChanges("updated", {}, NOW)
    first.is_changed("list", row, "chats")
    first.loaded("list")

    assert ParentChanges("seen", first.of_all(()), NOW).is_changed("list", row, "chats")
