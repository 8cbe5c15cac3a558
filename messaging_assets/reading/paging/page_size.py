"""How many rows a page is asked to have, and what is asked for where that is refused."""

from __future__ import annotations

from functools import partial
from typing import Any, Protocol

from requests import Request

from messaging_assets.description.pagination import (
    PAGE_SIZES,
    OffsetPaginator,
    PaginatorDescription,
    SizedPaginator,
)
from messaging_assets.foundation.failures import SyncFailure
from messaging_assets.reading.ending import Reading
from messaging_assets.reading.evidence.claims import Claims
from messaging_assets.reading.list_context import ListContext
from messaging_assets.seams.dlt_values import set_value_at_path

# What an API answers that gives no page so long, or what becomes of a page that is longer than the file allows.
_REFUSALS = frozenset({"400", "413", "422", "too large"})


class OfPages(Protocol):
    """A list that is asked for page by page: its paginator in the file, what its resource shares, what came of it."""

    description: PaginatorDescription
    context: ListContext
    reading: Reading


def take_size(of: OfPages, request: Request) -> None:
    """Ask for pages of the size that was found with an earlier list, or else for the one of the file.

    Args:
        of: the list.
        request: its first request; changed.
    """
    paginator = of.context.endpoint.paginator
    if isinstance(paginator, SizedPaginator) and paginator.size:
        of.description, request.asks_less = paginator, partial(_asks_less, of)  # type: ignore[attr-defined]
        _put_size(request, paginator, of.context)


def _put_size(request: Request, paginator: SizedPaginator, context: ListContext) -> None:
    """Put the size of a page on a list's first request; the receipt tells one that the sync chose."""
    in_body = paginator.limit_body_path if isinstance(paginator, OffsetPaginator) else None
    put(request, paginator.limit_param or "limit", in_body, paginator.size)
    if paginator.limit == "max" and not context.is_parent:
        context.receipt.limit = paginator.size


def _asks_less(paginator: OfPages, request: Request, refused: SyncFailure) -> bool:
    """Ask for a shorter first page, of this list and of lists to come; whether there is one to ask for."""
    own, context = paginator.description, paginator.context
    if not isinstance(own, SizedPaginator) or own.limit != "max":
        return False
    if paginator.reading.page or refused.label not in _REFUSALS:
        return False
    smaller = next((size for size in PAGE_SIZES if size < own.size), None)
    if smaller is None:
        return False
    paginator.description = shorter = own.model_copy(update={"maximum_limit": smaller})
    context.endpoint = context.endpoint.model_copy(update={"paginator": shorter})
    paginator.reading.claims = Claims(context.asset, context.endpoint)
    _put_size(request, shorter, context)
    context.receipt.retried(refused.label)
    return True


def put(request: Any, name: str, place_in_body: str | None, number: int) -> None:
    """Put a number into a request: into its body where the file names a place there, else into the query.

    Args:
        request: the request; changed.
        name: the parameter's name.
        place_in_body: where it is in the body; None for the query.
        number: the number.
    """
    if place_in_body and isinstance(request.data, dict):
        # A form has fields, and no places below them.
        request.data[place_in_body] = number
    elif place_in_body:
        request.json = request.json if request.json is not None else {}
        set_value_at_path(request.json, place_in_body, number)
    else:
        request.params = request.params if request.params is not None else {}
        request.params[name] = number
