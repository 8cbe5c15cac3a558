"""An API that says at the end of a list where the next sync begins, by a link as it is."""

from __future__ import annotations

import base64
import json
import zlib
from datetime import datetime, timezone
from typing import Any

import pytest

from messaging_assets.description.api import Incremental
from messaging_assets.files.api_files import describe
from messaging_assets.files.rules.mistakes import InvalidDescription
from messaging_assets.foundation.redaction import Redaction
from messaging_assets.http.session import ApiSession
from messaging_assets.orchestration.automation.fingerprint import LAST_CURSOR, Probe
from messaging_assets.reading.cursors.answer import IN_ANSWER
from messaging_assets.reading.cursors.mark import held_back, is_of_other_place, mark_at
from messaging_assets.reading.cursors.marks import CursorMarks
from messaging_assets.reading.cursors.order import order_of
from messaging_assets_tests.one_table import OneTable
from messaging_assets_tests.raw_server import RawServer, answer

ENDPOINT: dict[str, Any] = {
    "path": "/users/delta",
    "params": {"$select": "id,name"},
    "data_selector": "value",
    "paginator": {"type": "json_link", "next_url_path": "'@odata.nextLink'"},
    "incremental": {"cursor_path": "'@odata.deltaLink'", "cursor_in": "link"},
    "response_actions": [{"status_code": 410, "action": "restart"}],
}


class Changes:
    """An API with changes: a list on two pages, then what is new behind a link, which it forgets one day."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.is_forgotten = False
        self.url = ""

    def __call__(self, connection: Any, path: str, number: int) -> None:
        self.asked.append(path.partition("&api_key")[0])
        key = path.rpartition("api_key=")[2]
        begin = f"{self.url}/users/delta(token='"
        if "token=" not in path and "skip=" not in path:
            body = {"value": [{"id": 1, "name": "a"}], "@odata.nextLink": f"{self.url}/users/delta?skip=1"}
        elif "skip=" in path:
            body = {"value": [{"id": 2, "name": "b"}], "@odata.deltaLink": f"{begin}one')?top=5&api_key={key}"}
        elif self.is_forgotten:
            self.is_forgotten = False
            connection.sendall(answer({"error": "resyncRequired"}, status="410 Gone"))
            return
        else:
            body = {"value": [{"id": 1, "name": "new"}], "@odata.deltaLink": f"{begin}two')?top=5&api_key={key}"}
        connection.sendall(answer(body))


def test_a_sync_begins_at_the_link_that_the_last_one_was_given(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = Changes()
    with RawServer(changes) as server:
        changes.url = server.url
        monkeypatch.setenv("GENERIC_REST__BASE_URL", server.url)
        first, second = one_table.sync(endpoint=ENDPOINT), one_table.sync()
        changes.is_forgotten = True
        third = one_table.sync()
    assert (first.green, second.green, third.green) == (True, True, True)
    begin = ["/users/delta?%24select=id%2Cname", "/users/delta?skip=1"]
    assert changes.asked == [
        *begin,
        "/users/delta(token='one')?top=5",
        "/users/delta(token='two')?top=5",
        *begin,
    ]
    assert [row["name"] for row in one_table.rows()] == ["a", "b"]
    assert "read from its beginning" in third.receipt["verdict_reason"]
    # What the API wrote of the key into its link is in no table.
    [*states] = one_table.rows("SELECT state FROM _dlt_pipeline_state", own_only=False)
    told = [json.loads(zlib.decompress(base64.b64decode(one["state"]))) for one in states]
    assert any("token='one')?top=5" in str(one) for one in told)
    assert "api_key" not in str(told)


def test_an_append_is_red_where_its_link_is_forgotten(one_table: OneTable, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = Changes()
    with RawServer(changes) as server:
        changes.url = server.url
        monkeypatch.setenv("GENERIC_REST__BASE_URL", server.url)
        one_table.sync(endpoint=ENDPOINT, write_disposition="append")
        changes.is_forgotten = True
        synced = one_table.sync()
    assert not synced.green
    assert "answered status 410, which response_actions take for a token that it has forgotten" in synced.error
    assert "run it with full_refresh" in synced.error
    assert len(one_table.rows()) == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"start_param": "token"}, "a link is asked for as it came, so start_param has no place in it"),
        ({"lag": 60}, "so lag has no place in it"),
        ({"step": "P1D", "initial_value": "-30d"}, "so initial_value has no place in it"),
    ],
    ids=str,
)
def test_a_link_is_asked_for_as_it_came(words: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidDescription, match=message):
        _describe({"incremental": {"cursor_path": "next", "cursor_in": "link", **words}})


def test_a_link_begins_one_list_alone() -> None:
    with pytest.raises(InvalidDescription, match="write answer, and start_param for its parameter"):
        _describe({"incremental": {"cursor_path": "next", "cursor_in": "link"}, "path": "/a/{for_each.name}"})


def _describe(endpoint: dict[str, Any]) -> None:
    resource = {"name": "messages", "endpoint": endpoint, "for_each": {"name": ["a"]}}
    describe({"client": {"base_url": "https://api.example.com"}, "resources": [resource]}, "chat")


class Pages:
    """An API whose answers a test gives by number; its addresses are noted without the key."""

    def __init__(self, *bodies: Any) -> None:
        self.bodies, self.asked = bodies, list[str]()

    def __call__(self, connection: Any, path: str, number: int) -> None:
        self.asked.append(path.replace("?api_key", "&api_key").partition("&api_key")[0])
        body = self.bodies[min(len(self.asked), len(self.bodies)) - 1]
        connection.sendall(answer({}, status="410 Gone") if body is None else answer(body))


def incremental(**words: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {"path": "/users/delta", "data_selector": "value", "paginator": ENDPOINT["paginator"]}
    actions = ENDPOINT["response_actions"]
    return {**plain, "incremental": {"cursor_path": "at", **words}, "response_actions": actions}


def test_a_link_without_a_path_begins_at_the_address_of_its_list(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = Pages({"value": [{"id": 1}], "at": "?token=one"})
    with RawServer(pages) as server:
        monkeypatch.setenv("GENERIC_REST__BASE_URL", server.url)
        assert one_table.sync(endpoint=incremental(cursor_in="link")).green
        assert one_table.sync().green
    assert pages.asked == ["/users/delta", "/users/delta?token=one"]


@pytest.mark.sampled
@pytest.mark.parametrize("is_append", [False, True], ids=["merge", "append"])
def test_a_mark_of_another_place_is_no_link_and_a_link_is_no_token(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch, is_append: bool
) -> None:
    pages = Pages({"value": [{"id": 1, "at": 7}], "at": "seven"})
    ways = [{"cursor_in": "link"}, {"cursor_in": "record", "start_param": "since"}]
    with RawServer(pages) as server:
        monkeypatch.setenv("GENERIC_REST__BASE_URL", server.url)
        first = incremental(cursor_in="answer", start_param="since")
        one_table.sync(endpoint=first, write_disposition="append" if is_append else "merge")
        for way in ways[: 1 if is_append else 2]:
            synced = one_table.sync(endpoint=incremental(**way))
            assert synced.green is not is_append
            told = synced.error if is_append else synced.receipt["verdict_reason"]
            assert "cursor_in of the file is another than before" in told
            assert "keep_mark" not in told
    assert set(pages.asked) == {"/users/delta"}


def test_a_first_read_in_doubt_leaves_a_mark_that_is_no_link_yet() -> None:
    own = Incremental(cursor_path="at", cursor_in="link")
    held = held_back(
        own, order_of(own, datetime.now(timezone.utc)), mark_at(own, "/a?token=one") | {IN_ANSWER: "link"}, None
    )
    assert CursorMarks("chat.users", own, ("id",), {"": held}).link is None
    assert not is_of_other_place(own, held)


def test_a_link_that_is_forgotten_on_its_second_page_is_begun_anew(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = {"value": [{"id": 3}], "at": "/users/delta?token=two"}
    pages = Pages(
        {"value": [{"id": 1}], "at": "/users/delta?token=one"},
        {"value": [{"id": 2}], "@odata.nextLink": "/users/delta?skip=1"},
        None,
        last,
    )
    with RawServer(pages) as server:
        monkeypatch.setenv("GENERIC_REST__BASE_URL", server.url)
        assert one_table.sync(endpoint=incremental(cursor_in="link")).green
        second = one_table.sync()
    assert second.green, second.error
    assert pages.asked[1:] == ["/users/delta?token=one", "/users/delta?skip=1", "/users/delta"]
    assert "read from its beginning" in second.receipt["verdict_reason"]
    assert [row["id"] for row in one_table.rows()] == [1, 3]


@pytest.mark.sampled
@pytest.mark.parametrize("way", [{"cursor_in": "link"}, {"cursor_in": "answer", "start_param": "since"}], ids=str)
def test_rows_are_appended_only_where_an_answer_says_where_the_next_sync_begins(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch, way: dict[str, Any]
) -> None:
    pages = Pages({"value": [{"id": 1}], "at": "/users/delta?token=one"}, {"value": []}, {"value": [{"id": 2}]})
    with RawServer(pages) as server:
        monkeypatch.setenv("GENERIC_REST__BASE_URL", server.url)
        synced = [one_table.sync(endpoint=incremental(**way), write_disposition="append") for _ in range(3)]
    assert [one.green for one in synced] == [True, True, False]
    assert "no answer had a cursor at 'at', so the next sync would append these rows again" in synced[2].error
    assert [row["id"] for row in one_table.rows()] == [1]


def test_a_merge_whose_link_never_comes_says_that_it_reads_everything_again(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(Pages({"value": [{"id": 1}]})) as server:
        monkeypatch.setenv("GENERIC_REST__BASE_URL", server.url)
        synced = one_table.sync(endpoint=incremental(cursor_in="link"))
    assert synced.green
    assert (
        "no answer had a cursor at 'at', so the next sync would read these rows again"
        in synced.receipt["verdict_reason"]
    )


def test_the_sensor_asks_at_the_link_and_has_news_only_where_rows_come(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = Pages({"value": [{"id": 1}], "at": "/users/delta?token=one"}, {"value": []}, {"value": [{"id": 2}]})
    with RawServer(pages) as server:
        monkeypatch.setenv("GENERIC_REST__BASE_URL", server.url)
        last = one_table.sync(endpoint=incremental(cursor_in="link")).receipt["last_cursor"]
        words = {"client": {"base_url": server.url}, "resources": [_resource(incremental(cursor_in="link"))]}
        description = describe(words, "chat")
        resource, receipt = description.resources_in_full["users"], {LAST_CURSOR: last}
        with ApiSession(server.url, description.client) as session, Redaction().on_loggers():
            looks = [Probe(description, resource, session, None, server.url, receipt).fingerprint() for _ in range(2)]
    assert looks[0] is None
    assert looks[1] is not None
    assert pages.asked == ["/users/delta", *["/users/delta?token=one"] * 2]


def _resource(endpoint: dict[str, Any]) -> dict[str, Any]:
    return {"name": "users", "primary_key": "id", "endpoint": endpoint}


def test_a_kept_place_that_is_forgotten_is_read_from_the_start_of_its_list(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, is_forgotten = list[str](), False

    def talk(connection: Any, path: str, number: int) -> None:
        asked.append(place := path.partition("skip=")[2].partition("&")[0] or "0")
        rows = [{"id": int(place) * 3 + more} for more in range(3)]
        page = {"value": rows, "@odata.nextLink": f"/users/delta?skip={int(place) + 1}"}
        if is_forgotten and place != "0" and asked[-2] != str(int(place) - 1):
            connection.sendall(answer({}, status="410 Gone"))
        elif place == "3":
            last = {"value": rows, "at": "/users/delta?token=one"}
            connection.sendall(answer(last if is_forgotten else {}, status="200 OK" if is_forgotten else "404 Gone"))
        else:
            connection.sendall(answer(page))

    with RawServer(talk) as server:
        monkeypatch.setenv("GENERIC_REST__BASE_URL", server.url)
        endpoint = incremental(cursor_in="link")
        first = one_table.sync(endpoint=endpoint, checkpoint={"rows": 3})
        kept = len(one_table.rows())
        is_forgotten = True
        asked.append("a second sync")
        second = one_table.sync()
    assert not first.green
    assert 0 < kept < 12
    assert second.green, second.error
    assert asked[asked.index("a second sync") + 1] != "0"
    assert "answers the place that was kept with status 410" in second.receipt["not_resumed"]
    assert [row["id"] for row in one_table.rows()] == [*range(12)]
