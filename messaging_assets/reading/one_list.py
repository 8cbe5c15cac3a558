"""One list of the API: what is known of it while it is read. How it ends is in `reading/ending.py`.

A resource without a parent is one reading; a child resource is one reading per parent. Everything is counted here,
in the stream. The loaded table can no longer tell: a merge hides repeated rows and missing ones alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import requests
from requests.auth import AuthBase

from messaging_assets.reading.cursors.time_windows import Window
from messaging_assets.reading.evidence.claims import Claims
from messaging_assets.reading.evidence.list_counts import ListCounts
from messaging_assets.reading.evidence.page_join import PageJoin
from messaging_assets.reading.evidence.repetition import Repetition
from messaging_assets.reading.list_context import ListContext
from messaging_assets.reading.resume_point import CannotResume, Place, ResumePoint
from messaging_assets.reading.selection import FoundList
from messaging_assets.reading.times.window_fields import fields_of_range


class ListPart(NamedTuple):
    """A list, or the window of it that is read by itself."""

    name: str
    window: Window | None


class OneList:
    """One list while it is read, but for how it ends.

    Args:
        context: what it shares with the other lists of its resource.
        name: which of them, or of their windows, it is; empty for a resource without a parent or windows.

    Attributes:
        part: which list it is, and which window of it.
        cursor: the list's own; None where there is none.
        position: the offset, number, cursor or link of the page that is about to come.
        upcoming: makes the requests that may leave ahead of their turn.
        counts: its rows and pages.
        claims: what the API says of it beside the rows.
        join: whether its pages join.
        repetition: what came again.
        resume: where it goes on behind an interruption.
        found: where its pages hold the list.
    """

    def __init__(self, context: ListContext, name: str = "") -> None:
        self.context, self.part = context, ListPart(name, context.so_far.windows.pop(name, None))
        self.cursor = context.marks.cursor(self.list_name) if context.marks and context.so_far.is_heard else None
        self.position: Any = None
        self.upcoming: Callable[[requests.Request], Iterable[requests.Request]] = lambda request: ()
        self.counts = ListCounts()
        self.claims = Claims(context.asset, context.endpoint)
        self.join = PageJoin(context.overlap, bool(context.keys))
        self.repetition = Repetition(context.keys)
        interrupted = context.so_far.interrupted
        self.resume = ResumePoint(interrupted.place if interrupted.name == name else None)
        if self.cursor and self.cursor.row_order.tops and self.resume.at:
            self.cursor.row_order.tops.go_on(interrupted.tops)
        self.found = FoundList()

    @property
    def name(self) -> str:
        """Which of the lists, or of their windows, it is."""
        return self.part.name

    @property
    def window(self) -> Window | None:
        """The window of the list that it is; None where a list is read as a whole."""
        return self.part.window

    @property
    def fields_of_request(self) -> dict[str, Any]:
        """What its records get of its window; a partition's requests, and so these fields, have theirs already."""
        shared, own = self.context.endpoint.include_from_request, self.context.incremental
        if self.window is None or own is None or not shared:
            return dict(shared)
        return fields_of_range(shared, own, self.window.start, self.window.end)

    @property
    def list_name(self) -> str:
        """The list's name, whose windows share one cursor."""
        return self.window.of.name if self.window else self.name

    @property
    def too_many_rows(self) -> str | None:
        """Why a window has, or may have, more rows than the API gives of one range, as a clause; None where not."""
        cursor, rows = self.context.incremental, max(self.total or 0, self.counts.all_rows)
        most = cursor.maximum_results if cursor and self.window else None
        return f"one range gives {most} rows (maximum_results), and there are {rows}" if most and rows >= most else None

    @property
    def page(self) -> int:
        """How many pages came."""
        return self.counts.pages

    @property
    def asset(self) -> str:
        """The asset's name in errors."""
        return self.context.asset

    @property
    def auth(self) -> AuthBase | None:
        """What puts the secrets onto requests."""
        return self.context.auth

    def ahead(self, request: requests.Request) -> Iterable[requests.Request]:
        """Requests for the pages after this one that can be sent already."""
        return self.upcoming(request)

    @property
    def begins_list(self) -> bool:
        """Whether its first request is the list's first one."""
        return self.window is None or self.window.is_first

    @property
    def meets_cursor(self) -> bool:
        """Whether rows meet the cursor here; those of a list without a parent do behind the steps, when it is over."""
        return bool(self.name) or self.context.is_parent

    def watch(self, response: Any) -> None:
        """Note what the answer says beside the list: counts, and signs of more."""
        self.claims.watch(response, self.found.selector, self.page, self.counts.sent, self.position)

    @property
    def total(self) -> int | None:
        """What the API said last of how many rows it has; None where it said nothing to be believed."""
        return self.claims.total

    @property
    def distinct(self) -> int:
        """Different records so far, those set aside included; without a key every record is its own."""
        return self.counts.before + (self.repetition.different if self.context.keys else self.counts.rows)

    @property
    def is_whole_by_count(self) -> bool:
        """Whether a total says that what came is all."""
        return self.claims.agrees(self.counts.all_rows)

    @property
    def is_one_object(self) -> bool:
        """Whether the whole answer is a single object, and so whole by nature; a list at `$` is one as any other."""
        return self.context.one_object and self.page <= 1 and self.found.selector == "$" and self.found.is_object

    @property
    def place_before(self) -> Place | None:
        """Where the read stood before the page that came last."""
        return self.resume.place_before

    @property
    def is_resuming(self) -> bool:
        """Whether the kept place is asked for and did not come yet."""
        return self.resume.at is not None and not self.page

    def cannot_resume(self, why: str) -> CannotResume:
        """What to raise when the kept place is none any more; the receipt says so."""
        self.context.receipt.not_resumed = why
        return CannotResume(why, "it is read from its start", where=self.asset, is_anew=not self.name)
