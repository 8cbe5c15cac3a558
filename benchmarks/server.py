"""The API that every contender reads: ten columns, offset paging, answers made before anyone asks."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs

import orjson
import uvicorn

PARENTS, ROWS_EACH = 200, 60
# The rows that are asked for by time: how far apart they are, for so many days from the first moment on.
# Of longer lists the pages behind so many rows are made when they are asked for, else the API took gigabytes.
_KEPT_ROWS = 1_000_000
DAYS, FIRST, APART = 40, datetime(2025, 1, 1, tzinfo=timezone.utc), timedelta(seconds=90)
WORDS = ("queue", "deploy", "retry", "naïve café", "großartig", "сервер", "build green", "disk full")


def row(number: int, version: int = 0) -> dict[str, Any]:
    """One record: text, numbers, a truth value, times, a null now and then, and something nested."""
    return {
        "id": f"msg_{number:09d}",
        "channel_id": number % 97,
        "sender": f"user_{number * 7919 % 5003:05d}",
        "content": f"{WORDS[number % 8]} {WORDS[number // 8 % 8]} {number}",
        "priority": number % 5,
        "score": number / 7,
        "delivered": number % 3 != 0,
        "sent_at": f"2025-{number % 12 + 1:02d}-{number % 28 + 1:02d}"
        f"T{number % 24:02d}:{number % 60:02d}:{version:02d}Z",
        "edited_at": None if number % 10 else f"2026-01-{number % 28 + 1:02d}T00:00:00Z",
        "reactions": [{"emoji": "🎉", "count": number % 4}] if number % 4 else [],
    }


COLUMNS = {
    "id": {"data_type": "text", "nullable": False},
    "channel_id": {"data_type": "bigint"},
    "sender": {"data_type": "text"},
    "content": {"data_type": "text"},
    "priority": {"data_type": "bigint"},
    "score": {"data_type": "double"},
    "delivered": {"data_type": "bool"},
    "sent_at": {"data_type": "timestamp"},
    "edited_at": {"data_type": "timestamp"},
    "reactions": {"data_type": "json"},
}


class Api:
    """An ASGI application: GET /rows?offset=&limit=&since= over `rows` records, with a delay for each answer.

    GET /untold gives the same without a total, GET /parents the numbers of 200 parents, and GET /parents/<number>/rows
    60 records of each. GET /timed?since=&until=&after= gives the rows of some days by tokens. GET /asked tells how
    many requests for rows came since it was asked last.

    Args:
        rows: how many records there are.
        delay: seconds before each answer.
        changed: how many records from the first on have a newer version.
    """

    def __init__(self, rows: int, delay: float = 0.0, changed: int = 0) -> None:
        self._total, self._delay, self._changed = rows, delay, changed
        self._pages: dict[tuple[int, int, int], bytes] = {}
        self._asked = 0

    def page(self, first: int, offset: int, limit: int) -> bytes:
        """The body of a page of the records from number `first` on, made once."""
        key = (first, offset, limit)
        if key in self._pages:
            return self._pages[key]
        numbers = range(first + offset, min(first + offset + limit, self._total))
        rows = [row(number, 1 if number < self._changed else 0) for number in numbers]
        body = orjson.dumps({"data": rows, "total": self._total - first})
        if offset <= _KEPT_ROWS:
            self._pages[key] = body
        return body

    async def __call__(
        self, scope: dict[str, Any], receive: Any, send: Callable[[dict[str, Any]], Awaitable[None]]
    ) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            return
        if scope["path"] == "/asked":
            body, self._asked = str(self._asked).encode(), 0
        else:
            self._asked += 1
            query = parse_qs(scope["query_string"].decode())
            since = query.get("since", [""])[0]
            first = int(since.removeprefix("msg_")) if since.startswith("msg_") else 0
            if self._delay:
                await asyncio.sleep(self._delay)
            offset, limit = int(query.get("offset", ["0"])[0]), int(query.get("limit", ["100"])[0])
            _, of, *number = scope["path"].split("/")
            if of == "timed":
                body = self._timed(since, query["until"][0], int(query.get("after", ["0"])[0]), limit)
            elif of == "parents":
                body = _of_parents(int(number[0]) if number else None, offset, limit)
            else:
                body = self.page(first, offset, limit)
            if of == "untold":
                body = orjson.dumps({"data": orjson.loads(body)["data"]})
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _timed(self, since: str, until: str, after: int, limit: int) -> bytes:
        """A page of the rows from one moment up to another, and the token of the next one."""
        first, last = (-((FIRST - datetime.fromisoformat(one)) // APART) for one in (since, until))
        numbers = range(first + after, min(first + after + limit, last))
        rows = [{**row(number), "sent_at": (FIRST + number * APART).isoformat()} for number in numbers]
        more = {"next": str(after + limit)} if first + after + limit < last else {}
        return orjson.dumps({"data": rows, **more})


def _of_parents(parent: int | None, offset: int, limit: int) -> bytes:
    """A page of the parents, or of the records of one."""
    if parent is None:
        rows, total = [{"id": number} for number in range(PARENTS)], PARENTS
    else:
        rows, total = [row(parent * ROWS_EACH + number) for number in range(ROWS_EACH)], ROWS_EACH
    return orjson.dumps({"data": rows[offset : offset + limit], "total": total})


def main() -> None:
    """Serve until interrupted; the pages of the named size are made before the address is printed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--limit", type=int, default=100)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--changed", type=int, default=0)
    chosen = parser.parse_args()
    api = Api(chosen.rows, chosen.delay, chosen.changed)
    for offset in range(0, min(chosen.rows, _KEPT_ROWS) + 1, chosen.limit):
        api.page(0, offset, chosen.limit)
    uvicorn.run(api, host="127.0.0.1", port=chosen.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
