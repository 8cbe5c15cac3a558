"""Cursors of a manifest -> `incremental`."""

from __future__ import annotations

import ast
import math
import re
from dataclasses import replace
from typing import Any

from messaging_assets.conversion.components.durations import seconds_of
from messaging_assets.conversion.components.expressions import Piece, pieces_of, single
from messaging_assets.conversion.components.parts import Part, target_of
from messaging_assets.conversion.components.values import Ref, value_of
from messaging_assets.conversion.manifest.scope import Scope
from messaging_assets.conversion.texts import EPOCHS, missing, moment_format
from messaging_assets.description.names import PARTS_OF_REQUEST
from messaging_assets.description.windows import says_time
from messaging_assets.discovery.found import without_nothing
from messaging_assets.foundation import moments
from messaging_assets.foundation.json_paths import quoted_path

_PLACE = ("endpoint", "incremental")


def name_bounds(scope: Scope, part: Part | None) -> None:
    """Tell the stream's scope what its texts call the start and the end of the range, and its cursor's field."""
    if part is None:
        return
    for word, bound in (("partition_field_start", "start"), ("partition_field_end", "end")):
        if isinstance(part[word], str):
            scope.bounds[part[word]] = bound
    field = single(part["cursor_field"], part.parameters)
    scope.cursor_field = field if isinstance(field, str) else ""


def add_cursor(scope: Scope, part: Part | None) -> None:
    """Say which field is the mark, in the stream's resource."""
    if part is None:
        return
    field = scope.written(part["cursor_field"], part, *_PLACE, is_doubled=False)
    if part.is_custom or part.kind not in ("", "DatetimeBasedCursor", "IncrementingCountCursor") or not field:
        scope.draft.lose(
            f"it reads what is new by {part.shown}; declare incremental, else each sync reads all", *_PLACE
        )
        return
    incremental: dict[str, Any] = {"cursor_path": quoted_path(*str(field).split("."))}
    if part.kind == "IncrementingCountCursor":
        start = scope.written(part["start_value"], part, *_PLACE)
        incremental |= {"cursor_format": "number", "initial_value": start}
        incremental["start_param"] = _param(scope, part.part("start_value_option"), "start")
    else:
        incremental |= _of_time(scope, part)
    scope.draft.endpoint["incremental"] = without_nothing(incremental)


def _of_time(scope: Scope, part: Part) -> dict[str, Any]:
    sent = part["datetime_format"]
    read = part["cursor_datetime_formats"]
    read = read if isinstance(read, list) and read else [sent]
    words: dict[str, Any] = {
        "initial_value": _start(scope, part),
        "start_param": _param(scope, part.part("start_time_option"), "start"),
        "end_param": _param(scope, part.part("end_time_option"), "end"),
        "cursor_format": next((EPOCHS[one] for one in read if one in EPOCHS), None) or _pattern(scope, read, sent),
        "lag": _lag(scope, part),
    }
    asked = repr([scope.draft.endpoint.get(one) for one in PARTS_OF_REQUEST])
    if words["start_param"] or words["end_param"] or re.search(r"\{incremental\.\w+\}", asked):
        words["format"] = _format(scope, str(sent).replace("%z", "+00:00") if scope.has_colon_in_zone else sent)
    if "{incremental.end_value" in asked:
        words["end_value"] = "now"
    has_end = words["end_param"] or "end_value" in words
    if part["is_data_feed"] is True and not (has_end and part["step"]):
        words["row_order"] = "desc"
    if has_end:
        words["step"] = _step(scope, part, words)
        _send_length(scope, part)
    if part["end_datetime"] and not _is_now(scope, part["end_datetime"], part):
        scope.draft.ask("the manifest ends its range early; add an end_value if that is meant", *_PLACE)
    return words


def _pattern(scope: Scope, read: list[Any], sent: Any) -> str | None:
    """The pattern that records have, where it is none that is known by itself; of several that which is not sent."""
    known = [one for one in read if isinstance(one, str) and not one.startswith("%Y-%m-%d") and "_ms" not in one]
    if len(known) < len(read) or not known:
        return None
    pattern = next((one for one in known if one != sent), known[0])
    if len(known) > 1:
        told = f"the manifest knows records' moments as {' and '.join(known)}; is it {pattern}?"
        scope.draft.ask(told, *_PLACE)
    return str(pattern)


def _step(scope: Scope, part: Part, words: dict[str, Any]) -> str | None:
    """How long its windows are; None where it has none, or cannot be read in windows here."""
    if part["step"] in (None, ""):
        return None
    step = _filled(scope, pieces_of(str(part["step"]), part.parameters))
    if seconds_of(step) and words["initial_value"] is not None:
        return step
    if any(one.kind == "setting" for one in scope.draft.losses):
        step = step if seconds_of(step) else "of a length such as P1D"
        scope.draft.lose(f"write step: {step} beside the initial_value", *_PLACE, kind="setting")
        return None
    whole = "so one request asks for the whole range; where the API refuses that, write step"
    scope.draft.lose(f"its step is not kept, {whole}", *_PLACE)
    return None


def _send_length(scope: Scope, part: Part) -> None:
    """Send how many days a window has, where the API wants that beside its end; it is the same for each window."""
    target, seconds = target_of(part.part("step_option")), seconds_of(part["step"])
    if target is None or not seconds:
        return
    days = math.ceil(seconds / 86_400)
    scope.draft.send(target[0], target[1], days)
    name = ".".join(target[1])
    scope.draft.ask(f"{name} is the days of each window, {days}; is the last, shorter one asked for so too?", *_PLACE)


def _param(scope: Scope, option: Part | None, bound: str) -> str | None:
    """The parameter that takes a bound; elsewhere in the request it is written where it belongs."""
    target = target_of(option)
    if option is None or target is None:
        return None
    place, path = target
    if place == "params":
        name = scope.written(path[-1], option, *_PLACE, is_doubled=False)
        return None if name is None else str(name)
    scope.draft.send(place, path, f"{{incremental.{bound}_value}}")
    return None


def _format(scope: Scope, pattern: Any) -> str | None:
    written = moment_format(pattern)
    if written == "iso":
        scope.draft.ask(f"moments are sent as {pattern}, which is written as iso here; is that taken?", *_PLACE)
    return written


def _start(scope: Scope, part: Part) -> Any:
    value = part["start_datetime"]
    if value in (None, ""):
        return None
    within = part.part("start_datetime")
    holder = within or part
    found = single(within["datetime"] if within else value, holder.parameters)
    floor = single(within["min_datetime"], within.parameters) if within else None
    if isinstance(floor, Ref) and floor.root == "now" and floor.days < 0:
        # No further back than that, wherever a user wants to begin.
        found = replace(floor, default=found.name if isinstance(found, Ref) and found.root == "config" else None)
    if not isinstance(found, Ref):
        return _plain_start(scope, found)
    if found.root == "now":
        if found.default:
            told = f"it starts {-found.days} days ago, or with the setting '{found.default}' where that is later"
            scope.draft.ask(f"{told}; the days are taken", *_PLACE)
        return f"-{-found.days}d" if found.days < 0 else "now"
    if found.root == "config":
        given = scope.settings.value(found.name, found.default)
        if isinstance(given, Ref):
            given = f"-{-given.days}d" if given.root == "now" and given.days < 0 else None
        if given is None:
            scope.draft.lose(
                missing(found.name).replace("write it here", "write it as initial_value; without one all is read"),
                *_PLACE,
                kind="setting",
            )
            return None
        is_own = found.name in scope.settings.given or found.name in scope.settings.defaults
        return scope.settings.declare(found.name, given) if is_own else given
    return _plain_start(scope, None)


def _plain_start(scope: Scope, found: Any) -> Any:
    if isinstance(found, (str, int)) and found != "" and "{" not in str(found):
        return found
    scope.draft.lose("where it starts is an expression; write it as initial_value, else all is read", *_PLACE)
    return None


def _is_now(scope: Scope, value: Any, part: Part) -> bool:
    """Whether a range ends when it is asked for; a setting that nobody gave ends none."""
    within = Part(value, part.parameters)["datetime"] if isinstance(value, dict) else value
    found = single(within, part.parameters)
    if not isinstance(found, Ref) or found.root not in ("now", "config"):
        return False
    default = None if isinstance(found.default, Ref) else found.default
    return found.root == "now" or scope.settings.value(found.name, default) is None


def _lag(scope: Scope, part: Part) -> float | None:
    """The window that is asked for again, in seconds, or days where the records have dates."""
    if part["lookback_window"] in (None, ""):
        return None
    seconds = seconds_of(_filled(scope, pieces_of(str(part["lookback_window"]), part.parameters)))
    if seconds is None:
        scope.draft.lose("its look back is an expression; write it as lag, in seconds", *_PLACE)
        return None
    formats = part["cursor_datetime_formats"] or [part["datetime_format"]]
    if list(formats)[:1] == ["%Y-%m-%d"]:
        return max(1, round(seconds / 86_400)) if seconds else None
    return seconds or None


def _filled(scope: Scope, pieces: list[Piece]) -> str:
    """A text with the values of its settings; whatever else it takes stands there as it cannot be read."""
    values = (scope.settings.value(one.name, one.default) if isinstance(one, Ref) else one for one in pieces)
    return "".join(map(str, values))


def name_as_sent(scope: Scope) -> None:
    """Name a mark that a step copies into a field of its own by where the records have it."""
    incremental = scope.draft.endpoint.get("incremental") or {}
    for step in reversed(scope.draft.raw.get("steps") or []):
        path = step.get("copy", {}).get(incremental.get("cursor_path"))
        if isinstance(path, str) and "[*]" not in path:
            incremental["cursor_path"] = path


def settle_windows(scope: Scope, part: Part | None) -> None:
    """Let the windows of a mark that is their own start lie side by side; take out what no such window gives."""
    given = scope.draft.endpoint.get("include_from_request")
    if not given or part is None:
        return
    incremental = scope.draft.endpoint.get("incremental", {})
    start = next((name for name, bound in given.items() if ".start_value" in bound), None)
    if incremental.get("cursor_path") in given and start is not None:
        # The window that ended last goes on, and is read again from its start.
        incremental["cursor_path"] = start
    way, step = given.get(incremental.get("cursor_path")), seconds_of(incremental.get("step"))
    if way is None or not step or ".end_value" in way:
        del scope.draft.endpoint["include_from_request"]
        told = f"the fields {', '.join(given)} are bounds of a window, and are left out"
        if way is None:
            told = f"{told}, as rows have a mark of their own and windows overlap"
            scope.draft.lose(told, "endpoint", "include_from_request")
        else:
            # What is missing, a key or where the range begins, was told.
            told = f"{told}; with a primary_key, initial_value and step, write include_from_request: {given}"
            scope.draft.ask(told, "endpoint")
        return
    # Their reader ends a window by one granularity before the next one begins.
    incremental["range_end"] = "closed"
    named = way.partition(":")[2].removesuffix("}")
    if named not in ("", "iso", "iso8601", "date", "http"):
        incremental["cursor_format"] = named
    if lag := incremental.get("lag"):
        written = named or incremental.get("cursor_format") or incremental.get("format") or "iso"
        unit = 1 if says_time(written) and not moments.is_day(incremental.get("initial_value")) else moments.DAY
        back = seconds_of(_filled(scope, pieces_of(str(part["lookback_window"]), part.parameters))) or lag
        # Windows begin where they began before only by a lag of whole steps.
        whole = math.ceil(back / step) * step
        incremental["lag"] = whole / unit if whole % unit else whole // unit


def is_mark(scope: Scope, left: Any, node: ast.Compare) -> bool:
    """Whether a filter is the mark of an earlier sync, less a look back."""
    is_field = isinstance(left, Ref) and left.root == "record" and left.name == scope.cursor_field
    words = ast.unparse(node.comparators[0])
    is_of_state = "stream_state" in words and "prior_state" in words
    return (
        is_field
        and is_of_state
        and "incremental" in scope.draft.endpoint
        and isinstance(node.ops[0], (ast.GtE, ast.Gt))
    )


def takes_look_back(scope: Scope, node: ast.expr) -> bool:
    """Read what is taken off the mark, a setting's days, into `lag`; whether it is nothing else."""
    if isinstance(node, ast.IfExp):
        return takes_look_back(scope, node.body)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
        product, back = node.right, takes_look_back(scope, node.left)
        sides = [value_of(product.left), value_of(product.right)] if isinstance(product, ast.BinOp) else []
        if (
            len(sides) != 2
            or not isinstance(sides[0], Ref)
            or sides[0].root != "config"
            or not isinstance(sides[1], int)
        ):
            return False
        days = scope.settings.value(sides[0].name, sides[0].default)
        if days and str(days).isdigit():
            scope.draft.endpoint["incremental"]["lag"] = int(days) * sides[1]
        return back
    found = value_of(node)
    return (
        isinstance(found, Ref) and found.root in ("stream_state", "stream_slice") and found.last == scope.cursor_field
    )
