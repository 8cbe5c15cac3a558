"""What `messaging_assets/seams/` leans on in dlt and Dagster, and what it was in the releases that were tried.

A release that changes one of these fails a test. Once the change was read and the seam is right with it, this adds
the installed release to `snapshots/seams.txt`:

    python -m messaging_assets_tests.leaned_on
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

# A seam that does without it says what it takes in its place.
GONE = "is not there"
KNOWN = Path(__file__).parent / "snapshots" / "seams.txt"


@dataclass(frozen=True)
class Thing:
    """Something of dlt or Dagster that is private, or lies deep in it.

    Args:
        seam: the module of `messaging_assets/seams/` that leans on it.
        name: its module, a colon, and its name there.
        kind: what of it must stay: its `text` (we override it, or do the same), its `signature`, its `value`, or that
            it is `there`.
        why: what depends on it.
    """

    seam: str
    name: str
    kind: str
    why: str

    @property
    def library(self) -> str:
        """The package that it comes in, as its release is known."""
        return self.name.partition(".")[0].partition(":")[0].replace("_", "-")

    @property
    def release(self) -> str:
        """The library and its installed release."""
        return f"{self.library} {version(self.library)}"

    def now(self) -> str:
        """What it is in the installed release, on one line."""
        try:
            found = resolved(self.name)
        except (ImportError, AttributeError):
            return f"{self.name} {GONE}"
        return f"{self.name} {seen(found, self.kind)}"

    def complaint(self, known: Mapping[str, str]) -> str | None:
        """What is wrong with it in the installed release, in a sentence; None where nothing is.

        Args:
            known: the releases in which it was seen, by what it was in them.
        """
        now = self.now()
        if now in known:
            return None
        tried = ", ".join(sorted({one for line, one in known.items() if line.split(" ")[0] == self.name})) or "none"
        happened = f"{self.release} {'has no' if now.endswith(GONE) else 'changed'} {self.name}"
        return (
            f"{happened}, on which seams/{self.seam}.py leans: {self.why} (tried: {tried}). Compare the two releases, "
            "mend the seam where it must, run the tests, and add it: python -m messaging_assets_tests.leaned_on"
        )


def resolved(name: str) -> Any:
    """What is behind `module:name.of.it`, a property as itself."""
    module, _, path = name.partition(":")
    found: Any = import_module(module)
    for part in path.split("."):
        found = inspect.getattr_static(found, part) if inspect.isclass(found) else getattr(found, part)
    return found


def seen(found: Any, kind: str) -> str:
    """What must stay of a thing, on one line."""
    if kind == "there":
        return "is there"
    if kind == "value":
        return repr(sorted(found) if isinstance(found, (set, frozenset)) else found)
    if isinstance(found, (classmethod, staticmethod)):
        found = found.__func__
    if kind == "signature":
        return _signature(found)
    parts = [found.fget, found.fset] if isinstance(found, property) else [found]
    return hashlib.sha256("".join(_text(one) for one in parts if one).encode()).hexdigest()[:12]


def _signature(found: Any) -> str:
    parameters = inspect.signature(found).parameters.values()
    marks: dict[Any, str] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    return f"({', '.join(marks.get(one.kind, '') + one.name for one in parameters)})"


def _text(found: Any) -> str:
    """The code of a function or class without its docstring, comments and blanks, as every Python has it."""
    source = textwrap.dedent(_source(inspect.unwrap(found)))
    lines: list[str] = source.splitlines()
    documented = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, documented) and ast.get_docstring(node) is not None:
            words = node.body[0]
            lines[words.lineno - 1 : words.end_lineno] = [""] * ((words.end_lineno or 0) - words.lineno + 1)
    return "".join("".join(line.split()) for line in lines if not line.lstrip().startswith("#"))


def _source(found: Any) -> str:
    try:
        return inspect.getsource(found)
    except OSError:
        # From 3.13 on Python asks a class itself for its lines, and one that a decorator made does not know them.
        module = inspect.getsource(sys.modules[found.__module__])
    [node] = [
        one for one in ast.walk(ast.parse(module)) if isinstance(one, ast.ClassDef) and one.name == found.__name__
    ]
    first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
    return "\n".join(module.splitlines()[first - 1 : node.end_lineno])


def known() -> dict[str, str]:
    """The releases that were tried, by what a thing was in them."""
    lines = [line for line in KNOWN.read_text(encoding="utf-8").splitlines() if line]
    return {line.rpartition("  # ")[0]: line.rpartition("  # ")[2] for line in lines}


def _things(seam: str, kind: str, why: str, *names: str) -> list[Thing]:
    return [Thing(seam, name, kind, why) for name in names]


_LOADING = "an interrupted load is found in dlt's folders and begun anew"
_OVER = "an interrupted load is over when none of its jobs is at work any more"
_HIGHER = "the id of a load is higher than those before it, whatever the clock says"
_OWN_PIPE = "PageReader enters the same contexts and reads the same pipe, page by page"
_CONTEXTS = "dlt's contexts are looked up and entered by it"
_COPIED = "a row has its own values, whatever the folders above its file are called"
_WAITING = "writers of one DuckDB file wait for each other"
_ONCE = "DuckDB's settings are looked up once for a pipeline, and each client has connections of its own"
_BUCKETS = "DuckDB reads files in a bucket, with its secrets"
_COPIES = "PostgreSQL gets rows by COPY, in which an empty text is none and null is null"
_PROVIDERS = "our settings win over a user's where rows depend on them"
_TYPES = "columns of MySQL and SQLite keep what dlt's own types would lose"
_MARKS = "rows at an incremental's mark are told apart as in marks that dlt kept"
_AS_DLT = "a value, path or name means here what it means to dlt"
_LISTS = "the list and the next page of an answer are found as dlt finds them"
_HINTS = "types of settings are taken apart once a process, because the answer follows from the hint alone"
_UNSET = "a setting that nobody has is not asked for in every section"
_PLAN = "the lists of the next resources are asked for while one is synced, in this process alone"
_ENGINES = "storage in SQLite compiles statements, opens files and reads migrations once a process"
_AHEAD = "a parent's list is asked for ahead of its turn by the requests that dlt makes in its turn"
_ANEW = "a schema's file is read anew only when it changed"
_COLUMNS = "rows of nested lists become columns at once, with the names, ids and types of dlt's own way"
_ADDED = "a table gets its columns that are never null on every DuckDB"
_NEXT = "a circle of links is seen, and an interrupted read goes on, by the reference itself"
_TABLES = "names and hints of dlt's own columns and tables"
_FAILURES = "what went wrong is told by the class and its fields"
_CRON = "a cron line is checked, told in words and counted by Dagster's own reading"
_INSTANCE = "the state of checks, schedules, sensors and runs is asked of Dagster's instance"
_PAGE = "an asset's page shows its metadata and the link to its file"
_DG = "a project of `dg` is found as `dg` finds it"
_ASSETS = "a resource becomes an asset, and a sync's result its metadata"
_BOUND = "definitions of many files are bound to their resources in time that grows with the files"
_PARTS = "the process of a run builds the APIs of the run and no others"
_DUCKDB = "dlt.destinations.impl.duckdb"
_SQL = "dlt.destinations.impl.sqlalchemy"
_POSTGRES = "dlt.destinations.impl.postgres"
_CLIENT = "dlt.sources.helpers.rest_client"
_CONFIG = "dlt.sources.rest_api.config_setup"
_PACKAGE = "dlt.common.storages.load_package:PackageStorage"
_NORMALIZER = "dlt.normalize.items_normalizers"
_RELATIONAL = "dlt.common.normalizers.json.relational:DataItemNormalizer"
_DAGSTER = "dagster._core"

THINGS = [
    *_things("foreign_words", "there", _INSTANCE, "dagster_shared.error:SerializableErrorInfo"),
    *_things("dlt_contexts", "text", _OWN_PIPE, "dlt.extract.resource:DltResource.__iter__"),
    *_things("dlt_contexts", "text", _OWN_PIPE, "dlt.extract.resource:DltResource._get_config_section_context"),
    *_things("dlt_contexts", "text", _OWN_PIPE, "dlt.extract.pipe_iterator:ManagedPipeIterator"),
    *_things("dlt_contexts", "signature", _OWN_PIPE, "dlt.extract.pipe_iterator:PipeIterator.from_pipes"),
    *_things("dlt_contexts", "text", _OWN_PIPE, "dlt.extract.source:_DltSingleSource"),
    *_things("dlt_contexts", "signature", _OWN_PIPE, "dlt.extract.source:SourceInjectableContext"),
    *_things("dlt_contexts", "signature", _OWN_PIPE, "dlt.extract.source:SourceSchemaInjectableContext"),
    *_things("dlt_contexts", "text", _CONTEXTS, "dlt.common.configuration.container:Container.injectable_context"),
    *_things("dlt_contexts", "signature", _CONTEXTS, "dlt.common.pipeline:StateInjectableContext"),
    *_things("dlt_duckdb", "text", _WAITING, f"{_DUCKDB}.duck:DuckDbClient.__init__"),
    *_things("dlt_duckdb", "text", _COPIED, f"{_DUCKDB}.duck:DuckDbCopyJob.run"),
    *_things("dlt_duckdb", "text", _COPIED, f"{_DUCKDB}.duck:DuckDbClient.create_load_job"),
    *_things("dlt_duckdb", "signature", _ADDED, f"{_DUCKDB}.duck:DuckDbClient._make_add_column_sql"),
    *_things("dlt_duckdb", "text", _ADDED, f"{_DUCKDB}.duck:DuckDbClient._get_table_update_sql"),
    *_things("dlt_duckdb", "text", _WAITING, f"{_DUCKDB}.sql_client:DuckDbSqlClient.__init__"),
    *_things("dlt_duckdb", "text", _WAITING, f"{_DUCKDB}.sql_client:DuckDbSqlClient.open_connection"),
    *_things("dlt_duckdb", "signature", _WAITING, f"{_DUCKDB}.sql_client:DuckDbSqlClient.execute_query"),
    *_things("dlt_duckdb", "text", _WAITING, f"{_DUCKDB}.factory:duckdb._raw_capabilities"),
    *_things("dlt_duckdb", "text", _WAITING, f"{_DUCKDB}.factory:duckdb.client_class"),
    *_things("dlt_duckdb", "text", _WAITING, "dlt.common.destination.reference:Destination.capabilities"),
    *_things("dlt_duckdb", "text", _ONCE, "dlt.common.destination.reference:Destination.configuration"),
    *_things("dlt_duckdb", "text", _ONCE, f"{_DUCKDB}.configuration:DuckDbBaseCredentials.copy"),
    *_things("dlt_duckdb", "text", _ONCE, f"{_DUCKDB}.configuration:DuckDbCredentials.on_resolved"),
    *_things("dlt_duckdb", "there", _WAITING, "dlt.common.destination:DestinationCapabilitiesContext"),
    *_things("dlt_duckdb", "text", _WAITING, "dlt.pipeline.pipeline:Pipeline.load"),
    *_things("dlt_duckdb", "text", _WAITING, "dlt.pipeline.pipeline:Pipeline._sync_destination"),
    *_things("dlt_duckdb", "there", _WAITING, "dlt.common.pipeline:LoadInfo"),
    *_things("dlt_duckdb", "signature", _WAITING, "dlt:pipeline"),
    *(
        one
        for function in ("is_union_type", "is_optional_type", "is_subclass", "extract_inner_type")
        for one in _things("dlt_lookups", "text", _HINTS, f"dlt.common.typing:{function}")
    ),
    *_things("dlt_lookups", "text", _HINTS, "dlt.common.validation:validate_dict"),
    *(
        one
        for method in ("__iter__", "__len__")
        for one in _things(
            *("dlt_lookups", "text", _HINTS),
            f"dlt.common.configuration.specs.base_configuration:BaseConfiguration.{method}",
        )
    ),
    *_things("dlt_lookups", "text", _HINTS, "dlt.common.configuration.specs.base_configuration:extract_inner_hint"),
    *_things("dlt_lookups", "text", _HINTS, "dlt.common.configuration.specs.base_configuration:is_secret_hint"),
    *(
        one
        for function in ("is_base_configuration_inner_hint", "is_context_inner_hint")
        for one in _things(
            "dlt_lookups", "text", _UNSET, f"dlt.common.configuration.specs.base_configuration:{function}"
        )
    ),
    *_things("dlt_lookups", "text", _UNSET, "dlt.common.configuration.resolve:_resolve_config_field"),
    *_things("dlt_lookups", "text", _UNSET, "dlt.common.configuration.providers.environ:EnvironProvider.get_value"),
    *_things("dlt_lookups", "text", _UNSET, "dlt.common.configuration.providers.doc:BaseDocProvider.get_value"),
    *_things("dlt_lookups", "there", _UNSET, "dlt.common.configuration.providers:SettingsTomlProvider"),
    *_things("dlt_settings", "text", _PROVIDERS, "dlt.common.configuration.resolve:_resolve_single_value"),
    *_things("dlt_settings", "text", _PROVIDERS, "dlt.common.configuration.providers.provider:get_key_name"),
    *_things("dlt_settings", "text", _PROVIDERS, "dlt.common.configuration.providers.provider:ConfigProvider"),
    *_things(
        *("dlt_settings", "text", _PROVIDERS),
        "dlt.common.configuration.specs.pluggable_run_context:PluggableRunContext",
    ),
    *_things(
        *("dlt_settings", "text", _PROVIDERS),
        "dlt.common.configuration.specs.config_providers_context:ConfigProvidersContainer.__init__",
    ),
    *_things("dlt_filesystem", "text", _BUCKETS, f"{_DUCKDB}.sql_client:DuckDbSqlClient.create_secret"),
    *_things("dlt_postgres", "text", _COPIES, f"{_POSTGRES}.factory:postgres._raw_capabilities"),
    *_things("dlt_postgres", "text", _COPIES, f"{_POSTGRES}.factory:PostgresTypeMapper"),
    *_things("dlt_postgres", "text", _COPIES, f"{_POSTGRES}.postgres:PostgresClient.create_load_job"),
    *_things("dlt_postgres", "text", _COPIES, f"{_POSTGRES}.postgres:PostgresClient.__init__"),
    *_things(
        *("dlt_postgres", "text", _COPIES),
        "dlt.destinations.job_client_impl:SqlJobClientBase._get_column_def_sql",
        "dlt.destinations.job_client_impl:SqlJobClientWithStagingDataset.with_staging_dataset",
    ),
    *_things("dlt_postgres", "text", _COPIES, f"{_POSTGRES}.sql_client:Psycopg2SqlClient._reset_connection"),
    *_things("dlt_postgres", "text", _COPIES, f"{_POSTGRES}.sql_client:Psycopg2SqlClient._make_database_exception"),
    *_things("dlt_postgres", "text", _COPIES, f"{_POSTGRES}.sql_client:Psycopg2SqlClient.begin_transaction"),
    *_things("dlt_postgres", "there", _COPIES, "dlt.common.destination.client:HasFollowupJobs"),
    *_things("dlt_postgres", "text", _COPIES, "dlt.common.destination.client:RunnableLoadJob.run_managed"),
    *_things("dlt_sqlalchemy", "signature", _TYPES, f"{_SQL}.dialect:register_dialect_capabilities"),
    *_things("dlt_sqlalchemy", "text", _TYPES, f"{_SQL}.dialect:MysqlDialectCapabilities"),
    *_things("dlt_sqlalchemy", "text", _TYPES, f"{_SQL}.dialect:SqliteDialectCapabilities"),
    *_things("dlt_sqlalchemy", "text", _TYPES, f"{_SQL}.dialect:DialectCapabilities"),
    *_things("dlt_sqlalchemy", "text", _TYPES, f"{_SQL}.type_mapper:MysqlVariantTypeMapper"),
    *_things("dlt_sqlalchemy", "text", _TYPES, f"{_SQL}.type_mapper:SqlalchemyTypeMapper"),
    *_things("dlt_names", "value", _TABLES, "dlt.common.schema.typing:C_DLT_ID"),
    *_things("dlt_names", "value", _TABLES, "dlt.common.schema.typing:C_DLT_LOAD_ID"),
    *_things("dlt_names", "value", _TABLES, "dlt.common.schema.typing:DEFAULT_VALIDITY_COLUMN_NAMES"),
    *_things("dlt_names", "text", _TABLES, "dlt.common.schema.utils:dlt_id_column"),
    *_things("dlt_names", "signature", _TABLES, "dlt.common.schema.utils:get_nested_tables"),
    *_things("dlt_names", "text", _TABLES, "dlt.common.schema.utils:is_complete_column"),
    *_things("dlt_names", "text", _TABLES, "dlt.destinations.sql_client:DBApiCursorImpl._get_columns"),
    *_things("dlt_names", "there", _TABLES, "dlt.common.destination:AnyDestination"),
    *_things("dlt_names", "signature", _TABLES, "dlt.common.destination:Destination.from_reference"),
    *_things("dlt_names", "there", _TABLES, "dlt.common.destination:Destination"),
    *_things("dlt_names", "there", _FAILURES, "dlt.common.destination.exceptions:UnknownDestinationModule"),
    *_things("dlt_names", "there", _FAILURES, "dlt.common.exceptions:TerminalException"),
    *_things("dlt_names", "signature", _FAILURES, "dlt.destinations.exceptions:DatabaseException"),
    *_things("dlt_names", "signature", _FAILURES, "dlt.destinations.exceptions:DatabaseUndefinedRelation"),
    *_things("dlt_names", "text", _FAILURES, "dlt.pipeline.exceptions:PipelineStepFailed.__init__"),
    *_things("dlt_names", "there", _FAILURES, "dlt.pipeline.exceptions:PipelineStepFailed"),
    *_things("dlt_values", "text", _AS_DLT, "dlt.common.jsonpath:compile_path"),
    *_things("dlt_values", "text", _AS_DLT, "dlt.common.jsonpath:set_value_at_path"),
    *_things("dlt_values", "text", _AS_DLT, "dlt.common.normalizers.json.helpers:get_row_hash"),
    *_things("dlt_values", "text", _AS_DLT, "dlt.common.normalizers.naming.snake_case:NamingConvention"),
    *_things("dlt_values", "text", _AS_DLT, "dlt.common.schema.detections:is_iso_timestamp"),
    *_things("dlt_values", "text", _AS_DLT, "dlt.common.time:parse_iso_like_datetime"),
    *_things("dlt_values", "text", _AS_DLT, "dlt.common.utils:str2bool"),
    *_things("dlt_values", "text", _MARKS, "dlt.extract.utils:resolve_column_value"),
    *_things("dlt_values", "text", _MARKS, "dlt.extract.utils:digest_dedup_value"),
    *_things("dlt_values", "text", _MARKS, "dlt.extract.utils:has_legacy_dedup_hashes"),
    *_things("dlt_values", "text", _MARKS, "dlt.common.utils:digest128"),
    *_things("dlt_values", "there", _MARKS, "dlt.common.json:json"),
    *_things("dlt_rest_client", "signature", _LISTS, f"{_CLIENT}.client:RESTClient"),
    *_things("dlt_rest_client", "signature", _LISTS, f"{_CLIENT}.client:RESTClient.paginate"),
    *_things("dlt_rest_client", "text", "a log would lack its lines", f"{_CLIENT}.client:RESTClient._log_request"),
    *_things("dlt_rest_client", "value", _LISTS, f"{_CLIENT}.detector:NON_RECORD_KEY_PATTERNS"),
    *_things("dlt_rest_client", "value", _LISTS, f"{_CLIENT}.detector:RECORD_KEY_PATTERNS"),
    *_things("dlt_rest_client", "text", _LISTS, f"{_CLIENT}.detector:PaginatorFactory"),
    *_things("dlt_rest_client", "text", _LISTS, f"{_CLIENT}.detector:find_all_lists"),
    *_things("dlt_rest_client", "text", _LISTS, f"{_CLIENT}.detector:find_response_page_data"),
    *_things("dlt_rest_client", "text", _LISTS, f"{_CLIENT}.detector:single_entity_path"),
    *_things("dlt_rest_client", "there", _LISTS, f"{_CLIENT}.exceptions:IgnoreResponseException"),
    *_things("dlt_rest_client", "text", _AHEAD, f"{_CONFIG}:build_resource_dependency_graph"),
    *_things(
        "dlt_rest_client", "text", "a further page would be asked with doubled braces", f"{_CONFIG}:expand_placeholders"
    ),
    *_things("dlt_rest_client", "text", _AHEAD, f"{_CONFIG}:paginate_dependent_resource"),
    *_things("dlt_rest_client", "text", _AHEAD, f"{_CONFIG}:paginate_resource"),
    *_things("dlt_rest_client", "text", _NEXT, f"{_CLIENT}.paginators:BaseReferencePaginator._next_reference"),
    *_things("dlt_rest_client", "text", _NEXT, f"{_CLIENT}.paginators:HeaderLinkPaginator"),
    *_things("dlt_rest_client", "text", _NEXT, f"{_CLIENT}.paginators:BasePaginator"),
    *(
        one
        for method in ("_flatten", "_add_row_id", "_get_propagated_values", "_normalize_list", "_normalize_row")
        for one in _things("normalizing/unnesting", "text", _COLUMNS, f"{_RELATIONAL}.{method}")
    ),
    *_things("normalizing/unnesting", "text", _COLUMNS, f"{_RELATIONAL}._reset"),
    *_things("normalizing/unnesting", "there", _COLUMNS, _RELATIONAL),
    *_things("normalizing/unnesting", "text", _COLUMNS, "dlt.common.normalizers.json.helpers:get_nested_row_hash"),
    *_things("normalizing/unnesting", "text", _COLUMNS, "dlt.common.normalizers.json.helpers:get_row_hash"),
    *_things("normalizing/unnesting", "text", _COLUMNS, "dlt.common.normalizers.utils:generate_dlt_ids"),
    *_things("normalizing/typed_columns", "there", _COLUMNS, "dlt.common.json:json"),
    *_things("normalizing/chunks", "text", _COLUMNS, "dlt.common.data_writers.writers:ParquetDataWriter"),
    *_things("normalizing/chunks", "text", _COLUMNS, "dlt.common.data_writers.buffered:BufferedDataWriter"),
    *_things(
        "normalizing/chunks", "text", _COLUMNS, "dlt.common.storages.data_item_storage:DataItemStorage._get_writer"
    ),
    *_things("normalizing/chunks", "text", _COLUMNS, "dlt.common.libs.pyarrow:columns_to_arrow"),
    *_things("normalizing/chunks", "there", _COLUMNS, "dlt.common.schema:TColumnSchema"),
    *_things("normalizing/chunks", "there", _COLUMNS, "dlt.common.schema:TSchemaUpdate"),
    *_things("normalizing/chunks", "text", _COLUMNS, "dlt.common.time:normalize_timezone"),
    *_things("normalizing/chunks", "text", _COLUMNS, "dlt.normalize.worker:w_normalize_files"),
    *_things("normalizing/chunks", "there", _COLUMNS, "dlt.normalize:worker"),
    *_things("normalizing/chunks", "text", _COLUMNS, f"{_NORMALIZER}.jsonl:JsonLItemsNormalizer"),
    *_things("normalizing/chunks", "there", _COLUMNS, f"{_NORMALIZER}:JsonLItemsNormalizer"),
    *_things("dlt_packages", "there", _COLUMNS, "dlt.common.pipeline:NormalizeInfo"),
    *_things("dlt_packages", "there", _HIGHER, "dlt.common.time:increasing_precise_time"),
    *_things("dlt_packages", "text", _HIGHER, "dlt.common.time:LockedMonotonicPreciseTime.__call__"),
    *_things("dlt_packages", "text", _HIGHER, "dlt.common.storages.load_package:create_load_id"),
    *_things("dlt_packages", "there", _OVER, "dlt.common.pipeline:LoadInfo"),
    *_things("dlt_packages", "text", _OVER, "dlt.pipeline.pipeline:Pipeline.load"),
    *_things("dlt_packages", "text", _OVER, "dlt.common.runners.pool_runner:create_pool"),
    *_things("dlt_packages", "text", _OVER, "dlt.common.configuration.container:Container.thread_pool_prefix"),
    *_things("dlt_packages", "text", _ANEW, "dlt.pipeline.pipeline:Pipeline.default_schema"),
    *_things("dlt_packages", "text", _ANEW, "dlt.common.storages.live_schema_storage:LiveSchemaStorage.__getitem__"),
    *_things("dlt_packages", "value", _PLAN, "dlt.pipeline.pipeline:Pipeline.STATE_FILE"),
    *_things("dlt_packages", "text", _PLAN, "dlt.common.versioned_state:json_decode_state"),
    *_things("dlt_packages", "there", _LOADING, "dlt.common.storages.exceptions:LoadPackageNotFound"),
    *_things("dlt_packages", "text", _LOADING, "dlt.common.storages.load_package:ParsedLoadJobFileName"),
    *_things("dlt_packages", "value", _LOADING, f"{_PACKAGE}.NEW_JOBS_FOLDER"),
    *_things("dlt_packages", "value", _LOADING, f"{_PACKAGE}.STARTED_JOBS_FOLDER"),
    *_things("dlt_packages", "value", _LOADING, f"{_PACKAGE}.COMPLETED_JOBS_FOLDER"),
    *_things("dlt_packages", "value", _LOADING, f"{_PACKAGE}.PENDING_TRANSITIONS_FOLDER"),
    *_things("dlt_packages", "value", _LOADING, f"{_PACKAGE}.APPLIED_SCHEMA_UPDATES_FILE_NAME"),
    *_things("dlt_packages", "value", _LOADING, f"{_PACKAGE}.SCHEMA_UPDATES_FILE_NAME"),
    *_things("dlt_packages", "text", _LOADING, _PACKAGE),
    *_things("dlt_packages", "there", _LOADING, "dlt.common.storages:FileStorage"),
    *_things("dlt_packages", "text", _LOADING, "dlt.common.storages.live_schema_storage:LiveSchemaStorage.save_schema"),
    *_things("dlt_packages", "value", _LOADING, "dlt.common.storages.load_storage:LoadStorage.NORMALIZED_FOLDER"),
    *_things(
        "dlt_packages", "value", _LOADING, "dlt.common.storages.normalize_storage:NormalizeStorage.EXTRACTED_FOLDER"
    ),
    *_things("dlt_packages", "text", _LOADING, "dlt.pipeline.pipeline:Pipeline.run"),
    *_things("dagster_inside", "signature", _PAGE, f"{_DAGSTER}.definitions.metadata:normalize_metadata"),
    *_things("dagster_inside", "text", _PAGE, f"{_DAGSTER}.definitions.metadata.source_code:CodeReferencesMetadataSet"),
    *_things("dagster_inside", "there", _INSTANCE, f"{_DAGSTER}.definitions.run_request:InstigatorType.SCHEDULE"),
    *_things("dagster_inside", "there", _INSTANCE, f"{_DAGSTER}.definitions.run_request:InstigatorType.SENSOR"),
    *_things("dagster_inside", "there", _INSTANCE, f"{_DAGSTER}.definitions.run_request:InstigatorType"),
    *_things(
        *("dagster_inside", "there", "the type of what `define_asset_job` gives"),
        f"{_DAGSTER}.definitions.unresolved_asset_job_definition:UnresolvedAssetJobDefinition",
    ),
    *_things(
        *("dagster_inside", "text", _BOUND),
        f"{_DAGSTER}.definitions.unresolved_asset_job_definition:UnresolvedAssetJobDefinition.resolve",
    ),
    *_things(
        *("dagster_inside", "signature", _BOUND),
        f"{_DAGSTER}.definitions.assets.graph.asset_graph:AssetGraph.assets_defs_for_keys",
        f"{_DAGSTER}.definitions.assets.graph.asset_graph:AssetGraph.from_assets",
    ),
    *_things("dagster_inside", "there", _INSTANCE, f"{_DAGSTER}.events:RunFailureReason"),
    *_things("dagster_inside", "there", _INSTANCE, f"{_DAGSTER}.events:RunFailureReason.UNEXPECTED_TERMINATION"),
    *_things(
        *("dagster_inside", "signature", _INSTANCE),
        f"{_DAGSTER}.storage.asset_check_execution_record:AssetCheckExecutionRecord.__new__",
    ),
    *_things(
        *("dagster_inside", "text", _INSTANCE),
        f"{_DAGSTER}.storage.asset_check_execution_record:AssetCheckExecutionRecordStatus",
    ),
    *_things(
        *("dagster_inside", "text", "the `translation` of the component"),
        "dagster.components.utils.translation:TranslationFnResolver",
    ),
    *_things(
        *("dagster_inside", "there", "the `translation` of the component"),
        "dagster.components.utils.translation:TranslationFn",
    ),
    *_things("dagster_inside", "signature", _INSTANCE, "dagster:DagsterInstance.all_instigator_state"),
    *_things("dagster_inside", "signature", _INSTANCE, "dagster:DagsterInstance.get_daemon_statuses"),
    *_things("dagster_inside", "there", _INSTANCE, "dagster:DagsterInstance.event_log_storage"),
    *_things(
        *("dagster_inside", "signature", _INSTANCE),
        f"{_DAGSTER}.storage.event_log.base:EventLogStorage."
        "get_latest_asset_partition_materialization_attempts_without_materializations",
    ),
    *_things("dagster_inside", "signature", _BOUND, "dagster:AssetsDefinition.with_resources"),
    *_things(
        *("dagster_inside", "text", "the configuration of an op would be read wrong"),
        f"{_DAGSTER}.definitions.definition_config_schema:IDefinitionConfigSchema",
        f"{_DAGSTER}.definitions.definition_config_schema:convert_user_facing_definition_config_schema",
    ),
    *_things(
        *("dagster_inside", "text", _PLAN),
        f"{_DAGSTER}.execution.plan.plan:ExecutionPlan.get_executable_step_deps",
        f"{_DAGSTER}.execution.plan.plan:ExecutionPlan.get_step_by_key",
    ),
    *_things(
        *("dagster_inside", "there", _PLAN),
        f"{_DAGSTER}.execution.context.system:IPlanContext.execution_plan",
        f"{_DAGSTER}.definitions.assets.job.asset_layer:AssetLayer.get_assets_def_for_node",
    ),
    *_things(
        *("dagster_storage", "text", _ENGINES),
        f"{_DAGSTER}.storage.event_log.sqlite.sqlite_event_log:SqliteEventLogStorage._connect",
        f"{_DAGSTER}.storage.runs.sqlite.sqlite_run_storage:SqliteRunStorage.connect",
        f"{_DAGSTER}.storage.schedules.sqlite.sqlite_schedule_storage:SqliteScheduleStorage.connect",
        f"{_DAGSTER}.storage.sql:check_alembic_revision",
        f"{_DAGSTER}.storage.sql:get_alembic_config",
    ),
    *_things("dagster_storage", "value", _ENGINES, f"{_DAGSTER}.storage.sql:ALEMBIC_SCRIPTS_LOCATION"),
    *_things("dagster_inside", "signature", _BOUND, "dagster:ResourceDefinition.get_required_resource_keys"),
    *_things(
        *("dagster_inside", "text", _PARTS),
        f"{_DAGSTER}.definitions.reconstruct:ReconstructableJob.get_definition",
        f"{_DAGSTER}.definitions.reconstruct:reconstruct_repository_def_from_pointer",
        "dagster:RepositoryDefinition.get_maybe_subset_job_def",
        "dagster:RepositoryDefinition.get_job",
    ),
    *_things(
        *("dagster_inside", "value", _PARTS),
        f"{_DAGSTER}.definitions.repository_definition:SINGLETON_REPOSITORY_NAME",
        f"{_DAGSTER}.definitions.assets.job.asset_job:IMPLICIT_ASSET_JOB_NAME",
    ),
    *_things(
        *("dagster_inside", "signature", _PARTS),
        f"{_DAGSTER}.definitions.definitions_load_context:DefinitionsLoadContext.get",
        "dagster:JobDefinition.get_subset",
    ),
    *_things(
        *("dagster_inside", "there", _PARTS),
        f"{_DAGSTER}.definitions.definitions_load_context:DefinitionsLoadType.RECONSTRUCTION",
    ),
    *_things("dagster_inside", "text", _CRON, "dagster._utils.schedules:CroniterShim"),
    *_things("dagster_inside", "signature", _CRON, "dagster._utils.schedules:cron_string_iterator"),
    *_things("dagster_inside", "text", _CRON, "dagster._utils.schedules:is_valid_cron_schedule"),
    *_things("dg_config", "text", _DG, "dagster_shared.utils.config:detect_dg_config_file_format"),
    *_things("dg_config", "signature", _DG, "dagster_shared.utils.config:discover_config_file"),
    *_things("dg_config", "signature", _DG, "dagster_shared.utils.config:load_toml_as_dict"),
    *_things("dagster_dlt", "text", _ASSETS, "dagster_dlt.translator:DltResourceTranslatorData"),
    *_things("dagster_dlt", "text", _ASSETS, "dagster_dlt.translator:DagsterDltTranslator.get_asset_spec"),
    *_things("dagster_dlt", "text", _ASSETS, "dagster_dlt.asset_decorator:build_dlt_asset_specs"),
    *_things("dagster_dlt", "text", _ASSETS, "dagster_dlt.resource:DagsterDltResource"),
]


if __name__ == "__main__":
    lines = known()
    for thing in THINGS:
        now = thing.now()
        releases = {one for one in lines.get(now, "").split(", ") if one}
        lines[now] = ", ".join(sorted({*releases, thing.release}))
    KNOWN.write_text("".join(f"{line}  # {one}\n" for line, one in sorted(lines.items())), encoding="utf-8")
