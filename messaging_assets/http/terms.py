"""On what terms a request is sent: what the file agreed with the API, and where it is counted."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

from messaging_assets.description.api import Endpoint
from messaging_assets.foundation.failures import SyncFailure
from messaging_assets.foundation.redaction import plain_address
from messaging_assets.http.wire.answer import Answer

_OF_ENCODING = re.compile(r'[-;]+(gzip|br|deflate|zstd)(?="$)')


class Ignored(Exception):
    """This request's answer ends the list: `is_end` where the file declares it as the end of the pages, else by a
    response action, `ignore` or, where `is_split`, `split`.
    """

    def __init__(self, how: str, is_end: bool, is_split: bool = False) -> None:
        super().__init__(how)
        self.how, self.is_end, self.is_split = how, is_end, is_split


class LedAway(Exception):
    """An answer sends on to another origin, where a file of a job may lie; `url` is the address."""

    def __init__(self, url: str) -> None:
        super().__init__("another origin")
        self.url = url


class Unchanged(SyncFailure):
    """The API says that a list is the one that it was (304), and sends none.

    Args:
        validator: what the API called it, an ETag or a Last-Modified.
        where: the asset's name.
        other: what the answer calls it all the same, where that is another name; it is to be read then.

    Attributes:
        name: the header that says so.
        is_strong: whether it changes with every byte of the list.
    """

    # Whoever reads on after one that names another list reads all of it.
    is_anew = True

    def __init__(self, validator: str, where: str, other: str | None = None) -> None:
        super().__init__("the list is the one that it was", where=where)
        self.validator = validator
        self.name = "ETag" if is_etag(validator) else "Last-Modified"
        self.is_strong = validator.startswith('"')
        self.other = other


def validator_of(headers: Mapping[str, str]) -> str | None:
    """What an answer calls its list; None where it has no name that another list could not have."""
    etag, modified = headers.get("ETag", "").strip(), headers.get("Last-Modified", "").strip()
    return etag if is_etag(etag) else modified if _is_past(modified, headers.get("Date", "")) else None


def _is_past(modified: str, date: str) -> bool:
    """Whether a list can no more change within the second that names it (RFC 9110, section 8.8.2.2)."""
    try:
        return (parsedate_to_datetime(date) - parsedate_to_datetime(modified)).total_seconds() >= 1
    except (ValueError, TypeError):
        return False


def other_than(validator: str, headers: Mapping[str, str]) -> str | None:
    """What a 304 calls the list, where that is not the one that was asked about.

    Args:
        validator: what that one was called.
        headers: of the 304, which has the name that the list has now, if any (RFC 9110, section 15.4.5).
    """
    now = headers.get("ETag", "").strip()
    return now if is_etag(now) and is_etag(validator) and _opaque(now) != _opaque(validator) else None


def _opaque(etag: str) -> str:
    """An ETag without what servers add to it for an encoding."""
    return _OF_ENCODING.sub("", etag.removeprefix("W/"))


def is_etag(validator: str) -> bool:
    """Whether it is an ETag (RFC 9110, section 8.8.3), and no date."""
    return validator.removeprefix("W/").startswith('"')


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
    leads_away: bool = False
    """Whether it may send on to another origin, which gets no secret."""
    unless: str | None = None
    """What the API called the list that is known, so that it need not send that again."""
