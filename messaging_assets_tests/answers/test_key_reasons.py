"""Why a record is set aside is said so that a file can mend it: both fields by name, and what a key really is."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets.answers.field_names import FieldReason
from messaging_assets.answers.record_keys import keys_of, why_no_key
from messaging_assets.files.api_files import InvalidDescription, describe
from messaging_assets_tests.one_table import OneTable


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (("+1", "-1"), "+1, -1"),
        (("👍", "👎"), "👍, 👎"),
        (("24h", "2xx"), "24h, 2xx"),
        (("+4915112345678", "a@b.de"), "(a name that may be a value), (a name that may be a value)"),
        (("Grace Hopper", "123456"), "(a name that may be a value), (a name that may be a value)"),
    ],
)
def test_short_names_are_shown_and_names_that_may_be_values_are_not(names: tuple[str, str], shown: str) -> None:
    assert FieldReason("two fields for one column", *names).fields == shown


@pytest.mark.parametrize(
    ("row", "names", "reason"),
    [
        ({"v": 1}, ("id",), "no id"),
        ({"id": None}, ("id",), "no id"),
        ({"id": {"x": 1}}, ("id",), "id is an object, and a key is one value"),
        ({"a": 1, "id": [3]}, ("a", "id"), "id is a list, and a key is one value"),
        ({"meta": {"id": 1}}, ("meta.id",), "no meta.id, which stands inside another field (steps: copy)"),
        ({"meta": {"id": 1}}, ("meta__id",), "no meta__id, which stands inside another field (steps: copy)"),
        ({"meta": {}}, ("meta.id",), "no meta.id"),
    ],
)
def test_a_record_without_a_key_says_what_stands_there(row: Any, names: tuple[str, ...], reason: str) -> None:
    assert why_no_key(row, names) == reason
    assert list(keys_of([row], names)[1].values()) == [reason]


def described(**resource: Any) -> None:
    endpoint = {"path": "/users"}
    resource = {"name": "users", "endpoint": endpoint, "write_disposition": "merge", **resource}
    describe({"client": {"base_url": "https://api.example.com"}, "resources": [resource]}, "chat")


@pytest.mark.parametrize("key", ["meta.id", "$.meta.id", ["kind", "meta.id"]])
def test_a_path_for_a_key_is_told_what_to_write(key: Any) -> None:
    with pytest.raises(InvalidDescription, match=r"steps: \[\{copy: \{meta_id: meta.id\}\}\], and write meta_id"):
        described(primary_key=key)


@pytest.mark.parametrize(
    "resource",
    [
        {"primary_key": "meta_id", "steps": [{"copy": {"meta_id": "meta.id"}}]},
        {"primary_key": "meta.id", "columns": {"meta.id": {"data_type": "text"}}},
        {"primary_key": "meta.id", "steps": [{"rename": {"key": "meta.id"}}]},
    ],
)
def test_a_key_that_is_copied_or_has_a_dot_of_its_own_is_let_through(resource: dict[str, Any]) -> None:
    described(**resource)


def test_a_key_inside_another_field_is_copied_and_two_fields_of_one_column_are_renamed(one_table: OneTable) -> None:
    rows = [{"meta": {"id": at}, "👍": at, "👎": 2} for at in range(3)]
    refused = one_table.sync(rows, primary_key="meta_id", steps=[{"copy": {"meta_id": "meta.id"}}])
    assert "👍, 👎" in refused.error
    steps = [{"copy": {"meta_id": "meta.id"}}, {"rename": {"👍": "up", "👎": "down"}}]
    assert one_table.sync(rows, steps=steps).green
    found = one_table.rows("SELECT meta_id, up, down FROM resource_name ORDER BY meta_id")
    assert found == [{"meta_id": at, "up": at, "down": 2} for at in range(3)]
