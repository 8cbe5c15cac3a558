"""Children of parents: every parent is asked for once, with its key encoded into the path."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.description.parents import bound_path, parents_of
from messaging_assets_tests.lists_of_parents import list_fields, passed
from messaging_assets_tests.one_step import alone
from messaging_assets_tests.one_table import RESOURCE, OneTable
from messaging_assets_tests.raw_server import RawServer, answer

# Nothing but the test opens the file.
pytestmark = pytest.mark.usefixtures("open_database")


def _child(path: str, **endpoint: Any) -> Resource:
    return Resource.model_validate({"name": "messages", "endpoint": {"path": path, **endpoint}})


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

    rows = passed(_child("channels/{resources.channels.id}/messages"), rows)

    assert rows[0]["__path__id"] == encoded
    assert rows[0]["id"] == key


def test_a_parent_that_comes_twice_is_asked_for_once() -> None:
    rows = [{"id": 1, "page": 1}, {"id": 2}, {"id": 1, "page": 2}]

    rows = passed(_child("channels/{resources.channels.id}/messages"), rows)

    assert [row["id"] for row in rows] == [1, 2]


@pytest.mark.parametrize("field", ["{resources.channels.id:>3}", "{resources.channels.id!s}"])
def test_parents_that_differ_in_a_field_that_the_path_formats_are_all_kept(field: str) -> None:
    rows = [{"id": 1, "team": "a"}, {"id": 2, "team": "a"}, {"id": 1, "team": "a"}]

    rows = passed(_child(f"teams/{{resources.channels.team}}/{field}"), rows)

    assert [row["id"] for row in rows] == [1, 2]


def test_parents_that_only_enter_parameters_are_all_kept() -> None:
    child = _child("messages", params={"channel": "{resources.channels.id}"})
    rows = [{"id": 1}, {"id": 2}]

    rows = passed(child, rows)

    assert parents_of(child) == ("channels",)
    assert [row["id"] for row in rows] == [1, 2]


@pytest.mark.parametrize("key", [".", "..", "", " "])
@pytest.mark.parametrize("path", ["messages/{resources.channels.id}", "channels/{resources.channels.id}/messages"])
def test_a_parent_whose_key_would_ask_for_another_address_is_left_out_and_the_others_are_asked(
    key: str, path: str
) -> None:
    fields, receipt = list_fields(_child(path))

    rows = [row for row in [{"id": "a"}, {"id": key}, {"id": "b/.."}] if fields.is_new(row)]

    assert [fields.with_fields(row)["__path__id"] for row in rows] == ["a", "b%2F.."]
    assert receipt.parents_left_out == 1
    assert "would ask for another address" in receipt.finding.reason


@pytest.mark.parametrize("key", ["..", ""])
def test_a_key_that_is_only_a_part_of_a_segment_may_be_anything(key: str) -> None:
    rows = passed(_child("channels/channel-{resources.channels.id}/messages"), [{"id": key}])

    assert rows[0]["__path__id"] == key


@pytest.mark.parametrize("record", [{}, {"id": None}, {"id": {"a": 1}}, {"id": [1]}])
@pytest.mark.parametrize("id_", ["id", "profile.id"])
def test_a_parent_without_its_key_is_left_out_and_the_others_are_asked(record: dict[str, Any], id_: str) -> None:
    fields, receipt = list_fields(_child(f"channels/{{resources.channels.{id_}}}/messages"))
    rows = [{"profile": row} if "." in id_ else row for row in ({"id": 7}, record)]

    assert [fields.is_new(row) for row in rows] == [True, False]
    assert receipt.parents_left_out == 1
    assert f"'{id_}'" in receipt.finding.reason


def test_fields_whose_names_differ_by_a_sign_alone_are_two() -> None:
    [row] = passed(_child("of/{resources.channels.a.b}/{resources.channels.a_b}"), [{"a": {"b": 1}, "a_b": 2}])

    assert sorted(value for name, value in row.items() if name.startswith("__path__")) == ["1", "2"]


def test_dlts_other_spelling_of_a_parent_means_the_same() -> None:
    resolve = {"type": "resolve", "resource": "channels", "field": "id"}
    child = _child("channels/{channel}/messages", params={"channel": resolve, "limit": 5})

    assert parents_of(child) == ("channels",)
    assert bound_path(child) == ("channels/{resources.channels.__path__id}/messages", {"limit": 5})


def test_a_fixed_parameter_in_the_path_is_encoded() -> None:
    child = _child("teams/{team}/messages", params={"team": "a/b"})

    assert bound_path(child) == ("teams/a%2Fb/messages", {})


def test_a_truth_value_in_the_path_is_written_as_apis_write_it() -> None:
    child = _child("messages/archived-{archived}", params={"archived": True})
    assert bound_path(child) == ("messages/archived-true", {})


def test_a_grandchild_can_use_a_field_that_its_parent_took_from_its_own_parent(known_sandbox: Any) -> None:
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
    done = alone(api, "again")

    assert done.green
    assert done.receipt["rows_read"] == sum(
        row["channel_id"] in {one["id"] for one in known_sandbox.rows("team_messaging", "channels")}
        for row in known_sandbox.rows("team_messaging", "messages")
    )


@pytest.mark.parametrize("row", [{"id": 1}, {"id": 1, "slug": None}], ids=["absent", "null"])
def test_a_parent_without_the_field_that_a_parameter_takes_is_left_out(row: dict[str, Any]) -> None:
    child = _child("messages", params={"channel": "{resources.channels.slug}"})

    assert [one["slug"] for one in passed(child, [row, {"id": 2, "slug": "b"}])] == ["b"]


def test_a_parent_without_an_address_of_its_own_leaves_the_lists_of_the_others_as_they_are(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def talk(connection: Any, path: str, number: int) -> None:
        parents = [{"id": key} for key in ("x", "", "..", "a/b")]
        rows = parents if path.startswith("/c?") or path == "/c" else [{"id": path.partition("?")[0]}]
        connection.sendall(answer({"data": rows}))

    endpoint = {"data_selector": "data", "paginator": "single_page", "error_handler": {"max_retries": 0}}
    described = one_table.describe().model_dump(exclude_unset=True)
    described["resources"] = [
        {"name": "c", "primary_key": "id", "endpoint": {"path": "/c", **endpoint}},
        {"name": RESOURCE, "primary_key": "id", "endpoint": {"path": "/c/{resources.c.id}/m", **endpoint}},
    ]
    monkeypatch.setattr(one_table, "describe", lambda **more: ApiDescription.model_validate(described))
    with RawServer(talk) as server:
        monkeypatch.setenv("GENERIC_REST__BASE_URL", server.url)
        synced = one_table.sync()
        asked = {head.split()[1].partition("?")[0] for head in server.asked}
    assert synced.green
    assert synced.receipt["verdict"] == "unknown"
    assert synced.receipt["parents_left_out"] == 2
    assert "'id' is empty or made of dots" in synced.receipt["verdict_reason"]
    assert asked == {"/c", "/c/x/m", "/c/a%2Fb/m"}
