"""The body of an answer as it comes: one content encoding at most, and no more bytes than allowed.

Bytes are counted when they are decompressed, piece by piece, so that a small body which unfolds to gigabytes is
noticed before it does.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

import requests

from messaging_assets.http.wire.spool import Spool


def _kept(name: str) -> ModuleType | None:
    """A library that is there where the extra `compression` is installed."""
    try:
        return import_module(name)
    except ImportError:
        return None


_BROTLI, _ZSTD = _kept("brotli"), _kept("backports.zstd")
# Before 1.2 it would unfold all that a piece holds at once.
_HAS_BROTLI = hasattr(getattr(_BROTLI, "Decompressor", None), "can_accept_more_data")
# What the session asks for.
ACCEPTED_ENCODINGS = "gzip, deflate" + ", br" * _HAS_BROTLI + ", zstd" * (_ZSTD is not None)
_ERRORS = (zlib.error, *([_BROTLI.error] if _BROTLI else []), *([_ZSTD.ZstdError] if _ZSTD else []))
# The largest window that a server may ask for, as a power of two (RFC 9659, section 3).
_WINDOW = 23
# zlib's word for a header of gzip or of zlib.
_ANY_HEADER = 32 + zlib.MAX_WBITS
# What each member of a gzip body begins with (RFC 1952, section 2.3.1).
_MEMBER = b"\x1f\x8b"


class TooLarge(requests.RequestException):
    """The body has more bytes than allowed."""


class StrangeEncoding(requests.RequestException):
    """The body is encoded more than once, or in a way that was not asked for.

    Args:
        names: the encodings.

    Attributes:
        next_step: what to do about it, as a clause.
    """

    def __init__(self, names: list[str]) -> None:
        super().__init__()
        self.next_step = f"ask the vendor for one content encoding of {ACCEPTED_ENCODINGS}, or none"
        if names in (["br"], ["zstd"]):
            self.next_step = "install messaging_assets with its extra compression, which can read it"


def read_body(raw: Any, encodings: str, most: int, spooled_from: int | None = None) -> bytes | Spool:
    """The whole body, decompressed; a long one in a file, where it is to be.

    Args:
        raw: urllib3's response.
        encodings: the Content-Encoding header, empty where there is none.
        most: how many bytes it may have.
        spooled_from: how many bytes of it are in memory at most; None for all of them.

    Raises:
        TooLarge, StrangeEncoding: see there.
        requests.exceptions.ContentDecodingError: it cannot be decompressed, or ends before its end.
        requests.exceptions.ChunkedEncodingError: the connection ended before the announced length.
    """
    if (raw.length_remaining or 0) > most:
        raise TooLarge
    names = [name for one in encodings.lower().split(",") if (name := one.strip()) not in ("", "identity")]
    if len(names) > 1 or not {*names} <= {"x-gzip", *ACCEPTED_ENCODINGS.split(", ")}:
        raise StrangeEncoding(names)
    pieces: list[bytes] = []
    spool: Spool | None = None
    came = size = 0
    unfolding = _Unfolding(names[0]) if names else None
    while piece := raw.read1(decode_content=False):
        came += len(piece)
        for part in unfolding.parts(piece, most - size + 1) if unfolding else (piece,):
            size += len(part)
            pieces.append(part)
            if size > most:
                raise TooLarge
        # A compressed body may be endless and unfold to nothing.
        if came > most:
            raise TooLarge
        if spooled_from is not None and size > spooled_from:
            spool = spool or Spool()
            spool.take(pieces)
            pieces.clear()
    if raw.length_remaining:
        raise requests.exceptions.ChunkedEncodingError("the connection ended before the announced length")
    if unfolding and came and not unfolding.is_whole:
        raise requests.exceptions.ContentDecodingError("the compressed body is cut off")
    return b"".join(pieces) if spool is None else spool


class _Unfolding:
    """Decompresses a body piece by piece; one of gzip or zstd may have several members."""

    def __init__(self, name: str) -> None:
        # Some servers leave the header out that RFC 9110, section 8.4.1.2, wants; two bytes show it.
        self._start: bytes | None = b"" if name == "deflate" else None
        self._begin: Callable[[], Any] = {"br": _Brotli, "zstd": _zstd}.get(name, _zlib)
        self._inner = self._begin()
        # The first byte of what may be another member, where a piece ended with it.
        self._first = b""

    @property
    def is_whole(self) -> bool:
        """Whether the end came."""
        return bool(self._inner.eof)

    def parts(self, data: bytes, most: int) -> Iterator[bytes]:
        """What these bytes unfold to, of which hardly more than `most` are made."""
        if self._start is not None:
            data = self._start + data
            if len(data) < 2:
                self._start = data
                return
            self._start = None
            if data[0] & 15 != zlib.DEFLATED or int.from_bytes(data[:2], "big") % 31:
                self._inner = zlib.decompressobj(-zlib.MAX_WBITS)
        data, self._first = self._first + data, b""
        while data and most > 0:
            # Brotli refuses what comes behind the end by itself.
            if self._inner.eof and self._begin is not _Brotli:
                if self._begin is _zlib and data == _MEMBER[:1]:
                    self._first = data
                    return
                # What else stands behind the end is filling.
                if self._begin is _zlib and not data.startswith(_MEMBER):
                    return
                self._inner = self._begin()
            try:
                part = self._inner.decompress(data, most)
            except _ERRORS:
                raise requests.exceptions.ContentDecodingError("the compressed body is broken") from None
            yield part
            data, most = self._inner.unused_data, most - len(part)


def _zlib() -> Any:
    return zlib.decompressobj(_ANY_HEADER)


def _zstd() -> Any:
    assert _ZSTD is not None
    return _ZSTD.ZstdDecompressor(options={_ZSTD.DecompressionParameter.window_log_max: _WINDOW})


class _Brotli:
    """Brotli's decompressor as zlib's; a body is one stream of it, and what stands behind its end breaks it."""

    unused_data = b""

    def __init__(self) -> None:
        assert _BROTLI is not None
        self._inner = _BROTLI.Decompressor()

    @property
    def eof(self) -> bool:
        """Whether the end came."""
        return bool(self._inner.is_finished())

    def decompress(self, data: bytes, most: int) -> bytes:
        """What these bytes unfold to; a block of brotli's more than `most` where there is more."""
        part: bytes = self._inner.process(data, output_buffer_limit=most)
        return part
