"""What dagster-dlt says of a resource reaches its asset, in the pinned release and in newer ones that say more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from dagster import (
    AssetKey,
    AssetsDefinition,
    AssetSelection,
    AssetSpec,
    DagsterInstance,
    DailyPartitionsDefinition,
    Definitions,
    PartitionsDefinition,
    StaticPartitionsDefinition,
    WeeklyPartitionsDefinition,
    define_asset_job,
)

from messaging_assets.assets.resource_asset import build_assets
from messaging_assets.assets.translator import ApiTranslator
from messaging_assets.cli.program import main
from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.destination.pipelines import definition_pipeline
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.foundation.folders import project_folders
from messaging_assets.loading.source import definition_source
from messaging_assets.orchestration.api_definitions import definitions_for
from messaging_assets.seams.dagster_dlt import DagsterDltTranslator, DltResourceTranslatorData

API = ApiDescription.model_validate(
    {
        "name": "chat",
        "client": {"base_url": "https://api.example.com"},
        "resources": [{"name": "rows", "endpoint": "rows", "columns": {"id": {"data_type": "text"}}}],
    }
)


def both_specs() -> tuple[AssetSpec, AssetSpec]:
    """What dagster-dlt makes of a resource by itself, and what becomes of it here."""
    [resource] = API.resources_in_full.values()
    data = DltResourceTranslatorData(
        resource=definition_source(resource).resources["rows"], pipeline=definition_pipeline(project_folders())
    )
    return DagsterDltTranslator().get_asset_spec(data), ApiTranslator(API, resource).get_asset_spec(data)


def test_all_that_dagster_dlt_says_arrives_and_the_names_are_ours() -> None:
    theirs, ours = both_specs()

    assert theirs.metadata.keys() <= ours.metadata.keys()
    assert ours.metadata["dagster/table_name"] == "chat.rows"
    assert ours.key == AssetKey(["chat", "rows"])
    assert list(ours.deps) == []
    assert ours.kinds == theirs.kinds == {"dlt", "duckdb"}


def test_every_parent_that_has_a_table_is_upstream() -> None:
    names = ("a", "b", "hidden")
    path = "/".join(f"{{resources.{name}.id}}" for name in names)
    resources = [{"name": name, "selected": name != "hidden"} for name in names]
    api = API.model_validate(
        {**API.model_dump(exclude_unset=True), "resources": [*resources, {"name": "c", "endpoint": path}]}
    )

    made = [asset for asset in build_assets(api) if isinstance(asset, AssetsDefinition)]
    specs = {spec.key.path[-1]: spec for asset in made for spec in asset.specs}

    assert [dep.asset_key.path[-1] for dep in specs["c"].deps] == ["a", "b"]


def test_what_a_newer_release_adds_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    days = DailyPartitionsDefinition("2026-01-01")
    before = DagsterDltTranslator.get_asset_spec

    def newer(self: DagsterDltTranslator, data: DltResourceTranslatorData) -> AssetSpec:
        spec = before(self, data)
        added = {**spec.metadata, "dagster/storage_kind": "duckdb"}
        return spec.replace_attributes(metadata=added, partitions_def=days, code_version="7")

    monkeypatch.setattr(DagsterDltTranslator, "get_asset_spec", newer)
    _, ours = both_specs()

    assert ours.metadata["dagster/storage_kind"] == "duckdb"
    assert (ours.partitions_def, ours.code_version) == (days, "7")
    assert len(build_assets(API)) == 1


def translated(spec: AssetSpec, resource: Resource) -> AssetSpec:
    return spec.merge_attributes(tags={"of": resource.name}).replace_attributes(group_name="house")


def test_a_translation_has_the_last_word_on_all_but_the_key() -> None:
    [assets] = build_assets(API, translated)
    assert isinstance(assets, AssetsDefinition)
    [spec] = assets.specs
    assert (spec.group_name, spec.tags["of"], spec.key) == ("house", "rows", AssetKey(["chat", "rows"]))
    assert "messaging_assets/address" in spec.metadata
    with pytest.raises(MendDescription, match="write key_prefix in the file"):
        build_assets(API, lambda spec, resource: spec.replace_attributes(key=spec.key.with_prefix("raw")))


class HouseTranslator(ApiTranslator):
    def get_asset_spec(self, data: DltResourceTranslatorData) -> AssetSpec:
        spec = super().get_asset_spec(data)
        return spec.replace_attributes(group_name=f"{self.description.name}_{self.resource.disposition}")


class KeyTranslator(ApiTranslator):
    def get_asset_spec(self, data: DltResourceTranslatorData) -> AssetSpec:
        return super().get_asset_spec(data).replace_attributes(key=AssetKey("mine"))


def test_a_translator_of_the_projects_own_makes_the_assets_and_leaves_their_keys() -> None:
    definitions = definitions_for(API, translation=translated, translator=HouseTranslator)
    [spec] = definitions.resolve_all_asset_specs()
    assert (spec.group_name, spec.tags["of"], spec.key) == ("chat_append", "rows", AssetKey(["chat", "rows"]))
    with pytest.raises(MendDescription, match="gives it the key mine"):
        definitions_for(API, translator=KeyTranslator)


def test_kinds_of_the_file_take_the_place_of_those_that_are_made() -> None:
    resource = {"name": "rows", "kinds": ["bronze"]}
    described = {"client": {"base_url": "https://api.example.com"}, "resources": [resource]}
    [spec] = definitions_for(described, "chat").resolve_all_asset_specs()
    assert spec.kinds == {"bronze"}


@pytest.mark.parametrize(("prefix", "parts"), [("raw", ["raw"]), (["raw", "eu"], ["raw", "eu"])])
def test_a_key_prefix_stands_before_each_key(prefix: Any, parts: list[str]) -> None:
    described = {
        "client": {"base_url": "https://api.example.com"},
        "key_prefix": prefix,
        "lineage": "endpoints",
        "resources": ["rooms", {"name": "rows", "endpoint": "rooms/{resources.rooms.id}/rows"}],
        "sensor": {"minimum_interval": 60},
    }
    definitions = definitions_for(described, "chat")
    specs = {spec.key.path[-1]: spec for spec in definitions.resolve_all_asset_specs()}
    assert {name: spec.key for name, spec in specs.items()} == {
        name: AssetKey([*parts, "chat", name]) for name in ("endpoint", "rooms", "rows")
    }
    assert {dep.asset_key for dep in specs["rows"].deps} == {specs["endpoint"].key, specs["rooms"].key}
    selected = definitions.resolve_job_def("chat_sync").asset_layer.selected_asset_keys
    assert selected == {specs["rooms"].key, specs["rows"].key}


def test_assets_with_a_key_prefix_are_synced_and_found_by_the_verbs(
    known_sandbox: Any, stored_instance: Any, open_database: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESSAGING_ASSETS_APIS", str(tmp_path / "apis"))
    (tmp_path / "apis").mkdir()
    asked = {"path": "v1/messages", "data_selector": "data", "paginator": {"type": "offset", "limit": 500}}
    resource = {"name": "messages", "primary_key": "id", "write_disposition": "merge", "endpoint": asked}
    auth = {"type": "api_key", "name": "api_key", "location": "query"}
    client = {"base_url": "https://api.example.com", "auth": auth}
    described = {"key_prefix": "raw", "client": client, "resources": [resource]}
    (tmp_path / "apis" / "messaging.yaml").write_text(yaml.safe_dump(described))
    synced = CliRunner().invoke(main, ["sync", "messaging", "--json"])
    [told] = json.loads(synced.stdout)["assets"]
    assert (told["asset"], told["state"], told["rows"]) == ("raw/messaging/messages", "synced", 2_500)
    assert CliRunner().invoke(main, ["report", "-o", str(tmp_path / "page.html")]).exit_code == 0
    assert "raw/<wbr>messaging/<wbr>messages" in (tmp_path / "page.html").read_text()


def _described(**resource: Any) -> dict[str, Any]:
    return {"client": {"base_url": "https://api.example.com"}, "resources": [{"name": "rows", **resource}]}


def _failure_of(assets: Any, resources: Any, selected: AssetSelection, partition_key: str | None = None) -> str:
    """Why a run of these is red; none of them asks anybody."""
    definitions = Definitions(assets=assets, resources=resources, jobs=[define_asset_job("some", selected)])
    with DagsterInstance.ephemeral() as instance:
        ended = definitions.resolve_job_def("some").execute_in_process(
            instance=instance, raise_on_error=False, partition_key=partition_key
        )
    [failed] = [event for event in ended.all_events if event.is_step_failure]
    told = failed.step_failure_data.user_failure_data
    return str(told and told.description)


@pytest.mark.parametrize("checks", [True, False])
def test_a_run_of_an_asset_that_a_project_renamed_is_not_green_with_nothing_done(checks: bool) -> None:
    definitions = definitions_for(_described(), "chat")
    [asset] = definitions.assets or ()
    assert isinstance(asset, AssetsDefinition)
    key = asset.key.with_prefix("raw")
    renamed = asset.with_attributes(asset_key_replacements={asset.key: key})
    selected = AssetSelection.assets(key)
    why = _failure_of([renamed], definitions.resources, selected if checks else selected.without_checks())
    assert why.startswith("chat.rows: its asset is called raw/chat/rows here, and chat/rows where it is made; leave")
    assert "write key_prefix in the file" in why


@pytest.mark.parametrize(
    ("other", "key"),
    [(WeeklyPartitionsDefinition("2025-01-01"), "2025-01-05"), (StaticPartitionsDefinition(["a"]), "a")],
    ids=["longer windows", "no windows"],
)
def test_partitions_that_a_project_put_in_place_of_the_files_are_refused(
    other: PartitionsDefinition[Any], key: str
) -> None:
    window = {"type": "daily", "start": "2025-01-01", "start_param": "since", "end_param": "until", "column": "at"}
    definitions = definitions_for(_described(partitions=window), "chat")
    [asset] = definitions.assets or ()
    assert isinstance(asset, AssetsDefinition)
    assets = [asset.map_asset_specs(lambda spec: spec.replace_attributes(partitions_def=other))]
    why = _failure_of(assets, definitions.resources, AssetSelection.all(), key)
    assert why.startswith("chat.rows: its asset has other partitions here than the file's")


def test_a_resource_of_the_projects_own_in_place_of_the_credentials_is_named() -> None:
    definitions = definitions_for(_described(), "chat")
    why = _failure_of(definitions.assets, {"chat_credentials": "mine"}, AssetSelection.all())
    assert why.startswith("chat: the project has a resource of its own named chat_credentials; give it another name")


def test_checks_alone_with_such_a_resource_say_so_where_the_destination_fails_too(
    clean_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    definitions = definitions_for(_described(), "chat")
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", f"duckdb:///{clean_room}/nowhere/lake.duckdb")
    why = _failure_of(definitions.assets, {"chat_credentials": "mine"}, AssetSelection.all_asset_checks())
    assert why.startswith("chat: the project has a resource of its own named chat_credentials; give it another name")
