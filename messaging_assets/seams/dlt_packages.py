"""Load packages in a pipeline's working folder: fetched rows that wait to be normalized, or to be loaded."""

from __future__ import annotations

import shutil
from pathlib import Path

from dlt import Pipeline

# Since dlt 1.30: the state of a load is asked for after its package is gone.
from dlt.common.storages.exceptions import LoadPackageNotFound

# Since dlt 1.30: folders and files of a package, and the table in a file's name.
from dlt.common.storages.load_package import PackageStorage, ParsedLoadJobFileName

__all__ = [
    "LoadPackageNotFound",
    "ParsedLoadJobFileName",
    "begin_anew",
    "finish_storages",
    "normalized_packages",
]

# Jobs that dlt makes while it loads, and makes again.
_FOLLOW_UPS = ("sql", "reference")


def normalized_packages(pipeline: Pipeline) -> Path:
    """The folder of the packages that wait to be loaded, each named by its load; it need not be there."""
    # Since dlt 1.30: `dlt.common.storages.load_storage` names these folders; no call gives them without reading them.
    return Path(pipeline.working_dir) / "load" / "normalized"


def finish_storages(pipeline: Pipeline) -> None:
    """Take away what dlt cannot list: a storage without the folder of its packages, and a package that it moved on.

    dlt makes a storage's folder before those inside, and writes a normalized package before the extracted one goes.
    """
    # Since dlt 1.30: `dlt.common.storages.normalize_storage` names the folder of what was extracted.
    extracted, normalized = Path(pipeline.working_dir) / "normalize" / "extracted", normalized_packages(pipeline)
    for packages in (extracted, normalized):
        if not packages.is_dir():
            shutil.rmtree(packages.parent, ignore_errors=True)
    for package in normalized.glob("*"):
        shutil.rmtree(extracted / package.name, ignore_errors=True)


def begin_anew(package: Path) -> None:
    """Let the load of a package begin anew: no job of it has begun, and staging tables will be emptied first.

    A job that was under way may have left rows in a staging table; loading all of them again is always exact.
    The steps and names are those of dlt's `PackageStorage`. The last of them is what makes dlt begin anew, so this
    may itself be interrupted.

    Args:
        package: its folder among the normalized ones.
    """
    for folder in (PackageStorage.STARTED_JOBS_FOLDER, PackageStorage.COMPLETED_JOBS_FOLDER):
        for job in sorted((package / folder).glob("*")):
            job.replace(package / PackageStorage.NEW_JOBS_FOLDER / job.name)
    for job in (package / PackageStorage.NEW_JOBS_FOLDER).glob("*"):
        if ParsedLoadJobFileName.parse(job.name).file_format in _FOLLOW_UPS:
            job.unlink()
    shutil.rmtree(package / PackageStorage.PENDING_TRANSITIONS_FOLDER, ignore_errors=True)
    (package / PackageStorage.APPLIED_SCHEMA_UPDATES_FILE_NAME).unlink(missing_ok=True)
    changes = package / PackageStorage.SCHEMA_UPDATES_FILE_NAME
    if not changes.exists():
        changes.write_text("{}")
