"""Every statement of ours finds the table that dlt made, whatever the file calls it and however dlt names tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import dlt
import pytest
from dlt.pipeline.pipeline import Pipeline

from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.description.windows import Window
from messaging_assets.destination.names import REJECTED, schema_name
from messaging_assets.destination.pipelines import build_pipeline, loaded_dataset
from messaging_assets.foundation.folders import settle_environment
from messaging_assets.loading.recovery import is_loaded, take_back_unfinished
from messaging_assets.reading.receipt import Finding, Verdict
from messaging_assets.seams.dlt_settings import own_settings
from messaging_assets.tables.child_tables import remove_orphans
from messaging_assets.tables.housekeeping import tidy_up
from messaging_assets.tables.loaded_table import LoadedTable, Validity
from messaging_assets.tables.table_rows import TableMissing, table_rows
from messaging_assets.tables.taking_away import Read
from messaging_assets.tables.vanished_rows import delete_vanished
from messaging_assets.tables.window_rows import replace_window

LONG = "long" * 18
# Each shape of a name with each convention that makes something else of it; goneRows with all.
NAMED = [
    ("users", "direct"),
    ("goneRows", "snake_case"),
    ("goneRows", "direct"),
    ("goneRows", "sql_ci_v1"),
    ("Users2", "sql_ci_v1"),
    ("users_", "snake_case"),
    (LONG, "direct"),
]
DAY = datetime(2025, 3, 2, tzinfo=timezone.utc)
WINDOW = {"type": "daily", "start": "2025-01-01", "start_param": "since", "end_param": "until", "column": "createdAt"}


class Named:
    """A resource of some name, loaded by dlt as a sync would.

    Args:
        name: what the file calls it.
    """

    def __init__(self, name: str) -> None:
        self.name, self.folders = name, settle_environment().make()
        self.loads: list[str] = []

    def described(self, **more: Any) -> tuple[ApiDescription, Resource]:
        one = {"name": self.name, "endpoint": "v1/rows", "primary_key": "id", **more}
        raw = {"name": "team", "client": {"base_url": "http://sandbox.invalid"}, "resources": [one]}
        api = ApiDescription.model_validate(raw)
        return api, api.resources_in_full[self.name]

    def pipeline(self) -> Pipeline:
        return build_pipeline(*self.described(), self.folders)

    def load(self, ids: Sequence[int], table: str | None = None, disposition: Any = "append", **more: Any) -> str:
        """Load rows; the load's id."""
        rows = [{"id": one, "createdAt": DAY + timedelta(hours=one), **more} for one in ids]
        made = dlt.resource(rows, name=table or self.name, write_disposition=disposition, primary_key="id")
        api, resource = self.described()
        with own_settings():
            self.loads += self.pipeline().run(dlt.source(lambda: made, name=schema_name(api, resource))()).loads_ids
        return self.loads[-1]

    def table(self, name: str | None = None) -> LoadedTable:
        return LoadedTable(loaded_dataset(*self.described(), self.folders), name or self.name)

    def rows(self) -> int:
        counts = self.table().count(["id"], ["createdAt"])
        assert counts.exists
        assert not any(counts.nulls.values())
        return counts.rows


@pytest.fixture(params=NAMED, ids=lambda one: f"{one[0][:8]}-{one[1]}")
def named(request: pytest.FixtureRequest, clean_room: Any, monkeypatch: pytest.MonkeyPatch) -> Named:
    name, convention = request.param
    monkeypatch.setenv("SCHEMA__NAMING", convention)
    return Named(name)


@pytest.mark.sampled
def test_rows_go_by_whatever_takes_them_away(named: Named) -> None:
    api, resource = named.described(deletes="remove", maximum_deleted_share=1)
    named.load(range(10))
    newest = named.load([*range(5), 20])
    assert named.rows() == 16
    assert is_loaded(named.pipeline(), newest)

    assert delete_vanished(named.pipeline(), resource, "team", [newest], allow_many=False) == 10
    assert named.rows() == 6

    _, windowed = named.described(partitions=WINDOW, write_disposition="append")
    again = named.load([0, 1])
    replaced = replace_window(
        named.pipeline(),
        windowed,
        "team",
        Window(DAY, DAY + timedelta(hours=24), "createdAt"),
        [again],
        Read(Finding(Verdict.PROVEN, "")),
    )
    assert replaced.metadata == {"messaging_assets/rows_deleted": 6}
    assert named.rows() == 2

    killed = named.load([7, 8, 9])
    with table_rows(named.pipeline()) as rows:
        rows.client.execute_sql(f"DELETE FROM {rows.qualified('_dlt_loads')} WHERE load_id = %s", killed)
    assert take_back_unfinished(named.pipeline(), [named.name], schema_name(api, resource)) == 3
    assert named.rows() == 2


def test_rejected_rows_expire(named: Named) -> None:
    before = datetime.now(timezone.utc) - timedelta(days=91)
    named.load([1, 2], table=named.name + REJECTED, rejected_at=before)

    assert tidy_up(*named.described(), named.folders) == {"messaging_assets/rejected_expired": 2}


@pytest.mark.sampled
@pytest.mark.parametrize("named", [("goneRows", "sql_ci_v1"), (LONG, "snake_case")], indirect=True, ids=["ci", "long"])
def test_the_checks_ask_the_table_of_versions(named: Named) -> None:
    for value in ("a", "b"):
        named.load([1, 2], disposition={"disposition": "merge", "strategy": "scd2"}, value=value)

    assert named.table().count(["id"]).repeated_keys == 2
    assert named.table().count(["id"], validity=Validity("_dlt_valid_to")).repeated_keys == 0


@pytest.mark.sampled
@pytest.mark.parametrize("named", [("goneRows", "direct"), ("goneRows", "snake_case")], indirect=True, ids=["▶", "__"])
def test_nested_rows_go_with_theirs(named: Named) -> None:
    api, resource = named.described(nested="tables")
    named.load(range(3), tags=[{"n": 1}, {"n": 2}])
    with table_rows(named.pipeline()) as rows:
        rows.delete("goneRows", f"{rows.column('id')} = %s", (1,))

    assert remove_orphans(named.pipeline(), resource, schema_name(api, resource)) == 2


def test_a_long_name_is_found_where_dlt_and_the_database_have_different_limits(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DESTINATION_TYPE", "sqlalchemy")
    monkeypatch.setenv("DESTINATION__SQLALCHEMY__CREDENTIALS", f"sqlite:///{tmp_path / 'tables.db'}")
    test_rows_go_by_whatever_takes_them_away(Named(LONG))


@pytest.mark.sampled
@pytest.mark.parametrize("name", ["goneRows", LONG], ids=["capital", "long"])
def test_postgres_has_shorter_names_which_are_found_too(postgres_destination: None, name: str) -> None:
    test_rows_go_by_whatever_takes_them_away(Named(name))


def test_a_table_that_was_loaded_and_is_not_there_is_a_failure(clean_room: Any) -> None:
    named = Named("goneRows")
    _, resource = named.described(deletes="remove")
    newest = named.load(range(3))
    with table_rows(named.pipeline()) as rows:
        assert rows.count("never_loaded") == 0
        rows.client.execute_sql(f"DROP TABLE {rows.qualified('goneRows')}")

    with pytest.raises(TableMissing, match="gone_rows: rows were loaded into this table, and it is not in the dest"):
        delete_vanished(named.pipeline(), resource, "team.goneRows", [newest], allow_many=False)
