"""Token servers by more grants than client credentials, in other words than the standard's; sessions by cookies."""

from __future__ import annotations

import json
import time
from base64 import b64decode
from collections.abc import Iterator
from email.utils import formatdate
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from dagster import DagsterInstance

from messaging_assets.description.ways.token_servers import OAuth2ClientCredentialsAuth
from messaging_assets.files.api_files import describe
from messaging_assets.files.rules.mistakes import InvalidDescription
from messaging_assets.foundation.failures import CheckCredentials
from messaging_assets.foundation.redaction import Redaction
from messaging_assets.http.authentication import renewed
from messaging_assets.http.ways.oauth_tokens import OAuth2Token
from messaging_assets.http.wire.answer import Answer
from messaging_assets.orchestration.api_definitions import definitions_for
from messaging_assets_tests.faults.one_list import OneList, Outcome
from messaging_assets_tests.faults.signing_api import Came, SigningApi, parts_of_token
from messaging_assets_tests.faults.test_signatures import KEY, PEM, is_private, is_shared

PASSWORD = "canary-password"
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@pytest.fixture
def api(api: SigningApi) -> SigningApi:
    api.check = lambda came: came.headers["Authorization"] == "Bearer canary-token"
    return api


@pytest.fixture
def chat(one_list: OneList, api: SigningApi) -> OneList:
    one_list.secrets = {"base_url": api.url}
    return one_list


def read(chat: OneList, api: SigningApi, auth: Any, **secrets: str) -> Outcome:
    """Read two pages, as a way that asks `/token`."""
    chat.client["auth"] = {"token_url": f"{api.url}/token", **auth}
    chat.secrets |= secrets
    paginator = {"type": "offset", "limit": 2, "total_path": None, "overlap": 0}
    return chat.read(chat.describe(paginator), chat.name)


def grant(api: SigningApi, is_right: Any) -> None:
    """Let a token be handed out for such a request alone."""
    good = 200, {"access_token": "canary-token", "expires_in": 3600}
    bad = {"error": "invalid_grant", "error_description": "canary"}
    api.token = lambda came: good if is_right(came) else (400, bad)


def tokens(api: SigningApi) -> list[Came]:
    return [one for one in api.came if one.path == "/token"]


def test_a_password_is_exchanged_for_one_token(chat: OneList, api: SigningApi) -> None:
    sent = {"grant_type": "password", "username": "me", "password": PASSWORD, "client_id": "c", "client_secret": "s"}
    grant(api, lambda came: came.form == sent)
    secrets = {"client_id": "c", "client_secret": "s", "username": "me", "password": PASSWORD}
    assert read(chat, api, {"type": "oauth2_password"}, **secrets).green
    assert len(tokens(api)) == 1


def test_a_client_without_a_secret_says_its_id_alone(chat: OneList, api: SigningApi) -> None:
    grant(api, lambda came: came.form.keys() == {"grant_type", "username", "password", "client_id"})
    auth = {"type": "oauth2_password", "client_authentication": "id"}
    assert read(chat, api, auth, client_id="c", username="me", password=PASSWORD).green


def test_a_refused_password_is_told_with_its_variables_and_without_it(chat: OneList, api: SigningApi) -> None:
    grant(api, lambda came: False)
    auth = {"type": "oauth2_password", "client_authentication": "none"}
    outcome = read(chat, api, auth, username="me", password=PASSWORD)
    assert isinstance(outcome.failure, CheckCredentials)
    told = "refused the client (invalid_grant); check MESSAGING__USERNAME, MESSAGING__PASSWORD and scopes"
    assert told in outcome.sentence
    assert "canary" not in outcome.sentence


@pytest.mark.parametrize("encoding", ["form", "json", "query"])
def test_a_token_server_may_have_words_and_ways_of_its_own(chat: OneList, api: SigningApi, encoding: str) -> None:
    def is_right(came: Came) -> bool:
        said = {"form": came.form, "query": came.query, "json": json.loads(came.body) if encoding == "json" else None}
        sent = {"grant": "account", "app_id": "c", "app_secret": "s", "account_id": "canary-account"}
        return said[encoding] == sent

    grant(api, is_right)
    api.check = lambda came: came.headers["Authorization"] == "Vendor-oauth canary-token"
    auth = {
        "type": "oauth2",
        "encoding": encoding,
        "prefix": "Vendor-oauth ",
        "request_names": {"client_id": "app_id", "client_secret": "app_secret", "grant_type": "grant"},
        "access_token_request_data": {"grant_type": "account", "account_id": "{secret.account}"},
    }
    outcome = read(chat, api, auth, client_id="c", client_secret="s", account="canary-account")
    assert outcome.green, outcome.sentence


def test_a_signed_assertion_is_exchanged_for_a_token(chat: OneList, api: SigningApi) -> None:
    def is_right(came: Came) -> bool:
        claims = parts_of_token(came.form["assertion"]).claims
        who = claims["iss"], claims["sub"], claims["aud"], claims["scope"]
        is_meant = who == ("robot", "boss", f"{api.url}/token", "read")
        return is_meant and came.form["grant_type"] == JWT_GRANT and is_private(came.form["assertion"])

    grant(api, is_right)
    claims = {"iss": "{secret.client_email}", "sub": "boss", "scope": "read"}
    auth = {"type": "oauth2_jwt_bearer", "assertion": {"algorithm": "ES256", "claims": claims}}
    outcome = read(chat, api, auth, private_key=PEM, client_email="robot")
    assert outcome.green, outcome.sentence
    assert tokens(api)[0].form.keys() == {"grant_type", "assertion"}


def test_a_refused_assertion_names_a_clock_that_differs(chat: OneList, api: SigningApi) -> None:
    grant(api, lambda came: False)
    api.date = formatdate(time.time() + 3600, usegmt=True)
    auth = {"type": "oauth2_jwt_bearer", "assertion": {"algorithm": "ES256", "claims": {"iss": "me"}}}
    sentence = read(chat, api, auth, private_key=PEM).sentence
    assert "this machine's clock is 60 minutes behind the API's; set this machine's clock, then check" in sentence


def test_a_client_may_prove_who_it_is_by_an_assertion(chat: OneList, api: SigningApi) -> None:
    def is_right(came: Came) -> bool:
        parts = parts_of_token(came.form["client_assertion"])
        is_meant = (parts.claims["iss"], parts.claims["sub"], came.form["client_id"]) == ("c", "c", "c")
        kind = came.form["client_assertion_type"]
        return (
            is_meant and kind.endswith("client-assertion-type:jwt-bearer") and is_shared(came.form["client_assertion"])
        )

    grant(api, is_right)
    signed = {"algorithm": "HS256", "secret": "secret_key"}
    auth = {"type": "oauth2", "client_authentication": "assertion", "assertion": signed}
    assert read(chat, api, auth, client_id="c", secret_key=KEY).green


def test_a_token_that_is_refused_is_asked_for_anew_with_another_assertion(chat: OneList, api: SigningApi) -> None:
    grant(api, lambda came: True)
    good = iter([True, False])
    api.check = lambda came: next(good, True)
    auth = {"type": "oauth2_jwt_bearer", "assertion": {"algorithm": "ES256", "claims": {"iss": "me"}}}
    assert read(chat, api, auth, private_key=PEM).green
    assert len({one.form["assertion"] for one in tokens(api)}) == 2


def test_the_lists_of_a_run_share_one_token_and_another_run_asks_anew(api: SigningApi) -> None:
    grant(api, lambda came: True)
    auth = {"type": "oauth2", "token_url": f"{api.url}/token"}
    raw = {
        "client": {"base_url": api.url, "auth": auth},
        "resources": [
            {"name": name, "endpoint": {"path": name, "data_selector": "data", "paginator": "single_page"}}
            for name in ("users", "messages")
        ],
    }
    defs = definitions_for(raw, name="chat", credentials={"client_id": "c", "client_secret": "canary-s"})
    job = defs.resolve_job_def("chat_sync")
    with DagsterInstance.ephemeral() as instance:
        for run in (1, 2):
            assert job.execute_in_process(instance=instance).success
            assert len(tokens(api)) == run
    assert len(api.lists) == 4


def token_of(answers: Iterator[Any]) -> Any:
    """A way of authentication whose token server answers so, one request after the other."""
    auth = OAuth2ClientCredentialsAuth.model_validate({"type": "oauth2", "token_url": "https://chat.example.com/token"})
    made: Any = OAuth2Token(auth, str(auth.token_url), {"client_id": "c", "client_secret": "s"}, Redaction(), "chat")

    def answer(request: Any, terms: Any) -> Any:
        if isinstance(came := next(answers), Exception):
            raise came
        return SimpleNamespace(parsed={"access_token": came})

    made.exchange, made.terms = SimpleNamespace(answer=answer), SimpleNamespace(asset="chat")
    return made


def test_a_server_that_refused_is_not_asked_again_by_other_lists() -> None:
    """Eight lists side by side are refused at once when a token ends, and many a server locks who fails often."""
    auth = token_of(iter(["one", CheckCredentials("refused", "check it", where="chat")]))
    lists = [auth(requests.Request("GET", "https://chat.example.com").prepare()) for _ in range(8)]

    for one in lists:
        with pytest.raises(CheckCredentials, match="refused"):
            renewed(auth, one, Answer())


def test_a_token_that_another_list_put_out_of_use_is_replaced_once_more() -> None:
    auth = token_of(iter(["one", "two", "three"]))
    mine, other = (auth(requests.Request("GET", "https://chat.example.com").prepare()) for _ in range(2))
    assert renewed(auth, mine, Answer())
    other.headers["Authorization"] = mine.headers["Authorization"]
    assert renewed(auth, other, Answer())

    assert renewed(auth, mine, Answer(), again=True)
    assert mine.headers["Authorization"] == "Bearer three"
    assert not renewed(auth, mine, Answer(), again=True)


def login(chat: OneList, api: SigningApi, auth: Any, **secrets: str) -> Outcome:
    chat.client["auth"] = {"type": "session", **auth}
    chat.secrets |= {"username": "me", "password": PASSWORD, **secrets}
    paginator = {"type": "offset", "limit": 2, "total_path": None, "overlap": 0}
    return chat.read(chat.describe(paginator), chat.name)


def in_by_login(api: SigningApi, is_right: Any, answer: dict[str, Any], cookie: str = "") -> list[Came]:
    """Answer logins; returns where they are noted."""
    logins: list[Came] = []
    lists = api.answer

    def whole(came: Came) -> tuple[int, dict[str, str], bytes]:
        if came.path != "/login":
            return lists(came)
        logins.append(came)
        headers = {"Set-Cookie": f"{cookie}{len(logins)}; Path=/"} if cookie else {}
        return (200, headers, json.dumps(answer).encode()) if is_right(came) else (401, {}, b"{}")

    api.answer = whole  # type: ignore[method-assign]
    return logins


def test_the_cookie_of_a_login_is_enough_and_is_replaced_when_it_is_refused(chat: OneList, api: SigningApi) -> None:
    logins = in_by_login(api, lambda came: json.loads(came.body)["tenant"] == "acme", {}, "sid=canary-cookie-")
    seen: list[str] = []

    def lets_in(came: Came) -> bool:
        seen.append(came.headers["Cookie"])
        return len(seen) != 2 and came.headers["Cookie"] == f"sid=canary-cookie-{len(logins)}"

    api.check = lets_in
    outcome = login(chat, api, {"login": {"path": "/login", "fields": {"tenant": "{secret.tenant}"}}}, tenant="acme")
    assert outcome.green, outcome.sentence
    assert len(logins) == 2


def test_a_value_of_the_answer_may_go_as_a_parameter_after_a_login_by_basic(chat: OneList, api: SigningApi) -> None:
    pair = f"me:{PASSWORD}"
    is_right = lambda came: b64decode(came.headers["Authorization"].partition(" ")[2]).decode() == pair  # noqa: E731
    in_by_login(api, is_right, {"data": {"id": "canary-session"}})
    api.check = lambda came: came.query["sid"] == "canary-session"
    auth = {"login": {"path": "/login", "encoding": "basic"}, "params": {"sid": "data.id"}}
    assert login(chat, api, auth).green


def test_a_login_that_brings_nothing_to_send_is_told(chat: OneList, api: SigningApi) -> None:
    in_by_login(api, lambda came: True, {"token": "canary"})
    outcome = login(chat, api, {"login": {"path": "/login"}})
    assert isinstance(outcome.failure, CheckCredentials)
    assert "answered the login without a cookie; name in auth.headers, auth.params or auth.body" in outcome.sentence


U = {"token_url": "https://api.example.com/token"}


@pytest.mark.parametrize(
    ("auth", "told"),
    [
        ({"type": "oauth2_password"}, "client.auth.token_url: is missing"),
        ({"type": "oauth2_jwt_bearer", **U}, "assertion is missing; write assertion: {algorithm: RS256"),
        ({"type": "oauth2", **U, "assertion": {"algorithm": "ES256"}}, "assertion goes with oauth2_jwt_bearer, or"),
        ({"type": "oauth2_jwt_bearer", **U, "assertion": {"algorithm": "RS25"}}, "client.auth.assertion.algorithm: "),
        ({"type": "oauth2", **U, "client_authentication": "non"}, "allowed: body, header, id, assertion, none"),
        ({"type": "oauth2", **U, "access_token_request_data": {"a": "{b}"}}, "nothing fills a variable here"),
        (
            {"type": "session", "login": {"path": "/l", "fields": {"a": "{b}"}}},
            "login.fields: nothing fills",
        ),
        ([{"type": "oauth2", **U}, {"type": "session", "login": {"path": "/l"}}], "two ways that ask a server first"),
    ],
)
def test_a_way_to_ask_that_cannot_be_is_refused_with_a_hint(auth: Any, told: str) -> None:
    client = {"base_url": "https://api.example.com", "auth": auth}
    resource = {"name": "m", "endpoint": {"path": "/m", "paginator": "single_page"}}
    with pytest.raises(InvalidDescription) as caught:
        describe({"client": client, "resources": [resource]}, "chat")
    assert told in str(caught.value)
