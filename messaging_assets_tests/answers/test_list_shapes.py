"""Lists of plain values, and records under the keys of an object, become records."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets.answers.list_shapes import is_keyed, selector_for_several, to_objects
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.sandbox import Fault
from messaging_assets_tests.one_table import API, OneTable
from messaging_assets_tests.scripted_list import read

KEYED = {"users": {"u1": {"n": 1}, "u2": {"n": 2}}}


@pytest.mark.parametrize(
    ("path", "keys", "body", "rows", "expected"),
    [
        ("ids", ("value",), {}, ["a", 2], [{"value": "a"}, {"value": 2}]),
        ("ids", ("id",), {}, ["a"], ["a"]),
        ("ids", ("value",), {}, ["a", None], [{"value": "a"}, None]),
        ("users.*", ("_key",), KEYED, [{"n": 1}, {"n": 2}], [{"_key": "u1", "n": 1}, {"_key": "u2", "n": 2}]),
        ("users.*", ("n",), {"users": {"u1": 1}}, [1], [1]),
        ("users.*", ("_key",), {"users": {"u1": 1}}, [1], [{"_key": "u1", "value": 1}]),
        (
            "users.*",
            ("_key",),
            {"users": {"u1": "a", "u2": None}},
            ["a", None],
            [{"_key": "u1", "value": "a"}, {"_key": "u2", "value": None}],
        ),
        ("rooms.*[*]", ("_key", "value"), {"rooms": {"a": ["u1"]}}, ["u1"], [{"_key": "a", "value": "u1"}]),
        ("at.*[*]", ("n",), {"at": {"a": [{"n": 1}], "b": []}}, [{"n": 1}], [{"_key": "a", "n": 1}]),
        ("at.*.in.it[*]", ("n",), {"at": {"a": {"in": {"it": [{"n": 1}]}}}}, [{"n": 1}], [{"_key": "a", "n": 1}]),
        (
            "at.*.it[*]",
            ("n",),
            {"at": {"a": {"it": [{"n": 1}]}, "b": {}, "c": {"it": None}}},
            [{"n": 1}],
            [{"_key": "a", "n": 1}],
        ),
        ("*[*]", ("n",), {"a": [], "b": [{"n": 1}, 2]}, [{"n": 1}, 2], [{"_key": "b", "n": 1}, 2]),
    ],
)
def test_rows_become_objects(path: str, keys: Any, body: Any, rows: list[Any], expected: list[Any]) -> None:
    to_objects(path, keys, body, rows)
    assert rows == expected


def test_only_an_object_of_objects_or_of_plain_values_is_a_list_under_keys() -> None:
    assert is_keyed("users.*", KEYED)
    assert is_keyed("users.*", {"users": {}})
    assert not is_keyed("users.*", {"users": [1]})
    assert not is_keyed("users", KEYED)
    assert not is_keyed("users.*", {})
    assert is_keyed("users.*[*]", {"users": {"a": [], "b": [1]}})
    assert not is_keyed("users.*[*]", KEYED)
    assert not is_keyed("users.*", {"users": {"a": []}})
    assert is_keyed("rooms.*.timeline.events[*]", {"rooms": {"a": {"timeline": {"events": []}}}})
    assert is_keyed("rooms.*.timeline.events[*]", {"rooms": {}})
    assert is_keyed("rooms.*.timeline.events[*]", {"rooms": {"a": {"timeline": {"events": []}}, "b": {}}})
    assert not is_keyed("rooms.*.timeline.events[*]", {"rooms": {"a": {"timeline": {"events": {"n": 1}}}}})
    assert not is_keyed("rooms.*.timeline.events[*]", {"rooms": {"a": {}, "b": {}}})
    assert not is_keyed("rooms.*.timeline.events[*]", {"left": {}})
    assert is_keyed("rooms.*.events[*]", {"rooms": {"a": {"events": []}, "b": None}})
    assert is_keyed("rooms.*[*]", {"rooms": {"a": [], "b": None}})
    assert not is_keyed("rooms.*[*]", {"rooms": {"a": None}})
    assert not is_keyed("rooms.*", {"rooms": {"a": {}, "b": None}})
    assert is_keyed("rates.*", {"rates": {"EUR": 1.5, "USD": None}})
    assert not is_keyed("rates.*", {"rates": {"EUR": None}})
    assert not is_keyed("rates.*", {"rates": {"message": "try again"}})
    assert not is_keyed("*", {"EUR": 1.5, "USD": 1})


@pytest.mark.parametrize(
    ("held", "named"), [(KEYED["users"], 'write data_selector: "data\\.\\*"'), ({"n": 1}, "name in primary_key")]
)
def test_an_object_of_records_where_a_list_was_expected_is_named(held: Any, named: str) -> None:
    with pytest.raises(MendDescription, match=named):
        read(lambda asked: {"data": held}, {"type": "single_page"}, "data")


def test_plain_values_by_the_key_that_the_file_names_are_told_too() -> None:
    body = {"rates": {"EUR": 1.5}}
    assert selector_for_several("rates", ("_key",), body) == "rates.*"
    assert not selector_for_several("rates", ("id",), body)


@pytest.mark.parametrize("selector", ["*.status", "*.status.tasks"])
def test_a_field_of_records_by_their_keys_is_told_what_takes_the_records(selector: str) -> None:
    body = {name: {"status": {"state": "up", "tasks": {"n": 1}}} for name in ("a", "b")}
    assert selector_for_several(selector, ("_key",), body) == "*"


def test_lists_of_records_inside_a_list_are_told_what_takes_the_records() -> None:
    with pytest.raises(MendDescription, match='write data_selector: "users\\[\\*\\]\\[\\*\\]"; or'):
        read(lambda asked: {"users": [[{"id": 1}, {"id": 2}]]}, {"type": "single_page"}, "users")


def test_records_under_keys_load_with_their_keys(one_table: OneTable) -> None:
    def page(payload: Any, request: Any) -> Any:
        return {"data": KEYED["users"] if not request.offset else {}}

    one_table.sandbox.fault(Fault(api=API, rewrite=page))
    described = one_table.describe(primary_key="_key").resources_in_full["resource_name"]
    endpoint = {**described.endpoint.model_dump(exclude_unset=True), "data_selector": "data.*"}
    assert endpoint["path"] == "v1/resource"
    one_table.described["endpoint"] = endpoint
    assert one_table.sync().green
    assert one_table.rows("SELECT _key, n FROM resource_name ORDER BY n") == [
        {"_key": "u1", "n": 1},
        {"_key": "u2", "n": 2},
    ]


@pytest.mark.parametrize("selector", ["users,guests", "users|guests", "$[users,guests]", "$.users,guests[*]"])
def test_several_lists_that_are_spelled_as_in_other_tools_are_told_as_one_path(selector: str) -> None:
    body = {"users": [{"id": 1}], "guests": [], "count": 1}
    assert selector_for_several(selector, ("id",), body) == "$['users','guests'][*]"
