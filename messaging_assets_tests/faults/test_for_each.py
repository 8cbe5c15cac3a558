"""Lists of values in the file: each value has its own list, its rows say which, and what fails of one is told."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from messaging_assets_tests.faults.family import Family
from messaging_assets_tests.faults.one_list import OneList, synced
from messaging_assets_tests.open_database import let_go
from messaging_assets_tests.own_process import Process

EACH: dict[str, Any] = {
    "name": "messages",
    "for_each": {"region": ["eu", "us", "a/b"]},
    "primary_key": ["_region", "id"],
    "endpoint": {"path": "of/{for_each.region}/messages"},
}


def rows_of(path: str, query: dict[str, str]) -> list[Any]:
    """Rows that are numbered alike at each address."""
    return [{"id": number, "from": path} for number in (1, 2)]


def test_each_value_is_asked_for_and_stands_in_its_rows(one_list: OneList) -> None:
    with Family(one_list, rows_of).served() as api:
        synced = api.sync("messages", EACH)

        # The first list is over before others are asked for.
        assert api.asked[0] == "/of/eu/messages"
        assert sorted(api.asked[1:]) == ["/of/a%2Fb/messages", "/of/us/messages"]
    assert sorted((row["_region"], row["id"]) for row in synced.table) == [
        (region, number) for region in ("a/b", "eu", "us") for number in (1, 2)
    ]
    assert synced.verdict == "read to the end"


def test_values_of_two_names_are_asked_for_each_with_each_anywhere_in_a_request(one_list: OneList) -> None:
    endpoint = {"path": "{for_each.region}/messages", "params": {"state": "{for_each.state}"}}
    each = {"region": ["eu", "us"], "state": ["open", 7]}
    with Family(one_list, rows_of).served() as api:
        keys = ["_region", "_state", "id"]
        synced = api.sync("messages", {**EACH, "for_each": each, "endpoint": endpoint, "primary_key": keys})

        assert len(set(api.asked)) == 4
    assert {(row["_region"], row["_state"]) for row in synced.table} == {
        (region, state) for region in ("eu", "us") for state in ("open", "7")
    }


@pytest.mark.parametrize(
    "words",
    [
        {"steps": [{"keep": ["id"]}]},
        {"columns": {"id": {"data_type": "bigint"}}, "schema_contract": {"columns": "discard_value"}},
    ],
    ids=["keep", "contract"],
)
def test_what_the_file_gives_a_row_is_left_out_by_no_step_or_contract(one_list: OneList, words: dict[str, Any]) -> None:
    channels = {"name": "channels", "endpoint": {"path": "channels"}}
    given = {"for_each": {"region": ["eu"]}, "include_from_parent": ["id"], "primary_key": ["_channels_id", "id"]}
    endpoint = {"path": "{for_each.region}/{resources.channels.id}/messages"}
    with Family(one_list, rows_of).served() as api:
        synced = api.sync("messages", channels, {"name": "messages", **given, **words, "endpoint": endpoint})

    assert [(row["_region"], row["_channels_id"], row["id"]) for row in synced.table] == [
        ("eu", channel, number) for number in (1, 2) for channel in (1, 2)
    ]
    assert "from" not in synced.table[0]


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("column", "own", "is_green"),
    [
        ("_region", {"_region": "us"}, True),
        ("_region", {"_region": "own"}, False),
        ("_region", {"_region": None}, False),
        ("_channels_id", {"_channels_id": 1}, True),
        ("_channels_id", {"_channels_id": "own"}, False),
    ],
    ids=str,
)
def test_a_field_of_the_records_own_is_never_written_over(
    one_list: OneList, column: str, own: dict[str, Any], is_green: bool
) -> None:
    channels = {"name": "channels", "endpoint": {"path": "channels"}}
    of_channels = {
        "name": "messages",
        "primary_key": [column, "id"],
        "include_from_parent": ["id"],
        "endpoint": {"path": "channels/{resources.channels.id}/messages"},
    }
    of_regions = {**EACH, "for_each": {"region": ["us"]}}
    child = of_regions if column == "_region" else of_channels

    def answers(path: str, query: dict[str, str]) -> list[Any]:
        return [{"id": 1}] if path == "/channels" else [{"id": 1}, {"id": 2, **own}]

    with Family(one_list, answers).served() as api:
        synced = api.sync("messages", channels, child)

    assert synced.green == is_green, synced.failure
    assert [row[column] for row in synced.table] == (list(own.values()) * 2 if is_green else [])
    assert is_green or f"another value in its own field '{column}'" in str(synced.failure)


def test_each_value_has_a_mark_of_its_own(one_list: OneList) -> None:
    cursor = {"cursor_path": "at", "initial_value": 0, "start_param": "since"}
    of_regions = {**EACH, "endpoint": {**EACH["endpoint"], "incremental": cursor}}
    last = {"eu": 5, "us": 9}

    def answers(path: str, query: dict[str, str]) -> list[Any]:
        return [{"id": 1, "at": last.get(path.split("/")[2], 1)}]

    with Family(one_list, answers).served() as api:
        api.sync("messages", of_regions)
        api.sync("messages", of_regions)

        assert sorted(api.asked) == sorted(
            f"/of/{region}/messages?since={at}" for region, at in (("eu", 5), ("us", 9), ("a%2Fb", 1))
        )


def test_a_value_whose_list_goes_unanswered_leaves_the_read_in_doubt(one_list: OneList) -> None:
    ignored = {**EACH["endpoint"], "response_actions": [{"status_code": 403, "action": "ignore"}]}
    refused = {"us"}

    def answers(path: str, query: dict[str, str]) -> list[Any] | int:
        return 403 if path.split("/")[2] in refused else rows_of(path, query)

    with Family(one_list, answers).served() as api:
        one_of_them = api.sync("messages", {**EACH, "endpoint": ignored})
        refused |= {"eu", "a%2Fb"}
        all_of_them = api.sync("messages", {**EACH, "endpoint": ignored}, write_disposition="replace")

    assert (one_of_them.verdict, len(one_of_them.table)) == ("unknown", 4)
    assert not all_of_them.green
    assert len(all_of_them.table) == 4


def test_a_sync_that_is_killed_goes_on_behind_the_values_that_are_loaded(one_list: OneList) -> None:
    processes: list[Process] = []

    def answers(path: str, query: dict[str, str]) -> list[Any]:
        if path.startswith("/of/a") and processes:
            processes.pop().kill()
        return rows_of(path, query)

    with Family(one_list, answers).served() as api:
        described = api.describe("messages", EACH, checkpoint={"pages": 1}, parallelized=False)
        killed = Process(lambda: bool(synced(described, "messages")))
        processes.append(killed)
        ended, _ = killed.wait()
        let_go()
        resumed = api.sync("messages", EACH, checkpoint={"pages": 1}, parallelized=False)

        assert api.asked == ["/of/us/messages", "/of/a%2Fb/messages"]
    assert ended == signal.SIGKILL
    assert resumed.receipt["resumed_rows"] == 2
    assert len(resumed.table) == 6


def test_a_sync_that_is_killed_among_lists_asked_side_by_side_goes_on_behind_those_that_are_loaded(
    one_list: OneList,
) -> None:
    processes: list[Process] = []
    values = [f"v{number:02d}" for number in range(30)]
    each = {**EACH, "for_each": {"region": values}, "checkpoint": {"pages": 1}}

    def answers(path: str, query: dict[str, str]) -> list[Any]:
        if path.startswith("/of/v28") and processes:
            processes.pop().kill()
        return rows_of(path, query)

    with Family(one_list, answers).served() as api:
        described = api.describe("messages", each)
        killed = Process(lambda: bool(synced(described, "messages")))
        processes.append(killed)
        ended, _ = killed.wait()
        let_go()
        resumed = api.sync("messages", each)
        read_again = len(api.asked)

    assert ended == signal.SIGKILL
    # At most so many lists were asked for ahead of the one that was read.
    assert read_again <= 2 * 8 + 3
    assert resumed.receipt["resumed_rows"] == 2 * (30 - read_again)
    assert sorted((row["_region"], row["id"]) for row in resumed.table) == [
        (region, number) for region in values for number in (1, 2)
    ]


@pytest.mark.parametrize("in_doubt", ["us", "eu"])
def test_behind_an_interruption_a_doubt_about_another_list_is_none_once_that_was_read_again(
    one_list: OneList, in_doubt: str
) -> None:
    fails, paged = ["us"], {"type": "offset", "limit": 2, "total_path": None}
    words = {"for_each": {"region": ["eu", "us"]}, "checkpoint": {"pages": 1}, "parallelized": False}
    each = {**EACH, **words, "endpoint": {**EACH["endpoint"], "paginator": paged, "error_handler": {"max_retries": 0}}}

    def answers(path: str, query: dict[str, str]) -> Any:
        start = int(query["offset"])
        if fails and fails[0] in path and start >= 3:
            return 500
        doubt = {"unreachable": ["shard"]} if fails and in_doubt in path and start == 0 else {}
        return {"data": [{"id": number} for number in range(8)][start : start + 2], **doubt}

    with Family(one_list, answers).served() as api:
        assert not api.sync("messages", each).green
        fails.clear()
        resumed = api.sync("messages", each)

    assert resumed.receipt["resumed_rows"]
    assert (resumed.verdict == "unknown") == (in_doubt == "us"), resumed.reason


def test_the_range_of_a_list_is_asked_for_again_where_one_of_its_pages_was_in_doubt(one_list: OneList) -> None:
    fails, cursor = ["eu"], {"cursor_path": "id", "start_param": "since", "initial_value": 0}
    each = {**EACH, "endpoint": {**EACH["endpoint"], "paginator": "single_page", "incremental": cursor}}

    def answers(path: str, query: dict[str, str]) -> Any:
        return {
            "data": rows_of(path, query),
            **({"unreachable": ["shard"]} if any(one in path for one in fails) else {}),
        }

    with Family(one_list, answers).served() as api:
        assert api.sync("messages", each).verdict == "unknown"
        fails.clear()
        assert api.sync("messages", each).verdict == "read to the end"

        assert sorted(api.asked) == [f"/of/{one}/messages?since={2 * (one != 'eu')}" for one in ("a%2Fb", "eu", "us")]
