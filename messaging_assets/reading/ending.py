"""How one list ends, and the verdict that follows from it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from messaging_assets.foundation.failures import MendDescription, SyncFailure
from messaging_assets.reading.evidence.usual_caps import OF_SEVERAL
from messaging_assets.reading.facts import facts_of, is_open_ended
from messaging_assets.reading.receipt import Finding, Verdict
from messaging_assets.reading.resume_point import MarkRefused
from messaging_assets.reading.verdict import judge

if TYPE_CHECKING:
    from messaging_assets.reading.one_list import Reading


_HALVED = "a window with more rows than one range gives was cut in two"


class Ending:
    """How a list ends, and what speaks against that.

    Args:
        reading: the list.

    Attributes:
        how: how the list ended; None while it goes on.
        may_end_with: statuses that mean "past the last page" from here on.
        is_more_said: whether the page that came last says that there is more.
        doubt: what says that the list goes on, although it ended, as a clause.
        look: how the list ended, while a page is asked for that only tells whether it moved or began elsewhere.
        is_short: whether a page with nothing but the row that was asked for again is the end.
        is_refused: whether the end is a refusal that the file declares as one.
        is_left: whether a response action ended the list before its end.
        usual_caps: the numbers of rows at which nobody knows whether the end is a cap; none where it is none.
    """

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self.how: str | None = None
        self.may_end_with: frozenset[int] = frozenset()
        self.doubt: str | None = None
        self.look: str | None = None
        self.is_more_said = self.is_short = self.is_left = self.is_refused = False
        self.usual_caps = OF_SEVERAL
        self._doubts_before = 0

    def begin(self) -> None:
        """The list begins; what was in doubt before says nothing of it."""
        self._doubts_before = self._reading.context.receipt.doubts

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
        came = (context.asset, context.is_parent, reading.counts.all_rows, _usual_caps(reading, is_early))
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
        judged = None if is_early else judge(facts_of(reading), how)
        worst = max((one for one in (finding, judged) if one), key=lambda one: one.verdict)
        is_read = worst.verdict < Verdict.INCOMPLETE and not self.is_left
        is_sure = worst.verdict <= Verdict.READ_TO_THE_END and not self.is_left and not is_capped
        rows, doubts_before, is_moved, is_over = reading.distinct, self._doubts_before, worst.moved, True
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
            context.marks.close(reading.list_name, is_read, is_moved, is_resumed=reading.resume.at is not None)
        kind = "parents" if context.is_parent else worst.kind
        receipt.add(replace(worst, kind=kind, is_left=self.is_left and not reading.page))

    def refused(self, how: str) -> None:
        """The API refused a page, or left its list out, in the way that the file declares as the end of the list."""
        if self.look is not None:
            self.over(self.look)
            return
        self._reading.join.ended_open()
        self.is_refused = True
        if is_open_ended(self._reading) and _halve(self._reading):
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

    def cut_short(self, why: str, is_cap: bool = False) -> None:
        """The list was left before its end; `is_cap` where the file itself says so, which halves a window."""
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
        return None if self.is_left else _missed(self._reading)


def _of_left_list(reading: Reading, how: str) -> Finding:
    left, marks = f"the list was left after page {reading.page} by {how}", reading.context.marks
    has_new = reading.counts.before or (reading.cursor and not reading.cursor.known.are_all)
    if not (has_new and marks and marks.would_repeat) or reading.context.is_parent:
        return Finding(Verdict.UNKNOWN, left)
    # Its mark stays, for what lies behind, so that its rows will come once more.
    words = f"{left}, and an append would have its rows again with the next sync"
    return Finding(Verdict.INCOMPLETE, words, "write merge, or action: empty if that answer is the end")


def _count(reading: Reading, is_early: bool) -> None:
    """Let the receipt count the list's rows, or the parents that they are."""
    receipt = reading.context.receipt
    if reading.context.is_parent:
        receipt.parents = (receipt.parents or 0) + reading.distinct
        return
    receipt.distinct_keys += reading.distinct
    if reading.total is not None and reading.claims.is_believed and not is_early:
        receipt.announced(reading.total)


def _halve(reading: Reading) -> bool:
    """Have the window under way read in two halves; whether it can be."""
    if reading.window is None or not (reading.window.is_halved or reading.window.halve()):
        return False
    reading.upcoming = lambda request: ()
    return True


def _usual_caps(reading: Reading, is_early: bool) -> frozenset[int]:
    """The numbers of rows at which the list may have been cut; none where its end is known."""
    ending = reading.ending
    is_told = is_early or ending.is_left or ending.may_end_with or reading.is_one_object
    return frozenset() if is_told or reading.claims.are_all(reading.counts.all_rows) else ending.usual_caps


def _missed(reading: Reading) -> str | None:
    context = reading.context
    # What the API counts may be more than what a cursor or a filter takes of it.
    is_part = context.incremental or "?" in (context.endpoint.data_selector or "")
    is_unsaid = not reading.claims.is_believed or reading.is_one_object or reading.claims.totals
    return None if is_part or is_unsaid else reading.claims.more_than(reading.counts.all_rows)


def _forgotten(reading: Reading, how: str) -> SyncFailure:
    """What to raise when the API has forgotten the token of the last sync, as the file says that its answer means."""
    marks = reading.context.marks
    what = f"the API answered {how}, which response_actions take for a token that it has forgotten"
    # A later page goes on with what the token began, and an API may forget it there.
    if marks is None or not marks.is_begun(reading.list_name):
        words = "no earlier sync left one that was sent"
        return MendDescription(f"{what}, and {words}", "correct response_actions in the file", where=reading.asset)
    return MarkRefused(what, "run it with full_refresh, which reads everything anew", where=reading.asset)
