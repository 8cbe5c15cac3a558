"""What this project keeps for itself: folders and small files of this user alone, reached through nobody's link."""

from __future__ import annotations

import errno
import logging
import os
import sys
from pathlib import Path

from messaging_assets.foundation.failures import UnusableFolder

try:
    import resource
except ImportError:  # Windows has no such limit.
    resource = None  # type: ignore[assignment]

PRIVATE_FILE = 0o600
_PRIVATE_FOLDER = 0o700
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_ELSEWHERE = "let MESSAGING_ASSETS_HOME name a folder that this user can write to"
# What to do where SQLite names no reason.
SEE_STORAGE = "free some space on its disk, or see who owns its files, and whether its folder is still there"
# A sync of a small list has some forty files open: DuckDB's and dlt's, Dagster's storage, connections, locks.
_LEAST_OPEN_FILES = 40
_STEPS = {
    errno.EMFILE: "let this process open more files at once, such as by ulimit -n 1024",
    errno.ENOSPC: "free some space on its disk",
    errno.EDQUOT: "free some space within this user's quota",
    errno.EEXIST: "a file stands in the folder's place; move it away",
    errno.ENOTDIR: "a file stands in a folder's place; move it away",
    errno.ELOOP: "a link stands in its place; remove it",
}
_logger = logging.getLogger(__name__)


def refuse_few_open_files() -> None:
    """Stop where a sync would run out of open files midway, in words of whatever met the limit first.

    Raises:
        UnusableFolder: this process may have fewer files open at once than a small sync has.
    """
    if resource is None:
        return
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < _LEAST_OPEN_FILES:
        raise UnusableFolder(
            f"this process may have only {most} files open at once, fewer than a sync needs; {_STEPS[errno.EMFILE]}."
        )


def make_private(folder: Path) -> None:
    """Make a folder that nobody else can open; one that others can open is closed to them.

    Raises:
        UnusableFolder: it cannot be made or used, or belongs to somebody else.
    """
    if any("\ud800" <= sign <= "\udfff" for sign in str(folder)):
        # dlt and DuckDB take paths as UTF-8.
        raise UnusableFolder(
            f"the folder's path has letters that this process cannot read as {sys.getfilesystemencoding()}; set "
            "PYTHONUTF8=1, or a locale of UTF-8 such as LC_ALL=C.UTF-8."
        )
    if "%" in str(folder):
        raise UnusableFolder(
            f"{folder} has a % in its path, where dlt writes no files; let MESSAGING_ASSETS_HOME name a folder without."
        )
    try:
        folder.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        found = folder.stat()
        is_ours = not hasattr(os, "geteuid") or found.st_uid == os.geteuid()
        if is_ours and hasattr(os, "geteuid") and found.st_mode & 0o077:
            folder.chmod(_PRIVATE_FOLDER)
            _logger.warning("%s was open to other users of this machine; it is closed to them now", folder)
    except OSError as error:
        raise unusable(folder, error) from None
    if not is_ours:
        raise UnusableFolder(
            f"{folder} belongs to another user of this machine, who could read and change what is loaded; give it to "
            f"the user who runs this, or {_ELSEWHERE}."
        )


def write_private(file: Path, text: str) -> None:
    """Write a small file that nobody else can read.

    Raises:
        UnusableFolder: it cannot be written, or a link stands in its place.
    """
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _NO_LINK, PRIVATE_FILE)
        with os.fdopen(handle, "w", encoding="utf-8") as opened:
            if hasattr(os, "fchmod"):
                os.fchmod(handle, PRIVATE_FILE)
            opened.write(text)
    except OSError as error:
        raise unusable(file, error) from None


def read_private(file: Path) -> str:
    """What such a file holds.

    Raises:
        OSError: there is none, or a link stands in its place.
        ValueError: it is no text.
    """
    with os.fdopen(os.open(file, os.O_RDONLY | _NO_LINK), encoding="utf-8") as opened:
        return opened.read()


def unusable(path: Path, error: OSError) -> UnusableFolder:
    """What to raise where the system refuses one of our files or folders."""
    reason = error.strerror or type(error).__name__
    home = os.environ.get("DAGSTER_HOME")
    is_dagsters = home is not None and Path(home) in path.parents
    elsewhere = _ELSEWHERE.replace("MESSAGING_ASSETS_HOME", "DAGSTER_HOME") if is_dagsters else _ELSEWHERE
    return UnusableFolder(f"{path} cannot be used ({reason}); {_STEPS.get(error.errno or 0, elsewhere)}.")
