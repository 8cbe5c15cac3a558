"""What the README shows is run."""

from __future__ import annotations

import re
import shlex
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from dagster import DagsterInstance, Definitions

from messaging_assets.assets.credentials import build_credentials
from messaging_assets.cli import main
from messaging_assets.description.authentication import (
    ApiKeyAuth,
    BearerAuth,
    HttpBasicAuth,
    OAuth2ClientCredentialsAuth,
)
from messaging_assets.description.names import variable
from messaging_assets.destination.pipelines import build_pipeline
from messaging_assets.destination.profile import destination_type
from messaging_assets.files.api_files import describe, read_file
from messaging_assets.foundation.failures import SetSecret
from messaging_assets.foundation.folders import project_folders
from messaging_assets.orchestration.code_location import build_code_location
from messaging_assets.seams import dagster_dlt as embedded_elt
from messaging_assets_tests.docs_pages import blocks_of
from messaging_assets_tests.programs import CHECKOUT, run

README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
SHIPPED = CHECKOUT / "messaging_assets" / "apis"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def commands() -> list[list[str]]:
    return [shlex.split(line, comments=True) for block in blocks("sh") for line in block.splitlines()]


@pytest.fixture
def team_chat(clean_room: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The README's API file, in a checkout of its own."""
    text, _ = blocks("yaml")
    folder = clean_room / "messaging_assets" / "apis"
    folder.mkdir()
    (folder / "team_chat.yaml").write_text(text)
    monkeypatch.setenv("MESSAGING_ASSETS_APIS", str(folder))
    return folder / "team_chat.yaml"


def test_the_readme_is_read_in_five_minutes() -> None:
    assert len(README.splitlines()) < 200
    # Each of these is run below.
    written = [f"{block.language} {block.word}".strip() for block in blocks_of(README)]
    assert Counter(written) == {"sh": 4, "text": 2, "yaml": 2, "python": 1, "toml": 1}


def test_the_file_syncs_every_row_and_becomes_what_the_readme_says(
    team_chat: Path, sandbox: Any, dagster_instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEAM_CHAT__BASE_URL", f"{sandbox.url}/messaging")
    monkeypatch.setenv("TEAM_CHAT__API_KEY", sandbox.keys["messaging"])
    definitions = build_code_location()
    repository = definitions.get_repository_def()
    result = definitions.resolve_job_def("team_chat_sync").execute_in_process(instance=dagster_instance)
    (done,) = result.get_asset_materialization_events()
    assert done.materialization.asset_key.to_user_string() == "team_chat/messages"
    assert done.materialization.metadata["dagster/row_count"].value == 2_500
    assert done.materialization.metadata["dagster/table_name"].value == "team_chat.messages"
    checks = {check.check_name for check in result.get_asset_check_evaluations() if check.passed}
    assert {"id_is_unique", "timestamp_is_not_null"} <= checks
    assert [one.name for one in repository.schedule_defs] == ["team_chat_schedule"]
    assert "team_chat_new_data" in [one.name for one in repository.sensor_defs]


def test_each_command_exists(team_chat: Path, clean_room: Path) -> None:
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    for command in commands():
        match command:
            case ["make", target]:
                assert f"\n{target}: " in makefile
            case [".venv/bin/messaging-assets", *arguments]:
                shown = CliRunner().invoke(main, arguments)
                assert shown.exit_code == 0, shown.output
            case [".venv/bin/dg", "launch", "--job", job]:
                assert (SHIPPED / f"{job.removesuffix('_sync')}.yaml").is_file()
            case ["export", setting]:
                assert "=" in setting
            case other:
                pytest.fail(f"nothing here tries {other}")


def test_the_destination_is_the_one_that_is_exported(monkeypatch: pytest.MonkeyPatch) -> None:
    assert destination_type() == "duckdb"
    for command in commands():
        if command[0] == "export":
            monkeypatch.setenv(*command[1].split("=", 1))
    api = read_file(SHIPPED / "messaging.yaml")
    pipeline = build_pipeline(api, api.resources_in_full["messages"], project_folders())
    assert pipeline.destination.destination_type.endswith(".postgres")
    assert "loader:***@localhost:5432/warehouse" in str(pipeline.destination_client().config)


def test_python_gives_definitions() -> None:
    names: dict[str, Any] = {}
    exec(blocks("python")[0], names)
    assert isinstance(names["defs"], Definitions)
    assert names["defs"].get_repository_def().has_job("team_chat_sync")


def test_without_dagster_embedded_elt_the_same_names_come_from_dagster_dlt() -> None:
    names = ("DagsterDltResource", "DagsterDltTranslator", "build_dlt_asset_specs")
    code = f"""
import sys
sys.modules["dagster_embedded_elt"] = None
import dagster_dlt
from messaging_assets.seams import dagster_dlt as embedded_elt
assert all(getattr(embedded_elt, name) is getattr(dagster_dlt, name) for name in {names!r})
"""
    done = run(sys.executable, "-c", code)
    assert done.returncode == 0, done.stderr


def test_dagster_embedded_elt_brings_the_names_of_dagster_dlt() -> None:
    import dagster_dlt

    assert embedded_elt.DagsterDltResource is dagster_dlt.DagsterDltResource


def test_the_secret_is_found_where_the_readme_puts_it(team_chat: Path, clean_room: Path) -> None:
    (text,) = blocks("toml")
    folder = clean_room / "project" / ".dlt"
    folder.mkdir()
    (folder / "secrets.toml").write_text(text.replace("...", "a secret"))
    credentials = build_credentials(read_file(team_chat))
    assert credentials.look_up("another_chat", "api_key") is None
    assert credentials.look_up("team_chat", "api_key") == "a secret"


@pytest.mark.parametrize(
    "auth",
    [
        ApiKeyAuth(type="api_key"),
        BearerAuth(),
        HttpBasicAuth(type="http_basic"),
        OAuth2ClientCredentialsAuth(type="oauth2", default_token_expiration=3600),
    ],
    ids=lambda auth: auth.type,
)
@pytest.mark.parametrize("page", ["README.md", "docs/secrets.md"])
def test_the_table_of_secrets_is_complete(auth: Any, page: str) -> None:
    text = (CHECKOUT / page).read_text(encoding="utf-8")
    variables = ", ".join(f"`{variable('team_chat', name)}`" for name in auth.secrets)
    assert f"| {variables} | {', '.join(f'`{name}`' for name in auth.secrets)} |" in text


def test_the_failure_reads_as_shown() -> None:
    api = read_file(SHIPPED / "monitoring.yaml")
    (sentence,) = (block.strip() for block in blocks("text") if not block.startswith("┏"))
    with pytest.raises(SetSecret) as caught:
        build_credentials(api).secrets_for(api, api.resources_in_full["resource_name"])
    assert str(caught.value) == sentence


@pytest.mark.parametrize("part", ["endpoint", "partitions", "deletes"])
def test_each_further_key_of_a_resource_is_one(part: str) -> None:
    _, text = blocks("yaml")
    written = yaml.safe_load(text)
    own = {part: written[part]} | ({"endpoint": {"path": "/v1/messages"}} if part != "endpoint" else {})
    resource = {"name": "messages", "primary_key": "id", "write_disposition": "merge", **own}

    api = describe({"client": {"base_url": "https://api.example.com"}, "resources": [resource]}, "team_chat")

    assert part in api.resources[0].model_fields_set
