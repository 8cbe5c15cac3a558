"""Classes, exceptions and names of dlt that its front door `dlt` does not give."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

# Since dlt 1.30: a setting that is missing, or of another type than dlt needs.
from dlt.common.configuration.exceptions import (
    ConfigFieldMissingException,
    ConfigValueCannotBeCoercedException,
    ValueNotSecretException,
)

# Since dlt 1.30: finds a destination by type or name, with settings, without making a pipeline.
from dlt.common.destination import AnyDestination, Destination

# Since dlt 1.30: tells an unknown destination from a missing package.
from dlt.common.destination.exceptions import UnknownDestinationModule

# Since dlt 1.30: what dlt judges to fail again, so that a load is put away and not repeated.
from dlt.common.exceptions import TerminalException

# Since dlt 1.30: names of dlt's own columns, as they are in every table.
from dlt.common.schema.typing import C_DLT_ID, C_DLT_LOAD_ID, DEFAULT_VALIDITY_COLUMN_NAMES

# Since dlt 1.30: the hints of `_dlt_id`; the child tables of a table; whether a column has a type yet.
from dlt.common.schema.utils import dlt_id_column, get_nested_tables, is_complete_column

# Since dlt 1.30: what a destination refuses, and a table that is not there.
from dlt.destinations.exceptions import DatabaseException, DatabaseUndefinedRelation

# Since dlt 1.30: which step of a pipeline failed, and why.
from dlt.pipeline.exceptions import PipelineStepFailed

__all__ = [
    "C_DLT_ID",
    "C_DLT_LOAD_ID",
    "DEFAULT_VALIDITY_COLUMN_NAMES",
    "AnyDestination",
    "ConfigFieldMissingException",
    "ConfigValueCannotBeCoercedException",
    "DatabaseException",
    "DatabaseUndefinedRelation",
    "Destination",
    "PipelineStepFailed",
    "TerminalException",
    "UnknownDestinationModule",
    "ValueNotSecretException",
    "columns_in",
    "columns_of",
    "dlt_id_column",
    "get_nested_tables",
    "is_complete_column",
    "types_in",
    "types_of",
]


def types_of(destination: AnyDestination) -> Iterator[str]:
    """The names of dlt's own classes that a destination is, nearest first; a type's name is its class's name."""
    # Since dlt 1.30: its destinations are classes in `dlt.destinations.impl`, named as their type.
    return (one.__name__ for one in type(destination).__mro__ if one.__module__.startswith("dlt.destinations."))


def columns_of(cursor: Any) -> list[str]:
    """The names of the columns of an open query.

    Args:
        cursor: dlt's cursor, of any destination.
    """
    # Since dlt 1.30: a cursor of SQLAlchemy has no `description`; dlt's own asks each kind in its way.
    return list(map(str, cursor._get_columns()))


def columns_in(client: Any, name: str) -> dict[str, Any] | None:
    """The types of the columns of a table or view by their names; None where it is not there. Nothing is scanned.

    Args:
        client: dlt's SQL client.
        name: the table's name for SQL.
    """
    try:
        with client.execute_query(f"SELECT * FROM {name} WHERE 1 = 0") as cursor:
            return dict(zip(columns_of(cursor), types_in(cursor), strict=True))
    except DatabaseUndefinedRelation:
        return None


def types_in(cursor: Any) -> list[Any]:
    """What the driver calls the types of the columns of an open query; None for each where it does not say.

    Args:
        cursor: dlt's cursor, of any destination.
    """
    # Since dlt 1.30: `native_cursor` is the driver's own, whose `description` is that of DB-API (PEP 249).
    described = getattr(cursor.native_cursor, "description", None)
    return [one[1] for one in described] if described else [None] * len(columns_of(cursor))
