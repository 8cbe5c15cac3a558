"""Values stay in the column of their field, over batches and loads; what cannot is counted and warned of."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets.rows import batches as records
from messaging_assets.rows.values.undeclared_types import agreed_type, convert_undeclared
from messaging_assets_tests.one_table import OneTable

MOMENT = "2025-01-01T00:00:00Z"


def of(*values: Any) -> list[dict[str, Any]]:
    return [{"id": key, "v": value} for key, value in enumerate(values)]


@pytest.mark.parametrize(
    ("values", "data_type"),
    [
        ([5, 3.7], "double"),
        ([None, 5, 3.0], "double"),
        ([2**60 + 1, 3.7], "bigint"),
        ([5, True, "x"], "bigint"),
        ([MOMENT, None, MOMENT], "timestamp"),
        ([MOMENT, "n/a"], "text"),
        ([MOMENT, "2025-01-02"], "text"),
        ([MOMENT, "2025-02-30T00:00:00Z"], "text"),
        ([MOMENT, 5], "timestamp"),
    ],
)
def test_a_column_is_of_the_type_that_takes_most_of_its_first_values(values: list[Any], data_type: str) -> None:
    assert agreed_type(values, next(one for one in values if one is not None)) == data_type


def test_a_number_is_no_moment_and_no_truth_value_where_nobody_says_so() -> None:
    from messaging_assets.rows.values.conversion import arrow_type, convert

    assert convert_undeclared([True, 1], "bool", arrow_type("bool")).misfits == {1: "another type"}
    assert convert_undeclared([MOMENT, 1.5], "timestamp", arrow_type("timestamp")).misfits == {1: "another type"}
    assert convert([True, 1, 0, "true"], "bool", arrow_type("bool")).array.to_pylist() == [True, True, False, True]


def test_a_broken_number_after_whole_ones_makes_the_tables_column_one_of_doubles(one_table: OneTable) -> None:
    assert one_table.sync(of(5, 6)).checks["column_schema_is_unchanged"].passed
    widened = one_table.sync(of(5, 3.7))
    assert not widened.checks["column_schema_is_unchanged"].passed
    assert widened.receipt["values_split"] == 0
    again = one_table.sync(of(1))
    assert again.checks["column_schema_is_unchanged"].passed
    assert (one_table.columns()["v"], [row["v"] for row in one_table.rows()]) == ("DOUBLE", [1.0, 3.7])


def test_a_number_that_no_double_holds_keeps_its_column_and_the_other_is_counted(one_table: OneTable) -> None:
    one_table.sync(of(2**60))
    synced = one_table.sync(of(2**60, 3.7))
    assert synced.receipt["split_by_column"] == {"v__v_double": 1}
    assert not synced.checks["column_schema_is_unchanged"].passed
    assert [(row["v"], row["v__v_double"]) for row in one_table.rows()] == [(2**60, None), (None, 3.7)]


@pytest.mark.sampled
@pytest.mark.parametrize("disposition", ["merge", "append"])
def test_a_list_whose_first_batch_misled_is_read_once_more(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch, disposition: str
) -> None:
    monkeypatch.setattr(records, "BATCH_ROWS", 2)
    rows = [{"id": key, "v": 5, "at": MOMENT} for key in range(4)] + [{"id": 4, "v": 3.7, "at": "later"}]
    synced = one_table.sync(rows, write_disposition=disposition)
    assert (synced.receipt["passes"], synced.receipt["values_split"]) == (2, 0)
    assert [(row["v"], row["at"]) for row in one_table.rows()] == [(5.0, MOMENT)] * 4 + [(3.7, "later")]


def test_another_text_where_moments_are_stored_is_counted_beside_them(one_table: OneTable) -> None:
    one_table.sync(of(MOMENT))
    synced = one_table.sync([{"id": 1, "v": "n/a"}])
    assert synced.receipt["split_by_column"] == {"v__v_text": 1}


def test_a_truth_value_among_texts_of_a_nested_list_is_as_json_has_it(one_table: OneTable) -> None:
    one_table.sync([{"id": 1, "tags": ["a"]}, {"id": 2, "tags": [True, 1]}], nested="tables")
    found = one_table.rows("SELECT value FROM resource_name__tags ORDER BY value")
    assert [row["value"] for row in found] == ["1", "a", "true"]
