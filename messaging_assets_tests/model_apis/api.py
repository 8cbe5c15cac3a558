"""An API that answers as its traits say, over a real socket, and lets go wrong what it is told to."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from threading import Lock
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlencode, urlsplit

from messaging_assets_tests.model_apis import moments
from messaging_assets_tests.model_apis.bodies import body_of
from messaging_assets_tests.model_apis.traits import BESIDE, FURTHER, Traits, is_exact
from messaging_assets_tests.threaded_server import Handler, answering

Row = dict[str, Any]
KEY = "k3y-of-the-model"
Move: TypeAlias = Callable[["ModelApi"], None]


class Answer:
    """What goes out: a status, headers and bytes, of which the last may be held back."""

    def __init__(self, body: bytes, status: int = 200, headers: dict[str, str] | None = None, held: int = 0) -> None:
        self.body, self.status, self.headers, self.held = body, status, headers or {}, held


class ModelApi:
    """A list, perhaps below parents, and what happens to it before which request.

    Args:
        traits: what the API is like.
        rows: what it has: `id`, `at`, `of` (its parent), `kind` and values.

    Attributes:
        faults: what goes wrong with which request of the list, counted from 0 in each sync.
        moves: what happens to the rows before which of these requests.
        asked: the requests of the list since the sync began.
        throughout: the rows that were there, as they are, since the sync began.
    """

    def __init__(self, traits: Traits, rows: list[Row]) -> None:
        self.traits, self.rows = traits, rows
        self.faults: dict[int, str] = {}
        self.moves: dict[int, Move] = {}
        self.throughout: list[Row] = []
        self.asked: list[str] = []
        self.url = ""
        self._last: dict[str, Answer] = {}
        # What the first page of a list was asked with, by the token of each page behind it.
        self._first: dict[str, tuple[str, dict[str, str]]] = {}
        self._lock = Lock()

    def begin(self, faults: dict[int, str], moves: dict[int, Move] | None = None) -> None:
        """Let a sync begin."""
        self.faults, self.moves, self.asked = faults, moves or {}, []
        self.throughout = [dict(row) for row in self.rows]
        self._last.clear()

    def answer(self, path: str, query: dict[str, str], headers: Any, body: bytes) -> Answer | None:
        """What a request is answered; None cuts the connection."""
        with self._lock:
            if path == "/token":
                return Answer(json.dumps({"access_token": KEY, "expires_in": 3600}).encode())
            if not self._is_known(query, headers):
                return Answer(b"{}", 401)
            asked = {**query, **{name: str(value) for name, value in (json.loads(body) if body else {}).items()}}
            if path == "/parents":
                return self._parents(asked)
            if path == FURTHER:
                if asked.keys() != {"cursor"}:
                    return Answer(b"{}", 400)
                path, first = self._first[asked["cursor"]]
                asked = first | asked
            number = len(self.asked)
            if number in self.moves:
                self.moves[number](self)
                self.throughout = [row for row in self.throughout if row in self.rows]
            self.asked.append(f"{path}?{urlencode(query)} {body.decode()}")
            return self._faulty(self.faults.get(number, ""), path, asked)

    def _is_known(self, query: dict[str, str], headers: Any) -> bool:
        sent = str(headers.get("Authorization", ""))
        basic = "Basic " + base64.b64encode(f"user:{KEY}".encode()).decode()
        return {
            "none": True,
            "bearer": sent == f"Bearer {KEY}",
            "oauth2": sent == f"Bearer {KEY}",
            "api_key": query.pop("key", "") == KEY,
            "http_basic": sent == basic,
        }[self.traits["auth"]]

    def _parents(self, asked: dict[str, str]) -> Answer:
        every = [{"id": number, "name": f"p{number}"} for number in range(1, self.traits["parents"] + 1)]
        if not self.traits["is_parent_paged"]:
            return Answer(json.dumps({"data": every}).encode())
        start = int(asked.get("offset", 0))
        return Answer(json.dumps({"data": every[start : start + int(asked["limit"])], "total": len(every)}).encode())

    def _faulty(self, fault: str, path: str, asked: dict[str, str]) -> Answer | None:
        if fault in ("busy", "down", "expired"):
            status = {"busy": 429, "down": 503, "expired": 401}[fault]
            return Answer(b"{}", status, {"Retry-After": "0"} if fault == "busy" else {})
        if fault == "cut":
            return None
        if fault == "error":
            return Answer(json.dumps({"ok": False, "error": "not_now"}).encode())
        if fault == "html":
            return Answer(b"<html><body>Maintenance</body></html>", 200, {"Content-Type": "text/html"})
        of = "&".join(f"{name}={asked[name]}" for name in ("since", "until", "kind") if name in asked)
        place = f"{path}?{of}"
        if fault == "again" and place in self._last:
            return self._last[place]
        found = self._last[place] = self._page(path, asked, fault)
        if fault == "half":
            return Answer(found.body, found.status, found.headers, held=max(1, len(found.body) // 2))
        return found

    def _page(self, path: str, asked: dict[str, str], fault: str) -> Answer:
        every = self._rows_of(path, asked)
        one, size = self.traits, min(self.traits["cap"], int(asked.get("limit") or self.traits["cap"]))
        paging = one["paging"]
        if paging == "single_page":
            start, size = 0, len(every)
        elif paging == "page_number":
            start = int(asked["page"]) * size
        elif paging == "last_id":
            start = sum(row["id"] <= int(asked.get("after") or 0) for row in every)
        else:
            start = int(asked.get("offset", "0") if paging == "offset" else asked.get("cursor", "0").split("-")[0])
        told = size
        size = {"empty": 0, "short": max(1, size - 1)}.get(fault, size)
        page = every[start : start + size]
        end = start + (told if paging == "page_number" else len(page))
        more = {"empty_end": False}.get(fault, end < len(every))
        # No two pages have one name: an empty page that names itself is the end of its list.
        token = f"{end}-{len(self.asked)}"
        said: Row = {"place": BESIDE} if one["has_beside"] else {}
        if one["total"] == "told":
            said["total"] = max(0, len(every) + {"lie_more": 2, "lie_less": -2}.get(fault, 0))
        elif one["total"] == "more":
            said["has_more"] = more
        headers: dict[str, str] = {}
        link = f"{path}?{urlencode({**asked, 'cursor': token})}" if more else None
        if paging == "cursor":
            said["next"] = self._further(token, path, asked) if more else None
        elif paging == "json_link":
            said["next"] = link
        elif paging == "header_link" and link:
            headers["Link"] = f'<{self.url}{link}>; rel="next"'
        elif paging == "header_cursor" and more:
            headers["X-Next"] = token
        body, of_body = body_of([self.shown(row) for row in page], said, one)
        return Answer(body, 200, {**of_body, **headers})

    def _further(self, token: str, path: str, asked: dict[str, str]) -> str:
        """The token of a further page, which stands for all that the first one was asked with where it comes alone."""
        if self.traits["further"] == "alone":
            token += f"-{len(self._first)}"
            self._first[token] = (path, asked)
        return token

    def shown(self, row: Row) -> Row:
        """A row as the API writes it."""
        return {**{name: value for name, value in row.items() if name not in ("of", "kind")}} | {
            "at": moments.written(row["at"], self.traits["stamp"])
        }

    def _rows_of(self, path: str, asked: dict[str, str]) -> list[Row]:
        one = self.traits
        found = [row for row in self.rows if asked.get("kind") in (None, row["kind"])]
        if one["parents"]:
            found = [row for row in found if str(row["of"]) == path.split("/")[2]]
        found = [row for row in found if self._is_within(row["at"], asked)]
        keys = {"id": lambda row: row["id"], "mixed": lambda row: row["id"] * 7919 % 101}
        order = one["order"]
        found.sort(key=keys.get(order, lambda row: (row["at"], row["id"])), reverse=order == "-at")
        if one["range"] == "most":
            return found[:6]
        return found

    def _is_within(self, at: int, asked: dict[str, str]) -> bool:
        kind = self.traits["asked"]
        at = at - at % moments.DAY if kind == "date" else at if is_exact(self.traits) else at - at % 1000
        kind = kind or (self.traits["stamp"] if "epoch" in self.traits["stamp"] else None)
        if "since" in asked:
            start = moments.read(asked["since"], kind)
            if at < start or (at == start and self.traits["range"] == "after"):
                return False
        return "until" not in asked or at < moments.read(asked["until"], kind)


@contextmanager
def served() -> Iterator[Any]:
    """A server whose `api` a test sets, until the block ends."""

    class Answering(Handler):
        protocol_version = "HTTP/1.1"
        # Head and body leave in one piece; else the kernel waits 40 ms between them.
        wbufsize = -1

        def _answer(self) -> None:
            parts = urlsplit(self.path)
            body = self.body()
            api: ModelApi = server.api  # type: ignore[attr-defined]
            found = api.answer(parts.path, dict(parse_qsl(parts.query)), self.headers, body)
            if found is None:
                self.close_connection = True
                return
            self.send_response(found.status)
            for name, value in {"Content-Type": "application/json", **found.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(found.body)))
            self.end_headers()
            self.wfile.write(found.body[: len(found.body) - found.held])
            self.close_connection = bool(found.held)

        do_GET = do_POST = _answer

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    server.url = f"http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]
    with answering(server):
        yield server
