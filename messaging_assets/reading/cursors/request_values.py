"""From where a list is asked for, and what `{incremental.<name>}` means in a request for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any

from messaging_assets.description import api as described
from messaging_assets.foundation import moments
from messaging_assets.reading.cursors.order import Order, order_of
from messaging_assets.reading.times.notation import NoOrder
from messaging_assets.reading.times.relative_times import is_relative, midnight, resolved


def request_values(own: described.Incremental, last: Any, now: datetime) -> dict[str, Any]:
    """What `{incremental.<name>}` means in a request.

    Args:
        own: the cursor as the file has it.
        last: how far an earlier sync came, None where there was none.
        now: when the sync began.

    Raises:
        NoOrder: a value cannot be written as the file wants it.
    """
    asked = ((way, _values(one, last, now)) for way, one in own.ways.items())
    return {f"{name}{way}": value for way, values in asked for name, value in values.items()}


def _values(own: described.Incremental, last: Any, now: datetime) -> dict[str, Any]:
    order, initial = order_of(own, now), resolved(own.initial_value, now)
    start = lagged(own, order, last, initial) if last is not None else initial
    own_initial = None if is_relative(own.initial_value) else own.initial_value
    sample = own_initial if last is None else last
    begun = _written(own, order, start, sample)
    values = {"start_value": begun, "last_value": begun, "initial_value": _written(own, order, initial, sample)}
    try:
        # Who wants both ends gets now for the one that the file does not say.
        end = now if own.end_value is None and own.last_value_func not in ("min", min) else resolved(own.end_value, now)
        if is_closed(own):
            end = _whole_day(own, order, end)
        elif isinstance(end, datetime):
            # Whole seconds, which every API reads. One whose clock is ahead has rows from a moment to come here.
            end = end.replace(microsecond=0)
            end = start if _is_behind(order, end, start) else end
        values["end_value"] = _written(own, order, end, sample, is_end=is_closed(own))
    except NoOrder:
        if own.end_value is not None or own.end_param is not None:
            raise
        values["end_value"] = None
    return values


def lagged(own: described.Incremental, order: Order, last: Any, initial: Any) -> Any:
    """From where rows are asked for, once an earlier sync came as far as `last`: not before where the file begins.

    Raises:
        NoOrder: a value is neither number nor moment.
    """
    if not own.lag or own.last_value_func not in ("max", "min", max, min) or is_closed(own):
        return last
    is_backward = own.last_value_func in ("min", min)
    # dlt's rule: a file that begins with a day counts its lag in days.
    in_days = moments.is_day(own.initial_value) and moments.moment_of(own.initial_value) is not None
    start = order.behind(last, own.lag, in_days, is_backward)
    if initial is None or (order.compare(start, initial) > 0) != is_backward:
        return start
    return initial


def bounds_of(
    ways: Mapping[str, described.Incremental], order: Order, name: str, moment: Decimal, sample: Any, is_end: bool
) -> dict[str, Any]:
    """A moment as requests take it for one end of a range, in each way that they write it.

    Args:
        ways: the cursor's, see `Incremental.ways`.
        order: how its values compare.
        name: what `{incremental.<name>}` calls it.
        moment: seconds since 1970.
        sample: a value as the API writes it; None where there is none.
        is_end: whether the range ends there.

    Raises:
        NoOrder: it cannot be written as the file wants it.
    """
    at = moments.datetime_of(moment)
    return {f"{name}{way}": _written(own, order, at, sample, is_end) for way, own in ways.items()}


def first_of_file(own: described.Incremental, order: Order) -> Any:
    """Where the file's range begins: of `-30d` with the day, where requests say days, so that its rows are inside."""
    initial = resolved(own.initial_value, order.now)
    is_backward = own.last_value_func in ("min", min)
    ways = [*filter(None, own.sent_as)]
    if is_backward or not ways or not is_relative(own.initial_value):
        return initial
    if (moment := order.moment(initial)) is None:
        return initial
    zone = order.zone or timezone.utc
    begun = midnight(moment, zone)
    is_day = any(_are_sent_alike(way, zone, begun, moment) for way in ways)
    return moments.datetime_of(begun, zone) if is_day else initial


def is_sent_before(own: described.Incremental, order: Order, last: Any) -> bool:
    """Whether a request is sent an earlier moment than the mark, because its format cuts that off, or of a lag."""
    ways = [*filter(None, own.sent_as)]
    moment = order.moment(last) if own.last_value_func not in ("min", min) else None
    if moment is None or len(ways) < len(own.sent_as):
        return False
    return bool(own.lag) or all(_are_sent_alike(way, order.zone or timezone.utc, moment, moment - 1) for way in ways)


def _are_sent_alike(written: str, zone: tzinfo, one: Decimal, other: Decimal) -> bool:
    return moments.written(one, written, zone) == moments.written(other, written, zone)


def is_closed(own: described.Incremental) -> bool:
    """Whether the file says for good where the range ends, so that no state is kept."""
    return own.end_value is not None and not is_relative(own.end_value)


def _whole_day(own: described.Incremental, order: Order, end: Any) -> Any:
    """The end of a range that a day closes: where the request says moments, the one that the day ends with."""
    moment, is_up = order.moment(end), own.last_value_func not in ("min", min)
    if own.format is None or own.range_end != "closed" or not is_up or moment is None or not order.is_day(end):
        return end
    zone = order.zone or timezone.utc
    if moments.written(moment, own.format, zone) == moments.written(moment + 3600, own.format, zone):
        return end
    day = moments.datetime_of(moment, zone).replace(tzinfo=None) + timedelta(days=1)
    return moments.datetime_of(moments.moment_of(day, zone=zone) or moment)


def _is_behind(order: Order, end: datetime, start: Any) -> bool:
    first = None if start is None else order.moment(start)
    return first is not None and (moments.moment_of(end) or 0) < first


def _written(own: described.Incremental, order: Order, value: Any, sample: Any, is_end: bool = False) -> Any:
    if value is None:
        return None
    if own.format is not None:
        moment = order.moment(value)
        if moment is None:
            raise NoOrder
        is_up = is_end != (own.last_value_func in ("min", min))
        text = moments.written(moment, own.format, order.zone or timezone.utc, is_up)
        return own.convert(text) if own.convert else text
    is_shown = value is sample or isinstance(sample, (datetime, date))
    if isinstance(value, datetime) and is_shown and own.convert is None:
        # As Python writes it, it would have a blank in place of the T.
        exact = moments.moment_of(value, zone=order.zone or timezone.utc)
        assert exact is not None
        return moments.written(exact, "iso")
    if isinstance(value, datetime) and not is_shown:
        moment = moments.moment_of(value)
        assert moment is not None
        shown = order.write(moment, sample, is_end)
        if shown is None and sample is not None and moments.number_of(sample) is not None:
            raise NoOrder
        # Whole seconds, which every API reads.
        value = moments.written(moment // 1, "iso") if shown is None else shown
    return own.convert(value) if own.convert else value
