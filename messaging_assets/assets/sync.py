"""One sync of one resource inside its op: secrets join, the API is read, the table is loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dagster import AssetExecutionContext, TableSchema

from messaging_assets.assets.credentials import ApiCredentials
from messaging_assets.assets.failure_sentence import as_failure
from messaging_assets.assets.metadata.column_schema import COLUMNS, loaded_schema
from messaging_assets.assets.metadata.hidden_metadata import without_secrets
from messaging_assets.assets.metadata.receipt_metadata import finding_metadata, receipt_metadata
from messaging_assets.assets.partitions import window_of, windows_of
from messaging_assets.assets.reads import Reads
from messaging_assets.assets.sync_config import SyncConfig
from messaging_assets.assets.sync_task import SyncResult, SyncTask, reads_ahead
from messaging_assets.assets.translator import ApiTranslator
from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.description.jobs import gives_changes_alone
from messaging_assets.destination.pipelines import keeps_rows_by_sql
from messaging_assets.foundation.failures import LoadRefused, MendDescription, SyncFailure, sync_failure
from messaging_assets.foundation.folders import settle_environment
from messaging_assets.http.wire.validators import Unchanged
from messaging_assets.loading.kept_receipt import KeptReceipt, receipt_file
from messaging_assets.loading.marks.read_from import why_not_from
from messaging_assets.loading.sync_lock import folders_to_sync, only_sync
from messaging_assets.loading.table.account_view import show_again
from messaging_assets.loading.table.earlier_syncs import confirm_loaded, load_pending, open_ledger, put_away, take_back
from messaging_assets.loading.table.removal import settle
from messaging_assets.loading.table.resource_table import ResourceTable
from messaging_assets.loading.table.unchanged import result_of_unchanged
from messaging_assets.loading.undisturbed import undisturbed
from messaging_assets.reading.cursors.marks import cursor_of
from messaging_assets.reading.evidence.sought_fields import CORRECT
from messaging_assets.reading.receipt import ReadResult, Verdict
from messaging_assets.reading.times.asked_windows import in_window
from messaging_assets.seams.dagster_dlt import DagsterDltResource
from messaging_assets.seams.dagster_storage import remember_storage
from messaging_assets.seams.dlt_lookups import shorten_lookups
from messaging_assets.seams.dlt_names import PipelineStepFailed
from messaging_assets.seams.dlt_settings import own_settings, refuse_environment
from messaging_assets.tables.altered_tables import NEEDED, altered
from messaging_assets.tables.failed_loads import refused_for_good
from messaging_assets.tables.housekeeping import tidy_up
from messaging_assets.tables.taking_away import TakenOut
from messaging_assets.tables.window_rows import rows_by_window


def sync(
    context: AssetExecutionContext,
    description: ApiDescription,
    resource: Resource,
    credentials: ApiCredentials,
    loader: DagsterDltResource,
    translator: ApiTranslator,
    config: SyncConfig,
) -> SyncResult:
    """Read a resource to its end and load it.

    A list that moved while it was read is read again, up to the file's `passes`; nothing is loaded in between.

    Raises:
        SyncFailure: one sentence on what happened and what to do; the receipt is its `metadata`.
    """
    window = window_of(context, resource, description.asset_of(resource))
    folders = settle_environment().make()
    ahead = reads_ahead(context, description, folders)
    if not config.full_refresh:  # which may drop the table, and with it what other windows load meanwhile
        folders = folders_to_sync(description, resource, window, folders)
    task = SyncTask(
        context, description, in_window(resource, window), window, config, loader, translator, folders, ahead
    )
    one = _Sync(task)
    caught: Exception | None = None
    shorten_lookups()
    remember_storage()
    ahead.turn_to(resource)
    try:
        refuse_environment(task.asset)
        _refuse_to_drop_changes(task)
        _refuse_read_from(task)
        alone = only_sync(description, task.resource, folders)
        with own_settings(context.log.warning), alone, task.redaction.on_loggers(), undisturbed():
            task.redaction.add(*credentials.all_secrets(description))
            result = one.run(credentials)
        task.tell(result.metadata)
        return result
    except Exception as error:  # noqa: BLE001 - whatever it was, it becomes one sentence below
        caught = error
    finally:
        ahead.end(resource)
    failure = as_failure(task.asset, caught, task.redaction)
    task.receipt.rows_loaded = task.receipt.rows_committed
    failure.metadata = without_secrets(receipt_metadata(task.receipt), task.redaction)
    with own_settings():
        one.keep_failure(failure)
    if config.full_refresh:
        show_again(description, resource, folders)
    task.tell(failure.metadata, failure)
    raise failure


def _refuse_to_drop_changes(task: SyncTask) -> None:
    """Keep the table of an API that gives only what changes from now on, which would begin without all before."""
    cursor = cursor_of(task.resource.endpoint)
    if task.config.full_refresh and cursor is not None and gives_changes_alone(cursor.first_mark):
        raise MendDescription(
            "full_refresh would drop its table, and its API gives only what changes from now on (starts_read)",
            "run it with forget_state, which leaves the table as it is",
            where=task.asset,
        )


def _refuse_read_from(task: SyncTask) -> None:
    """Stop where no read can begin at a value of the cursor, or somebody wants everything as well."""
    if task.config.read_from is None:
        return
    why, step = why_not_from(task.resource) or ("", "")
    if task.config.is_anew:
        why, step = "full_refresh and forget_state read everything", "take read_from out, or those"
    if not task.config.read_from.strip():
        why, step = "it is empty", "write a value of the cursor, or take it out"
    if why:
        raise MendDescription(f"read_from cannot be: {why}", step, where=task.asset)


class _Sync:
    """The steps of one sync, in their order."""

    def __init__(self, task: SyncTask) -> None:
        self._task = task
        self._table: ResourceTable | None = None

    def run(self, credentials: ApiCredentials) -> SyncResult:
        """Load what was fetched before, or read and load, pass by pass.

        Raises:
            LoadRefused: the destination refused the rows for good.
        """
        task, base_url = self._task, credentials.base_url_for(self._task.description)
        kept = receipt_file(task.description, task.resource, task.window, base_url, task.folders)
        table = self._table = ResourceTable(task.description, task.resource, task.folders, task.window, kept)
        try:
            return self._load_pending(table) or self._read_and_load(table, credentials, base_url)
        except PipelineStepFailed as failed:
            if refused_for_good(failed) is None:
                if NEEDED in str(failed) and (
                    changed := altered(table.fresh_pipeline(), task.resource.table, str(failed))
                ):
                    # What was fetched stays, and is loaded once they are gone.
                    raise MendDescription(*changed, where=task.asset) from None
                raise
            failure = as_failure(task.asset, failed, task.redaction)
            if changed := altered(table.fresh_pipeline(), task.resource.table, str(failure)):
                failure = LoadRefused(*changed, where=task.asset)
            place = put_away(table, str(failure))
        finally:
            table.let_go()
        raise failure.adding(f"What was refused is kept in {place}.") if place else failure

    def _load_pending(self, table: ResourceTable) -> SyncResult | None:
        """The result of a sync whose rows were all fetched before, once they are loaded; else None."""
        task = self._task
        if not keeps_rows_by_sql():
            # What an interruption left in files cannot be taken back, so everything is read and written again.
            table.forget_working_files()
            return None
        open_ledger(table, task.context.log.warning, task.config.is_anew)
        task.ahead.note(table.pipeline)
        # Whoever wants everything anew wants it once: at the second try the receipt is this run's own.
        is_wanted = not task.config.asks_again or task.context.retry_number > 0
        kept = table.receipts.read() if is_wanted else None
        take_back(table)
        if not is_wanted:
            table.pipeline.drop()
        try:
            loads = load_pending(table, kept)
        except PipelineStepFailed as failed:
            if refused_for_good(failed) is None:
                raise
            why = str(as_failure(task.asset, failed, task.redaction))
            task.context.log.warning("%s The rows are read again; what was refused is put away.", why)
            put_away(table, why)
            return None
        table.reconcile(*loads)
        if table.is_appended and is_wanted:
            # What is appended is there for good: nobody may append it again, whatever changed since.
            kept = table.receipts.read(of_any_version=True)
        if kept is not None and confirm_loaded(table, kept, loads):
            return self._resumed(table, kept)
        table.receipts.forget()
        return None

    def _resumed(self, table: ResourceTable, kept: KeptReceipt) -> SyncResult:
        """The result of a read that an earlier run was over with, and whose rows are loaded now."""
        task = self._task
        task.context.log.info("%s: loaded what was fetched before, asked the API nothing", task.asset)
        loaded = {
            "messaging_assets/resumed": "loaded what an earlier run had fetched",
            COLUMNS: _columns(task.resource, table),
        }
        if not table.is_newest(kept):
            table.add_to_history(task.history(kept.metadata))
            return self._result({**kept.metadata, **loaded}, kept.result, table)
        if table.ledger:
            table.ledger.adopt()
        return self._settled(table, kept.load_ids, kept.result, {**kept.metadata, **loaded})

    def _read_and_load(self, table: ResourceTable, credentials: ApiCredentials, base_url: str) -> SyncResult:
        task = self._task
        try:
            load_ids, loaded = Reads(task, table).run(credentials, base_url)
        except Exception as error:
            if not isinstance(unchanged := sync_failure(error), Unchanged):
                raise
        else:
            unchanged = None
        if unchanged is not None:
            return self._unchanged(table, unchanged)
        result, metadata = task.receipt.result, receipt_metadata(task.receipt)
        if result.finding.verdict is Verdict.UNKNOWN:
            words, reason = result.finding.verdict.words, result.finding.reason
            task.context.log.warning("%s: the read is '%s': %s", task.asset, words, reason)
        if unseen := task.receipt.fields.told:
            task.context.log.warning("%s: no record has what the file takes of it, %s; %s", task.asset, unseen, CORRECT)
        settled = self._settled(table, load_ids, result, metadata)
        tidied = tidy_up(table.description, table.resource, table.folders.of_project)
        # What the sync saw comes first on the asset's page, what dlt did after it.
        return replace(settled, metadata={**settled.metadata, **tidied, **loaded})

    def _unchanged(self, table: ResourceTable, unchanged: Unchanged) -> SyncResult:
        """The result of a sync whose list is the one that is in the table, so that nothing was loaded."""
        task, result = self._task, result_of_unchanged(table, unchanged)
        task.context.log.info("%s: %s", task.asset, result.finding.reason)
        task.receipt.not_modified, task.receipt.validator = 1, unchanged.validator
        metadata = {**receipt_metadata(task.receipt), **finding_metadata(result.finding)}
        table.add_to_history(task.history(metadata))
        return SyncResult({**metadata, COLUMNS: _columns(task.resource, table)}, result, redaction=task.redaction)

    def _result(self, metadata: dict[str, Any], read: ReadResult, table: ResourceTable) -> SyncResult:
        windows = windows_of(self._task.context, self._task.resource)
        rows = rows_by_window(table.pipeline, self._task.resource, windows)
        return SyncResult(metadata, read, rows, table.receipts.forget, self._task.redaction)

    def _settled(
        self, table: ResourceTable, load_ids: Sequence[str], result: ReadResult, metadata: Mapping[str, Any]
    ) -> SyncResult:
        """The result of a sync whose rows are loaded, when those are gone that it did not bring."""
        task = self._task

        def shown(taken: TakenOut) -> dict[str, Any]:
            return {**metadata, **taken.metadata, **(finding_metadata(taken.finding) if taken.finding else {})}

        many = task.config.allow_many_deletes
        taken = settle(table, load_ids, result, many, lambda taken: task.history(shown(taken)))
        if taken.finding:
            result = replace(result, finding=taken.finding)
        return self._result(shown(taken), result, table)

    def keep_failure(self, failure: SyncFailure) -> None:
        """Keep in the destination, if it answered before, that this sync failed."""
        if self._table:
            self._table.add_to_history(self._task.history(failure.metadata, str(failure)))


def _columns(resource: Resource, table: ResourceTable) -> TableSchema:
    """The columns of a table that is there, as Dagster shows them."""
    schema = table.schema
    columns = schema.get_table_columns(schema.naming.normalize_tables_path(resource.table))
    return loaded_schema(resource, columns, schema.naming.normalize_path)
