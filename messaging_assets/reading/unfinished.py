"""Statuses that say that an answer with rows, or without, is not the whole list."""

from __future__ import annotations

from collections.abc import Set

from messaging_assets.reading.one_list import Reading

# RFC 9110, sections 15.3.3 and 15.3.7.
_ACCEPTED, _PARTIAL = 202, 206


def doubt_of_status(reading: Reading, status: int, before: Set[int]) -> str | None:
    """What the status of the page that ended a list says against that end, as a clause; None where it says nothing.

    Args:
        reading: the list.
        status: that page's status.
        before: the statuses of the pages that held rows.
    """
    if status == _ACCEPTED and not reading.counts.sent and status not in before:
        return f"it was answered with {status}, which says that the work is not done yet; run it again later"
    # A list of several pages may call each of them a part; its paging was seen at work.
    is_only_part = status == _PARTIAL and reading.counts.sent and reading.counts.full_pages <= 1
    if is_only_part and not (reading.is_whole_by_count or reading.claims.signs.is_end_said):
        return f"the only page was answered with {status}, which says that it is a part; declare the paginator"
    return None
