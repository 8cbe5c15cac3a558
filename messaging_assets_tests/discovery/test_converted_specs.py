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
def test_what_answers_are_written_in_is_a_word(written: str, format_: str | None) -> None:
    draft = _drafted(response={"format": written})
    assert draft.is_carried == (format_ != "lost")
    assert draft.endpoint.get("format", "lost" if not draft.is_carried else None) == format_


@pytest.mark.parametrize(
    ("sent", "format_"),
    [
        ('{date_format(date_parse(state.since, "auto"), "%s")}', "epoch_seconds"),
        ('{date_format(state.since, "%Y-%m-%d")}', "date"),
        ("{state.since}", None),
    ],
)
def test_a_start_is_sent_in_the_format_of_the_spec(sent: str, format_: str | None) -> None:
    kept = {"expression": "record.at", "output": "state.last", "aggregation": "maximum"}
    draft = _drafted(
        state={"since": SINCE}, sync=["last"], request={"parameters": {"since": sent}}, response={"processors": [kept]}
    )
    assert draft.endpoint["params"] == {"since": "{incremental.start_value}"}
    assert draft.endpoint["incremental"].get("format") == format_
    assert not draft.losses or "hand out this list" in draft.losses[0].words
