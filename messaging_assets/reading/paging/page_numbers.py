"""Page numbers: a list is counted page by page, to the first empty one."""

from __future__ import annotations

from typing import Any

from messaging_assets.answers.record_keys import whole_number
from messaging_assets.description import pagination as described
from messaging_assets.foundation import json_paths
from messaging_assets.reading.paging.counted import CountingPaginator
from messaging_assets.reading.receipt import Verdict

# So many pages in a row are asked for behind an empty one that says that there is more.
_MOST_EMPTY = 3
# Of so many lists of parents a page is looked at behind an empty one, which shows whether the API has any there.
_LISTS_LOOKED_BEHIND = 8
_EMPTY = "an empty page"
_CLAMPED = "the last page came once more"
_TELL_END = "name what tells of the end: has_more_path, total_path or rows_total_path"
# How an API may refuse a page past the number of pages or rows that it announced itself.
_PAST_THE_END = frozenset({400, 404, 416})


class PageNumberPaginator(CountingPaginator):
    """Counts pages to the first empty one; one request past an announced last page confirms it."""

    description: described.PageNumberPaginator
    _first_rows = 0
    _looks: tuple[int, ...] = ()
    _pages: tuple[int, str] | None = None
    _first_pages: int | None = None
    _behind: int | None = None
    _is_first_empty = False

    def first_position(self) -> int:
        """The file's first page."""
        return self.description.page if self.description.page is not None else self.description.base_page

    def advance(self, response: Any, sent: int) -> str | None:
        """See GuardedPaginator."""
        own, reading = self.description, self.reading
        pages = whole_number(json_paths.first_value(own.total_path, response.parsed)) if own.total_path else None
        done = self.position - own.base_page + 1
        self._pages = (pages, f"'{own.total_path}'") if pages else reading.claims.number_of_pages or self._pages
        if self._pages:
            reading.ending.usual_caps = frozenset()
        says_no_more = self.says_no_more(response, is_over=sent == 0)
        self._first_rows = self._first_rows or sent
        self._is_first_empty = self._is_first_empty or (sent == 0 and self.position == self.first_position())
        if sent == 0:
            # An empty list is often announced as one page.
            if pages is not None and done <= pages and pages > 1:
                step = f"if '{own.total_path}' counts rows, name it rows_total_path in the file"
                if self.position == self.first_position() == 0:
                    step = "if the API counts its pages from 1, write base_page: 1 in the paginator"
                reading.ending.cut_short(f"page {done} of {pages} was empty, so rows may be missing behind it; {step}")
            is_more_said = reading.ending.is_more_said or self.names_more()
            is_last = (pages or done + 1) <= done or reading.counts.empty_pages > _MOST_EMPTY
            if says_no_more or not is_more_said or is_last:
                self._compare_pages(done)
                return _CLAMPED if reading.repetition.is_clamped else _EMPTY
        self.position += 1
        if says_no_more:
            return "the API said that there is no more"
        all_came = pages is not None and done >= pages
        self._first_pages = self._first_pages or pages
        if own.maximum_page is not None and self.position >= own.maximum_page:
            why = f"maximum_page ({own.maximum_page}) was reached before the end"
            reading.ending.cut_short(why, is_cap=True, are_all_pages=all_came and pages == self._first_pages)
        reading.repetition.may_repeat, reading.ending.may_end_with = (
            all_came,
            _PAST_THE_END if all_came else frozenset(),
        )
        # Some give their last page for whatever is behind it; two that differ show that the parameter is obeyed.
        is_last = self._pages is None or done >= self._pages[0]
        reading.repetition.may_clamp = bool(self.context.keys) and is_last and reading.counts.full_pages > 1
        self.ask_ahead(sent, 1, own.base_page + pages - 1 if pages is not None else self._last_by_rows(sent))
        return None

    def doubt_of_end(self) -> str | None:
        """See GuardedPaginator; an API may go no further than a page that is full, and give it once more."""
        reading = self.reading
        done = self.position - self.description.base_page
        is_told = self._last_sent < reading.counts.most_sent or (self._pages is not None and self._pages[0] >= done)
        if reading.repetition.is_clamped and not is_told and not reading.is_whole_by_count:
            return (
                f"page {self.position - 1} was no shorter than others, so the API may only go no further; {_TELL_END}"
            )
        return super().doubt_of_end()

    def _compare_pages(self, done: int) -> None:
        """Note it when the list ends with an empty page that an answer before it counts among those that there are."""
        if self._pages and 1 < done <= self._pages[0] and not self.reading.is_whole_by_count:
            number, place = self._pages
            words = f"page {done} was empty, and an answer said at {place} that there are {number} pages"
            self.reading.repetition.moved = words

    def _last_by_rows(self, sent: int) -> int | None:
        """The page behind those that hold as many rows as the API says there are; None where it does not."""
        total = self.reading.total
        return self.description.base_page + -(-total // sent) if total is not None and sent else None

    def looks_once_more(self, how: str) -> bool:
        """See GuardedPaginator: without a count, the first page once more, and the one before it in a first sync.

        No row of one page can be asked for with the next, so what moved between two of them does not show there. Behind
        an empty page there may be others, where an API takes rows out of pages that it has made.
        """
        reading, first = self.reading, self.first_position()
        if not reading.claims.are_rows_uncounted:
            return False
        looks: list[int] = []
        if reading.resume.at is None and self.description.page is None:
            is_first_told = self.context.keys and reading.counts.full_pages > 1 and not self._is_first_empty
            looks = [first] if is_first_told else []
            if not self.context.so_far.is_start_known and first in (0, 1):
                # An API that counts from the other number has a page that nobody asked for.
                looks += [1 - first] if first or not reading.counts.full_pages else []
        is_behind = how == _EMPTY and self.position + 1 not in looks and self._may_go_on()
        self._behind = self.position + 1 if is_behind else None
        self._looks = (*([self.position + 1] if is_behind else []), *looks)
        return self._look_at_next(how)

    def _may_go_on(self) -> bool:
        """Whether nothing says that an empty page is the end, and the page before it was no shorter than others."""
        reading, cap = self.reading, self.description.maximum_page
        sizes = reading.claims.asked_sizes
        usual = min(sizes) if sizes else reading.counts.most_sent
        is_told = self.is_sign_disbelieved or reading.claims.signs.is_end_said or self._pages is not None
        is_capped = cap is not None and self.position + 1 >= cap
        if is_told or is_capped or not reading.claims.is_uncounted or self._last_sent < usual * bool(self._first_rows):
            return False
        return self.context.receipt.lists_begun <= _LISTS_LOOKED_BEHIND

    def look(self, rows: list[Any], sent: int) -> bool:
        """See GuardedPaginator."""
        reading, first, page = self.reading, self.first_position(), self.position
        if page == first:
            reading.repetition.compare_first_page(rows)
            return self._look_at_next(str(reading.ending.look))
        has_rows, is_known = reading.repetition.looked(rows)
        is_new = has_rows and not is_known
        if page != self._behind:
            told = f"page {page} holds rows that did not come, so the API counts its pages from {page}"
            self.judge_start(told, is_new, f"base_page: {page}")
        elif is_new:
            # It is asked for again, and the list goes on with it.
            words = f"page {page - 1} was empty and page {page} was not, so the empty page at the end proves no end"
            self.context.receipt.found(Verdict.UNKNOWN, words, _TELL_END)
            reading.ending.look, self._looks = None, ()
            return True
        return self._look_at_next(str(reading.ending.look))

    def looks_elsewhere(self) -> bool:
        """See GuardedPaginator; that one page is refused says nothing of where the list begins."""
        return self._look_at_next(str(self.reading.ending.look))

    def _look_at_next(self, how: str) -> bool:
        if not self._looks:
            return False
        position, *rest = self._looks
        self._looks = tuple(rest)
        self.look_at(position, how)
        return True
