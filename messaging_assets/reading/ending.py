"""How one list ends, and the verdict that follows from it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from messaging_assets.reading.facts import facts_of
from messaging_assets.reading.receipt import Finding, Verdict
from messaging_assets.reading.verdict import judge

if TYPE_CHECKING:
    from messaging_assets.reading.one_list import Reading


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
    """

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self.how: str | None = None
        self.may_end_with: frozenset[int] = frozenset()
        self.doubt: str | None = None
        self.look: str | None = None
        self.is_more_said = self.is_short = self.is_left = self.is_refused = False
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
        self.how, receipt = how, context.receipt
        receipt.lists_open -= 1
        receipt.ends[how] += 1
        if context.is_parent:
            receipt.parents = (receipt.parents or 0) + reading.distinct
        else:
            receipt.distinct_keys += reading.distinct
            if reading.total is not None and reading.claims.is_believed and not is_early:
                receipt.announced(reading.total)
        judged = None if is_early else judge(facts_of(reading), how)
        worst = max((one for one in (finding, judged) if one), key=lambda one: one.verdict)
        if worst.verdict <= Verdict.READ_TO_THE_END and not self.is_left:
            context.so_far.finished[reading.name] = reading.distinct
            # Of a list that goes on behind an interruption, what came first came before its parent's record.
            if context.changes and receipt.doubts == self._doubts_before and reading.resume.at is None:
                context.changes.loaded(reading.name)
        if context.marks and reading.meets_cursor:
            moves = worst.verdict < Verdict.INCOMPLETE and not self.is_left
            context.marks.close(reading.name, moves, is_in_doubt=worst.moved)
        kind = "parents" if context.is_parent else worst.kind
        receipt.add(replace(worst, kind=kind, is_left=self.is_left and not reading.page))

    def refused(self, how: str) -> None:
        """The API refused a page, or left its list out, in the way that the file declares as the end of the list."""
        if self.look is not None:
            self.over(self.look)
            return
        self._reading.join.ended_open()
        self.is_refused = True
        said = self._reading.claims.signs.said
        if said and not self.may_end_with and not self._reading.is_whole_by_count and not self.is_more_said:
            self.doubt = said
        self.over(how)

    def ignored(self, how: str) -> None:
        """A response action let a request go unanswered, which says nothing of the rows behind it.

        Raises:
            CannotResume: it was the request for the place that was kept.
        """
        reading, receipt = self._reading, self._reading.context.receipt
        if self.look is not None:
            self.over(self.look)
            return
        if reading.is_resuming:
            raise reading.cannot_resume(f"the API answers the place that was kept with {how}")
        self.is_left = True
        if not reading.page:
            receipt.left.add(hashlib.sha256(f"{reading.asset}\n{reading.name}".encode()).hexdigest()[:16])
        receipt.lists_ignored += bool(reading.name) and not reading.context.is_parent and not reading.page
        self.over(how, Finding(Verdict.UNKNOWN, f"the list was left after page {reading.page} by {how}"))

    def is_behind_cursor(self) -> bool:
        """Whether the rows that follow are behind the cursor's mark, because they come in its order; ends the list."""
        cursor = self._reading.cursor
        if cursor is None or not cursor.is_past:
            return False
        how = "the rows that follow are outside the cursor's range"
        self.over(how, Finding(Verdict.READ_TO_THE_END, "the rows came in the order of the cursor"), is_early=True)
        return True

    def cut_short(self, why: str, is_cap: bool = False) -> None:
        """The list was left before its end; `is_cap` where the file itself says so."""
        self.over(why, Finding(Verdict.INCOMPLETE, why, kind="cap" if is_cap else "list"))

    @property
    def missed(self) -> str | None:
        """That a count of all rows is larger than what came, as a clause; None where none is."""
        reading, context = self._reading, self._reading.context
        # What the API counts may be more than what a cursor or a filter takes of it.
        is_part = context.incremental or "?" in (context.endpoint.data_selector or "")
        is_unsaid = not reading.claims.is_believed or reading.is_one_object or reading.claims.totals
        return None if is_part or is_unsaid or self.is_left else reading.claims.more_than(reading.counts.all_rows)
