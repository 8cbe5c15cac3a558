"""What all ways of paging share: each page is judged, then the list goes on or is over, by three rules.

- A page that repeats an earlier one ends the sync as incomplete.
- A count that the API gives is compared with. It is a reason to stop only where the file says that it is exact.
- How the list ended is written down.
"""

from __future__ import annotations

from abc import abstractmethod
from copy import copy
from typing import Any

from dlt.sources.helpers.rest_client import paginators as dlt_paginators
from requests import Request

from messaging_assets.answers.formats.texts import Document, Portion
from messaging_assets.answers.list_shapes import STANDS_FOR_NOTHING
from messaging_assets.answers.signs_of_more import Signs
from messaging_assets.description import pagination as described
from messaging_assets.description.api import Endpoint
from messaging_assets.description.jobs import JOB_HEADER
from messaging_assets.description.parents import LIST_HEADER, NO_VALUE
from messaging_assets.foundation import json_paths
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.http.wire.validators import validator_of
from messaging_assets.reading.cursors.marks import no_start
from messaging_assets.reading.ending import Reading, doubt_of_status
from messaging_assets.reading.list_context import ListContext
from messaging_assets.reading.page import judge_page, judge_part, looked_at
from messaging_assets.reading.paging.documents import DocumentsOfOne
from messaging_assets.reading.paging.end_flag import EndFlag, MoreFlag
from messaging_assets.reading.paging.page_places import take_size


class GuardedPaginator(dlt_paginators.BasePaginator):
    """What every way of paging shares; subclasses know how to find the next page.

    Args:
        description: the paginator as the file has it.
        context: what the readings of this resource share.
        max_in_flight: requests that may be under way at once.
    """

    def __init__(
        self, description: described.PaginatorDescription, context: ListContext, max_in_flight: int = 1
    ) -> None:
        super().__init__()
        self.description, self.context, self.max_in_flight = description, context, max_in_flight
        self.reading = Reading(context)
        self.end_flag, self._more_flag = EndFlag(description), MoreFlag(description)
        self.documents = DocumentsOfOne()

    def __deepcopy__(self, memo: dict[int, Any]) -> GuardedPaginator:
        # dlt copies the paginator for each parent; the receipt behind it must stay one.
        return type(self)(self.description, self.context, self.max_in_flight)

    def init_request(self, request: Request) -> None:
        """Begin a list: the request will carry its reading from here on."""
        self._has_next_page = True
        name = (request.headers or {}).pop(LIST_HEADER, "")
        with self.context.receipt.page_lock:
            self.reading = request.reading = Reading(self.context, name)  # type: ignore[attr-defined]
            self.end_flag, self._more_flag = EndFlag(self.description), MoreFlag(self.description)
            self.statuses, self.documents = set[int](), DocumentsOfOne()
            self.reading.join.may_begin_with_last = self.description.end_path is not None
            _leave_out_unset(request, self.context)
            self.reading.begin()
            _begin_with_job(request, self.context)
            take_size(self, request)
            self.start(request)

    def update_state(self, response: Any, data: list[Any] | None = None) -> None:
        """Judge the page that came and decide whether there is another."""
        with self.context.receipt.page_lock:
            if self.context.marks is not None:
                self.context.marks.order.start.heard(getattr(response, "asked_at", None))
            self._page_came(response, data if data is not None else [])

    def _page_came(self, response: Any, rows: list[Any]) -> None:
        reading, own, part = self.reading, self.description, response.parsed
        # Of a list of several answers the first one's says nothing; parts and documents of one answer have one.
        if not (isinstance(part, (Portion, Document)) and part.is_begun):
            self.context.so_far.validator = None if reading.page else validator_of(response.headers)
        if isinstance(part, Portion) and part.is_part:
            self._part_came(response, rows)
            return
        if _may_lack_list(reading, own) and _has_no_list(self.context.endpoint, response):
            _end_without_list(self, response)
            self._has_next_page = False
            return
        if reading.ending.look is not None:
            self._look_came(response, rows)
            return
        self._read_end_flag(response)
        # Before the page is cleaned: the last record may be one that is set aside.
        self.find_next(response, len(rows))
        self._has_next_page = _goes_on(self, response, judge_page(reading, response, rows))

    def _part_came(self, response: Any, rows: list[Any]) -> None:
        sent = judge_part(self.reading, response, rows)
        if sent is not None:
            self._has_next_page = _goes_on(self, response, sent)

    @property
    def has_next_page(self) -> bool:
        """Whether the list goes on; asked when the rows of the page that came have met their cursor."""
        with self.context.receipt.page_lock:
            is_inside = self.reading.repetition.page.goes_on or self.documents.goes_on
            return is_inside or (self._has_next_page and not self.reading.ending.is_behind_cursor())

    def looks_once_more(self, how: str) -> bool:
        """Whether a page is asked for after the end, to see whether the list moved or began elsewhere."""
        return False

    def look(self, rows: list[Any], sent: int) -> bool:
        """Judge a page of `sent` rows that was asked for after the end; whether another one is."""
        return False

    def looks_elsewhere(self) -> bool:
        """Whether another page is asked for after one that was refused after the end."""
        return False

    def _look_came(self, response: Any, rows: list[Any]) -> None:
        ending, looked = self.reading.ending, looked_at(self.reading, response, rows)
        if not (self.looks_elsewhere() if _is_refused(response) else self.look(*looked)):
            ending.over(str(ending.look))
        self._has_next_page = ending.how is None

    def _read_end_flag(self, response: Any) -> None:
        is_last = self.end_flag.read(response.parsed)
        self.reading.ending.is_more_said = is_last is False
        if self.end_flag.is_unreadable:
            raise self.end_flag.odd(self.reading.page + 1, self.context.asset)
        if is_last:
            # A last page may hold nothing but the row where it began.
            self.reading.repetition.may_repeat = True

    def find_next(self, response: Any, sent: int) -> None:
        """Note what a page of `sent` rows says of the next one, before its rows are cleaned."""

    def start(self, request: Request) -> None:
        """Put the first page's parameters on the request."""

    @abstractmethod
    def advance(self, response: Any, sent: int) -> str | None:
        """Move on by the page of `sent` rows that came; returns how the list ended, or None where it goes on."""

    def named_no_further(self, response: Any) -> bool:
        """Whether the page names no further one where it would; of pages that are counted, none is named."""
        return False

    def doubt_of_end(self) -> str | None:
        """What the page that came last says against its being the last, as a clause; None where nothing does."""
        return None if self.is_sign_disbelieved else _said_of_more(self.reading.claims.signs)

    @property
    def is_sign_disbelieved(self) -> bool:
        """Whether the file says where to look for more, or with `has_more_path: null` that no sign is believed."""
        return self._more_flag.is_decisive

    def update_request(self, request: Request) -> None:
        """Put the next page's parameters on the request."""

    def says_no_more(self, response: Any, is_over: bool = False) -> bool:
        """Whether the answer says at the file's `has_more_path` or `end_path` that this page is the last.

        Args:
            response: the answer.
            is_over: whether the list ends with this page anyway, so that the answer need not say anything.

        Raises:
            MendDescription: `has_more_path` holds no truth value.
        """
        if self.end_flag.is_last:
            return True
        is_more = self._more_flag.read(response.parsed)
        self.reading.ending.is_more_said = self.reading.ending.is_more_said or is_more is True
        # Some leave out what is false; the list goes on then as if nothing were said.
        if self._more_flag.is_unreadable and not is_over:
            raise self._more_flag.odd(self.reading.page, self.context.asset)
        return is_more is False


def _goes_on(paginator: GuardedPaginator, response: Any, sent: int) -> bool:
    """Whether another page follows the one of `sent` rows that came; else it is noted how the list ended."""
    reading, own = paginator.reading, paginator.description
    reading.watch(response)
    if isinstance(response.parsed, Document):
        is_last = response.parsed.goes_on and paginator.says_no_more(response, is_over=True)
        paginator.documents.came(response, reading, own, is_last or paginator.is_sign_disbelieved)
    elif own.rows_total_path:
        reading.claims.announce(json_paths.first_value(own.rows_total_path, response.parsed))
    if sent:
        paginator.statuses.add(_status_of(response))
    how = None if paginator.documents.goes_on else paginator.advance(response, sent)
    if paginator.is_sign_disbelieved or paginator.end_flag.is_last:
        reading.ending.usual_caps = frozenset()
    if (too_many := reading.too_many_rows) is not None and reading.ending.how is None:
        reading.ending.too_many(too_many)
    elif how is not None:
        reading.ending.doubt = (
            paginator.doubt_of_end() or paginator.end_flag.missing or _doubt_of_status(paginator, response)
        )
        if not paginator.looks_once_more(how):
            reading.ending.over(how)
    elif not paginator.documents.goes_on:
        _end_at_cap(paginator)
    return reading.ending.how is None


def _doubt_of_status(paginator: GuardedPaginator, response: Any) -> str | None:
    reading, counts = paginator.reading, paginator.reading.counts
    is_whole = bool(reading.is_whole_by_count or reading.claims.signs.is_end_said)
    return doubt_of_status(_status_of(response), counts.sent, counts.full_pages, paginator.statuses, is_whole)


def _end_without_list(paginator: GuardedPaginator, response: Any) -> None:
    """End a list at a page that leaves it out, as the file says; one may show that no other follows it."""
    reading = paginator.reading
    reading.look_beside(response)
    if not reading.claims.signs.said and paginator.named_no_further(response):
        reading.ending.over("the list was left out, and the API named no further page")
    else:
        reading.ending.refused("the list was left out past the last page")


def _end_at_cap(paginator: GuardedPaginator) -> None:
    """End a list that would go on, where the file says so; documents may be more at once than it allows."""
    reading, own = paginator.reading, paginator.description
    if own.maximum_pages is not None and own.maximum_pages <= reading.page:
        reading.ending.cut_short(f"maximum_pages ({own.maximum_pages}) was reached before the end", is_cap=True)
    elif own.maximum_empty_pages <= reading.counts.empty_pages:
        why = f"maximum_empty_pages ({own.maximum_empty_pages}) was reached before the end"
        if own.type in ("cursor", "header_link", "json_link", "json_response"):  # type: ignore[attr-defined]
            why = f"an empty page is no end here (stop_after_empty_page: true makes it one), and {why}"
        reading.ending.cut_short(why, is_cap=True)


def _may_lack_list(reading: Reading, own: described.PaginatorDescription) -> bool:
    """Whether an answer without the list is the end: where the file says so, or behind the announced last page."""
    is_past = bool(reading.ending.may_end_with) and reading.ending.look is None
    return reading.page > 0 and (own.end_on_missing_selector or is_past)


def _is_refused(response: Any) -> bool:
    """Whether an answer only stands for one that was refused; one that is made up of a body alone came."""
    return getattr(response, "is_refused", False)


def _has_no_list(endpoint: Endpoint, response: Any) -> bool:
    if _is_refused(response):
        return False
    found = json_paths.find_values(endpoint.data_selector or "$", response.parsed)
    return all(value in STANDS_FOR_NOTHING for value in found)


def _status_of(response: Any) -> int:
    """The answer's status; one that is made up of a body alone is a good one."""
    return int(getattr(response, "status_code", 200))


def _begin_with_job(request: Request, context: ListContext) -> None:
    """Keep the request that begins the list's job apart from those for the pages of its download, where it has pages.

    Raises:
        MendDescription: nobody waits for jobs here, such as a look at what is new.
    """
    job = context.endpoint.job
    if job is None:
        return
    if context.so_far.jobs is None:
        words = "its rows come from an export, and none is begun for a look"
        raise MendDescription(words, "sync it", where=context.asset)
    of_list = {name: request.headers.pop(JOB_HEADER.format(place)) for place, name in enumerate(job.of_list)}
    request.of_list = of_list  # type: ignore[attr-defined]
    if job.paginator is not None:
        request.begins = copy(request)  # type: ignore[attr-defined]
        request.method, request.params, request.json, request.data = "GET", {}, None, []


def _leave_out_unset(request: Request, context: ListContext) -> None:
    """Ask without the parameters that want a cursor value while there is none."""
    if not context.marks:
        return
    if str(NO_VALUE) in str(request.url):
        raise no_start(context.asset)
    for part in ("params", "json", "data", "headers"):
        setattr(request, part, _set_only(getattr(request, part)))


def _set_only(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: _set_only(one) for name, one in value.items() if NO_VALUE not in str(one) or isinstance(one, dict)}


def _said_of_more(signs: Signs) -> str | None:
    """What an answer says of rows that did not come, as a clause; None where it says nothing."""
    return signs.said or signs.left_out
