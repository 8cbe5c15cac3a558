"""Offsets and page numbers: the next page is known ahead, so pages can be asked for side by side."""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

from requests import Request

from messaging_assets.description import pagination as described
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.reading.paging.guarded import GuardedPaginator
from messaging_assets.reading.paging.page_places import put
from messaging_assets.reading.receipt import Verdict


class CountingPaginator(GuardedPaginator):
    """Offsets and page numbers: the next page is known ahead, so pages can be asked for side by side."""

    description: described.OffsetPaginator | described.PageNumberPaginator
    position = 0
    _last_sent = 0
    _last_end: int | None = None
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
        if said or self.reading.counts.sent or not (sign := self.names_more()):
            return said
        return f"it names a next one at {sign}; write has_more_path: null if that is not to be believed"

    def names_more(self) -> str | None:
        """Where the page that came says that there is more; None where it does not, or a count says otherwise."""
        signs = self.reading.claims.signs
        if self.is_sign_disbelieved or signs.is_end_said or self.reading.is_whole_by_count:
            return None
        return signs.said or signs.link or signs.token

    @abstractmethod
    def first_position(self) -> int:
        """Where the list begins."""

    def place(self, request: Request, position: int) -> None:
        """Put a position, and how long a page is, into the query or the body, as the file says."""
        for word, name, place_in_body, number in self.description.numbers(position):
            put(request, word, name, place_in_body, number)

    def look_at(self, position: int, how: str) -> None:
        """Let a page be asked for that only tells something of a list that ended in a way."""
        self.position, self.reading.ending.look, self.reading.join.back = position, how, 0
        self.reading.upcoming = lambda request: ()

    def judge_start(self, told: str, is_missed: bool, step: str) -> None:
        """Note whether the list begins where the file says.

        Args:
            told: what a look at another first page showed, as a clause.
            is_missed: whether that page holds rows that did not come.
            step: the word of the paginator that mends it.

        Raises:
            MendDescription: rows were missed.
        """
        self.context.so_far.is_start_known = not is_missed
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
        is_steady, self._last_sent = sent == self._last_sent and self._asking_takes_nothing(last), sent
        self._last_end = last
        # As many again wait, so that no worker is idle while a batch is made; but no more than came where nobody knows
        # where the list ends.
        start, most = self.position, 2 * self.max_in_flight if self.max_in_flight > 1 else 1
        if last is None:
            most = min(most, self.reading.page)
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
                # `copy.copy` takes three times as long.
                further: Any = Request()
                further.__dict__.update(request.__dict__)
                further.params = dict(further.params or {})
                further.json, further.data = copy.deepcopy(request.json), copy.copy(request.data)
                self.place(further, position)
                yield further

        self.reading.upcoming = upcoming

    def _asking_takes_nothing(self, last: int | None) -> bool:
        """Whether a page that is asked for and not taken is lost to nobody; a queue may forget what it answers.

        By POST, only rows that came again, or an end that stays while rows come, show that it does not.
        """
        is_read = self.context.endpoint.method == "GET" or self.context.receipt.repeats.is_seen
        return is_read or (last is not None and last == self._last_end)
