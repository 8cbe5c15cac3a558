"""Lists in other formats than JSON, synced over a real socket: whole, in pages, cut off, wrong."""

from __future__ import annotations

import gzip
import json
import socket
from datetime import datetime, timezone
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from messaging_assets_tests.faults.one_list import OneList, Outcome
from messaging_assets_tests.raw_server import RawServer

# Without the time, which would give a test another name in each of pytest's processes.
gzipped = partial(gzip.compress, mtime=0)

ONE_PAGE = {"type": "single_page"}
OFFSET = {"type": "offset", "limit": 3}
# Whether or not a row is asked for once more at a page join.
TO_THE_END = {"read to the end", "proven"}


@pytest.fixture
def rows(one_list: OneList) -> OneList:
    """The list, whose answers are the list themselves."""
    del one_list.endpoint["data_selector"]
    return one_list


def sent(one_list: OneList, body: bytes, content_type: str = "text/plain", **endpoint: Any) -> Outcome:
    """What comes of one answer."""
    one_list.fault(body=body, content_type=content_type)
    return one_list.sync(ONE_PAGE, **endpoint)


def paged(one_list: OneList, write: Any, content_type: str, **link: str) -> None:
    """Answer each offset or page with its part of eight rows, written so; behind them with none."""

    def page(payload: Any, request: Any) -> bytes:
        number = int(request.query.get("page", 0))
        start = int(request.query.get("offset", 3 * number))
        return bytes(write([{"id": str(id_), "n": "x"} for id_ in range(8)][start : start + 3]))

    one_list.fault(rewrite=page, headers={"Content-Type": content_type, **link})


def as_csv(rows: list[dict[str, str]]) -> bytes:
    return "".join(["id,n\n", *(f"{row['id']},{row['n']}\n" for row in rows)]).encode()


def as_lines(rows: list[dict[str, str]]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def as_xml(rows: list[dict[str, str]]) -> bytes:
    return ("<l>" + "".join(f"<e><id>{row['id']}</id><n>x</n></e>" for row in rows) + "</l>").encode()


@pytest.mark.parametrize("paginator", [OFFSET, {"type": "page_number"}], ids=lambda one: str(one["type"]))
@pytest.mark.parametrize(
    ("write", "content_type", "endpoint"),
    [
        (as_csv, "text/csv", {}),
        (as_csv, "application/octet-stream", {"format": "csv"}),
        (lambda rows: gzipped(as_csv(rows)), "application/gzip", {"format": "csv"}),
        (as_lines, "application/x-ndjson", {}),
        (as_lines, "text/plain", {"format": "ndjson"}),
        (as_xml, "application/xml", {"data_selector": "l.e"}),
        (as_xml, "text/plain", {"data_selector": "l.e", "format": "xml"}),
    ],
)
def test_a_list_is_paged_in_each_format(
    rows: OneList, paginator: Any, write: Any, content_type: str, endpoint: Any
) -> None:
    paged(rows, write, content_type)
    outcome = rows.outcome(paginator, **endpoint)
    assert outcome.green, outcome.sentence
    assert sorted(outcome.ids) == [str(number) for number in range(8)]
    assert outcome.verdict in TO_THE_END


def test_links_and_tokens_of_headers_page_a_table(rows: OneList) -> None:
    rows.fault(body=b"id\n1\n", content_type="text/csv", times=1, headers={"X-Next": "two"})
    rows.fault(body=b"id\n2\n", content_type="text/csv")
    outcome = rows.sync({"type": "header_cursor", "cursor_key": "X-Next"}, format="csv")
    assert (outcome.ids, len(outcome.requests)) == (["1", "2"], 2)


def test_the_last_record_of_lines_begins_the_next_page(rows: OneList) -> None:
    rows.fault(body=b'{"id": 1, "ts": 1735700000.000100}\n', content_type="application/x-ndjson", times=1)
    rows.fault(body=b"", content_type="application/x-ndjson")
    outcome = rows.outcome({"type": "cursor", "cursor_path": "[-1].ts", "cursor_param": "after"}, format="ndjson")
    assert outcome.ids == [1], outcome.sentence
    assert outcome.requests[1].query["after"] == "1735700000.000100"


def test_a_table_in_the_place_of_json_with_a_paginator_of_paths_is_red(rows: OneList) -> None:
    rows.fault(body=b"id\n1\n", content_type="text/csv")
    outcome = rows.sync({"type": "json_link"})
    assert "CSV came on page 1" in outcome.sentence
    assert "correct the paginator in the file, and write format" in outcome.sentence


def test_declared_columns_are_converted_and_the_others_stay_texts(rows: OneList) -> None:
    kinds = {"n": "bigint", "price": "decimal", "share": "double", "is_on": "bool", "at": "timestamp", "day": "date"}
    rows.resource["columns"] = {name: {"data_type": kind} for name, kind in kinds.items()}
    outcome = sent(
        rows,
        b"id,n,price,share,is_on,at,day,other\n"
        b"007,7,1.50,0.25,TRUE,2025-01-02T03:04:05Z,2025-01-02,7\n"
        b"008,,,,0,,,\n"
        b"009,x,,,,,,\n",
        format="csv",
    )
    moment = datetime(2025, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    assert outcome.green, outcome.sentence
    [first, second] = [{name: value for name, value in row.items() if name[0] != "_"} for row in outcome.table]
    assert first.pop("at").astimezone(timezone.utc) == moment
    assert first.pop("price") == Decimal("1.5")
    assert first.pop("day") == moment.date()
    assert first == {"id": "007", "n": 7, "share": 0.25, "is_on": True, "other": "7"}
    assert {name for name, value in second.items() if value is not None} == {"id", "is_on"}
    assert outcome.receipt["set_aside_by_reason"] == {"n: not an integer": 1}


def test_json_in_a_table_is_the_value_that_it_says(rows: OneList) -> None:
    rows.resource["columns"] = {"labels": {"data_type": "json"}}
    outcome = sent(rows, b'id,labels\n1,"{""a"": 1}"\n2,plain\n3,\n4,7\n', format="csv")
    assert [row["labels"] for row in outcome.table] == ['{"a":1}', '"plain"', None, "7"]


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("body", "words", "place"),
    [
        (b"id,n\n1,a\n2,b,c\n3,d\n", "csv", "line 3"),
        (b'{"id": 1}\n{"id"\n{"id": 3}\n', "ndjson", "line 2"),
        (b'[[1, "a"], [2], [3, "b"]]', {"columns": ["id", "n"]}, "row 2"),
    ],
)
def test_a_bad_row_is_set_aside_and_counted_with_its_place(rows: OneList, body: bytes, words: Any, place: str) -> None:
    rows.resource["columns"] = {"n": {"sensitive": True}}
    outcome = sent(rows, body, format=words)
    assert [int(id_) for id_ in outcome.ids] == [1, 3]
    [bad] = outcome.rejected
    assert (bad["fields"], outcome.receipt["rows_set_aside"]) == (place, 1)
    # Nobody knows which of its pieces is the sensitive one.
    assert "b" not in bad["record"]


def test_a_bad_row_is_named_with_its_line_where_none_may_be(rows: OneList) -> None:
    rows.resource["on_bad_record"] = "fail"
    outcome = sent(rows, b"id,n\n1,a\n2\n3,d\n", format="csv")
    assert "a row with fewer fields than the header, line 3" in outcome.sentence


def test_a_table_of_nothing_but_bad_rows_is_red(rows: OneList) -> None:
    outcome = sent(rows, b"id,n\n1\n2\n", format="csv")
    assert "a row with fewer fields than the header" in outcome.sentence


@pytest.mark.parametrize(
    ("body", "content_type", "words", "said"),
    [
        (b'[{"id": 1}]', "application/json", {"format": "csv"}, "JSON (application/json) where CSV was expected"),
        (b"key\n1\n", "text/csv", {}, "has no column 'id', the primary_key"),
        (b"# A title\nid\n1\n", "text/csv", {}, "skip_rows_before_header"),
        (b"The service is busy.", "text/plain", {"format": "csv"}, "has no column 'id', the primary_key"),
        (b"id\n1\n", "text/csv", {"format": "json"}, "CSV (text/csv) where JSON was expected"),
        (b'{"error": "busy"}', "text/csv", {"format": "csv", "error_in_body": {"path": "error"}}, "error at 'error'"),
        (b'{"c": ["id", "id"], "r": [[1, 2]]}', "", {"data_selector": "r", "format": {"columns_path": "c"}}, "'c'"),
        (b"<l><e><id>1</id></e></l>", "text/xml", {}, "name data_selector, the path to the elements"),
        (b"<l><f/></l>", "text/xml", {"data_selector": "r.e"}, "the answer has the keys l"),
        (gzipped(b"0" * 2_000), "", {"format": "csv"}, "sent more than 1,000 bytes"),
    ],
)
def test_a_wrong_or_endless_answer_is_red_and_asked_for_once(
    rows: OneList, body: bytes, content_type: str, words: Any, said: str
) -> None:
    rows.client["maximum_bytes"] = 1_000
    rows.fault(body=body, content_type=content_type)
    outcome = rows.outcome(ONE_PAGE, **words)
    assert said in outcome.sentence
    assert len(outcome.requests) == 1


def test_lines_before_the_header_are_left_out_and_counted_in_the_place_of_a_bad_row(rows: OneList) -> None:
    body = b'sep=,\n"A title,\n\nid,n\n1,a\n2\n3,c\n'
    outcome = sent(rows, body, format={"type": "csv", "skip_rows_before_header": 3})
    assert outcome.ids == ["1", "3"], outcome.sentence
    assert "line 6" in str(outcome.rejected)


def test_a_table_without_a_byte_is_an_empty_list_where_the_file_says_so(rows: OneList) -> None:
    rows.fault(body=b"", content_type="text/csv")
    outcome = rows.outcome(ONE_PAGE, format="csv", error_handler={"max_retries": 0})
    assert "without a header (empty_when_missing: true takes it for an empty list)" in outcome.sentence
    assert rows.outcome({**ONE_PAGE, "empty_when_missing": True}, format="csv").verdict == "read to the end"


@pytest.mark.parametrize(
    ("body", "words", "said"),
    [
        (b"id,n\n1,a\n2,b\n3", "csv", "cut off in its last row"),
        (b"id,n\n1,a\n2,b\n3,c", "csv", None),
        (b"id,n\n1,a\n2,b\n", "csv", "read to the end"),
        (b'{"id": 1}\n{"id', "ndjson", "cut off in its last line"),
        (b'{"id": 1}\n{"id": 2}', "ndjson", None),
        (b"", "ndjson", "an empty body"),
        (gzipped(b"id,n\n1,a\n")[:-3], "csv", "a gzip file that is cut off"),
    ],
)
def test_what_may_be_cut_off_is_red_or_unknown_or_says_so(
    rows: OneList, body: bytes, words: str, said: str | None
) -> None:
    def talk(connection: socket.socket, path: str, number: int) -> bool:
        # Nothing says where it ends.
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body)
        return False

    with RawServer(talk) as server:
        rows.client["auth"], rows.secrets = None, {"base_url": server.url}
        outcome = rows.outcome(ONE_PAGE, format=words)
    if said is None:
        assert (outcome.green, outcome.verdict) == (True, "unknown")
        assert "may be cut off" in outcome.reason
    elif outcome.green:
        assert (outcome.verdict, "came without a length" in outcome.reason) == (said, True)
    else:
        assert said in outcome.sentence


def test_a_header_alone_is_no_proof_of_an_empty_table_without_a_key(rows: OneList) -> None:
    rows.resource = {"write_disposition": "replace"}
    rows.fault(body=b"id,n\n1,a\n2,b\n", content_type="text/csv", times=1)
    rows.fault(body=b"id,n\n", content_type="text/csv", times=1)
    assert rows.sync({"type": "page_number"}, format="csv").verdict == "read to the end"
    rows.fault(body=b"Sorry, the export is not made yet", content_type="text/plain")
    outcome = rows.sync(ONE_PAGE, format="csv")
    assert "a header alone came" in outcome.reason
    assert len(outcome.table) == 2


def test_an_error_in_the_only_line_is_red_where_it_is_declared_and_else_unknown(rows: OneList) -> None:
    rows.resource = {"write_disposition": "append"}
    rows.fault(body=b'{"error": "busy"}\n', content_type="application/x-ndjson")
    assert "error at 'error'" in rows.sync(ONE_PAGE, error_in_body={"path": "error"}).sentence
    assert "the only record has 'error'" in rows.sync(ONE_PAGE).reason


def test_a_line_with_an_error_and_no_key_is_no_record_that_is_set_aside_for_a_whole_page(rows: OneList) -> None:
    rows.resource = {"primary_key": "id", "write_disposition": "merge"}
    rows.fault(body=b'{"id": 1}\n{"id": 2}\n', content_type="application/x-ndjson", times=1)
    rows.fault(body=b'{"ok": false, "error": "busy"}\n', content_type="application/x-ndjson", times=1)
    rows.fault(body=b"", content_type="application/x-ndjson")
    assert "the only line has 'error' and no id, on page 2" in rows.sync({"type": "page_number"}).sentence
    rows.sandbox.faults.clear()
    rows.fault(body=b'{"id": 1}\n{"error": "aborted"}\n', content_type="application/x-ndjson")
    outcome = rows.sync(ONE_PAGE)
    assert (outcome.verdict, len(outcome.rejected)) == ("unknown", 1)
    assert "the last line has 'error' and no id, so others may be missing" in outcome.reason
    rows.sandbox.faults.clear()
    rows.fault(body=b'{"id": 1, "error": "of its own"}\n', content_type="application/x-ndjson")
    assert rows.sync(ONE_PAGE).verdict == "read to the end"


@pytest.mark.parametrize(
    ("last", "doubt"),
    [
        (b'{"error": "aborted"}\n', "the last line has 'error' and no field of the first one"),
        (b"terminated early\n", "the last line is no JSON"),
    ],
)
def test_a_last_line_that_is_no_record_leaves_lines_without_a_key_in_doubt(
    rows: OneList, last: bytes, doubt: str
) -> None:
    rows.resource = {"write_disposition": "append"}
    rows.fault(body=b'{"n": 1}\n{"n": 2}\n' + last, content_type="application/x-ndjson")
    outcome = rows.sync(ONE_PAGE)
    assert (outcome.verdict, doubt in outcome.reason) == ("unknown", True)


def test_a_first_line_that_is_no_record_is_set_aside(rows: OneList) -> None:
    rows.resource = {"write_disposition": "append"}
    rows.fault(body=b'1\n{"n": 2}\n', content_type="application/x-ndjson")
    outcome = rows.sync(ONE_PAGE)
    assert (outcome.verdict, outcome.receipt["rows_set_aside"]) == ("read to the end", 1)


@pytest.mark.parametrize(
    ("last", "verdict"),
    [
        ({"next_cursor": "b2"}, "unknown"),
        ({"meta": {"has_more": True}}, "unknown"),
        ({"meta": {"has_more": False}}, "read to the end"),
        ({"id": 3, "next_cursor": "of its own"}, "read to the end"),
    ],
)
@pytest.mark.parametrize("disposition", ["merge", "append"])
def test_what_a_last_line_without_a_key_says_of_more_is_heard(
    rows: OneList, last: dict[str, Any], verdict: str, disposition: str
) -> None:
    key = {"primary_key": "id"} if disposition == "merge" else {}
    rows.resource = {**key, "write_disposition": disposition}
    lines = b'{"id": 1}\n{"id": 2}\n' + json.dumps(last).encode()
    rows.fault(body=lines + b"\n", content_type="application/x-ndjson")
    assert rows.sync(ONE_PAGE).verdict == verdict


def test_a_text_that_ends_a_list_ends_none_that_holds_it(rows: OneList) -> None:
    ending = [{"content": "No data", "action": "ignore"}]
    rows.fault(body=b"id,n\n1,No data\n", content_type="text/csv", times=1)
    assert rows.sync(ONE_PAGE, format="csv", response_actions=ending).ids == ["1"]
    rows.fault(body=b"No data for this day", content_type="text/csv")
    outcome = rows.sync(ONE_PAGE, format="csv", response_actions=ending)
    assert outcome.receipt["how_it_ended"] == {"status 200, which response_actions ignore": 1}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"c": ["id", "n"], "r": [[1, "a"], [2, "b"]]}, {"data_selector": "r", "format": {"columns_path": "c"}}),
        ({"c": ["id", "n"], "r": [[1, "a"], [2, "b"]]}, {"data_selector": "r[*]", "format": {"columns_path": "c"}}),
        ([[1, "a"], [2, "b"]], {"format": {"columns": ["id", "n"]}}),
        ({"d": {"edges": [{"node": {"id": 1}}, {"node": {"id": 2}}]}}, {"data_selector": "d.edges[*].node"}),
        ({"a": [{"id": 1}], "b": [{"id": 2}]}, {"data_selector": "['a','b'][*]"}),
    ],
)
def test_records_are_made_of_lists_of_values_edges_and_several_lists(rows: OneList, body: Any, words: Any) -> None:
    rows.fault(body=json.dumps(body).encode())
    outcome = rows.outcome(ONE_PAGE, **words)
    assert outcome.ids == [1, 2], outcome.sentence


def test_a_row_of_values_has_what_stands_beside_its_list(rows: OneList) -> None:
    rows.fault(body=b'{"of": "eu", "r": [[1, "a"], [2, "b"]]}')
    words = {"data_selector": "r", "format": {"columns": ["id", "n"]}, "include_from_answer": {"region": "of"}}
    assert [(row["id"], row["region"]) for row in rows.outcome(ONE_PAGE, **words).table] == [(1, "eu"), (2, "eu")]


def test_rows_of_values_have_the_key_that_their_list_is_under(rows: OneList) -> None:
    rows.fault(body=b'{"data": {"EUR": [[1, 1.1], [2, 1.2]], "GBP": [[1, 0.9]]}}')
    rows.resource["primary_key"] = ["_key", "id"]
    outcome = rows.outcome(ONE_PAGE, data_selector="data.*[*]", format={"columns": ["id", "n"]})
    found = sorted((row["_key"], row["id"], row["n"]) for row in outcome.table)
    assert found == [("EUR", 1, 1.1), ("EUR", 2, 1.2), ("GBP", 1, 0.9)], outcome.sentence


def test_one_row_of_values_is_a_row(rows: OneList) -> None:
    rows.fault(body=b'{"c": ["id", "n"], "r": [[1, "a"]]}')
    assert rows.outcome(ONE_PAGE, data_selector="r[*]", format={"columns_path": "c"}).ids == [1]


def test_one_of_several_lists_that_is_left_out_is_red(rows: OneList) -> None:
    rows.fault(body=b'{"a": [{"id": 1}]}')
    assert "the selector '['a','b'][*]'" in rows.outcome(ONE_PAGE, data_selector="['a','b'][*]").sentence


def test_an_empty_list_of_elements_is_a_list_and_another_document_is_none(rows: OneList) -> None:
    rows.fault(body=b"<l></l>", content_type="text/xml")
    assert rows.outcome(ONE_PAGE, data_selector="l.e").green


def test_lists_of_values_are_known_again_when_the_last_row_is_looked_at(rows: OneList) -> None:
    values = [[number, "a"] for number in range(5)]
    rows.fault(rewrite=lambda payload, request: {"data": values[request.offset or 0 :][:2]})
    del rows.resource["primary_key"]
    rows.resource["write_disposition"] = "append"
    outcome = rows.read(
        rows.describe({"type": "offset", "limit": 2}, data_selector="data", format={"columns": ["id", "n"]}), rows.name
    )
    assert outcome.verdict == "read to the end", outcome.reason
