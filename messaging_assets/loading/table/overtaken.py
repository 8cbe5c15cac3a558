"""What other windows loaded while one was read: what was read before must not be put in its place, and must fit it.

Windows of one resource are read side by side. A row that moves from a window to another meanwhile is in both reads. A
merge by key would keep the version that is loaded last, not the one that was read last. A new column may come in both,
with values of two types.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from dlt import Pipeline, Schema

from messaging_assets.description.api import Resource
from messaging_assets.foundation.failures import TryAgainLater
from messaging_assets.seams.dlt_names import DatabaseUndefinedRelation, columns_in
from messaging_assets.seams.dlt_packages import know_also, normalized_packages
from messaging_assets.tables.reconciliation import values_in_files
from messaging_assets.tables.table_rows import table_rows


def finished_loads(pipeline: Pipeline, schema_name: str) -> frozenset[str]:
    """The loads of a resource that reached their end so far.

    Args:
        pipeline: the resource's pipeline.
        schema_name: the name of its dlt schema.
    """
    with table_rows(pipeline) as rows:
        return rows.finished(schema_name)


def refuse_other_types(pipeline: Pipeline, schema_name: str, asset: str) -> None:
    """Stop before a load whose new columns another window made of another type.

    Args:
        pipeline: the resource's pipeline, with the packages that are about to be loaded.
        schema_name: the name of its dlt schema.
        asset: the asset's name in errors.

    Raises:
        TryAgainLater: its rows are to be read again.
    """
    client: Any = pipeline.destination_client()
    with client, suppress(DatabaseUndefinedRelation):
        if stored := client.get_stored_schema(schema_name):
            noted = Schema.from_dict(json.loads(stored.schema))
            _compare_types(pipeline, asset, client, noted)
            know_also(pipeline, noted)


def refuse_older_rows(
    pipeline: Pipeline, schema_name: str, resource: Resource, asset: str, before: frozenset[str]
) -> None:
    """Stop before a merge that could put older versions in the place of newer rows.

    Args:
        pipeline: the resource's pipeline, with the packages that are about to be loaded.
        schema_name: the name of its dlt schema.
        resource: what the file says of the table.
        asset: the asset's name in errors.
        before: the loads that were finished when the read began.

    Raises:
        TryAgainLater: its rows are to be read again.
    """
    with table_rows(pipeline) as rows:
        if not (later := sorted(rows.finished(schema_name) - before)):
            return
        name, fields = rows.qualified(resource.table), resource.keys or resource.merge_keys
        keys = [rows.column_name(field) for field in fields]
        if not {*keys} <= {*(columns_in(rows.client, name) or ())}:
            return  # of windows without rows, whose keys have no type yet
        query = f"SELECT {', '.join(map(rows.column, fields))} FROM {name} WHERE {rows.of_loads(later)}"
        newer = {tuple(map(_as_read, row)) for row in rows.select(query, later)}
        own = rows.name_of(resource.table)
    packages = normalized_packages(pipeline).glob("*")
    if any(row in newer for package in packages for row in values_in_files(package, own, keys)):
        raise TryAgainLater(
            "rows that it read have come into another window meanwhile, which may have loaded newer versions of them",
            "run it again, so that it is read again",
            where=asset,
        )


def _compare_types(pipeline: Pipeline, asset: str, client: Any, noted: Schema) -> None:
    for name, own in pipeline.default_schema.tables.items():
        others = _of_another_type(own["columns"], noted.tables.get(name, {}).get("columns", {}))
        # What is not noted yet may be so in the table: a column of whole numbers that became one of doubles.
        made = dict(client.get_storage_tables([name]))[name] if others else {}
        for column, wanted in _of_another_type(others, made).items():
            words = f"column '{column}' came as {wanted['data_type']}, and another window has made it "
            raise TryAgainLater(
                f"{words}{made[column]['data_type']} meanwhile",
                "run it again, so that what is of another type gets a column of its own",
                where=asset,
            )


def _of_another_type(columns: Mapping[str, Any], there: Mapping[str, Any]) -> dict[str, Any]:
    types = {name: column.get("data_type") for name, column in there.items()}
    return {
        name: column
        for name, column in columns.items()
        if (wanted := column.get("data_type")) and types.get(name) not in (None, wanted)
    }


def _as_read(value: Any) -> Any:
    # Numbers and moments are equal in whatever form they come; binary values of the database are not.
    return bytes(value) if isinstance(value, memoryview) else value
