"""Where an interrupted read can go on, noted in dlt's state, which is committed with each part's rows."""

from __future__ import annotations

import time
from dataclasses import replace

import dlt

from messaging_assets.description.api import Resource
from messaging_assets.description.pagination import (
    CursorPaginator,
    HeaderCursorPaginator,
    HeaderLinkPaginator,
    JsonLinkPaginator,
    OffsetPaginator,
    PageNumberPaginator,
)
from messaging_assets.loading.marks.stored_marks import store_changes, store_marks
from messaging_assets.loading.marks.target import ReadTarget
from messaging_assets.reading.cursors.time_windows import SEPARATOR
from messaging_assets.reading.ending import Reading
from messaging_assets.reading.list_context import ListContext
from messaging_assets.reading.receipt import Receipt, Verdict
from messaging_assets.reading.resume_point import KeptRead, Place, holds_secret, kept_read, storable
from messaging_assets.rows.batches import must_load_whole

_PLACE = "messaging_assets_place"
# Their pages have an address of their own, so that one of them can be asked for again.
_RESUMABLE = (
    OffsetPaginator,
    PageNumberPaginator,
    JsonLinkPaginator,
    HeaderLinkPaginator,
    CursorPaginator,
    HeaderCursorPaginator,
)


class Checkpoint:
    """Notes where an interrupted read can go on, and finds that note again.

    Args:
        target: the resource that is read.
        receipt: what was counted so far.
        load_ids: the loads of the pass so far; the list grows.
    """

    def __init__(self, target: ReadTarget, receipt: Receipt, load_ids: list[str]) -> None:
        self._target, self._receipt, self._load_ids = target, receipt, load_ids

    def read(self, is_anew: bool) -> KeptRead:
        """How far an interrupted read of the same description came, if that is not long ago.

        Args:
            is_anew: whether the list is read from its start, whatever was committed before.
        """
        version = self._target.version
        kept = kept_read(dlt.current.resource_state().get(_PLACE), version) if version is not None else None
        if kept is None or is_anew:
            return KeptRead()
        # This sync tried the place before and failed. The lists that were finished still are.
        return replace(kept, place=None, doubts=()) if self._receipt.not_resumed else kept

    def write(self, own: ListContext, is_in_doubt: bool) -> None:
        """Note where the read stands.

        Args:
            own: the resource's own lists.
            is_in_doubt: whether a restart here could lose or double a row.
        """
        reading, before = own.so_far.current, own.so_far.interrupted
        if reading is None or is_in_doubt:
            return
        # The page that is about to begin the next part may be the last of its list.
        finished = {
            name: rows for name, rows in own.so_far.finished.items() if name not in (reading.name, reading.list_name)
        }
        # A list that is finished has no window left.
        finished = {
            name: rows
            for name, rows in finished.items()
            if SEPARATOR not in name or name.partition(SEPARATOR)[0] not in finished
        }
        rows = before.rows + sum(finished.values())
        counts = dict(self._receipt.set_aside), self._receipt.counts_of_rows
        place, load_ids = _place_in(reading, own), tuple(self._load_ids)
        tops = reading.cursor.row_order.tops if reading.cursor else None
        kept = KeptRead(
            (*before.finished, *finished),
            rows,
            reading.name,
            place,
            load_ids,
            *counts,
            own.marks.first if own.marks else None,
            _doubts_of(self._receipt, reading) if place else (),
            float(own.marks.order.start.at) if own.marks else None,
            tops.state if tops and place else (),
        )
        version = self._target.version
        if version is not None and (kept.place is not None or kept.finished):
            state = kept.as_state(version)
            # Names of lists are keys of parents, in which an API may echo a secret.
            if not holds_secret(state):
                dlt.current.resource_state()[_PLACE] = state
        if own.marks and reading.name:
            store_marks(self._target, own, own.marks.of_finished(finished))
        if own.changes:
            store_changes(own, own.changes.of_finished(finished))

    def clear(self) -> None:
        """Forget the place, because the read is over."""
        dlt.current.resource_state().pop(_PLACE, None)


def _doubts_of(receipt: Receipt, reading: Reading) -> tuple[tuple[str, str], ...]:
    """What is in doubt of a list that will not be read again to where it stands; whatever is, is judged anew."""
    if reading.resume.at is None and receipt.doubts == reading.ending.doubts_before:
        return ()
    doubts = [one for one in receipt.findings if one.verdict is Verdict.UNKNOWN and one.kind != "parents"]
    return tuple((one.what, one.next_step) for one in doubts)


def _place_in(reading: Reading, own: ListContext) -> Place | None:
    """Where its list can be resumed; None without keys to know its pages by, and where a secret is in the position."""
    place = reading.place_before
    if place is None or not own.keys or not isinstance(own.endpoint.paginator, _RESUMABLE):
        return None
    try:
        return replace(place, position=storable(place.position))
    except ValueError:
        return None


class PartLimits:
    """Tells when a page begins, or a part of a long one, whether what came before it is enough to be committed.

    Args:
        resource: says how long a part may be, and whether it can be loaded in parts.
        is_whole: whether all of it is one load.
    """

    def __init__(self, resource: Resource, is_whole: bool) -> None:
        is_parted = not is_whole and resource.disposition == "merge" and not must_load_whole(resource)
        self._limits = resource.checkpoint if is_parted else None
        self._first_page = self._rows = 0
        self._started = time.monotonic()

    @property
    def is_parted(self) -> bool:
        """Whether the read can be loaded in parts."""
        return self._limits is not None

    def are_reached(self, receipt: Receipt) -> bool:
        """Whether the pages of this load, without what just began, are enough."""
        limits = self._limits
        if limits is None or not self._first_page:
            self._first_page, self._rows = receipt.pages, receipt.rows_read
            return False
        return (
            (limits.pages is not None and receipt.pages - self._first_page >= limits.pages)
            or receipt.rows_read - self._rows >= limits.rows
            or time.monotonic() - self._started >= limits.seconds
        )
