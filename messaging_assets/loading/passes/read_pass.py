"""One read of a resource from the first page to the last, and its parts as dlt sources."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import dlt
from dlt.sources import DltSource

from messaging_assets.description.api import Resource
from messaging_assets.destination.names import REJECTED
from messaging_assets.destination.pipelines import keeps_rows_by_sql
from messaging_assets.loading.empty_table import leave_out_untyped, note_zones
from messaging_assets.loading.marks.last_rows import are_gone, forget_last_rows, store_last_rows
from messaging_assets.loading.marks.made_keys import refuse_keys_made_otherwise, store_makers
from messaging_assets.loading.marks.placing import refuse_rows_placed_otherwise, store_placing
from messaging_assets.loading.marks.stored_marks import store_all_marks
from messaging_assets.loading.marks.target import ReadTarget
from messaging_assets.loading.marks.trusted_marks import MarkTrust, rows_left
from messaging_assets.loading.marks.validators import known_validator, store_validator
from messaging_assets.loading.passes.checkpoint import Checkpoint, PartLimits
from messaging_assets.loading.passes.judgement import doubt_filters, may_repeat, refuse_incomplete
from messaging_assets.loading.passes.opening import note_first_page_number, note_interrupted, note_limit, open_reader
from messaging_assets.loading.passes.page_stream import PageStream
from messaging_assets.loading.passes.row_batches import RowBatches
from messaging_assets.loading.progress import Progress
from messaging_assets.loading.set_aside_share import refuse_if_most_are_aside
from messaging_assets.loading.source import build_source, emit, forget_hints
from messaging_assets.reading.receipt import Receipt
from messaging_assets.rows.batches import Batches, merge_strategy
from messaging_assets.rows.written_rows import Written
from messaging_assets.tables.table_rows import table_rows


@dataclass(frozen=True)
class PassOptions:
    """How a pass reads.

    Args:
        is_last: whether a list that moved is loaded all the same, with its verdict.
        is_anew: whether the list is read from its start, whatever was committed before.
        is_retry: whether an earlier try of the same run failed.
        forget_state: whether an incremental resource begins anew.
        keep_mark: whether a mark counts though the file asks for something else now.
        read_from: a value behind which no mark counts; None where all do.
        is_whole: whether all of it is one load, because the table is dropped before that.
        is_as_loaded: whether the destination has the rows of a load as the newest sync left them.
        before_requests: called before a part asks the API for anything, when the destination was asked all.
    """

    is_last: bool = True
    is_anew: bool = False
    is_retry: bool = False
    forget_state: bool = False
    keep_mark: bool = False
    read_from: str | None = None
    is_whole: bool = False
    is_as_loaded: Callable[[str], bool] = lambda load_id: False
    before_requests: Callable[[], None] = lambda: None


class ReadPass:
    """One read of a resource from the first page to the last, loaded in one part or, with `merge`, in several.

    Args:
        target: the resource that is read.
        options: how it is read.
        receipt: where things are counted.
        learnt: types of columns that an earlier pass found out.
        tell: takes a line for the run's log.

    Attributes:
        load_ids: the loads of this pass so far.
        late: after a part, later versions of records that are in it already.
        before_last_load: called when the last part was read, before its rows are loaded.
        at_end: called after that, unless later versions follow.
    """

    def __init__(
        self,
        target: ReadTarget,
        options: PassOptions,
        receipt: Receipt,
        learnt: dict[str, str],
        tell: Callable[[str], None],
    ) -> None:
        self._target, self._options, self._receipt = target, options, receipt
        self.load_ids: list[str] = []
        self.late: list[dict[str, Any]] = []
        self.before_last_load: Callable[[], None] = lambda: None
        self.at_end: Callable[[], None] = lambda: None
        self._batches = RowBatches(target, receipt, learnt)
        self._checkpoint = Checkpoint(target, receipt, self.load_ids)
        self._tell, self._progress = tell, Progress(target.asset, tell, receipt)
        self._stream: PageStream | None = None

    @property
    def is_over(self) -> bool:
        """Whether the last part was read."""
        return self._stream is not None and self._stream.is_over

    @property
    def written(self) -> Written:
        """The rows of the last load."""
        return self._batches.current.written

    @property
    def _resource(self) -> Resource:
        return self._target.resource

    def source(self) -> DltSource:
        """A fresh dlt source whose one resource is the next part of this pass."""
        return build_source(self._target.description, self._resource, self._part, self._resource.write_disposition)

    def late_source(self) -> DltSource:
        """A fresh dlt source with the later versions of records that came more than once."""
        disposition = "merge" if self._resource.disposition == "replace" else self._resource.write_disposition
        return build_source(self._target.description, self._resource, self._late_part, disposition)

    def rejected_source(self) -> DltSource:
        """A fresh dlt source with nothing but records that were set aside, of a part that was refused."""
        # With its own disposition, dlt would empty a replaced table of which nothing comes.
        return build_source(self._target.description, self._resource, self._rejected_part, "append")

    def _part(self) -> Iterator[Any]:
        batches = self._batches.begin()
        self.load_ids.append(_load_id())
        is_anew = self._options.is_whole and self._stream is None
        forget_hints(dlt.current.source_schema(), self._resource, self._target.asset, is_anew)
        stream = self._stream = self._stream or self._open()
        limits, is_due = PartLimits(self._resource, self._options.is_whole), False
        is_first = self._receipt.rows_loaded == 0
        self._options.before_requests()
        while not (is_due or stream.is_over):
            is_due = stream.fill(batches, limits)
            yield from emit(batches, self._resource)
            if is_due:
                # Late records are loaded after the part, and must come again if that fails. Where two keys of the API
                # may be one in the table, the first of them would not be known after a restart.
                self._checkpoint.write(stream.own, bool(batches.late) or self._batches.book.in_table.may_meet)
        batches.written.keep()
        store_last_rows(self._resource, batches.written, self.load_ids[-1])
        _spare_deduplication(self._resource, batches)
        self.late = list(batches.late.values())
        if stream.is_over:
            self._judge()
            refuse_if_most_are_aside(self._resource, self._target.asset, self._receipt)
            stream.refuse_rows_in_no_window()
            self.before_last_load()
            yield from self._close(stream, batches, is_first)

    def _late_part(self) -> Iterator[Any]:
        assert self._stream is not None
        batches = self._batches.begin(is_late=True)
        self.load_ids.append(_load_id())
        for row in self.late:
            batches.add([row])
        yield from emit(batches, self._resource)
        batches.written.keep()
        store_last_rows(self._resource, batches.written, self.load_ids[-1])
        if self.is_over:
            store_all_marks(self._target, self._stream.own, self._receipt)
        _spare_deduplication(self._resource, batches)

    def _rejected_part(self) -> Iterator[Any]:
        batches = self._batches.current
        self.load_ids.append(_load_id())
        rejected = batches.first_rejected
        # Of the table's own rows this load says nothing, as one of later versions does not.
        batches.written = Written(rejected=len(rejected), is_late=True)
        yield dlt.mark.with_table_name(rejected, self._resource.table + REJECTED)

    def _open(self) -> PageStream:
        options = self._options
        if options.forget_state:
            dlt.current.resource_state().clear()
        interrupted = self._checkpoint.read(options.is_anew or options.forget_state)
        # What the earlier loads brought came too; a window would lose it as rows that are gone.
        self.load_ids[:0] = interrupted.load_ids
        note_interrupted(self._receipt, interrupted)
        trust = _trust(self._target, options, self._receipt, self._tell)
        reader, own = open_reader(self._target, self._receipt, self._batches, interrupted, trust)
        if not (options.is_anew or options.is_whole or options.forget_state):
            own.so_far.unless = known_validator(self._target, options.is_as_loaded)
        return PageStream(self._target, reader, own, self._receipt, self._progress, options.is_retry)

    def _judge(self) -> None:
        assert self._stream is not None
        doubt_filters(self._resource, self._receipt, self._stream.own)
        is_last = self._options.is_last or not may_repeat(self._stream.own.endpoint, self._receipt)
        refuse_incomplete(self._target.asset, self._receipt, is_last)

    def _close(self, stream: PageStream, batches: Batches, is_first: bool) -> Iterator[Any]:
        """Let the state of a read that is over go with its last part."""
        self._checkpoint.clear()
        note_first_page_number(stream.own)
        note_limit(self._target, stream.own)
        store_placing(self._target)
        store_makers(self._target)
        store_validator(self._target, stream.own, self._receipt, self.load_ids[-1])
        if not self.late:
            store_all_marks(self._target, stream.own, self._receipt)
        if is_first and self._receipt.rows_loaded == 0 and _can_be_empty(self._resource, batches):
            # An empty list is an answer too: the table exists, a replaced one is emptied, versions are retired.
            yield dlt.mark.materialize_table_schema()
            leave_out_untyped(dlt.current.source_schema(), self._resource.table)
            if not batches.known.columns:
                note_zones(dlt.current.source_schema(), self._resource)
        if not self.late:
            self.at_end()


def _trust(target: ReadTarget, options: PassOptions, receipt: Receipt, tell: Callable[[str], None]) -> MarkTrust:
    trust = MarkTrust(receipt, tell, options.keep_mark, read_from=options.read_from)
    if options.keep_mark:
        forget_last_rows()
    if options.is_whole or options.forget_state or not keeps_rows_by_sql():
        return trust
    table = target.resource.table
    with table_rows(dlt.current.pipeline(), dlt.current.source_schema()) as rows:
        refuse_rows_placed_otherwise(target, rows)
        left = rows_left(rows, table)
        trust = replace(trust, has_rows=left, is_older=bool(left) and are_gone(rows, table))
    refuse_keys_made_otherwise(target, left)
    return trust


def _can_be_empty(resource: Resource, batches: Batches) -> bool:
    """Whether a table can be made, emptied or retired without a row: some column of it has a type."""
    if merge_strategy(resource) in ("scd2", "upsert", "insert-only"):
        # dlt compares the keys of rows, so there must be some.
        return bool(batches.known.columns)
    return any(column.data_type for column in resource.columns.values())


def _spare_deduplication(resource: Resource, batches: Batches) -> None:
    """Tell dlt when the part has each key once, so that the merge need not rank its rows by key again."""
    schema = dlt.current.source_schema()
    table = schema.tables.get(schema.naming.normalize_tables_path(resource.table))
    said = getattr(resource.write_disposition, "deduplicated", None)
    if table is not None and resource.disposition == "merge" and said is None:
        table["x-stage-data-deduplicated"] = batches.is_deduplicated  # type: ignore[typeddict-unknown-key]


def _load_id() -> str:
    return str(dlt.current.load_package_state()["load_id"])
