"""The process of a run builds what the run needs, and finds the rest as soon as somebody asks for it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from dagster import AssetCheckKey, AssetKey, DagsterInstance, Definitions, RepositoryDefinition, in_process_executor
from dagster._core.code_pointer import FileCodePointer, ModuleCodePointer
from dagster._core.definitions.definitions_load_context import DefinitionsLoadContext, DefinitionsLoadType

from messaging_assets.files import api_files
from messaging_assets.foundation.folders import SHIPPED_APIS
from messaging_assets.orchestration.code_location import location_of_this_process
from messaging_assets.seams.dagster_inside import RepositoryInParts

ALL = "__ASSET_JOB"
SENT = AssetKey(["messaging", "messages"])
FILE = """\
client: {base_url: "https://api.example.com"}
resources: [{name: rows, primary_key: id, endpoint: {path: /rows}}]
"""


@pytest.fixture
def apis(clean_room: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two APIs of which only the first can be asked, in a process that carries out a run."""
    folder = clean_room / "apis"
    folder.mkdir()
    (folder / "messaging.yaml").write_bytes((SHIPPED_APIS / "messaging.yaml").read_bytes())
    (folder / "chat.yaml").write_text(FILE)
    monkeypatch.setenv("MESSAGING_ASSETS_APIS", str(folder))
    monkeypatch.setattr(DefinitionsLoadContext, "_instance", DefinitionsLoadContext(DefinitionsLoadType.RECONSTRUCTION))
    return folder


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were read."""
    names: list[str] = []
    really = api_files.read_apis

    def noted(path: Path, name: str) -> Any:
        names.append(path.stem)
        return really(path, name)

    monkeypatch.setattr(api_files, "read_apis", noted)
    return names


@pytest.fixture
def repository(apis: Path) -> RepositoryDefinition:
    found = location_of_this_process(in_process_executor)
    assert isinstance(found, RepositoryDefinition)
    return found


def test_a_process_that_is_asked_what_there_is_builds_everything(
    apis: Path, monkeypatch: pytest.MonkeyPatch, read: list[str]
) -> None:
    monkeypatch.setattr(DefinitionsLoadContext, "_instance", None)
    assert isinstance(location_of_this_process(in_process_executor), Definitions)
    assert read == ["chat", "messaging"]


def test_a_project_that_merges_the_definitions_gets_all_of_them_in_a_run_too(
    apis: Path, clean_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "messaging_assets.definitions", raising=False)
    assert isinstance(ModuleCodePointer("messaging_assets.definitions", "defs").load_target(), RepositoryInParts)
    monkeypatch.delitem(sys.modules, "messaging_assets.definitions")
    own = clean_room / "own_location.py"
    own.write_text(
        "from dagster import Definitions\n"
        "from messaging_assets.definitions import defs as apis\n"
        "defs = Definitions.merge(apis, Definitions())\n"
    )
    merged: Any = FileCodePointer(str(own), "defs", str(clean_room)).load_target()
    assert SENT in {spec.key for spec in merged.resolve_all_asset_specs()}
    monkeypatch.delitem(sys.modules, "messaging_assets.definitions")


def test_the_run_of_one_asset_reads_its_file_and_no_other(
    repository: RepositoryDefinition, read: list[str], known_sandbox: Any, dagster_instance: DagsterInstance
) -> None:
    early = repository.get_job(ALL)
    job = repository.get_maybe_subset_job_def(ALL, asset_selection={SENT})
    assert (repository.name, repository.repository_load_data) == ("__repository__", None)
    assert (job.executor_def.name, read) == ("in_process", ["messaging"])
    result = job.execute_in_process(instance=dagster_instance)
    assert result.success
    assert read == ["messaging"]
    assert {node.name for node in early.nodes} == {"chat__rows", "messaging__messages"}
    assert read == ["messaging", "chat", "messaging"]


def test_a_check_alone_and_a_job_by_its_name_read_one_file_too(
    repository: RepositoryDefinition, read: list[str]
) -> None:
    checks = {AssetCheckKey(SENT, "id_is_unique")}
    job = repository.get_maybe_subset_job_def(ALL, asset_selection=set(), asset_check_selection=checks)
    assert (job.asset_layer.selected_asset_keys, job.asset_layer.asset_graph.asset_check_keys >= checks) == (
        set(),
        True,
    )
    assert [node.name for node in repository.get_job("chat_sync").nodes] == ["chat__rows"]
    assert read == ["messaging", "chat"]


def test_whatever_else_is_asked_for_is_answered_out_of_all_files(
    apis: Path, repository: RepositoryDefinition, read: list[str]
) -> None:
    (apis / "broken.yaml").write_text("resuorces: []\n")
    assert read == []
    assert {"chat_sync", "messaging_sync", ALL} == set(repository.job_names)
    assert AssetKey(["broken", "broken_file"]) in repository.asset_graph.get_all_asset_keys()
    job = repository.get_maybe_subset_job_def(ALL, asset_selection={AssetKey(["broken", "broken_file"]), SENT})
    assert {node.name for node in job.nodes} == {"broken__broken_file", "messaging__messages"}
    assert not hasattr(repository, "nothing_of_a_repository")


@pytest.mark.parametrize("first", ["chat", "messaging"])
def test_a_file_that_another_one_speaks_against_is_no_more_in_a_run_than_elsewhere(
    apis: Path, first: str, repository: RepositoryDefinition
) -> None:
    """The run may have been planned before the files were changed."""
    (apis / "chat.yaml").write_text(FILE + "dataset: messaging\n")
    assert repository.has_job("chat_sync") is False
    other = location_of_this_process(in_process_executor)
    assert isinstance(other, RepositoryInParts)
    assert (first == "messaging") is any(node.name == "messaging__messages" for node in _nodes(other, f"{first}_sync"))


def _nodes(repository: RepositoryDefinition, job: str) -> list[Any]:
    try:
        return list(repository.get_job(job).nodes)
    except Exception as error:  # noqa: BLE001 - Dagster's own way to say that there is no such job
        assert "Could not find" in str(error), error  # noqa: PT017
        return []
