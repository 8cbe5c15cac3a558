"""The pages of a dlt resource, as its pipe gives them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from dlt import Schema

# Since dlt 1.30: gives whole pages with dlt's steps applied, where `iter(resource)` gives rows.
from dlt.extract.pipe_iterator import ManagedPipeIterator

# Since dlt 1.30: what `DltResource.__iter__` enters, in the same order.
from dlt.extract.source import SourceInjectableContext, SourceSchemaInjectableContext, _DltSingleSource
from dlt.sources import DltResource

from messaging_assets.seams.dlt_contexts import StateInjectableContext, entered


class PageReader:
    """Reads a resource page by page, over the loads of several parts.

    `iter(resource)` does the same row by row, and enters dlt's contexts anew for each page, which takes as long as
    the page's request; here they are entered once a batch. They must not stay entered while dlt writes the batch.

    Args:
        resource: dlt's resource.
        state: where dlt keeps what it notes while it reads.
    """

    def __init__(self, resource: DltResource, state: Any) -> None:
        # Since dlt 1.30: as in `DltResource.__iter__`; the section's name is that of the state.
        section = resource._get_config_section_context()
        source = _DltSingleSource(Schema(section.source_state_key), resource.section, [resource])
        schema = SourceSchemaInjectableContext(source.discover_schema())
        self._contexts = [StateInjectableContext(state=state), section, schema, SourceInjectableContext(source)]
        with self.entered():
            # Since dlt 1.30: `_pipe` is the resource's pages, which dagster-dlt reads too.
            # One parent's list after the other: dlt would begin several, and keep their pages in memory.
            self._pipe = ManagedPipeIterator.from_pipes([resource._pipe], next_item_mode="fifo")
        self._back: list[list[Any]] = []

    def entered(self) -> ExitStack:
        """dlt's contexts, within which pages are to be read."""
        stack = ExitStack()
        for context in self._contexts:
            stack.enter_context(entered(context))
        return stack

    def __iter__(self) -> Iterator[list[Any]]:
        """The pages that were not read yet."""
        while self._back:
            yield self._back.pop()
        for item in self._pipe:
            yield item.item if isinstance(item.item, list) else [item.item]

    def put_back(self, page: list[Any]) -> None:
        """Let a page be the next one again."""
        self._back.append(page)
