"""Answers that are read from a file in parts: rows, receipt and verdict are those of an answer that is read at once."""

from __future__ import annotations

import errno
import gzip
import io
import json
import tempfile
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from messaging_assets.answers.list_shapes import name_values
from messaging_assets.answers.record_keys import page_keys
from messaging_assets.http.wire import spool
from messaging_assets.http.wire.answer import Answer
from messaging_assets_tests.export_api import export_api, sync_export
from messaging_assets_tests.faults.one_list import OneList, Outcome

ONE_PAGE = {"type": "single_page"}
COUNTED = ("pages", "rows_read", "duplicates", "rows_set_aside", "verdict", "verdict_reason", "rows_loaded")


def _synced(one_list: OneList, lines: list[Any]) -> Outcome:
    """Sync one answer of lines of JSON."""
    one_list.endpoint.pop("data_selector", None)
    body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    one_list.fault(body=body, content_type="application/x-ndjson", times=1)
    return one_list.sync(ONE_PAGE, format="ndjson")


@pytest.mark.sampled
@pytest.mark.parametrize("keys", [["id"], None])
def test_a_table_in_parts_is_the_same_table_with_the_same_receipt(
    one_list: OneList, in_short_parts: Callable[[], None], keys: Any
) -> None:
    del one_list.endpoint["data_selector"]
    body = b"id,n\n" + b"".join(b"%d,a\n" % (number % 7) for number in range(9)) + b"8\n9,b\n"
    if keys is None:
        one_list.resource.pop("primary_key", None)
        one_list.resource["write_disposition"] = "replace"
    one_list.fault(body=body, content_type="text/csv", times=2)
    at_once = one_list.sync(ONE_PAGE, format="csv")
    in_short_parts()
    of_parts = one_list.sync(ONE_PAGE, format="csv")
    assert of_parts.green, of_parts.sentence
    assert sorted(of_parts.ids) == sorted(at_once.ids)
    assert [of_parts.receipt.get(name) for name in COUNTED] == [at_once.receipt.get(name) for name in COUNTED]


def test_a_table_in_parts_that_is_cut_off_brings_no_row(one_list: OneList, in_short_parts: Callable[[], None]) -> None:
    del one_list.endpoint["data_selector"]
    one_list.fault(body=b'id,n\n1,a\n2,b\n3,c\n4,"d', content_type="text/csv", times=9)
    in_short_parts()
    outcome = one_list.sync(ONE_PAGE, format="csv")
    assert not outcome.green
    assert "cut off inside quotes" in outcome.sentence
    assert outcome.table == []


@pytest.mark.sampled
@pytest.mark.parametrize(("disposition", "committed"), [("merge", 4), ("append", 0), ("replace", 0)])
def test_a_long_answer_is_committed_in_parts_where_rows_are_merged_and_read_anew_behind_a_failure(
    one_list: OneList, in_short_parts: Callable[[], None], disposition: str, committed: int
) -> None:
    in_short_parts()
    one_list.resource.update(write_disposition=disposition, checkpoint={"rows": 3}, on_bad_record="fail")
    rows: list[Any] = [{"id": number, "n": "a"} for number in range(9)]
    failed = _synced(one_list, [*rows[:7], {"id": None}, rows[8]])
    assert not failed.green
    assert failed.ids == [*range(committed)]
    assert failed.receipt["rows_loaded"] == committed
    synced = _synced(one_list, rows)
    assert synced.green, synced.sentence
    assert sorted(synced.ids) == [*range(9)]
    assert [synced.receipt.get(name) for name in ("rows_loaded", "resumed_rows", "verdict")] == [
        9,
        None,
        "read to the end",
    ]


def test_files_of_a_job_in_equal_parts_are_no_repeated_pages_but_one_that_comes_twice_is(
    in_short_parts: Callable[[], None],
) -> None:
    in_short_parts()
    with export_api() as api:
        api.files = 2
        came = sync_export(api.url)
        assert (came["green"], came["rows"], came["pages"]) == (True, list(range(7)), 2)

    def same(rows: list[Any], method: str, path: str) -> Any:
        is_file = method == "GET" and path.count("/") == 3
        return (200, b"".join(json.dumps(row).encode() + b"\n" for row in rows), {}) if is_file else None

    with export_api() as api:
        api.files = 2
        api.answers = partial(same, api.rows)
        came = sync_export(api.url)
        assert not came["green"]
        assert "repeats rows of an earlier page" in came["error"]


def test_a_job_whose_answer_is_its_file_is_never_in_memory_as_a_whole(
    in_short_parts: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    in_short_parts()
    monkeypatch.delattr(spool.Spool, "whole")
    longest: list[int] = []
    fill = Answer.fill
    monkeypatch.setattr(
        Answer, "fill", lambda answer, body, status: longest.append(len(answer.content)) or fill(answer, body, status)
    )
    with export_api() as api:
        file = gzip.compress(json.dumps(api.rows).encode())
        api.answers = lambda method, path: (200, file, {}) if method == "GET" else None
        job = {"status_path": None, "done": None, "failed": None, "download": None, "rows_total_path": None}
        came = sync_export(api.url, job=job, endpoint={"format": "json", "data_selector": "$"})
    assert came["green"], came["error"]
    assert came["rows"] == [*range(7)]
    assert {*longest} == {0}


def test_equal_rows_without_a_key_in_two_parts_are_two_rows(
    one_list: OneList, in_short_parts: Callable[[], None]
) -> None:
    in_short_parts()
    lines = [{"id": 1}, {"n": "bad"}, {"id": 2}, {"n": "bad"}, *({"id": number} for number in range(3, 9))]
    came = _synced(one_list, lines)
    counted = [came.receipt.get(name) for name in ("rows_read", "rows_loaded", "rows_set_aside", "duplicates")]
    assert counted == [10, 8, 2, 0], came.sentence


def test_equal_rows_without_a_key_are_counted_on_over_the_parts_of_a_page() -> None:
    names, strange = ("id",), Counter[int]()
    of_parts = [key for _ in range(2) for key in page_keys([{"n": "bad"}], names, strange).hashes]
    assert of_parts == page_keys([{"n": "bad"}] * 2, names).hashes


def test_an_export_in_parts_that_brings_none_of_an_earlier_reads_rows_again_is_doubted(
    in_short_parts: Callable[[], None],
) -> None:
    in_short_parts()
    with export_api() as api:

        def once(method: str, path: str) -> Any:
            if method == "POST" and api.jobs:
                api.rows = [{"id": number, "text": "later"} for number in range(100, 107)]
            if path != "/exports/job1/0":
                return None
            return 200, b"".join(json.dumps(row).encode() + b"\n" for row in api.rows[:5]), {}

        api.answers = once
        came = sync_export(api.url)
    assert came["green"], came["error"]
    assert came["verdict"] == "unknown"
    assert "may hand out each row once" in came["verdict_reason"]


def test_a_part_without_an_object_is_set_aside_where_earlier_parts_have_some(
    one_list: OneList, in_short_parts: Callable[[], None]
) -> None:
    in_short_parts()
    came = _synced(one_list, [*({"id": number} for number in range(8)), 5])
    assert (came.green, len(came.ids), came.receipt["rows_set_aside"]) == (True, 8, 1), came.sentence
    assert "holds no objects but a number" in _synced(one_list, [5] * 9).sentence


@pytest.mark.parametrize("fails", ["made", "written"])
def test_a_full_disk_says_which_folder_has_no_room(
    one_list: OneList, in_short_parts: Callable[[], None], monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    class Full(io.BytesIO):
        def flush(self) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    def made() -> Any:
        if fails == "made":
            raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")
        return Full()

    in_short_parts()
    del one_list.endpoint["data_selector"]
    monkeypatch.setattr(tempfile, "TemporaryFile", made)
    one_list.fault(body=b'{"id": 1}\n', content_type="application/x-ndjson", times=1)
    outcome = one_list.outcome(ONE_PAGE, format="ndjson")
    assert outcome.sentence.count("the folder of temporary files has no room (No ") == 1
    assert outcome.sentence.endswith("or let TMPDIR name another folder, and run it again.")


@pytest.mark.sampled
@pytest.mark.parametrize(
    "table",
    [
        {"write_disposition": {"disposition": "merge", "strategy": "scd2"}},
        {"merge_key": "n"},
        {"write_disposition": "replace", "nested": "tables"},
    ],
)
def test_a_later_version_in_another_part_takes_no_other_row_out_of_a_table_that_is_loaded_whole(
    one_list: OneList, in_short_parts: Callable[[], None], table: dict[str, Any]
) -> None:
    in_short_parts()
    del one_list.endpoint["data_selector"]
    one_list.resource.update(table)
    lines = [*({"id": number, "n": "a", "of": [{"m": number}]} for number in range(7)), {"id": 1, "n": "a", "of": []}]
    body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    one_list.fault(body=body, content_type="application/x-ndjson", times=1)
    came = one_list.sync(ONE_PAGE, format="ndjson")
    assert came.green, came.sentence
    assert sorted(row["id"] for row in came.table if row.get("_dlt_valid_to") is None) == [*range(7)]
    assert len(came.table) == 7


def test_a_row_of_a_later_part_is_numbered_as_in_the_whole_answer() -> None:
    rows: list[Any] = [[1, 2], [3]]
    name_values(["id", "n"], rows, before=2)
    assert rows[0] == {"id": 1, "n": 2}
    assert rows[1].reason.fields == "row 4"
