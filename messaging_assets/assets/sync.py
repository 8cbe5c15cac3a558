"""One sync of one resource inside its op: secrets join, the API is read, the table is loaded."""

from __future__ import annotations

import gc
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dagster import AssetExecutionContext, MetadataValue
from dlt.destinations.exceptions import DatabaseException
from dlt.extract import DltSource
from dlt.pipeline.exceptions import PipelineStepFailed
from dlt.pipeline.pipeline import Pipeline
from requests.auth import AuthBase

from messaging_assets.assets.checks import plain_metadata
from messaging_assets.assets.column_schema import loaded_schema, with_descriptions
from messaging_assets.assets.credentials import ApiCredentials
from messaging_assets.assets.hidden_metadata import without_secrets
from messaging_assets.assets.partitions import window_of
from messaging_assets.assets.sync_config import SyncConfig
from messaging_assets.assets.translator import ApiTranslator
from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.description.parents import ancestry
from messaging_assets.description.windows import Window
from messaging_assets.destination.names import REJECTED, pipeline_name, schema_name
from messaging_assets.destination.pipelines import build_pipeline, keeps_rows_by_sql, loaded_dataset, loader_file_format
from messaging_assets.destination.profile import missing_module
from messaging_assets.foundation.failures import (
    LoadRefused,
    MendDescription,
    MendSettings,
    ReadIncomplete,
    SyncFailure,
    TooManySetAside,
    TryAgainLater,
    sync_failure,
)
from messaging_assets.foundation.folders import settle_environment
from messaging_assets.foundation.identity import identity_of
from messaging_assets.foundation.redaction import Redaction
from messaging_assets.http.authenticators import Authenticators
from messaging_assets.http.session import ApiSession
from messaging_assets.loading.read_pass import Pass, Unsettled
from messaging_assets.loading.recovery import (
    KeptReceipt,
    ReceiptFile,
    before_load,
    finished_before,
    is_loaded,
    load_pending,
    take_back_unfinished,
)
from messaging_assets.loading.sync_lock import only_sync_in_database, only_sync_of
from messaging_assets.loading.window_request import in_window
from messaging_assets.reading.receipt import Finding, Receipt, Verdict
from messaging_assets.reading.resume_point import CannotResume
from messaging_assets.rows.undeclared_types import Retyped
from messaging_assets.seams.dagster_dlt import DagsterDltResource
from messaging_assets.seams.dlt_files import unreadable_setting
from messaging_assets.seams.dlt_settings import own_settings, refuse_environment
from messaging_assets.tables.altered_tables import altered, refuse_foreign_table
from messaging_assets.tables.child_tables import remove_orphans
from messaging_assets.tables.failed_loads import put_away, refused_for_good, with_names_of_columns
from messaging_assets.tables.housekeeping import tidy_up
from messaging_assets.tables.loaded_table import LoadedTable
from messaging_assets.tables.reconciliation import Load, nested_rows, reconcile
from messaging_assets.tables.sync_ledger import SyncLedger
from messaging_assets.tables.taking_away import Read, is_of_news, refuse_too_many, way_of, why_nothing_goes
from messaging_assets.tables.vanished_rows import delete_vanished
from messaging_assets.tables.window_rows import is_taken_back, replace_window, take_back

_COLUMNS = "dagster/column_schema"
# What of an endpoint says which rows are asked for.
_ASKED = ("path", "method", "params", "json_body", "data", "data_selector")
# As destinations say that a column may not be null.
_NULL_REFUSED = re.compile(r"non-nullable|not[- ]null", re.IGNORECASE)


@dataclass(frozen=True)
class SyncResult:
    """What a sync leaves.

    Args:
        metadata: all metadata of its materialization, receipt included.
        is_told: to be called when Dagster has it. Until then another try takes the same result, because its rows
            are loaded: to read them again would append them twice.
        redaction: knows the sync's secrets, for whatever else is told of it.
    """

    metadata: dict[str, Any]
    is_told: Callable[[], None] = lambda: None
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
    window = window_of(context, resource, f"{description.name}.{resource.name}")
    job = _Job(context, description, in_window(resource, window), loader, translator, config, window)
    caught: Exception | None = None
    try:
        refuse_environment(job.asset)
        with own_settings(context.log.warning), job.alone(), job.redaction.on_loggers(), _undisturbed():
            job.redaction.add(*credentials.all_secrets(description))
            return job.run(credentials)
    except Exception as error:  # noqa: BLE001 - whatever it was, it is told in one sentence below
        caught = error
    failure = told(job.asset, caught, job.redaction)
    failure.metadata = without_secrets(job.receipt.metadata(), job.redaction)
    raise failure


def told(asset: str, error: Exception, redaction: Redaction | None = None) -> SyncFailure:
    """Whatever happened in one sentence, as a fresh object.

    The caught one drags dlt's chain and its frames along, and in them requests with secrets.

    Args:
        asset: the asset's name in the sentence.
        error: what was caught; raise the result outside of the except block.
        redaction: takes out the sync's secrets.
    """
    redaction = redaction or Redaction()
    failure = sync_failure(error) or _stranger(asset, redaction, error)
    return type(failure)(redaction(str(failure)))


class _Job:
    """What the steps of one sync share."""

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
        self.asset = f"{description.name}.{resource.name}"
        self.folders = settle_environment().make()
        self.redaction, self.receipt = Redaction(), Receipt()
        self.ledger: SyncLedger | None = None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the resource, so that it is not synced twice at once."""
        name = pipeline_name(self.description.name, self.resource.name)
        with only_sync_of(self.asset, self.folders.locks, name):
            pipeline = build_pipeline(self.description, self.resource, self.folders)
            with only_sync_in_database(self.asset, pipeline):
                yield

    def run(self, credentials: ApiCredentials) -> SyncResult:
        """Load what was fetched before, or read and load, pass by pass.

        Raises:
            LoadRefused: the destination refused the rows for good.
        """
        base_url = credentials.base_url_for(self.description)
        self.kept = self._receipt_file(base_url)
        try:
            return self._run(credentials, base_url)
        except PipelineStepFailed as failed:
            if refused_for_good(failed) is None:
                raise
            failure = told(self.asset, failed, self.redaction)
            pipeline = build_pipeline(self.description, self.resource, self.folders)
            if changed := altered(pipeline, self.resource.name, str(failure)):
                failure = LoadRefused(f"{self.asset}: {changed}.")
            place = self._put_away(pipeline, str(failure))
        where = f" What was refused is kept in {place.relative_to(self.folders.home)}." if place else ""
        raise type(failure)(f"{failure}{where}")

    def _put_away(self, pipeline: Pipeline, why: str) -> Path | None:
        """Let nobody try again what the destination refused for good; the next run reads anew."""
        self.kept.forget()
        with suppress(DatabaseException):  # else the next run takes it back
            take_back_unfinished(pipeline, self._appended, self._schema_name)
        return put_away(pipeline, self.folders, why)

    def _run(self, credentials: ApiCredentials, base_url: str) -> SyncResult:
        resumed = self._load_pending()
        if resumed is not None:
            return resumed
        auths = self._authenticators(credentials)
        # Some APIs take a token in the path; what only the environment says of it is nobody's business.
        written = self.description.client.base_url.split("/")
        added = (part for part in base_url.split("/")[3:] if part not in written)
        self.redaction.add(*(part for part in added if len(part) >= 8 and any(map(str.isdigit, part))))
        number, is_anew, learnt = 1, False, dict[str, str]()
        while True:
            with ApiSession(base_url, self.description.client, self.folders.pace / self.description.name) as session:
                one_pass = Pass(self.description, self.resource, session, auths, base_url, tell=self.context.log.info)
                one_pass.is_last, one_pass.is_anew = number >= self.resource.passes, is_anew
                one_pass.is_retry, one_pass.learnt = self.context.retry_number > 0, learnt
                try:
                    loaded = self._one_pass(one_pass)
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
        metadata, finding = self.receipt.metadata(), self.receipt.finding
        if finding.verdict is Verdict.UNKNOWN:
            self.context.log.warning("%s: the read is '%s': %s", self.asset, finding.verdict.words, finding.reason)
        gone = self._take_out_vanished(one_pass.load_ids, finding, self.receipt.rows_set_aside)
        gone |= tidy_up(self.description, self.resource, self.folders)
        # What the sync saw comes first on the asset's page, what dlt did after it.
        return SyncResult({**metadata, **gone, **loaded}, self.kept.forget, self.redaction)

    def _load_pending(self) -> SyncResult | None:
        """The result of a sync whose rows were all fetched before, once they are loaded; else None."""
        pipeline = build_pipeline(self.description, self.resource, self.folders)
        if not keeps_rows_by_sql():
            # What an interruption left in files cannot be taken back, so everything is read and written again.
            pipeline.drop()
            self.kept.forget()
            return None
        pipeline.activate()
        refuse_foreign_table(pipeline, self._schema_name, self.resource.name, self.asset)
        ledger = self.ledger = SyncLedger(pipeline, self._schema_name, self.asset, self.window)
        self._finish_open_syncs(pipeline, ledger)
        # Whoever wants everything anew wants it once: at the second try the receipt is this run's own.
        is_wanted = not self._is_anew() or self.context.retry_number > 0
        kept = self.kept.read() if is_wanted else None
        is_append = self.resource.disposition == "append"
        take_back_unfinished(pipeline, self._appended, self._schema_name, ledger.unfinished())
        if is_append:
            remove_orphans(pipeline, self.resource, self._schema_name)
        if not is_wanted:
            pipeline.drop()
        try:
            ledger = self._with_note_of(kept, ledger)
            loads = load_pending(pipeline, self.resource, kept is not None, ledger.agrees)
        except PipelineStepFailed as failed:
            if refused_for_good(failed) is None:
                raise
            why = str(told(self.asset, failed, self.redaction))
            self.context.log.warning("%s The rows are read again; what was refused is put away.", why)
            self._put_away(pipeline, why)
            return None
        self._reconcile(pipeline, *loads)
        if is_append and is_wanted:
            # What is appended is there for good: nobody may append it again, whatever changed since.
            kept = self.kept.read(of_any_version=True)
        is_newest = kept is not None and ledger.agrees(kept.load_ids)
        is_told = is_newest or (is_append and self.window is None)
        if kept is not None and is_told and is_loaded(pipeline, kept.load_ids[-1]):
            if not loads:
                self._reconcile(pipeline, *finished_before(pipeline, kept.load_ids[-1], self.window is None))
            self.context.log.info("%s: loaded what was fetched before, asked the API nothing", self.asset)
            set_aside = kept.metadata["messaging_assets/rows_set_aside"]
            gone: dict[str, Any] = {}
            if is_newest:
                ledger.adopt()
                gone = self._take_out_vanished(kept.load_ids, kept.finding, set_aside)
            resumed: dict[str, Any] = {"messaging_assets/resumed": "loaded what an earlier run had fetched"}
            schema = pipeline.default_schema
            columns = schema.get_table_columns(schema.naming.normalize_tables_path(self.resource.name))
            resumed[_COLUMNS] = loaded_schema(self.resource, columns, schema.naming.normalize_path)
            return SyncResult({**kept.metadata, **resumed, **gone}, self.kept.forget, self.redaction)
        self.kept.forget()
        return None

    def _with_note_of(self, kept: KeptReceipt | None, ledger: SyncLedger) -> SyncLedger:
        """The ledger, with the kept read noted where its sync ended before it could do that itself."""
        if kept is None or ledger.agrees(kept.load_ids) or not ledger.is_where_it_was(kept.noted_before):
            return ledger
        ledger.note(kept.load_ids, **kept.read)
        self.ledger = SyncLedger(ledger.pipeline, self._schema_name, self.asset, self.window)
        return self.ledger

    @property
    def _appended(self) -> list[str]:
        """The tables that rows are appended to."""
        return [self.resource.name + REJECTED] + [self.resource.name] * (self.resource.disposition == "append")

    @property
    def _schema_name(self) -> str:
        return schema_name(self.description, self.resource)

    def _is_anew(self) -> bool:
        return self.config.full_refresh or self.config.forget_state

    def _finish_open_syncs(self, pipeline: Pipeline, ledger: SyncLedger) -> None:
        """Take out what other windows' runs replaced, where they ended between their load and this, on any machine."""
        for one in ledger.open_and_read():
            if not is_loaded(pipeline, one.load_ids[-1]):
                continue
            if one.window is not None:
                if not pipeline.default_schema_name:
                    pipeline.sync_destination()
                if not is_taken_back(pipeline, self.resource, one):
                    read = Read(Finding(Verdict(one.verdict or 0), ""), one.set_aside)
                    try:
                        self._replace_window(pipeline, one.window, one.load_ids, read)
                    except SyncFailure as failure:
                        self.context.log.warning("of an earlier run: %s", failure)
            ledger.is_done(one)

    def _take_out_vanished(self, load_ids: Sequence[str], finding: Finding, set_aside: int) -> dict[str, Any]:
        """Take out what a complete read no longer brought; how many rows, as metadata."""
        gone = self._taken_out(load_ids, finding, set_aside)
        if self.ledger:
            self.ledger.is_done()
        return gone

    def _taken_out(self, load_ids: Sequence[str], finding: Finding, set_aside: int) -> dict[str, Any]:
        if self.window is None and self.resource.deletes == "ignore":
            return {}
        pipeline = build_pipeline(self.description, self.resource, self.folders)
        is_newest = self.ledger is None or self.ledger.is_newest()
        read = Read(finding, set_aside, is_newest, is_of_news(self.resource))
        if self.window is not None:
            return self._replace_window(pipeline, self.window, load_ids, read)
        if why := why_nothing_goes("deletes", read):
            return {"messaging_assets/deletes": f"none, because {why}"}
        gone = self._delete_vanished(pipeline, load_ids)
        if gone:
            remove_orphans(pipeline, self.resource, self._schema_name)
        return {"messaging_assets/rows_deleted": gone}

    def _delete_vanished(self, pipeline: Pipeline, load_ids: Sequence[str]) -> int:
        try:
            return delete_vanished(pipeline, self.resource, self.asset, load_ids, self.config.allow_many_deletes)
        except MendDescription:
            # The next run asks the API again, which may have its rows back.
            self.kept.forget()
            raise

    def _replace_window(
        self, pipeline: Pipeline, window: Window, load_ids: Sequence[str], read: Read
    ) -> dict[str, Any]:
        try:
            return replace_window(pipeline, self.resource, self.asset, window, load_ids, read)
        except SyncFailure:
            # What came is taken back, so it is to be read again; in this order, because each may be the last.
            self.kept.forget()
            take_back(pipeline, self.resource, load_ids)
            raise
        finally:
            remove_orphans(pipeline, self.resource, self._schema_name)

    def _authenticators(self, credentials: ApiCredentials) -> dict[str, AuthBase | None]:
        """What puts the secrets onto requests, for the resource and its parents, by name."""
        made = Authenticators(self.description, credentials, self.redaction)
        return {one.name: made.of(one) for one in ancestry(self.description, self.resource)}

    def _one_pass(self, one_pass: Pass) -> dict[str, Any]:
        """Load what one pass reads, part by part."""
        if self.receipt.requests:
            one_pass.receipt.carry_over(self.receipt)
        self.receipt = one_pass.receipt
        one_pass.before_load = lambda is_late: self._before_load(one_pass, is_late)
        one_pass.at_end = lambda: self._keep_receipt(one_pass.load_ids)
        one_pass.forget_state = self._is_anew()
        # The other windows' rows are no part of this run, so the table stays; a window is read anew in any case.
        one_pass.is_whole = self.config.full_refresh and self.window is None
        parts: list[Mapping[str, Any]] = []
        while not one_pass.is_over:
            refresh = "drop_resources" if one_pass.is_whole and not parts else None
            parts.append(self._load(one_pass, one_pass.source(), refresh))
            if one_pass.late:
                self._load(one_pass, one_pass.late_source())
        return _summed(parts)

    def _before_load(self, one_pass: Pass, is_late: bool) -> None:
        """Let nothing be loaded that takes rows away without good reason."""
        if one_pass.is_over and not is_late:
            self._refuse_to_take_away()

    def _note(self, one_pass: Pass) -> None:
        """Note in the destination what is about to be loaded."""
        if self.ledger:
            self.ledger.note(one_pass.load_ids, **(self._read() if one_pass.is_over else {}))

    def _read(self) -> dict[str, Any]:
        """What the ledger says of a read that is over."""
        receipt = self.receipt
        return {
            "verdict": int(receipt.finding.verdict),
            "set_aside": receipt.rows_set_aside,
            "rows": receipt.rows_loaded,
            "left": sorted(receipt.left),
        }

    def _keep_rejected(self, one_pass: Pass) -> None:
        """Load the records that were set aside, where nothing else of the sync is; they show what to mend."""
        try:
            self._load(one_pass, one_pass.rejected_source())
        except Exception as error:  # noqa: BLE001 - the failure that is being told says more
            self.context.log.warning("%s: records set aside could not be kept: %s", self.asset, type(error).__name__)

    def _refuse_to_take_away(self) -> None:
        """Stop before a load that swaps a table, or retires its rows, after a read that may lack some of them.

        Raises:
            MendDescription: more rows would go than the file allows at once.
            ReadIncomplete: the read is in doubt.
        """
        way, receipt = way_of(self.resource), self.receipt
        if way is None:
            return
        # A list that was left unread the last time too has no rows in the table.
        is_as_before = self.ledger is not None and receipt.left <= self.ledger.left_before
        finding = receipt.finding_of_read_lists if is_as_before else receipt.finding
        why = why_nothing_goes(way, Read(finding, receipt.rows_set_aside, is_of_news=is_of_news(self.resource)))
        if way == "scd2" and not why:
            return
        rows = LoadedTable(loaded_dataset(self.description, self.resource, self.folders), self.resource.name).count()
        if rows.rows and why:
            does = "swap out rows that may well be there" if way == "replace" else "retire the rows that did not come"
            other = "write merge" if way == "replace" else "use another merge strategy"
            kind = TooManySetAside if way == "scd2" and receipt.rows_set_aside else ReadIncomplete
            raise kind(f"{self.asset}: {why}, and {way} would {does}; mend that and run it again, or {other}.")
        if way == "replace" and not self.config.full_refresh:
            gone = rows.rows - receipt.rows_loaded - receipt.rows_set_aside
            refuse_too_many(self.resource, self.asset, gone, rows.rows, self.config.allow_many_deletes)

    def _receipt_file(self, base_url: str) -> ReceiptFile:
        """Where the receipt of this read is kept: of this description, window and address."""
        chain = ancestry(self.description, self.resource)
        asked = [(one.name, *(getattr(one.endpoint, name) for name in _ASKED)) for one in chain]
        name = pipeline_name(self.description.name, self.resource.name)
        where = (self.window.as_texts() if self.window else None, base_url)
        version = identity_of(self.description.client, chain, where).certain
        return ReceiptFile(self.folders.pipelines, name, version, identity_of(asked, where).digest)

    def _keep_receipt(self, load_ids: list[str]) -> None:
        finding = self.receipt.finding
        metadata = plain_metadata(without_secrets(self.receipt.metadata(), self.redaction))
        before = self.ledger.place if self.ledger else []
        self.kept.write(KeptReceipt(load_ids, int(finding.verdict), metadata, before, self._read()))

    def _reconcile(self, pipeline: Pipeline, *loads: Load) -> None:
        try:
            for load in loads:
                reconcile(pipeline, self.resource, self.asset, load)
        except SyncFailure:
            # What this read brought is to be read again.
            self.kept.forget()
            raise

    def _load(self, one_pass: Pass, source: DltSource, refresh: str | None = None) -> Mapping[str, Any]:
        # Source and pipeline are made afresh: dagster-dlt takes the live schema apart when it is done.
        pipeline = build_pipeline(self.description, self.resource, self.folders)
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
        self._reconcile(pipeline, Load(load_id, one_pass.written, nested_rows(pipeline, load_id)))
        normalize = pipeline.default_schema.naming.normalize_path
        return loaded | {_COLUMNS: with_descriptions(self.resource, loaded[_COLUMNS], normalize)}


def _summed(parts: list[Mapping[str, Any]]) -> dict[str, Any]:
    """dagster-dlt's metadata of all parts: the last one's, with rows and jobs of every part."""
    jobs = [job for part in parts for job in part.get("jobs", [])]
    rows = [part["rows_loaded"].value for part in parts if "rows_loaded" in part]
    return {
        **parts[-1],
        "jobs": jobs,
        "rows_loaded": MetadataValue.int(sum(rows)),
        "first_run": parts[0].get("first_run"),
    }


def _stranger(asset: str, redaction: Redaction, error: Exception) -> SyncFailure:
    """A failure that is not ours: of the destination, the disk, or a defect; its innermost cause says most."""
    innermost: BaseException = error
    while innermost.__cause__ or innermost.__context__:
        innermost = innermost.__cause__ or innermost.__context__  # type: ignore[assignment]
    # What stands in quotes may be a record's value, which may hold quotes; databases like to quote what they refuse.
    words = with_names_of_columns(redaction(str(innermost).strip().split("\n")[0])[:300], error)
    words = re.sub(r"'.*'|\".*\"", "'...'", words).rstrip(".")
    logging.getLogger(__name__).debug("%s failed", asset, exc_info=error)
    if (setting := unreadable_setting(error)) is not None:
        return MendSettings(f"{asset}: {setting}.")
    if (missing := _import_error(error)) is not None and missing.name != "messaging_assets":
        return MendDescription(f"{asset}: {missing_module(missing)}")
    if isinstance(innermost, (TypeError, AttributeError, NameError, AssertionError, ImportError)):
        return SyncFailure(
            f"{asset}: it failed with {type(innermost).__name__} ({words}), a defect of this package or of a function "
            "in the description; mend or report it, with the log at DEBUG."
        )
    if _NULL_REFUSED.search(words):
        return MendDescription(
            f"{asset}: the table has a column that may not be null, such as a key that the file no longer names; name "
            f"it again, or let the column be null there ({type(innermost).__name__}: {words})."
        )
    if refused_for_good(error):
        return LoadRefused(
            f"{asset}: the destination refused the rows for good with {type(innermost).__name__} ({words}); mend the "
            "cause and run it again, which reads them anew."
        )
    return TryAgainLater(
        f"{asset}: its rows could not be loaded; mend the cause in the destination or on the disk, and run it again "
        f"({type(innermost).__name__}: {words})."
    )


def _import_error(error: BaseException | None) -> ImportError | None:
    """The outermost error of a package that is not installed; those within it are of what was tried in its place."""
    while error is not None and not (isinstance(error, ImportError) and (error.name or hasattr(error, "dependencies"))):
        error = error.__cause__ or error.__context__
    return error


@contextmanager
def _undisturbed() -> Iterator[None]:
    with _quiet_dlt(), _seldom_collecting():
        yield


@contextmanager
def _quiet_dlt() -> Iterator[None]:
    """Leave out the one warning that says nothing: JSON travels as text in Arrow, and dlt remarks on it."""
    logger = logging.getLogger("dlt")

    def is_news(record: logging.LogRecord) -> bool:
        return "merging arrow schema" not in str(record.msg)

    logger.addFilter(is_news)
    try:
        yield
    finally:
        logger.removeFilter(is_news)


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    """Keep Python's collector from walking through Dagster, dlt and every record again and again.

    Records hold no circles, so it would find nothing; a fifth of a sync's time was spent on that.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
