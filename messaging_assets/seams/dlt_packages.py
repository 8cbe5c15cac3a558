"""A pipeline's working folder: its schema, and load packages, whose rows wait to be normalized or to be loaded."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import dlt
from dlt import Pipeline, Schema

# Since dlt 1.30: what a step of a pipeline gives.
from dlt.common.pipeline import LoadInfo, NormalizeInfo

# Since dlt 1.30: the storage that packages are in.
from dlt.common.storages import FileStorage

# Since dlt 1.30: the state of a load is asked for after its package is gone.
from dlt.common.storages.exceptions import LoadPackageNotFound

# Since dlt 1.30: folders and files of a package, and the table in a file's name.
from dlt.common.storages.load_package import PackageStorage, ParsedLoadJobFileName

# Since dlt 1.30: what the id of a load is made of.
from dlt.common.time import increasing_precise_time

# Since dlt 1.30: how a pipeline's state is written in its working folder.
from dlt.common.versioned_state import json_decode_state

from messaging_assets.seams.dlt_contexts import Container

__all__ = [
    "LoadPackageNotFound",
    "OnePipeline",
    "ParsedLoadJobFileName",
    "begin_anew",
    "begin_loads_after",
    "finish_storages",
    "know_also",
    "normalized_packages",
    "one_pipeline",
]

# Jobs that dlt makes while it loads, and makes again.
_FOLLOW_UPS = ("sql", "reference")


class OnePipeline(Pipeline):
    """dlt's pipeline, which reads its schema's file when that changed, where dlt reads it twenty times a sync.

    Attributes:
        own_schema: the schema of what is loaded now; dlt's default is that of the first load, which may be another
            table's.
    """

    own_schema: str | None = None
    _read_of: tuple[int, int] | None = None

    @property
    def default_schema(self) -> Schema:
        """See Pipeline; the schema of what is loaded now, once there is one."""
        # Since dlt 1.30: the live schemas by name, and the name of a schema's file.
        storage, name = self._schema_storage, self.default_schema_name
        if self.own_schema and self.own_schema in self.schema_names:
            name = self.own_schema
        live: Schema | None = storage.live_schemas.get(str(name))
        try:
            seen = Path(storage.storage.make_full_path(f"{name}.schema.json")).stat()
        except OSError:
            return self.schemas[str(name)]
        file = seen.st_ino, seen.st_mtime_ns
        if live is None or file != self._read_of:
            live, self._read_of = self.schemas[str(name)], file
        return live

    def normalize(self, *args: Any, **kwargs: Any) -> NormalizeInfo:
        """See Pipeline; rows of nested lists become columns at once where nothing about them is new."""
        # Imported late: nobody who only looks needs pyarrow.
        from messaging_assets.seams.normalizing.chunks import by_columns

        with by_columns():
            return super().normalize(*args, **kwargs)

    def load(self, *args: Any, **kwargs: Any) -> LoadInfo:
        """See Pipeline; it is over, also by an interruption, when none of its jobs is at work any more.

        dlt waits for them for two seconds. A job that is let go on would load beside the next sync of the table.
        """
        try:
            return super().load(*args, **kwargs)
        finally:
            # Since dlt 1.30: the threads of a pool have the name of the thread that made it.
            pool = Container.thread_pool_prefix()
            for thread in threading.enumerate():
                if thread.name.startswith(pool):
                    thread.join()


def one_pipeline(name: str, **settings: Any) -> OnePipeline:
    """What `dlt.pipeline` makes, as a pipeline of ours.

    Args:
        name: the pipeline's name.
        settings: the other arguments of `dlt.pipeline`.
    """
    # Since dlt 1.30: `dlt.pipeline` settles many arguments before it calls the class, so it is told which.
    return dlt.pipeline(name, _impl_cls=OnePipeline, **settings)


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


def begin_loads_after(load_ids: Iterable[str]) -> None:
    """Let the ids of the next loads be higher than others, for dlt takes the state of the highest for the newest.

    A machine's clock may be behind that of another one, or be set back.

    Args:
        load_ids: those of loads that the destination knows.
    """
    # Since dlt 1.30: the highest that was given in this process; the next one is higher whatever the clock says.
    increasing_precise_time._last = max(increasing_precise_time._last, *map(float, load_ids), 0.0)


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
        # One without a dot is what dlt was about to give the name of a job.
        if "." not in job.name or ParsedLoadJobFileName.parse(job.name).file_format in _FOLLOW_UPS:
            job.unlink()
    # The folder itself stays: dlt makes it with the package, and does not ask whether it is there.
    ended = package / PackageStorage.PENDING_TRANSITIONS_FOLDER
    shutil.rmtree(ended, ignore_errors=True)
    ended.mkdir(exist_ok=True)
    (package / PackageStorage.APPLIED_SCHEMA_UPDATES_FILE_NAME).unlink(missing_ok=True)
    changes = package / PackageStorage.SCHEMA_UPDATES_FILE_NAME
    if not changes.exists():
        changes.write_text("{}")


def know_also(pipeline: Pipeline, noted: Schema) -> None:
    """Let what is about to be loaded know the tables and columns of others, for the schema noted last is the one read.

    Args:
        pipeline: the pipeline, with normalized packages.
        noted: what the destination has noted of its tables; where both know a column, the package's own words hold.
    """
    # Since dlt 1.30: each package has a schema of its own, which the destination notes with it.
    packages = PackageStorage(FileStorage(str(normalized_packages(pipeline))), "loaded")
    for load_id in pipeline.list_normalized_load_packages():
        own = packages.load_schema(load_id)
        known = {name: table["columns"].keys() for name, table in own.tables.items()}
        if all(table["columns"].keys() <= known.get(name, set()) for name, table in noted.tables.items()):
            continue
        whole = noted.clone()
        whole.update_schema(own)
        packages.save_schema(load_id, whole)
        # Since dlt 1.30: the pipeline's own schemas; what follows the load goes by them.
        pipeline._schema_storage.save_schema(whole)


def noted_state(folder: Path, resource: str) -> dict[str, Any] | None:
    """What a pipeline noted of its resource when it was last at work on this machine.

    Args:
        folder: its working folder, which nobody need be at work in.
        resource: the resource.

    Returns:
        What `dlt.current.resource_state` gives there; None where the folder has no state.
    """
    try:
        # Since dlt 1.30: the file has a name of the class.
        text = (folder / Pipeline.STATE_FILE).read_text(encoding="utf-8")
    except OSError:
        return None
    noted = [
        source.get("resources", {}).get(resource) for source in json_decode_state(text).get("sources", {}).values()
    ]
    return next((dict(one) for one in noted if one is not None), {})
