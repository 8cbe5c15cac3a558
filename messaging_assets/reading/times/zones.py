"""The zone of moments that name none, by the columns that hold them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from messaging_assets.description.resource import Resource
from messaging_assets.description.table import INSIDE, Step


def zones_of(resource: Resource) -> dict[str, ZoneInfo]:
    """A column's own zone, else that of the cursor that it holds, by column; those of UTC are left out."""
    own, zones = resource.endpoint.incremental, dict[str, Any]()
    for cursor in (own.model_dump() if own else {}, *resource.endpoint.params.values()):
        if isinstance(cursor, dict) and cursor.get("timezone") and cursor.get("cursor_in") in (None, "record"):
            field = INSIDE.join(str(cursor.get("cursor_path")).removeprefix("$.").split("."))
            zones[name_behind(resource.steps, field)] = cursor["timezone"]
    columns = resource.columns.items()
    zones |= {name: column.zone for name, column in columns if column.zone or column.timezone is False}
    return {name: ZoneInfo(zone) for name, zone in zones.items() if zone not in (None, "UTC")}


def made_of_clocks(resource: Resource) -> set[str]:
    """The columns of which a step makes moments by a pattern without a zone, so that they name one in any case."""
    return {
        name_behind(resource.steps[number:], name)
        for number, step in enumerate(resource.steps, 1)
        for name, way in (step.cast or {}).items()
        if "%" in way and "%z" not in way.lower()
    }


def name_behind(steps: Iterable[Step], name: str) -> str:
    """What a field is called behind steps that rename."""
    for step in steps:
        name = (step.rename or {}).get(name, name)
    return name
