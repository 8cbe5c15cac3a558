"""Settings of dlt that correctness depends on: ours, whatever a user's environment, config.toml or secrets.toml says.

Rows would be lost or written twice if such a setting were another. So dlt does not get to see a user's value of it,
in whichever section it stands (`load`, `pipelines.<name>`, `<pipeline>.load`, `sources...`). A warning names it.
It holds while one of our pipelines or tables is at work, so that other dlt pipelines of a project keep their settings.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dlt

# Since dlt 1.30: what a provider of settings must have, and how it names a setting.
from dlt.common.configuration.providers.provider import ConfigProvider, get_key_name

# Since dlt 1.30: holds the list of providers. The public `register_provider` only appends, and the first one wins.
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext

from messaging_assets.foundation.failures import MendSettings
from messaging_assets.seams.dlt_contexts import Container
from messaging_assets.seams.dlt_lookups import forget_names, let_names_be_known

# Stands for: dlt's own default.
_DEFAULT = object()


def _defaults(*names: str) -> dict[str, Any]:
    return dict.fromkeys(names, _DEFAULT)


_POOL = _defaults("workers", "pool_type", "start_method")
# By section of dlt's configuration; a section's name stands somewhere in the path that dlt looks a setting up by.
OURS: Mapping[str, Mapping[str, Any]] = {
    # `rows/batches.py` adds `_dlt_id` itself, and a second one would be `_dlt_id_1`, which no table has.
    "parquet_normalizer": {"add_dlt_load_id": True, "add_dlt_id": False},
    "json_normalizer": {"add_dlt_load_id": True, "add_dlt_id": True},
    "model_normalizer": _defaults("add_dlt_load_id", "add_dlt_id"),
    "normalize": {**_POOL, **_defaults("normalize_volume_path", "load_volume_path"), "delete_completed_jobs": True},
    "load": {
        "raise_on_failed_jobs": True,
        # Rows do not lie about: neither in the working folder nor in the staging dataset of a merge.
        "delete_completed_jobs": True,
        "truncate_staging_dataset": True,
        **_POOL,
        **_defaults("parallelism_strategy", "raise_on_max_retries", "start_new_jobs_on_signal", "load_volume_path"),
        **_defaults("auto_abort_on_terminal_error"),
    },
    "extract": _defaults("workers", "max_parallel_items", "next_item_mode", "copy_on_fork"),
    "schema": _defaults(
        *("naming", "json_normalizer", "allow_identifier_change_on_table_with_data", "use_break_path_on_normalize"),
        *("schema_volume_path", "import_schema_path"),
    ),
    "data_writer": _defaults(
        # Other ways to write a moment or a type, some of which cut it.
        *("flavor", "version", "timestamp_timezone", "coerce_timestamps", "allow_truncated_timestamps"),
        *("use_compliant_nested_type", "supports_dictionary_encoding", "arrow_concat_promote_options"),
        *("delimiter", "include_header", "quoting", "lineterminator", "encoding", "encoding_errors"),
        "on_error_continue",
    ),
    "pipelines": _defaults(
        *("dataset_name_layout", "dev_mode", "full_refresh", "refresh", "use_single_dataset", "import_schema_path"),
        *("restore_from_destination", "enable_runtime_trace", "staging_type", "staging_name"),
    ),
    # Files have no staging. This section is the more specific one, so it comes first.
    "filesystem": {"replace_strategy": "truncate-and-insert"},
    "destination": {
        # A replaced table is swapped once, when the new rows are complete.
        "replace_strategy": "insert-from-staging",
        **_defaults("staging_dataset_name_layout", "enable_dataset_name_normalization", "default_schema_name"),
        **_defaults("truncate_tables_on_staging_destination_before_load", "as_staging_destination", "layout"),
        **_defaults("current_datetime"),
        **_defaults("autodetect_schema", "ignore_unknown_values", "skip_dlt_columns_and_tables", "csv_format"),
        **_defaults("has_case_sensitive_identifiers", "select_sequential_consistency", "table_engine_type"),
    },
    # A signal is Dagster's to act on, at once; dlt would keep it back and fail the load with it.
    "runtime": {"intercept_signals": False},
}
# Where the user says nothing. dlt naps so many seconds behind the last page of each list, and in its default of 0.01
# the sync of one page is half over. It packs rows that it reads again at once, which takes a third of a long sync.
_PREFERRED = {("extract", "futures_poll_interval"): 0.001, ("data_writer", "disable_compression"): True}
_KEYS = {key for settings in OURS.values() for key in settings}
# Those of which our value is another one than dlt's own.
_ANSWERED = {
    *(key for settings in OURS.values() for key, value in settings.items() if value is not _DEFAULT),
    *(key for _, key in _PREFERRED),
}
# What dlt reads from the environment itself, past its configuration, with the value it takes by default.
REFUSED: Mapping[str, str] = {
    "DLT_DEFAULT_NAMING_MODULE": "snake_case",
    "DLT_DEFAULT_NAMING_NAMESPACE": "dlt.common.normalizers.naming",
    "DLT_DLT_ID_LENGTH_BYTES": "10",
    # A scheduler's window would take the place of a resource's own cursor, its time zone that of every naive time.
    "DLT_ALLOW_EXTERNAL_SCHEDULERS": "false",
    "DLT_INTERVAL_TIMEZONE": "UTC",
}
_lock = threading.RLock()
_holders: list[Callable[[str], None]] = []
_theirs: list[tuple[Any, list[Any]]] = []
_made: dict[Hashable, Any] = {}


def begin_dlt() -> None:
    """Let dlt read its settings below `runtime`, without which it does nothing, and raise what it raises.

    Raises:
        Exception: of any kind; dlt checks few of them.
    """
    Container()[PluggableRunContext].initialize_runtime()


def dlt_logger() -> logging.Logger:
    """What dlt logs with; in one of its workspaces it is named as that."""
    return logging.getLogger(dlt.current.run_context().name)


@contextmanager
def own_settings(tell: Callable[[str], None] = lambda line: None) -> Iterator[None]:
    """Let our settings win while a pipeline or a table of ours is at work.

    Args:
        tell: takes a sentence for each setting of the user's that is not used.
    """
    told: set[str] = set()

    def tell_once(line: str) -> None:
        if line not in told:
            told.add(line)
            tell(line)

    with _lock:
        _holders.append(tell_once)
        providers = Container()[PluggableRunContext].providers
        if not any(isinstance(one, _Ours) for one in providers.providers):
            _theirs.append((providers, providers.providers))
            providers.providers = [*(_Curbed(one) for one in providers.providers), _Ours()]  # type: ignore[list-item]
        let_names_be_known(_ANSWERED, _asked_now)
    try:
        yield
    finally:
        with _lock:
            _holders.remove(tell_once)
            while _theirs and not _holders:
                providers, before = _theirs.pop()
                providers.providers = before
                forget_names()
                _made.clear()


def _asked_now() -> Iterator[Any]:
    """The providers that dlt asks now, each as it is without us."""
    for one in Container()[PluggableRunContext].providers.providers:
        if not isinstance(one, _Ours):
            yield one._provider if isinstance(one, _Curbed) else one


def are_held() -> bool:
    """Whether our settings win now."""
    return bool(_holders)


def made_once(name: Hashable, make: Callable[[], Any]) -> Any:
    """What follows from dlt's settings: made once while ours win, because a sync takes them as they are when it begins.

    Args:
        name: what it is.
        make: makes it.
    """
    with _lock:
        if not _holders:
            return make()
        if name not in _made:
            _made[name] = make()
        return _made[name]


def refuse_environment(asset: str) -> None:
    """Stop a sync whose rows would be other ones, because of what dlt reads from the environment itself.

    Args:
        asset: the asset's name in the sentence.

    Raises:
        MendSettings: names the variable.
    """
    for name, default in REFUSED.items():
        found = os.environ.get(name)
        if found and found.lower() != default.lower():
            raise MendSettings(
                f"the environment variable {name} changes what dlt writes for every pipeline, and a sync's "
                "rows could no longer be trusted",
                "unset it and run again",
                where=asset,
            )


def _own_value(key: str, sections: tuple[str, ...]) -> Any:
    """Our value of a setting where dlt looks it up, `_DEFAULT` for dlt's own, None where it is the user's."""
    if key not in _KEYS:
        return None
    if not sections:
        # Without any section it holds everywhere.
        return _DEFAULT
    return next((OURS[name][key] for name in reversed(sections) if key in OURS.get(name, {})), None)


class _Ours(ConfigProvider):
    """Answers with our values; it is asked last, after all who may not speak of them."""

    name = "messaging_assets"
    supports_secrets = False
    supports_sections = True

    def get_value(self, key: str, hint: Any, pipeline_name: str | None, *sections: str) -> tuple[Any, str]:
        """See ConfigProvider."""
        preferred = _PREFERRED.get((sections[-1] if sections else "", key))
        if key == "disable_compression" and "sources" not in sections:
            preferred = None  # files that are loaded, and may stay, are as dlt makes them
        value = _own_value(key, sections) if preferred is None else preferred
        return None if value is _DEFAULT else value, get_key_name(key, ".", *sections)


class _Curbed:
    """A provider of the user's settings that keeps to itself what is ours; all else of it is as it was."""

    def __init__(self, provider: ConfigProvider) -> None:
        self._provider = provider
        # dlt asks for these of each setting that it looks up; they stay what they are.
        self.name, self.supports_sections = provider.name, provider.supports_sections
        self.supports_secrets = provider.supports_secrets

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)

    def get_value(self, key: str, hint: Any, pipeline_name: str | None, *sections: str) -> tuple[Any, str]:
        """See ConfigProvider."""
        value, name = self._provider.get_value(key, hint, pipeline_name, *sections)
        own = _own_value(key, sections) if value is not None else None
        if own is None or (key == "layout" and _names_each_file(value)):
            return value, name
        if str(value).lower() != str(own).lower():
            place = self._provider.get_value_location(key, pipeline_name, *sections) or self._provider.name
            for tell in _holders[:1]:
                tell(f"dlt's setting {name} ({place}) is not used: rows could be lost by it, so it is fixed here.")
        return None, name


def _names_each_file(layout: Any) -> bool:
    """Whether no load can write over another one's files."""
    return "{load_id}" in str(layout) and "{file_id}" in str(layout)
