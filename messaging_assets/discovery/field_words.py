"""Words of a file that the values of records ask for: of times without a type or zone, of JSON written as text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from messaging_assets.description.api import Resource
from messaging_assets.discovery.columns import Column, Sample
from messaging_assets.discovery.examined import Finding
from messaging_assets.rows.values.moments import names_no_zone


def about_times(sample: Sample, declared: Mapping[str, Any]) -> str | None:
    """The step that makes moments of numbers and texts that are called like times; None where there are none."""
    found = {one.name: one.written_as for one in sample.columns.values() if one.name not in declared and one.written_as}
    if not found:
        return None
    casts = ", ".join(f"{name}: {way}" for name, way in found.items())
    return f"steps: [{{cast: {{{casts}}}}}]"


def about_json(sample: Sample, declared: Mapping[str, Any]) -> str | None:
    """The step that reads texts which are objects or lists, written as JSON; None where there are none."""
    texts = [one for one in sample.columns.values() if one.name not in declared and one.data_type == "text"]
    found = [one.name for one in texts if all(map(_is_json, _values(sample, one)))]
    return f"steps: [{{parse_json: [{', '.join(found)}]}}]" if found else None


def without_zone(sample: Sample) -> list[str]:
    """The fields with a moment that names no zone."""
    times = [one for one in sample.columns.values() if one.data_type == "timestamp"]
    return [one.name for one in times if any(":" in value and names_no_zone(value) for value in _values(sample, one))]


def about_values(resource: Resource, rows: list[Any]) -> Iterator[Finding]:
    """What a resource's words leave open about the values of its records.

    Args:
        resource: the resource.
        rows: its records, as its steps leave them.
    """
    sample = Sample(rows)
    if cast := about_times(sample, resource.columns):
        what = "moments are written as numbers or texts, which stay what they are"
        yield Finding("note", "columns", what, f"write {cast} if they are times")
    if parse := about_json(sample, resource.columns):
        what = "objects or lists are written as texts, and stay texts"
        yield Finding("note", "columns", what, f"write {parse} if they are to be read")
    own = resource.endpoint.incremental
    said = {name for name, column in resource.columns.items() if column.timezone is not None}
    said |= {own.cursor_path.removeprefix("$.")} if own and own.timezone else set()
    if unsaid := [name for name in without_zone(sample) if name not in said]:
        what = f"times name no zone, and are taken for UTC: {', '.join(unsaid[:15])}"
        yield Finding("note", "columns", what, "write timezone beside their data_type if they are local times")


def _values(sample: Sample, column: Column) -> list[str]:
    return [value for row in sample.rows if isinstance(value := row.get(column.name), str)]


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), (dict, list))
    except (ValueError, RecursionError):
        return False
