"""Lists of which the file says nothing, or that everything comes in one answer."""

from __future__ import annotations

from typing import Any

from dlt.sources.helpers.rest_client import paginators as dlt_paginators
from requests import Request

from messaging_assets.answers.beside_list import address_in
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.reading.ending import Reading
from messaging_assets.reading.evidence.boundary import Boundary
from messaging_assets.reading.evidence.usual_caps import OF_ONE
from messaging_assets.reading.paging.guarded import GuardedPaginator
from messaging_assets.reading.paging.linked import ReferencePaginator
from messaging_assets.reading.paging.references import NextReference
from messaging_assets.reading.receipt import Verdict
from messaging_assets.seams.dlt_rest_client import HeaderLinks, PaginatorFactory


class AutoPaginator(ReferencePaginator):
    """Detects links and cursors in the first answer, as dlt does; an answer with neither is one page."""

    def start(self, request: Request) -> None:
        """Nothing is known before the first answer."""
        self._next = None
        self._there, self._is_told = [], False
        self._boundary = Boundary(None)

    def advance(self, response: Any, sent: int) -> str | None:
        """See GuardedPaginator."""
        if self._next is None:
            found, _ = _detect(response)
            if isinstance(found, dlt_paginators.PageNumberPaginator):
                found.update_state(response, [response])
                if found.has_next_page:
                    raise MendDescription(
                        "the answer seems to be one of several numbered pages",
                        "declare the paginator in the file, such as {type: page_number, base_page: 1}",
                        where=self.context.asset,
                    )
            if not isinstance(found, dlt_paginators.BaseReferencePaginator):
                self._is_told = True
                why = "no paginator is declared and none was detected; declare one"
                doubt = self.reading.ending.missed or only_page(self.reading)
                why = f"{doubt}; {why}" if doubt else f"{why}, or single_page"
                self.context.receipt.found(Verdict.UNKNOWN, why)
                return "one answer"
            self._next = NextReference(found, self.description)
            self._next.read(response)
        return super().advance(response, sent)


class SinglePagePaginator(GuardedPaginator):
    """Everything comes in one answer."""

    def advance(self, response: Any, sent: int) -> str | None:
        """See GuardedPaginator."""
        self.says_no_more(response)
        self.reading.ending.usual_caps = frozenset() if self.reading.claims.signs.is_next_empty else OF_ONE
        return "one answer holds everything"

    def doubt_of_end(self) -> str | None:
        """See GuardedPaginator."""
        return None if self.is_sign_disbelieved else only_page(self.reading)


def only_page(reading: Reading) -> str | None:
    """What says that more follows a page that is taken for everything, as a clause; None where nothing does."""
    signs = reading.claims.signs
    if signs.left_out and not reading.is_whole_by_count:
        return f"{signs.left_out}; ask for less at a time, or write has_more_path: null if none are"
    if signs.said or not reading.counts.sent or signs.is_end_said or reading.is_whole_by_count:
        return f"{signs.said}; declare the paginator" if signs.said else None
    if sign := signs.link or signs.token:
        return f"the only page seems to name a next one at {sign}; declare the paginator"
    sent, rows = reading.counts.sent, reading.counts.all_rows
    # Of lists inside lists a size may be of those, or of all their rows.
    is_full = reading.claims.is_full(sent, is_by_links=False) or rows in reading.claims.asked_sizes
    if is_full and not signs.is_next_empty and not reading.ending.missed:
        return f"the only page was full ({max(sent, rows)} rows); declare the paginator, or ask for larger pages"
    return None


def _detect(response: Any) -> tuple[dlt_paginators.BasePaginator | None, float]:
    """dlt's guess, and how sure it is: 1 for links, less for what only sounds like a cursor."""
    links = HeaderLinks(address_in)
    return (links, 1.0) if links.next_of(response) else PaginatorFactory().create_paginator(response)
