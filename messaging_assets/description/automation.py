"""When an API is synced, as an API file says it: schedule, sensor, freshness, automation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from messaging_assets.description.authentication import Described
from messaging_assets.description.cron import names_no_day
from messaging_assets.description.windows import TimeZone


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
