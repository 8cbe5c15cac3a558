"""OAuth2 tokens (RFC 6749): by client credentials, a password, a refresh token, or a signed assertion (RFC 7523)."""

from __future__ import annotations

import secrets as random
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus, urlencode

import requests

from messaging_assets.answers.formats.json_text import Unreadable, parse
from messaging_assets.description.ways.placeholders import filled
from messaging_assets.description.ways.token_servers import (
    OAuth2JwtBearerAuth,
    OAuth2PasswordAuth,
    OAuth2RefreshTokenAuth,
    TokenServerAuth,
)
from messaging_assets.foundation.failures import CheckCredentials
from messaging_assets.foundation.redaction import Redaction, plain_address
from messaging_assets.http.ways.asked_secrets import Asking, fits_header, issued_in, value_at
from messaging_assets.http.ways.kept_token import KeptToken
from messaging_assets.http.ways.plain_secrets import basic
from messaging_assets.http.ways.shared_token import shared_store
from messaging_assets.http.ways.signatures import Placeholders
from messaging_assets.http.ways.signed_tokens import Signer
from messaging_assets.http.wire.answer import Answer

# A token is renewed when this share of its life is over: a fraction, so that short-lived tokens work too.
_USABLE_SHARE = 0.9
_JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_JWT_CLIENT = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class OAuth2Token(Asking):
    """Asks the token server for a token, one for all requests of a sync, and renews it ahead of its end."""

    def __init__(
        self,
        auth: TokenServerAuth,
        token_url: str,
        secrets: Mapping[str, str],
        redaction: Redaction,
        place: str,
        run: str | None = None,
    ) -> None:
        super().__init__(token_url, issued_in(run, token_url, auth, sorted(secrets.items())))
        self._auth, self._secrets, self._redaction = auth, secrets, redaction
        self._signer = Signer(auth.assertion, secrets, place) if auth.assertion else None
        self._hidden = ""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add a token that is still good to a prepared request."""
        with self._issued.lock:
            if time.monotonic() >= self._issued.usable_until:
                self._asked(self._ask)
            token = self._issued.value
        if token != self._hidden:
            # Another list of the run may have asked for it.
            self._redaction.add(token)
            self._hidden = token
        request.headers["Authorization"] = self._auth.prefix + token
        return request

    def renew(self, request: requests.PreparedRequest, refusal: Answer) -> bool:
        """Replace the token that this request was refused with, unless another thread just did."""
        with self._issued.lock:
            if self._has_newest(request):
                self._issued.usable_until = 0.0
        self(request)
        return True

    def is_newest(self, request: requests.PreparedRequest) -> bool:
        """Whether a request was refused with the token that was asked for last."""
        with self._issued.lock:
            return self._has_newest(request)

    def _has_newest(self, request: requests.PreparedRequest) -> bool:
        return request.headers.get("Authorization") == self._auth.prefix + (self._issued.value or "")

    def _ask(self) -> None:
        assert self.exchange is not None
        assert self.terms is not None
        answer = self.exchange.answer(self._token_request(), self.terms)
        body = answer.parsed if isinstance(answer.parsed, dict) else {}
        self._keep_next(body)
        token = value_at(body, self._auth.access_token_name)
        if not isinstance(token, str) or not fits_header(token):
            raise CheckCredentials(
                f"{plain_address(self.token_url)} answered without a usable {self._auth.access_token_name}",
                "check token_url and the client's rights",
                where=self.terms.asset,
            )
        life = _USABLE_SHARE * self._life(value_at(body, self._auth.expires_in_name))
        self._issued.value, self._issued.usable_until = token, time.monotonic() + life

    def _grant(self) -> dict[str, Any]:
        if isinstance(self._auth, OAuth2PasswordAuth):
            user = {name: self._secrets[name] for name in ("username", "password")}
            return {"grant_type": "password", **user}
        if isinstance(self._auth, OAuth2JwtBearerAuth):
            return {"grant_type": _JWT_GRANT, "assertion": self._assertion()}
        return {"grant_type": "client_credentials"}

    def _assertion(self) -> str:
        assert self._signer is not None
        claims, headers = self._signer.said(None)
        if "iss" not in claims:
            claims["iss"] = self._secrets["client_id"]
        usual = {"sub": claims["iss"], "aud": self.token_url, "jti": random.token_hex(16)}
        made = self._signer.signed({**usual, **claims}, headers)
        self._redaction.add(made)
        return made

    def _client(self, headers: dict[str, str]) -> dict[str, str]:
        """How the client shows who it is: fields of the request, or a header."""
        how, secrets = self._auth.client_authentication, self._secrets
        if how == "none":
            return {}
        if how == "header":
            # RFC 6749, section 2.3.1: both parts are form-encoded before they are joined.
            user, password = quote_plus(secrets["client_id"]), quote_plus(secrets["client_secret"])
            headers["Authorization"] = basic(user, password, self._redaction)
            return {}
        if how == "body":
            return {name: secrets[name] for name in ("client_id", "client_secret")}
        proof = {"client_assertion_type": _JWT_CLIENT, "client_assertion": self._assertion()} if how != "id" else {}
        return {"client_id": secrets["client_id"], **proof}

    def _keep_next(self, body: Mapping[str, Any]) -> None:
        """Keep what the next request for a token needs."""

    def _life(self, expires_in: Any) -> float:
        try:
            seconds = float(expires_in)
        except (TypeError, ValueError):
            seconds = 0.0
        # Zero and nonsense are no statement; a token that ends earlier than assumed is renewed on the 401.
        return seconds if seconds > 0 else float(self._auth.default_token_expiration)

    def _token_request(self) -> requests.PreparedRequest:
        auth, headers = self._auth, {"Accept": "application/json"}
        value = Placeholders(None, self._secrets).value
        more = {
            name: filled(one, value) if "{secret." in str(one) else one
            for name, one in auth.access_token_request_data.items()
        }
        form: dict[str, Any] = {**self._grant(), **more}
        if auth.scopes:
            form["scope"] = auth.scopes if isinstance(auth.scopes, str) else " ".join(auth.scopes)
        if auth.audience:
            form["audience"] = auth.audience
        form |= self._client(headers)
        form = {auth.request_names.get(name, name): one for name, one in form.items()}
        sent: dict[str, Any] = {"json": form} if auth.encoding == "json" else {}
        if auth.encoding == "form":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            sent = {"data": urlencode(form)}
        elif auth.encoding == "query":
            sent = {"params": form}
        return requests.Request("POST", self.token_url, headers=headers, **sent).prepare()


class RefreshToken(OAuth2Token):
    """Asks with a refresh token, and keeps the next one before anything is done with the access token."""

    def __init__(
        self,
        auth: OAuth2RefreshTokenAuth,
        token_url: str,
        secrets: Mapping[str, str],
        redaction: Redaction,
        place: str,
        run: str | None = None,
    ) -> None:
        super().__init__(auth, token_url, secrets, redaction, place, run)
        api = place.partition(".")[0]
        self._next_name, self._variable = auth.refresh_token_name, f"{api}__REFRESH_TOKEN".upper()
        self._kept, self._last = (shared_store(redaction, place) or KeptToken)(api, secrets["refresh_token"]), ""

    def _ask(self) -> None:
        with self._kept.held() as self._last:
            self._redaction.add(self._last)
            try:
                super()._ask()
            except CheckCredentials as refused:
                raise CheckCredentials(
                    refused.what,
                    f"{refused.next_step}, or have the vendor hand out a new refresh token and set {self._variable}",
                    where=refused.where,
                ) from None

    def _grant(self) -> dict[str, Any]:
        return {"grant_type": "refresh_token", "refresh_token": self._last}

    def _keep_next(self, body: Mapping[str, Any]) -> None:
        token = value_at(body, self._next_name)
        if isinstance(token, str) and token and token != self._last:
            self._redaction.add(token)
            self._kept.keep(token)


def refused_client(answer: Answer) -> str | None:
    """The error code of a token server's refusal (RFC 6749, section 5.2); None where it is no such thing."""
    if answer.status_code not in (400, 401, 403):
        return None
    try:
        body = parse(answer.content, None)
    except Unreadable:
        return None
    code = body.get("error") if isinstance(body, dict) else None
    known = (
        "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client",
        "unsupported_grant_type", "invalid_scope", "access_denied",
    )  # fmt: skip
    return code if code in known else None
