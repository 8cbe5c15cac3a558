"""A list that ends at just the number of rows where many APIs stop is whole only where something says so."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets.description.api import ApiDescription
from messaging_assets.reading.evidence.usual_caps import OF_ONE, OF_SEVERAL, UsualCaps
from messaging_assets_tests.faults.one_list import read_alone
from messaging_assets_tests.raw_server import RawServer, answer
from messaging_assets_tests.scripted_list import Answers, Asked, read

OFFSET = {"type": "offset", "limit": 250}
PAGES = {"type": "page_number", "base_page": 1}
CURSOR = {"type": "cursor", "cursor_path": "next", "cursor_param": "after"}
ONE = {"type": "single_page"}


def capped(rows: int, **beside: Any) -> Answers:
    """An API with so many rows, 250 a page, or all of them at once."""
    held = [{"id": number} for number in range(rows)]

    def answers(asked: Asked) -> Any:
        if not {"offset", "page", "after"} & set(asked) and "next" not in beside:
            return {"data": held, **beside}
        start = int(asked.get("offset", asked.get("after", 250 * (asked.get("page", 1) - 1))))
        more = {"next": start + 250 if start + 250 < rows else None} if "next" in beside else {}
        return {"data": held[start : start + 250], **beside, **more}

    return answers


@pytest.mark.parametrize("paginator", [OFFSET, PAGES, {"type": "offset", "limit": 300}], ids=str)
@pytest.mark.parametrize(("rows", "verdict"), [(10_000, "unknown"), (1_000, "unknown"), (500, "read to the end")])
def test_a_numbered_list_that_ends_at_a_round_number_of_rows_may_have_been_cut(
    paginator: dict[str, Any], rows: int, verdict: str
) -> None:
    of = read(capped(rows), paginator)
    assert (of.verdict, len({row["id"] for row in of.rows})) == (verdict, rows)
    assert (f"the list ended at exactly {rows:,} rows" in of.reason) == (verdict == "unknown")


@pytest.mark.parametrize(("rows", "verdict"), [(100, "unknown"), (1_000, "unknown"), (50, "read to the end")])
def test_an_answer_that_is_taken_for_everything_may_have_been_cut_at_a_round_number(rows: int, verdict: str) -> None:
    assert read(capped(rows), ONE).verdict == verdict


@pytest.mark.parametrize("paginator", [OFFSET, PAGES, ONE], ids=str)
@pytest.mark.parametrize("proof", [{"total": 1_000}, {"has_more": False}, {"next": None}], ids=str)
def test_a_list_of_a_round_number_of_rows_whose_api_says_so_is_whole(
    paginator: dict[str, Any], proof: dict[str, Any]
) -> None:
    if proof == {"next": None}:
        paginator = CURSOR
    assert read(capped(1_000, **proof), paginator).verdict == "read to the end"


def test_two_pages_of_fifty_rows_are_no_cap() -> None:
    held = [{"id": number} for number in range(100)]
    paged = {"type": "offset", "limit": 50}
    assert read(lambda asked: {"data": held[asked["offset"] : asked["offset"] + 50]}, paged).verdict != "unknown"


def test_a_number_of_pages_tells_the_last_one() -> None:
    assert read(capped(500, meta={"total_pages": 2}), PAGES).verdict == "read to the end"


@pytest.mark.parametrize(("total", "verdict"), [("at_least", "unknown"), ("exact", "read to the end")])
def test_a_count_where_engines_stop_to_count_shows_nothing_unless_it_is_exact(total: str, verdict: str) -> None:
    of = read(capped(10_000, total=10_000), {**OFFSET, "limit": 5_000}, total=total)
    assert of.verdict in (verdict, "proven")
    assert (of.verdict == "unknown") == (verdict == "unknown")


@pytest.mark.parametrize("paginator", [OFFSET, PAGES, ONE], ids=str)
def test_a_file_can_say_that_a_round_number_is_no_cap(paginator: dict[str, Any]) -> None:
    assert read(capped(1_000), {**paginator, "has_more_path": None}).verdict != "unknown"


def test_a_cursor_that_never_was_anywhere_leaves_a_round_number_in_doubt() -> None:
    assert read(capped(100), CURSOR).verdict == "unknown"


def test_a_longer_list_shows_that_a_number_is_no_cap_and_few_lists_that_are_as_long_that_it_is() -> None:
    caps = UsualCaps()
    caps.ended("api.members", False, 100, OF_ONE)
    assert caps.doubts
    caps.ended("api.members", False, 101, OF_ONE)
    assert not caps.doubts
    for _ in range(2):
        caps.ended("api.messages", False, 20, OF_ONE)
    assert not caps.doubts
    caps.ended("api.messages", False, 20, OF_ONE)
    assert caps.doubts == [
        ("3 lists ended at exactly 20 rows, where many APIs stop, and nothing says that they are all", False)
    ]
    caps.ended("api.counted", False, 20, OF_SEVERAL)
    assert len(caps.doubts) == 1


def test_a_window_that_ends_at_a_round_number_is_read_in_halves() -> None:
    asked: list[tuple[int, int]] = []
    rows = [{"id": number, "at": 1_700_000_000 + number * 20} for number in range(180)]

    def talk(connection: Any, path: str, number: int) -> None:
        asked_for = {name: int(one) for name, one in (part.split("=") for part in path.partition("?")[2].split("&"))}
        start, end = asked_for["since"], asked_for["before"]
        asked.append((start, end))
        connection.sendall(answer({"data": [row for row in rows if start <= row["at"] < end][:100]}))

    cursor = {"cursor_path": "at", "initial_value": 1_700_000_000, "end_value": 1_700_003_600, "step": "PT1H"}
    params = {"start_param": "since", "end_param": "before", "format": "epoch_seconds"}
    endpoint = {"path": "logs", "data_selector": "data", "paginator": ONE, "incremental": {**cursor, **params}}
    with RawServer(talk) as server:
        description = ApiDescription.model_validate(
            {
                "name": "logs",
                "client": {"base_url": server.url, "max_in_flight": 1},
                "resources": [
                    {"name": "logs", "primary_key": "id", "write_disposition": "merge", "endpoint": endpoint}
                ],
            }
        )
        failure, receipt, _ = read_alone(description, "logs", None)
    assert failure is None
    assert receipt["verdict"] == "read to the end"
    assert (receipt["windows_halved"], receipt["distinct_keys"], len(asked)) == (1, 180, 3)
