"""Exports that an API makes by and by: every row of every file once, one job, and no secret elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from messaging_assets_tests.export_api import ExportApi, export_api, sync_export

EVERY = list(range(7))


@pytest.fixture
def api(open_database: None) -> Iterator[ExportApi]:
    with export_api() as server:
        yield server


def test_a_job_is_begun_waited_for_read_and_deleted(api: ExportApi) -> None:
    one = sync_export(api.url, endpoint={"total": "exact"})

    assert one["green"], one["error"]
    assert one["rows"] == EVERY
    assert one["verdict"] == "proven"
    assert one["jobs"] == {"begun": 1}
    assert one["rows_api_says"] == 7
    assert [method for method, _ in api.asked] == ["POST", "GET", "GET", "GET", "GET", "DELETE"]
    assert api.jobs == {}
