"""Files as the destination: rows are added or replaced, and what files cannot do is refused before the API is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from messaging_assets_tests.one_table import API, RESOURCE, OneTable

WINDOW = {"type": "daily", "start": "2025-01-01", "start_param": "since", "end_param": "until", "column": "at"}


@pytest.fixture
def table(one_table: OneTable, clean_room: Path, monkeypatch: pytest.MonkeyPatch) -> OneTable:
    monkeypatch.setenv("DESTINATION_TYPE", "filesystem")
    monkeypatch.setenv("DESTINATION__FILESYSTEM__BUCKET_URL", str(clean_room / "lake"))
    return one_table


def test_a_replaced_list_is_the_newest_one(table: OneTable, clean_room: Path) -> None:
    table.sync([{"id": 1, "v": "a"}, {"id": 2, "v": "b"}], write_disposition="replace")
    synced = table.sync([{"id": 2, "v": "c"}, {"id": 3, "v": "d"}], write_disposition="replace")

    assert synced.green
    assert all(check.passed for check in synced.checks.values())
    assert synced.receipt["dagster/row_count"] == 2
    assert [(row["id"], row["v"]) for row in table.rows()] == [(2, "c"), (3, "d")]
    assert list((clean_room / "lake" / API / RESOURCE).glob("*.parquet"))


def test_rows_are_added_to_an_appended_list(table: OneTable) -> None:
    table.sync([{"id": 1}], write_disposition="append")
    synced = table.sync([{"id": 2}, {"id": []}], write_disposition="append")

    assert synced.green
    assert synced.receipt["rows_set_aside"] == 1
    assert [row["id"] for row in table.rows()] == [1, 2]
    assert [row["reason"] for row in table.rejected()] == ["id is a list, and a key is one value"]


def test_files_that_are_not_on_this_machine_are_read_as_well(table: OneTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESTINATION__FILESYSTEM__BUCKET_URL", "memory://lake")
    table.sync([{"id": 1}], write_disposition="append")
    synced = table.sync([{"id": 1}, {"id": 2}], write_disposition="append")

    assert synced.green
    assert synced.receipt["dagster/row_count"] == 3
    assert not synced.checks["id_is_unique"].passed
    assert [row["id"] for row in table.rows()] == [1, 1, 2]


@pytest.mark.parametrize(
    "described",
    [{"write_disposition": "merge"}, {"write_disposition": "append", "partitions": WINDOW}],
    ids=["merge", "partitions"],
)
def test_what_files_cannot_do_is_red_before_the_api_is_asked(table: OneTable, described: dict[str, Any]) -> None:
    synced = table.sync([{"id": 1}], **described)

    assert not synced.green
    assert "the destination is files" in synced.error
    assert table.sandbox.requests == []
