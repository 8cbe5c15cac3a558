"""Paginators that cannot lose rows, behind dlt's paginator interface: which one a file's `type` means.

guarded.py        what all share
counted.py        what offset and page_number share
offsets.py        offset
page_numbers.py   page_number
linked.py         json_link, header_link, cursor, header_cursor
one_answer.py     auto, single_page
job_files.py      files of a job, where the endpoint has one
"""

from __future__ import annotations

from messaging_assets.description import pagination as described
from messaging_assets.reading.list_context import ListContext
from messaging_assets.reading.paging.guarded import GuardedPaginator
from messaging_assets.reading.paging.job_files import JobPaginator
from messaging_assets.reading.paging.linked import ReferencePaginator
from messaging_assets.reading.paging.offsets import OffsetPaginator
from messaging_assets.reading.paging.one_answer import AutoPaginator, SinglePagePaginator
from messaging_assets.reading.paging.page_numbers import PageNumberPaginator

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


def build_paginator(description: described.Paginator, context: ListContext, max_in_flight: int = 1) -> GuardedPaginator:
    """The guarded paginator for what the file names.

    Args:
        description: the paginator as the file has it.
        context: what the readings of this resource share.
        max_in_flight: requests that may be under way at once.
    """
    kind = _CLASSES[description.type] if context.endpoint.job is None else JobPaginator
    return kind(description, context, max_in_flight)
