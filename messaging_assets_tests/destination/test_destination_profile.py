"""The destination is known by what dlt says of it, by any name, and what it cannot keep is refused at once."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import dlt
import duckdb as duckdb_library
import pytest
from dlt.destinations import (
    athena,
    bigquery,
    clickhouse,
    databricks,
    duckdb,
    filesystem,
    postgres,
    redshift,
    snowflake,
    sqlalchemy,
)

from messaging_assets.description.api import Resource
from messaging_assets.destination.duckdb_file import unfit_file
from messaging_assets.destination.pipelines import destination_profile, keeps_rows_by_sql, loader_file_format
from messaging_assets.destination.profile import DestinationProfile, configured_profile, missing_module
from messaging_assets.foundation.folders import settle_environment
from messaging_assets.seams.destinations.dlt_duckdb import OneOpening, _WaitingSqlClient, one_opening
from messaging_assets.seams.destinations.dlt_duckdb import duckdb as waiting_duckdb
from messaging_assets.seams.dlt_settings import own_settings
from messaging_assets_tests.interrupted_sync import sync
from messaging_assets_tests.one_table import OneTable

UPSERT = {"disposition": "merge", "strategy": "upsert"}
WINDOW = {"type": "daily", "start": "2025-01-01", "start_param": "since", "end_param": "until", "column": "at"}


def resource(**described: Any) -> Resource:
    return Resource.model_validate({"name": "users", "endpoint": {"path": "users"}, "primary_key": "id", **described})


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Configure a destination, by a name of its own where one is given, and tell what it is taken for."""

    def configure(type_: str, name: str | None = None, **settings: str) -> DestinationProfile:
        monkeypatch.setenv("DESTINATION_TYPE", name or type_)
        section = f"DESTINATION__{(name or type_.rpartition('.')[2]).upper()}"
        if name:
            monkeypatch.setenv(f"{section}__DESTINATION_TYPE", type_)
        for setting, value in settings.items():
            monkeypatch.setenv(f"{section}__{setting.upper()}", value)
        return destination_profile(settle_environment())

    return configure


@pytest.mark.parametrize(
    ("type_", "name"), [("postgres", None), ("dlt.destinations.postgres", None), ("postgres", "house")]
)
def test_postgres_is_postgres_by_any_name(named: Any, type_: str, name: str | None) -> None:
    profile = named(type_, name)

    assert (profile.kind, profile.has_session_locks, profile.loader_file_format) == ("postgres", True, "parquet")
    assert profile.words == ("house (postgres)" if name else "postgres")


@pytest.mark.sampled
@pytest.mark.parametrize(("type_", "name"), [("duckdb", None), ("dlt.destinations.duckdb", None), ("duckdb", "lake")])
def test_duckdb_waits_for_its_file_by_any_name(named: Any, one_table: OneTable, type_: str, name: str | None) -> None:
    profile = named(type_, name)

    assert isinstance(profile.destination, waiting_duckdb)
    assert isinstance(one_table.pipeline(), OneOpening)
    assert one_table.sync([{"id": 1}]).green
    assert settle_environment().database.is_file()


def test_a_named_duckdb_is_where_its_own_settings_say(named: Any, one_table: OneTable, tmp_path: Path) -> None:
    named("duckdb", "lake", credentials=str(tmp_path / "lake.duckdb"))
    assert one_table.sync([{"id": 1}]).green
    assert (tmp_path / "lake.duckdb").is_file()
    assert not settle_environment().database.exists()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"credentials": ":memory:"}, "loses its rows; name a file: DESTINATION__DUCKDB__CREDENTIALS=/"),
        ({"credentials": ":pipeline:"}, "or in a working folder, loses its rows"),
        ({"credentials": "/tmp"}, "CREDENTIALS names a folder; name a file in it: /tmp/lake.duckdb"),
        ({"credentials": "none/lake.duckdb"}, "the folder of the DuckDB file is not there; make /"),
        (
            {"credentials": "Chat.duckdb"},
            "cannot tell the dataset chat from its file Chat.duckdb; give the file another",
        ),
        ({"credentials": "duckdb:///chat_staging.db"}, "cannot tell the dataset chat from its file chat_staging.db"),
        ({"credentials__database": "a.duckdb", "credentials__read_only": "true"}, "take read_only out of DESTINATION_"),
        ({"credentials": "lake.duckdb"}, None),
        ({}, None),
    ],
    ids=str,
)
def test_a_duckdb_file_that_cannot_have_the_dataset_is_named(named: Any, settings: Any, words: str | None) -> None:
    refused = unfit_file(named("duckdb", **settings), "chat")
    assert words in str(refused) if words else refused is None


def test_sqlite_in_memory_is_refused(named: Any) -> None:
    refused = unfit_file(named("sqlalchemy", credentials="sqlite:///:memory:"), "chat")
    assert "loses its rows; name a file: DESTINATION__SQLALCHEMY__CREDENTIALS=sqlite:///" in str(refused)


def test_sqlite_in_a_file_is_fit(named: Any, tmp_path: Path) -> None:
    assert unfit_file(named("sqlalchemy", credentials=f"sqlite:///{tmp_path / 'tables.db'}"), "chat") is None


@pytest.mark.parametrize("naming", ["sql_cs_v1", "kebab_case"], ids=["another", "none that dlt has"])
def test_an_empty_schema_has_our_naming_whatever_the_users_is(naming: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHEMA__NAMING", naming)
    assert configured_profile().new_schema("chat").naming.name() == "snake_case"


def test_a_file_that_cannot_have_the_dataset_is_told_before_the_api_is_asked(named: Any, one_table: OneTable) -> None:
    named("duckdb", credentials=":memory:")
    assert "name a file: DESTINATION__DUCKDB__CREDENTIALS" in one_table.sync([{"id": 1}]).error


def test_a_file_that_is_named_where_dlt_takes_no_secret_is_told_where_to_name_it(one_table: OneTable) -> None:
    dlt.config["destination.duckdb.credentials"] = "mine.duckdb"
    refused = one_table.sync([{"id": 1}]).error
    assert "destination.duckdb.credentials is a secret" in refused
    assert "move it into .dlt/secrets.toml or the environment" in refused


def test_a_setting_of_how_the_file_is_opened_leaves_it_where_it_is(one_table: OneTable) -> None:
    dlt.config["destination.duckdb.credentials.pragmas"] = ["enable_object_cache"]
    assert one_table.sync([{"id": 1}]).green
    assert settle_environment().database.is_file()


def test_a_relative_file_is_the_same_one_wherever_a_process_is_started(
    named: Any, one_table: OneTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named("duckdb", credentials="lake.duckdb")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert one_table.sync([{"id": 1}]).green
    assert (settle_environment().home / "lake.duckdb").is_file()
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("type_", "name"),
    [("filesystem", None), ("dlt.destinations.filesystem", None), ("filesystem", "lake")],
)
def test_files_are_files_by_any_name(
    named: Any, one_table: OneTable, tmp_path: Path, type_: str, name: str | None
) -> None:
    profile = named(type_, name, bucket_url=str(tmp_path / "lake"))
    assert profile.is_files
    assert not keeps_rows_by_sql()

    for rows in ([{"id": 1}, {"id": 2}], [{"id": 2}, {"id": 3}]):
        assert one_table.sync(rows, write_disposition="replace").green
    assert [row["id"] for row in one_table.rows()] == [2, 3]
    refused = one_table.sync([{"id": 1}], write_disposition="merge")
    assert "the destination is files" in refused.error


@pytest.mark.parametrize(
    ("destination", "described", "words"),
    [
        (sqlalchemy("sqlite://"), {"write_disposition": UPSERT}, "cannot merge by the strategy upsert, only by delete"),
        (redshift(), {"write_disposition": UPSERT}, "redshift cannot merge by the strategy upsert"),
        (athena(), {"write_disposition": "merge"}, "athena cannot merge into tables of this format"),
        (clickhouse(), {"write_disposition": "merge", "deletes": "mark"}, "write deletes: remove"),
        (filesystem("lake"), {"write_disposition": "merge"}, "the destination is files"),
        (filesystem("lake"), {"write_disposition": "append", "partitions": WINDOW}, "the destination is files"),
        (
            snowflake(),
            {"columns": {"at": {"data_type": "timestamp", "precision": 9}}},
            "write precision: 6 for at, or text",
        ),
        (duckdb(), {"columns": {"at": {"data_type": "timestamp", "precision": 9}}}, "with 6 digits of a second"),
        (duckdb(), {"columns": {"n": {"data_type": "decimal", "precision": 39}}}, "write precision: 38 for n, or text"),
        (postgres(), {"columns": {"n": {"data_type": "decimal", "precision": 77}}}, "write precision: 76 for n"),
        (duckdb(), {"columns": {"n": {"data_type": "bigint", "precision": 128}}}, "with 64 bits of a whole number"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, (str, dict)) else "",
)
def test_what_cannot_be_kept_is_refused(destination: Any, described: dict[str, Any], words: str) -> None:
    assert words in str(DestinationProfile(destination).refusal(resource(**described)))


@pytest.mark.parametrize(
    ("destination", "described"),
    [
        (sqlalchemy("sqlite://"), {"write_disposition": "merge", "deletes": "mark"}),
        (athena(force_iceberg=True), {"write_disposition": "merge"}),
        (athena(), {"write_disposition": "append"}),
        (clickhouse(), {"write_disposition": "merge", "deletes": "remove"}),
        (filesystem("lake"), {"write_disposition": "replace"}),
        (snowflake(), {"write_disposition": UPSERT, "columns": {"at": {"data_type": "timestamp"}}}),
        (postgres(), {"columns": {"n": {"data_type": "decimal", "precision": 76}}}),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, dict) else "",
)
def test_what_can_be_kept_is_not_refused(destination: Any, described: dict[str, Any]) -> None:
    assert DestinationProfile(destination).refusal(resource(**described)) is None


@pytest.mark.parametrize(
    ("destination", "file_format"),
    [
        (sqlalchemy("sqlite://"), "typed-jsonl"),
        (bigquery(), "jsonl"),
        (snowflake(), "jsonl"),
        (redshift(), "insert_values"),
        (databricks(), "parquet"),
    ],
)
def test_nested_values_go_in_the_format_that_keeps_them(destination: Any, file_format: str) -> None:
    profile = DestinationProfile(destination)
    assert profile.loader_file_format == file_format
    assert profile.takes_json_as_values == (file_format != "parquet")


def test_a_merge_is_one_transaction_where_dlt_leaves_it_open(named: Any) -> None:
    assert named("motherduck").destination.caps_params == {"supports_transactions": True}


def test_a_destination_that_dlt_does_not_know_is_told_when_it_is_synced(named: Any, one_table: OneTable) -> None:
    with pytest.raises(Exception, match="which is no destination of dlt"):
        named("postgers")
    synced = one_table.sync([{"id": 1}])
    assert "DESTINATION_TYPE names 'postgers', which is no destination of dlt" in synced.error
    assert one_table.sandbox.requests == []


@pytest.mark.parametrize(
    ("type_", "settings", "module", "words"),
    [
        ("sqlalchemy", {"credentials": "mysql+pymysql://a:b@127.0.0.1/c"}, "pymysql", "pip install 'pymysql'"),
        (
            "filesystem",
            {
                "bucket_url": "s3://lake",
                "credentials__aws_access_key_id": "a",
                "credentials__aws_secret_access_key": "b",
            },
            "s3fs",
            "pip install 'dlt[s3]'",
        ),
    ],
)
def test_a_missing_driver_is_named_before_the_api_is_asked(
    named: Any,
    one_table: OneTable,
    monkeypatch: pytest.MonkeyPatch,
    type_: str,
    settings: dict[str, str],
    module: str,
    words: str,
) -> None:
    imported = builtins.__import__

    def without(name: str, *arguments: Any, **more: Any) -> Any:
        if name.partition(".")[0] == module:
            raise ModuleNotFoundError(f"No module named {module!r}", name=module)
        return imported(name, *arguments, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    named(type_, **settings)
    synced = one_table.sync([{"id": 1}], write_disposition="append")

    assert words in synced.error
    assert "defect" not in synced.error
    assert one_table.sandbox.requests == []


def test_the_driver_of_postgres_is_the_extra_of_this_package() -> None:
    missing = ModuleNotFoundError("No module named 'psycopg2'", name="psycopg2")
    assert missing_module(missing).endswith("pip install 'messaging_assets[postgres]'.")


def test_a_named_postgres_keeps_empty_texts_and_has_a_lock(
    postgres: Any, named: Any, one_table: OneTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    named("postgres", "house", credentials=postgres.new_database())
    rows = [{"id": number, "text": "", "at": None} for number in range(20)]
    synced = one_table.sync(rows)

    assert synced.green, synced.error
    assert [row["text"] for row in one_table.rows()] == [""] * 20
    pipeline = one_table.pipeline()
    assert loader_file_format(pipeline) == "parquet"
    assert DestinationProfile(pipeline.destination).has_session_locks


def test_json_is_json_on_sqlite(named: Any, one_table: OneTable, tmp_path: Path) -> None:
    named("sqlalchemy", credentials=f"sqlite:///{tmp_path / 'tables.db'}")
    nested = {"a": [None, 0.1], "big": -(2**63), "text": 'é "quoted" \\ '}
    rows = [{"id": 1, "doc": nested}, {"id": 2, "doc": None}, {"id": 3, "doc": []}, {"id": 4, "doc": [2**70]}]
    synced = one_table.sync(rows)

    assert synced.green, synced.error
    found = one_table.rows("SELECT json_type(doc), json_extract(doc, '$.text') FROM resource_name ORDER BY id")
    assert [tuple(row.values()) for row in found] == [("object", nested["text"]), (None, None), ("array", None)]
    assert "beyond 64 bits" in one_table.rejected()[0]["reason"]


def test_a_file_that_could_not_be_set_up_is_let_go(clean_room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted:
        def execute(self, query: str) -> None:
            raise KeyboardInterrupt

    client: Any = _WaitingSqlClient.__base__
    opened = client.open_connection

    def interrupted(self: Any) -> Any:
        opened(self)
        return Interrupted()

    pipeline = one_opening(
        "chat__users",
        destination=waiting_duckdb(str(clean_room / "one.duckdb")),
        dataset_name="chat",
        pipelines_dir=str(clean_room),
    )
    with monkeypatch.context() as patched:
        patched.setattr(client, "open_connection", interrupted)
        with pytest.raises(KeyboardInterrupt):
            pipeline.sql_client().__enter__()
    # One that is open cannot be opened in another way.
    duckdb_library.connect(str(clean_room / "one.duckdb"), read_only=True).close()


def test_a_pipeline_looks_its_settings_up_once_and_opens_its_file_once_for_all_clients_at_a_time(
    clean_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up, configuration = list[Any](), duckdb.configuration

    def noted(self: Any, initial_config: Any, accept_partial: bool = False) -> Any:
        looked_up.extend([] if accept_partial else [initial_config])
        return configuration(self, initial_config, accept_partial)

    opened, connect = list[str](), duckdb_library.connect

    def connected(database: str, **more: Any) -> Any:
        opened.append(Path(database).name)
        return connect(database, **more)

    monkeypatch.setattr(duckdb, "configuration", noted)
    monkeypatch.setattr(duckdb_library, "connect", connected)
    pipelines = [
        one_opening(
            "chat__users",
            pipelines_dir=str(clean_room),
            destination=waiting_duckdb(str(clean_room / f"{name}.duckdb")),
            dataset_name="chat",
        )
        for name in ("one", "other")
    ]
    for pipeline in pipelines:
        with pipeline.sql_client() as one, pipeline.sql_client() as other:
            one.execute_sql("BEGIN; CREATE TABLE not_yet (id BIGINT)")
            assert other.execute_sql("SELECT count(*) FROM duckdb_tables()") == [(0,)]
        with pipeline.sql_client() as later:
            assert later.execute_sql("SELECT count(*) FROM duckdb_tables()") == [(0,)]

    assert len(looked_up) == 2
    assert opened == ["one.duckdb", "one.duckdb", "other.duckdb", "other.duckdb"]
    assert sorted(path.name for path in clean_room.glob("*.duckdb")) == ["one.duckdb", "other.duckdb"]


def test_settings_that_were_looked_up_before_ours_won_are_not_used_within_them(
    clean_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESTINATION__DUCKDB__REPLACE_STRATEGY", "truncate-and-insert")
    destination = waiting_duckdb(str(clean_room / "one.duckdb"))

    def strategy() -> str | None:
        found: str | None = destination.configuration(destination.spec()._bind_dataset_name("chat")).replace_strategy
        return found

    assert strategy() == "truncate-and-insert"
    with own_settings():
        assert strategy() == "insert-from-staging"
    assert strategy() == "truncate-and-insert"


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are counted as Linux shows them")
def test_a_sync_opens_the_duckdb_file_for_many_steps_at_once(
    known_sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect, openings = duckdb_library.connect, list[str]()

    def noted(database: Any, *args: Any, **more: Any) -> Any:
        held = [path.readlink() for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
        openings.extend([] if Path(database) in held else [str(database)])
        return connect(database, *args, **more)

    assert sync()["green"]
    monkeypatch.setattr(duckdb_library, "connect", noted)
    assert sync()["green"]

    # What was left before; dlt's own state and schemas; whether the table is empty; the load and all that follows it;
    # the checks, and this test's look at the table.
    assert 1 <= len(openings) <= 7


def test_a_number_of_too_many_digits_for_the_destination_is_set_aside_alone(one_table: OneTable) -> None:
    rows = [{"id": 1, "n": 10**37}, {"id": 2, "n": "7"}, {"id": 3, "n": 10**38}]
    synced = one_table.sync(rows, columns={"n": {"data_type": "wei"}})
    assert synced.receipt["rows_set_aside"] == 1
    assert [row["n"] for row in one_table.rows()] == [10**37, 7]


@pytest.mark.parametrize(("kind", "is_refused"), [("postgres", True), ("redshift", True), ("duckdb", False)])
def test_a_schema_that_postgres_keeps_for_itself_is_told_with_another_name(
    named: Any, kind: str, is_refused: bool
) -> None:
    profile = named(kind)
    assert profile.refused_name("chat") is None
    refused = f"{kind} keeps names that begin with pg_ for itself; write dataset: raw_pg_chat in the file."
    assert profile.refused_name("pg_chat") == (refused if is_refused else None)
