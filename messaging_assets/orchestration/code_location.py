"""All API files as one code location; a broken file shows as an asset of its own and takes nobody down."""

import atexit
import gc
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dagster import Definitions, in_process_executor, multiprocess_executor

from messaging_assets.files.api_files import api_folders, read_folders
from messaging_assets.orchestration.alerts.sensors import build_alert_sensors
from messaging_assets.orchestration.api_definitions import definitions_for
from messaging_assets.orchestration.broken_files import build_broken_assets, build_broken_files_sensor

EXECUTOR_VARIABLE = "MESSAGING_ASSETS_EXECUTOR"
_logger = logging.getLogger(__name__)


def build_code_location() -> Definitions:
    """Definitions of every API file in `MESSAGING_ASSETS_APIS`, or of those that the package ships."""
    files = read_folders(api_folders())
    for broken in files.broken.values():
        _logger.error("%s", broken)
    with _seldom_collecting():
        every = [definitions_for(description) for description in files.descriptions]
    own = Definitions(
        assets=build_broken_assets(files.broken),
        sensors=[*build_alert_sensors(), *build_broken_files_sensor(files.broken)],
        executor=_executor(),
    )
    return Definitions.merge(*every, own)


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    """Definitions stay; looking through them for garbage, now and in every step, takes a fifth of the time."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.freeze()
        # Else DuckDB's binding writes of leaks when the program ends.
        atexit.register(gc.unfreeze)
        gc.set_threshold(*before)


def _executor() -> Any:
    """In process by default, because steps start in no time there; one variable makes it multiprocess.

    Raises:
        ValueError: the variable holds another word.
    """
    chosen = os.environ.get(EXECUTOR_VARIABLE) or "in_process"
    if chosen not in ("in_process", "multiprocess"):
        raise ValueError(f"{EXECUTOR_VARIABLE} is '{chosen}'; set it to in_process or multiprocess.")
    if chosen == "multiprocess":
        # A fork server imports Dagster and dlt once, and not in every step.
        return multiprocess_executor.configured({"start_method": {"forkserver": {"preload_modules": list(_preload())}}})
    return in_process_executor


def _preload() -> Iterator[str]:
    yield from ("dagster", "messaging_assets.orchestration.api_definitions")
