"""Files that are not on this machine are read by DuckDB 2, too, which dlt asks in a way that is gone."""

from __future__ import annotations

from functools import lru_cache, wraps
from typing import Any


class _Executing:
    """A connection of DuckDB whose `sql` gives what holds a result: relations have no `fetchone` since DuckDB 2."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def sql(self, query: str) -> Any:
        return self._connection.execute(query)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


@lru_cache(maxsize=1)
def let_files_be_read() -> None:
    """Let dlt tell DuckDB the secrets of a bucket, whatever DuckDB; once a process."""
    # Imported late: few have files for a destination.
    # Since dlt 1.30: `create_secret` takes the first row of a relation.
    from dlt.destinations.impl.duckdb.sql_client import DuckDbSqlClient

    theirs = DuckDbSqlClient.create_secret

    @wraps(theirs)
    def create_secret(self: Any, *args: Any, **options: Any) -> bool:
        connection = self._conn
        self._conn = _Executing(connection)
        try:
            return bool(theirs(self, *args, **options))
        finally:
            self._conn = connection

    DuckDbSqlClient.create_secret = create_secret  # type: ignore[method-assign]
