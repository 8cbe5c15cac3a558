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


NESTED: dict[str, Any] = {"id": 1, "items": [{"a": 1}], "meta": {"a": 1, "in": {"b": 2, "tags": ["x"]}}}
MORE: dict[str, Any] = {**NESTED, "meta": {"a": 3, "c": 4, "in": {"b": 5, "d": 6, "tags": []}}}


@pytest.mark.parametrize("rule", ["freeze", "discard_value", "discard_row"])
@pytest.mark.parametrize("is_whole", [True, False])
def test_lists_and_objects_whose_tables_and_columns_there_are_stay(
    one_table: OneTable, rule: str, is_whole: bool
) -> None:
    contract: Any = rule if is_whole and rule != "discard_row" else {"columns": rule}
    for number in (1, 2, 3):
        rows = [NESTED, {**NESTED, "id": number}]
        synced = one_table.sync(rows, nested="tables", schema_contract=contract, write_disposition="replace")
        assert synced.green, synced.error
        assert synced.receipt["values_dropped"] == 0
        assert [(row["id"], row["meta__a"], row["meta__in__b"]) for row in one_table.rows()] == [
            (one, 1, 2) for one in sorted({1, number})
        ]
        assert len(one_table.rows("SELECT * FROM resource_name__items")) == len({1, number})


def test_of_an_object_the_contract_discards_the_parts_that_are_no_column(one_table: OneTable) -> None:
    own: dict[str, Any] = {"nested": "tables", "schema_contract": {"columns": "discard_value"}}
    assert one_table.sync([NESTED], **own).green
    synced = one_table.sync([MORE, {**NESTED, "id": 2}])
    assert synced.green, synced.error
    assert synced.receipt["values_dropped"] == 2
    assert [(row["meta__a"], row["meta__in__b"]) for row in one_table.rows()] == [(3, 5), (1, 2)]
    assert len(one_table.rows("SELECT * FROM resource_name__items")) == 2
    assert not {"meta__c", "meta__in__d", "meta"} & set(one_table.columns())


def test_a_row_with_a_part_that_is_no_column_is_left_out_or_red(one_table: OneTable) -> None:
    own: dict[str, Any] = {"nested": "tables", "schema_contract": {"columns": "discard_row"}}
    assert one_table.sync([NESTED], **own).green
    synced = one_table.sync([{**MORE, "id": 2}, {**NESTED, "id": 3}, {**NESTED, "id": 4}, {**NESTED, "id": 5}])
    assert len(one_table.rejected()) == 1, synced.error
    assert {row["id"] for row in one_table.rows()} == {1, 3, 4, 5}
    frozen = one_table.sync([MORE], schema_contract={"columns": "freeze"})
    assert "the API sends 'meta__c', a field that is not declared, and schema_contract freezes" in frozen.error


def test_an_object_in_the_place_of_a_plain_value_makes_no_column(one_table: OneTable) -> None:
    own: dict[str, Any] = {"nested": "tables", "schema_contract": {"columns": "discard_value"}}
    assert one_table.sync([NESTED], **own).green
    before = set(one_table.columns())
    changed = {**NESTED, "meta": {"a": {"x": 1}, "in": {"b": {"y": 1}}}}
    synced = one_table.sync([changed])
    assert synced.receipt["values_dropped"] == 2, synced.error
    assert set(one_table.columns()) == before
    frozen = one_table.sync([changed], schema_contract={"columns": "freeze"})
    assert "the API sends 'meta__a__x', a field that is not declared" in frozen.error
