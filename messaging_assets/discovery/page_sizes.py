"""The largest page that an API gives, and how many requests it saves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from messaging_assets.answers.record_keys import whole_number
from messaging_assets.answers.signs_of_more import asked_sizes
from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.description.pagination import PAGE_SIZES, SizedPaginator
from messaging_assets.description.parents import is_child
from messaging_assets.discovery.examined import Examined, Finding
from messaging_assets.discovery.first_pages import FirstPages
from messaging_assets.foundation.failures import TryAgainLater
from messaging_assets.reading.paging.paginators import paginator_of

# So many requests a look at one list may cost.
_MOST = 3


def try_larger(
    description: ApiDescription, resource: Resource, seen: Examined, read: Callable[[Resource], FirstPages]
) -> None:
    """Ask a list of several pages for larger ones, until one comes; what that saves is noted.

    Args:
        description: the API.
        resource: one of its resources, with the defaults merged in.
        seen: what is known of it; a finding and the requests are added.
        read: reads the first page of a resource.
    """
    now = _size_of(description, resource)
    may = not (is_child(resource) or resource.for_each or resource.endpoint.job or seen.is_wrong)
    if not may or now is None or seen.pages < 2 or seen.rows <= now:
        return
    for asked in [size for size in PAGE_SIZES if size > now][:_MOST]:
        word, larger = _with_size(description, resource, asked)
        came = read(larger)
        seen.requests += came.receipt.requests
        if isinstance(came.failure, TryAgainLater):
            return
        rows = 0 if came.failure else came.receipt.rows_read
        if rows > now:
            # One that holds all rows may be as long as was asked for.
            size = asked if rows == seen.total else rows
            what = f"a page of {asked:,} was asked for, and {rows:,} rows came, where the file asks for {now:,}"
            mend = f"write {word}: {size}, which takes {saved(now, size, seen.total)}"
            seen.findings.append(Finding("note", "page size", what, mend))
            return


def saved(now: int, size: int, total: int | None) -> str:
    """How many requests a larger page saves, as a clause.

    Args:
        now: rows of a page now.
        size: rows of the larger page.
        total: rows of the list; None where nobody knows.
    """
    if total is None:
        return f"one request where {size / now:.3g} are sent now"
    after, before = (max(-(-total // one), 1) for one in (size, now))
    return f"{after:,} request{'s' * (after > 1)} in place of {before:,} for {total:,} rows"


def _size_of(description: ApiDescription, resource: Resource) -> int | None:
    """How many rows a page is asked to have."""
    paginator = paginator_of(description, resource)
    if isinstance(paginator, SizedPaginator) and paginator.limit:
        return None if paginator.limit == "max" else paginator.limit
    sizes: Sequence[int | None] = [whole_number(one) for one in asked_sizes(resource.endpoint.params)]
    return sizes[0] if len(sizes) == 1 else None


def _with_size(description: ApiDescription, resource: Resource, size: int) -> tuple[str, Resource]:
    """The word that sets the size of a page, and the resource with another one."""
    endpoint, paginator = resource.endpoint, paginator_of(description, resource)
    changed: dict[str, Any]
    if isinstance(paginator, SizedPaginator) and paginator.limit:
        word, changed = "paginator.limit", {"paginator": paginator.model_copy(update={"limit": size})}
    else:
        name = next(name for name, value in endpoint.params.items() if asked_sizes({name: value}))
        word, changed = f"params.{name}", {"params": {**endpoint.params, name: size}}
    return word, resource.model_copy(update={"endpoint": endpoint.model_copy(update=changed)})
