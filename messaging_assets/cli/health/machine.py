"""The machine: versions, folders, clock, and who has the locks."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from messaging_assets.cli.health.symptom import Symptom
from messaging_assets.foundation.folders import ProjectFolders

_PACKAGES = ("messaging_assets", "dagster", "dagster-dlt", "dagster-embedded-elt", "dlt", "duckdb")
_LEAST_FREE = 1_000_000_000
# Not even an empty database goes there.
_FULL = 10_000_000
# A file or a server that is ahead by more than this has another clock.
CLOCK_SECONDS = 120.0


def versions() -> Iterator[Symptom]:
    """Which releases are at work, and which of them lie outside the range that this package asks for."""
    from packaging.requirements import Requirement

    words = ", ".join(f"{name} {number}" for name in _PACKAGES if (number := _installed(name)))
    yield Symptom("versions", "good", f"Python {sys.version.split()[0]}, {words}")
    for needed in map(Requirement, requires("messaging_assets") or ()):
        if needed.marker is not None and not needed.marker.evaluate({"extra": ""}):
            continue
        found = _installed(needed.name)
        if found is None or not needed.specifier.contains(found, prereleases=True):
            asked = f"{needed.name}{needed.specifier}"
            what = f"{needed.name} {found or 'is not installed'}, where this release was tried with {asked}"
            yield Symptom("versions", "warning", what, f"pip install '{asked}'")


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def folders_of(folders: ProjectFolders) -> Iterator[Symptom]:
    """Where the project is, and whether its folders can be written."""
    yield Symptom("project", "good", f"{folders.home}")
    free = shutil.disk_usage(folders.state).free
    if free < _FULL:
        yield Symptom("disk", "wrong", f"the disk is full where {folders.state} is", "free some space")
    elif free < _LEAST_FREE:
        what = f"{free / 1e9:.1f} GB are free where {folders.state} is"
        yield Symptom("disk", "warning", what, "free some space, or a long read may end halfway")
    for path in (folders.state, folders.pipelines, folders.locks):
        if not os.access(path, os.W_OK):
            yield cannot_be_written("folders", path)


def cannot_be_written(about: str, path: Path) -> Symptom:
    """What to say of a folder that this user cannot write."""
    return Symptom(about, "wrong", f"{path} cannot be written", "see who owns it, and run as that user")


def clock(folders: ProjectFolders) -> Iterator[Symptom]:
    """Whether files of the project come from the future."""
    files = [path for folder in (folders.pipelines, folders.dagster) for path in folder.glob("*")]
    newest = max((path.stat().st_mtime for path in files), default=0.0)
    if newest > time.time() + CLOCK_SECONDS:
        what = f"files of this project are {(newest - time.time()) / 60:.0f} minutes ahead of this machine's clock"
        yield Symptom("clock", "warning", what, "set the clock; times of loads and of starts would be wrong")


def locks(folders: ProjectFolders) -> Iterator[Symptom]:
    """Which lists are being synced; a lock dies with its process, so one whose process is gone is held elsewhere."""
    from filelock import FileLock, Timeout

    from messaging_assets.foundation.private_files import PRIVATE_FILE, read_private

    for holder in sorted(folders.locks.glob("*.pid")):
        lock = FileLock(holder.with_suffix(".lock"), mode=PRIVATE_FILE)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            pass
        else:
            lock.release()
            continue
        text = read_private(holder)
        about = f"sync of {holder.stem.replace('__', '/', 1)}"
        if (text.isdigit() and Path(f"/proc/{text}").exists()) or sys.platform != "linux":
            yield Symptom(about, "note", f"process {text} is at it")
        else:
            what = f"it is held by a process of another machine or container, which had the number {text} there"
            yield Symptom(about, "warning", what, "end that process if nobody knows it; no file need be deleted")
