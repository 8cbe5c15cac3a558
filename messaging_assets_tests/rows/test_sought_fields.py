"""What the steps of a file take of a record: a name that no record has is told, and a filter by it is in doubt."""

from __future__ import annotations

import logging
import sys
from typing import Any

import pytest

from messaging_assets.description.api import Resource
from messaging_assets.description.table import Step
from messaging_assets.foundation.json_paths import filters_in
from messaging_assets_tests.lists_of_parents import list_fields
from messaging_assets_tests.one_table import OneTable

ROWS = [{"id": number, "state": "open", "of": {"name": "a"}, "at": f"2026-01-{number + 1:02d}"} for number in range(12)]
CURSOR = {"cursor_path": "at", "start_param": "since", "initial_value": "2026-01-01"}


def steps(*every: dict[str, Any]) -> list[Step]:
    return [Step.model_validate(one) for one in every]


def test_a_filter_by_a_field_that_no_record_has_is_in_doubt(one_table: OneTable) -> None:
    receipt = one_table.sync(ROWS, steps=steps({"filter": "@.status == 'open'"})).receipt
    assert (receipt["verdict"], receipt["rows_filtered"], receipt["rows_loaded"]) == ("unknown", 12, 0)
    assert receipt["verdict_reason"].startswith("no record has status as the filter looks for it, so it left every one")


@pytest.mark.skipif(sys.version_info < (3, 11), reason="jsonpath-ng 1.16 wants Python 3.11")
@pytest.mark.parametrize(
    "comparison",
    ["@.state == 'closed'", "@.of.name == 'b'", "@.status", "@.state == 'open' && @.of.name == 'b'"],
    ids=["a field that is there", "a path that is there", "one that only has to be there", "two that are there"],
)
def test_a_filter_that_leaves_out_everything_by_what_is_there_is_in_no_doubt(
    one_table: OneTable, comparison: str
) -> None:
    receipt = one_table.sync(ROWS, steps=steps({"filter": comparison})).receipt
    assert (receipt["verdict"], receipt["rows_filtered"]) == ("read to the end", 12)
    assert "fields_not_seen" not in receipt


def test_a_filter_in_the_selector_is_in_doubt_too_unless_a_record_has_what_it_compares(one_table: OneTable) -> None:
    def verdict(comparison: str) -> tuple[str, int]:
        endpoint = {"path": "v1/resource", "data_selector": f"data[?({comparison})]", "paginator": "single_page"}
        receipt = one_table.sync(ROWS, endpoint=endpoint).receipt
        return receipt["verdict"], receipt["rows_loaded"]

    assert verdict("@.status == 'open'") == ("unknown", 0)
    assert verdict("@.state == 'closed'") == ("read to the end", 0)
    assert verdict("@.state == 'open'") == ("read to the end", 12)


@pytest.mark.parametrize(
    ("selector", "paginator", "verdict"),
    [
        ("data[*].prats[*]", {}, "unknown"),
        ("data[*].of.prats[*]", {}, "unknown"),
        ("data[*].parts[*]", {}, "read to the end"),
        ("data[*].prats[*]", {"empty_when_missing": True}, "read to the end"),
    ],
)
def test_a_selector_of_lists_that_no_part_has_is_in_doubt(
    one_table: OneTable, selector: str, paginator: dict[str, Any], verdict: str
) -> None:
    pages = {"type": "single_page", **paginator}
    rows = [*ROWS, {"id": 12, "of": {}, "parts": []}]
    receipt = one_table.sync(
        rows, endpoint={"path": "v1/resource", "data_selector": selector, "paginator": pages}
    ).receipt
    assert (receipt["verdict"], receipt["rows_loaded"]) == (verdict, 0)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="jsonpath-ng 1.16 wants Python 3.11")
@pytest.mark.parametrize(
    ("sent", "comparison", "verdict"),
    [
        ("7", "@.code == 7", "unknown"),
        (7, "@.code == '7'", "unknown"),
        (7, "@.code > '6'", "unknown"),
        ("true", "@.code == true", "unknown"),
        (7, "@.code == 8", "read to the end"),
        (7, "@.code > 7.5", "read to the end"),
        (None, "@.code == 'x'", "read to the end"),
        ("7", "@.code == null", "read to the end"),
    ],
)
def test_a_filter_that_leaves_out_everything_because_it_compares_another_type_is_in_doubt(
    one_table: OneTable, sent: Any, comparison: str, verdict: str
) -> None:
    rows = [{"id": row["id"], "code": sent} for row in ROWS]
    receipt = one_table.sync(rows, steps=steps({"filter": comparison})).receipt
    assert (receipt["verdict"], receipt["rows_filtered"]) == (verdict, 12)


def test_a_table_that_is_replaced_keeps_its_rows_when_the_api_renames_what_a_filter_compares(
    one_table: OneTable,
) -> None:
    described: dict[str, Any] = {"write_disposition": "replace", "steps": steps({"filter": "@.state == 'open'"})}
    one_table.sync(ROWS, **described)
    failed = one_table.sync([{"id": row["id"], "status": row["state"]} for row in ROWS], **described)
    assert "no record has state as the filter looks for it" in failed.error
    assert len(one_table.rows()) == 12


def test_few_new_records_need_not_have_every_field(one_table: OneTable) -> None:
    described: dict[str, Any] = {
        "endpoint": {"path": "v1/resource", "data_selector": "data", "paginator": "single_page", "incremental": CURSOR},
        "steps": steps({"filter": "@.priority == 'high'"}),
    }
    few = one_table.sync(ROWS[:3], **described).receipt
    assert (few["verdict"], few["rows_filtered"]) == ("read to the end", 3)
    many = one_table.sync(ROWS, **described).receipt
    assert (many["verdict"], many["rows_loaded"]) == ("unknown", 0)
    described["endpoint"]["data_selector"], described["steps"] = "data[?(@.priority == 'high')]", []
    assert one_table.sync(ROWS[:3], **described).receipt["verdict"] == "read to the end"
    assert one_table.sync(ROWS, **described).receipt["verdict"] == "unknown"


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ({"drop": ["id2"]}, "id2 (drop)"),
        ({"keep": ["id", "stat"]}, "stat (keep)"),
        ({"rename": {"stat": "status"}}, "stat (rename)"),
        ({"copy": {"name": "of.nam"}}, "of.nam (copy)"),
        ({"flatten": ["off"]}, "off (flatten)"),
        ({"template": {"text": "{of.name} {stat}"}}, "stat (template)"),
        ({"cast": {"time": "epoch_ms"}}, "time (cast)"),
        ({"hash": ["email"]}, "email (hash)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_name_that_no_record_has_is_in_the_receipt(one_table: OneTable, step: dict[str, Any], told: str) -> None:
    receipt = one_table.sync(ROWS, steps=steps(step)).receipt
    assert receipt["fields_not_seen"] == told
    assert receipt["verdict"] == "read to the end"


def test_a_name_that_some_record_has_is_not_told_nor_one_that_a_step_before_makes(one_table: OneTable) -> None:
    rows = [*ROWS, {"id": 99, "email": "a@example.com"}]
    named = steps({"drop": ["email"]}, {"rename": {"state": "status"}}, {"hash": ["status"]}, {"constant": {"a": 1}})
    assert "fields_not_seen" not in one_table.sync(rows, steps=named).receipt
    assert "fields_not_seen" not in one_table.sync([], steps=named).receipt


def test_the_log_of_the_run_names_it(one_table: OneTable, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        one_table.sync(ROWS, steps=steps({"hash": ["email"]}))
    assert "no record has what the file takes of it, email (hash); correct the name" in caplog.text


@pytest.mark.skipif(sys.version_info < (3, 11), reason="jsonpath-ng 1.16 wants Python 3.11")
@pytest.mark.parametrize(
    ("path", "needed"),
    [
        ("$[?(@.a.b == 1 && c > 2 && @.d)]", ["a.b", "c"]),
        ("$[?(tags[*].k == 'x')]", ["tags.*.k"]),
        ("$[?(@.a == 1 || @.b == 2)]", []),
        ("$[?(@.a != 1)]", []),
        ("items[*]", []),
    ],
)
def test_what_a_record_must_have_to_pass_a_filter_is_known(path: str, needed: list[str]) -> None:
    assert [name for _, compared in filters_in(path) for name in compared] == needed


@pytest.mark.skipif(sys.version_info < (3, 11), reason="jsonpath-ng 1.16 wants Python 3.11")
@pytest.mark.parametrize("comparison", ["@.nope != 1", "!@.nope", "@.nope == 1 || @.state == 'open'"])
def test_a_filter_that_a_record_passes_without_the_field_is_in_no_doubt(one_table: OneTable, comparison: str) -> None:
    receipt = one_table.sync(ROWS, steps=steps({"filter": comparison})).receipt
    assert (receipt["verdict"], receipt["rows_loaded"]) == ("read to the end", 12)
    assert "fields_not_seen" not in receipt


def test_a_filter_behind_a_wildcard_is_looked_up_in_its_own_list(one_table: OneTable) -> None:
    groups = [{"state": "open", "users": [{"id": 1, "status": "open"}]}, {"users": [{"id": 2}]}]
    endpoint = {"path": "v1/resource", "paginator": "single_page"}
    for name, verdict, rows in (("status", "read to the end", 1), ("state", "unknown", 0)):
        selector = f"data[*].users[?(@.{name} == 'open')]"
        receipt = one_table.sync(groups, endpoint={**endpoint, "data_selector": selector}).receipt
        assert (receipt["verdict"], receipt["rows_loaded"]) == (verdict, rows)
        assert ("fields_not_seen" in receipt) == (rows == 0)


@pytest.mark.parametrize(
    "step", [{"hash": ["of.name"]}, {"drop": ["of.name"]}, {"rename": {"of.name": "name"}}], ids=str
)
def test_a_step_that_takes_a_field_inside_another_one_loads_nothing(one_table: OneTable, step: dict[str, Any]) -> None:
    failed = one_table.sync(ROWS, steps=steps(step))
    assert "takes fields of a record and no path, and of.name stands inside another field" in failed.error
    assert "flatten that field in a step before, and write of__name" in failed.error
    assert one_table.sync(ROWS, steps=steps({"flatten": ["of"]}, {"hash": ["of__name"]})).green


def test_a_field_whose_own_name_has_a_dot_is_taken_by_it(one_table: OneTable) -> None:
    rows = [{"id": 1, "of.name": "a"}]
    assert one_table.sync(rows, steps=steps({"drop": ["of.name"]})).green
    assert one_table.rows() == [{"id": 1}]


def test_what_no_answer_and_no_parent_has_is_told(one_table: OneTable) -> None:
    endpoint = {"path": "v1/resource", "data_selector": "data", "paginator": "single_page"}
    shared = {"a": "data[0].of.name", "b": "meta.nowhere"}
    receipt = one_table.sync(ROWS, endpoint={**endpoint, "include_from_answer": shared}).receipt
    assert (receipt["rows_loaded"], receipt["fields_not_seen"]) == (12, "meta.nowhere (include_from_answer)")

    child = Resource.model_validate(
        {
            "name": "messages",
            "endpoint": {"path": "messages/{resources.channels.id}"},
            "include_from_parent": ["of.name", "topic", "nowhere"],
        }
    )
    fields, told = list_fields(child)
    for row in ({"id": 1, "of": {}}, {"id": 2, "of": {"name": "a"}, "topic": None}):
        fields.with_fields(row)
    assert told.fields.told == "nowhere (include_from_parent)"
