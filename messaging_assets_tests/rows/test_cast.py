"""The step `cast` makes moments of what an API writes otherwise; what is written in another way stays as it is."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from messaging_assets.description.table import Step
from messaging_assets.rows.steps import _map
from messaging_assets_tests.one_table import OneTable


@pytest.mark.parametrize(
    ("way", "value", "moment"),
    [
        ("epoch_ms", 1735776000123, "2025-01-02T00:00:00.123Z"),
        ("epoch_seconds", "1735776000", "2025-01-02T00:00:00Z"),
        ("%d.%m.%Y %H:%M", "02.01.2025 10:30", "2025-01-02T10:30:00Z"),
        ("%G-W%V-%u", "2025-W01-4", "2025-01-02T00:00:00Z"),
        ("epoch_ms", "soon", "soon"),
        ("epoch_ms", None, None),
        ("epoch_seconds", 10**40, 10**40),
        ("%d.%m.%Y", "2025-01-02", "2025-01-02"),
    ],
)
def test_a_value_becomes_the_moment_that_it_says(way: str, value: Any, moment: Any) -> None:
    assert _map(Step.model_validate({"cast": {"at": way}}))({"id": 1, "at": value}) == {"id": 1, "at": moment}


def test_a_field_that_is_missing_stays_missing() -> None:
    assert _map(Step.model_validate({"cast": {"at": "epoch_ms"}}))({"id": 1}) == {"id": 1}


@pytest.mark.parametrize("way", ["number", "text", "epoch"])
def test_only_moments_are_cast(way: str) -> None:
    with pytest.raises(ValidationError):
        Step.model_validate({"cast": {"at": way}})


def test_milliseconds_are_timestamps_and_what_is_none_is_set_aside(one_table: OneTable) -> None:
    rows = [{"id": 1, "at": 1735776000123}, {"id": 2, "at": "soon"}]
    synced = one_table.sync(rows, steps=[{"cast": {"at": "epoch_ms"}}], columns={"at": {"data_type": "timestamp"}})
    assert synced.green
    [row] = one_table.rows()
    assert row["at"].isoformat().startswith("2025-01-02T00:00:00.123")
    assert [one["page"] for one in one_table.rejected()] == [1]
