"""What secrets have in common that are no fixed text: asked for, renewed when refused, or made for a request."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Protocol, TypeVar

import requests
from requests.auth import AuthBase

from messaging_assets.foundation.failures import CheckCredentials, MendDescription, SyncFailure
from messaging_assets.http.wire.answer import Answer
from messaging_assets.http.wire.terms import Terms

T = TypeVar("T")


class Answers(Protocol):
    """What sends a request and answers it, with pace and further attempts: `Exchange` in the room `http`."""

    def answer(self, request: requests.PreparedRequest, terms: Terms) -> Answer: ...


class Renewing(AuthBase, ABC):
    """Has something better for a request that was refused."""

    @abstractmethod
    def renew(self, request: requests.PreparedRequest, refusal: Answer) -> bool:
        """Replace what this request was refused with (401); whether it is worth another try."""

    def is_newest(self, request: requests.PreparedRequest) -> bool:
        """Whether a request was refused with the newest there is."""
        return True


class Signing(AuthBase, ABC):
    """Signs a request each time that it is sent, so that the time in it is right after any wait."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Nothing: a request is prepared long before it is sent."""
        return request

    @abstractmethod
    def sign(self, request: requests.PreparedRequest) -> None:
        """Sign a request that is about to leave, in place of an earlier signature."""


@dataclass
class Issued:
    """What a server handed out, for all lists that are asked for with it; None before it was asked, or once refused."""

    value: Any = None
    usable_until: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


# Runs of this process that are remembered, the newest ones; one process syncs a whole run, unless it is told otherwise.
_RUNS = 8
_issued: OrderedDict[str, dict[str, Issued]] = OrderedDict()
_issuing = threading.Lock()


def issued_in(run: str | None, *way: object) -> Issued:
    """What is handed out once for a way of authentication in a run; many a server revokes what it handed out before.

    Args:
        run: Dagster's id of the run; None outside of one.
        way: all that the request for it is made of.
    """
    if run is None:
        return Issued()
    with _issuing:
        found = _issued.setdefault(run, {}).setdefault(sha256(repr(way).encode()).hexdigest(), Issued())
        while len(_issued) > _RUNS:
            _issued.popitem(last=False)
    return found


class Asking(Renewing):
    """Asks a server for what goes onto requests, through the connections and limits of a session.

    Args:
        url: where to ask.
        issued: what it handed out, where another list of the run asked before.
    """

    def __init__(self, url: str, issued: Issued) -> None:
        self.token_url, self._issued = url, issued
        self.exchange: Answers | None = None
        self.terms: Terms | None = None
        self._refusal: SyncFailure | None = None

    def _asked(self, ask: Callable[[], T]) -> T:
        """What the server hands out. Once it refused, it is not asked again: many a server locks who is refused often.

        Args:
            ask: asks it; called under the lock of what is issued.

        Raises:
            CheckCredentials, MendDescription: it refuses.
        """
        if self._refusal is not None:
            raise self._refusal
        try:
            return ask()
        except (CheckCredentials, MendDescription) as refusal:
            self._refusal = refusal
            raise


def value_at(body: Any, path: str) -> Any:
    """A field of an answer by its name, or by the names on the way to it; `$` is the answer."""
    if path == "$":
        return body
    for name in [path] if isinstance(body, dict) and path in body else path.split("."):
        body = body.get(name) if isinstance(body, dict) else None
    return body


def fits_header(token: str) -> bool:
    """Whether a text can stand in a header."""
    return bool(token) and token.isascii() and token.isprintable()
