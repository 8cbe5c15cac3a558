"""An API that makes exports by and by, over a real socket, and the store elsewhere in which their files lie."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from messaging_assets.description.api import ApiDescription
from messaging_assets_tests.threaded_server import Handler, answering

SECRET = "export-secret"
SIGNED = "X-Amz-Signature=signed-for-an-hour"


class ExportApi(ThreadingHTTPServer):
    """Begins a job by `POST /exports`, is looked at and asked for files or `rows` below it, and forgets it by DELETE.

    Attributes:
        rows: what is exported.
        looks: how often a job is looked at before it is done.
        asked: method and path of each request, in order of arrival.
        headers: what each of them came with.
        keys: what came as `Idempotency-Key`.
        bodies: what jobs were begun with.
        answers: called with method and path before anything else; what it returns is the answer, unless None.
        store: the store elsewhere; None where files lie at the API itself.
        strange: headers of requests to the store which have no business there.
    """

    daemon_threads = True

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = [{"id": number, "text": f"row {number}"} for number in range(7)]
        self.looks, self.files = 2, 1
        self.asked: list[tuple[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.keys: list[str | None] = []
        self.bodies: list[Any] = []
        self.jobs: dict[str, list[int]] = {}
        self.answers: Callable[[str, str], Any] = lambda method, path: None
        self.store: str | None = None
        self.strange: list[str] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        """Its address, without a final slash."""
        return f"http://127.0.0.1:{self.server_port}"

    def count(self, method: str, path: str) -> int:
        """How often something below a path was asked for."""
        return sum(asked == method and there.startswith(path) for asked, there in self.asked)

    def answer(self, method: str, path: str, query: dict[str, str], body: Any, key: str | None) -> Any:
        """Status, body and headers."""
        if (own := self.answers(method, path)) is not None:
            return own
        _, name, job, *rest = [*path.split("/"), ""]
        if method == "POST":
            self.keys.append(key)
            self.bodies.append(body)
            made = next((one for one in self.jobs if key and one == key), key or f"job{len(self.jobs) + 1}")
            since = (body or {}).get("since", -1)
            self.jobs.setdefault(made, [self.looks, since])
            return 202, {"id": made, "status": "queued"}, {}
        if job not in self.jobs:
            return 404, {"error": "unknown"}, {}
        rows = [row for row in self.rows if row["id"] >= self.jobs[job][1]]
        if method == "DELETE":
            del self.jobs[job]
            return 204, None, {}
        if rest[0] == "rows":
            start, size = int(query.get("offset", 0)), int(query.get("limit", 100))
            return 200, {"rows": rows[start : start + size]} if query.keys() == {"offset", "limit"} else {}, {}
        if rest[0].isdigit():
            part = rows[int(rest[0]) :: self.files]
            return 200, gzip.compress(b"".join(json.dumps(row).encode() + b"\n" for row in part)), {}
        self.jobs[job][0] -= 1
        if self.jobs[job][0] >= 0:
            return 200, {"id": job, "status": "running"}, {}
        base = self.store or self.url
        urls = [f"{base}/{name}/{job}/{number}?{SIGNED}" for number in range(self.files)]
        return 200, {"id": job, "status": "done", "rows": len(rows), "urls": urls}, {}


class _Handler(Handler):
    server: ExportApi

    def do_GET(self) -> None:
        """Answer."""
        self._answer("GET")

    def do_POST(self) -> None:
        """Answer."""
        self._answer("POST")

    def do_DELETE(self) -> None:
        """Answer."""
        self._answer("DELETE")

    def _answer(self, method: str) -> None:
        api, parts = self.server, urlsplit(self.path)
        sent = self.body()
        is_store = api.store is not None and self.headers["Host"] == urlsplit(api.store).netloc
        api.asked.append((method, parts.path))
        api.headers.append(dict(self.headers))
        query = dict(parse_qsl(parts.query))
        if is_store:
            api.strange += [name for name in self.headers if name.lower() in ("authorization", "cookie", "x-client")]
        elif self.headers.get("Authorization") != f"Bearer {SECRET}":
            self._send(401, {"error": "no secret"}, {})
            return
        body = json.loads(sent) if sent else None
        self._send(*api.answer(method, parts.path, query, body, self.headers.get("Idempotency-Key")))

    def _send(self, status: int, body: Any, headers: dict[str, str]) -> None:
        kind = {"Content-Type": "application/gzip"} if isinstance(body, bytes) else {}
        self.reply(status, b"" if body is None else body, {**kind, "Set-Cookie": "session=of-the-api", **headers})


@contextmanager
def export_api() -> Iterator[ExportApi]:
    """The server, running."""
    server = ExportApi()
    with answering(server):
        yield server


def exported(url: str, *, job: dict[str, Any] | None = None, **changed: Any) -> ApiDescription:
    """A description of that API.

    Args:
        url: its address.
        job: words of the job, in place of or beside the usual ones; one of those that is None is left out.
        changed: words of the resource; `endpoint` is laid over the usual one.
    """
    usual = {
        "poll": "/exports/{job.id}",
        "status_path": "status",
        "done": ["done"],
        "failed": ["failed"],
        "download": "{job.urls[*]}",
        "rows_total_path": "rows",
        "delete": "/exports/{job.id}",
        "interval": 0.01,
    }
    words = {**usual, **(job or {})}
    endpoint = {
        "path": "/exports",
        "method": "POST",
        "json": {"kind": "messages"},
        "format": "ndjson",
        "job": {name: word for name, word in words.items() if word is not None or name not in usual},
        "error_handler": {"max_retries": 1, "backoff_factor": 0},
        **changed.pop("endpoint", {}),
    }
    resource = {
        "name": "messages",
        "primary_key": "id",
        "write_disposition": "merge",
        "endpoint": endpoint,
        "columns": {"id": {"data_type": "bigint"}},
        **changed,
    }
    client = {"base_url": url, "auth": "bearer", "headers": {"X-Client": "1"}}
    return ApiDescription.model_validate({"name": "exporting", "client": client, "resources": [resource]})


def sync_export(url: str, **described: Any) -> dict[str, Any]:
    """One sync of it: its receipt, or the sentence that it failed with, and what is in the table then."""
    from messaging_assets.foundation.failures import SyncFailure
    from messaging_assets.foundation.folders import settle_environment
    from messaging_assets_tests.faults.one_list import _own, synced, tables

    description = exported(url, **described)
    try:
        receipt = {"green": True, **_own(synced(description, "messages", {"token": SECRET}))}
    except SyncFailure as failure:
        receipt = {"green": False, "error": str(failure), "kind": type(failure).__name__, **_own(failure.metadata)}
    rows, _ = tables(settle_environment(), "exporting", "messages")
    return {**receipt, "rows": sorted(row["id"] for row in rows)}
