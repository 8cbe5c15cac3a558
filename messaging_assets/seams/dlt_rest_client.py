"""What dlt's REST client knows of answers: where the list is, where the next page is, what is one object."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from logging import INFO
from typing import Any

from dlt.sources import DltResource

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

# Since dlt 1.30: how rest_api asks for the list of a parent's record, and fills the texts of a request.
from dlt.sources.rest_api.config_setup import (
    build_resource_dependency_graph,
    expand_placeholders,
    paginate_dependent_resource,
    paginate_resource,
)

from messaging_assets.seams.dlt_settings import dlt_logger

__all__ = [
    "NON_RECORD_KEY_PATTERNS",
    "RECORD_KEY_PATTERNS",
    "HeaderLinks",
    "IgnoreResponseException",
    "ListRequests",
    "PaginatorFactory",
    "RESTClient",
    "expand_placeholders",
    "find_all_lists",
    "find_response_page_data",
    "next_reference",
    "saying_only_what_is_read",
    "set_next_reference",
    "single_entity_path",
]


class ListRequests:
    """Asks for a list page by page, as rest_api does it when the list has its turn.

    Args:
        config: a resource, with its parent where it has one, in rest_api's words.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        *_, own = config["resources"]
        _, resources, resolved = build_resource_dependency_graph({}, [*config["resources"]])
        endpoint: Any = resources[own["name"]]["endpoint"]  # type: ignore[index]
        words = ("path", "headers", "json", "data", "data_selector")
        self._request: dict[str, Any] = {word: endpoint.get(word) for word in words}
        self._request["resolved_params"] = params = resolved[own["name"]] or []
        bound = {one.param_name for one in params}
        self._request["params"] = {
            name: value for name, value in (endpoint.get("params") or {}).items() if name not in bound
        }
        self._method = endpoint.get("method", "GET")
        self._client = config["client"]
        self._known = RESTClient(**self._client)._config

    def pages(self, record: Mapping[str, Any] | None, session: Any, paginator: Any) -> Iterator[Any]:
        """The pages of a list.

        Args:
            record: the parent's whose list it is; None for the list of a resource without one.
            session: sends the requests.
            paginator: finds the next page.
        """
        client = RESTClient(**{**self._client, "session": session}, config=self._known)
        more: Any = {"hooks": {}, "client": client, "paginator": paginator}
        more |= dict.fromkeys(("incremental_object", "incremental_param", "incremental_cursor_transform"))
        if record is None:
            words = {word: value for word, value in self._request.items() if word != "resolved_params"}
            yield from paginate_resource(self._method, **words, **more)
            return
        more["include_from_parent"] = []
        yield from paginate_dependent_resource([dict(record)], self._method, **self._request, **more)


def saying_only_what_is_read(reader: DltResource) -> DltResource:
    """Let dlt's client make no line for its log of each request where no log takes it: a line takes 0.1 ms.

    Args:
        reader: rest_api's reader of a list.
    """
    client: Any = reader.explicit_args["client"]
    # Since dlt 1.30: called before each request leaves.
    say, logger = client._log_request, dlt_logger()

    def say_if_read(*words: Any) -> None:
        if logger.isEnabledFor(INFO):
            say(*words)

    client._log_request = say_if_read
    return reader


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

    def __init__(self, address_in: Callable[[str, str], str | None], relation: str = "next", header: str = "Link"):
        super().__init__(relation)
        self._address_in, self._header = address_in, header

    def update_state(self, response: Any, data: list[Any] | None = None) -> None:
        """Note the next page's address."""
        # Since dlt 1.30: the setter also says whether there is a next page.
        self._next_reference = self.next_of(response)

    def next_of(self, response: Any) -> str | None:
        """The address that the header gives for the relation; None where it has none."""
        written = response.headers.get(self._header, "")
        # No address begins so; some write what belongs into Link under a name of their own.
        if self._header.lower() != "link" and not written.lstrip().startswith("<"):
            return written or None
        return self._address_in(written, self.links_next_key)
