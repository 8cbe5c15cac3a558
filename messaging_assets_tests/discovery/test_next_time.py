"""What an answer says of the next sync, and of its rows, as `discover` and `check` tell it."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets.discovery.columns import Sample
from messaging_assets.discovery.field_words import about_times, about_values
from messaging_assets.discovery.live.paging_signs import links
from messaging_assets.discovery.next_time import about_answers, next_time, words_for
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
    ("headers", "ways"),
    [
        ({"Next-Page": "/users?page=2"}, [{"type": "header_link", "header": "Next-Page"}]),
        ({"Link": '</users?page=2>; rel="next"'}, [{"type": "header_link"}]),
        ({"X-Next-Token": "abc"}, []),
    ],
)
def test_an_address_of_the_next_page_is_found_in_a_header(headers: dict[str, str], ways: list[Any]) -> None:
    found = list(links(answer([], **headers)))
    assert [way for way, _ in found] == ways
    assert all(address == "https://api.example.com/users?page=2" for _, address in found)


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


def told_of_values(rows: list[Any], **words: Any) -> list[str]:
    """What `check` notes about the values of records."""
    raw = {"client": {"base_url": "https://api.example.com"}, "resources": [{"name": "users", **words}]}
    resource = describe(raw, "chat").resources_in_full["users"]
    return [f"{one.what}: {one.mend}" for one in about_values(resource, rows)]


@pytest.mark.parametrize(
    ("values", "is_told"),
    [
        (['{"a": 1}', "[2]", None], True),
        (['{"a": 1}', "plain"], False),
        (["7", "true"], False),
        (["[broken"], False),
        (["[" * 100_000], False),
    ],
)
def test_texts_that_are_written_as_json_are_a_step(values: list[Any], is_told: bool) -> None:
    rows = [{"id": number, "body": one} for number, one in enumerate(values)]
    told = told_of_values(rows)
    assert ("write steps: [{parse_json: [body]}]" in " ".join(told)) == is_told
    assert told_of_values(rows, columns={"body": {"data_type": "text"}}) == []


@pytest.mark.parametrize(
    ("value", "is_told"),
    [("2026-03-01T10:00:00", True), ("2026-03-01T10:00:00+01:00", False), ("2026-03-01T10:00:00Z", False)],
)
def test_times_that_name_no_zone_are_told(value: str, is_told: bool) -> None:
    rows = [{"id": 1, "at": value}]
    assert ("are taken for UTC: at" in " ".join(told_of_values(rows))) == is_told
    for zone in ("Europe/Berlin", "UTC", False):
        assert told_of_values(rows, columns={"at": {"data_type": "timestamp", "timezone": zone}}) == []
    cursor = {"cursor_path": "at", "timezone": "Europe/Berlin", "start_param": "since"}
    assert told_of_values(rows, endpoint={"incremental": cursor}) == []


@pytest.mark.parametrize("name", ["ETag", "Last-Modified"])
def test_a_list_that_the_api_names_is_told_and_one_that_it_does_not_name_too(name: str) -> None:
    one_page, named = {"paginator": "single_page"}, answer([], **{name: "x"})
    [(level, what)] = findings(one_page, named)
    assert level == "note"
    assert f"the answer has {name}" in what
    assert findings({**one_page, "conditional": True}, named) == []
    [(level, what)] = findings({**one_page, "conditional": True}, answer([]))
    assert level == "warning"
    assert "neither ETag nor Last-Modified" in what
    for other in ({"paginator": "header_link"}, {**one_page, "method": "POST"}):
        assert findings(other, named) == []
