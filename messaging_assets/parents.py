"""Children and parents: resources whose path needs a record of another resource."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from messaging_assets import json_paths
from messaging_assets.api_description import ApiDescription, Endpoint, Resource
from messaging_assets.failures import MendDescription

_PARENT_FIELD = re.compile(r"\{resources\.([A-Za-z0-9_]+)\.([^}:!]+)\}")


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


def bound_path(endpoint: Endpoint, name: str) -> tuple[str, dict[str, Any]]:
    """Path and params with what belongs in the path put there, percent-encoded.

    Args:
        endpoint: where the resource is.
        name: the resource's name, which is its path where it has none.
    """
    path, params = endpoint.path or name, dict(endpoint.params)
    for param, value in endpoint.params.items():
        if "{" + param + "}" not in path:
            continue
        del params[param]
        if isinstance(value, dict) and value.get("type") == "resolve":
            path = path.replace("{" + param + "}", f"{{resources.{value['resource']}.{value['field']}}}")
        else:
            path = path.replace("{" + param + "}", quote(str(value), safe=""))
    return _PARENT_FIELD.sub(lambda found: f"{{resources.{found[1]}.{path_field(found[2])}}}", path), params


class PathFields:
    """Adds to a parent's record its fields as a path takes them: percent-encoded (RFC 3986), slashes too.

    Args:
        asset: the child's name in errors.
        parent: the resource whose records these are.
        child: the resource whose path takes them.
    """

    def __init__(self, asset: str, parent: Resource, child: Resource) -> None:
        self._asset, self._parent = asset, parent
        self._fields = sorted(_parent_fields(child))
        self._path, _ = bound_path(child.endpoint, child.name)
        self._seen: set[tuple[Any, ...]] = set()

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The same as dlt's processing steps, which see a record after the fields of its own parent joined it."""
        return [{"filter": self.is_new}, {"map": self.with_fields}] if self._fields else []

    def is_new(self, row: dict[str, Any]) -> bool:
        """Whether no earlier record would ask for the same address."""
        values = tuple(self._value(row, name) for name in self._fields)
        is_new = values not in self._seen
        self._seen.add(values)
        return is_new

    def with_fields(self, row: dict[str, Any]) -> dict[str, Any]:
        """The record with its fields for the path."""
        return row | {path_field(name): quote(str(self._value(row, name)), safe="") for name in self._fields}

    def _value(self, row: dict[str, Any], name: str) -> Any:
        found = json_paths.find_values(name, row)
        if not found or found[0] is None or isinstance(found[0], (dict, list)):
            raise MendDescription(
                f"{self._asset}: a record of its parent '{self._parent.name}' has no '{name}' to put into the path; "
                "name a field that every parent has."
            )
        if str(found[0]) in (".", "..") or (str(found[0]) == "" and self._stands_last(name)):
            raise MendDescription(
                f"{self._asset}: a record of its parent '{self._parent.name}' has a '{name}' that is empty or made of "
                "dots, which would ask for another address; leave it out of the parent's list."
            )
        return found[0]

    def _stands_last(self, name: str) -> bool:
        """Whether the path ends with this field, so that an empty one would ask for the list above it."""
        return self._path.rstrip("/").endswith("{" + f"resources.{self._parent.name}.{path_field(name)}" + "}")


def _parent_fields(child: Resource) -> set[str]:
    path = child.endpoint.path or ""
    fields = {found[2] for found in _PARENT_FIELD.finditer(path)}
    for param, value in child.endpoint.params.items():
        if isinstance(value, dict) and value.get("type") == "resolve" and "{" + param + "}" in path:
            fields.add(str(value["field"]))
    return fields
