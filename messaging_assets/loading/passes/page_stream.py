"""The pages of a resource, one after the other, into the batches of one part after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from messaging_assets.foundation.failures import CheckCredentials, MendDescription, TryAgainLater, sync_failure
from messaging_assets.loading.marks.target import ReadTarget
from messaging_assets.loading.passes.checkpoint import PartLimits
from messaging_assets.loading.progress import Progress
from messaging_assets.reading.list_context import ListContext
from messaging_assets.reading.receipt import Receipt, Verdict
from messaging_assets.reading.resume_point import CannotResume
from messaging_assets.rows.batches import Batches
from messaging_assets.seams.dlt_contexts import PageReader
from messaging_assets.tables.window_column import WindowColumn


class PageStream:
    """Reads pages until a batch is full, a part is long enough, or the list is over.

    Args:
        target: the resource that is read.
        reader: gives the pages.
        own: what the readings of the resource's own lists share.
        receipt: what was counted.
        progress: tells how far the read has come.
        is_retry: whether an earlier try of the same run failed.

    Attributes:
        is_over: whether the last page was read.
    """

    def __init__(
        self,
        target: ReadTarget,
        reader: PageReader,
        own: ListContext,
        receipt: Receipt,
        progress: Progress,
        is_retry: bool,
    ) -> None:
        self._reader, self.own, self._receipt, self._progress = reader, own, receipt, progress
        self._is_retry, self._is_child = is_retry, target.has_many_lists
        self._window = WindowColumn(target.asset, target.resource) if target.resource.partitions else None
        self._rest: list[dict[str, Any]] = []
        self._failure: Exception | None = None
        self._windows_kept = 0
        self.is_over = False

    def fill(self, batches: Batches, limits: PartLimits) -> bool:
        """Read pages into the batch; whether it is time to commit the part.

        Windows that were read before one that fails are committed first, and the failure comes with the next part.
        """
        if self._failure is not None:
            raise self._failure
        try:
            is_due = self._fill(batches, limits)
        except Exception as error:
            if isinstance(error, CannotResume) or not self._may_keep_windows(limits):
                raise
            self._failure, is_due = error, True
        if self.is_over and self._receipt.finding.verdict is Verdict.INCOMPLETE and self._may_keep_windows(limits):
            self.is_over, is_due = False, True
        if is_due:
            self._windows_kept = self._windows_read
        return is_due

    @property
    def _windows_read(self) -> int:
        """How many windows were read, without the one whose page comes next."""
        current = self.own.so_far.current
        is_current_read = current is not None and current.window is not None and current.window.is_read
        return self.own.so_far.windows_read - is_current_read

    def _may_keep_windows(self, limits: PartLimits) -> bool:
        return limits.is_parted and self.own.so_far.windows_read > self._windows_kept

    def _fill(self, batches: Batches, limits: PartLimits) -> bool:
        with self._reader.entered():
            if self._rest and self._take(batches, self._rest):
                return False
            for page in self._pages():
                # This page has begun, so the one before it is whole.
                one = None if self._is_child else self.own.so_far.current
                self._progress.page_came(one.page if one else self._receipt.pages, one.total if one else None)
                if limits.are_reached(self._receipt):
                    self._reader.put_back(page)
                    return True
                is_part = _is_part(self.own) and not batches.is_whole
                if self._take(batches, self._newer(page)) or is_part:
                    return False
        self.is_over = True
        return False

    def refuse_rows_in_no_window(self) -> None:
        """Stop before rows are loaded of which none has the window's column.

        Raises:
            MendDescription: none has it.
        """
        if self._window:
            self._window.ended()

    def _pages(self) -> Iterator[list[Any]]:
        """The pages that come; at a kept place a refusal means that the API no longer takes it.

        A busy API keeps its place for the next try. If it is as busy then, it may be busy at that place alone.
        """
        try:
            yield from self._reader
        except Exception as error:
            reading = self.own.so_far.current
            failure = sync_failure(error)
            kinds = (MendDescription, CheckCredentials, *([TryAgainLater] if self._is_retry else []))
            if reading is None or not reading.is_resuming or not isinstance(failure, kinds):
                raise
            raise reading.cannot_resume("the API no longer takes the place that was kept") from error

    def _newer(self, page: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The rows of a page that are not behind the cursor; a child's rows were compared with it before."""
        current = self.own.so_far.current
        number = current.page if current else self._receipt.pages
        rows = page if self._is_child else self.own.newer(page, "", number)
        return self._window.place(rows) if self._window else rows

    def _take(self, batches: Batches, rows: list[dict[str, Any]]) -> bool:
        """Put a page, or what is left of one, into the batch; whether the batch is full."""
        self._rest = rows[batches.add(rows) :]
        return bool(self._rest) or batches.is_full


def _is_part(own: ListContext) -> bool:
    """Whether the page that came goes on with another part, so that what came so far is enough to be held."""
    return own.so_far.current is not None and own.so_far.current.repetition.page.goes_on
