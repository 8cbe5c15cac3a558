"""Two layers try again: a request as the file says, the whole sync as Dagster's retry policy says; both are counted."""

from __future__ import annotations

from typing import Any

import pytest
from dagster import materialize

from messaging_assets.assets.credentials import build_credentials, credentials_key
from messaging_assets.assets.resource_asset import build_assets
from messaging_assets.seams.dagster_dlt import DagsterDltResource
from messaging_assets_tests.faults.one_list import AT_ONCE, OneList

ONCE_MORE = {**AT_ONCE, "max_retries": 1}


def attempts(one_list: OneList, **endpoint: Any) -> tuple[bool, int]:
    """Run the asset in Dagster: whether it is green, and how often its step was tried."""
    description = one_list.describe(error_handler=ONCE_MORE, **endpoint)
    one_list.sandbox.forget()
    result = materialize(
        build_assets(description),
        resources={
            "dlt": DagsterDltResource(),
            credentials_key(description.name): build_credentials(description, one_list.secrets),
        },
        raise_on_error=False,
    )
    again = [event for event in result.all_events if event.event_type_value == "STEP_UP_FOR_RETRY"]
    return result.success, 1 + len(again)


@pytest.mark.parametrize(
    "fault",
    [
        *({"status": status} for status in (400, 401, 403, 404)),
        {"body": b'{"error": "no"}'},
        {"body": b'{"data": ["text"]}'},
        {"status": 302, "headers": {"Location": "http://stranger.invalid/"}},
    ],
    ids=str,
)
def test_what_no_later_try_can_mend_is_tried_once(one_list: OneList, fault: Any) -> None:
    one_list.fault(**fault)
    assert attempts(one_list) == (False, 1)
    assert len(one_list.sandbox.requests) == 1


def test_a_missing_secret_is_tried_once(one_list: OneList) -> None:
    one_list.secrets = {}
    assert attempts(one_list) == (False, 1)
    assert one_list.sandbox.requests == []


def test_the_product_of_both_layers_is_bounded(one_list: OneList) -> None:
    one_list.fault(status=503)
    assert attempts(one_list) == (False, 2)
    assert len(one_list.sandbox.requests) == 4


def test_weather_that_outlasts_one_sync_is_mended_by_the_next(one_list: OneList) -> None:
    one_list.fault(status=503, times=2)
    assert attempts(one_list) == (True, 2)


def test_missing_rows_are_tried_again(one_list: OneList) -> None:
    one_list.resource["passes"] = 1
    one_list.fault(body=b'{"data": [], "total": 250}', offset=100, times=1)
    assert attempts(one_list) == (True, 2)
