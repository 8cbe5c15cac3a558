"""From what was counted while a list was read to a verdict: how complete the read is, and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from messaging_assets.receipt import Finding, Verdict

_IGNORE = "set endpoint.total to ignore if its count is not to be believed"
_TOO_DEEP = (
    "end_status_codes or end_on_missing_selector may take a limit of the API for its end, so read the list in smaller "
    "parts, such as partitions; only if its count is wrong, set endpoint.total to ignore"
)
_MORE = "the API said that there is more; take has_more_path out of the file if it is not to be believed"
_OPEN_ENDED = (
    "which was no shorter than others, so the API may only refuse to go further, and no total says whether rows are "
    "left"
)


@dataclass(frozen=True)
class Facts:
    """What was counted in one list.

    Args:
        policy: the file's `total`: exact, at_least or ignore.
        totals: every count that the API gave, in order.
        distinct: different records that came, those set aside included.
        joins: page joins that were asked for again, by how they turned out: same, moved or open (not found again).
        came_again: records that came on more than one page, an overlap aside.
        pages_with_rows: pages that held any.
        has_keys: whether records are told apart by a key.
        is_one_object: whether the answer is a single object and so whole by nature.
        is_resumed: whether the list goes on behind an interruption; keys from before it are not known any more.
        is_refused: whether the end is a refusal that the file declares as one.
        is_open_ended: whether nothing but that refusal shows the last page to be the last.
        is_more_said: whether the page that came last says that there is more.
    """

    policy: str
    totals: tuple[int, ...]
    distinct: int
    joins: Counter[str]
    came_again: int
    pages_with_rows: int
    has_keys: bool
    is_one_object: bool
    is_resumed: bool = False
    is_refused: bool = False
    is_open_ended: bool = False
    is_more_said: bool = False

    @property
    def told(self) -> tuple[int, ...]:
        """The counts to compare with; one that was always too low counts something else, such as a page."""
        if self.policy == "exact" or (self.policy == "at_least" and self.distinct <= max(self.totals, default=0)):
            return self.totals
        return ()


def judge(facts: Facts, how: str) -> Finding:
    """The verdict of a list whose end was confirmed.

    Args:
        facts: what was counted.
        how: how the end is known.
    """
    totals, distinct = facts.told, facts.distinct
    moved = bool(totals) and min(totals) != max(totals)
    if totals and distinct < min(totals):
        reason = f"the API says it has {totals[-1]} rows, {distinct} different ones came ({how})"
        return Finding(Verdict.INCOMPLETE, f"{reason}; {_IGNORE if not facts.is_refused else _TOO_DEEP}", moved=True)
    if facts.joins["open"]:
        return _unknown("the rows at a page join were gone when asked for again, so the list moved while it was read")
    if facts.joins["moved"] and not facts.has_keys:
        return _unknown("the list moved while it was read, and without a primary_key its rows cannot be told apart")
    if moved and not (facts.joins and facts.has_keys):
        return _unknown(f"total moved from {totals[0]} to {totals[-1]} while it was read")
    if facts.came_again:
        return _unknown(f"{facts.came_again} rows came twice, so rows moved between pages while it was read")
    if facts.policy == "exact" and totals and distinct != totals[-1] and not moved:
        return _unknown(f"exactly {totals[-1]} rows were announced and {distinct} came while it was read")
    if facts.is_more_said and not totals:
        # Some say so of each full page, and refuse the one behind the last.
        verdict = Verdict.UNKNOWN if facts.is_refused else Verdict.INCOMPLETE
        return Finding(verdict, f"{how}, although {_MORE}", moved=not facts.is_refused)
    if facts.is_open_ended and not totals:
        # No second pass would get further.
        return Finding(Verdict.UNKNOWN, f"{how}, {_OPEN_ENDED}")
    if _is_proven(facts) and not moved:
        proviso = ", and each page joined the next, in a list that keeps its order" if facts.joins else ""
        return Finding(Verdict.PROVEN, f"all {distinct} rows came, {how}{proviso}")
    return Finding(Verdict.READ_TO_THE_END, f"{how}; {_doubt(facts)}")


def _is_proven(facts: Facts) -> bool:
    if facts.is_resumed:
        return False
    if facts.is_one_object:
        return True
    if facts.policy == "exact" and facts.told and facts.pages_with_rows <= 1:
        return facts.has_keys
    return facts.has_keys and set(facts.joins) == {"same"}


def _doubt(facts: Facts) -> str:
    if facts.is_resumed:
        return "it went on behind an interruption, and what came before may have changed since"
    if facts.joins and not facts.has_keys:
        return "without a primary_key, what joined two pages may have been another row that is equal"
    if facts.joins:
        return "the list moved, and the overlap shows that none of its rows was lost by that if it keeps its order"
    if facts.policy == "exact" and facts.told:
        return "as many rows came as the API counts, but rows may have changed places between pages"
    return "the API gives no means to exclude that rows moved between pages"


def _unknown(reason: str) -> Finding:
    return Finding(Verdict.UNKNOWN, reason, moved=True)
