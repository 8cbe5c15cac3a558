"""Rows that the API itself calls deleted (dlt's hint `hard_delete`), however it writes that it did not delete one."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from messaging_assets.rows.hard_deletes import HARD_DELETED, deletion_of
from messaging_assets_tests.one_table import OneTable

LIVES = [0, 0.0, -0.0, float("nan"), "", " ", "0", "0.0", "false", "FALSE", "no", "off", "null", None, False, [], {}]
LIVES += ["0000-00-00 00:00:00", "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000+00:00"]
LIVES += ["9999-12-31T23:59:59Z", "2099-01-01", "1900-01-01T00:00:00", "1899-12-30", -62135596800, "never", "active"]
LIVES += ["/Date(-62135596800000)/", 253402300799000, "N", "-", {"$date": "9999-12-31T00:00:00Z"}, "+0", "-0"]
GONE = [1, True, "1", "true", " Yes ", "deleted", 1_700_000_000_123, "1700000000", "2025-01-01T00:00:00Z"]
GONE += ["1970-01-01T00:00:01Z", "2025-01-01", "/Date(1700000000000)/", {"$date": "2025-01-01T00:00:00Z"}]
UNKNOWN = ["alice", "archived", -1, 5, 0.5, [1], {"at": None}]


@pytest.mark.parametrize("value", UNKNOWN, ids=repr)
def test_what_is_not_known_to_mean_a_deletion_deletes_nothing(value: Any) -> None:
    assert deletion_of(value) is None


def test_a_time_that_a_zone_may_put_ahead_is_no_known_deletion() -> None:
    soon = datetime.now(timezone.utc) + timedelta(hours=9)
    assert deletion_of(soon.replace(tzinfo=None).isoformat()) is None
    assert deletion_of((soon - timedelta(hours=9)).isoformat()) is True


@pytest.mark.parametrize("value", LIVES, ids=repr)
def test_no_way_to_say_that_a_row_lives_deletes_it(value: Any) -> None:
    assert deletion_of(value) is False


@pytest.mark.parametrize("value", GONE, ids=repr)
def test_a_true_value_or_a_moment_deletes(value: Any) -> None:
    assert deletion_of(value) is True


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("column", "alive", "gone"),
    [
        ({"data_type": "bigint"}, [0, "0", "", None, False], [1_700_000_000_123]),
        ({"data_type": "text"}, ["", "0", "false", "no", None], ["yes", "2025-01-01"]),
        ({"data_type": "timestamp"}, [None, "", "0000-00-00 00:00:00", 0], ["2025-01-01T00:00:00Z"]),
        ({"data_type": "bool"}, [False, "false", "0", 0, "", None], [True, "true", 1, "yes"]),
        ({}, [0, None], [1]),
        ({}, ["", "false"], ["true"]),
    ],
    ids=["number", "text", "moment", "truth value", "undeclared number", "undeclared text"],
)
def test_only_rows_that_the_api_calls_deleted_go(
    one_table: OneTable, column: dict[str, Any], alive: list[Any], gone: list[Any]
) -> None:
    columns = {"deleted": {**column, "hard_delete": True}}
    values = alive + gone
    one_table.sync([{"id": number, "deleted": alive[0]} for number in range(len(values))], columns=columns)
    synced = one_table.sync([{"id": number, "deleted": one} for number, one in enumerate(values)])

    assert synced.green
    assert [row["id"] for row in one_table.rows()] == list(range(len(alive)))
    assert synced.receipt["rows_set_aside"] == 0
    assert synced.receipt["hard_deleted"] == len(gone)


def test_rows_with_nested_tables_go_by_the_same_rule(one_table: OneTable) -> None:
    rows = [{"id": number, "deleted": value, "tags": [{"n": number}]} for number, value in enumerate((0, "", 1))]
    one_table.sync(rows, columns={"deleted": {"data_type": "bigint", "hard_delete": True}}, nested="tables")
    assert [row["id"] for row in one_table.rows()] == [0, 1]


def test_a_living_rows_value_stays_as_it_came(one_table: OneTable) -> None:
    columns = {"delete_at": {"data_type": "bigint", "hard_delete": True}}
    one_table.sync([{"id": "a", "delete_at": 0}, {"id": "b", "delete_at": 1_700_000_000_123}], columns=columns)
    assert one_table.rows() == [{"id": "a", "delete_at": 0, HARD_DELETED: False}]


def test_a_field_that_has_the_name_of_our_mark_is_refused(one_table: OneTable) -> None:
    columns = {"delete_at": {"data_type": "bigint", "hard_delete": True}}
    refused = one_table.sync([{"id": "a", "delete_at": 0, HARD_DELETED: 1}], columns=columns)
    assert "put the hint on a column of data_type bool" in refused.error


def test_a_word_of_unknown_meaning_keeps_its_row_and_is_told(one_table: OneTable) -> None:
    rows = [{"id": 1, "by": "alice"}, {"id": 2, "by": None}, {"id": 3, "by": "2099-01-01"}]
    synced = one_table.sync(rows, columns={"by": {"data_type": "text", "hard_delete": True}})
    assert [row["id"] for row in one_table.rows()] == [1, 2, 3]
    assert synced.receipt["maybe_deleted"] == 1
