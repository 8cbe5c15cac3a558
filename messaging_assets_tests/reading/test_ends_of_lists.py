"""The end of a list is evidence: what a list without a key, an empty page or an odd status says against it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from messaging_assets.foundation.failures import MendDescription, PagesRepeat
from messaging_assets_tests.one_table import OneTable
from messaging_assets_tests.raw_server import RawServer, answer
from messaging_assets_tests.scripted_list import Asked, read

ROWS = [{"id": number, "name": f"row {number}"} for number in range(50)]
OFFSET = {"type": "offset", "limit": 20}
PAGES = {"type": "page_number", "base_page": 1}
NEXT = {"Link": '<https://api.invalid/list?page=2>; rel="next"'}


# A bare list


@pytest.mark.parametrize("headers", [NEXT, {"X-Total-Count": "350"}, {"Content-Range": "0-49/350"}], ids=str)
def test_a_bare_list_is_no_single_object_and_its_headers_count(headers: dict[str, str]) -> None:
    assert read(lambda asked: (ROWS, headers), {"type": "single_page"}, "$").verdict == "unknown"


def test_a_bare_list_without_a_sign_of_more_is_read_to_the_end_and_not_proven() -> None:
    assert read(lambda asked: ROWS, {"type": "single_page"}, "$").verdict == "read to the end"


def test_a_list_in_one_page_without_a_count_is_not_said_to_move_between_pages() -> None:
    one_page = read(lambda asked: ROWS, {"type": "single_page"}, "$")
    several = read(lambda asked: ROWS[int(asked["offset"]) :][:20], OFFSET, "$")

    assert "no count says whether that is all" in one_page.reason
    assert "no count" not in several.reason


def test_a_single_object_is_whole_by_nature() -> None:
    assert read(lambda asked: ({"id": 1}, NEXT), {"type": "single_page"}, "$").verdict == "proven"


# Statuses


@pytest.mark.parametrize(
    ("headers", "verdict"), [({}, "unknown"), ({"Content-Range": "0-49/50"}, "read to the end")], ids=str
)
def test_partial_content_is_a_part_unless_its_range_is_the_whole(headers: dict[str, str], verdict: str) -> None:
    assert read(lambda asked: ({"data": ROWS}, headers, 206), {"type": "single_page"}).verdict == verdict


def test_an_empty_page_that_is_not_done_yet_is_no_end() -> None:
    def pages(asked: Asked) -> Any:
        return ({"data": ROWS[:20]}, {}, 200) if asked["page"] == 1 else ({"data": []}, {}, 202)

    assert "202" in read(pages, PAGES).reason


def test_an_api_that_answers_202_to_everything_means_nothing_by_it() -> None:
    def pages(asked: Asked) -> Any:
        return {"data": ROWS[:20] if asked["page"] == 1 else []}, {}, 202

    assert read(pages, PAGES).verdict == "read to the end"


# Empty pages that name a next one


@pytest.mark.parametrize("sign", ["links.next", "has_more", "total_pages"])
def test_a_page_whose_rows_are_filtered_is_no_end_of_numbered_pages(sign: str) -> None:
    def pages(asked: Asked) -> Any:
        page = asked["page"]
        signs: dict[str, Any] = {
            "links.next": {"links": {"next": f"/list?page={page + 1}" if page < 5 else None}},
            "has_more": {"has_more": page < 5},
            "total_pages": {"total_pages": 5},
        }
        return {"data": [] if page in (3, 4) or page > 5 else ROWS[page * 5 : page * 5 + 5], **signs[sign]}

    came = read(pages, PAGES)
    assert (came.verdict, len(came.rows)) == ("read to the end", 15)


def test_an_api_that_always_names_a_next_page_is_asked_no_further_than_a_few_pages() -> None:
    def pages(asked: Asked) -> Any:
        return {"data": ROWS[:20] if asked["page"] == 1 else [], "next": f"/list?page={asked['page'] + 1}"}

    came = read(pages, PAGES)
    assert came.verdict == "unknown"
    assert "'next'" in came.reason
    assert len(came.asked) < 8
    disbelieved = read(pages, PAGES | {"has_more_path": None})
    assert (disbelieved.verdict, len(disbelieved.asked)) == ("read to the end", 2)


def numbered(pages: dict[int, Any]) -> Any:
    return lambda asked: pages.get(asked["page"], {"data": []})


@pytest.mark.parametrize("empty", [1, 2], ids=["in front", "in the middle"])
@pytest.mark.parametrize("is_start_known", [True, False])
def test_an_empty_page_with_rows_behind_it_is_read_past_and_proves_no_end(empty: int, is_start_known: bool) -> None:
    pages = {number: {"data": [] if number == empty else ROWS[number * 5 : number * 5 + 5]} for number in (1, 2, 3)}
    come = read(numbered(pages), PAGES, is_start_known=is_start_known)
    assert (come.verdict, len(come.rows)) == ("unknown", 10)
    assert f"page {empty} was empty and page {empty + 1} was not" in come.reason


def test_a_page_behind_an_empty_one_is_looked_at_only_where_the_page_before_it_was_full() -> None:
    pages = {1: {"data": ROWS[:5]}, 2: {"data": ROWS[5:8]}}
    come = read(numbered(pages), PAGES)
    assert (come.verdict, [asked["page"] for asked in come.asked]) == ("read to the end", [1, 2, 3, 1])
    alone = read(numbered({1: {"data": ROWS[:5]}}), PAGES, params={"limit": 20})
    assert [asked["page"] for asked in alone.asked] == [1, 2]


@pytest.mark.parametrize("word", ["has_more", "next_page"])
def test_an_empty_first_page_that_names_a_next_one_is_no_sign_that_the_list_moved(word: str) -> None:
    following: dict[int, Any] = {1: 2, 2: 3, 3: None} if word == "next_page" else {1: True, 2: True, 3: False}
    rows = {1: [], 2: ROWS[:5], 3: ROWS[5:9]}
    come = read(numbered({number: {"data": rows[number], word: more} for number, more in following.items()}), PAGES)
    assert (come.verdict, len(come.rows)) == ("read to the end", 9)


@pytest.mark.parametrize("paginator", [PAGES, PAGES | {"total_path": "total_pages"}], ids=["found", "declared"])
@pytest.mark.parametrize("said", [{}, {"total_pages": 0}], ids=["says nothing", "says 0"])
def test_an_empty_page_among_those_that_were_announced_is_no_end(paginator: Any, said: dict[str, int]) -> None:
    pages = {number: {"data": ROWS[number * 5 : number * 5 + 5], "total_pages": 3} for number in (1, 2)}
    assert read(numbered(pages | {3: {"data": [], **said}}), paginator).verdict == "unknown"
    assert read(numbered(pages | {3: {"data": ROWS[:3]}, 4: {"data": [], **said}}), PAGES).verdict != "red"


def test_an_empty_page_of_an_offset_that_names_a_next_one_is_a_doubt() -> None:
    def pages(asked: Asked) -> Any:
        rows = ROWS[asked["offset"] : asked["offset"] + 20] if asked["offset"] < 20 else []
        return {"data": rows, "next": "/list?offset=40"}

    assert "'next'" in read(pages, OFFSET | {"overlap": 0}).reason


# Lists without a key


def from_one(asked: Asked, total: dict[str, Any]) -> Any:
    """An API whose first row is row 1, and which takes 0 for it, as SCIM has it."""
    start = max(asked["offset"], 1) - 1
    return {"data": ROWS[start : start + 20], **total}


@pytest.mark.parametrize("total", [{}, {"total": 50}, {"totalResults": 50}], ids=str)
def test_a_row_that_came_twice_without_a_key_is_a_doubt(total: dict[str, Any]) -> None:
    come = read(lambda asked: from_one(asked, total), OFFSET, key=None)
    assert len(come.rows) == 51
    assert come.verdict == "unknown"
    assert "correct the paginator" in come.reason


def test_more_rows_than_a_total_without_a_row_alike_are_a_doubt() -> None:
    volatile = iter(range(1000))

    def pages(asked: Asked) -> Any:
        page = from_one(asked, {"total": 50})
        return {**page, "data": [{**row, "seen": next(volatile)} for row in page["data"]]}

    assert "1 row more came than the API counts" in read(pages, OFFSET, key=None).reason


@pytest.mark.parametrize("total", [{}, {"total": 50}, {"total": 20}, {"count": 20}], ids=str)
def test_a_list_without_a_key_that_is_right_is_in_no_doubt(total: dict[str, Any]) -> None:
    def pages(asked: Asked) -> Any:
        return {"data": ROWS[asked["offset"] : asked["offset"] + 20], **total}

    come = read(pages, OFFSET, key=None)
    assert (come.verdict, len(come.rows)) == ("read to the end", 50)


def test_rows_without_a_key_that_are_alike_on_one_page_may_be_so_on_two() -> None:
    def pages(asked: Asked) -> Any:
        return {"data": [{"state": "up"}] * len(ROWS[asked["offset"] : asked["offset"] + 20])}

    with pytest.raises(Exception, match="repeats rows"):
        read(pages, OFFSET, key=None)
    mixed = [{"state": "up" if number % 5 else str(number)} for number in range(50)]
    come = read(lambda asked: {"data": mixed[asked["offset"] : asked["offset"] + 22]}, OFFSET | {"limit": 22}, key=None)
    assert (come.verdict, len(come.rows)) == ("read to the end", 50)


@pytest.mark.parametrize("rows", [100, 410])
def test_an_offset_that_the_api_counts_in_pages_is_a_doubt_without_a_key(rows: int) -> None:
    every = [{"name": f"row {number}"} for number in range(rows)]

    def pages(asked: Asked) -> Any:
        start = asked["offset"] * asked["limit"]
        return {"data": every[start : start + asked["limit"]]}

    assert "the offset may count pages" in read(pages, OFFSET, key=None).reason


def test_the_last_row_is_asked_for_once_more_without_a_key_and_may_have_changed() -> None:
    seen = iter(range(1000))

    def pages(asked: Asked) -> Any:
        rows = ROWS[:40][asked["offset"] : asked["offset"] + 20]
        return {"data": [{**row, "seen": next(seen)} for row in rows]}

    come = read(pages, OFFSET, key=None)
    assert (come.verdict, len(come.rows)) == ("read to the end", 40)
    assert [asked["offset"] for asked in come.asked] == [0, 20, 40, 39]


# Counts under names of their own


def moving(word: str, value: Any = len) -> Any:
    rows, asked_for = [{"id": number} for number in range(430)], iter(range(1000))

    def pages(asked: Asked) -> Any:
        living = rows[4:] if next(asked_for) >= 2 else rows
        start = (asked["page"] - 1) * 100
        return {"data": living[start : start + 100], word: value(living)}

    return pages


@pytest.mark.parametrize("word", ["total_messages", "queueCount", "numFound", "recordsFiltered"])
def test_a_number_that_stood_still_and_moves_is_a_list_that_moved(word: str) -> None:
    come = read(moving(word), PAGES | {"page": 1})
    assert come.verdict == "unknown"
    assert f"{word}' moved" in come.reason


@pytest.mark.parametrize("word", ["unread_count", "rate_count", "served_count"])
def test_a_number_that_counts_something_else_moves_as_it_likes(word: str) -> None:
    come = read(moving(word, lambda living: 7 if len(living) == 430 else 8), PAGES)
    assert "moved from 7" not in come.reason


def test_a_number_of_pages_alone_does_not_show_that_a_list_moved_so_its_first_page_is_looked_at() -> None:
    come = read(moving("pages", lambda living: 5), PAGES | {"total_path": "pages"})
    assert "the first page holds other rows" in come.reason


# Lists inside lists


def test_an_offset_that_counts_what_holds_the_records_asks_for_each_page_once() -> None:
    teams = [{"members": [{"id": 10 * team + one} for one in range(3)]} for team in range(7)]

    def pages(asked: Asked) -> Any:
        return {"teams": teams[asked["offset"] : asked["offset"] + 2]}

    come = read(pages, OFFSET | {"limit": 2}, "teams[*].members[*]")
    assert (come.verdict, len(come.rows)) == ("read to the end", 21)
    assert len(come.asked) == 6


# Tokens


def test_a_number_with_decimals_is_a_token_as_the_answer_writes_it(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = b'{"data": [{"id": 1}], "next": 1700000000.500}'

    def talk(connection: Any, path: str, number: int) -> None:
        last = json.dumps({"data": [{"id": 2}], "next": None}).encode()
        connection.sendall(answer(last if "cursor=1700000000.500" in path else first))

    with RawServer(talk) as server:
        monkeypatch.setenv("GENERIC_REST__BASE_URL", server.url)
        paginator = {"type": "cursor", "cursor_path": "next", "cursor_param": "cursor"}
        synced = one_table.sync(endpoint={"path": "/list", "data_selector": "data", "paginator": paginator})
    assert synced.green
    assert [row["id"] for row in one_table.rows()] == [1, 2]


def test_a_list_that_is_not_made_yet_empties_no_table(one_table: OneTable, monkeypatch: pytest.MonkeyPatch) -> None:
    def talk(connection: Any, path: str, number: int) -> None:
        rows = [{"id": 1}] if number == 1 else []
        connection.sendall(answer({"data": rows}, status="200 OK" if number == 1 else "202 Accepted"))

    endpoint = {
        "path": "/list",
        "data_selector": "data",
        "paginator": "single_page",
        "error_handler": {"max_retries": 0},
    }
    with RawServer(talk) as server:
        monkeypatch.setenv("GENERIC_REST__BASE_URL", server.url)
        one_table.sync(endpoint=endpoint, write_disposition="replace", maximum_deleted_share=1.0)
        synced = one_table.sync()
    assert "answered 202 without a row" in synced.error
    assert [row["id"] for row in one_table.rows()] == [1]


def test_rows_that_a_bare_list_leaves_out_are_not_deleted(one_table: OneTable, monkeypatch: pytest.MonkeyPatch) -> None:
    def talk(connection: Any, path: str, number: int) -> None:
        rows = [{"id": 1}, {"id": 2}]
        connection.sendall(answer(rows) if number == 1 else answer(rows[:1], 'Link: </list?page=2>; rel="next"\r\n'))

    with RawServer(talk) as server:
        monkeypatch.setenv("GENERIC_REST__BASE_URL", server.url)
        one_table.sync(endpoint={"path": "/list", "paginator": "single_page"}, deletes="remove")
        synced = one_table.sync()
    assert synced.green
    assert synced.receipt["verdict"] == "unknown"
    assert [row["id"] for row in one_table.rows()] == [1, 2]


@pytest.mark.sampled
@pytest.mark.parametrize("written", ["/list?page=2", '</list?page=1>; rel="first", </list?page=2>; rel="next"'])
def test_a_header_of_any_name_may_hold_the_next_address(
    one_table: OneTable, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    def talk(connection: Any, path: str, number: int) -> None:
        is_last = "page=2" in path
        connection.sendall(answer([{"id": 2 if is_last else 1}], "" if is_last else f"X-Next-Page: {written}\r\n"))

    with RawServer(talk) as server:
        monkeypatch.setenv("GENERIC_REST__BASE_URL", server.url)
        paginator = {"type": "header_link", "header": "X-Next-Page"}
        synced = one_table.sync(endpoint={"path": "/list", "data_selector": "$", "paginator": paginator})
    assert (synced.green, synced.receipt["verdict"]) == (True, "read to the end")
    assert [row["id"] for row in one_table.rows()] == [1, 2]


# Pages that are asked for by a field of their last record

STAMPED = [{"id": number, "ts": number // 30 + 1} for number in range(90)]


@pytest.mark.parametrize("token", ["0", "-1", "null", "after-2"])
def test_a_word_that_may_mean_the_end_is_named_where_it_leads_to_the_first_page(token: str) -> None:
    def pages(asked: Asked) -> Any:
        is_second = asked.get("cursor") == "b"
        return {"data": [{"id": 2 + is_second}, {"id": 4 + is_second}], "next": token if is_second else "b"}

    paginator = {"type": "cursor", "cursor_path": "next"}
    with pytest.raises(Exception, match="repeats rows") as failure:
        read(pages, paginator)

    named = f"if the token '{token}' means the end, write end_path: next, end_value: '{token}' in the paginator; else "
    assert (named in str(failure.value)) == (token != "after-2")
    if token != "null":
        with pytest.raises(Exception, match="repeats rows") as failure:
            read(lambda asked: (pages(asked), {"next": pages(asked)["next"]}), {"type": "header_cursor"})
        step = "write end_path and end_value for what the body says then"
        assert (step in str(failure.value)) == (token != "after-2")
    assert len(read(pages, {**paginator, "end_path": "next", "end_value": token}).rows) == 4


@pytest.mark.parametrize(
    ("rows", "words", "verdict"),
    [
        (5, {}, "unknown"),
        (4, {}, "read to the end"),
        (5, {"end_path": "next", "end_value": 0}, "read to the end"),
    ],
)
def test_a_number_0_behind_a_full_first_page_is_in_doubt(rows: int, words: dict[str, Any], verdict: str) -> None:
    body = {"data": [{"id": number} for number in range(rows)], "next": 0}

    assert (
        read(
            lambda asked: body, {"type": "cursor", "cursor_path": "next", "limit": 5, "limit_param": "n", **words}
        ).verdict
        == verdict
    )


BY_STAMP = {"type": "cursor", "cursor_path": "data[-1].ts", "cursor_param": "after"}


@pytest.mark.parametrize(
    ("is_behind", "verdict"),
    [(lambda ts, after: ts > after, "unknown"), (lambda ts, after: ts >= after, "read to the end")],
    ids=["what lies behind it", "what lies at it too"],
)
def test_a_page_that_ends_between_records_of_one_time_is_a_doubt_where_they_do_not_come_again(
    is_behind: Any, verdict: str
) -> None:
    def pages(asked: Asked) -> Any:
        return {"data": [row for row in STAMPED if is_behind(row["ts"], asked.get("after", -1))][:50]}

    found = read(pages, BY_STAMP, params={"limit": 50})
    assert found.verdict == verdict
    assert ("share the value" in found.reason) is (verdict == "unknown")


def test_a_short_last_page_may_end_with_records_of_one_time() -> None:
    assert read(lambda asked: {"data": [] if "after" in asked else STAMPED[:7]}, BY_STAMP).verdict == "read to the end"


def test_pages_that_end_with_different_values_are_in_no_doubt() -> None:
    def pages(asked: Asked) -> Any:
        return {"data": [row for row in ROWS if row["id"] > asked.get("after", -1)][:20]}

    assert read(pages, BY_STAMP | {"cursor_path": "data[-1].id"}).verdict == "read to the end"


# A last page that names itself


def _by_offset_token(asked: Asked, last: int = 50) -> Any:
    begin = int(asked.get("cursor", 0))
    rows = ROWS[:last][begin : begin + 20]
    return {"data": rows, "next": str(begin + 20 if begin + 20 < last else begin)}


def test_a_short_page_that_names_itself_is_the_end() -> None:
    found = read(_by_offset_token, {"type": "cursor", "cursor_path": "next"})
    assert (found.verdict, len(found.rows)) == ("read to the end", 50)


def test_a_page_as_long_as_the_others_that_names_itself_is_a_circle() -> None:
    with pytest.raises(PagesRepeat, match="repeats rows of an earlier page"):
        read(lambda asked: _by_offset_token(asked, 40), {"type": "cursor", "cursor_path": "next"})


# A word for more that is left out where there is none


@pytest.mark.parametrize("rows", [50, 7])
def test_a_word_for_more_may_be_left_out_where_there_is_none(rows: int) -> None:
    def pages(asked: Asked) -> Any:
        end = asked["offset"] + 20
        return {"data": ROWS[:rows][asked["offset"] : end], **({"more": True} if end < rows else {})}

    found = read(pages, OFFSET | {"has_more_path": "more"})
    assert (found.verdict, len({row["id"] for row in found.rows})) == ("read to the end", rows)


def test_a_word_for_more_elsewhere_is_believed_where_the_declared_one_was_never_there() -> None:
    body = {"data": ROWS[:20], "has_more": True}
    assert read(lambda asked: body, {"type": "cursor", "has_more_path": "more"}).verdict == "unknown"


# Counts that are a bound, or of a list before a filter


@pytest.mark.parametrize(
    "count",
    [
        {"total": {"value": 40, "relation": "gte"}},
        {"total": 40, "total_relation": "gte"},
        {"total": "40+", "reply_count": "5+"},
        {"total": "40+"},
        {"totalCount": 40, "totalCountCapped": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("policy", ["at_least", "exact"])
def test_as_many_rows_as_an_api_counts_at_most_may_not_be_all(count: dict[str, Any], policy: str) -> None:
    def pages(asked: Asked) -> Any:
        return {"data": ROWS[:40][asked["offset"] : asked["offset"] + 20], **count}

    path = "total.value" if isinstance(count.get("total"), dict) else "total"
    found = read(pages, OFFSET | {"total_path": path}, total=policy)
    assert found.verdict == "unknown"
    assert "there are more than the 40" in found.reason


@pytest.mark.parametrize(
    "count",
    [
        {"total": {"value": 40, "relation": "eq"}},
        {"total": 40, "relation": "gte"},
        {"total": 40, "capped": True},
        {"total": 40, "reply_count": "5+"},
    ],
    ids=str,
)
def test_a_count_that_is_no_bound_is_in_no_doubt(count: dict[str, Any]) -> None:
    def pages(asked: Asked) -> Any:
        return {"data": ROWS[:40][asked["offset"] : asked["offset"] + 20], **count}

    assert read(pages, OFFSET).verdict == "read to the end"


@pytest.mark.parametrize(
    "count",
    [{"recordsTotal": 5000, "recordsFiltered": 7}, {"total_count": 436, "filtered_count": 7, "item_count": 7}],
    ids=str,
)
def test_a_count_before_a_filter_is_not_missed_where_the_one_behind_it_agrees(count: dict[str, int]) -> None:
    assert read(lambda asked: {"data": ROWS[:7], **count}, {"type": "single_page"}).verdict == "read to the end"


def test_a_filtered_count_that_does_not_agree_is_a_doubt() -> None:
    body = {"data": ROWS[:7], "recordsTotal": 5000, "recordsFiltered": 70}
    assert read(lambda asked: body, {"type": "single_page"}).verdict == "unknown"


# The first row


@pytest.mark.parametrize("key", ["id", None])
def test_rows_that_are_counted_from_0_are_not_read_from_1(key: str | None) -> None:
    def pages(asked: Asked) -> Any:
        return {"data": ROWS[asked["offset"] : asked["offset"] + asked["limit"]]}

    if key:
        with pytest.raises(MendDescription, match="write offset: 0"):
            read(pages, OFFSET | {"offset": 1}, is_start_known=False)
    else:
        assert read(pages, OFFSET | {"offset": 1}, key=None, is_start_known=False).verdict == "unknown"


@pytest.mark.parametrize("is_new", [False, True], ids=["still", "a new row at its start"])
def test_rows_that_are_counted_from_1_may_be_asked_for_from_0_too(is_new: bool) -> None:
    def pages(asked: Asked) -> Any:
        rows = [{"id": -1}, *ROWS] if is_new and asked["offset"] < 2 and len(met) > 1 else ROWS
        met.append(asked)
        begin = max(asked["offset"], 1) - 1
        return {"data": rows[begin : begin + asked["limit"]]}

    met: list[Asked] = []
    found = read(pages, OFFSET | {"offset": 1}, is_start_known=False)
    assert (found.verdict, met[-1]["offset"]) == ("read to the end", 1 if is_new else 0)


def test_a_header_that_says_null_names_no_next_page() -> None:
    tokens = {"": "2", "2": "null"}
    asked = {"type": "header_cursor", "cursor_key": "X-Locator", "cursor_param": "locator"}

    def answers(sent: dict[str, Any]) -> Any:
        token = str(sent.get("locator", ""))
        return {"data": [{"id": int(token or 1)}]}, {"X-Locator": tokens[token]}

    came = read(answers, asked)

    assert ([row["id"] for row in came.rows], came.verdict) == ([1, 2], "read to the end")
