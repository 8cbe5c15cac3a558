"""Killed at a commit, whatever words say of how an API speaks: the next sync has every row, once, as it is now."""

from __future__ import annotations

import json
import signal
import socket
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from messaging_assets.description.api import ApiDescription
from messaging_assets.foundation.folders import settle_environment
from messaging_assets_tests.commits import Commits
from messaging_assets_tests.faults.one_list import synced, tables
from messaging_assets_tests.open_database import let_go
from messaging_assets_tests.own_process import in_a_process
from messaging_assets_tests.raw_server import RawServer, answer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kill -9 and fork are POSIX")

# A sync has at least so many commits.
FEWEST = 30
TOKEN = {"path": "/changes", "data_selector": "rows", "paginator": {"type": "cursor", "cursor_path": "page"}}
PAGED = {"paginator": {"type": "header_link"}}
WORDS: dict[str, dict[str, Any]] = {
    "a link for next time": {
        "endpoint": {
            "path": "/delta",
            "data_selector": "rows",
            "paginator": {"type": "json_link", "next_url_path": "next"},
            "incremental": {"cursor_path": "delta", "cursor_in": "link"},
        }
    },
    "a token for next time": {
        "endpoint": {**TOKEN, "incremental": {"cursor_path": "sync", "cursor_in": "answer", "start_param": "since"}}
    },
    "a first mark": {
        "endpoint": {
            **TOKEN,
            "incremental": {
                "cursor_path": "sync",
                "cursor_in": "answer",
                "start_param": "since",
                "first_mark": {"path": "/start", "cursor_path": "token"},
            },
        }
    },
    "a list that is named": {
        "write_disposition": "replace",
        "endpoint": {"path": "/named", "paginator": "single_page", "conditional": True, "data_selector": "rows"},
    },
    "records by their keys": {"endpoint": {**TOKEN, "path": "/keyed", "data_selector": "rows.*"}},
    "lists side by side": {"steps": [{"explode": ["id", "text"]}], "endpoint": {**TOKEN, "path": "/series"}},
    "tables": {"endpoint": {"path": "/table", "format": "csv", **PAGED}},
    "lines": {"endpoint": {"path": "/lines", "format": "ndjson", **PAGED}},
}


class Api:
    """Nine rows on three pages, of which some change with each version; it knows what changed since which one."""

    def __init__(self) -> None:
        self.version = 0
        self.server = RawServer(self.talk)

    def rows(self, since: int = -1) -> list[dict[str, str]]:
        """The rows that are other ones than at a version."""
        whole = [(number, self.version if number % 3 == 0 else 0) for number in range(9 + self.version)]
        return [{"id": f"m{number}", "text": f"v{one}"} for number, one in whole if one > since or number > 8 + since]

    def talk(self, connection: socket.socket, path: str, number: int) -> None:
        """Answer as the path says."""
        asked = urlsplit(path)
        query = {name: value for name, [value] in parse_qs(asked.query).items()}
        place, since = int(query.get("cursor", 0)), int(query.get("since", -1))
        every = self.rows(since)
        rows, more = every[place : place + 4], place + 4 if place + 4 < len(every) else None
        link = f"{self.server.url}{asked.path}?since={since}&cursor={more}"
        body, headers = dict[str, Any](rows=rows, page=more), ""
        if asked.path == "/delta":
            now = {"delta": f"{self.server.url}/delta?since={self.version}"}
            body = {"rows": rows, **({"next": link} if more else now)}
        elif asked.path == "/start":
            body = {"token": self.version}
        elif asked.path == "/changes":
            body |= {} if more else {"sync": self.version}
        elif asked.path == "/keyed":
            body["rows"] = {row["id"]: row for row in rows}
        elif asked.path == "/series":
            body["rows"] = [{"id": [row["id"] for row in rows], "text": [row["text"] for row in rows]}]
        elif asked.path == "/named":
            body, headers = {"rows": every}, f'ETag: "{self.version}"\r\n'
            if f'If-None-Match: "{self.version}"' in self.server.asked[-1]:
                connection.sendall(answer(b"", headers, "304 Not Modified"))
                return
        else:
            lines = [json.dumps(row) if asked.path == "/lines" else f"{row['id']},{row['text']}" for row in rows]
            text = "\n".join([*(["id,text"] if asked.path == "/table" else []), *lines, ""])
            headers = f'Link: <{link}>; rel="next"\r\n' if more else ""
            connection.sendall(answer(text.encode(), headers))
            return
        connection.sendall(answer(body, headers))


@pytest.fixture
def api() -> Iterator[Api]:
    one = Api()
    with one.server:
        yield one


@pytest.mark.sampled(4)
@pytest.mark.parametrize("number", range(1, 50, 6))
@pytest.mark.parametrize("words", WORDS)
def test_killed_at_a_commit_the_next_sync_has_every_row_once(words: str, number: int, api: Api) -> None:
    own = {
        "name": "rows",
        "primary_key": "id",
        "write_disposition": "merge",
        "checkpoint": {"pages": 1},
        **WORDS[words],
    }
    client = {"base_url": api.server.url}
    described = ApiDescription.model_validate({"name": "killed", "client": client, "resources": [own]})

    def killed() -> None:
        Commits(number, is_after=number % 4 == 1)
        synced(described, "rows")

    for version in range(2):
        api.version = version
        ended, _ = in_a_process(killed if version else lambda: synced(described, "rows") and None)
    assert ended == signal.SIGKILL or number > FEWEST
    synced(described, "rows")
    assert_rows(api)
    api.version = 2
    synced(described, "rows")
    assert_rows(api)


def assert_rows(api: Api) -> None:
    """The table has what the API has now."""
    let_go()
    rows, rejected = tables(settle_environment(), "killed", "rows")
    assert [(row["id"], row["text"]) for row in rows] == sorted((row["id"], row["text"]) for row in api.rows())
    assert not rejected
