"""Play an API by its manifest, read it with the peer's own reader, and go on playing until standard input ends.

    python -m theirs.play MANIFEST CODE FOLDER

Writes `plan.json` (the config, and the API's addresses) and `<stream>.json` (rows, or the error), then prints
`ready PORT`. On a line of standard input each stream gets newer rows, and is read once more, from the state that it has
then, into `rows_later`. At the end writes `requests.json`. Run by the Python of the peer's environment.
"""

from __future__ import annotations

import copy
import json
import logging
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import requests.adapters
import yaml
from theirs.configs import config_of, smaller_pages, with_parts
from theirs.reader import read_stream, source_of
from theirs.streams import Request, Stream, streams_of
from theirs.texts import Texts

_HOST = "X-Played-Origin"
_NEWER = 2


class Played:
    """The API: its streams, and what it was asked."""

    def __init__(self, streams: list[Stream], names: dict[str, Any]) -> None:
        self.streams, self._names = streams, names
        self.log: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def answer(self, request: Request, origin: str, reader: str, query: str) -> tuple[int, dict[str, str], Any]:
        """Status, headers and body of an answer."""
        fits = [(fit, one) for one in self.streams if (fit := one.fit(request)) is not None]
        shown = {"reader": reader, "method": request.method, "path": request.path, "params": request.params}
        shown |= {"body": request.body, "headers": request.headers}
        if not fits:
            status, body = 404, {"error": "nothing is here"}
            if any(word in request.path.lower() for word in ("token", "oauth", "auth", "login", "session")):
                status, body = 200, self._names
            with self._lock:
                self.log.append({**shown, "stream": None, "status": status})
            return status, {}, body
        best = max(fit for fit, _ in fits)
        same = [one for fit, one in fits if fit == best]
        pairs = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name != "__at"]
        option = same[0].pages.token_option.get("field_name")
        link = f"{origin}{request.path}"
        if kept := "&".join(f"{name}={value}" for name, value in pairs if name != option):
            link += f"?{kept}"
        body, headers, rows = same[0].page(request, request.params.get("__at"), link)
        for other in same[1:]:
            if isinstance(body, dict) and other.field_path and other.field_path[0] not in body:
                more = other.page(request, None, link)[0]
                body = {**more, **body} if isinstance(more, dict) else body
        with self._lock:
            self.log.append({**shown, "stream": same[0].name, "status": 200, "rows": rows})
        return 200, headers, body


def _handler(played: Played) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            params = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
            try:
                sent = json.loads(raw) if raw else {}
            except ValueError:
                sent = dict(parse_qsl(raw.decode(errors="replace")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            origin = headers.pop(_HOST.lower(), None)
            request = Request(self.command, parts.path, params, headers, sent)
            here = origin or f"http://{headers.get('host')}"
            try:
                status, more, body = played.answer(request, here, "theirs" if origin else "ours", parts.query)
            except Exception as error:
                logging.getLogger("played").exception("played")
                status, more, body = 599, {}, {"error": repr(error)}
            text = json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", "Content-Length": str(len(text)), **more}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = _serve  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler


def _send_here(port: int) -> None:
    send = requests.adapters.HTTPAdapter.send

    def sent(self: Any, request: Any, *given: Any, **named: Any) -> Any:
        parts = urlsplit(request.url)
        request.headers[_HOST] = f"{parts.scheme}://{parts.netloc}"
        was = request.url
        request.url = parts._replace(scheme="http", netloc=f"127.0.0.1:{port}").geturl()
        answer = send(self, request, *given, **named)
        request.url = was
        return answer

    requests.adapters.HTTPAdapter.send = sent  # type: ignore[method-assign]


def main() -> None:
    """See the module."""
    file, code, folder = Path(sys.argv[1]).resolve(), sys.argv[2], Path(sys.argv[3]).resolve()
    sys.path.insert(0, code)
    os.chdir(code)
    manifest = smaller_pages(with_parts(yaml.safe_load(file.read_text()), file.parent))
    (folder / "manifest.yaml").write_text(yaml.safe_dump(manifest, sort_keys=False))
    config = config_of(manifest)
    source = source_of(manifest, config)
    resolved = copy.deepcopy(dict(source.resolved_manifest))
    texts = Texts(config)
    streams = streams_of(resolved, texts, file.parent / "schemas")
    names = dict.fromkeys(("access_token", "token", "id", "auth_token", "refresh_token", "id_token"), "a-token")
    played = Played(streams, {**names, "expires_in": 3600, "token_type": "bearer", "data": names})
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(played))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    _send_here(port)
    plan = {"config": config, "streams": {one.name: {"origin": one.origin, "path": one.path} for one in streams}}
    (folder / "plan.json").write_text(json.dumps(plan))
    states: dict[str, Any] = {}

    def read_into(rows: Path) -> None:
        rows.mkdir()
        for raw in resolved["streams"]:
            found = read_stream(manifest, config, str(raw.get("name")), states)
            (rows / f"{raw.get('name')}.json".replace("/", "_")).write_text(json.dumps(found))
        print(f"ready {port}", flush=True)

    read_into(folder / "rows")
    for _ in sys.stdin:
        Stream.newer = _NEWER
        read_into(folder / "rows_later")
    (folder / "requests.json").write_text(json.dumps(played.log))


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    main()
