from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner
from filelock import FileLock

from messaging_assets.cli import demo
from messaging_assets.foundation.folders import project_folders
from messaging_assets_tests.docs_pages import blocks_of
from messaging_assets_tests.programs import CHECKOUT, environment, messaging_assets

ROWS = {
    "generic_rest/resource_name": 300,
    "message_broker/message_broker_resource": 1_200,
    "messaging/messages": 2_500,
    "monitoring/resource_name": 800,
    "team_messaging/channels": 40,
    "team_messaging/messages": 3_000,
    "team_messaging/users": 250,
}
WHOLE = demo.AssetCount("messaging/messages", 2, rows_in_table=2, checks_passed=3, checks=3)


def test_a_second_demo_in_one_folder_is_refused_as_it_would_take_the_tables_of_the_first(clean_room: Path) -> None:
    home = project_folders().make().state / "demo"
    home.mkdir()
    with FileLock(home / ".demo.lock"):
        done = CliRunner().invoke(demo.demo)
    assert done.exit_code == 1
    assert done.output == f"Error: messaging-assets demo runs on {home} already; end it first, or wait for it.\n"


@pytest.mark.newest
@pytest.mark.minutes
def test_the_demo_loads_every_row_of_five_apis_whatever_the_user_has_set(clean_room: Path) -> None:
    own = environment(
        MESSAGING__API_KEY="of the real API",
        MESSAGING_ASSETS_APIS="/nowhere",
        DESTINATION_TYPE="postgres",
        DAGSTER_HOME="/nowhere",
        HTTP_PROXY="http://127.0.0.1:9",
    )
    shown = messaging_assets("demo", env=own)
    assert shown.returncode == 0, shown.stderr
    page = (CHECKOUT / "docs" / "index.md").read_text(encoding="utf-8")
    [table] = [block.text for block in blocks_of(page) if block.word == "demo"]
    assert cells_of(shown.stdout) == cells_of(table)
    again = messaging_assets("demo", "--json", env=own)
    assert again.returncode == 0, again.stderr
    found = json.loads(again.stdout)
    assert {one["asset"]: one["rows_in_table"] for one in found["assets"]} == ROWS
    assert {one["asset"]: one["rows_the_api_has"] for one in found["assets"]} == ROWS
    assert all(one["is_right"] and one["checks_passed"] == one["checks"] > 1 for one in found["assets"])
    assert {one["asset"]: one["retries"] for one in found["assets"]}["messaging/messages"] == 1
    state = clean_room / "messaging_assets" / ".messaging_assets"
    demos = state / "demo" / ".messaging_assets"
    assert found["database"] == str(demos / "warehouse.duckdb")
    assert _runs(demos / "dagster") == 10
    # What `messaging-assets dev` shows knows nothing of the demo.
    assert list((state / "dagster").iterdir()) == []
    assert not (state / "warehouse.duckdb").exists()
    assert list((clean_room / "home").iterdir()) == []


def cells_of(text: str) -> list[list[str]]:
    """The demo's table without seconds, and without requests, which are fewer where the API answers slowly."""
    rows = [re.split(r" *│ *| {2,}", line.strip("│ ")) for line in text.splitlines() if re.match(r"(│ )?\w+/", line)]
    return [[*cells[:3], cells[4], cells[6]] for cells in rows if len(cells) == 7]


def _runs(dagster_home: Path) -> int:
    from dagster import DagsterInstance

    with DagsterInstance.from_config(str(dagster_home)) as instance:
        return instance.get_runs_count()


def test_the_table_shows_numbers_and_says_what_to_type(capsys: pytest.CaptureFixture[str], clean_room: Path) -> None:
    demo._print_table([WHOLE], 3.2, clean_room / "demo" / ".messaging_assets" / "warehouse.duckdb")
    shown = capsys.readouterr().out
    row = next(line for line in shown.splitlines() if "messaging/messages" in line)
    assert row.split() == ["messaging/messages", "2", "2", "0", "0", "0.0", "3/3"]
    assert "1 of 1 assets are complete and checked, in 3.2 s." in shown
    assert "connect('demo/.messaging_assets/warehouse.duckdb')" in shown
    assert "MESSAGING_ASSETS_HOME=demo make dev" in shown


@pytest.mark.parametrize(
    "wrong",
    [
        {"rows_in_table": 1},
        {"rows_in_table": 3},
        {"rows_in_table": None},
        {"checks_passed": 2},
        {"checks_passed": 0, "checks": 0},
        {"failure": "it did not answer"},
    ],
    ids=str,
)
def test_anything_that_is_not_right_gives_status_1(wrong: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = [WHOLE, demo.AssetCount(**{**vars(WHOLE), **wrong})]
    monkeypatch.setattr(demo, "_run_all", lambda *_: counts)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    shown = CliRunner().invoke(demo.demo)
    assert shown.exit_code == 1
    assert "1 of 2 assets are complete and checked" in shown.output
    assert ("it did not answer" in shown.output) == ("failure" in wrong)


def test_ctrl_c_ends_the_demo_and_starts_no_further_run() -> None:
    command = [sys.executable, "-m", "messaging_assets.cli", "demo"]
    with subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        assert program.stderr is not None
        while program.stderr.readline() != "running messaging_sync\n":
            assert program.poll() is None
        # Its run waits for a second. What comes at the very end of a run, Dagster forgets.
        time.sleep(0.2)
        program.send_signal(signal.SIGINT)
        shown, told = program.communicate(timeout=60)
    assert program.returncode == 1, told
    assert shown == ""
    assert "Aborted!" in told
    assert "running" not in told


def test_a_missing_table_counts_as_none(clean_room: Path) -> None:
    database = clean_room / "demo.duckdb"
    with duckdb.connect(str(database)) as connection:
        connection.execute("CREATE SCHEMA messaging; CREATE TABLE messaging.messages AS SELECT 1 AS id")
    counts = [demo.AssetCount("messaging/messages", 1), demo.AssetCount("messaging/others", 1)]
    demo._count_tables(counts, database)
    assert [count.rows_in_table for count in counts] == [1, None]
    untouched = [demo.AssetCount("messaging/messages", 1)]
    demo._count_tables(untouched, clean_room / "nothing.duckdb")
    assert untouched[0].rows_in_table is None
