"""`sync_history`: what came of each sync, as rows beside the tables, written with the note that it is done."""

from __future__ import annotations

import os
import time
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest

from messaging_assets.description.api import ApiDescription
from messaging_assets.destination.names import schema_name
from messaging_assets.destination.pipelines import build_pipeline
from messaging_assets.files.api_files import InvalidDescription, describe
from messaging_assets.foundation.folders import settle_environment
from messaging_assets.sandbox import Fault
from messaging_assets.seams.dlt_names import DatabaseException, DatabaseUndefinedRelation
from messaging_assets.tables.notes import sync_history
from messaging_assets.tables.notes.own_tables import OwnTable, write
from messaging_assets.tables.notes.sync_history import MEANINGS, HistoryRow, add_row
from messaging_assets.tables.notes.sync_ledger import SyncLedger
from messaging_assets_tests.one_table import API, RESOURCE, OneTable
from messaging_assets_tests.programs import CHECKOUT


def history(table: OneTable) -> list[dict[str, Any]]:
    return table.rows("SELECT * FROM sync_history ORDER BY ended_at")


@pytest.mark.sampled
def test_each_sync_leaves_one_row_that_says_what_its_receipt_says(table: OneTable) -> None:
    first = table.sync([{"id": 1}, {"id": 2}, {"id": None}])
    second = table.sync([{"id": 1}, {"id": 2}])
    rows = history(table)
    assert len(rows) == 2
    for row, synced in zip(rows, (first, second), strict=True):
        assert (row["resource"], row["state"]) == (RESOURCE, "synced")
        assert (row["verdict"], row["reason"]) == (synced.receipt["verdict"], synced.receipt["verdict_reason"])
        for name in ("rows_read", "rows_loaded", "rows_set_aside", "requests", "retries"):
            assert row[name] == synced.receipt[name], name
        assert row["window_start"] is row["window_end"] is None
        assert 0 < row["seconds"] < 600
        assert abs(row["ended_at"].timestamp() - time.time()) < 600
    assert [row["rows_set_aside"] for row in rows] == [1, 0]
    assert len({row["sync_id"] for row in rows}) == 2


@pytest.mark.sampled
def test_a_failed_sync_leaves_its_sentence(table: OneTable) -> None:
    table.sync([{"id": 1}])
    table.sandbox.faults.clear()
    table.sandbox.fault(Fault(api=API, status=401))
    failed = table.sync()
    row = history(table)[-1]
    assert not failed.green
    assert (row["state"], row["verdict"], row["reason"]) == ("failed", "incomplete", failed.error)
    assert row["requests"] == failed.receipt["requests"] > 0


@pytest.mark.sampled
@pytest.mark.parametrize("checkpoint", [{"pages": 1}, {"pages": 100}], ids=["in parts", "at once"])
def test_a_failed_sync_counts_as_loaded_what_is_in_the_table(one_table: OneTable, checkpoint: dict[str, int]) -> None:
    one_table.page_size = 5
    paginator = {"type": "offset", "limit": 5, "overlap": 0, "maximum_pages": 4}
    endpoint = {"path": "v1/resource", "data_selector": "data", "paginator": paginator}
    rows = [{"id": number} for number in range(40)]
    failed = one_table.sync(rows, endpoint=endpoint, checkpoint=checkpoint)
    came = len(one_table.rows()) if checkpoint["pages"] == 1 else 0
    assert (failed.green, failed.receipt["rows_read"], came > 0) == (False, 20, checkpoint["pages"] == 1)
    assert failed.receipt["rows_loaded"] == came
    assert [row["rows_loaded"] for row in history(one_table)] == [came]


def test_the_version_of_the_file_changes_with_what_it_says_of_the_resource(one_table: OneTable) -> None:
    one_table.sync([{"id": 1}])
    one_table.sync([{"id": 1}])
    one_table.sync([{"id": 1}], columns={"id": {"data_type": "bigint"}})
    first, again, changed = [row["file_version"] for row in history(one_table)]
    assert first == again != changed
    assert len(first) == 12


def test_rows_that_went_are_counted(one_table: OneTable) -> None:
    described = {"columns": {"gone": {"data_type": "bool", "hard_delete": True}}}
    one_table.sync([{"id": 1, "gone": False}, {"id": 2, "gone": False}], **described)
    one_table.sync([{"id": 1, "gone": False}, {"id": 2, "gone": True}])
    assert [row["rows_deleted"] for row in history(one_table)] == [0, 1]


def test_a_sync_that_goes_on_from_a_killed_one_has_one_row(table: OneTable) -> None:
    described = table.describe()
    resource = described.resources_in_full[RESOURCE]
    pipeline = build_pipeline(described, resource, settle_environment().make())
    killed = SyncLedger(pipeline, schema_name(described, resource), "asset", None)
    killed.note(["1"], None)
    row = HistoryRow(killed.own.sync_id, API, RESOURCE, "synced", datetime.now(timezone.utc))
    with pipeline.sql_client() as client:
        add_row(client, row)  # as where there is no transaction
    ledger = SyncLedger(pipeline, schema_name(described, resource), "asset", None)
    ledger.adopt()
    ledger.is_done(history=replace(row, rows_loaded=7))
    assert [(one["sync_id"], one["rows_loaded"]) for one in history(table)] == [(row.sync_id, 7)]


@pytest.mark.sampled
def test_a_row_goes_after_its_retention_and_those_of_other_resources_stay(table: OneTable) -> None:
    table.sync([{"id": 1}])
    table.execute("UPDATE sync_history SET ended_at = ended_at - INTERVAL '401 days'")
    table.execute(
        "INSERT INTO sync_history SELECT 'other', api, 'other', state, ended_at, NULL, NULL, verdict, reason,"
        " 0, 0, 0, 0, 0, 0, 0, NULL FROM sync_history"
    )
    for stamp in settle_environment().pipelines.glob("*.tidied"):
        os.utime(stamp, (time.time() - 90_000,) * 2)
    table.sync([{"id": 1}])
    assert [row["resource"] for row in history(table)] == ["other", RESOURCE]


def test_history_stays_for_ever_where_the_file_says_so(one_table: OneTable) -> None:
    one_table.sync([{"id": 1}], retention={"history_days": None})
    one_table.execute("UPDATE sync_history SET ended_at = ended_at - INTERVAL '4000 days'")
    for stamp in settle_environment().pipelines.glob("*.tidied"):
        stamp.unlink()
    one_table.sync([{"id": 1}])
    assert len(history(one_table)) == 2


@pytest.mark.sampled
def test_a_table_of_that_name_that_no_sync_made_is_left_alone_and_named(
    table: OneTable, caplog: pytest.LogCaptureFixture
) -> None:
    table.sync([{"id": 1}])
    table.execute("DROP TABLE sync_history")
    table.execute("CREATE TABLE sync_history (mine TEXT)")
    assert table.sync([{"id": 1}, {"id": 2}]).green
    assert table.rows("SELECT * FROM sync_history") == []
    assert "a table of that name that no sync made must be renamed" in caplog.text
    [[done]] = [list(row.values()) for row in table.rows("SELECT MAX(is_done) FROM _messaging_assets_syncs")]
    assert done == 1, "the ledger goes on"


def test_a_resource_cannot_have_the_name_of_the_history() -> None:
    client = {"base_url": "https://api.example.com"}
    with pytest.raises(InvalidDescription, match="'sync_history' is the table of this API's syncs"):
        describe({"client": client, "resources": ["sync_history"]}, "chat")
    assert isinstance(describe({"client": client, "resources": ["syncs"]}, "chat"), ApiDescription)


def test_the_file_of_duckdb_is_opened_no_more_often_for_it(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    from messaging_assets.seams.destinations.dlt_duckdb import _WaitingSqlClient

    opened: list[str] = []
    open_connection = _WaitingSqlClient.open_connection

    def counted(client: Any) -> Any:
        opened.append("")
        return open_connection(client)

    one_table.sync([{"id": 1}])
    monkeypatch.setattr(_WaitingSqlClient, "open_connection", counted)
    one_table.sync([{"id": 1}])
    with_history = len(opened)
    monkeypatch.setattr(sync_history, "write_row", lambda client, row, **more: None)
    monkeypatch.setattr("messaging_assets.tables.notes.sync_ledger.write_row", lambda client, row, **more: None)
    opened.clear()
    one_table.sync([{"id": 1}])
    assert with_history == len(opened)


class _Client:
    """A database in which another process makes a table in the moment in which this one would."""

    class capabilities:  # noqa: N801 - dlt's name
        supports_transactions = False
        sqlglot_dialect = "duckdb"

    def __init__(self, is_made: bool) -> None:
        self.is_made, self.tried = is_made, 0

    def make_qualified_table_name(self, name: str) -> str:
        return name

    def has_dataset(self) -> bool:
        return True

    def execute_sql(self, statement: str, *values: Any) -> None:
        if statement.startswith("CREATE"):
            raise DatabaseException(ValueError("made twice"))
        self.tried += 1
        if self.tried == 1 or not self.is_made:
            raise DatabaseUndefinedRelation(ValueError("not there"))


@pytest.mark.parametrize("is_made", [True, False])
def test_a_table_that_another_process_makes_at_the_same_moment_is_written_to(is_made: bool) -> None:
    client, table = _Client(is_made), OwnTable("ours", {"one": "TEXT"})
    with nullcontext() if is_made else pytest.raises(DatabaseException, match="made twice"):
        write(client, [table], lambda: table.insert(client, ["x"]))
    assert client.tried == 2


def test_the_docs_name_each_column() -> None:
    page = (CHECKOUT / "docs" / "checks-and-receipts.md").read_text(encoding="utf-8")
    table = page.partition("## The history of syncs")[2].partition("\n## ")[0]
    assert [name for name in MEANINGS if f"`{name}`" not in table] == []
