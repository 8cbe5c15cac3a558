"""Request in, answer out: the ASGI application behind the sandbox."""

from __future__ import annotations

import asyncio
import gzip
import hmac
import ipaddress
import re
import secrets
import time
from base64 import b64decode
from binascii import Error as NotBase64
from collections import deque
from typing import Any
from urllib.parse import parse_qsl, unquote, unquote_plus

import orjson

from messaging_assets.sandbox import pages
from messaging_assets.sandbox.control import control
from messaging_assets.sandbox.data import APIS, OAUTH_API, TABLES, Row
from messaging_assets.sandbox.faults import Fault, Receive, Send, deliver, encode
from messaging_assets.sandbox.played_apis import PlayedApis
from messaging_assets.sandbox.settings import Answer, RefusedError, Request

BY_PATH = {(table.api, table.path): table.resource for table in TABLES.values()}
NO_FAULT = Fault()


class Application:
    """Answers for all APIs; rows, settings, faults and the record of requests belong to the sandbox."""

    def __init__(self, sandbox: PlayedApis) -> None:
        self.sandbox = sandbox
        self._recent: deque[float] = deque()

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        try:
            # The raw path, because an encoded slash inside an id must not split it.
            segments = [unquote(part) for part in scope["raw_path"].decode().split("/")[1:]]
            if not _is_asked_as_itself(scope):
                answer = RefusedError(421, "the sandbox is asked by the name of loopback only").answer
            elif segments[0] in APIS:
                return await self._api(segments, scope, receive, send)
            else:
                answer = control(self.sandbox, segments, scope["method"], await _body(scope, receive))
            await deliver(send, receive, answer.status, _json(answer.headers), encode(answer.payload), NO_FAULT)
        except Exception as error:
            self.sandbox.errors.append(error)  # told by stop(): a client would only see a 500 and try again
            raise

    async def _api(self, segments: list[str], scope: Any, receive: Receive, send: Send) -> None:
        request = await _request(scope, receive)
        self.sandbox.requests.append(request)
        fault = NO_FAULT
        try:
            answer = self._token(request) if segments[1:] == ["oauth", "token"] else self._data(segments, request)
            fault = self.sandbox.faults.due(request) or NO_FAULT
            answer = fault.alter(answer, request)
        except RefusedError as refused:
            answer = refused.answer
        body, headers = encode(answer.payload), _json(answer.headers)
        if self.sandbox.settings.gzip and "gzip" in request.headers.get("accept-encoding", ""):
            body, headers = gzip.compress(body, compresslevel=1), {"Content-Encoding": "gzip", **headers}
        if wait := self.sandbox.settings.latency + fault.latency:
            await asyncio.sleep(wait)
        request.status = None if fault.reset and not fault.truncate else answer.status
        request.answered = time.monotonic()
        await deliver(send, receive, answer.status, headers, body, fault)

    def _data(self, segments: list[str], request: Request) -> Answer:
        version, *path = segments[1:] or [""]
        style = path.pop() if path and path[-1] in pages.STYLES else ""
        request.resource = BY_PATH.get((request.api, path[-1])) if len(path) in (1, 3) else None
        if version != "v1" or request.resource is None:
            raise RefusedError(404, "there is nothing at this path")
        if request.method not in ("GET", "POST"):
            raise RefusedError(405, "only GET and POST are allowed", {"Allow": "GET, POST"})
        self._authorise(request)
        self._pace()
        rows = self._children(request, *path) if len(path) == 3 else self.sandbox.rows(request.api, request.resource)
        query = {**request.query, **_parameters(request)}
        query.pop(self.sandbox.settings.key_name, None)  # no secret in a link to the next page
        url = f"{self.sandbox.url}{request.path}"
        request.offset, answer = pages.page(pages.filtered(rows, query), style, query, self.sandbox.settings, url)
        return answer

    def _children(self, request: Request, parents: str, key: str, children: str) -> list[Row]:
        parent = BY_PATH.get((request.api, parents))
        if parent is None or not any(row.get("id") == key for row in self.sandbox.rows(request.api, parent)):
            raise RefusedError(404, "there is no such parent")
        rows = self.sandbox.rows(request.api, BY_PATH[request.api, children])
        return [row for row in rows if row.get(f"{parents.removesuffix('s')}_id") == key]

    def _authorise(self, request: Request) -> None:
        settings = self.sandbox.settings
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if request.api == OAUTH_API:
            if scheme.lower() != "bearer" or self.sandbox.tokens.get(given, 0.0) <= time.monotonic():
                # RFC 6750, section 3
                raise RefusedError(401, "invalid_token", {"WWW-Authenticate": 'Bearer error="invalid_token"'})
            return
        key = {
            "query": request.query.get(settings.key_name, ""),
            "header": request.headers.get(settings.key_name.lower(), ""),
            "bearer": given if scheme.lower() == "bearer" else "",
            "basic": _basic(request)[1],
        }[settings.key_in]
        if not _same(key, self.sandbox.keys[request.api]):
            raise RefusedError(401, "the API key is missing or wrong")

    def _token(self, request: Request) -> Answer:
        """Answer as RFC 6749, sections 4.4 and 5, wants it."""
        request.resource = "token"
        if request.api != OAUTH_API:
            raise RefusedError(404, "there is nothing at this path")
        form = dict(parse_qsl(request.body)) if request.method == "POST" else {}
        if form.get("grant_type") != "client_credentials":
            raise RefusedError(400, "unsupported_grant_type" if "grant_type" in form else "invalid_request")
        given = _basic(request) if "authorization" in request.headers else ()
        client = given or (form.get("client_id", ""), form.get("client_secret", ""))
        decoded = tuple(unquote_plus(part) for part in client)  # section 2.3.1 encodes them inside the header
        if not any(all(map(_same, pair, self.sandbox.client)) for pair in (client, decoded)):
            raise RefusedError(401, "invalid_client", {"WWW-Authenticate": "Basic"} if given else {})
        life = self.sandbox.settings.token_life
        token = secrets.token_urlsafe(24)
        self.sandbox.tokens[token] = time.monotonic() + life
        payload = {"access_token": token, "token_type": "Bearer", "expires_in": int(life)}
        return Answer(payload, headers={"Cache-Control": "no-store"})

    def _pace(self) -> None:
        most, now = self.sandbox.settings.requests_per_second, time.monotonic()
        if most is None:
            return
        while self._recent and self._recent[0] <= now - 1:
            self._recent.popleft()
        if len(self._recent) >= most:
            raise RefusedError(429, "too many requests", {"Retry-After": "1"})
        self._recent.append(now)


def _is_asked_as_itself(scope: Any) -> bool:
    """Whether the Host header names loopback: a page of the web may let its own name mean this machine."""
    host = next((value for name, value in scope["headers"] if name == b"host"), b"localhost").decode("latin-1")
    name = host.rpartition(":")[0] if re.search(r":\d+$", host) else host
    try:
        return name.lower() == "localhost" or ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


async def _request(scope: Any, receive: Receive) -> Request:
    path = scope["raw_path"].decode()
    return Request(
        method=scope["method"],
        path=path,
        query=dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True)),
        headers={name.decode(): value.decode("latin-1") for name, value in scope["headers"]},
        body=(await _body(scope, receive)).decode(errors="replace"),
        api=path.split("/")[1],
        at=time.monotonic(),
    )


async def _body(scope: Any, receive: Receive) -> bytes:
    body, more = b"", scope["method"] not in ("GET", "HEAD")
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    return body


def _parameters(request: Request) -> dict[str, str]:
    """Return the parameters in a JSON body, for APIs that are paged by POST."""
    if request.method != "POST" or not request.body:
        return {}
    try:
        parameters = orjson.loads(request.body)
        return {str(name): str(value) for name, value in parameters.items()}
    except (ValueError, AttributeError):
        raise RefusedError(400, "the body is no JSON object") from None


def _basic(request: Request) -> tuple[str, str]:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        user, _, password = b64decode(encoded if scheme.lower() == "basic" else "").decode().partition(":")
    except (NotBase64, UnicodeDecodeError):
        return "", ""
    return user, password


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def _json(headers: dict[str, str]) -> dict[str, str]:
    return {"Content-Type": "application/json", **headers}
