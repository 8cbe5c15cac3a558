"""The main comparison as SVG: seconds and memory of every contender, as bars."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from html import escape
from pathlib import Path

from benchmarks.goals import Outcome

_LEFT, _WIDTH, _BAR, _GAP = 190, 400, 18, 10
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#333}.title{font-weight:600;font-size:14px}.small{font-size:11px}"
    ".ours{fill:#2f7d5b}.other{fill:#b9bec4}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}.other{fill:#6a7078}.ours{fill:#4fb389}}"
)


def write_plot(outcome: Outcome, peers: Outcome | None, footer: str, file: Path) -> None:
    """Draw seconds and peak memory of the sync of one asset.

    Args:
        outcome: the case with ours, stock and floor.
        peers: the other products, if they were measured.
        footer: machine and versions.
        file: the SVG file.
    """
    runs = {name: (outcome.inner(name), outcome.peak(name)) for name in outcome.runs}
    if peers:
        # They ask for 1,000 rows a page, as they do by themselves, which is on their side.
        names = [name for name in peers.runs if name not in runs]
        runs |= {f"{name}, 1,000 a page": (peers.inner(name), peers.peak(name)) for name in names}
    seconds = {name: statistics.median(values) for name, (values, _) in runs.items()}
    memory = {name: statistics.median(values) for name, (_, values) in runs.items()}
    top, parts = 34, [f'<text x="12" y="22" class="title">{escape(outcome.title)}</text>']
    for title, values, unit in (("seconds", seconds, "s"), ("peak memory", memory, "MB")):
        parts.append(f'<text x="12" y="{top + 16}">{title}</text>')
        parts += _bars(values, unit, top + 26)
        top += 26 + len(values) * (_BAR + _GAP) + 10
    parts += [
        f'<text x="12" y="{top + 8 + 14 * number}" class="small">{escape(line)}</text>'
        for number, line in enumerate(wrapped(footer))
    ]
    height = top + 20 + 14 * len(wrapped(footer))
    width = _LEFT + _WIDTH + 110
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join([head, f"<style>{_STYLE}</style>", *parts, "</svg>"]) + "\n")


def _bars(values: dict[str, float], unit: str, top: int) -> list[str]:
    longest, parts = max(values.values()), []
    for number, (name, value) in enumerate(sorted(values.items(), key=lambda one: one[1])):
        y, width = top + number * (_BAR + _GAP), max(_WIDTH * value / longest, 1)
        kind = "ours" if name.startswith("ours") else "other"
        shown = f"{value:.1f}" if value < 100 else f"{value:,.0f}"
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 14}" text-anchor="end">{escape(name)}</text>')
        parts.append(f'<rect x="{_LEFT}" y="{y}" width="{width:.1f}" height="{_BAR}" class="{kind}"/>')
        parts.append(f'<text x="{_LEFT + width + 6:.1f}" y="{y + 14}">{shown} {unit}</text>')
    return parts


def wrapped(text: str, width: int = 105) -> Sequence[str]:
    """A text in lines of so many letters."""
    from textwrap import wrap

    return wrap(text, width)
