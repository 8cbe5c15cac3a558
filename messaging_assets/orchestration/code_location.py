"""All API files as one code location; a broken file shows as an asset of its own and takes nobody down."""

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager

from dagster import Definitions, ExecutorDefinition

from messaging_assets.files.api_files import api_folders, read_folders
from messaging_assets.orchestration.alerts.sensors import build_alert_sensors
from messaging_assets.orchestration.api_definitions import definitions_for
from messaging_assets.orchestration.broken_files import broken_definitions
from messaging_assets.orchestration.executors import chosen_executor


def build_code_location(default_executor: ExecutorDefinition | None = None) -> Definitions:
    """Definitions of every API file in `MESSAGING_ASSETS_APIS`, or of those that the package ships.

    Args:
        default_executor: takes the steps where `MESSAGING_ASSETS_EXECUTOR` names no other. Without either, the
            definitions have no executor, and can be merged with some that have one.

    Raises:
        InvalidDescription: a file is broken, and `dg check defs` asks.
        MendSettings: the executor that the variable names cannot be had.
    """
    files = read_folders(api_folders())
    with _seldom_collecting():
        every = [definitions_for(description) for description in files.descriptions]
    own = Definitions(sensors=build_alert_sensors(), executor=chosen_executor(default_executor))
    return Definitions.merge(*every, broken_definitions(files.broken), own)


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
