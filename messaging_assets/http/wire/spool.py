"""Long bodies in files without a name, which are gone with whoever reads them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, cast

import requests

# From here on a body that is read in parts goes to a file.
SPOOLED_FROM = 4_000_000


class NoRoom(requests.RequestException):
    """The folder of temporary files takes no more."""


class Spool:
    """A file of bytes; in the folder that TMPDIR names.

    Attributes:
        file: the file.
        size: its bytes.

    Raises:
        NoRoom: the folder cannot be written to; from `take` too.
    """

    def __init__(self) -> None:
        # `__del__` closes it, because parts of it may never be asked for.
        with _told():
            self.file, self.size = cast(BinaryIO, tempfile.TemporaryFile()), 0  # noqa: SIM115

    def take(self, pieces: Iterable[bytes]) -> None:
        """Put pieces behind what is there."""
        with _told():
            for piece in pieces:
                self.size += self.file.write(piece)
            # What is refused must be refused here.
            self.file.flush()

    def start(self) -> bytes:
        """How it begins."""
        self.file.seek(0)
        return self.file.read(200)

    def whole(self) -> bytes:
        """All of it."""
        self.file.seek(0)
        return self.file.read()

    def __del__(self) -> None:
        # Python deletes an object too whose file could not be made.
        if hasattr(self, "file"):
            with suppress(OSError):
                self.file.close()


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise NoRoom(f"the folder of temporary files has no room ({reason})") from None
