"""A file that holds a secret is refused, by the field's name or the value's look; ordinary values are not."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from messaging_assets.description.ways.secret_signs import is_ordinary, look_of, names_secret
from messaging_assets.files.api_files import InvalidDescription, describe, read_file

# Made up, and put together here, so that no scanner of this repository takes them for real.
LONG = "Zx8vQm3LpR7tYw2N" + "kJ5hBc9D"
VENDOR = "ghp" + "_16C7e42F292c6912E7710c838347Ae178B4a"
JWT = "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N"
PEM = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEow"
AWS = "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY"
SHORT = "hunter2hunter2"
WORDS = "Winter2024!"
CURSOR = {"type": "cursor", "cursor_param": "after"}


def api(endpoint: Any = None, top: dict[str, Any] | None = None, **client: Any) -> dict[str, Any]:
    path = {"path": "/m"} if isinstance(endpoint, dict) or endpoint is None else None
    resource = {"name": "m", "endpoint": {**path, **(endpoint or {})} if path else endpoint}
    return {"client": {"base_url": "https://api.example.com", **client}, "resources": [resource], **(top or {})}


def resource(**words: Any) -> dict[str, Any]:
    whole = api()
    whole["resources"][0] |= words
    return whole


def oauth(**data: Any) -> dict[str, Any]:
    auth = {"type": "oauth2", "token_url": "https://api.example.com/token", "access_token_request_data": data}
    return api(auth=auth)


def post(body: Any) -> dict[str, Any]:
    return api({"method": "POST", "json": body})


def column(**words: Any) -> dict[str, Any]:
    return {"client": {"base_url": "https://a.example"}, "resources": [{"name": "m", "columns": {"id": words}}]}


SECRETS: dict[str, dict[str, Any]] = {
    **{
        f"header {name}": api(headers={name: SHORT})
        for name in (
            *("X-Figma-Token", "DD-APPLICATION-KEY", "Ocp-Apim-Subscription-Key", "X-Signature", "Session", "Auth"),
            *("Cookie", "X-Api-Secret", "Proxy-Authorization", "X-API-KEY-2", "Api_Key_Value", "x-vault-token"),
            *("X-Postmark-Server-Token", "X-Auth", "xi-api-key", "X-MBX-APIKEY", "PRIVATE-TOKEN", "X-Password"),
        )
    },
    **{
        f"parameter {name}": api({"params": {name: SHORT}})
        for name in (
            *("key", "sig", "secretKey", "appid", "pwd", "passwd", "jwt", "session_id", "refresh_token", "authtoken"),
            *("sharedsecret", "api%5Fkey", "auth[token]", "X-Amz-Signature", "hapikey", "user.password", "accessToken"),
            *("secretkey", "apiKeyV2", "pass_code", "licenceKey", "passwort", "x-functions-key"),
            *("consumer_key", "webhook_secret", "id_token", "apiToken", "client-secret", "passphrase"),
        )
    },
    **{
        f"look of {what}": api(headers={"X-Anything": value})
        for what, value in {
            "a vendor's token": VENDOR,
            "a JWT": JWT,
            "a private key": PEM,
            "an AWS secret": AWS,
            "random text": LONG,
            "hexadecimal digits": "a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6",
            "Bearer": f"Bearer {SHORT}",
            "bearer in small letters": "bearer abcdefghijkl",
            "Basic": "Basic dXNlcjpwYXNzd29yZA==",
            "an encoded token": VENDOR.replace("_", "%5F"),
            "a connection string": f"AccountName=x;AccountKey={LONG}==",
            "a chat webhook": f"https://hooks.example.com/services/T00000000/B00000000/{LONG}",
        }.items()
    },
    "grant's refresh token": oauth(grant_type="refresh_token", refresh_token=SHORT),
    "grant's password": oauth(grant_type="password", username="bob", password=SHORT),
    "grant's assertion": oauth(assertion=SHORT),
    "token_url": api(auth={"type": "oauth2", "token_url": f"https://t.example.com/t?key={SHORT}"}),
    "name of auth": api(auth={"type": "api_key", "name": VENDOR, "location": "header"}),
    "path": api(f"/bot123456:AAE{LONG}/getUpdates"),
    "path parameter": api(f"/m;api_key={SHORT}"),
    "encoded question mark": api(f"/m%3Fapi_key={SHORT}"),
    "encoded twice": api(f"/m?api%255Fkey={SHORT}"),
    "base_url": api(base_url=f"https://api.example.com/{LONG}"),
    "body": post({"login": {"password": SHORT}}),
    "body's list of pairs": post({"vars": [{"name": "api_key", "value": SHORT}]}),
    "body's list below a name": post({"api_keys": [], "api_key": ["", SHORT]}),
    "body's object below a name": post({"secret": {"value": SHORT}}),
    "form as text": api({"method": "POST", "data": f"a=1&api_key={SHORT}"}),
    "JSON as text": api({"method": "POST", "data": json.dumps({"password": SHORT})}),
    "parameter's text": api({"params": {"filter": f"token={SHORT}"}}),
    "description": api(top={"description": f"The password is {SHORT}."}),
    "description's token": api(top={"description": f"Log in with {VENDOR}"}),
    "behind another name": api(top={"description": f"the login: password={SHORT}"}),
    "in a comparison": resource(steps=[{"filter": f"@.token == '{SHORT}'"}]),
    "column's description": column(data_type="text", description=f"api_key: {SHORT}"),
    "key of a mapping": post({VENDOR: 1}),
    "number": post({"password": 12345678}),
    "defaults": api(top={"resource_defaults": {"endpoint": {"params": {"access_token": SHORT}}}}),
    "incremental": api({"incremental": {"cursor_path": "at", "initial_value": VENDOR}}),
    "body's pass": post({"pass": WORDS}),
    "body's text with a password": post({"query": f'mutation {{ login(password: "{WORDS}") }}'}),
    "parameter auth": api({"params": {"auth": SHORT}}),
    "parameter pin": api({"params": {"pin": "483920"}}),
    "XML": api({"method": "POST", "data": f"<a:login><password>{WORDS}</password></a:login>"}),
    "form's password of words": api({"method": "POST", "data": f"user=bob&password={WORDS}"}),
    "constant": resource(steps=[{"constant": {"password": WORDS}}]),
    "parameter of a further page": api({"paginator": {**CURSOR, "next_request": {"params": {"api_key": SHORT}}}}),
    "body of a further page": api({"paginator": {**CURSOR, "next_request": {"json": {"password": SHORT}}}}),
    "path of a further page": api({"paginator": {**CURSOR, "next_request": {"path": f"/n?api_key={SHORT}"}}}),
    "further page of each list": api(paginator={**CURSOR, "next_request": {"data": {"password": SHORT}}}),
    "further page of a job": api({"job": {"paginator": {**CURSOR, "next_request": {"json": {"password": SHORT}}}}}),
    "tag": resource(tags={"api_token": SHORT}),
    "password in an address": resource(tags={"see": f"https://bob:{WORDS}@h.example.com/"}),
    **{
        f"webhook {host}": resource(description=f"Errors go to https://{host}/{LONG}, see there.")
        for host in (
            *("hooks.slack.com/services/T00000000/B00000000", "discord.com/api/webhooks/123456789012345678"),
            *("hooks.zapier.com/hooks/catch/123456", "acme.webhook.office.com/webhookb2/0a1b@0c1d/IncomingWebhook"),
            *("hook.eu1.make.com", "maker.ifttt.com/trigger/x/with/key"),
        )
    },
}
ORDINARY: dict[str, dict[str, Any]] = {
    **{
        f"parameter {name}: {value}": api({"params": {name: value}})
        for name, value in {
            "page_key": "abc",
            "sort_key": "created_at",
            "sortKey": "updatedAt",
            "primary_key": "id",
            "key": "status",
            "project_key": "ABC",
            "issue_key": "PROJ-1234",
            "routing_key": "orders.created.v2",
            "page_token": "",
            "nextPageToken": "first",
            "pagetoken": "0",
            "continuation_token": "start",
            "token_type": "bot",
            "max_tokens": 100,
            "include_secrets": False,
            "secret": True,
            "keyword": "monkey",
            "session": "current",
            "pass": "all",
            "auth": "oauth2-sha256",
            "pin": True,
            "fields": "id,key,token,password,created_at,lastModifiedDateTime,userPrincipalName",
            "properties": "hs_analytics_num_page_views,hubspot_owner_assigneddate,hs_object_id",
            "expand[]": "data.customer",
            "workspace_id": "5f1b2c3d4e5f6a7b8c9d0e1f",
            "account_id": "0a1b2c3d-0000-4000-8000-000000000001",
            "database": "a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6",
            "ids": "0a1b2c3d-0000-4000-8000-000000000001,0a1b2c3d-0000-4000-8000-000000000002",
            "tenant": "0a1b2c3d-0000-4000-8000-000000000001",
            "since": "2024-01-01T00:00:00.000000+00:00",
            "from": "20240101T000000Z",
            "until": 1700000000000,
            "status": "open,closed,in_progress,waiting_for_customer,escalated_to_second_level,resolved,reopened",
            "select": "internetMessageHeaders,conversationThreadId,isDeliveryReceiptRequested",
            "q": "type:message token:expired is:open sort:created-desc",
            "filter": "systemModificationTimestamp ge 2024-01-01T00:00:00Z and statecode eq 0",
            "jql": "project = ABC AND updated >= -1d ORDER BY key ASC",
            "location": "52.520008,13.404954",
            "callback": "https://example.com/hooks/incoming-messages/v2?source=warehouse",
            "locale": "de-DE,de;q=0.9,en-US;q=0.8",
            "sha": "356a192b7913b04c54574d18c28d46e6395428ab",
            "signature_method": "HMAC-SHA256",
            "include_signature": "true",
            "expand": "oauth2PermissionGrants,iso3166CountryCodes,getUserByIdV2Response",
            "grant_type": "client_credentials",
        }.items()
    },
    **{
        f"header {name}: {value}": api(headers={name: value})
        for name, value in {
            "Accept": "application/vnd.github.v3.raw+json; charset=utf-8",
            "User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)",
            "Prefer": "odata.maxpagesize=500, outlook.body-content-type=text",
            "Api-Version": "2024-10-01.acacia",
            "Idempotency-Key": "0a1b2c3d-0000-4000-8000-000000000001",
            "X-Plan": "Basic plan",
            "X-Auth-User": "bob",
            "X-Token-Type": "bearer",
            "Authorization": "Bearer {resources.p.access}",
            "X-Token": "{resources.p.token}",
            "Accept-Language": "en-US",
        }.items()
        if "{" not in str(value)
    },
    "parent's token": {
        "client": {"base_url": "https://a.example"},
        "resources": [
            {"name": "pages", "primary_key": "id", "endpoint": "/pages"},
            {
                "name": "posts",
                "endpoint": {
                    "path": "/{resources.pages.id}/posts",
                    "params": {"access_token": "{resources.pages.access_token}"},
                    "headers": {"Authorization": "Bearer {resources.pages.access_token}"},
                },
            },
        ],
    },
    "pages of a record": api("/v1/workspaces/5f1b2c3d4e5f6a7b8c9d0e1f/conversationThreads"),
    "a long path": api("/v2/accounts/recordings/transcriptionConfigurations/attributeDefinitions.json"),
    "graphql": post({"query": "{{ users(first: 100) {{ nodes {{ id apiKey {{ name }} passwordChangedAt }} }} }}"}),
    "list of pairs": post({"sorts": [{"name": "created_at", "value": "desc"}, {"key": "token", "direction": "asc"}]}),
    "selector": api({"data_selector": "$.data[?(@.token_type=='bot')].internalDistributionRecipients"}),
    "prose": api(
        top={
            "description": "Basic authentication by bearer tokens; the password is never sent. See "
            "https://docs.example.com/document/d/1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms/edit#token"
        }
    ),
    "cron": api(top={"schedule": {"cron": "*/15 2-6 * * 1-5", "timezone": "America/Argentina/Buenos_Aires"}}),
    "column": column(data_type="text", description="The user's api key, token or password hash (sha256)."),
    "scopes": api(
        auth={
            "type": "oauth2",
            "token_url": "https://login.example.com/0a1b2c3d-0000-4000-8000-000000000001/oauth2/v2.0/token",
            "scopes": ["https://www.example.com/auth/drive.metadata.readonly", "offline_access"],
            "audience": "https://graph.example.com/.default",
        }
    ),
}


def problems(raw: dict[str, Any]) -> list[str]:
    try:
        describe(raw, "chat", "chat.yaml")
    except InvalidDescription as invalid:
        return [str(one) for one in invalid.problems]
    return []


@pytest.mark.parametrize("raw", SECRETS.values(), ids=list(SECRETS))
def test_a_secret_is_refused_wherever_it_stands_and_never_repeated(raw: dict[str, Any]) -> None:
    told = problems(raw)
    assert any("no secret belongs in an API file" in one for one in told)
    assert not [value for value in (SHORT, LONG, VENDOR, JWT, AWS, "12345678", "dXNlcjpw") if value in "".join(told)]


@pytest.mark.parametrize("raw", ORDINARY.values(), ids=list(ORDINARY))
def test_an_ordinary_value_is_no_secret(raw: dict[str, Any]) -> None:
    assert problems(raw) == []


def test_both_lists_are_long() -> None:
    assert min(len(SECRETS), len(ORDINARY)) >= 40


def test_what_the_file_names_as_no_secret_is_taken() -> None:
    raw = api({"params": {"key": LONG}}, {"not_secret": ["resources.m.endpoint.params.key"]})
    assert problems(raw) == []
    raw["resources"][0]["endpoint"]["params"]["password"] = SHORT
    assert [one.split(": ")[1] for one in problems(raw)] == ["resources.m.endpoint.params.password"]


def test_a_path_without_anything_that_looks_like_a_secret_is_refused_under_not_secret() -> None:
    [told] = problems(api(top={"not_secret": ["client.base_url"]}))
    assert "not_secret[0]: nothing that looks like a secret stands at this path" in told


def test_a_secret_that_is_a_name_is_not_repeated_in_the_path_of_another_mistake() -> None:
    raw = {"client": {"base_url": "https://a.example"}, "resources": [{"name": VENDOR, VENDOR: 1, "nested": VENDOR}]}
    told = problems(raw)
    assert told
    assert VENDOR not in "".join(told)


@pytest.mark.parametrize("text", ["hunter2", "createdAt", "2024-01-01T00:00:00Z", "v2", "PROJ-1", "a, b; c", "1.5e10"])
def test_words_numbers_and_dates_are_ordinary(text: str) -> None:
    assert is_ordinary(text)
    assert look_of(text) is None


@pytest.mark.parametrize("text", [LONG, AWS, SHORT * 2])
def test_random_text_is_not_ordinary(text: str) -> None:
    assert not is_ordinary(text)
    assert look_of(text)


def test_a_name_alone_means_a_secret_only_where_it_is_certain() -> None:
    assert names_secret("X-Api-Key")
    assert names_secret("accessToken")
    assert not names_secret("key")
    assert not names_secret("page_token")


@pytest.mark.parametrize(("comment", "is_secret"), [(f"token: {VENDOR}", 1), (f"password = {SHORT}", 1), ("page 2", 0)])
def test_a_secret_in_a_comment_of_a_file_is_refused_with_its_line(comment: str, is_secret: int, tmp_path: Path) -> None:
    file = tmp_path / "chat.yaml"
    file.write_text(f"client: {{base_url: 'https://a.example'}}\nresources:\n  - m  # {comment}\n")
    if not is_secret:
        assert read_file(file)
        return
    with pytest.raises(InvalidDescription, match=r":3: a comment here looks like") as caught:
        read_file(file)
    assert comment not in str(caught.value)


@pytest.mark.parametrize(
    "unit", ["hook.", "a.", "a", "<a", "a:", "a1", "bearer ", "https://hooks.slack.com/services/", "<a "]
)
def test_a_long_text_is_judged_in_a_time_that_grows_with_its_length(unit: str) -> None:
    begun = time.process_time()
    with suppress(InvalidDescription):
        describe(api(top={"description": unit * (200_000 // len(unit))}), "chat")
    assert time.process_time() - begun < 10
