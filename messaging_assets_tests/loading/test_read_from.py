"""A run may read rows once more from a value of the cursor on: marks are set back for it, and go on from there."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from messaging_assets.sandbox import Fault
from messaging_assets_tests.one_step import Done, alone
from messaging_assets_tests.one_table import RESOURCE, OneTable

# Nothing but the test opens the file.
pytestmark = pytest.mark.usefixtures("open_database")

ENDPOINT: dict[str, Any] = {"path": "v1/resource", "data_selector": "data", "paginator": "single_page"}
NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc).timestamp()


def _iso(number: int) -> str:
    return f"2026-01-{number:02}T12:00:00Z"


def _seconds(number: int) -> int:
    return int(NOON) + 86_400 * (number - 1)


def _in_pattern(number: int) -> str:
    return f"{number:02}/01/2026 12:00"


PATTERN = {"cursor_format": "%d/%m/%Y %H:%M"}
# How an API writes days, what a run asks for to have those from the fourth on, and what the file says of the cursor.
KINDS: dict[str, tuple[Any, str, dict[str, Any]]] = {
    "moments": (_iso, "2026-01-04", {}),
    "seconds": (_seconds, "2026-01-04T00:00:00Z", {}),
    "seconds, asked for in milliseconds": (_seconds, f"{_seconds(4)}000", {}),
    "declared milliseconds, asked for in seconds": (
        *(lambda number: _seconds(number) * 1000, str(_seconds(4))),
        {"cursor_format": "epoch_ms"},
    ),
    "a pattern": (_in_pattern, "04/01/2026 00:00", PATTERN),
    "a pattern, asked for as elsewhere": (_in_pattern, "2026-01-04", PATTERN),
    "numbers": (lambda number: number, "4", {}),
    "texts of numbers": (str, "4", {}),
    "texts of numbers with zeros in front": (lambda number: f"{number:04}", "4", {}),
    "texts": (lambda number: f"k{number}", "k4", {"cursor_format": "text"}),
}


def _sync(
    one_table: OneTable,
    write: Any,
    config: dict[str, Any] | None = None,
    version: int = 0,
    cursor: Any = None,
    **own: Any,
) -> tuple[Done, str | None]:
    """A sync of nine days, and with what it asked for them; `cursor` is what the file says more of it."""
    sandbox = one_table.sandbox
    sandbox.faults.clear()
    sandbox.forget()
    days = [{"id": day, "at": write(day), "version": version} for day in range(1, 10)]

    def answer(payload: Any, request: Any) -> Any:
        since = request.query.get("begin")
        is_open = bool(cursor) and cursor.get("range_start") == "open"
        reached = [row for row in days if since is None or type(row["at"])(since) <= row["at"]]
        new = [row for row in reached if not (is_open and since == str(row["at"]))]
        return {"data": [] if request.offset else new}

    sandbox.fault(Fault(api="generic_rest", rewrite=answer))
    endpoint = {**ENDPOINT, "incremental": {"cursor_path": "at", "start_param": "begin", **(cursor or {})}}
    done = alone(one_table.describe(**{"endpoint": endpoint, **own}), RESOURCE, one_table.history, config=config)
    return done, next((request.query.get("begin") for request in sandbox.requests), None)


@pytest.mark.parametrize("kind", KINDS)
def test_rows_behind_the_mark_come_once_more_and_the_mark_stays(one_table: OneTable, kind: str) -> None:
    write, value, cursor = KINDS[kind]
    for version, config in enumerate([None, None, {"read_from": value}, None]):
        done, since = _sync(one_table, write, config, version, cursor)
        assert done.green, done.error
        if config is None and version:
            assert since == str(write(9))

    versions = [row["version"] for row in one_table.rows("SELECT * FROM resource_name ORDER BY id")]
    assert versions == [0, 0, 0, 2, 2, 2, 2, 2, 3]


@pytest.mark.parametrize("kind", ["moments", "numbers"])
def test_rows_at_the_value_come_where_the_api_leaves_out_those_at_its_start(one_table: OneTable, kind: str) -> None:
    write, _, _ = KINDS[kind]
    cursor = {"range_start": "open"}
    for version, config in enumerate([None, {"read_from": str(write(4))}]):
        assert _sync(one_table, write, config, version, cursor)[0].green
    versions = [row["version"] for row in one_table.rows("SELECT * FROM resource_name ORDER BY id")]
    assert versions == [0, 0, 0, 1, 1, 1, 1, 1, 1]


def test_a_mark_before_the_value_stays(one_table: OneTable) -> None:
    _sync(one_table, _iso)
    assert _sync(one_table, _iso, {"read_from": "2026-01-20"})[1] == _iso(9)
    assert _sync(one_table, _iso, {"read_from": "-1d"})[1] == _iso(9)


TEXT = {"cursor": {"cursor_format": "text"}}
REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "no mark": ({"endpoint": ENDPOINT}, {}, "it has no mark, so each sync reads all"),
    "append": ({"write_disposition": "append"}, {}, "an append would have the rows from there on twice"),
    "everything": ({}, {"forget_state": True}, "full_refresh and forget_state read everything"),
    "no value": ({}, {"read_from": "yesterday"}, "'yesterday', which is no value that 'at' could have"),
    "a time of texts": (TEXT, {"read_from": "-7d"}, "could have; write one as the API writes them"),
    "nothing": (TEXT, {"read_from": ""}, "it is empty; write a value of the cursor"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_begin_there_is_refused_before_the_api_is_asked(one_table: OneTable, case: str) -> None:
    own, more, words = REFUSED[case]
    assert _sync(one_table, _iso, **own)[0].green
    done, _ = _sync(one_table, _iso, {"read_from": "2026-01-04", **more}, **own)
    assert words in done.error
    assert one_table.sandbox.requests == []


def test_a_range_that_was_left_in_doubt_is_sure_again_once_it_is_read_from_there(one_table: OneTable) -> None:
    _sync(one_table, _iso)
    cut = {"data": [{"id": 10, "at": _iso(10)}], "next": "token"}
    for _ in range(2):
        one_table.sandbox.faults.clear()
        one_table.sandbox.fault(Fault(api="generic_rest", rewrite=lambda payload, request: cut))
        assert alone(one_table.describe(), RESOURCE, one_table.history).receipt["verdict"] == "unknown"
    assert "an earlier read of them was in doubt" in _sync(one_table, _iso)[0].receipt["verdict_reason"]

    assert _sync(one_table, _iso, {"read_from": _iso(9)})[0].receipt["verdict"] == "read to the end"
    assert _sync(one_table, _iso)[0].receipt["verdict"] == "read to the end"


@pytest.mark.parametrize("cursor", [{}, {"initial_value": "2025-01-01"}, {"initial_value": "-P20Y"}])
def test_all_is_read_where_the_only_sync_was_in_doubt_and_its_mark_went_nowhere(
    one_table: OneTable, cursor: dict[str, Any]
) -> None:
    cut = {"data": [{"id": 10, "at": _iso(10)}], "next": "token"}
    endpoint = {**ENDPOINT, "incremental": {"cursor_path": "at", "start_param": "begin", **cursor}}
    one_table.sandbox.fault(Fault(api="generic_rest", rewrite=lambda payload, request: cut))
    first = alone(one_table.describe(endpoint=endpoint), RESOURCE, one_table.history)
    assert first.receipt["verdict"] == "unknown"

    done, _ = _sync(one_table, _iso, {"read_from": "2026-01-04"}, cursor=cursor)
    assert done.green, done.error
    assert len(one_table.rows("SELECT * FROM resource_name")) == 10
