"""A resource as it was written, and what it says, whether or not its shape is right."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from messaging_assets.description.names import PARTS_OF_REQUEST, identifier
from messaging_assets.files.rules.mistakes import Place, mapping, step_into, value_at
from messaging_assets.files.rules.names import listed_columns

_PARENT = re.compile(r"\{resources\.(\w+)\.")


class Written(NamedTuple):
    """A resource as it was written, and with the defaults laid under it."""

    place: Place
    own: Mapping[str, Any]
    full: Mapping[str, Any]
    endpoint: Mapping[str, Any]

    @property
    def request_text(self) -> str:
        """All that its requests are made of, as one text in which placeholders can be looked for."""
        return repr([self.endpoint.get(part) for part in PARTS_OF_REQUEST])

    def place_of(self, *steps: str | int) -> Place:
        """Where a part of the resource was written: in the resource itself, else in the defaults."""
        if steps[:2] == ("endpoint", "path") and isinstance(self.own.get("endpoint"), str):
            return (*self.place, "endpoint")
        in_defaults = value_at(self.own, steps) is None and value_at(self.full, steps) is not None
        return ("resource_defaults", *steps) if in_defaults else (*self.place, *steps)


def written_resources(raw: Mapping[str, Any]) -> Iterator[Written]:
    """The resources of a raw description, with the defaults laid under them as dlt does."""
    defaults = mapping(raw.get("resource_defaults"))
    resources = raw.get("resources")
    for index, one in enumerate(resources if isinstance(resources, list) else ()):
        own = {"name": one} if isinstance(one, str) else mapping(one)
        endpoint = {**_endpoint(defaults), **_endpoint(own)}
        for part in ("params", "json"):
            inherited, given = (mapping(_endpoint(level).get(part)) for level in (defaults, own))
            if inherited and given:
                endpoint[part] = {**inherited, **given}
        yield Written(("resources", index), own, {**defaults, **own, "endpoint": endpoint}, endpoint)


def _endpoint(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    written = resource.get("endpoint")
    return {"path": written} if isinstance(written, str) else mapping(written)


def disposition_in(written: Any) -> Any:
    """The word of a write_disposition, short or long."""
    return written if isinstance(written, str) else step_into(written, "disposition")


def names_in(keys: Any) -> list[str]:
    """The names in a key, one or a list of them."""
    listed = keys if isinstance(keys, list) else [keys]
    return [key for key in listed if isinstance(key, str) and key]


def columns_of(resource: Written) -> dict[str, Any]:
    """The columns that it declares, by name."""
    every = {}
    for columns in (resource.full.get("columns"), resource.own.get("columns")):
        every.update({name: step_into(columns, step[0]) for step, name in listed_columns(columns)})
    return every


def place_of_column(resource: Written, name: str) -> Place:
    """Where a column was written."""
    own = {one: step for step, one in listed_columns(resource.own.get("columns"))}
    if name in own:
        return (*resource.place, "columns", *own[name])
    inherited = {one: step for step, one in listed_columns(resource.full.get("columns"))}
    return ("resource_defaults", "columns", *inherited[name])


def cursor_params(resource: Written) -> list[str]:
    """The parameters that take a cursor in dlt's older spelling."""
    params = mapping(resource.endpoint.get("params"))
    return [name for name, one in params.items() if step_into(one, "type") == "incremental"]


def is_given(resource: Written, name: str) -> bool:
    """Whether rows have a field of the file's own doing, which `keep` leaves where it is."""
    words = ("include_from_answer", "include_from_request")
    beside = [name for word in words for name in names_in(list(mapping(resource.endpoint.get(word))))]
    values = [f"_{each}" for each in mapping(resource.full.get("for_each"))]
    bound = [step_into(one, "resource") for one in mapping(resource.endpoint.get("params")).values()]
    parents = {*_PARENT.findall(repr(resource.endpoint)), *names_in(bound)}
    # Of several parents a field is written with its parent's name.
    starts = [f"_{one}_" for one in parents] if len(parents) == 1 else ["_"]
    fields = names_in(resource.full.get("include_from_parent"))
    above = {identifier(f"{start}{field}") for start in starts for field in fields}
    return name in (*beside, *values) or identifier(name) in above
