"""Paginators that cannot lose rows, behind dlt's paginator interface.

All share three rules: a page that repeats an earlier one ends the sync as incomplete, a count that the API
gives is compared with but never a reason to stop, and how the list ended is written down. Offsets and page
numbers are counted here; links and cursors are found by dlt's own paginators and guarded here.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from dlt.common import jsonpath
from dlt.common.utils import str2bool
from dlt.sources.helpers.rest_client import paginators as dlt_paginators
from dlt.sources.helpers.rest_client.detector import PaginatorFactory
from requests import Request

from messaging_assets import paginator_description as described
from messaging_assets.failures import MendDescription, ReadIncomplete
from messaging_assets.reading import Reading, Source
from messaging_assets.receipt import Verdict

# How an API may refuse a page past the number of pages that it announced itself.
_PAST_THE_END = frozenset({400, 404, 416})


class GuardedPaginator(dlt_paginators.BasePaginator):
    """What every way of paging shares; subclasses know how to find the next page.

    Args:
        description: the paginator as the file has it.
        source: what the readings of this resource share.
        max_in_flight: requests that may be under way at once.
    """

    def __init__(
        self, description: described.PaginatorDescription, source: Source, max_in_flight: int = 1
    ) -> None:
        super().__init__()
        self.description, self.source, self.max_in_flight = description, source, max_in_flight
        self.reading = Reading(source)

    def __deepcopy__(self, memo: dict[int, Any]) -> GuardedPaginator:
        # dlt copies the paginator for each parent; the receipt behind it must stay one.
        return type(self)(self.description, self.source, self.max_in_flight)

    def init_request(self, request: Request) -> None:
        """Begin a list: the request will carry its reading from here on."""
        self._has_next_page = True
        self.reading = request.reading = Reading(self.source)  # type: ignore[attr-defined]
        self.start(request)

    def update_state(self, response: Any, data: list[Any] | None = None) -> None:
        """Judge the page that came and decide whether there is another."""
        rows = data if data is not None else []
        if self._is_left_out(response):
            how = "the list was left out past the last page"
        else:
            overlap = self.overlap()
            sent = self.reading.take(response, rows, overlap)
            self._announce_rows(response)
            how = self.advance(response, sent, overlap)
        if how is None and self.description.maximum_pages == self.reading.page:
            self.reading.cut_short(f"maximum_pages ({self.reading.page}) was reached before the end")
            self._has_next_page = False
        elif how is not None:
            self.reading.ended(how)
            self._has_next_page = False

    def start(self, request: Request) -> None:
        """Put the first page's parameters on the request."""

    def advance(self, response: Any, sent: int, overlap: int) -> str | None:
        """Move on by the page of `sent` rows that came; returns how the list ended, or None where it goes on."""
        raise NotImplementedError(type(self).__name__)

    def overlap(self) -> int:
        """How many rows of the coming page should repeat the one before."""
        return 0

    def update_request(self, request: Request) -> None:
        """Put the next page's parameters on the request."""

    def _is_left_out(self, response: Any) -> bool:
        if not (self.description.end_on_missing_selector and self.reading.page):
            return False
        selector = self.source.endpoint.data_selector or "$"
        return not any(value is not None for value in jsonpath.find_values(selector, response.parsed))

    def _announce_rows(self, response: Any) -> None:
        if self.description.rows_total_path:
            self.reading.announce(_first(self.description.rows_total_path, response.parsed))


class CountingPaginator(GuardedPaginator):
    """Offsets and page numbers: the next page is known ahead, so pages can be asked for side by side."""

    position = 0

    def start(self, request: Request) -> None:
        """Put the first position on the request."""
        self.position = self.first_position()
        self.place(request, self.position)

    def update_request(self, request: Request) -> None:
        """Put the next position on the request."""
        if self._has_next_page:
            self.place(request, self.position)

    def first_position(self) -> int:
        """Where the list begins."""
        raise NotImplementedError(type(self).__name__)

    def place(self, request: Request, position: int) -> None:
        """Put a position into the query or the body, as the file says."""
        raise NotImplementedError(type(self).__name__)

    def ask_ahead(self, step: int, last: int | None) -> None:
        """Let further pages be asked for, from the second page on, when paging has shown that it works.

        Args:
            step: how far apart two pages are.
            last: the position past which no page is expected, where that is known.
        """
        if self.reading.page < 2 or self.max_in_flight < 2:
            return
        start = self.position

        def upcoming(request: Request) -> Iterator[Request]:
            for number in range(1, self.max_in_flight):
                position = start + number * step
                if last is not None and position > last:
                    return
                further = copy.copy(request)
                further.params = dict(request.params or {})
                further.json = copy.deepcopy(request.json)
                self.place(further, position)
                yield further

        self.reading.upcoming = upcoming


class OffsetPaginator(CountingPaginator):
    """Goes on by the rows that really came, to the first empty page or a short page at `total`."""

    description: described.OffsetPaginator

    def first_position(self) -> int:
        """The file's offset, 0 where it has none."""
        return self.description.offset

    def overlap(self) -> int:
        """The file's overlap, from the second page on."""
        return self.description.overlap if self.reading.page else 0

    def place(self, request: Request, position: int) -> None:
        """Put offset and limit on the request."""
        own = self.description
        _place(request, own.offset_param, own.offset_body_path, "offset", max(position, 0))
        _place(request, own.limit_param, own.limit_body_path, "limit", own.limit)

    def advance(self, response: Any, sent: int, overlap: int) -> str | None:
        """See CountingPaginator."""
        own = self.description
        if own.total_path:
            self.reading.announce(_first(own.total_path, response.parsed))
        if sent <= overlap:
            return "an empty page" if sent == 0 else "a page with nothing but the overlap"
        reached = self.position + sent
        self.position = reached - own.overlap if own.overlap < sent else reached
        if own.has_more_path and _says_no_more(own.has_more_path, response, self.reading):
            return "the API said that there is no more"
        total = self.reading.total
        if total is not None and sent < own.limit and reached >= total + own.offset:
            return "a short page at total"
        if own.maximum_offset is not None and reached >= own.maximum_offset:
            self.reading.cut_short(f"maximum_offset ({own.maximum_offset}) was reached before the end")
            self._has_next_page = False
            return None
        self.ask_ahead(max(sent - own.overlap, 1), total + own.offset if total is not None else None)
        return None


class PageNumberPaginator(CountingPaginator):
    """Counts pages to the first empty one; one request past an announced last page confirms it."""

    description: described.PageNumberPaginator

    def first_position(self) -> int:
        """The file's first page."""
        return self.description.page if self.description.page is not None else self.description.base_page

    def place(self, request: Request, position: int) -> None:
        """Put the page number on the request."""
        _place(request, self.description.page_param, self.description.page_body_path, "page", position)

    def advance(self, response: Any, sent: int, overlap: int) -> str | None:
        """See CountingPaginator."""
        own = self.description
        pages = _number(_first(own.total_path, response.parsed)) if own.total_path else None
        done = self.position - own.base_page + 1
        if sent == 0:
            if pages is not None and done <= pages:
                self.source.receipt.found(
                    Verdict.INCOMPLETE,
                    f"page {done} of {pages} announced ones was empty; rows may be missing after it",
                )
            return "an empty page"
        self.position += 1
        if own.has_more_path and _says_no_more(own.has_more_path, response, self.reading):
            return "the API said that there is no more"
        if own.maximum_page is not None and self.position >= own.maximum_page:
            self.reading.cut_short(f"maximum_page ({own.maximum_page}) was reached before the end")
            self._has_next_page = False
            return None
        self.reading.may_end_with = _PAST_THE_END if pages is not None and done >= pages else frozenset()
        self.ask_ahead(1, own.base_page + pages - 1 if pages is not None else None)
        return None


class ReferencePaginator(GuardedPaginator):
    """Links and cursors: dlt's paginator finds the next reference, a reference that repeats ends the sync."""

    def start(self, request: Request) -> None:
        """Begin without a reference."""
        self._found = _dlt_paginator(self.description)
        self._references: set[str] = set()

    def advance(self, response: Any, sent: int, overlap: int) -> str | None:
        """See GuardedPaginator."""
        assert self._found is not None
        self._found.update_state(response)
        reference = getattr(self._found, "_next_reference", None)
        path = getattr(self.description, "has_more_path", None)
        if path and _says_no_more(path, response, self.reading):
            return "the API said that there is no more"
        if getattr(self.description, "stop_after_empty_page", False) and sent == 0:
            return "an empty page"
        if not reference:
            return "the API named no further page"
        if not isinstance(reference, (str, int)):
            raise MendDescription(
                f"{self.source.asset}: the place of the next page holds neither a text nor a number on page "
                f"{self.reading.page}; correct the paginator's path in the file."
            )
        if str(reference) in self._references:
            raise ReadIncomplete(
                f"{self.source.asset}: page {self.reading.page} names a next page that was read already, so the list "
                "goes in a circle; ask the vendor, or correct the paginator in the file."
            )
        self._references.add(str(reference))
        return None

    def update_request(self, request: Request) -> None:
        """Let dlt's paginator put the reference on the request."""
        if self._has_next_page and self._found is not None:
            self._found.update_request(request)


class AutoPaginator(ReferencePaginator):
    """Detects links and cursors in the first answer, as dlt does; an answer with neither is one page."""

    def start(self, request: Request) -> None:
        """Nothing is known before the first answer."""
        self._found = None
        self._references = set()

    def advance(self, response: Any, sent: int, overlap: int) -> str | None:
        """See GuardedPaginator."""
        if self._found is None:
            found, _ = PaginatorFactory().create_paginator(response)
            if found is None or isinstance(found, dlt_paginators.SinglePagePaginator):
                if self.source.endpoint.paginator is None or sent:
                    self.source.receipt.found(
                        Verdict.UNKNOWN,
                        "no paginator is declared and none was detected; declare one, or single_page",
                    )
                return "one answer, with no sign of another page"
            self._found = found
        return super().advance(response, sent, overlap)


class SinglePagePaginator(GuardedPaginator):
    """Everything comes in one answer."""

    def advance(self, response: Any, sent: int, overlap: int) -> str | None:
        """See GuardedPaginator."""
        return "one answer holds everything"


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


def build_paginator(
    description: described.Paginator, source: Source, max_in_flight: int = 1
) -> GuardedPaginator:
    """The guarded paginator for what the file names.

    Args:
        description: the paginator as the file has it.
        source: what the readings of this resource share.
        max_in_flight: requests that may be under way at once.
    """
    return _CLASSES[description.type](description, source, max_in_flight)


def _dlt_paginator(own: Any) -> dlt_paginators.BasePaginator:
    if own.type in ("json_link", "json_response"):
        return dlt_paginators.JSONLinkPaginator(next_url_path=own.next_url_path)
    if own.type == "header_link":
        return dlt_paginators.HeaderLinkPaginator(links_next_key=own.links_next_key)
    if own.type == "header_cursor":
        return dlt_paginators.HeaderCursorPaginator(own.cursor_key, own.cursor_param or "cursor")
    return dlt_paginators.JSONResponseCursorPaginator(own.cursor_path, own.cursor_param, own.cursor_body_path)


def _place(request: Request, param: str | None, body_path: str | None, default: str, value: int) -> None:
    if body_path:
        request.json = request.json if request.json is not None else {}
        jsonpath.set_value_at_path(request.json, body_path, value)
    else:
        request.params = request.params if request.params is not None else {}
        request.params[param or default] = value


def _first(path: str, body: Any) -> Any:
    values = jsonpath.find_values(path, body)
    return values[0] if values else None


def _number(value: Any) -> int | None:
    if isinstance(value, str) and value.strip().isdigit():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _says_no_more(path: str, response: Any, reading: Reading) -> bool:
    value = _first(path, response.parsed)
    if isinstance(value, str):
        try:
            value = str2bool(value)
        except ValueError:
            value = None
    if not isinstance(value, bool):
        raise MendDescription(
            f"{reading.asset}: has_more_path '{path}' holds no truth value on page {reading.page}; "
            "correct the paginator in the file."
        )
    return not value
