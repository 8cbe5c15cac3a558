"""Expressions of published manifests that say less than they look: lists, times before now, states that are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from messaging_assets_tests.discovery.test_convert import converted, manifest, parent, routed
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
