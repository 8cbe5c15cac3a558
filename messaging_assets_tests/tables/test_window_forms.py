"""A window's rows are placed by the time that `column` has in the form that `partitions.format` names."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from messaging_assets.description.api import Resource
from messaging_assets.description.windows import WINDOW_AT
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.sandbox import Sandbox
from messaging_assets.tables.window_column import WindowColumn
from messaging_assets_tests.interrupted_sync import sync
from messaging_assets_tests.one_step import Done, alone
from messaging_assets_tests.one_table import RESOURCE, OneTable

# Nothing but the test opens the file.
pytestmark = pytest.mark.usefixtures("open_database")


def _resource(columns: Any = None, **partitions: Any) -> Resource:
    windows = {"type": "daily", "start": "2025-01-01", "column": "at", **partitions}
    return Resource.model_validate({"name": "logs", "partitions": windows, "columns": columns or {}})


@pytest.mark.parametrize(
    ("value", "format_", "moment"),
    [
        ("1735812000.000100", "epoch_seconds", "2025-01-02T10:00:00.0001Z"),
        ("1735812000", "epoch_seconds", "2025-01-02T10:00:00Z"),
        (1735812000000, "epoch_seconds", "2025-01-02T10:00:00Z"),
        (1735812000123456789, "epoch_ns", "2025-01-02T10:00:00.123456Z"),
        (20250102100000, "%Y%m%d%H%M%S", "2025-01-02T10:00:00Z"),
        (20250102, "%Y%m%d", "2025-01-02T00:00:00Z"),
        ("02/01/2025 10:00", "%d/%m/%Y %H:%M", "2025-01-02T10:00:00Z"),
        (1735812000, "%Y%m%d%H%M%S", "2025-01-02T10:00:00Z"),
        ("2025-01-02T23:59:59.9999999Z", "epoch_ms", "2025-01-02T23:59:59.999999Z"),
        ("Thu, 02 Jan 2025 10:00:00 GMT", "%Y%m%d", "2025-01-02T10:00:00Z"),
    ],
)
def test_a_time_in_the_form_of_the_file_places_its_row(value: Any, format_: str, moment: str) -> None:
    resource = _resource(format=format_)
    [row] = WindowColumn("api.logs", resource).place([{"id": 1, "at": value}])
    assert row == {"id": 1, "at": value, WINDOW_AT: moment}
    assert resource.placing_column == WINDOW_AT


def test_a_local_time_is_of_the_windows_zone() -> None:
    resource = _resource(format="%Y%m%d%H", timezone="Europe/Berlin")
    [row] = WindowColumn("api.logs", resource).place([{"at": 2025010200}])
    assert row[WINDOW_AT] == "2025-01-01T23:00:00Z"


def test_what_is_no_time_in_any_form_is_refused_and_a_declared_time_needs_no_column_of_ours() -> None:
    with pytest.raises(MendDescription, match=r"neither as partitions\.format says nor by its looks"):
        WindowColumn("api.logs", _resource(format="epoch_ms")).place([{"at": "soon"}])
    assert _resource({"at": {"data_type": "timestamp"}}, format="epoch_ms").placing_column == "at"
    assert _resource().placing_column == "at"
    with pytest.raises(MendDescription, match="not all in one unit"):
        WindowColumn("api.logs", _resource()).place([{"at": 20250102100000}])


@pytest.mark.sampled
@pytest.mark.parametrize("form", ["text of seconds", "seven digits"])
def test_an_appended_window_in_an_odd_form_is_replaced_when_it_is_read_again(known_sandbox: Sandbox, form: str) -> None:
    rows = known_sandbox.rows("messaging", "messages")
    del rows[300:]
    for row in rows:
        moment = datetime.fromisoformat(row["timestamp"].replace("Z", "+00:00"))
        odd = f"{moment.timestamp():.6f}" if form == "text of seconds" else f"{moment:%Y-%m-%dT%H:%M:%S}.1234567Z"
        row["at"] = odd
    day = rows[150]["timestamp"][:10]
    known_sandbox.settings.page_size = 500
    windows: dict[str, Any] = {"type": "daily", "start": "2025-01-01", "start_param": "since", "end_param": "until"}
    windows |= {"column": "at"} | ({"format": "epoch_seconds"} if form == "text of seconds" else {})

    synced = [
        sync(
            partition_key=day,
            partitions=windows,
            columns={"id": {"data_type": "text"}},
            endpoint={"params": {"on": day}},
            write_disposition="append",
        )
        for _ in range(2)
    ]

    assert synced[0]["green"], synced[0]["error"]
    assert synced[1]["ids"] == synced[0]["ids"]
    assert synced[0]["metadata"]["messaging_assets/rows_set_aside"] == 0


def _window(one_table: OneTable, day: str, rows: list[Any], **resource: Any) -> Done:
    one_table.serve(rows)
    return alone(one_table.describe(**resource), RESOURCE, one_table.history, partition_key=day)


@pytest.mark.parametrize("disposition", ["append", "merge"])
def test_a_window_is_not_read_into_rows_that_another_time_has_placed(one_table: OneTable, disposition: str) -> None:
    rows = [{"id": 1, "made": 1735725600, "changed": 1735898400}]

    def run(column: str, day: str, **more: Any) -> Any:
        windows = {"type": "daily", "start": "2025-01-01", "start_param": "since", "column": column, **more}
        return _window(one_table, day, rows, write_disposition=disposition, partitions=windows)

    assert run("made", "2025-01-01", format="epoch_seconds").green
    refused = run("changed", "2025-01-03", format="epoch_seconds")

    assert "'made' has placed the rows of its table in windows, and the file says 'changed'" in refused.error
    assert [row["id"] for row in one_table.rows()] == [1]
    assert run("made", "2025-01-01", format="epoch_seconds").green


def test_an_append_is_told_what_places_rows_that_came_before_the_format(one_table: OneTable) -> None:
    rows = [{"id": 1, "at": "2025-01-01T10:00:00Z"}]
    windows = {"type": "daily", "start": "2025-01-01", "start_param": "since", "column": "at"}
    _window(one_table, "2025-01-01", rows, write_disposition="append", partitions=windows)

    written = windows | {"format": "epoch_seconds"}
    refused = _window(one_table, "2025-01-01", rows, partitions=written)
    placed = _window(one_table, "2025-01-01", rows, partitions=written, columns={"at": {"data_type": "timestamp"}})

    assert "1 rows of its table are in no window" in refused.error
    assert "declare columns.at with data_type: timestamp" in refused.error
    assert placed.green
    assert len(one_table.rows()) == 1
