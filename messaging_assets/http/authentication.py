"""Secrets onto requests, by the way of authentication that the file names.

The secrets are known to these objects alone. dlt never sees them, so they reach none of its configs, traces or
packages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import requests
from requests.auth import AuthBase

from messaging_assets.description.authentication import (
    ApiKeyAuth,
    Auth,
    AwsAuth,
    BearerAuth,
    HmacAuth,
    HttpBasicAuth,
    HttpDigestAuth,
    JwtAuth,
    OAuth2RefreshTokenAuth,
    SessionAuth,
    TokenServerAuth,
    Way,
    ways_of,
)
from messaging_assets.description.ways.placeholders import secrets_in
from messaging_assets.foundation.failures import SetSecret
from messaging_assets.foundation.redaction import Redaction
from messaging_assets.http.ways.asked_secrets import Asking, Renewing, Signing
from messaging_assets.http.ways.digest import Digest
from messaging_assets.http.ways.login import Session
from messaging_assets.http.ways.oauth_tokens import OAuth2Token, RefreshToken
from messaging_assets.http.ways.plain_secrets import ApiKey, Header, basic
from messaging_assets.http.ways.signatures import Aws, Hmac
from messaging_assets.http.ways.signed_tokens import OwnToken
from messaging_assets.http.wire.answer import Answer

# Shorter lines of a private key are its frame, or padding.
_LINE_OF_KEY = 30
# Of a shell, of other tools, or of a page that shows how it is done.
_PLACEHOLDER = re.compile(r"\$\{?\w+\}?|\{\{.*\}\}|<.*>", re.ASCII)


class Several(AuthBase):
    """Puts the secrets of several ways of authentication onto each request."""

    def __init__(self, parts: Sequence[AuthBase]) -> None:
        self.parts = parts

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add them in the file's order; no two write the same field."""
        for part in self.parts:
            request = part(request)
        return request


def parts_of(auth: AuthBase | None) -> Sequence[AuthBase]:
    """What puts secrets onto a list's requests, each by itself."""
    if isinstance(auth, Several):
        return auth.parts
    return () if auth is None else (auth,)


def asking_part(auth: AuthBase | None) -> Asking | None:
    """What asks a server first, of all that puts secrets onto a list's requests; there is one at most."""
    return next((part for part in parts_of(auth) if isinstance(part, Asking)), None)


def renewed(auth: AuthBase | None, request: requests.PreparedRequest, refusal: Answer, again: bool = False) -> bool:
    """Put something better onto a request that was refused with 401; false where there is nothing better.

    Args:
        auth: what puts secrets onto the list's requests.
        request: the request.
        refusal: the answer to it.
        again: whether it has something new already; then there is something better only where another thread put that
            out of use, as a server does that keeps one token a client.
    """
    is_better = False
    for part in parts_of(auth):
        if isinstance(part, Renewing) and not (again and part.is_newest(request)):
            is_better |= part.renew(request, refusal)
    return is_better


def signed(auth: AuthBase | None, request: requests.PreparedRequest) -> None:
    """Sign a request that is about to leave, in the file's order."""
    for part in parts_of(auth):
        if isinstance(part, Signing):
            part.sign(request)


def authenticator(
    auth: Auth | None,
    secrets: Mapping[str, str],
    token_url: str | None,
    redaction: Redaction,
    place: str,
    run: str | None = None,
) -> AuthBase | None:
    """What puts the secrets onto requests, for the way of authentication that the file names.

    Args:
        auth: the file's `auth`, or None for an open API.
        secrets: values by field name, all that `auth.secrets` lists.
        token_url: where OAuth2 tokens come from.
        redaction: learns every secret, tokens included.
        place: how to name the API in an error.
        run: Dagster's id of the run, whose lists share what a server hands out; None outside of one.

    Raises:
        SetSecret: a value cannot stand in a request (a line break or control character in it).
    """
    ways = ways_of(auth)
    prefixes = {way.secret: way.prefix for way in ways if isinstance(way, ApiKeyAuth | BearerAuth)}
    in_headers = {*prefixes}
    in_headers |= {name for way in ways if isinstance(way, HmacAuth) for name in secrets_in(way.headers)}
    in_headers |= {name for way in ways if isinstance(way, SessionAuth) for name in secrets_in(way.login.headers)}
    # A private key has lines.
    keys = {way.secret for way in ways if isinstance(way, JwtAuth)}
    keys |= {way.assertion.secret for way in ways if isinstance(way, TokenServerAuth) and way.assertion}
    for name, value in secrets.items():
        if name in keys:
            redaction.add(*(line for line in value.replace("\\n", "\n").split("\n") if len(line) > _LINE_OF_KEY))
        elif any(ord(character) < 32 or ord(character) == 127 for character in value):
            raise SetSecret(
                f"the value of {name} has a line break or control character in it", "set it again without", where=place
            )
        if name in in_headers and not value.isascii():
            raise SetSecret(f"the value of {name} has letters that no header can carry", "set it again", where=place)
        if name in prefixes and (wrong := _not_alone(value, prefixes[name])):
            raise SetSecret(f"the value of {name} {wrong}", "set it again, to the secret alone", where=place)
    redaction.add(*secrets.values())
    parts = [_part(way, secrets, token_url, redaction, place, run) for way in ways]
    return Several(parts) if len(parts) > 1 else next(iter(parts), None)


def _not_alone(value: str, prefix: str) -> str | None:
    """What a token or key has around it that a shell, a header or a reader was meant to see; None where it is alone."""
    if value != value.strip():
        return "has blanks at its ends"
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'`":
        return "stands in quotes"
    if prefix.strip() and value.lower().startswith(prefix.lower()):
        return f"begins with {prefix.strip()}, which is sent before it anyway"
    return "is a placeholder" if _PLACEHOLDER.fullmatch(value) else None


def _part(
    way: Way, secrets: Mapping[str, str], token_url: str | None, redaction: Redaction, place: str, run: str | None
) -> AuthBase:
    if isinstance(way, ApiKeyAuth):
        return ApiKey(way, way.prefix + secrets[way.secret])
    if isinstance(way, BearerAuth):
        return Header(way.prefix + secrets[way.secret])
    if isinstance(way, HttpBasicAuth):
        return Header(basic(secrets.get("username", ""), secrets.get("password", ""), redaction))
    if isinstance(way, HttpDigestAuth):
        return Digest(secrets["username"], secrets["password"], redaction)
    if isinstance(way, JwtAuth):
        return OwnToken(way, secrets, redaction, place)
    if isinstance(way, HmacAuth):
        return Hmac(way, secrets, redaction, place)
    if isinstance(way, AwsAuth):
        return Aws(way, secrets, redaction, place)
    if isinstance(way, SessionAuth):
        return Session(way, token_url or "", secrets, redaction, run)
    kind = RefreshToken if isinstance(way, OAuth2RefreshTokenAuth) else OAuth2Token
    return kind(way, token_url or "", secrets, redaction, place, run)  # type: ignore[arg-type]
