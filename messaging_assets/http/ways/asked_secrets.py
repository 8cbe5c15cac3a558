"""What secrets have in common that are no fixed text: asked for, renewed when refused, or made for a request."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import requests
from requests.auth import AuthBase

if TYPE_CHECKING:
    from messaging_assets.http.exchange import Exchange, Terms
    from messaging_assets.http.wire.answer import Answer


class Renewing(AuthBase, ABC):
    """Has something better for a request that was refused."""

    @abstractmethod
    def renew(self, request: requests.PreparedRequest, refusal: Answer) -> bool:
        """Replace what this request was refused with (401); whether it is worth another try."""


class Signing(AuthBase, ABC):
    """Signs a request each time that it is sent, so that the time in it is right after any wait."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Nothing: a request is prepared long before it is sent."""
        return request

    @abstractmethod
    def sign(self, request: requests.PreparedRequest) -> None:
        """Sign a request that is about to leave, in place of an earlier signature."""


class Asking(Renewing):
    """Asks a server for what goes onto requests, through the connections and limits of a session.

    Args:
        url: where to ask.
    """

    def __init__(self, url: str) -> None:
        self.token_url = url
        self._lock = threading.Lock()
        self.exchange: Exchange | None = None
        self.terms: Terms | None = None


def value_at(body: Any, path: str) -> Any:
    """A field of an answer by its name, or by the names on the way to it."""
    for name in [path] if isinstance(body, dict) and path in body else path.split("."):
        body = body.get(name) if isinstance(body, dict) else None
    return body


def fits_header(token: str) -> bool:
    """Whether a text can stand in a header."""
    return bool(token) and token.isascii() and token.isprintable()
