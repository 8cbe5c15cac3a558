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

import requests
import urllib3.exceptions
from requests.cookies import RequestsCookieJar, get_cookie_header

from messaging_assets.description.ways.origins import NoAddress
from messaging_assets.foundation.failures import MendDescription, TryAgainLater
from messaging_assets.foundation.redaction import plain_origin
from messaging_assets.http.judgement import is_renewed_by, judged
from messaging_assets.http.pacing import Pacing
from messaging_assets.http.trouble import (
    Trouble,
    broken_on_the_way,
    failure,
    in_doubt,
    seconds_before,
)
from messaging_assets.http.ways.plain_secrets import replace_cookie
from messaging_assets.http.wire.answer import Answer
from messaging_assets.http.wire.rate_limits import allowance
from messaging_assets.http.wire.redirects import loses_query, moved, redirect_of
from messaging_assets.http.wire.terms import Ignored, LedAway, Terms
from messaging_assets.http.wire.transport import OtherOrigin, Transport
from messaging_assets.http.wire.validators import Unchanged

_MOST_HOPS = 5
# Each time but the first, another thread had replaced meanwhile what this request was refused with.
_MOST_RENEWALS = 8
# Statuses that say that the API has too much to do.
_BUSY = frozenset({429, 503})
_ENDED = Trouble("was not asked, because the sync ended", "start it again", TryAgainLater, False, "ended", None, False)


@dataclass
class Exchange:
    """Sends prepared requests; safe to call from several threads.

    Args:
        transport: sends one request once, without redirects, and reads its body.
        pacing: the API's gate.
        closing: set when the sync ends early.
        renew: puts something better on a refused request, such as a new token; False where there is none. It is
            told whether it did so before.
        sign: signs a request that is about to leave.
    """

    transport: Transport
    pacing: Pacing
    closing: threading.Event = field(default_factory=threading.Event)
    renew: Callable[[requests.PreparedRequest, Answer, bool], bool] = lambda request, answer, again: False
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
            if terms.is_once and outcome.may_be_taken:
                outcome = in_doubt(outcome)
            if terms.is_look:
                raise Ignored("the answer was not needed", is_end=True)
            if not outcome.repeat or attempt > handler.max_retries or wait > handler.maximum_wait:
                asked = f"{request.method} {terms.shown(request.url)}"
                given_up = failure(outcome, terms.asset, asked, handler, attempt)
                given_up.label = outcome.label
                raise given_up
            terms.counts.retried(outcome.label)
            self._pause(wait, outcome, terms)
            attempt += 1
        return outcome

    def _attempt(self, request: requests.PreparedRequest, terms: Terms) -> Answer | Trouble:
        answer = self._send(request, terms)
        for renewals in range(_MOST_RENEWALS):
            if isinstance(answer, Trouble):
                break
            if answer.status_code != 401 and not is_renewed_by(answer, terms, self.transport.client):
                break
            if not self.renew(request, answer, renewals > 0):
                break
            answer.settle(is_good=True)
            terms.counts.retried(str(answer.status_code))
            answer = self._send(request, terms)
        if isinstance(answer, Trouble):
            return answer
        is_good = False
        try:
            outcome = judged(answer, terms, self.transport.client)
            is_good = isinstance(outcome, Answer)
        except (Ignored, Unchanged):
            is_good = True
            raise
        finally:
            answer.settle(is_good)
        return outcome

    def _send(self, request: requests.PreparedRequest, terms: Terms) -> Answer | Trouble:
        for _ in range(_MOST_HOPS):
            # Without what a signature adds.
            before = str(request.url)
            with self.pacing.place():
                terms.counts.waited(self.pacing.pass_through())
                if self.closing.is_set():
                    return _ENDED
                terms.counts.asked()
                self.sign(request)
                try:
                    answer = self._answered(request, terms)
                except OtherOrigin as other:
                    if terms.sent_on == "anywhere":
                        raise LedAway(str(request.url)) from None
                    return _stranger(request.url or "", str(other), request.method == "GET")
                except (requests.RequestException, urllib3.exceptions.HTTPError, UnicodeError, NoAddress) as error:
                    return broken_on_the_way(error, self.transport.client)
            terms.counts.received(answer.size)
            terms.counts.were_in_flight(self.pacing.level.mean, self.pacing.level.peak)
            target = redirect_of(answer)
            if target is None or terms.takes(answer):
                return answer
            answer.settle(is_good=True)
            try:
                request = moved(request, target, answer.status_code)
                if "set-cookie" in answer.headers:
                    _take_cookies(request, self.transport.jar_of(request))
            except (requests.RequestException, NoAddress, ValueError):
                return _nowhere(answer.status_code)
            if loses_query(before, target, str(request.url), answer.status_code, terms.sent_on == "anywhere"):
                return _without_query(answer.status_code)
        return Trouble(
            "redirects in a circle", "correct client.base_url or the path", MendDescription, False, "redirect"
        )

    def _answered(self, request: requests.PreparedRequest, terms: Terms) -> Answer:
        """Send a request once, and learn from its answer how many the API takes."""
        started, is_busy = time.monotonic(), True
        try:
            answer = self.transport(request, terms.takes_parts)
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


def _take_cookies(request: requests.PreparedRequest, jar: RequestsCookieJar) -> None:
    """Let a request that was sent on have the cookies that came meanwhile, beside those it has."""
    bare = request.copy()
    bare.headers.pop("Cookie", None)
    came = str(get_cookie_header(jar, bare) or "")  # type: ignore[no-untyped-call]
    for name, _, value in (one.partition("=") for one in came.split("; ") if one):
        replace_cookie(request, name, value)


def _stranger(target: str, or_allow: str, is_get: bool) -> Trouble:
    words = f"sends on to another origin ({plain_origin(target)}), where no secret may go"
    step = f"set client.base_url to the address the API is at now{or_allow}"
    if is_get:
        step += "; or write job: {} in the endpoint, if that is a file in a store, which is fetched without secrets"
    return Trouble(words, step, MendDescription, False, "redirect")


def _nowhere(status: int) -> Trouble:
    words = f"answered {status} and sends on to an address that cannot be asked"
    return Trouble(words, "set client.base_url to the address the API is at now", MendDescription, False, "redirect")


def _without_query(status: int) -> Trouble:
    words = f"answered {status} and sends on to an address without the parameters that it was asked with"
    step = "write base_url and path in the file as the API has them, with https, with or without a slash at their end"
    return Trouble(words, step, MendDescription, False, "redirect")
