"""One list of a live API, asked for page by page, and its pages compared with the first."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from messaging_assets.discovery.live import paging_signs as signs
from messaging_assets.discovery.live.probe import LiveApi
from messaging_assets.foundation import json_paths
from messaging_assets.http.wire.answer import Answer
from messaging_assets.seams.dlt_rest_client import find_response_page_data


@dataclass(frozen=True)
class Page:
    """An answer with the rows that the selector finds in it."""

    answer: Answer
    rows: list[Any]


@dataclass
class ListProbe:
    """Asks for pages of one list and compares them with the first.

    Args:
        api: the API.
        path: where the list is.
        selector: the JSON path of the list in an answer.
        first: the answer to a request without parameters.
        identity: what makes two rows the same.
        fixed: parameters that every request has.
    """

    api: LiveApi
    path: str
    selector: str
    first: Page
    identity: Callable[[Any], Hashable]
    fixed: Mapping[str, Any] = field(default_factory=dict)
    size_param: str | None = None
    small: Page | None = None

    @property
    def half(self) -> int:
        """Rows of the small pages that are compared."""
        return min(len(self.first.rows) // 2, 25)

    @property
    def first_small(self) -> Page:
        """The first page at half size, or the first answer where no size can be asked for."""
        return self.small or self.first

    def get(self, params: Mapping[str, Any], path: str | None = None) -> Page | None:
        """One page; None where the API refuses, or shows no list."""
        fixed = {} if path else self.fixed
        answer = self.api.guess(path or self.path, {**fixed, **params})
        if answer is None:
            return None
        found = json_paths.find_values(self.selector, answer.parsed)
        return Page(answer, found[0]) if found and isinstance(found[0], list) else None

    def get_anywhere(self, params: Mapping[str, Any]) -> tuple[str, Page] | None:
        """One page with the path of its list, which may be another than in the first answer."""
        answer = self.api.guess(self.path, params)
        if answer is None:
            return None
        names, rows = find_response_page_data(answer.parsed)
        path = json_paths.quoted_path(*(name for name in names if name != "$"))
        return (path, Page(answer, rows)) if isinstance(rows, list) else None

    def sized(self, rows: int) -> dict[str, Any]:
        """The parameter that asks for pages of so many rows."""
        return {self.size_param: rows} if self.size_param else {}

    def is_second(self, page: Page | None) -> bool:
        """Whether a page begins where the first one ends."""
        if page is None or not page.rows:
            return False
        first, rows = self._identities(self.first.rows), self._identities(page.rows)
        if self.size_param:
            expected = first[self.half : self.half + len(rows)]
            return rows[: len(expected)] == expected
        return not set(first) & set(rows)

    def is_first(self, page: Page | None) -> bool:
        """Whether a page is the first one."""
        expected = self._identities(self.first_small.rows)
        return page is not None and self._identities(page.rows) == expected

    def are_joined(self, one: Page, two: Page, both: Page) -> bool:
        """Whether two pages are, row by row, what one page of twice their size holds."""
        return self._identities([*one.rows, *two.rows]) == self._identities(both.rows) and bool(two.rows)

    def find_size(self) -> None:
        """Look for the parameter that sets a page's size."""
        if self.half < 1:
            return
        expected = self._identities(self.first.rows)[: self.half]
        for name in signs.echoed(self.first.answer, signs.SIZES):
            page = self.get({name: self.half})
            if page is not None and self._identities(page.rows) == expected:
                self.size_param, self.small = name, page
                return

    def _identities(self, rows: Sequence[Any]) -> list[Hashable]:
        return [self.identity(row) for row in rows]
