"""Endpoints of a Sling API spec with their defaults, and their expressions -> texts with holes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from messaging_assets.conversion.outcome import Draft
from messaging_assets.conversion.texts import Hole, Settings, below, doubled, filled, has, moment_format, quoted
from messaging_assets.description.ways.secret_signs import names_secret
from messaging_assets.files.rules.mistakes import step_into, value_at

# Braces of a query in a payload hold other things.
_EXPRESSION = re.compile(r"\$?\{\s*((?:[a-z_]+[.(]|[\"'\d])[^{}]*?)\s*\}")
_REQUIRE = re.compile(r"(?:require|string|trim)\((.*?)(?:,\s*(?:\"[^\"]*\"|'[^']*')\s*)?\)", re.DOTALL)
_NAME = re.compile(r"(state|secrets|env|inputs|context|sync|store|auth)\.([\w.]+)")
_COALESCE = re.compile(r"coalesce\((.*)\)", re.DOTALL)
# A variable of the state, parsed or not, in a format of strftime.
_WRITTEN = re.compile(r"date_format\(\s*(?:date_parse\(\s*)?(state\.\w+)[^%]*[\"'](%[^\"']+)[\"']\s*\)")
_NOW = re.compile(r"(?:date_format\()?\s*(?:date_add\(\s*)?now\(\)(?:\s*,\s*-(\d+)\s*,\s*[\"'](\w+?)s?[\"']\s*\))?.*")
_LITERAL = re.compile(r"\"([^\"]*)\"|'([^']*)'|(-?\d+(?:\.\d+)?)")
_DEEPEST = 8
# Pairs of an object that is put into a queue, and a list that whoever uses the spec gives.
_FIELD = re.compile(r"[\"'](\w+)[\"']\s*,\s*([^,]+?)\s*(?:,|$)")
_GIVEN_LIST = re.compile(r"(?:require\()?(?:inputs|env|secrets|context)\.(\w+)(?:,.*\))?")
# An endpoint may put more before and behind what the defaults have.
_LISTS = ("rules", "processors", "setup", "teardown")
_GIVEN = ("env", "inputs", "context", "store", "secrets")


class Filler(NamedTuple):
    """An endpoint that fills a queue, with which expressions, and where that alone."""

    endpoint: str
    fields: dict[str, str]
    condition: str


def endpoints_of(spec: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The endpoints by name, with the defaults laid under them, and what goes before and behind a list in it."""
    written = spec.get("endpoints")
    if isinstance(written, list):
        written = {str(step_into(one, "name")): one for one in written}
    defaults = spec.get("defaults") or {}
    found = written.items() if isinstance(written, Mapping) else ()
    return {str(name): _whole(_over(defaults, one)) for name, one in found if isinstance(one, Mapping)}


def _over(below_it: Any, own: Any) -> Any:
    if not (isinstance(below_it, Mapping) and isinstance(own, Mapping)):
        return below_it if own is None else own
    return {**below_it, **{key: _over(below_it.get(key), one) if one is not None else None for key, one in own.items()}}


def _whole(endpoint: dict[str, Any]) -> dict[str, Any]:
    made = {
        word: _whole(one) if word == "response" and isinstance(one, dict) else one for word, one in endpoint.items()
    }
    for word in _LISTS:
        parts = [made.pop(key, None) for key in (f"+{word}", word, f"{word}+")]
        if any(parts):
            made[word] = [one for part in parts if isinstance(part, list) for one in part]
    return made


@dataclass
class SpecScope:
    """What stands open in the texts of one endpoint.

    Args:
        draft: the resource that it becomes.
        settings: what the spec takes from whoever uses it.
        state: the endpoint's variables, as the spec has them, or as texts.
        texts: its parameters, headers and payload with their holes, for whoever looks for the place of a page.
        rate: requests a second.
    """

    draft: Draft
    settings: Settings
    state: dict[str, Any]
    texts: dict[str, dict[str, Any]] = field(default_factory=dict)
    rate: float | None = None

    def text(self, value: Any) -> Any:
        """A value of the spec with its holes; one that is no text stays, and so do the keys of a mapping."""
        if isinstance(value, Mapping):
            return {str(name): self.text(one) for name, one in value.items()}
        return text_of(value, self.state)

    def written(self, value: Any, *place: str) -> Any:
        """A text with holes as the file has it; None where it cannot say it."""
        if isinstance(value, Mapping):
            found = {name: self.written(one, *place) for name, one in value.items()}
            return {name: one for name, one in found.items() if one is not None}
        # What a page or a mark changes goes where the paginator or the cursor puts it.
        if has(value, "token"):
            return None
        if isinstance(value, str):
            return doubled(value)
        return filled(value, self.settings, below(self.draft.lose, *place))


def state_of(endpoint: Mapping[str, Any]) -> dict[str, Any]:
    """The variables of an endpoint; one that a page or a mark changes is a token, whose value nobody writes."""
    state = dict(endpoint.get("state") or {})
    pagination = endpoint.get("pagination") or {}
    for name in pagination.get("next_state") or {}:
        state[name] = [Hole("token", name)]
    for name in [name for name, one in state.items() if isinstance(one, str) and "sync." in one]:
        state[name] = [Hole("start")]
    return state


def text_of(value: Any, state: Mapping[str, Any], depth: int = 0) -> Any:
    """A text with its holes; a plain one, or what is no text, stays."""
    if not isinstance(value, str) or depth > _DEEPEST:
        return value
    parts: list[Any] = []
    # Each second one is an expression.
    for place, part in enumerate(_EXPRESSION.split(value)):
        parts += _evaluated(part, state, depth) if place % 2 else [part]
    kept = [one for one in parts if one != ""]
    if kept == [None]:
        return None
    if all(isinstance(one, str) for one in kept):
        return "".join(kept)
    if len(kept) == 1 and not isinstance(kept[0], Hole):
        return kept[0]
    return [one if isinstance(one, Hole) else str(one) for one in kept]


def _evaluated(expression: str, state: Mapping[str, Any], depth: int) -> list[Any]:
    if inner := _REQUIRE.fullmatch(expression):
        return _evaluated(inner[1].strip(), state, depth)
    if literal := _LITERAL.fullmatch(expression):
        return [next(one for one in literal.groups() if one is not None)]
    if (moment := _WRITTEN.fullmatch(expression)) and _evaluated(moment[1], state, depth) == [Hole("start")]:
        return [Hole("start", moment_format(moment[2]) or "")]
    found = _NAME.fullmatch(expression)
    if found is None:
        default = _COALESCE.fullmatch(expression)
        parts = [one.strip() for one in default[1].split(",")] if default else []
        name = _NAME.fullmatch(parts[0]) if parts else None
        literal = _LITERAL.fullmatch(parts[-1]) if parts else None
        if name and name[1] in _GIVEN and (literal or _NAME.fullmatch(parts[-1])):
            default_ = next((one for one in literal.groups() if one is not None), None) if literal else None
            return [Hole("secret" if names_secret(name[2]) else "setting", name[2].lower(), default_)]
        return [Hole("unknown", f"'{quoted(expression)}'")]
    root, name_ = found[1], found[2]
    if root == "state":
        # A variable that nothing sets is null, and what takes it is not sent.
        if (value := state.get(name_)) is None:
            return [None]
        inner = text_of(value, state, depth + 1)
        return list(inner) if isinstance(inner, list) else [inner]
    if root == "sync":
        return [Hole("start")]
    # Among its secrets a spec keeps whatever its users give; a name says which of them is one.
    return [Hole("secret" if root == "auth" or names_secret(name_) else "setting", name_.lower())]


def first_start(value: Any, state: Mapping[str, Any], depth: int = 0) -> Any:
    """Where a mark begins, out of `coalesce(sync.x, <start>)`: a literal, or a time before now; None for neither."""
    found = _EXPRESSION.fullmatch(str(value).strip())
    default = _COALESCE.fullmatch(found[1]) if found else None
    if default is None or depth > _DEEPEST:
        return None
    rest = default[1].partition(",")[2].strip()
    # The last of several is the one that always says something.
    last = re.split(r",\s*(?![^()]*\))", rest)[-1].strip()
    if literal := _LITERAL.fullmatch(last):
        return next(one for one in literal.groups() if one is not None)
    if last.startswith("state."):
        return first_start(state.get(last.removeprefix("state.")), state, depth + 1)
    ago = _NOW.fullmatch(last)
    units = {"day": "d", "hour": "h", "week": "w", "month": "mo", "year": "y", "minute": "min"}
    return f"-{ago[1]}{units[ago[2]]}" if ago and ago[1] and ago[2] in units else None


def queues_of(endpoints: Mapping[str, Mapping[str, Any]]) -> dict[str, list[Filler]]:
    """Queue -> the endpoints that fill it, and with what of their records."""
    found: dict[str, list[Filler]] = {}
    for name, endpoint in endpoints.items():
        for processor in value_at(endpoint, ("response", "processors")) or []:
            output, expression = str(step_into(processor, "output")), str(step_into(processor, "expression")).strip()
            made = re.fullmatch(r"object\((.*)\)", expression)
            fields = dict(_FIELD.findall(made[1])) if made else {"": expression}
            if output.startswith("queue."):
                condition = str(step_into(processor, "if") or "")
                found.setdefault(output.removeprefix("queue."), []).append(Filler(name, fields, condition))
    return found


def of_parent(parent: Draft, expression: str) -> Hole:
    """What a queue takes of its parent: a field of the record, or the value that the parent itself was asked for."""
    found = re.fullmatch(r"(?:trim\()?(record|state)\.([\w.]+)\)?", expression.strip())
    if found and found[1] == "record":
        return Hole("parent", f"{parent.name}.{found[2]}")
    if found and found[2] in parent.raw.get("for_each", {}):
        column = f"_{found[2]}"
        renamed = [one["rename"][column] for one in parent.raw.get("steps", ()) if column in one.get("rename", {})]
        return Hole("parent", f"{parent.name}.{renamed[0] if renamed else column}")
    return Hole("unknown", f"'{quoted(expression)}'")


def values_of(over: Any, scope: SpecScope) -> list[Any]:
    """The values that stand in a spec itself, as a list or as the text of one, or in a setting; none of others."""
    if isinstance(over, str) and (named_ := _GIVEN_LIST.fullmatch(over.strip(" {}"))):
        name = named_[1].lower()
        scope.settings.asked.add(name)
        if (given := scope.settings.given.get(name)) is not None:
            return list(dict.fromkeys(one.strip() for one in given.split(",")))
        told = f"the setting '{name}' has no value; give it by --setting {name}=one,two, or write its values here"
        scope.draft.lose(told, "for_each", kind="setting")
        return [f"your-{name.replace('_', '-')}"]
    try:
        found = json.loads(over) if isinstance(over, str) else over
    except ValueError:
        return []
    is_plain = isinstance(found, list) and all(isinstance(one, (str, int)) and "{" not in str(one) for one in found)
    return list(dict.fromkeys(found)) if is_plain else []
