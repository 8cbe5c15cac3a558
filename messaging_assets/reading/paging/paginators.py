"""Paginators that cannot lose rows, behind dlt's paginator interface: which one a list has, and what its `type` means.

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
from messaging_assets.description.api import ApiDescription, Endpoint, Resource
from messaging_assets.description.endpoint import TABULAR
from messaging_assets.reading.list_context import ListContext
from messaging_assets.reading.paging.guarded import GuardedPaginator
from messaging_assets.reading.paging.job_files import JobPaginator
from messaging_assets.reading.paging.linked import ReferencePaginator
from messaging_assets.reading.paging.offsets import OffsetPaginator
from messaging_assets.reading.paging.one_answer import AutoPaginator, SinglePagePaginator
from messaging_assets.reading.paging.page_numbers import PageNumberPaginator
from messaging_assets.seams.dlt_rest_client import single_entity_path

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


def with_paginator(description: ApiDescription, one: Resource, base_url: str | None = None) -> Endpoint:
    """The endpoint with its paginator filled in: its own, the client's, one for a job or an entity, or detection.

    Args:
        description: the API.
        one: the resource.
        base_url: the address that further pages are below, where they are asked for; None where they are not.
    """
    endpoint = one.endpoint
    # Nothing but records stands in a table, so it is the list, and one without a byte is a list without a row.
    is_table = endpoint.format is not None and endpoint.format.type in TABULAR
    selector = endpoint.data_selector or ("$" if is_table else None)
    paginator = endpoint.paginator
    if endpoint.job is not None:
        whole = described.SinglePagePaginator(type="single_page", empty_when_missing=is_table)
        paginator = endpoint.job.paginator or whole
    elif paginator is None and single_entity_path(one.path):
        paginator, selector = described.SinglePagePaginator(type="single_page"), selector or "$"
    elif paginator is None:
        paginator = description.client.paginator or described.AutoPaginator(type="auto")
    later = getattr(paginator, "next_request", None)
    if paginator is not None and base_url is not None and later is not None and later.path is not None:
        address = f"{base_url.rstrip('/')}/{later.path.lstrip('/')}"
        paginator = paginator.model_copy(update={"next_request": later.model_copy(update={"path": address})})
    return endpoint.model_copy(update={"paginator": paginator, "data_selector": selector})


def build_paginator(context: ListContext, max_in_flight: int = 1) -> GuardedPaginator:
    """The guarded paginator of a list, by the type that its endpoint names.

    Args:
        context: what the readings of this resource share; its endpoint is from `with_paginator`.
        max_in_flight: requests that may be under way at once.
    """
    own = context.endpoint.paginator
    assert own is not None
    job = context.endpoint.job
    kind = _CLASSES[own.type] if job is None or job.paginator is not None else JobPaginator
    return kind(own, context, max_in_flight)
