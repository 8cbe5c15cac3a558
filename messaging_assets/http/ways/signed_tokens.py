"""JSON Web Tokens that the client signs (RFC 7519): sent as they are, or exchanged for a token (RFC 7523)."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Mapping
from typing import Any

import requests

from messaging_assets.description.ways.placeholders import filled
from messaging_assets.description.ways.signatures import Jwt, JwtAuth
from messaging_assets.foundation.failures import SetSecret
from messaging_assets.foundation.redaction import Redaction
from messaging_assets.http.ways.asked_secrets import Signing
from messaging_assets.http.ways.signatures import Placeholders, key_of

# A token is made anew when this share of its life is over.
_USABLE_SHARE = 0.8


class Signer:
    """Signs tokens with one key.

    Args:
        jwt: what the file says of them.
        secrets: values by name.
        place: how to name the API in an error.

    Raises:
        SetSecret: the key is none for that algorithm.
    """

    def __init__(self, jwt: Jwt, secrets: Mapping[str, str], place: str) -> None:
        self._jwt, self._secrets = jwt, secrets
        self._key: Any = key_of(jwt, secrets, place)
        try:
            if not jwt.algorithm.startswith("HS"):
                from cryptography.hazmat.primitives.serialization import load_pem_private_key

                opened = secrets[jwt.passphrase].encode() if jwt.passphrase else None
                self._key = load_pem_private_key(self._key, opened)
            self.signed({}, {})
        except Exception as error:  # noqa: BLE001 - two libraries have many names for a key that is none
            raise SetSecret(
                f"the value of {jwt.secret} is no key for {jwt.algorithm} ({type(error).__name__})",
                "set a private key in PEM, with its passphrase where it has one, or correct algorithm"
                if not jwt.algorithm.startswith("HS")
                else "set the shared secret, or correct algorithm",
                where=place,
            ) from None

    def said(self, request: requests.PreparedRequest | None) -> tuple[dict[str, Any], dict[str, Any]]:
        """Claims and header of a token for a request, without times."""
        value = Placeholders(request, self._secrets).value
        return filled(self._jwt.claims, value), filled(self._jwt.jwt_headers, value)

    def signed(self, claims: Mapping[str, Any], headers: Mapping[str, Any]) -> str:
        """A token that says this, and until when."""
        import jwt

        now = int(time.time())
        times = {"iat": now, "exp": now + self._jwt.token_duration}
        with warnings.catch_warnings():
            # How long a shared secret is, is the vendor's choice.
            warnings.simplefilter("ignore", jwt.InsecureKeyLengthWarning)
            return jwt.encode({**times, **claims}, self._key, self._jwt.algorithm, dict(headers) or None)


class OwnToken(Signing):
    """Puts a token of the client's own making into a header: one for all requests, unless it speaks of the request."""

    def __init__(self, auth: JwtAuth, secrets: Mapping[str, str], redaction: Redaction, place: str) -> None:
        self._auth, self._signer, self._redaction = auth, Signer(auth, secrets, place), redaction
        self._lock = threading.Lock()
        self._said: Any = None
        self._token, self._usable_until = "", 0.0

    def sign(self, request: requests.PreparedRequest) -> None:
        """Add a token that is still good."""
        said = self._signer.said(request)
        with self._lock:
            if said != self._said or time.monotonic() >= self._usable_until:
                self._token, self._said = self._signer.signed(*said), said
                self._usable_until = time.monotonic() + _USABLE_SHARE * self._auth.token_duration
                self._redaction.add_signature(self._token)
            request.headers[self._auth.name] = self._auth.prefix + self._token
