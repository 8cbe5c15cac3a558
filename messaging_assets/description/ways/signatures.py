"""Ways of authentication in which the client signs: tokens of its own making, requests, AWS's way."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from messaging_assets.description.ways.described import Described, Prefix, SecretName
from messaging_assets.description.ways.placeholders import OF_REQUEST, fields_in, filled_by, secrets_in

ALWAYS = ("now", "nonce")
_SENT = filled_by(*ALWAYS, *OF_REQUEST, "signature")

JwtAlgorithm = Literal[
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
    "ES256", "ES256K", "ES384", "ES512", "EdDSA",
]  # fmt: skip


def _aws_name(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]{2,40}", value):
        raise ValueError("must be in small letters, as AWS writes it, such as eu-west-1 or execute-api")
    return value


_AwsName = Annotated[str, AfterValidator(_aws_name)]


def _said_in_json(value: dict[str, Any]) -> dict[str, Any]:
    try:
        json.dumps(value)
    except TypeError:
        raise ValueError("holds a value that JSON does not have, such as a date; write it in quotes") from None
    if not isinstance(value.get("kid", ""), str):
        raise ValueError("kid must be a text; write it in quotes")
    return value


_Said = Annotated[dict[str, Any], filled_by(*ALWAYS, *OF_REQUEST), AfterValidator(_said_in_json)]


class Keyed(Described):
    """What all have in common that sign with a key."""

    secret: SecretName = "private_key"
    """The key's name; its value is set elsewhere, of a private key in PEM."""
    secret_encoding: Literal["text", "base64", "hex"] = "text"
    """How the key's value is written: `text`, `base64` or `hex`."""


class Jwt(Keyed):
    """A JSON Web Token that the client signs (RFC 7519); `iat` and `exp` are added."""

    algorithm: JwtAlgorithm
    """How it is signed, such as `HS256` with a shared secret or `RS256` with a private key."""
    passphrase: SecretName | None = None
    """The name of the secret that opens the private key, where it is encrypted."""
    claims: _Said = Field(default_factory=dict)
    """What it says, such as `{iss: "{secret.client_id}", aud: https://auth.example.com}`."""
    jwt_headers: _Said = Field(default_factory=dict)
    """More of its header, such as `{kid: "{secret.key_id}"}`."""
    token_duration: int = Field(300, gt=0, le=86_400)
    """Seconds that it lives."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of the secrets that it takes."""
        own = (self.secret, *((self.passphrase,) if self.passphrase else ()))
        return (*own, *secrets_in(self.claims, self.jwt_headers))


class JwtAuth(Jwt):
    """A token of the client's own making in a header, made anew before it ends."""

    type: Literal["jwt"]
    """`jwt`: a token that the client signs itself."""
    name: str = "Authorization"
    """The header's name."""
    prefix: Prefix = "Bearer "
    """What stands before the token, such as `JWT ` with its blank."""

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """Where it writes."""
        return (("header", self.name.lower()),)


class HmacAuth(Keyed):
    """A signature of each request (RFC 2104), made when it is sent, so that its time is right after a wait too."""

    type: Literal["hmac"]
    """`hmac`: a signature of each request by a shared secret."""
    secret: SecretName = "secret_key"
    """The key's name; its value is set elsewhere."""
    text: Annotated[str, filled_by(*ALWAYS, *OF_REQUEST, "header")]
    """What is signed, such as `{now:epoch_seconds}{method}{target}{body}`."""
    algorithm: Literal["md5", "sha1", "sha256", "sha384", "sha512"] = "sha256"
    """The hash beneath it: `sha256`, `sha1`, `sha384`, `sha512` or `md5`."""
    encoding: Literal["hex", "base64", "base64url"] = "hex"
    """How the signature is written: `hex`, `base64` or `base64url`."""
    headers: Annotated[dict[str, str], _SENT] = Field(default_factory=dict)
    """Headers that carry it, and what else it takes: `{Authorization: "HMAC {secret.key_id}:{signature}"}`."""
    params: Annotated[dict[str, str], _SENT] = Field(default_factory=dict)
    """Parameters of the query that carry it, and what else it takes."""

    @model_validator(mode="after")
    def _is_sent(self) -> HmacAuth:
        if not any(name == "signature" for name, _ in fields_in((self.headers, self.params))):
            raise ValueError("sends the signature nowhere; write {signature} in headers or params")
        return self

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of the secrets that it takes."""
        return (self.secret, *secrets_in(self.text, self.headers, self.params))

    @property
    def unsent(self) -> list[str]:
        """What is signed and only the client knows, and no header or parameter sends."""
        sent = {*fields_in((self.headers, self.params))}
        signed = dict.fromkeys(one for one in fields_in(self.text) if one[0] in ALWAYS and one not in sent)
        return [f"{{{name}{function and ':' + function}}}" for name, function in signed]

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """Where it writes."""
        return (*(("header", name.lower()) for name in self.headers), *(("query", name) for name in self.params))


class AwsAuth(Described):
    """A signature of each request as AWS wants it (Signature Version 4); needs the extra `aws`."""

    type: Literal["aws_sigv4"]
    """`aws_sigv4`: AWS's Signature Version 4 of each request."""
    region: _AwsName
    """The region, such as `eu-west-1`."""
    service: _AwsName
    """The service by its name in signatures, such as `execute-api`."""
    temporary: bool = False
    """Whether the keys are temporary, and go with a session token (`session_token`)."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of the secrets that it takes."""
        return ("access_key_id", "secret_access_key", *(("session_token",) if self.temporary else ()))

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """Where it writes."""
        return (("header", "authorization"),)
