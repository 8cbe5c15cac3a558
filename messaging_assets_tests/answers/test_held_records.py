"""Many records inside one answer are never one proven row, and discover takes them, or says loudly what it left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from messaging_assets.answers.held_records import every_held, held_records
from messaging_assets.discovery.live.answer_doubts import doubt_of_answer, doubt_of_keyless_object
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.sandbox import Fault, Sandbox
from messaging_assets_tests.discovery.test_discover import comments, discover_messages, only
from messaging_assets_tests.one_table import OneTable

USERS = {f"u{number}": {"uid": number, "n": "x"} for number in range(40)}
SPARSE = {f"u{number}": {f"f{number}": 1, "n": 2} for number in range(12)}
ROWS = [{"id": number} for number in range(9)]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"result": {"values": USERS}}, "'result.values' in it holds 40 records by their keys"),
        ({"status": "ok", "data": {"all": SPARSE}}, "'data.all' in it holds 12 records by their keys"),
        ({"count": 12, **SPARSE}, "it holds 12 records by their keys"),
        ({"rows": [[number, "n"] for number in range(50)]}, "'rows' in it is a list of 50 lists of one length"),
        ({"hourly": {"time": [1, 2, 3], "rain": [0, 0, 1]}}, "'hourly' in it holds columns of 3 values each"),
        ({"a": {"b": [{"c": ROWS}]}}, "'a.b[*].c' in it is a list of 9 objects"),
        ({"ids": list(range(50))}, "'ids' in it is a list of 50 values"),
    ],
)
def test_records_are_seen_at_any_depth_and_in_any_shape(body: Any, words: str) -> None:
    held = held_records(body)
    assert held is not None
    assert held.words == words


@pytest.mark.parametrize(
    "body",
    [
        {"id": 1, "tags": ["a", "b", "c"], "home": {"street": 1}, "work": {"street": 2}},
        {"id": 1, "_links": {"self": {"href": "a"}, "next": {"href": "b"}, "up": {"href": "c"}}},
        {"id": 1, "links": [{"rel": "self", "href": "a"}, {"rel": "up", "href": "b"}]},
        {"id": 1, "owner": {"id": 1, "login": "a"}, "license": {"key": 1}, "permissions": {"admin": True}},
        {"ragged": [[1], [2, 3], [4]], "x": {"a": [1, 2, 3], "b": 4}},
    ],
)
def test_a_record_with_parts_and_links_holds_no_others(body: Any) -> None:
    assert held_records(body) is None


def test_the_path_of_held_records_begins_where_the_object_stands() -> None:
    held = held_records({"values": USERS}, "result")
    assert held is not None
    assert held.path == "result.values"


def test_a_read_of_one_record_that_holds_many_is_not_proven_and_names_the_place(one_table: OneTable) -> None:
    endpoint = {"path": "v1/resource", "data_selector": "$", "paginator": {"type": "single_page"}}
    one_table.sandbox.fault(Fault(api="generic_rest", rewrite=lambda payload, request: {"result": {"values": USERS}}))
    synced = one_table.sync(None, endpoint=endpoint, primary_key=None, write_disposition="replace", columns={})
    assert synced.receipt["verdict"] == "read to the end"
    assert "'result.values' in it holds 40 records" in synced.receipt["verdict_reason"]


def test_discover_takes_many_records_from_under_their_keys_and_says_so(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CHAT__API_KEY", "sandbox-key-messaging")
    sandbox.fault(Fault(api="messaging", rewrite=lambda payload, request: {"result": {"values": USERS}}))
    resource = only(discover_messages(sandbox, tmp_path / "chat.yaml"))
    assert resource.endpoint.data_selector == "result.values.*"
    assert {"_key", "uid", "n"} <= set(resource.columns)
    assert "40 rows were taken from an object that holds them by their keys" in comments(tmp_path / "chat.yaml")


def test_the_lists_that_were_not_taken_are_named_with_their_sizes() -> None:
    doubt = doubt_of_answer("/x", {"users": ROWS[:3], "channels": ROWS, "n": 1}, "users", 3)
    assert doubt == "'users' was taken for the list, with 3 rows, but there is more: 'channels' with 9"
    assert not doubt_of_answer("/x", {"ok": True, "users": ROWS, "links": [{"rel": "a", "href": "b"}] * 3}, "users", 9)
    assert [one.path for one in every_held({"users": ROWS, "more": {"channels": ROWS}})] == ["users", "more.channels"]


def test_an_object_around_a_list_that_is_short_today_is_doubted_where_it_has_no_key(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CHAT__API_KEY", "sandbox-key-messaging")
    body = {"server": "x", "version": "1", "uptime": 5, "clients": [{"id": 1}]}
    sandbox.fault(Fault(api="messaging", rewrite=lambda payload, request: body))
    discover_messages(sandbox, tmp_path / "chat.yaml")
    assert "'clients' in it is a list, with one object today" in comments(tmp_path / "chat.yaml")
    assert not doubt_of_keyless_object({"version": "1", "tags": ["a"], "parts": []})


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            {"base": "EUR", "rates": dict.fromkeys("abcde", 1.5)},
            "write data_selector: rates.* and primary_key: _key if",
        ),
        ({"base": "EUR", "rates": dict.fromkeys("abcd", 1.5)}, ""),
        ({"ids": ["a", "b"]}, "name data_selector: ids and primary_key: value if those are the rows"),
        ({"ids": [1.5, None]}, ""),
    ],
)
def test_values_in_an_object_without_a_key_are_told_with_the_words_that_read_them(body: Any, told: str) -> None:
    found = doubt_of_keyless_object(body)
    assert told in found
    assert bool(found) == bool(told)


@pytest.mark.parametrize("body", [{"status": "error", "message": "bad", "data": []}, {"success": False, "data": []}])
def test_an_answer_that_says_it_failed_is_a_failure_for_discover_too(body: Any) -> None:
    with pytest.raises(MendDescription, match=r"answered that it failed, at '(status|success)'"):
        doubt_of_answer("/x", body, "data", 0)


def test_an_answer_that_says_it_failed_beside_rows_is_doubted_only() -> None:
    assert "at 'ok' that it failed" in doubt_of_answer("/x", {"ok": False, "data": ROWS}, "data", 9)
    assert "at 'status' that it failed" in doubt_of_answer("/x", {"id": 4, "status": "failed", "at": 1}, "$", 1)
    assert doubt_of_answer("/x", {"status": "ok", "data": []}, "data", 0) == ""
