"""One request until it is answered: attempts, waits and what each status means.

Which layer repeats what: this module repeats one request, `max_retries` times after the first try. It does so for the
statuses that the file lists, and for everything that broke on the way (connection, timeout, cut-off body). Dagster's
RetryPolicy repeats the whole sync of one resource, and only for failures that a later try can mend.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import requests
import urllib3.exceptions

from messaging_assets.answers.declared_values import has_value, is_error_at
from messaging_assets.answers.formats.archives import TooFar
from messaging_assets.answers.formats.json_text import Unreadable, WrongFormat
from messaging_assets.answers.formats.texts import Records
from messaging_assets.description.api import Client, Endpoint
from messaging_assets.description.authentication import is_signed, secrets_of
from messaging_assets.description.names import variable
from messaging_assets.foundation import json_paths
from messaging_assets.foundation.failures import MendDescription, TryAgainLater
from messaging_assets.foundation.redaction import plain_address, plain_origin
from messaging_assets.http.pacing import Pacing
from messaging_assets.http.trouble import (
    Trouble,
    about_clock,
    asked_to_wait,
    broken_on_the_way,
    failure,
    refused,
    seconds_before,
)
from messaging_assets.http.wire.answer import Answer
from messaging_assets.http.wire.content import body_of, decode, json_of
from messaging_assets.http.wire.origins import NoAddress
from messaging_assets.http.wire.rate_limits import allowance
from messaging_assets.http.wire.redirects import moved, redirect_of
from messaging_assets.http.wire.transport import OtherOrigin, Transport

_MOST_HOPS = 5
# Statuses that say that the API has too much to do.
_BUSY = frozenset({429, 503})
_ENDED = Trouble("was not asked, because the sync ended", "start it again", TryAgainLater, False, "ended")


class Ignored(Exception):
    """This request's answer ends the list: `is_end` where the file declares it as the end of the pages, else by a
    response action, `ignore` or, where `is_split`, `split`.
    """

    def __init__(self, how: str, is_end: bool, is_split: bool = False) -> None:
        super().__init__(how)
        self.how, self.is_end, self.is_split = how, is_end, is_split


class Counts(Protocol):
    """What an exchange tells the receipt; called from worker threads too."""

    def asked(self) -> None: ...
    def retried(self, reason: str) -> None: ...
    def waited(self, seconds: float) -> None: ...
    def received(self, number_of_bytes: int) -> None: ...
    def were_in_flight(self, mean: float, most: int) -> None: ...


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


@dataclass
class Exchange:
    """Sends prepared requests; safe to call from several threads.

    Args:
        transport: sends one request once, without redirects, and reads its body.
        pacing: the API's gate.
        closing: set when the sync ends early.
        renew: puts something better on a request after a 401, such as a new token; False where there is none.
        sign: signs a request that is about to leave.
    """

    transport: Transport
    pacing: Pacing
    closing: threading.Event = field(default_factory=threading.Event)
    renew: Callable[[requests.PreparedRequest, Answer], bool] = lambda request, answer: False
    sign: Callable[[requests.PreparedRequest], None] = lambda request: None

    def answer(self, request: requests.PreparedRequest, terms: Terms) -> Answer:
        """Send the request until it is answered.

        Returns:
            A 2xx answer with its JSON parsed.

        Raises:
            Ignored: the answer ends the list, as the file declares.
            MendDescription, CheckCredentials: no later try can help.
            TryAgainLater: it stayed broken for as long as the file allows.
        """
        handler = terms.endpoint.error_handler
        attempt = 1
        while isinstance(outcome := self._attempt(request, terms), Trouble):
            wait = seconds_before(attempt, outcome, handler)
            if terms.is_look:
                raise Ignored("the answer was not needed", is_end=True)
            if not outcome.repeat or attempt > handler.max_retries or wait > handler.maximum_wait:
                raise failure(outcome, terms.asset, f"{request.method} {terms.shown(request.url)}", handler, attempt)
            terms.counts.retried(outcome.label)
            self._pause(wait, outcome, terms)
            attempt += 1
        return outcome

    def _attempt(self, request: requests.PreparedRequest, terms: Terms) -> Answer | Trouble:
        answer = self._send(request, terms)
        if isinstance(answer, Answer) and answer.status_code == 401 and self.renew(request, answer):
            answer.settle(is_good=True)
            terms.counts.retried("401")
            answer = self._send(request, terms)
        if isinstance(answer, Trouble):
            return answer
        is_good = False
        try:
            outcome = _judged(answer, terms, self.transport.client)
            is_good = isinstance(outcome, Answer)
        except Ignored:
            is_good = True
            raise
        finally:
            answer.settle(is_good)
        return outcome

    def _send(self, request: requests.PreparedRequest, terms: Terms) -> Answer | Trouble:
        for _ in range(_MOST_HOPS):
            with self.pacing.level.place():
                terms.counts.waited(self.pacing.pass_through())
                if self.closing.is_set():
                    return _ENDED
                terms.counts.asked()
                self.sign(request)
                try:
                    answer = self._answered(request, terms)
                except OtherOrigin:
                    return _stranger(request.url or "")
                except (requests.RequestException, urllib3.exceptions.HTTPError, UnicodeError, NoAddress) as error:
                    return broken_on_the_way(error, self.transport.client)
            terms.counts.received(len(answer.content))
            terms.counts.were_in_flight(self.pacing.level.mean, self.pacing.level.peak)
            target = redirect_of(answer)
            if target is None:
                return answer
            answer.settle(is_good=True)
            try:
                request = moved(request, target, answer.status_code)
            except (requests.RequestException, NoAddress, ValueError):
                return _nowhere(answer.status_code)
        return Trouble(
            "redirects in a circle", "correct client.base_url or the path", MendDescription, False, "redirect"
        )

    def _answered(self, request: requests.PreparedRequest, terms: Terms) -> Answer:
        """Send a request once, and learn from its answer how many the API takes."""
        started, is_busy = time.monotonic(), True
        try:
            answer = self.transport(request)
            is_busy = answer.status_code in _BUSY
        finally:
            # A connection that breaks is no better sign than a 503.
            self.pacing.level.came(terms.asset, time.monotonic() - started, is_busy)
        if (allowed := allowance(answer.headers)) is not None:
            self.pacing.allow(allowed, terms.endpoint.error_handler.maximum_wait)
        return answer

    def _pause(self, seconds: float, trouble: Trouble, terms: Terms) -> None:
        if trouble.asked_seconds is not None:
            self.pacing.hold(seconds)
            return
        terms.counts.waited(seconds)
        self.closing.wait(seconds)


def _judged(answer: Answer, terms: Terms, client: Client) -> Answer | Trouble:
    _leave_if_over(answer, terms, client)
    if answer.status_code >= 300:
        repeat = answer.status_code in terms.endpoint.error_handler.retry_on_status_codes
        auth = terms.endpoint.auth or client.auth
        names = secrets_of([auth])
        variables = [variable(terms.asset.partition(".")[0], name) for name in names]
        trouble = refused(answer, repeat, terms.page, terms.explain(answer), variables, terms.endpoint)
        return about_clock(trouble, answer) if is_signed(auth) else trouble
    return _read_body(answer, terms, client)


def _leave_if_over(answer: Answer, terms: Terms, client: Client) -> None:
    status = answer.status_code
    if status in terms.end_statuses:
        raise Ignored(f"status {status} past the last page", is_end=True)
    for action in terms.endpoint.response_actions:
        if callable(action) or callable(action.action) or not _meets(action, answer, terms, client):
            continue
        if action.action == "split":
            raise Ignored(f"status {status} says that one range has too many rows", is_end=False, is_split=True)
        raise Ignored(f"status {status}, which response_actions ignore", is_end=False)


def _read_body(answer: Answer, terms: Terms, client: Client) -> Answer | Trouble:
    for action in terms.endpoint.response_actions:
        own = action if callable(action) else action.action if callable(action.action) else None
        if own and (callable(action) or _meets(action, answer, terms, client)):
            answer = own(answer) or answer
    if answer.status_code == 204:
        step = "declare 204 in the paginator's end_status_codes if it means that there is no more"
        return Trouble("answered 204, which is no list", step, MendDescription, False, "204")
    try:
        decode(answer, terms.endpoint, client)
    except Unreadable as unreadable:
        told = json_of(answer) if terms.endpoint.error_in_body else None
        return _error_inside(answer, terms, told) or _unreadable(answer, unreadable)
    except TooFar as far:
        return broken_on_the_way(far, client)
    except MemoryError:
        words = "sent more than this machine's memory holds when it is parsed"
        step = "ask for smaller pages, and lower client.maximum_bytes"
        return Trouble(words, step, MendDescription, False, "too large")
    return _error_inside(answer, terms, answer.parsed) or _not_done(answer, terms) or answer


def _unreadable(answer: Answer, unreadable: Unreadable) -> Trouble:
    words = f"answered {answer.status_code} with {unreadable}"
    if isinstance(unreadable, WrongFormat):
        step = "correct format in the file, or compare path and parameters with the API's documentation"
        return Trouble(words, step, MendDescription, False, "wrong format")
    step = "compare client.base_url and path with the API's documentation, or ask the vendor what the endpoint sends"
    return Trouble(words, step, TryAgainLater, True, "unreadable body")


def _not_done(answer: Answer, terms: Terms) -> Trouble | None:
    """What a first answer means that was only accepted (RFC 9110, section 15.3.3), and brings nothing."""
    if answer.status_code != 202 or terms.page > 1:
        return None
    body, selector = answer.parsed, terms.endpoint.data_selector
    if selector is None and isinstance(body, dict):
        found = [one for one in body.values() if isinstance(one, list)]
    else:
        found = json_paths.find_values((selector or "$").partition("[")[0] or "$", body)
    if any(found):
        return None
    words = "answered 202 without a row, which says that the list is not made yet"
    return Trouble(words, "run it again later", TryAgainLater, True, "202", asked_to_wait(answer))


def _error_inside(answer: Answer, terms: Terms, body: Any) -> Trouble | None:
    """The error that the file knows such a body by; an API that sends other formats may tell it in JSON."""
    declared = terms.endpoint.error_in_body
    if isinstance(body, Records):
        body = body.only_object
    if declared is None or body is None:
        return None
    if "[?" in declared.path and not _has_list(declared.path, body):
        words = f"answered {answer.status_code} with no list where error_in_body filters one ('{declared.path}')"
        step = "write the path to the value, and values, in error_in_body"
        return Trouble(words, step, MendDescription, False, "error in body")
    if not is_error_at(declared, body):
        return None
    kind = TryAgainLater if declared.retry else MendDescription
    words = f"answered {answer.status_code} with an error at '{declared.path}'"
    return Trouble(words, "look the error up with the vendor", kind, declared.retry, "error in body")


def _meets(action: Any, answer: Answer, terms: Terms, client: Client) -> bool:
    if action.status_code is not None and int(action.status_code) != answer.status_code:
        return False
    if action.path is not None and not has_value(action.path, action.values, body_of(answer, terms.endpoint, client)):
        return False
    # Any text may stand in a record.
    return action.content is None or (action.content in answer.text and not _holds_list(answer, terms, client))


def _holds_list(answer: Answer, terms: Terms, client: Client) -> bool:
    if answer.status_code >= 300:
        return False
    body, selector = body_of(answer, terms.endpoint, client), terms.endpoint.data_selector
    if selector is None or isinstance(body, Records):
        lists = [body] if isinstance(body, list) else list(body.values()) if isinstance(body, dict) else []
        return any(isinstance(one, list) and any(isinstance(row, dict) for row in one) for one in lists)
    found = json_paths.find_values(selector.partition("[")[0] or "$", body)
    return any(isinstance(value, list) for value in found)


def _has_list(path: str, body: Any) -> bool:
    """Whether a filter has something to look through: a list, or nothing at all where it looks."""
    before = path.partition("[?")[0].rstrip(".") or "$"
    return all(isinstance(value, list) or value is None for value in json_paths.find_values(before, body))


def _stranger(target: str) -> Trouble:
    words = f"sends on to another origin ({plain_origin(target)}), where no secret may go"
    return Trouble(words, "set client.base_url to the address the API is at now", MendDescription, False, "redirect")


def _nowhere(status: int) -> Trouble:
    words = f"answered {status} and sends on to an address that cannot be asked"
    return Trouble(words, "set client.base_url to the address the API is at now", MendDescription, False, "redirect")
