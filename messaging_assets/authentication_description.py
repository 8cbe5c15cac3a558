"""How an API wants to be authenticated, as an API file says it; the secrets themselves are never here.

The words are dlt's (https://dlthub.com/docs/dlt-ecosystem/verified-sources/rest_api/basic#authentication),
plus `oauth2`, `token_url`, `scopes`, `audience` and `client_authentication` for RFC 6749.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator


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


class ApiKeyAuth(Described):
    """A key in a header, a query parameter or a cookie."""

    secrets: ClassVar[tuple[str, ...]] = ("api_key",)
    type: Literal["api_key"]
    """`api_key`: a key in a header, a query parameter or a cookie."""
    name: str = "Authorization"
    """The name of the header, parameter or cookie."""
    location: Literal["header", "query", "param", "cookie"] = "header"
    """Where the key goes: `header`, `query`, `param` (dlt's word for query) or `cookie`."""


class BearerAuth(Described):
    """A fixed token in the Authorization header (RFC 6750)."""

    secrets: ClassVar[tuple[str, ...]] = ("token",)
    type: Literal["bearer"] = "bearer"
    """`bearer`: a fixed token in the Authorization header."""


class HttpBasicAuth(Described):
    """A user name and a password (RFC 7617)."""

    secrets: ClassVar[tuple[str, ...]] = ("username", "password")
    type: Literal["http_basic"]
    """`http_basic`: a user name and a password."""


class OAuth2ClientCredentialsAuth(Described):
    """A token that the client asks for with its own id and secret (RFC 6749, section 4.4)."""

    secrets: ClassVar[tuple[str, ...]] = ("client_id", "client_secret")
    type: Literal["oauth2", "oauth2_client_credentials"]
    """`oauth2`, or dlt's `oauth2_client_credentials`."""
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

    @model_validator(mode="after")
    def _one_token_url(self) -> OAuth2ClientCredentialsAuth:
        if self.token_url and self.access_token_url:
            raise ValueError("token_url and access_token_url are two words for one thing; keep one")
        return self

    @property
    def token_address(self) -> str | None:
        """The token URL under either of its names."""
        return self.token_url or self.access_token_url


def _shorthand(value: Any) -> Any:
    """dlt's short forms: `auth: bearer`, and a mapping without `type` is bearer."""
    if isinstance(value, str):
        return {"type": value}
    if isinstance(value, Mapping) and "type" not in value:
        return {"type": "bearer", **value}
    return value


_AnyAuth = Annotated[ApiKeyAuth | BearerAuth | HttpBasicAuth | OAuth2ClientCredentialsAuth, Field(discriminator="type")]
_Word = Literal["api_key", "bearer", "http_basic"]
Auth = Annotated[_AnyAuth, BeforeValidator(_shorthand, json_schema_input_type=_Word | _AnyAuth)]
