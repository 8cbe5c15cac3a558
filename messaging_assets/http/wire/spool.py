"""Long bodies in files without a name, which are gone with whoever reads them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from typing import BinaryIO, cast

# From here on a body that is read in parts goes to a file.
SPOOLED_FROM = 4_000_000


class Spool:
    """A file of bytes; in the folder that TMPDIR names.

    Attributes:
        file: the file.
        size: its bytes.
    """

    def __init__(self) -> None:
        # Closed with the object, because parts of it may never be asked for.
        self.file, self.size = cast(BinaryIO, tempfile.TemporaryFile()), 0  # noqa: SIM115

    def take(self, pieces: Iterable[bytes]) -> None:
        """Put pieces behind what is there."""
        for piece in pieces:
            self.size += self.file.write(piece)

    def start(self) -> bytes:
        """How it begins."""
        self.file.seek(0)
        return self.file.read(200)

    def __del__(self) -> None:
        self.file.close()
