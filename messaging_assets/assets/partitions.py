"""A resource's windows of time as Dagster partitions, and the window of one run as parameters."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from dagster import (
    AssetExecutionContext,
    BackfillPolicy,
    DagsterInvariantViolationError,
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    TimeWindowPartitionsDefinition,
    WeeklyPartitionsDefinition,
)

from messaging_assets.description.api import Resource
from messaging_assets.description.windows import Window
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.reading.times.asked_windows import says_nothing

# Clocks of two machines differ by so much.
_CLOCKS = timedelta(minutes=1)
_DEFINITIONS: dict[str, type[TimeWindowPartitionsDefinition]] = {
    "hourly": HourlyPartitionsDefinition,
    "daily": DailyPartitionsDefinition,
    "weekly": WeeklyPartitionsDefinition,
    "monthly": MonthlyPartitionsDefinition,
}


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
        MendDescription: the run names no partition, or one of others than the file's.
    """
    if resource.partitions is None:
        return None
    if not context.has_partition_key and not context.has_partition_key_range:
        raise MendDescription(
            f"it is read in {resource.partitions.type} windows, and this run names none",
            "start it from its partitions in the UI, or with a partition key",
            where=asset,
        )
    try:
        times = context.partition_time_window
        window = Window(times.start, times.end, resource.placing_column)
        own = list(windows_of(context, resource).values())
        is_own = (own[0].start, own[-1].end) == (window.start, window.end)
    except (DagsterInvariantViolationError, ValueError):
        is_own = False
    if not is_own:
        raise MendDescription(
            "its asset has other partitions here than the file's, so the window of a run is not known",
            "leave partitions_def as it is, and write partitions in the file",
            where=asset,
        )
    if window.end - datetime.now(timezone.utc) > _CLOCKS:
        # Dagster offers none of these; a run that names one by a tag would leave it green without its later rows.
        raise MendDescription(
            f"its window ends at {window.end.isoformat()}, which is still to come, and rows of it may be, too",
            "run it when it is over",
            where=asset,
        )
    if says_nothing(resource, window):
        raise MendDescription(
            "its format writes the start and the end of this window alike, as in an hour that comes twice, so "
            "the API is asked for nothing",
            "write a format that tells them apart, such as iso8601 or epoch_seconds",
            where=asset,
        )
    return window


def windows_of(context: AssetExecutionContext, resource: Resource) -> dict[str, Window]:
    """The window of each partition that a run is for, by its key; a run may be for a range of them."""
    described = partitions_definition(resource)
    if described is None:
        return {}
    times = {key: described.time_window_for_partition_key(key) for key in context.partition_keys}
    return {key: Window(time.start, time.end, resource.placing_column) for key, time in times.items()}


def newest_window(resource: Resource, asset: str) -> Window | None:
    """The last window that is over, for a look at a resource; None for one without partitions.

    Args:
        resource: the resource with the file's defaults merged in.
        asset: its name in errors.

    Raises:
        MendDescription: none is over yet.
    """
    described = partitions_definition(resource)
    if described is None:
        return None
    if (key := described.get_last_partition_key()) is None:
        raise MendDescription(
            "the first of its windows is not over yet, so there is nothing to look at",
            "wait until it is, or write an earlier partitions.start",
            where=asset,
        )
    times = described.time_window_for_partition_key(key)
    return Window(times.start, times.end, resource.placing_column)
