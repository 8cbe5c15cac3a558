"""Links, cursors and redirects: none goes in a circle, and no secret leaves the API's own origin."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from typing import Any

import pytest

from messaging_assets.foundation.failures import MendDescription, ReadIncomplete
from messaging_assets_tests.faults.one_list import OneList, ids
from messaging_assets_tests.threaded_server import Handler, answering

LINKS: dict[str, tuple[dict[str, Any], str]] = {
    "json_link": ({"type": "json_link", "next_url_path": "next"}, "messages/by_link"),
    "header_link": ({"type": "header_link"}, "messages/by_link"),
    "cursor": ({"type": "cursor", "cursor_path": "next_cursor", "cursor_param": "cursor"}, "messages/by_cursor"),
    "auto links": ({"type": "auto"}, "messages/by_link"),
}


class Stranger(ThreadingHTTPServer):
    """Another host, which writes down what it is given and answers with rows of its own."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        heard = self.heard

        class Answering(Handler):
            def do_GET(self) -> None:
                heard.append(f"{self.path} {self.headers}")
                self.reply(200, {"data": [{"id": "stranger"}]})

        super().__init__(("127.0.0.1", 0), Answering)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    server = Stranger()
    with answering(server):
        yield server


@pytest.mark.parametrize("case", LINKS)
@pytest.mark.parametrize("rows", [0, 100, 250])
def test_links_and_cursors_are_followed_to_the_end(one_list: OneList, case: str, rows: int) -> None:
    paginator, path = LINKS[case]
    one_list.has(rows)
    outcome = one_list.outcome(paginator, path=path)
    assert outcome.green, outcome.sentence
    assert outcome.ids == ids(rows)
    if rows == 250:
        assert outcome.verdict == "read to the end"
        assert outcome.receipt["how_it_ended"] == {"the API named no further page": 1}


@pytest.mark.parametrize("paginator", ["header_link", "auto"])
@pytest.mark.parametrize("relation", ["Next", "next last", "Archives NEXT"])
def test_a_link_is_followed_however_its_relation_is_written(one_list: OneList, relation: str, paginator: str) -> None:
    """A Link header whose relation has capital letters, or others beside it (RFC 8288, section 3.3)."""
    for offset in (0, 100):
        following = f"{one_list.sandbox.url}/messaging/v1/messages/by_link?offset={offset + 100}"
        link = (
            f'<{following}&rel=a,b>; title="a, b"; rel="{relation if offset else "next"}", <{following}0>; rel="last"'
        )
        one_list.fault(
            offset=offset, headers={"Link": link}, rewrite=lambda payload, request: {"data": payload["data"]}
        )

    outcome = one_list.outcome({"type": paginator}, path="messages/by_link")

    assert outcome.green, outcome.sentence
    assert outcome.ids == ids(250)


@pytest.mark.parametrize("case", ["json_link", "cursor"])
@pytest.mark.parametrize("circle", ["itself", "the first page"])
def test_a_reference_that_goes_in_a_circle_is_red(one_list: OneList, case: str, circle: str) -> None:
    paginator, path = LINKS[case]
    url = f"{one_list.sandbox.url}/messaging/v1/{path}"

    def rewrite(payload: dict[str, Any], request: Any) -> dict[str, Any]:
        at = request.offset if circle == "itself" else 0
        if request.offset >= 100:
            payload |= {"next": f"{url}?limit=100&offset={at}", "next_cursor": f"after-{at}"}
        return payload

    one_list.fault(rewrite=rewrite)
    outcome = one_list.outcome(paginator, path=path)
    assert isinstance(outcome.failure, ReadIncomplete)
    assert "goes in a circle" in outcome.sentence or "repeats its link" in outcome.sentence
    assert outcome.table == []
    assert outcome.verdict == "incomplete"
    assert len(outcome.requests) <= 4


def test_a_cursor_that_the_api_ignores_is_red(one_list: OneList) -> None:
    paginator, path = LINKS["cursor"]
    one_list.sandbox.settings.ignore_offset = True
    outcome = one_list.sync(paginator, path=path)
    assert isinstance(outcome.failure, ReadIncomplete)
    assert len(outcome.requests) == 2


@pytest.mark.parametrize("value", [{"a": 1}, ["x"], True], ids=str)
def test_a_reference_that_is_none_is_red(one_list: OneList, value: Any) -> None:
    one_list.fault(rewrite=lambda payload, request: {**payload, "next_cursor": value})
    outcome = one_list.outcome(LINKS["cursor"][0], path="messages/by_cursor")
    assert isinstance(outcome.failure, MendDescription)
    assert "neither a text nor a number" in outcome.sentence


def test_a_number_where_an_address_is_looked_for_is_told_as_a_cursor(one_list: OneList) -> None:
    one_list.fault(rewrite=lambda payload, request: {**payload, "next": 2})
    outcome = one_list.outcome({"type": "json_link", "next_url_path": "next"}, path="messages")
    assert isinstance(outcome.failure, MendDescription)
    assert "holds a number on page 1, which is no address; write type: cursor" in outcome.sentence


@pytest.mark.parametrize("value", [None, "", False, "absent"])
def test_a_reference_that_is_empty_is_the_end(one_list: OneList, value: Any) -> None:
    def rewrite(payload: dict[str, Any], request: Any) -> dict[str, Any]:
        payload["next_cursor"] = value
        return {"data": payload["data"]} if value == "absent" else payload

    one_list.has(30)
    one_list.fault(rewrite=rewrite)
    outcome = one_list.outcome(LINKS["cursor"][0], path="messages/by_cursor")
    assert outcome.green, outcome.sentence
    assert outcome.verdict == "read to the end"


@pytest.mark.parametrize(
    "paginator", [{"type": "cursor", "cursor_path": "cursors.nxt"}, {"type": "single_page"}], ids=str
)
def test_a_next_page_elsewhere_than_declared_is_told(one_list: OneList, paginator: Any) -> None:
    outcome = one_list.outcome(paginator, path="messages/by_link")
    assert outcome.green, outcome.sentence
    assert outcome.verdict == "unknown"
    assert "seems to name a next one at 'next'" in outcome.reason


def test_no_paginator_and_no_sign_of_one_is_unknown(one_list: OneList) -> None:
    outcome = one_list.sync(None)
    assert outcome.green, outcome.sentence
    assert outcome.verdict == "unknown"
    assert "no paginator is declared and none was detected" in outcome.reason


def test_numbered_pages_that_nobody_declared_are_red(one_list: OneList) -> None:
    one_list.fault(rewrite=lambda payload, request: {**payload, "total_pages": 3})
    outcome = one_list.outcome(None)
    assert isinstance(outcome.failure, MendDescription)
    assert "one of several numbered pages; declare the paginator" in outcome.sentence
    assert outcome.table == []


def test_relative_links_are_followed(one_list: OneList) -> None:
    def relative(payload: dict[str, Any], request: Any) -> dict[str, Any]:
        if payload.get("next"):
            payload["next"] = payload["next"].removeprefix(one_list.sandbox.url)
        return payload

    one_list.fault(rewrite=relative)
    outcome = one_list.sync(LINKS["json_link"][0], path="messages/by_link")
    assert outcome.ids == ids(250)


def test_a_link_that_carries_the_key_already_gets_it_once(one_list: OneList) -> None:
    def with_key(payload: dict[str, Any], request: Any) -> dict[str, Any]:
        if payload.get("next"):
            payload["next"] += f"&api_key={one_list.sandbox.keys['messaging']}"
        return payload

    one_list.fault(rewrite=with_key)
    outcome = one_list.outcome(LINKS["json_link"][0], path="messages/by_link")
    assert outcome.ids == ids(250)


AUTHS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "query": ({"type": "api_key", "name": "apiToken", "location": "query"}, {"api_key": "canary-secret"}),
    "header": ({"type": "api_key", "name": "X-Key", "location": "header"}, {"api_key": "canary-secret"}),
    "cookie": ({"type": "api_key", "name": "sid", "location": "cookie"}, {"api_key": "canary-secret"}),
    "bearer": ({"type": "bearer"}, {"token": "canary-secret"}),
    "basic": ({"type": "http_basic"}, {"username": "canary-secret", "password": "canary-secret"}),
}


def signed(one_list: OneList, auth: str) -> None:
    """Let the list be asked for with this authentication, and the sandbox take it."""
    one_list.client["auth"], one_list.secrets = AUTHS[auth]
    one_list.sandbox.keys["messaging"] = "canary-secret"
    settings = one_list.sandbox.settings
    places = {"query": ("query", "apiToken"), "header": ("header", "X-Key"), "cookie": ("header", "cookie")}
    settings.key_in, settings.key_name = places.get(auth, (auth, ""))
    if auth == "cookie":
        one_list.sandbox.keys["messaging"] = "sid=canary-secret"


@pytest.mark.parametrize("auth", AUTHS)
@pytest.mark.parametrize("how", ["json_link", "header_link", "auto links"])
def test_a_next_link_to_another_port_is_red_and_gets_nothing(
    one_list: OneList, stranger: Stranger, auth: str, how: str
) -> None:
    signed(one_list, auth)
    link = f"{stranger.url}/v1/messages"
    headers = {"Link": f'<{link}>; rel="next"'}
    one_list.fault(rewrite=lambda payload, request: {**payload, "next": link}, headers=headers)
    outcome = one_list.outcome(LINKS[how][0], path="messages/by_link")
    assert isinstance(outcome.failure, MendDescription)
    assert f"the next page is said to be at {stranger.url}, another origin than" in outcome.sentence
    assert stranger.heard == []
    assert outcome.table == []


@pytest.mark.parametrize(
    "link",
    [
        "https://127.0.0.1:{port}/x",
        "http://localhost:{port}/x",
        "http://127.0.0.1:{port}@stranger.invalid/x",
        "http://user:pw@stranger.invalid/x",
        "//stranger.invalid/x",
        "ftp://127.0.0.1:{port}/x",
    ],
)
def test_a_next_link_to_another_scheme_or_host_is_red(one_list: OneList, link: str) -> None:
    link = link.format(port=one_list.sandbox.port)
    one_list.fault(rewrite=lambda payload, request: {**payload, "next": link})
    outcome = one_list.outcome(LINKS["json_link"][0], path="messages/by_link")
    assert isinstance(outcome.failure, MendDescription)
    assert "another origin" in outcome.sentence
    assert "pw" not in outcome.sentence.split("said to be at")[1].split(",")[0]
    assert len(outcome.requests) == 1


@pytest.mark.parametrize("auth", AUTHS)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_host_is_red_and_gets_nothing(
    one_list: OneList, stranger: Stranger, auth: str, status: int
) -> None:
    signed(one_list, auth)
    one_list.fault(status=status, headers={"Location": f"{stranger.url}/v1/messages?apiToken=canary-secret"})
    outcome = one_list.outcome()
    assert isinstance(outcome.failure, MendDescription)
    assert f"sends on to another origin ({stranger.url}), where no secret may go" in outcome.sentence
    assert "canary-secret" not in outcome.sentence
    assert stranger.heard == []
    assert len(outcome.requests) == 1


@pytest.mark.parametrize("auth", AUTHS)
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_within_the_origin_is_followed_with_the_key_that_it_does_not_repeat(
    one_list: OneList, status: int, auth: str
) -> None:
    signed(one_list, auth)
    to = "/messaging/v1/messages?offset=0&limit=100"
    one_list.fault(status=status, headers={"Location": to}, offset=0, times=1)
    outcome = one_list.outcome()
    assert outcome.green, outcome.sentence
    assert outcome.ids == ids(250)


def test_a_post_that_is_answered_elsewhere_is_followed_without_its_body(one_list: OneList) -> None:
    """A 303 in answer to a POST: the page is asked for by GET, which announces no body that does not come."""
    key = one_list.sandbox.keys["messaging"]
    to = f"/messaging/v1/messages?offset=0&limit=100&api_key={key}"
    one_list.fault(status=303, headers={"Location": to}, offset=0, times=1)
    one_list.client["timeout"] = {"read": 2, "total": 5}
    outcome = one_list.outcome(method="POST", json={"q": "all"})
    assert outcome.green, outcome.sentence
    assert outcome.ids == ids(250)
    assert [request.method for request in outcome.requests[:3]] == ["POST", "GET", "POST"]


def test_redirects_in_a_circle_are_red_and_bounded(one_list: OneList) -> None:
    asked = f"api_key={one_list.secrets['api_key']}&offset=0&limit=100"
    one_list.fault(status=302, headers={"Location": f"/messaging/v1/messages?{asked}"})
    outcome = one_list.outcome()
    assert isinstance(outcome.failure, MendDescription)
    assert "redirects in a circle" in outcome.sentence
    assert len(outcome.requests) == 5


def test_a_redirect_to_an_error_costs_no_more_than_declared(one_list: OneList) -> None:
    to = f"/messaging/v1/messages?offset=0&limit=100&api_key={one_list.secrets['api_key']}"
    one_list.fault(status=302, headers={"Location": to}, times=1)
    one_list.fault(status=503)
    outcome = one_list.outcome()
    assert "answered 503 4 times" in outcome.sentence
    assert len(outcome.requests) == 5


def test_netrc_is_not_consulted(one_list: OneList, clean_room: Any) -> None:
    (clean_room / "home" / ".netrc").write_text("machine 127.0.0.1 login me password canary-secret\n")
    (clean_room / "home" / ".netrc").chmod(0o600)
    outcome = one_list.outcome()
    assert outcome.green, outcome.sentence
    assert all("authorization" not in request.headers for request in outcome.requests)


def test_a_cookie_that_the_api_sets_comes_back_with_the_requests_that_follow(one_list: OneList) -> None:
    one_list.fault(headers={"Set-Cookie": "node=a; Path=/"}, offset=0, times=1)
    outcome = one_list.sync()
    assert outcome.green, outcome.sentence
    first, *others = [request.headers.get("cookie") for request in outcome.requests]
    assert first is None
    assert set(others) == {"node=a"}
    assert one_list.sync().requests[0].headers.get("cookie") is None
