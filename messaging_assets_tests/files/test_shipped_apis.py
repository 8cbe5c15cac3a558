"""The API files that the package ships, read as they are; another file in the folder is covered by itself."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

import messaging_assets
from messaging_assets.description.api import ApiDescription
from messaging_assets.description.pagination import OffsetPaginator
from messaging_assets.files.api_files import api_folders, read_file, read_folders
from messaging_assets.files.json_schema import editor_line, file_schema

PACKAGE = Path(messaging_assets.__file__).parent
FILES = sorted((PACKAGE / "apis").glob("[!_]*.yaml"))
TEMPLATE = PACKAGE / "apis" / "_template.yaml"
SCHEMA = PACKAGE / "api_file.schema.json"

KEY = ("id", "text", False)
MESSAGE = [KEY, ("message_id", "text", False), ("timestamp", "timestamp", False), ("content", "text", True)]
NAMED = [KEY, ("name", "text", True), ("created_at", "timestamp", False)]
SEEDS = {
    "message_broker": {"message_broker_resource": ("/v1/messages", MESSAGE)},
    "messaging": {"messages": ("/v1/messages", MESSAGE)},
    "generic_rest": {"resource_name": ("/v1/resource", [KEY, ("name", "text", True), ("value", "double", True)])},
    "monitoring": {"resource_name": ("/v1/resource", [KEY, ("customer_id", "text", True), ("user_key", "text", True)])},
    "team_messaging": {name: (f"/v1/{name}", NAMED) for name in ("users", "channels", "messages")},
}


def shipped(name: str) -> ApiDescription:
    return read_file(PACKAGE / "apis" / f"{name}.yaml")


def test_the_package_ships_the_five_apis_of_the_seed_documents():
    files = read_folders(api_folders())

    assert files.broken == {}
    assert {one.name for one in files.descriptions} == set(SEEDS)


@pytest.mark.parametrize("name", SEEDS)
def test_a_shipped_file_has_the_resources_paths_and_columns_of_its_document(name):
    described = {
        resource.name: (
            resource.endpoint.path,
            [(key, column.data_type, column.nullable) for key, column in resource.columns.items()],
        )
        for resource in shipped(name).resources_in_full.values()
    }

    assert described == SEEDS[name]


@pytest.mark.parametrize("name", SEEDS)
def test_a_shipped_file_pages_merges_and_retries_as_its_document_says(name):
    for resource in shipped(name).resources_in_full.values():
        handler = resource.endpoint.error_handler
        assert (resource.keys, resource.disposition) == (("id",), "merge")
        assert (resource.endpoint.method, resource.endpoint.data_selector) == ("GET", "data")
        assert resource.endpoint.paginator == OffsetPaginator(type="offset", limit=100)
        assert handler.retry_on_status_codes == [429, 500, 502, 503, 504]
        assert (handler.max_retries, handler.backoff_factor) == (3, 2)


@pytest.mark.parametrize("name", SEEDS)
def test_a_shipped_file_authenticates_as_its_document_says(name):
    auth: Any = shipped(name).client.auth

    if name == "team_messaging":
        assert (auth.type, auth.token_address) == ("oauth2", "https://api.example.com/oauth/token")
    else:
        assert (auth.type, auth.name, auth.location) == ("api_key", "api_key", "query")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_shipped_file_says_what_it_is_and_when_it_is_synced(path):
    description = read_file(path)

    assert description.description
    assert description.schedule
    for resource in description.resources_in_full.values():
        assert resource.description
        assert all(column.description for column in resource.columns.values())


def test_the_template_is_right_when_copied(tmp_path):
    shutil.copy(TEMPLATE, tmp_path / "team_chat.yaml")

    resources = read_file(tmp_path / "team_chat.yaml").resources_in_full

    assert list(resources) == ["channels", "users", "messages"]


def test_the_template_explains_each_of_its_blocks():
    lines = TEMPLATE.read_text().splitlines()
    blocks = [number for number, line in enumerate(lines) if line and line[0].isalpha() and line.endswith(":")]

    assert [lines[number] for number in blocks] == ["client:", "resource_defaults:", "resources:"]
    assert all(lines[number - 1].startswith("#") for number in blocks)


def test_the_committed_schema_is_that_of_the_models():
    how = "write it anew: messaging-assets validate --schema > messaging_assets/api_file.schema.json"

    assert json.loads(SCHEMA.read_text()) == file_schema(), how


def test_an_editor_explains_each_word_of_a_file_in_a_line():
    assert _unexplained(json.loads(SCHEMA.read_text())) == []


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"word": {"type": "string"}}},
        {"properties": {"word": {"description": "Two\nlines."}}},
        {"$defs": {"Block": {"properties": {"word": {"$ref": "#/$defs/Other"}}}}},
        {"properties": {"block": {"description": "One.", "anyOf": [{"properties": {"word": {}}}, {"type": "null"}]}}},
        {"properties": {"list": {"description": "Some.", "items": {"properties": {"word": {}}}}}},
    ],
    ids=["file", "lines", "definition", "choice", "list"],
)
def test_a_word_that_is_not_explained_is_found_wherever_it_is(schema):
    assert _unexplained(schema) == ["word"]


def _unexplained(schema):
    """The words in a part of a schema that have no description of one line."""
    if isinstance(schema, list):
        return [word for part in schema for word in _unexplained(part)]
    if not isinstance(schema, dict):
        return []
    words = schema.get("properties", {})
    found = [word for word, one in words.items() if len(one.get("description", "").splitlines()) != 1]
    return found + _unexplained([*words.values(), *(part for key, part in schema.items() if key != "properties")])


@pytest.mark.sampled
@pytest.mark.parametrize("path", [*FILES, TEMPLATE], ids=lambda path: path.stem)
def test_an_editor_finds_the_schema_and_nothing_wrong_with_a_shipped_file(path):
    first, _, _ = path.read_text().partition("\n")
    _, _, schema = first.partition("# yaml-language-server: $schema=")

    assert (path.parent / schema).resolve() == SCHEMA
    assert editor_line(path) == f"{first}\n"
    jsonschema.validate(yaml.safe_load(path.read_text()), json.loads(SCHEMA.read_text()))


@pytest.mark.sampled
@pytest.mark.parametrize(
    "wrong",
    [{"colour": "red"}, {"client": {}}, {"schedule": {"cron": 5}}, {"resources": [{"path": "x"}]}],
    ids=["unknown", "missing", "type", "resource"],
)
def test_an_editor_shows_what_is_wrong(wrong):
    raw = {"client": {"base_url": "https://api.example.com"}, "resources": ["users"]}
    schema = json.loads(SCHEMA.read_text())
    jsonschema.validate(raw, schema)

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**raw, **wrong}, schema)
