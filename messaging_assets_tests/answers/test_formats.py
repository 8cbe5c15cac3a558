"""Answers in other formats than JSON: what was written comes back; what is cut off or wrong is never a short list."""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
import zipfile
from functools import partial
from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging_assets.answers.bad_lines import BadLine
from messaging_assets.answers.formats.archives import TooFar, unfolded
from messaging_assets.answers.formats.decoding import Came, decoded, format_of
from messaging_assets.answers.formats.json_text import Unreadable, WrongFormat
from messaging_assets.answers.list_shapes import column_names, name_values
from messaging_assets.description.endpoint import Format
from messaging_assets.files.api_files import describe
from messaging_assets.files.rules.mistakes import InvalidDescription

# Without the time, which would give a test another name in each of pytest's processes.
gzipped = partial(gzip.compress, mtime=0)

MOST = 1_000_000
NAMES = ["id", "name", "note"]
# XML and text columns hold no other characters; a value of nothing but spaces is none in XML between elements.
TEXT = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cn"]), min_size=1, max_size=12)
ROWS = st.lists(st.fixed_dictionaries({name: TEXT | st.none() for name in NAMES}), max_size=8)


def read(body: bytes, content_type: str = "", has_end: bool = True, selector: str | None = None, **written: Any) -> Any:
    """What an answer says; without words of a format it is the one of the Content-Type."""
    came = Came(body, content_type, has_end)
    declared = Format(**written) if written else None
    return decoded(came, format_of(came, declared), selector, MOST)


def zipped(**members: bytes) -> bytes:
    """A zip archive with these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(zipfile.ZipInfo(name.replace("_", ".")), body, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def as_csv(rows: list[dict[str, Any]], **dialect: Any) -> bytes:
    """The rows as Python writes them."""
    out = io.StringIO()
    writer = csv.writer(out, **dialect)
    writer.writerows([NAMES, *([row[name] for name in NAMES] for row in rows)])
    return out.getvalue().encode()


def as_xml(rows: list[dict[str, Any]]) -> bytes:
    """The rows as elements, those without a value left out."""
    shown = (
        "".join(f"<{name}>{escape(value)}</{name}>" for name, value in row.items() if value is not None) for row in rows
    )
    return ("<rows>" + "".join(f"<row x='1'>{one}</row>" for one in shown) + "</rows>").encode()


@given(ROWS)
def test_rows_come_back_from_each_format_as_they_were_written(rows: list[dict[str, Any]]) -> None:
    lines = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    written: list[tuple[bytes, dict[str, Any]]] = [
        (as_csv(rows), {"type": "csv"}),
        (as_csv(rows, delimiter="\t"), {"type": "tsv"}),
        (as_csv(rows, delimiter=";", quotechar="'"), {"type": "csv", "delimiter": ";", "quote_char": "'"}),
        (as_csv(rows, escapechar="\\", doublequote=False), {"type": "csv", "escape_char": "\\"}),
        (as_csv(rows).decode().encode("utf-16"), {"type": "csv", "encoding": "utf-16"}),
        (lines, {"type": "ndjson"}),
        (gzipped(lines), {"type": "ndjson"}),
        (zipped(a_csv=as_csv(rows)), {"type": "csv"}),
        (zipped(a_json=json.dumps(rows).encode()), {"type": "json"}),
    ]
    for table, words in written:
        assert read(table, **words) == rows
    elements = [{"@x": "1", **{name: value for name, value in row.items() if value is not None}} for row in rows]
    assert read(as_xml(rows), selector="rows.row", type="xml")["rows"]["row"] == elements


@given(ROWS.filter(bool), st.integers(0, 10_000))
def test_a_csv_that_is_cut_is_refused_or_doubted_or_ends_behind_a_row(rows: list[dict[str, Any]], at: int) -> None:
    whole = as_csv(rows)
    cut = whole[: at % len(whole)]
    try:
        came = read(cut, has_end=False, type="csv")
    except Unreadable:
        return
    assert came.doubt is not None or cut.endswith((b"\r", b"\n"))
    assert len(came) <= len(rows)


@given(
    st.lists(st.fixed_dictionaries({"id": st.integers(), "n": TEXT}), min_size=1, max_size=5), st.integers(0, 10_000)
)
def test_ndjson_that_is_cut_is_refused_or_doubted_or_ends_behind_a_line(rows: list[dict[str, Any]], at: int) -> None:
    whole = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    cut = whole[: at % len(whole)]
    try:
        came = read(cut, has_end=False, type="ndjson")
    except Unreadable:
        return
    assert came.doubt is not None or cut.endswith(b"\n")
    assert came == rows[: len(came)]


@given(st.binary(max_size=300), st.integers(0, 10_000))
def test_an_archive_that_is_cut_is_refused(body: bytes, at: int) -> None:
    for archive in (gzipped(body), zipped(a_csv=body)):
        with pytest.raises(Unreadable):
            unfolded(archive[: max(at % len(archive), 4)], MOST)


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("text/csv", b"id,n\n1,a\n", [{"id": "1", "n": "a"}]),
        ("text/csv; charset=latin-1", "id\nü\n".encode("latin-1"), [{"id": "ü"}]),
        ("text/csv", "id\nü\n".encode(), [{"id": "ü"}]),
        ("text/csv; charset=idna", "id\nü\n".encode(), [{"id": "ü"}]),
        ("text/csv; charset=none-such", "id\nü\n".encode(), [{"id": "ü"}]),
        ("text/csv", b"\xef\xbb\xbfid\n1\n", [{"id": "1"}]),
        ("text/csv", b'[{"id": 1}]', [{"id": 1}]),
        ("text/tab-separated-values", b"id\tn\n1\ta\n", [{"id": "1", "n": "a"}]),
        ("application/x-ndjson", b'{"id": 1}\r\n\r\n{"id": 2}', [{"id": 1}, {"id": 2}]),
        ("application/jsonl", b"", []),
        ("application/x-ndjson", b'[{"id": 1}]', [{"id": 1}]),
        ("application/atom+xml", b"<f><e>1</e></f>", {"f": {"e": "1"}}),
        ("text/xml", b'{"id": 1}', {"id": 1}),
        ("text/plain", '{"n": "ü"}'.encode(), {"n": "ü"}),
        ("application/gzip", gzipped(b"[1]") + b"\0\0", [1]),
        ("application/gzip", gzipped(b"[1,") + gzipped(b"2]"), [1, 2]),
        ("", zipped(a_json=b'{"id": 1}', b_json=b'[{"id": 2}]'), [{"id": 1}, {"id": 2}]),
        ("", zipped(a_json=gzipped(b"[1]")), [1]),
    ],
)
def test_a_format_that_nobody_declared_is_that_of_the_content_type(
    content_type: str, body: bytes, expected: Any
) -> None:
    assert read(body, content_type) == expected


@pytest.mark.parametrize(
    ("body", "words", "expected"),
    [
        (b"1,a\n2,b\n", {"type": "csv", "columns": ["id", "n"]}, [{"id": "1", "n": "a"}, {"id": "2", "n": "b"}]),
        (b'id,n\n1,""\n2,\n', {"type": "csv"}, [{"id": "1", "n": None}, {"id": "2", "n": None}]),
        (b"id,n\n1,\n", {"type": "csv", "null_values": []}, [{"id": "1", "n": ""}]),
        (b"id,n\n1,NULL\n", {"type": "csv", "null_values": ["", "NULL"]}, [{"id": "1", "n": None}]),
        (b'id,n\n\n1,"a\nb"\n\n', {"type": "csv"}, [{"id": "1", "n": "a\nb"}]),
        (b'id\tn\n1\t"a\n', {"type": "tsv", "quote_char": None}, [{"id": "1", "n": '"a'}]),
        (b"id,n\r1,a\r", {"type": "csv"}, [{"id": "1", "n": "a"}]),
        (b"id,n", {"type": "csv"}, []),
        (
            "id;n\r\n1;ü".encode("cp1252"),
            {"type": "csv", "delimiter": ";", "encoding": "cp1252"},
            [{"id": "1", "n": "ü"}],
        ),
        (zipped(a_csv=b"id\n1\n", readme_txt=b"hello"), {"type": "csv", "members": "*.csv"}, [{"id": "1"}]),
        (zipped(a_csv=b"id\n1\n", b_csv=b"id\n2\n"), {"type": "csv"}, [{"id": "1"}, {"id": "2"}]),
    ],
)
def test_a_table_is_read_as_the_file_says(body: bytes, words: dict[str, Any], expected: list[Any]) -> None:
    assert read(body, **words) == expected


@pytest.mark.parametrize(
    ("body", "words", "said"),
    [
        (b"id,n\n1,a\n2", {"type": "csv"}, "cut off in its last row"),
        (b'id,n\n1,"a', {"type": "csv"}, "cut off inside quotes"),
        (b'id,n\n1,"a"b\n', {"type": "csv"}, "quotes cannot be followed .line 2"),
        (b"id,,n\n", {"type": "csv"}, "column 2 has no name"),
        (b"id,n,id\n", {"type": "csv"}, "a column twice .id"),
        (b"", {"type": "csv"}, "an empty body"),
        (b"id,n\n1,a\n", {"type": "csv", "columns": ["id", "n"]}, "columns in format says it has not"),
        (b'{"id": 1}\n{"id"', {"type": "ndjson"}, "cut off in its last line"),
        (b"oh\nno\n", {"type": "ndjson"}, "none is JSON"),
        (b"<a><b></a>", {"type": "xml"}, "cut off or broken"),
        (b"<a>", {"type": "xml"}, "cut off or broken"),
        (b"<a>&b;</a>", {"type": "xml"}, "cut off or broken"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", {"type": "xml"}, "document type"),
        (b"<a>" * 300 + b"</a>" * 300, {"type": "xml"}, "deeper than 200"),
        (b"<html><body/></html>", {"type": "csv"}, "HTML, not CSV"),
        (gzipped(b"id\n1\n")[:-1], {"type": "csv"}, "gzip file that is cut off"),
        (gzipped(b"id\n1\n") + b"more", {"type": "csv"}, "gzip file that is broken"),
        (zipped(a_csv=b"id\n1\n")[:-1], {"type": "csv"}, "zip archive that is cut off or broken"),
        (zipped(a_csv=b"id\n1\n", b_csv=b"key\n2\n"), {"type": "csv"}, "different headers"),
        (zipped(a_xml=b"<a/>", b_xml=b"<a/>"), {"type": "xml"}, "an object with lists; write data_selector"),
        (zipped(a_csv=b"id\n"), {"type": "csv", "members": "*.json"}, "without a file that format.members names"),
    ],
)
def test_what_is_cut_off_or_broken_is_named_and_never_a_short_list(
    body: bytes, words: dict[str, Any], said: str
) -> None:
    with pytest.raises(Unreadable, match=said):
        read(body, has_end=False, **words)


def test_a_nul_is_a_character_of_a_table_or_is_named() -> None:
    body = b"id,n\n1,a\0b\n"
    if sys.version_info >= (3, 11):
        assert read(body, type="csv") == [{"id": "1", "n": "a\0b"}]
    else:
        with pytest.raises(Unreadable, match="a NUL character, which Python reads from"):
            read(body, type="csv")


def test_an_archive_of_several_objects_is_records_or_documents_by_the_selector() -> None:
    archive = zipped(a=b'{"data": [{"id": 1}]}', b=b'{"data": [{"id": 2}]}')
    assert len(read(archive, selector="$")) == 2
    assert [one.place for one in read(archive, selector="data")] == [
        "file 1 of the archive (a)",
        "file 2 of the archive (b)",
    ]
    with pytest.raises(WrongFormat, match="each an object with lists; write data_selector, or \\$ where each file is"):
        read(archive)


@pytest.mark.parametrize(
    ("body", "content_type", "words", "said"),
    [
        (b'[{"id": 1}]', "application/json", {"type": "csv"}, r"JSON \(application/json\) where CSV was expected"),
        (b'[{"id": 1}]', "", {"type": "ndjson"}, "JSON where NDJSON was expected"),
        (b"<a/>", "text/xml", {"type": "tsv"}, r"XML \(text/xml\) where TSV was expected"),
        (b'{"id": 1}', "", {"type": "xml"}, "JSON where XML was expected"),
        (b"id,n\n", "text/csv", {"type": "json"}, r"CSV \(text/csv\) where JSON was expected"),
        (b'{"id": 1}\n{"id": 2}\n', "text/plain", {}, "format: ndjson"),
        (b"id\n1\n", "text/csv", {"type": "csv", "members": "*.csv"}, "no zip archive"),
        (b"id;n\n1;a\n", "text/csv", {}, "in whose header ';' stands"),
        (b"id\tn\n", "text/csv", {"type": "csv", "delimiter": "|"}, "in whose header a tab stands"),
    ],
)
def test_the_wrong_format_is_named(body: bytes, content_type: str, words: dict[str, Any], said: str) -> None:
    with pytest.raises(WrongFormat, match=said):
        read(body, content_type, **words)


@pytest.mark.parametrize("written", [{"type": "csv"}, {"type": "tsv"}])
def test_a_table_without_a_byte_is_no_empty_table(written: Any) -> None:
    with pytest.raises(Unreadable, match="without a header"):
        read(b"", **written)
    came = Came(b"\n", "", has_end=True)
    assert decoded(came, Format(**written), "$", MOST, may_be_empty=True) == []
    assert read(b"", type="csv", columns=["id"]) == read(b"", type="ndjson") == []


def test_a_bad_row_is_set_aside_with_its_line() -> None:
    came = read(b'id,n\n1,"a\nb"\n2,b,c\n3\n4,d\n', type="csv")
    assert [row["id"] for row in came if isinstance(row, dict)] == ["1", "4"]
    assert [(one.reason, one.reason.fields) for one in came if isinstance(one, BadLine)] == [
        ("a row with more fields than the header", "line 4"),
        ("a row with fewer fields than the header", "line 5"),
    ]


def test_a_header_that_comes_once_more_is_no_row() -> None:
    came = read(gzipped(b"id,n\n1,a\n") + gzipped(b"id,n\n2,b\n"), type="csv")
    assert [row["id"] for row in came if isinstance(row, dict)] == ["1", "2"]
    assert [one.reason for one in came if isinstance(one, BadLine)] == ["the header once more"]


def test_a_bad_line_is_set_aside_with_its_line() -> None:
    came = read(b'{"id": 1}\n{"id": \n\n{"id": 2, "id": 3}\n{"id": 4}\n', type="ndjson")
    assert [row for row in came if isinstance(row, dict)] == [{"id": 1}, {"id": 4}]
    assert [one.reason.fields for one in came if isinstance(one, BadLine)] == ["line 2", "line 4"]


def test_a_row_in_bytes_of_another_encoding_stays_apart_from_the_others() -> None:
    [good, bad] = read(b"id,n\n1,a\n2,\xfc\n", type="csv")
    assert good == {"id": "1", "n": "a"}
    assert bad["n"] == "\udcfc"


def test_an_archive_unfolds_to_no_more_than_is_allowed() -> None:
    whole, more = b"0" * MOST, b"0" * (MOST + 1)
    for archive in (gzipped(whole), zipped(a_csv=whole)):
        assert unfolded(archive, MOST) == [whole]
    twice = gzipped(whole) + gzipped(b"0")
    for archive in (gzipped(more), twice, zipped(a_csv=more), zipped(a_csv=gzipped(more))):
        with pytest.raises(TooFar):
            unfolded(archive, MOST)
    with pytest.raises(TooFar):
        unfolded(zipped(a_csv=whole, b_csv=b"0"), MOST)


def test_notes_of_a_system_beside_the_files_of_an_archive_are_none_of_them() -> None:
    out = io.BytesIO(zipped(a_csv=b"id\n1\n"))
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("__MACOSX/._a.csv", b"\0\5\x16")
    assert unfolded(out.getvalue(), MOST, "*.csv") == [b"id\n1\n"]


def test_an_archive_with_a_wrong_checksum_is_refused() -> None:
    archive = bytearray(zipped(a_csv=b"id\n1\n"))
    for at in (14, archive.index(b"PK\x01\x02") + 16):
        archive[at] ^= 255
    with pytest.raises(Unreadable, match="zip archive"):
        unfolded(bytes(archive), MOST)


@pytest.mark.parametrize(
    ("body", "selector", "lists", "expected"),
    [
        (b"<a><b><c>1</c></b></a>", "a.b", [], {"a": {"b": [{"c": "1"}]}}),
        (b"<a><b/><b x='1'>t</b></a>", "a.b", [], {"a": {"b": [None, {"@x": "1", "#text": "t"}]}}),
        (b"<a> <n/> </a>", "a.b", [], {"a": {"n": None, "b": []}}),
        (b"<a/>", "a.b[*]", [], {"a": {"b": []}}),
        (
            b"<a><g><b>1</b><b>2</b></g><g><b>3</b></g><g/></a>",
            "a.g[*].b[*]",
            [],
            {"a": {"g": [{"b": ["1", "2"]}, {"b": ["3"]}, None]}},
        ),
        (b"<a><g><b>1</b></g></a>", "$.a.g[*].b", [], {"a": {"g": [{"b": ["1"]}]}}),
        (b"<z/>", "a.b", [], {"z": None}),
        (b"<a><b><t>1</t></b></a>", "a.b", ["t"], {"a": {"b": [{"t": ["1"]}]}}),
        (b"<a><b><t>1</t><t>2</t></b></a>", "a.b", [], {"a": {"b": [{"t": ["1", "2"]}]}}),
        (b"<s:a xmlns:s='urn:s'><s:b> 1 </s:b></s:a>", "'s:a'.'s:b'", [], {"s:a": {"s:b": [" 1 "]}}),
        (b"<a xmlns:i='urn:i'><b i:nil='true'/></a>", None, [], {"a": {"b": None}}),
        (b"<a><![CDATA[<b>]]>&amp;</a>", None, [], {"a": "<b>&"}),
        ("<?xml version='1.0' encoding='iso-8859-1'?><a>ü</a>".encode("latin-1"), None, [], {"a": "ü"}),
    ],
)
def test_elements_become_what_json_would_have(body: bytes, selector: str | None, lists: Any, expected: Any) -> None:
    assert read(body, selector=selector, type="xml", lists=lists) == expected


def test_lists_of_values_get_the_names_that_stand_beside_them() -> None:
    body: dict[str, Any] = {"columns": [{"name": "id"}, {"name": "n"}], "rows": [[1, "a"], [2], {"id": 3}]}
    names = column_names("columns[*].name", body)
    assert names is not None
    assert names == ["id", "n"]
    name_values(names, body["rows"])
    assert body["rows"] == [{"id": 1, "n": "a"}, BadLine([2], "", ""), {"id": 3}]
    assert [column_names("c", {"c": one}) for one in ([], ["a", "a"], ["a", 1], ["a", " "], "ab", None)] == [
        None
    ] * 4 + [
        ["ab"],
        None,
    ]


def api(client: dict[str, Any] | None = None, **endpoint: Any) -> dict[str, Any]:
    return {
        "client": {"base_url": "https://api.example.com", **(client or {})},
        "resources": [{"name": "rows", "primary_key": "id", "endpoint": {"path": "rows", **endpoint}}],
    }


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (api(format="cvs"), "'cvs' is not allowed here; allowed: json, ndjson, csv, tsv, xml; did you mean csv?"),
        (api(format={"delimiter": ";"}), "delimiter is for type csv or tsv, and this is json"),
        (api(format={"type": "csv", "lists": ["a"]}), "lists is for type xml"),
        (api(format={"type": "csv", "encoding": "latin-one"}), "is no charset that is known"),
        (
            api(format={"type": "csv", "columns": ["a"], "skip_rows_before_header": 1}),
            "columns says that there is no header",
        ),
        (api(format={"skip_rows_before_header": 1}), "skip_rows_before_header is for type csv or tsv"),
        (api(format={"type": "csv", "columns": ["a", "a"]}), "each of columns needs a name of its own"),
        (api(format={"columns": ["a"], "columns_path": "c"}), "keep columns or columns_path"),
        (api(format={"type": "csv", "delimiter": '"'}), "delimiter must be another character"),
        (api(format={"type": "csv", "delimter": ";"}), "did you mean delimiter?"),
        (api(format="xml"), "name the path to those that are records, such as feed.entry"),
        (api(format="csv", data_selector="data"), "an answer in csv is the list itself; write $"),
        (api(format="ndjson", data_selector="data"), "write $, or [*].name"),
        (
            api(format="csv", paginator="cursor"),
            "nothing beside its records, where cursor_path could lead; page by offset",
        ),
        (
            api(format="csv", paginator={"type": "offset", "limit": 5, "total_path": "total"}),
            "where total_path could lead",
        ),
        (api({"paginator": "json_link"}, format="csv"), "where next_url_path could lead"),
        (api(format="csv", job={"paginator": "cursor"}), "where cursor_path could lead"),
        (
            api(format="csv", incremental={"cursor_path": "next", "cursor_in": "answer", "start_param": "since"}),
            "nothing beside its records; write record",
        ),
    ],
)
def test_a_word_that_a_format_has_no_use_for_is_refused_with_a_hint(raw: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidDescription) as caught:
        describe(raw, "tables")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "raw",
    [
        api(format="csv", paginator={"type": "offset", "limit": 5}),
        api(format="csv", data_selector="$", paginator="header_link"),
        api({"paginator": "cursor"}, format="csv", job={"paginator": "header_link"}),
        api(format="ndjson", data_selector="[*].result", paginator={"type": "cursor", "cursor_path": "[-1].id"}),
        api(format="xml", data_selector="feed.entry", paginator={"type": "json_link", "next_url_path": "feed.next"}),
        api(format={"type": "tsv", "quote_char": None}),
    ],
)
def test_what_a_format_can_do_is_taken(raw: dict[str, Any]) -> None:
    assert describe(raw, "tables").resources_in_full["rows"].endpoint.format is not None


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_json_is_in_the_encoding_that_a_mark_at_its_start_says(encoding: str) -> None:
    body = '{"data": [{"id": 1, "name": "Zürich"}]}'.encode(encoding)
    assert (
        decoded(Came(body, "application/json", has_end=True), Format(type="json"), None, 1000)["data"][0]["name"]
        == "Zürich"
    )
