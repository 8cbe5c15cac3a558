"""Whether a read that is over is good enough to be loaded."""

from __future__ import annotations

from messaging_assets.description.endpoint import Endpoint
from messaging_assets.description.pagination import (
    CursorPaginator,
    HeaderCursorPaginator,
    HeaderLinkPaginator,
    JsonLinkPaginator,
)
from messaging_assets.description.resource import Resource
from messaging_assets.foundation.failures import CapReached, ReadIncomplete, SyncFailure
from messaging_assets.reading.cursors.marks import cursor_of
from messaging_assets.reading.list_context import ListContext
from messaging_assets.reading.receipt import Receipt, Verdict

# Ways of paging by which a request names a place in the list.
_PLACED = (CursorPaginator, HeaderCursorPaginator, HeaderLinkPaginator, JsonLinkPaginator)

# Of so few new records, none may have a field that others have.
_FEW = 10
_AS_SENT = (
    "correct the name if the API calls it otherwise, or the value if it is of another type there, such as '7' for 7"
)


class Unsettled(SyncFailure):
    """The list moved while it was read, and another pass is allowed; nothing was loaded."""

    is_anew = True


def may_repeat(endpoint: Endpoint, receipt: Receipt) -> bool:
    """Whether a list may be read once more: not where a request does more than to read, until a row came twice.

    Args:
        endpoint: how it is asked for; a token or a link names a place, where rows stay.
        receipt: what was counted.
    """
    # A job is begun anew, and a window is asked for again.
    is_named = isinstance(endpoint.paginator, _PLACED) or endpoint.has_step or endpoint.job is not None
    return endpoint.method == "GET" or is_named or receipt.repeats.is_seen


def doubt_filters(resource: Resource, receipt: Receipt, own: ListContext) -> None:
    """Doubt a read whose filter, explode or selector looks for what no record, or no part of an answer, has.

    Nothing passed it. Which list that is of, nobody knows.

    Args:
        resource: says whether only news is asked for, of which few records need not have each field.
        receipt: what was counted; the doubt joins it.
        own: the lists that were read.
    """
    before = receipt.doubts
    is_of_few = cursor_of(resource.endpoint) is not None or resource.only_changed_parents or resource.partitions
    # What an interrupted read had loaded had passed.
    if receipt.rows_loaded or receipt.resumed_rows:
        return
    for word, name in receipt.fields.unseen("filter", "explode", "data_selector", least=_FEW if is_of_few else 1):
        what = f"no record has {name} as the {word} looks for it, so it left every one of them out"
        receipt.found(Verdict.UNKNOWN, what, _AS_SENT)
    for notes in (own.marks, own.changes) if receipt.doubts > before else ():
        if notes is not None:
            # They are asked for once more.
            notes.hold()


def refuse_incomplete(asset: str, receipt: Receipt, is_last: bool) -> None:
    """Let a read fail that is known to lack rows; let one be repeated whose list moved.

    Args:
        asset: the asset's name in errors.
        receipt: what was counted.
        is_last: whether no other pass is allowed, so that a list that moved is loaded with its verdict.

    Raises:
        CapReached: the file itself ends the list early.
        ReadIncomplete: rows are missing.
        Unsettled: the list moved, and another pass is allowed.
    """
    finding = receipt.finding
    may_settle = finding.moved and not is_last
    if finding.verdict is not Verdict.INCOMPLETE and not may_settle:
        return
    if finding.kind == "cap":
        raise CapReached(finding.reason, "raise it in the file, or take it out", where=asset)
    kind = Unsettled if may_settle else ReadIncomplete
    raise kind(finding.reason, "run it again, and see the receipt for what came", where=asset)
