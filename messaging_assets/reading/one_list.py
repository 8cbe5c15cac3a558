"""One list of the API while it is read, page by page: what came, what repeats, how it ended.

A resource without a parent is one reading; a child resource is one reading per parent. Everything is counted here,
in the stream. The loaded table can no longer tell: a merge hides repeated rows and missing ones alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import requests
from requests.auth import AuthBase

from messaging_assets.answers.record_keys import PageKeys, page_keys
from messaging_assets.foundation.failures import PagesRepeat
from messaging_assets.http.exchange import Terms
from messaging_assets.reading.ending import Ending
from messaging_assets.reading.evidence.claims import Claims
from messaging_assets.reading.evidence.equal_rows import EqualRows
from messaging_assets.reading.evidence.list_counts import ListCounts
from messaging_assets.reading.evidence.page_join import PageJoin
from messaging_assets.reading.evidence.repetition import Repetition
from messaging_assets.reading.list_context import ListContext
from messaging_assets.reading.resume_point import CannotResume, Place, ResumePoint
from messaging_assets.reading.selection import check_objects, check_selection, sent_by_server, take_records


class Reading:
    """One list while it is read.

    Args:
        context: what it shares with the other lists of its resource.
        name: which of them it is; empty for a resource without a parent.

    Attributes:
        cursor: the list's own; None where there is none.
        page: how many pages came.
        position: the offset, number, cursor or link of the page that is about to come.
        upcoming: makes the requests that may leave ahead of their turn.
        counts: its rows and pages.
        claims: what the API says of it beside the rows.
        join: whether its pages join.
        repetition: what came again.
        resume: where it goes on behind an interruption.
        ending: how it ends.
        doubts_before: how much of the read was in doubt when the list began.
        equal_rows: rows without a key that came twice.
    """

    def __init__(self, context: ListContext, name: str = "") -> None:
        self.context, self.name = context, name
        self.cursor = context.marks.cursor(name) if context.marks else None
        self.page = 0
        self.position: Any = None
        self.upcoming: Callable[[requests.Request], Iterable[requests.Request]] = lambda request: ()
        self.counts, self.ending = ListCounts(), Ending(self)
        self.claims = Claims(context.asset, context.endpoint)
        self.join = PageJoin(context.overlap, bool(context.keys))
        self.repetition = Repetition(context.keys)
        self.resume = ResumePoint(context.interrupted.place if context.interrupted.name == name else None)
        self._selector: str | None = None
        self._is_object = False
        self.doubts_before = 0
        self.equal_rows = EqualRows()

    @property
    def asset(self) -> str:
        """The asset's name in errors."""
        return self.context.asset

    @property
    def auth(self) -> AuthBase | None:
        """What puts the secrets onto requests."""
        return self.context.auth

    @property
    def terms(self) -> Terms:
        """On what terms the next request is sent; declared end statuses count from the second page on."""
        paginator = self.context.endpoint.paginator
        declared = frozenset(paginator.end_status_codes if paginator and self.page else ())
        ends, is_look = declared | self.ending.may_end_with, self.ending.look is not None
        return replace(self.context.terms, end_statuses=ends, page=self.page + 1, is_look=is_look)

    def ahead(self, request: requests.Request) -> Iterable[requests.Request]:
        """Requests for the pages after this one that can be sent already."""
        return self.upcoming(request)

    def begin(self) -> None:
        """The first request is about to leave; from here on the list must be ended to count as read."""
        self.context.current = self
        # A list that was finished before an interruption is known.
        self.context.receipt.lists_begun += bool(self.name) and not self.context.is_parent
        self.context.receipt.lists_open += 1
        self.doubts_before = self.context.receipt.doubts

    def take(self, response: Any, rows: list[Any]) -> int:
        """Judge one page and clean it in place: what cannot be loaded is set aside, what overlaps is dropped.

        Args:
            response: the answer.
            rows: the page's list as dlt selected it; changed in place.

        Returns:
            How many rows the server sent, which is how far the list has advanced.

        Raises:
            MendDescription: the selector finds no list of objects.
            ReadIncomplete: the page repeats one that came before.
        """
        sent = self._select(response, rows)
        page = page_keys(rows, self.context.keys)
        if self.resume.at is not None and self.page == 1:
            return self._resumed(self.resume.at, page, rows)
        again = self.repetition.among(page.hashes)
        if self._comes_again(page.hashes, again, sent):
            rows.clear()
            return 0
        if not (self.context.keys or self.join.back):
            self.equal_rows.page(page.hashes)
        kept = self.join.kept(page.hashes, again)
        self._count(rows, page, kept, again)
        self._note_place(page)
        self._hand_on(rows)
        return sent

    def _select(self, response: Any, rows: list[Any]) -> int:
        """See that the page holds a list of objects; how many the server sent."""
        context = self.context
        self._selector = check_selection(context, response, self.page + 1, self._selector)
        self.page += 1
        self._is_object = isinstance(response.parsed, dict)
        context.receipt.pages += 1
        take_records(context, self._selector, response, self.page, rows)
        check_objects(context, response, self.page, rows)
        if self.cursor:
            self.cursor.take_answer(response.parsed, rows, self.page)
        sent = sent_by_server(self._selector, response.parsed, rows)
        self.counts.page_came(sent)
        context.receipt.pages_with_rows += sent > 0
        return sent

    def _resumed(self, place: Place, page: PageKeys, rows: list[Any]) -> int:
        """Go on behind the last committed page, once it has shown that it is still where it was."""
        if not self.resume.is_still(page):
            raise self.cannot_resume("the list has changed before the checkpoint")
        keys, self.page = page.hashes, place.page
        self.counts.before, self.counts.rows = place.distinct - len(set(keys)), len(keys)
        self.counts.full_pages = place.page
        self.claims.totals = list(place.totals)
        self.repetition.resume(keys, place.came_again)
        self.join.resume(place.joins, keys)
        self.context.receipt.resumed(place.distinct, again=len(rows))
        self._note_place(page)
        rows.clear()
        return place.rows

    def _comes_again(self, keys: list[int], again: set[int], sent: int) -> bool:
        """Whether an earlier page came once more where that means something; elsewhere it is an error."""
        join, repetition = self.join, self.repetition
        if join.refuses(keys, repetition.is_known_page(keys)):
            return True
        repetition.note_fresh(keys, again)
        if not sent or not repetition.is_repeat(keys, again, join.is_overlap(keys)):
            return False
        if repetition.may_repeat:
            return True
        why = f"page {self.page} repeats rows of an earlier page and brings nothing new"
        self.ending.cut_short(why)
        raise PagesRepeat(
            f"{why}, so the API ignores the paging parameter or repeats its link",
            "correct the paginator in the file",
            where=self.asset,
        )

    def _count(self, rows: list[Any], page: PageKeys, kept: list[int], again: set[int]) -> None:
        """Count the rows that stay, and set aside those that cannot be loaded."""
        context, receipt = self.context, self.context.receipt
        if len(kept) < len(rows):
            page, rows[:] = page.only(kept), [rows[place] for place in kept]
        came = set(page.hashes)
        fresh, again = came - again, again & came
        context.sent_keys.again.update(again)
        if not context.is_parent:
            receipt.rows_read += len(rows)
            receipt.duplicates += (len(page) - len(fresh)) * context.sent_keys.are_counted
        for place in reversed(page.bad):
            row = rows.pop(place)
            if page.hashes[place] not in again:
                context.set_aside(row, page.bad[place], self.page)
        self.counts.rows += len(page)
        self.counts.full_pages += bool(page.hashes)
        self.repetition.count(fresh, again)
        if not (self.cursor and self.cursor.is_answers):
            context.note_cursors(rows)

    def _note_place(self, page: PageKeys) -> None:
        totals, joins = self.claims.first_and_last_total, tuple(self.join.outcomes.items())
        again = self.repetition.rows_again
        place = Place(self.position, self.page, self.distinct, "", len(page), totals, again, joins)
        self.resume.note(place, page)

    def _hand_on(self, rows: list[Any]) -> None:
        """Prepare the rows for who reads them next, without those behind a child's cursor."""
        self.context.prepare_rows(rows)
        if self.cursor and self.meets_cursor:
            rows[:] = self.context.newer(rows, self.name, self.page)

    @property
    def meets_cursor(self) -> bool:
        """Whether rows meet the cursor here; those of a list without a parent do behind the steps, when it is over."""
        return bool(self.name) or self.context.is_parent

    def watch(self, response: Any) -> None:
        """Note what the answer says beside the list: counts, and signs of more."""
        self.claims.watch(response, self._selector, self.page, self.counts.sent, self.position)

    def look_beside(self, response: Any) -> None:
        """Note what an answer without the list says of more."""
        if doubt := self.claims.watch_without_list(response, self._selector, self.page, self.position):
            self.ending.doubt = doubt

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
        return self.context.one_object and self.page <= 1 and self._selector == "$" and self._is_object

    @property
    def is_left(self) -> bool:
        """Whether a response action ended the list before its end."""
        return self.ending.is_left

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
