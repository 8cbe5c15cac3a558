"""The references of an API document, followed within it, and the parts of its nodes put together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

# References of references, and parts of parts, come to an end in any document that a person wrote.
_DEEPEST = 100
# Words of all schemas together, when their references and parts are put in.
_MOST_WORDS = 5_000_000


class UnusableDocument(ValueError):
    """The file is no such document, or nothing in it can become a resource; the text says what to do."""


class References:
    """What the nodes of a document are, with nothing left to look up.

    Args:
        raw: what the file holds.
    """

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self._raw = raw
        # What was resolved, with the node itself, so that its identity stays its own; and how much that is.
        self._resolved: dict[int, tuple[Any, dict[str, Any]]] = {}
        self._words = 0

    def resolved(self, node: Any, depth: int = 0) -> dict[str, Any]:
        """A node with its reference followed and its parts (allOf, oneOf, anyOf) put together.

        Raises:
            UnusableDocument: the references of the document unfold to more than any document has.
        """
        if not isinstance(node, dict) or depth > _DEEPEST:
            return {}
        if id(node) not in self._resolved:
            # A node that is a part of itself adds nothing to itself.
            self._resolved[id(node)] = node, {}
            made = _well_formed(self._unfolded(node, depth))
            self._words += 1 + len(made) + len(made.get("properties", ()))
            if self._words > _MOST_WORDS:
                raise UnusableDocument(
                    f"the references of this document unfold to more than {_MOST_WORDS:,} words; cut it down to the "
                    "paths that you need."
                )
            self._resolved[id(node)] = node, made
        return self._resolved[id(node)][1]

    def _unfolded(self, node: Mapping[str, Any], depth: int) -> dict[str, Any]:
        if isinstance(node.get("$ref"), str):
            beside = {key: value for key, value in node.items() if key != "$ref"}
            return {**self.resolved(self._referred(node["$ref"]), depth + 1), **beside}
        parts = [self.resolved(part, depth + 1) for part in list_of(node.get("allOf"))]
        if parts:
            own = {key: value for key, value in node.items() if key != "allOf"}
            return _together([*parts, _well_formed(own)])
        alternatives = list_of(node.get("oneOf")) or list_of(node.get("anyOf"))
        if not alternatives and "type" not in node and isinstance(node.get("items"), list):
            # Swagger 2 has no word for alternatives; this is how some documents say it all the same.
            alternatives = node["items"]
        return self._one_of(_well_formed(node), alternatives, depth) if alternatives else dict(node)

    def _one_of(self, node: Mapping[str, Any], alternatives: list[Any], depth: int) -> dict[str, Any]:
        resolved = [self.resolved(one, depth + 1) for one in alternatives]
        real = [one for one in resolved if one.get("type") != "null"]
        own = {key: value for key, value in node.items() if key not in ("oneOf", "anyOf", "items")}
        if len(real) == 1:
            merged = {**real[0], **own}
        elif real and all("properties" in one for one in real):
            # What only some alternatives require, a record may lack.
            required = set.intersection(*(_names(one.get("required")) for one in real))
            merged = {**_together([*real, own]), "required": sorted(required | _names(own.get("required")))}
        else:
            merged = own
        return {**merged, "nullable": True} if len(real) < len(resolved) else merged

    def _referred(self, reference: str) -> Any:
        if not reference.startswith("#/"):
            return {}
        node: Any = self._raw
        for step in reference[2:].split("/"):
            key = unquote(step).replace("~1", "/").replace("~0", "~")
            if isinstance(node, list):
                node = node[int(key)] if key.isdigit() and int(key) < len(node) else None
            else:
                node = node.get(key) if isinstance(node, dict) else None
        return node

    def foreign(self) -> list[str]:
        """References to other files, which are not followed."""
        found, waiting = set(), [self._raw]
        while waiting:
            node = waiting.pop()
            if isinstance(node, dict):
                reference = node.get("$ref")
                if isinstance(reference, str) and not reference.startswith("#"):
                    found.add(reference)
            if isinstance(node, (dict, list)):
                waiting += node.values() if isinstance(node, dict) else node
        return sorted(found)


def _together(parts: list[dict[str, Any]]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for part in parts:
        properties = {**merged.get("properties", {}), **mapping_of(part.get("properties"))}
        required = [*merged.get("required", []), *list_of(part.get("required"))]
        merged |= {**part, "properties": properties, "required": required}
    if not merged["properties"]:
        del merged["properties"]
    return merged


def _well_formed(node: Mapping[str, Any]) -> dict[str, Any]:
    """A node without the words that hold something else than what the specification lets them hold."""
    kinds = {"properties": dict, "enum": list}
    return {key: value for key, value in node.items() if isinstance(value, kinds.get(key, object))}


def _names(value: Any) -> set[str]:
    return {one for one in list_of(value) if isinstance(one, str)}


def list_of(value: Any) -> list[Any]:
    """The value if it is a list; else an empty one."""
    return value if isinstance(value, list) else []


def mapping_of(value: Any) -> Mapping[str, Any]:
    """The value if it is a mapping; else an empty one."""
    return value if isinstance(value, dict) else {}
