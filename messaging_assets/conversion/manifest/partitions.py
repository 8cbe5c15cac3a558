"""Partition routers of a manifest -> the parents' records, and the values, that a resource is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from messaging_assets.conversion.components.expressions import settings_of, single
from messaging_assets.conversion.components.parts import Part, target_of, whole_stream
from messaging_assets.conversion.components.values import Unknown
from messaging_assets.conversion.manifest.scope import Scope
from messaging_assets.conversion.texts import only
from messaging_assets.discovery.found import plain_name
from messaging_assets.foundation.json_paths import quoted_path

_NONE = ("SinglePartitionRouter", "SingleSlice", "DatetimeStreamSlicer")
_PATH = ("endpoint", "path")
_OF_PARENTS = ("SubstreamPartitionRouter", "UnionPartitionRouter")


class Parents(Protocol):
    """The resources of a manifest's streams."""

    def parent(self, stream: Part) -> Scope | None:
        """The scope of a parent's resource, which is made where there is none yet; None where it cannot be one."""

    def union(self, parents: Sequence[Scope]) -> str:
        """The name of the resource that has the records of several parents."""


def add_partitions(scope: Scope, retriever: Part, resources: Parents, cursor: Part | None = None) -> None:
    """Say which parents' records, and which values, the stream is asked for; a stream that no word says is given up.

    Args:
        scope: of the stream.
        retriever: which has the routers.
        resources: where parents are found.
        cursor: which may have parents too.
    """
    routers = list(_routers(retriever))
    if cursor is not None and cursor["parent_stream_configs"]:
        configs = {"type": "SubstreamPartitionRouter", "parent_stream_configs": cursor["parent_stream_configs"]}
        routers.append(Part(configs, cursor.parameters))
    scope.has_several = sum(router.kind in _OF_PARENTS for router in routers) > 1
    for router in routers:
        if router.kind == "ListPartitionRouter":
            _add_values(scope, router)
        elif router.is_custom or not (own := _parents_of(router)):
            scope.draft.give_up(f"what it is read for is made by {router.shown}; write it by hand, see for_each")
        elif len(own) > 1:
            _add_union(scope, own, resources, router.kind)
        else:
            _add_parent(scope, own[0], resources)


def _routers(retriever: Part) -> Iterator[Part]:
    """The routers of a stream, each with each: a product may be written as one, and a group is a matter of speed."""
    for word in ("partition_router", "stream_slicer"):
        for router in retriever.parts(word):
            if router.kind == "CartesianProductStreamSlicer":
                yield from router.parts("stream_slicers")
            elif router.kind == "GroupingPartitionRouter" and (inner := router.part("underlying_partition_router")):
                yield inner
            elif router.kind not in _NONE:
                yield router


def _parents_of(router: Part) -> list[Part]:
    """The parents that a router takes in turn; none where it takes anything else."""
    if router.kind == "SubstreamPartitionRouter":
        return list(router.parts("parent_stream_configs"))
    several = list(router.parts("partition_routers")) if router.kind == "UnionPartitionRouter" else []
    if not all(one.kind == "SubstreamPartitionRouter" for one in several):
        return []
    return [parent for one in several for parent in one.parts("parent_stream_configs")]


def _add_values(scope: Scope, router: Part) -> None:
    values = _values(scope, router)
    field = single(router["cursor_field"], router.parameters)
    if not values or not isinstance(field, str):
        scope.draft.give_up(f"the values of '{router['cursor_field']}' that it is read for are made by an expression")
        return
    if len(values) == 1:
        # A list of one value is a constant of the request.
        scope.constants[field] = values[0]
        _inject(scope, router.part("request_option"), str(values[0]))
        return
    name = re.sub(r"[^a-z0-9_]", "_", plain_name(field, "value").lower())
    scope.each[field] = name
    scope.draft.raw.setdefault("for_each", {})[name] = values
    _inject(scope, router.part("request_option"), f"{{for_each.{name}}}")


def _values(scope: Scope, router: Part) -> list[Any]:
    """The values of a list, which may be a setting's own."""
    values = router["values"]
    hole = only(scope.text(values, router))
    if hole is not None and hole.kind == "setting":
        scope.settings.asked.add(hole.name)
        given = scope.settings.given.get(hole.name)
        values = scope.settings.defaults.get(hole.name, hole.default) if given is None else given.split(",")
        if values is None:
            told = f"the setting '{hole.name}' has no value; give it by --setting {hole.name}=one,two"
            return _unknown_values(scope, f"{told}, or write its values here", hole.name)
    found = single(values, router.parameters) if isinstance(values, str) else values
    if isinstance(found, Unknown) and (names := settings_of(values)):
        told = f"its values are made of the setting {' and '.join(names)} by an expression; write them here"
        return _unknown_values(scope, told, str(router["cursor_field"]))
    are_plain = isinstance(found, list) and all(isinstance(one, (str, int)) and "{{" not in str(one) for one in found)
    return list(dict.fromkeys(found)) if are_plain else []


def _unknown_values(scope: Scope, told: str, name: str) -> list[Any]:
    scope.draft.lose(told, "for_each", kind="setting")
    return [f"your-{plain_name(name, 'value')}", f"your-other-{plain_name(name, 'value')}"]


def _add_union(scope: Scope, parents: list[Part], resources: Parents, kind: str) -> None:
    """Several parents in turn: a union of them, in which each has the field under one name."""
    found = [_key_of(scope, one, resources) for one in parents]
    if None in found:
        scope.draft.give_up("one of its parents, or a parent's key, is made by an expression, or is not in the file")
        return
    keys = [one for one in found if one is not None]
    fields, paths = {field for _, _, field in keys}, {path for _, path, _ in keys}
    options = {repr(one.own.get("request_option")) for one in parents}
    extras = {repr(one["extra_fields"]) for one in parents}
    if len(fields) > 1 or len(options) > 1 or len(extras) > 1:
        scope.draft.give_up(f"it is read for the records of {len(keys)} parents in turn; write a union of them")
        return
    [field] = fields
    name = resources.union([one for one, _, _ in keys])
    if len(paths) > 1:
        for parent, path, _ in keys:
            parent.draft.step("copy", **{field: path})
    path = paths.pop() if len(paths) == 1 else quoted_path(field)
    scope.parents[field] = f"{name}.{path}"
    _name_extras(scope, parents[0], name)
    _inject(scope, parents[0].part("request_option"), f"{{resources.{name}.{path}}}")
    if kind == "UnionPartitionRouter":
        scope.draft.ask("a value that two of its parents have is asked for twice; has the resource a primary_key?")


def _key_of(scope: Scope, parent: Part, resources: Parents) -> tuple[Scope, str, str] | None:
    """A parent's scope, the path of its key, and what the stream calls that; None where one is not known."""
    stream = parent.part("stream")
    key = scope.written(parent["parent_key"], parent, *_PATH, is_doubled=False)
    field = scope.written(parent["partition_field"], parent, *_PATH, is_doubled=False)
    above = resources.parent(stream) if stream else None
    if not above or not key or not field:
        return None
    return above, quoted_path(*str(key).replace("/", ".").split(".")), str(field)


def _add_parent(scope: Scope, parent: Part, resources: Parents) -> None:
    stream = parent.part("stream")
    found = _key_of(scope, parent, resources)
    if found is None:
        scope.draft.give_up("its parent, or the parent's key, is made by an expression, or is not in the file")
        return
    above, path, field = found
    name = above.draft.name
    if own := [one for one in _names(above) if one in _names(scope)]:
        scope.draft.ask(f"a record of {name} goes with its own of {own[0]} alone; there each goes with each", *_PATH)
    scope.above = scope.above or above
    scope.parents[field] = f"{name}.{path}"
    _name_extras(scope, parent, name)
    _inject(scope, parent.part("request_option"), f"{{resources.{name}.{path}}}")
    if parent["incremental_dependency"]:
        cursor = next(iter(whole_stream(stream).parts("incremental_sync")), None) if stream else None
        changes = single(cursor["cursor_field"], cursor.parameters) if cursor else None
        # A parent's own cursor tells that it changed; without one, whatever its record says does.
        plain = quoted_path(*changes.split(".")) if isinstance(changes, str) and not scope.has_several else None
        scope.draft.raw["only_changed_parents"] = plain or True
    if parent["lazy_read_pointer"]:
        scope.draft.ask("it takes its first rows out of the parent's record; here it asks for them")


def _names(scope: Scope) -> list[str]:
    """The names of a stream's parents."""
    return [place.partition(".")[0] for place in scope.parents.values()]


def _name_extras(scope: Scope, parent: Part, name: str) -> None:
    """Name the fields of a parent's record that its children take beside its key."""
    extra = parent["extra_fields"]
    for steps in extra if isinstance(extra, list) else ():
        if isinstance(steps, list) and steps:
            for shown in (str(steps[-1]), ".".join(map(str, steps))):
                scope.parents.setdefault(shown, f"{name}.{quoted_path(*map(str, steps))}")


def _inject(scope: Scope, option: Part | None, value: str) -> None:
    if target := target_of(option):
        scope.draft.send(*target, value)
