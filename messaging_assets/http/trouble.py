"""What it means when a request was not answered well: whether to repeat it, when, and what a person should do."""

from __future__ import annotations

import http.client
import random
import re
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Any

import requests
import urllib3.exceptions

from messaging_assets.answers.formats.archives import TooFar
from messaging_assets.description.api import Client, Endpoint, ErrorHandler
from messaging_assets.description.ways.origins import NoAddress
from messaging_assets.foundation.failures import CheckCredentials, MendDescription, SyncFailure, TryAgainLater
from messaging_assets.foundation.redaction import redacted
from messaging_assets.http.refusals import what_to_declare
from messaging_assets.http.wire.answer import Answer
from messaging_assets.http.wire.body import StrangeEncoding, TooLarge
from messaging_assets.http.wire.connections import TooManyInterim
from messaging_assets.http.wire.deadline import TookTooLong
from messaging_assets.http.wire.header_lines import StrangeTransfer, UnreadableHeaders
from messaging_assets.http.wire.rate_limits import asked_to_wait
from messaging_assets.http.wire.spool import NoRoom
from messaging_assets.seams.foreign_words import is_no_tls, is_too_many_headers

# Nobody's mistake and worth a later try, though the file did not ask to repeat the request itself.
_PASSING = {408, 409, 420, 423, 425, 429, *range(500, 600)}
# Seconds; what is signed is good for minutes at most.
_CLOCKS_DIFFER = 300
_HOST = ("could not be reached by the name of its host", "correct client.base_url, or see to DNS, and try again")
_PROXY = (
    "could not be reached through the proxy that the environment names (HTTP_PROXY, HTTPS_PROXY)",
    "see whether the proxy lets this machine through, or name the API's host in NO_PROXY, and try again",
)
_NOT_REACHED = {urllib3.exceptions.ProxyError: _PROXY, urllib3.exceptions.NameResolutionError: _HOST}
# What a challenge of an API is called in a file.
_WAYS = {"basic": "http_basic", "bearer": "bearer", "digest": "http_digest"}


@dataclass(frozen=True)
class Trouble:
    """Why an attempt gave no usable answer.

    Args:
        words: what happened, to follow the request's address.
        next_step: what a person should do.
        kind: the failure it becomes when it stays.
        repeat: whether the request may be repeated.
        label: its name among the receipt's retries.
        asked_seconds: how long the API asked to be left alone, where it said so.
        may_be_taken: whether the API may have done what it was asked for all the same.
    """

    words: str
    next_step: str
    kind: type[SyncFailure]
    repeat: bool
    label: str
    asked_seconds: float | None = None
    may_be_taken: bool = True


def in_doubt(trouble: Trouble) -> Trouble:
    """What it means that nobody knows whether a request was taken which must not be taken twice."""
    return replace(
        trouble,
        words=f"{trouble.words}, so it is not known whether the job was begun, and it was not asked for again",
        next_step="look with the vendor whether it is there, then run it again; where the API knows a repeated request "
        "by a key, name the header in job.idempotency_header",
        kind=MendDescription,
        repeat=False,
    )


def refused(
    answer: Answer,
    repeat: bool,
    page: int,
    refused_client: str | None,
    secrets: Sequence[str] = (),
    endpoint: Endpoint | None = None,
) -> Trouble:
    """What an error status means.

    Args:
        answer: the answer, its status 300 or more.
        repeat: whether the file lists the status.
        page: the page that was asked for.
        refused_client: the error code of a token server that refuses the client.
        secrets: the variables of the secrets that the request carried.
        endpoint: what was asked, where that is a list.
    """
    status, asked = answer.status_code, asked_to_wait(answer)
    if refused_client:
        usual = ("_CLIENT_ID", "_CLIENT_SECRET", "_REFRESH_TOKEN")
        is_usual = all(one.endswith(usual) for one in secrets)
        who = "the client's id, secret" if is_usual else ", ".join(secrets)
        step = f"check {who} and scopes"
        return Trouble(f"refused the client ({refused_client})", step, CheckCredentials, False, str(status))
    if status in (401, 403) and not (asked is not None and status == 403):
        kind: type[SyncFailure] = CheckCredentials
        step = f"check {' and '.join(secrets)} and what may be read with it"
        step = step if secrets else "describe under auth the secret that the API wants"
        step += _other_way(answer)
    elif status in _PASSING or status == 403:
        kind, step = TryAgainLater, "try again later"
        if status in (403, 420, 429):
            step = "set client.requests_per_second to the API's budget"
    else:
        kind, step = MendDescription, what_to_declare(endpoint, status, page, "%2F" in str(answer.url).upper())
    may_be_taken = status >= 500 and status != 503
    return Trouble(f"answered {status}", step, kind, repeat, str(status), asked, may_be_taken)


def _other_way(answer: Answer) -> str:
    """What a 401 asks for in the place of what was sent (RFC 9110, section 11.6.1), as a clause; else empty."""
    asked = re.findall(r"(?:^|,)\s*(basic|bearer|digest)\b", answer.headers.get("WWW-Authenticate", ""), re.IGNORECASE)
    request = getattr(answer, "request", None)
    sent = str(request.headers.get("Authorization", "")).partition(" ")[0].lower() if request is not None else ""
    if not asked or sent in [way.lower() for way in asked]:
        return ""
    return f"; if it wants what its WWW-Authenticate names, write auth: {_WAYS[asked[0].lower()]}"


def about_clock(trouble: Trouble, answer: Answer) -> Trouble:
    """A refusal of something signed, with a word on this machine's clock where the API's differs by minutes.

    Args:
        trouble: what the refusal means else.
        answer: the answer, whose Date says what time it is there (RFC 9110, section 6.6.1).
    """
    try:
        ahead = time.time() - parsedate_to_datetime(answer.headers.get("Date", "")).timestamp()
    except (TypeError, ValueError, OverflowError):
        return trouble
    if trouble.kind is not CheckCredentials or abs(ahead) <= _CLOCKS_DIFFER:
        return trouble
    side = "ahead of" if ahead > 0 else "behind"
    words = f"{trouble.words}, and this machine's clock is {abs(ahead) / 60:.0f} minutes {side} the API's"
    return replace(trouble, words=words, next_step=f"set this machine's clock, then {trouble.next_step}")


def broken_on_the_way(error: Exception, client: Client) -> Trouble:
    """What an error of the connection means.

    Args:
        error: what was raised.
        client: its limits, by which the request may have ended.
    """
    if isinstance(error, requests.exceptions.SSLError):
        return _tls(error)
    if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, UnicodeError, NoAddress)):
        step = "correct client.base_url and the path"
        return Trouble("has an address that cannot be asked", step, MendDescription, False, "address")
    if (beyond := _beyond_limits(error, client)) is not None:
        return beyond
    if (other := _no_http(error)) is not None:
        return other
    words, label = "could not be reached", "connection"
    if isinstance(error, (requests.Timeout, urllib3.exceptions.TimeoutError)):
        words, label = "did not answer in time", "timeout"
    elif isinstance(error, (requests.exceptions.ContentDecodingError, urllib3.exceptions.DecodeError)):
        words, label = "sent a body that cannot be decompressed", "broken body"
    elif isinstance(error, (requests.exceptions.ChunkedEncodingError, urllib3.exceptions.ProtocolError)):
        words, label = "sent a body that was cut off", "cut off"
    elif _is_caused_by(error, http.client.RemoteDisconnected) or _is_caused_by(error, ConnectionError):
        # The errors of a connection that was made; one that could not be made is another class of urllib3's.
        is_made = not _is_caused_by(error, urllib3.exceptions.NewConnectionError)
        words = "closed the connection before it answered" if is_made else words
    step = "see whether the API is up at this address and try again"
    words, step = next((told for kind, told in _NOT_REACHED.items() if _is_caused_by(error, kind)), (words, step))
    did_not_arrive = isinstance(error, requests.ConnectTimeout) or _is_caused_by(
        error, (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError)
    )
    return Trouble(words, step, TryAgainLater, True, label, may_be_taken=not did_not_arrive)


def _no_http(error: Exception) -> Trouble | None:
    """An answer that came and is none that HTTP knows; None where it is another trouble."""
    vendor = "ask the vendor, or see whether a proxy changes its answers"
    if _is_caused_by(error, StrangeTransfer):
        step = f"{vendor}; chunked is the only transfer coding that is asked for"
        return Trouble("sent a body in a transfer coding that nobody asked for", step, TryAgainLater, True, "body")
    if _is_caused_by(error, UnreadableHeaders) or isinstance(error, requests.exceptions.InvalidHeader):
        return Trouble("sent headers that cannot be read", vendor, TryAgainLater, True, "headers")
    if _is_caused_by(error, TooManyInterim):
        return Trouble("sent interim answers (1xx) without end", vendor, TryAgainLater, True, "interim answers")
    is_gone = _is_caused_by(error, http.client.RemoteDisconnected)
    if not is_gone and _is_caused_by(error, (http.client.BadStatusLine, http.client.UnknownProtocol)):
        step = "see whether scheme and port of client.base_url are right, and try again"
        return Trouble("answered with something that is no HTTP/1.1", step, TryAgainLater, True, "no HTTP")
    return None


def _tls(error: requests.exceptions.SSLError) -> Trouble:
    if not _is_caused_by(error, ssl.SSLError) or _is_caused_by(error, ssl.SSLCertVerificationError):
        step = "name the authority's certificate in client.ca_file"
        return Trouble("has a certificate that is not trusted", step, MendDescription, False, "certificate")
    plain = "write the port that speaks TLS, or http:// where the API has none"
    if _is_caused_by(error, ssl.SSLError, is_no_tls):
        return Trouble("answered without TLS, though its address says https", plain, MendDescription, False, "TLS")
    if _is_caused_by(error, ssl.SSLEOFError):
        step = f"see whether this port speaks TLS at all ({plain}), and try again"
        return Trouble("closed the connection in the TLS handshake", step, TryAgainLater, True, "TLS")
    step = "see whether https is right for this address and port, and try again"
    return Trouble("ended the TLS handshake", step, TryAgainLater, True, "TLS")


def _beyond_limits(error: Exception, client: Client) -> Trouble | None:
    """An answer that is larger, slower or otherwise encoded than anybody allows; None where it is another trouble."""
    if isinstance(error, (TooLarge, TooFar)):
        words = f"sent more than {client.maximum_bytes:,} bytes"
        step = "ask for smaller pages, or raise client.maximum_bytes"
        return Trouble(words, step, MendDescription, False, "too large")
    if isinstance(error, NoRoom):
        step = "free some space there, or let TMPDIR name another folder, and run it again"
        return Trouble(f"sent a long answer, for which {error}", step, TryAgainLater, False, "disk")
    if isinstance(error, StrangeEncoding):
        words = "sent a body in a content encoding that nobody asked for"
        return Trouble(words, error.next_step, MendDescription, False, "body")
    if isinstance(error, TookTooLong):
        limit = f"client.timeout.total ({client.timeout.total:g} s)"
        step = f"see whether the API is up at this address, or raise {limit}, and try again"
        return Trouble("did not answer in time", step, TryAgainLater, True, "timeout")
    if _is_caused_by(error, http.client.LineTooLong) or is_too_many_headers(error):
        step = "ask the vendor for answers with fewer and shorter headers, or see whether a proxy adds them"
        return Trouble("sent headers that are too large to be read", step, TryAgainLater, True, "headers")
    return None


def _is_caused_by(
    error: BaseException | None,
    kind: type[BaseException] | tuple[type[BaseException], ...],
    of: Callable[[Any], bool] = lambda one: True,
) -> bool:
    """Whether an error is of a kind, or was made of one; the libraries put errors into the arguments of others."""
    parts = [error, error.__cause__, error.__context__, *error.args] if error else []
    return any(isinstance(part, kind) and of(part) for part in parts) or any(
        _is_caused_by(part, kind, of) for part in parts[1:] if isinstance(part, BaseException)
    )


def seconds_before(retry: int, trouble: Trouble, handler: ErrorHandler) -> float:
    """Seconds before this retry: what the API asked for, else exponential with a quarter of jitter."""
    if trouble.asked_seconds is not None:
        return trouble.asked_seconds
    # Jitter keeps several steps that failed together from coming back together.
    backoff = handler.backoff_factor * 2.0 ** (retry - 1) * random.uniform(0.75, 1.25)
    return min(backoff, handler.maximum_wait)


def failure(trouble: Trouble, asset: str, request: str, handler: ErrorHandler, attempts: int) -> SyncFailure:
    """The failure of a request that is given up, in one sentence.

    Args:
        trouble: what happened last.
        asset: the asset's name.
        request: method and address without secrets.
        handler: the file's error_handler.
        attempts: how often the request was tried.
    """
    asked, limit = trouble.asked_seconds, handler.maximum_wait
    if asked is not None and asked > limit and issubclass(trouble.kind, TryAgainLater):
        words = f"{trouble.words} and asks to wait {asked:.0f} s, more than maximum_wait ({limit:g} s)"
        step = "run it again after that, or raise error_handler.maximum_wait"
        busy = TryAgainLater(redacted(f"{request} {words}"), step, where=asset)
        busy.wait_seconds, busy.retryable = asked, False  # a step is tried again within seconds
        return busy
    times = "" if attempts == 1 else f" {attempts} times"
    return trouble.kind(redacted(f"{request} {trouble.words}{times}"), redacted(trouble.next_step), where=asset)
