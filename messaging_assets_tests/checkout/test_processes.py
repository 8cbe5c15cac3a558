"""Whole programs, as people and deployments start them. Few, because each imports Dagster and dlt anew."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from messaging_assets_tests.programs import CHECKOUT, environment, run

WORKSPACE = str(CHECKOUT / "workspace.yaml")
TEAM_ROWS = {"users": 250, "channels": 40, "messages": 3_000}


def program(name: str) -> str:
    """A program that was installed beside this Python."""
    return str(Path(sys.executable).with_name(name))


def database_of(home: Path) -> Path:
    return home / ".messaging_assets" / "warehouse.duckdb"


def rows(home: Path) -> dict[str, int]:
    """Rows of each table in a home's DuckDB file, those of bookkeeping and history aside."""
    with duckdb.connect(str(database_of(home)), read_only=True) as connection:
        tables = connection.execute(
            "SELECT table_schema, table_name FROM information_schema.tables "
            "WHERE NOT starts_with(table_name, '_') AND table_name <> 'sync_history' "
            "AND NOT ends_with(table_schema, '_staging')"
        ).fetchall()
        return {
            f"{one}.{table}": connection.table(f'"{one}"."{table}"').count("*").fetchall()[0][0]
            for one, table in tables
        }


def test_the_workspace_loads_anywhere_with_no_secret_set(clean_room: Path) -> None:
    elsewhere = clean_room / "elsewhere"
    elsewhere.mkdir()
    done = run(program("dagster"), "definitions", "validate", "-w", WORKSPACE, cwd=elsewhere)
    assert done.returncode == 0, done.stderr
    assert "Validation successful for code location messaging_assets" in done.stderr + done.stdout


@pytest.mark.soak
def test_dg_launches_a_job_in_processes_of_its_own_and_every_row_arrives(known_sandbox: Any, clean_room: Path) -> None:
    """Three steps load one DuckDB file at once, and wait for each other instead of failing."""
    own = environment(MESSAGING_ASSETS_EXECUTOR="multiprocess")
    done = run(program("dg"), "launch", "--job", "team_messaging_sync", env=own, cwd=CHECKOUT)
    assert done.returncode == 0, done.stderr[-3_000:]
    assert "Multiprocess executor: parent process exiting" in done.stderr
    assert rows(clean_room / "messaging_assets") == {f"team_messaging.{name}": n for name, n in TEAM_ROWS.items()}


def test_a_second_checkout_keeps_to_itself_and_a_missing_secret_fails_alone(
    known_sandbox: Any, clean_room: Path
) -> None:
    checkout = clean_room / "second checkout"
    shutil.copytree(CHECKOUT / "messaging_assets", checkout / "messaging_assets")
    for name in ("workspace.yaml", "pyproject.toml"):
        shutil.copy(CHECKOUT / name, checkout)
    own = environment(PYTHONPATH=str(checkout))
    for name in ("MONITORING__API_KEY", "MESSAGING_ASSETS_HOME", "DLT_PROJECT_DIR"):
        own.pop(name)
    every = ["asset", "materialize", "--select", "*", "-m", "messaging_assets.definitions"]
    done = run(program("dagster"), *every, env=own, cwd=clean_room)
    assert done.returncode != 0
    assert (
        "monitoring.resource_name: no api_key is set; set MONITORING__API_KEY in the environment, or api_key "
        "under [sources.monitoring] in .dlt/secrets.toml." in done.stderr
    )
    assert "STEP_UP_FOR_RETRY" not in done.stderr
    assert known_sandbox.asked("monitoring", "resource_name") == []
    assert rows(checkout) == {
        "generic_rest.resource_name": 300,
        "message_broker.message_broker_resource": 1_200,
        "messaging.messages": 2_500,
        **{f"team_messaging.{name}": n for name, n in TEAM_ROWS.items()},
    }
    assert not database_of(clean_room / "messaging_assets").exists()
    assert not database_of(clean_room).exists()
    assert list((clean_room / "home").iterdir()) == []
