"""Secrets onto requests, by the way of authentication that the file names.

The secrets are known to these objects alone. dlt never sees them, so they reach none of its configs, traces or
packages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import requests
from requests.auth import AuthBase

from messaging_assets.description.authentication import (
    ApiKeyAuth,
    Auth,
    BearerAuth,
    HttpBasicAuth,
    OAuth2RefreshTokenAuth,
    SessionAuth,
    Way,
    ways_of,
)
from messaging_assets.foundation.failures import SetSecret
from messaging_assets.foundation.redaction import Redaction
from messaging_assets.http.asked_secrets import Asking
from messaging_assets.http.login import Session
from messaging_assets.http.oauth_tokens import ClientCredentials, RefreshToken
from messaging_assets.http.plain_secrets import ApiKey, Header, basic


class Several(AuthBase):
    """Puts the secrets of several ways of authentication onto each request."""

    def __init__(self, parts: Sequence[AuthBase]) -> None:
        self._parts = parts

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add them in the file's order; no two write the same field."""
        for part in self._parts:
            request = part(request)
        return request

    @property
    def asking(self) -> Asking | None:
        """The one that asks for tokens; there is one at most, since it writes Authorization."""
        return next((part for part in self._parts if isinstance(part, Asking)), None)


def asking_part(auth: AuthBase | None) -> Asking | None:
    """What asks a server for tokens, of all that puts secrets onto a list's requests; None where nothing does."""
    if isinstance(auth, Several):
        return auth.asking
    return auth if isinstance(auth, Asking) else None


def authenticator(
    auth: Auth | None, secrets: Mapping[str, str], token_url: str | None, redaction: Redaction, place: str
) -> AuthBase | None:
    """What puts the secrets onto requests, for the way of authentication that the file names.

    Args:
        auth: the file's `auth`, or None for an open API.
        secrets: values by field name, all that `auth.secrets` lists.
        token_url: where OAuth2 tokens come from.
        redaction: learns every secret, tokens included.
        place: how to name the API in an error.

    Raises:
        SetSecret: a value cannot stand in a request (a line break or control character in it).
    """
    in_headers = {name for way in ways_of(auth) if isinstance(way, ApiKeyAuth | BearerAuth) for name in way.secrets}
    for name, value in secrets.items():
        if any(ord(character) < 32 or ord(character) == 127 for character in value):
            raise SetSecret(
                f"the value of {name} has a line break or control character in it", "set it again without", where=place
            )
        if name in in_headers and not value.isascii():
            raise SetSecret(f"the value of {name} has letters that no header can carry", "set it again", where=place)
    redaction.add(*secrets.values())
    parts = [_part(way, secrets, token_url, redaction, place.partition(".")[0]) for way in ways_of(auth)]
    return Several(parts) if len(parts) > 1 else next(iter(parts), None)


def _part(way: Way, secrets: Mapping[str, str], token_url: str | None, redaction: Redaction, api: str) -> AuthBase:
    if isinstance(way, ApiKeyAuth):
        return ApiKey(way, way.prefix + secrets[way.secret])
    if isinstance(way, BearerAuth):
        return Header(way.prefix + secrets[way.secret])
    if isinstance(way, HttpBasicAuth):
        return Header(basic(secrets.get("username", ""), secrets.get("password", ""), redaction))
    if isinstance(way, SessionAuth):
        return Session(way, token_url or "", secrets, redaction)
    if isinstance(way, OAuth2RefreshTokenAuth):
        return RefreshToken(way, token_url or "", secrets, redaction, api)
    return ClientCredentials(way, token_url or "", secrets, redaction)
