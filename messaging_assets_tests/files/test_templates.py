"""Variables of other tools are refused wherever they stand; what only looks like one is not."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets.description.names import PAGE_PLACE
from messaging_assets.files.api_files import InvalidDescription, describe

SAID = "nothing fills a variable here"


def described(client: Any = None, **endpoint: Any) -> None:
    client = {"base_url": "https://api.example.com", **(client or {})}
    endpoint = {"path": "/users", "method": "POST" if "json" in endpoint else "GET", **endpoint}
    describe({"client": client, "resources": [{"name": "users", "endpoint": endpoint}]}, "chat")


@pytest.mark.parametrize("text", ["${TENANT}", "a-${TENANT}", "{{ env.TENANT }}", "$TENANT", "%TENANT%", "{{tenant}}"])
@pytest.mark.parametrize("place", ["client.headers.X-Tenant", "resources.users.endpoint.headers.X-Tenant"])
def test_a_variable_in_a_header_is_refused_with_where_settings_go(text: str, place: str) -> None:
    own = {"headers": {"X-Tenant": text}}
    with pytest.raises(InvalidDescription) as refused:
        described(own) if place.startswith("client") else described(**own)
    assert f"chat: {place}: {SAID}" in str(refused.value)
    assert "CHAT__API_KEY" in str(refused.value)
    assert "CHAT__BASE_URL" in str(refused.value)


@pytest.mark.parametrize(
    ("client", "endpoint"),
    [
        ({"base_url": "https://${HOST}/v1"}, {}),
        ({"base_url": "https://{tenant}.example.com"}, {}),
        ({"headers": {"X-Tenant": "{tenant}"}}, {}),
        ({"auth": {"type": "oauth2", "token_url": "https://${HOST}/token"}}, {}),
        ({"auth": {"type": "api_key", "name": "X-Key", "prefix": "${PREFIX} "}}, {}),
        ({}, {"path": "/${TENANT}/users"}),
        ({}, {"params": {"tenant": "${TENANT}"}}),
        ({}, {"params": {"tenant": "{{ env.TENANT }}"}}),
        ({}, {"json": {"tenant": ["{{ env_var('TENANT') }}"]}}),
    ],
)
def test_a_variable_anywhere_in_a_request_is_refused_once(client: Any, endpoint: Any) -> None:
    with pytest.raises(InvalidDescription) as refused:
        described(client, **endpoint)
    assert str(refused.value).count(SAID) == len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("word", "written", "said"),
    [
        ("steps", [{"constant": {"on": "{now:date}"}}], "[0].constant.on: no step fills a placeholder of requests"),
        ("steps", [{"constant": {"of": "{resources.teams.id}"}}], "by include_from_parent"),
        ("steps", [{"constant": {"key": "{secret.app_key}"}}], "no step fills a placeholder of requests"),
        ("steps", [{"filter": "@.at > '{incremental.start_value}'"}], "[0].filter: no step fills"),
        ("steps", [{"constant": {"region": "{for_each.region}"}}], "values of for_each as _<name>"),
        ("for_each", {"v": ["a", "{secret.key}"]}, "accounts ask the same lists with several secrets"),
        ("for_each", {"v": ["{now-1d:date}"]}, "{now:<format>} stands in the request itself"),
        ("data_selector", "users[?(@.day == '{window.start}')]", "data_selector: no path takes a placeholder"),
        ("incremental", {"cursor_path": "at", "initial_value": "{now-7d:date}"}, "such as -30d"),
        ("incremental", {"cursor_path": "at", "start_param": "{resources.a.b}"}, "no placeholder is filled here"),
        ("paginator", {"type": "offset", "limit": 5, "offset_param": "{for_each.one}"}, "offset_param: no placeholder"),
        ("error_in_body", {"path": "error", "values": ["{now:date}"]}, "values[0]: no placeholder is filled here"),
    ],
)
def test_a_placeholder_of_requests_is_refused_where_none_is_made(word: str, written: Any, said: str) -> None:
    endpoint = {"path": "/users", "params": {"k": "{for_each.v}"} if word == "for_each" else {}}
    own = {word: written} if word in ("steps", "for_each") else {"endpoint": {**endpoint, word: written}}
    own = {"endpoint": endpoint, **own}
    raw = {"client": {"base_url": "https://api.example.com"}, "resources": [{"name": "users", **own}]}
    with pytest.raises(InvalidDescription) as refused:
        describe(raw, "chat")
    assert said in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    "step",
    [
        {"constant": {"shape": '{"now": 1}', "pattern": "{id}"}},
        {"template": {"made": "{now:date}"}},
        {"filter": "@.text =~ 'a{2,3}'"},
    ],
)
def test_braces_in_a_step_that_name_no_placeholder_are_let_through(step: Any) -> None:
    raw = {"client": {"base_url": "https://api.example.com"}, "resources": [{"name": "users", "steps": [step]}]}
    describe(raw, "chat")


def test_doubled_braces_in_a_header_of_all_requests_are_refused() -> None:
    with pytest.raises(InvalidDescription, match="braces are sent as they are written here"):
        described({"headers": {"X-Meta": '{{"a": 1}}'}})


@pytest.mark.parametrize(
    ("client", "endpoint"),
    [
        ({"headers": {"X-Meta": '{"a": 1}', "X-Price": "US$5", "X-Share": "5%"}}, {}),
        ({"base_url": "https://api.example.com/a%20b"}, {"path": "/$metadata/%E4%BC%9A"}),
        ({}, {"headers": {"X-Meta": '{{"a": 1}}'}}),
        ({}, {"params": {"$filter": "a gt 1", "q": "{{id}}"}}),
        ({}, {"json": {"query": "query($first: Int) {{ users(first: $first) {{ id }} }}"}}),
        ({"auth": {"type": "session", "login": {"path": "/login"}, "headers": {"X-Token": "{data.token}"}}}, {}),
    ],
)
def test_braces_and_dollars_that_mean_themselves_are_let_through(client: Any, endpoint: Any) -> None:
    described(client, **endpoint)


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("{ issues { nodes { id } } }", "{{ issues {{ nodes {{ id }} }} }}"),
        ("query($c: String){users(after: $c){id}}", "query($c: String){{users(after: $c){{id}}}}"),
        ('{"since": "{incremental.start_value}"}', '{{"since": "{incremental.start_value}"}}'),
        ('{"from": "{now-7d:date}", "of": {}}', '{{"from": "{now-7d:date}", "of": {{}}}}'),
        ("{{ users {{ id }} }}", "{{ users {{ id }} }}"),
    ],
)
@pytest.mark.parametrize("part", ["params", "json", "data"])
def test_braces_of_a_query_or_of_json_may_stand_as_they_are(part: str, text: str, taken: str) -> None:
    endpoint = {"path": "/users", "method": "GET" if part == "params" else "POST", part: {"q": text}}
    endpoint["incremental"] = {"cursor_path": "at", "initial_value": "2025-01-01"}
    resource = {"name": "users", "write_disposition": "append", "endpoint": endpoint}
    found = describe({"client": {"base_url": "https://api.example.com"}, "resources": [resource]}, "chat")
    endpoint = found.resources_in_full["users"].endpoint.model_dump(by_alias=True)
    assert endpoint[part] == {"q": taken}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{ users { id }", "its braces do not pair"),
        ("{user}", "nothing fills the placeholder"),
        ('{"of": "{resource.users.id}"}', "nothing fills the placeholder"),
    ],
)
def test_what_may_be_meant_for_a_placeholder_is_refused(text: str, told: str) -> None:
    with pytest.raises(InvalidDescription, match=told):
        described(json={"query": text})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{{"from":{paginator.offset},"n":{paginator.limit}}}', ["offset", "limit"]),
        ("{{{paginator.page}}}", ["page"]),
        ("{{paginator.page}}", []),
    ],
)
def test_a_page_number_beside_doubled_braces_is_filled_in(text: str, found: list[str]) -> None:
    assert [word for _, word in PAGE_PLACE.findall(text)] == found
