"""What dlt keeps beside its arguments: the state of the resource at work, and a destination's way with names."""

from __future__ import annotations

from contextlib import AbstractContextManager
from copy import deepcopy
from typing import Any

# Since dlt 1.30: the one place where dlt looks up what is not handed to it.
from dlt.common.configuration.container import Container

# Since dlt 1.30: the state that `dlt.current.resource_state` gives, as a whole, to be kept apart until a read is over.
from dlt.common.pipeline import StateInjectableContext

__all__ = ["Container", "StateInjectableContext", "copy_of_state", "entered"]


def copy_of_state() -> Any:
    """A copy of dlt's state; only within a resource that dlt extracts."""
    return deepcopy(Container()[StateInjectableContext].state)


def entered(context: Any) -> AbstractContextManager[Any]:
    """Let dlt find a context, such as a destination's capabilities, until the block ends.

    Args:
        context: of a class that dlt looks up by its type.
    """
    return Container().injectable_context(context)
