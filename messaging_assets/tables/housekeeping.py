"""What a sync tidies up once a day: what is past its retention goes, what no file describes any more is named."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from dlt import Pipeline, Schema
from filelock import FileLock, Timeout

from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.description.names import HISTORY
from messaging_assets.destination.names import REJECTED, pipeline_name, schema_name
from messaging_assets.destination.pipelines import build_pipeline, keeps_rows_by_sql
from messaging_assets.foundation.folders import ProjectFolders
from messaging_assets.foundation.private_files import PRIVATE_FILE, write_private
from messaging_assets.seams.dlt_names import DatabaseException
from messaging_assets.tables.comments import described as comments_of
from messaging_assets.tables.comments import write_comments
from messaging_assets.tables.failed_loads import remove_failed_loads
from messaging_assets.tables.notes.sync_history import OF_RESOURCE
from messaging_assets.tables.table_rows import TableMissing, table_rows

_DAY = 24 * 3600.0
_logger = logging.getLogger(__name__)


def tidy_up(description: ApiDescription, resource: Resource, folders: ProjectFolders) -> dict[str, Any]:
    """Delete what is past the file's `retention`; name tables that no resource has any more; write comments.

    Done at most once a day for a resource, and at once when the API's resources have changed. What the destination
    refuses is a warning: the rows of the sync are loaded already.

    Args:
        description: the API.
        resource: the one that was just synced, with the file's defaults merged in.
        folders: where working files are.

    Returns:
        Metadata: how many rejected rows went, and which tables are orphaned; empty where there is nothing to tell.
    """
    name = pipeline_name(description.name, resource.name)
    described = {schema_name(description, one) for one in description.resources_in_full.values()}
    version = hashlib.sha256(repr((sorted(described), resource.retention, comments_of(resource))).encode()).hexdigest()
    stamp = folders.pipelines / f"{name}.tidied"
    if _is_done(stamp, version):
        return {}
    _remove_working_files(folders, resource.retention.working_files_days)
    remove_failed_loads(folders, resource.retention.working_files_days)
    metadata: dict[str, Any] = {}
    if keeps_rows_by_sql():
        try:
            metadata = _tidy_destination(
                build_pipeline(description, resource, folders), description, resource, described
            )
        except (DatabaseException, TableMissing) as refused:
            _logger.warning("%s: could not tidy up in the destination (%s)", name, type(refused).__name__)
    write_private(stamp, version)
    return metadata


def _is_done(stamp: Path, version: str) -> bool:
    try:
        return stamp.read_text() == version and time.time() - stamp.stat().st_mtime < _DAY
    except OSError:
        return False


def _tidy_destination(
    pipeline: Pipeline, description: ApiDescription, resource: Resource, described: set[str]
) -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    with table_rows(pipeline) as rows:
        if resource.retention.rejected_days is not None:
            before = datetime.now(timezone.utc) - timedelta(days=resource.retention.rejected_days)
            if expired := rows.delete(resource.table + REJECTED, f"{rows.column('rejected_at')} < %s", (before,)):
                metadata["messaging_assets/rejected_expired"] = expired
        if resource.retention.history_days is not None:
            before = datetime.now(timezone.utc) - timedelta(days=resource.retention.history_days)
            rows.delete(HISTORY, f"{OF_RESOURCE} AND ended_at < %s", (description.name, resource.name, before))
        with suppress(DatabaseException):  # whose user does not own the table
            write_comments(rows, resource)
        names = f"SELECT DISTINCT {rows.column('schema_name')} FROM {rows.qualified('_dlt_version')}"
        every = {str(name) for (name,) in rows.select(names)}
    if description.dataset:
        return metadata  # others may share it, and `chat_eu_users` may be one of theirs
    prefix = f"{description.name}_".lower()
    if orphans := sorted(name for name in every - described if name.startswith(prefix)):
        sentence = _how_to_drop(pipeline, description, orphans)
        _logger.warning("%s", sentence)
        metadata["messaging_assets/orphaned_tables"] = sentence
    return metadata


def _how_to_drop(pipeline: Pipeline, description: ApiDescription, orphans: Sequence[str]) -> str:
    """A sentence that names the tables of schemas whose resources are gone, and the statements that drop them.

    A resource whose table got another name has its state still, and another resource may have the table by now.
    """
    tables, statements, api = [], [], description.name
    living = description.resources_in_full
    with pipeline.destination_client() as client:
        stored: Any = [client.get_stored_schema(orphan) for orphan in orphans]  # type: ignore[attr-defined]
    with table_rows(pipeline) as rows:
        for orphan, kept in zip(orphans, stored, strict=True):
            schema = Schema.from_stored_schema(json.loads(kept.schema))
            kept_tables = {schema.naming.normalize_tables_path(one.table) for one in living.values()}
            own = [
                str(rows.client.make_qualified_table_name(table))
                for table in schema.data_table_names()
                if table.partition("__")[0] not in kept_tables
            ]
            tables += own
            statements += [f"DROP TABLE IF EXISTS {table}" for table in own]
            stated = pipeline_name(api, orphan.removeprefix(f"{api}_".lower()))
            state = [("_dlt_pipeline_state", "pipeline_name", stated)]
            for table, column, value in (
                ("_dlt_version", "schema_name", orphan),
                ("_dlt_loads", "schema_name", orphan),
                *(state if stated not in {pipeline_name(api, one).lower() for one in living} else ()),
            ):
                statements.append(f"DELETE FROM {rows.qualified(table)} WHERE {rows.column(column)} = '{value}'")
    return (
        f"{api}: no resource describes {', '.join(tables)} any more, so nothing keeps them up to date; if that is "
        f"meant, drop them and their state with: {'; '.join(statements)};"
    )


def _remove_working_files(folders: ProjectFolders, days: float) -> None:
    """Remove what dlt keeps of pipelines that did not run for so long; a destination has all that matters of them."""
    oldest = time.time() - days * _DAY
    for path in (*folders.pipelines.glob("*__*"), *folders.windows.glob("*__*")):
        with suppress(FileNotFoundError, Timeout):
            if max(one.stat().st_mtime for one in (path, *path.rglob("*"))) > oldest:
                continue
            # A sync that is just beginning holds this lock.
            name = path.name if path.parent == folders.windows else path.name.split(".")[0]
            with FileLock(folders.locks / f"{name}.lock", timeout=0, mode=PRIVATE_FILE):
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()
