"""Expressions of published manifests that say less than they look: lists, times before now, states that are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from messaging_assets.cli import main
from messaging_assets_tests.discovery.test_convert import KINDS, converted, manifest, only, parent, routed
from messaging_assets_tests.discovery.test_converted_words import cursor, drafted, endpoint_of, told


def test_a_list_of_a_parameter_or_of_a_parents_field_is_sent_as_a_list() -> None:
    body = {"kinds": "{{ [parameters['kind'], 'other'] }}", "teams": "{{ [stream_partition.teams_id] }}"}
    source = routed(parent("teams"), path="/search", **{"$parameters": {"kind": "rooms"}})
    source["streams"][-1]["retriever"]["requester"]["request_body_json"] = body

    found = drafted(source)

    assert endpoint_of(found)["json"] == {"kinds": ["rooms", "other"], "teams": ["{resources.teams.id}"]}
    assert all(kind != "loss" for kind, _ in told(found))


def test_a_state_is_nothing_where_the_manifest_has_no_cursor() -> None:
    params = {"changed_since": "{{ stream_state['at'] }}", "all": "true"}

    found = drafted(manifest(request_parameters=params))

    assert endpoint_of(found)["params"] == {"all": "true"}
    assert [words[:25] for kind, words in told(found) if "state" in words] == ["'stream_state.at' is noth"]
    assert all(kind == "question" for kind, _ in told(found))


@pytest.mark.parametrize(
    ("start", "given", "first"),
    [
        ("{{ (now_utc() - duration('P2W')).strftime('%Y-%m-%d') }}", {}, "-14d"),
        ("{{ config['since'] or now_utc() - duration('P1Y') }}", {}, "-366d"),
        ("{{ config['since'] if config['since'] else (now_utc() - duration('P1M')).strftime('%s') }}", {}, "-31d"),
        ("{{ config['since'] or now_utc() - duration('P1Y') }}", {"since": "2025-02-03"}, "2025-02-03"),
    ],
)
def test_a_start_some_time_before_now_is_so_many_days_and_never_fewer(
    start: str, given: dict[str, str], first: str
) -> None:
    found = drafted(manifest(cursor(start_datetime=start)), **given)
    begins = endpoint_of(found)["incremental"]["initial_value"]
    assert (begins, *found.settings.declared.values()) in ((first,), ("{setting.since}", first))
    assert all(kind != "loss" for kind, _ in told(found))


@pytest.mark.parametrize(
    ("expression", "sent"),
    [
        ("{{ now_utc().strftime('%Y-%m-%d') }}", "{now:date}"),
        ("{{ today_utc() }}", "{now:date}"),
        ("{{ timestamp(now_utc()) }}", "{now:epoch_seconds}"),
        ("{{ now_utc().timestamp() }}", "{now:epoch_seconds}"),
        ("{{ day_delta(-7, format='%Y/%m/%d') }}", "{now-7d:%Y/%m/%d}"),
        ("before {{ format_datetime(now_utc(), '%d.%m.%Y') }}", "before {now:%d.%m.%Y}"),
        ("{{ (now_utc() - duration('P2W')).strftime('%Y-%m-%dT%H:%M:%SZ') }}", "{now-14d:%Y-%m-%dT%H:%M:%SZ}"),
    ],
)
def test_the_time_of_asking_is_a_placeholder(expression: str, sent: str, clean_room: Path) -> None:
    raw, _ = converted(manifest(request_parameters={"until": expression}), clean_room)
    assert raw["resources"][0]["endpoint"]["params"] == {"until": sent}


def test_a_day_to_come_is_left_out_with_a_line() -> None:
    found = drafted(manifest(request_parameters={"until": "{{ day_delta(1) }}"}))
    assert endpoint_of(found)["params"] == {}
    assert any(kind == "loss" and "of a day to come" in words for kind, words in told(found))


def test_a_parent_that_is_read_otherwise_once_it_has_a_state_is_the_stream_of_its_name(clean_room: Path) -> None:
    source = routed(parent("teams"), path="/{{ stream_partition.teams_id }}")
    whole = dict(source["definitions"]["teams"])
    both = {"type": "StateDelegatingStream", "name": "teams", "full_refresh_stream": whole, "incremental_stream": {}}
    source["definitions"]["teams"] = source["streams"][0] = both

    raw, done = converted(source, clean_room)

    assert [one["name"] for one in raw["resources"]] == ["teams", "users", "messages"]
    assert "not in the file" not in done.stderr


def test_windows_of_rows_without_a_key_are_one_range_and_a_question() -> None:
    source: dict[str, Any] = manifest({**cursor(), "primary_key": None})

    found = drafted(source)

    assert "step" not in endpoint_of(found)["incremental"]
    assert any("its step, P14D, is left out" in words for kind, words in told(found) if kind == "question")


def test_a_secret_that_a_file_beside_the_manifest_hides_is_none_of_the_settings(clean_room: Path) -> None:
    hidden = {"properties": {"account": {"airbyte_secret": True}, "team": {"default": "red"}}}
    (clean_room / "spec.json").write_text(json.dumps({"connectionSpecification": hidden}))
    source = manifest(request_headers={"X-Account": "{{ config['account'] }}", "X-Team": "{{ config['team'] }}"})

    raw, _ = converted(source, clean_room)

    assert raw["settings"] == {"team": "red"}
    assert raw["client"]["auth"] == {"type": "api_key", "name": "X-Account", "location": "header"}


def test_a_secret_in_the_query_of_a_path_is_a_way_of_authentication(clean_room: Path) -> None:
    path = "/rooms?key={{ config['api_key'] }}&sort={{ config['sort'] or 'name & date' }}&all=a%20b"

    raw, done = converted(manifest(path=path), clean_room)

    endpoint = only(raw)["endpoint"]
    assert endpoint["path"] == "/rooms"
    assert endpoint["params"] == {"sort": "{setting.sort}", "all": "a b"}
    assert raw["settings"] == {"sort": "name & date"}
    assert raw["client"]["auth"] == {"type": "api_key", "name": "key", "location": "query"}
    assert "no word says" not in done.stderr


def test_what_a_source_does_not_hide_is_a_setting_in_an_address_whatever_it_is_called(clean_room: Path) -> None:
    source = manifest(path="/{{ config['app_key'] }}/rooms")
    source["spec"] = {"connection_specification": {"properties": {"app_key": {"type": "string"}}}}

    raw, done = converted(source, clean_room, "--setting", "app_key=red")

    assert only(raw)["endpoint"]["path"] == "/{setting.app}/rooms"
    assert raw["settings"] == {"app": "red"}
    assert "is it no secret?" in done.stderr


@pytest.mark.parametrize("name", ["password", "client_secret", "token", "app_key"])
def test_no_value_of_the_source_stands_in_an_address_for_what_is_called_like_a_secret(
    name: str, clean_room: Path
) -> None:
    source = manifest(path=f"/{{{{ config['{name}'] }}}}/rooms")
    spec = {"properties": {name: {"type": "string", "default": "hunter2"}}}
    source["spec"] = {"connection_specification": spec}
    (clean_room / "source.json").write_text(json.dumps(source))

    done = CliRunner().invoke(main, ["convert", "source.json"])

    assert "hunter2" not in done.output


def test_what_is_cut_out_of_a_setting_is_a_setting_of_its_own(clean_room: Path) -> None:
    raw, done = converted(manifest(path="/{{ config.day[:4] }}/{{ config.day[4:6] }}"), clean_room)
    given, _ = converted(manifest(path="/{{ config.day[:4] }}"), clean_room, "--setting", "day_4=2025")

    assert only(raw)["endpoint"]["path"] == "/{setting.day_4}/{setting.day_4_6}"
    assert "the setting 'day_4_6' is what the source has as config.day[4:6]" in done.stderr
    assert given["settings"] == {"day_4": "2025"}


def test_values_that_an_expression_makes_of_a_setting_are_for_its_user_to_write(clean_room: Path) -> None:
    router = {"type": "ListPartitionRouter", "cursor_field": "room", "values": "{{ config['rooms'] | select | list }}"}

    raw, done = converted(routed(router, path="/{{ stream_partition.room }}"), clean_room)

    assert raw["resources"][-1]["for_each"] == {"room": ["your-room", "your-other-room"]}
    assert "its values are made of the setting rooms by an expression; write them here" in done.stderr


def test_parents_in_turn_give_their_further_fields_too(clean_room: Path) -> None:
    both = (
        parent("teams", extra_fields=[["region"]]),
        parent("users", partition_field="teams_id", extra_fields=[["region"]]),
    )
    configs = [one for router in both for one in router["parent_stream_configs"]]
    router = {"type": "SubstreamPartitionRouter", "parent_stream_configs": configs}
    path = "/{{ stream_slice.extra_fields['region'] }}/{{ stream_partition.teams_id }}"

    raw, _ = converted(routed(router, path=path), clean_room)

    paths = {one["name"]: one.get("endpoint", {}).get("path") for one in raw["resources"]}
    assert paths["messages"] == "/{resources.teams_or_users.region}/{resources.teams_or_users.id}"


def test_fields_inside_an_object_go_out_behind_what_takes_them() -> None:
    steps = [
        {"type": "RemoveFields", "field_pointers": [["span", "start"]]},
        {"type": "AddFields", "fields": [{"path": ["ends"], "value": "{{ record['span']['end'] }}"}]},
        {"type": "RemoveFields", "field_pointers": [["span", "end"]]},
    ]

    found = drafted(manifest({"transformations": steps}))

    assert found.drafts[0].raw["steps"] == [
        {"copy": {"ends": "span.end"}},
        {"flatten": ["span"]},
        {"drop": ["span__start", "span__end"]},
    ]
    assert all(kind != "loss" for kind, _ in told(found))


def test_a_field_that_would_share_a_column_gets_a_name_of_its_own(clean_room: Path) -> None:
    schema = {"properties": {"createdAt": {"type": "string", "format": "date-time"}, "created_at": {"type": "string"}}}
    loader = {"type": "InlineSchemaLoader", "schema": schema}

    raw, done = converted(manifest({"primary_key": "created_at", "schema_loader": loader}), clean_room)

    assert only(raw)["steps"] == [{"rename": {"createdAt": "createdAt_2"}}]
    assert only(raw)["columns"]["createdAt_2"] == {"data_type": "timestamp"}
    assert "createdAt beside created_at" in done.stderr


@pytest.mark.parametrize(
    ("formats", "expected"),
    [(["%Y%m%d", "%Y%m%d%H"], "%Y%m%d%H"), (["%d/%m/%Y"], "%d/%m/%Y"), (["%Y-%m-%d", "%d/%m/%Y"], None)],
)
def test_moments_that_are_known_by_a_pattern_alone_are_read_by_it(formats: list[str], expected: str | None) -> None:
    found = drafted(manifest(cursor(cursor_datetime_formats=formats, datetime_format="%Y%m%d")))
    assert endpoint_of(found)["incremental"].get("cursor_format") == expected


def test_parents_of_which_one_is_the_others_own_go_together_and_are_told(clean_room: Path) -> None:
    source = routed(
        parent("teams"), parent("users"), path="/{{ stream_partition.teams_id }}/{{ stream_slice.users_id }}"
    )
    of_team = source["definitions"]["users"]["retriever"]
    of_team["partition_router"] = parent("teams")
    of_team["requester"] = {**of_team["requester"], "path": "/{{ stream_partition.teams_id }}/users"}

    _, done = converted(source, clean_room)

    assert "question: a record of users goes with its own of teams alone; there each goes with each" in done.stderr


def test_a_range_that_goes_with_the_first_page_alone_is_in_no_further_request() -> None:
    option = {"inject_into": "request_parameter", "field_name": "after"}
    strategy = {"type": "CursorPagination", "cursor_value": "{{ response.next }}"}
    paginator = {"type": "DefaultPaginator", "pagination_strategy": strategy, "page_token_option": option}
    router = {**KINDS, "request_option": {"inject_into": "request_parameter", "field_name": "kind"}}
    source = manifest(cursor(), request_parameters={"all": "true"})
    source["streams"][0]["retriever"] |= {"paginator": paginator, "partition_router": router}
    source["streams"][0]["retriever"]["ignore_stream_slicer_parameters_on_paginated_requests"] = True

    found = endpoint_of(drafted(source))

    assert found["params"] == {"kind": "{for_each.kind}", "all": "true"}
    assert found["paginator"]["next_request"] == {"params": {"all": "true"}}


def test_a_start_with_a_floor_of_some_days_is_the_days_and_a_question() -> None:
    start = {"datetime": "{{ config['since'] }}", "min_datetime": "{{ day_delta(-7) }}"}
    found = drafted(manifest(cursor(start_datetime=start)), since="2020-01-01")
    assert endpoint_of(found)["incremental"]["initial_value"] == "-7d"
    assert any("it starts 7 days ago, or with the setting 'since'" in words for _, words in told(found))


@pytest.mark.parametrize(("is_behind", "words"), [(True, ["copy", "filter"]), (False, ["filter", "copy"])])
def test_a_filter_stands_where_the_manifest_has_it(is_behind: bool, words: list[str]) -> None:
    added = {"type": "AddFields", "fields": [{"path": ["kind"], "value": "{{ record['meta']['kind'] }}"}]}
    kept = {"condition": "{{ record.kind == 'room' }}"}
    source = manifest({"transformations": [added]})
    source["streams"][0]["retriever"]["record_selector"] |= {
        "record_filter": kept,
        "transform_before_filtering": is_behind,
    }
    assert [next(iter(one)) for one in drafted(source).drafts[0].raw["steps"]] == words


@pytest.mark.parametrize(
    ("predicate", "told_as"),
    [
        ("{{ 'code' in response and response['code'] == 'closed' }}", {"path": "code", "values": ["closed"]}),
        ("{{ 'HAS NO ROOMS' in response.error.errors[0].message }}", {"content": "HAS NO ROOMS"}),
    ],
)
def test_an_answer_to_ignore_is_told_by_a_field_that_is_there_or_by_words(
    predicate: str, told_as: dict[str, Any]
) -> None:
    rule = {"type": "HttpResponseFilter", "predicate": predicate, "action": "IGNORE"}
    handler = {"type": "DefaultErrorHandler", "response_filters": [rule]}
    found = drafted(manifest(error_handler=handler))
    assert endpoint_of(found)["response_actions"] == [{**told_as, "action": "ignore"}]
    assert all(kind != "loss" for kind, _ in told(found))


@pytest.mark.parametrize(
    "loader",
    [None, {"file_path": "./chat/schemas/{{ parameters['name'] }}.json"}, {"type": "JsonFileSchemaLoader"}],
)
def test_a_schema_in_a_file_beside_the_manifest_gives_the_columns(loader: Any, clean_room: Path) -> None:
    fields = {"id": {"type": "string"}, "at": {"type": "string", "format": "date-time"}}
    (clean_room / "schemas").mkdir()
    (clean_room / "schemas" / "messages.json").write_text(json.dumps({"properties": fields}))

    raw, _ = converted(manifest({"schema_loader": loader, "$parameters": {"name": "messages"}}), clean_room)

    assert only(raw)["columns"] == {"id": {"data_type": "text", "nullable": False}, "at": {"data_type": "timestamp"}}


def test_no_name_of_a_stream_leads_out_of_the_folder_of_schemas(clean_room: Path) -> None:
    (clean_room / "schemas").mkdir()
    (clean_room / "other.json").write_text(json.dumps({"properties": {"id": {"type": "string"}}}))
    raw, _ = converted(manifest({"name": "../other"}), clean_room)
    assert "columns" not in only(raw)


@pytest.mark.parametrize(("kind", "word"), [("PageIncrement", "page"), ("OffsetIncrement", "offset")])
def test_a_number_that_goes_nowhere_is_a_question(kind: str, word: str) -> None:
    strategy = {"type": kind, "page_size": 50, "start_from_page": 1}
    paginator = {
        "type": "DefaultPaginator",
        "pagination_strategy": strategy,
        "page_token_option": {"type": "RequestPath"},
    }
    source = manifest()
    source["streams"][0]["retriever"]["paginator"] = paginator
    assert ("question", f"which parameter takes the number? It is sent as {word}") in told(drafted(source))


@pytest.mark.parametrize("is_told", [True, False])
def test_a_mark_that_is_the_parents_is_left_to_the_parents(is_told: bool, clean_room: Path) -> None:
    added = {
        "type": "AddFields",
        "fields": [{"path": ["at"], "value": "{{ stream_slice.extra_fields['changed_at'] }}"}],
    }
    router = parent("teams", extra_fields=[["changed_at"]], incremental_dependency=is_told)
    source = routed(
        router, path="/{{ stream_partition.teams_id }}", transformations=[added], **cursor(cursor_field="at")
    )
    source["streams"][-1]["incremental_sync"] |= {"start_time_option": None, "end_time_option": None}

    raw, done = converted(source, clean_room)

    messages = raw["resources"][-1]
    assert "incremental" not in messages["endpoint"]
    assert messages.get("only_changed_parents") == ("changed_at" if is_told else None)
    assert ("its mark at is its parent's" in done.stderr) is not is_told


@pytest.mark.parametrize(
    ("path", "selector"), [(["data", "*", "data", "*"], "data[*].data.*"), (["*", "rooms"], "[*].rooms")]
)
def test_a_star_at_the_end_is_any_key_and_another_one_each_element(path: list[str], selector: str) -> None:
    source = manifest()
    source["streams"][0]["retriever"]["record_selector"] = {"extractor": {"type": "DpathExtractor", "field_path": path}}
    assert endpoint_of(drafted(source))["data_selector"] == selector


def test_records_at_a_place_that_the_manifest_does_not_name_are_a_question() -> None:
    source = manifest()
    extractor = {"type": "DpathExtractor", "field_path": ["{{ parameters['place'] }}"]}
    source["streams"][0]["retriever"]["record_selector"] = {"extractor": extractor}
    assert any("Where are they? Write data_selector" in words for kind, words in told(drafted(source)))
