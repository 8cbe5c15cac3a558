"""A resource's windows of time as Dagster partitions, and the window of one run as parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from dagster import (
    AssetExecutionContext,
    BackfillPolicy,
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    TimeWindowPartitionsDefinition,
    WeeklyPartitionsDefinition,
)

from messaging_assets.api_description import Resource
from messaging_assets.failures import MendDescription
from messaging_assets.partition_description import Partitions

_DEFINITIONS: dict[str, type[TimeWindowPartitionsDefinition]] = {
    "hourly": HourlyPartitionsDefinition,
    "daily": DailyPartitionsDefinition,
    "weekly": WeeklyPartitionsDefinition,
    "monthly": MonthlyPartitionsDefinition,
}

# From a window's end to the last moment that is in it.
_LEAST = timedelta(microseconds=1)
_WINDOW = re.compile(r"\{(?:window|partition)\.(start|end)\}")


@dataclass(frozen=True)
class Window:
    """The stretch of time that one run reads: from `start` up to, but without, `end`."""

    start: datetime
    end: datetime
    column: str

    def as_texts(self) -> list[str]:
        """The window as it is kept in a file."""
        return [self.start.isoformat(), self.end.isoformat(), self.column]

    @staticmethod
    def from_texts(texts: list[str]) -> Window:
        """The window that was kept."""
        return Window(datetime.fromisoformat(texts[0]), datetime.fromisoformat(texts[1]), texts[2])


def partitions_definition(resource: Resource) -> TimeWindowPartitionsDefinition | None:
    """The Dagster partitions of a resource; None where it is read as a whole."""
    described = resource.partitions
    if described is None:
        return None
    start = datetime.fromisoformat(described.start)
    return _DEFINITIONS[described.type](start_date=start, timezone=described.timezone)  # type: ignore[call-arg]


def backfill_policy(resource: Resource) -> BackfillPolicy | None:
    """How many windows one run of a backfill reads."""
    described = resource.partitions
    if described is None:
        return None
    if described.partitions_per_run is None:
        return BackfillPolicy.single_run()
    return BackfillPolicy.multi_run(described.partitions_per_run)


def window_of(context: AssetExecutionContext, resource: Resource, asset: str) -> Window | None:
    """The window that this run is for; None for a resource without partitions.

    Raises:
        MendDescription: the run names no partition.
    """
    if resource.partitions is None:
        return None
    if not context.has_partition_key and not context.has_partition_key_range:
        raise MendDescription(
            f"{asset}: it is read in {resource.partitions.type} windows, and this run names none; start it from its "
            "partitions in the UI, or with a partition key."
        )
    window = context.partition_time_window
    return Window(window.start, window.end, resource.partitions.column_name)


def _takes_cursor(param: Any) -> bool:
    is_bound = isinstance(param, dict) and param.get("type") == "incremental"
    return is_bound or (isinstance(param, str) and "{incremental." in param)


def in_window(resource: Resource, window: Window | None) -> Resource:
    """The resource as one run reads it: the window in its parameters, and no incremental state of its own."""
    described: Partitions | None = resource.partitions
    if window is None or described is None:
        return resource
    end = window.end - _LEAST if described.end_is_inclusive else window.end
    values = {"start": described.written(window.start), "end": described.written(end)}
    endpoint = resource.endpoint
    params = {name: value for name, value in endpoint.params.items() if not _takes_cursor(value)}
    bounds = ((described.start_param, "start"), (described.end_param, "end"))
    asked = {
        "params": {**filled(params, values), **{name: values[end] for name, end in bounds if name}},
        "path": filled(endpoint.path, {name: quote(str(value), safe="") for name, value in values.items()}),
        "json_body": filled(endpoint.json_body, values),
        "data": filled(endpoint.data, values),
        "headers": filled(endpoint.headers, values),
    }
    return resource.model_copy(update={"endpoint": endpoint.model_copy(update={**asked, "incremental": None})})


def filled(value: Any, values: Mapping[str, Any]) -> Any:
    """A part of a request with `{window.start}` and `{window.end}` filled in; what takes a cursor too goes."""
    if isinstance(value, Mapping):
        return {name: filled(one, values) for name, one in value.items() if not _takes_cursor(one)}
    if isinstance(value, (list, tuple)):
        return [filled(one, values) for one in value]
    if not isinstance(value, str):
        return value
    if (alone := _WINDOW.fullmatch(value)) and not isinstance(values[alone[1]], str):
        return values[alone[1]]
    return _WINDOW.sub(lambda one: str(values[one[1]]).replace("{", "{{").replace("}", "}}"), value)
