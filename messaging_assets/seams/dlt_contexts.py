"""What dlt keeps beside its arguments, and the pages of a resource, which its pipe gives within that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from copy import deepcopy
from typing import Any

from dlt import Schema

# Since dlt 1.30: the one place where dlt looks up what is not handed to it.
from dlt.common.configuration.container import Container

# Since dlt 1.30: the state that `dlt.current.resource_state` gives, as a whole, to be kept apart until a read is over.
from dlt.common.pipeline import StateInjectableContext

# Since dlt 1.30: gives whole pages with dlt's steps applied, where `iter(resource)` gives rows.
from dlt.extract.pipe_iterator import ManagedPipeIterator

# Since dlt 1.30: what `DltResource.__iter__` enters, in the same order.
from dlt.extract.source import SourceInjectableContext, SourceSchemaInjectableContext, _DltSingleSource
from dlt.sources import DltResource

__all__ = ["Container", "PageReader", "StateInjectableContext", "copy_of_state", "entered", "pages_of"]


def copy_of_state() -> Any:
    """A copy of dlt's state; only within a resource that dlt extracts."""
    return deepcopy(Container()[StateInjectableContext].state)


def entered(context: Any) -> AbstractContextManager[Any]:
    """Let dlt find a context, such as a destination's capabilities, until the block ends.

    Args:
        context: of a class that dlt looks up by its type.
    """
    return Container().injectable_context(context)


def pages_of(resource: DltResource) -> Iterator[list[Any]]:
    """A resource's pages; only within the contexts of a resource that is read.

    Args:
        resource: dlt's resource.
    """
    # Since dlt 1.30: `_pipe` is the resource's pages, which dagster-dlt reads too.
    # One parent's list after the other: dlt would begin several, and keep their pages in memory.
    for item in ManagedPipeIterator.from_pipes([resource._pipe], next_item_mode="fifo"):
        yield item.item if isinstance(item.item, list) else [item.item]


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
        self._pages = pages_of(resource)
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
        # Not `yield from`, which would close them when a batch is full.
        for page in self._pages:  # noqa: UP028
            yield page

    def put_back(self, page: list[Any]) -> None:
        """Let a page be the next one again."""
        self._back.append(page)
