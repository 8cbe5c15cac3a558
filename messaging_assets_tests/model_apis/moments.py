"""Moments, in milliseconds since 1970, as an API's records and a request write them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

DAY = 86_400_000
BEGIN = 1_735_689_600_000  # 2025-01-01
# When the syncs are, by the clock that the marks go by.
SYNCED = (BEGIN + 100 * DAY + 4_567, BEGIN + 150 * DAY + 4_567)


def moment(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1000, timezone.utc)


def written(at: int, stamp: str) -> Any:
    """A moment as a record or a request has it."""
    whole = moment(at)
    if stamp == "epoch_seconds":
        return at // 1000
    if stamp == "epoch_ms":
        return at
    if stamp == "zoned":
        return whole.astimezone(timezone(timedelta(hours=2))).isoformat()
    if stamp == "naive":
        return whole.replace(tzinfo=None).isoformat(sep=" ")
    if stamp == "iso_ms":
        return whole.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return whole.isoformat().replace("+00:00", "Z")


def read(text: str, asked: str | None) -> int:
    """A moment as a request has it."""
    if asked and "%" in asked:
        return int(datetime.strptime(text, asked).replace(tzinfo=timezone.utc).timestamp() * 1000)
    if asked == "date":
        return int(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=timezone.utc).timestamp() * 1000)
    if asked == "epoch_seconds":
        return int(text) * 1000
    if asked == "epoch_ms":
        return int(text)
    whole = datetime.fromisoformat(text.strip().replace("Z", "+00:00").replace(" ", "T"))
    return round((whole if whole.tzinfo else whole.replace(tzinfo=timezone.utc)).timestamp() * 1000)
