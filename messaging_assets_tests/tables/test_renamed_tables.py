"""A table that the file gives another name begins anew, and what is said of it is of that table."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets_tests.one_table import OneTable

ROWS = [{"id": number, "tags": [{"name": "a"}]} for number in range(3)]


@pytest.mark.parametrize("described", [{}, {"nested": "tables"}], ids=["one table", "child tables"])
def test_columns_and_child_tables_are_those_of_the_new_name(table: OneTable, described: dict[str, Any]) -> None:
    first = table.sync(ROWS, **described)
    renamed = table.sync(ROWS, table_name="people")
    back = table.sync(ROWS, table_name=None)

    for synced in (first, renamed, back):
        assert synced.green, synced.error
        assert synced.checks["column_schema_is_unchanged"].passed
        columns = [column.name for column in synced.metadata["dagster/column_schema"].columns]
        assert {"id", "_dlt_id", "_dlt_load_id"} <= {*columns}
    assert len(table.rows("SELECT * FROM people")) == 3
    if described:
        assert renamed.metadata["messaging_assets/child_tables"] == {"people__tags": 3}
