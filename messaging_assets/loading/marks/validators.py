"""What an API calls the list that is in the table: its ETag or Last-Modified (RFC 9110, section 8.8).

With it the list is asked for only if it is another one by now. That goes for a list that came on one page and beyond
doubt. The destination must still have its rows as the last sync left them.
"""

from __future__ import annotations

from collections.abc import Callable

import dlt

from messaging_assets.description.pagination import HeaderCursorPaginator, HeaderLinkPaginator
from messaging_assets.loading.marks.target import ReadTarget
from messaging_assets.reading.list_context import ListContext
from messaging_assets.reading.receipt import Receipt, Verdict
from messaging_assets.reading.resume_point import holds_secret

_VALIDATOR = "messaging_assets_validator"


def known_validator(target: ReadTarget, is_as_loaded: Callable[[str], bool]) -> str | None:
    """What the API called the list that is in the table; None where that is not known, or in doubt.

    Args:
        target: the resource that is read.
        is_as_loaded: whether the destination has the rows of a load as the newest sync left them.
    """
    # Of a table that is replaced dlt forgets the resource's own state.
    kept = dlt.current.source_state().get(_VALIDATOR)
    if kept is None or not _may_be_asked(target) or kept["version"] != target.version:
        return None
    return str(kept["value"]) if is_as_loaded(kept["load_id"]) else None


def store_validator(target: ReadTarget, own: ListContext, receipt: Receipt, load_id: str) -> None:
    """Let what the API calls the list be stored with its rows, if they came on one page and beyond doubt.

    Args:
        target: the resource that was read.
        own: its list.
        receipt: what was counted.
        load_id: the load that brings its rows.
    """
    state, value = dlt.current.source_state(), own.so_far.validator
    state.pop(_VALIDATOR, None)
    # Where a header leads on, a list may have grown by a page though the first one is as it was.
    is_in_header = isinstance(own.endpoint.paginator, (HeaderLinkPaginator, HeaderCursorPaginator))
    is_sure = receipt.finding.verdict <= Verdict.READ_TO_THE_END and not is_in_header
    if value is None or not is_sure or not _may_be_asked(target) or target.version is None or holds_secret(value):
        return
    state[_VALIDATOR] = {"value": value, "version": target.version, "load_id": load_id}
    receipt.validator = value


def _may_be_asked(target: ReadTarget) -> bool:
    one = target.resource
    is_part = target.has_many_lists or one.partitions or one.endpoint.has_cursor
    return one.endpoint.conditional and not is_part
