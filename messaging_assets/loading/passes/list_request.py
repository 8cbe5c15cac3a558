"""The request for one list of many: what differs from list to list comes from the parent's record."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from messaging_assets.description.api import Resource
from messaging_assets.description.incremental import CURSOR_VALUE, value_taken
from messaging_assets.description.jobs import JOB_HEADER
from messaging_assets.description.parents import (
    FIELD,
    LIST,
    LIST_HEADER,
    PLAIN_FIELD,
    changed,
    cursor_field,
    other_field,
    path_cursor_field,
    text_field,
)


def with_fields_for_job(resource: Resource) -> Resource:
    """A resource whose requests carry in headers what its job's addresses take of the list."""
    endpoint = resource.endpoint
    if endpoint.job is None or not endpoint.job.of_list:
        return resource
    carried = {JOB_HEADER.format(place): f"{{{name}}}" for place, name in enumerate(endpoint.job.of_list)}
    asked = endpoint.model_copy(update={"headers": {**(endpoint.headers or {}), **carried}})
    return resource.model_copy(update={"endpoint": asked})


def for_each_list(asked: dict[str, Any], parent: str, has_cursor: bool) -> dict[str, Any]:
    """A child's request with everything that differs from list to list taken from the parent's record: fields, the
    list's name in a header, and the cursor's values.

    Args:
        asked: the parts of the request in dlt's words.
        parent: the parent's name.
        has_cursor: whether the child has a cursor.
    """

    def taken(found: re.Match[str], carried: Callable[[str], str]) -> str:
        name, way = value_taken(*found.groups(""))
        return f"{{resources.{parent}.{carried(name)}{way and f':{way}'}}}"

    def of_record(text: str, is_json: bool = False) -> str:
        # A value of JSON keeps its type.
        carried = other_field if is_json and PLAIN_FIELD.fullmatch(text) else text_field
        text = FIELD.sub(lambda found: f"{found[1]}{carried(found[2])}", text)
        return CURSOR_VALUE.sub(partial(taken, carried=cursor_field), text) if has_cursor else text

    path = asked.get("path")
    if has_cursor and path:
        path = CURSOR_VALUE.sub(partial(taken, carried=path_cursor_field), path)
    rest = {name: changed(one, of_record) for name, one in asked.items() if name in ("params", "data")}
    if "json" in asked:
        rest["json"] = changed(asked["json"], partial(of_record, is_json=True))
    headers = {**changed(asked.get("headers") or {}, of_record), LIST_HEADER: f"{{resources.{parent}.{LIST}}}"}
    return {**asked, **rest, "path": path, "headers": headers}
