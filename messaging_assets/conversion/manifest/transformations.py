"""Transformations of a manifest -> the steps of a resource."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from messaging_assets.conversion.components.expressions import pieces_of, single
from messaging_assets.conversion.components.parts import Part
from messaging_assets.conversion.components.values import Ref, Unknown
from messaging_assets.conversion.manifest.scope import Scope, is_nowhere
from messaging_assets.conversion.texts import Hole, doubled, missing, only, quoted
from messaging_assets.description.table import INSIDE
from messaging_assets.foundation.json_paths import quoted_path

_STEPS = ("steps",)
# A list of one field of each element.
_LIST = re.compile(
    r"\{%-?\s*set (?P<made>\w+) = \[\]\s*-?%\}\s*"
    r"\{%-?\s*for (?P<each>\w+) in \(?record(?:\.get\(|\[)'(?P<list>\w+)'(?:, *\[\])?[)\]](?: or \[\]\))?:?\s*-?%\}\s*"
    r"\{%-?\s*set _ = (?P=made)\.append\((?P=each)(?:\.get\(|\[)'(?P<field>\w+)'[)\]]\)\s*-?%\}\s*"
    r"\{%-?\s*endfor\s*-?%\}\s*\{\{-?\s*(?P=made)\s*-?\}\}"
)


def add_transformations(scope: Scope, stream: Part) -> None:
    """Say what is done to each record; what goes out of an object does so last, as other fields may take it before."""
    inside: list[list[str]] = []
    for part in stream.parts("transformations"):
        if part.kind == "RemoveFields" and _takes_out_nothing(part):
            scope.draft.ask(
                "fields without a value are left out of the records there; here they stay; is that right?", *_STEPS
            )
        elif part["condition"] and "".join(str(part["condition"]).split()) != "{{valueisnotnone}}":
            scope.draft.lose(f"{part.shown} under a condition is left out; steps have none", *_STEPS)
        elif part.kind == "AddFields":
            for field in part.parts("fields"):
                _add_field(scope, field)
        elif part.kind == "RemoveFields":
            inside += _remove_fields(scope, part)
        elif part.kind == "DpathFlattenFields" and (held := _only_step(part)):
            _flatten(scope, held, part)
        elif part.kind not in ("KeysToSnakeCase", "KeysToLower"):
            # Names in the table are in snake case anyway.
            scope.draft.lose(f"its records are changed by {part.shown}, which is left out", *_STEPS)
    if inside:
        holders = list(dict.fromkeys(one[0] for one in inside))
        steps = scope.draft.raw.setdefault("steps", [])
        steps += [{"flatten": holders}, {"drop": ["__".join(one) for one in inside]}]
        told = f"fields inside {', '.join(holders)} are taken out, so the others there are columns of their own"
        scope.draft.ask(f"{told}, such as {holders[0]}__name; is that right?", *_STEPS)


def _only_step(part: Part) -> str | None:
    """The one field whose object is taken apart, where its fields stay beside the others."""
    path = part["field_path"] if isinstance(part["field_path"], list) else []
    return str(path[0]) if len(path) == 1 and path[0] != "*" and not part["replace_record"] else None


def _flatten(scope: Scope, held: str, part: Part) -> None:
    scope.draft.raw.setdefault("steps", []).append({"flatten": [held]})
    prefix = (part.part("key_transformation") or part)["prefix"] or ""
    stays = "" if part["delete_origin_value"] is True else f", and {held} stays as it is, too"
    told = f"what {held} holds is columns such as {held}{INSIDE}name here; there it is {prefix}name{stays}"
    scope.draft.ask(f"{told}; is that right?", *_STEPS)


def _add_field(scope: Scope, field: Part) -> None:
    path = field["path"] if isinstance(field["path"], list) else [field["path"]]
    name = INSIDE.join(map(str, path))
    losses = len(scope.draft.losses)
    _add_named(scope, name, field)
    if len(path) > 1 and losses == len(scope.draft.losses):
        told = f"the field {path[-1]} inside {'.'.join(map(str, path[:-1]))} is a column of its own, {name}"
        scope.draft.ask(f"{told}; is that right?", *_STEPS)


def _add_named(scope: Scope, name: str, field: Part) -> None:
    written = _unquoted(field["value"])
    found = single(written, field.parameters)
    if isinstance(found, Ref) and found.other and (several := _first_of(scope, found, field)):
        scope.draft.step("copy", **{name: several})
        return
    if isinstance(found, Ref) and _add_reference(scope, name, written, found, field):
        return
    if isinstance(found, Ref) and is_nowhere(scope, found):
        # The manifest's own reader makes an empty field of it.
        told = f"the field {name} takes '{found.name}', which nothing in the manifest is called; it is left out"
        scope.draft.ask(told, *_STEPS)
        return
    if isinstance(found, Ref) and found.root == "now" and not found.days:
        told = f"the field {name} is the time of asking, which each row has as _dlt_load_id (seconds since 1970)"
        scope.draft.ask(f"{told}; is that enough?", *_STEPS)
        return
    if (found is None or isinstance(found, (str, int, float, bool))) and found != "":
        scope.draft.step("constant", **{name: scope.field(found, field, in_json=True)})
        return
    if of := _LIST.fullmatch(str(written).strip()):
        scope.draft.step("copy", **{name: f"{quoted_path(of['list'])}[*].{quoted_path(of['field'])}"})
        return
    if template := _template(scope, written, field):
        scope.draft.step("template", **{name: template})
        return
    words = quoted(written)
    scope.draft.lose(f"the field {name}, made by {words}, is left out; write it as a step", *_STEPS)


def _unquoted(value: Any) -> Any:
    """A text without the quotes around it, which their reader takes off."""
    is_quoted = isinstance(value, str) and value[:1] in ("'", '"') and value[:1] == value[-1:] and "{{" in value
    return value[1:-1] if is_quoted else value


def _add_reference(scope: Scope, name: str, written: Any, found: Ref, field: Part) -> bool:
    if found.root == "record" and found.path and found.is_plain:
        if found.name != name:
            scope.draft.step("copy", **{name: quoted_path(*found.path)})
        if found.default not in (None, ""):
            told = f"the field {name}, made by {quoted(written)}, is null where nothing is there; is that right?"
            scope.draft.ask(told, *_STEPS)
        return True
    text = scope.text(written, field)
    if isinstance(text, str):
        scope.draft.step("constant", **{name: text})
        return True
    hole = only(text)
    return isinstance(hole, Hole) and _add_hole(scope, name, hole)


def _add_hole(scope: Scope, name: str, hole: Hole) -> bool:
    """A field of what a request was asked with: of a parent, one of several values, a window, a setting."""
    if hole.kind == "parent":
        scope.draft.take_from_parent(hole.name, name, scope.has_several)
    elif hole.kind == "each":
        if name != f"_{hole.name}":
            scope.draft.put(f"_{hole.name}", name)
    elif hole.kind in ("start", "end"):
        way = f":{hole.name}" if hole.name else ""
        shared = scope.draft.endpoint.setdefault("include_from_request", {})
        shared[name] = f"{{incremental.{hole.kind}_value{way}}}"
    elif hole.kind == "setting":
        value = scope.settings.value(hole.name, hole.default)
        if value is None:
            scope.draft.lose(f"the field {name} is left out: {missing(hole.name)}", *_STEPS, kind="setting")
        else:
            scope.draft.step("constant", **{name: value})
    else:
        return False
    return True


def _first_of(scope: Scope, found: Ref, field: Part) -> list[str] | None:
    """The paths of several fields, of which the first that has a value counts; None where one is no field of a row."""
    paths: list[str] = []
    one: Ref | None = found
    while one is not None:
        path = _path_of(scope, replace(one, other=None), field)
        if path is None:
            return None
        paths.append(path)
        one = one.other
    return paths


def _path_of(scope: Scope, one: Ref, field: Part) -> str | None:
    """Where a row has what a reference takes of its record or of its parent."""
    if one.root == "record":
        return quoted_path(*one.path) if one.path and one.is_plain and one.default in (None, "") else None
    hole = only(scope.text("{{ " + f"{one.root}['{one.name}']" + " }}", field)) if one.is_plain else None
    return scope.draft.taken_from_parent(hole.name, scope.has_several) if hole and hole.kind == "parent" else None


def _template(scope: Scope, written: Any, field: Part) -> str | None:
    """A text of several fields as `template` has it; None where it takes anything else."""
    text = ""
    for piece in pieces_of(written, field.parameters) if isinstance(written, str) else ():
        if isinstance(piece, str):
            text += doubled(piece)
            continue
        if isinstance(piece, Unknown) or not replace(piece, format=None).is_plain or piece.default not in (None, ""):
            return None
        path, way = piece.path, {"%s": "epoch_seconds", "%ms": "epoch_ms"}.get(piece.format or "", piece.format or "")
        if piece.root != "record":
            hole = only(scope.text("{{ " + f"{piece.root}['{piece.name}']" + " }}", field))
            if hole is None or hole.kind != "parent":
                return None
            path = (scope.draft.taken_from_parent(hole.name, scope.has_several),)
        shown = quoted_path(*path)
        if not path or set(shown) & set("{}:!") or set(way) & set("{}"):
            return None
        text += f"{{{shown}:{way}}}" if way else f"{{{shown}}}"
    return text or None


def _takes_out_nothing(part: Part) -> bool:
    """Whether it takes out empty texts and nulls alone, which say as much where they stay."""
    written = "".join(str(part["condition"] or "").replace('"', "'").split()).strip("{}")
    return written in ("property|string==''", "propertyisnone", "property==none", "notproperty|string")


def _remove_fields(scope: Scope, part: Part) -> list[list[str]]:
    """Leave out fields of records; the paths of those inside an object, which go out last."""
    flat: list[str] = []
    inside: list[list[str]] = []
    for pointer in part["field_pointers"] or []:
        path = [str(one) for one in pointer] if isinstance(pointer, list) else []
        if not path or "*" in "".join(path):
            shown = ".".join(path) or str(pointer)
            scope.draft.lose(f"the field {shown} inside a record is not taken out; it stays in its column", *_STEPS)
        elif len(path) == 1:
            flat += path
        else:
            inside.append(path)
    if flat:
        scope.draft.raw.setdefault("steps", []).append({"drop": flat})
    return inside
