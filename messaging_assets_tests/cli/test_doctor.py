"""`messaging-assets doctor`: what is fit is good, what is not is named with what to do."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import psycopg2
import pytest
from click.testing import CliRunner
from dagster._core.scheduler.instigation import InstigatorStatus
from dagster._daemon.types import DaemonHeartbeat

from messaging_assets.cli import main
from messaging_assets.cli.health import machine, runs
from messaging_assets.cli.health import postgres as health_postgres
from messaging_assets.destination.pipelines import build_pipeline
from messaging_assets.files.api_files import read_folders
from messaging_assets.foundation.folders import project_folders
from messaging_assets.loading.sync_lock import only_sync_in_database, only_sync_of
from messaging_assets_tests.postgres_pooler import pooler
from messaging_assets_tests.running_dagster import switch


def _doctor() -> tuple[int, dict[str, list[dict[str, Any]]]]:
    run = CliRunner().invoke(main, ["doctor", "--json"])
    found: dict[str, list[dict[str, Any]]] = {}
    for one in json.loads(run.stdout)["found"]:
        found.setdefault(one["about"], []).append(one)
    return run.exit_code, found


@pytest.fixture
def apis(clean_room: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = clean_room / "apis"
    folder.mkdir()
    monkeypatch.setenv("MESSAGING_ASSETS_APIS", str(folder))
    (folder / "chat.yaml").write_text(
        "client: {base_url: 'https://api.example.com', auth: {type: api_key, name: api_key}}\nresources: [users]\n"
    )
    return folder


def test_a_machine_that_is_fit_is_called_so(apis: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT__API_KEY", "key-of-the-chat")
    status, found = _doctor()
    assert status == 0
    assert {one["level"] for each in found.values() for one in each} <= {"good", "note"}
    assert found["API chat"][0]["what"] == "1 resource; every secret is set"
    assert "key-of-the-chat" not in json.dumps(found)


def test_a_release_outside_its_range_is_named_with_what_to_install(apis: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ["dlt[duckdb]<1.32,>=1.30", "dagster-dlt>=0.29", "no-such-thing>=1", "redis<1; extra == 'redis'"]
    monkeypatch.setattr(machine, "requires", lambda _: asked)
    monkeypatch.setattr(machine, "_installed", {"dlt": "1.20.0", "dagster-dlt": "0.29.1", "redis": "7"}.get)
    assert [(one.level, one.what, one.mend) for one in machine.versions()][1:] == [
        ("warning", "dlt 1.20.0, where this release was tried with dlt<1.32,>=1.30", "pip install 'dlt<1.32,>=1.30'"),
        (
            "warning",
            "no-such-thing is not installed, where this release was tried with no-such-thing>=1",
            "pip install 'no-such-thing>=1'",
        ),
    ]


def test_a_daemon_is_needed_only_where_something_is_switched_on(stored_instance: Any) -> None:
    [off] = runs._daemon(stored_instance)
    assert (off.level, off.mend) == ("note", "switch them on under Automation")

    switch(stored_instance, InstigatorStatus.RUNNING)
    [dead] = runs._daemon(stored_instance)
    assert (dead.level, dead.mend) == ("wrong", "start messaging-assets dev, or dagster-daemon run")
    assert dead.what == "1 schedule or sensor is switched on, but Dagster's daemon is not alive"

    kinds = sorted(stored_instance.get_required_daemon_types(), key=lambda kind: kind == "SCHEDULER")
    for kind in kinds[:-1]:
        stored_instance.add_daemon_heartbeat(DaemonHeartbeat(time.time(), kind, "one", []))
    [partly] = runs._daemon(stored_instance)
    assert partly.what.endswith("of Dagster's daemon scheduler is not alive")
    stored_instance.add_daemon_heartbeat(DaemonHeartbeat(time.time(), kinds[-1], "one", []))
    [alive] = runs._daemon(stored_instance)
    assert alive.level == "good"


def test_a_secret_that_is_missing_is_named_by_its_variable(apis: Path) -> None:
    status, found = _doctor()
    assert status == 0
    assert found["API chat"][0]["level"] == "warning"
    assert found["API chat"][0]["mend"] == "set CHAT__API_KEY"


def test_a_broken_file_is_wrong(apis: Path) -> None:
    (apis / "chat.yaml").write_text("client: {}\n")
    status, found = _doctor()
    assert status == 1
    assert found["API chat"][0]["mend"] == "messaging-assets validate"
    assert CliRunner().invoke(main, ["validate"]).exit_code == 1


def test_a_project_without_a_file_is_told_how_to_make_one(apis: Path) -> None:
    (apis / "chat.yaml").unlink()
    assert "discover" in _doctor()[1]["API files"][0]["mend"]


def test_a_variable_by_which_every_sync_is_refused_is_wrong(apis: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DLT_INTERVAL_TIMEZONE", "Europe/Berlin")
    status, found = _doctor()
    assert status == 1
    assert found["settings"][0]["mend"] == "unset DLT_INTERVAL_TIMEZONE"


def test_refresh_tokens_that_would_be_shared_without_a_key_are_wrong(
    apis: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESSAGING_ASSETS_TOKENS", "postgresql://loader:hush-hush@127.0.0.1:1/warehouse")
    status, found = _doctor()
    assert status == 1
    assert "MESSAGING_ASSETS_TOKENS_KEY holds no key" in found["refresh tokens"][0]["what"]
    assert "hush" not in str(found)


def test_a_destination_that_does_not_answer_is_wrong_and_its_address_stays_unsaid(
    apis: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESTINATION_TYPE", "postgres")
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", "postgresql://loader:hush-hush@127.0.0.1:1/warehouse")
    status, found = _doctor()
    assert status == 1
    assert "cannot be reached" in found["destination"][0]["what"]
    assert "hush-hush" not in json.dumps(found)


def test_a_database_that_answers_is_good(apis: Path) -> None:
    duckdb.connect(str(project_folders().make().database)).close()
    assert "duckdb answers at" in _doctor()[1]["destination"][0]["what"]


def test_the_file_that_the_settings_name_is_looked_at_in_place_of_the_default_one(
    apis: Path, clean_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = clean_room / "other.duckdb"
    other.write_text("this is no database, though a file of its name")
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", str(other))
    assert "the DuckDB file cannot be opened" in _doctor()[1]["destination"][0]["what"]
    other.unlink()
    duckdb.connect(str(other)).close()
    assert _doctor()[1]["destination"][0]["what"] == f"duckdb answers at {other}"


def test_a_folder_that_the_file_cannot_be_made_in_is_wrong(
    apis: Path, clean_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", str(clean_room / "nowhere" / "other.duckdb"))
    assert _doctor()[1]["destination"][0]["mend"] == "make it"
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", str(clean_room / "other.duckdb"))
    # Root may write everywhere, so the system's answer is played.
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != clean_room)
    assert _doctor()[1]["destination"][0]["what"] == f"{clean_room} cannot be written"


def test_files_as_a_destination_are_looked_at_by_their_folder(
    apis: Path, clean_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESTINATION_TYPE", "filesystem")
    monkeypatch.setenv("DESTINATION__FILESYSTEM__BUCKET_URL", str(clean_room / "bucket"))
    assert _doctor()[1]["destination"][0]["what"] == f"filesystem at {clean_room / 'bucket'}"
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != clean_room)
    assert _doctor()[1]["destination"][0]["level"] == "wrong"


def test_the_secrets_of_each_account_are_looked_for(apis: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (apis / "chat.yaml").write_text(
        "accounts: [emea, apac]\nclient: {base_url: 'https://api.example.com', auth: bearer}\nresources: [users]\n"
    )
    monkeypatch.setenv("CHAT_EMEA__TOKEN", "token-of-one-account")
    _, found = _doctor()
    assert found["API chat_emea"][0]["level"] == "good"
    assert found["API chat_apac"][0]["mend"] == "set CHAT_APAC__TOKEN"


def test_a_database_in_which_no_sync_can_work_is_wrong(
    apis: Path, postgres: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = postgres.new_database()
    with closing(psycopg2.connect(address)) as owner, owner.cursor() as cursor:
        cursor.execute(f"ALTER DATABASE {address.rsplit('/', 1)[1]} SET default_transaction_read_only TO on")
        owner.commit()
    monkeypatch.setenv("DESTINATION_TYPE", "postgres")
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", address)
    status, found = _doctor()
    assert (status, found["destination"][1]["what"]) == (1, "postgres takes no writes, as a standby")


def test_a_pooler_through_which_no_sync_can_hold_a_lock_is_wrong(
    apis: Path, postgres: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESTINATION_TYPE", "postgres")
    with pooler(postgres.new_database(), "transaction") as behind:
        monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", behind)
        status, found = _doctor()
    assert status == 1
    assert "the address of a pooler that lends a connection" in found["destination"][1]["what"]


def test_rights_that_are_missing_in_postgresql_are_named_with_the_grant_that_gives_them(
    apis: Path, postgres: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = postgres.new_database()
    with closing(psycopg2.connect(address)) as owner, owner.cursor() as cursor:
        cursor.execute("CREATE ROLE reader LOGIN")
        cursor.execute("SELECT current_database()")
        [(name,)] = cursor.fetchall()
        owner.commit()
        monkeypatch.setenv("DESTINATION_TYPE", "postgres")
        monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", address)
        assert "rights" not in _doctor()[1]
        monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", address.replace("tests:", "reader:"))
        status, found = _doctor()
        assert status == 1
        assert found["rights"][0]["mend"].startswith(f'GRANT CREATE ON DATABASE "{name}" TO "reader"')
        cursor.execute("CREATE SCHEMA chat; GRANT USAGE ON SCHEMA chat TO reader")
        owner.commit()
        assert _doctor()[1]["rights"][0]["mend"] == 'GRANT USAGE, CREATE ON SCHEMA "chat" TO "reader"'
        cursor.execute("GRANT CREATE ON SCHEMA chat TO reader; CREATE TABLE chat.users (id text)")
        owner.commit()
        status, found = _doctor()
        assert (status, found["rights"][0]["level"]) == (0, "warning")
        assert found["rights"][0]["what"].startswith("in chat 1 table belongs to tests")
        assert 'ALTER TABLE "chat"."users" OWNER TO "reader"' in found["rights"][0]["mend"]


def test_the_lock_of_a_sync_names_its_process_or_that_it_is_elsewhere(apis: Path) -> None:
    folder = project_folders().make().locks
    with only_sync_of("chat/users", folder, "chat__users"):
        assert _doctor()[1]["sync of chat/users"][0]["what"] == f"process {os.getpid()} is at it"
        (folder / "chat__users.pid").write_text("999999999")
        assert _doctor()[1]["sync of chat/users"][0]["level"] == "warning"
    assert "sync of chat/users" not in _doctor()[1]


def test_a_clock_that_was_set_back_is_seen_by_the_files_of_the_project(apis: Path) -> None:
    path = project_folders().make().pipelines / "chat__users"
    path.mkdir()
    os.utime(path, (time.time() + 3600, time.time() + 3600))
    assert _doctor()[1]["clock"][0]["level"] == "warning"


def test_a_connection_that_has_held_a_sync_for_long_is_named_with_the_statement_that_ends_it(
    apis: Path, postgres: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = postgres.new_database()
    monkeypatch.setenv("DESTINATION_TYPE", "postgres")
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", address)
    monkeypatch.setattr(health_postgres, "_LONG_HOURS", 0)
    [chat] = read_folders([apis]).descriptions
    assert "locks" not in _doctor()[1]
    users = build_pipeline(chat, chat.resources_in_full["users"], project_folders().make())
    with only_sync_in_database("chat/users", users):
        assert "SELECT pg_terminate_backend(" in _doctor()[1]["locks"][0]["mend"]


def test_a_full_disk_is_wrong_and_told_as_that(apis: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=4096))

    def dagster(_: Path) -> Any:
        raise sqlite3.OperationalError("(sqlite3.OperationalError) disk I/O error")

    monkeypatch.setattr(runs, "dagster", dagster)
    status, found = _doctor()
    assert (status, found["disk"][0]["level"]) == (1, "wrong")
    assert found["Dagster"][0]["what"] == "Dagster's storage cannot be used (disk I/O error)"
    assert found["Dagster"][0]["mend"].startswith("free some space on its disk")


def test_settings_that_a_destination_misses_are_named_by_their_variables(
    apis: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESTINATION_TYPE", "postgres")
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", "postgresql://loader@db.example/lake")
    status, found = _doctor()
    assert (status, found["destination"][0]["level"]) == (1, "wrong")
    assert found["destination"][0]["what"] == "dlt's setting credentials is missing"
    assert found["destination"][0]["mend"].startswith("set DESTINATION__POSTGRES__CREDENTIALS__PASSWORD, or the same")
