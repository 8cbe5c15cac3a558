"""What an interrupted sync left behind: rows that were fetched but not loaded, and rows of a half-done load.

Fetched rows are loaded first, without asking the API again, where that is exact. Appended rows of a load that
did not finish are taken back, because nothing else would ever take them out again.
"""

from __future__ import annotations

import json
import logging
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dlt.destinations.exceptions import DatabaseUndefinedRelation
from dlt.pipeline.exceptions import PipelineStepFailed
from dlt.pipeline.pipeline import Pipeline

from messaging_assets.api_description import Resource
from messaging_assets.dlt_source import REJECTED

# A finished read that waited longer than this for its load is too old to pass for a sync.
_VALID_SECONDS = 3600.0
_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class KeptReceipt:
    """The receipt of a read that is over.

    Args:
        load_ids: its loads; with the last of them its rows are complete.
        verdict: the value of its verdict.
        metadata: what the materialization will show.
    """

    load_ids: list[str]
    verdict: int
    metadata: dict[str, Any]


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
        partial.write_text(json.dumps({"at": time.time(), "version": self._version, "receipt": asdict(receipt)}))
        partial.chmod(0o600)
        partial.replace(self._file)

    def read(self) -> KeptReceipt | None:
        """The receipt, if there is one that is still good."""
        try:
            kept = json.loads(self._file.read_text())
        except (OSError, ValueError):
            return None
        fresh = time.time() - kept["at"] < _VALID_SECONDS and kept["version"] == self._version
        return KeptReceipt(**kept["receipt"]) if fresh else None

    def forget(self) -> None:
        """The receipt is on its way to Dagster, or its rows will be read again."""
        self._file.unlink(missing_ok=True)


def load_pending(pipeline: Pipeline, resource: Resource) -> None:
    """Load what an earlier sync fetched and did not load; asks the API nothing.

    Args:
        pipeline: the resource's pipeline, with its working files as they were left.
        resource: says how rows are written, and so whether going on is exact.

    What cannot be loaded exactly is dropped, to be read again.
    """
    pipeline.activate()
    if not pipeline.has_pending_data:
        return
    pending = [*pipeline.list_extracted_load_packages(), *pipeline.list_normalized_load_packages()]
    if not all(_is_exact(pipeline, load_id, resource) for load_id in pending):
        pipeline.drop()
        return
    try:
        if pipeline.list_extracted_load_packages():
            pipeline.normalize()
        pipeline.load(raise_on_failed_jobs=True)
    except PipelineStepFailed as failed:
        if failed.step == "normalize" or not pipeline.has_pending_data:
            _logger.warning("%s: fetched rows could not be loaded and are read again", pipeline.pipeline_name)
            pipeline.drop()
            return
        raise


def is_loaded(pipeline: Pipeline, load_id: str) -> bool:
    """Whether a load reached its end, by dlt's own note of it in the destination."""
    with pipeline.sql_client() as client:
        try:
            loads = client.make_qualified_table_name("_dlt_loads")
            found = client.execute_sql(f"SELECT load_id FROM {loads} WHERE status = 0 AND load_id = %s", load_id)
        except DatabaseUndefinedRelation:
            return False
    return bool(found)


def _is_exact(pipeline: Pipeline, load_id: str, resource: Resource) -> bool:
    """Whether loading the rest of a package gives what loading all of it would have given.

    A job that was under way may be repeated: a merge by key takes that, other ways of writing do not.
    """
    jobs = pipeline.get_load_package_info(load_id).jobs
    has_begun = any(jobs.get(state) for state in ("started_jobs", "completed_jobs", "failed_jobs"))
    if not has_begun:
        return True
    is_merge = resource.write_disposition == "merge" and bool(resource.keys) and resource.nested == "json"
    names = [job.job_file_info.table_name for state in jobs.values() for job in state]
    return is_merge and not any(name.endswith(REJECTED) for name in names)


def take_back_unfinished(pipeline: Pipeline, tables: list[str], schema_name: str) -> int:
    """Delete appended rows of loads that did not finish (dlt notes a finished load in `_dlt_loads`).

    Args:
        pipeline: the resource's pipeline.
        tables: its tables that rows are appended to.
        schema_name: the name of the resource's dlt schema.

    Returns:
        Rows deleted.
    """
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
        return sum(_take_back(client, table, last) for table in tables)


def _take_back(client: Any, table: str, last_finished: str | None) -> int:
    name, load_id = client.make_qualified_table_name(table), client.escape_column_name("_dlt_load_id")
    try:
        found = client.execute_sql(
            f"SELECT {load_id}, COUNT(*) FROM {name} WHERE {load_id} > %s GROUP BY {load_id}", last_finished or ""
        )
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
