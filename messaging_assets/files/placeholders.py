"""Placeholders in requests, and the parents that they name.

dlt fills `{resources.<parent>.<field>}` from the parent's records, `{incremental.<...>}` from the cursor, and in a
path also `{name}` from params (dlt/sources/rest_api/config_setup.py).
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from pydantic import ValidationError, model_validator

from messaging_assets.description.api import Incremental
from messaging_assets.description.authentication import Described
from messaging_assets.description.pagination import JsonPath
from messaging_assets.files.consistency import Written, written_resources
from messaging_assets.files.mistakes import Mistake, Place, quoted, suggestion
from messaging_assets.files.shape import shape_mistakes
from messaging_assets.files.templates import is_template, texts_of


class ParentParam(Described):
    """A value of `params` that comes from the parent's records; dlt takes it in a path only."""

    type: Literal["resolve"]
    resource: str
    field: JsonPath


class CursorParam(Incremental):
    """A value of `params` that is where the last sync ended."""

    type: Literal["incremental"]

    @model_validator(mode="after")
    def _start_alone(self) -> CursorParam:
        if self.start_param or self.end_param or self.end_value:
            raise ValueError(
                "a parameter is where to start; start_param, end_param and end_value are words of endpoint.incremental"
            )
        return self


_WINDOW = re.compile(r"(window|partition)\.(start|end)")
_BOUND: dict[Any, type[Described]] = {"resolve": ParentParam, "incremental": CursorParam}


class _Parent(NamedTuple):
    place: Place
    name: str


def parent_mistakes(raw: Mapping[str, Any]) -> Iterator[Mistake]:
    """A mistake for each placeholder that cannot be filled, and each parent that cannot be one.

    Args:
        raw: the description as it was written.
    """
    resources = list(written_resources(raw))
    names = {name for one in resources if isinstance(name := one.own.get("name"), str)}
    parents: dict[str, str] = {}
    for resource in resources:
        found: list[_Parent] = []
        for one in (*_placeholders(resource), *_bound(resource)):
            if isinstance(one, Mistake):
                yield one
            else:
                found.append(one)
        yield from _wrong_parents(resource, found, names)
        if found:
            parents[str(resource.own.get("name"))] = found[0].name
        elif resource.full.get("include_from_parent"):
            place = resource.place_of("include_from_parent")
            yield Mistake(place, "this resource has no parent; name one in the path: {resources.<parent>.<field>}")
    yield from _circles(resources, parents)


def _wrong_parents(resource: Written, found: list[_Parent], names: set[str]) -> Iterator[Mistake]:
    for one in {one.name: one for one in reversed(found)}.values():
        if one.name == resource.own.get("name"):
            yield Mistake(one.place, "a resource cannot be its own parent")
        elif one.name not in names:
            meant = suggestion(one.name, names)
            hint = f"did you mean {meant}?" if meant else f"there are: {', '.join(sorted(names))}"
            shown = quoted(one.name)
            yield Mistake(one.place, f"its parent{shown} is no resource of this file; {hint}")
    other = next((one for one in found if one.name != found[0].name), None)
    if other:
        yield Mistake(other.place, f"a resource has one parent at most, and this one has {found[0].name} already")


def _circles(resources: list[Written], parents: Mapping[str, str]) -> Iterator[Mistake]:
    for resource in resources:
        name = str(resource.own.get("name"))
        seen = [name]
        while (above := parents.get(seen[-1])) and above not in seen:
            seen.append(above)
        if above == name and len(seen) > 1:
            circle = " -> ".join([*seen, name])
            yield Mistake(resource.place_of("endpoint", "path"), f"parents run in a circle: {circle}")


def _placeholders(resource: Written) -> Iterator[_Parent | Mistake]:
    params = _mapping(resource.endpoint.get("params"))
    for part in ("path", "params", "json", "data", "headers"):
        place = resource.place_of("endpoint", part)
        texts = texts_of(resource.endpoint.get(part), place)
        for where, text in ((where, text) for where, text in texts if not is_template(text)):
            try:
                found = [(field, spec or turned) for _, field, spec, turned in string.Formatter().parse(text)]
            except ValueError:
                yield Mistake(where, "its braces do not pair; double those that mean themselves: {{ and }}")
                continue
            for field, format_of in found:
                if field is None:
                    continue
                if part == "path" and format_of:
                    yield Mistake(where, "a path takes a field as it is; leave out what follows : or ! in the braces")
                if _WINDOW.fullmatch(field) and resource.full.get("partitions"):
                    if format_of:
                        yield Mistake(where, "partitions.format says how a window is written; leave out what follows :")
                    continue
                meaning = _meaning(field, where, "incremental" in resource.endpoint, part == "path")
                if meaning and not (part == "path" and field in params):
                    yield meaning


def _bound(resource: Written) -> Iterator[_Parent | Mistake]:
    """What params bind by `type: resolve` and `type: incremental`."""
    path = resource.endpoint.get("path")
    for name, param in _mapping(resource.endpoint.get("params")).items():
        kind = param.get("type") if isinstance(param, Mapping) else None
        if kind is None:
            continue
        place = resource.place_of("endpoint", "params", name)
        if not isinstance(kind, str) or kind not in _BOUND:
            yield Mistake((*place, "type"), f"must be {' or '.join(_BOUND)}")
            continue
        yield from _malformed(param, _BOUND[kind], place)
        in_path = isinstance(path, str) and f"{{{name}}}" in path
        if kind == "resolve" and isinstance(param.get("resource"), str):
            yield _Parent((*place, "resource"), param["resource"])
        if in_path != (kind == "resolve"):
            yield Mistake(place, _RESOLVED_IN_PATH if kind == "resolve" else "only type: resolve can stand in a path")


_RESOLVED_IN_PATH = (
    "type: resolve works in a path only; write {<this name>} there, or {resources.<parent>.<field>} as the value here"
)


def _malformed(param: Mapping[str, Any], model: type[Described], place: Place) -> Iterator[Mistake]:
    try:
        model.model_validate(param)
    except ValidationError as error:
        for mistake in shape_mistakes(error, param, model):
            yield Mistake((*place, *mistake.place), mistake.message)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _meaning(field: str, place: Place, has_cursor: bool, in_path: bool) -> _Parent | Mistake | None:
    steps = field.split(".", 2)
    if steps[0] == "resources" and len(steps) == 3 and all(steps):
        return _Parent(place, steps[1])
    if steps[0] == "resources":
        return Mistake(place, "a placeholder for a parent's field is written {resources.<parent>.<field>}")
    if steps[0] == "incremental" and has_cursor:
        return None
    words = "{resources.<parent>.<field>}" + (", {incremental.start_value}" if has_cursor else "")
    words += ", or a name from params" if in_path else ""
    shown = quoted(field) if in_path else ""
    return Mistake(place, f"nothing fills the placeholder{shown}; allowed: {words}; double braces mean themselves")
