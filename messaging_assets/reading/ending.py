"""One list while it is read, how it ends, and the verdict that follows from that."""

from __future__ import annotations

import hashlib
from collections.abc import Set
from dataclasses import replace
from typing import Any

from messaging_assets.foundation.failures import MendDescription, SyncFailure
from messaging_assets.http.wire.terms import Terms
from messaging_assets.reading.evidence.claims import are_all_at_cap
from messaging_assets.reading.facts import End, facts_of, is_open_ended, missed
from messaging_assets.reading.list_context import ListContext
from messaging_assets.reading.one_list import OneList
from messaging_assets.reading.receipt import Finding, Verdict
from messaging_assets.reading.resume_point import MarkRefused
from messaging_assets.reading.verdict import judge

# RFC 9110, sections 15.3.3 and 15.3.7.
_STATUS_ACCEPTED, _STATUS_PARTIAL = 202, 206
_HALVED = "a window with more rows than one range gives was cut in two"


class Ending(End):
    """How a list ends, and what follows from that for the receipt, for other lists and for the next sync.

    Args:
        reading: the list.

    Attributes:
        doubts_before: how often something was found to be in doubt before the list began.
    """

    def __init__(self, reading: OneList) -> None:
        super().__init__()
        self._reading = reading
        self.doubts_before = 0

    def begin(self) -> None:
        """The list begins; what was in doubt before says nothing of it."""
        self.doubts_before = self._reading.context.receipt.doubts

    def over(self, how: str, finding: Finding | None = None, is_early: bool = False) -> None:
        """The list is over.

        Args:
            how: how that is known.
            finding: what follows from it where that is not for the counts to say.
            is_early: whether rows follow that nobody asks for.
        """
        if self.how is not None:
            return
        reading, context = self._reading, self._reading.context
        receipt, window = context.receipt, reading.window
        came = (context.asset, context.is_parent, reading.counts.all_rows, _usual_caps(reading, self, is_early))
        is_capped = receipt.caps.is_cap(*came)
        # A window below the cap holds all of its rows.
        self.how = how = _HALVED if is_capped and _halve(reading) else how
        receipt.lists_open -= 1
        receipt.ends[how] += 1
        if window is not None and window.is_halved:
            receipt.windows_halved = (receipt.windows_halved or 0) + 1
            return
        receipt.caps.ended(*came)
        _count(reading, is_early)
        judged = None if is_early else judge(facts_of(reading, self), how)
        worst = max((one for one in (finding, judged) if one), key=lambda one: one.verdict)
        is_read = worst.verdict < Verdict.INCOMPLETE and not self.is_left
        # Some doubts are found with a page, and not with the end.
        is_doubted = receipt.doubts > self.doubts_before or worst.verdict > Verdict.READ_TO_THE_END
        is_sure = not (is_doubted or self.is_left or is_capped)
        rows, doubts_before, is_moved, is_over = reading.distinct, self.doubts_before, worst.moved, True
        if window is not None:
            context.so_far.windows_read += is_read
            if is_sure and not window.of.range.has_marks:
                context.so_far.finished[reading.name] = rows
            every = window.of
            is_over = every.is_over(window, rows, is_read, not is_sure, is_moved)
            rows, doubts_before, is_moved = every.rows, every.doubts_before, every.is_moved
            is_sure = is_sure and not every.is_in_doubt
        if is_sure and is_over:
            context.so_far.finished[reading.list_name] = rows
            # Of a list that goes on behind an interruption, what came first came before its parent's record.
            if context.changes and receipt.doubts == doubts_before and reading.resume.at is None:
                context.changes.loaded(reading.list_name)
        if context.marks and reading.meets_cursor and is_over:
            context.marks.close(reading.list_name, is_read, not is_sure, is_resumed=reading.resume.at is not None)
        kind = "parents" if context.is_parent else worst.kind
        receipt.add(replace(worst, kind=kind, is_left=self.is_left and not reading.page))

    def refused(self, how: str) -> None:
        """The API refused a page, or left its list out, in the way that the file declares as the end of the list."""
        if self.look is not None:
            self.over(self.look)
            return
        self._reading.join.ended_open()
        self.is_refused = True
        if is_open_ended(self._reading, self) and _halve(self._reading):
            # A limit of the API would look like this end, and half of the window is below it.
            self.over(_HALVED)
            return
        if not self.may_end_with and not self._reading.is_whole_by_count and not self.is_more_said:
            self.doubt = self._reading.claims.signs.said or self.doubt
        self.over(how)

    def ignored(self, how: str) -> None:
        """A response action let a request go unanswered, which says nothing of the rows behind it."""
        reading, receipt = self._reading, self._reading.context.receipt
        self.is_left = True
        if not reading.page and reading.begins_list:
            receipt.left.add(hashlib.sha256(f"{reading.asset}\n{reading.list_name}".encode()).hexdigest()[:16])
        is_child = bool(reading.list_name) and not reading.context.is_parent
        receipt.lists_ignored += is_child and not reading.page and reading.begins_list
        self.over(how, _of_left_list(reading, how))

    def left_by(self, action: str, how: str) -> None:
        """An answer ends the list as the file declares: by `end`, `empty`, `ignore`, `split`, or `restart`, a failure.

        Raises:
            CannotResume: it was the request for the place that was kept.
        """
        reading = self._reading
        if action in ("restart", "ignore", "empty") and reading.is_resuming:
            raise reading.cannot_resume(f"the API answers the place that was kept with {how}")
        if action == "restart":
            raise _forgotten(reading, how)
        empty = self.refused if reading.page else self.over
        {"end": self.refused, "empty": empty, "split": self.too_many}.get(action, self.ignored)(how)

    def is_behind_cursor(self) -> bool:
        """Whether the rows that follow are behind the cursor's mark, because they come in its order; ends the list."""
        cursor = self._reading.cursor
        if cursor is None or not cursor.is_past:
            return False
        how = "the rows that follow are outside the cursor's range"
        self.over(how, Finding(Verdict.READ_TO_THE_END, "the rows came in the order of the cursor"), is_early=True)
        return True

    def cut_short(self, why: str, is_cap: bool = False, are_all_pages: bool = False) -> None:
        """The list was left before its end; `is_cap` where the file itself says so, which halves a window.

        At a cap that is its end where as many rows, or pages, came as the API counts.
        """
        reading, is_exact = self._reading, self._reading.context.endpoint.total == "exact"
        came = (reading.claims, reading.counts.all_rows, are_all_pages, is_exact)
        if is_cap and not self.is_more_said and are_all_at_cap(*came):
            self.over("as many came as the API counts")
            return
        if is_cap and self._reading.window is not None:
            self.too_many(why)
            return
        self.over(why, Finding(Verdict.INCOMPLETE, why, kind="cap" if is_cap else "list"))

    def too_many(self, why: str) -> None:
        """A window has more rows than the API gives of one range; it is read in two halves, if it can be cut."""
        window = self._reading.window
        if window is None:
            self.cut_short(why)
            return
        words = f"{why}, and the window from {window.shown} on cannot be cut: rows of it are missing"
        step = "ask for fewer rows of it, such as by for_each, or write a finer format"
        is_halved = _halve(self._reading)
        self.over(_HALVED if is_halved else why, None if is_halved else Finding(Verdict.INCOMPLETE, words, step))

    @property
    def missed(self) -> str | None:
        """That a count of all rows is larger than what came, as a clause; None where none is."""
        return missed(self._reading, self)


class Reading(OneList):
    """One list while it is read.

    Args:
        context: what it shares with the other lists of its resource.
        name: which of them, or of their windows, it is; empty for a resource without a parent or windows.

    Attributes:
        ending: how it ends.
    """

    def __init__(self, context: ListContext, name: str = "") -> None:
        super().__init__(context, name)
        self.ending = Ending(self)

    @property
    def terms(self) -> Terms:
        """On what terms the next request is sent; declared end statuses count from the second page on."""
        paginator = self.context.endpoint.paginator
        declared = frozenset(paginator.end_status_codes if paginator and self.page else ())
        ends, is_look = declared | self.ending.may_end_with, self.ending.look is not None
        unless = None if self.page else self.context.so_far.unless
        return replace(self.context.terms, end_statuses=ends, page=self.page + 1, is_look=is_look, unless=unless)

    def begin(self) -> None:
        """The first request is about to leave; from here on the list must be ended to count as read."""
        self.context.so_far.current = self
        # A list that was finished before an interruption is known.
        if not self.context.is_parent:
            self.context.receipt.lists_begun += bool(self.list_name) and self.begins_list
            if self.window:
                self.context.receipt.windows = (self.context.receipt.windows or 0) + 1
        self.context.receipt.lists_open += 1
        self.ending.begin()

    def look_beside(self, response: Any) -> None:
        """Note what an answer without the list says of more."""
        if doubt := self.claims.watch_without_list(response, self.found.selector, self.page, self.position):
            self.ending.doubt = doubt

    def left_by(self, action: str, how: str) -> None:
        """An answer ends the list as the file declares; called from a session.

        Raises:
            CannotResume: it was the request for the place that was kept.
        """
        with self.context.receipt.page_lock:
            self.ending.left_by(action, how)


def _of_left_list(reading: OneList, how: str) -> Finding:
    left, marks = f"the list was left after page {reading.page} by {how}", reading.context.marks
    has_new = reading.counts.before or (reading.cursor and not reading.cursor.known.are_all)
    if not (has_new and marks and marks.would_repeat) or reading.context.is_parent:
        return Finding(Verdict.UNKNOWN, left)
    # Its mark stays, for what lies behind, so that its rows will come once more.
    words = f"{left}, and an append would have its rows again with the next sync"
    return Finding(Verdict.INCOMPLETE, words, "write merge, or action: empty if that answer is the end")


def _count(reading: OneList, is_early: bool) -> None:
    """Let the receipt count the list's rows, or the parents that they are."""
    receipt = reading.context.receipt
    if reading.context.is_parent:
        receipt.parents = (receipt.parents or 0) + reading.distinct
        return
    receipt.distinct_keys += reading.distinct
    if reading.total is not None and reading.claims.is_believed and not is_early:
        receipt.announced(reading.total)


def _halve(reading: OneList) -> bool:
    """Have the window under way read in two halves; whether it can be."""
    if reading.window is None or not (reading.window.is_halved or reading.window.halve()):
        return False
    reading.upcoming = lambda request: ()
    return True


def _usual_caps(reading: OneList, end: End, is_early: bool) -> frozenset[int]:
    """The numbers of rows at which the list may have been cut; none where its end is known."""
    is_told = is_early or end.is_left or end.may_end_with or reading.is_one_object
    return frozenset() if is_told or reading.claims.are_all(reading.counts.all_rows) else end.usual_caps


def _forgotten(reading: OneList, how: str) -> SyncFailure:
    """What to raise when the API has forgotten the token of the last sync, as the file says that its answer means."""
    marks = reading.context.marks
    what = f"the API answered {how}, which response_actions take for a token that it has forgotten"
    # A later page goes on with what the token began, and an API may forget it there.
    if marks is None or not marks.is_begun(reading.list_name):
        words = "no earlier sync left one that was sent"
        return MendDescription(f"{what}, and {words}", "correct response_actions in the file", where=reading.asset)
    return MarkRefused(what, "run it with full_refresh, which reads everything anew", where=reading.asset)


def doubt_of_status(status: int, sent: int, pages: int, before: Set[int], is_whole: bool) -> str | None:
    """What the status of the page that ended a list says against that end, as a clause; None where it says nothing.

    Args:
        status: that page's status.
        sent: its rows.
        pages: how many pages held rows.
        before: the statuses of those pages.
        is_whole: whether a count or a word says that what came is all.
    """
    if status == _STATUS_ACCEPTED and not sent and status not in before:
        return f"it was answered with {status}, which says that the work is not done yet; run it again later"
    # A list of several pages may call each of them a part; its paging was seen at work.
    if status == _STATUS_PARTIAL and sent and pages <= 1 and not is_whole:
        return f"the only page was answered with {status}, which says that it is a part; declare the paginator"
    return None
