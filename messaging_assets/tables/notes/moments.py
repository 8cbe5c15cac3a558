"""Moments as the columns of a destination have them, and back."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any


def utc_of(moment: datetime | str) -> datetime:
    """A moment of a table in UTC; SQLite has it as a text, and some others without a zone."""
    # Python 3.10 reads no Z.
    found = datetime.fromisoformat(moment.replace("Z", "+00:00")) if isinstance(moment, str) else moment
    return found.replace(tzinfo=found.tzinfo or timezone.utc).astimezone(timezone.utc)


def as_in_column(value: Any, client: Any) -> Any:
    """A value as the destination's own columns have it; SQLite has moments as texts, and compares them as such.

    Python 3.12 gave up the texts that it made of them for SQLite.
    """
    if isinstance(value, datetime) and client.capabilities.sqlglot_dialect == "sqlite":
        return value.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f")
    return value
