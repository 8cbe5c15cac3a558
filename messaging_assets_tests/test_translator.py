"""What dagster-dlt says of a resource reaches its asset, in the pinned release and in newer ones that say more."""

from __future__ import annotations

import pytest
from dagster import AssetKey, AssetsDefinition, AssetSpec, DailyPartitionsDefinition

from messaging_assets.assets.resource_asset import build_assets
from messaging_assets.assets.translator import ApiTranslator
from messaging_assets.description.api import ApiDescription
from messaging_assets.destination.pipelines import definition_pipeline
from messaging_assets.foundation.folders import project_folders
from messaging_assets.loading.source import definition_source
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
    assert ours.metadata["dagster/table_name"] == "rows"
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
