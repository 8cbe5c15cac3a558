"""What the sandbox has and is asked: rows, settings, faults, credentials, the record of requests."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import islice

from messaging_assets.sandbox.data import APIS, OAUTH_API, RESOURCES, TABLES, Row, generate
from messaging_assets.sandbox.faults import Fault, Faults
from messaging_assets.sandbox.settings import Request, Settings


class PlayedApis:
    """The five APIs, whoever serves them.

    Args:
        seed: the same number gives the same rows.
        port: where they are served on loopback; 0 until that is known.

    Attributes:
        settings: behaviour towards every request.
        requests: all requests to the APIs since the start or the last forget(), in order of arrival.
        keys: the API key of each api_key API; set another to test with it.
        client: client id and client secret of the OAuth2 API.
        tokens: the access tokens that were given out, with the monotonic seconds at which each ends.
        errors: what failed in the sandbox itself while it answered.
    """

    def __init__(self, seed: int = 7, port: int = 0) -> None:
        self.port = port
        self.settings = Settings()
        self.requests: list[Request] = []
        self.keys = {api: f"sandbox-key-{api}" for api in APIS if api != OAUTH_API}
        self.client = ("sandbox-client", "sandbox-client-secret")
        self.tokens: dict[str, float] = {}
        self.faults = Faults()
        self.errors: list[Exception] = []
        self._sources: dict[tuple[str, str], Iterator[Row]] = {k: generate(seed, t) for k, t in TABLES.items()}
        self._rows: dict[tuple[str, str], list[Row]] = {}
        self._making = threading.Lock()

    @property
    def url(self) -> str:
        """The address without a final slash; unknown before the first start when no port was given."""
        if not self.port:
            raise RuntimeError("The sandbox has no address yet; start it first.")
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        """Return the variables that point the five API files at this sandbox, secrets included."""
        urls = {f"{api.upper()}__BASE_URL": f"{self.url}/{api}" for api in APIS}
        keys = {f"{api.upper()}__API_KEY": key for api, key in self.keys.items()}
        prefix = OAUTH_API.upper()
        oauth = {
            f"{prefix}__CLIENT_ID": self.client[0],
            f"{prefix}__CLIENT_SECRET": self.client[1],
            f"{prefix}__TOKEN_URL": f"{self.url}/{OAUTH_API}/oauth/token",
        }
        return {**urls, **keys, **oauth}

    def rows(self, api: str, resource: str) -> list[Row]:
        """Return the live rows of a resource: what a test does to this list is what the API has.

        Raises:
            ValueError: there is no such resource.
        """
        key = (api, resource)
        if key not in TABLES:
            raise ValueError(f"The sandbox serves no {api}.{resource}.")
        with self._making:
            if key not in self._rows:
                self._rows[key] = list(islice(self._sources[key], TABLES[key].size))
            return self._rows[key]

    def empty(self, api: str, resource: str) -> list[Row]:
        """Let a resource have no rows, without making those that it would have; return its live list.

        Raises:
            ValueError: there is no such resource.
        """
        if (api, resource) not in TABLES:
            raise ValueError(f"The sandbox serves no {api}.{resource}.")
        with self._making:
            rows = self._rows.setdefault((api, resource), [])
        rows.clear()
        return rows

    def grow(self, api: str, resource: str, number: int) -> list[Row]:
        """Append `number` newer rows to a resource and return them.

        Raises:
            ValueError: there is no such resource.
        """
        rows = self.rows(api, resource)
        with self._making:
            new = list(islice(self._sources[api, resource], number))
        rows.extend(new)
        return new

    def asked(self, api: str, resource: str) -> list[Request]:
        """Return the requests for one resource's data, in order of arrival; "token" gives the token requests.

        Raises:
            ValueError: there is no such resource.
        """
        if (api, resource) not in RESOURCES:
            raise ValueError(f"The sandbox serves no {api}.{resource}.")
        return [request for request in list(self.requests) if (request.api, request.resource) == (api, resource)]

    def forget(self) -> None:
        """Empty the record of requests."""
        self.requests.clear()

    def fault(self, fault: Fault) -> None:
        """Let `fault` act from the next request on.

        Raises:
            ValueError: it names an API or a resource that does not exist, so that it would never act.
        """
        met = [k for k in RESOURCES if fault.api in (None, k[0]) and fault.resource in (None, k[1])]
        if not met:
            raise ValueError(f"The sandbox serves no {fault.api or 'API'}.{fault.resource or '*'}.")
        self.faults.add(fault)

    def revoke_tokens(self) -> None:
        """Make every access token that was given out invalid."""
        self.tokens.clear()
