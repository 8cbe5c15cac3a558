"""The view of all accounts in the destination: whether it is ours, whether it is as it was made, and how it is made."""

from __future__ import annotations

import hashlib
from contextlib import nullcontext, suppress

from messaging_assets.seams.dlt_names import DatabaseException, columns_in
from messaging_assets.tables.table_rows import TableRows

# What tells a view's text and its comment; nothing for what is no view.
_FOUND = {
    "duckdb": (
        "SELECT sql, comment FROM duckdb_views() WHERE database_name = current_database() "
        "AND schema_name = %s AND view_name = %s"
    ),
    "postgres": (
        "SELECT pg_get_viewdef(c.oid), obj_description(c.oid, 'pg_class') FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relname = %s AND c.relkind = 'v'"
    ),
}


class AccountView:
    """A view of all accounts, made while the dataset of all of them is the connection's.

    Its comment names the API that it is of, so that no other one's view is replaced.

    Args:
        rows: the connection.
        kind: the kind of destination.
        api: the API without an account.
        table: the table that it is of, in the file's words.
    """

    def __init__(self, rows: TableRows, kind: str, api: str, table: str) -> None:
        self.name, self.shown = rows.qualified(table), rows.qualified(table, quote=False)
        self._rows, self._client, self._query = rows, rows.client, _FOUND.get(kind)
        self.table = rows.name_of(table)
        self._place = (str(rows.client.dataset_name), self.table)
        self._sign = f"Made by the syncs of {api}; do not change it."

    @property
    def columns(self) -> list[str] | None:
        """Its columns; None where there is none, or where a table of it is gone."""
        try:
            found = columns_in(self._client, self.name)
        except DatabaseException:
            return None
        return None if found is None else list(found)

    def accounts(self, column: str) -> list[str]:
        """The accounts whose rows it shows, by the column that has their names; none where it cannot be asked."""
        query = f"SELECT DISTINCT {self._client.escape_column_name(column)} FROM {self.name}"
        with suppress(DatabaseException):
            return [str(account) for (account,) in self._rows.select(query)]
        return []

    @property
    def is_foreign(self) -> bool:
        """Whether what is there is something else's view, as far as the destination tells."""
        found = self._found()
        return found is not None and not found[1].startswith(self._sign)

    def is_as_made(self, digest: str) -> bool:
        """Whether it is as it was made, of a SELECT with this digest."""
        found = self._found()
        return found is not None and found[1] == self._comment(digest, found[0])

    def is_made(self, select: str, digest: str) -> bool:
        """Whether it could be made; a table of that name is never touched."""
        replaced = [f"CREATE OR REPLACE VIEW {self.name} AS {select}"]
        anew = [f"DROP VIEW IF EXISTS {self.name}", f"CREATE VIEW {self.name} AS {select}"]
        return self._is_done(replaced, digest) or self._is_done(anew, digest)

    def is_dropped(self) -> bool:
        """Whether it could be dropped."""
        return self._is_done([f"DROP VIEW IF EXISTS {self.name}"])

    def _is_done(self, statements: list[str], digest: str | None = None) -> bool:
        client = self._client
        with suppress(DatabaseException):
            with client.begin_transaction() if client.capabilities.supports_transactions else nullcontext():
                for statement in statements:
                    client.execute_sql(statement)
                if digest and (found := self._found()):
                    client.execute_sql(f"COMMENT ON VIEW {self.name} IS '{self._comment(digest, found[0])}'")
            return True
        return False

    def _comment(self, digest: str, text: str) -> str:
        return f"{self._sign} {digest[:16]}.{hashlib.sha256(text.encode()).hexdigest()[:16]}"

    def _found(self) -> tuple[str, str] | None:
        """The text and the comment of the view that is there."""
        found = self._rows.select(self._query, self._place) if self._query else []
        return (str(found[0][0]), str(found[0][1] or "")) if found else None
