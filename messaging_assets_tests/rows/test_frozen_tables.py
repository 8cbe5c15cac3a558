"""A contract that lets no table come holds for the lists in records, from the first load on."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets_tests.one_table import OneTable

LISTS: list[dict[str, Any]] = [
    {"items": [{"a": 1}]},
    {"items": [5]},
    {"meta": {"tags": ["x"]}},
]
DECLARED = {"columns": {"id": {"data_type": "bigint"}}, "nested": "tables"}


def tables_of(table: OneTable) -> set[str]:
    found = table.rows(
        "SELECT table_name AS name FROM information_schema.tables WHERE table_name LIKE 'resource_name%'"
    )
    return {row["name"] for row in found}


@pytest.mark.parametrize("lists", LISTS, ids=str)
def test_a_list_makes_no_table_that_the_contract_freezes(one_table: OneTable, lists: dict[str, Any]) -> None:
    synced = one_table.sync([{"id": 1, **lists}], **DECLARED, schema_contract={"tables": "freeze"})
    assert "a list that would be a table of its own, and schema_contract freezes the tables" in synced.error


def test_a_list_whose_tables_are_discarded_is_counted(one_table: OneTable) -> None:
    rows = [{"id": 1, "items": [5], "name": "a"}, {"id": 2, "items": []}, {"id": 3}]
    synced = one_table.sync(rows, **DECLARED, schema_contract={"tables": "discard_value"})
    assert synced.green, synced.error
    assert synced.receipt["values_dropped"] == 1
    assert [(row["id"], row["name"]) for row in one_table.rows()] == [(1, "a"), (2, None), (3, None)]
    assert tables_of(one_table) == {"resource_name"}


def test_a_list_that_both_columns_and_tables_discard_is_counted_once(one_table: OneTable) -> None:
    synced = one_table.sync([{"id": 1, "items": [5]}], **DECLARED, schema_contract="discard_value")
    assert synced.green, synced.error
    assert synced.receipt["values_dropped"] == 1


def test_the_first_load_says_which_tables_there_are_where_the_file_says_nothing(one_table: OneTable) -> None:
    own = {"nested": "tables", "schema_contract": {"tables": "freeze"}}
    row: dict[str, Any] = {"id": 1, "items": [{"a": [1]}], "meta": {"tags": ["x"]}}
    assert one_table.sync([row], **own).green
    assert one_table.sync([row, {**row, "id": 2}], **own).green
    assert len(tables_of(one_table)) == 4
    assert "'others'" in one_table.sync([{**row, "others": [1]}], **own).error
    assert "'items__b'" in one_table.sync([{**row, "items": [{"b": [1]}]}], **own).error


@pytest.mark.parametrize(
    "more",
    [
        {"max_table_nesting": 0},
        {"columns": {**DECLARED["columns"], "items": {"data_type": "json"}}},  # type: ignore[dict-item]
        {"schema_contract": None},
        {"nested": "json"},
    ],
    ids=str,
)
def test_what_makes_no_table_is_taken(one_table: OneTable, more: dict[str, Any]) -> None:
    synced = one_table.sync([{"id": 1, "items": [1]}], **{**DECLARED, "schema_contract": {"tables": "freeze"}, **more})
    assert synced.green, synced.error
