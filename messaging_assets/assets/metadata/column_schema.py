"""A table's columns as Dagster shows them: declared in the API file, or as a load left them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from dagster import TableColumn, TableColumnConstraints, TableSchema

from messaging_assets.description.api import Column, Resource

# Where Dagster looks for the columns of an asset.
COLUMNS = "dagster/column_schema"
# What dlt adds to each row, in words.
_OF_DLT = {
    "_dlt_load_id": "The load that brought the row.",
    "_dlt_id": "The row's own mark, by which child tables know it.",
}


def declared_schema(resource: Resource) -> TableSchema:
    """The columns that the file declares."""
    return _schema(
        resource,
        ((name, column.data_type or "inferred", column.nullable) for name, column in resource.columns.items()),
        str,
    )


def loaded_schema(resource: Resource, columns: Mapping[str, Any], normalize: Callable[[str], str]) -> TableSchema:
    """The columns of a table as dlt's schema has them.

    Args:
        resource: says what its columns mean.
        columns: dlt's column schemas by name.
        normalize: dlt's naming, from the file's names to the table's.
    """
    found = ((name, one.get("data_type", "text"), one.get("nullable", True)) for name, one in columns.items())
    return _schema(resource, found, normalize)


def with_descriptions(resource: Resource, schema: TableSchema, normalize: Callable[[str], str]) -> TableSchema:
    """dagster-dlt's schema of a loaded table, with what the file says of each column."""
    found = ((column.name, column.type, column.constraints.nullable) for column in schema.columns)
    return _schema(resource, found, normalize)


def _schema(
    resource: Resource, columns: Iterable[tuple[str, str, bool]], normalize: Callable[[str], str]
) -> TableSchema:
    described = {normalize(name): column for name, column in resource.columns.items()}
    unknown = Column()
    keys = [normalize(key) for key in resource.keys]
    return TableSchema(
        columns=[
            TableColumn(
                name=name,
                type=type_,
                description=described.get(name, unknown).description or _OF_DLT.get(name),
                constraints=TableColumnConstraints(nullable=nullable, unique=keys == [name]),
                tags={"sensitive": ""} if described.get(name, unknown).sensitive else None,
            )
            for name, type_, nullable in columns
        ]
    )
