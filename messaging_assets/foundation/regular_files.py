"""Files that somebody named: read only where they are regular ones of a reasonable size, and without waiting."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

# Any API file that a person wrote has less, and any API document.
LARGEST_API_FILE = 4_000_000
LARGEST_DOCUMENT = 64_000_000


def read_regular(path: str | os.PathLike[str], most: int) -> bytes:
    """What a file holds.

    Args:
        path: the file; links are followed.
        most: how many bytes it may have.

    Raises:
        OSError: it cannot be read, is a device, pipe or folder, or is too large; `strerror` says which.
    """
    # Opening a pipe would wait for somebody who writes into it.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(kind := os.fstat(handle).st_mode):
        os.close(handle)
        why = os.strerror(errno.EISDIR) if stat.S_ISDIR(kind) else "it is no regular file"
        raise OSError(errno.EINVAL, why, str(Path(path)))
    with os.fdopen(handle, "rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"it has more than {most:,} bytes", str(Path(path)))
    return data
