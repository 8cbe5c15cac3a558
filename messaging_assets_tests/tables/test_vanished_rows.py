"""Rows deleted upstream: marked or removed after a proven read, and never after any other."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets.sandbox import Fault, Sandbox
from messaging_assets_tests.interrupted_sync import sync

# Nothing but the test opens the file.
pytestmark = pytest.mark.usefixtures("open_database")

PROVEN = {"total": "exact"}


@pytest.fixture
def messages(known_sandbox: Sandbox) -> Sandbox:
    known_sandbox.settings.page_size = 50
    del known_sandbox.rows("messaging", "messages")[100:]
    return known_sandbox


def _marked() -> list[str]:
    import duckdb

    from messaging_assets.foundation.folders import project_folders

    with duckdb.connect(str(project_folders().database)) as connection:
        found = connection.execute("SELECT id FROM messaging.messages WHERE _deleted_at IS NOT NULL ORDER BY id")
        return [row[0] for row in found.fetchall()]


def test_rows_that_the_api_no_longer_has_are_removed(messages: Sandbox) -> None:
    sync(endpoint=PROVEN, deletes="remove")
    gone = {row["id"] for row in messages.rows("messaging", "messages")[:7]}
    del messages.rows("messaging", "messages")[:7]

    synced = sync(endpoint=PROVEN, deletes="remove")

    assert synced["green"]
    assert len(synced["ids"]) == 93
    assert not gone & set(synced["ids"])
    assert synced["metadata"]["messaging_assets/rows_deleted"] == 7


def test_rows_that_the_api_no_longer_has_are_marked_once_and_unmarked_when_they_come_back(messages: Sandbox) -> None:
    rows = messages.rows("messaging", "messages")
    sync(endpoint=PROVEN, deletes="mark")
    gone = rows[:3]
    del rows[:3]
    first = sync(endpoint=PROVEN, deletes="mark")
    second = sync(endpoint=PROVEN, deletes="mark")

    assert _marked() == sorted(row["id"] for row in gone)
    assert first["metadata"]["messaging_assets/rows_deleted"] == 3
    assert second["metadata"]["messaging_assets/rows_deleted"] == 0
    assert len(second["ids"]) == 100

    rows[:0] = gone
    sync(endpoint=PROVEN, deletes="mark")

    assert _marked() == []


def test_nothing_is_deleted_after_a_read_that_is_not_proven(messages: Sandbox) -> None:
    sync(deletes="remove")
    del messages.rows("messaging", "messages")[:7]

    synced = sync(deletes="remove")

    assert len(synced["ids"]) == 100
    assert "not proven" in synced["metadata"]["messaging_assets/deletes"]


def test_nothing_is_deleted_while_a_record_was_set_aside(messages: Sandbox) -> None:
    def spoil(payload: Any, request: Any) -> Any:
        payload["data"][0]["id"] = None
        return payload

    sync(endpoint=PROVEN, deletes="remove")
    messages.fault(Fault(api="messaging", offset=0, rewrite=spoil))

    synced = sync(endpoint=PROVEN, deletes="remove")

    assert len(synced["ids"]) == 100
    assert synced["metadata"]["messaging_assets/rows_set_aside"] == 1
    assert synced["metadata"]["messaging_assets/deletes"] == "none, because a record was set aside"


def test_more_than_the_allowed_share_is_refused_unless_the_run_says_so(messages: Sandbox) -> None:
    sync(endpoint=PROVEN, deletes="remove")
    del messages.rows("messaging", "messages")[:30]

    refused = sync(endpoint=PROVEN, deletes="remove")
    allowed = sync(endpoint=PROVEN, deletes="remove", config={"allow_many_deletes": True})

    assert not refused["green"]
    assert "30 of 100 rows" in refused["error"]
    assert len(refused["ids"]) == 100
    assert allowed["green"]
    assert len(allowed["ids"]) == 70


def test_a_tombstone_field_deletes_its_row(messages: Sandbox) -> None:
    columns = {"is_deleted": {"data_type": "bool", "hard_delete": True}}
    for row in messages.rows("messaging", "messages"):
        row["is_deleted"] = False
    sync(columns=columns)
    messages.rows("messaging", "messages")[0]["is_deleted"] = True

    synced = sync(columns=columns)

    assert synced["green"]
    assert len(synced["ids"]) == 99


def test_nested_rows_go_with_theirs(messages: Sandbox) -> None:
    rows = messages.rows("messaging", "messages")
    for row in rows:
        row["tags"] = [{"name": "a", "votes": [1, 2]}, {"name": "b", "votes": [3]}]
    whole: dict[str, Any] = {"endpoint": PROVEN, "deletes": "remove", "nested": "tables"}
    sync(**whole)
    del rows[:7]
    sync(**whole)

    assert _count("messages__tags") == 93 * 2
    assert _count("messages__tags__votes") == 93 * 3


def test_a_refused_delete_is_asked_about_anew(messages: Sandbox) -> None:
    rows = messages.rows("messaging", "messages")
    sync(endpoint=PROVEN, deletes="remove")
    gone = rows[:30]
    del rows[:30]
    refused = sync(endpoint=PROVEN, deletes="remove")
    rows[:0] = gone
    healed = sync(endpoint=PROVEN, deletes="remove")

    assert "30 of 100 rows" in refused["error"]
    assert healed["green"]
    assert len(healed["ids"]) == 100


def _count(table: str) -> int:
    import duckdb

    from messaging_assets.foundation.folders import project_folders

    with duckdb.connect(str(project_folders().database)) as connection:
        return int(connection.table(f"messaging.{table}").count("*").fetchall()[0][0])


@pytest.mark.sampled
@pytest.mark.parametrize(("deletes", "is_green"), [("mark", False), ("remove", True)])
def test_a_mark_is_never_taken_for_a_field_of_the_api_that_has_its_name(
    messages: Sandbox, deletes: str, is_green: bool
) -> None:
    for row in messages.rows("messaging", "messages"):
        row["_deletedAt"] = None
    synced = sync(endpoint=PROVEN, deletes=deletes)
    assert synced["green"] is is_green
    assert is_green or "field '_deleted_at' of its own" in synced["error"]
