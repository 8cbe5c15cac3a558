"""Secrets that are put onto requests as they are: keys, tokens, names with passwords."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote_plus, urlencode, urlsplit, urlunsplit

import requests
from requests.auth import AuthBase

from messaging_assets.description.authentication import ApiKeyAuth
from messaging_assets.foundation.redaction import Redaction


class ApiKey(AuthBase):
    """Puts a key into the header, query, cookie, body or path that the file names."""

    def __init__(self, auth: ApiKeyAuth, key: str) -> None:
        self._auth, self._key = auth, key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the key to a prepared request."""
        if self._auth.location == "header":
            request.headers[self._auth.name] = self._key
        elif self._auth.location == "body":
            replace_field(request, self._auth.name, self._key)
        elif self._auth.location == "cookie":
            replace_cookie(request, self._auth.name, quote_plus(self._key))
        elif self._auth.location == "path":
            # Behind the host alone, whatever the name is.
            parts, key = urlsplit(str(request.url)), quote(self._key, safe=":")
            behind = {part: getattr(parts, part).replace(self._auth.name, key) for part in ("path", "query")}
            request.url = urlunsplit(parts._replace(**behind))
        else:
            replace_parameter(request, self._auth.name, self._key)
        return request


class Header(AuthBase):
    """Puts a fixed Authorization header: Bearer (RFC 6750) or Basic (RFC 7617)."""

    def __init__(self, value: str) -> None:
        self._value = value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header to a prepared request."""
        request.headers["Authorization"] = self._value
        return request


def basic(user: str, password: str, redaction: Redaction) -> str:
    """The value of an Authorization header for a name and a password (RFC 7617)."""
    encoded = b64encode(f"{user}:{password}".encode()).decode()
    redaction.add(encoded)
    return f"Basic {encoded}"


def replace_parameter(request: requests.PreparedRequest, name: str, value: str) -> None:
    """Set a query parameter, once: a link to the next page may carry the key already."""
    without_parameter(request, name)
    parts = urlsplit(str(request.url))
    query = "&".join(filter(None, (parts.query, urlencode({name: value}))))
    request.url = urlunsplit(parts._replace(query=query))


def replace_cookie(request: requests.PreparedRequest, name: str, value: str) -> None:
    """Set a cookie, once."""
    others = str(request.headers.get("Cookie") or "").split("; ")
    others = [one for one in others if one and not one.startswith(f"{name}=")]
    request.headers["Cookie"] = "; ".join([*others, f"{name}={value}"])


def without_parameter(request: requests.PreparedRequest, name: str) -> None:
    """Take a query parameter away."""
    parts = urlsplit(str(request.url))
    others = [pair for pair in parts.query.split("&") if pair and unquote_plus(pair.partition("=")[0]) != name]
    request.url = urlunsplit(parts._replace(query="&".join(others)))


def replace_field(request: requests.PreparedRequest, name: str, value: str) -> None:
    """Set a field of the body, once: of a form where the body is one, else of a JSON object, `a.b` within its `a`."""
    body = request.body.decode() if isinstance(request.body, bytes) else str(request.body or "")
    if "x-www-form-urlencoded" in str(request.headers.get("Content-Type", "")):
        fields = [pair for pair in parse_qsl(body, keep_blank_values=True) if pair[0] != name]
        request.prepare_body(urlencode([*fields, (name, value)]), None)
        return
    request.prepare_body(None, None, _with_field(json.loads(body or "{}"), name.split("."), value))


def _with_field(fields: Any, names: list[str], value: str) -> dict[str, Any]:
    first, *rest = names
    fields = fields if isinstance(fields, dict) else {}
    return {**fields, first: _with_field(fields.get(first), rest, value) if rest else value}
