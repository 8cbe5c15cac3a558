"""What is newer than a mark, how far rows move it, and what a request is sent: no value leaves a row out by a guess."""

from __future__ import annotations

import json
from contextlib import nullcontext
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from messaging_assets.description.api import Incremental
from messaging_assets.files.api_files import describe
from messaging_assets.files.rules.mistakes import InvalidDescription
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.reading.cursors import mark as cursor_mark
from messaging_assets.reading.cursors.marks import CursorMarks
from messaging_assets.seams.dlt_values import digest_dedup_value

NOW = datetime(2026, 1, 10, 12, tzinfo=timezone.utc)


class Synced:
    """One read of a list: what was sent, which rows of each page were new, and the mark that is kept."""

    def __init__(
        self,
        *pages: list[Any],
        mark: Any = None,
        merge: bool = True,
        keyed: bool = True,
        now: datetime = NOW,
        **own: Any,
    ) -> None:
        keys = ("id",) if keyed else ()
        described = Incremental.model_validate({"cursor_path": "at", **own})
        marks = CursorMarks("chat.messages", described, keys, {"": mark} if mark else {}, merge, True, now)
        cursor = marks.cursor("")
        self.sent = cursor.values
        self.taken: list[Any] = []
        for number, page in enumerate(pages, 1):
            rows = [{"at": value, **({"id": place} if keyed else {})} for place, value in enumerate(page)]
            self.taken += [row["at"] for row in cursor.newer(rows, number)]
        marks.close("", moves=True)
        self.mark, self.ahead = marks.of_all([]).get(""), marks.seen.rows_ahead
        self.is_start_left_out = marks.seen.is_start_left_out

    @property
    def last(self) -> Any:
        return self.mark and self.mark["last_value"]


def _mark(value: Any) -> dict[str, Any]:
    return {"initial_value": None, "last_value": value, "start_value": value, "unique_hashes": []}


@pytest.mark.parametrize(
    "values",
    [
        ["Wed, 01 Jan 2025 00:00:00 +0000", "Thu, 02 Jan 2025 00:00:00 +0000", "Fri, 03 Jan 2025 02:00:00 +0200"],
        ["Wed Jan 01 00:00:00 +0000 2025", "Thu Jan 02 00:00:00 +0000 2025", "Fri Jan 03 00:00:00 +0000 2025"],
        ["2025-01-01T02:00:00+02:00", "2025-01-01T00:00:01Z", "2025-01-01 00:00:02"],
        ["9", "10", "100.5"],
        [9, 10, 100.5],
    ],
)
def test_the_mark_is_the_latest_of_what_the_values_mean(values: list[Any]) -> None:
    first = Synced(values[::-1], initial_value=values[0])
    assert (first.taken, first.last) == (values[::-1], values[-1])
    # An append leaves out what is behind it, and knows the row at the mark again.
    again = Synced(values, mark=Synced(values, merge=False).mark, merge=False)
    assert again.taken == []


@pytest.mark.parametrize("value", ["abc", "v1.2", "0000-00-00 00:00:00", "01/05/2025", True, [1], float("nan")])
def test_a_value_without_a_known_order_is_refused_or_included_and_never_left_out(value: Any) -> None:
    with pytest.raises(MendDescription, match=r"neither a number nor a moment, .*declare cursor_format"):
        Synced([value, "2025-01-01"])
    with_it = Synced([value, "2025-01-01"], on_cursor_value_missing="include")
    assert with_it.taken[1:] == ["2025-01-01"]
    assert len(with_it.taken) == 2
    assert with_it.last == "2025-01-01"


def test_letters_are_an_order_where_the_file_says_so() -> None:
    assert Synced(["01HB", "01HA"], mark=_mark("01HA"), cursor_format="text", merge=False).last == "01HB"


def test_a_pattern_of_the_file_is_how_records_write_it() -> None:
    synced = Synced(
        ["04.02.2025 12:00", "05.01.2025 12:00"],
        mark=_mark("05.01.2025 11:00"),
        cursor_format="%d.%m.%Y %H:%M",
        lag=3600,
    )
    assert (synced.sent["start_value"], synced.last) == ("05.01.2025 10:00", "04.02.2025 12:00")


FUTURE = [
    ("2025-01-02T00:00:00Z", "2099-01-01T00:00:00Z"),
    ("2025-01-02", "2099-01-01"),
    ("Thu, 02 Jan 2025 00:00:00 GMT", "Thu, 01 Jan 2099 00:00:00 GMT"),
    (1735786800, 4070908800),
    (1735786800.5, 4070908800.5),
    (1735786800000, 4070908800000),
    ("1735786800000000", "4070908800000000"),
    ("1735786800.000100", "4070908800.000100"),
    ("2025-01-02T00:00:00Z", "9999-12-31T23:59:59-05:00"),
    (20250102, 20991231),
    (20250102, 99991231),
    ("20250102103000", "99991231235959"),
    ("20250102", "99999999"),
]


@pytest.mark.parametrize(("past", "future"), FUTURE)
@pytest.mark.parametrize("merge", [True, False])
def test_a_row_dated_ahead_is_loaded_once_and_moves_no_mark(past: Any, future: Any, merge: bool) -> None:
    first = Synced([future], [past], merge=merge, keyed=merge)
    assert first.taken == [future, past]
    assert (first.last, first.ahead) == (past, 1)

    second = Synced([past, future, future], mark=first.mark, merge=merge, keyed=merge)
    # Without a key the second equal event is another one.
    assert second.taken.count(future) == (2 if merge else 1)
    assert second.last == past


def test_an_append_whose_row_was_ahead_does_not_have_it_twice_when_its_time_has_come() -> None:
    mark = _mark("2025-01-02T00:00:00Z") | {
        "messaging_assets_beyond": [
            [digest_dedup_value([0]), "2026-01-01T00:00:00Z"],
            [digest_dedup_value([1]), "2099-01-01T00:00:00Z"],
        ]
    }
    synced = Synced(["2026-01-01T00:00:00Z", "2099-01-01T00:00:00Z", "2026-01-02T00:00:00Z"], mark=mark, merge=False)
    assert synced.taken == ["2026-01-02T00:00:00Z"]
    assert synced.last == "2026-01-02T00:00:00Z"
    assert synced.mark is not None
    assert [value for _, value in synced.mark["messaging_assets_beyond"]] == ["2099-01-01T00:00:00Z"]


@pytest.mark.parametrize("values", [[9000000001, 9000000003], [1, 2, 9000000003], [5, 2**60]])
def test_numbers_that_are_no_times_are_never_ahead(values: list[int]) -> None:
    assert Synced(values).last == values[-1]


@pytest.mark.parametrize("own", [{"initial_value": "2025-01-01"}, {"initial_value": "-30d"}, {"format": "iso"}])
@pytest.mark.parametrize("future", [4070908800, "4070908800000", 20991231000000])
def test_numbers_in_a_range_of_times_are_times_though_none_of_them_is_past(own: dict[str, Any], future: Any) -> None:
    synced = Synced([future], **own)
    assert synced.ahead == 1
    assert synced.mark is None


@pytest.mark.parametrize("initial", ["-30d", "-P30D", "now", None])
@pytest.mark.parametrize("value", ["2099-01-01", None])
def test_rows_behind_which_no_mark_was_set_are_known_again_wherever_the_file_begins(initial: Any, value: Any) -> None:
    own = {"initial_value": initial, "on_cursor_value_missing": "include", "merge": False}
    first = Synced([value], **own)
    again = Synced([value, "2026-01-10T12:00:30Z"], mark=first.mark, **own)
    assert (first.taken, again.taken) == ([value], ["2026-01-10T12:00:30Z"])


def test_numbers_that_the_file_calls_numbers_are_none_either() -> None:
    assert Synced([1735786800, 4070908800], cursor_format="number").last == 4070908800


def test_seconds_and_milliseconds_in_one_cursor_are_refused() -> None:
    with pytest.raises(MendDescription, match="in more than one unit"):
        Synced([1735786800, 1735786800000])


@pytest.mark.parametrize("is_merged", [True, False])
def test_an_api_that_counts_in_another_unit_than_at_the_last_sync_is_read_anew(is_merged: bool) -> None:
    with pytest.raises(MendDescription, match=r"another unit than at the last sync.*run it once with full_refresh"):
        Synced([1767225600000, 1767225601000], mark=_mark(1767225600), merge=is_merged)


def test_local_times_count_in_the_zone_of_the_file() -> None:
    synced = Synced(["2026-01-10T13:30:00", "2026-01-10T12:30:00"], timezone="Europe/Berlin")
    assert (synced.last, synced.ahead) == ("2026-01-10T12:30:00", 1)


@pytest.mark.parametrize(
    ("last", "lag", "start"),
    [
        ("1700000000.000100", 86400, "1699913600.000100"),
        ("2025-01-05 12:00:00", 86400, "2025-01-04 12:00:00"),
        ("2025-01-05", 7, "2024-12-29"),
        ("2025-01-05T12:00:00+02:00", 60, "2025-01-05T11:59:00+02:00"),
        (1735786800000, 60, 1735786740000),
        ("1735786800000", 60, "1735786740000"),
        (1735786800, 60, 1735786740),
        ("Thu, 02 Jan 2025 00:00:00 GMT", 86400, "Wed, 01 Jan 2025 00:00:00 GMT"),
        ("20250201", 1, "20250131"),
        ("2025-02-01", 1, "2025-01-31"),
        (1000, 10, 990),
    ],
)
def test_a_lag_is_in_the_cursors_own_unit_and_the_start_is_written_as_the_cursor_is(
    last: Any, lag: float, start: Any
) -> None:
    synced = Synced(mark=_mark(last), lag=lag)
    assert synced.sent["start_value"] == start
    assert synced.last == last


# Ways to write cursors, in rising order.
KINDS: dict[str, list[Any]] = {
    "ISO texts": [f"2025-01-01T00:00:0{second}Z" for second in range(5)],
    "ISO texts without zeros at their end": [
        f"2025-01-01T00:00:{second}Z" for second in ("00", "00.25", "00.5", "01", "01.125")
    ],
    "ISO texts with a zone": [f"2025-01-01T0{hour}:00:00+02:00" for hour in range(5)],
    "dates": [f"2025-01-0{day}" for day in range(1, 6)],
    "seconds since 1970": [1735689600 + number for number in range(5)],
    "milliseconds since 1970": [1735689600000 + number for number in range(5)],
    "whole numbers": [8, 9, 10, 11, 100],
    "numbers as texts": ["8", "9", "10", "11", "100"],
}


@pytest.mark.parametrize("values", KINDS.values(), ids=KINDS)
def test_rows_at_the_mark_of_an_append_are_neither_lost_nor_doubled(values: list[Any]) -> None:
    first = Synced(values[:3], merge=False)
    at_mark = [*values[:3], values[2], *values[3:]]
    # A mark is kept as JSON.
    second = Synced(at_mark, mark=json.loads(json.dumps(first.mark)), merge=False)
    third = Synced(at_mark, mark=json.loads(json.dumps(second.mark)), merge=False)

    assert (first.taken, second.taken, third.taken) == (values[:3], values[2:], [])
    assert [one.sent["start_value"] for one in (first, second, third)] == [None, values[2], values[4]]


@pytest.mark.parametrize(
    ("kind", "lag", "start"),
    [
        ("ISO texts", 1, "2025-01-01T00:00:01Z"),
        ("ISO texts without zeros at their end", 0.25, "2025-01-01T00:00:00.250000Z"),
        ("dates", 1, "2025-01-02"),
        ("seconds since 1970", 1, 1735689601),
    ],
)
@pytest.mark.parametrize("merge", [True, False])
def test_a_late_row_within_the_lag_is_taken_and_takes_no_mark_back(
    kind: str, lag: float, start: Any, merge: bool
) -> None:
    values = KINDS[kind]
    first = Synced(values[:3], merge=merge, lag=lag)
    synced = Synced([*values[:3], values[1]], mark=first.mark, merge=merge, lag=lag)

    assert synced.sent["start_value"] == start
    assert values[1] in synced.taken
    assert synced.last == values[2]


def test_a_lag_does_not_reach_behind_the_files_own_start_or_that_of_a_range_with_an_end() -> None:
    assert Synced(mark=_mark("5"), lag=10, initial_value="2").sent["start_value"] == "2"
    closed = Synced(mark=_mark("2025-03-01"), lag=10, initial_value="2025-01-01", end_value="2025-02-01")
    assert (closed.sent["start_value"], closed.sent["end_value"]) == ("2025-01-01", "2025-02-01")


@pytest.mark.parametrize(
    ("own", "start", "end"),
    [
        ({"initial_value": "2025-01-01T00:00:00Z", "format": "epoch_seconds"}, 1735689600, 1768046400),
        ({"initial_value": "2025-01-01T00:00:00Z", "format": "epoch_ms"}, 1735689600000, 1768046400000),
        ({"initial_value": 1735689600000, "format": "iso"}, "2025-01-01T00:00:00Z", "2026-01-10T12:00:00Z"),
        ({"initial_value": "2025-01-01T00:00:00Z"}, "2025-01-01T00:00:00Z", "2026-01-10T12:00:00Z"),
        ({"initial_value": "2025-01-01 00:00:00"}, "2025-01-01 00:00:00", "2026-01-10 12:00:00"),
        ({"initial_value": 1735689600000}, 1735689600000, 1768046400000),
        ({"initial_value": "-30d"}, "2025-12-11T12:00:00Z", "2026-01-10T12:00:00Z"),
        ({"initial_value": "-P1M", "format": "date"}, "2025-12-10", "2026-01-10"),
        ({"initial_value": "P1DT12H", "cursor_format": "epoch_ms"}, 1767916800000, 1768046400000),
        (
            {"initial_value": "-1h", "format": "%d.%m.%Y %H:%M", "timezone": "Europe/Berlin"},
            "10.01.2026 12:00",
            "10.01.2026 13:00",
        ),
        (
            {"initial_value": "2025-01-01", "end_value": "2025-02-01", "format": "epoch_us"},
            1735689600000000,
            1738368000000000,
        ),
    ],
)
def test_start_and_end_are_sent_as_the_file_says(own: dict[str, Any], start: Any, end: Any) -> None:
    sent = Synced(end_param="until", **own).sent
    assert (sent["start_value"], sent["end_value"]) == (start, end)


@pytest.mark.parametrize(
    ("own", "is_empty"),
    [
        ({"initial_value": "-90d", "end_value": "2024-12-31"}, True),
        ({"initial_value": "-1d", "end_value": "-30d"}, True),
        ({"initial_value": "2024-03-01", "end_value": "2024-03-01"}, True),
        ({"initial_value": 7, "end_value": 5, "cursor_format": "number"}, True),
        ({"initial_value": "2024-03-01", "end_value": "2024-03-01", "range_end": "closed"}, False),
        ({"initial_value": "2024-03-01T10:00:00Z", "end_value": "2024-03-01", "range_end": "closed"}, False),
        ({"initial_value": "2024-12-31", "end_value": "2024-01-01", "last_value_func": "min"}, False),
        ({"initial_value": "now", "end_value": "now"}, False),
        ({"initial_value": "-1d", "end_value": "-1d"}, False),
        ({"initial_value": "-30d", "end_value": "-1d"}, False),
        # The end comes there by and by.
        ({"initial_value": "2999-01-01", "end_value": "-1d"}, False),
    ],
    ids=str,
)
def test_a_range_that_ends_before_it_begins_is_refused(own: dict[str, Any], is_empty: bool) -> None:
    with pytest.raises(MendDescription, match="no row is in the range") if is_empty else nullcontext():
        Synced(**own)


def test_a_start_that_is_no_moment_is_told_of_where_a_moment_is_to_be_sent() -> None:
    owns: list[dict[str, Any]] = [
        {"initial_value": 5, "format": "epoch_ms"},
        {"initial_value": 0, "end_param": "until"},
    ]
    for own in owns:
        with pytest.raises(MendDescription, match="declare cursor_format as records have it"):
            Synced(**own)
    assert Synced(initial_value=5).sent["end_value"] is None


def test_rows_older_than_a_relative_start_are_left_out() -> None:
    assert Synced(["2026-01-09T00:00:00Z", "2025-01-01T00:00:00Z"], initial_value="-30d").taken == [
        "2026-01-09T00:00:00Z"
    ]
    assert Synced([1767916800000, 1735689600000], initial_value="-30d").taken == [1767916800000]


def test_equal_events_without_a_key_at_the_mark_are_counted_and_the_surplus_is_loaded() -> None:
    first = Synced(["2025-01-02", "2025-01-02"], merge=False, keyed=False)
    assert len(first.taken) == 2
    again = Synced(["2025-01-02"] * 2, mark=first.mark, merge=False, keyed=False)
    assert again.taken == []
    more = Synced(["2025-01-02"] * 3, mark=again.mark, merge=False, keyed=False)
    assert len(more.taken) == 1
    fewer = Synced(["2025-01-02"], mark=more.mark, merge=False, keyed=False)
    assert len(Synced(["2025-01-02"] * 4, mark=fewer.mark, merge=False, keyed=False).taken) == 1


def test_an_append_knows_rows_without_a_cursor_again() -> None:
    first = Synced([None, "2025-01-02"], merge=False, on_cursor_value_missing="include")
    assert first.taken == [None, "2025-01-02"]
    assert Synced([None], mark=first.mark, merge=False, on_cursor_value_missing="include").taken == []


def test_more_rows_than_an_append_can_know_again_are_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cursor_mark, "BEYOND_KEPT", 1)
    with pytest.raises(MendDescription, match="more than an append can know again"):
        Synced(["2099-01-01", "2098-01-01"], merge=False)


def test_a_cursor_beside_the_list_is_found_where_no_record_has_it() -> None:
    def read(mark: Any, rows: list[Any], body: Any, **own: Any) -> Any:
        described = Incremental.model_validate({"cursor_path": "next", "start_param": "token", **own})
        marks = CursorMarks("mail.changes", described, ("id",), {"": mark} if mark else {}, True, True, NOW)
        cursor = marks.cursor("")
        sent = cursor.values["start_value"]
        cursor.take_answer(body, rows, 1)
        cursor.newer(rows, 1)
        marks.close("", moves=True)
        return sent, marks.of_all([]).get("")

    sent, mark = read(None, [{"id": 1}], {"next": "abc"})
    assert (sent, mark["last_value"]) == (None, "abc")
    sent, mark = read(mark, [], {"data": []})
    assert (sent, mark["last_value"]) == ("abc", "abc")
    link = "https://api.example.com/delta?token=xyz%3D&top=5"
    sent, mark = read(mark, [{"id": 2, "next": 5}], {"next": link})
    assert read(mark, [], {})[0] == "xyz="
    # An empty list shows nothing, unless the file says where the cursor is.
    assert read(None, [], {"next": "abc"})[1] is None
    assert read(None, [], {"next": "abc"}, cursor_in="answer")[1]["last_value"] == "abc"
    with pytest.raises(MendDescription, match="has no 'next'"):
        read(None, [{"id": 1}], {"next": "abc"}, cursor_in="record")


@pytest.mark.parametrize("write", [lambda at: at.isoformat(), lambda at: at.timestamp()], ids=["text", "seconds"])
@pytest.mark.parametrize("merge", [True, False], ids=["merge", "append"])
def test_a_row_of_the_seconds_since_the_sync_began_moves_no_mark(write: Any, merge: bool) -> None:
    """One that was read before may have changed since, at an earlier moment than this one."""
    old, new = write(NOW - timedelta(days=1)), write(NOW + timedelta(seconds=2))
    synced = Synced([old], [new], merge=merge)
    assert (synced.taken, synced.last) == ([old, new], old)
    assert Synced([old], [write(NOW)], merge=merge).last == write(NOW)


@pytest.mark.parametrize("keyed", [True, False])
def test_an_append_has_what_changed_while_it_was_read_at_the_next_sync_and_no_row_twice(keyed: bool) -> None:
    def clock(minute: int, second: int) -> str:
        return f"2026-01-10T12:0{minute}:0{second}Z"

    # The second row is of the seconds since the first sync began, and the first one changes before it.
    first = Synced(["2026-01-09T00:00:00Z"], ["2026-01-09T00:00:00Z", clock(0, 4)], merge=False, keyed=keyed)
    marks: dict[str, Any] = {"mark": first.mark, "merge": False, "keyed": keyed}
    again = Synced([clock(0, 2), clock(0, 4)], now=NOW + timedelta(hours=1), **marks)
    assert (again.taken, again.last) == ([clock(0, 2)], clock(0, 4))
    # What was such a row itself and changed after that is another one.
    assert Synced([clock(0, 2), clock(1, 0)], now=NOW + timedelta(hours=1), **marks).taken == [clock(0, 2), clock(1, 0)]
    assert Synced([clock(0, 2), clock(1, 0)], **marks).taken == [clock(0, 2), clock(1, 0)]


def _clock(seconds: float) -> str:
    return (NOW + timedelta(seconds=seconds)).isoformat()


@pytest.mark.parametrize(
    ("answers", "merge", "reached"),
    [
        ([_clock(1), _clock(5), _clock(9)], True, _clock(1)),
        # Pages that are asked for ahead come in any order.
        ([_clock(7), _clock(5), _clock(9)], True, _clock(5)),
        ([round(NOW.timestamp()) + 1, round(NOW.timestamp()) + 5], True, round(NOW.timestamp()) + 1),
        # How far the pages of an export came, and tokens: the last counts.
        ([_clock(-9000), _clock(-5000), _clock(-3000)], True, _clock(-3000)),
        ([_clock(-9000), _clock(2), _clock(3)], True, _clock(2)),
        (["a", "b", "c"], True, "c"),
        ([1, 2, 3], True, 3),
        # A number that stays while pages come counts the API's changes, and no rows.
        ([36, 36, 37], True, 36),
        (["9", "9", "10"], True, "9"),
        ([36, 36, 37], False, 37),
        # An append would have rows twice.
        ([_clock(1), _clock(5)], False, _clock(5)),
    ],
)
def test_of_the_apis_own_time_the_first_counts_as_rows_change_while_a_list_is_read(
    answers: list[Any], merge: bool, reached: Any
) -> None:
    described = Incremental.model_validate({"cursor_path": "time", "cursor_in": "answer", "start_param": "since"})

    def read(is_resumed: bool) -> Any:
        marks = CursorMarks("chat.messages", described, ("id",), {}, merge, True, NOW)
        for page, value in enumerate(answers, 1):
            marks.cursor("").take_answer({"time": value}, [{"id": page}], page)
        marks.close("", moves=True, is_resumed=is_resumed)
        return (marks.of_all([]).get("") or {}).get("last_value")

    assert read(is_resumed=False) == reached
    # Of a read that goes on, nobody knows the first.
    assert read(is_resumed=True) == (None if merge and reached != answers[-1] else reached)


@pytest.mark.parametrize("keys", [("id",), ()], ids=["keyed", "without a key"])
@pytest.mark.parametrize("merge", [True, False], ids=["merge", "append"])
def test_an_integer_beyond_64_bits_is_a_mark_that_a_state_can_keep(keys: tuple[str, ...], merge: bool) -> None:
    described = Incremental.model_validate({"cursor_path": "at", "start_param": "since"})
    kept: dict[str, Any] = {}
    for last in (10**22, 10**22 + 1):
        marks = CursorMarks("chat.messages", described, keys, kept, merge, True, NOW)
        new = marks.cursor("").newer([{"id": at % 9, "at": at} for at in range(10**22, last + 1)], 1)
        marks.close("", moves=True)
        kept = marks.of_all([])
        assert ([row["at"] for row in new], kept[""]["last_value"]) == ([last], str(last))


def _describe(**incremental: Any) -> None:
    endpoint = {"incremental": {"cursor_path": "at", **incremental}}
    client = {"base_url": "https://api.example.com"}
    describe({"client": client, "resources": [{"name": "messages", "endpoint": endpoint}]}, "chat")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"format": "epoch"}, "'epoch' is no way to write a moment; write iso, date, http, epoch_seconds"),
        ({"cursor_format": "unix"}, "'unix' is no way to read a moment; write epoch_seconds"),
        ({"cursor_format": "%Q"}, "'%Q' is no way to read a moment"),
        ({"cursor_format": "%d.%m.%d"}, "'%d.%m.%d' is no way to read a moment"),
        ({"cursor_format": "%G-W%V"}, "'%G-W%V' is no way to read a moment"),
        ({"cursor_format": "%d.%m. %H:%M"}, "or a pattern with a year, such as"),
        ({"timezone": "Berlin"}, "'Berlin' is no time zone; use an IANA name"),
        ({"cursor_in": "answer"}, "nothing sends it to the API; name start_param"),
    ],
)
def test_a_word_that_is_misused_is_refused_with_what_to_write(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidDescription) as refused:
        _describe(**wrong)
    assert message in str(refused.value)


def test_the_words_are_taken_where_they_are_right() -> None:
    _describe(format="%Y-%m-%d", cursor_format="epoch_ms", timezone="Europe/Berlin", initial_value="-30d")
    _describe(cursor_in="answer", start_param="token")


@pytest.mark.parametrize("merge", [True, False])
@pytest.mark.parametrize(
    ("page", "own", "is_left_out"),
    [([5, 6], {}, False), ([6, 7], {}, True), ([], {}, True), ([6], {"lag": 1}, False), ([6], {"end_value": 9}, False)],
)
def test_an_api_that_leaves_the_value_out_that_it_is_asked_from_shows_by_the_row_that_does_not_come_again(
    page: list[Any], own: dict[str, Any], is_left_out: bool, merge: bool
) -> None:
    first = Synced([4, 5], merge=merge, **own)
    assert not first.is_start_left_out
    assert Synced(page, mark=first.mark or _mark(5), merge=merge, **own).is_start_left_out == is_left_out


def test_an_empty_text_is_no_cursor_unless_the_letters_are_its_order() -> None:
    assert Synced(["", "2025-01-02"], on_cursor_value_missing="exclude").taken == ["2025-01-02"]
    assert Synced(["", "2025-01-02"], on_cursor_value_missing="include").taken == ["", "2025-01-02"]
    with pytest.raises(MendDescription, match="a record on page 1 has no 'at'"):
        Synced(["", "2025-01-02"])
    assert Synced(["", "b"], cursor_format="text").taken == ["", "b"]


@pytest.mark.parametrize(
    ("own", "first"),
    [({"format": "date"}, "2026-01-07"), ({"format": "%d.%m.%Y"}, "2026-01-07"), ({"format": "iso"}, "2026-01-08")],
    ids=str,
)
def test_a_relative_start_that_is_sent_as_a_day_has_that_whole_day(own: dict[str, Any], first: str) -> None:
    days = ["2026-01-06", "2026-01-07", "2026-01-08"]
    assert Synced(days, initial_value="-3d", merge=False, **own).taken == days[days.index(first) :]


def test_days_of_a_pattern_are_days_of_a_lag_and_of_a_range() -> None:
    pattern: dict[str, Any] = {"cursor_format": "%d.%m.%Y", "initial_value": "01.01.2025"}
    assert Synced(mark=_mark("20.01.2025"), lag=7, **pattern).sent["start_value"] == "13.01.2025"
    times: dict[str, Any] = {"cursor_format": "%d.%m.%Y %H:%M", "initial_value": "01.01.2025 00:00"}
    assert Synced(mark=_mark("20.01.2025 00:00"), lag=7, **times).sent["start_value"] == "19.01.2025 23:59"


@pytest.mark.parametrize("is_merged", [True, False])
def test_what_lies_behind_an_end_that_moves_is_left_for_a_later_sync(is_merged: bool) -> None:
    moving: dict[str, Any] = {"end_value": "-1d", "end_param": "until", "merge": is_merged}
    rows = ["2026-01-08T00:00:00Z", "2026-01-09T11:59:59Z", "2026-01-09T12:00:00Z", "2026-01-10T11:00:00Z"]
    first = Synced(rows, initial_value="2026-01-01T00:00:00Z", **moving)
    assert (first.sent["end_value"], first.taken) == ("2026-01-09T12:00:00Z", rows[:2])
    assert first.last == rows[1]
    # A file that said `now` before came further than it says now.
    assert Synced(mark=_mark(rows[3]), **moving).sent["end_value"] == rows[3]


@pytest.mark.parametrize("end", [None, "now"])
def test_the_moment_of_a_sync_is_sent_with_no_more_digits_than_the_api_writes(
    end: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), "NOW", NOW.replace(microsecond=413331))
    for last, sent in (("2026-01-08T00:00:00Z", "12:00:00Z"), ("2026-01-08T00:00:00.125Z", "12:00:00.000Z")):
        assert Synced(mark=_mark(last), end_value=end, end_param="to").sent["end_value"] == f"2026-01-10T{sent}"
    assert Synced(initial_value="-1d", format="iso").sent["start_value"] == "2026-01-09T12:00:00Z"


@pytest.mark.parametrize(
    ("way", "value", "place"),
    [
        ("epoch_ms", 1735689600, "before"),
        ("epoch_seconds", 1735689600000, "past end"),
        ("epoch_us", "1735689600000", "before"),
    ],
)
def test_a_row_is_left_out_by_no_unit_that_its_size_speaks_against(way: str, value: Any, place: str) -> None:
    range_: Any = {"initial_value": "2024-01-01T00:00:00Z", "end_value": "2026-01-01T00:00:00Z"}
    with pytest.raises(
        MendDescription, match=rf"another unit than {way} by its size.*\({place}\); correct cursor_format"
    ):
        Synced([value], cursor_format=way, **range_)


@pytest.mark.parametrize(
    ("way", "value"), [("epoch_ms", 1700000000000), ("epoch_seconds", 1700000000), ("epoch_ms", 86400000)]
)
def test_a_row_outside_the_range_is_left_out_where_its_unit_may_be_right(way: str, value: Any) -> None:
    assert Synced([value], cursor_format=way, initial_value="2024-01-01T00:00:00Z").taken == []
