"""Exports that are there at once, are asked for where they are begun, or have no rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from messaging_assets_tests.export_api import ExportApi, export_api, sync_export

LINES = b'{"id": 1}\n{"id": 2}\n'
BY_GET: dict[str, Any] = {"method": "GET", "json": None}
NOTHING = {"poll": None, "status_path": None, "done": None, "failed": None, "rows_total_path": None, "delete": None}


@pytest.fixture
def api(open_database: None) -> Iterator[ExportApi]:
    with export_api() as server:
        yield server


def test_an_answer_that_names_its_file_is_a_job_that_is_done(api: ExportApi) -> None:
    with export_api() as store:
        store.store = store.url
        store.answers = lambda method, path: (200, LINES, {})
        api.answers = lambda method, path: (200, {"redirect_to": f"{store.url}/day"}, {})
        one = sync_export(api.url, job={**NOTHING, "download": "{job.redirect_to}"}, endpoint=BY_GET)
        assert one["green"], one["error"]
        assert one["rows"] == [1, 2]
        assert store.strange == []


def test_an_answer_to_a_post_that_names_its_file_is_not_looked_at(api: ExportApi) -> None:
    with export_api() as store:
        store.store = store.url
        store.answers = lambda method, path: (200, LINES, {})
        api.answers = lambda method, path: (200, {"file_url": f"{store.url}/day"}, {})
        one = sync_export(api.url, job={**NOTHING, "download": "{job.file_url}"})
        assert one["green"], one["error"]
        assert one["rows"] == [1, 2]
        assert (api.asked, len(store.asked), store.strange) == ([("POST", "/exports")], 1, [])

        api.answers = lambda method, path: (200, {"file_url": ""}, {})
        one = sync_export(api.url, job={**NOTHING, "download": "{job.file_url}"})
        assert "names no address in its Location header" in one["error"]


@pytest.mark.parametrize(
    ("beside", "reason"),
    [
        ({"count": 5}, "it has 5 rows, 2 different ones came"),
        ({"has_more": True}, "'has_more' says that there is more"),
        ({"error": "cut off"}, "says at 'error' that something failed"),
    ],
    ids=["a count", "more", "an error"],
)
def test_what_an_answer_says_beside_the_file_that_it_names_is_heard(
    api: ExportApi, beside: dict[str, Any], reason: str
) -> None:
    named = {"file_url": f"{api.url}/day", **beside}
    api.answers = lambda method, path: (200, named if method == "POST" else LINES, {})
    job = {**NOTHING, "download": "{job.file_url}", "rows_total_path": "count"}
    one = sync_export(api.url, job=job)
    assert one["verdict"] in ("incomplete", "unknown")
    assert reason in str(one)


def test_a_list_that_leads_to_a_store_is_a_file_there_and_gets_no_secret(api: ExportApi) -> None:
    with export_api() as store:
        store.store = store.url
        store.answers = lambda method, path: (200, LINES, {})
        api.answers = lambda method, path: (307, None, {"Location": f"{store.url}/day"})
        one = sync_export(api.url, job={**NOTHING, "download": None}, endpoint=BY_GET)
        assert one["green"], one["error"]
        assert one["rows"] == [1, 2]
        assert (len(store.asked), store.strange) == (1, [])

        one = sync_export(api.url, job=None, endpoint={**BY_GET, "job": None, "paginator": "single_page"})
        assert "write job: {} in the endpoint, if that is a file in a store" in one["error"]


def test_a_get_that_is_not_ready_is_asked_again_until_it_is(api: ExportApi) -> None:
    ready = iter([False, False, True])
    api.answers = lambda method, path: (200, LINES, {}) if next(ready, True) else (202, None, {})
    one = sync_export(api.url, job={**NOTHING, "download": None}, endpoint={**BY_GET, "params": {"day": "2026-03-01"}})
    assert one["green"], one["error"]
    assert one["rows"] == [1, 2]


def test_a_get_that_has_its_rows_at_once_is_not_looked_at(api: ExportApi) -> None:
    api.answers = lambda method, path: (200, LINES, {})
    one = sync_export(api.url, job={**NOTHING, "download": None}, endpoint=BY_GET)
    assert one["green"], one["error"]
    assert one["rows"] == [1, 2]
    assert api.asked == [("GET", "/exports")] * 2


def test_a_file_that_is_being_made_again_brings_no_row_that_tells_of_it(api: ExportApi) -> None:
    answers: Iterator[Any] = iter([(200, LINES, {}), (202, {"status": "queued"}, {})])
    api.answers = lambda method, path: next(answers, (200, LINES, {}))
    way = {"primary_key": None, "write_disposition": "append"}
    one = sync_export(api.url, job={**NOTHING, "download": None}, endpoint=BY_GET, **way)
    assert one["green"], one["error"]
    assert one["rows"] == [1, 2]


def test_a_job_that_ends_without_rows_says_so(api: ExportApi) -> None:
    api.answers = lambda method, path: (200, {"status": "no_data", "urls": ""}, {}) if method == "GET" else None
    said = [{"path": "status", "values": ["no_data"], "action": "empty"}]
    one = sync_export(api.url, endpoint={"response_actions": said})
    assert one["green"], one["error"]
    assert (one["rows"], one["verdict"]) == ([], "read to the end")

    one = sync_export(api.url, job={"done": ["done", "no_data"], "rows_total_path": None})
    assert not one["green"]
    assert "write response_actions: [{path: status, values: [...], action: empty}]" in one["error"]
