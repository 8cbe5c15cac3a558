"""The file says otherwise than before how rows are merged: the table goes by what it says now, or nothing is asked."""

from __future__ import annotations

from typing import Any

import dlt
import pytest

from messaging_assets.foundation.failures import MendDescription
from messaging_assets.loading.source import build_source, forget_hints
from messaging_assets_tests.one_table import OneTable

# Nothing but the test opens the file.
pytestmark = pytest.mark.usefixtures("open_database")

ROWS = [{"id": number, "name": f"row {number}", "gone": number == 2} for number in range(4)]
VERSIONS = {"disposition": "merge", "strategy": "scd2"}
SAID_BEFORE: list[dict[str, Any]] = [
    {"write_disposition": {"disposition": "merge", "strategy": "insert-only"}},
    {"write_disposition": {"disposition": "merge", "strategy": "upsert", "source_filter": "id < 3"}},
    {"write_disposition": {"disposition": "merge", "strategy": "upsert", "skip_unchanged_rows": True}},
    {"columns": {"gone": {"data_type": "bool", "hard_delete": True}}},
    {"columns": {"name": {"data_type": "text", "dedup_sort": "asc"}}},
    {"merge_key": "name"},
    {"primary_key": ["id", "name"]},
]


def hints(table: OneTable, before: dlt.Schema | None = None, **resource: Any) -> dlt.Schema:
    """dlt's schema behind an extract of a resource as a file says it, beginning with what one before it left."""
    description = table.describe(**resource)
    [one] = description.resources_in_full.values()
    schema = before or dlt.Schema("chat")
    forget_hints(schema, one, "chat.list", is_anew=False)
    source = build_source(description, one, lambda: iter(()), one.write_disposition)
    [reader] = source.resources.values()
    schema.update_table(reader.compute_table_schema())
    return schema


@pytest.mark.parametrize("before", SAID_BEFORE)
def test_nothing_is_left_of_what_the_file_said_of_merging(one_table: OneTable, before: dict[str, Any]) -> None:
    plain: dict[str, Any] = {"write_disposition": "merge", "primary_key": "id", "columns": {}, "merge_key": None}
    now = hints(one_table, hints(one_table, **plain | before), **plain)
    fresh = hints(one_table, **plain)

    [name] = (one for one in fresh.tables if not one.startswith("_dlt"))
    left, made = now.tables[name], fresh.tables[name]
    assert {key for key in left if key.startswith("x-merge")} == {key for key in made if key.startswith("x-merge")}
    for column, said in left["columns"].items():
        assert said.keys() - {"data_type"} <= {"name", "nullable"} | made["columns"].get(column, {}).keys()


@pytest.mark.parametrize(
    "now",
    [
        "merge",
        "append",
        "replace",
        VERSIONS | {"validity_column_names": ["since", "until"]},
        VERSIONS | {"active_record_timestamp": "9999-12-31"},
    ],
)
def test_versions_are_refused_where_the_file_does_not_keep_them_any_more(one_table: OneTable, now: Any) -> None:
    kept = hints(one_table, write_disposition=VERSIONS)
    hints(one_table, kept, write_disposition=VERSIONS)
    with pytest.raises(MendDescription, match=r"keeps old versions of rows .* run it once with full_refresh"):
        hints(one_table, kept, write_disposition=now)


def test_rows_that_a_file_deleted_once_come_back_when_it_does_not_any_more(one_table: OneTable) -> None:
    assert one_table.sync(ROWS, columns={"gone": {"data_type": "bool", "hard_delete": True}}).green
    before = one_table.rows()
    synced = one_table.sync(columns={})

    assert synced.green, synced.error
    assert (len(before), len(one_table.rows())) == (3, 4)


def test_a_table_of_versions_is_left_as_it_is_until_a_full_refresh(one_table: OneTable) -> None:
    one_table.sync(ROWS, write_disposition=VERSIONS)
    failed = one_table.sync(ROWS[:2], write_disposition="merge")
    kept = one_table.rows()

    assert "keeps old versions of rows (scd2)" in failed.error
    assert failed.receipt["requests"] == 0
    assert len(kept) == len(ROWS)
