"""A destination is asked once what it gives back otherwise; what would change in silence is refused."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from messaging_assets.cli.check import command
from messaging_assets.description.api import Resource
from messaging_assets.destination.pipelines import destination_profile
from messaging_assets.destination.profile import DestinationProfile
from messaging_assets.foundation.folders import settle_environment
from messaging_assets.loading import probe as destination_probe
from messaging_assets.loading.probe import KEYS_MEET, Probed, probe, refuse_what_comes_back_changed
from messaging_assets.seams.destinations import dlt_sqlalchemy as sqlalchemy_types
from messaging_assets.tables.table_rows import table_rows
from messaging_assets_tests.one_table import API, OneTable

KEYS = ["abc", "ABC", "abc ", "e", "é", "\uff45"]


def resource(**described: Any) -> Resource:
    return Resource.model_validate({"name": "users", "endpoint": {"path": "users"}, "primary_key": "id", **described})


@pytest.fixture
def sqlite(one_table: OneTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OneTable:
    monkeypatch.setenv("DESTINATION_TYPE", "house")
    monkeypatch.setenv("DESTINATION__HOUSE__DESTINATION_TYPE", "sqlalchemy")
    monkeypatch.setenv("DESTINATION__HOUSE__CREDENTIALS", f"sqlite:///{tmp_path / 'tables.db'}")
    monkeypatch.delenv("MESSAGING_ASSETS_PROBE")
    return one_table


@pytest.fixture
def stock_types(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLAlchemy's columns as dlt makes them, which keep less."""
    from dlt.destinations.impl.sqlalchemy import dialect

    monkeypatch.setitem(dialect.DIALECT_CAPS_REGISTRY, "sqlite", dialect.SqliteDialectCapabilities)
    monkeypatch.setattr(sqlalchemy_types, "register", lambda: None)


def profile() -> DestinationProfile:
    return destination_profile(settle_environment().make())


def test_sqlite_gives_back_what_it_got_and_nothing_of_it_stays(sqlite: OneTable) -> None:
    assert probe(API, profile()) == Probed()

    with table_rows(sqlite.pipeline()) as rows:
        for table in ("_dlt_version", "_dlt_loads", "_dlt_pipeline_state"):
            assert rows.select(f"SELECT COUNT(*) FROM {rows.qualified(table)}") == [(0,)]
        made = rows.select("SELECT name FROM generic_rest.sqlite_master WHERE name LIKE '%probe%'")
    assert made == []


def test_postgres_gives_back_what_it_got_without_a_word_of_dlt(
    postgres_table: OneTable, capfd: pytest.CaptureFixture[str]
) -> None:
    assert probe(API, profile()) == Probed()
    assert "messaging_assets_probe" not in capfd.readouterr().err


def test_a_decimal_that_is_clipped_is_found(stock_types: None, sqlite: OneTable) -> None:
    assert probe(API, profile()).changed == ("decimal",)


def test_keys_that_a_collation_takes_for_one_are_found(
    stock_types: None, sqlite: OneTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlalchemy
    from dlt.destinations.impl.sqlalchemy.type_mapper import SqlalchemyTypeMapper

    monkeypatch.setattr(SqlalchemyTypeMapper, "db_type_from_text_type", lambda *_: sqlalchemy.Text(collation="NOCASE"))
    assert probe(API, profile()).keys_meet


def test_nested_values_that_come_back_as_texts_are_found(sqlite: OneTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DestinationProfile, "takes_json_as_values", False)
    assert probe(API, profile()).changed == ("nested",)


def test_what_a_destination_refuses_aloud_is_told_apart(sqlite: OneTable, monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlalchemy.exc import DataError

    bind = sqlalchemy_types.DecimalAsText.process_bind_param

    def refuse(self: Any, value: Any, dialect: Any) -> Any:
        if value is not None:
            raise DataError("INSERT", {}, ValueError("out of range"))
        return bind(self, value, dialect)

    monkeypatch.setattr(sqlalchemy_types.DecimalAsText, "process_bind_param", refuse)
    found = probe(API, profile())
    assert (found.changed, found.refused, found.keys_meet) == ((), ("decimal",), False)
    assert found.refusal(resource(columns={"amount": {"data_type": "decimal"}})) is None


@pytest.mark.parametrize(
    ("edge", "value", "is_same"),
    [
        ("nested", '{"a": [null, "é", {}]}', True),
        ("nested", '"{\\"a\\": [null, \\"é\\", {}]}"', False),
        ("empty_text", "", True),
        ("empty_text", None, False),
        ("empty_text", " ", False),
        ("long_text", "é" * 50_000, True),
        ("long_text", "é" * 32_767, False),
        ("integer", -(2**63), True),
        ("integer", float(-(2**63)) + 2048, False),
        ("decimal", "12345678901234567890123456789.1234567890", True),
        ("decimal", 1.2345678901234567e28, False),
        ("moment", "2024-02-29 23:59:59.999999", True),
        ("moment", datetime(2024, 3, 1, 0, 59, 59, 999999, timezone(timedelta(hours=1))), True),
        ("moment", datetime(2024, 2, 29, 23, 59, 59, tzinfo=timezone.utc), False),
        ("moment", None, False),
    ],
)
def test_what_came_back_is_compared_by_what_it_means(edge: str, value: Any, is_same: bool) -> None:
    assert destination_probe._is_same(destination_probe._EDGES[edge], value) is is_same


@pytest.mark.parametrize(
    ("found", "described", "words"),
    [
        (Probed(("nested",)), {}, "gives a nested value back as a text; write nested: tables"),
        (Probed(("nested",)), {"nested": "tables"}, None),
        (Probed(("empty_text",)), {"write_disposition": "append"}, "takes an empty text for null"),
        (Probed(("long_text",)), {}, "cuts a text of 100,000 bytes; let it be strict"),
        (Probed(("decimal",)), {"columns": {"v": {"data_type": "wei"}}}, "declare such columns as text"),
        (Probed(("decimal",)), {"columns": {"v": {"data_type": "text"}}}, None),
        (Probed(("last_moment",)), {}, None),
        (Probed(keys_meet=True), {"write_disposition": "merge"}, KEYS_MEET),
        (Probed(keys_meet=True), {"write_disposition": "merge", "columns": {"id": {"data_type": "bigint"}}}, None),
        (Probed(keys_meet=True), {"write_disposition": "append"}, None),
        (Probed(), {"write_disposition": "merge"}, None),
    ],
)
def test_a_list_is_refused_where_it_could_change(found: Probed, described: dict[str, Any], words: str | None) -> None:
    refusal = found.refusal(resource(**described))
    assert refusal is None if words is None else words in str(refusal)


def test_it_is_asked_once_and_before_the_api(sqlite: OneTable, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def changing(dataset: str, asked_for: DestinationProfile) -> Probed:
        asked.append((dataset, asked_for.words))
        return Probed(("empty_text",))

    monkeypatch.setattr(destination_probe, "probe", changing)
    for _ in range(2):
        synced = sqlite.sync([{"id": 1}])
        assert synced.error.startswith(f"{API}.resource_name: the destination takes an empty text for null")
    assert sqlite.sandbox.requests == []
    assert asked == [(API, "house (sqlalchemy)")]

    monkeypatch.setenv("DESTINATION__HOUSE__DESTINATION_TYPE", "duckdb")
    refuse_what_comes_back_changed(sqlite.describe(), sqlite.resource(), settle_environment())
    assert len(asked) == 1


def test_keys_alike_are_kept_apart_when_they_come_one_by_one(sqlite: OneTable) -> None:
    columns = {"id": {"data_type": "text"}, "amount": {"data_type": "decimal", "precision": 38, "scale": 9}}
    amount = "12345678901234567890123456789.123456789"
    for keys in (KEYS[:2], KEYS[2:4], KEYS[4:]):
        synced = sqlite.sync([{"id": key, "amount": amount} for key in keys], columns=columns)
        assert synced.green, synced.error
    assert [(row["id"], row["amount"]) for row in sqlite.rows()] == [(key, amount) for key in sorted(KEYS)]


def test_mysql_and_mariadb_get_texts_that_are_equal_to_no_other() -> None:
    from sqlalchemy.dialects.mysql.pymysql import MySQLDialect_pymysql

    written = {}
    for is_mariadb in (True, False):
        dialect: Any = MySQLDialect_pymysql(is_mariadb=is_mariadb)
        written[is_mariadb] = [dialect.type_compiler_instance.process(sqlalchemy_types.ExactText(n)) for n in (None, 9)]
    assert written == {
        True: [f"{kind} CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin" for kind in ("LONGTEXT", "VARCHAR(9)")],
        False: [f"{kind} CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin" for kind in ("LONGTEXT", "VARCHAR(9)")],
    }


def ask(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["generic_rest", "--destination", *arguments])


def test_the_verb_tells_what_the_destination_changes(sqlite: OneTable, monkeypatch: pytest.MonkeyPatch) -> None:
    right = ask()
    assert (right.exit_code, right.stdout.splitlines()[0]) == (
        0,
        "house (sqlalchemy): what was loaded came back as it went in.",
    )
    assert sqlite.sandbox.requests == []

    monkeypatch.setattr(destination_probe, "probe", lambda *_: Probed(("long_text",), ("decimal",)))
    wrong = ask("--json")
    assert wrong.exit_code == 1
    told = json.loads(wrong.stdout)
    assert (told["changes"], told["refuses"]) == (["cuts a text of 100,000 bytes"], ["decimal"])
    assert "cuts a text of 100,000 bytes; let it be strict" in told["wrong"][0]


def test_the_verb_says_in_a_sentence_why_it_cannot_ask(one_table: OneTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESTINATION_TYPE", "postgers")
    failed = ask()
    assert failed.exit_code == 1
    assert "which is no destination of dlt" in failed.output


def test_a_row_at_the_end_of_a_window_is_seen_there_on_sqlite(sqlite: OneTable) -> None:
    """SQLite has moments as texts, of which one with a zone is no equal of one without."""
    columns = {"at": {"data_type": "timestamp"}}
    assert sqlite.sync([{"id": 1, "at": "2025-03-03T00:00:00Z"}], columns=columns).green
    with table_rows(sqlite.pipeline()) as rows:
        end = datetime(2025, 3, 3, 1, tzinfo=timezone(timedelta(hours=1)))
        for word, expected in (("=", 1), (">", 0), ("<", 0), (">=", 1)):
            assert rows.count("resource_name", f"{rows.column('at')} {word} %s", (end,)) == expected
