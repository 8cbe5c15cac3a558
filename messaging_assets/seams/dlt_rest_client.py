"""What dlt's REST client knows of answers: where the list is, where the next page is, what is one object."""

from __future__ import annotations

from typing import Any

# Since dlt 1.30: documented one package up, where type checkers do not see it.
from dlt.sources.helpers.rest_client.client import RESTClient

# Since dlt 1.30: dlt's detection of lists and of the way of paging, and the names that it goes by.
from dlt.sources.helpers.rest_client.detector import (
    NON_RECORD_KEY_PATTERNS,
    RECORD_KEY_PATTERNS,
    PaginatorFactory,
    find_all_lists,
    find_response_page_data,
    single_entity_path,
)

# Since dlt 1.30: ends a list without a failure, where the file says that an answer is to be ignored.
from dlt.sources.helpers.rest_client.exceptions import IgnoreResponseException
from dlt.sources.helpers.rest_client.paginators import HeaderLinkPaginator
from requests.utils import parse_header_links

__all__ = [
    "NON_RECORD_KEY_PATTERNS",
    "RECORD_KEY_PATTERNS",
    "HeaderLinks",
    "IgnoreResponseException",
    "PaginatorFactory",
    "RESTClient",
    "find_all_lists",
    "find_response_page_data",
    "next_reference",
    "set_next_reference",
    "single_entity_path",
]


def next_reference(paginator: Any) -> Any:
    """The link or cursor that one of dlt's paginators found last; None where it found none.

    Args:
        paginator: dlt's paginator of links or cursors; None where there is none yet.
    """
    # Since dlt 1.30: `has_next_page` only says that there is one; a circle shows by the reference itself.
    return getattr(paginator, "_next_reference", None)


def set_next_reference(paginator: Any, reference: Any) -> None:
    """Let one of dlt's paginators go on where an interrupted read stopped.

    Args:
        paginator: dlt's paginator of links or cursors.
        reference: the link or cursor.
    """
    # Since dlt 1.30: its setter takes None too, and nothing else writes it before the first request.
    paginator._next_reference = reference


class HeaderLinks(HeaderLinkPaginator):
    """dlt's, which misses a relation in other letters (`Next`) or beside others (`next last`); see RFC 8288, 3.3."""

    def update_state(self, response: Any, data: list[Any] | None = None) -> None:
        """Note the next page's address."""
        # Since dlt 1.30: the setter also says whether there is a next page.
        self._next_reference = self.next_of(response)

    def next_of(self, response: Any) -> str | None:
        """The address that the header gives for the relation; None where it has none."""
        wanted = self.links_next_key.lower()
        for link in parse_header_links(response.headers.get("link", "")):
            relation = link.get("rel", "").lower()
            if wanted == relation or wanted in relation.split():
                return link.get("url")
        return None
