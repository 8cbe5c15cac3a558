"""From where on a list is asked for: dlt's incremental, and the two ends of its range."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, PrivateAttr, ValidationInfo, model_validator

from messaging_assets.description.authentication import Described
from messaging_assets.description.jobs import FirstMark
from messaging_assets.description.names import JsonPath
from messaging_assets.description.ways.placeholders import is_moment_format
from messaging_assets.description.windows import CursorFormat, MomentFormat, Step, TimeZone
from messaging_assets.foundation import moments
from messaging_assets.foundation.moments import EPOCHS

# More days than any list goes back.
_MOST_DAYS = 10_000


def refuse_long_lag(cursor_format: str | None, lag: float | None) -> None:
    """Refuse seconds where a lag counts days.

    Raises:
        ValueError: the cursor is days in a pattern, and the lag is decades of them.
    """
    is_of_days = cursor_format is not None and "%" in cursor_format and not moments.has_time_of_day(cursor_format)
    if is_of_days and (lag or 0) > _MOST_DAYS:
        raise ValueError(f"lag counts days where cursor_format has no time of day, and {lag:,.0f} days are too many")


# Seconds that a pattern may leave out: none, those of a second, minute, hour, day, month or year.
_CUT_OFF = (0, 1, 60, 3600, 86_400, 90_000, *(days * 86_400 for days in (28, 29, 30, 31, 365, 366)))


# As other tools, and people, write a time before now.
_BEFORE_NOW = re.compile(
    r"today|yesterday|now *-.*|now\(.*\)|-?\d+ ?(seconds?|minutes?|hours?|days?|weeks?|months?|years?)( ago)?|-\d+ ?m",
    re.IGNORECASE,
)


def _as_records_write(value: Any, info: ValidationInfo) -> Any:
    """One end of a range, where it is a moment, as records are written: in their pattern, or their unit since 1970."""
    pattern, zone = info.data.get("cursor_format") or "", ZoneInfo(info.data.get("timezone") or "UTC")
    is_pattern = "%" in pattern
    if isinstance(value, str) and pattern != "text" and _BEFORE_NOW.fullmatch(value):
        raise ValueError(f"'{value}' is no time; write now, or a time before it such as -30d, -5min, -1mo or -P30D")
    if is_pattern and moments.moment_of(value, pattern, zone) is not None:
        return value
    moment = moments.moment_of(value, zone=zone) if is_pattern or pattern in EPOCHS else None
    if moment is None:
        return value
    # Rows at a closed end come with all that the pattern cuts off of it; before an open one none is to be lost.
    is_open_end = info.field_name == "end_value" and info.data.get("range_end") != "closed"
    if pattern in EPOCHS or not is_open_end:
        return moments.written(moment, pattern, zone, is_open_end)
    return _no_earlier(moment, pattern, zone)


def _no_earlier(moment: Decimal, pattern: str, zone: ZoneInfo) -> Any:
    """The first text of a pattern that is no earlier than a moment; the moment's own where no year is so late."""
    for seconds in _CUT_OFF:
        with suppress(OverflowError, ValueError):
            text = moments.written(moment + seconds, pattern, zone)
            if (moments.moment_of(text, pattern, zone) or moment) >= moment:
                return text
    return moments.written(moment, pattern, zone)


Bound = Annotated[Any, AfterValidator(_as_records_write)]


# Where a request takes the cursor.
CURSOR_VALUE = re.compile(r"\{incremental\.((?:start|last|initial|end)_value)(?::([^{}]*))?\}")


def value_taken(name: str, way: str) -> tuple[str, str]:
    """The name of the cursor's value that a placeholder takes, and how Python is to write it.

    Args:
        name: such as `start_value`.
        way: what follows its colon; a moment's format makes another value of it.
    """
    return (f"{name}:{way}", "") if is_moment_format(way) else (name, way)


class Incremental(Described):
    """dlt's incremental: ask only for what is newer than the highest cursor value loaded so far.

    A child keeps such a mark for each list of its parents' and goes by the value as the API sends it: a quiet channel's
    late message is older than a busy channel's newest. A list is known by what its request takes from the parent; a new
    one is read from initial_value on; of lists that no longer come, the last 1,000 marks are kept. Texts that are
    numbers or moments compare as such; others are refused. A mark never runs ahead of the sync's own start.
    """

    cursor_path: JsonPath
    """Where a record's cursor is."""
    cursor_in: Literal["record", "answer", "link"] | None = None
    """Where `cursor_path` begins: in each `record`, or in the `answer`: a token for next time, or the next `link`."""
    first_mark: FirstMark | None = None
    """The request whose answer has the first cursor, where no page has it; with `cursor_in` `answer` or `link`."""
    cursor_format: CursorFormat | None = None
    """How records write it: `epoch_seconds` (`_ms`, `_us`, `_ns`), `number`, `text`, a pattern of strptime."""
    format: MomentFormat | None = None
    """How start and end are sent: `epoch_seconds` (`_ms`, `_us`, `_ns`), `date`, `iso`, `http`, a strftime pattern."""
    timezone: TimeZone | None = None
    """The zone of cursors that name none, and of dates and patterns that are sent: an IANA name; else UTC."""
    range_start: Literal["open", "closed"] = "closed"
    """Whether rows with the mark's own value come again, `closed`, or not, `open`."""
    range_end: Literal["open", "closed"] = "open"
    """Whether rows with the `end_value` itself come, `closed`, or not, `open`."""
    initial_value: Bound = None
    """Where to begin; also `now`, or a time before it such as `-30d` or `-P30D`."""
    end_value: Bound = None
    """Where to end: a closed range, without state; `now` (also `-1d`) moves with each sync, and keeps the mark."""
    last_value_func: Literal["min", "max"] | Callable[..., Any] = "max"
    """Which cursor is the mark: `max` or `min`."""
    primary_key: str | list[str] | None = None
    """What tells rows at the boundary apart; else the resource's."""
    row_order: Literal["asc", "desc"] | None = None
    """`asc` or `desc`, the order of the rows: lets dlt stop early, unless a row shows that it is not so."""
    allow_external_schedulers: bool | None = None
    """dlt's, for Airflow: without effect here, where `partitions` are a scheduler's ranges."""
    lag: float | None = None
    """Seconds (days, for dates) before the mark that are asked for again; of numbers that are no time, so many."""
    on_cursor_value_missing: Literal["raise", "include", "exclude"] = "raise"
    """What becomes of a record without a cursor: `raise`, `include` or `exclude`."""
    start_param: str | None = None
    """The parameter that takes the start."""
    end_param: str | None = None
    """The parameter that takes the end, which is now where there is no `end_value`."""
    step: Step | None = None
    """How long the windows are that the range is read in, such as `P1D` or `PT1H`; with `merge`."""
    maximum_results: int | None = Field(None, gt=0)
    """Rows that the API gives of one range at most; a window with so many is read in two halves."""
    convert: Callable[..., Any] | None = None
    """A function that writes the start as the API wants it, from Python only."""
    _sent_as: tuple[str | None, ...] = PrivateAttr((None,))
    _is_of_window: bool = PrivateAttr(default=False)

    @property
    def ways(self) -> dict[str, Incremental]:
        """It once for each format that placeholders name, by what `value_taken` puts behind a name for it."""
        named = filter(None, self._sent_as)
        return {"": self} | {f":{one}": self.model_copy(update={"format": one, "convert": None}) for one in named}

    @property
    def sent_as(self) -> tuple[str | None, ...]:
        """The formats in which requests take start and end: `format`, and those that placeholders name; None: none."""
        return tuple(dict.fromkeys(one or self.format for one in self._sent_as))

    @property
    def is_of_window(self) -> bool:
        """Whether rows have no time of their own, and get the start of the window that they came with."""
        return self._is_of_window

    def sent(self, formats: tuple[str | None, ...], is_of_window: bool = False) -> Incremental:
        """The same, knowing the formats that placeholders of its requests name.

        Args:
            formats: each that one names; None for one that does not, or for a parameter.
            is_of_window: see the property.
        """
        self._sent_as, self._is_of_window = formats or (None,), is_of_window
        return self

    @model_validator(mode="after")
    def _fits_the_cursor(self) -> Incremental:
        refuse_long_lag(self.cursor_format, self.lag)
        if self.cursor_in == "link":
            for name in ("start_param", "end_param", "initial_value", "end_value", "lag", "format", "convert"):
                if getattr(self, name) is not None:
                    raise ValueError(f"a link is asked for as it came, so {name} has no place in it; take one out")
        return self

    @model_validator(mode="after")
    def _can_step(self) -> Incremental:
        if self.step is None:
            if self.maximum_results is not None:
                raise ValueError("maximum_results is of a window; write step too, such as P1D")
            return self
        if self.initial_value is None:
            raise ValueError("step cuts a range into windows; write where it begins, initial_value")
        if self.last_value_func != "max":
            raise ValueError("windows of step are read from the oldest on; take last_value_func or step out")
        if self.row_order is not None:
            raise ValueError("a window of step has an end of its own; take row_order out")
        if self.cursor_in == "answer" or self.cursor_format in ("number", "text"):
            raise ValueError("step cuts time into windows, and this cursor is no time; take step out")
        return self
