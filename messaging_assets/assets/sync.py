"""One sync of one resource inside its op: secrets join, the API is read, the table is loaded."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dagster import AssetExecutionContext
from dlt.sources import DltSource

from messaging_assets.assets.checks import plain_metadata
from messaging_assets.assets.column_schema import loaded_schema, with_descriptions
from messaging_assets.assets.credentials import ApiCredentials
from messaging_assets.assets.failure_sentence import as_failure
from messaging_assets.assets.hidden_metadata import without_secrets
from messaging_assets.assets.partitions import window_of
from messaging_assets.assets.receipt_metadata import finding_metadata, history_row, receipt_metadata, sum_of_loads
from messaging_assets.assets.sync_config import SyncConfig
from messaging_assets.assets.translator import ApiTranslator
from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.description.parents import ancestry
from messaging_assets.description.windows import Window
from messaging_assets.destination.pipelines import keeps_rows_by_sql, loader_file_format
from messaging_assets.foundation.failures import LoadRefused, SyncFailure, TooManySetAside, sync_failure
from messaging_assets.foundation.folders import settle_environment
from messaging_assets.foundation.redaction import Redaction
from messaging_assets.http.authenticators import Authenticators
from messaging_assets.http.session import ApiSession
from messaging_assets.loading.kept_receipt import KeptReceipt, receipt_file
from messaging_assets.loading.passes.judgement import Unsettled
from messaging_assets.loading.passes.read_pass import PassOptions, ReadPass
from messaging_assets.loading.passes.target import ReadTarget
from messaging_assets.loading.recovery import before_load
from messaging_assets.loading.resource_table import ResourceTable
from messaging_assets.loading.sync_lock import only_sync
from messaging_assets.loading.undisturbed import undisturbed
from messaging_assets.loading.window_request import in_window
from messaging_assets.reading.receipt import ReadResult, Receipt, Verdict
from messaging_assets.reading.resume_point import CannotResume
from messaging_assets.rows.values.undeclared_types import Retyped
from messaging_assets.seams.dagster_dlt import DagsterDltResource
from messaging_assets.seams.dlt_names import PipelineStepFailed
from messaging_assets.seams.dlt_settings import own_settings, refuse_environment
from messaging_assets.tables.altered_tables import altered
from messaging_assets.tables.failed_loads import refused_for_good
from messaging_assets.tables.notes.sync_history import HistoryRow
from messaging_assets.tables.reconciliation import Load, nested_rows
from messaging_assets.tables.taking_away import TakenOut

_COLUMNS = "dagster/column_schema"


@dataclass(frozen=True)
class SyncResult:
    """What a sync leaves.

    Args:
        metadata: all metadata of its materialization, receipt included.
        read: how complete its read was.
        acknowledge: to be called when Dagster has it. Until then another try takes the same result, because its rows
            are loaded: to read them again would append them twice.
        redaction: knows the sync's secrets, for whatever else is shown of it.
    """

    metadata: dict[str, Any]
    read: ReadResult
    acknowledge: Callable[[], None] = lambda: None
    redaction: Redaction = field(default_factory=Redaction)


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
    one = _Sync(context, description, in_window(resource, window), loader, translator, config, window)
    caught: Exception | None = None
    try:
        refuse_environment(one.asset)
        alone = only_sync(description, one.resource, one.folders)
        with own_settings(context.log.warning), alone, one.redaction.on_loggers(), undisturbed():
            one.redaction.add(*credentials.all_secrets(description))
            return one.run(credentials)
    except Exception as error:  # noqa: BLE001 - whatever it was, it becomes one sentence below
        caught = error
    failure = as_failure(one.asset, caught, one.redaction)
    failure.metadata = without_secrets(receipt_metadata(one.receipt), one.redaction)
    with own_settings():
        one.keep_failure(failure)
    raise failure


class _Sync:
    """The steps of one sync, in their order."""

    def __init__(
        self,
        context: AssetExecutionContext,
        description: ApiDescription,
        resource: Resource,
        loader: DagsterDltResource,
        translator: ApiTranslator,
        config: SyncConfig,
        window: Window | None,
    ) -> None:
        self.context, self.loader, self.translator = context, loader, translator
        self.description, self.resource = description, resource
        self.config, self.window = config, window
        self.asset = description.asset_of(resource)
        self.folders = settle_environment().make()
        self.redaction, self.receipt = Redaction(), Receipt()
        self._started = time.monotonic()

    def run(self, credentials: ApiCredentials) -> SyncResult:
        """Load what was fetched before, or read and load, pass by pass.

        Raises:
            LoadRefused: the destination refused the rows for good.
        """
        base_url = credentials.base_url_for(self.description)
        self.kept = receipt_file(self.description, self.resource, self.window, base_url, self.folders)
        self.table = ResourceTable(
            self.description, self.resource, self.folders, self.window, self.kept, self.context.log.warning
        )
        try:
            pending = self._load_pending()
            self.table.let_go()
            return pending or self._read_and_load(credentials, base_url)
        except PipelineStepFailed as failed:
            if refused_for_good(failed) is None:
                raise
            failure = as_failure(self.asset, failed, self.redaction)
            if changed := altered(self.table.fresh_pipeline(), self.resource.name, str(failure)):
                failure = LoadRefused(*changed, where=self.asset)
            place = self.table.put_away(str(failure))
        finally:
            self.table.let_go()
        raise failure.adding(f"What was refused is kept in {place}.") if place else failure

    def _load_pending(self) -> SyncResult | None:
        """The result of a sync whose rows were all fetched before, once they are loaded; else None."""
        table = self.table
        if not keeps_rows_by_sql():
            # What an interruption left in files cannot be taken back, so everything is read and written again.
            table.forget_working_files()
            return None
        table.open_ledger(self.config.is_anew)
        # Whoever wants everything anew wants it once: at the second try the receipt is this run's own.
        is_wanted = not self.config.is_anew or self.context.retry_number > 0
        kept = self.kept.read() if is_wanted else None
        table.take_back()
        if not is_wanted:
            table.pipeline.drop()
        try:
            loads = table.load_pending(kept)
        except PipelineStepFailed as failed:
            if refused_for_good(failed) is None:
                raise
            why = str(as_failure(self.asset, failed, self.redaction))
            self.context.log.warning("%s The rows are read again; what was refused is put away.", why)
            table.put_away(why)
            return None
        table.reconcile(*loads)
        if table.is_appended and is_wanted:
            # What is appended is there for good: nobody may append it again, whatever changed since.
            kept = self.kept.read(of_any_version=True)
        if kept is not None and table.confirm_loaded(kept, loads):
            return self._resumed(kept)
        self.kept.forget()
        return None

    def _resumed(self, kept: KeptReceipt) -> SyncResult:
        """The result of a read that an earlier run was over with, and whose rows are loaded now."""
        self.context.log.info("%s: loaded what was fetched before, asked the API nothing", self.asset)
        schema = self.table.schema
        columns = schema.get_table_columns(schema.naming.normalize_tables_path(self.resource.name))
        loaded = {
            "messaging_assets/resumed": "loaded what an earlier run had fetched",
            _COLUMNS: loaded_schema(self.resource, columns, schema.naming.normalize_path),
        }
        if not self.table.is_newest(kept):
            self.table.add_to_history(self._history(kept.metadata))
            return SyncResult({**kept.metadata, **loaded}, kept.result, self.kept.forget, self.redaction)
        if self.table.ledger:
            self.table.ledger.adopt()
        return self._settled(kept.load_ids, kept.result, {**kept.metadata, **loaded})

    def _read_and_load(self, credentials: ApiCredentials, base_url: str) -> SyncResult:
        made = Authenticators(self.description, credentials, self.redaction, self.context.run.run_id)
        auths = {one.name: made.of(one) for one in ancestry(self.description, self.resource)}
        number, is_anew, learnt = 1, False, dict[str, str]()
        while True:
            with ApiSession(base_url, self.description.client, self.folders.pace / self.description.name) as session:
                target = ReadTarget(self.description, self.resource, session, auths, base_url)
                options = self._options(number, is_anew)
                one_pass = self._pass(target, options, learnt)
                try:
                    # Of a table that somebody dropped no window has rows, and dlt makes it anew only if told to.
                    is_refresh = options.is_whole or (self.config.full_refresh and self.table.is_gone)
                    loaded = self._load_parts(one_pass, is_refresh)
                    break
                except Exception as error:
                    failure = sync_failure(error)
                    if isinstance(failure, TooManySetAside):
                        self._keep_rejected(one_pass)
                    if not isinstance(failure, (Unsettled, CannotResume, Retyped)):
                        raise
            # A list that changed before its checkpoint was not read at all, so that is no pass.
            number, is_anew = number + isinstance(failure, Unsettled), is_anew or failure.is_anew
            if isinstance(failure, Retyped):
                learnt |= failure.types
                self.context.log.info("%s: a column is of another type than it began with; reading again", self.asset)
                continue
            self.context.log.info("%s: the list moved meanwhile; reading it from its start", self.asset)
        result, metadata = self.receipt.result, receipt_metadata(self.receipt)
        if result.finding.verdict is Verdict.UNKNOWN:
            words, reason = result.finding.verdict.words, result.finding.reason
            self.context.log.warning("%s: the read is '%s': %s", self.asset, words, reason)
        settled = self._settled(one_pass.load_ids, result, metadata)
        # What the sync saw comes first on the asset's page, what dlt did after it.
        return replace(settled, metadata={**settled.metadata, **self.table.tidy(), **loaded})

    def _settled(self, load_ids: Sequence[str], result: ReadResult, metadata: Mapping[str, Any]) -> SyncResult:
        """The result of a sync whose rows are loaded, when those are gone that it did not bring."""

        def shown(taken: TakenOut) -> dict[str, Any]:
            return {**metadata, **taken.metadata, **(finding_metadata(taken.finding) if taken.finding else {})}

        taken = self.table.settle(
            load_ids, result, self.config.allow_many_deletes, lambda taken: self._history(shown(taken))
        )
        if taken.finding:
            result = replace(result, finding=taken.finding)
        return SyncResult(shown(taken), result, self.kept.forget, self.redaction)

    def keep_failure(self, failure: SyncFailure) -> None:
        """Keep in the destination, if it answered before, that this sync failed."""
        if table := getattr(self, "table", None):
            table.add_to_history(self._history(failure.metadata, str(failure)))

    def _history(self, metadata: Mapping[str, Any], failure: str | None = None) -> HistoryRow:
        plain, seconds = plain_metadata(without_secrets(metadata, self.redaction)), time.monotonic() - self._started
        return history_row(self.description, self.resource.name, self.window, plain, seconds, failure)

    def _options(self, number: int, is_anew: bool) -> PassOptions:
        return PassOptions(
            is_last=number >= self.resource.passes,
            is_anew=is_anew,
            is_retry=self.context.retry_number > 0,
            forget_state=self.config.is_anew,
            keep_mark=self.config.keep_mark,
            # The other windows' rows are no part of this run, so the table stays; a window is read anew in any case.
            is_whole=self.config.full_refresh and self.window is None,
        )

    def _pass(self, target: ReadTarget, options: PassOptions, learnt: dict[str, str]) -> ReadPass:
        """One more read of the list, which counts what the passes before it cost."""
        earlier, self.receipt = self.receipt, Receipt()
        if earlier.requests:
            self.receipt.carry_over(earlier)
        one_pass = ReadPass(target, options, self.receipt, learnt, self.context.log.info)
        one_pass.before_last_load = lambda: self.table.refuse_to_take_away(
            self.receipt, self.config.allow_many_deletes, self.config.full_refresh
        )
        one_pass.at_end = lambda: self._keep_receipt(one_pass.load_ids)
        return one_pass

    def _load_parts(self, one_pass: ReadPass, is_whole: bool) -> dict[str, Any]:
        """Load what one pass reads, part by part."""
        parts: list[Mapping[str, Any]] = []
        while not one_pass.is_over:
            refresh = "drop_resources" if is_whole and not parts else None
            parts.append(self._load(one_pass, one_pass.source(), refresh))
            if one_pass.late:
                self._load(one_pass, one_pass.late_source())
        return sum_of_loads(parts)

    def _load(self, one_pass: ReadPass, source: DltSource, refresh: str | None = None) -> Mapping[str, Any]:
        # Source and pipeline are made afresh: dagster-dlt takes the live schema apart when it is done.
        self.table.let_go()
        pipeline = self.table.fresh_pipeline()
        settings = {"loader_file_format": loader_file_format(pipeline), "refresh": refresh}
        # Only now, because rows that are fetched are to stay where the database cannot be asked.
        before_load(pipeline, lambda: self._note(one_pass))
        events = self.loader.run(
            context=self.context,
            dlt_source=source,
            dlt_pipeline=pipeline,
            dagster_dlt_translator=self.translator,
            **{name: value for name, value in settings.items() if value},
        )
        loaded: dict[str, Any] = dict(next(iter(list(events))).metadata or {})
        load_id = one_pass.load_ids[-1]
        self.table.reconcile(Load(load_id, one_pass.written, nested_rows(pipeline, load_id)))
        normalize = pipeline.default_schema.naming.normalize_path
        return loaded | {_COLUMNS: with_descriptions(self.resource, loaded[_COLUMNS], normalize)}

    def _note(self, one_pass: ReadPass) -> None:
        """Note in the destination what is about to be loaded."""
        self.table.note(one_pass.load_ids, self.receipt.result if one_pass.is_over else None)

    def _keep_rejected(self, one_pass: ReadPass) -> None:
        """Load the records that were set aside, where nothing else of the sync is; they show what to mend."""
        try:
            self._load(one_pass, one_pass.rejected_source())
        except Exception as error:  # noqa: BLE001 - the failure that is being raised says more
            self.context.log.warning("%s: records set aside could not be kept: %s", self.asset, type(error).__name__)

    def _keep_receipt(self, load_ids: list[str]) -> None:
        result = self.receipt.result
        # It goes to a file, which no secret may reach.
        hidden = replace(result.finding, what=self.redaction(result.finding.reason), next_step="", kind="list")
        metadata = plain_metadata(without_secrets(receipt_metadata(self.receipt), self.redaction))
        before = self.table.ledger.place if self.table.ledger else []
        self.kept.write(KeptReceipt(load_ids, replace(result, finding=hidden), metadata, before))
