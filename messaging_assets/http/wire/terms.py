"""On what terms a request is sent: what the file agreed with the API, and where it is counted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import requests
from requests.auth import AuthBase

from messaging_assets.description.api import Endpoint
from messaging_assets.description.endpoint import ResponseAction
from messaging_assets.foundation.failures import SyncFailure
from messaging_assets.foundation.redaction import plain_address
from messaging_assets.http.wire.answer import Answer


class Ignored(Exception):
    """This request's answer ends the list: `is_end` where the file declares it as the end of the pages, else by a
    response action, `empty`, `ignore`, `split` or `restart`.
    """

    def __init__(self, how: str, is_end: bool, action: str = "ignore") -> None:
        super().__init__(how)
        self.how, self.is_end, self.action = how, is_end, action


class LedAway(Exception):
    """An answer sends on to another origin, where a file of a job may lie; `url` is the address."""

    def __init__(self, url: str) -> None:
        super().__init__("another origin")
        self.url = url


class Counts(Protocol):
    """What an exchange tells the receipt; called from worker threads too."""

    def asked(self) -> None: ...
    def retried(self, reason: str) -> None: ...
    def waited(self, seconds: float) -> None: ...
    def received(self, number_of_bytes: int) -> None: ...
    def were_in_flight(self, mean: float, most: int) -> None: ...


class CountsOfRequests(Counts, Protocol):
    """Counts that take over what others counted before them."""

    def add_requests(self, earlier: Any) -> None: ...


class EarlyCounts:
    """Counts of requests that leave before the receipt is there which they belong to.

    Args:
        to: what counts until then.
    """

    def __init__(self, to: CountsOfRequests) -> None:
        self._to, self._lock = to, threading.Lock()

    def go_to(self, receipt: CountsOfRequests) -> None:
        """Count there from now on, and what was counted before as well."""
        with self._lock:
            receipt.add_requests(self._to)
            self._to = receipt

    def asked(self) -> None:
        """See Counts."""
        with self._lock:
            self._to.asked()

    def retried(self, reason: str) -> None:
        """See Counts."""
        with self._lock:
            self._to.retried(reason)

    def waited(self, seconds: float) -> None:
        """See Counts."""
        with self._lock:
            self._to.waited(seconds)

    def received(self, number_of_bytes: int) -> None:
        """See Counts."""
        with self._lock:
            self._to.received(number_of_bytes)

    def were_in_flight(self, mean: float, most: int) -> None:
        """See Counts."""
        with self._lock:
            self._to.were_in_flight(mean, most)


@dataclass(frozen=True)
class Terms:
    """What the file agreed with the API for this request; `page` is the number of the page that is asked for, `shown`
    gives an address as errors may show it.
    """

    asset: str
    endpoint: Endpoint
    counts: Counts
    end_statuses: frozenset[int] = frozenset()
    page: int = 1
    explain: Callable[[Answer], str | None] = lambda answer: None
    shown: Callable[[str | None], str] = plain_address
    is_look: bool = False
    """Whether the list is over, and an answer is welcome but not needed: it is asked for once, and may fail."""
    is_once: bool = False
    """Whether it is sent again only where it certainly was not taken, because it begins something."""
    sent_on: Literal["within", "anywhere", "logged in"] = "within"
    """Where an answer may send on to: within the origin, or anywhere, without a secret. One of a login is a good one
    wherever it sends on to, if it has a cookie."""
    unless: str | None = None
    """What the API called the list that is known, so that it need not send that again."""
    takes_parts: bool = False
    """Whether a long answer is taken in parts, from a file."""

    def takes(self, answer: Answer) -> bool:
        """Whether an answer is taken as it is, although it sends on to another address."""
        is_over = answer.status_code in [one.status_code for one in self.renewing]
        return is_over or bool(self.sent_on == "logged in" and answer.cookies)

    @property
    def renewing(self) -> list[ResponseAction]:
        """The answers that mean that a login or token is over."""
        actions = (one for one in self.endpoint.response_actions if isinstance(one, ResponseAction))
        return [one for one in actions if one.action == "renew"]


class AnswersOfJobs(Protocol):
    """What answers the requests of a list with the files of the job that it begins."""

    def has_pages(self, reading: Any) -> bool: ...
    def answer(self, request: requests.Request, reading: Any) -> Answer: ...
    def refused_page(self, reading: Any, refused: SyncFailure) -> SyncFailure: ...
    def files_left(self, reading: Any) -> int: ...
    def clean_up(self) -> None: ...


class AskedSoFar(Protocol):
    """What a session wants to know of what came of a resource's lists."""

    @property
    def jobs(self) -> AnswersOfJobs | None: ...
    @property
    def begun_as(self) -> int: ...
    @property
    def unless(self) -> str | None: ...


class AskedResource(Protocol):
    """What a session wants to know of the resource whose lists it asks for."""

    @property
    def number(self) -> int: ...
    @property
    def so_far(self) -> AskedSoFar: ...


class AskedList(Protocol):
    """What a session wants to know of a list that it asks for: `Reading` in the room `reading`."""

    @property
    def context(self) -> AskedResource: ...
    @property
    def name(self) -> str: ...
    @property
    def asset(self) -> str: ...
    @property
    def page(self) -> int: ...
    @property
    def auth(self) -> AuthBase | None: ...
    @property
    def terms(self) -> Terms: ...
    def ahead(self, request: requests.Request) -> Iterable[requests.Request]: ...
    def left_by(self, action: str, how: str) -> None: ...
