"""Rows that are read once more: a run's `read_from` sets each list's mark back, and leaves one that is before it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from messaging_assets.description.api import Incremental, Resource
from messaging_assets.foundation import moments
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.reading.cursors.mark import LEFT_IN_DOUBT, mark_at
from messaging_assets.reading.cursors.marks import cursor_of, is_backward
from messaging_assets.reading.cursors.order import Direction, Order, order_of
from messaging_assets.reading.cursors.request_values import is_closed
from messaging_assets.reading.times.notation import NoOrder, like_number
from messaging_assets.reading.times.relative_times import is_relative, resolved

_TAKE_OUT = "take read_from out"
# By how the file says that the cursor's values are read: what to write for one.
_STEPS = {"text": "write one as the API writes them", "number": "write a number"}


def why_not_from(resource: Resource) -> tuple[str, str] | None:
    """Why no read of a resource can begin at a value of its cursor, and what to do; None where one can."""
    cursor = cursor_of(resource.endpoint)
    if resource.partitions is not None:
        return "it is read in windows, and read_from is for a mark", "run the partitions of its windows again"
    if cursor is None and resource.only_changed_parents:
        return "its lists have no mark", "run it with forget_state, which reads those of all parents"
    if cursor is None or is_closed(cursor):
        return "it has no mark, so each sync reads all that the file asks for", _TAKE_OUT
    if cursor.cursor_in in ("answer", "link") or cursor.first_mark:
        return "its mark is a token of the API, which is no place to begin at", "run it with forget_state"
    if resource.disposition == "append":
        return "an append would have the rows from there on twice", "write merge, or run it with full_refresh"
    return None


def set_back(
    marks: Mapping[str, Any], cursor: Incremental, value: str, now: datetime | None, asset: str
) -> dict[str, Any]:
    """The marks, none of them beyond a value.

    Args:
        marks: by the list's name.
        cursor: what they are marks of.
        value: a moment, also a relative one such as `-7d`, or a number, as the cursor's values are.
        now: when the sync began; None where that is now.
        asset: the asset's name in errors.

    Raises:
        MendDescription: the cursor's values do not compare with it.
    """
    order = order_of(cursor, now or datetime.now(timezone.utc))
    direction, start = Direction(cursor, order), _start(order, value)
    back = dict(marks)
    try:
        for name, mark in marks.items():
            last = mark["last_value"]
            # A mark that has gone nowhere yet, as after a first read in doubt, has the file's own word, or none.
            if (
                last is not None
                and not is_relative(last)
                and direction.is_further(last, meant := _in_unit_of(order, start, last))
            ):
                doubt = {LEFT_IN_DOUBT: mark[LEFT_IN_DOUBT]} if LEFT_IN_DOUBT in mark else {}
                back[name] = mark_at(cursor, _asked(cursor, order, _written(order, meant, last))) | doubt
    except NoOrder:
        step = _STEPS.get(
            order.reading or "", "write a time such as 2026-11-20T00:00:00Z or -7d, or a number as they are"
        )
        raise MendDescription(
            f"read_from is '{value}', which is no value that '{cursor.cursor_path}' could have", step, where=asset
        ) from None
    return back


def _start(order: Order, value: str) -> Any:
    """Where to begin; beside a pattern of the file's, a moment may be written as elsewhere, too."""
    start = resolved(value, order.now)
    is_other = order.pattern is not None and not order.has_place(start)
    moment = moments.moment_of(start, None, order.zone or timezone.utc) if is_other else None
    return start if moment is None else moments.datetime_of(moment)


def _in_unit_of(order: Order, start: Any, sample: Any) -> Any:
    """A number of time since 1970 as the moment that it is by its size, where a sample is in another unit."""
    units = _unit(order, start), _unit(order, sample)
    number = moments.number_of(start)
    if number is None or units[0] is None or units[1] is None or units[0] == units[1]:
        return start
    return moments.datetime_of(number.scaleb(-units[0]))


def _asked(cursor: Incremental, order: Order, start: Any) -> Any:
    """What to ask for, so that rows at a value come, too; an API with an open range leaves those out."""
    if cursor.range_start == "closed" or order.reading == "text":
        return start
    return order.behind(start, 1, False, is_backward(cursor))


def _unit(order: Order, value: Any) -> int | None:
    number = moments.number_of(value) if order.reading in (None, *moments.EPOCHS) else None
    return None if number is None or order.calendar_digits(number) else moments.unit_of(number)


def _written(order: Order, start: Any, sample: Any) -> Any:
    """A value as the API writes a sample of it."""
    moment = order.moment(start) if order.moment(sample) is not None else None
    if moment is not None and (shown := order.write(moment, sample)) is not None:
        return shown
    number = None if order.reading == "text" or order.pattern else moments.number_of(start)
    return start if number is None else like_number(sample, number)
