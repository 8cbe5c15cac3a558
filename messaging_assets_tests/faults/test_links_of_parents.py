"""A child whose parent's record holds its address: it is asked for as it is, and nowhere but at the API."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.reading.list_fields import ListFields
from messaging_assets.reading.receipt import Receipt
from messaging_assets.rows.steps import functions_of
from messaging_assets_tests.faults.one_list import AT_ONCE, OneList, Outcome
from messaging_assets_tests.lists_of_parents import list_fields


def synced(one_list: OneList, link: str) -> Outcome:
    """A child at its parent's link, which the one record of the parent holds."""

    def answer(payload: Any, request: Any) -> dict[str, Any]:
        series = request.query.get("series")
        return {"data": [{"id": f"of {series}"}] if series else [{"id": "1", "uri": link}]}

    one_list.fault(rewrite=answer)
    shared = {"data_selector": "data", "paginator": "single_page", "error_handler": AT_ONCE}
    resources = [
        {"name": "messages", "endpoint": {"path": "messages", **shared}},
        {"name": "details", "endpoint": {"path": "{resources.messages.uri}", **shared}, "primary_key": "id"},
    ]
    client = {"base_url": f"{one_list.sandbox.url}/{one_list.api}/v1", **one_list.client}
    whole = {"name": one_list.api, "client": client, "resources": resources}
    return one_list.run(ApiDescription.model_validate(whole), "details")


@pytest.mark.sampled
@pytest.mark.parametrize("origin", ["the API's", ""], ids=["absolute", "relative"])
def test_a_child_is_asked_for_at_its_parents_own_link(one_list: OneList, origin: str) -> None:
    outcome = synced(one_list, f"{origin and one_list.sandbox.url}/messaging/v1/messages?series=8%2F9")
    assert (outcome.sentence, outcome.ids) == ("", ["of 8/9"])


@pytest.mark.sampled
@pytest.mark.parametrize("key", ["a", "a/b", "#a", "a?b=c", "a&b", "50%"])
def test_a_link_that_the_file_makes_of_a_key_asks_for_that_keys_list(one_list: OneList, key: str) -> None:
    def answer(payload: Any, request: Any) -> dict[str, Any]:
        series = request.query.get("series")
        return {"data": [{"id": f"of {series}"}] if series else [{"id": key}]}

    one_list.fault(rewrite=answer)
    shared = {"data_selector": "data", "paginator": "single_page", "error_handler": AT_ONCE}
    made = {"template": {"made": "/messaging/v1/messages?series={id}", "shown": "/{id}"}}
    steps = [made, {"rename": {"made": "uri"}}]
    resources = [
        {"name": "messages", "endpoint": {"path": "messages", **shared}, "steps": steps},
        {"name": "details", "endpoint": {"path": "{resources.messages.uri}", **shared}, "primary_key": "id"},
    ]
    client = {"base_url": f"{one_list.sandbox.url}/{one_list.api}/v1", **one_list.client}
    whole = ApiDescription.model_validate({"name": one_list.api, "client": client, "resources": resources})
    outcome = one_list.run(whole, "details")
    assert (outcome.sentence, outcome.ids) == ("", [f"of {key}"])
    assert one_list.run(whole, "messages").table[0]["shown"] == f"/{key}"


@pytest.mark.parametrize(
    ("template", "link"),
    [
        ("/rooms/{id}/items", "/rooms/a/b%3Fc%23d&e/items"),
        ("/items?room={id}&at={at}", "/items?room=a%2Fb%3Fc%23d%26e&at=5"),
        ("{self}/{id}", "https://api.example.com/x?y=1/a/b%3Fc%23d&e"),
        # No address but a key, which is one segment of the child's path.
        ("{at}|{id}", "5|a/b?c#d&e"),
    ],
)
def test_in_a_link_that_the_file_makes_a_value_ends_no_path(template: str, link: str) -> None:
    steps = [{"template": {"link": template}}]
    resource = Resource.model_validate({"name": "rooms", "steps": steps})
    fits, step = functions_of(resource, "rooms", (), links=["link"])
    row = {"id": "a/b?c#d&e", "at": 5, "self": "https://api.example.com/x?y=1"}
    assert fits["filter"](row)
    assert step["map"](row)["link"] == link


@pytest.mark.sampled
@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.1:9/steal",
        "https://user:word@example.com/x",
        "//127.0.0.1:9/steal",
    ],
)
def test_a_link_to_another_origin_is_red_and_nothing_is_sent(one_list: OneList, link: str) -> None:
    outcome = synced(one_list, link)
    assert isinstance(outcome.failure, MendDescription)
    assert "another origin" in outcome.sentence
    assert "word" not in outcome.sentence
    assert len(outcome.requests) == 1


@pytest.mark.parametrize(
    ("path", "value", "taken"),
    [
        ("{resources.series.uri}", "https://api.example.com/a?b=c", "https://api.example.com/a?b=c"),
        ("{resources.series.uri}/parts", "https://api.example.com/a", "https://api.example.com/a"),
        ("of/{resources.series.uri}", "https://api.example.com/a", "https%3A%2F%2Fapi.example.com%2Fa"),
        ("{resources.series.uri}", "/v1/a?b=c", "https://api.example.com/v1/a?b=c"),
        ("{resources.series.uri}/parts", "/a", "https://api.example.com/a"),
        ("of/{resources.series.uri}", "/a", "%2Fa"),
        ("{resources.series.uri}", "a/b", "a%2Fb"),
    ],
)
def test_only_an_address_with_which_the_path_begins_is_one(path: str, value: str, taken: str) -> None:
    fields = _fields(path)
    assert fields.with_fields({"uri": value})["__path__uri"] == taken


@pytest.mark.parametrize(
    ("value", "is_asked"),
    [
        ("/admin/../x", False),
        ("/admin/%2e%2E/x", False),
        ("https://api.example.com/v1/./x?a=b", True),
        ("/admin/..", False),
        ("/v1/a..b/.c?path=../d", True),
        ("/v1/a#/../b", True),
        ("/v1/a%2F..%2Fb", True),
        ("/admin/a/b%23c", True),
    ],
)
def test_a_link_that_steps_to_another_address_is_left_out_and_told(value: str, is_asked: bool) -> None:
    fields, receipt = _fields_and_receipt("{resources.series.uri}")
    assert fields.is_new({"uri": value}) == is_asked
    assert ("an address with dots for a step" in str(receipt)) != is_asked


def test_a_key_with_slashes_is_one_segment_and_so_encoded_in_a_link_asks_for_itself() -> None:
    keys = ["a/b", "a/b#c", "a/b?d"]
    made = [_fields("/admin/{resources.series.uri}").with_fields({"uri": key})["__path__uri"] for key in keys]
    assert made == ["a%2Fb", "a%2Fb%23c", "a%2Fb%3Fd"]
    made = [_fields("{resources.series.uri}").with_fields({"uri": f"/{quote(key)}"})["__path__uri"] for key in keys]
    assert made == [f"https://api.example.com/{path}" for path in ("a/b", "a/b%23c", "a/b%3Fd")]


def test_nothing_is_added_to_an_address_with_parameters() -> None:
    with pytest.raises(MendDescription, match="let it be the whole path"):
        _fields("{resources.series.uri}/parts").with_fields({"uri": "https://api.example.com/a?b=c"})


def _fields(path: str) -> ListFields:
    return _fields_and_receipt(path)[0]


def _fields_and_receipt(path: str) -> tuple[ListFields, Receipt]:
    child = Resource.model_validate({"name": "parts", "endpoint": {"path": path}})
    return list_fields(child, "series", base_url="https://api.example.com/v1")
