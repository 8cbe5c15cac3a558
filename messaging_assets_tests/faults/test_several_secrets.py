"""Several secrets for one API: each in its own field, each by its own name, none in sight."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests

from messaging_assets.assets.credentials import build_credentials
from messaging_assets.description.authentication import ways_of
from messaging_assets.files.api_files import describe
from messaging_assets.files.rules.mistakes import InvalidDescription
from messaging_assets.foundation.failures import SetSecret
from messaging_assets.foundation.redaction import Redaction
from messaging_assets.http.authenticators import Authenticators
from messaging_assets_tests.faults.one_list import OneList, ids

CANARY = "c4n4ry"
QUERY_KEY = {"type": "api_key", "name": "api_key", "location": "query"}
APP_KEY = {"type": "api_key", "name": "X-App-Key", "secret": "app_key", "prefix": "GenieKey "}


def raw(auth: Any, **endpoint: Any) -> dict[str, Any]:
    whole = {"path": "/m", "paginator": "single_page", **endpoint}
    client = {"base_url": "https://api.example.com", "auth": auth}
    return {"client": client, "resources": [{"name": "m", "endpoint": whole}]}


def sent(auth: Any, secrets: dict[str, str], **request: Any) -> requests.PreparedRequest:
    """A request with the secrets on it."""
    description = describe(raw(auth, method="POST"), "chat")
    made = Authenticators(description, build_credentials(description, secrets), Redaction())
    whole = {"method": "POST", "url": "https://api.example.com/m", **request}
    return requests.Request(auth=made.of(description.resources_in_full["m"]), **whole).prepare()


def mistakes(auth: Any, **endpoint: Any) -> str:
    with pytest.raises(InvalidDescription) as caught:
        describe(raw(auth, **endpoint), "chat")
    return str(caught.value)


def test_two_secrets_go_into_two_fields_of_every_request(one_list: OneList) -> None:
    one_list.client["auth"] = [QUERY_KEY, APP_KEY]
    one_list.secrets["app_key"] = CANARY
    outcome = one_list.outcome()
    assert outcome.ids == ids(250), outcome.sentence
    assert {request.headers["x-app-key"] for request in outcome.requests} == {f"GenieKey {CANARY}"}


def test_a_secret_that_a_header_names_goes_into_every_request_and_nowhere_else(one_list: OneList) -> None:
    one_list.client |= {"auth": QUERY_KEY, "headers": {"X-App-Key": "GenieKey {secret.app_key}", "X-Team": "ops"}}
    one_list.secrets["app_key"] = CANARY
    outcome = one_list.sync()
    assert outcome.ids == ids(250), outcome.sentence
    assert {request.headers["x-app-key"] for request in outcome.requests} == {f"GenieKey {CANARY}"}
    assert {request.headers["x-team"] for request in outcome.requests} == {"ops"}
    assert all(request.query["api_key"] for request in outcome.requests)
    assert CANARY not in repr(outcome.receipt)


def test_a_secret_in_a_path_goes_into_every_request_and_nowhere_else(one_list: OneList) -> None:
    one_list.client["auth"] = QUERY_KEY
    one_list.secrets["bot"] = f"12:{CANARY}/x"
    missing = one_list.sync(path="bot{secret.bot}/messages")
    assert {request.path for request in missing.requests} == {f"/messaging/v1/bot12:{CANARY}%2Fx/messages"}
    assert "~secret.bot~" not in missing.sentence
    assert CANARY not in missing.sentence

    one_list.secrets["bot"] = "messages"
    outcome = one_list.sync(path="{secret.bot}")
    assert outcome.ids == ids(250), outcome.sentence


def test_a_secret_of_a_path_never_goes_into_the_host() -> None:
    request = sent(
        {"type": "api_key", "location": "path", "name": "api"}, {"api_key": CANARY}, url="http://api.x/api/m"
    )
    assert request.url == f"http://api.x/{CANARY}/m"


def test_a_named_secret_that_is_not_set_is_asked_for_by_its_name(one_list: OneList) -> None:
    one_list.client["auth"] = [QUERY_KEY, APP_KEY]
    outcome = one_list.outcome()
    assert isinstance(outcome.failure, SetSecret)
    assert "no app_key is set; set MESSAGING__APP_KEY in the environment" in outcome.sentence


@pytest.mark.parametrize("alike", ["MESSAGING_APP_KEY", "messaging__app_key", "MESSAGING__APPKEY"])
def test_a_variable_that_is_spelled_otherwise_is_named(
    one_list: OneList, monkeypatch: pytest.MonkeyPatch, alike: str
) -> None:
    monkeypatch.setenv(alike, CANARY)
    one_list.client["auth"] = [QUERY_KEY, APP_KEY]
    sentence = one_list.outcome().sentence
    assert f"no app_key is set; {alike} is, which is spelled otherwise; set MESSAGING__APP_KEY" in sentence
    assert CANARY not in sentence


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (f'"{CANARY}"', "stands in quotes"),
        (f"'{CANARY}'", "stands in quotes"),
        (f" {CANARY}", "has blanks at its ends"),
        (f"geniekey {CANARY}", "begins with GenieKey, which is sent before it anyway"),
        ("${APP_KEY}", "is a placeholder"),
        ("<your key>", "is a placeholder"),
    ],
)
def test_a_key_with_something_around_it_is_red_before_anything_is_asked(
    one_list: OneList, value: str, told: str
) -> None:
    one_list.client["auth"] = [QUERY_KEY, APP_KEY]
    one_list.secrets["app_key"] = value
    outcome = one_list.outcome()
    assert f"the value of app_key {told}; set it again, to the secret alone" in outcome.sentence
    assert (outcome.requests, isinstance(outcome.failure, SetSecret)) == ([], True)
    assert CANARY not in outcome.sentence


def test_each_secret_of_a_list_is_hidden_where_the_api_repeats_it(one_list: OneList) -> None:
    one_list.client["auth"] = [QUERY_KEY, APP_KEY]
    one_list.secrets["app_key"] = CANARY
    one_list.fault(status=400, body=json.dumps({"error": f"GenieKey {CANARY} is unknown"}).encode())
    outcome = one_list.sync()
    assert outcome.failure is not None
    assert CANARY not in outcome.sentence


@pytest.mark.parametrize("prefix", ["Token ", "Bot ", ""])
def test_a_prefix_stands_before_a_token(prefix: str) -> None:
    request = sent({"type": "bearer", "prefix": prefix}, {"token": CANARY})
    assert request.headers["Authorization"] == prefix + CANARY


@pytest.mark.parametrize(
    ("empty", "secrets", "pair"),
    [("password", {"username": CANARY}, f"{CANARY}:"), ("username", {"password": CANARY}, f":{CANARY}")],
)
def test_a_half_of_basic_may_be_empty(empty: str, secrets: dict[str, str], pair: str) -> None:
    request = sent({"type": "http_basic", "empty": empty}, secrets)
    assert request.headers["Authorization"] == f"Basic {b64encode(pair.encode()).decode()}"


def test_a_key_may_be_a_field_of_a_json_body() -> None:
    request = sent({"type": "api_key", "name": "key", "location": "body"}, {"api_key": CANARY}, json={"a": [1]})
    assert json.loads(request.body or "") == {"a": [1], "key": CANARY}
    assert request.headers["Content-Length"] == str(len(request.body or ""))


def test_a_key_may_be_a_field_of_a_form() -> None:
    request = sent({"type": "api_key", "name": "key", "location": "body"}, {"api_key": "a&b"}, data={"a": "1", "b": ""})
    assert parse_qs(str(request.body), keep_blank_values=True) == {"a": ["1"], "b": [""], "key": ["a&b"]}


@pytest.mark.parametrize(
    ("named", "own"),
    [({}, "application/x-www-form-urlencoded"), ({"content-type": "application/x-www-form-urlencoded; a=b"}, None)],
)
def test_a_form_whose_only_field_is_a_secret_is_sent_as_one(
    one_list: OneList, named: dict[str, str], own: str | None
) -> None:
    one_list.client["auth"] = QUERY_KEY
    one_list.secrets["app_key"] = CANARY
    outcome = one_list.outcome(method="POST", data={"key": "{secret.app_key}"}, headers=named)
    assert outcome.requests[0].headers["content-type"] == (own or named["content-type"])
    assert outcome.requests[0].headers["content-length"] == str(len(f"key={CANARY}"))


def test_a_body_that_is_none_yet_becomes_one() -> None:
    request = sent({"type": "api_key", "name": "key", "location": "body"}, {"api_key": CANARY})
    assert json.loads(request.body or "") == {"key": CANARY}


@pytest.mark.parametrize("auth", [["bearer"], [{"type": "bearer"}, QUERY_KEY], "bearer", {"type": "bearer"}])
def test_words_and_mappings_may_stand_in_a_list(auth: Any) -> None:
    assert ways_of(describe(raw(auth), "chat").client.auth)[0].type == "bearer"


@pytest.mark.parametrize(
    ("auth", "told"),
    [
        ([], "client.auth: "),
        (["bearer", "http_basic"], "two ways that write the same header"),
        ([{"type": "api_key", "name": "X-Key"}, {"type": "api_key", "name": "x-key"}], "write the same header"),
        (["bearer", {"type": "api_key", "nam": "x"}], "client.auth[1].nam: "),
        (["bearer", {"type": "http_basic", "password": "hunter"}], "client.auth[1].password: no secret belongs"),
        ({"type": "bearer", "secret": "Not A Name"}, "client.auth.secret: must be the name of a secret"),
        ({"type": "bearer", "prefix": "Tok\nen"}, "client.auth.prefix: must be a short plain text"),
        ([{"type": "oauth2"}, QUERY_KEY], "client.auth[0].token_url: is missing"),
    ],
)
def test_a_list_that_cannot_be_is_refused_with_a_hint(auth: Any, told: str) -> None:
    assert told in mistakes(auth)


def test_a_key_in_the_body_of_a_get_is_refused() -> None:
    in_body = {"type": "api_key", "name": "key", "location": "body"}
    assert "write method: POST, or another location" in mistakes(in_body)
    assert "into which auth could put a key" in mistakes(in_body, method="POST", data="a text")
