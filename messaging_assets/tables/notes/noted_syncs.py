"""The table of noted syncs: one row whenever a sync is noted, which is read back as what the sync is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dlt import Pipeline

from messaging_assets.description.windows import Window
from messaging_assets.reading.receipt import Verdict
from messaging_assets.seams.dlt_names import DatabaseUndefinedRelation, columns_of
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
        "address": "TEXT",
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
        address: changes with whom of the API was asked; empty where an earlier version did not note it.
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
    address: str = ""

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
    with pipeline.sql_client() as client:
        # All of them, because a table of an earlier version has fewer columns until a sync is noted there.
        query = f"SELECT * FROM {TABLE.qualified(client)} WHERE schema_name = %s"
        try:
            with client.execute_query(query, schema_name) as cursor:
                names = [name.lower() for name in columns_of(cursor)]
                rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
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
        sync.address,
    )


def _sync(row: Mapping[str, Any]) -> NotedSync:
    read, verdict = json.loads(row["read_window"]), int(row["verdict"])
    return NotedSync(
        int(row["generation"]),
        str(row["sync_id"]),
        int(row["step"]),
        tuple(json.loads(row["load_ids"])),
        Window.from_texts(read) if read else None,
        None if verdict < 0 else Verdict(verdict),
        int(row["rows_set_aside"]),
        int(row["rows_loaded"]),
        frozenset(json.loads(row["lists_left"])),
        bool(int(row["is_done"])),
        row.get("address") or "",
    )
