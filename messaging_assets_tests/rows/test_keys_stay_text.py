"""A text that is a key stays the text that came, unless the file declares it as something else."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets.description.api import Resource
from messaging_assets.reading.receipt import Receipt
from messaging_assets.rows.columns import TableColumns
from messaging_assets.rows.targets import KnownTable
from messaging_assets_tests.one_table import OneTable

MOMENTS = ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000Z", "2026-01-01T01:00:00+01:00")


def types_of(known: dict[str, Any] | None = None, **resource: Any) -> dict[str, str]:
    """The types that columns `id` and `at` get by their moments."""
    described = Resource.model_validate({"name": "events", "endpoint": {"path": "/events"}, **resource})
    columns = TableColumns(described, "api.events", KnownTable(str, known or {}), Receipt(), {})
    columns.typed([{"id": MOMENTS[0], "at": MOMENTS[0]}])
    return {name: columns.data_type(name) for name in ("id", "at")}


@pytest.mark.parametrize(
    ("resource", "types"),
    [
        ({}, {"id": "timestamp", "at": "timestamp"}),
        ({"primary_key": "id"}, {"id": "text", "at": "timestamp"}),
        ({"primary_key": ["id", "at"]}, {"id": "text", "at": "text"}),
        ({"write_disposition": "merge", "merge_key": "at"}, {"id": "timestamp", "at": "text"}),
        (
            {"endpoint": {"path": "/events", "incremental": {"cursor_path": "at", "initial_value": MOMENTS[0]}}},
            {"id": "timestamp", "at": "timestamp"},
        ),
        ({"primary_key": "id", "columns": {"id": {"nullable": False}}}, {"id": "text", "at": "timestamp"}),
        (
            {"primary_key": "id", "columns": {"id": {"data_type": "timestamp"}}},
            {"id": "timestamp", "at": "timestamp"},
        ),
    ],
)
def test_only_a_declaration_makes_a_moment_of_a_key(resource: dict[str, Any], types: dict[str, str]) -> None:
    assert types_of(**resource) == types


def test_a_table_that_has_its_key_as_a_moment_goes_on_with_it() -> None:
    assert types_of({"id": {"data_type": "timestamp"}}, primary_key="id")["id"] == "timestamp"


def test_a_window_stays_a_moment_also_where_it_is_a_key() -> None:
    partitions = {"type": "daily", "start": "2026-01-01", "column": "at", "start_param": "since"}
    assert types_of(primary_key=["id", "at"], partitions=partitions) == {"id": "text", "at": "timestamp"}


@pytest.mark.sampled
@pytest.mark.parametrize("strategy", ["delete-insert", "scd2"])
def test_keys_that_are_one_moment_are_rows_of_their_own(one_table: OneTable, strategy: str) -> None:
    rows = [{"id": key, "v": at} for at, key in enumerate(MOMENTS)]
    way = {"disposition": "merge", "strategy": strategy}
    synced = one_table.sync(rows, write_disposition=way)
    assert synced.green
    assert (len(one_table.rows()), one_table.columns()["id"]) == (3, "VARCHAR")
    assert synced.checks["no_record_rejected"].passed
