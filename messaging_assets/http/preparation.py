"""A request of a list as it is sent: to one origin, with the list's secrets and the session's headers and cookies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import requests
from requests.cookies import RequestsCookieJar
from requests.structures import CaseInsensitiveDict

from messaging_assets.description.ways.origins import NoAddress, is_among, or_allow, origin
from messaging_assets.foundation.failures import MendDescription, SyncFailure
from messaging_assets.foundation.redaction import plain_address, plain_origin
from messaging_assets.http.wire.answer import Answer
from messaging_assets.http.wire.terms import AskedList
from messaging_assets.http.wire.validators import is_etag

# Of these types no value makes several, or is written otherwise by requests.
_PLAIN = frozenset((str, int, type(None)))


class _PreparedRequest(requests.PreparedRequest):
    """One that does not work out for each page what most pages share.

    requests takes the address apart and puts it together anew, which takes as long as parsing a page. It also looks
    there for a user, and joins cookies where there are none.
    """

    def prepare_url(self, url: str, params: Any) -> None:
        if type(params) is dict and set(map(type, params.values())) <= _PLAIN and "#" not in url:
            self.url = _plain_url(url)
            if query := urlencode({name: value for name, value in params.items() if value is not None}):
                self.url += f"{'&' if '?' in self.url else '?'}{query}"
        else:
            super().prepare_url(url, params)

    def prepare_auth(self, auth: Any, url: str = "") -> None:
        if auth is not None or "@" in (self.url or ""):
            super().prepare_auth(auth, url)

    def prepare_cookies(self, cookies: RequestsCookieJar) -> None:
        if cookies:
            super().prepare_cookies(cookies)


@lru_cache(maxsize=256)
def _plain_url(url: str) -> str:
    """An address without parameters of its own as requests writes it.

    Raises:
        ValueError: see requests.
    """
    plain = requests.PreparedRequest()
    plain.prepare_url(url, None)
    return str(plain.url)


class Preparation:
    """Makes requests as they are sent; safe to use from several threads.

    Args:
        base_url: the API's address; no request goes to another origin, but to those of its further hosts.
        headers: the session's, which those of a request go before.
        cookies: the session's.
        hosts: further hosts of the API, as the file has them.

    Raises:
        NoAddress: the API's address is none.
    """

    def __init__(
        self, base_url: str, headers: Mapping[str, Any], cookies: RequestsCookieJar, hosts: Sequence[str] = ()
    ) -> None:
        self._base_url, self._origin, self._hosts = base_url, origin(base_url), hosts
        self._headers, self._cookies = headers, cookies
        # The session's headers together with those of the request before.
        self._together: dict[tuple[tuple[str, Any], ...], dict[str, Any]] = {}

    def answered(
        self,
        request: requests.PreparedRequest,
        asked: requests.Request,
        answer: Callable[[requests.PreparedRequest, requests.Request, AskedList], Answer],
    ) -> Answer:
        """The answer to a request, or to one for a shorter page, where the first is refused and may be shorter.

        Args:
            request: as it is sent.
            asked: what it was made of.
            answer: sends it.
        """
        reading: AskedList = request.reading  # type: ignore[attr-defined]
        while True:
            try:
                return answer(request, asked, reading)
            except SyncFailure as refused:
                if not (hasattr(asked, "asks_less") and asked.asks_less(asked, refused)):
                    raise
            request = self.prepared(asked, reading)

    def prepared(
        self, request: requests.Request, reading: AskedList, jar: RequestsCookieJar | None = None
    ) -> requests.PreparedRequest:
        """A request of a list as it is sent, with its secrets.

        Args:
            request: the request.
            reading: its list.
            jar: cookies of this list alone, in place of the session's.

        Raises:
            MendDescription: it is meant for another origin.
        """
        self._keep_to_origin(request, reading)
        request.auth = reading.auth
        prepared = self._merged(request, self._cookies if jar is None else jar)
        # dlt's own status handling prints bodies and addresses; statuses are judged in exchange.py.
        prepared.hooks = {"response": []}
        prepared.reading = reading  # type: ignore[attr-defined]
        if (known := reading.context.so_far.unless) is not None and not reading.page:
            prepared.headers["If-None-Match" if is_etag(known) else "If-Modified-Since"] = known
        if jar is not None:
            prepared.jar = jar  # type: ignore[attr-defined]
        return prepared

    def is_ours(self, address: str) -> bool:
        """Whether the API's secrets may go to an address.

        Raises:
            NoAddress: it is none.
        """
        return is_among(origin(address), self._hosts, self._origin)

    def _keep_to_origin(self, request: requests.Request, reading: AskedList) -> None:
        address = str(request.url)
        try:
            if address.startswith("http://") and self.is_ours(safe := f"https{address[4:]}"):
                # Behind a proxy that ends TLS, many an API writes its links as it is asked by the proxy.
                address = request.url = safe
            is_ours = self.is_ours(address)
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
                f"correct client.base_url{or_allow(origin(address), origin(self._base_url))}",
                where=reading.asset,
            )

    def _merged(self, request: requests.Request, cookies: RequestsCookieJar) -> requests.PreparedRequest:
        """What `requests.Session.prepare_request` makes, in half the time: no auth and no params are the session's."""
        own = tuple(request.headers.items())
        # Lists that are read ahead are asked for in threads of their own.
        if (merged := self._together.get(own)) is None:
            headers = CaseInsensitiveDict({**self._headers})
            headers.update(own)
            merged = {name: value for name, value in headers.items() if value is not None}
            self._together = {own: merged}
        prepared = _PreparedRequest()
        prepared.prepare(
            method=str(request.method).upper(),
            url=request.url,
            headers=merged,
            data=request.data,
            params=request.params,
            auth=request.auth,
            cookies=cookies,
            json=request.json,
        )
        return prepared
