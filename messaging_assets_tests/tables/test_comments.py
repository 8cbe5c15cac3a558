"""What the file says of a table and its columns stands in the destination's catalog."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets_tests.one_table import RESOURCE, OneTable

WORDS = 'The person\'s name; 100 % of them, %s {too}, \\ and "quotes"\nin two lines'
COLUMNS = {"id": {"description": "Who."}, "name": {"description": WORDS}, "never": {"description": "No value yet."}}


def comments(table: OneTable, name: str = RESOURCE) -> dict[str, Any]:
    """The comment of a table, under no name, and of its columns."""
    with table.sql() as client:
        if client.capabilities.sqlglot_dialect == "duckdb":
            query = (
                f"SELECT '' AS name, comment FROM duckdb_tables() WHERE table_name = '{name}' UNION ALL "
                f"SELECT column_name, comment FROM duckdb_columns() WHERE table_name = '{name}'"
            )
        else:
            query = (
                "SELECT COALESCE(a.attname, '') AS name, d.description AS comment FROM pg_description d "
                "JOIN pg_class c ON c.oid = d.objoid LEFT JOIN pg_attribute a "
                f"ON a.attrelid = c.oid AND a.attnum = d.objsubid AND a.attnum > 0 WHERE c.relname = '{name}'"
            )
        return {row[0]: row[1] for row in client.execute_sql(query) or [] if row[1]}


@pytest.mark.sampled
def test_descriptions_of_the_file_are_comments_in_the_catalog(table: OneTable) -> None:
    table.sync([{"id": 1, "name": "x", "mute": 1}], description="People's rows.", columns=COLUMNS)
    assert comments(table) == {"": "People's rows.", "id": "Who.", "name": WORDS}
    assert comments(table, "sync_history")["verdict"].startswith("How complete the read was")


@pytest.mark.sampled
def test_a_changed_description_is_there_with_the_next_sync(table: OneTable) -> None:
    table.sync([{"id": 1}], columns={"id": {"description": "Who."}})
    table.execute(f"COMMENT ON TABLE {RESOURCE} IS 'by hand'")
    table.sync([{"id": 1}], columns={"id": {"description": "Whose."}})
    assert comments(table) == {"": "by hand", "id": "Whose."}
