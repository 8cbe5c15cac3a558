"""What was counted and seen in one list, and how it ends: what its verdict follows from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from messaging_assets.reading.evidence.usual_caps import OF_SEVERAL
from messaging_assets.reading.one_list import OneList


@dataclass
class End:
    """How a list ends, and what speaks against that.

    Args:
        how: how the list ended; None while it goes on.
        may_end_with: statuses that mean "past the last page" from here on.
        doubt: what says that the list goes on, although it ended, as a clause.
        look: how the list ended, while a page is asked for that only tells whether it moved or began elsewhere.
        is_more_said: whether the page that came last says that there is more.
        is_short: whether a page with nothing but the row that was asked for again is the end.
        is_refused: whether the end is a refusal that the file declares as one.
        is_left: whether a response action ended the list before its end.
        usual_caps: the numbers of rows at which nobody knows whether the end is a cap; none where it is none.
    """

    how: str | None = None
    may_end_with: frozenset[int] = frozenset()
    doubt: str | None = None
    look: str | None = None
    is_more_said: bool = False
    is_short: bool = False
    is_refused: bool = False
    is_left: bool = False
    usual_caps: frozenset[int] = OF_SEVERAL


@dataclass(frozen=True)
class EndFacts:
    """What speaks for the end of a list being its end, and what against it.

    Args:
        is_refused: whether the end is a refusal that the file declares as one.
        is_open_ended: whether nothing but that refusal shows the last page to be the last.
        is_more_said: whether the page that came last says that there is more.
        is_short: whether a page with nothing new, and not an empty one, is the end.
        missed: that a count which the file does not name is larger than what came, as a clause.
        doubt: what else says that the list goes on, as a clause.
    """

    is_refused: bool
    is_open_ended: bool
    is_more_said: bool
    is_short: bool
    missed: str | None
    doubt: str | None


@dataclass(frozen=True)
class Facts:
    """What was counted in one list.

    Args:
        policy: the file's `total`: exact, at_least or ignore.
        totals: every count that the API gave, in order.
        distinct: different records that came, those set aside included.
        joins: page joins that were asked for again, by how they turned out: same, moved or open (not found again).
        is_overlap_own: whether pages overlapped though the file does not say so; another pass may mend what moved then.
        came_again: records that came on more than one page, an overlap aside.
        pages_with_rows: pages that held any.
        has_keys: whether records are told apart by a key.
        is_one_object: whether the answer is a single object and so whole by nature.
        is_resumed: whether the list goes on behind an interruption; keys from before it are not known any more.
        moved: that a count which the file does not name moved, as a clause.
        end: how the list ended.
    """

    policy: str
    totals: tuple[int, ...]
    distinct: int
    joins: Counter[str]
    is_overlap_own: bool
    came_again: int
    pages_with_rows: int
    has_keys: bool
    is_one_object: bool
    is_resumed: bool
    moved: str | None
    end: EndFacts

    @property
    def counts(self) -> tuple[int, ...]:
        """The counts to compare with; one that was always too low counts something else, such as a page."""
        if self.policy == "exact" or (self.policy == "at_least" and self.distinct <= max(self.totals, default=0)):
            return self.totals
        return ()

    @property
    def is_total_moved(self) -> bool:
        """Whether the count that the file names moved."""
        return bool(self.counts) and min(self.counts) != max(self.counts)


def facts_of(reading: OneList, end: End) -> Facts:
    """What was counted and seen in a list that is over, and how it ended."""
    context, claims, join, counts = reading.context, reading.claims, reading.join, reading.counts
    repetition, is_one_object = reading.repetition, reading.is_one_object
    is_believed = claims.is_believed and not is_one_object
    moved = repetition.moved or (claims.moved(counts.all_rows) if is_believed else None)
    return Facts(
        policy=context.endpoint.total,
        totals=tuple(claims.totals),
        distinct=reading.distinct,
        joins=join.outcomes,
        is_overlap_own=join.is_own,
        came_again=repetition.rows_again,
        pages_with_rows=counts.full_pages,
        has_keys=bool(context.keys),
        is_one_object=is_one_object,
        is_resumed=reading.resume.at is not None,
        moved=moved or _came_twice(reading, is_believed),
        end=_end_of(reading, end),
    )


def is_open_ended(reading: OneList, end: End) -> bool:
    """Whether nothing but a refusal shows the last page to be the last."""
    is_last_short = reading.counts.is_short(reading.page, reading.context.endpoint)
    # An announced number of pages names the last one too.
    return end.is_refused and not end.may_end_with and not is_last_short


def missed(reading: OneList, end: End) -> str | None:
    """That a count of all rows is larger than what came, as a clause; None where none is."""
    context = reading.context
    # What the API counts may be more than what a filter takes of it, or than came before a list was left.
    is_part = end.is_left or "?" in (context.endpoint.data_selector or "")
    is_unsaid = not reading.claims.is_believed or reading.is_one_object or reading.claims.totals
    return None if is_part or is_unsaid else reading.claims.more_than(reading.counts.all_rows)


def _end_of(reading: OneList, end: End) -> EndFacts:
    is_untold, claims = reading.is_one_object or end.is_left, reading.claims
    doubt = end.doubt or claims.stopped_at_bound(reading.counts.all_rows) or claims.unasked
    return EndFacts(
        is_refused=end.is_refused,
        is_open_ended=is_open_ended(reading, end),
        is_more_said=end.is_more_said and not end.may_end_with and not end.is_left,
        is_short=end.is_short,
        missed=missed(reading, end),
        doubt=None if is_untold else doubt,
    )


def _came_twice(reading: OneList, is_believed: bool) -> str | None:
    """What shows that rows without a key came twice, as a clause."""
    counts = reading.counts
    if reading.context.keys or counts.full_pages < 2:
        return None
    more = reading.claims.surplus(counts.all_rows, counts.most_sent) if is_believed else None
    return more or reading.join.equal_rows.said()
