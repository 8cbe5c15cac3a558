"""Settings of dlt that correctness depends on are ours, whatever a user's configuration says."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timezone
from itertools import count
from pathlib import Path

import dlt
import pytest
from dlt.common import known_env
from dlt.common.configuration import configspec
from dlt.common.configuration.resolve import resolve_configuration
from dlt.common.configuration.specs import BaseConfiguration, ContainerInjectableContext, CredentialsConfiguration
from dlt.common.schema.configuration import SchemaConfiguration
from dlt.load.configuration import LoaderConfiguration
from dlt.normalize.configuration import NormalizeConfiguration

from messaging_assets.foundation.failures import MendSettings
from messaging_assets.seams.dlt_settings import OURS, REFUSED, made_once, own_settings, refuse_environment
from messaging_assets_tests.conftest import forget_dlt_contexts
from messaging_assets_tests.programs import run

ROWS = [{"id": number, "name": f"n{number}", "made_at": "2026-01-01T00:00:00.123456Z"} for number in range(3)]
COLUMNS = {"made_at": {"data_type": "timestamp"}}
MADE_AT = datetime(2026, 1, 1, microsecond=123456, tzinfo=timezone.utc)
ALL_TABLES = (
    "SELECT table_schema AS dataset, table_name AS name FROM information_schema.tables "
    "WHERE NOT starts_with(table_name, '_dlt') ORDER BY ALL"
)
EXPECTED_TABLES = [
    {"dataset": "generic_rest", "name": "_messaging_assets_syncs"},
    {"dataset": "generic_rest", "name": "resource_name"},
    {"dataset": "generic_rest", "name": "sync_history"},
    {"dataset": "generic_rest_staging", "name": "resource_name"},
]
# Each of them once turned a sync red, or left a green one with fewer or other rows.
HOSTILE = {
    "load.raise_on_failed_jobs": "false",
    "load.workers": "1",
    "load.parallelism_strategy": "parallel",
    "load.raise_on_max_retries": "0",
    "load.truncate_staging_dataset": "false",
    "load.delete_completed_jobs": "false",
    "load.load_volume_path": "elsewhere",
    "load.auto_abort_on_terminal_error": "true",
    "normalize.workers": "3",
    "normalize.parquet_normalizer.add_dlt_id": "true",
    "normalize.parquet_normalizer.add_dlt_load_id": "false",
    "normalize.json_normalizer.add_dlt_id": "false",
    "normalize.json_normalizer.add_dlt_load_id": "false",
    "extract.workers": "7",
    "extract.next_item_mode": "fifo",
    "schema.naming": "direct",
    "schema.import_schema_path": "schemas",
    "schema.json_normalizer": '{"module": "no.such.module"}',
    "data_writer.coerce_timestamps": "s",
    "data_writer.allow_truncated_timestamps": "true",
    "data_writer.version": "1.0",
    "normalize.data_writer.coerce_timestamps": "s",
    "normalize.data_writer.allow_truncated_timestamps": "true",
    "destination.replace_strategy": "truncate-and-insert",
    "destination.duckdb.replace_strategy": "truncate-and-insert",
    "destination.duckdb.staging_dataset_name_layout": "%s",
    "destination.duckdb.enable_dataset_name_normalization": "false",
    "pipelines.dev_mode": "true",
    "pipelines.dataset_name_layout": "prefix_%s",
    "pipelines.restore_from_destination": "false",
    "pipelines.refresh": "drop_sources",
    "pipelines.use_single_dataset": "false",
    "pipelines.generic_rest__resource_name.full_refresh": "true",
    "runtime.intercept_signals": "true",
    "sources.schema_contract": "freeze",
    "sources.generic_rest_resource_name.schema_contract": "freeze",
    "sources.generic_rest_resource_name.max_table_nesting": "0",
    "sources.generic_rest_resource_name.schema.naming": "direct",
    "sources.data_writer.coerce_timestamps": "s",
}
# What stands in no section holds in all of them.
ANYWHERE = {"raise_on_failed_jobs": "false", "dev_mode": "true", "replace_strategy": "truncate-and-insert"}


@pytest.fixture
def configure(clean_room: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Write a file of dlt's in the project, as a user does."""

    def write(text: str, file: str = "config.toml") -> None:
        folder = Path(os.environ["DLT_PROJECT_DIR"], ".dlt")
        folder.mkdir(exist_ok=True)
        (folder / file).write_text(text)
        forget_dlt_contexts(monkeypatch, clean_room / "dlt")

    return write


def loader() -> LoaderConfiguration:
    return resolve_configuration(LoaderConfiguration(), sections=("load",), accept_partial=True)


def as_toml(settings: dict[str, str], under: str = "") -> str:
    lines = []
    for name, value in settings.items():
        section, _, key = f"{under}{name}".rpartition(".")
        lines += [f"[{section}]" if section else "", f"{key} = '{value}'"]
    return _merged(lines)


def _merged(lines: list[str]) -> str:
    """TOML with each section once."""
    sections: dict[str, list[str]] = {}
    for header, line in zip(lines[::2], lines[1::2], strict=True):
        sections.setdefault(header, []).append(line)
    return "\n".join("\n".join([header, *found]) for header, found in sorted(sections.items()))


@pytest.mark.sampled
@pytest.mark.parametrize("place", ["environment", "config.toml", "secrets.toml", "under the pipeline"])
def test_no_setting_of_dlt_changes_what_a_sync_leaves(place, one_table, configure, monkeypatch):
    hostile = {**HOSTILE, **ANYWHERE}
    if place == "environment":
        for name, value in hostile.items():
            monkeypatch.setenv(name.replace(".", "__").upper(), value)
    elif place == "under the pipeline":
        configure(as_toml(hostile, "generic_rest__resource_name."))
    else:
        configure(as_toml(hostile), place)

    for disposition in ("merge", "replace") if place == "environment" else ("merge",):
        synced = one_table.sync(ROWS, write_disposition=disposition, columns=COLUMNS)

        assert synced.green, synced.error
        with own_settings():
            assert one_table.rows() == [{**row, "made_at": MADE_AT} for row in ROWS]
            assert one_table.rows("SELECT COUNT(DISTINCT _dlt_id) n FROM resource_name") == [{"n": 3}]
            assert set(one_table.columns()) == {"id", "name", "made_at"}
            assert one_table.rows(ALL_TABLES) == EXPECTED_TABLES


def test_a_sync_is_right_where_config_toml_lets_dlt_add_row_ids_of_its_own(one_table, configure):
    configure("[normalize.parquet_normalizer]\nadd_dlt_id = true\n")

    assert one_table.sync(ROWS).green
    assert one_table.rows("SELECT id FROM resource_name ORDER BY id") == [{"id": row["id"]} for row in ROWS]


def test_a_setting_that_is_not_used_is_named_with_its_place(configure, monkeypatch):
    configure("[load]\nraise_on_failed_jobs = false\n[schema]\nnaming = 'direct'\n")
    monkeypatch.setenv("NORMALIZE__WORKERS", "4")
    told: list[str] = []

    with own_settings(told.append):
        assert loader().raise_on_failed_jobs is True
        assert resolve_configuration(SchemaConfiguration()).naming is None
        assert (
            resolve_configuration(NormalizeConfiguration(), sections=("normalize",), accept_partial=True).workers
            is None
        )

    assert [line.split(" is not used")[0] for line in told] == [
        "dlt's setting load.raise_on_failed_jobs (config.toml)",
        "dlt's setting schema.naming (config.toml)",
        "dlt's setting NORMALIZE__WORKERS (Environment Variables)",
    ]


def test_another_pipeline_of_the_same_process_keeps_its_settings(monkeypatch):
    monkeypatch.setenv("SCHEMA__NAMING", "direct")
    monkeypatch.setenv("LOAD__WORKERS", "2")

    with own_settings():
        pass

    assert resolve_configuration(SchemaConfiguration()).naming == "direct"
    assert loader().workers == 2


def test_what_is_no_matter_of_correctness_stays_the_users(monkeypatch):
    monkeypatch.setenv("LOAD__RUN_SLEEP", "0.5")
    monkeypatch.setenv("DESTINATION__LAYOUT", "{table_name}/{YYYY}/{load_id}.{file_id}.{ext}")
    told: list[str] = []

    with own_settings(told.append):
        assert loader().run_sleep == 0.5
        assert dlt.config["destination.layout"] == os.environ["DESTINATION__LAYOUT"]

    assert told == []


@pytest.mark.parametrize("name", ["DLT_DEFAULT_NAMING_MODULE", "DLT_ALLOW_EXTERNAL_SCHEDULERS"])
def test_a_variable_that_changes_what_dlt_writes_is_refused(name, one_table, monkeypatch):
    monkeypatch.setenv(name, "true" if "ALLOW" in name else "direct")

    synced = one_table.sync(ROWS)

    assert not synced.green
    assert f"the environment variable {name} changes what dlt writes" in synced.error
    assert not one_table.table_exists()


def test_a_variable_with_dlts_own_default_is_fine(one_table, monkeypatch):
    for name, default in REFUSED.items():
        monkeypatch.setenv(name, default)

    refuse_environment("chat.users")


def test_all_such_variables_are_named(monkeypatch):
    for name in REFUSED:
        monkeypatch.setenv(name, "another")
        with pytest.raises(MendSettings, match=name):
            refuse_environment("chat.users")
        monkeypatch.delenv(name)


# What dlt may be told by its users without a row being lost by it: speed, places, credentials, what is shown.
# By class; it holds for classes that are made from it too.
FILES_HERE = "destination_name destination_type legacy_db_path local_dir pipeline_name pipeline_working_dir"
USERS = {
    "PipelineConfiguration": "pipeline_name pipelines_dir destination_type destination_name export_schema_path "
    "dataset_name pipeline_salt progress runtime",
    "PipelineRuntimeConfiguration": "slack_incoming_hook pluggable_run_context",
    "ConfigProvidersConfiguration": "airflow_secrets aws_secrets google_secrets enable_airflow_secrets "
    "enable_aws_secrets enable_google_secrets",
    "VaultProviderConfiguration": "list_secrets only_secrets only_toml_fragments",
    "AwsSecretsProviderConfiguration": "secret_name_prefix",
    "RuntimeConfiguration": "config_files_storage_path dlthub_dsn dlthub_telemetry dlthub_telemetry_endpoint "
    "dlthub_telemetry_segment_write_key http_max_error_body_length http_show_error_body log_format log_level "
    "pipeline_name request_backoff_factor request_max_attempts request_max_retry_delay request_timeout run_id "
    "sentry_dsn slack_incoming_hook",
    "SchemaStorageConfiguration": "export_schema_path external_schema_format external_schema_format_remove_defaults",
    "ImportNormalizersConfiguration": "default_normalizers",
    "PoolRunnerConfiguration": "run_sleep",
    "NormalizeConfiguration": "destination_capabilities json_normalizer parquet_normalizer model_normalizer",
    "PipeIteratorConfiguration": "futures_poll_interval",
    # Arguments of code, which settings do not reach.
    "Incremental": "allow_external_schedulers cursor_path end_value initial_value lag on_cursor_value_missing "
    "range_end range_start row_order",
    "PrepareLoadTableConfiguration": "destination_capabilities",
    "ResolveMergeStrategyConfiguration": "destination_capabilities",
    "BufferedDataWriterConfiguration": "buffer_max_items file_max_items file_max_bytes disable_compression",
    "ParquetFormatConfiguration": "compression data_page_size row_group_size write_page_index "
    "use_content_defined_chunking",
    "HasAdbcDriverConfiguration": "disable_adbc_detection",
    "FilesystemConfiguration": "bucket_url client_kwargs config_kwargs credentials kwargs read_only",
    "WithLocalFiles": FILES_HERE,
    "DestinationClientConfiguration": "credentials destination_name destination_type environment",
    "DestinationClientDwhConfiguration": "dataset_name info_tables_query_threshold create_indexes",
    "DestinationClientDwhWithStagingConfiguration": "staging_config",
    "DestinationClientStagingConfiguration": "bucket_url warn_unsafe_layout_separators",
    "FilesystemDestinationClientConfiguration": "always_refresh_views current_datetime deltalake_configuration "
    "deltalake_storage_options deltalake_streamed_exec extra_placeholders iceberg_namespace_properties "
    "iceberg_table_properties iceberg_use_catalog_purge max_state_files",
    "HfFilesystemDestinationClientConfiguration": "hf_dataset_card",
    "SqlalchemyClientConfiguration": "create_primary_keys create_unique_indexes engine_args engine_kwargs",
    "SnowflakeClientConfiguration": "enable_atomic_swap keep_staged_files query_tag stage_name use_decfloat "
    "use_nested_types use_timestamp_tz use_vectorized_scanner",
    "DuckLakeClientConfiguration": "automatic_migration override_data_path",
    "FabricClientConfiguration": "collation",
    "BigQueryClientConfiguration": "batch_size enable_atomic_replace file_upload_timeout http_timeout location "
    "project_id retry_deadline should_set_case_sensitivity_on_new_dataset",
    "AthenaClientConfiguration": "athena_work_group aws_data_catalog connection_params db_location force_iceberg "
    "lakeformation_config query_result_bucket staging_aws_data_catalog table_location_layout table_properties",
    "LakeformationConfig": "enabled tags",
    "DatabricksClientConfiguration": "create_comments insert_api is_staging_external_location keep_staged_files "
    "staging_credentials_name staging_volume_name zerobus",
    "DatabricksZerobusConfiguration": "batch_size credentials endpoint_url stream_options",
    "DremioClientConfiguration": "staging_data_source",
    "ClickHouseClientConfiguration": "dataset_sentinel_table_name dataset_table_separator staging_use_https",
    "SynapseClientConfiguration": "default_table_index_type staging_use_msi",
    "RedshiftClientConfiguration": "additional_copy_options staging_iam_role",
}
# No tables of rows are kept there, or none that SQL could ask.
NO_TABLES = tuple(f"dlt.destinations.impl.{name}." for name in ("lance", "lancedb", "qdrant", "weaviate"))
NO_TABLES += ("dlt.destinations.impl.dummy.", "dlt.destinations.impl.destination.")
ROOMS_OF_A_LOAD = ("common", "destinations", "extract", "normalize", "load", "pipeline")
NO_SETTINGS = (CredentialsConfiguration, ContainerInjectableContext)


def classes_of_dlt() -> Iterator[type[BaseConfiguration]]:
    """All classes of dlt's configuration that a load looks settings up by; not credentials, sources and contexts."""
    for room in ROOMS_OF_A_LOAD:
        for module in pkgutil.walk_packages(importlib.import_module(f"dlt.{room}").__path__, f"dlt.{room}."):
            with suppress(Exception), warnings.catch_warnings():  # of a library that is not installed
                warnings.simplefilter("ignore")
                importlib.import_module(module.name)
    waiting, seen = [BaseConfiguration], set()
    while waiting:
        for one in waiting.pop().__subclasses__():
            is_of_a_load = one.__module__.startswith(tuple(f"dlt.{room}." for room in ROOMS_OF_A_LOAD))
            if one not in seen and is_of_a_load and not issubclass(one, NO_SETTINGS):
                seen.add(one)
                yield one
            waiting.append(one)


def unknown_settings(one: type[BaseConfiguration]) -> list[str]:
    """Settings of a class that are neither ours nor said to be the user's."""
    ours = {key for settings in OURS.values() for key in settings}
    users = {name for parent in one.__mro__ for name in USERS.get(parent.__name__, "").split()}
    return sorted(name for name in set(one.get_resolvable_fields()) - ours - users if not name.startswith("_"))


def unjudged_settings() -> tuple[int, dict[str, list[str]]]:
    """How many classes dlt has, and the settings of each that nobody has judged."""
    classes = list(classes_of_dlt())
    unknown = {f"{one.__module__}.{one.__name__}": unknown_settings(one) for one in classes}
    return len(classes), {name: found for name, found in unknown.items() if found and not name.startswith(NO_TABLES)}


def test_every_setting_of_dlt_is_ours_or_said_to_be_the_users():
    # In a process of its own: dlt makes further classes of the functions that other tests let it configure.
    code = "import json; from messaging_assets_tests.seams.test_dlt_settings import unjudged_settings as found"
    done = run(sys.executable, "-c", f"{code}; print(json.dumps(found()))")
    assert done.returncode == 0, done.stderr
    classes, found = json.loads(done.stdout.splitlines()[-1])

    assert classes > 40
    assert found == {}, (
        "dlt has settings that nobody has judged: put those that correctness depends on into OURS of "
        f"messaging_assets/seams/dlt_settings.py, the others into USERS of this test: {found}"
    )


def test_a_setting_that_nobody_judged_is_seen():
    @configspec
    class NewLoaderConfiguration(LoaderConfiguration):
        drop_every_tenth_row: bool = False

    assert unknown_settings(NewLoaderConfiguration) == ["drop_every_tenth_row"]


def test_what_dlt_reads_from_the_environment_is_judged():
    known = {name for name in vars(known_env) if name.startswith("DLT_")}
    harmless = "PROJECT_DIR DATA_DIR LOCAL_DIR CONFIG_FOLDER USE_JSON JSON_TYPED_PUA_START PIP_TOOL DISABLE_PLUGINS"
    without_effect_alone = "INTERVAL_START INTERVAL_END"

    # An earlier release of dlt knows fewer of them.
    assert known - (REFUSED.keys() | {f"DLT_{name}" for name in f"{harmless} {without_effect_alone}".split()}) == set()


def test_what_is_read_again_at_once_is_not_packed_and_files_that_are_loaded_are(tmp_path: Path) -> None:
    destination = dlt.destinations.filesystem(str(tmp_path / "files"))
    pipeline = dlt.pipeline("packed", pipelines_dir=str(tmp_path), destination=destination)
    with own_settings():
        pipeline.extract(dlt.resource([{"a": 1}], name="rows"))
        [extracted] = (tmp_path / "packed" / "normalize").rglob("rows.*")
        pipeline.normalize()
    [loaded] = (tmp_path / "packed" / "load").rglob("rows.*")
    assert (extracted.suffix, loaded.suffix) == (".typed-jsonl", ".gz")


def test_what_follows_from_settings_is_made_once_in_a_sync_and_anew_for_the_next() -> None:
    numbers = count()

    def made() -> int:
        found: int = made_once("a number", lambda: next(numbers))
        return found

    assert [made(), made()] == [0, 1]
    with own_settings():
        assert [made(), made()] == [2, 2]
        with own_settings():
            assert made() == 2
        assert made() == 2
    with own_settings():
        assert made() == 3
