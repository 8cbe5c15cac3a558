"""What a table already is, against what the file says now: dlt changes no column that is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from dlt import Pipeline

from messaging_assets.description.api import Resource
from messaging_assets.description.table import INSIDE, Column
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.reading.times.zones import made_of_clocks, zones_of
from messaging_assets.rows.values.conversion import arrow_type
from messaging_assets.rows.values.moments import names_no_zone, with_zone
from messaging_assets.seams.dlt_names import DatabaseUndefinedRelation

# dlt keeps a column's hints of this kind.
ZONE = "x-zone"


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


class Zones:
    """The zones that a column's moments are of which name none; all of a table are of one.

    Args:
        resource: what the file says of the table.
        asset: the asset's name in errors.
        known: the table's columns, as dlt's schema has them from earlier loads.
        normalize: dlt's naming of identifiers.
        hints: where it is noted, for dlt's schema, in which zone a column was read.
    """

    def __init__(
        self,
        resource: Resource,
        asset: str,
        known: Mapping[str, Any],
        normalize: Callable[[str], str],
        hints: dict[str, dict[str, Any]],
    ) -> None:
        self._resource, self._asset, self._known, self._hints = resource, asset, known, hints
        self._by_name = {normalize(name): zone for name, zone in zones_of(resource).items()}
        self._made_of_clocks = set(map(normalize, made_of_clocks(resource)))
        self._noted: set[str] = set()

    def of(self, column: str, data_type: str, values: Iterable[Any]) -> ZoneInfo | None:
        """The zone of a column of moments; None for UTC, and of other columns.

        Args:
            column: its name.
            data_type: dlt's word for its type.
            values: what came.

        Raises:
            MendDescription: the table holds moments of another one, and these name none.
        """
        zone, known = self._by_name.get(column), self._known.get(column, {})
        name, before = zone.key if zone else "UTC", known.get(ZONE, "UTC")
        if data_type != "timestamp" or name == before or column in self._noted:
            return zone
        if not known.get("data_type") or self._resource.disposition == "replace":
            self._noted.add(column)
            self._hints[column] = {"name": column, "data_type": "timestamp", **self._hints.get(column, {}), ZONE: name}
        elif column in self._made_of_clocks or any(map(names_no_zone, values)):
            raise MendDescription(
                f"'{column}' has times that name no zone, which the table holds as those of {before} and the file has "
                f"as those of {name}",
                f"run it once with full_refresh, which reads all of them anew, or write timezone: {before} under "
                f"columns.{column}",
                where=self._asset,
            )
        return zone

    def said(
        self, rows: list[dict[str, Any]], types: Mapping[str, str], column: Callable[[str], str | None]
    ) -> list[dict[str, Any]]:
        """Records as they came; where dlt types them, with moments that name their zone.

        Args:
            rows: the records.
            types: dlt's word for the type of each column of the table.
            column: gives the column of a field.
        """
        others = {name for name, data_type in types.items() if data_type != "timestamp"}
        zones = {name: zone for name, zone in self._by_name.items() if name not in others}
        return [_said(row, zones, column) for row in rows] if zones and self._resource.nested == "tables" else rows


def _said(row: Mapping[str, Any], zones: Mapping[str, ZoneInfo], column: Callable[[str], str | None]) -> dict[str, Any]:
    made = dict(row)
    for name, value in row.items():
        own = column(name) or ""
        start = f"{own}{INSIDE}"
        inside = {path.removeprefix(start): zone for path, zone in zones.items() if path.startswith(start)}
        is_object = isinstance(value, dict) and inside
        made[name] = _said(value, inside, column) if is_object else with_zone(value, zones.get(own))
    return made


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
