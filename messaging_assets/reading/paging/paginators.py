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
from messaging_assets.description.ways.sent_values import as_written
from messaging_assets.reading.list_context import ListContext
from messaging_assets.reading.paging.guarded import GuardedPaginator
from messaging_assets.reading.paging.job_files import JobPaginator
from messaging_assets.reading.paging.linked import ReferencePaginator
from messaging_assets.reading.paging.offsets import OffsetPaginator
from messaging_assets.reading.paging.one_answer import AutoPaginator, SinglePagePaginator
from messaging_assets.reading.paging.page_numbers import PageNumberPaginator
from messaging_assets.seams.dlt_rest_client import expand_placeholders, single_entity_path

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


def paginator_of(description: ApiDescription, one: Resource) -> described.Paginator:
    """How a list has its pages: by its own paginator, the client's, one for a job or an entity, or detection.

    Args:
        description: the API.
        one: the resource.
    """
    endpoint, paginator = one.endpoint, one.endpoint.paginator
    if endpoint.job is not None:
        whole = described.SinglePagePaginator(type="single_page", empty_when_missing=_is_table(endpoint))
        return endpoint.job.paginator or whole
    if _is_entity(one):
        return described.SinglePagePaginator(type="single_page")
    return paginator or description.client.paginator or described.AutoPaginator(type="auto")


def with_paginator(description: ApiDescription, one: Resource, base_url: str) -> Endpoint:
    """The endpoint with its paginator filled in, and what further pages are asked with as it is sent.

    Args:
        description: the API.
        one: the resource.
        base_url: the address that further pages are below.
    """
    endpoint, paginator = one.endpoint, paginator_of(description, one)
    # Nothing but records stands in a table, so it is the list, and one without a byte is a list without a row.
    selector = endpoint.data_selector or ("$" if _is_table(endpoint) else None)
    if _is_entity(one):
        selector = selector or "$"
    if isinstance(paginator, described.CursorPaginator) and paginator.next_request is not None:
        later = _as_sent(paginator.next_request, base_url)
        paginator = paginator.model_copy(update={"next_request": later})
    return endpoint.model_copy(update={"paginator": paginator, "data_selector": selector})


def _is_entity(one: Resource) -> bool:
    """Whether the answer is one record by its address, and nothing in the file says otherwise."""
    is_told = one.endpoint.job is not None or one.endpoint.paginator is not None
    return not is_told and bool(single_entity_path(one.path))


def _is_table(endpoint: Endpoint) -> bool:
    return endpoint.format is not None and endpoint.format.type in TABULAR


def _as_sent(later: described.NextRequest, base_url: str) -> described.NextRequest:
    """What further pages are asked with, as dlt sends what goes with the first one."""
    path = None if later.path is None else f"{base_url.rstrip('/')}/{expand_placeholders(later.path, {}).lstrip('/')}"
    sent = {
        "path": path,
        "params": expand_placeholders(as_written(later.params), {}),
        "json_body": expand_placeholders(later.json_body, {}, preserve_value_type=True),
        "data": expand_placeholders(as_written(later.data), {}),
    }
    return later.model_copy(update=sent)


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
