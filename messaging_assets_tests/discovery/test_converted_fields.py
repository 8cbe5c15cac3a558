"""Fields that transformations make, and texts that a setting or a page decides about."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets_tests.discovery.test_convert import manifest, parent, routed
from messaging_assets_tests.discovery.test_converted_words import drafted, endpoint_of, told

ASSIGNEES = (
    "{% set ids = [] %} {% for one in (record.get('assignees') or []) %} {% set _ = ids.append(one.get('id')) %} "
    "{% endfor %} {{ ids }}"
)
LINKS = {
    "type": "DefaultPaginator",
    "page_token_option": {"type": "RequestPath"},
    "pagination_strategy": {"type": "CursorPagination", "cursor_value": "{{ response.next }}"},
}
CURSORS = {**LINKS, "page_token_option": {"inject_into": "request_parameter", "field_name": "after"}}


def _added(value: str, name: str = "made") -> dict[str, Any]:
    field = {"path": [name], "value": value}
    return {"transformations": [{"type": "AddFields", "fields": [field]}]}


@pytest.mark.parametrize(
    ("value", "step"),
    [
        ("{{ record.id }}", {"copy": {"made": "id"}}),
        ("'{{ record.id }}'", {"copy": {"made": "id"}}),
        ("{{ record['author']['id'] ~ '-' ~ record['id'] }}", {"template": {"made": "{author.id}-{id}"}}),
        ("{{ record.author.id }}/{{ record.id }}", {"template": {"made": "{author.id}/{id}"}}),
        ("{{ [record.get('a', ''), record.get('b', '')]|join('|') }}", {"template": {"made": "{a}|{b}"}}),
        ("{{ format_datetime(record['at'], '%s') }}", {"template": {"made": "{at:epoch_seconds}"}}),
        ("{{ format_datetime(record.at, '%Y-%m-%dT%H:%M') }}", {"template": {"made": "{at:%Y-%m-%dT%H:%M}"}}),
        (ASSIGNEES, {"copy": {"made": "assignees[*].id"}}),
        ("{{ record.a if record.a else 'none' }}", {"copy": {"made": "a"}}),
        ("{{ record.a.b if record.a else '' }}", {"copy": {"made": "a.b"}}),
        ("{{ record.a or record['b'] }}", {"copy": {"made": ["a", "b"]}}),
        ("{{ record.get('a') or record.b.c or record.d }}", {"copy": {"made": ["a", "b.c", "d"]}}),
        ("{{ record.a if record.a else record.b }}", {"copy": {"made": ["a", "b"]}}),
    ],
)
def test_a_field_that_is_made_of_others_is_a_step(value: str, step: dict[str, Any]) -> None:
    found = drafted(manifest(_added(value)))
    assert found.drafts[0].raw["steps"] == [step]
    assert all(kind != "loss" for kind, _ in told(found))


@pytest.mark.parametrize(
    "value",
    [
        "{{ record.a or 'none' or record.b|upper }}",
        "{{ record.a or record.b|upper }}",
        "{{ record.a if record.kind == 'x' else record.b }}",
        "{{ record.a if 'a' in record else record.b }}",
        "{{ record.a if record.kind else '' }}",
        "{{ record.a.b if record.a else 'none' }}",
        "{{ record.a|upper }}",
        "{{ record.a }}-{{ config['password'] }}",
    ],
)
def test_a_field_that_is_one_of_several_is_a_loss_and_no_guess(value: str) -> None:
    found = drafted(manifest(_added(value)))
    assert "steps" not in found.drafts[0].raw
    assert [kind for kind, words in told(found) if "the field made" in words] == ["loss"]


def test_a_field_or_else_the_parents_key_is_one_of_two() -> None:
    source = routed(parent("teams"), path="/{{ stream_slice.teams_id }}")
    source["streams"][-1] |= _added("{{ record.get('team_id') or stream_slice.get('teams_id') }}", "team_id")
    [draft] = [one for one in drafted(source).drafts if one.name == "messages"]
    assert draft.raw["include_from_parent"] == ["id"]
    assert draft.raw["steps"] == [{"copy": {"team_id": ["team_id", "_teams_id"]}}]


def test_a_text_of_a_parents_key_and_the_records_own_is_a_template() -> None:
    source = routed(parent("teams"), path="/{{ stream_slice.teams_id }}")
    source["streams"][-1] |= _added("{{ stream_slice.teams_id }}|{{ record.id }}")
    [draft] = [one for one in drafted(source).drafts if one.name == "messages"]
    assert draft.raw["include_from_parent"] == ["id"]
    assert draft.raw["steps"] == [{"template": {"made": "{_teams_id}|{id}"}}]


def test_the_time_of_asking_is_in_each_row_anyway() -> None:
    found = drafted(manifest(_added("{{ now_utc().strftime('%s') }}")))
    assert [kind for kind, words in told(found) if "_dlt_load_id" in words] == ["question"]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({}, "/surveys"),
        ({"survey_id": "7"}, "/surveys/{setting.survey_id}/answers"),
    ],
)
def test_a_setting_that_is_given_decides_about_a_path(given: dict[str, str], path: str) -> None:
    text = "{{ '/surveys/' + config['survey_id'] + '/answers' if config['survey_id'] else '/surveys' }}"
    found = drafted(manifest(path=text), **given)
    assert endpoint_of(found)["path"] == path
    is_told = any("chooses between two texts" in words for _, words in told(found))
    assert is_told == (not given)


def test_a_query_of_settings_that_nobody_gave_is_none() -> None:
    part = "{{ ('project=' ~ config['project']) if config['project'] is defined else '' }}"
    assert endpoint_of(drafted(manifest(path=f"/features?{part}&{part}")))["path"] == "/features"
    assert endpoint_of(drafted(manifest(path=f"/features?{part}"), project="a"))["path"] == (
        "/features?project={setting.project}"
    )


@pytest.mark.parametrize(("given", "sent"), [("True", "true"), ("FALSE", "false")])
def test_a_setting_in_small_letters_is_sent_so(given: str, sent: str) -> None:
    found = drafted(manifest(request_parameters={"closed": "{{ config['closed']|lower }}"}), closed=given)
    assert endpoint_of(found)["params"] == {"closed": sent}


@pytest.mark.parametrize(
    ("paginator", "further", "lost"),
    [
        (LINKS, {}, 0),
        (CURSORS, {"next_request": {"params": {"limit": "50"}}}, 0),
        ({**CURSORS, "pagination_strategy": {"type": "OffsetIncrement", "page_size": 50}}, {}, 2),
    ],
)
def test_what_goes_with_the_first_page_only_does_so_where_links_or_a_token_lead_on(
    paginator: dict[str, Any], further: dict[str, Any], lost: int
) -> None:
    first = {"sort": "{{ 'at' if not next_page_token else '' }}", "in[]": "{{ ['a', 'b'] if next_page_token is none }}"}
    found = drafted(manifest({"retriever": {"paginator": paginator}}, request_parameters={**first, "limit": "50"}))
    endpoint = endpoint_of(found)
    assert {"sort": "at", "in[]": ["a", "b"]}.items() <= endpoint["params"].items()
    assert {word: one for word, one in endpoint["paginator"].items() if word == "next_request"} == further
    assert [kind for kind, words in told(found) if "first page only" in words] == ["loss"] * lost


def test_a_body_as_text_goes_with_further_pages_too() -> None:
    asked = {"sort": "{{ 'at' if not next_page_token else '' }}"}
    body = {"http_method": "POST", "request_body_data": "query=all&kind=x"}
    found = drafted(manifest({"retriever": {"paginator": CURSORS}}, request_parameters=asked, **body))
    assert endpoint_of(found)["data"] == "query=all&kind=x"
    assert "next_request" not in endpoint_of(found)["paginator"]
    assert [kind for kind, words in told(found) if "first page only" in words] == ["loss"]


def test_a_range_that_goes_with_each_page_is_not_left_out_of_further_ones() -> None:
    asked = {"sort": "{{ 'at' if not next_page_token else '' }}", "since": "{{ stream_interval.start_time }}"}
    cursor = {"type": "DatetimeBasedCursor", "cursor_field": "at", "datetime_format": "%s", "start_datetime": "0"}
    found = drafted(
        manifest({"incremental_sync": cursor, "retriever": {"paginator": CURSORS}}, request_parameters=asked)
    )
    assert endpoint_of(found)["params"] == {"sort": "at", "since": "{incremental.start_value}"}
    assert "next_request" not in endpoint_of(found)["paginator"]
    assert [kind for kind, words in told(found) if "first page only" in words] == ["loss"]


@pytest.mark.parametrize(("given", "asks"), [({}, False), ({"until": "2026-01-01T00:00:00Z"}, True)])
def test_the_end_of_a_range_is_asked_about_where_a_setting_gives_one(given: dict[str, str], asks: bool) -> None:
    cursor = {"type": "DatetimeBasedCursor", "cursor_field": "at", "datetime_format": "%s", "start_datetime": "0"}
    found = drafted(manifest({"incremental_sync": {**cursor, "end_datetime": "{{ config['until'] }}"}}), **given)
    assert any("ends its range early" in words for _, words in told(found)) == asks


@pytest.mark.parametrize("value", ["{{ response.a or response.b }}", "{{ last_record['id'] + 1 }}"])
def test_a_token_that_is_one_of_two_or_counted_on_from_a_record_is_a_question(value: str) -> None:
    strategy = {"type": "CursorPagination", "cursor_value": value}
    paginator = {**CURSORS, "pagination_strategy": strategy}
    found = drafted(manifest({"retriever": {"paginator": paginator}}))
    assert "paginator" not in endpoint_of(found)
    assert [kind for kind, words in told(found) if "next page's token" in words] == ["question"]


def test_a_setting_that_is_empty_is_no_part_of_an_address() -> None:
    source = manifest(url_base="https://{{ config['team'] }}.example.com")
    field = {"type": "string", "default": ""}
    source["spec"] = {"connection_specification": {"properties": {"team": field}}}
    found = drafted(source)
    assert found.client["base_url"] == "https://{setting.team}.example.com"
    assert found.settings.declared == {"team": "your-team"}
    assert [kind for kind, words in told(found) if "'team' has no value" in words] == ["setting"]


def test_a_list_of_a_setting_is_given_as_a_text_of_its_values() -> None:
    text = "/issues?components={{ ','.join(config.get('components', [])) }}&text={{ config['text'] or '' }}"
    assert endpoint_of(drafted(manifest(path=text), components="a,b"))["path"] == (
        "/issues?components={setting.components}&text={setting.text}"
    )


def test_what_a_parameter_waits_for_is_told_with_its_name() -> None:
    [draft] = drafted(manifest(request_parameters={"account": "{{ config['account_id'] }}"})).drafts
    [loss] = [one for one in draft.losses if one.kind == "setting"]
    assert loss.place == ("endpoint", "params", "account")


@pytest.mark.parametrize(
    "text", ["not config.get('ids') or record.id in config.ids", "record.id in config.ids or not config.ids"]
)
def test_a_filter_by_a_setting_that_nobody_gave_keeps_everything(text: str) -> None:
    retriever = {
        "record_selector": {"extractor": {"field_path": []}, "record_filter": {"condition": f"{{{{ {text} }}}}"}}
    }
    found = drafted(manifest({"retriever": retriever}))
    assert [kind for kind, words in told(found) if "without it all of them are" in words] == ["setting"]
    assert [
        kind for kind, words in told(drafted(manifest({"retriever": retriever}), ids="a")) if "filter" in words
    ] == ["loss"]


def test_a_field_that_is_made_of_one_that_was_made_before_is_a_step_behind_it() -> None:
    texts = {"at": "{{ format_datetime(record['at'], '%Y') }}", "key": "{{ record['id'] }}|{{ record['at'] }}"}
    added = [{"path": [name], "value": text} for name, text in texts.items()]
    [draft] = drafted(manifest({"transformations": [{"type": "AddFields", "fields": added}]})).drafts
    assert draft.raw["steps"] == [{"template": {"at": "{at:%Y}"}}, {"template": {"key": "{id}|{at}"}}]


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ("{{ record.status != 'deleted' }}", "@.status != 'deleted'"),
        ("{{ record.tags[0] == 'x' }}", "@.tags[0] == 'x'"),
        ("{{ record.status | string == 'active' }}", "@.status == 'active'"),
        ("{{ record.get('status', '') == 'active' }}", "@.status == 'active'"),
        ("{{ record.get('n', 0) > 5 }}", "@.n > 5"),
        ("{{ record.get('status', 'active') == 'active' }}", None),
        ("{{ record.get('deleted', false) == false }}", None),
        ("{{ record.get('n', 0) < 5 }}", None),
        ("{{ format_datetime(record.at, '%Y') == '2024' }}", None),
        ("{{ record.status | lower == 'active' }}", None),
        ("{{ record.n | int > 5 }}", None),
        ("{{ record.n | string == '5' }}", None),
        ("{{ record.status.strip() == 'active' }}", None),
        ("{{ (record.a if record.a else record.b) == 'x' }}", None),
    ],
)
def test_a_filter_is_carried_where_it_keeps_the_same_records_and_else_told(condition: str, kept: str | None) -> None:
    selector = {"extractor": {"field_path": ["data"]}, "record_filter": {"condition": condition}}
    found = drafted(manifest({"retriever": {"record_selector": selector}}))

    assert found.drafts[0].raw.get("steps") == ([{"filter": kept}] if kept else None)
    assert any("so more rows come" in words for _, words in told(found)) == (kept is None)


@pytest.mark.parametrize(
    ("value", "step"),
    [
        ("{{ record.tags[0].name }}", {"copy": {"made": "tags[0].name"}}),
        ("{{ record.tags[-1] }}", {"copy": {"made": "tags[-1]"}}),
        ("{{ record.tags[0] }}-{{ record.b }}", {"template": {"made": "{tags[0]}-{b}"}}),
        ("{{ record.a ~ record.b }}", {"template": {"made": "{a}{b}"}}),
        ("{{ record.get('a', '') }}", {"copy": {"made": "a"}}),
        ("{{ record.a | lower }}", None),
        ("{{ record.a or 'none' }}-{{ record.b }}", None),
        ("{{ record.a | lower }}-{{ record.b }}", None),
        ("{{ record.a + record.b }}", None),
    ],
)
def test_a_field_is_made_of_the_same_value_and_else_told(value: str, step: Any) -> None:
    found = drafted(manifest(_added(value)))

    assert found.drafts[0].raw.get("steps") == ([step] if step else None)
    assert any("is left out; write it as a step" in words for _, words in told(found)) == (step is None)


@pytest.mark.parametrize("name", ["made", "a"])
def test_a_field_with_a_default_is_null_without_it_and_the_file_asks_about_that(name: str) -> None:
    found = drafted(manifest(_added("{{ record.get('a', 'none') }}", name)))
    assert any("is null where nothing is there" in words for kind, words in told(found) if kind == "question")


def test_an_error_inside_a_list_is_looked_for_in_that_list() -> None:
    rule = {"predicate": "{{ response.errors[0].code == 'gone' }}", "action": "FAIL"}
    handler = {"type": "DefaultErrorHandler", "response_filters": [rule]}
    assert endpoint_of(drafted(manifest(error_handler=handler)))["error_in_body"]["path"] == "errors[0].code"
