"""What an asset's page shows, before and after a sync, to somebody who has never seen its API file."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from dagster import AssetKey, AssetSpec, DagsterInstance, Definitions

from messaging_assets.assets.metadata import receipt_metadata as told
from messaging_assets.files.api_files import InvalidDescription, read_file
from messaging_assets.orchestration.api_definitions import definitions_for
from messaging_assets.tables import window_rows
from messaging_assets_tests.one_step import in_dagster
from messaging_assets_tests.one_table import OneTable
from messaging_assets_tests.rooms import PACKAGE

API = """\
client:
  base_url: https://api.example.com/v1/
resource_defaults: {primary_key: id}
resources:
  - users
  - name: posts
    description: What people wrote.
    endpoint: users/{resources.users.id}/posts
    owners: ["team:content", ann@example.com]
    columns:
      id: {data_type: text, nullable: false, description: The post's key.}
      email: {data_type: text, sensitive: true}
    freshness: {warn_after: 6, fail_after: 24}
  - name: other
"""


@pytest.fixture
def specs(clean_room: Path) -> dict[str, AssetSpec]:
    (clean_room / "chat.yaml").write_text(API)
    definitions = definitions_for(read_file(clean_room / "chat.yaml"))
    return {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}


def test_an_asset_says_what_it_is_whose_and_how_old_it_may_get(specs: dict[str, AssetSpec]) -> None:
    posts = specs["chat/posts"]
    assert posts.description == "What people wrote."
    assert list(posts.owners) == ["team:content", "ann@example.com"]
    policy: Any = posts.freshness_policy
    assert (policy.warn_window.to_timedelta(), policy.fail_window.to_timedelta()) == (
        timedelta(hours=6),
        timedelta(hours=24),
    )
    assert specs["chat/users"].freshness_policy is None


def test_an_asset_leads_to_its_line_of_the_file(specs: dict[str, AssetSpec], clean_room: Path) -> None:
    places = {name: spec.metadata.get("dagster/code_references") for name, spec in specs.items()}
    lines = {name: place.code_references[0].line_number for name, place in places.items() if place}
    assert lines == {"chat/users": 5, "chat/posts": 6, "chat/other": 14}
    [reference] = places["chat/posts"].code_references  # type: ignore[union-attr]
    assert reference.file_path == str(clean_room / "chat.yaml")


def test_an_asset_says_its_address_and_comes_from_its_parents_table(specs: dict[str, AssetSpec]) -> None:
    posts = specs["chat/posts"]
    assert [dep.asset_key for dep in posts.deps] == [AssetKey(["chat", "users"])]
    assert posts.metadata["messaging_assets/address"] == "https://api.example.com/v1/users/{resources.users.id}/posts"
    assert "chat/endpoint" not in specs


def test_the_api_itself_is_upstream_where_the_file_wants_it() -> None:
    raw = {
        "client": {"base_url": "https://api.example.com/v1"},
        "resources": ["users", "channels"],
        "lineage": "endpoints",
        "group": "talk",
    }
    specs = {spec.key.to_user_string(): spec for spec in definitions_for(raw, name="chat").resolve_all_asset_specs()}
    assert set(specs) == {"chat/endpoint", "chat/users", "chat/channels"}
    assert {spec.group_name for spec in specs.values()} == {"talk"}
    assert [dep.asset_key for dep in specs["chat/users"].deps] == [AssetKey(["chat", "endpoint"])]
    assert specs["chat/endpoint"].metadata["messaging_assets/address"] == "https://api.example.com/v1"
    with pytest.raises(InvalidDescription, match="endpoint"):
        definitions_for({**raw, "resources": ["endpoint"]}, name="chat")


def test_columns_say_what_they_mean_and_which_are_sensitive(specs: dict[str, AssetSpec]) -> None:
    key, email = specs["chat/posts"].metadata["dagster/column_schema"].columns
    assert (key.description, key.constraints.nullable, key.constraints.unique) == ("The post's key.", False, True)
    assert (dict(key.tags), list(email.tags)) == ({}, ["sensitive"])


def test_a_sync_leaves_what_is_plotted_and_the_columns_of_the_table(known_sandbox: Any, dagster_instance: Any) -> None:
    from messaging_assets.orchestration.code_location import build_code_location

    definitions: Definitions = build_code_location()
    result = definitions.resolve_job_def("messaging_sync").execute_in_process(instance=dagster_instance)
    [done] = result.get_asset_materialization_events()
    metadata = done.materialization.metadata
    assert list(metadata)[:3] == ["messaging_assets/verdict", "messaging_assets/verdict_reason", "dagster/row_count"]
    assert metadata["dagster/row_count"].value == 2_500
    assert isinstance(metadata["messaging_assets/seconds"].value, float)
    assert 0 < metadata["messaging_assets/seconds"].value < 600
    schema: Any = metadata["dagster/column_schema"].value
    columns = {column.name: column for column in schema.columns}
    assert columns["timestamp"].description == "When the message was sent."
    assert all(column.description for name, column in columns.items() if name.startswith("_dlt"))


@pytest.mark.sampled
@pytest.mark.parametrize("nested", ["tables", "json"])
def test_the_tables_of_nested_lists_are_counted(one_table: OneTable, nested: str) -> None:
    rows = [
        {"id": 1, "tags": [{"word": "a"}, {"word": "b"}]},
        {"id": 2, "tags": []},
        {"id": None, "tags": [{"word": "c"}]},
    ]
    receipt = one_table.sync(rows, nested=nested).receipt
    assert (receipt["dagster/row_count"], receipt["rows_set_aside"]) == (2, 1)
    assert receipt.get("child_tables") == ({"resource_name__tags": 2} if nested == "tables" else None)


def test_the_page_says_how_many_rows_more_there_are_and_nothing_of_dlts_files(one_table: OneTable) -> None:
    first = one_table.sync([{"id": number} for number in range(5)], deletes="mark").receipt
    second = one_table.sync([{"id": number} for number in range(8)]).receipt
    assert "row_difference" not in first
    assert (second["dagster/row_count"], second["row_difference"]) == (8, 3)
    assert list(second)[:4] == ["verdict", "verdict_reason", "dagster/row_count", "row_difference"]
    assert "jobs" not in second


def test_a_failed_sync_leaves_its_counts_on_the_page(one_table: OneTable, dagster_instance: DagsterInstance) -> None:
    one_table.serve([{"id": 1}, {"id": 2}, {"id": None}, {"id": None}])
    done = in_dagster(one_table.describe(maximum_set_aside_share=0.1), dagster_instance)
    key = AssetKey(["generic_rest", "resource_name"])
    assert dagster_instance.fetch_materializations(key, limit=1).records == []
    [record] = dagster_instance.fetch_observations(key, limit=2).records
    one: Any = record.asset_observation
    assert one.description == done.error
    shown = {name.removeprefix("messaging_assets/"): value.value for name, value in one.metadata.items()}
    assert list(shown)[:2] == ["verdict", "verdict_reason"]
    assert (shown["rows_read"], shown["rows_loaded"], shown["rows_set_aside"]) == (4, 0, 2)
    assert shown["set_aside_by_reason"] == {"no id": 2}


def test_a_long_address_of_a_table_is_folded_and_a_short_one_is_not() -> None:
    short = "postgresql://db.example.com:5432/raw"
    assert told.place_metadata(short) == {"messaging_assets/database": short}
    long = "/srv/" + "folder/" * 9 + "warehouse.duckdb"
    found = told.place_metadata(long)
    assert found["messaging_assets/database"] == "…/warehouse.duckdb"
    assert found["messaging_assets/database_in_full"].data == {"address": long}


def test_no_name_of_ours_runs_into_its_value() -> None:
    """The UI gives a name 33 letters, and writes a longer one over the value beside it."""
    written = {path: path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}
    named = {name for text in written.values() for name in re.findall(r'"messaging_assets/([a-z_]+)"', text)}
    for module in (told, window_rows):
        named |= set(re.findall(r'"([a-z_]+)"', written[Path(str(module.__file__))]))
    assert {"row_difference", "set_aside_by_reason", "rows_outside", "orphaned_tables"} <= named
    # Whose value is a word to press, which stands apart; people read it by this name.
    named.remove("set_aside_by_reason")
    assert [name for name in sorted(named) if len(f"messaging_assets/{name}") > 33] == []
