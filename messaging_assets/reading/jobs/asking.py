"""The requests of a job: to begin it, to look at it, for its files, and to delete it.

The request that begins a job is kept from being sent twice: it is sent again only where it certainly did not arrive, or
where the API knows it again by a key. Files may lie in a store elsewhere, which gets no secret.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

import requests

from messaging_assets.description.endpoint import TABULAR, Endpoint, Format
from messaging_assets.description.jobs import Job
from messaging_assets.description.ways.origins import NoAddress, origin
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.foundation.identity import identity_of
from messaging_assets.foundation.redaction import plain_origin
from messaging_assets.http.session import ApiSession
from messaging_assets.http.wire.answer import Answer
from messaging_assets.http.wire.terms import Ignored, LedAway, Terms
from messaging_assets.reading.ending import Reading

# What an API answers that does not know a job, or its file, any more; a store refuses an address that has expired.
GONE = frozenset({404, 410})
_EXPIRED = frozenset({400, 401, 403})
_MOST_HOPS = 3
_OF_BODIES = frozenset({"content-type", "content-length"})


class Gone(Exception):
    """The API does not know the job, or its file, any more."""


class JobRequests:
    """Sends the requests of jobs.

    Args:
        session: sends them.
        base_url: the API's address.
    """

    def __init__(self, session: ApiSession, base_url: str) -> None:
        self.session, self.base_url = session, base_url
        self._headers: WeakKeyDictionary[Reading, Mapping[str, Any]] = WeakKeyDictionary()

    def digest_of(self, request: requests.Request, reading: Reading) -> str:
        """What tells the job of a list from others; it is asked about with the headers of the list from now on.

        Args:
            request: the one of the list, which begins its job.
            reading: the list.
        """
        headers = request.headers
        self._headers[reading] = {name: one for name, one in headers.items() if name.lower() not in _OF_BODIES}
        asked = (reading.asset, request.method, request.url, request.params, request.json, request.data)
        # Some APIs are told by a header whose rows they are to export, or where the job is looked at. Without any,
        # earlier versions knew jobs so.
        more = (one for one in (headers, getattr(request, "of_list", None)) if one)
        return identity_of((*asked, *more)).digest

    def begin(self, request: requests.Request, key: str, reading: Reading) -> Answer:
        """Begin a job.

        Args:
            request: the one of the list.
            key: by which the API knows the request again; empty where it takes none.
            reading: the list.
        """
        sent, name = copy(request), job_of(reading).idempotency_header
        sent.headers = {**request.headers, **({name: key} if name else {})}
        is_once = str(request.method).upper() == "POST" and not name
        # Functions are for answers with rows.
        actions = [one for one in reading.context.endpoint.response_actions if not callable(one)]
        may_be_file = asks_again(sent, job_of(reading))
        terms = _terms(reading, "", _control(reading, [*actions, *([_with_json] if may_be_file else [])]))
        is_file = may_be_file and is_its_file(job_of(reading))
        terms = replace(terms, shown=reading.context.shown, is_once=is_once, takes_parts=is_file)
        return self._asked_or_led(sent, reading, terms, may_be_file)

    def look(self, address: str, reading: Reading) -> Answer:
        """Look how far a job is.

        Raises:
            Gone: the API does not know it.
        """
        request = requests.Request("GET", address, headers=dict(self._headers[reading]))
        job = job_of(reading)
        # Where its status tells that it is done, the answer may be the file itself, of which nothing is wanted yet.
        actions = [one for one in reading.context.endpoint.response_actions if _says_no_rows(one)]
        terms = _terms(reading, "poll", _control(reading, [*actions, *([] if job.status_path else [_with_json])]), GONE)
        is_file = is_its_file(job)
        with _gone():
            return self._asked_or_led(request, reading, replace(terms, takes_parts=is_file), is_file)

    def _asked_or_led(self, request: requests.Request, reading: Reading, terms: Terms, may_be_file: bool) -> Answer:
        """The answer; an empty one where it leads to a file in a store elsewhere, which is asked for later."""
        if not may_be_file or job_of(reading).download is not None:
            return self.session.ask(request, reading, terms)
        try:
            return self.session.ask(request, reading, replace(terms, sent_on="anywhere"))
        except LedAway:
            led = Answer()
            led.fill(b"", 200)
            return led

    def delete(self, address: str, reading: Reading) -> None:
        """Delete a job, or what it made.

        Raises:
            Gone: the API does not know it.
        """
        endpoint = _control(reading)
        once = endpoint.error_handler.model_copy(update={"max_retries": 0})
        terms = _terms(reading, "delete", endpoint.model_copy(update={"error_handler": once}), GONE)
        with _gone():
            self.session.ask(requests.Request("DELETE", address), reading, terms)

    def file(self, address: str, reading: Reading) -> Answer:
        """A file of a job, from the API or from a store.

        Raises:
            Gone: it is not there, or its address holds no more.
        """
        endpoint = reading.context.endpoint
        if endpoint.format is not None and endpoint.format.type in TABULAR:
            # Lines of which there is none are an empty file, with or without a body.
            endpoint = endpoint.model_copy(update={"response_actions": [*endpoint.response_actions, _without_lines]})
        terms = replace(_terms(reading, "download", endpoint, GONE), sent_on="anywhere")
        for _ in range(_MOST_HOPS):
            try:
                with _gone():
                    answer = self._asked_for(address, reading, terms)
            except LedAway as away:
                address = away.url
                continue
            # Its address may let anybody in.
            answer.url = plain_origin(address)
            return answer
        words = "the job's file is said to be at one address after the other"
        raise MendDescription(words, "ask the vendor where it is", where=reading.asset)

    def page(self, address: str, asked: requests.Request, reading: Reading) -> Answer:
        """The first page of a job's download, where that is a list; whoever asks for others finds its address.

        Args:
            address: where the list is.
            asked: the request with what the paginator put there; changed.
            reading: the list.

        Raises:
            Gone: it is not there any more.
        """
        asked.url, asked.headers = address, dict(self._headers[reading])
        with _gone():
            return self.session.ask(asked, reading, replace(reading.terms, end_statuses=GONE))

    def _asked_for(self, address: str, reading: Reading, terms: Terms) -> Answer:
        base = origin(self.base_url)
        try:
            there = origin(address)
            if there[0] == "http" and self.session.preparation.is_ours(safe := f"https{address[4:]}"):
                # Behind a proxy that ends TLS, many an API writes its links as it is asked by the proxy.
                address = safe
        except NoAddress as error:
            words = f"the job's file is said to be at an address that {error}"
            raise MendDescription(words, "correct endpoint.job.download", where=reading.asset) from None
        if self.session.preparation.is_ours(address):
            request = requests.Request("GET", address, headers=dict(self._headers[reading]))
            return self.session.ask(request, reading, terms)
        if base[0] == "https" and there[0] != "https":
            words = f"the job's file is said to be at {plain_origin(address)}, which is not encrypted"
            raise MendDescription(words, "ask the vendor for an https address", where=reading.asset)
        return self.session.ask_elsewhere(address, replace(terms, end_statuses=GONE | _EXPIRED))


def asks_again(request: requests.Request, job: Job) -> bool:
    """Whether the request that begins a job is also the one that looks at it, whose status tells how far it is."""
    is_get = str(request.method).upper() == "GET" and not request.json and not request.data
    return is_get and job.poll is None and job.status_path is None


def is_its_file(job: Job) -> bool:
    """Whether the answer that says that a job is done is its file, of which nothing else is wanted."""
    return job.status_path is None and job.download is None and job.rows_total_path is None


def _says_no_rows(action: Any) -> bool:
    """Whether a response action means an answer that says inside, of a job too, that there are no rows."""
    return not callable(action) and action.action == "empty" and action.path is not None


def job_of(reading: Reading) -> Job:
    """What the file says of the jobs of a list."""
    job = reading.context.endpoint.job
    assert job is not None
    return job


@contextmanager
def _gone() -> Iterator[None]:
    try:
        yield
    except Ignored as ignored:
        if ignored.is_end:
            raise Gone from None
        raise


def _terms(reading: Reading, word: str, endpoint: Endpoint, ends: frozenset[int] = frozenset()) -> Terms:
    def shown(url: str | None) -> str:
        return f"{plain_origin(url)} (job.{word})"

    # Only a file is nothing but records.
    takes_parts = reading.terms.takes_parts and word == "download"
    return replace(reading.terms, endpoint=endpoint, end_statuses=ends, shown=shown, takes_parts=takes_parts)


def _control(reading: Reading, actions: Any = ()) -> Endpoint:
    """The endpoint as a job is asked about, which is not answered with rows."""
    changes = {
        "data_selector": "$",
        "format": Format(type="json"),
        "paginator": None,
        "job": None,
        "response_actions": [*(one for one in reading.terms.renewing if one not in actions), *actions, _with_body],
    }
    return reading.context.endpoint.model_copy(update=changes)


def _with_body(answer: Answer) -> Answer | None:
    """Some only say by their status and headers that they understood, which a list would not do."""
    if answer.content.strip() not in (b"", b"{}", b"[]", b"null"):
        return None
    answer.fill(b'{"": null}', 200 if answer.status_code == 204 else answer.status_code)
    return answer


def _without_lines(answer: Answer) -> Answer | None:
    if answer.status_code == 204:
        answer.fill(b"", 200)
    return answer


def _with_json(answer: Answer) -> Answer | None:
    try:
        json.loads(answer.content)
    except ValueError:
        answer.fill(b"", answer.status_code)
    return answer
