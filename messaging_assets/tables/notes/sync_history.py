"""`sync_history`: one row for each sync of an API, in its dataset, so that trust can be queried and tested like rows.

A sync that loads is written with the note that it is done, in one transaction. One that fails is written if the
destination answered it before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from messaging_assets.description.api import ApiDescription
from messaging_assets.description.names import HISTORY
from messaging_assets.description.parents import ancestry
from messaging_assets.description.windows import Window
from messaging_assets.foundation.identity import identity_of
from messaging_assets.tables.notes.own_tables import OwnTable, write

MEANINGS: Mapping[str, str] = {
    "sync_id": "One sync, or one try of it that failed.",
    "api": "The API's name; null of syncs before there was this column.",
    "resource": "The resource's name.",
    "state": "synced, failed, or replayed (records set aside that were loaded later).",
    "ended_at": "When it ended.",
    "window_start": "The start of the window of time that was read; null where it is the whole list.",
    "window_end": "The end of that window.",
    "verdict": "How complete the read was: proven, read to the end, unknown or incomplete; null of a replay.",
    "reason": "Why; of a failed sync its sentence.",
    "rows_read": "Records that the API sent.",
    "rows_loaded": "Rows that were written.",
    "rows_set_aside": "Records that went to the rejected table.",
    "rows_deleted": "Rows that went or were marked, because the API has them no more or calls them deleted.",
    "requests": "Requests that were sent.",
    "retries": "Those of them that repeated another.",
    "seconds": "How long it took.",
    "file_version": "Changes with what the API file says of the resource; null where functions make that unknown.",
}
_NUMBERS = ("rows_read", "rows_loaded", "rows_set_aside", "rows_deleted", "requests", "retries")
_TYPES = dict.fromkeys(_NUMBERS, "BIGINT") | dict.fromkeys(("ended_at", "window_start", "window_end"), "TIMESTAMPTZ")
TABLE = OwnTable(HISTORY, {name: _TYPES.get(name, "DOUBLE" if name == "seconds" else "TEXT") for name in MEANINGS})
# Rows of an API, and of one of its resources; several files may have one dataset, and so one history.
OF_API = "(api = %s OR api IS NULL)"
OF_RESOURCE = f"{OF_API} AND resource = %s"


@dataclass(frozen=True)
class HistoryRow:
    """What is kept of one sync; see `MEANINGS`."""

    sync_id: str
    api: str
    resource: str
    state: str
    ended_at: datetime
    window: Window | None = None
    verdict: str | None = None
    reason: str = ""
    rows_read: int = 0
    rows_loaded: int = 0
    rows_set_aside: int = 0
    rows_deleted: int = 0
    requests: int = 0
    retries: int = 0
    seconds: float = 0.0
    file_version: str | None = None

    @property
    def kind(self) -> str:
        """The verdict of a sync that loaded, or `failed` or `replayed`."""
        return (self.verdict or "unknown") if self.state == "synced" else self.state

    @property
    def values(self) -> tuple[Any, ...]:
        """Its values in the order of the table's columns."""
        window = self.window
        bounds = {"window_start": window.start if window else None, "window_end": window.end if window else None}
        named = {one.name: getattr(self, one.name) for one in fields(self)} | bounds
        return tuple(named[name] for name in TABLE.columns)


def file_version(description: ApiDescription, resource: str) -> str | None:
    """Changes with what the API file says of a resource; None where functions make that unknown."""
    chain = ancestry(description, description.resources_in_full[resource])
    certain = identity_of(description.client, chain).certain
    return certain and certain[:12]


def write_row(client: Any, row: HistoryRow, *, may_be_there: bool) -> None:
    """Write a sync's row, in place of the one that an earlier process may have written."""
    if may_be_there:
        client.execute_sql(f"DELETE FROM {TABLE.qualified(client)} WHERE sync_id = %s", row.sync_id)
    TABLE.insert(client, row.values)


def add_row(client: Any, row: HistoryRow) -> None:
    """Write the row of a sync that has none, alone."""
    write(client, [TABLE], lambda: write_row(client, row, may_be_there=False), is_one=True)
