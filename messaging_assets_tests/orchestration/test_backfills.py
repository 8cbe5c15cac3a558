"""Some months of days, read by a backfill as the UI starts one: each window once; and a range of it read again."""

from __future__ import annotations

import sys
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from messaging_assets.sandbox import Sandbox
from messaging_assets_tests.interrupted_sync import sync
from messaging_assets_tests.own_process import in_a_process
from messaging_assets_tests.programs import environment
from messaging_assets_tests.running_dagster import ask, free_port, materialize, serving

DAYS = [str(date(2024, 1, 1) + timedelta(days=number)) for number in range(366)]
# Those of the backfill; the rows of the others stay where they are.
ASKED = DAYS[:120]
# Both edges of a window and a moment within; a leap day is among the days.
TIMES = ("00:00:00Z", "11:30:00Z", "23:59:59Z")
FILE = """\
client: {base_url: "https://api.example.com", auth: {type: api_key, name: api_key, location: query}}
resources:
  - name: messages
    primary_key: id
    write_disposition: append
    endpoint: {path: v1/messages, data_selector: data, paginator: {type: offset, limit: 500}}
    columns:
      id: {data_type: text, nullable: false}
      timestamp: {data_type: timestamp}
    partitions:
      type: daily
      start: "2024-01-01"
      start_param: since
      end_param: until
      column: timestamp
      partitions_per_run: 60
"""
BACKFILL = """mutation Backfill($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
  __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
PROGRESS = """query Progress($id: String!) { partitionBackfillOrError(backfillId: $id) {
  ... on PartitionBackfill { status numPartitions error { message } } } }"""
RUNS = "{ runsOrError { ... on Runs { results { status tags { key value } } } } }"


@pytest.fixture
def year(sandbox: Sandbox) -> list[dict[str, Any]]:
    """The sandbox's messages, three for each day of the year."""
    rows = sandbox.rows("messaging", "messages")
    days = [{"timestamp": f"{day}T{moment}"} for day in DAYS for moment in TIMES]
    rows[:] = [rows[0] | day | {"id": f"msg_{number:06}"} for number, day in enumerate(days)]
    return rows


@pytest.mark.soak
@pytest.mark.minutes
def test_a_backfill_of_four_months_reads_every_window_once(clean_room: Path, sandbox: Sandbox, year: Any) -> None:
    (clean_room / "apis").mkdir()
    (clean_room / "apis" / "chat.yaml").write_text(FILE)
    port = free_port()
    command = [sys.executable, "-m", "messaging_assets.cli", "dev", "--port", str(port)]
    own = environment(
        MESSAGING_ASSETS_APIS=str(clean_room / "apis"),
        CHAT__BASE_URL=f"{sandbox.url}/messaging",
        CHAT__API_KEY=sandbox.keys["messaging"],
    )
    del own["DAGSTER_HOME"]
    with serving(command, f"http://127.0.0.1:{port}", clean_room / "dev.log", env=own) as address:
        _backfill(address, ASKED)
        runs = ask(address, RUNS)["runsOrError"]["results"]
        once = _rows(clean_room)
        windows = _windows(sandbox)
        again = {"asset_partition_range_start": DAYS[30], "asset_partition_range_end": DAYS[59]}
        year[:] = [row for row in year if not row["timestamp"].startswith("2024-02-29")]
        materialize(address, [["chat", "messages"]], **again)

    assert {run["status"] for run in runs} == {"SUCCESS"}
    assert windows == [(DAYS[0], DAYS[60]), (DAYS[60], DAYS[120])]
    assert len(once) == len(set(once)) == len(ASKED) * len(TIMES)
    assert (DAYS[30], "2024-03-01") in _windows(sandbox)
    assert _rows(clean_room) == sorted(row["id"] for row in year if row["timestamp"][:10] in ASKED)
    assert len(_rows(clean_room)) == len(once) - len(TIMES)


def _backfill(address: str, days: list[str]) -> None:
    asset = [{"path": ["chat", "messages"]}]
    launched = ask(address, BACKFILL, params={"assetSelection": asset, "partitionNames": days})
    backfill = launched["launchPartitionBackfill"]["backfillId"]
    for _ in range(600):
        progress = ask(address, PROGRESS, id=backfill)["partitionBackfillOrError"]
        if progress["status"] != "REQUESTED":
            break
        time.sleep(0.2)
    assert progress == {"status": "COMPLETED_SUCCESS", "numPartitions": len(days), "error": None}


def _windows(sandbox: Sandbox) -> list[tuple[str, str]]:
    """From which day up to which one the API was asked, each stretch once, in order."""
    asked = {(one.query["since"][:10], one.query["until"][:10]) for one in sandbox.asked("messaging", "messages")}
    return sorted(asked)


def _rows(room: Path) -> list[str]:
    database = room / "messaging_assets" / ".messaging_assets" / "warehouse.duckdb"
    with duckdb.connect(str(database), read_only=True) as connection:
        return [row[0] for row in connection.execute("SELECT id FROM chat.messages ORDER BY id").fetchall()]


@pytest.mark.soak
def test_a_year_of_single_days_is_read_day_by_day(known_sandbox: Sandbox, year: Any) -> None:
    windows = {"type": "daily", "start": DAYS[0], "start_param": "since", "end_param": "until", "column": "timestamp"}
    columns = {"id": {"data_type": "text"}, "timestamp": {"data_type": "timestamp"}}
    for number, day in enumerate(DAYS):
        known_sandbox.forget()
        ended, synced = in_a_process(
            lambda day=day: sync(  # type: ignore[misc]
                partition_key=day, partitions=windows, columns=columns, write_disposition="append"
            )
        )
        assert (ended, synced["green"]) == (0, True)
        assert _windows(known_sandbox) == [(day, (date.fromisoformat(day) + timedelta(days=1)).isoformat())]
        assert synced["metadata"]["dagster/row_count"] == (number + 1) * len(TIMES)
    assert synced["ids"] == sorted(row["id"] for row in year)
