"""Secrets onto requests: keys, tokens, passwords, and OAuth2 client credentials (RFC 6749, section 4.4).

The secrets are known to these objects alone; dlt never sees them, so they reach none of its configs,
traces or packages.
"""

from __future__ import annotations

import json
import re
import threading
import time
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, quote_plus, unquote_plus, urlencode, urlsplit, urlunsplit

import requests
from requests.auth import AuthBase

from messaging_assets.description.authentication import (
    ApiKeyAuth,
    Auth,
    BearerAuth,
    HttpBasicAuth,
    OAuth2RefreshTokenAuth,
    SessionAuth,
    TokenServerAuth,
    Way,
    ways_of,
)
from messaging_assets.foundation.failures import CheckCredentials, SetSecret
from messaging_assets.foundation.redaction import Redaction, plain_address
from messaging_assets.http.exchange import Exchange, Terms
from messaging_assets.http.kept_token import KeptToken
from messaging_assets.http.wire.answer import Answer

# A token is renewed when this share of its life is over: a fraction, so that short-lived tokens work too.
_USABLE_SHARE = 0.9


class ApiKey(AuthBase):
    """Puts a key into the header, query, cookie or body that the file names."""

    def __init__(self, auth: ApiKeyAuth, key: str) -> None:
        self._auth, self._key = auth, key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the key to a prepared request."""
        if self._auth.location == "header":
            request.headers[self._auth.name] = self._key
        elif self._auth.location == "body":
            _replace_field(request, self._auth.name, self._key)
        elif self._auth.location == "cookie":
            name = f"{self._auth.name}="
            others = str(request.headers.get("Cookie") or "").split("; ")
            others = [one for one in others if one and not one.startswith(name)]
            request.headers["Cookie"] = "; ".join([*others, name + quote_plus(self._key)])
        else:
            _replace_parameter(request, self._auth.name, self._key)
        return request


class Header(AuthBase):
    """Puts a fixed Authorization header: Bearer (RFC 6750) or Basic (RFC 7617)."""

    def __init__(self, value: str) -> None:
        self._value = value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header to a prepared request."""
        request.headers["Authorization"] = self._value
        return request


class Asking(AuthBase):
    """Asks a server for what goes onto requests, through the connections and limits of a session.

    Args:
        url: where to ask.
    """

    def __init__(self, url: str) -> None:
        self.token_url = url
        self._lock = threading.Lock()
        self.exchange: Exchange | None = None
        self.terms: Terms | None = None

    def renew(self, request: requests.PreparedRequest) -> None:
        """Replace what this request was refused with, unless another thread just did."""
        raise NotImplementedError


class ClientCredentials(Asking):
    """Asks the token server for a token, one for all requests of a sync, and renews it ahead of its end."""

    def __init__(
        self,
        auth: TokenServerAuth,
        token_url: str,
        secrets: Mapping[str, str],
        redaction: Redaction,
    ) -> None:
        super().__init__(token_url)
        self._auth, self._secrets, self._redaction = auth, secrets, redaction
        self._token, self._usable_until = "", 0.0

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add a token that is still good to a prepared request."""
        with self._lock:
            if time.monotonic() >= self._usable_until:
                self._ask()
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def renew(self, request: requests.PreparedRequest) -> None:
        """Replace the token that this request was refused with, unless another thread just did."""
        with self._lock:
            if request.headers.get("Authorization") == f"Bearer {self._token}":
                self._usable_until = 0.0
        self(request)

    def _ask(self) -> None:
        assert self.exchange is not None
        assert self.terms is not None
        answer = self.exchange.answer(self._token_request(), self.terms)
        body = answer.parsed if isinstance(answer.parsed, dict) else {}
        self._keep_next(body)
        token = _value_at(body, self._auth.access_token_name)
        if not isinstance(token, str) or not _fits_header(token):
            raise CheckCredentials(
                f"{plain_address(self.token_url)} answered without a usable {self._auth.access_token_name}",
                "check token_url and the client's rights",
                where=self.terms.asset,
            )
        self._redaction.add(token)
        self._token = token
        self._usable_until = time.monotonic() + _USABLE_SHARE * self._life(_value_at(body, self._auth.expires_in_name))

    def _grant(self) -> dict[str, Any]:
        return {"grant_type": "client_credentials"}

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
        client_id, client_secret = self._secrets["client_id"], self._secrets["client_secret"]
        form: dict[str, Any] = {**self._grant(), **self._auth.access_token_request_data}
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        if self._auth.scopes:
            scopes = self._auth.scopes
            form["scope"] = scopes if isinstance(scopes, str) else " ".join(scopes)
        if self._auth.audience:
            form["audience"] = self._auth.audience
        if self._auth.client_authentication == "header":
            # RFC 6749, section 2.3.1: both parts are form-encoded before they are joined.
            headers["Authorization"] = _basic(quote_plus(client_id), quote_plus(client_secret), self._redaction)
        else:
            form |= {"client_id": client_id, "client_secret": client_secret}
        return requests.Request("POST", self.token_url, data=urlencode(form), headers=headers).prepare()


class RefreshToken(ClientCredentials):
    """Asks with a refresh token, and keeps the next one before anything is done with the access token."""

    def __init__(
        self, auth: OAuth2RefreshTokenAuth, token_url: str, secrets: Mapping[str, str], redaction: Redaction, api: str
    ) -> None:
        super().__init__(auth, token_url, secrets, redaction)
        self._next_name, self._variable = auth.refresh_token_name, f"{api}__REFRESH_TOKEN".upper()
        self._kept, self._last = KeptToken(api, secrets["refresh_token"]), ""

    def _ask(self) -> None:
        with self._kept.held() as self._last:
            self._redaction.add(self._last)
            try:
                super()._ask()
            except CheckCredentials as refused:
                step = f"{refused.next_step}, or have the vendor hand out a new refresh token and set {self._variable}"
                raise CheckCredentials(refused.what, step, where=refused.where) from None

    def _grant(self) -> dict[str, Any]:
        return {"grant_type": "refresh_token", "refresh_token": self._last}

    def _keep_next(self, body: Mapping[str, Any]) -> None:
        token = _value_at(body, self._next_name)
        if isinstance(token, str) and token and token != self._last:
            self._redaction.add(token)
            self._kept.keep(token)


class Session(Asking):
    """Logs in once for all requests of a sync, and anew where the session is refused."""

    def __init__(self, auth: SessionAuth, url: str, secrets: Mapping[str, str], redaction: Redaction) -> None:
        super().__init__(url)
        self._auth, self._secrets, self._redaction = auth, secrets, redaction
        self._headers: dict[str, str] = {}

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the session's headers to a prepared request."""
        with self._lock:
            if not self._headers:
                self._headers = self._logged_in()
            request.headers.update(self._headers)
        return request

    def renew(self, request: requests.PreparedRequest) -> None:
        """Log in anew, unless another thread just did."""
        with self._lock:
            if all(request.headers.get(name) == value for name, value in self._headers.items()):
                self._headers = {}
        self(request)

    def _logged_in(self) -> dict[str, str]:
        assert self.exchange is not None
        assert self.terms is not None
        login = self._auth.login
        body = {
            login.username_field: self._secrets["username"],
            login.password_field: self._secrets["password"],
        }
        sent = {"json": body} if login.encoding == "json" else {"data": body}
        request = requests.Request("POST", self.token_url, headers={"Accept": "application/json"}, **sent).prepare()
        answer = self.exchange.answer(request, self.terms)
        return {name: self._filled(text, answer.parsed) for name, text in self._auth.headers.items()}

    def _filled(self, text: str, answer: Any) -> str:
        template = text if "{" in text else f"{{{text}}}"
        return re.sub(r"\{([^{}]+)\}", lambda found: self._value(found[1], answer), template)

    def _value(self, path: str, answer: Any) -> str:
        value = _value_at(answer, path)
        plain = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
        if not _fits_header(plain):
            place = self.terms.asset if self.terms else ""
            raise CheckCredentials(
                f"{plain_address(self.token_url)} answered the login without a usable {path}",
                "check auth.headers and the user's rights",
                where=place,
            )
        if isinstance(value, str):
            self._redaction.add(plain)
        return plain


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


def refused_client(answer: Answer) -> str | None:
    """The error code of a token server's refusal (RFC 6749, section 5.2); None where it is no such thing."""
    from messaging_assets.http.wire.answer import Unreadable, parse

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
        return Header(_basic(secrets.get("username", ""), secrets.get("password", ""), redaction))
    if isinstance(way, SessionAuth):
        return Session(way, token_url or "", secrets, redaction)
    if isinstance(way, OAuth2RefreshTokenAuth):
        return RefreshToken(way, token_url or "", secrets, redaction, api)
    return ClientCredentials(way, token_url or "", secrets, redaction)


def _basic(user: str, password: str, redaction: Redaction) -> str:
    encoded = b64encode(f"{user}:{password}".encode()).decode()
    redaction.add(encoded)
    return f"Basic {encoded}"


def _value_at(body: Any, path: str) -> Any:
    """A field of an answer by its name, or by the names on the way to it."""
    for name in [path] if isinstance(body, dict) and path in body else path.split("."):
        body = body.get(name) if isinstance(body, dict) else None
    return body


def _fits_header(token: str) -> bool:
    return bool(token) and token.isascii() and token.isprintable()


def _replace_parameter(request: requests.PreparedRequest, name: str, value: str) -> None:
    """Set a query parameter, once: a link to the next page may carry the key already."""
    parts = urlsplit(str(request.url))
    others = [pair for pair in parts.query.split("&") if pair and unquote_plus(pair.partition("=")[0]) != name]
    request.url = urlunsplit(parts._replace(query="&".join([*others, urlencode({name: value})])))


def _replace_field(request: requests.PreparedRequest, name: str, value: str) -> None:
    """Set a field of the body, once: of a form where the body is one, else of a JSON object."""
    body = request.body.decode() if isinstance(request.body, bytes) else str(request.body or "")
    if "x-www-form-urlencoded" in str(request.headers.get("Content-Type", "")):
        fields = [pair for pair in parse_qsl(body, keep_blank_values=True) if pair[0] != name]
        request.prepare_body(urlencode([*fields, (name, value)]), None)
        return
    request.prepare_body(None, None, {**json.loads(body or "{}"), name: value})
