"""What does not go with steps: of time (`step`, `first_mark`, the moment of asking), and of records (`steps`).

Of the latter, a field that is taken away though a key, a cursor, a window or the lists below the records need it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from messaging_assets.description.names import PARTS_OF_REQUEST, identifier
from messaging_assets.description.ways.placeholders import wrong_format
from messaging_assets.files.rules.mistakes import Mistake, Place, mapping, step_into, value_at
from messaging_assets.files.rules.written import (
    Written,
    columns_of,
    cursor_params,
    disposition_in,
    is_given,
    names_in,
)

_NOW = re.compile(r"now(-\d{1,4}(s|min|h|d|w))?")
_OF_PARENT = re.compile(r"\{resources\.(\w+)\.([^.}!:\[]+)")
# What a record's own field decides, by the hint of its column.
_HINTS = ("hard_delete", "dedup_sort", "merge_key", "primary_key")


def is_now(field: str) -> bool:
    """Whether a placeholder is meant to be the moment at which a sync asks."""
    return field == "now" or field.startswith("now-")


def now_mistakes(resource: Written, field: str, format_of: str | None, place: Place) -> Iterator[Mistake]:
    """A mistake for each reason why nothing can take the place of `{now:<format>}` in a request.

    Args:
        resource: whose request it is.
        field: what stands before the colon.
        format_of: what stands behind it.
        place: where it is written.
    """
    if not _NOW.fullmatch(field):
        yield Mistake(place, "a time before now is written {now-7d:date}, with a number of s, min, h, d or w")
    elif wrong := wrong_format(format_of or ""):
        yield Mistake(place, wrong)
    elif resource.endpoint.get("job"):
        words = "an interrupted sync would begin a second job, as its request differs; write incremental with end_param"
        yield Mistake(place, words)
    elif resource.endpoint.get("conditional"):
        words = "each sync asks for another address, so no answer says that a list is as it was; take conditional out"
        yield Mistake(place, words)


def format_mistakes(field: str, format_of: str | None, place: Place, in_path: bool) -> Iterator[Mistake]:
    """A mistake where a placeholder's braces say how a value is written, and dlt does not know it, as `:date`.

    Args:
        field: what stands before the colon.
        format_of: what stands behind it: a format of Python's such as `.10`, or a letter that followed `!`.
        place: where it is written.
        in_path: whether that is a path, which takes a value as it is.
    """
    if format_of and in_path:
        yield Mistake(place, "a path takes a field as it is; leave out what follows : or ! in the braces")
    elif format_of and not any(_takes(value, format_of) for value in ("text", 1)):
        words = "no value is written so; leave out what follows : in the braces"
        yield Mistake(place, words + (", and say format in incremental" if field.startswith("incremental.") else ""))


def _takes(value: Any, format_of: str) -> bool:
    try:
        format(value, format_of)
    except ValueError:
        return False
    return True


def step_mistakes(resource: Written, places: list[Place]) -> Iterator[Mistake]:
    """A mistake for each word that a range with a step does not go with, or needs.

    Args:
        resource: whose range it is.
        places: where its cursor is written.
    """
    cursors = [(place, mapping(value_at(resource.full, place[place.index("endpoint") :]))) for place in places]
    for place, cursor in cursors:
        for word in ("initial_value", "end_value"):
            if isinstance(cursor.get(word), (Mapping, list, bool)):
                yield Mistake((*place, word), "is a time, a number or a text, such as 2025-01-01, 0 or -30d")
        if cursor.get("first_mark") is not None:
            yield from _first_mark(resource, (*place, "first_mark"), cursor)
        if cursor.get("cursor_in", "record") == "record" and _is_of_parent(resource, str(cursor.get("cursor_path"))):
            words = "is a field of the parent's, which no record of the list itself has; leave incremental out, and "
            yield Mistake((*place, "cursor_path"), f"{words}write only_changed_parents")
    stepped = [(place, cursor) for place, cursor in cursors if cursor.get("step") is not None]
    for place, cursor in stepped:
        yield from _windows(resource, (*place, "step"), cursor)
    actions = resource.endpoint.get("response_actions")
    for index, action in enumerate(actions if isinstance(actions, list) else ()):
        if step_into(action, "action") == "split" and not stepped:
            words = "split reads a window in two halves, and this list has none; write step in incremental"
            yield Mistake(resource.place_of("endpoint", "response_actions", index, "action"), words)


def _is_of_parent(resource: Written, name: str) -> bool:
    """Whether a field comes from the parent's record, whatever steps call it."""
    steps = resource.full.get("steps")
    for step in reversed(steps if isinstance(steps, list) else []):
        before = {str(new): str(old) for old, new in mapping(step_into(step, "rename")).items()}
        before |= {str(new): str(path) for new, path in mapping(step_into(step, "copy")).items()}
        name = before.get(name, name)
    beside = [*mapping(resource.endpoint.get("include_from_answer")), *mapping(resource.full.get("for_each"))]
    return name.startswith("_") and name not in beside and is_given(resource, name)


def _first_mark(resource: Written, place: Place, cursor: Mapping[str, Any]) -> Iterator[Mistake]:
    if cursor.get("cursor_in") not in ("answer", "link"):
        yield Mistake(place, "no record has this cursor; write cursor_in: answer, or link where it is an address")
    for word in ("initial_value", "end_value"):
        if cursor.get(word) is not None:
            yield Mistake(place, f"the range begins and ends with cursors that the API gives; take {word} out")
    asked = resource.request_text
    if (
        "{resources." in asked
        or "'resolve'" in asked
        or resource.full.get("for_each")
        or resource.full.get("partitions")
    ):
        yield Mistake(place, "it is the first cursor of one list, without parents, values or partitions; take it out")
    actions = resource.endpoint.get("response_actions")
    for index, action in enumerate(actions if isinstance(actions, list) else ()):
        if step_into(action, "action") == "restart" and step_into(cursor["first_mark"], "starts_read") is True:
            words = "another first cursor begins behind what changed since, which would be lost; take restart out"
            yield Mistake(resource.place_of("endpoint", "response_actions", index, "action"), words)


def _windows(resource: Written, place: Place, cursor: Mapping[str, Any]) -> Iterator[Mistake]:
    asked = resource.request_text
    if not cursor.get("end_param") and "{incremental.end_value" not in asked:
        words = (
            "the API is not told where a window ends; name end_param, or write {incremental.end_value} in the request"
        )
        yield Mistake(place, words)
    if (
        not cursor.get("start_param")
        and "params" not in place
        and not re.search(r"\{incremental\.(start|last)_", asked)
    ):
        words = "the API is not told where a window starts; name start_param, or write {incremental.start_value}"
        yield Mistake(place, words)
    if re.search(r"\{incremental\.\w+:", asked):
        words = "what a placeholder cuts off may be a window's border; take it out, and write format in incremental"
        yield Mistake(place, words)
    if disposition_in(resource.full.get("write_disposition", "append")) == "append":
        words = "two windows share their border, and append would have its rows twice; write merge, or use partitions"
        yield Mistake(place, words)
    if resource.full.get("partitions"):
        yield Mistake(place, "a partition is a window already; take step or partitions out")


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
