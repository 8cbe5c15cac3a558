"""What was counted and seen in one list that is over: what its verdict follows from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from messaging_assets.reading.one_list import Reading


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


def facts_of(reading: Reading) -> Facts:
    """What was counted and seen in a list that is over."""
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
        end=_end_of(reading),
    )


def is_open_ended(reading: Reading) -> bool:
    """Whether nothing but a refusal shows the last page to be the last."""
    ending = reading.ending
    is_last_short = reading.counts.is_short(reading.page, reading.context.endpoint)
    # An announced number of pages names the last one too.
    return ending.is_refused and not ending.may_end_with and not is_last_short


def _end_of(reading: Reading) -> EndFacts:
    ending, counts, claims = reading.ending, reading.counts, reading.claims
    is_untold = reading.is_one_object or ending.is_left
    return EndFacts(
        is_refused=ending.is_refused,
        is_open_ended=is_open_ended(reading),
        is_more_said=ending.is_more_said and not ending.may_end_with and not ending.is_left,
        is_short=ending.is_short,
        missed=ending.missed,
        doubt=None if is_untold else ending.doubt or claims.stopped_at_bound(counts.all_rows),
    )


def _came_twice(reading: Reading, is_believed: bool) -> str | None:
    """What shows that rows without a key came twice, as a clause."""
    counts = reading.counts
    if reading.context.keys or counts.full_pages < 2:
        return None
    more = reading.claims.surplus(counts.all_rows, counts.most_sent) if is_believed else None
    return more or reading.join.equal_rows.said()
