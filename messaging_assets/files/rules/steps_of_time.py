"""What does not go with time: with a range in windows (`step`), a first cursor (`first_mark`), the moment of asking."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from messaging_assets.description.incremental import CURSOR_VALUE
from messaging_assets.description.ways.placeholders import MOMENT_FORMATS, is_moment_format, wrong_format
from messaging_assets.description.windows import SAYS_DAY
from messaging_assets.files.rules.mistakes import Mistake, Place, mapping, step_into, value_at
from messaging_assets.files.rules.written import Written, disposition_in, is_given
from messaging_assets.foundation import moments

_NOW = re.compile(r"now(-\d{1,4}(s|min|h|d|w))?")
# What may be a moment.
_MOMENT = re.compile(r"(incremental|window|partition|resources|for_each)\.")


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
    elif wrong := wrong_format(format_of):
        yield Mistake(place, wrong)
    elif resource.endpoint.get("job"):
        words = "an interrupted sync would begin a second job, as its request differs; write incremental with end_param"
        yield Mistake(place, words)
    elif resource.endpoint.get("conditional"):
        words = "each sync asks for another address, so no answer says that a list is as it was; take conditional out"
        yield Mistake(place, words)


def value_mistakes(resource: Written, field: str, format_of: str | None, place: Place) -> Iterator[Mistake]:
    """A mistake where `{for_each.<name>:date}` is to write a value that is no time.

    Args:
        resource: the one whose request takes it.
        field: what stands before the colon.
        format_of: what stands behind it.
        place: where it is written.
    """
    values = mapping(resource.full.get("for_each")).get(field.partition(".")[2])
    if not is_moment_format(format_of) or not isinstance(values, list):
        return
    if any(isinstance(one, (str, int)) and moments.moment_of(one) is None for one in values):
        yield Mistake(
            place, "a value of its for_each is no text of a time; write it as 2025-01-01, or take the format out"
        )


def format_mistakes(field: str, format_of: str | None, place: Place, part: str) -> Iterator[Mistake]:
    """A mistake where a placeholder's braces say how a value is written, and dlt does not know it, as `:date`.

    Args:
        field: what stands before the colon.
        format_of: what stands behind it: a format of Python's such as `.10`, or a letter that followed `!`.
        place: where it is written.
        part: of the endpoint; `path` and `job` take most values as they are.
    """
    if format_of and part == "job":
        yield Mistake(place, "a job's address takes a field as it is; leave out what follows : or ! in the braces")
        return
    if not format_of or (is_moment_format(format_of) and _MOMENT.match(field)):
        return
    if part == "path":
        words = (
            "a path takes a field as it is, or as a moment's format says, such as :date; leave out what follows : or !"
        )
        yield Mistake(place, words)
    elif field.startswith(("window.", "partition.")) or not any(_takes(value, format_of) for value in ("text", 1)):
        yield Mistake(place, f"no value is written so; behind the colon, write {MOMENT_FORMATS}, or nothing")


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
        yield from _times_of_none(resource, place, cursor)
        if cursor.get("first_mark") is not None:
            yield from _first_mark(resource, (*place, "first_mark"), cursor)
        if cursor.get("cursor_in", "record") == "record" and _is_of_parent(resource, str(cursor.get("cursor_path"))):
            words = "is a field of the parent's, which no record of the list itself has; leave incremental out, and "
            yield Mistake((*place, "cursor_path"), f"{words}write only_changed_parents")
    yield from _of_one_period(resource)
    stepped = [(place, cursor) for place, cursor in cursors if cursor.get("step") is not None]
    for place, cursor in stepped:
        yield from _windows(resource, (*place, "step"), cursor)
    actions = resource.endpoint.get("response_actions")
    for index, action in enumerate(actions if isinstance(actions, list) else ()):
        if step_into(action, "action") == "split" and not stepped:
            words = "split reads a window in two halves, and this list has none; write step in incremental"
            yield Mistake(resource.place_of("endpoint", "response_actions", index, "action"), words)


def _times_of_none(resource: Written, place: Place, cursor: Mapping[str, Any]) -> Iterator[Mistake]:
    """A mistake where requests are to write a time of values that are none, which only a later sync would find out."""
    if cursor.get("cursor_format") not in ("number", "text"):
        return
    named = [way for _, way in CURSOR_VALUE.findall(resource.request_text) if is_moment_format(way)]
    if named or cursor.get("format") is not None:
        way = f"the placeholder's :{named[0]}" if named else "format"
        words = f"says that values are no times, and {way} writes one; take one of the two out"
        yield Mistake((*place, "cursor_format"), words)


def _of_one_period(resource: Written) -> Iterator[Mistake]:
    """A mistake where a path is the list of one month or year, and those behind the mark's would never be asked for."""
    found = CURSOR_VALUE.findall(str(resource.endpoint.get("path")).partition("?")[0])
    own = mapping(resource.endpoint.get("incremental")).get("format")
    written = [str(way if is_moment_format(way) else own) for name, way in found if name != "end_value"]
    is_open = len(written) == len(found) > 0
    if is_open and all("%" in one for one in written) and not any(map(SAYS_DAY.search, written)):
        words = "names one month or year, and those behind the mark's are never asked for; write partitions, and "
        yield Mistake(resource.place_of("endpoint", "path"), f"{words}{{window.start:<format>}} here")


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
    if any(way and not is_moment_format(way) for _, way in CURSOR_VALUE.findall(asked)):
        words = "what a placeholder cuts off may be a window's border; write a moment's format behind its colon"
        yield Mistake(place, words)
    if disposition_in(resource.full.get("write_disposition", "append")) == "append":
        words = "two windows share their border, and append would have its rows twice; write merge, or use partitions"
        yield Mistake(place, words)
    if resource.full.get("partitions"):
        yield Mistake(place, "a partition is a window already; take step or partitions out")
