"""Long tables and lines, read from a file in parts: the parts together are what the whole body is, or it is refused."""

from __future__ import annotations

import csv
import errno
import gzip
import io
import json
import os
import zipfile
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging_assets.answers.formats import in_parts
from messaging_assets.answers.formats.archives import unfolded, unfolded_pieces
from messaging_assets.answers.formats.decoding import Came, decoded, decoded_in_parts
from messaging_assets.answers.formats.json_text import Unreadable
from messaging_assets.answers.formats.texts import Records
from messaging_assets.description.endpoint import Format

MOST = 1_000_000
TEXT = st.text(st.sampled_from("aé\U0001f600 ,\";'\r\n\t\x85\u2028\0"), max_size=6)
CSV = st.lists(st.lists(TEXT, min_size=2, max_size=3), max_size=7).map(lambda rows: as_csv([["id", "n"], *rows]))
LINES = st.lists(st.dictionaries(TEXT, TEXT | st.integers(), max_size=2) | st.just("{"), max_size=7).map(
    lambda rows: "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)
)
PACKED = {"plain": bytes, "gzip": lambda body: gzip.compress(body, mtime=0), "zip": lambda body: zipped(body)}


@pytest.fixture(autouse=True, scope="module")
def _short_parts() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(in_parts, "PART_ROWS", 2)
        patch.setattr(in_parts, "_START", 3)
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
        parts = list(decoded_in_parts(came, io.BytesIO(body), written, MOST))
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
    # Of two bytes a letter the whole sees no end of a line, and doubts more.
    has_end, written = has_end or encoding == "utf-16", Format(type="csv", encoding=encoding)
    assert together(body, has_end, written) == whole(body, has_end, written)


@given(LINES, st.integers(0, 60), st.booleans(), st.sampled_from([*PACKED]))
def test_the_parts_of_lines_are_the_whole_wherever_they_are_cut(
    text: str, cut: int, has_end: bool, packing: str
) -> None:
    body = PACKED[packing](text.encode())
    body = body[: len(body) - cut] if cut < 50 else body
    written = Format(type="ndjson")
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
