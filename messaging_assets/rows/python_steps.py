"""Processing steps that count: a row that a filter leaves out is no row that was lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import wraps
from typing import Any

from messaging_assets.reading.receipt import Receipt


def counted(steps: Sequence[Mapping[Any, Any]], receipt: Receipt) -> list[dict[str, Any]]:
    """Processing steps that say in the receipt what they leave out and what they add.

    Args:
        steps: a resource's, as dlt has them.
        receipt: where rows are counted.
    """
    ways: dict[str, Callable[[Callable[..., Any], Receipt], Callable[..., Any]]] = {
        "filter": _counted_filter,
        "yield_map": _counted_yield_map,
    }
    return [{kind: ways[kind](step, receipt) if kind in ways else step for kind, step in one.items()} for one in steps]


# dlt looks at a step's parameters to see whether it takes the metadata too; `wraps` lets it look at the step itself.
def _counted_filter(step: Callable[..., Any], receipt: Receipt) -> Callable[..., Any]:
    receipt.filtered(0)

    @wraps(step)
    def keeps(*arguments: Any) -> Any:
        kept = step(*arguments)
        if not kept:
            receipt.filtered(1)
        return kept

    return keeps


def _counted_yield_map(step: Callable[..., Any], receipt: Receipt) -> Callable[..., Any]:
    receipt.made(0)

    @wraps(step)
    def makes(*arguments: Any) -> Iterator[Any]:
        rows = 0
        for row in step(*arguments):
            rows += 1
            yield row
        receipt.made(rows - 1)

    return makes
