"""Sling API specs: values that stand in the spec, formats of answers and of a start."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets.conversion.api_spec import from_spec
from messaging_assets.conversion.outcome import Converted
from messaging_assets.conversion.texts import Settings

SINCE = '{coalesce(sync.last, "2025-01-01T00:00:00Z")}'


def _drafted(**endpoint: Any) -> Any:
    converted = Converted("chat", "a spec", Settings())
    request = {"url": "https://api.example.com/messages", **endpoint.pop("request", {})}
    records = {"jmespath": "data[]", "primary_key": ["id"]}
    response = {"records": records, **endpoint.pop("response", {})}
    from_spec(
        {"name": "Chat", "endpoints": {"messages": {"request": request, "response": response, **endpoint}}}, converted
    )
    return converted.drafts[0]


@pytest.mark.parametrize("over", [["open", "closed"], '["open", "closed", "open"]'])
def test_values_of_the_spec_are_each_asked_for(over: Any) -> None:
    draft = _drafted(iterate={"over": over, "into": "state.kind"}, request={"parameters": {"state": "{state.kind}"}})
    assert draft.raw["for_each"] == {"kind": ["open", "closed"]}
    assert draft.endpoint["params"] == {"state": "{for_each.kind}"}


@pytest.mark.parametrize("over", ["range(1, 5)", '["{env.KIND}"]', "[[1]]", {"a": 1}])
def test_values_that_are_made_are_no_values_of_the_spec(over: Any) -> None:
    draft = _drafted(iterate={"over": over, "into": "state.kind"})
    assert not draft.is_carried


@pytest.mark.parametrize(
    ("written", "format_"),
    [("csv", "csv"), ("jsonlines", "ndjson"), ("xml", "xml"), ("json", None), ("parquet", "lost")],
)
def test_what_answers_are_written_in_is_a_word(written: str, format_: str) -> None:
    draft = _drafted(response={"format": written})
    assert draft.is_carried == (format_ != "lost")
    assert draft.endpoint.get("format", "lost" if not draft.is_carried else None) == format_


@pytest.mark.parametrize(
    ("sent", "format_"),
    [
        ('{date_format(date_parse(state.since, "auto"), "%s")}', ":epoch_seconds"),
        ('{date_format(state.since, "%Y-%m-%d")}', ":date"),
        ("{state.since}", ""),
    ],
)
def test_a_start_is_sent_in_the_format_of_the_spec(sent: str, format_: str | None) -> None:
    kept = {"expression": "record.at", "output": "state.last", "aggregation": "maximum"}
    draft = _drafted(
        state={"since": SINCE}, sync=["last"], request={"parameters": {"since": sent}}, response={"processors": [kept]}
    )
    assert draft.endpoint["params"] == {"since": f"{{incremental.start_value{format_}}}"}
    assert not draft.losses or "hand out this list" in draft.losses[0].words


def _converted(spec: dict[str, Any], **given: str) -> Converted:
    converted = Converted("chat", "a spec", Settings(given))
    from_spec(spec, converted)
    return converted


def _endpoint(path: str = "/things", **words: Any) -> dict[str, Any]:
    request = {"url": f"https://api.example.com/v1{path}", **words.pop("request", {})}
    return {"request": request, "response": {"records": {"jmespath": "data[]", "primary_key": ["id"]}}, **words}


def _told(draft: Any) -> str:
    return "; ".join(loss.words for loss in draft.losses)


def test_headers_without_a_type_authenticate_and_an_endpoint_may_have_a_way_of_its_own() -> None:
    own = {"type": "basic", "username": "{secrets.user}", "password": "{secrets.pass}"}
    spec = {
        "authentication": {"headers": {"Authorization": "Bearer {secrets.token}", "X-Tenant": "acme"}},
        "endpoints": {
            "things": _endpoint(),
            "admin": _endpoint("/admin", authentication=own),
            "public": _endpoint("/public", authentication=None),
        },
    }
    things, admin, public = _converted(spec).drafts
    assert (things.endpoint["auth"], things.endpoint["headers"]) == ({"type": "bearer"}, {"X-Tenant": "acme"})
    assert admin.endpoint["auth"] == {"type": "http_basic"}
    assert public.endpoint["auth"] is None


def test_what_goes_before_and_behind_a_list_of_the_defaults_is_in_it() -> None:
    spec = {
        "defaults": {"response": {"rules": [{"action": "skip", "condition": "response.status == 404"}]}},
        "endpoints": {"things": _endpoint()},
    }
    spec["endpoints"]["things"]["response"] |= {
        "+rules": [{"action": "break", "condition": "response.status == 403"}],
        "rules+": [{"action": "stop", "condition": "response.status == 410"}],
        "processors+": [{"expression": "nil", "output": "record.x"}],
    }
    [draft] = _converted(spec).drafts
    assert [one["status_code"] for one in draft.endpoint["response_actions"]] == [403, 404, 410]
    assert draft.raw["steps"] == [{"drop": ["x"]}]


@pytest.mark.parametrize(
    ("records", "selector", "steps"),
    [
        (
            {"jmespath": "data[*].{id: id, name: owner.login}"},
            "data",
            [{"copy": {"name": "owner.login"}}, {"keep": ["id", "name"]}],
        ),
        ({"jq": ".items[] | {id: .id}"}, "items", [{"keep": ["id"]}]),
        ({"jmespath": "[{id: id}]"}, "$", [{"keep": ["id"]}]),
        ({"jq": ".data.rows[]"}, "data.rows", None),
    ],
)
def test_a_projection_is_a_path_and_steps(records: dict[str, Any], selector: str, steps: Any) -> None:
    draft = _drafted(response={"records": records})
    assert draft.endpoint["data_selector"] == selector
    assert draft.raw.get("steps") == steps


@pytest.mark.parametrize(
    "records",
    [{"jq": "[.a, .b] | add"}, {"jmespath": "data[].{id: join('-', ids)}"}, {"jmespath": "d", "select": ["id"]}],
)
def test_what_no_path_says_of_records_is_told(records: dict[str, Any]) -> None:
    assert (
        "path of another language" in (told := _told(_drafted(response={"records": records}))) or "its select" in told
    )


def test_processors_that_take_fields_out_or_rename_them_are_steps() -> None:
    processors = [
        {"expression": 'object_delete(record, "a", "b")', "output": "record"},
        {"expression": 'object_rename(record, "old", "new")', "output": "record"},
        {"expression": "upper(record.x)", "output": "record"},
    ]
    draft = _drafted(response={"processors": processors})
    assert draft.raw["steps"] == [{"drop": ["a", "b"]}, {"rename": {"old": "new"}}]
    assert "upper(record.x)" in _told(draft)


def test_a_child_takes_several_fields_of_its_parents_queue_and_is_told_of_what_else_fills_it() -> None:
    put = {"expression": 'object("repo", trim(state.repo), "sha", record.sha)', "output": "queue.keys"}
    processors = [{"expression": "trim(state.repo)", "output": "record.repository"}, {**put, "if": "record.open"}]
    commits = _endpoint("/{state.repo}/commits", iterate={"over": "require(inputs.repos, 'x')", "into": "state.repo"})
    commits["response"]["processors"] = processors
    more = _endpoint("/more")
    more["response"]["processors"] = [put]
    comments = _endpoint("/{state.c.repo}/{state.c.sha}", iterate={"over": "queue.keys", "into": "state.c"})
    spec = {"endpoints": {"commits": commits, "more": more, "comments": comments}}

    first, _, child = _converted(spec, repos="a, b").drafts

    assert first.raw["for_each"] == {"repo": ["a", "b"]}
    assert child.endpoint["path"] == "/{resources.commits.repository}/{resources.commits.sha}"
    assert "also where record.open does not hold" in _told(child)
    assert "but more fill its queue, too" in _told(child)
    unset = _converted(spec).drafts[0]
    assert unset.raw["for_each"] == {"repo": ["your-repos"]}
    assert "--setting repos=one,two" in _told(unset)


def test_a_mark_that_nothing_sends_is_none() -> None:
    kept = {"expression": "record.id", "output": "state.last", "aggregation": "last"}
    draft = _drafted(state={"since": SINCE}, sync=["last"], response={"processors": [kept]})
    assert "incremental" not in draft.endpoint


def test_a_start_may_be_another_state() -> None:
    kept = {"expression": "record.at", "output": "state.last", "aggregation": "maximum"}
    anchor = '{coalesce(inputs.anchor, date_format(date_add(now(), -1, "year"), "%Y"))}'
    draft = _drafted(
        state={"anchor": anchor, "since": "{coalesce(sync.last, state.anchor)}"},
        sync=["last"],
        request={"parameters": {"since": "{state.since}"}},
        response={"processors": [kept]},
    )
    assert draft.endpoint["incremental"] == {"cursor_path": "at", "initial_value": "-1y"}


@pytest.mark.parametrize(
    ("call", "carried"),
    [
        ({"request": {"url": "https://api.example.com/limits"}}, True),
        ({"request": {"url": "https://api.example.com/exports", "method": "POST"}}, False),
        ({"response": {"processors": [{"expression": "record.id", "output": "state.id"}]}}, False),
    ],
)
def test_requests_beside_a_list_are_told_and_where_it_needs_them_leave_it_out(call: Any, carried: bool) -> None:
    draft = _drafted(setup=[call], request={"parameters": {"id": "{state.id}"}})
    assert draft.is_carried == carried
    assert "its setup sends requests" in _told(draft)


def test_a_form_is_one_with_its_pages() -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    sent = {"q": "all", "limit": "{state.limit}", "offset": "{state.offset}"}
    draft = _drafted(
        state={"offset": 0, "limit": 5},
        request={"method": "POST", "headers": headers, "parameters": sent},
        pagination={"next_state": {"offset": "{state.offset + state.limit}"}},
    )
    assert draft.endpoint["data"] == {"q": "all"}
    assert draft.endpoint["paginator"]["limit_body_path"] == "limit"
    assert draft.endpoint["paginator"]["offset_body_path"] == "offset"


def test_a_next_address_in_a_header_begins_at_the_address_of_the_state() -> None:
    next_ = "{ if(contains(response.headers.link, 'next'), split(response.headers.link, ',')[0], null) }"
    draft = _drafted(
        state={"url": "https://api.example.com/v1/rooms"},
        request={"url": "{state.url}"},
        pagination={"next_state": {"url": next_}, "stop_condition": "!contains(response.headers.link, 'next')"},
    )
    assert (draft.endpoint["path"], draft.endpoint["paginator"]) == ("/rooms", {"type": "header_link"})
    assert not draft.losses


def test_an_address_whose_host_is_a_setting_keeps_its_path() -> None:
    spec = {"endpoints": {"rooms": {**_endpoint(), "request": {"url": "{env.BASE_URL}/v1/rooms"}}}}
    for given, base in (
        ({}, "https://your-address.invalid/v1"),
        ({"base_url": "https://a.example.com"}, "https://a.example.com/v1"),
    ):
        found = _converted(spec, **given)
        assert (found.client["base_url"], found.drafts[0].endpoint["path"]) == (base, "/rooms")


def test_a_setting_of_a_path_is_one_of_the_file_and_told_once() -> None:
    request = {"url": "https://api.example.com/{inputs.account}/things"}
    spec = {"endpoints": {"a": _endpoint(request=request), "b": _endpoint(request=request)}}
    found = _converted(spec)
    found.share()
    assert [one.endpoint["path"] for one in found.drafts] == ["/{setting.account}/things"] * 2
    assert [loss.words.partition(";")[0] for loss in found.losses] == ["the setting 'account' has no value"]


@pytest.mark.parametrize(
    "stop", ["is_empty(response.records)", "length(response.records) == 0", "is_empty(response.x)"]
)
def test_a_page_without_rows_is_the_end_in_any_words(stop: str) -> None:
    draft = _drafted(
        state={"page": 1},
        request={"url": "https://api.example.com/things", "parameters": {"page": "{state.page}"}},
        pagination={"next_state": {"page": "{state.page + 1}"}, "stop_condition": stop},
    )
    assert draft.endpoint["paginator"]["type"] == "page_number"
    assert ("does it end by itself" in _told(draft)) == stop.endswith("x)")
