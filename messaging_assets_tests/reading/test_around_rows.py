"""Rows of lists inside lists, with what stands around each of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from messaging_assets.files.rules.consistency import consistency_mistakes
from messaging_assets.foundation.json_paths import around_each, holders_of, leads_past_holders
from messaging_assets.reading.list_fields import fields_of_answer
from messaging_assets_tests.one_table import OneTable
from messaging_assets_tests.raw_server import RawServer, answer

SERIES: list[dict[str, Any]] = [
    {"labels": {"app": "a"}, "values": [[1, "x"], [2, "y"]]},
    {"labels": {"app": "b"}, "values": []},
    {"labels": {"app": "c"}, "values": [[1, "x"]]},
]
ENDPOINT: dict[str, Any] = {
    "path": "/list",
    "paginator": "single_page",
    "data_selector": "data[*].values[*]",
    "format": {"columns": ["moment", "said"]},
    "include_from_answer": {"app": "data[*].labels.app", "state": "state"},
    "error_handler": {"max_retries": 0},
}


def synced(one_table: OneTable, monkeypatch: pytest.MonkeyPatch, body: Any, **endpoint: Any) -> Any:
    with RawServer(lambda connection, path, number: connection.sendall(answer(body))) as server:
        monkeypatch.setenv("GENERIC_REST__BASE_URL", server.url)
        return one_table.sync(endpoint=ENDPOINT | endpoint, primary_key=["app", "moment"])


@pytest.mark.parametrize("series", [SERIES, SERIES[2:], SERIES[1:2]], ids=["several", "a single row", "none"])
def test_each_row_has_what_its_own_group_has(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch, series: list[Any]
) -> None:
    came = synced(one_table, monkeypatch, {"state": "ok", "data": series})

    assert came.green, came.error
    expected = [(one["labels"]["app"], *row, "ok") for one in series for row in one["values"]]
    rows = one_table.rows("SELECT app, moment, said, state FROM resource_name ORDER BY app, moment") if expected else []
    assert [tuple(row.values()) for row in rows] == expected


def test_a_path_in_brackets_leads_to_the_group_as_well(one_table: OneTable, monkeypatch: pytest.MonkeyPatch) -> None:
    body = {"state": "ok", "data": [SERIES[0], {**SERIES[2], "labels": {}}]}
    selector, path = "$['data'][*]['values'][*]", "$['data'][*].labels.app"
    came = synced(one_table, monkeypatch, body, data_selector=selector, include_from_answer={"app": path})

    assert came.green, came.error
    assert {row["app"] for row in one_table.rows("SELECT app FROM resource_name")} == {SERIES[0]["labels"]["app"]}


@pytest.mark.parametrize(
    ("selector", "path"),
    [("data[*].values[*]", "data[*].tags[*]"), ("data[0].values[*]", "data[*].labels.app")],
    ids=["several of one group", "several of no group"],
)
def test_several_values_for_one_record_are_told(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch, selector: str, path: str
) -> None:
    """The first of several was every record's, in silence."""
    body: Any = {"state": "ok", "data": [{**one, "tags": ["t", "u"]} for one in SERIES]}
    came = synced(one_table, monkeypatch, body, data_selector=selector, include_from_answer={"app": path})

    assert not came.green
    assert f"values at '{path}', and a record gets one; begin the path as data_selector does" in came.error


@pytest.mark.parametrize(
    ("selector", "path", "holders"),
    [
        ("groups[*].rules[*]", "groups[*].name", "groups[*]"),
        ("groups[*].rules", "groups[*].meta.name", "groups[*]"),
        ("a.*.rows[*]", "a.*.name", "a.*"),
        ("a[*].b[*].c[*]", "a[*].b[*].name", "a[*].b[*]"),
        ("a[*].b[*].c[*]", "a[*].name", "a[*]"),
        ("a[?(@.k == 'x.y')].b[*]", "a[?(@.k == 'x.y')].name", "a[?(@.k == 'x.y')]"),
        ("data[*]", "data[*].name", None),
        ("data.rows", "data.name", None),
        ("groups[*].rules[*]", "groups_of[*].name", None),
        ("groups[*].rules[*]", "status", None),
        ("groups[*].rules[*]", "$.groups[*].name", "groups[*]"),
        ("$.groups[*].rules[*]", "groups[*].name", "groups[*]"),
        ("[*].rules[*]", "$[*].name", "[*]"),
    ],
)
def test_a_path_that_begins_as_the_selector_does_leads_to_the_group(
    selector: str, path: str, holders: str | None
) -> None:
    assert holders_of(selector, path) == holders


def test_what_a_group_does_not_have_is_null_for_its_rows_alone() -> None:
    body = {"g": [{"n": 1, "r": [{}, {}]}, {"r": [{}]}, {"n": 3, "r": []}]}
    assert around_each("g[*]", "g[*].r[*]", "g[*].n", body) == [1, 1, None]
    assert around_each("g[*]", "$.g[*].r[*]", "g[*].n", body) == [1, 1, None]


@pytest.mark.parametrize("path", ["data.*.labels.app", "data..app"])
def test_the_only_groups_value_is_not_given_to_the_rows_of_others(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    body = {"state": "ok", "data": [SERIES[0], {**SERIES[2], "labels": {}}]}
    came = synced(one_table, monkeypatch, body, include_from_answer={"app": path})

    assert f"may find several values at '{path}', and a record gets one; begin the path as data_sel" in came.error


@pytest.mark.parametrize(
    ("selector", "path", "is_refused"),
    [
        ("groups[*].rules[*]", "groups.*.name", True),
        ("groups[*].rules[*]", "groups..name", True),
        ("groups[*].rules[*]", "$..name", True),
        ("groups[*].rules[*]", "groups[?(@.kind=='a')].name", True),
        ("data[*]", "data[*].name", True),
        ("data", "data[*].name", True),
        ("groups[*].rules[*]", "$.groups[*].name", False),
        ("groups[*].rules[*]", "groups[0].name", False),
        ("groups[*].rules[*]", "links[?(@.rel=='self')].href", False),
        ("result.groups[*].rules[*]", "result.meta[?(@.key=='region')].value", False),
        ("[1]", "[0].page", False),
    ],
)
def test_a_path_through_groups_that_is_spelled_otherwise_than_the_selector_is_a_mistake(
    selector: str, path: str, is_refused: bool
) -> None:
    endpoint = {"path": "rules", "data_selector": selector, "include_from_answer": {"group": path}}
    raw = {"resources": [{"name": "rules", "primary_key": "id", "endpoint": endpoint}]}
    said = [one.message for one in consistency_mistakes(raw, is_file=True)]

    assert leads_past_holders(selector, path) == is_refused
    assert [f"begin it as data_selector does ({selector})" in one for one in said] == [True] * is_refused


def test_rows_share_one_mapping_of_what_stands_beside_all_of_them() -> None:
    """One for each row took as long as all else that is done to a page."""
    context: Any = SimpleNamespace(is_parent=True)
    given = fields_of_answer(context, "data", {"state": "state"}, {"state": "ok", "data": [{}, {}]}, [{}, {}])

    assert given == [{"state": "ok"}] * 2
    assert given[0] is given[1]


@pytest.mark.parametrize(
    ("selector", "path"),
    [("data[*].values[*]", "data[*].`this`"), ("data[*].values[*]", "data[*].values"), ("data", "$"), ("r.data", "r")],
)
def test_what_a_record_gets_of_the_answer_may_hold_the_record_itself(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch, selector: str, path: str
) -> None:
    data = [{"id": 1, "values": [{"id": 2}]}]
    body = {"r": {"data": data}} if "r." in selector else {"data": data}
    endpoint = {"data_selector": selector, "include_from_answer": {"whole": path}, "format": "json"}
    with RawServer(lambda connection, _, number: connection.sendall(answer(body))) as server:
        monkeypatch.setenv("GENERIC_REST__BASE_URL", server.url)
        came = one_table.sync(endpoint=ENDPOINT | endpoint, primary_key="id")
    assert came.green, came.error
    [row] = one_table.rows("SELECT whole FROM resource_name")
    assert '"id":2' in row["whole"]
    assert "whole" not in row["whole"]
