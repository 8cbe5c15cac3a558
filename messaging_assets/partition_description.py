"""Windows of time that a resource is read in, as an API file says it; each window is a Dagster partition."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, field_validator

from messaging_assets.authentication_description import Described


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"'{value}' is no time zone; use an IANA name such as UTC or Europe/Berlin") from None
    return value


TimeZone = Annotated[str, AfterValidator(_zone)]
WindowType = Literal["hourly", "daily", "weekly", "monthly"]


class Partitions(Described):
    """Read the resource window by window; running a window again replaces exactly that window."""

    type: WindowType
    """How long a window is: `hourly`, `daily`, `weekly` or `monthly`."""
    start: str
    """The first window's start, such as `2025-01-01`."""
    timezone: TimeZone = "UTC"
    """An IANA name; bounds the windows."""
    start_param: str
    """The parameter that takes a window's start (inclusive)."""
    end_param: str
    """The parameter that takes a window's end."""
    end_is_inclusive: bool = False
    """Whether the API also sends what lies at the end; it is then asked for the last moment."""
    format: str = "iso8601"
    """How a moment is written: `iso8601`, `date`, `epoch_seconds`, `epoch_milliseconds`, a pattern of strftime."""
    column: str
    """The timestamp that places a row in its window."""
    partitions_per_run: int | None = Field(1, gt=0)
    """Windows that a run of a backfill reads; null: all in one."""

    @field_validator("start")
    @classmethod
    def _is_moment(cls, value: str) -> str:
        try:
            datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(f"'{value}' is no date; write it as 2025-01-01") from None
        return value

    def written(self, moment: datetime) -> str | int:
        """A moment as the API wants it in a parameter."""
        if self.format == "epoch_seconds":
            return int(moment.timestamp())
        if self.format == "epoch_milliseconds":
            return int(moment.timestamp() * 1000)
        if self.format == "date":
            return moment.date().isoformat()
        if self.format == "iso8601":
            return moment.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")
        return moment.strftime(self.format)
