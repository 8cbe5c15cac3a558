"""A secret that a request names is a way of authentication, of its client, its resource or of all resources."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from messaging_assets.description.ways.named_secrets import with_secrets_in_auth

TOKEN = {"type": "bearer"}
APP = {"type": "api_key", "location": "header", "name": "X-App", "secret": "app_key"}
KEY = {"type": "api_key", "location": "query", "name": "key", "secret": "app_key", "prefix": "Key "}
CODE = {"type": "api_key", "location": "body", "name": "code", "secret": "code"}
BOT = {"type": "api_key", "location": "path", "name": "~secret.bot~", "secret": "bot"}
OWN = {"type": "http_basic"}


def _auth(raw: dict[str, Any]) -> list[Any]:
    """What the client and each resource authenticate with, by what they say themselves."""
    before = deepcopy(raw)
    made = with_secrets_in_auth(raw)
    assert raw == before
    assert "{secret." not in repr(made)
    every = [made["client"], made.get("resource_defaults", {}).get("endpoint", {})]
    every += [one.get("endpoint", {}) for one in made["resources"] if isinstance(one, dict)]
    return [one.get("auth") for one in every]


def _raw(headers: Any = None, defaults: Any = None, **endpoint: Any) -> dict[str, Any]:
    client = {"auth": TOKEN, "headers": {"X-Team": "ops", **(headers or {})}}
    shared = {"resource_defaults": {"endpoint": defaults}} if defaults else {}
    return {"client": client, **shared, "resources": ["users", {"name": "a", "endpoint": endpoint}]}


NAMED, OTHER = {"X-App": "{secret.app_key}"}, {"X-App": "{secret.other}"}
OTHER_APP = {**APP, "secret": "other"}


@pytest.mark.parametrize(
    ("raw", "auth"),
    [
        (_raw(), [TOKEN, None, None]),
        (_raw(NAMED), [[TOKEN, APP], None, None]),
        (_raw(NAMED, auth=OWN), [[TOKEN, APP], None, [OWN, APP]]),
        (_raw(params={"key": "Key {secret.app_key}", "q": "{setting.q}"}), [TOKEN, None, [TOKEN, KEY]]),
        (_raw(NAMED, json={"code": "{secret.code}"}), [[TOKEN, APP], None, [TOKEN, APP, CODE]]),
        (_raw(json={"a": {"b": {"code": "{secret.code}"}}}), [TOKEN, None, [TOKEN, {**CODE, "name": "a.b.code"}]]),
        (_raw(path="/bot{secret.bot}/m/{secret.bot}"), [TOKEN, None, [TOKEN, BOT]]),
        (_raw(auth=[OWN], data={"code": "{secret.code}"}), [TOKEN, None, [OWN, CODE]]),
        (_raw(NAMED, {"auth": OWN}), [[TOKEN, APP], [OWN, APP], None]),
        (_raw(defaults={"headers": NAMED}), [TOKEN, [TOKEN, APP], None]),
        (_raw(defaults={"headers": NAMED}, auth=OWN), [TOKEN, [TOKEN, APP], [OWN, APP]]),
        (_raw(NAMED, {"headers": OTHER}, auth=OWN), [[TOKEN, APP], [TOKEN, OTHER_APP], [OWN, OTHER_APP]]),
        (
            _raw(defaults={"json": {"code": "{secret.other}"}}, json={"code": "{secret.code}"}),
            [TOKEN, [TOKEN, {**CODE, "secret": "other"}], [TOKEN, CODE]],
        ),
        (_raw(defaults={"path": "/bot{secret.bot}/m"}, auth=OWN), [TOKEN, [TOKEN, BOT], [OWN, BOT]]),
        (_raw(defaults={"headers": NAMED}, json={"code": "{secret.code}"}), [TOKEN, [TOKEN, APP], [TOKEN, APP, CODE]]),
    ],
)
def test_each_named_secret_is_in_the_auth_of_all_that_it_goes_with(raw: dict[str, Any], auth: list[Any]) -> None:
    assert _auth(raw) == auth


def test_the_request_keeps_its_other_fields() -> None:
    made = with_secrets_in_auth(_raw(NAMED, params={"key": "Key {secret.app_key}", "q": "1"}))
    assert made["client"]["headers"] == {"X-Team": "ops"}
    assert made["resources"][1]["endpoint"]["params"] == {"q": "1"}


@pytest.mark.parametrize(
    "raw", [{}, {"client": None, "resources": None}, {"client": [], "resources": "users", "resource_defaults": 7}]
)
def test_a_description_of_another_shape_stays_as_it_is(raw: dict[str, Any]) -> None:
    assert with_secrets_in_auth(raw) == raw


def test_a_path_keeps_a_place_for_its_secret() -> None:
    made = with_secrets_in_auth(_raw(path="/bot{secret.bot}/m/{resources.users.id}"))
    assert made["resources"][1]["endpoint"]["path"] == "/bot~secret.bot~/m/{resources.users.id}"


def test_an_endpoint_that_is_a_path_alone_names_a_secret_too() -> None:
    made = with_secrets_in_auth({"client": {}, "resources": [{"name": "a", "endpoint": "/bot{secret.bot}/m"}]})
    assert made["resources"] == [{"name": "a", "endpoint": {"path": "/bot~secret.bot~/m", "auth": [BOT]}}]
