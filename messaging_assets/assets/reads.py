"""The reads of one sync: the list pass by pass, each pass loaded part by part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from dlt.sources import DltSource

from messaging_assets.assets.credentials import ApiCredentials
from messaging_assets.assets.metadata.column_schema import COLUMNS, with_descriptions
from messaging_assets.assets.metadata.receipt_metadata import receipt_metadata, sum_of_loads
from messaging_assets.assets.sync_task import SyncTask
from messaging_assets.description.parents import ancestry
from messaging_assets.destination.pipelines import loader_file_format
from messaging_assets.foundation.failures import CapReached, LoadDiffers, SyncFailure, TooManySetAside, sync_failure
from messaging_assets.http.authenticators import Authenticators
from messaging_assets.http.session import ApiSession
from messaging_assets.http.wire.terms import EarlyCounts
from messaging_assets.http.wire.validators import Unchanged
from messaging_assets.loading.kept_receipt import KeptReceipt
from messaging_assets.loading.marks.target import ReadTarget
from messaging_assets.loading.passes.judgement import Unsettled
from messaging_assets.loading.passes.read_pass import PassOptions, ReadPass
from messaging_assets.loading.recovery import before_load
from messaging_assets.loading.table.account_view import renew_views
from messaging_assets.loading.table.begun_jobs import job_notes
from messaging_assets.loading.table.removal import refuse_to_take_away, rows_from_elsewhere
from messaging_assets.loading.table.resource_table import ResourceTable
from messaging_assets.loading.table.unchanged import is_as_loaded
from messaging_assets.reading.cursors.marks import cursor_of
from messaging_assets.reading.evidence.repeats import Repeats
from messaging_assets.reading.jobs.asking import JobRequests
from messaging_assets.reading.jobs.jobs import Jobs
from messaging_assets.reading.receipt import Receipt, Verdict
from messaging_assets.reading.resume_point import CannotResume, MarkRefused
from messaging_assets.rows.values.undeclared_types import Retyped
from messaging_assets.tables.reconciliation import Load, nested_rows

_MOVED = "the list moved meanwhile; reading it from its start"
_FORGOTTEN = (
    "the API had forgotten the token of the last sync, so the list was read from its beginning; rows that it deleted "
    "meanwhile stay"
)
_RETYPED = "a column is of another type than it began with; reading again"
_ELSEWHERE = "the {} rows of its table came from another address of the API, and stay unless a row has the key of one"
_TWO_APIS = "if these are two APIs, give one of the files another name or dataset; if the API has moved, nothing"
# What no token of the API can be the cause of.
_NO_TOKEN = (CapReached, LoadDiffers, TooManySetAside)
_AHEAD = "the list does not go on where it was read ahead to; reading it from its start"


class Reads:
    """Reads a list until it did not move meanwhile, and loads what it brought.

    Args:
        task: what is read, and for whom.
        table: where it goes.
    """

    def __init__(self, task: SyncTask, table: ResourceTable) -> None:
        self._task, self._table = task, table
        self._early, self._from_elsewhere = EarlyCounts(Receipt()), 0

    def run(self, credentials: ApiCredentials, base_url: str) -> tuple[list[str], dict[str, Any]]:
        """Read and load, pass by pass.

        Args:
            credentials: the secrets of the API.
            base_url: the API's address.

        Returns:
            The loads of the last pass, and what dlt says of them as metadata.

        Raises:
            Unchanged: the API says that the list is the one that is in the table.
        """
        task = self._task
        self._from_elsewhere = 0 if task.config.may_move else rows_from_elsewhere(self._table)
        made = Authenticators(task.description, credentials, task.redaction, task.context.run.run_id)
        ledger = self._table.ledger
        earlier = ledger.own.generation - 1 if ledger else None
        chain = ancestry(task.description, task.resource)
        asked_by = credentials.asked_by(task.description, chain)
        begun, self._early = task.ahead.take(task.resource, base_url, earlier, self._table.let_go)
        auths = begun.auths if begun else {one.name: made.of(one) for one in chain}
        number, is_anew, learnt, is_forgotten = 1, False, dict[str, str](), False
        notes = job_notes(self._table, base_url, task.config.is_anew and not task.context.retry_number)
        while True:
            with begun.session if begun else _session(task, base_url) as session:
                begun, task.ahead.pacing = None, session.pacing
                if task.description.client.requests_per_second is None:
                    session.at_first_answer = partial(task.ahead.begin, credentials, base_url)
                jobs = Jobs(JobRequests(session, base_url), notes, task.context.log.info)
                target = ReadTarget(task.description, task.resource, session, auths, base_url, jobs, asked_by)
                options = _options(task, self._table, number, is_anew, is_forgotten)
                one_pass = self._pass(target, options, learnt)
                # Where requests are few, none goes before those of the list that is read.
                one_pass.before_last_load = partial(self._before_last_load, credentials, base_url)
                try:
                    # Of a table that somebody dropped no window has rows, and dlt makes it anew only if told to.
                    is_refresh = options.is_whole or (task.config.full_refresh and self._table.is_gone)
                    loaded = self._load_parts(one_pass, is_refresh)
                    jobs.clean_up()
                    return one_pass.load_ids, loaded
                except Exception as error:
                    failure = sync_failure(error)
                    _note_first_rows(task, isinstance(failure, Unsettled))
                    if isinstance(failure, TooManySetAside):
                        self._keep_rejected(one_pass)
                    if failure is None or (words := _why_again(failure, session.begun.goes_on, task)) is None:
                        raise
            # A list that changed before its checkpoint was not read at all, so that is no pass.
            if isinstance(failure, Unsettled):
                number += 1
                notes.begin_anew()
            is_anew, is_forgotten = (
                is_anew or getattr(failure, "is_anew", True),
                is_forgotten or isinstance(failure, MarkRefused),
            )
            learnt |= failure.types if isinstance(failure, Retyped) else {}
            task.context.log.info("%s: %s", task.asset, words)

    def _pass(self, target: ReadTarget, options: PassOptions, learnt: dict[str, str]) -> ReadPass:
        """One more read of the list, which counts what the passes before it cost."""
        task = self._task
        earlier, task.receipt = task.receipt, Receipt()
        if earlier.requests:
            task.receipt.carry_over(earlier)
        task.receipt.repeats = Repeats(task.ahead.came.get(task.resource.name, frozenset()), bool(task.resource.keys))
        if options.forget_state and not task.config.is_anew:
            task.receipt.found(Verdict.READ_TO_THE_END, _FORGOTTEN)
        if self._from_elsewhere:
            task.receipt.found(Verdict.UNKNOWN, _ELSEWHERE.format(self._from_elsewhere), _TWO_APIS)
        self._early.go_to(task.receipt)
        self._early = EarlyCounts(Receipt())
        one_pass = ReadPass(target, options, task.receipt, learnt, task.context.log.info)
        one_pass.at_end = lambda: self._keep_receipt(one_pass.load_ids)
        return one_pass

    def _before_last_load(self, credentials: ApiCredentials, base_url: str) -> None:
        task, config = self._task, self._task.config
        refuse_to_take_away(self._table, task.receipt, config.allow_many_deletes, config.full_refresh)
        task.ahead.begin(credentials, base_url)

    def _load_parts(self, one_pass: ReadPass, is_whole: bool) -> dict[str, Any]:
        """Load what one pass reads, part by part."""
        parts: list[Mapping[str, Any]] = []
        while not one_pass.is_over:
            refresh = "drop_resources" if is_whole and not parts else None
            parts.append(self._load(one_pass, one_pass.source(), refresh))
            if one_pass.late:
                self._load(one_pass, one_pass.late_source())
            # What an appended window brought is taken back where its earlier rows stay.
            is_for_good = self._task.window is None or not self._table.is_appended
            self._task.receipt.rows_committed = self._task.receipt.rows_loaded if is_for_good else 0
        return sum_of_loads(parts)

    def _load(self, one_pass: ReadPass, source: DltSource, refresh: str | None = None) -> Mapping[str, Any]:
        # Source and pipeline are made afresh: dagster-dlt takes the live schema apart when it is done.
        pipeline = self._table.fresh_pipeline()
        settings = {"loader_file_format": loader_file_format(pipeline), "refresh": refresh}
        # Only now, because rows that are fetched are to stay where the database cannot be asked.
        before_load(pipeline, lambda: self._note(one_pass, is_dropped=refresh is not None), is_anew=refresh is not None)
        events = self._task.loader.run(
            context=self._task.context,
            dlt_source=source,
            dlt_pipeline=pipeline,
            dagster_dlt_translator=self._task.translator,
            **{name: value for name, value in settings.items() if value},
        )
        loaded: dict[str, Any] = dict(next(iter(list(events))).metadata or {})
        load_id = one_pass.load_ids[-1]
        self._table.reconcile(Load(load_id, one_pass.written, nested_rows(pipeline, load_id)))
        normalize = pipeline.default_schema.naming.normalize_path
        return loaded | {COLUMNS: with_descriptions(self._task.resource, loaded[COLUMNS], normalize)}

    def _note(self, one_pass: ReadPass, is_dropped: bool) -> None:
        """Note in the destination what is about to be loaded."""
        task = self._task
        self._table.note(one_pass.load_ids, task.receipt.result if one_pass.is_over else None)
        if is_dropped and task.description.tenancy:
            # PostgreSQL drops no table that a view shows.
            renew_views(task.description, task.resource, task.folders, task.description.tenancy.account)

    def _keep_rejected(self, one_pass: ReadPass) -> None:
        """Load the records that were set aside, where nothing else of the sync is; they show what to mend."""
        try:
            self._load(one_pass, one_pass.rejected_source())
        except Exception as error:  # noqa: BLE001 - the failure that is being raised says more
            what = "records set aside could not be kept"
            self._task.context.log.warning("%s: %s: %s", self._task.asset, what, type(error).__name__)

    def _keep_receipt(self, load_ids: list[str]) -> None:
        task, table = self._task, self._table
        result = task.receipt.result
        # It goes to a file, which no secret may reach.
        hidden = replace(result.finding, what=task.redaction(result.finding.reason), next_step="", kind="list")
        metadata = task.plain(receipt_metadata(task.receipt))
        before = table.ledger.place if table.ledger else []
        kept = KeptReceipt(load_ids, replace(result, finding=hidden), metadata, before, sorted(table.loads_before))
        table.receipts.write(kept)


def _options(task: SyncTask, table: ResourceTable, number: int, is_anew: bool, is_forgotten: bool) -> PassOptions:
    config = task.config
    return PassOptions(
        is_last=number >= task.resource.passes,
        is_anew=is_anew,
        is_retry=task.context.retry_number > 0,
        forget_state=config.is_anew or is_forgotten,
        keep_mark=config.keep_mark,
        # The other windows' rows are no part of this run, so the table stays; a window is read anew in any case.
        is_whole=config.full_refresh and task.window is None,
        is_as_loaded=partial(is_as_loaded, table),
        before_requests=table.let_go,
    )


def _note_first_rows(task: SyncTask, is_again: bool) -> None:
    """Note with which rows a read began that failed, because some APIs hand out each row once."""
    endpoint, repeats = task.resource.endpoint, task.receipt.repeats
    # A later try may go on behind the mark of a part that was loaded.
    is_same = is_again or (endpoint.method == "POST" and cursor_of(endpoint) is None)
    if is_same and not endpoint.has_step and task.receipt.resumed_rows is None:
        task.ahead.came[task.resource.name] = repeats.awaited | repeats.first


def _why_again(failure: SyncFailure, goes_on: bool, task: SyncTask) -> str | None:
    """Why a list is read once more, for the run's log; None where it is not.

    Args:
        failure: what ended the pass.
        goes_on: whether it went on with what was read ahead of its turn.
        task: what is read.
    """
    if isinstance(failure, MarkRefused):
        # An append would have every row a second time.
        return None if task.resource.disposition == "append" else f"{failure.what}; reading everything anew"
    if isinstance(failure, Retyped):
        return _RETYPED
    if isinstance(failure, (Unsettled, CannotResume)) or (isinstance(failure, Unchanged) and failure.other):
        return _MOVED
    # A token that waited for its list's turn may be dead, which APIs tell in any way.
    return _AHEAD if goes_on and not isinstance(failure, _NO_TOKEN) else None


def _session(task: SyncTask, base_url: str) -> ApiSession:
    description, pacing = task.description, task.ahead.pacing
    return ApiSession(base_url, description.client, task.folders.pace / description.name, pacing)
