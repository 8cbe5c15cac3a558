"""A window's bounds that a manifest makes fields of, and the expressions by which its requests take the range."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from messaging_assets_tests.discovery.test_convert import converted, manifest, only
from messaging_assets_tests.discovery.test_converted_words import drafted, endpoint_of, told

DAYS: dict[str, Any] = {
    "type": "DatetimeBasedCursor",
    "cursor_field": "day",
    "datetime_format": "%Y-%m-%d",
    "start_datetime": "2026-01-01",
    "start_time_option": {"inject_into": "request_parameter", "field_name": "from"},
    "end_time_option": {"inject_into": "request_parameter", "field_name": "to"},
    "step": "P1D",
    "cursor_granularity": "P1D",
}
OF_STATE = (
    "{{ format_datetime((config['start'] if stream_state['day'] is not defined else "
    "(stream_state.day if stream_state.day < now_utc() else now_utc())), '%Y-%m') }}"
)
KEY = {"primary_key": ["day", "kind"]}


def _fields(**values: str) -> dict[str, Any]:
    fields = [{"path": [name], "value": value} for name, value in values.items()]
    return {"transformations": [{"type": "AddFields", "fields": fields}]}


@pytest.mark.parametrize(
    ("cursor", "value", "given", "incremental"),
    [
        ({}, "{{ stream_slice.start_time }}", "{incremental.start_value}", {}),
        ({}, "{{ stream_interval['start_time'] }}", "{incremental.start_value}", {}),
        ({}, "'{{ stream_partition.start_time }}'", "{incremental.start_value}", {}),
        (
            {},
            "{{ format_datetime(stream_slice.start_time, '%d.%m.%Y') }}",
            "{incremental.start_value:%d.%m.%Y}",
            {"cursor_format": "%d.%m.%Y"},
        ),
        ({"lookback_window": "P30D"}, "{{ stream_slice.start_time }}", "{incremental.start_value}", {"lag": 30}),
        # Windows begin where they began before only by whole steps.
        (
            {"lookback_window": "P10D", "step": "P7D"},
            "{{ stream_slice.start_time }}",
            "{incremental.start_value}",
            {"lag": 14},
        ),
    ],
)
def test_a_window_that_tells_rows_apart_goes_into_them(
    cursor: dict[str, Any], value: str, given: str, incremental: dict[str, Any], clean_room: Path
) -> None:
    source = manifest({**KEY, **_fields(day=value), "incremental_sync": {**DAYS, **cursor}})
    raw, done = converted(source, clean_room)
    endpoint = only(raw)["endpoint"]
    assert endpoint["include_from_request"] == {"day": given}
    assert {"range_end": "closed", **incremental}.items() <= endpoint["incremental"].items()
    assert "loss" not in done.stderr


def test_a_mark_that_is_a_windows_end_becomes_its_start_of_which_it_is_read_again(clean_room: Path) -> None:
    fields = _fields(since="{{ stream_slice.start_time }}", until="{{ stream_slice.end_time }}")
    cursor = {**DAYS, "cursor_field": "until"}
    raw, _ = converted(manifest({"primary_key": ["since", "kind"], **fields, "incremental_sync": cursor}), clean_room)
    endpoint = only(raw)["endpoint"]
    assert endpoint["incremental"]["cursor_path"] == "since"
    assert endpoint["include_from_request"]["until"] == "{incremental.end_value}"


@pytest.mark.parametrize(
    ("stream", "cursor", "kind"),
    [
        # Its rows have a time of their own, by which windows overlap.
        ({"primary_key": "id"}, {"cursor_field": "at"}, "loss"),
        # Without a key, or before anybody says where the range begins, it is not read in windows.
        ({"primary_key": None}, {}, "question"),
        (KEY, {"start_datetime": "{{ config['start'] }}"}, "question"),
    ],
)
def test_a_window_that_does_not_tell_rows_apart_is_left_out_and_said(
    stream: dict[str, Any], cursor: dict[str, Any], kind: str
) -> None:
    source = {**stream, **_fields(day="{{ stream_slice.start_time }}"), "incremental_sync": {**DAYS, **cursor}}
    found = drafted(manifest(source))
    assert "include_from_request" not in endpoint_of(found)
    assert [one for one, words in told(found) if "bounds of a window" in words] == [kind]


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("{{ stream_interval.start_time if stream_interval else config['start'] }}", "{incremental.start_value}"),
        (
            "after:{{ stream_slice.get('start_time', '') or '1900' if stream_slice else '1900' }}",
            "after:{incremental.start_value}",
        ),
        (OF_STATE, "{incremental.start_value:%Y-%m}"),
        # What is compared with another value is not known.
        ("{{ stream_state.day if stream_state.day < config['start'] else now_utc() }}", None),
        ("{{ stream_state.day if stream_state.day > now_utc() else now_utc() }}", None),
    ],
)
def test_a_range_that_is_there_whenever_rows_are_asked_for_is_sent(value: str, sent: str | None) -> None:
    found = drafted(manifest({"incremental_sync": DAYS}, request_parameters={"q": value}))
    assert endpoint_of(found).get("params", {}).get("q") == sent


def test_a_start_in_parts_that_are_joined_is_the_time_before_now() -> None:
    start = "{{ config['start'] or ' '.join(day_delta(-7).split('.')[0].split('T')) }}"
    found = drafted(manifest({"incremental_sync": {**DAYS, "start_datetime": start}}))
    assert endpoint_of(found)["incremental"]["initial_value"] == "-7d"
