"""Fields that a step takes away, though a key, a cursor, a window or a list below the records needs them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from messaging_assets.description.names import PARTS_OF_REQUEST, identifier
from messaging_assets.files.rules.mistakes import Mistake, Place, mapping, step_into, value_at
from messaging_assets.files.rules.written import Written, columns_of, cursor_params, is_given, names_in

_OF_PARENT = re.compile(r"\{resources\.(\w+)\.([^.}!:\[]+)")
# What a record's own field decides, by the hint of its column.
_HINTS = ("hard_delete", "dedup_sort", "merge_key", "primary_key")


def taken_mistakes(resources: list[Written]) -> Iterator[Mistake]:
    """A mistake for each step after which a field is gone that something else needs."""
    below = _needed_below(resources)
    for resource in resources:
        # A function from Python, which comes behind the steps, may make any field.
        if not resource.full.get("processing_steps"):
            needed = {**below.get(str(resource.own.get("name")), {}), **_needed(resource)}
            yield from _taken(resource, needed)


def made_by(step: Any) -> list[Any]:
    """The fields that a step gives to a record."""
    made = [one for word in ("copy", "constant", "template") for one in mapping(step_into(step, word))]
    return [*mapping(step_into(step, "rename")).values(), *made]


def _taken(resource: Written, needed: dict[str, str]) -> Iterator[Mistake]:
    written = resource.full.get("steps")
    steps = written if isinstance(written, list) else []
    for index, step in enumerate(steps):
        dropped, kept, opened = (step_into(step, word) for word in ("drop", "keep", "flatten"))
        renamed = mapping(step_into(step, "rename"))
        gone = {*names_in(dropped), *names_in(opened), *map(str, renamed)}.difference(map(str, renamed.values()))
        if isinstance(kept, list):
            gone |= {name for name in needed if not is_given(resource, name) and not _is_among(name, names_in(kept))}
        # A later step may make a field of this name anew.
        made = {str(name) for later in steps[index + 1 :] for name in made_by(later)}
        for name in sorted(gone & needed.keys() - made):
            words = f"takes '{name}' away, which is {needed[name]}; leave it, or name what it becomes"
            yield Mistake(resource.place_of("steps", index), words)


def _is_among(name: str, kept: list[str]) -> bool:
    """Whether a column is one of the fields, or of an object among them."""
    columns = [identifier(one) for one in kept]
    return identifier(name) in columns or identifier(name).startswith(tuple(f"{one}__" for one in columns))


def _needed(resource: Written) -> dict[str, str]:
    """What a resource needs of its own records, and what for."""
    needed = {name: f"the column's {hint}" for name, hint in _hinted(resource)}
    needed |= dict.fromkeys(names_in(resource.full.get("merge_key")), "the merge_key")
    places = [("endpoint", "incremental"), *(("endpoint", "params", name) for name in cursor_params(resource))]
    # A cursor that is declared to stand beside the list is no field of a record.
    own = [one for one in places if step_into(value_at(resource.full, one), "cursor_in") in (None, "record")]
    paths: list[tuple[Place, str]] = [((*one, "cursor_path"), "the cursor") for one in own]
    for where, words in (*paths, (("partitions", "column"), "partitions.column")):
        if isinstance(path := value_at(resource.full, where), str):
            needed[_first(path)] = words
    return needed | dict.fromkeys(names_in(resource.full.get("primary_key")), "the primary_key")


def _hinted(resource: Written) -> Iterator[tuple[str, str]]:
    for name, column in columns_of(resource).items():
        yield from ((name, hint) for hint in _HINTS if step_into(column, hint))


def _needed_below(resources: list[Written]) -> dict[str, dict[str, str]]:
    """What lists below a resource need of its records, by its name, and what for."""
    unions = {one.own.get("name"): names_in(one.own.get("union")) for one in resources if one.own.get("union")}
    needed: dict[str, dict[str, str]] = {}
    for child in resources:
        for parent, field in _of_parents(child):
            parents = unions.get(parent, [parent])
            for one in parents if parents == [parent] or field != "resource" else ():
                needed.setdefault(one, {})[field] = f"what {child.own.get('name')} takes of its parent"
    return needed


def _of_parents(child: Written) -> Iterator[tuple[str, str]]:
    """Each parent, and the field that is taken of it."""
    found = _OF_PARENT.findall(repr([child.endpoint.get(part) for part in (*PARTS_OF_REQUEST, "job")]))
    for param in mapping(child.endpoint.get("params")).values():
        if step_into(param, "type") == "resolve":
            found.append((str(step_into(param, "resource")), _first(str(step_into(param, "field")))))
    yield from found
    parents = list(dict.fromkeys(parent for parent, _ in found))
    named = [*names_in(child.full.get("include_from_parent")), *names_in(child.full.get("only_changed_parents"))]
    for field in named:
        parent, path = (parents[0], field) if len(parents) == 1 else field.split(".", 1) if "." in field else ("", "")
        yield parent, _first(path)


def _first(path: str) -> str:
    return path.removeprefix("$.").split(".")[0]
