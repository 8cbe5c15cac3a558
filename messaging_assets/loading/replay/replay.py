"""Records set aside are loaded after the file was mended: by today's file, once, and without asking the API.

A killed replay is finished by the next one. Rows that are appended keep the id that their record has in the rejected
table. So the destination itself knows which of them are loaded. Rows that are merged are known by their key.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import cache, partial
from typing import Any
from uuid import uuid4

import dlt
import pyarrow as pa

from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.destination.pipelines import keeps_rows_by_sql, loader_file_format
from messaging_assets.foundation.failures import MendDescription, TryAgainLater
from messaging_assets.foundation.folders import ProjectFolders
from messaging_assets.loading.kept_receipt import receipt_file
from messaging_assets.loading.marks.target import ReadTarget
from messaging_assets.loading.passes.row_batches import RowBatches
from messaging_assets.loading.recovery import before_load
from messaging_assets.loading.replay.later_rows import later_versions
from messaging_assets.loading.replay.set_aside import SetAside, SetAsideRows, in_parts
from messaging_assets.loading.source import build_source, emit_rows
from messaging_assets.loading.sync_lock import only_sync
from messaging_assets.loading.table.earlier_syncs import open_ledger, take_back
from messaging_assets.loading.table.resource_table import ResourceTable
from messaging_assets.reading.receipt import Receipt
from messaging_assets.rows.batches import must_load_whole
from messaging_assets.rows.steps import missed_steps
from messaging_assets.rows.written_rows import Written
from messaging_assets.seams.dlt_names import C_DLT_ID, PipelineStepFailed
from messaging_assets.seams.dlt_settings import own_settings
from messaging_assets.tables.notes.sync_history import HistoryRow, file_version
from messaging_assets.tables.reconciliation import Load, nested_rows
from messaging_assets.tables.taking_away import is_of_news

_ALIKE = "the table has its key from the same sync, and no cursor tells which is later, so it must be read again"


@dataclass
class Replayed:
    """What became of the records that were set aside.

    Args:
        tried: records that are news, because no later sync says what became of them.
        loaded: rows that are in the table now, and no longer set aside.
        superseded: records taken out because the table has a later version of them.
        left: how many stay, by what kept them from being loaded.
        older: records of syncs before the last one, which read the whole list again; they stay as they are.
    """

    tried: int = 0
    loaded: int = 0
    superseded: int = 0
    left: Counter[str] = field(default_factory=Counter)
    older: int = 0


def replay(description: ApiDescription, name: str, folders: ProjectFolders) -> Replayed:
    """Load those records of a resource that were set aside and fit by now.

    Args:
        description: the API.
        name: the resource.
        folders: where working files are.

    Raises:
        MendDescription: rows of this resource can only be loaded as a whole list or window.
        TryAgainLater: a sync of it was interrupted, or runs.
    """
    resource = description.resources_in_full[name].model_copy(update={"on_bad_record": "set_aside"})
    refuse_replay(resource, description.asset_of(resource))
    with own_settings(), only_sync(description, resource, folders):
        return _Replay(description, resource, folders).run()


def refuse_replay(resource: Resource, asset: str) -> None:
    """Stop where one record alone cannot be loaded rightly.

    Raises:
        MendDescription: why, and what loads the records.
    """
    if resource.partitions is not None:
        why, then = "it is read in windows, each of which is loaded as a whole", "run those windows again"
    elif resource.disposition == "replace" or must_load_whole(resource):
        why, then = "each of its loads stands for the whole list", "sync it again, which reads all records anew"
    elif not keeps_rows_by_sql():
        why, then = "no record can be taken out of files", "sync it again"
    else:
        return
    raise MendDescription(f"its records cannot be loaded alone, because {why}", then, where=asset)


def _reads_all(resource: Resource) -> bool:
    """Whether a later sync says what became of every record, so that only the last one's are still news."""
    takes_away = resource.deletes != "ignore" or any(one.hard_delete for one in resource.columns.values())
    return resource.disposition == "merge" and (takes_away or not is_of_news(resource))


class _Replay:
    """One replay, which holds the resource."""

    def __init__(self, description: ApiDescription, resource: Resource, folders: ProjectFolders) -> None:
        self._description, self._resource = description, resource
        self._asset = description.asset_of(resource)
        self._missed = cache(partial(missed_steps, resource=resource, asset=self._asset))
        self._kept = receipt_file(description, resource, None, description.client.base_url, folders)
        self._table = ResourceTable(description, resource, folders, None, self._kept)
        self._receipt, self._started = Receipt(), time.monotonic()
        self.done = Replayed()
        self._older: frozenset[str] = frozenset()

    def run(self) -> Replayed:
        """Load what fits, part by part."""
        with self._table.tables() as rows:
            if not SetAsideRows(rows, self._resource).is_there:
                return self.done
        try:
            self._begin()
            row_ids = self._candidates()
            if self._resource.disposition == "merge":
                # The last version of a record comes first, so that an earlier one is known to be superseded by it.
                row_ids.reverse()
            for some in in_parts(row_ids):
                self._part(some)
            self._close()
        finally:
            self._table.let_go()
        return self.done

    def _begin(self) -> None:
        """See that no sync is half done, and undo or finish what an earlier replay left."""
        table = self._table
        open_ledger(table, warn=lambda line: None)
        ledger = table.ledger
        assert ledger is not None
        pending = [*table.pipeline.list_extracted_load_packages(), *table.pipeline.list_normalized_load_packages()]
        # What waits and is noted nowhere was fetched by a killed replay, or by a sync that reads it again itself: one
        # that had read to its end would have left a receipt.
        is_free = ledger.is_addition if ledger.agrees(pending) else not self._kept.is_there
        if (pending and not is_free) or ledger.newest is None or not (ledger.newest.is_done or ledger.is_addition):
            raise TryAgainLater("its last sync did not come to its end", "sync it again first", where=self._asset)
        take_back(table)
        if pending:
            table.pipeline.drop()
        table.fresh_pipeline().sync_destination()
        ledger.go_on_from_newest()

    def _candidates(self) -> list[str]:
        assert self._table.ledger is not None
        newest = self._table.ledger.newest
        assert newest is not None
        with self._table.tables() as rows:
            aside = SetAsideRows(rows, self._resource)
            if self._table.is_appended:
                # Of a replay that was killed between its load and this.
                self.done.loaded += aside.remove_loaded()
            every = aside.ids(None)
            if _reads_all(self._resource):
                self._older = frozenset(every) - frozenset(aside.ids(newest.load_ids))
            return every

    def _part(self, row_ids: Sequence[str]) -> None:
        with self._table.tables() as rows:
            aside = SetAsideRows(rows, self._resource)
            records = [one.behind(self._missed(one.steps)) for one in aside.of(row_ids)]
            is_merged = self._resource.disposition == "merge"
            later, alike = later_versions(rows, self._resource, records) if is_merged else (set(), set())
            aside.remove(list(later))
            self.done.superseded += len(later)
            self.done.older += len({one.row_id for one in records} & self._older - later)
        now = [one for one in records if one.row_id not in self._older | later]
        self.done.tried += len(now)
        # These were not tried, so what was wrong with them stays their reason.
        held = {one.row_id: reason for one in now if (reason := one.why_not())} | dict.fromkeys(alike, _ALIKE)
        fitting = [one for one in now if one.row_id not in held]
        if is_merged:
            fitting.reverse()
        found = self._load(fitting) if fitting else {}
        with self._table.tables() as rows:
            aside = SetAsideRows(rows, self._resource)
            loaded = [one.row_id for one in fitting if one.row_id not in found]
            aside.remove(loaded)
            for why in set(found.values()):
                aside.say([row_id for row_id, other in found.items() if other == why], *why)
        self.done.loaded += len(loaded)
        self.done.left.update([*held.values(), *(reason for reason, _ in found.values())])

    def _load(self, records: Sequence[SetAside]) -> dict[str, tuple[str, str | None]]:
        """Load those of some records that fit; reason and fields of the others, by their id."""
        table, part = self._table, _Part(self._description, self._resource, self._receipt, records)
        pipeline = table.fresh_pipeline()
        assert table.ledger is not None
        ledger = table.ledger
        # The loads of the sync before stay its own, so that nothing takes them for older ones.
        before_load(pipeline, lambda: ledger.note([*ledger.own.load_ids, part.load_id], None))
        source = build_source(self._description, self._resource, part.rows, self._resource.write_disposition)
        try:
            pipeline.run(source, loader_file_format=loader_file_format(pipeline))  # type: ignore[arg-type]
        except PipelineStepFailed:
            # Its records are still set aside, so nothing is lost; a sync must not find them waiting.
            pipeline.drop()
            raise
        if part.written.rows:
            table.reconcile(Load(part.load_id, part.written, nested_rows(pipeline, part.load_id)))
        return part.left

    def _close(self) -> None:
        """Note that this replay is done, if it loaded anything."""
        ledger = self._table.ledger
        if ledger is None or not ledger.own.step:
            return
        row = HistoryRow(
            uuid4().hex,
            self._description.name,
            self._resource.name,
            "replayed",
            datetime.now(timezone.utc),
            reason="records that were set aside were loaded by the file of now",
            rows_read=self.done.tried,
            rows_loaded=self.done.loaded,
            rows_set_aside=sum(self.done.left.values()),
            seconds=round(time.monotonic() - self._started, 3),
            file_version=file_version(self._description, self._resource.name),
        )
        ledger.is_done(history=row if self.done.loaded else None)


class _Part:
    """Some records on their way through the rows' rooms.

    Args:
        description: the API.
        resource: the resource.
        receipt: where things are counted.
        records: the records.

    Attributes:
        load_id: dlt's name of the load.
        written: what dlt was given.
        left: reason and fields of the records that do not fit, by their id.
    """

    def __init__(
        self, description: ApiDescription, resource: Resource, receipt: Receipt, records: Sequence[SetAside]
    ) -> None:
        # Nothing is asked, so there is no session.
        self._target = ReadTarget(description, resource, session=None)  # type: ignore[arg-type]
        self._receipt, self._records = receipt, records
        self.load_id, self.written = "", Written()
        self.left: dict[str, tuple[str, str | None]] = {}

    def rows(self) -> Iterator[Any]:
        """The batches, as dlt takes them."""
        resource = self._target.resource
        self.load_id = str(dlt.current.load_package_state()["load_id"])
        batches = RowBatches(self._target, self._receipt, {}).begin()
        for number, one in enumerate(self._records, 1):
            # A record that does not fit is known again by its page.
            self._receipt.pages = number
            batches.add([one.record or {}])
        typed = list(batches.flush())
        for row in batches.rejected():
            self.left[self._records[row["page"] - 1].row_id] = (row["reason"], row["fields"])
        self.written = batches.written
        # They stay where they are, with their new reason.
        self.written.rejected = 0
        self.written.keep()
        good = [one.row_id for one in self._records if one.row_id not in self.left]
        for item in typed:
            yield from emit_rows(batches, resource, _with_ids(item, good) if resource.disposition == "append" else item)


def _with_ids(item: Any, row_ids: Sequence[str]) -> Any:
    """Rows under the ids that their records have in the rejected table."""
    if isinstance(item, list):
        return [{**row, C_DLT_ID: row_id} for row, row_id in zip(item, row_ids, strict=True)]
    place = item.schema.get_field_index(C_DLT_ID)
    return item.set_column(place, item.schema.field(place), pa.array(row_ids, pa.string()))
