"""A refresh token that is good once: the next one is kept before the old one is used up, and never shown."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import pytest

from messaging_assets.foundation.failures import CheckCredentials, SetSecret
from messaging_assets.foundation.folders import project_folders
from messaging_assets.http.ways.kept_token import KeptToken
from messaging_assets_tests.faults.one_list import OneList, Outcome
from messaging_assets_tests.threaded_server import Handler, answering

FIRST = "canary-refresh-0"


class Rotating:
    """A chat API whose refresh tokens are good once, and whose access tokens are good for one request."""

    def __init__(self) -> None:
        self.good, self.names, self.refusals = FIRST, ("access_token", "refresh_token"), 0
        self.life: Any = 3600

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if form.get("refresh_token") != self.good or form.get("grant_type") != "refresh_token":
            self.refusals += 1
            return 400, {"error": "invalid_grant", "error_description": f"{form.get('refresh_token')} is used"}
        self.good = f"canary-refresh-{int(self.good.rpartition('-')[2]) + 1}"
        access, refresh = self.names
        answer: dict[str, Any] = {refresh: self.good, "expires_in": self.life}
        outer, _, inner = access.rpartition(".")
        return 200, answer | ({outer: {inner: f"a-{self.good}"}} if outer else {inner: f"a-{self.good}"})

    def rows(self, authorization: str | None) -> tuple[int, dict[str, Any]]:
        is_good = authorization == f"Bearer a-{self.good}"
        return (200, {"data": [{"id": 1}]}) if is_good else (401, {})


@pytest.fixture
def api() -> Iterator[Rotating]:
    rotating = Rotating()

    class Answering(Handler):
        def do_POST(self) -> None:
            body = self.body().decode()
            self.reply(*rotating.token(dict(parse_qsl(body))))

        def do_GET(self) -> None:
            self.reply(*rotating.rows(self.headers["Authorization"]))

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    rotating.url = f"http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]
    with answering(server):
        yield rotating


@pytest.fixture
def chat(one_list: OneList, api: Any) -> OneList:
    one_list.client["auth"] = {"type": "oauth2_refresh_token", "token_url": f"{api.url}/token"}
    one_list.secrets = {"client_id": "c", "client_secret": "s", "refresh_token": FIRST, "base_url": api.url}
    return one_list


def once(chat: OneList) -> Outcome:
    return chat.outcome({"type": "single_page"})


def test_the_next_sync_asks_with_the_token_that_came_last(chat: OneList, api: Rotating) -> None:
    for _ in range(2):
        assert chat.sync({"type": "single_page"}).ids == [1]
    assert (api.good, api.refusals) == ("canary-refresh-2", 0)


def test_the_kept_token_is_in_a_private_file_of_the_projects_own(chat: OneList, api: Rotating) -> None:
    once(chat)
    kept = [one for one in (project_folders().state / "tokens").iterdir() if one.suffix != ".lock"]
    assert [one.read_text() for one in kept] == [api.good]
    assert {one.stat().st_mode & 0o777 for one in kept} == {0o600}


def test_a_token_that_was_set_anew_counts_before_the_kept_one(chat: OneList, api: Rotating) -> None:
    once(chat)
    api.good = chat.secrets["refresh_token"] = "canary-refresh-70"
    assert once(chat).green
    assert api.good == "canary-refresh-71"


def test_a_refused_refresh_token_is_told_with_the_next_step_and_without_the_token(chat: OneList) -> None:
    chat.secrets["refresh_token"] = "canary-refresh-9"
    outcome = once(chat)
    assert isinstance(outcome.failure, CheckCredentials)
    assert "new refresh token and set MESSAGING__REFRESH_TOKEN" in outcome.sentence
    assert "canary" not in outcome.sentence


def test_a_place_that_cannot_be_written_is_found_out_before_the_token_is_used_up(chat: OneList, api: Rotating) -> None:
    once(chat)
    folder = project_folders().state / "tokens"
    kept = next(one for one in folder.iterdir() if one.suffix != ".lock")
    kept.with_name(f"{kept.name}.new").mkdir()
    before = api.good
    assert not once(chat).green
    assert api.good == before


def test_fields_of_the_answer_may_have_other_names(chat: OneList, api: Rotating) -> None:
    api.names = ("authed_user.access_token", "refreshToken")
    chat.client["auth"] |= {"access_token_name": "authed_user.access_token", "refresh_token_name": "refreshToken"}
    assert once(chat).green
    assert once(chat).green


def test_a_missing_refresh_token_is_asked_for(chat: OneList) -> None:
    del chat.secrets["refresh_token"]
    outcome = once(chat)
    assert isinstance(outcome.failure, SetSecret)
    assert "MESSAGING__REFRESH_TOKEN" in outcome.sentence


def test_a_server_that_hands_out_no_next_token_leaves_the_first_one_good() -> None:
    with KeptToken("chat", FIRST).held() as token:
        assert token == FIRST
    with KeptToken("chat", FIRST).held() as token:
        assert token == FIRST
