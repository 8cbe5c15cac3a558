"""One way to write a value: what a placeholder stands for arrives in path, query, body, form and headers alike."""

from __future__ import annotations

import json
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from messaging_assets.files.api_files import describe
from messaging_assets.foundation.folders import settle_environment
from messaging_assets_tests.one_step import alone
from messaging_assets_tests.threaded_server import Handler, answering

RANGE = {"cursor_path": "at", "initial_value": 1735689600, "end_value": 1740960000, "format": "epoch_ms"}
DAILY = {"type": "daily", "start": "2025-01-01", "column": "at", "format": "epoch_ms"}
# What a file writes, more of the resource, and what arrives.
VALUES: dict[str, tuple[str, dict[str, Any], Any]] = {
    "a setting": ("{setting.team}", {}, "acme&co"),
    "a number that is a setting": ("{setting.number}", {}, 7),
    "a value of the file": ("{for_each.one}", {"for_each": {"one": ["a b"]}}, "a b"),
    "a number of the file": ("{for_each.one}", {"for_each": {"one": [7]}}, 7),
    "a field of the parent": ("{resources.teams.name}", {}, "x & y"),
    "a number of the parent": ("{resources.teams.of.number}", {}, 7),
    "where a range begins": ("{incremental.start_value}", {"incremental": RANGE}, 1735689600000),
    "where a range ends": ("{incremental.end_value}", {"incremental": RANGE}, 1740960000000),
    "where a window begins": ("{window.start}", {"partitions": DAILY}, 1740873600000),
    "where a window ends": ("{partition.end}", {"partitions": DAILY}, 1740960000000),
    "a day before now": ("{now-3650d:%Y}", {}, None),
}


class Listening(ThreadingHTTPServer):
    """Answers each list with one row, and keeps what it was asked with."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.came: list[tuple[str, dict[str, Any], str, str]] = []


class Answering(Handler):
    server: Listening

    def do_GET(self) -> None:
        """A parent, or the row of a list."""
        if self.path == "/teams":
            self.reply(200, [{"id": 1, "name": "x & y", "of": {"number": 7}}])
            return
        asked = urlsplit(self.path)
        headers = f"{self.headers['X-One']}|{self.headers['X-Text']}"
        self.server.came.append((asked.path, parse_qs(asked.query), self.body().decode(), headers))
        self.reply(200, [{"id": 1, "at": 1740873600}])

    do_POST = do_GET


@pytest.mark.sampled(11)
@pytest.mark.parametrize("body", ["json", "form", "text"])
@pytest.mark.parametrize("value", VALUES)
def test_a_value_arrives_wherever_it_is_written(value: str, body: str, open_database: None) -> None:
    written, words, expected = VALUES[value]
    bodies: dict[str, Any] = {
        "json": {"json": {"one": written, "deep": {"all": [f"t {written}"]}}},
        "form": {"data": {"one": written, "text": f"t {written}"}},
        "text": {"data": f"<q>{written}</q>"},
    }
    with_start = {"since": "{incremental.start_value}"} if "incremental" in words else {}
    with_start |= {"since": "{window.start}"} if "partitions" in words else {}
    endpoint = {
        "path": f"/lists/{written}/rows",
        "method": "POST",
        "params": {"one": written, "text": f"of>={written} or", **with_start},
        "headers": {"X-One": written, "X-Text": f"t {written}"},
        "paginator": "single_page",
        "data_selector": "$",
        **bodies[body],
        **{name: one for name, one in words.items() if name == "incremental"},
    }
    own = {name: one for name, one in words.items() if name != "incremental"}
    rows = {"name": "rows", "primary_key": "id", "write_disposition": "merge", "endpoint": endpoint, **own}
    teams = {"name": "teams", "endpoint": {"path": "/teams", "paginator": "single_page"}}
    server = Listening()
    settings = {"team": "acme&co", "number": 7}
    raw = {
        "settings": {name: one for name, one in settings.items() if f"setting.{name}" in written},
        "client": {"base_url": f"http://127.0.0.1:{server.server_address[1]}"},
        "resources": [teams, rows],
    }
    settle_environment()
    with answering(server):
        done = alone(describe(raw, "chat"), "rows", partition_key="2025-03-02" if "partitions" in words else None)
    assert done.green, done.error

    [(path, query, content, headers)] = server.came
    text = str(expected) if expected is not None else unquote(path.split("/")[2])
    assert unquote(path) == f"/lists/{text}/rows"
    assert query["one"] == [text]
    assert query["text"] == [f"of>={text} or"]
    assert headers == f"{text}|t {text}"
    if body == "json":
        assert json.loads(content) == {"one": text if expected is None else expected, "deep": {"all": [f"t {text}"]}}
    elif body == "form":
        assert parse_qs(content) == {"one": [text], "text": [f"t {text}"]}
    else:
        assert content == f"<q>{text}</q>"
