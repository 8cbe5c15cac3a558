"""Filters, lists inside records and lists of fields of published manifests."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from messaging_assets.foundation.json_paths import find_values
from messaging_assets_tests.discovery.test_convert import manifest
from messaging_assets_tests.discovery.test_converted_words import cursor, drafted, endpoint_of, told

SCHEMA = {
    "type": "object",
    "properties": {
        "on": {"type": ["null", "boolean"]},
        "tags": {"type": "array"},
        "links": {"type": "object"},
        "meta": {"type": "object", "properties": {"on": {"type": "boolean"}}},
        "name": {"type": "string"},
    },
}
ROWS: list[dict[str, Any]] = [
    {"kind": "a", "on": True, "tags": [1], "links": {"x": 1}, "meta": {"on": True}, "end": "2025"},
    {"kind": "b", "on": False, "tags": [], "links": {}, "meta": {"on": False}, "end": None},
    {"kind": "c", "meta": {}},
]


def _filtered(condition: str, **more: Any) -> Any:
    selector = {"extractor": {"field_path": ["data"]}, "record_filter": {"condition": condition}}
    loader = {"type": "InlineSchemaLoader", "schema": SCHEMA}
    return drafted(manifest({"retriever": {"record_selector": selector}, "schema_loader": loader}), **more)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="jsonpath-ng 1.16 wants Python 3.11")
@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ("{{ record.kind in ['a', 'c'] }}", "ac"),
        ("{{ record['kind'] not in ('a', 'b') }}", "c"),
        ("{{ record.kind == 'a' or record.kind == 'b' }}", "ab"),
        ("{{ record.kind in ['a', 'b'] and record.on }}", "a"),
        ("{{ record.get('end') is not none }}", "a"),
        ("{{ record.get('end') is none }}", "bc"),
        ("{{ record.get('end') == none }}", "bc"),
        ("{{ record['end'] is not none }}", "ac"),
        ("{{ record['end'] is none }}", "b"),
        ("{{ record.get('on', False) }}", "a"),
        ("{{ not record.on }}", "bc"),
        ("{{ record.meta.on }}", "a"),
        ("{{ record.tags }}", "a"),
        ("{{ 'x' in record.get('links', {}) }}", "a"),
        ("{{ 'end' in record }}", "ab"),
        ("{{ parameters.get('all') or 'x' in record.links }}", "a"),
    ],
)
def test_a_filter_keeps_what_the_manifests_own_reader_keeps(condition: str, kept: str) -> None:
    found = _filtered(condition)
    rows = ROWS
    for step in found.drafts[0].raw["steps"]:
        rows = find_values(f"$[?({step['filter']})]", rows)
    assert "".join(one["kind"] for one in rows) == kept
    assert "loss" not in [kind for kind, _ in told(found)]


@pytest.mark.parametrize(
    "condition",
    [
        "{{ record.name }}",
        "{{ record.kind in config['kinds'] }}",
        "{{ 'x' in record.tags }}",
        "{{ record.kind == 'a' or record.name }}",
        "{{ record.get('end') is not none or record.kind == 'a' }}",
    ],
)
def test_a_filter_whose_meaning_is_not_sure_is_a_loss(condition: str) -> None:
    found = _filtered(condition)
    assert "steps" not in found.drafts[0].raw
    assert any("is left out, so more rows come" in words for kind, words in told(found) if kind == "loss")


def test_a_filter_that_a_setting_makes_is_told_as_one_where_nobody_gave_it() -> None:
    found = _filtered("{{ record['id'] in config['ids'] if config.get('ids') else true }}")
    assert "steps" not in found.drafts[0].raw
    assert any("the setting 'ids'" in words for kind, words in told(found) if kind == "setting")


def _expanded(path: list[str], **more: Any) -> Any:
    expander = {"type": "RecordExpander", "expand_records_from_field": ["lines", "data"], **more}
    extractor = {"field_path": path, "record_expander": expander}
    return drafted(manifest({"retriever": {"record_selector": {"extractor": extractor}}}))


@pytest.mark.parametrize(
    ("path", "holder"), [(["data"], "data[*]"), ([], "[*]"), (["data", "*"], "data.*"), (["a", "*", "b"], "a[*].b[*]")]
)
def test_a_list_inside_each_record_is_selected_with_what_is_taken_of_the_record(path: list[str], holder: str) -> None:
    fields = [{"parent_path": ["customer", "id"], "record_path": ["customer_id"]}]
    found = _expanded(path, parent_fields=fields, remain_original_record=True)
    assert endpoint_of(found)["data_selector"] == f"{holder}.lines.data[*]"
    assert endpoint_of(found)["include_from_answer"] == {
        "customer_id": f"{holder}.customer.id",
        "original_record": f"{holder}.`this`",
    }
    assert "loss" not in [kind for kind, _ in told(found)]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"merge_parent": True}, "name those that are wanted in include_from_answer"),
        ({"on_no_records": "emit_parent"}, "is a row itself there"),
        ({"truncation_indicator_path": ["lines", "has_more"]}, "where lines.has_more says that the list"),
    ],
)
def test_what_else_becomes_of_a_list_inside_a_record_is_told(more: dict[str, Any], words: str) -> None:
    assert any(words in one for kind, one in told(_expanded(["data"], **more)) if kind == "loss")


def test_names_of_fields_that_are_asked_for_are_sent_with_commas_between_them(clean_room: Path) -> None:
    names = {"type": "QueryProperties", "property_list": ["b", "c"], "always_include_properties": ["a"]}
    found = drafted(manifest(request_parameters={"fields": names}))
    assert endpoint_of(found)["params"] == {"fields": "a,b,c"}
    cut = {**names, "property_chunking": {"property_limit_type": "property_count", "property_limit": 2}}
    asked = told(drafted(manifest(request_parameters={"fields": cut})))
    assert any("fields has up to 2 at once there" in words for kind, words in asked if kind == "question")
    listed = {**names, "property_list": {"type": "PropertiesFromEndpoint", "retriever": {"x": "{{ config['token'] }}"}}}
    found = drafted(manifest(request_parameters={"fields": listed, "limit": 5}))
    assert endpoint_of(found)["params"] == {"limit": 5}
    [lost] = [words for kind, words in told(found) if kind == "loss"]
    assert lost.startswith("fields takes the names of all fields, which the API lists elsewhere; write them here,")


def test_a_start_that_is_a_setting_if_later_is_the_days_and_a_question() -> None:
    day = "day_delta(-90, format='%Y-%m-%d')"
    text = f"{{{{ config['start'] if config.get('start') and config['start'] > {day} else {day} }}}}"
    found = drafted(manifest(cursor(start_datetime=text)))
    assert endpoint_of(found)["incremental"]["initial_value"] == "-90d"
    assert any("it starts 90 days ago, or with the setting 'start'" in words for _, words in told(found))


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("{ 'all': [ {'after': {{ stream_interval.start_time }}, 'n': 5}, ], }", {"all": [{"after": "?", "n": 5}]}),
        ("{'text': 'from {{ stream_interval.start_time }} on'}", {"text": "from ? on"}),
        ("[{{ stream_interval.start_time }}, true]", "[?, true]"),
        ("{'k{{ stream_interval.start_time }}': 1}", "{{'k?': 1}}"),
        ("{'a': 1 + {{ stream_interval.start_time }}}", "{{'a': 1 + ?}}"),
    ],
)
def test_an_object_as_python_writes_it_is_sent_as_an_object(text: str, sent: Any) -> None:
    found = drafted(manifest(cursor(), http_method="POST", request_body_json={"query": text}))
    written = repr(endpoint_of(found)["json"]["query"]).replace("{incremental.start_value}", "?")
    assert written == repr(sent)
