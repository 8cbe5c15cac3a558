"""Answers that were asked for ahead of their turn: pages of the list that is read, and whole lists behind it.

Only the sockets run ahead. Whoever reads asks for one page after the other, as if nothing were there, and finds the
answer waiting; so the order of rows, marks, places to go on from and the verdict are those of a sequential read.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import requests

from messaging_assets.http.wire.answer import Answer

# Bytes of answers that wait, from which on nothing more is asked ahead; parsed they are several times as large.
MOST_BYTES = 16_000_000


class ListId(NamedTuple):
    """Which list a request is for: that of a resource's readings, and its name among them."""

    context: int
    name: str


class PageId(NamedTuple):
    """What tells the pages of all lists apart before a request is prepared, which takes as long as parsing a page."""

    of: ListId
    url: str
    parts: str


class Enough(Exception):
    """A list is not read further ahead."""


@dataclass
class _Waiting:
    prepared: requests.PreparedRequest
    answer: Future[Answer | None] = field(default_factory=Future)
    size: int = 0


class _Answers:
    """Answers that wait for their turn, what they weigh, and what their sizes tell of the end of the list.

    Args:
        lock: held by whoever puts, takes or drops one.

    Attributes:
        size: bytes of all that wait.
        small: the page that came ahead and may be the end of the list.
    """

    def __init__(self, lock: threading.Condition) -> None:
        self._lock = lock
        self._waiting: dict[PageId, _Waiting] = {}
        self.size = 0
        # The largest body of the list so far, and the page in hand.
        self._usual = 0
        self._in_hand: requests.PreparedRequest | None = None
        self.small: requests.PreparedRequest | None = None

    def __contains__(self, page: PageId) -> bool:
        return page in self._waiting

    def put(self, page: PageId, prepared: requests.PreparedRequest) -> _Waiting:
        """A place for the answer to a request."""
        waiting = self._waiting[page] = _Waiting(prepared)
        return waiting

    def go_on(self) -> None:
        """The list goes on behind the page in hand."""
        if self.small is self._in_hand:
            self.small = None

    def take(self, page: PageId) -> requests.PreparedRequest | None:
        """The request for a page, with its answer; where there is none, what waits of its list is of no use."""
        found = self._pop(page)
        if found is None:
            self.drop(page.of)
        else:
            found.prepared.answer = found.answer  # type: ignore[attr-defined]
        self._in_hand = found.prepared if found else None
        return self._in_hand

    def drop(self, of: ListId) -> None:
        """Forget what waits of a list, and its sizes."""
        for page in [page for page in self._waiting if page.of == of]:
            found = self._pop(page)
            if found is not None:
                found.answer.cancel()
        self._usual, self.small = 0, None

    def clear(self) -> None:
        """Forget what waits of all lists."""
        for page in list(self._waiting):
            self._pop(page)

    def weigh(self, waiting: _Waiting, came: Answer) -> None:
        """An answer came, and waits from now on."""
        with self._lock:
            waiting.size = came.size
            self.size += waiting.size

    def compare(self, waiting: _Waiting) -> None:
        """Guess from the size of a page whether the list ends with it."""
        self._usual = max(self._usual, waiting.size)
        if waiting.size * 4 < self._usual:
            self.small = waiting.prepared

    def _pop(self, page: PageId) -> _Waiting | None:
        found = self._waiting.pop(page, None)
        if found is not None:
            found.answer.add_done_callback(lambda _: self._unweigh(found))
        return found

    def _unweigh(self, waiting: _Waiting) -> None:
        with self._lock:
            self.size -= waiting.size


class _Lists:
    """Lists of each resource in their order: those to come, those that may be read ahead, and the one in its turn.

    Attributes:
        current: the list of each resource that is read now.
        begun: those that may be read ahead.
        reading: those that are.
    """

    def __init__(self) -> None:
        self._to_come: dict[int, deque[tuple[ListId, Callable[[], None]]]] = {}
        self.current: dict[int, ListId] = {}
        self.begun: dict[ListId, Future[None]] = {}
        self.reading: set[ListId] = set()

    def expect(self, lists: Iterable[tuple[ListId, Callable[[], None]]]) -> None:
        """Lists are to come in this order."""
        for one in lists:
            self._to_come.setdefault(one[0].context, deque()).append(one)

    def turn_to(self, of: ListId) -> ListId | None:
        """Note which list of a resource is read now; returns the one that is over by that."""
        before = self.current.get(of.context)
        if before == of:
            return None
        self.current[of.context] = of
        to_come = self._to_come.get(of.context, deque())
        if any(one == of for one, _ in to_come):
            while to_come.popleft()[0] != of:
                pass
        if (job := self.begun.get(of)) is not None and job.cancel():
            self.reading.discard(of)
        if before is not None:
            self.begun.pop(before, None)
        return before

    def following(self, context: int, most: int) -> list[tuple[ListId, Callable[[], None]]]:
        """Take the next lists of a resource, as many as may be begun beside those that are."""
        to_come = self._to_come.get(context, deque())
        begun = sum(one.context == context for one in self.begun)
        return [to_come.popleft() for _ in range(min(len(to_come), most - begun))]

    def clear(self) -> None:
        """None is to be read ahead any more."""
        self._to_come.clear()
        self.begun.clear()


class PagesAhead:
    """Asks ahead with several workers, and keeps what came until it is taken or dropped; safe to use from all of them.

    Args:
        at_once: requests under way at once, at most.

    Attributes:
        most_bytes: bytes of answers that wait, from which on nothing more is asked ahead.
    """

    def __init__(self, at_once: int) -> None:
        self.most_bytes = MOST_BYTES
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="pages")
        # As many again wait, so that no worker is idle while a batch is made.
        self._most_lists = 2 * at_once
        self._changed = threading.Condition()
        self._answers = _Answers(self._changed)
        self._lists = _Lists()
        self._wanted: dict[ListId, PageId] = {}

    def take(self, page: PageId) -> requests.PreparedRequest | None:
        """The request for a page that is due, if it was sent ahead; waits while its list is being read ahead."""
        with self._changed:
            self._turn_to(page.of)
            self._answers.go_on()
            self._wanted[page.of] = page
            while page not in self._answers and page.of in self._lists.reading:
                self._changed.wait()
            del self._wanted[page.of]
            return self._answers.take(page)

    def takes_pages(self, of: ListId) -> bool:
        """Whether pages of a list may be asked ahead one by one, because nobody reads it ahead."""
        return of not in self._lists.reading

    def ask(
        self, pages: Iterable[tuple[PageId, Callable[[], requests.PreparedRequest]]], answer: Callable[[Any], Answer]
    ) -> None:
        """Ask for further pages of the list that is read.

        Args:
            pages: which, and what prepares the request for each.
            answer: sends a request until it is answered.
        """
        with self._changed:
            for page, prepare in pages:
                if page not in self._answers:
                    waiting = self._answers.put(page, prepare())
                    waiting.answer = self._pool.submit(self._answered, waiting, answer)

    def expect(self, lists: Iterable[tuple[ListId, Callable[[], None]]]) -> None:
        """Lists are to come in this order; the function reads one ahead, page by page with `page_of_list`."""
        with self._changed:
            self._lists.expect(lists)

    def begin(self, of: ListId, read: Callable[[], None]) -> None:
        """Read a list ahead before any other has its turn; the function does, as in `expect`."""
        with self._changed:
            self._lists.reading.add(of)
            self._lists.begun[of] = self._pool.submit(self._read, of, read)

    def page_of_list(self, page: PageId, prepared: requests.PreparedRequest, answer: Callable[[Any], Answer]) -> Answer:
        """A page of a list that is read ahead, in the worker that reads it.

        Raises:
            Enough: nobody needs it yet, or any more.
        """
        with self._changed:
            wanted = self._wanted.get(page.of)
            is_full = self._answers.size > self.most_bytes and wanted is None
            if page.of not in self._lists.begun or is_full or wanted not in (None, page):
                raise Enough
            waiting = self._answers.put(page, prepared)
            # Nobody can cancel what is under way.
            waiting.answer.set_running_or_notify_cancel()
            self._changed.notify_all()
        try:
            came = answer(prepared)
        except BaseException as error:
            waiting.answer.set_exception(error)
            raise
        self._answers.weigh(waiting, came)
        waiting.answer.set_result(came)
        return came

    def close(self) -> None:
        """Drop everything, and wait for what is under way."""
        with self._changed:
            self._lists.clear()
            self._answers.clear()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _turn_to(self, of: ListId) -> None:
        """Note which list of a resource is read now, and let those behind it be read ahead, once a page of one came."""
        is_first_page = self._lists.current.get(of.context) != of
        over = self._lists.turn_to(of)
        if over is not None:
            self._answers.drop(over)
        elif is_first_page:
            return
        for following, read in self._lists.following(of.context, self._most_lists):
            self.begin(following, read)

    def _read(self, of: ListId, read: Callable[[], None]) -> None:
        try:
            read()
        finally:
            with self._changed:
                self._lists.reading.discard(of)
                self._changed.notify_all()

    def _answered(self, waiting: _Waiting, answer: Callable[[Any], Answer]) -> Answer | None:
        """The answer to a request sent ahead; None, unasked, where an earlier page looks like the end of the list.

        More pages wait to be asked for than are under way, so that no worker idles while a batch is made; the guess
        keeps them from being asked past the end, and where it is wrong they are asked for in their turn.
        """
        if self._answers.small is not None or self._answers.size > self.most_bytes:
            return None
        came = answer(waiting.prepared)
        self._answers.weigh(waiting, came)
        self._answers.compare(waiting)
        return came
