"""Where tables go: dlt's own configuration decides, a DuckDB file in the project's folder by default."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import dlt
from dlt.dataset import Dataset
from dlt.pipeline.pipeline import Pipeline
from filelock import FileLock

from messaging_assets.api_description import ApiDescription, Resource
from messaging_assets.dlt_source import schema_name
from messaging_assets.failures import MendDescription
from messaging_assets.private_files import PRIVATE_FILE
from messaging_assets.project_folders import ProjectFolders


def destination_type() -> str:
    """dlt's word for the destination: `destination_type` in `.dlt/config.toml` or DESTINATION_TYPE."""
    return str(dlt.config.get("destination_type") or "duckdb")


def keeps_rows_by_sql() -> bool:
    """Whether rows of the destination can be taken out again by SQL; files can only be added to or replaced."""
    return destination_type() != "filesystem"


def refuse_what_files_cannot(description: ApiDescription, resource: Resource) -> None:
    """Stop a sync whose rows the destination could not keep right.

    dlt would append what a file of the destination cannot merge.

    Raises:
        MendDescription: rows are merged or read in windows, and the destination is files.
    """
    is_changed = resource.disposition == "merge" or resource.partitions is not None
    if is_changed and not keeps_rows_by_sql():
        raise MendDescription(
            f"{description.name}.{resource.name}: the destination is files, from which no row can be taken out, so "
            "nothing is merged or read in windows there; write append or replace, or load into a database "
            "(DESTINATION_TYPE)."
        )


def pipeline_name(api: str, resource: str) -> str:
    """The name of a resource's pipeline and op."""
    return f"{api}__{resource}"


def build_pipeline(description: ApiDescription, resource: Resource, folders: ProjectFolders) -> Pipeline:
    """A fresh pipeline of one resource: table `<resource>` in dataset `<api>`.

    Args:
        description: the API.
        resource: one of its resources.
        folders: where working files and the default DuckDB file are.
    """
    return dlt.pipeline(
        pipeline_name(description.name, resource.name),
        pipelines_dir=str(folders.pipelines),
        destination=_destination(folders),
        dataset_name=description.name,
        _impl_cls=_pipeline_class(),
    )


def definition_pipeline(folders: ProjectFolders) -> Pipeline:
    """The pipeline that assets are defined with, one for all: it names the destination and never runs."""
    return _definition_pipeline(folders, destination_type())


def loaded_dataset(description: ApiDescription, resource: Resource, folders: ProjectFolders) -> Dataset:
    """The dataset of an API, for questions to the table of one resource.

    It has no working folder, because questions are asked while another process may sync, and drop, the resource's.
    """
    destination = _destination(folders) or definition_pipeline(folders).destination
    name = schema_name(description, resource)
    # Files do not know their columns: their schema is asked for, a database answers for itself.
    return dlt.dataset(destination, description.name, dlt.Schema(name) if keeps_rows_by_sql() else name)


@lru_cache(maxsize=8)
def _definition_pipeline(folders: ProjectFolders, destination: str) -> Pipeline:
    # dlt makes a new pipeline's folder by emptying it first, which two processes must not do at once.
    with FileLock(folders.make().locks / "definitions.lock", mode=PRIVATE_FILE):
        return dlt.pipeline(
            f"definitions_{destination}",
            pipelines_dir=str(folders.pipelines),
            # By its name alone: nobody connects here, and looking an address up would import SQLAlchemy.
            destination="duckdb" if _is_own_duckdb() else None,
            dataset_name="none",
        )


def loader_file_format(pipeline: Pipeline) -> str | None:
    """The fastest file format that the pipeline's destination loads exactly; None leaves it to dlt."""
    supported = pipeline.destination.capabilities().supported_loader_file_formats or ()
    if destination_type() == "postgres":
        # dlt would write CSV there, in which an empty text becomes null and bytes fail to load.
        return "insert_values"
    return "parquet" if "parquet" in supported else None


def _is_own_duckdb() -> bool:
    return destination_type() == "duckdb" and not dlt.config.get("destination_name")


def _pipeline_class() -> type[Pipeline]:
    if destination_type() != "duckdb":
        return Pipeline
    from messaging_assets.waiting_duckdb import OneOpening

    return OneOpening


def _destination(folders: ProjectFolders) -> Any:
    if not _is_own_duckdb():
        return None
    # Imported late: only those who load into DuckDB need it.
    from messaging_assets.waiting_duckdb import duckdb

    if dlt.config.get("destination.duckdb.credentials") or dlt.secrets.get("destination.duckdb.credentials"):
        return duckdb()
    return duckdb(str(folders.database))
