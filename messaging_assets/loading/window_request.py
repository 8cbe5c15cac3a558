"""The window of one run as parameters of its requests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from messaging_assets.description.api import Resource
from messaging_assets.description.names import FIELDS_OF_REQUEST
from messaging_assets.description.windows import Partitions, Window

# From a window's end to the last moment that is in it.
_LEAST = timedelta(microseconds=1)
_WINDOW = re.compile(r"\{(?:window|partition)\.(?P<end>start|end)\}")


def _takes_cursor(param: Any) -> bool:
    is_bound = isinstance(param, dict) and param.get("type") == "incremental"
    return is_bound or (isinstance(param, str) and "{incremental." in param)


def says_nothing(resource: Resource, window: Window) -> bool:
    """Whether the API is asked for what lies between a moment and itself, because both ends are written alike."""
    described, endpoint = resource.partitions, resource.endpoint
    assert described is not None
    asked = repr([getattr(endpoint, part) for part in FIELDS_OF_REQUEST])
    is_end_sent = described.end_param is not None or any(one["end"] == "end" for one in _WINDOW.finditer(asked))
    is_open = is_end_sent and not described.end_is_inclusive
    return is_open and described.written(window.start) == described.written(window.end)


def in_window(resource: Resource, window: Window | None) -> Resource:
    """The resource as one run reads it: the window in its parameters, and no incremental state of its own."""
    described: Partitions | None = resource.partitions
    if window is None or described is None:
        return resource
    end = described.written(window.end)
    if described.end_is_inclusive:
        # No row between the last second and the end is to be lost; one at the end is the next window's.
        end = described.written(window.end - _LEAST, described.says_time)
    values = {"start": described.written(window.start), "end": end}
    endpoint = resource.endpoint
    params = {name: value for name, value in endpoint.params.items() if not _takes_cursor(value)}
    bounds = ((described.start_param, "start"), (described.end_param, "end"))
    asked = {
        "params": {**filled(params, values), **{name: values[end] for name, end in bounds if name}},
        "path": filled(endpoint.path, {name: quote(str(value), safe="") for name, value in values.items()}),
        "json_body": filled(endpoint.json_body, values),
        "data": filled(endpoint.data, values),
        "headers": filled(endpoint.headers, values),
    }
    return resource.model_copy(update={"endpoint": endpoint.model_copy(update={**asked, "incremental": None})})


def filled(value: Any, values: Mapping[str, Any]) -> Any:
    """A part of a request with `{window.start}` and `{window.end}` filled in; what takes a cursor too goes."""
    if isinstance(value, Mapping):
        return {name: filled(one, values) for name, one in value.items() if not _takes_cursor(one)}
    if isinstance(value, (list, tuple)):
        return [filled(one, values) for one in value]
    if not isinstance(value, str):
        return value
    if (alone := _WINDOW.fullmatch(value)) and not isinstance(values[alone[1]], str):
        return values[alone[1]]
    return _WINDOW.sub(lambda one: str(values[one[1]]).replace("{", "{{").replace("}", "}}"), value)
