"""Tables that somebody made or changed by hand: one sentence says what it is and what to do, and no row goes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dlt.common.configuration.exceptions import ValueNotSecretException

from messaging_assets.assets.failure_sentence import as_failure
from messaging_assets_tests.one_table import OneTable

ROWS = [{"id": number, "name": f"row {number}", "size": 1000 + number} for number in range(5)]
TABLE = "generic_rest.resource_name"


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("statements", "sentence"),
    [
        (
            [f"ALTER TABLE {TABLE} DROP COLUMN name"],
            "the table generic_rest.resource_name has no column name any more; run it once with full_refresh",
        ),
        (
            [f"DELETE FROM {TABLE}", "CHECKPOINT", f"ALTER TABLE {TABLE} ALTER COLUMN size TYPE TINYINT"],
            "the column size of the table generic_rest.resource_name was made bigint of 8 bits",
        ),
        (
            [f"ALTER TABLE {TABLE} RENAME TO other", f"CREATE VIEW {TABLE} AS SELECT * FROM generic_rest.other"],
            "generic_rest.resource_name is a view",
        ),
        ([f"DROP TABLE {TABLE}"], "rows were loaded into this table, and it is not in the destination"),
        ([f"ALTER TABLE {TABLE} DROP COLUMN _dlt_load_id"], "has no column _dlt_load_id any more"),
    ],
    ids=["column dropped", "type narrowed", "view", "table dropped", "dlt's column dropped"],
)
def test_what_was_changed_by_hand_is_named_with_the_next_step(
    one_table: OneTable, statements: list[str], sentence: str
) -> None:
    assert one_table.sync(ROWS).green
    for statement in statements:
        one_table.execute(statement)
    failed = one_table.sync()
    assert sentence in failed.error
    assert "Exception" not in failed.error


def test_a_key_whose_type_was_changed_in_postgresql_is_named_and_its_load_is_not_tried_again(
    postgres_table: OneTable,
) -> None:
    assert postgres_table.sync(ROWS).green
    postgres_table.execute(f"ALTER TABLE {TABLE} ALTER COLUMN id TYPE text")
    failed = postgres_table.sync()
    assert f"the column id of the table {TABLE} was made text, which does not take what is loaded" in failed.error
    assert "make it bigint of 64 bits again. What was refused is kept in" in failed.error


def test_a_unique_index_that_refuses_rows_is_named(one_table: OneTable) -> None:
    one_table.sync(ROWS, write_disposition="append", primary_key=None)
    one_table.execute(f"CREATE UNIQUE INDEX own ON {TABLE} (name)")
    assert "drop that index" in one_table.sync().error
    assert len(one_table.rows()) == len(ROWS)


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("CREATE UNIQUE INDEX api.own ON resource_name (name)", "drop that index"),
        (
            "DROP TABLE _dlt_loads",
            "_dlt_loads is not in the destination any more; put it back, or run it once with full",
        ),
    ],
    ids=["index", "dlt's own table"],
)
def test_a_width_that_sqlite_does_not_have_is_no_cause(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, statement: str, sentence: str
) -> None:
    monkeypatch.setenv("DESTINATION_TYPE", "sqlalchemy")
    monkeypatch.setenv("DESTINATION__SQLALCHEMY__CREDENTIALS", f"sqlite:///{tmp_path / 'tables.db'}")
    assert one_table.sync(ROWS, write_disposition="append" if "INDEX" in statement else "merge").green
    one_table.execute(statement.replace("api.", "generic_rest."))
    assert sentence in one_table.sync().error


def test_a_table_that_was_put_back_is_loaded_again(one_table: OneTable) -> None:
    one_table.sync(ROWS)
    one_table.execute(f"ALTER TABLE {TABLE} DROP COLUMN name")
    one_table.sync()
    one_table.execute(f"ALTER TABLE {TABLE} ADD COLUMN name TEXT")
    assert one_table.sync().green
    assert [row["name"] for row in one_table.rows()] == [row["name"] for row in ROWS]


def test_a_table_that_was_never_made_is_not_called_lost(one_table: OneTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("messaging_assets.destination.profile._BITS", 500)
    failed = one_table.sync(ROWS, columns={"n": {"data_type": "bigint", "precision": 200}})
    assert "any more" not in failed.error
    assert "can't be mapped to DuckDB integer type" in failed.error


def test_a_table_of_the_users_own_is_left_as_it_is_and_the_api_is_not_asked(one_table: OneTable) -> None:
    one_table.serve(ROWS)
    one_table.execute("CREATE SCHEMA generic_rest")
    one_table.execute(f"CREATE TABLE {TABLE} (id BIGINT, note TEXT)")
    one_table.execute(f"INSERT INTO {TABLE} VALUES (7, 'mine')")
    failed = one_table.sync()
    assert "the table generic_rest.resource_name has rows and was not made by a sync" in failed.error
    assert "rename that table, or the resource" in failed.error
    assert one_table.rows() == [{"id": 7, "note": "mine"}]
    assert failed.receipt["requests"] == 0


def test_an_empty_table_that_waits_for_its_rows_is_taken(one_table: OneTable) -> None:
    one_table.execute("CREATE SCHEMA generic_rest")
    one_table.execute(f"CREATE TABLE {TABLE} (id BIGINT, name TEXT)")
    synced = one_table.sync(ROWS)
    assert synced.green, synced.error
    assert [row["name"] for row in one_table.rows()] == [row["name"] for row in ROWS]


def test_a_setting_of_dlt_that_cannot_be_read_is_named_and_never_tried_again(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_WRITER__BUFFER_MAX_ITEMS", "zz")
    failed: Any = one_table.sync(ROWS)
    assert "dlt's setting buffer_max_items is no int; correct it in .dlt/config.toml" in failed.error
    assert "zz" not in failed.error


def test_a_secret_in_the_wrong_file_of_dlts_is_named_with_its_place() -> None:
    told = str(as_failure("chat.rows", ValueNotSecretException("config.toml", "destination.postgres.credentials")))
    assert "dlt's setting destination.postgres.credentials is a secret" in told
    assert "move it into .dlt/secrets.toml" in told


def test_an_error_that_is_of_no_setting_is_told_as_it_was() -> None:
    assert "dlt's setting" not in str(as_failure("api.list", ValueError("x")))


def test_an_extension_that_duckdb_has_not_is_named_with_how_to_bring_it_and_not_tried_again() -> None:
    with duckdb.connect() as connection, pytest.raises(duckdb.Error) as caught:
        connection.execute("LOAD no_such_one")
    failure = as_failure("chat.rows", caught.value)
    assert str(failure).startswith(
        "chat.rows: DuckDB's extension no_such_one is not installed for this user; run INSTALL"
    )
    assert not failure.retryable


def test_the_quote_of_a_word_hides_nothing_of_the_sentence_and_that_of_a_value_does() -> None:
    told = str(as_failure("chat.rows", OSError("Can't find it at '/home/ann' or 'there's more'")))
    assert "Can't find it at '...'" in told
    assert "ann" not in told
    assert "more" not in told


@pytest.mark.sampled
@pytest.mark.parametrize("disposition", ["append", "merge"])
def test_an_append_of_which_every_note_was_dropped_is_red_and_has_no_row_twice(
    one_table: OneTable, disposition: str
) -> None:
    cursor = {"cursor_path": "id", "initial_value": 0, "start_param": "since"}
    endpoint = {"path": "v1/resource", "data_selector": "data", "paginator": "single_page", "incremental": cursor}
    own: dict[str, Any] = {"write_disposition": disposition, "primary_key": "id", "endpoint": endpoint}
    assert one_table.sync(ROWS, **own).green
    for table in ("_dlt_version", "_dlt_loads", "_dlt_pipeline_state", "_messaging_assets_syncs"):
        one_table.execute(f"DROP TABLE generic_rest.{table}")

    again = one_table.sync(ROWS)

    assert again.green == (disposition == "merge")
    if disposition == "append":
        assert "no note is left of what was loaded into it, so an append could double them" in again.error
    assert sorted(row["id"] for row in one_table.rows()) == [row["id"] for row in ROWS]


def test_working_files_that_were_dropped_in_part_are_read_again(one_table: OneTable) -> None:
    assert one_table.sync(ROWS).green
    [schemas] = Path(os.environ["MESSAGING_ASSETS_HOME"]).rglob("generic_rest__resource_name/schemas")
    shutil.rmtree(schemas)
    schemas.mkdir()

    again = one_table.sync([*ROWS, {"id": 5, "name": "row 5", "size": 1005}])

    assert again.green, again.error
    assert len(one_table.rows()) == 6
