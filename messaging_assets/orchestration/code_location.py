"""All API files as one code location; a broken file shows as an asset of its own and takes nobody down."""

from collections.abc import Set as AbstractSet
from pathlib import Path

from dagster import Definitions, ExecutorDefinition, RepositoryDefinition

from messaging_assets.files.api_files import api_folders, read_folders
from messaging_assets.loading.undisturbed import made_for_good
from messaging_assets.orchestration.alerts.sensors import build_alert_sensors
from messaging_assets.orchestration.api_definitions import definitions_for
from messaging_assets.orchestration.broken_files import broken_definitions
from messaging_assets.orchestration.executors import chosen_executor
from messaging_assets.seams.dagster_inside import RepositoryInParts, is_run

_DATASET = b"dataset"


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
    with made_for_good():
        every = [definitions_for(description) for description in files.descriptions]
    own = Definitions(sensors=build_alert_sensors(), executor=chosen_executor(default_executor))
    return Definitions.merge(*every, broken_definitions(files.broken), own)


def location_of_this_process(default_executor: ExecutorDefinition) -> Definitions | RepositoryDefinition:
    """All that `build_code_location` builds; in the process of a run no more than the run's APIs."""
    if not is_run():
        return build_code_location(default_executor)
    executor = chosen_executor(default_executor)
    return RepositoryInParts(lambda names: _part(names, executor), lambda: build_code_location(default_executor))


def _part(names: AbstractSet[str], executor: ExecutorDefinition | None) -> Definitions | None:
    """The APIs that may be meant by names of jobs or parts of asset keys; None where all files must be known.

    A file that names a dataset may be refused for another's tables, or another for its own. Such files are read too.
    """

    def is_meant(name: str) -> bool:
        return any(one == name or one.startswith(f"{name}_") for one in names)

    def is_wanted(path: Path) -> bool:
        return is_meant(path.stem) or _DATASET in path.read_bytes()

    files = read_folders(api_folders(), wanted=is_wanted)
    meant = [one for one in files.descriptions if is_meant(one.name)]
    if not meant or any(one.dataset for one in meant) or any(map(is_meant, files.broken)):
        return None
    with made_for_good():
        return Definitions.merge(*map(definitions_for, meant), Definitions(executor=executor))
