"""Packages that the destination refused for good: put away where they can be looked at, and never tried again."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from dlt import Pipeline

from messaging_assets.foundation.failures import causes
from messaging_assets.foundation.folders import ProjectFolders
from messaging_assets.seams.dlt_names import PipelineStepFailed, TerminalException
from messaging_assets.seams.dlt_packages import normalized_packages

# More of them tell no more, and they hold rows in clear.
_KEPT_OF_A_RESOURCE = 3
_QUOTED = re.compile(r"(['\"`])([^'\"`]+)\1")
# What databases call so is a name, though no schema may have it: that is then what they complain of.
_NAMED = re.compile(r"\b(column|table|relation)((?: with name| named)?) (['\"`])(\w+)\3", re.IGNORECASE)


def refused_for_good(error: BaseException | None) -> PipelineStepFailed | None:
    """The failed load in whatever was wrapped around it, if trying it again cannot help by dlt's judgement."""
    for one in causes(error):
        if isinstance(one, PipelineStepFailed) and one.step == "load" and isinstance(one.exception, TerminalException):
            return one
    return None


def put_away(pipeline: Pipeline, folders: ProjectFolders, why: str) -> Path | None:
    """Move what waits to be loaded out of dlt's working files, and begin those anew.

    Args:
        pipeline: the resource's pipeline.
        folders: where the packages are kept, for the file's `working_files_days`.
        why: the sentence that a person reads; it is kept beside them.

    Returns:
        The newest package's new place, if there was one.
    """
    kept, newest = folders.failed_loads / pipeline.pipeline_name, None
    for package in sorted(normalized_packages(pipeline).glob("*")):
        newest = kept / package.name
        kept.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.rmtree(newest, ignore_errors=True)
        shutil.move(package, newest)
        (newest / "why.txt").write_text(f"{why}\n", encoding="utf-8")
    pipeline.drop()
    for old in sorted(kept.glob("*"))[:-_KEPT_OF_A_RESOURCE]:
        shutil.rmtree(old, ignore_errors=True)
    return newest


def remove_failed_loads(folders: ProjectFolders, days: float) -> None:
    """Remove packages that were put away longer ago than so many days."""
    oldest = time.time() - days * 24 * 3600.0
    for note in folders.failed_loads.glob("*/*/why.txt"):
        with suppress(OSError):
            if note.stat().st_mtime < oldest:
                shutil.rmtree(note.parent)


def with_names_of_columns(words: str, error: BaseException | None) -> str:
    """Take the quotes from names of tables and columns; what is left in quotes may be a record's value."""
    names = {name.lower() for one in causes(error) for name in _names(one)}

    def plain(found: re.Match[str]) -> str:
        return found[2] if found[2].lower() in names else found[0]

    return _QUOTED.sub(plain, _NAMED.sub(r"\1\2 \4", words))


def _names(error: BaseException) -> Iterator[str]:
    if not isinstance(error, PipelineStepFailed):
        return
    pipeline: Any = error.pipeline
    with suppress(Exception):  # a pipeline without a schema has no names to tell
        for name, table in pipeline.default_schema.tables.items():
            yield name
            yield from table["columns"]
