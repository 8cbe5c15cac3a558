"""Incremental resources: only what is new is asked for, nothing is lost at the boundary, and a rerun begins right."""

from __future__ import annotations

import os
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from messaging_assets.reading.cursors.order import CursorText
from messaging_assets.rows import batches as records
from messaging_assets.sandbox import Fault, Sandbox
from messaging_assets_tests import interrupted_sync
from messaging_assets_tests.one_table import OneTable
from messaging_assets_tests.own_process import in_a_process

# Nothing but the test opens the file.
pytestmark = pytest.mark.usefixtures("open_database")

SINCE: dict[str, Any] = {
    "params": {"since": "{incremental.start_value}"},
    "incremental": {"cursor_path": "timestamp", "initial_value": "2025-01-01T00:00:00Z"},
}
COLUMNS = {"id": {"data_type": "text", "nullable": False}}
sync = partial(interrupted_sync.sync, page_size=50)


@pytest.fixture
def messages(known_sandbox: Sandbox) -> Sandbox:
    known_sandbox.settings.page_size = 50
    del known_sandbox.rows("messaging", "messages")[200:]
    return known_sandbox


def _keys(sandbox: Sandbox) -> list[str]:
    return sorted(row["id"] for row in sandbox.rows("messaging", "messages"))


def test_the_second_sync_asks_only_for_what_is_new_on_any_machine_and_loses_no_row_at_the_mark(
    messages: Sandbox,
) -> None:
    sync(endpoint=SINCE, columns=COLUMNS)
    # The mark lives in the destination.
    shutil.rmtree(Path(os.environ["MESSAGING_ASSETS_HOME"]) / ".messaging_assets" / "pipelines")
    newest = max(row["timestamp"] for row in messages.rows("messaging", "messages"))
    at_mark, *_ = messages.grow("messaging", "messages", 6)
    at_mark["timestamp"] = newest
    messages.forget()

    synced = sync(endpoint=SINCE, columns=COLUMNS)

    assert synced["green"]
    assert synced["ids"] == _keys(messages)
    assert messages.asked("messaging", "messages")[0].query["since"] == newest
    assert synced["metadata"]["messaging_assets/rows_read"] <= 7
    assert synced["metadata"]["messaging_assets/last_cursor"] == max(
        row["timestamp"] for row in messages.rows("messaging", "messages")
    )


def test_a_read_that_fails_does_not_move_the_cursor(messages: Sandbox) -> None:
    sync(endpoint=SINCE, columns=COLUMNS)
    messages.grow("messaging", "messages", 120)
    messages.fault(Fault(api="messaging", after=1, times=1, status=500))
    failed = sync(endpoint=SINCE, columns=COLUMNS)

    synced = sync(endpoint=SINCE, columns=COLUMNS)

    assert not failed["green"]
    assert synced["ids"] == _keys(messages)


def test_the_cursor_moves_only_when_every_part_of_a_long_read_is_loaded(messages: Sandbox) -> None:
    parts: dict[str, Any] = {"checkpoint": {"pages": 1}}
    messages.fault(Fault(api="messaging", offset=150, times=1, status=500))
    failed = sync(endpoint=SINCE, columns=COLUMNS, **parts)
    messages.forget()

    synced = sync(endpoint=SINCE, columns=COLUMNS, **parts)

    assert not failed["green"]
    assert 0 < len(failed["ids"]) < 200
    assert messages.asked("messaging", "messages")[0].query["since"] == "2025-01-01T00:00:00Z"
    assert synced["green"]
    assert synced["ids"] == _keys(messages)


def test_forgetting_the_state_reads_everything_anew_and_a_full_refresh_drops_what_the_api_no_longer_has(
    messages: Sandbox,
) -> None:
    sync(endpoint=SINCE, columns=COLUMNS)
    had = _keys(messages)
    del messages.rows("messaging", "messages")[:10]
    messages.forget()

    forgotten = sync(endpoint=SINCE, columns=COLUMNS, config={"forget_state": True})

    assert messages.asked("messaging", "messages")[0].query["since"] == "2025-01-01T00:00:00Z"
    assert forgotten["metadata"]["messaging_assets/rows_read"] == 190
    assert forgotten["ids"] == had

    refreshed = sync(endpoint=SINCE, columns=COLUMNS, config={"full_refresh": True})

    assert refreshed["green"]
    assert refreshed["ids"] == _keys(messages)


def test_a_full_refresh_of_an_appended_table_has_each_row_once(messages: Sandbox) -> None:
    sync(endpoint=SINCE, columns=COLUMNS, write_disposition="append")

    # The first one finds a staging dataset that dlt made without its own tables.
    for _ in range(2):
        synced = sync(endpoint=SINCE, columns=COLUMNS, write_disposition="append", config={"full_refresh": True})
        assert synced["green"]
        assert synced["ids"] == _keys(messages)


@pytest.mark.sampled
@pytest.mark.parametrize("way", ["named again", "full refresh"])
def test_a_key_that_the_file_no_longer_names_is_told_with_both_ways_out(messages: Sandbox, way: str) -> None:
    sync(columns=COLUMNS)
    for number, row in enumerate(messages.rows("messaging", "messages")):
        row["uid"], row["was"] = f"u{number}", row.pop("id")

    # In processes of their own, because dlt leaves the file open in which it met the null.
    failed = [in_a_process(lambda: sync(primary_key="uid"))[1] for _ in range(2 if way == "full refresh" else 1)]

    for one in failed:
        assert "run it once with full_refresh" in one["error"]
        assert "name the former key" in one["error"]
    if way == "full refresh":
        assert sync(primary_key="uid", config={"full_refresh": True})["green"]
    else:
        for row in messages.rows("messaging", "messages"):
            row["id"] = row.pop("was")
        assert sync(columns=COLUMNS)["ids"] == _keys(messages)


def test_a_full_refresh_that_fails_leaves_the_table_as_it_was(messages: Sandbox) -> None:
    before = sync(columns=COLUMNS)["ids"]
    messages.fault(Fault(api="messaging", offset=150, status=500, times=1))
    refresh: dict[str, Any] = {"checkpoint": {"pages": 1}, "columns": COLUMNS, "config": {"full_refresh": True}}

    failed = sync(**refresh)

    assert not failed["green"]
    assert failed["ids"] == before
    assert sync(**refresh)["ids"] == _keys(messages)


def _serve(table: OneTable, rows: list[dict[str, Any]]) -> list[Any]:
    """Let the API have these rows and answer `since` as it should; the starts that it was asked for, one a request."""
    asked: list[Any] = []

    def page(payload: Any, request: Any) -> Any:
        since, start = request.query.get("since"), request.offset or 0
        asked.append(since)
        newer = [row for row in rows if since is None or CursorText(row["at"]) >= CursorText(since)]
        return {"data": newer[start : start + table.page_size]}

    table.sandbox.faults.clear()
    table.sandbox.fault(Fault(api="generic_rest", rewrite=page))
    return asked


def _endpoint(**incremental: Any) -> dict[str, Any]:
    return {
        "path": "v1/resource",
        "data_selector": "data",
        "paginator": {"type": "offset", "limit": 100},
        "incremental": {"cursor_path": "at", "start_param": "since", **incremental},
    }


@pytest.mark.sampled
@pytest.mark.parametrize(
    "values", [[f"2025-01-01T00:00:0{second}Z" for second in range(5)], [8, 9, 10, 11, 100]], ids=["texts", "numbers"]
)
def test_rows_at_the_mark_are_neither_lost_nor_doubled(one_table: OneTable, values: list[Any]) -> None:
    described: dict[str, Any] = {"write_disposition": "append", "endpoint": _endpoint()}
    rows = [{"id": number, "at": value} for number, value in enumerate(values[:3])]
    _serve(one_table, rows)
    one_table.sync(**described)

    rows += [{"id": 3, "at": values[2]}, {"id": 4, "at": values[3]}, {"id": 5, "at": values[4]}]
    asked = _serve(one_table, rows)
    assert one_table.sync(**described).receipt["rows_loaded"] == 3
    assert one_table.sync(**described).receipt["rows_loaded"] == 0

    assert set(asked) == {str(values[2]), str(values[4])}
    assert [row["id"] for row in one_table.rows()] == [0, 1, 2, 3, 4, 5]


def test_a_row_that_comes_late_is_loaded_within_the_lag(one_table: OneTable) -> None:
    described: dict[str, Any] = {"endpoint": _endpoint(lag=1)}
    rows = [{"id": number, "at": 1735689600 + number} for number in range(3)]
    _serve(one_table, rows)
    one_table.sync(**described)

    rows.append({"id": 3, "at": rows[1]["at"]})
    asked = _serve(one_table, rows)
    one_table.sync(**described)

    assert set(asked) == {"1735689601"}
    assert [row["id"] for row in one_table.rows()] == [0, 1, 2, 3]


def test_a_start_that_the_api_leaves_out_is_said_with_the_word_that_has_its_late_rows(one_table: OneTable) -> None:
    rows = [{"id": number, "at": 1735689600 + number} for number in range(3)]
    _serve(one_table, rows)
    one_table.sync(endpoint=_endpoint())
    assert "lag" not in one_table.sync().receipt["verdict_reason"]

    _serve(one_table, [])
    synced = one_table.sync()

    assert synced.green
    assert "the API may leave that value out" in synced.receipt["verdict_reason"]
    assert "a merge with incremental.lag: 1 has them" in synced.receipt["verdict_reason"]


def test_a_mark_waits_for_later_versions_that_are_loaded_after_the_rest(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "BATCH_ROWS", 10)
    one_table.page_size = 10
    endpoint = _endpoint(start_param="since", row_order="asc")
    endpoint["paginator"]["limit"] = 10
    rows = [*({"id": number, "at": number} for number in range(30)), {"id": 0, "at": 99}]
    _serve(one_table, rows)
    # A key that comes twice puts both reads in doubt, so that the mark follows one behind.
    for _ in range(2):
        one_table.sync(endpoint=endpoint)
    asked = _serve(one_table, rows)

    synced = one_table.sync(endpoint=endpoint)

    assert one_table.rows("SELECT * FROM resource_name WHERE id = 0") == [{"id": 0, "at": 99}]
    assert set(asked) == {"99"}
    assert synced.receipt["rows_loaded"] == 0


def test_a_path_that_takes_a_value_that_there_is_not_yet_is_told_of_in_a_sentence(one_table: OneTable) -> None:
    synced = one_table.sync(
        [], endpoint={**_endpoint(start_param=None), "path": "v1/{incremental.start_value}/resource"}
    )

    assert "give it an initial_value" in synced.error


def test_without_a_value_to_start_from_the_parameter_is_left_out(messages: Sandbox) -> None:
    endpoint = {**SINCE, "incremental": {"cursor_path": "timestamp"}}

    sync(endpoint=endpoint, columns=COLUMNS)

    assert all("since" not in request.query for request in messages.asked("messaging", "messages"))


def test_rows_in_the_cursors_order_are_left_behind_its_mark_and_a_late_one_at_the_mark_is_read(
    one_table: OneTable,
) -> None:
    described: dict[str, Any] = {"endpoint": _endpoint(row_order="desc", start_param=None)}
    described["endpoint"]["paginator"] |= {"limit": 2, "overlap": 0}
    one_table.page_size = 2
    rows = [{"id": number, "at": 10 - number} for number in range(8)]
    _serve(one_table, rows)
    one_table.sync(**described)
    rows[:0] = [{"id": 21, "at": 11}]
    rows[2:2] = [{"id": 22, "at": 10}]
    asked = _serve(one_table, rows)

    synced = one_table.sync(**described)

    # The older row that ends it is loaded too: it may be a late one.
    assert synced.receipt["rows_loaded"] == 3
    assert len(asked) == 2
    assert len(one_table.rows()) == 10
    assert synced.receipt["verdict"] == "read to the end"


@pytest.mark.parametrize("disposition", ["merge", "append"])
def test_a_late_row_of_a_list_that_is_left_behind_its_mark_is_merged_and_an_append_counts_it(
    one_table: OneTable, disposition: str
) -> None:
    described: dict[str, Any] = {"endpoint": _endpoint(row_order="desc", start_param=None)}
    described["write_disposition"] = disposition
    rows = [{"id": number, "at": 10 - number} for number in range(4)]
    _serve(one_table, rows)
    one_table.sync(**described)
    rows[:0] = [{"id": 21, "at": 11}]
    rows[2:2] = [{"id": 22, "at": 9}]
    _serve(one_table, rows)

    synced = one_table.sync(**described)

    late, left_out = ({22}, 1) if disposition == "merge" else (set(), 5)
    assert {row["id"] for row in one_table.rows()} == {0, 1, 2, 3, 21} | late
    assert synced.receipt["rows_before_mark"] == left_out
    assert synced.receipt["verdict"] == "read to the end"


@pytest.mark.sampled
@pytest.mark.parametrize("disposition", ["merge", "append"])
def test_what_a_read_in_doubt_missed_is_asked_for_once_more_and_the_mark_goes_on(
    one_table: OneTable, disposition: str
) -> None:
    """Rows deleted in front of the list while it is read push others over the page join."""
    rows = [{"id": number, "at": number} for number in range(40)]
    one_table.page_size = 10
    described: dict[str, Any] = {"endpoint": _endpoint(), "write_disposition": disposition, "passes": 1}
    described["endpoint"]["paginator"] = {"type": "offset", "limit": 10}

    def page(payload: Any, request: Any) -> Any:
        since, start = request.query.get("since"), request.offset or 0
        newer = [row for row in rows if since is None or row["at"] >= int(since)]
        answer = {"data": newer[start : start + 10], "total": len(newer)}
        if start == 0 and moving:
            del rows[:3]
        asked.append(since)
        return answer

    def synced() -> Any:
        asked.clear()
        one_table.sandbox.faults.clear()
        one_table.sandbox.fault(Fault(api="generic_rest", rewrite=page))
        return one_table.sync(**described)

    asked: list[Any] = []
    moving = True
    first = synced()
    lost = {row["id"] for row in rows} - {row["id"] for row in one_table.rows()}
    moving = False
    second = synced()
    is_asked_again = asked[0] is None
    third = synced()

    assert first.receipt["verdict"] == "unknown"
    assert lost == {10, 11, 12}
    assert second.green
    assert is_asked_again == (disposition == "merge")
    if disposition == "merge":
        assert lost <= {row["id"] for row in one_table.rows()}
    assert third.green
    assert asked[0] == "39"


def test_a_row_that_changed_within_the_second_of_the_mark_is_loaded_anew(one_table: OneTable) -> None:
    rows = [{"id": number, "at": f"2025-03-02T10:00:0{number}Z", "v": "old"} for number in range(3)]
    _serve(one_table, rows)
    one_table.sync(endpoint=_endpoint(start_param=None))
    rows[2]["v"] = "new"
    _serve(one_table, rows)

    again = one_table.sync()

    assert [row["v"] for row in one_table.rows()] == ["old", "old", "new"]
    assert again.receipt["verdict"] != "proven"


def test_rows_that_only_look_older_than_the_mark_are_merged_and_those_before_the_files_start_are_not(
    one_table: OneTable,
) -> None:
    """Local times without a zone, when clocks are set back."""
    endpoint = _endpoint(start_param="changed_since", initial_value="2025-10-26T00:00:00")
    _serve(one_table, [{"id": 1, "at": "2025-10-26T02:30:00"}])
    one_table.sync(endpoint=endpoint)
    _serve(one_table, [{"id": 2, "at": "2025-10-26T02:10:00"}, {"id": 3, "at": "2025-10-25T23:00:00"}])

    synced = one_table.sync()

    assert [row["id"] for row in one_table.rows()] == [1, 2]
    assert synced.receipt["rows_before_mark"] == 1
    assert "rows came that were left out" in synced.receipt["verdict_reason"]


def test_a_row_without_a_cursor_value_that_is_left_out_is_counted_and_nothing_is_proven(one_table: OneTable) -> None:
    endpoint = _endpoint(start_param=None, on_cursor_value_missing="exclude") | {"total": "exact"}
    _serve(one_table, [{"id": 1, "at": 5}, {"id": 2}])

    synced = one_table.sync(endpoint=endpoint)

    assert synced.receipt["rows_before_mark"] == 1
    assert synced.receipt["verdict"] == "read to the end"


def test_a_row_dated_ahead_is_loaded_and_the_mark_is_held(one_table: OneTable) -> None:
    rows = [{"id": 1, "at": "2025-01-02T00:00:00Z"}, {"id": 2, "at": "2099-01-01T00:00:00Z"}]
    _serve(one_table, rows)
    first = one_table.sync(endpoint=_endpoint(initial_value="2025-01-01T00:00:00Z"))
    rows.append({"id": 3, "at": "2025-06-01T00:00:00Z"})
    asked = _serve(one_table, rows)

    one_table.sync()

    assert asked[0] == "2025-01-02T00:00:00Z"
    assert [row["id"] for row in one_table.rows()] == [1, 2, 3]
    assert first.receipt["rows_dated_ahead"] == 1
    assert "move no mark" in first.receipt["mark_held"]
    # The sensor goes on from the mark too.
    assert first.receipt["last_cursor"] == "2025-01-02T00:00:00Z"


def test_a_range_is_sent_as_the_file_says_and_the_mark_moves_on(one_table: OneTable) -> None:
    asked: list[Any] = []

    def page(payload: Any, request: Any) -> Any:
        asked.append(request.query["q"])
        return {"data": [] if request.offset else [{"id": 1, "at": "2025-03-02T10:00:00.5Z"}]}

    one_table.sandbox.fault(Fault(api="generic_rest", rewrite=page))
    endpoint = _endpoint(
        start_param=None, format="epoch_ms", initial_value="2025-01-01T00:00:00Z", end_value="now", lag=60
    )
    endpoint["params"] = {"q": "at>={incremental.start_value} at<{incremental.end_value}"}
    for _ in range(2):
        assert one_table.sync(endpoint=endpoint).green

    assert {text.split()[0] for text in asked} == {"at>=1735689600000", "at>=1740909540500"}
    ends = [int(text.partition("at<")[2]) for text in asked]
    assert ends == sorted(ends)
    assert ends[0] > 1_760_000_000_000


def test_a_token_beside_the_list_begins_the_next_sync(one_table: OneTable) -> None:
    asked: list[Any] = []

    def page(payload: Any, request: Any) -> Any:
        asked.append(request.query.get("token"))
        token = {"next": f"token {len(asked)}"} if request.offset else {}
        return {"data": [] if request.offset else [{"id": len(asked)}], **token}

    one_table.sandbox.fault(Fault(api="generic_rest", rewrite=page))
    endpoint = _endpoint(cursor_path="next", cursor_in="answer", start_param="token")
    first, second = (one_table.sync(endpoint=endpoint) for _ in range(2))

    assert asked == [None, None, "token 2", "token 2"]
    assert first.receipt["last_cursor"] == "token 2"
    assert second.receipt["last_cursor"] == "token 4"
    assert [row["id"] for row in one_table.rows()] == [1, 3]


def test_a_mark_that_does_not_compare_with_the_rows_is_told_of_in_a_sentence(one_table: OneTable) -> None:
    _serve(one_table, [{"id": 1, "at": 5}])

    synced = one_table.sync(endpoint=_endpoint(initial_value="2025-01-01", start_param=None))

    assert "'at' on page 1 does not compare with initial_value" in synced.error


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2025-01-01T00:00:00.5Z", "2025-01-01T00:00:00Z"),
        ("2025-01-01T00:00:00Z", "2025-01-01T01:00:00+02:00"),
        ("2025-01-01T00:00:00.0000002Z", "2025-01-01T00:00:00.0000001Z"),
        ("2025-01-01T00:00", "2024-12-31"),
        ("10", "9"),
        ("1355517523.000010", "1355517523.000009"),
        ("Thu, 02 Jan 2025 00:00:00 GMT", "Wed, 01 Jan 2025 00:00:00 GMT"),
    ],
)
def test_texts_compare_as_what_they_mean(one: str, other: str) -> None:
    assert max(CursorText(one), CursorText(other)) == one
    assert max(other, CursorText(one)) == one
    assert CursorText(other) < one
    assert CursorText(other) <= one
    assert CursorText(one) != other
    assert CursorText("2025-01-01T00:00:00Z") == "2025-01-01T00:00:00.000+00:00"
