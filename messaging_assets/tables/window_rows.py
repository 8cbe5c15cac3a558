"""The rows of a window of time that is read again: the earlier ones go, and no row is in two windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from dlt import Pipeline

from messaging_assets.description.api import Resource
from messaging_assets.description.windows import Window
from messaging_assets.foundation.failures import MendDescription, ReadIncomplete
from messaging_assets.reading.receipt import Finding, Verdict
from messaging_assets.reading.times.asked_windows import reach
from messaging_assets.tables.notes.noted_syncs import NotedSync
from messaging_assets.tables.table_rows import TableRows, table_rows
from messaging_assets.tables.taking_away import Read, TakenOut, is_bounded, refuse_too_many, why_nothing_goes
from messaging_assets.tables.window_column import bounds_in

# Windows that one query counts; more would be more bound values than some databases take.
_AT_ONCE = 100


def replace_window(
    pipeline: Pipeline,
    resource: Resource,
    asset: str,
    window: Window,
    load_ids: Sequence[str],
    read: Read,
    allow_many: bool = False,
) -> TakenOut:
    """Take out the window's rows that this run did not bring, unless a merge had better keep them.

    Args:
        pipeline: the resource's pipeline.
        resource: what the window is of.
        asset: the asset's name in errors.
        window: from start up to, but without, end, by the window's column.
        load_ids: the loads of this run.
        read: how complete it was, and whether it is the newest.
        allow_many: whether the run says that a larger share of the window may go than the file allows at once.

    Returns:
        What went, or why nothing did.

    Raises:
        MendDescription: more came than the window, and an appended table would have these rows twice; or more of its
            rows would go than the file allows at once.
        ReadIncomplete: an appended table has rows of the window already, and this read is not good enough to take
            them out. What came is to be taken back in either case.
    """
    is_append = resource.disposition == "append"
    with table_rows(pipeline) as rows:
        column = rows.column(window.column)
        hints = rows.hints(resource.table, window.column)
        if not hints.get("data_type"):
            # No row ever came, so there is none to replace.
            return TakenOut()
        largest = rows.largest(resource.table, window.column)
        bounds, widest = (bounds_in(hints, window.start, end, largest) for end in _ends(resource, window))
        if bounds is None or widest is None:
            _refuse_rows_in_no_window(rows, resource, asset, window, load_ids)
            return TakenOut()
        outside = rows.of_loads(load_ids, f"({column} < %s OR {column} > %s)")
        beyond = rows.count(resource.table, outside, (*widest, *load_ids))
        # An API whose end is inclusive sends the first rows of the next window too.
        late = rows.of_loads(load_ids, f"{column} >= %s AND {column} <= %s")
        at_end = rows.count(resource.table, late, (bounds[1], widest[1], *load_ids))
        words = (
            f"{beyond} of its rows lie outside the window from {window.start.isoformat()} to "
            f"{window.end.isoformat()}: the API does not keep to start_param and end_param, or looks at another time "
            f"than {window.column}"
        )
        step = (
            "correct partitions: timezone, where the API's days are of another zone, or end_is_inclusive: true, "
            "where it also sends what lies at the end"
        )
        if is_append and beyond:
            raise MendDescription(words, step, where=asset)
        if is_append and at_end:
            rows.delete(resource.table, late, (bounds[1], widest[1], *load_ids))
        within = f"{column} >= %s AND {column} < %s"
        earlier = rows.of_other_loads(load_ids, within), (*bounds, *load_ids)
        own = rows.of_loads(load_ids, within), (*bounds, *load_ids)
        why = why_nothing_goes("window", read)
        if is_append and why:
            came = rows.count(resource.table, *own)
            before = rows.count(resource.table, *earlier)
            # A record that was set aside did come; it is told apart from one that is gone by their number alone.
            if before and (came < before or why_nothing_goes("window", replace(read, set_aside=0))):
                raise ReadIncomplete(
                    f"{why}, and it brought {came} rows of a window of which the table has {before}",
                    "they stay, run it again",
                    where=asset,
                )
        found: dict[str, Any] = {"rows_outside": at_end + beyond} if at_end + beyond else {}
        finding = Finding(Verdict.UNKNOWN, words, step) if beyond else None
        if beyond:
            why = why_nothing_goes("window", replace(read, finding=Finding(Verdict.UNKNOWN, "")))
        if is_append or not why:
            if is_bounded("window", resource):
                came, before = rows.count(resource.table, *own), rows.count(resource.table, *earlier)
                # Of a merge, the rows that came again are among those that came.
                gone, whole = (before - came, before) if is_append else (before, before + came)
                refuse_too_many("window", resource, asset, gone, whole, allow_many, " of the window")
            found["rows_deleted"] = rows.delete(resource.table, *earlier)
        else:
            found["deletes"] = f"none of the window's earlier rows, because {why}"
    return TakenOut({f"messaging_assets/{name}": value for name, value in found.items()}, finding)


def _ends(resource: Resource, window: Window) -> tuple[datetime, datetime]:
    """A window's end, and up to where rows may come with what lies there."""
    return window.end, window.end + reach(resource)


def rows_by_window(pipeline: Pipeline, resource: Resource, windows: Mapping[str, Window]) -> dict[str, int]:
    """How many rows of a table are in each of some windows, by the windows' names."""
    if not windows:
        return {}
    with table_rows(pipeline) as rows:
        name = next(iter(windows.values())).column
        hints, column, largest = rows.hints(resource.table, name), rows.column(name), rows.largest(resource.table, name)
        bounds = {key: bounds_in(hints, one.start, one.end, largest) for key, one in windows.items()}
        placed = [(key, one) for key, one in bounds.items() if one is not None and largest is not None]
        found = dict.fromkeys(windows, 0)
        for first in range(0, len(placed), _AT_ONCE):
            some = placed[first : first + _AT_ONCE]
            counts = [f"COUNT(CASE WHEN {column} >= %s AND {column} < %s THEN 1 END)"] * len(some)
            values = [value for _, both in some for value in both]
            [counted] = rows.select(f"SELECT {', '.join(counts)} FROM {rows.qualified(resource.table)}", values)
            found |= dict(zip((key for key, _ in some), map(int, counted), strict=True))
    return found


def take_back(pipeline: Pipeline, resource: Resource, load_ids: Sequence[str]) -> None:
    """Take out what a run appended to a window that has its earlier rows still."""
    if resource.disposition == "append":
        with table_rows(pipeline) as rows:
            rows.delete(resource.table, rows.of_loads(load_ids), load_ids)


def is_taken_back(pipeline: Pipeline, resource: Resource, sync: NotedSync) -> bool:
    """Whether the rows that a sync wrote are there no more."""
    if not sync.rows:
        return False
    with table_rows(pipeline) as rows:
        return not rows.count(resource.table, rows.of_loads(sync.load_ids), sync.load_ids)


def _refuse_rows_in_no_window(
    rows: TableRows, resource: Resource, asset: str, window: Window, load_ids: Sequence[str]
) -> None:
    """See that nothing came, where no row of the table is at any time.

    Raises:
        MendDescription: rows came; an appended table is to have them no more.
    """
    if rows.count(resource.table, rows.of_loads(load_ids), load_ids):
        raise MendDescription(
            f"partitions.column '{window.column}' is no time in the table, so its rows are in no window",
            f"declare columns.{window.column} as timestamp or date, and run it once with full_refresh if the "
            "table has it already",
            where=asset,
        )
