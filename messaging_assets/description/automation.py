"""When an API is synced, as an API file says it: schedule, sensor, freshness, automation; cron lines in words, too."""

from __future__ import annotations

from calendar import day_name, month_name
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from messaging_assets.description.authentication import Described
from messaging_assets.description.windows import TimeZone

# More clock times than these are told by their rule.
_MOST_TIMES = 12
_LONGEST_MONTHS = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}


def _parses(value: str) -> str:
    # Dagster's own reading of cron, so that what passes here passes there.
    from messaging_assets.seams.dagster_inside import CroniterShim, is_valid_cron_schedule

    is_line: Callable[[str], bool] = CroniterShim.is_valid
    # Croniter takes a sixth field, of seconds, which Dagster does not.
    is_short = value.startswith("@") or len(value.split()) == 5
    if is_short and is_line(value) and names_no_day(value):
        raise ValueError(f"'{value}' never ticks by its day: none of its months has it; name another day or month")
    if not is_valid_cron_schedule(value):
        raise ValueError(f"'{value}' is no cron line; write five fields, such as \"0 * * * *\" for every full hour")
    return value


CronLine = Annotated[str, AfterValidator(_parses)]


class Schedule(Described):
    """A cron line and its time zone: becomes the schedule `<api>_schedule`."""

    cron: CronLine
    """Five fields, such as `0 * * * *`."""
    timezone: TimeZone = "UTC"
    """An IANA name."""
    switched_on: bool = False
    """Whether it ticks before anybody switches it on in the UI."""


class Sensor(Described):
    """Ask the API from time to time whether there is anything new: becomes the sensor `<api>_new_data`."""

    minimum_interval: int = Field(60, ge=5, le=604_800)
    """Seconds between two looks, 5 to 604,800."""
    switched_on: bool = False
    """Whether it looks before anybody switches it on in the UI."""


class Freshness(Described):
    """How old the table may get before the asset's health suffers (Dagster's freshness policy)."""

    # Dagster takes no window under a minute.
    fail_after: float = Field(ge=1 / 60, le=87_600)
    """Hours after the last sync from which the asset is stale."""
    warn_after: float | None = Field(None, ge=1 / 60, le=87_600)
    """Hours after the last sync from which there is a warning."""

    @model_validator(mode="after")
    def _warns_first(self) -> Freshness:
        if self.warn_after is not None and self.warn_after >= self.fail_after:
            raise ValueError("warn_after must be smaller than fail_after")
        return self


class Automation(Described):
    """Dagster's declarative automation: `eager` follows its upstream, `on_cron` a clock, `on_missing` fills gaps."""

    condition: Literal["eager", "on_cron", "on_missing"]
    """`eager` follows its upstream, `on_cron` a clock, `on_missing` fills gaps."""
    cron: CronLine | None = None
    """Five fields, such as `0 * * * *`; with `on_cron`."""

    @model_validator(mode="after")
    def _cron_where_it_counts(self) -> Automation:
        if (self.cron is not None) != (self.condition == "on_cron"):
            raise ValueError("the condition on_cron needs a cron line, and only on_cron takes one")
        return self


def cron_in_words(cron: str) -> str | None:
    """What a cron line means, such as "every day at 06:30"; None where it counts weekdays, as in `5#2`.

    The words come from the values that Dagster's own reader makes of each field, so that they hold for every line.

    Args:
        cron: five fields or a macro such as @hourly; taken to be valid.
    """
    fields, counted_weekdays = _fields(cron)
    if counted_weekdays:
        return None
    minutes, hours, days, months, weekdays = fields
    when = _which_days(days, months, weekdays)
    times = _clock_times(minutes, hours)
    if times:
        return f"{when} at {_listed(times)}"
    return _often(minutes, hours) if when == "every day" else f"{when}, {_often(minutes, hours)}"


def names_no_day(cron: str) -> bool:
    """Whether each day that a line names is missing from each of its months, such as 31 February.

    Args:
        cron: five fields or a macro; taken to be five well-formed ones.
    """
    (_, _, days, months, _), _ = _fields(cron)
    numbers = [day for day in days if isinstance(day, int)]
    longest = max(_LONGEST_MONTHS.get(month, 31) for month in months or [1])
    return len(numbers) == len(days) > 0 and min(numbers) > longest


def _fields(cron: str) -> tuple[list[list[Any]], Any]:
    """The values of each field, none where it takes all; and weekdays that are counted."""
    from messaging_assets.seams.dagster_inside import CroniterShim

    fields, counted, *_ = CroniterShim.expand(cron)
    return [[value for value in field if value != "*"] for field in fields], counted


def _clock_times(minutes: Sequence[int], hours: Sequence[int]) -> list[str]:
    """The times of a day, where there are few and no rule says them shorter."""
    has_rule = len(hours) > 2 and (_is_range(hours) or _step(hours, 24))
    if has_rule or (len(minutes) > 1 and len(minutes) * len(hours) > _MOST_TIMES):
        return []
    return [f"{hour:02d}:{minute:02d}" for hour in hours for minute in minutes]


def _often(minutes: Sequence[int], hours: Sequence[int]) -> str:
    if len(minutes) == 1:
        [minute] = minutes
        past = f", {minute} minute{'' if minute == 1 else 's'} past" if minute else ""
        if hours and _is_range(hours):
            return f"every hour from {hours[0]:02d}:{minute:02d} to {hours[-1]:02d}:{minute:02d}"
        if hours:
            return f"every {_step(hours, 24)} hours{past}"
        return f"every hour{past}" if minute else "every full hour"
    step = _step(minutes, 60)
    often = f"every {step} minutes" if step else f"at minutes {_listed(minutes)}" if minutes else "every minute"
    if not hours:
        return often if step or not minutes else f"{often} of every hour"
    which = f"{hours[0]} to {hours[-1]}" if len(hours) > 2 and _is_range(hours) else _listed(hours)
    return f"{often} in the hour{'s' if len(hours) > 1 else ''} {which}"


def _step(values: Sequence[int], length: int) -> int:
    """The step of values that come again and again at it, over the end too; 0 where there is none."""
    step = length // len(values) if values else 0
    return step if step and list(values) == list(range(0, length, step)) else 0


def _is_range(values: Sequence[int]) -> bool:
    return list(values) == list(range(values[0], values[-1] + 1))


def _which_days(days: Sequence[Any], months: Sequence[int], weekdays: Sequence[int]) -> str:
    """A day of the month and a weekday are two ways to be a day, as cron has it."""
    in_months = _listed(month_name[month] for month in months)
    ways = []
    if days:
        numbers = [day for day in days if day != "l"]
        named = [f"day{'s' if len(numbers) > 1 else ''} {_listed(numbers)}"] if numbers else []
        last = ["the last day"] if len(numbers) < len(days) else []
        ways.append(f"on {' and '.join(named + last)} of {in_months or 'every month'}")
    if weekdays:
        monday_first = sorted((day - 1) % 7 for day in weekdays)
        names = [day_name[day] for day in monday_first]
        is_range = len(names) > 2 and _is_range(monday_first)
        named_days = f"{names[0]} to {names[-1]}" if is_range else f"every {_listed(names)}"
        ways.append(named_days + (f" in {in_months}" if in_months else ""))
    return " and ".join(ways) or (f"every day in {in_months}" if months else "every day")


def _listed(values: Iterable[Any]) -> str:
    *first, last = [str(value) for value in values] or [""]
    return f"{', '.join(first)} and {last}" if first else last
