"""What the secrets that a server hands out have in common: they are asked for, and renewed when they are refused."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import Any

import requests
from requests.auth import AuthBase

from messaging_assets.http.exchange import Exchange, Terms


class Asking(AuthBase, ABC):
    """Asks a server for what goes onto requests, through the connections and limits of a session.

    Args:
        url: where to ask.
    """

    def __init__(self, url: str) -> None:
        self.token_url = url
        self._lock = threading.Lock()
        self.exchange: Exchange | None = None
        self.terms: Terms | None = None

    @abstractmethod
    def renew(self, request: requests.PreparedRequest) -> None:
        """Replace what this request was refused with, unless another thread just did."""


def value_at(body: Any, path: str) -> Any:
    """A field of an answer by its name, or by the names on the way to it."""
    for name in [path] if isinstance(body, dict) and path in body else path.split("."):
        body = body.get(name) if isinstance(body, dict) else None
    return body


def fits_header(token: str) -> bool:
    """Whether a text can stand in a header."""
    return bool(token) and token.isascii() and token.isprintable()
