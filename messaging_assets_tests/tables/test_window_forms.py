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
