"""What does not go with time: with a range in windows (`step`), a first cursor (`first_mark`), the moment of asking."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from messaging_assets.description.incremental import CURSOR_VALUE
from messaging_assets.description.ways.placeholders import MOMENT_FORMATS, fields_in, is_moment_format, wrong_format
from messaging_assets.description.windows import SAYS_DAY, length_of, says_time
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
    of_request = mapping(resource.endpoint.get("include_from_request"))
    beside = [*mapping(resource.endpoint.get("include_from_answer")), *of_request]
    beside += mapping(resource.full.get("for_each"))
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


def window_field_mistakes(resource: Written) -> Iterator[Mistake]:
    """A mistake for each field of `include_from_request` that no window gives, or by which rows would be told apart
    wrongly.

    Args:
        resource: whose records get the fields.
    """
    shared, place = mapping(resource.endpoint.get("include_from_request")), _of_request(resource)
    cursor = mapping(resource.endpoint.get("incremental"))
    of_range = "incremental.start_value", "incremental.end_value"
    if not shared:
        return
    if not (resource.full.get("partitions") or cursor.get("step")):
        yield Mistake(place, "rows are of no window here; write partitions, or step in incremental, or take it out")
        return
    known = ("window.start", "window.end") if resource.full.get("partitions") else of_range
    for name, text in shared.items():
        if (found := _placeholders(text)) is None or not found or not all(_is_bound(*one, known) for one in found):
            words = "takes bounds of a window, such as {{{0}}}, {{{0}:date}} or {{{1}}}, and no other placeholder"
            yield Mistake((*place, str(name)), words.format(*known))
        elif name in mapping(resource.endpoint.get("include_from_answer")):
            yield Mistake((*place, str(name)), "include_from_answer gives this field; take one of the two out")
    if resource.full.get("partitions"):
        yield from _of_partition(resource, shared)
    else:
        yield from _of_step(resource, shared, cursor)


def _of_request(resource: Written, *steps: str) -> Place:
    return resource.place_of("endpoint", "include_from_request", *steps)


def _placeholders(text: Any) -> list[tuple[str, str]] | None:
    try:
        return list(fields_in(text))
    except ValueError:
        return None


def _is_bound(name: str, way: str, known: tuple[str, str]) -> bool:
    return name in known and (not way or is_moment_format(way))


def _of_partition(resource: Written, shared: Mapping[str, Any]) -> Iterator[Mistake]:
    windows = mapping(resource.full.get("partitions"))
    if windows.get("partitions_per_run", 1) != 1:
        words = "rows say which window they are of by include_from_request, so a run is to read one; take this out"
        yield Mistake(resource.place_of("partitions", "partitions_per_run"), words)
    if "window.end" in str(shared.get(str(windows.get("column")))):
        words = "a window's end lies behind it; let the field that places rows be {window.start}"
        yield Mistake(_of_request(resource, str(windows.get("column"))), words)


def _of_step(resource: Written, shared: Mapping[str, Any], cursor: Mapping[str, Any]) -> Iterator[Mistake]:
    actions = resource.endpoint.get("response_actions")
    splits = [step_into(one, "action") == "split" for one in (actions if isinstance(actions, list) else ())]
    if cursor.get("maximum_results") or any(splits):
        words = (
            "a window that is read in halves would give rows other bounds; take it out, or maximum_results and split"
        )
        yield Mistake(_of_request(resource), words)
    name = str(cursor.get("cursor_path"))
    if name not in shared:
        words = (
            f"windows overlap where rows have a time of their own, {name}, so none gives it; let cursor_path be one "
        )
        yield Mistake(_of_request(resource), f"{words}of these fields, or take this out")
        return
    way = next(iter(_placeholders(shared[name]) or [("", "")]))[1]
    shown = str(way or cursor.get("cursor_format") or cursor.get("format") or "iso")
    if "incremental.end_value" in str(shared[name]) or not str(shared[name]).startswith("{"):
        yield Mistake(
            _of_request(resource, str(name)), "the cursor is a window's start, {incremental.start_value} alone"
        )
    elif shown not in ("iso", "iso8601", "date", "http", cursor.get("cursor_format")):
        words = f"rows have this cursor as {shown}, and cursor_format does not say so; write cursor_format: '{shown}'"
        yield Mistake(_of_request(resource, str(name)), words)
    if cursor.get("range_start") == "open":
        words = "the last window is read again as long as it grows, and open leaves its rows out; take range_start out"
        yield Mistake(resource.place_of("endpoint", "incremental", "range_start"), words)
    if _is_between_steps(cursor, shown):
        words = "windows begin where they began before only by a lag of whole steps; write a multiple of step"
        yield Mistake(resource.place_of("endpoint", "incremental", "lag"), words)


def _is_between_steps(cursor: Mapping[str, Any], written: str) -> bool:
    """Whether its lag, of days where rows say days or the range begins with one, goes back by a part of a step."""
    lag, initial = cursor.get("lag"), cursor.get("initial_value")
    is_day = not says_time(written) or (moments.is_day(initial) and moments.moment_of(initial) is not None)
    try:
        length = length_of(str(cursor["step"])).total_seconds()
    except ValueError:
        return False  # That is told of step.
    return isinstance(lag, (int, float)) and lag * (moments.DAY if is_day else 1) % length != 0
