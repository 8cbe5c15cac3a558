"""What parents' records become on their way to a child, without an API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from messaging_assets.description.api import Resource
from messaging_assets.reading.list_context import ListContext
from messaging_assets.reading.list_fields import ListFields
from messaging_assets.reading.receipt import Receipt


class _AtCursor(ListContext):
    values: Mapping[str, Any] = {}

    def cursor_values(self, name: str) -> dict[str, Any]:
        return dict(self.values)


def list_fields(
    child: Resource, parent: str = "channels", values: Mapping[str, Any] | None = None, base_url: str = ""
) -> tuple[ListFields, Receipt]:
    """What adds to a parent's records what a child takes, and where it counts those without a list."""
    receipt = Receipt()
    context = _AtCursor("chat.messages", child.endpoint, (), receipt, None, lambda row, reason, page: None)
    context.values = values or {}
    return ListFields(context, parent, child, base_url), receipt


def passed(child: Resource, rows: list[Any]) -> list[Any]:
    """What is left of parents' records on their way to a child."""
    for step in list_fields(child)[0].steps:
        rows = [row for row in rows if step["filter"](row)] if "filter" in step else [step["map"](row) for row in rows]
    return rows
