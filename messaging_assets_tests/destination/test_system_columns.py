"""PostgreSQL keeps some names of columns for itself; a field of that name is told, and a step renames it."""

from __future__ import annotations

from messaging_assets_tests.one_table import OneTable


def test_a_field_with_the_name_of_a_system_column_is_told_and_can_be_renamed(postgres_table: OneTable) -> None:
    assert postgres_table.sync([{"id": 1}]).green
    box = [{"id": 1}, {"id": 2, "xmin": 0.5}]
    refused = postgres_table.sync(box)
    assert not refused.green
    assert "PostgreSQL keeps the column name xmin for itself; let steps give that field another name" in refused.error

    renamed = postgres_table.sync(box, steps=[{"rename": {"xmin": "x_min"}}])
    assert renamed.green, renamed.error
    assert [row["x_min"] for row in postgres_table.rows()] == [None, 0.5]
