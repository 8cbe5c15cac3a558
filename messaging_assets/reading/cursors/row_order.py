"""Whether the rows of a list come in the order that the file declares, and what that says of those that follow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from messaging_assets.reading.cursors.order import Order


class RowOrder:
    """A declared order, which one row that stands otherwise contradicts, such as an old one that is pinned on top.

    Args:
        declared: `asc` or `desc`; None where the file says nothing.
        order: how values compare.

    Attributes:
        is_contradicted: whether a row came that the order has no place for.
    """

    def __init__(self, declared: Literal["asc", "desc"] | None, order: Order) -> None:
        self._declared, self._order = declared, order
        self._before: Any = None
        self.is_contradicted = self._is_last_out = False

    def note(self, values: Iterable[Any]) -> None:
        """A page's values came, in their order."""
        if self._declared is None or self.is_contradicted:
            return
        for value in values:
            if value is None or not self._order.has_place(value):
                continue
            if self._before is not None:
                step = self._order.compare(value, self._before)
                self.is_contradicted |= step > 0 if self._declared == "desc" else step < 0
            self._before = value

    def came(self, place: str | None) -> None:
        """A row came that lies there in the cursor's range; None where it has no place in it."""
        out = {"desc": "before", "asc": "past end"}
        self._is_last_out = self._declared is not None and place == out[self._declared]

    @property
    def is_past(self) -> bool:
        """Whether the rows that follow are out of the cursor's range, as the one that came last is."""
        return self._is_last_out and not self.is_contradicted
