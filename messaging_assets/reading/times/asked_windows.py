"""The window of one run as parameters of its requests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any, Literal

from messaging_assets.description.api import Resource
from messaging_assets.description.names import FIELDS_OF_REQUEST
from messaging_assets.description.ways.placeholders import MOMENT_FORMAT, path_text
from messaging_assets.description.windows import Partitions, Window
from messaging_assets.reading.times.window_fields import fields_of

# From a window's end to the last moment that is in it.
_LEAST = timedelta(microseconds=1)
_WINDOW = re.compile(rf"\{{(?:window|partition)\.(?P<end>start|end)(?P<way>:{MOMENT_FORMAT})?\}}")


def _takes_cursor(param: Any) -> bool:
    is_bound = isinstance(param, dict) and param.get("type") == "incremental"
    return is_bound or (isinstance(param, str) and "{incremental." in param)


def ways_of(resource: Resource, end: Literal["start", "end"]) -> dict[str, Partitions]:
    """The resource's partitions once for each format in which requests take an end of a window.

    Args:
        resource: one with partitions.
        end: which of the two.

    Returns:
        By what follows the end's name in a placeholder: nothing, or a colon and the format.
    """
    described, endpoint = resource.partitions, resource.endpoint
    assert described is not None
    found = _WINDOW.finditer(repr([getattr(endpoint, part) for part in FIELDS_OF_REQUEST]))
    named = [one["way"] or "" for one in found if one["end"] == end]
    param = described.start_param if end == "start" else described.end_param
    update = {way: {"format": way[1:]} if way else {} for way in (*named, *[""] * (param is not None))}
    return {way: described.model_copy(update=one) for way, one in update.items()}


def says_nothing(resource: Resource, window: Window) -> bool:
    """Whether the API is asked for nothing, because no format of the end tells it from the start."""
    ends = ways_of(resource, "end").values()
    is_open = bool(ends) and not any(one.end_is_inclusive for one in ends)
    return is_open and all(one.written(window.start) == one.written(window.end) for one in ends)


def reach(resource: Resource) -> timedelta:
    """How far behind a window's end rows may come with it, by what the formats of its end cut off."""
    return max((one.reach for one in ways_of(resource, "end").values()), default=timedelta())


def in_window(resource: Resource, window: Window | None) -> Resource:
    """The resource as one run reads it: the window in its parameters, and no incremental state of its own."""
    described: Partitions | None = resource.partitions
    if window is None or described is None:
        return resource
    starts, ends = ways_of(resource, "start"), ways_of(resource, "end")
    values = {f"start{way}": one.written(window.start) for way, one in starts.items()}
    values |= {f"end{way}": _end(one, window) for way, one in ends.items()}
    endpoint = resource.endpoint
    params = {name: value for name, value in endpoint.params.items() if not _takes_cursor(value)}
    bounds = ((described.start_param, "start"), (described.end_param, "end"))
    asked = {
        "params": {**filled(params, values), **{name: values[end] for name, end in bounds if name}},
        "path": filled(endpoint.path, {name: path_text(value, name) for name, value in values.items()}),
        "json_body": filled(endpoint.json_body, values),
        "data": filled(endpoint.data, values),
        "headers": filled(endpoint.headers, values),
        "include_from_request": fields_of(endpoint.include_from_request, partial(_bound, described, window)),
    }
    return resource.model_copy(update={"endpoint": endpoint.model_copy(update={**asked, "incremental": None})})


def _bound(described: Partitions, window: Window, name: str, way: str) -> str | int:
    """A bound of the window as a record gets it."""
    own = described.model_copy(update={"format": way}) if way else described
    return _end(own, window) if name.endswith(".end") else own.written(window.start)


def _end(described: Partitions, window: Window) -> str | int:
    if described.end_is_inclusive:
        # No row between the last second and the end is to be lost; one at the end is the next window's.
        return described.written(window.end - _LEAST, described.says_moment)
    return described.written(window.end)


def filled(value: Any, values: Mapping[str, Any]) -> Any:
    """A part of a request with `{window.start}` and `{window.end}` filled in; what takes a cursor too goes."""
    if isinstance(value, Mapping):
        return {name: filled(one, values) for name, one in value.items() if not _takes_cursor(one)}
    if isinstance(value, (list, tuple)):
        return [filled(one, values) for one in value]
    if not isinstance(value, str):
        return value
    if (alone := _WINDOW.fullmatch(value)) and not isinstance(values[_name(alone)], str):
        return values[_name(alone)]
    return _WINDOW.sub(lambda one: str(values[_name(one)]).replace("{", "{{").replace("}", "}}"), value)


def _name(placeholder: re.Match[str]) -> str:
    return placeholder["end"] + (placeholder["way"] or "")
