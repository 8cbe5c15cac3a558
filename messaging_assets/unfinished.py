"""What an interrupted sync left behind: rows that were fetched but not loaded, and rows of a half-done load.

Appended rows of a load that did not finish are taken back, because nothing else would ever take them out again.
Then what was fetched is loaded from the start, without asking the API again.
"""

from __future__ import annotations

import json
import logging
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dlt.common.storages.load_package import PackageStorage, ParsedLoadJobFileName
from dlt.destinations.exceptions import DatabaseUndefinedRelation
from dlt.pipeline.exceptions import PipelineStepFailed
from dlt.pipeline.pipeline import Pipeline

from messaging_assets.api_description import Resource
from messaging_assets.private_files import read_private, write_private
from messaging_assets.records import must_load_whole

# A finished read that waited longer than this for its load is too old to pass for a sync.
_VALID_SECONDS = 3600.0
# Jobs that dlt makes while it loads, and makes again.
_FOLLOW_UPS = ("sql", "reference")
_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class KeptReceipt:
    """The receipt of a read that is over.

    Args:
        load_ids: its loads; with the last of them its rows are complete.
        verdict: the value of its verdict.
        metadata: what the materialization will show.
        window: the window of time that it read, if it is one.
    """

    load_ids: list[str]
    verdict: int
    metadata: dict[str, Any]
    window: list[str] | None = None


class ReceiptFile:
    """The receipt of a read that is over but perhaps not loaded yet, beside dlt's working files.

    Args:
        folder: where dlt's working files are.
        name: the resource's pipeline.
        version: changes with the resource's description, so that a receipt of another one is not used.
    """

    def __init__(self, folder: Path, name: str, version: str) -> None:
        self._file, self._version = folder / f"{name}.receipt.json", version

    def write(self, receipt: KeptReceipt) -> None:
        """Keep a receipt until Dagster has it."""
        partial = self._file.with_suffix(".partial")
        kept = {"at": time.time(), "version": self._version, "receipt": asdict(receipt)}
        write_private(partial, json.dumps(kept))
        partial.replace(self._file)

    def read(self, of_any_version: bool = False) -> KeptReceipt | None:
        """The receipt, if there is one that is still good; one of any description and age where that is wanted."""
        try:
            kept = json.loads(read_private(self._file))
            fresh = time.time() - kept["at"] < _VALID_SECONDS and kept["version"] == self._version
            return KeptReceipt(**kept["receipt"]) if fresh or of_any_version else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def forget(self) -> None:
        """The receipt is on its way to Dagster, or its rows will be read again."""
        self._file.unlink(missing_ok=True)


def load_pending(pipeline: Pipeline, resource: Resource, is_whole: bool) -> None:
    """Load what an earlier sync fetched and did not load; asks the API nothing.

    Args:
        pipeline: the resource's pipeline, with its working files as they were left.
        resource: says how rows are written.
        is_whole: whether a receipt says that this read is over.

    Rows of a read that was not over are only good for a merge. What cannot be loaded is dropped, to be read again.
    """
    pipeline.activate()
    _finish_storages(Path(pipeline.working_dir))
    if not pipeline.has_pending_data:
        return
    if not (is_whole or (resource.disposition == "merge" and not must_load_whole(resource))):
        pipeline.drop()
        return
    try:
        for load_id in pipeline.list_normalized_load_packages():
            _set_back(pipeline, load_id)
        if pipeline.list_extracted_load_packages():
            pipeline.normalize()
        pipeline.load(raise_on_failed_jobs=True)
    except (OSError, ValueError):
        _logger.warning("%s: working files are damaged; what they held is read again", pipeline.pipeline_name)
        pipeline.drop()
    except PipelineStepFailed as failed:
        if failed.step == "normalize" or not pipeline.has_pending_data:
            _logger.warning("%s: fetched rows could not be loaded and are read again", pipeline.pipeline_name)
            pipeline.drop()
            return
        raise


def _finish_storages(working: Path) -> None:
    """Take away what dlt cannot list: a storage without the folder of its packages, and a package that it moved on.

    dlt makes a storage's folder before those inside, and writes a normalized package before the extracted one goes.
    """
    extracted, normalized = working / "normalize" / "extracted", working / "load" / "normalized"
    for packages in (extracted, normalized):
        if not packages.is_dir():
            shutil.rmtree(packages.parent, ignore_errors=True)
    for package in normalized.glob("*"):
        shutil.rmtree(extracted / package.name, ignore_errors=True)


def _set_back(pipeline: Pipeline, load_id: str) -> None:
    """Let the load of a package begin anew: no job of it has begun, and staging tables will be emptied first.

    A job that was under way may have left rows in a staging table; loading all of them again is always exact.
    The steps and names are those of dlt's `PackageStorage`. The last of them is what makes dlt begin anew, so this
    may itself be interrupted.
    """
    package = Path(pipeline.working_dir) / "load" / "normalized" / load_id
    if is_loaded(pipeline, load_id):
        shutil.rmtree(package)
        return
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


def is_loaded(pipeline: Pipeline, load_id: str) -> bool:
    """Whether a load reached its end, by dlt's own note of it in the destination."""
    with pipeline.sql_client() as client:
        try:
            loads = client.make_qualified_table_name("_dlt_loads")
            found = client.execute_sql(f"SELECT load_id FROM {loads} WHERE status = 0 AND load_id = %s", load_id)
        except DatabaseUndefinedRelation:
            return False
    return bool(found)


def take_back_unfinished(pipeline: Pipeline, tables: list[str], schema_name: str) -> int:
    """Delete appended rows of loads that did not finish (dlt notes a finished load in `_dlt_loads`).

    Args:
        pipeline: the resource's pipeline.
        tables: its tables that rows are appended to.
        schema_name: the name of the resource's dlt schema.

    Returns:
        Rows deleted.
    """
    # What this machine was loading is known by its working files too, should its clock have been set back since.
    under_way = [path.name for path in (Path(pipeline.working_dir) / "load" / "normalized").glob("*")]
    under_way = [load_id for load_id in under_way if not is_loaded(pipeline, load_id)]
    with pipeline.sql_client() as client:
        try:
            finished = client.execute_sql(
                f"SELECT MAX(load_id) FROM {client.make_qualified_table_name('_dlt_loads')} "
                "WHERE status = 0 AND schema_name = %s",
                schema_name,
            )
        except DatabaseUndefinedRelation:
            return 0
        last = finished[0][0] if finished else None
        return sum(_take_back(client, table, last, under_way) for table in tables)


def _take_back(client: Any, table: str, last_finished: str | None, under_way: list[str]) -> int:
    name, load_id = client.make_qualified_table_name(table), client.escape_column_name("_dlt_load_id")
    newer = f"{load_id} > %s" + f" OR {load_id} = %s" * len(under_way)
    counted = f"SELECT {load_id}, COUNT(*) FROM {name} WHERE {newer} GROUP BY {load_id}"
    try:
        found = client.execute_sql(counted, last_finished or "", *under_way)
    except DatabaseUndefinedRelation:
        return 0
    # With no finished load at all, more than one unfinished load means that somebody emptied `_dlt_loads`.
    if not found or (last_finished is None and len(found) > 1):
        return 0
    for unfinished, _ in found:
        client.execute_sql(f"DELETE FROM {name} WHERE {load_id} = %s", unfinished)
    rows = sum(int(count) for _, count in found)
    _logger.warning("%s: took back %d rows of a load that did not finish", table, rows)
    return rows
