"""Statuses of success that say that an answer is not the whole list."""

from __future__ import annotations

from collections.abc import Set

# RFC 9110, sections 15.3.3 and 15.3.7.
_ACCEPTED, _PARTIAL = 202, 206


def doubt_of_status(status: int, sent: int, pages: int, before: Set[int], is_whole: bool) -> str | None:
    """What the status of the page that ended a list says against that end, as a clause; None where it says nothing.

    Args:
        status: that page's status.
        sent: its rows.
        pages: how many pages held rows.
        before: the statuses of those pages.
        is_whole: whether a count or a word says that what came is all.
    """
    if status == _ACCEPTED and not sent and status not in before:
        return f"it was answered with {status}, which says that the work is not done yet; run it again later"
    # A list of several pages may call each of them a part; its paging was seen at work.
    if status == _PARTIAL and sent and pages <= 1 and not is_whole:
        return f"the only page was answered with {status}, which says that it is a part; declare the paginator"
    return None
