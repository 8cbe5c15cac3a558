"""An answer in its format: the one that the file says, else the one that the Content-Type says, else JSON."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from io import BufferedReader
from itertools import islice
from typing import Any, BinaryIO

from messaging_assets.answers.formats.archives import is_archive, is_gzip, is_zip, unfolded, unfolded_pieces
from messaging_assets.answers.formats.delimited import delimited_rows
from messaging_assets.answers.formats.in_parts import Pieces, Spooled
from messaging_assets.answers.formats.joined import each_of_gzip, each_parsed, together
from messaging_assets.answers.formats.json_lines import records_of_lines
from messaging_assets.answers.formats.json_text import Unreadable, WrongFormat, is_utf8, parse
from messaging_assets.answers.formats.laid_out import NotInParts, Scratch
from messaging_assets.answers.formats.long_json import laid_json
from messaging_assets.answers.formats.texts import (
    PartOfList,
    PartOfObject,
    Records,
    as_text,
    charset_of,
    encoding_of,
    media_type,
)
from messaging_assets.answers.formats.xml_tree import laid_xml, xml_tree
from messaging_assets.description.endpoint import TABULAR, Format, FormatName
from messaging_assets.foundation.json_paths import names_in

_MEDIA_TYPES: dict[str, FormatName] = {
    **dict.fromkeys(("application/x-ndjson", "application/ndjson", "application/x-jsonlines"), "ndjson"),
    **dict.fromkeys(("application/jsonlines", "application/jsonl", "application/x-jsonl"), "ndjson"),
    **dict.fromkeys(("text/csv", "application/csv"), "csv"),
    "text/tab-separated-values": "tsv",
    **dict.fromkeys(("application/xml", "text/xml"), "xml"),
}
_SHOWN_NAMES = {"json": "JSON", "ndjson": "NDJSON", "csv": "CSV", "tsv": "TSV", "xml": "XML"}
_PLAIN_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]{1,60}")
_JSON_STARTS = (b"{", b"[")


@dataclass(frozen=True)
class Came:
    """A body as it came.

    Args:
        body: the bytes, without a content encoding.
        content_type: the header, empty where there is none.
        has_end: whether it is known that its last byte came: it had a length, or an end of its own.
    """

    body: bytes
    content_type: str
    has_end: bool

    @classmethod
    def of(cls, body: bytes, headers: Mapping[str, str]) -> Came:
        """A body with its headers."""
        is_encoded = headers.get("content-encoding", "identity").strip() not in ("", "identity")
        has_end = is_encoded or "content-length" in headers or "transfer-encoding" in headers
        return cls(body, headers.get("content-type", ""), has_end or is_archive(body))


def shown_format(name: str) -> str:
    """A format's name in sentences."""
    return _SHOWN_NAMES[name]


def format_of(came: Came, declared: Format | None) -> Format:
    """The format of an answer: what the file says, or the Content-Type, where that is clear; else JSON."""
    if declared is not None:
        return declared
    media = media_type(came.content_type)
    is_xml = media.endswith("+xml") and "html" not in media
    name: FormatName = _MEDIA_TYPES.get(media) or ("xml" if is_xml else "json")
    # JSON is sent under many names, and one JSON text a line begins with an object.
    starts = (b"[",) if name == "ndjson" else _JSON_STARTS
    return _plain("json" if _start(came.body).startswith(starts) else name)


@lru_cache
def _plain(name: FormatName) -> Format:
    return Format(type=name)


def _start(body: bytes) -> bytes:
    """How a text begins, behind a mark of its encoding and space."""
    return body[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower()


def decoded(came: Came, written: Format, selector: str | None, most: int, may_be_empty: bool = False) -> Any:
    """The body as parsed JSON, or as what JSON would be of it.

    Args:
        came: the body.
        written: its format, from `format_of`.
        selector: where its records are; in XML they are a list, however many came.
        most: how many bytes all files of an archive may have together.
        may_be_empty: whether a body without a byte is an empty list; JSON is never empty.

    Returns:
        `Records` for formats that have nothing but records, `Documents` where an archive holds several objects with a
        list each; else plain values.

    Raises:
        Unreadable: it is cut off, broken or in another format, which the text names.
        TooFar: see there.
    """
    if written.members is not None and not is_zip(came.body):
        raise WrongFormat("no zip archive, though the file says format.members")
    files = unfolded(came.body, most, written.members)
    if may_be_empty and written.type != "json" and not any(map(bytes.strip, files)):
        return Records()

    def one_of(file: bytes) -> Any:
        return _one(Came(file, came.content_type, came.has_end), written, selector)

    try:
        parsed = each_parsed(files, came.body, written.members, one_of)
    except Unreadable:
        apart = each_of_gzip(came.body, one_of) if written.type == "json" else None
        if apart is None:
            raise
        parsed = apart
    if len(parsed) == 1:
        return parsed[0]
    return together(parsed, came.body, written.members, selector, written.type == "xml")


def decoded_in_parts(
    came: Came, file: BinaryIO, written: Format, selector: str | None, most: int, scratch: Callable[[], Scratch]
) -> Iterator[Records | PartOfList | PartOfObject]:
    """The same of a long body that lies in a file, with one part of its records after the other.

    Args:
        came: the start of the body.
        file: all of it.
        written: its format, from `format_of`.
        selector: where its records are: names with dots between them, `$` or None.
        most: how many bytes all files of an archive may have together.
        scratch: makes a file for what is read of another.

    Raises:
        NotInParts: it has to be decoded at once.
        Unreadable, TooFar: see `decoded`; before the first part.
    """
    if written.members is not None and not is_zip(came.body):
        raise WrongFormat("no zip archive, though the file says format.members")

    def refuse(start: bytes) -> None:
        _refuse_other_format(replace(came, body=start), written)

    encoding = written.encoding or charset_of(came.content_type)
    if written.type in TABULAR:
        if selector not in (None, "$"):
            raise NotInParts
        return Spooled(file, written, encoding, came.has_end, most, refuse).proven()
    path = (selector or "$").removesuffix("[*]") or "$"
    if written.type == "xml":
        refuse(next(_only_file(file, most, written), b""))
        kept = scratch()
        laid = laid_xml(_only_file(file, most, written), encoding, path, frozenset(written.lists), kept)
        kept.file.seek(0)
        return laid.parts(kept.file)
    if not is_utf8(encoding):
        raise NotInParts
    try:
        laid = laid_json(_only_file(file, most, written), names_in(path))
    except Unreadable:
        if is_gzip(came.body):
            # Its members may be a text each.
            raise NotInParts from None
        start = b"".join(islice(_only_file(file, most, written), 4))
        _refuse_other_than_json(replace(came, body=start))
        raise
    return laid.parts(BufferedReader(Pieces(_only_file(file, most, written))))


def _only_file(file: BinaryIO, most: int, written: Format) -> Iterator[bytes]:
    """The pieces of the only file that a body holds."""
    files = unfolded_pieces(file, most, written.members)
    yield from next(files)
    if next(files, None) is not None:
        raise NotInParts


def _one(came: Came, written: Format, selector: str | None) -> Any:
    encoding = written.encoding or charset_of(came.content_type)
    if written.type == "json":
        return _json(came, written, encoding)
    _refuse_other_format(came, written)
    if written.type == "xml":
        return xml_tree(came.body, encoding, selector, frozenset(written.lists))
    text = as_text(came.body, encoding)
    is_lines = written.type == "ndjson"
    lines = io.BytesIO(text.encode("utf-8", "surrogateescape")) if is_lines else ()
    records = Records(records_of_lines(lines)) if is_lines else delimited_rows(text, written)
    if not (records or came.has_end or records.header):
        raise Unreadable("an empty body")
    records.has_end = came.has_end
    if not came.has_end and not text.endswith(("\n", "\r")):
        records.doubt = f"{_shown(written)} came without a length, and its last line without an end: it may be cut off"
    return records


def _json(came: Came, written: Format, encoding: str | None) -> Any:
    try:
        return parse(came.body, encoding_of(came.body, encoding)[0])
    except Unreadable:
        _refuse_other_than_json(came)
        raise


def _refuse_other_than_json(came: Came) -> None:
    """See whether a body that is no JSON is in another format."""
    lines = [line for line in came.body.split(b"\n", 64)[:64] if line.strip()]
    if len(lines) > 1 and all(map(_is_json, lines[:2])):
        raise WrongFormat("one JSON text a line, which is format: ndjson") from None
    media = media_type(came.content_type)
    if media in _MEDIA_TYPES:
        raise WrongFormat(f"{shown_format(_MEDIA_TYPES[media])} ({media}) where JSON was expected") from None


def _is_json(line: bytes) -> bool:
    try:
        return isinstance(parse(line, None), (dict, list))
    except Unreadable:
        return False


def _refuse_other_format(came: Came, written: Format) -> None:
    """See that the body does not begin as another format does; any text at all could pass for a table."""
    start = _start(came.body)
    if re.match(rb"<!doctype html|<html", start):
        raise Unreadable(f"HTML, not {_shown(written)}")
    is_json = start.startswith(_JSON_STARTS)
    if written.type == "ndjson":
        is_json = start.startswith(b"[") and written.columns is None
    other = "JSON" if is_json else "XML" if start.startswith(b"<") and written.type != "xml" else None
    if other is not None:
        media = media_type(came.content_type)
        sent = f" ({media})" if _PLAIN_TYPE.fullmatch(media) else ""
        raise WrongFormat(f"{other}{sent} where {_shown(written)} was expected (format: {written.type})")


def _shown(written: Format) -> str:
    return shown_format(written.type)
