"""The report's pictures as SVG: each mark has a shape and a title of its own, so that colour only repeats it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from html import escape

# What a mark looks like in a square of 16, by what became of a sync.
MARKS = {
    "proven": '<path d="M3 9l3 3 7-8"/>',
    "read to the end": '<path d="M3 6h10M3 10h10"/>',
    "unknown": '<path d="M5 6a3 3 0 1 1 4 3q-1 .5-1 2M8 13.2v.6"/>',
    "failed": '<path d="M4 4l8 8M12 4l-8 8"/>',
    "replayed": '<path d="M12.5 6A5 5 0 1 0 13 9M13 2.5V6.5H9"/>',
    "stale": '<path d="M8 4v4l3 2"/><circle cx="8" cy="8" r="6"/>',
    "running": '<path d="M5 3l8 5-8 5z"/>',
    "never synced": '<circle cx="8" cy="8" r="5" stroke-dasharray="2 2"/>',
}
MARKS["synced"] = MARKS["proven"]
MARKS["incomplete"] = MARKS["failed"]
_CLASSES = dict.fromkeys(("proven", "read to the end", "synced"), "good") | dict.fromkeys(("failed", "stale"), "bad")
_CLASSES |= {"incomplete": "bad", "unknown": "doubt"}
_BAR, _HEIGHT = 9, 56


def mark(kind: str) -> str:
    """A mark beside words that say the same."""
    return f'<svg class="mark {_class(kind)}" viewBox="0 0 16 16" aria-hidden="true">{MARKS[kind]}</svg>'


def strip(syncs: Sequence[tuple[str, str]]) -> str:
    """Marks in a row that breaks where it has no room, the newest last.

    Args:
        syncs: of each what became of it, and the words that tell more.
    """
    kinds = Counter(kind for kind, _ in syncs)
    counted = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    marks = "".join(
        f'<svg class="mark boxed {_class(kind)}" viewBox="0 0 16 16"><title>{escape(words)}</title>{MARKS[kind]}</svg>'
        for kind, words in syncs
    )
    return f'<div class="strip" role="img" aria-label="{escape(counted)}">{marks}</div>'


def bars(days: Sequence[tuple[date, int]]) -> str:
    """A bar for each day, with the highest number and the first and the last day written beside them."""
    highest = max((rows for _, rows in days), default=0)
    width = len(days) * _BAR
    parts = []
    for place, (day, rows) in enumerate(days):
        height = max(round(rows / highest * _HEIGHT), 1) if rows else 0
        title = f"<title>{day:%Y-%m-%d}: {rows:,} rows</title>"
        # The whole column answers a pointer, however low its bar.
        column = f'<rect x="{place * _BAR}" y="0" width="{_BAR}" height="{_HEIGHT}" class="column"/>'
        bar = f'<rect x="{place * _BAR + 1}" y="{_HEIGHT - height}" width="{_BAR - 2}" height="{height}" class="bar"/>'
        parts.append(f"<g>{title}{column}{bar}</g>")
    label = f"rows loaded on each of {len(days)} days, at most {highest:,}"
    return (
        f'<figure><svg class="bars" viewBox="0 0 {width} {_HEIGHT + 1}" preserveAspectRatio="none" role="img" '
        f'aria-label="{label}">{"".join(parts)}<path d="M0 {_HEIGHT + 0.5}H{width}" class="axis"/></svg>'
        f"<figcaption><span>{days[0][0]:%d %b}</span><span>at most {highest:,} a day</span>"
        f"<span>{days[-1][0]:%d %b}</span></figcaption></figure>"
    )


def share(part: float, whole: float) -> str:
    """A bar that shows how much of the longest something is; the number stands beside it."""
    width = round(100 * part / whole) if whole else 0
    return (
        '<svg class="share" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect width="{max(width, 1)}" height="8" class="bar"/></svg>'
    )


def moment(at: datetime) -> str:
    """A moment in words, exact to the minute."""
    return f'<time datetime="{at.isoformat(timespec="seconds")}">{at:%Y-%m-%d %H:%M} UTC</time>'


def _class(kind: str) -> str:
    return _CLASSES.get(kind, "plain")
