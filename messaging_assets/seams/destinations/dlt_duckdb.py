"""A DuckDB destination whose writers wait for each other.

DuckDB lets one process at a time open a file; dlt gives up at once when another has it. DuckDB's own lock dies with its
process. dlt holds it only while it loads, never while the API is read. So waiting for it is all that is needed.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import cached_property
from typing import Any, ClassVar

import dlt
import duckdb as duckdb_library

# Since dlt 1.30: the types of what is overridden here.
from dlt.common.destination import DestinationCapabilitiesContext
from dlt.common.pipeline import LoadInfo

# Since dlt 1.30: these four methods put our connections, our job and a column's constraints in place of dlt's.
from dlt.destinations.impl.duckdb.duck import DuckDbClient, DuckDbCopyJob

# Since dlt 1.30: `open_connection` is the one place where dlt opens the file.
from dlt.destinations.impl.duckdb.sql_client import DuckDbSqlClient
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from messaging_assets.seams.dlt_packages import OnePipeline
from messaging_assets.seams.dlt_settings import are_held

LONGEST_WAIT = 600.0
# For each thread; what a scan groups goes to the disk beyond that, and takes no longer.
LITTLE_MEMORY = 40 * 2**20
_UNITS = {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_LOCKED = re.compile(r"Could not set lock on file.*?(?:\(PID (\d+)\)|$)", re.DOTALL)
_INTERRUPTED = "Query interrupted"
_logger = logging.getLogger(__name__)


class DatabaseHeld(Exception):
    """Another process held the DuckDB file for longer than the bound; the text names it.

    Args:
        what: what happened, without what to do.
    """

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"{what}; end it or close its connection, and run again.")


def _is_locked(error: BaseException) -> bool:
    return bool(_LOCKED.search(str(error)))


def _holder(error: BaseException | None) -> str:
    found = _LOCKED.search(str(error))
    return f"process {found[1]}" if found and found[1] else "another process"


class _WaitingSqlClient(DuckDbSqlClient):
    """Opens its connection as soon as no other process has the file."""

    # Seconds; None for the bound of all syncs.
    longest_wait: float | None = None

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        # What dlt asks each connection for is what DuckDB does anyhow, and to ask takes longer than to connect.
        self._pragmas: list[str] = []

    @contextmanager
    def in_little_memory(self) -> Iterator[None]:
        """Let the queries of a block use a disk in place of memory; a smaller bound of the user's stays."""
        settings = "SELECT current_setting('memory_limit'), current_setting('threads')"
        [(before, threads)] = self.native_connection.execute(settings).fetchall()
        number, _, unit = str(before).partition(" ")
        # What DuckDB says is rounded down; a little more is said in the same way.
        step = _UNITS.get(unit, 0)
        whole = int(float(number) * step) + step // 1024
        little = LITTLE_MEMORY * int(threads)
        if whole > little:
            # Other connections may hold more than that now.
            with suppress(duckdb_library.Error):
                self.native_connection.execute(f"SET memory_limit = '{little}B'")
        try:
            yield
        finally:
            if whole > little:
                self.native_connection.execute(f"SET memory_limit = '{whole}B'")

    @contextmanager
    def execute_query(self, query: Any, *args: Any, **kwargs: Any) -> Iterator[Any]:
        """See DuckDbSqlClient.

        Raises:
            KeyboardInterrupt: a signal came meanwhile. DuckDB puts an error like others in the place of what the
                signal's handler raised. So a run that was to end would try its step again.
        """
        try:
            with super().execute_query(query, *args, **kwargs) as cursor:
                yield cursor
        except RuntimeError as error:
            if str(error) == _INTERRUPTED:
                raise KeyboardInterrupt from None
            raise

    def open_connection(self) -> duckdb_library.DuckDBPyConnection:
        """See DuckDbSqlClient; waits up to `LONGEST_WAIT` seconds, with one log line that says for whom."""
        started = time.monotonic()

        def tell(state: RetryCallState) -> None:
            if state.attempt_number == 1 and state.outcome:
                holder = _holder(state.outcome.exception())
                _logger.warning("waiting for %s, which holds the DuckDB file", holder)

        waiting = Retrying(
            retry=retry_if_exception(_is_locked),
            stop=stop_after_delay(LONGEST_WAIT if self.longest_wait is None else self.longest_wait),
            wait=wait_random_exponential(multiplier=0.02, max=0.5),
            before_sleep=tell,
            reraise=True,
        )
        try:
            connection: duckdb_library.DuckDBPyConnection = waiting(super().open_connection)
        except Exception as error:
            if not _is_locked(error):
                raise
            holder, waited = _holder(error), time.monotonic() - started
        else:
            # A table that is not there yet is none, even where dlt has a variable of its name, such as `cur`.
            try:
                with suppress(duckdb_library.CatalogException):
                    connection.execute("SET python_enable_replacements = false")
            except BaseException:
                # Who asked for it never closes what was not opened, and the pool would hold the file.
                self.close_connection()
                raise
            return connection
        raise DatabaseHeld(f"{holder} has held the DuckDB file for {waited:.0f} s")


class PlainCopyJob(DuckDbCopyJob):
    """Loads a Parquet file wherever it lies.

    DuckDB takes a folder `name=value` above a file for a column of its rows, whose values it would put in their place.
    """

    def run(self) -> None:
        """See DuckDbCopyJob."""
        client = self._job_client.sql_client
        table, path = client.make_qualified_table_name(self.load_table_name), self._file_path.replace("'", "''")
        file = f"read_parquet('{path}', union_by_name = true, hive_partitioning = false)"
        client.execute_sql(f"INSERT INTO {table} BY NAME SELECT * FROM {file}")


class _WaitingClient(DuckDbClient):
    def __init__(self, schema: Any, config: Any, capabilities: Any) -> None:
        super().__init__(schema, config, capabilities)
        self.sql_client = _WaitingSqlClient(
            self.sql_client.dataset_name,
            self.sql_client.staging_dataset_name,
            config.credentials,
            capabilities,
        )

    def _make_add_column_sql(self, new_columns: Any, table: Any = None) -> list[str]:
        """See DuckDbClient; before 2.0 DuckDB adds no column with a constraint, so that comes behind it."""
        clauses: list[str] = []
        for column in new_columns:
            without: Any = {**column, "nullable": True}
            clauses += super()._make_add_column_sql([without], table)
            if column.get("nullable") is False:
                clauses.append(f"ALTER COLUMN {self.sql_client.escape_column_name(column['name'])} SET NOT NULL")
        return clauses

    def create_load_job(self, table: Any, file_path: str, load_id: str, restore: bool = False) -> Any:
        if file_path.endswith(".parquet"):
            return PlainCopyJob(file_path)
        return super().create_load_job(table, file_path, load_id, restore)


class duckdb(dlt.destinations.duckdb):  # noqa: N801 - dlt takes the destination's type, and so its configuration, from this name
    """dlt's DuckDB destination, with writers that wait."""

    _known: ClassVar[dict[Any, DestinationCapabilitiesContext]] = {}

    @cached_property
    def _configured(self) -> dict[Any, Any]:
        return {}

    @cached_property
    def _pools(self) -> dict[str, Any]:
        return {}

    def configuration(self, initial_config: Any, accept_partial: bool = False) -> Any:
        """See Destination; looked up once for a pipeline, where dlt does it for each of a sync's twenty connections."""
        if accept_partial or not initial_config:
            return super().configuration(initial_config, accept_partial)
        # Whether our settings win decides what is found.
        key = repr(dict(initial_config)), are_held()
        if key not in self._configured:
            self._configured[key] = super().configuration(initial_config)
        # Since dlt 1.30: a copy has no connections yet, and `on_resolved` makes room for a client's own.
        found = self._configured[key].copy()
        found.credentials.on_resolved()
        # Of one file and one way to open it there is one room: while a block has the file open, connections that other
        # steps ask for are copies of its own, which need not be set up.
        credentials = found.credentials
        way = repr([(name, value) for name, value in credentials.items() if name != "conn_pool"])
        credentials.conn_pool = self._pools.setdefault(way, credentials.conn_pool)
        return found

    def capabilities(self, config: Any = None, naming: Any = None) -> DestinationCapabilitiesContext:
        """See Destination; found out once, where dlt looks all of its configuration up twenty times a load."""
        if config is not None:
            return super().capabilities(config, naming)
        key = naming and (naming.name(), naming.max_length)
        if key not in self._known:
            self._known[key] = super().capabilities(None, naming)
        return self._known[key].copy()

    def _raw_capabilities(self) -> DestinationCapabilitiesContext:
        capabilities = super()._raw_capabilities()
        # Since dlt 1.30: dlt leaves this open. Then what a merge deletes is committed before what it inserts.
        capabilities.supports_transactions = True
        return capabilities

    @property
    def client_class(self) -> type[DuckDbClient]:
        """The client whose connections wait."""
        return _WaitingClient


class OneOpening(OnePipeline):
    """A pipeline that opens the DuckDB file once for a load, not once for each of the load's steps.

    DuckDB opens a file once for all connections of a process. It writes what was committed into the file's pages when
    the last of them is closed. Rows of the staging table, which are deleted again, need not get there at all.
    """

    def load(self, *args: Any, **kwargs: Any) -> LoadInfo:
        """See Pipeline."""
        with self.sql_client():
            return super().load(*args, **kwargs)

    def _sync_destination(self, *args: Any, **kwargs: Any) -> None:
        """See Pipeline; state and schemas are asked for one after the other."""
        # Without a schema dlt would make one of the pipeline's name, which may be too long for one.
        with self.sql_client() if self.default_schema_name else nullcontext():
            super()._sync_destination(*args, **kwargs)


def one_opening(name: str, **settings: Any) -> OneOpening:
    """What `dlt.pipeline` makes, as a pipeline that opens the file once.

    Args:
        name: the pipeline's name.
        settings: the other arguments of `dlt.pipeline`.
    """
    # Since dlt 1.30: `dlt.pipeline` settles many arguments before it calls the class, so it is told which.
    return dlt.pipeline(name, _impl_cls=OneOpening, **settings)
