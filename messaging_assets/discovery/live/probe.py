"""Asks a live API: few requests, each counted, and a refusal is an answer too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urljoin

import requests
from requests.auth import AuthBase

from messaging_assets.description.api import Endpoint, ErrorHandler
from messaging_assets.foundation.failures import CheckCredentials, MendDescription, SyncFailure, TryAgainLater
from messaging_assets.http.authentication import asking_part
from messaging_assets.http.session import ApiSession
from messaging_assets.http.wire.answer import Answer
from messaging_assets.http.wire.terms import Terms
from messaging_assets.reading.ending import Reading
from messaging_assets.reading.list_context import ListContext
from messaging_assets.reading.receipt import Receipt
from messaging_assets.seams.dlt_rest_client import IgnoreResponseException

# What a guess is not worth waiting for longer than this, in seconds.
_PATIENCE = 30.0
_BUSY = [429, 503]


class _Asking(Reading):
    """One request, which keeps an answer that refuses it."""

    refusal: Answer | None = None

    @property
    def terms(self) -> Terms:
        """The terms of a request whose refusal is of interest."""
        return replace(super().terms, explain=self._keep)

    def _keep(self, answer: Answer) -> str | None:
        self.refusal = answer
        return None


@dataclass
class LiveApi:
    """An API that is asked, for as many requests as a person would forgive.

    Args:
        name: what to call it in errors.
        session: sends the requests.
        auth: puts the secrets onto them.
        base_url: the API's address.
        most_requests: no further guess is tried after so many.
        receipt: where the requests are counted.
        refused: the status that the last tried guess was refused with; None where it was answered.
    """

    name: str
    session: ApiSession
    auth: AuthBase | None
    base_url: str
    most_requests: int = 50
    receipt: Receipt = field(default_factory=Receipt)
    refused: int | None = None

    @property
    def is_spent(self) -> bool:
        """Whether no further guess is tried."""
        return self.receipt.requests >= self.most_requests

    def ask(self, path: str, params: Mapping[str, Any] | None = None) -> Answer:
        """Ask for a path, or an address that the API named.

        Raises:
            SyncFailure: it did not answer, or refused.
        """
        reading = self._reading(path)
        request = requests.Request("GET", self._address(path), params=dict(params or {}))
        request.reading = reading  # type: ignore[attr-defined]
        self.refused = None
        try:
            answer = self.session.send(self.session.prepare_request(request))
        except (SyncFailure, IgnoreResponseException):
            self.refused = reading.refusal.status_code if reading.refusal is not None else 0
            raise
        assert isinstance(answer, Answer)
        return answer

    def guess(self, path: str, params: Mapping[str, Any] | None = None) -> Answer | None:
        """Ask for what may not exist; None where it is refused, or enough was asked."""
        if self.is_spent:
            self.refused = None
            return None
        try:
            return self.ask(path, params)
        except (MendDescription, CheckCredentials, TryAgainLater):
            return None

    def _address(self, path: str) -> str:
        if "://" in path:
            return path
        return urljoin(self.base_url.rstrip("/") + "/", path.lstrip("/"))

    def _reading(self, path: str) -> _Asking:
        handler = ErrorHandler(
            retry_on_status_codes=list(_BUSY), max_retries=2, backoff_factor=1, maximum_wait=_PATIENCE
        )
        context = ListContext(
            asset=self.name,
            endpoint=Endpoint(path=None if "://" in path else path, error_handler=handler),
            keys=(),
            receipt=self.receipt,
            auth=self.auth,
            set_aside=lambda row, reason, page: None,
        )
        if (asking := asking_part(self.auth)) is not None and asking.exchange is None:
            self.session.token_exchange(asking, context.terms)
        return _Asking(context)
