"""What an answer says of the next sync, and of its rows, as `discover` and `check` tell it."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets.discovery.columns import Sample
from messaging_assets.discovery.next_time import about_answers, about_times, next_time, words_for
from messaging_assets.files.api_files import describe
from messaging_assets.http.wire.answer import Answer


def answer(body: Any, **headers: str) -> Answer:
    made = Answer()
    made.status_code, made.url, made.parsed = 200, "https://api.example.com/users", body
    made.headers.update(headers)
    return made


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"@odata.deltaLink": "https://a/b?t=1", "value": []}, "cursor_in: link"),
        ({"data": [], "meta": {"nextSyncToken": "abc"}}, "cursor_path: meta.nextSyncToken, cursor_in: answer"),
        ({"data": [], "sync_token": "abc"}, "cursor_path: sync_token"),
        ({"data": [], "next": "https://a/b"}, None),
        ({"data": [], "sync_token": ""}, None),
        ([{"sync_token": "of a row"}], None),
    ],
)
def test_where_the_next_sync_begins_is_found_by_its_name(body: Any, words: str | None) -> None:
    leaf = next_time(body)
    assert (leaf is None) == (words is None)
    if leaf and words:
        assert words in words_for(leaf)
        assert "action: restart" in words_for(leaf)


def findings(endpoint: dict[str, Any], *answers: Any) -> list[tuple[str, str]]:
    users = {"name": "users", "primary_key": "id", "endpoint": {"path": "/users", **endpoint}}
    description = describe({"client": {"base_url": "https://api.example.com"}, "resources": [users]}, "chat")
    resource = description.resources_in_full["users"]
    return [(one.level, one.what) for one in about_answers(resource, resource.endpoint.paginator, answers)]


CURSOR = {"data_selector": "data", "incremental": {"cursor_path": "sync", "cursor_in": "answer", "start_param": "s"}}
RESTART = {"response_actions": [{"status_code": 410, "action": "restart"}]}


def test_a_cursor_that_no_answer_has_is_told_and_so_is_a_missing_restart() -> None:
    lost = "nothing is at cursor_path sync in 1 answers"
    assert findings({**CURSOR, **RESTART}, answer({"data": []})) == [("warning", lost)]
    two = findings({**CURSOR, **RESTART}, answer({"data": []}), answer({"data": []}))
    assert two == [("note", lost.replace("1", "2"))]
    assert findings({**CURSOR, **RESTART}, answer({"data": [], "sync": "x"})) == []
    [(level, what)] = findings(CURSOR, answer({"data": [], "sync": "x"}))
    assert level == "note"
    assert "forgotten where a sync begins" in what


def test_a_list_that_could_go_on_from_its_answer_is_told() -> None:
    [(level, what)] = findings({}, answer({"data": [], "deltaLink": "https://api.example.com/users?t=1"}))
    assert (level, what.startswith("the answer says at deltaLink where the next sync begins")) == ("note", True)


def test_a_field_that_the_answer_does_not_have_is_told() -> None:
    taken = {"include_from_answer": {"channel": "meta.channel"}}
    assert findings(taken, answer({"data": [], "meta": {"channel": 1}})) == []
    [(level, what)] = findings(taken, answer({"data": []}))
    assert level == "warning"
    assert "nothing at meta.channel" in what


def test_a_next_page_in_a_header_that_the_file_does_not_look_into_is_wrong() -> None:
    paging = {"paginator": {"type": "header_link"}}
    [(level, what)] = findings(paging, answer([], **{"Next-Page": "https://api.example.com/users?page=2"}))
    assert level == "wrong"
    assert "in its header Next-Page, and the file looks into Link" in what
    named = {"paginator": {"type": "header_link", "header": "Next-Page"}}
    assert findings(named, answer([], **{"Next-Page": "https://api.example.com/users?page=2"})) == []


@pytest.mark.parametrize(
    ("values", "way"),
    [
        ([1_700_000_000, 1_700_000_100], "epoch_seconds"),
        ([1_700_000_000_000], "epoch_ms"),
        ([12, 1_700_000_000], None),
        (["28.11.2026 10:00"], "%d.%m.%Y %H:%M"),
        (["11/12/2026 10:00"], None),
        (["2026-11-28T10:00:00Z"], None),
    ],
)
def test_times_that_no_type_reads_are_a_step(values: list[Any], way: str | None) -> None:
    sample = Sample([{"sent_at": one, "number": one} for one in values])
    assert about_times(sample, {}) == (f"steps: [{{cast: {{sent_at: {way}}}}}]" if way else None)
    assert about_times(sample, {"sent_at": {}}) is None
