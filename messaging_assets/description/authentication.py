"""How an API wants to be authenticated, as an API file says it; the secrets themselves are never here.

The words are dlt's (https://dlthub.com/docs/dlt-ecosystem/verified-sources/rest_api/basic#authentication),
plus `oauth2`, `token_url`, `scopes`, `audience` and `client_authentication` for RFC 6749.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, WrapValidator, model_validator

_AUTHORIZATION = ("header", "authorization")


class Described(BaseModel):
    """Base of everything an API file can say: frozen, unknown keys refused, values kept out of errors.

    The sentence beneath a field is what editors show of it, and what docs/api-file.md says.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        protected_namespaces=(),
        populate_by_name=True,
        allow_inf_nan=False,
    )

    @model_validator(mode="before")
    @classmethod
    def _nothing_is_the_default(cls, value: Any) -> Any:
        """Take `headers:` with nothing behind it as if it were left out, unless null means something there."""
        if not isinstance(value, Mapping):
            return value
        return {key: one for key, one in value.items() if one is not None or key not in _never_null(cls)}


@cache
def _never_null(model: type[BaseModel]) -> frozenset[str]:
    return frozenset(
        word
        for name, field in model.model_fields.items()
        if field.annotation is not Any and type(None) not in get_args(field.annotation)
        for word in (name, field.alias or name)
    )


def _web_address(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("must start with https:// (or http://)")
    if not urlsplit(value).hostname or any(character.isspace() for character in value):
        raise ValueError("must be an address such as https://api.example.com")
    return value


WebAddress = Annotated[str, AfterValidator(_web_address)]


def _secret_name(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", value) or value in ("base_url", "token_url"):
        raise ValueError("must be the name of a secret in small letters, such as app_key; its value is set elsewhere")
    return value


def _plain_prefix(value: str) -> str:
    if not (value.isascii() and value.isprintable() and len(value) <= 40):
        raise ValueError("must be a short plain text, such as 'Token '")
    return value


SecretName = Annotated[str, AfterValidator(_secret_name)]
Prefix = Annotated[str, AfterValidator(_plain_prefix)]


class ApiKeyAuth(Described):
    """A key in a header, a query parameter, a cookie or a field of the body."""

    type: Literal["api_key"]
    """`api_key`: a key in a header, a query parameter, a cookie or a field of the body."""
    name: str = "Authorization"
    """The name of the header, parameter, cookie or field."""
    location: Literal["header", "query", "param", "cookie", "body"] = "header"
    """Where the key goes: `header`, `query`, `param` (dlt's word for query), `cookie` or `body` (JSON or form)."""
    secret: SecretName = "api_key"
    """The secret's name, where an API takes several."""
    prefix: Prefix = ""
    """What stands before the key, such as `GenieKey ` with its blank."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of the secrets that it takes."""
        return (self.secret,)

    @property
    def field(self) -> tuple[str, str]:
        """Where it writes, in one spelling."""
        place = "query" if self.location == "param" else self.location
        return place, self.name.lower() if place == "header" else self.name


class BearerAuth(Described):
    """A fixed token in the Authorization header (RFC 6750)."""

    type: Literal["bearer"] = "bearer"
    """`bearer`: a fixed token in the Authorization header."""
    secret: SecretName = "token"
    """The secret's name, where an API takes several."""
    prefix: Prefix = "Bearer "
    """What stands before the token, such as `Token ` with its blank."""

    field: ClassVar[tuple[str, str]] = _AUTHORIZATION

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

    field: ClassVar[tuple[str, str]] = _AUTHORIZATION

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of the secrets that it takes."""
        return tuple(half for half in ("username", "password") if half != self.empty)


class TokenServerAuth(Described):
    """What all ways have in common that ask a token server (RFC 6749)."""

    secrets: ClassVar[tuple[str, ...]] = ("client_id", "client_secret")
    field: ClassVar[tuple[str, str]] = _AUTHORIZATION
    token_url: WebAddress | None = None
    """Where tokens come from."""
    access_token_url: WebAddress | None = None
    """dlt's word for `token_url`."""
    scopes: list[str] | str | None = None
    """What a token is for: a list or a text."""
    audience: str | None = None
    """Whom a token is for, where the server wants to know."""
    client_authentication: Literal["body", "header"] = "body"
    """The client's id and secret in the `body`, or in a `header`."""
    access_token_request_data: dict[str, Any] = Field(default_factory=dict)
    """More fields of the request for a token."""
    default_token_expiration: int = Field(3600, gt=0)
    """Seconds that a token lives where the server is silent."""
    access_token_name: str = Field("access_token", min_length=1)
    """The answer's field that holds the token, `a.b` where it is nested."""
    expires_in_name: str = Field("expires_in", min_length=1)
    """The answer's field that holds the seconds that the token lives."""

    @model_validator(mode="after")
    def _one_token_url(self) -> TokenServerAuth:
        if self.token_url and self.access_token_url:
            raise ValueError("token_url and access_token_url are two words for one thing; keep one")
        return self

    @property
    def token_address(self) -> str | None:
        """The token URL under either of its names."""
        return self.token_url or self.access_token_url


class OAuth2ClientCredentialsAuth(TokenServerAuth):
    """A token that the client asks for with its own id and secret (RFC 6749, section 4.4)."""

    type: Literal["oauth2", "oauth2_client_credentials"]
    """`oauth2`, or dlt's `oauth2_client_credentials`."""


class OAuth2RefreshTokenAuth(TokenServerAuth):
    """A token that the client asks for with a refresh token (RFC 6749, section 6), which may be good once."""

    secrets: ClassVar[tuple[str, ...]] = ("client_id", "client_secret", "refresh_token")
    type: Literal["oauth2_refresh_token"]
    """`oauth2_refresh_token`: a token that a refresh token is exchanged for."""
    refresh_token_name: str = Field("refresh_token", min_length=1)
    """The answer's field that holds the next refresh token, where the server hands one out."""


def _path_of_login(value: str) -> str:
    if "://" in value or value.startswith("//") or "?" in value:
        raise ValueError("must be a path at the API's own address, such as /login")
    return value


class Login(Described):
    """The request that a session begins with: a POST with the user's name and password."""

    path: Annotated[str, AfterValidator(_path_of_login)]
    """Where to log in, below the API's address."""
    username_field: str = "username"
    """The field of the body for the user's name."""
    password_field: str = "password"
    """The field of the body for the password."""
    encoding: Literal["json", "form"] = "json"
    """How the body is written: `json` or `form`."""


class SessionAuth(Described):
    """A login, whose answer's values are sent from then on; after a 401 it is done anew."""

    secrets: ClassVar[tuple[str, ...]] = ("username", "password")
    field: ClassVar[tuple[str, str]] = _AUTHORIZATION
    type: Literal["session"]
    """`session`: a login, whose answer's values are sent as headers."""
    login: Login
    """The request that logs in."""
    headers: dict[str, str] = Field(min_length=1)
    """Headers from the answer: a path such as `data.token`, or a text around it such as `Bearer {data.token}`."""


def _shorthand(value: Any) -> Any:
    """dlt's short forms: `auth: bearer`, and a mapping without `type` is bearer."""
    if isinstance(value, str):
        return {"type": value}
    if isinstance(value, Mapping) and "type" not in value:
        return {"type": "bearer", **value}
    return value


Way = Annotated[
    ApiKeyAuth | BearerAuth | HttpBasicAuth | OAuth2ClientCredentialsAuth | OAuth2RefreshTokenAuth | SessionAuth,
    Field(discriminator="type"),
]
_WAY: TypeAdapter[Way] = TypeAdapter(Way)
_WAYS: TypeAdapter[tuple[Way, ...]] = TypeAdapter(tuple[Way, ...])


def _one_or_several(value: Any, _: Any) -> Way | tuple[Way, ...]:
    """Judge a list by its items and anything else as one way, so that errors name no branch that was not meant."""
    if not isinstance(value, (list, tuple)):
        return _WAY.validate_python(_shorthand(value))
    several = _WAYS.validate_python([_shorthand(one) for one in value])
    if not several:
        raise ValueError("must name a way of authentication; leave auth out where the API is open")
    fields = [one.field for one in several]
    if len({*fields}) < len(fields):
        place, _ = next(field for field in fields if fields.count(field) > 1)
        raise ValueError(f"holds two ways that write the same {place}; give each its own name, or keep one of them")
    return several


_Word = Literal["api_key", "bearer", "http_basic"]
Auth = Annotated[
    Way | tuple[Way, ...],
    WrapValidator(_one_or_several, json_schema_input_type=_Word | Way | list[_Word | Way]),
]


def ways_of(auth: Auth | None) -> tuple[Way, ...]:
    """The ways of authentication that a file's `auth` names; none for an open API."""
    if auth is None:
        return ()
    return auth if isinstance(auth, tuple) else (auth,)


def secrets_of(auths: Iterable[Auth | None]) -> tuple[str, ...]:
    """The names of the secrets that ways of authentication take, each once."""
    return tuple(dict.fromkeys(name for auth in auths for way in ways_of(auth) for name in way.secrets))
