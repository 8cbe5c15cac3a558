"""Two APIs that share a name and a database are one table: none takes the other's rows, or adds to them unsaid."""

from __future__ import annotations

import os
from typing import Any

import pytest

from messaging_assets_tests.one_step import Done, alone
from messaging_assets_tests.one_table import RESOURCE, OneTable

# Nothing but the test opens the file.
pytestmark = pytest.mark.usefixtures("open_database")

_DAY = {"type": "daily", "start": "2025-03-01", "start_param": "since", "end_param": "until", "column": "at"}
_TAKERS: dict[str, dict[str, Any]] = {
    "replace": {"write_disposition": "replace"},
    "versions": {"write_disposition": {"disposition": "merge", "strategy": "scd2"}},
    "deletes": {"deletes": "remove", "maximum_deleted_share": 1.0},
    "a window": {"partitions": _DAY},
}
_MOVED = "rows of its table came from another address of the API"


def _sync(table: OneTable, *ids: int, config: dict[str, Any] | None = None, **resource: Any) -> Done:
    table.serve([{"id": number, "at": "2025-03-02T00:00:00Z"} for number in ids])
    described = table.describe(**resource)
    day = "2025-03-02" if "partitions" in table.described else None
    return alone(described, RESOURCE, table.history, config=config, partition_key=day)


def _ids(table: OneTable) -> list[int]:
    return [row["id"] for row in table.rows() if row.get("_dlt_valid_to") is None]


@pytest.fixture
def move(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Lets the API be asked at its other address from now on."""
    name = "GENERIC_REST__BASE_URL"

    def move() -> None:
        here, there = ("127.0.0.1", "localhost") if "127.0.0.1" in os.environ[name] else ("localhost", "127.0.0.1")
        monkeypatch.setenv(name, os.environ[name].replace(here, there))

    return move


@pytest.mark.parametrize("way", _TAKERS)
def test_what_would_take_rows_of_another_address_is_refused_unless_a_run_allows_it(
    one_table: OneTable, move: Any, way: str
) -> None:
    assert _sync(one_table, 1, 2, **_TAKERS[way]).green
    move()
    one_table.sandbox.forget()
    refused = _sync(one_table, 1, 3)

    assert f"the 2 {_MOVED}" in refused.error
    assert "allow_many_deletes: true" in refused.error
    assert _ids(one_table) == [1, 2]
    assert one_table.sandbox.requests == []
    assert _sync(one_table, 1, 3, config={"allow_many_deletes": True}).green
    # From now on this is where its rows come from.
    assert _sync(one_table, 1, 3).green
    move()
    assert _MOVED in _sync(one_table, 1, 2).error


def test_a_merge_and_an_append_from_another_address_say_that_earlier_rows_stay(one_table: OneTable, move: Any) -> None:
    assert _sync(one_table, 1).receipt["verdict"] != "unknown"
    move()
    moved, later = _sync(one_table, 2), _sync(one_table, 2)
    assert f"the 1 {_MOVED}, and stay" in moved.receipt["verdict_reason"]
    assert moved.receipt["verdict"] == "unknown"
    assert later.receipt["verdict"] != "unknown"
    move()
    known = _sync(one_table, 2, config={"keep_mark": True})
    assert known.receipt["verdict"] != "unknown"


def test_a_table_without_rows_may_be_filled_from_another_address(one_table: OneTable, move: Any) -> None:
    _sync(one_table, **_TAKERS["replace"])
    move()
    assert _sync(one_table, 1).green


def test_what_an_earlier_version_noted_has_no_address_and_is_gone_on_with(one_table: OneTable, move: Any) -> None:
    _sync(one_table, 1, **_TAKERS["replace"])
    one_table.execute("ALTER TABLE _messaging_assets_syncs DROP COLUMN address")
    move()
    assert _sync(one_table, 1, 2).green
    move()
    assert _MOVED in _sync(one_table, 1).error
