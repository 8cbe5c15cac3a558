"""Parents' fields that are no text, as each part of a child's request takes them."""

from __future__ import annotations

from http.server import HTTPServer
from typing import Any

import pytest

from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets_tests.lists_of_parents import list_fields
from messaging_assets_tests.one_step import alone
from messaging_assets_tests.one_table import OneTable
from messaging_assets_tests.threaded_server import Handler, answering

ACTIVE, TAGS = "{resources.channels.active}", "{resources.channels.tags}"


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        ({"data": {"of": ACTIVE, "all": True}}, "of=true&all=true"),
        ({"json": {"of": ACTIVE, "tags": TAGS, "so": f"is:{ACTIVE}"}}, '{"of": true, "tags": ["a"], "so": "is:true"}'),
    ],
    ids=["form", "json"],
)
def test_a_truth_value_is_written_small_and_json_keeps_it(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch, body: dict[str, Any], sent: str
) -> None:
    asked: list[tuple[Any, ...]] = []

    class Api(Handler):
        def do_GET(self) -> None:
            self.reply(200, {"data": [{"id": 1, "active": True, "tags": ["a"]}]})

        def do_POST(self) -> None:
            asked.append((self.path, self.headers["X-Of"], self.body().decode()))
            self.do_GET()

    request = {"path": f"messages/{ACTIVE}", "params": {"of": ACTIVE}, "headers": {"X-Of": ACTIVE}, "method": "POST"}
    description: dict[str, Any] = {
        "name": "generic_rest",
        "client": {"base_url": "http://sandbox.invalid"},
        "resource_defaults": {"endpoint": {"data_selector": "data", "paginator": "single_page"}},
        "resources": [{"name": "channels", "selected": False}, {"name": "messages", "endpoint": {**request, **body}}],
    }
    server = HTTPServer(("127.0.0.1", 0), Api)
    with answering(server):
        monkeypatch.setenv("GENERIC_REST__BASE_URL", f"http://127.0.0.1:{server.server_port}")
        done = alone(ApiDescription.model_validate(description), "messages")

    assert (done.error, done.receipt["rows_loaded"]) == ("", 1)
    assert asked == [("/messages/true?of=true", "true", sent)]


@pytest.mark.parametrize(
    ("endpoint", "is_taken"),
    [({"json": {"tags": TAGS}}, True), ({"json": {"q": f"in:{TAGS}"}}, False), ({"params": {"tags": TAGS}}, False)],
    ids=["a value of json", "a part of a text", "a parameter"],
)
def test_a_list_or_object_goes_into_no_text(endpoint: dict[str, Any], is_taken: bool) -> None:
    child = Resource.model_validate({"name": "messages", "endpoint": {"path": "messages", **endpoint}})
    fields, receipt = list_fields(child)

    assert fields.is_new({"id": 1, "tags": ["a"]}) is is_taken
    reason = "its 'tags' is a list, which nothing but a value of a JSON body can take"
    assert (reason in receipt.finding.reason) is not is_taken


@pytest.mark.parametrize(
    ("value", "is_taken"),
    [
        ("plain", True),
        ("é", True),
        (7, True),
        ("", True),
        ("日本", False),
        ("a\nb", False),
        ("a\x00b", False),
        (" a", False),
    ],
)
def test_a_parent_whose_value_no_header_takes_is_left_out_and_told(value: Any, is_taken: bool) -> None:
    endpoint = {"path": "messages", "headers": {"X-Of": "{resources.channels.name}"}}
    fields, receipt = list_fields(Resource.model_validate({"name": "messages", "endpoint": endpoint}))

    assert fields.is_new({"id": 1, "name": value}) is is_taken
    reason = "its 'name' has a character that no header takes, or a blank at its ends"
    assert (reason in receipt.finding.reason) is not is_taken
    elsewhere = Resource.model_validate({"name": "messages", "endpoint": {**endpoint, "headers": {}}})
    assert list_fields(elsewhere)[0].is_new({"id": 1, "name": value})
