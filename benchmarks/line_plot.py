"""Cost against rows and against latency as SVG: a line a contender."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path

from benchmarks.goals import Outcome
from benchmarks.plot import wrapped

Points = list[tuple[float, float]]
_WIDTH, _HEIGHT, _LEFT, _BETWEEN, _TOP = 220, 190, 50, 74, 52
_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#333}.title{font-weight:600;font-size:13px}.small{font-size:11px}"
    "path{fill:none;stroke-width:2}.ours{stroke:#2f7d5b;fill:#2f7d5b}.floor{stroke:#8a6d1f;fill:#8a6d1f}"
    ".stock{stroke:#9aa1a8;fill:#9aa1a8}path.ours,path.floor,path.stock{fill:none}text.ours,text.floor,text.stock{stroke:none}"
    ".grid{stroke:#8884;stroke-width:1}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}.ours{stroke:#4fb389;fill:#4fb389}"
    ".floor{stroke:#d0ad4c;fill:#d0ad4c}}"
)
_NAMES = {"ours": "messaging_assets", "floor": "a hand-written loop", "stock": "the stock stack"}


def write_lines(rows: Outcome, latency: Outcome, footer: str, file: Path) -> None:
    """Draw CPU seconds and memory against rows, and seconds against latency.

    Args:
        rows: the case `cost_by_rows`.
        latency: the case `cost_by_latency`.
        footer: machine and versions.
        file: the SVG file.
    """
    panels = [
        ("CPU seconds by rows", _lines(rows, rows.inner_cpu), True),
        ("peak memory in MB by rows", _lines(rows, rows.peak), True),
        ("seconds by latency in ms", _lines(latency, latency.inner), False),
    ]
    parts, width = [], _LEFT + len(panels) * (_WIDTH + _BETWEEN)
    for number, (name, words) in enumerate(_NAMES.items()):
        parts.append(f'<text x="{_LEFT - 30 + 190 * number}" y="18" class="title {name}">{escape(words)}</text>')
    for number, (title, lines, is_log) in enumerate(panels):
        parts += _panel(_LEFT + number * (_WIDTH + _BETWEEN), title, lines, is_log)
    under, said = _TOP + _HEIGHT + 44, wrapped(footer, 140)
    parts += [
        f'<text x="12" y="{under + 14 * number}" class="small">{escape(line)}</text>'
        for number, line in enumerate(said)
    ]
    height = under + 14 * len(said)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
    file.write_text("\n".join([head, f"<style>{_STYLE}</style>", *parts, "</svg>"]) + "\n")


def _lines(outcome: Outcome, read: Callable[[str], list[float]]) -> dict[str, Points]:
    lines: dict[str, Points] = {}
    for run in outcome.runs:
        name, at = run.split(", ", 1)
        place = float(at.split(" ")[0].replace(",", ""))
        lines.setdefault(name, []).append((place, statistics.median(read(run))))
    return {name: sorted(points) for name, points in lines.items()}


def _panel(left: int, title: str, lines: Mapping[str, Points], is_log: bool) -> list[str]:
    places = sorted({x for points in lines.values() for x, _ in points})
    values = [y for points in lines.values() for _, y in points]
    scale: Callable[[float], float] = math.log10 if is_log else float
    low, high = (10 ** math.floor(math.log10(min(values))), 10 ** math.ceil(math.log10(max(values))))
    low, high = (low, high) if is_log else (0, math.ceil(max(values)))

    def across(x: float) -> float:
        return left + _WIDTH * (scale(x) - scale(places[0])) / (scale(places[-1]) - scale(places[0]))

    def up(y: float) -> float:
        return _TOP + _HEIGHT * (1 - (scale(y) - scale(low)) / (scale(high) - scale(low)))

    marks = [10.0**power for power in range(round(math.log10(low)), round(math.log10(high)) + 1)] if is_log else []
    parts = [f'<text x="{left - 30}" y="{_TOP - 14}" class="title">{escape(title)}</text>']
    for mark in marks or [high * part / 4 for part in range(5)]:
        shown = f"{mark:,.0f}" if mark >= 10 else f"{mark:g}"
        parts.append(f'<path class="grid" d="M{left} {up(mark):.1f}H{left + _WIDTH}"/>')
        parts.append(f'<text x="{left - 6}" y="{up(mark) + 4:.1f}" text-anchor="end" class="small">{shown}</text>')
    for x in places:
        below = f'x="{across(x):.1f}" y="{_TOP + _HEIGHT + 18}" text-anchor="middle" class="small"'
        parts.append(f"<text {below}>{x:,.0f}</text>")
    for name, points in lines.items():
        way = "L".join(f"{across(x):.1f} {up(y):.1f}" for x, y in points)
        parts.append(f'<path class="{name}" d="M{way}"/>')
        parts += [f'<circle class="{name}" cx="{across(x):.1f}" cy="{up(y):.1f}" r="3"/>' for x, y in points]
    return parts
