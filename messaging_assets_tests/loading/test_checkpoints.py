"""A long read is committed in parts, and an interrupted one goes on behind the last of them."""

from __future__ import annotations

from typing import Any

import dlt
import pytest

from messaging_assets.foundation.folders import project_folders
from messaging_assets.foundation.redaction import Redaction
from messaging_assets.reading.resume_point import storable
from messaging_assets.sandbox import Fault, Sandbox
from messaging_assets_tests.interrupted_sync import sync

# Nothing but the test opens the file.
pytestmark = pytest.mark.usefixtures("open_database")

# Each part is a load, so most tests have one before the trouble and one behind it.
PAGE = 20
PARTS: dict[str, Any] = {"checkpoint": {"pages": 6}, "columns": {"id": {"data_type": "text", "nullable": False}}}
SMALL_PARTS: dict[str, Any] = {**PARTS, "checkpoint": {"pages": 2}}


@pytest.fixture
def messages(known_sandbox: Sandbox) -> Sandbox:
    known_sandbox.settings.page_size = PAGE
    del known_sandbox.rows("messaging", "messages")[200:]
    return known_sandbox


def _keys(sandbox: Sandbox) -> list[str]:
    return sorted(row["id"] for row in sandbox.rows("messaging", "messages"))


def _failed_at(messages: Sandbox, offset: int, parts: dict[str, Any] = PARTS) -> dict[str, Any]:
    """A sync that finds the API broken from an offset on; afterwards the API is well and its record empty."""
    messages.fault(Fault(api="messaging", offset=offset, status=500))
    failed = sync(PAGE, **parts)
    messages.faults.clear()
    messages.forget()
    return failed


def _asked_offsets(messages: Sandbox) -> list[int]:
    return sorted({int(request.query["offset"]) for request in messages.asked("messaging", "messages")})


def test_all_parts_together_are_the_whole_list(messages: Sandbox) -> None:
    synced = sync(PAGE, **SMALL_PARTS)

    assert synced["green"]
    assert synced["ids"] == _keys(messages)
    assert synced["metadata"]["rows_loaded"] == 200
    assert synced["metadata"]["messaging_assets/rows_loaded"] == 200
    assert synced["metadata"]["messaging_assets/loads"] >= 5


def test_a_part_ends_after_its_seconds_too(messages: Sandbox) -> None:
    messages.fault(Fault(api="messaging", offset=140, status=500))
    messages.fault(Fault(api="messaging", latency=0.05))

    failed = sync(PAGE, checkpoint={"seconds": 0.2})

    assert not failed["green"]
    assert 0 < len(failed["ids"]) < 140


def test_a_failed_read_leaves_whole_rows_and_the_next_goes_on_behind_them(messages: Sandbox) -> None:
    failed = _failed_at(messages, 140, SMALL_PARTS)
    synced = sync(PAGE, **SMALL_PARTS)

    assert not failed["green"]
    assert len(failed["ids"]) == 120
    assert min(_asked_offsets(messages)) == 100
    assert synced["green"]
    assert synced["ids"] == _keys(messages)
    assert synced["metadata"]["messaging_assets/resumed_rows"] == 120
    assert synced["metadata"]["messaging_assets/distinct_keys"] == 200
    assert synced["metadata"]["messaging_assets/verdict"] == "read to the end"


def test_dagsters_own_retry_goes_on_behind_the_last_commit_too(messages: Sandbox) -> None:
    messages.fault(Fault(api="messaging", offset=140, times=2, status=500))

    synced = sync(
        PAGE, endpoint={"error_handler": {"max_retries": 1, "backoff_factor": 0}}, is_in_dagster=True, **PARTS
    )

    assert synced["green"]
    assert _starts(messages).count(0) == 1
    assert _starts(messages).count(100) == 2
    assert synced["metadata"]["messaging_assets/resumed_rows"] == 120
    assert synced["ids"] == _keys(messages)


def test_after_a_resumed_read_the_next_one_begins_at_the_start(messages: Sandbox) -> None:
    _failed_at(messages, 140)
    sync(PAGE, **PARTS)
    messages.forget()

    synced = sync(PAGE, **PARTS)

    assert min(_asked_offsets(messages)) == 0
    assert "messaging_assets/resumed_rows" not in synced["metadata"]


def test_rows_deleted_before_the_checkpoint_make_it_read_from_the_start(messages: Sandbox) -> None:
    _failed_at(messages, 140)
    del messages.rows("messaging", "messages")[:5]

    synced = sync(PAGE, **PARTS)

    assert synced["green"]
    assert min(_asked_offsets(messages)) == 0
    assert set(_keys(messages)) <= set(synced["ids"])
    assert synced["metadata"]["messaging_assets/distinct_keys"] == 195


def test_rows_added_behind_the_checkpoint_are_read(messages: Sandbox) -> None:
    _failed_at(messages, 140)
    messages.grow("messaging", "messages", 30)

    synced = sync(PAGE, **PARTS)

    assert synced["green"]
    assert synced["ids"] == _keys(messages)


def test_a_changed_description_reads_from_the_start(messages: Sandbox) -> None:
    _failed_at(messages, 140)

    synced = sync(PAGE, endpoint={"params": {"updated_after": "2000-01-01T00:00:00Z"}}, **PARTS)

    assert synced["green"]
    assert min(_asked_offsets(messages)) == 0


def test_a_run_that_is_to_begin_anew_does_not_resume(messages: Sandbox) -> None:
    _failed_at(messages, 140)

    synced = sync(PAGE, config={"forget_state": True}, **PARTS)

    assert min(_asked_offsets(messages)) == 0
    assert synced["ids"] == _keys(messages)


def test_a_read_that_fails_twice_goes_on_from_its_furthest_checkpoint(messages: Sandbox) -> None:
    _failed_at(messages, 60, SMALL_PARTS)
    _failed_at(messages, 180, SMALL_PARTS)

    synced = sync(PAGE, **SMALL_PARTS)

    assert min(_asked_offsets(messages)) > 100
    assert synced["ids"] == _keys(messages)


@pytest.mark.sampled
@pytest.mark.parametrize("disposition", ["replace", "append"])
def test_only_a_merge_is_committed_before_the_read_is_over(messages: Sandbox, disposition: str) -> None:
    messages.fault(Fault(api="messaging", offset=140, status=500))
    failed = sync(PAGE, write_disposition=disposition, **PARTS)
    messages.faults.clear()

    synced = sync(PAGE, write_disposition=disposition, **PARTS)

    assert not failed["green"]
    assert len(failed["ids"]) <= 1
    assert synced["ids"] == _keys(messages)


def test_page_numbers_are_resumed_too(messages: Sandbox) -> None:
    paging = {"path": "v1/messages/by_page", "paginator": {"type": "page_number", "base_page": 1, "total_path": None}}
    messages.fault(Fault(api="messaging", offset=140, status=500))
    sync(PAGE, endpoint=paging, **PARTS)
    messages.faults.clear()
    messages.forget()

    synced = sync(PAGE, endpoint=paging, **PARTS)

    assert min(int(request.query["page"]) for request in messages.asked("messaging", "messages")) == 6
    assert synced["ids"] == _keys(messages)


LINKED: dict[str, dict[str, Any]] = {
    "cursor": {
        "path": "v1/messages/by_cursor",
        "paginator": {"type": "cursor", "cursor_path": "next_cursor"},
        "params": {"limit": PAGE},
    },
    "json_link": {"path": "v1/messages/by_link", "paginator": {"type": "json_link"}, "params": {"limit": PAGE}},
    "header_link": {"path": "v1/messages/by_link", "paginator": {"type": "header_link"}, "params": {"limit": PAGE}},
}


def _failed(messages: Sandbox, endpoint: dict[str, Any]) -> dict[str, Any]:
    """A sync that finds the API broken at row 140; afterwards the API is well and its record empty."""
    messages.fault(Fault(api="messaging", offset=140, status=500))
    failed = sync(endpoint=endpoint, **PARTS)
    messages.faults.clear()
    messages.forget()
    return failed


def _starts(messages: Sandbox) -> list[int]:
    return [request.offset or 0 for request in messages.asked("messaging", "messages")]


@pytest.mark.sampled
@pytest.mark.parametrize("endpoint", LINKED.values(), ids=LINKED)
def test_cursors_and_links_go_on_from_the_one_that_was_kept(messages: Sandbox, endpoint: dict[str, Any]) -> None:
    failed = _failed(messages, endpoint)

    synced = sync(endpoint=endpoint, **PARTS)

    assert not failed["green"]
    assert len(failed["ids"]) == 120
    assert _starts(messages) == list(range(100, 200, PAGE))
    assert synced["ids"] == _keys(messages)
    assert synced["metadata"]["messaging_assets/resumed_rows"] == 120
    assert synced["metadata"]["messaging_assets/rows_read_again"] == PAGE
    assert synced["metadata"]["messaging_assets/distinct_keys"] == 200
    assert synced["metadata"]["messaging_assets/verdict"] == "read to the end"


REFUSALS: dict[str, dict[str, Any]] = {
    "400": {"status": 400},
    "403": {"status": 403},
    "404": {"status": 404},
    "410": {"status": 410},
    "an error inside a 200": {"error_in_200": "invalid_cursor"},
}


@pytest.mark.sampled
@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
def test_a_cursor_that_the_api_takes_no_more_means_to_read_from_the_start(
    messages: Sandbox, refusal: dict[str, Any]
) -> None:
    _failed(messages, LINKED["cursor"])
    messages.fault(Fault(api="messaging", times=1, **refusal))

    synced = sync(endpoint=LINKED["cursor"], **PARTS)

    assert _starts(messages) == [100, *range(0, 200, PAGE)]
    assert synced["ids"] == _keys(messages)
    assert "no longer takes the place" in synced["metadata"]["messaging_assets/not_resumed"]
    assert "messaging_assets/resumed_rows" not in synced["metadata"]


def test_a_busy_api_keeps_the_place_for_the_next_try(messages: Sandbox) -> None:
    _failed(messages, LINKED["cursor"])
    messages.fault(Fault(api="messaging", times=1, status=503))
    busy = sync(endpoint=LINKED["cursor"], **PARTS)
    messages.forget()

    synced = sync(endpoint=LINKED["cursor"], **PARTS)

    assert not busy["green"]
    assert min(_starts(messages)) == 100
    assert synced["ids"] == _keys(messages)


def test_a_place_that_fails_at_the_next_try_too_is_given_up_where_the_list_itself_answers(messages: Sandbox) -> None:
    retried = {**LINKED["cursor"], "error_handler": {"max_retries": 1, "backoff_factor": 0}}
    _failed(messages, LINKED["cursor"] | {"error_handler": retried["error_handler"]})

    def broken_at_the_place(payload: Any, request: Any) -> Any:
        return b"broken" if request.offset == 100 and len(_starts(messages)) <= 4 else payload

    messages.fault(Fault(api="messaging", rewrite=broken_at_the_place))

    synced = sync(endpoint=retried, is_in_dagster=True, **PARTS)

    assert synced["green"]
    assert synced["ids"] == _keys(messages)
    assert _starts(messages)[:5] == [100, 100, 100, 100, 0]
    assert "no longer takes the place" in synced["metadata"]["messaging_assets/not_resumed"]


def test_a_list_that_changed_before_its_kept_link_is_read_from_the_start(messages: Sandbox) -> None:
    _failed(messages, LINKED["json_link"])
    del messages.rows("messaging", "messages")[:5]

    synced = sync(endpoint=LINKED["json_link"], **PARTS)

    assert min(_starts(messages)) == 0
    assert set(_keys(messages)) <= set(synced["ids"])
    assert "changed before the checkpoint" in synced["metadata"]["messaging_assets/not_resumed"]


def _kept_link(messages: Sandbox, add: str) -> Any:
    """The link in dlt's state after an interruption, of an API that writes something of its own into its links."""

    def with_key(payload: Any, request: Any) -> Any:
        return payload | ({"next": payload["next"] + add} if "next" in payload else {})

    def broken(payload: Any, request: Any) -> Any:
        return b"broken" if request.offset == 140 else with_key(payload, request)

    messages.fault(Fault(api="messaging", rewrite=broken))
    failed = sync(endpoint=LINKED["json_link"], **PARTS)
    messages.faults.clear()
    messages.fault(Fault(api="messaging", rewrite=with_key))
    messages.forget()
    assert not failed["green"]
    pipeline = dlt.pipeline("messaging__messages", pipelines_dir=str(project_folders().pipelines))
    place = pipeline.state["sources"]["messaging_messages"]["resources"]["messages"]["messaging_assets_place"]["place"]
    return place and place["position"]


def test_a_key_in_a_link_is_not_stored_and_joins_again(messages: Sandbox) -> None:
    link = _kept_link(messages, f"&api_key={messages.keys['messaging']}")

    synced = sync(endpoint=LINKED["json_link"], **PARTS)

    assert link.endswith("/by_link?limit=20&offset=100")
    assert min(_starts(messages)) == 100
    assert synced["ids"] == _keys(messages)


@pytest.mark.parametrize(
    "link",
    [
        "https://api.example.com/rows/sandbox-key?page=2",
        "https://user:word@api.example.com/rows?page=2",
        "https://api.example.com/rows?page=2&X-Amz-Signature=abc",
        "https://api.example.com/rows?page=2&access_token=abc",
        "https://api.example.com/rows?page=2&X-Amz-Security-Token=abc",
        "https://api.example.com/rows?page=2&apikey=abc",
        "https://api.example.com/rows?page=2&client_secret=abc",
    ],
)
def test_a_link_that_lets_somebody_in_is_not_stored(link: str) -> None:
    with Redaction(["sandbox-key"]).on_loggers(), pytest.raises(ValueError, match="a secret"):
        storable(link)


def test_what_holds_no_secret_is_stored_as_it_is() -> None:
    with Redaction(["sandbox-key"]).on_loggers():
        for position in (None, 7, "dXNlcjpVMEc5V0ZYTlo=", "https://api.example.com/d?token=a&key=b&x=a%20b&empty="):
            assert storable(position) == position


def test_a_kept_link_to_another_origin_is_not_asked_for(messages: Sandbox) -> None:
    _failed(messages, LINKED["json_link"])
    with Sandbox(seed=7) as moved, pytest.MonkeyPatch.context() as patch:
        del moved.rows("messaging", "messages")[200:]
        patch.setenv("MESSAGING__BASE_URL", f"{moved.url}/messaging")

        synced = sync(endpoint=LINKED["json_link"], **PARTS)

        assert messages.requests == []
        assert _starts(moved) == list(range(0, 200, PAGE))
    assert synced["ids"] == _keys(messages)


def test_a_window_that_is_gone_on_with_keeps_the_rows_of_its_first_parts(known_sandbox: Sandbox) -> None:
    messages = known_sandbox
    del messages.rows("messaging", "messages")[2000:]
    window: dict[str, Any] = {
        "type": "monthly",
        "start": "2025-01-01",
        "start_param": "since",
        "end_param": "until",
        "column": "timestamp",
    }
    described: dict[str, Any] = {"partitions": window, "checkpoint": {"pages": 2}, "partition_key": "2025-03-01"}
    messages.fault(Fault(api="messaging", offset=100, status=500))
    failed = sync(PAGE, **described)
    messages.faults.clear()
    messages.forget()

    synced = sync(PAGE, **described)

    assert not failed["green"]
    assert min(_asked_offsets(messages)) == 60
    assert synced["ids"] == sorted(
        row["id"] for row in messages.rows("messaging", "messages") if row["timestamp"].startswith("2025-03")
    )


BAD: dict[str, Any] = {**PARTS, "columns": {"id": {"data_type": "text"}, "number": {"data_type": "bigint"}}}


def test_records_that_were_set_aside_before_an_interruption_stay_counted(messages: Sandbox) -> None:
    for row in messages.rows("messaging", "messages")[:3]:
        row["number"] = "no number"
    messages.fault(Fault(api="messaging", offset=140, status=500))
    sync(PAGE, **BAD)
    messages.faults.clear()

    synced = sync(PAGE, **BAD)

    assert synced["metadata"]["messaging_assets/resumed_rows"] == 120
    assert synced["metadata"]["messaging_assets/rows_set_aside"] == 3
    assert len(synced["ids"]) == 197


def test_a_changed_column_reads_from_the_start_because_it_may_take_what_was_set_aside(messages: Sandbox) -> None:
    _failed_at(messages, 140)

    synced = sync(PAGE, **{**PARTS, "columns": {"id": {"data_type": "text"}, "content": {"data_type": "text"}}})

    assert min(_asked_offsets(messages)) == 0
    assert synced["ids"] == _keys(messages)
