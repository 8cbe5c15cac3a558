"""Windows of time that a resource is read in, as an API file says it; each window is a Dagster partition."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    Field,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from messaging_assets.description.authentication import Described
from messaging_assets.description.ways.placeholders import MOMENT_FORMATS, is_moment_format
from messaging_assets.foundation import moments
from messaging_assets.foundation.moments import EPOCHS

# One zone is to have one name.
NAMES_OF_UTC = {
    f"{area}{name}" for area in ("", "ETC/") for name in ("UTC", "UCT", "GMT", "GMT0", "GMT+0", "GMT-0", "ZULU")
} | {"UNIVERSAL", "ETC/UNIVERSAL", "GREENWICH", "ETC/GREENWICH"}


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"'{value}' is no time zone; use an IANA name such as UTC or Europe/Berlin") from None
    return "UTC" if value.upper() in NAMES_OF_UTC else value


# Directives that both strptime and strftime know; a C library's strftime knows more.
_READ = re.compile(r"([^%]|%[aAbBcdfGHIjmMpSuUVwWxXyYzZ%])*")
_YEAR = re.compile("%[cGxyY]")


@lru_cache
def _reads(pattern: str) -> bool:
    """Whether strptime takes it, which wants no directive twice and no ISO week without its day; and it has a year."""
    if not _READ.fullmatch(pattern) or not _YEAR.search(pattern.replace("%%", "")):
        return False
    try:
        datetime.strptime(datetime(2001, 2, 3, tzinfo=timezone.utc).strftime(pattern), pattern)  # noqa: DTZ007
    except (ValueError, re.error):
        return False
    return True


def _moment_format(value: str) -> str:
    if is_moment_format(value):
        return value
    raise ValueError(f"'{value}' is no way to write a moment; write {MOMENT_FORMATS}")


def _cursor_format(value: str) -> str:
    if value in (*EPOCHS, "number", "text") or _reads(value):
        return value
    raise ValueError(
        f"'{value}' is no way to read a moment; write epoch_seconds, epoch_ms, epoch_us, epoch_ns, number, text "
        "or a pattern with a year, such as %d.%m.%Y %H:%M; leave it out for ISO 8601, mail dates and /Date(...)/"
    )


def says_time(format_: str) -> bool:
    """Whether what is written in a moment's format has a time of day."""
    return format_ != "date" and ("%" not in format_ or moments.has_time_of_day(format_))


_LENGTH = TypeAdapter(timedelta)


def _step(value: str) -> str:
    try:
        length = _LENGTH.validate_python(value) if value.startswith("P") else None
    except ValidationError:
        length = None
    if length is None or length < timedelta(seconds=1):
        raise ValueError(f"'{value}' is no length of a window; write a duration of ISO 8601 such as P1D, P7D or PT1H")
    return value


def length_of(step: str) -> timedelta:
    """How long a step is; a month has 30 days."""
    return _LENGTH.validate_python(step)


_MIDNIGHT = datetime(2001, 2, 3, tzinfo=timezone.utc)
# The directives of strftime that say a day.
SAYS_DAY = re.compile(r"%-?[cdDeFjsx]")
# The column of ours that places a row in its window, where the API's own is no timestamp, date or plain number.
WINDOW_AT = "_window_at"

MomentFormat = Annotated[str, AfterValidator(_moment_format)]
CursorFormat = Annotated[str, AfterValidator(_cursor_format)]
Step = Annotated[str, AfterValidator(_step)]
TimeZone = Annotated[str, AfterValidator(_zone)]
# dlt's word of a column is a truth value.
ColumnZone = Annotated[
    bool | str | None, AfterValidator(lambda value: _zone(value) if isinstance(value, str) else value)
]
WindowType = Literal["hourly", "daily", "weekly", "monthly"]


_BORDERS = {
    "hourly": "with the hour",
    "daily": "with the day",
    "weekly": "on Sundays",
    "monthly": "on the first of a month",
}


class Partitions(Described):
    """Read the resource window by window; running a window again replaces exactly that window."""

    type: WindowType
    """How long a window is: `hourly`, `daily`, `weekly` or `monthly`."""
    start: str
    """The first window's start, such as `2025-01-01`."""
    timezone: TimeZone = "UTC"
    """An IANA name; bounds the windows."""
    start_param: str | None = None
    """The parameter that takes a window's start (inclusive); or write `{window.start}` where it belongs."""
    end_param: str | None = None
    """The parameter that takes a window's end; or write `{window.end}` where it belongs."""
    end_is_inclusive: bool = False
    """Whether the API also sends what lies at the end; it is then asked for the last moment."""
    format: MomentFormat = "iso8601"
    """How a moment is sent: `iso8601`, `date`, `epoch_seconds` (`_ms`, `_us`, `_ns`), a pattern of strftime."""
    column: str
    """The time that places a row in its window: a timestamp, a date, what `format` says; or a path to it."""
    partitions_per_run: int | None = Field(1, gt=0)
    """Windows that a run of a backfill reads; null: all in one."""

    @field_validator("start")
    @classmethod
    def _is_moment(cls, value: str) -> str:
        # Python 3.10 reads no Z.
        value = f"{value[:-1]}+00:00" if value.endswith("Z") else value
        try:
            datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(f"'{value}' is no date; write it as 2025-01-01") from None
        return value

    @model_validator(mode="after")
    def _begins_with_a_window(self) -> Partitions:
        start = datetime.fromisoformat(self.start)
        if start.utcoffset() not in (None, start.replace(tzinfo=ZoneInfo(self.timezone)).utcoffset()):
            raise ValueError("start is a time of timezone, which has another offset then; leave the offset out")
        start = start.replace(tzinfo=None)
        first = start.replace(minute=0, second=0, microsecond=0)
        if self.type != "hourly":
            first = first.replace(hour=0)
        if self.type == "weekly":
            first -= timedelta(days=first.isoweekday() % 7)
        if self.type == "monthly":
            first = first.replace(day=1)
        if first != start:
            # Dagster's first window is the next whole one, and what lies before it would be in none.
            written = first.isoformat() if self.type == "hourly" else first.date().isoformat()
            raise ValueError(f"{self.type} windows begin {_BORDERS[self.type]}; write start: {written}, or a later one")
        return self

    @property
    def begins(self) -> datetime:
        """The first window's start."""
        return datetime.fromisoformat(self.start).replace(tzinfo=ZoneInfo(self.timezone))

    @property
    def column_name(self) -> str:
        """The column's name in the table: of a path, its steps as dlt joins those of nested fields."""
        return "__".join(self.column.removeprefix("$.").split("."))

    @property
    def reading(self) -> str | None:
        """How records write `column`, where `format` says it: a unit of time since 1970, a pattern of strptime."""
        return self.format if self.format in EPOCHS or _reads(self.format) else None

    def placed_by(self, data_type: str | None) -> str:
        """The column in the table that places a row.

        Args:
            data_type: what the file declares `column` to be.
        """
        return self.column_name if self.reading is None or data_type in ("timestamp", "date") else WINDOW_AT

    @property
    def says_time(self) -> bool:
        """Whether a request says moments, and not days."""
        return says_time(self.format)

    @property
    def says_moment(self) -> bool:
        """Whether what a request says is a moment by itself, and no day, and no hour of a day that stands elsewhere."""
        return self.says_time and ("%" not in self.format or SAYS_DAY.search(self.format) is not None)

    @property
    def reach(self) -> timedelta:
        """How far behind a window's end rows may come with it: what `format` cuts off, if the end itself is sent."""
        if not (self.end_is_inclusive and self.says_moment):
            return timedelta()
        steps = (timedelta(seconds=one) for one in (1e-6, 1e-3, 1, 60, 3600))
        return next((one for one in steps if self.written(_MIDNIGHT + one) != self.written(_MIDNIGHT)), timedelta())

    def written(self, moment: datetime, is_end: bool = False) -> str | int:
        """A moment as the API wants it in a request; at an end with what the format would cut off of it."""
        seconds = moments.moment_of(moment)
        assert seconds is not None
        return moments.written(seconds, self.format, ZoneInfo(self.timezone), is_end)


@dataclass(frozen=True)
class Window:
    """The stretch of time that one run reads: from `start` up to, but without, `end`."""

    start: datetime
    end: datetime
    column: str

    def __post_init__(self) -> None:
        # With a zone of two offsets Python compares and reckons by the clock, on which an hour comes twice.
        for name in ("start", "end"):
            moment: datetime = getattr(self, name)
            object.__setattr__(self, name, moment.replace(tzinfo=timezone(moment.utcoffset() or timedelta()), fold=0))

    def __str__(self) -> str:
        """The window as a part of a file's name, in UTC."""
        return "-".join(f"{one.astimezone(timezone.utc):%Y%m%dT%H%M%S}" for one in (self.start, self.end))

    def as_texts(self) -> list[str]:
        """The window as it is kept in a file."""
        return [self.start.isoformat(), self.end.isoformat(), self.column]

    @staticmethod
    def from_texts(texts: list[str]) -> Window:
        """The window that was kept."""
        return Window(datetime.fromisoformat(texts[0]), datetime.fromisoformat(texts[1]), texts[2])
