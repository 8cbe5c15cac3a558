"""Children of parents: every parent is asked for once, with its key encoded into the path."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets.description.api import Resource
from messaging_assets.description.parents import ListFields, bound_path, parent_of
from messaging_assets.foundation.failures import MendDescription

# Nothing but the test opens the file.
pytestmark = pytest.mark.usefixtures("open_database")


def _child(path: str, **endpoint: Any) -> Resource:
    return Resource.model_validate({"name": "messages", "endpoint": {"path": path, **endpoint}})


PARENT = Resource.model_validate({"name": "channels"})


def _passed(child: Resource, rows: list[Any]) -> list[Any]:
    """What is left of parents' records on their way to a child."""
    fields = ListFields("chat.messages", PARENT, child)
    for step in fields.steps:
        rows = [row for row in rows if step["filter"](row)] if "filter" in step else [step["map"](row) for row in rows]
    return rows


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

    rows = _passed(_child("channels/{resources.channels.id}/messages"), rows)

    assert rows[0]["__path__id"] == encoded
    assert rows[0]["id"] == key


def test_a_parent_that_comes_twice_is_asked_for_once() -> None:
    rows = [{"id": 1, "page": 1}, {"id": 2}, {"id": 1, "page": 2}]

    rows = _passed(_child("channels/{resources.channels.id}/messages"), rows)

    assert [row["id"] for row in rows] == [1, 2]


@pytest.mark.parametrize("field", ["{resources.channels.id:>3}", "{resources.channels.id!s}"])
def test_parents_that_differ_in_a_field_that_the_path_formats_are_all_kept(field: str) -> None:
    rows = [{"id": 1, "team": "a"}, {"id": 2, "team": "a"}, {"id": 1, "team": "a"}]

    rows = _passed(_child(f"teams/{{resources.channels.team}}/{field}"), rows)

    assert [row["id"] for row in rows] == [1, 2]


def test_parents_that_only_enter_parameters_are_all_kept() -> None:
    child = _child("messages", params={"channel": "{resources.channels.id}"})
    rows = [{"id": 1}, {"id": 2}]

    rows = _passed(child, rows)

    assert parent_of(child) == "channels"
    assert [row["id"] for row in rows] == [1, 2]


@pytest.mark.parametrize("key", [".", "..", ""])
def test_a_key_that_would_ask_for_another_address_is_refused(key: str) -> None:
    with pytest.raises(MendDescription, match="would ask for another address"):
        _passed(_child("messages/{resources.channels.id}"), [{"id": key}])


def test_an_empty_key_in_the_middle_of_a_path_is_fine() -> None:
    rows = [{"id": ""}]

    rows = _passed(_child("channels/{resources.channels.id}/messages"), rows)

    assert rows[0]["__path__id"] == ""


@pytest.mark.parametrize("record", [{}, {"id": None}, {"id": {"a": 1}}, {"id": [1]}])
def test_a_parent_without_its_key_is_refused(record: dict[str, Any]) -> None:
    with pytest.raises(MendDescription, match="has no 'id' to put into the path"):
        _passed(_child("channels/{resources.channels.id}/messages"), [record])


def test_dlts_other_spelling_of_a_parent_means_the_same() -> None:
    resolve = {"type": "resolve", "resource": "channels", "field": "id"}
    child = _child("channels/{channel}/messages", params={"channel": resolve, "limit": 5})

    assert parent_of(child) == "channels"
    assert bound_path(child.endpoint, "messages") == ("channels/{resources.channels.__path__id}/messages", {"limit": 5})


def test_a_fixed_parameter_in_the_path_is_encoded() -> None:
    child = _child("teams/{team}/messages", params={"team": "a/b"})

    assert bound_path(child.endpoint, "messages") == ("teams/a%2Fb/messages", {})


def test_a_truth_value_in_the_path_is_written_as_apis_write_it() -> None:
    child = _child("messages/archived-{archived}", params={"archived": True})
    assert bound_path(child.endpoint, "messages") == ("messages/archived-true", {})


def test_a_grandchild_can_use_a_field_that_its_parent_took_from_its_own_parent(known_sandbox: Any) -> None:
    from dagster import DagsterInstance, materialize

    from messaging_assets.assets.credentials import build_credentials
    from messaging_assets.assets.resource_asset import build_assets
    from messaging_assets.description.api import ApiDescription
    from messaging_assets.seams.dagster_dlt import DagsterDltResource

    del known_sandbox.rows("team_messaging", "channels")[3:]
    defaults = {
        "primary_key": "id",
        "write_disposition": "merge",
        "endpoint": {"data_selector": "data", "paginator": {"type": "offset", "limit": 100}},
    }
    api = ApiDescription.model_validate(
        {
            "name": "team_messaging",
            "client": {
                "base_url": "http://sandbox.invalid",
                "auth": {"type": "oauth2", "token_url": "http://x.invalid"},
            },
            "resource_defaults": defaults,
            "resources": [
                {"name": "channels", "endpoint": {"path": "v1/channels"}, "selected": False},
                {
                    "name": "messages",
                    "endpoint": {"path": "v1/channels/{resources.channels.id}/messages"},
                    "include_from_parent": ["id"],
                    "selected": False,
                },
                {"name": "again", "endpoint": {"path": "v1/channels/{resources.messages._channels_id}/messages"}},
            ],
        }
    )
    with DagsterInstance.ephemeral() as instance:
        result = materialize(
            build_assets(api),
            instance=instance,
            resources={"dlt": DagsterDltResource(), "team_messaging_credentials": build_credentials(api)},
            raise_on_error=False,
        )
    [event] = result.get_asset_materialization_events()

    assert result.success
    assert event.materialization.metadata["messaging_assets/rows_read"].value == sum(
        row["channel_id"] in {one["id"] for one in known_sandbox.rows("team_messaging", "channels")}
        for row in known_sandbox.rows("team_messaging", "messages")
    )


@pytest.mark.parametrize("row", [{"id": 1}, {"id": 1, "slug": None}], ids=["absent", "null"])
def test_a_parent_without_the_field_that_a_parameter_takes_is_told_of_in_a_sentence(row: dict[str, Any]) -> None:
    child = _child("messages", params={"channel": "{resources.channels.slug}"})

    with pytest.raises(
        MendDescription, match="has no 'slug' to put into the request; name a field that every parent has"
    ):
        _passed(child, [row])
