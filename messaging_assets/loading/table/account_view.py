"""The tables of all accounts of one resource as one view, with the account's name as a column.

Each account keeps a table of its own. So whatever takes rows away in one of them knows of no other account.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.description.names import HISTORY
from messaging_assets.destination.names import REJECTED
from messaging_assets.destination.pipelines import destination_profile, loaded_dataset
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.foundation.folders import ProjectFolders, settle_environment
from messaging_assets.loading.sync_lock import take_in_database
from messaging_assets.loading.table.view_in_destination import AccountView
from messaging_assets.loading.table.view_select import AccountTable, rows_of_all
from messaging_assets.seams.dlt_names import DatabaseException, DatabaseUndefinedRelation, columns_in
from messaging_assets.seams.dlt_settings import own_settings
from messaging_assets.tables.notes.sync_history import OF_RESOURCE
from messaging_assets.tables.table_rows import TableRows, dataset_rows, limited

# Seconds to wait for the DuckDB file; a view that is made anew is the end of a sync, whose rows are loaded.
_WAIT = 60.0
_logger = logging.getLogger(__name__)


def renew_views(
    description: ApiDescription, resource: Resource, folders: ProjectFolders, without: str | None = None
) -> None:
    """Make the views of a resource show the tables that its accounts have, all columns of them.

    A view that shows them already stays as it is.

    Args:
        description: the API of one account.
        resource: the resource.
        folders: where the default DuckDB file is.
        without: an account whose table is about to be changed or made anew.

    Raises:
        MendDescription: the view cannot be made, or what has its name is something else's.
    """
    assert description.tenancy is not None
    with _opened(description, resource, folders) as rows:
        if destination_profile(folders).has_session_locks:
            # Else one account would make the view without another's table that is made meanwhile.
            name = f"{description.tenancy.dataset}.{resource.table} view"
            take_in_database(rows.client, description.asset_of(resource), name)
        for table in (resource.table, resource.table + REJECTED):
            tables = list(_tables(rows, description, resource, folders, table, without))
            if tables or without is not None:
                _renew(rows, description, resource, folders, table, tables, without is not None)


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
            query = f"SELECT state, reason FROM {history} WHERE {OF_RESOURCE} AND state <> 'replayed'"
            newest = limited(f"{query} ORDER BY ended_at DESC".replace("%s", "'?'"), 1, dialect).replace("'?'", "%s")
            try:
                ended = rows.select(newest, (description.as_account(account).name, resource.name))
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
) -> Iterator[AccountTable]:
    """Those of the accounts' tables that are there."""
    assert description.tenancy is not None
    for account in description.tenancy.datasets:
        with rows.client.with_alternative_dataset_name(_dataset_of(description, resource, folders, account)):
            name = rows.qualified(table)
        if account != without and (columns := columns_in(rows.client, name)) is not None:
            yield AccountTable(account, name, columns)


def _renew(
    rows: TableRows,
    description: ApiDescription,
    resource: Resource,
    folders: ProjectFolders,
    table: str,
    tables: Sequence[AccountTable],
    is_before: bool,
) -> None:
    tenancy, client = description.tenancy, rows.client
    assert tenancy is not None
    own, asset = rows.column_name(str(description.account_column)), description.asset_of(resource)
    with client.with_alternative_dataset_name(_dataset_of(description, resource, folders, None)):
        view = AccountView(rows, destination_profile(folders).kind, tenancy.api, table)
        if not tables and not client.has_dataset():
            return
        if not client.has_dataset() and not _is_done(client.create_dataset):
            raise MendDescription(
                f"the rows are loaded, and the schema {client.dataset_name} of the view of all accounts cannot be made",
                "let the destination's user make it, or make it by hand and give it to that user",
                where=asset,
            )
    if clash := next((one.account for one in tables if own.lower() in map(str.lower, one.columns)), None):
        raise MendDescription(
            f"the rows of {clash} have a column {own} of their own",
            "choose another account_column in the file",
            where=asset,
        )
    if view.is_foreign:
        raise MendDescription(
            f"what stands under the name of the view {view.shown} of all accounts was not made by a sync, and is left",
            "give it another name, or drop it if it is of no use, and run it again",
            where=asset,
        )
    there = view.columns
    if not tables:
        if there is not None and not view.is_dropped():
            raise _in_the_way(view, asset)
        return
    # A view that is replaced must keep its first columns, says PostgreSQL.
    every = {column: None for column in there or () if any(column in one.columns for one in tables)}
    every |= {column: None for one in tables for column in one.columns}
    select = rows_of_all(rows, own, tables, list(every))
    digest = hashlib.sha256(select.encode()).hexdigest()
    if list(every) == [one for one in there or () if one != own] and view.is_as_made(digest):
        return
    # Every row is looked at for that, so not where the view is made anew for a new column.
    shown = view.accounts(own) if {own, *every} <= {*(there or ())} else []
    gone = {*shown} - {*tenancy.datasets}
    if view.is_made(select, digest):
        _tell_of(gone, view, tenancy.dataset)
        return
    if is_before:
        raise _in_the_way(view, asset)
    raise MendDescription(
        f"the rows are loaded, and the view {view.shown} of all accounts cannot be made",
        "rename what stands under its name if that is a table, drop by hand what is made of the view, and let the "
        "destination's user make views there",
        where=asset,
    )


def _tell_of(gone: Iterable[str], view: AccountView, dataset: str) -> None:
    for account in sorted(gone):
        told = "the view %s of all accounts shows %s no more, which the file does not name; its rows stay in %s"
        _logger.warning(told, view.shown, account, f"{dataset}_{account}.{view.table}")


def _in_the_way(view: AccountView, asset: str) -> MendDescription:
    return MendDescription(
        f"its table cannot be made anew while something is made of the view {view.shown} of all accounts",
        "drop by hand what is made of that view, run it again, and make it again afterwards",
        where=asset,
    )


def _is_done(change: Callable[[], object]) -> bool:
    with suppress(DatabaseException):
        change()
        return True
    return False


def show_again(description: ApiDescription, resource: Resource, folders: ProjectFolders) -> None:
    """Have the table of an account in the view again, which a full refresh that failed had left out.

    What hinders the view is not raised: the refresh tells why it failed.

    Args:
        description: the API of that account, or of no account.
        resource: the resource.
        folders: where the default DuckDB file is.
    """
    if description.tenancy:
        with suppress(MendDescription, DatabaseException):
            renew_views(description, resource, folders)


@contextmanager
def out_of_view(description: ApiDescription, resource: Resource) -> Iterator[None]:
    """Have the table of an account out of the view of all accounts, where a view would hold a change of it up.

    What hinders the view itself is not raised: the change, or the end of the sync, tells of it.

    Args:
        description: the API of that account.
        resource: the resource.
    """
    folders = settle_environment()
    if description.tenancy is None or destination_profile(folders).kind != "postgres":
        yield
        return
    with suppress(MendDescription):
        renew_views(description, resource, folders, description.tenancy.account)
    try:
        yield
    finally:
        with suppress(MendDescription):
            renew_views(description, resource, folders)
