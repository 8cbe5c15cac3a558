"""HTTP digest (RFC 7616): the server's challenge is taken from its 401, and answered from then on."""

from __future__ import annotations

import re
import threading
from types import SimpleNamespace
from typing import Any, TypeAlias

import requests
from requests.auth import HTTPDigestAuth
from requests.utils import parse_dict_header

from messaging_assets.foundation.redaction import Redaction
from messaging_assets.http.ways.asked_secrets import Renewing, Signing
from messaging_assets.http.wire.answer import Answer

# A server may offer several, one behind the other or in headers of their own.
_CHALLENGE = re.compile(r"(?:^|,)\s*(?=[A-Za-z][A-Za-z0-9-]*\s+[A-Za-z0-9-]+=)")
# The best first; what is not named here nobody computes.
_ALGORITHMS = ("SHA-512", "SHA-256", "SHA", "MD5-SESS", "MD5")

Challenge: TypeAlias = "dict[str, str]"


class Digest(Signing, Renewing):
    """Answers one challenge for all threads, each request with the next count."""

    def __init__(self, user: str, password: str, redaction: Redaction) -> None:
        self._reckoner, self._redaction = _Reckoner(user, password), redaction
        self._lock = threading.Lock()

    def sign(self, request: requests.PreparedRequest) -> None:
        """Add the digest of this request, once the server's challenge is known."""
        own: Challenge | None = request.__dict__.pop("challenge", None)
        with self._lock:
            refused = str(request.headers.get("Authorization", ""))
            header = self._reckoner.header(str(request.method), str(request.url), own, refused)
        if header is not None:
            # A weak password can be found out by it.
            self._redaction.add_signature(header.partition('response="')[2].partition('"')[0])
            request.headers["Authorization"] = header

    def renew(self, request: requests.PreparedRequest, refusal: Answer) -> bool:
        """Take the challenge that came with the refusal; false where there is none that can be answered."""
        challenge = _best(refusal.headers.get("WWW-Authenticate", ""))
        # Its own, because requests under way beside each other may get one each, which is good once.
        request.challenge = challenge  # type: ignore[attr-defined]
        return challenge is not None


class _Reckoner(HTTPDigestAuth):
    """requests' own, which keeps a challenge for each thread; a page may be asked for by any of ours."""

    _thread_local: Any

    def __init__(self, user: str, password: str) -> None:
        super().__init__(user, password)
        self._thread_local = SimpleNamespace()
        self.init_per_thread_state()

    def header(self, method: str, url: str, own: Challenge | None, refused: str) -> str | None:
        """The value of the Authorization header for a request; None where no challenge is known.

        Args:
            method: the request's.
            url: the request's.
            own: the challenge that it was refused with.
            refused: the header that it had then.
        """
        state = vars(self._thread_local)
        shared = dict(state)
        if own is not None:
            state.update(chal=own, last_nonce="")
        made: str | None = None
        if state["chal"]:
            made = self.build_digest_header(method, url)  # type: ignore[no-untyped-call]
        nonce = shared["chal"].get("nonce")
        if own is not None and nonce is not None and f'nonce="{nonce}"' not in refused:
            # Another one came meanwhile; its count goes on where it was.
            state.update(shared)
        return made


def _best(header: str) -> dict[str, str] | None:
    """The challenge with the best algorithm of those that can be answered; None where there is none."""
    found: dict[str, dict[str, str]] = {}
    for one in _CHALLENGE.split(header):
        scheme, _, rest = one.strip().partition(" ")
        challenge = {name.lower(): value or "" for name, value in _named(rest).items()}
        ways = [way.strip() for way in challenge.get("qop", "auth").split(",")]
        if scheme.lower() == "digest" and "auth" in ways and {"realm", "nonce"} <= challenge.keys():
            if "qop" in challenge:
                challenge["qop"] = "auth"
            found.setdefault(challenge.get("algorithm", "MD5").upper(), challenge)
    return next((found[name] for name in _ALGORITHMS if name in found), None)


def _named(challenge: str) -> dict[str, str | None]:
    found: dict[str, str | None] = parse_dict_header(challenge)  # type: ignore[no-untyped-call]
    return found
