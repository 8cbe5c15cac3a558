"""An answer that says it is of a range of time which nobody asked for leaves open what lies outside of that."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets_tests.scripted_list import read

ONE = {"type": "single_page"}
RANGES: list[dict[str, Any]] = [
    {"from": "2026-11-01T00:00:00Z", "to": "2026-11-02T00:00:00Z"},
    {"meta": {"start_time": 1_790_000_000, "end_time": 1_790_086_400}},
    {"timeRange": {"startTime": 1_790_000_000_000, "endTime": 1_790_086_400_000}},
    {"period": {"startDate": "2026-11-01", "endDate": "2026-11-30"}},
    {"window": {"since": "2026-11-01", "until": "2026-12-01"}},
    # One day is a range, too, and the request's own id is not that of an object.
    {"from": "2026-11-01", "to": "2026-11-01"},
    *(
        {name: {"from": "2026-11-01", "to": "2026-11-30"}}
        for name in ("query", "filters", "params", "request", "criteria", "queryParameters", "appliedFilters")
    ),
    {"request": {"params": {"range": {"start": "2026-11-01", "end": "2026-11-30"}}}},
    {"meta": {"filters": {"start_date": "2026-11-01", "end_date": "2026-11-30"}}},
    # An account of which something is told has many ranges.
    {"account_id": 7, "start": "2026-11-01", "end": "2026-11-30"},
    {"meta": {"id": "of the request"}, "from": "2026-11-01", "to": "2026-11-30"},
]
NO_RANGES: list[dict[str, Any]] = [
    # The time that a search took, numbers of rows, a single moment, and the range of an object whose list it is.
    {"start_time": "2026-11-01T00:00:00Z", "end_time": "2026-11-01T00:00:04Z"},
    {"from": 0, "to": 2},
    {"from": "2026-11-01T00:00:00Z"},
    {"from": "2026-11-01T00:00:00Z", "meta": {"to": "2026-11-02T00:00:00Z"}},
    {"id": 7, "start": "2026-11-01", "end": "2026-11-30"},
    {"uuid": "7-8", "period": {"start": "2026-11-01", "end": "2026-11-30"}},
    {"project_id": 7, "created_at": "2026-01-01", "start": "2026-11-01", "end": "2026-11-30"},
    {"project_id": 7, "title": "Summer camp", "start": "2026-11-01", "end": "2026-11-30"},
    {"query": {"id": 7, "start": "2026-11-01", "end": "2026-11-30"}},
    {"query": {"from": 0, "to": 2, "total": 9}},
    {"filters": {"available": {"from": "2026-11-01", "to": "2026-11-30"}}},
    {"name": "Summer camp", "start": "2026-11-01", "end": "2026-11-30"},
    {"updated_from": "2026-11-01", "moved_to": "2026-11-30"},
]


def told(beside: dict[str, Any], **endpoint: Any) -> tuple[str, str]:
    of = read(lambda asked: {"data": [{"id": 1}, {"id": 2}], **beside}, ONE, **endpoint)
    return of.verdict, of.reason


@pytest.mark.parametrize("beside", RANGES, ids=str)
def test_a_range_that_nobody_asked_for_is_doubted(beside: dict[str, Any]) -> None:
    verdict, reason = told(beside)
    assert verdict == "unknown"
    assert "say that it is of a range of time, and the request asked for none" in reason


@pytest.mark.parametrize("beside", NO_RANGES, ids=str)
def test_other_moments_beside_a_list_say_nothing(beside: dict[str, Any]) -> None:
    assert told(beside)[0] != "unknown"


@pytest.mark.parametrize(
    "endpoint",
    [
        *({"params": {"since": "-1d"}}, {"params": {"day": "2026-11-01"}}, {"params": {"t": 1_790_000_000}}),
        *({"params": {"days": 30}}, {"params": {"period": "month"}}, {"params": {"date_preset": "maximum"}}),
        *({"params": {"filter": "at>=20261101"}}, {"params": {"filter": "at:>now-1d"}}),
    ],
    ids=str,
)
def test_a_range_that_was_asked_for_is_what_the_file_wants(endpoint: dict[str, Any]) -> None:
    assert told(RANGES[0], **endpoint)[0] != "unknown"


def test_a_range_is_passed_over_where_the_file_believes_no_counts() -> None:
    assert told(RANGES[0], total="ignore")[0] != "unknown"
