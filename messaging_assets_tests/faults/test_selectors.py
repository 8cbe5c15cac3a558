"""Answers that hold no list where the file says that one is: each has one outcome, and none is an empty table."""

from __future__ import annotations

import json
from typing import Any

import pytest

from messaging_assets.foundation.failures import MendDescription, TryAgainLater
from messaging_assets.sandbox import Request
from messaging_assets_tests.faults.one_list import OneList, ids, made

MEND, LATER = MendDescription, TryAgainLater
ROWS = [made(number) for number in range(3)]
HTML = b"<!doctype html><html><body>Bad gateway, ask secret-content</body></html>"

WRONG: dict[str, tuple[Any, ...]] = {
    "data absent": ({"items": ROWS, "total": 3}, "finds nothing", "keys items, total", "write data_selector: items"),
    "data null": ({"data": None}, "finds null", "the answer has the keys data"),
    "data a text": ({"data": "secret-content"}, "finds a text", "keys data"),
    "data a number": ({"data": 7}, "finds a number", "keys data"),
    "data a truth value": ({"data": False}, "finds a truth value", "keys data"),
    "data an object": ({"data": {"id": "secret-content"}}, "finds an object", "keys data"),
    "data a list of texts": ({"data": ["secret-content"]}, "holds no objects but a text", "data_selector"),
    "data a list of numbers": ({"data": [1, 2]}, "holds no objects but a number", "data_selector"),
    "data a list of lists": ({"data": [[1], [2]]}, "holds no objects but a list", "data_selector"),
    "data a list of nulls": ({"data": [None]}, "holds no objects but null", "data_selector"),
    "another name of the list": ({"datas": ROWS}, "finds nothing", "write data_selector: datas, if that is the list"),
    "a list deeper down": ({"data": {"list": ROWS}}, "finds an object", "write data_selector: data.list, if that is"),
    "another list without keys": ({"tags": [{"name": "n"}]}, "finds nothing", "the answer has the keys tags"),
    "an error inside a 200": ({"error": "secret-content"}, "finds nothing", "error_in_body"),
    "an empty object": ({}, "finds nothing", "the answer is an empty object"),
    "a bare list": (ROWS, "finds nothing", "the answer is a list"),
    "a bare null": (None, "finds nothing", "the answer is null"),
    "a bare text": ("secret-content", "finds nothing", "the answer is a text"),
    "a bare number": (5, "finds nothing", "the answer is a number"),
}


@pytest.mark.parametrize("page", [1, 2])
@pytest.mark.parametrize("case", WRONG)
def test_an_answer_without_the_list_is_red_at_once_and_shows_keys_only(one_list: OneList, case: str, page: int) -> None:
    payload, *words = WRONG[case]
    one_list.fault(body=json.dumps(payload).encode(), offset=(page - 1) * 100)
    outcome = one_list.outcome()
    assert isinstance(outcome.failure, MEND)
    assert outcome.table == []
    assert len(outcome.requests) == page
    assert f"page {page} of {one_list.sandbox.url}/messaging/v1/messages" in outcome.sentence
    for word in words:
        assert word in outcome.sentence
    assert "secret-content" not in outcome.sentence
    # A list that is left out may be an empty one; one in whose place an error stands is none.
    left_out = ("another list without keys", "data null", "an empty object")
    left_out = ("another list without keys", "data null", "an empty object")
    assert ("true in the paginator" in outcome.sentence) == (case in left_out)
    assert outcome.verdict == "incomplete"


def test_a_list_with_some_objects_is_sorted_out_record_by_record(one_list: OneList) -> None:
    one_list.resource["maximum_set_aside_share"] = 1
    one_list.fault(body=json.dumps({"data": [7, *ROWS, "text", None, {"name": "no key"}]}).encode(), offset=0)
    one_list.fault(body=b'{"data": []}', offset=7)
    one_list.fault(body=b'{"data": []}')
    outcome = one_list.sync(total="ignore")
    assert outcome.green, outcome.sentence
    assert outcome.ids == ids(3)
    assert outcome.receipt["rows_read"] == 7
    assert outcome.receipt["rows_set_aside"] == 4
    assert outcome.receipt["set_aside_by_reason"] == {"not an object": 3, "no id": 1}
    assert len(outcome.rejected) == 4


def test_an_empty_list_is_a_complete_answer(one_list: OneList) -> None:
    one_list.has(0)
    outcome = one_list.sync()
    assert outcome.green, outcome.sentence
    assert outcome.receipt["rows_loaded"] == 0
    assert outcome.verdict == "read to the end"


@pytest.mark.sampled
@pytest.mark.parametrize("page", [1, 2])
@pytest.mark.parametrize("name", ["errors", "error"])
def test_an_empty_list_beside_an_error_is_no_list_without_rows_and_no_end(
    one_list: OneList, name: str, page: int
) -> None:
    one_list.resource |= {"write_disposition": "replace"}
    assert one_list.sync().green
    one_list.fault(body=json.dumps({"data": [], name: ["secret-content"]}).encode(), offset=(page - 1) * 100)
    outcome = one_list.sync()
    assert isinstance(outcome.failure, MEND)
    assert outcome.ids == ids(250)
    assert f"an empty list beside '{name}' came on page {page} of" in outcome.sentence
    assert f"error_in_body: {{path: {name}}}" in outcome.sentence
    assert "secret-content" not in outcome.sentence


def test_rows_beside_an_error_are_loaded_and_the_read_is_unknown_until_the_file_says_more(one_list: OneList) -> None:
    """Rows beside an error, as GraphQL sends what it could find: others may be missing."""
    one_list.fault(rewrite=lambda payload, request: {**payload, "errors": ["secret-content"]}, offset=100)
    outcome = one_list.sync()
    assert outcome.green
    assert outcome.ids == ids(250)
    assert outcome.verdict == "unknown"
    assert "rows came beside 'errors', so others may be missing; say error_in_body" in outcome.reason
    assert "secret-content" not in outcome.reason
    assert one_list.sync(error_in_body={"path": "errors.fatal"}).verdict == "read to the end"


def test_an_error_that_is_a_field_of_the_only_record_is_none(one_list: OneList) -> None:
    """A single object is the answer and has a field `error`: a record's value and no trouble of the API."""
    one_list.fault(body=json.dumps({"id": "row_00001", "error": "a value"}).encode())
    outcome = one_list.outcome({"type": "single_page"}, data_selector="$")
    assert outcome.green
    assert outcome.verdict == "proven"


@pytest.mark.parametrize("said", [[], None, False, ""])
def test_an_empty_list_beside_no_error_is_one(one_list: OneList, said: Any) -> None:
    one_list.fault(body=json.dumps({"data": [], "errors": said}).encode())
    assert one_list.outcome().green


def test_what_is_called_an_error_and_is_none_is_passed_over_once_the_file_says_so(one_list: OneList) -> None:
    one_list.fault(body=json.dumps({"data": [], "errors": 7}).encode())
    assert one_list.outcome(error_in_body={"path": "error.fatal"}).green


UNREADABLE = {
    "HTML": (HTML, "with HTML or XML in place of JSON"),
    "an empty body": (b"", "with an empty body"),
    "blank": (b" \n ", "with an empty body"),
    "truncated JSON": (b'{"data": [{"id": "ro', "with JSON that is cut off or broken"),
    "truncated list": (b'[{"id": 1},', "with JSON that is cut off or broken"),
    "a deep list": (b"[" * 30_000 + b"]" * 30_000, "with JSON that nests too deep"),
    "a word": (b"secret-content", "with something that is not JSON"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_an_unreadable_body_is_asked_for_again_and_then_red(one_list: OneList, case: str) -> None:
    body, words = UNREADABLE[case]
    one_list.fault(body=body, content_type="text/html")
    outcome = one_list.outcome()
    assert isinstance(outcome.failure, LATER)
    assert f"answered 200 {words} 4 times" in outcome.sentence
    assert "secret-content" not in outcome.sentence
    assert len(outcome.requests) == 4
    assert outcome.receipt["retry_reasons"] == {"unreadable body": 3}
    assert outcome.table == []


@pytest.mark.parametrize("case", UNREADABLE)
@pytest.mark.parametrize("page", [1, 2, 3])
def test_a_body_that_is_unreadable_once_costs_one_more_request(one_list: OneList, case: str, page: int) -> None:
    one_list.fault(body=UNREADABLE[case][0], times=1, offset=(page - 1) * 100)
    outcome = one_list.outcome()
    assert outcome.green, outcome.sentence
    assert outcome.ids == ids(250)
    assert outcome.receipt["retries"] == 1
    assert len(outcome.requests) == 5


@pytest.mark.parametrize(("page", "setting"), [(1, "response_actions"), (2, "end_status_codes")])
def test_a_204_is_red_at_once_and_names_the_setting(one_list: OneList, page: int, setting: str) -> None:
    one_list.fault(status=204, offset=(page - 1) * 100)
    outcome = one_list.outcome()
    assert isinstance(outcome.failure, MEND)
    assert "answered 204, which is no list" in outcome.sentence
    assert setting in outcome.sentence
    assert len(outcome.requests) == page


def test_a_204_behind_the_last_page_is_the_end_where_the_file_says_so(one_list: OneList) -> None:
    one_list.fault(status=204, offset=250)
    outcome = one_list.outcome({"type": "offset", "limit": 100, "end_status_codes": [204]})
    assert outcome.green, outcome.sentence
    assert outcome.ids == ids(250)


def test_a_number_that_json_does_not_know_sets_one_record_aside(one_list: OneList) -> None:
    one_list.resource["maximum_set_aside_share"] = 1
    rows = b'{"data": [{"id": "a", "number": NaN}, {"id": "b", "number": 1e400}, {"id": "c", "number": 2}]}'
    one_list.fault(body=rows, offset=0)
    one_list.fault(body=b'{"data": []}')
    outcome = one_list.sync()
    assert outcome.green, outcome.sentence
    assert outcome.ids == ["c"]
    assert outcome.receipt["rows_set_aside"] == 2
    assert len(outcome.rejected) == 2


@pytest.mark.parametrize("where", ["error", "errors[0].message", "status.failed"])
@pytest.mark.parametrize("retry", [True, False], ids=["retry", "no retry"])
def test_an_error_inside_a_200_that_the_file_declares(one_list: OneList, where: str, retry: bool) -> None:
    bodies: dict[str, Any] = {
        "error": {"error": "secret-content", "data": []},
        "errors[0].message": {"errors": [{"message": "secret-content"}], "data": []},
        "status.failed": {"status": {"failed": True}, "data": []},
    }
    one_list.fault(body=json.dumps(bodies[where]).encode(), offset=100)
    outcome = one_list.outcome(error_in_body={"path": where, "retry": retry})
    assert isinstance(outcome.failure, LATER if retry else MEND)
    assert f"answered 200 with an error at '{where}'" in outcome.sentence
    assert "secret-content" not in outcome.sentence
    assert len(outcome.requests) == (5 if retry else 2)
    assert outcome.table == []


def test_an_error_inside_a_200_that_passes_is_mended_by_the_declared_retry(one_list: OneList) -> None:
    one_list.fault(error_in_200="busy", times=2, offset=100)
    outcome = one_list.outcome(error_in_body={"path": "error", "retry": True})
    assert outcome.green, outcome.sentence
    assert outcome.ids == ids(250)
    assert outcome.receipt["retry_reasons"] == {"error in body": 2}


@pytest.mark.parametrize("nothing", [None, False, "", [], {}])
def test_an_error_field_that_holds_nothing_is_no_error(one_list: OneList, nothing: Any) -> None:
    one_list.fault(rewrite=lambda payload, request: {**payload, "error": nothing})
    assert one_list.outcome(error_in_body={"path": "error"}).green


@pytest.mark.parametrize(
    ("selector", "body"),
    [
        ("data[*]", {"data": ROWS}),
        ("$", ROWS),
        ("result.rows", {"result": {"rows": ROWS}}),
        ("data[*].row", {"data": [{"row": row} for row in ROWS]}),
        ("data[*].row", {"data": [{"row": ROWS[0]}]}),
        (None, {"items": ROWS, "meta": {}}),
        (None, ROWS),
    ],
)
def test_selectors_of_many_shapes_find_their_rows(one_list: OneList, selector: str | None, body: Any) -> None:
    one_list.fault(body=json.dumps(body).encode())
    outcome = one_list.outcome({"type": "single_page"}, data_selector=selector)
    assert outcome.green, outcome.sentence
    assert set(outcome.ids) <= set(ids(3))
    assert outcome.receipt["rows_loaded"] == len(outcome.ids) >= 1


def test_a_wildcard_over_an_empty_list_is_an_empty_list(one_list: OneList) -> None:
    one_list.fault(body=b'{"data": []}')
    assert one_list.outcome({"type": "single_page"}, data_selector="data[*].row").green


def test_a_single_object_is_a_whole_answer_only_where_one_is_expected(one_list: OneList) -> None:
    one_list.fault(body=b'{"id": "one", "next_run": "tomorrow"}')
    outcome = one_list.outcome({"type": "single_page"}, data_selector="$")
    assert outcome.green, outcome.sentence
    assert outcome.ids == ["one"]
    assert outcome.verdict == "proven"


@pytest.mark.parametrize(
    ("body", "says"), [(b'{"id": "one"}', True), (b'{"note": "one"}', False), (b'{"rows": [{"id": 2}]}', False)]
)
def test_a_single_object_where_pages_are_expected_is_red_and_told_of_single_page(
    body: bytes, says: bool, one_list: OneList
) -> None:
    one_list.fault(body=body)
    outcome = one_list.outcome({"type": "json_link", "next_url_path": "next"}, data_selector="$")
    assert isinstance(outcome.failure, MEND)
    assert ("if that object is all there is, write paginator: single_page; else compare" in outcome.sentence) == says


@pytest.mark.parametrize("key", ["error", "token"])
def test_a_single_object_without_its_key_is_red(one_list: OneList, key: str) -> None:
    one_list.fault(body=b'{"%s": "secret-content"}' % key.encode())
    outcome = one_list.outcome({"type": "single_page"}, data_selector="$")
    assert isinstance(outcome.failure, MEND)
    step = "name in primary_key what that object has in place of id; else "
    assert (step in outcome.sentence) == (key == "token")
    assert "finds an object where a list of objects was expected" in outcome.sentence


@pytest.mark.parametrize(
    "paginator",
    [{"type": "offset", "limit": 20, "total_path": None}, {"type": "page_number", "base_page": 1}],
    ids=lambda one: one["type"],
)
def test_a_look_behind_the_end_finds_rows_that_the_selector_picks_from_a_list(
    one_list: OneList, paginator: dict[str, Any]
) -> None:
    rows = [{"id": number, "state": "open" if number < 5 or number > 85 else "closed"} for number in range(90)]

    def page(payload: Any, request: Request) -> dict[str, Any]:
        start = request.offset or 20 * (int(request.query.get("page", 1)) - 1)
        return {"data": rows[start : start + 20]}

    one_list.fault(rewrite=page)
    outcome = one_list.outcome(paginator, data_selector="data[?(@.state == 'open')]")
    assert (outcome.sentence, outcome.verdict) == ("", "read to the end")
    assert outcome.ids == [*range(5), *range(86, 90)]
