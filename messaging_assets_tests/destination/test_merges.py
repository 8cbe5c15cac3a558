"""What a merge costs the destination: rows are ranked by key only where a load may hold two rows of one."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets_tests.one_table import OneTable

PLAIN = [{"id": "1"}, {"id": "2"}]
# One key in a text column, and one moment in a column of times, each in two spellings.
ONE_AND_TEXT = [{"id": 1}, {"id": "1"}]
ONE_MOMENT = [{"id": "2026-01-01T00:00:00Z"}, {"id": "2026-01-01T01:00:00+01:00"}]
TEXT = {"id": {"data_type": "text"}}
TIMES = {"id": {"data_type": "timestamp"}}


@pytest.fixture
def merges(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Of each merge from here on, whether it ranks rows by key first."""
    from dlt.destinations.impl.duckdb.sql_client import DuckDbSqlClient

    ranked: list[bool] = []
    execute = DuckDbSqlClient.execute_query

    def noted(self: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        if "_staging" in str(query) and "DELETE FROM" in str(query) and "INSERT INTO" in str(query):
            ranked.append("ROW_NUMBER" in str(query))
        return execute(self, query, *args, **kwargs)

    monkeypatch.setattr(DuckDbSqlClient, "execute_query", noted)
    return ranked


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("rows", "columns", "kept"),
    [(PLAIN, TEXT, 2), (PLAIN, {}, 2), (ONE_AND_TEXT, TEXT, 1), (ONE_MOMENT, TIMES, 1)],
    ids=["texts", "nothing declared", "a number and a text", "one moment twice"],
)
def test_a_merge_ranks_no_rows_because_none_of_a_load_share_a_key(
    one_table: OneTable, merges: list[bool], rows: list[Any], columns: Any, kept: int
) -> None:
    synced = one_table.sync(rows, columns=columns)
    assert synced.checks["id_is_unique"].passed
    assert synced.receipt.get("rows_set_aside", 0) == 2 - kept
    assert merges == [False]
    assert len(one_table.rows()) == kept


def test_what_the_file_says_of_duplicates_stands(one_table: OneTable, merges: list[bool]) -> None:
    one_table.sync(PLAIN, columns=TEXT, write_disposition={"disposition": "merge", "deduplicated": False})
    assert merges == [True]


def test_records_that_dlt_types_itself_are_ranked(one_table: OneTable, merges: list[bool]) -> None:
    one_table.sync(PLAIN, columns=TEXT, nested="tables")
    assert True in merges
