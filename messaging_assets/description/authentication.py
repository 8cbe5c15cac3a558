"""How an API wants to be authenticated, as an API file says it; the secrets themselves are never here.

The words are dlt's (https://dlthub.com/docs/dlt-ecosystem/verified-sources/rest_api/basic#authentication),
plus `oauth2`, `token_url`, `scopes`, `audience` and `client_authentication` for RFC 6749.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, TypeAdapter, WrapValidator

from messaging_assets.description.ways.described import Described, Host, Prefix, SecretName, WebAddress, in_full
from messaging_assets.description.ways.signatures import AwsAuth, HmacAuth, JwtAuth
from messaging_assets.description.ways.token_servers import (
    OAuth2ClientCredentialsAuth,
    OAuth2JwtBearerAuth,
    OAuth2PasswordAuth,
    OAuth2RefreshTokenAuth,
    SessionAuth,
    TokenServerAuth,
)

__all__ = [
    "ApiKeyAuth",
    "Auth",
    "AwsAuth",
    "BearerAuth",
    "Described",
    "HmacAuth",
    "Host",
    "HttpBasicAuth",
    "HttpDigestAuth",
    "JwtAuth",
    "OAuth2ClientCredentialsAuth",
    "OAuth2JwtBearerAuth",
    "OAuth2PasswordAuth",
    "OAuth2RefreshTokenAuth",
    "SessionAuth",
    "TokenServerAuth",
    "WebAddress",
    "is_signed",
    "secrets_of",
    "ways_of",
]

_AUTHORIZATION = (("header", "authorization"),)


class ApiKeyAuth(Described):
    """A key in a header, a query parameter, a cookie or a field of the body."""

    type: Literal["api_key"]
    """`api_key`: a key in a header, a query parameter, a cookie, a field of the body or the path."""
    name: str = "Authorization"
    """The name of the header, parameter, cookie or field; of a field inside a JSON body `a.b`."""
    location: Literal["header", "query", "param", "cookie", "body", "path"] = "header"
    """Where the key goes: `header`, `query` (`param`), `cookie`, `body` (JSON or form), or `path`, replacing `name`."""
    secret: SecretName = "api_key"
    """The secret's name, where an API takes several."""
    prefix: Prefix = ""
    """What stands before the key, such as `GenieKey ` with its blank."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of the secrets that it takes."""
        return (self.secret,)

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """Where it writes, in one spelling."""
        place = "query" if self.location == "param" else self.location
        return ((place, self.name.lower() if place == "header" else self.name),)


class BearerAuth(Described):
    """A fixed token in the Authorization header (RFC 6750)."""

    type: Literal["bearer"] = "bearer"
    """`bearer`: a fixed token in the Authorization header."""
    secret: SecretName = "token"
    """The secret's name, where an API takes several."""
    prefix: Prefix = "Bearer "
    """What stands before the token, such as `Token ` with its blank."""

    fields: ClassVar[tuple[tuple[str, str], ...]] = _AUTHORIZATION

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of the secrets that it takes."""
        return (self.secret,)


class HttpBasicAuth(Described):
    """A user name and a password (RFC 7617)."""

    type: Literal["http_basic"]
    """`http_basic`: a user name and a password."""
    empty: Literal["username", "password"] | None = None
    """The half that stays empty, where an API takes a key as the other: `username` or `password`."""

    fields: ClassVar[tuple[tuple[str, str], ...]] = _AUTHORIZATION

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of the secrets that it takes."""
        return tuple(half for half in ("username", "password") if half != self.empty)


class HttpDigestAuth(Described):
    """A user name and a password, of which only a digest is sent (RFC 7616)."""

    type: Literal["http_digest"]
    """`http_digest`: a user name and a password, of which only a digest is sent."""

    secrets: ClassVar[tuple[str, ...]] = ("username", "password")
    fields: ClassVar[tuple[tuple[str, str], ...]] = _AUTHORIZATION


Way = Annotated[
    ApiKeyAuth
    | BearerAuth
    | HttpBasicAuth
    | HttpDigestAuth
    | OAuth2ClientCredentialsAuth
    | OAuth2PasswordAuth
    | OAuth2JwtBearerAuth
    | OAuth2RefreshTokenAuth
    | SessionAuth
    | JwtAuth
    | HmacAuth
    | AwsAuth,
    Field(discriminator="type"),
]
_WAY: TypeAdapter[Way] = TypeAdapter(Way)
_WAYS: TypeAdapter[tuple[Way, ...]] = TypeAdapter(tuple[Way, ...])


def _one_or_several(value: Any, _: Any) -> Way | tuple[Way, ...]:
    """Judge a list by its items and anything else as one way, so that errors name no branch that was not meant."""
    if not isinstance(value, (list, tuple)):
        return _WAY.validate_python(in_full(value, "bearer"))
    several = _WAYS.validate_python([in_full(one, "bearer") for one in value])
    if not several:
        raise ValueError("must name a way of authentication; leave auth out where the API is open")
    fields = [field for one in several for field in one.fields]
    if len({*fields}) < len(fields):
        place, _ = next(field for field in fields if fields.count(field) > 1)
        raise ValueError(f"holds two ways that write the same {place}; give each its own name, or keep one of them")
    if sum(isinstance(one, TokenServerAuth | SessionAuth) for one in several) > 1:
        raise ValueError("holds two ways that ask a server first; keep one of them")
    return several


_Word = Literal["api_key", "bearer", "http_basic", "http_digest"]
Auth = Annotated[
    Way | tuple[Way, ...],
    WrapValidator(_one_or_several, json_schema_input_type=_Word | Way | list[_Word | Way]),
]


def ways_of(auth: Auth | None) -> tuple[Way, ...]:
    """The ways of authentication that a file's `auth` names; none for an open API."""
    if auth is None:
        return ()
    return auth if isinstance(auth, tuple) else (auth,)


def is_signed(auth: Auth | None) -> bool:
    """Whether something that a clock's time is in is signed, so that a refusal may mean that the clock is wrong."""
    ways = ways_of(auth)
    return any(isinstance(way, HmacAuth | JwtAuth | AwsAuth) or getattr(way, "assertion", None) for way in ways)


def secrets_of(auths: Iterable[Auth | None]) -> tuple[str, ...]:
    """The names of the secrets that ways of authentication take, each once."""
    return tuple(dict.fromkeys(name for auth in auths for way in ways_of(auth) for name in way.secrets))
