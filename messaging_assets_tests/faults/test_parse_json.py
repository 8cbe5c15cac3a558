"""The step `parse_json` reads JSON texts inside records; a record whose text is none is set aside and counted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from messaging_assets.description.api import ApiDescription
from messaging_assets.description.table import Step
from messaging_assets.rows.values.nested import Misfit, value_in
from messaging_assets_tests.faults.one_list import AT_ONCE, OneList
from messaging_assets_tests.one_table import OneTable, replayed

ROWS: list[dict[str, Any]] = [
    {"id": 1, "body": '{"kind": "a", "at": {"hour": 1}}'},
    {"id": 2, "body": " [1, 2] "},
    {"id": 3, "body": "hello"},
    {"id": 4, "body": ""},
    {"id": 5, "body": {"kind": "b"}},
    {"id": 6},
]
PARSE = {"parse_json": ["body"]}


@pytest.mark.parametrize(
    ("text", "value"),
    [('{"a": [1.50]}', {"a": [1.5]}), ("5", 5), ('"5"', "5"), ("null", None), ("", None), (" \n", None), ("[]", [])],
)
def test_a_text_becomes_what_it_says(text: str, value: Any) -> None:
    assert value_in(text) == value


@pytest.mark.parametrize("text", ["hello", "{", "1, 2", "1], [2", "'a'", "<a/>", '{"a": 1, "a": 2}', "\x00"])
def test_a_text_that_says_nothing_for_sure_is_none(text: str) -> None:
    with pytest.raises(Misfit):
        value_in(text)


def bodies(table: OneTable) -> dict[int, Any]:
    return {row["id"]: row["body"] and json.loads(row["body"]) for row in table.rows()}


def test_values_are_in_the_table_and_other_texts_are_set_aside(one_table: OneTable) -> None:
    synced = one_table.sync(ROWS, steps=[PARSE])
    assert synced.green, synced.error
    assert bodies(one_table) == {1: {"kind": "a", "at": {"hour": 1}}, 2: [1, 2], 4: None, 5: {"kind": "b"}, 6: None}
    assert synced.receipt["rows_read"] == 6
    assert synced.receipt["rows_set_aside"] == 1
    assert "rows_made" not in synced.receipt
    [row] = one_table.rejected()
    assert (row["reason"], row["page"], json.loads(row["record"])) == ("body: a text that is no JSON", 1, ROWS[2])


def test_steps_behind_it_take_what_it_read(one_table: OneTable) -> None:
    steps = [PARSE, {"flatten": ["body"]}, {"rename": {"body__kind": "kind"}}, {"filter": "@.kind == 'a'"}]
    synced = one_table.sync([ROWS[0], ROWS[4]], steps=steps)
    assert synced.green, synced.error
    assert [(row["id"], row["kind"], row["body__at__hour"]) for row in one_table.rows()] == [(1, "a", 1)]
    assert synced.receipt["rows_filtered"] == 1


def test_a_column_of_texts_keeps_those_that_are_no_json(one_table: OneTable) -> None:
    columns = {"content": {"data_type": "text"}}
    steps = [PARSE, {"copy": {"kind": "body.kind"}}, {"rename": {"body": "content"}}]
    assert one_table.sync(ROWS, steps=steps, columns=columns).green
    found = {row["id"]: (row["content"], row["kind"]) for row in one_table.rows()}
    assert found[1] == ('{"kind":"a","at":{"hour":1}}', "a")
    assert found[3] == ("hello", None)
    assert one_table.sync([], steps=steps, columns=columns).green


def test_a_bad_record_may_fail_the_sync(one_table: OneTable) -> None:
    synced = one_table.sync(ROWS, steps=[PARSE], on_bad_record="fail")
    assert "a record on page 1 cannot be loaded (body: a text that is no JSON)" in synced.error


def test_what_was_set_aside_is_loaded_once_the_file_keeps_texts(one_table: OneTable) -> None:
    rows = [{"id": 1, "body": '{"a": 1}', "who": "x"}, {"id": 2, "body": "hello", "who": "y"}]
    steps = [{"hash": ["who"]}, PARSE, {"constant": {"seen": True}}]
    assert one_table.sync(rows, steps=steps, columns={"body": {"data_type": "json"}}).green
    whos = {row["id"]: row["who"] for row in one_table.rows()}

    done = replayed(one_table)
    assert (done.loaded, dict(done.left)) == (0, {"a field of it is a text that is no JSON": 1})

    steps = [steps[0], {"constant": {"seen": True}}]
    done = replayed(one_table, steps=steps)
    assert done.loaded == 1, done
    found = one_table.rows()
    assert [(row["id"], json.loads(row["body"]), row["seen"]) for row in found] == [
        (1, {"a": 1}, True),
        (2, "hello", True),
    ]
    # The steps in front of it were not taken twice.
    assert [len(row["who"]) for row in found] == [64, 64]
    assert whos == {1: found[0]["who"]}


def test_a_key_that_it_makes_is_none_of_the_apis() -> None:
    assert Step.model_validate(PARSE).makes("body")


def test_a_parent_whose_text_is_no_json_has_no_list_and_the_others_have(one_list: OneList) -> None:
    def answer(payload: Any, request: Any) -> dict[str, Any]:
        kind = request.query.get("kind")
        parents = [{"id": 1, "info": '{"kind": "a"}'}, {"id": 2, "info": "oops"}]
        return {"data": [{"id": f"of {kind}"}] if kind else parents}

    one_list.fault(rewrite=answer)
    shared = {"data_selector": "data", "paginator": "single_page", "error_handler": AT_ONCE}
    resources = [
        {"name": "messages", "endpoint": {"path": "messages", **shared}, "steps": [{"parse_json": ["info"]}]},
        {
            "name": "details",
            "endpoint": {"path": "messages", "params": {"kind": "{resources.messages.info.kind}"}, **shared},
            "primary_key": "id",
        },
    ]
    client = {"base_url": f"{one_list.sandbox.url}/{one_list.api}/v1", **one_list.client}
    whole = {"name": one_list.api, "client": client, "resources": resources}
    outcome = one_list.run(ApiDescription.model_validate(whole), "details")
    assert (outcome.sentence, outcome.ids, outcome.verdict) == ("", ["of a"], "unknown")
    assert "info: a text that is no JSON" in str(outcome.receipt)
