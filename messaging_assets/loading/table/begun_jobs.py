"""The jobs that an interrupted sync began: a note of them counts while the destination agrees."""

from __future__ import annotations

from collections.abc import Sequence

from messaging_assets.description.parents import ancestry
from messaging_assets.foundation.identity import identity_of
from messaging_assets.loading.table.resource_table import ResourceTable
from messaging_assets.reading.jobs.notes import JobNotes


def job_notes(table: ResourceTable, base_url: str, is_anew: bool) -> JobNotes:
    """What is known of the jobs that earlier syncs began; nothing is kept where its requests begin none.

    Args:
        table: the table that they are for.
        base_url: the API's address.
        is_anew: whether none of them is gone on with, because everything is read anew.
    """
    chain = ancestry(table.description, table.resource)
    limits = [one.endpoint.job.timeout for one in chain if one.endpoint.job]
    if not limits:
        return JobNotes()

    def is_good(place: Sequence[str | None]) -> bool:
        """Whether the destination knows nothing newer than what a sync began when its ledger stood there."""
        if table.ledger is None:
            return True
        newest = table.ledger.newest
        is_loaded = newest is not None and newest.is_done and newest.sync_id == place[-1]
        return table.ledger.is_where_it_was(place) and not is_loaded

    where = (table.window.as_texts() if table.window else None, base_url)
    version = identity_of(table.description.client, chain, where).certain
    file = table.folders.pipelines / f"{table.pipeline.pipeline_name}.jobs.json"
    place = table.ledger.place if table.ledger else []
    return JobNotes(file, version, place, is_good, 0.0 if is_anew else max(limits))
