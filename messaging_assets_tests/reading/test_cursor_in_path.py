"""A cursor's value in an address arrives as it is, whatever signs it has."""

from __future__ import annotations

from typing import Any

from messaging_assets.description.api import Resource
from messaging_assets.loading.passes.list_request import for_each_list
from messaging_assets.reading.cursors.marks import filled
from messaging_assets_tests.lists_of_parents import list_fields
from messaging_assets_tests.one_table import OneTable

VALUES = {"start_value": "2025-01-01T00:00:00+02:00", "last_value": "a/b&c{d}", "initial_value": 7, "end_value": None}


def test_a_value_in_a_path_is_percent_encoded_and_elsewhere_it_is_not() -> None:
    path = "/v1/messages?since={incremental.start_value}&x={incremental.last_value}&n={incremental.initial_value}"
    assert filled(path, VALUES, in_path=True) == (
        "/v1/messages?since=2025-01-01T00%3A00%3A00%2B02%3A00&x=a%2Fb%26c%7Bd%7D&n=7"
    )
    assert filled({"path": "{incremental.start_value}"}, VALUES) == {"path": VALUES["start_value"]}
    assert filled("/v1?until={incremental.end_value}", VALUES, in_path=True) is None


def test_a_childs_path_takes_it_percent_encoded_too() -> None:
    path = "v1/channels/{resources.channels.id}?since={incremental.start_value}"
    child = Resource.model_validate({"name": "messages", "endpoint": {"path": path}})
    fields, _ = list_fields(child, values=VALUES)
    asked: dict[str, Any] = for_each_list(
        {"path": path, "params": {"since": "{incremental.start_value}"}}, "channels", has_cursor=True
    )
    row = fields.with_fields({"id": 1})

    [in_path], [in_param] = (
        [value for name, value in row.items() if name != "id" and f".{name}}}" in text]
        for text in (asked["path"], asked["params"]["since"])
    )
    assert in_path == "2025-01-01T00%3A00%3A00%2B02%3A00"
    assert in_param == VALUES["start_value"]


def test_the_api_gets_the_plus_of_an_offset(one_table: OneTable) -> None:
    cursor = {"cursor_path": "at", "initial_value": "2025-01-01T00:00:00+02:00"}
    path = "v1/resource?since={incremental.start_value}"
    endpoint = {"path": path, "data_selector": "data", "paginator": "single_page", "incremental": cursor}

    assert one_table.sync([{"id": 1, "at": "2025-01-01T00:01:00+02:00"}], endpoint=endpoint).green

    [asked] = one_table.sandbox.asked("generic_rest", "resource_name")
    assert asked.query["since"] == cursor["initial_value"]
