"""One request until it is answered: attempts, waits and what each status means.

Which layer repeats what: this module repeats one request, `max_retries` times after the first try, for the
statuses the file lists and for everything that broke on the way (connection, timeout, cut-off body). Dagster's
RetryPolicy repeats the whole sync of one resource, and only for failures that a later try can mend.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Protocol
from urllib.parse import urljoin

import requests
import urllib3.exceptions

from messaging_assets.api_description import Endpoint, ErrorHandler, Timeout
from messaging_assets.failures import CheckCredentials, MendDescription, SyncFailure, TryAgainLater
from messaging_assets.http.answer import Answer, Unreadable, parse
from messaging_assets.http.pacing import Pacing
from messaging_assets.http.redaction import origin, plain_address

# Nobody's mistake and worth a later try, though the file did not ask to repeat the request itself.
_PASSING = {408, 409, 423, 425, 429, *range(500, 600)}
_MOST_HOPS = 5


class Ignored(Exception):
    """This request's answer ends the list: a declared end of the pages, or a response action `ignore`."""

    def __init__(self, how: str) -> None:
        super().__init__(how)
        self.how = how


class Counts(Protocol):
    """What an exchange tells the receipt; called from worker threads too."""

    def asked(self) -> None: ...
    def retried(self, reason: str) -> None: ...
    def waited(self, seconds: float) -> None: ...
    def received(self, number_of_bytes: int) -> None: ...


@dataclass(frozen=True)
class Terms:
    """What the file agreed with the API for this request."""

    asset: str
    endpoint: Endpoint
    counts: Counts
    end_statuses: frozenset[int] = frozenset()
    explain: Callable[[Answer], str | None] = lambda answer: None


@dataclass(frozen=True)
class Trouble:
    """Why an attempt gave no usable answer."""

    words: str
    next_step: str
    kind: type[SyncFailure]
    repeat: bool
    label: str
    asked_seconds: float | None = None


@dataclass
class Exchange:
    """Sends prepared requests; safe to call from several threads.

    Args:
        transport: sends one request once, without redirects, and streams its body.
        timeout: connect, read and overall limits in seconds.
        pacing: the API's gate.
        closing: set when the sync ends early.
        renew: gets a new token after a 401 and puts it on the request; False where there is none to get.
    """

    transport: Callable[..., requests.Response]
    timeout: Timeout
    pacing: Pacing
    closing: threading.Event
    renew: Callable[[requests.PreparedRequest], bool] = lambda request: False

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
        for attempt in range(handler.max_retries + 1):
            outcome = self._attempt(request, terms)
            if isinstance(outcome, Answer):
                return outcome
            wait = _wait_before(attempt + 1, outcome, handler)
            if not outcome.repeat or attempt == handler.max_retries or wait > handler.maximum_wait:
                break
            terms.counts.retried(outcome.label)
            self._pause(wait, outcome, terms)
        raise _failure(outcome, request, terms, attempt + 1)

    def _attempt(self, request: requests.PreparedRequest, terms: Terms) -> Answer | Trouble:
        answer = self._send(request, terms)
        if isinstance(answer, Answer) and answer.status_code == 401 and self.renew(request):
            terms.counts.retried("401")
            answer = self._send(request, terms)
        if isinstance(answer, Trouble):
            return answer
        ended = _end_of_list(answer, terms)
        if ended:
            raise Ignored(ended)
        if answer.status_code >= 300:
            return _trouble_with_status(answer, terms)
        return _read_body(answer, terms)

    def _send(self, request: requests.PreparedRequest, terms: Terms) -> Answer | Trouble:
        for _ in range(_MOST_HOPS):
            terms.counts.waited(self.pacing.pass_through())
            if self.closing.is_set():
                return Trouble("the sync was stopped", "start it again", TryAgainLater, False, "stopped")
            terms.counts.asked()
            answer = self._send_once(request)
            if isinstance(answer, Trouble):
                return answer
            terms.counts.received(len(answer.content))
            target = _redirect_of(answer)
            if target is None:
                return answer
            if origin(target) != origin(request.url or ""):
                return _stranger(target)
            request = _moved(request, target, answer.status_code)
        return Trouble(
            "redirects in a circle", "correct client.base_url or the path", MendDescription, False, "redirect"
        )

    def _send_once(self, request: requests.PreparedRequest) -> Answer | Trouble:
        deadline = time.monotonic() + self.timeout.total
        try:
            with self.transport(request, timeout=(self.timeout.connect, self.timeout.read)) as response:
                return _whole(response, deadline)
        except (requests.RequestException, urllib3.exceptions.HTTPError, UnicodeError) as error:
            return _trouble_on_the_way(error)

    def _pause(self, seconds: float, trouble: Trouble, terms: Terms) -> None:
        if trouble.asked_seconds is not None:
            self.pacing.hold(seconds)
            return
        terms.counts.waited(seconds)
        self.closing.wait(seconds)


def _whole(response: requests.Response, deadline: float) -> Answer:
    """The response with its whole body, read as it comes so that a dripping body meets the deadline."""
    chunks = []
    while chunk := response.raw.read1(decode_content=True):
        chunks.append(chunk)
        if time.monotonic() > deadline:
            raise requests.Timeout("the answer took longer than timeout.total")
    answer = Answer()
    answer.__dict__.update(response.__dict__)
    answer.raw, answer._content = None, b"".join(chunks)
    return answer


def _read_body(answer: Answer, terms: Terms) -> Answer | Trouble:
    for action in terms.endpoint.response_actions:
        own = action if callable(action) else action.action if callable(action.action) else None
        if own and (callable(action) or _meets(action, answer)):
            answer = own(answer) or answer
    try:
        answer.parsed = parse(answer.content, requests.utils.get_encoding_from_headers(answer.headers))
    except Unreadable as unreadable:
        words = f"answered {answer.status_code} with {unreadable}"
        return Trouble(
            words, "ask the vendor what the endpoint sends", TryAgainLater, True, "unreadable body"
        )
    return _error_inside(answer, terms) or answer


def _error_inside(answer: Answer, terms: Terms) -> Trouble | None:
    declared = terms.endpoint.error_in_body
    if declared is None:
        return None
    from dlt.common import jsonpath

    found = jsonpath.find_values(declared.path, answer.parsed)
    if not any(value not in (None, False, "", [], {}) for value in found):
        return None
    kind = TryAgainLater if declared.retry else MendDescription
    words = f"answered {answer.status_code} with an error at '{declared.path}'"
    return Trouble(words, "look the error up with the vendor", kind, declared.retry, "error in body")


def _end_of_list(answer: Answer, terms: Terms) -> str | None:
    if answer.status_code in terms.end_statuses:
        return f"status {answer.status_code} past the last page"
    for action in terms.endpoint.response_actions:
        if not callable(action) and action.action == "ignore" and _meets(action, answer):
            return f"status {answer.status_code}, which response_actions ignore"
    return None


def _meets(action: Any, answer: Answer) -> bool:
    if action.status_code is not None and int(action.status_code) != answer.status_code:
        return False
    return action.content is None or action.content in answer.text


def _trouble_with_status(answer: Answer, terms: Terms) -> Trouble:
    status = answer.status_code
    repeat = status in terms.endpoint.error_handler.retry_on_status_codes
    words, asked = f"answered {status}", _asked_to_wait(answer)
    if code := terms.explain(answer):
        step = "check the client's id, secret and scopes"
        return Trouble(f"refused the client ({code})", step, CheckCredentials, False, str(status))
    if status in (401, 403):
        step = "check the API's secrets and what they may read"
        return Trouble(words, step, CheckCredentials, repeat, str(status), asked)
    if status in _PASSING:
        step = (
            "start the sync again later"
            if status != 429
            else "set client.requests_per_second to the API's budget"
        )
        return Trouble(words, step, TryAgainLater, repeat, str(status), asked)
    step = "compare path, params and paginator in the file with the API's documentation"
    return Trouble(words, step, MendDescription, repeat, str(status), asked)


def _trouble_on_the_way(error: Exception) -> Trouble:
    if isinstance(error, requests.exceptions.SSLError):
        step = "name the authority's certificate in client.ca_file"
        return Trouble("has a certificate that is not trusted", step, MendDescription, False, "certificate")
    if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, UnicodeError)):
        step = "correct client.base_url and the path"
        return Trouble("has an address that cannot be asked", step, MendDescription, False, "address")
    words, label = "could not be reached", "connection"
    if isinstance(error, (requests.Timeout, urllib3.exceptions.TimeoutError)):
        words, label = "did not answer in time", "timeout"
    elif isinstance(error, (requests.exceptions.ContentDecodingError, urllib3.exceptions.DecodeError)):
        words, label = "sent a body that cannot be decompressed", "broken body"
    elif isinstance(error, (requests.exceptions.ChunkedEncodingError, urllib3.exceptions.ProtocolError)):
        words, label = "sent a body that was cut off", "cut off"
    return Trouble(words, "see whether the API is up and start the sync again", TryAgainLater, True, label)


def _stranger(target: str) -> Trouble:
    words = f"sends on to another origin ({plain_address(target)}), where no secret may go"
    return Trouble(
        words, "set client.base_url to the address the API is at now", MendDescription, False, "redirect"
    )


def _redirect_of(answer: Answer) -> str | None:
    if answer.status_code in (301, 302, 303, 307, 308) and "location" in answer.headers:
        return urljoin(answer.url, answer.headers["location"])
    return None


def _moved(request: requests.PreparedRequest, target: str, status: int) -> requests.PreparedRequest:
    moved = request.copy()
    moved.url = target
    if status == 303:
        moved.method, moved.body = "GET", None
    return moved


def _asked_to_wait(answer: Answer) -> float | None:
    """Seconds the API asks for: Retry-After (RFC 9110, section 10.2.3) or a rate-limit reset header."""
    after = answer.headers.get("Retry-After", "").strip()
    seconds = _seconds(after)
    if seconds is None and after:
        try:
            seconds = parsedate_to_datetime(after).timestamp() - time.time()
        except (TypeError, ValueError):
            seconds = None
    if seconds is None or seconds <= 0:
        for name in ("RateLimit-Reset", "X-RateLimit-Reset", "X-Rate-Limit-Reset"):
            reset = _seconds(answer.headers.get(name, ""))
            if reset is not None:
                # Some APIs give a delay, others a moment in epoch seconds, some of them in milliseconds.
                reset = reset / 1000 if reset > 1e11 else reset
                seconds = reset - time.time() if reset > 1e9 else reset
                break
    return seconds if seconds is not None and seconds > 0 else None


def _seconds(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if value == value and abs(value) != float("inf") else None


def _wait_before(retry: int, trouble: Trouble, handler: ErrorHandler) -> float:
    """Seconds before this retry: what the API asked for, else exponential with a quarter of jitter."""
    if trouble.asked_seconds is not None:
        return trouble.asked_seconds
    # Jitter keeps several steps that failed together from coming back together.
    backoff = handler.backoff_factor * 2 ** (retry - 1) * random.uniform(0.75, 1.25)
    return min(backoff, handler.maximum_wait)


def _failure(trouble: Trouble, request: requests.PreparedRequest, terms: Terms, attempts: int) -> SyncFailure:
    times = "" if attempts == 1 else f" {attempts} times"
    where = f"{terms.asset}: {request.method} {plain_address(request.url)}"
    asked, limit = trouble.asked_seconds, terms.endpoint.error_handler.maximum_wait
    if asked is not None and asked > limit:
        words = (
            f"{where} {trouble.words} and asks to wait {asked:.0f} s, more than maximum_wait ({limit:.0f} s)"
        )
        return TryAgainLater(f"{words}; run it again after that, or raise error_handler.maximum_wait.", asked)
    return trouble.kind(f"{where} {trouble.words}{times}; {trouble.next_step}.")
