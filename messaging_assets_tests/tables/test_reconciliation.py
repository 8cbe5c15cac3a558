"""Every load is held against the table: rows that were written and are not there make it red, and are read again."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from dlt.common.storages.load_package import PackageStorage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from messaging_assets.foundation.folders import settle_environment
from messaging_assets.sandbox import Fault
from messaging_assets.seams.destinations.dlt_duckdb import OneOpening
from messaging_assets.seams.dlt_settings import OURS
from messaging_assets.tables.failed_loads import remove_failed_loads
from messaging_assets_tests.one_table import API, OneTable

ROWS = [{"id": number, "name": f"n{number}"} for number in range(5)]


def merge(strategy: str, **options: Any) -> dict[str, Any]:
    return {"write_disposition": {"disposition": "merge", "strategy": strategy, **options}}


WAYS: dict[str, dict[str, Any]] = {
    "append": {"write_disposition": "append"},
    "replace": {"write_disposition": "replace"},
    "merge": {"write_disposition": "merge"},
    "merge without a key": {"write_disposition": "merge", "primary_key": None},
    "upsert": merge("upsert"),
    "upsert what changed": merge("upsert", skip_unchanged_rows=True, row_version_column_name="version"),
    "insert-only": merge("insert-only"),
    "scd2": merge("scd2"),
    "by a merge key": {"write_disposition": "merge", "primary_key": None, "merge_key": "name"},
    "sorted": {"write_disposition": "merge", "columns": {"version": {"data_type": "bigint", "dedup_sort": "desc"}}},
    "hard deletes": {"write_disposition": "merge", "columns": {"gone": {"data_type": "bool", "hard_delete": True}}},
    "sorted hard deletes": {
        "write_disposition": "merge",
        "columns": {
            "version": {"data_type": "bigint", "dedup_sort": "desc"},
            "gone": {"data_type": "bool", "hard_delete": True},
        },
    },
    "nested": {"write_disposition": "merge", "nested": "tables"},
    "nested and replaced": {"write_disposition": "replace", "nested": "tables"},
    "nested versions": {**merge("scd2"), "nested": "tables"},
}


class Losses:
    """A destination that loses rows behind dlt's back, once dlt says that they are loaded."""

    def __init__(self) -> None:
        self.statement = ""

    def apply(self, pipeline: Any) -> None:
        statement, self.statement = self.statement, ""
        if statement:
            with pipeline.sql_client() as client:
                client.execute_sql(statement)


@pytest.fixture
def losses(monkeypatch: pytest.MonkeyPatch) -> Losses:
    losses, load = Losses(), OneOpening.load

    def losing(self: OneOpening, *args: Any, **kwargs: Any) -> Any:
        info = load(self, *args, **kwargs)
        losses.apply(self)
        return info

    monkeypatch.setattr(OneOpening, "load", losing)
    return losses


def begin_anew(one_table: OneTable) -> None:
    for dataset in (API, f"{API}_staging"):
        one_table.execute(f"DROP SCHEMA IF EXISTS {dataset} CASCADE")
    shutil.rmtree(settle_environment().make().pipelines)
    one_table.described = {"primary_key": "id"}


records = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.integers(0, 4),
            "name": st.sampled_from(["a", "b"]),
            "version": st.integers(0, 3),
            "gone": st.booleans(),
            "tags": st.lists(st.integers(0, 9), max_size=2),
        }
    ),
    max_size=6,
)


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(way=st.sampled_from(sorted(WAYS)), first=records, second=records)
def test_what_dlt_writes_as_it_should_is_never_taken_for_a_loss(one_table, way, first, second):
    begin_anew(one_table)
    described = WAYS[way]

    for rows in (first, second):
        kept = rows if way in ("append", "by a merge key") else list({row["id"]: row for row in rows}.values())
        synced = one_table.sync(kept if "sorted" not in way else rows, **{"maximum_deleted_share": 1.0, **described})
        assert synced.green, (way, synced.error)


@pytest.mark.sampled
@pytest.mark.parametrize("way", ["append", "replace", "merge", "scd2", "insert-only"])
def test_a_row_that_dlt_lost_makes_the_load_red_and_is_read_again(one_table, losses, way):
    losses.statement = "DELETE FROM resource_name WHERE id = 3"

    synced = one_table.sync(ROWS, **WAYS[way])

    assert not synced.green
    assert "rows, and was to have 5" in synced.error or "and was to have 5 or more" in synced.error
    assert "the table resource_name has" in synced.error
    assert one_table.sync(**WAYS[way]).green
    assert [row["id"] for row in one_table.rows("SELECT id FROM resource_name ORDER BY id")] == [0, 1, 2, 3, 4]


def test_rows_of_a_child_table_and_of_the_rejected_are_missed_too(one_table, losses):
    rows = [{"id": 1, "tags": [1, 2, 3]}, {"id": None, "tags": []}]
    losses.statement = "DELETE FROM resource_name__tags WHERE value = 2"
    assert (
        "the table resource_name__tags has of this load 2 rows, and was to have 3"
        in one_table.sync(rows, nested="tables").error
    )

    losses.statement = "DELETE FROM resource_name__rejected"
    assert "the table resource_name__rejected has of this load 0 rows, and was to have 1" in one_table.sync().error


def test_rows_that_another_writer_adds_to_a_replaced_table_are_seen(one_table, losses):
    losses.statement = "INSERT INTO resource_name (id, _dlt_id, _dlt_load_id) VALUES (99, 'x', 'y')"

    assert "has in all 6 rows, and was to have 5" in one_table.sync(ROWS, write_disposition="replace").error


def test_a_cursor_does_not_pass_rows_that_were_lost(one_table, losses):
    """Else the next run would ask for what is newer than rows that are not there."""
    losses.statement = "DELETE FROM resource_name WHERE id = 3"
    assert not one_table.sync(ROWS, write_disposition="append").green

    left = one_table.rows("SELECT COUNT(*) AS loads FROM _dlt_loads")

    assert left == [{"loads": 0}]


# A package that the destination refuses for good.


@contextmanager
def refusing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What an earlier version's config.toml did: dlt adds a column that no table has."""
    with monkeypatch.context() as patched:
        patched.setitem(OURS["parquet_normalizer"], "add_dlt_id", True)
        yield


def test_a_package_that_is_refused_for_good_is_put_away_and_the_next_run_reads_anew(one_table, monkeypatch):
    with refusing(monkeypatch):
        refused = one_table.sync(ROWS)
    assert not refused.green
    assert "Table resource_name does not have a column with name _dlt_id_1" in refused.error
    [package] = settle_environment().failed_loads.glob("*/*")
    assert package.joinpath("why.txt").read_text().strip() in refused.error
    assert str(package.relative_to(settle_environment().home)) in refused.error
    assert list(package.glob(f"{PackageStorage.NEW_JOBS_FOLDER}/resource_name*.parquet"))

    assert one_table.sync().green
    assert one_table.rows() == ROWS


def _pending(one_table: OneTable, **resource: Any) -> None:
    """Let a package wait to be loaded that no try can load, as an earlier version of this package left it."""
    with patch("messaging_assets.tables.failed_loads.put_away", lambda *args: None):
        assert not one_table.sync(ROWS, **resource).green
    assert one_table.pipeline().list_normalized_load_packages()


@pytest.mark.sampled
@pytest.mark.parametrize("disposition", ["merge", "append"])
def test_a_waiting_package_that_cannot_be_loaded_holds_nobody_up(one_table, monkeypatch, disposition):
    with refusing(monkeypatch):
        _pending(one_table, write_disposition=disposition)

    assert one_table.sync().green
    assert one_table.rows() == ROWS


def test_only_the_newest_packages_are_kept_and_not_for_ever(one_table, monkeypatch):
    with refusing(monkeypatch):
        for _ in range(4):
            one_table.sync(ROWS[:1])
    folders = settle_environment()
    kept = sorted(folders.failed_loads.glob("*/*"))
    assert len(kept) == 3

    old = time.time() - 2 * 24 * 3600
    os.utime(kept[0] / "why.txt", (old, old))
    remove_failed_loads(folders, days=1)

    assert sorted(folders.failed_loads.glob("*/*")) == kept[1:]


def test_what_is_refused_for_good_is_not_tried_again_and_the_last_words_are_ours(one_table, monkeypatch):
    tried = {"error_handler": {"max_retries": 2, "backoff_factor": 0}}
    endpoint = {**one_table.describe().resources_in_full["resource_name"].endpoint.model_dump(exclude_unset=True)}
    with refusing(monkeypatch):
        refused = one_table.run(ROWS, endpoint={**endpoint, **tried})
    assert refused.tries == 1

    one_table.sandbox.faults.clear()
    one_table.sandbox.fault(Fault(api=API, status=500))
    busy = one_table.run(endpoint={**endpoint, **tried})
    [failed] = [str(event.step_failure_data.error) for event in busy.events if event.is_step_failure]
    assert busy.tries == 3
    assert "Exceeded max_retries" not in failed
    assert "answered 500" in failed
