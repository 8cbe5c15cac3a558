"""The session that dlt's REST client sends with: one origin, secrets joined here, pages read ahead."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import requests
from dlt.sources.helpers.requests import Session
from requests.cookies import RequestsCookieJar

from messaging_assets.description.api import Client
from messaging_assets.description.endpoint import Format
from messaging_assets.description.ways.origins import NoAddress, Origin, origin
from messaging_assets.foundation.failures import MendDescription, SyncFailure
from messaging_assets.foundation.redaction import plain_address
from messaging_assets.http.authentication import renewed, signed
from messaging_assets.http.exchange import Exchange
from messaging_assets.http.pacing import Pacing
from messaging_assets.http.pages_ahead import ListId, PageId, PagesAhead
from messaging_assets.http.preparation import Preparation
from messaging_assets.http.ways.asked_secrets import Asking
from messaging_assets.http.ways.oauth_tokens import refused_client
from messaging_assets.http.wire.answer import Answer, for_next_part, keep_rest, refused_look
from messaging_assets.http.wire.body import ACCEPTED_ENCODINGS
from messaging_assets.http.wire.hosts import HostsTransport
from messaging_assets.http.wire.terms import AskedList, Counts, Ignored, Terms
from messaging_assets.http.wire.transport import Transport
from messaging_assets.seams.dlt_rest_client import IgnoreResponseException

_logger = logging.getLogger(__name__)
# How many requests at once an API took well when this process asked it last, by its origin.
_levels: dict[tuple[str, str, int], int] = {}

_JSON_ALONE: dict[str, Any] = {"response_actions": [], "error_in_body": None, "format": Format(type="json")}


@dataclass
class BegunList:
    """How far a list was read ahead before its turn.

    Args:
        number: of the context that it was read with; 0 where it was not.
        left: when it was left in the middle, because enough of it waits, on the clock that only goes forward; None
            where it was not, or where its pages are counted.
        goes_on: whether a page behind those that were read ahead was asked for in its turn.
    """

    number: int = 0
    left: float | None = None
    goes_on: bool = False


class ApiSession(Session):
    """Sends the requests of one sync.

    Every request carries the list it belongs to; a paginator puts it there. That says on what terms it is asked
    and which authentication it takes.

    Args:
        base_url: the API's address; no request goes elsewhere, but to `client.allowed_hosts`.
        client: time limits, pace and number of requests in flight.
        pace_file: the file of the API's pacing gate.
        beside: the pacing of another session, which this one shares.

    Attributes:
        pacing: when its requests leave.
        at_first_answer: called once, when the first answer is taken.
        begun: what was read ahead of a list before its turn.
    """

    def __init__(
        self, base_url: str, client: Client, pace_file: Path | None = None, beside: Pacing | None = None
    ) -> None:
        super().__init__(timeout=client.timeout.read, raise_for_status=False)
        # Without this requests would read .netrc; proxies and certificates are looked up below instead.
        self.trust_env = False
        self.headers["Accept-Encoding"] = ACCEPTED_ENCODINGS
        self.client = client
        self._closing = threading.Event()
        self._transports: list[Transport] = []
        self._elsewhere: dict[Origin, Transport] = {}
        transport = self._transport_to(base_url, "client.base_url", HostsTransport)
        self._origin = transport.origin
        self.pacing = _pacing(beside, self._closing, client, pace_file, self._origin)
        _warn_of_plain_http(base_url)
        self._exchange = Exchange(transport, self.pacing, self._closing)
        self.at_first_answer: Callable[[], None] = _nothing
        self.begun = BegunList()
        self.ahead = PagesAhead(client.max_in_flight)
        self.preparation = Preparation(base_url, {**self.headers, **client.headers}, self.cookies, client.allowed_hosts)

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """Check the origin, join the secrets, and send the pages ahead that the paginator named."""
        reading: AskedList = request.reading  # type: ignore[attr-defined]
        if (of_part := for_next_part(request)) is not None:
            return of_part
        prepared = self.ahead.take(page_id(request, reading))
        if prepared is None:
            prepared = self.preparation.prepared(request, reading)
        # Who read the list ahead had a reading of its own.
        prepared.reading, prepared.asked = reading, request  # type: ignore[attr-defined]
        if self.ahead.takes_pages(list_id(reading)):
            further, prepare = reading.ahead(request), self.preparation.prepared
            self.ahead.ask(((page_id(one, reading), partial(prepare, one, reading)) for one in further), self.answer)
        return prepared

    def merge_environment_settings(self, *arguments: Any, **settings: Any) -> Any:
        """Nothing: proxies and certificates are looked up once, and not for every page."""
        return {}

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Answer a prepared request, from the pages read ahead where it is among them."""
        if (part := request.__dict__.pop("part", None)) is not None:
            return part  # type: ignore[no-any-return]
        asked: requests.Request = request.__dict__.pop("asked")
        return keep_rest(asked, self.preparation.answered(request, asked, self._answer_for))

    def _answer_for(self, request: requests.PreparedRequest, asked: requests.Request, reading: AskedList) -> Answer:
        # Taken off, because an answer holds its request, and a circle would keep its body in memory.
        future: Future[Answer | None] | None = request.__dict__.pop("answer", None)
        try:
            if (jobs := reading.context.so_far.jobs) is not None and not jobs.has_pages(reading):
                return jobs.answer(asked, reading)
            answer = future.result() if future else None
            if answer is None:
                self.begun.goes_on |= bool(reading.context.so_far.begun_as and reading.page)
                answer = self.answer(request)
            tell, self.at_first_answer = self.at_first_answer, _nothing
            tell()
            # A list that was read ahead had cookies of its own until its turn.
            if request.__dict__.pop("jar", None) is not None:
                self.cookies.update(answer.cookies)
            return answer
        except Ignored as ignored:
            return _ended(reading, request, ignored)
        except SyncFailure as failure:
            # Sent ahead as a page of the list, before anybody knew that the list was over.
            if future and reading.terms.is_look:
                return refused_look(request)
            raise jobs.refused_page(reading, failure) if jobs else failure from failure.__cause__

    def close(self) -> None:
        """End every wait, drop what was asked ahead, and close the connections."""
        self._closing.set()
        self.ahead.close()
        _levels[self._origin] = max(self.pacing.level.now, 2)
        for transport in self._transports:
            transport.close()
        self.pacing.close()
        super().close()

    def token_exchange(self, credentials: Asking, terms: Terms) -> None:
        """Let OAuth2 tokens be asked for through this session's connections, limits and retries."""
        transport = self._transport_to(credentials.token_url, "token_url")
        credentials.exchange = Exchange(transport, self.pacing, self._closing)
        # What the file says of errors, formats and ends of the list is not said of the token server.
        endpoint = terms.endpoint.model_copy(update=_JSON_ALONE)
        credentials.terms = Terms(terms.asset, endpoint, terms.counts, explain=refused_client)

    def _transport_to(self, url: str, name: str, kind: type[Transport] = Transport, jar: Any = None) -> Transport:
        """A door to one server alone; what is meant for the API does not fit through the token server's."""
        try:
            transport = kind(url, self.client, self.cookies if jar is None else jar, self._closing)
        except NoAddress as error:
            raise MendDescription(f"{name} {error}; correct it in the file or the environment.") from None
        self._transports.append(transport)
        return transport

    def answer(self, prepared: requests.PreparedRequest, counts: Counts | None = None) -> Answer:
        """Send a prepared request until it is answered.

        Args:
            prepared: the request.
            counts: where it is counted, if not where its reading counts.
        """
        reading: AskedList = prepared.reading  # type: ignore[attr-defined]
        terms = reading.terms if counts is None else replace(reading.terms, counts=counts)
        return self._with_secrets(reading).answer(prepared, terms)

    def _with_secrets(self, reading: AskedList) -> Exchange:
        exchange, auth = self._exchange, reading.auth
        if auth is None:
            return exchange
        return Exchange(exchange.transport, self.pacing, self._closing, partial(renewed, auth), partial(signed, auth))

    def ask(self, request: requests.Request, reading: AskedList, terms: Terms) -> Answer:
        """Send a request for a list on other terms than those of its pages, such as one about its job."""
        return self._with_secrets(reading).answer(self.preparation.prepared(request, reading), terms)

    def ask_elsewhere(self, url: str, terms: Terms) -> Answer:
        """Ask another server for what lies there, such as a store of files: no secret and no cookie goes there."""
        there = origin(url)
        if there not in self._elsewhere:
            self._elsewhere[there] = self._transport_to(url, "the address of a file", jar=RequestsCookieJar())
        sent = {name: self.headers[name] for name in ("User-Agent", "Accept-Encoding") if name in self.headers}
        return Exchange(self._elsewhere[there], self.pacing, self._closing).answer(
            requests.Request("GET", url, headers=sent).prepare(), terms
        )

    def pause(self, seconds: float) -> None:
        """Wait, unless the sync ends early."""
        self._closing.wait(seconds)


def _pacing(
    beside: Pacing | None, closing: threading.Event, client: Client, pace_file: Path | None, of: Origin
) -> Pacing:
    if beside is not None:
        return beside.beside(closing)
    return Pacing(pace_file, client.requests_per_second, closing, client.max_in_flight, _levels.get(of, 2))


class ListSession:
    """What dlt's REST client sends with while a list is read ahead of its turn.

    Args:
        session: sends, and keeps the answers for whoever reads the list in its turn.
        of: the list.
        counts: where its requests are counted.
        again: makes the answer once more, for a reader that changes what it gets.
    """

    # dlt warns of a session that raises for statuses.
    raise_for_status = False

    def __init__(self, session: ApiSession, of: ListId, counts: Counts, again: Callable[[Answer], Answer]) -> None:
        self._session, self._of, self._counts, self._again = session, of, counts, again
        # An API may keep in a cookie where the list stands, and lists beside each other stand at different places.
        self._jar = session.cookies.copy()

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """See requests.Session."""
        prepared = self._session.preparation.prepared(request, request.reading, self._jar)  # type: ignore[attr-defined]
        prepared.page = _page_of(self._of, request)  # type: ignore[attr-defined]
        return prepared

    def merge_environment_settings(self, *arguments: Any, **settings: Any) -> Any:
        """See ApiSession."""
        return {}

    def send(self, prepared: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Answer a request, whose answer then waits.

        Raises:
            Enough: nobody needs it yet, or any more.
        """
        answer = partial(self._session.answer, counts=self._counts)
        try:
            return self._again(self._session.ahead.page_of_list(prepared.page, prepared, answer))  # type: ignore[attr-defined]
        except Ignored:
            raise IgnoreResponseException from None


def _ended(reading: AskedList, request: requests.PreparedRequest, end: Ignored) -> Answer:
    """Tell dlt that an answer ended the list, and note how; what stands for one that was only to be looked at."""
    if reading.terms.is_look:
        return refused_look(request)
    reading.left_by("end" if end.is_end else end.action, end.how)
    raise IgnoreResponseException from None


def _nothing() -> None:
    pass


def _warn_of_plain_http(url: str) -> None:
    """Say once per sync that everybody on the way can read the secrets; a loopback address has no way."""
    scheme, host, _ = origin(url)
    if scheme == "http" and not (host == "localhost" or host.startswith("127.") or host == "::1"):
        _logger.warning("%s is plain http, so secrets and rows travel readable; use https", plain_address(url))


def list_id(reading: AskedList) -> ListId:
    """What tells the list of a reading from all others of a session."""
    return ListId(reading.context.number, reading.name)


def page_id(request: requests.Request, reading: AskedList) -> PageId:
    """What tells the page that a request is for from all others of a session."""
    return _page_of(list_id(reading), request)


def _page_of(of: ListId, request: requests.Request) -> PageId:
    return PageId(of, str(request.url), repr((request.params, request.json, request.data)))
