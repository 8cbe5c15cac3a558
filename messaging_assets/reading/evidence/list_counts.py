"""Rows and pages of one list."""

from __future__ import annotations

from dataclasses import dataclass

from messaging_assets.answers.record_keys import whole_number
from messaging_assets.description.api import Endpoint


@dataclass
class ListCounts:
    """How many rows and pages of one list came.

    Args:
        pages: how many pages came.
        sent: rows of the page that came last, as the server counts them.
        most_sent: the rows of the longest page.
        empty_pages: how many pages, up to the last, came without a row.
        full_pages: how many pages held any rows.
        rows: rows that came, overlaps left out; behind an interruption those from there on.
        before: different records that came before an interruption.
    """

    pages: int = 0
    sent: int = 0
    most_sent: int = 0
    empty_pages: int = 0
    full_pages: int = 0
    rows: int = 0
    before: int = 0

    def page_came(self, sent: int) -> None:
        """A page of so many rows came."""
        self.sent, self.most_sent = sent, max(self.most_sent, sent)
        self.empty_pages = 0 if sent else self.empty_pages + 1

    @property
    def all_rows(self) -> int:
        """The rows of the whole list so far."""
        return self.before + self.rows

    def is_short(self, page: int, endpoint: Endpoint) -> bool:
        """Whether the page that came last has fewer rows than the others, or, as the only one, than asked for."""
        if page > 1:
            return self.sent < self.most_sent
        limit = getattr(endpoint.paginator, "limit", None)
        # The largest that an API gives may be less than `max` asks for.
        asked = [0 if limit == "max" else limit] if limit else map(whole_number, endpoint.params.values())
        return self.sent < min((size for size in asked if size), default=0)
