"""Incremental resources: only what is new is asked for, nothing is lost at the boundary, and a rerun begins right."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets.sandbox import Fault, Sandbox
from messaging_assets_tests.interrupted_sync import sync

SINCE: dict[str, Any] = {
    "params": {"since": "{incremental.start_value}"},
    "incremental": {"cursor_path": "timestamp", "initial_value": "2025-01-01T00:00:00Z"},
}
COLUMNS = {"id": {"data_type": "text", "nullable": False}}


@pytest.fixture
def messages(known_sandbox: Sandbox) -> Sandbox:
    known_sandbox.settings.page_size = 500
    del known_sandbox.rows("messaging", "messages")[2000:]
    return known_sandbox


def _keys(sandbox: Sandbox) -> list[str]:
    return sorted(row["id"] for row in sandbox.rows("messaging", "messages"))


def test_the_second_sync_asks_only_for_what_is_new(messages: Sandbox) -> None:
    sync(endpoint=SINCE, columns=COLUMNS)
    newest = max(row["timestamp"] for row in messages.rows("messaging", "messages"))
    messages.grow("messaging", "messages", 5)
    messages.forget()

    synced = sync(endpoint=SINCE, columns=COLUMNS)

    assert synced["green"]
    assert synced["ids"] == _keys(messages)
    assert messages.asked("messaging", "messages")[0].query["since"] == newest
    assert synced["metadata"]["messaging_assets/rows_read"] <= 6
    assert synced["metadata"]["messaging_assets/last_cursor"] == max(
        row["timestamp"] for row in messages.rows("messaging", "messages")
    )


def test_rows_with_the_same_cursor_value_as_the_last_one_are_not_lost(messages: Sandbox) -> None:
    sync(endpoint=SINCE, columns=COLUMNS)
    [row] = messages.grow("messaging", "messages", 1)
    row["timestamp"] = max(one["timestamp"] for one in messages.rows("messaging", "messages")[:-1])

    synced = sync(endpoint=SINCE, columns=COLUMNS)

    assert synced["ids"] == _keys(messages)


def test_a_read_that_fails_does_not_move_the_cursor(messages: Sandbox) -> None:
    sync(endpoint=SINCE, columns=COLUMNS)
    messages.grow("messaging", "messages", 1200)
    messages.fault(Fault(api="messaging", after=1, times=1, status=500))
    failed = sync(endpoint=SINCE, columns=COLUMNS)

    synced = sync(endpoint=SINCE, columns=COLUMNS)

    assert not failed["green"]
    assert synced["ids"] == _keys(messages)


def test_the_cursor_moves_only_when_every_part_of_a_long_read_is_loaded(messages: Sandbox) -> None:
    parts: dict[str, Any] = {"checkpoint": {"pages": 1}}
    messages.fault(Fault(api="messaging", offset=1500, times=1, status=500))
    failed = sync(endpoint=SINCE, columns=COLUMNS, **parts)
    messages.forget()

    synced = sync(endpoint=SINCE, columns=COLUMNS, **parts)

    assert not failed["green"]
    assert 0 < len(failed["ids"]) < 2000
    assert messages.asked("messaging", "messages")[0].query["since"] == "2025-01-01T00:00:00Z"
    assert synced["green"]
    assert synced["ids"] == _keys(messages)


def test_forgetting_the_state_reads_everything_anew(messages: Sandbox) -> None:
    sync(endpoint=SINCE, columns=COLUMNS)
    messages.forget()

    synced = sync(endpoint=SINCE, columns=COLUMNS, config={"forget_state": True})

    assert messages.asked("messaging", "messages")[0].query["since"] == "2025-01-01T00:00:00Z"
    assert synced["metadata"]["messaging_assets/rows_read"] == 2000
    assert synced["ids"] == _keys(messages)


def test_a_full_refresh_drops_what_the_api_no_longer_has(messages: Sandbox) -> None:
    sync(endpoint=SINCE, columns=COLUMNS)
    del messages.rows("messaging", "messages")[:100]

    synced = sync(endpoint=SINCE, columns=COLUMNS, config={"full_refresh": True})

    assert synced["green"]
    assert synced["ids"] == _keys(messages)
