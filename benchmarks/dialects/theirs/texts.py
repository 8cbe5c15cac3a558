"""The manifest's expressions, evaluated by the peer's own code."""

from __future__ import annotations

import logging
from typing import Any

from airbyte_cdk.sources.declarative.interpolation.interpolated_boolean import InterpolatedBoolean
from airbyte_cdk.sources.declarative.interpolation.interpolated_string import InterpolatedString
from jinja2 import Environment, nodes

HOLE = "HOLE"


class Hole(str):
    """A value that is known only while rows are read; whatever is taken from it is one, too."""

    __slots__ = ()

    def __new__(cls) -> Hole:
        """See str."""
        return super().__new__(cls, HOLE)

    def __getitem__(self, key: Any) -> Hole:
        """See str."""
        return self

    def __getattr__(self, name: str) -> Hole:
        """Any field of it."""
        return self

    def __add__(self, other: Any) -> Any:
        """What is counted on from it is unknown, too."""
        return str(self) + other if isinstance(other, str) else self

    def get(self, *_: Any) -> Hole:
        """See dict."""
        return self


class Texts:
    """Evaluates what a component has, in the light of one config."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._config = config

    def value(self, part: dict[str, Any], written: Any, **known: Any) -> Any:
        """A field of a component: a text is evaluated, a mapping or a list field by field."""
        if isinstance(written, dict):
            return {str(key): self.value(part, one, **known) for key, one in written.items() if key != "$parameters"}
        if isinstance(written, list):
            return [self.value(part, one, **known) for one in written]
        if not isinstance(written, str):
            return written
        parameters = part.get("$parameters") or {}
        try:
            return InterpolatedString.create(written, parameters=parameters).eval(self._config, **known)
        except Exception as error:  # noqa: BLE001 - an expression that fails stands for nothing
            logging.getLogger("played").debug("%s: %s", written, error)
            return None

    def holds(self, part: dict[str, Any], condition: str, **known: Any) -> bool | None:
        """Whether a condition holds; None where it cannot be evaluated."""
        try:
            parameters = part.get("$parameters") or {}
            return bool(InterpolatedBoolean(condition, parameters=parameters).eval(self._config, **known))
        except Exception:  # noqa: BLE001 - the reader would fail there, too
            return None

    def open(self, part: dict[str, Any], written: Any) -> Any:
        """A field of a component, with holes for whatever is known only while rows are read."""
        hole = Hole()
        names = ("stream_slice", "stream_state", "next_page_token")
        return self.value(part, written, **dict.fromkeys(names, hole))


_ENVIRONMENT = Environment()


def taken_from(expression: Any, root: str) -> list[tuple[Any, ...]]:
    """The paths that an expression takes below a name such as `response`."""
    text = str(expression or "")
    if "{{" not in text and "{%" not in text:
        text = f"{{{{ {text} }}}}"
    try:
        tree = _ENVIRONMENT.parse(text)
    except Exception:  # noqa: BLE001 - it takes nothing that is known
        return []
    found: list[tuple[Any, ...]] = []
    kinds = (nodes.Getattr, nodes.Getitem, nodes.Call, nodes.Name)
    inner: set[int] = set()
    for node in tree.find_all(kinds):
        path = _path(node)
        if path and path[0] == root and id(node) not in inner:
            found.append(path[1:])
            inner.update(id(one) for one in node.find_all(kinds))
    return list(dict.fromkeys(found))


def _path(node: Any) -> tuple[Any, ...] | None:
    if isinstance(node, nodes.Name):
        return (node.name,)
    if isinstance(node, nodes.Getattr):
        above = _path(node.node)
        return (*above, node.attr) if above else None
    if isinstance(node, nodes.Getitem):
        above = _path(node.node)
        key = node.arg
        if isinstance(key, nodes.Neg) and isinstance(key.node, nodes.Const):
            return (*above, -key.node.value) if above else None
        return (*above, key.value) if above and isinstance(key, nodes.Const) else None
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr) and node.node.attr == "get" and node.args:
        above = _path(node.node.node)
        return (*above, node.args[0].value) if above and isinstance(node.args[0], nodes.Const) else None
    return None
