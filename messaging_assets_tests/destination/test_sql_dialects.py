"""Every SQL statement of this package is in the dialect of each destination, and means the same there."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import dlt
import pytest
from dagster import DagsterInstance
from sqlglot import ErrorLevel, exp, parse_one

from messaging_assets.cli.shown.report_facts import _past
from messaging_assets.description.names import HISTORY
from messaging_assets.description.windows import Window
from messaging_assets.destination.names import schema_name
from messaging_assets.foundation.failures import LoadDiffers
from messaging_assets.foundation.folders import settle_environment
from messaging_assets.foundation.redaction import Redaction
from messaging_assets.loading.replay.replay import replay
from messaging_assets.loading.replay.set_aside import seen_set_aside
from messaging_assets.loading.table.view_in_destination import AccountView
from messaging_assets.rows.written_rows import Written
from messaging_assets.tables.altered_tables import _views
from messaging_assets.tables.housekeeping import _how_to_drop
from messaging_assets.tables.notes.doubted_windows import doubted_windows
from messaging_assets.tables.notes.noted_syncs import generations
from messaging_assets.tables.notes.sync_history import HistoryRow, write_row
from messaging_assets.tables.reconciliation import Load, reconcile
from messaging_assets.tables.table_rows import table_rows
from messaging_assets_tests.loading.test_account_view import served
from messaging_assets_tests.one_table import API, RESOURCE, OneTable
from messaging_assets_tests.our_sql import recorded, written

pytestmark = pytest.mark.xdist_group("sql")
DESTINATIONS = (
    "duckdb",
    "postgres",
    "snowflake",
    "bigquery",
    "redshift",
    "databricks",
    "clickhouse",
    "mssql",
    "athena",
)
# Sent to PostgreSQL alone, or to DuckDB alone, and run there by tests of their own.
FILES_OF_ONE = {
    "cli/demo.py",
    "cli/health/postgres.py",
    "http/pace/postgres_turns.py",
    "http/ways/shared_token.py",
    "loading/sync_lock.py",
    "seams/destinations/dlt_duckdb.py",
}
WORDS_OF_ONE = ("pg_", "regclass", "duckdb_views", "rowid", "DOUBLE PRECISION", "read_parquet")
# What each dialect is written in by the package itself, so that DuckDB's text is not what is sent.
TRANSLATED = ("CREATE TABLE", "ALTER TABLE", " LIMIT ", "CREATE VIEW", "CREATE OR REPLACE VIEW")
_sent: set[str] = set()


@pytest.fixture
def sent(one_table: OneTable, dagster_instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """What syncs, checks and commands send to DuckDB, found out once."""
    if not _sent:
        with recorded(monkeypatch) as found:
            _sync(one_table)
            found |= _ask(one_table)
            with served(dagster_instance, emea=[{"id": 1}], apac=[{"id": 1, "score": 5}]) as accounts:
                assert accounts.sync("emea")
                assert accounts.sync("apac")
        _sent.update(found)
    return _sent


def _sync(table: OneTable) -> None:
    size = {"size": {"data_type": "bigint", "description": "How large."}}
    rows: list[Any] = [{"id": n, "size": n, "parts": [{"n": n}]} for n in range(4)]
    assert table.sync([*rows, {"size": 9}], columns=size, description="Things.").green
    table.execute("ALTER TABLE sync_history DROP COLUMN api")
    assert table.sync([{"id": 5, "size": 0.5}], columns={}).green
    folders = settle_environment().make()
    seen_set_aside(table.describe(), table.resource(), folders, 3)
    replay(table.describe(primary_key=None), RESOURCE, folders)
    cursor = {"cursor_path": "id", "start_param": "since"}
    asked = {"path": "v1/resource", "data_selector": "data", "paginator": "single_page", "incremental": cursor}
    for number in (6, 7):
        assert table.sync([{"id": number}], endpoint=asked, primary_key="id").green


def _ask(table: OneTable, kind: str = "duckdb") -> set[str]:
    """Have sent what takes something out of the ordinary; what is only shown to people is returned."""
    described, pipeline, now = table.describe(), table.pipeline(), datetime.now(timezone.utc)
    schema = schema_name(described, table.resource())
    generations(pipeline, [schema])
    with table_rows(pipeline) as rows:
        _past(rows, API, now, Redaction([]))
        rows.update(RESOURCE, "size", 1, "1 = 0")
        in_doubt = HistoryRow("1", API, RESOURCE, "synced", now, Window(now, now, "at"), "unknown")
        write_row(rows.client, in_doubt, may_be_there=True)
        assert doubted_windows(rows.select, rows.qualified(HISTORY), API, RESOURCE, now - timedelta(1))
        view = AccountView(rows, kind, API, "view")
        view.is_made("SELECT nothing", "")
        view.is_dropped()
        _views(rows.client)
    with suppress(LoadDiffers):
        reconcile(pipeline, table.resource(), RESOURCE, Load("0", Written(1), {}))
    text = _how_to_drop(pipeline, table.describe(table_name="other"), [schema])
    return {one.rstrip(";") for one in text.rpartition("with: ")[2].split("; ")}


def test_each_text_in_the_code_that_is_sql_was_sent(sent: set[str]) -> None:
    texts = [(file, pattern) for file, pattern in written() if file not in FILES_OF_ONE]
    common = [one for one in texts if not any(word in one[1] for word in WORDS_OF_ONE)]
    assert [one for one in common if not any(re.search(one[1], statement) for statement in sent)] == []
    assert len(common) > 40


@pytest.mark.parametrize("name", DESTINATIONS)
def test_each_statement_is_sql_in_the_dialect_and_means_what_it_means_in_duckdb(sent: set[str], name: str) -> None:
    capabilities = getattr(dlt.destinations, name)().capabilities()
    dialect, quoted = capabilities.sqlglot_dialect, capabilities.escape_identifier
    common = [one for one in sorted(sent) if not any(word in one for word in WORDS_OF_ONE)]
    judged = [one.replace("%s", "'v'") for one in common if not one.startswith("COMMENT ON")]
    for statement in judged:
        known = parse_one(statement, read="duckdb")
        is_translated = any(word in statement for word in TRANSLATED)
        in_dialect = known.sql(dialect=dialect, unsupported_level=ErrorLevel.RAISE)
        text = in_dialect if is_translated else re.sub(r'"(\w+)"', lambda found: quoted(found[1]), statement)
        parsed = parse_one(text, read=dialect)
        # What sqlglot does not know of a dialect it takes for a command.
        assert not isinstance(parsed, exp.Command), text
        assert is_translated or _meaning(parsed) == _meaning(known), text
    assert len(judged) > 40


def _meaning(statement: exp.Expression) -> str:
    """A statement in DuckDB's words, without what differs in form alone."""
    for ordered in statement.find_all(exp.Ordered):
        ordered.set("nulls_first", None)  # nothing here depends on where nulls are
    for table in statement.find_all(exp.Table):
        if table.alias == table.name.rpartition(".")[2]:
            table.set("alias", None)  # a table of information_schema in BigQuery
    return re.sub(r'[()"]', "", statement.sql(dialect="duckdb"))


@pytest.mark.parametrize("name", ["sqlite", "postgres"])
def test_each_statement_runs_on_the_other_databases_that_are_here(
    one_table: OneTable, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    if name == "sqlite":
        monkeypatch.setenv("DESTINATION_TYPE", "sqlalchemy")
        monkeypatch.setenv("DESTINATION__SQLALCHEMY__CREDENTIALS", f"sqlite:///{tmp_path / 'tables.db'}")
    else:
        request.getfixturevalue("postgres_destination")
    _sync(one_table)
    _ask(one_table, name)
