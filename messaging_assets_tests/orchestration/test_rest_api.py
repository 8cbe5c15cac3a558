"""An API as a component of a user's own Dagster project, with the programs that a user has."""

from __future__ import annotations

import ast
import json
import os
import re
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import duckdb
import pytest
from dagster import Definitions, ScaffoldRequest
from dagster.components.component_scaffolding import parse_params_model
from dagster.components.core.snapshot import get_package_entry_snap
from dagster_shared.serdes.objects import EnvRegistryKey

import messaging_assets
from messaging_assets import RestApi
from messaging_assets.files.api_files import InvalidDescription, project_files, read_file
from messaging_assets.files.components import component_files
from messaging_assets.orchestration.broken_files import VALIDATION
from messaging_assets.orchestration.scaffolder import RestApiScaffolder
from messaging_assets_tests.programs import DG_DEFINITIONS, environment, run
from messaging_assets_tests.programs import messaging_assets as messaging_assets_verb

PROJECT = """\
[project]
name = "team_data"
version = "0.1.0"

[tool.dg]
directory_type = "project"

[tool.dg.project]
root_module = "team_data"
"""
# A user's own resource of the name that dagster-dlt's documentation uses.
OWN = """\
from dagster import Definitions, asset
from dagster_dlt import DagsterDltResource

@asset
def own(dlt: DagsterDltResource) -> None: ...

defs = Definitions(assets=[own], resources={"dlt": DagsterDltResource()})
"""
# Without them a project keeps its things below itself.
NAMED = ("MESSAGING_ASSETS_HOME", "DLT_PROJECT_DIR")
API = """\
client: {base_url: "https://api.example.com"}
resources:
  - messages
  - {name: users, primary_key: id}
"""


@pytest.fixture
def project(clean_room: Path) -> Path:
    """A project of dg's own layout, without an API yet."""
    project = clean_room / "team_data"
    (project / "team_data" / "defs" / "own").mkdir(parents=True)
    (project / "pyproject.toml").write_text(PROJECT)
    (project / "team_data" / "__init__.py").touch()
    (project / "team_data" / "definitions.py").write_text(DG_DEFINITIONS)
    (project / "team_data" / "defs" / "__init__.py").touch()
    (project / "team_data" / "defs" / "own" / "own.py").write_text(OWN)
    return project


def dg(project: Path, *arguments: str, **more: str) -> str:
    """What a command of `dg` prints, run in the project, which keeps its things below itself."""
    # Without the checkout on the path, so that the installed entry point counts.
    own = {name: value for name, value in {**os.environ, **more}.items() if name not in NAMED}
    done = run("dg", *arguments, env=own, cwd=project)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.newest
@pytest.mark.minutes
def test_a_project_goes_from_scaffold_to_loaded_rows_with_dg(project: Path, sandbox: Any) -> None:
    key = sandbox.keys["messaging"]
    listed = json.loads(dg(project, "list", "components", "--package", "messaging_assets", "--json"))
    assert [one["key"] for one in listed["items"]] == ["messaging_assets.RestApi"]

    address = ("--base-url", f"{sandbox.url}/messaging", "--path", "/v1/messages", "--auth", "api_key:query:api_key")
    said = dg(project, "scaffold", "defs", "messaging_assets.RestApi", "broker", *address, BROKER__API_KEY=key)
    assert "Next: messaging-assets check" in said
    assert key not in (project / "team_data" / "defs" / "broker" / "broker.yaml").read_text()
    scaffolded(project / "team_data" / "defs" / "team-chat")

    said = dg(project, "check", "defs")
    assert "All component YAML validated successfully." in said
    assert "All definitions loaded successfully." in said

    found = json.loads(dg(project, "list", "defs", "--json"))
    keys = {one["asset_key"] for one in found["assets"]}
    assert {"own", "broker/messages", "team_chat/users"} <= keys
    assert {"broker_schedule", "team_chat_schedule"} == {one["name"] for one in found["schedules"]}

    (project / ".dlt").mkdir()
    (project / ".dlt" / "secrets.toml").write_text(f'[sources.broker]\napi_key = "{key}"\n')
    said = dg(project, "launch", "--assets", "broker/messages")
    assert "Asset check 'id_is_unique' on 'broker/messages' passed" in said
    assert key not in said
    with duckdb.connect(project / ".messaging_assets" / "warehouse.duckdb", read_only=True) as warehouse:
        assert warehouse.execute("SELECT count(*) FROM broker.messages").fetchall() == [(2_500,)]

    own = {name: value for name, value in environment().items() if name not in NAMED}
    told = json.loads(messaging_assets_verb("status", "--json", env=own, cwd=project).stdout)
    states = {one["asset"]: (one["state"], one["rows"]) for one in told["assets"]}
    assert states.pop("broker/messages") == ("synced", 2_500)
    assert set(states.values()) == {("never synced", None)}
    assert {asset.split("/")[0] for asset in states} == {"team_chat"}


@pytest.mark.newest
def test_dg_and_the_ui_show_what_the_component_is_for_and_each_of_its_words(project: Path) -> None:
    page = get_package_entry_snap(EnvRegistryKey("messaging_assets", "RestApi"), RestApi)
    words = {**(page.component_schema or {})["properties"], **(page.scaffolder_schema or {})["properties"]}
    told = [page.description or "", *words, *(word["description"] for word in words.values())]

    shown = dg(project, "utils", "inspect-component", "messaging_assets.RestApi")
    assert [text for text in told if text not in shown] == []
    assert str(page.summary) in " ".join(re.sub("[│┃]", " ", dg(project, "list", "components")).split())

    # What the UI shows behind "View docs".
    program = (
        "from team_data.definitions import defs; "
        "packages = defs().metadata['plugin_component_types_json'].value; "
        "print(next(one['componentTypes'][0] for one in packages if one['name'] == 'messaging_assets'))"
    )
    done = run(sys.executable, "-c", program, env=dict(os.environ), cwd=project)
    page_in_ui = ast.literal_eval(done.stdout)
    assert page_in_ui["description"] == page.description
    assert json.loads(page_in_ui["schema"])["properties"] == (page.component_schema or {})["properties"]


def test_translation_and_post_processing_of_a_defs_yaml_reach_the_assets(project: Path) -> None:
    folder = project / "team_data" / "defs" / "chat"
    folder.mkdir()
    (folder / "chat.yaml").write_text(API)
    (folder / "defs.yaml").write_text(
        "type: messaging_assets.RestApi\n"
        "attributes: {file: chat.yaml, translation: {group_name: 'chat_{{ resource.name }}'}}\n"
        "post_processing:\n"
        "  assets:\n"
        "    - {target: '*', attributes: {owners: ['team:data']}}\n"
        "    - {target: 'key:\"chat/users\"', attributes: {description: Those who write.}}\n"
    )
    found = {one["asset_key"]: one for one in json.loads(dg(project, "list", "defs", "--json"))["assets"]}
    users = found["chat/users"]
    assert users["group_name"] == "chat_users"
    assert "data" in json.dumps(users["owners"])
    assert (users["description"], found["chat/messages"]["description"]) == ("Those who write.", "Rows of messages.")


def test_components_in_python_and_with_a_translation_are_found_by_name_and_no_code_is_run(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    defs = project / "team_data" / "defs"
    for name in ("chat", "mail", "odd", "odder", "hr"):
        (defs / name).mkdir()
        (defs / name / f"{name}.yaml").write_text(API)
    written = "raise SystemExit\n@dg.component_instance\ndef load(context):\n    return RestApi({})\n"
    (defs / "chat" / "component.py").write_text(written.format('file="chat.yaml", name="team_chat"'))
    (defs / "odd" / "component.py").write_text(written.format("file=named_elsewhere()"))
    (defs / "odder" / "component.py").write_text(written.format('file="odder.yaml", name=named_elsewhere()'))
    constants = 'from messaging_assets import RestApi as Api\nFILE = "hr.yaml"\nNAME = "people"\n'
    (defs / "hr" / "component.py").write_text(constants + "Api(file=FILE, name=NAME)\n")
    (defs / "mail" / "defs.yaml").write_text(
        "type: messaging_assets.RestApi\nattributes: {file: mail.yaml, translation: {group_name: 'a_{{ spec.key }}'}}\n"
    )
    monkeypatch.chdir(project)

    found = {one.name: one for one in component_files()}

    assert {name: one.mistake for name, one in found.items()} == {"mail": None, "team_chat": None, "people": None}
    assert found["team_chat"].file == defs / "chat" / "chat.yaml"
    assert (found["team_chat"].defs_file.name, found["team_chat"].line) == ("component.py", 4)


def test_a_component_of_a_class_of_the_projects_own_is_found_by_name_and_no_code_is_run(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    defs = project / "team_data" / "defs"
    (project / "team_data" / "ours.py").write_text(
        "from messaging_assets import RestApi as Api\nraise SystemExit\n"
        "class House(Api):\n    owner: str\nclass Tower(House): ...\nclass Other(dg.Component): ...\n"
    )
    for name, kind in {"chat": "ours.House", "mail": "ours.Tower", "hr": "ours.Other", "odd": "nowhere.House"}.items():
        (defs / name).mkdir()
        (defs / name / f"{name}.yaml").write_text(API)
        attributes = f"{{file: {name}.yaml, name: our_{name}, owner: '{{{{ resource.name }}}}'}}"
        (defs / name / "defs.yaml").write_text(f"type: team_data.{kind}\nattributes: {attributes}\n")
    monkeypatch.chdir(project)
    assert {one.name: one.mistake for one in component_files()} == {"our_chat": None, "our_mail": None}


def test_one_api_that_two_components_make_is_a_mistake_which_names_both(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    defs = project / "team_data" / "defs"
    for name, file in {"chat": "chat.yaml", "talk": "../chat/chat.yaml"}.items():
        (defs / name).mkdir()
        (defs / name / "defs.yaml").write_text(
            f"type: messaging_assets.RestApi\nattributes: {{file: {file}, name: chat}}\n"
        )
    (defs / "chat" / "chat.yaml").write_text(API)
    monkeypatch.chdir(project)
    found = project_files()
    assert found.descriptions == []
    words = "defs/talk/defs.yaml:1: its API's name is 'chat', and so is that of team_data/defs/chat/defs.yaml; name one"
    assert words in str(found.broken["chat"])


@pytest.mark.parametrize("word", ["file", "name"])
@pytest.mark.parametrize("value", ["{{ env.NOT_SET_HERE }}", ""])
def test_a_file_or_name_that_comes_to_nothing_is_no_word_that_was_left_out(
    project: Path, monkeypatch: pytest.MonkeyPatch, word: str, value: str
) -> None:
    folder = project / "team_data" / "defs" / "chat_a"
    folder.mkdir()
    (folder / "chat.yaml").write_text(API)
    attributes = {"file": "chat.yaml", "name": None, word: value}
    (folder / "defs.yaml").write_text(json.dumps({"type": "messaging_assets.RestApi", "attributes": attributes}))
    with warnings.catch_warnings():
        # Dagster's own, of pydantic's.
        warnings.simplefilter("ignore", DeprecationWarning)
        made = RestApi.resolve_from_dict(attributes)
    context: Any = SimpleNamespace(path=folder, project_root=project)
    [spec] = made.build_defs(context).resolve_all_asset_specs()
    assert spec.key.to_user_string() == "chat_a/broken_file"
    assert f"chat_a: {word}: is empty; set the variable that it is taken from" in (spec.description or "")
    monkeypatch.chdir(project)
    [component] = component_files()
    assert component.mistake == f"its {word} is empty; set the variable that it is taken from, or write it out"


def test_the_words_of_a_component_are_checked_with_their_line(project: Path) -> None:
    folder = project / "team_data" / "defs" / "chat"
    folder.mkdir()
    (folder / "defs.yaml").write_text("type: messaging_assets.RestApi\nattributes:\n  flie: chat.yaml\n")
    done = run("dg", "check", "yaml", env=dict(os.environ), cwd=project)
    assert done.returncode == 1
    assert "defs.yaml:3" in done.stdout
    assert "'flie' was unexpected" in done.stdout


def scaffolded(folder: Path, scaffold_format: Any = "yaml", **parameters: Any) -> Path:
    """What the scaffolder writes into a folder, which Dagster has made."""
    folder.mkdir(parents=True)
    request = ScaffoldRequest(
        type_name="messaging_assets.RestApi",
        target_path=folder,
        scaffold_format=scaffold_format,
        project_root=folder.parent,
        params=parse_params_model(RestApi, json.dumps(parameters)),
    )
    RestApiScaffolder().scaffold(request)  # type: ignore[arg-type]
    return folder


def built(folder: Path, text: str = API, **attributes: str) -> Definitions:
    """The definitions of a component whose API file is `chat.yaml` in a folder."""
    (folder / "chat.yaml").write_text(text)
    context: Any = SimpleNamespace(path=folder, project_root=folder.parent)
    return RestApi(file="chat.yaml", **attributes).build_defs(context)


@pytest.mark.parametrize(("attributes", "name"), [({}, "chat"), ({"name": "talk"}, "talk")])
def test_an_api_is_named_by_its_file_unless_it_has_a_name(
    clean_room: Path, attributes: dict[str, str], name: str
) -> None:
    definitions = built(clean_room, **attributes)
    keys = {spec.key.to_user_string() for spec in definitions.resolve_all_asset_specs()}
    assert keys == {f"{name}/{rest}" for rest in ("messages", "users")}
    assert definitions.resolve_job_def(f"{name}_sync")


def test_the_translation_of_a_component_is_that_of_dagsters_own(clean_room: Path) -> None:
    (clean_room / "chat.yaml").write_text(API)
    attributes = {
        "file": "chat.yaml",
        "translation": {"group_name": "team_{{ resource.name }}", "tags": {"tier": "gold"}, "kinds": ["bronze"]},
    }
    context: Any = SimpleNamespace(path=clean_room, project_root=clean_room)
    with warnings.catch_warnings():
        # Dagster's own, of pydantic's.
        warnings.simplefilter("ignore", DeprecationWarning)
        component = RestApi.resolve_from_dict(attributes)
    specs = {spec.key.path[1]: spec for spec in component.build_defs(context).resolve_all_asset_specs()}
    assert {name: spec.group_name for name, spec in specs.items()} == {
        "messages": "team_messages",
        "users": "team_users",
    }
    assert specs["users"].tags["tier"] == "gold"
    assert "bronze" in specs["users"].kinds


def test_a_broken_file_is_an_asset_that_is_red_and_an_error_where_mistakes_are_looked_for(
    clean_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    definitions = built(clean_room, API + "schedul: {}\n")
    [spec] = definitions.resolve_all_asset_specs()
    assert spec.key.to_user_string() == "chat/broken_file"
    assert "chat.yaml:5: schedul: unknown key; did you mean schedule?" in (spec.description or "")
    assert definitions.resolve_sensor_def("chat_broken_file")
    monkeypatch.setenv(VALIDATION, "1")
    with pytest.raises(InvalidDescription, match=r"chat\.yaml:5: schedul: unknown key; did you mean schedule\?"):
        built(clean_room, API + "schedul: {}\n")


@pytest.mark.newest
def test_a_broken_file_takes_no_other_component_down_and_check_defs_names_it(project: Path) -> None:
    for name, text in (("chat", API), ("mail", API + "schedul: {}\n"), ("talk", API + "grup: talk\n")):
        folder = project / "team_data" / "defs" / name
        folder.mkdir()
        (folder / f"{name}.yaml").write_text(text)
        (folder / "defs.yaml").write_text(
            f"type: messaging_assets.RestApi\nattributes: {{file: {name}.yaml}}\n"
            f"post_processing: {{assets: [{{target: '*', attributes: {{owners: ['team:data']}}}}]}}\n"
        )
    listed = dg(project, "list", "defs", "--json")
    found, end = json.JSONDecoder().raw_decode(listed)
    assert "mail.yaml:5: schedul: unknown key" in listed[end:]
    assert {one["asset_key"] for one in found["assets"]} == {
        "own",
        "chat/messages",
        "chat/users",
        "mail/broken_file",
        "talk/broken_file",
    }
    checked = run("dg", "check", "defs", env=dict(os.environ), cwd=project)
    assert checked.returncode == 1
    assert "mail.yaml:5: schedul: unknown key; did you mean schedule?" in checked.stdout + checked.stderr


def test_the_home_is_the_project_unless_one_is_named(clean_room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = os.environ["MESSAGING_ASSETS_HOME"]
    built(clean_room)
    assert os.environ["MESSAGING_ASSETS_HOME"] == named
    monkeypatch.delenv("MESSAGING_ASSETS_HOME")
    built(clean_room)
    assert os.environ["MESSAGING_ASSETS_HOME"] == str(clean_room.parent)
    monkeypatch.setenv("MESSAGING_ASSETS_HOME", named)


def test_without_an_address_the_file_is_the_template_under_its_own_name(clean_room: Path) -> None:
    folder = scaffolded(clean_room / "Team-Chat 2")
    description = read_file(folder / "team_chat_2.yaml")
    assert list(description.resources_in_full) == ["channels", "users", "messages"]
    text = (folder / "team_chat_2.yaml").read_text()
    assert "TEAM_CHAT_2__API_KEY" in text
    assert "[sources.team_chat_2]" in text
    assert "$schema" not in text


def test_the_template_names_the_schema_for_editors_where_one_is_above_it(clean_room: Path) -> None:
    (clean_room / "api_file.schema.json").touch()
    text = (scaffolded(clean_room / "chat") / "chat.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=../api_file.schema.json\ndescription:")


def test_the_component_can_be_python(clean_room: Path) -> None:
    folder = scaffolded(clean_room / "chat", "python")
    assert sorted(path.name for path in folder.iterdir()) == ["chat.yaml", "component.py"]
    names: dict[str, Any] = {}
    exec((folder / "component.py").read_text(), names)
    component = names["load"](SimpleNamespace())
    context: Any = SimpleNamespace(path=folder / "component.py", project_root=clean_room)
    (folder / "component.py").touch()
    assert component.build_defs(context).resolve_job_def("chat_sync")


def test_a_document_gives_the_file_too(clean_room: Path) -> None:
    document = clean_room / "openapi.json"
    items = {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "string"}}}}
    answer = {"200": {"description": "all", "content": {"application/json": {"schema": items}}}}
    paths = {"/users": {"get": {"responses": answer}}}
    document.write_text(
        json.dumps({"openapi": "3.0.3", "info": {}, "servers": [{"url": "https://api.example.com"}], "paths": paths})
    )
    folder = scaffolded(clean_room / "chat", openapi=str(document))
    assert list(read_file(folder / "chat.yaml").resources_in_full) == ["users"]


@pytest.mark.parametrize(
    ("name", "parameters", "sentence"),
    [
        ("chat", {"base_url": "https://api.example.com"}, "give --base-url with --path"),
        ("chat", {"openapi": "nothing.yaml"}, "there is no file nothing.yaml"),
        ("defs", {}, "'defs' is a file of Dagster's own"),
    ],
)
def test_what_cannot_be_scaffolded_leaves_nothing_behind(
    clean_room: Path, name: str, parameters: dict[str, str], sentence: str
) -> None:
    with pytest.raises(click.ClickException, match=sentence):
        scaffolded(clean_room / name, **parameters)
    assert not (clean_room / name).exists()


def test_the_page_about_the_component_explains_its_words_and_options() -> None:
    page = get_package_entry_snap(EnvRegistryKey("messaging_assets", "RestApi"), RestApi)
    assert (
        page.summary
        == "A REST API, described in one file: assets, checks, jobs, schedules and sensors for each of its lists."
    )
    assert "dg scaffold defs messaging_assets.RestApi chat" in (page.description or "")
    words = (page.component_schema or {})["properties"]
    assert {name: bool(word["description"] and word["examples"]) for name, word in words.items()} == {
        "file": True,
        "name": True,
        "translation": True,
    }
    assert list((page.scaffolder_schema or {})["properties"]) == ["base_url", "path", "auth", "openapi", "only"]


def test_the_component_is_found_by_those_who_look_through_the_package() -> None:
    assert dir(messaging_assets) == ["ApiDescription", "ApiTranslator", "RestApi", "definitions_for"]
    with pytest.raises(AttributeError, match="has no attribute 'RestApis'"):
        _ = messaging_assets.RestApis
