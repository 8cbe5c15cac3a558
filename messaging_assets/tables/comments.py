"""What the file says of a table and its columns, as comments in the destination, which dlt does not write by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from messaging_assets.description.api import Resource
from messaging_assets.description.names import HISTORY
from messaging_assets.tables.notes.sync_history import MEANINGS
from messaging_assets.tables.table_rows import TableRows

# Their SQL has COMMENT ON; the destinations of these dialects are the ones that it was tried on.
_DIALECTS = frozenset({"duckdb", "postgres"})
_HISTORY = "One row for each sync of this API, and for each try that failed."


def write_comments(rows: TableRows, resource: Resource) -> None:
    """Comment the resource's table, its columns and those of `sync_history`; what has no description is left as it is.

    Args:
        rows: the dataset's tables.
        resource: says what they mean.

    Raises:
        DatabaseException: the destination's user may not.
    """
    if rows.client.capabilities.sqlglot_dialect not in _DIALECTS:
        return
    for statement in (*_of_resource(rows, resource), *_of_history(rows)):
        rows.client.execute_sql(statement)


def described(resource: Resource) -> list[Any]:
    """What changes with the comments."""
    return [resource.description, [(name, column.description) for name, column in resource.columns.items()]]


def _of_resource(rows: TableRows, resource: Resource) -> Iterator[str]:
    if not rows.was_filled(resource.table):
        return
    if resource.description:
        yield _statement(rows, "TABLE", rows.qualified(resource.table), resource.description)
    for name, column in resource.columns.items():
        # One of which no value came is not in the table yet.
        if column.description and rows.hints(resource.table, name).get("data_type"):
            place = f"{rows.qualified(resource.table)}.{rows.column(name)}"
            yield _statement(rows, "COLUMN", place, column.description)


def _of_history(rows: TableRows) -> Iterator[str]:
    if not rows.is_there(HISTORY):
        return
    yield _statement(rows, "TABLE", rows.qualified(HISTORY), _HISTORY)
    for name, words in MEANINGS.items():
        yield _statement(rows, "COLUMN", f"{rows.qualified(HISTORY)}.{rows.column(name)}", words)


def _statement(rows: TableRows, kind: str, place: str, words: str) -> str:
    # Imported late: it takes long. A comment takes no bound values.
    from sqlglot import exp

    text = exp.Literal.string(words.replace("\0", "")).sql(dialect=rows.client.capabilities.sqlglot_dialect)
    return f"COMMENT ON {kind} {place} IS {text}"
