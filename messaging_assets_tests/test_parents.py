"""Children of parents: every parent is asked for once, with its key encoded into the path."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets.api_description import Resource
from messaging_assets.failures import MendDescription
from messaging_assets.parents import PathFields, bound_path, parent_of


def _child(path: str, **endpoint: Any) -> Resource:
    return Resource.model_validate({"name": "messages", "endpoint": {"path": path, **endpoint}})


PARENT = Resource.model_validate({"name": "channels"})


@pytest.mark.parametrize(
    ("key", "encoded"),
    [
        ("general", "general"),
        ("a/b c ü", "a%2Fb%20c%20%C3%BC"),
        ("{x}", "%7Bx%7D"),
        ("50%", "50%25"),
        (7, "7"),
        ("?#", "%3F%23"),
    ],
)
def test_a_parents_key_is_encoded_when_it_enters_the_path(key: Any, encoded: str) -> None:
    rows = [{"id": key}]

    PathFields("chat.messages", PARENT, _child("channels/{resources.channels.id}/messages"))(rows)

    assert rows[0]["__path__id"] == encoded
    assert rows[0]["id"] == key


def test_a_parent_that_comes_twice_is_asked_for_once() -> None:
    rows = [{"id": 1, "page": 1}, {"id": 2}, {"id": 1, "page": 2}]

    PathFields("chat.messages", PARENT, _child("channels/{resources.channels.id}/messages"))(rows)

    assert [row["id"] for row in rows] == [1, 2]


def test_parents_that_only_enter_parameters_are_all_kept() -> None:
    child = _child("messages", params={"channel": "{resources.channels.id}"})
    rows = [{"id": 1}, {"id": 2}]

    PathFields("chat.messages", PARENT, child)(rows)

    assert parent_of(child) == "channels"
    assert [row["id"] for row in rows] == [1, 2]


@pytest.mark.parametrize("key", [".", "..", ""])
def test_a_key_that_would_ask_for_another_address_is_refused(key: str) -> None:
    with pytest.raises(MendDescription, match="would ask for another address"):
        PathFields("chat.messages", PARENT, _child("messages/{resources.channels.id}"))([{"id": key}])


def test_an_empty_key_in_the_middle_of_a_path_is_fine() -> None:
    rows = [{"id": ""}]

    PathFields("chat.messages", PARENT, _child("channels/{resources.channels.id}/messages"))(rows)

    assert rows[0]["__path__id"] == ""


@pytest.mark.parametrize("record", [{}, {"id": None}, {"id": {"a": 1}}, {"id": [1]}])
def test_a_parent_without_its_key_is_refused(record: dict[str, Any]) -> None:
    with pytest.raises(MendDescription, match="has no 'id' to put into the path"):
        PathFields("chat.messages", PARENT, _child("channels/{resources.channels.id}/messages"))([record])


def test_dlts_other_spelling_of_a_parent_means_the_same() -> None:
    resolve = {"type": "resolve", "resource": "channels", "field": "id"}
    child = _child("channels/{channel}/messages", params={"channel": resolve, "limit": 5})

    assert parent_of(child) == "channels"
    assert bound_path(child.endpoint, "messages") == ("channels/{resources.channels.__path__id}/messages", {"limit": 5})


def test_a_fixed_parameter_in_the_path_is_encoded() -> None:
    child = _child("teams/{team}/messages", params={"team": "a/b"})

    assert bound_path(child.endpoint, "messages") == ("teams/a%2Fb/messages", {})
