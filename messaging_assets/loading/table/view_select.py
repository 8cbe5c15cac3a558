"""The rows of several accounts' tables as one SELECT."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from messaging_assets.tables.table_rows import TableRows

# Whole numbers of several widths, of which the widest has them all: in DuckDB's words, and by PostgreSQL's numbers.
_WHOLE = (frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT"}), frozenset({"20", "21", "23"}))


@dataclass(frozen=True)
class AccountTable:
    """One account's table: its name for SQL, and its columns' types by the columns' names."""

    account: str
    name: str
    columns: Mapping[str, Any]


def rows_of_all(rows: TableRows, own: str, tables: Sequence[AccountTable], columns: Sequence[str]) -> str:
    """The rows of all tables as one SELECT; a column that an account does not have is null there.

    The database never chooses a type: it would take one into which some values only nearly go.

    Args:
        rows: the connection to them.
        own: the column with the account's name.
        tables: the accounts' tables.
        columns: those of all tables.
    """
    as_text = {name for name in columns if _is_mixed({str(one.columns[name]) for one in tables if name in one.columns})}
    client, alias = rows.client, rows.client.escape_column_name

    def row(account: str, found: Mapping[str, str]) -> str:
        parts = [f"{_text(client, repr(account))} AS {alias(own)}"]
        for column in columns:
            value = found.get(column, "NULL")
            parts.append(f"{_text(client, value) if column in as_text else value} AS {alias(column)}")
        return ", ".join(parts)

    selects = []
    if any(column not in one.columns for one in tables for column in columns):
        # Nulls alone have no type, so no row of any table comes first, with all columns.
        first = {
            column: f"t{place}.{alias(column)}"
            for place, one in reversed(list(enumerate(tables)))
            for column in one.columns
        }
        together = " CROSS JOIN ".join(f"{one.name} t{place}" for place, one in enumerate(tables))
        selects.append(f"SELECT {row('', first)} FROM {together} WHERE 1 = 0")
    selects += [
        f"SELECT {row(one.account, {name: alias(name) for name in one.columns})} FROM {one.name}" for one in tables
    ]
    return " UNION ALL ".join(selects)


def _text(client: Any, value: str) -> str:
    # Imported late: only a view that changes needs it.
    from sqlglot import parse_one

    cast = parse_one("CAST(place AS TEXT)", read="duckdb").sql(dialect=client.capabilities.sqlglot_dialect)
    return cast.replace("place", value, 1)


def _is_mixed(types: set[str]) -> bool:
    return len(types) > 1 and not any(types <= whole for whole in _WHOLE)
