"""Bodies that are archives: a gzip file, and a zip archive with its members. No more is unfolded than is allowed.

Both end in a checksum of their own, so that one which is cut off is never taken for whole.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from fnmatch import fnmatchcase

from messaging_assets.answers.formats.json_text import Unreadable

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


def is_archive(body: bytes) -> bool:
    """Whether a body begins as no text does, but as an archive."""
    return body.startswith((_GZIP, *_ZIP))


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
    if body.startswith(_GZIP):
        return [_gunzipped(body, most)]
    if not body.startswith(_ZIP):
        return [body]
    found: list[bytes] = []
    for member in _members(body, most, members):
        most -= len(member)
        if member.startswith(_GZIP):
            member = _gunzipped(member, most)
            most -= len(member)
        found.append(member)
    return found


def _gunzipped(body: bytes, most: int) -> bytes:
    """A gzip file, which may have several members; zeros may stand behind them."""
    pieces: list[bytes] = []
    at, end = 0, len(body.rstrip(b"\0"))
    while at < end:
        inner = zlib.decompressobj(16 + zlib.MAX_WBITS)
        while not inner.eof:
            if not (rest := body[at : at + _SMALL_PIECE]):
                raise Unreadable("a gzip file that is cut off")
            try:
                piece = inner.decompress(rest, most + 1)
            except zlib.error:
                raise Unreadable("a gzip file that is broken") from None
            most -= len(piece)
            if most < 0:
                raise TooFar
            pieces.append(piece)
            at += len(rest) - len(inner.unused_data)
    return b"".join(pieces)


def _members(body: bytes, most: int, wanted: str | None) -> Iterator[bytes]:
    if body.count(_MEMBER) > _MOST_MEMBERS:
        raise TooFar
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            # One system puts notes of its own beside each file.
            listed = (one for one in archive.infolist() if not one.is_dir())
            files = [one for one in listed if not one.filename.startswith("__MACOSX/")]
            if wanted is not None:
                files = [one for one in files if fnmatchcase(one.filename.rpartition("/")[2], wanted)]
            if not files:
                raise Unreadable(f"a zip archive without a file{' that format.members names' if wanted else ''}")
            for one in files:
                yield (member := _member(archive, one, most))
                most -= len(member)
    except Unreadable:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError):
        raise Unreadable("a zip archive that is cut off or broken") from None


def _member(archive: zipfile.ZipFile, one: zipfile.ZipInfo, most: int) -> bytes:
    if one.flag_bits & _ENCRYPTED:
        raise Unreadable("a zip archive that is encrypted")
    if one.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # Of other methods the standard library unfolds whole blocks, whatever they come to.
        raise Unreadable("a zip archive that is compressed in another way than deflate")
    pieces: list[bytes] = []
    with archive.open(one) as member:
        while piece := member.read(_PIECE):
            most -= len(piece)
            if most < 0:
                raise TooFar
            pieces.append(piece)
    return b"".join(pieces)
