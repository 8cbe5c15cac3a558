"""A list that the API says is the one that is in the table: nothing is loaded, and the table stays as it is."""

from __future__ import annotations

import dlt

from messaging_assets.http.wire.validators import Unchanged
from messaging_assets.loading.table.resource_table import ResourceTable
from messaging_assets.reading.receipt import Finding, ReadResult, Verdict
from messaging_assets.tables.table_rows import TableMissing, table_rows


def is_as_loaded(table: ResourceTable, load_id: str) -> bool:
    """Whether a load is of the newest sync, which was done and beyond doubt, and its rows are there.

    Args:
        table: the table.
        load_id: the load.
    """
    newest = table.ledger.newest if table.ledger else None
    if newest is None or not newest.is_done or newest.verdict is None or load_id not in newest.load_ids:
        return False
    if newest.verdict > Verdict.READ_TO_THE_END:
        return False
    with table_rows(dlt.current.pipeline(), dlt.current.source_schema()) as rows:
        try:
            return rows.count(table.resource.table, rows.of_loads(newest.load_ids), newest.load_ids) == newest.rows
        except TableMissing:
            return newest.rows == 0


def result_of_unchanged(table: ResourceTable, unchanged: Unchanged) -> ReadResult:
    """What the newest sync found is so still.

    Args:
        table: the table.
        unchanged: what the API said.
    """
    assert table.ledger is not None
    newest = table.ledger.newest
    assert newest is not None
    assert newest.verdict is not None
    # A weak one may stay while the list changes in what its server thinks little of.
    verdict = newest.verdict if unchanged.is_strong else max(newest.verdict, Verdict.READ_TO_THE_END)
    words = f"the API says by its {unchanged.name} that the list is the one that is in the table (304)"
    return ReadResult(Finding(verdict, f"{words}, which was {newest.verdict.words}"), newest.set_aside)
