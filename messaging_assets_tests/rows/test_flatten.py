"""The step `flatten` makes fields of what an object holds; nothing that is there already is lost by it."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets.description.table import Step
from messaging_assets.rows.steps import _map
from messaging_assets_tests.one_table import OneTable


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"user": {"id": 1, "tags": [{"a": 1}]}}, {"user__id": 1, "user__tags": [{"a": 1}]}),
        ({"user": {"of": {"id": 1}, "name": None}}, {"user__name": None, "user__of__id": 1}),
        ({"user": None}, {"user": None}),
        ({"user": "u1"}, {"user": "u1"}),
        ({"user": [{"id": 1}]}, {"user": [{"id": 1}]}),
        ({"user": {}}, {}),
        ({"other": {"id": 1}}, {"other": {"id": 1}}),
        # Fields of one name: both stay as they came.
        ({"user__id": 2, "user": {"id": 1}}, {"user__id": 2, "user": {"id": 1}}),
        ({"user": {"id": 1}, "user__id": 2}, {"user": {"id": 1}, "user__id": 2}),
        ({"user": {"a__b": 1, "a": {"b": 2}}}, {"user": {"a__b": 1, "a": {"b": 2}}}),
    ],
)
def test_what_an_object_holds_becomes_fields(before: Any, after: Any) -> None:
    assert _map(Step.model_validate({"flatten": ["user"]}))({"id": 1, **before}) == {"id": 1, **after}


def test_an_object_as_deep_as_an_answer_may_be_is_opened() -> None:
    record: Any = 1
    for _ in range(900):
        record = {"a": record}
    assert list(_map(Step.model_validate({"flatten": ["a"]}))(record).values()) == [1]


def test_fields_of_an_object_are_columns_keys_and_out_of_sight(one_table: OneTable) -> None:
    rows = [{"id": n, "user": {"id": n, "mail": "a@b.c", "of": {"team": "x"}}, "text": "t"} for n in range(3)]
    steps = [{"flatten": ["user"]}, {"drop": ["user__mail"]}]
    synced = one_table.sync(rows, steps=steps, primary_key="user__id", columns={"user__id": {"data_type": "bigint"}})
    assert synced.green
    found = one_table.rows()
    assert [(row["user__id"], row["user__of__team"]) for row in found] == [(0, "x"), (1, "x"), (2, "x")]
    assert not {"user", "user__mail"} & found[0].keys()
    assert one_table.sync([*rows, *rows[:1]], steps=steps, primary_key="user__id").green
    assert len(one_table.rows()) == 3


@pytest.mark.parametrize(
    ("names", "row", "renamed"),
    [
        ({"a": "b", "b": "c"}, {"a": 1, "b": 2}, {"b": 1, "c": 2}),
        ({"a": "b", "b": "c"}, {"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 2, "c": 3}),
        ({"a": "b", "b": "c", "c": "d"}, {"a": 1, "b": 2, "c": 3, "d": 4}, {"a": 1, "b": 2, "c": 3, "d": 4}),
        ({"a": "b", "b": "a"}, {"a": 1, "b": 2}, {"a": 2, "b": 1}),
        ({"a": "b"}, {"b": 2}, {"b": 2}),
    ],
)
def test_a_rename_puts_no_field_in_the_place_of_one_that_stays(names: Any, row: Any, renamed: Any) -> None:
    assert _map(Step.model_validate({"rename": names}))(row) == renamed
