"""The assets of an API: one op per resource, which syncs it, judges it, and answers its checks.

Two layers try again. A request is repeated as the file's error_handler says (`http/exchange.py`). The whole op
is repeated by Dagster, at most `max_retries` times too, and only after failures that a later try can mend; so a
request leaves at most (max_retries + 1) squared times.
"""

import time
from collections.abc import Generator, Iterator, Mapping
from functools import cache, partial
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Any

from dagster import (
    AssetCheckKey,
    AssetCheckResult,
    AssetExecutionContext,
    AssetKey,
    AssetObservation,
    AssetsDefinition,
    AssetSpec,
    Backoff,
    DagsterError,
    DagsterExecutionInterruptedError,
    Failure,
    Jitter,
    MaterializeResult,
    MetadataValue,
    RetryPolicy,
    TableSchema,
    multi_asset,
)
from dlt import Pipeline

from messaging_assets.assets.checks import (
    COMPLETE,
    blocking_failure,
    check_results,
    check_specs,
    incomplete,
    report_accounts,
)
from messaging_assets.assets.credentials import credentials_in, credentials_key
from messaging_assets.assets.metadata.hidden_metadata import check_without_secrets, without_secrets
from messaging_assets.assets.metadata.receipt_metadata import (
    PARTITION_ROWS,
    in_order,
    last_metadata,
    place_metadata,
    plain_metadata,
    stored_result,
)
from messaging_assets.assets.partitions import backfill_policy, partitions_definition
from messaging_assets.assets.preview import table_preview
from messaging_assets.assets.sync_config import SyncConfig, config_of, refuse_config_of_no_op
from messaging_assets.assets.translator import ApiTranslator, Translation, asset_key, endpoint_spec, refuse_other_key
from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.description.parents import sensitive_columns
from messaging_assets.destination.names import REJECTED, pipeline_name
from messaging_assets.destination.pipelines import definition_pipeline, loaded_dataset, refuse_what_cannot_be_kept
from messaging_assets.foundation.failures import ReadIncomplete, SyncFailure
from messaging_assets.foundation.folders import project_folders, settle_environment
from messaging_assets.foundation.redaction import Redaction
from messaging_assets.loading.source import definition_source
from messaging_assets.seams.dagster_dlt import DagsterDltResource, build_dlt_asset_specs
from messaging_assets.seams.dagster_inside import AlreadyBound, ReadConfig, is_op_of_job
from messaging_assets.tables.loaded_table import LoadedTable

if TYPE_CHECKING:
    from messaging_assets.assets.sync_task import SyncResult

# No resource of Dagster's: it holds no settings, and a project that has one named `dlt` keeps it.
_LOADER = DagsterDltResource()
# Read once: to read it anew for each op takes a seventh of the time in which definitions are loaded.
_CONFIG_SCHEMA = ReadConfig(SyncConfig.to_fields_dict())
# Of each op, which Dagster asks for it seven times.
_SIGNATURE = Signature([Parameter("context", Parameter.POSITIONAL_OR_KEYWORD, annotation=AssetExecutionContext)])


class RunInterrupted(DagsterError, DagsterExecutionInterruptedError):
    """A run that somebody cancelled ends. Dagster would try a step that is interrupted again, by its retry policy.

    As the one it ends the run as interrupted; as the other it passes by the retry policy.
    """


def build_assets(
    description: ApiDescription,
    translation: Translation | None = None,
    translator: type[ApiTranslator] = ApiTranslator,
) -> list[AssetsDefinition | AssetSpec]:
    """One asset per resource; where the file wants it, an external asset upstream of them for the API.

    Args:
        description: the API.
        translation: changes the asset of a resource, all but its key.
        translator: makes the asset of a resource.

    Raises:
        MendDescription: one of them changes a key.
    """
    upstream = [endpoint_spec(description)] if description.lineage == "endpoints" else []
    pipeline = definition_pipeline(project_folders())
    every = description.resources_in_full.values()
    return [
        *upstream,
        *(_asset(description, one, pipeline, translator(description, one, translation)) for one in every),
    ]


def _asset(
    description: ApiDescription, resource: Resource, pipeline: Pipeline, translator: ApiTranslator
) -> AssetsDefinition:
    key = asset_key(description, resource.name)
    made = build_dlt_asset_specs(definition_source(resource), pipeline, translator)
    specs = [translator.checked(spec) for spec in made]

    def materialize(context: AssetExecutionContext) -> Iterator[Any]:
        failure: SyncFailure | None = None
        config = config_of(context, description.asset_of(resource))
        try:
            try:
                result = None
                refuse_other_key(context, key, description.asset_of(resource))
                refuse_config_of_no_op(
                    context.run.run_config, description, resource.name, partial(is_op_of_job, context)
                )
                if key in context.selected_asset_keys:
                    result = _sync(context, description, resource, translator, config)
                answers = yield from _events(context, description, resource, key, result)
                if result is not None:
                    result.acknowledge()
                failure = blocking_failure(resource, description.asset_of(resource), answers)
            except SyncFailure as caught:
                failure = caught
            except Exception as caught:  # noqa: BLE001 - of the destination, while it was asked; said in one sentence
                failure = _as_failure(context, description, resource, caught)
        except (DagsterExecutionInterruptedError, KeyboardInterrupt):
            _end_run(context, description)
            if context.get_step_execution_context().retry_mode.deferred:
                raise  # this process is the step's alone; the run, which may go on, decides
            words = "its run was interrupted; start it again, which goes on from what is loaded"
            raise RunInterrupted(f"{description.asset_of(resource)}: {words}.") from None
        report_accounts(context, description, resource, failure)
        if isinstance(failure, ReadIncomplete) and AssetCheckKey(key, COMPLETE) in context.selected_asset_check_keys:
            yield incomplete(key, failure)
        if failure is not None:
            # Raised out here, outside dlt and without a chain, so that its sentence is the first thing to be read.
            # After the last try Dagster would put its own words, "Exceeded max_retries", above it.
            is_last = context.retry_number >= resource.endpoint.error_handler.max_retries
            retries = failure.retryable and not is_last
            _show(context, key, failure, will_retry=retries)
            raise Failure(str(failure), metadata=dict(failure.metadata), allow_retries=retries)

    materialize.__signature__ = _SIGNATURE  # type: ignore[attr-defined]
    asset: AssetsDefinition = multi_asset(
        specs=specs,
        name=pipeline_name(description.name, resource.name),
        check_specs=check_specs(resource, key),
        can_subset=True,
        retry_policy=_retry_policy(resource),
        required_resource_keys={credentials_key(description.name)},
        op_tags={"messaging_assets/api": description.name},
        pool=f"messaging_assets/{description.name}",
        partitions_def=partitions_definition(resource),
        backfill_policy=backfill_policy(resource),
        config_schema=_CONFIG_SCHEMA,
    )(materialize)
    # Made so, and not by its constructor, which would check anew what it has just been made of.
    asset.__class__ = AlreadyBound
    return asset


def _sync(
    context: AssetExecutionContext,
    description: ApiDescription,
    resource: Resource,
    translator: ApiTranslator,
    config: SyncConfig,
) -> "SyncResult":
    # Imported late: definitions are loaded in much less time without Arrow and what reads an API.
    from messaging_assets.assets.sync import sync
    from messaging_assets.loading.probe import refuse_what_comes_back_changed

    folders = settle_environment().make()
    refuse_what_cannot_be_kept(description, resource, folders)
    refuse_what_comes_back_changed(description, resource, folders)
    credentials = credentials_in(context.resources, description)
    started = time.monotonic()
    result = sync(context, description, resource, credentials, _LOADER, translator, config)
    if description.tenancy:
        from messaging_assets.loading.table.account_view import renew_views

        renew_views(description, resource, folders)
    # Beside `dagster/row_count`, which Dagster plots too.
    result.metadata["messaging_assets/seconds"] = round(time.monotonic() - started, 3)
    return result


def _show(context: AssetExecutionContext, key: AssetKey, failure: SyncFailure, *, will_retry: bool) -> None:
    """Put sentence and counts of a failed sync on the asset's page, which shows an observation's metadata alone."""
    if failure.metadata and not will_retry:
        partition = context.partition_key if context.has_partition_key else None
        shown = in_order({**failure.metadata, "messaging_assets/verdict_reason": str(failure)})
        context.log_event(AssetObservation(key, str(failure), shown, partition))


def _end_run(context: AssetExecutionContext, description: ApiDescription) -> None:
    from messaging_assets.assets.sync_task import end_run

    end_run(context, description)


def _as_failure(
    context: AssetExecutionContext, description: ApiDescription, resource: Resource, error: Exception
) -> SyncFailure:
    from messaging_assets.assets.failure_sentence import as_failure

    try:
        return as_failure(description.asset_of(resource), error, _redaction(context, description))
    except SyncFailure as replaced:  # the credentials, so that nobody knows what to hide
        return replaced


def _redaction(context: AssetExecutionContext, description: ApiDescription) -> Redaction:
    return Redaction(credentials_in(context.resources, description).all_secrets(description))


def _events(
    context: AssetExecutionContext,
    description: ApiDescription,
    resource: Resource,
    key: AssetKey,
    result: "SyncResult | None",
) -> Generator[Any, None, list[AssetCheckResult]]:
    """The materialization, if there was a sync, and the results of the selected checks, which it returns too."""
    dataset = loaded_dataset(description, resource, project_folders())
    table = LoadedTable(dataset, resource.table)
    selected = {check.name for check in context.selected_asset_check_keys}
    shown = plain_metadata(result.metadata) if result else last_metadata(context.instance, key, 1)[0]
    seen = result.read if result else stored_result(shown)

    @cache
    def earlier_ones() -> list[dict[str, Any]]:
        return last_metadata(context.instance, key, 1 if result else 2)

    def schemas() -> list[Any]:
        newest, *earlier = ([shown] if result else []) + earlier_ones()
        # A table without rows lacks the columns that its first rows will make.
        filled = [one for one in earlier if one.get("dagster/row_count") != 0]
        return [one.get("dagster/column_schema") for one in [newest, *filled]]

    sensitive = sensitive_columns(description, resource)
    counts, answers = check_results(resource, key, selected, table, seen, schemas, sensitive, description.name)
    known = result.redaction if result else _redaction(context, description)
    answers = [check_without_secrets(answer, known) for answer in answers]
    if result:
        rows: dict[str, Any] = {"dagster/row_count": counts.rows, "dagster/table_name": table.full_name}
        rows |= place_metadata(table.place)
        if (before := earlier_ones()[0].get("dagster/row_count")) is not None:
            rows["messaging_assets/row_difference"] = counts.rows - int(before)
        for partition, number in result.partition_rows.items():
            # The one keeps its place in the reader's order, the other is what each partition shows of its own.
            rows[PARTITION_ROWS] = number
            context.add_asset_metadata({PARTITION_ROWS: number}, key, partition)
        if resource.preview_rows and (preview := table_preview(table, resource.preview_rows, sensitive, known)):
            rows["messaging_assets/preview"] = preview
        if not counts.exists and (loaded := result.read.rows_loaded):
            raise ReadIncomplete(
                f"{loaded} rows were loaded, and the destination has no table {table.full_name}",
                "run it once with full_refresh, and report it if that does not help",
                where=description.asset_of(resource),
            )
        if children := _child_tables(table, result.metadata):
            counted = {name: LoadedTable(dataset, name).count().rows for name in children}
            rows["messaging_assets/child_tables"] = MetadataValue.json(counted)
        metadata = without_secrets(in_order({**result.metadata, **rows}), known)
        yield MaterializeResult(asset_key=key, metadata=metadata, check_results=answers)
    else:
        yield from answers
    return answers


def _child_tables(table: LoadedTable, metadata: Mapping[str, Any]) -> list[str]:
    """The tables that nested lists went to; dagster-dlt leaves the columns of each under its name."""
    named = [name for name, value in metadata.items() if isinstance(value, TableSchema)]
    return [name for name in table.nested(named) if not name.startswith(table.named(REJECTED))]


def _retry_policy(resource: Resource) -> RetryPolicy | None:
    handler = resource.endpoint.error_handler
    if handler.max_retries == 0:
        # With a policy of no retries Dagster's own words would stand above the sentence.
        return None
    return RetryPolicy(
        max_retries=handler.max_retries,
        delay=max(handler.backoff_factor, 0.1) if handler.backoff_factor else 0,
        backoff=Backoff.EXPONENTIAL,
        jitter=Jitter.PLUS_MINUS,
    )
