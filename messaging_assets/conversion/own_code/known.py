"""A manifest in which each component of own code that is known is the manifest's own component that it stands for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from messaging_assets.conversion.own_code.answers import as_cursor, as_extractor
from messaging_assets.conversion.own_code.authenticators import as_authenticator
from messaging_assets.conversion.own_code.classes import OwnCode
from messaging_assets.conversion.own_code.requests import as_error_handler, as_requester, as_retriever
from messaging_assets.conversion.own_code.routers import as_router

_KINDS = (as_authenticator, as_requester, as_error_handler, as_retriever, as_router, as_extractor, as_cursor)
_NOTES = "$notes"
# What these hold are streams of their own.
_OTHERS = ("parent_stream_configs", "schema_loader", "$parameters")


def without_code(node: Any, code: OwnCode) -> Any:
    """A value of the manifest, its references followed, with what its own code is known to be in place of the code."""
    if isinstance(node, list):
        return [without_code(one, code) for one in node]
    if not isinstance(node, Mapping):
        return node
    component = {name: without_code(one, code) for name, one in node.items()}
    written = component.get("class_name")
    own = code.find(written) if isinstance(written, str) else None
    if own is None:
        return component
    found = next((one for each in _KINDS if (one := each(own, component)) is not None), None)
    return component if found is None else {name: one for name, one in found.items() if name != "class_name"}


def notes_in(node: Any) -> Iterator[tuple[Any, str]]:
    """What is to be said of the code of a stream: a kind of loss, and words."""
    if isinstance(node, list):
        for one in node:
            yield from notes_in(one)
    elif isinstance(node, Mapping):
        yield from node.get(_NOTES, ())
        for name, one in node.items():
            if name not in _OTHERS:
                yield from notes_in(one)
