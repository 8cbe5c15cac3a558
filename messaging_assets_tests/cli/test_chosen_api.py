"""The APIs of a project, as every verb finds them: by name, by file, and as components of a project of `dg`."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from messaging_assets.cli.chosen_api import chosen_api, chosen_apis
from messaging_assets.cli.dev import _workspace
from messaging_assets.cli.validate import _read
from messaging_assets.foundation.folders import project_folders

API = """\
client: {base_url: "https://api.example.com"}
resources: [{name: users, primary_key: id}]
"""
DG = """\
[tool.dg]
directory_type = "project"

[tool.dg.project]
root_module = "team_data"
"""


@pytest.fixture
def project(clean_room: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of dg's own layout, without an API yet; the working directory is in it."""
    project = clean_room / "team_data"
    (project / "src" / "team_data" / "defs").mkdir(parents=True)
    (project / "pyproject.toml").write_text(DG)
    monkeypatch.delenv("MESSAGING_ASSETS_HOME")
    monkeypatch.chdir(project / "src")
    return project


def component(project: Path, folder: str, attributes: str, more: str = "") -> Path:
    """A component with its API file `chat.yaml`."""
    place = project / "src" / "team_data" / "defs" / folder
    place.mkdir(parents=True)
    (place / "defs.yaml").write_text(f"type: messaging_assets.RestApi\nattributes: {attributes}\n{more}")
    (place / "chat.yaml").write_text(API)
    return place / "chat.yaml"


def names(*told: str) -> list[str]:
    return [description.name for description in chosen_apis(told).descriptions]


def problems(*told: str) -> list[str]:
    return [str(error) for error in chosen_apis(told).broken.values()]


def test_components_are_found_by_name_and_by_file_wherever_they_are(project: Path) -> None:
    file = component(project, "vendors/eu/talk", "{file: chat.yaml, name: talk}")
    component(project, "chat", "{file: chat.yaml}")
    (file.parent.parent / "defs.yaml").write_text("type: dagster.DefsFolderComponent\n")

    assert names() == ["chat", "talk"]
    assert names("talk") == [chosen_api("talk").name] == ["talk"]
    assert chosen_api("talk").file == str(file)
    assert names(str(file), "chat") == ["talk", "chat"]
    assert [found["api"] for found in _read([])[0]] == ["chat", "talk"]
    assert [found["api"] for found in _read([file])[0]] == ["talk"]


def test_several_components_may_stand_in_one_file_and_share_an_api_file(project: Path) -> None:
    other = "---\ntype: messaging_assets.rest_api.RestApi\nattributes: {file: chat.yaml, name: talk}\n"
    file = component(project, "chat", "{file: chat.yaml}", other)

    assert names() == names(str(file)) == ["chat", "talk"]
    with pytest.raises(click.UsageError, match=r"chat\.yaml is the file of chat and talk; name one of them"):
        chosen_api(str(file))


def test_a_project_of_dg_is_the_home_and_has_its_own_apis_alone(
    project: Path, clean_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    component(project, "chat", "{file: chat.yaml}")
    assert project_folders().home == project
    assert names() == ["chat"]
    assert _workspace() == ["-m", "team_data.definitions", "-d", str(project / "src")]

    (project / "apis").mkdir()
    (project / "apis" / "mail.yaml").write_text(API)
    assert names() == ["chat", "mail"]

    monkeypatch.chdir(clean_room)
    monkeypatch.setenv("MESSAGING_ASSETS_HOME", str(project))
    assert names() == ["chat", "mail"]


def test_what_is_no_project_of_dg_has_the_shipped_apis_as_its_code_location_does(
    project: Path, clean_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, text in {
        "plain": "[project]\nname = 'x'\n",
        "broken": "[tool.dg",
        "workspace": "[tool.dg.cli]\n",
    }.items():
        (clean_room / folder).mkdir()
        (clean_room / folder / "pyproject.toml").write_text(text)
        monkeypatch.chdir(clean_room / folder)
        assert "team_messaging" in names()
    monkeypatch.chdir(project)
    with pytest.raises(click.UsageError, match="there is no API here, neither a file in apis/ nor a component"):
        names()


def test_a_project_may_say_it_in_dg_toml_and_name_its_modules(project: Path) -> None:
    settings = 'root_module = "team_data"\ndefs_module = "team_data.apis"\nautoload_defs = true\n'
    (project / "dg.toml").write_text(f'directory_type = "project"\n[project]\n{settings}')
    component(project, "../apis/chat", "{file: chat.yaml}")

    assert names() == ["chat"]
    with pytest.raises(click.ClickException, match="has autoload_defs, which Dagster's own `dg dev` opens"):
        _workspace()


def test_a_component_that_cannot_be_is_told_with_its_place_and_takes_no_other_down(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    component(project, "good", "{file: chat.yaml}")
    component(project, "none", "{name: none}")
    component(project, "lost", "{file: 'lost.yaml'}")
    component(project, "unset", "{file: '{{ own_word }}'}")
    component(project, "filled_in", "{file: chat.yaml, name: '{{ env.TALK }}'}")
    component(project, "torn", "{file: chat.yaml")
    component(project, "mistyped", "{file: chat.yaml, nam: other}")
    where = "team_data/defs"

    monkeypatch.setenv("TALK", "talk")
    assert names() == ["chat", "talk"]
    must = "must have `attributes: {file: ...}`, the API file, and may have a name; `dg check yaml` says more"
    assert problems() == [
        f"{where}/lost/defs.yaml:1: names a file that is not there; correct it",
        f"{where}/mistyped/defs.yaml:1: {must}",
        f"{where}/none/defs.yaml:1: {must}",
        f"{where}/torn/defs.yaml:1: cannot be read as YAML; `dg check yaml` says where",
        f"{where}/unset/defs.yaml:1: has a template that cannot be filled in; `dg check defs` says why",
    ]
    monkeypatch.setenv("TALK", "chat")
    assert f"{where}/good/chat.yaml:1: its API's name is 'chat', and so is that of " in problems()[-1]


def test_a_component_and_a_file_of_one_name_are_two_apis_unless_they_are_one_file(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = component(project, "chat", "{file: ../../chat.yaml}")
    (project / "apis").mkdir()
    (project / "apis" / "chat.yaml").write_text(API)
    file.rename(project / "src" / "team_data" / "chat.yaml")
    with pytest.raises(click.ClickException, match="its API's name is 'chat', and so is that of"):
        chosen_api("chat")

    monkeypatch.setenv("MESSAGING_ASSETS_APIS", str(project / "src" / "team_data"))
    assert names() == ["chat"]


def test_a_folder_that_cannot_be_read_is_named_where_an_api_is_not_found(
    clean_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESSAGING_ASSETS_APIS", str(clean_room / "nowhere"))
    with pytest.raises(
        click.UsageError, match=r"no API 'chat' in nowhere; there are: none\n(.*\n)*.*nowhere.* cannot be read"
    ):
        chosen_apis(["chat"])


def test_a_mistyped_name_is_answered_with_the_one_that_was_probably_meant(clean_room: Path) -> None:
    (clean_room / "messaging_assets" / "apis").mkdir()
    (clean_room / "messaging_assets" / "apis" / "chat.yaml").write_text(
        "client: {base_url: https://api.example.com}\nresources: [users]\n"
    )

    with pytest.raises(
        click.UsageError, match=r"there is no API 'chatt' in .*apis; there are: chat; did you mean chat\?"
    ):
        chosen_apis(["chatt"])
    for asset in ("chat/users", "chat.users"):
        with pytest.raises(click.UsageError, match=r"did you mean chat\?"):
            chosen_apis([asset])
    with pytest.raises(click.UsageError, match=r"there is no API 'orders' in .*apis; there are: chat$"):
        chosen_apis(["orders"])


def test_the_name_of_a_file_with_accounts_means_all_of_them(clean_room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = clean_room / "files"
    folder.mkdir()
    monkeypatch.setenv("MESSAGING_ASSETS_APIS", str(folder))
    (folder / "chat.yaml").write_text("accounts: [emea, apac]\n" + API)
    (folder / "chat_room.yaml").write_text(API)

    assert names("chat") == ["chat_emea", "chat_apac"]
    assert names("chat_apac") == ["chat_apac"]
    with pytest.raises(click.UsageError, match="chat is the file of chat_emea and chat_apac; name one of them"):
        chosen_api("chat")


def test_a_name_with_its_ending_is_told_without_it() -> None:
    with pytest.raises(click.UsageError, match=r"there is no file chat\.yaml; .* the API's name, chat$"):
        chosen_apis(["chat.yaml"])
