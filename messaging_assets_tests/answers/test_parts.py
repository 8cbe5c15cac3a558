"""Long tables and lines, read from a file in parts: the parts together are what the whole body is, or it is refused."""

from __future__ import annotations

import csv
import errno
import gzip
import io
import json
import os
import re
import sys
import zipfile
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging_assets.answers.formats import archives, in_parts, long_json, texts
from messaging_assets.answers.formats.archives import unfolded, unfolded_pieces
from messaging_assets.answers.formats.decoding import Came, decoded, decoded_in_parts
from messaging_assets.answers.formats.json_text import Unreadable
from messaging_assets.answers.formats.laid_out import NotInParts
from messaging_assets.answers.formats.texts import Records
from messaging_assets.description.endpoint import Format
from messaging_assets.foundation import json_paths
from messaging_assets.http.wire.spool import Spool

MOST = 1_000_000
# Python's own CSV has no NUL before 3.11.
NUL = "\0" if sys.version_info >= (3, 11) else ""
TEXT = st.text(st.sampled_from("aé\U0001f600 ,\";'\r\n\t\x85\u2028" + NUL), max_size=6)
CSV = st.lists(st.lists(TEXT, min_size=2, max_size=3), max_size=7).map(lambda rows: as_csv([["id", "n"], *rows]))
LINES = st.lists(st.dictionaries(TEXT, TEXT | st.integers(), max_size=2) | st.just("{"), max_size=7).map(
    lambda rows: "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)
)
PACKED = {"plain": bytes, "gzip": lambda body: gzip.compress(body, mtime=0), "zip": lambda body: zipped(body)}


@pytest.fixture(autouse=True, scope="module")
def _short_parts() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts, "PART_ROWS", 2)
        patch.setattr(in_parts, "_START", 3)
        patch.setattr(long_json, "_PIECE", 3)
        patch.setattr(archives, "_SMALL_PIECE", 7)
        yield


def as_csv(rows: list[list[str]]) -> str:
    """The rows as Python writes them."""
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


def zipped(body: bytes) -> bytes:
    """A zip archive of one file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("a.csv"), body, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def whole(body: bytes, has_end: bool, written: Format) -> Any:
    """What the body is as a whole: records and what is known of them, or why it is refused."""
    try:
        records = decoded(Came.of(body, {"content-length": "1"} if has_end else {}), written, "$", MOST)
    except Unreadable as unreadable:
        return str(unreadable)
    return list(records), records.header, records.doubt, records.has_end


def together(body: bytes, has_end: bool, written: Format) -> Any:
    """The same of its parts, of which each but the last goes on, and each but the first is begun."""
    came = Came.of(body[:200], {"content-length": "1"} if has_end else {})
    try:
        parts: list[Any] = list(decoded_in_parts(came, io.BytesIO(body), written, "$", MOST, Spool))
    except Unreadable as unreadable:
        return str(unreadable)
    assert [part.goes_on for part in parts] == [True] * (len(parts) - 1) + [False]
    assert [part.is_begun for part in parts] == [False] + [True] * (len(parts) - 1)
    assert all(len(part) == 2 for part in parts[:-1])
    assert [part.before for part in parts] == [*range(0, 2 * len(parts), 2)]
    last: Records = parts[-1]
    return [record for part in parts for record in part], last.header, last.doubt, last.has_end


@given(CSV, st.integers(0, 60), st.booleans(), st.sampled_from([*PACKED]), st.sampled_from(["utf-8", "utf-16", None]))
def test_the_parts_of_a_table_are_the_whole_wherever_it_is_cut(
    text: str, cut: int, has_end: bool, packing: str, encoding: str | None
) -> None:
    body = text.encode(encoding or "utf-8-sig")
    body = PACKED[packing](body)
    body = body[: len(body) - cut] if cut < 50 else body
    written = Format(type="csv", encoding=encoding)
    assert together(body, has_end, written) == whole(body, has_end, written)


@given(LINES, st.integers(0, 60), st.booleans(), st.sampled_from([*PACKED]), st.sampled_from(["\n", "\r\n", "\n\n"]))
def test_the_parts_of_lines_are_the_whole_wherever_they_are_cut(
    text: str, cut: int, has_end: bool, packing: str, end: str
) -> None:
    encoding = "utf-16" if packing == "gzip" else None
    body = PACKED[packing](text.replace("\n", end).encode(encoding or "utf-8-sig"))
    body = body[: len(body) - cut] if cut < 50 else body
    written = Format(type="ndjson", encoding=encoding)
    assert together(body, has_end, written) == whole(body, has_end, written)


def test_an_archive_in_a_file_that_is_cut_anywhere_is_refused() -> None:
    for archive in (PACKED["gzip"](b"id\n1\n" * 9), zipped(b"id\n1\n" * 9)):
        for at in range(4, len(archive)):
            with pytest.raises(Unreadable):
                _unfold(archive[:at])


def _unfold(archive: bytes) -> None:
    for pieces in unfolded_pieces(io.BytesIO(archive), MOST):
        list(pieces)


class _Disk(io.BytesIO):
    """A file on a disk that may fail."""

    fails = False

    def read(self, size: int | None = -1) -> bytes:
        if self.fails:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return super().read(size)


def test_a_zip_archive_is_broken_by_what_is_in_it_and_not_by_the_disk(tmp_path: Path) -> None:
    archive = bytearray(zipped(b"id\n1\n" * 9))
    # Where its directory begins: further behind than there are bytes.
    archive[-6:-2] = b"\xff\xff\xff\x7f"
    (tmp_path / "a.zip").write_bytes(archive)
    with (tmp_path / "a.zip").open("rb") as file, pytest.raises(Unreadable, match="cut off or broken"):
        list(unfolded_pieces(file, MOST))
    disk = _Disk(zipped(Random(1).randbytes(100_000)))
    pieces = next(unfolded_pieces(disk, MOST))
    disk.fails = True
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        list(pieces)


def test_a_gzip_member_that_unfolds_to_many_pieces_comes_whole() -> None:
    body = bytes(5_000_001)
    assert unfolded(gzip.compress(body) * 2 + b"\0" * 9, 20_000_000) == [body * 2]


NAMES = st.sampled_from(["data", "a", "data.x", "é", ""])
VALUES = st.recursive(
    st.sampled_from([None, True, 12, -1.5e3, 10**30, "\ud800", 'a"\\', "]}", float("nan")]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=4,
)
ROWS = st.lists(VALUES, max_size=5)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=2).flatmap(
    lambda around: ROWS.flatmap(lambda rows: st.permutations([*({**around, "data": rows}.items())]).map(dict))
)
AS_TEXTS: dict[str, Any] = {"plain": {}, "wide": {"indent": 2}, "tight": {"separators": (",", ":")}}


def shown(value: Any) -> str:
    """A value as text, which is the same for equal ones."""
    return re.sub(r" at 0x\w+", "", repr(value))


def of_json(body: bytes, selector: str) -> tuple[Any, Any]:
    """What a JSON text says at once, and in parts; None for the latter where it has to be read at once."""
    came, written = Came.of(body, {}), Format(type="json")
    try:
        at_once = shown(decoded(came, written, selector, MOST))
    except Unreadable as unreadable:
        at_once = str(unreadable)
    return at_once, parts_of(body, written, selector)


def parts_of(body: bytes, written: Format, selector: str) -> Any:
    """The parts of an answer put together, as text; why it is refused, or None where it has to be read at once."""
    try:
        parts: list[Any] = list(
            decoded_in_parts(Came.of(body[:200], {}), io.BytesIO(body), written, selector, MOST, Spool)
        )
    except Unreadable as unreadable:
        return str(unreadable)
    except NotInParts:
        return None
    lists = [json_paths.find_values(selector, part)[0] for part in parts]
    assert [part.before for part in parts] == [*range(0, 2 * len(parts), 2)]
    assert [part.goes_on for part in parts] == [True] * (len(parts) - 1) + [False]
    assert all(len(rows) == 2 for rows in lists[:-1])
    lists[0][:] = [row for rows in lists for row in rows]
    return shown(parts[0])


@given(OBJECTS, st.sampled_from([*AS_TEXTS]), st.integers(0, 40), st.sampled_from(["data", "of.data", "$"]))
def test_the_parts_of_json_are_the_whole_wherever_it_is_cut(body: Any, style: str, cut: int, selector: str) -> None:
    said = {"data": body, "of.data": {"of": body, "n": 1}, "$": body["data"]}[selector]
    text = json.dumps(said, **AS_TEXTS[style]).encode()
    at_once, of_parts = of_json(text[: len(text) - cut] if cut < 20 else text, selector)
    assert of_parts == at_once or (of_parts is None and at_once == "an empty body")


@pytest.mark.parametrize(
    ("body", "selector", "is_in_parts"),
    [
        ('{"data": [{"id": 1}], "n": 1, "n": 2}', "data", True),
        ('{"data": [{"id": 1, "id": 2}, {"id": 3}, {"a": [{"b": 1, "b": 2}]}]}', "data", True),
        ('{"data": [], "data": [1]}', "data", True),
        ("\ufeff[1, 2, 3]", "$", True),
        ("[1, 2,]", "$", True),
        ("[1 2]", "$", True),
        ("[1, 2] 3", "$", True),
        ("[" + "9" * 5000 + "]", "$", True),
        ('[1, "\udc80"]', "$", True),
        ('{"data": null}', "data", False),
        ('{"items": []}', "data", False),
        ('{"of.data": [1]}', "of.data", False),
        ("[" * 30_000 + "]" * 30_000, "$", False),
        ("<html>", "$", False),
    ],
)
def test_json_that_is_odd_is_the_same_of_partsor_is_read_at_once(body: str, selector: str, is_in_parts: bool) -> None:
    at_once, of_parts = of_json(body.encode("utf-8", "surrogateescape"), selector)
    assert (of_parts is not None) is is_in_parts
    assert of_parts in (None, at_once)


def test_lines_that_are_taken_for_an_object_are_named() -> None:
    at_once, of_parts = of_json(b'{"data": [1]}\n{"data": [2]}\n', "data")
    assert of_parts == at_once
    assert "one JSON text a line" in of_parts


def test_several_json_files_of_an_archive_are_read_at_once() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in ("a", "b"):
            archive.writestr(name, "[1]")
    assert of_json(out.getvalue(), "$") == ("[1, 1]", None)


LEAF = st.sampled_from(
    ["<n>1</n>", "<n/>", "<n a='b'>x</n>", "<of><id>3</id><id>4</id></of>", "\n", "é&amp;", "<!-- -->"]
)
ROW = st.lists(LEAF, max_size=3).map(lambda inner: f"<row>{''.join(inner)}</row>")
BESIDE = st.sampled_from(["<total>3</total>", "<next a='1'/>", " ", "text", "<n><row>9</row></n>", "<rows>1</rows>"])
DOCUMENTS = st.lists(ROW | BESIDE, max_size=8).map(
    lambda inner: f"<?xml version='1.0'?>\n<feed><rows>{''.join(inner)}</rows><total>1</total></feed>"
)


@given(DOCUMENTS, st.integers(0, 60), st.sampled_from(["feed.rows.row", "feed.rows.row[*]", "$.feed.rows.row"]))
def test_the_parts_of_xml_are_the_whole_wherever_it_is_cut(text: str, cut: int, selector: str) -> None:
    body = text.encode()
    body = body[: len(body) - cut] if cut < 20 else body
    for lists in ([], ["row", "id"]):
        written = Format(type="xml", lists=lists)
        try:
            at_once = shown(decoded(Came.of(body, {}), written, selector, MOST))
        except Unreadable as unreadable:
            at_once = str(unreadable)
        of_parts = parts_of(body, written, selector.removesuffix("[*]"))
        assert of_parts == at_once or (of_parts is None and "'row': [" not in at_once)


@pytest.mark.parametrize(
    ("text", "lists"),
    [
        ("<feed><rows><row/></rows><rows/></feed>", []),
        ("<feed><rows><row/></rows></feed>", ["rows"]),
        ("<feed><row/></feed>", []),
        ("<other><rows><row/></rows></other>", []),
    ],
)
def test_xml_whose_list_is_not_in_one_place_is_read_at_once(text: str, lists: list[str]) -> None:
    assert parts_of(text.encode(), Format(type="xml", lists=lists), "feed.rows.row") is None
