"""A PostgreSQL destination that takes rows by COPY from Parquet, where dlt writes INSERT statements.

dlt's own COPY reads a CSV file in which an empty text is null and bytes are no bytes. Its way with ADBC needs two more
packages, and columns of another type. Here Arrow writes the CSV: every value in quotes, and null as nothing at all.

Its connections speak in one way, whatever the server, the database, the role or the environment says: in UTC and UTF-8.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import dlt
import psycopg2
import psycopg2.errors
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as parquet

# Since dlt 1.30: what a load job is, and that a merge follows it.
from dlt.common.destination.client import HasFollowupJobs, RunnableLoadJob

# Since dlt 1.30: what is not tried again.
from dlt.destinations.exceptions import DatabaseTerminalException

# Since dlt 1.30: the types of PostgreSQL's columns; it takes `json` in place of `jsonb` for a Parquet file.
from dlt.destinations.impl.postgres.factory import PostgresTypeMapper

# Since dlt 1.30: `create_load_job` chooses the job for a file.
from dlt.destinations.impl.postgres.postgres import PostgresClient

# Since dlt 1.30: `_reset_connection` is what each connection begins with; another tells what would fail again.
from dlt.destinations.impl.postgres.sql_client import Psycopg2SqlClient

_ROWS = 10_000
# A server, a database or the environment may say otherwise. In another zone the last moments are in year 10000,
# which Python has not; fewer digits would read another number than was written.
_SPOKEN = (
    "SET timezone TO 'UTC'; SET datestyle TO 'ISO'; SET extra_float_digits TO 3; "
    "SET standard_conforming_strings TO on; SET default_transaction_isolation TO 'read committed'"
)
# dlt would try them again: what is beyond what the server can keep or do, what a trigger refuses, and an operator of
# columns whose types somebody changed.
_FOR_GOOD = (
    *(psycopg2.errors.ProgramLimitExceeded, psycopg2.errors.TooManyColumns, psycopg2.errors.StatementTooComplex),
    *(psycopg2.errors.FeatureNotSupported, psycopg2.errors.RaiseException, psycopg2.errors.UndefinedFunction),
)


class _CopyJob(RunnableLoadJob, HasFollowupJobs):
    """Loads a Parquet file by one statement; the server takes some thousand rows while the next are written."""

    _job_client: PostgresClient

    def run(self) -> None:
        client = self._job_client.sql_client
        table = client.make_qualified_table_name(self.load_table_name)
        with parquet.ParquetFile(self._file_path) as file, client.begin_transaction():
            statement = copy_statement(table, map(client.escape_column_name, file.schema_arrow.names))
            try:
                with client.native_connection.cursor() as cursor:
                    cursor.copy_expert(statement, _Parts(map(as_csv, file.iter_batches(_ROWS))))
            except psycopg2.Error as error:
                # Lines behind the first quote the row, and dlt would log them.
                first = type(error)(str(error).partition("\n")[0])
                # Since dlt 1.30: tells what would fail again from what may pass, as its decorator of a method does.
                raise client._make_database_exception(first) from None


class _Parts:
    """What psycopg2 takes for a file; a part may be longer than it asks for."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts

    def read(self, size: int) -> bytes:
        """The next part; nothing at the end."""
        return next(self._parts, b"")


def copy_statement(table: str, columns: Iterable[str]) -> str:
    """The statement that reads what `as_csv` writes.

    Args:
        table: its name for SQL.
        columns: theirs, in the order of the rows.
    """
    return f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT csv, NULL '', ENCODING 'UTF8')"


def as_csv(batch: Any) -> bytes:
    """Rows as PostgreSQL reads them: null is nothing, all else stands in quotes, an empty text too.

    Args:
        batch: an Arrow record batch.
    """
    columns = [_quickly_written(column) for column in batch.columns]
    written = pa.BufferOutputStream()
    options = arrow_csv.WriteOptions(include_header=False, quoting_style="all_valid")
    arrow_csv.write_csv(pa.record_batch(columns, batch.schema.names), written, options)
    return bytes(written.getvalue())


def _quickly_written(column: Any) -> Any:
    if pa.types.is_timestamp(column.type) and column.type.tz:
        # In UTC without saying so, as the connection takes it: a zone costs Arrow the time of ten columns.
        return column.cast(pa.timestamp(column.type.unit))
    return _hex(column) if pa.types.is_binary(column.type) else column


def _hex(column: Any) -> Any:
    return pa.array([None if value is None else f"\\x{value.hex()}" for value in column.to_pylist()], pa.string())


class _Types(PostgresTypeMapper):
    def to_destination_type(self, column: Any, table: Any) -> str:
        if column["data_type"] == "json":
            return str(self.sct_to_unbound_dbt["json"])
        return str(super().to_destination_type(column, table))


class _PlainSqlClient(Psycopg2SqlClient):
    def _reset_connection(self) -> None:
        super()._reset_connection()
        self._conn.set_client_encoding("UTF8")
        with self._conn.cursor() as cursor:
            cursor.execute(_SPOKEN)

    @classmethod
    def _make_database_exception(cls, ex: Exception) -> Exception:
        if isinstance(ex, _FOR_GOOD):
            return DatabaseTerminalException(ex)
        return super()._make_database_exception(ex)


class _CopyingClient(PostgresClient):
    def __init__(self, schema: Any, config: Any, capabilities: Any) -> None:
        super().__init__(schema, config, capabilities)
        theirs = self.sql_client
        self.sql_client = _PlainSqlClient(
            theirs.dataset_name, theirs.staging_dataset_name, config.credentials, capabilities
        )

    def create_load_job(self, table: Any, file_path: str, load_id: str, restore: bool = False) -> Any:
        if file_path.endswith(".parquet"):
            return _CopyJob(file_path)
        return super().create_load_job(table, file_path, load_id, restore)

    # Since dlt 1.30: writes a column of CREATE TABLE, in the staging dataset too, with UNIQUE for `_dlt_id`. A
    # staging table is read once and whole, so an index of it costs as much as the rows and serves nobody; but by
    # `staging-optimized` it becomes the table.
    def _get_column_def_sql(self, c: Any, table: Any = None) -> str:
        is_kept = (table or {}).get("x-replace-strategy") == "staging-optimized"
        left_out = self.active_hints if self.in_staging_dataset_mode and not is_kept else {}
        kept = {name: value for name, value in c.items() if name not in left_out}
        return str(super()._get_column_def_sql(kept, table))  # type: ignore[arg-type]


class postgres(dlt.destinations.postgres):  # noqa: N801 - dlt takes the destination's type, and so its configuration, from this name
    """dlt's PostgreSQL destination, which copies.

    Attributes:
        loads_parquet: that its jobs take Parquet files, without ADBC.
    """

    loads_parquet = True

    def _raw_capabilities(self) -> Any:
        capabilities = super()._raw_capabilities()
        capabilities.type_mapper = _Types
        capabilities.preferred_loader_file_format = "parquet"
        # Since dlt 1.30: dlt takes Parquet off the list where ADBC is not installed.
        capabilities.loader_file_format_selector = None  # type: ignore[assignment]
        return capabilities

    @property
    def client_class(self) -> type[PostgresClient]:
        """The client whose jobs copy."""
        return _CopyingClient
