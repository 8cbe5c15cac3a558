"""What an answer says beside its list, in the words of many vendors: of more, of how many, of failure."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets.answers.beside_list import beside, in_headers, list_names
from messaging_assets.answers.failure_words import says_failed
from messaging_assets.answers.signs_of_more import is_full, signs_of_more
from messaging_assets.answers.watched_counts import WatchedCounts, words_of

ROWS = 37


def _is_more(body: dict[str, Any], headers: dict[str, str]) -> bool:
    leaves = [*beside(body, ("data",)), *in_headers(headers)]
    counts = WatchedCounts(words_of("data"))
    counts.page(leaves, ROWS)
    signs = signs_of_more(leaves, {name.lower(): value for name, value in headers.items()}, 1, [])
    return bool(signs.said or signs.link or signs.token or counts.more_than(ROWS))


MORE: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"@odata.count": 350}, {}),
    ({"totalSize": 350}, {}),
    ({"numFound": 350}, {}),
    ({"nbHits": 350}, {}),
    ({"recordsFiltered": 350}, {}),
    ({"resultCount": 350}, {}),
    ({"total": "1,350"}, {}),
    ({"total": {"items": 350}}, {}),
    ({"opensearch:totalResults": 350}, {}),
    ({"next": {"page": 2}}, {}),
    ({"pagination": {"next": {"offset": 37}}}, {}),
    ({"link": [{"relation": "next", "url": "https://api.example.com/2"}]}, {}),
    ({"links": [{"rel": "self", "href": "/1"}, {"rel": "next", "href": "/2"}]}, {}),
    ({"continue": {"cmcontinue": "abc"}}, {}),
    ({"metadata": {"continue": "abc", "remainingItemCount": 313}}, {}),
    ({"LastEvaluatedKey": {"id": {"S": "x"}}}, {}),
    ({"search_after": [1, "x"]}, {}),
    ({"next_max_id": "123"}, {}),
    ({"resumptionToken": "abc"}, {}),
    ({"nextIterator": "x"}, {}),
    ({"remaining": 313}, {}),
    ({"has_older": True}, {}),
    ({"moreDataAvailable": True}, {}),
    ({"resultsTruncated": True}, {}),
    ({"limitExceeded": True}, {}),
    ({"nextPageAvailable": True}, {}),
    ({"has_more": "1"}, {}),
    ({"isComplete": 0}, {}),
    ({"exceededTransferLimit": True}, {}),
    ({"pageState": "0800"}, {}),
    ({"isLastBatch": False}, {}),
    ({"iTotalRecords": 900, "iTotalDisplayRecords": 350}, {}),
    ({"rowLimitExceeded": True}, {}),
    ({"maxRecordsReached": "true"}, {}),
    ({"droppedResults": 40}, {}),
    ({"list_complete": False}, {}),
    ({"queryStatus": "PARTIAL"}, {}),
    ({"status": "partial_success"}, {}),
    ({"numberMatched": 350, "numberReturned": 37}, {}),
    ({"rows": 37, "rows_before_limit_at_least": 350}, {}),
    ({"showing": "1-37 of 350"}, {}),
    ({"displayed": "Results 1 to 37 of 1,350 results"}, {}),
    ({"range": "0-36/350"}, {}),
    ({"omitted": 313}, {}),
    ({"history_limited": True}, {}),
    ({"hidden_by_limit": True}, {}),
    ({"isSampled": True}, {}),
    ({"hasOverflow": "true"}, {}),
    ({"resultsCapped": True}, {}),
    ({"reached_time_limit": True}, {}),
    ({"meta": {"searchLimitExceeded": True}}, {}),
    ({"total": "350+"}, {}),
    ({"totalCount": "1,350+"}, {}),
    ({}, {"X-Pagination": '{"TotalCount": 350, "HasNext": true}'}),
    ({}, {"Next-Range": "id ]0123..; max=37"}),
]
NO_MORE: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"next_run": "2025-01-01T00:00:00Z"}, {}),
    ({"nextSyncToken": "abc"}, {}),
    ({"next_check_at": 1735689600}, {}),
    ({"next": None, "has_more": False}, {}),
    ({"next": {"href": None}}, {}),
    ({"links": [{"rel": "self", "href": "/1"}, {"rel": "prev", "href": "/0"}]}, {}),
    ({"LastEvaluatedKey": {}}, {}),
    ({"remaining": 0, "isComplete": 1, "has_more": "0"}, {}),
    ({"requests_remaining": 4999, "rate_limit": 5000}, {}),
    ({"noMoreResults": True}, {}),
    ({"sampled": False, "overflow": 0, "hiddenByLimit": False}, {}),
    ({"history_limited": False, "rate_limited": True, "user_limited": True}, {}),
    ({"reached_time_limit": False, "rate_time_limit_reached": True, "time_limit": True}, {}),
    ({"pageState": None, "isLastBatch": True}, {}),
    ({"rateLimitExceeded": False, "exceededTransferLimit": False, "droppedResults": 0, "list_complete": True}, {}),
    ({"retryLimitReached": True, "droppedMessages": 40}, {}),
    ({"id": 7, "status": "partial", "queryStatus": "complete"}, {}),
    ({"id": 7, "payment_status": "partial", "fulfillmentState": "incomplete"}, {}),
    ({"numberMatched": 37, "numberReturned": 37, "rows_before_limit_at_least": 37}, {}),
    ({"showing": "1-37 of 37", "displayed": "Results 314 to 350 of 350"}, {}),
    ({"range": "0-36/37", "published": "01-02/2025", "day": "2025-01-02", "progress": "3 of 350"}, {}),
    ({"iTotalRecords": 900, "iTotalDisplayRecords": 37}, {}),
    ({"title": "Season 1-3 of 10", "period": "Week 1-2 of 52"}, {}),
    ({"resultCacheHit": True, "items_hit": 12, "last_batch": 0, "requestStatus": "partial"}, {}),
    ({"total": 37, "page_size": 350}, {}),
    ({"omitted": 0, "omitted_count": 0, "omittedFields": 3, "version": "37+", "grade": "A+"}, {}),
    ({"data": [{"name": "next", "url": "https://api.example.com/a/record"}]}, {}),
    ({}, {"Date": "Mon, 01 Jan 2025 00:00:00 GMT", "Connection": "keep-alive"}),
    ({}, {"X-RateLimit-Remaining": "59", "X-Quota-Left": "7", "X-Pagination": "{not json"}),
]


@pytest.mark.parametrize(("body", "headers"), MORE, ids=str)
def test_a_word_for_more_is_seen(body: dict[str, Any], headers: dict[str, str]) -> None:
    assert _is_more({"data": [0] * ROWS, **body}, headers)


@pytest.mark.parametrize(("body", "headers"), NO_MORE, ids=str)
def test_a_word_for_something_else_is_none_for_more(body: dict[str, Any], headers: dict[str, str]) -> None:
    assert not _is_more({"data": [0] * ROWS, **body}, headers)


@pytest.mark.parametrize(
    ("selector", "said"),
    [
        ("results[0].series[*].values[*]", "results[0].partial"),
        ("results[1].series[*].values[*]", None),
        ("results[7].series", None),
    ],
)
def test_the_element_of_a_list_that_a_selector_goes_through_speaks_of_its_list(selector: str, said: str | None) -> None:
    body = {"results": [{"partial": True, "series": []}, {"partial": False, "series": []}]}
    signs = signs_of_more(beside(body, list_names(selector)), {}, 1, [])
    assert signs.said == (said and f"'{said}' says that there is more")


@pytest.mark.parametrize("name", ["records_skipped", "droppedRows", "suppressed_results"])
def test_that_no_rows_were_left_out_says_nothing_of_further_pages(name: str) -> None:
    signs = signs_of_more(beside({"data": [], name: 0, "next_token": "abc"}, ("data",)), {}, 1, [])
    assert (signs.is_end_said, bool(signs.link)) == (False, True)


def test_rows_that_were_skipped_as_the_request_asked_are_no_sign_of_more() -> None:
    leaves = list(beside({"data": [], "skippedItems": 40}, ("data",)))
    assert [bool(signs_of_more(leaves, {}, 3, asked).said) for asked in ([40], [])] == [False, True]


LEFT_OUT: list[dict[str, Any]] = [
    {"status": "PARTIAL"},
    {"code": 0, "state": "incomplete"},
    {"warnings": ["an old word", "results truncated due to limit"]},
    {"warnings": [{"code": "W1", "message": "The response was limited to 10,000 rows."}]},
    {"meta": {"notices": ["Partial results: 2 shards did not answer"]}},
    {"message": "Showing the first 100 results only"},
    {"warningMessage": "Too many results; refine your query"},
    {"note": "More than 1,000 records match"},
    {"info": {"message": "result set exceeds the maximum"}},
    {"message": "Not all rows are shown (truncated results)"},
    {"pendingWarnings": ["Results limited to 100 rows"]},
    {"messages": [{"type": "WARN", "text": "Search ended by its time limit; results may be incomplete"}]},
    {"hint": "Results truncated: to get more than 1,000 rows, use paging"},
]
NOT_LEFT_OUT: list[dict[str, Any]] = [
    {"id": 7, "status": "partial"},
    {"status": 206, "state": None},
    {"job": {"status": "partial"}},
    {"warnings": ["The parameter 'expand' is deprecated"]},
    {"warnings": [], "notices": [None, 7]},
    {"message": "No results were omitted"},
    {"message": "Limited to 100 results per page"},
    {"message": "30 records retrieved successfully"},
    {"title": "Partial results", "subject": "data truncated"},
    {"warnings": ["truncated"]},
    {"messages": [{"type": "text", "text": "The results are incomplete"}, {"text": "results truncated"}, 7]},
    {"message": "Historical data limited to 365 days on your plan"},
    {"info": "API responses limited to 100 requests per day; data limited to 60 calls/min"},
    {"hint": "if the result exceeds 1000 rows use paging"},
    {"hint": "To get more than 100 results, use the parameter limit"},
    {"message": "First data available since 2020-01-01"},
    {"message": "Data is not limited to 100 rows, and nothing of the results was truncated"},
    {"message": "No more than 100 results are returned"},
]


@pytest.mark.parametrize("body", LEFT_OUT, ids=str)
def test_a_sentence_that_says_that_rows_are_left_out_is_heard(body: dict[str, Any]) -> None:
    assert signs_of_more(beside({"data": [], **body}, ("data",)), {}, 1, []).left_out


@pytest.mark.parametrize("body", NOT_LEFT_OUT, ids=str)
def test_a_sentence_about_something_else_says_nothing_of_rows(body: dict[str, Any]) -> None:
    assert not signs_of_more(beside({"data": [], **body}, ("data",)), {}, 1, []).left_out


def test_a_list_of_warnings_that_the_file_names_is_no_sentence() -> None:
    body = {"warnings": [{"text": "results truncated"}]}
    assert not signs_of_more(beside(body, ("warnings",)), {}, 1, []).left_out


FAILED: list[dict[str, Any]] = [
    {"success": 0},
    {"success": "0"},
    {"ok": 0},
    {"status": False, "message": "Invalid key"},
    {"status": 0, "message": "invalid key"},
    {"status": "OVER_QUERY_LIMIT"},
    {"status": "REQUEST_DENIED"},
    {"status": "throttled"},
    {"status": "NOTOK"},
    {"status": "error: bad key"},
    {"state": "ERROR"},
    {"outcome": "failure"},
    {"ack": "Failure"},
    {"resultCode": "FAIL"},
    {"returncode": "FAILED"},
    {"code": 1, "msg": "system busy"},
    {"code": 20001, "msg": "invalid token"},
    {"code": 0, "msg": "token expired"},
    {"code": 429},
    {"meta": {"code": 429, "errorType": "rate_limit_exceeded"}},
    {"code": "RATE_LIMITED"},
    {"errorCode": "E12"},
    {"error_code": 100},
    {"message": "API rate limit exceeded"},
    {"_shards": {"total": 5, "failed": 5}},
    {"responseHeader": {"status": 500}},
    {"hasErrors": "true"},
    {"unreachable": ["locations/eu"]},
    {"failedRegions": ["eu"]},
    {"failures": [{"reason": "x"}]},
    {"returnCode": -1, "returnMsg": "system busy"},
    {"code": -4, "msg": "no rights"},
    {"errcode": -6},
    {"retCode": "-1"},
    {"code": -1},
    {"statusCode": "E001", "statusDesc": "service down"},
    {"respCode": 17, "respMessage": "no such account"},
]
FINE: list[dict[str, Any]] = [
    {"code": 100, "message": "No records"},
    {"code": 404, "message": "nothing found"},
    {"code": 1, "msg": "操作成功"},
    {"code": 10000, "msg": "请求成功"},
    {"code": "A0000", "message": "Query OK"},
    {"status": "0", "message": "No transactions found"},
    {"status": "ZERO_RESULTS"},
    {"status": {"code": 1000, "message": "Request processed"}},
    {"error": "nil"},
    {"unreachable": [], "failed_regions": []},
    {"unreachable": 3},
    {"unreachable": [{"id": 7, "host": "a"}]},
    {"error": "-"},
    {"error": {"code": "OK", "message": "Success"}},
    {"error": {"code": 0, "message": ""}},
    {"error_message": "No results"},
    {"errors": [None]},
    {"errorCount": 0, "failed": 0},
    {"_shards": {"total": 5, "failed": 0}},
    {"title": "Failed jobs", "description": "Checks that failed to run"},
    {"success": 1, "message": "ok"},
    {"returnCode": 100, "returnMsg": "success"},
    {"code": -1, "msg": "no data found"},
    {"statusCode": "S1000", "statusDetail": "Success."},
    {"code": 7, "codeSystem": "postal", "statusBadge": "new"},
    {"type": "invalid_records"},
]


@pytest.mark.parametrize("body", FAILED, ids=str)
def test_an_answer_that_says_it_failed_is_heard(body: dict[str, Any]) -> None:
    assert says_failed({"data": [], **body}, beside({"data": [], **body}, ("data",)))


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ({"meta": {"code": 429}}, "{path: meta.code, values: [429]}"),
        ({"code": 20001, "msg": "invalid token"}, "{path: code, unless: 0}"),
        ({"status": 500}, "{path: status, values: [500]}"),
    ],
)
def test_a_code_is_told_as_the_file_says_it(body: dict[str, Any], rule: str) -> None:
    found = says_failed({"data": [], **body}, beside({"data": [], **body}, ("data",)))
    assert found
    assert found.declaration == rule


@pytest.mark.parametrize("body", FINE, ids=str)
def test_an_answer_that_says_all_is_well_is_taken_at_its_word(body: dict[str, Any]) -> None:
    assert not says_failed({"data": [], **body}, beside({"data": [], **body}, ("data",)))


def test_a_list_of_problems_that_the_file_names_is_no_failure() -> None:
    body = {"problems": [{"id": 1}], "warnings": []}
    assert not says_failed(body, beside(body, ("problems",)), ("problems",))
    assert says_failed(body, beside(body, ("problems",)))
    assert says_failed({**body, "errors": ["no access"]}, beside(body, ("problems",)), ("problems",))
    inside = {"problems": {"total": 1, "items": [{"id": 1}]}}
    to_list = ("problems", "items")
    assert not says_failed(inside, beside(inside, to_list), to_list)
    empty = {"problems": {"message": "bad", "items": []}}
    for said in (
        "bad",
        "No permission to read these problems",
        "0x5: no answer of the host",
        "the host is not healthy",
    ):
        empty["problems"]["message"] = said
        assert says_failed(empty, beside(empty, to_list), to_list)
    fine = ("No issues", "There are currently no open incidents.", "Retrieved 0 problems", "All systems operational")
    for said in ("ok", "No problems found", "", *fine):
        empty["problems"]["message"] = said
        assert not says_failed(empty, beside(empty, to_list), to_list)
    titled = {"problems": {"title": "Problems of today", "items": []}}
    assert not says_failed(titled, beside(titled, to_list), to_list)
    for quiet in ({"message": "3 problems open", "items": [{"id": 1}]}, {"items": [{"message": "not allowed"}]}):
        assert not says_failed({"problems": quiet}, beside({"problems": quiet}, to_list), to_list)
    refused = {"problems": {"detail": "Not authorized", "items": []}}
    assert says_failed(refused, beside(refused, to_list), to_list)


@pytest.mark.parametrize(("sent", "full"), [(499, False), (500, True), (1000, True), (2007, False)])
def test_a_page_is_full_by_the_size_that_was_asked_for_or_by_a_usual_one(sent: int, full: bool) -> None:
    assert is_full(sent, [], {"page_size": 500}, is_by_links=False) is full


@pytest.mark.parametrize("prefix", ["soap:", "SOAP-ENV:", ""])
def test_a_fault_of_soap_is_a_failure_by_any_prefix(prefix: str) -> None:
    fault = {f"{prefix}Fault": {"faultcode": "Server", "faultstring": "limit"}}
    word = says_failed({f"{prefix}Envelope": {f"{prefix}Header": None, f"{prefix}Body": fault}}, ())
    assert word is not None
    assert word.path.endswith("Fault") or word.path.endswith("Fault'")
    assert says_failed({f"{prefix}Envelope": {f"{prefix}Body": {"ListResponse": {"Fault": "none"}}}}, ()) is None
    assert says_failed({f"{prefix}Envelope": {f"{prefix}Body": {"Fault": None, "rows": []}}}, ()) is None
