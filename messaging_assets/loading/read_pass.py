"""One read of a resource from the first page to the last, and its parts as dlt sources."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

import dlt
from dlt.common.configuration.container import Container
from dlt.common.pipeline import StateInjectableContext
from dlt.common.schema import Schema
from dlt.extract import DltSource
from dlt.extract.extractors import materialize_schema_item
from dlt.sources.rest_api import rest_api_resources
from requests.auth import AuthBase

from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.description.pagination import (
    CursorPaginator,
    HeaderCursorPaginator,
    HeaderLinkPaginator,
    JsonLinkPaginator,
    OffsetPaginator,
    PageNumberPaginator,
    SinglePagePaginator,
)
from messaging_assets.description.parents import ancestry
from messaging_assets.description.sensitive import sensitive_columns
from messaging_assets.destination.names import REJECTED
from messaging_assets.destination.profile import DestinationProfile
from messaging_assets.foundation.failures import (
    CapReached,
    CheckCredentials,
    MendDescription,
    ReadIncomplete,
    SyncFailure,
    TryAgainLater,
    sync_failure,
)
from messaging_assets.foundation.identity import identity_of
from messaging_assets.http.authentication import asking_part
from messaging_assets.http.session import ApiSession
from messaging_assets.loading.empty_table import leave_out_untyped
from messaging_assets.loading.progress import Progress
from messaging_assets.loading.set_aside_share import refuse_if_most_are_aside
from messaging_assets.loading.source import build_source, emit, rest_api_config, with_paginator
from messaging_assets.loading.widened_columns import widen_to_double
from messaging_assets.reading.cursors.marks import CursorMarks, cursor_of, is_asked_for
from messaging_assets.reading.one_list import Reading, Source
from messaging_assets.reading.receipt import Receipt, Verdict
from messaging_assets.reading.resume_point import KeptRead, Place, holds_secret, kept_read, storable
from messaging_assets.rows.batches import Batches, merge_strategy, must_load_whole
from messaging_assets.rows.changed_columns import other_nesting, refuse_new_keys
from messaging_assets.rows.keys import TableKeys
from messaging_assets.rows.steps import keys_as_sent
from messaging_assets.rows.written_rows import Written
from messaging_assets.seams.dlt_pipe import PageReader
from messaging_assets.tables.window_column import WindowColumn

_PLACE = "messaging_assets_place"
_MARKS = "messaging_assets_marks"
_START = "messaging_assets_start"
# Merges to which a row that comes again is nothing new; scd2 would make a version of it.
_TAKING_REPEATS = ("delete-insert", "upsert", "insert-only")
_RESUMABLE = (
    OffsetPaginator,
    PageNumberPaginator,
    JsonLinkPaginator,
    HeaderLinkPaginator,
    CursorPaginator,
    HeaderCursorPaginator,
)


class Unsettled(SyncFailure):
    """The list moved while it was read, and another pass is allowed; nothing was loaded."""

    is_anew = True


@dataclass
class Pass:
    """One read of a resource from the first page to the last, loaded in one part or, with `merge`, in several.

    Args:
        description: the API.
        resource: the resource with the file's defaults merged in.
        session: sends the requests; None where nothing is read (definitions).
        auths: what puts secrets onto requests, by resource name.
        base_url: the API's address.
        is_last: whether a list that moved is loaded all the same, with its verdict.
        receipt: where things are counted.
        late: after a part, later versions of records that are in it already.
        is_over: whether the last part was read.
        before_load: called when a part was read, before its rows are loaded; told whether they are `late` ones, which
            are merged.
        at_end: called when the last part was read, before its rows are loaded.
        tell: takes a line for the run's log.
        forget_state: whether an incremental resource begins anew.
        is_anew: whether the list is read from its start, whatever was committed before.
        is_retry: whether an earlier try of the same run failed.
        is_whole: whether all of it is one load, because the table is dropped before that.
        load_ids: the loads of this pass so far.
        learnt: types of columns that an earlier pass found out.
    """

    description: ApiDescription
    resource: Resource
    session: ApiSession | None = None
    auths: dict[str, AuthBase | None] = field(default_factory=dict)
    base_url: str = ""
    is_last: bool = True
    receipt: Receipt = field(default_factory=Receipt)
    late: list[dict[str, Any]] = field(default_factory=list)
    is_over: bool = False
    before_load: Callable[[bool], None] = lambda is_late: None
    at_end: Callable[[], None] = lambda: None
    tell: Callable[[str], None] = lambda line: None
    forget_state: bool = False
    is_anew: bool = False
    is_retry: bool = False
    is_whole: bool = False
    load_ids: list[str] = field(default_factory=list)
    learnt: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._chain = ancestry(self.description, self.resource)
        self._repeated: set[int] = set()
        self._loaded: dict[int, int] = {}
        self._table_keys = TableKeys()
        self._reader: PageReader | None = None
        self._rest: list[dict[str, Any]] = []
        self._state: Any = {}
        self._batches: Batches | None = None
        self._placing = WindowColumn(self.asset, self.resource) if self.resource.partitions else None
        self.progress = Progress(self.asset, self.tell, self.receipt)

    @property
    def written(self) -> Written:
        """The rows of the last load."""
        assert self._batches is not None
        return self._batches.written

    @property
    def asset(self) -> str:
        """The asset's name in errors."""
        return f"{self.description.name}.{self.resource.name}"

    def source(self) -> DltSource:
        """A fresh dlt source whose one resource is the next part of this pass."""
        return build_source(self.description, self.resource, self._part, self.resource.write_disposition)

    def late_source(self) -> DltSource:
        """A fresh dlt source with the later versions of records that came more than once."""
        disposition = "merge" if self.resource.disposition == "replace" else self.resource.write_disposition
        return build_source(self.description, self.resource, self._late_part, disposition)

    def rejected_source(self) -> DltSource:
        """A fresh dlt source with nothing but records that were set aside, of a part that was refused."""
        # With its own disposition, dlt would empty a replaced table of which nothing comes.
        return build_source(self.description, self.resource, self._rejected_part, "append")

    def _rejected_part(self) -> Iterator[Any]:
        assert self._batches is not None
        self.load_ids.append(_load_id())
        rejected = self._batches.first_rejected
        # Of the table's own rows this load says nothing, as one of later versions does not.
        self._batches.written = Written(rejected=len(rejected), is_late=True)
        yield dlt.mark.with_table_name(rejected, self.resource.name + REJECTED)

    def _part(self) -> Iterator[Any]:
        batches = self._batches = self._new_batches()
        self.load_ids.append(_load_id())
        if self._reader is None:
            self._reader = self._open()
        due, is_due = _Due(self.resource, is_parted=not self.is_whole), False
        is_first = self.receipt.rows_loaded == 0
        while not (is_due or self.is_over):
            is_due = self._fill(batches, due)
            yield from emit(batches, self.resource)
            if is_due:
                self._keep_place(batches)
        batches.written.keep()
        self._spare_deduplication(batches)
        self.late = list(batches.late.values())
        if self.is_over:
            self._judge()
            refuse_if_most_are_aside(self.resource, self.asset, self.receipt)
            if self._placing:
                self._placing.ended()
        self.before_load(False)
        if self.is_over:
            yield from self._close(batches, is_first)

    def _close(self, batches: Batches, is_first: bool) -> Iterator[Any]:
        """Let the state of a read that is over go with its last part."""
        state = dlt.current.resource_state()
        state.pop(_PLACE, None)
        if self._own.is_start_known and isinstance(self._own.endpoint.paginator, PageNumberPaginator):
            state[_START] = repr(self._own.endpoint.paginator)
        if not self.late:
            self._keep_all_marks()
        if is_first and self.receipt.rows_loaded == 0 and self._has_empty_table(batches):
            # An empty list is an answer too: the table exists, a replaced one is emptied, versions are retired.
            yield materialize_schema_item()
            leave_out_untyped(dlt.current.source_schema(), self.resource.name)
        if not self.late:
            self.at_end()

    def _has_empty_table(self, batches: Batches) -> bool:
        """Whether a table can be made, emptied or retired without a row: some column of it has a type."""
        if merge_strategy(self.resource) == "scd2":
            # dlt compares the keys of versions, so there must be some.
            return bool(batches.known)
        return any(column.data_type for column in self.resource.columns.values())

    def _fill(self, batches: Batches, due: _Due) -> bool:
        """Read pages until the batch is full or the part is over; whether it is time to commit."""
        assert self._reader is not None
        with self._reader.entered():
            if self._rest and self._take(batches, self._rest):
                return False
            for page in self._pages(self._reader):
                # This page has begun, so the one before it is whole.
                one = self._own.current if len(self._chain) == 1 else None
                self.progress.page_came(one.page if one else self.receipt.pages, one.total if one else None)
                if due.is_due(self.receipt):
                    self._reader.put_back(page)
                    return True
                if self._take(batches, self._newer(page)):
                    return False
        self.is_over = True
        return False

    def _pages(self, reader: PageReader) -> Iterator[list[Any]]:
        """The pages that come; at a kept place a refusal means that the API no longer takes it.

        A busy API keeps its place for the next try; if it is as busy then, it may be busy there alone.
        """
        try:
            yield from reader
        except Exception as error:
            reading = self._own.current
            failure = sync_failure(error)
            kinds = (MendDescription, CheckCredentials, *([TryAgainLater] if self.is_retry else []))
            if reading is None or not reading.is_resuming or not isinstance(failure, kinds):
                raise
            raise reading.cannot_resume("the API no longer takes the place that was kept") from error

    def _newer(self, page: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The rows of a page that are not behind the cursor; a child's have met theirs before."""
        rows = page if len(self._chain) > 1 else self._own.newer(page, "", self.receipt.pages)
        return self._placing.place(rows) if self._placing else rows

    def _take(self, batches: Batches, rows: list[dict[str, Any]]) -> bool:
        """Put a page, or what is left of one, into the batch; whether the batch is full."""
        self._rest = rows[batches.add(rows) :]
        return bool(self._rest) or batches.is_full

    def _spare_deduplication(self, batches: Batches) -> None:
        """Tell dlt when the part has each key once, so that the merge need not rank its rows by key again."""
        schema = dlt.current.source_schema()
        table = schema.tables.get(schema.naming.normalize_tables_path(self.resource.name))
        said = getattr(self.resource.write_disposition, "deduplicated", None)
        if table is not None and self.resource.disposition == "merge" and said is None:
            table["x-stage-data-deduplicated"] = batches.is_deduplicated  # type: ignore[typeddict-unknown-key]

    def _late_part(self) -> Iterator[Any]:
        batches = self._batches = self._new_batches(is_late=True)
        self.load_ids.append(_load_id())
        for row in self.late:
            batches.add([row])
        yield from emit(batches, self.resource)
        batches.written.keep()
        if self.is_over:
            self._keep_all_marks()
        self._spare_deduplication(batches)
        self.before_load(True)

    def _open(self) -> PageReader:
        """dlt's reader of the resource, outliving the load of a part; its state is kept apart until the end."""
        assert self.session is not None
        if self.forget_state:
            dlt.current.resource_state().clear()
        sources = {one.name: self._source_of(one) for one in self._chain}
        self._own = sources[self.resource.name]
        self._own.interrupted = self._kept_read()
        self._note_interrupted(self._own.interrupted)
        for name, auth in self.auths.items():
            if (asking := asking_part(auth)) is not None:
                self.session.token_exchange(asking, sources[name].terms)
        config: Any = rest_api_config(self.description, self._chain, self.session, sources, self.base_url)
        reader = next(one for one in rest_api_resources(config) if one.name == self.resource.name)
        self._state = deepcopy(Container()[StateInjectableContext].state)
        return PageReader(reader, self._state)

    def _note_interrupted(self, interrupted: KeptRead) -> None:
        # What the earlier loads brought came too; a window would lose it as rows that are gone.
        self.load_ids[:0] = interrupted.load_ids
        self.receipt.take_over(interrupted.set_aside, interrupted.counts)
        if not interrupted.finished:
            return
        self.receipt.resumed(interrupted.rows, again=0)
        self.receipt.distinct_keys += interrupted.rows
        self.receipt.lists_begun += len(interrupted.finished)
        self.receipt.found(
            Verdict.READ_TO_THE_END, f"{len(interrupted.finished)} lists were read before an interruption"
        )

    def _keep_place(self, batches: Batches) -> None:
        """Note in dlt's state, which is committed with this part, where an interrupted read can go on.

        Not with late records in hand: they are loaded after the part, and must come again if that fails. Nor with keys
        of which two may be one in the table: behind an interruption the first of them would not be known.
        """
        reading, before = self._own.current, self._own.interrupted
        if reading is None or batches.late or self.resource.parallelized or self._table_keys.may_meet:
            return
        # The page that is about to begin the next part may be the last of its list.
        finished = {name: rows for name, rows in self._own.finished.items() if name != reading.name}
        rows = before.rows + sum(finished.values())
        place, load_ids = self._place_in(reading), tuple(self.load_ids)
        receipt = self.receipt
        counts = dict(receipt.set_aside), receipt.counts_of_rows
        kept = KeptRead((*before.finished, *finished), rows, reading.name, place, load_ids, *counts)
        version = self._version()
        if version is not None and (kept.place is not None or kept.finished):
            state = kept.as_state(version)
            # Names of lists are keys of parents, in which an API may echo a secret.
            if not holds_secret(state):
                dlt.current.resource_state()[_PLACE] = state
        if self._own.marks and reading.name:
            self._keep_marks(self._own.marks.of_finished(finished))

    def _place_in(self, reading: Reading) -> Place | None:
        """Where its list can be gone on with, if its pages can be known again, and no secret says where."""
        place, paginator = reading.place_before, self._own.endpoint.paginator
        if place is None or not self._own.keys or not isinstance(paginator, _RESUMABLE):
            return None
        try:
            return replace(place, position=storable(place.position))
        except ValueError:
            return None

    def _kept_read(self) -> KeptRead:
        """How far an interrupted read of the same description had committed to, if that is not long ago."""
        version = self._version()
        kept = kept_read(dlt.current.resource_state().get(_PLACE), version) if version is not None else None
        if kept is None or self.is_anew or self.forget_state:
            return KeptRead()
        # In this sync the place was tried before; the lists that were finished still are.
        return replace(kept, place=None) if self.receipt.not_resumed else kept

    def _version(self) -> str | None:
        """Changes with the description; None where nobody can tell whether it did, as with a closure."""
        return identity_of(self.description.client, self._chain, self.base_url).certain

    def _keep_all_marks(self) -> None:
        if self._own.marks is None:
            return
        if len(self._chain) == 1:
            moves = not (self._own.current and self._own.current.is_left)
            self._own.marks.close("", moves, is_in_doubt=self.receipt.finding.moved)
        marks = self._own.marks.of_all(self._own.interrupted.finished)
        self._tell_of_mark(marks.get("", {}).get("last_value"))
        self._keep_marks(marks)

    def _tell_of_mark(self, last: Any) -> None:
        """What the sensor goes on from, where no record shows it: the answer's own cursor, or a mark that was held."""
        own, current = self._own, self._own.current
        if own.marks and own.marks.rows_ahead:
            self.receipt.dated_ahead(own.marks.rows_ahead, last if len(self._chain) == 1 else self.receipt.last_cursor)
        if current and current.cursor and current.cursor.is_answers and last is not None:
            self.receipt.last_cursor = last

    def _keep_marks(self, marks: dict[str, Any]) -> None:
        """Let how far the lists have come be stored with this part, and not before their rows are in it."""
        if self._own.incremental is None:
            return
        state, path = dlt.current.resource_state(), self._own.incremental.cursor_path
        if holds_secret(marks):
            self._refuse_to_append_in_doubt()
            # A list without a mark is read from its beginning, which a merge takes.
            marks = {name: mark for name, mark in marks.items() if not holds_secret({name: mark})}
        if len(self._chain) > 1:
            state[_MARKS] = {path: marks}
        elif marks:
            # Where dlt itself keeps the one mark of a resource.
            state["incremental"] = {path: marks[""]}

    def _refuse_to_append_in_doubt(self) -> None:
        """Let an append fail whose cursor cannot be kept: the next one would bring every row again.

        Raises:
            MendDescription: a secret of this API is in the cursor's value.
        """
        if self.resource.disposition == "append":
            raise MendDescription(
                f"{self.asset}: the API wrote a secret of its own into the values of the cursor, which are kept in no "
                "file; name another cursor_path, or write merge."
            )

    def _new_marks(self, one: Resource, asset: str, keys: tuple[str, ...]) -> CursorMarks | None:
        """A mark for each list; those of a parent are for this read alone."""
        cursor, is_own, is_child = cursor_of(one.endpoint), one is self._chain[-1], one is not self._chain[0]
        if cursor is None:
            return None
        state, path = dlt.current.resource_state(), cursor.cursor_path
        single = state.get("incremental", {}).get(path)
        kept = state.get(_MARKS, {}).get(path, {}) if is_child else {"": single} if single else {}
        is_merged = self.resource.disposition == "merge" and merge_strategy(self.resource) in (None, *_TAKING_REPEATS)
        marks = deepcopy(kept) if is_own else {}
        return CursorMarks(asset, cursor, keys, marks, is_merged, is_asked_for(one.endpoint, cursor))

    def _new_batches(self, is_late: bool = False) -> Batches:
        schema = dlt.current.source_schema()
        table = schema.naming.normalize_tables_path(self.resource.name)
        known = schema.tables.get(table, {})
        self._refuse_other_nesting(schema, table)

        def widen(column: str) -> bool:
            if not widen_to_double(dlt.current.pipeline(), schema.name, table, column):
                return False
            known["columns"][column]["data_type"] = "double"
            return True

        batches = Batches(
            self.resource,
            self.asset,
            schema.naming.normalize_path,
            known.get("columns", {}),
            self.receipt,
            self._repeated,
            is_child=len(self._chain) > 1,
            page=lambda: self.receipt.pages,
            loaded=self._loaded,
            table_keys=self._table_keys,
            from_parent=frozenset(self._names_from_parent(self.resource)),
            is_late=is_late,
            sensitive=sensitive_columns(self.description, self.resource),
            takes_values=DestinationProfile(dlt.current.pipeline().destination).takes_json_as_values,
            learnt=self.learnt,
            widen=widen,
        )
        if self.resource.disposition != "replace":
            keys = map(schema.naming.normalize_path, (*self.resource.keys, *self.resource.merge_keys))
            refuse_new_keys(dlt.current.pipeline(), schema.name, table, batches.known, tuple(keys), self.asset)
        return batches

    def _refuse_other_nesting(self, schema: Schema, table: str) -> None:
        """See that a table whose lists went to tables of their own keeps them there.

        Raises:
            MendDescription: the file wants them as JSON now.
        """
        children = [name for name, one in schema.tables.items() if one.get("parent") == table]
        if children and self.resource.nested == "json":
            words = other_nesting(children[0].removeprefix(f"{table}__"), "tables", "json")
            raise MendDescription(f"{self.asset}: {words}.")

    def _set_aside(self, record: Any, reason: str, page: int) -> None:
        assert self._batches is not None
        self._batches.set_aside(record, reason, page)

    def _names_from_parent(self, one: Resource) -> tuple[str, ...]:
        return tuple(f"_{parent.name}_{name}" for parent in self._chain for name in one.include_from_parent)

    def _leave_out_parent(self, record: Any, reason: str, page: int) -> None:
        self.receipt.parents_left_out = (self.receipt.parents_left_out or 0) + 1
        self.receipt.found(Verdict.UNKNOWN, f"parents: a record was left out ({reason}), so its list was not read")

    def _source_of(self, one: Resource) -> Source:
        own = one is self._chain[-1]
        endpoint = with_paginator(self.description, one)
        asset = self.asset if own else f"{self.description.name}.{one.name} (parent of {self.asset})"
        keys = keys_as_sent(one, tuple(key for key in one.keys if key not in self._names_from_parent(one)))
        return Source(
            asset=asset,
            endpoint=endpoint,
            keys=keys,
            marks=self._new_marks(one, asset, keys),
            receipt=self.receipt,
            auth=self.auths.get(one.name),
            set_aside=self._set_aside if own else self._leave_out_parent,
            one_object=isinstance(endpoint.paginator, SinglePagePaginator),
            is_parent=not own,
            repeated=self._repeated if own and len(self._chain) == 1 else set(),
            shown_path=self._shown_path(one),
            is_start_known=not own or dlt.current.resource_state().get(_START) == repr(endpoint.paginator),
            counts_repeats=self._batches is None or not self._batches.sees_repeats,
        )

    def _shown_path(self, one: Resource) -> str | None:
        """The path as the file has it, where the real one may hold what is sensitive in a parent's record."""
        place = self._chain.index(one)
        is_hidden = place and sensitive_columns(self.description, self._chain[place - 1])
        return one.endpoint.path or one.name if is_hidden else None

    def _judge(self) -> None:
        """Let a read that is known to lack rows fail, and one that moved be repeated.

        Raises:
            CapReached: the file itself ends the list early.
            ReadIncomplete: rows are missing.
            Unsettled: it moved, and another pass is allowed.
        """
        finding = self.receipt.finding
        may_settle = finding.moved and not self.is_last
        if finding.verdict is Verdict.INCOMPLETE or may_settle:
            if finding.reason.startswith("maximum_"):
                raise CapReached(f"{self.asset}: {finding.reason}; raise it in the file, or take it out.")
            kind = Unsettled if may_settle else ReadIncomplete
            raise kind(f"{self.asset}: {finding.reason}; run it again, and see the receipt for what came.")


class _Due:
    """Tells at the end of a page whether a part has grown long enough to be committed."""

    def __init__(self, resource: Resource, is_parted: bool) -> None:
        is_parted = is_parted and resource.disposition == "merge" and not must_load_whole(resource)
        self._limits = resource.checkpoint if is_parted else None
        self._first_page = self._rows = 0
        self._started = time.monotonic()

    def is_due(self, receipt: Receipt) -> bool:
        """Whether the pages of this part, all but the one that just began, are enough for a load."""
        limits = self._limits
        if limits is None or not self._first_page:
            self._first_page, self._rows = receipt.pages, receipt.rows_read
            return False
        return (
            (limits.pages is not None and receipt.pages - self._first_page >= limits.pages)
            or receipt.rows_read - self._rows >= limits.rows
            or time.monotonic() - self._started >= limits.seconds
        )


def _load_id() -> str:
    return str(dlt.current.load_package_state()["load_id"])
