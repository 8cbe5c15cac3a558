"""Tables of ours in a dataset: made when their first row comes, and written all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from messaging_assets.seams.dlt_names import DatabaseException, DatabaseUndefinedRelation, columns_in
from messaging_assets.tables.notes.moments import as_in_column


@dataclass(frozen=True)
class OwnTable:
    """A table that no dlt schema knows.

    Args:
        name: its name.
        columns: DuckDB's word for the type of each column, by name; other destinations get their own.
    """

    name: str
    columns: Mapping[str, str]

    def qualified(self, client: Any) -> str:
        """Its name for SQL, with its dataset."""
        return str(client.make_qualified_table_name(self.name))

    def insert(self, client: Any, values: Sequence[Any]) -> None:
        """Add a row, its values in the order of the columns."""
        places = ", ".join(["%s"] * len(self.columns))
        statement = f"INSERT INTO {self.qualified(client)} ({', '.join(self.columns)}) VALUES ({places})"
        client.execute_sql(statement, *(as_in_column(value, client) for value in values))

    def make(self, client: Any) -> None:
        """Make it.

        Raises:
            DatabaseException: it is there already, or the destination's user may not.
        """
        if not client.has_dataset():
            client.create_dataset()
        columns = ", ".join(f"{name} {kind}" for name, kind in self.columns.items())
        # Without IF NOT EXISTS, which some dialects have only as a statement around this one.
        self._execute(client, f"CREATE TABLE ours ({columns})")

    def widen(self, client: Any) -> bool:
        """Add the columns that a table of an earlier version does not have; says whether there were any.

        A table of that name that is not ours, which lacks the first column too, is left alone.
        """
        there = {name.lower() for name in columns_in(client, self.qualified(client)) or ()}
        missing = {name: kind for name, kind in self.columns.items() if name not in there}
        if next(iter(self.columns)) in missing:
            return False
        for name, kind in missing.items():
            self._execute(client, f"ALTER TABLE ours ADD COLUMN {name} {kind}")
        return bool(missing)

    def _execute(self, client: Any, statement: str) -> None:
        """Execute a statement about the table `ours` in DuckDB's words."""
        written = _in_dialect(statement, client.capabilities.sqlglot_dialect)
        client.execute_sql(written.replace("ours", self.qualified(client), 1))


@lru_cache(maxsize=64)
def _in_dialect(statement: str, dialect: str) -> str:
    # Imported late: a destination gets its table once.
    from sqlglot import parse_one

    return parse_one(statement, read="duckdb").sql(dialect=dialect)


def write(client: Any, tables: Sequence[OwnTable], do: Callable[[], None], *, is_one: bool = False) -> None:
    """Do some statements all or none, where the destination has transactions.

    Args:
        client: an open SQL client of dlt's.
        tables: those that the statements are about; made first where one is not there.
        do: what executes them.
        is_one: whether it is one statement, which needs no transaction.
    """

    def at_once() -> None:
        has_transactions = client.capabilities.supports_transactions and not is_one
        with client.begin_transaction() if has_transactions else nullcontext():
            do()

    try:
        at_once()
        return
    except DatabaseUndefinedRelation:
        pass
    except DatabaseException:
        widened = [table.widen(client) for table in tables]
        if not any(widened):
            raise
        at_once()
        return
    refused: DatabaseException | None = None
    for table in tables:
        try:
            table.make(client)
        except DatabaseException as error:  # it may be there, or another process is making it at this moment
            refused = error
    try:
        at_once()
    except DatabaseUndefinedRelation as missing:
        raise refused or missing from None
