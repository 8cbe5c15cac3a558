"""Children and parents: resources whose path needs a record of another resource."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal
from urllib.parse import quote

from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.foundation import json_paths
from messaging_assets.foundation.failures import MendDescription

# Under this header a child's requests carry their list's name, as far as the paginator; it never leaves.
LIST_HEADER = "X-Messaging-Assets-List"
_LIST = "__list__"
# The cursor's values as a path takes them.
_IN_PATH = f"{_LIST}in_path_"
_CURSOR = re.compile(r"\{incremental\.((?:start|last|initial|end)_value)")
_ANY_FIELD = re.compile(r"\{resources\.[A-Za-z0-9_]+\.([^}:!]+)[}:!]")
_PARENT_FIELD = re.compile(r"\{resources\.([A-Za-z0-9_]+)\.([^}:!]+)\}")
_NO_ADDRESS = (
    "its '{}' is empty or made of dots, which would ask for another address; filter it out in the parent's "
    "processing_steps if it has no list"
)


class _NoValue(str):
    """Stands for a cursor value that there is not yet, until the paginator takes out what holds it."""

    def __format__(self, spec: str) -> str:
        return str(self)


NO_VALUE = _NoValue("\0no value\0")


def path_field(name: str) -> str:
    """Under which name a parent's record carries a field as the path takes it."""
    return "__path__" + re.sub(r"\W", "_", name)


def ancestry(description: ApiDescription, resource: Resource) -> list[Resource]:
    """The resource with its parents before it, the eldest first."""
    every = {one.name: one for one in description.resources_with_unselected.values()}
    chain = [resource]
    while parent := parent_of(chain[0]):
        chain.insert(0, every[parent])
    return chain


def parent_of(resource: Resource) -> str | None:
    """The name of the resource whose records this one's endpoint needs; None where it stands alone."""
    endpoint = resource.endpoint
    for value in endpoint.params.values():
        if isinstance(value, dict) and value.get("type") == "resolve":
            return str(value["resource"])
    written = repr([endpoint.path, endpoint.params, endpoint.json_body, endpoint.data, endpoint.headers])
    found = _PARENT_FIELD.search(written)
    return found.group(1) if found else None


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
        if isinstance(value, dict) and value.get("type") == "resolve":
            path = path.replace("{" + param + "}", f"{{resources.{value['resource']}.{value['field']}}}")
        else:
            # APIs write truth values small.
            text = str(value).lower() if isinstance(value, bool) else str(value)
            path = path.replace("{" + param + "}", quote(text, safe=""))
    return _PARENT_FIELD.sub(lambda found: f"{{resources.{found[1]}.{path_field(found[2])}}}", path), params


def for_each_list(asked: dict[str, Any], parent: str, has_cursor: bool) -> dict[str, Any]:
    """A child's request, with its list's name in a header, and the cursor's values from the parent's record.

    Args:
        asked: the parts of the request in dlt's words.
        parent: the parent's name.
        has_cursor: whether the child has a cursor.
    """
    headers = {**(asked.get("headers") or {}), LIST_HEADER: f"{{resources.{parent}.{_LIST}}}"}
    if not has_cursor:
        return {**asked, "headers": headers}
    path = _from_parent(asked.get("path"), parent, _IN_PATH)
    return {**_from_parent({**asked, "headers": headers}, parent), "path": path}


def _from_parent(value: Any, parent: str, field: str = _LIST) -> Any:
    if isinstance(value, Mapping):
        return {_from_parent(name, parent): _from_parent(one, parent) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_from_parent(one, parent) for one in value]
    return _CURSOR.sub(rf"{{resources.{parent}.{field}\1", value) if isinstance(value, str) else value


class ListFields:
    """Adds to a parent's record what the request for its child's list takes: the list's name, its fields as a path
    takes them (percent-encoded as RFC 3986 says, slashes too), and where the list's cursor stands.

    Args:
        asset: the child's name in errors.
        parent: the resource whose records these are.
        child: the resource whose requests take them.
        is_wanted: whether a list of this name is to be read.
        values: the values of a list's cursor, by name.
        left_out: takes a record whose list has no address of its own, with the reason.
    """

    def __init__(
        self,
        asset: str,
        parent: Resource,
        child: Resource,
        is_wanted: Callable[[str], bool] = lambda name: True,
        values: Callable[[str], Mapping[str, Any]] = lambda name: {},
        left_out: Callable[[dict[str, Any], str], object] = lambda row, reason: None,
    ) -> None:
        self._asset, self._parent, self._is_wanted, self._values = asset, parent, is_wanted, values
        self._left_out = left_out
        self._in_path, self._elsewhere = _parent_fields(child)
        self._shared = tuple(child.include_from_parent)
        self._path, _ = bound_path(child)
        self._seen: set[str] = set()

    def __deepcopy__(self, memo: dict[int, Any]) -> ListFields:
        # dlt copies a config to look at it; what was seen is seen once.
        return self

    @property
    def steps(self) -> list[dict[Literal["filter", "map"], Callable[..., Any]]]:
        """The same as dlt's processing steps, which see a record after the fields of its own parent joined it."""
        return [{"filter": self.is_new}, {"map": self.with_fields}]

    def name(self, row: dict[str, Any]) -> str:
        """The list's name: a digest, because a parent's key may be nobody's business."""
        # As text, because 7 and "7" ask for one list.
        asked = [[str(self._value(row, field))] for field in self._in_path]
        asked += [[str(self._found(row, field, "the request"))] for field in self._elsewhere]
        return hashlib.blake2b(repr(asked).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()

    def is_new(self, row: dict[str, Any]) -> bool:
        """Whether the record's list is to be read: it has an address, and no earlier record asks for the same one."""
        for field in self._in_path:
            if self._is_segment(field) and str(self._value(row, field)).strip() in ("", ".", ".."):
                self._left_out(row, _NO_ADDRESS.format(field))
                return False
        name = self.name(row)
        is_new = name not in self._seen
        self._seen.add(name)
        return is_new and self._is_wanted(name)

    def with_fields(self, row: dict[str, Any]) -> dict[str, Any]:
        """The record with what the list's requests take."""
        name = self.name(row)
        path = {path_field(field): self._as_path(row, field) for field in self._in_path}
        values = {}
        for key, one in self._values(name).items():
            values[_LIST + key] = NO_VALUE if one is None else one
            values[_IN_PATH + key] = NO_VALUE if one is None else quote(str(one), safe="")
        # APIs leave out what is empty, and dlt stops at a parent without the field.
        shared = {field: _shared(row, field) for field in self._shared if field not in row}
        return row | path | values | shared | {_LIST: name}

    def _found(self, row: dict[str, Any], name: str, where: str, refused: tuple[type, ...] = ()) -> Any:
        found = json_paths.find_values(name, row)
        if not found or found[0] is None or isinstance(found[0], refused):
            raise MendDescription(
                f"a record of its parent '{self._parent.name}' has no '{name}' to put into {where}",
                "name a field that every parent has",
                where=self._asset,
            )
        return found[0]

    def _is_segment(self, name: str) -> bool:
        """Whether the field is a whole segment of the path, which dots or nothing would take out (RFC 3986, 5.2.4)."""
        return f"{{resources.{self._parent.name}.{path_field(name)}}}" in re.split("[/?]", self._path)

    def _value(self, row: dict[str, Any], name: str) -> Any:
        return self._found(row, name, "the path", refused=(dict, list))

    def _as_path(self, row: dict[str, Any], name: str) -> str:
        """A field as the path takes it: one segment, or an address where the path begins with it and it is one."""
        value, placeholder = (
            str(self._value(row, name)),
            "{" + f"resources.{self._parent.name}.{path_field(name)}" + "}",
        )
        if not (self._path.startswith(placeholder) and value.lower().startswith(("http://", "https://"))):
            return quote(value, safe="")
        if self._path != placeholder and ("?" in value or "#" in value):
            raise MendDescription(
                f"a record of its parent '{self._parent.name}' has a '{name}' that is an address with "
                "parameters, to which nothing can be added",
                "let it be the whole path",
                where=self._asset,
            )
        # Whether it is of the API's own origin is seen before anything is sent there.
        return value


def _shared(row: dict[str, Any], field: str) -> Any:
    """What a parent's record has at a path; null where it has nothing."""
    found = json_paths.find_values(field, row)
    return found[0] if found else None


def _parent_fields(child: Resource) -> tuple[list[str], list[str]]:
    """The parent's fields that a child's path takes, and those that only the rest of its requests takes."""
    endpoint = child.endpoint
    path = endpoint.path or ""
    fields = {found[2] for found in _PARENT_FIELD.finditer(path)}
    for param, value in endpoint.params.items():
        if isinstance(value, dict) and value.get("type") == "resolve" and "{" + param + "}" in path:
            fields.add(str(value["field"]))
    # A path may format a field, such as {resources.channels.id:>5}.
    rest = repr([path, endpoint.params, endpoint.json_body, endpoint.data, endpoint.headers])
    return sorted(fields), sorted({found[1] for found in _ANY_FIELD.finditer(rest)} - fields)
