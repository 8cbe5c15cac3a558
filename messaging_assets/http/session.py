"""The session that dlt's REST client sends with: one origin, secrets joined here, pages read ahead."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
from dlt.sources.helpers.requests import Session
from requests.structures import CaseInsensitiveDict

from messaging_assets.description.api import Client
from messaging_assets.description.endpoint import Format
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.foundation.redaction import plain_address, plain_origin
from messaging_assets.http.asked_secrets import Asking
from messaging_assets.http.authentication import asking_part
from messaging_assets.http.exchange import Exchange, Ignored, Terms
from messaging_assets.http.oauth_tokens import refused_client
from messaging_assets.http.pacing import Pacing
from messaging_assets.http.wire.answer import Answer
from messaging_assets.http.wire.body import ACCEPTED_ENCODINGS
from messaging_assets.http.wire.origins import NoAddress, origin
from messaging_assets.http.wire.transport import Transport
from messaging_assets.seams.dlt_rest_client import IgnoreResponseException

if TYPE_CHECKING:
    from messaging_assets.reading.one_list import Reading

_logger = logging.getLogger(__name__)


class ApiSession(Session):
    """Sends the requests of one sync.

    Every request carries the `Reading` it belongs to (a paginator puts it there), which says on what terms it
    is asked and which authentication it takes.

    Args:
        base_url: the API's address; no request goes to another origin.
        client: time limits, pace and number of requests in flight.
        pace_file: the file of the API's pacing gate.
    """

    def __init__(self, base_url: str, client: Client, pace_file: Path | None = None) -> None:
        super().__init__(timeout=client.timeout.read, raise_for_status=False)
        # Without this requests would read .netrc; proxies and certificates are looked up below instead.
        self.trust_env = False
        self.headers["Accept-Encoding"] = ACCEPTED_ENCODINGS
        self._base_url, self._client = base_url, client
        self._closing = threading.Event()
        self._transports: list[Transport] = []
        pacing = Pacing(pace_file, client.requests_per_second, self._closing)
        transport = self._transport_to(base_url, "client.base_url")
        self._origin = transport.origin
        _warn_of_plain_http(base_url)
        self._exchange = Exchange(transport, pacing, self._closing)
        self._pool = ThreadPoolExecutor(client.max_in_flight, thread_name_prefix="pages")
        # By the list, because lists that are read side by side may differ in a header or the body alone.
        self._ahead: dict[tuple[Reading, str, str], requests.PreparedRequest] = {}
        self._preparing = threading.Lock()
        # The session's headers together with those of the request before.
        self._headers: dict[tuple[tuple[str, Any], ...], dict[str, Any]] = {}
        # The largest body of the list so far, the page that came ahead and may be its end, and the page in hand.
        self._usual = 0
        self._small: requests.PreparedRequest | None = None
        self._current: requests.PreparedRequest | None = None

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """Check the origin, join the secrets, and send the pages ahead that the paginator named."""
        reading: Reading = request.reading  # type: ignore[attr-defined]
        with self._preparing:
            if self._small is self._current:
                # The list goes on behind it.
                self._small = None
            prepared = self._current = self._ahead.pop(_identity(request, reading), None)
            if prepared is None:
                self._forget_pages_ahead(reading)
                prepared = self._prepared(request, reading)
            for further in reading.ahead(request):
                if (identity := _identity(further, reading)) not in self._ahead:
                    ahead = self._prepared(further, reading)
                    ahead.answer = self._pool.submit(self._answer_ahead, ahead, reading)  # type: ignore[attr-defined]
                    self._ahead[identity] = ahead
        return prepared

    def merge_environment_settings(self, *arguments: Any, **settings: Any) -> Any:
        """Nothing: proxies and certificates are looked up once, and not for every page."""
        return {}

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Answer a prepared request, from the pages read ahead where it is among them."""
        reading: Reading = request.reading  # type: ignore[attr-defined]
        # Taken off, because an answer holds its request, and a circle would keep its body in memory.
        future: Future[Answer | None] | None = request.__dict__.pop("answer", None)
        try:
            answer = future.result() if future else None
            return self._answer(request, reading) if answer is None else answer
        except Ignored as ignored:
            end = ignored
        with reading.context.receipt.page_lock:
            (reading.ending.refused if end.is_end else reading.ending.ignored)(end.how)
        raise IgnoreResponseException

    def close(self) -> None:
        """End every wait, drop what was asked ahead, and close the connections."""
        self._closing.set()
        self._forget_pages_ahead()
        self._pool.shutdown(wait=True, cancel_futures=True)
        for transport in self._transports:
            transport.close()
        self._exchange.pacing.close()
        super().close()

    def token_exchange(self, credentials: Asking, terms: Terms) -> None:
        """Let OAuth2 tokens be asked for through this session's connections, limits and retries."""
        transport = self._transport_to(credentials.token_url, "token_url")
        credentials.exchange = Exchange(transport, self._exchange.pacing, self._closing)
        # What the file says of errors, formats and ends of the list is not said of the token server.
        json_alone: dict[str, Any] = {"response_actions": [], "error_in_body": None, "format": Format(type="json")}
        endpoint = terms.endpoint.model_copy(update=json_alone)
        credentials.terms = Terms(terms.asset, endpoint, terms.counts, explain=refused_client)

    def _transport_to(self, url: str, name: str) -> Transport:
        """A door to one server alone; what is meant for the API does not fit through the token server's."""
        try:
            transport = Transport(url, self._client, self.cookies, self._closing)
        except NoAddress as error:
            raise MendDescription(f"{name} {error}; correct it in the file or the environment.") from None
        self._transports.append(transport)
        return transport

    def _prepared(self, request: requests.Request, reading: Reading) -> requests.PreparedRequest:
        address = str(request.url)
        try:
            if address.startswith("http://") and origin(safe := f"https{address[4:]}") == self._origin:
                # Behind a proxy that ends TLS, many an API writes its links as it is asked by the proxy.
                address = request.url = safe
            is_ours = origin(address) == self._origin
        except NoAddress as error:
            raise MendDescription(
                f"page {reading.page + 1} is said to be at an address that {error}, which may mean another "
                f"origin than {plain_address(self._base_url)}, where no secret may go",
                "correct client.base_url and the path, or ask the vendor for plain links",
                where=reading.asset,
            ) from None
        if not is_ours:
            what = "next page" if reading.page else "list"
            raise MendDescription(
                f"the {what} is said to be at {plain_origin(address)}, another origin than "
                f"{plain_address(self._base_url)}, where no secret may go",
                "correct client.base_url",
                where=reading.asset,
            )
        request.auth = reading.auth
        prepared = self._merged(request)
        # dlt's own status handling prints bodies and addresses; statuses are judged in exchange.py.
        prepared.hooks = {"response": []}
        prepared.reading = reading  # type: ignore[attr-defined]
        return prepared

    def _merged(self, request: requests.Request) -> requests.PreparedRequest:
        """What `requests.Session.prepare_request` makes, in half the time: no auth and no params are the session's."""
        own = tuple(request.headers.items())
        if own not in self._headers:
            headers = CaseInsensitiveDict({**self.headers})
            headers.update(own)
            self._headers = {own: {name: value for name, value in headers.items() if value is not None}}
        prepared = requests.PreparedRequest()
        prepared.prepare(
            method=str(request.method).upper(),
            url=request.url,
            headers=self._headers[own],
            data=request.data,
            params=request.params,
            auth=request.auth,
            cookies=self.cookies if len(self.cookies) else None,
            json=request.json,
        )
        return prepared

    def _answer(self, prepared: requests.PreparedRequest, reading: Reading) -> Answer:
        exchange = self._exchange
        if (asking := asking_part(reading.auth)) is not None:
            exchange = Exchange(exchange.transport, exchange.pacing, self._closing, _renewing(asking))
        return exchange.answer(prepared, reading.terms)

    def _answer_ahead(self, prepared: requests.PreparedRequest, reading: Reading) -> Answer | None:
        """The answer to a request sent ahead; None, unasked, where an earlier page looks like the end of the list.

        More pages wait to be asked for than are under way, so that no worker idles while a batch is made; the guess
        keeps them from being asked past the end, and where it is wrong they are asked for in their turn.
        """
        if self._small is not None:
            return None
        answer = self._answer(prepared, reading)
        self._usual = max(self._usual, len(answer.content))
        if len(answer.content) * 4 < self._usual:
            self._small = prepared
        return answer

    def _forget_pages_ahead(self, reading: Reading | None = None) -> None:
        """Drop what was asked ahead for a list, and for those that are over; without one for all."""
        for identity, prepared in list(self._ahead.items()):
            if reading is None or identity[0] is reading or identity[0].ending.how is not None:
                prepared.answer.cancel()  # type: ignore[attr-defined]
                del self._ahead[identity]
        self._usual, self._small = 0, None


def _warn_of_plain_http(url: str) -> None:
    """Say once per sync that everybody on the way can read the secrets; a loopback address has no way."""
    scheme, host, _ = origin(url)
    if scheme == "http" and not (host == "localhost" or host.startswith("127.") or host == "::1"):
        _logger.warning("%s is plain http, so secrets and rows travel readable; use https", plain_address(url))


def _renewing(credentials: Asking) -> Callable[[requests.PreparedRequest], bool]:
    def renew(request: requests.PreparedRequest) -> bool:
        credentials.renew(request)
        return True

    return renew


def _identity(request: requests.Request, reading: Reading) -> tuple[Reading, str, str]:
    """What tells the pages of a list apart, before a request is prepared (which takes as long as parsing a page)."""
    return reading, str(request.url), repr((request.params, request.json, request.data))
