"""Requests that say when they are asked: `{now:epoch_seconds}`, and a time before it."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import Any

import pytest

from messaging_assets.description.api import Resource
from messaging_assets.files.api_files import describe
from messaging_assets.files.rules.mistakes import InvalidDescription
from messaging_assets.reading.times.asked_moments import asked_at
from messaging_assets_tests.one_table import API, RESOURCE, OneTable

MOMENT = datetime(2026, 11, 30, 10, 0, 5, 700_000, tzinfo=timezone.utc)
ENDPOINT: dict[str, Any] = {
    "path": "v1/resource",
    "params": {"until": "{now:epoch_seconds}", "day": "of {now-7d:date}"},
    "headers": {"X-Asked-At": "{now:http}"},
    "data_selector": "data",
    "paginator": {"type": "offset", "limit": 100},
}


def asked(**parts: Any) -> Any:
    """A request's parts with the moment in place."""
    endpoint = asked_at(
        Resource.model_validate({"name": "rows", "endpoint": {"path": "rows", **parts}}), MOMENT
    ).endpoint
    return {"path": endpoint.path, "json": endpoint.json_body}


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("{now:epoch_seconds}", 1796032805),
        ("{now:epoch_ms}", 1796032805000),
        ("{now:iso}", "2026-11-30T10:00:05Z"),
        ("{now:date}", "2026-11-30"),
        ("{now:http}", "Mon, 30 Nov 2026 10:00:05 GMT"),
        ("{now:%d.%m.%Y %H:%M}", "30.11.2026 10:00"),
        ("{now-7d:date}", "2026-11-23"),
        ("{now-90min:iso}", "2026-11-30T08:30:05Z"),
        ("from {now-1d:date} to {now:date}", "from 2026-11-29 to 2026-11-30"),
        ("{{now:date}}", "{{now:date}}"),
        ("{resources.channels.id}", "{resources.channels.id}"),
    ],
)
def test_a_placeholder_is_the_moment_in_its_format(written: str, sent: Any) -> None:
    made = asked(path=f"rows/{written}", json={"query": {"range": [written]}})
    assert made == {"path": f"rows/{sent}", "json": {"query": {"range": [sent]}}}


def test_all_pages_of_a_sync_name_one_moment_and_each_sync_its_own(one_table: OneTable) -> None:
    one_table.serve([{"id": number} for number in range(250)])
    before = int(time.time())

    first = one_table.sync(endpoint=ENDPOINT)
    time.sleep(1.1)
    second = one_table.sync()

    assert (first.green, second.green) == (True, True)
    assert len(one_table.rows()) == 250
    requests = one_table.sandbox.asked(API, RESOURCE)
    moments = [request.query["until"] for request in requests]
    assert len(set(moments)) == 2
    assert len(set(moments[: len(moments) // 2])) == 1
    assert before <= int(moments[0]) < int(moments[-1]) <= time.time()
    week_ago = datetime.fromtimestamp(int(moments[0]) - 7 * 86_400, timezone.utc).date()
    assert requests[0].query["day"] == f"of {week_ago}"
    assert requests[0].headers["x-asked-at"].endswith("GMT")


@pytest.mark.parametrize(
    ("changed", "mistake"),
    [
        ({"params": {"until": "{now}"}}, "write how {now} is written, such as {now:epoch_seconds}"),
        ({"params": {"until": "{now:minutes}"}}, "write how {now} is written, such as {now:epoch_seconds}"),
        ({"params": {"since": "{now-2mo:date}"}}, "a time before now is written {now-7d:date}"),
        ({"conditional": True}, "no answer says that a list is as it was"),
        ({"job": {"poll": "v1/jobs/{job.id}"}, "paginator": None}, "an interrupted sync would begin a second job"),
    ],
)
def test_a_moment_that_cannot_be_written_or_does_not_go_with_another_word_is_refused(
    changed: dict[str, Any], mistake: str
) -> None:
    raw: dict[str, Any] = {
        "client": {"base_url": "https://api.example.com"},
        "resources": [{"name": "rows", "write_disposition": "replace", "endpoint": ENDPOINT}],
    }
    assert describe(raw, "asked")

    raw["resources"][0]["endpoint"] = {key: one for key, one in {**ENDPOINT, **changed}.items() if one is not None}
    with pytest.raises(InvalidDescription) as refused:
        describe(raw, "asked")

    assert mistake in str(refused.value)
