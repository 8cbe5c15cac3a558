"""The table of noted syncs: one row whenever a sync is noted, which is read back as what the sync is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from dlt import Pipeline

from messaging_assets.description.windows import Window
from messaging_assets.reading.receipt import Verdict
from messaging_assets.seams.dlt_names import DatabaseUndefinedRelation
from messaging_assets.tables.notes.own_tables import OwnTable

TABLE = OwnTable(
    "_messaging_assets_syncs",
    {
        "schema_name": "TEXT",
        "sync_id": "TEXT",
        "generation": "BIGINT",
        "step": "BIGINT",
        "load_ids": "TEXT",
        "read_window": "TEXT",
        "verdict": "BIGINT",
        "rows_set_aside": "BIGINT",
        "rows_loaded": "BIGINT",
        "lists_left": "TEXT",
        "is_done": "BIGINT",
    },
)


@dataclass(frozen=True)
class NotedSync:
    """One sync of a resource, as the destination has it.

    Args:
        generation: one more than that of the sync before it.
        sync_id: tells two syncs of one generation apart.
        step: how often it was noted.
        load_ids: its loads, in order.
        window: the window of time that it reads, if it is one.
        verdict: of its read; None while that goes on.
        set_aside: records that came and were not written.
        rows: how many it wrote.
        left: which lists of the API a response action left unread, as hashes.
        is_done: whether nothing is to be taken out any more.
    """

    generation: int
    sync_id: str
    step: int = 0
    load_ids: tuple[str, ...] = ()
    window: Window | None = None
    verdict: Verdict | None = None
    set_aside: int = 0
    rows: int = 0
    left: frozenset[str] = frozenset()
    is_done: bool = False

    def overlaps(self, other: NotedSync) -> bool:
        """Whether both may have read the same rows."""
        if self.window is None or other.window is None:
            return True
        return self.window.start < other.window.end and other.window.start < self.window.end


def noted_syncs(pipeline: Pipeline, schema_name: str) -> list[NotedSync]:
    """Every sync of a resource in the destination as it was noted last, oldest first.

    Args:
        pipeline: the resource's pipeline.
        schema_name: the name of its dlt schema.
    """
    names = ", ".join(name for name in TABLE.columns if name != "schema_name")
    with pipeline.sql_client() as client:
        query = f"SELECT {names} FROM {TABLE.qualified(client)} WHERE schema_name = %s"
        try:
            rows = client.execute_sql(query, schema_name) or ()
        except DatabaseUndefinedRelation:
            return []
    syncs: dict[str, NotedSync] = {}
    for sync in sorted(map(_sync, rows), key=lambda one: one.step):
        before = syncs.get(sync.sync_id, sync).load_ids
        # A second pass has loads of its own; those of the first are in the table all the same.
        syncs[sync.sync_id] = replace(sync, load_ids=tuple(dict.fromkeys((*before, *sync.load_ids))))
    return sorted(syncs.values(), key=lambda one: one.generation)


def generations(pipeline: Pipeline, schema_names: Sequence[str]) -> dict[str, int]:
    """How many syncs of each resource were noted; nothing of those without one.

    Args:
        pipeline: one of the same dataset.
        schema_names: the names of the resources' dlt schemas.
    """
    places = ", ".join(["%s"] * len(schema_names))
    with pipeline.sql_client() as client:
        query = f"SELECT schema_name, max(generation) FROM {TABLE.qualified(client)} WHERE schema_name IN ({places}) "
        try:
            rows = client.execute_sql(f"{query} GROUP BY schema_name", *schema_names) or ()
        except DatabaseUndefinedRelation:
            return {}
    return {str(name): int(generation) for name, generation in rows}


def values_of(schema_name: str, sync: NotedSync) -> tuple[Any, ...]:
    """A sync as a row of the table."""
    return (
        schema_name,
        sync.sync_id,
        sync.generation,
        sync.step,
        json.dumps(sync.load_ids),
        json.dumps(sync.window.as_texts() if sync.window else None),
        -1 if sync.verdict is None else int(sync.verdict),
        sync.set_aside,
        sync.rows,
        json.dumps(sorted(sync.left)),
        int(sync.is_done),
    )


def _sync(row: Sequence[Any]) -> NotedSync:
    sync_id, generation, step, load_ids, window, verdict, set_aside, rows, left, is_done = row
    read = json.loads(window)
    return NotedSync(
        int(generation),
        str(sync_id),
        int(step),
        tuple(json.loads(load_ids)),
        Window.from_texts(read) if read else None,
        None if int(verdict) < 0 else Verdict(int(verdict)),
        int(set_aside),
        int(rows),
        frozenset(json.loads(left)),
        bool(int(is_done)),
    )
