"""A login by a request: its answer's values go onto each request, and a refused session is begun anew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest

from messaging_assets.files.api_files import describe
from messaging_assets.files.rules.mistakes import InvalidDescription
from messaging_assets.foundation.failures import CheckCredentials
from messaging_assets_tests.faults.one_list import OneList, Outcome
from messaging_assets_tests.threaded_server import Handler, answering

PASSWORD = "canary-password"


@pytest.fixture
def api() -> Iterator[SimpleNamespace]:
    """An API whose sessions may end after so many requests."""
    state = SimpleNamespace(
        logins=[], lives=[], left=0, only_cookie=None, said=None, leads_to="/home", over=(401, {}, {})
    )

    class Answering(Handler):
        def do_POST(self) -> None:
            body = self.body().decode()
            state.logins.append(body)
            if state.only_cookie:
                is_right = PASSWORD in body
                leads_to = state.leads_to if is_right else "/v1/login?again"
                cookie = f"sid={'canary-cookie' if is_right else 'nobody'}; Path=/; HttpOnly"
                self.reply(state.only_cookie, b"", {"Set-Cookie": cookie, "Location": leads_to})
                return
            state.left = state.lives.pop(0) if state.lives else 1000
            if state.said:
                self.reply(200, *state.said)
                return
            token = f"canary-session-{len(state.logins)}"
            is_right = PASSWORD in body or self.headers["X-Key"] == f"Key {PASSWORD}"
            self.reply(200 if is_right else 401, {"data": {"token": token, "user": 7}} if is_right else {"no": body})

        def do_GET(self) -> None:
            if self.path.startswith("/v1/login"):
                state.logins.append(self.path)
                self.reply(200, {"data": {"token": "canary-session-1", "user": 7}})
                state.left = 1000
                return
            good = (f"Bearer canary-session-{len(state.logins)}", "7")
            is_good = (self.headers["Authorization"], self.headers["X-User"]) == good and state.left > 0
            is_good = is_good or bool(state.only_cookie and self.headers["Cookie"] == "sid=canary-cookie")
            state.left -= 1
            self.reply(*((200, {"data": [{"id": 1}]}, {}) if is_good else state.over))

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    state.url = f"http://127.0.0.1:{server.server_port}"
    with answering(server):
        yield state


@pytest.fixture
def chat(one_list: OneList, api: Any) -> OneList:
    headers = {"Authorization": "Bearer {data.token}", "X-User": "data.user"}
    one_list.client["auth"] = {"type": "session", "login": {"path": "/login"}, "headers": headers}
    one_list.secrets = {"username": "anna", "password": PASSWORD, "base_url": f"{api.url}/v1"}
    return one_list


def once(chat: OneList) -> Outcome:
    return chat.outcome({"type": "single_page"})


@pytest.mark.parametrize("encoding", ["json", "form"])
def test_one_login_serves_a_sync(chat: OneList, api: Any, encoding: str) -> None:
    chat.client["auth"]["login"] |= {"encoding": encoding, "username_field": "user"}
    assert once(chat).ids == [1]
    body = {"json": f'{{"user": "anna", "password": "{PASSWORD}"}}', "form": f"user=anna&password={PASSWORD}"}
    assert api.logins == [body[encoding]]


@pytest.mark.parametrize(
    ("login", "sent"),
    [
        ({"username_field": None}, f'{{"password": "{PASSWORD}"}}'),
        (
            {"username_field": None, "password_field": None, "fields": {"apiKey": "{secret.app_key}", "ttl": 60}},
            f'{{"apiKey": "{PASSWORD}", "ttl": 60}}',
        ),
        ({"fields": {"user": {"password": "{secret.password}"}}}, f'{{"user": {{"password": "{PASSWORD}"}}}}'),
    ],
    ids=str,
)
def test_a_login_may_take_one_half_or_another_secret(chat: OneList, api: Any, login: Any, sent: str) -> None:
    chat.client["auth"]["login"] |= login
    chat.secrets = {"app_key" if "app_key" in str(login) else "password": PASSWORD, "base_url": f"{api.url}/v1"}
    assert once(chat).ids == [1]
    assert api.logins == [sent]


def test_a_login_may_be_by_a_key_in_a_header(chat: OneList, api: Any) -> None:
    none = {"username_field": None, "password_field": None}
    chat.client["auth"]["login"] |= {**none, "headers": {"X-Key": "Key {secret.app_key}"}}
    chat.secrets = {"app_key": PASSWORD, "base_url": f"{api.url}/v1"}
    outcome = once(chat)
    assert outcome.ids == [1], outcome.sentence
    assert PASSWORD not in str(outcome.receipt)


def test_a_login_by_get_has_all_of_it_in_the_query(chat: OneList, api: Any) -> None:
    chat.client["auth"]["login"] |= {"method": "GET", "fields": {"app": "x"}}
    outcome = chat.sync({"type": "single_page"})
    assert outcome.ids == [1]
    assert api.logins == [f"/v1/login?username=anna&password={PASSWORD}&app=x"]
    assert PASSWORD not in str(outcome.receipt)


@pytest.mark.parametrize(
    ("said", "token"),
    [
        ((b"", {"X-Subject-Token": "canary-session-1"}), "{header.X-Subject-Token}"),
        (({"user": 7}, {"x-subject-token": "canary-session-1"}), "{header.X-Subject-Token}"),
        ((b'"canary-session-1"', {}), "{$}"),
        ((b"canary-session-1\n", {"Content-Type": "text/plain"}), "{$}"),
    ],
    ids=str,
)
def test_a_login_may_answer_with_the_token_in_a_header_or_with_nothing_else(
    chat: OneList, api: Any, said: Any, token: str
) -> None:
    api.said = said
    chat.client["auth"]["headers"] = {"Authorization": f"Bearer {token}"}
    chat.client["headers"] = {"X-User": "7"}
    outcome = chat.sync({"type": "single_page"})
    assert outcome.ids == [1]
    assert "canary" not in str(outcome.receipt)


def test_a_page_for_people_is_no_token(chat: OneList, api: Any) -> None:
    api.said = (b"<html>Welcome</html>", {"Content-Type": "text/html"})
    chat.client["auth"]["headers"] = {"Authorization": "Bearer {$}"}
    assert "answered 200 with HTML" in once(chat).sentence


@pytest.mark.parametrize("status", [200, 204, 302, 303])
def test_a_login_may_answer_with_a_cookie_alone(chat: OneList, api: Any, status: int) -> None:
    api.only_cookie = status
    del chat.client["auth"]["headers"]
    outcome = once(chat)
    assert outcome.ids == [1], outcome.sentence
    assert len(api.logins) == 1


def test_a_login_that_sends_back_to_itself_is_refused(chat: OneList, api: Any) -> None:
    api.only_cookie, chat.secrets["password"] = 302, "canary-wrong"
    outcome = once(chat)
    assert isinstance(outcome.failure, CheckCredentials)
    assert "/v1/login answered the login by sending back to it; check the secrets that it sends" in outcome.sentence
    assert "canary" not in outcome.sentence


OVER: list[Any] = [
    ((403, {}, {}), {"status_code": 403}),
    ((302, b"", {"Location": "/login.html"}), {"status_code": 302}),
    ((200, {"error": "token_expired"}, {}), {"path": "error", "values": ["token_expired"]}),
    ((200, {"data": None, "why": "no session"}, {}), {"content": "no session"}),
]


@pytest.mark.parametrize(("over", "meant"), OVER, ids=str)
def test_a_file_says_what_else_means_that_a_session_is_over(chat: OneList, api: Any, over: Any, meant: Any) -> None:
    api.lives, api.over = [0], over
    outcome = chat.outcome({"type": "single_page"}, response_actions=[{**meant, "action": "renew"}])
    assert outcome.ids == [1], outcome.sentence
    assert len(api.logins) == 2
    assert outcome.receipt["retries"] == 1


@pytest.mark.parametrize(("over", "meant"), OVER, ids=str)
def test_a_session_that_is_over_right_behind_its_login_is_red(chat: OneList, api: Any, over: Any, meant: Any) -> None:
    api.lives, api.over = [0, 0, 0], over
    outcome = chat.outcome({"type": "single_page"}, response_actions=[{**meant, "action": "renew"}])
    assert isinstance(outcome.failure, CheckCredentials)
    assert "as to a login or token that is over, right behind a new one; check the credentials" in outcome.sentence
    assert len(api.logins) == 2
    assert "canary" not in outcome.sentence


def test_an_answer_that_is_not_meant_renews_nothing(chat: OneList, api: Any) -> None:
    api.lives, api.over = [0], (403, {}, {})
    outcome = chat.outcome({"type": "single_page"}, response_actions=[{"status_code": 419, "action": "renew"}])
    assert "answered 403" in outcome.sentence
    assert len(api.logins) == 1


def test_what_cannot_be_renewed_is_refused_with_a_hint() -> None:
    endpoint = {"path": "m", "response_actions": [{"status_code": 403, "action": "renew"}]}
    client = {"base_url": "https://api.example.com", "auth": {"type": "bearer"}}
    with pytest.raises(InvalidDescription) as caught:
        describe({"client": client, "resources": [{"name": "m", "endpoint": endpoint}]}, "chat")
    assert "renew asks for a login or token anew, and auth has none; write auth of type session" in str(caught.value)


def test_a_session_that_is_over_is_begun_anew(chat: OneList, api: Any) -> None:
    api.lives = [0]
    assert once(chat).ids == [1]
    assert len(api.logins) == 2


def test_a_session_that_is_refused_is_begun_anew_once(chat: OneList, api: Any) -> None:
    api.lives = [0, 0]
    outcome = once(chat)
    assert isinstance(outcome.failure, CheckCredentials)
    assert len(api.logins) == 2
    assert "canary" not in outcome.sentence


def test_a_refused_login_is_told_without_the_password(chat: OneList) -> None:
    chat.secrets["password"] = "canary-wrong"
    outcome = once(chat)
    assert isinstance(outcome.failure, CheckCredentials)
    assert "canary" not in outcome.sentence


class SpeaksJsonRpc(Handler):
    """One address for all: a login, and lists that want the session and a key inside their body."""

    came: list[dict[str, Any]]

    def do_POST(self) -> None:
        asked = json.loads(self.body())
        self.came.append(asked)
        if asked["method"] == "user.login":
            is_right = asked["params"] == {"user": "anna", "password": PASSWORD}
            self.reply(200, {"result": "canary-session"} if is_right else {"error": {"message": "no"}})
        else:
            is_right = asked["auth"] == "canary-session" and asked["params"]["app"]["key"] == "canary-key"
            self.reply(200, {"result": [{"id": 7}]} if is_right else {"error": {"message": "no"}})


def test_a_session_and_a_secret_may_go_into_the_body_of_each_request(one_list: OneList) -> None:
    SpeaksJsonRpc.came = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), SpeaksJsonRpc)
    rpc, place = {"jsonrpc": "2.0", "id": 1}, {"path": "/api", "method": "POST"}
    login = {"method": "user.login", "params": {"user": "{secret.username}", "password": "{secret.password}"}}
    one_list.client["auth"] = {
        "type": "session",
        "login": {"path": "/api", "fields": {**rpc, **login}},
        "body": {"auth": "result"},
    }
    asked = {"method": "host.get", "params": {"output": "all", "app": {"name": "a", "key": "{secret.app_key}"}}}
    with answering(server):
        base_url = f"http://127.0.0.1:{server.server_port}"
        one_list.secrets = {"username": "anna", "password": PASSWORD, "app_key": "canary-key", "base_url": base_url}
        outcome = one_list.sync({"type": "single_page"}, **place, json={**rpc, **asked}, data_selector="result")
    assert outcome.ids == [7], outcome.sentence
    assert SpeaksJsonRpc.came[0] == {**rpc, **login, "params": {"user": "anna", "password": PASSWORD}}
    assert SpeaksJsonRpc.came[1] == {
        **rpc,
        "method": "host.get",
        "params": {"output": "all", "app": {"name": "a", "key": "canary-key"}},
        "auth": "canary-session",
    }
    assert "canary" not in str(outcome.receipt)


def test_a_login_without_the_wished_value_is_told(chat: OneList) -> None:
    chat.client["auth"]["headers"] = {"X-Token": "data.nothing"}
    assert "answered the login without a usable data.nothing; check the paths below auth" in once(chat).sentence


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"login": {"path": "https://other.example/login"}}, "must be a path at the API's own address"),
        ({"headers": {"X-Token": 7}}, "client.auth.headers.X-Token: "),
        ({"login": {"path": "/login", "password": "hunter"}}, "client.auth.login.password: "),
        (
            {"login": {"path": "/l", "username_field": None, "password_field": None}},
            "client.auth.login: sends no secret",
        ),
    ],
)
def test_a_session_that_cannot_be_is_refused_with_a_hint(changes: dict[str, Any], told: str) -> None:
    auth = {"type": "session", "login": {"path": "/login"}, "headers": {"X-Token": "token"}, **changes}
    with pytest.raises(InvalidDescription) as caught:
        describe({"client": {"base_url": "https://api.example.com", "auth": auth}, "resources": ["m"]}, "chat")
    assert told in str(caught.value)
