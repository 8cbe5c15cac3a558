"""Bodies that are archives: a gzip file, and a zip archive with its members. No more is unfolded than is allowed.

Both end in a checksum of their own, so that one which is cut off is never taken for whole. They are unfolded piece by
piece, so that a long one takes little memory.
"""

from __future__ import annotations

import errno
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import BinaryIO

from messaging_assets.answers.formats.json_text import Unreadable, WrongFormat

_GZIP = b"\x1f\x8b"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_MEMBER = b"PK\x01\x02"
_MOST_MEMBERS = 10_000
_ENCRYPTED = 1
_PIECE = 1 << 20
# With each member what stands behind it in its piece is copied, and some write members of a few kilobytes.
_SMALL_PIECE = 1 << 16


class TooFar(Exception):
    """An archive unfolds to more than is allowed."""


class _Allowance:
    """How many bytes may still be unfolded."""

    def __init__(self, most: int) -> None:
        self._left = most

    def take(self, piece: bytes) -> bytes:
        self._left -= len(piece)
        if self._left < 0:
            raise TooFar
        return piece


def is_zip(body: bytes) -> bool:
    """Whether a body begins as a zip archive."""
    return body.startswith(_ZIP)


def is_gzip(body: bytes) -> bool:
    """Whether a body begins as a gzip file."""
    return body.startswith(_GZIP)


def is_archive(body: bytes) -> bool:
    """Whether a body begins as no text does, but as an archive."""
    return is_gzip(body) or is_zip(body)


def unfolded(body: bytes, most: int, members: str | None = None) -> list[bytes]:
    """The files that a body holds: itself, where it is no archive.

    Args:
        body: what came, gzip or zip; the members of a zip may be gzip.
        most: how many bytes all of them may have together.
        members: a pattern of the names of members that are wanted, such as `*.csv`; None for all.

    Raises:
        TooFar: there are more bytes, or more members than anybody needs.
        Unreadable: it is cut off, or broken, or written in a way that is not read.
    """
    if not is_archive(body):
        return [body]
    return [b"".join(pieces) for pieces in unfolded_pieces(io.BytesIO(body), most, members)]


def unfolded_pieces(file: BinaryIO, most: int, members: str | None = None) -> Iterator[Iterator[bytes]]:
    """The same of a body in a file, each as its pieces, which are to be taken to their end before the next one's.

    Args:
        file: what came; read from its start.
        most: see `unfolded`.
        members: see `unfolded`.

    Raises:
        TooFar, Unreadable: see `unfolded`; also while the pieces are taken.
    """
    file.seek(0)
    start, allowance = file.read(4), _Allowance(most)
    if start.startswith(_ZIP):
        yield from _members(file, allowance, members)
        return
    file.seek(0)
    pieces = iter(lambda: file.read(_SMALL_PIECE), b"")
    yield _gunzipped(pieces, allowance) if start.startswith(_GZIP) else pieces


def gzip_members(body: bytes) -> list[bytes]:
    """The members of a gzip file that `unfolded` took, apart from one another; none of another body."""
    members, parts, inner, at = list[bytes](), list[bytes](), None, 0
    while inner is not None or body.startswith(_GZIP, at):
        inner = inner or zlib.decompressobj(16 + zlib.MAX_WBITS)
        piece = body[at : at + _SMALL_PIECE]
        parts.append(inner.decompress(piece))
        at += len(piece) - len(inner.unused_data)
        if inner.eof:
            members.append(b"".join(parts))
            parts, inner = [], None
    return members


def member_names(body: bytes, members: str | None = None) -> list[str]:
    """The names of the files that `unfolded` finds in a zip archive, in their order."""
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return [one.filename for one in _wanted(archive, members)]


def _gunzipped(pieces: Iterable[bytes], allowance: _Allowance) -> Iterator[bytes]:
    """A gzip file, which may have several members; zeros may stand behind them."""
    inner, has_zeros = None, False
    for piece in pieces:
        part = b""
        # What does not fit into one part may be kept by the decompressor, without a byte that is left to give it.
        while piece or len(part) == _PIECE:
            if inner is None:
                rest = piece.lstrip(b"\0")
                has_zeros, piece = has_zeros or len(rest) < len(piece), rest
                if not piece:
                    break
                if has_zeros:
                    raise Unreadable("a gzip file that is broken")
                inner = zlib.decompressobj(16 + zlib.MAX_WBITS)
            try:
                part = inner.decompress(piece, _PIECE)
            except zlib.error:
                raise Unreadable("a gzip file that is broken") from None
            if part:
                yield allowance.take(part)
            piece = inner.unused_data if inner.eof else inner.unconsumed_tail
            if inner.eof:
                inner, part = None, b""
    if inner is not None:
        raise Unreadable("a gzip file that is cut off")


def _members(file: BinaryIO, allowance: _Allowance, wanted: str | None) -> Iterator[Iterator[bytes]]:
    _refuse_many_members(file)
    with _told(), zipfile.ZipFile(file) as archive:
        files = _wanted(archive, wanted)
        if not files:
            if wanted:
                raise WrongFormat("a zip archive without a file that format.members names")
            raise Unreadable("a zip archive without a file")
        for one in files:
            yield _unfolded_member(archive, one, allowance)


def _wanted(archive: zipfile.ZipFile, wanted: str | None) -> list[zipfile.ZipInfo]:
    # One system puts notes of its own beside each file.
    listed = (one for one in archive.infolist() if not one.is_dir())
    files = [one for one in listed if not one.filename.startswith("__MACOSX/")]
    return files if wanted is None else [one for one in files if fnmatchcase(one.filename.rpartition("/")[2], wanted)]


@contextmanager
def _told() -> Iterator[None]:
    """Say in our own words what Python says of a zip archive."""
    try:
        yield
    except Unreadable:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError) as error:
        # A broken archive may name a place before its start, which a file refuses with EINVAL. The rest is the disk's.
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise
        raise Unreadable("a zip archive that is cut off or broken") from None


def _refuse_many_members(file: BinaryIO) -> None:
    """Look for them before Python makes an object of each."""
    file.seek(0)
    found, before = 0, b""
    while piece := file.read(_PIECE):
        found += (before + piece).count(_MEMBER)
        before = piece[1 - len(_MEMBER) :]
    if found > _MOST_MEMBERS:
        raise TooFar


def _unfolded_member(archive: zipfile.ZipFile, one: zipfile.ZipInfo, allowance: _Allowance) -> Iterator[bytes]:
    """The pieces of a member, unfolded once more where it is gzip itself."""
    pieces = _member(archive, one, allowance)
    first = next(pieces, b"")
    every = _chained(first, pieces)
    return _gunzipped(every, allowance) if first.startswith(_GZIP) else every


def _chained(first: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from pieces


def _member(archive: zipfile.ZipFile, one: zipfile.ZipInfo, allowance: _Allowance) -> Iterator[bytes]:
    if one.flag_bits & _ENCRYPTED:
        raise Unreadable("a zip archive that is encrypted")
    if one.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # Of other methods the standard library unfolds whole blocks, whatever they come to.
        raise Unreadable("a zip archive that is compressed in another way than deflate")
    with _told(), archive.open(one) as member:
        while piece := member.read(_SMALL_PIECE):
            yield allowance.take(piece)
