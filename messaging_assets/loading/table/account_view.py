"""The tables of all accounts of one resource as one view, with the account's name as a column.

Each account keeps a table of its own. So whatever takes rows away, or goes on behind an interruption, knows of no other
account. The view shows the rows of all of them as they are at each moment.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any

from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.description.names import HISTORY
from messaging_assets.destination.names import REJECTED
from messaging_assets.destination.pipelines import destination_profile, loaded_dataset
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.foundation.folders import ProjectFolders
from messaging_assets.foundation.private_files import write_private
from messaging_assets.seams.dlt_names import DatabaseException, DatabaseUndefinedRelation, columns_of, types_in
from messaging_assets.seams.dlt_settings import own_settings
from messaging_assets.tables.table_rows import TableRows, dataset_rows, limited

# Seconds to wait for the DuckDB file; a view that is made anew is the end of a sync, whose rows are loaded.
_WAIT = 60.0


@dataclass(frozen=True)
class _Table:
    """One account's table: its name for SQL, and its columns' types by the columns' names."""

    account: str
    name: str
    columns: Mapping[str, Any]


def renew_views(
    description: ApiDescription, resource: Resource, folders: ProjectFolders, without: str | None = None
) -> None:
    """Make the views of a resource show the tables that its accounts have, all columns of them.

    A view that shows them already stays as it is.

    Args:
        description: the API of one account.
        resource: the resource.
        folders: where it is noted what a view shows.
        without: an account whose table is about to be dropped.

    Raises:
        MendDescription: something else stands under the view's name, or the tables have a column of the account's name.
    """
    assert description.tenancy is not None
    with _opened(description, resource, folders) as rows:
        for table in (resource.table, resource.table + REJECTED):
            tables = list(_tables(rows, description, resource, folders, table, without))
            if tables or without is not None:
                _renew(rows, description, resource, folders, table, tables)


def last_syncs(description: ApiDescription, resource: Resource, folders: ProjectFolders) -> dict[str, tuple[str, str]]:
    """How each account's last sync of a resource ended, and why: `synced` or `failed`; or `none` where there was none.

    Args:
        description: the API of one account.
        resource: the resource.
        folders: where the default DuckDB file is.
    """
    assert description.tenancy is not None
    found: dict[str, tuple[str, str]] = {}
    with _opened(description, resource, folders, 5.0) as rows:
        dialect = rows.client.capabilities.sqlglot_dialect
        for account in description.tenancy.datasets:
            with rows.client.with_alternative_dataset_name(_dataset_of(description, resource, folders, account)):
                history = rows.client.make_qualified_table_name(HISTORY)
            query = f"SELECT state, reason FROM {history} WHERE resource = %s AND state <> 'replayed'"
            newest = limited(f"{query} ORDER BY ended_at DESC".replace("%s", "'?'"), 1, dialect).replace("'?'", "%s")
            try:
                ended = rows.select(newest, (resource.name,))
            except DatabaseUndefinedRelation:
                ended = []
            found[account] = (str(ended[0][0]), str(ended[0][1] or "")) if ended else ("none", "it was not synced yet")
    return found


@contextmanager
def _opened(
    description: ApiDescription, resource: Resource, folders: ProjectFolders, wait: float = _WAIT
) -> Iterator[TableRows]:
    dataset = loaded_dataset(description, resource, folders)
    with own_settings(), dataset_rows(dataset, destination_profile(folders).longest_name, wait) as rows:
        yield rows


def _dataset_of(description: ApiDescription, resource: Resource, folders: ProjectFolders, account: str | None) -> str:
    """What the destination calls the dataset of an account, or of all of them together."""
    client: Any = loaded_dataset(description.as_account(account), resource, folders).sql_client
    return str(client.dataset_name)


def _tables(
    rows: TableRows,
    description: ApiDescription,
    resource: Resource,
    folders: ProjectFolders,
    table: str,
    without: str | None,
) -> Iterator[_Table]:
    """Those of the accounts' tables that are there."""
    assert description.tenancy is not None
    for account in description.tenancy.datasets:
        with rows.client.with_alternative_dataset_name(_dataset_of(description, resource, folders, account)):
            name = rows.qualified(table)
        if account != without and (columns := _columns(rows, name)) is not None:
            yield _Table(account, name, columns)


def _columns(rows: TableRows, name: str) -> dict[str, Any] | None:
    try:
        with rows.client.execute_query(f"SELECT * FROM {name} WHERE 1 = 0") as cursor:
            return dict(zip(columns_of(cursor), types_in(cursor), strict=True))
    except DatabaseUndefinedRelation:
        return None


def _renew(
    rows: TableRows,
    description: ApiDescription,
    resource: Resource,
    folders: ProjectFolders,
    table: str,
    tables: Sequence[_Table],
) -> None:
    tenancy, client = description.tenancy, rows.client
    assert tenancy is not None
    own = rows.column_name(str(description.account_column))
    with client.with_alternative_dataset_name(_dataset_of(description, resource, folders, None)):
        name, shown = rows.qualified(table), rows.qualified(table, quote=False)
        if not client.has_dataset():
            client.create_dataset()
    if clash := next((one.account for one in tables if own.lower() in map(str.lower, one.columns)), None):
        raise MendDescription(
            f"the rows of {clash} have a column {own} of their own",
            "choose another account_column in the file",
            where=description.asset_of(resource),
        )
    there = _shown_columns(rows, name)
    if not tables:
        if there is not None:
            client.execute_sql(f"DROP VIEW IF EXISTS {name}")
        return
    # A view that is replaced must keep its first columns, says PostgreSQL.
    every = {column: None for column in there or () if any(column in one.columns for one in tables)}
    every |= {column: None for one in tables for column in one.columns}
    wanted = _select(rows, own, tables, list(every), frozenset())
    stamp = folders.pipelines / f"{tenancy.api}__{table}.view"
    digest = hashlib.sha256(wanted.encode()).hexdigest()
    with suppress(OSError):
        if there is not None and list(every) == [one for one in there if one != own] and stamp.read_text() == digest:
            return
    mixed = frozenset(one for one in every if len({table.columns[one] for table in tables if one in table.columns}) > 1)
    selects = [wanted, *([_select(rows, own, tables, list(every), mixed)] if mixed else [])]
    if not any(_made(client, name, select) for select in selects):
        raise MendDescription(
            f"the rows are loaded, and the view {shown} of all accounts cannot be made",
            "rename what stands under its name if that is a table, drop by hand what is made of the view, and let the "
            "accounts have the same types, by columns in the file",
            where=description.asset_of(resource),
        )
    write_private(stamp, digest)


def _shown_columns(rows: TableRows, name: str) -> list[str] | None:
    """The columns of a view; None where there is none, or where a table of it is gone."""
    try:
        found = _columns(rows, name)
    except DatabaseException:
        return None
    return None if found is None else list(found)


def _select(
    rows: TableRows, own: str, tables: Sequence[_Table], columns: Sequence[str], as_text: frozenset[str]
) -> str:
    """The rows of all tables; a column that an account does not have is null there."""
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


def _made(client: Any, name: str, select: str) -> bool:
    """Whether a view could be made; a table of that name is never touched."""
    replaced = [f"CREATE OR REPLACE VIEW {name} AS {select}"]
    anew = [f"DROP VIEW IF EXISTS {name}", f"CREATE VIEW {name} AS {select}"]
    for statements in (replaced, anew):
        with suppress(DatabaseException):
            with client.begin_transaction() if client.capabilities.supports_transactions else nullcontext():
                for statement in statements:
                    client.execute_sql(statement)
            return True
    return False
