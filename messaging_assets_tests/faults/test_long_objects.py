"""Long objects and documents in parts: rows, receipt and verdict are those of an answer that is read at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from messaging_assets.files.api_files import describe
from messaging_assets.files.described import described
from messaging_assets.files.yaml_lines import read_yaml
from messaging_assets.foundation.failures import SyncFailure
from messaging_assets.foundation.folders import project_folders
from messaging_assets.foundation.redaction import Redaction
from messaging_assets.http.session import ApiSession
from messaging_assets.http.wire import spool
from messaging_assets.orchestration.automation.fingerprint import Probe
from messaging_assets_tests.faults.one_list import OneList, synced, tables
from messaging_assets_tests.raw_server import RawServer, answer

ONE_PAGE = {"type": "single_page"}
ROWS = [{"id": number, "n": "a"} for number in range(9)]
COUNTED = ("pages", "rows_read", "duplicates", "rows_set_aside", "verdict", "verdict_reason", "rows_loaded")
FEED = "".join(f"<row><id>{row['id']}</id></row>" for row in ROWS)
COUNTED_PAGE = {**ONE_PAGE, "rows_total_path": "total"}
COLUMNS = {"type": "json", "columns_path": "c"}


def in_object(**beside: Any) -> bytes:
    """The rows in an object, with this behind them."""
    return json.dumps({"ok": True, "data": ROWS, **beside}).encode()


@pytest.mark.parametrize(
    ("body", "endpoint", "verdict"),
    [
        (in_object(total=9), {"paginator": COUNTED_PAGE}, "read to the end"),
        (in_object(total=90), {}, "unknown"),
        (in_object(has_more=True), {}, "unknown"),
        (in_object(error="quota exceeded"), {}, "unknown"),
        (in_object(meta={"n": 9}), {"include_from_answer": {"of": "meta.n"}}, "read to the end"),
        (json.dumps({"a": {"data": ROWS}, "total": 9}).encode(), {"data_selector": "a.data[*]"}, "read to the end"),
        (json.dumps(ROWS).encode(), {"data_selector": None}, "read to the end"),
        (
            json.dumps({"c": ["id", "n"], "data": [[1, "a"], [2], [3, "c"]]}).encode(),
            {"format": COLUMNS},
            "read to the end",
        ),
        (
            f"<feed><rows>{FEED}</rows><total>9</total></feed>".encode(),
            {"data_selector": "feed.rows.row"},
            "read to the end",
        ),
    ],
    ids=["total", "larger", "more", "error", "beside", "deeper", "list", "values", "xml"],
)
def test_an_object_in_parts_is_judged_by_all_that_stands_beside_its_list(
    one_list: OneList,
    in_short_parts: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    body: bytes,
    endpoint: dict[str, Any],
    verdict: str,
) -> None:
    content_type = "application/xml" if body.startswith(b"<") else "application/json"
    one_list.fault(body=body, content_type=content_type, times=2)
    endpoint = {"paginator": ONE_PAGE, **endpoint}
    at_once = one_list.outcome(**endpoint)
    in_short_parts()
    monkeypatch.delattr(spool.Spool, "whole")
    of_parts = one_list.outcome(**endpoint)
    assert of_parts.green, of_parts.sentence
    assert sorted(of_parts.ids) == sorted(at_once.ids)
    assert [of_parts.receipt.get(name) for name in COUNTED] == [at_once.receipt.get(name) for name in COUNTED]
    assert of_parts.verdict == verdict, of_parts.reason


@pytest.mark.parametrize(
    ("endpoint", "says"),
    [
        ({"data_selector": "items"}, "finds nothing"),
        ({"data_selector": "data[?(@.id>0)]"}, ""),
        ({"error_in_body": {"path": "data[*].error"}}, ""),
        ({"error_in_body": {"path": "ok", "unless": False}}, "an error at 'ok'"),
    ],
)
def test_an_answer_that_cannot_be_judged_in_parts_is_judged_at_once(
    one_list: OneList, in_short_parts: Callable[[], None], endpoint: dict[str, Any], says: str
) -> None:
    in_short_parts()
    one_list.fault(body=in_object(), times=1)
    outcome = one_list.outcome(ONE_PAGE, **endpoint)
    assert outcome.green is not bool(says), outcome.sentence
    assert says in outcome.sentence


@pytest.mark.parametrize("body", [in_object(total=9)[:-3], FEED.encode()[:-3]])
def test_an_object_in_parts_that_is_cut_off_brings_no_row(
    one_list: OneList, in_short_parts: Callable[[], None], body: bytes
) -> None:
    in_short_parts()
    written = "xml" if body.startswith(b"<") else "json"
    one_list.fault(body=body, times=9)
    outcome = one_list.outcome(ONE_PAGE, format=written, **({"data_selector": "feed.row"} if written == "xml" else {}))
    assert "cut off or broken" in outcome.sentence
    assert outcome.table == []


def test_the_sensor_sees_what_changed_in_a_later_part(in_short_parts: Callable[[], None]) -> None:
    in_short_parts()
    later = {"id": 8, "n": "b"}
    lists = [ROWS, ROWS, [*ROWS[:-1], later]]
    with RawServer(lambda connection, path, number: connection.sendall(answer(lists.pop(0)))) as server:
        resource = {"name": "messages", "primary_key": "id", "endpoint": {"path": "a", "paginator": ONE_PAGE}}
        description = describe({"client": {"base_url": server.url}, "resources": [resource]}, "chat")
        with ApiSession(server.url, description.client) as session, Redaction().on_loggers():
            probe = Probe(description, description.resources_in_full["messages"], session, None, server.url, {})
            first, second, third = [probe.fingerprint() for _ in range(3)]
    assert first == second != third


def test_the_long_answers_of_accounts_go_to_their_own_tables_and_one_that_is_cut_off_is_red_alone(
    in_short_parts: Callable[[], None],
) -> None:
    in_short_parts()
    answers = {
        "/emea": json.dumps({"data": ROWS}).encode(),
        "/apac": json.dumps({"data": [{**row, "n": "b"} for row in ROWS]}).encode(),
        "/us": in_object()[:-9],
    }

    def talk(connection: Any, path: str, number: int) -> None:
        connection.sendall(answer(answers[path.partition("?")[0]]))

    with RawServer(talk) as server:
        handler = {"max_retries": 0, "backoff_factor": 0}
        endpoint = {"path": "{setting.of}", "data_selector": "data", "paginator": ONE_PAGE, "error_handler": handler}
        resource = {"name": "rows", "primary_key": "id", "write_disposition": "merge", "endpoint": endpoint}
        words = {"settings": {"of": None}, "client": {"base_url": server.url}, "resources": [resource]}
        accounts = {"accounts": {name: {"of": name} for name in ("emea", "apac", "us")}}
        found = described(read_yaml(json.dumps(words | accounts)), "chat", None)
        failures = {}
        for one in found.descriptions:
            try:
                synced(one, "rows")
            except SyncFailure as failure:
                failures[one.name] = str(failure)
    assert [*failures] == ["chat_us"]
    assert "cut off or broken" in failures["chat_us"]
    came = {name: tables(project_folders(), name, "rows")[0] for name in ("chat_emea", "chat_apac", "chat_us")}
    assert {name: [row["n"] for row in rows] for name, rows in came.items()} == {
        "chat_emea": ["a"] * 9,
        "chat_apac": ["b"] * 9,
        "chat_us": [],
    }
