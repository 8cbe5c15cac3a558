"""Links and cursors: dlt's own paginators find the next page, and are guarded here."""

from __future__ import annotations

from typing import Any

from dlt.sources.helpers.rest_client import paginators as dlt_paginators
from requests import Request

from messaging_assets.answers.formats.json_lines import with_numbers_as_written
from messaging_assets.foundation import json_paths
from messaging_assets.foundation.failures import MendDescription, PagesRepeat
from messaging_assets.reading.evidence.boundary import Boundary
from messaging_assets.reading.one_list import Reading
from messaging_assets.reading.paging.guarded import GuardedPaginator
from messaging_assets.reading.receipt import Verdict
from messaging_assets.seams.dlt_rest_client import HeaderLinks, PaginatorFactory, next_reference, set_next_reference


class ReferencePaginator(GuardedPaginator):
    """Links and cursors: dlt's paginator finds the next reference, a reference that repeats ends the sync."""

    def start(self, request: Request) -> None:
        """Begin without a reference, or with the one that was kept."""
        self._found: Any = _dlt_paginator(self.description)
        self._references: set[str] = set()
        self._is_there = self._is_told = False
        self._asked: Any = None
        self._boundary = Boundary(getattr(self.description, "cursor_path", None) if self._is_of_record else None)
        place = self.reading.resume.at
        if place is not None and place.position is not None:
            self._references.add(str(place.position))
            self._asked = place.position
            set_next_reference(self._found, place.position)
            self._go_on(request)

    def find_next(self, response: Any, sent: int) -> None:
        """See GuardedPaginator."""
        if self._found is None:
            return
        self._found.update_state(response)
        self._keep_as_written(response)
        reading = self.reading
        reading.join.may_begin_with_last = reading.join.may_begin_with_last or self._is_of_record
        self._boundary.page(response.parsed, reading.page + 1, self._is_full(sent))
        if self._is_of_record and self._names_itself and self._is_short(sent):
            # It begins with the record that was asked for, and nothing else came.
            reading.repetition.may_repeat = True

    def _keep_as_written(self, response: Any) -> None:
        """Take a number with decimals as the answer has it, digit by digit, unless a JSON body takes it as a number."""
        path = getattr(self.description, "cursor_path", None)
        if isinstance(next_reference(self._found), float) and path and not self._found.cursor_body_path:
            whole = with_numbers_as_written(response.content, getattr(response, "format", "json") == "ndjson")
            found = json_paths.find_values(path, whole)
            set_next_reference(self._found, str(found[0]))

    @property
    def _names_itself(self) -> bool:
        reference = next_reference(self._found)
        return reference is not None and str(reference) == str(self._asked)

    @property
    def _is_of_record(self) -> bool:
        """Whether the next page's token is a field of a record of this page."""
        path = str(getattr(self.description, "cursor_path", ""))
        selector = (self.context.endpoint.data_selector or "$").removesuffix("[*]")
        return path.removeprefix(selector).startswith(("[-1]", "[0]"))

    def _is_short(self, sent: int) -> bool:
        """Whether a page is shorter than a whole one, so that nothing can follow it."""
        sizes = self.reading.claims.asked_sizes
        return sent < (min(sizes) if sizes else self.reading.counts.most_sent)

    def _is_full(self, sent: int) -> bool:
        """Whether a page is as long as one was asked to be, or as the longest of several."""
        sizes, counts = self.reading.claims.asked_sizes, self.reading.counts
        return sent in sizes or bool(counts.full_pages and sent >= counts.most_sent)

    def advance(self, response: Any, sent: int) -> str | None:
        """See GuardedPaginator."""
        assert self._found is not None
        reference = next_reference(self._found)
        if self.says_no_more(getattr(self.description, "has_more_path", None), response):
            self._is_told = True
            return "the API said that there is no more"
        if getattr(self.description, "stop_after_empty_page", False) and sent == 0:
            self.reading.ending.is_more_said, self._is_told = False, True
            return "an empty page"
        if not reference:
            self._is_there = self._is_place_there(response)
            if sent and self._is_of_record:
                path = self.description.cursor_path  # type: ignore[attr-defined]
                raise MendDescription(
                    f"the record at cursor_path '{path}' has no value there on page {self.reading.page}, so nothing "
                    "says where the next page begins",
                    "name a field that every record has",
                    where=self.context.asset,
                )
            return "the API named no further page"
        self._refuse_odd(reference)
        if self._names_itself and (end := self._end_in_itself(sent)):
            return end
        if str(reference) in self._references:
            why = f"page {self.reading.page} names a next page that was read already, so the list goes in a circle"
            self.reading.ending.cut_short(why)
            raise PagesRepeat(why, "ask the vendor, or correct the paginator in the file", where=self.context.asset)
        self._references.add(str(reference))
        return None

    def _end_in_itself(self, sent: int) -> str | None:
        """How the list ended with a page that names itself as the next, which would only come once more."""
        reading = self.reading
        if sent == 0:
            return "an empty page that names itself"
        if reading.claims.signs.is_end_said and not reading.claims.signs.said:
            self._is_told = True
            return "the API said that there is no more"
        if self._is_of_record and reading.repetition.is_nothing_new and self._is_short(sent):
            reading.ending.is_short = True
            return "nothing came behind the last row"
        if sent < reading.counts.most_sent:
            # Some APIs say so that they have no more; a longer page came before, and it was another one.
            reading.ending.is_short = True
            return "a short page that names itself"
        return None

    def _refuse_odd(self, reference: Any) -> None:
        own: Any = self.description
        asset, page = self.context.asset, self.reading.page
        if isinstance(reference, (list, dict)) and own.type == "cursor":
            if own.cursor_body_path and self._takes_json:
                return
            kind = "a list" if isinstance(reference, list) else "an object"
            raise MendDescription(
                f"the place of the next page holds neither a text nor a number on page {page}, but "
                f"{kind}, which only a JSON body can take",
                "write cursor_body_path in place of cursor_param",
                where=asset,
            )
        if not isinstance(reference, (str, int, float)) or reference is True:
            raise MendDescription(
                f"the place of the next page holds neither a text nor a number on page {page}",
                "correct the paginator's path in the file",
                where=asset,
            )

    @property
    def _takes_json(self) -> bool:
        return not isinstance(self.context.endpoint.data, dict)

    def doubt_of_end(self) -> str | None:
        """See GuardedPaginator; a place at which nothing ever was shows no end, if anything says more follows."""
        if self._is_told:
            return None
        reading, signs = self.reading, self.reading.claims.signs
        said = super().doubt_of_end() or self._boundary.said()
        if said or self._references or not reading.counts.sent:
            return said
        if signs.is_end_said or reading.is_whole_by_count:
            return None
        place = _place_of(self.description)
        # A token may stand for the page that came, so it says little where the declared place was there and empty.
        if sign := signs.link or (None if self._is_there else signs.token):
            return (
                f"the only page seems to name a next one at {sign}, elsewhere than the paginator looks for it ({place})"
            )
        is_open = not self._is_there and not signs.is_next_empty and not reading.ending.missed
        if is_open and reading.claims.is_full(reading.counts.sent, is_by_links=True):
            rows = f"{reading.counts.sent} rows"
            return f"nothing was ever at {place}, and the only page was full ({rows}); correct the paginator"
        return None

    def _is_place_there(self, response: Any) -> bool:
        own: Any = self.description
        if own.type == "header_link":
            return "link" in response.headers
        if own.type == "header_cursor":
            return own.cursor_key in response.headers
        path = getattr(own, "cursor_path", None) or getattr(own, "next_url_path", None)
        return bool(path and json_paths.find_values(path, response.parsed))

    def update_request(self, request: Request) -> None:
        """Let dlt's paginator put the reference on the request."""
        if self._has_next_page and self._found is not None:
            self._go_on(request)

    def _go_on(self, request: Request) -> None:
        whole = request.json
        self._asked = next_reference(self._found)
        try:
            self._found.update_request(request)
        except ValueError:
            # Joining it to the address of the page before fails on what is none.
            raise MendDescription(
                f"page {self.reading.page} names a next page by an address that cannot be read",
                "correct the paginator in the file, or ask the vendor for plain links",
                where=self.context.asset,
            ) from None
        if isinstance(request.data, dict) and (field := getattr(self.description, "cursor_body_path", None)):
            # dlt puts it into a JSON body, which would not be sent beside a form.
            request.data[field], request.json = str(next_reference(self._found)), whole
        self.reading.position = next_reference(self._found)


class AutoPaginator(ReferencePaginator):
    """Detects links and cursors in the first answer, as dlt does; an answer with neither is one page."""

    def start(self, request: Request) -> None:
        """Nothing is known before the first answer."""
        self._found = None
        self._references = set()
        self._is_there = self._is_told = False
        self._asked = None
        self._boundary = Boundary(None)

    def advance(self, response: Any, sent: int) -> str | None:
        """See GuardedPaginator."""
        if self._found is None:
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
            self._found = found
            found.update_state(response)
        return super().advance(response, sent)


class SinglePagePaginator(GuardedPaginator):
    """Everything comes in one answer."""

    def advance(self, response: Any, sent: int) -> str | None:
        """See GuardedPaginator."""
        self.says_no_more(None, response)
        return "one answer holds everything"

    def doubt_of_end(self) -> str | None:
        """See GuardedPaginator."""
        return only_page(self.reading)


def only_page(reading: Reading) -> str | None:
    """What says that more follows a page that is taken for everything, as a clause; None where nothing does."""
    signs = reading.claims.signs
    if signs.said or not reading.counts.sent or signs.is_end_said or reading.is_whole_by_count:
        return f"{signs.said}; declare the paginator" if signs.said else None
    if sign := signs.link or signs.token:
        return f"the only page seems to name a next one at {sign}; declare the paginator"
    if (
        not signs.is_next_empty
        and not reading.ending.missed
        and reading.claims.is_full(reading.counts.sent, is_by_links=False)
    ):
        return f"the only page was full ({reading.counts.sent} rows); declare the paginator, or ask for larger pages"
    return None


def _dlt_paginator(own: Any) -> dlt_paginators.BaseReferencePaginator:
    if own.type in ("json_link", "json_response"):
        return dlt_paginators.JSONLinkPaginator(next_url_path=json_paths.compiled(own.next_url_path))
    if own.type == "header_link":
        return HeaderLinks(links_next_key=own.links_next_key)
    if own.type == "header_cursor":
        return dlt_paginators.HeaderCursorPaginator(own.cursor_key, own.cursor_param or "cursor")
    return dlt_paginators.JSONResponseCursorPaginator(
        json_paths.compiled(own.cursor_path), own.cursor_param, own.cursor_body_path
    )


def _place_of(own: Any) -> str:
    """Where the file looks for the next page, as sentences say it."""
    if own.type in ("header_link", "header_cursor"):
        return "the header Link" if own.type == "header_link" else f"the header {own.cursor_key}"
    path = getattr(own, "cursor_path", None) or getattr(own, "next_url_path", None)
    return f"'{path}'" if path else "the place that was detected"


def _detect(response: Any) -> tuple[dlt_paginators.BasePaginator | None, float]:
    """dlt's guess, and how sure it is: 1 for links, less for what only sounds like a cursor."""
    links = HeaderLinks()
    return (links, 1.0) if links.next_of(response) else PaginatorFactory().create_paginator(response)
