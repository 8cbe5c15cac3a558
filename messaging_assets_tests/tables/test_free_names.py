"""Tables and datasets with names of the user's choice: `table_name` of a resource, `dataset` of a file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from messaging_assets.destination.pipelines import loaded_dataset
from messaging_assets.files.api_files import InvalidDescription, describe, describe_accounts, read_folders
from messaging_assets.foundation.folders import settle_environment
from messaging_assets.loading.recovery import take_back_unfinished
from messaging_assets.tables.notes.sync_history import TABLE
from messaging_assets_tests.one_table import OneTable

ROWS = [{"id": 1}, {"id": 2}, {"id": None}]
FILE: dict[str, Any] = {"client": {"base_url": "http://api.invalid"}, "resources": [{"name": "users"}]}


def counted(table: OneTable, name: str) -> int:
    return int(table.rows(f"SELECT COUNT(*) AS n FROM {name}")[0]["n"])


@pytest.mark.sampled
def test_rows_and_what_is_set_aside_go_to_the_table_that_the_file_names(table: OneTable) -> None:
    synced = table.sync(ROWS, table_name="crmPeople", write_disposition="replace", maximum_deleted_share=1)
    assert synced.green
    assert synced.receipt["dagster/table_name"].endswith("generic_rest.crm_people")
    place = synced.receipt.get("database_in_full", {}).get("address", synced.receipt["database"])
    assert re.fullmatch(r"duckdb:////.*/warehouse\.duckdb|postgresql://127\.0\.0\.1:\d+/\w+", place)
    assert all(one.passed for name, one in synced.checks.items() if name != "no_record_rejected")
    assert table.sync([{"id": 1}]).green
    assert (counted(table, "crm_people"), counted(table, "crm_people__rejected")) == (1, 1)


@pytest.mark.sampled
def test_a_new_name_of_a_table_is_a_new_table_that_is_read_from_its_beginning(table: OneTable) -> None:
    cursor = {"incremental": {"cursor_path": "at", "initial_value": 0}}
    endpoint = {**table.describe().resources[0].model_dump(exclude_unset=True)["endpoint"], **cursor}
    rows = [{"id": 1, "at": 5}, {"id": 2, "at": 7}]
    assert table.sync(rows, endpoint=endpoint, write_disposition="append").green
    renamed = table.sync(rows, table_name="people")
    assert renamed.green
    assert (renamed.receipt["rows_loaded"], counted(table, "people"), counted(table, "resource_name")) == (2, 2, 2)
    told = renamed.receipt["orphaned_tables"]
    assert "DROP TABLE" in told
    assert "_dlt_pipeline_state" not in told, "the resource goes on with its state"


@pytest.mark.sampled
def test_a_table_with_rows_of_another_resource_is_refused(table: OneTable) -> None:
    assert table.sync([{"id": 1}]).green
    # As a resource has left them that had the table before.
    table.execute("UPDATE _dlt_loads SET schema_name = 'generic_rest_other'")
    table.execute("DELETE FROM _messaging_assets_syncs")
    refused = table.sync([{"id": 2}])
    assert not refused.green
    assert "has rows of another resource, so nothing is loaded into it" in refused.error
    assert counted(table, "resource_name") == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"table_name": "a b"}, "letters, digits and single underscores"),
        ({"table_name": "sync_history"}, "is the table of this API's syncs"),
        ({"table_name": "Channels"}, "would share the table channels"),
        ({"name": "Channels", "table_name": "other"}, "a resource named 'Channels' is there already"),
    ],
)
def test_a_table_that_cannot_be_is_refused_with_its_place(words: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidDescription, match=sentence):
        describe({**FILE, "resources": [{"name": "channels"}, {"name": "users", **words}]}, "chat")


@pytest.mark.parametrize("name", ["Raw", "main", "a" * 60, "raw chat"])
def test_a_dataset_that_cannot_be_is_refused(name: str) -> None:
    with pytest.raises(InvalidDescription, match="dataset"):
        describe({**FILE, "dataset": name}, "chat")


def test_a_resource_may_have_the_name_of_the_history_where_its_table_has_another() -> None:
    named = {"name": "sync_history", "table_name": "chat_sync_history"}
    assert describe({**FILE, "resources": [named]}, "chat").resources[0].table == "chat_sync_history"


def test_each_account_has_a_dataset_of_its_own_unless_a_setting_names_it() -> None:
    found = describe_accounts({**FILE, "dataset": "raw", "accounts": ["emea", "apac"]}, "chat")
    assert [one.dataset_name for one in found.descriptions] == ["raw_emea", "raw_apac"]
    settings = {"settings": {"schema": "one"}, "accounts": {"emea": {"schema": "two"}}}
    [emea] = describe_accounts({**FILE, "dataset": "{setting.schema}", **settings}, "chat").descriptions
    assert emea.dataset_name == "two"


def files(folder: Path, **texts: str) -> Any:
    for name, text in texts.items():
        words, _, resource = text.partition("|")
        folder.joinpath(f"{name}.yaml").write_text(
            f"{words}\nclient: {{base_url: 'http://api.invalid'}}\nresources: [{resource or 'users'}]\n"
        )
    return read_folders([folder])


def test_two_files_share_a_dataset_while_their_tables_differ(tmp_path: Path) -> None:
    found = files(tmp_path, chat="dataset: raw|{name: users, table_name: chat_users}", mail="dataset: raw")
    assert not found.broken
    assert {one.dataset_name for one in found.descriptions} == {"raw"}


@pytest.mark.parametrize(
    ("chat", "mail", "sentence"),
    [
        ("dataset: raw", "dataset: raw", "its table users is that of chat in the dataset raw; write table_name"),
        ("", "dataset: chat", "its dataset is that of the API chat"),
    ],
)
def test_a_file_that_would_share_what_is_anothers_is_set_aside(
    tmp_path: Path, chat: str, mail: str, sentence: str
) -> None:
    found = files(tmp_path, chat=chat, mail=mail)
    assert [one.name for one in found.descriptions] == ["chat"]
    assert sentence in str(found.broken["mail"])


def test_names_that_would_share_a_past_are_set_aside(tmp_path: Path) -> None:
    found = files(tmp_path, chat="dataset: raw|eu_users", chat_eu="dataset: raw")
    assert list(found.broken) == ["chat_eu"]


def test_appended_rows_of_a_load_that_another_resource_finished_are_not_taken_back(one_table: OneTable) -> None:
    one_table.sync([{"id": 1}], write_disposition="append")
    one_table.execute("UPDATE _dlt_loads SET schema_name = 'generic_rest_other'")
    assert take_back_unfinished(one_table.pipeline(), ["resource_name"], "generic_rest_resource_name") == 0
    assert counted(one_table, "resource_name") == 1


def test_a_dataset_of_the_users_choice_has_the_rows_and_their_history(one_table: OneTable) -> None:
    assert one_table.sync(ROWS).green
    described = one_table.describe().model_copy(update={"dataset": "raw"})
    dataset = loaded_dataset(described, described.resources_in_full["resource_name"], settle_environment())
    assert dataset.dataset_name == "raw"


@pytest.mark.sampled
def test_a_history_of_an_earlier_version_gets_the_columns_that_it_has_not(table: OneTable) -> None:
    table.sync([{"id": 1}])
    table.execute("ALTER TABLE sync_history DROP COLUMN api")
    table.sync([{"id": 1}])
    rows = table.rows("SELECT * FROM sync_history ORDER BY ended_at")
    assert [row["api"] for row in rows] == [None, "generic_rest"]
    with table.sql() as client:
        assert not TABLE.widen(client)
