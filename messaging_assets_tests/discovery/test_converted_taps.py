"""Configs of a tap for any REST API, as its own documentation writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from messaging_assets.conversion.outcome import Converted, Draft
from messaging_assets.conversion.reading import read_source
from messaging_assets.conversion.tap_config import from_tap
from messaging_assets.conversion.texts import Settings

NEW = {"replication_key": "updated_at", "start_date": "2025-01-01T00:00:00Z"}


def _converted(**config: Any) -> Converted:
    found = Converted("chat", "a tap's config", Settings())
    from_tap(
        {"api_url": "https://api.example.com/v1", "streams": [{"name": "items", "path": "/items"}], **config}, found
    )
    return found


def _only(**config: Any) -> Draft:
    [draft] = _converted(**config).drafts
    return draft


def _stream(**words: Any) -> list[dict[str, Any]]:
    return [{"name": "items", "path": "/items", **words}]


def test_the_length_of_a_page_among_the_parameters_is_the_paginators() -> None:
    paged = {"pagination_request_style": "offset_paginator", "pagination_initial_offset": 0}
    sizes = [
        _only(**paged, streams=_stream(params={"limit": "5"})),
        _only(**paged, pagination_limit_per_page_param="size", params={"size": 7}),
        _only(**paged),
    ]
    assert [one.endpoint["paginator"]["limit"] for one in sizes] == [5, 7, 25]
    assert not any(one.params for one in sizes)


def test_what_a_tap_sends_in_the_body_is_there_with_its_page_and_its_query() -> None:
    query = {"bool": {"filter": [{"range": {"meta.at": {"gt": "$last_run_date"}}}]}}
    draft = _only(
        use_request_body_not_params=True,
        pagination_request_style="jsonpath_paginator",
        next_page_token_path="$.hits.hits[-1:].sort",
        pagination_next_page_param="search_after",
        streams=_stream(**NEW, source_search_field="query", source_search_query=json.dumps(query), params={"size": 9}),
    )
    assert draft.endpoint["paginator"] == {
        "type": "cursor",
        "cursor_path": "hits.hits[-1].sort",
        "cursor_body_path": "search_after",
    }
    asked = {"bool": {"filter": [{"range": {"meta.at": {"gt": "{incremental.start_value}"}}}]}}
    assert draft.endpoint["json"] == {"size": 9, "query": asked}
    broken = _only(
        use_request_body_not_params=True,
        streams=_stream(**NEW, source_search_field="q", source_search_query="$last_run_date"),
    )
    assert any("what it sends as q is not said" in loss.words for loss in broken.losses)


@pytest.mark.parametrize(
    ("words", "params", "start"),
    [
        ({"pagination_response_style": "header_link"}, {"sort": "updated", "direction": "asc"}, "since"),
        ({}, {"sort": "asc", "order_by": "updated_at"}, None),
        ({"pagination_response_style": "hateoas_body"}, {}, None),
        (
            {"pagination_response_style": "hateoas_body", "source_search_field": "at"},
            {"at": "gt{incremental.start_value}"},
            None,
        ),
        ({"source_search_field": "at", "source_search_query": "${last_run_date}"}, {}, "at"),
    ],
)
def test_what_is_new_is_asked_for_as_the_tap_does(
    words: dict[str, Any], params: dict[str, Any], start: str | None
) -> None:
    draft = _only(**NEW, **words)
    assert draft.params == params
    assert draft.endpoint["incremental"].get("start_param") == start


@pytest.mark.parametrize(("key", "asks"), [("meta_lastUpdated", True), ("updated_at", False), ("lastUpdated", False)])
def test_a_key_that_the_tap_made_of_fields_inside_others_is_a_question(key: str, asks: bool) -> None:
    draft = _only(streams=_stream(replication_key=key))
    assert any("fields inside others" in loss.words for loss in draft.losses) == asks


def test_an_address_that_is_the_list_itself_gets_no_slash_behind_it() -> None:
    found = _converted(streams=[{"name": "items"}, {"name": "parts", "path": "/parts"}])
    assert found.client["base_url"] == "https://api.example.com"
    assert [one.endpoint["path"] for one in found.drafts] == ["/v1", "/v1/parts"]


def test_what_stands_in_variables_of_the_environment_is_json() -> None:
    draft = _only(streams=json.dumps(_stream()), headers='{"X-Api-Key": "k-1", "Accept": "text/csv"}')
    assert draft.endpoint["path"] == "/items"
    assert draft.endpoint["headers"] == {"Accept": "text/csv"}
    assert draft.endpoint["auth"]["name"] == "X-Api-Key"


def test_words_that_nothing_here_says_are_told() -> None:
    found = _converted(backoff_type="header", backoff_param="X-Reset", store_raw_json_message=True)
    told = [loss.words for loss in [*found.losses, *found.drafts[0].losses]]
    assert any("how long to wait from the X-Reset" in one for one in told)
    assert any("_sdc_raw_json" in one for one in told)
    assert not any("how long to wait" in loss.words for loss in _converted(backoff_type="header").losses)


def test_a_second_tap_of_a_file_is_told(tmp_path: Path) -> None:
    taps = [{"config": {"api_url": f"https://{one}.example.com", "streams": []}} for one in ("a", "b")]
    (tmp_path / "meltano.yml").write_text(yaml.safe_dump({"plugins": {"extractors": taps}}))
    source = read_source(tmp_path / "meltano.yml")
    assert source.value["api_url"] == "https://a.example.com"
    assert source.doubts == ("the file has another tap, of https://b.example.com; give each a file of its own",)
