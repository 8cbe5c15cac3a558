"""How many rows a load was given, as they leave for dlt, kept with its package; and what steps left out and added."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

import dlt
import pyarrow as pa
import pyarrow.compute as pc

from messaging_assets.reading.receipt import Receipt

_KEPT = "messaging_assets_written"


@dataclass
class Written:
    """The rows of one load, as they were handed to dlt.

    Args:
        rows: rows for the resource's table.
        deleted: those of them that say by dlt's `hard_delete` that their row is to go.
        rejected: rows for the table of rejected records.
        keys: different keys among the rows, where several may have one; else None.
        is_late: whether these are later versions of rows that an earlier load of the same sync wrote.
    """

    rows: int = 0
    deleted: int = 0
    rejected: int = 0
    keys: int | None = None
    is_late: bool = False
    _seen: set[Any] = field(default_factory=set, repr=False)

    def add(self, places: Sequence[int], delete_mark: Any, keys: Iterable[Any]) -> None:
        """Count rows of a batch.

        Args:
            places: which of the batch's rows are written.
            delete_mark: the column with dlt's `hard_delete` as an Arrow array, if there is one.
            keys: the columns of the key as Arrow arrays, where rows with the same key are written; else empty.
        """
        self.rows += len(places)
        kept = pa.array(places, pa.int64())
        if delete_mark is not None:
            marks = delete_mark.take(kept)
            # As dlt has it: true deletes, and so does any value of another type.
            is_marked = pc.sum(marks).as_py() if pa.types.is_boolean(marks.type) else len(marks) - marks.null_count
            self.deleted += is_marked or 0
        if columns := [column.take(kept).to_pylist() for column in keys]:
            self._seen.update(zip(*columns, strict=True))
            self.keys = len(self._seen)

    def keep(self) -> None:
        """Store it with dlt's package, so that a load that another process finishes can be held against it too."""
        counted = {name: value for name, value in vars(self).items() if not name.startswith("_")}
        dlt.current.destination_state()[_KEPT] = counted


def written_in(package_state: Mapping[str, Any]) -> Written | None:
    """What was kept with a package; None for one of an earlier version of this package."""
    kept = package_state.get("destination_state", {}).get(_KEPT)
    return Written(**kept) if kept else None


def counted(steps: Sequence[Mapping[Any, Any]], receipt: Receipt) -> list[dict[str, Any]]:
    """Processing steps that say in the receipt what they leave out and what they add.

    Args:
        steps: a resource's, as dlt has them; one that sets aside what it leaves out has said so.
        receipt: where rows are counted.
    """
    ways: dict[str, Callable[[Callable[..., Any], Receipt], Callable[..., Any]]] = {
        "filter": _counted_filter,
        "yield_map": _counted_yield_map,
    }

    def is_told(kind: str, step: Any) -> bool:
        return kind not in ways or hasattr(step, "sets_aside")

    return [
        {kind: step if is_told(kind, step) else ways[kind](step, receipt) for kind, step in one.items()}
        for one in steps
    ]


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
    receipt.filtered(0)

    @wraps(step)
    def makes(*arguments: Any) -> Iterator[Any]:
        rows = 0
        for row in step(*arguments):
            rows += 1
            yield row
        # One left out is not made up for by those that another one became.
        receipt.made(max(rows - 1, 0))
        receipt.filtered(0 if rows else 1)

    return makes
