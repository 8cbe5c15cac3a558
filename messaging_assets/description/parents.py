"""Children and parents: resources whose requests take fields of other resources' records, or values of the file.

So what is marked `sensitive` in a parent is so in its children.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any
from urllib.parse import quote

from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.description.names import identifier
from messaging_assets.description.ways.placeholders import MOMENT_FORMAT, filled

# Under this header a child's requests carry their list's name, as far as the paginator; it never leaves.
LIST_HEADER = "X-Messaging-Assets-List"
# Under these names a parent's record carries its list's name, and the records above it.
LIST, LINE = "__list__", "__line__"
# What dlt takes for the one parent of a child that has several, or values of the file, and what holds those values.
PARENTS, VALUES = "__parents__", "__values__"
# Under which name a record of a union says which resource it is of.
RESOURCE = "resource"
# The cursor's values as a path takes them.
IN_PATH = f"{LIST}in_path_"
# What a value may hold in the path of a link and means the same there; `?` and `#` would end the path.
_IN_PATH = "/:@!$&'()*+,;=~%"
_RESOURCE = re.compile(r"\{resources\.([A-Za-z0-9_]+)\.")
_VALUE = re.compile(r"\{for_each\.([A-Za-z0-9_]+)")
# With how a moment in it is written, which makes another value of it.
_OF_RECORD = rf"(\{{resources\.[A-Za-z0-9_]+\.)([^}}:!]+(?::{MOMENT_FORMAT}(?=\}}))?)"
FIELD = re.compile(_OF_RECORD)
PLAIN_FIELD = re.compile(rf"{_OF_RECORD}\}}")


class _NoValue(str):
    """Stands for a cursor value that there is not yet, until the paginator takes out what holds it."""

    def __format__(self, spec: str) -> str:
        return str(self)


NO_VALUE = _NoValue("\0no value\0")


def path_field(name: str) -> str:
    """Under which name a parent's record carries a field as the path takes it."""
    return f"__path__{_plain(name)}"


def shared_field(name: str) -> str:
    """Under which name a parent's record carries a field that the child's records take, so that dlt's name for it is
    none of theirs.
    """
    return f"__shared__{name}"


def other_field(name: str) -> str:
    """Under which name a parent's record carries a field as the rest of a request takes it."""
    return f"__field__{_plain(name)}"


def text_field(name: str) -> str:
    """Under which name a parent's record carries a field as the texts of a request take it."""
    return f"__text__{_plain(name)}"


def cursor_field(name: str) -> str:
    """Under which name a parent's record carries a value of the cursor, such as `start_value`."""
    return f"{LIST}{_plain(name)}"


def path_cursor_field(name: str) -> str:
    """Under which name it carries that value as a path takes it."""
    return f"{IN_PATH}{_plain(name)}"


def written(value: Any) -> Any:
    """A value as the texts of a request take it: APIs write truth values small."""
    return str(value).lower() if isinstance(value, bool) else value


def _plain(name: str) -> str:
    plain = re.sub(r"\W", "_", name)
    # Two fields must not get one name.
    return plain if plain == name else f"{plain}_{hashlib.blake2b(name.encode(), digest_size=4).hexdigest()}"


def parents_of(resource: Resource) -> tuple[str, ...]:
    """The names of the resources whose records this one's requests take fields of; of a union, those it is made of."""
    if resource.union:
        return tuple(resource.union)
    bound = [str(value["resource"]) for value in resource.endpoint.params.values() if _is_resolve(value)]
    return tuple(dict.fromkeys([*bound, *_RESOURCE.findall(_written(resource))]))


def ancestry(description: ApiDescription, resource: Resource) -> list[Resource]:
    """The resource with its parents before it, and theirs before those."""
    every = description.resources_with_unselected
    above = (one for name in parents_of(resource) for one in ancestry(description, every[name]))
    return list({one.name: one for one in (*above, resource)}.values())


def tables_above(description: ApiDescription, resource: Resource) -> list[str]:
    """The names of its parents that have tables, those too that are its parents by a union."""
    every = description.resources_with_unselected
    named = (every[name] for name in parents_of(resource))
    found = [one for parent in named for one in (parent.union or [parent.name]) if every[one].is_loaded]
    return list(dict.fromkeys(found))


def lines(description: ApiDescription, resource: Resource) -> list[Resource]:
    """Its parents, without those that are parents of another one: that one's records have them above themselves."""
    every = description.resources_with_unselected
    named = [every[name] for name in parents_of(resource)]
    above = {one.name for parent in named for one in ancestry(description, parent)[:-1]}
    return [parent for parent in named if parent.name not in above]


def is_joined(resource: Resource) -> bool:
    """Whether its requests take more than fields of one parent."""
    return bool(resource.for_each) or len(parents_of(resource)) > 1


def is_child(resource: Resource) -> bool:
    """Whether it is one list for each record of its parents, or for each value of the file."""
    return bool(resource.for_each or parents_of(resource))


def columns_from_parents(resource: Resource) -> dict[str, str]:
    """What each of its rows takes from above it, and the name of the column that it becomes."""
    named = parents_of(resource)
    if not is_joined(resource):
        return {field: f"_{parent}_{field}" for parent in named for field in resource.include_from_parent}
    prefix = f"{named[0]}." if len(named) == 1 else ""
    fields = [f"{prefix}{field}" for field in resource.include_from_parent]
    return {field: "_{}_{}".format(*field.split(".", 1)) for field in fields} | {
        f"{VALUES}.{name}": f"_{name}" for name in resource.for_each or ()
    }


def given_columns(resource: Resource) -> frozenset[str]:
    """What each of its rows has of the file's own doing: from above it, of the file's values, beside its list, and of
    the window that was asked for.
    """
    beside = (*resource.endpoint.include_from_answer, *resource.endpoint.include_from_request)
    return frozenset((*columns_from_parents(resource).values(), *beside))


def joined(resource: Resource) -> Resource:
    """A resource with several parents, or values of the file, as one of a single parent: in its records stand theirs,
    each under its name.
    """

    def of_all(text: str) -> str:
        start = f"{{resources.{PARENTS}."
        return _VALUE.sub(rf"{start}{VALUES}.\1", _RESOURCE.sub(rf"{start}\1.", text))

    endpoint = resource.endpoint
    params = {name: _bound_to_all(one) if _is_resolve(one) else one for name, one in endpoint.params.items()}
    parts = {name: changed(getattr(endpoint, name), of_all) for name in ("json_body", "data", "headers")}
    asked = {**parts, "path": of_all(resource.path), "params": changed(params, of_all)}
    shared = list(columns_from_parents(resource))
    return resource.model_copy(
        update={"endpoint": endpoint.model_copy(update=asked), "include_from_parent": shared, "for_each": None}
    )


def links_of(description: ApiDescription, one: Resource) -> frozenset[str]:
    """The fields of a resource with which the paths of children begin, so that they may be addresses."""
    start = re.compile(rf"\{{resources\.{re.escape(one.name)}\.([^}}:!]+)\}}")
    found = (start.match(child.path) for child in description.resources_with_unselected.values())
    return frozenset(match[1] for match in found if match)


def is_address(value: str) -> bool:
    """Whether a value with which a path begins is an address, and no part of one."""
    return value.lower().startswith(("/", "http://", "https://"))


def as_link(text: str, values: list[str]) -> str:
    """A template as an address, in which no value ends the path; one with which it begins may be an address itself.

    Args:
        text: the template.
        values: what its placeholders stand for, in their order.
    """
    first, in_path = int(text.startswith("{")), text.partition("?")[0].count("{")
    parts = [quote(one, safe=_IN_PATH if place < in_path else "") for place, one in enumerate(values)]
    taken = iter([*values[:first], *parts[first:]])
    return str(filled(text, lambda path, way: next(taken)))


def bound_path(resource: Resource) -> tuple[str, dict[str, Any]]:
    """Path and params with what belongs in the path put there, percent-encoded.

    Args:
        resource: the resource with the file's defaults merged in.
    """
    path, params = resource.path, dict(resource.endpoint.params)
    for param, value in resource.endpoint.params.items():
        if "{" + param + "}" not in path:
            continue
        del params[param]
        if _is_resolve(value):
            path = path.replace("{" + param + "}", f"{{resources.{value['resource']}.{value['field']}}}")
        else:
            path = path.replace("{" + param + "}", quote(str(written(value)), safe=""))
    return PLAIN_FIELD.sub(lambda found: f"{found[1]}{path_field(found[2])}}}", path), params


def fields_of_parents(child: Resource) -> tuple[list[str], list[str]]:
    """The parent's fields that a child's path takes, and those that only the rest of its requests takes."""
    endpoint = child.endpoint
    path = endpoint.path or ""
    fields = {found[2] for found in PLAIN_FIELD.finditer(path)}
    for param, value in endpoint.params.items():
        if _is_resolve(value) and "{" + param + "}" in path:
            fields.add(str(value["field"]))
    # A path may format a field, such as {resources.channels.id:>5}.
    return sorted(fields), sorted({found[2] for found in FIELD.finditer(_written(child))} - fields)


def fields_in_texts(child: Resource) -> set[str]:
    """The parent's fields that a text takes: all but those that are a value of a JSON body by themselves."""
    body = changed(child.endpoint.json_body, lambda text: "" if PLAIN_FIELD.fullmatch(text) else text)
    endpoint = child.endpoint.model_copy(update={"json_body": body})
    in_path, _ = fields_of_parents(child)
    return {
        *in_path,
        *(found[2] for found in FIELD.finditer(_written(child.model_copy(update={"endpoint": endpoint})))),
    }


def _written(resource: Resource) -> str:
    endpoint = resource.endpoint
    of_job = [f"{{{name}}}" for name in endpoint.job.of_list] if endpoint.job else []
    return repr([endpoint.path, endpoint.params, endpoint.json_body, endpoint.data, endpoint.headers, of_job])


def _is_resolve(value: Any) -> bool:
    return isinstance(value, dict) and value.get("type") == "resolve"


def _bound_to_all(value: dict[str, Any]) -> dict[str, Any]:
    return {**value, "resource": PARENTS, "field": f"{value['resource']}.{value['field']}"}


def changed(value: Any, change: Callable[[str], Any]) -> Any:
    """A part of a request with each of its texts changed, keys too."""
    if isinstance(value, Mapping):
        return {changed(name, change): changed(one, change) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [changed(one, change) for one in value]
    return change(value) if isinstance(value, str) else value


def sensitive_columns(description: ApiDescription, resource: Resource) -> frozenset[str]:
    """Names in the table of the columns marked `sensitive`, those included that come from a parent's record."""
    marked = {name for name, column in resource.columns.items() if column.sensitive}
    for parent in parents_of(resource):
        of_parent = sensitive_columns(description, description.resources_with_unselected[parent])
        # A union has the records of others, with their own names.
        marked |= of_parent if resource.union else {f"_{parent}_{name}" for name in of_parent}
    return frozenset(map(identifier, marked))


def is_sensitive(column: str, sensitive: Collection[str]) -> bool:
    """Whether a column is one of them, holds one, or is made of one by dlt: its parts, its values of another type."""
    name = identifier(column)
    return any(f"{name}__".startswith(f"{one}__") or one.startswith(f"{name}__") for one in sensitive)
