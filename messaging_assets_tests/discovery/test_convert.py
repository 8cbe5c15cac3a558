from __future__ import annotations

import json
import random
import shutil
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from click.testing import CliRunner, Result
from dagster import DagsterInstance

from messaging_assets.cli import main
from messaging_assets.files.api_files import read_file
from messaging_assets.foundation.folders import settle_environment
from messaging_assets.orchestration.api_definitions import definitions_for
from messaging_assets_tests.example_apis import ExampleApis, example_apis
from messaging_assets_tests.programs import CHECKOUT

# Nothing but the test opens the file.
pytestmark = pytest.mark.usefixtures("open_database")

SOURCES = CHECKOUT / "messaging_assets_tests" / "conversions"
# What is converted -> the file that comes of it; a Python file has another name there, as nothing may run it.
PAIRS = {"manifest.yaml": "manifest", "tap.json": "tap", "dlt_config.txt": "dlt_config", "spec.yaml": "spec"}
NO_PAGES = "does the API hand out this list in pages?"


def convert(source: Path, *arguments: object) -> Result:
    return CliRunner().invoke(main, ["convert", str(source), *map(str, arguments)])


def converted(source: Any, folder: Path, *arguments: object) -> tuple[dict[str, Any], Result]:
    """The description that a source becomes, which is a good one, and what was printed."""
    file = folder / "source.json"
    file.write_text(json.dumps(source))
    output = folder / "chat.yaml"
    done = convert(file, "--to", output, "--force", *arguments)
    assert done.exit_code == 0, done.output
    read_file(output)
    raw: dict[str, Any] = yaml.safe_load(output.read_text())
    return raw, done


def manifest(stream: dict[str, Any] | None = None, **requester: Any) -> dict[str, Any]:
    """A manifest with one stream, `messages`."""
    retriever = {
        "requester": {"url_base": "https://api.example.com", "path": "/messages", **requester},
        "record_selector": {"extractor": {"field_path": ["data"]}},
    }
    given = dict(stream or {})
    retriever.update(given.pop("retriever", {}))
    return {"version": "6.0.0", "streams": [{"name": "messages", "primary_key": "id", "retriever": retriever, **given}]}


def only(raw: dict[str, Any]) -> dict[str, Any]:
    [resource] = raw["resources"]
    return dict(resource)


@pytest.mark.parametrize("source", PAIRS)
def test_a_source_becomes_the_file_beside_it(source: str, clean_room: Path) -> None:
    file = clean_room / source.replace(".txt", ".py")
    shutil.copy(SOURCES / source, file)
    output = clean_room / "chat.yaml"

    done = convert(file, "--to", output)

    assert done.exit_code == 0, done.output
    expected = (SOURCES / f"{PAIRS[source]}.expected.yaml").read_text()
    assert output.read_text() == expected
    assert convert(file, "--to", output, "--force").stderr == (SOURCES / f"{PAIRS[source]}.expected.txt").read_text()
    assert CliRunner().invoke(main, ["validate", str(output)]).exit_code == 0
    if source == "manifest.yaml":
        chosen = convert(file, "--setting", "credentials.kind=key", "--setting", "workspace=acme").stdout
        assert 'auth: {type: api_key, name: X-Chat, location: header, prefix: "Key "}' in chosen
        assert 'base_url: "https://{setting.workspace}.example.com/api"' in chosen
        assert "  workspace: acme\n" in chosen


def test_no_paginator_is_a_question_and_not_a_single_page(clean_room: Path) -> None:
    for paginator in (None, {"type": "NoPagination"}):
        raw, done = converted(manifest({"retriever": {"paginator": paginator}}), clean_room)
        assert "paginator" not in only(raw)["endpoint"]
        assert f"resources.messages.endpoint: question: {NO_PAGES}" in done.stderr


def _paged(cursor_value: str, stop: str | None, option: dict[str, Any] | None) -> dict[str, Any]:
    strategy = {"type": "CursorPagination", "cursor_value": cursor_value, "stop_condition": stop}
    return {"type": "DefaultPaginator", "pagination_strategy": strategy, "page_token_option": option}


PARAM = {"type": "RequestOption", "inject_into": "request_parameter", "field_name": "after"}
LINK = {"type": "RequestPath"}


@pytest.mark.parametrize(
    ("paginator", "ours"),
    [
        (_paged("{{ response['meta']['next'] }}", "{{ not response.meta.next }}", PARAM), "cursor meta.next after"),
        (_paged("{{ response.next }}", "{{ response.has_more is false }}", PARAM), "cursor next after has_more_path"),
        (_paged("{{ response.next }}", "{{ not response.data }}", PARAM), "cursor next after stop_after_empty_page"),
        (_paged("{{ last_record['id'] }}", "{{ response.last == true }}", PARAM), "cursor data[-1].id after end_path"),
        (_paged("{{ response.next }}", None, LINK), "json_link next"),
        (_paged("{{ headers['link']['next']['url'] }}", "{{ not headers.link.next }}", LINK), "header_link"),
        (_paged("{{ headers['x-next'] }}", None, PARAM), "header_cursor x-next after"),
        (_paged("{{ response.page + 1 }}", None, PARAM), "page_number 1 after"),
        (_paged("{{ response.next.split('after=')[1] }}", None, PARAM), "json_link next"),
        (_paged("{{ response.next if response['data'] }}", None, PARAM), "cursor next after stop_after_empty_page"),
        (_paged("{{ response.next if response.more else '' }}", None, PARAM), "cursor next after has_more_path"),
        (_paged("{{ response.next if config['all'] }}", None, PARAM), None),
        (_paged("{{ response.next | tojson | hash }}", None, PARAM), None),
        ({"type": "DefaultPaginator", "pagination_strategy": {"class_name": "source_chat.components.Pages"}}, None),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_each_way_of_paging_keeps_its_meaning(paginator: dict[str, Any], ours: str | None, clean_room: Path) -> None:
    raw, done = converted(manifest({"retriever": {"paginator": paginator}}), clean_room)
    found = only(raw)["endpoint"].get("paginator")
    if ours is None:
        assert found is None
        assert "declare the paginator" in done.stderr
    else:
        words = [str(one) for key, one in found.items() if one is not True] + [key for key in found if "path" in key]
        assert set(ours.split()) <= {*words, *found}


@pytest.mark.parametrize(
    ("authenticator", "ours"),
    [
        ({"type": "BearerAuthenticator", "api_token": "{{ config['token'] }}"}, {"type": "bearer"}),
        (
            {"type": "ApiKeyAuthenticator", "header": "X-Key", "api_token": "{{ config.get('key') }}"},
            {"type": "api_key", "name": "X-Key", "location": "header"},
        ),
        (
            {"type": "ApiKeyAuthenticator", "header": "Authorization", "api_token": "Bearer {{ config['key'] }}"},
            {"type": "bearer"},
        ),
        (
            {"type": "BasicHttpAuthenticator", "username": "{{ config['key'] }}", "password": ""},
            {"type": "http_basic", "empty": "password"},
        ),
        (
            {
                "type": "OAuthAuthenticator",
                "grant_type": "client_credentials",
                "token_refresh_endpoint": "https://api.example.com/token",
                "client_id": "{{ config['id'] }}",
                "client_secret": "{{ config['secret'] }}",
                "scopes": ["read"],
            },
            {"type": "oauth2", "token_url": "https://api.example.com/token", "scopes": ["read"]},
        ),
        (
            {
                "type": "SessionTokenAuthenticator",
                "login_requester": {
                    "url_base": "https://api.example.com",
                    "path": "/login",
                    "http_method": "POST",
                    "request_body_json": {"user": "{{ config['name'] }}", "password": "{{ config['password'] }}"},
                },
                "session_token_path": ["data", "token"],
                "request_authentication": {
                    "type": "ApiKey",
                    "inject_into": {"inject_into": "header", "field_name": "X-Session"},
                },
            },
            {
                "type": "session",
                "login": {"path": "/login", "username_field": "user"},
                "headers": {"X-Session": "data.token"},
            },
        ),
        ({"type": "CustomAuthenticator", "class_name": "source_chat.components.Signed"}, "custom code (Signed)"),
        (
            {
                "type": "JwtAuthenticator",
                "secret_key": "{{ config['private_key'] }}",
                "algorithm": "ES256",
                "token_duration": 600,
                "header_prefix": "Bearer",
                "jwt_headers": {"kid": "{{ config['key_id'] }}"},
                "jwt_payload": {"iss": "{{ config['issuer'] }}", "aud": "chat-v1"},
                "additional_jwt_payload": {"scope": ["read"]},
            },
            {
                "type": "jwt",
                "secret": "private_key",
                "algorithm": "ES256",
                "claims": {"iss": "{secret.issuer}", "aud": "chat-v1", "scope": ["read"]},
                "jwt_headers": {"kid": "{secret.key_id}"},
                "token_duration": 600,
                "prefix": "Bearer ",
            },
        ),
        (
            {
                "type": "OAuthAuthenticator",
                "grant_type": "password",
                "token_refresh_endpoint": "https://api.example.com/token",
                "client_id": "{{ config['id'] }}",
                "client_secret": "{{ config['secret'] }}",
                "client_id_name": "app",
                "send_refresh_request_as_query_params": True,
                "refresh_request_body": {
                    "username": "{{ config['username'] }}",
                    "password": "{{ config['password'] }}",
                    "api_key": "{{ config['app_key'] }}",
                },
            },
            {
                "type": "oauth2_password",
                "token_url": "https://api.example.com/token",
                "request_names": {"client_id": "app"},
                "encoding": "query",
                "access_token_request_data": {"api_key": "{secret.app_key}"},
            },
        ),
        (
            {
                "type": "OAuthAuthenticator",
                "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
                "token_refresh_endpoint": "https://api.example.com/token",
                "use_profile_assertion": True,
                "profile_assertion": {
                    "type": "JwtAuthenticator",
                    "secret_key": "{{ config['private_key'] }}",
                    "algorithm": "RS256",
                    "jwt_payload": {"iss": "{{ config['client_email'] }}"},
                },
            },
            {
                "type": "oauth2_jwt_bearer",
                "token_url": "https://api.example.com/token",
                "assertion": {
                    "secret": "private_key",
                    "algorithm": "RS256",
                    "claims": {"iss": "{secret.client_email}"},
                    "token_duration": 1200,
                },
            },
        ),
        (
            {
                "type": "SessionTokenAuthenticator",
                "login_requester": {
                    "url_base": "https://api.example.com",
                    "path": "/login",
                    "http_method": "POST",
                    "authenticator": {
                        "type": "BasicHttpAuthenticator",
                        "username": "{{ config['name'] }}",
                        "password": "{{ config['password'] }}",
                    },
                },
                "session_token_path": ["id"],
                "request_authentication": {
                    "type": "ApiKey",
                    "inject_into": {"inject_into": "request_parameter", "field_name": "sid"},
                },
            },
            {"type": "session", "login": {"path": "/login", "encoding": "basic"}, "params": {"sid": "id"}},
        ),
        ({"type": "JwtAuthenticator", "secret_key": "{{ config['k'] }}", "algorithm": "none"}, None),
    ],
    ids=lambda one: str(one["type"]) if isinstance(one, dict) else "",
)
def test_each_way_of_authentication_keeps_its_meaning(
    authenticator: dict[str, Any], ours: Any, clean_room: Path
) -> None:
    raw, done = converted(manifest(authenticator=authenticator), clean_room)
    if isinstance(ours, str) or ours is None:
        assert "auth" not in raw["client"]
        told = f"it authenticates by {ours}" if ours else "its token cannot be said; say under auth how"
        assert f"resources.messages.endpoint.auth: {told}" in done.stderr
    else:
        assert raw["client"]["auth"] == ours


TAP = {"api_url": "https://api.example.com", "streams": [{"name": "messages", "path": "/messages"}]}
SIGNED = {
    "type": "hmac",
    "secret": "{secrets.api_secret}",
    "algorithm": "sha512",
    "signing_string": "{unix_time}{http_method}{http_path}{http_body_sha256}",
    "request_headers": {"X-Time": "{unix_time}", "Authorization": "{secrets.api_key}:{signature}"},
}


@pytest.mark.parametrize(
    ("source", "ours"),
    [
        (
            {
                **TAP,
                "auth_method": "aws",
                "aws_credentials": {"aws_region": "eu-west-1", "aws_service": "es", "aws_access_key_id": "AKIDCANARY"},
            },
            {"type": "aws_sigv4", "region": "eu-west-1", "service": "es"},
        ),
        (
            {
                **TAP,
                "auth_method": "oauth",
                "grant_type": "password",
                "access_token_url": "https://api.example.com/token",
                "oauth_extras": {"tenant": "acme", "app_secret": "c4n4ryc4n4ry"},
            },
            {
                "type": "oauth2_password",
                "token_url": "https://api.example.com/token",
                "access_token_request_data": {"tenant": "acme", "app_secret": "{secret.app_secret}"},
            },
        ),
        (
            {
                "name": "chat",
                "authentication": SIGNED,
                "endpoints": {"messages": {"request": {"url": "https://api.example.com/messages"}}},
            },
            {
                "type": "hmac",
                "secret": "api_secret",
                "algorithm": "sha512",
                "text": "{now:epoch_seconds}{method}{path}{body:sha256}",
                "headers": {"X-Time": "{now:epoch_seconds}", "Authorization": "{secret.api_key}:{signature}"},
            },
        ),
    ],
    ids=["tap-aws", "tap-password", "spec-hmac"],
)
def test_ways_that_sign_keep_their_meaning_from_other_files_too(source: Any, ours: Any, clean_room: Path) -> None:
    raw, _ = converted(source, clean_room)
    assert raw["client"].get("auth", only(raw)["endpoint"].get("auth")) == ours
    assert "c4n4ry" not in str(raw).lower()


def test_dlts_own_signed_assertion_is_one_here(clean_room: Path) -> None:
    source = clean_room / "source.py"
    source.write_text(
        "config = {'client': {'base_url': 'https://api.example.com', 'auth': OAuthJWTAuth(client_id='robot',"
        " private_key=dlt.secrets['key'], auth_endpoint='https://api.example.com/token', scopes=['a', 'b'])},"
        " 'resources': [{'name': 'messages', 'endpoint': {'path': 'messages', 'paginator': 'single_page'}}]}\n"
        "rest_api_source(config)\n"
    )
    output = clean_room / "chat.yaml"
    done = convert(source, "--to", output)
    assert done.exit_code == 0, done.output
    read_file(output)
    assert yaml.safe_load(output.read_text())["client"]["auth"] == {
        "type": "oauth2_jwt_bearer",
        "token_url": "https://api.example.com/token",
        "assertion": {"algorithm": "RS256", "token_duration": 3600, "claims": {"scope": "a b"}},
    }


def routed(*routers: dict[str, Any], path: str, **stream: Any) -> dict[str, Any]:
    """A manifest with teams, users and what is read for them."""
    teams, users = manifest()["streams"][0], manifest()["streams"][0]
    teams["name"], users["name"] = "teams", "users"
    teams["incremental_sync"] = {"type": "DatetimeBasedCursor", "cursor_field": "changed_at", "datetime_format": "%s"}
    read = manifest({**stream, "retriever": {"partition_router": list(routers)}}, path=path)["streams"][0]
    return {"version": "6.0.0", "streams": [teams, users, read], "definitions": {"teams": teams, "users": users}}


def parent(of: str, **more: Any) -> dict[str, Any]:
    stream = {"stream": {"$ref": f"#/definitions/{of}"}, "parent_key": "id", **more}
    return {"type": "SubstreamPartitionRouter", "parent_stream_configs": [{"partition_field": f"{of}_id", **stream}]}


KINDS = {"type": "ListPartitionRouter", "cursor_field": "Kind", "values": ["a", "b"]}


def test_values_and_several_parents_go_each_with_each(clean_room: Path) -> None:
    path = "/{{ stream_partition['teams_id'] }}/{{ stream_partition.users_id }}/{{ stream_slice['Kind'] }}"
    fields = [{"path": ["team"], "value": "{{ stream_partition.teams_id }}"}]
    fields.append({"path": ["kind_of_it"], "value": "{{ stream_partition['Kind'] }}"})
    added = {"transformations": [{"type": "AddFields", "fields": fields}]}

    raw, done = converted(routed(parent("teams"), parent("users"), KINDS, path=path, **added), clean_room)

    read = raw["resources"][-1]
    assert read["endpoint"]["path"] == "/{resources.teams.id}/{resources.users.id}/{for_each.kind}"
    assert (read["for_each"], read["include_from_parent"]) == ({"kind": ["a", "b"]}, ["teams.id"])
    renamed = {"_teams_id": "team", "_kind": "kind_of_it"}
    # What an answer has under these names itself gives way, as it does there.
    assert read["steps"] == [{"drop": ["team", "kind_of_it"]}, {"rename": renamed}]
    assert "not in the file" not in done.stderr


def test_only_changed_parents_are_asked_for_by_what_marks_them(clean_room: Path) -> None:
    path = "/{{ stream_partition.teams_id }}"
    raw, _ = converted(routed(parent("teams", incremental_dependency=True), path=path), clean_room)
    of_users, _ = converted(
        routed(parent("users", incremental_dependency=True), path=path.replace("teams", "users")), clean_room
    )

    assert raw["resources"][-1]["only_changed_parents"] == "changed_at"
    assert of_users["resources"][-1]["only_changed_parents"] is True


def test_the_values_of_a_setting_are_asked_for(clean_room: Path) -> None:
    of_setting = {**KINDS, "values": "{{ config['kinds'] }}"}
    source = routed(of_setting, path="/{{ stream_partition['Kind'] }}")

    given, _ = converted(source, clean_room, "--setting", "kinds=x,y")
    _, done = converted(source, clean_room)

    assert given["resources"][-1]["for_each"] == {"kind": ["x", "y"]}
    assert "the setting 'kinds' has no value; give it by --setting kinds=one,two" in done.stderr


def test_what_is_made_by_code_is_not_in_the_file_and_said_so(clean_room: Path) -> None:
    custom = {"name": "odd", "retriever": {"class_name": "source_chat.components.Odd"}}
    source = routed({"class_name": "source_chat.components.Lists"}, path="/")

    raw, done = converted({**source, "streams": [*source["streams"], custom]}, clean_room)

    assert [one["name"] for one in raw["resources"]] == ["teams", "users"]
    assert "not in the file: messages: what it is read for is made by custom code (Lists)" in done.stderr
    assert "not in the file: odd: it is read by custom code (Odd)" in done.stderr


@pytest.mark.parametrize(
    ("decoder", "expected"),
    [
        ({"type": "JsonDecoder"}, None),
        ({"type": "JsonlDecoder"}, "ndjson"),
        ({"type": "XmlDecoder"}, "xml"),
        ({"type": "GzipDecoder", "decoder": {"type": "CsvDecoder", "delimiter": "\\t"}}, "tsv"),
        (
            {"type": "CompositeRawDecoder", "parser": {"type": "GzipParser", "inner_parser": {"type": "CsvParser"}}},
            "csv",
        ),
        (
            {"type": "CsvDecoder", "delimiter": ";", "encoding": "cp1252", "set_values_to_none": ["", "-"]},
            {"type": "csv", "encoding": "cp1252", "delimiter": ";", "null_values": ["", "-"]},
        ),
        ({"type": "CsvDecoder", "skip_rows_before_header": 2}, {"type": "csv", "skip_rows_before_header": 2}),
    ],
)
def test_decoders_say_what_answers_are_written_in(decoder: dict[str, Any], expected: Any, clean_room: Path) -> None:
    raw, _ = converted(manifest({"retriever": {"decoder": decoder}}), clean_room)

    assert only(raw)["endpoint"].get("format") == expected


def test_a_requester_of_code_is_carried_as_far_as_it_says_where_it_asks(clean_room: Path) -> None:
    raw, done = converted(manifest(class_name="source_chat.components.Requester"), clean_room)

    assert only(raw)["endpoint"]["path"] == "/messages"
    assert "it is asked for by custom code (Requester), which may send more than the manifest says" in done.stderr


def test_words_of_an_answer_that_is_ignored_are_looked_for_in_its_text(clean_room: Path) -> None:
    rule = {"action": "IGNORE", "http_codes": [404], "predicate": "{{ 'No team found' in response }}"}
    source = manifest(error_handler={"type": "DefaultErrorHandler", "response_filters": [rule]})

    raw, _ = converted(source, clean_room)

    told = [{"status_code": 404, "content": "No team found", "action": "ignore"}]
    assert only(raw)["endpoint"]["response_actions"] == told


def test_a_decoder_of_code_leaves_its_list_out(clean_room: Path) -> None:
    source = manifest({"retriever": {"decoder": {"class_name": "source_chat.components.Odd"}}})
    (clean_room / "source.json").write_text(json.dumps(source))

    assert "its answers are read by custom code (Odd)" in convert(clean_room / "source.json").stderr


def test_what_a_source_hides_in_an_address_is_a_setting_unless_it_is_called_like_a_secret(clean_room: Path) -> None:
    fields = {name: {"type": "string", "airbyte_secret": True} for name in ("account_id", "bot_token")}
    spec = {"connection_specification": {"properties": fields}}

    raw, done = converted({**manifest(path="/{{ config['account_id'] }}/messages"), "spec": spec}, clean_room)
    other, _ = converted({**manifest(path="/{{ config.bot_token }}/x"), "spec": spec}, clean_room)

    assert only(raw)["endpoint"]["path"] == "/{setting.account_id}/messages"
    assert raw["settings"] == {"account_id": "your-account-id"}
    assert "the source hides 'account_id', which is a setting here" in done.stderr
    assert only(other)["endpoint"]["path"] == "/{secret.bot_token}/x"


def test_a_setting_is_asked_for_by_its_name_and_a_secret_never_is(clean_room: Path) -> None:
    source = manifest(
        request_parameters={"team": "{{ config['team'] }}"}, request_headers={"X-Api-Key": "{{ config.key }}"}
    )

    raw, done = converted(source, clean_room)
    given, _ = converted(source, clean_room, "--setting", "team=acme")

    # A filter that nobody gave is not sent, as one with any other value may find nothing and look right.
    assert "params" not in only(raw)["endpoint"]
    assert "the setting 'team' has no value; give it by --setting team=..." in done.stderr
    assert only(given)["endpoint"]["params"] == {"team": "{setting.team}"}
    assert given["settings"] == {"team": "acme"}
    assert raw["client"]["auth"] == {"type": "api_key", "name": "X-Api-Key", "location": "header"}
    wrong = convert(clean_room / "source.json", "--setting", "api_key=abc")
    assert wrong.exit_code == 2
    assert "api_key is a secret, which no file holds" in wrong.stderr
    assert (
        "asks for no setting taem; it asks for: team"
        in convert(clean_room / "source.json", "--setting", "taem=acme").stderr
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{}", "source.json is none of these"),
        ("{", "source.json does not parse"),
        ('{"version": "1", "streams": []}', "nothing in source.json could become a resource"),
    ],
)
def test_what_cannot_be_converted_is_refused_in_one_sentence(text: str, told: str, clean_room: Path) -> None:
    (clean_room / "source.json").write_text(text)
    done = convert(clean_room / "source.json")
    assert (done.exit_code, done.stdout) == (1, "")
    assert told in done.stderr


def test_a_manifest_whose_references_run_in_a_circle_ends(clean_room: Path) -> None:
    source = manifest()
    source["definitions"] = {"a": [{"$ref": "#/definitions"}] * 4, "b": {"$ref": "#/definitions/a"}}
    source["streams"].append({"$ref": "#/definitions/b"})

    raw, _ = converted(source, clean_room)

    assert only(raw)["name"] == "messages"


def test_what_an_api_file_refuses_is_left_out_and_told(clean_room: Path) -> None:
    filters = [{"http_codes": [999], "action": "IGNORE"}]

    raw, done = converted(manifest(error_handler={"response_filters": filters}), clean_room)

    assert "response_actions" not in only(raw)["endpoint"]
    assert "left out endpoint.response_actions.0.status_code: must" in done.stderr


def test_what_is_left_out_takes_nothing_else_along(clean_room: Path) -> None:
    def stream(name: str, path: str, *ignored: int) -> dict[str, Any]:
        filters = [{"http_codes": [one], "action": "IGNORE"} for one in ignored]
        requester = {
            "url_base": "https://api.example.com",
            "path": path,
            "error_handler": {"response_filters": filters},
        }
        extractor = {"extractor": {"field_path": ["data"]}}
        return {"name": name, "retriever": {"requester": requester, "record_selector": extractor}}

    # The first is given up; of the second all but one rule goes, and the third stays as it is.
    streams = [stream("a", "/a/{x}"), stream("b", "/b", 998, 404, 999), stream("c", "/c", 404)]

    raw, _ = converted({"version": "6.0.0", "streams": streams}, clean_room)

    rule = {"status_code": 404, "action": "ignore"}
    found = {one["name"]: one["endpoint"].get("response_actions") for one in raw["resources"]}
    assert found == {"b": [rule], "c": [rule]}


def _secret(randomly: random.Random) -> str:
    return "".join(randomly.choices(string.ascii_letters + string.digits, k=randomly.randint(12, 40))) + "7aZ"


def _with_secrets(randomly: random.Random, secrets: list[str]) -> dict[str, Any]:
    """A source of any kind with secrets wherever people leave them."""

    def secret() -> str:
        secrets.append(_secret(randomly))
        return secrets[-1]

    fields = {name: secret() for name in randomly.sample(["X-Api-Key", "api_key", "access_token", "password"], 2)}
    headers = {"Authorization": f"{randomly.choice(['Bearer', 'Token', 'GenieKey'])} {secret()}", "Accept": "*/*"}
    resource: dict[str, Any] = {"name": "rows", "endpoint": {"path": "rows", "params": fields, "headers": headers}}
    kind = randomly.choice(["dlt", "tap", "manifest", "spec"])
    if kind == "dlt":
        auth = {"type": "api_key", "name": "key", "api_key": secret()}
        return {"client": {"base_url": "https://api.example.com", "auth": auth}, "resources": [resource]}
    if kind == "tap":
        given = {"client_id": "us", "client_secret": secret(), "oauth_extras": {"password": secret()}}
        address = {"api_url": "https://api.example.com", "access_token_url": "https://api.example.com/t"}
        streams = [{"name": "rows", "path": "/rows", "params": fields, "headers": headers}]
        return {"auth_method": "oauth", **address, **given, "streams": streams}
    if kind == "manifest":
        body = {"query": {"token": secret()}} if randomly.random() < 0.5 else None
        added = {"type": "AddFields", "fields": [{"path": ["api_key"], "value": secret()}]}
        condition = f"{{{{ record['token'] == '{secret()}' or x }}}}"
        selector = {"extractor": {"field_path": ["data"]}, "record_filter": {"condition": condition}}
        return manifest(
            {"transformations": [added], "retriever": {"record_selector": selector}},
            request_parameters=fields,
            request_headers=headers,
            request_body_json=body,
            authenticator={"type": "BearerAuthenticator", "api_token": secret()},
        )
    request: dict[str, Any] = {"url": "https://api.example.com/rows", "parameters": fields, "headers": headers}
    processors = [{"expression": f'"{secret()}"', "output": "record.password"}]
    return {"name": "rows", "endpoints": {"rows": {"request": request, "response": {"processors": processors}}}}


@pytest.mark.parametrize("seed", range(40))
def test_no_secret_of_a_source_is_written_or_printed(seed: int, clean_room: Path) -> None:
    secrets: list[str] = []
    source = _with_secrets(random.Random(seed), secrets)

    _, done = converted(source, clean_room)
    shown = convert(clean_room / "source.json", "--json")

    told = "".join([done.output, shown.output, (clean_room / "chat.yaml").read_text()])
    assert [one for one in secrets if one in told] == []
    assert "***" not in (clean_room / "chat.yaml").read_text(), "what is masked would be sent as it is written"
    assert "in the environment; no secret belongs in this file" in " ".join(told.replace("# ", "").split())


@pytest.fixture
def chat_api(monkeypatch: pytest.MonkeyPatch) -> Iterator[ExampleApis]:
    with example_apis() as server:
        monkeypatch.setenv("CHAT__TOKEN", "example-token")
        yield server


def test_the_rows_of_a_converted_file_are_those_of_the_api(
    chat_api: ExampleApis, dagster_instance: DagsterInstance, clean_room: Path
) -> None:
    channels = [{"id": f"C{number}", "name": f"channel {number}"} for number in range(5)]
    messages = [
        {"channel": f"C{channel}", "ts": f"{1_735_700_000 + ts}.000100", "text": f"at {ts}"}
        for channel in range(5)
        for ts in range(7)
    ]
    chat_api.rows.update({"chat/conversations.list": channels, "chat/conversations.history": messages})
    file = clean_room / "manifest.yaml"
    file.write_text((SOURCES / "synced_manifest.yaml").read_text())
    done = convert(file, "--to", clean_room / "chat.yaml", "--setting", f"address={chat_api.url}/chat")
    assert done.exit_code == 0, done.output

    description = read_file(clean_room / "chat.yaml")
    job = definitions_for(description).resolve_job_def("chat_sync")
    result = job.execute_in_process(instance=dagster_instance)

    assert result.success
    with duckdb.connect(str(settle_environment().database), read_only=True) as connection:
        found = connection.execute("SELECT channel_id, ts, text FROM chat.messages ORDER BY ALL").fetchall()
        ids = connection.execute("SELECT id, name FROM chat.channels ORDER BY ALL").fetchall()
    assert ids == [(one["id"], one["name"]) for one in channels]
    assert found == sorted((one["channel"], one["ts"], one["text"]) for one in messages)
