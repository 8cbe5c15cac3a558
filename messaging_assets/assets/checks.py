"""The checks of an asset: made from its API file, answered from the loaded table and the sync's receipt.

They live in the resource's own op, cost one query for all of them, and can be run alone, which asks
the API nothing: what a sync saw is then read from the last materialization.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dagster import (
    AssetCheckEvaluation,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetMaterialization,
    MetadataValue,
    TableSchema,
    asset_check,
)

from messaging_assets.assets.translator import METADATA, account_views, asset_key, view_key
from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.description.parents import is_sensitive
from messaging_assets.foundation.failures import ReadIncomplete, SyncFailure, clause
from messaging_assets.foundation.folders import settle_environment
from messaging_assets.reading.receipt import ReadResult, Verdict
from messaging_assets.tables.loaded_table import LoadedTable, TableCounts, validity
from messaging_assets.tables.notes.doubted_windows import Doubt

COMPLETE, REJECTED, UNCHANGED = "sync_is_complete", "no_record_rejected", "column_schema_is_unchanged"
EVERY_ACCOUNT = "every_account_is_synced"
VALID_FILE = "api_file_is_valid"
_MOST_KEYS = 10


@dataclass(frozen=True)
class Check:
    """One check: its name, what it is for, how loud a failure is, and what of the table it looks at."""

    name: str
    description: str
    severity: AssetCheckSeverity
    column: str | None = None
    is_of_keys: bool = False

    def result(self, key: AssetKey, passed: bool, **metadata: Any) -> AssetCheckResult:
        """What the check found; the metadata shows counts and keys, never other values."""
        return AssetCheckResult(
            check_name=self.name, asset_key=key, passed=passed, severity=self.severity, metadata=metadata
        )


def checks_of(resource: Resource) -> dict[str, Check]:
    """All checks of a resource by name, those that the file switches off left out."""
    return {check.name: check for severity, check in _wanted(resource) if severity != "off"}


def _wanted(resource: Resource) -> Iterator[tuple[str, Check]]:
    """Every check that a resource can have, with its severity in the file."""
    loud = resource.checks

    def check(name: str, words: str, severity: str, column: str | None = None, of_keys: bool = False) -> Any:
        known = AssetCheckSeverity.WARN if severity == "off" else AssetCheckSeverity(severity)
        # Dagster takes letters, digits and underscores; a field of an API may be called @id.
        return severity, Check(re.sub(r"[^A-Za-z0-9_]", "_", name), words, known, column, of_keys)

    yield check(COMPLETE, "Every row the API had was read, as far as the API lets anyone know.", "WARN")
    yield check(REJECTED, "No record of the last sync was set aside.", loud.no_record_rejected)
    words = "The columns are those of the materialization before, values in their own."
    yield check(UNCHANGED, words, loud.schema_change)
    if resource.keys:
        name, words = "_".join(resource.keys), f"No two rows have the same {', '.join(resource.keys)}."
        yield check(f"{name}_is_unique", words, loud.unique, of_keys=True)
    for column, described in resource.columns.items():
        if not described.nullable:
            yield check(f"{column}_is_not_null", f"Every row has a {column}.", loud.not_null, column)


def check_specs(resource: Resource, key: AssetKey) -> list[AssetCheckSpec]:
    """The specs of a resource's checks, for its op."""
    return [
        AssetCheckSpec(name=check.name, asset=key, description=check.description, blocking=resource.checks.blocking)
        for check in checks_of(resource).values()
    ]


def incomplete(key: AssetKey, failure: Exception) -> AssetCheckResult:
    """The answer of `sync_is_complete` for a sync that failed because rows are missing."""
    check = Check(COMPLETE, "", AssetCheckSeverity.ERROR)
    return check.result(key, False, verdict=Verdict.INCOMPLETE.words, reason=str(failure))


def blocking_failure(resource: Resource, where: str, answers: Collection[AssetCheckResult]) -> SyncFailure | None:
    """What stops a run in front of all that is downstream; None where no check failed, or the file's do not block.

    Dagster would stop it too, without a sentence.
    """
    loud = AssetCheckSeverity.ERROR
    failed = [str(one.check_name) for one in answers if not one.passed and one.severity is loud]
    if not (failed and resource.checks.blocking):
        return None
    names = f"the check{'s' if len(failed) > 1 else ''} {', '.join(failed)} failed"
    next_step = "mend what the check shows on the asset's page, or set blocking: false under checks in the API file"
    return SyncFailure(f"{names}, so nothing downstream is run", next_step, where=where)


def check_results(
    resource: Resource,
    key: AssetKey,
    selected: Collection[str],
    table: LoadedTable,
    seen: ReadResult | None,
    schemas: Callable[[], list[Any]],
    sensitive: Collection[str],
    api: str,
) -> tuple[TableCounts, list[AssetCheckResult]]:
    """Answer the selected checks, those of the table in one query.

    Args:
        resource: the asset's resource.
        key: the asset's key.
        selected: names of the checks to answer.
        table: the loaded table.
        seen: what the sync that is judged saw of the API; None before the first.
        schemas: gives the table's column schemas, the newest first.
        sensitive: columns whose values are shown nowhere, from `sensitive_columns`.
        api: the API's name.

    Returns:
        What the scan found (rows too), and a result per selected check.
    """
    checks = [check for name, check in checks_of(resource).items() if name in selected]
    columns = [check.column for check in checks if check.column]
    needs_keys = any(check.is_of_keys for check in checks)
    counts = table.count(resource.keys if needs_keys else (), columns, validity(resource))
    answers = _Answers(resource, key, table, counts, seen, schemas, sensitive, api)
    return counts, [answers.of(check) for check in checks]


@dataclass
class _Answers:
    resource: Resource
    key: AssetKey
    table: LoadedTable
    counts: TableCounts
    seen: ReadResult | None
    schemas: Callable[[], list[Any]]
    sensitive: Collection[str]
    api: str

    def of(self, check: Check) -> AssetCheckResult:
        if check.column:
            return self._not_null(check, check.column)
        if check.is_of_keys:
            return self._unique(check)
        by_name = {COMPLETE: self._complete, REJECTED: self._rejected, UNCHANGED: self._unchanged}
        return by_name[check.name](check)

    def _unique(self, check: Check) -> AssetCheckResult:
        repeated = self.counts.repeated_keys
        keys = self.resource.keys, _MOST_KEYS, validity(self.resource)
        shown = self._shown(self.table.repeated_keys(*keys)) if repeated else {}
        return check.result(self.key, repeated == 0, rows=self.counts.rows, repeated_keys=repeated, **shown)

    def _not_null(self, check: Check, column: str) -> AssetCheckResult:
        nulls = self.counts.nulls.get(column, 0)
        keys = self.resource.keys
        shown = self._shown(self.table.keys_without(column, keys, _MOST_KEYS)) if nulls and keys else {}
        return check.result(self.key, nulls == 0, rows=self.counts.rows, nulls=nulls, **shown)

    def _complete(self, check: Check) -> AssetCheckResult:
        if self.seen is None:
            return check.result(self.key, False, verdict="no sync yet", reason="nothing was synced yet")
        if self.seen.rows_then and not self.counts.rows:
            return self._gone(self.seen.rows_then)
        finding = self.seen.finding
        passed = finding.verdict <= Verdict.READ_TO_THE_END
        if passed and self.resource.partitions and (doubts := self.table.doubted_windows(self.api, self.resource)):
            return self._doubted(check, doubts)
        return check.result(self.key, passed, verdict=finding.verdict.words, reason=finding.reason)

    def _gone(self, rows: int) -> AssetCheckResult:
        """Somebody dropped or emptied the table since, which a check that is run alone is the first to see."""
        words = f"the last sync left {rows:,} rows in this table, and none is there"
        step = "if somebody dropped or emptied it, run its asset once with full_refresh"
        return incomplete(self.key, ReadIncomplete(words, step, where=self.table.full_name))

    def _doubted(self, check: Check, doubts: Sequence[Doubt]) -> AssetCheckResult:
        """Other windows than the one that came last are in doubt, which no sync of it says."""
        start, _, why = doubts[-1]
        others = f", as in {len(doubts) - 1:,} more" if len(doubts) > 1 else ""
        words = f"rows may be missing in the window from {start} on{others}, as its last sync was in doubt ({why})"
        reason = clause("", words, "sync it again")
        return check.result(self.key, False, verdict=Verdict.UNKNOWN.words, reason=reason, windows_in_doubt=len(doubts))

    def _rejected(self, check: Check) -> AssetCheckResult:
        rejected = self.seen.rows_set_aside if self.seen else 0
        where = {"table": self.table.named("__rejected")} if rejected else {}
        return check.result(self.key, rejected == 0, rows_set_aside=rejected, **where)

    def _unchanged(self, check: Check) -> AssetCheckResult:
        beside = dict(self.seen.split) if self.seen else {}
        changes = list(_changes(*self.schemas()[:2]))
        shown = MetadataValue.json(changes) if changes else "none"
        # Values of another type than their column are news on the first sync too.
        split = {"values_beside_their_column": MetadataValue.json(beside)} if beside else {}
        return check.result(self.key, not (changes or beside), changes=shown, **split)

    def _shown(self, keys: list[tuple[Any, ...]]) -> dict[str, Any]:
        if any(is_sensitive(name, self.sensitive) for name in self.resource.keys):
            return {}
        return {"keys": MetadataValue.json([[str(part) for part in key] for key in keys])}


def _changes(*schemas: Any) -> Iterator[str]:
    """What is different in the newest of two column schemas."""
    if len(schemas) < 2 or not all(isinstance(schema, TableSchema) for schema in schemas):
        return
    new, old = ({column.name: column.type for column in schema.columns} for schema in schemas)
    yield from (f"{name} was added" for name in new if name not in old)
    yield from (f"{name} is gone" for name in old if name not in new)
    yield from (f"{name} was {old[name]} and is {new[name]}" for name in new if name in old and old[name] != new[name])


def account_checks(description: ApiDescription) -> list[AssetChecksDefinition]:
    """The checks of the views of all accounts, which can be run alone."""
    return [_account_check(description, one) for one in account_views(description)]


def report_accounts(
    context: AssetExecutionContext, description: ApiDescription, resource: Resource, failure: SyncFailure | None
) -> None:
    """Tell Dagster of the view of all accounts, where there is one, once a sync of one of them is over.

    Args:
        context: of the op that synced.
        description: the API of that account.
        resource: the resource.
        failure: why the sync failed; None where it did not.
    """
    is_synced = asset_key(description, resource.name) in context.selected_asset_keys
    if description.tenancy is None or not is_synced:
        return
    key, account = view_key(description, resource), description.tenancy.account
    try:
        ended = _ended(description, resource)
    except Exception as error:  # noqa: BLE001 - what the sync itself says is more, and is said all the same
        context.log.warning("%s: its accounts could not be judged: %s", description.name, type(error).__name__)
        return
    ended[account] = ("failed", str(failure)) if failure else ("synced", "")
    found = _judged(ended)
    if failure is None:
        metadata = {f"{METADATA}/account": account}
        context.instance.report_runless_asset_event(AssetMaterialization(key, metadata=metadata))
    context.instance.report_runless_asset_event(
        AssetCheckEvaluation(key, EVERY_ACCOUNT, passed=not found, metadata=found, severity=AssetCheckSeverity.ERROR)
    )


def _account_check(description: ApiDescription, resource: Resource) -> AssetChecksDefinition:
    words = "The last sync of every account loaded its rows."

    @asset_check(asset=view_key(description, resource), name=EVERY_ACCOUNT, description=words)
    def every_account_is_synced() -> AssetCheckResult:
        found = _judged(_ended(description, resource))
        return AssetCheckResult(passed=not found, metadata=found, severity=AssetCheckSeverity.ERROR)

    return every_account_is_synced


def _ended(description: ApiDescription, resource: Resource) -> dict[str, tuple[str, str]]:
    from messaging_assets.loading.table.account_view import last_syncs

    return last_syncs(description, resource, settle_environment().make())


def _judged(ended: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """The accounts whose rows are missing or old, and why, by name."""
    return {account: f"{state}: {why}" for account, (state, why) in ended.items() if state != "synced"}
