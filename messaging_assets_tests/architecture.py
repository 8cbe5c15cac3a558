"""The picture of the rooms in docs/architecture.md: `python -m messaging_assets_tests.architecture` draws it anew."""

from __future__ import annotations

from collections import Counter
from html import escape
from pathlib import Path

from messaging_assets_tests.rooms import ORDER, imported_at_once, modules_of

PICTURE = Path(__file__).parent.parent / "docs" / "architecture.svg"
_ROW, _LEFT, _WIDTH, _TOP = 30, 20, 225, 40
_STYLE = """
    text { font: 14px system-ui, sans-serif; fill: #1f2937 }
    .small { font-size: 11px; fill: #6b7280 }
    rect { fill: #e0ecff; stroke: #3b6fb6; rx: 6px }
    path { fill: none; stroke: #3b6fb6; opacity: .55 }
    @media (prefers-color-scheme: dark) {
      text { fill: #e5e7eb } .small { fill: #9ca3af } rect { fill: #1e3a5f; stroke: #7fb0f0 } path { stroke: #7fb0f0 }
    }
"""


def arrows() -> Counter[tuple[str, str]]:
    """How many modules of one room import another room, by both names."""
    return Counter(
        (room, other)
        for room in ORDER
        for path in modules_of(room)
        for other in imported_at_once(path)
        if other != room and other in ORDER
    )


def picture() -> str:
    """The rooms from file to command line, as SVG; an arc joins a room to each one above it that it imports."""
    place = {room: _TOP + index * _ROW for index, room in enumerate(ORDER)}
    arcs = [_arc(place[room], place[other], number) for (room, other), number in sorted(arrows().items())]
    boxes = [_box(room, top) for room, top in place.items()]
    height = _TOP + len(place) * _ROW + 10
    head = f'<text x="{_LEFT}" y="22">{len(place)} rooms, {len(arcs)} arrows, all of them upwards</text>'
    lines = [f"<style>{_STYLE}</style>", head, *arcs, *boxes]
    body = "\n".join(f"  {line}" for line in lines)
    size = f'viewBox="0 0 740 {height}" width="740" height="{height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">\n{body}\n</svg>\n'


def _box(room: str, top: int) -> str:
    number = len([path for path in modules_of(room) if not path.stem.startswith("__")])
    return (
        f'<rect x="{_LEFT}" y="{top}" width="{_WIDTH}" height="{_ROW - 6}"/>'
        f'<text x="{_LEFT + 10}" y="{top + 17}">{escape(room.replace(".", "/"))}</text>'
        f'<text class="small" x="{_LEFT + _WIDTH - 52}" y="{top + 16}">{number} files</text>'
    )


def _arc(from_top: int, to_top: int, number: int) -> str:
    start, end, x = from_top + 8, to_top + 16, _LEFT + _WIDTH
    bend = x + 20 + (start - end) * 0.62
    curve = f"M{x} {start} C{bend:.0f} {start} {bend:.0f} {end} {x} {end}"
    return f'<path stroke-width="{min(1 + number / 3, 5):.1f}" d="{curve}"/>'


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
