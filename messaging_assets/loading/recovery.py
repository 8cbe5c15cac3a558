"""What an interrupted sync left behind: rows that were fetched but not loaded, and rows of a half-done load.

Appended rows of a load that did not finish are taken back, because nothing else would ever take them out again.
Then what was fetched is loaded from the start, without asking the API again.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from dlt import Pipeline

from messaging_assets.description.api import Resource
from messaging_assets.destination.pipelines import keeps_rows_by_sql
from messaging_assets.rows.batches import must_load_whole
from messaging_assets.rows.written_rows import written_in
from messaging_assets.seams.dlt_names import C_DLT_LOAD_ID, DatabaseUndefinedRelation, PipelineStepFailed
from messaging_assets.seams.dlt_packages import LoadPackageNotFound, begin_anew, finish_storages, normalized_packages
from messaging_assets.tables.reconciliation import Load, nested_rows, rows_in_files
from messaging_assets.tables.table_rows import TableRows, table_rows

_logger = logging.getLogger(__name__)


def load_pending(
    pipeline: Pipeline,
    resource: Resource,
    is_whole: bool,
    is_newest: Callable[[Sequence[str]], bool],
    fits: Callable[[], bool],
) -> list[Load]:
    """Load what an earlier sync fetched and did not load; asks the API nothing.

    Args:
        pipeline: the resource's pipeline, with its working files as they were left.
        resource: says how rows are written.
        is_whole: whether a receipt says that this read is over.
        is_newest: whether the destination knows these loads as those of the newest sync.
        fits: whether what is normalized may be loaded; where it may not, it is dropped already.

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
        if not fits():
            return []
        loads = _pending_loads(pipeline)
        ready_staging(pipeline)
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


def before_load(pipeline: Pipeline, do: Callable[[], None], is_anew: bool = False) -> None:
    """Have something done when a pipeline's rows are fetched and normalized, and not loaded yet.

    Args:
        pipeline: what loads, by dlt's `Pipeline.run`.
        do: what is done; where it fails, nothing is loaded and the rows stay in the pipeline's folder.
        is_anew: whether the load drops its tables before.
    """
    load = pipeline.load

    def loaded(*args: Any, **named: Any) -> Any:
        do()
        if is_anew and keeps_rows_by_sql():
            _drop_unknown(pipeline)
        ready_staging(pipeline)
        return load(*args, **named)

    pipeline.load = loaded  # type: ignore[method-assign]


def _drop_unknown(pipeline: Pipeline) -> None:
    """Drop the tables of a load that begins anew where dlt has no note of any, and so would add to what they hold.

    Its notes of the schema go too. By them it would take tables for made, its own as well.
    """
    packages = map(pipeline.get_load_package_state, pipeline.list_normalized_load_packages())
    if any(package.get("dropped_tables") for package in packages):
        return
    schema = pipeline.default_schema
    with pipeline.sql_client() as client:
        for name in schema.data_table_names():
            client.execute_sql(f"DROP TABLE IF EXISTS {client.make_qualified_table_name(name)}")
        with suppress(DatabaseUndefinedRelation):
            column = client.escape_column_name(schema.naming.normalize_identifier("schema_name"))
            notes = client.make_qualified_table_name(schema.version_table_name)
            client.execute_sql(f"DELETE FROM {notes} WHERE {column} = %s", schema.name)


def ready_staging(pipeline: Pipeline) -> None:
    """Let a load that drops its tables find what it looks for in the staging dataset.

    There dlt deletes its notes of the tables too, and fails without the table of these notes; an appended load makes
    a staging dataset that has none.
    """
    packages = map(pipeline.get_load_package_state, pipeline.list_normalized_load_packages())
    if not any(package.get("dropped_tables") for package in packages):
        return
    client: Any = pipeline.destination_client()
    if not hasattr(client, "with_staging_dataset"):
        return
    with client, client.with_staging_dataset() as staging:
        if staging.is_storage_initialized():
            staging.update_stored_schema(only_tables=[staging.schema.version_table_name])


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
    package, state = normalized_packages(pipeline) / load_id, pipeline.default_schema.state_table_name
    with table_rows(pipeline) as rows:
        if rows.is_loaded(load_id):
            shutil.rmtree(package)
            return
        # The state of a pipeline is only ever added to, and PostgreSQL takes the same row of it once.
        rows.delete(state, rows.of_loads([load_id]), [load_id])
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
    with table_rows(pipeline) as rows:
        under_way = [load_id for load_id in dict.fromkeys((*under_way, *begun)) if not rows.is_loaded(load_id)]
        try:
            last = rows.last_finished(schema_name)
        except DatabaseUndefinedRelation:
            return 0
        return sum(_take_back(rows, table, last, under_way) for table in tables)


def _take_back(rows: TableRows, table: str, last_finished: str | None, under_way: list[str]) -> int:
    load_id = rows.column(C_DLT_LOAD_ID)
    newer = f"{load_id} > %s" + f" OR {load_id} = %s" * len(under_way)
    counted = rows.count_by_load(table, newer, (last_finished or "", *under_way))
    # One that another resource finished, which had the table before, is no unfinished one.
    found = {one: number for one, number in counted.items() if not rows.is_loaded(one)}
    # With no finished load at all, more than one unfinished load means that somebody emptied `_dlt_loads`.
    if not found or (last_finished is None and len(found) > 1):
        return 0
    for unfinished in found:
        rows.delete(table, rows.of_loads([unfinished]), [unfinished])
    _logger.warning("%s: took back %d rows of a load that did not finish", table, sum(found.values()))
    return sum(found.values())
