"""All API files as one code location; a broken file shows as an asset of its own and takes nobody down."""

import atexit
import gc
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from dagster import AssetKey, AssetsDefinition, Definitions, ExecutorDefinition, Failure, asset

from messaging_assets.files.api_files import InvalidDescription, api_folders, read_folders
from messaging_assets.orchestration.alerts import build_alert_sensors
from messaging_assets.orchestration.api_definitions import definitions_for
from messaging_assets.orchestration.executors import chosen_executor

_logger = logging.getLogger(__name__)


def build_code_location(default_executor: ExecutorDefinition | None = None) -> Definitions:
    """Definitions of every API file in `MESSAGING_ASSETS_APIS`, or of those that the package ships.

    Args:
        default_executor: takes the steps where `MESSAGING_ASSETS_EXECUTOR` names no other. Without either, the
            definitions have no executor, and can be merged with some that have one.

    Raises:
        MendSettings: the executor that the variable names cannot be had.
    """
    files = read_folders(api_folders())
    for broken in files.broken.values():
        _logger.error("%s", broken)
    with _seldom_collecting():
        every = [definitions_for(description) for description in files.descriptions]
    own = Definitions(
        assets=[_broken_asset(name, error) for name, error in files.broken.items()],
        sensors=build_alert_sensors(),
        executor=chosen_executor(default_executor),
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


def _broken_asset(name: str, error: InvalidDescription) -> AssetsDefinition:
    text = str(error)

    @asset(key=AssetKey([name, "broken_file"]), group_name=name, description=text, kinds={"yaml"})
    def broken_file() -> None:
        raise Failure(text, allow_retries=False)

    return broken_file
