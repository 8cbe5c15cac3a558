"""Paginators that cannot lose rows, behind dlt's paginator interface: which one a file's `type` means.

guarded_paginator.py   what all share
counted_pages.py       offset, page_number
linked_pages.py        json_link, header_link, cursor, header_cursor, auto, single_page
"""

from __future__ import annotations

from messaging_assets.description import pagination as described
from messaging_assets.reading.counted import OffsetPaginator, PageNumberPaginator
from messaging_assets.reading.guarded import GuardedPaginator
from messaging_assets.reading.linked import AutoPaginator, ReferencePaginator, SinglePagePaginator
from messaging_assets.reading.one_list import Source

_CLASSES: dict[str, type[GuardedPaginator]] = {
    "offset": OffsetPaginator,
    "page_number": PageNumberPaginator,
    "json_link": ReferencePaginator,
    "json_response": ReferencePaginator,
    "header_link": ReferencePaginator,
    "cursor": ReferencePaginator,
    "header_cursor": ReferencePaginator,
    "single_page": SinglePagePaginator,
    "auto": AutoPaginator,
}


def build_paginator(description: described.Paginator, source: Source, max_in_flight: int = 1) -> GuardedPaginator:
    """The guarded paginator for what the file names.

    Args:
        description: the paginator as the file has it.
        source: what the readings of this resource share.
        max_in_flight: requests that may be under way at once.
    """
    return _CLASSES[description.type](description, source, max_in_flight)
