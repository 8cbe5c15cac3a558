"""The column that places a window's rows in time: what it may hold, and a window's bounds in its own kind of value."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from messaging_assets.description.api import Resource
from messaging_assets.description.windows import WINDOW_AT
from messaging_assets.foundation import json_paths, moments
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.reading.cursors.order import Order
from messaging_assets.rows.values.conversion import data_type_of

_ELSEWHERE = timezone(timedelta(hours=1))
_NUMBERS = ("bigint", "double", "decimal")


class WindowColumn:
    """Sees to it, before anything is loaded, that each window's rows can be found again by their time.

    Args:
        asset: the asset's name in errors.
        resource: a resource with partitions.
    """

    def __init__(self, asset: str, resource: Resource) -> None:
        assert resource.partitions is not None
        self._asset, self._path = asset, resource.partitions.column
        self._name = resource.partitions.column_name
        declared = resource.columns.get(self._name)
        self._type = declared.data_type if declared else None
        is_zone_said = resource.partitions.timezone == "UTC" or (declared and declared.timezone not in (None, True))
        self._is_zone_open = self._type != "date" and not is_zone_said
        self._rows = self._found = 0
        self._units: set[int | None] = set()
        zone = ZoneInfo(resource.partitions.timezone)
        self._plain, self._declared = Order(zone=zone), Order(resource.partitions.reading, zone)
        self._has_own = resource.placing_column == WINDOW_AT

    def place(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """A page's rows; where the column is inside of others, with a copy of it as a column of its own.

        Raises:
            MendDescription: it holds what is no time.
        """
        self._rows += len(rows)
        values = [value for row in rows for value in json_paths.find_values(self._path, row)[:1] if value is not None]
        self._found += len(values)
        if self._name != self._path:
            rows = [{**row, self._name: (json_paths.find_values(self._path, row) or [None])[0]} for row in rows]
        if self._has_own:
            found = [(json_paths.find_values(self._path, row) or [None])[0] for row in rows]
            return [{**row, WINDOW_AT: self._moment(value)} for row, value in zip(rows, found, strict=True)]
        if self._type not in ("timestamp", "date"):
            for value in values:
                self._check(value)
        if self._is_zone_open and any(map(_names_no_zone, values)):
            raise MendDescription(
                f"partitions.column '{self._path}' holds times that name no zone, and the windows are not of UTC, so "
                "which row is in which window is not known",
                f"write under columns.{self._name} data_type: timestamp, and timezone: the zone of these times",
                where=self._asset,
            )
        return rows

    def _moment(self, value: Any) -> str | None:
        """A value as the moment that it is, with the six digits of a second that a table keeps, in ISO 8601.

        Raises:
            MendDescription: it is none, neither as `format` says nor by its looks.
        """
        if value is None:
            return None
        seen, is_pattern = self._plain.moment(value), self._declared.pattern is not None
        said = self._declared.moment(str(value) if is_pattern and type(value) is int else value)
        # A number that shows its own unit is in that one, in whichever the API is asked; a pattern that is met by
        # chance gives an ancient year.
        moment = said if seen is None or (is_pattern and said is not None and said >= 0) else seen
        if moment is None:
            raise MendDescription(
                f"partitions.column '{self._path}' holds what is no time, neither as partitions.format says nor by its "
                "looks, so its rows are in no window",
                "name the time that the API's own range looks at",
                where=self._asset,
            )
        return str(moments.written(moment.quantize(Decimal("1e-6"), rounding="ROUND_FLOOR"), "iso"))

    def _check(self, value: Any) -> None:
        if type(value) in (int, float, Decimal):
            self._units.add(self._plain.unit(number) if (number := moments.number_of(value)) else None)
            if len(self._units) == 1 and None not in self._units:
                return
            raise MendDescription(
                f"partitions.column '{self._path}' holds numbers that are no seconds, milliseconds or microseconds "
                "since 1970, or not all in one unit, so its rows are in no window",
                "name the time that the API's own range looks at, or let partitions.format say how it is written",
                where=self._asset,
            )
        if self._type is None and data_type_of(value) in ("timestamp", "date"):
            return
        is_time = moments.moment_of(value) is not None
        type_ = "date" if moments.is_day(value) else "timestamp"
        why = "what is no time"
        if is_time:
            why = "days" if type_ == "date" else "texts that are no timestamp as ISO 8601 writes it"
            raise MendDescription(
                f"partitions.column '{self._path}' holds {why}",
                f"declare columns.{self._name} with data_type: {type_}",
                where=self._asset,
            )
        raise MendDescription(
            f"partitions.column '{self._path}' holds {why}, so its rows are in no window",
            "name the time that the API's own range looks at",
            where=self._asset,
        )

    def ended(self) -> None:
        """The window was read.

        Raises:
            MendDescription: rows came, and none has the column.
        """
        if self._rows and not self._found:
            raise MendDescription(
                f"none of {self._rows} rows has partitions.column '{self._path}', so they are in no window",
                "name the time that the API's own range looks at, as records have it",
                where=self._asset,
            )


def _names_no_zone(value: Any) -> bool:
    """Whether a value is a time of day of a zone that it does not name."""
    return not moments.is_day(value) and moments.moment_of(value) != moments.moment_of(value, zone=_ELSEWHERE)


def bounds_in(column: Mapping[str, Any], start: datetime, end: datetime, largest: Any) -> tuple[Any, Any] | None:
    """A window's bounds as its column has them.

    Args:
        column: dlt's hints of the column.
        start: the window's start, in its own zone.
        end: its end.
        largest: the largest value that the table's column has, by which a number shows its unit; None for no row.

    Returns:
        None where no row can be in a window: the column is no time, or has no value.
    """
    data_type = column.get("data_type")
    if data_type == "date":
        # A date is a day of the window's own time zone.
        return start.date(), end.date()
    if data_type == "timestamp":
        # So is a time that names no zone.
        return (
            (start.replace(tzinfo=None), end.replace(tzinfo=None)) if column.get("timezone") is False else (start, end)
        )
    number = moments.number_of(largest) if data_type in _NUMBERS else None
    unit = None if number is None else moments.unit_of(number)
    if unit is None:
        return None
    first, last = (moments.moment_of(one) or Decimal(0) for one in (start, end))
    return int(first.scaleb(unit)), int(last.scaleb(unit))
