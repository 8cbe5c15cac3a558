from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from messaging_assets.cli.written.discover import command
from messaging_assets.description.api import ApiDescription
from messaging_assets.description.authentication import Described, ways_of
from messaging_assets.files.api_files import read_file
from messaging_assets.sandbox import Sandbox
from messaging_assets_tests.discovery.test_discover import loaded_ids

# A chat: 3.0, offsets, a cursor, a link header, parents, allOf, references, OAuth2.
CHAT = """\
openapi: 3.0.3
info: {title: Team Chat REST API, version: "2"}
servers: [{url: "https://{region}.chat.example.com/v1", variables: {region: {default: eu}}}]
security: [{oauth: [read]}]
paths:
  /users:
    parameters: [{$ref: "#/components/parameters/Limit"}]
    get:
      summary: Everybody who has an account
      parameters:
        - {name: offset, in: query, schema: {type: integer, default: 0}}
        - {name: team, in: query, schema: {type: string}}
      responses:
        "200":
          content:
            application/json:
              schema:
                allOf:
                  - {$ref: "#/components/schemas/Page"}
                  - type: object
                    properties: {data: {type: array, items: {$ref: "#/components/schemas/User"}}}
    post: {responses: {"201": {description: made}}}
  /users/{user_id}:
    get:
      parameters: [{name: user_id, in: path, required: true, schema: {type: string}}]
      responses: {"200": {content: {application/json: {schema: {$ref: "#/components/schemas/User"}}}}}
  /channels:
    get:
      parameters:
        - {name: cursor, in: query, schema: {type: string}}
        - {name: page_size, in: query, schema: {type: integer, maximum: 1000, default: 20}}
      responses:
        "200":
          content:
            application/json:
              schema:
                type: object
                properties:
                  channels: {type: array, items: {$ref: "#/components/schemas/Channel"}}
                  paging: {type: object, properties: {next_cursor: {type: string, nullable: true}}}
  /channels/{channelId}/messages:
    get:
      parameters: [{name: channelId, in: path, required: true, schema: {type: string}}]
      responses:
        "200":
          headers: {Link: {schema: {type: string}}}
          content:
            application/json:
              schema: {type: array, items: {$ref: "#/components/schemas/Message"}}
  /tenants/{tenant}/audit:
    get:
      parameters: [{name: tenant, in: path, required: true, schema: {type: string}}]
      responses:
        "200": {content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/User"}}}}}
  /me:
    get:
      responses: {"200": {content: {application/json: {schema: {$ref: "#/components/schemas/User"}}}}}
  /words:
    get:
      responses: {"200": {content: {application/json: {schema: {type: array, items: {type: string}}}}}}
components:
  parameters:
    Limit: {name: limit, in: query, schema: {type: integer, maximum: 200}}
  schemas:
    Page:
      type: object
      properties: {total: {type: integer}, data: {type: array, items: {}}}
    Thing:
      type: object
      required: [id]
      properties:
        id: {type: string, description: "The key. It never changes."}
        created_at: {type: string, format: date-time}
    User:
      allOf:
        - {$ref: "#/components/schemas/Thing"}
        - type: object
          required: [name, email]
          properties:
            name: {type: string}
            email: {type: string, nullable: true}
            logins: {type: integer}
            score: {type: number}
            is_bot: {type: boolean}
            roles: {type: array, items: {type: string}}
            manager: {$ref: "#/components/schemas/User"}
            password_hash: {type: string}
            pin: {type: string, writeOnly: true}
            anything: {}
    Channel:
      type: object
      required: [channel_id]
      properties: {channel_id: {type: string}, topic: {type: string}}
    Message:
      allOf:
        - {$ref: "#/components/schemas/Thing"}
        - {type: object, properties: {text: {type: string}}}
  securitySchemes:
    oauth:
      type: oauth2
      flows: {clientCredentials: {tokenUrl: "https://chat.example.com/oauth/token", scopes: {read: all}}}
"""
# Alerts: 3.1, type lists, page numbers, anyOf with null, one endpoint with a key of its own.
ALERTS: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Alerts"},
    "servers": [{"url": "/api"}],
    "security": [{"token": []}],
    "paths": {
        "/alerts": {
            "get": {
                "parameters": [
                    {"name": "page", "in": "query", "schema": {"type": "integer", "minimum": 0}},
                    {"name": "per_page", "in": "query", "schema": {"type": "integer", "maximum": 50}},
                    {"name": "tenant", "in": "query", "required": True, "schema": {"enum": ["all", "own"]}},
                ],
                "responses": {
                    "200": {
                        "content": {
                            "application/json; charset=utf-8": {
                                "schema": {
                                    "type": "object",
                                    "properties": {
                                        "items": {"type": "array", "items": {"$ref": "#/$defs/Alert~1v1"}},
                                        "meta": {"type": "object", "properties": {"total_count": {"type": "integer"}}},
                                    },
                                }
                            }
                        }
                    }
                },
            }
        },
        "/rules": {
            "get": {
                "security": [{"key": []}],
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {
                                "schema": {
                                    "properties": {
                                        "rules": {"type": ["array", "null"], "items": {"$ref": "#/$defs/Alert~1v1"}},
                                        "next_page_url": {"type": "string"},
                                    }
                                }
                            }
                        }
                    }
                },
            }
        },
        "/history": {"get": {"responses": {"200": {"$ref": "other.yaml#/history"}}}},
    },
    "$defs": {
        "Alert/v1": {
            "type": "object",
            "required": ["id", "severity", "note"],
            "properties": {
                "id": {"type": "integer", "format": "uint64"},
                "severity": {"enum": ["info", "critical"]},
                "note": {"type": ["string", "null"]},
                "owner": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                "value": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
                "createdAt": {"type": "string", "format": "date-time"},
                "created_at": {"type": "string"},
            },
        }
    },
    "components": {
        "securitySchemes": {
            "token": {"type": "http", "scheme": "bearer"},
            "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
        }
    },
}
# A broker's management API: Swagger 2, basic auth, a parent with a composite path, plain lists.
BROKER: dict[str, Any] = {
    "swagger": "2.0",
    "info": {"title": "Broker Management"},
    "host": "broker.example.com:15672",
    "basePath": "/api",
    "schemes": ["http"],
    "securityDefinitions": {"login": {"type": "basic"}},
    "security": [{"login": []}],
    "definitions": {
        "Queue": {
            "type": "object",
            "required": ["name", "vhost"],
            "properties": {
                "name": {"type": "string"},
                "vhost": {"type": "string"},
                "messages": {"type": "integer"},
                "arguments": {"type": "object", "additionalProperties": {"type": "string"}},
            },
        },
        "Binding": {
            "type": "object",
            "properties": {"source": {"type": "string"}, "properties_key": {"type": "string"}},
        },
    },
    "paths": {
        "/queues": {
            "get": {"responses": {"200": {"schema": {"type": "array", "items": {"$ref": "#/definitions/Queue"}}}}}
        },
        "/queues/{vhost}/{name}/bindings": {
            "get": {
                "parameters": [
                    {"name": "vhost", "in": "path", "required": True, "type": "string"},
                    {"name": "name", "in": "path", "required": True, "type": "string"},
                ],
                "responses": {"200": {"schema": {"type": "array", "items": {"$ref": "#/definitions/Binding"}}}},
            }
        },
        "/queues/{vhost}/{name}": {"get": {"responses": {"200": {"schema": {"$ref": "#/definitions/Queue"}}}}},
        "/overview": {
            "get": {
                "responses": {
                    "200": {
                        "schema": {
                            "type": "object",
                            "properties": {
                                "cluster_name": {"type": "string"},
                                "listeners": {"type": "array", "items": {"$ref": "#/definitions/Binding"}},
                            },
                        }
                    }
                }
            }
        },
    },
}


def discover(document: Any, folder: Path, *words: str) -> Result:
    file = folder / ("api.yaml.txt" if isinstance(document, str) else "api.json")
    file.write_text(document if isinstance(document, str) else json.dumps(document))
    return CliRunner().invoke(command, ["--openapi", str(file), *words])


def described(document: Any, folder: Path, *words: str) -> ApiDescription:
    output = Path(tempfile.mkdtemp(dir=folder)) / "found" / "spec.yaml"
    done = discover(document, folder, "-o", str(output), *words)
    assert done.exit_code == 0, done.output
    return read_file(output)


@pytest.fixture
def chat(tmp_path: Path) -> ApiDescription:
    return described(CHAT, tmp_path)


@pytest.fixture
def alerts(tmp_path: Path) -> ApiDescription:
    return described(ALERTS, tmp_path, "--param", "tenant=all")


@pytest.fixture
def broker(tmp_path: Path) -> ApiDescription:
    return described(BROKER, tmp_path)


def test_lists_become_resources_and_nothing_else_does(
    chat: ApiDescription, alerts: ApiDescription, broker: ApiDescription
) -> None:
    assert list(chat.resources_in_full) == ["users", "channels", "messages"]
    assert list(alerts.resources_in_full) == ["alerts", "rules"]
    assert list(broker.resources_in_full) == ["queues", "bindings"]


def test_the_address_is_taken_from_each_version_s_place(
    chat: ApiDescription, alerts: ApiDescription, broker: ApiDescription
) -> None:
    assert chat.client.base_url == "https://eu.chat.example.com/v1"
    assert broker.client.base_url == "http://broker.example.com:15672/api"
    assert alerts.client.base_url == "https://api.example.com/api"
    assert "does not say where the API is" in Path(str(alerts.file)).read_text()


def test_security_schemes_become_auth(chat: ApiDescription, alerts: ApiDescription, broker: ApiDescription) -> None:
    assert isinstance(chat.client.auth, Described)
    assert chat.client.auth.model_dump(exclude_unset=True) == {
        "type": "oauth2",
        "token_url": "https://chat.example.com/oauth/token",
        "scopes": ["read"],
    }
    assert not isinstance(broker.client.auth, tuple)
    assert broker.client.auth is not None
    assert broker.client.auth.type == "http_basic"
    kinds = {name: [way.type for way in ways_of(alerts.auth_of(one))] for name, one in alerts.resources_in_full.items()}
    assert {name: ways for name, ways in kinds.items() if ways} == {"alerts": ["bearer"], "rules": ["api_key"]}


def test_lists_are_found_in_their_envelopes(chat: ApiDescription, alerts: ApiDescription) -> None:
    selectors = {name: one.endpoint.data_selector for name, one in chat.resources_in_full.items()}
    assert selectors == {"users": "data", "channels": "channels", "messages": "$"}
    assert alerts.resources_in_full["alerts"].endpoint.data_selector == "items"


def paginator(description: ApiDescription, resource: str) -> dict[str, Any]:
    found = description.resources_in_full[resource].endpoint.paginator
    return found.model_dump(exclude_unset=True) if found else {}


def test_parameters_and_answers_become_paginators(
    chat: ApiDescription, alerts: ApiDescription, broker: ApiDescription
) -> None:
    assert paginator(chat, "users") == {"type": "offset", "limit": 200}
    assert paginator(chat, "channels") == {
        "type": "cursor",
        "cursor_path": "paging.next_cursor",
        "cursor_param": "cursor",
    }
    assert chat.resources_in_full["channels"].endpoint.params == {"page_size": 500}
    assert paginator(chat, "messages") == {"type": "header_link"}
    assert paginator(alerts, "alerts") == {
        "type": "page_number",
        "base_page": 0,
        "page_param": "page",
        "rows_total_path": "meta.total_count",
    }
    assert paginator(alerts, "rules") == {"type": "json_link", "next_url_path": "next_page_url"}
    assert paginator(broker, "queues") == {}
    assert "single_page if one answer is everything" in Path(str(broker.file)).read_text()


@pytest.mark.parametrize(
    ("following", "found"),
    [
        ({"format": "uri"}, {"type": "json_link", "next_url_path": "paging.next"}),
        ({"description": "The URL of the next page"}, {"type": "json_link", "next_url_path": "paging.next"}),
        ({}, {"type": "cursor", "cursor_path": "paging.next", "cursor_param": "cursor"}),
    ],
)
def test_the_next_page_is_an_address_only_where_the_document_says_so(
    following: dict[str, str], found: dict[str, str], tmp_path: Path
) -> None:
    document = yaml.safe_load(CHAT)
    answer = document["paths"]["/channels"]["get"]["responses"]["200"]
    envelope = answer["content"]["application/json"]["schema"]["properties"]
    envelope["paging"]["properties"] = {"next": {"type": "string", **following}}
    assert paginator(described(document, tmp_path), "channels") == found


def test_a_required_parameter_takes_what_the_user_gives(alerts: ApiDescription) -> None:
    assert alerts.resources_in_full["alerts"].endpoint.params == {"tenant": "all", "per_page": 50}


def test_schemas_become_columns(chat: ApiDescription) -> None:
    columns = chat.resources_in_full["users"].columns
    assert {name: column.data_type for name, column in columns.items()} == {
        "id": "text",
        "created_at": "timestamp",
        "name": "text",
        "email": "text",
        "logins": "bigint",
        "score": "double",
        "is_bot": "bool",
        "roles": "json",
        "manager": "json",
        "password_hash": "text",
    }
    assert {name for name, column in columns.items() if not column.nullable} == {"id", "name"}
    assert {name for name, column in columns.items() if column.sensitive} == {"name", "email", "password_hash"}
    told = "# Sensitive: guessed, as it looks like an e-mail address by its name."
    assert told in Path(str(chat.file)).read_text()
    assert columns["id"].description == "The key"


@pytest.mark.parametrize(
    ("name", "schema", "sign"),
    [
        ("contact", {"type": "string", "format": "email"}, "an e-mail address by its format"),
        ("list", {"type": "array", "items": {"type": "string", "format": "email"}}, "an e-mail address by its format"),
        ("word", {"type": "string", "format": "password"}, "a secret by its format"),
        ("api_key", {"type": "string"}, "a secret by its name"),
        ("mobilePhone", {"type": "string"}, "a phone number by its name"),
        ("surname", {"type": "string"}, "the name of a person by its name"),
        ("email_opt_in", {"type": "boolean"}, None),
        ("has_password", {"type": "boolean"}, None),
        ("topic", {"type": "string"}, None),
        ("secret_type", {"type": "string"}, None),
    ],
)
def test_a_field_is_sensitive_where_its_format_or_name_says_so(
    name: str, schema: dict[str, Any], sign: str | None, tmp_path: Path
) -> None:
    document = yaml.safe_load(CHAT)
    document["components"]["schemas"]["Channel"]["properties"][name] = schema
    channels = described(document, tmp_path)
    assert channels.resources_in_full["channels"].columns[name].sensitive is bool(sign)
    assert not sign or f"looks like {sign}." in Path(str(channels.file)).read_text()


def test_an_offset_without_a_total_is_said_to_have_none(chat: ApiDescription, tmp_path: Path) -> None:
    told = "total_path is null, as no field of the answer counts all rows"
    assert told not in " ".join(Path(str(chat.file)).read_text().split())
    without = described(CHAT.replace("total: {type: integer}, ", ""), tmp_path)
    assert paginator(without, "users")["total_path"] is None
    assert told in Path(str(without.file)).read_text().replace("\n      # ", " ")
    other = described(CHAT.replace("total: {type: integer}, ", "total_entries: {type: integer}, "), tmp_path)
    assert paginator(other, "users")["total_path"] == "total_entries"


def test_nulls_of_version_3_1_and_wide_numbers_are_understood(alerts: ApiDescription) -> None:
    columns = alerts.resources_in_full["alerts"].columns
    assert {name: (column.data_type, column.nullable) for name, column in columns.items()} == {
        "id": ("decimal", False),
        "severity": ("text", False),
        "note": ("text", True),
        "owner": ("text", True),
        "createdAt": ("timestamp", True),
    }


def test_placeholders_become_parents(chat: ApiDescription, broker: ApiDescription) -> None:
    messages = chat.resources_in_full["messages"]
    assert messages.endpoint.path == "/channels/{resources.channels.channel_id}/messages"
    assert messages.include_from_parent == ["channel_id"]
    assert messages.keys == ("_channels_channel_id", "id")
    assert (
        broker.resources_in_full["bindings"].endpoint.path
        == "/queues/{resources.queues.vhost}/{resources.queues.name}/bindings"
    )


def chat_with(path: str, schema: str = "Message") -> Any:
    """The chat with one more list."""
    document = yaml.safe_load(CHAT)
    content = {"application/json": {"schema": {"type": "array", "items": {"$ref": f"#/components/schemas/{schema}"}}}}
    document["paths"][path] = {"get": {"responses": {"200": {"content": content}}}}
    for name in re.findall(r"{(.+?)}", path):
        parameters = document["paths"][path]["get"].setdefault("parameters", [])
        parameters.append({"name": name, "in": "path", "required": True, "schema": {"type": "string"}})
    return document


def test_a_grandparents_key_is_taken_only_from_a_field_that_says_so(tmp_path: Path) -> None:
    document = chat_with("/channels/{id}/messages/{message_id}/reactions")
    told = discover(document, tmp_path).output
    assert "GET /channels/{id}/messages/{message_id}/reactions: no list gives a value for id" in told
    document["components"]["schemas"]["Message"]["allOf"][1]["properties"]["channel_id"] = {"type": "string"}
    document["paths"]["/channels/{id}/messages"] = document["paths"].pop("/channels/{channelId}/messages")
    document["paths"]["/channels/{id}/messages"]["get"]["parameters"][0]["name"] = "id"
    reactions = described(document, tmp_path).resources_in_full["reactions"]
    bound = "/channels/{resources.messages.channel_id}/messages/{resources.messages.id}/reactions"
    assert reactions.endpoint.path == bound


def test_references_into_lists_are_followed(tmp_path: Path) -> None:
    document = chat_with("/threads", "Thread")
    document["components"]["schemas"]["Thread"] = {"$ref": "#/components/schemas/User/allOf/0"}
    assert list(described(document, tmp_path).resources_in_full["threads"].columns) == ["id", "created_at"]


def test_a_path_to_one_record_names_the_key(chat: ApiDescription, broker: ApiDescription) -> None:
    assert broker.resources_in_full["queues"].keys == ("vhost", "name")
    assert chat.resources_in_full["users"].keys == ("id",)
    bindings = broker.resources_in_full["bindings"]
    assert (bindings.include_from_parent, bindings.disposition) == (["vhost", "name"], "replace")


def test_what_could_not_be_mapped_is_listed(tmp_path: Path) -> None:
    told = discover(CHAT, tmp_path, "--name", "chat").output
    assert "not mapped: GET /tenants/{tenant}/audit: no list gives a value for tenant" in told
    assert "not mapped: GET /me: it answers one object" in told
    assert "not mapped: GET /words: it answers a list of plain values" in told
    assert "not mapped: 1 endpoint that answers one record by its key" in told
    assert "# - GET /me: it answers one object." in told
    assert "# .\n" not in told
    assert "other.yaml#/history: a reference to another file" in discover(ALERTS, tmp_path).output


def test_only_takes_the_named_resources_and_leaves_parents_unselected(tmp_path: Path) -> None:
    description = described(CHAT, tmp_path, "--only", "messages")
    assert list(description.resources_in_full) == ["messages"]
    assert list(description.resources_with_unselected) == ["channels", "messages"]
    unknown = discover(CHAT, tmp_path, "--only", "rooms")
    assert unknown.exit_code == 1
    assert "there is no list named rooms; lists in this document: users, channels, messages" in unknown.output


def test_namesakes_are_told_apart_by_what_stands_before_them(tmp_path: Path) -> None:
    document = yaml.safe_load(CHAT)
    document["paths"]["/users/{user_id}/messages"] = document["paths"]["/channels/{channelId}/messages"] | {
        "parameters": [{"name": "user_id", "in": "path", "required": True, "schema": {"type": "string"}}]
    }
    del document["paths"]["/users/{user_id}/messages"]["get"]["parameters"]
    description = described(document, tmp_path)
    assert list(description.resources_in_full) == ["users", "channels", "channels_messages", "users_messages"]
    assert description.resources_in_full["users_messages"].endpoint.path == "/users/{resources.users.id}/messages"


def answering(schema: dict[str, Any], *parameters: str, kind: str = "integer") -> dict[str, Any]:
    """A GET operation that takes parameters in its query."""
    asked = [{"name": name, "in": "query", "schema": {"type": kind}} for name in parameters]
    return {"get": {"parameters": asked, "responses": {"200": {"content": {"application/json": {"schema": schema}}}}}}


def list_of(**fields: str) -> dict[str, Any]:
    item = {"type": "object", "properties": {name: {"type": kind} for name, kind in fields.items()}}
    return {"type": "array", "items": item}


def in_an_object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def document_of(paths: dict[str, Any]) -> dict[str, Any]:
    return {
        "openapi": "3.0.3",
        "info": {"title": "Phone"},
        "servers": [{"url": "https://x.example.com"}],
        "paths": paths,
    }


def test_versions_and_formats_in_a_path_name_nothing_and_lead_to_parents_all_the_same(tmp_path: Path) -> None:
    calls = answering(
        in_an_object(calls=list_of(sid="string"), next_page_uri={"type": "string", "format": "uri"}, n={})
    )
    calls["get"]["parameters"].append(
        {"name": "AccountSid", "in": "path", "required": True, "schema": {"type": "string"}}
    )
    paths = {
        "/2010-04-01/Accounts.json": answering(
            in_an_object(accounts=list_of(sid="string"), uri={"type": "string"}, n={})
        ),
        "/2010-04-01/Accounts/{Sid}.json": answering(in_an_object(sid={"type": "string"})),
        "/2010-04-01/Accounts/{AccountSid}/Calls.json": calls,
        "/2010-04-01/Accounts/{AccountSid}/Calls/{Sid}.json": answering(in_an_object(sid={"type": "string"})),
        "/v1/images/json": answering(list_of(id="string")),
        "/v1/containers/json": answering(list_of(id="string")),
        "/v1/watch/containers": answering(in_an_object(kind={"type": "string"})),
        "/api/v1/namespaces/images": answering(list_of(id="string")),
    }
    found = described(document_of(paths), tmp_path).resources_in_full
    # What is no list takes no name away.
    assert list(found) == ["accounts", "calls", "images", "containers", "namespaces_images"]
    assert found["accounts"].endpoint.path == "/2010-04-01/Accounts.json"
    assert found["calls"].endpoint.path == "/2010-04-01/Accounts/{resources.accounts.sid}/Calls.json"
    assert found["calls"].keys == ("_accounts_sid", "sid")


@pytest.mark.parametrize(
    ("parameters", "params", "paginator"),
    [
        (["Page", "PageSize"], {"PageSize": 100}, {"type": "page_number", "base_page": 1, "page_param": "Page"}),
        (["page[number]"], {}, {"type": "page_number", "base_page": 1, "page_param": "page[number]"}),
        (
            ["page[offset]", "page[limit]"],
            {},
            {"type": "offset", "limit": 100, "offset_param": "page[offset]", "limit_param": "page[limit]"},
        ),
        (["$skip", "$top"], {}, {"type": "offset", "limit": 100, "offset_param": "$skip", "limit_param": "$top"}),
    ],
    ids=["capitals", "brackets", "offset in brackets", "dollars"],
)
def test_parameters_are_known_in_any_spelling(
    parameters: list[str], params: dict[str, Any], paginator: dict[str, Any], tmp_path: Path
) -> None:
    description = described(document_of({"/users": answering(list_of(id="string"), *parameters)}), tmp_path)
    endpoint = description.resources_in_full["users"].endpoint
    assert endpoint.params == params
    assert endpoint.paginator is not None
    written = endpoint.paginator.model_dump(exclude_unset=True)
    assert {name: value for name, value in written.items() if name != "total_path"} == paginator


@pytest.mark.parametrize(
    ("name", "bounds", "begins"),
    [
        ("startIndex", {"default": 1, "minimum": 1}, {"offset": 1}),
        ("startIndex", {"minimum": 1}, {"offset": 1}),
        ("offset", {"default": 0}, {}),
        ("offset", {}, {}),
        ("page", {"minimum": 0, "default": 1}, {"base_page": 1}),
        ("page", {"minimum": 0}, {"base_page": 0}),
        ("page", {"default": 0}, {"base_page": 0}),
    ],
    ids=str,
)
def test_pages_and_rows_begin_where_the_document_says(
    name: str, bounds: dict[str, int], begins: dict[str, int], tmp_path: Path
) -> None:
    users = answering(list_of(id="string"), name)
    users["get"]["parameters"][0]["schema"] |= bounds
    paginator = described(document_of({"/users": users}), tmp_path).resources_in_full["users"].endpoint.paginator
    assert paginator is not None
    written = paginator.model_dump(include={"offset", "base_page"}, exclude_unset=True)
    assert written == begins


def test_a_mark_to_continue_with_is_a_cursor(tmp_path: Path) -> None:
    answer = in_an_object(items=list_of(id="string"), metadata=in_an_object(**{"continue": {"type": "string"}}))
    pods = answering(answer, "limit", "continue", "watch", kind="string")
    endpoint = described(document_of({"/pods": pods}), tmp_path).resources_in_full["pods"].endpoint
    assert endpoint.params == {"limit": 100}
    assert endpoint.paginator is not None
    assert endpoint.paginator.model_dump(include={"cursor_path", "cursor_param"}) == {
        "cursor_path": "metadata.continue",
        "cursor_param": "continue",
    }


def test_a_last_rows_key_is_a_cursor_where_a_parameter_asks_for_it(tmp_path: Path) -> None:
    answer = in_an_object(object={"type": "string"}, data=list_of(id="string"), has_more={"type": "boolean"})
    charges = answering(answer, "ending_before", "limit", "starting_after")
    keyless = answering(in_an_object(data=list_of(word="string"), has_more={"type": "boolean"}), "starting_after")
    found = described(document_of({"/charges": charges, "/words": keyless}), tmp_path).resources_in_full
    paginator = found["charges"].endpoint.paginator
    assert paginator is not None
    assert paginator.model_dump(include={"type", "cursor_path", "cursor_param"}) == {
        "type": "cursor",
        "cursor_path": "data[-1].id",
        "cursor_param": "starting_after",
    }
    assert found["words"].endpoint.paginator is None


def test_a_size_without_paging_would_cut_the_list_and_is_left_to_a_person(tmp_path: Path) -> None:
    document = document_of({"/containers": answering(list_of(id="string"), "limit", "all")})
    description = described(document, tmp_path)
    assert description.resources_in_full["containers"].endpoint.params == {}
    assert "Other parameters of this endpoint: limit, all" in " ".join(
        Path(str(description.file)).read_text().replace("#", " ").split()
    )


@pytest.mark.parametrize(
    ("answer", "selector"),
    [
        (in_an_object(ok={"type": "boolean"}, file=in_an_object(reactions=list_of(id="string"))), None),
        (in_an_object(ok={"type": "boolean"}, result=in_an_object(things=list_of(id="string"))), "result.things"),
        (in_an_object(hits=in_an_object(hits=list_of(id="string"))), "hits.hits"),
        (in_an_object(team=in_an_object(files=list_of(id="string"))), "team.files"),
    ],
    ids=["of a record", "in a wrapper", "in its namesake", "by its own name"],
)
def test_a_list_within_a_record_is_not_the_answers_list(
    answer: dict[str, Any], selector: str | None, tmp_path: Path
) -> None:
    document = document_of({"/files": answering(answer, "page"), "/users": answering(list_of(id="string"))})
    found = described(document, tmp_path).resources_in_full
    assert ("files" in found) is (selector is not None)
    assert not selector or found["files"].endpoint.data_selector == selector


def test_what_stands_in_the_singular_is_no_list_of_parents_and_a_fragment_is_no_path(tmp_path: Path) -> None:
    devices = answering(list_of(id="string"))
    devices["get"]["parameters"] = [
        {"name": "company_id", "in": "path", "required": True, "schema": {"type": "string"}}
    ]
    paths = {
        "/templates/company": answering(list_of(id="string")),
        "/in/{company_id}/devices": devices,
        "/shared#folders": answering(list_of(id="string")),
    }
    done = discover(document_of(paths), tmp_path, "--json")
    missing = "no list gives a value for company_id; name it with --param company_id=..., or add the resource by hand"
    assert [one["name"] for one in json.loads(done.stdout)["description"]["resources"]] == ["company"]
    assert json.loads(done.stdout)["unmapped"] == [
        "GET /shared#folders: a request does not carry what stands behind the #",
        f"GET /in/{{company_id}}/devices: {missing}",
    ]
    paths["/companies"] = answering(list_of(id="string"))
    found = described(document_of(paths), tmp_path).resources_in_full
    assert found["devices"].endpoint.path == "/in/{resources.companies.id}/devices"


def test_words_and_times_of_real_documents_are_understood(tmp_path: Path) -> None:
    items = list_of(id="string", at="string")
    items["items"]["properties"]["at"] |= {"format": "dateTime", "description": "When it began (e.g. today). In UTC."}
    column = described(document_of({"/jobs": answering(items)}), tmp_path).resources_in_full["jobs"].columns["at"]
    assert (column.data_type, column.description) == ("timestamp", "When it began (e.g. today)")


def test_a_document_in_several_files_is_to_be_joined(tmp_path: Path) -> None:
    document = document_of({"/users": {"get": {"responses": {"200": {"$ref": "users.yml"}}}}})
    done = discover(document, tmp_path)
    assert done.exit_code == 1
    assert "users.yml: a reference to another file, which is not followed; join the files" in done.output


def test_a_name_comes_from_the_title(tmp_path: Path) -> None:
    assert json.loads(discover(CHAT, tmp_path, "--json").stdout)["api"] == "team_chat"
    assert json.loads(discover(BROKER, tmp_path, "--json").stdout)["api"] == "broker_management"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("just text", "no OpenAPI document with paths"),
        ('{"openapi":\nunclosed', ":2 cannot be read (JSONDecodeError)"),
        ("openapi: 3.0.0\npaths:\n\t/users: {}", ":3 cannot be read (ScannerError)"),
        ({"openapi": "4.0", "paths": {}}, "neither OpenAPI 3.x nor Swagger 2.0"),
        ({"openapi": "3.0.0", "paths": {}}, "no endpoint became a resource"),
    ],
    ids=["text", "broken JSON", "broken YAML", "version", "empty"],
)
def test_what_is_no_usable_document_is_said_to_be_none(document: Any, message: str, tmp_path: Path) -> None:
    done = discover(document, tmp_path)
    assert done.exit_code == 1
    assert message in done.output


def test_references_that_run_in_a_circle_come_to_an_end(tmp_path: Path) -> None:
    document = yaml.safe_load(CHAT)
    document["components"]["schemas"]["Thing"] = {"allOf": [{"$ref": "#/components/schemas/Thing"}]}
    assert list(described(document, tmp_path).resources_in_full) == ["users", "channels", "messages"]


def test_paths_and_only_go_with_their_own_way_of_asking(tmp_path: Path) -> None:
    assert discover(CHAT, tmp_path, "--path", "/x").exit_code == 2
    assert (
        CliRunner().invoke(command, ["--base-url", "https://x.example", "--path", "/x", "--only", "a"]).exit_code == 2
    )


def test_what_a_document_says_loads_every_row(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SPEC__CLIENT_ID", sandbox.client[0])
    monkeypatch.setenv("SPEC__CLIENT_SECRET", sandbox.client[1])
    monkeypatch.setenv("SPEC__TOKEN_URL", f"{sandbox.url}/team_messaging/oauth/token")
    base_url = f"{sandbox.url}/team_messaging/v1"
    description = described(CHAT, tmp_path, "--only", "users", "--base-url", base_url)
    assert loaded_ids(description) == [row["id"] for row in sandbox.rows("team_messaging", "users")]


def tenants_pets() -> dict[str, Any]:
    """Owners of a tenant that must be named, their pets, and a list that is asked for by POST."""
    owners, pets = answering(list_of(id="string", name="string")), answering(list_of(pet_id="string"))
    owners["get"]["parameters"] = [{"name": "tenant", "in": "query", "required": True, "schema": {"type": "string"}}]
    pets["get"]["parameters"] = [
        {"name": "ownerId", "in": "path", "required": True, "schema": {"type": "string"}},
        {"name": "tenant", "in": "query", "required": True, "schema": {"type": "string"}},
    ]
    visits = answering(list_of(id="string"))
    return {
        "/owners": owners,
        "/owners/{ownerId}/pets": pets,
        "/visits": {"post": visits["get"]},
        "/rooms": {"post": {"responses": {"201": {"description": "made"}}}},
    }


def test_an_address_that_cannot_be_is_a_wrong_command(tmp_path: Path) -> None:
    done = discover(document_of({"/users": answering(list_of(id="string"))}), tmp_path, "--base-url", "x")
    assert done.exit_code == 2
    assert "base_url" in done.output


def test_a_value_that_no_list_has_is_asked_for_and_can_be_given(tmp_path: Path) -> None:
    done = discover(document_of(tenants_pets()), tmp_path)
    assert done.exit_code == 1
    lines = done.output.splitlines()
    assert "Error: no endpoint became a resource, because of:" in lines
    assert (
        "- GET /owners: no list gives a value for tenant; name it with --param tenant=..., or add the resource by hand"
        in lines
    )
    assert "- POST /visits: a list that is asked for by POST; add it by hand, with method: POST" in lines
    assert any(line.startswith("- GET /owners/{ownerId}/pets: ") for line in lines)
    found = described(document_of(tenants_pets()), tmp_path, "--param", "tenant=a&b").resources_in_full
    assert found["owners"].endpoint.params["tenant"] == "a&b"
    assert found["pets"].endpoint.path == "/owners/{resources.owners.id}/pets"
    assert found["pets"].endpoint.params["tenant"] == "a&b"


def test_a_value_for_a_placeholder_is_put_into_the_path(tmp_path: Path) -> None:
    devices = answering(list_of(id="string"))
    document = document_of({"/in/{company}/devices": devices})
    found = described(document, tmp_path, "--param", "company=a/b").resources_in_full
    assert found["devices"].endpoint.path == "/in/a%2Fb/devices"


def test_children_of_a_list_that_is_left_out_and_lists_by_post_are_told(tmp_path: Path) -> None:
    paths = tenants_pets()
    del paths["/owners/{ownerId}/pets"]["get"]["parameters"][1]
    paths["/shops"] = answering(list_of(id="string"))
    told = json.loads(discover(document_of(paths), tmp_path, "--json").stdout)["unmapped"]
    assert "GET /owners/{ownerId}/pets: owners, whose records it needs, is not in this file" in told
    assert not [one for one in told if "/rooms" in one]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--param", "tenant"], 2, "--param is NAME=VALUE"),
        (["--param", "tennant=a"], 1, "no list of this document has a parameter tennant"),
        (["--param", "api_key=a"], 2, "--param takes no secret (api_key)"),
        (["--param", "tenant=Bearer abcdefgh1"], 2, "--param takes no secret (tenant)"),
    ],
)
def test_a_wrong_param_is_told(words: list[str], code: int, message: str, tmp_path: Path) -> None:
    done = discover(document_of(tenants_pets()), tmp_path, *words)
    assert done.exit_code == code
    assert message in done.output


def test_a_key_may_be_named_by_the_child_alone_and_a_day_is_a_date(tmp_path: Path) -> None:
    pets = list_of(pet_id="string", born="string")
    pets["items"]["properties"]["born"]["format"] = "date"
    below = answering(pets)
    below["get"]["parameters"] = [{"name": "ownerId", "in": "path", "required": True, "schema": {"type": "string"}}]
    paths = {"/owners": answering(list_of(id="string")), "/pets": answering(list_of(id="string"))}
    found = described(document_of({**paths, "/owners/{ownerId}/pets": below}), tmp_path).resources_in_full
    assert found["owners_pets"].keys == ("_owners_id", "pet_id")
    assert found["owners_pets"].columns["born"].data_type == "date"


def test_names_of_long_paths_that_begin_alike_are_told_apart(tmp_path: Path) -> None:
    start = "/organizations_of_the_customer/{id}/subscriptions_of_the_organization"
    names = ["rows", "rows/{id}/rows", "{id}/rows"]
    paths = {f"{start}/{name}": answering(list_of(id="string")) for name in names}
    done = discover(document_of(paths), tmp_path, "--param", "id=1", "--name", "long")
    assert done.exit_code == 0, done.output
    found = re.findall(r"- name: (\w+)", done.stdout)
    assert len(set(found)) == 3
    assert all(len(name) <= 50 for name in found)


@pytest.mark.parametrize(
    ("placeholder", "kind", "key", "is_bound"),
    [
        ("user_id", "string", "integer", True),
        ("user", "integer", "integer", True),
        ("username", "string", "string", True),
        ("username", "string", "integer", False),
        ("user", "integer", "string", False),
    ],
)
def test_a_key_is_taken_for_a_placeholder_of_its_type_only(
    placeholder: str, kind: str, key: str, is_bound: bool, tmp_path: Path
) -> None:
    below = answering(list_of(id="string"))
    asked = {"name": placeholder, "in": "path", "required": True, "schema": {"type": kind}}
    below["get"]["parameters"].append(asked)
    paths = {"/users": answering(list_of(id=key)), f"/users/{{{placeholder}}}/events": below}
    done = discover(document_of(paths), tmp_path)
    assert ('path: "/users/{resources.users.id}/events"' in done.stdout) is is_bound
    assert (f"no list gives a value for {placeholder}; name it with --param" in done.stderr) is not is_bound


def test_one_field_is_not_taken_for_two_placeholders(tmp_path: Path) -> None:
    paths = {
        "/user/repos": answering(list_of(id="string")),
        "/repos/{owner}/{repo}/issues": answering(list_of(id="string")),
    }
    told = discover(document_of(paths), tmp_path).stderr
    assert "GET /repos/{owner}/{repo}/issues: no list gives a value for owner, repo" in told


def test_an_object_inside_an_envelope_that_has_a_list_is_no_list(tmp_path: Path) -> None:
    settings = in_an_object(data=in_an_object(title={"type": "string"}, presets=list_of(key="string")))
    pages = in_an_object(result=in_an_object(presets=list_of(key="string"), total={"type": "integer"}))
    paths = {"/settings": answering(settings), "/pages": answering(pages)}
    done = discover(document_of(paths), tmp_path)
    assert "GET /settings: it answers one object" in done.stderr
    assert "data_selector: result.presets" in done.stdout


def test_a_list_of_objects_without_declared_fields_is_a_list(tmp_path: Path) -> None:
    free = {"type": "array", "items": {"type": "object", "additionalProperties": True}}
    found = described(document_of({"/events": answering(free)}), tmp_path).resources_in_full["events"]
    assert (found.columns, found.disposition) == ({}, "replace")


def test_a_list_between_words_about_the_answer_is_found_under_any_name(tmp_path: Path) -> None:
    about = {"type": {"type": "string"}, "status": {"type": "string"}, "status_code": {"type": "integer"}}
    images = answering(in_an_object(**about, metadata=list_of(id="string")))
    image = answering(in_an_object(**about, name={"type": "string"}, profiles=list_of(id="string")))
    done = discover(document_of({"/images": images, "/image": image}), tmp_path)
    assert "data_selector: metadata" in done.stdout
    assert "GET /image: it answers one object" in done.stderr


def required(schema: dict[str, Any], place: str = "query", name: str = "area", **more: Any) -> dict[str, Any]:
    """A document with one list that requires a parameter."""
    paths = {"/posts": answering(list_of(id="string"))}
    paths["/posts"]["get"]["parameters"] = [{"name": name, "in": place, "required": True, "schema": schema, **more}]
    return document_of(paths)


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (
            required({"type": "string", "enum": ["north", "south"]}),
            "(area is one of north, south; for_each asks for several)",
        ),
        (required({"type": "string"}, example="north"), "--param area=..."),
        (required({"type": "string", "example": "north"}), "--param area=..."),
        (required({"type": "string"}, examples={"one": {"value": "north"}}), "--param area=..."),
    ],
)
def test_an_example_and_the_first_of_several_values_are_not_the_users(
    document: dict[str, Any], told: str, tmp_path: Path
) -> None:
    done = discover(document, tmp_path)
    assert done.exit_code == 1
    assert told in done.output
    assert described(document, tmp_path, "--param", "area=south").resources_in_full["posts"].endpoint.params == {
        "area": "south"
    }


def test_a_default_and_the_only_value_are_the_documents_own(tmp_path: Path) -> None:
    for schema in ({"type": "string", "default": "a"}, {"type": "string", "enum": ["a"]}):
        assert described(required(schema), tmp_path).resources_in_full["posts"].endpoint.params == {"area": "a"}


@pytest.mark.parametrize(
    ("name", "auth"),
    [
        ("X-Api-Key", {"type": "api_key", "name": "X-Api-Key", "location": "header"}),
        ("Private-Token", {"type": "api_key", "name": "Private-Token", "location": "header"}),
        ("Authorization", {"type": "bearer"}),
    ],
)
def test_a_required_header_that_takes_a_secret_becomes_auth(name: str, auth: dict[str, Any], tmp_path: Path) -> None:
    found = described(required({"type": "string", "default": "Bearer x"}, "header", name), tmp_path)
    assert isinstance(found.client.auth, Described)
    assert found.client.auth.model_dump(exclude_unset=True) == auth
    assert not found.resources_in_full["posts"].endpoint.headers
    assert "which is taken for" in Path(str(found.file)).read_text()


@pytest.mark.parametrize(
    ("schemes", "auth"),
    [
        ([{"type": "http", "scheme": "digest"}], {"type": "http_digest"}),
        (
            [{"type": "oauth2", "flows": {"password": {"tokenUrl": "https://api.example.com/t", "scopes": {"r": ""}}}}],
            {"type": "oauth2_password", "token_url": "https://api.example.com/t", "scopes": ["r"]},
        ),
        (
            [
                {
                    "type": "apiKey",
                    "name": "Authorization",
                    "in": "header",
                    "x-amazon-apigateway-authtype": "awsSigv4",
                }
            ],
            {"type": "aws_sigv4", "region": "us-east-1", "service": "execute-api"},
        ),
        (
            [{"type": "apiKey", "name": name, "in": "header"} for name in ("X-Api-Key", "X-App-Key")],
            [
                {"type": "api_key", "name": "X-Api-Key", "location": "header", "secret": "x_api_key"},
                {"type": "api_key", "name": "X-App-Key", "location": "header", "secret": "x_app_key"},
            ],
        ),
    ],
    ids=["digest", "password", "aws", "two keys"],
)
def test_schemes_that_sign_or_go_together_become_auth(schemes: Any, auth: Any, tmp_path: Path) -> None:
    document = document_of({"/posts": answering(list_of(id="string"))})
    document["components"] = {"securitySchemes": {f"s{number}": one for number, one in enumerate(schemes)}}
    found = described({**document, "security": [{f"s{number}": [] for number in range(len(schemes))}]}, tmp_path)
    made = [way.model_dump(exclude_unset=True) for way in ways_of(found.client.auth)]
    assert made == (auth if isinstance(auth, list) else [auth])


def test_a_required_header_that_takes_no_secret_needs_a_value(tmp_path: Path) -> None:
    done = discover(required({"type": "string"}, "header", "X-Tenant"), tmp_path)
    assert "--param X-Tenant=..." in done.output


def test_a_scheme_that_no_operation_names_is_used_and_said_unless_the_document_says_none(tmp_path: Path) -> None:
    document = document_of({"/posts": answering(list_of(id="string"))})
    document["components"] = {"securitySchemes": {"k": {"type": "apiKey", "name": "X-K", "in": "header"}}}
    found = described(document, tmp_path)
    assert found.client.auth is not None
    assert "says of no list which one it takes" in " ".join(Path(str(found.file)).read_text().replace("#", "").split())
    assert described({**document, "security": []}, tmp_path).client.auth is None


ESCAPES = {
    "line end": "\nclient: {base_url: x}\n#",
    "colour": "\x1b[31m\x07",
    "others": "\u2028resources: []\u2029\x85x: 1",
}


def told_by(strange: str) -> dict[str, Any]:
    """A document that says something strange wherever it has a word for people, or a name."""
    asked = {"name": f"page{strange}", "in": "query", "description": strange, "schema": {"type": "integer"}}
    must = {"name": f"z{strange}", "in": "query", "required": True, "schema": {"type": "string"}}
    fields = {"id": {"type": "string", "description": f"a{strange}"}, f"b{strange}": {"type": "string"}}
    item = {"type": "object", "required": ["id"], "properties": fields}
    good = answering({"type": "object", "properties": {f"data{strange}": {"type": "array", "items": item}}})
    document = document_of(
        {
            "/users": {"get": {**good["get"], "summary": f"List{strange}", "parameters": [asked]}},
            "/wanting": {"get": {**good["get"], "parameters": [must]}},
            f"/x{strange}": good,
            f"/u/{{id{strange}}}/m": good,
        }
    )
    document["info"] = {"title": f"T{strange}", "version": strange, "description": strange}
    return document


@pytest.mark.parametrize("strange", ESCAPES.values(), ids=list(ESCAPES))
def test_a_documents_words_forge_no_line_and_no_terminal_obeys_them(strange: str, tmp_path: Path) -> None:
    result = discover(told_by(strange), tmp_path, "-o", str(tmp_path / "apis" / "o.yaml"))
    assert result.exit_code == 0, result.output
    text = (tmp_path / "apis" / "o.yaml").read_text(encoding="utf-8")
    for said in (text, result.output, discover(told_by(strange), tmp_path, "--name", "o").output):
        assert all(one.isprintable() for one in said.split("\n"))
        assert [line for line in said.split("\n") if re.match(r"client: \{|resources: \[\]|x: 1|#$", line)] == []
    assert {"users"} <= set(read_file(tmp_path / "apis" / "o.yaml").resources_in_full)
