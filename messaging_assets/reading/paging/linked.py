"""Links and cursors: dlt's own paginators find the next page, and are guarded here."""

from __future__ import annotations

from typing import Any

from dlt.sources.helpers.rest_client import paginators as dlt_paginators
from requests import Request

from messaging_assets.answers.beside_list import address_in
from messaging_assets.answers.signs_of_more import Signs
from messaging_assets.foundation import json_paths
from messaging_assets.foundation.failures import MendDescription, PagesRepeat
from messaging_assets.reading.ending import Reading
from messaging_assets.reading.evidence.boundary import Boundary
from messaging_assets.reading.evidence.usual_caps import OF_ONE
from messaging_assets.reading.paging.guarded import GuardedPaginator
from messaging_assets.reading.paging.references import NextReference, refuse_odd
from messaging_assets.seams.dlt_rest_client import HeaderLinks


class ReferencePaginator(GuardedPaginator):
    """Links and cursors: dlt's paginator finds the next reference, a reference that repeats ends the sync."""

    _came_before = 0

    def start(self, request: Request) -> None:
        """Begin without a reference, or with the one that was kept."""
        self._next: NextReference | None = NextReference(_dlt_paginator(self.description), self.description)
        self._there: list[Any] = []
        self._is_told = False
        self._boundary = Boundary(getattr(self.description, "cursor_path", None) if self._is_of_record else None)
        place = self.reading.resume.at
        if place is not None and place.position is not None:
            self._next.begin_at(place.position)
            self._go_on(request, self._next)

    def find_next(self, response: Any, sent: int) -> None:
        """See GuardedPaginator."""
        if self._next is None:
            return
        self._next.read(response)
        reading, self._came_before = self.reading, self.reading.distinct
        reading.join.may_begin_with_last = reading.join.may_begin_with_last or self._is_of_record
        reading.join.is_backwards = self._place_of_record == "[0]"
        self._boundary.page(response.parsed, reading.page + 1, self._is_full(sent))
        if self._is_of_record and self._next.is_asked_for and _has_room(self.reading, sent):
            # It begins with the record that was asked for, and nothing else came.
            reading.repetition.may_repeat = True

    @property
    def _is_of_record(self) -> bool:
        """Whether the next page's token is a field of a record of this page."""
        return self._place_of_record is not None

    @property
    def _place_of_record(self) -> str | None:
        """Which record of a page has the next one's token: the first or the last; None for none."""
        path = str(getattr(self.description, "cursor_path", ""))
        path = path.removeprefix((self.context.endpoint.data_selector or "$").removesuffix("[*]"))
        return next((place for place in ("[-1]", "[0]") if path.startswith(place)), None)

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
        assert self._next is not None
        reference = self._next.value
        if self.says_no_more(response):
            self._is_told = True
            return "the API said that there is no more"
        if sent == 0 and _may_end_empty(self.description, self.reading.claims.signs):
            self.reading.ending.is_more_said, self._is_told = False, True
            return "an empty page"
        if not reference:
            self._there = _at_place(self.description, response)
            is_seen = self._there or self._next.has_come or self.reading.claims.signs.is_next_empty
            self.reading.ending.usual_caps = frozenset() if is_seen else OF_ONE
            if sent and self._is_of_record:
                path = self.description.cursor_path  # type: ignore[attr-defined]
                raise MendDescription(
                    f"the record at cursor_path '{path}' has no value there on page {self.reading.page}, so nothing "
                    "says where the next page begins",
                    "name a field that every record has",
                    where=self.context.asset,
                )
            return "the API named no further page"
        refuse_odd(reference, self.description, self.context, self.reading.page)
        if self._next.is_asked_for and (end := self._end_in_itself(sent)):
            return end
        # Some scroll: a token that stays leads on each time that it is sent.
        are_new = bool(self.context.keys) and self.reading.distinct - self._came_before == sent
        is_scrolled = self._next.is_asked_for and are_new
        if not self._next.is_new() and not is_scrolled:
            why = f"page {self.reading.page} names a next page that was read already, so the list goes in a circle"
            self.reading.ending.cut_short(why)
            raise PagesRepeat(why, "ask the vendor, or correct the paginator in the file", where=self.context.asset)
        return None

    def _end_in_itself(self, sent: int) -> str | None:
        """How the list ended with a page that names itself as the next, which would only come once more."""
        reading = self.reading
        if sent == 0:
            return "an empty page that names itself"
        if reading.claims.signs.is_end_said and not reading.claims.signs.said:
            self._is_told = True
            return "the API said that there is no more"
        if self._is_of_record and reading.repetition.is_nothing_new and _has_room(self.reading, sent):
            reading.ending.is_short = True
            return "nothing came behind the last row"
        if sent < reading.counts.most_sent:
            # Some APIs say so that they have no more; a longer page came before, and it was another one.
            reading.ending.is_short = True
            return "a short page that names itself"
        return None

    def named_no_further(self, response: Any) -> bool:
        """See GuardedPaginator."""
        return self._next is not None and self._next.ends_with(response)

    def doubt_of_end(self) -> str | None:
        """See GuardedPaginator; a place at which nothing ever was shows no end, if anything says more follows."""
        if self._is_told:
            return None
        reading, signs = self.reading, self.reading.claims.signs
        said = super().doubt_of_end() or self._boundary.said()
        if said or not reading.counts.sent or signs.is_end_said or reading.is_whole_by_count:
            return said
        if _is_zero(self._there) and self._next and self._next.is_falling and not self._is_short(reading.counts.sent):
            return (
                f"the number 0 at {_place_of(self.description)} may be a token as the others; write end_path and "
                "end_value: 0 in the paginator if it means the end"
            )
        if self._next and self._next.has_come:
            return None
        place, is_full = _place_of(self.description), reading.claims.is_full(reading.counts.sent, is_by_links=True)
        # A token may stand for the page that came, so it says little where the declared place was there and empty.
        if sign := signs.link or (None if self._there else signs.token):
            return (
                f"the only page seems to name a next one at {sign}, elsewhere than the paginator looks for it ({place})"
            )
        is_open = not self._there and not signs.is_next_empty and not reading.ending.missed
        if is_open and is_full:
            rows = f"{reading.counts.sent} rows"
            return f"nothing was ever at {place}, and the only page was full ({rows}); correct the paginator"
        return None

    def update_request(self, request: Request) -> None:
        """Let dlt's paginator put the reference on the request."""
        if self._has_next_page and self._next is not None:
            self._go_on(request, self._next)

    def _go_on(self, request: Request, reference: NextReference) -> None:
        try:
            reference.put_on(request)
        except ValueError:
            # Joining it to the address of the page before fails on what is none.
            raise MendDescription(
                f"page {self.reading.page} names a next page by an address that cannot be read",
                "correct the paginator in the file, or ask the vendor for plain links",
                where=self.context.asset,
            ) from None
        self.reading.position = reference.value


def _has_room(reading: Reading, sent: int) -> bool:
    """Whether a page that brings nothing new could have held more; one of a single row could, unless asked for so."""
    sizes = reading.claims.asked_sizes
    return sent < (min(sizes) if sizes else max(reading.counts.most_sent, 2))


def _dlt_paginator(own: Any) -> dlt_paginators.BaseReferencePaginator:
    if own.type in ("json_link", "json_response"):
        return dlt_paginators.JSONLinkPaginator(next_url_path=json_paths.compiled(own.next_url_path))
    if own.type == "header_link":
        return HeaderLinks(address_in, own.links_next_key, own.header)
    if own.type == "header_cursor":
        return dlt_paginators.HeaderCursorPaginator(own.cursor_key, own.cursor_param or "cursor")
    return dlt_paginators.JSONResponseCursorPaginator(
        json_paths.compiled(own.cursor_path), own.cursor_param, own.cursor_body_path
    )


def _may_end_empty(own: Any, signs: Signs) -> bool:
    """Whether an empty page is the end, though it may name a next one: by the file's word, else by the page's own."""
    if {"stop_after_empty_page", "has_more_path"} & own.model_fields_set:
        return bool(getattr(own, "stop_after_empty_page", False))
    return signs.is_more_denied and not signs.said


def _is_zero(there: list[Any]) -> bool:
    """Whether the number 0 stands where a cursor would."""
    return bool(there) and type(there[0]) is int and there[0] == 0


def _place_of(own: Any) -> str:
    """Where the file looks for the next page, as sentences say it."""
    if own.type in ("header_link", "header_cursor"):
        return f"the header {own.header if own.type == 'header_link' else own.cursor_key}"
    path = getattr(own, "cursor_path", None) or getattr(own, "next_url_path", None)
    return f"'{path}'" if path else "the place that was detected"


def _at_place(own: Any, response: Any) -> list[Any]:
    """What an answer has where the file looks for the next page."""
    header = {"header_link": "header", "header_cursor": "cursor_key"}.get(own.type)
    if header is not None:
        name = getattr(own, header)
        return [response.headers[name]] if name in response.headers else []
    path = getattr(own, "cursor_path", None) or getattr(own, "next_url_path", None)
    return json_paths.find_values(path, response.parsed) if path else []
