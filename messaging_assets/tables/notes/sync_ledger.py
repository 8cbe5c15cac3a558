"""What the destination itself knows of a resource's syncs, so that no machine trusts its own disk more.

Each sync notes its loads here before it loads them. It notes that it is done when no row of it is to be taken out any
more.
What a disk holds (a receipt, a package) is of use only while the last sync that is noted is the one that left it. Rows
are only ever added and deleted, which every SQL destination can do.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from dlt import Pipeline

from messaging_assets.description.windows import Window
from messaging_assets.foundation.failures import TryAgainLater
from messaging_assets.reading.receipt import ReadResult
from messaging_assets.seams.dlt_names import DatabaseException
from messaging_assets.tables.notes.noted_syncs import TABLE, NotedSync, noted_syncs, values_of
from messaging_assets.tables.notes.own_tables import write
from messaging_assets.tables.notes.sync_history import TABLE as HISTORY
from messaging_assets.tables.notes.sync_history import HistoryRow, write_row

_logger = logging.getLogger(__name__)
_NO_HISTORY = "%s: its row of %s could not be written (%s); a table of that name that no sync made must be renamed"


class SyncLedger:
    """The syncs of one resource that are noted in its destination, this one among them.

    Args:
        pipeline: the resource's pipeline.
        schema_name: the name of the resource's dlt schema, which no other resource has.
        asset: the asset's name in errors.
        window: the window of time that this sync reads, if it is one.
        is_beside_others: whether other windows may be synced meanwhile; then only those are in the way that overlap.
        address: changes with whom of the API is asked.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        schema_name: str,
        asset: str,
        window: Window | None,
        is_beside_others: bool = False,
        address: str = "",
    ) -> None:
        self.pipeline, self._is_beside_others = pipeline, is_beside_others
        self._schema_name, self._asset, self.syncs = schema_name, asset, noted_syncs(pipeline, schema_name)
        generation = 1 + (self.syncs[-1].generation if self.syncs else 0)
        self.own = NotedSync(generation, uuid4().hex, window=window, address=address)

    @property
    def newest(self) -> NotedSync | None:
        """The sync that was noted last; None where there is none, or where two machines were the last at once."""
        rivals = [one for one in self.syncs if not self._is_beside_others or one.overlaps(self.own)]
        last = [one for one in rivals if one.generation == rivals[-1].generation]
        return last[0] if len(last) == 1 else None

    def agrees(self, load_ids: Iterable[str]) -> bool:
        """Whether these loads, which a disk knows of, are those of the newest sync."""
        return self.newest is not None and set(load_ids) <= set(self.newest.load_ids)

    @property
    def place(self) -> list[str | None]:
        """Where the ledger stands while nobody but this sync notes anything: the newest sync before it, or itself."""
        return [self.newest.sync_id if self.newest else None, self.own.sync_id]

    def is_where_it_was(self, place: Sequence[str | None]) -> bool:
        """Whether nobody has noted anything since another sync took this `place`."""
        return (self.newest.sync_id if self.newest else None) in place

    def unfinished(self) -> list[str]:
        """Loads of syncs that are not done; those that dlt did not note as loaded ended on their way."""
        return [load_id for one in self.syncs if not one.is_done for load_id in one.load_ids]

    def open_and_read(self) -> list[NotedSync]:
        """Other syncs that read all they wanted and are not done, unless a later one may have read the same window."""
        return [
            one
            for place, one in enumerate(self.syncs)
            if not one.is_done
            and one.verdict is not None
            and not (one.window and any(map(one.overlaps, (*self.syncs[place + 1 :], self.own))))
        ]

    @property
    def left_before(self) -> frozenset[str]:
        """The lists that the last whole sync left unread, so that the table has no rows of them."""
        return next((one.left for one in reversed(self.syncs) if one.is_done), frozenset())

    def note(self, load_ids: Sequence[str], result: ReadResult | None) -> None:
        """Tell the destination what is about to be loaded, and of which read.

        Args:
            load_ids: the sync's loads so far.
            result: how complete its read was; None while that goes on.

        Raises:
            TryAgainLater: another sync of the resource was noted since this one began, so this read is not the newest.
        """
        if self._later():
            raise TryAgainLater(
                "another machine loaded it while it was read here, so this read is not the newest",
                "run it again",
                where=self._asset,
            )
        own = replace(self.own, step=self.own.step + 1, load_ids=tuple(load_ids))
        if result is not None:
            verdict, aside = result.finding.verdict, result.rows_set_aside
            own = replace(own, verdict=verdict, set_aside=aside, rows=result.rows_loaded, left=result.left)
        self.own = own
        with self.pipeline.sql_client() as client:
            write(client, [TABLE], lambda: TABLE.insert(client, values_of(self._schema_name, own)), is_one=True)

    def is_newest(self) -> bool:
        """Whether no sync was noted after this one that may have read the same rows."""
        return not any(one.overlaps(self.own) for one in self._later())

    def _later(self) -> list[NotedSync]:
        """Other syncs that were noted since this one began."""
        others = [one for one in noted_syncs(self.pipeline, self._schema_name) if one.sync_id != self.own.sync_id]
        if self._is_beside_others:
            # One that began before this may be noted after it.
            known = {(one.sync_id, one.step) for one in self.syncs}
            return [one for one in others if (one.sync_id, one.step) not in known and one.overlaps(self.own)]
        return [one for one in others if one.generation >= self.own.generation]

    def adopt(self) -> None:
        """Go on as the newest sync, whose rows are loaded."""
        assert self.newest is not None
        self.own = self.newest

    @property
    def is_addition(self) -> bool:
        """Whether the newest sync only adds to one before it, see `go_on_from_newest`, and is not done."""
        newest = self.newest
        if newest is None or newest.is_done:
            return False
        return any(set(one.load_ids) & set(newest.load_ids) for one in self.syncs if one.is_done)

    def go_on_from_newest(self) -> None:
        """Be one that adds loads to the newest sync, whose own loads and verdict stay."""
        if (newest := self.newest) is not None:
            mine = {"generation": self.own.generation, "sync_id": self.own.sync_id, "step": 0, "is_done": False}
            self.own = replace(newest, **mine)  # type: ignore[arg-type]

    def is_done(self, sync: NotedSync | None = None, history: HistoryRow | None = None) -> None:
        """Note that a sync is done, this one where none is named, and forget those that this one found before it.

        Args:
            sync: the sync.
            history: its row of `sync_history`, which is written with the note, all or nothing.
        """
        done = sync or self.own
        is_news, is_own = not done.is_done, sync is None
        with self.pipeline.sql_client() as client:

            def note(row: HistoryRow | None) -> None:
                if is_news and row:
                    write_row(client, row, may_be_there=any(one.sync_id == done.sync_id for one in self.syncs))
                if is_news:
                    TABLE.insert(client, values_of(self._schema_name, replace(done, step=done.step + 1, is_done=True)))
                if is_own:
                    _forget(client, self._schema_name, done, self.syncs if self._is_beside_others else None)

            try:
                write(client, [TABLE, HISTORY], lambda: note(history))
            except DatabaseException as refused:
                if history is None:
                    raise
                # Whatever stands under that name, the rows are loaded; a lost connection fails once more.
                write(client, [TABLE], lambda: note(None))
                _logger.warning(_NO_HISTORY, self._asset, HISTORY.name, type(refused).__name__)
        if sync is not None:
            self.syncs = [replace(one, is_done=True) if one is sync else one for one in self.syncs]


def _forget(client: Any, schema_name: str, done: NotedSync, found: Sequence[NotedSync] | None) -> None:
    """Delete the notes of the syncs before one that is done; where other windows may go on, of those found alone."""
    statement = f"DELETE FROM {TABLE.qualified(client)} WHERE schema_name = %s AND generation < %s"
    over: tuple[str, ...] = ()
    if found is not None:
        # What is open of another window may go on; it is forgotten when that window is done.
        over = tuple(one.sync_id for one in found if one.is_done or one.overlaps(done))
        statement += f" AND sync_id IN ({', '.join(['%s'] * len(over)) or 'NULL'})"
    client.execute_sql(statement, schema_name, done.generation, *over)
