"""The APIs of examples/, played over a real socket as their vendors document them; rows are the test's own."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from messaging_assets_tests.example_dialects import DIALECTS
from messaging_assets_tests.threaded_server import Handler, answering

Row = dict[str, Any]
Query = dict[str, str]
BASIC = "Basic " + b64encode(b"user:example-password").decode()
TOKEN = "Bearer example-token"
AUTHORIZATION = {
    **dict.fromkeys(("sms", "email", "tickets"), BASIC),
    "incidents": "Token token=example-key",
    "logs": "ApiKey example-key",
}


class ExampleApis(ThreadingHTTPServer):
    """All of them, each below its name.

    Args:
        size: the longest page, whatever a request asks for.

    Attributes:
        rows: what each list has, by API and list; a message names its channel, a reply its thread too.
        asked: path and query of each request that was let in, in order of arrival.
    """

    daemon_threads = True

    def __init__(self, size: int = 3) -> None:
        self.size = size
        self.rows: dict[str, list[Row]] = {}
        self.asked: list[tuple[str, Query]] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        """The address without a final slash."""
        return f"http://127.0.0.1:{self.server_port}"

    def queries(self, path: str) -> list[Query]:
        """What was asked of one path."""
        return [query for asked, query in self.asked if asked == path]

    def answer(self, path: str, query: Query, body: Any) -> Any:
        """The body of an answer; None where there is nothing at this path."""
        api = path.split("/")[1]
        if dialect := DIALECTS.get(api):
            below = path.removeprefix(f"/{api}/")
            return dialect(
                f"{self.url}/{api}", below, query, body, self.rows.get(f"{api}/{below}", self.rows.get(api, []))
            )
        return getattr(self, f"_{api}")(path.removeprefix(f"/{api}"), query)

    def _chat(self, path: str, query: Query) -> Any:
        rows = self.rows.get(f"chat{path}", [])
        if path == "/conversations.history":
            if query.get("channel") not in {row["id"] for row in self.rows["chat/conversations.list"]}:
                return {"ok": False, "error": "channel_not_found"}
            rows = [row for row in rows if row["channel"] == query["channel"] and row["ts"] >= query.get("oldest", "0")]
            rows = sorted(rows, key=lambda row: row["ts"], reverse=True)
        if path == "/conversations.replies":
            rows = [row for row in rows if (row["channel"], row["thread_ts"]) == (query["channel"], query["ts"])]
        key = {"/users.list": "members", "/conversations.list": "channels"}.get(path, "messages")
        page, following = self._page(rows, query.get("cursor"))
        sent = [{name: value for name, value in row.items() if name != "channel"} for row in page]
        return {"ok": True, key: sent, "response_metadata": {"next_cursor": following or ""}}

    def _sms(self, path: str, query: Query) -> Any:
        rows = [row for row in self.rows["sms"] if row["date_updated"] >= query["updated_from"]]
        page, following = self._page(sorted(rows, key=lambda row: row["date_updated"]), query.get("token"))
        link = following and f"/sms{path}?{urlencode({**query, 'token': following})}"
        return {"messages": page, "next_page_uri": link}

    def _email(self, path: str, query: Query) -> Any:
        rows = [row for row in self.rows[f"email{path}"] if row.get("timestamp", 0.0) >= float(query.get("begin", 0))]
        page, following = self._page(rows, query.get("page"))
        link = f"{self.url}/email{path}?{urlencode({**query, 'page': following or len(rows)})}"
        return {"items": page, "paging": {"next": link}}

    def _alerts(self, path: str, query: Query) -> Any:
        rows = self.rows[f"alerts{path}"]
        if "since" in query:
            rows = [row for row in rows if query["since"] <= row["fired_at"] < query["until"]]
        # Its pages are longer: silences fit on one.
        start = int(query["offset"])
        return {"data": rows[start : start + 2 * self.size], "total": len(rows)}

    def _reports(self, path: str, query: Query) -> Any:
        rows = self.rows[f"reports{path}"]
        if path == "/v1/calls.csv.gz":
            page, _ = self._page(rows, str((int(query["page"]) - 1) * self.size))
            lines = ["call_id;seconds;price;answered;started_at", *(";".join(row.values()) for row in page)]
            return gzip.compress("\r\n".join(lines).encode())
        if path == "/v1/events":
            page, _ = self._page([row for row in rows if row["id"] > query.get("after", "")], None)
            return b"".join(json.dumps(row).encode() + b"\n" for row in page)
        if path == "/v1/invoices":
            page, following = self._page(rows, query.get("token"))
            link = f' next="/reports{path}?token={following}"' if following else ""
            shown = "".join(
                f'<invoice number="{row["number"]}"><lines>{row["lines"]}</lines></invoice>' for row in page
            )
            return f"<?xml version='1.0'?><invoices{link}>{shown}</invoices>".encode()
        return {"columns": [{"name": name} for name in rows[0]], "rows": [list(row.values()) for row in rows]}

    def _page(self, rows: list[Row], start: str | None) -> tuple[list[Row], str | None]:
        begin = int(start or 0)
        end = begin + self.size
        return rows[begin:end], str(end) if end < len(rows) else None


class _Handler(Handler):
    server: ExampleApis

    def do_GET(self) -> None:
        self._answer(None)

    def do_DELETE(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        sent = self.body()
        self._answer(json.loads(sent) if self.headers["Content-Type"] == "application/json" else sent)

    def _answer(self, asked: Any) -> None:
        parts = urlsplit(self.path)
        path, query = unquote(parts.path), dict(parse_qsl(parts.query))
        status, body = 200, None
        if path == "/token":
            body = {"access_token": TOKEN.split()[1], "expires_in": 3600}
        elif self.headers.get("Authorization") != AUTHORIZATION.get(path.split("/")[1], TOKEN):
            status, body = 401, {"error": "the secret is missing or wrong"}
        else:
            self.server.asked.append((path, query))
            body = self.server.answer(path, query, asked)
        self.reply(status, body, {"Content-Type": "application/octet-stream"} if isinstance(body, bytes) else None)


@contextmanager
def example_apis() -> Iterator[ExampleApis]:
    """The server, running."""
    server = ExampleApis()
    with answering(server):
        yield server
