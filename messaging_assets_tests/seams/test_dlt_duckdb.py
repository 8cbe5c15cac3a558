"""What our DuckDB destination does in place of dlt's; that its writers wait is proven with the destination."""

from __future__ import annotations

from typing import Any

from messaging_assets_tests.one_table import OneTable


def test_a_constraint_comes_behind_its_column_as_duckdb_needs_it_before_2(one_table: OneTable) -> None:
    columns: list[Any] = [
        {"name": "id", "data_type": "bigint", "nullable": False},
        {"name": "size", "data_type": "bigint"},
    ]
    one_table.sync([{"id": 1}])
    with one_table.pipeline().destination_client() as client:
        added = client._make_add_column_sql(columns)  # type: ignore[attr-defined]

    assert [" ".join(clause.split()) for clause in added] == [
        'ADD COLUMN "id" BIGINT',
        'ALTER COLUMN "id" SET NOT NULL',
        'ADD COLUMN "size" BIGINT',
    ]
