"""Partition routers of a manifest -> the parents' records, and the values, that a resource is asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from messaging_assets.conversion.manifest.expressions import single
from messaging_assets.conversion.manifest.parts import Part, target_of
from messaging_assets.conversion.manifest.scope import Scope
from messaging_assets.conversion.texts import only
from messaging_assets.discovery.found import plain_name
from messaging_assets.foundation.json_paths import quoted_path

_NONE = ("SinglePartitionRouter", "SingleSlice", "DatetimeStreamSlicer")
_PATH = ("endpoint", "path")
# The name of our resource for a stream of the manifest, which it makes where there is none yet; None where it cannot.
NameOf: TypeAlias = Callable[[Part], "str | None"]


def add_partitions(scope: Scope, retriever: Part, name_of: NameOf) -> None:
    """Say which parents' records, and which values, the stream is asked for; a stream that no word says is given up."""
    routers = list(_routers(retriever))
    parents = [one for router in routers for one in router.parts("parent_stream_configs")]
    scope.has_several = len(parents) > 1
    for router in routers:
        if router.kind == "ListPartitionRouter":
            _add_values(scope, router)
        elif router.is_custom or router.kind != "SubstreamPartitionRouter":
            scope.draft.give_up(f"what it is read for is made by {router.shown}; write it by hand, see for_each")
        elif len(own := list(router.parts("parent_stream_configs"))) != 1:
            words = f"it is read for the records of {len(own)} parents in turn; write a union of them"
            scope.draft.give_up(words)
        else:
            _add_parent(scope, own[0], name_of)


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
            scope.draft.lose(f"{told}, or write its values here", "for_each", kind="setting")
            return [f"your-{plain_name(hole.name, 'value')}", f"your-other-{plain_name(hole.name, 'value')}"]
    found = single(values, router.parameters) if isinstance(values, str) else values
    return list(dict.fromkeys(found)) if isinstance(found, list) and all(map(_is_plain, found)) else []


def _is_plain(value: Any) -> bool:
    return isinstance(value, (str, int)) and "{{" not in str(value)


def _add_parent(scope: Scope, parent: Part, name_of: NameOf) -> None:
    stream = parent.part("stream")
    key = scope.written(parent["parent_key"], parent, *_PATH, is_doubled=False)
    field = scope.written(parent["partition_field"], parent, *_PATH, is_doubled=False)
    name = name_of(stream) if stream else None
    if not name or not key or not field:
        scope.draft.give_up("its parent, or the parent's key, is made by an expression, or is not in the file")
        return
    path = quoted_path(*str(key).replace("/", ".").split("."))
    scope.parents[str(field)] = f"{name}.{path}"
    extra = parent["extra_fields"]
    for steps in extra if isinstance(extra, list) else ():
        if isinstance(steps, list) and steps:
            scope.parents.setdefault(str(steps[-1]), f"{name}.{quoted_path(*map(str, steps))}")
    _inject(scope, parent.part("request_option"), f"{{resources.{name}.{path}}}")
    if parent["incremental_dependency"]:
        cursor = next(iter(stream.parts("incremental_sync")), None) if stream else None
        changes = single(cursor["cursor_field"], cursor.parameters) if cursor else None
        # A parent's own cursor tells that it changed; without one, whatever its record says does.
        plain = quoted_path(*changes.split(".")) if isinstance(changes, str) and not scope.has_several else None
        scope.draft.raw["only_changed_parents"] = plain or True
    if parent["lazy_read_pointer"]:
        scope.draft.ask("it takes its first rows out of the parent's record; here it asks for them")


def _inject(scope: Scope, option: Part | None, value: str) -> None:
    if target := target_of(option):
        scope.draft.send(*target, value)
