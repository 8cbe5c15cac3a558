"""Versions of one record: which is the older one, and what of that is known once a batch is out."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from messaging_assets.description.api import Resource
from messaging_assets.description.incremental import Incremental
from messaging_assets.rows.keys.versions import Versions

NEW, OLD = {"id": 1, "at": "2026-01-02T00:00:00Z"}, {"id": 1, "at": "2026-01-01T00:00:00Z"}


def _versions(**own: Any) -> Versions:
    return Versions(
        Resource.model_validate({"name": "logs", "endpoint": {"incremental": {"cursor_path": "at", **own}}})
    )


def test_the_record_with_the_lower_cursor_is_the_older_one_of_a_batch_and_of_all_before() -> None:
    versions = _versions()
    versions.hand_out([NEW])

    assert versions.is_older(OLD, NEW)
    assert not versions.is_older(NEW, OLD)
    assert versions.is_older_than_all(OLD)
    assert not versions.is_older_than_all(NEW)


@pytest.mark.parametrize(("end_value", "is_known"), [("now", True), ("-1d", False), ("2026-01-01T12:00:00Z", False)])
def test_a_record_beyond_a_fixed_end_was_in_no_batch_so_that_none_is_surely_older(
    end_value: str, is_known: bool
) -> None:
    versions = _versions(end_value=end_value, initial_value="2025-01-01T00:00:00Z")
    versions.hand_out([NEW])
    assert versions.is_older_than_all(OLD) == is_known


@pytest.mark.parametrize("rows", [[NEW, {"id": 2, "at": None}], [NEW, {"id": 2}]], ids=["null", "missing"])
def test_nothing_is_known_of_a_batch_with_a_record_without_a_cursor(rows: list[dict[str, Any]]) -> None:
    versions = _versions()
    versions.hand_out(rows)
    assert not versions.is_older_than_all(OLD)


def test_a_lag_in_seconds_where_it_counts_days_is_refused() -> None:
    assert Incremental(cursor_path="at", cursor_format="%d.%m.%Y", lag=30).lag == 30
    assert Incremental(cursor_path="at", cursor_format="%d.%m.%Y %H:%M", lag=2_592_000).lag == 2_592_000
    with pytest.raises(ValidationError, match="lag counts days where cursor_format has no time of day, and 2,592,000"):
        Incremental(cursor_path="at", cursor_format="%d.%m.%Y", lag=2_592_000)
