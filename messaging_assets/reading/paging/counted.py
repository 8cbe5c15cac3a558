"""Offsets and page numbers: the next page is known ahead, so pages can be asked for side by side."""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

from requests import Request

from messaging_assets.answers.record_keys import whole_number
from messaging_assets.description import pagination as described
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.reading.paging.guarded import GuardedPaginator, first_value
from messaging_assets.reading.receipt import Verdict
from messaging_assets.seams.dlt_values import set_value_at_path

# Pages of so many rows can overlap each time: it costs one request in so many.
_MANY = 50
# So many pages in a row are asked for behind an empty one that says that there is more.
_MOST_EMPTY = 3
# How an API may refuse a page past the number of pages or rows that it announced itself.
_PAST_THE_END = frozenset({400, 404, 416})


class CountingPaginator(GuardedPaginator):
    """Offsets and page numbers: the next page is known ahead, so pages can be asked for side by side."""

    position = 0
    _last_sent = 0
    # The furthest position that was asked for.
    _asked = 0

    def start(self, request: Request) -> None:
        """Put the first position on the request."""
        self.position, self._last_sent = self.first_position(), 0
        place = self.reading.resume.at
        if place is not None and isinstance(place.position, int):
            self.position = place.position
        self.reading.position = self.position
        self.place(request, self.position)

    def update_request(self, request: Request) -> None:
        """Put the next position on the request."""
        if self._has_next_page:
            self.reading.position = self.position
            self.place(request, self.position)

    def doubt_of_end(self) -> str | None:
        """See GuardedPaginator; an empty page that names a next one may be none but the rows of it are filtered."""
        said = super().doubt_of_end()
        if said or self.reading.counts.sent or not (sign := self._names_more()):
            return said
        return f"it names a next one at {sign}; write has_more_path: null if that is not to be believed"

    def _names_more(self) -> str | None:
        """Where the page that came says that there is more; None where it does not, or a count says otherwise."""
        signs = self.reading.claims.signs
        if self.is_sign_disbelieved or signs.is_end_said or self.reading.is_whole_by_count:
            return None
        return signs.said or signs.link or signs.token

    @abstractmethod
    def first_position(self) -> int:
        """Where the list begins."""

    @abstractmethod
    def place(self, request: Request, position: int) -> None:
        """Put a position into the query or the body, as the file says."""

    def _look_at(self, position: int, how: str) -> None:
        """Let a page be asked for that only tells something of a list that ended in a way."""
        self.position, self.reading.ending.look, self.reading.join.back = position, how, 0
        self.reading.upcoming = lambda request: ()

    def _judge_start(self, told: str, is_missed: bool, step: str) -> None:
        self.context.is_start_known = not is_missed
        if not is_missed:
            return
        if not self.context.keys:
            self.context.receipt.found(Verdict.UNKNOWN, f"{told}, or its rows changed", f"see {step.partition(':')[0]}")
            return
        raise MendDescription(told, f"write {step} in the paginator", where=self.context.asset)

    def ask_ahead(self, sent: int, step: int, last: int | None, alike: int | None = None) -> None:
        """Let further pages be asked for, as long as one page is as long as the other.

        Args:
            sent: rows of the page that came.
            step: how far apart two pages are.
            last: the position past which no page is expected, where that is known.
            alike: how many further pages are so far apart; None for all.
        """
        is_steady, self._last_sent = sent == self._last_sent, sent
        # As many again wait, so that no worker is idle while a batch is made.
        start, most = self.position, 2 * self.max_in_flight if self.max_in_flight > 1 else 1
        self._asked = max(self._asked, start) if is_steady else start
        if self.description.maximum_pages:
            most = min(most, self.description.maximum_pages - self.reading.page)
        if alike is not None:
            most = min(most, alike + 1)

        def upcoming(request: Request) -> Iterator[Request]:
            for number in range(1, most if is_steady else 0):
                position = start + number * step
                if last is not None and position > last:
                    return
                if position <= self._asked:
                    continue
                self._asked = position
                further: Any = copy.copy(request)
                further.params = dict(further.params or {})
                further.json, further.data = copy.deepcopy(request.json), copy.copy(request.data)
                self.place(further, position)
                yield further

        self.reading.upcoming = upcoming


class OffsetPaginator(CountingPaginator):
    """Goes on by the rows that really came, to the first empty page; a believed total spares that one."""

    description: described.OffsetPaginator
    _overlaps = 0
    _is_overlap_off = _is_before_short = _looks_at_start = False

    def first_position(self) -> int:
        """The file's offset, 0 where it has none."""
        return self.description.offset

    def place(self, request: Request, position: int) -> None:
        """Put offset and limit on the request."""
        own = self.description
        _place(request, own.offset_param, own.offset_body_path, "offset", position)
        _place(request, own.limit_param, own.limit_body_path, "limit", own.limit)

    def advance(self, response: Any, sent: int) -> str | None:
        """See GuardedPaginator."""
        own, reading = self.description, self.reading
        total = self._announced(response)
        says_no_more = self.says_no_more(own.has_more_path, response, is_over=sent == 0)
        if reading.join.is_refused and not self._is_overlap_off:
            # Some take whole pages only; the rows behind the page are asked for without a row before them.
            self._is_overlap_off, self.position, reading.join.back = True, self.position + reading.join.back, 0
            reading.join.is_own = False
            return None
        if sent == 0:
            return "an empty page"
        reached = self.position + sent
        is_more_said = reading.ending.is_more_said or reading.claims.signs.said
        if reading.join.is_own and sent <= reading.join.back and self._is_before_short and not is_more_said:
            reading.ending.is_short = True
            return "nothing came behind the last row"
        if says_no_more:
            return "the API said that there is no more"
        if self.context.endpoint.total == "exact" and reached - own.offset == total and sent < own.limit:
            return "a short page at total"
        # A page with nothing but the overlap is followed by one without, so that the list always moves on.
        overlap = self.context.overlap or self._overlap(sent)
        self._is_before_short = sent < max(own.limit, reading.counts.most_sent)
        reading.join.back = min(overlap, sent) if sent > reading.join.back else 0
        self.position = reached - reading.join.back
        if own.maximum_offset is not None and reached >= own.maximum_offset:
            reading.ending.cut_short(f"maximum_offset ({own.maximum_offset}) was reached before the end", is_cap=True)
        end = total + own.offset if total is not None else None
        # Small pages overlap only for a while; what was asked for at the distance of before would be asked for in vain.
        overlaps_end = reading.join.back and not self.context.overlap and sent < _MANY
        alike = max(reading.counts.most_sent - self._overlaps, 0) if overlaps_end else None
        self.ask_ahead(sent, max(sent - reading.join.back, 1), end if end is None or end >= reached else None, alike)
        return None

    def _overlap(self, sent: int) -> int:
        """One row, where the file says nothing of it and no number would show that the list moved.

        With small pages only as often as costs one more request in all.
        """
        reading = self.reading
        may = self._may_join and not self._is_overlap_off and bool(self.context.keys) and not self._picks_inside
        if not may or sent < 2 or not reading.claims.is_uncounted:
            return 0
        if sent < _MANY and self._overlaps >= reading.counts.most_sent:
            return 0
        self._overlaps += 1
        if not reading.join.is_own:
            reading.join.begin_own(reading.page)
        return 1

    @property
    def _may_join(self) -> bool:
        own = self.description
        # An API that refuses what lies behind its end may refuse a page that begins before it, too.
        return own.overlap is None and not own.end_status_codes and not own.end_on_missing_selector

    @property
    def _picks_inside(self) -> bool:
        """Whether the selector picks records from inside the list, whose own items an offset counts."""
        return "[" in (self.context.endpoint.data_selector or "").removesuffix("[*]")

    def looks_once_more(self, how: str) -> bool:
        """See GuardedPaginator: where nothing counts the rows, a first sync looks at what stands before an offset of 1.

        Any sync without a key looks at the last row once more.

        An API that counts its offset in pages answers with nothing there; rows that only changed are no sign.
        """
        reading = self.reading
        is_uncounted = reading.claims.is_uncounted and reading.resume.at is None
        if self.first_position() == 1 and not self.context.is_start_known and is_uncounted:
            self._looks_at_start = True
            self._look_at(0, how)
            return True
        is_alone = not self.context.keys or self._picks_inside
        may = is_alone and self._may_join and reading.claims.is_uncounted and reading.resume.at is None
        was_paged = reading.counts.full_pages > 1 or reading.counts.most_sent >= self.description.limit
        if not (may and was_paged) or reading.counts.sent or self.position <= self.first_position():
            return False
        self._look_at(self.position - 1, how)
        return True

    def look(self, rows: list[Any], sent: int) -> bool:
        """See GuardedPaginator."""
        if self._looks_at_start:
            return self._look_at_start(rows)
        _, is_known = self.reading.repetition.looked(rows)
        if not is_known and sent != 1 and not self.reading.ending.doubt:
            self.reading.ending.doubt = (
                f"the last row did not come when {self.position} was asked for, so the offset may count pages, or the "
                "list moved; correct the paginator, or declare a primary_key"
            )
        return False

    def _look_at_start(self, rows: list[Any]) -> bool:
        has_rows, is_known = self.reading.repetition.looked(rows[:1])
        if self.position == 0 and has_rows and not is_known:
            # The row may be new; whether row 1 is still where it was tells.
            self._look_at(1, str(self.reading.ending.look))
            return True
        told = "offset 0 holds a row that did not come, so the API counts its rows from 0"
        self._judge_start(told, self.position == 1 and is_known, "offset: 0")
        return False

    def _announced(self, response: Any) -> int | None:
        """How many rows the API says there are from the file's first offset on."""
        own = self.description
        if own.total_path:
            total = whole_number(first_value(own.total_path, response.parsed))
            # The first row is row 1 for some, and nothing is skipped then.
            skipped = own.offset if own.offset > 1 else 0
            self.reading.claims.announce(max(total - skipped, 0) if total is not None else None)
        return self.reading.total


class PageNumberPaginator(CountingPaginator):
    """Counts pages to the first empty one; one request past an announced last page confirms it."""

    description: described.PageNumberPaginator
    _first_rows = 0
    _looks: tuple[int, ...] = ()

    def first_position(self) -> int:
        """The file's first page."""
        return self.description.page if self.description.page is not None else self.description.base_page

    def place(self, request: Request, position: int) -> None:
        """Put the page number on the request."""
        _place(request, self.description.page_param, self.description.page_body_path, "page", position)

    def advance(self, response: Any, sent: int) -> str | None:
        """See GuardedPaginator."""
        own, reading = self.description, self.reading
        pages = whole_number(first_value(own.total_path, response.parsed)) if own.total_path else None
        done = self.position - own.base_page + 1
        says_no_more = self.says_no_more(own.has_more_path, response, is_over=sent == 0)
        self._first_rows = self._first_rows or sent
        if sent == 0:
            # An empty list is often announced as one page.
            if pages is not None and done <= pages and pages > 1:
                step = f"if '{own.total_path}' counts rows, name it rows_total_path in the file"
                reading.ending.cut_short(f"page {done} of {pages} was empty, so rows may be missing behind it; {step}")
            is_more_said = reading.ending.is_more_said or self._names_more()
            is_last = (pages or done + 1) <= done or reading.counts.empty_pages > _MOST_EMPTY
            if says_no_more or not is_more_said or is_last:
                return "an empty page"
        self.position += 1
        if says_no_more:
            return "the API said that there is no more"
        if own.maximum_page is not None and self.position >= own.maximum_page:
            reading.ending.cut_short(f"maximum_page ({own.maximum_page}) was reached before the end", is_cap=True)
        all_came = pages is not None and done >= pages
        reading.repetition.may_repeat, reading.ending.may_end_with = (
            all_came,
            _PAST_THE_END if all_came else frozenset(),
        )
        self.ask_ahead(sent, 1, own.base_page + pages - 1 if pages is not None else None)
        return None

    def looks_once_more(self, how: str) -> bool:
        """See GuardedPaginator: without a count, the first page once more, and the one before it in a first sync.

        No row of one page can be asked for with the next, so what moved between two of them does not show there.
        """
        reading, first = self.reading, self.first_position()
        if not reading.claims.are_rows_uncounted or reading.resume.at is not None or self.description.page is not None:
            return False
        looks = [first] if self.context.keys and reading.counts.full_pages > 1 else []
        if not self.context.is_start_known and first in (0, 1):
            # An API that counts from the other number has a page that nobody asked for.
            looks += [1 - first] if first or not reading.counts.full_pages else []
        self._looks = tuple(looks)
        return self._look_at_next(how)

    def look(self, rows: list[Any], sent: int) -> bool:
        """See GuardedPaginator."""
        reading, first, page = self.reading, self.first_position(), self.position
        if page == first:
            reading.repetition.compare_first_page(rows)
        else:
            has_rows, is_known = reading.repetition.looked(rows)
            told = f"page {page} holds rows that did not come, so the API counts its pages from {page}"
            self._judge_start(told, has_rows and not is_known, f"base_page: {page}")
        return self._look_at_next(str(reading.ending.look))

    def _look_at_next(self, how: str) -> bool:
        if not self._looks:
            return False
        position, *rest = self._looks
        self._looks = tuple(rest)
        self._look_at(position, how)
        return True


def _place(request: Any, param: str | None, body_path: str | None, default: str, value: int) -> None:
    if body_path and isinstance(request.data, dict):
        # A form has fields, and no places below them.
        request.data[body_path] = value
    elif body_path:
        request.json = request.json if request.json is not None else {}
        set_value_at_path(request.json, body_path, value)
    else:
        request.params = request.params if request.params is not None else {}
        request.params[param or default] = value
