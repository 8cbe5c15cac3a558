"""Ways of authentication that ask a server first: for a token (RFC 6749), or by a login."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from messaging_assets.description.ways.described import Described, Prefix, WebAddress
from messaging_assets.description.ways.placeholders import check, filled_by, secrets_in
from messaging_assets.description.ways.signatures import ALWAYS, Jwt


class TokenServerAuth(Described):
    """What all ways have in common that ask a token server (RFC 6749)."""

    own_secrets: ClassVar[tuple[str, ...]] = ()
    fields: ClassVar[tuple[tuple[str, str], ...]] = (("header", "authorization"),)
    token_url: WebAddress | None = None
    """Where tokens come from."""
    access_token_url: WebAddress | None = None
    """dlt's word for `token_url`."""
    scopes: list[str] | str | None = None
    """What a token is for: a list or a text."""
    audience: str | None = None
    """Whom a token is for, where the server wants to know."""
    client_authentication: Literal["body", "header", "id", "assertion", "none"] = "body"
    """The client's id and secret in the `body` or a `header`, its `id` alone, a signed `assertion`, or `none`."""
    assertion: Jwt | None = None
    """The token that the client signs, as its grant or to prove who it is."""
    access_token_request_data: dict[str, Any] = Field(default_factory=dict)
    """More fields of the request for a token, another `grant_type` too; also `{secret.<name>}`."""
    request_names: dict[str, str] = Field(default_factory=dict)
    """Other names of the request's fields, such as `{client_id: app_id}`."""
    encoding: Literal["form", "json", "query"] = "form"
    """How the request for a token is written: a `form`, `json`, or in the `query`."""
    default_token_expiration: int = Field(3600, gt=0)
    """Seconds that a token lives where the server is silent."""
    access_token_name: str = Field("access_token", min_length=1)
    """The answer's field that holds the token, `a.b` where it is nested."""
    expires_in_name: str = Field("expires_in", min_length=1)
    """The answer's field that holds the seconds that the token lives."""
    prefix: Prefix = "Bearer "
    """What stands before the token in the Authorization header."""

    @model_validator(mode="after")
    def _fits_together(self) -> TokenServerAuth:
        if self.token_url and self.access_token_url:
            raise ValueError("token_url and access_token_url are two words for one thing; keep one")
        if self.access_token_request_data.get("grant_type") == "refresh_token":
            raise ValueError(
                "write type: oauth2_refresh_token, which keeps the next refresh token; take grant_type out"
            )
        check((), {name: one for name, one in self.access_token_request_data.items() if "{secret." in str(one)})
        if self.assertion:
            check(ALWAYS, (self.assertion.claims, self.assertion.jwt_headers))
        takes = self.client_authentication == "assertion" or isinstance(self, OAuth2JwtBearerAuth)
        if takes != (self.assertion is not None):
            words = "is missing; write assertion: {algorithm: RS256, claims: {...}}"
            raise ValueError(
                f"assertion {words}"
                if takes
                else "assertion goes with oauth2_jwt_bearer, or client_authentication: assertion"
            )
        return self

    @property
    def token_address(self) -> str | None:
        """The token URL under either of its names."""
        return self.token_url or self.access_token_url

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of the secrets that it takes."""
        client = {"none": (), "id": ("client_id",), "assertion": ("client_id",)}
        signed = self.assertion.secrets if self.assertion else ()
        if self.assertion and "iss" not in self.assertion.claims:
            signed = ("client_id", *signed)
        written = [one for one in self.access_token_request_data.values() if "{secret." in str(one)]
        usual = ("client_id", "client_secret")
        found = (*client.get(self.client_authentication, usual), *self.own_secrets, *signed, *secrets_in(written))
        return tuple(dict.fromkeys(found))


class OAuth2ClientCredentialsAuth(TokenServerAuth):
    """A token that the client asks for with its own id and secret (RFC 6749, section 4.4)."""

    type: Literal["oauth2", "oauth2_client_credentials"]
    """`oauth2`, or dlt's `oauth2_client_credentials`."""


class OAuth2PasswordAuth(TokenServerAuth):
    """A token that the client asks for with a user's name and password (RFC 6749, section 4.3)."""

    own_secrets: ClassVar[tuple[str, ...]] = ("username", "password")
    type: Literal["oauth2_password"]
    """`oauth2_password`: a token that a user's name and password are exchanged for."""


class OAuth2JwtBearerAuth(TokenServerAuth):
    """A token that the client asks for with a token of its own making (RFC 7523)."""

    type: Literal["oauth2_jwt_bearer"]
    """`oauth2_jwt_bearer`: a token that a signed `assertion` is exchanged for."""
    client_authentication: Literal["body", "header", "id", "assertion", "none"] = "none"
    """The client's id and secret in the `body` or a `header`, its `id` alone, a signed `assertion`, or `none`."""


class OAuth2RefreshTokenAuth(TokenServerAuth):
    """A token that the client asks for with a refresh token (RFC 6749, section 6), which may be good once."""

    own_secrets: ClassVar[tuple[str, ...]] = ("refresh_token",)
    type: Literal["oauth2_refresh_token"]
    """`oauth2_refresh_token`: a token that a refresh token is exchanged for."""
    refresh_token_name: str = Field("refresh_token", min_length=1)
    """The answer's field that holds the next refresh token, where the server hands one out."""


def _path_of_login(value: str) -> str:
    if "://" in value or value.startswith("//") or "?" in value:
        raise ValueError("must be a path at the API's own address, such as /login")
    return value


class Login(Described):
    """The request that a session begins with, with the user's name and password, or with other secrets."""

    path: Annotated[str, AfterValidator(_path_of_login)]
    """Where to log in, below the API's address."""
    method: Literal["GET", "POST"] = "POST"
    """`POST`, or `GET`: name, password and fields are parameters of the query then, or a `basic` header."""
    username_field: str | None = "username"
    """The field of the body for the user's name; null for a login without one."""
    password_field: str | None = "password"
    """The field of the body for the password; null for a login without one, as by a key among `fields` or `headers`."""
    fields: Annotated[dict[str, Any], filled_by()] = Field(default_factory=dict)
    """More fields of the body, such as `{tenant: "{secret.tenant}"}`; all of it where they name `{secret.password}`."""
    headers: Annotated[dict[str, str], filled_by()] = Field(default_factory=dict)
    """Headers of the login, such as `{X-Key: "{secret.app_key}"}`."""
    encoding: Literal["json", "form", "basic"] = "json"
    """How name and password go: in a body as `json` or `form`, or as `basic` in a header."""

    @model_validator(mode="after")
    def _sends_a_secret(self) -> Login:
        if not self.secrets:
            raise ValueError("sends no secret; name one in fields or headers, or leave username_field as it is")
        return self

    @property
    def own_fields(self) -> dict[str, str]:
        """The secrets that go into a field each without being named in `fields`, by that field."""
        if self.encoding == "basic" or "password" in secrets_in(self.fields):
            return {}
        named = (("username", self.username_field), ("password", self.password_field))
        return {field: secret for secret, field in named if field}

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of the secrets that it takes."""
        by_itself = ("username", "password") if self.encoding == "basic" else self.own_fields.values()
        return tuple(dict.fromkeys((*by_itself, *secrets_in(self.fields, self.headers))))


class SessionAuth(Described):
    """A login, whose answer's values or cookies are sent from then on; after a 401 it is done anew."""

    type: Literal["session"]
    """`session`: a login, whose answer's values are sent from then on; its cookies go by themselves."""
    login: Login
    """The request that logs in."""
    headers: dict[str, str] = Field(default_factory=dict)
    """Headers from the answer: a path such as `data.token`, or `Bearer {data.token}`; `$`, `{header.X-Token}`."""
    params: dict[str, str] = Field(default_factory=dict)
    """Parameters of the query from the answer, in the same way."""
    body: dict[str, str] = Field(default_factory=dict)
    """Fields of each request's body from the answer, in the same way; `a.b` is nested."""

    @property
    def sent(self) -> dict[str, dict[str, str]]:
        """The paths of values that are sent, by where they go and by the name that they have there."""
        return {"headers": self.headers, "params": self.params, "body": self.body}

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of the secrets that it takes."""
        return self.login.secrets

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """Where it writes."""
        headers = (("header", name.lower()) for name in self.headers)
        return (*headers, *(("query", name) for name in self.params), *(("body", name) for name in self.body))
