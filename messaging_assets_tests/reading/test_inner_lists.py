"""Lists inside records, of which an API may send the first page alone."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets.reading.evidence.picked_lists import cut_off_inside, lists_inside
from messaging_assets_tests.scripted_list import Asked, read

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


@pytest.mark.parametrize(
    ("beside", "is_cut_off"),
    [
        ({"total": 120, "item_count": 7}, False),
        ({"done": False, "pages": 320, "remaining": 4, "partial": True, "truncated": True}, False),
        ({"has_more": True}, True),
        ({"pageInfo": {"hasNextPage": True}}, True),
        ({"limited": True}, False),
    ],
    ids=str,
)
def test_of_the_record_that_holds_the_list_itself_a_word_that_asks_for_more_counts_alone(
    beside: dict[str, Any], is_cut_off: bool
) -> None:
    orders = [{"items": [{"id": number}], **beside} for number in range(2)]
    found = cut_off_inside(*lists_inside("orders[*].items[*]", {"orders": orders}))
    assert (found is not None) == is_cut_off


@pytest.mark.parametrize(
    ("place", "verdict"), [("data.viewer.next", "read to the end"), ("next", "unknown")], ids=["inside", "outside"]
)
def test_a_list_that_the_file_reads_page_by_page_inside_its_holder_is_in_no_doubt(place: str, verdict: str) -> None:
    def pages(asked: Asked) -> Any:
        begin = int(asked.get("cursor", 0))
        token = str(begin + 20) if begin < 40 else None
        viewer = {"items": [{"id": number} for number in range(begin, begin + 20)], "has_more": begin < 40}
        return {"data": {"viewer": {**viewer, "next": token}}, "next": token}

    found = read(pages, {"type": "cursor", "cursor_path": place}, "data.*.items[*]")

    assert (found.verdict, len(found.rows)) == (verdict, 60)


@pytest.mark.parametrize(("limit", "verdict"), [(6, "unknown"), (2, "unknown"), (7, "read to the end")])
def test_a_size_may_be_of_the_lists_or_of_all_rows_in_them(limit: int, verdict: str) -> None:
    streams = [{"values": [{"id": f"{name}{number}"} for number in range(3)]} for name in "ab"]

    found = read(lambda asked: {"data": streams}, {"type": "single_page"}, "data[*].values[*]", params={"limit": limit})

    assert (found.verdict, len(found.rows)) == (verdict, 6)


def test_a_record_whose_list_is_cut_off_is_in_doubt_whatever_the_next_page_says() -> None:
    def pages(asked: Asked) -> Any:
        begin = int(asked.get("cursor", 0))
        issue = {"id": begin, "changelog": {"histories": [{"id": begin}], "has_more": begin == 0}}
        return {"issues": [issue], "next": "1" if begin == 0 else None}

    assert read(pages, {"type": "cursor", "cursor_path": "next"}, CHANGES).verdict == "unknown"


def test_a_file_that_believes_no_count_and_no_sign_is_not_told_of_them() -> None:
    counted, told = _issues(totalCount=130), _issues(has_more=True)
    no_sign = {"type": "single_page", "has_more_path": None}

    assert read(lambda asked: counted, {"type": "single_page"}, CHANGES, total="ignore").verdict == "read to the end"
    assert read(lambda asked: told, no_sign, CHANGES).verdict == "read to the end"


@pytest.mark.parametrize(
    ("body", "selector", "place"),
    [
        (
            {"responses": [{"hits": {"hits": [{"id": 1}]}}, {"error": {"type": "shard"}, "status": 500}]},
            "responses[*].hits.hits[*]",
            "responses[*].error",
        ),
        ([{"id": 1, "result": [{"id": 1}]}, {"id": 2, "error": {"code": -32000}}], "$[*].result[*]", "$[*].error"),
        ({"groups": [{"rows": [{"id": 1}]}, {"rows": [], "error": "busy"}]}, "groups[*].rows[*]", "groups[*].error"),
        ({"edges": [{"node": {"id": 1}}, {"errors": ["timeout"]}]}, "edges[*].node", "edges[*].errors"),
        ({"rooms": {"a": {"it": [{"id": 1}]}, "b": {"error": "busy"}}}, "rooms.*.it[*]", "rooms.*.error"),
        (
            {"rooms": {"a": {"now": {"it": [{"id": 1}]}}, "b": {"now": {"error": "busy"}}}},
            "rooms.*.now.it[*]",
            "rooms.*.now.error",
        ),
        (
            {"groups": [{"parts": [{"rows": [{"id": 1}]}, {"error": "busy"}]}]},
            "groups[*].parts[*].rows[*]",
            "groups[*].parts[*].error",
        ),
        (
            {"rooms": {"a": {"parts": [{"rows": [{"id": 1}]}, {"error": "busy"}]}}},
            "rooms.*.parts[*].rows[*]",
            "rooms.*.parts[*].error",
        ),
        (
            {"parts": [{"kind": "a", "rows": [{"id": 1}]}, {"kind": "a", "error": "busy"}]},
            "parts[?(@.kind=='a')].rows[*]",
            "parts[?(@.kind=='a')].error",
        ),
        ({"by": {"a": {"rows": [{"id": 1}]}, "b": {"error": "busy"}}}, "by['a','b'].rows[*]", "by['a','b'].error"),
    ],
)
def test_an_error_in_the_place_of_rows_leaves_the_read_in_doubt(body: Any, selector: str, place: str) -> None:
    found = read(lambda asked: body, {"type": "single_page"}, selector)

    assert (found.verdict, f"'{place}'" in found.reason) == ("unknown", True)


@pytest.mark.parametrize(
    "part", [{"rows": [{"id": 2}], "error": "old"}, {"name": "b"}, {"status": "failed"}, {"error": None}], ids=str
)
def test_a_part_without_rows_that_holds_no_error_is_in_no_doubt(part: Any) -> None:
    body = {"parts": [{"rows": [{"id": 1}]}, part]}
    assert read(lambda asked: body, {"type": "single_page"}, "parts[*].rows[*]").verdict == "read to the end"
