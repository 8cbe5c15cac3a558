"""From what was counted while a list was read to a verdict: how complete the read is, and why."""

from __future__ import annotations

from messaging_assets.reading.facts import Facts
from messaging_assets.reading.receipt import Finding, Verdict

_IGNORE = "set endpoint.total to ignore if its count is not to be believed"
_OTHER_COUNT = "declare or correct the paginator, or set endpoint.total to ignore if it counts something else"
_TOO_DEEP = (
    "end_status_codes or end_on_missing_selector may take a limit of the API for its end, so read the list in smaller "
    "parts, such as partitions; only if its count is wrong, set endpoint.total to ignore"
)
_MORE = "the API said that there is more"
_NO_MORE_PATH = "take has_more_path out of the file if it is not to be believed"
_OPEN_ENDED = (
    "which was no shorter than others, so the API may only refuse to go further, and no total says whether rows are "
    "left"
)


def judge(facts: Facts, how: str) -> Finding:
    """The verdict of a list whose end was confirmed.

    Args:
        facts: what was counted.
        how: how the end is known.
    """
    totals, distinct = facts.counts, facts.distinct
    if totals and distinct < min(totals):
        reason = f"the API says it has {totals[-1]} rows, {distinct} different ones came ({how})"
        return Finding(Verdict.INCOMPLETE, reason, _TOO_DEEP if facts.end.is_refused else _IGNORE, moved=True)
    if moved := _moved(facts):
        return _unknown(moved)
    if facts.end.is_more_said and not totals:
        # Some say so of each full page, and refuse the one behind the last.
        verdict = Verdict.UNKNOWN if facts.end.is_refused else Verdict.INCOMPLETE
        return Finding(verdict, f"{how}, although {_MORE}", _NO_MORE_PATH, moved=not facts.end.is_refused)
    if doubt := _doubt_of_end(facts, how):
        # No second pass would get further.
        return doubt
    if _is_proven(facts) and not facts.is_total_moved:
        proviso = ", and each page joined the next, in a list that keeps its order" if facts.joins else ""
        return Finding(Verdict.PROVEN, f"all {distinct} rows came, {how}{proviso}")
    return Finding(Verdict.READ_TO_THE_END, f"{how}; {_doubt(facts)}")


def _moved(facts: Facts) -> str | None:
    """What shows that the list moved while it was read, so that rows may have slipped between pages."""
    totals, distinct = facts.counts, facts.distinct
    if facts.joins["open"]:
        return "the rows at a page join were gone when asked for again, so the list moved while it was read"
    if facts.joins["moved"] and not facts.has_keys:
        return "the list moved while it was read, and without a primary_key its rows cannot be told apart"
    if facts.joins["moved"] and facts.is_overlap_own:
        return "a row stood elsewhere when it was asked for again at a page join, so the list moved while it was read"
    is_joined = bool(facts.joins) and not facts.joins["unseen"] and facts.has_keys
    if facts.is_total_moved and not is_joined:
        return f"total moved from {totals[0]} to {totals[-1]} while it was read"
    if facts.moved and not facts.is_total_moved and not is_joined:
        return facts.moved
    if facts.came_again:
        return f"{facts.came_again} rows came twice, so rows moved between pages while it was read"
    if facts.policy == "exact" and totals and distinct != totals[-1] and not facts.is_total_moved:
        return f"exactly {totals[-1]} rows were announced and {distinct} came while it was read"
    return None


def _doubt_of_end(facts: Facts, how: str) -> Finding | None:
    """What says that the end may be none."""
    if facts.end.doubt:
        return Finding(Verdict.UNKNOWN, f"{how}, although {facts.end.doubt}")
    if facts.end.missed:
        return Finding(Verdict.UNKNOWN, facts.end.missed, _OTHER_COUNT)
    if facts.end.is_open_ended and not facts.counts:
        return Finding(Verdict.UNKNOWN, f"{how}, {_OPEN_ENDED}")
    return None


def _is_proven(facts: Facts) -> bool:
    if facts.is_resumed or facts.end.is_short:
        return False
    if facts.is_one_object:
        return True
    if facts.policy == "exact" and facts.counts and facts.pages_with_rows <= 1:
        return facts.has_keys
    return facts.has_keys and set(+facts.joins) == {"same"}


def _doubt(facts: Facts) -> str:
    if facts.is_resumed:
        return "it went on behind an interruption, and what came before may have changed since"
    if facts.end.is_short and set(+facts.joins) == {"same"}:
        return "each page joined the next; write overlap: 1 to have the end confirmed by an empty page too"
    if facts.joins and not facts.has_keys:
        return "without a primary_key, what joined two pages may have been another row that is equal"
    if facts.joins["unseen"]:
        return "the API gives no means to exclude that rows moved between the later pages"
    if facts.joins:
        return "the list moved, and the overlap shows that none of its rows was lost by that if it keeps its order"
    if facts.policy == "exact" and facts.counts:
        return "as many rows came as the API counts, but rows may have changed places between pages"
    if facts.pages_with_rows <= 1 and not facts.counts:
        return "no count says whether that is all"
    return "the API gives no means to exclude that rows moved between pages"


def _unknown(reason: str) -> Finding:
    return Finding(Verdict.UNKNOWN, reason, moved=True)
