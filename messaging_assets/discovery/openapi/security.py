"""Security schemes of an API document -> the way of authentication that an API file has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from messaging_assets.discovery.found import without_nothing
from messaging_assets.discovery.openapi.document import Document, Operation

# What stands before a key in the header Authorization, where words of its scheme show it: `Token token=<API_KEY>`.
_SHOWN = re.compile(
    r"[`\"':]\s*(?!(?:your|my|the|an?|api|access|key|authorization)\b)([a-z][\w-]*(?: [a-z]+=| ))\"?"
    r"(?:[<{\[]|(?:your|my|xxx|api|access|key|token)\b)",
    re.IGNORECASE,
)
_UNSHOWN = "the document does not say what stands before the key in Authorization; if anything does, write prefix"
_FIXED_TOKEN = "its tokens are given to people or programs beforehand; one goes into the environment as a fixed token"


def auth_of(document: Document, operation: Operation) -> tuple[Any, str]:
    """How an operation is authenticated, as an API file has it, and a remark on what was simplified.

    The first alternative that an API file can say is taken; None where the document asks for nothing.
    """
    alternatives, base = [names for names in operation.security if names], document.base_url
    if not alternatives and document.schemes and not document.says_security:
        auth, remark = next(
            ((a, r) for one in document.schemes.values() for a, r in [_auth(one, base)] if a), (None, "")
        )
        told = "the document names ways of authentication and says of no list which one it takes; its first one is used"
        return auth, "; ".join(filter(None, (told if auth else "", remark)))
    if not alternatives and (header := next((one for one in operation.parameters if one.is_credential), None)):
        return _by_header(header.name)
    for names in alternatives:
        ways = [_auth(document.schemes.get(name, {}), base) for name in names]
        if len(ways) > 1 and (several := _together([auth for auth, _ in ways])):
            return several, "; ".join(filter(None, (remark for _, remark in ways)))
        auth, remark = ways[0]
        if auth:
            others = f"the document asks for {' and '.join(names[1:])} too" if len(names) > 1 else ""
            return auth, "; ".join(filter(None, (remark, others)))
    if alternatives:
        return None, f"no way is known to authenticate by {', '.join(name for names in alternatives for name in names)}"
    return None, ""


def _together(ways: list[dict[str, Any] | None]) -> list[dict[str, Any]] | None:
    """Keys that go with each request beside each other, each by a name of its own; None where one is something else."""
    keys = [way for way in ways if way is not None and way["type"] == "api_key"]
    others = [way for way in ways if way is not None and way["type"] != "api_key"]
    headers = {str(way["name"]).lower() for way in keys if way["location"] == "header"}
    if len(keys) + len(others) < len(ways) or len(others) > 1 or (others and "authorization" in headers):
        return None
    named = [re.sub(r"[^a-z0-9]+", "_", str(way["name"]).lower()).strip("_0123456789")[:40] for way in keys]
    if len({*named}) < len(named) or not all(named):
        return None
    return [*others, *({**way, "secret": name} for way, name in zip(keys, named, strict=True))]


def _by_header(name: str) -> tuple[dict[str, Any], str]:
    """The way that a required header means, where the document describes no scheme."""
    told = f"the document names no way of authentication, but requires the header {name}"
    if name.lower() == "authorization":
        return {"type": "bearer"}, f"{told}, which is taken for a fixed token behind the word Bearer"
    return {"type": "api_key", "name": name, "location": "header"}, f"{told}, which is taken for one"


def _auth(scheme: Mapping[str, Any], base_url: str) -> tuple[dict[str, Any] | None, str]:
    kind, word = scheme.get("type"), str(scheme.get("scheme", "")).lower()
    if "sigv4" in str(scheme.get("x-amazon-apigateway-authtype", "")).lower():
        told = "requests are signed as AWS wants it; see that the region is right"
        return {"type": "aws_sigv4", "region": "us-east-1", "service": "execute-api"}, told
    if kind == "apiKey" and str(scheme.get("name")).lower() == "authorization" and scheme.get("in") == "header":
        return _in_authorization(scheme)
    if kind == "apiKey":
        return {"type": "api_key", "name": scheme.get("name"), "location": scheme.get("in")}, ""
    if kind == "basic" or (kind == "http" and word == "basic"):
        return {"type": "http_basic"}, ""
    if kind == "http" and word == "digest":
        return {"type": "http_digest"}, ""
    if kind == "http" and word == "bearer":
        return {"type": "bearer"}, ""
    if kind == "oauth2":
        return _oauth2(scheme, base_url)
    if kind == "openIdConnect":
        return {"type": "bearer"}, _FIXED_TOKEN
    return None, ""


def _in_authorization(scheme: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """A key in the header Authorization, with what the words of its scheme put before it."""
    words = " ".join(str(scheme.get(name) or "") for name in ("description", "x-default", "x-prefix"))
    prefix = shown[1] if (shown := _SHOWN.search(words)) else ""
    if prefix.lower() == "bearer " or (not prefix and re.search(r"\bbearer\b", words, re.IGNORECASE)):
        return {"type": "bearer"}, ""
    key = {"type": "api_key", "name": scheme["name"], "location": "header"}
    return ({**key, "prefix": prefix}, "") if prefix else (key, _UNSHOWN)


def _oauth2(scheme: Mapping[str, Any], base_url: str) -> tuple[dict[str, Any], str]:
    flows: Mapping[str, Any] = scheme.get("flows") or {}
    flow = flows.get("clientCredentials") if flows else scheme if scheme.get("flow") == "application" else None
    way = "oauth2"
    if not flow and {*flows} <= {"password"} and scheme.get("flow", "password") == "password":
        flow, way = flows.get("password", scheme), "oauth2_password"
    written = str(flow.get("tokenUrl") or "") if flow else ""
    # Of an address that nothing fills the path may still be one.
    path = urlsplit(written.replace("{", "").replace("}", "")).path if "{" in written else written
    url = urljoin(f"{base_url}/", path)
    if not flow or not path or "{" in urlsplit(written).path or not url.startswith(("http://", "https://")):
        return {"type": "bearer"}, _FIXED_TOKEN
    scopes = sorted(flow.get("scopes") or {})
    told = "" if url == written else "the document does not say at which address its token_url is; see that it is right"
    return without_nothing({"type": way, "token_url": url, "scopes": scopes or None}), told
