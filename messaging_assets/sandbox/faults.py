"""What goes wrong: for which requests, how often, and how it looks on the wire."""

from __future__ import annotations

import asyncio
import copy
import json
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from messaging_assets.sandbox.settings import Answer, Request

Send = Callable[[Any], Awaitable[None]]
Receive = Callable[[], Awaitable[Any]]
PIECES = 20


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong: the first fields say which requests it meets, the others what happens.

    Only requests that would have been answered well are met. Where several faults could act, the one that
    was added first does. What a fault leaves unsaid stays as it would have been.
    """

    api: str | None = None
    """None meets every API."""
    resource: str | None = None
    """None meets every resource; token requests are met by "token" alone."""
    offset: int | None = None
    """Meets only pages that start at this row."""
    after: int = 0
    """Lets this many matching requests pass first."""
    times: int | None = None
    """Acts on this many requests, then never again; None acts for ever."""

    status: int | None = None
    """Answers with this status, and with `body` or a short JSON error."""
    headers: Mapping[str, str] | None = None
    """Added to the answer."""
    body: bytes | None = None
    """Answers with these bytes."""
    content_type: str = "application/json"
    """The type of `body`."""
    error_in_200: object = None
    """Answers 200 with {"error": this}."""
    rewrite: Callable[[Any, Request], object] | None = None
    """Takes a copy of the payload and the request, returns another payload, or bytes."""
    latency: float = 0.0
    """Seconds before the answer."""
    drip: float = 0.0
    """Seconds between the (at most 20) pieces in which the body is sent."""
    truncate: bool = False
    """Announces the whole body, sends half of it, and closes the connection."""
    reset: bool = False
    """Resets the connection (TCP RST): before the answer, or with `truncate` in the middle of it."""

    def meets(self, request: Request) -> bool:
        """Return whether this fault is meant for `request`, its counts aside."""
        resource = self.resource or (request.resource if request.resource != "token" else None)
        return (
            self.api in (None, request.api) and resource == request.resource and self.offset in (None, request.offset)
        )

    def alter(self, answer: Answer, request: Request) -> Answer:
        """Return what goes out in place of `answer`."""
        payload, status, headers = answer.payload, answer.status, {**answer.headers, **(self.headers or {})}
        if self.status is not None:
            payload, status = {"error": f"the sandbox was told to answer {self.status}"}, self.status
        if self.error_in_200 is not None:
            payload = {"error": self.error_in_200}
        if self.body is not None:
            payload, headers = self.body, {"Content-Type": self.content_type, **headers}
        if self.rewrite is not None:
            payload = self.rewrite(copy.deepcopy(payload), request)
            # json, unlike orjson, writes NaN and integers of any size, which is what a lie may be made of
            payload = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return Answer(payload, status, headers)


class Faults:
    """The faults that were asked for, with what is left of each."""

    def __init__(self) -> None:
        self._armed: list[list[Any]] = []  # [fault, matching requests seen, requests acted on]

    def add(self, fault: Fault) -> None:
        """Let `fault` act from the next request on."""
        self._armed.append([fault, 0, 0])

    def clear(self) -> None:
        """Forget all faults."""
        self._armed.clear()

    def due(self, request: Request) -> Fault | None:
        """Return the fault that acts on `request`, and count it."""
        chosen = None
        for armed in list(self._armed):
            fault, seen, acted = armed
            if not fault.meets(request):
                continue
            armed[1] += 1
            if chosen is None and seen >= fault.after and (fault.times is None or acted < fault.times):
                chosen = fault
                armed[2] += 1
        return chosen


def encode(payload: object) -> bytes:
    """Return the body for `payload`; json writes what orjson refuses: huge integers, lone surrogates."""
    if isinstance(payload, bytes):
        return payload
    try:
        return orjson.dumps(payload)
    except TypeError:
        return json.dumps(payload).encode()


async def deliver(
    send: Send, receive: Receive, status: int, headers: dict[str, str], body: bytes, fault: Fault
) -> None:
    """Put an answer on the wire, the way `fault` wants it."""
    if not fault.reset or fault.truncate:
        await _write(send, status, headers, body, fault)
    if fault.reset or fault.truncate:
        # ASGI has no word for ending a connection; `send` is a method of the object that holds the
        # connection, in uvicorn's httptools and h11 protocols alike.
        transport = send.__self__.transport  # type: ignore[attr-defined]
        _reset(transport) if fault.reset else transport.close()
        while (await receive())["type"] != "http.disconnect":
            pass


async def _write(send: Send, status: int, headers: dict[str, str], body: bytes, fault: Fault) -> None:
    bodiless = status in (204, 304)
    announced = headers if bodiless else {"Content-Length": str(len(body)), **headers}
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in announced.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    rest = b"" if bodiless else body[: len(body) // 2] if fault.truncate else body
    if fault.drip:
        size = -(-len(rest) // PIECES) or 1
        for start in range(0, len(rest), size):
            await send({"type": "http.response.body", "body": rest[start : start + size], "more_body": True})
            await asyncio.sleep(fault.drip)
        rest = b""
    await send({"type": "http.response.body", "body": rest, "more_body": fault.truncate})


def _reset(transport: asyncio.Transport) -> None:
    if transport.is_closing():  # the client gave up first
        return
    # Closing sends FIN unless the socket lingers for zero seconds. The duplicate is needed because neither
    # asyncio nor uvloop lets go of the socket itself; the option belongs to both.
    with socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno())) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
