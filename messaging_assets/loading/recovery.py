"""What an interrupted sync left behind: rows that were fetched but not loaded, and rows of a half-done load.

Appended rows of a load that did not finish are taken back, because nothing else would ever take them out again.
Then what was fetched is loaded from the start, without asking the API again.
"""

from __future__ import annotations

import json
import logging
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dlt import Pipeline

from messaging_assets.description.api import Resource
from messaging_assets.foundation.private_files import read_private, write_private
from messaging_assets.reading.receipt import Finding, Verdict
from messaging_assets.rows.batches import must_load_whole
from messaging_assets.rows.written_rows import written_in
from messaging_assets.seams.dlt_names import C_DLT_LOAD_ID, DatabaseUndefinedRelation, PipelineStepFailed
from messaging_assets.seams.dlt_packages import LoadPackageNotFound, begin_anew, finish_storages, normalized_packages
from messaging_assets.tables.reconciliation import Load, nested_rows, rows_in_files
from messaging_assets.tables.table_rows import TableRows, table_rows

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
        noted_before: where the destination's ledger stood, see `SyncLedger.place`.
        read: what is noted in the ledger of this read.
    """

    load_ids: list[str]
    verdict: int
    metadata: dict[str, Any]
    noted_before: list[str | None] = field(default_factory=list)
    read: dict[str, Any] = field(default_factory=dict)

    @property
    def finding(self) -> Finding:
        """How complete the read was, and why."""
        return Finding(Verdict(self.verdict), str(self.metadata.get("messaging_assets/verdict_reason", "")))


class ReceiptFile:
    """The receipt of a read that is over but perhaps not loaded yet, beside dlt's working files.

    Args:
        folder: where dlt's working files are.
        name: the resource's pipeline.
        version: changes with the resource's description, so that a receipt of another one is not used; None where
            nobody can tell whether that changed.
        asked: changes with what is asked for, and where.
    """

    def __init__(self, folder: Path, name: str, version: str | None, asked: str) -> None:
        self._file, self._version, self._asked = folder / f"{name}.receipt.json", version, asked

    def write(self, receipt: KeptReceipt) -> None:
        """Keep a receipt until Dagster has it."""
        partial = self._file.with_suffix(".partial")
        named = {"version": self._version, "asked": self._asked}
        write_private(partial, json.dumps({"at": time.time(), **named, "receipt": asdict(receipt)}))
        partial.replace(self._file)

    def read(self, of_any_version: bool = False) -> KeptReceipt | None:
        """The receipt, if there is one that is still good; with `of_any_version` of anything that asks for the same."""
        try:
            kept = json.loads(read_private(self._file))
            is_good = time.time() - kept["at"] < _VALID_SECONDS and kept["asked"] == self._asked
            is_good &= of_any_version or (kept["version"] == self._version and self._version is not None)
            return KeptReceipt(**kept["receipt"]) if is_good else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def forget(self) -> None:
        """The receipt is on its way to Dagster, or its rows will be read again."""
        self._file.unlink(missing_ok=True)


def load_pending(
    pipeline: Pipeline, resource: Resource, is_whole: bool, is_newest: Callable[[Sequence[str]], bool]
) -> list[Load]:
    """Load what an earlier sync fetched and did not load; asks the API nothing.

    Args:
        pipeline: the resource's pipeline, with its working files as they were left.
        resource: says how rows are written.
        is_whole: whether a receipt says that this read is over.
        is_newest: whether the destination knows these loads as those of the newest sync.

    What is not the newest is dropped, and the state that came with it. Rows of a read that was not over are only good
    for a merge. What cannot be loaded is dropped, to be read again.

    Returns:
        What was loaded, to be held against the table.
    """
    pipeline.activate()
    finish_storages(pipeline)
    if not pipeline.has_pending_data:
        return []
    packages = [*pipeline.list_extracted_load_packages(), *pipeline.list_normalized_load_packages()]
    if not is_newest(packages):
        _logger.warning("%s: what was fetched before is not the newest any more; it is dropped", pipeline.pipeline_name)
        pipeline.drop()
        return []
    if not (is_whole or (resource.disposition == "merge" and not must_load_whole(resource))):
        pipeline.drop()
        return []
    try:
        for load_id in pipeline.list_normalized_load_packages():
            _set_back(pipeline, load_id)
        if pipeline.list_extracted_load_packages():
            pipeline.normalize()
        loads = _pending_loads(pipeline)
        pipeline.load(raise_on_failed_jobs=True)
        return loads
    except (OSError, ValueError):
        _logger.warning("%s: working files are damaged; what they held is read again", pipeline.pipeline_name)
        pipeline.drop()
        return []
    except PipelineStepFailed as failed:
        if failed.step == "normalize" or not pipeline.has_pending_data:
            _logger.warning("%s: fetched rows could not be loaded and are read again", pipeline.pipeline_name)
            pipeline.drop()
            return []
        raise


def before_load(pipeline: Pipeline, do: Callable[[], None]) -> None:
    """Have something done when a pipeline's rows are fetched and normalized, and not loaded yet.

    Args:
        pipeline: what loads, by dlt's `Pipeline.run`.
        do: what is done; where it fails, nothing is loaded and the rows stay in the pipeline's folder.
    """
    load = pipeline.load

    def loaded(*args: Any, **named: Any) -> Any:
        do()
        return load(*args, **named)

    pipeline.load = loaded  # type: ignore[method-assign]


def _pending_loads(pipeline: Pipeline) -> list[Load]:
    """What is about to be loaded, where it says how much that is."""
    load_ids, loads = list(pipeline.list_normalized_load_packages()), []
    for load_id in load_ids:
        written = written_in(pipeline.get_load_package_state(load_id))
        if written is not None:
            package = normalized_packages(pipeline) / load_id
            nested = nested_rows(pipeline, load_id) or rows_in_files(package)
            loads.append(Load(load_id, written, nested, is_last=load_id == load_ids[-1]))
    return loads


def finished_before(pipeline: Pipeline, load_id: str, is_last: bool) -> list[Load]:
    """A load that an earlier process finished, where dlt's working files still say what it was given.

    Args:
        pipeline: the resource's pipeline.
        load_id: dlt's name of the load.
        is_last: whether nothing has changed its rows since.
    """
    try:
        written = written_in(pipeline.get_load_package_state(load_id))
    except LoadPackageNotFound:
        return []
    return [Load(load_id, written, {}, is_last)] if written else []


def _set_back(pipeline: Pipeline, load_id: str) -> None:
    """Let the load of a package begin anew; one that the destination has already is put away."""
    package = normalized_packages(pipeline) / load_id
    if is_loaded(pipeline, load_id):
        shutil.rmtree(package)
    else:
        begin_anew(package)


def is_loaded(pipeline: Pipeline, load_id: str) -> bool:
    """Whether a load reached its end, by dlt's own note of it in the destination."""
    with table_rows(pipeline) as rows:
        return rows.is_loaded(load_id)


def take_back_unfinished(pipeline: Pipeline, tables: list[str], schema_name: str, begun: Sequence[str] = ()) -> int:
    """Delete appended rows of loads that did not finish (dlt notes a finished load in `_dlt_loads`).

    Args:
        pipeline: the resource's pipeline.
        tables: its tables that rows are appended to.
        schema_name: the name of the resource's dlt schema.
        begun: loads that the destination knows to have been begun, on whatever machine, and by whatever clock.

    Returns:
        Rows deleted.
    """
    # What this machine was loading is known by its working files too, should its clock have been set back since.
    under_way = [path.name for path in normalized_packages(pipeline).glob("*")]
    under_way = list(dict.fromkeys((*under_way, *begun)))
    under_way = [load_id for load_id in under_way if not is_loaded(pipeline, load_id)]
    with table_rows(pipeline) as rows:
        try:
            last = rows.last_finished(schema_name)
        except DatabaseUndefinedRelation:
            return 0
        return sum(_take_back(rows, table, last, under_way) for table in tables)


def _take_back(rows: TableRows, table: str, last_finished: str | None, under_way: list[str]) -> int:
    load_id = rows.column(C_DLT_LOAD_ID)
    newer = f"{load_id} > %s" + f" OR {load_id} = %s" * len(under_way)
    found = rows.count_by_load(table, newer, (last_finished or "", *under_way))
    # With no finished load at all, more than one unfinished load means that somebody emptied `_dlt_loads`.
    if not found or (last_finished is None and len(found) > 1):
        return 0
    for unfinished in found:
        rows.delete(table, rows.of_loads([unfinished]), [unfinished])
    _logger.warning("%s: took back %d rows of a load that did not finish", table, sum(found.values()))
    return sum(found.values())
