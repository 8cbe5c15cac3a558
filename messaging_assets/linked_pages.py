"""Links and cursors: dlt's own paginators find the next page, and are guarded here."""

from __future__ import annotations

from typing import Any

from dlt.sources.helpers.rest_client import paginators as dlt_paginators
from dlt.sources.helpers.rest_client.detector import PaginatorFactory
from requests import Request
from requests.utils import parse_header_links

from messaging_assets.failures import MendDescription, PagesRepeat
from messaging_assets.guarded_paginator import GuardedPaginator
from messaging_assets.reading import Reading
from messaging_assets.receipt import Verdict
from messaging_assets.row_totals import more_than_came


class ReferencePaginator(GuardedPaginator):
    """Links and cursors: dlt's paginator finds the next reference, a reference that repeats ends the sync."""

    def start(self, request: Request) -> None:
        """Begin without a reference, or with the one that was kept."""
        self._found: Any = _dlt_paginator(self.description)
        self._references: set[str] = set()
        place = self.reading.resume_at
        if place is not None and place.position is not None:
            self._references.add(str(place.position))
            self._found._next_reference = place.position  # type: ignore[assignment]
            self._go_on(request)

    def advance(self, response: Any, sent: int) -> str | None:
        """See GuardedPaginator."""
        assert self._found is not None
        self._found.update_state(response)
        reference = getattr(self._found, "_next_reference", None)
        if self.says_no_more(getattr(self.description, "has_more_path", None), response):
            return "the API said that there is no more"
        if getattr(self.description, "stop_after_empty_page", False) and sent == 0:
            self.reading.is_more_said = False
            return "an empty page"
        if not reference:
            doubt_single_page(self.reading, response, sent)
            return "the API named no further page"
        if not isinstance(reference, (str, int)) or reference is True:
            raise MendDescription(
                f"{self.source.asset}: the place of the next page holds neither a text nor a whole number on page "
                f"{self.reading.page}; correct the paginator's path in the file."
            )
        if str(reference) in self._references:
            why = f"page {self.reading.page} names a next page that was read already, so the list goes in a circle"
            self.reading.cut_short(why)
            raise PagesRepeat(f"{self.source.asset}: {why}; ask the vendor, or correct the paginator in the file.")
        self._references.add(str(reference))
        return None

    def update_request(self, request: Request) -> None:
        """Let dlt's paginator put the reference on the request."""
        if self._has_next_page and self._found is not None:
            self._go_on(request)

    def _go_on(self, request: Request) -> None:
        try:
            self._found.update_request(request)
        except ValueError:
            # Joining it to the address of the page before fails on what is none.
            raise MendDescription(
                f"{self.source.asset}: page {self.reading.page} names a next page by an address that cannot be read; "
                "correct the paginator in the file, or ask the vendor for plain links."
            ) from None
        self.reading.position = getattr(self._found, "_next_reference", None)


class AutoPaginator(ReferencePaginator):
    """Detects links and cursors in the first answer, as dlt does; an answer with neither is one page."""

    def start(self, request: Request) -> None:
        """Nothing is known before the first answer."""
        self._found = None
        self._references = set()

    def advance(self, response: Any, sent: int) -> str | None:
        """See GuardedPaginator."""
        if self._found is None:
            found, _ = _detect(response)
            if isinstance(found, dlt_paginators.PageNumberPaginator):
                found.update_state(response, [response])
                if found.has_next_page:
                    raise MendDescription(
                        f"{self.source.asset}: the answer seems to be one of several numbered pages; declare the "
                        "paginator in the file, such as {type: page_number, base_page: 1}."
                    )
            if not isinstance(found, dlt_paginators.BaseReferencePaginator):
                told, why = _uncounted(self.reading, response, sent), "no paginator is declared and none was detected"
                why = f"{why}; declare one, or single_page" if told is None else f"{told}; {why}; declare one"
                self.source.receipt.found(Verdict.UNKNOWN, why)
                return "one answer, with no sign of another page"
            self._found = found
        return super().advance(response, sent)


class SinglePagePaginator(GuardedPaginator):
    """Everything comes in one answer."""

    def advance(self, response: Any, sent: int) -> str | None:
        """See GuardedPaginator."""
        doubt_single_page(self.reading, response, sent, is_declared=True)
        if told := _uncounted(self.reading, response, sent):
            step = "declare the paginator, or set endpoint.total to ignore if it counts something else"
            self.source.receipt.found(Verdict.UNKNOWN, f"{told}; {step}")
        return "one answer holds everything"


def _dlt_paginator(own: Any) -> dlt_paginators.BaseReferencePaginator:
    if own.type in ("json_link", "json_response"):
        return dlt_paginators.JSONLinkPaginator(next_url_path=own.next_url_path)
    if own.type == "header_link":
        return _HeaderLinks(links_next_key=own.links_next_key)
    if own.type == "header_cursor":
        return dlt_paginators.HeaderCursorPaginator(own.cursor_key, own.cursor_param or "cursor")
    return dlt_paginators.JSONResponseCursorPaginator(own.cursor_path, own.cursor_param, own.cursor_body_path)


def _detect(response: Any) -> tuple[dlt_paginators.BasePaginator | None, float]:
    """dlt's guess, and how sure it is: 1 for links, less for what only sounds like a cursor."""
    links = _HeaderLinks()
    return (links, 1.0) if links.next_of(response) else PaginatorFactory().create_paginator(response)


class _HeaderLinks(dlt_paginators.HeaderLinkPaginator):
    """dlt's, which misses a relation in other letters (`Next`) or beside others (`next last`); see RFC 8288, 3.3."""

    def update_state(self, response: Any, data: list[Any] | None = None) -> None:
        """Note the next page's address."""
        self._next_reference = self.next_of(response)

    def next_of(self, response: Any) -> str | None:
        """The address that the header gives for the relation; None where it has none."""
        wanted = self.links_next_key.lower()
        for link in parse_header_links(response.headers.get("link", "")):
            relation = link.get("rel", "").lower()
            if wanted == relation or wanted in relation.split():
                return link.get("url")
        return None


def _uncounted(reading: Reading, response: Any, sent: int) -> str | None:
    """That the only page counts more rows than it has, as a clause; None where the file takes a part of what counts."""
    source = reading.source
    is_part = reading.is_one_object or source.incremental or "?" in (source.endpoint.data_selector or "")
    if is_part or source.endpoint.total == "ignore" or reading.total is not None:
        return None
    return more_than_came(response.parsed, sent)


def doubt_single_page(reading: Reading, response: Any, sent: int, is_declared: bool = False) -> None:
    """Say so when the only page names a next one, but not where the file looks for it."""
    if reading.page > 1 or not sent:
        return
    found, certainty = _detect(response)
    if isinstance(found, dlt_paginators.BaseReferencePaginator) and (certainty == 1 or not is_declared):
        found.update_state(response)
        if getattr(found, "_next_reference", None):
            reading.source.receipt.found(
                Verdict.UNKNOWN, "the only page seems to name a next one elsewhere than the paginator looks for it"
            )
