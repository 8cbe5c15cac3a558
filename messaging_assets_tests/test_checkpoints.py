"""A long read is committed in parts, and an interrupted one goes on behind the last of them."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets.sandbox import Fault, Sandbox
from messaging_assets_tests.interrupted_sync import sync

PARTS: dict[str, Any] = {"checkpoint": {"pages": 4}, "columns": {"id": {"data_type": "text", "nullable": False}}}


@pytest.fixture
def messages(known_sandbox: Sandbox) -> Sandbox:
    del known_sandbox.rows("messaging", "messages")[2000:]
    return known_sandbox


def _keys(sandbox: Sandbox) -> list[str]:
    return sorted(row["id"] for row in sandbox.rows("messaging", "messages"))


def _failed_at(messages: Sandbox, offset: int) -> dict[str, Any]:
    """A sync that finds the API broken from an offset on; afterwards the API is well and its record empty."""
    messages.fault(Fault(api="messaging", offset=offset, status=500))
    failed = sync(100, **PARTS)
    messages.faults.clear()
    messages.forget()
    return failed


def _asked_offsets(messages: Sandbox) -> list[int]:
    return sorted({int(request.query["offset"]) for request in messages.asked("messaging", "messages")})


def test_all_parts_together_are_the_whole_list(messages: Sandbox) -> None:
    synced = sync(100, **PARTS)

    assert synced["green"]
    assert synced["ids"] == _keys(messages)
    assert synced["metadata"]["rows_loaded"] == 2000
    assert synced["metadata"]["messaging_assets/rows_loaded"] == 2000
    assert len(synced["metadata"]["jobs"]) >= 5


def test_a_failed_read_leaves_whole_rows_and_the_next_goes_on_behind_them(messages: Sandbox) -> None:
    failed = _failed_at(messages, 1500)
    synced = sync(100, **PARTS)

    assert not failed["green"]
    assert len(failed["ids"]) == 1200
    assert min(_asked_offsets(messages)) == 1100
    assert synced["green"]
    assert synced["ids"] == _keys(messages)
    assert synced["metadata"]["messaging_assets/resumed_rows"] == 1200
    assert synced["metadata"]["messaging_assets/distinct_keys"] == 2000
    assert synced["metadata"]["messaging_assets/verdict"] == "read to the end"


def test_after_a_resumed_read_the_next_one_begins_at_the_start(messages: Sandbox) -> None:
    _failed_at(messages, 1500)
    sync(100, **PARTS)
    messages.forget()

    synced = sync(100, **PARTS)

    assert min(_asked_offsets(messages)) == 0
    assert "messaging_assets/resumed_rows" not in synced["metadata"]


def test_rows_deleted_before_the_checkpoint_make_it_read_from_the_start(messages: Sandbox) -> None:
    _failed_at(messages, 1500)
    del messages.rows("messaging", "messages")[:5]

    synced = sync(100, **PARTS)

    assert synced["green"]
    assert min(_asked_offsets(messages)) == 0
    assert set(_keys(messages)) <= set(synced["ids"])
    assert synced["metadata"]["messaging_assets/distinct_keys"] == 1995


def test_rows_added_behind_the_checkpoint_are_read(messages: Sandbox) -> None:
    _failed_at(messages, 1500)
    messages.grow("messaging", "messages", 30)

    synced = sync(100, **PARTS)

    assert synced["green"]
    assert synced["ids"] == _keys(messages)


def test_a_changed_description_reads_from_the_start(messages: Sandbox) -> None:
    _failed_at(messages, 1500)

    synced = sync(100, endpoint={"params": {"updated_after": "2000-01-01T00:00:00Z"}}, **PARTS)

    assert synced["green"]
    assert min(_asked_offsets(messages)) == 0


def test_a_run_that_is_to_begin_anew_does_not_resume(messages: Sandbox) -> None:
    _failed_at(messages, 1500)

    synced = sync(100, config={"forget_state": True}, **PARTS)

    assert min(_asked_offsets(messages)) == 0
    assert synced["ids"] == _keys(messages)


def test_a_read_that_fails_twice_goes_on_from_its_furthest_checkpoint(messages: Sandbox) -> None:
    _failed_at(messages, 900)
    _failed_at(messages, 1800)

    synced = sync(100, **PARTS)

    assert min(_asked_offsets(messages)) > 1000
    assert synced["ids"] == _keys(messages)


@pytest.mark.parametrize("disposition", ["replace", "append"])
def test_only_a_merge_is_committed_before_the_read_is_over(messages: Sandbox, disposition: str) -> None:
    messages.fault(Fault(api="messaging", offset=1500, status=500))
    failed = sync(100, write_disposition=disposition, **PARTS)
    messages.faults.clear()

    synced = sync(100, write_disposition=disposition, **PARTS)

    assert not failed["green"]
    assert len(failed["ids"]) <= 1
    assert synced["ids"] == _keys(messages)


def test_page_numbers_are_resumed_too(messages: Sandbox) -> None:
    paging = {"path": "v1/messages/by_page", "paginator": {"type": "page_number", "base_page": 1, "total_path": None}}
    messages.fault(Fault(api="messaging", offset=1500, status=500))
    sync(100, endpoint=paging, **PARTS)
    messages.faults.clear()
    messages.forget()

    synced = sync(100, endpoint=paging, **PARTS)

    assert min(int(request.query["page"]) for request in messages.asked("messaging", "messages")) == 12
    assert synced["ids"] == _keys(messages)
