"""Where tables go: dlt's own configuration decides, a DuckDB file in the project's folder by default."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from functools import lru_cache
from typing import Any

import dlt
from dlt import Dataset, Pipeline
from filelock import FileLock

from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.description.names import identifier
from messaging_assets.destination.duckdb_file import unfit_file
from messaging_assets.destination.names import pipeline_name, schema_name
from messaging_assets.destination.profile import (
    DestinationProfile,
    configured_destination,
    configured_profile,
    destination_type,
    keeps_transactions,
)
from messaging_assets.destination.unreadable_settings import refuse_what_dlt_passes_over
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.foundation.folders import ProjectFolders
from messaging_assets.foundation.private_files import PRIVATE_FILE
from messaging_assets.seams.dlt_packages import OnePipeline, one_pipeline
from messaging_assets.seams.dlt_settings import made_once, own_settings

# A replaced table is swapped once, when the new rows are complete.
_SWAPPED = "insert-from-staging"


def destination_profile(folders: ProjectFolders) -> DestinationProfile:
    """What the configured destination can keep.

    Raises:
        MendDescription: dlt knows no destination of that name.
        MendSettings: dlt would not see the settings that name it.
    """
    profile: DestinationProfile = made_once(("destination", folders), lambda: DestinationProfile(_destination(folders)))
    return profile


def keeps_rows_by_sql() -> bool:
    """Whether rows of the destination can be taken out again by SQL; files can only be added to or replaced."""
    return not configured_profile().is_files


def refuse_what_cannot_be_kept(description: ApiDescription, resource: Resource, folders: ProjectFolders) -> None:
    """Stop a sync whose rows the destination could not keep right, before the API is asked.

    dlt would append what it cannot merge, or fail with a trace when all rows were read.

    Raises:
        MendDescription: what cannot be kept, or which Python package is missing, and what to do.
    """
    asset = description.asset_of(resource)
    try:
        profile = destination_profile(folders)
        refused = profile.refusal(resource) or profile.refused_name(description.dataset_name)
        refused = refused or profile.missing_driver() or unfit_file(profile, description.dataset_name)
        if description.tenancy and profile.is_files:
            refused = "files have no views; leave out account_column, or load into a database (DESTINATION_TYPE)."
    except MendDescription as unknown:
        refused = str(unknown)
    if refused:
        raise MendDescription(refused, where=asset)


@own_settings()
def build_pipeline(description: ApiDescription, resource: Resource, folders: ProjectFolders) -> Pipeline:
    """A fresh pipeline of one resource: by default table `<resource>` in dataset `<api>`.

    Args:
        description: the API.
        resource: one of its resources.
        folders: where working files and the default DuckDB file are.
    """
    profile = destination_profile(folders)
    pipeline = _pipeline_maker(profile)(
        pipeline_name(description.name, resource.name),
        pipelines_dir=str(folders.pipelines),
        destination=profile.destination,
        dataset_name=description.dataset_name,
    )
    pipeline.own_schema = schema_name(description, resource)
    return pipeline


def definition_pipeline(folders: ProjectFolders) -> Pipeline:
    """The pipeline that assets are defined with, one for all: it names the destination and never runs."""
    return _definition_pipeline(folders, destination_type())


@own_settings()
def loaded_dataset(description: ApiDescription, resource: Resource, folders: ProjectFolders) -> Dataset:
    """The dataset of an API, for questions to the table of one resource.

    It has no working folder, because questions are asked while another process may sync, and drop, the resource's.
    """
    profile = destination_profile(folders)
    name = schema_name(description, resource)
    # Files do not know their columns: their schema is asked for, a database answers for itself.
    return dlt.dataset(
        profile.destination, description.dataset_name, name if profile.is_files else profile.new_schema(name)
    )


@lru_cache(maxsize=8)
@own_settings()
def _definition_pipeline(folders: ProjectFolders, named: str) -> Pipeline:
    # By its name alone: nobody connects here, and looking an address up would import SQLAlchemy.
    destination: Any = "duckdb"
    with suppress(MendDescription):  # assets are there all the same, and say it when they are synced
        configured = configured_destination()
        destination = "duckdb" if DestinationProfile(configured).kind == "duckdb" else configured
    # dlt makes a new pipeline's folder by emptying it first, which two processes must not do at once.
    with FileLock(folders.make().locks / "definitions.lock", mode=PRIVATE_FILE):
        return dlt.pipeline(
            f"definitions_{identifier(named.rpartition('.')[2])}",
            pipelines_dir=str(folders.pipelines),
            destination=destination,
            dataset_name="none",
        )


def loader_file_format(pipeline: Pipeline) -> str | None:
    """The fastest file format that the pipeline's destination loads exactly; None leaves it to dlt."""
    return DestinationProfile(pipeline.destination).loader_file_format


@contextmanager
def open_database(pipeline: Pipeline) -> Iterator[None]:
    """Let the steps of a block share one opening of a database that is a file, which takes as long as a step itself.

    No other process can open it meanwhile, so the API is not to be read in the block.
    """
    is_file = DestinationProfile(pipeline.destination).kind == "duckdb"
    client: Any = pipeline.sql_client() if is_file else nullcontext()
    with client:
        yield


def _pipeline_maker(profile: DestinationProfile) -> Callable[..., OnePipeline]:
    if profile.kind != "duckdb":
        return one_pipeline
    # Imported late: only those who load into DuckDB need it.
    from messaging_assets.seams.destinations.dlt_duckdb import one_opening

    return one_opening


def _destination(folders: ProjectFolders) -> Any:
    refuse_what_dlt_passes_over()
    destination = configured_destination()
    profile = DestinationProfile(destination)
    settings: dict[str, Any] = {}
    is_plain = type(destination).__module__.startswith("dlt.")
    if profile.kind == "postgres" and is_plain:
        with suppress(ImportError):  # which `missing_driver` tells
            from messaging_assets.seams.destinations.dlt_postgres import postgres

            # Its type's own name is none that its settings are found by.
            return postgres(destination_name=None if profile.name == "postgres" else profile.name)  # type: ignore[arg-type]
    if profile.kind == "duckdb" and is_plain:
        from messaging_assets.seams.destinations.dlt_duckdb import duckdb

        section = f"destination.{profile.name}.credentials"
        found: list[Any] = [
            get(one) for get in (dlt.config.get, dlt.secrets.get) for one in (section, f"{section}.database")
        ]
        # A section that only says how the file is opened names none.
        is_elsewhere = any(one and not isinstance(one, Mapping) for one in found)
        if profile.name != "duckdb":
            settings["destination_name"] = profile.name
        # Explicit settings win in dlt, so none is given where its configuration has one. A relative path of it would be
        # another file for each folder that a process is started in.
        if is_elsewhere:
            return duckdb(**settings, local_dir=str(folders.home))
        return duckdb(str(folders.database), **settings)
    if profile.kind == "sqlalchemy":
        with suppress(ImportError):  # which `missing_driver` tells
            from messaging_assets.seams.destinations.dlt_sqlalchemy import register

            register()
    if keeps_transactions(profile):
        settings["supports_transactions"] = True
    if profile.replace_strategies and _SWAPPED not in profile.replace_strategies:
        # Of whatever name: dlt would refuse our own setting where the destination has no staging.
        settings["replace_strategy"] = profile.replace_strategies[0]
    return configured_destination(**settings) if settings else destination
