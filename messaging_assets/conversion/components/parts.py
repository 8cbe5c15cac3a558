"""A component of a manifest, with its references followed and the parameters of what it stands in.

The rules are those of the low-code CDK. A text that begins with `#/` is a reference. What stands beside `$ref` wins
over what it leads to. A parameter is a field of each component below it that has no such field.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_REF, _PARAMETERS = "$ref", "$parameters"
# Where an option goes -> the part of our requests.
_SENT_IN = {"request_parameter": "params", "header": "headers", "body_json": "json", "body_data": "data"}
# Aliases of aliases hold more than anybody wrote.
_MOST_VALUES = 1_000_000


def resolved(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest with all its references followed; one that leads nowhere, or to itself, becomes nothing.

    Raises:
        ValueError: followed, they hold more values than any manifest.
    """
    value = _Following(manifest).follow(manifest, ())
    return value if isinstance(value, dict) else {}


class _Following:
    """Follows references, none within itself."""

    def __init__(self, manifest: Mapping[str, Any]) -> None:
        self._manifest, self._values = manifest, 0

    def follow(self, node: Any, within: tuple[str, ...]) -> Any:
        """A value with the references in it followed; `within` are those that it came by."""
        self._values += 1
        if self._values > _MOST_VALUES:
            raise ValueError("references that hold more values than any manifest")
        if isinstance(node, Mapping):
            own = {key: self.follow(one, within) for key, one in node.items() if key != _REF}
            if _REF not in node:
                return own
            found = self.follow(node[_REF], within)
            return {**found, **own} if isinstance(found, dict) else found
        if isinstance(node, list):
            return [self.follow(one, within) for one in node]
        if isinstance(node, str) and node.startswith("#/"):
            is_circle = node in within
            return None if is_circle else self.follow(_looked_up(node[2:], self._manifest), (*within, node))
        return node


def _looked_up(path: str, value: Any) -> Any:
    """What a reference leads to; the longest key counts, as a key may hold a slash itself."""
    if not isinstance(value, Mapping):
        return None
    if path in value:
        return value[path]
    steps = path.split("/")
    for length in range(1, len(steps)):
        key = "/".join(steps[:length])
        if key in value:
            return _looked_up("/".join(steps[length:]), value[key])
    return None


class Part:
    """A component.

    Args:
        own: its fields.
        inherited: the parameters of what it stands in.
    """

    def __init__(self, own: Mapping[str, Any], inherited: Mapping[str, Any] | None = None) -> None:
        self.own = own
        given = own.get(_PARAMETERS)
        self.parameters: dict[str, Any] = {**(inherited or {}), **(given if isinstance(given, Mapping) else {})}

    def __getitem__(self, name: str) -> Any:
        """A field, or the parameter of its name; None where there is neither."""
        value = self.own.get(name)
        return self.parameters.get(name) if value in (None, "") else value

    @property
    def kind(self) -> str:
        """Its type; that of a custom component is the name of its class."""
        class_name = self.own.get("class_name")
        return str(class_name or self.own.get("type") or "")

    @property
    def is_custom(self) -> bool:
        """Whether it is code of the connector's own."""
        return "class_name" in self.own or self.kind.startswith("Custom")

    @property
    def shown(self) -> str:
        """How to name it to a person."""
        name = self.kind.rpartition(".")[2] or "a component without a type"
        return f"custom code ({name})" if self.is_custom else name

    def part(self, name: str) -> Part | None:
        """A component in a field; None where there is none."""
        value = self[name]
        return self._below(value, name) if isinstance(value, Mapping) else None

    def parts(self, name: str) -> Iterator[Part]:
        """The components in a field, one or a list of them."""
        value = self[name]
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, Mapping):
                yield self._below(one, name)

    def _below(self, value: Mapping[str, Any], name: str) -> Part:
        return Part(value, {key: one for key, one in self.parameters.items() if key != name})


def whole_stream(stream: Part) -> Part:
    """A stream as it is read at first, where it is read otherwise once it has a state."""
    return stream.part("full_refresh_stream") or stream if stream.kind == "StateDelegatingStream" else stream


def target_of(option: Part | None) -> tuple[str, list[str]] | None:
    """Where an option of a request goes: the part of it, and the path there; None where it goes nowhere."""
    if option is None or not option["inject_into"]:
        return None
    path = option["field_path"] if isinstance(option["field_path"], list) else [option["field_name"] or ""]
    names = [str(one) for one in path]
    return (_SENT_IN.get(str(option["inject_into"]), "params"), names) if any(names) else None
