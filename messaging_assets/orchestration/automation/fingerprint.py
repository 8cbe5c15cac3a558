"""What one bounded request shows of a list, as a short text that changes when the list does.

    the API gives                              the request                      the fingerprint
    an incremental cursor, synced before       from the last cursor value on    keys and cursors of what came
                                               (with step: one step at most)
    a count of rows                            the first page                   the count and the page's keys
    offsets, no count, synced before           from the last known row on       keys of what came
    anything else                              the first page                   ETag or Last-Modified, else the page
    `conditional`, and a list on one page      the first page, unless it is     as above; nothing new where the API
                                               the one of the last sync         answers 304

The second and fourth see what is new at the start of a list or in its count: an old row that is changed deep in
the list, or a new one at the end of pages that nobody counts, takes a schedule. A first page whose records carry
a clock is new at each look.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from requests.auth import AuthBase

from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.description.pagination import OffsetPaginator
from messaging_assets.foundation import json_paths
from messaging_assets.foundation.failures import sync_failure
from messaging_assets.http.authentication import asking_part
from messaging_assets.http.session import ApiSession
from messaging_assets.http.wire.validators import Unchanged
from messaging_assets.loading.passes.api_reader import ApiReader
from messaging_assets.reading.cursors.marks import CursorMarks, cursor_of
from messaging_assets.reading.list_context import ListContext, ListsSoFar
from messaging_assets.reading.paging.paginators import paginator_of, with_paginator
from messaging_assets.reading.receipt import Receipt
from messaging_assets.rows.steps import keys_as_sent
from messaging_assets.seams.dlt_rest_client import RESTClient

LAST_CURSOR = "messaging_assets/last_cursor"
VALIDATOR = "messaging_assets/validator"


@dataclass(frozen=True)
class Probe:
    """Asks one resource of an API once.

    Args:
        description: the API.
        resource: one of its resources that has no parent.
        session: sends the request; its time limits bound it.
        auth: puts the secrets onto it.
        base_url: the API's address.
        last: metadata of the resource's last materialization, empty where there was none.
    """

    description: ApiDescription
    resource: Resource
    session: ApiSession
    auth: AuthBase | None
    base_url: str
    last: Mapping[str, Any]

    @property
    def asset(self) -> str:
        """The asset's name in errors."""
        return self.description.asset_of(self.resource)

    def fingerprint(self) -> str | None:
        """Ask, and digest what came; records and secrets cannot be read from it.

        Returns:
            16 hexadecimal digits; None where the answer holds nothing but what the last sync knew.

        Raises:
            SyncFailure: there was no usable answer; nothing was asked twice.
        """
        source = self._source()
        if (asking := asking_part(self.auth)) is not None:
            self.session.token_exchange(asking, source.terms)
        sources = {self.resource.name: source}
        request = ApiReader(self.description, self.session, sources, self.base_url).request(self.resource)
        cursor = source.incremental
        try:
            page, answer = self._first_page(request, source.keys)
        except Exception as error:
            if not isinstance(unchanged := sync_failure(error), Unchanged):
                raise
            return _digest(unchanged.other) if unchanged.other else None
        keys = [[row.get(key) for key in source.keys] if source.keys else row for row in page]
        if cursor is not None and self._last_cursor is not None:
            return self._behind_cursor(page, keys, cursor.cursor_path)
        total = request["paginator"].reading.total
        if total is not None and source.endpoint.total != "ignore":
            return _digest(total, keys)
        if self._known_rows is not None:
            return None if len(page) == min(self._known_rows, 1) else _digest(keys)
        headers = answer.headers if answer is not None else {}
        mark = headers.get("ETag") or headers.get("Last-Modified")
        return _digest(mark) if mark else _digest(page)

    def _source(self) -> ListContext:
        """The endpoint as it is asked here: one page, no retries, no patience."""
        endpoint = with_paginator(self.description, self.resource, self.base_url)
        assert endpoint.paginator is not None
        changes: dict[str, Any] = {"maximum_pages": 1}
        if self._known_rows is not None:
            changes["offset"] = endpoint.paginator.offset + max(self._known_rows - 1, 0)  # type: ignore[union-attr]
        if found := self.last.get("messaging_assets/limit"):
            changes["maximum_limit"] = found
        asked = {
            "paginator": endpoint.paginator.model_copy(update=changes),
            "error_handler": endpoint.error_handler.model_copy(update={"max_retries": 0, "maximum_wait": 0.0}),
        }
        known = self.last.get(VALIDATOR) if endpoint.conditional else None
        return ListContext(
            so_far=ListsSoFar(unless=known),
            asset=self.asset,
            endpoint=endpoint.model_copy(update=asked),
            keys=keys_as_sent(self.resource, self.resource.keys),
            receipt=Receipt(),
            auth=_OneTry(self.auth) if self.auth else None,
            set_aside=lambda row, reason, page: None,
            marks=self._marks(),
        )

    def _marks(self) -> CursorMarks | None:
        """The cursor as the last sync left it; without its lag, behind which nothing is news."""
        cursor, last = cursor_of(self.resource.endpoint), self._last_cursor
        if cursor is None:
            return None
        mark = {"last_value": last, "unique_hashes": []}
        own = cursor.model_copy(update={"lag": None})
        return CursorMarks(self.asset, own, self.resource.keys, {} if last is None else {"": mark}, is_asked_for=True)

    @property
    def _known_rows(self) -> int | None:
        """How many rows lie before the place to ask at; None where the first page is asked for."""
        paginator = paginator_of(self.description, self.resource)
        has_count = self.last.get("messaging_assets/rows_api_says") is not None
        rows = self.last.get("messaging_assets/distinct_keys")
        if is_incremental(self.resource) or has_count or not isinstance(paginator, OffsetPaginator):
            return None
        return rows if isinstance(rows, int) else None

    @property
    def _last_cursor(self) -> Any:
        return self.last.get(LAST_CURSOR)

    def _first_page(
        self, request: dict[str, Any], names: tuple[str, ...]
    ) -> tuple[list[Any], requests.Response | None]:
        client = RESTClient(self.base_url, headers=dict(self.description.client.headers), session=self.session)
        pages = client.paginate(**request)
        page = next(pages, None)
        # None: the file says that this answer is to be ignored, which stands for an empty list.
        if page is None:
            return [], None
        # Of a page in parts, or in documents, each further one stands here as a record.
        further = map(_digest, pages) if getattr(page.response.json(), "goes_on", False) else ()
        return [*page, *({**dict.fromkeys(names, one), "": one} for one in further)], page.response

    def _behind_cursor(self, page: list[Any], keys: list[Any], path: str) -> str | None:
        cursors = [json_paths.find_values(path, row) for row in page]
        # The range is closed, so the last row comes again; a second one with its cursor may be new.
        if cursors in ([], [[self._last_cursor]]):
            return None
        return _digest(keys, cursors)


class _OneTry(AuthBase):
    """Puts the secrets on as another would, but gets no second token and no second request after a 401."""

    def __init__(self, auth: AuthBase) -> None:
        self._auth = auth

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the secrets to a prepared request."""
        return self._auth(request)


def is_incremental(resource: Resource) -> bool:
    """Whether a resource asks for what is newer than a cursor, in any of dlt's ways to say so."""
    return cursor_of(resource.endpoint) is not None


def _digest(*parts: Any) -> str:
    # Python's own writer, because orjson refuses lone surrogates and integers beyond 64 bits.
    text = json.dumps(parts, default=str, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
