"""Killed while a job is under way, and started again: the same job is gone on with, and its rows come once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, cast
from unittest.mock import Mock

import pytest
import requests

from messaging_assets.foundation.folders import settle_environment
from messaging_assets.foundation.identity import identity_of
from messaging_assets.reading.jobs.asking import JobRequests
from messaging_assets_tests.export_api import ExportApi, export_api, sync_export
from messaging_assets_tests.own_process import Process, in_a_process, start_server

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kill -9 and fork are POSIX")

EVERY = list(range(7))


@pytest.fixture
def api() -> Iterator[ExportApi]:
    start_server()
    with export_api() as server:
        yield server


def killed_at(api: ExportApi, method: str, path: str, times: int = 1, **described: Any) -> None:
    """Kill a sync when it asks for something so many times, which is answered when nobody waits any more."""
    reached, go = threading.Event(), threading.Event()

    def answers(asked: str, there: str) -> None:
        is_it = (asked, there) == (method, path) and api.asked.count((method, path)) == times
        if is_it and not go.is_set():
            reached.set()
            assert go.wait(60)

    api.answers = answers
    process = Process(partial(sync_export, api.url, **described))
    assert reached.wait(60)
    process.kill()
    process.wait()
    go.set()
    api.answers = lambda asked, there: None


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("path", "way"),
    [("/exports/job1", "merge"), ("/exports/job1/0", "replace"), ("/exports/job1/0", "append")],
    ids=["polled", "downloaded to replace", "downloaded to append"],
)
def test_a_job_that_was_begun_is_gone_on_with(api: ExportApi, path: str, way: str) -> None:
    killed_at(api, "GET", path, write_disposition=way)

    one = sync_export(api.url, write_disposition=way)

    assert one["green"], one["error"]
    assert one["rows"] == EVERY
    assert one["jobs"] == {"gone on with": 1}
    assert api.count("POST", "/exports") == 1
    assert api.jobs == {}


def test_a_job_whose_addresses_name_what_its_list_is_of_is_gone_on_with(api: ExportApi) -> None:
    words: dict[str, Any] = {
        "for_each": {"site": ["a", "b"]},
        "endpoint": {"json": {"kind": "{for_each.site}"}},
        "primary_key": ["id", "_site"],
        "job": {"poll": "/exports/{job.id}/of/{for_each.site}", "download": "/exports/{job.id}/0/{for_each.site}"},
    }
    killed_at(api, "GET", "/exports/job2/0/b", **words)

    one = sync_export(api.url, **words)

    assert one["green"], one["error"]
    assert one["rows"] == sorted(EVERY * 2)
    assert api.count("POST", "/exports") == 2


def test_a_file_that_was_there_at_once_is_waited_for_where_it_is_not_there_after_a_kill(
    api: ExportApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = b'{"id": 1}\n{"id": 2}\n'
    no = ("poll", "status_path", "done", "failed", "rows_total_path", "delete", "download")
    described: dict[str, Any] = {
        "job": {**dict.fromkeys(no), "interval": 0.01},
        "endpoint": {"method": "GET", "json": None},
    }
    monkeypatch.setattr(api, "answer", lambda method, path, *_: api.answers(method, path) or (200, lines, {}))
    killed_at(api, "GET", "/exports", 2, **described)

    looks: Iterator[Any] = iter([(202, {"status": "queued"}, {})] * 3)
    api.answers = lambda method, path: next(looks, None)
    one = sync_export(api.url, **described)

    assert one["green"], one["error"]
    assert one["rows"] == [1, 2]


def test_a_job_that_an_earlier_version_began_is_known_where_no_header_tells_lists_apart() -> None:
    class OneList:
        asset = "chat.messages"

    request = requests.Request("POST", "https://api.example.com/exports", json={"day": "2025-01-01"})
    earlier = (OneList.asset, request.method, request.url, request.params, request.json, request.data)
    jobs = JobRequests(Mock(), "https://api.example.com")
    assert jobs.digest_of(request, cast("Any", OneList())) == identity_of(earlier).digest
    request.headers["X-Account"] = "a"
    assert jobs.digest_of(request, cast("Any", OneList())) != identity_of(earlier).digest


@pytest.mark.parametrize("checkpoint", [{"rows": 100}, {"pages": 1}], ids=["nothing committed", "pages committed"])
def test_the_pages_of_a_job_come_once_after_a_kill(api: ExportApi, checkpoint: dict[str, int]) -> None:
    pages = {"type": "offset", "limit": 2, "total_path": None}
    described: dict[str, Any] = {
        "job": {"download": "/exports/{job.id}/rows", "paginator": pages},
        "endpoint": {"format": None, "data_selector": "rows"},
        "checkpoint": checkpoint,
    }
    killed_at(api, "GET", "/exports/job1/rows", 3, **described)

    one = sync_export(api.url, **described)

    assert one["green"], one["error"]
    assert one["rows"] == EVERY
    assert (one["jobs"], api.count("POST", "/exports"), api.jobs) == ({"gone on with": 1}, 1, {})


@pytest.mark.parametrize("status", [404, 410])
def test_a_token_of_a_job_that_is_gone_is_not_taken_to_another_one(
    api: ExportApi, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    answer, tokens = api.answer, list[str]()

    def by_token(method: str, path: str, query: dict[str, str], body: Any, key: str | None) -> Any:
        if not path.endswith("/rows"):
            return answer(method, path, query, body, key)
        of, _, start = query.get("after", "").rpartition(":")
        tokens.append(query.get("after", ""))
        if (of and of not in path) or query.get("after") == "job1:6":
            return status, {}, {}
        rows, more = api.rows[int(start or 0) :][:2], int(start or 0) + 2
        return 200, {"rows": rows, **({"next": f"{path.split('/')[2]}:{more}"} if more < len(EVERY) else {})}, {}

    monkeypatch.setattr(api, "answer", by_token)
    pages = {"type": "cursor", "cursor_path": "next", "cursor_param": "after"}
    described: dict[str, Any] = {
        "job": {"download": "/exports/{job.id}/rows", "paginator": pages},
        "endpoint": {"format": None, "data_selector": "rows"},
        "checkpoint": {"pages": 1},
    }

    one, other = sync_export(api.url, **described), sync_export(api.url, **described)

    assert (one["green"], 0 < len(one["rows"]) < len(EVERY)) == (False, True)
    assert (other["green"], other["rows"]) == (True, EVERY), other.get("error")


def test_a_job_whose_rows_were_read_and_kept_nowhere_is_gone_on_with(api: ExportApi) -> None:
    url = api.url

    def killed() -> Any:
        from messaging_assets.loading.kept_receipt import KeptReceipt, ReceiptFile

        write = ReceiptFile.write

        def and_die(self: ReceiptFile, receipt: KeptReceipt) -> None:
            write(self, receipt)
            os.kill(os.getpid(), signal.SIGKILL)

        ReceiptFile.write = and_die  # type: ignore[method-assign]
        return sync_export(url)

    assert in_a_process(killed) == (signal.SIGKILL, None)

    one = sync_export(url)

    assert one["green"], one["error"]
    assert one["rows"] == EVERY
    assert one["jobs"] == {"gone on with": 1}
    assert api.count("POST", "/exports") == 1


def test_a_range_that_ends_now_is_the_same_one_when_its_job_is_gone_on_with(api: ExportApi) -> None:
    described: dict[str, Any] = {
        "endpoint": {
            "json": {"from": "{incremental.start_value}", "to": "{incremental.end_value}"},
            "incremental": {"cursor_path": "at", "initial_value": "2025-01-01T00:00:00Z", "end_value": "now"},
        },
    }
    api.rows = [{"id": number, "at": f"2025-01-0{number}T00:00:00Z"} for number in range(1, 4)]
    killed_at(api, "GET", "/exports/job1", **described)

    one = sync_export(api.url, **described)

    assert one["green"], one["error"]
    assert one["rows"] == [1, 2, 3]
    assert api.count("POST", "/exports") == 1


def test_a_job_that_is_gone_meanwhile_is_begun_anew_once(api: ExportApi) -> None:
    killed_at(api, "GET", "/exports/job1")
    del api.jobs["job1"]
    api.jobs["another"] = [0, -1]

    one = sync_export(api.url)

    assert one["green"], one["error"]
    assert one["rows"] == EVERY
    assert one["jobs"] == {"gone on with": 1, "begun": 1}


def test_killed_while_a_job_is_begun_the_same_key_begins_no_second_one(api: ExportApi) -> None:
    described: dict[str, Any] = {"job": {"idempotency_header": "Idempotency-Key"}}
    killed_at(api, "POST", "/exports", **described)

    one = sync_export(api.url, **described)

    assert one["green"], one["error"]
    assert one["rows"] == EVERY
    assert len(set(api.keys)) == 1


def test_a_job_is_not_gone_on_with_once_another_sync_was_loaded(api: ExportApi) -> None:
    killed_at(api, "GET", "/exports/job1/0", write_disposition="replace")
    notes = _notes()
    kept = notes.read_text()
    sync_export(api.url, write_disposition="replace")
    # As another machine would have it, whose job was made before that sync.
    notes.write_text(kept)
    api.jobs["job1"] = [0, 5]

    one = sync_export(api.url, write_disposition="replace")

    assert one["rows"] == EVERY
    assert one["jobs"] == {"begun": 1}
    assert api.jobs == {}


def _notes() -> Path:
    return settle_environment().pipelines / "exporting__messages.jobs.json"


def test_a_file_that_was_named_at_once_is_asked_for_anew_after_a_kill(
    api: ExportApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    def at_once(method: str, path: str, *_: Any) -> Any:
        named: Any = (200, {"file_url": f"{api.url}/files/day"}, {})
        rows: Any = (200, b'{"id": 1}\n{"id": 2}\n', {})
        return api.answers(method, path) or (named if method == "POST" else rows)

    monkeypatch.setattr(api, "answer", at_once)
    usual = ("poll", "status_path", "done", "failed", "rows_total_path", "delete")
    described: dict[str, Any] = {"job": {**dict.fromkeys(usual), "download": "{job.file_url}"}}
    killed_at(api, "GET", "/files/day", **described)

    one = sync_export(api.url, **described)

    assert one["green"], one["error"]
    assert one["rows"] == [1, 2]
    assert api.count("POST", "/exports") == 2
