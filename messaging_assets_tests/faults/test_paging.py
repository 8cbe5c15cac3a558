"""Lists whose pages lie, move, repeat or end in odd ways: nothing is lost without a word."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets_tests.faults.one_list import OFFSETS, OneList, Outcome, ids, made

BY_PAGE = {"type": "page_number", "base_page": 1}


def assert_whole(outcome: Outcome, rows: int = 250, verdict: str = "read to the end") -> None:
    assert outcome.green, outcome.sentence
    assert outcome.ids == ids(rows)
    assert outcome.verdict == verdict, outcome.reason
    assert outcome.receipt["distinct_keys"] == outcome.receipt["rows_loaded"] == rows


def assert_red(outcome: Outcome, *words: str) -> None:
    assert not outcome.green
    assert outcome.table == []
    assert outcome.verdict == "incomplete"
    for word in words:
        assert word in outcome.sentence


def rewritten(one_list: OneList, change: Any, **fault: Any) -> None:
    def rewrite(payload: dict[str, Any], request: Any) -> Any:
        changed = change(payload, request)
        return payload if changed is None else changed

    one_list.fault(rewrite=rewrite, **fault)


@pytest.mark.parametrize(
    "total",
    [None, "none", "250", 250.0, 0, 1, 3, 50, 100, 249, -1, True, "many", [], {}],
    ids=lambda total: f"total={total!r}",
)
def test_a_total_that_is_wrong_or_no_number_never_stops_the_read(one_list: OneList, total: Any) -> None:
    rewritten(one_list, lambda payload, request: payload.update(total=total))
    outcome = one_list.outcome({**OFFSETS, "overlap": 0})
    assert_whole(outcome)
    assert outcome.asked == [0, 100, 200, 250]


def test_an_absent_total_never_stops_the_read(one_list: OneList) -> None:
    one_list.sandbox.settings.total = False
    outcome = one_list.sync()
    assert_whole(outcome)
    assert "rows_api_says" not in outcome.receipt
    assert outcome.asked == [0, 99, 198, 249]
    assert outcome.receipt["how_it_ended"] == {"nothing came behind the last row": 1}


def test_a_total_that_is_the_size_of_the_page_never_stops_the_read(one_list: OneList) -> None:
    rewritten(one_list, lambda payload, request: payload.update(total=len(payload["data"])))
    one_list.sandbox.settings.page_cap = 50
    assert_whole(one_list.outcome())


@pytest.mark.parametrize("total", [251, 300, 10**9])
def test_a_total_above_what_came_is_red_until_the_file_says_to_ignore_it(one_list: OneList, total: int) -> None:
    rewritten(one_list, lambda payload, request: payload.update(total=total))
    assert_red(one_list.outcome(), f"the API says it has {total} rows", "250 different ones came", "total to ignore")
    assert_whole(one_list.outcome(total="ignore"))


def test_an_exact_total_spares_the_confirming_request_and_is_proven_by_an_overlap(one_list: OneList) -> None:
    outcome = one_list.sync(total="exact")
    assert_whole(outcome, verdict="proven")
    assert outcome.asked == [0, 99, 198]


def test_one_page_that_holds_an_exact_total_is_proven(one_list: OneList) -> None:
    one_list.has(30)
    assert_whole(one_list.outcome(total="exact"), 30, "proven")


def test_an_exact_total_that_is_wrong_is_unknown(one_list: OneList) -> None:
    rewritten(one_list, lambda payload, request: payload.update(total=240))
    outcome = one_list.sync(total="exact")
    assert outcome.green
    assert outcome.verdict == "unknown"
    assert outcome.ids == ids(250)
    assert outcome.receipt["passes"] == 2


@pytest.mark.parametrize("cap", [1, 7, 50, 99, 100, 249, 250, 1000])
@pytest.mark.parametrize("total", [True, False], ids=["total", "no total"])
def test_a_page_size_that_the_server_caps_loses_nothing(one_list: OneList, cap: int, total: bool) -> None:
    one_list.has(60)
    one_list.sandbox.settings.page_cap = cap
    one_list.sandbox.settings.total = total
    assert_whole(one_list.outcome({"type": "offset", "limit": 20}), 60)


@pytest.mark.parametrize("rows", [0, 1, 99, 100, 101, 200, 250])
@pytest.mark.parametrize("policy", ["exact", "at_least", "ignore"])
def test_lists_of_any_length_come_whole(one_list: OneList, rows: int, policy: str) -> None:
    one_list.has(rows)
    outcome = one_list.outcome(total=policy)
    assert_whole(outcome, rows, "proven" if policy == "exact" else "read to the end")


def test_a_short_page_in_the_middle_loses_nothing(one_list: OneList) -> None:
    rewritten(one_list, lambda payload, request: payload.update(data=payload["data"][:40]), offset=100)
    outcome = one_list.outcome()
    assert_whole(outcome)
    assert outcome.asked[:4] == [0, 100, 140, 240]


def test_an_empty_page_in_the_middle_is_red_where_the_total_says_so(one_list: OneList) -> None:
    rewritten(one_list, lambda payload, request: payload.update(data=[]), offset=100)
    assert_red(one_list.sync(), "the API says it has 250 rows, 100 different ones came (an empty page)")


def test_an_empty_page_in_the_middle_that_came_once_is_mended_by_a_second_pass(one_list: OneList) -> None:
    rewritten(one_list, lambda payload, request: payload.update(data=[]), offset=100, times=1)
    outcome = one_list.sync()
    assert_whole(outcome)
    assert outcome.receipt["passes"] == 2
    assert outcome.receipt["rows_read"] == 250


@pytest.mark.parametrize("total", [True, False], ids=["total", "no total"])
def test_an_offset_that_the_api_ignores_fails_after_the_second_page(one_list: OneList, total: bool) -> None:
    one_list.sandbox.settings.ignore_offset = True
    one_list.sandbox.settings.total = total
    outcome = one_list.outcome()
    # Without a total the first try asks for a row of the page before, which an API may not take.
    last = 2 if total else 3
    assert_red(outcome, f"page {last} repeats rows of an earlier page", "the API ignores the paging parameter", "file")
    assert len(outcome.requests) == last


def test_an_offset_that_the_api_clamps_fails(one_list: OneList) -> None:
    def clamp(payload: dict[str, Any], request: Any) -> None:
        start = min(int(request.query["offset"]), 150)
        payload["data"] = one_list.rows[start : start + 100]

    rewritten(one_list, clamp)
    assert_red(one_list.outcome(), "repeats rows of an earlier page")


def test_an_offset_that_is_ignored_in_random_order_fails_too(one_list: OneList) -> None:
    def shuffle(payload: dict[str, Any], request: Any) -> None:
        turn = len(one_list.sandbox.requests)
        payload["data"] = one_list.rows[turn:100] + one_list.rows[:turn]

    rewritten(one_list, shuffle)
    assert_red(one_list.outcome(), "repeats rows of an earlier page")


def test_offsets_refused_with_an_empty_list_are_red_where_the_total_says_so(one_list: OneList) -> None:
    one_list.sandbox.settings.offset_limit, one_list.sandbox.settings.offset_limit_status = 100, 200
    assert_red(one_list.outcome(), "the API says it has 250 rows, 200 different ones came")


def test_offsets_refused_with_a_status_are_red_and_name_the_setting(one_list: OneList) -> None:
    one_list.sandbox.settings.offset_limit = 100
    outcome = one_list.outcome()
    assert_red(outcome, "answered 400", "end_status_codes", "overlap: 0", "/messaging/v1/messages")
    assert not outcome.failure.retryable  # type: ignore[union-attr]


def test_offsets_refused_with_a_declared_status_are_red_where_the_total_says_more(one_list: OneList) -> None:
    one_list.sandbox.settings.offset_limit = 100
    assert_red(
        one_list.outcome({**OFFSETS, "end_status_codes": [400]}),
        "200 different ones came",
        "end_status_codes or end_on_missing_selector may take a limit of the API for its end",
    )


@pytest.mark.parametrize("rows", [250, 199])
@pytest.mark.parametrize("case", ["offset", "page_number", "missing selector"])
def test_a_declared_end_behind_a_full_page_is_unknown_without_a_total(one_list: OneList, case: str, rows: int) -> None:
    one_list.sandbox.settings.total = False
    one_list.has(rows)
    ends: dict[str, Any] = {"end_status_codes": [400]}
    paginator, path = (BY_PAGE, "messages/by_page") if case == "page_number" else (OFFSETS, "messages")
    if case == "missing selector":
        ends = {"end_on_missing_selector": True}
        rewritten(one_list, lambda payload, request: payload if request.offset < 150 else {"error": "too far"})
    else:
        # The third page is refused, whether there are rows or not.
        one_list.sandbox.settings.offset_limit, one_list.sandbox.settings.past_end_status = 150, 400
    outcome = one_list.outcome({**paginator, **ends}, path=path)
    assert outcome.green, outcome.sentence
    assert len(outcome.ids) == min(rows, 200)
    assert outcome.receipt["passes"] == 1
    if rows == 250:
        assert outcome.verdict == "unknown"
        assert "which was no shorter than others, so the API may only refuse to go further" in outcome.reason
    else:
        assert outcome.verdict == "read to the end"


@pytest.mark.parametrize(
    ("rows", "paginator", "params", "verdict"),
    [
        (99, OFFSETS, {}, "read to the end"),
        (100, OFFSETS, {}, "unknown"),
        (99, BY_PAGE, {"per_page": 100}, "read to the end"),
        (100, BY_PAGE, {"per_page": "100"}, "unknown"),
        (99, BY_PAGE, {}, "unknown"),
        (99, {**BY_PAGE, "total_path": "pages"}, {}, "read to the end"),
    ],
)
def test_a_declared_end_behind_the_only_page_is_unknown_unless_the_page_is_known_to_be_short(
    one_list: OneList, rows: int, paginator: dict[str, Any], params: dict[str, Any], verdict: str
) -> None:
    one_list.sandbox.settings.total, one_list.sandbox.settings.past_end_status = False, 404
    one_list.has(rows)
    rewritten(one_list, lambda payload, request: {**payload, "pages": 1})
    path = "messages" if paginator is OFFSETS else "messages/by_page"
    outcome = one_list.outcome({**paginator, "end_status_codes": [404]}, path=path, params=params)
    assert (outcome.verdict, len(outcome.ids)) == (verdict, rows)


def test_a_declared_end_behind_a_full_page_at_a_believed_total_is_the_end(one_list: OneList) -> None:
    one_list.has(200)
    one_list.sandbox.settings.past_end_status = 404
    assert_whole(one_list.outcome({**OFFSETS, "end_status_codes": [404]}), 200)


@pytest.mark.parametrize("paginator", [OFFSETS, {"type": "page_number", "base_page": 1}], ids=["offset", "page"])
@pytest.mark.parametrize("selector", ["data[*].items[*]", "data[?(@.kind == 'a')]"])
def test_a_selector_that_picks_from_the_list_pages_by_the_list(
    one_list: OneList, selector: str, paginator: dict[str, Any]
) -> None:
    """A wildcard or a filter in data_selector: pages go on by what the server sent, not by what was picked."""
    groups = [{"kind": "ab"[n % 2], "id": f"group_{n}", "items": [made(n)] if n > 40 else []} for n in range(160)]

    def page(payload: Any, request: Any) -> Any:
        start = 40 * (int(request.query["page"]) - 1) if "page" in request.query else request.offset or 0
        return {"data": groups[start : start + 40]}

    one_list.fault(rewrite=page)
    limited = {**paginator, "limit": 40} if paginator is OFFSETS else paginator
    outcome = one_list.outcome(limited, data_selector=selector)
    assert outcome.green, outcome.sentence
    assert len(outcome.table) == (119 if "items" in selector else 80)


@pytest.mark.parametrize("status", [400, 404, 422])
def test_the_end_may_be_a_declared_status_and_only_a_declared_one(one_list: OneList, status: int) -> None:
    one_list.sandbox.settings.past_end_status = status
    assert_red(one_list.outcome(), f"answered {status}")
    outcome = one_list.outcome({**OFFSETS, "end_status_codes": [status]})
    assert_whole(outcome)
    assert outcome.receipt["how_it_ended"] == {f"status {status} past the last page": 1}


def test_a_declared_end_status_on_the_first_page_is_no_end(one_list: OneList) -> None:
    one_list.fault(status=404)
    assert_red(one_list.outcome({**OFFSETS, "end_status_codes": [404]}), "answered 404")


@pytest.mark.parametrize("left_out", [{"total": 250}, {"total": 250, "data": None}], ids=["absent", "null"])
def test_the_end_may_be_a_list_that_is_left_out_where_the_file_says_so(one_list: OneList, left_out: Any) -> None:
    rewritten(one_list, lambda payload, request: left_out, offset=250)
    assert_red(one_list.outcome(), "the selector 'data' finds", "on page 4", "write end_on_missing_selector: true in")
    outcome = one_list.outcome({**OFFSETS, "end_on_missing_selector": True})
    assert_whole(outcome)
    assert outcome.receipt["how_it_ended"] == {"the list was left out past the last page": 1}


def test_a_list_left_out_on_the_first_page_is_no_end(one_list: OneList) -> None:
    rewritten(one_list, lambda payload, request: {"total": 0})
    assert_red(
        one_list.outcome({**OFFSETS, "end_on_missing_selector": True}), "finds nothing", "empty_when_missing: true"
    )


@pytest.mark.parametrize("name", ["maximum_pages", "maximum_offset", "maximum_page"])
def test_a_cap_that_is_met_is_red(one_list: OneList, name: str) -> None:
    caps: dict[str, dict[str, Any]] = {
        "maximum_pages": {**OFFSETS, "maximum_pages": 2},
        "maximum_offset": {**OFFSETS, "maximum_offset": 200},
        "maximum_page": {**BY_PAGE, "maximum_page": 3},
    }
    path = "messages/by_page" if name == "maximum_page" else "messages"
    outcome = one_list.outcome(caps[name], path=path)
    assert_red(outcome, f"{name} (", "was reached before the end; raise it in the file")
    assert not outcome.failure.retryable  # type: ignore[union-attr]


def test_a_cap_that_is_not_met_changes_nothing(one_list: OneList) -> None:
    assert_whole(one_list.outcome({**OFFSETS, "maximum_pages": 5, "maximum_offset": 1000}))


@pytest.mark.parametrize(
    ("cap", "path"),
    [
        ({**OFFSETS, "maximum_pages": 3}, "messages"),
        ({**OFFSETS, "maximum_offset": 250}, "messages"),
        ({**BY_PAGE, "maximum_page": 4}, "messages/by_page"),
    ],
)
def test_a_cap_that_is_met_where_all_came_that_the_api_counts_is_the_end(
    one_list: OneList, cap: dict[str, Any], path: str
) -> None:
    outcome = one_list.outcome(cap, path=path)
    assert_whole(outcome)
    assert "as many came as the API counts" in outcome.reason


SOME = 200


@pytest.mark.parametrize(
    ("cap", "beside"),
    [
        ({**OFFSETS, "maximum_pages": 1}, lambda rows, until: {"total": rows}),
        ({**OFFSETS, "maximum_pages": 2}, lambda rows, until: {"total": until}),
        ({**OFFSETS, "maximum_offset": SOME}, lambda rows, until: {"total": SOME, "has_more": True}),
        ({**OFFSETS, "has_more_path": "more", "maximum_pages": 2}, lambda rows, until: {"total": SOME, "more": True}),
        ({**OFFSETS, "maximum_pages": 2}, lambda rows, until: {"total": SOME, "next": "/v1/messages?offset=200"}),
        ({**OFFSETS, "maximum_pages": 2}, lambda rows, until: {"total": f"{SOME}+"}),
        ({**OFFSETS, "maximum_pages": 2}, lambda rows, until: {"total": SOME, "total_count": 250}),
        ({**BY_PAGE, "total_path": "page", "maximum_page": 3}, lambda rows, until: {"page": -(-until // 100)}),
        ({**BY_PAGE, "total_path": "pages", "maximum_page": 3}, lambda rows, until: {"pages": 2, "has_more": True}),
    ],
    ids=[
        *("of the page", "so far", "more said", "more declared", "a link", "a bound", "another count"),
        *("of this page", "more pages"),
    ],
)
def test_a_cap_that_is_met_where_the_count_may_not_be_of_all_is_red(
    one_list: OneList, cap: dict[str, Any], beside: Any
) -> None:
    by_page = cap["type"] == "page_number"

    def counted(payload: dict[str, Any], request: Any) -> dict[str, Any]:
        rows = payload["data"]
        before = (int(request.query["page"]) - 1) * 100 if by_page else request.offset
        return {"data": rows, **beside(len(rows), before + len(rows))}

    rewritten(one_list, counted)
    outcome = one_list.outcome(cap, path="messages/by_page" if by_page else "messages")
    assert_red(outcome, "was reached before the end")


@pytest.mark.parametrize(("told", "green"), [(True, True), ("false", True), (1, True), ("yes?", False), (None, False)])
def test_has_more_is_believed_when_it_is_a_truth_value(one_list: OneList, told: Any, green: bool) -> None:
    def tell(payload: dict[str, Any], request: Any) -> None:
        more = request.offset + len(payload["data"]) < 250
        written = {"false": str(more), True: more} if isinstance(told, (bool, str)) else {1: int(more)}
        payload["more"] = written.get(told, told)

    rewritten(one_list, tell)
    outcome = one_list.outcome({**OFFSETS, "has_more_path": "more"})
    if green:
        assert_whole(outcome)
        assert outcome.receipt["how_it_ended"] == {"the API said that there is no more": 1}
    else:
        assert_red(outcome, "has_more_path 'more' holds no truth value on page 1")


MORE = [
    (OFFSETS, "messages", "an empty page"),
    ({"type": "page_number", "base_page": 1}, "messages/by_page", "an empty page"),
    ({"type": "cursor", "cursor_path": "next_cursor"}, "messages/by_cursor", "the API named no further page"),
]


@pytest.mark.parametrize(("paginator", "path", "how"), MORE, ids=["offset", "page_number", "cursor"])
def test_a_list_that_ends_though_the_api_says_that_there_is_more_is_red(
    one_list: OneList, paginator: dict[str, Any], path: str, how: str
) -> None:
    """A list that ends where the answer itself says that there is more, and no total says otherwise: red."""

    def cut(payload: dict[str, Any], request: Any) -> None:
        payload.pop("total", None)
        payload["more"] = True
        if request.offset == 100 or request.query.get("page") == "2" or request.query.get("cursor"):
            payload |= {"data": [], "next_cursor": None}

    rewritten(one_list, cut)
    outcome = one_list.outcome({**paginator, "has_more_path": "more"}, path=path)
    assert_red(outcome, f"{how}, although the API said that there is more", "take has_more_path out")


def test_an_empty_page_need_not_say_whether_there_is_more(one_list: OneList) -> None:
    """An API that says of each page with rows that there is more, and of the empty one behind them nothing."""

    def tell(payload: dict[str, Any], request: Any) -> None:
        payload.pop("total")
        if payload["data"]:
            payload["more"] = True

    rewritten(one_list, tell)
    assert_whole(one_list.outcome({**OFFSETS, "has_more_path": "more"}), verdict="proven")


def test_a_declared_end_behind_a_page_that_says_there_is_more_is_unknown(one_list: OneList) -> None:
    """An API that says of each page that there is more, and refuses the one behind the last as the file declares."""

    def tell(payload: dict[str, Any], request: Any) -> Any:
        payload.pop("total")
        payload["more"] = True

    one_list.fault(offset=250, status=404)
    rewritten(one_list, tell)
    outcome = one_list.outcome({**OFFSETS, "has_more_path": "more", "end_status_codes": [404]})
    assert_whole(outcome, verdict="unknown")
    assert "although the API said that there is more" in outcome.reason


@pytest.mark.parametrize("base", [0, 1])
def test_page_numbers_begin_where_the_api_begins(one_list: OneList, base: int) -> None:
    one_list.sandbox.settings.page_base = base
    assert_whole(one_list.outcome({"type": "page_number", "base_page": base}, path="messages/by_page"))


def test_page_numbers_that_begin_before_the_api_does_are_red(one_list: OneList) -> None:
    outcome = one_list.outcome({"type": "page_number", "base_page": 0}, path="messages/by_page")
    assert_red(outcome, "answered 400")


def test_page_zero_and_one_that_are_the_same_page_are_red(one_list: OneList) -> None:
    def as_one(payload: dict[str, Any], request: Any) -> None:
        start = (max(int(request.query["page"]), 1) - 1) * 100
        payload["data"] = one_list.rows[start : start + 100]

    one_list.sandbox.settings.page_base = 0
    rewritten(one_list, as_one)
    outcome = one_list.outcome({"type": "page_number", "base_page": 0}, path="messages/by_page")
    assert_red(outcome, "page 2 repeats rows of an earlier page")


@pytest.mark.parametrize("status", [200, 400, 404])
@pytest.mark.parametrize("pages", [None, 3, "3"])
def test_a_page_past_an_announced_last_one_may_be_refused(one_list: OneList, status: int, pages: Any) -> None:
    one_list.sandbox.settings.past_end_status = status
    rewritten(one_list, lambda payload, request: payload.update(pages=pages))
    outcome = one_list.outcome({**BY_PAGE, "total_path": "pages"}, path="messages/by_page")
    if status == 200 or pages is not None:
        assert_whole(outcome)
        assert len(outcome.requests) == 4
    else:
        assert_red(outcome, f"answered {status}", "end_status_codes")


def test_page_numbers_that_are_too_small_a_count_do_not_stop_the_read(one_list: OneList) -> None:
    rewritten(one_list, lambda payload, request: payload.update(pages=1))
    assert_whole(one_list.outcome({**BY_PAGE, "total_path": "pages"}, path="messages/by_page"))


def test_an_empty_page_among_announced_ones_is_red(one_list: OneList) -> None:
    def empty(payload: dict[str, Any], request: Any) -> None:
        payload["pages"] = 3
        payload["data"] = [] if request.query["page"] == "2" else payload["data"]

    rewritten(one_list, empty)
    outcome = one_list.outcome({**BY_PAGE, "total_path": "pages"}, path="messages/by_page")
    assert_red(outcome, "page 2 of 3 was empty", "if 'pages' counts rows, name it rows_total_path")


@pytest.mark.parametrize("pages", [0, 1])
def test_an_empty_list_may_be_announced_as_one_page_or_none(one_list: OneList, pages: int) -> None:
    one_list.has(0)
    rewritten(one_list, lambda payload, request: payload.update(pages=pages))
    assert_whole(one_list.outcome({**BY_PAGE, "total_path": "pages"}, path="messages/by_page"), 0)


def test_page_numbers_that_the_api_ignores_are_red(one_list: OneList) -> None:
    one_list.sandbox.settings.ignore_offset = True
    assert_red(one_list.outcome(BY_PAGE, path="messages/by_page"), "repeats rows of an earlier page")


def clamped(one_list: OneList, pages: int | None = None) -> Any:
    """What comes of an API that gives its third page for whatever is behind it."""

    def clamp(payload: dict[str, Any], request: Any) -> None:
        start = (min(int(request.query["page"]), 3) - 1) * 100
        payload.update(data=one_list.rows[start : min(start + 100, 300)], pages=pages, total=None)

    rewritten(one_list, clamp)
    return one_list.outcome({**BY_PAGE, "total_path": "pages"}, path="messages/by_page")


def test_the_last_page_once_more_is_the_end_behind_an_announced_one(one_list: OneList) -> None:
    assert_whole(clamped(one_list, pages=3))


def test_a_short_last_page_once_more_is_the_end(one_list: OneList) -> None:
    outcome = clamped(one_list)
    assert_whole(outcome)
    assert outcome.verdict == "read to the end"
    assert outcome.receipt["how_it_ended"] == {"the last page came once more": 1}


@pytest.mark.parametrize("rows", [300, 400])
def test_a_full_last_page_once_more_may_be_as_far_as_an_api_goes(one_list: OneList, rows: int) -> None:
    one_list.has(rows)
    outcome = clamped(one_list)
    assert (outcome.sentence, len(outcome.ids), outcome.verdict) == ("", 300, "unknown")
    assert "page 3 was no shorter than others" in outcome.reason


def test_a_page_once_more_is_no_end_where_records_have_no_key(one_list: OneList) -> None:
    one_list.resource["primary_key"] = []
    assert_red(clamped(one_list), "repeats rows of an earlier page")


def test_rows_by_post_and_body_paths_come_whole(one_list: OneList) -> None:
    paginator = {"type": "offset", "limit": 100, "offset_body_path": "offset", "limit_body_path": "limit"}
    outcome = one_list.outcome(paginator, method="POST")
    assert_whole(outcome)
    assert [request.method for request in outcome.requests] == ["POST"] * 4


def test_a_first_offset_skips_rows_and_is_compared_with_what_is_left(one_list: OneList) -> None:
    outcome = one_list.outcome({**OFFSETS, "offset": 50})
    assert outcome.green, outcome.sentence
    assert outcome.ids == [made(number)["id"] for number in range(50, 250)]
    assert outcome.receipt["rows_api_says"] == 200


def test_offsets_that_count_from_one_come_whole(one_list: OneList) -> None:
    def from_one(payload: dict[str, Any], request: Any) -> None:
        start = int(request.query["startIndex"]) - 1
        payload["data"] = one_list.rows[start : start + 100]

    rewritten(one_list, from_one)
    assert_whole(one_list.outcome({**OFFSETS, "offset": 1, "offset_param": "startIndex"}))


@pytest.mark.parametrize("paginator", [None, {"type": "single_page"}], ids=["none", "single_page"])
def test_an_only_page_that_counts_more_rows_than_it_has_is_unknown(
    one_list: OneList, paginator: dict[str, Any] | None
) -> None:
    outcome = one_list.outcome(paginator)
    assert (outcome.verdict, len(outcome.ids)) == ("unknown", 100)
    assert outcome.reason.startswith("the answer says at 'total' that there are 250 rows, and 100 came")
    assert "counts something else" not in one_list.outcome(paginator, total="ignore").reason
    one_list.has(100)
    assert "250" not in one_list.outcome(paginator).reason


@pytest.mark.parametrize("name", ["unread_count", "total_bytes", "limit"])
def test_a_number_that_counts_no_rows_raises_no_doubt_about_an_only_page(one_list: OneList, name: str) -> None:
    one_list.has(90)
    rewritten(one_list, lambda payload, request: {"data": payload["data"], name: 500})
    assert one_list.outcome({"type": "single_page"}).verdict == "read to the end"


def test_an_only_page_is_not_held_against_a_count_of_which_the_file_takes_a_part(one_list: OneList) -> None:
    outcome = one_list.outcome({"type": "single_page"}, data_selector="data[?(@.number < 5)]")
    assert (outcome.verdict, len(outcome.ids)) == ("read to the end", 5)


def test_truth_values_and_numbers_leave_as_apis_write_them(one_list: OneList) -> None:
    """A truth value in params, a number in headers: they are sent as true, false and digits."""
    params = {"archived": False, "deep": True, "depth": 2, "any": [2, True]}
    outcome = one_list.outcome(params=params, headers={"X-Version": 2})
    assert outcome.green, outcome.sentence
    asked = outcome.requests[0].query
    assert [asked[name] for name in params] == ["false", "true", "2", "true"]
