"""What steps do to a record: those of a file as dlt's processing steps, and all of them counted.

A row that a filter leaves out is no row that was lost.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timezone, tzinfo
from functools import partial, wraps
from types import MappingProxyType
from typing import Any

from messaging_assets.answers.formats.json_text import Unreadable, parse
from messaging_assets.description.api import Resource
from messaging_assets.description.endpoint import DELIMITED
from messaging_assets.description.parents import as_link, columns_from_parents, given_columns, is_address
from messaging_assets.description.table import INSIDE, Step, filter_path
from messaging_assets.description.ways.placeholders import filled, is_field
from messaging_assets.foundation import json_paths, moments
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.reading.evidence.sought_fields import Has, Sought, SoughtFields, found_by
from messaging_assets.reading.times.zones import name_behind, zones_of
from messaging_assets.rows.values.nested import Misfit, StepReason, text_of, value_in
from messaging_assets.rows.values.taken_apart import exploded, flattened, list_beside

Record = dict[str, Any]
# Stands for: no step was taken, neither of the file nor of Python.
AS_SENT = "none"


def functions_of(
    resource: Resource,
    asset: str,
    given: Collection[str],
    fields: SoughtFields | None = None,
    set_aside: Callable[[Record, StepReason], None] = lambda row, reason: None,
    links: Collection[str] = (),
    taken: int = 0,
) -> list[dict[str, Callable[[Record], Any]]]:
    """The resource's steps as dlt takes them, in their order.

    Args:
        resource: the resource.
        asset: the asset's name in errors.
        given: fields of the file's own doing, which `keep` keeps.
        fields: where it is noted which of the fields that they take a record has; None for nobody to know.
        set_aside: takes a record that a step cannot take, which comes to no step behind it.
        links: the fields at whose addresses children are asked for.
        taken: how many of the first steps a record has behind it.
    """
    zones, texts = zones_of(resource), {name for name, one in resource.columns.items() if one.data_type == "text"}
    every: list[dict[str, Callable[[Record], Any]]] = []
    for number, step in enumerate(resource.steps[taken:], taken + 1):
        behind = {name: name_behind(resource.steps[number:], name) for name in step.takes}
        of_fields = {name: zones[column] for name, column in behind.items() if column in zones}
        made = [name for name in step.template or () if name_behind(resource.steps[number:], name) in links]
        kind, function = _function_of(step, given, of_fields, made)
        sought = _fields_of(step, asset) if fields is not None else {}
        every.append({kind: _looking(function, fields.look_for(sought)) if fields is not None and sought else function})
        if step.parse_json or step.hash or step.template or step.explode:
            names = [name for name, column in behind.items() if not (step.parse_json and column in texts)]
            every.insert(-1, {"filter": _fits(names, step, number - 1, set_aside)})
    return every


def _looking(function: Callable[[Record], Any], look: Callable[[Record], None]) -> Callable[[Record], Any]:
    @wraps(function)
    def looks(row: Record) -> Any:
        look(row)
        return function(row)

    return looks


def _fields_of(step: Step, asset: str) -> dict[Sought, Has]:
    """How to tell whether a record has each of the fields that a step takes."""
    if step.filter:
        [(_, compared)] = json_paths.filters_in(filter_path(step.filter)) or [(None, {})]
        return found_by("filter", compared)
    if step.copy_ or step.template:
        return {(step.word, path): partial(_leads, path) for path in step.takes}
    return {(step.word, name): partial(_has, name, step.word, asset) for name in step.takes}


def _has(name: str, word: str, asset: str, row: Record) -> bool:
    if name not in row and "." in name and _leads(name, row):
        # What was to be dropped or hashed would be loaded as it is.
        raise MendDescription(
            f"the step {word} takes fields of a record and no path, and {name} stands inside another field",
            f"flatten that field in a step before, and write {name.replace('.', INSIDE)}",
            where=asset,
        )
    return name in row


def _leads(path: str, row: Record) -> bool:
    return bool(json_paths.find_values(path, row))


def texts_as_json(resource: Resource) -> list[dict[str, Callable[[Record], Any]]]:
    """The step behind those, for CSV and TSV: a text declared as json becomes the value that it says, if it does."""
    written = resource.endpoint.format
    names = [name for name, column in resource.columns.items() if column.data_type == "json"]
    if written is None or written.type not in DELIMITED or not names:
        return []
    return [{"map": lambda row: row | {name: _json_of(row[name]) for name in names if name in row}}]


def _json_of(value: Any) -> Any:
    try:
        return parse(value.encode("utf-8", "surrogateescape"), None) if isinstance(value, str) else value
    except Unreadable:
        return value


def keys_as_sent(resource: Resource, keys: tuple[str, ...]) -> tuple[str, ...]:
    """What the API itself calls the fields of a key; empty where a step makes one of them."""
    sent = list(keys)
    for step in reversed(resource.steps):
        if any(map(step.makes, sent)):
            return ()
        before = {new: old for old, new in (step.rename or {}).items()}
        sent = [before.get(name, name) for name in sent]
    return tuple(sent)


def _function_of(step: Step, *of_map: Any) -> tuple[str, Callable[[Record], Any]]:
    """A step's function, and which kind of a processing step dlt takes it for."""
    if step.filter:
        return "filter", _filter(step.filter)
    return ("yield_map", partial(exploded, step.explode)) if step.explode else ("map", _map(step, *of_map))


def _map(
    step: Step,
    given: Collection[str] = (),
    zones: Mapping[str, tzinfo] = MappingProxyType({}),
    links: Collection[str] = (),
) -> Callable[[Record], Record]:
    if step.drop:
        left_out = frozenset(step.drop)
        return lambda row: {name: value for name, value in row.items() if name not in left_out}
    if step.keep:
        kept = frozenset((*step.keep, *given))
        return lambda row: {name: value for name, value in row.items() if name in kept}
    if step.rename:
        return lambda row: _renamed(row, step.rename or {})
    if step.copy_:
        paths = step.copy_
        return lambda row: row | {name: _found(path, row) for name, path in paths.items()}
    if step.flatten:
        opened = frozenset(step.flatten)
        return lambda row: flattened(row, opened)
    if step.template:
        texts = {name: (text, is_field(text), name in links) for name, text in step.template.items()}
        return lambda row: row | {name: _made(*one, row, zones) for name, one in texts.items()}
    if step.cast:
        formats = [(name, way, zones.get(name, timezone.utc)) for name, way in step.cast.items()]
        return lambda row: row | {name: _moment(row[name], way, zone) for name, way, zone in formats if name in row}
    if step.parse_json:
        read = frozenset(step.parse_json)
        return lambda row: {name: _read(value) if name in read else value for name, value in row.items()}
    if step.hash:
        hidden = frozenset(step.hash)
        return lambda row: {name: _digest(value) if name in hidden else value for name, value in row.items()}
    constant = dict(step.constant or {})
    return lambda row: row | constant


def _fits(
    names: Sequence[str], step: Step, taken: int, set_aside: Callable[[Record, StepReason], None]
) -> Callable[[Record], bool]:
    """Whether a record is one that a step can take, by its texts, values or lists; else it is set aside."""
    look, why = _looks_at(step)

    def fits(row: Record) -> bool:
        for name in names:
            try:
                look(name, row)
            except Misfit as misfit:
                set_aside(row, StepReason(f"{name}: {misfit}", taken))
                return False
        return True

    fits.sets_aside = f"a field of it {why}"  # type: ignore[attr-defined]
    return fits


def _looks_at(step: Step) -> tuple[Callable[[str, Record], Any], str]:
    """What raises Misfit where a step cannot take a field of a record, and what is wrong with the field then."""
    if step.explode:
        return partial(list_beside, step.explode), "is no list, or not as long as the one beside it"
    if step.parse_json:
        return lambda name, row: value_in(row.get(name)), "is a text that is no JSON"
    found = _found if step.template else lambda name, row: row.get(name)
    return lambda name, row: text_of(found(name, row)), "holds what no text can, such as a NUL character"


def _read(value: Any) -> Any:
    try:
        return value_in(value)
    except Misfit:
        return value


def _renamed(row: Record, names: dict[str, str]) -> Record:
    names = {old: new for old, new in names.items() if old in row}
    # A field that is there already stays, and so does the one that would take its place, and whatever would take that.
    while stay := [old for old, new in names.items() if new in row.keys() - names.keys()]:
        names = {old: new for old, new in names.items() if old not in stay}
    return {names.get(name, name): value for name, value in row.items()}


def _filter(comparison: str | None) -> Callable[[Record], bool]:
    path = filter_path(comparison or "")
    return lambda row: bool(json_paths.find_values(path, [row]))


def _found(path: str | list[str], row: Record) -> Any:
    if not isinstance(path, str):
        return next((found for one in path if (found := _found(one, row)) not in (None, "", [])), None)
    return json_paths.find_values(path, row) if "[*]" in path else json_paths.first_value(path, row)


def _made(text: str, is_one_field: bool, is_link: bool, row: Record, zones: Mapping[str, tzinfo]) -> Any:
    """What a template makes of a record: one field alone stays what it is."""
    values: list[Any] = []
    shown: list[str] = []

    def taken(path: str, way: str) -> str:
        value, zone = _found(path, row), zones.get(path, timezone.utc)
        # What is no moment stays as it is.
        if way and (seconds := moments.moment_of(value, zone=zone)) is not None:
            value = moments.written(seconds, way, zone)
        values.append(value)
        shown.append("" if value is None else text_of(value))
        return shown[-1]

    made = filled(text, taken)
    if is_one_field:
        return values[0]
    if values and all(one is None for one in values):
        return None
    return as_link(text, shown) if is_link and is_address(made) else made


def _moment(value: Any, way: str, zone: tzinfo) -> Any:
    """A value as a moment in ISO 8601; one that is not written so stays as it is."""
    number = moments.number_of(value)
    if way not in moments.EPOCHS:
        seconds = moments.moment_of(value, way, zone)
    else:
        seconds = number.scaleb(-moments.EPOCHS[way]) if number is not None else None
    try:
        return value if seconds is None else moments.written(seconds, "iso")
    except (OverflowError, ValueError):
        return value


def _digest(value: Any) -> str | None:
    return None if value is None else hashlib.sha256(text_of(value).encode("utf-8", "surrogatepass")).hexdigest()


def mark_of(resource: Resource, taken: int | None = None) -> str:
    """What stands for the first steps of a resource in the rejected table; without a number for all of them."""
    steps = [one.model_dump(mode="json", by_alias=True, exclude_unset=True) for one in resource.steps[:taken]]
    return hashlib.sha256(json.dumps(steps, sort_keys=True).encode()).hexdigest()[:16]


def missed_steps(mark: str | None, resource: Resource, asset: str) -> list[dict[str, Callable[[Record], Any]]] | None:
    """The steps that a record of that mark lacks, as dlt takes them; None where it cannot be taken through them here.

    Args:
        mark: the record's; None for one of a release that wrote none, which is taken as it is.
        resource: the resource, as the file has it now.
        asset: the asset's name in errors.
    """
    if mark is None or mark == mark_of(resource):
        return []
    if mark == AS_SENT:
        # Neither what comes from above nor the functions of Python are here.
        is_known = not (resource.processing_steps or columns_from_parents(resource))
        every = functions_of(resource, asset, given_columns(resource))
        return [*every, *texts_as_json(resource)] if is_known else None
    places = (number for number in range(len(resource.steps)) if mark_of(resource, number) == mark)
    taken = None if resource.processing_steps else next(places, None)
    return None if taken is None else functions_of(resource, asset, given_columns(resource), taken=taken)
