"""Which list of an API document gives the values that another one's path and parameters need."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from urllib.parse import quote

from messaging_assets.description.names import identifier
from messaging_assets.discovery.live.paging_signs import is_paging
from messaging_assets.discovery.openapi.document import Operation, schema_type
from messaging_assets.discovery.openapi.schema import ListShape

_GENERIC = frozenset({"id", "uuid", "key", "name", "slug", "code", "number"})
PLACEHOLDER = re.compile(r"\{([^{}]+)\}")


@dataclass
class ListEndpoint:
    """A list endpoint on its way to a resource.

    Args:
        name: the resource's name.
        keys: the fields that seem to be its records' key.
        sensitive: why nobody should see the values of some columns, by name.
        bindings: field of the parent's record by placeholder or required parameter.
        given: values of placeholders and parameters that the user named.
    """

    name: str
    operation: Operation
    shape: ListShape
    columns: dict[str, dict[str, Any]]
    keys: tuple[str, ...] = ()
    sensitive: Mapping[str, str] = field(default_factory=dict)
    parent: ListEndpoint | None = None
    bindings: dict[str, str] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)


def bind(lists: Sequence[ListEndpoint], unmapped: list[str]) -> list[ListEndpoint]:
    """Find a parent for each placeholder and required parameter; a list that lacks one is told and left out."""
    usable = []
    for one in lists:
        wanted = [name for name in PLACEHOLDER.findall(one.operation.bare_path) if name not in one.given]
        open_params = [
            parameter.name
            for place in ("query", "header")
            for parameter in one.operation.of(place)
            if parameter.required
            and parameter.value is None
            and parameter.name not in one.given
            and not is_paging(parameter.name)
            and not parameter.is_credential
        ]
        missing = _find_parent(one, [*wanted, *open_params], lists)
        if missing:
            unmapped.append(
                f"GET {one.operation.path}: no list gives a value for {', '.join(missing)}; name it with "
                f"{' '.join(f'--param {name}=...' for name in missing)}, or add the resource by hand"
                f"{_choices(one, missing)}"
            )
        else:
            usable.append(one)
    rest = [one for one in usable if _rests_on(one, usable)]
    unmapped += [
        f"GET {one.operation.path}: {one.parent.name}, whose records it needs, is not in this file"
        for one in usable
        if one.parent is not None and one not in rest
    ]
    return rest


def _choices(one: ListEndpoint, missing: Sequence[str]) -> str:
    """The values that the document allows or shows, for whoever has to choose one."""
    told = [
        f"{parameter.name} is one of {', '.join(map(str, allowed[:10]))}"
        for parameter in one.operation.parameters
        if parameter.name in missing and (allowed := parameter.schema.get("enum"))
    ]
    return f" ({'; '.join(told)}; for_each asks for several)" if told else ""


def _find_parent(one: ListEndpoint, wanted: Sequence[str], lists: Sequence[ListEndpoint]) -> list[str]:
    """Bind a list to the parent whose records have all that its request needs; returns what none has."""
    missing = list(wanted)
    if not wanted:
        return []
    for parent in _parents_of(one, wanted, lists):
        bindings = {name: found for name in wanted if (found := _field_for(name, one, parent))}
        # One field is not two things: the id of a repository is not its owner too.
        shared = [name for name, found in bindings.items() if list(bindings.values()).count(found) > 1]
        bindings = {name: found for name, found in bindings.items() if name not in shared}
        if len(bindings) == len(set(wanted)):
            one.parent, one.bindings = parent, bindings
            return []
        lacking = [name for name in wanted if name not in bindings]
        missing = min(missing, lacking, key=len)
    return missing


def _parents_of(one: ListEndpoint, wanted: Sequence[str], lists: Sequence[ListEndpoint]) -> list[ListEndpoint]:
    """Lists that may be the parent: the longest path that this one's begins with first, then by name."""
    path = one.operation.bare_path
    others = [other for other in lists if other is not one and not _descends_from(other, one)]
    # One document may name a placeholder differently in two paths.
    above = [other for other in others if _shape(path).startswith(_shape(other.operation.bare_path).rstrip("/") + "/{")]
    if above:
        return sorted(above, key=lambda other: -len(other.operation.path))
    stems = {_stem(name) for name in wanted}
    named = [other for other in others if _is_list_of(stems, other.operation.bare_path)]
    parts = path.split("/")
    before = {left for left, right in pairwise(parts) if "{" in right}
    named += [other for other in others if other.operation.bare_path.rpartition("/")[2] in before]
    named.sort(key=lambda other: other.operation.path.count("{"))
    return list({id(other): other for other in named}.values())


def _is_list_of(stems: set[str], path: str) -> bool:
    """Whether a path ends in the plural of one of them; a singular there is what the list belongs to."""
    last = path.rstrip("/").rpartition("/")[2]
    return singular(last) in stems and singular(last) != identifier(last)


def _shape(path: str) -> str:
    return PLACEHOLDER.sub("{}", path)


def _descends_from(one: ListEndpoint, ancestor: ListEndpoint) -> bool:
    while one.parent is not None:
        one = one.parent
        if one is ancestor:
            return True
    return False


def _rests_on(one: ListEndpoint, usable: Sequence[ListEndpoint]) -> bool:
    return one.parent is None or (one.parent in usable and _rests_on(one.parent, usable))


def _stem(name: str) -> str:
    """What a placeholder is about: `user` of user_id, userId, user-key or user."""
    return re.sub(r"_(id|ids|sid|uuid|key|name|slug|code|number)$", "", identifier(name))


def singular(name: str) -> str:
    """A plural noun's singular, as far as two endings go."""
    plain = identifier(name) if name.strip() else ""
    return re.sub(r"ies$", "y", plain) if plain.endswith("ies") else plain.removesuffix("s")


def _noun(name: str, one: ListEndpoint) -> str:
    """What a placeholder is about: the fixed part of the path before it, `queue` for both of /queues/{vhost}/{name}."""
    noun = ""
    for part in one.operation.bare_path.split("/"):
        if part == f"{{{name}}}":
            return noun
        noun = noun if "{" in part else singular(part)
    return _stem(name)


def _field_for(name: str, one: ListEndpoint, parent: ListEndpoint) -> str | None:
    """The field of a parent's records that a placeholder means; None where none does.

    A placeholder about something else than the parent, such as its own parent, is taken from a field only that
    says so in its name: an `id` would be the wrong one.
    """
    noun = _noun(name, one)
    of_parent = singular(parent.operation.bare_path.rstrip("/").rpartition("/")[2])
    if noun == of_parent or _stem(name) == of_parent:
        found = field_named(name, parent.columns, of_parent)
        return parent.keys[0] if found is None and _may_be_key(name, one, parent) else found
    telling = [name] if _stem(name) != identifier(name) or identifier(name) not in _GENERIC else []
    return next(
        (found for word in (*telling, f"{noun}_{name}") if (found := field_named(word, parent.columns, ""))), None
    )


def _may_be_key(name: str, one: ListEndpoint, parent: ListEndpoint) -> bool:
    """Whether a placeholder that no field is named like can be the parent's key, as far as the types tell."""
    if len(parent.keys) != 1:
        return False
    kind = next((schema_type(each.schema) for each in one.operation.parameters if each.name == name), None)
    is_number = parent.columns[parent.keys[0]]["data_type"] != "text"
    # A number may well be declared as text; what is called a user's name is no number all the same.
    return kind in (None, "integer" if is_number else "string") or (
        is_number and kind == "string" and re.search(r"(id|key|number)$", identifier(name)) is not None
    )


def field_named(name: str, columns: Mapping[str, Any], noun: str) -> str | None:
    """The field that a placeholder names, in any spelling, with or without the noun before it; None for none."""
    fields = {identifier(one): one for one in columns}
    plain = identifier(name)
    for candidate in (plain, plain.removeprefix(f"{noun}_")):
        if candidate in fields and columns[fields[candidate]]["data_type"] in ("text", "bigint"):
            return fields[candidate]
    return None


def keys_from_paths(path: str, columns: Mapping[str, Any], noun: str, paths: Sequence[str]) -> tuple[str, ...]:
    """The key that a path to one record names: /queues/{vhost}/{name} below the list /queues; empty for none."""
    for other in paths:
        parts = path.rstrip("/").split("/")
        is_below = _shape(other).startswith(_shape(path).rstrip("/") + "/{")
        rest = "/" + "/".join(other.split("/")[len(parts) :]) if is_below else ""
        if re.fullmatch(r"(/\{[^{}/]+\})+", rest):
            fields = [field_named(name, columns, noun) for name in PLACEHOLDER.findall(rest)]
            if all(fields):
                return tuple(one for one in fields if one)
    return ()


def bound_path(one: ListEndpoint) -> str:
    """The path, with given values and the parent's fields for its placeholders."""

    def value(found: re.Match[str]) -> str:
        if one.parent is None or found[1] in one.given:
            return quote(one.given[found[1]], safe="")
        return f"{{resources.{one.parent.name}.{one.bindings[found[1]]}}}"

    # No address has a blank; a field's name may have one.
    return re.sub(r" (?![^{}]*\})", "%20", PLACEHOLDER.sub(value, one.operation.path))


def bound_params(one: ListEndpoint, place: str) -> dict[str, Any]:
    """Values of the parameters: what the user gave, and of required ones what the parent or the document has."""
    values = {}
    for parameter in one.operation.of(place):
        if parameter.is_credential:
            continue
        if parameter.name in one.given:
            values[parameter.name] = one.given[parameter.name]
        elif parameter.required and parameter.name in one.bindings and one.parent:
            values[parameter.name] = f"{{resources.{one.parent.name}.{one.bindings[parameter.name]}}}"
        elif parameter.required and parameter.value is not None:
            values[parameter.name] = parameter.value
    return values
