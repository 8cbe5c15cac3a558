"""Lists inside records, of which an API may send the first page alone."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets.reading.evidence.picked_lists import cut_off_inside
from messaging_assets_tests.scripted_list import read

CHANGES = "issues[*].changelog.histories[*]"


def _issues(**beside: Any) -> dict[str, Any]:
    whole = {"total": 1, "maxResults": 100, "histories": [{"id": 0}]}
    cut = {"histories": [{"id": 1}, {"id": 2}], **beside}
    return {"issues": [{"id": "a", "changelog": whole}, {"id": "b", "changelog": cut}], "total": 2, "maxResults": 50}


@pytest.mark.parametrize(
    ("beside", "place"),
    [
        ({"total": 130, "maxResults": 2}, "'total'"),
        ({"totalCount": 130}, "'totalCount'"),
        ({"pageInfo": {"hasNextPage": True, "endCursor": "x"}}, "hasNextPage"),
        ({"has_more": True}, "'has_more'"),
        ({"paging": {"next": "https://api.invalid/more"}}, "next"),
    ],
    ids=str,
)
def test_a_list_inside_a_record_that_says_that_it_has_more_leaves_the_read_in_doubt(
    beside: dict[str, Any], place: str
) -> None:
    found = read(lambda asked: _issues(**beside), {"type": "single_page"}, CHANGES)

    assert found.verdict == "unknown"
    assert place in found.reason
    assert "a child" in found.reason


@pytest.mark.parametrize(
    "beside",
    [{"total": 2, "maxResults": 2}, {"total": 99.5}, {"totalCount": 2}, {"pageInfo": {"hasNextPage": False}}, {}],
    ids=str,
)
def test_lists_inside_records_that_are_whole_are_in_no_doubt(beside: dict[str, Any]) -> None:
    assert read(lambda asked: _issues(**beside), {"type": "single_page"}, CHANGES).verdict == "read to the end"


def test_a_number_of_the_record_that_holds_the_list_itself_counts_something_else() -> None:
    order = {"total": 120, "item_count": 7, "items": [{"id": 1}]}

    assert cut_off_inside("orders[*].items[*]", {"orders": [order]}) is None
    assert cut_off_inside("orders[*].items[*]", {"orders": [{**order, "has_more": True}]}) is not None


def test_a_file_that_believes_no_count_and_no_sign_is_not_told_of_them() -> None:
    counted, told = _issues(totalCount=130), _issues(has_more=True)
    no_sign = {"type": "single_page", "has_more_path": None}

    assert read(lambda asked: counted, {"type": "single_page"}, CHANGES, total="ignore").verdict == "read to the end"
    assert read(lambda asked: told, no_sign, CHANGES).verdict == "read to the end"
