"""Secrets of sources of each kind: each goes where the source sends it, by a name of its own, and its value nowhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from messaging_assets.conversion.api_spec import from_spec
from messaging_assets.conversion.dlt_config import from_dlt
from messaging_assets.conversion.manifest.streams import from_manifest
from messaging_assets.conversion.outcome import Converted
from messaging_assets.conversion.python.configs import config_in
from messaging_assets.conversion.secret_fields import joined
from messaging_assets.conversion.tap_config import from_tap
from messaging_assets.conversion.texts import Settings
from messaging_assets_tests.discovery.test_convert import converted, manifest, only

HELD = "{{ config['%s'] }}"
SECRETS = {name: {"type": "string", "airbyte_secret": True} for name in ("token", "app_key", "pin")}
KEY = {"type": "ApiKeyAuthenticator", "header": "X-Key", "api_token": HELD % "app_key"}


def _manifest(spec: dict[str, Any] | None = None, **requester: Any) -> Any:
    connection = {"connection_specification": {"properties": SECRETS if spec is None else spec}}
    return from_manifest, {**manifest(**requester), "spec": connection}


def _spec(**request: Any) -> Any:
    whole = {"url": "https://api.example.com/v1/messages", **request}
    return from_spec, {"endpoints": {"messages": {"request": whole}}}


def _tap(stream: dict[str, Any] | None = None, **config: Any) -> Any:
    streams = [{"name": "messages", "path": "/messages", **(stream or {})}]
    return from_tap, {"api_url": "https://api.example.com/v1", "streams": streams, **config}


def _dlt(client: str = "", endpoint: str = '{"path": "messages"}', defaults: str = "{}") -> Any:
    text = (
        f'config = {{"client": {{"base_url": "https://api.example.com/v1", {client}}}, '
        f'"resource_defaults": {defaults}, "resources": [{{"name": "messages", "endpoint": {endpoint}}}]}}'
    )
    return from_dlt, config_in(text, "chat.py")[0]


def _became(source: Any) -> Converted:
    read, value = source
    found = Converted("chat", "a source", Settings())
    read(value, found)
    assert not [loss.words for draft in found.drafts for loss in draft.losses if "secret" in loss.words]
    return found


@pytest.mark.parametrize(
    ("source", "path"),
    [
        (_manifest(path="/bot" + HELD % "token"), "/bot{secret.token}"),
        (_spec(url="https://api.example.com/v1/bot{secrets.token}/messages"), "/bot{secret.token}/messages"),
        (_spec(url="https://api.example.com/v1/messages?pin={secrets.api_key}"), "/messages?pin={secret.api_key}"),
        (_tap({"path": "/bot${TOKEN}/messages"}), "/bot{secret.token}/messages"),
        (_dlt(endpoint='{"path": f"bot{dlt.secrets[\'chat.token\']}/messages"}'), "bot{secret.token}/messages"),
    ],
)
def test_a_secret_in_a_path_stands_there_by_its_name(source: Any, path: str) -> None:
    assert _became(source).drafts[0].endpoint["path"].endswith(path)


def test_a_secret_of_a_host_is_never_in_a_path() -> None:
    found = Converted("chat", "a spec", Settings())
    from_spec(_spec(url="https://{secrets.token}.example.com/v1/{secrets.pin_token}/a")[1], found)
    assert "{secret." not in found.client["base_url"]
    assert found.drafts[0].endpoint["path"].endswith("/{secret.pin_token}/a")


@pytest.mark.parametrize(
    "source",
    [
        _manifest(http_method="POST", request_body_json={"login": {"app_key": HELD % "app_key", "n": 1}}),
        _spec(method="POST", payload={"login": {"app_key": "{secrets.app_key}", "n": 1}}),
        _tap(use_request_body_not_params=True, params={"login": {"app_key": "a1b2c3d4e5", "n": 1}}),
        _dlt(endpoint='{"path": "m", "method": "POST", "json": {"login": {"app_key": dlt.secrets["k"], "n": 1}}}'),
    ],
)
def test_a_secret_inside_a_body_goes_there(source: Any) -> None:
    endpoint = _became(source).drafts[0].endpoint
    assert endpoint["auth"] == {"type": "api_key", "name": "login.app_key", "location": "body"}
    assert endpoint["json"] == {"login": {"n": 1}}


@pytest.mark.parametrize(
    "source",
    [
        _manifest(http_method="POST", request_body_data={"app_key": HELD % "app_key"}),
        _manifest(
            http_method="POST",
            authenticator={**KEY, "inject_into": {"inject_into": "body_data", "field_name": "app_key"}},
        ),
        _dlt(endpoint='{"path": "m", "method": "POST", "data": {"app_key": dlt.secrets["k"]}}'),
    ],
)
def test_a_form_whose_only_field_is_a_secret_stays_a_form(source: Any) -> None:
    finished = _became(source).drafts[0].finished["endpoint"]
    assert finished["auth"]["location"] == "body"
    assert finished["data"] == {}


def test_a_form_without_any_field_is_none() -> None:
    found = Converted("chat", "a manifest", Settings())
    from_manifest(_manifest(http_method="POST", request_body_data={"team": HELD % "team"})[1], found)
    assert "data" not in found.drafts[0].finished["endpoint"]


def test_a_request_without_a_body_has_none_for_a_secret() -> None:
    found = Converted("chat", "a manifest", Settings())
    from_manifest(_manifest(request_body_json={"app_key": HELD % "app_key"})[1], found)
    assert not found.drafts[0].endpoint["auth"]
    assert any("the secret 'app_key'" in loss.words for loss in found.drafts[0].losses)


def test_a_variable_of_a_tap_that_is_called_like_a_secret_is_one() -> None:
    found = _became(_tap(params={"q": "${CHAT_TOKEN}", "team": "${TEAM}"}))
    assert found.drafts[0].endpoint["auth"] == {"type": "api_key", "name": "q", "location": "query"}


@pytest.mark.parametrize(
    ("ways", "names"),
    [
        ([("X-Key", "header"), ("x-key", "query")], ["x_key", "x_key_query"]),
        ([("X-Key", "header"), ("X_Key", "header")], ["x_key", "x_key_header"]),
        ([("base_url", "header"), ("token-url", "query")], ["secret_key", "secret_key_query"]),
        ([("a.key", "body"), ("b.key", "body")], ["a_key", "b_key"]),
    ],
)
def test_two_secrets_never_have_one_name(ways: list[tuple[str, str]], names: list[str]) -> None:
    several = joined([{"type": "api_key", "name": name, "location": location} for name, location in ways])
    assert [way["secret"] for way in several] == names


def test_a_secret_of_several_lists_has_one_name_in_all_of_them() -> None:
    shared, other = ({"type": "api_key", "name": name, "location": "query"} for name in ("x-key", "k"))
    joined([{"type": "api_key", "name": "X-Key", "location": "header"}, shared])
    joined([shared, other])
    assert (shared["secret"], other["secret"]) == ("x_key_query", "k")


def test_secrets_of_two_parts_of_the_settings_that_end_alike_have_their_whole_names() -> None:
    held = {"properties": {"token": {"type": "string", "airbyte_secret": True}}}
    path = "/{{ config['site']['token'] }}/{{ config['team']['token'] }}"
    found = _became(_manifest({"site": held, "team": held}, path=path))
    assert found.drafts[0].endpoint["path"] == "/{secret.site_token}/{secret.team_token}"


TOKEN, FIELD = '"auth": {"type": "bearer", "token": dlt.secrets["t"]}', '"params": {"k": dlt.secrets["k"]}'
HEADER = '"headers": {"X-Key": dlt.secrets["x"]}'


@pytest.mark.parametrize(
    ("source", "sent"),
    [
        # What an endpoint's fields hold goes beside the client's auth, and beside its own.
        (_dlt(TOKEN, f'{{"path": "m", {FIELD}}}'), ["bearer", "k"]),
        (_dlt(HEADER, f'{{"path": "m", {TOKEN}}}'), ["bearer", "X-Key"]),
        (_dlt(defaults=f'{{"endpoint": {{{FIELD}}}}}', endpoint=f'{{"path": "m", {TOKEN}}}'), ["bearer", "k"]),
        (_dlt(HEADER, f'{{"path": "m", {TOKEN}}}', f'{{"endpoint": {{{FIELD}}}}}'), ["bearer", "X-Key", "k"]),
        # An auth takes the place of another.
        (_dlt('"auth": "http_basic"', f'{{"path": "m", {TOKEN}}}'), ["bearer"]),
    ],
)
def test_a_secret_among_fields_goes_with_each_request_whatever_its_auth_is(source: Any, sent: list[str]) -> None:
    auth = _became(source).drafts[0].endpoint["auth"]
    assert [way.get("name", way["type"]) for way in (auth if isinstance(auth, list) else [auth])] == sent


def test_a_value_of_a_list_that_cannot_be_said_is_left_out_of_it() -> None:
    found = Converted("chat", "a manifest", Settings())
    from_manifest(_manifest(http_method="POST", request_body_json={"of": ["a", HELD % "team", None]})[1], found)
    assert found.drafts[0].endpoint["json"] == {"of": ["a", None]}


def test_a_default_that_looks_like_a_secret_leaves_the_rest_of_the_file(clean_room: Path) -> None:
    default = "s3cr3tVALUE9x8y7z6w5"
    source = manifest(request_parameters={"q": HELD % "site"}, authenticator=KEY)
    source["spec"] = {"connection_specification": {"properties": {"site": {"type": "string", "default": default}}}}
    raw, done = converted(source, clean_room)
    assert only(raw)["endpoint"]["path"] == "/messages"
    assert default not in repr(raw)
    assert "left out endpoint.params.q" in done.output


def _session(**login: Any) -> Any:
    requester = {"url_base": "https://api.example.com", "path": "/login", "http_method": "POST", **login}
    return _manifest(
        authenticator={
            "type": "SessionTokenAuthenticator",
            "login_requester": requester,
            "session_token_path": ["token"],
            "request_authentication": {"type": "Bearer"},
        }
    )


def test_a_login_sends_each_secret_where_the_source_does() -> None:
    body = {"user": {"name": HELD % "name", "password": HELD % "password"}, "k": HELD % "token"}
    source = _session(request_body_json=body, request_headers={"X-App": HELD % "app_key", "Accept": "text/plain"})
    login = _became(source).drafts[0].endpoint["auth"]["login"]
    assert login["fields"] == {
        "user": {"name": "{secret.name}", "password": "{secret.password}"},
        "k": "{secret.token}",
    }
    assert login["headers"] == {"X-App": "{secret.app_key}"}
    assert (login["username_field"], login["password_field"]) == (None, None)


def test_a_login_whose_path_cannot_be_said_is_no_login() -> None:
    found = Converted("chat", "a manifest", Settings())
    names = {"username": HELD % "name", "password": HELD % "password"}
    from_manifest(_session(path="/login/" + HELD % "token", request_body_json=names)[1], found)
    assert not found.drafts[0].endpoint["auth"]
    assert any("the secret 'token'" in loss.words for loss in found.drafts[0].losses)
