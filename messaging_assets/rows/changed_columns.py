"""What a table already is, against what the file says now: dlt changes no column that is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dlt import Pipeline

from messaging_assets.description.api import Resource
from messaging_assets.description.table import Column
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.rows.values.conversion import arrow_type
from messaging_assets.seams.dlt_names import DatabaseUndefinedRelation


def refuse_changed_digits(asset: str, name: str, column: Column, known: Mapping[str, Any]) -> None:
    """See that a declared decimal has the digits of the table's, which would round it without a word.

    Raises:
        MendDescription: it has others.
    """
    if column.data_type != "decimal" or known.get("data_type") != "decimal":
        return
    in_table = arrow_type("decimal", known.get("precision"), known.get("scale"))
    if in_table != arrow_type("decimal", column.precision, column.scale):
        raise MendDescription(
            f"column '{name}' has precision {in_table.precision} and scale {in_table.scale} in the table, and "
            "others in the file",
            "give it the table's, or run it once with full_refresh, so that it is made anew",
            where=asset,
        )


def other_nesting(name: str, before: str, now: str) -> str:
    """What to say of a table whose lists and objects are elsewhere than the file says."""
    return (
        f"'{name}' was loaded with nested: {before}, and the file says nested: {now}, which would split its values; "
        "set nested back, or run it once with full_refresh"
    )


def refuse_other_nesting(
    resource: Resource, asset: str, known: Mapping[str, Any], declared: Mapping[str, Column]
) -> None:
    """See that lists and objects stay where the table has them.

    Raises:
        MendDescription: it has them as JSON, and the file wants tables.
    """
    if resource.nested == "json" or resource.max_table_nesting == 0:
        return
    for name in (name for name, column in known.items() if column.get("data_type") == "json" and "__" not in name):
        if name not in declared or declared[name].data_type != "json":
            raise MendDescription(f"{other_nesting(name, 'json', 'tables')}", where=asset)


def refuse_new_keys(
    pipeline: Pipeline, schema_name: str, table: str, known: Mapping[str, Any], required: Iterable[str], asset: str
) -> None:
    """See that a table with rows has the columns that none of its rows may lack from now on.

    Args:
        pipeline: the resource's pipeline.
        schema_name: the name of its dlt schema.
        table: the table's name in the destination.
        known: its columns, as dlt's schema has them from earlier loads.
        required: names of the columns of a key.
        asset: the asset's name in errors.

    Raises:
        MendDescription: a column of the key is new, and there are rows without it.
    """
    typed = {name for name, column in known.items() if column.get("data_type")}
    missing = sorted(set(required) - typed)
    nullable = sorted(name for name in required if name in typed and known[name].get("nullable", True))
    if not typed or not (missing or nullable):
        return
    with pipeline.sql_client(schema_name) as client:
        # A count, because no word for the first row alone is in every dialect.
        rows = f"SELECT COUNT(*) FROM {client.make_qualified_table_name(table)}"
        empty = [(name, f"{rows} WHERE {client.escape_column_name(name)} IS NULL") for name in nullable]
        for name, query in [*((name, rows) for name in missing), *empty]:
            try:
                has_rows = bool((client.execute_sql(query) or [(0,)])[0][0])
            except DatabaseUndefinedRelation:
                return
            if has_rows:
                raise MendDescription(
                    f"the key has '{name}', which rows of the table are without",
                    "run it once with full_refresh, so that the table is made anew, or name the former key",
                    where=asset,
                )
