"""Placeholders in requests, and the parents and values that they name.

dlt fills what parents and cursors give, and in a path `{name}` from params (dlt/sources/rest_api/config_setup.py).
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any, Literal, NamedTuple

from pydantic import ValidationError, model_validator

from messaging_assets.description.api import Incremental
from messaging_assets.description.authentication import Described
from messaging_assets.description.names import PAGE_PLACE, PARTS_OF_REQUEST, JsonPath
from messaging_assets.files.rules.mistakes import Mistake, Place, mapping, quoted, suggestion
from messaging_assets.files.rules.shape import shape_mistakes
from messaging_assets.files.rules.steps_of_time import format_mistakes, is_now, now_mistakes, value_mistakes
from messaging_assets.files.rules.templates import is_template, secret_meant, texts_of
from messaging_assets.files.rules.written import Written, written_resources


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
_OF_CURSOR = re.compile(r"incremental\.(start|end|initial|last)_value\b")
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
    parents: dict[str, list[_Parent]] = {}
    for resource in resources:
        found: list[_Parent] = []
        for one in (*_unions(resource, resources), *_placeholders(resource), *_bound(resource)):
            if isinstance(one, Mistake):
                yield one
            else:
                found.append(one)
        yield from _wrong_parents(resource, found, names)
        parents[str(resource.own.get("name"))] = list({one.name: one for one in reversed(found)}.values())[::-1]
        named = list(dict.fromkeys(one.name for one in found))
        yield from _fields_taken(resource, named)
        yield from _values(resource, named)
        yield from _only_changed(resource, bool(found))
    circles = list(_circles(resources, parents))
    yield from circles or _shared_ancestors([one for one in resources if not one.own.get("union")], parents)


def _unions(resource: Written, every: list[Written]) -> Iterator[_Parent | Mistake]:
    """The resources that a union is made of, and what a union cannot have."""
    named = resource.own.get("union")
    if named is None:
        return
    place = resource.place_of("union")
    parts = [one for one in _listed(named) if isinstance(one, str)]
    unions = {one.own.get("name") for one in every if one.own.get("union")}
    if len(set(parts)) < 2 or len(set(parts)) < len(parts):
        yield Mistake(place, "takes two or more resources, each of them once")
    for word in resource.own.keys() - {"name", "union", "description", "selected"}:
        words = "a union has the records of its resources as they are; leave this out, or write it there"
        yield Mistake(resource.place_of(str(word)), words)
    if resource.own.get("selected") is True:
        words = "a union is there for its children, and has no table; leave this out"
        yield Mistake(resource.place_of("selected"), words)
    for index, one in enumerate(parts):
        if one in unions:
            yield Mistake((*place, index), "is a union itself; name the resources that it is made of")
        else:
            yield _Parent((*place, index), one)


def _wrong_parents(resource: Written, found: list[_Parent], names: set[str]) -> Iterator[Mistake]:
    for one in {one.name: one for one in reversed(found)}.values():
        if one.name == resource.own.get("name"):
            yield Mistake(one.place, "a resource cannot be its own parent")
        elif one.name not in names:
            meant = suggestion(one.name, names)
            hint = f"did you mean {meant}?" if meant else f"there are: {', '.join(sorted(names))}"
            yield Mistake(one.place, f"its parent{quoted(one.name)} is no resource of this file; {hint}")


def _circles(resources: list[Written], parents: Mapping[str, list[_Parent]]) -> Iterator[Mistake]:
    for resource in resources:
        name = str(resource.own.get("name"))
        if circle := _way_up(name, name, parents, [name]):
            words = f"parents run in a circle: {' -> '.join(circle)}"
            yield Mistake(resource.place_of("endpoint", "path"), words)


def _way_up(name: str, to: str, parents: Mapping[str, list[_Parent]], seen: list[str]) -> list[str] | None:
    """The parents from one resource up to another, over at least one other; None where no way leads there."""
    for one in parents.get(name, ()):
        if one.name == to and len(seen) > 1:
            return [*seen, to]
        if one.name not in seen and (way := _way_up(one.name, to, parents, [*seen, one.name])):
            return way
    return None


def _above(name: str, parents: Mapping[str, list[_Parent]]) -> set[str]:
    own = {one.name for one in parents.get(name, ())} - {name}
    return own.union(*(_above(one, parents) for one in own))


def _shared_ancestors(resources: list[Written], parents: Mapping[str, list[_Parent]]) -> Iterator[Mistake]:
    """Two parents beside each other of which each record has its own record above it: most pairs would ask for what
    there is not.
    """
    for resource in resources:
        own = parents[str(resource.own.get("name"))]
        tops = [one for one in own if not any(one.name in _above(other.name, parents) for other in own)]
        for one, other in combinations(tops, 2):
            both = ({one.name} | _above(one.name, parents)) & _above(other.name, parents)
            if both:
                words = f"{one.name} and {other.name} are both children of {min(both)}, and their records cannot be "
                words += "matched; take fields of one of them"
                yield Mistake(other.place, words)


def _fields_taken(resource: Written, parents: list[str]) -> Iterator[Mistake]:
    """What rows take from records above them: of several parents it must be said of which."""
    fields = resource.full.get("include_from_parent")
    place = resource.place_of("include_from_parent")
    if fields and not parents:
        yield Mistake(place, "this resource has no parent; name one in the path: {resources.<parent>.<field>}")
    for index, field in enumerate(fields if isinstance(fields, list) and len(parents) > 1 else ()):
        parent, _, rest = str(field).partition(".")
        if parent not in parents or not rest:
            hint = f"write <parent>.<field>, such as {parents[0]}.{field}; its parents: {', '.join(parents)}"
            yield Mistake((*place, index), f"of which of several parents? {hint}")


def _values(resource: Written, parents: list[str]) -> Iterator[Mistake]:
    """Values of the file that are asked for nowhere, twice, or at another address."""
    texts = {part: repr(resource.endpoint.get(part)) for part in PARTS_OF_REQUEST}
    above = f"{parents[0]}." if len(parents) == 1 else ""
    taken = {f"_{above}{field}".replace(".", "_") for field in _listed(resource.full.get("include_from_parent"))}
    for name, values in mapping(resource.full.get("for_each")).items():
        place, asked = resource.place_of("for_each", str(name)), f"{{for_each.{name}"
        if not any(f"{asked}{end}" in text for text in texts.values() for end in "}:!"):
            yield Mistake(place, f"nothing in the request takes these values; write {asked}}} where they belong")
        if f"_{name}" in taken:
            yield Mistake(place, f"would share the column _{name} with a field of include_from_parent; rename it")
        for index, value in enumerate(_listed(values)):
            if str(value) in map(str, values[:index]):
                yield Mistake((*place, index), "this value comes twice")
            elif f"{asked}}}" in texts["path"] and str(value).strip() in ("", ".", ".."):
                yield Mistake((*place, index), "an empty value, or dots, would ask for another address; take it out")


def _only_changed(resource: Written, has_parent: bool) -> Iterator[Mistake]:
    """What cannot go with lists of which only some are read: whatever takes away rows that do not come."""
    if not resource.full.get("only_changed_parents"):
        return
    place = resource.place_of("only_changed_parents")
    if not has_parent:
        words = "this resource has no parent that could change; name one in the path: {resources.<parent>.<field>}"
        yield Mistake(place, words)
    written = resource.full.get("write_disposition")
    strategy = written.get("strategy") if isinstance(written, Mapping) else None
    ways = {
        "write_disposition replace": "replace" in (written, mapping(written).get("disposition")),
        "the strategy scd2": strategy == "scd2",
        "deletes": resource.full.get("deletes", "ignore") != "ignore",
        "partitions": resource.full.get("partitions"),
        "a merge_key": resource.full.get("merge_key"),
    }
    for way in (way for way, is_meant in ways.items() if is_meant):
        yield Mistake(place, f"{way} would take away the rows of parents that did not change; take one of the two out")


def _placeholders(resource: Written) -> Iterator[_Parent | Mistake]:
    params = mapping(resource.endpoint.get("params"))
    for part in (*PARTS_OF_REQUEST, "job"):
        texts = texts_of(resource.endpoint.get(part), resource.place_of("endpoint", part))
        for where, text in ((where, text) for where, text in texts if not is_template(text)):
            try:
                parsed = string.Formatter().parse(text)
                found = [(field, spec or turned) for _, field, spec, turned in parsed if field is not None]
            except ValueError:
                yield Mistake(where, "its braces do not pair; double those that mean themselves: {{ and }}")
                continue
            if meant := secret_meant(text, where):
                yield Mistake(where, meant)
                continue
            of_list = ("resources.", "for_each.") if part == "job" else ""
            for field, format_of in ((field, format_of) for field, format_of in found if field.startswith(of_list)):
                is_param = part == "path" and field in params
                if is_now(field) and not is_param:
                    yield from now_mistakes(resource, field, format_of, where)
                    continue
                yield from format_mistakes(field, format_of, where, part)
                if not is_param:
                    yield from _filled(resource, field, format_of, where, part == "path")


def _filled(
    resource: Written, field: str, format_of: str | None, place: Place, in_path: bool
) -> Iterator[_Parent | Mistake]:
    """What fills one placeholder, where that is a parent's record, or why nothing does."""
    is_window = _WINDOW.fullmatch(field) and resource.full.get("partitions")
    if is_window or (PAGE_PLACE.fullmatch(f"{{{field}}}") and not format_of):
        return
    if field.partition(".")[0] == "for_each":
        yield from _value_meant(field, place, list(mapping(resource.full.get("for_each"))))
        yield from value_mistakes(resource, field, format_of, place)
    elif meaning := _meaning(resource, field, place, in_path):
        yield meaning


def _bound(resource: Written) -> Iterator[_Parent | Mistake]:
    """What params bind by `type: resolve` and `type: incremental`."""
    path = resource.endpoint.get("path")
    for name, param in mapping(resource.endpoint.get("params")).items():
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


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _value_meant(field: str, place: Place, names: list[Any]) -> Iterator[Mistake]:
    if field.partition(".")[2] not in names:
        known = ", ".join(f"{{for_each.{name}}}" for name in names)
        there = f"there are: {known}" if names else "write for_each: {<name>: [<value>, ...]} beside endpoint"
        yield Mistake(place, f"nothing fills the placeholder{quoted(field)}; {there}")


def _meaning(resource: Written, field: str, place: Place, in_path: bool) -> _Parent | Mistake | None:
    steps, has_cursor = field.split(".", 2), "incremental" in resource.endpoint
    if steps[0] == "resources":
        told = Mistake(place, "a placeholder for a parent's field is written {resources.<parent>.<field>}")
        return _Parent(place, steps[1]) if len(steps) == 3 and all(steps) else told
    if _OF_CURSOR.match(field) and has_cursor:
        return None
    words = "{resources.<parent>.<field>}, {for_each.<name>}, {now:<format>}"
    words += ", {incremental.start_value}" if has_cursor else ", {window.start}" * bool(resource.full.get("partitions"))
    words, shown = (f"{words}, or a name from params", quoted(field)) if in_path else (words, "")
    return Mistake(place, f"nothing fills the placeholder{shown}; allowed: {words}; double braces mean themselves")
