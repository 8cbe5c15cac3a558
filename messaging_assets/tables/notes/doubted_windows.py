"""The time whose last sync was in doubt: rows of it may be missing, whatever other windows came to since."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

from messaging_assets.seams.dlt_names import DatabaseException
from messaging_assets.tables.notes.moments import utc_of
from messaging_assets.tables.notes.sync_history import OF_RESOURCE

# From when to when, and why it is in doubt.
Doubt = tuple[datetime, datetime, str]


def doubted_windows(
    select: Callable[[str, Sequence[Any]], list[tuple[Any, ...]]],
    history: str,
    api: str,
    resource: str,
    begins: datetime,
) -> list[Doubt]:
    """What of a resource's windows is in doubt, in the order of time, as far as the history goes back.

    Args:
        select: gives the rows of a query in the destination.
        history: the name of the dataset's `sync_history` there.
        api: the API's name.
        resource: the resource's name.
        begins: where its first window does; what lies before that is no window any more.
    """
    windows = f"{history} WHERE {OF_RESOURCE} AND state = 'synced' AND window_start IS NOT NULL"
    try:
        first = select(f"SELECT MIN(ended_at) FROM {windows} AND verdict = 'unknown'", (api, resource))[0][0]
        if first is None:
            return []
        query = f"SELECT window_start, window_end, verdict, reason FROM {windows} AND ended_at >= %s ORDER BY ended_at"
        syncs = select(query, (api, resource, first))
    except DatabaseException:
        # There is none yet, or a table of another with that name, of which each sync's log tells.
        return []
    doubts = left_in_doubt((utc_of(start), utc_of(end), *told) for start, end, *told in syncs)
    return [one for one in doubts if one[1] > begins]


def left_in_doubt(syncs: Iterable[tuple[Any, ...]]) -> list[tuple[Any, Any, str]]:
    """What no later sync read without a doubt.

    Args:
        syncs: start, end, verdict and reason of each, in the order in which they ended.
    """
    doubts: list[tuple[Any, Any, str]] = []
    for start, end, verdict, reason in syncs:
        first, last = bisect_right(doubts, start, key=itemgetter(1)), bisect_left(doubts, end, key=itemgetter(0))
        met = doubts[first:last]
        before = [(since, start, why) for since, _, why in met if since < start]
        after = [(end, until, why) for _, until, why in met if until > end]
        doubts[first:last] = [*before, *([(start, end, str(reason or ""))] if verdict == "unknown" else []), *after]
    return doubts
