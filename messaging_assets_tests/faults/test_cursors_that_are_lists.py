"""A cursor of an answer that is a list or an object: the next JSON body takes it as it came, others take it as JSON."""

from __future__ import annotations

import json
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest

from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.foundation.folders import settle_environment
from messaging_assets.reading.cursors.marks import filled
from messaging_assets.sandbox import Fault
from messaging_assets_tests.faults.one_list import synced, tables
from messaging_assets_tests.lists_of_parents import list_fields
from messaging_assets_tests.one_table import OneTable
from messaging_assets_tests.threaded_server import Handler, answering

PLACE = "{incremental.start_value}"


@pytest.mark.parametrize("position", [lambda at: [at, "x"], lambda at: {"at": at}], ids=["a list", "an object"])
@pytest.mark.parametrize("part", ["json", "params"])
def test_the_next_sync_goes_on_where_the_last_answer_ended(one_table: OneTable, position: Any, part: str) -> None:
    rows, asked = [{"id": number} for number in range(5)], list[Any]()

    def page(payload: Any, request: Any) -> Any:
        sent = (json.loads(request.body) if request.body else {}).get("from") if part == "json" else None
        sent = json.loads(request.query["from"]) if "from" in request.query else sent
        asked.append(sent)
        start = 0 if sent is None else sent["at"] if isinstance(sent, dict) else sent[0]
        return {"data": rows[start:], "position": position(len(rows))}

    one_table.sandbox.fault(Fault(api="generic_rest", resource="resource_name", rewrite=page))
    endpoint = {
        "path": "v1/resource",
        "method": "POST" if part == "json" else "GET",
        part: {"from": PLACE},
        "data_selector": "data",
        "paginator": {"type": "single_page"},
        "incremental": {"cursor_path": "position", "cursor_in": "answer"},
    }

    for more in ([], [{"id": 5}, {"id": 6}], []):
        rows += more
        synced = one_table.sync(endpoint=endpoint, write_disposition="append")
        assert synced.error == ""
        assert [row["id"] for row in one_table.rows()] == [row["id"] for row in rows]

    assert asked == [None, position(5), position(7)]


class _Form(Handler):
    asked: list[Any]

    def do_POST(self) -> None:
        """Answer with what is newer than the form says."""
        sent = parse_qs(self.body().decode()).get("from", [None])[0]
        self.asked.append(sent and json.loads(sent))
        start = json.loads(sent)["at"] if sent else 0
        self.reply(200, {"data": [{"id": number} for number in range(start, 3)], "position": {"at": 3}})


@pytest.mark.parametrize("body", [{"from": PLACE}, f"from={PLACE}"], ids=["a form", "a text"])
def test_a_form_takes_an_object_as_json(open_database: None, body: Any) -> None:
    _Form.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Form)
    endpoint = {"method": "POST", "data": body, "data_selector": "data", "paginator": "single_page"}
    endpoint["incremental"] = {"cursor_path": "position", "cursor_in": "answer"}
    resource = {"name": "parts", "endpoint": endpoint, "write_disposition": "append"}
    client = {"base_url": f"http://127.0.0.1:{server.server_port}"}
    with answering(server):
        for _ in range(2):
            synced(ApiDescription.model_validate({"name": "forms", "client": client, "resources": [resource]}), "parts")

    assert _Form.asked == [None, {"at": 3}]
    assert [row["id"] for row in tables(settle_environment(), "forms", "parts")[0]] == [0, 1, 2]


def test_a_list_inside_a_text_is_written_as_json() -> None:
    assert filled({"q": f"after={PLACE}", "alone": PLACE}, {"start_value": ["é", 1]}) == {
        "q": 'after=["é",1]',
        "alone": ["é", 1],
    }


def test_the_request_of_a_child_takes_no_list() -> None:
    child = Resource.model_validate({"name": "parts", "endpoint": {"path": "{resources.series.id}"}})
    fields, _ = list_fields(child, "series", {"start_value": [4]})

    with pytest.raises(MendDescription, match="let cursor_path lead to a text in it"):
        fields.with_fields({"id": 1})
