"""What is past its retention goes, what nobody describes any more is named with the way to drop it, once a day."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
from dlt.destinations.exceptions import DatabaseTerminalException
from filelock import FileLock

from messaging_assets.description.api import ApiDescription
from messaging_assets.foundation.folders import ProjectFolders, settle_environment
from messaging_assets.tables import housekeeping
from messaging_assets.tables.table_rows import TableRows
from messaging_assets_tests.one_step import alone
from messaging_assets_tests.one_table import API, RESOURCE, OneTable

DAY = 24 * 3600
MIXED = [{"id": 1}, {"id": None}]
ORPHANED = "messaging_assets/orphaned_tables"


def a_day_later() -> None:
    for stamp in settle_environment().pipelines.glob("*.tidied"):
        os.utime(stamp, (time.time() - DAY - 1,) * 2)


def sync(*names: str) -> dict[str, Any]:
    """Sync an API that has these resources; the metadata of the last."""
    endpoint = {"path": "v1/resource", "data_selector": "data", "paginator": {"type": "offset", "limit": 100}}
    shared = {"primary_key": "id", "write_disposition": "merge", "endpoint": endpoint}
    auth = {"type": "api_key", "name": "api_key", "location": "query"}
    client = {"base_url": "http://sandbox.invalid", "auth": auth}
    described = {"name": API, "client": client, "resource_defaults": shared, "resources": list(names)}
    description = ApiDescription.model_validate(described)
    settle_environment()
    done = [alone(description, name) for name in names]
    assert all(one.green for one in done)
    return done[-1].metadata


@pytest.mark.sampled
def test_rejected_records_go_after_their_retention_and_not_before(table: OneTable) -> None:
    table.sync(MIXED)
    table.execute(f"UPDATE {RESOURCE}__rejected SET rejected_at = rejected_at - INTERVAL '91 days'")
    table.sync(MIXED)
    assert len(table.rejected()) == 2, "tidied once a day"
    a_day_later()
    assert table.sync(MIXED).receipt["rejected_expired"] == 1
    assert len(table.rejected()) == 2, "those of the last two syncs"
    a_day_later()
    assert "rejected_expired" not in table.sync(MIXED).receipt


def test_rejected_records_stay_for_ever_where_the_file_says_so(one_table: OneTable) -> None:
    one_table.sync(MIXED, retention={"rejected_days": None})
    one_table.execute(f"UPDATE {RESOURCE}__rejected SET rejected_at = rejected_at - INTERVAL '9000 days'")
    a_day_later()
    one_table.sync(MIXED)
    assert len(one_table.rejected()) == 2


def test_a_shorter_retention_counts_at_once(one_table: OneTable) -> None:
    one_table.sync(MIXED)
    one_table.execute(f"UPDATE {RESOURCE}__rejected SET rejected_at = rejected_at - INTERVAL '3 days'")
    assert one_table.sync(MIXED, retention={"rejected_days": 2}).receipt["rejected_expired"] == 1


@pytest.mark.sampled
def test_a_renamed_resource_warns_of_its_old_table_until_it_is_dropped(
    table: OneTable, caplog: pytest.LogCaptureFixture
) -> None:
    table.serve([{"id": 1, "tags": ["a"]}])
    assert ORPHANED not in sync("users", "people")
    told = sync("people")[ORPHANED]
    assert told in caplog.text
    assert "users" in told
    statements = told[told.index("with: ") + len("with: ") :].rstrip(";").split("; ")
    assert all("people" not in statement for statement in statements)
    for statement in statements:
        table.execute(statement)
    a_day_later()
    assert ORPHANED not in sync("people")
    assert [row["id"] for row in table.rows("SELECT id FROM people")] == [1]
    assert table.rows("SELECT * FROM _dlt_version WHERE schema_name LIKE '%users'") == []
    # A resource of that name begins anew.
    assert sync("people", "users")["messaging_assets/rows_loaded"] == 1
    assert ORPHANED not in sync("people", "users")


def test_what_the_destination_refuses_to_tidy_is_a_warning(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: Any) -> int:
        raise DatabaseTerminalException(Exception("permission denied"))

    monkeypatch.setattr(TableRows, "delete", refuse)
    assert one_table.sync(MIXED).green
    assert "could not tidy up in the destination" in caplog.text


@pytest.fixture
def folders(tmp_path: Path) -> ProjectFolders:
    return ProjectFolders(tmp_path).make()


def left_behind(folders: ProjectFolders, name: str, days: float) -> Path:
    """A pipeline's working folder that was touched last so many days ago."""
    inner = folders.pipelines / name / "load" / "rows.parquet"
    inner.parent.mkdir(parents=True)
    inner.write_text("rows")
    for path in (inner, inner.parent, inner.parent.parent):
        os.utime(path, (time.time() - days * DAY,) * 2)
    return inner


def test_working_files_of_a_resource_that_is_synced_no_more_go_after_their_retention(folders: ProjectFolders) -> None:
    old, young = left_behind(folders, "chat__old", 31), left_behind(folders, "chat__young", 29)
    shared = left_behind(folders, "definitions_duckdb", 400)
    receipt = folders.pipelines / "chat__old.receipt.json"
    receipt.write_text("{}")
    os.utime(receipt, (0, 0))
    housekeeping._remove_working_files(folders, 30)
    assert not old.parent.parent.exists()
    assert not receipt.exists()
    assert young.exists()
    assert shared.exists()


def test_working_files_of_a_sync_under_way_stay_however_old_they_are(folders: ProjectFolders) -> None:
    old = left_behind(folders, "chat__old", 31)
    with FileLock(folders.locks / "chat__old.lock"):
        housekeeping._remove_working_files(folders, 30)
        assert old.exists()
    housekeeping._remove_working_files(folders, 30)
    assert not old.exists()


def test_a_sync_removes_the_working_files_of_others(one_table: OneTable) -> None:
    old = left_behind(settle_environment().make(), "chat__old", 8)
    one_table.sync([{"id": 1}])
    assert old.exists()
    one_table.sync([{"id": 1}], retention={"working_files_days": 7})
    assert not old.exists()


@pytest.mark.sampled
def test_the_staging_schema_is_empty_and_may_be_dropped_between_two_syncs(table: OneTable) -> None:
    rows = [{"id": 1}, {"id": 2}]
    table.sync(rows)
    assert table.rows(f"SELECT * FROM {API}_staging.{RESOURCE}") == []
    table.execute(f"DROP SCHEMA {API}_staging CASCADE")
    assert table.sync([*rows, {"id": 3}]).green
    assert [row["id"] for row in table.rows()] == [1, 2, 3]
