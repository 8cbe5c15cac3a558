"""A mark counts for the question it came from and the table it speaks of; else the list is read anew, or refused."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dlt.common.storages import load_package
from dlt.common.time import increasing_precise_time

from messaging_assets.description.api import Incremental, Resource
from messaging_assets.loading.marks.trusted_marks import DOUBTED, Question, difference, earliest, question_of
from messaging_assets.sandbox import Sandbox
from messaging_assets_tests.interrupted_sync import sync
from messaging_assets_tests.one_step import alone
from messaging_assets_tests.one_table import RESOURCE, OneTable

# Nothing but the test opens the file.
pytestmark = pytest.mark.usefixtures("open_database")

NOW = datetime(2026, 1, 10, 12, tzinfo=timezone.utc)
URL = "https://api.example.com/v1"


def _asked(url: str = URL, **changed: Any) -> tuple[Question, Incremental]:
    cursor = Incremental.model_validate({"cursor_path": "at", "initial_value": "2024-01-01", **changed.get("own", {})})
    endpoint = {"path": "/v1/tickets", "params": {"state": "open", "limit": 100}, "data_selector": "data"}
    whole = {"name": "tickets", "endpoint": {**endpoint, **changed.get("endpoint", {})}, "steps": changed.get("steps")}
    resource = Resource.model_validate({name: value for name, value in whole.items() if value})
    return question_of(resource, cursor, {}, url, URL, NOW), cursor


def _why(before: str = URL, after: str = URL, **changed: Any) -> str | None:
    question, cursor = _asked(after, **changed)
    return difference(question, _asked(before)[0].as_state(), cursor, NOW)


@pytest.mark.parametrize(
    "changed",
    [
        {"endpoint": {"params": {"limit": 100}}},
        {"endpoint": {"params": {"state": "closed", "limit": 100}}},
        {"endpoint": {"path": "/v1/all_tickets"}},
        {"endpoint": {"data_selector": "more"}},
        {"endpoint": {"headers": {"X-Account": "2"}}},
        {"endpoint": {"method": "POST", "json": {"state": "open"}}},
        {"steps": [{"filter": "@.state == 'open'"}]},
        {"own": {"initial_value": "2021-01-01"}},
        {"own": {"initial_value": "-900d"}},
        {"own": {"initial_value": None}},
        {"own": {"last_value_func": "min"}},
    ],
)
def test_a_mark_does_not_hold_where_the_file_asks_for_other_rows(changed: dict[str, Any]) -> None:
    assert _why(**changed)


@pytest.mark.parametrize(
    "changed",
    [
        {"own": {}},
        {"endpoint": {"params": {"state": "open", "limit": 500}}},
        {"endpoint": {"params": {"state": "open", "limit": 100, "since": "{incremental.start_value}"}}},
        {"endpoint": {"path": "v1/tickets", "data_selector": "$.data"}},
        {"endpoint": {"headers": {"User-Agent": "us"}}},
        {"steps": [{"drop": ["note"]}]},
        {"own": {"initial_value": "2025-01-01"}},
        {"own": {"initial_value": "2024-01-01T00:00:00Z"}},
        {"own": {"lag": 3600, "start_param": "since"}},
    ],
)
def test_a_mark_holds_where_the_same_rows_are_asked_for_in_another_way(changed: dict[str, Any]) -> None:
    assert _why(**changed) is None


def test_a_mark_does_not_hold_where_rows_are_let_in_that_were_left_out() -> None:
    left_out = _asked(own={"on_cursor_value_missing": "exclude"})
    question, cursor = _asked()
    assert "not left out any more" in str(difference(question, left_out[0].as_state(), cursor, NOW))
    assert difference(left_out[0], question.as_state(), cursor, NOW) is None


def test_a_mark_that_an_earlier_release_left_holds() -> None:
    question, cursor = _asked(steps=[{"filter": "@.state == 'open'"}])
    # As releases before this one wrote it.
    assert question.asked.startswith("13fc312195a3d8f0")
    kept = {name: question.as_state()[name] for name in ("asked", "address", "initial_value")}
    question = replace(question, hinted="gone", told_by="another", leaves_out=True)
    assert difference(question, kept, cursor, NOW) is None
    assert "hard_delete" in str(difference(question, {**kept, "hinted": None}, cursor, NOW))


def test_a_relative_beginning_moves_on_with_the_clock_however_records_write_their_times() -> None:
    own = {"initial_value": "-30d", "cursor_format": "%d.%m.%Y %H:%M"}
    kept = _asked(own=own)[0].as_state()
    later = NOW + timedelta(hours=1)

    for now, is_earlier in ((later, False), (NOW - timedelta(days=1), True)):
        question, cursor = _asked(own=own)
        question = replace(question, initial=now - timedelta(days=30))
        assert bool(difference(question, kept, cursor, now)) is is_earlier


def test_a_mark_is_of_one_address_whatever_its_scheme_and_token() -> None:
    assert "another address" in str(_why(after="https://staging.example.com/v1"))
    assert "another address" in str(_why(after="https://api.example.com/v2"))
    assert _why(after="http://api.example.com/v1/") is None
    assert _why(before=f"{URL}/T0K3N-one1", after=f"{URL}/T0K3N-two2") is None


def test_a_later_initial_value_and_back_again_reads_nothing_anew() -> None:
    kept = earliest(_asked(own={"initial_value": "2025-01-01"})[0], _asked()[0].as_state())
    question, cursor = _asked(own={"initial_value": "2024-06-01"})
    assert difference(question, kept, cursor, NOW) is None


def _endpoint(**more: Any) -> dict[str, Any]:
    cursor = {"cursor_path": "at", "initial_value": "2025-01-01"}
    return {"path": "v1/resource", "data_selector": "data", "paginator": "single_page", "incremental": cursor, **more}


ROWS = [{"id": place, "at": f"2025-01-0{place}T00:00:00Z"} for place in (1, 2, 3)]


def test_another_paginator_is_another_question_once_a_read_was_in_doubt() -> None:
    kept = _asked()[0].as_state()
    question, cursor = _asked(endpoint={"paginator": {"type": "cursor", "cursor_path": "next"}})
    assert difference(question, kept, cursor, NOW) is None
    assert "a read by the former was in doubt" in str(difference(question, {**kept, DOUBTED: True}, cursor, NOW))
    for same in ({}, {"total": "ignore"}):
        assert difference(_asked(endpoint=same)[0], {**kept, DOUBTED: True}, cursor, NOW) is None


@pytest.mark.parametrize("syncs", [1, 2])
def test_pages_that_nobody_asked_for_come_once_the_paginator_is_mended(one_table: OneTable, syncs: int) -> None:
    one_table.page_size = 2
    asked = {"params": {"limit": 2}}
    for _ in range(syncs):
        assert one_table.sync(ROWS[::-1], endpoint=_endpoint(**asked)).receipt["verdict"] == "unknown"
    mended = one_table.sync(endpoint=_endpoint(paginator={"type": "offset", "limit": 2}))
    assert "the paginator of the file is another" in mended.receipt["verdict_reason"]
    assert [row["id"] for row in one_table.rows("SELECT id FROM resource_name ORDER BY id")] == [1, 2, 3]


def test_an_append_whose_paginator_is_mended_after_a_doubt_is_refused(one_table: OneTable) -> None:
    one_table.page_size = 2
    one_table.sync(ROWS[::-1], write_disposition="append", endpoint=_endpoint(params={"limit": 2}))
    assert "keep_mark" in str(one_table.sync(endpoint=_endpoint(paginator={"type": "offset", "limit": 2})).error)


def test_a_merge_asks_once_more_for_the_range_of_a_read_with_a_sign_of_more(one_table: OneTable) -> None:
    one_table.page_size = 2
    assert one_table.sync(ROWS[::-1], endpoint=_endpoint(params={"limit": 2})).receipt["verdict"] == "unknown"
    one_table.page_size = 9
    assert one_table.sync(ROWS[::-1]).receipt["rows_read"] == 3
    assert [row["id"] for row in one_table.rows("SELECT id FROM resource_name ORDER BY id")] == [1, 2, 3]


def test_a_merge_reads_anew_what_it_is_asked_for_anew_and_an_append_says_so(one_table: OneTable) -> None:
    one_table.sync(ROWS[1:], endpoint=_endpoint(params={"state": "open"}))
    synced = one_table.sync(ROWS, endpoint=_endpoint())
    assert len(one_table.rows()) == 3
    assert "read from its beginning" in synced.receipt["verdict_reason"]
    one_table.describe(write_disposition="append")

    refused = one_table.sync(ROWS, endpoint=_endpoint(params={"state": "open"}))

    assert "forget_state" in refused.error
    assert len(one_table.rows()) == 3
    assert one_table.sync(ROWS, endpoint=_endpoint(), write_disposition="merge").green


def test_rows_that_were_called_deleted_go_once_the_file_says_by_which_column(one_table: OneTable) -> None:
    rows = [{**row, "gone": row["id"] == 1} for row in ROWS]
    one_table.sync(rows, endpoint=_endpoint())

    hinted = one_table.sync(rows, columns={"gone": {"data_type": "bool", "hard_delete": True}})

    assert hinted.green
    assert [row["id"] for row in one_table.rows()] == [2, 3]
    assert one_table.sync(rows, columns={}).green
    assert [row["id"] for row in one_table.rows()] == [1, 2, 3]


@pytest.mark.sampled
@pytest.mark.parametrize("disposition", ["merge", "append"])
def test_a_table_without_rows_makes_its_mark_worth_nothing(one_table: OneTable, disposition: str) -> None:
    one_table.sync(ROWS, endpoint=_endpoint(), write_disposition=disposition)
    one_table.execute(f"DELETE FROM {RESOURCE}")

    synced = one_table.sync(ROWS)

    assert synced.green == (disposition == "merge")
    assert len(one_table.rows()) == (3 if synced.green else 0)
    assert synced.green or "no rows any more" in synced.error


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("before", "now", "dropped"),
    [
        ({"cursor_path": "at", "initial_value": "2025-01-01"}, {"cursor_path": "id", "initial_value": 0}, ""),
        (None, {"cursor_path": "id", "initial_value": 0}, ""),
        ({"cursor_path": "id", "initial_value": 0}, {"cursor_path": "id", "initial_value": 0}, "_dlt_pipeline_state"),
    ],
    ids=["another cursor", "no cursor before", "its state is gone"],
)
def test_an_append_of_which_no_mark_is_left_leaves_the_table_as_it_is(
    one_table: OneTable, before: Any, now: Any, dropped: str
) -> None:
    assert one_table.sync(ROWS, endpoint=_endpoint(incremental=before), write_disposition="append").green
    if dropped:
        one_table.execute(f"DELETE FROM {dropped}")

    refused = one_table.sync(ROWS, endpoint=_endpoint(incremental=now))
    kept = len(one_table.rows())
    again = alone(one_table.describe(), RESOURCE, one_table.history, config={"forget_state": True})

    assert "no mark of this cursor is left, so an append would have some of them twice" in refused.error
    assert refused.receipt["requests"] == 0
    assert kept == 3
    assert again.green
    assert len(one_table.rows()) == 6
    assert one_table.sync(ROWS).green


def test_an_emptied_table_of_an_append_is_told_with_a_way_out_that_works(one_table: OneTable) -> None:
    one_table.sync(ROWS, endpoint=_endpoint(), write_disposition="append")
    one_table.execute(f"DELETE FROM {RESOURCE}")

    refused = one_table.sync(ROWS)
    again = alone(one_table.describe(), RESOURCE, one_table.history, config={"forget_state": True})

    assert "rows any more, though rows were appended to it; run it once with forget_state" in refused.error
    assert "keep_mark" not in refused.error
    assert again.green
    assert len(one_table.rows()) == 3


@pytest.mark.parametrize("disposition", ["merge", {"disposition": "merge", "strategy": "upsert"}, "append"], ids=str)
def test_a_table_that_was_put_back_from_an_older_copy_is_not_gone_on_with(
    one_table: OneTable, disposition: Any
) -> None:
    newer = [*ROWS, {"id": 4, "at": "2025-01-04T00:00:00Z"}]
    one_table.sync(ROWS, endpoint=_endpoint(), write_disposition=disposition)
    for _ in range(2):
        one_table.sync(newer)
    one_table.execute(f"DELETE FROM {RESOURCE} WHERE id = 4")

    done = one_table.sync(newer)

    told = done.error if disposition == "append" else done.receipt["verdict_reason"]
    assert "the table lacks the rows that the last sync loaded, as an older copy of it does" in told
    for way in [{"keep_mark": True}, {"full_refresh": True}] if disposition == "append" else []:
        assert done.receipt["requests"] == 0
        assert not one_table.sync(newer).green or way == {"full_refresh": True}
        again = alone(one_table.describe(), RESOURCE, one_table.history, config=way)
        assert (again.green, len(one_table.rows())) == (True, 3 if "keep_mark" in way else 4)
    assert one_table.sync(newer).receipt["verdict"] == "read to the end"
    assert len(one_table.rows()) == 4


def test_rows_that_a_later_load_wrote_or_deleted_are_missed_by_nobody(one_table: OneTable) -> None:
    columns = {"gone": {"data_type": "bool", "hard_delete": True}}
    one_table.sync(ROWS, endpoint=_endpoint(), columns=columns)
    day = "2025-01-0{}T00:00:00Z".format
    one_table.sync([{"id": 4, "at": day(4)}])
    for rows in ([{"id": 4, "at": day(5), "gone": True}], [], [{"id": 3, "at": day(6)}], [{"id": 3, "at": day(7)}], []):
        assert "lacks" not in one_table.sync(rows).receipt["verdict_reason"]


@pytest.mark.parametrize("disposition", ["merge", "append"])
@pytest.mark.parametrize("gone", ["_dlt_loads", "_dlt_pipeline_state", "_dlt_version _dlt_loads _dlt_pipeline_state"])
def test_a_full_refresh_makes_a_table_anew_that_nothing_is_noted_of_any_more(
    one_table: OneTable, disposition: str, gone: str
) -> None:
    one_table.sync(ROWS, endpoint=_endpoint(), write_disposition=disposition)
    for name in gone.split():
        one_table.execute(f"DROP TABLE {name}")
    told = one_table.sync([*ROWS, {"id": 4, "at": "2025-01-04T00:00:00Z"}])
    assert "or run it once with full_refresh" in told.error or (disposition == "merge" and " " in gone)

    one_table.serve(ROWS[1:])
    done = alone(one_table.describe(), RESOURCE, one_table.history, config={"full_refresh": True})

    assert done.green
    for _ in range(2):
        assert [row["id"] for row in one_table.rows()] == [2, 3]
        assert one_table.sync(ROWS[1:]).green


def test_a_mark_is_that_of_the_last_sync_though_the_clock_was_ahead_before(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(increasing_precise_time, "_last", time.time())
    with monkeypatch.context() as ahead:
        ahead.setattr(load_package, "increasing_precise_time", lambda: time.time() + 7_200)
        one_table.sync(ROWS, endpoint=_endpoint(), write_disposition="append")
    rows = list(ROWS)
    for number in range(4, 7):
        rows.append({"id": number, "at": f"2025-01-0{number}T00:00:00Z"})
        for _ in range(2):
            assert one_table.sync(rows).green
    assert [row["id"] for row in one_table.rows()] == [1, 2, 3, 4, 5, 6]


def test_a_list_that_never_had_a_row_is_no_emptied_table(one_table: OneTable) -> None:
    columns = {"id": {"data_type": "bigint"}, "at": {"data_type": "timestamp"}}
    steps = [{"filter": "@.id > 3"}]
    one_table.sync(ROWS, endpoint=_endpoint(), write_disposition="append", columns=columns, steps=steps)
    assert one_table.sync([*ROWS, {"id": 4, "at": "2025-01-04T00:00:00Z"}]).green
    assert [row["id"] for row in one_table.rows()] == [4]


@pytest.mark.sampled
@pytest.mark.parametrize("disposition", ["merge", "append", "replace"])
def test_a_dropped_table_is_told_with_the_way_out_though_nothing_is_new(one_table: OneTable, disposition: str) -> None:
    endpoint = _endpoint(incremental=None) if disposition == "replace" else _endpoint()
    one_table.sync(ROWS, endpoint=endpoint, write_disposition=disposition)
    one_table.execute(f"DROP TABLE {RESOURCE}")

    for _ in range(2):
        assert "run its asset once with full_refresh" in one_table.sync([]).error


def test_a_full_refresh_of_a_window_makes_a_dropped_table_anew(one_table: OneTable, known_sandbox: Sandbox) -> None:
    known_sandbox.settings.page_size = 500
    window = {"type": "daily", "start": "2025-01-01", "column": "timestamp"}
    partitions: dict[str, Any] = {**window, "start_param": "since", "end_param": "until"}
    columns = {"timestamp": {"data_type": "timestamp"}}
    asked: dict[str, Any] = {"partitions": partitions, "partition_key": "2025-03-02", "columns": columns}
    first = sync(**asked)
    assert first["green"]
    database = Path(os.environ["MESSAGING_ASSETS_HOME"]) / ".messaging_assets" / "warehouse.duckdb"
    with duckdb.connect(str(database)) as connection:
        connection.execute("DROP TABLE messaging.messages")
    assert "full_refresh" in sync(**asked)["error"]

    again = sync(**asked, config={"full_refresh": True})

    assert again["ids"] == first["ids"]
    assert sync(**asked)["green"]


def test_an_append_whose_rows_are_the_same_goes_on_where_the_run_says_so(known_sandbox: Sandbox) -> None:
    known_sandbox.settings.page_size = 500
    del known_sandbox.rows("messaging", "messages")[500:]
    since = {"cursor_path": "timestamp", "initial_value": "2025-01-01T00:00:00Z", "start_param": "since"}
    first = sync(endpoint={"incremental": since}, write_disposition="append")
    other = {"incremental": since, "params": {"fields": "all"}}
    known_sandbox.grow("messaging", "messages", 3)

    refused = sync(endpoint=other, write_disposition="append")
    kept = sync(endpoint=other, write_disposition="append", config={"keep_mark": True})
    again = sync(endpoint=other, write_disposition="append")

    assert "keep_mark" in refused["error"]
    assert len(kept["ids"]) == len(set(kept["ids"])) == len(first["ids"]) + 3
    assert again["green"], again["error"]


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("before", "now"),
    [
        ({"write_disposition": "merge"}, {"write_disposition": "append"}),
        ({}, {"primary_key": "code"}),
        ({"primary_key": None}, {}),
        ({"primary_key": None}, {"primary_key": None, "steps": [{"constant": {"source": "chat"}}]}),
        ({"primary_key": None}, {"primary_key": None, "steps": [{"drop": ["code"]}]}),
    ],
    ids=["merge before", "another key", "a key now", "more of a row", "less of a row"],
)
def test_an_append_that_would_not_know_the_rows_at_its_mark_again_says_so(
    one_table: OneTable, before: dict[str, Any], now: dict[str, Any]
) -> None:
    rows = [{**row, "code": f"c{row['id']}"} for row in ROWS]
    plain = {"primary_key": "id", "write_disposition": "append", "steps": []}
    assert one_table.sync(rows, endpoint=_endpoint(), **{**plain, **before}).green

    refused = one_table.sync(rows, **{**plain, **now})

    assert "what tells its rows apart is another than before" in refused.error
    assert "keep_mark" not in refused.error
    assert len(one_table.rows()) == 3
    assert one_table.sync(rows, **{**plain, **before}).green
    assert len(one_table.rows()) == 3


@pytest.mark.parametrize("is_split_now", [True, False])
def test_an_append_whose_list_becomes_several_or_one_of_several_leaves_the_table_as_it_is(
    one_table: OneTable, is_split_now: bool
) -> None:
    whole = {"endpoint": _endpoint(), "for_each": None}
    split = {"endpoint": _endpoint(params={"team": "{for_each.team}"}), "for_each": {"team": ["a"]}}
    before, now = (whole, split) if is_split_now else (split, whole)
    assert one_table.sync(ROWS, write_disposition="append", **before).green

    refused = one_table.sync(ROWS, **now)

    assert "are others than before" in refused.error
    assert "keep_mark" not in refused.error
    assert len(one_table.rows()) == 3
