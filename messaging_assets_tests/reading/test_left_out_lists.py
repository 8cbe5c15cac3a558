"""Answers without the list that the file selects: what means no rows, and what to write where lists are elsewhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

from messaging_assets.sandbox import Fault
from messaging_assets_tests.one_step import Done
from messaging_assets_tests.one_table import API, OneTable

ROWS = [{"id": 1}, {"id": 2}]


def synced(one_table: OneTable, body: Any, selector: str = "data", **paginator: Any) -> Done:
    one_table.sandbox.fault(Fault(api=API, rewrite=lambda payload, request: json.dumps(body).encode()))
    pages = {"type": "single_page", **paginator}
    return one_table.sync(endpoint={"path": "v1/resource", "data_selector": selector, "paginator": pages})


@pytest.mark.parametrize("empty", [{}, "", None], ids=["an object", "a text", "null"])
def test_what_a_language_writes_for_an_empty_list_is_one_where_the_file_says_so(
    one_table: OneTable, empty: Any
) -> None:
    refused = synced(one_table, {"data": empty})
    assert "write empty_when_missing: true in the paginator" in refused.error
    done = synced(one_table, {"data": empty}, empty_when_missing=True)
    assert (done.error, done.receipt["rows_read"], done.receipt.get("rows_set_aside", 0)) == ("", 0, 0)


@pytest.mark.parametrize("word", ["empty_when_missing", "end_on_missing_selector"])
def test_such_a_page_is_the_end_of_numbered_ones_too(one_table: OneTable, word: str) -> None:
    def page(payload: Any, request: Any) -> bytes:
        return json.dumps({"data": ROWS if request.query["page"] == "1" else {}}).encode()

    one_table.sandbox.fault(Fault(api=API, rewrite=page))
    pages = {"type": "page_number", "base_page": 1, word: True}
    done = one_table.sync(endpoint={"path": "v1/resource", "data_selector": "data", "paginator": pages})
    assert (done.error, done.receipt["rows_loaded"]) == ("", 2)


def test_an_object_with_something_in_it_is_no_empty_list(one_table: OneTable) -> None:
    assert not synced(one_table, {"data": {"name": "a"}}, empty_when_missing=True).green


@pytest.mark.parametrize(
    ("body", "selector", "written"),
    [
        (ROWS, "data", "data_selector: $, if the answer itself is the list"),
        ({"open": ROWS, "closed": ROWS, "count": 2}, "$.*", "data_selector: \"$['open','closed'][*]\""),
        ({"of": {"open": ROWS, "closed": ROWS}}, "of.*", "data_selector: \"of['open','closed'][*]\""),
        (
            {"groups": [{"members": ROWS}, {"members": ROWS}]},
            "groups[*].members",
            'data_selector: "groups[*].members[*]"',
        ),
    ],
)
def test_where_lists_are_elsewhere_the_selector_to_write_is_told(
    one_table: OneTable, body: Any, selector: str, written: str
) -> None:
    assert f"write {written}" in synced(one_table, body, selector).error


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        ({"users": ROWS, "groups": ROWS}, "unknown"),
        ({"data": ROWS, "included": ROWS}, "read to the end"),
        ({"users": ROWS, "tags": ["a"], "groups": []}, "read to the end"),
        # No rows of the kind, by their name or without the key; and a list that is called as the path ends.
        ({"users": ROWS, "links": ROWS, "fields": ROWS}, "read to the end"),
        ({"users": ROWS, "steps": [{"rel": "self"}]}, "read to the end"),
        ({"resource": ROWS, "groups": ROWS}, "read to the end"),
    ],
)
def test_a_list_is_guessed_among_others_in_doubt(one_table: OneTable, body: Any, verdict: str) -> None:
    one_table.sandbox.fault(Fault(api=API, rewrite=lambda payload, request: json.dumps(body).encode()))
    description = {"path": "v1/resource", "data_selector": None, "paginator": "single_page"}
    receipt = one_table.sync(endpoint=description).receipt
    assert (receipt["verdict"], receipt["rows_loaded"]) == (verdict, 2)
    assert ("beside 'users' stand other lists: groups" in receipt["verdict_reason"]) == (verdict == "unknown")
