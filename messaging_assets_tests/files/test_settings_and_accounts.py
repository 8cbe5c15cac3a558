"""Settings of a file, and its accounts: each an API of its own, filled in from the file and the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from messaging_assets.cli import main
from messaging_assets.files.api_files import InvalidDescription, describe, read_apis, read_file, read_folders
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.foundation.folders import settle_environment
from messaging_assets.orchestration.api_definitions import definitions_for
from messaging_assets_tests.example_apis import example_apis

TOKEN = "ghp_" + "a1B2c3D4" * 5


def text(settings: str = "", more: str = "", path: str = "/v1/{setting.workspace}/users") -> str:
    return (
        f"settings: {{{settings}}}\n"
        "client:\n"
        "  base_url: https://api.example.com\n"
        "resources:\n"
        f'  - {{name: users, endpoint: {{path: "{path}", paginator: single_page}}}}\n'
        f"{more}"
    )


def file(folder: Path, content: str, name: str = "chat.yaml") -> Path:
    (folder / name).write_text(content, encoding="utf-8")
    return folder / name


def path_of(description: Any) -> str:
    return str(description.resources_in_full["users"].endpoint.path)


def test_a_setting_is_the_environments_else_the_files(clean_room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chat = file(clean_room, text("workspace: {default: acme, description: The tenant's short name.}"))
    assert path_of(read_file(chat)) == "/v1/acme/users"

    monkeypatch.setenv("CHAT__WORKSPACE", "other")

    assert path_of(read_file(chat)) == "/v1/other/users"


def test_a_setting_alone_has_the_type_of_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    raw: dict[str, Any] = {
        "settings": {"size": 50, "is_open": True, "site": "eu"},
        "client": {"base_url": "https://{setting.site}.example.com"},
        "resources": [
            {
                "name": "users",
                "endpoint": {
                    "params": {"open": "{setting.is_open}", "order": "by-{setting.is_open}"},
                    "paginator": {"type": "offset", "limit": "{setting.size}"},
                },
            }
        ],
    }
    monkeypatch.setenv("CHAT__SIZE", "70")

    found = describe(raw, "chat")

    endpoint = found.resources_in_full["users"].endpoint
    assert found.client.base_url == "https://eu.example.com"
    assert endpoint.params == {"open": True, "order": "by-true"}
    assert endpoint.paginator.limit == 70  # type: ignore[union-attr]


def test_a_setting_that_is_not_declared_is_told_once() -> None:
    raw = {"client": {"base_url": "https://{setting.region}.example.com"}, "resources": ["users"]}
    with pytest.raises(InvalidDescription) as refused:
        describe(raw, "chat")
    assert str(refused.value) == "chat: client.base_url: no setting is called so; declare it under settings"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            text("workspace: null"),
            "chat.yaml:1: settings.workspace: has no value; set CHAT__WORKSPACE in the environment, or a default here",
        ),
        (
            text("workspace: a, work_space: b"),
            "chat.yaml:1: settings.work_space: is used nowhere; write {setting.work_space} where it belongs",
        ),
        (text("workspaces: a"), "endpoint.path: no setting is called so; did you mean 'workspaces'?"),
        (
            text("workspace: a", path="/{settings.workspace}/{setting.workspace}"),
            "a setting is written {setting.<name>}",
        ),
        (text("api_key: a", path="/{setting.api_key}"), "a setting is shown in many places; describe a secret under"),
        (
            text("workspace: a", path="/u").replace("path:", 'params: {access_token: "{setting.workspace}"}, path:'),
            "users.endpoint.params.access_token: a setting is shown in many places; describe a secret under auth",
        ),
        (text("workspace: '{x}'"), "has a value with braces or characters that do not print"),
        (text("workspace: {default: a, value: b}"), "takes a value, or default and description"),
        (text("workspace: [a]"), "must be a text, a number, or true or false, not a list"),
        (text("workspace: a", "accounts: {}\n"), "accounts: must be a list of names, such as [emea, apac]"),
        (text("workspace: a", "accounts: [EMEA]\n"), "accounts: must be a list of names, such as [emea, apac]"),
        (text("workspace: a", "accounts: {emea: {workspce: b}}\n"), "accounts.emea.workspce: is no setting of this"),
        (text("workspace: a", "accounts: {emea: b}\n"), "accounts.emea: must map the account's settings to values"),
        (text("workspace: a", "accounts: tenants.yaml\n"), "must name a file whose name begins with an underscore"),
        (text("workspace: a", "accounts: _tenants.yaml\n"), "names a file that cannot be read (No such file or"),
        (text("workspace: a", "accounts: ../_tenants.yaml\n"), "must name a file beside this one"),
    ],
)
def test_what_is_wrong_with_a_setting_is_told_at_its_place(clean_room: Path, content: str, expected: str) -> None:
    found = read_apis(file(clean_room, content))

    [error] = found.broken.values()
    assert expected in str(error)


def test_a_secret_in_a_setting_is_refused_and_not_shown(clean_room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT__WORKSPACE", TOKEN)
    with pytest.raises(
        InvalidDescription, match=r"settings\.workspace: has a value that looks like a vendor's"
    ) as told:
        read_file(file(clean_room, text("workspace: acme")))
    assert TOKEN not in str(told.value)


def test_each_account_is_an_api_with_its_own_settings(clean_room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chat = file(clean_room, text("workspace: null", "accounts: {emea: {workspace: one}, apac: null, us: null}\n"))
    monkeypatch.setenv("CHAT_APAC__WORKSPACE", "two")

    found = read_apis(chat)

    assert {one.name: path_of(one) for one in found.descriptions} == {
        "chat_emea": "/v1/one/users",
        "chat_apac": "/v1/two/users",
    }
    assert {one.group for one in found.descriptions} == {"chat"}
    # The third is red alone.
    assert list(found.broken) == ["chat_us"]
    assert "set CHAT_US__WORKSPACE or CHAT__WORKSPACE in the environment" in str(found.broken["chat_us"])


def test_an_accounts_value_comes_before_the_variable_of_all(clean_room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file(clean_room, "emea: {workspace: one}\napac:\n", "_tenants.yaml")
    monkeypatch.setenv("CHAT__WORKSPACE", "all")

    found = read_folders([file(clean_room, text("workspace: acme", "accounts: _tenants.yaml\n")).parent])

    assert [path_of(one) for one in found.descriptions] == ["/v1/one/users", "/v1/all/users"]


def test_a_number_of_an_account_that_yaml_cuts_is_refused_in_its_own_file_too(clean_room: Path) -> None:
    file(clean_room, "emea:\n  workspace: 1.10\n", "_tenants.yaml")

    found = read_folders([file(clean_room, text("workspace: acme", "accounts: _tenants.yaml\n")).parent])

    assert "names a file with a mistake in line 2, which is a number to YAML" in str(found.broken)


def test_an_account_and_a_file_of_one_name_are_both_set_aside(clean_room: Path) -> None:
    file(clean_room, text("workspace: acme", "accounts: [emea, apac]\n"))
    file(clean_room, text("workspace: acme"), "chat_emea.yaml")

    found = read_folders([clean_room])

    assert [one.name for one in found.descriptions] == ["chat_apac"]
    assert "its API's name is 'chat_emea', and so is that of" in str(found.broken["chat_emea"])


def test_one_api_is_not_read_from_a_file_of_several(clean_room: Path) -> None:
    chat = file(clean_room, text("workspace: acme", "accounts: [emea, apac]\n"))

    with pytest.raises(InvalidDescription, match=r"describes 2 accounts \(chat_emea, chat_apac\)"):
        read_file(chat)


def test_credentials_are_those_of_one_account() -> None:
    raw = {"client": {"base_url": "https://a.example"}, "accounts": ["x", "y"], "resources": ["users"]}

    with pytest.raises(MendDescription, match="credentials are those of one account"):
        definitions_for(raw, name="chat", credentials={"base_url": "https://b.example"})
    keys = definitions_for(raw, name="chat").resolve_asset_graph().get_all_asset_keys()
    assert {key.to_user_string() for key in keys} == {"chat_x/users", "chat_y/users"}


def test_every_account_is_synced_with_its_own_secret_into_its_own_tables(
    clean_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two tenants behind two addresses; the third has no token, and is red alone."""
    with example_apis() as server:
        server.rows = {"chat/users.list": [{"id": "U1", "profile": {}}], "chat/conversations.list": []}
        (clean_room / "apis").mkdir()
        example = Path(__file__).parents[2] / "examples" / "chat.yaml"
        chat = file(clean_room / "apis", example.read_text(encoding="utf-8") + "accounts: [emea, apac, us]\n")
        for account in ("EMEA", "APAC", "US"):
            monkeypatch.setenv(f"CHAT_{account}__BASE_URL", f"{server.url}/chat")
        for account in ("EMEA", "APAC"):
            monkeypatch.setenv(f"CHAT_{account}__TOKEN", "example-token")

        several = CliRunner().invoke(main, ["sync", str(chat)])
        monkeypatch.setenv("MESSAGING_ASSETS_APIS", str(chat.parent))
        told = {one: CliRunner().invoke(main, ["sync", f"chat_{one}"]) for one in ("emea", "apac", "us")}

    assert "is the file of chat_emea and chat_apac and chat_us; name one of them" in several.output
    assert {one: result.exit_code for one, result in told.items()} == {"emea": 0, "apac": 0, "us": 1}
    assert "set CHAT_US__TOKEN in the environment" in told["us"].output
    with duckdb.connect(str(settle_environment().database)) as database:
        counts = [database.sql(f"select count(*) from chat_{account}.users").fetchall() for account in ("emea", "apac")]
        tables = database.sql("select table_schema, table_name from information_schema.tables").fetchall()
    assert counts[0] == counts[1] == [(1,)]
    # A failed try has its row in the history, and nothing else.
    assert ("chat_us", "users") not in tables
